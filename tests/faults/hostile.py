"""Faults of disks and of input: see `injected`."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from typer.testing import CliRunner

from bench.cli import app
from bench.interchange import imported
from bench.runner.plan import plan
from bench.runner.store import StoreError
from bench.runner.suite import load_suite
from tests.core.test_files import READERS, odd
from tests.faults.injected import Outcome, command, fault, in_process, judge, run_words, stored, wait
from tests.interchange.test_foreign import KINDS

MOST = 2000  # runs that are planned of what nobody meant
SUITE = """title = "Some"
seed = 3
prices = { value = 1, gradient = 3 }
[[group]]
problems = ["rosenbrock[dim=2,3]", "booth"]
optimizers = ["random-search", "torch-adam[lr=[0.1, 0.01]]"]
instances = [1, 2]
seeds = 5
budget = 100
gap = 1e-6
"""
ODD = [
    *("", "-1", "0", "1e400", "nan", "9" * 400, "1_0", "\0", "\udcff", "[", "]]", "{", "'", '"""', "=", "#", "\u202e"),
    *("true", "x" * 10_000, "[" * 200, "../../etc/passwd", "$(id)"),
]


# disks


def limited(number: int) -> Callable[[], None]:
    """Let no file grow beyond so many bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))

    return limit


@fault("the disk is full while runs go on, or while a report is written", 1, 8)
def full(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """Every third on a disk of its own, where this process may have one, else by a limit of the process. The command
    ends in a sentence, and with more room it does the rest; a page is whole, or as it was."""
    outcome, seeds = Outcome(), 12
    whole = in_process(folder / "whole", seeds)
    for number in range(n):
        place = folder / str(number)
        place.mkdir()
        size = int(rng.integers(8, 120)) << 10
        words: list[str] = run_words(seeds)
        page = number % 4 == 3
        if page:  # a report of what is there, over an earlier one
            _ended(place, words)
            words = ["report", "t", "--no-figures"]
            _ended(place, words)
            before = (place / "reports/t/index.html").read_bytes()
        disk = number % 3 == 0 and not page and _mounted(place, size)
        try:
            process = command(place, *words, preexec_fn=None if disk else limited(size))
            output, _ = process.communicate(timeout=120)
            outcome.injected += 1
            outcome.tracebacks += "Traceback" in output
            outcome.notes += [output[-300:]] if "Traceback" in output else []
            outcome.notes += (
                [] if process.returncode in (0, 1, 2) else [f"status {process.returncode}: {output[-300:]}"]
            )
            if page:
                after = (place / "reports/t/index.html").read_bytes()
                outcome.silent += process.returncode == 2 and after != before
                continue
            outcome.notes += [f"no word: {output[-300:]}"] * (process.returncode == 2 and "Error:" not in output)
            if disk:
                subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
            began = time.monotonic()
            _ended(place, words)
            outcome.took(began)
            judge(outcome, place / "results/t", whole)
        finally:
            if disk:
                subprocess.run(["umount", "-l", str(place)], check=True)
    return outcome


def _ended(place: Path, words: list[str]) -> None:
    process = command(place, *words)
    output, _ = process.communicate(timeout=120)
    assert process.returncode in (0, 1), output


def _mounted(place: Path, size: int) -> bool:
    """Whether a small disk could be mounted there."""
    return (
        os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)], capture_output=True
        ).returncode
        == 0
    )


@fault("the folder cannot be written, with runs in a -wal file and no -shm file beside it, or not", 1, 2)
def read_only(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """Through a mount that is read-only, where this process may make one."""
    outcome = Outcome()
    if os.geteuid() != 0:
        return outcome
    for number in range(n):
        place = folder / str(number) / "results"
        place.mkdir(parents=True)
        results = stored(place)
        if number % 2 == 0:  # as a process that was killed leaves it
            program = "import sqlite3, os, sys\ndb = sqlite3.connect(sys.argv[1])\n"
            program += "db.execute('CREATE TABLE more (x)')\ndb.commit()\nos._exit(0)\n"
            subprocess.run([sys.executable, "-c", program, str(results / "runs.db")], check=True)
            (results / "runs.db-shm").unlink()
            assert (results / "runs.db-wal").stat().st_size
        if subprocess.run(["mount", "--bind", str(place), str(place)], capture_output=True).returncode:
            continue
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)
            for words in (["verify", "t"], ["run", "-p", "odd-bowl", "-o", "odd-walk", "--name", "t"]):
                done = _called(place.parent, *words, *(["--no-report"] if words[0] == "run" else []))
                outcome.injected += 1
                outcome.tracebacks += "Traceback" in done
                outcome.notes += [] if ("Error:" in done) == (number % 2 == 0 or words[0] == "run") else [done]
        finally:
            subprocess.run(["umount", str(place)], check=True)
    return outcome


def _called(place: Path, *words: str) -> str:
    process = command(place, *words, *(["--import", "odd_methods"] if words[0] == "run" else []))
    return process.communicate(timeout=120)[0]


@fault("a second command runs into the folder, also with --fresh", 2, 6)
def second(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    outcome, seeds = Outcome(), 20
    whole = in_process(folder / "whole", seeds)
    first = command(folder, *run_words(seeds))
    assert wait(first, (folder / "results/t/runs.db").exists)
    first.send_signal(signal.SIGSTOP)  # so that it is not over before
    for number in range(n):
        process = command(folder, *run_words(seeds, *(["--fresh"] if number % 2 else [])))
        output, _ = process.communicate(timeout=120)
        outcome.injected += 1
        outcome.tracebacks += "Traceback" in output
        outcome.notes += [] if "another process is running into" in output else [output[-300:]]
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=120)
    judge(outcome, folder / "results/t", whole)
    return outcome


# input


def mutated(text: str, rng: np.random.Generator) -> str:
    """With one to three changes: characters, words and lines that are lost, doubled, swapped or others."""
    for _ in range(rng.integers(1, 4)):
        at, end = sorted(rng.integers(0, len(text) + 1, 2))
        end = min(end, at + int(rng.integers(1, 12)))
        lines = text.split("\n")
        line = int(rng.integers(len(lines)))
        other = str(rng.choice(np.array(ODD, dtype=object)))
        text = str(
            [
                text[:at] + text[end:],
                text[:at] + other + text[end:],
                text[:at] + text[at:end] * 3 + text[end:],
                text[:at] + chr(int(rng.choice([0, 7, 27, 34, 39, 91, 93, 955, 8238, 128512]))) + text[at:],
                "\n".join([*lines[:line], *lines[line + 1 :]]),
                "\n".join([*lines[:line], lines[line], *lines[line:]]),
                "\n".join([*lines[line:], *lines[:line]]),
                text[:at],
            ][rng.integers(8)]
        )
        text = text or "x"
    return text


@fault("a suite in TOML is changed at random", 40, 1000)
def toml(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """It is planned, or refused in one sentence."""
    outcome, path = Outcome(), folder / "some.toml"
    for _ in range(n):
        text = mutated(SUITE, rng)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        with outcome.spoken(text[-300:]):
            plan(load_suite(path), "cpu", MOST)
    return outcome


LINES = (
    "run -p rosenbrock[dim=2] -o random-search --budget 10 --seeds 2 --name t --instances 1-3 --no-report",
    "run quick --seeds 2 --workers 2 --within 20min --patience 5s --retry killed",
    "report t", "list optimizers --json", "show rosenbrock", "verify t", "history a b --worse 10%", "check a b",
    "export t --to csv", "import data --name t", "tune quick -o torch-adam[lr=0.1,0.2] --settings 3",
)  # fmt: skip


@fault("a command line is changed at random", 30, 500)
def lines(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """It is understood, or answered by a sentence and exit status 2. Nothing is run."""
    outcome, home = Outcome(), Path.cwd()

    def planned(suite: Any, *_: Any, **__: Any) -> None:
        plan(suite, "cpu", MOST)
        raise ValueError("planned")

    os.chdir(folder)
    try:
        with (
            mock.patch("bench.runner.campaign.run_suite", planned),
            mock.patch("bench.api.say_how_long", lambda *_: None),
            mock.patch("bench.tuning.search.tune", planned),
        ):
            for _ in range(n):
                words = str(rng.choice(np.array(LINES))).split()
                at = int(rng.integers(len(words)))
                words[at] = mutated(words[at], rng)
                words = list(np.roll(words, 1)) if rng.random() < 0.05 else words
                with outcome.spoken(words):
                    done = CliRunner().invoke(app, words)
                    if done.exception is not None and not isinstance(done.exception, SystemExit):
                        raise done.exception
                    if done.exit_code not in (0, 1, 2):
                        outcome.notes.append(f"{words}: {done.exit_code}")
    finally:
        os.chdir(home)
    return outcome


@fault("a file of COCO's or IOHprofiler's data is changed at random", 40, 350)
def data(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """It is imported, or what cannot be is named: these formats have no checksum, so that other numbers may come in."""
    outcome = Outcome()
    for number in range(n):
        place = list(KINDS.values())[number % len(KINDS)](folder / str(number))
        files = sorted(path for path in place.rglob("*") if path.is_file())
        path = files[rng.integers(len(files))]
        path.write_text(mutated(path.read_text(), rng), encoding="utf-8", errors="surrogatepass")
        with outcome.spoken(path):
            imported._read(place)
        shutil.rmtree(place)
    return outcome


@fault("pipes, devices, loops of links, folders, sockets and 10 GB of nothing in the place of files", 12, 30)
def files(folder: Path, n: int, rng: np.random.Generator) -> Outcome:
    """Refused in a sentence, at once."""
    outcome, home = Outcome(), Path.cwd()
    readers = {**READERS, "results": ("", lambda path: _opened(path.parent))}
    cases = [(kind, reader) for kind in ("pipe", "huge", "loop", "folder", "device", "socket") for reader in readers]
    os.chdir(folder)
    try:
        for number in rng.permutation(len(cases))[:n]:
            kind, reader = cases[number]
            suffix, call = readers[reader]
            place = folder / str(number)
            place.mkdir()
            path = odd(place, kind, "runs.db" if reader == "results" else f"IOHprofiler_f1{suffix}")
            with outcome.spoken((kind, reader)):
                call(path)
                outcome.notes.append(f"{kind} is read as {reader}")
    finally:
        os.chdir(home)
    outcome.notes += [f"{outcome.seconds:.1f} s"] * (outcome.seconds > 5)
    return outcome


def _opened(folder: Path) -> None:
    from contextlib import closing

    from bench.runner.store import Store

    with closing(Store(folder)) as store:
        store.hashes()
    raise StoreError("it is read")
