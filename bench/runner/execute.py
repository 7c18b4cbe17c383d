"""Where runs happen: in supervised child processes on this machine, or, for functions that cannot travel, right here.

A run that takes its process down, outgrows its memory or hangs becomes a row with status `killed`; the others go on.
"""

import os
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from math import ceil, inf
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from bench.core.books import LARGE
from bench.core.registry import load
from bench.core.status import Status
from bench.runner import PACKAGES
from bench.runner.channel import GARBLED, Garbled, Receiver, Sender
from bench.runner.given_back import PAGE, Untouched, lend_generator
from bench.runner.launch import Launch, Watcher
from bench.runner.luggage import unpack
from bench.runner.plan import Job, RunSpec
from bench.runner.processes import age, end, forks, pipe, serve, start
from bench.runner.pulse import Pulse, beat
from bench.runner.single import TINY, Message, RunRecord, run_job, sound, unrun

POLL = 0.1  # seconds between two looks at a child
APART = 0.2  # seconds between two groups of what is heard of runs, at least: each is written by one commit
SECONDS = 1.0  # of work after which a child gives back what it has not begun, but for a last QUARTER of that
STARTS, QUARTER = 50, 1 / 4  # or so many times what its start took, where that is more, as on a busy machine, or
ANEW = 20  # times, where it is a new interpreter; for so long one does jobs in turn, as each start takes seconds
LIFE = 10.0  # seconds of work after which a copy does no other job: its first runs take five times as long as later
KEPT = 24  # copies that wait for the next job of their optimizer, at most
# what a child says when it waits for a job, when it gives back the rest of one, and when it will do another
READY, REST, AGAIN = "ready", "rest", "again"
CLEARING = 8  # ended processes that are cleared away at once
TIMES = 10  # times its longest question that a method may take between two, where that is beyond `Launch.patience`


def execute_here(jobs: Sequence[Job], launch: Launch, watcher: Watcher) -> None:
    """Do all jobs in this process, one after the other: nothing protects it from a run that never asks again."""
    alone = [each for job in jobs for each in ([job] if job.lanes else [Job((spec,), False) for spec in job.specs])]
    with one_thread():
        for job in sorted(alone, key=_first_seed):
            for message in run_job(job, end=launch.end):
                watcher.heard([message])


def _first_seed(job: Job) -> int:
    """Jobs go in this order: where not all get done, those that are have runs of all optimizers."""
    return job.specs[0].seed


def _optimizer(job: Job) -> str:
    return job.specs[0].optimizer


def one_thread() -> AbstractContextManager[Any]:
    """Compute with one thread, as the children do: on small problems more are slower, by a factor of 20 on a busy
    machine, and sums may differ in their last bits."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def execute(jobs: Sequence[Job], launch: Launch, watcher: Watcher) -> None:
    """Do all jobs in child processes, as many at once as workers. Every run of every job ends in `watcher.ended`, where
    there is time for it."""
    if not jobs:
        return
    heard: SimpleQueue[Message | None] = SimpleQueue()  # None: all workers are done
    halt, over = threading.Event(), threading.Event()
    gpu = threading.Lock()  # one GPU: its jobs go one at a time
    queue = Queue(jobs, launch.processes)
    timed = any(job.specs[0].solo for job in jobs)  # nothing else goes on beside these
    children = Children(launch, lambda optimizer: queue.waits(optimizer) and not timed)
    serve(launch.preload)

    def work() -> None:
        while (job := queue.take()) is not None:
            rest: list[RunSpec] = []
            began = time.monotonic()
            try:
                with gpu if job.specs[0].device != "cpu" else nullcontext():
                    if not (halt.is_set() or launch.over):
                        rest = supervise(job, heard.put, launch, halt, children)
            finally:
                queue.put(rest, len(job.specs) - len(rest), time.monotonic() - began)

    with closing(children), ThreadPoolExecutor(launch.processes) as pool:
        done = [pool.submit(work) for _ in range(min(launch.processes, sum(len(job.specs) for job in jobs)))]

        def ended(_: Any) -> None:
            if all(future.done() for future in done):
                over.set()
                heard.put(None)

        for future in done:
            future.add_done_callback(ended)
        try:
            tell(heard, over, watcher)
        finally:
            halt.set()
            pool.shutdown(wait=False, cancel_futures=True)
        for future in done:
            future.result()


def tell(heard: "SimpleQueue[Message | None]", over: threading.Event, watcher: Watcher) -> None:
    """Tell of runs in groups, those that come soon after one another together, until all is over, which is heard as
    None; where that is interrupted, of all that was heard until then."""
    group: list[Message | None] = []
    last = -inf  # time.monotonic() of the group before

    def take() -> None:
        nonlocal group, last
        while not heard.empty():
            group.append(heard.get())
        watcher.heard([message for message in group if message is not None])
        group, last = [], time.monotonic()

    try:
        while not (over.is_set() and heard.empty()):
            group.append(heard.get())
            over.wait(max(0.0, last + APART - time.monotonic()))
            take()
    except KeyboardInterrupt:
        take()
        raise


class Queue:
    """Jobs that wait for a worker, those of the first seeds first; and what a child gives back, in `chunks`, as long as
    there is one for each of so many workers."""

    def __init__(self, jobs: Sequence[Job], workers: int = 1):
        self._waiting = [(_first_seed(job), number, job) for number, job in enumerate(jobs)]
        heapify(self._waiting)
        self._workers, self._number, self._busy, self._changed = workers, len(jobs), 0, threading.Condition()
        self._of = Counter(map(_optimizer, jobs))  # how many wait, by optimizer

    def waits(self, optimizer: str = "") -> bool:
        """Whether any job waits, or one of an optimizer."""
        return self._of[optimizer] > 0 if optimizer else bool(self._waiting)

    def take(self) -> Job | None:
        """The next job; None where there is none, and there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._busy)
            if not self._waiting:
                return None
            self._busy += 1
            job = heappop(self._waiting)[-1]
            self._of[_optimizer(job)] -= 1
            return job

    def put(self, rest: Sequence[RunSpec], done: int, seconds: float) -> None:
        """A job that was taken is done, but for this rest; the others, so many, took so many seconds."""
        with self._changed:
            self._busy -= 1
            for job in chunks(rest, done, seconds, self._workers):
                self._number += 1
                heappush(self._waiting, (_first_seed(job), self._number, job))
                self._of[_optimizer(job)] += 1
            self._changed.notify_all()


def chunks(rest: Sequence[RunSpec], done: int, seconds: float, workers: int) -> Iterator[Job]:
    """Jobs of what a job has given back, each of about SECONDS of work, or as long as that job where it had more time:
    so many runs of it took so many seconds."""
    size = max(1, min(int(done * max(SECONDS / max(seconds, TINY), 1.0)), ceil(len(rest) / workers)))
    for at in range(0, len(rest), size):
        yield Job(tuple(rest[at : at + size]), False)


class Children:
    """Child processes for the jobs of a launch. While one works and more jobs wait, the next is started: what that
    takes is over by the time that it is needed. One that is as it was does the next job of its optimizer, and of no
    other: whatever a method has changed, it has changed for itself alone. Where each is a new interpreter, which takes
    seconds, none is started before it is needed, and the next job may be anybody's."""

    def __init__(self, launch: Launch, more: Callable[[str], bool] = lambda optimizer: False):
        """more: whether another job waits, of an optimizer or, with "", of any."""
        self._how = (launch.imports, launch.luggage, launch.end, launch.patience)
        self._more, self._ready = more, SimpleQueue[Child]()
        self._kept: dict[str, list[Child]] = defaultdict(list)  # by optimizer, or all by ""
        self._keeping = threading.Lock()
        self._clearing = ThreadPoolExecutor(CLEARING)

    def take(self, optimizer: str = "") -> "Child":
        """One that waits for its job, of this optimizer. Those that wait for one that will not come are ended."""
        with self._keeping:
            over = [name for name in self._kept if name not in ("", optimizer) and not self._more(name)]
            unwanted = [child for name in over for child in self._kept.pop(name)]
            kept = self._kept[optimizer if forks() else ""]
            child = kept.pop() if kept else None
        for each in unwanted:
            self._end(each)
        if child:
            return child
        try:
            return self._ready.get_nowait()
        except Empty:
            return self._start()

    def prepare(self) -> None:
        """Start the next, where it will be needed and there is none."""
        if forks() and self._more("") and self._ready.empty():
            self._ready.put(self._start(prepared=True))

    def release(self, child: "Child", optimizer: str = "") -> None:
        """End one that has done its job, of this optimizer, or let it wait for the next."""
        goes_on = child.goes_on and (child.gives_back or not child.undone)
        with self._keeping:
            if keep := goes_on and sum(map(len, self._kept.values())) < KEPT:
                waiting = Child(child.process, child.connection, child.outbox, True, child.inbox, child.waits)
                self._kept[optimizer if forks() else ""].append(waiting)
        if not keep:
            self._end(child)

    def _end(self, child: "Child") -> None:
        """What the system takes to clear one away, many times what a fork takes, the next job does not wait for."""
        ending = self._clearing.submit(child.end)
        if not self._more(""):
            ending.result()

    def close(self) -> None:
        """End those that have no job, and wait until all have ended."""
        for child in [each for kept in self._kept.values() for each in kept]:
            self._end(child)
        while not self._ready.empty():
            self._end(self._ready.get())
        self._clearing.shutdown()

    def _start(self, prepared: bool = False) -> "Child":
        jobs, outbox = pipe()
        process, connection = start(_child, jobs, *self._how)
        jobs.close()
        return Child(process, connection, outbox, prepared)


def supervise(
    job: Job,
    send: Callable[[Message], None],
    launch: Launch,
    halt: threading.Event,
    children: Children | None = None,
) -> list[RunSpec]:
    """See one job through: a child that dies is replaced by one that does the rest. Answers the runs that a child gave
    back, as they take too long to share one. children: those of `launch`, where several jobs share what is started
    before it is needed."""
    children = children or Children(launch)
    undone = {spec.hash(): spec for spec in job.specs}
    while undone and not halt.is_set():
        child = children.take(_optimizer(job))
        child.undone, child.lanes = undone, job.lanes
        try:
            reason = child.hear_out(send, launch, halt, children.prepare)
        finally:
            children.release(child, _optimizer(job))
        if child.gives_back:
            return list(undone.values())
        if undone and not halt.is_set():
            for spec in child.lost():
                send((spec, unrun(spec, Status.KILLED, reason)))
                del undone[spec.hash()]
    return []


@dataclass
class Child:
    """A child process, and what it has to do: runs are taken off `undone` by what their records say they are."""

    process: BaseProcess
    connection: Connection
    outbox: Any  # a Connection, where it waits for its job
    idle: bool = False  # whether it was there before it was needed, and has had no job since
    inbox: Receiver | None = None
    waits: bool = False  # for a job
    undone: dict[str, RunSpec] = field(default_factory=dict)  # by their hashes
    lanes: bool = False
    begun: str = ""  # the hash of the run under way, of a batch the first
    heard: bool = False  # whether there was any record
    gives_back: bool = False  # whether what is undone is for others
    goes_on: bool = False  # whether it does another job
    last: float = 0.0  # time.monotonic() when a run began or ended
    pulse: Pulse | None = None  # of the method at work
    felt: float = 0.0  # time.monotonic() of it

    def end(self) -> None:
        """End it, whatever it does."""
        end(self.process)
        self.connection.close()
        self.outbox.close()

    def lost(self) -> list[RunSpec]:
        """The runs that died with it: the one under way, and a batch as one. What it had not begun is done by another;
        but where it came to nothing at all, its first run is to blame; unless it died idle, as with its server."""
        if self.idle:
            return []
        if self.lanes:
            return list(self.undone.values())
        if self.begun in self.undone:
            return [self.undone[self.begun]]
        return [] if self.heard else list(self.undone.values())[:1]

    def hear_out(
        self, send: Callable[[Message], None], launch: Launch, halt: threading.Event, begins: Callable[[], None]
    ) -> str:
        """Give it what is undone, and hear it out; answers why it is heard no more. begins: called when it works."""
        inbox = self.inbox = self.inbox or Receiver(self.connection)
        self.last, looked, grown_from = time.monotonic(), 0.0, 0
        while self.undone:
            if halt.is_set():
                return "stopped"
            try:
                if self.waits:  # it reads now: this cannot block
                    self.waits, self.idle, grown_from = False, False, _memory(self.process)
                    self.outbox.send(Job(tuple(self.undone.values()), self.lanes))
                    begins()
                messages = inbox.receive(POLL)
                now = time.monotonic()
                for message in messages:
                    if isinstance(message, Pulse):
                        self.pulse, self.felt = message, now
                    elif isinstance(message, str):
                        self._note(message)
                    else:
                        self.pulse, self.last = None, now
                        self._take(message, send)
            except Garbled:
                return GARBLED
            except (EOFError, ConnectionError):
                return self._ended()
            if self.gives_back:
                return ""
            if not self.undone or (messages and now - looked < POLL):
                continue
            looked = now
            if not (messages or self.process.is_alive() or self.connection.poll()):
                return self._ended()  # where something else holds the other end of the pipe: what a method started
            if reason := self._hangs(launch):
                return reason
            grown = _memory(self.process) - grown_from if grown_from else 0
            if grown > launch.memory:
                return f"its memory grew by {grown >> 20} MiB, the limit being {launch.memory >> 20} MiB"
        return ""

    def _hangs(self, launch: Launch) -> str:
        """Why it is waited for no longer, or ""."""
        now, spec = time.monotonic(), next(iter(self.undone.values()))
        if self.pulse is not None:
            silent = now - self.felt + (0.0 if self.pulse.asking else self.pulse.since)
            limit = max(launch.patience, TIMES * self.pulse.longest)
            if silent > limit:
                return f"the method asked nothing for {limit:.3g} s, which is beyond its patience"
            # lanes share their seconds, but the one question that never ends is not theirs together
            limit = max(spec.deadline, TIMES * self.pulse.longest) + launch.grace
            if self.pulse.asking and now - self.felt + self.pulse.since > limit:
                return f"a question had no answer after {limit:.3g} s, which is beyond the deadline"
        # the lanes of a batch share its seconds
        allowed = spec.deadline * (len(self.undone) if self.lanes and self.pulse else 1)
        allowed = min(allowed, max(launch.end - self.last, 0.0)) + launch.grace
        return f"not over after {allowed:.3g} s, which is beyond its deadline" if now - self.last > allowed else ""

    def _note(self, message: str) -> None:
        """What it says of itself."""
        if message == READY:
            self.waits, self.pulse = True, None
        elif message == REST:
            self.gives_back = self.begun not in self.undone
        elif message == AGAIN:
            self.goes_on = True
        else:
            raise Garbled

    def _take(self, message: Any, send: Callable[[Message], None]) -> None:
        """What it says of a run, see `_packed`."""
        if not (isinstance(message, tuple) and len(message) == 2 and isinstance(message[0], str)):
            raise Garbled
        name, facts = message
        if name not in self.undone:
            return  # it was heard of before
        spec = self.undone[name]  # as it was planned
        if facts is None:
            self.begun = name
            send((spec, None))
            return
        record = _unpacked(spec, facts)
        del self.undone[name]
        self.heard = True
        send((spec, record))

    def _ended(self) -> str:
        self.process.join(1)
        return f"the process of the run ended with exit status {self.process.exitcode}"


def _packed(message: Message | str) -> Any:
    """What goes through the pipe: a run is named by its hash alone, as who hears of it has planned it."""
    if isinstance(message, str):
        return message
    spec, record = message
    return spec.hash(), None if record is None else {**vars(record), "spec": None}


def _unpacked(spec: RunSpec, facts: Any) -> RunRecord:
    """The record of a run. Raises Garbled where it is none, but what a method has sent in its place."""
    try:
        record = RunRecord(**{**facts, "spec": spec})
    except TypeError:  # it has no such names, or none at all
        raise Garbled from None
    if not sound(record):
        raise Garbled
    return record


def _light(job: Job) -> bool:
    """Whether nothing of a job stays in its process that the next is measured with, as data of a LARGE problem."""
    return not any(spec.solo or spec.device != "cpu" or (spec.dim or LARGE) >= LARGE for spec in job.specs)


def _memory(process: BaseProcess) -> int:
    """The bytes that a child holds; 0 where it is done already: what it sent waits in the pipe."""
    with suppress(OSError, IndexError, ValueError):  # where the kernel says it, which takes a tenth of psutil's time
        return int(Path(f"/proc/{process.pid}/statm").read_bytes().split()[1]) * PAGE
    import psutil

    try:
        return psutil.Process(process.pid).memory_info().rss
    except psutil.NoSuchProcess:
        return 0


def _child(
    connection: Connection,
    jobs: Connection,
    imports: Sequence[str],
    luggage: bytes,
    end: float,
    patience: float,
) -> None:
    """Wait for a job, do it, or as much of it as fits into SECONDS, and send what happens: that a run begins together
    with how those before it ended. Then wait for the next, where all is as it was."""
    process, copy, ended = os.getpid(), forks(), list[Message]()
    sender = Sender(connection)

    def send(*messages: Message | str) -> None:
        if os.getpid() != process:  # a copy that a method forked: it does nobody's runs
            os._exit(0)
        sender.send(*map(_packed, messages))

    def leave(messages: Sequence[Message]) -> None:
        send(*messages)
        os._exit(0)

    try:
        try:
            load(PACKAGES, imports)
            unpack(luggage)
            error = ""
        except ValueError:  # a module that the coordinator could import, or luggage that it could pack
            error = traceback.format_exc()
        beat(sender.send, patience)
        lend_generator()
        untouched, changed, again, worked = Untouched(), False, True, 0.0
        seconds = max(SECONDS, (STARTS if copy else ANEW) * age())
        life = LIFE if copy else seconds
        while again:
            sender.send(READY)
            job: Job = jobs.recv()
            if error:
                send(*((spec, unrun(spec, Status.CRASHED, error)) for spec in job.specs))
                os._exit(0)
            undone, began = len(job.specs), time.monotonic()
            for spec, record in run_job(job, leave, end):
                if record is None:
                    send(*ended, (spec, None))
                    ended.clear()
                    continue
                ended.append((spec, record))
                undone -= 1
                if undone and not job.lanes:
                    if changed := not untouched:  # another process does the rest
                        break
                    passed, done = time.monotonic() - began, len(job.specs) - undone
                    if passed > seconds and undone * passed / done > QUARTER * seconds:
                        break
            worked += time.monotonic() - began
            again = not changed and worked < life and (_light(job) or not copy) and bool(untouched)
            send(*ended, *([REST] if undone and not changed else []), *([AGAIN] if again else []))
            ended.clear()
            untouched = Untouched() if again else untouched  # with what the job has imported
    except (BrokenPipeError, EOFError):  # the coordinator is gone, and nobody is left to hear
        pass
    # what a method's own threads still do is of no interest to anybody
    os._exit(0)
