"""The travelling salesman: round trips through all cities."""

from math import pi
from typing import Literal

import numpy as np

from bench.core import Objective, problem

from .whole import at_least, entries, of_permutations, permutations

EXACT = 12  # cities, up to which the shortest of all round trips is looked for: it takes n^2 2^n steps
Cities = Literal["uniform", "circle"]

# TSPLIB's burma14, degrees before the point and minutes behind it
LATITUDES = (16.47, 16.47, 20.09, 22.39, 25.23, 22.00, 20.47, 17.20, 16.30, 14.05, 16.53, 21.52, 19.41, 20.09)
LONGITUDES = (96.10, 94.44, 92.54, 93.37, 97.24, 96.05, 97.02, 96.29, 97.38, 98.12, 97.38, 95.59, 97.13, 94.55)
BURMA_TOUR = (0, 1, 13, 2, 3, 4, 5, 11, 6, 12, 7, 10, 8, 9)
BURMA_LENGTH = 3323.0  # km
EARTH = 6378.388  # km


@problem(
    family="discrete",
    source="Johnson & McGeoch 1997, The traveling salesman problem; exact: Held & Karp 1962, doi:10.1137/0110015",
)
def tsp(dim: int = 10, cities: Cities = "uniform", instance: int = 1) -> Objective:
    """The length of a round trip through dim cities; x says which comes first, second, ...

    cities: uniform in the unit square; the shortest trip is known up to 12 of them. Or at equal distances on a circle
    of diameter 1, in random order, where it is the polygon, dim sin(pi / dim).
    """
    at_least(4, dim=dim)
    rng = np.random.default_rng(instance)
    if cities == "circle":
        places = rng.permutation(dim)
        angles = 2 * pi * places / dim
        positions, tour = np.stack([np.cos(angles), np.sin(angles)], axis=-1) / 2, places.argsort()
    else:
        positions = rng.random((dim, 2))
        tour = None
    distances = np.sqrt(((positions[:, None] - positions) ** 2).sum(-1))
    if tour is None and dim <= EXACT:
        tour = shortest(distances)
    f_opt = None if tour is None else float(length(tour.astype(np.float64), distances=distances.ravel()))
    return permutations(length, dim, {"distances": distances.ravel()}, f_opt=f_opt, x_opt=tour)


@problem(family="discrete", source="Reinelt 1991, doi:10.1287/ijoc.3.4.376: TSPLIB's burma14, by Zaw Win")
def tsp_burma14(instance: int = 1) -> Objective:
    """The length of a round trip through 14 cities in Burma in km, each distance rounded up. Minimum 3323.

    The cities of instances other than 1 are in random order.
    """
    order = np.arange(14) if instance == 1 else np.random.default_rng(instance).permutation(14)
    distances = burma()[order[:, None], order]
    tour = order.argsort()[list(BURMA_TOUR)]
    return permutations(length, 14, {"distances": distances.ravel()}, f_opt=BURMA_LENGTH, x_opt=tour)


def burma() -> np.ndarray:
    """The distances (14, 14) of burma14 in whole km, by TSPLIB's formula, in which pi has seven digits."""
    latitude, longitude = (
        3.141592 / 180 * (np.trunc(angles) + 5 / 3 * (angles - np.trunc(angles)))
        for angles in (np.array(LATITUDES), np.array(LONGITUDES))
    )
    q1 = np.cos(longitude[:, None] - longitude)
    q2, q3 = np.cos(latitude[:, None] - latitude), np.cos(latitude[:, None] + latitude)
    return np.trunc(EARTH * np.arccos(np.clip(((1 + q1) * q2 - (1 - q1) * q3) / 2, -1, 1)) + 1) * (1 - np.eye(14))


@of_permutations
def length(p: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """p (*points, dim), distances (dim^2,), row by row -> (*points)."""
    return entries(distances, p * p.shape[-1] + np.roll(p, -1, axis=-1)).sum(-1)


def shortest(distances: np.ndarray) -> np.ndarray:
    """The shortest round trip (n,), by dynamic programming over the sets of cities that have been visited since the
    last one, where it starts: distances (n, n). Source: Held & Karp 1962, doi:10.1137/0110015.
    """
    home = len(distances) - 1
    between, city = distances[:home, :home], np.arange(home)
    costs = np.full((1 << home, home), np.inf)  # [set of cities as bits, the last of them]
    costs[1 << city, city] = distances[home, :home]
    for visited in range(1, 1 << home):
        further = city[(visited >> city & 1) == 0]
        costs[visited | 1 << further, further] = (costs[visited][:, None] + between[:, further]).min(0)
    visited, tour = (1 << home) - 1, [home]
    while visited:
        last = int((costs[visited] + distances[tour[-1], :home]).argmin())
        tour.append(last)
        visited ^= 1 << last
    return np.array(tour)
