"""The pendulum with a weak motor: every step has its price, that of hanging down is the highest."""

from math import pi

import numpy as np

from bench.core import Objective, problem
from problems.control.episodes import Parts, mean_cost

# the numbers of Gymnasium's Pendulum-v1
GRAVITY, TAU = 10.0, 0.05  # m/s^2, seconds a step; a rod of 1 kg and 1 m
TORQUE, TOP_SPIN = 2.0, 8.0  # N m, rad/s
STEPS = 200  # in an episode


@problem(family="control", source="Doya 2000, doi:10.1162/089976600300015961")
def pendulum(episodes: int = 20, instance: int = 1) -> Objective:
    """Swing a rod up and hold it there by the torque x . (cos angle, sin angle, spin), cut to 2 N m either way.

    The price of a step is angle^2 + spin^2 / 10 + torque^2 / 1000, where angle 0 is upright. An answer is the mean
    price of the 200 steps of one episode from any angle; the score is its mean over the `episodes` starts that are
    the instance.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be >= 1, got {episodes}")
    return Objective(
        formula=cost,
        constants={"states": starts(np.random.default_rng(instance), (episodes,))},
        dim=3,
        noise=starts,
        order=0,
        arrays="numpy",
    )


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 2) of episodes: any angle, and a spin of at most 1 either way."""
    return rng.uniform([-pi, -1.0], [pi, 1.0], (*shape, 2))


def cost(x: np.ndarray, states: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    """The mean price of a step: policies x (*points, 3), states (episodes, 2) or noise (*points, 2) -> (*points).

    Without noise the mean over the episodes.
    """
    return mean_cost(swing, x, states, noise)


def swing(policies: np.ndarray, states: np.ndarray) -> np.ndarray:
    """The mean price of the steps of an episode: policies (3, n), first states (2, n) -> (n,)."""
    state, total = tuple(states), np.zeros(states.shape[1])
    for _ in range(STEPS):
        state, price = advance(state, torque(policies, state))
        total += price
    return total / STEPS


def torque(policies: np.ndarray, state: Parts) -> np.ndarray:
    """What the motor gives: policies (3, n), state two arrays (n,) -> (n,), within [-2, 2]."""
    angle, spin = state
    return np.clip(policies[0] * np.cos(angle) + policies[1] * np.sin(angle) + policies[2] * spin, -TORQUE, TORQUE)


def advance(state: Parts, torque: np.ndarray) -> tuple[Parts, np.ndarray]:
    """One step of Euler's semi-implicit method: the next angle and spin, and the price of leaving this state."""
    angle, spin = state
    tilt = (angle + pi) % (2 * pi) - pi
    price = tilt**2 + spin**2 / 10 + torque**2 / 1000
    spin = np.clip(spin + TAU * (1.5 * GRAVITY * np.sin(angle) + 3 * torque), -TOP_SPIN, TOP_SPIN)
    return (angle + TAU * spin, spin), price
