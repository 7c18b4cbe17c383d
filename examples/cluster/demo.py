"""Four workers of a cluster on this machine, of which one is killed half way, give the records of one process:

    python examples/cluster/demo.py

It starts a scheduler of Dask and its workers as one would elsewhere, runs a suite on them and the same one here, and
compares all that is stored but seconds and memory. Exit status 1 where anything differs.
"""

import socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import distributed

from bench.cli.stopping import stoppable
from bench.results.stored import Results
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch, Watcher
from bench.runner.single import RunRecord
from bench.runner.store import COLUMNS, Store
from bench.runner.suite import make_suite

WORKERS = 4
MEASURED = {"inside", "outside", "written", "trajectory", "trajectory_bytes", "peak_memory"}  # of no two runs alike
PROBLEMS = ["rosenbrock[dim=2,10]", "rastrigin[dim=5]", "sphere+noise[dim=5]", "softmax"]
OPTIMIZERS = ["random-search", "cma-es", "scipy-bfgs", "scipy-nelder-mead", "torch-adam", "spsa-sgd"]
BUDGET, SEEDS = 300, 6
PRELOAD = ("scipy.optimize", "torch._dynamo")  # what these methods need


def started(folder: Path) -> tuple[str, list[subprocess.Popen]]:
    """The address of a scheduler, and its process and those of its workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    scheduler = ["scheduler", "--host", address, "--dashboard-address", "127.0.0.1:0"]
    worker = ["worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    env = {**environ, "DASK_LOGGING__DISTRIBUTED": "error", "DASK_TEMPORARY_DIRECTORY": str(folder)}
    with (folder / "log").open("w") as log:
        how = {"env": env, "stdout": log, "stderr": log}
        commands = [scheduler, *[worker] * WORKERS]
        return address, [subprocess.Popen([sys.executable, "-m", "dask", *command], **how) for command in commands]


@dataclass
class Killer(Watcher):
    """Kills a worker that is at a job, when half of the runs are stored. had: jobs of the one that it killed."""

    address: str
    workers: list[subprocess.Popen]
    runs: int = 0
    stored: int = 0
    had: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def planned(self, planned: int, there: int) -> None:
        self.runs = planned

    def ended(self, record: RunRecord) -> None:
        self.stored += 1
        self.statuses[record.status] += 1
        if not self.had and self.stored >= self.runs / 2:
            self.kill()

    def kill(self) -> None:
        with distributed.Client(self.address, set_as_default=False) as client:
            pids = client.run(lambda dask_worker: __import__("os").getpid())
            busiest, jobs = max(client.processing().items(), key=lambda pair: len(pair[1]))
        for process in self.workers:
            if jobs and process.pid == pids[busiest]:
                process.kill()
                self.had = len(jobs)
                print(f"a worker with {self.had} jobs is killed; {self.stored} of {self.runs} runs are stored")


def records(folder: Path) -> tuple[dict[str, dict], dict[str, bytes]]:
    """Rows by the hash of their run, without what is measured; and trajectories, without seconds."""
    rows = {row["hash"]: {key: row[key] for key in COLUMNS if key not in MEASURED} for row, _ in Store(folder).rows()}
    events = Results(folder).trajectories.drop(columns=["inside", "outside"])
    return rows, {str(run): of_run.drop(columns="run").to_numpy().tobytes() for run, of_run in events.groupby("run")}


STEPS = {
    "cluster": f"A suite on {WORKERS} workers, of which one will be killed: half a minute on two quiet cores.",
    "here": "The same suite with one worker, to compare with: half a minute.",
}


def main() -> int:
    suite = make_suite(PROBLEMS, OPTIMIZERS, budget=BUDGET, name="demo", seeds=SEEDS)
    with TemporaryDirectory(prefix="fogbench-demo-") as scratch:
        address, processes = started(Path(scratch))
        killer = Killer(address, processes[1:])
        seconds = []
        try:
            for name, launch in (
                ("cluster", Launch(scheduler=address, watcher=killer, pictures=False, preload=PRELOAD)),
                ("here", Launch(workers=1, pictures=False, preload=PRELOAD)),
            ):
                launch.load()
                print(STEPS[name], flush=True)
                began = monotonic()
                run_suite(suite, Path(scratch) / name, launch)
                seconds.append(monotonic() - began)
        finally:
            for process in processes:
                with suppress(OSError):
                    process.kill()
                process.wait()
        (rows, curves), (rows_here, curves_here) = (records(Path(scratch) / name) for name in ("cluster", "here"))
    differ = [key for key in {*rows, *rows_here} if rows.get(key) != rows_here.get(key)]
    other = [key for key in {*curves, *curves_here} if curves.get(key) != curves_here.get(key)]
    print(f"{WORKERS} workers, one of them killed: {seconds[0]:.1f} s; --workers 1: {seconds[1]:.1f} s")
    print("ends:", ", ".join(f"{number} {status}" for status, number in sorted(killer.statuses.items())))
    columns = len(COLUMNS) - len(MEASURED)
    print(f"rows compared: {len(rows)} and {len(rows_here)}, in {columns} columns; {len(differ)} differ")
    print(f"trajectories compared: {len(curves)} and {len(curves_here)}, in all but seconds; {len(other)} differ")
    if not killer.had:
        print("no worker was killed at a job: nothing is shown")
    return 0 if killer.had and rows and curves and not differ and not other else 1


if __name__ == "__main__":
    stoppable(lambda: sys.exit(main()))
