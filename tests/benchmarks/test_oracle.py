"""What the oracle itself costs."""

from timeit import repeat

import numpy as np
import pytest

from bench.core import Objective, Oracle

AT_MOST = 2e-6  # seconds an evaluation over the bare function, recording included
NUMBER, REPEATS = 1000, 300  # short repeats, so that some fall between the disturbances of a shared machine


def rosenbrock(x):
    a, b = x[..., :-1], x[..., 1:]
    return (100 * (b - a**2) ** 2 + (1 - a) ** 2).sum(-1)


class Falling:
    """A function that falls at every question, so that each one is recorded."""

    def __init__(self):
        self.f = 1e12

    def __call__(self, x):
        self.f -= 1
        return self.f if x.ndim == 1 else np.full(x.shape[:-1], 2e12)


def least(f, x):
    return min(repeat(lambda: f(x), number=NUMBER, repeat=REPEATS)) / NUMBER


@pytest.mark.parametrize("function", [rosenbrock, Falling()], ids=["rosenbrock", "falling"])
def test_overhead_of_a_value(benchmark, function):
    oracle = Oracle(Objective(function, 10, order=0, arrays="numpy"), 10**9)
    x = np.full(10, 0.5)
    overhead = least(oracle.value, x) - least(function, x)
    benchmark.extra_info["overhead_us"] = round(1e6 * overhead, 3)
    benchmark(oracle.value, x)
    assert overhead <= AT_MOST


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
@pytest.mark.parametrize("lanes", [1, 64])
def test_a_population_in_lanes(benchmark, arrays, lanes):
    """The general path: 20 points in each lane, a lane-evaluation costs this over 20 lanes."""
    oracle = Oracle([Objective(rosenbrock, 10)] * lanes, 10**9, seed=list(range(lanes)), arrays=arrays)
    x = oracle.rng.standard_normal((20, 10))
    benchmark.extra_info["evaluations"] = 20 * lanes
    answer = benchmark(oracle.value, x)
    assert tuple(answer.shape) == (lanes, 20)
