"""Tables for papers: LaTeX with booktabs."""

from pathlib import Path
from typing import Any

import numpy as np

from bench.measure.frames import Frame
from bench.measure.words import number

LONG = 40  # rows above which a table may break over pages
MOST = 2000  # rows that anyone prints; what is longer is for the CSV
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
    path.write_text("\n".join([*lines, rf"\end{{{kind}}}", ""]), encoding="utf-8")


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
