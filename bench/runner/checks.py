"""What `doctor` looks at: the parts that a run needs, on this machine."""

import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import metadata, requires
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.core.status import Status
from bench.runner.campaign import run_suite
from bench.runner.environment import cores, environment, gpu, installed
from bench.runner.launch import Launch
from bench.runner.processes import method
from bench.runner.store import Store
from bench.runner.suite import make_suite
from bench.runner.systems import TRIED, system

ROOM = 1 << 30  # bytes free below which a long run may not fit


@dataclass(frozen=True)
class Check:
    """One finding. passed is False where runs would fail or lose something."""

    name: str
    passed: bool
    finding: str


def checks() -> Iterator[Check]:
    """All findings, the quick ones first."""
    yield Check("python", sys.version_info >= (3, 11), f"{sys.version.split()[0]} (3.11 or newer is needed)")
    yield from _libraries()
    yield _system()
    yield Check("machine", True, f"{environment()['cpu']}, {cores()} cores, GPU: {gpu() or 'none'}")
    yield Check("sqlite", sqlite3.sqlite_version_info >= (3, 24), f"{sqlite3.sqlite_version} (3.24 or newer is needed)")
    free = shutil.disk_usage(Path.cwd()).free
    yield Check("disk", free > ROOM, f"{free / 2**30:.1f} GiB free in {Path.cwd()}")
    yield _a_run()


def _system() -> Check:
    """The system, and how processes of runs start on it."""
    try:
        how = f"processes of runs start by {method()}"
    except ValueError as error:
        return Check("system", False, str(error))
    tried = "" if system() == TRIED else ", where nobody has tried it: what differs is said below"
    return Check("system", True, f"{system()}{tried}; {how}")


def _libraries() -> Iterator[Check]:
    """Each library that fogbench requires, with its version and the range it must lie in, and the extras."""
    from packaging.requirements import Requirement

    if installed("fogbench") is None:
        how = "run `python -m pip install -c constraints.txt -e .` in its folder, or install its wheel"
        yield Check("fogbench", False, f"not installed: {how}")
        return
    extras: dict[str, list[bool]] = {extra: [] for extra in metadata("fogbench").get_all("Provides-Extra") or ()}
    for requirement in map(Requirement, requires("fogbench") or ()):
        there, marker = installed(requirement.name), requirement.marker
        if marker is not None and not marker.evaluate({"extra": ""}):
            for extra in [extra for extra in extras if marker.evaluate({"extra": extra})]:
                extras[extra].append(there is not None)
        elif there is None:
            yield Check(requirement.name, False, f"missing: run `python -m pip install '{requirement}'`")
        else:
            fits = requirement.specifier.contains(there, prereleases=True)
            yield Check(requirement.name, fits, f"{there} ({requirement.specifier} is needed)")
    whole = [extra for extra, libraries in extras.items() if all(libraries)]
    lacking = ", ".join(sorted(extras.keys() - set(whole)))
    yield Check("extras", True, f"installed: {', '.join(whole) or 'none'}; others: {lacking}")


def _a_run() -> Check:
    """One run in a child process, stored and read again."""
    launch = Launch(workers=1)
    launch.load()
    suite = make_suite(["rosenbrock"], ["random-search"], budget=100, name="doctor", seeds=1)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "doctor"
        run_suite(suite, folder, launch)
        with closing(Store(folder)) as store:
            [(row, whole)] = store.rows()
    values = json.loads(row["counts"])["value"]
    good = whole and Status(row["status"]).counts and values > 0
    return Check("a run", good, f"{row['problem']} with {row['optimizer']}: {row['status']} after {values} values")
