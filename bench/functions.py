"""A user's own function as a problem."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isfinite
from typing import Any, Literal, get_args

import numpy as np

from bench.core.arrays import converted, differentiated, is_tensor
from bench.core.domain import Array, Domain
from bench.core.failures import Failures
from bench.core.foreign import foreign
from bench.core.gate import checked, real
from bench.core.objective import Objective
from bench.core.registry import PROBLEMS, ProblemDefinition

MORE = 4  # points beside the start at which a function that may fail is tried


def as_objective(
    f: Any, start: Array, bounds: Any, spread: float, f_opt: float | None, failures: Failures = "nan"
) -> Objective:
    """The problem of `bench.compare`, which tells what the arguments are. Raises ValueError for what does not fit."""
    function, gradient = f if isinstance(f, tuple) and len(f) == 2 else (f, None)
    if not callable(function) or not (gradient is None or callable(gradient)):
        raise ValueError(f"f must be a function or a pair of function and gradient, got {f!r}")
    tensor = is_tensor(start)
    half = tensor and start.is_floating_point() and start.element_size() < 8
    kind, dtype = "torch" if tensor else "numpy", "float32" if half else "float64"
    point = np.array(converted(real(start, "start"), "numpy", "float64"))
    if point.ndim != 1 or not len(point) or not np.isfinite(point).all():
        raise ValueError(f"start must be a finite vector (dim,), got {point!r}")
    if isinstance(spread, bool) or not isinstance(spread, (int, float, np.number)) or not 0 <= spread < inf:
        raise ValueError(f"spread must be a number >= 0, got {spread!r}")
    if failures not in get_args(Failures):
        raise ValueError(f"failures must be one of {', '.join(get_args(Failures))}, got {failures!r}")
    low, high = as_box(bounds, len(point))
    if not ((point >= low) & (point <= high)).all():
        raise ValueError(f"start must lie within the bounds, got {point}")
    free = low < high
    if not free.any():
        raise ValueError(f"bounds must leave one coordinate free, got low == high for all: {bounds!r}")
    given = Given(function, gradient, converted(point, kind, dtype), free, kind, dtype)
    point, domain = point[free], Domain() if bounds is None else Domain(low[free], high[free])
    scale = domain.scales(len(point), point)

    def begin(rng: np.random.Generator) -> np.ndarray:
        return np.clip(point + spread * scale * rng.standard_normal(len(point)), domain.low, domain.high)

    more = [begin(np.random.default_rng(seed)) for seed in range(MORE)] if failures == "nan" else []
    is_pair = given.probe([converted(x, kind, dtype) for x in (point, *more)])
    return Objective(
        formula=given.value_of_pair if is_pair else given.value,
        gradient=given.gradient_of_pair if is_pair else None if gradient is None else given.slopes,
        both=given.both if is_pair else None,
        dim=len(point),
        domain=replace(domain, scale=scale),
        start=begin,
        order=1 if is_pair or gradient is not None else 2 if tensor else 0,
        f_opt=f_opt,
        arrays=kind,
        dtype=dtype,
        vectorised=False,
        failures=failures,
        name=re.sub(r"[^\w.]+|_+", "-", getattr(function, "__name__", "")).strip("-.") or "function",
    )


@dataclass(frozen=True)
class Given:
    """A user's functions of a whole vector, as functions of its free coordinates; each call gets a copy of its own.

    function: gives a value, or a pair of value and gradient. gradient: where it stands apart. point: the start, of all
    coordinates. free: which of them vary; the others are those of the start.
    """

    function: Callable[[Any], Any]
    gradient: Callable[[Any], Any] | None
    point: Array
    free: np.ndarray
    kind: Literal["numpy", "torch"]
    dtype: Literal["float64", "float32"]

    def probe(self, points: Sequence[Array]) -> bool:
        """Whether the function gives pairs. It is asked as runs will: at the start, and at more points where it fails
        there and may. Raises ValueError, or what it raised at the start, where it answers nowhere as it must."""
        first: Exception | None = None
        for x in points:
            try:
                return self._probe(x)
            except Exception as error:
                first = first or error
        assert first is not None
        raise first

    def _probe(self, x: Array) -> bool:
        differentiable = self.kind == "torch" and self.gradient is None
        with differentiated() if differentiable else nullcontext(), foreign("f fails at the start"):
            answer = self.value(x.clone().requires_grad_() if differentiable else x)
        if self.gradient is None and _is_pair(answer, len(self.free)):
            value, gradient = answer
            checked(value, (), "f", self.kind, self.dtype)
            self._free_part(gradient)
            return True
        value = checked(answer, (), "f", self.kind, self.dtype)
        if differentiable and not value.requires_grad:
            raise ValueError("f must give a tensor that torch can differentiate; for values alone give start as a list")
        if self.gradient is not None:
            with foreign("the gradient fails at the start"):
                self.slopes(x)
        return False

    def value(self, x: Array) -> Any:
        """What the function gives."""
        return self._asked(self.function, x)

    def slopes(self, x: Array) -> Array:
        """The gradient, (free,)."""
        assert self.gradient is not None
        return self._free_part(self._asked(self.gradient, x))

    def value_of_pair(self, x: Array) -> Any:
        """The value, of the pair that the function gives."""
        return self.value(x)[0]

    def gradient_of_pair(self, x: Array) -> Array:
        """The gradient, of the pair that the function gives."""
        return self._free_part(self.value(x)[1])

    def both(self, x: Array) -> Array:
        """The value and then the gradient, (1 + free,)."""
        value, gradient = self.value(x)
        value, gradient = checked(value, (), "f", self.kind, self.dtype), self._free_part(gradient)
        if self.kind == "numpy":
            return np.concatenate([value[None], gradient])
        import torch

        return torch.cat([value[None], gradient])

    @cached_property
    def _where(self) -> Any:
        """The mask of free coordinates where others are fixed, else None."""
        if self.free.all():
            return None
        if self.kind == "numpy":
            return self.free
        import torch

        return torch.as_tensor(self.free)

    def _asked(self, function: Callable[[Any], Any], x: Array) -> Any:
        where = self._where
        if self.kind == "numpy":
            if where is None:
                return function(x.copy())
            whole = self.point.copy()
            whole[where] = x
            return function(whole)
        # whatever torch's switches say outside: the function itself may differentiate something
        with differentiated():
            return function(x.clone() if where is None else self.point.masked_scatter(where, x))

    def _free_part(self, gradient: Any) -> Array:
        gradient = checked(gradient, (len(self.free),), "the gradient", self.kind, self.dtype)
        return gradient if self._where is None else gradient[self._where]


def _is_pair(answer: Any, dim: int) -> bool:
    """Whether a function gave (value, gradient), as for SciPy's jac=True."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return False
    try:
        value, gradient = (np.asarray(each.detach().cpu() if is_tensor(each) else each) for each in answer)
    except (TypeError, ValueError):  # of unequal rows
        return False
    return value.size == 1 and gradient.ndim > 0 and gradient.size == dim


def as_box(bounds: Any, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest x, (dim,) each, of bounds as users give them; infinite where there is none.

    bounds: dim pairs (low, high); one pair of numbers for all coordinates; or `scipy.optimize.Bounds`. None is an open
    end, low == high a coordinate that is fixed. Raises ValueError for what is none of these.
    """
    if bounds is None:
        return np.full(dim, -inf), np.full(dim, inf)
    wanted = f"bounds must be pairs (low, high), one for each of the {dim} coordinates, or two numbers for all"
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        bounds = np.transpose([np.broadcast_to(end, dim) for end in (bounds.lb, bounds.ub)])
    try:
        rows = [bounds] if len(bounds) == 2 and all(end is None or np.ndim(end) == 0 for end in bounds) else bounds
        pairs = [(-inf if low is None else float(low), inf if high is None else float(high)) for low, high in rows]
    except (TypeError, ValueError):
        raise ValueError(f"{wanted}, got {bounds!r}") from None
    if rows is bounds and len(pairs) != dim:
        raise ValueError(f"{wanted}, got {len(pairs)} pairs: {bounds!r}")
    for i, (low, high) in enumerate(pairs):
        if not (low < high or (low == high and isfinite(low))):
            raise ValueError(
                f"low must be below high in each pair of bounds, or equal where the coordinate is fixed, got "
                f"{(low, high)} for coordinate {i}"
            )
    low, high = np.transpose(pairs)
    return np.full(dim, low), np.full(dim, high)


@contextmanager
def registered(objective: Objective) -> Iterator[str]:
    """Give the user's own objective a name in the registry, for as long as it is compared."""
    name = objective.name
    while name in PROBLEMS:
        name += "-"
    PROBLEMS[name] = ProblemDefinition(name, lambda instance: objective, "yours", "its author", 1, (), {})
    try:
        yield name
    finally:
        del PROBLEMS[name]
