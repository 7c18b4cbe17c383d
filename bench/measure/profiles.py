"""How optimizers compare: expected runtimes, distributions of runtimes, convergence.

In all of them a run that never reaches a target counts as unsolved; nothing is dropped.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.measure.progress import CELL, POINTS, Frame, complete, cost_grid, joined, progress, spent
from bench.measure.runtimes import runtimes
from bench.measure.targets import optima

FEWEST = 5  # runs from which an interval is given
RESAMPLES = 1000
COVERAGE = 0.95  # nominal: of the bootstrap below about 15 runs less
FLOOR = 1e-9  # gaps below it are rounding error beside the hardest target


def ert(
    runs: Frame,
    trajectories: Frame,
    prices: Mapping[str, float] | None = None,
    gaps: Sequence[float] | None = None,
) -> Frame:
    """Expected runtime of each optimizer on each problem, dim and target: the cost spent by all runs until they reached
    the target or ended, over the number that reached it (Hansen et al. 2022, doi:10.1109/TEVC.2022.3210897).

    gaps: targets to read instead of the usual ones (see `targets`).
    Columns problem, dim, scored, optimizer, order, kind, target, ert (inf where no run reached it, NaN where all were
    skipped), successes, runs (without skipped ones), low, high: a bootstrap interval, NaN below 5 runs; nominally of
    95 %, in truth too short below about 15. Where no run of n reached it, low is the mean cost over the success
    probability that n failures still allow, 1 - 0.05^(1/n) (Hanley & Lippman-Hand 1983,
    doi:10.1001/jama.1983.03330370053031), and high is inf.
    """
    runs = complete(runs)
    facts = runs[["run", *CELL, "scored", "optimizer", "order"]]
    facts = facts.assign(total=spent(runs, prices), ran=runs.status != "skipped")
    table = runtimes(runs, trajectories, prices, gaps).merge(facts, on="run")
    solved = np.isfinite(table.runtime) & table.ran
    cost = table.runtime.where(solved, table.total).where(table.ran, 0.0)
    table = table.assign(successes=solved.astype(int), runs=table.ran.astype(int), cost=cost)
    keys = [*CELL, "scored", "optimizer", "order", "kind", "target"]
    groups = table.groupby(keys)
    answer = groups[["successes", "runs", "cost"]].sum()
    answer["ert"] = _ratio(answer.cost.to_numpy(), answer.successes.to_numpy())
    answer.loc[answer.runs == 0, "ert"] = np.nan
    answer[["low", "high"]] = _intervals(table[table.ran], keys, answer.index)
    never = answer[(answer.successes == 0) & (answer.runs >= FEWEST)]
    answer.loc[never.index, "low"] = never.cost / never.runs / (1 - (1 - COVERAGE) ** (1 / never.runs))
    answer = answer.reset_index().sort_values(
        [*CELL, "order", "optimizer", "kind", "target"], ascending=[True] * 5 + [False], ignore_index=True
    )
    return answer[[*CELL, "scored", "optimizer", "order", "kind", "target", "ert", "successes", "runs", "low", "high"]]


def _ratio(cost: np.ndarray, successes: np.ndarray) -> np.ndarray:
    return np.divide(cost, successes, out=np.full(cost.shape, np.inf), where=successes > 0)


def _intervals(table: Frame, keys: list[str], index: Any) -> np.ndarray:
    """Percentile intervals of the ERT (groups, 2) over resampled runs (Efron 1979, doi:10.1214/aos/1176344552)."""
    import pandas as pd

    found = pd.DataFrame(np.nan, index=index, columns=["low", "high"])
    table = table.sort_values([*keys, "run"], ignore_index=True)
    size = table.groupby(keys).run.transform("size")
    for n, part in table[size >= FEWEST].groupby(size):
        rng = np.random.default_rng(0)  # the same resamples for every group: answers do not depend on their neighbours
        weights = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES)  # how often each run is drawn (resamples, n)
        cost, successes = (part[name].to_numpy(float).reshape(-1, n) @ weights.T for name in ("cost", "successes"))
        tail = int(RESAMPLES * (1 - COVERAGE) / 2)
        ranked = np.partition(_ratio(cost, successes), (tail, RESAMPLES - 1 - tail), axis=1)
        rows = pd.MultiIndex.from_frame(part[keys].iloc[:: int(n)])
        found.loc[rows] = ranked[:, [tail, RESAMPLES - 1 - tail]]
    return found.to_numpy()


def ecdf(
    runs: Frame,
    trajectories: Frame,
    by: Sequence[str] = ("order",),
    prices: Mapping[str, float] | None = None,
    costs: Sequence[float] | None = None,
    gaps: Sequence[float] | None = None,
) -> Frame:
    """The fraction of (run, target) pairs solved within a cost (Hansen et al. 2022, doi:10.1109/TEVC.2022.3210897).

    by: columns of runs; one curve a group. costs: where it is read; by default a grid over all runs. gaps: targets to
    read instead of the usual ones (see `targets`). Every planned run counts, also one that was skipped or crashed.
    Columns *by, cost, fraction, pairs, problems: on how many problems and dims the group has runs. Curves over
    different problems, seeds or targets have different denominators, and do not compare.
    """
    import pandas as pd

    runs = complete(runs)
    facts = runs[["run", *by]].assign(cell=runs.groupby(CELL).ngroup())
    reached = runtimes(runs, trajectories, prices, gaps).merge(facts, on="run")
    if costs is None:
        positive = reached.runtime[(reached.runtime > 0) & np.isfinite(reached.runtime)]
        low = positive.min() if len(positive) else 1.0
        grid = cost_grid(low, max(spent(runs, prices).max(), 1.0), 2 * POINTS)
    else:
        grid = np.asarray(costs, dtype=float)
    parts = []
    for key, group in reached.groupby(list(by)):
        solved = np.searchsorted(np.sort(group.runtime), grid, side="right")
        size = {"pairs": len(group), "problems": group.cell.nunique()}
        names = dict(zip(by, key, strict=True))
        parts.append(pd.DataFrame({**names, "cost": grid, "fraction": solved / len(group), **size}))
    return joined(parts, [*by, "cost", "fraction", "pairs", "problems"])


def convergence(
    runs: Frame,
    trajectories: Frame,
    prices: Mapping[str, float] | None = None,
    points: int = POINTS,
) -> Frame:
    """Median and quartiles, over the runs of an optimizer on a problem, of the best f so far, over cost; on scored
    problems of the last score, which may rise: the least of many scores would flatter.

    Columns problem, dim, optimizer, order, kind, cost, low, median, high, runs. kind: "gap", f - f_opt and at least
    1e-9, where the optimum is known; else "value". A run that has ended keeps what it had; what is not finite is inf.
    Skipped runs have no curve.
    """
    runs = complete(runs)
    at = _reached_at_costs(runs[runs.status != "skipped"], trajectories, prices, points)
    keys = [*CELL, "order", "optimizer", "kind", "cost"]
    at = at.sort_values([*keys, "y"], ignore_index=True)
    answer = at.groupby(keys).size().rename("runs").reset_index()
    for name, share in (("low", 0.25), ("median", 0.5), ("high", 0.75)):
        answer[name] = _quantile(at.y.to_numpy(), answer.runs.to_numpy(), share)
    return answer[[*CELL, "optimizer", "order", "kind", "cost", "low", "median", "high", "runs"]]


def _reached_at_costs(runs: Frame, trajectories: Frame, prices: Mapping[str, float] | None, points: int) -> Frame:
    """What each run had reached, y, at each cost of a grid that all runs on its problem and dim share."""
    import pandas as pd

    events = progress(runs, trajectories, prices).sort_values("cost", kind="stable")
    first = runs.run.map(events[events.cost > 0].groupby("run").cost.min())
    f_opt, known = optima(runs)
    facts = runs.assign(low=first, high=spent(runs, prices), f_opt=f_opt, known=known)
    cells = facts.groupby(CELL).agg({"low": "min", "high": "max"}).fillna({"low": 1.0})
    grids = [
        pd.DataFrame({"problem": cell[0], "dim": cell[1], "cost": cost_grid(low, high, points)})
        for cell, low, high in cells.itertuples(name=None)
    ]
    grid = joined(grids, [*CELL, "cost"])
    asked = facts[["run", *CELL, "scored", "optimizer", "order", "f_opt", "known"]].merge(grid, on=CELL)
    asked = asked.astype({"cost": float}).sort_values("cost", kind="stable")
    at = pd.merge_asof(asked, events.astype({"run": asked.run.dtype}), on="cost", by="run")
    value = at.f.where(at.scored, at.best)
    y = value.where(~at.known, (value - at.f_opt).clip(lower=FLOOR)).fillna(np.inf)
    return at.assign(y=y, kind=np.where(at.known, "gap", "value"))


def _quantile(ordered: np.ndarray, sizes: np.ndarray, share: float) -> np.ndarray:
    """The quantile of each group of a partition, sorted within groups of these sizes; between two values linear."""
    place = np.cumsum(sizes) - sizes + share * (sizes - 1)
    below, above = ordered[np.floor(place).astype(int)], ordered[np.ceil(place).astype(int)]
    part = place % 1
    with np.errstate(invalid="ignore"):  # inf - inf, not taken
        between = below + part * (above - below)
    return np.where((below == above) | (part == 0), below, between)
