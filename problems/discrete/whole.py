"""What discrete problems share: how they read a point that is not whole, and what tells instances of bits apart."""

from collections.abc import Callable, Mapping
from functools import wraps

import numpy as np

from bench.core import Array, Domain, Objective

Formula = Callable[..., np.ndarray]


def of_bits(value: Formula) -> Formula:
    """value(z, **constants) of bits z (*points, dim), 0.0 or 1.0 -> (*points), as a formula of any point x.

    A coordinate of x is read as 1 from 1/2 on, and flipped where `flip` (dim,) is 1. NaN where a coordinate is NaN.
    """

    @wraps(value)
    def formula(x: np.ndarray, flip: np.ndarray, **constants: Array) -> np.ndarray:
        z = ((x >= 0.5) != (flip == 1)).astype(np.float64)
        return unless_nan(x, value(z, **constants))

    return formula


def of_permutations(value: Formula) -> Formula:
    """value(p, **constants) of permutations p (*points, dim) of 0 ... dim - 1 -> (*points), as a formula of any x.

    x is read as the ranks of its coordinates, ties from left to right, which for a permutation is itself. NaN where a
    coordinate is NaN.
    """

    @wraps(value)
    def formula(x: np.ndarray, **constants: Array) -> np.ndarray:
        p = x.argsort(-1, kind="stable").argsort(-1)
        return unless_nan(x, value(p, **constants))

    return formula


def unless_nan(x: np.ndarray, f: np.ndarray) -> np.ndarray:
    """f (*points), or NaN where a coordinate of x (*points, dim) is NaN."""
    return np.where(np.isnan(x).any(-1), np.nan, f)[()]


def bits(
    formula: Formula,
    dim: int,
    *,
    f_opt: float | None = 0.0,
    x_opt: np.ndarray | None = None,
    flip: np.ndarray | None = None,
    constants: Mapping[str, Array] | None = None,
) -> Objective:
    """An instance of a formula from `of_bits`. x_opt: before it is flipped. flip: none, unless `flips` gives it."""
    flip = np.zeros(dim) if flip is None else flip
    return Objective(
        formula=formula,
        constants={"flip": flip, **(constants or {})},
        dim=dim,
        domain=Domain(0.0, 1.0, kinds="integer"),
        order=0,
        f_opt=f_opt,
        x_opt=None if x_opt is None else np.abs(x_opt - flip),
        arrays="numpy",
    )


def flips(dim: int, instance: int) -> np.ndarray:
    """The bits (dim,) in which an instance's optimum differs from the textbook's: none of instance 1, half at random
    of any other."""
    return np.zeros(dim) if instance == 1 else np.random.default_rng(instance).integers(0, 2, dim).astype(np.float64)


def permutations(
    formula: Formula,
    dim: int,
    constants: Mapping[str, Array],
    *,
    f_opt: float | None = None,
    x_opt: np.ndarray | None = None,
) -> Objective:
    """An instance of a formula from `of_permutations`."""
    return Objective(
        formula=formula,
        constants=constants,
        dim=dim,
        domain=Domain(0.0, float(dim - 1), kinds="permutation"),
        order=0,
        f_opt=f_opt,
        x_opt=None if x_opt is None else np.asarray(x_opt, dtype=np.float64),
        arrays="numpy",
    )


def entries(table: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Entries of a flat table: (m,) and (*points, k) -> (*points, k), or (R, 1, m) and (R, points, k) of a stack."""
    return table[index] if table.ndim == 1 else np.take_along_axis(table, index, axis=-1)


def at_least(least: int, **sizes: int) -> None:
    """Raise ValueError for a size that is below the least."""
    for name, size in sizes.items():
        if size < least:
            raise ValueError(f"{name} must be >= {least}, got {size}")
