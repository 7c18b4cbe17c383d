"""What the harness costs: suites of tiny runs from start to report, beside the same calls without it.

    python -m tests.benchmarks.harness                    suites of 2,000 and 20,000 runs
    python -m tests.benchmarks.harness --runs 200000
    python -m tests.benchmarks.harness --suites           one run, quick with one worker
    python -m tests.benchmarks.harness --standard         standard with one worker and with two: a quarter of an hour
    python -m tests.benchmarks.harness --beside FOLDER    each line also by the checkout in FOLDER

prints a table. Seconds of the processor are those of all processes of a command, user and system. The bare loop builds
the same problems, opens the same oracles and calls the same methods, and stores nothing: in one process, and in as many
at once as the suite has workers, as cores that are all busy slow each other down; these before and after the suite, as
shared machines grow faster and slower by a tenth within minutes. What the harness costs a run is what a suite takes
beyond the mean of the loops that are at once, and beyond a suite of TINIEST runs, whose seconds are imports.
"""

import argparse
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from os import getloadavg
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.runner import ONE_THREAD, orphans

ROOT = Path(__file__).parents[2]
PROBLEMS = ("rosenbrock[dim=2]", "rastrigin[dim=2]", "quadratic[dim=5]", "ackley[dim=5]")
OPTIMIZERS = ("scipy-nelder-mead", "scipy-powell", "scipy-lbfgsb", "scipy-bfgs", "scipy-cg")  # none goes in lanes
PAIRS = len(PROBLEMS) * len(OPTIMIZERS)
TINIEST = PAIRS  # runs of the suite whose seconds are taken for those of imports
BUDGET = 20
WORKERS = 2


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of the processor, MB of the largest process."""

    wall: float
    cpu: float
    memory: float


def cost(root: Path, folder: Path, *words: str) -> Cost:
    """That of `python words` by the code in root, in a folder, with all processes that it starts."""
    orphans.adopt()  # what it leaves behind ends here, and is counted
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(root)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as Python is by default: what is imported was compiled before
    command = subprocess.Popen(
        [sys.executable, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = command.communicate()
    wall = time.perf_counter() - began
    if command.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(words)} ended with exit status {command.returncode}: {output.decode()}")
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, after.ru_maxrss / 1024)


def command(runs: int) -> list[str]:
    """The line that makes so many tiny runs, without a report."""
    pairs = [word for name in PROBLEMS for word in ("-p", name)] + [
        word for name in OPTIMIZERS for word in ("-o", name)
    ]
    seeds = str(runs // PAIRS)
    how = ("--budget", str(BUDGET), "--seeds", seeds, "--workers", str(WORKERS), "--name", "tiny", "--no-report")
    return ["-m", "bench", "run", *pairs, *how]


def bare(runs: int) -> float:
    """Seconds of the processor of the same calls without the harness, after a few to begin with."""
    os.environ.update(ONE_THREAD)
    import numpy as np

    from bench.core import registry
    from bench.core.oracle import Stop
    from bench.runner.launch import Launch
    from bench.runner.plan import plan
    from bench.runner.single import open_oracle
    from bench.runner.suite import make_suite

    Launch().load()
    specs = plan(make_suite(list(PROBLEMS), list(OPTIMIZERS), budget=BUDGET, seeds=runs // PAIRS, name="tiny"))
    began = 0.0
    for number, spec in enumerate([*specs[:: len(specs) // PAIRS], *specs]):
        if number == PAIRS:
            began = time.process_time()
        method = registry.find_optimizer(spec.optimizer)
        objective = registry.find_problem(spec.problem).make(spec.instance, **spec.parameters)
        oracle = open_oracle(objective, method, spec.budget, spec.seed, gap=spec.gap, prices=spec.prices)
        try:
            with np.errstate(all="ignore"):
                while True:
                    method.function(oracle)
                    oracle.restart()
        except Stop:
            pass
    return time.process_time() - began


def tiny_rows(root: Path, numbers: Sequence[int]) -> Iterator[str]:
    """A line of the table for each number of runs."""
    with TemporaryDirectory() as scratch:
        first = cost(root, Path(scratch), *command(TINIEST))
    for runs in numbers:
        with TemporaryDirectory() as scratch:
            folder = Path(scratch)
            before = bare_seconds(runs, WORKERS)
            made = cost(root, folder, *command(runs))
            loop, loops = bare_seconds(runs, 1), (before + bare_seconds(runs, WORKERS)) / 2
            harness = 1000 * (made.cpu - first.cpu - loops) / runs
            size = (folder / "results" / "tiny" / "runs.db").stat().st_size / 1e6
            again = cost(root, folder, *command(runs))
            report = cost(root, folder, "-m", "bench", "report", "tiny")
            page = (folder / "reports" / "tiny" / "index.html").stat().st_size / 1e6
            facts = (
                f"{runs:,}", f"{made.wall:.1f}", f"{made.cpu:.1f}", f"{loop:.1f}", f"{loops:.1f}", f"{harness:.2f}",
                f"{max(made.memory, again.memory, report.memory):.0f}", f"{size:.1f}", f"{again.wall:.1f}",
                f"{again.cpu:.1f}", f"{report.cpu:.1f}", f"{page:.1f}", f"{getloadavg()[0]:.1f}",
            )  # fmt: skip
            yield f"| {' | '.join(facts)} |"


def bare_seconds(runs: int, processes: int) -> float:
    """Those of `bare`, in so many processes at once, each with its part of the runs."""
    words = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.harness", "--bare", str(runs // processes)]
    loops = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(float(loop.communicate()[0]) for loop in loops)


def inside(database: Path) -> float:
    """Seconds within the runs of a folder, of problems and of methods; those of lanes are each lane's share."""
    with closing(sqlite3.connect(database)) as db:
        return db.execute("SELECT sum(inside + outside) FROM runs").fetchone()[0]


def suite_rows(root: Path) -> Iterator[str]:
    """One run from the shell, and `quick` with one worker."""
    one = ("-m", "bench", "run", "-p", "rosenbrock", "-o", "random-search", "--seeds", "1")
    for more in (("--no-report",), ()):
        with TemporaryDirectory() as scratch:
            taken = cost(root, Path(scratch), *one, *more)
        yield f"| one run {' '.join(more)} | {taken.wall:.1f} | {taken.cpu:.1f} | | | {getloadavg()[0]:.1f} |"
    with TemporaryDirectory() as scratch:
        taken = cost(root, Path(scratch), "-m", "bench", "run", "quick", "--workers", "1", "--no-report")
        within = inside(Path(scratch) / "results" / "quick" / "runs.db")
    ratio = f"{within:.1f} | {taken.wall / within:.2f}"
    yield f"| quick, 1 worker | {taken.wall:.1f} | {taken.cpu:.1f} | {ratio} | {getloadavg()[0]:.1f} |"


def standard_rows(root: Path) -> Iterator[str]:
    """`standard` with one worker and with two, and whether its records are equal."""
    from bench.results.records import records
    from bench.results.stored import Results

    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        folders = [Path(one), Path(two)]
        words = ("-m", "bench", "run", "standard", "--no-report", "--workers")
        taken = [cost(root, folder, *words, str(n)) for n, folder in enumerate(folders, 1)]
        for n, (each, folder) in enumerate(zip(taken, folders, strict=True), 1):
            within = inside(folder / "results" / "standard" / "runs.db")
            ratio = f"{within:.1f} | {each.wall / within:.2f}"
            yield f"| standard, {n} workers | {each.wall:.1f} | {each.cpu:.1f} | {ratio} | {getloadavg()[0]:.1f} |"
        stored = [Results(folder / "results" / "standard") for folder in folders]
        equal = records(stored[0], range(len(stored[0].runs))) == records(stored[1], range(len(stored[1].runs)))
        print(f"\n{taken[0].wall / taken[1].wall:.2f} times as fast by two workers; records equal: {equal}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--suites", action="store_true")
    parser.add_argument("--standard", action="store_true")
    parser.add_argument("--beside", type=Path, action="append", default=[])
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        print(bare(options.bare))
        return
    if options.suites or options.standard:
        heads = ("command", "seconds", "CPU s", "s inside runs", "ratio", "load")
    else:
        heads = (
            "runs", "seconds", "CPU s", "bare loop, CPU s", "two at once, CPU s", "harness, ms a run",
            "largest process, MB", "database, MB",
            "nothing to do, s", "CPU s", "report, CPU s", "page, MB", "load",
        )  # fmt: skip
    for root in (ROOT, *options.beside):
        print(f"\n{'This checkout' if root == ROOT else root}:\n\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
        rows = suite_rows(root) if options.suites else standard_rows(root) if options.standard else None
        for row in rows or tiny_rows(root, options.runs):
            print(row, flush=True)


if __name__ == "__main__":
    main()
