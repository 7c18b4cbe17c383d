"""Data as users have them (tensors, a Dataset, a DataLoader) as arrays of equal length."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from bench.core.arrays import is_tensor
from bench.core.foreign import foreign
from bench.core.modules.net import plain

MEMORY = 2 << 30  # bytes of data that are held in memory; what is larger goes to a file that is read as it is needed
TARGETS = ("target", "targets", "label", "labels", "y")  # how dicts call what must stand last

Place = tuple[Any, ...]


def as_rows(data: Any, what: str, memory: int = MEMORY) -> list[np.ndarray]:
    """Arrays (N, ...) of equal length: the inputs, one or more, and behind them the targets, if there are some.

    data: a tensor or array; a tuple, list or dict of them; a Dataset, or any sequence of rows, each a tensor, or a
    tuple or dict of them; or a DataLoader, or anything else that gives batches of them: read once, in the order in
    which it gives them. Tuples and dicts within count as their entries, in the order of the first row.
    memory: bytes beyond which what is read goes to a temporary file. Raises ValueError for what is none of these, for
    what cannot be read, for unequal lengths, and for a dict whose targets are not its last entry.
    """
    given = _leaves(data, what) if isinstance(data, (tuple, list, dict)) or _is_array(data) else {}
    if given and all(map(_is_array, given.values())) and not _is_rows(data):
        arrays = [_array(each, what) for each in given.values()]
    else:
        with torch.random.fork_rng(devices=[]):  # a loader draws a seed, and an order
            arrays = _read(data, what, memory)
    shapes = ", ".join(str(each.shape) for each in arrays)
    if any(each.ndim < 1 for each in arrays) or len({len(each) for each in arrays}) != 1:
        raise ValueError(f"{what} must hold tensors of equally many rows, got shapes {shapes}")
    if not len(arrays[0]):
        raise ValueError(f"{what} must hold at least one row, got shapes {shapes}")
    return arrays


def _is_array(value: Any) -> bool:
    return is_tensor(value) or hasattr(value, "__array__")


def _is_rows(data: Any) -> bool:
    """Whether a sequence holds rows, each a tuple or dict, rather than arrays of all rows."""
    return isinstance(data, (tuple, list)) and all(isinstance(each, (tuple, list, Mapping)) for each in data)


def _leaves(value: Any, what: str, place: Place = ()) -> dict[Place, Any]:
    """The arrays in nested tuples, lists and dicts by place. Raises ValueError where the targets are not the last."""
    if isinstance(value, Mapping):
        if misplaced := [key for key in list(value)[:-1] if str(key).lower() in TARGETS]:
            raise ValueError(f"{what} must have its targets last, got {misplaced[0]!r} before {list(value)[-1]!r}")
        entries = list(value.items())
    elif isinstance(value, (tuple, list)) and any(_is_array(x) or isinstance(x, (tuple, Mapping)) for x in value):
        entries = list(enumerate(value))
    else:
        return {place: value}
    return {inner: leaf for key, each in entries for inner, leaf in _leaves(each, what, (*place, key)).items()}


def _names(places: Iterable[Place]) -> str:
    return ", ".join(".".join(map(str, place)) for place in places)


def _array(each: Any, what: str) -> np.ndarray:
    with foreign(f"{what} cannot be read"):
        array = plain(each).numpy() if is_tensor(each) else np.asarray(each)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{what} must hold real numbers, got {array.dtype} of shape {array.shape}")
    return array


def _read(data: Any, what: str, memory: int) -> list[np.ndarray]:
    """What a Dataset or a DataLoader gives, in the order in which it does."""
    batches: list[list[np.ndarray]] = []
    places: list[Place] = []
    held, files = 0, None
    try:
        for batch in _batches(data, what):
            leaves = _leaves(batch, what)
            places = places or list(leaves)
            if leaves.keys() != set(places):
                raise ValueError(f"{what} must give rows of one kind, got {_names(places)} and then {_names(leaves)}")
            arrays = [_array(leaves[place], what) for place in places]
            if batches and _kinds(arrays) != _kinds(batches[0]):
                raise ValueError(
                    f"{what} must give rows of one shape and type, got {_kinds(batches[0])} and then {_kinds(arrays)}"
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


def _kinds(arrays: list[np.ndarray]) -> str:
    return ", ".join(f"{each.dtype} {each.shape[1:]}" for each in arrays)


def _batches(data: Any, what: str) -> Iterator[Any]:
    """Batches of rows. Raises ValueError for whatever a Dataset or a DataLoader raises."""
    from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

    if isinstance(data, Dataset) or (hasattr(data, "__getitem__") and hasattr(data, "__len__")):
        source: Iterable[Any] = DataLoader(data, batch_size=256, collate_fn=default_collate)  # pyright: ignore
        if not isinstance(data, IterableDataset) and len(data) == 0:  # pyright: ignore[reportArgumentType]
            return
    elif hasattr(data, "__iter__"):
        source = data
    else:
        raise ValueError(f"{what} must be tensors, a Dataset or a DataLoader, got {type(data).__name__}")
    batches: Iterator[Any] | None = None
    end = object()
    while True:
        with foreign(f"{what} cannot be read"):
            batches = iter(source) if batches is None else batches
            batch = next(batches, end)
        if batch is end:
            return
        yield batch


class _Files:
    """Arrays that grow on disk, and are read from there as they are needed; the files go with the arrays."""

    def __init__(self, like: list[np.ndarray]):
        # open for longer than a block of `with` could be: `arrays` closes them when they are mapped
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
