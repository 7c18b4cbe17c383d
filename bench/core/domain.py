"""Where a problem may be asked: a box, possibly without bounds, of real or whole numbers, or the permutations."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

Array = Any  # a NumPy array or a torch tensor
Kind = Literal["real", "integer", "category", "permutation"]
WHOLE = 2.0**53  # of whole numbers below it floats hold each


@dataclass(frozen=True)
class Domain:
    """The box low <= x <= high, or its points of whole numbers. Read-only: arrays are copied.

    low, high: numbers or arrays (dim,); infinite where there is no bound.
    scale: a typical length of each coordinate, in which methods measure their steps: a positive number or an array
        (dim,); None where `scales` is to tell it.
    kinds: of all coordinates, or of each: "real"; "integer", the whole numbers from low to high; "category", the same
        without an order among them. "permutation": x is one of 0, 1, ..., dim - 1.
    log: whether coordinates, all or each, are searched in their natural logarithm: real numbers above 0, whose scale is
        one of ln x. Methods ask ln x (`to_search`) in place of x.
    hard: whether points outside the box are no improvements; otherwise it is only where methods start. Of real numbers.
    """

    low: float | np.ndarray = -np.inf
    high: float | np.ndarray = np.inf
    scale: Any = None
    kinds: Kind | tuple[Kind, ...] = "real"
    hard: bool = True
    log: bool | tuple[bool, ...] = False

    def __post_init__(self) -> None:
        for name in ("low", "high", "scale"):
            if (value := getattr(self, name)) is None and name == "scale":
                continue
            array = np.asarray(value)  # over bytes, which nobody can make writeable again
            if array.dtype.kind not in "fiu":
                raise ValueError(f"{name} must be a number or an array of numbers, got {value!r}")
            if array.ndim:
                object.__setattr__(self, name, np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape))
        if not isinstance(self.hard, (bool, np.bool_)):
            raise ValueError(f"hard must be True or False, got {self.hard!r}")
        if np.asarray(self.log).dtype.kind != "b":
            raise ValueError(f"log must be True or False, or one of them a coordinate, got {self.log!r}")
        for name, scalar in (("log", bool), ("kinds", str)):
            if not isinstance(value := getattr(self, name), scalar):
                object.__setattr__(self, name, scalar(value) if np.ndim(value) == 0 else tuple(map(scalar, value)))
        for kind in self.all_kinds:
            if kind not in get_args(Kind) or (kind == "permutation" and self.kinds != kind):
                allowed = ", ".join(get_args(Kind))
                raise ValueError(
                    f"kinds must be one of {allowed}, or one of the first three a coordinate, got {kind!r}"
                )
        if not self.all_kinds:
            raise ValueError("kinds must name at least one, got none")
        if not self.real and not self.bounded:
            raise ValueError(f"low and high must be finite where numbers are whole, got {self.low} and {self.high}")
        if not self.real and not self.hard:
            raise ValueError(f"hard must be True where numbers are whole, got {self.hard}")
        whole = np.logical_not(self.each("real"))
        if np.any(whole & np.asarray(self.log)):
            raise ValueError(f"log must be False where numbers are whole, got {self.log} for kinds {self.kinds}")
        if np.any(self.log & (np.asarray(self.low) < 0)):
            raise ValueError(f"low must be >= 0 where coordinates are searched in their logarithm, got {self.low}")
        for name, bound in (("low", self.low), ("high", self.high)):
            if np.any(whole & (np.asarray(bound) != np.rint(bound))):
                raise ValueError(f"{name} must be whole where numbers are, got {bound}")
            if np.any(whole & np.isfinite(bound) & (np.abs(bound) >= WHOLE)):
                raise ValueError(f"{name} must be within 2^53 where numbers are whole: floats skip some, got {bound}")
        if self.kinds == "permutation" and np.any(np.asarray(self.low) != 0):
            raise ValueError(f"low must be 0 for permutations, got {self.low}")
        if not np.all(np.asarray(self.low) < np.asarray(self.high)):
            raise ValueError(f"low must be below high, got low={self.low}, high={self.high}")
        if np.any(np.isinf(self._widths) & np.isfinite(self.low) & np.isfinite(self.high)):
            raise ValueError(
                f"high - low must be a finite number, got low={self.low}, high={self.high}: where there is no bound, "
                "say inf (or None in the bounds of compare)"
            )
        if self.scale is not None and not np.all((np.asarray(self.scale) > 0) & np.isfinite(self.scale)):
            raise ValueError(f"scale must be positive and finite, got {self.scale}")

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy or a pickle is made anew: NumPy's own would be writeable."""
        return Domain, (self.low, self.high, self.scale, self.kinds, self.hard, self.log)

    @property
    def bounded(self) -> bool:
        """Whether every coordinate has two finite bounds."""
        return bool(np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high)))

    @property
    def open(self) -> bool:
        """Whether there is no bound at all."""
        return bool(np.all(np.isneginf(self.low)) and np.all(np.isposinf(self.high)))

    @cached_property
    def fenced(self) -> bool:
        """Whether there are points that are no improvements, whatever their values: outside bounds that are hard."""
        return self.hard and not self.open

    @cached_property
    def real(self) -> bool:
        """Whether every coordinate is a real number."""
        return self.all_kinds == {"real"}

    @property
    def all_kinds(self) -> set[Kind]:
        """The kinds of coordinates that there are."""
        return {self.kinds} if isinstance(self.kinds, str) else set(self.kinds)

    def each(self, *kinds: str) -> Any:
        """Whether coordinates are of these kinds: booleans (dim,), or one for all."""
        return self.kinds in kinds if isinstance(self.kinds, str) else np.isin(self.kinds, kinds)

    @property
    def _widths(self) -> np.ndarray:
        """high - low, a number or (dim,); infinite where there is no bound."""
        with np.errstate(over="ignore"):
            return np.subtract(self.high, self.low, dtype=np.float64)

    def scales(self, dim: int, start: np.ndarray | None = None) -> np.ndarray:
        """The length in which methods measure steps, of each coordinate: (dim,), all positive.

        The scale, where it is given; else a fifth of the width between two bounds; where one is missing |start_i|,
        start being a point (dim,), and 1 where that is 0 or there is no start.
        """
        if self.scale is not None:
            return np.full(dim, self.scale, dtype=np.float64)
        if np.any(self.log):
            return self.in_search.scales(dim, None if start is None else np.where(self.log, 0.0, start))
        width = np.full(dim, self._widths, dtype=np.float64)
        size = np.zeros(dim) if start is None else np.abs(start)
        return np.where(np.isfinite(width), width / 5, np.where(size > 0, size, 1.0))

    @cached_property
    def in_search(self) -> "Domain":
        """The box in which methods search: that of ln x in logarithmic coordinates."""
        low, high = (self.to_search(bound) for bound in (self.low, self.high))
        return replace(self, low=low, high=high, log=False)

    def to_search(self, x: Any) -> np.ndarray:
        """x (..., dim), with ln x in place of coordinates that are logarithmic."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.log, np.log(np.where(self.log, x, 1.0)), x)

    def from_search(self, z: np.ndarray) -> np.ndarray:
        """The inverse of `to_search`, by which what lies between two bounds does so after rounding, too."""
        if not np.any(self.log):
            return z
        x = np.where(self.log, np.exp(np.where(self.log, z, 0.0)), z)
        box = self.in_search
        return np.where((z >= box.low) & (z <= box.high), np.clip(x, self.low, self.high), x)

    def to_unit(self, x: float | np.ndarray) -> np.ndarray:
        """x (..., dim) in units of the scale, for what has one length for all coordinates. The scale must be set."""
        return x / self.scale

    def from_unit(self, u: np.ndarray) -> np.ndarray:
        """The inverse of `to_unit`, by which what lies between two bounds does so after rounding, too."""
        x = u * self.scale
        if not self.fenced:
            return x
        inside = (u >= self.to_unit(self.low)) & (u <= self.to_unit(self.high))
        return np.where(inside, np.clip(x, self.low, self.high), x)

    def contains(self, x: np.ndarray) -> Any:
        """x (..., dim) -> booleans (...): inside the box, bounds included, and whole where it must be; NaN is not."""
        inside = np.logical_and(x >= self.low, x <= self.high)
        if self.real:
            return inside.all(-1)
        if self.kinds == "permutation":
            return (np.sort(x, -1) == np.arange(x.shape[-1])).all(-1)
        return (inside & (self.each("real") | (x == np.rint(x)))).all(-1)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Uniform points (*shape), the last axis being dim, in ln x where coordinates are logarithmic. The box must be
        bounded."""
        if not self.bounded:
            raise ValueError("a domain without bounds has no uniform sample")
        if np.any(self.log):
            return self.from_search(self.in_search.sample(rng, shape))
        if self.kinds == "permutation":
            return rng.random(shape).argsort(-1).astype(np.float64)
        if self.real:
            return rng.uniform(self.low, self.high, shape)
        real, u = self.each("real"), rng.random(shape)
        whole = np.floor(self.low + u * (np.asarray(self.high) - self.low + 1))
        return np.where(real, self.low + u * (np.asarray(self.high) - self.low), whole)
