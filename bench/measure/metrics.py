"""What runs record beside f: accuracies, losses on other rows; over cost, at the end, and the cost to reach a value."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.core.ledger import QUESTIONS
from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.ert import ert
from bench.measure.frames import CELL, Frame
from bench.measure.levels import COVERAGE
from bench.measure.prices import in_lanes, priced, resolved
from bench.measure.progress import joined, spent

FACTS = ["run", *CELL, "instance", "optimizer", "order", "seed"]
ANY = ""  # of targets: whatever the problem
Targets = Mapping[str, Sequence[float] | float | Mapping[str, Sequence[float]]]


def metrics(runs: Frame, scores: Frame, view: View) -> Frame:
    """One row a score and metric: run, problem, dim, instance, optimizer, order, seed, metric, higher, cost, epochs,
    seconds, score.

    scores: run, the counts of each question, inside, outside, metric, higher, score. cost: at the prices of the view.
    epochs: passes over the data, each question being one. seconds: inside and outside the problem, NaN of runs in
    lanes, which have no time of their own. higher: whether more is better.
    """
    table = scores.merge(runs[[*FACTS, "rows", "lanes"]], how="left", on="run")
    alone = np.where(in_lanes(table), np.nan, 1.0)
    table = table.assign(
        cost=priced(table, table, view.prices),
        epochs=table[[name for name in QUESTIONS if name in table]].sum(axis=1) / table.rows,
        seconds=alone * (table.inside + table.outside),
    )
    return table[[*FACTS, "metric", "higher", "cost", "epochs", "seconds", "score"]]


def final_metrics(runs: Frame, scores: Frame) -> Frame:
    """What each metric was at the end of the runs of an optimizer on a problem, f among them as "f": columns problem,
    dim, optimizer, order, metric, higher, median, low, high, runs, missing.

    low, high: the 95 % interval of the median by order statistics (Conover 1999, section 3.2), NaN below 6 runs, which
    have none. missing: runs whose last value is not a number, or that have none; they count as worst.
    """
    import pandas as pd

    ran = runs[runs.status.isin(statuses("ran")) & runs.scored]
    last = scores.groupby(["run", "metric"], sort=False).tail(1)[["run", "metric", "higher", "score"]]
    f = ran.assign(metric="f", higher=False, score=ran.final.astype(float))[["run", "metric", "higher", "score"]]
    table = pd.concat([f, last[last.run.isin(ran.run)]], ignore_index=True)
    named = table.merge(ran[[*FACTS]], on="run")
    kinds = named.drop_duplicates([*CELL, "metric"])[[*CELL, "metric", "higher"]]
    every = ran[FACTS].merge(kinds, on=CELL)
    whole = every.merge(table[["run", "metric", "score"]], how="left", on=["run", "metric"])
    rows = []
    names = [*CELL, "order", "optimizer", "metric", "higher"]
    for key, group in whole.groupby(names, sort=False):
        higher = bool(key[-1])
        values = group.score.to_numpy(float)
        worst = np.where(np.isnan(values), -np.inf if higher else np.inf, values)
        low, high = median_interval(worst)
        rows.append((*key, float(np.median(worst)), low, high, len(worst), int(np.isnan(values).sum())))
    frame: Any = pd.DataFrame(rows, columns=[*names, "median", "low", "high", "runs", "missing"])
    return frame.sort_values([*CELL, "metric", "order", "optimizer"], ignore_index=True)


def median_interval(values: np.ndarray) -> tuple[float, float]:
    """The ends of an interval that holds the median of the distribution of values (n,) with at least 95 %: the j-th
    lowest and the j-th highest, by the binomial distribution (Conover 1999, section 3.2). NaN where n is below 6."""
    from scipy.special import bdtr

    n = len(values)
    below = int((bdtr(np.arange(n), n, 0.5) <= (1 - COVERAGE) / 2).sum()) - 1
    if below < 0:
        return float("nan"), float("nan")
    ordered = np.sort(values)
    return float(ordered[below]), float(ordered[n - 1 - below])


def metric_runtimes(view: View, scores: Frame, targets: Targets) -> Frame:
    """The cost at which each run first had a metric at its target, or beyond: columns run, kind (the metric), target,
    runtime (inf where it never had), spent. A target that stands twice counts once; targets may be by problem. Raises
    ValueError for a metric that no run records, and for targets that are no numbers."""
    import pandas as pd

    runs, of_all = view.runs, _levels(targets)
    recorded = sorted(map(str, scores.metric.unique()))
    if unknown := [name for name in of_all if name not in recorded]:
        there = ", ".join(recorded) or "none"
        raise ValueError(f"targets must be of metrics that runs record ({there}), got {unknown[0]!r}")
    facts = runs.assign(spent=spent(runs, view.prices)).set_index("run")
    of_runs = scores[scores.run.isin(runs.run)]
    cost = priced(of_runs, facts[["rows", "dim", "lanes"]].reindex(of_runs.run), view.prices)
    of_runs = of_runs.assign(cost=cost)
    frames = []
    for name, by_problem in of_all.items():
        events = of_runs[of_runs.metric == name]
        of_cell = pd.MultiIndex.from_frame(facts[CELL])
        there = of_cell.isin(of_cell[facts.index.isin(events.run)])  # all runs where any records it
        for problem, level in [(problem, level) for problem, levels in by_problem.items() for level in levels]:
            has = facts.index[there & (True if problem == ANY else facts.problem == problem)]
            good = events[np.where(events.higher, events.score >= level, events.score <= level)]
            runtime = good.groupby("run").cost.min().reindex(has).fillna(np.inf)
            total = facts.spent.reindex(has)
            runtime = runtime.where(total.notna())
            frame = pd.DataFrame({"run": has, "kind": name, "target": float(level), "runtime": runtime.to_numpy()})
            frames.append(frame.assign(spent=total.to_numpy()))
    columns = ["run", "kind", "target", "runtime", "spent"]
    return joined(frames, columns)


def _levels(targets: Targets) -> dict[str, dict[str, list[float]]]:
    """The targets of each metric by problem, or of ANY, each once. Raises ValueError for what is no number, NaN among
    it."""
    levels: dict[str, dict[str, list[float]]] = {}
    try:
        for name, values in targets.items():
            of_problems = values if isinstance(values, Mapping) else {ANY: values}
            levels[name] = {problem: _numbers(each) for problem, each in of_problems.items()}
    except (AttributeError, TypeError, ValueError):
        levels[""] = {ANY: [float("nan")]}
    if any(np.isnan(value) for of_name in levels.values() for values in of_name.values() for value in values):
        raise ValueError(f"targets must be a mapping of metrics to numbers, got {targets!r}")
    return levels


def _numbers(values: Any) -> list[float]:
    numbers = [values] if isinstance(values, (int, float, np.number)) else list(values)
    return list(dict.fromkeys(float(value) for value in numbers))


def metric_ert(view: View, scores: Frame, targets: Targets) -> Frame:
    """Expected runtimes to reach these values of metrics, as of `bench.measure.ert.ert`, with the metric as kind: time
    to accuracy, as Dahl et al. 2023 (arXiv:2306.07179) have it, over cost."""
    reached = metric_runtimes(view, scores, targets)
    at = View(view.comparison, reached, view.name, resolved(view.prices, view.comparison.prices))
    return ert(at)


def curves(table: Frame, x: str, points: int = 40) -> Frame:
    """Median and quartiles of each metric over cost, epochs or seconds: columns problem, dim, optimizer, order, metric,
    higher, x, low, median, high, runs; for the table of `metrics`. A run that has ended keeps what it had; where x is
    not known a run has no curve."""
    import pandas as pd

    rows = []
    there = table[table[x].notna()]
    for key, group in there.groupby([*CELL, "metric", "higher"], sort=False):
        positive = group[x][group[x] > 0]
        if positive.empty:
            continue
        grid = np.geomspace(positive.min(), positive.max(), points) if positive.min() < positive.max() else positive[:1]
        for (order, optimizer), runs in group.groupby(["order", "optimizer"], sort=False):
            values = np.array([_steps(run[x].to_numpy(), run.score.to_numpy(), grid) for _, run in runs.groupby("run")])
            low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0, method="nearest")
            frame = pd.DataFrame({x: grid, "low": low, "median": median, "high": high})
            names = dict(zip((*CELL, "metric", "higher"), key, strict=True))
            rows.append(frame.assign(**names, order=order, optimizer=optimizer, runs=len(values)))
    columns = [*CELL, "optimizer", "order", "metric", "higher", x, "low", "median", "high", "runs"]
    return joined([frame[columns] for frame in rows], columns)


def _steps(at: np.ndarray, values: np.ndarray, grid: Any) -> np.ndarray:
    """The last value at or before each point of a grid; the first one before."""
    return values[np.maximum(np.searchsorted(at, grid, side="right") - 1, 0)]
