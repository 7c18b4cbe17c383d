"""Parameters of problems and optimizers: what they may be, and values as their annotations say."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf, isfinite
from os import PathLike
from typing import Any, Literal

from bench.core.gate import python_number


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
class Derived:
    """A parameter that follows from the others where it is not given: `digest: Annotated[str, Derived(hash_of)] = ""`.

    It is part of what is stored, so that what follows from a file, say, is another problem when the file changes.
    follow: of all other parameters by name, complete, gives the value. Raises ValueError where it cannot.
    """

    follow: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a problem, or hyperparameter of an optimizer: its annotation, its default, and its range."""

    annotation: Any
    default: Any
    range: Range | None = None
    derived: Derived | None = None


def parameters_of(function: Callable[..., Any], skip: int = 0) -> dict[str, Parameter]:
    """The parameters of a function behind the first `skip`: raises ValueError for one without default or annotation."""
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())[skip:]
    for parameter in parameters:
        if parameter.name != "instance" and parameter.default is inspect.Parameter.empty:
            raise ValueError(f"{function.__name__}: parameter {parameter.name} must have a default")
        if parameter.annotation is inspect.Parameter.empty:
            example = f"{parameter.name}: {type(parameter.default).__name__} = {parameter.default!r}"
            raise ValueError(
                f"{function.__name__}: parameter {parameter.name} must have an annotation, such as {example}"
            )
    return {parameter.name: _parameter(parameter.annotation, parameter.default) for parameter in parameters}


def _parameter(annotation: Any, default: Any) -> Parameter:
    if typing.get_origin(annotation) is not typing.Annotated:
        return Parameter(annotation, default)
    bare, *notes = typing.get_args(annotation)
    limits = next((note for note in notes if isinstance(note, Range)), None)
    return Parameter(bare, default, limits, next((note for note in notes if isinstance(note, Derived)), None))


def cast(value: Any, annotation: Any, what: str) -> Any:
    """value as its annotation says (int, float, bool, str, Literal, tuple[int, ...], or one of these | None)."""
    value = python_number(value)
    options = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        if type(None) in options and (value is None or str(value).lower() == "none"):
            return None
        inner = [option for option in options if option is not type(None)]
        for option in inner[:-1]:
            with suppress(ValueError):  # the next one may take it
                return cast(value, option, what)
        return cast(value, inner[-1], what)
    if origin is Literal:
        for option in options:
            if str(value) == str(option):
                return option
        raise ValueError(f"{what} must be one of {', '.join(map(str, options))}, got {value!r}")
    if origin is tuple:  # 64x32 on the command line
        if isinstance(value, str):
            text = value.strip().removeprefix("(").removesuffix(")")
            value = text.split("x") if text else ()
        entries = [value] if isinstance(value, (int, float)) else value
        return tuple(cast(entry, options[0], what) for entry in entries)
    return _scalar(value, annotation, what)


def _scalar(value: Any, annotation: Any, what: str) -> Any:
    wrong = ValueError(f"{what} must be {getattr(annotation, '__name__', annotation)}, got {value!r}")
    if annotation is bool:
        if str(value).lower() not in ("true", "false"):
            raise wrong
        return str(value).lower() == "true"
    if isinstance(value, bool):
        raise wrong
    if annotation is int and isinstance(value, (int, str)):
        with suppress(ValueError):
            return int(value)  # not by way of a float, which skips whole numbers beyond 2^53
    try:
        if annotation in (int, float):
            number = float(value)
            if annotation is int and number != int(number):
                raise wrong
            return annotation(number)
    except (TypeError, ValueError, OverflowError):
        raise wrong from None
    if annotation is str:
        if not isinstance(value, (str, PathLike)):
            raise wrong
        return str(value)
    raise ValueError(f"{what}: annotation {annotation} is not one that a parameter may have")
