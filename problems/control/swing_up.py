"""The cart-pole that hangs: the pole must be swung up before it can be balanced."""

from math import pi

import numpy as np

from bench.core import Array, Objective, problem

from . import cartpole
from .arithmetic import clipped, sine_and_cosine
from .black_box import black_box
from .episodes import State, World


@problem(
    family="control",
    source="Barto, Sutton & Anderson 1983, doi:10.1109/TSMC.1983.6313077 (the dynamics); "
    "Doya 2000, doi:10.1162/089976600300015961; Tassa et al. 2018, arXiv:1801.00690",
)
def cartpole_swing_up(episodes: int = 20, hidden: tuple[int, ...] = (), instance: int = 1) -> Objective:
    """Swing a hanging pole up and balance it, by pushing the cart with the policy's output times 10 N, at most 10 N.

    The policy sees position, velocity, the cosine and sine of the angle, 0 being upright, and angular velocity; its
    output is x . features, or that of a network with `hidden` layers of tanh. A step of 0.02 s costs half of
    1 - cos(angle): 0 upright, 1 hanging; and 1 for ever when the cart has left its track of 2.4 m either way. An answer
    is the mean cost of the 500 steps of one episode from a random start close to hanging; the score is its mean over
    the `episodes` starts that are the instance.
    """
    return black_box(SWING_UP, hidden, episodes, instance)


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 4) of episodes: close to hanging at rest in the middle of the track."""
    return cartpole.starts(rng, shape) + np.array([0.0, 0.0, pi, 0.0])


def features(state: State) -> tuple[Array, ...]:
    """Position, velocity, cosine, sine, spin."""
    position, velocity, angle, spin = state
    sine, cosine = sine_and_cosine(angle)
    return position, velocity, cosine, sine, spin


def height_missed(state: State, force: Array) -> Array:
    """How far the tip is below its highest point, over the way from the lowest: 0 to 1."""
    return (1 - sine_and_cosine(state[2])[1]) / 2


SWING_UP = World(
    starts=starts,
    features=5,
    sees=features,
    acts=lambda output: cartpole.FORCE * clipped(output, -1.0, 1.0),
    advance=cartpole.advance,
    price=height_missed,
    over=lambda state: abs(state[0]) > cartpole.TRACK,
    steps=cartpole.STEPS,
    after=1.0,
)
