"""Calls of `bench.minimize` and `bench.compare` as lines of Python: what is shown so that runs can be made again."""

from ast import literal_eval
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from bench.core.arrays import is_tensor
from bench.core.gate import python_number
from bench.core.objective import Objective
from bench.core.registry import find_problem
from bench.core.script import SHORT
from bench.functions import Function, is_default


def minimize_call(of: Function | Objective, optimizer: str, budget: float, **more: Any) -> str:
    """The call that runs an optimizer on a user's function, or on an objective. more: further arguments of it."""
    first, arguments = _arguments(of, budget, more)
    return f'bench.minimize({first}, "{optimizer}", {", ".join(arguments)})'


def compare_call(of: Function | Objective, budget: float, **more: Any) -> str:
    """The call that compares optimizers on a user's function, or on an objective. more: further arguments of it."""
    first, arguments = _arguments(of, budget, more)
    return f"bench.compare({first}, {', '.join(arguments)})"


def _arguments(of: Function | Objective, budget: float, more: Mapping[str, Any]) -> tuple[str, list[str]]:
    """What is called a function or an objective, and the arguments that describe it, with the budget and more."""
    if isinstance(of, Objective):
        first, options = objective_text(of), {}
        dim = of.dim
    else:
        first, dim = called(of.f), len(of.coordinates.start)
        names = [each.name for each in fields(of)[2:] if not is_default(getattr(of, each.name), each.default)]
        options = {name: getattr(of, name) for name in ("start", *names)}
    arguments = [f"{name}={_text(name, value, dim)}" for name, value in options.items()]
    arguments.append(f"budget={float(budget):.12g}")
    return first, arguments + [f"{name}={_text(name, value, dim)}" for name, value in more.items()]


def objective_text(objective: Objective) -> str:
    """The call of `bench.make` that gave an objective; else a name for it."""
    if not objective.made:
        return "objective"
    defaults = find_problem(objective.name).parameters
    values = {key: value for key, value in objective.parameters.items() if value != defaults[key].default}
    values |= {"instance": objective.instance} if objective.instance != 1 else {}
    return f"bench.make({', '.join([repr(objective.name), *(f'{key}={value!r}' for key, value in values.items())])})"


def called(f: Any) -> str:
    """A function, or a pair of function and gradient, by name."""
    return f"({name_of(f[0], 'f')}, {name_of(f[1], 'g')})" if isinstance(f, tuple) else name_of(f, "f")


def name_of(function: Any, other: str) -> str:
    """The name of a function; another one where it has none."""
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else other


def _text(name: str, value: Any, dim: int) -> str:
    """An argument as Python reads it; its name where it is long, or what no literal is."""
    if dim > SHORT and name in ("start", "bounds"):
        return name
    if is_tensor(value) and not value.requires_grad and value.device.type == "cpu":
        numbers, dtype = value.tolist(), "" if str(value.dtype) == "torch.float32" else f", dtype={value.dtype}"
        return f"torch.tensor({numbers}{dtype})"
    value = _plain(value)
    try:
        return repr(value) if literal_eval(repr(value)) == value else name
    except (ValueError, SyntaxError):
        return name


def _plain(value: Any) -> Any:
    """Lists in place of arrays, and Python's numbers in place of NumPy's."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return python_number(value)
