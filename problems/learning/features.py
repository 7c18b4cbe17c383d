"""Fixed features in front of a linear model, computed once: f stays convex, and its boundary is no more a plane."""

from dataclasses import replace
from math import inf, sqrt
from typing import Literal

import numpy as np

from .choices import check_choice
from .datasets import Split

Names = Literal["none", "polynomial", "random-relu", "rbf"]
Features = str  # a name, or random-relu:NUMBER, rbf:WIDTH

RANDOM_UNITS, MOST_UNITS = 256, 100_000
CENTRES = 500  # at most
PRODUCTS_OF = 100  # inputs at most, of which all products are taken


def with_features(rows: Split, features: Features, instance: int) -> Split:
    """The split with the inputs replaced by their features.

    polynomial: the inputs, and all products of two of them. random-relu: max(0, a normal projection), 256 of them, or
    as many as `random-relu:1000` says (Rahimi & Recht 2008, "Weighted sums of random kitchen sinks"). rbf: a Gaussian
    around each training row, or around 500 of them (Broomhead & Lowe 1988, Complex Systems 2:321-355), which makes the
    model a kernel machine; as wide as the cloud of rows, or, by `rbf:0.5`, of that standard deviation in the units of
    the scaled inputs: scikit-learn's gamma is 1 / (2 width^2). Raises ValueError for another name or number.
    """
    name, size = _parsed(features)
    if name == "none":
        return rows
    train, test = rows.train["inputs"], rows.test["inputs"]
    rng = np.random.default_rng([instance, 2])
    if name == "polynomial":
        if rows.features > PRODUCTS_OF:
            raise ValueError(f"features=polynomial must have at most {PRODUCTS_OF} inputs, got {rows.features}")
        train, test = polynomial(train), polynomial(test)
    elif name == "random-relu":
        units = RANDOM_UNITS if size is None else int(size)
        weights = rng.standard_normal((rows.features, units)) / sqrt(rows.features)
        bias = rng.standard_normal(units)
        train, test = np.maximum(train @ weights + bias, 0), np.maximum(test @ weights + bias, 0)
    else:
        centres = train[np.sort(rng.permutation(len(train))[:CENTRES])]
        gamma = 1 / (rows.features * train.var(dtype=np.float64)) if size is None else 1 / (2 * size**2)
        train, test = gaussians(train, centres, gamma), gaussians(test, centres, gamma)
    return replace(rows, train={**rows.train, "inputs": train}, test={**rows.test, "inputs": test}, image=(0, 0))


def _parsed(features: Features) -> tuple[str, float | None]:
    """The name of features, and their number or width, None where it is not given."""
    name, colon, written = str(features).partition(":")
    check_choice("features", name, Names)
    if not colon:
        return name, None
    try:
        size = float(written)
    except ValueError:
        size = inf
    whole = name == "random-relu" and size.is_integer() and 1 <= size <= MOST_UNITS
    if not whole and not (name == "rbf" and 0 < size < inf):
        raise ValueError(
            f"features may be random-relu:NUMBER, 1 to {MOST_UNITS:,}, or rbf:WIDTH, above 0, got {features!r}"
        )
    return name, size


def polynomial(inputs: np.ndarray) -> np.ndarray:
    """x_i, and x_i x_j for i <= j: (N, n) -> (N, n + n (n + 1) / 2)."""
    i, j = np.triu_indices(inputs.shape[1])
    return np.concatenate([inputs, inputs[:, i] * inputs[:, j]], axis=1)


def gaussians(inputs: np.ndarray, centres: np.ndarray, gamma: float) -> np.ndarray:
    """exp(-gamma |x - c|^2) for each centre c: (N, n) and (m, n) -> (N, m)."""
    from scipy.spatial.distance import cdist

    return np.exp(-gamma * cdist(inputs, centres, "sqeuclidean"))
