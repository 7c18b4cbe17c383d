"""Profiles: on what fraction of the problems an optimizer is within a factor of the best, or within a cost.

A problem is here a target on a problem and dim, and what an optimizer needs for it is its expected runtime over all
seeds and instances. What no run of an optimizer reached, or all were skipped on, is unsolved; nothing is dropped
but an optimizer that was skipped on all problems.
"""

import numpy as np

from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.ert import ert
from bench.measure.frames import CELL, Frame
from bench.measure.progress import POINTS, cost_grid, idle, joined
from bench.measure.virtual import ratio


def performance_profile(view: View) -> Frame:
    """The fraction of problems on which the ERT is at most `ratio` times the least of all these optimizers (Dolan &
    Moré 2002, doi:10.1007/s101070100263). At ratio 1: on how many it is the best; at the end: how many it solves.

    Targets that the start reached for the best (ERT 0) are left out, being no
    problem; an optimizer whose cost on a problem is not known is not compared there.
    Columns optimizer, order, ratio, fraction, problems, among: the optimizers that the least is of, joined by "; ".
    With others among them the curves are others (Gould & Scott 2016, doi:10.1145/2950048).
    """
    table = _expected(view)
    best = table.groupby([*CELL, "kind", "target"]).ert.transform("min")
    table = table.assign(x=ratio(table.ert, best))[best > 0]
    table = table.assign(x=table.x.fillna(np.inf))  # reached by none
    finite = table.x[np.isfinite(table.x)]
    curves = _of_problems(table, cost_grid(1.0, finite.max() if len(finite) else 1.0, 2 * POINTS), "ratio")
    return curves.assign(among="; ".join(sorted(set(table.optimizer))))


def data_profile(view: View) -> Frame:
    """The fraction of problems solved within a cost, in units of dim + 1, what a simplex gradient costs (Moré & Wild
    2009, doi:10.1137/080724083). Unlike the performance profile it does not depend on who else is there.

    Columns optimizer, order, cost (ERT / (dim + 1)), fraction, problems.
    """
    table = _expected(view)
    table = table.assign(x=table.ert / (table.dim + 1))
    positive = table.x[np.isfinite(table.x) & (table.x > 0)]
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    return _of_problems(table, cost_grid(low, high, 2 * POINTS), "cost")


def _expected(view: View) -> Frame:
    """The ERT of each optimizer that was planned on a problem: inf where all its runs were skipped; without those whose
    cost is not known, and those that ran nowhere."""
    runs = view.runs[~idle(view.runs)]
    table: Frame = view.of(ert)
    table = table[table.optimizer.isin(runs.optimizer)]
    unrun = ~runs.status.isin(statuses("ran"))
    none = unrun.groupby([runs[name] for name in (*CELL, "optimizer")]).all().rename("none")
    table = table.merge(none.reset_index(), on=[*CELL, "optimizer"], how="left")
    table = table.assign(ert=table.ert.where(~table.none.astype(bool), np.inf))
    return table[table.ert.notna()]


def _of_problems(table: Frame, grid: np.ndarray, name: str) -> Frame:
    """The fraction of each optimizer's problems with x at or below each point of the grid."""
    import pandas as pd

    curves = []
    for (order, optimizer), rows in table.groupby(["order", "optimizer"]):
        fraction = np.searchsorted(np.sort(rows.x.to_numpy()), grid, side="right") / len(rows)
        columns = {"optimizer": optimizer, "order": order, name: grid, "fraction": fraction, "problems": len(rows)}
        curves.append(pd.DataFrame(columns))
    return joined(curves, ["optimizer", "order", name, "fraction", "problems"])
