"""Measure Nevergrad's registry and write nevergrad.txt: `python -m bench.optimizers.nevergrad_names`.

Names behind it are measured alone, and the other lines stay: `... $(grep -w nlopt optimizers/nevergrad.txt | cut -f1)`
after an installation of NLopt, say. What needs a module has that module named, also where it is installed.

Each method runs twice on a small sphere, in processes of its own, with the same seed. The two differ in what a seed
does not fix: Python's hashes of strings, and the clock, which is replaced by one that jumps at every reading. A method
that asks other points the second time is not deterministic. What lacks a module, fails, or has no end (some methods of
Nevergrad 1.0.12 wait for a thread of their own for ever) is unmeasured, and is not taken for deterministic.
"""

import hashlib
import importlib.metadata
import itertools
import json
import multiprocessing
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from multiprocessing.connection import Connection

from bench.core import Array, Objective, Oracle
from bench.core.oracle import books_of

from .nevergrad import NAMES, bridge, entries

BUDGET = 60  # beyond the first learned model of those methods that learn one
SECONDS = 20.0  # for one run
CHILD = "--child"
HEADER = "name\tneeds\tdeterministic\tparallel"


def sphere(x: Array) -> Array:
    """Sum of squares around 1. x: (..., dim) -> (...)."""
    return ((x - 1) ** 2).sum(-1)


def run(name: str, clock_step: float, answer: Connection) -> None:
    """Send a digest of the points asked, or the module that is missing, or the error."""
    readings = itertools.count(0.0, clock_step)
    time.time = lambda: next(readings)
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # some methods print
    try:
        with Oracle(Objective(sphere, dim=2), budget=BUDGET, seed=1, order=0) as oracle:
            bridge(name)(oracle)
        points = b"".join(point.tobytes() for point in books_of(oracle).ledgers[0].points or [])
        answer.send({"digest": hashlib.sha256(points).hexdigest()})
    except Exception as error:
        missing = missing_module(error)
        answer.send({"missing": missing} if missing else {"error": f"{type(error).__name__}: {error}"[:200]})


def missing_module(error: BaseException | None) -> str:
    """The module for want of which there was an error, or "". Methods with a thread hand it on as a cause."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return ""


def run_all(clock_step: float, names: Sequence[str]) -> None:
    """Print the outcome of these methods, a line of JSON each. A process forked for each has a limit of seconds."""
    import nevergrad

    assert nevergrad.optimizers.registry  # imported once, here
    context = multiprocessing.get_context("fork")  # a spawned one would import the library anew
    for name in names:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=run, args=(name, clock_step, theirs))
        child.start()
        theirs.close()
        outcome = {"error": f"no end within {SECONDS:g} s"}
        try:
            if ours.poll(SECONDS):
                outcome = ours.recv()
        except EOFError:
            outcome = {"error": "the process died"}
        child.kill()
        child.join()
        print(json.dumps([name, outcome]), flush=True)


def outcomes(number: int, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """name -> outcome, from an interpreter of its own."""
    command = [sys.executable, "-m", "bench.optimizers.nevergrad_names", CHILD, str(number), *names]
    environment = {**os.environ, "PYTHONHASHSEED": str(number), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(line) for line in done.stdout.splitlines())


def main(chosen: Sequence[str]) -> None:
    """Write the file, and print what could not be measured. chosen: names whose lines are written anew, all if none."""
    import nevergrad

    registry = nevergrad.optimizers.registry
    names = sorted(chosen or registry)
    written = NAMES.read_text().splitlines()[2:]
    lines = {entry.name: (entry.needs, line) for entry, line in zip(entries(), written, strict=True)}
    first, second = outcomes(1, names), outcomes(2, names)
    for name in names:
        one, two = first[name], second[name]
        if "digest" in one and "digest" in two:
            deterministic = "yes" if one == two else "no"
        else:
            deterministic = "unmeasured"
            print(f"{name}: {one}, {two}")
        parallel = "no" if registry[name].no_parallelization else "yes"
        before = lines[name][0] if name in lines else ()
        needs = one.get("missing") or two.get("missing") or ",".join(before) or "-"
        lines[name] = (before, "\t".join([name, needs, deterministic, parallel]))
    header = [
        f"# Nevergrad {importlib.metadata.version('nevergrad')}, by python -m bench.optimizers.nevergrad_names",
        HEADER,
    ]
    NAMES.write_text("\n".join([*header, *(lines[name][1] for name in sorted(registry))]) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        run_all(3.0 * int(sys.argv[2]), sys.argv[3:])
    else:
        main(sys.argv[1:])
