"""How children start makes no difference but in seconds; nor does what other systems lack."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.results.stored import Results
from bench.runner import processes
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.store import COLUMNS, Store
from bench.runner.suite import make_suite
from bench.runner.systems import DIFFERENCES, differences, table

ROOT = Path(__file__).parents[2]
TIMES = {"inside", "outside", "written", "trajectory", "trajectory_bytes", "peak_memory"}


# what an interpreter on Windows lacks, as far as Python itself can do without it here
WINDOWS = """
import fcntl, os, psutil, resource, select, signal, subprocess, sys, types
def locking(descriptor, mode, size):
    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, size)
sys.modules |= {"fcntl": None, "resource": None, "msvcrt": types.SimpleNamespace(locking=locking, LK_NBLCK=2)}
for module, names in {
    os: "setsid killpg sched_getaffinity getpriority fork O_NOFOLLOW O_NONBLOCK O_CLOEXEC",
    signal: "SIGHUP SIGUSR1 pthread_sigmask setitimer getitimer ITIMER_REAL ITIMER_VIRTUAL ITIMER_PROF",
    select: "poll epoll",
}.items():
    for name in names.split():
        delattr(module, name)
import multiprocessing.popen_fork as popen
popen.signal = types.SimpleNamespace(SIGTERM=15, SIGKILL=9)
del signal.SIGKILL
import bench.runner.orphans as orphans
orphans.LINUX = False
"""
METHODS = """
import os, threading, time
from bench import optimizer

@optimizer(order=0, source="me 2026")
def leaves(oracle):
    oracle.value(oracle.x0)
    os._exit(3)

@optimizer(order=0, source="me 2026")
def sleeps(oracle):
    oracle.value(oracle.x0)
    time.sleep(60)

@optimizer(order=0, source="me 2026")
def tells(oracle, *, thread: bool = False, a: int = 0):
    with open("pids", "a") as file:
        file.write(f"{os.getpid()} ")
    if thread:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    while True:
        oracle.value(oracle.x0)
"""


def records(folder, launch, *suite, **options):
    """Of all runs, seconds aside."""
    run_suite(make_suite(*suite, name=folder.name, **options), folder, launch)
    events = Results(folder).trajectories.drop(columns=["inside", "outside"]).to_numpy().tobytes()
    return [{key: row[key] for key in COLUMNS if key not in TIMES} for row, _ in Store(folder).rows()], events


def test_new_interpreters_give_the_records_of_copies(tmp_path, monkeypatch):
    launch = Launch(workers=2, imports=["odd_methods"], preload=(), pictures=False)
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


def test_a_suite_needs_nothing_that_windows_lacks(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(WINDOWS)
    (tmp_path / "methods.py").write_text(METHODS)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setenv(processes.START, "spawn")
    words = "-p rosenbrock -o random-search -o leaves -o sleeps --budget 9 --seeds 1 --patience 1s --name t --no-report"
    command = [sys.executable, "-m", "bench", "run", *words.split(), "--import", "methods", "--workers", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    runs = Results(tmp_path / "results" / "t").runs
    errors = dict(zip(runs.optimizer, runs.error, strict=True))
    assert errors == {
        "random-search": "",
        "leaves": "the process of the run ended with exit status 3",
        "sleeps": "the method asked nothing for 1 s, which is beyond its patience",
    }


@pytest.mark.parametrize("method", processes.METHODS)
def test_a_process_that_is_as_it_was_does_the_next_job(tmp_path, monkeypatch, method):
    (tmp_path / "methods.py").write_text(METHODS)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(processes.START, method)
    optimizers = [word for setting in ("a=1", "thread=true", "a=2", "a=3") for word in ("-o", f"tells[{setting}]")]
    words = "-p rosenbrock --budget 9 --seeds 1 --workers 1 --name t --no-report --import methods"
    command = [sys.executable, "-m", "bench", "run", *words.split(), *optimizers]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=True)
    pids = (tmp_path / "pids").read_text().split()
    assert [pids.index(pid) for pid in pids] == [0, 0, 2, 2]


def test_what_differs_is_said_where_it_does(monkeypatch):
    assert table() in (ROOT / "SYSTEMS.md").read_text(encoding="utf-8")
    for system, count in (("linux", 0), ("darwin", len(DIFFERENCES)), ("win32", len(DIFFERENCES))):
        monkeypatch.setattr("sys.platform", system)
        assert len(differences()) == count
    assert (
        "the coordinator is killed: a process ends when its coordinator has, and not while it is busy in C"
        in differences()
    )
