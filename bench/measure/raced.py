"""What the races among these runs came to: where optimizers raced, significance is what the race says.

A test of runs whose number depends on their results would not hold its level. The race does, whenever one looks (see
`bench.measure.racing`); so its verdict is followed again from the stored runs, and nothing is tested once more.
"""

import numpy as np

from bench.core.outcomes import outcome
from bench.core.status import Status
from bench.measure.frames import CELL, COLUMNS, Frame
from bench.measure.racing import able, race


def races(runs: Frame) -> Frame:
    """How each optimizer did in the race on each problem and dim, where there was one: columns problem, dim, optimizer,
    order, left (the round after which it left, significantly worse; 0 where it stays), rounds (those that it ran),
    planned (rounds in all), able (whether so many can tell anybody apart).

    runs: complete ones, with those that were left out. A round is an instance and a seed. Optimizers that were skipped
    did not take part.
    """
    import pandas as pd

    rows = []
    raced = runs[runs.raced & (runs.status != Status.SKIPPED)]
    for cell, of_cell in raced.groupby(CELL):
        names = list(dict.fromkeys(zip(of_cell.order, of_cell.optimizer, strict=True)))
        places = {name: dict[tuple[int, int], Frame]() for name in names}
        for row in of_cell.itertuples():
            places[row.order, row.optimizer][row.seed, row.instance] = row
        rounds = sorted(set.intersection(*map(set, places.values())))
        results = ranked([[places[name][place] for place in rounds] for name in names])
        standing = race(results, len(rounds))
        for (order, optimizer), left, ran in zip(names, standing.left, ~np.isnan(results), strict=True):
            facts = (int(left), int(ran.sum()), len(rounds), able(len(names), len(rounds)))
            rows.append((*cell, optimizer, order, *facts))
    table = pd.DataFrame(rows, columns=list(COLUMNS["races"]))
    return table.sort_values([*CELL, "order", "optimizer"], ignore_index=True)


def ranked(rows: list[list[Frame]]) -> np.ndarray:
    """The place of each run among all of them (optimizers, rounds), less being better; NaN where it was left out."""
    outcomes = [[None if row.status == Status.LEFT else outcome(row._asdict(), row.cost) for row in of] for of in rows]
    order = {each: float(n) for n, each in enumerate(sorted({each for of in outcomes for each in of if each}))}
    return np.array([[np.nan if each is None else order[each] for each in of] for of in outcomes], dtype=float)


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
