"""Differential evolution: each point is challenged by one that is moved by the difference of two others."""

from math import inf
from typing import Annotated

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Oracle, Range, optimizer

from .bounds import clipping
from .populations import converged, first_points, masked, recommend_best, rows, usable, whole


@optimizer(order=0, lanes=True, arrays="any", version=2, source="Storn & Price 1997, doi:10.1023/A:1008202821328")
def differential_evolution(
    oracle: Oracle,
    *,
    population: Annotated[int | None, Range(10, 200, log=True, least=4, most=10_000)] = None,
    factor: Annotated[float, Range(0.3, 1.0, above=0, most=2)] = 0.5,
    crossover: Annotated[float, Range(0.0, 1.0, least=0, most=1)] = 0.9,
) -> None:
    """DE/rand/1/bin: x1 + factor (x2 - x3) is crossed with each point, and replaces it where it is no worse.

    population: points, at least 4; None for 5 dim, the least that the authors advise, but at least 10. factor, their F,
    scales differences. crossover, their CR, is the chance that a coordinate comes from the mutant; one always does.
    What comes to lie beyond a hard bound is moved onto it: an optimum in a corner is met.
    """
    size, n = max(10, 5 * oracle.dim) if population is None else population, oracle.dim
    begin, inside = first_points(oracle), clipping(oracle)
    index, axis = oracle.array(np.arange(size) * 1.0), oracle.array(np.arange(n) * 1.0)
    oracle.recommend(oracle.x0)
    f = oracle.array(np.full((*oracle.lanes, size), inf))
    x = oracle.array(np.zeros((*oracle.lanes, size, n)))
    xp = array_namespace(x)
    new, begins = xp.all(f == inf, axis=-1), True  # lanes that begin, and whether any does
    while True:
        chance, picks, one = (oracle.rng.random((size, k)) for k in (n, 3, 1))
        x1, x2, x3 = (rows(x, row) for row in others(picks, index, size))
        mutated = (chance < crossover) | (axis == whole(one, n))
        trial = xp.where(mutated, inside(x1 + factor * (x2 - x3)), x)
        if begins:
            trial = masked(new, begin(chance), trial)
        value = usable(oracle.value(trial))
        better = masked(new, value == value, value <= f)
        x, f = xp.where(better[..., None], trial, x), xp.where(better, value, f)
        recommend_best(oracle, x, f)
        new = converged(oracle, x, f)
        begins = bool(xp.any(new))  # one bit a generation, for which a GPU is waited
        if begins and not oracle.noisy:  # where answers are noisy no lane ever gives up
            if not oracle.lanes:
                return
            oracle.restart(new)


def others(u: Array, index: Array, size: int) -> list[Array]:
    """Three rows that differ from each other and from their own index, picked by uniform numbers u (..., size, 3)."""
    xp = array_namespace(u)
    a, b, c = (whole(u[..., k], size - 1 - k) for k in range(3))  # among those that are left each time
    b = b + (b >= a)
    low, high = xp.minimum(a, b), xp.maximum(a, b)
    c = c + (c >= low)
    c = c + (c >= high)
    return [xp.astype((index + 1 + k) % size, xp.int64) for k in (a, b, c)]
