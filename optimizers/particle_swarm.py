"""Particle swarm: points fly on, and are drawn to the best that they and their neighbours have found."""

from math import inf
from typing import Annotated, Literal

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Oracle, Range, optimizer

from .bounds import hard_bounds
from .populations import converged, first_points, masked, recommend_best, rows, scatter, usable

CHI, PHI = 0.7298, 2.05  # constriction, and the half of phi = 4.1 that goes to each attraction


@optimizer(order=0, lanes=True, arrays="any", source="Clerc & Kennedy 2002, doi:10.1109/4235.985692")
def particle_swarm(
    oracle: Oracle,
    *,
    population: Annotated[int, Range(10, 100, log=True, least=2)] = 20,
    neighbours: Literal["all", "ring"] = "all",
) -> None:
    """The swarm with constriction: v <- 0.7298 (v + 2.05 r1 (own best - x) + 2.05 r2 (neighbours' best - x)).

    population: particles. neighbours: all others, or the two beside each in a ring. Velocities begin as half the way to
    another random point. Where x would leave hard bounds it stops there, and v turns back at half its length (Clerc
    2012, hal-00764996).
    """
    oracle.recommend(oracle.x0)
    shape = (*oracle.lanes, population)
    begin, point = first_points(oracle), scatter(oracle)
    low, high = (bound[..., None, :] for bound in hard_bounds(oracle))
    f, zero = oracle.array(np.full(shape, inf)), oracle.array(np.zeros((*shape, oracle.dim)))
    x, v, best = zero, zero, zero
    xp = array_namespace(x)
    new, begins = xp.all(f == inf, axis=-1), True  # lanes that begin, and whether any does
    while True:
        r1, r2 = (oracle.rng.random((population, oracle.dim)) for _ in range(2))
        leader = rows(best, leaders(f, neighbours))
        v = CHI * (v + PHI * r1 * (best - x) + PHI * r2 * (leader - x))
        x = x + v
        beyond = (x < low) | (x > high)
        x, v = xp.minimum(xp.maximum(x, low), high), xp.where(beyond, -0.5 * v, v)
        if begins:
            at = begin(r1)
            x, v = masked(new, at, x), masked(new, 0.5 * (point(r2) - at), v)
        value = usable(oracle.value(x))
        better = masked(new, value == value, value < f)
        best, f = xp.where(better[..., None], x, best), xp.where(better, value, f)
        recommend_best(oracle, best, f)
        new = converged(oracle, x, f)
        begins = bool(xp.any(new))  # one bit a generation, for which a GPU is waited
        if begins and not oracle.noisy:  # where answers are noisy no lane ever gives up
            if not oracle.lanes:
                return
            oracle.restart(new)


def leaders(f: Array, neighbours: str) -> Array:
    """The index of the best particle around each, f (*lanes, particles) -> (*lanes, 1) where all share it."""
    xp = array_namespace(f)
    if neighbours == "all":
        return xp.argmin(f, axis=-1, keepdims=True)
    around = xp.stack([xp.roll(f, shift, axis=-1) for shift in (0, 1, -1)], axis=-1)
    index = xp.cumulative_sum(xp.ones_like(f), axis=-1) - 1
    towards = xp.astype(xp.argmin(around, axis=-1), f.dtype)  # 0 itself, 1 the one before, 2 the one after
    return xp.astype((index + xp.where(towards == 2, 1.0, -towards)) % f.shape[-1], xp.int64)
