"""Expected runtimes.

In all measures a run that never reaches a target counts as unsolved; nothing is dropped.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.frames import CELL, Frame
from bench.measure.levels import COVERAGE, FEWEST

RESAMPLES = 1000
GROUPS = 10_000  # resampled at a time, for the sake of memory

# products of many small matrices: BLAS threads that wait for the next one burn more time than they save
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")


def ert(view: View) -> Frame:
    """Expected runtime of each optimizer on each problem, dim and target: the cost spent by all runs until they reached
    the target or ended, over the number that reached it (Hansen et al. 2022, doi:10.1109/TEVC.2022.3210897).

    Columns problem, dim, scored, optimizer, order, kind, target, ert (inf where no run reached it, and in seconds where
    one was killed; NaN where all were skipped, or their cost is not known), successes, runs (without those), low, high:
    a bootstrap interval, NaN below 5 runs; nominally of 95 %, in truth too short below about 15. Where no run of n
    reached it, low is the mean cost over the success probability that n failures still allow, 1 - 0.05^(1/n) (Hanley &
    Lippman-Hand 1983, doi:10.1001/jama.1983.03330370053031), and high is inf.
    """
    import pandas as pd

    names = [*CELL, "scored", "optimizer", "order"]
    runs, reached = view.runs, view.reached
    group = runs.assign(group=runs.groupby(names).ngroup(), skipped=runs.status.isin(statuses("ran", False)))
    heads = group.drop_duplicates("group").set_index("group").sort_index()[names]
    facts = group.set_index("run")[["group", "skipped"]].reindex(reached.run)
    kinds = reached[["kind", "target"]].drop_duplicates().sort_values(["kind", "target"], ascending=[True, False])
    goal = pd.MultiIndex.from_frame(kinds).get_indexer(pd.MultiIndex.from_frame(reached[["kind", "target"]]))
    code = facts["group"].to_numpy(np.int64) * max(len(kinds), 1) + goal
    order = np.argsort(code, kind="stable")  # within a group by run: the same resamples pair the runs of optimizers
    code = code[order]
    runtime, spent = (reached[name].to_numpy(float)[order] for name in ("runtime", "spent"))
    ran = ~facts.skipped.to_numpy(bool)[order] & ~np.isnan(spent)
    solved = ran & np.isfinite(runtime)
    cost = np.where(solved, runtime, np.where(ran, spent, 0.0))
    begin = np.flatnonzero(np.r_[True, code[1:] != code[:-1]]) if len(code) else np.empty(0, dtype=int)
    successes, n = (np.add.reduceat(x, begin, dtype=np.int64) if len(begin) else begin for x in (solved, ran))
    total = np.add.reduceat(cost, begin) if len(begin) else np.empty(0)
    value = np.where(n > 0, _ratio(total, successes), np.nan)
    low, high = (_decimal(end) for end in _intervals(cost[ran], solved[ran], n, successes))
    never = (successes == 0) & (n >= FEWEST)
    allowed = 1 - (1 - COVERAGE) ** (1 / np.maximum(n, 1))
    low = np.where(never, np.divide(total, n, out=np.zeros(len(n)), where=n > 0) / allowed, low)
    high = np.where(never, np.inf, high)
    answer = heads.iloc[code[begin] // max(len(kinds), 1)].reset_index(drop=True)
    answer[["kind", "target"]] = kinds.iloc[code[begin] % max(len(kinds), 1)].to_numpy()
    answer = answer.astype({"kind": "str", "target": float})
    answer = answer.assign(ert=value, successes=successes, runs=n, low=low, high=high)
    rank = [*CELL, "order", "optimizer", "kind", "target"]
    return answer.sort_values(rank, ascending=[True] * 5 + [False], ignore_index=True)


def _ratio(cost: np.ndarray, successes: np.ndarray) -> np.ndarray:
    return np.divide(cost, successes, out=np.full(cost.shape, np.inf, dtype=cost.dtype), where=successes > 0)


def _decimal(x: np.ndarray) -> np.ndarray:
    """Numbers of single precision (n,) as decimals of six digits: the others are noise."""
    decimals = x.copy()
    finite = np.isfinite(x) & (x > 0)
    digits = 5 - np.floor(np.log10(x[finite]))  # behind the point
    whole = np.round(x[finite] * 10.0**digits)
    up, down = (10.0 ** np.maximum(power, 0) for power in (-digits, digits))
    decimals[finite] = np.where(digits > 0, whole / down, whole * up)
    return decimals


@one_thread
def _intervals(
    cost: np.ndarray, solved: np.ndarray, sizes: np.ndarray, successes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile intervals of the ERT (groups,) over resampled runs (Efron 1979, doi:10.1214/aos/1176344552); NaN
    where there are too few runs, or no success."""
    low, high = np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)
    endless = np.isinf(cost)  # that of a killed run, in seconds; times 0 it would be NaN
    cost, solved = np.where(endless, 0.0, cost).astype(np.float32), solved.astype(np.float32)
    begin = np.cumsum(sizes) - sizes
    tail = int(RESAMPLES * (1 - COVERAGE) / 2)
    resampled = (sizes >= FEWEST) & (successes > 0)
    for n in np.unique(sizes[resampled]):
        rng = np.random.default_rng(0)  # the same resamples for every group: answers do not depend on their neighbours
        # how often each run is drawn; single precision halves the time, and an interval needs no more
        weights = rng.multinomial(n, np.full(n, 1 / n), RESAMPLES).T.astype(np.float32)
        of_size = np.flatnonzero(resampled & (sizes == n))
        for groups in np.array_split(of_size, -(-len(of_size) // GROUPS)):
            rows = begin[groups, None] + np.arange(n)
            ratios = _ratio(cost[rows] @ weights, solved[rows] @ weights)
            if endless[rows].any():
                ratios[endless[rows].astype(np.float32) @ weights > 0] = np.inf
            ratios.partition((tail, RESAMPLES - 1 - tail), axis=1)
            low[groups], high[groups] = ratios[:, tail], ratios[:, RESAMPLES - 1 - tail]
    return low, high
