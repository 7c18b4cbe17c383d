"""How children start makes no difference but in seconds."""

import pytest

from bench.results.stored import Results
from bench.runner import processes
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.store import COLUMNS, Store
from bench.runner.suite import make_suite

TIMES = {"inside", "outside", "written", "trajectory", "trajectory_bytes", "peak_memory"}


def records(folder, launch, *suite, **options):
    """Of all runs, seconds aside."""
    run_suite(make_suite(*suite, name=folder.name, **options), folder, launch)
    events = Results(folder).trajectories.drop(columns=["inside", "outside"]).to_numpy().tobytes()
    return [{key: row[key] for key in COLUMNS if key not in TIMES} for row, _ in Store(folder).rows()], events


def test_new_interpreters_give_the_records_of_copies(tmp_path, monkeypatch):
    launch = Launch(workers=2, imports=["odd_methods"])
    suite = (["odd-bowl"], ["odd-walk", "odd-killed", "odd-descent"])
    tables = []
    for method in processes.METHODS:
        monkeypatch.setenv(processes.START, method)
        assert processes.forks() == (method == "forkserver")
        tables.append(records(tmp_path / method, launch, *suite, budget=40, seeds=3))
    assert len(tables[0][0]) == 9
    assert {row["status"] for row in tables[0][0]} == {"budget", "killed"}
    assert tables[0] == tables[1]


def test_a_way_to_start_that_there_is_not_is_refused(monkeypatch):
    monkeypatch.setenv(processes.START, "fork")
    with pytest.raises(ValueError, match="FOGBENCH_START must be forkserver or spawn on this system, got 'fork'"):
        processes.method()
    monkeypatch.setattr(processes.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(ValueError, match="FOGBENCH_START must be spawn on this system, got 'fork'"):
        processes.method()


@pytest.mark.parametrize("system, method", [("linux", "forkserver"), ("darwin", "spawn"), ("win32", "spawn")])
def test_children_are_copies_where_the_system_copies_safely(monkeypatch, system, method):
    monkeypatch.delenv(processes.START, raising=False)
    monkeypatch.setattr(processes.sys, "platform", system)
    assert processes.method() == method
