"""Files that a user names: regular ones of a size that can be read, others are refused at once; and new ones, which are
written whole or not at all."""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

TEXT = 64 * 2**20  # bytes of a file that is read whole
DATA = 4 * 2**30  # bytes of a file that is read piece by piece


class Unreadable(ValueError):
    """A file that cannot be read; the message names it, and says why."""


def opened(path: Path, largest: int = TEXT) -> BinaryIO:
    """A regular file, open for its bytes; symbolic links are followed.

    largest: bytes that it may have. Raises Unreadable for a file that is not there, cannot be opened, is larger, or is
    a folder, pipe, socket or device: nothing waits for a writer, and no bytes are read to learn it.
    """
    try:
        # a pipe opens at once, where it would wait for a writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise Unreadable(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    facts = os.fstat(descriptor)
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    reason = ""
    if not stat.S_ISREG(facts.st_mode):
        reason = f"is {kinds.get(stat.S_IFMT(facts.st_mode), 'something else')}, and no file"
    elif facts.st_size > largest:
        reason = f"has {facts.st_size:,} bytes, and {largest:,} are the most that are read"
    if reason:
        os.close(descriptor)
        raise Unreadable(f"{path} {reason}")
    return os.fdopen(descriptor, "rb")


def read_text(path: Path, errors: str = "strict") -> str:
    """A file as UTF-8, of at most `TEXT` bytes; raises Unreadable, with the byte at which it is none.

    errors: "replace" reads on behind such a byte.
    """
    with opened(path) as file:
        try:
            return file.read().decode("utf-8-sig", errors)  # editors of Windows write a byte-order mark
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise Unreadable(f"{path} is no text in UTF-8: byte {error.start} is {byte:#04x}") from None
        except OSError as error:
            raise Unreadable(f"{path} cannot be read: {error.strerror}") from None


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file beside `path` to write, which takes its place when all went well, and else is removed.

    What is there already stays until then. A symbolic link is replaced, and what it leads to is left alone.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".fogbench-") as folder:
        draft = Path(folder) / path.name
        yield draft
        draft.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all: see `whole`."""
    with whole(path) as draft:
        draft.write_text(text, encoding="utf-8")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `folder` when all went well, and else is removed.

    Raises ValueError where there is something already, or a symbolic link.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise ValueError(
            f"{folder} is there already, and nothing is written over: choose another name, or --out of an export"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{secrets.token_hex(8)}.part"
    draft.mkdir()
    try:
        yield draft
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
