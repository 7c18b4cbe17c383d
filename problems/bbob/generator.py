"""The random numbers behind an instance of BBOB: offsets, optima and rotations, as COCO's programs draw them.

Source: Hansen, Finck, Ros & Auger 2009, hal:inria-00362633; Hansen et al. 2021, doi:10.1080/10556788.2020.1808977.
"""

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


def uniform(n: int, seed: int) -> np.ndarray:
    """n numbers in (0, 1): multiplicative congruence, read through a table that shuffles them."""
    state = max(abs(seed), 1)
    table = [0] * SLOTS
    for slot in reversed(range(SLOTS + WARM_UP)):
        state = MULTIPLIER * state % MODULUS
        if slot < SLOTS:
            table[slot] = state
    last, numbers = table[0], np.empty(n)
    for i in range(n):
        state = MULTIPLIER * state % MODULUS
        slot = last // SLOT_WIDTH
        last, table[slot] = table[slot], state
        numbers[i] = last / MODULUS
    return numbers


def normal(n: int, seed: int) -> np.ndarray:
    """n standard normal numbers, by the cosine half of Box & Muller 1958, doi:10.1214/aoms/1177706645."""
    radii, angles = uniform(2 * n, seed).reshape(2, n)
    return np.sqrt(-2 * np.log(radii)) * np.cos(2 * np.pi * angles)


def rotation(dim: int, seed: int) -> np.ndarray:
    """A random rotation (dim, dim): Gram & Schmidt's orthonormal columns of a Gaussian matrix."""
    columns = normal(dim * dim, seed).reshape(dim, dim)  # row i holds column i
    for i in range(dim):
        for earlier in columns[:i]:
            columns[i] -= _dot(columns[i], earlier) * earlier
        columns[i] /= np.sqrt(_dot(columns[i], columns[i]))
    return columns.T.copy()


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """Summed from first to last, as COCO does: some of the matrices are so ill-conditioned (f15, instance 5, dim 10:
    4e3) that another order of summation changes the functions by 1e-12."""
    return np.cumsum(a * b)[-1]


def optimum(dim: int, seed: int) -> np.ndarray:
    """The place of the optimum (dim,): uniform in [-4, 4], in steps of 8e-4, and never 0."""
    x_opt = 8 * np.floor(1e4 * uniform(dim, seed)) / 1e4 - 4
    return np.where(x_opt == 0, -1e-5, x_opt)


def offset(function: int, instance: int) -> float:
    """The least value f_opt: the ratio of two normal numbers, times 100, to two decimals, within [-1000, 1000]."""
    seed = instance_seed(function, instance)
    ratio = normal(1, seed)[0] / normal(1, seed + 1)[0]
    return float(np.clip(np.floor(100 * 100 * ratio + 0.5) / 100, -1000, 1000))
