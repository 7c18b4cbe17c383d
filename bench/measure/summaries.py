"""How runs ended, and what went wrong."""

from math import inf

from bench.core.ledger import QUESTIONS
from bench.core.status import UNBOUNDED, Status, statuses
from bench.measure.frames import CELL, Column, Frame
from bench.measure.progress import below


def endings(runs: Frame) -> Frame:
    """How many runs (complete ones) of each optimizer ended how: columns optimizer, order, status, runs."""
    counts = runs.groupby(["order", "optimizer", "status"]).size().rename("runs")
    return counts.reset_index()[["optimizer", "order", "status", "runs"]]


def failures(runs: Frame) -> Frame:
    """Runs that ended without an answer, those of one cause together: columns status, problem, dim, optimizer, runs,
    reason (the last line of the error), error (all of it); the worst first, see `Status.trouble`, and those last that
    returned without a question."""
    failed = runs[runs.status.isin(statuses("trouble")) | silent(runs)]
    failed = failed.assign(error=failed.error.fillna("").astype(str))
    counted = failed.groupby(["status", *CELL, "optimizer", "error"]).size().rename("runs").reset_index()
    lines = counted.error.str.strip().str.split("\n").str[-1]
    counted = counted.assign(
        reason=lines, rank=counted.status.map(lambda status: Status(status).trouble or len(Status))
    )
    counted = counted.sort_values(["rank", *CELL, "optimizer", "reason"], ignore_index=True)
    return counted[["status", *CELL, "optimizer", "runs", "reason", "error"]]


def silent(runs: Frame) -> Column:
    """Which runs returned without a question."""
    return (runs.status == Status.RETURNED) & _without_question(runs)


def unheard(runs: Frame) -> Column:
    """Which runs ended without a question, whatever their status, but for those whose start met their target: what they
    have is that of the start."""
    return (runs.status != Status.TARGET) & _without_question(runs)


def _without_question(runs: Frame) -> Column:
    """Of which runs it is known that they asked nothing."""
    counts = runs[[question for question in QUESTIONS if question in runs]]
    return ~counts.any(axis=1) & (counts.shape[1] > 0)


def faults(runs: Frame) -> Frame:
    """Problems with values below their f_opt, or of -inf: columns problem, dim, instance, f_opt (NaN where it is not
    known), lowest, runs, optimizers (names joined by semicolons)."""
    import pandas as pd

    columns = [*CELL, "instance", "f_opt", "lowest", "runs", "optimizers"]
    if not {"error", "best", "f_opt"} <= set(runs.columns):  # frames made by hand
        return pd.DataFrame(columns=columns)
    infinite = runs.error.fillna("").astype(str).str.contains(UNBOUNDED, regex=False)
    wrong = runs.assign(best=runs.best.where(~infinite, -inf))[below(runs) | infinite]
    rows = [
        (*cell, group.f_opt.max(), group.best.min(), len(group), "; ".join(sorted(set(group.optimizer))))
        for cell, group in wrong.groupby([*CELL, "instance"])
    ]
    return pd.DataFrame(rows, columns=columns)
