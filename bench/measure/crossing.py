"""From which budget another optimizer is the better choice."""

from itertools import pairwise

import numpy as np

from bench.measure.comparison import View
from bench.measure.ecdf import default_costs
from bench.measure.frames import Frame
from bench.measure.levels import ERRORS, FEWEST


def crossings(view: View) -> Frame:
    """Who leads up to which budget, by problem family and over "all": columns family, below, above, budget.

    A row says: at costs below the budget `below` reaches the largest fraction of targets (the mean over cells of that
    over runs, as in `scores`), above it `above`. The rows of a family are a chain, in rising order. budget: the first
    cost of the grid of `default_costs` from which the second is ahead.

    Chance makes curves cross, too: a change is listed where the first is ahead of the second before, and the second of
    the first after, by more than 2.5 standard errors of their paired difference. No row: no change is as significant as
    that, or there are fewer than 5 runs of an optimizer in a cell of the family. Optimizers that
    were not planned on all its cells, or whose costs are not known, are left out.
    """
    import pandas as pd

    layout, costs = view.layout, default_costs(view.reached)
    x, names = layout.spread(view.solved(costs)), layout.optimizers.optimizer.to_numpy()
    enough = layout.planned.sum(axis=2) >= FEWEST
    unknown = (layout.planned & np.isnan(x[..., 0])).any(axis=2)
    rows = []
    for family, cells in zip(layout.families, layout.member, strict=True):
        entrants = np.flatnonzero((enough & ~unknown)[cells].all(axis=0))
        if len(entrants) < 2:
            continue
        value, z = curves(x[cells][:, entrants], layout.planned[cells][:, entrants])
        leaders = reigns(value, (z > ERRORS) & (value[:, None] > value))
        for (a, _), (b, g) in pairwise(leaders):
            behind = np.flatnonzero(value[a, : g + 1] >= value[b, : g + 1])[-1]
            rows.append((family, names[entrants[a]], names[entrants[b]], costs[behind + 1]))
    return pd.DataFrame(rows, columns=["family", "below", "above", "budget"])


def curves(x: np.ndarray, planned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean fractions (O, G) of x (C, O, N, G), and each paired difference over its standard error (O, O, G).

    That of equal methods, the sum of d over the root of the sum of d^2: of few runs the spread within cells may be 0 by
    chance (see `sign_flip`). Only those that lead somewhere are compared; elsewhere 0.
    """
    x = np.where(planned[..., None], x, 0.0)
    value = (x.sum(axis=2) / planned.sum(axis=2)[..., None]).mean(axis=0)
    z = np.zeros((len(value), *value.shape))
    lead = np.unique(value.argmax(axis=0)) if value.size else np.empty(0, dtype=int)
    total, square = np.zeros((2, len(lead), len(lead), value.shape[1]))
    for values, there in zip(x[:, lead], planned[:, lead], strict=True):
        both = (there[:, None] & there)[..., None]
        d = np.where(both, values[:, None] - values, 0.0) / np.maximum(both.sum(axis=2, keepdims=True), 1)
        total += d.sum(axis=2)
        square += (d**2).sum(axis=2)
    z[np.ix_(lead, lead)] = np.divide(total, np.sqrt(square), out=np.zeros_like(total), where=square > 0)
    return value, z


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
