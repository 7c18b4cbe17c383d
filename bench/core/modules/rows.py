"""Data as users have them (tensors, a Dataset, a DataLoader) as arrays of equal length."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from bench.core.arrays import is_tensor

MEMORY = 2 << 30  # bytes of data that are held in memory; what is larger goes to a file that is read as it is needed


def as_rows(data: Any, what: str, memory: int = MEMORY) -> list[np.ndarray]:
    """Arrays (N, ...) of equal length: the inputs, one or more, and behind them the targets, if there are some.

    data: a tensor or array; a tuple or list of them; a Dataset, or any sequence of rows, each a tensor or a tuple of
    them; or a DataLoader, or anything else that gives batches of them: read once, in the order in which it gives them.
    memory: bytes beyond which what is read goes to a temporary file. Raises ValueError for what is none of these, and
    for unequal lengths.
    """
    if is_tensor(data) or isinstance(data, np.ndarray):
        data = (data,)
    if isinstance(data, (tuple, list)) and data and all(is_tensor(x) or isinstance(x, np.ndarray) for x in data):
        arrays = [_array(each, what) for each in data]
    else:
        arrays = _read(data, what, memory)
    shapes = ", ".join(str(each.shape) for each in arrays)
    if any(each.ndim < 1 for each in arrays) or len({len(each) for each in arrays}) != 1:
        raise ValueError(f"{what} must hold tensors of equally many rows, got shapes {shapes}")
    if not len(arrays[0]):
        raise ValueError(f"{what} must hold at least one row, got shapes {shapes}")
    return arrays


def _array(each: Any, what: str) -> np.ndarray:
    array = each.detach().cpu().numpy() if is_tensor(each) else np.asarray(each)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{what} must hold real numbers, got {array.dtype} of shape {array.shape}")
    return array


def _read(data: Any, what: str, memory: int) -> list[np.ndarray]:
    """What a Dataset or a DataLoader gives, in the order in which it does."""
    batches: list[list[np.ndarray]] = []
    held, files = 0, None
    try:
        for batch in _batches(data, what):
            arrays = [_array(each, what) for each in batch]
            if batches and [each.shape[1:] for each in arrays] != [each.shape[1:] for each in batches[0]]:
                raise ValueError(
                    f"{what} must give rows of one shape, got {[each.shape[1:] for each in batches[0]]} and then "
                    f"{[each.shape[1:] for each in arrays]}"
                )
            held += sum(each.nbytes for each in arrays)
            batches.append(arrays)
            if held > memory and files is None:
                files = _Files(batches[0])
            if files is not None:
                for kept in batches:
                    files.add(kept)
                batches = [[each[:0] for each in arrays]]
    except OSError as error:
        raise ValueError(f"{what} does not fit on the disk after {held / 2**30:.3g} GiB: {error}") from None
    if files is not None:
        return files.arrays()
    if not batches:
        raise ValueError(f"{what} must hold at least one row, got none")
    return [np.concatenate(each) for each in zip(*batches, strict=True)]


def _batches(data: Any, what: str) -> Iterator[Sequence[Any]]:
    """Batches of rows, each a list of arrays."""
    from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

    if isinstance(data, Dataset) or (hasattr(data, "__getitem__") and hasattr(data, "__len__")):
        source: Iterable[Any] = DataLoader(data, batch_size=256, collate_fn=default_collate)  # pyright: ignore
        if not isinstance(data, IterableDataset) and len(data) == 0:  # pyright: ignore[reportArgumentType]
            return
    elif hasattr(data, "__iter__"):
        source = data
    else:
        raise ValueError(f"{what} must be tensors, a Dataset or a DataLoader, got {type(data).__name__}")
    for batch in source:
        if isinstance(batch, dict):
            batch = list(batch.values())
        yield batch if isinstance(batch, (tuple, list)) else [batch]


class _Files:
    """Arrays that grow on disk, and are read from there as they are needed; the files go with the arrays."""

    def __init__(self, like: list[np.ndarray]):
        self.files = [tempfile.TemporaryFile(prefix="bench-rows-") for _ in like]  # noqa: SIM115
        self.like, self.rows = like, 0

    def add(self, arrays: list[np.ndarray]) -> None:
        self.rows += len(arrays[0])
        for file, array in zip(self.files, arrays, strict=True):
            file.write(np.ascontiguousarray(array).tobytes())

    def arrays(self) -> list[np.ndarray]:
        answers = []
        for file, like in zip(self.files, self.like, strict=True):
            file.flush()
            answers.append(np.memmap(file, like.dtype, "r+", shape=(self.rows, *like.shape[1:])))
            file.close()  # what is mapped stays
        return answers
