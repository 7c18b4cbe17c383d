"""What answers take here: of a problem whose time is known."""

import time

import pytest

import bench
from bench.runner.timing import measured_prices


def test_seconds_of_a_value_that_sleeps():
    def slow(x):
        time.sleep(0.01)
        return (x**2).sum(-1)

    objective = bench.Objective(slow, dim=2, order=0, domain=bench.Domain(-1.0, 1.0))
    prices = measured_prices(objective)
    assert prices["numpy"]["value"] == pytest.approx(0.01, rel=0.5)
    assert [prices[caller][name] for caller in prices for name in ("gradient", "hessian_vector")] == [None] * 4


def test_a_torch_caller_pays_more_for_the_same_value():
    """Of the order of microseconds, and of tens of them."""
    prices = measured_prices(bench.make("rosenbrock", dim=2))
    assert 0 < prices["numpy"]["value"] < prices["torch"]["value"] < 0.05
    assert all(prices["numpy"][name] > 0 for name in ("gradient", "hessian_vector"))
