"""The stored runs of one folder as frames: metrics, and what is read anew from the file."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from bench.core import registry
from bench.core.ledger import QUESTIONS
from bench.results import stored as module
from bench.results.stored import Results
from bench.runner import PACKAGES
from bench.runner.plan import plan
from bench.runner.single import RunRecord
from bench.runner.store import Store
from bench.runner.suite import make_suite


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three runs: one without metrics, one with two of them, and one that was skipped."""
    registry.load(PACKAGES)
    suite = make_suite(["quadratic[dim=3]"], ["random-search"], budget=10, name="three", seeds=3)
    plain, scored, skipped = specs = plan(suite)
    events = np.zeros((3, len(QUESTIONS) + 3))
    events[:, 0], events[:, -1] = [0, 1, 5], [9.0, 4.0, 1.0]
    metrics = [[0.1, 3.0], [0.7, 2.0], [0.75, np.nan]]
    store = Store(tmp_path_factory.mktemp("results") / "three", create=True)
    store.begin(specs, {"suite": asdict(suite)})
    store.add(RunRecord(plain, "budget", trajectory=events), {})
    names = ("accuracy", "loss")
    store.add(RunRecord(scored, "budget", scored=True, metrics=names, trajectory=np.c_[events, metrics]), {})
    store.add(RunRecord(skipped, "skipped"), {})
    store.close()
    return store.folder


@pytest.mark.parametrize("held", [module.HELD, 0])
def test_metrics_stand_with_their_run_and_events_with_theirs(folder, monkeypatch, held):
    monkeypatch.setattr(module, "HELD", held)
    results = Results(folder)
    assert results.damaged == []
    assert results.runs.metrics.tolist() == ["", '{"accuracy": "0.75", "loss": "nan"}', ""]
    events = results.trajectories
    assert list(events) == ["run", *module.EVENT]
    assert events.run.tolist() == [0, 0, 0, 1, 1, 1]
    assert events.value.tolist() == [0, 1, 5, 0, 1, 5]
    assert events.f.tolist() == [9.0, 4.0, 1.0, 9.0, 4.0, 1.0]
    assert len(results.events([2])) == 0
    pd.testing.assert_frame_equal(results.events([1]), events.tail(3).reset_index(drop=True))
