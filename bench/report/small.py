"""Small multiples for the page: the convergence on every problem at once, as one picture of vectors each.

The decision of who is drawn strongly is that of `bench.measure.verdicts.best`: the best of each order on that problem.
"""

from typing import Any

import numpy as np

from bench.measure.failed import best_optimizers
from bench.measure.frames import CELL, Frame
from bench.measure.strata import ALL
from bench.measure.words import cell_name, joined_by_and
from bench.report.measured import Report

WIDTH, HEIGHT = 120, 72  # of a picture, in its own units
MARGIN = 3  # for the width of lines


def strong(best: Frame) -> dict[tuple[str, int], list[str]]:
    """The best optimizer of each order on each problem and dim. best: of `bench.measure.failed.best_optimizers`."""
    table = best[(best["among"] != ALL) & (best.optimizer != "")]
    return {cell: rows.optimizer.tolist() for cell, rows in table.groupby(CELL)}


def panels(report: Report) -> list[dict[str, Any]]:
    """A panel a problem and dim, in the order of cells: problem, dim, name, family (its place), says (what it shows, in
    words), and lines: a path for each best of an order, before them one for all others of each order.

    A line: d (of an SVG path), color, dash (its pattern), strong, and places (of its optimizers, joined by a space).
    """
    if len(report.cells) < 2:
        return []
    table = report.views[0].convergence
    tables = {cell: rows for cell, rows in table.groupby(CELL)}
    chosen = strong(report.views[0].of(best_optimizers))
    return [
        {
            "problem": problem,
            "dim": dim,
            "name": cell_name(problem, dim),
            "family": family,
            "says": _says(chosen.get((problem, dim), [])),
            "lines": _lines(report, tables.get((problem, dim)), chosen.get((problem, dim), [])),
        }
        for (problem, dim), family in zip(report.cells, report.family_places, strict=True)
    ]


def _says(names: list[str]) -> str:
    return f"the best of each order: {joined_by_and(names)}" if names else "nobody is best"


def _lines(report: Report, table: Frame | None, names: list[str]) -> list[dict[str, Any]]:
    if table is None or not (finite := table[np.isfinite(table["median"].astype(float))]).shape[0]:
        return []
    paths = {name: path for name, rows in scaled(finite).groupby("optimizer") if (path := _path(rows))}
    others: dict[int, list[str]] = {}
    for name in paths:
        if name not in names:
            others.setdefault(report.styles[name].order, []).append(name)
    lines = [
        {
            "d": "".join(paths[name] for name in of_order),
            "color": report.styles[of_order[0]].color,
            "dash": "solid",
            "strong": False,
            "places": " ".join(str(report.place(name)) for name in of_order),
        }
        for _, of_order in sorted(others.items())
    ]
    best = [(report.styles[name], name) for name in names if name in paths]
    return lines + [
        {"d": paths[name], "color": style.color, "dash": style.dash, "strong": True, "places": str(report.place(name))}
        for style, name in best
    ]


def scaled(table: Frame) -> Frame:
    """The rows of one problem with x and y, whole numbers of the picture: cost in logarithms to the right, the median
    upwards, in logarithms where all are positive."""
    cost, median = table.cost.to_numpy(float), table["median"].to_numpy(float)
    y = np.log(median) if (median > 0).all() else median
    return table.assign(x=_placed(np.log(cost), WIDTH), y=HEIGHT - _placed(y, HEIGHT))


def _placed(values: np.ndarray, size: int) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    part = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    return np.rint(MARGIN + part * (size - 2 * MARGIN)).astype(int)


def _path(rows: Frame) -> str:
    """A line through points of whole numbers, of which only those are written where it turns."""
    points = np.unique(rows.sort_values("cost")[["x", "y"]].to_numpy(), axis=0, return_index=True)[1]
    x, y = rows.sort_values("cost")[["x", "y"]].to_numpy()[np.sort(points)].T
    if len(x) < 2:
        return ""
    turns = np.r_[True, np.diff(y[:-1]) * np.diff(x[1:]) != np.diff(y[1:]) * np.diff(x[:-1]), True]
    x, y = x[turns], y[turns]
    steps = [f"{a} {b}" for a, b in zip(np.diff(x), np.diff(y), strict=True)]
    return f"M{x[0]} {y[0]}l{' '.join(steps)}".replace(" -", "-")
