"""The report of 1,000 runs, and the store that holds them."""

from dataclasses import replace

import numpy as np
import pytest

from bench.core import registry
from bench.core.ledger import KINDS
from bench.measure.results import Results
from bench.report.page import write_report
from bench.runner import PACKAGES
from bench.runner.environment import versions
from bench.runner.plan import plan
from bench.runner.single import RunRecord
from bench.runner.store import Store
from bench.runner.suite import make_suite

PROBLEMS = [
    "quadratic",
    "rosenbrock[dim=2,5,10]",
    "rastrigin[dim=2,5]",
    "bbob-f01",
    "bbob-f08",
    "bbob-f15",
    "golf-course",
]
OPTIMIZERS = ["random-search", "nevergrad-CMA", "nevergrad-DE", "es-adam", "torch-adam", "torch-sgd", "scipy-bfgs",
              "scipy-lbfgsb", "scipy-cg", "scipy-newton-cg"]  # fmt: skip
EVENTS = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """1,000 runs of 300 events, made up: values fall by a power of the cost, faster for some optimizers."""
    registry.load(PACKAGES)
    specs = plan(make_suite(PROBLEMS, OPTIMIZERS, budget=10_000, name="thousand", seeds=10))
    assert len(specs) == 1000
    rng = np.random.default_rng(0)
    store = Store(tmp_path_factory.mktemp("results") / "thousand", create=True)
    store.begin(specs, {"suite": make_suite(PROBLEMS, OPTIMIZERS, budget=10_000, name="thousand", seeds=10).describe()})
    for spec in specs:
        store.add(made_up(spec, rng), versions())
    store.close()
    return store.folder


def made_up(spec, rng):
    order = registry.OPTIMIZERS[spec.optimizer].order
    cost = np.unique(np.geomspace(1, 10_000 / (3 if order else 1), EVENTS).astype(int))
    f = 100 * cost ** -rng.uniform(0.5, 2.5)
    trajectory = np.zeros((len(cost) + 1, len(KINDS) + 3))
    trajectory[1:, 1 if order else 0] = cost
    trajectory[:, -1] = np.concatenate([[100.0], np.minimum.accumulate(f)])
    record = RunRecord(
        spec, "budget", family="made up", problem_order=2, order=order, dim=2, f_opt=0.0, trajectory=trajectory
    )
    counts = tuple(int(n) for n in trajectory[-1, : len(KINDS)])
    return replace(record, counts=counts, first=100.0, best=trajectory[-1, -1], final=trajectory[-1, -1])


def test_report_of_1000_runs(benchmark, folder, tmp_path):
    page = benchmark.pedantic(lambda: write_report(Results(folder), tmp_path), rounds=2)
    benchmark.extra_info["page_bytes"] = page.stat().st_size
    assert page.stat().st_size < 10_000_000


def test_loading_1000_runs(benchmark, folder):
    runs = benchmark.pedantic(lambda: Results(folder).trajectories, rounds=3)
    assert runs.run.nunique() == 1000
