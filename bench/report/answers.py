"""The verdicts of the page as plain JSON: the words that Python makes, which scripts show and do not decide.

A verdict is of all optimizers of the report: the page's selection hides rows, and changes none. A text is a list of
segments: strings, and {o: place of an optimizer}.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.measure import words
from bench.measure.crossing import crossings
from bench.measure.ert import ert
from bench.measure.progress import Frame
from bench.measure.scaling import scaling
from bench.measure.strata import ALL
from bench.measure.verdicts import answer, best, caption
from bench.report.data import Axes, Priced, encoded


def verdicts(axes: Axes, priced: Sequence[Priced]) -> dict[str, Any]:
    """words: formats; answers: by price and budget; problems: by price, cell, and among whom (all, then each order)."""
    return {
        "words": words.PAGE,
        "answers": [[_answer(axes, each, budget) for budget in each.budgets] for each in priced],
        "problems": [_problems(axes, each) for each in priced],
        **_fits(axes, priced),
    }


def _segments(axes: Axes, texts: Sequence[str]) -> list[Any]:
    return [{"o": axes.place(text)} if isinstance(text, words.Name) else str(text) for text in texts]


def _answer(axes: Axes, priced: Priced, budget: float) -> dict[str, Any]:
    """sentence, crossing, caption; rows: all problems (family -1), where there are several families, then each family,
    with a cell of all optimizers and one of each order."""
    view = priced.view
    table = view.of(answer)
    rows = {(row.family, row.among): row for row in table[table.budget == budget].itertuples()}
    less = int((view.limits_of_cells.limit < budget).sum())
    families = [(-1, ALL, "all problems")] * (len(axes.families) > 1)
    families += [(place, name, name or "no family") for place, name in enumerate(axes.families)]
    return {
        "sentence": _segments(axes, words.sentence(rows[ALL, ALL], priced.of(budget), less)),
        "crossing": _crossing(axes, priced, ALL),
        "caption": f"Within {priced.of(budget)} ({priced.note}). {view.of(caption)}",
        "rows": [
            {
                "family": place,
                "title": title,
                "note": words.counted(rows[name, ALL].problems, "problem"),
                "crossing": _crossing(axes, priced, name),
                "cells": [_cell(axes, rows.get((name, among))) for among in axes.among],
            }
            for place, name, title in families
        ],
    }


def _crossing(axes: Axes, priced: Priced, family: str) -> list[Any]:
    table: Frame = priced.view.of(crossings)
    return _segments(axes, words.crossing(list(table[table.family == family].itertuples()), priced.of))


def _cell(axes: Axes, row: Any) -> dict[str, Any]:
    """The best of a family: o, solved, low, high (None without an interval), percent, interval, mark."""
    if row is None or not row.optimizer:
        return {"empty": words.NOT_RUN if row is None else row.reason}
    span = words.percents(row.low, row.high)
    ends = [float(f"{end:.4g}") if span else None for end in (row.low, row.high)]
    return {
        "o": axes.place(row.optimizer),
        "solved": float(f"{row.solved:.4g}"),
        "low": ends[0],
        "high": ends[1],
        "percent": words.percent(row.solved),
        "interval": span,
        "mark": words.mark(row),
    }


def _problems(axes: Axes, priced: Priced) -> list[list[dict[str, Any]]]:
    """The best on each cell: o, slot (of its target), text, remarks."""
    table: Frame = priced.view.of(best)
    cells = axes.cell(table)
    reached = (table.optimizer != "").to_numpy()
    slots = np.full(len(table), -1)
    slots[reached] = axes.slot(cells[reached], table[reached])
    rows = {(cell, row.among): (row, slot) for cell, row, slot in zip(cells, table.itertuples(), slots, strict=True)}

    def shown(cell: int, among: str) -> dict[str, Any]:
        row, slot = rows.get((cell, among), (None, -1))
        if row is None or not row.optimizer:
            return {"empty": words.NOT_RUN if row is None else row.reason}
        remarks = words.remarks(row, rows[cell, ALL][0])
        return {
            "o": axes.place(row.optimizer),
            "slot": int(slot),
            "text": " · ".join(words.best_texts(row)),
            "remarks": remarks,
        }

    return [[shown(cell, among) for among in axes.among] for cell in range(len(axes.cells))]


def _fits(axes: Axes, priced: Sequence[Priced]) -> dict[str, Any]:
    """fits: of each problem with several dims its targets, easiest first, and exponents (P, O, targets, 2): b of
    ERT = a dim^b and its standard error, NaN where the target was reached in too few dims."""
    tables = [scaling(each.view.of(ert)) for each in priced]
    fits = []
    for problem in dict.fromkeys(tables[0].problem if tables else ()):
        rows = [table[table.problem == problem] for table in tables]
        goals = rows[0][["kind", "target"]].drop_duplicates()
        goals = goals.sort_values(["kind", "target"], ascending=[True, False])
        names = [words.target_name(kind, target) for kind, target in goals.itertuples(index=False)]
        exponents = np.full((len(priced), len(axes.styles), len(names), 2), np.nan)
        for p, table in enumerate(rows):
            slot = [names.index(words.target_name(*goal)) for goal in zip(table.kind, table.target, strict=True)]
            exponents[p, axes.optimizer(table), slot] = table[["exponent", "error"]]
        fits.append({"problem": problem, "targets": names, "exponents": encoded(exponents)})
    return {"fits": fits} if fits else {}
