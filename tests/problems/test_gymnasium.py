"""Gymnasium's environments as black boxes: against episodes driven by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")

from bench.core import Unavailable  # noqa: E402
from bench.core.answers import Answers  # noqa: E402
from bench.core.registry import find_problem, load  # noqa: E402
from bench.problems.control import environments  # noqa: E402

load(("bench.problems",))
make = find_problem("gymnasium").make


def driven(env: str, policy: Callable[[Any], Any], seed: int, steps: int) -> float:
    """The return of one episode."""
    world = gymnasium.make(env)
    observation, _ = world.reset(seed=seed)
    total = 0.0
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = world.step(policy(observation))
        total += float(reward)
        if terminated or truncated:
            break
    world.close()
    return total


def test_a_linear_policy_balances_as_it_does_by_hand() -> None:
    objective = make(episodes=3)
    x = np.random.default_rng(0).standard_normal((20, objective.dim))
    assert objective.dim == 5 * 2
    by_hand = [
        [driven("CartPole-v1", lambda s, p=p: int(np.argmax(s @ p[:8].reshape(4, 2) + p[8:])), int(seed), 500)
         for seed in objective.constants["seeds"]]
        for p in x
    ]  # fmt: skip
    np.testing.assert_array_equal(objective.f(x), -np.mean(by_hand, axis=-1))
    assert np.std(by_hand) > 1


def test_an_answer_is_the_episode_of_its_seed() -> None:
    objective = make(env="Pendulum-v1", steps=40)
    ask, x = Answers(objective, "numpy"), np.full((3, objective.dim), 0.2)
    answers = ask.value(x, noise=np.array([7, 8, 7]))
    assert answers[0] == answers[2] != answers[1]

    def policy(observation: np.ndarray) -> np.ndarray:
        return np.array([2 * np.tanh(0.2 * observation.sum() + 0.2)], dtype=np.float32)  # torques are in [-2, 2]

    assert answers[1] == pytest.approx(-driven("Pendulum-v1", policy, 8, 40), rel=1e-6)


@pytest.mark.parametrize(("env", "steps"), [("Swimmer-v5", 20), ("InvertedPendulum-v5", 100)])
def test_mujoco_swims_with_a_network_as_it_does_by_hand(env: str, steps: int) -> None:
    pytest.importorskip("mujoco")
    objective = make(env=env, hidden=(3,), steps=steps, episodes=2)
    space = gymnasium.spec(env).make().action_space
    x = objective.first_point(np.random.default_rng(0))
    sizes = [int(np.prod(shape)) for shape in objective.shapes]
    w1, b1, w2, b2 = (p.reshape(s) for p, s in zip(np.split(x, np.cumsum(sizes)[:-1]), objective.shapes, strict=True))

    def policy(observation: np.ndarray) -> np.ndarray:
        return (space.high * np.tanh(np.tanh(observation @ w1 + b1) @ w2 + b2)).astype(space.dtype)

    returns = [driven(env, policy, int(seed), steps) for seed in objective.constants["seeds"]]
    assert objective.f(x) == pytest.approx(-np.mean(returns), rel=1e-6)


def test_discrete_observations_are_one_hot() -> None:
    objective = make(env="FrozenLake-v1", episodes=20)
    assert objective.dim == 16 * 4 + 4
    table = np.zeros((16, 4))
    table[np.arange(16), [0, 3, 3, 3, 0, 0, 0, 0, 3, 1, 0, 0, 0, 2, 1, 0]] = 1  # the way round the holes
    x = np.r_[table.ravel(), np.zeros(4)]
    by_hand = [driven("FrozenLake-v1", lambda s: int(table[s].argmax()), int(seed), 100)
               for seed in objective.constants["seeds"]]  # fmt: skip
    assert objective.f(x) == -np.mean(by_hand) < -0.4


def test_many_episodes_are_those_that_run_alone_bit_by_bit() -> None:
    objective = make(env="Acrobot-v1", hidden=(4,), steps=60, episodes=2)
    x = np.random.default_rng(0).standard_normal((40, objective.dim))
    np.testing.assert_array_equal(objective.f(x), [objective.f(point) for point in x])
    assert len(environments._idle("Acrobot-v1")) <= environments.LOCKSTEP  # worlds are used again


def test_a_played_episode_costs_what_f_says_and_shows_what_was_seen() -> None:
    objective = make()
    ask, seed = Answers(objective, "numpy"), np.array([3, 4])
    x = np.random.default_rng(1).standard_normal((2, objective.dim))
    assert objective.composite is not None
    steps, k = objective.composite.steps, objective.composite.outputs
    assert (steps, k) == (500, 2)  # CartPole's own limit
    costs, inputs = ask.play(x, np.zeros((2, steps, k)), noise=seed)
    np.testing.assert_allclose(costs.mean(-1), ask.value(x, noise=seed))
    lengths = -ask.value(x, noise=seed).astype(int)  # a reward of 1 a step
    for point, length in enumerate(lengths):
        assert (costs[point, :length] == -500).all() and (costs[point, length:] == 0).all()
        assert inputs[point, :length].any(-1).all() and not inputs[point, length:].any()
    first = gymnasium.make("CartPole-v1").reset(seed=4)[0]
    np.testing.assert_array_equal(inputs[1, 0], first)
    np.testing.assert_allclose(ask.network(x, inputs)[1, 0], first @ x[1, :8].reshape(4, 2) + x[1, 8:])
    always_left = np.broadcast_to([1e6, 0.0], (2, steps, k))
    pushed = -ask.play(x, always_left, noise=seed)[0].mean(-1)
    assert pushed.tolist() == [driven("CartPole-v1", lambda _: 0, int(s), 500) for s in seed]


def test_a_policy_that_is_no_number_has_no_return() -> None:
    objective = make()
    assert np.isnan(objective.f(np.full(objective.dim, np.inf)))


def test_unknown_names_and_namespaces() -> None:
    with pytest.raises(ValueError, match="'CartPol-v1': did you mean CartPole-v1"):
        make(env="CartPol-v1")
    with pytest.raises(ValueError, match="must be the name of an environment that is registered"):
        make(env="some_module:CartPole-v1")  # nothing is imported because a parameter says so
    with pytest.raises(Unavailable, match=r"namespace Nowhere; install .* --import"):
        make(env="Nowhere/Chess-v0")


@pytest.fixture
def broken() -> Iterator[None]:
    def without_package(**_: object) -> None:
        raise gymnasium.error.DependencyNotInstalled('it is not installed, run `pip install "gymnasium[it]"`')

    def without_module(**_: object) -> None:
        raise ModuleNotFoundError("No module named 'it'", name="it")

    gymnasium.register("WithoutPackage-v0", without_package)
    gymnasium.register("WithoutModule-v0", without_module)
    yield
    del gymnasium.registry["WithoutPackage-v0"], gymnasium.registry["WithoutModule-v0"]


@pytest.mark.usefixtures("broken")
def test_a_missing_package_names_the_command() -> None:
    with pytest.raises(Unavailable, match=r'pip install "gymnasium\[it\]"'):
        make(env="WithoutPackage-v0")
    with pytest.raises(Unavailable, match="needs it, which is not installed: pip install it"):
        make(env="WithoutModule-v0")


def test_spaces_that_a_policy_cannot_serve_are_refused() -> None:
    with pytest.raises(ValueError, match="actions that are discrete, or real numbers, got X"):
        environments.outputs_of("X", gymnasium.spaces.MultiBinary(3))
    with pytest.raises(ValueError, match="observations of a fixed length, got X"):
        environments.features_of("X", gymnasium.spaces.Sequence(gymnasium.spaces.Discrete(2)))


def test_continuous_actions_are_stretched_to_their_bounds() -> None:
    low, high = np.array([[1, -np.inf, 0], [3, np.inf, np.inf]], dtype=np.float32)
    act = environments.actions_of(gymnasium.spaces.Box(low, high))
    np.testing.assert_allclose(
        act(np.array([[0.0, 7.0, -2.0], [50.0, -7.0, 2.0]])), [[2.0, 7.0, 0.0], [3.0, -7.0, 2.0]]
    )


def test_sizes_out_of_range_are_refused() -> None:
    for name, value in (("steps", 0), ("episodes", 0), ("hidden", (0,))):
        with pytest.raises(ValueError, match=f"{name} must be .*>= 1, got"):
            make(**{name: value})
