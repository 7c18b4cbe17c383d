"""The quadratic assignment: which facility stands where."""

from itertools import permutations as all_orders
from math import isqrt
from typing import Literal

import numpy as np

from bench.core import Objective, problem

from .whole import at_least, entries, of_permutations, permutations

EXACT = 7  # facilities, up to which all assignments are tried
FLOWS = 10  # the greatest
Flows = Literal["planted", "random"]

# QAPLIB's nug12: the flows between facility i and those before it, i = 1 ... 11
NUGENT = (
    (5,),
    (2, 3),
    (4, 0, 0),
    (1, 2, 0, 5),
    (0, 2, 0, 2, 10),
    (0, 2, 0, 2, 0, 5),
    (6, 0, 5, 10, 0, 1, 10),
    (2, 4, 5, 0, 0, 1, 5, 0),
    (1, 5, 2, 0, 5, 5, 2, 0, 0),
    (1, 0, 2, 5, 1, 4, 3, 5, 10, 5),
    (1, 0, 2, 5, 1, 0, 3, 0, 10, 0, 2),
)
NUGENT_PLACES = (7, 11, 3, 4, 8, 9, 1, 5, 2, 10, 6, 0)


@problem(
    family="discrete",
    source="Koopmans & Beckmann 1957, doi:10.2307/1907742; grids: Nugent, Vollmann & Ruml 1968, "
    "doi:10.1287/opre.16.1.150",
)
def qap(dim: int = 16, flows: Flows = "planted", instance: int = 1) -> Objective:
    """The flow between all pairs of dim facilities, each times the distance of their places; facility i is at x[i].

    Places are the points of a grid, distances those of its streets. flows: whole numbers up to 10, only between the
    facilities that are neighbours in a hidden assignment: none is cheaper, as no distance is below 1. Or between all
    pairs at random, where the least cost is known up to 7 facilities.
    """
    at_least(4, dim=dim)
    rng = np.random.default_rng(instance)
    distances = streets(dim)
    flow = np.triu(rng.integers(1 if flows == "planted" else 0, FLOWS + 1, (dim, dim)), 1).astype(np.float64)
    flow, best = flow + flow.T, None
    if flows == "planted":
        best = rng.permutation(dim)
        flow *= distances[best[:, None], best] == 1
    elif dim <= EXACT:
        orders = np.array(list(all_orders(range(dim))))
        best = orders[cost(orders.astype(np.float64), flow=flow.ravel(), distances=distances.ravel()).argmin()]
    return assignment(flow, distances, best)


@problem(family="discrete", source="Nugent, Vollmann & Ruml 1968, doi:10.1287/opre.16.1.150: QAPLIB's nug12")
def qap_nug12(instance: int = 1) -> Objective:
    """The quadratic assignment of 12 facilities to a grid of 3 x 4 places. Minimum 578, both directions counted.

    The facilities of instances other than 1 are in random order.
    """
    order = np.arange(12) if instance == 1 else np.random.default_rng(instance).permutation(12)
    flow = np.zeros((12, 12))
    for i, row in enumerate(NUGENT, start=1):
        flow[i, :i] = flow[:i, i] = row
    return assignment(flow[order[:, None], order], streets(12), np.array(NUGENT_PLACES)[order])


def assignment(flow: np.ndarray, distances: np.ndarray, best: np.ndarray | None) -> Objective:
    """The objective of flow and distances (dim, dim); best: an optimal assignment (dim,), where one is known."""
    constants = {"flow": flow.ravel(), "distances": distances.ravel()}
    f_opt = None if best is None else float(cost(best.astype(np.float64), **constants))
    return permutations(cost, len(flow), constants, f_opt=f_opt, x_opt=best)


@of_permutations
def cost(p: np.ndarray, flow: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """p (*points, dim), flow and distances (dim^2,), row by row -> (*points)."""
    pairs = p[..., :, None] * p.shape[-1] + p[..., None, :]
    return (flow * entries(distances, pairs.reshape(*p.shape[:-1], -1))).sum(-1)


def streets(dim: int) -> np.ndarray:
    """The distances (dim, dim) in the 1-norm of the points of the grid of dim points that is next to a square."""
    rows = max(side for side in range(1, isqrt(dim) + 1) if dim % side == 0)
    row, column = np.divmod(np.arange(dim), dim // rows)
    return (np.abs(row[:, None] - row) + np.abs(column[:, None] - column)).astype(np.float64)
