"""The cart-pole as a black box: only the cost of an episode is known, as when one learns to ride a bicycle."""

from collections.abc import Sequence
from math import radians

import numpy as np

from bench.core import Array, Objective, problem

# Barto, Sutton & Anderson 1983, with the numbers of Gymnasium's CartPole-v1
GRAVITY, CART, POLE, HALF_LENGTH, FORCE = 9.8, 1.0, 0.1, 0.5, 10.0  # m/s^2, kg, kg, m, N
TAU = 0.02  # seconds a step
STEPS = 500  # in an episode
TRACK, TILT = 2.4, radians(12)  # m, rad: beyond either, the episode is over
LOCKSTEP = 32  # episodes from which arrays are faster than Python's floats
START = 0.05  # half-width of the box from which each coordinate of a start is drawn

# pushes towards the side to which the cart and the pole will go; found by hand, and tested to last from 10,000 starts
BALANCED = np.array([0.1, 0.4, 1.0, 1.0])


@problem(family="control", source="Barto, Sutton & Anderson 1983, doi:10.1109/TSMC.1983.6313077")
def cartpole(episodes: int = 20, instance: int = 1) -> Objective:
    """Balance a pole on a cart by a linear policy: push right where x . state > 0, else left. Cost 0 for 500 steps.

    The state is position, velocity, angle and angular velocity. An answer is the cost 1 - steps / 500 of one episode
    from a random start; the score is the mean cost from the `episodes` starts that are the instance.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be >= 1, got {episodes}")
    return Objective(
        formula=cost,
        constants={"states": starts(np.random.default_rng(instance), (episodes,))},
        dim=4,
        start=lambda rng: 0.1 * rng.standard_normal(4),
        noise=starts,
        order=0,
        f_opt=0.0,
        x_opt=BALANCED,
        arrays="numpy",
    )


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 4) of episodes: close to the upright rest in the middle of the track."""
    return rng.uniform(-START, START, (*shape, 4))


def cost(x: np.ndarray, states: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    """1 - steps / 500 of policies x (*points, 4) -> (*points).

    The mean over the episodes from `states` (episodes, 4), or of one episode each from `noise` (*points, 4).
    """
    if noise is not None:
        return 1 - survived(x, noise) / STEPS
    return 1 - survived(x[..., None, :], states).mean(-1) / STEPS


def survived(policies: np.ndarray, states: np.ndarray) -> np.ndarray:
    """The length of each episode, its last step included, from 1 to 500: (..., 4) and (..., 4) -> (...).

    NaN where a policy is not finite. A few episodes run on Python's floats, many on arrays: the same in every bit.
    """
    policies, states = np.broadcast_arrays(policies, states)
    weights, first = policies.reshape(-1, 4), states.reshape(-1, 4)
    if len(weights) < LOCKSTEP:
        steps = np.array([one(*episode) for episode in zip(weights.tolist(), first.tolist(), strict=True)])
    else:
        steps = many(weights.T, first.T)
    return np.where(np.isfinite(weights).all(-1), steps, np.nan).reshape(states.shape[:-1])


def one(weights: Sequence[float], state: Sequence[float]) -> int:
    """The length of one episode."""
    for step in range(1, STEPS + 1):
        state = advance(state, FORCE if lean(weights, state) > 0 else -FORCE)
        if abs(state[0]) > TRACK or abs(state[2]) > TILT:
            return step
    return STEPS


def many(weights: np.ndarray, state: Array) -> np.ndarray:
    """The lengths of n episodes: weights (4, n), state four arrays (n,) -> (n,)."""
    steps = np.full(weights.shape[1], STEPS)
    running = np.arange(len(steps))
    for step in range(1, STEPS + 1):
        state = advance(state, np.where(lean(weights, state) > 0, FORCE, -FORCE))
        over = (abs(state[0]) > TRACK) | (abs(state[2]) > TILT)
        if over.any():
            steps[running[over]] = step
            running, weights, state = running[~over], weights[:, ~over], [part[~over] for part in state]
            if not len(running):
                break
    return steps


def lean(weights: Array, state: Array) -> Array:
    """The inner product of policy and state."""
    return weights[0] * state[0] + weights[1] * state[1] + weights[2] * state[2] + weights[3] * state[3]


def advance(state: Array, force: Array) -> tuple[Array, ...]:
    """One step of Euler's method: position, velocity, angle, spin and force, numbers or arrays -> the next state.

    Source: Barto, Sutton & Anderson 1983, appendix, without friction.
    """
    position, velocity, angle, spin = state
    sine, cosine = sine_and_cosine(angle)
    push = (force + POLE * HALF_LENGTH * spin * spin * sine) / (CART + POLE)
    turn = (GRAVITY * sine - cosine * push) / (HALF_LENGTH * (4 / 3 - POLE * cosine * cosine / (CART + POLE)))
    drive = push - POLE * HALF_LENGTH * turn * cosine / (CART + POLE)
    return position + TAU * velocity, velocity + TAU * drive, angle + TAU * spin, spin + TAU * turn


def sine_and_cosine(angle: Array) -> tuple[Array, Array]:
    """Taylor's polynomials, exact to rounding within the 12 degrees of an episode.

    The sine of `math` and that of NumPy differ in the last bit on some machines; sums and products never do.
    """
    u = angle * angle
    sine = angle * (1 - u / 6 * (1 - u / 20 * (1 - u / 42 * (1 - u / 72 * (1 - u / 110)))))
    cosine = 1 - u / 2 * (1 - u / 12 * (1 - u / 30 * (1 - u / 56 * (1 - u / 90 * (1 - u / 132)))))
    return sine, cosine
