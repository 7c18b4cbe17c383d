"""Bridges to the local methods of scipy.optimize.minimize that need values alone, and no random numbers.

Nelder-Mead stands in scipy_minimize.py. A driver that returns has met its own tolerance, and the run then begins anew
at another start. Limits of iterations are lifted, since the budget ends a run. All three keep to hard bounds. All is in
units of the domain's scale.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.core import Oracle, optimizer

from .hyperparameters import Step, Tolerance
from .scipy_minimize import ENDLESS, ENDLESS_IN_C
from .scripts import by_minimize
from .units import Units

AT_BOUNDS = 1e-12
HUGE = 1e100  # told in place of NaN and infinity, for which these methods are not made; its square is still a number


def finite(units: Units) -> Callable[[np.ndarray], float]:
    """The value at one point, with a number for every answer.

    COBYLA takes bounds for constraints, which it may break by its tolerance: such a point is asked at the bound.
    """

    def value(u: np.ndarray) -> float:
        f = float(units.value(np.clip(u, units.low, units.high)))
        return f if -np.inf < f < np.inf else HUGE

    return value


def minimize(units: Units, u: np.ndarray, method: str, options: dict[str, Any]) -> np.ndarray:
    """Ask SciPy's method of that name from u (dim,) until it returns, and answer with where it is.

    Where answers are noisy its present point is recommended at each iteration.
    """
    import scipy.optimize

    callback = None
    if units.noisy:
        units.recommend(u)
        callback = units.recommend
    result = scipy.optimize.minimize(
        finite(units), u, method=method, bounds=units.bounds, callback=callback, options=options
    )
    return result.x


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Powell 1964, doi:10.1093/comjnl/7.2.155",
    call=by_minimize("Powell"),
)
def scipy_powell(oracle: Oracle, *, xtol: Tolerance = 1e-4, ftol: Tolerance = 1e-12) -> None:
    """Line searches by Brent's method along directions that become conjugate.

    xtol: a hundredth of the relative error of a line search. It returns when a round of searches gains no more than
    ftol, relative. SciPy's own ftol of 1e-4 would end it before the finest targets; a finer xtol than its 1e-4 costs up
    to five times as many evaluations, and is needed at a bound alone, which a line search nears by xtol: where there
    are hard bounds the search that has returned goes on from where it is with 1e-12. The first directions are the axes,
    of the length of the domain's scale.
    """
    units = Units(oracle)
    u, options = units.x0, {"ftol": ftol, "maxiter": ENDLESS, "maxfev": ENDLESS}
    for precision in (xtol,) if units.open else (xtol, AT_BOUNDS):
        u = minimize(units, u, "Powell", {**options, "xtol": precision})


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Powell 1994, doi:10.1007/978-94-015-8330-5_4; Zhang 2023 (PRIMA)",
    call=by_minimize("COBYLA"),
)
def scipy_cobyla(oracle: Oracle, *, radius: Step = 0.5, tol: Tolerance = 1e-8) -> None:
    """Linear models through dim + 1 points, in a trust region that shrinks.

    radius, tol: of the trust region at first, and when it returns, in units of the domain's scale. Before SciPy 1.16,
    in which it became Zhang's translation, it was Powell's own Fortran, whose limits are C's integers.
    """
    units = Units(oracle)
    minimize(units, units.x0, "COBYLA", {"rhobeg": radius, "tol": tol, "maxiter": ENDLESS_IN_C})


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Ragonneau 2022, Hong Kong PolyU thesis (COBYQA)",
    call=by_minimize("COBYQA"),
)
def scipy_cobyqa(oracle: Oracle, *, radius: Step = 0.5, tol: Tolerance = 1e-8) -> None:
    """Quadratic models through 2 dim + 1 points, in a trust region that shrinks.

    radius, tol: of the trust region at first, and when it returns, in units of the domain's scale.
    """
    units = Units(oracle)
    radii = {"initial_tr_radius": radius, "final_tr_radius": tol}
    minimize(units, units.x0, "COBYQA", {**radii, "maxfev": ENDLESS, "maxiter": ENDLESS})
