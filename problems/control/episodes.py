"""Episodes of a policy in a simulated world: one by one on Python's floats, or many in lockstep on arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from bench.core import Array

from .policies import Layers, Policy

State = tuple[Array, ...]  # the coordinates of a state: numbers, or arrays of one shape


@dataclass(frozen=True)
class World:
    """A world that moves in steps. Its functions take numbers and arrays alike, and give the same bits for both.

    starts(rng, shape): first states (*shape, d).
    sees(state): the features, of which a policy makes its output; `features` is how many they are.
    acts(output): what is done. advance(state, action): the next state.
    price(state, action): what a step costs while the episode runs; a number stands for any state.
    over(state): whether the episode ends there; None for a world that goes on.
    steps: the most that an episode lasts. after: what each of them costs when it has ended.
    """

    starts: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    features: int
    sees: Callable[[State], tuple[Array, ...]]
    acts: Callable[[Array], Array]
    advance: Callable[[State, Array], State]
    price: Callable[[State, Array], Array]
    over: Callable[[State], Array] | None
    steps: int
    after: float = 0.0


def alone(
    world: World, policy: Policy, weights: Layers, state: State, changes: Sequence[float] | None = None
) -> tuple[list[float], list[State]]:
    """One episode of a linear policy on Python's floats: the price of each step until the end, and what was seen.

    changes: what is added to the policy's output in each step.
    """
    prices, inputs = [], []
    for t in range(world.steps):
        seen, price, state = _step(world, policy, weights, state, changes[t] if changes else 0.0)
        prices.append(price)
        inputs.append(seen)
        if world.over is not None and world.over(state):
            break
    return prices, inputs


def summed(world: World, prices: Sequence[float]) -> float:
    """The cost of all steps, from the prices of those until the end, in the order in which `lockstep` adds them up."""
    total = world.after * world.steps
    for price in prices:
        total += price - world.after
    return total


def lockstep(world: World, policy: Policy, x: Array, states: Array) -> Array:
    """The cost of all steps of many episodes, m of each policy: x (n, dim), first states (n, m, d) -> (n, m)."""
    xp = array_namespace(x)
    layers, state = policy.laid_out(x), _coordinates(states)
    alive = xp.ones_like(state[0])
    total = world.after * world.steps * alive
    finished, rows = xp.zeros_like(total), xp.arange(len(x), device=device(x))
    for _ in range(world.steps):
        _, price, state = _step(world, policy, layers, state, 0.0)
        total = total + alive * (price - world.after)
        if world.over is None:
            continue
        alive = alive * ~world.over(state)
        if 2 * float(alive.sum()) <= len(rows) * alive.shape[1]:
            kept = xp.any(alive > 0, axis=1)
            if 2 * int(kept.sum()) <= len(rows):  # go on with those policies alone that still play
                finished[rows] = total
                rows, alive, total = rows[kept], alive[kept], total[kept]
                layers, state = [part[kept] for part in layers], tuple(part[kept] for part in state)
                if not len(rows):
                    return finished
    finished[rows] = total
    return finished


def recorded(world: World, policy: Policy, x: Array, states: Array, changes: Array) -> tuple[Array, Array]:
    """The cost of each step, and what was seen in it, of one episode of each policy.

    x (n, dim), first states (n, d), changes (n, steps), which are added to the policies' outputs -> costs (n, steps),
    inputs (n, steps, features), 0 after the end.
    """
    xp = array_namespace(x)
    layers, state = policy.laid_out(x), _coordinates(states[:, None])
    costs, alive = xp.full_like(changes, world.after), xp.ones_like(state[0])
    inputs = xp.zeros((*changes.shape, world.features), dtype=x.dtype, device=device(x))
    for t in range(world.steps):
        seen, price, state = _step(world, policy, layers, state, changes[:, t : t + 1])
        costs[:, t : t + 1] = alive * price + (1 - alive) * world.after
        inputs[:, t] = (xp.stack(seen, -1) * alive[..., None])[:, 0]
        if world.over is not None:
            alive = alive * ~world.over(state)
            if not bool(alive.any()):
                break
    return costs, inputs


def _step(world: World, policy: Policy, layers: Layers, state: State, change: Array) -> tuple[Any, Array, State]:
    """What the policy sees, what the step costs, and the next state; `change` is added to the policy's output."""
    seen = world.sees(state)
    action = world.acts(policy.output(layers, seen) + change)
    return seen, world.price(state, action), world.advance(state, action)


def _coordinates(states: Array) -> State:
    """States (n, m, d) -> d arrays (n, m), each whole in memory."""
    return tuple(array_namespace(states).asarray(states[..., i], copy=True) for i in range(states.shape[-1]))
