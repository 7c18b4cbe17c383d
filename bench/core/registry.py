"""The two registries: every problem and every optimizer by name, with its source and its parameters."""

import difflib
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any, Literal, TypeVar

from bench.core.domain import Kind
from bench.core.objective import Objective

Structure = Literal["residuals", "composite"]


class Unavailable(ValueError):
    """What a problem or a method needs is not there, on this machine or in this problem; the message says what.

    Its runs are skipped.
    """


class UnknownName(ValueError):
    """A name that no registry holds; the message gives the closest ones."""


@dataclass(frozen=True)
class Range:
    """What a number may be, and where it is worth tuning: `lr: Annotated[float, Range(1e-4, 10, log=True, above=0)]`.

    low, high: between which a good value may be looked for, in equal ratios where log.
    above, least, below, most: what is allowed at all.
    """

    low: float
    high: float
    log: bool = False
    above: float = -inf
    least: float = -inf
    below: float = inf
    most: float = inf

    def check(self, value: float, what: str) -> None:
        """Raise ValueError where the value is not allowed."""
        if not (self.above < value < self.below and self.least <= value <= self.most and isfinite(value)):
            raise ValueError(f"{what} must be {self.allowed()}, got {value}")

    def allowed(self) -> str:
        """In words, such as `> 0` or `>= 0 and < 1`."""
        limits = ((">", self.above), (">=", self.least), ("<", self.below), ("<=", self.most))
        return " and ".join(f"{sign} {limit:g}" for sign, limit in limits if isfinite(limit)) or "finite"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a problem, or hyperparameter of an optimizer: its annotation, its default, and its range."""

    annotation: Any
    default: Any
    range: Range | None = None


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

    def make(self, instance: int = 1, **parameters: Any) -> Objective:
        """Build one instance; raises ValueError for a parameter it does not take."""
        values = settings(self, parameters)
        if instance < 1:
            raise ValueError(f"{self.name}: instance must be >= 1, got {instance}")
        try:
            objective = self.function(**values, instance=instance)
        except ValueError as error:
            kind = Unavailable if isinstance(error, Unavailable) else ValueError
            raise kind(f"{self.name}: {error}") from error
        except Exception as error:
            raise ValueError(f"{self.name}: cannot be built: {type(error).__name__}: {error}") from error
        return replace(objective, name=self.name, parameters=values, instance=instance)


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

PROBLEMS: dict[str, ProblemDefinition] = {}
OPTIMIZERS: dict[str, OptimizerDefinition] = {}
WRAPPERS: dict[str, WrapperDefinition] = {}


def problem(
    *, family: str, source: str, name: str | None = None, version: int = 1, needs: Iterable[str] = ()
) -> Callable[[Callable[..., Objective]], Callable[..., Objective]]:
    """Register a function of a problem's parameters and `instance` that builds an `Objective`.

    name: the function's own, with hyphens, unless given. version: raised when the meaning changes, so that old runs
    are not taken for new ones. needs: modules that must be importable.
    """

    def register(function: Callable[..., Objective]) -> Callable[..., Objective]:
        key = name or function.__name__.replace("_", "-")
        parameters = _parameters(function)
        if parameters.pop("instance", None) is None:
            raise ValueError(f"{key}: a problem must take instance: int = 1")
        _add(PROBLEMS, ProblemDefinition(key, function, family, source, version, tuple(needs), parameters))
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
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function of an oracle (and keyword-only hyperparameters) that minimises what the oracle answers.

    order: the highest it asks for: 0 values, 1 gradients, 2 Hessian-vector products.
    lanes: whether x may be (R, dim), each row a run of its own that does not depend on the others.
    arrays: what it computes with; "any" is torch on problems of torch and on a GPU, and NumPy elsewhere.
    kinds: of the coordinates that it takes, see `Domain`. structure: what a problem must have beside a value:
    "residuals" (least squares) or "composite". lane_rates: whether `lr` may be an array (R, 1), one a lane.
    deterministic: whether the seed fixes the run (False where it reads the clock, say).
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        key = name or function.__name__.replace("_", "-")
        if order not in (0, 1, 2):
            raise ValueError(f"{key}: order must be 0, 1 or 2, got {order!r}")
        definition = OptimizerDefinition(
            key,
            function,
            order,
            source,
            lanes,
            arrays,
            deterministic,
            version,
            tuple(needs),
            _parameters(function, skip=1),
            tuple(kinds),
            structure,
            lane_rates,
        )
        _add(OPTIMIZERS, definition)
        return function

    return register


def wrapper(*, source: str, name: str | None = None, version: int = 1) -> Callable[..., Callable[..., Objective]]:
    """Register a function (objective, *, parameters, instance) that builds another objective from one.

    `PROBLEM+WRAPPER` is then the name of a problem, for every problem, with the parameters of both.
    """

    def register(function: Callable[..., Objective]) -> Callable[..., Objective]:
        key = name or function.__name__.replace("_", "-")
        parameters = {k: p for k, p in _parameters(function, skip=1).items() if k != "instance"}
        _add(WRAPPERS, WrapperDefinition(key, function, source, version, parameters))
        return function

    return register


def _add(registry: dict[str, D], definition: D) -> None:
    other = registry.get(definition.name)
    if other is not None and other.function.__module__ != definition.function.__module__:
        raise ValueError(
            f"{definition.name} is registered twice: in {other.function.__module__} "
            f"and in {definition.function.__module__}"
        )
    if not definition.source:
        raise ValueError(f"{definition.name}: source must name author and year")
    registry[definition.name] = definition


def _parameters(function: Callable[..., Any], skip: int = 0) -> dict[str, Parameter]:
    items = list(inspect.signature(function, eval_str=True).parameters.values())[skip:]
    for item in items:
        if item.name != "instance" and item.default is inspect.Parameter.empty:
            raise ValueError(f"{function.__name__}: parameter {item.name} must have a default")
        if item.annotation is inspect.Parameter.empty:
            example = f"{item.name}: {type(item.default).__name__} = {item.default!r}"
            raise ValueError(f"{function.__name__}: parameter {item.name} must have an annotation, such as {example}")
    return {item.name: _parameter(item.annotation, item.default) for item in items}


def _parameter(annotation: Any, default: Any) -> Parameter:
    if typing.get_origin(annotation) is not typing.Annotated:
        return Parameter(annotation, default)
    bare, *notes = typing.get_args(annotation)
    return Parameter(bare, default, next((note for note in notes if isinstance(note, Range)), None))


def lookup(registry: Mapping[str, Any], name: str, what: str) -> Any:
    """What a mapping holds under that name; raises UnknownName with the closest names."""
    if name in registry:
        return registry[name]
    lower = {key.lower(): key for key in registry}
    same = [key for key in registry if name.lower() in key.lower().split("-")]  # adam: torch-adam
    same.sort(key=lambda key: not key.startswith(("torch-", "scipy-", "bbob-")))
    close = [lower[key] for key in difflib.get_close_matches(name.lower(), lower, n=4, cutoff=0.5)]
    close = list(dict.fromkeys([*same[:2], *close]))[:4]
    listed = "`, `".join(f"python -m bench list {each}s" for each in what.split(" or "))
    hint = f"did you mean {', '.join(close)}?" if close else f"`{listed}` name all"
    raise UnknownName(f"unknown {what} {name!r}: {hint} (a module of your own is loaded by --import)")


def find_problem(name: str) -> ProblemDefinition:
    """The problem of that name, or `PROBLEM+WRAPPER+...`; raises UnknownName with the closest names."""
    base, *wrappers = name.split("+")
    definition = lookup(PROBLEMS, base, "problem")
    for item in wrappers:
        definition = wrapped(definition, lookup(WRAPPERS, item, "wrapper"))
    return definition


def wrapped(inner: ProblemDefinition, outer: WrapperDefinition) -> ProblemDefinition:
    """The problem that a wrapper makes of another; raises ValueError where both have a parameter of the same name."""
    name = f"{inner.name}+{outer.name}"
    for key in sorted(outer.parameters.keys() & inner.parameters.keys()):
        raise ValueError(f"{name}: both {inner.name} and {outer.name} have a parameter {key!r}")

    def function(instance: int, **values: Any) -> Objective:
        own = {key: values.pop(key) for key in outer.parameters}
        objective = replace(inner.function(instance=instance, **values), name=inner.name, instance=instance)
        return outer.function(objective, instance=instance, **own)

    function.__module__ = inner.function.__module__
    function.__doc__ = "\n\n".join(f"{item.name}: {inspect.getdoc(item.function)}" for item in (inner, outer))
    return replace(
        inner,
        name=name,
        function=function,
        source=f"{inner.source}; {outer.name}: {outer.source}",
        version=1000 * inner.version + outer.version,
        parameters={**inner.parameters, **outer.parameters},
    )


def find_optimizer(name: str) -> OptimizerDefinition:
    """The optimizer of that name; raises UnknownName with the closest names."""
    return lookup(OPTIMIZERS, name, "optimizer")


def settings(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a definition: the given ones cast to their annotations, the others at their defaults."""
    for key in given:
        if key not in definition.parameters:
            takes = ", ".join(f"{k}={p.default}" for k, p in definition.parameters.items()) or "none"
            raise ValueError(f"{definition.name} has no parameter {key!r}; it takes: {takes}")
    return {
        key: _checked(given[key], parameter, f"{definition.name}: {key}") if key in given else parameter.default
        for key, parameter in definition.parameters.items()
    }


def _checked(value: Any, parameter: Parameter, what: str) -> Any:
    value = cast(value, parameter.annotation, what)
    if parameter.range is not None and isinstance(value, (int, float)):
        parameter.range.check(value, what)
    return value


def cast(value: Any, annotation: Any, what: str) -> Any:
    """value as its annotation says (int, float, bool, str, Literal, tuple[int, ...], or one of these | None)."""
    options = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        if type(None) in options and (value is None or str(value).lower() == "none"):
            return None
        inner = [option for option in options if option is not type(None)]
        for option in inner[:-1]:
            try:
                return cast(value, option, what)
            except ValueError:  # the next one may take it
                continue
        return cast(value, inner[-1], what)
    if origin is Literal:
        for option in options:
            if str(value) == str(option):
                return option
        raise ValueError(f"{what} must be one of {', '.join(map(str, options))}, got {value!r}")
    if origin is tuple:  # 64x32 on the command line
        items = value.split("x") if isinstance(value, str) else [value] if isinstance(value, (int, float)) else value
        return tuple(cast(item, options[0], what) for item in items)
    return _scalar(value, annotation, what)


def _scalar(value: Any, annotation: Any, what: str) -> Any:
    wrong = ValueError(f"{what} must be {getattr(annotation, '__name__', annotation)}, got {value!r}")
    if annotation is bool:
        if str(value).lower() not in ("true", "false"):
            raise wrong
        return str(value).lower() == "true"
    if isinstance(value, bool):
        raise wrong
    try:
        if annotation is int:
            number = float(value)
            if number != int(number):
                raise wrong
            return int(number)
        if annotation is float:
            return float(value)
    except (TypeError, ValueError, OverflowError):
        raise wrong from None
    if annotation is str:
        return str(value)
    raise ValueError(f"{what}: annotation {annotation} is not one that a parameter may have")


def missing(definition: Definition) -> list[str]:
    """The modules that a definition needs and that are not installed."""
    return [module for module in definition.needs if importlib.util.find_spec(module.partition(".")[0]) is None]


DISTRIBUTIONS = {"ax": "ax-platform", "pybobyqa": "Py-BOBYQA", "sklearn": "scikit-learn"}  # of modules named otherwise


def how_to_install(modules: Iterable[str]) -> str:
    """The command that installs modules: an extra of ours where one brings them."""
    try:
        requirements = importlib.metadata.requires("fogbench") or []
    except importlib.metadata.PackageNotFoundError:
        requirements = []
    found = (re.match(r"([\w.-]+).*extra == .(\w+)", item) for item in requirements)
    extras = {item[1].replace("-", "_"): item[2] for item in found if item}
    wanted = [
        f'-e ".[{extras[module]}]"' if module in extras else DISTRIBUTIONS.get(module, module.replace("_", "-"))
        for module in (module.partition(".")[0] for module in modules)
    ]
    return f"pip install {' '.join(dict.fromkeys(wanted))}"


_loaded: set[str] = set()


def load(packages: Iterable[str], imports: Iterable[str] = ()) -> None:
    """Import every module of the packages, the entry points of group `bench.plugins`, and the named modules, once.

    Raises ValueError with the name of a module of the user's that cannot be imported.
    """
    for package in packages:
        if package in _loaded:
            continue
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, prefix=f"{package}."):
            importlib.import_module(module.name)
        _loaded.add(package)
    if "entry points" not in _loaded:
        for point in importlib.metadata.entry_points(group="bench.plugins"):
            point.load()
        _loaded.add("entry points")
    for name in imports:
        if name not in _loaded:
            try:
                importlib.import_module(name)
            except Exception as error:  # whatever a module of the user's does
                hint = (
                    "; a module is named as in `import`, not by its file" if "/" in name or name.endswith(".py") else ""
                )
                raise ValueError(
                    f"module {name!r} cannot be imported: {type(error).__name__}: {error}{hint}"
                ) from error
            _loaded.add(name)
