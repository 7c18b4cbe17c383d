"""What is decided of a comparison: the best optimizer of each problem and family, its rivals, and at which costs.

The words for it are in `bench.measure.words`, the thresholds in `bench.measure.levels`.
"""

from math import comb

import numpy as np

from bench.core.status import statuses
from bench.measure import words
from bench.measure.comparison import View
from bench.measure.ecdf import default_costs
from bench.measure.ert import ert
from bench.measure.frames import CELL, COLUMNS, Frame, checked
from bench.measure.levels import FISHER, LATE
from bench.measure.progress import joined
from bench.measure.statistics import duels, ran, scores
from bench.measure.strata import ALL, ROUNDING
from bench.measure.words import CANNOT_RUN, NOT_ON_ALL, NOTHING_REACHED, SKIPPED, UNKNOWN

SCOPE = [*CELL, "among"]  # what a best optimizer is of
BUDGETS = 4  # at most, for which the answer is given


def budgets(view: View) -> list[float]:
    """At most four costs at which the answer is given: decades within the data, and the last, the most that counts on
    some problem: what the longest run spent there, or its limit (see `bench.measure.strata.limits`)."""
    import pandas as pd

    reached = view.reached
    limit = pd.Series(view.limits, index=view.runs.run).reindex(reached.run).to_numpy()
    low = float(default_costs(reached, 2)[0])
    spent = reached.spent.to_numpy(float)
    high = float(np.minimum(spent, limit)[spent < np.inf].max(initial=0.0))
    if not high > 0:
        return []
    unit = 10.0 ** (np.floor(np.log10(high)) - 1)
    last = float(f"{np.ceil(high / unit * (1 - 10 * ROUNDING)) * unit:.3g}")  # the next number of two digits
    decades = 10.0 ** np.arange(np.ceil(np.log10(low) + 0.3), np.log10(last / 1.99))
    costs = [float(f"{cost:.3g}") for cost in (*decades, last)]
    return [costs[int(place)] for place in np.unique(np.linspace(0, len(costs) - 1, BUDGETS).round())]


def best(view: View) -> Frame:
    """See `best_optimizers`; with reason: why there is none, where there is none."""
    table = best_optimizers(view.of(ert), view.limits_of_cells)
    runs = view.runs.assign(began=view.runs.status.isin(statuses("ran")))
    both = joined([runs.assign(among=ALL), runs.assign(among=runs.order.astype(str))], [])
    began = table[SCOPE].merge(both.groupby(SCOPE).began.any().reset_index(), how="left", on=SCOPE).began
    reason = np.where(~began.astype(bool), SKIPPED, np.where(table.compared == 0, UNKNOWN, NOTHING_REACHED))
    return table.assign(reason=np.where(table.optimizer == "", reason, ""))


def answer(view: View) -> Frame:
    """See `answers`, at each of the `budgets`; with fewest, the least runs of an optimizer on a problem."""
    at = view.of(budgets)
    counts = ran(view).sum(axis=2)  # (C, O)
    members = zip(view.layout.families, view.layout.member, strict=True)
    fewest = {family: _ends(counts[cells])[0] for family, cells in members}
    table = answers(view.of(scores, at), view.of(duels, at))
    return table.assign(fewest=table.family.map(fewest))


def _ends(counts: np.ndarray) -> tuple[int, int]:
    """The least and the most of those counts that are not 0; 0 where there are none."""
    positive = counts[counts > 0]
    return (int(positive.min()), int(positive.max())) if positive.size else (0, 0)


def caption(view: View) -> str:
    """What the answer by family rests on: see `bench.measure.words.caption`."""
    table = view.of(answer)
    limited = view.limits_of_cells.limit < np.inf
    return words.caption(_ends(ran(view).sum(axis=2)), _ends(table.tests.to_numpy(int)), limited.sum(), len(limited))


def best_optimizers(table: Frame, limits: Frame | None = None) -> Frame:
    """The answer: on each problem and dim the best optimizer of all, and of each order. table: of `ert`; limits: of
    `strata.limits_of_cells`, by default none.

    Rule: take the hardest target that some optimizer reached in at least half of its runs (where there is none: in any
    run), beyond what the start reached already; the best is the one of those with the least ERT. Its rivals are all
    others whose interval at that target begins at or below the end of its own, infinite ends included; without
    intervals, all others. On scored problems, where runtimes are late, the beginnings count as 26 % earlier. One that
    never reached the target is no rival where Fisher's exact test of its successes against those of the winner,
    one-sided, is significant: p <= 0.025 (Fisher 1934; 5/5 or 4/5 against 0/5 is, 3/5 is not). On problems with a
    limit, where a budget ended some before others, a winner whose interval ends beyond it beats no other.

    Columns problem, dim, among ("all", "0", "1", "2"), optimizer ("" where none reached anything), order, kind, target,
    ert, low, high, successes, runs, compared (optimizers that were asked for that target; without one, that ran),
    significant (others were compared and none is a rival), tied (how many of the rivals, from the first, have the same
    ERT), rivals (joined by "; ", best first).
    """
    table = checked(table, "ert")
    both = joined([table.assign(among=ALL), table.assign(among=table.order.astype(int).astype(str))], [])
    ran = both[both.runs > 0]
    answer = both[SCOPE].drop_duplicates().sort_values(SCOPE)
    present = ran.groupby(SCOPE).optimizer.nunique().rename("present").reset_index()
    reached = ran[(ran.successes > 0) & (ran.ert > 0)]
    rare = reached.successes * 2 < reached.runs
    ranked = reached.assign(rare=rare).sort_values(["rare", "target", "ert", "optimizer"])
    winners = ranked.groupby(SCOPE).head(1).drop(columns="rare")
    answer = answer.merge(present, how="left", on=SCOPE).merge(winners, how="left", on=SCOPE)
    if limits is not None:
        winners = winners.merge(limits, how="left", on=CELL)
    answer = answer.merge(_comparison(ran, winners), how="left", on=SCOPE)
    answer = answer.assign(compared=answer.compared.fillna(answer.present))
    counts = ["successes", "runs", "compared", "tied"]
    answer = answer.fillna({"optimizer": "", "kind": "", "rivals": "", **dict.fromkeys(counts, 0)})
    answer = answer.astype({"order": "Int64", **dict.fromkeys(counts, int)})
    alone = (answer.optimizer != "") & (answer.compared > 1) & (answer.rivals == "")
    return answer.assign(significant=alone).sort_values(SCOPE, ignore_index=True)[list(COLUMNS["best"])]


def _comparison(ran: Frame, winners: Frame) -> Frame:
    """How many were compared with each winner at its target, and who is not significantly worse: compared, rivals,
    tied."""
    best = winners.assign(limit=winners.get("limit", np.inf))
    best = best[[*SCOPE, "kind", "target", "optimizer", "ert", "high", "successes", "runs", "limit"]]
    names = {"optimizer": "winner", "ert": "least", "high": "end", "successes": "wins", "runs": "of"}
    best = best.rename(columns=names)
    asked_for = ran.merge(best, on=[*SCOPE, "kind", "target"])
    begin = asked_for.low / np.where(asked_for.scored, LATE, 1.0)
    asked_for = asked_for.assign(tie=asked_for.ert == asked_for.least)
    # that all successes fall to the winner, were both as good: C(n, k) / C(n + m, k) of k of n, the other 0 of m
    cases = asked_for[["wins", "of", "runs"]].astype(int).itertuples(index=False)
    chance = np.array([comb(n, k) / comb(n + m, k) for k, n, m in cases])
    worse = (begin > asked_for.end) | (asked_for.successes == 0) & (chance <= FISHER)
    worse &= ~(asked_for.end > asked_for.limit)
    # also where an end is not known
    close = asked_for[(asked_for.optimizer != asked_for.winner) & (asked_for.tie | ~worse)]
    close = close.sort_values(["ert", "optimizer"]).groupby(SCOPE)
    names = close.agg(rivals=("optimizer", "; ".join), tied=("tie", "sum"))
    return asked_for.groupby(SCOPE).optimizer.nunique().rename("compared").to_frame().join(names).reset_index()


def answers(scores: Frame, duels: Frame) -> Frame:
    """The answer for whole families of problems: for each family and budget the optimizer that reached most targets, of
    all and of each order. scores, duels: of `bench.measure.statistics`.

    Of equal fractions the one with the larger standing (see `bench.measure.statistics.scores`) is the best.
    Compared are those that were planned on every problem of the family, could run on some of them, and whose cost is
    known. The rivals of the best are all that it does not significantly beat (by Holm over all pairs of that family and
    budget), best first. enough: whether it significantly beats at least half of those compared, or could have beaten
    half of its rivals with so many runs.
    Columns family, budget, among ("all", "0", "1", "2"), optimizer ("" where there is none), reason (then: see
    `bench.measure.words`), order, solved, low, high, runs, problems, cut (of them, those with a limit: see `scores`),
    compared, significant (others were compared, and none is a rival), enough, rivals (joined by "; "), tied (how many
    of the rivals, from the first, reached as many), left (optimizers that are not compared), tests (pairs of Holm's
    adjustment).
    """
    import pandas as pd

    scores = scores.assign(whole=(scores.problems == scores.of) & (scores.ran > 0) & scores.solved.notna())
    scope = ["family", "budget", "optimizer"]
    beaten = {key: set(rows.rival) for key, rows in duels[duels.significant].groupby(scope)}
    enough = {key: set(rows.rival) for key, rows in duels[duels.enough].groupby(scope)}
    tests = duels[duels.adjusted.notna()].groupby(["family", "budget"]).size() // 2  # each pair stands there both ways
    table = []
    among_all = [(ALL, scores), *((str(order), rows) for order, rows in scores.groupby("order"))]
    for among, of_order in among_all:
        for (family, budget), rows in of_order.groupby(["family", "budget"], sort=False):
            row = {"family": family, "budget": budget, "among": among, "problems": rows["of"].iloc[0]}
            whole = rows[rows.whole].sort_values(["solved", "standing", "optimizer"], ascending=[False, False, True])
            row |= {"cut": rows.cut.iloc[0], "compared": len(whole), "left": len(rows) - len(whole), "reason": ""}
            row["tests"] = tests.get((family, budget), 0)
            if not (whole.solved > 0).any():
                reason = NOTHING_REACHED if len(whole) else NOT_ON_ALL if (rows.ran > 0).any() else CANNOT_RUN
                none = {"optimizer": "", "significant": False, "enough": False, "rivals": "", "tied": 0}
                table.append({**row, **none, "reason": reason})
                continue
            best = whole.iloc[0]
            key = (family, budget, best.optimizer)
            rivals = whole[1:][~whole.optimizer[1:].isin(beaten.get(key, set()))]
            beatable = rivals.optimizer.isin(enough.get(key, set())).sum()
            row["enough"] = 2 * len(rivals) <= len(whole) - 1 or 2 * beatable >= len(rivals)
            row |= {name: best[name] for name in ("optimizer", "order", "solved", "low", "high", "runs")}
            row |= {"rivals": "; ".join(rivals.optimizer), "tied": (rivals.standing == best.standing).sum()}
            table.append({**row, "significant": len(whole) > 1 and not len(rivals)})
    frame = pd.DataFrame(table, columns=list(COLUMNS["answers"])).astype({"order": "Int64", "runs": "Int64"})
    place = {name: n for n, name in enumerate(dict.fromkeys(scores.family))}
    return frame.sort_values(["family", "budget", "among"], key=lambda c: c.map(place) if c.name == "family" else c,
                             ascending=[True, True, False], ignore_index=True)  # fmt: skip
