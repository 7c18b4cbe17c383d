"""Runs that crashed, were killed or diverged keep what they had reached, and the optimizer is marked."""

from types import SimpleNamespace

import pandas as pd
import pytest

from bench.measure import words
from bench.measure.comparison import Comparison
from bench.measure.failed import answers, best_optimizers, broken, failed_optimizers
from bench.measure.progress import complete

RUN = {
    "problem": "p", "family": "toys", "dim": 2, "instance": 1, "problem_order": 0, "scored": False, "optimizer": "a",
    "order": 0, "seed": 0, "budget": 100.0, "gap": 1e-8, "status": "budget", "error": "", "f_opt": 0.0, "first": 10.0,
    "best": 1e-5, "final": 1e-5, "rows": 1, "value": 50, "gradient": 0, "hessian_vector": 0, "cost": 50.0,
    "inside": 0.0, "outside": 0.0, "lanes": 0, "device": "cpu", "metrics": "",
}  # fmt: skip


@pytest.fixture
def view():
    """a reaches 1e-5 at a cost of 50 and then raises, in five runs of five; b spends 100 and reaches 0.5; c is killed
    on another problem."""
    rows = [{"seed": seed, "status": "crashed"} for seed in range(5)]
    rows += [{"seed": seed, "optimizer": "b", "value": 100, "cost": 100.0} for seed in range(5)]
    other = {"problem": "q", "family": "others", "status": "killed"}
    rows += [
        {"seed": seed, "optimizer": "c", **(other if seed else {"problem": "q", "family": "others"})} for seed in (0, 1)
    ]
    runs = complete(pd.DataFrame([{"run": n, **RUN, **row} for n, row in enumerate(rows)]))
    events = [{"run": n, "value": asked, "gradient": 0, "hessian_vector": 0, "inside": 0.0, "outside": 0.0, "f": f}
              for n, row in enumerate(rows)
              for asked, f in [(0, 10.0), (50, 0.5 if row.get("optimizer") == "b" else 1e-5)]]  # fmt: skip
    return Comparison(runs, lambda: [(runs, pd.DataFrame(events))]).at()


def test_a_crashed_run_keeps_what_it_reached_and_is_marked(view):
    row = view.of(best_optimizers).set_index(["problem", "among"]).loc["p", "all"]
    assert (row.optimizer, row.successes, row.runs, row.failed) == ("a", 5, 5, 5)
    assert row.ert == 50


def test_failures_are_those_of_the_family(view):
    table = view.of(answers)
    last = table[table.budget == table.budget.max()]
    failed = last[last["among"] == "all"].set_index("family").failed.to_dict()
    assert failed == {"toys": 5, "others": 1, "all": 0}  # on all problems nobody ran


def test_failed_is_what_ran_and_is_no_result():
    statuses = ["target", "budget", "returned", "deadline", "diverged", "crashed", "killed", "skipped"]
    runs = pd.DataFrame({"status": statuses, "optimizer": "a"})
    assert runs.status[broken(runs)].tolist() == ["diverged", "crashed", "killed"]
    assert failed_optimizers(runs)[["failed", "runs"]].to_numpy().tolist() == [[3, 7]]


def test_words_of_failures():
    row, whole = (SimpleNamespace(optimizer="a", failed=failed, runs=15) for failed in (2, 0))
    assert words.failed(row) == {
        "text": "† 2 of 15 runs failed",
        "look": "open",
        "hint": "2 of 15 runs diverged, crashed or were killed: what they had paid for and reached until then counts",
    }
    assert words.marked(row) == "a†"
    assert words.marked(whole) == "a"
    assert words.failed(whole) is None
    assert words.failed_note(False) == ""


def test_entries_of_a_table_of_values():
    row = SimpleNamespace(runs=5, median=1.25, low=1.0, high=2.0, failed=1, least=True)
    assert words.value_entry(row) == "1.25† [1, 2] *"
    assert words.value_entry(SimpleNamespace(runs=0)) == "skipped"
    assert words.value_entry(None) == "not run"
