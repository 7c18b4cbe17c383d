"""What a Python prompt and a notebook show."""

import copy
import html
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bench


def bowl(x):
    return float(((x - 1) ** 2).sum())


def slope(x):
    return 2 * (x - 1)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_an_objective_is_a_table_and_not_its_constants():
    text = repr(bench.make("bbob-f10", dim=5, instance=3))
    assert text.splitlines()[0] == "Objective bbob-f10[dim=5], instance 3"
    assert "dim" in text and "bounds" in text and "-5 to 5" in text and "(5, 5)" in text
    assert "array(" not in text and "function" not in text
    assert max(map(len, text.splitlines())) <= 120 and len(text.splitlines()) <= 12
    assert "widths=4x2" in repr(bench.make("ballistics", widths=(4, 2)))


def test_a_run_is_a_table_and_not_its_trajectory():
    run = bench.minimize(bench.make("rosenbrock", dim=40), "random-search", budget=300)
    text = repr(run)
    assert text.splitlines()[0] == "Run of random-search, seed 0, that ended with status budget"
    assert f"{run.best:.6g}" in text and "300 value" in text
    assert len(text.splitlines()) <= 8 and max(map(len, text.splitlines())) < 160


@pytest.mark.parametrize(
    ("problem", "optimizer", "options"),
    [
        (bench.make("rosenbrock", dim=4, instance=2), "scipy-nelder-mead", {"start": [0.5, 1.0, 1.5, 2.0]}),
        (bench.make("rosenbrock+noise", level=0.2), "cma-es", {"gap": 1e-3, "target": 0.5, "restarts": True}),
        (replace(bench.make("rosenbrock"), f_opt=None), "random-search", {"seed": 7, "prices": {"value": 2}}),
        (bowl, "scipy-powell", {"start": np.array([3.0, 2.0]), "bounds": [(-5, 5), (2, 2)], "deadline": 9}),
        ((bowl, slope), "scipy-lbfgsb", {"start": [3.0, 2.0], "seed": 3}),
    ],
)
def test_a_run_says_how_it_is_made_again(problem, optimizer, options):
    run = bench.minimize(problem, optimizer, budget=60, **options)
    (line,) = [line for line in repr(run).splitlines() if line.startswith("  again")]
    assert f"seed={options.get('seed', 0)}" in line and html.escape(run.call) in run._repr_html_()
    assert line.removeprefix("  again").strip() == run.call and f"seed {options.get('seed', 0)}," in str(run)
    again = eval(run.call, {"bench": bench, "bowl": bowl, "slope": slope, "objective": problem})
    assert again.call == run.call
    pd.testing.assert_frame_equal(*(each.trajectory.drop(columns=["inside", "outside"]) for each in (run, again)))


def test_results_show_their_answer_and_how_runs_ended():
    results = bench.compare(lambda x: float(x @ x), [1.0, 2.0], optimizers=["random-search", "cma-es"], budget=60)
    assert repr(results) == str(results)
    assert "comparison: 12 runs." in repr(results) and "cma-es" in repr(results)
    shown = results._repr_html_()
    assert shown.count("<table") == 1 and "<td>cma-es</td>" in shown and "budget" in shown


def test_html_is_escaped():
    objective = bench.Objective(lambda x: x.sum(-1), 2, name="<b>")
    assert "&lt;b&gt;" in objective._repr_html_() and "<b>" not in objective._repr_html_()
    run = bench.minimize(bench.make("rosenbrock"), "random-search", budget=3)
    assert "<caption" in run._repr_html_()


@pytest.mark.parametrize("name", ["failures", "failed_evaluations", "faults", "races"])
def test_frames_without_arguments_are_attributes_and_may_be_called(name):
    results = bench.compare(lambda x: float(x @ x), [1.0, 2.0], optimizers=["random-search"], budget=9, seeds=1)
    frame = getattr(results, name)
    assert isinstance(frame, pd.DataFrame)
    pd.testing.assert_frame_equal(frame(), frame)
    assert type(frame.head()) is pd.DataFrame
    for other in (pickle.loads(pickle.dumps(frame)), copy.deepcopy(frame)):
        assert np.array_equal(other.columns, frame.columns) and len(other) == len(frame)
