"""Bridges to scipy.optimize.minimize.

A driver that returns has met its own tolerance, and the run then begins anew at another start. Limits of iterations are
lifted, since the budget ends a run; SciPy's own tolerances would end it before the finest targets, and ours are finer.
Lengths are in units of the domain's scale, with gradients in the ratios of its coordinates alone (`Units`). Where a
method takes bounds it gets those of the domain, if they are hard; where they are soft it is called without, as the
library's users call it on BBOB. With gradients each iterate is recommended, because the last point asked may be a
failed probe of the line search.
"""

import sys
from typing import Any, Literal

import numpy as np

from bench.core import Oracle, optimizer

from .hyperparameters import Memory, Tolerance
from .scripts import by_minimize
from .units import Units

ENDLESS = sys.maxsize
ENDLESS_IN_C = int(np.iinfo(np.int32).max)


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Nelder & Mead 1965, doi:10.1093/comjnl/7.4.308",
    call=by_minimize("Nelder-Mead"),
)
def scipy_nelder_mead(oracle: Oracle, *, xatol: Tolerance = 1e-8, fatol: Tolerance = 1e-8) -> None:
    """Downhill simplex of values alone.

    The first simplex is the start and a step of the domain's scale along each axis: SciPy's own, a step of 5 % of each
    coordinate, takes up to four times as many evaluations on BBOB's f1 in 10-D. It returns when the simplex is smaller
    than xatol, in units of the scale, and its values closer than fatol. Both are finer than SciPy's 1e-4, with which it
    would return before the finest targets.
    """
    from scipy.optimize import minimize

    units = Units(oracle)
    u, callback = units.x0, None
    if oracle.noisy:
        oracle.recommend(oracle.x0)
        callback = units.recommend
    simplex = np.vstack([u, u + np.eye(oracle.dim)])
    options = {"maxiter": ENDLESS, "maxfev": ENDLESS, "xatol": xatol, "fatol": fatol, "initial_simplex": simplex}
    minimize(units.value, u, method="Nelder-Mead", bounds=units.bounds, callback=callback, options=options)


def descend(
    oracle: Oracle, method: str, start: np.ndarray | None = None, *, bounds: bool = False, **options: Any
) -> None:
    """One descent by SciPy's method of that name on values and gradients, from start (dim,), None for the oracle's x0.

    bounds: whether the method takes them.
    """
    from scipy.optimize import minimize

    units = Units(oracle, relative=True)
    u = units.x0 if start is None else units.domain.to_unit(start)
    limits = units.bounds if bounds else None
    f, callback = units.value_and_gradient, units.recommend
    minimize(f, u, jac=True, method=method, bounds=limits, callback=callback, options=options)


@optimizer(
    order=1,
    needs=("scipy.optimize",),
    version=2,
    source="Byrd, Lu, Nocedal & Zhu 1995, doi:10.1137/0916069",
    call=by_minimize("L-BFGS-B", slopes=True),
)
def scipy_lbfgsb(oracle: Oracle, *, memory: Memory = 10, ftol: Tolerance = 0.0, gtol: Tolerance = 1e-10) -> None:
    """Limited-memory BFGS inside the box, of the last `memory` steps.

    It returns when the projected gradient is below gtol, or an iteration gains no more than ftol, relative. SciPy's own
    ftol of 2.2e-9 would end it in slow valleys before the finest targets.
    """
    options = {"maxcor": memory, "ftol": ftol, "gtol": gtol, "maxiter": ENDLESS, "maxfun": ENDLESS}
    descend(oracle, "L-BFGS-B", bounds=True, **options)


@optimizer(
    order=1,
    needs=("scipy.optimize",),
    version=2,
    source="Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5, algorithm 6.1",
    call=by_minimize("BFGS", slopes=True, boxed=False),
)
def scipy_bfgs(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Quasi-Newton with a full matrix; it returns when the gradient is below gtol or the line search fails.

    It takes no bounds: points outside hard ones are answered, but are no improvement.
    """
    descend(oracle, "BFGS", gtol=gtol, maxiter=ENDLESS)


@optimizer(
    order=1,
    needs=("scipy.optimize",),
    version=2,
    source="Polak & Ribiere 1969, doi:10.1051/m2an/196903R100351",
    call=by_minimize("CG", slopes=True, boxed=False),
)
def scipy_cg(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Nonlinear conjugate gradients; it returns when the gradient is below gtol or the line search fails. No bounds."""
    descend(oracle, "CG", gtol=gtol, maxiter=ENDLESS)


@optimizer(order=2, needs=("scipy.optimize",), version=2, source="Dembo & Steihaug 1983, doi:10.1007/BF02592055")
def scipy_newton_cg(oracle: Oracle, *, xtol: Tolerance = 1e-10) -> None:
    """Truncated Newton: conjugate gradients on Hessian-vector products, stopped early far from the optimum.

    It returns when a step is shorter than xtol, mean over coordinates. No bounds.
    """
    from scipy.optimize import minimize

    units = Units(oracle, relative=True)
    minimize(
        units.value_and_gradient,
        units.x0,
        jac=True,
        hessp=units.hessian_vector,
        method="Newton-CG",
        callback=units.recommend,
        options={"xtol": xtol, "maxiter": ENDLESS},
    )


@optimizer(
    order=1,
    needs=("scipy.optimize",),
    version=2,
    source="Nash 1984, doi:10.1137/0721052",
    call=by_minimize("TNC", slopes=True),
)
def scipy_tnc(oracle: Oracle, *, ftol: Tolerance = 0.0, xtol: Tolerance = 0.0, gtol: Tolerance = 1e-10) -> None:
    """Truncated Newton inside the box: curvature by differences of gradients.

    It returns when f or x changes by less than ftol or xtol, or the projected gradient is below gtol. Its units are
    widths of the box around its middle, as SciPy has them where it is told bounds: soft ones, too, without which it
    took four times as many gradients on BBOB's f1.
    """
    low, high = Units(oracle, relative=True).box
    boxed = np.isfinite(high - low).all()
    units = {"scale": high - low, "offset": (low + high) / 2} if boxed else {}
    descend(oracle, "TNC", bounds=True, ftol=ftol, xtol=xtol, gtol=gtol, maxfun=ENDLESS_IN_C, **units)


@optimizer(
    order=1,
    needs=("scipy.optimize",),
    version=2,
    source="Kraft 1988, DFVLR-FB 88-28",
    call=by_minimize("SLSQP", slopes=True),
)
def scipy_slsqp(oracle: Oracle, *, ftol: Tolerance = 1e-15) -> None:
    """Sequential quadratic programming inside the box; it returns when f changes by less than ftol.

    SciPy's own ftol of 1e-6 would end it before the finest targets. Where answers are noisy, which makes it return
    soon, it goes on from where it is. Its callback is told of probes, so what is recommended are the points where it
    looks at the gradient.
    """
    from scipy.optimize import minimize

    units = Units(oracle, relative=True)
    u, gradient = units.x0, np.empty(0)

    def value(point: np.ndarray) -> float:
        nonlocal gradient
        f, gradient = units.value_and_gradient(point)
        return f

    def slope(point: np.ndarray) -> np.ndarray:
        units.recommend(point)
        return gradient

    while True:
        options = {"ftol": ftol, "maxiter": ENDLESS_IN_C}
        u = minimize(value, u, jac=slope, method="SLSQP", bounds=units.bounds, options=options).x
        if not oracle.noisy:
            return


def trust_region(oracle: Oracle, method: str, gtol: float, curvature: Literal["hess", "hessp"]) -> None:
    """One descent by SciPy inside trust regions, of which the first has the domain's scale for half-axes.

    curvature: SciPy's argument for it, the Hessian or its products.

    SciPy fails where an answer is not finite. It is told of a point that is infinitely high there, and without slope
    or curvature: it returns from a start like that, and refuses any other one.
    """
    from scipy.optimize import minimize

    units = Units(oracle, relative=True)

    def question(u: np.ndarray) -> tuple[float, np.ndarray]:
        f, g = units.value_and_gradient(u)
        return (f, g) if np.isfinite(f) and np.isfinite(g).all() else (np.inf, np.zeros_like(g))

    radius = float(oracle.domain.scale.min())
    ask = units.hessian if curvature == "hess" else units.hessian_vector
    told: dict[str, Any] = {curvature: lambda *u: or_zero(ask(*u))}
    options = {"gtol": gtol, "maxiter": ENDLESS, "initial_trust_radius": radius, "max_trust_radius": 1000 * radius}
    minimize(question, units.x0, jac=True, method=method, callback=units.recommend, options=options, **told)


def or_zero(answer: np.ndarray) -> np.ndarray:
    """What is finite as it is, else zeros."""
    return answer if np.isfinite(answer).all() else np.zeros_like(answer)


@optimizer(order=2, needs=("scipy.optimize",), version=2, source="Steihaug 1983, doi:10.1137/0720042")
def scipy_trust_ncg(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Conjugate gradients on Hessian-vector products, up to the boundary of a trust region.

    It returns when the gradient is below gtol, or f no longer falls. No bounds.
    """
    trust_region(oracle, "trust-ncg", gtol, "hessp")


@optimizer(
    order=2,
    needs=("scipy.optimize",),
    version=2,
    source="Gould, Lucidi, Roma & Toint 1999, doi:10.1137/S1052623497322735",
    deterministic=False,  # where f is flat, SciPy 1.17's steps differ from process to process
)
def scipy_trust_krylov(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """A trust region's nearly exact minimum in the Krylov space of Hessian-vector products.

    It returns when the gradient is below gtol, or f no longer falls. No bounds.
    """
    trust_region(oracle, "trust-krylov", gtol, "hessp")


@optimizer(order=2, needs=("scipy.optimize",), version=2, source="Moré & Sorensen 1983, doi:10.1137/0904038")
def scipy_trust_exact(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """A trust region's nearly exact minimum, by factorising the full Hessian: dim products a point that is tried.

    It returns when the gradient is below gtol, or f no longer falls. No bounds.
    """
    trust_region(oracle, "trust-exact", gtol, "hess")


@optimizer(
    order=2,
    needs=("scipy.optimize",),
    version=2,
    source="Powell 1970, in Rabinowitz: Numerical methods for nonlinear equations",
)
def scipy_dogleg(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Between steepest descent and Newton's step inside a trust region, with the full Hessian: dim products a step.

    It returns when the gradient is below gtol, when f no longer falls, or where the Hessian is not positive definite.
    No bounds.
    """
    trust_region(oracle, "dogleg", gtol, "hess")
