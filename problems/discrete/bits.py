"""Functions of bits, f1 to f17 and f24 of IOHprofiler's pseudo-Boolean suite among them, and the jump function.

Each is what a value to be maximised lacks of its greatest one, so that the minimum is 0. Instance 1 is the textbook's;
the others have random bits flipped.
"""

import numpy as np

from bench.core import Objective, problem

from .layers import Layer, all_seen, height, seen
from .whole import at_least, bits, flips, of_bits

SOURCE = "Doerr et al. 2020, doi:10.1016/j.asoc.2019.106027"
TRAP = 5  # bits


@problem(family="discrete", source=f"{SOURCE}, f1 and f4 to f10; layers: Weise & Wu 2018, doi:10.1145/3205651.3208240")
def onemax(dim: int = 64, layer: Layer = "none", instance: int = 1) -> Objective:
    """The number of bits that are 0. Minimum 0 at (1, ..., 1).

    layer: what makes it harder, one of the W-model's; the minimum is 0 with each, at the same point but for
    "epistasis", where every fourth bit is 1 and the others are 0.
    """
    at_least(3, dim=dim)
    return bits(ones_lacking, dim, x_opt=all_seen(dim, layer), flip=flips(dim, instance), constants={"layer": layer})


@of_bits
def ones_lacking(z: np.ndarray, layer: Layer) -> np.ndarray:
    """What the height of the number of ones lacks of the greatest: z (*points, dim) -> (*points)."""
    y = seen(z, layer)
    return _lacking(y.sum(-1), y.shape[-1], layer)


@problem(
    family="discrete", source=f"Rudolph 1997, Convergence Properties of Evolutionary Algorithms; {SOURCE}, f2, f11-f17"
)
def leading_ones(dim: int = 64, layer: Layer = "none", instance: int = 1) -> Objective:
    """dim less the number of ones in front of the first 0. Minimum 0 at (1, ..., 1).

    layer: as of `onemax`.
    """
    at_least(3, dim=dim)
    return bits(leading_lacking, dim, x_opt=all_seen(dim, layer), flip=flips(dim, instance), constants={"layer": layer})


@of_bits
def leading_lacking(z: np.ndarray, layer: Layer) -> np.ndarray:
    """What the height of the number of leading ones lacks of the greatest: z (*points, dim) -> (*points)."""
    y = seen(z, layer)
    return _lacking(y.cumprod(-1).sum(-1), y.shape[-1], layer)


def _lacking(count: np.ndarray, n: int, layer: Layer) -> np.ndarray:
    return height(np.array(n), n, layer) - height(count, n, layer)


@problem(family="discrete", source=f"Droste, Jansen & Wegener 2002, doi:10.1016/S0304-3975(01)00182-7; {SOURCE}, f3")
def linear_bits(dim: int = 64, instance: int = 1) -> Objective:
    """The sum of i over the bits i = 1 ... dim that are 0: each counts, but not equally. Minimum 0 at (1, ..., 1)."""
    at_least(1, dim=dim)
    return bits(weight_lacking, dim, x_opt=np.ones(dim), flip=flips(dim, instance))


@of_bits
def weight_lacking(z: np.ndarray) -> np.ndarray:
    """z (*points, dim) -> (*points)."""
    return (1 - z) @ np.arange(1.0, z.shape[-1] + 1)


@problem(family="discrete", source="Droste, Jansen & Wegener 2002, doi:10.1016/S0304-3975(01)00182-7")
def jump(dim: int = 64, gap: int = 3, instance: int = 1) -> Objective:
    """`onemax` with a gap before the optimum: with one to gap - 1 zeros left, f grows with every further 1.

    The number of zeros where that is 0 or at least gap; gap + dim less it between. Minimum 0 at (1, ..., 1).
    """
    at_least(2, dim=dim)
    if not 1 <= gap <= dim:
        raise ValueError(f"gap must be >= 1 and <= dim = {dim}, got {gap}")
    return bits(jumping, dim, x_opt=np.ones(dim), flip=flips(dim, instance), constants={"gap": gap})


@of_bits
def jumping(z: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """z (*points, dim) -> (*points)."""
    zeros = (1 - z).sum(-1)
    return np.where((zeros == 0) | (zeros >= gap), zeros, gap + z.shape[-1] - zeros)


@problem(
    family="discrete",
    source="Deb & Goldberg 1993, doi:10.1016/B978-0-08-094832-4.50012-X; Ye et al. 2020, "
    "doi:10.1007/978-3-030-58115-2_49, f24 of IOHprofiler",
)
def concatenated_trap(dim: int = 60, instance: int = 1) -> Objective:
    """Blocks of five bits, each of them a trap: (1 + ones) / 5 with fewer than five ones, 0 with five.

    Minimum 0 at (1, ..., 1); in each block all ways lead to (0, ..., 0) but the last step. dim: a multiple of 5.
    """
    if dim < TRAP or dim % TRAP:
        raise ValueError(f"dim must be a multiple of {TRAP} and >= {TRAP}, got {dim}")
    return bits(trapped, dim, x_opt=np.ones(dim), flip=flips(dim, instance))


@of_bits
def trapped(z: np.ndarray) -> np.ndarray:
    """z (*points, dim) -> (*points)."""
    ones = z.reshape(*z.shape[:-1], -1, TRAP).sum(-1)
    return np.where(ones == TRAP, 0, (1 + ones) / TRAP).sum(-1)
