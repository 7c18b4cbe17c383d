"""What hangs, lingers or leaves something behind costs little, and changes no other run."""

import decimal
import gc
import locale
import os
import random
import signal
import sys
import time
import warnings
from contextlib import suppress

import numpy as np
import pytest

from bench.core import Objective, Oracle, Stop
from bench.core.books import LINGER
from bench.core.oracle import books_of
from bench.core.registry import OPTIMIZERS, find_problem
from bench.core.streams import streams
from bench.results.stored import Results
from bench.runner import execute, processes
from bench.runner.campaign import run_suite
from bench.runner.channel import GARBLED, Garbled
from bench.runner.given_back import Untouched, _umask, given_back
from bench.runner.launch import Launch
from bench.runner.plan import plan
from bench.runner.single import RunRecord, play, sound, unrun
from bench.runner.suite import make_suite

NAMES = ["odd_methods", "evil_methods"]


def run(folder, optimizers, *, problem="odd-bowl", seeds=6, deadline=60.0, **how):
    suite = make_suite([problem], list(optimizers), budget=20, name=folder.name, seeds=seeds, deadline=deadline)
    began = time.monotonic()
    run_suite(suite, folder, Launch(workers=1, imports=NAMES, pictures=False, preload=(), **how))
    return Results(folder).runs, time.monotonic() - began


def bowl():
    return Objective(lambda x: (x * x).sum(-1), 2, f_opt=0.0)


# methods that do not hear of the end


@pytest.mark.parametrize("kind", ["hear-nothing-slowly", "never-return"])
def test_a_method_that_lingers_is_left_with_its_record(tmp_path, kind):
    runs, seconds = run(tmp_path / "t", [f"evil[kind={kind}]"], seeds=2, patience=1.0)
    assert set(runs.status) == {"budget"}
    assert "the method went on after its end, and was left when it had not returned 1 s later" in set(runs.error)
    assert seconds < 30


def test_here_too_a_method_is_left_that_goes_on_asking(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("bench.core.books.perf_counter", lambda: now[0])
    asked = []

    def method(door):
        while True:
            with suppress(BaseException):
                door.value(door.x0)
            asked.append(1)
            now[0] += 1.0

    door = Oracle(bowl(), 3)
    play(door, method, {}, restarts=True)
    assert 3 + LINGER <= len(asked) < 3 + LINGER + 5
    assert books_of(door).late == LINGER


def test_a_question_that_hangs_in_lockstep_is_bounded_by_the_deadline_of_one_lane(tmp_path):
    runs, seconds = run(
        tmp_path / "t", ["evil-lanes"], problem="evil-trap", seeds=32, deadline=1.0, grace=0.5, patience=0.5
    )
    assert set(runs.status) == {"killed"}
    assert set(runs.error) == {"a question had no answer after 1.5 s, which is beyond the deadline"}
    assert seconds < 25  # and not 32 s


def test_a_method_cannot_raise_its_own_budget():
    door = Oracle(bowl(), 20)
    door.__dict__.update(_limit=10**9)
    with pytest.raises(Stop):
        while True:
            door.value(door.x0)
    assert door.counts["value"] == 20
    with pytest.raises(Stop):
        door = Oracle(bowl(), 20)
        door.__dict__.update(_limit=10**9)
        door.value(np.zeros((50, 2)))
    assert door.counts["value"] == 20


# what is the whole process's


def state():
    return (
        os.getcwd(), dict(os.environ), sys.path[:], sys.meta_path[:], warnings.filters[:], np.geterr(),
        locale.setlocale(locale.LC_ALL), decimal.getcontext().prec, np.get_printoptions()["precision"],
        sys.getrecursionlimit(), sys.getswitchinterval(), gc.isenabled(), gc.get_threshold(), sys.stdout,
        signal.getsignal(signal.SIGTERM), signal.pthread_sigmask(signal.SIG_BLOCK, ()), sys.getprofile(),
        signal.getitimer(signal.ITIMER_REAL), random.getstate(), np.random.get_state()[1].tobytes(),
        _umask(),
    )  # fmt: skip


CHANGES = (
    "chdir", "environ", "path", "finders", "locale", "errstate", "warnings", "print-options", "collector",
    "collector-always", "switch-interval", "shallow", "alarm-often", "ignores", "blocks", "seeds", "streams",
    "quiet-profiler", "decimals", "umask",
)  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_what_a_method_changes_is_given_back(kind):
    import evil_methods

    before = state()
    with given_back(), np.errstate(all="ignore"):
        evil_methods.ACTS[kind](Oracle(bowl(), 20))
    assert state() == before


LEFT = ("threads", "replaced-numpy", "replaced-ledger", "few-files")


def test_what_cannot_be_given_back_ends_the_process_and_changes_no_other_run(tmp_path):
    """Two seeds of six are malign."""
    runs, _ = run(tmp_path / "t", ["evil", *(f"evil[kind={kind}]" for kind in LEFT)], patience=2.0, deadline=3.0)
    tame = runs[runs.optimizer == "evil"].set_index("seed")
    for kind in LEFT:
        theirs = runs[runs.optimizer == f"evil[kind={kind}]"].set_index("seed")
        same = (theirs.best == tame.best) & (theirs.status == tame.status)
        assert len(theirs) == 6 and same.sum() >= 4, (kind, theirs[["status", "best"]])


def replaced(untouched):
    """The names of what was replaced."""
    names = []
    for holder, before in untouched._definitions:
        now = vars(holder)
        names += [
            f"{holder}: {name}" for name, value in before.items() if callable(value) and now.get(name) is not value
        ]
    return names


def test_an_ordinary_method_leaves_nothing_behind():
    untouched = Untouched()
    for name in ("random-search", "scipy-nelder-mead", "torch-adam"):
        play(Oracle(bowl(), 20, arrays="torch" if "torch" in name else "numpy"), OPTIMIZERS[name].function, {}, False)
        assert untouched, replaced(untouched)


BEHIND = (
    "replaced-oracle", "replaced-clock", "threads", "hidden-thread", "leak-descriptors", "close-standard", "few-files",
    "helper-unheeded", "hooks", "modes",
)  # fmt: skip


@pytest.mark.parametrize("kind", BEHIND)
def test_what_is_left_behind_is_found(kind):
    """In a copy of this process, which it does not come back from."""
    import evil_methods

    child = os.fork()
    if not child:  # which has no children yet, as a process for runs
        untouched = Untouched()
        was = bool(untouched)
        evil_methods.ACTS[kind](Oracle(bowl(), 20))
        os._exit(0 if was and not untouched else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_memory_that_is_kept_is_found_and_what_was_freed_is_not(monkeypatch):
    """Resident pages: of a large array they are given back when it goes."""
    monkeypatch.setattr("bench.runner.given_back.HELD", 1 << 26)
    gc.collect()
    untouched = Untouched()
    kept = np.ones(1 << 24)  # twice that
    assert not untouched
    del kept
    assert untouched


# records that are none


def test_a_method_that_forges_messages_costs_its_own_run(tmp_path):
    import evil_methods

    runs, _ = run(tmp_path / "t", ["evil[kind=forge-all]"])
    objective = find_problem("odd-bowl").make(1)
    malign = [evil_methods.is_malign(streams(objective, seed, 1).method) for seed in runs.seed]
    assert any(malign) and not all(malign)
    assert runs.error.tolist() == [GARBLED * bad for bad in malign]


def test_records_of_other_kinds_are_told():
    (spec,) = plan(make_suite(["odd-bowl"], ["odd-walk"], budget=9, name="t", seeds=1))
    assert sound(unrun(spec, "killed", "why"))
    good = vars(unrun(spec, "killed", "why"))
    changes = {
        "trajectory": 0.0, "first": "1", "counts": (1,), "status": "glorious", "error": None, "best_x": [1.0],
        "rows": None, "restarts": 0.0, "metrics": "ab", "f_opt": "0", "dim": 2.5, "inside": None,
        "points": np.array(["a"]), "order": "1",
    }  # fmt: skip
    for name, value in changes.items():
        assert not sound(RunRecord(**{**good, name: value})), name
    for forged in ({"first": "1"}, {"unknown": 1}, {1: 2}, 5, "text", [("first", 1.0)]):
        with pytest.raises(Garbled):
            execute._unpacked(spec, forged if not isinstance(forged, dict) else {**good, **forged})
    assert execute._unpacked(spec, {**good, "spec": None}).spec == spec


# a server of processes that is killed


def test_a_server_that_is_killed_while_a_child_begins_is_replaced(tmp_path, monkeypatch):
    from multiprocessing import forkserver

    server, do, kills = forkserver, processes._keeper.do, []

    def do_and_kill(task):
        do(task)
        if len(kills) < 2:
            kills.append(server._forkserver._forkserver_pid)
            os.kill(kills[-1], signal.SIGKILL)

    processes.serve(())
    monkeypatch.setattr(processes._keeper, "do", do_and_kill)
    runs, _ = run(tmp_path / "t", ["odd-walk"], seeds=2)
    assert runs.status.tolist() == ["budget"] * 2
    assert len(kills) == 2 and server._forkserver._forkserver_pid not in kills
