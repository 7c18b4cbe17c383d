"""The data of a page: what its scripts read, as plain JSON and packed arrays of numbers.

Axes of the arrays: P price, C cell (problem and dim), O optimizer, S slot of a target among those of its cell, G cost
of the grid of a price, K point of a curve, R run, B budget, F family.
"""

import base64
import zlib
from typing import Any

import numpy as np

from bench.measure.ecdf import default_costs
from bench.measure.ert import ert
from bench.measure.failed import failed_optimizers
from bench.measure.frames import CELL
from bench.measure.progress import POINTS, idle
from bench.measure.verdicts import budgets
from bench.measure.words import all_solved, cell_name, failed_text, target_name
from bench.report.measured import Report
from bench.report.styles import SHADES

GRID = 2 * POINTS
BITS = 14  # of a curve's 23 that are kept: a height is right within 0.003 %


def encoded(array: np.ndarray) -> dict[str, Any]:
    """An array for the page: type ("f4", "i4", "u2", "u1"), shape, and the little-endian numbers in C order, with the
    bytes of the same place in each number together, deflated, in base64.

    Whole numbers take as few bytes as hold them all. Raises ValueError for whole numbers beyond 32 bits.
    """
    array = np.asarray(array)
    if array.dtype.kind in "iub":
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if low < -(2**31) or high >= 2**31:
            raise ValueError(f"whole numbers must be within 32 bits, got {low} to {high}")
        kind = "i4" if low < 0 or high >= 2**16 else "u2" if high >= 2**8 else "u1"
    else:
        kind = "f4"
    with np.errstate(over="ignore"):  # beyond its range a number is inf
        numbers = np.ascontiguousarray(array, dtype=f"<{kind}")
    planes = numbers.reshape(-1).view(np.uint8).reshape(-1, numbers.itemsize).T.tobytes()
    text = base64.b64encode(zlib.compress(planes, 9 if len(planes) < 1 << 16 else 6)).decode()
    return {"type": kind, "shape": list(array.shape), "data": text}


def coarse(array: np.ndarray, bits: int = BITS) -> np.ndarray:
    """The nearest float32 with so many bits of mantissa: such numbers take less room when packed."""
    with np.errstate(over="ignore"):
        number = np.ascontiguousarray(array, dtype=np.float32)
    unit = 1 << (23 - bits)
    bytes_ = number.view(np.uint32)
    rounded = ((bytes_ + np.uint32(unit // 2)) & np.uint32(0xFFFFFFFF ^ (unit - 1))).view(np.float32)
    return np.where(np.isfinite(number), rounded, number)


def page_data(report: Report) -> dict[str, Any]:
    """What the page reads: see the module."""
    failed = {row.optimizer: failed_text(row) for row in failed_optimizers(report.runs).itertuples()}
    return {
        "optimizers": [
            {"name": name, "failed": failed.get(name, ""), **vars(style)} for name, style in report.styles.items()
        ],
        "ranked": [report.place(name) for name in report.ranked],
        "orders": [{"order": order, "color": SHADES[order][0]} for order in report.orders],
        "families": report.families,
        "prices": [
            {
                "name": view.name,
                "short": view.rule.short,
                "title": view.rule.axis,
                "note": view.note,
            }
            for view in report.views
        ],
        "cells": _cells(report),
        "targets": _targets(report),
        **_solved(report),
        **_ert(report),
        **_curves(report),
        **_runs(report),
        "budgets": [view.of(budgets) for view in report.views],
    }


def _cells(report: Report) -> list[dict[str, Any]]:
    """What is known of each cell; targets: their names by slot; kind: of what its curves show, "gap" or "value"."""
    targets: dict[int, list[str]] = {}
    kinds: dict[int, str] = {}
    for cell, kind, target in report.goals.itertuples(index=False):
        targets.setdefault(cell, []).append(target_name(kind, target))
        kinds[cell] = "gap" if kind == "gap" else "value"
    return [
        {
            "name": cell_name(report.shown(problem), dim),
            "problem": report.shown(problem),
            "dim": dim,
            "family": report.family_of_cell[cell],
            "kind": kinds.get(cell, "value"),
            "targets": targets.get(cell, []),
            "sign": report.sign,
        }
        for cell, (problem, dim) in enumerate(report.cells)
    ]


def _targets(report: Report) -> list[str]:
    """The names of all targets: gaps first, the easiest before the others."""
    goals = {(kind != "gap", -target, kind) for _, kind, target in report.goals.itertuples(index=False)}
    return list(dict.fromkeys(target_name(kind, -negative) for _, negative, kind in sorted(goals)))


def _solved(report: Report) -> dict[str, Any]:
    """grid (P, G): costs; solved (P, C, O, G): pairs of a run and a target solved within each; planned (P, C, O): all
    pairs whose cost is known, 0 of an optimizer that ran nowhere. An ECDF over any cells and optimizers is a quotient
    of their sums."""
    shape = report.shape
    grid = np.ones((len(report.views), GRID))
    solved = np.zeros((len(report.views), *shape, GRID), dtype=np.int64)
    planned = np.zeros((len(report.views), *shape), dtype=np.int64)
    nowhere = idle(report.runs).to_numpy(bool)
    for p, each in enumerate(report.views):
        run = report.place_of_run(each.reached)
        cell, optimizer = report.cell_of_run[run], report.optimizer_of_run[run]
        costs = default_costs(each.reached, GRID)
        grid[p] = np.r_[costs, np.full(GRID - len(costs), costs[-1])]
        runtime = each.reached.runtime.to_numpy(float)
        priced = ~np.isnan(runtime) & ~nowhere[run]
        first = np.searchsorted(grid[p], runtime[priced])  # GRID: never
        counts = np.zeros((*shape, GRID + 1), dtype=np.int64)
        np.add.at(counts, (cell[priced], optimizer[priced], first), 1)
        solved[p], planned[p] = counts[..., :GRID].cumsum(-1), counts.sum(-1)
    return {"grid": encoded(grid), "solved": encoded(solved), "planned": encoded(planned)}


def _ert(report: Report) -> dict[str, Any]:
    """ert, low, high (P, C, O, S): NaN where not asked for; successes and asked (C, O, S), the runs that were asked for
    that target, and ran (C, O), the most of them; at the first price. all_solved: see `bench.measure.words`, by n."""
    shape = (*report.shape, report.most)
    values = np.full((3, len(report.views), *shape), np.nan)
    successes, asked, posed = np.zeros((3, *shape), dtype=np.int64)
    for p, each in enumerate(report.views):
        table = each.of(ert)
        cell = report.cell(table)
        place = (cell, report.optimizer(table), report.slot(cell, table))
        for which, name in enumerate(("ert", "low", "high")):
            values[which, p][place] = table[name]
        if p == 0:
            successes[place] = table.successes
            asked[place] = table.runs
            posed[place] = 1
    ran = asked.max(axis=2, initial=0)
    return {
        "all_solved": {n: text for n in np.unique(asked).tolist() if (text := all_solved(n))},
        **{name: encoded(array) for name, array in zip(("ert", "low", "high"), coarse(values), strict=True)},
        "successes": encoded(successes),
        "asked": encoded(asked),
        "posed": encoded(posed),
        "ran": encoded(ran),
    }


def _curves(report: Report) -> dict[str, Any]:
    """curve_cost (P, C, K), curve (P, C, O, K, 3): median, low and high over runs; NaN where there is none."""
    shape = report.shape
    cost = np.full((len(report.views), shape[0], POINTS), np.nan)
    curve = np.full((len(report.views), *shape, POINTS, 3), np.nan)
    for p, each in enumerate(report.views):
        table = each.convergence
        cell, optimizer = report.cell(table), report.optimizer(table)
        point = table.groupby([*CELL, "optimizer"]).cumcount()
        cost[p, cell, point] = table.cost
        curve[p, cell, optimizer, point] = report.turned(table)[["median", "low", "high"]]
    return {"curve_cost": encoded(coarse(cost)), "curve": encoded(coarse(curve))}


def _runs(report: Report) -> dict[str, Any]:
    """runs (C, O): how many. Each run: run_cell, run_optimizer, run_seed, run_instance, run_status (R,) with statuses,
    run_best, and runtimes (R, S) at the first price, inf where never, NaN where not asked for."""
    runs, shape = report.runs, report.shape
    of_cell = np.bincount(report.cell_of_run * shape[1] + report.optimizer_of_run, minlength=shape[0] * shape[1])
    statuses = sorted(set(runs.status))
    runtimes = np.full((len(runs), report.most), np.nan)
    runtimes[report.run_of_hit, report.slot_of_hit] = report.views[0].reached.runtime
    return {
        "runs": encoded(of_cell.reshape(shape)),
        "statuses": statuses,
        "run_cell": encoded(report.cell_of_run),
        "run_optimizer": encoded(report.optimizer_of_run),
        "run_status": encoded(np.searchsorted(statuses, runs.status)),
        "run_best": encoded(report.sign * runs.best.astype(float).to_numpy() + 0.0),
        **{f"run_{name}": encoded(runs[name].fillna(0).to_numpy(np.int64)) for name in ("seed", "instance")},
        "runtimes": encoded(coarse(runtimes)),
    }
