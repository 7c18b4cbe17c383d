"""A genetic algorithm: parents by tournament, children by crossover, and a rare mutation."""

from math import inf
from typing import Annotated, get_args

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Kind, Oracle, Range, optimizer

from .bounds import clipping
from .moves import move, reversed_slice
from .populations import converged, first_points, masked, recommend_best, rows, usable, whole

BLEND = 0.5  # how far beyond its parents a child may lie, in units of their distance


@optimizer(
    order=0,
    lanes=True,
    arrays="any",
    version=2,
    kinds=get_args(Kind),
    source="Holland 1975, Adaptation in Natural and Artificial Systems",
)
def genetic_algorithm(
    oracle: Oracle,
    *,
    population: Annotated[int, Range(10, 200, log=True, least=2)] = 30,
    mutation: Annotated[float, Range(0.1, 5.0, log=True, least=0)] = 1.0,
) -> None:
    """Parents win tournaments between two; the best of parents and children survive (Eshelman 1991).

    Real numbers are drawn between their parents and as far as half their distance beyond (BLX-0.5, Eshelman & Schaffer
    1993, doi:10.1016/B978-0-08-094832-4.50018-0); whole ones are either parent's (uniform crossover, Syswerda 1989);
    permutations keep a slice of one parent and the order of the other (order crossover, Davis 1985). population:
    children a generation. mutation: how many coordinates of a child change in the mean; real and integer ones by a
    normal step whose deviation is that of the population; of a permutation it is the chance that a slice is reversed.
    """
    n, domain = oracle.dim, oracle.domain
    begin, change, inside = first_points(oracle), move(oracle), clipping(oracle)
    is_real = oracle.array(np.broadcast_to(np.where(domain.each("real"), 1.0, 0.0), (n,)).copy()) > 0
    oracle.recommend(oracle.x0)
    x = oracle.array(np.zeros((*oracle.lanes, population, n)))
    f = oracle.array(np.full((*oracle.lanes, population), inf))
    xp = array_namespace(x)
    new, begins = xp.all(f == inf, axis=-1), True  # lanes that begin, and whether any does
    while True:
        u, v, w = (oracle.rng.random((population, n)) for _ in range(3))
        z, ends = oracle.rng.standard_normal((population, n)), oracle.rng.random((population, 5))
        picks = xp.astype(whole(oracle.rng.random((population, 4)), population), xp.int64)
        mother, father = rows(x, winners(f, picks[..., :2])), rows(x, winners(f, picks[..., 2:]))
        if domain.kinds == "permutation":
            child = order_crossover(mother, father, ends[..., :2])
            child = xp.where(ends[..., 4:] < mutation, reversed_slice(child, ends[..., 2:4]), child)
        else:
            blend = inside(mother + ((1 + 2 * BLEND) * u - BLEND) * (father - mother))
            child = xp.where(is_real, blend, xp.where(u < 0.5, mother, father))
            spread = xp.std(x, axis=-2, keepdims=True)
            child = xp.where(v < mutation / n, change(child, w, z, spread), child)
        if begins:
            child = masked(new, begin(u), child)
        value = usable(oracle.value(child))
        x, f = xp.concat([child, x], axis=-2), xp.concat([value, masked(new, value + inf, f)], axis=-1)
        survivors = xp.argsort(f, axis=-1, stable=True)[..., :population]
        x, f = rows(x, survivors), xp.take_along_axis(f, survivors, axis=-1)
        recommend_best(oracle, x, f)
        new = converged(oracle, x, f)
        begins = bool(xp.any(new))  # one bit a generation, for which a GPU is waited
        if begins and not oracle.noisy:  # where answers are noisy no lane ever gives up
            if not oracle.lanes:
                return
            oracle.restart(new)


def winners(f: Array, picks: Array) -> Array:
    """The better of two rows each: f (*lanes, rows), picks (*lanes, k, 2) -> (*lanes, k)."""
    xp = array_namespace(f)
    one, other = picks[..., 0], picks[..., 1]
    better = xp.take_along_axis(f, one, axis=-1) <= xp.take_along_axis(f, other, axis=-1)
    return xp.where(better, one, other)


def order_crossover(mother: Array, father: Array, ends: Array) -> Array:
    """Permutations (..., n) that hold the mother's slice between two places, which uniform numbers (..., 2) pick, and
    after it, around the end, the other elements in the order that they have in the father from there on."""
    xp = array_namespace(mother)
    n = mother.shape[-1]
    place = xp.cumulative_sum(xp.ones_like(mother), axis=-1) - 1
    start, length = whole(ends[..., :1], n), 1 + whole(ends[..., 1:], n - 1)
    after = xp.astype((place + start + length) % n, xp.int64)  # places, from behind the slice on
    mother_after, father_after = (xp.take_along_axis(parent, after, axis=-1) for parent in (mother, father))
    # where an element stands in the mother, counted from behind the slice: the last `length` are the slice
    where = xp.argsort(mother_after, axis=-1)
    in_slice = xp.take_along_axis(where, xp.astype(father_after, xp.int64), axis=-1) >= n - length
    others_first = xp.argsort(xp.astype(in_slice, xp.int64), axis=-1, stable=True)
    rest = xp.take_along_axis(father_after, others_first, axis=-1)
    child_after = xp.where(place < n - length, rest, mother_after)
    return xp.take_along_axis(child_after, xp.argsort(after, axis=-1), axis=-1)
