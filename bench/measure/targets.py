"""The values that runs are asked to reach."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.core.outcomes import HARDEST
from bench.core.status import statuses
from bench.measure.frames import CELL, Column, Frame
from bench.measure.progress import joined, progress

GAPS = (1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
# tenths of the gain, as random search and a good method often differ by less than a factor of ten, then decades of it
FRACTIONS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, HARDEST)


def optima(runs: Frame) -> tuple[Column, Column]:
    """f_opt of the instance of each of these runs (complete ones), and whether their problem and dim counts gaps to it.

    A run that never began (skipped, killed, not built) does not know f_opt: it has that of the others. Gaps count where
    f_opt is known on each instance that was begun.
    """
    f_opt = runs.f_opt.astype(float).groupby([runs[name] for name in (*CELL, "instance")]).transform("max")
    cell = [runs[name] for name in CELL]
    lacking = f_opt.isna() & runs["first"].notna()
    return f_opt, f_opt.notna().groupby(cell).transform("any") & ~lacking.groupby(cell).transform("any")


def starts(runs: Frame, events: Frame) -> Column:
    """The value at which each of these runs (complete ones) began. Where it is not finite, the median over all runs on
    that problem, dim and instance of the first finite value of each: the same for all optimizers, and not moved by one
    that is very large. NaN where no run found a finite value. events: of `bench.measure.progress.progress`."""
    first = runs["first"].astype(float)
    first = first.where(np.isfinite(first))
    if not first.isna().any():
        return first
    finite = events[np.isfinite(events.best)].groupby("run").best.first()
    instance = [runs[name] for name in (*CELL, "instance")]
    return first.fillna(first.fillna(runs.run.map(finite)).groupby(instance).transform("median"))


def targets(
    runs: Frame,
    trajectories: Frame,
    gaps: Sequence[float] = GAPS,
    fractions: Sequence[float] = FRACTIONS,
    by: str = "known",
) -> Frame:
    """The targets of each run (complete ones), skipped too: columns run, kind, target, f_target.

    by "known": gaps to the optimum where it is known, fractions of the gain elsewhere. by "best": fractions everywhere.
    kind "gap": f <= f_opt + target (Hansen et al. 2021, doi:10.1080/10556788.2020.1808977). A run is not asked for a
    gap below its own, at which it ends; with the usual gaps that one is among them.
    kind "fraction": f <= f_best + target (f_0 - f_best), with the value at the run's own start (see `starts`) and the
    best of all these runs on that problem, dim and instance (Moré & Wild 2009, doi:10.1137/080724083, from a tenth on).
    f_target is NaN, and out of reach, where no run improved on its start; a finite value improves on one that is not.
    Raises ValueError for another `by`, and for targets that are negative, not finite, or, fractions, above 1.
    """
    import pandas as pd

    if by not in ("known", "best"):
        raise ValueError(f"targets go by 'known' or 'best', got {by!r}")
    for name, levels, most in (("gaps", gaps, np.inf), ("fractions", fractions, 1.0)):
        if wrong := [target for target in levels if not (0 <= target <= most and np.isfinite(target))]:
            raise ValueError(f"{name} must be numbers >= 0{'' if most == np.inf else ' and <= 1'}, got {wrong[0]!r}")
    instance = [runs[name] for name in (*CELL, "instance")]
    f_opt, has_optimum = optima(runs)
    if by == "best":
        has_optimum = has_optimum & False
    events = progress(runs, trajectories)
    f_best = runs.run.map(events.groupby("run").best.min()).groupby(instance).transform("min")
    gain = (starts(runs, events) - f_best).where(np.isfinite(f_best)).clip(lower=0.0)
    began = runs.status.isin(statuses("ran")) & runs.run.isin(events.run)
    from_nothing = began & ~np.isfinite(runs["first"].astype(float)) & np.isfinite(f_best)
    improved = (gain > 0).groupby(instance).transform("any") | from_nothing.groupby(instance).transform("any")

    gaps, fractions = tuple(dict.fromkeys(gaps)), tuple(dict.fromkeys(fractions))
    known, gap, optimum = has_optimum.to_numpy(bool), runs.gap.to_numpy(float), f_opt.to_numpy(float)
    lowest, height = f_best.to_numpy(float), gain.where(improved).to_numpy(float)
    parts: list[tuple[str, Any, Any, Any]]
    parts = [("gap", target, optimum + target, known & (gap <= target)) for target in gaps]
    if gaps == GAPS:
        parts.append(("gap", gap, optimum + gap, known & (gap > 0) & ~np.isin(gap, GAPS)))
    parts += [("fraction", target, lowest + target * height, ~known) for target in fractions]
    if not parts:
        return joined([], ["run", "kind", "target", "f_target"])
    rows = [np.flatnonzero(which) for *_, which in parts]
    columns = {
        "run": runs.run.to_numpy()[np.concatenate(rows)],
        "kind": np.repeat([kind for kind, *_ in parts], [len(each) for each in rows]),
        "target": [np.broadcast_to(part[1], len(runs))[each] for part, each in zip(parts, rows, strict=True)],
        "f_target": [part[2][each] for part, each in zip(parts, rows, strict=True)],
    }
    return pd.DataFrame({**columns, **{name: np.concatenate(columns[name]) for name in ("target", "f_target")}})
