"""Files in the IDX format, plain or gzipped, as MNIST and Fashion-MNIST come: read from a folder that the user names.

Format: two zero bytes, a byte for the type, one for the number of axes, the length of each axis in four bytes, and the
numbers, all big-endian. Source: LeCun, Cortes & Burges 1998, "The MNIST database of handwritten digits".
"""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bench.core import Unavailable
from bench.core.files import opened

FOLDERS = {"mnist": "FOGBENCH_MNIST", "fashion-mnist": "FOGBENCH_FASHION_MNIST"}  # environment variables

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
LARGEST = 2**30  # bytes of a file, packed or not; MNIST's images are 47 MB
PIECE = 2**20  # bytes read at once: a header may promise more than there is, or than memory holds


def images(data: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, height, width), grey values in [0, 1], and their classes (N,), 0 ... 9.

    data: "mnist" or "fashion-mnist"; part: "train" or "t10k". Raises Unavailable where no folder is named, and
    ValueError where a file is missing, damaged or not of this kind.
    """
    named = os.environ.get(FOLDERS[data], "")
    if not Path(named).is_dir() or not named:
        raise Unavailable(f"data={data} needs its IDX files: {FOLDERS[data]} must name their folder, got {named!r}")
    return _images(Path(named), part)


@cache
def _images(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    pixels, classes = (_found(folder, f"{part}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    grey, labels = read(pixels), read(classes)
    if grey.ndim != 3 or grey.dtype != np.uint8:
        raise ValueError(f"{pixels} must hold bytes (N, height, width), got {grey.dtype} {grey.shape}")
    if labels.shape != grey.shape[:1] or labels.dtype != np.uint8:
        raise ValueError(f"{classes} must hold {len(grey)} bytes, got {labels.dtype} {labels.shape}")
    wrong = np.flatnonzero(labels > 9)
    if len(wrong):
        raise ValueError(f"{classes} must hold classes 0 to 9, got {labels[wrong[0]]} at byte {8 + wrong[0]}")
    return grey.astype(np.float32) / 255, labels.astype(np.int64)


def _found(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise ValueError(f"{folder} must hold {name} or {name}.gz, got neither")


def read(path: Path) -> np.ndarray:
    """The array of an IDX file, gzipped where its name ends in .gz.

    Raises ValueError with the offset of the byte at which a damaged file stops making sense (of the unpacked bytes),
    and for what is no file or one of more bytes than `LARGEST`.
    """
    with opened(path, LARGEST) as packed, gzip.open(packed) if path.suffix == ".gz" else nullcontext(packed) as file:
        stream = _Bytes(path, file)
        start = stream.take(4, "the magic number")
        if start[:2] != b"\0\0":
            raise ValueError(f"{path} is no IDX file: bytes 0 and 1 must be 0, got {start[0]} and {start[1]}")
        if start[2] not in TYPES:
            raise ValueError(f"{path}: byte 2, the type, must be one of {[*TYPES]}, got {start[2]}")
        lengths = np.frombuffer(stream.take(4 * start[3], "the lengths"), dtype=">u4")
        shape = tuple(int(length) for length in lengths)
        numbers = np.dtype(TYPES[start[2]])
        content = stream.take(prod(shape) * numbers.itemsize, f"numbers {shape}")
        stream.end()
    return np.frombuffer(content, dtype=numbers).reshape(shape).astype(numbers.newbyteorder("="))


class _Bytes:
    """The bytes of a file one after the other, and how many have been taken."""

    def __init__(self, path: Path, file: "BinaryIO | gzip.GzipFile"):
        self.path, self.file, self.offset = path, file, 0

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes; raises ValueError where there are fewer."""
        end = self.offset + count
        taken = b"".join(self._pieces(end))
        if self.offset < end:
            raise ValueError(f"{self.path} ends at byte {self.offset}, before the end of {what} at byte {end}")
        return taken

    def end(self) -> None:
        """Raises ValueError where bytes are left."""
        at = self.offset
        if any(self._pieces(at + 1)):
            raise ValueError(f"{self.path} must end at byte {at}, where its numbers do, but goes on")

    def _pieces(self, end: int) -> Iterator[bytes]:
        while self.offset < end:
            if self.offset >= LARGEST:
                raise ValueError(f"{self.path} unpacks to more than {LARGEST:,} bytes, the most that are read")
            try:
                piece = self.file.read(min(PIECE, end - self.offset))
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise ValueError(f"{self.path} is damaged after unpacked byte {self.offset}: {error}") from error
            if not piece:
                return
            self.offset += len(piece)
            yield piece
