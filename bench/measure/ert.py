"""Expected runtimes.

In all measures a run that never reaches a target counts as unsolved; nothing is dropped.
"""

from functools import lru_cache

import numpy as np
from threadpoolctl import threadpool_limits

from bench.core.status import Status, statuses
from bench.measure.comparison import View
from bench.measure.frames import CELL, Column, Frame
from bench.measure.inference import wilson
from bench.measure.levels import COVERAGE, FEWEST

RESAMPLES = 2000
ENDED_BY_TIME = (Status.DEADLINE, Status.CUT)  # before their budget, whatever they asked
GROUPS = 5_000  # resampled at a time, for the sake of memory

# products of many small matrices: BLAS threads that wait for the next one burn more time than they save
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")


def ert(view: View) -> Frame:
    """Expected runtime of each optimizer on each problem, dim and target: the cost spent by all runs until they reached
    the target or ended, over the number that reached it (Hansen et al. 2022, doi:10.1109/TEVC.2022.3210897).

    Columns problem, dim, scored, optimizer, order, kind, target, ert (inf where no run reached it, and in seconds where
    one was killed; NaN where all were skipped, or their cost is not known), successes, runs (without those), success:
    the lower end of the 95 % interval of the probability to reach it (see `bench.measure.inference.wilson`), low, high:
    the 95 % interval of the ERT, see `intervals`. All three are NaN below 5 runs. high is inf where no run reached the
    target, and else NaN where it is not known what a run would cost that spends its budget: of imported runs, of those
    that a deadline ended, and in seconds.
    """
    import pandas as pd

    names = [*CELL, "scored", "optimizer", "order"]
    runs, reached = view.runs, view.reached
    group = runs.assign(group=runs.groupby(names).ngroup(), skipped=runs.status.isin(statuses("ran", False)))
    group = group.assign(slot=view.layout.slots)
    heads = group.drop_duplicates("group").set_index("group").sort_index()[names]
    facts = group.set_index("run")[["group", "skipped", "slot"]].reindex(reached.run)
    kinds = reached[["kind", "target"]].drop_duplicates().sort_values(["kind", "target"], ascending=[True, False])
    goal = pd.MultiIndex.from_frame(kinds).get_indexer(pd.MultiIndex.from_frame(reached[["kind", "target"]]))
    code = facts["group"].to_numpy(np.int64) * max(len(kinds), 1) + goal
    order = np.lexsort((facts.slot, code))  # within a group by start: the same resamples pair the runs of optimizers
    code = code[order]
    runtime, spent = (reached[name].to_numpy(float)[order] for name in ("runtime", "spent"))
    ran = ~facts.skipped.to_numpy(bool)[order] & ~np.isnan(spent)
    solved = ran & np.isfinite(runtime)
    cost = np.where(solved, runtime, np.where(ran, spent, 0.0))
    begin = np.flatnonzero(np.r_[True, code[1:] != code[:-1]]) if len(code) else np.empty(0, dtype=int)
    successes, n = (np.add.reduceat(x, begin, dtype=np.int64) if len(begin) else begin for x in (solved, ran))
    total = np.add.reduceat(cost, begin) if len(begin) else np.empty(0)
    value = np.where(n > 0, _ratio(total, successes), np.nan)
    whole = _budgets(view).reindex(reached.run).to_numpy()[order]
    whole = np.maximum.reduceat(np.where(ran, whole, 0.0), begin) if len(begin) else np.empty(0)
    low, high = (_decimal(end) for end in intervals(cost[ran], solved[ran], n, whole))
    success, _ = wilson(successes / np.maximum(n, 1), np.maximum(n, 1))
    success = np.where(n >= FEWEST, success, np.nan)
    answer = heads.iloc[code[begin] // max(len(kinds), 1)].reset_index(drop=True)
    answer[["kind", "target"]] = kinds.iloc[code[begin] % max(len(kinds), 1)].to_numpy()
    answer = answer.astype({"kind": "str", "target": float})
    answer = answer.assign(ert=value, successes=successes, runs=n, success=success, low=low, high=high)
    rank = [*CELL, "order", "optimizer", "kind", "target"]
    return answer.sort_values(rank, ascending=[True] * 5 + [False], ignore_index=True)


def hardest(table: Frame) -> Frame:
    """The target of each problem and dim at which one table compares all: the hardest that some optimizer reached in
    half of its runs, beyond what the start reached; else that some run reached; else the easiest. table: of `ert`.
    Columns problem, dim, kind, target, reached (whether any run did)."""
    reached = (table.successes > 0) & ~(table.ert <= 0)
    rank = table.assign(rank=np.select([reached & (2 * table.successes >= table.runs), reached], [0, 1], 2))
    rank = rank.assign(level=rank.target.where(rank["rank"] < 2, -rank.target), reached=rank["rank"] < 2)
    first = rank.sort_values([*CELL, "rank", "level"], kind="stable").drop_duplicates(CELL)
    return first[[*CELL, "kind", "target", "reached"]]


def _budgets(view: View) -> Column:
    """What each run would have cost, had it spent its whole budget on such questions, by the column run of its runs.

    NaN where that is not known: see `ert`. 0 where nothing was asked for: other runs say it.
    """
    import pandas as pd

    runs = view.runs
    spent = view.reached.groupby("run").spent.first().reindex(runs.run).to_numpy(float)
    cost, budget = (runs[name].to_numpy(float) for name in ("cost", "budget"))
    ratio = np.divide(spent, cost, out=np.zeros(len(runs)), where=(cost > 0) & (spent > 0))
    unknown = runs.imported | runs.status.isin(ENDED_BY_TIME) | view.rule.seconds
    whole = np.minimum(np.maximum(budget * ratio, spent), view.within)
    return pd.Series(np.where(unknown, np.nan, whole), index=runs.run)


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


@lru_cache(maxsize=64)
def _weights(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of n runs (n, R), Dirichlet, and of half a run beside them (R,), a Gamma(1/2) over a Gamma(n), at equally
    many quantiles; the same at each call, so that answers do not depend on their neighbours."""
    from scipy.special import betaincinv

    x = betaincinv(0.5, n, (np.arange(RESAMPLES) + 0.5) / RESAMPLES)
    runs = np.random.default_rng(0).dirichlet(np.ones(n), RESAMPLES).T
    # single precision halves the time, and an interval needs no more
    return runs.astype(np.float32), (x / (1 - x)).astype(np.float32)


@one_thread
def intervals(
    cost: np.ndarray, solved: np.ndarray, sizes: np.ndarray, budget: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The ends (groups,) of 95 % intervals of the ERT of so many runs each (groups,), which stand one group behind the
    other: cost and solved (runs,), see `ert`.

    The Bayesian bootstrap (Rubin 1981, doi:10.1214/aos/1176345338) with half a run more, which stands for what was not
    seen: for the upper end one that spends its whole budget (groups,) in vain, for the lower one that succeeds at once.
    With a whole such run it would be Gaffke's bound for the mean of a bounded variable (2005, Mathematical Methods of
    Statistics 14; Learned-Miller & Thomas 2019, arXiv:1905.06208), which is wider than it need be.
    NaN below 5 runs. high: inf without a success; else NaN where the budget is (not known).
    """
    low, high = np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)
    endless = np.isinf(cost)  # that of a killed run, in seconds
    cost, solved = np.where(endless, 0.0, cost).astype(np.float32), solved.astype(np.float32)
    begin = np.cumsum(sizes) - sizes
    tail = int(RESAMPLES * (1 - COVERAGE) / 2) - 1
    for n in np.unique(sizes[sizes >= FEWEST]):
        weights, extra = _weights(int(n))
        of_size = np.flatnonzero(sizes == n)
        for groups in np.array_split(of_size, -(-len(of_size) // GROUPS)):
            rows = begin[groups, None] + np.arange(n)
            total, successes = cost[rows] @ weights, solved[rows] @ weights
            low[groups] = np.partition(total / (successes + extra), tail, axis=1)[:, tail]
            bounded = np.isfinite(budget[groups]) & solved[rows].any(axis=1)
            total, successes = total[bounded], successes[bounded]
            total += budget[groups][bounded, None].astype(np.float32) * extra
            total /= successes
            high[groups[bounded]] = np.partition(total, RESAMPLES - 1 - tail, axis=1)[:, RESAMPLES - 1 - tail]
            high[groups[~solved[rows].any(axis=1) | endless[rows].any(axis=1)]] = np.inf
    return low, high
