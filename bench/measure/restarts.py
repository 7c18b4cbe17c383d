"""Runtimes as if every method began again after each failure."""

import numpy as np

from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.frames import CELL, Frame

GROUP = [*CELL, "optimizer", "kind", "target"]


def restarted(view: View, samples: int = 100, seed: int = 0) -> Frame:
    """Simulated restarts: for each optimizer, problem, dim and target runs are drawn with replacement until one reaches
    the target; the runtime is what those before it spent, and its own (Hansen et al. 2021,
    doi:10.1080/10556788.2020.1808977). Its expectation is the ERT; none of it was measured.

    Runs on all instances of a problem are drawn from, but not those whose cost
    is not known, and skipped ones only where all were. All groups share the draws, so that optimizers with the same
    seeds stay paired, and no answer depends on its neighbours.
    Columns run (the first that was drawn), kind, target, runtime, spent: as of `runtimes`, samples rows a group;
    runtime and spent are inf where no run reached the target. Raises ValueError for samples below 1.
    """
    if samples < 1:
        raise ValueError(f"samples must be >= 1, got {samples}")
    facts = view.runs.set_index("run")[[*CELL, "optimizer", "status"]]
    pool = view.reached[view.reached.runtime.notna()].join(facts, on="run")
    pool = pool.assign(group=pool.groupby(GROUP).ngroup().astype(int), ran=pool.status.isin(statuses("ran")))
    pool = pool[pool.ran | ~pool.groupby("group").ran.transform("any").astype(bool)]
    pool = pool.sort_values(["group", "run"], ignore_index=True)
    runtime, spent = (pool[name].to_numpy(float) for name in ("runtime", "spent"))
    solved = np.isfinite(runtime)
    sizes = np.bincount(pool.group)  # of each group; its runs begin at
    begin = np.cumsum(sizes) - sizes
    solvable = np.bincount(pool.group, weights=solved) > 0

    rng = np.random.default_rng(seed)
    first = begin[:, None] + (rng.random(samples) * sizes[:, None]).astype(int)  # (groups, samples)
    total = np.where(solvable[:, None], np.zeros(samples), np.inf)
    row, sample = np.nonzero(np.isfinite(total))
    run = first[row, sample]
    while len(row):
        total[row, sample] += np.where(solved[run], runtime[run], spent[run])
        row, sample = row[~solved[run]], sample[~solved[run]]
        run = begin[row] + (rng.random(samples)[sample] * sizes[row]).astype(int)
    answer = pool[["run", "kind", "target"]].iloc[first.ravel()].reset_index(drop=True)
    return answer.assign(runtime=total.ravel(), spent=total.ravel())
