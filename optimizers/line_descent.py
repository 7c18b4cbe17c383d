"""Descent along directions, with a strong Wolfe search on each: what the methods with a line search share.

Each round every lane asks for f and gradient at one point of its own, see `optimizers.line_search`. A lane is over
when its gradient is small, or when not even the steepest descent lowers f; it then begins anew at another start.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from array_api_compat import array_namespace

from bench.core import Array, Oracle

from .line_search import Search, advance, arrive, begin

# what a rule remembers, arrays (*lanes, k, dim); zeros where there is nothing
Memory: TypeAlias = tuple[Array, ...]
# memory, x, gradient, last step, change of the gradient on it, all (*lanes, 1, dim) -> memory, direction, and the
# first step length along it (*lanes, 1)
Rule: TypeAlias = Callable[[Memory, Array, Array, Array, Array], tuple[Memory, Array, Array]]


def dot(a: Array, b: Array) -> Array:
    """The inner products of the rows: (..., dim) -> (...)."""
    return (a * b).sum(-1)


def select(mask: Array, new: Any, old: Any) -> Any:
    """What is new in the lanes of a mask (*lanes, 1): numbers (*lanes, 1), arrays (*lanes, k, dim), tuples of these, or
    searches, whose parts all end in (*lanes, 1)."""
    if isinstance(new, Search):
        return Search(*(array_namespace(mask).where(mask, *pair) for pair in zip(new, old, strict=True)))
    if isinstance(new, tuple):
        return tuple(select(mask, *pair) for pair in zip(new, old, strict=True))
    return array_namespace(new).where(mask if new.ndim == mask.ndim else mask[..., None], new, old)


def modest(g: Array, scale: Array) -> Array:
    """The step length along -g that is no longer than 1, and moves no further than the scales (*lanes, 1, dim), as
    half-axes of an ellipsoid: (*lanes, 1)."""
    xp = array_namespace(g)
    least = xp.min(scale, axis=-1)
    g = g * (least[..., None] / scale)
    return xp.clip(least / dot(g, g) ** 0.5, None, 1.0)


def again(oracle: Oracle, over: Array, x: Array) -> Array | None:
    """x (*lanes, 1, dim), with new starts in the lanes (*lanes, 1) that are over; None where a single run is to return.

    Where runs are judged by the score of their present answer, that stays, and the lanes begin anew where they are.
    """
    if oracle.scored:
        return x
    if not oracle.lanes:
        return None
    oracle.restart(lanes=over[..., 0])
    return array_namespace(x).where(over[..., None], oracle.x0[..., None, :], x)


def descend(oracle: Oracle, rule: Rule, memory: Memory, *, curvature: float, gtol: float) -> None:
    """Follow the directions of a rule for ever; a single run returns when it is over.

    memory: an empty one. curvature: c2 of the Wolfe conditions. gtol: the gradient's largest component at the end.
    """
    x = oracle.x0[..., None, :]  # (*lanes, 1, dim): a number for each lane is then (*lanes, 1), in single runs too
    xp = array_namespace(x)
    scale = oracle.scale[..., None, :]
    empty = memory
    g = g_lo = d = nothing = xp.zeros_like(x)
    start = search = arrive(x[..., 0])
    steepest = xp.ones_like(x[..., 0]) > 0  # whether the search is along -g, for want of anything better
    while True:
        oracle.recommend(x[..., 0, :])
        f, g_t = oracle.value_and_gradient(x + search.t[..., None] * d)
        search, (taken, done, failed) = advance(search, f, dot(g_t, d), curvature)
        t, f, _ = search.lo
        g_lo = select(taken, g_t, g_lo)
        moved = done | (failed & (t > 0))
        stuck = failed & ~moved
        step, change = t[..., None] * d, g_lo - g
        x, g = select(moved, (x + step, g_lo), (x, g))

        following, direction, first = rule(memory, x, g, step, change)
        uphill = stuck | ~(dot(g, direction) < 0)
        following, direction, first = select(uphill, (empty, -g, modest(g, scale)), (following, direction, first))
        over = (stuck & steepest) | (moved & (xp.max(xp.abs(g), axis=-1) <= gtol))
        ready = moved | stuck
        memory, d, steepest = select(ready, (following, direction, uphill), (memory, d, steepest))
        search = select(ready, begin(f, dot(g, d), first), search)
        if xp.any(over):
            starts = again(oracle, over, x)
            if starts is None:
                return
            fresh = (starts, nothing, nothing, empty, start, steepest | True)
            x, g, d, memory, search, steepest = select(over, fresh, (x, g, d, memory, search, steepest))
