"""The linear-quadratic regulator: a landscape over feedback matrices, whose lowest point Riccati knew."""

import numpy as np
from array_api_compat import array_namespace, device

from bench.core import Array, Domain, Objective, problem

from ..instances import random_rotation

DOUBLINGS = 20  # the cost counts 2^20 steps: all of them, for any gain that is not within 1e-5 of instability


@problem(
    family="control",
    source="Kalman 1960, Bol. Soc. Mat. Mexicana 5, 102-119; Fazel, Ge, Kakade & Mesbahi 2018, arXiv:1801.05039",
)
def lqr(states: int = 4, controls: int = 2, decay: float = 0.9, instance: int = 1) -> Objective:
    """Steer s' = A s + B u by u = -K s at the least sum of |s|^2 + |u|^2, in the mean over s_0 with covariance I.

    x is K (controls, states), row by row, and f(x) = trace P_K. Not convex, yet the optimum, known from Riccati's
    equation, is the only stationary point. f is infinite or huge where A - B K is not stable. The instance is A, a
    rotation times decay < 1, and B, with orthonormal columns: |K| < 1 - decay is stable, and starts have half of that.
    """
    if states < 1:
        raise ValueError(f"states must be >= 1, got {states}")
    if not 1 <= controls <= states:
        raise ValueError(f"controls must be from 1 to states = {states}, got {controls}")
    if not 0 <= decay < 1:
        raise ValueError(f"decay must be >= 0 and < 1, got {decay}")
    rng = np.random.default_rng(instance)
    drift, drive = decay * random_rotation(rng, states), random_rotation(rng, states)[:, :controls]
    dim, margin = controls * states, 1 - decay
    x_opt, f_opt = riccati(drift, drive)

    def start(rng: np.random.Generator) -> np.ndarray:
        direction = rng.standard_normal(dim)
        return margin / 2 * direction / np.linalg.norm(direction)

    return Objective(
        formula=regulation_cost,
        constants={"drift": drift, "drive": drive},
        dim=dim,
        domain=Domain(scale=margin / dim**0.5),
        start=start,
        f_opt=f_opt,
        x_opt=x_opt,
    )


def riccati(drift: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, float]:
    """The best gain K = (I + B'P B)^-1 B'P A, flat, and its cost trace P, where P solves Riccati's equation."""
    from scipy.linalg import solve_discrete_are

    p = solve_discrete_are(drift, drive, np.eye(len(drift)), np.eye(drive.shape[1]))
    gain = np.linalg.solve(np.eye(drive.shape[1]) + drive.T @ p @ drive, drive.T @ p @ drift)
    return gain.ravel(), float(np.trace(p))


def regulation_cost(x: Array, drift: Array, drive: Array) -> Array:
    """trace P_K, where P_K = sum over t of M'^t (I + K'K) M^t and M = A - B K: x (*points, controls * states),
    drift A (states, states), drive B (states, controls) -> (*points). Infinite where the sum overflows.

    Source: Smith 1968, doi:10.1137/0116017: each doubling, P <- P + M'P M and M <- M^2, sums twice as many steps.
    """
    xp = array_namespace(x)
    states, controls = drive.shape[-2:]
    gain = xp.reshape(x, (*x.shape[:-1], controls, states))
    power = drift - drive @ gain
    identity = xp.eye(states, dtype=x.dtype, device=device(x))
    cost = identity + gain.mT @ gain
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(DOUBLINGS):
            cost = cost + power.mT @ cost @ power
            power = power @ power
        total = (cost * identity).sum((-2, -1))
    return xp.where(xp.isfinite(total), total, xp.full_like(total, xp.inf))
