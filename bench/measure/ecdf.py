"""Distributions of runtimes: how many targets are reached within a cost."""

from collections.abc import Sequence

import numpy as np

from bench.measure.comparison import View
from bench.measure.frames import CELL, Frame
from bench.measure.progress import POINTS, cost_grid, finite_costs, idle, joined

GROUPS = ("optimizer", "order", "problem", "family", "dim", "instance", "seed")  # columns that curves are told by


def ecdf(
    view: View,
    by: Sequence[str] = ("order",),
    costs: Sequence[float] | None = None,
    restarts: bool = False,
) -> Frame:
    """The fraction of (run, target) pairs solved within a cost (Hansen et al. 2022, doi:10.1109/TEVC.2022.3210897).

    by: columns of runs; one curve a group. costs: where it is read; by default a
    grid over all runs. Every planned run counts, also one that was skipped or crashed; not one whose cost is unknown,
        nor those of an optimizer of which all were skipped.
    restarts: the runtimes of simulated restarts in place of those of the runs (see `restarts.restarted`): where some
    run of an optimizer reached a target, all do in the end, as if it had begun again after each failure.
    Columns *by, cost, fraction, pairs, problems: on how many problems and dims the group has runs. Curves over
    different problems, seeds or targets have different denominators, and do not compare.
    """
    import pandas as pd

    runs, reached = view.runs, view.reached
    unknown = [name for name in by if name not in runs]
    if unknown or not by:
        got = repr(unknown[0]) if unknown else "none"
        raise ValueError(f"by must name columns of runs, as {', '.join(GROUPS)}, got {got}")
    if restarts:
        from bench.measure.restarts import restarted

        reached = restarted(view)
    reached = reached[reached.runtime.notna() & ~reached.run.isin(runs.run[idle(runs)])]
    facts = runs.assign(cell=runs.groupby(CELL).ngroup()).set_index("run")[[*by, "cell"]].reindex(reached.run)
    facts = facts.reset_index(drop=True).assign(runtime=reached.runtime.to_numpy(float))
    grid = default_costs(reached) if costs is None else finite_costs(costs, "costs")
    curves = []
    for key, group in facts.groupby(list(by)):
        solved = np.searchsorted(np.sort(group.runtime), grid, side="right")
        size = {"pairs": len(group), "problems": group.cell.nunique()}
        names = dict(zip(by, key, strict=True))
        curves.append(pd.DataFrame({**names, "cost": grid, "fraction": solved / len(group), **size}))
    return joined(curves, [*by, "cost", "fraction", "pairs", "problems"])


def default_costs(reached: Frame, points: int = 2 * POINTS) -> np.ndarray:
    """Costs (points,) at equal ratios from the least that reached anything to the most that any run spent."""
    positive = reached.runtime[(reached.runtime > 0) & np.isfinite(reached.runtime)]
    most = reached[["runtime", "spent"]].where(np.isfinite(reached[["runtime", "spent"]])).max().max()
    low = positive.min() if len(positive) else 1.0
    return cost_grid(low, most if most > low else max(low, 1.0), points)
