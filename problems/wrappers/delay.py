"""A wrapper of the clock: an evaluation that takes its time."""

from collections.abc import Callable
from dataclasses import replace
from math import prod
from time import sleep
from typing import Any

from bench.core import Array, Objective, wrapper
from problems.wrappers.composition import composed, positive, remembered


@wrapper(
    source="Jones, Schonlau & Welch 1998, doi:10.1023/A:1008306431147, on expensive functions; a plain pause, ours"
)
def delayed(objective: Objective, *, seconds: float = 0.001, instance: int = 1) -> Objective:
    """f, but each evaluation takes that many seconds longer: a population of ten, ten times as many.

    Gradients are asked together with values and pause once; scores, which are not the method's, never.
    """
    positive(seconds=seconds)
    pause = pausing(seconds)

    def slow(function: Callable[..., Any]) -> Callable[..., Any]:
        return composed(function, (), pause, None)

    composite = objective.composite
    return replace(
        objective,
        formula=slow(objective.formula),
        score=objective.score or objective.formula,
        residuals=None if objective.residuals is None else slow(objective.residuals),
        row_losses=None if objective.row_losses is None else slow(objective.row_losses),
        composite=None if composite is None else replace(composite, play=slow(composite.play)),
    )


@remembered
def pausing(seconds: float) -> Callable[[Array], Array]:
    """x (*points, dim) -> x, after so many seconds a point."""

    def pause(x: Array) -> Array:
        sleep(seconds * prod(x.shape[:-1]))
        return x

    return pause
