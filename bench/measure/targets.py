"""The values that runs are asked to reach."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.measure.progress import Frame, complete, progress

GAPS = (1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
SHARES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def asked_gaps(suite: Mapping[str, Any]) -> list[float]:
    """The gaps down to the least at which a suite (as in a manifest) lets a run end; the hardest one at least."""
    finals = [group.get("target", 0.0) for group in suite.get("groups", [])]
    return [gap for gap in GAPS if gap >= min(finals, default=0.0)] or list(GAPS[-1:])


def targets(runs: Frame, trajectories: Frame, gaps: Sequence[float] = GAPS, shares: Sequence[float] = SHARES) -> Frame:
    """The targets of each run, skipped ones too: columns run, kind, target, f_target.

    kind "gap", where the optimum is known: f <= f_opt + target (Hansen et al. 2021, doi:10.1080/10556788.2020.1808977).
    kind "share", elsewhere: f <= f_best + target (f_first - f_best), with the value at the run's own start and the best
    of all these runs on that problem, dim and instance (Moré & Wild 2009, doi:10.1137/080724083). f_target is NaN, and
    out of reach, where no run improved on its start.
    """
    import pandas as pd

    runs = complete(runs)
    instance = [runs[name] for name in ("problem", "dim", "instance")]
    f_opt = runs.f_opt.astype(float).groupby(instance).transform("max")  # a skipped run does not know it
    best = progress(runs, trajectories).groupby("run").best.min()
    f_best = runs.run.map(best).groupby(instance).transform("min")
    f_first = runs["first"].astype(float)
    gain = (f_first - f_best).where(np.isfinite(f_first) & np.isfinite(f_best))
    improved = gain.groupby(instance).transform("max") > 0
    parts = [
        pd.DataFrame({"run": runs.run, "kind": "gap", "target": gap, "f_target": f_opt + gap})[f_opt.notna()]
        for gap in gaps
    ] + [
        pd.DataFrame(
            {"run": runs.run, "kind": "share", "target": share, "f_target": (f_best + share * gain).where(improved)}
        )[f_opt.isna()]
        for share in shares
    ]
    return pd.concat(parts, ignore_index=True)
