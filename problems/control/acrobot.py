"""The acrobot: a gymnast of two links, with a motor at the hip alone, swings its feet above the bar."""

from math import pi

import numpy as np

from bench.core import Objective, problem
from problems.control.episodes import Parts, mean_cost, steps_to_goal

# Sutton & Barto's book, with the numbers of Gymnasium's Acrobot-v1: links of 1 kg, 1 m and 1 kg m^2
GRAVITY, CENTRE, TAU = 9.8, 0.5, 0.2  # m/s^2, m from joint to centre of mass, seconds a step
TOP_SPINS = 4 * pi, 9 * pi  # rad/s
STEPS = 500  # in an episode


@problem(
    family="control",
    source="Sutton 1996, Advances in Neural Information Processing Systems 8; Sutton & Barto 1998, ISBN 0262193981",
)
def acrobot(episodes: int = 10, instance: int = 1) -> Objective:
    """Swing up two links by a linear policy: torque +1 N m at the hip where x . features > 0, else -1.

    The features are the cosine and sine of both angles, then both spins in units of their top, 4 pi and 9 pi. An
    answer is the share of 500 steps that one episode from a random start takes until the feet are a link's length
    above the bar; the score is its mean over the `episodes` starts that are the instance.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be >= 1, got {episodes}")
    return Objective(
        formula=cost,
        constants={"states": starts(np.random.default_rng(instance), (episodes,))},
        dim=6,
        noise=starts,
        order=0,
        arrays="numpy",
    )


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 4) of episodes, two angles and two spins: close to hanging at rest."""
    return rng.uniform(-0.1, 0.1, (*shape, 4))


def cost(x: np.ndarray, states: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    """Steps to the goal over 500: policies x (*points, 6), states (episodes, 4) or noise (*points, 4) -> (*points).

    Without noise the mean over the episodes.
    """
    return mean_cost(lambda policies, first: swing_up(policies, first) / STEPS, x, states, noise)


def swing_up(policies: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Steps until the feet are up, at most 500: policies (6, n), first states (4, n) -> (n,)."""
    return steps_to_goal(
        lambda policies, state: advance(state, torque(policies, state)),
        lambda state: -np.cos(state[0]) - np.cos(state[0] + state[1]) > 1,
        policies,
        states,
        STEPS,
    )


def torque(policies: np.ndarray, state: Parts) -> np.ndarray:
    """1 or -1: policies (6, n), state four arrays (n,) -> (n,)."""
    a, b, spin_a, spin_b = state
    features = np.cos(a), np.sin(a), np.cos(b), np.sin(b), spin_a / TOP_SPINS[0], spin_b / TOP_SPINS[1]
    return np.where(sum(w * feature for w, feature in zip(policies, features, strict=True)) > 0, 1.0, -1.0)


def advance(state: Parts, torque: np.ndarray) -> Parts:
    """One step of Runge and Kutta's method of order 4; then angles are wrapped and spins cut to their top."""
    k1 = accelerate(state, torque)
    k2 = accelerate(_ahead(state, TAU / 2, k1), torque)
    k3 = accelerate(_ahead(state, TAU / 2, k2), torque)
    k4 = accelerate(_ahead(state, TAU, k3), torque)
    slope = tuple(p + 2 * q + 2 * r + s for p, q, r, s in zip(k1, k2, k3, k4, strict=True))
    a, b, spin_a, spin_b = _ahead(state, TAU / 6, slope)
    cut_a, cut_b = (np.clip(spin, -top, top) for spin, top in zip((spin_a, spin_b), TOP_SPINS, strict=True))
    return _wrapped(a), _wrapped(b), cut_a, cut_b


def _ahead(state: Parts, step: float, slope: Parts) -> Parts:
    return tuple(part + step * rate for part, rate in zip(state, slope, strict=True))


def _wrapped(angle: np.ndarray) -> np.ndarray:
    """The same angle within [-pi, pi]; what is there already keeps every bit."""
    return angle - 2 * pi * np.round(angle / (2 * pi))


def accelerate(state: Parts, torque: np.ndarray) -> Parts:
    """The rates of change of both angles and both spins.

    Source: Sutton & Barto 1998, figure 11.4, where d and phi carry the indices of the joints.
    """
    a, b, spin_a, spin_b = state
    cosine, sine = np.cos(b), np.sin(b)
    d1 = CENTRE**2 + 1 + CENTRE**2 + 2 * CENTRE * cosine + 2
    d2 = CENTRE**2 + CENTRE * cosine + 1
    phi2 = CENTRE * GRAVITY * np.sin(a + b)
    phi1 = -CENTRE * spin_b * (spin_b + 2 * spin_a) * sine + (CENTRE + 1) * GRAVITY * np.sin(a) + phi2
    turn_b = (torque + d2 / d1 * phi1 - CENTRE * spin_a**2 * sine - phi2) / (CENTRE**2 + 1 - d2**2 / d1)
    return spin_a, spin_b, -(d2 * turn_b + phi1) / d1, turn_b
