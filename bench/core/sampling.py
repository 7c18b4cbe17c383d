"""In which order the rows of data come in an epoch of mini-batches."""

import numpy as np

from bench.core.objective import Objective, Sampling


def epoch(sampling: Sampling, objective: Objective, rng: np.random.Generator, losses: np.ndarray | None) -> np.ndarray:
    """The rows (N,) of one epoch. losses: of each row (N,), for "hard" alone."""
    n = objective.rows
    if sampling == "replacement":
        return rng.integers(n, size=n)
    if sampling == "sorted":
        return np.argsort(objective.data["targets"], kind="stable")
    if sampling == "balanced":
        return balanced(objective.data["targets"], rng)
    if sampling == "hard":
        assert losses is not None
        return np.argsort(-losses, kind="stable")
    return rng.permutation(n)


def balanced(targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows (N,) that take one of each class in turn, at random within it; those of a smaller class come again."""
    members = [rng.permutation(np.flatnonzero(targets == kind)) for kind in rng.permutation(np.unique(targets))]
    turns = -(-len(targets) // len(members))
    return np.stack([np.resize(rows, turns) for rows in members], -1).ravel()[: len(targets)]
