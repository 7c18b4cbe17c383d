"""Hard bounds of a domain: points that lie beyond one are reflected at it, or moved onto it."""

from collections.abc import Callable

from array_api_compat import array_namespace

from bench.core import Array, Oracle


def reflected(x: Array, low: Array, high: Array) -> Array:
    """x (..., dim) mirrored once at each bound it lies beyond, and moved onto the bound from still further away.

    low, high: arrays that broadcast to x, infinite where there is no bound. Points inside stay bit for bit what they
    are, and whole numbers stay whole between bounds that are.
    """
    xp = array_namespace(x)
    x = xp.where(x < low, 2 * low - x, x)
    x = xp.where(x > high, 2 * high - x, x)
    return xp.minimum(xp.maximum(x, low), high)


def hard_bounds(oracle: Oracle) -> tuple[Array, Array]:
    """The lowest and the highest x that count, each (*lanes, dim), infinite where no bounds are hard."""
    low, high = oracle.bounds
    inf = 0.0 if oracle.domain.fenced else float("inf")
    return low - inf, high + inf


def reflection(oracle: Oracle) -> Callable[[Array], Array]:
    """The map of populations (*lanes, points, dim) into each lane's own bounds; the identity where none are hard."""
    if not oracle.domain.fenced:
        return lambda x: x
    low, high = (bound[..., None, :] for bound in oracle.bounds)
    return lambda x: reflected(x, low, high)


def clipping(oracle: Oracle) -> Callable[[Array], Array]:
    """The map of populations (*lanes, points, dim) to the nearest points inside each lane's own bounds."""
    if not oracle.domain.fenced:
        return lambda x: x
    low, high = (bound[..., None, :] for bound in oracle.bounds)
    return lambda x: array_namespace(x).minimum(array_namespace(x).maximum(x, low), high)
