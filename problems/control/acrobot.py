"""The acrobot: a gymnast of two links, with a motor at the hip alone, swings its feet above the bar."""

from math import pi

import numpy as np

from bench.core import Array, Objective, problem

from .arithmetic import clipped, direction, sines, wrapped
from .black_box import black_box
from .episodes import State, World

# Sutton & Barto's book, with the numbers of Gymnasium's Acrobot-v1: links of 1 kg, 1 m and 1 kg m^2
GRAVITY, CENTRE, TAU = 9.8, 0.5, 0.2  # m/s^2, m from joint to centre of mass, seconds a step
TOP_SPIN_A, TOP_SPIN_B = 4 * pi, 9 * pi  # rad/s
STEPS = 500  # in an episode


@problem(
    family="control",
    source="Sutton 1996, Advances in Neural Information Processing Systems 8; Sutton & Barto 1998, ISBN 0262193981",
)
def acrobot(episodes: int = 10, hidden: tuple[int, ...] = (), instance: int = 1) -> Objective:
    """Swing up two links: torque +1 N m at the hip where the policy's output is above 0, else -1.

    The policy sees the cosine and sine of both angles, then both spins in units of their top, 4 pi and 9 pi; its output
    is x . features, or that of a network with `hidden` layers of tanh. An answer is the fraction of 500 steps that one
    episode from a random start takes until the feet are a link's length above the bar; the score is its mean over the
    `episodes` starts that are the instance.
    """
    return black_box(GYMNAST, hidden, episodes, instance)


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 4) of episodes, two angles and two spins: close to hanging at rest."""
    return rng.uniform(-0.1, 0.1, (*shape, 4))


def features(state: State) -> tuple[Array, ...]:
    """Cosine and sine of both angles, and both spins."""
    a, b, spin_a, spin_b = state
    cos_a, sin_a, cos_b, sin_b = sines(a + pi / 2, a, b + pi / 2, b)
    return cos_a, sin_a, cos_b, sin_b, spin_a / TOP_SPIN_A, spin_b / TOP_SPIN_B


def feet_up(state: State) -> Array:
    """Whether the feet are a link's length above the bar."""
    cos_a, cos_both = sines(state[0] + pi / 2, state[0] + state[1] + pi / 2)
    return -cos_a - cos_both > 1


def advance(state: State, torque: Array) -> State:
    """One step of Runge and Kutta's method of order 4; then angles are wrapped and spins cut to their top."""
    k1 = accelerate(state, torque)
    k2 = accelerate(_ahead(state, TAU / 2, k1), torque)
    k3 = accelerate(_ahead(state, TAU / 2, k2), torque)
    k4 = accelerate(_ahead(state, TAU, k3), torque)
    slope = _ahead(_ahead(k1, 1.0, k4), 2.0, _ahead(k2, 1.0, k3))  # k1 + 2 k2 + 2 k3 + k4
    a, b, spin_a, spin_b = _ahead(state, TAU / 6, slope)
    return wrapped(a), wrapped(b), clipped(spin_a, -TOP_SPIN_A, TOP_SPIN_A), clipped(spin_b, -TOP_SPIN_B, TOP_SPIN_B)


def _ahead(state: State, step: float, slope: State) -> State:
    (a, b, c, d), (p, q, r, s) = state, slope
    return a + step * p, b + step * q, c + step * r, d + step * s


def accelerate(state: State, torque: Array) -> State:
    """The rates of change of both angles and both spins.

    Source: Sutton & Barto 1998, figure 11.4, where d and phi carry the indices of the joints.
    """
    a, b, spin_a, spin_b = state
    sin_a, sin_b, cos_b, sin_both = sines(a, b, b + pi / 2, a + b)
    d1 = 2 * CENTRE**2 + 3 + 2 * CENTRE * cos_b
    d2 = CENTRE**2 + 1 + CENTRE * cos_b
    phi2 = CENTRE * GRAVITY * sin_both
    phi1 = (CENTRE + 1) * GRAVITY * sin_a + phi2 - CENTRE * sin_b * (spin_b * (spin_b + 2 * spin_a))
    ratio = d2 / d1
    turn_b = (torque + ratio * phi1 - CENTRE * sin_b * (spin_a * spin_a) - phi2) / (CENTRE**2 + 1 - ratio * d2)
    return spin_a, spin_b, -(d2 * turn_b + phi1) / d1, turn_b


GYMNAST = World(
    starts=starts,
    features=6,
    sees=features,
    acts=direction,
    advance=advance,
    price=lambda state, torque: 1.0,
    over=feet_up,
    steps=STEPS,
)
