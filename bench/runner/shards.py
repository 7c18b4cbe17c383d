"""A suite in parts, for machines that share no network: which runs are of a shard, and what is stored of it."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.core import registry
from bench.runner.plan import RunSpec, batches_of
from bench.runner.store import plan_digest
from bench.runner.suite import Shard


def parse_shard(text: Any) -> Shard | None:
    """`3/16` as a shard, None for an empty text; raises ValueError for another notation or a number out of range."""
    if text in (None, ""):
        return None
    match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"shard must read K/N, as 3/16, got {text!r}")
    return Shard(int(match[1]), int(match[2]))


def places(specs: Sequence[RunSpec], shard: Shard | None) -> list[int]:
    """Which runs of the plan of a whole suite are of a shard: their places in it, in order; all without one.

    A lockstep batch stays together at its full width and a run alone is by itself, whatever is stored and whoever
    works, so that each run has the record of the whole suite. Of each N of these, in the order of the plan, every
    shard has one, and another one each time: no machine has the same optimizer on all problems. Raises ValueError for
    a shard without a run.
    """
    if shard is None:
        return list(range(len(specs)))
    units = _units(specs)
    if shard.number > len(units):
        raise ValueError(f"the suite has {len(units)} jobs, lockstep batches or single runs: {shard} has none of them")
    of_shard = [unit for n, unit in enumerate(units) if (n + n // shard.of) % shard.of == shard.number - 1]
    return sorted(place for unit in of_shard for place in unit)


def _units(specs: Sequence[RunSpec]) -> list[list[int]]:
    """The places of the runs of each lockstep batch, and of each run alone, in the order of the plan.

    What is missing on one machine, and skipped there, changes nothing.
    """
    batches: dict[Any, list[int]] = {}
    for place, (spec, batch) in enumerate(zip(specs, batches_of(specs), strict=True)):
        lanes = registry.find_optimizer(spec.optimizer).lanes and not (spec.pointwise or spec.solo)
        batches.setdefault(batch if lanes else place, []).append(place)
    units = []
    for batch in batches.values():
        width = specs[batch[0]].lanes
        units += [batch[at : at + width] for at in range(0, len(batch), width)]
    return sorted(units)


def described(specs: Sequence[RunSpec], shard: Shard | None, size: int) -> dict[str, Any] | None:
    """What the manifest of a shard says: its number, of how many, its runs, and the plan of the whole suite."""
    if shard is None:
        return None
    hashes = [spec.hash() for spec in specs]
    return {"number": shard.number, "of": shard.of, "size": size, "planned": len(specs), "plan": plan_digest(hashes)}


def numbers(specs: Sequence[RunSpec]) -> dict[str, list[list[Any]]]:
    """How many runs of each optimizer and on each problem are planned: its name, parameters and number of runs each."""
    counts: dict[str, Counter[tuple[str, str]]] = {"optimizers": Counter(), "problems": Counter()}
    for spec in specs:
        for kind, name, values in (
            ("optimizers", spec.optimizer, spec.hyperparameters), ("problems", spec.problem, spec.parameters)
        ):  # fmt: skip
            counts[kind][name, json.dumps(dict(values), sort_keys=True)] += 1
    return {kind: [[*key, n] for key, n in of_kind.items()] for kind, of_kind in counts.items()}
