"""Faults that are injected into runs, stored results and input, and what becomes of them.

Each is a function of (folder, number, generator) in FAULTS: it injects as many faults as it is told to, or as there are
kinds of, and gives an `Outcome`. tests/faults/test_table.py injects a few of each, `make faults` many.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import psutil

from bench.core.streams import streams
from bench.report.page import write_report
from bench.results.records import records
from bench.results.stored import Results
from bench.results.verify import verify
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch, Watcher
from bench.runner.store import StoreError
from bench.runner.suite import make_suite

MODULES = Path(__file__).parents[1] / "modules"
NAMES = ["odd_methods", "evil_methods"]
PATIENCE = 60.0  # seconds for what takes one or two, on a busy machine
QUICK = Launch(workers=2, imports=NAMES, pictures=False, preload=(), patience=1.5, memory=400 << 20, grace=2.0)
# the command as users give it, but for modules that are imported early so that others need not wait
COMMAND = """
from bench.runner.launch import Launch
usual = Launch.__init__
Launch.__init__ = lambda self, **how: usual(self, **{"preload": (), **how})
from bench.cli import main
main()
"""


@dataclass
class Outcome:
    """What became of it. lost: runs that are not there in the end, though they were stored or planned. doubled: runs
    that are there twice. silent: other numbers, of which nothing is said. tracebacks: errors of Python in place of a
    sentence. seconds: the longest until nothing of it was left and the results could be read. notes: what failed.
    """

    injected: int = 0
    lost: int = 0
    doubled: int = 0
    silent: int = 0
    tracebacks: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether all went well."""
        return not (self.lost or self.doubled or self.silent or self.tracebacks or self.notes)

    def took(self, began: float) -> None:
        """Write down the seconds since `time.monotonic()` was so much."""
        self.seconds = max(self.seconds, time.monotonic() - began)

    @contextlib.contextmanager
    def spoken(self, what: object, allowed: tuple[type[Exception], ...] = (ValueError, OSError)):
        """Another fault, which ends well or in a sentence, in time."""
        self.injected += 1
        began = time.monotonic()
        try:
            yield
        except allowed as error:
            if "\n" in str(error).strip() or not str(error):
                self.notes.append(f"{what}: no sentence: {error!r}")
        except Exception as error:
            self.tracebacks += 1
            self.notes.append(f"{what}: {error!r}"[:500])
        self.took(began)


@dataclass(frozen=True)
class Fault:
    """small, large: how many are injected by `make test` and by `make faults`."""

    inject: Callable[[Path, int, np.random.Generator], Outcome]
    small: int
    large: int


FAULTS: dict[str, Fault] = {}


def fault(name: str, small: int, large: int) -> Callable[[Any], Any]:
    """Register a fault under the name that the table has."""

    def register(inject: Any) -> Any:
        FAULTS[name] = Fault(inject, small, large)
        return inject

    return register


# what was stored, and what should be


def recorded(folder: Path) -> dict[tuple[str, str, int], bytes]:
    """What each run did, seconds aside, by problem, optimizer and seed."""
    results = Results(folder)
    names = results.runs[["problem", "optimizer", "seed"]].itertuples(index=False, name=None)
    return dict(zip(names, records(results, range(len(results.runs))), strict=True))


def checksums(folder: Path) -> dict[str, str]:
    """Of all stored runs, by hash."""
    with contextlib.closing(sqlite3.connect(folder / "runs.db", timeout=30)) as db:
        return dict(db.execute("SELECT hash, checksum FROM runs"))


def judge(outcome: Outcome, folder: Path, whole: dict[tuple[str, str, int], bytes]) -> None:
    """Compare what is stored with what should be."""
    there = recorded(folder)
    with contextlib.closing(sqlite3.connect(folder / "runs.db")) as db:
        ((doubled,),) = db.execute("SELECT count(*) - count(DISTINCT key) FROM runs").fetchall()
    outcome.lost += len(whole.keys() - there.keys())
    outcome.doubled += doubled
    differ = [key for key in whole.keys() & there.keys() if whole[key] != there[key]]
    outcome.silent += len(differ)
    outcome.notes += [f"{key} differs" for key in differ[:3]]
    outcome.notes += verify(folder).faults


# processes


def command(folder: Path, *words: str, **options: Any) -> subprocess.Popen:
    """`python -m bench` in a folder, in a process of its own, with the odd and the evil methods at hand."""
    paths = (str(MODULES), str(MODULES.parents[1]))
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **options.pop("env", {})},
        start_new_session=True,
        **options,
    )


def run_words(seeds: int, *more: str) -> list[str]:
    """A command of some seconds: runs that take 20 ms alone, and some in lockstep."""
    words = (
        "run -p evil-bowl[milliseconds=2,dim=3] -p odd-bowl -o odd-walk -o evil-lanes --budget 10 --workers 2 --name t"
    )
    return [*words.split(), "--seeds", str(seeds), "--no-report", "--import", NAMES[0], "--import", NAMES[1], *more]


def in_process(folder: Path, seeds: int) -> dict[tuple[str, str, int], bytes]:
    """What the runs of `run_words` do where nothing happens."""
    problems = ["evil-bowl[milliseconds=2,dim=3]", "odd-bowl"]
    suite = make_suite(problems, ["odd-walk", "evil-lanes"], budget=10, name="t", seeds=seeds)
    with mock.patch("time.sleep"):
        run_suite(suite, folder, Launch(children=False, pictures=False))
    return recorded(folder)


def descendants(pid: int) -> set[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return set()


def gone(outcome: Outcome, pids: Iterable[int], seconds: float = 20) -> None:
    """Wait until these processes have ended; those that do not are noted and ended."""
    limit = time.monotonic() + seconds
    while alive := [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]:
        if time.monotonic() > limit:
            outcome.notes.append(f"{len(alive)} processes are still there after {seconds} s")
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)


def wait(process: subprocess.Popen, until: Callable[[], bool]) -> bool:
    """Wait until something is so; False where the process ended before."""
    limit = time.monotonic() + PATIENCE
    while not until():
        if process.poll() is not None:
            return False
        assert time.monotonic() < limit, "nothing happens"
        time.sleep(0.01)
    return True


@fault("the coordinator is killed (SIGKILL) at any time, and the same command given again", 2, 30)
def kills(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """Again and again into one folder until all is there, and then into a new one."""
    outcome, seeds, number = Outcome(), 20 + 4 * n, 0
    whole = in_process(folder / "whole", seeds)
    while outcome.injected < n or number == 0:
        place, number = folder / str(number), number + 1
        place.mkdir()
        results, before = place / "results" / "t", {}
        while True:
            process = command(place, *run_words(seeds))
            begun = wait(process, lambda results=results: (results / "runs.db").exists())
            if outcome.injected < n and begun:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(rng.uniform(0.0, 2.0))
            if outcome.injected == n or process.poll() is not None:
                break
            theirs = descendants(process.pid)
            process.kill()
            began = time.monotonic()
            process.communicate()
            gone(outcome, theirs)
            after = checksums(results) if outcome.injected or begun else {}
            outcome.took(began)
            outcome.injected += 1
            outcome.lost += len(before.keys() - after.keys())
            outcome.silent += sum(after.get(hash, digest) != digest for hash, digest in before.items())
            before = after
        output, _ = process.communicate()
        outcome.notes += [] if process.returncode in (0, 1) else [output[-300:]]
        outcome.tracebacks += "Traceback" in output
        judge(outcome, results, whole)
    return outcome


SIGNALS = [("SIGKILL", 1, -9), ("SIGTERM", 1, 143), ("SIGINT", 3, 130), ("SIGHUP", 1, 129), ("SIGINT", 1, 130)]


@fault("SIGKILL, SIGTERM, SIGHUP, Ctrl-C once and thrice, while a method holds the interpreter in C", 3, 5)
def signals(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """Its helpers in sessions of their own end, too; who waits for the command's output waits for nobody else."""
    outcome = Outcome()
    words = ["run", "-p", "odd-bowl", "-o", "odd-master", "--seeds", "1", "--budget", "9", "--workers", "1"]
    for number, (name, times, status) in enumerate(SIGNALS[:n]):
        place = folder / str(number)
        place.mkdir()
        process = command(
            place,
            *(*words, "--name", "t", "--import", NAMES[0], "--no-report"),
            env={"ODD_PIDS": str(place / "pids")},
            # a job in the background hears of no SIGINT, one under nohup of no SIGHUP
            preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
        )
        assert wait(process, (place / "pids.hangs").exists), process.communicate()[0]
        pids = {*descendants(process.pid), *map(int, (place / "pids").read_text().split())}
        assert len(pids) >= 5  # server, tracker, run and two helpers
        began = time.monotonic()
        for _ in range(times):
            process.send_signal(getattr(signal, name))
            time.sleep(0.02)
        try:
            output, _ = process.communicate(timeout=20)
        finally:
            process.kill()
            gone(outcome, pids)
        outcome.took(began)
        outcome.injected += 1
        outcome.tracebacks += "Traceback" in output
        right = process.returncode == status and ("Stopped. What was done is stored" in output) == (name != "SIGKILL")
        outcome.notes += [] if right else [f"{name}: {process.returncode}, {output}"]
    return outcome


class _Killer(Watcher):
    """Kills processes of runs, and their server, while runs go on."""

    def __init__(self, n: int, rng: np.random.Generator):
        self.rest, self.rng = n, rng

    def began(self, spec: Any) -> None:
        if not self.rest or self.rng.random() < 0.7:
            return
        server: Any = forkserver
        pid = server._forkserver._forkserver_pid
        pids = sorted(descendants(pid))
        targets = [pid] if self.rest % 3 == 0 else pids[: 1 + self.rest % 2]
        for target in targets:
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)
        self.rest -= 1


@fault("processes of runs, two at once, and the server they are forked from are killed (SIGKILL)", 3, 30)
def children(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """What was under way is a row that says so, and the same again with --retry killed."""
    from dataclasses import replace

    outcome = Outcome()
    problems = ["evil-bowl[milliseconds=2,dim=3]", "odd-bowl"]
    suite = make_suite(problems, ["odd-walk", "evil-lanes"], budget=10, name="t", seeds=8 + 10 * n)
    whole_folder, folder = folder / "whole", folder / "t"
    with mock.patch("time.sleep"):
        run_suite(suite, whole_folder, Launch(children=False, pictures=False))
    whole = recorded(whole_folder)
    killer = _Killer(n, rng)
    campaign = run_suite(suite, folder, replace(QUICK, watcher=killer))
    outcome.injected = n - killer.rest
    outcome.lost += campaign.planned - len(recorded(folder))
    began = time.monotonic()
    while run_suite(suite, folder, replace(QUICK, retry=["killed"])).statuses["killed"]:
        outcome.notes.append("killed though nobody kills")
    outcome.took(began)
    judge(outcome, folder, whole)
    return outcome


@fault(
    "one method of two, of every kind of malice (fork, abort, deadlock, descriptors, memory, switches, ...)", 12, 120
)
def evil_methods(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """Some seeds of each kind do what its name says, the others must be as those of a method without malice."""
    import evil_methods as evil

    outcome = Outcome()
    kinds = list(evil.ACTS)
    if n < len(kinds):  # those that hang cost their patience
        kinds = [kinds[place] for place in rng.choice(len(kinds), n, replace=False) if kinds[place] not in evil.HANGS]
        kinds += [evil.HANGS[rng.integers(len(evil.HANGS) - 2)]]  # the last two cost ten seconds
    suite = make_suite(
        ["odd-bowl"], ["evil", *(f"evil[kind={kind}]" for kind in kinds)], budget=20, name="t", seeds=6, deadline=5.0
    )
    began = time.monotonic()
    run_suite(suite, folder / "t", QUICK)
    outcome.took(began)
    results = Results(folder / "t")
    rows = dict(zip(results.runs[["optimizer", "seed"]].itertuples(index=False, name=None), range(10**6), strict=False))
    bits = records(results, range(len(results.runs)))
    objective = evil_objective()
    for kind in kinds:
        for seed in range(6):
            name = f"evil[kind={kind}]"
            if (name, seed) not in rows:
                outcome.lost += 1
                outcome.notes.append(f"{name}, seed {seed} is lost")
            elif evil.is_malign(streams(objective, seed, suite.seed).method):
                outcome.injected += 1
            elif bits[rows[name, seed]] != bits[rows["evil", seed]]:
                outcome.silent += 1
                ends = results.runs.loc[rows[name, seed], ["status", "error", "best", "value"]].tolist()
                outcome.notes.append(f"{name}, seed {seed}, differs: {ends}"[:300])
    outcome.notes += verify(folder / "t").faults
    return outcome


def evil_objective() -> Any:
    """The problem of `evil_methods`."""
    from bench.core import registry

    return registry.find_problem("odd-bowl").make(1)


@fault(
    "problems of every kind of malice (no numbers, errors, spoilt points, wrong starts, bounds, gradients, ...)", 8, 60
)
def evil_problems(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """Each is a refusal in a sentence, or rows that say what happened, beside those of a problem that is sound."""
    import evil_methods as evil

    outcome = Outcome()
    sound: Any = None
    kinds = [list(evil.WRONG)[place] for place in rng.permutation(len(evil.WRONG))[:n]]
    for number, kind in enumerate(kinds):
        suite = make_suite(
            ["odd-bowl", f"evil-problem[kind={kind}]"], ["odd-walk"], budget=12, name="t", seeds=1, deadline=60.0
        )
        place = folder / str(number)
        with outcome.spoken(kind):
            with contextlib.redirect_stdout(None), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                home = os.getcwd()
                try:
                    run_suite(suite, place, Launch(children=False, pictures=False))
                finally:
                    moved, _ = os.getcwd() != home, os.chdir(home)
            outcome.notes += [f"{kind}: the folder has changed"] * moved
            results = Results(place)
            str(results)
            outcome.lost += 2 - len(results.runs)
            bits = records(results, [0])
            sound = sound or bits
            outcome.silent += bits != sound
            theirs = results.runs.iloc[1]
            if theirs.best < 0 and not theirs.error:
                outcome.silent += 1
                outcome.notes.append(f"{kind}: a value of {theirs.best} without a word")
            outcome.notes += verify(place).faults
        with outcome.spoken(f"page of {kind}"):
            outcome.injected -= 1
            if number % 20 == 0 and (place / "runs.db").exists():
                write_report(Results(place), place / "report", figures=False)
    return outcome


# stored results


def numbers(folder: Path) -> Any:
    """All that the measures of a report are made of, and whether damage is said of it; None where it is refused."""
    try:
        results = Results(folder)
    except StoreError:
        return None
    names = results.runs.drop(columns="run").to_csv().splitlines()
    parts = {line.split(",", 1)[1] for line in names}
    columns = [column for column in results.trajectories.columns if column != "run"]
    values = results.trajectories[columns].to_numpy(dtype=float)
    run = results.trajectories.run.to_numpy()
    events = [values[run == number].tobytes() for number in np.unique(run)]
    pictures = [grid["f"].tobytes() for grid in results.grids]
    costs = [results.prices, {key: text for key, text in results.manifest.items() if key != "updated"}]
    return parts, sorted(events), pictures, repr(costs), bool(results.missing or results.damaged)


def stored(folder: Path) -> Path:
    """A folder with six runs and a picture, whose file holds all of it."""
    suite = make_suite(["odd-bowl"], ["odd-walk", "odd-descent"], budget=30, name="t", seeds=3)
    run_suite(suite, folder / "t", Launch(children=False, pictures=True))
    with contextlib.closing(sqlite3.connect(folder / "t" / "runs.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / "t"


def altered(folder: Path, versions: Iterable[tuple[object, bytes]]) -> Outcome:
    """Put these in the place of runs.db, one after the other: what is read is as it was, or something is said of it,
    by `verify` as by what reads it. And the same command then gives all runs that are missing or damaged again."""
    outcome, path = Outcome(), folder / "runs.db"
    whole, before = path.read_bytes(), numbers(folder)
    for what, content in versions:
        path.write_bytes(content)
        with outcome.spoken(what):
            after = numbers(folder)
            try:
                faults = verify(folder).faults
            except StoreError:
                faults = ["refused"]
            if (after is None or after[-1]) and not faults:
                outcome.notes.append(f"verify is silent on {what}")
            if after is not None and not after[-1] and after != before:
                outcome.silent += 1
                outcome.notes.append(f"{what} is silent")
    path.write_bytes(whole)
    return outcome


def places(folder: Path, tables: Sequence[str] = ()) -> Sequence[int]:
    """The bytes of runs.db that hold some tables, or all of it."""
    if not tables:
        return range((folder / "runs.db").stat().st_size)
    with contextlib.closing(sqlite3.connect(folder / "runs.db")) as db:
        marks = ", ".join("?" * len(tables))
        pages = db.execute(f"SELECT pgoffset, pgsize FROM dbstat WHERE name IN ({marks})", tables).fetchall()
    return [offset + byte for offset, size in pages for byte in range(size)]


def flipped(folder: Path, n: int, rng: np.random.Generator, tables: Sequence[str] = ()) -> Outcome:
    """Single bits."""
    whole = (folder / "runs.db").read_bytes()

    def versions() -> Iterable[tuple[object, bytes]]:
        for offset in rng.choice(np.array(places(folder, tables)), n):
            content = bytearray(whole)
            content[offset] ^= 1 << rng.integers(8)
            yield f"byte {offset}", bytes(content)

    return altered(folder, versions())


@fault("a bit of runs.db is flipped", 15, 500)
def flips(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    return flipped(stored(folder), n, rng)


@fault("a bit of the plan or the manifest is flipped", 15, 100)
def flips_of_plan(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    return flipped(
        stored(folder), n, rng, ("plan", "manifest", "sqlite_autoindex_plan_1", "sqlite_autoindex_manifest_1")
    )


@fault("a page of runs.db is zeros", 10, 60)
def zeros(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    folder = stored(folder)
    whole, page = (folder / "runs.db").read_bytes(), 4096
    begins = rng.permutation(range(0, len(whole), page))[:n]
    return altered(folder, ((f"page at {b}", whole[:b] + bytes(page) + whole[b + page :]) for b in begins))


@fault("runs.db is cut short", 10, 100)
def cuts(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    folder = stored(folder)
    whole = (folder / "runs.db").read_bytes()
    return altered(folder, ((f"cut at {end}", whole[:end]) for end in rng.integers(0, len(whole), n)))


STATEMENTS = (
    "DELETE FROM runs", "DELETE FROM runs WHERE seed = 1", "DELETE FROM runs WHERE id = 2", "DELETE FROM plan",
    "DELETE FROM plan WHERE position = 2", "DELETE FROM manifest", "DELETE FROM manifest WHERE key = 'suite'",
    "DELETE FROM manifest WHERE key = 'plan'", "DELETE FROM manifest WHERE key = 'entries'",
    "UPDATE runs SET best = best / 2", "UPDATE runs SET status = 'target' WHERE seed = 1",
    "UPDATE runs SET seed = seed + 1000 WHERE seed = 1", "UPDATE runs SET trajectory = NULL",
    "UPDATE runs SET trajectory = (SELECT trajectory FROM runs WHERE id = 1)",
    "UPDATE runs SET best_x = zeroblob(16)", "UPDATE runs SET counts = '{}'", "UPDATE runs SET checksum = ''",
    "UPDATE runs SET optimizer = 'odd-walk'", "UPDATE runs SET written = 'now'",
    "UPDATE manifest SET value = replace(value, '3', '4')", "UPDATE plan SET position = 10 - position",
    "INSERT INTO plan VALUES (99, 'nothing')", "INSERT INTO manifest VALUES ('more', '1', '')",
    "UPDATE grids SET f = zeroblob(8 * 81 * 81)", "UPDATE grids SET low = '[0, 0]'", "DROP TABLE runs",
    "DROP TABLE plan", "DROP TABLE manifest", "DROP TABLE grids", "DROP INDEX by_hash", "PRAGMA user_version=99",
    "PRAGMA user_version=0",
    "INSERT INTO runs SELECT id + 100, 'x' || hash, key, problem, parameters, family, problem_order, scored, dim, "
    "instance, optimizer, hyperparameters, optimizer_order, seed, budget, device, status, error, f_opt, first, best, "
    "final, rows, counts, inside, outside, lanes, restarts, best_x, trajectory, trajectory_bytes, points, versions, "
    "written, checksum, code, state_bytes, peak_memory, failed_values FROM runs",
)  # fmt: skip


@fault("rows and tables of runs.db are deleted, edited, added, dropped", 12, 33)
def statements(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    folder = stored(folder)
    path, copy = folder / "runs.db", folder / "copy.db"

    def versions() -> Iterable[tuple[object, bytes]]:
        for place in rng.permutation(len(STATEMENTS))[:n]:
            shutil.copy(path, copy)
            with contextlib.closing(sqlite3.connect(copy)) as db:
                db.execute("PRAGMA journal_mode=DELETE")
                with db:
                    db.execute(STATEMENTS[place])
            yield STATEMENTS[place][:60], copy.read_bytes()

    whole = path.read_bytes()
    shutil.copy(path, copy)
    changed = []
    for what, content in versions():
        changed.append((what, content))
        path.write_bytes(whole)
    return altered(folder, changed)
