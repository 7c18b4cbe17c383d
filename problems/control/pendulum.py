"""The pendulum with a weak motor: every step has its price, that of hanging down is the highest."""

from math import pi

import numpy as np

from bench.core import Array, Objective, problem

from .arithmetic import clipped, sine, sine_and_cosine, wrapped
from .black_box import black_box
from .episodes import State, World

# the numbers of Gymnasium's Pendulum-v1
GRAVITY, TAU = 10.0, 0.05  # m/s^2, seconds a step; a rod of 1 kg and 1 m
TORQUE, TOP_SPIN = 2.0, 8.0  # N m, rad/s
STEPS = 200  # in an episode


@problem(family="control", source="Doya 2000, doi:10.1162/089976600300015961")
def pendulum(episodes: int = 20, hidden: tuple[int, ...] = (), instance: int = 1) -> Objective:
    """Swing a rod up and hold it there by the policy's output as torque, cut to 2 N m either way.

    The policy sees the cosine and sine of the angle, 0 being upright, and the spin; its output is x . features, or that
    of a network with `hidden` layers of tanh. The price of a step is angle^2 + spin^2 / 10 + torque^2 / 1000. An answer
    is the mean price of the 200 steps of one episode from any angle; the score is its mean over the `episodes` starts
    that are the instance.
    """
    return black_box(ROD, hidden, episodes, instance)


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 2) of episodes: any angle, and a spin of at most 1 either way."""
    return rng.uniform([-pi, -1.0], [pi, 1.0], (*shape, 2))


def features(state: State) -> tuple[Array, ...]:
    """Cosine and sine of the angle, and the spin."""
    angle, spin = state
    sine, cosine = sine_and_cosine(angle)
    return cosine, sine, spin


def advance(state: State, torque: Array) -> State:
    """One step of Euler's semi-implicit method."""
    angle, spin = state
    spin = clipped(spin + TAU * (1.5 * GRAVITY * sine(angle) + 3 * torque), -TOP_SPIN, TOP_SPIN)
    return angle + TAU * spin, spin


def price(state: State, torque: Array) -> Array:
    """What a step costs that leaves this state."""
    tilt, spin = wrapped(state[0]), state[1]
    return tilt * tilt + spin * spin / 10 + torque * torque / 1000


ROD = World(
    starts=starts,
    features=3,
    sees=features,
    acts=lambda output: clipped(output, -TORQUE, TORQUE),
    advance=advance,
    price=price,
    over=None,
    steps=STEPS,
)
