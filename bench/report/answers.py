"""The verdicts of the page as plain JSON: the words that Python makes, which scripts show and do not decide.

A verdict is of all optimizers of the report: the page's selection hides rows, and changes none. A text is a list of
segments: strings, and {o: place of an optimizer}.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.measure import words
from bench.measure.comparison import View
from bench.measure.crossing import crossings
from bench.measure.ert import ert, hardest
from bench.measure.failed import answers, best_optimizers, of_one_problem, sentence
from bench.measure.frames import Frame
from bench.measure.scaling import scaling
from bench.measure.strata import ALL
from bench.measure.verdicts import alone, budgets, caption
from bench.report.measured import Report


def verdicts(report: Report) -> dict[str, Any]:
    """words: formats; answers: by price and budget; problems: by price, cell, and among whom (all, then each order)."""
    return {
        "words": words.PAGE,
        "answers": [_answers(report, view) for view in report.views],
        "problems": [_problems(report, view) for view in report.views],
    }


def _segments(report: Report, texts: Sequence[str]) -> list[Any]:
    return [{"o": report.place(text)} if isinstance(text, words.Name) else str(text) for text in texts]


def _answers(report: Report, view: View) -> list[dict[str, Any]]:
    """See `_answer`, within each of the budgets; at which budget another leads is said of all of them."""
    table: Frame = view.of(crossings)
    turns = {family: _crossing(report, view, family, table) for family in dict.fromkeys([ALL, *report.families])}
    return [_answer(report, view, budget, turns) for budget in view.of(budgets)]


def _answer(report: Report, view: View, budget: float, turns: Mapping[str, list[Any]]) -> dict[str, Any]:
    """sentence, crossing, caption; rows: all problems (family -1), where there are several families, then each family,
    with a cell of all optimizers and one of each order. turns: of each family the crossing."""
    table = view.of(answers)
    rows = {(row.family, row.among): row for row in table[table.budget == budget].itertuples()}
    of_one = view.of(of_one_problem, budget)
    families = [(-1, ALL, "all problems")] * (len(report.families) > 1)
    families += [(place, name, name or "no family") for place, name in enumerate(report.families)]
    return {
        "sentence": _segments(report, sentence(view, budget, report.results.function.get("title", ""), report.sign)),
        "crossing": turns[ALL],
        "caption": f"Within {view.amount(budget)} ({view.note}). {view.of(caption)}",
        "rows": [
            {
                "family": place,
                "title": title,
                "note": f"{words.counted(rows[name, ALL].problems, 'problem')}{words.shorter(rows[name, ALL])}",
                "crossing": turns[name],
                "cells": [_cell(report, rows.get((name, among)), of_one.get((name, among))) for among in report.among],
            }
            for place, name, title in families
            if (name, ALL) in rows
        ],
    }


def _crossing(report: Report, view: View, family: str, table: Frame) -> list[Any]:
    """Who leads up to which budget in a family, in words. table: of `crossings`."""
    if family in alone(view):  # each budget has its own best there, by the values at it
        return []
    rows = list(table[table.family == family].itertuples())
    texts = [
        text
        for segment in words.crossing(rows, view.amount)
        for text in (
            [segment, words.FAILED] if isinstance(segment, words.Name) and segment in report.failed else [segment]
        )
    ]
    return _segments(report, texts)


def _cell(report: Report, row: Any, of_one: Any) -> dict[str, Any]:
    """The best of a family: o, what it rests on in text and interval, mark, failed; and, where that is a fraction of
    targets, solved, low, high (None without an interval). of_one: the row of `best_optimizers` of its only problem."""
    if row is None or not row.optimizer:
        return {"empty": words.NOT_RUN if row is None else row.reason}
    cell = {"o": report.place(row.optimizer), "mark": words.mark(row), "failed": words.failed(row)}
    if of_one:
        first, *rest = words.best_texts(of_one, report.sign)
        return {**cell, "text": first, "interval": " · ".join(rest)}
    span = words.percents(row.low, row.high)
    low, high = (float(f"{end:.4g}") if span else None for end in (row.low, row.high))
    fraction = {"solved": float(f"{row.solved:.4g}"), "low": low, "high": high}
    return {**cell, **fraction, "text": words.percent(row.solved), "interval": span}


def _problems(report: Report, view: View) -> list[list[dict[str, Any]]]:
    """The best on each cell: o, slot (of the `hardest` target, -1 where none was reached), text, remarks."""
    table: Frame = view.of(best_optimizers)
    cells = report.cell(table)
    goals = hardest(view.of(ert))
    goals = goals[goals.reached.astype(bool)]
    of_goals = report.cell(goals)
    slots = dict(zip(of_goals, report.slot(of_goals, goals), strict=True))
    rows = {(cell, row.among): row for cell, row in zip(cells, table.itertuples(), strict=True)}

    def shown(cell: int, among: str) -> dict[str, Any]:
        row = rows.get((cell, among))
        if row is None or not row.optimizer:
            quick = report.cells[cell] in view.quick
            return {"empty": words.TOO_QUICK if quick else words.NOT_RUN if row is None else row.reason}
        failed = words.failed(row)
        remarks = [*words.remarks(row, rows[cell, ALL]), *([failed] if failed else [])]
        return {
            "o": report.place(row.optimizer),
            "slot": int(slots.get(cell, -1)),
            "text": " · ".join(words.best_texts(row, report.sign)),
            "remarks": remarks,
        }

    return [[shown(cell, among) for among in report.among] for cell in range(len(report.cells))]


def fits(report: Report) -> dict[str, Any]:
    """fits: of each problem with several dims its cells, by dim, and its targets, easiest first. exponents (fits, P, O,
    targets, 2): b of ERT = a dim^b and its standard error, NaN where the target was reached in too few dims."""
    tables = [scaling(view.of(ert)) for view in report.views]
    several = set(tables[0].problem) if tables else set()
    listed, arrays = [], []
    for problem in dict.fromkeys(problem for problem, _ in report.cells if problem in several):
        rows = [table[table.problem == problem] for table in tables]
        goals = rows[0][["kind", "target"]].drop_duplicates()
        goals = goals.sort_values(["kind", "target"], ascending=[True, False])
        names = [words.target_name(kind, target) for kind, target in goals.itertuples(index=False)]
        exponents = np.full((len(report.views), len(report.styles), len(names), 2), np.nan)
        for p, table in enumerate(rows):
            slot = [names.index(words.target_name(*goal)) for goal in zip(table.kind, table.target, strict=True)]
            exponents[p, report.optimizer(table), slot] = table[["exponent", "error"]]
        arrays.append(exponents)
        cells = [cell for _, cell in sorted((d, c) for c, (name, d) in enumerate(report.cells) if name == problem)]
        listed.append({"problem": problem, "cells": cells, "targets": names})
    if not listed:
        return {}
    most = max(len(fit["targets"]) for fit in listed)
    padded = [
        np.pad(each, [(0, 0)] * 2 + [(0, most - each.shape[2]), (0, 0)], constant_values=np.nan) for each in arrays
    ]
    return {"fits": listed, "exponents": np.stack(padded)}
