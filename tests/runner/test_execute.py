"""Runs in supervised children: whatever happens to them is a row, and the same whatever the number of workers."""

import json
import threading
from contextlib import closing
from multiprocessing import forkserver

import numpy as np
import pytest

from bench.results.stored import Results
from bench.runner import processes
from bench.runner.campaign import run_suite
from bench.runner.execute import Children, supervise
from bench.runner.launch import Launch
from bench.runner.plan import Job, plan
from bench.runner.store import COLUMNS, Store
from bench.runner.suite import make_suite

TIMES = {"inside", "outside", "written", "trajectory", "trajectory_bytes", "peak_memory"}


def run(folder, optimizers, workers=2, limits=None, problems=("odd-bowl",), **options):
    options = {"budget": 60, "name": folder.name, "seeds": 4, **options}
    suite = make_suite(list(problems), list(optimizers), **options)
    run_suite(suite, folder, Launch(workers=workers, imports=["odd_methods"], **(limits or {})))
    return Results(folder)


def test_a_killed_run_is_a_row_and_the_others_of_its_chunk_go_on(tmp_path):
    runs = run(tmp_path / "t", ["odd-killed", "odd-walk"], seeds=8).runs
    mortal = runs[runs.optimizer == "odd-killed"]
    assert len(runs) == 16
    assert set(mortal.status) == {"killed", "budget"}
    assert set(mortal[mortal.status == "killed"].error) == {"the process of the run ended with exit status 9"}
    assert set(runs[runs.optimizer == "odd-walk"].status) == {"budget"}


def test_a_process_that_dies_before_it_has_a_job_costs_no_run(odd):
    """As those that wait do, when their server is killed."""
    job = Job(tuple(plan(make_suite(["odd-bowl"], ["odd-walk"], budget=9, name="t", seeds=2))), False)
    launch, heard = Launch(workers=1, imports=["odd_methods"], preload=()), []
    with closing(Children(launch, lambda optimizer: True)) as children:
        children.prepare()
        waiting = children.take()
        waiting.process.kill()
        waiting.process.join()
        children._ready.put(waiting)
        assert supervise(job, heard.append, launch, threading.Event(), children) == []
    assert [record.status for _, record in heard if record] == ["budget"] * 2


def test_a_run_that_hangs_is_killed_after_its_deadline(tmp_path):
    runs = run(tmp_path / "t", ["odd-sleeper"], seeds=1, deadline=0.2, limits={"grace": 0.5}).runs
    assert list(runs.status) == ["killed"]
    assert "beyond its deadline" in runs.error[0]


def test_a_run_that_outgrows_its_memory_is_killed(tmp_path):
    runs = run(tmp_path / "t", ["odd-glutton"], seeds=1, budget=100_000, limits={"memory": 200 << 20}).runs
    assert list(runs.status) == ["killed"]
    assert "its memory grew by" in runs.error[0]


def test_a_crash_keeps_its_trajectory_and_traceback(tmp_path):
    results = run(tmp_path / "t", ["odd-crash", "odd-exit", "odd-walk"], seeds=1)
    crash, left, walk = results.runs.itertuples()
    assert (crash.status, crash.value) == ("crashed", 3)
    assert crash.error.rstrip().endswith("RuntimeError: lost in the fog")
    assert "in odd_crash" in crash.error
    assert len(results.trajectories[results.trajectories.run == crash.run]) >= 2
    assert left.status == "crashed"
    assert "SystemExit: 3" in left.error
    assert walk.status == "budget"


def test_a_problem_without_a_value_at_its_start_crashes_alone(tmp_path):
    runs = run(tmp_path / "t", ["odd-walk"], problems=["odd-unbuildable", "odd-bowl"], seeds=1).runs
    assert list(runs.status) == ["crashed", "budget"]
    assert "no value here" in runs.error[0]


def test_statuses_of_methods_that_return(tmp_path):
    results = run(tmp_path / "t", ["odd-silent", "odd-quitter"], seeds=1)
    silent, quitter = results.runs.itertuples()
    assert (silent.status, silent.value) == ("returned", 0)
    assert (quitter.status, quitter.value) == ("budget", 60)
    rows = [row for row, _ in Store(tmp_path / "t").rows()]
    assert rows[1]["restarts"] == json.dumps([[n, 0, 0, 0, 0] for n in (10, 20, 30, 40, 50)])


def test_what_methods_print_and_seed_stays_with_them(tmp_path, capfd):
    assert set(run(tmp_path / "t", ["odd-chatter"], seeds=1).runs.status) == {"budget"}
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    run_suite(
        make_suite(["odd-bowl"], ["odd-chatter"], budget=5, name="u"),
        tmp_path / "u",
        Launch(children=False, imports=["odd_methods"]),
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_method_that_finds_no_fit_before_it_asks_is_skipped(tmp_path):
    (row,) = run(tmp_path / "t", ["odd-particular"], seeds=1).runs.itertuples()
    assert (row.status, row.error) == ("skipped", "wants another problem")


def test_records_do_not_depend_on_workers(tmp_path):
    """Bit for bit, seconds aside; also where everything is done in this very process."""
    names = ["odd-walk", "odd-descent", "random-search", "torch-adam", "es-adam", "scipy-bfgs", "nevergrad-DE"]
    tables = []
    for workers in (1, 2, None):
        folder = tmp_path / f"w{workers}"
        suite = make_suite(["odd-bowl[dim=2,3]"], names, budget=60, name="t", seeds=3)
        run_suite(suite, folder, Launch(workers, imports=["odd_methods"], children=workers is not None))
        rows = [{key: row[key] for key in COLUMNS if key not in TIMES} for row, _ in Store(folder).rows()]
        events = Results(folder).trajectories.drop(columns=["inside", "outside"])
        tables.append((rows, events.to_numpy().tobytes()))
    assert len(tables[0][0]) == 2 * 7 * 3
    assert tables[0] == tables[1] == tables[2]


def test_a_batch_of_lanes_that_lacks_one_run_gives_it_as_before(tmp_path):
    import sqlite3

    before = run(tmp_path / "t", ["odd-descent"], seeds=5).runs
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        db.execute("DELETE FROM runs WHERE seed = 3")
    db.close()
    after = run(tmp_path / "t", ["odd-descent"], seeds=5).runs
    measured = ["inside", "outside", "peak_memory"]
    assert after.drop(columns=measured).equals(before.drop(columns=measured))


def test_workers_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match=r"workers must be a whole number >= 1, got 0"):
        run(tmp_path / "t", ["odd-walk"], workers=0)
    assert not (tmp_path / "t").exists()


def test_a_traceback_of_odd_letters_is_stored(tmp_path):
    runs = run(tmp_path / "t", ["odd-letters", "odd-walk"], seeds=1).runs
    assert list(runs.status) == ["crashed", "budget"]
    assert r"\udcff is no character" in runs.error[0]


def test_hanging_runs_of_a_chunk_are_killed_each_after_its_own_deadline(tmp_path):
    import time

    begun = time.monotonic()
    runs = run(tmp_path / "t", ["odd-sleeper"], seeds=3, deadline=0.2, limits={"grace": 0.5}).runs
    assert list(runs.status) == ["killed"] * 3
    assert time.monotonic() - begun < 15


def test_a_server_that_begins_again_has_what_the_one_before_had(monkeypatch):
    """Suites of unlike needs in turn would begin a server each, of seconds, and so does a session of tests. One that
    began where nothing was needed ends too: each of its children would import what a later suite needs."""
    happened = []
    monkeypatch.setattr(processes, "_preloaded", set())
    monkeypatch.setattr(processes._context(), "set_forkserver_preload", happened.append)
    monkeypatch.setattr(processes._keeper, "do", lambda function: None)
    monkeypatch.setattr(processes.multiprocessing, "active_children", list)
    monkeypatch.setattr(forkserver._forkserver, "_stop", lambda: happened.append("ended"))
    for needs in ([], ["json.tool"], ["wave"], ["json"], ["json.tool", "wave"], []):
        processes.serve(needs)
    modules = [each if each == "ended" else each[1:-1] for each in happened]
    assert modules == [[], "ended", ["json", "json.tool"], "ended", ["json", "json.tool", "wave"]]
