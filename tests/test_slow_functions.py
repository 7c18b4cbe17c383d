"""Functions that take long: their runs are made in several processes, and their records are what they were."""

import os
import threading
import time

import numpy as np
import pytest

import bench
from bench.results.stored import Results
from bench.runner.store import COLUMNS, Store

TIMES = {"inside", "outside", "written", "trajectory", "trajectory_bytes"}
OPTIMIZERS = ["random-search", "scipy-nelder-mead"]
HERE = "are made in this process, one after the other: "


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def slow(seconds=0.006, **more):
    """A closure, as no module holds it; it says at which points, and in which process, it was asked."""
    centre = np.array([0.5, -0.25])

    def cost(x):
        time.sleep(seconds)
        return float(((x - centre) ** 2).sum()) + sum(more.values())

    return cost


def processes_of(folder):
    """A function that leaves the number of its process in a folder."""

    def cost(x):
        time.sleep(0.006)
        (folder / str(os.getpid())).touch()
        return float((x * x).sum())

    return cost


def records(folder):
    rows = [{key: row[key] for key in COLUMNS if key not in TIMES} for row, _ in Store(folder).rows()]
    return rows, Results(folder).trajectories.drop(columns=["inside", "outside"]).to_numpy().tobytes()


def test_records_are_the_same_in_one_process_and_in_several(tmp_path):
    tables = []
    for name, workers in (("one", 1), ("two", 2), ("default", None)):
        bench.compare(
            slow(), [0.0, 0.0], budget=20, seeds=3, optimizers=OPTIMIZERS, name=name, workers=workers, report=False
        )
        tables.append(records(tmp_path / "results" / name))
    assert len(tables[0][0]) == 6
    assert tables[0] == tables[1] == tables[2]


@pytest.mark.parametrize(("workers", "elsewhere"), [(None, True), (1, False), (2, True)])
def test_a_slow_function_is_asked_in_processes_of_its_own(tmp_path, workers, elsewhere):
    folder = tmp_path / "asked"
    folder.mkdir()
    bench.compare(processes_of(folder), [1.0, 1.0], budget=8, seeds=2, optimizers=["random-search"], workers=workers)
    asked = {int(path.name) for path in folder.iterdir()}
    assert (len(asked - {os.getpid()}) >= 2) == elsewhere
    assert os.getpid() in asked


def test_a_quick_function_is_asked_here():
    asked = []

    def quick(x):
        asked.append(os.getpid())
        return float((x * x).sum())

    bench.compare(quick, [1.0], budget=8, seeds=2, optimizers=["random-search"])
    assert set(asked) == {os.getpid()}


def carried():
    noise = np.random.default_rng(1)

    def cost(x):
        time.sleep(0.006)
        return float((x * x).sum() + noise.normal())

    return cost


def locked():
    lock = threading.Lock()

    def cost(x):
        with lock:
            time.sleep(0.006)
        return float((x * x).sum())

    return cost


def of_process():
    coordinator = os.getpid()

    def cost(x):
        time.sleep(0.006)
        return float((x * x).sum() + (os.getpid() == coordinator))

    return cost


def deadly():
    coordinator = os.getpid()

    def cost(x):
        time.sleep(0.006)
        if os.getpid() != coordinator:
            os._exit(3)
        return float((x * x).sum())

    return cost


class Homebound:
    """Can be packed, and not made again."""

    def __call__(self, x):
        time.sleep(0.006)
        return float((x * x).sum())

    def __reduce__(self):
        return int, ("nowhere",)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (locked, "it cannot be pickled (TypeError: cannot pickle '_thread.lock' object)"),
        (of_process, "in a process of its own and "),
        (deadly, "a process of its own ended with exit status 3 when it was asked"),
        (carried, "its noise comes from a generator that it carries"),
        (Homebound, "what the caller defined cannot be made in a process of its own: invalid literal"),
    ],
)
def test_what_cannot_travel_is_asked_here_and_it_is_said_why(make, why, capsys):
    said = {"workers": 2, "noise": make is carried}
    results = bench.compare(make(), [1.0, 1.0], budget=6, seeds=2, optimizers=["random-search"], **said)
    assert set(results.runs.status) == {"budget"}
    printed = capsys.readouterr().out
    assert HERE + why in printed or (HERE in printed and why in printed)
    assert printed.count(HERE) == 1


def test_noise_of_numpy_s_own_generator_differs_from_run_to_run():
    def cost(x):
        time.sleep(0.006)
        return float(np.random.normal())

    runs = [
        bench.compare(cost, [1.0], spread=0, budget=5, seeds=3, optimizers=OPTIMIZERS, workers=workers, noise=True).runs
        for workers in (1, 2)
    ]
    assert runs[0]["first"].nunique() == len(runs[0]) == 6
    assert runs[0].best.tolist() == runs[1].best.tolist()


def test_workers_must_be_a_number():
    for workers in (0, -1, "two", 1.5):
        with pytest.raises(ValueError, match="workers must be a whole number >= 1"):
            bench.compare(slow(), [0.0, 0.0], workers=workers)


def test_a_gradient_travels_too():
    calls = []

    def slope(x):
        calls.append(1)
        time.sleep(0.006)
        return 2 * x

    results = bench.compare((lambda x: float(x @ x), slope), [1.0, 2.0], budget=30, seeds=2, optimizers=["scipy-bfgs"])
    assert results.runs.best.max() < 1e-10
    assert len(calls) == 3, "two when it was tried, one to see how long it takes; the others elsewhere"
