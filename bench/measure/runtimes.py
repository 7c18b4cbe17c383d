"""What it cost to reach each target."""

from collections.abc import Sequence

import numpy as np

from bench.core.ledger import QUESTIONS
from bench.measure.frames import Frame, checked
from bench.measure.prices import Prices, priced
from bench.measure.progress import progress, spent
from bench.measure.targets import FRACTIONS, GAPS, targets

COUNTS = (*QUESTIONS, "inside", "outside")


def hits(
    runs: Frame,
    trajectories: Frame,
    gaps: Sequence[float] = GAPS,
    fractions: Sequence[float] = FRACTIONS,
    by: str = "known",
) -> Frame:
    """Each run and each of its targets (see `targets`), with what had been asked when it was first reached.

    Columns run, kind, target, f_target, the raw counts of each question, inside and outside: NaN where it never
    was, for whatever reason. Prices do not matter yet: see `runtimes`. runs: complete ones.
    """
    goals = targets(runs, trajectories, gaps, fractions, by)
    goals = goals.sort_values(["run", "kind", "target"], ascending=[True, True, False], ignore_index=True)
    events = progress(runs, trajectories)
    best = events.best.to_numpy()
    run = events.run.to_numpy()
    # best never rises along a run: between its first event and its last, halve where the target is reached
    f_target = goals.f_target.fillna(-np.inf).to_numpy(float)
    low, end = (np.searchsorted(run, goals.run.to_numpy(), side=side) for side in ("left", "right"))
    high = end
    while (open_ := low < high).any():
        middle = (low + high) // 2
        above = open_ & (best[np.where(open_, middle, 0)] > f_target)
        low, high = np.where(above, middle + 1, low), np.where(open_ & ~above, middle, high)
    first = np.where(low < end, low, -1)
    counts = {
        name: np.where(first >= 0, events[name].to_numpy(float)[first] if len(events) else np.nan, np.nan)
        for name in COUNTS
        if name in events
    }
    return goals.assign(**counts)


def runtimes(runs: Frame, hits: Frame, prices: Prices = None) -> Frame:
    """The cost at which each run first reached each of its targets: columns run, kind, target, f_target, runtime,
    spent.

    runs: complete ones. hits: of `hits`. runtime: inf where it never did, for whatever reason; 0 where the start is
    good enough. spent: what the whole run cost. Both are NaN where the price is not known: the wall clock of a run that
    was not alone.
    """
    hits = checked(hits, "hits")
    facts = runs.assign(spent=spent(runs, prices)).set_index("run")[["rows", "dim", "lanes", "spent"]]
    facts = facts.reindex(hits.run)
    total = facts.spent.to_numpy(float)
    runtime = priced(hits, facts, prices)
    never = hits[[name for name in COUNTS if name in hits]].isna().all(axis=1).to_numpy()
    runtime = np.where(np.isnan(total), np.nan, np.where(never, np.inf, runtime))
    names = [name for name in ("run", "kind", "target", "f_target") if name in hits]
    return hits[names].assign(runtime=runtime, spent=total)
