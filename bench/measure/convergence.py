"""What had been reached at what cost."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.core.status import statuses
from bench.measure.frames import CELL, COLUMNS, Frame
from bench.measure.levels import FLOOR
from bench.measure.prices import Prices, priced
from bench.measure.progress import POINTS, cost_grid, finite_costs, progress, spent
from bench.measure.targets import optima

QUARTILES = {"low": 0.25, "median": 0.5, "high": 0.75}

# where curves are read: at so many points of a grid for each problem and dim; at these costs (B,); or, by problem and
# dim, at these
At = int | np.ndarray | Mapping[tuple[str, int], np.ndarray]


def convergence(runs: Frame, trajectories: Frame, prices: Prices = None, at: At = POINTS) -> Frame:
    """Median and quartiles, over the runs of an optimizer on a problem, of the best f so far, over cost; on scored
    problems of the last score, which may rise: the least of many scores would flatter.

    Columns problem, dim, optimizer, order, kind, cost, low, median, high, runs. kind: "gap", f - f_opt and at least
    1e-9, where the optimum is known; else "value". A run that has ended keeps what it had; what is not finite is inf.
    Skipped runs, and those whose cost is not known, have no curve. runs: complete ones.
    """
    import pandas as pd

    names = [*CELL, "order", "optimizer"]
    runs, grids, y = sampled(runs, trajectories, prices, at)
    runs = runs.assign(group=runs.groupby(names).ngroup())
    start = np.cumsum([0, *(len(grids[cell]) for cell in runs.cell)])
    tables = []
    lengths = np.diff(start)
    for size in np.unique(lengths):  # groups whose grids are of one length are one array
        of_size = np.flatnonzero(lengths == size)
        order = of_size[np.argsort(runs.group.to_numpy()[of_size], kind="stable")]
        group, begin, counts = np.unique(runs.group.to_numpy()[order], return_index=True, return_counts=True)
        full = np.full((len(group), counts.max(), size), np.inf)
        within = np.arange(len(order)) - np.repeat(begin, counts)
        full[np.repeat(np.arange(len(group)), counts), within] = y[start[order][:, None] + np.arange(size)]
        full.sort(axis=1)
        heads = runs.iloc[order[begin]]
        table = heads.loc[heads.index.repeat(size), [*names, "known"]].reset_index(drop=True)
        quartiles = {name: quantile(full, counts, fraction).ravel() for name, fraction in QUARTILES.items()}
        at_cost = np.concatenate([grids[cell] for cell in heads.cell])
        tables.append(table.assign(cost=at_cost, runs=np.repeat(counts, size), **quartiles))
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS["convergence"]))
    answer: Any = pd.concat(tables, ignore_index=True)
    answer = answer.assign(kind=np.where(answer.known, "gap", "value"))
    return answer.sort_values([*names, "cost"], ignore_index=True)[list(COLUMNS["convergence"])]


def fixed_budget(runs: Frame, trajectories: Frame, budgets: Sequence[float], prices: Prices = None) -> Frame:
    """What each optimizer had reached when it had spent each budget: the columns of `convergence`, at these costs.

    The fixed-budget view beside the fixed-target one of the ERT (Hansen et al. 2022, doi:10.1109/TEVC.2022.3210897). A
    run that ended for less keeps what it had.
    """
    return convergence(runs, trajectories, prices, np.unique(finite_costs(budgets)))


def sampled(
    runs: Frame, trajectories: Frame, prices: Prices = None, at: At = POINTS
) -> tuple[Any, list[np.ndarray], np.ndarray]:
    """The runs that asked something at a known cost, by number, with cell, the place of their problem and dim; the
    costs of each cell; and what each run had at each cost of its cell, run after run: see `convergence`."""
    f_opt, has_optimum = optima(runs)
    runs = runs.assign(f_opt=f_opt, known=has_optimum, spent=spent(runs, prices))
    runs = runs[runs.status.isin(statuses("ran")) & runs.spent.notna()]
    runs = runs.assign(cell=runs.groupby(CELL).ngroup()).sort_values("run")
    events = progress(runs, trajectories)
    place = np.searchsorted(runs.run.to_numpy(), events.run.to_numpy())
    cost = priced(events, runs[["rows", "dim", "lanes"]].iloc[place], prices)
    if isinstance(at, int):
        cells = runs.cell.to_numpy()
        low, high = np.full(runs.cell.nunique(), np.inf), np.zeros(runs.cell.nunique())
        np.minimum.at(low, cells[place], np.where(cost > 0, cost, np.inf))
        np.maximum.at(high, cells, runs.spent.where(np.isfinite(runs.spent), 0.0).to_numpy())
        grids = [cost_grid(a if np.isfinite(a) else 1.0, b, at) for a, b in zip(low, high, strict=True)]
    elif isinstance(at, Mapping):
        heads = runs.drop_duplicates("cell").sort_values("cell")
        grids = [at[problem, dim] for problem, dim in zip(heads.problem, heads.dim.astype(int), strict=True)]
    else:
        grids = [at] * runs.cell.nunique()
    return runs, grids, _values(runs, events, cost, place, grids)


def _values(runs: Frame, events: Frame, cost: np.ndarray, place: np.ndarray, grids: list[np.ndarray]) -> np.ndarray:
    """What each run had at each cost of the grid of its cell, run after run: inf before its first event."""
    cells = runs.cell.to_numpy()
    sizes = np.array([len(grids[cell]) for cell in cells], dtype=int)
    run = np.repeat(np.arange(len(runs)), sizes)
    costs = np.concatenate([grids[cell] for cell in cells]) if len(runs) else np.empty(0)
    if not len(events):
        return np.full(len(costs), np.inf)
    # one search for all runs: run number + cost as a part of the whole, which rises with the events
    most = max(costs.max(initial=0.0), cost.max())
    whole = 2 * most or 1.0  # nothing was paid for, where the start was the target or no run asked anything
    last = np.searchsorted(place + cost / whole, run + costs / whole, side="right") - 1
    begun = (last >= 0) & (place[last] == run)
    scored, has_optimum, f_opt = (runs[name].to_numpy()[run] for name in ("scored", "known", "f_opt"))
    value = np.where(scored, events.f.to_numpy()[last], events.best.to_numpy()[last])
    value = np.where(begun, value, np.inf)
    return np.where(has_optimum, np.maximum(value - f_opt, FLOOR), value)


def quantile(ordered: np.ndarray, sizes: np.ndarray, fraction: float) -> np.ndarray:
    """A quantile (groups, points) of the first `sizes` of sorted values (groups, most, points): between two linear, so
    that the median of an even number is the mean of the two in the middle, and infinite where either is."""
    place = fraction * (sizes - 1)
    row = np.arange(len(sizes))
    below, above = ordered[row, np.floor(place).astype(int)], ordered[row, np.ceil(place).astype(int)]
    weight = (place % 1)[:, None]
    with np.errstate(invalid="ignore"):  # inf - inf, not taken
        between = below + weight * (above - below)
    return np.where((below == above) | (weight == 0) | np.isinf(below), below, between)
