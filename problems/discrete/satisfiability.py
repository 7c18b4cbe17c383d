"""Random formulas of logic in which a solution is hidden."""

import numpy as np

from bench.core import Objective, problem

from ..instances import transform
from .whole import at_least, bits, of_bits


@problem(
    family="discrete",
    source="Achlioptas, Jia & Moore 2004, Hiding satisfying assignments: two are better than one, AAAI-04",
)
def max_sat(dim: int = 50, ratio: float = 4.25, instance: int = 1) -> Objective:
    """The number of clauses of a random 3-SAT formula that dim bits leave unsatisfied. Minimum 0.

    Each clause joins three different variables at random and is satisfied by a hidden assignment and by its complement,
    so that counting signs does not betray them. ratio: clauses a variable; near 4.25 formulas are hard.
    """
    at_least(3, dim=dim)
    if not 0 < ratio < np.inf:
        raise ValueError(f"ratio must be positive and finite, got {ratio}")
    rng = np.random.default_rng(instance)
    hidden = rng.integers(0, 2, dim)
    count = max(1, round(ratio * dim))
    variables = rng.random((count, dim)).argsort(-1)[:, :3]
    true = rng.integers(1, 7, (count, 1)) >> np.arange(3) & 1  # under the hidden assignment: neither all nor none
    clauses = np.zeros((count, dim))
    np.put_along_axis(clauses, variables, (2.0 * hidden[variables] - 1) * (2 * true - 1), axis=-1)
    return bits(unsatisfied, dim, x_opt=hidden.astype(np.float64), constants={"clauses": clauses})


@of_bits
def unsatisfied(z: np.ndarray, clauses: np.ndarray) -> np.ndarray:
    """z (*points, dim), clauses (m, dim), of which each has three entries 1 or, for a negated variable, -1, else 0."""
    return (transform(clauses, 2 * z - 1) == -3).sum(-1).astype(np.float64)
