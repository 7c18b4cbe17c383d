"""Which optimizer for which problem, and what went wrong."""

from bench.measure.progress import Frame, complete, joined

CELL = ["problem", "dim"]
TROUBLE = ("crashed", "killed", "diverged", "deadline", "skipped")


def best_optimizers(table: Frame) -> Frame:
    """The answer: on each problem and dim the best optimizer of all, and of each order. table: of `ert`.

    Rule: take the hardest target that some optimizer reached in at least half of its runs (where there is none: in any
    run), beyond what the start reached already; the best is the one of those with the least ERT. Its rivals are all
    others whose interval at that target begins at or below the end of its own, infinite ends included; without
    intervals, all others.

    Columns problem, dim, among ("all", "0", "1", "2"), optimizer ("" where none reached anything), order, kind, target,
    ert, low, high, successes, runs, compared (optimizers run), clear (no rivals), rivals (joined by "; ", best first).
    """
    everyone = table.assign(among="all")
    each = table.assign(among=table.order.astype(int).astype(str))
    both = joined([everyone, each], [])
    scope = [*CELL, "among"]
    ran = both[both.runs > 0]
    asked = both[scope].drop_duplicates().sort_values(scope)
    compared = ran.groupby(scope).optimizer.nunique().rename("compared").reset_index()
    reached = ran[(ran.successes > 0) & (ran.ert > 0)]
    rare = reached.successes * 2 < reached.runs
    ranked = reached.assign(rare=rare).sort_values(["rare", "target", "ert", "optimizer"])
    winners = ranked.groupby(scope).head(1).drop(columns="rare")
    answer = asked.merge(compared, how="left", on=scope).merge(winners, how="left", on=scope)
    answer = answer.merge(_rivals(ran, winners, scope), how="left", on=scope)
    answer = answer.fillna({"optimizer": "", "kind": "", "rivals": "", "compared": 0, "successes": 0, "runs": 0})
    answer = answer.astype({"order": "Int64", "compared": int, "successes": int, "runs": int}).assign(
        clear=(answer.rivals == "") & (answer.optimizer != "")
    )
    columns = ["optimizer", "order", "kind", "target", "ert", "low", "high", "successes", "runs", "compared", "clear"]
    return answer.sort_values(scope, ignore_index=True)[[*scope, *columns, "rivals"]]


def _rivals(ran: Frame, winners: Frame, scope: list[str]) -> Frame:
    """The names of those that cannot be told from each winner."""
    best = winners[[*scope, "kind", "target", "optimizer", "high"]].rename(
        columns={"optimizer": "winner", "high": "end"}
    )
    others = ran.merge(best, on=[*scope, "kind", "target"])
    overlap = ~(others.low > others.end)  # also where either is not known
    others = others[overlap & (others.optimizer != others.winner)].sort_values(["ert", "optimizer"])
    return others.groupby(scope).optimizer.agg("; ".join).rename("rivals").reset_index()


def endings(runs: Frame) -> Frame:
    """How many runs of each optimizer ended how: columns optimizer, order, status, runs."""
    runs = complete(runs)
    return (
        runs.groupby(["order", "optimizer", "status"])
        .size()
        .rename("runs")
        .reset_index()[["optimizer", "order", "status", "runs"]]
    )


def failures(runs: Frame) -> Frame:
    """Runs that ended without an answer, those of one cause together: columns status, problem, dim, optimizer, runs,
    reason (the last line of the error), error (all of it). Statuses crashed, killed, diverged, deadline, skipped."""
    failed = complete(runs)
    failed = failed[failed.status.isin(TROUBLE)]
    failed = failed.assign(error=failed.error.fillna("").astype(str))
    counted = failed.groupby(["status", *CELL, "optimizer", "error"]).size().rename("runs").reset_index()
    lines = counted.error.str.strip().str.split("\n").str[-1]
    counted = counted.assign(reason=lines, rank=counted.status.map({name: n for n, name in enumerate(TROUBLE)}))
    counted = counted.sort_values(["rank", *CELL, "optimizer", "reason"], ignore_index=True)
    return counted[["status", *CELL, "optimizer", "runs", "reason", "error"]]
