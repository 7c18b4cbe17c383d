"""Tables for papers: LaTeX with booktabs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import write_text
from bench.measure.frames import CELL, Frame
from bench.measure.strata import ALL
from bench.measure.words import FAILURES, best_texts, cell_name, lowest, number, spanned, split, target_name

LONG = 40  # rows above which a table may break over pages
MOST = 2000  # rows that anyone prints; what is longer is for the CSV
BESIDE = 6  # optimizers beside each other
SIGNIFICANCE = (
    r"Bold: the best. $^{\ast}$: significantly better than all others. "
    r"$^{\approx}$: the best is not significantly better."
)
DAGGERS = r"\dagger"
DAGGER = rf"$^{{{DAGGERS}}}$: some of its runs {FAILURES}; what they had paid for and reached until then counts."
ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip


def save_latex(frame: Frame, path: Path) -> None:
    """Write a frame as a LaTeX table (packages booktabs, longtable, textcomp): text escaped, numbers with three digits.

    Above 40 rows it is a longtable; above 2,000 it holds the first ones and says so.
    """
    columns = [str(name) for name in frame.columns]
    head_rows = frame.head(MOST)
    layout = "".join("r" if frame[name].dtype.kind in "iuf" else "l" for name in frame.columns)
    head = " & ".join(map(escaped, columns)) + r" \\"
    cells = [[_cell(value) for value in head_rows[name]] for name in frame.columns]
    # behind {}, because a row that begins with [ or * would be an option of the line break before it
    rows = ["{}" + " & ".join(row) + r" \\" for row in zip(*cells, strict=True)]
    if len(frame) > MOST:
        rows.append(rf"\multicolumn{{{len(columns)}}}{{l}}{{{MOST:,} of {len(frame):,} rows; the CSV has all}} \\")
    kind = "longtable" if len(rows) > LONG else "tabular"
    again = [r"\endhead"] if kind == "longtable" else []
    lines = [rf"\begin{{{kind}}}{{{layout}}}", r"\toprule", head, r"\midrule", *again, *rows, r"\bottomrule"]
    write_text(path, "\n".join([*lines, rf"\end{{{kind}}}", ""]))


def escaped(text: str) -> str:
    """Text as LaTeX prints it; what is not printable is a replacement character, line breaks are spaces."""
    plain = " ".join(text.split())
    return "".join(ESCAPES.get(c, c if c.isprintable() else "\N{REPLACEMENT CHARACTER}") for c in plain)


def _cell(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return str(value)
    if not isinstance(value, (float, np.floating)):
        return "" if value is None or str(value) == "<NA>" else escaped(str(value))
    if np.isnan(value):
        return "--"
    if np.isinf(value):
        return r"$\infty$" if value > 0 else r"$-\infty$"
    mantissa, _, exponent = number(float(value)).partition("e")
    return rf"${mantissa} \cdot 10^{{{int(exponent)}}}$" if exponent else mantissa if value >= 0 else f"${mantissa}$"


# tables of problems by optimizers


def ert_table(tables: Mapping[str, Frame]) -> str:
    """Expected runtimes, problems by optimizers, each problem at the target of its best optimizer, with k of n runs
    that reached it. tables: ert, best and values of a report."""
    best = tables["best"][tables["best"]["among"] == ALL]
    asked = {(row.problem, row.dim, row.kind, row.target, row.optimizer): row for row in tables["ert"].itertuples()}
    medians = {(row.problem, row.dim, row.optimizer): row for row in tables["values"].itertuples()}
    failed = _failed(tables["values"])
    names = list(dict.fromkeys(tables["ert"].sort_values(["order", "optimizer"]).optimizer))
    rows = []
    for row in best.itertuples():
        rivals = set(split(row.rivals))
        cells = []
        for name in names:
            key = (row.problem, row.dim, name)
            entry = asked.get((*key[:2], row.kind, row.target, name)) if not np.isinf(row.target) else medians.get(key)
            if entry is None or not entry.runs:
                cells.append("--")
                continue
            marks = [r"\ast"] * (name == row.optimizer and row.significant) + [r"\approx"] * (name in rivals)
            marks += [DAGGERS] * ((row.problem, row.dim, name) in failed)
            decided = entry.median if np.isinf(row.target) else entry.ert
            text = f"{_bold(_cell(decided), name == row.optimizer)}{_raised(marks)}"
            cells.append(text if np.isinf(row.target) else f"{text} ({entry.successes}/{entry.runs})")
        goal = _goal(row) if row.optimizer else row.reason
        rows.append([escaped(cell_name(row.problem, int(row.dim))), escaped(goal), *cells])
    note = (
        "Expected runtime to the target, and in how many of the runs it was reached, or the median where that decided; "
        "--: none ran, or none was asked for it."
    )
    return _by_optimizers(["problem", "target"], names, rows, f"{escaped(note)} {SIGNIFICANCE} {DAGGER}")


def _goal(row: Any) -> str:
    """The target of a row of `best`; where the value at the budget decided, what the median is of."""
    return best_texts(row)[2] if np.isinf(row.target) else target_name(row.kind, row.target)


def best_table(tables: Mapping[str, Frame]) -> str:
    """The best optimizer of each problem, of all and of each order, with expected runtime and k of n runs."""
    best = tables["best"]
    scopes = [name for name in (ALL, "0", "1", "2") if (best["among"] == name).any()]
    found = {(row.problem, row.dim, row.among): row for row in best.itertuples()}
    rows = []
    for problem, dim in dict.fromkeys(zip(best.problem, best.dim, strict=True)):
        first = found[problem, dim, ALL]
        cells = []
        for among in scopes:
            row = found.get((problem, dim, among))
            if row is None or not row.optimizer:
                cells.append(escaped(row.reason) if row is not None else "--")
                continue
            marks = [r"\ast"] * bool(row.significant) + [DAGGERS] * (row.failed > 0)
            name = _bold(escaped(row.optimizer), row.optimizer == first.optimizer)
            other = "" if (row.kind, row.target) == (first.kind, first.target) else f", {_goal(row)}"
            decided, count = (row.median, row.runs) if np.isinf(row.target) else (row.ert, row.successes)
            cells.append(f"{name}{_raised(marks)} {_cell(decided)} ({count}/{row.runs}{escaped(other)})")
        goal = _goal(first) if first.optimizer else ""
        rows.append([escaped(cell_name(problem, int(dim))), escaped(goal), *cells])
    heads = ["best of all" if among == ALL else f"best of order {among}" for among in scopes]
    note = (
        "The best optimizer, its expected runtime to the target (another one where it says so), and in how many of its "
        "runs it was reached; where the value at the budget decided, its median."
    )
    star = r"Bold: the best of all. $^{\ast}$: significantly better than all others of its column."
    return _by_optimizers(["problem", "target"], heads, rows, f"{escaped(note)} {star} {DAGGER}", look="l")


def values_table(tables: Mapping[str, Frame]) -> str:
    """Medians and quartiles of what was reached at the common budget, problems by optimizers."""
    table = tables["values"]
    names = list(dict.fromkeys(table.sort_values(["order", "optimizer"]).optimizer))
    rows = []
    for (problem, dim), frame in table.groupby(CELL, sort=False):
        entries = {row.optimizer: row for row in frame.itertuples()}
        head = frame.iloc[0]
        kind = r"$f - f_{\mathrm{opt}}$" if head.kind == "gap" else "$f$"
        cells = []
        for name in names:
            row = entries.get(name)
            if row is None or not row.runs:
                cells.append("--")
                continue
            low, high = _cell(row.low), _cell(row.high)
            quartiles = rf" {{\footnotesize [{low}, {high}]}}"
            cells.append(f"{_bold(_cell(row.median), row.least)}{_raised([DAGGERS] * (row.failed > 0))}{quartiles}")
        runs = frame.runs[frame.runs > 0]
        n = spanned(int(runs.min()), int(runs.max()), "run") if len(runs) else "0 runs"
        rows.append([escaped(cell_name(problem, int(dim))), kind, _cell(float(head.budget)), escaped(n), *cells])
    note = "Median over runs at the budget, at which all are compared, with quartiles in brackets. "
    note += f"{lowest('Bold', table)} --: could not run."
    return _by_optimizers(["problem", "of", "budget", "n"], names, rows, f"{escaped(note)} {DAGGER}", beside=4)


PAPERS = {"ert": ert_table, "best": best_table, "values": values_table}  # by the names of the tables of a report


def _failed(values: Frame) -> set[tuple[str, int, str]]:
    failed = values[values.failed > 0]
    return set(zip(failed.problem, failed.dim, failed.optimizer, strict=True))


def _bold(text: str, best: bool) -> str:
    if not best:
        return text
    return rf"$\boldsymbol{{{text[1:-1]}}}$" if text.startswith("$") else rf"\textbf{{{text}}}"


def _raised(marks: Sequence[str]) -> str:
    return f"$^{{{','.join(marks)}}}$" if marks else ""


def _by_optimizers(
    first: Sequence[str],
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    note: str,
    look: str = "r",
    beside: int = BESIDE,
) -> str:
    """Tables of all rows, one below the other, each with the first columns and at most so many of the others. Names are
    text, all else is LaTeX."""
    lead = len(first)
    blocks = [range(begin, min(begin + beside, len(names))) for begin in range(0, len(names), beside)]
    kind = "longtable" if len(rows) > LONG else "tabular"
    lines = ["% packages: booktabs, amsmath" + (", longtable" if kind == "longtable" else "")]
    for block in blocks:
        columns = lead + len(block)
        head = " & ".join(map(escaped, [*first, *(names[n] for n in block)])) + r" \\"
        lines += [rf"\begin{{{kind}}}{{{'l' * lead}{look * len(block)}}}", r"\toprule", head, r"\midrule"]
        lines += [r"\endhead"] if kind == "longtable" else []
        lines += ["{}" + " & ".join([*row[:lead], *(row[lead + n] for n in block)]) + r" \\" for row in rows]
        lines.append(r"\bottomrule")
        if block == blocks[-1]:
            lines.append(rf"\multicolumn{{{columns}}}{{p{{0.9\linewidth}}}}{{\footnotesize {note}}} \\")
        lines += [rf"\end{{{kind}}}", ""]
    return "\n".join(lines)
