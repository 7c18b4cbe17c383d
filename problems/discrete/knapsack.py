"""The knapsack: which things to take along."""

from typing import Literal

import numpy as np

from bench.core import Objective, problem

from .whole import bits, of_bits

HEAVIEST = 100
LARGEST = 1000  # things, for which the table of the exact optimum has 25 million entries
Correlation = Literal["none", "weak", "strong"]


@problem(
    family="discrete", source="Pisinger 2005, doi:10.1016/j.cor.2004.03.002; optimum: Bellman 1957, Dynamic Programming"
)
def knapsack(dim: int = 50, correlation: Correlation = "none", instance: int = 1) -> Objective:
    """Less the value of the things taken, of which a bit each says whether; where they are too heavy, the excess.

    Weights are whole numbers in 1 ... 100, and half of all weight can be carried. Values are whole too: independent of
    the weights, within 10 of them ("weak"), or 10 more than them ("strong", the hardest). The minimum is exact.
    """
    if not 2 <= dim <= LARGEST:
        raise ValueError(f"dim must be >= 2 and <= {LARGEST}, got {dim}")
    rng = np.random.default_rng(instance)
    weights = rng.integers(1, HEAVIEST + 1, dim)
    spread = HEAVIEST // 10
    values = {
        "none": rng.integers(1, HEAVIEST + 1, dim),
        "weak": np.maximum(1, weights + rng.integers(-spread, spread + 1, dim)),
        "strong": weights + spread,
    }[correlation]
    capacity = int(weights.sum()) // 2
    taken = best_load(weights, values, capacity)
    constants = {"weights": weights, "values": values, "capacity": capacity}
    return bits(load, dim, f_opt=-float(values @ taken), x_opt=taken, constants=constants)


@of_bits
def load(z: np.ndarray, weights: np.ndarray, values: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """z (*points, dim), weights and values (dim,), capacity a number -> (*points)."""
    excess = (weights * z).sum(-1) - capacity
    return np.where(excess > 0, excess, -(values * z).sum(-1))


def best_load(weights: np.ndarray, values: np.ndarray, capacity: int) -> np.ndarray:
    """The bits (n,) of greatest value that are not too heavy; all numbers whole."""
    best = np.zeros(capacity + 1, dtype=int)  # by the weight that is allowed
    better = np.zeros((len(weights), capacity + 1), dtype=bool)
    for thing, (weight, value) in enumerate(zip(weights, values, strict=True)):
        taken = best[: max(capacity + 1 - weight, 0)] + value
        better[thing, weight:] = taken > best[weight:]
        best[weight:] = np.maximum(best[weight:], taken)
    z, left = np.zeros(len(weights)), capacity
    for thing in reversed(range(len(weights))):
        if better[thing, left]:
            z[thing], left = 1, left - weights[thing]
    return z
