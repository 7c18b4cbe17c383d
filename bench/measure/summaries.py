"""Which optimizer for which problem, and what went wrong."""

from math import comb

import numpy as np

from bench.core.status import Status, statuses
from bench.measure.progress import CELL, Frame, joined

SURE = 0.025
LATE = 10**0.1  # a runtime read at ten checkpoints a decade of cost is up to this factor above the true one


def best_optimizers(table: Frame, limits: Frame | None = None) -> Frame:
    """The answer: on each problem and dim the best optimizer of all, and of each order. table: of `ert`; limits: of
    `strata.limits_of_cells`, by default none.

    Rule: take the hardest target that some optimizer reached in at least half of its runs (where there is none: in any
    run), beyond what the start reached already; the best is the one of those with the least ERT. Its rivals are all
    others whose interval at that target begins at or below the end of its own, infinite ends included; without
    intervals, all others. On scored problems, where runtimes are late, the beginnings count as 26 % earlier. One that
    never reached the target is no rival where that is no chance either: Fisher's exact test of its successes against
    those of the winner, one-sided, p <= 0.025 (Fisher 1934; 5/5 or 4/5 against 0/5 is that sure, 3/5 is not).
    On problems with a limit, where a budget ended some before others, nobody is told from a winner whose interval ends
    beyond it.

    Columns problem, dim, among ("all", "0", "1", "2"), optimizer ("" where none reached anything), order, kind, target,
    ert, low, high, successes, runs, compared (optimizers that were asked for that target; without one, that ran), clear
    (others were compared and none is a rival), tied (how many of the rivals, from the first, have the same ERT), rivals
    (joined by "; ", best first).
    """
    everyone = table.assign(among="all")
    each = table.assign(among=table.order.astype(int).astype(str))
    both = joined([everyone, each], [])
    scope = [*CELL, "among"]
    ran = both[both.runs > 0]
    asked = both[scope].drop_duplicates().sort_values(scope)
    present = ran.groupby(scope).optimizer.nunique().rename("present").reset_index()
    reached = ran[(ran.successes > 0) & (ran.ert > 0)]
    rare = reached.successes * 2 < reached.runs
    ranked = reached.assign(rare=rare).sort_values(["rare", "target", "ert", "optimizer"])
    winners = ranked.groupby(scope).head(1).drop(columns="rare")
    answer = asked.merge(present, how="left", on=scope).merge(winners, how="left", on=scope)
    if limits is not None:
        winners = winners.merge(limits, how="left", on=CELL)
    answer = answer.merge(_comparison(ran, winners, scope), how="left", on=scope)
    answer = answer.assign(compared=answer.compared.fillna(answer.present))
    counts = ["successes", "runs", "compared", "tied"]
    answer = answer.fillna({"optimizer": "", "kind": "", "rivals": "", **dict.fromkeys(counts, 0)})
    answer = answer.astype({"order": "Int64", **dict.fromkeys(counts, int)})
    answer = answer.assign(clear=(answer.optimizer != "") & (answer.compared > 1) & (answer.rivals == ""))
    columns = ["optimizer", "order", "kind", "target", "ert", "low", "high", "successes", "runs", "compared", "clear"]
    return answer.sort_values(scope, ignore_index=True)[[*scope, *columns, "tied", "rivals"]]


def _comparison(ran: Frame, winners: Frame, scope: list[str]) -> Frame:
    """Who was compared with each winner at its target, and cannot be told from it: columns compared, rivals, tied."""
    best = winners.assign(limit=winners.get("limit", np.inf))
    best = best[[*scope, "kind", "target", "optimizer", "ert", "high", "successes", "runs", "limit"]]
    names = {"optimizer": "winner", "ert": "least", "high": "end", "successes": "wins", "runs": "of"}
    best = best.rename(columns=names)
    asked = ran.merge(best, on=[*scope, "kind", "target"])
    begin = asked.low / np.where(asked.scored, LATE, 1.0)
    asked = asked.assign(tie=asked.ert == asked.least)
    worse = (begin > asked.end) | (asked.successes == 0) & (_chance(asked) <= SURE)
    worse &= ~(asked.end > asked.limit)
    close = asked[(asked.optimizer != asked.winner) & (asked.tie | ~worse)]  # also where an end is not known
    close = close.sort_values(["ert", "optimizer"]).groupby(scope)
    names = close.agg(rivals=("optimizer", "; ".join), tied=("tie", "sum"))
    return asked.groupby(scope).optimizer.nunique().rename("compared").to_frame().join(names).reset_index()


def _chance(asked: Frame) -> np.ndarray:
    """The probability that all successes fall to the winner, were both as good: C(n, k) / C(n + m, k) where the winner
    has k of n, the other 0 of m."""
    cases = zip(asked.wins.astype(int), asked.of.astype(int), asked.runs.astype(int), strict=True)
    return np.array([comb(n, k) / comb(n + m, k) for k, n, m in cases])


def answers(scores: Frame, duels: Frame) -> Frame:
    """The answer for whole families of problems: for each family and budget the optimizer that reached most targets, of
    all and of each order. scores, duels: of `bench.measure.statistics`.

    Compared are those that were planned on every problem of the family, could run on some of them, and whose cost is
    known. The rivals of the best are all that the duels cannot tell from it (by Holm over all pairs of that family and
    budget), best first. enough: whether at least half of those compared are told from it, or of its rivals could have
    been with so many runs.
    Columns family, budget, among ("all", "0", "1", "2"), optimizer ("" where there is none), reason (then: "cannot be
    run", "none met all" problems of the family at a known cost, "nothing solved"), order, solved, low, high, runs,
    problems, cut (of them, those with a limit: see `scores`), compared, clear (others were compared, and none is a
    rival), enough, rivals (joined by "; ").
    """
    import pandas as pd

    scores = scores.assign(whole=(scores.problems == scores.of) & (scores.ran > 0) & scores.solved.notna())
    told = duels[duels.sure]
    scope = ["family", "budget", "optimizer"]
    sure = {key: set(part.rival) for key, part in told.groupby(scope)}
    enough = {key: set(part.rival) for key, part in duels[duels.enough].groupby(scope)}
    rows = []
    both = [("all", scores), *((str(order), part) for order, part in scores.groupby("order"))]
    for among, some in both:
        for (family, budget), part in some.groupby(["family", "budget"], sort=False):
            row = {"family": family, "budget": budget, "among": among, "problems": part["of"].iloc[0]}
            row["cut"] = part.cut.iloc[0]
            began, part = (part.ran > 0).any(), part[part.whole]
            part = part.sort_values(["solved", "optimizer"], ascending=[False, True])
            row |= {"compared": len(part), "reason": ""}
            if not (part.solved > 0).any():
                row["reason"] = "nothing solved" if len(part) else "none met all" if began else "cannot be run"
                rows.append({**row, "optimizer": "", "clear": False, "enough": False, "rivals": ""})
                continue
            best = part.iloc[0]
            key = (family, budget, best.optimizer)
            rivals = [name for name in part.optimizer[1:] if name not in sure.get(key, ())]
            tellable = sum(name in enough.get(key, ()) for name in rivals)
            row["enough"] = 2 * len(rivals) <= len(part) - 1 or 2 * tellable >= len(rivals)
            row |= {name: best[name] for name in ("optimizer", "order", "solved", "low", "high", "runs")}
            rows.append({**row, "clear": len(part) > 1 and not rivals, "rivals": "; ".join(rivals)})
    frame = pd.DataFrame(rows, columns=list(ANSWERS)).astype({"order": "Int64", "runs": "Int64"})
    place = {name: n for n, name in enumerate(dict.fromkeys(scores.family))}
    return frame.sort_values(["family", "budget", "among"], key=lambda c: c.map(place) if c.name == "family" else c,
                             ascending=[True, True, False], ignore_index=True)  # fmt: skip


ANSWERS = (
    "family", "budget", "among", "optimizer", "reason", "order", "solved", "low", "high", "runs", "problems", "cut",
    "compared", "clear", "enough", "rivals",
)  # fmt: skip


def endings(runs: Frame) -> Frame:
    """How many runs (complete ones) of each optimizer ended how: columns optimizer, order, status, runs."""
    return (
        runs.groupby(["order", "optimizer", "status"])
        .size()
        .rename("runs")
        .reset_index()[["optimizer", "order", "status", "runs"]]
    )


def failures(runs: Frame) -> Frame:
    """Runs that ended without an answer, those of one cause together: columns status, problem, dim, optimizer, runs,
    reason (the last line of the error), error (all of it); the worst first, see `Status.trouble`."""
    failed = runs[runs.status.isin(statuses("trouble"))]
    failed = failed.assign(error=failed.error.fillna("").astype(str))
    counted = failed.groupby(["status", *CELL, "optimizer", "error"]).size().rename("runs").reset_index()
    lines = counted.error.str.strip().str.split("\n").str[-1]
    counted = counted.assign(reason=lines, rank=counted.status.map(lambda status: Status(status).trouble))
    counted = counted.sort_values(["rank", *CELL, "optimizer", "reason"], ignore_index=True)
    return counted[["status", *CELL, "optimizer", "runs", "reason", "error"]]
