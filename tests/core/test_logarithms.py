"""Coordinates that are searched in their logarithm."""

import numpy as np
import pytest
import torch

import bench
from bench.core import Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.runner import PACKAGES

LOW, HIGH = np.array([1e-6, -2.0]), np.array([1e2, 3.0])
BOX = Domain(LOW, HIGH, log=(True, False))
registry.load(PACKAGES)


def rate(x):
    """Least at 0.01 and 1, and as steep around it in ln x as in the other coordinate."""
    log = torch.log if isinstance(x, torch.Tensor) else np.log
    return (log(x[..., 0]) - np.log(0.01)) ** 2 + (x[..., 1] - 1) ** 2


PROBLEM = Objective(rate, 2, BOX, f_opt=0.0, x_opt=np.array([0.01, 1.0]))


def test_the_box_of_the_search_is_that_of_the_logarithm():
    np.testing.assert_allclose(BOX.in_search.low, [np.log(1e-6), -2])
    np.testing.assert_allclose(BOX.scales(2), [np.log(1e8) / 5, 1.0])
    assert Domain(0.0, np.inf, log=True).scales(2, np.array([9.0, 1.0])).tolist() == [1.0, 1.0], "a factor of e"
    for bound in (LOW, HIGH):
        assert BOX.contains(BOX.from_search(BOX.to_search(bound)))
    sample = BOX.sample(np.random.default_rng(0), (4000, 2))
    assert BOX.contains(sample).all()
    assert np.median(sample[:, 0]) == pytest.approx(1e-2, rel=0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": -1.0, "high": 1.0, "log": True}, "low must be >= 0 where coordinates are searched in their logarithm"),
        ({"log": True}, "low must be >= 0"),
        ({"low": 1, "high": 8, "kinds": "integer", "log": True}, "log must be False where numbers are whole"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Domain(**options)
    with pytest.raises(ValueError, match="log must be one, or one for each of 3 coordinates"):
        Objective(rate, 3, Domain(0.0, 1.0, log=(True, False)))


def test_methods_ask_logarithms_and_records_hold_numbers():
    oracle = Oracle(PROBLEM, 10, start=np.array([1.0, 2.0]))
    np.testing.assert_allclose(oracle.x0, [0.0, 2.0])
    np.testing.assert_allclose(oracle.domain.scale, [np.log(1e8) / 5, 1.0])
    assert oracle.value(np.array([np.log(0.01), 1.0])) == pytest.approx(0.0)
    _, slope = oracle.value_and_gradient(np.array([1.0, 2.0]))
    np.testing.assert_allclose(slope, [2 * (1 - np.log(0.01)), 2.0])
    with pytest.raises(ValueError, match="start must be finite"):
        Oracle(PROBLEM, 10, start=np.array([-1.0, 2.0]))


def test_a_closed_gradient_is_that_by_the_logarithm():
    def slope(x):
        return np.stack([2 * (np.log(x[..., 0]) - np.log(0.01)) / x[..., 0], 2 * (x[..., 1] - 1)], -1)

    closed = Objective(rate, 2, BOX, gradient=slope, arrays="numpy")
    point = np.array([1.0, 2.0])
    answers = [Oracle(problem, 10).gradient(point) for problem in (PROBLEM, closed)]
    np.testing.assert_allclose(*answers)


@pytest.mark.parametrize(
    "name", ["cma-es", "one-plus-one-es", "es-adam", "scipy-nelder-mead", "scipy-lbfgsb", "torch-adam[lr=0.1]"]
)
def test_every_method_searches_in_the_logarithm(name):
    """In ln x the problem is a round bowl; in x the whole basin is 1e-4 of the box."""
    run = bench.minimize(PROBLEM, name, budget=3000, seed=1)
    assert run.best < 1e-3
    np.testing.assert_allclose(np.log(run.best_x), [np.log(0.01), np.log(1.0)], atol=0.05)


def test_lanes_and_pictures_are_in_logarithms_and_numbers():
    lanes = Oracle([PROBLEM, PROBLEM], 10, [0, 1], arrays="torch")
    lanes.value(lanes.x0)
    points = [books_of(lanes).ledgers[lane].points[0] for lane in range(2)]
    assert BOX.contains(BOX.from_search(np.array(points))).all()
    np.testing.assert_allclose(np.asarray(lanes.x0), points)
