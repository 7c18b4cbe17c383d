"""BBOB: a point of ours in a batch beside one call of COCO's and of IOH's programs, and the construction of a suite."""

import sys
from time import process_time
from timeit import repeat

import numpy as np
import pytest

from bench.core.registry import find_problem, load
from bench.problems.bbob import generator

load(("bench.problems",))

FUNCTIONS = range(1, 25)
BATCH, DIM = 1000, 10
X = np.random.default_rng(0).uniform(-5, 5, (BATCH, DIM))


def seconds_a_point(function: int) -> float:
    """The least time of a batch, over its points."""
    f = find_problem(f"bbob-f{function:02d}").make(dim=DIM).f
    return min(repeat(lambda: f(X), number=1, repeat=30)) / BATCH


def seconds_a_call(f) -> float:
    """The least time of one call with one point."""
    points = list(X[:100])

    def loop():
        for point in points:
            f(point)

    return min(repeat(loop, number=1, repeat=30)) / len(points)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_batch(benchmark, function):
    f = find_problem(f"bbob-f{function:02d}").make(dim=DIM).f
    benchmark.extra_info["points"] = BATCH
    assert benchmark(f, X).shape == (BATCH,)


@pytest.mark.parametrize("function", [1, 8, 10])
def test_a_point_in_a_batch_takes_a_microsecond_at_most(function):
    assert seconds_a_point(function) <= 1e-6


def test_most_are_faster_in_a_batch_than_the_reference_one_by_one():
    """Prints microseconds a point: ours in batches, then COCO's and IOH's calls."""
    cocoex, ioh = pytest.importorskip("cocoex"), pytest.importorskip("ioh")
    suite = cocoex.Suite("bbob", "instances: 1", f"dimensions: {DIM}")
    rows = [
        (seconds_a_point(k), seconds_a_call(reference), seconds_a_call(ioh.get_problem(k, instance=1, dimension=DIM)))
        for k, reference in zip(FUNCTIONS, suite, strict=True)
    ]
    for k, row in zip(FUNCTIONS, rows, strict=True):
        print(f"f{k:<3}" + "".join(f"{1e6 * time:8.2f}" for time in row), file=sys.stderr)
    assert sum(ours < min(theirs) for ours, *theirs in rows) >= 18


@pytest.mark.benchmark(timer=process_time)
def test_2160_instances_in_a_second(benchmark):
    """24 functions, 6 dimensions, 15 instances, each made for the first time; in seconds of one processor."""
    makers = [find_problem(f"bbob-f{function:02d}").make for function in FUNCTIONS]

    def build():
        generator.offset.cache_clear()
        generator._rotations.cache_clear()
        return [make(dim=d, instance=k) for make in makers for d in (2, 3, 5, 10, 20, 40) for k in range(1, 16)]

    assert len(benchmark.pedantic(build, rounds=5)) == 2160
    if benchmark.enabled:
        assert benchmark.stats.stats.min <= 1.0
