"""What a Python prompt and a notebook show."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import bench


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
    assert text.splitlines()[0] == "Run that ended with status budget"
    assert f"{run.best:.6g}" in text and "300 value" in text
    assert len(text.splitlines()) <= 8 and max(map(len, text.splitlines())) < 160


def test_results_show_their_answer_and_how_runs_ended():
    results = bench.compare(lambda x: float(x @ x), [1.0, 2.0], optimizers=["random-search", "cma-es"], budget=60)
    assert repr(results) == str(results)
    assert "comparison: 10 runs." in repr(results) and "cma-es" in repr(results)
    html = results._repr_html_()
    assert html.count("<table") == 1 and "<td>cma-es</td>" in html and "budget" in html


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
