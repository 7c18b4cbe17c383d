"""The cart-pole: Gymnasium's CartPole-v1 step by step, on arrays and on Python's floats."""

import numpy as np
import pytest

from bench.core.registry import find_problem, load
from problems.control import cartpole

load(("problems",))


def test_states_and_lengths_equal_gymnasiums() -> None:
    gymnasium = pytest.importorskip("gymnasium")
    environment = gymnasium.make("CartPole-v1")
    rng = np.random.default_rng(0)
    policies = np.concatenate([rng.standard_normal((30, 4)), [cartpole.BALANCED]])
    states = cartpole.starts(rng, (31,))
    lengths = []
    for weights, first in zip(policies, states, strict=True):
        environment.reset(seed=0)
        environment.unwrapped.state = first
        over, steps = False, 0
        while not over:
            before = tuple(environment.unwrapped.state)
            right = float(weights @ before) > 0
            force = cartpole.FORCE if right else -cartpole.FORCE
            _, _, terminated, truncated, _ = environment.step(int(right))
            after = environment.unwrapped.state
            np.testing.assert_allclose(cartpole.advance(before, force), after, rtol=0, atol=1e-14)
            over, steps = terminated or truncated, steps + 1
        lengths.append(steps)
    assert min(lengths) < 20
    assert max(lengths) == 500
    np.testing.assert_array_equal(cartpole.survived(policies, states), lengths)


def test_arrays_equal_floats_bit_for_bit() -> None:
    rng = np.random.default_rng(1)
    policies, states = rng.standard_normal((500, 4)), cartpole.starts(rng, (500,))
    one_by_one = [cartpole.one(*episode) for episode in zip(policies.tolist(), states.tolist(), strict=True)]
    np.testing.assert_array_equal(cartpole.many(policies.T, states.T), one_by_one)
    state, floats = states.T, states.T[:, 0].tolist()
    for _ in range(20):
        state, floats = cartpole.advance(state, np.full(500, 10.0)), cartpole.advance(floats, 10.0)
        assert [part[0] for part in state] == list(floats)


def test_polynomials_are_exact_while_the_pole_stands() -> None:
    angle = np.linspace(-cartpole.TILT, cartpole.TILT, 10_001)
    sine, cosine = cartpole.sine_and_cosine(angle)
    np.testing.assert_allclose(sine, np.sin(angle), rtol=4e-16)
    np.testing.assert_allclose(cosine, np.cos(angle), rtol=4e-16)


def test_the_known_policy_balances_from_every_start() -> None:
    states = cartpole.starts(np.random.default_rng(2), (10_000,))
    assert (cartpole.survived(cartpole.BALANCED, states) == cartpole.STEPS).all()


def test_a_cost_is_the_share_of_steps_that_were_not_reached() -> None:
    objective = find_problem("cartpole").make(episodes=3)
    lengths = cartpole.survived(-cartpole.BALANCED, objective.constants["states"])
    assert objective.f(-cartpole.BALANCED) == pytest.approx(1 - lengths.mean() / 500, rel=1e-14)
    assert 0.95 < objective.f(-cartpole.BALANCED) < 1
    assert objective.f(1000 * cartpole.BALANCED) == 0  # only the direction of a policy counts


def test_an_answer_is_one_episode_and_the_score_a_mean() -> None:
    objective = find_problem("cartpole").make()
    x = np.random.default_rng(3).standard_normal((40, 4))
    noise = objective.noise(np.random.default_rng(4), (40,))
    answers = objective.formula(x, **objective.constants, noise=noise)
    np.testing.assert_array_equal(answers, 1 - cartpole.survived(x, noise) / 500)
    np.testing.assert_allclose(answers * 500, np.round(answers * 500), atol=1e-9)
    scores = [1 - cartpole.survived(point, objective.constants["states"]).mean() / 500 for point in x]
    np.testing.assert_allclose(objective.f(x), scores, rtol=1e-14)


def test_its_gradient_may_not_be_asked() -> None:
    assert find_problem("cartpole").make().order == 0


def test_bad_parameters_are_named() -> None:
    with pytest.raises(ValueError, match="episodes must be >= 1, got 0"):
        find_problem("cartpole").make(episodes=0)
