"""Bridges to scipy.optimize.minimize.

A driver that returns has met its own tolerance, and the run then begins anew at another start. Limits of iterations are
lifted, since the budget ends a run; SciPy's own tolerances would end it before the finest targets, and ours are finer.
Where a method takes bounds it gets those of the domain. With gradients each iterate is recommended, because the last
point asked may be a failed probe of the line search.
"""

import sys
from typing import Any

import numpy as np

from bench.core import Oracle, optimizer
from optimizers.hessian import hessian
from optimizers.hyperparameters import Memory, Tolerance

ENDLESS = sys.maxsize
ENDLESS_IN_C = int(np.iinfo(np.int32).max)


def box_bounds(oracle: Oracle) -> list[tuple[float, float]] | None:
    """The bounds as SciPy takes them, a pair a coordinate; None where none are hard, which methods treat otherwise."""
    domain = oracle.domain
    low, high = (np.broadcast_to(bound, oracle.dim).tolist() for bound in (domain.low, domain.high))
    return list(zip(low, high, strict=True)) if domain.fenced else None


@optimizer(order=0, needs=("scipy.optimize",), source="Nelder & Mead 1965, doi:10.1093/comjnl/7.4.308")
def scipy_nelder_mead(oracle: Oracle, *, xatol: Tolerance = 1e-8, fatol: Tolerance = 1e-8) -> None:
    """Downhill simplex of values alone.

    It returns when the simplex is smaller than xatol and its values closer than fatol. Both are finer than SciPy's
    1e-4, with which it would return before the finest targets.
    """
    from scipy.optimize import minimize

    x0, callback = oracle.x0, None
    if oracle.noisy:
        oracle.recommend(x0)
        callback = oracle.recommend
    options = {"maxiter": ENDLESS, "maxfev": ENDLESS, "xatol": xatol, "fatol": fatol}
    bounds = box_bounds(oracle)
    minimize(oracle.value, x0, method="Nelder-Mead", bounds=bounds, callback=callback, options=options)


@optimizer(order=1, needs=("scipy.optimize",), source="Byrd, Lu, Nocedal & Zhu 1995, doi:10.1137/0916069")
def scipy_lbfgsb(oracle: Oracle, *, memory: Memory = 10, ftol: Tolerance = 0.0, gtol: Tolerance = 1e-10) -> None:
    """Limited-memory BFGS inside the box, of the last `memory` steps.

    It returns when the projected gradient is below gtol, or an iteration gains no more than ftol, relative. SciPy's own
    ftol of 2.2e-9 would end it in slow valleys before the finest targets.
    """
    from scipy.optimize import minimize

    options = {"maxcor": memory, "ftol": ftol, "gtol": gtol, "maxiter": ENDLESS, "maxfun": ENDLESS}
    f, bounds = oracle.value_and_gradient, box_bounds(oracle)
    minimize(f, oracle.x0, jac=True, method="L-BFGS-B", bounds=bounds, callback=oracle.recommend, options=options)


@optimizer(
    order=1, needs=("scipy.optimize",), source="Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5, algorithm 6.1"
)
def scipy_bfgs(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Quasi-Newton with a full matrix; it returns when the gradient is below gtol or the line search fails.

    It takes no bounds: points outside the box are answered, but are no improvement.
    """
    from scipy.optimize import minimize

    options = {"gtol": gtol, "maxiter": ENDLESS}
    minimize(oracle.value_and_gradient, oracle.x0, jac=True, method="BFGS", callback=oracle.recommend, options=options)


@optimizer(order=1, needs=("scipy.optimize",), source="Polak & Ribiere 1969, doi:10.1051/m2an/196903R100351")
def scipy_cg(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Nonlinear conjugate gradients; it returns when the gradient is below gtol or the line search fails. No bounds."""
    from scipy.optimize import minimize

    options = {"gtol": gtol, "maxiter": ENDLESS}
    minimize(oracle.value_and_gradient, oracle.x0, jac=True, method="CG", callback=oracle.recommend, options=options)


@optimizer(order=2, needs=("scipy.optimize",), source="Dembo & Steihaug 1983, doi:10.1007/BF02592055")
def scipy_newton_cg(oracle: Oracle, *, xtol: Tolerance = 1e-10) -> None:
    """Truncated Newton: conjugate gradients on Hessian-vector products, stopped early far from the optimum.

    It returns when a step is shorter than xtol, mean over coordinates. No bounds.
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


@optimizer(order=1, needs=("scipy.optimize",), source="Nash 1984, doi:10.1137/0721052")
def scipy_tnc(oracle: Oracle, *, ftol: Tolerance = 0.0, xtol: Tolerance = 0.0, gtol: Tolerance = 1e-10) -> None:
    """Truncated Newton inside the box: curvature by differences of gradients.

    It returns when f or x changes by less than ftol or xtol, or the projected gradient is below gtol.
    """
    from scipy.optimize import minimize

    options = {"ftol": ftol, "xtol": xtol, "gtol": gtol, "maxfun": ENDLESS_IN_C}
    f, bounds = oracle.value_and_gradient, box_bounds(oracle)
    minimize(f, oracle.x0, jac=True, method="TNC", bounds=bounds, callback=oracle.recommend, options=options)


@optimizer(order=1, needs=("scipy.optimize",), source="Kraft 1988, DFVLR-FB 88-28")
def scipy_slsqp(oracle: Oracle, *, ftol: Tolerance = 1e-15) -> None:
    """Sequential quadratic programming inside the box; it returns when f changes by less than ftol.

    SciPy's own ftol of 1e-6 would end it before the finest targets. Where answers are noisy, which makes it return
    soon, it goes on from where it is. Its callback is told of probes, so what is recommended are the points where it
    looks at the gradient.
    """
    from scipy.optimize import minimize

    x, gradient = oracle.x0, np.empty(0)

    def value(point: np.ndarray) -> float:
        nonlocal gradient
        f, gradient = oracle.value_and_gradient(point)
        return f

    def slope(point: np.ndarray) -> np.ndarray:
        oracle.recommend(point.copy())
        return gradient

    while True:
        options = {"ftol": ftol, "maxiter": ENDLESS_IN_C}
        x = minimize(value, x, jac=slope, method="SLSQP", bounds=box_bounds(oracle), options=options).x
        if not oracle.noisy:
            return


def trust_region(oracle: Oracle, method: str, gtol: float, **curvature: Any) -> None:
    """One descent by SciPy inside trust regions, of which the first has the radius of the least scale of a coordinate.

    SciPy fails where an answer is not finite. It is told of a point that is infinitely high there, and without slope
    or curvature: it returns from a start like that, and refuses any other one.
    """
    from scipy.optimize import minimize

    def question(x: np.ndarray) -> tuple[float, np.ndarray]:
        f, g = oracle.value_and_gradient(x)
        return (f, g) if np.isfinite(f) and np.isfinite(g).all() else (np.inf, np.zeros_like(g))

    curvature = {key: lambda *x, ask=ask: or_zero(ask(*x)) for key, ask in curvature.items()}
    scale = float(oracle.domain.scale.min())
    options = {"gtol": gtol, "maxiter": ENDLESS, "initial_trust_radius": scale, "max_trust_radius": 1000 * scale}
    minimize(question, oracle.x0, jac=True, method=method, callback=oracle.recommend, options=options, **curvature)


def or_zero(answer: np.ndarray) -> np.ndarray:
    """What is finite as it is, else zeros."""
    return answer if np.isfinite(answer).all() else np.zeros_like(answer)


@optimizer(order=2, needs=("scipy.optimize",), source="Steihaug 1983, doi:10.1137/0720042")
def scipy_trust_ncg(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Conjugate gradients on Hessian-vector products, up to the boundary of a trust region.

    It returns when the gradient is below gtol, or f no longer falls. No bounds.
    """
    trust_region(oracle, "trust-ncg", gtol, hessp=oracle.hessian_vector)


@optimizer(
    order=2,
    needs=("scipy.optimize",),
    source="Gould, Lucidi, Roma & Toint 1999, doi:10.1137/S1052623497322735",
    deterministic=False,  # where f is flat, SciPy 1.17's steps differ from process to process
)
def scipy_trust_krylov(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """A trust region's nearly exact minimum in the Krylov space of Hessian-vector products.

    It returns when the gradient is below gtol, or f no longer falls. No bounds.
    """
    trust_region(oracle, "trust-krylov", gtol, hessp=oracle.hessian_vector)


@optimizer(order=2, needs=("scipy.optimize",), source="Moré & Sorensen 1983, doi:10.1137/0904038")
def scipy_trust_exact(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """A trust region's nearly exact minimum, by factorising the full Hessian: dim products a point that is tried.

    It returns when the gradient is below gtol, or f no longer falls. No bounds.
    """
    trust_region(oracle, "trust-exact", gtol, hess=lambda x: hessian(oracle, x))


@optimizer(
    order=2, needs=("scipy.optimize",), source="Powell 1970, in Rabinowitz: Numerical methods for nonlinear equations"
)
def scipy_dogleg(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Between steepest descent and Newton's step inside a trust region, with the full Hessian: dim products a step.

    It returns when the gradient is below gtol, when f no longer falls, or where the Hessian is not positive definite.
    No bounds.
    """
    trust_region(oracle, "dogleg", gtol, hess=lambda x: hessian(oracle, x))
