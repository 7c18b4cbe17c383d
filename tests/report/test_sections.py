"""Sections of the page: seconds, comparisons and hyperparameters, on frames of a few rows."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bench.core.ledger import PRICES, QUESTIONS
from bench.measure.progress import complete
from bench.measure.words import of_runs
from bench.report import tuned
from bench.report.landscapes import landscapes
from bench.report.sections import costs, duels, sensitivity, settings

RUN = {
    "problem": "bowl", "family": "toys", "dim": 2, "instance": 1, "optimizer": "a", "order": 1, "seed": 0,
    "budget": 100.0, "scored": False, "gap": 0.0, "status": "budget", "f_opt": 0.0, "first": 9.0, "best": 1.0,
    "final": 1.0, "rows": 1, "lanes": 0, **dict.fromkeys(QUESTIONS, 0), "value": 10, "inside": 0.5, "outside": 1.0,
}  # fmt: skip


def make_runs(*rows: dict) -> pd.DataFrame:
    return complete(pd.DataFrame([{"run": n, **RUN, **row} for n, row in enumerate(rows)]))


def test_costs_are_summed_over_the_runs_that_paid():
    runs = make_runs(
        {},
        {"seed": 1, "value": 0, "gradient": 10, "lanes": 8},
        {"seed": 2, "status": "killed", "inside": 99.0},
        {"optimizer": "b", "status": "skipped", "value": 0},
        {"optimizer": "c", "rows": 100, "value": 200},
    )
    data = costs(runs, PRICES)
    assert data["costs"] == [["bowl", 2, "a", 1, 2], ["bowl", 2, "c", 0, 1]]
    np.testing.assert_allclose(data["costs_seconds"], [[1.0, 2.0, 40.0], [0.5, 1.0, 2.0]], rtol=1e-3)
    assert costs(make_runs({"status": "skipped", "value": 0}), PRICES) == {}


def test_duels_name_both_and_keep_the_numbers():
    rows = [["a", "b", 7, 5, 2, 0.75, 0.5, np.nan, 0.125, 0.25], ["b", "a", 7, 2, 5, 0.25, np.nan, 0.5, 0.125, 0.25]]
    names = ["optimizer", "rival", "problems", "better", "worse", "a12", "low", "high", "p", "adjusted"]
    data = duels(pd.DataFrame(rows, columns=names).assign(significant=[False, True]))
    assert data["pairs"] == [["a", "b"], ["b", "a"]]
    np.testing.assert_array_equal(data["pairs_values"], [row[2:] for row in rows])
    assert data["pairs_verdicts"] == [0, 2]
    assert data["pairs_tests"] == 1
    assert data["pairs_caption"] == (
        "Where there are fewer than 5 seeds, no interval is given. Corrected for 1 pair of this report (Holm 1979)."
    )
    assert duels(pd.DataFrame(columns=names)) == {}


def of_settings(*rows):
    """Results whose runs are of these (label, name, hyperparameters)."""
    runs = make_runs(*({"optimizer": label} for label, _, _ in rows))
    return SimpleNamespace(setting=lambda run: rows[run][1:]), runs


def test_settings_are_those_that_differ_in_one_value():
    results, runs = of_settings(
        ("adam[lr=0.1]", "adam", {"lr": 0.1, "beta": 0.9}),
        ("adam", "adam", {"lr": 0.001, "beta": 0.9}),
        ("adam", "adam", {"lr": 0.001, "beta": 0.9}),
        ("adam[beta=0.5]", "adam", {"lr": 0.001, "beta": 0.5}),
        ("adam (tuned)", "adam", {"lr": 0.02, "beta": 0.9}),
        ("cg", "cg", {"restarts": True}),
    )
    assert settings(results, runs) == {
        "settings": [
            {
                "name": "adam",
                "key": "beta",
                "scale": "linear",
                "lines": [[[0.5, "adam[beta=0.5]"], [0.9, "adam"]]],
                "caption": of_runs("adam", "beta"),
            },
            {
                "name": "adam",
                "key": "lr",
                "scale": "log",
                "lines": [[[0.001, "adam"], [0.1, "adam[lr=0.1]"]]],
                "caption": of_runs("adam", "lr"),
            },
        ]
    }


@pytest.mark.parametrize("values", [(True, False), (None, 3), ("cosine", "constant"), (np.inf, 1.0)])
def test_what_is_no_number_is_a_choice(values):
    results, runs = of_settings(*((f"a[{value}]", "a", {"key": value}) for value in values))
    found = settings(results, runs)["settings"][0]
    texts = sorted("none" if value is None else str(value) for value in values)
    assert (found["scale"], [value for value, _ in found["lines"][0]]) == ("choice", texts)


def test_one_value_in_two_folders_is_no_setting_to_compare():
    results, runs = of_settings(("a (old)", "a", {"lr": 1.0}), ("a (new)", "a", {"lr": 1.0}))
    assert settings(results, runs) == {}


def test_sensitivity_has_a_panel_for_each_hyperparameter_and_problem_the_learning_rate_first():
    row = {"problem": "bowl", "dim": 2, "family": "toys", "optimizer": "a", "order": 1, "kind": "gap", "runs": 3}
    lr = {**row, "hyperparameter": "lr", "scale": "log", "fraction": 0.5}
    walls = {**row, "hyperparameter": "walls", "scale": "choice", "fraction": np.nan}
    memory = {**row, "hyperparameter": "memory", "scale": "linear", "fraction": 0.75}
    table = pd.DataFrame(
        [
            {**lr, "reached": 1.5, "role": "default"},
            {**lr, "reached": 1.5, "role": ""},  # not on a log axis
            {**lr, "reached": np.inf, "role": ""},  # failed
            {**walls, "reached": 2.0, "role": ""},
            {**memory, "reached": 3.0, "role": "tuned"},
            {**memory, "reached": 3.0, "role": ""},
        ]
    )
    table["value"] = pd.Series([0.1234567, 0.0, 0.5, None, 7, None], dtype=object)  # as `sensitivity` has it
    lr_panel, memory_panel, walls_panel = sensitivity(table)["sensitivity"]
    assert memory_panel["hyperparameter"] == "memory"
    assert "Not drawn: 2 values, where runs failed" in lr_panel["caption"]
    assert "Not drawn" not in walls_panel["caption"]
    assert memory_panel["curves"] == [
        {"optimizer": "a", "fraction": 0.75, "remark": "explains 75 %", "left": 1, "points": [[7.0, 3.0, "tuned"]]}
    ]
    assert lr_panel["curves"] == [
        {"optimizer": "a", "fraction": 0.5, "remark": "explains 50 %", "left": 2, "points": [[0.12346, 1.5, "default"]]}
    ]
    assert walls_panel["curves"][0] == {
        "optimizer": "a",
        "fraction": None,
        "remark": "",
        "left": 0,
        "points": [["none", 2.0, ""]],
    }
    assert (lr_panel["problem"], lr_panel["dim"], lr_panel["kind"], lr_panel["scale"]) == ("bowl", 2, "gap", "log")
    assert sensitivity(None) == {}


def test_no_runs_have_no_sections():
    runs = make_runs({}).assign(cost=1.0).iloc[:0]
    results = SimpleNamespace(grids=[], prices=PRICES, tuned=[], tuning=None)
    assert landscapes(results, runs) == costs(runs, PRICES) == settings(results, runs) == {}
    assert tuned.measured(results, runs) == {}
    assert tuned.shown(results, runs, {}, {}) is None
