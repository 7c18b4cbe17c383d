"""In which order the rows of data come in an epoch of mini-batches."""

import numpy as np

from bench.core.arrays import is_tensor
from bench.core.domain import Array
from bench.core.objective import Objective, Sampling


def epoch(sampling: Sampling, objective: Objective, rng: np.random.Generator) -> np.ndarray:
    """The rows (N,) of one epoch; those of "hard" follow from their losses, see `hardest`."""
    n = objective.rows
    if sampling == "replacement":
        return rng.integers(n, size=n)
    if sampling == "sorted":
        return np.argsort(objective.data["targets"], kind="stable")
    if sampling == "balanced":
        return balanced(objective.data["targets"], rng)
    return rng.permutation(n)


def hardest(losses: Array) -> Array:
    """The rows (R, N) of an epoch with the greatest loss first, of either kind, where the losses (R, N) are."""
    return (-losses).argsort(stable=True, **{"dim" if is_tensor(losses) else "axis": -1})


def balanced(targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows (N,) that take one of each class in turn, at random within it; those of a smaller class come again."""
    members = [rng.permutation(np.flatnonzero(targets == kind)) for kind in rng.permutation(np.unique(targets))]
    turns = -(-len(targets) // len(members))
    return np.stack([np.resize(rows, turns) for rows in members], -1).ravel()[: len(targets)]
