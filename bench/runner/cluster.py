"""Runs on a cluster of Dask: the coordinator sends jobs, and alone writes; workers do them as this machine does.

A job is a task of Dask: its records come in one piece when it ends, some second of work, and a worker that is lost
takes those with it that it has not sent; its jobs go to another. Workers must be like the coordinator, see
`bench.runner.alike`.
"""

import asyncio
import logging
import pickle
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic, time
from typing import Any
from uuid import uuid4

from bench.core.foreign import said
from bench.core.registry import how_to_install
from bench.core.status import Status
from bench.runner.alike import OF_SCHEDULER, difference, facts, kernels
from bench.runner.environment import cores, environment, libraries
from bench.runner.execute import chunks
from bench.runner.launch import LOCAL, Launch, Watcher
from bench.runner.plan import Job, RunSpec
from bench.runner.single import Message, unrun
from bench.runner.sources import Sources

CONNECT = 10.0  # seconds in which a scheduler must answer
AHEAD = 2  # jobs in flight for each that workers can do at once: none waits for the coordinator
BATCH = 64  # results that are fetched together
RETRIES = 2  # of a job that a worker cannot begin
REFRESH = 2.0  # seconds between two looks at how many workers there are
LATE = 30.0  # seconds beyond the end of all runs and their grace, after which nothing is waited for
ENDING = 8.0  # seconds that workers may take to end what is given up
UNLIKE = "The worker at {worker} has {unlike}: what it computes may be rounded otherwise than here."
LOST = "{} workers were lost, one after the other, while each was at this run"


@contextmanager
def connected(launch: Launch) -> "Iterator[Cluster]":
    """The cluster of a launch, for as long as it is used. Raises ValueError with a sentence where there is none."""
    try:
        import distributed
        from distributed.utils import silence_logging_cmgr
    except ImportError:
        raise ValueError(
            f"--scheduler needs distributed, which is not installed: {how_to_install(['distributed'])}"
        ) from None
    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
        address, security = launch.scheduler, None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of slow disks, and of versions, which are compared below, by name
            if address == LOCAL:
                security = distributed.Security(require_encryption=False)  # nothing leaves this machine
                address = stack.enter_context(_local(launch.workers or cores(), security))
            try:
                client = distributed.Client(address, timeout=CONNECT, set_as_default=False, security=security)
            except Exception as error:  # whatever a socket, TLS or another program at that address may cause
                raise ValueError(f"no scheduler of Dask answers at {address}: {_line(error)}") from None
        stack.callback(_close, client)
        cluster = Cluster(client, address, launch)
        stack.callback(cluster.close)
        yield cluster


def _close(client: Any) -> None:
    with suppress(Exception):  # its scheduler may be gone
        client.close(ENDING)


@contextmanager
def _local(workers: int, security: Any) -> Iterator[str]:
    """The address of a cluster in this process, which nobody reaches from outside of this machine."""
    import distributed

    start: Any = distributed.LocalCluster
    with start(
        n_workers=1, threads_per_worker=workers, processes=False, host="127.0.0.1", protocol="tcp://",
        dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0", memory_limit=0,
        silence_logs=logging.CRITICAL, security=security,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


class Cluster:
    """Workers behind a scheduler. processes: runs at once, as far as is known when the work is divided."""

    def __init__(self, client: Any, address: str, launch: Launch):
        self.client, self.address, self.launch = client, address, launch
        self.name = f"fogbench-{uuid4().hex[:16]}"
        self.heard: SimpleQueue[Any] = SimpleQueue()
        self.numbers = count()
        self._equipped: Any = None
        self._named: set[str] = set()  # workers of which it was said that they differ
        self._looked, self._threads = -inf, 0
        self._wait_for_workers()

    @property
    def processes(self) -> int:
        return self.launch.workers or max(self.threads(), 1)

    def _wait_for_workers(self) -> None:
        if not self.threads():
            self.launch.watcher.changed(f"No worker is at {self.address} yet: waiting for the first.")
        while not self.threads():
            if self.launch.over:
                raise ValueError(f"no worker has come to {self.address} within the time of all runs")
            with suppress(Empty):
                self.heard.get(timeout=REFRESH / 4)

    def threads(self) -> int:
        """How many jobs workers can do at once."""
        if monotonic() - self._looked > (REFRESH if self._threads else 0.0):
            self._looked = monotonic()
            self.still_there()
            before = self._threads
            with suppress(OSError, ValueError):  # its scheduler is gone this moment, which the next look says
                self._threads = self.client.scheduler_info(n_workers=0)["total_threads"]
            if before and not self._threads:
                self.launch.watcher.changed(f"No worker is left at {self.address}: waiting for another.")
        return self._threads

    def still_there(self) -> None:
        """Raise where the scheduler is gone, and with it all that was sent."""
        if self.client.status != "running":
            raise self.gone()

    def gone(self) -> ConnectionError:
        """That of a scheduler with which all is gone that was sent."""
        return ConnectionError(
            f"the scheduler at {self.address} is gone: what was done is stored, and the same command does the rest"
        )

    def _workers(self) -> dict[str, dict[str, Any]]:
        return self.client.scheduler_info(n_workers=-1)["workers"]

    def device(self, device: str) -> str:
        """Where learning problems are computed: on a GPU where workers offer one. Raises ValueError for "cuda" without
        such a worker."""
        offer = any(worker["resources"].get("GPU") for worker in self._workers().values())
        if device == "cuda" and not offer:
            raise ValueError(
                f"device cuda was asked for, but no worker at {self.address} offers a GPU: start those that have one "
                'with --resources "GPU=1", or choose --device cpu'
            )
        return "cuda" if offer and device != "cpu" else "cpu"

    def environment(self) -> dict[str, Any]:
        """Machine and versions, for the manifest: those of the coordinator, and how many workers there are."""
        workers = self._workers().values()
        hosts = sorted({worker["host"] for worker in workers})
        threads = sum(worker["nthreads"] for worker in workers)
        numbers = ((len(workers), "worker"), (threads, "thread"), (len(hosts), "machine"))
        return {
            **environment(),
            "cluster": "{} with {} on {}".format(*[f"{n} {noun}{'s' * (n != 1)}" for n, noun in numbers]),
        }

    def check(self, specs: Sequence[RunSpec], imports: Sequence[str]) -> None:
        """Raise ValueError where the scheduler or a worker is not like this process, with what differs by name."""
        pairs = {(spec.problem, spec.optimizer) for spec in specs if not spec.skip}
        names = {name for pair in pairs for name in libraries(*pair)} | {*Sources.of(imports).packages}
        self._here = facts(names)
        place = f"the scheduler at {self.address}"
        try:
            there = self.client.run_on_scheduler(facts)
        except Exception as error:
            raise ValueError(_unfit(place, error)) from None
        there, needed = ({name: those[name] for name in OF_SCHEDULER} for those in (there, self._here))
        if unlike := difference(there, needed):
            raise ValueError(_unfit(place, f"it has {unlike}"))
        from bench.runner.worker import misfit

        for address, reason in self.client.run(misfit, self._here, on_error="return").items():
            if reason:
                raise ValueError(_unfit(f"the worker at {address}", reason))

    def execute(self, jobs: Sequence[Job], launch: Launch, watcher: Watcher) -> None:
        """Do all jobs on the workers, as many at once as they can do, or as `launch.workers` says. Every run of every
        job ends in `watcher.ended`, where there is time for it."""
        if not jobs:
            return
        self._equip(launch)
        flight = _Flight(self, jobs, launch, watcher)
        try:
            flight.land()
        finally:
            flight.cancel()

    def _equip(self, launch: Launch) -> None:
        """Give workers, also those to come, what jobs need beside their specifications."""
        from bench.runner.worker import Station

        how = {name: getattr(launch, name) for name in ("luggage", "patience", "memory", "grace", "preload")}
        kit = (Sources.of(launch.imports), how, launch.end)
        if kit == self._equipped:
            return
        delay = self.client.run_on_scheduler(time) - time()
        end = launch.end - monotonic() + time() + delay
        self.client.subscribe_topic(self.name, lambda event: self.heard.put(event[1]))
        self.client.register_plugin(Station(self.name, self._here, kernels(), kit[0], how, end), name=self.name)
        self._equipped = kit

    def refuse(self, event: Mapping[str, str]) -> None:
        """Send a worker away that has come later, and does not fit."""
        if event["worker"] not in self._named:
            self._named.add(event["worker"])
            self.client.loop.add_callback(self._retire, event["worker"])
            self.launch.watcher.changed(_unfit(f"the worker at {event['worker']}", event["refused"]) + ": it is closed")

    def warn(self, event: Mapping[str, str]) -> None:
        """Say that a worker may round otherwise than this process, once a worker."""
        if event["worker"] not in self._named:
            self._named.add(event["worker"])
            self.launch.watcher.changed(UNLIKE.format(**event))

    async def _retire(self, worker: str) -> None:
        with suppress(Exception):  # it may be gone already
            await self.client.retire_workers([worker], close_workers=True)

    def close(self) -> None:
        """End what workers still do, and take back what they were given."""

        async def forget() -> None:
            with suppress(Exception):  # of workers, or a scheduler, that are gone
                await asyncio.wait_for(self.client.unregister_worker_plugin(self.name), ENDING)

        if self._equipped and self.client.status == "running":
            self.client.sync(forget)


class _Flight:
    """The jobs of one `execute`: those that wait, the first seeds first, and those that were sent, by number."""

    def __init__(self, cluster: Cluster, jobs: Sequence[Job], launch: Launch, watcher: Watcher):
        self.cluster, self.client, self.launch, self.watcher = cluster, cluster.client, launch, watcher
        self.waiting = [(job.specs[0].seed, next(cluster.numbers), job) for job in jobs]
        heapify(self.waiting)
        self.sent: dict[int, tuple[Job, Any]] = {}

    @property
    def limit(self) -> int:
        """How many jobs are sent at most, and not done."""
        return self.launch.workers or AHEAD * self.cluster.threads()

    def add(self, job: Job) -> None:
        heappush(self.waiting, (job.specs[0].seed, next(self.cluster.numbers), job))

    def land(self) -> None:
        """Until all is done."""
        end = self.launch.end + self.launch.grace + LATE
        while (self.waiting or self.sent) and monotonic() < end:
            if self.launch.over:
                self.waiting.clear()
            self.send()
            finished: list[Any] = []
            messages: list[Message] = []
            for event in self.hear():
                if isinstance(event, Mapping):
                    self.note(event)
                elif isinstance(event, tuple):
                    messages += self.take(*event)
                elif event.status == "finished":
                    finished.append(event)
                else:
                    self.fail(event)
            self.watcher.heard(messages)
            if finished:
                self.client.loop.add_callback(self.fetch, finished)

    def send(self) -> None:
        """Send jobs together, as each message of a scheduler takes its time."""
        from bench.runner.worker import GPU, work

        free = self.limit - len(self.sent)
        if not self.waiting or free < self.limit / 8:
            return
        batch = [heappop(self.waiting)[1:] for _ in range(min(free, len(self.waiting)))]
        for resources in (None, {GPU: 1}):
            jobs = {number: job for number, job in batch if (job.specs[0].device != "cpu") == bool(resources)}
            if jobs:
                keys = [f"{self.cluster.name}-{number}" for number in jobs]
                packed = [pickle.dumps(job) for job in jobs.values()]
                how = {"key": keys, "pure": False, "retries": RETRIES, "resources": resources}
                for (number, job), future in zip(jobs.items(), self.client.map(work, packed, **how), strict=True):
                    self.sent[number] = (job, future)
                    future.add_done_callback(self.cluster.heard.put)

    def hear(self) -> list[Any]:
        """What has happened: after waiting for it, but not for long."""
        events = []
        with suppress(Empty):
            events.append(self.cluster.heard.get(timeout=REFRESH / 4))
            while len(events) < BATCH:
                events.append(self.cluster.heard.get_nowait())
        self.cluster.still_there()
        return events

    async def fetch(self, futures: Sequence[Any]) -> None:
        """Fetch results; whose worker is gone meanwhile is done again, and heard of again."""
        results = await self.client.gather({each.key: each for each in futures}, errors="skip", asynchronous=True)
        for future in futures:
            result = results.get(future.key)
            if result is None:
                future.add_done_callback(self.cluster.heard.put)
            else:
                self.cluster.heard.put((_number(future), result))

    def take(self, number: int, result: bytes) -> list[Message]:
        """What a job says of its runs; what it gives back, and what a worker may not do, is to be done by others."""
        if number not in self.sent:
            return []
        job, _ = self.sent.pop(number)
        messages, rest, seconds, refusal = pickle.loads(result)
        # a worker knows no definitions of others, its children do: what is known of a run that was lost there is here
        messages = [
            (spec, unrun(spec, record.status, record.error) if record and record.order is None else record)
            for spec, record in messages
        ]
        for again in [job] if refusal else chunks(rest, len(job.specs) - len(rest), seconds, self.limit):
            self.add(again)
        return messages

    def note(self, event: Mapping[str, Any]) -> None:
        """Hear what a worker says beside its results."""
        if "refused" in event:
            self.cluster.refuse(event)
        if "unlike" in event:
            self.cluster.warn(event)
        for number, place in event.get("begun", ()):
            if number in self.sent:
                self.watcher.began(self.sent[number][0].specs[place])

    def fail(self, future: Any) -> None:
        """A job that has no result: it takes down every worker, cannot be begun, or nobody is there to do it."""
        from distributed import KilledWorker

        if _number(future) not in self.sent:
            return
        if future.status != "error":  # its scheduler was gone, and is there again: it knows nothing of us
            raise self.cluster.gone()
        job, _ = self.sent.pop(_number(future))
        error = future.exception()
        if not isinstance(error, KilledWorker):
            raise RuntimeError(f"a worker could not do its job: {said(error)}") from error
        if len(job.specs) > 1 and not job.lanes:  # one of its runs is to blame
            for spec in job.specs:
                self.add(Job((spec,), False))
            return
        for spec in job.specs:
            self.watcher.ended(unrun(spec, Status.KILLED, LOST.format(error.allowed_failures + 1)))

    def cancel(self) -> None:
        """Give up what was sent, and is not done."""
        futures = [future for _, future in self.sent.values()]
        if futures and self.client.status == "running":
            self.client.cancel(futures, force=True)


def _number(future: Any) -> int:
    return int(future.key.rpartition("-")[2])


def _unfit(place: str, reason: str | BaseException) -> str:
    if isinstance(reason, ModuleNotFoundError):
        reason = f"it cannot import {reason.name}: install there what is installed here"
    return f"{place} does not fit: {reason if isinstance(reason, str) else said(reason)}"


def _line(error: BaseException) -> str:
    """An error in a line."""
    return " ".join(str(error).split()) or type(error).__name__
