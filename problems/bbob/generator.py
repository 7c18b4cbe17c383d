"""The random numbers behind an instance of BBOB: offsets, optima and rotations, as COCO's programs draw them.

Source: Hansen, Finck, Ros & Auger 2009, hal:inria-00362633; Hansen et al. 2021, doi:10.1080/10556788.2020.1808977.
"""

from functools import lru_cache
from itertools import accumulate, repeat
from math import cos, log, pi

import numpy as np

MODULUS, MULTIPLIER = 2**31 - 1, 16807  # Park & Miller 1988, doi:10.1145/63039.63042
SLOTS, WARM_UP = 32, 8  # the shuffle of Bays & Durham 1976, doi:10.1145/355666.355670
SLOT_WIDTH = 67108865  # as COCO has it: 2^26 + 1, so that MODULUS // SLOT_WIDTH = 31
SECOND = 1_000_000  # added to the seed for the second random rotation
ALIASES = {4: 3, 18: 17}  # functions that take the numbers of another
MAX_DIM = 40
MAX_INSTANCE = (MODULUS - SECOND - 24) // 10_000 - 1


def instance_seed(function: int, instance: int) -> int:
    """The seed from which all numbers of an instance come."""
    if not 1 <= instance <= MAX_INSTANCE:
        raise ValueError(f"instance must be in 1 ... {MAX_INSTANCE}, got {instance}")
    return ALIASES.get(function, function) + 10_000 * instance


def uniform(n: int, *seeds: int) -> np.ndarray:
    """n numbers in (0, 1) for each seed, (seeds, n): multiplicative congruence, read through a table that shuffles."""
    states = np.array(seeds)[:, None] * _powers(WARM_UP + SLOTS + n)[WARM_UP:] % MODULUS
    read = [_shuffle(slots) for slots in (states // SLOT_WIDTH).tolist()]
    return states[np.arange(len(seeds))[:, None], read] / MODULUS


def _shuffle(slots: list[int]) -> list[int]:
    """The places of the states in the order in which they are read: each one read tells the slot of the next, where
    the state just made takes its place. slots: the slot that each state tells, SLOTS of them being in the table."""
    table = list(reversed(range(SLOTS)))
    last, places = table[0], []
    for new in range(SLOTS, len(slots)):
        slot = slots[last]
        last, table[slot] = table[slot], new
        places.append(last)
    return places


@lru_cache(maxsize=256)
def _powers(n: int) -> np.ndarray:
    """The first n powers (n,) of the multiplier, by which the congruence reaches all its states in one product."""
    return np.array(list(accumulate(repeat(MULTIPLIER, n), lambda power, factor: factor * power % MODULUS)))


def normal(n: int, *seeds: int) -> np.ndarray:
    """n standard normal numbers for each seed, (seeds, n): the cosine half of Box & Muller 1958,
    doi:10.1214/aoms/1177706645.

    Logarithm and cosine are those of the C library: NumPy's differ in some last bits, of which `rotations` make 1e-12.
    """
    u = uniform(2 * n, *seeds)
    radii, angles = u[:, :n], 2 * pi * u[:, n:]
    logarithms = np.fromiter(map(log, radii.ravel().tolist()), float, radii.size)
    cosines = np.fromiter(map(cos, angles.ravel().tolist()), float, angles.size)
    return (np.sqrt(-2 * logarithms) * cosines).reshape(-1, n)


def rotation(dim: int, seed: int) -> np.ndarray:
    """A random rotation (dim, dim)."""
    return _rotations(dim, seed)[0].copy()


def rotations(dim: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The two random rotations R and Q of a function, (dim, dim): of the seed + 1,000,000 and of the seed."""
    r, q = _rotations(dim, seed + SECOND, seed)
    return r.copy(), q.copy()


@lru_cache(maxsize=256)  # f18 has f17's, the noisy functions have the noise-free ones', and instances are made again
def _rotations(dim: int, *seeds: int) -> np.ndarray:
    """(seeds, dim, dim): Gram & Schmidt's orthonormal columns of Gaussian matrices.

    All sums run from first to last, as COCO's do and as NumPy's `sum` does not: some of the matrices are so
    ill-conditioned (f17, instance 99, dim 20) that a last bit here changes the functions by 1e-11.
    """
    columns = normal(dim * dim, *seeds).reshape(-1, dim, dim)  # row i holds column i
    for i in range(dim):
        column, later = columns[:, i : i + 1], columns[:, i + 1 :]
        column /= np.sqrt(np.add.accumulate(column * column, axis=-1)[..., -1:])
        later -= np.add.accumulate(later * column, axis=-1)[..., -1:] * column
    return columns.mT


def optimum(dim: int, seed: int) -> np.ndarray:
    """The place of the optimum (dim,): uniform in [-4, 4], in steps of 8e-4, and never 0."""
    x_opt = 8 * np.floor(1e4 * uniform(dim, seed)[0]) / 1e4 - 4
    return np.where(x_opt == 0, -1e-5, x_opt)


@lru_cache(maxsize=1024)  # it is the same in all dimensions
def offset(function: int, instance: int) -> float:
    """The minimum f_opt: the ratio of two normal numbers, times 100, to two decimals, within [-1000, 1000]."""
    seed = instance_seed(function, instance)
    above, below = normal(1, seed, seed + 1)[:, 0]
    return float(np.clip(np.floor(100 * 100 * (above / below) + 0.5) / 100, -1000, 1000))
