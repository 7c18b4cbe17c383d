"""A user's own function as a problem."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

from bench.core.arrays import converted, differentiated, is_tensor
from bench.core.domain import Array, Domain
from bench.core.foreign import foreign
from bench.core.gate import checked, real
from bench.core.objective import Objective
from bench.core.registry import PROBLEMS, ProblemDefinition


def as_objective(f: Any, start: Array, bounds: Any, spread: float, f_opt: float | None) -> Objective:
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
    if not 0 <= spread < inf:
        raise ValueError(f"spread must be >= 0, got {spread}")
    _probe(function, gradient, converted(point.copy(), kind, dtype))
    domain = Domain() if bounds is None else Domain(*as_box(bounds, len(point)))
    if not domain.contains(point):
        raise ValueError(f"start must lie within the bounds, got {point}")
    scale = domain.scales(len(point), point)

    def begin(rng: np.random.Generator) -> np.ndarray:
        return np.clip(point + spread * scale * rng.standard_normal(len(point)), domain.low, domain.high)

    return Objective(
        formula=function if tensor else _of_a_copy(function),
        gradient=gradient if tensor or gradient is None else _of_a_copy(gradient),
        dim=len(point),
        domain=replace(domain, scale=scale),
        start=begin,
        order=2 if tensor and gradient is None else 0 if gradient is None else 1,
        f_opt=f_opt,
        arrays=kind,
        dtype=dtype,
        vectorised=False,
        name=re.sub(r"[^\w.]+|_+", "-", getattr(function, "__name__", "")).strip("-.") or "function",
    )


def as_box(bounds: Any, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest x, (dim,) each, of bounds as users give them; infinite where there is none.

    bounds: dim pairs (low, high); one pair of numbers for all coordinates; or `scipy.optimize.Bounds`. None is an open
    end. Raises ValueError for what is none of these, and for a pair whose low is not below its high.
    """
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
        if not low < high:
            raise ValueError(f"low must be below high in each pair of bounds, got {(low, high)} for coordinate {i}")
    low, high = np.transpose(pairs)
    return np.full(dim, low), np.full(dim, high)


def _probe(function: Callable[[Any], Any], gradient: Callable[[Any], Any] | None, start: Array) -> None:
    """Ask a user's function once at the start: raises ValueError where it does not answer as it must."""
    kind, dtype = ("torch", str(start.dtype).removeprefix("torch.")) if is_tensor(start) else ("numpy", "float64")
    differentiable = kind == "torch" and gradient is None
    with differentiated() if differentiable else nullcontext():  # whatever torch's switches say outside
        x = start.copy() if kind == "numpy" else start.clone().requires_grad_(differentiable)
        with foreign("f fails at the start"):
            answer = function(x)
        value = checked(answer, (), "f", kind, dtype)
    if differentiable and not value.requires_grad:
        raise ValueError("f must give a tensor that torch can differentiate; for values alone give start as a list")
    if gradient is not None:
        with foreign("the gradient fails at the start"):
            answer = gradient(start)
        checked(answer, (len(start),), "the gradient", kind, dtype)


def _of_a_copy(function: Callable[[Any], Any]) -> Callable[[Array], Any]:
    """A function of a copy of x: it may change what it gets."""
    return lambda x: function(x.copy())


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
