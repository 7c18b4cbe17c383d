"""What tells one instance from the next: random shifts and rotations, the same for ever for an instance's number."""

import numpy as np

from bench.core import Array

GRID = 1024  # shifts are multiples of 1/1024, so that adding one to a small integer and taking it off again is exact


def random_shift(rng: np.random.Generator, dim: int, reach: float) -> np.ndarray:
    """A shift (dim,), uniform in [-reach, reach]."""
    return np.round(GRID * rng.uniform(-reach, reach, dim)) / GRID


def random_rotation(rng: np.random.Generator, dim: int) -> np.ndarray:
    """An orthogonal matrix (dim, dim), uniform over all of them.

    Source: Mezzadri 2007, arXiv:math-ph/0609050: the Q of a Gaussian matrix whose R has a positive diagonal.
    """
    q, r = np.linalg.qr(rng.standard_normal((dim, dim)))
    return q * np.sign(np.diag(r))


def transform(matrix: Array, x: Array) -> Array:
    """The matrix times each point: matrix (dim, dim) and x (*points, dim), or (R, 1, dim, dim) and (R, points, dim)."""
    return x @ (matrix if matrix.ndim == 2 else matrix[:, 0]).mT
