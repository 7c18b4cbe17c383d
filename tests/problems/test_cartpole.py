"""The cart-pole, upright and hanging: Gymnasium's CartPole-v1 step by step, from any state and with any force."""

import numpy as np
import pytest
import torch

from bench.core.registry import find_problem, load
from bench.problems.control import cartpole, swing_up
from bench.problems.control.black_box import cost
from bench.problems.control.policies import Policy

load(("bench.problems",))

# position, velocity, cosine, sine, spin: drives the pole while it hangs, and holds it where it stands
SWINGS = np.array([0.8, 0.5, -0.8, 13.0, 1.3])


def lengths(policies: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Of the episodes of linear policies (n, 4) from states (n, 4)."""
    return np.rint(500 * (1 - cost(policies, states, cartpole.BALANCE, Policy(4), noise=states)))


def pushed(environment, state, force: float) -> tuple[np.ndarray, bool]:
    """The state of Gymnasium's environment after a step of that force, and whether it says that this is the end."""
    environment.state, environment.steps_beyond_terminated = state, None
    environment.force_mag = abs(force)
    over = environment.step(int(force > 0))[2]
    return environment.state, over


@pytest.fixture
def environment():
    gymnasium = pytest.importorskip("gymnasium")
    made = gymnasium.make("CartPole-v1").unwrapped
    made.reset(seed=0)
    return made


def test_states_and_lengths_equal_gymnasiums(environment) -> None:
    rng = np.random.default_rng(0)
    policies = np.concatenate([rng.standard_normal((30, 4)), [cartpole.BALANCED]])
    states, expected = cartpole.starts(rng, (31,)), []
    for weights, state in zip(policies, states, strict=True):
        over, steps = False, 0
        while not over and steps < 500:
            force = 10.0 if weights @ state > 0 else -10.0
            ours = cartpole.advance(tuple(state), force)
            state, over = pushed(environment, tuple(state), force)
            np.testing.assert_allclose(ours, state, rtol=0, atol=1e-14)
            assert cartpole.fallen(ours) == over
            steps += 1
        expected.append(steps)
    assert min(expected) < 20
    assert max(expected) == 500
    np.testing.assert_array_equal(lengths(policies, states), expected)


def test_a_pole_at_any_angle_moves_as_gymnasiums(environment) -> None:
    rng = np.random.default_rng(1)
    states = rng.uniform([-2.4, -3, -12, -10], [2.4, 3, 12, 10], (200, 4))
    forces = rng.uniform(-10, 10, 200)
    expected = [pushed(environment, tuple(state), force)[0] for state, force in zip(states, forces, strict=True)]
    np.testing.assert_allclose(np.stack(cartpole.advance(tuple(states.T), forces), -1), expected, rtol=0, atol=1e-13)


def test_a_swing_up_is_that_of_gymnasiums_equations(environment) -> None:
    rng = np.random.default_rng(2)
    costs = []
    for weights, off in [(SWINGS, False), (np.array([0, 0, 1.0, 0, 0]), True), (0.1 * SWINGS, True)]:
        first = state = swing_up.starts(rng, ())
        prices, over = [], False
        while len(prices) < 500 and not over:
            position, velocity, angle, spin = state
            prices.append((1 - np.cos(angle)) / 2)
            output = weights @ [position, velocity, np.cos(angle), np.sin(angle), spin]
            state, _ = pushed(environment, tuple(state), 10 * float(np.clip(output, -1, 1)))
            over = abs(state[0]) > 2.4
        assert over == off
        costs.append((sum(prices) + 500 - len(prices)) / 500)
        assert cost(weights, first[None], swing_up.SWING_UP, Policy(5)) == pytest.approx(costs[-1], rel=1e-6)


def test_a_linear_policy_swings_the_pole_up_and_an_idle_one_leaves_it() -> None:
    swings, idle = find_problem("cartpole-swing-up").make(episodes=50).f(np.stack([SWINGS, 0 * SWINGS]))
    assert swings < 0.3
    assert 0.99 < idle < 1


def test_a_cart_off_its_track_costs_1_for_ever() -> None:
    objective = find_problem("cartpole-swing-up").make()
    x, noise = np.array([0, 0, -1000.0, 0, 0]), swing_up.starts(np.random.default_rng(0), ())
    costs, inputs = objective.composite.play(x, np.zeros((500, 1)), **objective.constants, noise=noise)
    left = int(np.argmax(np.abs(inputs).sum(-1) == 0))
    assert np.abs(inputs[:left, 0]).max() <= 2.4  # the steps in which it was seen on the track
    assert 30 < left < 60  # a push of 10 N on 1.1 kg goes 2.4 m in 0.73 s, the pole apart
    assert (costs[left:] == 1).all()
    assert (costs[:left] < 1).all()
    assert not inputs[left:].any()


def test_floats_numpy_and_torch_agree_bit_for_bit() -> None:
    state, force = cartpole.starts(np.random.default_rng(1), (500,)).T, np.full(500, 10.0)
    tensors, floats = tuple(torch.tensor(state)), state[:, 0].tolist()
    for _ in range(200):
        state, floats = cartpole.advance(tuple(state), force), cartpole.advance(floats, 10.0)
        tensors = cartpole.advance(tensors, torch.tensor(force))
        assert [part[0] for part in state] == list(floats)
        assert all(np.array_equal(ours, theirs.numpy()) for ours, theirs in zip(state, tensors, strict=True))


def test_the_known_policy_balances_from_every_start() -> None:
    states = cartpole.starts(np.random.default_rng(2), (10_000,))
    assert (lengths(np.tile(cartpole.BALANCED, (10_000, 1)), states) == 500).all()


@pytest.mark.parametrize("hidden", [(1,), (8,), (5, 3)])
def test_a_network_that_carries_the_known_policy_balances(hidden: tuple[int, ...]) -> None:
    objective = find_problem("cartpole").make(hidden=hidden)
    assert objective.f(objective.x_opt) == 0
    assert objective.f(Policy(4, hidden).lifted(-cartpole.BALANCED)) > 0.9
    features = np.random.default_rng(0).standard_normal((50, 4))
    outputs = objective.composite.network(objective.x_opt, features, **objective.constants)
    np.testing.assert_array_equal(outputs[:, 0] > 0, features @ cartpole.BALANCED > 0)


def test_a_cost_is_the_share_of_steps_that_were_not_reached() -> None:
    objective = find_problem("cartpole").make(episodes=3)
    states = objective.constants["states"]
    reached = lengths(np.tile(-cartpole.BALANCED, (3, 1)), states)
    assert objective.f(-cartpole.BALANCED) == pytest.approx(1 - reached.mean() / 500, rel=1e-14)
    assert 0.95 < objective.f(-cartpole.BALANCED) < 1
    assert objective.f(1000 * cartpole.BALANCED) == 0  # only the direction of a policy counts


def test_its_gradient_may_not_be_asked() -> None:
    assert find_problem("cartpole").make().order == 0
