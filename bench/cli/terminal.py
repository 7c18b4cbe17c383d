"""The tables of the terminal, and what it says of runs that failed."""

from collections import defaultdict
from math import inf, nan
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from bench.cli.app import TROUBLE, err, headed, out
from bench.core.status import alternatives, statuses
from bench.measure import words
from bench.measure.summaries import silent

if TYPE_CHECKING:
    from bench.results.stored import Results
    from bench.runner.suite import Tuning

FEW = 15  # problems up to which the terminal shows each
BESIDE = 3  # problems beside each other
REASONS = 5  # for skips and crashes that the terminal names
RESTORE = "Restore runs.db from a copy"
RETRY_DAMAGED = "run its suite again with --retry damaged"


def closing_table(results: "Results") -> None:
    """Which optimizer, on the terminal: for each problem where they are few, for each family where they are many; then
    in a sentence."""
    notes(results)
    problems = len(results.runs[["problem", "dim"]].drop_duplicates())
    out.print(by_problem(results) if problems <= FEW else by_family(results))
    out.print(escape(results.sentence()))
    for table in values(results):
        out.print(table)


def by_problem(results: "Results") -> Table:
    """The best optimizer of each problem, as `bench.measure.verdicts.best` has it."""
    headings = ("problem", "dim", "best", "expected cost", "reached", "to", words.NOT_BEATEN)
    table = headed(f"Which optimizer for which problem? ({results.name})", *headings)
    answer: Any = results.best_optimizers()
    cut = int((results.comparison.at().limits_of_cells.limit < inf).sum())
    best = answer[answer["among"] == "all"]
    notes = [words.by_problem(cut), words.failed_note(bool(best.failed.any()))]
    table.caption, table.caption_justify = " ".join(filter(None, notes)), "left"
    lowest = results.runs.groupby(["problem", "dim"]).best.min().to_dict()
    for row in best.itertuples():
        where = (escape(row.problem), str(row.dim or ""))
        if row.optimizer:
            rivals = words.rivals_text(row, row.enough)
            table.add_row(*where, *map(escape, (words.marked(row), *words.best_texts(row), rivals)))
        else:
            lowest_f = words.number(lowest.get((row.problem, row.dim), nan))
            table.add_row(*where, row.reason, f"best f: {lowest_f}")
    return _explained(table, words.NO_OTHER)


def by_family(results: "Results") -> Table:
    """The best optimizer of each family within each budget, as `bench.measure.verdicts.answer` has it."""
    from bench.measure import failed, verdicts

    view = results.comparison.at()
    headings = ("family", "problems", "within a cost of", "best", "reached", words.NOT_BEATEN)
    table = headed(f"Which optimizer for which family of problems? ({results.name})", *headings)
    answer: Any = view.of(failed.answers)
    best = answer[answer["among"] == "all"]
    notes = [view.of(verdicts.caption), words.failed_note(bool(best.failed.any()))]
    table.caption, table.caption_justify = " ".join(filter(None, notes)), "left"
    before = None
    for row in best.itertuples():
        head = ("", "") if row.family == before else (escape(row.family), str(row.problems))
        before = row.family
        only = view.of(failed.of_one_problem, row.budget).get((row.family, "all"))
        cells: tuple[str, ...] = (row.reason,)
        if row.optimizer:
            evidence = " · ".join(words.best_texts(only)) if only else words.solved_text(row)
            cells = (words.marked(row), evidence, words.rivals_text(row, row.enough))
        table.add_row(*head, f"{words.number(row.budget)}{words.shorter(row)}", *map(escape, cells))
    return _explained(table, words.NO_OTHER)


def _explained(table: Table, means: str) -> Table:
    """A table that says below what `-` means, if it stands in its last column."""
    note = words.dash_note(map(str, table.columns[-1].cells), means)
    table.caption = " ".join(filter(None, (str(table.caption), note)))
    return table


def values(results: "Results") -> list[Table]:
    """Medians and quartiles of f at the budget, optimizers by problems, where f_opt is not known: of the first problems
    where there are many, so many problems a table."""
    frame: Any = results.values_at_budget()
    frame = frame[frame.kind == "value"]
    problems = list(dict.fromkeys(zip(frame.problem, frame.dim, frame.budget, strict=True)))
    optimizers = list(dict.fromkeys(frame.optimizer))
    rows = {(row.problem, row.dim, row.optimizer): row for row in frame.itertuples()}
    tables = []
    for begin in range(0, min(len(problems), FEW), BESIDE):
        part = problems[begin : begin + BESIDE]
        heads = [f"{words.cell_name(name, int(dim))}, at {words.number(budget)}" for name, dim, budget in part]
        table = headed(f"Median and quartiles of f at the budget ({results.name})", "optimizer", *map(escape, heads))
        entries = [[rows.get((name, dim, optimizer)) for name, dim, _ in part] for optimizer in optimizers]
        for optimizer, cells in zip(optimizers, entries, strict=True):
            table.add_row(escape(optimizer), *(escape(words.value_entry(cell)) for cell in cells))
        shown = frame[frame.problem.isin([name for name, *_ in part])]
        notes = [words.lowest("*", shown), words.failed_note(any(c and c.failed for r in entries for c in r))]
        texts = (words.value_entry(cell) for cells in entries for cell in cells)
        notes.append(words.dash_note(texts, words.NOT_KNOWN))
        if begin + BESIDE >= FEW and len(problems) > FEW:
            notes.append(f"{words.counted(len(problems) - FEW, 'problem')} more: values.csv of the report.")
        table.caption, table.caption_justify = " ".join(filter(None, notes)), "left"
        tables.append(table)
    return tables


def reasons(results: "Results") -> None:
    """Why runs were skipped, failed or asked nothing: each kind of reason once, by its first pair of problem and
    optimizer."""
    runs: Any = results.runs
    runs = runs[runs.status.isin([*statuses("failed"), *statuses("ran", False)]) | silent(runs)]
    alike = defaultdict(list)  # by status and reason without names: the reason with its names, problem, optimizer
    for row in runs.itertuples():
        reason = str(row.error).strip().rpartition("\n")[2]  # of a traceback, what it was
        names = [name.partition("[")[0].partition("+")[0] for name in (row.problem, row.optimizer)]
        like = reason.replace(names[0], "").replace(names[1], "")
        alike[row.status, like].append((reason, row.problem, row.optimizer))
    for (status, _), runs_alike in list(alike.items())[:REASONS]:
        pairs = len({run[1:] for run in runs_alike})
        more = f" (and {words.counted(pairs - 1, 'pair')} like it)" if pairs > 1 else ""
        out.print(f"{len(runs_alike)} {status}: {escape(runs_alike[0][0])}{more}", soft_wrap=True)
    if len(alike) > REASONS:
        out.print(f"and {len(alike) - REASONS} more reasons: see the report")


def failed_evaluations(results: "Results") -> None:
    """How many evaluations failed, and of which optimizers."""
    from bench.measure.failed import failed_evaluations_text

    if text := failed_evaluations_text(results.comparison.runs):
        out.print(escape(text), soft_wrap=True)


def verdict(results: "Results") -> int:
    """Exit status: 1 where a run failed or is damaged."""
    failed = results.runs[results.runs.status.isin(statuses("failed"))]
    if len(failed):
        how = alternatives(statuses("failed"), len(failed))
        again = " ".join(f"--retry {status}" for status in statuses("retried") if (failed.status == status).any())
        err.print(
            f"[bold red]{words.counted(len(failed), 'run')} {how}:[/] see the report, or the same command with {again}"
        )
    return max(missing(results), damaged(results), TROUBLE if len(failed) else 0)


def notes(results: "Results") -> None:
    """What these results are: one shard of a suite, or under way."""
    for text in results.notes:
        out.print(escape(text), soft_wrap=True)


def missing(results: "Results") -> int:
    """Say how many of the planned runs are there where nothing says why others are not; then exit status 1."""
    merged = any(member.manifest.get("merged") for member in getattr(results, "members", [results]))
    for text in results.missing:
        if merged:
            again = f"{RESTORE}, or merge the others into it: their suite under this name runs them, too."
        elif results.imported:
            again = f"{RESTORE}, or import the data again."
        else:
            again = "Give the same command again, which does the others, with --retry damaged where runs.db is damaged."
        err.print(f"[bold red]Missing:[/] {escape(text)} {again}", soft_wrap=True)
    return TROUBLE if results.missing else 0


def damaged(results: "Results") -> int:
    """Name the runs that are damaged; exit status 1 where there are any. Name the problems that are wrong, too."""
    from bench.measure.summaries import faults

    for row in faults(results.runs).itertuples():
        err.print(f"[bold red]{words.IMPOSSIBLE}:[/] {escape(words.fault(row))}", soft_wrap=True)
    for name in results.damaged:
        err.print(f"[bold red]Damaged, left out:[/] {escape(name)}", soft_wrap=True)
    if results.damaged:
        again = {
            "import the data again" if "imported from" in manifest.get("environment", {}) else RETRY_DAMAGED
            for member in getattr(results, "members", [results])
            for _, manifest in member.sources
            if member.damaged
        }
        err.print(f"{RESTORE}, or {' or '.join(sorted(again))}.", soft_wrap=True)
    return TROUBLE if results.damaged else 0


def tuning_table(tuning: "Tuning") -> None:
    """The best setting of each optimizer for each family, on the terminal."""
    headings = ("optimizer", "family", "tried", "best setting", "mean rank", "default's", "runs", "cost")
    table = headed(f"Best of {tuning.settings} settings ({tuning.suite})", *headings)
    for tuned in tuning.found:
        ranks = map(words.number, (tuned.rank, tuned.default_rank)) if tuned.setting else ("", "")
        setting = words.setting_text(tuned.setting) or "nothing to tune: its default"
        cells = (tuned.entry.text(), tuned.family, str(tuned.tried), setting, *ranks)
        table.add_row(*map(escape, (*cells, f"{tuned.runs:,}", words.number(tuned.cost))))
    out.print(table)
