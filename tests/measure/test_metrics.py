"""Metrics over cost, at the end, and the cost to reach a value, by hand."""

import numpy as np
import pandas as pd
import pytest

from bench.core.ledger import QUESTIONS
from bench.measure.comparison import Comparison
from bench.measure.metrics import curves, final_metrics, median_interval, metric_ert, metrics
from bench.measure.progress import complete


def study(ends, higher=True, lanes=0):
    """Runs of two events a seed: 0.5 at the start, and these in the end, after 10 rows of gradients of 10 rows."""
    runs = pd.DataFrame(
        {
            "run": range(len(ends)), "problem": "net", "dim": 3.0, "instance": 1, "optimizer": "adam", "order": 1.0,
            "seed": range(len(ends)), "scored": True, "status": "budget", "rows": 10, "budget": 3.0, "cost": 3.0,
            "f_opt": np.nan, "first": 2.0, "best": 1.0, "final": 1.0, "gap": 0.0, "lanes": lanes, "imported": False,
            "inside": 2.0, "outside": 1.0, "family": "learning", "problem_order": 2.0, "failed_values": np.nan,
            **dict.fromkeys(QUESTIONS, 0), "gradient": 10,
        }
    )  # fmt: skip
    rows = []
    for run, end in enumerate(ends):
        for gradient, score, seconds in ((0, 0.5, 0.0), (10, end, 2.0)):
            counts = {**dict.fromkeys(QUESTIONS, 0), "gradient": gradient}
            rows.append(
                {"run": run, **counts, "inside": seconds, "outside": seconds / 2, "metric": "test_accuracy",
                 "higher": higher, "score": score}
            )  # fmt: skip
    scores = pd.DataFrame(rows)
    events = scores[["run", *QUESTIONS, "inside", "outside"]].assign(f=np.where(scores.gradient > 0, 1.0, 2.0))
    return Comparison(runs, lambda: [(complete(runs), events)]), scores


def test_each_score_has_a_cost_passes_and_seconds():
    comparison, scores = study([0.9, 0.8])
    table = metrics(comparison.runs, scores, comparison.at())
    last = table.iloc[1]
    assert (last.cost, last.epochs, last.seconds, last.score, last.metric) == (3.0, 1.0, 3.0, 0.9, "test_accuracy")
    comparison, scores = study([0.9, 0.8], lanes=2)
    assert metrics(comparison.runs, scores, comparison.at()).seconds.isna().all()


def test_the_interval_of_a_median_is_of_order_statistics():
    """Of 6 runs the least and the greatest, of 15 the fourth from each end (Conover 1999, table A3)."""
    values = np.arange(15.0)
    assert median_interval(np.random.default_rng(0).permutation(values)) == (3.0, 11.0)
    assert median_interval(values[:6]) == (0.0, 5.0)
    assert np.isnan(median_interval(values[:5])).all() and np.isnan(median_interval(values[:0])).all()


@pytest.mark.parametrize("n", [6, 9, 15, 25])
def test_the_interval_of_a_median_holds_it(n):
    rng = np.random.default_rng(n)
    draws = rng.lognormal(size=(2000, n))
    held = np.mean([low <= 1.0 <= high for low, high in map(median_interval, draws)])
    assert held >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 2000)


def test_the_end_of_runs_counts_what_is_missing_as_worst():
    comparison, scores = study([0.9, 0.7, np.nan, 0.8, 0.6, 0.95, 0.85])
    table = final_metrics(comparison.runs, scores).set_index("metric")
    row = table.loc["test_accuracy"]
    assert row["median"] == 0.8 and row.missing == 1 and row.runs == 7
    assert row.low == -np.inf and row.high == 0.95
    assert table.loc["f"]["median"] == 1.0 and not table.loc["f"].higher


@pytest.mark.parametrize(("higher", "target", "successes"), [(True, 0.8, 3), (False, 0.8, 3), (False, 0.5, 5)])
def test_the_cost_to_reach_a_value(higher, target, successes):
    """ERT: what all spent, over those that got there; a value at the start costs nothing."""
    ends = [0.9, 0.85, 0.8, 0.7, 0.6] if higher else [0.4, 0.3, 0.8, 0.9, 1.0]
    comparison, scores = study(ends, higher)
    if not higher and target == 0.8:
        scores.loc[scores.gradient == 0, "score"] = 2.0
    (row,) = metric_ert(comparison.at(), scores, {"test_accuracy": [target]}).itertuples()
    assert (row.kind, row.target, row.successes, row.runs) == ("test_accuracy", target, successes, 5)
    assert row.ert == (0.0 if target == 0.5 else 5 * 3.0 / successes)


def test_metrics_that_nobody_records_are_refused():
    comparison, scores = study([0.9])
    with pytest.raises(ValueError, match=r"metrics that runs record \(test_accuracy\), got 'accuracy'"):
        metric_ert(comparison.at(), scores, {"accuracy": [0.9]})


def test_a_target_is_a_number_or_several_and_counts_once():
    comparison, scores = study([0.9, 0.8])
    frames = [metric_ert(comparison.at(), scores, {"test_accuracy": each}) for each in (0.85, [0.85], [0.85, 0.85])]
    for frame in frames:
        pd.testing.assert_frame_equal(frame, frames[0])
    assert frames[0][["successes", "runs"]].to_numpy().tolist() == [[1, 2]]
    for bad in (["test_accuracy"], {"test_accuracy": "ab"}, {"test_accuracy": [np.nan]}, {"test_accuracy": None}):
        with pytest.raises(ValueError, match="targets must be a mapping of metrics to numbers, got"):
            metric_ert(comparison.at(), scores, bad)


def test_whether_more_is_better_is_said_by_each_problem():
    """A metric of one name, of which more is better in the first run's problem alone."""
    comparison, scores = study([0.9, 0.2])
    scores["higher"] = scores.run == 0
    frame = metric_ert(comparison.at(), scores, {"test_accuracy": [0.4]})
    assert frame.successes.sum() == 2
    scores["higher"] = scores.run == 1
    assert metric_ert(comparison.at(), scores, {"test_accuracy": [0.95]}).successes.sum() == 1


def test_curves_hold_the_last_value():
    comparison, scores = study([0.9, 0.8, 0.7])
    table = curves(metrics(comparison.runs, scores, comparison.at()), "epochs")
    assert table.epochs.tolist() == [1.0] and table["median"].tolist() == [0.8] and table.runs.tolist() == [3]
