"""The virtual best optimizer, and how far each real one is from it."""

from typing import Any

import numpy as np

from bench.measure.frames import CELL, Frame
from bench.measure.progress import joined


def virtual_best(table: Frame) -> Frame:
    """On each problem, dim and target the least expected runtime of all optimizers, and of each order; and by what
    factor each optimizer is above it. A method that always picked the right one would have it (Rice 1976, "The
    algorithm selection problem", doi:10.1016/S0065-2458(08)60520-3); none does.

    table: of `ert`. Columns problem, dim, kind, target, among ("all", "0", "1", "2"), best (inf where no optimizer
    reached it), by (who has it; of equal ones the first by name; "" where none), optimizer, order, ert, gap: ert /
    best, at least 1; 1 too where both are 0, the start being good enough; inf where this one did not reach it; NaN
    where none did, or its own ERT is not known.
    """
    scope = [*CELL, "kind", "target", "among"]
    table = table.sort_values(["ert", "optimizer"], kind="stable")
    both = joined([table.assign(among="all"), table.assign(among=table.order.astype(int).astype(str))], [])
    groups = both.astype({"optimizer": "str", "ert": float}).groupby(scope)
    best, by = groups.ert.transform("min").fillna(np.inf), groups.optimizer.transform("first")
    both = both.assign(best=best, by=by.where(np.isfinite(best), ""), gap=ratio(both.ert, best))
    both = both.sort_values([*scope, "order", "optimizer"], ascending=[True] * 3 + [False] + [True] * 3)
    return both[[*scope, "best", "by", "optimizer", "order", "ert", "gap"]].reset_index(drop=True)


def ratio(ert: Any, best: Any) -> np.ndarray:
    """ert / best, element by element: 1 where both are 0, NaN where best is infinite."""
    ert, best = np.asarray(ert, dtype=float), np.asarray(best, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((ert == 0) & (best == 0), 1.0, np.where(np.isinf(best), np.nan, ert / best))
