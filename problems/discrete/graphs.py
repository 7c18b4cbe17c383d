"""Bits on the nodes of a graph: Ising's magnets, a greatest independent set, and sequences of low autocorrelation."""

from math import isqrt
from typing import Literal

import numpy as np

from bench.core import Array, Objective, problem

from .whole import at_least, bits, flips, of_bits

SOURCE = "Doerr et al. 2020, doi:10.1016/j.asoc.2019.106027"
Lattice = Literal["ring", "torus", "triangular"]
NEIGHBOURS = {"ring": ((0, 1),), "torus": ((1, 0), (0, 1)), "triangular": ((1, 0), (0, 1), (1, 1))}  # rows, columns

# the least energies of 3 ... 66 bits, Packebusch & Mertens 2016, table 1
LABS = (
    *(1, 2, 2, 7, 3, 8, 12),  # 3 to 9
    *(13, 5, 10, 6, 19, 15, 24, 32, 25, 29),  # 10 to 19
    *(26, 26, 39, 47, 36, 36, 45, 37, 50, 62),  # 20 to 29
    *(59, 67, 64, 64, 65, 73, 82, 86, 87, 99),  # 30 to 39
    *(108, 108, 101, 109, 122, 118, 131, 135, 140, 136),  # 40 to 49
    *(153, 153, 166, 170, 175, 171, 192, 188, 197, 205),  # 50 to 59
    *(218, 226, 235, 207, 208, 240, 257),  # 60 to 66
)


@problem(family="discrete", source=f"Ising 1925, doi:10.1007/BF02980577; {SOURCE}, f19 to f21")
def ising(dim: int = 64, lattice: Lattice = "torus", instance: int = 1) -> Objective:
    """The number of unequal neighbours of a magnet of bits. Minimum 0 where all are equal.

    lattice: a ring of dim bits; or a square one whose sides meet, where each bit has four neighbours ("torus"), or two
    more on a diagonal ("triangular"); dim is then a square. Instances other than 1 have random bits flipped, so that
    neither of the two optima can be guessed.
    """
    side = 1 if lattice == "ring" else isqrt(max(dim, 0))
    if dim < 3 or (lattice != "ring" and side * side != dim):
        raise ValueError(f"dim must be >= 3, and a square unless lattice is ring, got {dim}")
    return bits(walls, dim, x_opt=np.ones(dim), flip=flips(dim, instance), constants={"lattice": lattice})


@of_bits
def walls(z: np.ndarray, lattice: Lattice) -> Array:
    """z (*points, dim), row by row -> (*points)."""
    grid = z.reshape(*z.shape[:-1], *((1, -1) if lattice == "ring" else 2 * (isqrt(z.shape[-1]),)))
    unequal = [grid != np.roll(grid, step, axis=(-2, -1)) for step in NEIGHBOURS[lattice]]
    return np.sum(unequal, axis=(0, -2, -1), dtype=np.float64)


@problem(family="discrete", source=f"Bäck & Khuri 1994, doi:10.1109/ICEC.1994.350004; {SOURCE}, f22")
def independent_set(dim: int = 64, instance: int = 1) -> Objective:
    """How many nodes a set lacks of a greatest independent one, plus dim for each edge within it. Minimum 0.

    The graph: two rows of dim / 2 nodes, of which each is joined to both in the next column. A greatest independent set
    has both nodes of every other column. dim: even.
    """
    if dim < 4 or dim % 2:
        raise ValueError(f"dim must be even and >= 4, got {dim}")
    x_opt = np.tile(np.arange(dim // 2) % 2 == 0, 2).astype(np.float64)
    return bits(dependent, dim, x_opt=x_opt, flip=flips(dim, instance))


@of_bits
def dependent(z: np.ndarray) -> np.ndarray:
    """z (*points, dim), the first row and then the second -> (*points)."""
    dim = z.shape[-1]
    columns = z[..., : dim // 2] + z[..., dim // 2 :]
    edges = (columns[..., 1:] * columns[..., :-1]).sum(-1)
    return 2 * ((dim // 2 + 1) // 2) - columns.sum(-1) + dim * edges


@problem(
    family="discrete",
    source=f"Golay 1977, doi:10.1109/TIT.1977.1055653; optima: Packebusch & Mertens 2016, "
    f"doi:10.1088/1751-8113/49/16/165001; {SOURCE}, f18",
)
def labs(dim: int = 24, instance: int = 1) -> Objective:
    """Low autocorrelation binary sequences: the sum over k = 1 ... dim - 1 of (sum over i of s[i] s[i + k])^2.

    s[i] = 2 z[i] - 1. Rugged, with few and isolated optima; the minimum is known up to 66 bits.
    """
    at_least(3, dim=dim)
    f_opt = LABS[dim - 3] if dim - 3 < len(LABS) else None
    return bits(energy, dim, f_opt=f_opt, flip=flips(dim, instance))


@of_bits
def energy(z: np.ndarray) -> np.ndarray:
    """z (*points, dim) -> (*points)."""
    s, total = 2 * z - 1, np.zeros(z.shape[:-1])
    for k in range(1, z.shape[-1]):
        total = total + (s[..., k:] * s[..., :-k]).sum(-1) ** 2
    return total
