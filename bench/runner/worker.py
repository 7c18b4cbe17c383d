"""What a Dask worker does of a campaign: its jobs, each in supervised child processes, as on this machine.

Imported where there is a cluster alone: it needs the extra `cluster`.
"""

import asyncio
import pickle
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import current_process
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker
from tornado.ioloop import PeriodicCallback

from bench.runner.alike import difference, facts, kernels
from bench.runner.environment import resolve_device
from bench.runner.execute import Children, supervise
from bench.runner.launch import Launch
from bench.runner.plan import Job, RunSpec
from bench.runner.processes import serve
from bench.runner.single import Message
from bench.runner.sources import Sources

TOLD = 1.0  # seconds after which a run that has begun, and has not ended, is told of
ENDING = 5.0  # seconds that jobs which are given up may take to end
GPU = "GPU"  # the resource of workers that have one
CHILDLESS = "its process may have no children: start it with DASK_DISTRIBUTED__WORKER__DAEMON=False, or by --no-nanny"


def misfit(here: Mapping[str, str], dask_worker: Worker) -> str:
    """Why a worker, this process, may not do runs, or ""; here: the facts of the coordinator."""
    reasons = [CHILDLESS] if current_process().daemon else []
    if unlike := difference(facts([name for name in here if " " not in name]), here):
        reasons.append(f"it has {unlike}")
    if dask_worker.state.total_resources.get(GPU):
        try:
            resolve_device("cuda")
        except ValueError as error:
            reasons.append(str(error))
    return "; ".join(reasons)


@dataclass
class Underway:
    """A run that a worker is at. place: of its specification in the job."""

    number: int
    place: int
    since: float
    announced: bool = False


class Station(WorkerPlugin):
    """All that the jobs of one campaign need on a worker, also on those that come later.

    name: of this plugin, of its events, and the beginning of its keys. here, kernels: those of the coordinator, see
    `bench.runner.alike`. how: of `Launch`. end: when the time of all runs is over, by the clock of the scheduler.
    """

    def __init__(
        self,
        name: str,
        here: Mapping[str, str],
        kernels: Mapping[str, str],
        sources: Sources,
        how: Mapping[str, Any],
        end: float,
    ):
        self.name, self.here, self.kernels, self.sources = name, here, kernels, sources
        self.how, self.end = how, end

    def setup(self, worker: Worker) -> None:
        """Get ready; what hinders is told, and raised for no job."""
        self.worker, self.refusal = worker, misfit(self.here, worker)
        self.halts: dict[Any, threading.Event] = {}
        self.underway: dict[Any, Underway] = {}
        self.announcing = PeriodicCallback(self._announce, 1000 * TOLD)
        imports = ()
        try:
            imports = self.sources.write(Path(worker.local_directory))
        except (OSError, ValueError) as error:
            self.refusal = self.refusal or str(error)
        if self.refusal:
            worker.log_event(self.name, {"refused": self.refusal, "worker": worker.address})
            return
        if unlike := difference(kernels(), self.kernels):
            worker.log_event(self.name, {"unlike": unlike, "worker": worker.address})
        end = time.monotonic() + self.end - (time.time() + worker.scheduler_delay)
        self.launch = Launch(imports=imports, end=end, **self.how)
        self.children = Children(self.launch, lambda optimizer: bool(worker.state.ready))
        serve(self.launch.preload)
        self.announcing.start()

    async def teardown(self, worker: Worker) -> None:
        """End all jobs, and wait until they have."""
        self.announcing.stop()
        for halt in [*self.halts.values()]:
            halt.set()
        late = time.monotonic() + ENDING
        while self.halts and time.monotonic() < late:
            await asyncio.sleep(0.02)
        if not self.refusal:
            self.children.close()

    def transition(self, key: Any, start: str, finish: str, **facts: Any) -> None:
        """A job whose coordinator has given it up, or is gone, ends."""
        if not str(key).startswith(self.name):
            return
        if finish == "executing":
            self.halts[key] = threading.Event()
        elif finish in ("memory", "error"):
            self.halts.pop(key, None)
        elif start in ("executing", "long-running") and key in self.halts:
            self.halts[key].set()

    def do(self, key: str, job: Job) -> tuple[list[Message], list[RunSpec]]:
        """All messages of a job, and what is given back."""
        halt = self.halts.setdefault(key, threading.Event())
        messages: list[Message] = []
        number = int(key.rpartition("-")[2])

        def send(message: Message) -> None:
            spec, record = message
            messages.append(message)
            if record is None:
                self.underway[key] = Underway(number, job.specs.index(spec), time.monotonic())
            else:
                self.underway.pop(key, None)

        try:
            rest = [] if self.launch.over else supervise(job, send, self.launch, halt, self.children)
            return messages, rest
        finally:
            self.underway.pop(key, None)
            self.halts.pop(key, None)

    def _announce(self) -> None:
        """Tell of the runs that take long enough for somebody to wonder."""
        now = time.monotonic()
        runs = [run for run in [*self.underway.values()] if not run.announced and now - run.since > TOLD]
        for run in runs:
            run.announced = True
        if runs:
            self.worker.log_event(self.name, {"begun": [[run.number, run.place] for run in runs]})


def work(packed: bytes) -> bytes:
    """Do a job that was packed: messages, what is given back, the seconds that it took, and why this worker may not do
    it, or ""; packed."""
    worker: Any = get_worker()
    key, began = worker.get_current_task(), time.monotonic()
    station = worker.plugins[key.rpartition("-")[0]]
    if station.refusal:
        time.sleep(TOLD)  # who answers at once is taken for the fastest of all
        return pickle.dumps(([], [], TOLD, station.refusal))
    messages, rest = station.do(key, pickle.loads(packed))
    return pickle.dumps((messages, rest, time.monotonic() - began, ""))
