"""What is known of a definition, for JSON and for reading."""

import inspect
import re
import textwrap
from typing import Any

LINE = 69  # letters of a problem's words in a list


def hyperparameter_facts(name: str) -> dict[str, Any]:
    """An optimizer's hyperparameters with defaults, what is allowed and where to tune, and what it needs."""
    from bench.core import registry

    definition = registry.find_optimizer(name)
    hyperparameters = {}
    for key, parameter in definition.parameters.items():
        facts: dict[str, Any] = {"type": type_text(parameter.annotation), "default": parameter.default}
        if parameter.range is not None:
            tuned = {"low": parameter.range.low, "high": parameter.range.high, "log": parameter.range.log}
            facts |= {"allowed": parameter.range.allowed(), "tuned": tuned}
        hyperparameters[key] = facts
    return {
        "hyperparameters": hyperparameters,
        "needs": list(definition.needs),
        "missing": registry.missing(definition),
        "deterministic": definition.deterministic,
        "structure": definition.structure,
        "kinds": list(definition.kinds),
    }


def problem_facts(name: str, measured: bool = False) -> dict[str, Any]:
    """What is known of a problem at its defaults: dim, bounds, orders that it answers, minimum; measured: and seconds
    of each answer here, see `bench.runner.timing`; where it cannot be built, or measured, why: "error", or
    "unavailable" where this machine lacks something."""
    from bench.core import registry

    definition = registry.find_problem(name)
    if registry.missing(definition):
        return {"needs": list(definition.needs)}
    facts: dict[str, Any] = {}
    try:
        objective = definition.make()
        if measured:
            from bench.core.foreign import foreign
            from bench.runner.timing import measured_prices

            with foreign(f"{name} cannot be measured"):
                facts["seconds"] = measured_prices(objective)
    except registry.Unavailable as error:
        return {"unavailable": str(error)}
    except ValueError as error:
        return {"error": str(error)}
    return facts | {
        "dim": objective.dim,
        "any_dim": "dim" in definition.parameters,
        "orders": list(range(objective.order + 1)),
        "domain": {
            "kinds": sorted(objective.domain.all_kinds),
            "low": _bound(objective.domain.low),
            "high": _bound(objective.domain.high),
        },
        "f_opt": objective.f_opt,
        "data_rows": objective.rows if objective.data else 0,
        "noisy": objective.noise is not None,
        "residuals": objective.residuals is not None,
        "composite": objective.composite is not None,
    }


def _bound(bound: Any) -> Any:
    """The bounds of one side for JSON: one number where all coordinates have the same, null where there is none."""
    import numpy as np

    numbers = [float(x) if np.isfinite(x) else None for x in np.atleast_1d(bound)]
    return numbers[0] if len(set(numbers)) == 1 else numbers


def definition_parameters(definition: Any) -> str:
    """The parameters of a definition at their defaults, in the notation of the command line."""
    from bench.core.registry import written

    return ", ".join(f"{key}={written(parameter.default)}" for key, parameter in definition.parameters.items())


def in_words(function: Any) -> str:
    """What a function is, in one line: the first sentence of its docstring, cut where it is longer than a line."""
    paragraph = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    sentence = re.split(r"(?<=.{12})\.\s", paragraph, maxsplit=1)[0].rstrip(".")  # `1. A curved valley` is one
    return textwrap.shorten(sentence, LINE, placeholder=" ...")


def type_text(annotation: Any) -> str:
    """An annotation in a reader's words: choices one by one."""
    from typing import Literal, get_args, get_origin

    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_args(annotation) and get_origin(annotation) is not tuple:
        return " | ".join(type_text(choice) for choice in get_args(annotation))
    return "none" if annotation is type(None) else str(getattr(annotation, "__name__", annotation))
