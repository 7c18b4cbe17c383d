"""Where optimizers stand when the budget is spent: medians of f, and what decides between runs that reached as many
targets."""

from collections.abc import Sequence

import numpy as np

from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.convergence import convergence, sampled
from bench.measure.frames import CELL, COLUMNS, Frame
from bench.measure.targets import starts

NEXT = 1 - 1e-9  # of the way to the next target, at most: a target that was not reached
NEAREST = 1e-12  # of the gain, below which the best f is reached


def common_budgets(view: View) -> Frame:
    """The cost up to which all optimizers are compared on each problem and dim: its limit (see
    `bench.measure.strata.limits`), or the most that a run spent there. Columns problem, dim, budget."""
    reached, runs = view.reached, view.runs
    spent = reached.spent.where(np.isfinite(reached.spent)).groupby(reached.run.to_numpy()).first()
    budget = runs.run.map(spent).groupby([runs[name] for name in CELL]).transform("max")
    heads = runs.assign(budget=np.fmin(budget.to_numpy(float), view.limits)).drop_duplicates(CELL)
    return heads[[*CELL, "budget"]].reset_index(drop=True)


def values_at_budget(view: View) -> Frame:
    """Median and quartiles over runs of what each optimizer had on each problem when the common budget was spent.

    The columns of `convergence`, with budget for cost, at the `common_budgets`: kind "gap", f - f_opt, where the
    optimum is known, else "value", f itself; on scored problems the last score. least: whether no other median of that
    problem is lower; gaps below that at which runs end are equal, and values of those that `settle`, so that there may
    be several, and a median that is not finite is none. end: that gap, NaN where f itself is shown; settled: whether
    values are equal there as these are. failed: of the runs, those that crashed, were killed
    or diverged, which count with what they had reached. An optimizer that was planned and could not run has a row with
    0 runs, and NaN.
    """
    import pandas as pd

    budgets = common_budgets(view).dropna()
    at = {(row.problem, int(row.dim)): np.array([row.budget]) for row in budgets.itertuples()}
    runs = view.runs[view.runs.set_index(CELL).index.isin(list(at))]
    (table,) = view.comparison.over_parts(
        lambda part, events: convergence(part[part.run.isin(runs.run)], events, view.prices, at)
    )
    names = ["order", "optimizer", *CELL]
    failed = runs.status.isin(statuses("ran")) & ~runs.status.isin(statuses("counts"))
    planned = runs.assign(failed=failed).groupby(names).failed.sum().reset_index()
    table = table if len(table) else pd.DataFrame(columns=list(COLUMNS["convergence"]))
    table = planned.merge(table.drop(columns="cost"), how="left", on=names).merge(budgets, on=CELL)
    kinds = table.groupby(CELL).kind.transform("first").fillna("value")
    ends = runs.groupby(CELL).gap.max().rename("end")  # the gap at which runs end: what is below it is the same
    end = table[CELL].join(ends, on=CELL).end.where(kinds == "gap", -np.inf)
    median = table["median"].astype(float).clip(lower=end)
    cells = [table[name] for name in CELL]
    least = (median == median.groupby(cells).transform("min")) & np.isfinite(median)
    near = table[[*CELL, "optimizer"]].merge(settled(view), how="left", on=[*CELL, "optimizer"]).settled.eq(True)
    any_near = near.groupby(cells).transform("any")
    table = table.assign(least=np.where(any_near, near, least), settled=any_near)
    table = table.assign(runs=table.runs.fillna(0).astype(int), kind=kinds, end=end.where(kinds == "gap"))
    return table.sort_values([*CELL, "order", "optimizer"], ignore_index=True)[list(COLUMNS["values at budget"])]


def settled(view: View) -> Frame:
    """Who reached the hardest target in most of its runs, where f_opt is not known: its median is as good as the best
    value of all runs. Columns problem, dim, optimizer, settled (True, a row of each)."""
    import pandas as pd

    goals = view.reached[view.reached.kind == "fraction"]
    runs = view.runs.assign(limit=view.limits).set_index("run")[[*CELL, "optimizer", "status", "limit"]]
    goals = goals.join(runs, on="run")
    goals = goals[(goals.target == goals.groupby(CELL).target.transform("min")) & goals.status.isin(statuses("ran"))]
    goals = goals.assign(there=(goals.runtime <= goals.limit) & np.isfinite(goals.runtime))
    most = goals.groupby([*CELL, "optimizer"]).there.mean() > 0.5
    return pd.DataFrame(most[most].rename("settled").reset_index())


def standings(view: View, costs: Sequence[float]) -> np.ndarray:
    """The fraction of its targets that each run reached within these rising costs (runs, costs), as of
    `bench.measure.strata.solved`, with the part of the way from the last target that it reached to the next, in
    targets: where f_opt is not known, and where no run reached a target beyond its start.

    Thus of two runs that reached as many targets the one with the lower value at that cost is ahead, and nobody who
    reached one more is behind. The way is measured in logarithms of f - f_best, or of the gap, from the start (see
    `bench.measure.targets.starts`) to the first target and from target to target. Values below the hardest target are
    the same. costs: inf is the common budget.
    """
    at = np.minimum(costs, np.finfo(float).max)  # inf is never reached
    solved = view.solved(at)
    if not at.size or not {"f_target", "target"} <= set(view.reached.columns):
        return solved
    for way in (_way_by_fractions(view, at, solved), _way_by_gaps(view, at)):
        if way is not None:
            row, fraction = way
            solved[row] += fraction
    return solved


def _way_by_fractions(view: View, at: np.ndarray, solved: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Where f_opt is not known: the rows of runs, and the way of each at each cost, as a fraction of its targets."""
    import pandas as pd

    goals = view.reached[view.reached.kind == "fraction"]
    if goals.empty:
        return None
    f_targets = goals.set_index(["run", "target"]).f_target.unstack().dropna()  # of those that could improve
    if f_targets.empty:
        return None
    row = pd.Index(view.runs.run).get_indexer(f_targets.index)
    values, start = _values(view, view.runs.iloc[row], at)
    easiest_first = f_targets.columns.to_numpy(float)[::-1]
    hardest, f_hardest = easiest_first[-1], f_targets.to_numpy()[:, :1]
    number = np.rint(solved[row] * len(easiest_first))
    place = np.where(np.isnan(number), len(easiest_first), number).astype(int)
    upper, lower = np.r_[1.0, easiest_first][place], np.maximum(np.r_[easiest_first, 0.0][place], NEAREST)
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = (start[:, None] - f_hardest) / (1 - hardest)
        remaining = np.clip(hardest + (values - f_hardest) / gain, NEAREST, upper)
    way = np.where(place < len(easiest_first), _way(remaining, upper, lower), 0.0)
    return row, way / len(easiest_first)


def _way_by_gaps(view: View, at: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Where f_opt is known, and no run reached a target beyond its start: the same."""
    import pandas as pd

    goals = view.reached[view.reached.kind == "gap"]
    facts = view.runs.set_index("run")[CELL].reindex(goals.run)
    limit = view.limits[pd.Index(view.runs.run).get_indexer(goals.run)]
    earned = (goals.runtime > 0) & (goals.runtime < np.inf) & (goals.runtime <= limit)
    nobody = ~earned.groupby([facts[name].to_numpy() for name in CELL]).transform("any")
    goals = goals[nobody.to_numpy(bool)]
    open_ = np.isinf(goals.runtime)
    next_ = goals.target[open_].groupby(goals.run[open_]).max()
    if next_.empty:
        return None
    last = goals.target[~open_].groupby(goals.run[~open_]).min().reindex(next_.index).fillna(np.inf).to_numpy()
    row = pd.Index(view.runs.run).get_indexer(next_.index)
    runs = view.runs.iloc[row]
    values, start = _values(view, runs, at)  # gaps
    upper = np.fmin(start - runs.f_opt.to_numpy(float), last)[:, None]
    with np.errstate(invalid="ignore"):
        way = _way(np.minimum(values, upper), upper, next_.to_numpy()[:, None])
    return row, way / goals.groupby("run").size().reindex(next_.index).to_numpy()[:, None]


def _way(remaining: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """How far from upper to lower what is left is, in logarithms: from 0 to below 1, 0 where it is not known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        way = np.log(upper / remaining) / np.log(upper / lower)
    return np.where(np.isfinite(way), np.clip(way.round(9), 0.0, NEXT), 0.0)


def at_budget(view: View) -> np.ndarray:
    """What each run had when the common budget was spent (runs,): a gap, f itself, or NaN."""
    return _values(view, view.runs, np.array([np.finfo(float).max]))[0][:, 0]


def _values(view: View, runs: Frame, costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each of these runs had at each cost (n, costs), and at its limit where that is less, gaps where f_opt is
    known, NaN where it asked nothing, or its events are not known; and where it began (n,)."""
    import pandas as pd

    spent = view.reached.spent.to_numpy(float)
    most = 1 + spent[np.isfinite(spent)].max(initial=0.0)
    limit = view.limits_of_cells[view.limits_of_cells.set_index(CELL).index.isin(runs.set_index(CELL).index)]
    most = min(most, view.within)
    at = {(row.problem, int(row.dim)): np.minimum(costs, min(row.limit, most)) for row in limit.itertuples()}

    def measure(part: Frame, events: Frame) -> Frame:
        began = starts(part, events)
        kept, _, y = sampled(part[part.run.isin(runs.run)], events, view.prices, at)
        table = pd.DataFrame(y.reshape(-1, len(costs))).assign(run=kept.run.to_numpy())
        return table.assign(start=table.run.map(pd.Series(began.to_numpy(), index=part.run.to_numpy())))

    (table,) = view.comparison.over_parts(measure)
    if table.empty:
        return np.full((len(runs), len(costs)), np.nan), np.full(len(runs), np.nan)
    table = table.set_index("run").reindex(runs.run)
    return table.drop(columns="start").to_numpy(float), table.start.to_numpy(float)
