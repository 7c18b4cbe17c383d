"""The cart-pole as a black box: only the cost of an episode is known, as when one learns to ride a bicycle."""

from math import radians

import numpy as np

from bench.core import Array, Objective, problem

from .arithmetic import direction, sine_and_cosine
from .black_box import black_box
from .episodes import State, World
from .policies import Policy

# Barto, Sutton & Anderson 1983, with the numbers of Gymnasium's CartPole-v1
GRAVITY, CART, POLE, HALF_LENGTH, FORCE = 9.8, 1.0, 0.1, 0.5, 10.0  # m/s^2, kg, kg, m, N
TAU = 0.02  # seconds a step
STEPS = 500  # in an episode
TRACK, TILT = 2.4, radians(12)  # m, rad: beyond either, the episode is over
START = 0.05  # half-width of the box from which each coordinate of a start is drawn

# pushes towards the side to which the cart and the pole will go; found by hand, and tested to last from 10,000 starts
BALANCED = np.array([0.1, 0.4, 1.0, 1.0])


@problem(family="control", source="Barto, Sutton & Anderson 1983, doi:10.1109/TSMC.1983.6313077")
def cartpole(episodes: int = 20, hidden: tuple[int, ...] = (), instance: int = 1) -> Objective:
    """Balance a pole on a cart: push right where the policy's output is above 0, else left. Cost 0 for 500 steps.

    The policy sees position, velocity, angle and angular velocity; its output is x . state, or that of a network with
    `hidden` layers of tanh. An answer is the cost 1 - steps / 500 of one episode from a random start; the score is the
    mean cost from the `episodes` starts that are the instance.
    """
    policy = Policy(BALANCE.features, hidden)
    start = policy.initial if hidden else lambda rng: 0.1 * rng.standard_normal(4)
    return black_box(BALANCE, hidden, episodes, instance, start=start, f_opt=0.0, x_opt=policy.lifted(BALANCED))


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 4) of episodes: close to the upright rest in the middle of the track."""
    return rng.uniform(-START, START, (*shape, 4))


def advance(state: State, force: Array) -> State:
    """One step of Euler's method: position, velocity, angle, spin and force, numbers or arrays -> the next state.

    Source: Barto, Sutton & Anderson 1983, appendix, without friction.
    """
    position, velocity, angle, spin = state
    sine, cosine = sine_and_cosine(angle)
    push = (force + POLE * HALF_LENGTH * (spin * spin * sine)) / (CART + POLE)
    turn = (GRAVITY * sine - cosine * push) / (
        HALF_LENGTH * (4 / 3) - HALF_LENGTH * POLE / (CART + POLE) * (cosine * cosine)
    )
    drive = push - POLE * HALF_LENGTH / (CART + POLE) * (turn * cosine)
    return position + TAU * velocity, velocity + TAU * drive, angle + TAU * spin, spin + TAU * turn


def fallen(state: State) -> Array:
    """Whether the cart has left the track, or the pole leans by more than 12 degrees."""
    return (abs(state[0]) > TRACK) | (abs(state[2]) > TILT)


BALANCE = World(
    starts=starts,
    features=4,
    sees=lambda state: state,
    acts=lambda output: FORCE * direction(output),
    advance=advance,
    price=lambda state, force: 0.0,
    over=fallen,
    steps=STEPS,
    after=1.0,
)
