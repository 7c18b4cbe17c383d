"""Simulated annealing: a step upwards is accepted by a chance that falls with its height and with the temperature."""

from math import log
from typing import Annotated, get_args

from array_api_compat import array_namespace

from bench.core import Array, Kind, Oracle, Range, optimizer

from .hyperparameters import Sigma
from .moves import move, reversed_slice
from .populations import usable

CALIBRATION = 10  # moves from the start whose changes of f set the first temperature
ACCEPTED = 0.8  # the fraction of steps upwards accepted at first: Johnson et al. 1989
TARGET = 0.5  # the fraction of all steps that lengths are adapted to: Corana et al. 1987
LONGEST = 10.0  # step, in units of the first


@optimizer(
    order=0,
    lanes=True,
    arrays="any",
    version=2,
    kinds=get_args(Kind),
    source="Kirkpatrick, Gelatt & Vecchi 1983, doi:10.1126/science.220.4598.671",
)
def simulated_annealing(
    oracle: Oracle,
    *,
    sigma: Sigma = 1.0,
    cooling: Annotated[float, Range(1e-12, 1e-2, log=True, above=0, below=1)] = 1e-6,
) -> None:
    """Metropolis steps from one point, at a temperature that falls geometrically to the end of the budget.

    Of each lane the first temperature accepts four fifths of the steps upwards (Johnson et al. 1989,
    doi:10.1287/opre.37.6.865), measured at the start. All real coordinates move at once, and their length follows the
    fraction of accepted steps, a half (Corana et al. 1987, doi:10.1145/29380.29864); of whole numbers each moves by a
    chance of 1 / dim; of a permutation a slice is reversed. sigma: first standard deviation, in units of the
    domain's scale. cooling: the last temperature over the first.
    """
    domain, n = oracle.domain, oracle.dim
    change = move(oracle)
    x = oracle.x0[..., None, :]  # (*lanes, 1, dim)
    xp = array_namespace(x)
    oracle.recommend(x[..., 0, :])

    def neighbours(x: Array, length: Array, points: int) -> Array:
        if domain.kinds == "permutation":
            ends = oracle.rng.random((points, 2))
            return reversed_slice(x + 0 * ends[..., :1], ends)
        z = oracle.rng.standard_normal((points, n))
        if domain.real:
            return change(x, z, z, length)
        u, v = oracle.rng.random((points, n)), oracle.rng.random((points, n))
        moved = change(x, u, z, length)
        chosen = (v < 1 / n) | (v == xp.min(v, axis=-1, keepdims=True))  # one at least
        return xp.where(chosen, moved, x)

    length = 0 * x + sigma * oracle.scale[..., None, :]
    places = xp.concat([x, neighbours(x, length, CALIBRATION)], axis=-2)
    tried = usable(oracle.value(places))
    f = tried[..., :1]
    heights = xp.abs(tried[..., 1:] - f)
    known = xp.isfinite(heights)
    mean = xp.sum(xp.where(known, heights, 0.0), axis=-1, keepdims=True)
    mean = mean / xp.maximum(xp.sum(xp.astype(known, f.dtype), axis=-1, keepdims=True), 1 + 0 * f)
    first = xp.where(mean > 0, mean, 1.0) / -log(ACCEPTED)
    least, longest = xp.min(tried, axis=-1, keepdims=True), LONGEST * sigma * oracle.scale[..., None, :]
    first_least = (xp.cumulative_sum(xp.astype(tried == least, f.dtype), axis=-1) == 1) & (tried == least)
    best = xp.sum(xp.where(first_least[..., None], places, 0 * places), axis=-2, keepdims=True)
    steps, step = max(1, int(oracle.remaining / oracle.prices["value"])), 0
    while True:
        temperature = first * cooling ** (step / steps)
        step += 1
        y = neighbours(x, length, 1)
        value = usable(oracle.value(y))
        accepted = (value <= f) | (oracle.rng.random(1) < xp.exp((f - value) / temperature))
        x, f = xp.where(accepted[..., None], y, x), xp.where(accepted, value, f)
        grown = length * xp.exp((xp.astype(accepted, f.dtype) - TARGET) / n**0.5)[..., None]
        length = xp.where(grown < longest, grown, longest)
        better = value < least
        best, least = xp.where(better[..., None], y, best), xp.where(better, value, least)
        oracle.recommend(best[..., 0, :])
