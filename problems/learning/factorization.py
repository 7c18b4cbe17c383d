"""Matrix factorization: a matrix as the product of two narrow ones, seen whole or in part."""

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Domain, Objective, problem


@problem(
    family="learning",
    source=(
        "Koren, Bell & Volinsky 2009, doi:10.1109/MC.2009.263; minimum: Eckart & Young 1936, doi:10.1007/BF02288367, "
        "with l2 Mazumder, Hastie & Tibshirani 2010, JMLR 11:2287-2322"
    ),
)
def matrix_factorization(
    rows: int = 20,
    columns: int = 15,
    rank: int = 3,
    true_rank: int = 5,
    noise: float = 0.1,
    seen: float = 1.0,
    l2: float = 0.0,
    instance: int = 1,
) -> Objective:
    """Mean squared error over the entries that are seen of a matrix M, by the product U V^T of two narrow ones, plus
    l2 / 2 (|U|^2 + |V|^2). Not convex: stationary points that are no minima are saddles where all is seen.

    x holds U (rows, rank) and then V (columns, rank). M is a product of normal numbers of true_rank, of variance 1, and
    normal noise, so wide. seen: the fraction of entries that f sees; the others are held out, and test_loss is over
    them. Each row of data is an entry. Where all is seen the minimum is known: the singular values, each lessened by
    l2 times half the number of entries. Starts are normal, 0.1 wide. The instance is the draw of M and of what is seen.
    """
    for name, number in (("rows", rows), ("columns", columns), ("rank", rank), ("true_rank", true_rank)):
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    for name, number in (("noise", noise), ("l2", l2)):
        if not 0 <= number < np.inf:
            raise ValueError(f"{name} must be >= 0 and finite, got {number}")
    if not 0 < seen <= 1:
        raise ValueError(f"seen must be above 0 and at most 1, got {seen}")
    rng = np.random.default_rng(instance)
    left, right = rng.standard_normal((rows, true_rank)), rng.standard_normal((columns, true_rank))
    matrix = left @ right.T / np.sqrt(true_rank) + noise * rng.standard_normal((rows, columns))
    order = rng.permutation(rows * columns)
    count = max(1, round(seen * len(order)))
    train, held_out = (_entries(matrix, part) for part in (np.sort(order[:count]), np.sort(order[count:])))
    dim = (rows + columns) * rank
    whole = count == rows * columns
    x_opt = best_factors(matrix, rank, l2) if whole else None
    shape = (rows, columns, rank)
    return Objective(
        formula=penalised_error,
        constants={"shape": shape, "l2": l2},
        dim=dim,
        domain=Domain(scale=0.1),
        start=lambda rng: 0.1 * rng.standard_normal(dim),
        f_opt=None if x_opt is None else float(penalised_error(x_opt, **train, shape=shape, l2=l2)),
        x_opt=x_opt,
        data=train,
        test={} if whole else held_out,
        metrics={} if whole else {"test_loss": mean_squared_error},
        shapes=((rows, rank), (columns, rank)),
    )


def _entries(matrix: np.ndarray, picked: np.ndarray) -> dict[str, np.ndarray]:
    """The entries that are picked by their place in the matrix: row and column (N, 2), and what stands there (N,)."""
    places = np.stack(np.unravel_index(picked, matrix.shape), -1)
    return {"inputs": places, "targets": matrix.ravel()[picked]}


def mean_squared_error(x: Array, inputs: Array, targets: Array, shape: tuple[int, int, int], **_: object) -> Array:
    """Mean squared distance of the product's entries from those seen: x (..., dim), inputs (..., N, 2) -> (...)."""
    xp = array_namespace(x)
    rows, columns, rank = shape
    left = xp.reshape(x[..., : rows * rank], (*x.shape[:-1], rows, rank))
    right = xp.reshape(x[..., rows * rank :], (*x.shape[:-1], columns, rank))
    flat = xp.reshape(left @ xp.matrix_transpose(right), (*x.shape[:-1], rows * columns))
    places = inputs[..., 0] * columns + inputs[..., 1]
    places = xp.broadcast_to(places, (*flat.shape[:-1], places.shape[-1]))
    taken = xp.take_along_axis(flat, places, axis=-1) if hasattr(xp, "take_along_axis") else flat.gather(-1, places)
    return ((taken - targets) ** 2).mean(-1)


def penalised_error(x: Array, inputs: Array, targets: Array, shape: tuple[int, int, int], l2: Array | float) -> Array:
    """The mean squared error plus l2 / 2 |x|^2: x (..., dim) -> (...)."""
    return mean_squared_error(x, inputs, targets, shape) + 0.5 * l2 * (x**2).sum(-1)


def best_factors(matrix: np.ndarray, rank: int, l2: float) -> np.ndarray:
    """A minimum where all entries of a matrix are seen, as x (dim,): its largest singular values, lessened by l2 times
    half the number of entries, shared between both sides (Mazumder, Hastie & Tibshirani 2010, lemma 1)."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    kept = np.zeros(rank)
    kept[: len(values[:rank])] = np.maximum(values[:rank] - l2 * matrix.size / 2, 0)
    factors = []
    for vectors in (left.T, right):
        padded = np.zeros((rank, vectors.shape[1]))
        padded[: len(vectors[:rank])] = vectors[:rank]
        factors.append((padded * np.sqrt(kept)[:, None]).T.ravel())
    return np.concatenate(factors)
