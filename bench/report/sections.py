"""The sections of the page, and what they need beyond its common data: paths, seconds, comparisons, hyperparameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure import words
from bench.measure.frames import CELL, Frame
from bench.measure.statistics import pairs
from bench.report import memory, reference, tables, tuned
from bench.report.answers import fits, verdicts
from bench.report.data import coarse
from bench.report.landscapes import landscapes
from bench.report.measured import Report
from bench.results.labels import TUNED

if TYPE_CHECKING:
    from bench.results.stored import Results

DIGITS = 5  # significant, of what is drawn


def costs(runs: Frame, prices: Mapping[str, float]) -> dict[str, Any]:
    """Seconds of each optimizer on each problem and dim, of runs that paid for something.

    costs: a row each: problem, dim, optimizer, whether some ran as lanes of a batch, which share its seconds, and runs.
    costs_seconds (rows, 3): seconds in the problem, seconds in the method, cost.
    """
    table = tables.seconds(runs, prices, [*CELL, "optimizer"])
    if table.empty:
        return {}
    names = table.reset_index()[[*CELL, "optimizer", "lanes", "runs"]]
    return {
        "costs": names.astype({"lanes": int}).to_numpy().tolist(),
        "costs_seconds": coarse(table[["inside", "outside", "cost"]].to_numpy()),
    }


def duels(table: Frame) -> dict[str, Any]:
    """Every optimizer against every other, over all problems: see `bench.measure.statistics.pairs`.

    pairs: optimizer, rival of each row. pairs_values (rows, 8): problems, better, worse, a12, low, high, p, adjusted.
    pairs_verdicts: of each row the place of its verdict in `words.pairs.verdicts`. pairs_tests: pairs that were tested.
    """
    if table.empty:
        return {}
    values = table[["problems", "better", "worse", "a12", "low", "high", "p", "adjusted"]]
    tests = int(table.p.notna().sum()) // 2  # each pair stands there both ways
    few = table.low.isna() & table.a12.notna()
    return {
        "pairs": table[["optimizer", "rival"]].to_numpy().tolist(),
        "pairs_values": coarse(values.to_numpy(float)),
        "pairs_verdicts": np.where(table.significant, np.where(table.a12 > 0.5, 1, 2), 0).tolist(),
        "pairs_tests": tests,
        "pairs_caption": words.pairs_caption(int(table.problems.max()), tests, bool(few.any())),
    }


def settings(results: "Results", runs: Frame) -> dict[str, Any]:
    """The hyperparameters of which several values were run, settings: name (of the optimizer), key, scale ("log",
    "linear" or "choice"), and lines, which differ in nothing but that value: [value, label of the optimizer] each."""
    first = runs.drop_duplicates("optimizer")
    labels: dict[str, dict[str, dict[str, Any]]] = {}
    for run, label in zip(first.run, first.optimizer, strict=True):
        if not label.endswith(TUNED):
            name, values = results.setting(run)
            labels.setdefault(name, {})[label] = values
    lists = []
    for name, of_name in sorted(labels.items()):
        for key in sorted({key for values in of_name.values() for key in values}):
            lines: dict[str, list[list[Any]]] = {}
            for label, values in of_name.items():
                rest = repr(sorted((other, value) for other, value in values.items() if other != key))
                lines.setdefault(rest, []).append([values.get(key), label])
            kept = [line for line in lines.values() if len({repr(value) for value, _ in line}) > 1]
            if kept:
                lists.append({"name": name, "key": key, **_scaled(kept), "caption": words.of_runs(name, key)})
    return {"settings": lists} if lists else {}


def _scaled(lines: list[list[list[Any]]]) -> dict[str, Any]:
    """Lines in the order of their values, as numbers where all are; and their scale."""
    values = [value for line in lines for value, _ in line]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) for value in values):
        low, high = min(values), max(values)
        return {"scale": "log" if 0 < low <= high / 4 else "linear", "lines": [sorted(line) for line in lines]}
    texts = [sorted([_text(value), label] for value, label in line) for line in lines]
    return {"scale": "choice", "lines": texts}


def sensitivity(table: Frame | None) -> dict[str, Any]:
    """What each setting of a tuning reached, over each hyperparameter: see `bench.measure.tuning.sensitivity`.

    sensitivity: panels of hyperparameter, problem, dim, kind and scale, with their axes (`test accuracy over lr`) and
    cell in words: the learning rate first, metrics before f, problems in their order; with curves of optimizer,
    fraction, remark, left (values not drawn: the run failed, the value is none, or 0 on a log axis) and points [value,
    reached, role], and a caption.
    """
    if table is None or table.empty:
        return {}
    placed = table.assign(place=tuned.places(table), drawn=tuned.at(table).notna()).sort_values("place", kind="stable")
    panels = []
    placed = placed.assign(of_f=placed.kind.isin(["gap", "value"])).sort_values(["place", "of_f"], kind="stable")
    for (key, _, problem, dim), panel in placed.groupby(["hyperparameter", "of_f", *CELL], sort=False):
        scale = panel["scale"].iloc[0]
        curves = []
        for label, rows in panel.groupby("optimizer", sort=False):
            points = [
                [_text(value) if scale == "choice" else _rounded(value), _rounded(y), role]
                for value, y, role in rows[rows.drawn][["value", "reached", "role"]].itertuples(index=False)
            ]
            fraction = float(rows.fraction.iloc[0])
            curve = {"optimizer": label, "fraction": round(fraction, 3) if isfinite(fraction) else None}
            missing = len(rows) - len(points)
            curves.append({**curve, "remark": words.explains(fraction), "left": missing, "points": points})
        kind, names = panel.kind.iloc[0], {"hyperparameter": key, "problem": problem, "dim": int(dim)}
        axes = words.axes("value at the end" if panel.of_f.iloc[0] else kind, key)
        head = {**names, "kind": kind, "scale": scale, "axes": axes, "cell": words.cell_name(problem, int(dim))}
        panels.append({**head, "curves": curves, "caption": words.of_tuning(int((~panel.drawn).sum()))})
    return {"sensitivity": panels}


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _text(value: Any) -> str:
    return "none" if value is None else str(value)


@dataclass(frozen=True)
class Section:
    """A section of the page: templates/sections/NAME.html, and templates/NAME.js where it draws.

    data: what its script reads, beside what all read (see `bench.report.data`), arrays still to be encoded; without any
    the section is left out. shown: whether there is anything.
    """

    title: str
    data: Callable[[Report], Mapping[str, Any]] | None = None
    shown: Callable[[Report], bool] = lambda _: True


SECTIONS = {  # in the order of the page; a new one is a line here, a template and its script
    "answer": Section("Which optimizer", verdicts),
    "race": Section("The race", shown=lambda report: "races" in report.tables),
    "solved": Section("Targets solved"),
    "convergence": Section("Convergence"),
    "profiles": Section("Profiles"),
    "ert": Section("Expected runtimes"),
    "values": Section("Values at the budget", shown=lambda report: len(report.tables["values"]) > 0),
    "metrics": Section("Metrics", shown=lambda report: "metrics" in report.tables),
    "memory": Section("Memory", shown=lambda report: "memory" in report.tables and len(memory.shown(report)) > 0),
    "pairs": Section("Head to head", lambda report: duels(report.views[0].of(pairs))),
    "published": Section(
        "Beside published results",
        lambda report: {"published": reference.shown(report.published["published"], report.published_name)},
        shown=lambda report: bool(report.published),
    ),
    "scaling": Section("Scaling with dimension", fits),
    "landscape": Section("Landscapes and paths", lambda report: landscapes(report.results, report.runs)),
    "costs": Section("Where time goes", lambda report: costs(report.runs, report.results.prices)),
    "tuned": Section("Tuned and default", shown=lambda report: "tuned" in report.tuned),
    "sensitivity": Section(
        "Sensitivity",
        lambda report: {
            **settings(report.results, report.runs),
            **sensitivity(report.tuned.get("sensitivity")),
        },
    ),
    "failures": Section("Failures and skips"),
    "reading": Section("How to read this"),
    "repeat": Section("Repeat it"),
}
