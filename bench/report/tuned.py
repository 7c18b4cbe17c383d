"""The section on tuning: each optimizer as it comes and as tuned, and what finding the settings took."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure.frames import CELL, COLUMNS, Column, Frame
from bench.measure.progress import joined, spent
from bench.measure.tuning import sensitivity, side_by_side
from bench.report.metrics import chief, said
from bench.report.styles import Style
from bench.report.tables import setting_rows
from bench.results.labels import tuned_label

if TYPE_CHECKING:
    from bench.results.stored import Results

RATE = "lr"  # the hyperparameter that is drawn first: what networks depend on most


def measured(results: "Results", runs: Frame) -> dict[str, Frame]:
    """The frames of tuning: "tuned", and "sensitivity" where the runs of the tuning are still there; none where nothing
    was tuned. runs: complete ones."""
    if not results.tuned:
        return {}
    pairs = [
        (entry["family"], entry["label"], tuned_label(entry["label"])) for entry in results.tuned if entry["setting"]
    ]
    frames = {"tuned": side_by_side(runs, pairs, results.prices)}
    if results.tuning_results is not None:
        tables = [sensitivities(results, metric) for metric in ("f", chief_of(results)) if metric]
        frames["sensitivity"] = joined(tables, COLUMNS["sensitivity"])
    return frames


def sensitivities(results: "Results", metric: str = "f") -> Frame:
    """See `bench.measure.tuning.sensitivity`, of f or of a metric at the end of runs; empty where nothing was tuned, or
    its runs are no longer there. Raises ValueError for a metric that they do not record."""
    source = results.tuning_results if results.tuned else None
    if source is None:
        return joined([], COLUMNS["sensitivity"])
    settings = list(map(source.setting, source.runs.run))
    if metric == "f":
        return sensitivity(source.comparison.runs, settings, results.tuned)
    table: Any = source.metrics()
    if metric not in (names := sorted(set(table.metric))):
        recorded = ", ".join(("f", *names))
        raise ValueError(f"metric must be one that runs of the tuning record ({recorded}), got {metric!r}")
    last = table[table.metric == metric].groupby("run").tail(1).set_index("run")
    final = (said(metric), last.score, bool(last.higher.iloc[0]))
    return sensitivity(source.comparison.runs, settings, results.tuned, final)


def figures(results: "Results") -> list[tuple[str, str]]:
    """What there is a figure of sensitivity for: the metric, "f" among them, and the hyperparameter of each."""
    table = sensitivities(results)
    keys = table.hyperparameter.unique().tolist()
    return [(metric, key) for key in keys for metric in (chief_of(results), "f") if metric]


def chief_of(results: "Results") -> str:
    """The metric that is drawn where none is named, of the runs of the tuning; "" where they record none."""
    source = results.tuning_results if results.tuned else None
    return chief(sorted(set(source.metrics().metric))) if source is not None else ""


def at(table: Frame) -> Column:
    """The value of each row as a number, 0 of a choice; NaN where it is not drawn: the run failed, the value is none or
    infinite, or 0 on a logarithmic axis. table: of `sensitivities`."""
    import pandas as pd

    number: Any = pd.to_numeric(table["value"].where(table["scale"] != "choice", 0), errors="coerce")
    number = number.where(np.isfinite(table.reached.astype(float)) & (np.abs(number) < np.inf))
    return number.where((table["scale"] != "log") | (number > 0))


def places(table: Frame) -> Column:
    """The place of the hyperparameter of each row among all: the learning rate, then those on which most depends."""
    fractions = table.groupby([*CELL, "optimizer", "hyperparameter"]).fraction.first()
    ranks = fractions.groupby("hyperparameter").sum().rank(ascending=False, method="first")
    return table.hyperparameter.map(ranks.where(ranks.index != RATE, 0.0))


def shown(
    results: "Results", runs: Frame, frames: Mapping[str, Frame], styles: Mapping[str, Style]
) -> dict[str, Any] | None:
    """What the page says: both side by side, settings, and what tuning took; None where nothing was tuned."""
    if "tuned" not in frames or results.tuning is None:
        return None
    source = results.tuning_results
    cost = sum(entry["cost"] for entry in results.tuned)
    ours = spent(runs, results.prices).sum()
    budgets = results.tuning.get("budgets", ())  # older ones do not tell
    ran = {group["budget"] for group in results.manifest["suite"]["groups"]}
    return {
        **results.tuning,
        "rows": list(frames["tuned"].itertuples()),
        "styles": styles,
        "found": setting_rows(results.tuned, frames.get("sensitivity")),
        "cost": cost,
        "runs": sum(entry["runs"] for entry in results.tuned),
        "times": cost / ours if ours else float("inf"),
        "minutes": None if source is None else (source.runs.inside.sum() + source.runs.outside.sum()) / 60,
        "name": Path(results.tuning["path"]).parent.name,
        "other_budgets": budgets if ran - set(budgets) else (),
        "scored": bool(runs.scored.any()),
        "sensitivity": "sensitivity" in frames,
    }
