"""The cost of a policy's episodes as an objective, of which nothing but the policy itself is known."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array

from bench.core import Array, Composite, Domain, Objective

from .episodes import World, alone, lockstep, recorded, summed
from .policies import Policy

LOCKSTEP = 20  # episodes from which arrays are faster than Python's floats
CHUNK = 2**13  # episodes whose arrays stay in a processor's cache


def black_box(world: World, hidden: tuple[int, ...], episodes: int, instance: int, **known: Any) -> Objective:
    """The mean cost of a step as a function of the policy: an answer plays one episode from a random start, the score
    is the mean over the `episodes` starts that are the instance. A composite problem, whose network is the policy.

    known: further facts of the objective. Raises ValueError for episodes or hidden units below 1.
    """
    if episodes < 1:
        raise ValueError(f"episodes must be >= 1, got {episodes}")
    policy = Policy(world.features, hidden)
    states = world.starts(np.random.default_rng(instance), (episodes,))
    facts: dict[str, Any] = {"start": policy.initial, **known}
    return Objective(
        formula=cost,
        constants={"states": states, "world": world, "policy": policy},
        dim=policy.dim,
        domain=Domain(scale=0.3 if hidden else 1.0),
        shapes=policy.shapes,
        noise=world.starts,
        order=0,
        composite=Composite(network=network, play=play, outputs=1, steps=world.steps),
        **facts,
    )


def cost(x: Array, states: Array, world: World, policy: Policy, noise: Array | None = None) -> Array:
    """The mean cost of the steps of an episode: policies x (*points, dim) -> (*points).

    The mean over the episodes from `states` (episodes, d), or of one each from `noise` (*points, d). NaN where a policy
    is not finite.
    """
    xp = array_namespace(x)
    first = states if noise is None else noise[..., None, :]
    shape = np.broadcast_shapes((*x.shape[:-1], 1), tuple(first.shape[:-1]))
    totals = _totals(world, policy, *_rows(policy, x, first, shape)).reshape(shape)
    return _spoiled(xp.mean(totals, axis=-1) / world.steps, xp.all(xp.isfinite(x), axis=-1))


def network(x: Array, inputs: Array, policy: Policy, **_: object) -> Array:
    """What policies x (*points, dim) put out in steps with inputs (*points, steps, features): (*points, steps, 1)."""
    return policy.network(x, inputs)


def play(
    x: Array, e: Array, states: Array, world: World, policy: Policy, noise: Array | None = None
) -> tuple[Array, Array]:
    """One episode each of policies x (*points, dim), to whose outputs e (*points, steps, 1) is added, from `noise`
    (*points, d), or the first of `states` where it is None -> the cost of each step (*points, steps), and what the
    policy saw in it (*points, steps, features): 0 after the end. Costs are NaN where a policy or e is not finite."""
    xp = array_namespace(x)
    points = tuple(x.shape[:-1])
    first = states[..., :1, :] if noise is None else noise[..., None, :]
    policies, starts = _rows(policy, x, first, (*points, 1))
    costs, inputs = _recorded(world, policy, policies, starts[:, 0], e.reshape((len(policies), world.steps)))
    finite = xp.all(xp.isfinite(x), axis=-1) & xp.all(xp.isfinite(e), axis=(-2, -1))
    costs = _spoiled(costs.reshape((*points, world.steps)), finite[..., None])
    return costs, inputs.reshape((*points, world.steps, world.features))


def _spoiled(costs: Array, finite: Array) -> Array:
    """The costs, NaN where not finite."""
    xp = array_namespace(costs)
    return xp.where(finite, costs, xp.full_like(costs, xp.nan))


def _rows(policy: Policy, x: Array, first: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """x (*points, dim) and first states, of episodes of `shape` (*points, E) -> n policies (n, dim), states (n, m, d).

    A network keeps its E episodes together, for one product of matrices; of a linear policy each is a row.
    """
    xp = array_namespace(x)
    states = xp.broadcast_to(first, (*shape, first.shape[-1]))
    if policy.hidden:
        return x.reshape((-1, policy.dim)), states.reshape((-1, *states.shape[-2:]))
    policies = xp.broadcast_to(x[..., None, :], (*shape, policy.dim))
    return policies.reshape((-1, policy.dim)), states.reshape((-1, 1, states.shape[-1]))


def _totals(world: World, policy: Policy, x: Array, states: Array) -> Array:
    """The cost of all steps, on the fastest way: policies x (n, dim), first states (n, m, d) -> (n, m)."""
    xp, place = array_namespace(x), device(x)
    x, states = _near(x), _near(states)
    if not policy.hidden and len(x) < LOCKSTEP:
        episodes = [alone(world, policy, *one) for one in zip(x.tolist(), states[:, 0].tolist(), strict=True)]
        totals = np.array([summed(world, prices) for prices, _ in episodes]).reshape(-1, 1)
    else:
        size = max(1, CHUNK // states.shape[1]) if isinstance(x, np.ndarray) else len(x)
        parts = [slice(at, at + size) for at in range(0, len(x), size)]
        totals = array_namespace(x).concat([lockstep(world, policy, x[part], states[part]) for part in parts])
    return xp.asarray(totals, device=place)


def _recorded(world: World, policy: Policy, x: Array, states: Array, changes: Array) -> tuple[Array, Array]:
    """What `recorded` says, on the fastest way."""
    xp, place = array_namespace(x), device(x)
    x, states, changes = _near(x), _near(states), _near(changes)
    if policy.hidden or len(x) >= LOCKSTEP:
        costs, inputs = recorded(world, policy, x, states, changes)
    else:
        costs = np.full((len(x), world.steps), world.after)
        inputs = np.zeros((*costs.shape, world.features))
        for i, one in enumerate(zip(x.tolist(), states.tolist(), changes.tolist(), strict=True)):
            prices, seen = alone(world, policy, *one)
            costs[i, : len(prices)], inputs[i, : len(seen)] = prices, seen
    return xp.asarray(costs, device=place), xp.asarray(inputs, device=place)


def _near(x: Array) -> Array:
    """A tensor on a CPU as the NumPy array of the same memory: NumPy's calls cost a third of torch's."""
    return x.detach().numpy() if is_torch_array(x) and x.device.type == "cpu" else x
