"""What tuning gained and depends on, on frames of a few rows, with answers worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from bench.measure.tuning import explained, reached, sensitivity, side_by_side

inf, nan = np.inf, np.nan

RUN = {
    "problem": "sphere", "family": "toys", "dim": 2, "instance": 1, "scored": False, "optimizer": "a", "order": 0,
    "seed": 0, "budget": 100.0, "gap": 0.0, "status": "budget", "f_opt": 1.0, "first": 1000.0, "best": 1.0,
    "final": 1.0, "rows": 1, "value": 10, "gradient": 0, "hessian_vector": 0,
}  # fmt: skip


def make_runs(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([{"run": n, **RUN, **row} for n, row in enumerate(rows)])


def test_reached_is_the_gap_or_the_last_score_and_failures_are_infinite():
    runs = make_runs(
        {"best": 3.0},
        {"best": 1.0},
        {"best": 3.0, "status": "crashed"},
        {"best": nan},
        {"problem": "mlp", "f_opt": nan, "scored": True, "best": 0.1, "final": 0.4},
        {"problem": "mlp", "f_opt": nan, "scored": True, "best": 0.1, "final": nan},
    )
    assert reached(runs).tolist() == [2.0, 1e-9, inf, inf, 0.4, inf]


def test_side_by_side():
    default = [{"seed": seed, "best": 1 + gap} for seed, gap in enumerate([4.0, 8.0, 2.0, 1.0])]
    tuned = [
        {"best": 2.0},  # lower
        {"best": 1.5, "status": "target", "value": 90},  # reached the target
        {"best": 3.0},  # the same
        {"best": 1.0, "status": "diverged"},  # failed
    ]
    tuned = [{"seed": seed, "optimizer": "a (tuned)", **row} for seed, row in enumerate(tuned)]
    other = [{"family": "bowls", "problem": "bowl", "optimizer": name} for name in ("a", "a (tuned)")]
    frame = side_by_side(make_runs(*default, *tuned, *other), [("toys", "a", "a (tuned)")])
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row.problem, row.dim, row.optimizer, row.kind) == ("sphere", 2, "a", "gap")
    # of 1, 2, 4, 8 and of 0.5, 1, 2, inf: between the two in the middle, and linear between those around a quarter
    assert (row.default_low, row.default, row.default_high) == (1.75, 3.0, 5.0)
    assert (row.tuned_low, row.tuned, row.tuned_high) == (0.875, 1.5, inf)
    assert (row.better, row.worse, row.pairs) == (2, 1, 4)


def test_of_two_that_reach_the_target_the_cheaper_is_better():
    runs = make_runs(
        {"status": "target", "value": 9, "best": 1.0}, {"optimizer": "b", "status": "target", "value": 8, "best": 2.0}
    )
    assert side_by_side(runs, [("toys", "a", "b")]).better.tolist() == [1]
    assert side_by_side(runs, [("toys", "b", "a")]).worse.tolist() == [1]


def test_nothing_to_compare_is_an_empty_frame():
    assert side_by_side(make_runs({}), [("toys", "a", "a (tuned)")]).empty
    assert sensitivity(make_runs({}), [("torch-adam", {})], []).empty


def test_the_correlation_ratio_by_hand():
    # ranks 1 2 3 4 in groups {1, 2} and {3, 4}: within 1, total 5: 1 - (1/2) / (5/3) = 0.7
    y = pd.Series([0.1, 0.2, 0.5, inf])
    assert explained(pd.Series(["p", "p", "q", "q"]), "choice", y) == pytest.approx(0.7)
    assert explained(pd.Series(["p", "q", "q", "p"]), "choice", y) == 0.0  # less than nothing is nothing
    assert np.isnan(explained(pd.Series(["p"] * 4), "choice", y))
    assert np.isnan(explained(pd.Series(["p", "p", "q", "q"]), "choice", pd.Series([1.0] * 4)))
    # ten numbers in five pairs, ranks as the numbers: within 5 * 1/2, total 82.5: 1 - (2.5/5) / (82.5/9)
    ten = pd.Series(np.geomspace(1e-4, 1, 10))
    assert explained(ten, "log", ten) == pytest.approx(1 - 0.5 / (82.5 / 9))
    with_none = pd.Series([*ten, None], dtype=object)
    assert explained(with_none, "log", pd.Series([*ten, 5.0])) == pytest.approx(1 - 0.5 / (82.5 / 9))


def test_sensitivity_has_one_row_a_setting_and_hyperparameter():
    from bench.core import registry
    from bench.runner import PACKAGES

    registry.load(PACKAGES)
    values = registry.settings(registry.find_optimizer("torch-rprop"), {})
    tuned = [{
        "family": "toys", "label": "torch-rprop", "name": "torch-rprop", "values": values,
        "setting": {"lr": 0.1, "batch_size": 8},
    }]  # fmt: skip
    other = {"lr": 1.0, "batch_size": 8}
    settings = [values, values, tuned[0]["setting"], other, {**other, "grow": 1.3}]
    gaps = [1.0, 3.0, 2.0, 5.0, 7.0]
    runs = make_runs(*({"best": 1 + gap, "seed": n} for n, gap in enumerate(gaps)))
    frame = sensitivity(runs, [("torch-rprop", {**values, **setting}) for setting in settings], tuned)
    assert frame.hyperparameter.tolist() == ["lr", "batch_size"] * 3  # the last one differs in what is not tuned
    assert frame.value.tolist() == [0.01, None, 0.1, 8, 1.0, 8]
    assert frame.reached.tolist() == [2.0, 2.0, 2.0, 2.0, 5.0, 5.0]  # of 1 and 3 the mean
    assert frame.runs.tolist() == [2, 2, 1, 1, 1, 1]
    assert frame.role.tolist() == ["default", "default", "tuned", "tuned", "", ""]
    assert set(frame["scale"]) == {"log"}


def test_sensitivity_of_a_metric_is_its_last_value():
    from bench.core import registry
    from bench.runner import PACKAGES

    registry.load(PACKAGES)
    values = registry.settings(registry.find_optimizer("torch-rprop"), {})
    tuned = [{
        "family": "toys", "label": "torch-rprop", "name": "torch-rprop", "values": values, "setting": {"lr": 0.1},
    }]  # fmt: skip
    runs = make_runs(*({"seed": n} for n in range(5)), {"problem": "bowl"})  # which records no accuracy
    settings = [("torch-rprop", {**values, "lr": lr}) for lr in (0.1, 0.1, 0.1, 1.0, 1.0, 0.1)]
    last = pd.Series({0: 0.5, 1: 0.7, 2: 0.9, 3: 0.8, 4: nan})
    frame = sensitivity(runs, settings, tuned, ("test accuracy", last, True))
    assert frame.problem.tolist() == ["sphere"] * 2
    assert frame.kind.tolist() == ["test accuracy"] * 2
    assert frame.reached.tolist() == [0.7, -inf]  # a run without one is the worst
    # of 0.8 and none, where less is better: a failure is infinite, and so is the mean
    assert sensitivity(runs, settings, tuned, ("loss", last, False)).reached.tolist() == [0.7, inf]
