"""Ours beside published numbers, on frames of a few rows, with answers worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from bench.interchange.published import Published
from bench.measure import words
from bench.measure.comparison import Comparison, View
from bench.report.reference import curves, says, shown, table

inf, nan = np.inf, np.nan


@pytest.fixture
def published():
    """One algorithm on f1 and f8 in 5-D, another on f1 alone; the best of them."""
    runtimes = pd.DataFrame(
        [
            ("A", 1, 5, 10.0),
            ("A", 1, 5, 30.0),
            ("A", 8, 5, inf),
            ("A", 8, 5, 100.0),
            ("B", 1, 5, 5.0),
            ("A", 1, 40, 9.0),
        ],
        columns=["algorithm", "function", "dim", "evaluations"],
    ).assign(spent=200.0)
    best = pd.DataFrame(
        [("bbob-f01", 1, 5, 1e-8, 5.0, "B"), ("bbob-f01", 1, 5, 1.0, 2.0, "B"), ("bbob-f08", 8, 5, 1e-8, 300.0, "A")],
        columns=["problem", "function", "dim", "target", "ert", "algorithm"],
    )
    return Published("bbob-2009", runtimes, best)


def ours(*rows: tuple[str, str, float]) -> View:
    """A view of one run a (problem, optimizer, runtime to 1e-8), which spent 400."""
    runs = pd.DataFrame([{"run": n, "problem": p, "optimizer": o} for n, (p, o, _) in enumerate(rows)])
    runs = runs.assign(dim=5, order=0, scored=False, status="budget")
    reached = pd.DataFrame({"run": runs.run, "runtime": [runtime for *_, runtime in rows]})
    return View(Comparison(runs), reached.assign(kind="gap", target=1e-8, spent=400.0))


def test_curves_are_over_the_functions_that_both_have(published):
    view = ours(("bbob-f01", "x", 20.0), ("bbob-f08", "x", inf), ("bbob-f01", "y", 1.0), ("sphere", "x", 2.0))
    found = curves(view, published)
    assert set(found.name) == {"x", "A", "best 2009"}  # y and B have nothing on f8
    assert set(found.dim) == {5} and set(found.functions) == {2}
    at = {name: part.set_index("cost").fraction for name, part in found.groupby("name")}
    last = {name: curve.iloc[-1] for name, curve in at.items()}
    assert last == {"x": 0.5, "A": 0.75, "best 2009": 1.0}
    assert at["x"][at["x"].index < 20].max() == 0
    assert found[found.name == "x"].ours.all() and not found[found.name == "A"].ours.any()
    assert (found[found.name == "A"].runs == 4).all()


def test_least_expected_runtimes_stand_beside_each_other(published):
    columns = ["problem", "dim", "optimizer", "target", "ert", "successes", "runs", "success", "low", "high"]
    rows = [
        ("bbob-f01", 5, "x", 1e-8, 10.0, 5, 5, 0.57, 8.0, 12.0),
        ("bbob-f01", 5, "y", 1e-8, 40.0, 5, 5, 0.57, 30.0, 50.0),
        ("bbob-f01", 5, "z", 1.0, 1.0, 5, 5, 0.57, 1.0, 1.0),
        ("bbob-f08", 5, "x", 1e-8, inf, 0, 5, 0.0, 90.0, inf),
        ("sphere", 5, "x", 1e-8, 1.0, 5, 5, 0.57, 1.0, 1.0),
    ]
    found = table(pd.DataFrame(rows, columns=columns).assign(kind="gap"), published).set_index("problem")
    assert list(found.index) == ["bbob-f01", "bbob-f08"]
    first, second = found.loc["bbob-f01"], found.loc["bbob-f08"]
    assert (first.optimizer, first.ert, first.published, first.algorithm, first.ratio) == ("x", 10, 5, "B", 2)
    assert (second.optimizer, second.ert, second.published, second.ratio) == ("", inf, 300, inf)


def test_what_nobody_reached_in_2009_stays(published):
    nobody = pd.DataFrame([("bbob-f20", 20, 5, 1.0, 70.0, "B")], columns=published.best.columns)
    both = Published("bbob-2009", published.runtimes, pd.concat([published.best, nobody], ignore_index=True))
    view = ours(("bbob-f01", "x", 20.0), ("bbob-f20", "x", 30.0))
    best = curves(view, both).query("name == 'best 2009'")
    assert (best.functions.iloc[0], best.fraction.iloc[-1]) == (2, 0.5)
    row = ("bbob-f20", 5, "x", 1e-8, 30.0, 1, 1, nan, nan, nan)
    columns = ["problem", "dim", "optimizer", "target", "ert", "successes", "runs", "success", "low", "high"]
    found = table(pd.DataFrame([row], columns=columns).assign(kind="gap"), both).iloc[0]
    assert (found.ert, found.published, found.algorithm) == (30, inf, "")
    assert np.isnan(found.ratio)


def test_nothing_in_common_is_nothing_to_show(published):
    view = ours(("sphere", "x", 2.0))
    assert curves(view, published).empty
    assert shown(curves(view, published), "bbob-2009") == {"name": "bbob-2009", "lines": []}
    assert says(view.runs, published) == words.NOT_PUBLISHED
    assert says(ours(("bbob-f01", "x", 20.0)).runs, published) == ""


def test_what_is_shown_is_plain_json(published):
    view = ours(("bbob-f01", "x", 20.0), ("bbob-f08", "x", inf))
    section = shown(curves(view, published), "bbob-2009")
    json.dumps(section, allow_nan=False)
    assert {line["name"] for line in section["lines"]} == {"x", "A", "best 2009"}


def test_only_the_target_itself_is_compared(published):
    """Not those near it on an absolute scale: 1e-10 is another target than 1e-8."""
    more = pd.DataFrame([("bbob-f01", 1, 5, 1e-10, 7.0, "B")], columns=published.best.columns)
    both = Published("bbob-2009", published.runtimes, pd.concat([published.best, more], ignore_index=True))
    view = ours(("bbob-f01", "x", 20.0), ("bbob-f01", "x", 9.0))
    view.reached.loc[1, "target"] = 1e-10
    found = curves(view, both)
    assert set(found[found.name == "best 2009"].runs) == set(found[found.name == "x"].runs) == {1}
