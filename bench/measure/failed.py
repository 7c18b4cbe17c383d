"""Which of the runs of an optimizer crashed, were killed or diverged.

They count with what they had paid for and reached until then, as in COCO; wherever the optimizer is named as best, it
is said.
"""

from collections.abc import Callable

import numpy as np

from bench.core.status import statuses
from bench.measure import words
from bench.measure.comparison import View
from bench.measure.frames import CELL, Column, Frame
from bench.measure.progress import joined
from bench.measure.strata import ALL
from bench.measure.verdicts import answer, best


def broken(runs: Frame) -> Column:
    """Which runs crashed, were killed or diverged."""
    return runs.status.isin(statuses("ran")) & ~runs.status.isin(statuses("counts"))


def with_failed(view: View, measure: Callable[[View], Frame]) -> Frame:
    """The frame of a measure that names optimizers, by problem and dim or by family, with the column failed: how many
    of the runs there of each row's optimizer are `broken`, 0 where the row names none."""
    table = view.of(measure)
    runs = view.runs.assign(failed=broken(view.runs)).drop(columns="family").merge(view.layout.cells, on=CELL)
    runs = joined([runs, runs.assign(family=ALL)], []) if "family" in table else runs
    names = [*(["family"] if "family" in table else CELL), "optimizer"]
    counts = runs.groupby(names).failed.sum().reset_index()
    failed = table[names].merge(counts, how="left", on=names).failed.fillna(0).to_numpy()
    return table.assign(failed=np.asarray(failed, dtype=int))


def best_optimizers(view: View) -> Frame:
    """The best optimizer of each problem: see `bench.measure.verdicts.best`; with failed, how many of its runs there
    crashed, were killed or diverged."""
    return with_failed(view, best)


def answers(view: View) -> Frame:
    """The best optimizer of each family within each budget: see `bench.measure.verdicts.answer`; with failed, how many
    of its runs there crashed, were killed or diverged."""
    return with_failed(view, answer)


def sentence(view: View, budget: float) -> list[str]:
    """The answer over all problems within one of the budgets in words: see `bench.measure.words.sentence`; with what
    failed of the best, and how many problems are left out, in seconds."""
    table = view.of(answers)
    row = next(table[(table.budget == budget) & (table.family == ALL) & (table["among"] == ALL)].itertuples())
    texts = words.sentence(row, view.amount(budget), int((view.limits_of_cells.limit < budget).sum()))
    if row.optimizer and row.failed:
        texts = [*texts, f" {words.FAILED} {words.failed_text(row)}: {words.WHAT_FAILED}."]
    return [*texts, f" {words.left_out(len(view.quick))}"] if view.quick else texts


def failed_optimizers(runs: Frame) -> Frame:
    """Of each optimizer that has `broken` runs: columns optimizer, failed, runs (those that were not skipped)."""
    ran = runs.assign(failed=broken(runs))[runs.status.isin(statuses("ran"))]
    table = ran.groupby("optimizer").failed.agg(failed="sum", runs="size").reset_index()
    return table[table.failed > 0]
