"""A function to be minimised as a program has it: with what the registration of an optimizer writes the call by which
its library runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite, isinf
from typing import Any

SHORT = 12  # coordinates up to which lists are written out


@dataclass(frozen=True)
class Script:
    """A function f of real numbers (dim,), with its start and bounds, as text that Python reads.

    f, slope: the value and the gradient, "" where there is none of its own; both: what gives the pair of the two, ""
    where nothing does. tensors: whether they take and give those of torch, which differentiates f. start: a list, or a
    name. low, high, scale: numbers (dim,), infinite where there is no bound. pairs: a name for all bounds, where there
    is one. budget: in values. values: of all hyperparameters; changed: which are not at their defaults.
    """

    f: str
    start: str
    low: tuple[float, ...]
    high: tuple[float, ...]
    scale: tuple[float, ...]
    budget: int
    slope: str = ""
    both: str = ""
    tensors: bool = False
    pairs: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()

    @property
    def dim(self) -> int:
        """How many coordinates."""
        return len(self.low)

    @property
    def open(self) -> bool:
        """Whether there is no bound."""
        return all(map(isinf, (*self.low, *self.high)))

    @property
    def closed(self) -> bool:
        """Whether there is a bound on all sides."""
        return all(map(isfinite, (*self.low, *self.high)))

    @property
    def bounds(self) -> str:
        """Pairs (low, high), None for an open end; "" where they are too long to be written, and have no name."""
        ends = [f"({_or_none(low)}, {_or_none(high)})" for low, high in zip(self.low, self.high, strict=True)]
        return listed(ends) or self.pairs

    def column(self, numbers: tuple[float, ...], infinite: Callable[[float], str] = lambda x: f'float("{x}")') -> str:
        """Numbers (dim,) as a list; "" where it is too long. infinite: how such a one is written."""
        return listed([repr(x) if isfinite(x) else infinite(x) for x in numbers])


def listed(texts: list[str]) -> str:
    """A list of these as Python reads it: `[1, 2]`, or `[1] * 20`; "" where it is long."""
    if len(texts) > SHORT and len(set(texts)) == 1:
        return f"[{texts[0]}] * {len(texts)}"
    return f"[{', '.join(texts)}]" if len(texts) <= SHORT else ""


def _or_none(x: float) -> str:
    return repr(x) if isfinite(x) else "None"


Call = Callable[[Script], str]  # its lines; "" where the library would run another problem, or another method
