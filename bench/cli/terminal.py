"""The tables of the terminal, and what it says of runs that failed."""

from math import inf, nan
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from bench.cli.app import TROUBLE, err, out
from bench.core.status import alternatives, statuses

if TYPE_CHECKING:
    from bench.results.stored import Results
    from bench.runner.suite import Tuning


FEW = 15  # problems up to which the terminal shows each
REASONS = 5  # for skips and crashes that the terminal names


TOO_FEW = "too few runs to tell"
RETRY_DAMAGED = "run its suite again with --retry damaged"


def closing_table(results: "Results") -> None:
    """Which optimizer, on the terminal: for each problem where they are few, for each family where they are many."""
    problems = len(results.runs[["problem", "dim"]].drop_duplicates())
    out.print(by_problem(results) if problems <= FEW else by_family(results))


def by_problem(results: "Results") -> Table:
    from bench.measure.words import counted, interval, number, target_name

    table = Table(title=f"Which optimizer for which problem? ({results.name})", title_justify="left")
    for heading in ("problem", "dim", "best", "expected cost", "reached", "to", "not clearly better than"):
        table.add_column(heading, overflow="fold")
    answer: Any = results.best_optimizers()
    limits = results.comparison.at().limits_of_cells
    if cut := int((limits.limit < inf).sum()):
        where = counted(cut, "problem")
        table.caption = f"On {where} a budget ended some optimizers before others: nobody is worse for that."
        table.caption_justify = "left"
    lowest = results.runs.groupby(["problem", "dim"]).best.min().to_dict()
    for row in answer[answer["among"] == "all"].to_dict("records"):
        where = (escape(row["problem"]), str(row["dim"] or ""))
        if not row["optimizer"]:
            table.add_row(
                *where, "none reached a target", f"best f: {number(lowest.get((row['problem'], row['dim']), nan))}"
            )
            continue
        table.add_row(
            *where,
            escape(row["optimizer"]),
            f"{number(row['ert'])} {interval(row['low'], row['high'])}",
            f"{row['successes']}/{row['runs']}",
            target_name(row["kind"], row["target"]),
            _some(row["rivals"]) if row["low"] == row["low"] or not row["rivals"] else TOO_FEW,
        )
    return table


def by_family(results: "Results") -> Table:
    from bench.measure.statistics import duels, scores
    from bench.measure.summaries import answers
    from bench.measure.words import number
    from bench.report.data import budgets

    view = results.comparison.at()
    at = view.of(budgets)
    scored, told = view.of(scores, at), view.of(duels, at)
    answer: Any = answers(scored, told)
    table = Table(title=f"Which optimizer for which family of problems? ({results.name})", title_justify="left")
    for heading in ("family", "problems", "within a cost of", "best", "targets reached", "not clearly better than"):
        table.add_column(heading, overflow="fold")
    table.caption, table.caption_justify = _caption(view.runs, scored, told), "left"
    before = None
    for row in answer[answer["among"] == "all"].to_dict("records"):
        head = ("", "") if row["family"] == before else (escape(row["family"]), str(row["problems"]))
        before = row["family"]
        if not row["optimizer"]:
            table.add_row(*head, number(row["budget"]), row["reason"])
            continue
        span = "" if row["low"] != row["low"] else f" [{row['low']:.0%}, {row['high']:.0%}]"
        share = f"{row['solved']:.0%}{span}"
        rivals = _some(row["rivals"]) if row["enough"] else TOO_FEW
        table.add_row(*head, number(row["budget"]), escape(row["optimizer"]), share, rivals)
    return table


def _caption(runs: Any, scored: Any, told: Any) -> str:
    """What the claims of the table by family rest on: n, the number of tests, and limits."""
    from bench.measure.words import counted

    n = runs[runs.status.isin(statuses("ran"))].groupby(["problem", "dim", "optimizer"]).size()
    if n.empty:
        return ""
    text = f"n: {_span(n)}{counted(n.max(), 'run')} of an optimizer on a problem"
    tests = told[told.adjusted.notna()].groupby(["family", "budget"]).size() // 2
    if len(tests):
        text += f"; corrected for {_span(tests)}{counted(tests.max(), 'pair')} of optimizers in a row"
    if cut := scored.cut.max():
        every = counted(scored["of"].max(), "problem")
        text += f". On {cut} of {every} a budget ended some optimizers before others: nobody counts beyond"
    return f"{text}."


def _span(counts: Any) -> str:
    """`5 to `, where these counts are not all the same."""
    return f"{counts.min():,} to " if counts.min() < counts.max() else ""


def _some(rivals: str) -> str:
    """The first two of names that are joined by semicolons."""
    names = rivals.split("; ") if rivals else []
    return escape(", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else ""))


def reasons(results: "Results") -> None:
    """Why runs were skipped or failed: each kind of reason once, by its first pair of problem and optimizer."""
    runs: Any = results.runs[results.runs.status.isin([*statuses("failed"), *statuses("ran", False)])]
    found: dict[tuple[str, str], list[Any]] = {}  # status and reason without names: how many, which first, which pairs
    for row in runs.itertuples():
        reason = str(row.error).strip().rpartition("\n")[2]  # of a traceback, what it was
        names = [name.partition("[")[0].partition("+")[0] for name in (row.problem, row.optimizer)]
        like = reason.replace(names[0], "").replace(names[1], "")
        entry = found.setdefault((row.status, like), [0, reason, set()])
        entry[0] += 1
        entry[2].add((row.problem, row.optimizer))
    for (status, _), (number, reason, pairs) in list(found.items())[:REASONS]:
        more = f" (and {len(pairs) - 1} pairs like these)" if len(pairs) > 1 else ""
        out.print(f"{number} {status}: {escape(reason)}{more}", soft_wrap=True)
    if len(found) > REASONS:
        out.print(f"and {len(found) - REASONS} more reasons: see the report")


def verdict(results: "Results") -> int:
    """Exit status: 1 where a run failed or is damaged."""
    failed = results.runs[results.runs.status.isin(statuses("failed"))]
    if len(failed):
        how = alternatives(statuses("failed"), len(failed))
        again = " ".join(f"--retry {status}" for status in statuses("retried") if (failed.status == status).any())
        err.print(
            f"[bold red]{len(failed)} {'run' if len(failed) == 1 else 'runs'} {how}:[/] see the report, or {again}"
        )
    return max(damaged(results), TROUBLE if len(failed) else 0)


def damaged(results: "Results") -> int:
    """Name the runs that are damaged; exit status 1 where there are any."""
    for name in results.damaged:
        err.print(f"[bold red]Damaged, left out:[/] {escape(name)}", soft_wrap=True)
    if results.damaged:
        again = {
            "import the data again" if "imported from" in manifest.get("environment", {}) else RETRY_DAMAGED
            for part in getattr(results, "members", [results])
            for _, manifest in part.sources
            if part.damaged
        }
        err.print(f"Restore runs.db from a copy, or {' or '.join(sorted(again))}.", soft_wrap=True)
    return TROUBLE if results.damaged else 0


def tuning_table(tuning: "Tuning") -> None:
    """The best setting of each optimizer for each family, on the terminal."""
    from bench.measure.words import number, setting_text

    table = Table(title=f"Best of {tuning.settings} settings ({tuning.suite})", title_justify="left")
    for heading in ("optimizer", "family", "tried", "best setting", "mean rank", "default's", "runs", "cost"):
        table.add_column(heading, overflow="fold")
    for item in tuning.found:
        shown = setting_text(item.setting) or "nothing to tune: its default"
        ranks = (number(item.rank), number(item.default_rank)) if item.setting else ("", "")
        cells = (item.entry.text(), item.family, str(item.tried), shown, *ranks, f"{item.runs:,}", number(item.cost))
        table.add_row(*map(escape, cells))
    out.print(table)
