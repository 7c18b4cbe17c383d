"""Bridges to the local methods of scipy.optimize.minimize that need values alone, and no random numbers.

Nelder-Mead stands in scipy_minimize.py. A driver that returns has met its own tolerance, and the run then begins anew
at another start. Limits of iterations are lifted, since the budget ends a run. All three keep to the bounds of the
domain. First steps and trust regions are told in units of the domain's scale.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.core import Oracle, optimizer
from optimizers.bounds import hard_bounds
from optimizers.hyperparameters import Step, Tolerance
from optimizers.scipy_minimize import ENDLESS, box_bounds

HUGE = 1e100  # told in place of NaN and infinity, for which these methods are not made; its square is still a number


def finite(oracle: Oracle) -> Callable[[np.ndarray], float]:
    """`oracle.value` at one point, with a number for every answer.

    COBYLA takes bounds for constraints, which it may break by its tolerance: such a point is asked at the bound.
    """
    low, high = hard_bounds(oracle)

    def value(x: np.ndarray) -> float:
        f = oracle.value(np.clip(x, low, high))
        return f if -np.inf < f < np.inf else HUGE

    return value


def minimize(oracle: Oracle, method: str, options: dict[str, Any]) -> None:
    """Ask SciPy's method of that name; where answers are noisy its present point is recommended at each iteration."""
    import scipy.optimize

    x0, callback = oracle.x0, None
    if oracle.noisy:
        oracle.recommend(x0)
        callback = oracle.recommend
    bounds = box_bounds(oracle)
    scipy.optimize.minimize(finite(oracle), x0, method=method, bounds=bounds, callback=callback, options=options)


@optimizer(order=0, needs=("scipy.optimize",), source="Powell 1964, doi:10.1093/comjnl/7.2.155")
def scipy_powell(oracle: Oracle, *, xtol: Tolerance = 1e-4, ftol: Tolerance = 1e-12) -> None:
    """Line searches by Brent's method along directions that become conjugate.

    xtol: a hundredth of the relative error of a line search. It returns when a round of searches gains no more than
    ftol, relative. SciPy's own ftol of 1e-4 would end it before the finest targets. The first directions are the axes,
    of the length of the domain's scale.
    """
    options = {"xtol": xtol, "ftol": ftol, "maxiter": ENDLESS, "maxfev": ENDLESS}
    minimize(oracle, "Powell", {**options, "direc": np.diag(oracle.domain.scale)})


@optimizer(
    order=0, needs=("scipy.optimize",), source="Powell 1994, doi:10.1007/978-94-015-8330-5_4; Zhang 2023 (PRIMA)"
)
def scipy_cobyla(oracle: Oracle, *, radius: Step = 0.5, tol: Tolerance = 1e-8) -> None:
    """Linear models through dim + 1 points, in a trust region that shrinks.

    radius, tol: of the trust region at first, and when it returns.
    """
    scale = float(oracle.domain.scale.min())
    minimize(oracle, "COBYLA", {"rhobeg": radius * scale, "tol": tol * scale, "maxiter": ENDLESS})


@optimizer(order=0, needs=("scipy.optimize",), source="Ragonneau 2022, Hong Kong PolyU thesis (COBYQA)")
def scipy_cobyqa(oracle: Oracle, *, radius: Step = 0.5, tol: Tolerance = 1e-8) -> None:
    """Quadratic models through 2 dim + 1 points, in a trust region that shrinks.

    radius, tol: of the trust region at first, and when it returns.
    """
    scale = float(oracle.domain.scale.min())
    radii = {"initial_tr_radius": radius * scale, "final_tr_radius": tol * scale}
    minimize(oracle, "COBYQA", {**radii, "maxfev": ENDLESS, "maxiter": ENDLESS})
