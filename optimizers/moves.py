"""Small random changes of points, whatever the kinds of their coordinates: real, integer, category, permutation."""

from collections.abc import Callable

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Oracle

from .bounds import clipping, reflection
from .populations import whole


def move(oracle: Oracle) -> Callable[[Array, Array, Array, Array], Array]:
    """The map of x (*lanes, points, dim), uniform and normal numbers u and z, and lengths, to changed points.

    A real number moves by its length times z, and onto a hard bound from beyond; an integer by that rounded, but at
    least by one, and is reflected at bounds. A category becomes any other one, as u says. lengths: an array that
    broadcasts to x.
    """
    domain, inside, mirrored = oracle.domain, clipping(oracle), reflection(oracle)
    if domain.real:
        return lambda x, u, z, length: inside(x + length * z)
    is_integer, is_category = (
        oracle.array(np.broadcast_to(np.where(domain.each(kind), 1.0, 0.0), (oracle.dim,)).copy()) > 0
        for kind in ("integer", "category")
    )
    low, high = (bound[..., None, :] for bound in oracle.bounds)

    def changed(x: Array, u: Array, z: Array, length: Array) -> Array:
        xp = array_namespace(x)
        step = length * z
        far, one = xp.round(step), xp.sign(z)
        other = low + (x - low + 1 + whole(u, high - low)) % (high - low + 1)
        whole_step = mirrored(x + xp.where(far == 0, one, far))
        return xp.where(is_category, other, xp.where(is_integer, whole_step, inside(x + step)))

    return changed


def reversed_slice(x: Array, ends: Array) -> Array:
    """Permutations x (..., dim) with a slice reversed between the two places that uniform numbers (..., 2) pick.

    It is the 2-opt move of a tour (Croes 1958, doi:10.1287/opre.6.6.791).
    """
    xp = array_namespace(x)
    n = x.shape[-1]
    a = whole(ends[..., :1], n)
    b = (a + 1 + whole(ends[..., 1:], n - 1)) % n  # another one
    first, last = xp.minimum(a, b), xp.maximum(a, b)
    place = xp.cumulative_sum(xp.ones_like(x), axis=-1) - 1
    source = xp.where((place >= first) & (place <= last), first + last - place, place)
    return xp.take_along_axis(x, xp.astype(source, xp.int64), axis=-1)
