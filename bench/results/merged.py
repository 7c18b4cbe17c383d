"""Folders of results, as the shards of a suite from several machines, as one folder."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from bench.core.files import new_folder
from bench.core.ledger import QUESTIONS
from bench.core.status import UNFINISHED, Status
from bench.measure import words
from bench.results import plans
from bench.results.plans import WITH
from bench.results.verify import faults_of, where
from bench.runner.alone import alone_in, running_in
from bench.runner.store import COLUMNS, MERGED, Store, StoreError, checksum
from bench.runner.trajectories import decode

SAID = 5  # conflicts that are named
# columns of a run that say on what machine and when it was made, and not what it did
OF_MACHINE = ("inside", "outside", "versions", "written", "lanes", "state_bytes", "peak_memory", "trajectory_bytes")
SECONDS = ("inside", "outside")  # columns of a trajectory
# without these it is not known of which plan the runs are, and which shards lack
BLOBS = ("trajectory", "points", "best_x")
YIELDS = {*map(str, UNFINISHED), str(Status.SKIPPED)}  # these the same command would do, if it could
ONE_RUN = ("problem", "parameters", "instance", "optimizer", "hyperparameters", "seed")
MACHINE = ("platform", "cpu", "gpu")  # of an environment: on another one seconds are others

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Merged:
    """What `merge` did. planned, there: runs. added: of those that were not there before. notes: what differs between
    the folders, in words. damaged: what was not taken. missing: what is planned and not there, "" where all is."""

    folder: Path
    planned: int
    there: int
    added: int
    notes: list[str]
    damaged: list[str]
    missing: str

    def __str__(self) -> str:
        runs = words.counted(self.planned, "planned run")
        return f"{self.folder.name}: {self.there:,} of {runs}, {self.added:,} of them added."


@dataclass
class _Source:
    """One of the folders, open. codes: of what it ran, by kind and name. versions: of libraries, by name."""

    name: str
    store: Store
    manifest: dict[str, Any]
    places: dict[str, int]
    codes: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    versions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def suite(self) -> dict[str, Any]:
        """The suite as run."""
        return self.manifest.get("suite", {})

    def note(self, row: Row) -> None:
        """Remember by what a run was made, if it was."""
        if not Status(row["status"]).ran:
            return
        for kind, code in json.loads(row.get("code") or "{}").items():
            self.codes[kind, row[kind]].add(code)
        for library, version in json.loads(row["versions"]).items():
            self.versions[library].add(str(version))


def merge(sources: Sequence[Path], into: Path, command: str = "") -> Merged:
    """Make one folder of results of several: of the shards of a suite, or of several optimizers on it.

    Its plan is that of all, in the order of the suite where they are shards. Equal runs are one, whatever their
    seconds; of a run that one folder skipped or did not finish, that of another one stands. What was put aside and
    runs of earlier plans come along. Damaged runs are left out, and named. Where `into` is of an earlier merge it
    takes part, and is written in one transaction; else it must be new. Raises ValueError, and writes nothing, where
    folders do not go together: two runs of one key that are not equal, one run in two ways, other code, prices or
    suite seeds, a race, and while a process runs into one of them.
    """
    sources = [Path(source) for source in sources]
    _check_folders(sources, into)
    with ExitStack() as stack:
        if not (into / "runs.db").exists():
            opened = _opened(sources, stack)
            target = stack.enter_context(new_folder(into))
            stack.enter_context(alone_in(target))  # nobody removes it meanwhile
        else:
            stack.enter_context(alone_in(into))
            opened = _opened([into, *sources], stack)
            if MERGED not in opened[0].manifest:
                raise ValueError(f"{into} holds results that are not of a merge: give --into another name")
            target = into
        with closing(Store(target, create=True)) as store:
            return _Merge(store, opened, target == into).write(into, command)


def _check_folders(sources: Sequence[Path], into: Path) -> None:
    if len(sources) < (1 if (into / "runs.db").exists() else 2):
        got = ", ".join(map(str, sources)) or "none"
        raise ValueError(f"merge takes two or more folders, got {got}; one is enough into an earlier merge")
    resolved = [os.path.realpath(source) for source in sources]  # of links in a circle, too
    if twice := [str(source) for n, source in enumerate(sources) if resolved[n] in resolved[:n]]:
        raise ValueError(f"merge takes each folder once, got {twice[0]} twice")
    if os.path.realpath(into) in resolved:
        raise ValueError(f"{into} is one of the folders to merge: give --into another name")
    for source in sources:
        if running_in(source):
            raise StoreError(f"another process is running into {source}: wait for it, then merge")


def _opened(folders: Sequence[Path], stack: ExitStack) -> list[_Source]:
    """The folders, which may be read and go together; raises ValueError where they do not."""
    names = [folder.name for folder in folders]
    opened = []
    for folder, name in zip(folders, names, strict=True):
        store = stack.enter_context(closing(Store(folder)))
        plans.check(store, folder)
        label = name if names.count(name) == 1 else str(folder)
        opened.append(_Source(label, store, store.manifest(), store.places()))
    _check_manifests(opened)
    return opened


def _check_manifests(opened: Sequence[_Source]) -> None:
    """Raise ValueError where results do not go together, whatever their runs are."""
    for source in opened:
        if source.suite.get("until"):
            raise ValueError(words.raced(source.name, "merge joins"))
    first = opened[0]
    for source in opened[1:]:
        both = f"{first.name} and {source.name}"
        imported = ["imported from" in each.manifest.get("environment", {}) for each in (first, source)]
        if imported[0] != imported[1]:
            raise ValueError(f"{both}: one was imported, one was run: `report` sets them beside each other")
        for key, why in (
            ("prices", "their costs are not the same"), ("seed", "their starts are not the same"),
        ):  # fmt: skip
            values = [each.suite.get(key) for each in (first, source)]
            if values[0] != values[1]:
                raise ValueError(f"{both} have another {key} of the suite ({values[0]}, {values[1]}): {why}")
        if first.manifest.get("function") != source.manifest.get("function"):
            raise ValueError(f"{both} are of two functions: `report` sets them beside each other")
    tunings = [source for source in opened if source.suite.get("tuning")]
    if any(source.suite["tuning"] != tunings[0].suite["tuning"] for source in tunings):
        raise ValueError(f"{_names(tunings)} have other tuned settings: one name would be two methods")


class _Merge:
    """Runs of several folders on their way into one. origin: from which the run of a hash is; the first may be the
    target itself."""

    def __init__(self, target: Store, opened: Sequence[_Source], there: bool):
        self.target, self.opened, self.there = target, opened, there
        self.origin: dict[str, _Source] = {}
        self.ways: dict[int, str] = {}  # a hash, by the hash of what names a run
        self.runs: dict[str, plans.Run] = {}
        self.conflicts: list[str] = []
        self.damaged: list[str] = []
        self.done: dict[tuple[str, str], int] = defaultdict(int)  # runs that one folder lacked, and another has

    def write(self, folder: Path, command: str) -> Merged:
        """All of it, or nothing."""
        each = [block for source in self.opened for block in plans.blocks(source.manifest, source.places, source.name)]
        blocks = plans.united(each)
        self._check_plans(each)
        before = self.target.hashes()
        with self.target.transaction():
            for source in self.opened:
                self._take_planned(source)
            blocks = plans.completed(blocks, self.runs)
            hashes, places, facts = plans.laid_out(blocks)
            planned = set(hashes)
            for source in self.opened:
                self._take_beside(source, planned)
            self._check_runs()
            self.target.begin_hashes(hashes, self._manifest(folder, command, facts), places)
            self._take_rest()
        there, lacking = self.target.there(), sum(block.lacking for block in blocks)
        shards, _ = plans.lacking(self.target.manifest())
        missing = words.missing(there, len(hashes) + lacking, shards, lacking)
        added = len(planned & self.target.hashes() - before)
        notes = [*self._notes(), *_differences_of_versions(self.opened), *_machines(self.opened)]
        return Merged(folder, len(hashes) + lacking, there, added, notes, self.damaged, missing)

    def _check_plans(self, each: Sequence[plans.Block]) -> None:
        """Raise ValueError where shards of one suite were planned in two ways."""
        suites = {source.name: _suite_of(source.suite) for source in self.opened}
        for first, second in combinations(each, 2):
            in_shards = first.of == second.of > 1 and first.digest != second.digest
            if in_shards and first.name != second.name and suites[first.name] == suites[second.name]:
                raise ValueError(
                    f"{first.name} and {second.name} are shards of one suite, but of two plans: versions of problems "
                    "or optimizers, what is installed, or the device (cpu, cuda) were others there"
                )

    def _take_planned(self, source: _Source) -> None:
        mine = self.there and source is self.opened[0]
        for row, whole in source.store.rows():
            if faults := list(faults_of(row, whole)):
                self.damaged.append(f"{source.name}: {where(row)}: {faults[0]}")
                continue
            source.note(row)
            self._take(source, row, mine)

    def _take(self, source: _Source, row: Row, mine: bool) -> None:
        """A run of a plan. mine: whether it stands in the target already."""
        hash = row["hash"]
        problem, optimizer = (row["problem"], row["parameters"]), (row["optimizer"], row["hyperparameters"])
        self.runs[hash] = plans.Run(problem, optimizer, row["instance"], row["seed"])
        if hash in self.origin:
            self._compare(source, row)
            return
        way = self.ways.setdefault(_hash_of([row[name] for name in ONE_RUN]), hash)
        if way != hash and (other := self.target.row(way)) and all(other[name] == row[name] for name in ONE_RUN):
            keys = [json.loads(each["key"]) for each in (other, row)]
            differs = ", ".join(
                f"{'gap' if key == 'target' else key} {keys[0].get(key)} in {self.origin[way].name} and "
                f"{keys[1].get(key)} in {source.name}"
                for key in {**keys[0], **keys[1]}
                if keys[0].get(key) != keys[1].get(key)
            )
            self.conflicts.append(f"{where(row)}, is of two ways: {differs}")
            return
        self.origin[hash] = source
        if mine:
            return
        if self.there and (earlier := self.target.row(hash)):  # of an earlier plan, in the target itself
            if not differences(earlier, row):
                return
            self.target.put_aside([hash])
        self.target.copy(row)

    def _compare(self, source: _Source, row: Row) -> None:
        """A run that is of two folders: equal, or one of them lacks it, or they are in conflict."""
        first, hash = self.origin[row["hash"]], row["hash"]
        other = self.target.row(hash)
        assert other is not None
        if row["status"] in YIELDS or other["status"] in YIELDS:
            if row["status"] not in YIELDS:
                self.target.copy(row)
                self.done[first.name, source.name] += 1
                self.origin[hash] = source
            elif other["status"] not in YIELDS:
                self.done[source.name, first.name] += 1
        elif differs := differences(other, row):
            texts = [
                f"its {name} differs" if name in (*BLOBS, "code", "error")
                else f"{name} is {other[name]} in {first.name} and {row[name]} in {source.name}"
                for name in differs[:3]
            ]  # fmt: skip
            self.conflicts.append(f"{where(row)} ({first.name}, {source.name}): {'; '.join(texts)}")

    def _take_beside(self, source: _Source, planned: set[str]) -> None:
        """Runs of earlier plans of a folder: they come along; where another folder plans them they may be its run."""
        mine = self.there and source is self.opened[0]
        for row, whole in source.store.unplanned():
            if not whole:
                self.damaged.append(f"{source.name}: {where(row)}, of no report: its checksum does not hold")
            elif row["hash"] in planned and row["hash"] not in self.origin:
                source.note(row)
                self._take(source, row, mine)
            elif not mine:
                other = self.target.row(row["hash"])
                if other is None:
                    self.target.copy(row)
                elif differences(other, row):
                    self.target.copy(row, aside=True)

    def _check_runs(self) -> None:
        """Raise ValueError where runs are in conflict, or of other code."""
        if self.conflicts:
            more = f", and {len(self.conflicts) - SAID:,} more" if len(self.conflicts) > SAID else ""
            raise ValueError(
                f"{words.counted(len(self.conflicts), 'run')} in conflict, nothing was written: "
                f"{'. '.join(self.conflicts[:SAID])}{more}. Where runs were made anew, "
                "merge under a new name; `report` sets such results beside each other"
            )
        for kind, name in sorted({key for source in self.opened for key in source.codes}):
            of_name = [source for source in self.opened if (kind, name) in source.codes]
            for source in of_name[1:]:
                if source.codes[kind, name] != of_name[0].codes[kind, name]:
                    raise ValueError(
                        f"the {kind} {name} has other code in {source.name} than in {of_name[0].name}, nothing was "
                        "written: run one of them again with the code of the other, which does its runs again"
                    )
        releases = {source.name: source.versions.get(WITH, {""}) for source in self.opened if source.versions}
        if len(set(map(frozenset, releases.values()))) > 1:
            texts = [f"{name} with {', '.join(sorted(of)) or 'what is installed'}" for name, of in releases.items()]
            raise ValueError(f"they were run with other releases by --with, nothing was written: {'; '.join(texts)}")

    def _take_rest(self) -> None:
        """What was put aside, the sources of definitions, and pictures."""
        aside = {_content(row) for row, _ in self.target.aside()}
        pictures = {_picture(grid) for grid in self.target.grids()}
        for source in self.opened[self.there :]:
            for row, whole in source.store.aside():
                if whole and _content(row) not in aside:
                    aside.add(_content(row))
                    self.target.copy(row, aside=True)
            self.target.add_code(source.store.code())
            for grid in source.store.grids():
                if _picture(grid) not in pictures:
                    pictures.add(_picture(grid))
                    place = (grid["problem"], _picture(grid)[1], grid["instance"])
                    self.target.add_grid(*place, grid["low"], grid["high"], grid["f"])

    def _manifest(self, folder: Path, command: str, facts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        origins = plans.Origins()
        for source in self.opened:
            origins.add(source.name, source.manifest)
        first = self.opened[0].manifest
        names = [source.name for source in self.opened[self.there :]]
        repositories = [source.manifest.get("repository") for source in self.opened]
        manifest = {
            "suite": _suite(folder.name, [source.suite for source in self.opened]),
            "command": command or f"bench.merge({names!r}, {folder.name!r})",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "environment": _environment([source.manifest.get("environment", {}) for source in self.opened]),
            MERGED: {**vars(origins), "blocks": facts},
        }
        if "function" in first:
            manifest["function"] = first["function"]
        if all(each == repositories[0] for each in repositories):
            manifest["repository"] = repositories[0]
        return manifest

    def _notes(self) -> Iterator[str]:
        for (without, name), runs in self.done.items():
            yield f"{words.counted(runs, 'run')} that {without} had skipped or not finished: of {name}."


def differences(first: Row, second: Row) -> list[str]:
    """The columns in which two runs of one key differ, but for what depends on machine and time alone."""
    beside = (*OF_MACHINE, "error", "trajectory", "code", "counts")
    names = [name for name in COLUMNS if name not in beside and first.get(name) != second.get(name)]
    for name, content in (("counts", _counts), ("trajectory", _events), ("error", _reason), ("code", _code)):
        if content(first) != content(second):
            names.append(name)
    if None in (_code(first), _code(second)):  # of an older file, which does not tell
        names = [name for name in names if name != "code"]
    return names


def _counts(row: Row) -> dict[str, int]:
    return {question: n for question, n in json.loads(row["counts"]).items() if n}


def _events(row: Row) -> dict[str, bytes]:
    """The columns of a trajectory, without seconds and questions that were never asked."""
    if not row["trajectory"]:
        return {}
    table = decode(row["trajectory"], row["trajectory_bytes"])
    columns = {name: table[name].to_numpy() for name in table.column_names if name not in SECONDS}
    return {name: values.tobytes() for name, values in columns.items() if name not in QUESTIONS or values.any()}


def _reason(row: Row) -> str:
    """Why a run crashed, without addresses; paths and memory, which other errors name, are of a machine."""
    last = row["error"].strip().rpartition("\n")[2] if row["status"] == Status.CRASHED else ""
    return re.sub(r"0x[0-9a-f]+", "", last)


def _code(row: Row) -> Any:
    return json.loads(row["code"]) if row.get("code") else None


def _content(row: Row) -> str:
    return checksum([row.get(name) for name in COLUMNS])


def _picture(grid: Row) -> tuple[str, str, int]:
    return grid["problem"], json.dumps(grid["parameters"], sort_keys=True), grid["instance"]


def _hash_of(values: Sequence[Any]) -> int:
    return hash(tuple(values))


def _names(sources: Sequence[_Source]) -> str:
    return words.joined_by_and([source.name for source in sources])


def _suite_of(suite: Mapping[str, Any]) -> dict[str, Any]:
    """A suite, whatever it is called and part of it was run."""
    return {key: value for key, value in suite.items() if key not in ("name", "shard")}


def _suite(name: str, suites: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The suite of all: groups of each once, levels of metrics of all."""
    groups: list[Any] = []
    levels: dict[str, list[float]] = defaultdict(list)
    for suite in suites:
        groups += [group for group in suite.get("groups", []) if group not in groups]
        for metric, values in suite.get("metric_targets", {}).items():
            levels[metric] += [value for value in values if value not in levels[metric]]
    titles = list(dict.fromkeys(suite["title"] for suite in suites if suite.get("title")))
    return {
        **suites[0],
        "name": name,
        "title": words.listed(titles, plans.NAMES),
        "groups": groups,
        "metric_targets": dict(levels),
        "tuning": next((suite["tuning"] for suite in suites if suite.get("tuning")), None),
        "shard": None,
    }


def _environment(environments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """That of the first; of imported data what all say."""
    first = dict(environments[0])
    if "imported from" in first:
        first["imported from"] = "; ".join(str(each["imported from"]) for each in environments)
        first["left out"] = [text for each in environments for text in each.get("left out", [])]
    return first


def _differences_of_versions(opened: Sequence[_Source]) -> Iterator[str]:
    """`numpy is 1.26.4 in a and b, 2.0.1 in c.`, a sentence a library that differs."""
    for library in sorted({library for source in opened for library in source.versions}):
        folders: dict[str, list[str]] = defaultdict(list)
        for source in opened:
            if library in source.versions:
                folders[", ".join(sorted(source.versions[library]))].append(source.name)
        if len(folders) > 1:
            texts = [f"{version or 'not known'} in {_in(names)}" for version, names in folders.items()]
            yield f"{library} is {', '.join(texts)}."


def _machines(opened: Sequence[_Source]) -> Iterator[str]:
    """That seconds are of several machines."""
    folders: dict[str, list[str]] = defaultdict(list)
    for source in opened:
        environment = source.manifest.get("environment", {})
        if machine := ", ".join(str(environment[key]) for key in MACHINE if environment.get(key)):
            folders[machine].append(source.name)
    if len(folders) > 1:
        texts = [f"{machine} in {_in(names)}" for machine, names in folders.items()]
        yield f"Seconds are of several machines: {'; '.join(texts)}."


def _in(names: Sequence[str]) -> str:
    return words.listed(names, plans.NAMES)
