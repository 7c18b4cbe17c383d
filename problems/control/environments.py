"""Any environment of Gymnasium, MuJoCo's among them, as a black box over the parameters of a policy."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core import Array, Composite, Domain, Objective, Unavailable, problem

from .dense import Dense, forward

if TYPE_CHECKING:
    from gymnasium import Env, Space

LOCKSTEP = 16  # episodes that run side by side: one product gives the actions of all


@dataclass(frozen=True)
class World:
    """An environment of that name, the policy that acts in it, and the most steps that an episode lasts."""

    env: str
    policy: Dense
    steps: int


@problem(family="control", name="gymnasium", source="Towers et al. 2024, arXiv:2407.17032", needs=("gymnasium",))
def gymnasium_environment(
    env: str = "CartPole-v1",
    hidden: tuple[int, ...] = (),
    episodes: int = 3,
    steps: int = 1000,
    instance: int = 1,
) -> Objective:
    """Minus the return, the sum of rewards, of a policy in an environment of Gymnasium.

    env: its name and version; what other packages register is known once their module is named with `--import`.
    hidden: units of each hidden layer of the policy, a network with tanh units; none for a linear one. It sees the
    observation, flattened, in which a discrete one is one-hot. The greatest output names a discrete action; continuous
    ones are tanh of the outputs, stretched to their bounds, and the outputs where there are none.
    steps: after which an episode ends if the environment has not ended it. An answer is one episode from a random
    seed; the score is the mean over the `episodes` seeds that are the instance. As a composite problem, whose network
    is the policy, a step costs its reward times minus the number of steps, and nothing after the end.
    Raises Unavailable where a package that the environment needs is not installed.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be >= 1, got {episodes}")
    if steps < 1:
        raise ValueError(f"steps must be >= 1, got {steps}")
    if hidden and min(hidden) < 1:
        raise ValueError(f"hidden must be numbers >= 1, got {hidden}")
    first = borrowed(env, 1)
    features, outputs = features_of(env, first[0].observation_space), outputs_of(env, first[0].action_space)
    limit = first[0].spec.max_episode_steps if first[0].spec else None
    given_back(env, first)
    policy = Dense((features, *hidden, outputs))
    steps = min(steps, limit or steps)
    return Objective(
        formula=cost,
        constants={
            "seeds": seeds(np.random.default_rng(instance), (episodes,)),
            "world": World(env, policy, steps),
        },
        composite=Composite(network=network, play=play, outputs=outputs, steps=steps),
        dim=policy.dim,
        domain=Domain(scale=1.0),
        order=0,
        start=policy.initial,
        noise=seeds,
        shapes=policy.shapes,
        arrays="numpy",
    )


def seeds(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The seeds (*shape) from which environments draw their episodes."""
    return rng.integers(2**31, size=shape)


def cost(x: np.ndarray, seeds: np.ndarray, world: World, noise: np.ndarray | None = None) -> np.ndarray:
    """Minus the return of policies x (*points, dim) -> (*points). NaN where a policy is not finite.

    The mean over the episodes of `seeds` (episodes,), or one episode each of `noise` (*points).
    """
    policies, numbers = (x[..., None, :], seeds) if noise is None else (x, np.asarray(noise))
    shape = np.broadcast_shapes(policies.shape[:-1], numbers.shape)
    rows = np.broadcast_to(policies, (*shape, x.shape[-1])).reshape(-1, x.shape[-1])
    rewards, _ = episodes_of(world, rows, np.broadcast_to(numbers, shape).ravel())
    costs = -rewards.reshape(shape)
    return costs.mean(-1) if noise is None else costs


def network(x: Array, inputs: Array, world: World, **_: object) -> Array:
    """What policies x (*points, dim) put out in steps with inputs (*points, steps, features): (*points, steps, k)."""
    return world.policy.outputs(x, inputs)


def play(
    x: np.ndarray, e: np.ndarray, seeds: np.ndarray, world: World, noise: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One episode each of policies x (*points, dim), to whose outputs e (*points, steps, k) is added, of the seeds
    `noise` (*points) or the first of `seeds` -> costs (*points, steps), and what the policy saw (*points, steps,
    features). Both are 0 after the end; costs are NaN where a policy or e is not finite."""
    shape = x.shape[:-1]
    numbers = np.broadcast_to(seeds[..., 0] if noise is None else np.asarray(noise), shape).ravel()
    moves = e.reshape(-1, *e.shape[-2:])
    rewards, seen = episodes_of(world, x.reshape(-1, x.shape[-1]), numbers, moves)
    return -world.steps * rewards.reshape(*shape, world.steps), seen.reshape(*shape, *seen.shape[-2:])


def episodes_of(
    world: World, x: np.ndarray, seeds: np.ndarray, e: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Many episodes, some at a time: policies x (n, dim), seeds (n,) -> their returns (n, 1), and no inputs.

    With e (n, steps, k): the reward of each step (n, steps), and what was seen in it (n, steps, features). Rewards are
    NaN where a policy or e is not finite.
    """
    finite = np.isfinite(x).all(-1) & (e is None or np.isfinite(e).all((-2, -1)))
    usable = np.flatnonzero(finite)
    rewards = np.full((len(x), 1 if e is None else world.steps), np.nan)
    seen = np.zeros((len(x), 0 if e is None else world.steps, world.policy.widths[0]))
    for at in range(0, len(usable), LOCKSTEP):
        some = usable[at : at + LOCKSTEP]
        moves = None if e is None else e[some]
        rewards[some], seen[some] = side_by_side(world, x[some], seeds[some].tolist(), moves)
    return rewards, seen


def side_by_side(world: World, x: np.ndarray, seeds: list[int], e: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """A few episodes in lockstep; the answers are those of `episodes_of`."""
    envs = borrowed(world.env, len(seeds))
    flat, act = flattener(envs[0].observation_space), actions_of(envs[0].action_space)
    running, parts = list(range(len(seeds))), world.policy.unflatten(x)
    rewards = np.zeros((len(seeds), 1 if e is None else world.steps))
    seen = np.zeros((len(seeds), 0 if e is None else world.steps, world.policy.widths[0]))
    inputs = np.stack([flat(env.reset(seed=seed)[0]) for env, seed in zip(envs, seeds, strict=True)])
    for step in range(world.steps):
        # matmul takes policy by policy: the bits of an episode do not depend on its neighbours
        outputs = forward(parts, inputs[:, None])[:, 0]
        if e is not None:
            seen[running, step] = inputs
            outputs = outputs + e[running, step]
        actions, still, after = act(outputs), [], []
        for row, episode in enumerate(running):
            observation, reward, terminated, truncated, _ = envs[episode].step(actions[row])
            rewards[episode, 0 if e is None else step] += reward
            if not (terminated or truncated):
                still.append(row)
                after.append(flat(observation))
        if not still:
            break
        if len(still) < len(running):
            running, parts = [running[row] for row in still], [part[still] for part in parts]
        inputs = np.stack(after)
    given_back(world.env, envs)
    return rewards, seen


@cache
def _idle(env: str) -> "list[Env[Any, Any]]":
    """Environments that no episode is using: some take milliseconds to build, and a reset makes any as good as new."""
    return []


def borrowed(env: str, count: int) -> "list[Env[Any, Any]]":
    """That many environments, to be given back."""
    idle = _idle(env)
    return [idle.pop() if idle else opened(env) for _ in range(count)]


def given_back(env: str, envs: "list[Env[Any, Any]]") -> None:
    """Keep them for the next episodes."""
    _idle(env).extend(envs)


def opened(env: str) -> "Env[Any, Any]":
    """A new environment; raises ValueError for a name that is not registered, Unavailable for a missing package."""
    import gymnasium

    if env not in gymnasium.registry:
        namespace = env.rpartition("/")[0]
        if namespace and not any(name.startswith(f"{namespace}/") for name in gymnasium.registry):
            raise Unavailable(
                f"env={env}: no module has registered the namespace {namespace}; install the package that does, and "
                "name its module with --import"
            )
        close = get_close_matches(env, gymnasium.registry, n=4, cutoff=0.5)
        hint = f"did you mean {', '.join(close)}?" if close else "see https://gymnasium.farama.org"
        raise ValueError(f"env must be the name of an environment that is registered, got {env!r}: {hint}")
    try:
        return gymnasium.make(env, disable_env_checker=True)
    except gymnasium.error.DependencyNotInstalled as error:  # its message names the command
        raise Unavailable(f"env={env}: {error}") from error
    except ModuleNotFoundError as error:
        raise Unavailable(f"env={env} needs {error.name}, which is not installed: pip install {error.name}") from error
    except ImportError as error:
        raise Unavailable(f"env={env}: {error}") from error


def features_of(env: str, space: "Space[Any]") -> int:
    """How many numbers an observation is, flattened; raises ValueError where it is not of a fixed length."""
    from gymnasium.spaces import flatdim

    if not space.is_np_flattenable:
        raise ValueError(f"env must have observations of a fixed length, got {env} with {space}")
    return flatdim(space)


def flattener(space: "Space[Any]") -> Callable[[Any], np.ndarray]:
    """What makes an observation one vector, in which what is discrete is one-hot."""
    from gymnasium.spaces import Box, flatten

    if isinstance(space, Box):
        return lambda observation: np.asarray(observation, dtype=np.float64).ravel()
    return lambda observation: np.asarray(flatten(space, observation), dtype=np.float64)


def outputs_of(env: str, space: "Space[Any]") -> int:
    """How many outputs an action takes; raises ValueError where it is neither discrete nor continuous."""
    from gymnasium.spaces import Box, Discrete

    if isinstance(space, Discrete):
        return int(space.n)
    if isinstance(space, Box) and np.issubdtype(space.dtype, np.floating):
        return int(np.prod(space.shape))
    raise ValueError(f"env must have actions that are discrete, or real numbers, got {env} with {space}")


def actions_of(space: "Space[Any]") -> Callable[[np.ndarray], Any]:
    """What makes outputs (n, k) into n actions."""
    from gymnasium.spaces import Box, Discrete

    if isinstance(space, Discrete):
        return lambda outputs: (outputs.argmax(-1) + space.start).tolist()
    assert isinstance(space, Box)
    low, high = (bound.astype(np.float64).ravel() for bound in (space.low, space.high))
    bounded = np.isfinite(low) & np.isfinite(high)
    left, right = np.where(bounded, low, 0), np.where(bounded, high, 0)

    def stretched(outputs: np.ndarray) -> np.ndarray:
        inside = left + (right - left) * 0.5 * (1 + np.tanh(outputs))
        return np.where(bounded, inside, np.clip(outputs, low, high)).astype(space.dtype).reshape(-1, *space.shape)

    return stretched
