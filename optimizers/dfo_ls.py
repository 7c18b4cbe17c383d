"""The bridge to DFO-LS: least squares without derivatives, from the residuals that each value has."""

from typing import TYPE_CHECKING

import numpy as np

from bench.core import Oracle, optimizer

from .generators import seeded
from .hyperparameters import Step, Tolerance
from .units import Units

if TYPE_CHECKING:
    from collections.abc import Callable

HUGE = 1e50  # told in place of residuals that are not finite; its square is still a number


@optimizer(
    order=0,
    name="dfo-ls",
    structure="residuals",
    needs=("dfols",),
    source="Cartis, Fiala, Marteau & Roberts 2019, doi:10.1145/3338517",
)
def dfo_ls(oracle: Oracle, *, radius: Step = 0.1, tol: Tolerance = 1e-8) -> None:
    """Gauss-Newton on linear models of all residuals, through dim + 1 points, in a trust region that shrinks.

    It keeps to hard bounds, and restarts itself where it is told that answers are noisy. radius, tol: of the trust
    region at first, and when it returns, in units of the domain's scale.
    """
    import dfols  # pyright: ignore[reportMissingImports] # where the extra is not installed

    units = Units(oracle)
    seed = int(oracle.rng.integers(2**32))
    narrowest = float((units.high - units.low).min())
    with seeded(seed):
        dfols.solve(
            residuals(units),
            np.clip(units.x0, units.low, units.high),
            bounds=None if units.open else (units.low, units.high),
            rhobeg=min(radius, narrowest / 2),
            rhoend=tol,
            maxfun=int(oracle.remaining / oracle.prices["value"]) + 1,  # it makes lists of as many
            user_params={"model.abs_tol": 0.0, "model.rel_tol": 0.0},
            objfun_has_noise=units.noisy,
            do_logging=False,
        )


def residuals(units: Units) -> "Callable[[np.ndarray], np.ndarray]":
    """u (dim,) -> the residuals (m,), all of them finite; where answers are noisy the luckiest point is recommended."""
    best = np.inf
    if units.noisy:
        units.recommend(units.x0)

    def asked(u: np.ndarray) -> np.ndarray:
        nonlocal best
        r = units.residuals(u)
        if units.noisy and (f := float(r @ r)) < best:
            best = f
            units.recommend(u.copy())
        return np.where(np.isfinite(r), r, HUGE)

    return asked
