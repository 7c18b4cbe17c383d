"""Quasi-random search: points that fill the box more evenly than chance would."""

from typing import get_args

import numpy as np

from bench.core import Array, Kind, Oracle, optimizer
from bench.core.arrays import converted

from .populations import scatter
from .random_search import search

POINTS = 16  # of one question, a power of two as the nets of the sequence are
DIGITS = 30  # binary ones of a coordinate


@optimizer(
    order=0,
    lanes=True,
    arrays="any",
    kinds=get_args(Kind),
    needs=("scipy.stats",),
    source="Sobol 1967, doi:10.1016/0041-5553(67)90144-9",
)
def quasi_random_search(oracle: Oracle) -> None:
    """Sobol's points, scrambled by the seed (Matousek 1998, doi:10.1006/jcom.1998.0489), in place of random ones.

    Without bounds on all sides they are those of a normal distribution around the start, as in random search. dim is at
    most 21,201, as far as there are direction numbers.
    """
    from scipy.stats.qmc import Sobol

    seeds = 2**24 * converted(oracle.rng.random(1), "numpy", "float64").reshape(-1)  # one a lane
    sequences = [Sobol(oracle.dim, bits=DIGITS, rng=np.random.default_rng(int(seed))) for seed in seeds]

    point = scatter(oracle)

    def points() -> Array:
        u = np.stack([sequence.random(POINTS) for sequence in sequences]) + 2.0 ** -(DIGITS + 1)  # middles of cells
        return point(oracle.array(u.reshape(*oracle.lanes, POINTS, oracle.dim)))

    search(oracle, points)
