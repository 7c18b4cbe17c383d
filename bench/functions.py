"""A user's own function as a problem."""

import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from math import inf
from types import FunctionType
from typing import Any, get_args

import numpy as np

from bench.arguments import as_coordinates
from bench.core.arrays import converted, is_tensor
from bench.core.coordinates import Coordinates
from bench.core.domain import Domain
from bench.core.failures import Failures
from bench.core.foreign import suspended
from bench.core.gate import real
from bench.core.objective import Objective
from bench.core.registry import PROBLEMS, ProblemDefinition, fingerprint
from bench.given import Given
from bench.probe import probed, wrong_gradient
from bench.runner.suite import Entry

WIDTHS = (0.1, 0.3, 1.0, 3.0)  # in scales, how far beside the start a function that may fail is tried, too
LETTERS = 16  # of a hash, in hexadecimal digits
CHECKPOINTS, VALUES = 5, 100  # of runs on a noisy function, see `scores`; the most values of a score
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
    noise: bool = False
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
        return as_name(getattr(function, "__name__", ""))

    def described(self, budget: float) -> dict[str, Any]:
        """What a results folder keeps of it, as JSON takes it."""
        facts = {"title": self.title, "sign": self.sign, "coordinates": self.coordinates.described()}
        values, checkpoints = scores(budget)
        return {**facts, "noise": {"values": values, "checkpoints": checkpoints}} if self.noise else facts

    def identity(self, spread: float, f_opt: float | None) -> str:
        """A hash of f and of all that is said of it, 16 hexadecimal digits: of its code, of the values that it encloses
        and, where it is of a script or a notebook, of the global ones that it reads. "" where that cannot be told, as
        of an object that is called, which may have changed."""
        import cloudpickle

        functions: list[Any] = list(self.f) if isinstance(self.f, tuple) else [self.f]
        if not all(isinstance(function, FunctionType) for function in functions):
            return ""
        facts = (spread, f_opt, self.maximize, self.noise, self.failures, str(type(self.start)))
        try:
            codes = [fingerprint(function).encode() + cloudpickle.dumps(function) for function in functions]
        except Exception:  # what it encloses cannot travel
            return ""
        texts = [repr(facts).encode(), repr(self.coordinates.described()).encode(), *codes]
        return hashlib.sha256(b"\n".join(texts)).hexdigest()[:LETTERS]

    def objective(self, budget: float, spread: float = 0.0, f_opt: float | None = None) -> Objective:
        """What optimizers minimize with a budget: -f where f is maximized. Asks f at the start, see `probed`, and warns
        of what is wrong there. Raises ValueError for what does not fit."""
        self._check(budget, spread, f_opt)
        function, gradient = self.f if isinstance(self.f, tuple) else (self.f, None)
        tensor = is_tensor(self.start)
        half = tensor and self.start.is_floating_point() and self.start.element_size() < 8
        kind, dtype = "torch" if tensor else "numpy", "float32" if half else "float64"
        coordinates, (fresh, checkpoints) = self.coordinates, scores(budget)
        facts = (coordinates, self.sign, self.failures, converted(coordinates.start, kind, dtype), kind, dtype, fresh)
        user = Given(function, gradient, *facts)
        point, domain = coordinates.start[coordinates.free], coordinates.domain
        domain = replace(domain, scale=domain.scales(len(point), point))
        rng = np.random.default_rng(0)
        more = [_beside(domain, point, width, rng) for width in WIDTHS] if self.failures == "nan" else []
        found = probed(user, [point, *more], bool(self.noise))
        order = 1 if found.is_pair or gradient is not None else 2 if tensor else 0
        if order and not coordinates.numbers:
            warnings.warn(VALUES_ALONE, stacklevel=3)
            order = 0
        slopes = user.gradient_of_pair if found.is_pair else None if gradient is None else user.slopes
        if order and slopes and (doubt := wrong_gradient(user, found, domain)):
            warnings.warn(doubt, stacklevel=3)
        noisy = {"noise": _own_noise, "score": user.score, "checkpoints": checkpoints} if self.noise else {}
        return Objective(
            formula=user.value_of_pair if found.is_pair else user.value,
            gradient=slopes if order else None,
            both=user.both if found.is_pair and order else None,
            dim=len(point),
            domain=domain,
            start=partial(begun, domain, point, spread),
            order=order,
            f_opt=-real(f_opt, "f_opt") if self.maximize and f_opt is not None else f_opt,
            arrays=kind,
            dtype=dtype,
            vectorised=False,
            failures=self.failures,
            name=f"minus-{self.title}" if self.maximize else self.title,
            taken=coordinates.taken,
            **noisy,
        )

    def _check(self, budget: float, spread: float, f_opt: float | None) -> None:
        """Raise ValueError for what does not fit."""
        if isinstance(self.f, str):
            raise ValueError(
                f"f must be a function, or an Objective as bench.make({self.f!r}) gives one of a registered problem, "
                f"got the text {self.f!r}"
            )
        functions: list[Any] = list(self.f) if isinstance(self.f, tuple) and len(self.f) == 2 else [self.f]
        if not all(map(callable, functions)):
            raise ValueError(f"f must be a function, a pair of function and gradient, or an Objective, got {self.f!r}")
        if kind := next(filter(None, map(suspended, functions)), ""):
            raise ValueError(f"f must be a plain function, which gives its value when it is called, got {kind}")
        check_budget(budget)
        if not _is_number(spread) or not 0 <= spread < inf:
            raise ValueError(f"spread must be a number >= 0, got {spread!r}")
        if self.failures not in get_args(Failures):
            raise ValueError(f"failures must be one of {', '.join(get_args(Failures))}, got {self.failures!r}")
        for name in ("maximize", "noise"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise ValueError(f"{name} must be True or False, got {getattr(self, name)!r}")
        if self.noise and f_opt is not None:
            raise ValueError("f_opt must be None where noise=True: noisy values lie below any minimum by chance")


def check_budget(budget: Any) -> None:
    """Raise ValueError for what is no budget."""
    if not _is_number(budget) or not 0 < budget < inf:
        raise ValueError(f"budget must be a finite number above 0, got {budget!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def scores(budget: float) -> tuple[int, int]:
    """Of runs on a noisy function: the values whose mean is a score, and the scores between start and end; all together
    a fifth of the budget at most, as long as that is two."""
    allowed = float(budget) / 5
    values = int(np.clip(allowed // (CHECKPOINTS + 2), 1, VALUES))
    return values, int(np.clip(allowed // values - 2, 0, CHECKPOINTS))


def _own_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """What stands for the random numbers of a function that draws its own."""
    return np.zeros(shape)


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


@contextmanager
def registered(objective: Objective) -> Iterator[Entry]:
    """The entry of a suite that is this objective: of a registered problem that with its parameters; else it is given a
    name in the registry, for as long as it is compared."""
    if objective.made:
        yield Entry(objective.name, {key: (value,) for key, value in objective.parameters.items()})
        return
    name = as_name(objective.name)
    while name in PROBLEMS:
        name += "-"
    PROBLEMS[name] = ProblemDefinition(name, lambda instance: objective, "yours", "its author", 1, (), {})
    try:
        yield Entry(name, {})
    finally:
        del PROBLEMS[name]


def as_name(text: str) -> str:
    """A text as the name of a problem."""
    return re.sub(r"[^\w.]+|_+", "-", text).strip("-.") or "function"
