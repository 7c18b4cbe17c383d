"""Queens on a chess board: one in each column, as a permutation, or on any square, as bits."""

from math import isqrt

import numpy as np

from bench.core import Objective, problem

from ..instances import transform
from .whole import at_least, bits, flips, of_bits, of_permutations, permutations


@problem(
    family="discrete",
    source="Bezzel 1848, Berliner Schachzeitung 3:363; Bell & Stevens 2009, doi:10.1016/j.disc.2007.12.043",
)
def n_queens(dim: int = 20, instance: int = 1) -> Objective:
    """The pairs of queens that attack each other; the queen of column i stands in row x[i]. Minimum 0.

    As x is a permutation only diagonals are left. The columns of instances other than 1 are in random order.
    """
    at_least(4, dim=dim)
    columns = np.arange(dim) if instance == 1 else np.random.default_rng(instance).permutation(dim)
    return permutations(attacks, dim, {"columns": columns}, f_opt=0.0, x_opt=peaceful(dim)[columns])


@of_permutations
def attacks(p: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Rows p (*points, dim) of the queens in these columns (dim,) -> (*points)."""
    up, aside = (np.abs(place[..., :, None] - place[..., None, :]) for place in (p, columns))
    return ((up == aside).sum((-2, -1)) - p.shape[-1]) / 2  # each queen is on both diagonals of its own


def peaceful(n: int) -> np.ndarray:
    """The rows (n,) of n >= 4 queens of which none attacks another, one a column. Source: Pauls 1874, as in Bell &
    Stevens 2009, doi:10.1016/j.disc.2007.12.043."""
    if n % 2:
        return np.append(peaceful(n - 1), n - 1)  # no even board's solution here has a queen on the main diagonal
    i = np.arange(n // 2)
    if n % 6 != 2:
        return np.concatenate([2 * i + 1, 2 * i])
    rows = (2 * i + n // 2 - 1) % n
    return np.concatenate([rows, n - 1 - rows[::-1]])


@problem(family="discrete", source="Doerr et al. 2020, doi:10.1016/j.asoc.2019.106027, f23")
def queens_board(dim: int = 64, instance: int = 1) -> Objective:
    """n queens on a board of n^2 = dim squares, a bit each, row by row: n less the queens, plus n for every queen on a
    row, column or diagonal beyond the first. Minimum 0. dim: a square >= 16.
    """
    side = isqrt(max(dim, 0))
    if side < 4 or side * side != dim:
        raise ValueError(f"dim must be a square >= 16, got {dim}")
    x_opt = np.eye(side)[peaceful(side)].ravel()
    return bits(crowded, dim, x_opt=x_opt, flip=flips(dim, instance), constants={"lines": lines(side)})


@of_bits
def crowded(z: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """z (*points, dim), lines (6 n - 2, dim) -> (*points)."""
    side = isqrt(z.shape[-1])
    return side - z.sum(-1) + side * np.maximum(transform(lines, z) - 1, 0).sum(-1)


def lines(side: int) -> np.ndarray:
    """Which squares each row, column, diagonal and antidiagonal has: (6 side - 2, side^2), 0 or 1."""
    row, column = np.divmod(np.arange(side * side), side)
    numbers = (row, column, row - column + side - 1, row + column)
    return np.concatenate([np.eye(number.max() + 1)[:, number] for number in numbers])
