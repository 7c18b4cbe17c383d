"""Many episodes in lockstep: what the simulated worlds share."""

from collections.abc import Callable

import numpy as np

Parts = tuple[np.ndarray, ...]  # the coordinates of n states, each (n,)


def mean_cost(
    cost: Callable[[np.ndarray, np.ndarray], np.ndarray], x: np.ndarray, states: np.ndarray, noise: np.ndarray | None
) -> np.ndarray:
    """The cost of policies x (*points, dim) -> (*points); NaN where a policy is not finite.

    The mean over the episodes from `states` (episodes, d), or of one episode each from `noise` (*points, d).
    cost: policies (dim, n) and first states (d, n) -> (n,).
    """
    policies, first = (x[..., None, :], states) if noise is None else (x, noise)
    shape = np.broadcast_shapes(policies.shape[:-1], first.shape[:-1])
    costs = cost(*(np.ascontiguousarray(_rows(part, shape).T) for part in (policies, first)))
    costs = np.where(np.isfinite(_rows(policies, shape)).all(-1), costs, np.nan).reshape(shape)
    return costs.mean(-1) if noise is None else costs


def _rows(part: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """part (..., d), repeated along the axes of length 1 -> (n, d)."""
    return np.broadcast_to(part, (*shape, part.shape[-1])).reshape(-1, part.shape[-1])


def steps_to_goal(
    advance: Callable[[np.ndarray, Parts], Parts],
    reached: Callable[[Parts], np.ndarray],
    policies: np.ndarray,
    states: np.ndarray,
    limit: int,
) -> np.ndarray:
    """Steps (n,) until the goal is reached, the last one included, at most `limit`; who is there stands still.

    advance(policies, state): one step of policies (dim, n). reached(state): booleans (n,). states: first ones (d, n).
    """
    steps = np.full(states.shape[1], limit)
    running, state = np.arange(states.shape[1]), tuple(states)
    for step in range(1, limit + 1):
        state = advance(policies, state)
        there = reached(state)
        if there.any():
            steps[running[there]] = step
            running, policies, state = running[~there], policies[:, ~there], tuple(part[~there] for part in state)
            if not len(running):
                break
    return steps
