"""How many jobs a second a coordinator takes: sleeping jobs on many simulated workers.

    python -m tests.benchmarks.cluster --jobs 100000 --workers 1000 --seconds 1

What is real: the coordinator, which sends jobs, takes records and writes them to a results folder; a scheduler of Dask
in a process of its own; workers of Dask that speak with it over TCP, each with one thread. What is simulated: all
workers live in two processes, and a job sleeps and gives a record of 30 events, where it would have one for its run.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from bench.core.status import Status
from bench.runner import cluster
from bench.runner.campaign import Campaign, _Writer
from bench.runner.launch import Launch, Watcher
from bench.runner.plan import Job, plan
from bench.runner.single import RunRecord
from bench.runner.store import Store
from bench.runner.suite import make_suite

EVENTS = np.cumsum(np.random.default_rng(1).random((30, 8)), axis=0)
QUIET = {  # what a process with a thousand workers cannot afford, and one with a single worker can
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "60s",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "60s",
    "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "1h",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "300s",
    "DASK_LOGGING__DISTRIBUTED": "error",
}
PROCESSES = 2


def serve_workers(address: str, number: int, seconds: float) -> None:
    """Be so many workers, whose jobs sleep."""
    import distributed

    from bench.runner import worker

    def sleep(job, send, launch, halt, children):
        for spec in job.specs:
            send((spec, None))
            halt.wait(seconds)
            send((spec, RunRecord(spec, str(Status.BUDGET), counts=(30, 0, 0, 0, 0), best=1.0, trajectory=EVENTS)))
        return []

    worker.supervise, worker.serve = sleep, lambda modules: None

    async def live() -> None:
        workers = [distributed.Worker(address, nthreads=1, memory_limit=0, dashboard=False) for _ in range(number)]
        for at in range(0, number, 20):
            await asyncio.gather(*(each.start() for each in workers[at : at + 20]))
        await asyncio.gather(*(each.finished() for each in workers))

    asyncio.run(live())


class Counted(Watcher):
    """Says how it goes, ten times."""

    def __init__(self, jobs: int):
        self.jobs, self.ended_jobs, self.began_at = jobs, 0, time.monotonic()

    def ended(self, record: RunRecord) -> None:
        self.ended_jobs += 1
        if self.ended_jobs % (self.jobs // 10) == 0:
            rate = self.ended_jobs / (time.monotonic() - self.began_at)
            memory = psutil.Process().memory_info().rss / 1e6
            print(f"{self.ended_jobs:7,} jobs, {rate:.0f} a second; the coordinator holds {memory:.0f} MB", flush=True)


def cpu_seconds(pids: list[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(each.user + each.system for each in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0, help="that a job sleeps")
    options = parser.parse_args()
    os.environ.update(QUIET)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "dask", "scheduler", "--host", address, "--dashboard-address", "127.0.0.1:0"]
    scheduler = subprocess.Popen(command)
    shares = [len(range(first, options.workers, PROCESSES)) for first in range(PROCESSES)]
    start = get_context("spawn").Process
    workers = [start(target=serve_workers, args=(address, share, options.seconds)) for share in shares]
    for each in workers:
        each.start()
    launch = Launch(scheduler=address, preload=())
    launch.load()
    try:
        with TemporaryDirectory(prefix="fogbench-jobs-") as folder, cluster.connected(launch) as connection:
            began = time.monotonic()
            while connection.threads() < options.workers:
                time.sleep(1)
            print(f"{options.workers:,} workers came within {time.monotonic() - began:.0f} s", flush=True)
            suite = make_suite(["rosenbrock"], ["random-search"], budget=30, name="t", seeds=options.jobs)
            specs = plan(suite)
            connection.check(specs, ())
            with closing(Store(Path(folder), create=True)) as store:
                watcher = Counted(options.jobs)
                writer = _Writer(store, Campaign(Path(folder)), watcher, set())
                pids = {"coordinator": [os.getpid()], "scheduler": [scheduler.pid]}
                pids["all workers"] = [each.pid for each in workers]
                before = {name: cpu_seconds(of_name) for name, of_name in pids.items()}
                began = watcher.began_at = time.monotonic()
                connection.execute([Job((spec,), False) for spec in specs], replace(launch, workers=None), writer)
                seconds = time.monotonic() - began
                used = {name: cpu_seconds(of_name) - before[name] for name, of_name in pids.items()}
                stored = len(store.hashes())
    finally:
        for each in (*workers, scheduler):
            each.kill()
        scheduler.wait()
    print(f"{stored:,} of {options.jobs:,} jobs stored in {seconds:.0f} s: {options.jobs / seconds:.0f} a second")
    print(f"asked for: {options.workers / options.seconds:.0f} a second, by jobs of {options.seconds:g} s")
    for name, of_process in used.items():
        print(f"{name}: {of_process / options.jobs * 1e3:.2f} ms of CPU a job")


if __name__ == "__main__":
    main()
