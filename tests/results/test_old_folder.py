"""Results that were stored when a gap was still called target: they are met again, loaded and reported as before.

tests/data/old holds a suite with the old key, the file of tuned settings, and what `run old.toml --tuned tuned.toml` of
that time stored: noise, learning, a problem that only one optimizer can be run on, and tuned settings.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import bench
from bench import api
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import load_suite
from bench.tuning.settings import read_tuned

OLD = Path(__file__).parents[1] / "data" / "old"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the old folder in a results folder of its own."""
    monkeypatch.setattr(api, "RESULTS", tmp_path)
    (tmp_path / "old").mkdir()
    shutil.copy(OLD / "runs.db", tmp_path / "old")
    return tmp_path / "old"


def test_an_old_folder_resumes(folder):
    with pytest.warns(FutureWarning, match=r"old\.toml, line \d+: target = .* is read as gap"):
        suite = load_suite(OLD / "old.toml")
    stored = bench.load("old").runs  # loading it registers what is tuned
    # which have version 2 since then: points outside its box count; it asks soft ones without bounds
    raised = sum((stored.problem == "bbob-noisy-f101") | (stored.optimizer == "scipy-lbfgsb"))
    campaign = run_suite(replace(suite, tuning=read_tuned(OLD / "tuned.toml")), folder, Launch(children=False))
    assert (campaign.planned, campaign.there, campaign.added, campaign.beside) == (36, 36 - raised, raised, raised)
    assert campaign.changed, "hashes hold versions"


def test_an_old_folder_is_loaded_and_reported(folder, tmp_path):
    results = bench.load("old")
    assert results.damaged == []
    assert results.runs.status.value_counts().to_dict() == {"budget": 29, "skipped": 4, "target": 3}
    assert results.runs.groupby("problem").gap.unique().map(list).to_dict() == {
        "rosenbrock": [1e-6], "bbob-noisy-f101": [1e-6], "linear-regression": [1e-6], "onemax": [1.0],
    }  # fmt: skip
    ert = results.ert()
    at_the_end = ert[(ert.problem == "bbob-noisy-f101") & (ert.optimizer == "scipy-lbfgsb") & (ert.target == 1e-6)]
    assert at_the_end.ert.tolist() == [12.0]
    assert ert.groupby("problem").target.min()["onemax"] == 1.0
    page = bench.api.write_report(results, tmp_path / "report", figures=False)
    assert "torch-adam (tuned)" in page.read_text()
    assert results.runs[["state_bytes", "peak_memory"]].isna().all(axis=None), "nobody measured them then"
    assert results.memory.empty


def test_what_determines_a_run_is_stored_under_the_words_of_that_time(folder):
    from bench.runner.store import Store

    store = Store(folder)
    keys = {json.loads(row["key"])["target"] for row, _ in store.rows()}
    store.close()
    assert keys == {1e-6, 1.0}


def test_the_terminal_shows_a_notice_as_one_line():
    command = [sys.executable, "-m", "bench", "tune", str(OLD / "old.toml"), "--search", "luck"]
    done = subprocess.run(command, capture_output=True, text=True)
    note = done.stderr.splitlines()[0]
    assert note.startswith("Note: ")
    assert note.endswith("line 3: target = 1e-06 is read as gap = 1e-06, a distance f - f_opt")
