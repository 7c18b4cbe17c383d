"""Linear regression: least squares on a real table, with its optimum in closed form where there is no l1."""

from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Domain, Objective, Sampling, problem

from .datasets import DIABETES
from .features import Features
from .preparation import Scaling, prepared
from .training import check_penalties, check_sampling


@problem(
    family="learning",
    source=f"Hastie, Tibshirani & Friedman 2009, chapter 3, doi:10.1007/978-0-387-84858-7; {DIABETES}",
    needs=("sklearn",),
)
def linear_regression(
    data: Literal["diabetes"] = "diabetes",
    features: Features = "none",
    scaling: Scaling = "standardised",
    l1: float = 0.0,
    l2: float = 0.0,
    copies: int = 1,
    sampling: Sampling = "shuffle",
    instance: int = 1,
) -> Objective:
    """Mean squared error of a linear model, plus l2 / 2 |x|^2 (ridge) + l1 sum |x_i| (lasso). Convex; x is the weights,
    and the offset last.

    Targets are in standard deviations from the mean of the training rows, so that f is the fraction of their variance
    that is not explained. The factors are those of `softmax`. The minimum is known where l1 = 0. Starts are normal,
    0.01 wide. The instance is the random split of the data: 353 patients to train on and 89 held out.
    """
    check_penalties(l1, l2)
    rows = prepared(data, instance, scaling=scaling, features=features, copies=copies)
    check_sampling(sampling, rows)
    train = rows.train
    dim = rows.features + 1
    x_opt = None if l1 else ridge(train["inputs"], train["targets"], l2)
    return Objective(
        formula=penalised_error,
        gradient=penalised_error_gradient,
        residuals=None if l1 else residuals,
        constants={"l1": l1, "l2": l2},
        dim=dim,
        domain=Domain(scale=0.1),
        start=lambda rng: 0.01 * rng.standard_normal(dim),
        f_opt=None if x_opt is None else float(penalised_error(x_opt, **train, l1=0.0, l2=l2)),
        x_opt=x_opt,
        data=train,
        test=rows.test,
        metrics={"test_loss": mean_squared_error},
        sampling=sampling,
        row_losses=squared_errors,
    )


def ridge(inputs: np.ndarray, targets: np.ndarray, l2: float) -> np.ndarray:
    """The weights and the offset (features + 1,) that minimise the penalised error; the shortest where many do."""
    n, dim = len(inputs), inputs.shape[1] + 1
    rows = np.concatenate([np.c_[inputs, np.ones(n)] / np.sqrt(n), np.sqrt(l2 / 2) * np.eye(dim)])
    return np.linalg.lstsq(rows, np.r_[targets / np.sqrt(n), np.zeros(dim)], rcond=None)[0]


def errors(x: Array, inputs: Array, targets: Array) -> Array:
    """Prediction minus target of each row: x (*points, dim) -> (*points, N)."""
    inputs, targets = (inputs[:, 0], targets) if inputs.ndim == 4 else (inputs, targets)
    return x[..., :-1] @ inputs.mT + x[..., -1:] - targets


def squared_errors(x: Array, inputs: Array, targets: Array, **_: object) -> Array:
    """The squared error of each row: x (*points, dim) -> (*points, N)."""
    return errors(x, inputs, targets) ** 2


def mean_squared_error(x: Array, inputs: Array, targets: Array, **_: object) -> Array:
    """Mean squared error alone: x (*points, dim) -> (*points)."""
    return squared_errors(x, inputs, targets).mean(-1)


def penalised_error(x: Array, inputs: Array, targets: Array, l1: Array, l2: Array) -> Array:
    """Mean squared error, plus l2 / 2 |x|^2 + l1 sum |x_i|: x (*points, dim) -> (*points)."""
    size = array_namespace(x).abs(x).sum(-1)
    return mean_squared_error(x, inputs, targets) + 0.5 * l2 * (x**2).sum(-1) + l1 * size


def penalised_error_gradient(x: Array, inputs: Array, targets: Array, l1: Array, l2: Array) -> Array:
    """The gradient of `penalised_error`: x (*points, dim) -> (*points, dim)."""
    xp = array_namespace(x)
    error = errors(x, inputs, targets) * (2 / inputs.shape[-2])
    weights = error @ (inputs[:, 0] if inputs.ndim == 4 else inputs)
    slope = xp.concat([weights, error.sum(-1)[..., None]], axis=-1)
    return slope + _column(l2) * x + _column(l1) * xp.sign(x)


def residuals(x: Array, inputs: Array, targets: Array, l1: Array, l2: Array) -> Array:
    """The errors over sqrt(N), and sqrt(l2 / 2) x: x (*points, dim) -> (*points, N + dim)."""
    error = errors(x, inputs, targets) / inputs.shape[-2] ** 0.5
    return array_namespace(x).concat([error, _column(l2 / 2) ** 0.5 * x], axis=-1)


def _column(weight: Array) -> Array:
    """A weight that multiplies points: a number, or (R, 1) of a stack as (R, 1, 1)."""
    return weight[..., None] if hasattr(weight, "ndim") else weight
