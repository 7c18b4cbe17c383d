"""Plans of several folders as one: whole ones, and the shards of one suite."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from bench.measure import words
from bench.runner.store import ENTRIES, MERGED, Store, StoreError, plan_digest

WITH = "with"  # of the versions of a run: releases of `run --with`
NAMES = 3  # of folders that are named together
# without which a shard might be taken for a whole suite
LAID_OUT = ("the plan", *(f"the manifest's {key}:" for key in ("shard", MERGED, ENTRIES)))


def check(store: Store, folder: Path) -> None:
    """Raise StoreError where what a folder holds, and what it lacks, cannot be said for damage."""
    store.check()
    if damaged := [text for text in store.damage() if text.startswith(LAID_OUT)]:
        raise StoreError(
            f"{folder} is damaged: {damaged[0]}. Restore runs.db from a copy, or run its suite again, which writes the "
            "plan anew and keeps the runs"
        )


class Run(NamedTuple):
    """What names a run. problem, optimizer: with their parameters."""

    problem: Any
    optimizer: Any
    instance: int
    seed: int


@dataclass
class Block:
    """One plan, or those of its shards that are here: the hashes of runs by their places, and the sizes of shards.

    digest: of the whole plan. planned: its runs. of: how many shards it has, 1 where it is whole.
    """

    digest: str
    planned: int
    of: int
    places: dict[int, str]
    sizes: dict[int, int]
    name: str = ""  # of a folder that it is from

    @property
    def lacking(self) -> int:
        """How many runs are of shards that are not here."""
        return self.planned - sum(self.sizes.values())

    def joined(self, other: "Block") -> "Block":
        """Both, of one plan."""
        places = {**self.places, **other.places}
        whole = next((block for block in (self, other) if not block.lacking), None)
        if whole is None and self.of != other.of:
            raise ValueError(
                f"{self.name} has shards of {self.of}, and {other.name} shards of {other.of} of one suite: they overlap"
            )
        of, sizes = (whole.of, whole.sizes) if whole else (self.of, {**self.sizes, **other.sizes})
        return Block(self.digest, self.planned, of, places, sizes, self.name)

    def described(self, begin: int, positions: Mapping[str, int]) -> dict[str, Any]:
        """For a manifest. begin: the place of its first run in the plan of the merged folder; positions: of all runs
        there, where those of an earlier plan, too, have other places."""
        sizes = {str(number): size for number, size in sorted(self.sizes.items())}
        facts = {"plan": self.digest, "planned": self.planned, "of": self.of, "sizes": sizes, "begin": begin}
        shared = {place: positions[hash] for place, hash in self.places.items() if positions[hash] != begin + place}
        return {**facts, "shared": sorted(shared.items())} if shared else facts


def blocks(manifest: Mapping[str, Any], places: Mapping[str, int], name: str) -> list[Block]:
    """The plans of a folder. places: of its runs, by hash, in order."""
    if shard := manifest.get("shard"):
        by_place = {place: hash for hash, place in places.items()}
        return [Block(shard["plan"], shard["planned"], shard["of"], by_place, {shard["number"]: shard["size"]}, name)]
    merged = manifest.get(MERGED, {}).get("blocks")
    if not merged:
        return [Block(plan_digest(list(places)), len(places), 1, dict(enumerate(places)), {1: len(places)}, name)]
    return [_restored(facts, places, name) for facts in merged]


def _restored(facts: Mapping[str, Any], places: Mapping[str, int], name: str) -> Block:
    begin, end = facts["begin"], facts["begin"] + facts["planned"]
    by_place = {place - begin: hash for hash, place in places.items() if begin <= place < end}
    if shared := facts.get("shared"):
        hashes = {place: hash for hash, place in places.items()}
        by_place |= {place: hashes[position] for place, position in shared}
    return Block(facts["plan"], facts["planned"], facts["of"], by_place, _sizes(facts), name)


def _sizes(facts: Mapping[str, Any]) -> dict[int, int]:
    return {int(number): size for number, size in facts["sizes"].items()}


def united(each: Sequence[Block]) -> list[Block]:
    """Those of one plan as one, in the order of the first. Raises ValueError for shards that do not fit together."""
    plans: dict[str, list[Block]] = {}
    for block in each:
        plans.setdefault(block.digest, []).append(block)
    return [reduce(Block.joined, of_plan) for of_plan in plans.values()]


def completed(each: Sequence[Block], runs: Mapping[str, Run]) -> list[Block]:
    """Plans in the place of those some of whose shards are not here, while a whole plan has all of their runs, as one
    with more seeds: nothing lacks of them. runs: what is here, by hash."""
    return [next((whole for other in each if (whole := _within(block, other, runs))), block) for block in each]


def _within(block: Block, other: Block, runs: Mapping[str, Run]) -> Block | None:
    """All of a plan by the runs of another, if that has them: those on the same problems and instances with the same
    optimizers, up to some seed. Their hashes in this order are known by the digest."""
    if not block.lacking or other.lacking:
        return None
    here = [runs[hash] for hash in block.places.values() if hash in runs]
    problems, optimizers, instances = ({getattr(run, name) for run in here} for name in Run._fields[:3])
    alike = [
        (run.seed, hash)
        for _, hash in sorted(other.places.items())
        if (run := runs.get(hash)) and run.problem in problems
        if run.optimizer in optimizers and run.instance in instances
    ]
    for last in sorted({seed for seed, _ in alike}):
        hashes = [hash for seed, hash in alike if seed <= last]
        if len(hashes) == block.planned and plan_digest(hashes) == block.digest:
            return Block(block.digest, block.planned, 1, dict(enumerate(hashes)), {1: len(hashes)}, block.name)
    return None


def laid_out(each: Sequence[Block]) -> tuple[list[str], list[int], list[dict[str, Any]]]:
    """The hashes of all runs, each once, their places one plan after the other, and the plans for a manifest."""
    positions: dict[str, int] = {}
    facts, begin = [], 0
    for block in each:
        for place, hash in sorted(block.places.items()):
            positions.setdefault(hash, begin + place)
        facts.append(block.described(begin, positions))
        begin += block.planned
    return list(positions), list(positions.values()), facts


def lacking(manifest: Mapping[str, Any]) -> tuple[list[str], int]:
    """The shards that a merged folder lacks, in words, a plan each, and how many runs they have."""
    texts, runs = [], 0
    plans = [(facts, _sizes(facts)) for facts in manifest.get(MERGED, {}).get("blocks", [])]
    plans = [(facts, sizes) for facts, sizes in plans if facts["planned"] > sum(sizes.values())]
    for facts, sizes in plans:
        text = words.shards([n for n in range(1, facts["of"] + 1) if n not in sizes], facts["of"])
        texts.append(f"{text} (of {words.counted(facts['planned'], 'run')})" if len(plans) > 1 else text)
        runs += facts["planned"] - sum(sizes.values())
    return texts, runs


@dataclass
class Origins:
    """Where the runs of a merged folder were made: suites and environments, each once, and folders by their numbers."""

    suites: list[Any] = field(default_factory=list)
    environments: list[Any] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, manifest: Mapping[str, Any]) -> None:
        """Take a folder, or those that were merged into it."""
        merged = manifest.get(MERGED)
        if merged is None:
            facts = {key: manifest.get(key) for key in ("command", "created", "repository")}
            suite = {key: value for key, value in manifest.get("suite", {}).items() if key not in ("name", "shard")}
            self._take({"name": name, **facts}, suite, manifest.get("environment", {}))
            return
        for source in merged["sources"]:
            suite, environment = merged["suites"][source["suite"]], merged["environments"][source["environment"]]
            self._take(source, suite, environment)

    def _take(self, facts: Mapping[str, Any], suite: Any, environment: Any) -> None:
        numbers = {"suite": _number(self.suites, suite), "environment": _number(self.environments, environment)}
        if (source := {**facts, **numbers}) not in self.sources:
            self.sources.append(source)


def _number(values: list[Any], value: Any) -> int:
    if value not in values:
        values.append(value)
    return values.index(value)


def origins(name: str, manifest: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """By what a report says how its runs were made, name and manifest: the folder itself, where a suite was run into
    it, and those that were merged, those of one suite and machine together."""
    ran = [] if manifest.get(MERGED, {}).get("blocks") else [(name, dict(manifest))]
    return [*ran, *(_origins(manifest) if MERGED in manifest else ())]


def _origins(manifest: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    merged, alike = manifest[MERGED], {}
    for source in merged["sources"]:
        alike.setdefault((source["suite"], source["environment"]), []).append(source)
    for (suite, environment), of_machine in alike.items():
        commands = dict.fromkeys(str(source["command"]) for source in of_machine if source["command"])
        yield (
            words.listed([source["name"] for source in of_machine], NAMES),
            {
                **manifest,
                "command": "\n".join(commands),
                "created": min(source["created"] or "" for source in of_machine),
                "suite": merged["suites"][suite],
                "environment": merged["environments"][environment],
            },
        )
