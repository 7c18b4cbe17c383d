"""All rows of data, for what a trial of the first few does not see: numbers that are not finite, classes and symbols
that the network has no place for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

ROWS = 8  # of a question
MOST = 8  # suspects of a kind and an array
CHUNK = 2**22  # numbers that are looked at at once: rows may be read from a file
SPAN = 2**16  # least to largest, up to which all whole numbers that occur are counted

Ask = Callable[[np.ndarray], float]  # numbers of rows -> the loss on them


class Suspect(NamedTuple):
    """A row that may be what a loss fails at, with the array that holds the value."""

    row: int
    array: str
    value: float


def scan(data: Mapping[str, np.ndarray], ask: Ask, what: str) -> None:
    """Raise ValueError, with row and value, where the loss fails or is not finite on a row that holds a number that is
    not finite, or one of the least or largest whole numbers. What a network masks, or a loss ignores, may stand there.

    what: the rows, as "train". Where no row can be asked at all the rows are not to blame, and nothing is said.
    """
    suspects = list(_suspects(data))
    n = len(next(iter(data.values())))
    with torch.random.fork_rng(devices=[]):
        tried = np.unique(np.linspace(0, n - 1, min(n, 2 * ROWS)).astype(int))
        good = next((row for row in (*tried[:ROWS], *tried) if not _wrong(ask, np.full(ROWS, row))), None)
        if good is None or not suspects or not _wrong(ask, np.array([*(s.row for s in suspects), *[good] * ROWS])):
            return
        for suspect in suspects:
            if why := _wrong(ask, np.array([suspect.row, *[good] * (ROWS - 1)])):
                where = f"row {suspect.row} of {what}, which holds {suspect.value:g} in its {suspect.array}"
                raise ValueError(f"the loss {why} at {where}")


def _wrong(ask: Ask, rows: np.ndarray) -> str:
    """What happens where these rows are asked, "" where the loss is a finite number."""
    try:
        value = ask(rows)
    except Exception as error:
        return f"fails ({type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''})"
    return "" if np.isfinite(value) else f"is {value:g}"


def _suspects(data: Mapping[str, np.ndarray]) -> Iterator[Suspect]:
    for name, array in data.items():
        array_ = _not_finite if array.dtype.kind == "f" else _extreme if array.dtype.kind in "iu" else None
        if array_ is not None:
            yield from (Suspect(row, name, value) for row, value in array_(array))


def _pieces(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Pieces (rows, numbers) of an array, each with the number of its first row."""
    size = max(1, CHUNK // max(1, array[0].size))
    for at in range(0, len(array), size):
        piece = np.asarray(array[at : at + size])
        yield at, piece.reshape(len(piece), -1)


def _not_finite(array: np.ndarray) -> list[tuple[int, float]]:
    """The first rows with a number that is not finite, and that."""
    rows: list[tuple[int, float]] = []
    for at, piece in _pieces(array):
        finite = np.isfinite(piece)
        for row in np.flatnonzero(~finite.all(axis=1))[: MOST - len(rows)]:
            rows.append((at + int(row), float(piece[row][~finite[row]][0])))
        if len(rows) == MOST:
            break
    return rows


def _extreme(array: np.ndarray) -> list[tuple[int, float]]:
    """The first rows with each of the least and the largest whole numbers, and these."""
    first: dict[int, int] = {}
    for at, piece in _pieces(array):
        if not piece.size:
            continue
        low, high = int(piece.min()), int(piece.max())
        values: Sequence[int] = [low, high]
        if high - low <= SPAN:
            counts = np.bincount((piece.astype(np.int64) - low).ravel())
            values = (np.flatnonzero(counts) + low).tolist()
        for value in {*values[:MOST], *values[-MOST:]} - first.keys():
            first[value] = at + int((piece == value).any(axis=1).argmax())
    ends = sorted(first)
    return [(first[value], value) for value in dict.fromkeys([*ends[:MOST], *ends[-MOST:]])]
