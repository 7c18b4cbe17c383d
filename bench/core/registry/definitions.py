"""The three registries: every problem, optimizer and wrapper by name, with its source and its parameters."""

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from bench.core.domain import Kind
from bench.core.failures import Failures
from bench.core.foreign import NEVER_RUNS, foreign, suspended
from bench.core.gate import described, python_number
from bench.core.objective import Objective
from bench.core.registry.parameters import Parameter, cast, parameters_of
from bench.core.script import Call
from bench.core.shown import written

Structure = Literal["residuals", "composite"]


class Unavailable(ValueError):
    """What a problem or a method needs is not there, on this machine or in this problem; the message says what.

    Its runs are skipped.
    """


@dataclass(frozen=True)
class ProblemDefinition:
    """A registered problem: a function of its parameters and the instance that builds an `Objective`."""

    name: str
    function: Callable[..., Objective]
    family: str
    source: str
    version: int
    needs: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    failures: Failures | None = None

    def make(self, instance: int = 1, **parameters: Any) -> Objective:
        """Build one instance; raises ValueError for a parameter it does not take."""
        values, instance = settings(self, parameters), python_number(instance)
        if instance < 1:
            raise ValueError(f"{self.name}: instance must be >= 1, got {instance}")
        try:
            with foreign("cannot be built", passing=(ValueError,)):
                objective = self.function(**values, instance=instance)
        except ValueError as error:
            kind = Unavailable if isinstance(error, Unavailable) else ValueError
            raise kind(f"{self.name}: {error}") from error
        objective = _built(self.name, objective)
        failures = self.failures or objective.failures
        objective = replace(objective, name=self.name, parameters=values, instance=instance, failures=failures)
        object.__setattr__(objective, "made", True)
        return objective


def _built(name: str, objective: Any) -> Objective:
    """What the function of a problem gave; raises ValueError where that is none, as where it forgot to return it."""
    if not isinstance(objective, Objective):
        raise ValueError(f"{name}: its function must give an Objective, got {described(objective)}")
    return objective


@dataclass(frozen=True)
class OptimizerDefinition:
    """A registered optimizer: a function of an oracle, and the facts by which runs are planned."""

    name: str
    function: Callable[..., None]
    order: Literal[0, 1, 2]
    source: str
    lanes: bool
    arrays: Literal["numpy", "torch", "any"]
    deterministic: bool
    version: int
    needs: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    kinds: tuple[Kind, ...] = ("real",)
    structure: Structure | None = None
    lane_rates: bool = False
    call: Call | None = None


@dataclass(frozen=True)
class WrapperDefinition:
    """A registered wrapper: a function of an objective, its parameters and the instance that builds another one."""

    name: str
    function: Callable[..., Objective]
    source: str
    version: int
    parameters: Mapping[str, Parameter]


Definition = ProblemDefinition | OptimizerDefinition
D = TypeVar("D", ProblemDefinition, OptimizerDefinition, WrapperDefinition)


def settings(definition: Definition | WrapperDefinition, values: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a definition: the values cast to their annotations, the others at their defaults."""
    for key in values:
        if key not in definition.parameters:
            takes = ", ".join(f"{k}={written(p.default)}" for k, p in definition.parameters.items()) or "none"
            raise ValueError(f"{definition.name} has no parameter {key!r}; it takes: {takes}")
    complete = {
        key: _checked(values[key], parameter, f"{definition.name}: {key}") if key in values else parameter.default
        for key, parameter in definition.parameters.items()
    }
    for key, parameter in definition.parameters.items():
        if parameter.derived is not None and complete[key] == parameter.default:
            try:
                complete[key] = parameter.derived.follow(complete)
            except Unavailable as error:
                raise Unavailable(f"{definition.name}: {error}") from error
            except ValueError as error:
                raise ValueError(f"{definition.name}: {error}") from error
    return complete


def _checked(value: Any, parameter: Parameter, what: str) -> Any:
    value = cast(value, parameter.annotation, what)
    if parameter.range is not None and isinstance(value, (int, float)):
        parameter.range.check(value, what)
    return value


PROBLEMS: dict[str, ProblemDefinition] = {}
OPTIMIZERS: dict[str, OptimizerDefinition] = {}
WRAPPERS: dict[str, WrapperDefinition] = {}


def problem(
    *,
    family: str,
    source: str,
    name: str | None = None,
    version: int = 1,
    needs: Iterable[str] = (),
    failures: Failures | None = None,
) -> Callable[[Callable[..., Objective]], Callable[..., Objective]]:
    """Register a function of a problem's parameters and `instance` that builds an `Objective`.

    name: the function's own, with hyphens, unless given. version: raised when the meaning changes, so that old runs
    are not taken for new ones. needs: modules that must be importable. failures: "raise" or "nan", in place of
    what its objectives say: see `Objective`.
    """

    def register(function: Callable[..., Objective]) -> Callable[..., Objective]:
        key = name or function.__name__.replace("_", "-")
        parameters = parameters_of(function)
        if parameters.pop("instance", None) is None:
            raise ValueError(f"{key}: a problem must take instance: int = 1")
        _add(PROBLEMS, ProblemDefinition(key, function, family, source, version, tuple(needs), parameters, failures))
        return function

    return register


def optimizer(
    *,
    order: Literal[0, 1, 2],
    source: str,
    name: str | None = None,
    lanes: bool = False,
    arrays: Literal["numpy", "torch", "any"] = "numpy",
    deterministic: bool = True,
    version: int = 1,
    needs: Iterable[str] = (),
    kinds: Iterable[Kind] = ("real",),
    structure: Structure | None = None,
    lane_rates: bool = False,
    call: Call | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function of an oracle (and keyword-only hyperparameters) that minimises what the oracle answers.

    order: the highest it asks for: 0 values, 1 gradients, 2 Hessian-vector products.
    lanes: whether x may be (R, dim), each row a run of its own that does not depend on the others.
    arrays: what it computes with; "any" is torch on problems of torch and on a GPU, and NumPy elsewhere.
    kinds: of the coordinates that it takes, see `Domain`. structure: what a problem must have beside a value:
    "residuals" (least squares) or "composite". lane_rates: whether `lr` may be an array (R, 1), one a lane.
    deterministic: whether the seed fixes the run (False where it reads the clock, say).
    call: of a library's method, writes the lines by which the library itself runs it: see `bench.core.script`.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        key = name or function.__name__.replace("_", "-")
        if order not in (0, 1, 2):
            raise ValueError(f"{key}: order must be 0, 1 or 2, got {order!r}")
        if kind := suspended(function):
            raise ValueError(f"{key}: {NEVER_RUNS.format(kind)}")
        definition = OptimizerDefinition(
            key, function, order, source, lanes, arrays, deterministic, version, tuple(needs),
            parameters_of(function, skip=1), tuple(kinds), structure, lane_rates, call,
        )  # fmt: skip
        _add(OPTIMIZERS, definition)
        return function

    return register


def wrapper(*, source: str, name: str | None = None, version: int = 1) -> Callable[..., Callable[..., Objective]]:
    """Register a function (objective, *, parameters, instance) that builds another objective from one.

    `PROBLEM+WRAPPER` is then the name of a problem, for every problem, with the parameters of both.
    """

    def register(function: Callable[..., Objective]) -> Callable[..., Objective]:
        key = name or function.__name__.replace("_", "-")
        parameters = {k: p for k, p in parameters_of(function, skip=1).items() if k != "instance"}
        _add(WRAPPERS, WrapperDefinition(key, function, source, version, parameters))
        return function

    return register


def _add(registry: dict[str, D], definition: D) -> None:
    other = registry.get(definition.name)
    if other is not None and _file_of(other) != _file_of(definition):
        raise ValueError(
            f"{definition.name} is registered twice: in {other.function.__module__} "
            f"and in {definition.function.__module__}"
        )
    if not definition.source:
        raise ValueError(f"{definition.name}: source must name author and year")
    registry[definition.name] = definition


def _file_of(definition: Definition | WrapperDefinition) -> str:
    """Where a definition stands; the name of its module where that is no file."""
    module = definition.function.__module__
    return getattr(sys.modules.get(module), "__file__", None) or module


def wrapped(inner: ProblemDefinition, outer: WrapperDefinition) -> ProblemDefinition:
    """The problem that a wrapper makes of another; raises ValueError where both have a parameter of the same name."""
    name = f"{inner.name}+{outer.name}"
    for key in sorted(outer.parameters.keys() & inner.parameters.keys()):
        raise ValueError(f"{name}: both {inner.name} and {outer.name} have a parameter {key!r}")

    def function(instance: int, **values: Any) -> Objective:
        of_outer = {key: values.pop(key) for key in outer.parameters}
        objective = _built(inner.name, inner.function(instance=instance, **values))
        objective = replace(objective, name=inner.name, instance=instance)
        return outer.function(objective, instance=instance, **of_outer)

    function.__module__ = inner.function.__module__
    function.__doc__ = "\n\n".join(
        f"{definition.name}: {inspect.getdoc(definition.function)}" for definition in (inner, outer)
    )
    return replace(
        inner,
        name=name,
        function=function,
        source=f"{inner.source}; {outer.name}: {outer.source}",
        version=1000 * inner.version + outer.version,
        parameters={**inner.parameters, **outer.parameters},
    )
