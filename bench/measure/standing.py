"""Where optimizers stand when the budget is spent: medians of f, and what decides between runs that reached as many
targets."""

from collections.abc import Sequence

import numpy as np

from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.convergence import convergence, sampled
from bench.measure.frames import CELL, COLUMNS, Frame

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
    problem is lower; gaps below that at which runs end are equal, so that there may be several, and a median that is
    not finite is none. end: that gap, NaN where f itself is shown. failed: of the runs, those that crashed, were killed
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
    least = (median == median.groupby([table[name] for name in CELL]).transform("min")) & np.isfinite(median)
    table = table.assign(runs=table.runs.fillna(0).astype(int), kind=kinds, least=least, end=end.where(kinds == "gap"))
    return table.sort_values([*CELL, "order", "optimizer"], ignore_index=True)[list(COLUMNS["values at budget"])]


def standings(view: View, costs: Sequence[float]) -> np.ndarray:
    """The fraction of its targets that each run reached within these rising costs (runs, costs), as of
    `bench.measure.strata.solved`; where f_opt is not known, with the part of the way from the last target that it
    reached to the next, in targets.

    Thus of two runs that reached as many targets the one with the lower value at that cost is ahead, and nobody who
    reached one more is behind. The way is measured in logarithms of f - f_best, from the start to the first target and
    from target to target. Values below the hardest target are the same. costs: inf is the common budget.
    """
    import pandas as pd

    at = np.minimum(costs, np.finfo(float).max)  # inf is never reached
    solved = view.solved(at)
    goals = view.reached[view.reached.kind == "fraction"]
    if goals.empty or "f_target" not in goals:
        return solved
    f_targets = goals.set_index(["run", "target"]).f_target.unstack().dropna()  # of those that could improve
    if f_targets.empty:
        return solved
    row = pd.Index(view.runs.run).get_indexer(f_targets.index)
    runs = view.runs.iloc[row]
    values = _values(view, runs, at)  # (n, costs)
    easiest_first = f_targets.columns.to_numpy(float)[::-1]
    hardest, f_hardest = easiest_first[-1], f_targets.to_numpy()[:, :1]
    number = np.rint(solved[row] * len(easiest_first))
    place = np.where(np.isnan(number), len(easiest_first), number).astype(int)
    upper, lower = np.r_[1.0, easiest_first][place], np.maximum(np.r_[easiest_first, 0.0][place], NEAREST)
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = (runs["first"].to_numpy(float)[:, None] - f_hardest) / (1 - hardest)
        left = np.clip(hardest + (values - f_hardest) / gain, NEAREST, upper)
        way = np.log(upper / left) / np.log(upper / lower)
    way = np.where(np.isfinite(way) & (place < len(easiest_first)), np.clip(way.round(9), 0.0, NEXT), 0.0)
    solved[row] += way / len(easiest_first)
    return solved


def _values(view: View, runs: Frame, costs: np.ndarray) -> np.ndarray:
    """What each of these runs had at each cost (n, costs), and at its limit where that is less; NaN where it asked
    nothing, or its events are not known."""
    import pandas as pd

    spent = view.reached.spent.to_numpy(float)
    most = 1 + spent[np.isfinite(spent)].max(initial=0.0)
    limit = view.limits_of_cells[view.limits_of_cells.set_index(CELL).index.isin(runs.set_index(CELL).index)]
    at = {(row.problem, int(row.dim)): np.minimum(costs, min(row.limit, most)) for row in limit.itertuples()}

    def measure(part: Frame, events: Frame) -> Frame:
        kept, _, y = sampled(part[part.run.isin(runs.run)], events, view.prices, at)
        return pd.DataFrame(y.reshape(-1, len(costs))).assign(run=kept.run.to_numpy())

    (table,) = view.comparison.over_parts(measure)
    if table.empty:
        return np.full((len(runs), len(costs)), np.nan)
    return table.set_index("run").reindex(runs.run).to_numpy(float)
