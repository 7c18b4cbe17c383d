"""The page of a check: one version over another, problem by problem, and what has changed between them."""

from math import log
from pathlib import Path
from typing import Any

from bench.core.files import write_text
from bench.measure.words import cell_name
from bench.report.page import STYLES, TEMPLATES
from bench.track.check import COLOUR, REGRESSIONS, TIMED_WORDS, Check, ratio

MOST = 100.0  # the ratio at the right end of a picture
NOTHING = {"text": "", "change": ""}


def write_check(check: Check, folder: Path) -> Path:
    """Write the page into a folder; answers with its path."""
    import jinja2
    from markupsafe import Markup

    style = Markup("".join((TEMPLATES / f"{name}.css").read_text(encoding="utf-8") for name in STYLES))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("check.html").render(
        check=check, style=style, rows=check.rows(), problems=_problems(check),
        measures=[TIMED_WORDS[measure] for measure in check.measures], most=f"{MOST:g}", colour=COLOUR,
        flagged=set(check.optimizers.optimizer[check.optimizers.verdict.isin(REGRESSIONS)]),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    write_text(path, page)
    return path


def _problems(check: Check) -> list[tuple[str, list[tuple[str, list[dict[str, Any]]]]]]:
    """By optimizer whose records differ, by problem, the cells of the measures."""
    entries = []
    for optimizer in check.optimizers[check.optimizers.verdict != "equal"].optimizer:
        table: Any = check.table[(check.table.optimizer == optimizer) & (check.table.problem != "")]
        by_problem = []
        for (problem, dim), rows in table.groupby(["problem", "dim"], sort=False):
            rows = rows.set_index("measure")
            by_problem.append(
                (
                    cell_name(problem, int(dim)),
                    [_cell(rows.loc[each]) if each in rows.index else NOTHING for each in check.measures],
                )
            )
        entries.append((optimizer, by_problem))
    return entries


def _cell(row: Any) -> dict[str, Any]:
    places = {end: _place(row[name]) for end, name in (("low", "low"), ("middle", "ratio"), ("high", "high"))}
    return {"text": ratio(row.ratio, row.low, row.high), "change": row.change, **places}


def _place(value: float) -> float:
    """Where a ratio stands on a line from 0 to 200: 1 in the middle."""
    if not value > 0:
        return 0.0
    return round(100 + 100 * max(-1.0, min(1.0, log(value) / log(MOST))), 1)
