"""L-BFGS on differences of values along all coordinates.

Its line search needs slopes that agree with the values: of the estimators, only these two will do, and those on all
data. f(x) and all values beside it are one question.
"""

from collections.abc import Callable

import numpy as np

from bench.core import Oracle, optimizer

from .hyperparameters import Memory, Radius, Tolerance
from .perturbation import ESTIMATORS, chosen_radius
from .scipy_minimize import ENDLESS

BYRD = "Byrd, Lu, Nocedal & Zhu 1995, doi:10.1137/0916069"


@optimizer(order=0, needs=("scipy.optimize",), version=2, source=f"{ESTIMATORS['fd'].source}; {BYRD}")
def fd_lbfgs(oracle: Oracle, *, radius: Radius = None, memory: Memory = 10, gtol: Tolerance = 1e-5) -> None:
    """Forward differences with limited-memory BFGS inside hard bounds: dim + 1 values a point.

    radius: in units of the domain's scale, None by the noise. memory: steps. It returns when the projected gradient is
    below gtol, or the line search fails.
    """
    h = chosen_radius(oracle, "fd", radius)

    def f_and_gradient(u: np.ndarray) -> tuple[float, np.ndarray]:
        x, scale = oracle.domain.from_unit(u), oracle.domain.scale
        step = np.where(x + h * scale > oracle.domain.high, -h, h)  # SciPy itself stays inside the box, and so do these
        f = oracle.value(x + scale * np.vstack([np.zeros_like(x), np.diag(step)]))
        return float(f[0]), (f[1:] - f[0]) / step

    follow(oracle, f_and_gradient, memory, gtol)


@optimizer(order=0, needs=("scipy.optimize",), version=2, source=f"{ESTIMATORS['cd'].source}; {BYRD}")
def cd_lbfgs(oracle: Oracle, *, radius: Radius = None, memory: Memory = 10, gtol: Tolerance = 1e-5) -> None:
    """Central differences with limited-memory BFGS inside hard bounds: 2 dim + 1 values a point.

    radius: in units of the domain's scale, None by the noise; beside a bound half of the values lie beyond it. memory:
    steps. It returns when the projected gradient is below gtol, or the line search fails.
    """
    h = chosen_radius(oracle, "cd", radius)

    def f_and_gradient(u: np.ndarray) -> tuple[float, np.ndarray]:
        step = h * oracle.domain.scale * np.eye(oracle.dim)
        f = oracle.value(oracle.domain.from_unit(u) + np.vstack([0 * step[:1], step, -step]))
        return float(f[0]), (f[1 : oracle.dim + 1] - f[oracle.dim + 1 :]) / (2 * h)

    follow(oracle, f_and_gradient, memory, gtol)


def follow(
    oracle: Oracle, f_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]], memory: int, gtol: float
) -> None:
    """SciPy's L-BFGS-B until it returns; on and on from where it is, where runs are judged by their present answer.

    f_and_gradient: of u (dim,), x in units of the scale. So are the gradient, its tolerance and the first step.
    """
    from scipy.optimize import minimize

    options = {"maxcor": memory, "ftol": 0.0, "gtol": gtol, "maxiter": ENDLESS, "maxfun": ENDLESS}
    domain, x = oracle.domain, oracle.x0
    oracle.recommend(x)
    bounds = None if not domain.fenced else np.transpose([domain.to_unit(bound) for bound in oracle.bounds])
    u = domain.to_unit(x)
    while True:
        found = minimize(
            f_and_gradient,
            u,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            callback=lambda u: oracle.recommend(domain.from_unit(u)),
            options=options,
        )
        if not oracle.scored:
            return
        u = found.x
