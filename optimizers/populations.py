"""What methods with populations (*lanes, points, dim) share: their first points, their rows, and their best one.

Every lane must draw as many numbers as it would alone. A lane that is given a new start while the others go on
therefore makes its new population from the numbers that the others use for variation in this generation.
"""

from collections.abc import Callable
from math import inf

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from bench.core import Array, Oracle

from .bounds import reflection

CONVERGED = 1e-12  # spread of a population, in units of the domain's scale, below which it will not move any more


def usable(f: Array) -> Array:
    """Values to be compared: what is not finite is the worst there can be."""
    xp = array_namespace(f)
    return xp.where(xp.isfinite(f), f, inf)


def whole(u: Array, n: Array) -> Array:
    """Uniform numbers in [0, 1) as whole ones from 0 to n - 1, of the same dtype; in float32 they may round to 1."""
    xp = array_namespace(u)
    return xp.where(u < 1, xp.floor(n * u), n - 1)


def rows(x: Array, index: Array) -> Array:
    """The rows of x (*lanes, points, dim) of an index (*lanes, k) -> (*lanes, k, dim)."""
    return array_namespace(x).take_along_axis(x, index[..., None], axis=-2)


def masked(mask: Array, yes: Array, no: Array) -> Array:
    """`yes` in the lanes of a mask (*lanes), `no` elsewhere; both (*lanes, ...)."""
    xp = array_namespace(yes, no)
    return xp.where(mask.reshape(*mask.shape, *(1,) * (no.ndim - mask.ndim)), yes, no)


def scatter(oracle: Oracle) -> Callable[[Array], Array]:
    """The map of uniform numbers in [0, 1), (*lanes, points, dim), to points of the domain.

    Uniform where there are bounds on all sides, whole numbers and permutations included; else normal around the start,
    the standard deviation being the domain's scale, and reflected at bounds.
    """
    domain, inside, scale = oracle.domain, reflection(oracle), oracle.scale[..., None, :]
    if not domain.bounded:
        return lambda u: inside(oracle.x0[..., None, :] + scale * normal_quantile(u))
    low, high = (bound[..., None, :] for bound in oracle.bounds)
    if domain.kinds == "permutation":
        return lambda u: array_namespace(u).astype(array_namespace(u).argsort(u, axis=-1), u.dtype)
    whole = oracle.array(np.broadcast_to(np.where(domain.each("real"), 0.0, 1.0), (oracle.dim,)).copy())

    def points(u: Array) -> Array:
        xp = array_namespace(u)
        x = low + u * (high - low + whole)
        return xp.minimum(x if domain.real else xp.where(whole > 0, xp.floor(x), x), high)  # u may round to 1

    return points


def first_points(oracle: Oracle) -> Callable[[Array], Array]:
    """The same with the start as the first point of each lane: a population to begin with."""
    point = scatter(oracle)

    def points(u: Array) -> Array:
        return array_namespace(u).concat([oracle.x0[..., None, :], point(u)[..., 1:, :]], axis=-2)

    return points


def normal_quantile(u: Array) -> Array:
    """Uniform numbers in [0, 1) as standard normal ones: the inverse of the normal distribution function."""
    xp = array_namespace(u)
    u = xp.where(u > 0, xp.where(u < 1, u, 1 - 2.0**-24), 2.0**-40)  # finite, also in float32
    if is_torch_array(u):
        import torch

        return torch.special.ndtri(u)
    from scipy.special import ndtri

    return ndtri(u)


def recommend_best(oracle: Oracle, x: Array, f: Array) -> None:
    """Say that the best of a population x (*lanes, points, dim) is the present answer, where runs are judged by it."""
    if oracle.scored:
        best = array_namespace(f).argmin(f, axis=-1, keepdims=True)
        oracle.recommend(rows(x, best)[..., 0, :])


def gave_up(oracle: Oracle, stuck: Array) -> bool:
    """Whether any lane is stuck, on a problem whose answers are exact; where they are noisy none ever is."""
    return not oracle.noisy and bool(array_namespace(stuck).any(stuck))


def converged(oracle: Oracle, x: Array, f: Array) -> Array:
    """Which populations x (*lanes, points, dim) have shrunk to a point, -> (*lanes).

    Real numbers also where all values f (*lanes, points) are the same: at the limit of rounding they do not shrink.
    """
    xp = array_namespace(x)
    spread = xp.max(x, axis=-2) - xp.min(x, axis=-2)
    shrunk = xp.all(spread <= CONVERGED * oracle.scale, axis=-1)
    return shrunk | (xp.max(f, axis=-1) == xp.min(f, axis=-1)) if oracle.domain.real else shrunk
