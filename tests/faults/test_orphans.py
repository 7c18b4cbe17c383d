"""Nothing outlives the one that started it, and who stops a command gets its own exit status."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.results.stored import Results
from bench.runner import orphans
from bench.runner.campaign import run_suite
from bench.runner.channel import BEGIN, GARBLED, HEADER, LONGEST, Garbled, Receiver, Sender
from bench.runner.execute import Child
from bench.runner.launch import Launch
from bench.runner.plan import plan
from bench.runner.pulse import Pulse
from bench.runner.suite import make_suite

SECONDS = 20  # in which all must be gone, on a busy machine; a second on a quiet one


def run(folder, optimizers, *, problem="odd-bowl", seeds=2, budget=20, deadline=600.0, **how):
    suite = make_suite([problem], list(optimizers), budget=budget, name=folder.name, seeds=seeds, deadline=deadline)
    run_suite(suite, folder, Launch(workers=1, imports=["odd_methods"], pictures=False, preload=(), **how))
    return Results(folder).runs


def gone(pids, seconds=SECONDS) -> bool:
    """Whether all these processes end in time."""
    limit = time.monotonic() + seconds
    while alive := [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]:
        if time.monotonic() > limit:
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.05)
    return True


def pids_in(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()]


def test_what_is_ignored_stays_ignored(tmp_path):
    program = (
        "import signal, time\nfrom bench.cli.stopping import stoppable\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "def command():\n    signal.raise_signal(signal.SIGHUP)\n    print('on')\n"
        "    signal.raise_signal(signal.SIGTERM)\n"
        "stoppable(command)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("on\n", 143)


AGAIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the caller of the tests ignores
from bench.cli import stopping
def command():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        signal.raise_signal(signal.SIGTERM)
        print("kept", flush=True)
        stopping.PATIENCE = -1.0
        signal.raise_signal(signal.SIGINT)
        print("for ever")
stopping.stoppable(command)
"""


def test_a_second_signal_disturbs_no_cleaning_up_and_ends_one_that_takes_too_long():
    done = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("kept\n", "", 130)


CLOSED = """
import os, signal, sys
from bench.cli.stopping import stoppable
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever the caller of the tests ignores
def command():
    try:
        print("begun", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        open(sys.argv[1], "w").close()
stoppable(command)
"""


def test_what_is_said_to_a_terminal_that_was_closed_is_no_error(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", CLOSED, str(tmp_path / "kept")], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    assert os.read(ours, 5) == b"begun"
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 129
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize("end", ["return", "die"])
def test_helpers_end_with_the_process_of_their_run(tmp_path, monkeypatch, end):
    from multiprocessing import forkserver

    monkeypatch.setenv("ODD_PIDS", str(tmp_path / "pids"))
    server: Any = forkserver
    server._forkserver._stop()  # one with this environment
    runs = run(tmp_path / "t", [f"odd-master[end={end}]", "odd-walk"], seeds=1)
    assert runs.status.tolist() == [{"return": "budget", "die": "killed"}[end], "budget"]
    pids = pids_in(tmp_path / "pids")
    assert len(pids) >= 3
    assert gone(pids, 1)
    server._forkserver._stop()


def forked(child):
    """A process that forks another one, which does what is said, with a pipe and the number of the first; what comes
    through the pipe, and the first, which waits to be ended."""
    ours, theirs = os.pipe()
    if not (first := os.fork()):
        parent = os.getpid()
        if not os.fork():
            child(theirs, parent)
            os._exit(0)
        time.sleep(2 * SECONDS)
        os._exit(0)
    os.close(theirs)
    return ours, first


@pytest.mark.skipif(not orphans.LINUX, reason="the kernel ends them on Linux alone")
def test_a_process_for_runs_ends_with_the_one_that_made_it_whatever_it_does():
    """Also where it holds the interpreter, and reads no pipe: the kernel ends it. Its session is its own."""

    def child(pipe, parent):
        orphans.begin_run()
        os.write(pipe, f"{os.getpid()} {os.getsid(0)}".encode())
        time.sleep(2 * SECONDS)

    ours, first = forked(child)
    pid, session = map(int, os.read(ours, 99).split())
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    os.close(ours)
    assert gone([pid], 5)
    assert session == pid


@pytest.mark.skipif(not orphans.LINUX, reason="the kernel ends them on Linux alone")
def test_a_process_whose_parent_is_gone_before_it_asks_ends_at_once():
    """Of which the kernel tells nobody any more."""

    def child(pipe, parent):
        os.write(pipe, b"begun")
        while os.getppid() == parent:
            time.sleep(0.01)
        orphans.die_with(parent, "SIGKILL")
        os.write(pipe, b"it goes on")

    ours, first = forked(child)
    assert os.read(ours, 99) == b"begun"
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    assert os.read(ours, 99) == b""
    os.close(ours)


def test_a_method_that_writes_into_every_descriptor_costs_its_own_run(tmp_path):
    runs = run(tmp_path / "t", ["odd-scribbler", "odd-walk"], seeds=8)
    theirs = runs[runs.optimizer == "odd-scribbler"]
    assert set(theirs.status) == {"killed", "budget"}
    assert set(theirs.error) == {"", GARBLED}
    assert set(runs[runs.optimizer == "odd-walk"].status) == {"budget"}
    assert len(runs) == 16


def test_a_process_for_runs_lets_go_of_the_pipes_of_others():
    """Into which a method might write: the server ends when its own is written to."""
    from multiprocessing import forkserver, resource_tracker

    if not (child := os.fork()):
        holders: Any = (forkserver._forkserver, resource_tracker._resource_tracker)
        pipes = os.pipe()
        holders[0]._forkserver_alive_fd, holders[1]._fd = pipes
        orphans.begin_run()
        for descriptor in pipes:
            with contextlib.suppress(OSError):
                os.fstat(descriptor)
                os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def messages(sent: bytes, *whole: Any) -> Any:
    """What is received of some messages and the bytes after them; the end of it as an exception."""
    reader, writer = multiprocessing.Pipe(duplex=False)
    with reader:
        with writer:
            for message in whole:
                Sender(writer).send(message)
            os.write(writer.fileno(), sent)
        receiver, received = Receiver(reader), []
        try:
            while True:
                received += receiver.receive(0.0)
        except (Garbled, EOFError) as error:
            return received, type(error)


def test_what_is_no_message_is_told_after_those_that_are():
    packed = pickle.dumps(("c",))
    good = HEADER.pack(BEGIN, len(packed), zlib.crc32(packed)) + packed
    assert messages(good, "a", "b") == (["a", "b", "c"], EOFError)
    assert messages(good[:-1], "a") == (["a"], EOFError)  # it was killed while it sent this
    for bad in (
        good.replace(b"c\x94", b"d\x94"), good.replace(BEGIN, BEGIN[::-1]), b"?" * 99,
        HEADER.pack(BEGIN, LONGEST + 1, 0), HEADER.pack(BEGIN, 3, zlib.crc32(b"???")) + b"???",
    ):  # fmt: skip
        assert messages(bad, "a") == (["a"], Garbled)


@pytest.mark.parametrize("optimizer", ["odd-sleeper", "odd-thinker", "odd-dreamer"])
def test_a_method_that_asks_nothing_is_ended_after_its_patience(tmp_path, optimizer):
    begun = time.monotonic()
    runs = run(tmp_path / "t", [optimizer], patience=0.5)
    assert time.monotonic() - begun < 40
    assert runs.status.tolist() == ["killed"] * 2
    assert set(runs.error) == {"the method asked nothing for 0.5 s, which is beyond its patience"}


def test_the_server_outlives_the_thread_in_which_it_was_asked_for(tmp_path):
    """The kernel takes a process whose thread has ended for one that has lost its parent."""
    from multiprocessing import forkserver

    server: Any = forkserver
    server._forkserver._stop()
    thread = threading.Thread(target=run, args=(tmp_path / "t", ["odd-walk"]), kwargs={"seeds": 1})
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert psutil.Process(server._forkserver._forkserver_pid).status() != psutil.STATUS_ZOMBIE


def test_a_question_that_takes_longer_is_waited_for(tmp_path):
    runs = run(tmp_path / "t", ["odd-walk"], problem="odd-ponderous", seeds=1, budget=1, patience=1.5)
    assert runs.status.tolist() == ["budget"]


def test_patience_follows_from_what_questions_take():
    (spec,) = plan(make_suite(["odd-bowl"], ["odd-walk"], budget=9, name="t", seeds=1, deadline=5.0))

    def why(asking, since, longest):
        now = time.monotonic()
        pulse = Pulse(asking, since, longest)
        nobody: Any = None
        return Child(nobody, nobody, nobody, undone={"": spec}, last=now, pulse=pulse, felt=now)._hangs(
            Launch(patience=1.0, grace=1.0)
        )

    assert why(False, 0.5, 0.0) == why(False, 1.5, 0.2) == why(True, 5.5, 0.0) == why(True, 7.0, 1.0) == ""
    assert "asked nothing for 1 s" in why(False, 1.5, 0.0)
    assert "asked nothing for 2 s" in why(False, 2.5, 0.2)
    assert "no answer after 6 s" in why(True, 7.0, 0.0)
    assert "no answer after 11 s" in why(True, 12.0, 1.0)


def test_patience_is_positive():
    with pytest.raises(ValueError, match="patience must be seconds above 0, got 0"):
        Launch(patience=0)
