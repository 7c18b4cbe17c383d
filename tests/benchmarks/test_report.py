"""The report of 1,000 runs, of 6,480 and of 100,000, and the store that holds them."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from bench.core import registry
from bench.core.ledger import QUESTIONS
from bench.report.page import write_report
from bench.results.stored import Results
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
SECONDS, GIGABYTES = 8.0, 1.0  # of CPU and memory, for the page and tables of 6,480 runs on a quiet core
MORE_SECONDS = 15.0  # for its figures
MOST_SECONDS, MOST_GIGABYTES = 90.0, 2.0  # of 100,000 runs
BBOB = [f"bbob-f{n:02}[dim=2,3,5,10,20,40]" for n in range(1, 25)]
WRITE = """
import bench, json, resource, sys
from pathlib import Path
from bench.report.page import write_report
page = write_report(bench.load(sys.argv[1]), Path(sys.argv[2]), figures=sys.argv[3] == "figures")
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6, page.stat().st_size / 1e6]))
"""


def stored(parent, problems, optimizers, seeds, name):
    """A store of these runs, made up: values fall by a power of the cost, faster for some optimizers."""
    registry.load(PACKAGES)
    suite = make_suite(problems, optimizers, budget=10_000, name=name, seeds=seeds)
    specs, rng = plan(suite), np.random.default_rng(0)
    store = Store(parent / name, create=True)
    store.begin(specs, {"suite": asdict(suite)})
    with store.transaction():
        for spec in specs:
            store.add(made_up(spec, rng), versions())
    store.close()
    return store.folder, len(specs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """1,000 runs of 300 events."""
    found, runs = stored(tmp_path_factory.mktemp("results"), PROBLEMS, OPTIMIZERS, 10, "thousand")
    assert runs == 1000
    return found


def made_up(spec, rng):
    order = registry.OPTIMIZERS[spec.optimizer].order
    cost = np.unique(np.geomspace(1, 10_000 / (3 if order else 1), EVENTS).astype(int))
    f = 100 * cost ** -rng.uniform(0.5, 2.5)
    trajectory = np.zeros((len(cost) + 1, len(QUESTIONS) + 3))
    trajectory[1:, 1 if order else 0] = cost
    trajectory[1:, -3:-1] = cost[:, None] * [1e-6, 3e-6]  # seconds inside and outside: a report at every price
    trajectory[:, -1] = np.concatenate([[100.0], np.minimum.accumulate(f)])
    record = RunRecord(
        spec,
        "budget",
        family=spec.problem[:6],
        problem_order=2,
        order=order,
        dim=spec.parameters.get("dim", 2),
        f_opt=0.0,
        trajectory=trajectory,
    )
    counts = tuple(int(n) for n in trajectory[-1, : len(QUESTIONS)])
    inside, outside, final = trajectory[-1, -3:].tolist()
    return replace(record, counts=counts, inside=inside, outside=outside, first=100.0, best=final, final=final)


def test_report_of_1000_runs(benchmark, folder, tmp_path):
    page = benchmark.pedantic(lambda: write_report(Results(folder), tmp_path), rounds=2)
    benchmark.extra_info["page_bytes"] = page.stat().st_size
    assert page.stat().st_size < 10_000_000


def test_loading_1000_runs(benchmark, folder):
    runs = benchmark.pedantic(lambda: Results(folder).trajectories, rounds=3)
    assert runs.run.nunique() == 1000


def written(folder, out, figures=""):
    """The seconds of CPU, gigabytes and megabytes of a report, with all threads that it takes, in a process of its own:
    with its imports and the loading."""
    command = [sys.executable, "-c", WRITE, str(folder), str(out), figures]
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(command, env=free, capture_output=True, text=True, check=True)
    cpu, memory, size = json.loads(done.stdout)
    print(f"\n{folder.name} {figures}: {cpu:.1f} s of CPU, {memory:.2f} GB, a page of {size:.1f} MB")
    return cpu, memory, size


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """24 functions in 6 dims, 3 optimizers, 15 seeds."""
    optimizers = ["scipy-bfgs", "cma-es", "random-search"]
    found, runs = stored(tmp_path_factory.mktemp("results"), BBOB, optimizers, 15, "many")
    assert runs == 6480
    return found


@pytest.mark.slow
def test_page_of_6480_runs(benchmark, many, tmp_path):
    cpu, memory, size = benchmark.pedantic(written, (many, tmp_path), rounds=1)
    benchmark.extra_info.update(cpu_seconds=cpu, gigabytes=memory, page_megabytes=size)
    assert cpu <= SECONDS
    assert memory <= GIGABYTES
    assert size <= 10


@pytest.mark.slow
def test_figures_of_6480_runs(benchmark, many, tmp_path):
    page, _, _ = written(many, tmp_path / "page")
    both, _, _ = benchmark.pedantic(written, (many, tmp_path / "both", "figures"), rounds=1)
    benchmark.extra_info.update(cpu_seconds=both - page)
    assert both - page <= MORE_SECONDS


@pytest.mark.slow
def test_page_of_100000_runs(benchmark, tmp_path):
    """24 functions in 6 dims, 47 optimizers, 15 seeds; the time grows in proportion to that of a quarter of them."""
    registry.load(PACKAGES)
    optimizers = list(registry.OPTIMIZERS)[:47]
    with TemporaryDirectory(dir=tmp_path) as scratch:  # a gigabyte, which is not left behind
        home = Path(scratch)
        some, few = stored(home, BBOB[::4], optimizers, 15, "quarter")
        whole, runs = stored(home, BBOB, optimizers, 15, "whole")
        assert runs == 4 * few >= 100_000
        quarter, _, _ = written(some, home / "some")
        cpu, memory, size = benchmark.pedantic(written, (whole, home / "all"), rounds=1)
    benchmark.extra_info.update(cpu_seconds=cpu, gigabytes=memory, page_megabytes=size)
    assert cpu <= MOST_SECONDS
    assert memory <= MOST_GIGABYTES
    assert cpu < 4.5 * quarter
