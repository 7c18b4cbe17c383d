"""What tuning gained, what it took, and on which hyperparameters the result depends."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.core import registry
from bench.core.status import Status, statuses
from bench.measure.convergence import QUARTILES, quantile
from bench.measure.frames import CELL, COLUMNS, Column, Frame
from bench.measure.levels import FLOOR
from bench.measure.prices import Prices
from bench.measure.progress import spent
from bench.measure.targets import optima

BINS = 5  # parts of equal size into which the values of a number are cut


def reached(runs: Frame) -> Column:
    """What each run (complete ones) had at its end: the gap, at least 1e-9, where the optimum is known, else the value;
    on scored problems by the last score. inf where that does not count, see `Status`."""
    f_opt, has_optimum = optima(runs)
    value = runs.final.astype(float).where(runs.scored, runs.best.astype(float))
    y = value.where(~has_optimum, (value - f_opt).clip(lower=FLOOR))
    return y.where(np.isfinite(y) & runs.status.isin(statuses("counts")), np.inf)


def side_by_side(runs: Frame, pairs: Sequence[tuple[str, str, str]], prices: Prices = None) -> Frame:
    """Each optimizer at its default and as tuned, on each problem and dim of the family that it was tuned for.

    runs: complete ones. pairs: family, label of the default, label of the tuned one.
    Columns problem, dim, family, optimizer (the default's label), order, kind, default, default_low, default_high,
    tuned, tuned_low, tuned_high: medians and quartiles over runs of what was reached at the end ("gap" or "value", inf
    where a run failed); better, worse, pairs: of the runs from the same start, in how many the tuned one did better or
    worse: it reached the final target for less, or it alone reached it, or it ended lower.
    """
    import pandas as pd

    ran = runs[runs.status.isin(statuses("ran"))]
    y, (_, has_optimum) = reached(ran), optima(ran)
    hit = ran.status == Status.TARGET
    ran = ran.assign(
        y=y,
        kind=np.where(has_optimum, "gap", "value"),
        stage=np.select([hit, np.isfinite(y)], [0, 1], 2),
        rest=spent(ran, prices).where(hit, y.where(np.isfinite(y), 0.0)),
    )
    same = [*CELL, "instance", "seed"]
    rows = []
    for family, default, tuned in pairs:
        of_family = ran[ran.family == family]
        both = of_family[of_family.optimizer == default].merge(
            of_family[of_family.optimizer == tuned], on=same, suffixes=("", "_tuned")
        )
        for (problem, dim), paired in both.groupby(CELL, sort=False):
            same_stage = paired.stage_tuned == paired.stage
            better = (paired.stage_tuned < paired.stage) | same_stage & (paired.rest_tuned < paired.rest)
            worse = (paired.stage_tuned > paired.stage) | same_stage & (paired.rest_tuned > paired.rest)
            row = {"problem": problem, "dim": dim, "family": family, "optimizer": default}
            row |= {"order": paired.order.iloc[0], "kind": paired.kind.iloc[0], "pairs": len(paired)}
            row |= {"better": better.sum(), "worse": worse.sum()}
            for name, values in (("default", paired.y), ("tuned", paired.y_tuned)):
                for suffix, fraction in (("", "median"), ("_low", "low"), ("_high", "high")):
                    row[name + suffix] = _quantile(values, QUARTILES[fraction])
            rows.append(row)
    frame: Frame = pd.DataFrame(rows, columns=list(COLUMNS["tuned"]))
    return frame.sort_values([*CELL, "order", "optimizer"], ignore_index=True)


def sensitivity(
    runs: Frame,
    settings: Sequence[tuple[str, Mapping[str, Any]]],
    tuned: Sequence[Mapping[str, Any]],
    final: tuple[str, Column, bool] | None = None,
) -> Frame:
    """What each setting that was tried reached, against each of its hyperparameters. runs: of the tuning, complete.

    settings: of each run, the registered name of its optimizer and all its hyperparameters. tuned: family, label, name,
    values (of the default, all) and setting (the best values of those that were tuned) of each optimizer and family.
    final: what takes the place of f: its kind, of each run by its number what it had at the end, and whether more is
    better; problems of which no run has any are left out.
    Columns problem, dim, family, optimizer, order, kind, hyperparameter, scale ("log", "linear" or "choice"), value,
    reached (median over instances and seeds), runs, role ("default", "tuned", or ""), fraction: of the variance of the
    ranks of what was reached, the part that goes with this hyperparameter alone: the unbiased correlation ratio (Kelley
    1935, doi:10.1073/pnas.21.9.554) over choices, or over numbers cut into five parts; at least 0, NaN where too few.
    """
    import pandas as pd

    runs = runs[runs.status.isin(statuses("ran"))]
    if final is None:
        _, has_optimum = optima(runs)
        runs = runs.assign(y=reached(runs), kind=np.where(has_optimum, "gap", "value"))
    else:
        kind, last, higher = final
        y = runs.run.map(last).astype(float)
        worst = y.where(np.isfinite(y), -np.inf if higher else np.inf)
        recorded = np.isfinite(y).groupby([runs.problem, runs.dim]).transform("any")
        runs = runs.assign(y=worst, kind=kind)[recorded]
    points: list[dict[str, Any]] = []
    for entry in tuned:
        keys = list(entry["setting"])
        bounds = {key: registry.OPTIMIZERS[entry["name"]].parameters[key].range for key in keys}
        scales = {key: "choice" if b is None else "log" if b.log else "linear" for key, b in bounds.items()}
        numbers = [run for run in runs.run if _belongs(settings[run], entry)]
        tried = runs[runs.run.isin(numbers) & (runs.family == entry["family"])]
        texts = tried.run.map(lambda run, keys=keys: json.dumps([settings[run][1][key] for key in keys]))
        for (_, _, text), rows in tried.groupby([tried.problem, tried.dim, texts], sort=False):
            values = dict(zip(keys, json.loads(text), strict=True))
            first = rows[["problem", "dim", "family", "order", "kind"]].iloc[0]
            role = "tuned" if values == entry["setting"] else ""
            if not role and all(entry["values"][key] == value for key, value in values.items()):
                role = "default"
            median = _quantile(rows.y, QUARTILES["median"])
            shared = {**first, "optimizer": entry["label"], "reached": median, "runs": len(rows), "role": role}
            points += [
                {**shared, "hyperparameter": key, "scale": scales[key], "value": value} for key, value in values.items()
            ]
    frame: Any = pd.DataFrame(points, columns=list(COLUMNS["sensitivity"][:-1]))
    frame = frame.assign(value=pd.Series([point["value"] for point in points], dtype=object))
    groups = frame.groupby([*CELL, "optimizer", "hyperparameter"], sort=False)
    fractions = {key: explained(rows.value, rows.scale.iloc[0], rows.reached) for key, rows in groups}
    keys = zip(*(frame[name] for name in (*CELL, "optimizer", "hyperparameter")), strict=True)
    return frame.assign(fraction=[fractions[key] for key in keys])[list(COLUMNS["sensitivity"])]


def _quantile(values: Column, fraction: float) -> float:
    """Of one group of runs, see `quantile`."""
    ordered = np.sort(values.to_numpy(float))[None, :, None]
    return float(quantile(ordered, np.array([len(values)]), fraction)[0, 0])


def _belongs(setting: tuple[str, Mapping[str, Any]], entry: Mapping[str, Any]) -> bool:
    """Whether a run is of this optimizer: all that was not tuned is as it is there."""
    name, values = setting
    fixed = entry["values"].keys() - entry["setting"].keys()
    return name == entry["name"] and all(values.get(key) == entry["values"][key] for key in fixed)


def explained(values: Column, scale: str, y: Column) -> float:
    """The unbiased correlation ratio of the ranks of y over groups of values, see `sensitivity`."""
    import pandas as pd

    groups = values.astype(str)
    if scale != "choice":  # numbers in five parts of about equal size; None, which a default may be, in none
        numbers: Column = pd.to_numeric(values, errors="coerce")
        groups = (numbers.rank(method="average", pct=True) * BINS).sub(1e-9).floordiv(1)
    ranks = y[groups.notna()].rank()
    groups = groups[groups.notna()]
    n, k = len(ranks), groups.nunique()
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if k < 2 or n <= k or total == 0:
        return np.nan
    within = float(((ranks - ranks.groupby(groups).transform("mean")) ** 2).sum())
    return max(0.0, 1 - (within / (n - k)) / (total / (n - 1)))
