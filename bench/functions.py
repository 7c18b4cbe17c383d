"""A user's own function as a problem."""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import inf
from typing import Any, Literal, get_args

import numpy as np

from bench.arguments import as_coordinates
from bench.core.arrays import converted, differentiated, is_tensor
from bench.core.coordinates import Coordinates
from bench.core.domain import Array, Domain
from bench.core.failures import Failures
from bench.core.foreign import foreign
from bench.core.gate import checked, real
from bench.core.objective import Objective
from bench.core.registry import PROBLEMS, ProblemDefinition

WIDTHS = (0.1, 0.3, 1.0, 3.0)  # in scales, how far beside the start a function that may fail is tried, too
VALUES_ALONE = "with whole numbers or categories only values of f are asked: no method here takes gradients beside them"


@dataclass(frozen=True, eq=False)
class Function:
    """A user's own function, and what is said of it: arguments of `bench.compare` and `bench.minimize`, which tell what
    they are."""

    f: Any
    start: Any
    bounds: Any = None
    names: Sequence[str] = ()
    integers: Any = ()
    categories: Mapping[Any, Sequence[Any]] | None = None
    log: Any = ()
    maximize: bool = False
    failures: Failures = "nan"

    @cached_property
    def coordinates(self) -> Coordinates:
        """Raises ValueError for what does not fit."""
        return as_coordinates(self.start, self.bounds, self.names, self.integers, self.categories, self.log)

    @property
    def sign(self) -> int:
        """By which what is shown is multiplied, as optimizers minimize: -1 where f is maximized."""
        return -1 if self.maximize else 1

    @property
    def title(self) -> str:
        """What f is called."""
        function = self.f[0] if isinstance(self.f, tuple) else self.f
        return re.sub(r"[^\w.]+|_+", "-", getattr(function, "__name__", "")).strip("-.") or "function"

    def described(self) -> dict[str, Any]:
        """What a results folder keeps of it, as JSON takes it."""
        return {"title": self.title, "sign": self.sign, "coordinates": self.coordinates.described()}

    def objective(self, spread: float = 0.0, f_opt: float | None = None) -> Objective:
        """What optimizers minimize: -f where f is maximized. Raises ValueError for what does not fit; asks f at the
        start, and beside it where f fails there and may."""
        f = self.f
        function, gradient = f if isinstance(f, tuple) and len(f) == 2 else (f, None)
        if not callable(function) or not (gradient is None or callable(gradient)):
            raise ValueError(f"f must be a function or a pair of function and gradient, got {f!r}")
        if isinstance(spread, bool) or not isinstance(spread, (int, float, np.number)) or not 0 <= spread < inf:
            raise ValueError(f"spread must be a number >= 0, got {spread!r}")
        if self.failures not in get_args(Failures):
            raise ValueError(f"failures must be one of {', '.join(get_args(Failures))}, got {self.failures!r}")
        for name in ("maximize",):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise ValueError(f"{name} must be True or False, got {getattr(self, name)!r}")
        tensor = is_tensor(self.start)
        half = tensor and self.start.is_floating_point() and self.start.element_size() < 8
        kind, dtype = "torch" if tensor else "numpy", "float32" if half else "float64"
        coordinates = self.coordinates
        free, domain = coordinates.free, coordinates.domain
        user = Given(function, gradient, coordinates, self.sign, converted(coordinates.start, kind, dtype), kind, dtype)
        point = coordinates.start[free]
        domain = replace(domain, scale=domain.scales(len(point), point))
        begin = partial(begun, domain, point, spread)
        rng = np.random.default_rng(0)
        more = [_beside(domain, point, width, rng) for width in WIDTHS] if self.failures == "nan" else []
        is_pair = user.probe([converted(x, kind, dtype) for x in (point, *more)])
        order = 1 if is_pair or gradient is not None else 2 if tensor else 0
        if order and not coordinates.numbers:
            warnings.warn(VALUES_ALONE, stacklevel=3)
            order = 0
        slopes = user.gradient_of_pair if is_pair else None if gradient is None else user.slopes
        return Objective(
            formula=user.value_of_pair if is_pair else user.value,
            gradient=slopes if order else None,
            both=user.both if is_pair and order else None,
            dim=len(point),
            domain=domain,
            start=begin,
            order=order,
            f_opt=-real(f_opt, "f_opt") if self.maximize and f_opt is not None else f_opt,
            arrays=kind,
            dtype=dtype,
            vectorised=False,
            failures=self.failures,
            name=f"minus-{self.title}" if self.maximize else self.title,
            taken=coordinates.taken,
        )


def is_default(value: Any, default: Any) -> bool:
    """Whether an argument says nothing: a list or table without entries is as good as none."""
    if value is default or isinstance(value, (str, bool, np.bool_, int, float, np.number)):
        return value is default or (value == default and isinstance(value, type(default)))
    return hasattr(value, "__len__") and not len(value) and not default


def begun(domain: Domain, point: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    """A start (dim,) near a point, spread scales away: whole numbers are rounded, categories stay."""
    box = domain.in_search
    step = np.where(domain.each("category"), 0.0, spread * domain.scale * rng.standard_normal(len(point)))
    x = domain.from_search(np.clip(domain.to_search(point) + step, box.low, box.high))
    return np.where(domain.each("real"), x, np.rint(x))


def _beside(domain: Domain, point: np.ndarray, width: float, rng: np.random.Generator) -> np.ndarray:
    """The same with any category, for a function that may fail with that of the start."""
    categories = np.floor(rng.random(len(point)) * np.where(domain.each("category"), domain.high + 1.0, 0.0))
    return np.where(domain.each("category"), categories, begun(domain, point, width, rng))


@dataclass(frozen=True, eq=False)
class Given:
    """A user's functions, as functions of the coordinates that vary (free,); each call gets a copy of its own.

    function: gives a value, or a pair of value and gradient. gradient: where it stands apart. sign: -1 where the
    function is maximized. start: of all coordinates, of this kind and dtype.
    """

    function: Callable[..., Any]
    gradient: Callable[..., Any] | None
    coordinates: Coordinates
    sign: int
    start: Array
    kind: Literal["numpy", "torch"]
    dtype: Literal["float64", "float32"]

    def probe(self, points: Sequence[Array]) -> bool:
        """Whether the function gives pairs. It is asked as runs will: at the start, and at more points where it fails
        there and may. Raises ValueError, or what it raised at the start, where it answers nowhere as it must."""
        first: Exception | None = None
        for x in points:
            try:
                with differentiated() if self.kind == "torch" else nullcontext():
                    return self._probe(x)
            except Exception as error:
                first = first or error
        assert first is not None
        raise first

    def _probe(self, x: Array) -> bool:
        differentiable = self.kind == "torch" and self.gradient is None and self.coordinates.numbers
        with foreign("f fails at the start"):
            answer = self._asked(self.function, x.clone().requires_grad_() if differentiable else x)
        if self.gradient is None and _is_pair(answer, len(self.coordinates.free)):
            value, gradient = answer
            self._value(value)
            self._free_part(gradient)
            return True
        value = self._value(answer)
        if differentiable and not value.requires_grad:
            raise ValueError("f must give a tensor that torch can differentiate; for values alone give start as a list")
        if self.gradient is not None and self.coordinates.numbers:
            with foreign("the gradient fails at the start"):
                self.slopes(x)
        return False

    def value(self, x: Array) -> Any:
        """What the function gives, or its negative."""
        answer = self._asked(self.function, x)
        return answer if self.sign > 0 else self._value(answer)

    def slopes(self, x: Array) -> Array:
        """The gradient, (free,)."""
        assert self.gradient is not None
        return self._free_part(self._asked(self.gradient, x))

    def value_of_pair(self, x: Array) -> Any:
        """The value, of the pair that the function gives."""
        return self._value(self._asked(self.function, x)[0])

    def gradient_of_pair(self, x: Array) -> Array:
        """The gradient, of the pair that the function gives."""
        return self._free_part(self._asked(self.function, x)[1])

    def both(self, x: Array) -> Array:
        """The value and then the gradient, (1 + free,)."""
        value, gradient = self._asked(self.function, x)
        value, gradient = self._value(value), self._free_part(gradient)
        if self.kind == "numpy":
            return np.concatenate([value[None], gradient])
        import torch

        return torch.cat([value[None], gradient])

    @cached_property
    def _where(self) -> Any:
        """The mask of coordinates that vary where others are fixed, else None."""
        free = self.coordinates.free
        if free.all():
            return None
        if self.kind == "numpy":
            return free
        import torch

        return torch.as_tensor(free)

    def _asked(self, function: Callable[..., Any], x: Array) -> Any:
        where = self._where
        if self.kind == "numpy":
            whole = x.copy() if where is None else self.coordinates.whole(x)
            return self._called(function, whole)
        # whatever torch's switches say outside: the function itself may differentiate something
        with differentiated():
            return self._called(function, x.clone() if where is None else self.start.masked_scatter(where, x))

    def _called(self, function: Callable[..., Any], whole: Array) -> Any:
        x = self.coordinates.given(whole)
        return function(**x) if isinstance(x, dict) else function(x)

    def _value(self, answer: Any) -> Array:
        value = checked(answer, (), "f", self.kind, self.dtype)
        return value if self.sign > 0 else -value

    def _free_part(self, gradient: Any) -> Array:
        if isinstance(gradient, Mapping) and self.coordinates.names:
            gradient = [gradient[name] for name in self.coordinates.names]
        gradient = checked(gradient, (len(self.coordinates.free),), "the gradient", self.kind, self.dtype)
        gradient = gradient if self.sign > 0 else -gradient
        return gradient if self._where is None else gradient[self._where]


def _is_pair(answer: Any, dim: int) -> bool:
    """Whether a function gave (value, gradient), as for SciPy's jac=True."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return False
    if isinstance(answer[1], Mapping):
        return len(answer[1]) == dim
    try:
        value, gradient = (np.asarray(each.detach().cpu() if is_tensor(each) else each) for each in answer)
    except (TypeError, ValueError):  # of unequal rows
        return False
    return value.size == 1 and gradient.ndim > 0 and gradient.size == dim


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
