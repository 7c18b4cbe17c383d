"""Random search: the least that a method must beat."""

from collections.abc import Callable
from typing import get_args

from array_api_compat import array_namespace

from bench.core import Array, Kind, Oracle, optimizer

from .bounds import reflection
from .populations import recommend_best, rows, scatter, usable

POINTS = 10  # of one question; most budgets are a multiple


@optimizer(
    order=0, lanes=True, arrays="any", version=2, kinds=get_args(Kind), source="Brooks 1958, doi:10.1287/opre.6.2.244"
)
def random_search(oracle: Oracle) -> None:
    """Independent points: uniform where there are bounds on all sides, else normal around the start.

    The standard deviation of the normal ones is the scale of each coordinate.
    """
    size = (POINTS, oracle.dim)
    if oracle.domain.bounded:
        point = scatter(oracle)
        search(oracle, lambda: point(oracle.rng.random(size)))
    else:
        inside, center, scale = reflection(oracle), oracle.x0[..., None, :], oracle.scale[..., None, :]
        search(oracle, lambda: inside(center + scale * oracle.rng.standard_normal(size)))


def search(oracle: Oracle, points: Callable[[], Array]) -> None:
    """Ask for ever what `points` draws, (*lanes, points, dim), and recommend the best of it."""
    oracle.recommend(oracle.x0)
    x = points()
    xp, f = array_namespace(x), usable(oracle.value(x))
    while True:
        first = xp.argmin(f, axis=-1, keepdims=True)
        best, least = rows(x, first), xp.min(f, axis=-1, keepdims=True)
        recommend_best(oracle, best, least)  # the luckiest one, where answers are noisy
        x = points()
        f = xp.concat([least, usable(oracle.value(x))], axis=-1)
        x = xp.concat([best, x], axis=-2)
