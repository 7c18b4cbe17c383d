"""What the races among these runs came to: where optimizers raced, significance is what the race says.

A test of runs whose number depends on their results would not hold its level. The race does, whenever one looks (see
`bench.measure.racing`); so its verdict is followed again from the stored runs, and nothing is tested once more.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from bench.core.outcomes import places
from bench.core.status import Status, statuses
from bench.measure.frames import CELL, COLUMNS, Frame
from bench.measure.racing import able, race

Planned = Mapping[tuple[str, int], tuple[Sequence[tuple[int, int]], Mapping[str, int]]]  # by problem and dim


def races(runs: Frame, plan: Planned | None = None) -> Frame:
    """How each optimizer did in the race on each problem and dim, where there was one: columns problem, dim, optimizer,
    order, left (the round after which it left, significantly worse; 0 where it stays), rounds (those that it ran),
    planned (rounds in all), missing (rounds between those that all who stay have and the last that is planned, where
    the race was interrupted; 0 where it was not), able (whether so many can tell anybody apart).

    runs: complete ones, with those that were left out. A round is an instance and a seed. Optimizers that were skipped
    did not take part, and one alone races nobody. plan: of each race its rounds (seed and instance), and the order of
    those optimizers that have no run yet, by name; without a plan the rounds are those that all have.
    """
    import pandas as pd

    rows, plan = [], plan or {}
    raced = runs[runs.raced & (runs.status != Status.SKIPPED)]
    for cell, of_cell in raced.groupby(CELL):
        rounds, absent = plan.get(cell, (None, {}))
        names = list(dict.fromkeys(zip(of_cell.order, of_cell.optimizer, strict=True)))
        names += [(order, name) for name, order in absent.items()]
        made = {name: dict[tuple[int, int], Frame]() for name in names}
        for row in of_cell.itertuples():
            made[row.order, row.optimizer][row.seed, row.instance] = row
        if rounds is None:
            rounds = sorted(set.intersection(*map(set, made.values())))
        if len(names) < 2 or not rounds:
            continue
        results, ties = ranked([[made[name].get(place) for place in rounds] for name in names])
        standing = race(results, len(rounds), ties)
        missing = 0 if standing.over else len(rounds) - standing.rounds
        for (order, optimizer), left, ran in zip(names, standing.left, ~np.isnan(results), strict=True):
            facts = (int(left), int(ran.sum()), len(rounds), missing, able(len(names), len(rounds)))
            rows.append((*cell, optimizer, order, *facts))
    table = pd.DataFrame(rows, columns=list(COLUMNS["races"]))
    return table.sort_values([*CELL, "order", "optimizer"], ignore_index=True)


def ranked(rows: list[list[Frame | None]]) -> tuple[np.ndarray, np.ndarray]:
    """The place of each run among all of them (optimizers, rounds), NaN where there is none, it was left out, or had
    less time than others, and with whom it ties: see `bench.core.outcomes.places`."""
    no_outcome = (*statuses("absent"), Status.CUT)
    return places(
        [[None if row is None or row.status in no_outcome else (row._asdict(), row.cost) for row in of] for of in rows]
    )


def gone(table: Frame, races: Frame) -> np.ndarray:
    """Of each row of a frame with problem, dim and optimizer, the round after which it left there (n,): 0 where it
    stays, NaN where there was no race."""
    if races.empty:
        return np.full(len(table), np.nan)
    return table[[*CELL, "optimizer"]].merge(races, how="left", on=[*CELL, "optimizer"]).left.to_numpy(float)


def in_race(table: Frame, races: Frame) -> np.ndarray:
    """Whether there was a race on the problem and dim of each row of a frame (n,)."""
    raced = set(zip(races.problem, races.dim, strict=True))
    return np.array([cell in raced for cell in zip(table.problem, table.dim, strict=True)], dtype=bool)
