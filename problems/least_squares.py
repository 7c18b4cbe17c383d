"""Linear least squares on real data: what every method should solve, and linear algebra does at once."""

from functools import cache
from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Domain, Objective, problem

from .instances import transform

DIABETES = "Efron, Hastie, Johnstone & Tibshirani 2004, doi:10.1214/009053604000000067, diabetes data"
Scaling = Literal["standardised", "raw"]


@problem(family="quadratic", source=f"Legendre 1805, Nouvelles méthodes; {DIABETES}", needs=("sklearn",))
def diabetes_least_squares(scaling: Scaling = "standardised", instance: int = 1) -> Objective:
    """Mean squared error of a linear prediction, from ten features and an intercept, for 442 patients.

    scaling: whether features have mean 0 and variance 1 (the Hessian's condition is 470) or their own units (5e7).
    Instance 1 takes every patient once; the others draw 442 of them with replacement, as Efron's bootstrap does (1979).
    Starts are normal, 10 wide. The last coordinate is the intercept.
    """
    rows = patients(scaling, instance)
    return regression(rows, penalty=np.zeros((0, rows["inputs"].shape[1])))


@problem(
    family="quadratic",
    source=f"Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634; {DIABETES}",
    needs=("sklearn",),
)
def diabetes_ridge(l2: float = 0.1, scaling: Scaling = "standardised", instance: int = 1) -> Objective:
    """Ridge regression: `diabetes-least-squares` plus l2 times the squares of all coefficients but the intercept."""
    if not 0 <= l2 < np.inf:
        raise ValueError(f"l2 must be >= 0 and finite, got {l2}")
    rows = patients(scaling, instance)
    return regression(rows, penalty=np.sqrt(l2) * np.eye(rows["inputs"].shape[1])[:-1])


@cache
def _diabetes(scaling: Scaling) -> tuple[np.ndarray, np.ndarray]:
    """Features and a column of ones (442, 11), and the disease's progression after a year (442,)."""
    from sklearn.datasets import load_diabetes  # takes more than a second to import

    features, progression = (np.asarray(part) for part in load_diabetes(return_X_y=True, scaled=False))
    if scaling == "standardised":
        features = (features - features.mean(0)) / features.std(0)
    return np.column_stack([features, np.ones(len(features))]), progression


def patients(scaling: Scaling, instance: int) -> dict[str, np.ndarray]:
    """The instance's rows: "inputs" (442, 11) and "targets" (442,)."""
    inputs, targets = _diabetes(scaling)
    n = len(targets)
    chosen = np.arange(n) if instance == 1 else np.random.default_rng(instance).integers(n, size=n)
    return {"inputs": inputs[chosen], "targets": targets[chosen]}


def regression(rows: dict[str, np.ndarray], penalty: np.ndarray) -> Objective:
    """The rows' mean squared error plus |penalty x|^2, with its minimum by an orthogonal factorisation."""
    scale = len(rows["targets"]) ** -0.5
    matrix = np.concatenate([scale * rows["inputs"], penalty])
    right = np.concatenate([scale * rows["targets"], np.zeros(len(penalty))])
    x_opt = np.linalg.lstsq(matrix, right)[0]
    return Objective(
        formula=penalised_error,
        gradient=penalised_error_gradient,
        residuals=penalised_residuals,
        constants={"penalty": penalty},
        dim=len(x_opt),
        domain=Domain(scale=10.0),
        f_opt=float(penalised_error(x_opt, **rows, penalty=penalty)),
        x_opt=x_opt,
        data=rows,
    )


def penalised_residuals(x: Array, inputs: Array, targets: Array, penalty: Array) -> Array:
    """Errors over sqrt(N), then penalty x: x (*points, dim), inputs (N, dim), targets (N,), penalty (m, dim) ->
    (*points, N + m).
    """
    errors = (transform(inputs, x) - targets) / targets.shape[-1] ** 0.5
    return array_namespace(x).concat([errors, transform(penalty, x)], axis=-1)


def penalised_error(x: Array, inputs: Array, targets: Array, penalty: Array) -> Array:
    """Mean of (inputs x - targets)^2, plus |penalty x|^2: x (*points, dim) -> (*points)."""
    return (penalised_residuals(x, inputs, targets, penalty) ** 2).sum(-1)


def penalised_error_gradient(x: Array, inputs: Array, targets: Array, penalty: Array) -> Array:
    """The gradient of `penalised_error`: x (*points, dim) -> (*points, dim)."""
    errors = (transform(inputs, x) - targets) / targets.shape[-1]
    return 2 * (transform(inputs.mT, errors) + transform(penalty.mT, transform(penalty, x)))
