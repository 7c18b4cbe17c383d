"""Fixed features in front of a linear model, computed once: f stays convex, and its boundary is no more a plane."""

from dataclasses import replace
from math import sqrt
from typing import Literal

import numpy as np

from problems.learning.choices import check_choice
from problems.learning.datasets import Split

Features = Literal["none", "polynomial", "random-relu", "rbf"]

RANDOM_UNITS = 256
CENTRES = 500  # at most
PRODUCTS_OF = 100  # inputs at most, of which all products are taken


def with_features(rows: Split, features: str, instance: int) -> Split:
    """The split with the inputs replaced by their features.

    polynomial: the inputs, and all products of two of them. random-relu: max(0, a normal projection), 256 of them
    (Rahimi & Recht 2008, "Weighted sums of random kitchen sinks"). rbf: a Gaussian around each training row, or around
    500 of them (Broomhead & Lowe 1988, Complex Systems 2:321-355), which makes the model a kernel machine.
    """
    check_choice("features", features, Features)
    if features == "none":
        return rows
    train, test = rows.train["inputs"], rows.test["inputs"]
    rng = np.random.default_rng([instance, 2])
    if features == "polynomial":
        if rows.features > PRODUCTS_OF:
            raise ValueError(f"features=polynomial must have at most {PRODUCTS_OF} inputs, got {rows.features}")
        train, test = polynomial(train), polynomial(test)
    elif features == "random-relu":
        weights = rng.standard_normal((rows.features, RANDOM_UNITS)) / sqrt(rows.features)
        bias = rng.standard_normal(RANDOM_UNITS)
        train, test = np.maximum(train @ weights + bias, 0), np.maximum(test @ weights + bias, 0)
    else:
        centres = train[np.sort(rng.permutation(len(train))[:CENTRES])]
        gamma = 1 / (rows.features * train.var(dtype=np.float64))  # as wide as the cloud of rows
        train, test = gaussians(train, centres, gamma), gaussians(test, centres, gamma)
    return replace(rows, train={**rows.train, "inputs": train}, test={**rows.test, "inputs": test}, image=(0, 0))


def polynomial(inputs: np.ndarray) -> np.ndarray:
    """x_i, and x_i x_j for i <= j: (N, n) -> (N, n + n (n + 1) / 2)."""
    i, j = np.triu_indices(inputs.shape[1])
    return np.concatenate([inputs, inputs[:, i] * inputs[:, j]], axis=1)


def gaussians(inputs: np.ndarray, centres: np.ndarray, gamma: float) -> np.ndarray:
    """exp(-gamma |x - c|^2) for each centre c: (N, n) and (m, n) -> (N, m)."""
    from scipy.spatial.distance import cdist

    return np.exp(-gamma * cdist(inputs, centres, "sqeuclidean"))
