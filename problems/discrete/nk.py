"""Kauffman's NK landscapes, tunably rugged."""

from typing import Literal

import numpy as np

from bench.core import Objective, problem

from ..instances import transform
from .whole import bits, entries, of_bits

MOST = 12  # neighbours, for which a bit's table has 2^13 entries
EXACT = 8  # neighbours, up to which the minimum is looked for: it takes 2^(2 k + 1) steps a bit
Neighbours = Literal["adjacent", "random"]


@problem(
    family="discrete",
    source="Kauffman & Levin 1987, doi:10.1016/S0022-5193(87)80029-2; optimum: Wright, Thompson & "
    "Zhang 2000, doi:10.1109/4235.887236; Ye et al. 2020, doi:10.1007/978-3-030-58115-2_49, f25 of IOHprofiler",
)
def nk_landscape(dim: int = 32, k: int = 3, neighbours: Neighbours = "adjacent", instance: int = 1) -> Objective:
    """The mean of what each bit contributes, a random number in [0, 1) for each state of it and of k others.

    neighbours: the k bits that follow, the last being followed by the first; the minimum is then found by dynamic
    programming where k <= 8. Or random ones, where it is not known. k: 0 ... 12, below dim.
    """
    if dim < 2:
        raise ValueError(f"dim must be >= 2, got {dim}")
    if not 0 <= k < min(dim, MOST + 1):
        raise ValueError(f"k must be >= 0, <= {MOST} and < dim = {dim}, got {k}")
    rng = np.random.default_rng(instance)
    tables = rng.random((dim, 2 ** (k + 1)))
    others = 1 + np.tile(np.arange(k), (dim, 1))
    if neighbours == "random":
        others = 1 + rng.random((dim, dim - 1)).argsort(-1)[:, :k]
    x_opt = least(tables) if neighbours == "adjacent" and k <= EXACT else None
    constants = landscape(tables, (np.arange(dim)[:, None] + others) % dim)
    f_opt = None if x_opt is None else float(contribution(x_opt, np.zeros(dim), **constants))
    return bits(contribution, dim, f_opt=f_opt, x_opt=x_opt, constants=constants)


def landscape(tables: np.ndarray, others: np.ndarray) -> dict[str, np.ndarray]:
    """The constants of `contribution`: tables (dim, 2^(k + 1)); others (dim, k), the bits on which each depends.

    Bit i's entry is z[i] + sum over j = 1 ... k of 2^j z[others[i, j - 1]].
    """
    dim, k = others.shape
    powers = np.eye(dim)
    np.add.at(powers, (np.arange(dim)[:, None], others), 2.0 ** np.arange(1, k + 1))
    return {"tables": tables.ravel(), "powers": powers}


@of_bits
def contribution(z: np.ndarray, tables: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """z (*points, dim), tables (dim 2^(k + 1),), powers (dim, dim) -> (*points)."""
    dim = z.shape[-1]
    index = transform(powers, z).astype(int) + np.arange(dim) * (tables.shape[-1] // dim)
    return entries(tables, index).mean(-1)


def least(tables: np.ndarray) -> np.ndarray:
    """The bits (dim,) of least sum where bit i's entry is that of the window (i, ..., i + k), around the corner.

    Dynamic programming over the windows' k overlapping bits, for each of their 2^k states at the corner: tables (dim,
    2^(k + 1)).
    """
    size = tables.shape[1] // 2
    sums = np.where(np.eye(size, dtype=bool), 0.0, np.inf)  # [state at the corner, state now]
    choices = []
    for table in tables:
        windows = (np.tile(sums, 2) + table).reshape(size, size, 2)  # a window's lowest bit is left behind
        choices.append(windows.argmin(-1))
        sums = windows.min(-1)
    corner = state = int(np.diagonal(sums).argmin())
    z = np.zeros(len(tables))
    for i in reversed(range(len(tables))):
        z[i] = choices[i][corner, state]
        state = int(2 * state + z[i]) % size
    return z
