"""The mountain car: too weak for the slope before it, it must first drive away from its goal."""

import numpy as np

from bench.core import Objective, problem
from problems.control.episodes import Parts, mean_cost, steps_to_goal

# Moore 1990 and Sutton 1996, with the numbers of Gymnasium's MountainCar-v0
POWER, GRAVITY = 0.001, 0.0025  # changes of velocity in a step
LEFT, RIGHT, TOP_SPEED, GOAL = -1.2, 0.6, 0.07, 0.5
STEPS = 200  # in an episode


@problem(
    family="control",
    source="Moore 1990, doi:10.48456/tr-209; Sutton 1996, Advances in Neural Information Processing Systems 8",
)
def mountain_car(episodes: int = 20, instance: int = 1) -> Objective:
    """Drive an underpowered car out of a valley: full throttle right where x . (1, position, speed) > 0, else left.

    The speed is in units of the top speed, 0.07. An answer is the share of 200 steps that one episode from a random
    start takes to the hilltop; the score is its mean over the `episodes` starts that are the instance. A plateau of
    cost 1, where the hilltop is never reached, surrounds the policies that push the way the car rolls.
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
    """First states (*shape, 2) of episodes: at rest near the bottom, from -0.6 to -0.4."""
    position = rng.uniform(-0.6, -0.4, shape)
    return np.stack([position, np.zeros(shape)], -1)


def cost(x: np.ndarray, states: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    """Steps to the hilltop over 200: policies x (*points, 3), states (episodes, 2) or noise (*points, 2) -> (*points).

    Without noise the mean over the episodes.
    """
    return mean_cost(lambda policies, first: drive(policies, first) / STEPS, x, states, noise)


def drive(policies: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Steps to the hilltop, at most 200: policies (3, n), first states (2, n) -> (n,)."""
    return steps_to_goal(
        lambda policies, state: advance(state, throttle(policies, state)),
        lambda state: state[0] >= GOAL,
        policies,
        states,
        STEPS,
    )


def throttle(policies: np.ndarray, state: Parts) -> np.ndarray:
    """1 for right and -1 for left: policies (3, n), state two arrays (n,) -> (n,)."""
    position, velocity = state
    return np.where(policies[0] + policies[1] * position + policies[2] * (velocity / TOP_SPEED) > 0, 1.0, -1.0)


def advance(state: Parts, throttle: np.ndarray) -> Parts:
    """One step of position and velocity; the wall on the left stops the car."""
    position, velocity = state
    velocity = np.clip(velocity + POWER * throttle - GRAVITY * np.cos(3 * position), -TOP_SPEED, TOP_SPEED)
    position = np.clip(position + velocity, LEFT, RIGHT)
    return position, np.where((position == LEFT) & (velocity < 0), 0.0, velocity)
