"""The data of a page: what its scripts read, as plain JSON and packed arrays of numbers.

Axes of the arrays: P price, C cell (problem and dim), O optimizer, S slot of a target among those of its cell, G cost
of the grid of a price, K point of a curve, R run, B budget, F family.
"""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.measure.comparison import Comparison, View
from bench.measure.ecdf import default_costs
from bench.measure.progress import CELL, POINTS, Frame
from bench.measure.strata import ALL
from bench.measure.words import number, target_name
from bench.report.styles import SHADES, Style
from bench.report.tables import Places

GRID = 2 * POINTS
BITS = 14  # of a curve's 23 that are kept: a height is right within 0.003 %
WORDS = ("name", "short", "amount", "title", "note")  # of a price


@dataclass(frozen=True)
class Priced:
    """The measures at one price: its name, words for it (amount: "a cost of {}"), and frames."""

    name: str
    short: str
    amount: str
    title: str
    note: str
    view: View
    ert: Frame
    convergence: Frame
    budgets: list[float]
    scores: Frame
    duels: Frame
    crossings: Frame

    def of(self, cost: float) -> str:
        """`a cost of 100`, or what it is at this price."""
        return self.amount.format(number(cost))


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


class Axes:
    """The places of cells, optimizers, families, targets and runs in the arrays of a page; in the order
    of the page."""

    def __init__(self, comparison: Comparison, styles: Mapping[str, Style]):
        import pandas as pd

        runs, hits = comparison.runs, comparison.hits
        self.runs, self.styles = runs, styles
        family = runs.assign(family=runs.family.fillna("").astype(str)).groupby(CELL).family.max()
        cells = family.reset_index().sort_values(["family", *CELL])
        self.cells = list(zip(cells.problem, cells.dim.astype(int), strict=True))
        self.families = sorted(set(cells.family))
        self.family_of_cell = cells.family.tolist()
        self.shape = (len(self.cells), len(styles))
        self._cells, self._optimizers = pd.MultiIndex.from_frame(cells[CELL]), pd.Index(list(styles))
        self._families = pd.Index([*self.families, ALL])
        self.cell_of_run, self.optimizer_of_run = self.cell(runs), self.optimizer(runs)
        self.run_of_hit = pd.Index(runs.run).get_indexer(hits.run)  # of reached, too: they have the same rows
        goals = hits[["kind", "target"]].assign(cell=self.cell_of_run[self.run_of_hit])[["cell", "kind", "target"]]
        self.goals = goals.drop_duplicates().sort_values(["cell", "kind", "target"], ascending=[True, True, False])
        self._goals, self._slots = pd.MultiIndex.from_frame(self.goals), self.goals.groupby("cell").cumcount()
        self.most = int(self._slots.max()) + 1 if len(self.goals) else 0
        self.slot_of_hit = self._slots.to_numpy()[self._goals.get_indexer(pd.MultiIndex.from_frame(goals))]

    @property
    def orders(self) -> list[int]:
        """The orders of these optimizers, rising."""
        return sorted({style.order for style in self.styles.values()})

    @property
    def among(self) -> list[str]:
        """Among whom there is a best: all, then each order."""
        return [ALL, *map(str, self.orders)]

    def place(self, optimizer: str) -> int:
        """The place of an optimizer in the arrays."""
        return list(self.styles).index(optimizer)

    def places(self) -> Places:
        """Those of optimizers and families, for tables."""
        family = {name: place for place, name in enumerate(self.families)}
        families = {cell: family[name] for cell, name in zip(self.cells, self.family_of_cell, strict=True)}
        return Places({name: place for place, name in enumerate(self.styles)}, families)

    def cell(self, frame: Frame) -> np.ndarray:
        """The cell of each row (n,) of a frame with problem and dim."""
        import pandas as pd

        return self._cells.get_indexer(pd.MultiIndex.from_frame(frame[CELL]))

    def optimizer(self, frame: Frame, column: str = "optimizer") -> np.ndarray:
        """The optimizer of each row (n,)."""
        return self._optimizers.get_indexer(frame[column])

    def family(self, frame: Frame) -> np.ndarray:
        """The family of each row (n,), where that of all problems is the last."""
        return self._families.get_indexer(frame.family)

    def slot(self, cell: np.ndarray, frame: Frame) -> np.ndarray:
        """The slot of each row (n,) of a frame with kind and target: the easiest of its cell is 0."""
        import pandas as pd

        goals = frame[["kind", "target"]].assign(cell=cell)[["cell", "kind", "target"]]
        return self._slots.to_numpy()[self._goals.get_indexer(pd.MultiIndex.from_frame(goals))]


def page_data(axes: Axes, priced: Sequence[Priced]) -> dict[str, Any]:
    """What the page reads: see the module."""
    return {
        "optimizers": [
            {"name": name, "order": s.order, "color": s.color, "dash": s.dash, "width": s.width}
            for name, s in axes.styles.items()
        ],
        "orders": [{"order": order, "color": SHADES[order][0]} for order in axes.orders],
        "families": axes.families,
        "prices": [{key: getattr(each, key) for key in WORDS} for each in priced],
        "cells": _cells(axes),
        **_solved(axes, priced),
        **_ert(axes, priced),
        **_curves(axes, priced),
        **_runs(axes, priced),
        "budgets": [each.budgets for each in priced],
    }


def _cells(axes: Axes) -> list[dict[str, Any]]:
    """What is known of each cell; targets: their names by slot; kind: of what its curves show, "gap" or "value"."""
    targets: dict[int, list[str]] = {}
    kinds: dict[int, str] = {}
    for cell, kind, target in axes.goals.itertuples(index=False):
        targets.setdefault(cell, []).append(target_name(kind, target))
        kinds[cell] = "gap" if kind == "gap" else "value"
    return [
        {
            "problem": problem,
            "dim": dim,
            "family": axes.family_of_cell[cell],
            "kind": kinds.get(cell, "value"),
            "targets": targets.get(cell, []),
        }
        for cell, (problem, dim) in enumerate(axes.cells)
    ]


def _solved(axes: Axes, priced: Sequence[Priced]) -> dict[str, Any]:
    """grid (P, G): costs; solved (P, C, O, G): pairs of a run and a target solved within each; planned (P, C, O): all
    pairs whose cost is known. An ECDF over any cells and optimizers is a quotient of their sums."""
    shape = axes.shape
    grid = np.ones((len(priced), GRID))
    solved = np.zeros((len(priced), *shape, GRID), dtype=np.int64)
    planned = np.zeros((len(priced), *shape), dtype=np.int64)
    group = (axes.cell_of_run * shape[1] + axes.optimizer_of_run)[axes.run_of_hit]
    for p, each in enumerate(priced):
        costs = default_costs(each.view.reached, GRID)
        grid[p] = np.r_[costs, np.full(GRID - len(costs), costs[-1])]
        runtime = each.view.reached.runtime.to_numpy(float)
        known = ~np.isnan(runtime)
        first = np.searchsorted(grid[p], runtime[known])  # GRID: never
        counts = np.bincount(group[known] * (GRID + 1) + first, minlength=shape[0] * shape[1] * (GRID + 1))
        counts = counts.reshape(*shape, GRID + 1)
        solved[p], planned[p] = counts[..., :GRID].cumsum(-1), counts.sum(-1)
    return {"grid": encoded(grid), "solved": encoded(solved), "planned": encoded(planned)}


def _ert(axes: Axes, priced: Sequence[Priced]) -> dict[str, Any]:
    """ert, low, high (P, C, O, S): NaN where not asked for; successes and asked (C, O, S), the runs that were asked for
    that target, and ran (C, O), the most of them; at the first price."""
    shape = (*axes.shape, axes.most)
    values = np.full((3, len(priced), *shape), np.nan)
    successes, asked, posed = np.zeros((3, *shape), dtype=np.int64)
    for p, each in enumerate(priced):
        cell = axes.cell(each.ert)
        place = (cell, axes.optimizer(each.ert), axes.slot(cell, each.ert))
        for which, name in enumerate(("ert", "low", "high")):
            values[which, p][place] = each.ert[name]
        if p == 0:
            successes[place] = each.ert.successes
            asked[place] = each.ert.runs
            posed[place] = 1
    found = {name: encoded(array) for name, array in zip(("ert", "low", "high"), coarse(values), strict=True)}
    ran = asked.max(axis=2, initial=0)
    return {
        **found,
        "successes": encoded(successes),
        "asked": encoded(asked),
        "posed": encoded(posed),
        "ran": encoded(ran),
    }


def _curves(axes: Axes, priced: Sequence[Priced]) -> dict[str, Any]:
    """curve_cost (P, C, K), curve (P, C, O, K, 3): median, low and high over runs; NaN where there is none."""
    shape = axes.shape
    cost = np.full((len(priced), shape[0], POINTS), np.nan)
    curve = np.full((len(priced), *shape, POINTS, 3), np.nan)
    for p, each in enumerate(priced):
        table = each.convergence
        cell, optimizer = axes.cell(table), axes.optimizer(table)
        code = cell * shape[1] + optimizer
        begin = np.flatnonzero(np.r_[True, code[1:] != code[:-1]]) if len(code) else np.empty(0, dtype=int)
        point = np.arange(len(code)) - np.repeat(begin, np.diff(np.r_[begin, len(code)]))
        cost[p, cell, point] = table.cost
        curve[p, cell, optimizer, point] = table[["median", "low", "high"]]
    return {"curve_cost": encoded(coarse(cost)), "curve": encoded(coarse(curve))}


def _runs(axes: Axes, priced: Sequence[Priced]) -> dict[str, Any]:
    """Each run: run_cell, run_optimizer, run_seed, run_instance, run_status (R,) with statuses, run_best, and runtimes
    (R, S) at the first price, inf where never, NaN where not asked for."""
    runs = axes.runs
    statuses = sorted(set(runs.status))
    found = np.full((len(runs), axes.most), np.nan)
    for each in priced[:1]:
        found[axes.run_of_hit, axes.slot_of_hit] = each.view.reached.runtime
    return {
        "statuses": statuses,
        "run_cell": encoded(axes.cell_of_run),
        "run_optimizer": encoded(axes.optimizer_of_run),
        "run_status": encoded(np.searchsorted(statuses, runs.status)),
        "run_best": encoded(runs.best.astype(float).to_numpy()),
        **{f"run_{name}": encoded(runs[name].fillna(0).to_numpy(np.int64)) for name in ("seed", "instance")},
        "runtimes": encoded(coarse(found)),
    }
