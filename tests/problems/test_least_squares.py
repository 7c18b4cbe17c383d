"""Least squares on the diabetes data: the coefficients and errors that are published, and those of scikit-learn."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from bench.core import Oracle
from bench.core.answers import Answers
from bench.core.registry import find_problem, load

load(("bench.problems",))
plain, ridge = (find_problem(name).make for name in ("diabetes-least-squares", "diabetes-ridge"))


@pytest.mark.parametrize("scaling", ["standardised", "raw"])
def test_the_least_error_is_the_published_one(scaling: str) -> None:
    assert plain(scaling=scaling).f_opt == pytest.approx(2859.69, abs=0.01)
    assert plain(scaling=scaling).rows == 442


def test_coefficients_are_the_published_ones() -> None:
    """Those of Efron et al. 2004 are for columns of length 1, which are sqrt(442) times shorter."""
    published = [-10.0, -239.8, 519.8, 324.4, -792.2, 476.7, 101.0, 177.1, 751.3, 67.6]
    x_opt = plain().x_opt
    np.testing.assert_allclose(np.sqrt(442) * x_opt[:-1], published, atol=0.06)
    assert x_opt[-1] == pytest.approx(152.133, abs=1e-3)


@pytest.mark.parametrize("scaling", ["standardised", "raw"])
def test_ridge_agrees_with_scikit_learn(scaling: str) -> None:
    problem = ridge(l2=0.5, scaling=scaling)
    inputs, targets = problem.data["inputs"][:, :-1], problem.data["targets"]
    fitted = Ridge(alpha=0.5 * 442).fit(inputs, targets)
    np.testing.assert_allclose(problem.x_opt, [*fitted.coef_, fitted.intercept_], rtol=1e-7)


@pytest.mark.parametrize("make", [plain, ridge])
def test_the_gradient_vanishes_at_the_minimum_alone(make) -> None:
    for k in (1, 2, 3):
        ask = Answers(make(instance=k), "numpy")
        assert np.abs(ask.value_and_gradient(ask.objective.x_opt)[1]).max() < 1e-10
        assert np.abs(ask.value_and_gradient(ask.objective.x_opt + 1e-3)[1]).max() > 1e-4


def test_ridge_without_penalty_is_least_squares() -> None:
    x = np.random.default_rng(0).standard_normal((5, 11))
    np.testing.assert_allclose(ridge(l2=0).f(x), plain().f(x), rtol=1e-14)
    np.testing.assert_allclose(ridge(l2=2).f(x) - plain().f(x), 2 * (x[:, :-1] ** 2).sum(-1), rtol=1e-7)


def test_a_gauss_newton_step_from_anywhere_solves_it() -> None:
    objective = ridge(l2=0.3, instance=2)
    oracle = Oracle(objective, budget=100, order=1)
    residuals, jacobian = oracle.residuals_and_jacobian(oracle.x0)
    step = np.linalg.lstsq(jacobian, -residuals)[0]
    np.testing.assert_allclose(oracle.x0 + step, objective.x_opt, rtol=1e-9)


def test_instance_1_is_the_whole_data_and_others_are_bootstrap_samples() -> None:
    rows = [{tuple(row) for row in plain(scaling="raw", instance=k).data["inputs"]} for k in (1, 2)]
    assert rows[0] == {(*row, 1.0) for row in load_diabetes(scaled=False).data}
    assert rows[1] < rows[0]
    assert len(rows[1]) / len(rows[0]) == pytest.approx(1 - np.exp(-1), abs=0.06)  # a share of 1 - 1/e is drawn


def test_bad_parameters_are_named() -> None:
    with pytest.raises(ValueError, match="l2 must be >= 0 and finite, got inf"):
        ridge(l2=float("inf"))
    with pytest.raises(ValueError, match="scaling must be one of standardised, raw, got 'log'"):
        plain(scaling="log")
