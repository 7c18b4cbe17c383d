"""The control problems: their optima from theory, their steps from Gymnasium."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from problems.control import acrobot, mountain_car, pendulum
from problems.control.lqr import lqr

load(("problems",))


def test_the_scalar_regulator_by_hand() -> None:
    """a = 1/2, b = 1 (or -1): p = 1 + p/4 - (p/2)^2 / (1 + p) is p^2 - p/4 - 1 = 0, and f(0) = 1 / (1 - 1/4)."""
    objective = lqr(states=1, controls=1, decay=0.5)
    assert objective.f_opt == pytest.approx((1 + 65**0.5) / 8, rel=1e-14)
    assert float(objective.f([0.0])) == pytest.approx(4 / 3, rel=1e-14)


def test_the_cost_of_a_gain_is_that_of_the_episodes_it_steers() -> None:
    objective = lqr()
    drift, drive = objective.constants["drift"], objective.constants["drive"]
    x = objective.first_point(np.random.default_rng(3))
    gain, state, cost = x.reshape(2, 4), np.eye(4), 0.0  # one episode from each axis
    for _ in range(2000):
        control = -gain @ state
        cost += (state**2).sum() + (control**2).sum()
        state = drift @ state + drive @ control
    assert float(objective.f(x)) == pytest.approx(cost, rel=1e-12)


def test_the_slope_of_the_cost_is_that_of_policy_gradients() -> None:
    """Fazel, Ge, Kakade & Mesbahi 2018, lemma 1: 2 ((R + B'P B) K - B'P A) times the sum of s s'."""
    objective = lqr(instance=4)
    a, b = objective.constants["drift"], objective.constants["drive"]
    x = objective.first_point(np.random.default_rng(0))
    gain = x.reshape(2, 4)
    closed = a - b @ gain
    p = solve_discrete_lyapunov(closed.T, np.eye(4) + gain.T @ gain)
    covariance = solve_discrete_lyapunov(closed, np.eye(4))
    expected = 2 * ((np.eye(2) + b.T @ p @ b) @ gain - b.T @ p @ a) @ covariance
    np.testing.assert_allclose(
        Answers(objective, "numpy").value_and_gradient(x)[1].reshape(2, 4), expected, rtol=1e-9, atol=1e-9
    )


def test_the_best_gain_is_stationary_and_an_unstable_one_costs_without_bound() -> None:
    objective = lqr(states=6, controls=3, decay=0.99, instance=2)
    f, gradient = Answers(objective, "numpy").value_and_gradient(objective.x_opt)
    assert np.abs(gradient).max() < 1e-9 * f
    assert np.isinf(objective.f(np.full((5, 18), 3.0))).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"states": 0}, "states must be >= 1, got 0"),
        ({"controls": 5}, "controls must be from 1 to states = 4, got 5"),
        ({"decay": 1.0}, "decay must be >= 0 and < 1, got 1.0"),
    ],
)
def test_a_wrong_regulator_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lqr(**wrong)


def test_the_mountain_car_drives_as_gymnasiums() -> None:
    gymnasium = pytest.importorskip("gymnasium")
    environment = gymnasium.make("MountainCar-v0")
    rng = np.random.default_rng(0)
    policies = np.concatenate([rng.standard_normal((4, 3)), [0, 0, 1] + 0.1 * rng.standard_normal((12, 3))])
    starts, lengths = mountain_car.starts(rng, (16,)), []
    for weights, first in zip(policies, starts, strict=True):
        environment.reset(seed=0)
        state = environment.unwrapped.state = tuple(first)
        over, steps = False, 0
        while not over:
            right = weights @ (1, state[0], state[1] / 0.07) > 0
            ours = mountain_car.advance(tuple(np.array([part]) for part in state), np.array([1.0 if right else -1.0]))
            _, _, terminated, truncated, _ = environment.step(2 if right else 0)
            state = environment.unwrapped.state
            np.testing.assert_allclose([part[0] for part in ours], state, rtol=0, atol=1e-12)
            over, steps = terminated or truncated, steps + 1
        lengths.append(steps)
    assert len(set(lengths)) > 3
    np.testing.assert_array_equal(mountain_car.drive(policies.T, starts.T), lengths)


def test_the_mountain_car_escapes_by_rocking_and_never_by_full_throttle() -> None:
    objective = find_problem("mountain-car").make()
    rocking, throttle = objective.f(np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))
    assert rocking < 0.8
    assert throttle == 1


def test_the_pendulum_swings_as_gymnasiums() -> None:
    gymnasium = pytest.importorskip("gymnasium")
    environment = gymnasium.make("Pendulum-v1")
    rng = np.random.default_rng(0)
    policies, starts = 3 * rng.standard_normal((8, 3)), pendulum.starts(rng, (8,))
    for weights, first in zip(policies, starts, strict=True):
        environment.reset(seed=0)
        state, over, total = first, False, 0.0
        environment.unwrapped.state = first
        while not over:
            ours = tuple(np.array([part]) for part in state)
            torque = pendulum.torque(weights[:, None], ours)
            (angle, spin), price = pendulum.advance(ours, torque)
            _, reward, _, over, _ = environment.step(torque)
            state = environment.unwrapped.state
            np.testing.assert_allclose([angle[0], spin[0], price[0]], [*state, -reward], rtol=0, atol=1e-12)
            total -= reward
        mean = pendulum.cost(weights, first[None])
        assert mean == pytest.approx(total / 200, rel=1e-6)


def test_a_pendulum_at_rest_upright_is_free_and_one_that_hangs_costs_pi_squared() -> None:
    idle = np.zeros(3)
    assert pendulum.cost(idle, np.array([[0.0, 0.0]])) == 0
    assert pendulum.cost(idle, np.array([[np.pi, 0.0]])) == pytest.approx(np.pi**2, rel=1e-9)


def test_a_steep_policy_holds_a_pendulum_that_is_almost_upright() -> None:
    """Beside the top the spin grows by 15 sin(angle) + 3 torque a second: -9 sin(angle) - 6 spin turns it back."""
    nearly = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.2]])
    assert pendulum.cost(np.array([0.0, -8.0, -2.0]), nearly) < 0.001
    assert pendulum.cost(np.zeros(3), nearly) > 1


def test_the_acrobot_swings_as_gymnasiums() -> None:
    gymnasium = pytest.importorskip("gymnasium")
    environment = gymnasium.make("Acrobot-v1")
    rng = np.random.default_rng(0)
    policies = np.concatenate([rng.standard_normal((1, 6)), [[0, 0, 0, 0, 0, 1], [0, 0, 0, 0, -1, 1]]])
    starts, lengths = acrobot.starts(rng, (3,)), []
    for weights, first in zip(policies, starts, strict=True):
        environment.reset(seed=0)
        state = environment.unwrapped.state = first
        over, steps = False, 0
        while not over:
            parts = tuple(np.array([part]) for part in state)
            torque = acrobot.torque(weights[:, None], parts)
            ours = np.concatenate(acrobot.advance(parts, torque))
            _, _, terminated, truncated, _ = environment.step(int(torque[0]) + 1)
            state = environment.unwrapped.state
            np.testing.assert_allclose(ours, state, rtol=0, atol=1e-11)
            over, steps = terminated or truncated, steps + 1
        lengths.append(steps)
    assert min(lengths) < 100
    assert max(lengths) == 500
    np.testing.assert_array_equal(acrobot.swing_up(policies.T, starts.T), lengths)


def test_an_acrobot_that_nobody_moves_hangs_still_and_keeps_its_energy() -> None:
    """Energy: kinetic, of both centres and both turns, and the heights of the centres times g."""

    def energy(a: float, b: float, spin_a: float, spin_b: float) -> float:
        both = spin_a + spin_b
        kinetic = (1.25 * spin_a**2 + 1.25 * both**2 + spin_a**2 + spin_a * both * np.cos(b)) / 2
        return float(kinetic - 9.8 * (1.5 * np.cos(a) + 0.5 * np.cos(a + b)))

    rest = tuple(np.zeros((4, 1)))
    np.testing.assert_array_equal(acrobot.advance(rest, np.zeros(1)), np.zeros((4, 1)))
    state = tuple(np.array([[0.3], [-0.2], [0.1], [0.2]]))
    before = energy(*(part[0] for part in state))
    for _ in range(50):
        state = acrobot.advance(state, np.zeros(1))
    assert energy(*(part[0] for part in state)) == pytest.approx(before, rel=1e-2)


@pytest.mark.parametrize("name", ["acrobot", "mountain-car", "pendulum"])
def test_an_answer_is_one_episode_and_the_score_a_mean(name: str) -> None:
    objective = find_problem(name).make(episodes=3)
    states, x = objective.constants["states"], np.random.default_rng(3).standard_normal((2, objective.dim))
    each = [[objective.formula(point, states, noise=state) for state in states] for point in x]
    np.testing.assert_allclose(objective.f(x), np.mean(each, axis=1), rtol=1e-12)
    with pytest.raises(ValueError, match="episodes must be >= 1, got 0"):
        find_problem(name).make(episodes=0)
