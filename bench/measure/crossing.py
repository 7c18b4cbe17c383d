"""From which budget another optimizer is the better choice."""

from itertools import pairwise

import numpy as np

from bench.measure.comparison import View
from bench.measure.ecdf import default_costs
from bench.measure.frames import Frame
from bench.measure.levels import CURVES, FEWEST
from bench.measure.permutations import Contrasts, by_chance, generator, threshold, totals
from bench.measure.raced import in_race
from bench.measure.statistics import ran

STEP = 2  # the costs at which curves are tested are every second one


def crossings(view: View) -> Frame:
    """Who leads up to which budget, by problem family and over "all": columns family, below, above, budget.

    A row says: at costs below the budget `below` reaches the largest fraction of targets (the mean over cells of that
    over runs, as in `scores`), above it `above`, on *these* problems. The rows of a family are a chain, in rising
    order. budget: the first cost of the grid of `default_costs` from which the second is ahead.

    Chance makes curves cross, too: a change is listed where the first is significantly ahead of the second before, and
    the second of the first after (see `changes`). No row: no change is significant, or there are fewer than 5 runs of
    an optimizer in a cell of the family. Optimizers that were not planned on all its cells, that never ran there, or
    whose costs are not known, are left out; and families in which optimizers raced: the race alone says who is better.
    """
    import pandas as pd

    layout, costs = view.layout, default_costs(view.reached)
    x, names = layout.spread(view.solved(costs)), layout.optimizers.optimizer.to_numpy()
    enough = layout.planned.sum(axis=2) >= FEWEST
    unknown = (layout.planned & np.isnan(x[..., 0])).any(axis=2)
    began: np.ndarray = np.any(ran(view), axis=2)
    raced = in_race(layout.cells, view.comparison.races)
    rows = []
    for family, alike, cells in zip(layout.families, layout.first_alike, layout.member, strict=True):
        if raced[cells].any():
            continue
        entrants = np.flatnonzero((enough & ~unknown)[cells].all(axis=0) & began[cells].any(axis=0))
        if len(entrants) < 2:
            continue
        values, planned = x[cells][:, entrants], layout.planned[cells][:, entrants]
        value = fractions(values, planned)
        tested = np.arange((len(costs) - 1) % STEP, len(costs), STEP)  # the last, too
        leaders = changes(values[..., tested], planned, generator("crossings", alike, *names[entrants]))
        for (a, _), (b, g) in pairwise(leaders):
            until = slice(tested[g] + 1)
            behind = np.flatnonzero(value[a, until] >= value[b, until])[-1]
            rows.append((family, names[entrants[a]], names[entrants[b]], costs[behind + 1]))
    return pd.DataFrame(rows, columns=["family", "below", "above", "budget"])


def fractions(x: np.ndarray, planned: np.ndarray) -> np.ndarray:
    """The mean over cells (O, G) of the mean over the runs that are planned (C, O, N), of x (C, O, N, G)."""
    return (np.where(planned[..., None], x, 0.0).sum(axis=2) / planned.sum(axis=2)[..., None]).mean(axis=0)


def changes(x: np.ndarray, planned: np.ndarray, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Who leads from where: row and column of each leader of the curves of x (C, O, N, G), see `reigns`.

    Ahead is who is so by more standard errors than chance gives: the largest over pairs of leaders a, b and costs
    g < g' of min(z_ab(g), z_ba(g')) is above that threshold in 5 % of exchanges of optimizers within slots, each with
    its whole curve (see `bench.measure.permutations`).
    """
    contrasts = Contrasts.of_cells(x, planned)

    def turn(z: np.ndarray) -> float:
        before = np.maximum.accumulate(z, axis=0)[:-1]
        return np.minimum(before, z.swapaxes(1, 2)[1:]).max(initial=0.0)

    def largest(whose: np.ndarray) -> float:
        x = contrasts.exchanged(whose)
        return turn(contrasts.z(x, np.unique(totals(x).argmax(axis=0))))

    value = fractions(x, planned)
    leaders = np.unique(value.argmax(axis=0)) if value.size else np.empty(0, dtype=int)
    z = np.zeros((len(value), *value.shape))
    z[np.ix_(leaders, leaders)] = np.moveaxis(contrasts.z(contrasts.x, leaders), 0, -1)
    seen = turn(np.moveaxis(z, -1, 0))
    if not seen > 0:
        return reigns(value, z > np.inf)
    turns = by_chance(
        lambda exchanged: np.array(list(map(largest, exchanged))), contrasts.present, rng, seen, count=CURVES
    )
    least = threshold(turns)
    return reigns(value, (z > least) & (value[:, None] > value))


def reigns(value: np.ndarray, ahead: np.ndarray) -> list[tuple[int, int]]:
    """Who leads from where: (row, column) of each leader and the column in which it is sure to lead, of curves (L, G).

    ahead (L, L, G): whether the first is significantly ahead of the second. The leader stays until the one with the
    largest value is significantly ahead of it; one that was not so of its successor before is dropped.
    """
    leaders: list[tuple[int, int]] = []
    for g, top in enumerate(value.argmax(axis=0)):
        if leaders and not ahead[top, leaders[-1][0], g]:
            continue
        kept = list(leaders)
        while kept and kept[-1][0] != top and not ahead[kept[-1][0], top, kept[-1][1] : g].any():
            kept.pop()
        if kept and kept[-1][0] != top:
            if not ahead[top, kept[-1][0], g]:  # not significantly ahead of who now stands before it: not yet
                continue
            kept.append((top, g))
        leaders = kept or [(top, g)]
    return leaders
