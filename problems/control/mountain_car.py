"""The mountain car: too weak for the slope before it, it must first drive away from its goal."""

from math import pi

import numpy as np

from bench.core import Array, Objective, problem

from .arithmetic import clipped, direction, sine
from .black_box import black_box
from .episodes import State, World

# Moore 1990 and Sutton 1996, with the numbers of Gymnasium's MountainCar-v0
POWER, GRAVITY = 0.001, 0.0025  # changes of velocity in a step
LEFT, RIGHT, TOP_SPEED, GOAL = -1.2, 0.6, 0.07, 0.5
STEPS = 200  # in an episode


@problem(
    family="control",
    source="Moore 1990, doi:10.48456/tr-209; Sutton 1996, Advances in Neural Information Processing Systems 8",
)
def mountain_car(episodes: int = 20, hidden: tuple[int, ...] = (), instance: int = 1) -> Objective:
    """Drive an underpowered car out of a valley: full throttle right where the policy's output is above 0, else left.

    The policy sees 1, the position, and the speed in units of the top speed, 0.07; its output is x . features, or that
    of a network with `hidden` layers of tanh. An answer is the fraction of 200 steps that one episode from a random
    start takes to the hilltop; the score is its mean over the `episodes` starts that are the instance. A plateau of
    cost 1, where the hilltop is never reached, surrounds the policies that push the way the car rolls.
    """
    return black_box(VALLEY, hidden, episodes, instance)


def starts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """First states (*shape, 2) of episodes: at rest near the bottom, from -0.6 to -0.4."""
    position = rng.uniform(-0.6, -0.4, shape)
    return np.stack([position, np.zeros(shape)], -1)


def features(state: State) -> tuple[Array, ...]:
    """1, position and speed."""
    position, velocity = state
    return 1 + 0 * position, position, velocity / TOP_SPEED


def advance(state: State, throttle: Array) -> State:
    """One step of position and velocity, throttle 1 to the right or -1; the wall on the left stops the car."""
    position, velocity = state
    slope = sine(3 * position + pi / 2)
    velocity = clipped(velocity + POWER * throttle - GRAVITY * slope, -TOP_SPEED, TOP_SPEED)
    position = clipped(position + velocity, LEFT, RIGHT)
    return position, velocity * ((position > LEFT) | (velocity > 0))


VALLEY = World(
    starts=starts,
    features=3,
    sees=features,
    acts=direction,
    advance=advance,
    price=lambda state, throttle: 1.0,
    over=lambda state: state[0] >= GOAL,
    steps=STEPS,
)
