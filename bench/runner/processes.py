"""How child processes start and end: copies of a server that has imported what runs need, or, where a system has no
such server, new interpreters.

A copy starts in milliseconds. A new interpreter takes a second or two, and each then imports what its job needs; what
it records is the same.
"""

import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from multiprocessing import connection as connections
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

from bench.core.packages import ROOT
from bench.runner import ONE_THREAD, orphans

START = "FOGBENCH_START"  # environment variable: how children start, one of METHODS
METHODS = ("forkserver", "spawn")  # of the module multiprocessing
UNFIT = ("win32", "darwin")  # systems that cannot fork, or whose own libraries do not survive it
TRIES = 5  # to start a child, whose server may be killed each time
PAUSE = 0.1  # seconds between two of them

_keeper = orphans.Keeper()
_server_lock = threading.Lock()
_preloaded: set[str] = set()  # by the server that runs
_children: set[int | None] = set()  # their process numbers
_forked = time.monotonic()  # when this process began, in a child


def _begun() -> None:
    global _forked
    _forked = time.monotonic()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begun)


def age() -> float:
    """The seconds since this process began, in a child."""
    return time.monotonic() - _forked


def method() -> str:
    """How children start: as the environment variable FOGBENCH_START says, else from a server that is forked, where the
    system does that safely. Raises ValueError where it says what there is not."""
    there = [name for name in METHODS if name in multiprocessing.get_all_start_methods()]
    name = os.environ.get(START) or ("spawn" if sys.platform in UNFIT else "forkserver")
    if name not in there:
        raise ValueError(f"{START} must be {' or '.join(there)} on this system, got {name!r}")
    return name


def forks() -> bool:
    """Whether children are copies of a server."""
    return method() == "forkserver"


def _context() -> Any:
    return multiprocessing.get_context(method())


def pipe() -> tuple[Any, Any]:
    """Where to read, and where to write, for one child and this process."""
    return _context().Pipe(duplex=False)


def serve(modules: Collection[str]) -> None:
    """Let children come from a server that has imported these modules, which takes seconds, and begins now: another
    one, where that which runs has not, and has no children. It imports what that one had too, so that suites of unlike
    needs in turn do not begin a server each. Where children do not come from a server nothing is done."""
    if not forks():
        return
    from multiprocessing import forkserver

    with _server_lock:
        lacking = not _preloaded.issuperset(modules) and not multiprocessing.active_children()
        if lacking:  # nothing, where none runs
            forkserver._forkserver._stop()  # pyright: ignore[reportAttributeAccessIssue]  # the stubs lack it
        if lacking or not _preloaded:
            _preloaded.update(modules, [name.partition(".")[0] for name in modules])  # a module comes with its package
            preload = ["bench.runner.preload", *sorted(_preloaded), "bench.runner.guard"]
            _context().set_forkserver_preload(preload)
            with _hidden():
                _keeper.do(forkserver.ensure_running)


def start(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Any]:
    """A child process that does target(connection, *arguments), and where to hear what it sends."""
    receive, send = pipe()
    begin = _from_server if forks() else _anew
    with closing(send), _server_lock, _hidden():
        process = begin(send, target, arguments)
        _children.add(process.pid)
        return process, receive


def _from_server(send: Connection, target: Callable[..., None], arguments: Sequence[Any]) -> BaseProcess:
    from multiprocessing import forkserver

    for tries in range(TRIES, 0, -1):
        process = _context().Process(target=_begin, args=(send, target, arguments), daemon=True)
        _keeper.do(forkserver.ensure_running)  # where it was killed
        try:
            process.start()
        except (EOFError, ConnectionError):  # it was killed now: the next one does it
            if tries == 1:
                raise
            time.sleep(PAUSE)
            continue
        return process
    raise AssertionError


def _anew(send: Connection, target: Callable[..., None], arguments: Sequence[Any]) -> BaseProcess:
    """An interpreter of its own. It is deaf to a Ctrl-C until it ignores it, where the system lets it inherit that."""
    process = _context().Process(target=_begin_anew, args=(send, target, arguments), daemon=True)

    def begin() -> None:
        masks = hasattr(signal, "pthread_sigmask")
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else None
        try:
            process.start()
        finally:
            if before is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    sys.path.insert(0, str(ROOT))  # where it finds `bench`, and not one of the caller's own
    try:
        with _all_replaced(os.environ, ONE_THREAD):
            _keeper.do(begin)
    finally:
        sys.path.remove(str(ROOT))
    return process


def end(process: BaseProcess) -> None:
    """End a child and whatever it has started: it leads a session of its own."""
    helpers = [] if forks() else orphans.descendants(process.pid)
    if not orphans.end_session(process.pid):
        process.kill()
    process.join()
    orphans.end_all(helpers)
    with _server_lock:  # no child of the server is new meanwhile
        _children.discard(process.pid)
        if forks():
            from multiprocessing import forkserver

            server = forkserver._forkserver._forkserver_pid  # pyright: ignore[reportAttributeAccessIssue]
            orphans.end_helpers(server, _children)


@contextmanager
def _hidden() -> Iterator[None]:
    """Hide the caller's script, which a child would otherwise run again; and fix the hashes of strings, so that no
    set's order differs between two runs."""
    variables = {**orphans.of_coordinator(), "PYTHONHASHSEED": "0"}
    with _replaced(sys.modules, "__main__", ModuleType("__main__")), _all_replaced(os.environ, variables):
        yield


@contextmanager
def _all_replaced(mapping: MutableMapping[str, Any], values: Mapping[str, Any]) -> Iterator[None]:
    """Other values in a mapping, for a while."""
    with ExitStack() as stack:
        for key, value in values.items():
            stack.enter_context(_replaced(mapping, key, value))
        yield


@contextmanager
def _replaced(mapping: MutableMapping[str, Any], key: str, value: Any) -> Iterator[None]:
    """Another value in a mapping, for a while."""
    before = mapping.get(key)
    mapping[key] = value
    try:
        yield
    finally:
        del mapping[key]
        if before is not None:
            mapping[key] = before


def _begin_anew(connection: Connection, target: Callable[..., None], arguments: Sequence[Any]) -> None:
    orphans.join()
    sys.path.remove(str(ROOT))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the coordinator, which ends the children
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _begin(connection, target, arguments)


def _begin(connection: Connection, target: Callable[..., None], arguments: Sequence[Any]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)  # what libraries print, from whatever language, is not for the terminal
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    orphans.begin_run()
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    target(connection, *arguments)


def _end_with(connection: Connection) -> None:
    """End this process when nobody reads its pipe any more: the coordinator is gone."""
    if hasattr(select, "poll"):
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLERR)
        waiting.poll()
    elif coordinator := multiprocessing.parent_process():
        connections.wait([coordinator.sentinel])
    os._exit(1)
