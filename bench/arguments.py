"""The arguments of `compare` and `minimize` that say what the coordinates of a function are."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import inf, isfinite
from typing import Any

import numpy as np

from bench.core.arrays import converted, is_tensor
from bench.core.coordinates import Coordinates
from bench.core.domain import WHOLE, Kind
from bench.core.gate import described, python_number, real

Ends = tuple[np.ndarray, np.ndarray]


def as_coordinates(
    start: Any, bounds: Any = None, names: Any = (), integers: Any = (), categories: Any = None, log: Any = ()
) -> Coordinates:
    """The coordinates that these arguments of `bench.compare` describe. Raises ValueError for what does not fit."""
    start, names = _named(start, names)
    if categories is not None and not isinstance(categories, Mapping):
        raise ValueError(f"categories must be a mapping {{coordinate: (category, ...)}}, got {categories!r}")
    categories = categories or {}
    entries = _entries(start, names, mixed=bool(categories))
    dim = len(entries)
    if names and (len(names) != dim or len(set(names)) != dim or not all(isinstance(name, str) for name in names)):
        raise ValueError(f"names must be {dim} different texts, one a coordinate, got {names!r}")
    labels = [repr(name) for name in names] or [f"coordinate {i}" for i in range(dim)]
    whole, log = (_indices(keys, names, dim, what) for keys, what in ((integers, "integers"), (log, "log")))
    places = _indices(list(categories), names, dim, "categories")
    choices = {i: _choices(each, labels[i]) for i, each in zip(places, categories.values(), strict=True)}
    kinds = {"integers": whole, "categories": [*choices], "log": log}
    for first, second in combinations(kinds, 2):
        for i in {*kinds[first]} & {*kinds[second]}:
            raise ValueError(f"{labels[i]} must not be in both {first} and {second}")
    point = np.array([_number(each, choices.get(i), labels[i]) for i, each in enumerate(entries)])
    if not np.isfinite(point).all():
        wrong = [f"{point[i]:g} for {labels[i]}" for i in np.flatnonzero(~np.isfinite(point))]
        raise ValueError(f"start must be finite, got {', '.join(wrong)}")
    low, high = as_box(bounds, dim, names, {i: len(each) for i, each in choices.items()})
    if (low < high)[[*whole, *choices]].any() and not np.isfinite([low, high]).all():
        missing = [labels[i] for i in np.flatnonzero(~np.isfinite([low, high]).all(axis=0))]
        raise ValueError(
            "bounds must be finite for all coordinates where there are whole numbers or categories, got none for "
            f"{', '.join(missing)}"
        )
    _check_ends(point, low, high, whole, log, labels)
    low[log] = np.maximum(low[log], 0.0)  # without a bound
    if not ((point >= low) & (point <= high)).all():
        outside = [labels[i] for i in np.flatnonzero((point < low) | (point > high))]
        raise ValueError(f"start must lie within the bounds, got {start!r}: {', '.join(outside)}")
    if not (low < high).any():
        raise ValueError(f"bounds must leave one coordinate free, got low == high for all: {bounds!r}")
    of_kind: tuple[Kind, ...] = tuple(
        "integer" if i in whole else "category" if i in choices else "real" for i in range(dim)
    )
    return Coordinates(point, low, high, of_kind, tuple(i in log for i in range(dim)), choices, names)


def _check_ends(
    start: np.ndarray, low: np.ndarray, high: np.ndarray, whole: list[int], log: list[int], labels: Sequence[str]
) -> None:
    """Raise ValueError where start and bounds do not suit whole numbers, or logarithms."""
    for i in whole:
        if not all(isfinite(end) and end == round(end) for end in (start[i], low[i], high[i])):
            raise ValueError(
                "start and both bounds must be whole numbers for integers, got "
                f"start {start[i]:g}, bounds {_ends(low[i], high[i])} for {labels[i]}"
            )
        if max(abs(low[i]), abs(high[i])) >= WHOLE:
            raise ValueError(
                "bounds must be within 2^53 for integers, beyond which floats skip some, got "
                f"{_ends(low[i], high[i])} for {labels[i]}"
            )
    for i in log:
        if not (start[i] > 0 and (low[i] > 0 or np.isneginf(low[i]))):
            raise ValueError(
                "start and bounds must be > 0 where log says to search in the logarithm, got "
                f"start {start[i]:g}, bounds {_ends(low[i], high[i])} for {labels[i]}"
            )


def as_box(bounds: Any, dim: int, names: Sequence[str] = (), categories: Mapping[int, int] | None = None) -> Ends:
    """The lowest and the highest x, (dim,) each, of bounds as users give them; infinite where there is none.

    bounds: dim pairs (low, high); one pair of numbers for all coordinates; `scipy.optimize.Bounds`; or a mapping by
    name or number. None is an open end, low == high a coordinate that is fixed. categories: how many there are of a
    coordinate, which needs no bounds. Raises ValueError for what is none of these.
    """
    categories = categories or {}
    wanted = f"bounds must be pairs (low, high), one for each of the {dim} coordinates, or two numbers for all"
    wanted += ", and None for categories" if categories else ""
    if bounds is None:
        bounds = (None, None)
    if isinstance(bounds, Mapping):
        pairs = dict(zip(_indices(list(bounds), names, dim, "bounds"), bounds.values(), strict=True))
        bounds = [pairs.get(i) for i in range(dim)]
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        bounds = np.transpose([np.broadcast_to(end, dim) for end in (bounds.lb, bounds.ub)])
    try:
        for_all = len(bounds) == 2 and all(end is None or np.ndim(end) == 0 for end in bounds)
        rows: Any = [bounds] * dim if for_all else list(bounds)
        beside = [] if for_all else [rows[i] for i in categories if i < len(rows) and rows[i] is not None]
        if any(end is not None for row in beside for end in row):
            raise ValueError
        rows = [(None, None) if row is None or i in categories else row for i, row in enumerate(rows)]
        pairs = [(-inf if low is None else float(low), inf if high is None else float(high)) for low, high in rows]
    except (TypeError, ValueError):
        raise ValueError(f"{wanted}, got {bounds!r}") from None
    if len(pairs) != dim:
        raise ValueError(f"{wanted}, got {len(pairs)} pairs: {bounds!r}")
    pairs = [(0.0, categories[i] - 1.0) if i in categories else pair for i, pair in enumerate(pairs)]
    for i, (low, high) in enumerate(pairs):
        if not (low < high or (low == high and isfinite(low))):
            raise ValueError(
                f"low must be below high in each pair of bounds, or equal where the coordinate is fixed, got "
                f"{(low, high)} for {names[i] if names else f'coordinate {i}'}"
            )
    low, high = np.transpose(pairs)
    return np.array(low), np.array(high)


def _named(start: Any, names: Any) -> tuple[Any, tuple[str, ...]]:
    """The start without names, and the names of coordinates, which those of a mapping are."""
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        raise ValueError(f"names must be a list of names, got {names!r}")
    names = tuple(names)
    if not isinstance(start, Mapping):
        return start, names
    names = names or tuple(start)
    if set(start) != set(names):
        raise ValueError(f"start must have a value for each of names {', '.join(map(str, names))}, got {dict(start)!r}")
    return [start[name] for name in names], names


def _entries(start: Any, names: Sequence[str], mixed: bool) -> list[Any]:
    """A start one by one. mixed: whether there are categories in it."""
    if is_tensor(start) and mixed:
        raise ValueError("start must be no tensor where there are categories, which torch has not: give it as a list")
    if mixed:
        entries = list(start) if isinstance(start, (list, tuple)) or np.ndim(start) else []
    else:
        if isinstance(start, (list, tuple)):
            for i, each in enumerate(start):
                _refuse_word(each, repr(names[i]) if i < len(names) else f"coordinate {i}")
        vector = np.array(converted(real(start, "start"), "numpy", "float64"))
        entries = vector.tolist() if vector.ndim == 1 else []
    if not entries:
        raise ValueError(f"start must be a finite vector (dim,), got {start!r}")
    return entries


def _refuse_word(entry: Any, label: str) -> None:
    """Raise ValueError for a value that can only be a category, where no categories are given."""
    if entry is None or isinstance(entry, (str, bytes)):
        key = label.removeprefix("coordinate ")
        raise ValueError(
            f"start must hold a number for {label}, got {entry!r}: a coordinate of such values needs all that it "
            f"takes, categories={{{key}: ({entry!r}, ...)}}"
        )


def _indices(keys: Any, names: Sequence[str], dim: int, what: str) -> list[int]:
    """The numbers of coordinates that are given by number, or by name."""
    keys = [keys] if isinstance(keys, (str, int, np.integer)) else list(keys)
    indices = [names.index(key) if isinstance(key, str) and key in names else python_number(key) for key in keys]
    for key, i in zip(keys, indices, strict=True):
        if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i < dim:
            allowed = f"0 to {dim - 1}" + (f", or {', '.join(names)}" if names else "; names are given by names=")
            raise ValueError(f"{what} must name coordinates: {allowed}; got {key!r}")
    if len(set(indices)) < len(indices):
        raise ValueError(f"{what} must name each coordinate once, got {keys!r}")
    return indices


def _choices(categories: Any, label: str) -> tuple[Any, ...]:
    if (
        isinstance(categories, (str, set, frozenset))
        or not hasattr(categories, "__iter__")
        or not (choices := tuple(categories))
    ):
        raise ValueError(f"categories must be lists of one or more, got {categories!r} for {label}")
    if any(_same(*pair) for pair in combinations(choices, 2)):
        raise ValueError(f"categories must differ, got {categories!r} for {label}")
    return choices


def _same(a: Any, b: Any) -> bool:
    """Whether two categories are one: 1 and True are not, NaN and NaN are."""
    if a is b or (isinstance(a, float) and isinstance(b, float) and a != a and b != b):
        return True
    try:
        return isinstance(a, bool) == isinstance(b, bool) and np.shape(a) == np.shape(b) and bool(np.all(a == b))
    except Exception:  # what cannot be compared is not the same
        return False


def _number(entry: Any, choices: tuple[Any, ...] | None, label: str) -> float:
    """An entry of a start as a number: of a category, its place."""
    if choices is None:
        _refuse_word(entry, label)
        number = real(entry, f"start of {label}")
        if np.ndim(number):
            raise ValueError(f"start must hold one number a coordinate, got {described(entry)} for {label}")
        return float(number)
    places = [place for place, choice in enumerate(choices) if _same(choice, entry)]
    if not places:
        raise ValueError(
            f"start must hold one of the categories {', '.join(map(repr, choices))} for {label}, got {entry!r}"
        )
    return float(places[0])


def _ends(low: Any, high: Any) -> tuple[float | None, float | None]:
    """Bounds as users write them."""
    low, high = float(low), float(high)
    return low if isfinite(low) else None, high if isfinite(high) else None
