"""How a wrapper changes a problem: where all its parts are asked, and what is made of their answers.

A wrapper's arrays are constants of the new problem, under keys such as "shift@2" that no formula's parameter can have.
Composed functions are remembered: all instances of a wrapped problem have one and the same, as a stack needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective

Before = Callable[..., Array]  # (x, *own) -> the point that the problem sees
After = Callable[..., Any]  # (answer, x, *own) -> the answer that is given
remembered = cache


def rewritten(
    objective: Objective,
    constants: Mapping[str, Array],
    *,
    before: Before | None = None,
    values: After | None = None,
    slopes: After | None = None,
    residuals: After | None = None,
    costs: After | None = None,
    **facts: Any,
) -> Objective:
    """The problem whose every part is asked at before(x, *own) and whose answers are values(answer, x, *own) and so on.

    constants: the wrapper's own, which all these functions get in this order. values: of f and the score (*points).
    slopes: of the closed gradient at before(x), (*points, dim). residuals: (*points, m). costs: of steps or of rows of
    data, (*points, n). None leaves answers as they are; metrics and networks keep theirs always. facts: further fields.
    """
    keys = own_keys(objective, constants)

    def part(function: Callable[..., Any] | None, after: After | None = None) -> Any:
        return None if function is None else composed(function, keys, before, after)

    composite = objective.composite
    if composite is not None:
        played = None if costs is None else of_the_first(costs)
        composite = replace(composite, network=part(composite.network), play=part(composite.play, played))
    return replace(
        objective,
        constants={**objective.constants, **dict(zip(keys, constants.values(), strict=True))},
        formula=part(objective.formula, values),
        score=part(objective.score, values),
        gradient=part(objective.gradient, slopes),
        residuals=part(objective.residuals, residuals),
        row_losses=part(objective.row_losses, costs),
        metrics={name: part(metric) for name, metric in objective.metrics.items()},
        composite=composite,
        **facts,
    )


def own_keys(objective: Objective, constants: Mapping[str, Array]) -> tuple[str, ...]:
    """Keys for a wrapper's constants that the problem's own do not have, nor those of wrappers inside."""
    return tuple(f"{name}@{len(objective.constants)}" for name in constants)


@remembered
def composed(
    function: Callable[..., Any], keys: tuple[str, ...], before: Before | None, after: After | None
) -> Callable[..., Any]:
    """x, *more, constants -> after(function(before(x, *own), *more, the other constants), x, *own)."""

    def changed(x: Array, *more: Array, **constants: Any) -> Any:
        own = [constants.pop(key) for key in keys]
        answer = function(x if before is None else before(x, *own), *more, **constants)
        return answer if after is None else after(answer, x, *own)

    return changed


@remembered
def of_the_first(change: After) -> After:
    """The change of the first of two answers: of the costs of `play`, whose inputs stay."""
    return lambda answers, *more: (change(answers[0], *more), answers[1])


def flat(x: Array, **_: Any) -> Array:
    """The gradient of what is piecewise constant, zero wherever there is one: x (*points, dim) -> (*points, dim)."""
    return array_namespace(x).zeros_like(x)


def generator(wrapper: str, instance: int) -> np.random.Generator:
    """The random numbers of a wrapper's instance, which are not those from which the problem is drawn."""
    return np.random.default_rng([instance, *wrapper.encode()])


def needs_real(objective: Objective, wrapper: str) -> None:
    """Raises ValueError for a problem with coordinates that are not real numbers, or searched in their logarithm."""
    if np.any(objective.domain.log):
        raise ValueError(f"{wrapper} takes no problems that are searched in logarithms, as {objective.name} is")
    kinds = objective.domain.kinds
    if not objective.domain.real:
        found = kinds if isinstance(kinds, str) else ", ".join(sorted(set(kinds)))
        raise ValueError(f"{wrapper} takes problems of real numbers; {objective.name} has kinds {found}")


def positive(**values: float) -> None:
    """Raises ValueError for a parameter that is not a positive, finite number."""
    for name, value in values.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {value}")
