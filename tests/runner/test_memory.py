"""What runs say of memory: state bytes that are known beforehand, and the peak of the process."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.core import Array, Objective, Oracle, registry
from bench.core.books import MEASURED
from bench.core.oracle import books_of
from bench.results.stored import Results
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.memory import _Walk, live, peak
from bench.runner.plan import Job, plan
from bench.runner.single import open_oracle, play, run_job
from bench.runner.suite import make_suite

torch.set_num_threads(1)
registry.load(("bench.problems", "bench.optimizers"))
ROOT = Path(__file__).parents[2]
SHAPES = ((32, 16), (16, 8))
DIM = 32 * 16 + 16 * 8
VECTOR = 8 * DIM  # bytes, in double precision
SOAP = 2 * VECTOR + 8 * 2 * (32**2 + 16**2 + 16**2 + 8**2)  # two moments; of each axis a matrix and its eigenvectors


def rosenbrock(x: Array) -> Array:
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


def held(name: str, lanes: int = 0, budget: float = 300, **given: object) -> int | None:
    """The bytes of state of a run on matrices, which must end at its budget."""
    definition = registry.find_optimizer(name)
    if missing := registry.missing(definition):
        pytest.skip(f"needs {', '.join(missing)}")
    objective = Objective(rosenbrock, DIM, shapes=SHAPES, name="rosenbrock")
    several = [objective] * lanes if lanes else objective
    seeds = list(range(lanes)) if lanes else 0
    oracle = open_oracle(several, definition, budget, seeds, gap=-np.inf, start=np.full(DIM, 0.5))
    settings = registry.settings(definition, given)
    assert play(oracle, definition.function, settings, restarts=True) == ""
    assert books_of(oracle).ledgers[0].status == "budget"
    return books_of(oracle).state_bytes


EXACT = [
    ("gradient-descent", {}, 0),
    ("torch-sgd", {"momentum": 0.0}, 0),
    ("torch-sgd", {"momentum": 0.9, "lr": 1e-5}, VECTOR),
    ("heavy-ball", {"lr": 1e-5}, VECTOR),
    ("torch-rmsprop", {}, VECTOR),
    ("lion", {}, VECTOR),
    ("torch-adam", {}, 2 * VECTOR),
    ("torch-adamw", {}, 2 * VECTOR),
    ("adan", {}, 4 * VECTOR),
    ("torch-muon", {}, VECTOR),
    ("soap", {}, SOAP),
    ("schedulefree-sgd", {"lr": 1e-5}, VECTOR),
    ("pytorch-optimizer-Adam", {}, 2 * VECTOR),
    ("pytorch-optimizer-Muon", {}, VECTOR),
    ("pytorch-optimizer-SGD", {"lr": 1e-5}, 0),
]


@pytest.mark.parametrize("name, given, expected", EXACT, ids=lambda value: str(value) if isinstance(value, str) else "")
def test_state_bytes_are_those_of_the_rule(name: str, given: dict, expected: int) -> None:
    assert held(name, **given) == expected


@pytest.mark.parametrize("name, given, expected", [case for case in EXACT if registry.find_optimizer(case[0]).lanes])
def test_in_lanes_they_are_those_of_one_run(name: str, given: dict, expected: int) -> None:
    assert held(name, lanes=3, **given) == expected


@pytest.mark.parametrize("memory", [5, 10])
def test_lbfgs_holds_two_vectors_a_pair(memory: int) -> None:
    """And some more within its line search."""
    state = held("torch-lbfgs", budget=900, memory=memory)
    assert state is not None and 2 * memory <= state / VECTOR <= 2 * memory + 8


def test_live_variables_are_those_that_are_read_before_they_are_bound_anew() -> None:
    def method(ask):
        m, dead, late = 0, 1, 2
        while True:
            g = ask(dead)
            dead = g
            m = m + dead
            if m > 3:
                return late

    calls = []

    def ask(value):
        calls.append(live(sys._getframe(1).f_code, sys._getframe(1).f_lasti))
        return 1

    method(ask)
    assert calls == [{"ask", "m", "late"}] * 4


def returning(oracle: Oracle) -> None:
    """A method with two vectors of state that ends by itself."""
    x, m, v = oracle.x0, oracle.x0, oracle.x0
    for _ in range(20):
        oracle.recommend(x)
        g = oracle.gradient(x)
        m, v = 0.9 * m + g, v + g**2
        x = x - 1e-3 * m / (v + 1) ** 0.5


def test_a_method_that_returns_is_seen_at_checkpoints() -> None:
    data = {"inputs": np.ones((4, DIM)), "targets": np.zeros(4)}

    def formula(x: Array, inputs: Array, targets: Array) -> Array:
        return ((x[..., None, :] * inputs).sum(-1) - targets).__pow__(2).mean(-1)

    oracle = Oracle(Objective(formula, DIM, data=data, arrays="torch"), 1000, order=1, arrays="torch")
    assert play(oracle, returning, {}, restarts=False) == ""
    assert books_of(oracle).ledgers[0].status == "returned"
    assert books_of(oracle).state_bytes == 2 * VECTOR


def test_the_memory_of_runs_alone_is_measured_in_the_first_seeds() -> None:
    """And of lanes in all: what that takes they share."""
    suite = make_suite(["rosenbrock[dim=3]"], ["scipy-bfgs", "torch-adam"], budget=30, name="t", seeds=MEASURED + 2)
    for name, first, measured in (
        ("scipy-bfgs", MEASURED - 1, [True, False, False]), ("torch-adam", MEASURED, [True, True]),
    ):  # fmt: skip
        chosen = tuple(spec for spec in plan(suite) if spec.optimizer == name and spec.seed >= first)
        lanes = registry.find_optimizer(name).lanes
        records = [record for _, record in run_job(Job(chosen, lanes)) if record]
        assert [record.state_bytes is not None for record in records] == measured
        assert lanes or [record.peak_memory is not None for record in records] == measured


def test_the_peak_counts_what_was_in_use_and_is_free_again() -> None:
    """In a process by itself: what other tests did to this one is not measured."""
    code = """
import numpy as np
from bench.runner.memory import peak
before, most = peak("cpu")(), peak("cpu")
block = np.ones(8_000_000)  # 64 MB
high = most()
del block
print(before, high, peak("cpu")())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    if "None" in done.stdout:
        pytest.skip("this system has no high-water mark that can be reset")
    before, high, again = map(int, done.stdout.split())
    assert high > before + 50_000_000
    assert again < high - 50_000_000


def test_both_are_columns_of_runs_and_old_files_have_none(tmp_path) -> None:
    suite = make_suite(["quadratic[dim=3]"], ["torch-adam", "scipy-bfgs"], budget=60, name="t", seeds=2)
    run_suite(suite, tmp_path / "t", Launch(None, children=False))
    runs = Results(tmp_path / "t").runs.set_index("optimizer")
    assert (runs.state_bytes["torch-adam"] == 2 * 3 * 8).all()
    assert runs.peak_memory["torch-adam"].isna().all(), "in lanes"
    alone = runs.peak_memory["scipy-bfgs"]
    assert alone.isna().all() if peak("cpu")() is None else (alone > 1e7).all()
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        stored = db.execute("SELECT state_bytes FROM runs WHERE optimizer = 'torch-adam'").fetchall()
    assert stored == [(48,), (48,)]


def test_what_a_class_of_a_method_holds_counts_and_what_the_harness_holds_does_not():
    for module, count in (("bench.optimizers.mine", 1), ("bench.core.oracle", 0), ("mine", 1)):
        thing = type("State", (), {"__module__": module})()
        thing.moments = np.ones(3)
        assert len([*_Walk._within(_Walk.__new__(_Walk), thing)]) == count, module
