"""A wrapper of the clock: an evaluation that takes its time."""

from dataclasses import replace

from bench.core import Objective, wrapper

from .composition import positive


@wrapper(
    source="Jones, Schonlau & Welch 1998, doi:10.1023/A:1008306431147, on expensive functions; a plain pause, ours"
)
def delayed(objective: Objective, *, seconds: float = 0.001, instance: int = 1) -> Objective:
    """f, but each evaluation takes that many seconds longer: a population of ten, ten times as many.

    Gradients are asked together with values and pause once; scores, which are not the method's, never.
    """
    positive(seconds=seconds)
    return replace(objective, delay=objective.delay + seconds)
