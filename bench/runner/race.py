"""Runs in rounds: on each problem optimizers leave as soon as a referee says so."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.core.outcomes import Ended, places
from bench.core.registry import find_optimizer
from bench.core.status import Status, statuses
from bench.runner.plan import RunSpec

Referee = Callable[[np.ndarray, int, np.ndarray], Any]  # see `bench.measure.racing.race`
Ends = Mapping[str, Mapping[str, Any]]  # of stored runs, by their hashes


@dataclass
class Contest:
    """The runs of a race on one problem: by optimizer, and by round, which is a seed and an instance."""

    runs: dict[str, dict[tuple[int, int], RunSpec]] = field(default_factory=dict)

    @property
    def rounds(self) -> list[tuple[int, int]]:
        """The rounds in which all have a run, in order: each instance once, then again with the next seed."""
        return sorted(set.intersection(*map(set, self.runs.values())))

    def standing(self, referee: Referee, ends: Ends) -> Any:
        """How it stands, by the referee."""
        rounds = self.rounds
        table = [[_ended(runs.get(place), ends) for place in rounds] for runs in self.runs.values()]
        results, ties = places(table)
        return referee(results, len(rounds), ties)

    def until(self, standing: Any) -> list[RunSpec]:
        """The runs from here to the round at which somebody may leave next, of all who stay."""
        rounds = self.rounds[standing.rounds : standing.look]
        stay = [runs for runs, stays in zip(self.runs.values(), standing.stays, strict=True) if stays]
        return [runs[place] for runs in stay for place in rounds]

    @property
    def beside(self) -> list[RunSpec]:
        """The runs that are of no round: not all optimizers have one there."""
        rounds = set(self.rounds)
        return [spec for runs in self.runs.values() for place, spec in runs.items() if place not in rounds]


def contests(specs: Sequence[RunSpec]) -> list[Contest]:
    """A race for each problem, of the optimizers that can be run there."""
    each: dict[str, Contest] = {}
    for spec in specs:
        if not spec.skip:
            problem = json.dumps([spec.problem, dict(spec.parameters)], sort_keys=True)
            optimizer = json.dumps([spec.optimizer, dict(spec.hyperparameters)], sort_keys=True)
            runs = each.setdefault(problem, Contest()).runs.setdefault(optimizer, {})
            runs[spec.seed, spec.instance] = spec
    return list(each.values())


def planned(races: Sequence[Contest]) -> list[dict[str, Any]]:
    """The races of a plan, for its manifest: problem, parameters, dim, rounds ([seed, instance] each, in their order),
    optimizers ([name, hyperparameters, order] each)."""
    return [_planned(contest) for contest in races]


def _planned(contest: Contest) -> dict[str, Any]:
    first = [next(iter(runs.values())) for runs in contest.runs.values()]
    return {
        "problem": first[0].problem,
        "parameters": dict(first[0].parameters),
        "dim": first[0].dim,
        "rounds": contest.rounds,
        "optimizers": [
            [spec.optimizer, dict(spec.hyperparameters), find_optimizer(spec.optimizer).order] for spec in first
        ],
    }


def _ended(spec: RunSpec | None, ends: Ends) -> Ended | None:
    """How a run ended, and its cost; None where it is not stored, or had not the time that others had. What could not
    begin has failed."""
    row = ends.get(spec.hash()) if spec else None
    if row is None or spec is None or row["status"] in (*statuses("absent"), Status.CUT):
        return None
    counts = json.loads(row["counts"])
    return row, sum(spec.prices[question] * n for question, n in counts.items()) / row["rows"]


def race(
    specs: Sequence[RunSpec], referee: Referee, run: Callable[[Sequence[RunSpec]], bool], ends: Callable[[], Ends]
) -> Iterator[tuple[RunSpec, str]]:
    """Run what the races need, all of them side by side, from look to look; gives the runs left out, with reasons.

    run: makes those of some runs that are missing, and says whether there was time for all of them. ends: what is
    stored by now. What is run next follows from what is stored alone, so that a race that was interrupted goes on as it
    would have.
    """
    open_ = contests(specs)
    beside = {spec.hash() for contest in open_ for spec in contest.beside}
    going_on = run([spec for spec in specs if spec.hash() in beside])
    while open_:
        stored = ends()
        standings = [contest.standing(referee, stored) for contest in open_]
        for contest, standing in zip(open_, standings, strict=True):
            if standing.over or not going_on:
                yield from _left_out(contest, standing, stored)
        if not going_on:
            return
        going = [(contest, standing) for contest, standing in zip(open_, standings, strict=True) if not standing.over]
        wanted = {spec.hash() for contest, standing in going for spec in contest.until(standing)}
        going_on = run([spec for spec in specs if spec.hash() in wanted])
        open_ = [contest for contest, _ in going]


def _left_out(contest: Contest, standing: Any, stored: Ends) -> Iterator[tuple[RunSpec, str]]:
    for runs, left in zip(contest.runs.values(), standing.left.tolist(), strict=True):
        if not left and not standing.over:  # the time was over: it would have gone on
            continue
        reason = (
            f"significantly worse after {left} rounds" if left else f"the race was over after {standing.rounds} rounds"
        )
        yield from ((spec, reason) for spec in runs.values() if spec.hash() not in stored)
