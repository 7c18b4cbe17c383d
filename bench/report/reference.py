"""Published results beside ours: runtimes to f_opt + 1e-8 on the same functions and dims."""

from typing import Any

import numpy as np

from bench.interchange.published import TARGET, Published
from bench.measure.comparison import View
from bench.measure.frames import CELL, Frame
from bench.measure.progress import cost_grid, joined
from bench.measure.words import NOT_PUBLISHED

POINTS = 120
CURVES = ("name", "ours", "dim", "cost", "fraction", "runs", "functions")
TABLE = (
    "problem", "dim", "optimizer", "ert", "successes", "runs", "success", "low", "high", "published", "algorithm",
    "ratio",
)  # fmt: skip


def curves(view: View, published: Published) -> Frame:
    """The fraction of runs that reached f_opt + 1e-8 within a cost, ours and the published ones, in each dim on those
    functions that both have: columns name, ours, dim, cost, fraction, runs, functions.

    Ours are at the prices of the view, where a gradient costs more than a value; the published ones asked for values
    alone. An optimizer without a run on some of the functions is left out. The best of the published ones ("best 2009")
    is the fraction of functions whose least expected runtime is within the cost: a portfolio that knows the function.
    """
    import pandas as pd

    reached = view.reached
    goal = reached[(reached.kind == "gap") & _to_target(reached) & reached.runtime.notna()]
    both = goal.merge(view.runs[["run", *CELL, "optimizer"]], on="run")
    both = both.merge(published.best[[*CELL, "function"]].drop_duplicates(), on=CELL)
    frames = []
    for dim, ours in both.groupby("dim"):
        functions = sorted(ours.function.unique())
        rest = published.runtimes[(published.runtimes.dim == dim) & published.runtimes.function.isin(functions)]
        best = _least(published)
        best = best[(best.dim == dim) & best.function.isin(functions)]
        runtimes = [(name, True, rows.runtime, rows.function) for name, rows in ours.groupby("optimizer")]
        runtimes += [(name, False, rows.evaluations, rows.function) for name, rows in rest.groupby("algorithm")]
        runtimes += [("best 2009", False, best.ert, best.function)]
        every = np.concatenate([cost.to_numpy(float) for _, _, cost, _ in runtimes])
        positive = every[np.isfinite(every) & (every > 0)]
        if not len(positive):
            continue
        grid = cost_grid(positive.min(), max(positive.max(), ours.spent.max()), POINTS)
        for name, is_ours, cost, function in runtimes:
            if function.nunique() == len(functions):
                solved = np.searchsorted(np.sort(cost.to_numpy(float)), grid, side="right")
                row = {"name": name, "ours": is_ours, "dim": dim, "cost": grid, "fraction": solved / len(cost)}
                frames.append(pd.DataFrame({**row, "runs": len(cost), "functions": len(functions)}))
    return joined(frames, CURVES)


def table(ert: Frame, published: Published) -> Frame:
    """Our least expected runtime to f_opt + 1e-8 on each function and dim beside the least published one.

    ert: of `ert`. Columns problem, dim, optimizer (of ours, "" where none reached it), ert, successes, runs, success,
    low, high, published (ERT of the best algorithm), algorithm (who that was), ratio: ours over the published one.
    """
    goal = ert[(ert.kind == "gap") & _to_target(ert) & (ert.runs > 0)]
    best = _least(published).rename(columns={"ert": "published"})[[*CELL, "published", "algorithm"]]
    both = goal.sort_values(["ert", "optimizer"]).groupby(CELL).head(1).merge(best, on=CELL)
    both = both.assign(
        optimizer=both.optimizer.where(np.isfinite(both.ert), ""),
        ratio=(both.ert / both.published).where(np.isfinite(both.published)),
    )
    return both.sort_values(CELL, ignore_index=True)[list(TABLE)]


def says(runs: Frame, published: Published) -> str:
    """A sentence where none of these runs is on a function and dim that was published; "" where some are."""
    common = runs[CELL].drop_duplicates().merge(published.best[CELL].drop_duplicates(), on=CELL)
    return "" if len(common) else NOT_PUBLISHED


def _to_target(frame: Frame) -> np.ndarray:
    """Which rows (n,) are of the target that was published, and not of one near it on an absolute scale."""
    return np.isclose(frame.target, TARGET, rtol=1e-6, atol=0)


def _least(published: Published) -> Frame:
    """The least published ERT to the target on each function and dim: inf, and no name, where none reached it."""
    keys = [*CELL, "function"]
    every = published.best[keys].drop_duplicates()
    reached = published.best[_to_target(published.best)]
    least = every.merge(reached[[*keys, "ert", "algorithm"]], on=keys, how="left")
    return least.fillna({"ert": np.inf, "algorithm": ""})


def shown(curves: Frame, name: str) -> dict[str, Any]:
    """The curves of the page as plain lists, None for what is not finite."""

    def plain(values: Any) -> list[Any]:
        return [float(f"{value:.4g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=float)]

    lines = [
        {
            "name": key[0],
            "ours": bool(key[1]),
            "dim": int(key[2]),
            "x": plain(rows.cost),
            "y": plain(rows.fraction),
            "runs": int(rows.runs.iloc[0]),
            "functions": int(rows.functions.iloc[0]),
        }
        for key, rows in curves.groupby(["name", "ours", "dim"], sort=False)
    ]
    return {"name": name, "lines": lines}
