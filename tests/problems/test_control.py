"""The control problems: their optima from theory, their steps from Gymnasium."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.linalg import solve_discrete_lyapunov

from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from bench.problems.control import acrobot, arithmetic, black_box, cartpole, mountain_car, pendulum, swing_up
from bench.problems.control.black_box import cost
from bench.problems.control.episodes import World, alone, lockstep, recorded, summed
from bench.problems.control.lqr import lqr
from bench.problems.control.policies import Policy

load(("bench.problems",))

WORLDS = {
    "acrobot": acrobot.GYMNAST,
    "cartpole": cartpole.BALANCE,
    "cartpole-swing-up": swing_up.SWING_UP,
    "mountain-car": mountain_car.VALLEY,
    "pendulum": pendulum.ROD,
}


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


@dataclass(frozen=True)
class Twin:
    """Gymnasium's environment of a world: what a policy sees in a state, its action from an output, and our action."""

    name: str
    sees: Callable[[np.ndarray], list[float]]
    acts: Callable[[float], object]
    policies: np.ndarray


def cosines(*angles: float) -> list[float]:
    return [part for angle in angles for part in (np.cos(angle), np.sin(angle))]


DRAWN = np.random.default_rng(0).standard_normal((12, 6))
TWINS = {
    "acrobot": Twin(
        "Acrobot-v1",
        lambda s: [*cosines(s[0], s[1]), s[2] / (4 * np.pi), s[3] / (9 * np.pi)],
        lambda output: 2 if output > 0 else 0,
        np.array([DRAWN[0], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, -1, 1]]),
    ),
    "mountain-car": Twin(
        "MountainCar-v0",
        lambda s: [1, s[0], s[1] / 0.07],
        lambda output: 2 if output > 0 else 0,
        np.concatenate([DRAWN[:4, :3], [0, 0, 1] + 0.1 * DRAWN[:, 3:]]),
    ),
    "pendulum": Twin(
        "Pendulum-v1", lambda s: [*cosines(s[0]), s[1]], lambda output: np.array([output]), 3 * DRAWN[:8, :3]
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_every_step_is_gymnasiums(name: str) -> None:
    gymnasium = pytest.importorskip("gymnasium")
    world, twin = WORLDS[name], TWINS[name]
    environment = gymnasium.make(twin.name)
    lengths, totals = [], []
    starts = world.starts(np.random.default_rng(1), (len(twin.policies),))
    for weights, state in zip(twin.policies, starts, strict=True):
        environment.reset(seed=0)
        environment.unwrapped.state = state
        ended = truncated = False
        steps, total = 0, 0.0
        while not (ended or truncated):
            output = float(weights @ twin.sees(state))
            action, before = world.acts(output), tuple(map(float, state))
            _, reward, ended, truncated, _ = environment.step(twin.acts(output))
            state = environment.unwrapped.state
            ours = world.advance(before, action)
            np.testing.assert_allclose(ours, state, rtol=0, atol=1e-11)
            assert world.over is None or world.over(ours) == ended
            if name == "pendulum":
                assert world.price(before, action) == pytest.approx(-reward, rel=1e-12)
            steps, total = steps + 1, total - reward
        lengths.append(steps)
        totals.append(total if name == "pendulum" else steps)
    assert (len(set(lengths)) > 2) == (world.over is not None)
    assert max(lengths) == world.steps
    policy = Policy(world.features)
    np.testing.assert_allclose(
        cost(twin.policies, starts, world, policy, noise=starts), np.array(totals) / world.steps, rtol=1e-6
    )


def test_the_mountain_car_escapes_by_rocking_and_never_by_full_throttle() -> None:
    objective = find_problem("mountain-car").make()
    rocking, throttle = objective.f(np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))
    assert rocking < 0.8
    assert throttle == 1


def test_a_pendulum_at_rest_upright_is_free_and_one_that_hangs_costs_pi_squared() -> None:
    idle = np.zeros(3)
    assert cost(idle, np.array([[0.0, 0.0]]), pendulum.ROD, Policy(3)) == 0
    assert cost(idle, np.array([[np.pi, 0.0]]), pendulum.ROD, Policy(3)) == pytest.approx(np.pi**2, rel=1e-9)


def test_a_steep_policy_holds_a_pendulum_that_is_almost_upright() -> None:
    """Beside the top the spin grows by 15 sin(angle) + 3 torque a second: -9 sin(angle) - 6 spin turns it back."""
    nearly = np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.2]])
    assert cost(np.array([0.0, -8.0, -2.0]), nearly, pendulum.ROD, Policy(3)) < 0.001
    assert cost(np.zeros(3), nearly, pendulum.ROD, Policy(3)) > 1


def test_an_acrobot_that_nobody_moves_hangs_still_and_keeps_its_energy() -> None:
    """Energy: kinetic, of both centres and both turns, and the heights of the centres times g."""

    def energy(a: float, b: float, spin_a: float, spin_b: float) -> float:
        both = spin_a + spin_b
        kinetic = (1.25 * spin_a**2 + 1.25 * both**2 + spin_a**2 + spin_a * both * np.cos(b)) / 2
        return float(kinetic - 9.8 * (1.5 * np.cos(a) + 0.5 * np.cos(a + b)))

    assert acrobot.advance((0.0, 0.0, 0.0, 0.0), 0.0) == (0, 0, 0, 0)
    state = (0.3, -0.2, 0.1, 0.2)
    before = energy(*state)
    for _ in range(50):
        state = acrobot.advance(state, 0.0)
    assert energy(*state) == pytest.approx(before, rel=1e-2)


def test_sines_are_those_of_numpy_whatever_the_arrays() -> None:
    angles = np.concatenate([np.linspace(-7, 7, 20_001), np.random.default_rng(0).uniform(-1e6, 1e6, 20_000)])
    sine, cosine = arithmetic.sine_and_cosine(angles)
    np.testing.assert_allclose(sine, np.sin(angles), rtol=0, atol=4e-16)
    np.testing.assert_allclose(cosine, np.cos(angles), rtol=0, atol=4e-16)
    turned = arithmetic.sine_and_cosine(torch.tensor(angles))
    assert np.array_equal(turned[0].numpy(), sine)
    assert np.array_equal(turned[1].numpy(), cosine)
    assert [arithmetic.sine_and_cosine(angle) for angle in angles.tolist()] == list(zip(sine, cosine, strict=True))
    assert arithmetic.sines(*angles[:3].tolist()) == tuple(sine[:3]) == arithmetic.sines(*angles[:3, None])


def test_angles_are_wrapped_and_those_within_half_a_turn_kept() -> None:
    inside = np.linspace(-3.14, 3.14, 1001)
    np.testing.assert_array_equal(arithmetic.wrapped(inside), inside)
    np.testing.assert_allclose(arithmetic.wrapped(inside + 6 * np.pi), inside, rtol=0, atol=1e-14)


def drawn(world: World, n: int, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Linear policies (n, features) and first states (n, d)."""
    rng = np.random.default_rng(5)
    return scale * rng.standard_normal((n, world.features)), world.starts(rng, (n,))


@pytest.mark.parametrize("name", WORLDS)
def test_floats_numpy_and_torch_play_the_same_episodes_bit_for_bit(name: str) -> None:
    world = WORLDS[name]
    policy, (x, states) = Policy(world.features), drawn(world, 8)
    floats = [summed(world, alone(world, policy, *one)[0]) for one in zip(x.tolist(), states.tolist(), strict=True)]
    assert lockstep(world, policy, x, states[:, None])[:, 0].tolist() == floats
    assert lockstep(world, policy, torch.tensor(x), torch.tensor(states)[:, None])[:, 0].tolist() == floats


@pytest.mark.parametrize("name", WORLDS)
def test_records_are_the_same_from_floats_numpy_and_torch(name: str) -> None:
    world = WORLDS[name]
    policy, (x, states) = Policy(world.features), drawn(world, 3)
    e = np.random.default_rng(2).standard_normal((3, world.steps))
    costs, inputs = recorded(world, policy, x, states, e)
    tensors = recorded(world, policy, *map(torch.tensor, (x, states, e)))
    assert np.array_equal(tensors[0].numpy(), costs)
    assert np.array_equal(tensors[1].numpy(), inputs)
    floats = black_box.play(x, e[..., None], states, world, policy, noise=states)
    assert np.array_equal(floats[0], costs)
    assert np.array_equal(floats[1], inputs)


def test_a_large_batch_is_played_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    x, states = drawn(cartpole.BALANCE, 100)
    whole = cost(x, states[:5], cartpole.BALANCE, Policy(4))
    monkeypatch.setattr(black_box, "CHUNK", 64)
    np.testing.assert_array_equal(cost(x, states[:5], cartpole.BALANCE, Policy(4)), whole)


@pytest.mark.parametrize("name", WORLDS)
def test_an_answer_is_one_episode_and_the_score_a_mean(name: str) -> None:
    for hidden in ((), (3,)):
        objective = find_problem(name).make(episodes=2, hidden=hidden)
        states, x = objective.constants["states"], np.random.default_rng(3).standard_normal((2, objective.dim))
        each = [[objective.formula(point, **objective.constants, noise=state) for state in states] for point in x]
        np.testing.assert_allclose(objective.f(x), np.mean(each, axis=1), rtol=1e-12)


@pytest.mark.parametrize("name", WORLDS)
def test_bad_parameters_are_named(name: str) -> None:
    with pytest.raises(ValueError, match="episodes must be >= 1, got 0"):
        find_problem(name).make(episodes=0)
    with pytest.raises(ValueError, match=r"hidden must be numbers >= 1, got \(8, 0\)"):
        find_problem(name).make(hidden=(8, 0))


def by_hand(x: np.ndarray, features: list[float]) -> float:
    """A network of 2 and 3 hidden units on 3 features: what x holds, layer by layer."""
    first = np.tanh([x[0] * features[0] + x[2] * features[1] + x[4] * features[2] + x[6],
                     x[1] * features[0] + x[3] * features[1] + x[5] * features[2] + x[7]])  # fmt: skip
    second = np.tanh([x[8 + unit] * first[0] + x[11 + unit] * first[1] + x[14 + unit] for unit in range(3)])
    return float(second @ x[17:20] + x[20])


def test_a_network_is_a_policy_as_by_hand() -> None:
    objective = find_problem("pendulum").make(hidden=(2, 3))
    assert objective.dim == 21
    assert list(objective.shapes) == [(3, 2), (2,), (2, 3), (3,), (3, 1), (1,)]
    rng = np.random.default_rng(0)
    x, states = 2 * rng.standard_normal((4, 21)), pendulum.starts(rng, (4,))
    for point, first in zip(x, states, strict=True):
        state, total = tuple(first.tolist()), 0.0
        for _ in range(200):
            torque = float(np.clip(by_hand(point, [np.cos(state[0]), np.sin(state[0]), state[1]]), -2, 2))
            total += pendulum.price(state, torque)
            state = pendulum.advance(state, torque)
        value = objective.formula(point, **objective.constants, noise=first)
        assert value == pytest.approx(total / 200, rel=1e-6)


# not the acrobot, whose long episodes turn the last bits of a product of matrices into others
@pytest.mark.parametrize("name", ["cartpole", "cartpole-swing-up", "mountain-car", "pendulum"])
def test_networks_answer_alike_in_batches_in_stacks_and_in_torch(name: str) -> None:
    many = [find_problem(name).make(hidden=(4,), episodes=2, instance=k) for k in (1, 2)]
    rng = np.random.default_rng(1)
    x = np.stack([many[0].first_point(rng) for _ in range(6)]).reshape(2, 3, -1)
    stacked = Answers(many, "numpy").value(x)
    for lane, objective in enumerate(many):
        assert objective.f(torch.tensor(x[lane])).tolist() == pytest.approx(stacked[lane], rel=1e-9)
        np.testing.assert_allclose([objective.f(point) for point in x[lane]], stacked[lane], rtol=1e-9)


def test_networks_play_in_torch_as_in_numpy() -> None:
    policy, (states, rng) = Policy(3, (4,)), (np.linspace([-3, -1], [3, 1], 5), np.random.default_rng(0))
    x = np.stack([policy.initial(rng) for _ in range(5)])
    totals = lockstep(pendulum.ROD, policy, x, states[None].repeat(5, 0))
    tensors = lockstep(pendulum.ROD, policy, torch.tensor(x), torch.tensor(states[None].repeat(5, 0)))
    np.testing.assert_allclose(tensors.numpy(), totals, rtol=1e-6)


def test_what_is_added_to_the_output_pushes_the_cart() -> None:
    """A policy that puts out nothing, and e that tells when to push right: as forces by hand."""
    objective = find_problem("cartpole").make()
    first, e = cartpole.starts(np.random.default_rng(0), ()), np.random.default_rng(1).standard_normal(500)
    costs, inputs = objective.composite.play(np.zeros(4), e[:, None], **objective.constants, noise=first)
    state, steps = tuple(first), 0
    while steps == 0 or not cartpole.fallen(state):
        np.testing.assert_array_equal(inputs[steps], state)
        state, steps = cartpole.advance(state, 10.0 if e[steps] > 0 else -10.0), steps + 1
    assert 5 < steps < 200
    np.testing.assert_array_equal(costs, np.arange(500) >= steps)
    assert not inputs[steps:].any()


def test_a_goal_costs_nothing_once_it_is_reached() -> None:
    objective = find_problem("mountain-car").make()
    first, rocking = np.array([-0.5, 0.0]), np.array([0.0, 0.0, 1.0])
    costs, inputs = objective.composite.play(rocking, np.zeros((200, 1)), **objective.constants, noise=first)
    steps = int(costs.sum())
    assert steps < 200
    np.testing.assert_array_equal(costs, np.arange(200) < steps)
    np.testing.assert_array_equal(inputs[:, 0], np.arange(200) < steps)  # the feature that is 1
    away = objective.composite.play(rocking, np.full((200, 1), -9.0), **objective.constants, noise=first)[0]
    assert away.sum() == 200  # full throttle to the left


def test_without_noise_the_first_start_of_the_instance_is_played() -> None:
    for hidden in ((), (3,)):
        objective = find_problem("pendulum").make(hidden=hidden)
        rng = np.random.default_rng(0)
        x, e = rng.standard_normal((2, objective.dim)), rng.standard_normal((2, 200, 1))
        noise = np.tile(objective.constants["states"][0], (2, 1))
        without, given = (objective.composite.play(x, e, **objective.constants, noise=n) for n in (None, noise))
        np.testing.assert_array_equal(without[0], given[0])
        np.testing.assert_array_equal(without[1], given[1])


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_not_finite_costs_nan(name: str) -> None:
    objective = find_problem(name).make()
    noise = objective.noise(np.random.default_rng(0), (3,))
    x, e = np.ones((3, objective.dim)), np.zeros((3, objective.composite.steps, 1))
    x[0, 1], e[1, 4, 0] = np.inf, np.nan
    costs = objective.composite.play(x, e, **objective.constants, noise=noise)[0]
    assert np.isnan(costs[:2]).all()
    assert np.isfinite(costs[2]).all()
    assert np.isnan(objective.f(x[0]))


@pytest.mark.parametrize("name", WORLDS)
def test_pulled_back_through_a_linear_policy_is_a_sum_of_inputs(name: str) -> None:
    objective = find_problem(name).make()
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((3, objective.dim)), objective.noise(rng, (3,))
    v, ask = rng.standard_normal((3, objective.composite.steps, 1)), Answers(objective, "numpy")
    inputs = ask.play(x, 0 * v, noise=noise)[1]
    np.testing.assert_allclose(ask.vjp(x, inputs, v), (v * inputs).sum(-2), rtol=1e-9)
