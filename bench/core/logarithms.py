"""Coordinates that are searched in their logarithm: what methods ask instead of them, and what records hold of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from bench.core.domain import Array
from bench.core.objective import Objective

KEY = "log@domain"  # the constant (dim,) that is 1 for these coordinates and 0 for others; no parameter has that name


def searched(objective: Objective) -> Objective:
    """The problem as an oracle shows it to methods: with ln x in place of each coordinate whose domain says `log`.

    Bounds, scales, starts, optimum and slopes are those of the logarithm; `Domain.from_search` is the way back.
    """
    domain = objective.domain
    if not np.any(domain.log):
        return objective
    start, x_opt, composite = objective.start, objective.x_opt, objective.composite
    if composite is not None:
        composite = replace(composite, network=behind(composite.network), play=behind(composite.play))
    functions = ("formula", "score", "residuals", "row_losses")
    return replace(
        objective,
        **{name: behind(getattr(objective, name)) for name in functions},
        gradient=behind(objective.gradient, of="slopes"),
        both=behind(objective.both, of="both"),
        metrics={name: behind(metric) for name, metric in objective.metrics.items()},
        composite=composite,
        constants={**objective.constants, KEY: np.full(objective.dim, domain.log, dtype=np.float64)},
        domain=replace(domain.in_search, scale=objective.box.scale),
        start=None if start is None else lambda rng: domain.to_search(start(rng)),
        x_opt=None if x_opt is None else domain.to_search(x_opt),
    )


@cache  # so that all instances of a problem have one and the same formula
def behind(function: Callable[..., Any] | None, of: str = "") -> Any:
    """z, constants -> function(x, constants), x being exp(z) in logarithmic coordinates. What it gives: of "slopes",
    those times dx / dz; of "both", the value and then slopes, (..., 1 + dim)."""
    if function is None:
        return None

    def changed(z: Array, *more: Array, **constants: Any) -> Any:
        xp, log = array_namespace(z), constants.pop(KEY) > 0
        with np.errstate(over="ignore"):
            x = xp.where(log, xp.exp(xp.where(log, z, xp.zeros_like(z))), z)
        answer = function(x, *more, **constants)
        if not of:
            return answer
        factor = xp.where(log, x, xp.ones_like(x))  # dx / dz
        return answer * (factor if of == "slopes" else xp.concat([xp.ones_like(factor[..., :1]), factor], axis=-1))

    return changed
