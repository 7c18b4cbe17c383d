"""Whether results are as they were written: the file, the plan, the manifest, the pictures and every run."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.ledger import EVENT, QUESTIONS
from bench.core.status import Status
from bench.measure import words
from bench.results import plans
from bench.runner.alone import running_in
from bench.runner.store import Store
from bench.runner.trajectories import decode

JSON = ("key", "parameters", "hyperparameters", "counts", "restarts", "versions")  # columns of a run
ARRAYS = ("best_x", "points")  # columns of a run: numbers of eight bytes


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what is wrong. planned, there: runs. beside: runs that are of no report. faults: in
    words, one each. running: whether a process runs into it, so that runs are yet to come."""

    name: str
    planned: int
    there: int
    beside: int
    faults: list[str]
    running: bool = False

    def __str__(self) -> str:
        beside = f", {words.counted(self.beside, 'run')} beside" if self.beside else ""
        ran = f"{self.name}: {self.there:,} of {words.counted(self.planned, 'planned run')}{beside}"
        ran += ", and it is running" if self.running else ""
        return f"{ran}: {words.counted(len(self.faults), 'fault') if self.faults else 'all as written'}."


def verify(folder: Path) -> Verified:
    """Look at all that a folder of results holds; nothing is written. Raises StoreError where it cannot be read."""
    running = running_in(folder)
    with closing(Store(folder)) as store:
        faults = [*store.faults(), *store.damage()]
        shards, lacking = plans.lacking(store.manifest())
        planned, there, beside = len(store.planned()) + lacking, 0, 0
        for row, whole in store.rows():
            there += 1
            faults += [f"{where(row)}: {text}" for text in faults_of(row, whole)]
        for row, whole in store.beside():
            beside += 1
            faults += [f"{where(row)}, of no report: {text}" for text in faults_of(row, whole)]
    running = running and there < planned
    if not running and (text := words.missing(there, planned, shards, lacking)):
        faults.insert(0, text)
    return Verified(folder.name, planned, there, beside, faults, running)


def where(row: Mapping[str, Any]) -> str:
    """Which run a row is, in words."""
    place = f"{row['problem']}, dim {row['dim']}, instance {row['instance']}"
    return f"{place}, with {row['optimizer']}, seed {row['seed']}"


def faults_of(row: Mapping[str, Any], whole: bool) -> Iterator[str]:
    """What is wrong with a run, in words: its checksum, or else what cannot be read."""
    if not whole:
        yield "its checksum does not hold"
        return
    if hashlib.sha256(row["key"].encode()).hexdigest() != row["hash"]:
        yield "its hash is not that of its key"
    for name in JSON:
        try:
            json.loads(row[name])
        except ValueError as error:
            yield f"its {name} cannot be read: {error}"
    if row["status"] not in set(Status):
        yield f"its status {row['status']!r} is none"
    for name in ARRAYS:
        if len(row[name] or b"") % 8:
            yield f"its {name} is cut short"
    if row["trajectory"]:
        try:
            table = decode(row["trajectory"], row["trajectory_bytes"])
            table.validate(full=True)
        except (ValueError, OSError) as error:  # Arrow's are ValueErrors
            yield f"its trajectory cannot be read: {error}"
        else:
            if lacking := set(EVENT) - set(table.column_names) - set(QUESTIONS):
                yield f"its trajectory lacks {', '.join(sorted(lacking))}"
