"""Valleys: the way down is easy to find, the way along is long, curved or flat."""

import numpy as np

from bench.core import Array

from .. import landscapes
from .toy import one_to_dim, toy


def near_the_textbooks(rng: np.random.Generator, dim: int) -> np.ndarray:
    """Rosenbrock's start (-1.2, 1, -1.2, 1, ...), each coordinate moved by up to 1."""
    return np.where(np.arange(dim) % 2 == 0, -1.2, 1.0) + rng.uniform(-1.0, 1.0, dim)


@toy(
    source="Rosenbrock 1960, doi:10.1093/comjnl/3.3.175",
    box=(-5.0, 10.0),
    x_opt=1.0,
    least=2,
    gradient=landscapes.rosenbrock_gradient,
    start=near_the_textbooks,
    reach=2.0,
    scale=1.0,
)
def rosenbrock(z: Array) -> Array:
    """A curved valley with a flat floor, in two dimensions at least. Minimum 0 at (1, ..., 1).

    Starts are uniform within 1 of the textbook's, (-1.2, 1, -1.2, 1, ...), in each coordinate.
    """
    return landscapes.rosenbrock(z)


@toy(
    source="Dixon & Price 1989, doi:10.1007/BF00940007",
    box=(-10.0, 10.0),
    x_opt=lambda dim: 2.0 ** (2.0 ** (1 - np.arange(1, dim + 1)) - 1),
    least=2,
)
def dixon_price(z: Array) -> Array:
    """(z_1 - 1)^2 + sum of i (2 z_i^2 - z_{i-1})^2 over i >= 2. Minimum 0 at z_i = 2^(2^(1 - i) - 1), and elsewhere."""
    i = one_to_dim(z)[1:]
    return (z[..., 0] - 1) ** 2 + (i * (2 * z[..., 1:] ** 2 - z[..., :-1]) ** 2).sum(-1)


@toy(source="Powell 1962, doi:10.1093/comjnl/5.2.147", box=(-4.0, 5.0), dim=4, least=4, multiple=4)
def powell_singular(z: Array) -> Array:
    """Sum over blocks of four of (a + 10 b)^2 + 5 (c - d)^2 + (b - 2 c)^4 + 10 (a - d)^4. Minimum 0 at 0.

    The Hessian there has rank two in each block, so that Newton's method converges linearly.
    """
    a, b, c, d = (z[..., k::4] for k in range(4))
    return ((a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4).sum(-1)


@toy(
    source="Colville 1968, IBM New York Scientific Center report 320-2949",
    box=(-10.0, 10.0),
    x_opt=1.0,
    dim=4,
)
def colville(z: Array) -> Array:
    """100 (a^2 - b)^2 + (a - 1)^2 + 90 (c^2 - d)^2 + (c - 1)^2 + 10.1 ((b - 1)^2 + (d - 1)^2) + 19.8 (b - 1)(d - 1).

    Two curved valleys, coupled; also named after Wood. Minimum 0 at (1, 1, 1, 1).
    """
    a, b, c, d = (z[..., k] for k in range(4))
    valleys = 100 * (a**2 - b) ** 2 + (a - 1) ** 2 + 90 * (c**2 - d) ** 2 + (c - 1) ** 2
    return valleys + 10.1 * ((b - 1) ** 2 + (d - 1) ** 2) + 19.8 * (b - 1) * (d - 1)


@toy(
    source="Neumaier; Surjanovic & Bingham 2013, Virtual Library of Simulation Experiments, perm function 0, d, beta",
    box=lambda dim: (-float(dim), float(dim)),
    x_opt=lambda dim: 1 / np.arange(1.0, dim + 1),
    least=1,
)
def perm(z: Array) -> Array:
    """Sum over k of (sum over j of (j + 10) (z_j^k - j^-k))^2, both from 1 to dim. Minimum 0 at z_j = 1 / j.

    Almost a permutation of the optimum's coordinates is almost as good.
    """
    j = one_to_dim(z)
    k = j[:, None]
    return (((j + 10) * (z[..., None, :] ** k - (1 / j) ** k)).sum(-1) ** 2).sum(-1)
