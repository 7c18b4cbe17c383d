"""Where runs happen: in supervised child processes on this machine, or, for functions that cannot travel, right here.

A run that takes its process down, outgrows its memory or hangs becomes a row with status `killed`; the others go on.
"""

import multiprocessing
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from types import ModuleType
from typing import Any

from bench.core.registry import load
from bench.core.status import Status
from bench.runner import PACKAGES, orphans
from bench.runner.channel import GARBLED, Garbled, Receiver, Sender
from bench.runner.launch import Launch, Watcher
from bench.runner.luggage import unpack
from bench.runner.plan import Job, RunSpec
from bench.runner.pulse import Pulse, beat
from bench.runner.single import Message, RunRecord, run_job, unrun

POLL = 0.1  # seconds between two looks at a child
SECONDS = 1.0  # of work after which a child gives back what it has not begun: starting another takes some 0.06
GAVE_BACK = 75  # exit status of a child that did so
TIMES = 10  # times its longest question that a method may take between two, where that is beyond `Launch.patience`


def execute_here(jobs: Sequence[Job], launch: Launch, watcher: Watcher) -> None:
    """Do all jobs in this process, one after the other: nothing protects it from a run that never asks again."""
    alone = [each for job in jobs for each in ([job] if job.lanes else [Job((spec,), False) for spec in job.specs])]
    with one_thread():
        for job in sorted(alone, key=_first_seed):
            for spec, record in run_job(job, end=launch.end):
                _tell(watcher, spec, record)


def _first_seed(job: Job) -> int:
    """Jobs go in this order: where not all get done, those that are have runs of all optimizers."""
    return job.specs[0].seed


def _tell(watcher: Watcher, spec: RunSpec, record: RunRecord | None) -> None:
    if record is None:
        watcher.began(spec)
    else:
        watcher.ended(record)


def one_thread() -> AbstractContextManager[Any]:
    """Compute with one thread, as the children do: on small problems more are slower, by a factor of 20 on a busy
    machine, and sums may differ in their last bits."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def execute(jobs: Sequence[Job], launch: Launch, watcher: Watcher) -> None:
    """Do all jobs in child processes, as many at once as workers. Every run of every job ends in `watcher.ended`, where
    there is time for it."""
    heard: SimpleQueue[Message | None] = SimpleQueue()  # None: a worker is done
    halt = threading.Event()
    gpu = threading.Lock()  # one GPU: its jobs go one at a time
    queue = _Queue(jobs)
    serve(launch.preload)

    def work() -> None:
        while (job := queue.take()) is not None:
            rest: list[RunSpec] = []
            try:
                with gpu if job.specs[0].device != "cpu" else nullcontext():
                    if not (halt.is_set() or launch.over):
                        rest = supervise(job, heard.put, launch, halt)
            finally:
                queue.put(rest)

    with ThreadPoolExecutor(launch.processes) as pool:
        done = [pool.submit(work) for _ in range(min(launch.processes, sum(len(job.specs) for job in jobs)))]
        for future in done:
            future.add_done_callback(lambda _: heard.put(None))
        try:
            for _ in done:
                for spec, record in iter(heard.get, None):
                    _tell(watcher, spec, record)
        finally:
            halt.set()
            pool.shutdown(wait=False, cancel_futures=True)
        for future in done:
            future.result()


class _Queue:
    """Jobs that wait for a worker, those of the first seeds first; and what a child gives back, each run alone."""

    def __init__(self, jobs: Sequence[Job]):
        self._waiting = [(_first_seed(job), number, job) for number, job in enumerate(jobs)]
        heapify(self._waiting)
        self._number, self._busy, self._changed = len(jobs), 0, threading.Condition()

    def take(self) -> Job | None:
        """The next job; None where there is none, and there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._busy)
            if not self._waiting:
                return None
            self._busy += 1
            return heappop(self._waiting)[-1]

    def put(self, rest: Sequence[RunSpec]) -> None:
        """A job that was taken is done, but for this rest."""
        with self._changed:
            self._busy -= 1
            for spec in rest:
                self._number += 1
                heappush(self._waiting, (spec.seed, self._number, Job((spec,), False)))
            self._changed.notify_all()


def supervise(job: Job, send: Callable[[Message], None], launch: Launch, halt: threading.Event) -> list[RunSpec]:
    """See one job through: a child that dies is replaced by one that does the rest. Answers the runs that a child gave
    back, as they take too long to share one."""
    undone = list(job.specs)
    while undone and not halt.is_set():
        rest = Job(tuple(undone), job.lanes)
        how = (launch.imports, launch.luggage, launch.end, launch.patience)
        process, connection = start(_child, rest, *how)
        child = _Child(process, connection, undone, job.lanes)
        try:
            reason = child.hear_out(send, launch, halt)
        finally:
            end(process)
            connection.close()
        if child.gave_back:
            return undone
        if undone and not halt.is_set():
            for spec in child.lost():
                send((spec, unrun(spec, Status.KILLED, reason)))
                undone.remove(spec)
    return []


@dataclass
class _Child:
    """A child process, and what it has to do: runs are taken off `undone` by what their records say they are."""

    process: BaseProcess
    connection: Connection
    undone: list[RunSpec]
    lanes: bool
    begun: RunSpec | None = None  # the run under way, of a batch the first
    heard: bool = False  # whether there was any record
    last: float = 0.0  # time.monotonic() when a run began or ended
    pulse: Pulse | None = None  # of the method at work
    felt: float = 0.0  # time.monotonic() of it

    @property
    def gave_back(self) -> bool:
        """Whether it ended before it began what is undone, as it should."""
        return self.process.exitcode == GAVE_BACK and self.begun not in self.undone

    def lost(self) -> list[RunSpec]:
        """The runs that died with it: the one under way, and a batch as one. What it had not begun is done by another;
        but where it came to nothing at all, its first run is to blame."""
        if self.lanes:
            return self.undone[:]
        if self.begun in self.undone:
            return [self.begun]
        return [] if self.heard else self.undone[:1]

    def hear_out(self, send: Callable[[Message], None], launch: Launch, halt: threading.Event) -> str:
        """Hear it out; answers why it is heard no more."""
        grown_from = _memory(self.process)
        inbox = Receiver(self.connection)
        self.last = time.monotonic()
        while self.undone:
            if halt.is_set():
                return "stopped"
            try:
                messages = inbox.receive(POLL)
            except Garbled:
                return GARBLED
            except (EOFError, ConnectionError):
                return self._ended()
            for message in messages:
                if isinstance(message, Pulse):
                    self.pulse, self.felt = message, time.monotonic()
                else:
                    self.pulse, self.last = None, time.monotonic()
                    spec, record = message
                    self._take(spec, record, send)
            if messages:
                continue
            if not self.process.is_alive() and not self.connection.poll():
                return self._ended()  # where something else holds the other end of the pipe: what a method started
            if reason := self._hangs(launch):
                return reason
            grown = _memory(self.process) - grown_from
            if grown > launch.memory:
                return f"its memory grew by {grown >> 20} MiB, the limit being {launch.memory >> 20} MiB"
        return ""

    def _hangs(self, launch: Launch) -> str:
        """Why it is waited for no longer, or ""."""
        now = time.monotonic()
        if self.pulse is not None:
            silent = now - self.felt + (0.0 if self.pulse.asking else self.pulse.since)
            limit = max(launch.patience, TIMES * self.pulse.longest)
            if silent > limit:
                return f"the method asked nothing for {limit:.3g} s, which is beyond its patience"
        # the lanes of a batch share its seconds
        allowed = self.undone[0].deadline * (len(self.undone) if self.lanes and self.pulse else 1)
        allowed = min(allowed, max(launch.end - self.last, 0.0)) + launch.grace
        return f"not over after {allowed:.3g} s, which is beyond its deadline" if now - self.last > allowed else ""

    def _take(self, spec: RunSpec, record: RunRecord | None, send: Callable[[Message], None]) -> None:
        if record is None:
            self.begun = spec
        elif spec in self.undone:
            self.undone.remove(spec)
            self.heard = True
        else:
            return  # it was heard of before
        send((spec, record))

    def _ended(self) -> str:
        self.process.join(1)
        return f"the process of the run ended with exit status {self.process.exitcode}"


def _memory(process: BaseProcess) -> int:
    """The bytes that a child holds; 0 where it is done already: what it sent waits in the pipe."""
    import psutil

    try:
        return psutil.Process(process.pid).memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def end(process: BaseProcess) -> None:
    """End a child and whatever it has started: it leads a session of its own."""
    if process.pid is not None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            process.kill()
    process.join()
    with _server_lock:  # no child of the server is new meanwhile
        _children.discard(process.pid)
        orphans.end_helpers(forkserver._forkserver._forkserver_pid, _children)  # pyright: ignore[reportAttributeAccessIssue]


_keeper = orphans.Keeper()
_server = multiprocessing.get_context("forkserver")
_server_lock = threading.Lock()
_preloaded: set[str] = set()  # by the server that runs
_children: set[int | None] = set()  # their process numbers


def serve(modules: Collection[str]) -> None:
    """Let children come from a server that has imported these modules, which takes seconds, and begins now: another
    one, where that which runs has not, and has no children."""
    with _server_lock:
        if _preloaded and not _preloaded.issuperset(modules) and not multiprocessing.active_children():
            forkserver._forkserver._stop()  # pyright: ignore[reportAttributeAccessIssue]  # the stubs lack it
            _preloaded.clear()
        if not _preloaded:
            _preloaded.update(modules)
            _server.set_forkserver_preload(["bench.runner.preload", *sorted(modules), "bench.runner.guard"])
            with _hidden():
                _keeper.do(forkserver.ensure_running)


def start(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Any]:
    """A child process that does target(connection, *arguments), and where to hear what it sends."""
    receive, send = _server.Pipe(duplex=False)
    with _server_lock, _hidden():
        process = _server.Process(target=_begin, args=(send, target, arguments), daemon=True)
        _keeper.do(forkserver.ensure_running)  # where it was killed
        process.start()
        _children.add(process.pid)
    send.close()
    return process, receive


@contextmanager
def _hidden() -> Iterator[None]:
    """Hide the caller's script, which a child would otherwise run again; and fix the hashes of strings, so that no
    set's order differs between two runs."""
    hidden = _replaced(sys.modules, "__main__", ModuleType("__main__"))
    parent = _replaced(os.environ, orphans.PARENT, str(os.getpid()))
    with hidden, parent, _replaced(os.environ, "PYTHONHASHSEED", "0"):
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


def _begin(connection: Connection, target: Callable[..., None], arguments: Sequence[Any]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)  # what libraries print, from whatever language, is not for the terminal
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    orphans.begin_run()
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(connection.fileno(),), daemon=True).start()
    target(connection, *arguments)


def _child(
    connection: Connection, job: Job, imports: Sequence[str], luggage: bytes, end: float, patience: float
) -> None:
    """Do a job, or as much of it as fits into SECONDS, and send what happens."""
    process, began, status = os.getpid(), time.monotonic(), 0
    sender = Sender(connection)

    def send(*messages: Message) -> None:
        if os.getpid() != process:  # a copy that a method forked: it does nobody's runs
            os._exit(0)
        for message in messages:
            sender.send(message)

    def leave(messages: Sequence[Message]) -> None:
        send(*messages)
        os._exit(0)

    try:
        load(PACKAGES, imports)
        unpack(luggage)
        undone = len(job.specs)
        beat(sender.send, patience)
        for spec, record in run_job(job, leave, end):
            send((spec, record))
            undone -= record is not None
            if record is not None and undone and not job.lanes and time.monotonic() - began > SECONDS:
                break
        status = GAVE_BACK if undone else 0
    except ValueError:  # a module that the coordinator could import, or luggage that it could pack
        error = traceback.format_exc()
        for spec in job.specs:
            send((spec, unrun(spec, Status.CRASHED, error)))
    except BrokenPipeError:  # the coordinator is gone, and nobody is left to hear
        pass
    # what a method's own threads still do is of no interest to anybody
    os._exit(status)


def _end_with(pipe: int) -> None:
    """End this process when nobody reads its pipe any more: the coordinator is gone."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLERR)
    waiting.poll()
    os._exit(1)
