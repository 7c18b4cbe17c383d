"""No process outlives the one that started it: the kernel ends the server when the coordinator is gone, the server ends
the processes of runs, and what those leave behind, their helpers, is ended with them.

The kernel does so on Linux alone (prctl(2)). Elsewhere a process of a run ends as soon as its pipe has no reader, which
one that is busy in C does not notice, and its helpers end with its process group.
"""

import ctypes
import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Set
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any

from bench.core.packages import ROOT

DEATH_SIGNAL, SUBREAPER = 1, 36  # linux/prctl.h: PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER
COORDINATOR = "FOGBENCH_COORDINATOR"  # environment variable: the process that a server belongs to, and
SEARCHED, SAFE = "PYTHONPATH", "PYTHONSAFEPATH"  # what these were there
PASSES = 100  # over the children of a process: those of its children become its own, as these end
LINUX = sys.platform == "linux"
server = 0  # the process that made those of runs, which are to end with it; known there, and in them


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):  # a C library without it
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3)


def die_with(parent: int, name: str) -> None:
    """Get the signal of this name when the parent ends; at once where it is gone already, which the kernel would not
    notice. The parent is the thread that made this process: one that lives as long as its process."""
    if LINUX:
        _prctl(DEATH_SIGNAL, getattr(signal, name))
        if os.getppid() != parent:
            os.kill(os.getpid(), getattr(signal, name))


class Keeper:
    """A thread that lives as long as this process, and makes the server: the kernel takes a process whose thread has
    ended for one that has lost its parent."""

    def __init__(self) -> None:
        self._forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._asked: SimpleQueue[tuple[Callable[[], None], Future[None]]] | None = None

    def do(self, task: Callable[[], None]) -> None:
        """Do it there, and wait for it."""
        if self._asked is None:
            self._asked = SimpleQueue()
            threading.Thread(target=self._keep, args=(self._asked,), daemon=True).start()
        done: Future[None] = Future()
        self._asked.put((task, done))
        done.result()

    def _keep(self, asked: "SimpleQueue[tuple[Callable[[], None], Future[None]]]") -> None:
        while True:
            task, done = asked.get()
            try:
                done.set_result(task())
            except BaseException as error:
                done.set_exception(error)


def adopt() -> None:
    """Become the parent of every descendant that loses its own."""
    if LINUX:
        _prctl(SUBREAPER, 1)


def of_coordinator() -> dict[str, str]:
    """Variables of the environment in which a server begins, or an interpreter for a run: where it belongs; and that it
    finds `bench` where it lies, and other modules where this process does, and none in the folder where it begins.
    `serve` and `join` set them back."""
    before = {name: os.environ.get(name) for name in (SEARCHED, SAFE)}
    searched = os.pathsep.join(os.path.abspath(folder) for folder in (str(ROOT), *sys.path))
    return {COORDINATOR: json.dumps([os.getpid(), before]), SEARCHED: searched, SAFE: "1"}


def _belongs_to() -> int:
    """The coordinator's number, 0 where nobody says; and the environment as it was there."""
    parent, before = json.loads(os.environ.pop(COORDINATOR, "[0, {}]"))
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return parent


def serve() -> None:
    """In the server, before it imports what takes long: end with the coordinator."""
    global server
    server = os.getpid()
    if parent := _belongs_to():
        die_with(parent, "SIGKILL")


def join() -> None:
    """In an interpreter of its own for a run: it has no server, and will end with the coordinator."""
    global server
    server = _belongs_to()


def guard() -> None:
    """In the server, before it has children: when the coordinator ends, end all of them, and theirs, and then this
    process. Other signals are for the coordinator."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: None)
    warnings.filterwarnings("ignore", message="forkserver: waitpid returned")  # of what it has adopted
    if LINUX:
        adopt()
        parent = os.getppid()
        signal.signal(signal.SIGUSR1, _end_all)
        _prctl(DEATH_SIGNAL, signal.SIGUSR1)
        if os.getppid() != parent:
            os._exit(1)


def _end_all(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # another would begin within this, while modules are imported
    import psutil

    for _ in range(PASSES):
        if not (children := psutil.Process().children()):
            break
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        for _ in children:
            with suppress(ChildProcessError):
                os.waitpid(-1, 0)
    os._exit(1)


def begin_run() -> None:
    """In a process for runs: lead a session, so that a Ctrl-C is for the coordinator; end with the server; keep the
    helpers that a method starts; and let go of the server's and the tracker's pipes, into which it might write."""
    from multiprocessing import forkserver, resource_tracker

    for name in ("SIGTERM", "SIGHUP", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if hasattr(os, "setsid"):
        os.setsid()
    die_with(server or os.getppid(), "SIGKILL")
    adopt()
    held: Any = (forkserver._forkserver, resource_tracker._resource_tracker)  # pyright: ignore[reportAttributeAccessIssue]
    for holder, name in zip(held, ("_forkserver_alive_fd", "_fd"), strict=True):
        if (descriptor := getattr(holder, name)) is not None:
            os.close(descriptor)
            setattr(holder, name, None)  # where the method wants one of its own, it gets a new one
    held[0]._forkserver_address = None


def end_session(process: int | None) -> bool:
    """End all of the session that a process leads; answers whether it leads one."""
    if process is None or not hasattr(os, "killpg"):
        return False
    try:
        os.killpg(process, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def descendants(process: int | None) -> list[Any]:
    """What a process has started, and what that has; nothing where it has ended."""
    import psutil

    with suppress(psutil.Error):
        return psutil.Process(process).children(recursive=True) if process is not None else []
    return []


def end_all(processes: Iterable[Any]) -> None:
    """End each of these."""
    import psutil

    for process in processes:
        with suppress(psutil.Error):  # it has ended
            process.kill()


def end_helpers(of: int | None, known: Set[int | None]) -> None:
    """End what ended processes of runs have left to their server: all children of it but those that are known, and
    those that have no session of their own yet."""
    if of is None or not LINUX or not (helpers := _children(of) - known):
        return
    import psutil

    with suppress(psutil.Error, OSError):
        session = os.getsid(of)
        for _ in range(PASSES):
            processes = [psutil.Process(pid) for pid in helpers if psutil.pid_exists(pid)]
            processes = [child for child in processes if _lives(child) and os.getsid(child.pid) != session]
            if not processes:
                return
            for child in processes:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            psutil.wait_procs(processes, timeout=1)
            helpers = _children(of) - known


def _children(of: int) -> set[int]:
    """The children of a process; as the kernel lists them, where it does, which takes a hundredth of psutil's time."""
    try:
        texts = [(thread / "children").read_bytes() for thread in Path(f"/proc/{of}/task").iterdir()]
    except OSError:
        import psutil

        with suppress(psutil.Error):
            return {child.pid for child in psutil.Process(of).children()}
        return set()
    return {int(pid) for text in texts for pid in text.split()}


def _lives(process: Any) -> bool:
    import psutil

    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
