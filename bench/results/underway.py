"""A suite while it runs, seen from another process: what is stored is read, and nothing is written or held."""

import json
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from math import inf, nan
from pathlib import Path
from typing import Any

from bench.core import registry
from bench.core.status import Status
from bench.measure import words
from bench.results import plans
from bench.results.labels import label, varied_in
from bench.runner.alone import running_in
from bench.runner.store import GoneError, Store

LAST = 3  # failures that are kept


@dataclass
class Line:
    """How far the runs of one optimizer or on one problem are. planned: runs, 0 where it is not known. best: the lowest
    value (the highest, of a function that is maximized), NaN before there is one. by: of which optimizer."""

    name: str
    planned: int = 0
    ended: int = 0
    failed: int = 0
    best: float = nan
    by: str = ""


@dataclass
class Progress:
    """How far a suite is. running: whether a process works on it. planned, ended, failed: runs. seconds: since it was
    begun, or gone on with; left: that the others still take, NaN where that is not known. failures: the last, in
    words. missing: of a merged folder, which shards are not here, "" where all are."""

    name: str
    running: bool
    planned: int = 0
    ended: int = 0
    failed: int = 0
    seconds: float = 0.0
    left: float = nan
    optimizers: list[Line] = field(default_factory=list)
    problems: list[Line] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    missing: str = ""

    @property
    def done(self) -> bool:
        """Whether all that is planned is there."""
        return 0 < self.planned <= self.ended


class Underway:
    """A folder of results that another process runs into. Each look reads the runs that are new since the last."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._begun: Any = None  # what the manifest says of its beginning: another one, and all is read anew
        self._forget()

    def _forget(self) -> None:
        self._last = self._added = self._failed = 0
        self._counted = 0
        self._lines: dict[str, dict[tuple[str, str], Line]] = {"optimizers": {}, "problems": {}}
        self._failures: list[str] = []

    def look(self) -> Progress:
        """How far it is. Raises StoreError where there are no results, and nobody runs into the folder, and where its
        manifest is damaged."""
        running = running_in(self.folder)  # first: who has ended meanwhile has left all of its runs
        try:
            store = Store(self.folder)
        except GoneError:  # it begins, perhaps anew
            if not running:
                raise
            return Progress(self.folder.name, running)
        with closing(store):
            begun = store.begun()
            if begun != self._begun:
                self._begun = begun
                self._forget()
                self._prepare(store)
            planned = store.number_planned() + self._lacking
            for row in store.new_runs(self._last):
                self._take(row)
        return self._progress(running, planned)

    def _prepare(self, store: Store) -> None:
        plans.check(store, self.folder)
        manifest = store.manifest()
        suite = manifest.get("suite", {})
        self._shards, self._lacking = plans.lacking(manifest)
        varied = varied_in(suite)
        self._sign = manifest.get("function", {}).get("sign", 1)
        self._since = _time(manifest.get("updated") or manifest.get("created"))
        registries: dict[str, Any] = {"optimizers": registry.OPTIMIZERS, "problems": registry.PROBLEMS}
        self._label = cache(
            lambda kind, name, values: label(name, json.loads(values), registries[kind], varied=varied.get(name, ()))
        )
        for kind, lines in self._lines.items():
            for name, values, runs in manifest.get("planned", {}).get(kind, []):
                lines[name, values] = Line(self._label(kind, name, values), runs)

    def _take(self, row: dict[str, Any]) -> None:
        self._last, status = row["id"], Status(row["status"])
        self._counted += 1
        self._added += status.ran and _time(row["written"]) >= self._since
        optimizer = self._label("optimizers", row["optimizer"], row["hyperparameters"])
        problem = self._label("problems", row["problem"], row["parameters"])
        for kind, name, values, shown in (
            ("optimizers", row["optimizer"], row["hyperparameters"], optimizer),
            ("problems", row["problem"], row["parameters"], problem),
        ):
            line = self._lines[kind].setdefault((name, values), Line(shown))
            line.ended += 1
            line.failed += status.failed
        if row["best"] is not None:
            value = self._sign * row["best"]
            if not line.by or self._sign * value < self._sign * line.best:
                line.best, line.by = value + 0.0, optimizer
        if status.failed:
            self._failed += 1
            reason = row["error"].strip().rpartition("\n")[2]
            text = f"{problem} with {optimizer}, seed {row['seed']}: {status}" + (f", {reason}" if reason else "")
            self._failures = [*self._failures, text][-LAST:]

    def _progress(self, running: bool, planned: int) -> Progress:
        seconds = max(0.0, (datetime.now(UTC).timestamp() - self._since) if running else 0.0)
        remaining = seconds / self._added * (planned - self._counted) if self._added and running else nan
        return Progress(
            self.folder.name, running, planned, self._counted, self._failed, seconds, remaining,
            optimizers=list(self._lines["optimizers"].values()), problems=list(self._lines["problems"].values()),
            failures=self._failures,
            missing=words.missing(self._counted, planned, self._shards, self._lacking) if self._lacking else "",
        )  # fmt: skip


def _time(text: str | None) -> float:
    """Seconds since the epoch of a time as it is stored; infinite where there is none."""
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except ValueError:
        return inf
