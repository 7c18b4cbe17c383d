"""Which of the runs of an optimizer crashed, were killed or diverged; which of the evaluations failed.

Such runs count with what they had paid for and reached until then, as in COCO; wherever the optimizer is named as best,
it is said.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.core.status import Status, statuses
from bench.measure import words
from bench.measure.comparison import View, within
from bench.measure.frames import CELL, Column, Frame
from bench.measure.levels import FAILED
from bench.measure.progress import idle, joined
from bench.measure.strata import ALL
from bench.measure.summaries import faults
from bench.measure.verdicts import alone, answer, best


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


def of_one_problem(view: View, budget: float) -> dict[tuple[str, str], Any]:
    """What the answer within a budget rests on where a family has one problem: the rows of `best_optimizers` there, by
    family and among whom."""
    single = alone(view)
    table: Any = view.of(within, budget, *single.values()).of(best_optimizers) if single else None
    return {
        (family, row.among): row
        for family, (problem, dim) in single.items()
        for row in table[(table.problem == problem) & (table.dim == dim)].itertuples()
    }


def sentence(view: View, budget: float, title: str = "", sign: int = 1) -> list[str]:
    """The answer over all problems within one of the budgets in words: see `bench.measure.words.sentence`, of one
    problem that of its best; before it where f_opt is wrong, behind it who was skipped, what failed of the best, and
    how many problems are left out, in seconds. title, sign: of a user's function, -1 where it is maximized."""
    skipped = skips(view.runs[idle(view.runs)])
    if row := of_one_problem(view, budget).get((ALL, ALL)):
        says = words.best_sentence(row._replace(problem=title or row.problem), view.amount(budget), sign)
    else:
        table = view.of(answers)
        row = next(table[(table.budget == budget) & (table.family == ALL) & (table["among"] == ALL)].itertuples())
        says = words.sentence(row._replace(left=row.left - sum(map(len, skipped.values()))), view.amount(budget))
    texts = [
        *filter(None, [words.wrong(list(faults(view.runs).itertuples()))]),
        *says,
        *([f" {words.skipped(skipped)}"] if skipped else []),
    ]
    if row.optimizer and row.failed:
        texts = [*texts, f" {words.FAILED} {words.failed_text(row)}: {words.WHAT_FAILED}."]
    races = view.comparison.races.drop_duplicates(CELL)
    if n := int((races.missing > 0).sum()):
        texts = [*texts, f" {words.interrupted(n, len(races))}"]
    return [*texts, f" {words.left_out(len(view.quick))}"] if view.quick else texts


def skips(runs: Frame) -> dict[str, list[str]]:
    """The optimizers of which runs were skipped, by the reason, in which each is called `it`."""
    reasons: dict[str, dict[str, None]] = {}
    for row in runs[runs.status == Status.SKIPPED].itertuples():
        reasons.setdefault(row.error.replace(row.optimizer.partition("[")[0], "it"), {})[row.optimizer] = None
    return {reason: [*names] for reason, names in reasons.items()}


def failed_optimizers(runs: Frame) -> Frame:
    """Of each optimizer that has `broken` runs: columns optimizer, failed, runs (those that were not skipped)."""
    ran = runs.assign(failed=broken(runs))[runs.status.isin(statuses("ran"))]
    table = ran.groupby("optimizer").failed.agg(failed="sum", runs="size").reset_index()
    return table[table.failed > 0]


def tolerant(runs: Frame) -> Frame:
    """Of runs (complete ones), those on problems that tolerate failures, with the column evaluations: points that were
    asked, as values, gradients and Hessian-vector products."""
    chosen = runs[runs.failed_values.notna()]
    return chosen.assign(evaluations=chosen[["value", "gradient", "hessian_vector"]].sum(axis=1) / chosen.rows)


def failed_evaluations(runs: Frame) -> Frame:
    """Of each optimizer on each problem where evaluations failed: columns problem, dim, optimizer, failed, evaluations,
    fraction, reason (the first failure of the first run with one, in a line), error (all of it)."""
    runs = tolerant(runs).rename(columns={"failed_values": "failed"})
    names = [*CELL, "optimizer"]
    table = runs.groupby(names)[["failed", "evaluations"]].sum().round().astype(int).reset_index()
    errors = runs[runs.failed > 0].groupby(names).error.first().rename("error").reset_index()
    table = table.merge(errors, on=names)
    table = table.assign(fraction=table.failed / table.evaluations, reason=table.error.str.split("\n").str[0])
    return table[[*names, "failed", "evaluations", "fraction", "reason", "error"]]


def failed_evaluations_text(runs: Frame) -> str:
    """How many evaluations failed, of which optimizers, in words; "" where none did."""
    table = failed_evaluations(runs)
    if table.empty:
        return ""
    by_optimizer = table.groupby("optimizer").failed.sum().sort_values(ascending=False, kind="stable")
    return words.failed_evaluations(
        by_optimizer.to_dict(), round(tolerant(runs).evaluations.sum()), table.reason.iloc[0]
    )


def telling(runs: Frame) -> bool:
    """Whether so many evaluations of any problem failed that a page says it below its answer."""
    sums = tolerant(runs).groupby(CELL)[["failed_values", "evaluations"]].sum()
    return bool((sums.failed_values > FAILED * sums.evaluations).any())
