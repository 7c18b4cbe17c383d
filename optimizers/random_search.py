"""Random search: the least that a method must beat."""

from math import inf
from typing import get_args

from bench.core import Kind, Oracle, optimizer


@optimizer(order=0, source="Brooks 1958, doi:10.1287/opre.6.2.244", kinds=get_args(Kind))
def random_search(oracle: Oracle) -> None:
    """Independent points: uniform where there are walls on all sides, else normal around the start.

    The standard deviation of the normal ones is the domain's scale.
    """
    domain, x0, rng = oracle.domain, oracle.x0, oracle.rng
    best = inf
    oracle.recommend(x0)
    while True:
        x = domain.sample(rng, x0.shape) if domain.bounded else x0 + domain.scale * rng.standard_normal(x0.shape)
        f = oracle.value(x)
        if f < best:  # the luckiest one, where answers are noisy
            best = f
            oracle.recommend(x)
