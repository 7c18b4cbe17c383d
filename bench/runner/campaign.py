"""A suite from plan to stored records: what is missing is run, what is there stays."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from bench.core import registry
from bench.core.foreign import foreign
from bench.core.status import DAMAGED, UNFINISHED, Status
from bench.runner.alone import alone_in
from bench.runner.cluster import Cluster, connected
from bench.runner.environment import environment, libraries, repository, resolve_device, versions
from bench.runner.execute import execute, execute_here, one_thread, serve
from bench.runner.launch import HEAVY, Launch, Watcher
from bench.runner.plan import RunSpec, jobs, plan
from bench.runner.race import contests, planned, race
from bench.runner.shards import described, numbers, places
from bench.runner.single import Message, RunRecord, unrun
from bench.runner.stale import put_stale_aside
from bench.runner.store import MERGED, Store, StoreError
from bench.runner.suite import Suite

GRID = 81  # points a side of the picture of a two-dimensional problem
PICTURE = 60.0  # seconds that its values may take, one by one
# why a run did not begin, or was lost
TIME_OVER, INTERRUPTED = "the time of all runs was over", "it was interrupted"


@dataclass
class Campaign:
    """What `run_suite` did: how many runs were planned, were there before, were added, and how those ended."""

    folder: Path
    planned: int = 0
    changed: bool = False  # whether the plan is another than that of the run before
    there: int = 0
    beside: int = 0  # runs of earlier plans, which stay stored and are not reported
    added: int = 0
    interrupted: bool = False  # by a Ctrl-C, see `Launch.interruptible`
    statuses: Counter[str] = field(default_factory=Counter)


class _Writer(Watcher):
    """Stores records, those of a group together, before anyone else hears of them."""

    def __init__(self, store: Store, campaign: Campaign, watcher: Watcher, stored: set[str]):
        self.store, self.campaign, self.watcher, self.stored = store, campaign, watcher, stored
        self.batches: dict[str, Sequence[RunSpec]] = {}  # that go in lockstep, by the hash of the first
        self.begun: set[str] = set()

    def heard(self, messages: Sequence[Message]) -> None:
        # others were done again because some of their batch were missing
        new = [message for message in messages if message[1] is None or message[0].hash() not in self.stored]
        added: list[str] = []
        records = [record for _, record in new if record is not None]
        if records:
            with self.store.transaction():
                for record in records:
                    made_with = {**versions(), **libraries(record.spec.problem, record.spec.optimizer)}
                    if self.store.add(record, made_with):
                        added.append(record.status)
        self.campaign.added += len(added)
        self.campaign.statuses.update(added)
        for spec, record in new:
            if record is None:
                self.begun.update(each.hash() for each in self.batches.get(spec.hash(), (spec,)))
        self.watcher.heard(new)

    def add(self, records: Iterable[RunRecord]) -> None:
        """Store records of runs that were not made."""
        self.heard([(record.spec, record) for record in records])


def run_suite(suite: Suite, folder: Path, launch: Launch) -> Campaign:
    """Run what a suite plans and the folder lacks. Raises ValueError for a suite that cannot be planned, before
    anything is written, and StoreError for a folder that cannot be used."""
    by_needs, launch = launch.preload is HEAVY, launch.fitted(suite)
    if launch.children and not launch.scheduler and (launch.fresh or not (folder / "runs.db").exists()):
        serve(launch.preload)  # it imports what runs need while they are planned
    with connected(launch) if launch.scheduler else nullcontext() as cluster:
        with one_thread():  # trials of networks are small
            device = cluster.device(launch.device) if cluster else resolve_device(launch.device)
            whole = plan(suite, device, launch.most)
        if by_needs and "torch" in sys.modules:  # a problem has needed it that did not say so
            launch = replace(launch, preload=[*launch.preload, "torch"])
        at = places(whole, suite.shard)
        specs = [whole[place] for place in at]
        if suite.shard:
            launch = replace(launch, facts={**launch.facts, "shard": described(whole, suite.shard, len(at))})
        if cluster:
            cluster.check(specs, launch.imports)
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file, where the folder of the results should be: choose another --name")
        folder.mkdir(parents=True, exist_ok=True)
        with alone_in(folder):
            if launch.fresh:
                set_aside(folder)
            with closing(Store(folder, create=True)) as store:
                return _run_planned(store, suite, specs, at, launch, cluster)


def _run_planned(
    store: Store,
    suite: Suite,
    specs: Sequence[RunSpec],
    at: Sequence[int],
    launch: Launch,
    cluster: Cluster | None,
) -> Campaign:
    hashes = [spec.hash() for spec in specs]
    before = store.manifest()
    races = contests(specs) if suite.until and launch.referee else []
    if suite.until and not any(len(contest.runs) > 1 for contest in races):
        if launch.referee:
            launch.watcher.changed("There is no race: on no problem can more than one optimizer be run.")
        suite = replace(suite, until="")
    suite_before = before.get("suite", {})
    raced = suite_before.get("until", "") != suite.until
    aimed = _targets(suite_before) != _targets(json.loads(json.dumps(asdict(suite))))
    resharded = before.get("shard") != launch.facts.get("shard")
    damaged = any(text.startswith(("the manifest", "the plan")) for text in store.damage())  # it is written anew
    changed = raced or aimed or resharded or damaged or store.planned() != hashes
    campaign = Campaign(store.folder, planned=len(specs), changed=changed)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if campaign.changed:
        command = launch.command or f"bench.run({suite.name!r})"
        machines = cluster.environment() if cluster else environment()
        manifest = {"suite": asdict(suite), "command": command, "created": now, "environment": machines}
        manifest |= {**launch.facts, "planned": numbers(specs)}
        if suite.until:
            manifest["races"] = planned(races)
        if MERGED in before:  # where runs that were there were made
            manifest[MERGED] = {**before[MERGED], "blocks": []}
        store.begin(specs, manifest, at)
    store.add_code(_sources(specs))
    store.forget(launch.retry)
    if DAMAGED in launch.retry:
        store.forget_damaged()
    store.forget(UNFINISHED)
    # what was skipped for want of a library may have it now
    store.forget([Status.SKIPPED], only=[spec.hash() for spec in specs if not spec.skip])
    for sentence in put_stale_aside(store, specs, launch.stale):
        launch.watcher.changed(sentence)
    stored = store.hashes()
    if suite.until and launch.referee and not suite_before.get("until") and stored.issuperset(hashes):
        launch.watcher.changed("There is no race: all runs are stored already, and are compared as a whole.")
        suite = replace(suite, until="")
        store.note({"suite": asdict(suite), "races": []})
    campaign.beside = len(stored.difference(hashes))
    campaign.there = len(stored.intersection(hashes))
    launch.watcher.planned(len(specs), campaign.there)
    writer = _Writer(store, campaign, launch.watcher, stored)
    writer.add(unrun(spec, Status.SKIPPED, spec.skip) for spec in specs if spec.skip)

    do, processes = (cluster.execute, cluster.processes) if cluster else (execute, launch.processes)

    def run(wanted: Sequence[RunSpec]) -> bool:
        store.forget([Status.LEFT], only=[spec.hash() for spec in wanted])  # a race left them out, and does not now
        writer.stored = store.hashes()
        work = jobs(wanted, lambda spec: spec.hash() in writer.stored, processes)
        writer.batches = {job.specs[0].hash(): job.specs for job in work if job.lanes}
        if work or campaign.changed:  # what is there already would be the same at this commit: it is of the same code
            store.note({"repository": repository(), "updated": now})
        if not launch.children:
            execute_here(work, launch, writer)
        elif work:
            timed = [job for job in work if job.specs[0].solo]  # on an otherwise idle machine
            do([job for job in work if not job.specs[0].solo], launch, writer)
            do(timed, replace(launch, workers=1), writer)
        return not launch.over

    try:
        if suite.until and launch.referee:
            for spec, reason in race(specs, launch.referee, run, store.ends):
                writer.add([unrun(spec, Status.LEFT, reason)])
        else:
            run(specs)
    except KeyboardInterrupt:
        if not launch.interruptible:
            raise
        campaign.interrupted = True
    if campaign.interrupted or launch.over:
        _write_missing(store, specs, writer, INTERRUPTED if campaign.interrupted else TIME_OVER)
    if launch.pictures:
        add_grids(store, specs)
    return campaign


def _targets(suite: Mapping[str, Any]) -> list[Any]:
    """The values of metrics that a suite of a manifest asks for, and its groups do."""
    return [each.get("metric_targets") or {} for each in (suite, *suite.get("groups", ()))]


def _write_missing(store: Store, specs: Sequence[RunSpec], writer: _Writer, reason: str) -> None:
    """Store what is missing as runs that were lost under way, or did not begin."""
    writer.stored = store.hashes()
    missing = [spec for spec in specs if spec.hash() not in writer.stored]
    begun = writer.begun
    writer.add(unrun(spec, Status.INTERRUPTED if spec.hash() in begun else Status.UNBEGUN, reason) for spec in missing)


def _sources(specs: Sequence[RunSpec]) -> dict[str, str]:
    """The source of every problem and optimizer of a plan, by its hash."""
    definitions = [registry.find_problem(name) for name in {spec.problem for spec in specs}]
    definitions += [registry.find_optimizer(name) for name in {spec.optimizer for spec in specs}]
    functions = [definition.function for definition in definitions]
    return {registry.fingerprint(function): registry.source_code(function) for function in functions}


def set_aside(folder: Path) -> None:
    """Give the file of an earlier run another name, so that nothing is lost and a new one may begin."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    for suffix in ("", "-wal", "-shm"):
        file = folder / f"runs.db{suffix}"
        if file.exists():
            file.rename(folder / f"runs-{stamp}.db{suffix}")


def add_grids(store: Store, specs: Sequence[RunSpec]) -> None:
    """Store the values of each noise-free two-dimensional problem on a grid over its box, off every ledger, but for
    those of no run, and those whose values took so long that all of them would take more than PICTURE."""
    there = {
        (grid["problem"], json.dumps(grid["parameters"], sort_keys=True), grid["instance"]) for grid in store.grids()
    }
    shared = {(spec.problem, id(spec.parameters), spec.instance): spec for spec in specs if spec.dim == 2}
    planar = {
        (spec.problem, json.dumps(dict(spec.parameters), sort_keys=True), spec.instance): spec
        for spec in shared.values()
    }
    lacking = {key: spec for key, spec in planar.items() if key not in there}
    seconds = store.seconds() if lacking else {}
    for key, spec in lacking.items():
        if GRID**2 * seconds.get(key, inf) > PICTURE:
            continue
        try:
            objective = registry.find_problem(spec.problem).make(spec.instance, **spec.parameters)
            if objective.scored or not objective.domain.bounded:
                continue
            low, high = (np.broadcast_to(bound, 2) for bound in (objective.domain.low, objective.domain.high))
            x, y = np.meshgrid(np.linspace(low[0], high[0], GRID), np.linspace(low[1], high[1], GRID))
            with foreign(spec.problem):
                f = np.asarray(objective.f(np.stack([x, y], axis=-1)), dtype=np.float64).reshape(GRID, GRID)
        except ValueError:  # a picture less: where the problem fails, its runs say so
            continue
        store.add_grid(*key, low, high, f)
