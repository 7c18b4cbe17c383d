"""What each run had reached at what cost: stored counts, priced."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.core.ledger import KINDS
from bench.core.oracle import PRICES

# pandas comes without stubs, and its source tells a type checker little of what a selection gives
Frame = Any  # a DataFrame
Column = Any  # a Series

CELL = ["problem", "dim"]  # what runs are compared on
POINTS = 60  # of a curve over cost


def complete(runs: Frame) -> Frame:
    """The runs with dim, order, scored and target whole.

    A run that never began does not know its problem: it has dim and scored of the others there, else 0 and False.
    target: 0, the optimum itself, where it is not said.
    """
    known = runs.dim.astype(float)
    found = known.groupby(runs.problem).transform("max")
    return runs.assign(
        dim=known.fillna(found).fillna(0).astype(int),
        order=runs.order.astype(int),
        scored=runs.scored.astype(bool).groupby(runs.problem).transform("any"),
        target=runs.target.astype(float).fillna(0.0) if "target" in runs else 0.0,
    )


def spent(runs: Frame, prices: Mapping[str, float] | None = None) -> Column:
    """The cost of each run, in full evaluations: the sum of price x count over the rows of data.

    A killed run left no counts: it is charged its whole budget, in the prices of its suite.
    """
    return _price(runs, runs.rows, prices).where(runs.status != "killed", runs.budget).astype(float)


def _price(counts: Frame, rows: Column, prices: Mapping[str, float] | None) -> Column:
    asked = [kind for kind in KINDS if kind in counts]
    return sum({**PRICES, **(prices or {})}[kind] * counts[kind].astype(float) for kind in asked) / rows


def progress(runs: Frame, trajectories: Frame, prices: Mapping[str, float] | None = None) -> Frame:
    """The events of these runs, in the order of run and cost: columns run, cost, f, best.

    f: inf where it is not finite. best: the least f so far; NaN and inf are never an improvement.
    """
    events = trajectories[trajectories.run.isin(runs.run)]
    rows = events.run.map(runs.set_index("run").rows)
    f = events.f.astype(float)
    priced = events[["run"]].assign(cost=_price(events, rows, prices), f=f.where(np.isfinite(f), np.inf))
    priced = priced.sort_values(["run", "cost"], kind="stable", ignore_index=True)
    return priced.assign(best=priced.groupby("run").f.cummin())


def cost_grid(low: float, high: float, points: int = POINTS) -> np.ndarray:
    """Costs (points,) at equal ratios from low to high, both included; one point where they are the same."""
    return np.unique(np.geomspace(low, max(low, high), points))


def joined(parts: Sequence[Frame], columns: Sequence[str]) -> Frame:
    """The parts one below the other; where there are none, an empty frame of these columns."""
    import pandas as pd

    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))
