"""What the coordinates of a user's function are, and what it takes in place of a point of numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np

from bench.core.domain import Array, Domain, Kind

TEXT = "text"  # the key of a category that JSON cannot hold


@dataclass(frozen=True)
class Coordinates:
    """All coordinates (dim,) of a function, of which optimizers see those alone that vary, as real numbers.

    start, low, high: (dim,); of a category its number among `categories`. Where low == high the coordinate is fixed.
    kinds, log: of each, see `Domain`. categories: by coordinate, those that the function takes.
    names: of all, where the function takes keywords; () where it takes one vector.
    """

    start: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kinds: tuple[Kind, ...]
    log: tuple[bool, ...]
    categories: Mapping[int, tuple[Any, ...]] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @cached_property
    def free(self) -> np.ndarray:
        """Which coordinates vary, booleans (dim,)."""
        return self.low < self.high

    @property
    def numbers(self) -> bool:
        """Whether every coordinate that varies is a real number."""
        return all(self.kinds[i] == "real" for i in np.flatnonzero(self.free))

    @property
    def domain(self) -> Domain:
        """Of the coordinates that vary."""
        varying = np.flatnonzero(self.free).tolist()
        low, high, log = self.low[varying], self.high[varying], tuple(self.log[i] for i in varying)
        if self.numbers and np.isinf(low).all() and np.isinf(high).all():
            return Domain()
        kinds: Any = "real" if self.numbers else tuple(self.kinds[i] for i in varying)
        return Domain(low, high, kinds=kinds, log=log if any(log) else False)

    def whole(self, x: np.ndarray) -> np.ndarray:
        """All coordinates (dim,), of those that vary (free,)."""
        point = self.start.copy()
        point[self.free] = x
        return point

    def taken(self, x: np.ndarray) -> Any:
        """What the function takes, x being a point of the coordinates that vary."""
        return self.given(self.whole(x))

    def given(self, point: Array) -> Any:
        """The same of all coordinates (dim,), NumPy's or torch's.

        By name where there are names, of numbers an array as it is, where there are categories an array of objects.
        Beside names and categories whole numbers are Python's int, real ones of NumPy's Python's float.
        """
        if not (self.names or self.categories):
            return point
        numbers = list(point) if hasattr(point, "detach") else point.tolist()
        values = [self._value(i, number) for i, number in enumerate(numbers)]
        if self.names:
            return dict(zip(self.names, values, strict=True))
        return np.fromiter(values, dtype=object, count=len(values))

    def _value(self, i: int, number: Any) -> Any:
        if self.kinds[i] == "real":
            return number
        return self.categories[i][int(number)] if self.kinds[i] == "category" else int(number)

    def described(self) -> dict[str, Any]:
        """As JSON takes it; a category that it cannot hold, see `stored`, as the text that Python shows."""
        categories = {str(i): [_category(each) for each in values] for i, values in self.categories.items()}
        ends = {name: [str(end) for end in getattr(self, name).tolist()] for name in ("start", "low", "high")}
        return {**ends, "kinds": self.kinds, "log": self.log, "categories": categories, "names": self.names}

    @classmethod
    def restored(cls, described: Mapping[str, Any]) -> "Coordinates":
        """What `described` gave; a category that JSON cannot hold is a text."""
        ends: dict[str, Any] = {
            name: np.array([float(end) for end in described[name]]) for name in ("start", "low", "high")
        }
        lists: dict[str, Any] = {name: tuple(described[name]) for name in ("kinds", "log", "names")}
        categories = {int(i): tuple(map(_restored, values)) for i, values in described["categories"].items()}
        return cls(**ends, **lists, categories=categories)


def lost(described: Mapping[str, Any]) -> dict[str, list[str]]:
    """The categories that came back as texts, by the names of their coordinates. described: what `described` gave."""
    texts = {
        i: [each[TEXT] for each in values if isinstance(each, dict) and TEXT in each]
        for i, values in described["categories"].items()
    }
    names = described["names"]
    return {names[int(i)] if names else f"coordinate {i}": values for i, values in texts.items() if values}


def _category(category: Any) -> Any:
    try:
        return stored(category)
    except (TypeError, RecursionError):
        return {TEXT: str(category) if isinstance(category, str) else repr(category)}


def stored(value: Any) -> Any:
    """A value as JSON has it: None, texts, numbers and bool as they are (NumPy's as Python's), all else as an object of
    one key, its type. Raises TypeError for what is no number, text or bool, and no list, tuple or dict of such."""
    value = value.item() if isinstance(value, np.generic) else value
    kind = type(value)
    if value is None or kind in (str, bool, int) or (kind is float and isfinite(value)):
        return value
    if kind is float:
        return {"float": repr(value)}
    if kind in (list, tuple):
        return {kind.__name__: [stored(each) for each in value]}
    if kind is dict:
        return {"dict": [[stored(key), stored(each)] for key, each in value.items()]}
    raise TypeError(f"JSON has no {kind.__name__}")


def _restored(value: Any) -> Any:
    """What `stored` was given; a text of what it cannot take. Values of earlier versions are as they stand."""
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind in ("list", "tuple"):
        return (list if kind == "list" else tuple)(map(_restored, held))
    if kind == "dict":
        return {_restored(key): _restored(each) for key, each in held}
    return float(held) if kind == "float" else held
