"""How to run is one value, checked when it is made."""

import subprocess
import sys
from dataclasses import replace

import pytest

from bench.core import registry
from bench.runner.launch import Launch
from bench.runner.suite import make_suite


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"workers": 0}, "workers must be a whole number >= 1, got 0"),
        ({"workers": 1.5}, "workers must be a whole number >= 1, got 1.5"),
        ({"workers": True}, "workers must be a whole number >= 1, got True"),
        ({"imports": "mine"}, "imports must be a list of names, got 'mine'"),
        ({"retry": "crashed"}, "retry must be a list of names, got 'crashed'"),
        ({"device": "tpu"}, "device must be auto, cpu or cuda, got 'tpu'"),
        ({"retry": ["crashed", "budget"]}, "retry takes crashed, killed, damaged, got 'budget'"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(how, message):
    with pytest.raises(ValueError, match=message):
        Launch(**how)


def walk(oracle):
    """Ask at the start for ever."""
    while True:
        oracle.value(oracle.x0)


@pytest.mark.parametrize(("module", "imports", "packed"), [("__main__", [], True), ("theirs", ["theirs"], False)])
def test_children_import_what_they_can_and_what_a_script_defines_travels(monkeypatch, odd, module, imports, packed):
    monkeypatch.setattr(walk, "__module__", module)
    monkeypatch.setitem(registry.OPTIMIZERS, "walk", replace(registry.find_optimizer("odd-walk"), function=walk))
    fitted = Launch(workers=2).fitted(make_suite(["rosenbrock"], ["walk"], budget=5, name="t"))
    assert (list(fitted.imports), bool(fitted.luggage), fitted.children, fitted.workers) == (imports, packed, True, 2)


SCRIPT = """
import os, bench
from pathlib import Path

@bench.problem(family="mine", source="me 2026")
def my_bowl(dim: int = 3, instance: int = 1):
    def formula(x):
        Path(f"asked-{os.getpid()}").touch()
        return (x * x).sum(-1)
    return bench.Objective(formula, dim, domain=bench.Domain(-5.0, 5.0), order=0)

@bench.wrapper(source="me 2026")
def twice(objective, *, instance: int = 1):
    return objective

@bench.optimizer(order=0, source="me 2026")
def my_exit(oracle):
    oracle.value(oracle.x0)
    os._exit(7)

@bench.optimizer(order=0, source="me 2026")
def my_walk(oracle):
    while True:
        oracle.value(oracle.x0 + HELD[0] * oracle.rng.standard_normal(oracle.dim))

HELD = [1.0]
names = ["my-exit", "my-walk"]
results = bench.run(problems=["my-bowl", "my-bowl+twice"], optimizers=names, budget=9, seeds=2, name="t", report=False)
print(results.runs.groupby("optimizer").status.unique().map(list).to_dict())
print(os.getpid() not in [int(path.name.split("-")[1]) for path in Path().glob("asked-*")])
HELD.append(open("held", "w"))
bench.run(problems=["my-bowl"], optimizers=["my-walk"], budget=9, seeds=2, name="here", report=False)
"""


def test_a_script_has_its_runs_in_processes_of_their_own(tmp_path):
    """A run that takes its process down is a row, and the others go on; what cannot travel is made here, said once."""
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, cwd=tmp_path, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["{'my-exit': ['killed'], 'my-walk': ['budget']}", "True"]
    told = "All runs with my-bowl, my-walk are made in this process, one after the other: it cannot be pickled ("
    assert done.stderr.count("UserWarning") == 1 and told in done.stderr
