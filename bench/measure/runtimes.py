"""What it cost to reach each target."""

from collections.abc import Mapping, Sequence

import numpy as np

from bench.measure.progress import Frame, progress
from bench.measure.targets import targets


def runtimes(
    runs: Frame,
    trajectories: Frame,
    prices: Mapping[str, float] | None = None,
    gaps: Sequence[float] | None = None,
) -> Frame:
    """The cost at which each run first reached each of its targets: columns run, kind, target, runtime.

    gaps: targets to read instead of the usual ones (see `targets`).
    runtime: inf where it never did, for whatever reason; 0 where the start is good enough.
    """
    import pandas as pd

    asked = targets(runs, trajectories, gaps)
    asked = asked.assign(f_target=asked.f_target.fillna(-np.inf)).sort_values("f_target", kind="stable")
    # best never rises along a run, so the highest value at or below the target is the first that reached it
    events = progress(runs, trajectories, prices).drop_duplicates(["run", "best"]).sort_values("best", kind="stable")
    reached = pd.merge_asof(
        asked, events.astype({"run": asked.run.dtype}), left_on="f_target", right_on="best", by="run"
    )
    reached = reached.assign(runtime=reached.cost.fillna(np.inf)).sort_values(
        ["run", "kind", "target"], ascending=[True, True, False], ignore_index=True
    )
    return reached[["run", "kind", "target", "runtime"]]
