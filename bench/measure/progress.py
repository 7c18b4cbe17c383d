"""What each run had reached at what cost: stored counts, priced."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.core.ledger import QUESTIONS, impossible
from bench.core.status import statuses
from bench.measure.frames import Column, Frame, checked, stored_anew
from bench.measure.prices import Prices, in_seconds, priced, resolved

POINTS = 60  # of a curve over cost


def complete(runs: Frame) -> Frame:
    """The runs with dim, order, scored, gap, imported and failed_values whole.

    A run that never began does not know its problem: it has dim and scored of the others there, else 0 and False.
    gap: 0, the optimum itself, imported and raced: False, and failed_values: NaN, where there is no such column.
    """
    runs = stored_anew(checked(runs, "runs"))
    dim = runs.dim.astype(float)
    highest = dim.groupby(runs.problem).transform("max")
    return runs.assign(
        dim=dim.fillna(highest).fillna(0).astype(int),
        order=runs.order.astype(int),
        scored=runs.scored.astype(bool).groupby(runs.problem).transform("any"),
        gap=runs.gap.astype(float).fillna(0.0) if "gap" in runs else 0.0,
        imported=runs.imported.astype(bool) if "imported" in runs else False,
        failed_values=runs.failed_values.astype(float) if "failed_values" in runs else float("nan"),
        raced=runs.raced.astype(bool) if "raced" in runs else False,
    )


def spent(runs: Frame, prices: Prices = None) -> Column:
    """What each run cost, in full evaluations or seconds: the sum of price x count over the rows of data.

    A run that left no record of its counts is charged its whole budget, as its suite prices it, or infinitely many
    seconds. NaN where seconds are not known: those of imported runs, and the wall clock of lanes. runs: complete ones.
    """
    import pandas as pd

    prices = resolved(prices)
    cost = pd.Series(priced(runs, runs, prices), index=runs.index)
    recorded = runs.status.isin(statuses("recorded"))
    if not in_seconds(prices):
        return cost.where(recorded, runs.budget.astype(float))
    ran = runs[[question for question in QUESTIONS if question in runs]].any(axis=1)
    return cost.where(~ran | (runs.inside + runs.outside > 0)).where(recorded, np.inf)


def idle(runs: Frame) -> Column:
    """Which runs are of an optimizer that was skipped wherever it was planned: there is nothing of it to draw."""
    return ~runs.status.isin(statuses("ran")).groupby(runs.optimizer).transform("any").astype(bool)


def progress(runs: Frame, trajectories: Frame) -> Frame:
    """The events of these runs, in the order of run and time: the columns of trajectories, and best.

    f: inf where it is not finite, or impossible: below f_opt. best: the least f so far; such values are never an
    improvement. What has best already is of an earlier call, and stays as it is.
    """
    events = trajectories if len(runs) and set(runs.run) >= set(trajectories.run.unique()) else None
    if events is None:
        events = trajectories[trajectories.run.isin(runs.run)]
    if "best" in checked(events, "events"):
        return events
    events = stored_anew(events)
    if not events.run.is_monotonic_increasing:
        events = events.sort_values("run", kind="stable", ignore_index=True)
    f = events.f.to_numpy(float)
    wrong = ~np.isfinite(f)
    if below(runs).any():
        wrong |= impossible(f, events.run.map(runs.set_index("run").f_opt.astype(float)).to_numpy())
    events = events.assign(f=np.where(wrong, np.inf, f))
    return events.assign(best=events.groupby("run").f.cummin())


def below(runs: Frame) -> Column:
    """Whether each of these runs has a value below f_opt, by more than rounding: a fault of its problem. Such a value
    reaches no target."""
    if "best" not in runs or "f_opt" not in runs:
        return runs.run != runs.run
    return impossible(runs.best.astype(float), runs.f_opt.astype(float))


def finite_costs(costs: Sequence[float], what: str = "budgets") -> np.ndarray:
    """These costs as an array; raises ValueError for one that is not positive and finite."""
    array = np.asarray(costs, dtype=float)
    if wrong := [cost for cost in array.ravel().tolist() if not 0 < cost < np.inf]:
        raise ValueError(f"{what} must be positive and finite, got {wrong[0]!r}")
    return array


def cost_grid(low: float, high: float, points: int = POINTS) -> np.ndarray:
    """Costs (points,) at equal ratios from low to high, both included; one point where they are the same."""
    return np.unique(np.geomspace(low, max(low, high), points))


def joined(frames: Sequence[Any], columns: Sequence[str]) -> Frame:
    """The parts one below the other; where there are none, an empty frame of these columns."""
    import pandas as pd

    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(columns))
