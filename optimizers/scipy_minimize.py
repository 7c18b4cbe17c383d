"""Bridges to scipy.optimize.minimize.

A driver that returns has met its own tolerance, and the run then begins anew at another start. Limits of iterations are
lifted, since the budget ends a run. Where a method takes walls it gets those of the domain. With gradients each iterate
is recommended, because the last point asked may be a failed probe of the line search.
"""

import sys

import numpy as np

from bench.core import Oracle, optimizer
from optimizers.hyperparameters import Memory, Tolerance

ENDLESS = sys.maxsize


def walls(oracle: Oracle) -> list[tuple[float, float]] | None:
    """The box as SciPy takes it, a pair a coordinate; None without walls, where the methods have a way of their own."""
    domain = oracle.domain
    low, high = (np.broadcast_to(wall, oracle.dim).tolist() for wall in (domain.low, domain.high))
    return None if domain.open else list(zip(low, high, strict=True))


@optimizer(order=0, needs=("scipy.optimize",), source="Nelder & Mead 1965, doi:10.1093/comjnl/7.4.308")
def scipy_nelder_mead(oracle: Oracle, *, xatol: Tolerance = 1e-8, fatol: Tolerance = 1e-8) -> None:
    """Downhill simplex of values alone.

    It returns when the simplex is smaller than xatol and its values closer than fatol. Both are finer than SciPy's
    1e-4, with which it would return before the finest targets.
    """
    from scipy.optimize import minimize

    x0, callback = oracle.x0, None
    if oracle.objective.noise is not None:
        oracle.recommend(x0)
        callback = oracle.recommend
    options = {"maxiter": ENDLESS, "maxfev": ENDLESS, "xatol": xatol, "fatol": fatol}
    bounds = walls(oracle)
    minimize(oracle.value, x0, method="Nelder-Mead", bounds=bounds, callback=callback, options=options)


@optimizer(order=1, needs=("scipy.optimize",), source="Byrd, Lu, Nocedal & Zhu 1995, doi:10.1137/0916069")
def scipy_lbfgsb(oracle: Oracle, *, memory: Memory = 10, ftol: Tolerance = 0.0, gtol: Tolerance = 1e-5) -> None:
    """Limited-memory BFGS inside the box, of the last `memory` steps.

    It returns when the projected gradient is below gtol, or an iteration gains no more than ftol, relative. SciPy's own
    ftol of 2.2e-9 would end it in slow valleys before the finest targets.
    """
    from scipy.optimize import minimize

    options = {"maxcor": memory, "ftol": ftol, "gtol": gtol, "maxiter": ENDLESS, "maxfun": ENDLESS}
    f, bounds = oracle.value_and_gradient, walls(oracle)
    minimize(f, oracle.x0, jac=True, method="L-BFGS-B", bounds=bounds, callback=oracle.recommend, options=options)


@optimizer(
    order=1, needs=("scipy.optimize",), source="Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5, algorithm 6.1"
)
def scipy_bfgs(oracle: Oracle, *, gtol: Tolerance = 1e-5) -> None:
    """Quasi-Newton with a full matrix; it returns when the gradient is below gtol or the line search fails.

    It takes no walls: points outside the box are answered, but are no improvement.
    """
    from scipy.optimize import minimize

    options = {"gtol": gtol, "maxiter": ENDLESS}
    minimize(oracle.value_and_gradient, oracle.x0, jac=True, method="BFGS", callback=oracle.recommend, options=options)


@optimizer(order=1, needs=("scipy.optimize",), source="Polak & Ribiere 1969, doi:10.1051/m2an/196903R100351")
def scipy_cg(oracle: Oracle, *, gtol: Tolerance = 1e-5) -> None:
    """Nonlinear conjugate gradients; it returns when the gradient is below gtol or the line search fails. No walls."""
    from scipy.optimize import minimize

    options = {"gtol": gtol, "maxiter": ENDLESS}
    minimize(oracle.value_and_gradient, oracle.x0, jac=True, method="CG", callback=oracle.recommend, options=options)


@optimizer(order=2, needs=("scipy.optimize",), source="Dembo & Steihaug 1983, doi:10.1007/BF02592055")
def scipy_newton_cg(oracle: Oracle, *, xtol: Tolerance = 1e-5) -> None:
    """Truncated Newton: conjugate gradients on Hessian-vector products, stopped early far from the optimum.

    It returns when a step is shorter than xtol, mean over coordinates. No walls.
    """
    from scipy.optimize import minimize

    minimize(
        oracle.value_and_gradient,
        oracle.x0,
        jac=True,
        hessp=oracle.hessian_vector,
        method="Newton-CG",
        callback=oracle.recommend,
        options={"xtol": xtol, "maxiter": ENDLESS},
    )
