"""The simulated worlds: many policies that all last, and one answer of each world."""

import sys
from dataclasses import replace
from timeit import repeat

import numpy as np
import pytest
import torch

from bench.core.registry import find_problem, load
from bench.problems.control import cartpole
from bench.problems.control.black_box import cost
from bench.problems.control.episodes import lockstep
from bench.problems.control.policies import Policy

load(("bench.problems",))

POLICIES = 10_000
WORLD, LINEAR = replace(cartpole.BALANCE, steps=200), Policy(4)
X = cartpole.BALANCED + 0.02 * np.random.default_rng(0).standard_normal((POLICIES, 4))
STATES = cartpole.starts(np.random.default_rng(1), (POLICIES,))


def test_200_steps_of_10000_cartpole_policies_take_less_than_a_third_of_a_second():
    """Prints the seconds of one thread: in NumPy, then in torch."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    x, states = torch.tensor(X), torch.tensor(STATES)[:, None]
    try:
        numpy = min(repeat(lambda: cost(X, STATES, WORLD, LINEAR, noise=STATES), number=1, repeat=5))
        pytorch = min(repeat(lambda: lockstep(WORLD, LINEAR, x, states), number=1, repeat=5))
    finally:
        torch.set_num_threads(threads)
    print(f"NumPy {numpy:.3f}, torch {pytorch:.3f}", file=sys.stderr)
    assert numpy < 0.3


def test_a_batch_that_balances(benchmark):
    benchmark.extra_info["steps"] = POLICIES * WORLD.steps
    assert (benchmark(cost, X, STATES, WORLD, LINEAR, noise=STATES) == 0).all()


@pytest.mark.parametrize("name", ["acrobot", "cartpole", "cartpole-swing-up", "mountain-car", "pendulum"])
def test_one_answer(benchmark, name):
    objective = find_problem(name).make()
    x = np.zeros(objective.dim) if objective.x_opt is None else objective.x_opt
    noise = objective.noise(np.random.default_rng(0), ())
    assert np.isfinite(benchmark(objective.formula, x, **objective.constants, noise=noise))
