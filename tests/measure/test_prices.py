"""Prices on raw counts, with answers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from bench.measure.comparison import Comparison, View
from bench.measure.ert import ert
from bench.measure.prices import RULES, in_seconds, priced, resolved, value_seconds
from bench.measure.progress import spent
from bench.measure.runtimes import hits, runtimes
from bench.measure.statistics import pairs

inf, nan = np.inf, np.nan
COUNTS = pd.DataFrame(
    [{"value": 10, "gradient": 20, "hessian_vector": 30, "jacobian": 40, "vjp": 50, "inside": 1.5, "outside": 2.5}]
)  # fmt: skip
FACTS = pd.DataFrame({"rows": [10], "dim": [4], "lanes": [0]})


@pytest.mark.parametrize(
    ("prices", "cost"),
    [
        (None, (10 + 3 * 20 + 6 * 30 + 40 + 2 * 50) / 10),
        ("cost", (10 + 3 * 20 + 6 * 30 + 40 + 2 * 50) / 10),
        ("gradients", (10 + 3 * 20 + 6 * 30 + 40 + 2 * 50) / 30),
        ("passes", (10 + 20 + 30 + 40 + 50) / 10),
        ("differences", (10 + 5 * 20 + 10 * 30 + 40 + 5 * 50) / 10),
        ({"gradient": 0.5}, (10 + 10 + 6 * 30 + 40 + 2 * 50) / 10),
        ("inside", 1.5),
        ("outside", 2.5),
        ("wall", 4.0),
    ],
)
def test_each_price_of_the_same_counts(prices, cost):
    assert priced(COUNTS, FACTS, prices)[0] == pytest.approx(cost, rel=1e-15)


def test_a_lane_has_no_wall_clock_of_its_own():
    assert np.isnan(priced(COUNTS, FACTS.assign(lanes=8), "wall")[0])
    assert priced(COUNTS, FACTS.assign(lanes=8), "inside")[0] == 1.5


def test_names_stand_for_prices_of_the_suite():
    base = {"value": 2.0, "gradient": 4.0, "hessian_vector": 8.0, "jacobian": 2.0, "vjp": 4.0}
    assert resolved(None, base) == resolved("cost", base) == base
    assert resolved("gradients", base)["hessian_vector"] == 2.0
    assert set(RULES) >= {"cost", "gradients", "passes", "differences", "inside", "outside", "wall"}


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ("dollars", "prices must be cost, .*got 'dollars'"),
        ({"hessian": 1}, "got 'hessian'"),
        ({"value": -1}, "price of value must be a number >= 0, got -1"),
        ({"value": nan}, "got nan"),
        ({"value": "3"}, "got '3'"),
    ],
)
def test_wrong_prices_are_named(prices, words):
    with pytest.raises(ValueError, match=words):
        resolved(prices)


RUN = {
    "problem": "sphere", "family": "toys", "dim": 4, "instance": 1, "scored": False, "optimizer": "a", "order": 0,
    "seed": 0,
    "budget": 100.0, "gap": 0.0, "status": "budget", "f_opt": 0.0, "first": 1000.0, "rows": 1, "lanes": 0,
    "value": 9, "gradient": 2, "hessian_vector": 0, "jacobian": 0, "vjp": 0, "inside": 0.3, "outside": 0.6,
}  # fmt: skip
EVENTS = pd.DataFrame(
    {"run": 0, "value": [0, 4, 9], "gradient": [0, 1, 2], "hessian_vector": 0, "jacobian": 0, "vjp": 0,
     "inside": [0.0, 0.1, 0.3], "outside": [0.0, 0.2, 0.6], "f": [1000.0, 50.0, 0.5]}
)  # fmt: skip


@pytest.mark.parametrize(
    ("prices", "at_100", "at_1", "total"),
    [(None, 7, 15, 15), ("passes", 5, 11, 11), ("differences", 9, 19, 19), ("inside", 0.1, 0.3, 0.3)],
)
def test_one_hit_has_a_runtime_in_any_price(prices, at_100, at_1, total):
    runs = pd.DataFrame([{"run": 0, **RUN}])
    table = runtimes(runs, hits(runs, EVENTS), prices).set_index("target")
    assert table.runtime[1e2] == pytest.approx(at_100)
    assert table.runtime[1e0] == pytest.approx(at_1)
    assert table.runtime[1e-1] == inf
    assert list(table.spent) == pytest.approx([total] * len(table))


def test_unknown_wall_clock_is_nan_not_unsolved():
    runs = pd.DataFrame([{"run": 0, **RUN, "lanes": 3}])
    assert runtimes(runs, hits(runs, EVENTS), "wall")[["runtime", "spent"]].isna().all(axis=None)


def test_killed_run_is_charged_its_budget_or_all_time_there_is():
    runs = pd.DataFrame([{"run": 0, **RUN, "status": "killed", "inside": 0.0, "cost": 15.0}])
    assert list(spent(runs)) == list(spent(runs, "passes")) == [100.0]
    assert list(spent(runs, "inside")) == [inf]
    both = pd.concat([runs, runs.assign(run=1, status="target", inside=0.3)], ignore_index=True)
    events = pd.concat([EVENTS.iloc[:1], EVENTS.assign(run=1)])
    table = ert(View(Comparison(both), runtimes(both, hits(both, events), "inside"), "inside")).set_index("target")
    assert (table.ert[1.0], table.successes[1.0], table.runs[1.0]) == (inf, 1, 2)


def test_seconds_that_nobody_took_are_unknown_not_zero():
    runs = pd.DataFrame([{"run": 0, **RUN, "inside": 0.0, "outside": 0.0}])  # as of data that others measured
    assert np.isnan(spent(runs, "inside")[0]) and np.isnan(spent(runs, "wall")[0])
    assert spent(runs)[0] == 15


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_its_words(name):
    rule = RULES[name]
    assert rule.axis
    assert bool(rule.short) == ("{}" in rule.amount)
    assert in_seconds(name) == ("seconds" in rule.axis)
    assert isinstance(resolved(name), str) == rule.by_run


# problems whose value takes little time


def timed(*rows: dict) -> pd.DataFrame:
    """Runs on problem p of dim 2, each of 100 values that took 1 s in the problem."""
    run = {
        "problem": "p",
        "dim": 2,
        "optimizer": "a",
        "rows": 1,
        "value": 100,
        "gradient": 0,
        "inside": 1.0,
        "lanes": 0,
    }
    return pd.DataFrame([{**run, **row} for row in rows])


def test_seconds_of_a_value_are_those_of_who_asked_for_values_alone():
    rows = [{}, {"inside": 3.0}, {"optimizer": "b", "inside": 5.0}, {"optimizer": "c", "gradient": 1, "inside": 0.1}]
    assert value_seconds(timed(*rows)).seconds.tolist() == [4 / 200]


def test_seconds_of_a_value_where_all_asked_for_derivatives():
    """100 values and 100 gradients are a cost of 400; of two rows of data, of half as much."""
    assert value_seconds(timed({"gradient": 100})).seconds.tolist() == [1 / 400]
    assert value_seconds(timed({"gradient": 100, "rows": 2})).seconds.tolist() == [1 / 200]


def test_lanes_which_share_their_seconds_count_where_there_are_no_others():
    assert value_seconds(timed({"lanes": 8, "inside": 0.1}, {})).seconds.tolist() == [0.01]
    assert value_seconds(timed({"lanes": 8, "inside": 0.1})).seconds.tolist() == [0.001]


def test_seconds_that_are_not_known():
    table = value_seconds(timed({"inside": 0.0}, {"problem": "q"}))
    assert table.seconds.isna().tolist() == [True, False]


def test_seconds_compare_nobody_on_problems_whose_value_takes_no_time():
    """quick: 50 µs a value; slow: 200 µs."""
    facts = {"family": "toys", "instance": 1, "order": 0, "scored": False, "status": "budget", "gap": 0.0, "seed": 0}
    facts |= {"budget": 100.0, "cost": 100.0, "outside": 0.0, "hessian_vector": 0}
    rows = [
        {**facts, "optimizer": name, "problem": problem, "inside": 100 * seconds * factor}
        for problem, seconds in (("quick", 5e-5), ("slow", 2e-4))
        for name, factor in (("a", 1.0), ("b", 2.0))
    ]
    runs = timed(*rows).assign(run=range(4))
    comparison = Comparison(runs)
    assert comparison.quick == {("quick", 2)}
    reached = pd.DataFrame(
        {"run": range(4), "kind": "gap", "target": 1.0, "runtime": runs.inside, "spent": runs.inside}
    )
    for name in ("inside", "outside", "wall"):
        view = View(comparison, reached, name)
        assert set(view.of(ert).problem) == {"slow"}
        assert view.quick == {("quick", 2)}
        assert set(pairs(view).problems) == {1}
        assert set(View(comparison, reached, f"{name}-all").of(ert).problem) == {"quick", "slow"}
    assert set(View(comparison, reached, "cost").of(ert).problem) == {"quick", "slow"}
