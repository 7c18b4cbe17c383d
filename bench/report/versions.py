"""The page of a history: what each optimizer reached on each problem, version by version."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, isfinite, log10
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import write_text
from bench.interchange.csv import save_csv
from bench.measure.words import cell_name, interval, number, reached, target_name
from bench.report.page import STYLES, TEMPLATES
from bench.track.check import MEASURE_WORDS, VERDICTS, ratio
from bench.track.history import (
    COST,
    ERT,
    HEADINGS,
    LOOPS,
    MARKED,
    SECONDS,
    VALUE,
    VALUES,
    History,
    date_text,
    hardest,
)

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300.0, 124.0, 46.0, 10.0, 14.0, 20.0  # of a chart, in its own units
BEYOND = 3.0  # times the range of the values, in its logarithm, that intervals may stretch the axis
MOST = 12  # versions whose numbers stand below a chart


@dataclass(frozen=True)
class Point:
    """A version in a chart. mark: a verdict of MARKED, or "". low, high: NaN where there is no interval."""

    version: int
    value: float
    low: float
    high: float
    text: str
    mark: str


def write_history(history: History, folder: Path) -> Path:
    """Write the page and history.csv, the numbers in it, into a folder; answers with the path of the page."""
    import jinja2
    from markupsafe import Markup

    style = Markup("".join((TEMPLATES / f"{name}.css").read_text(encoding="utf-8") for name in STYLES))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("history.html").render(
        history=history, style=style, headings=HEADINGS, rows=history.rows(), caption=history.caption,
        optimizers=_optimizers(history), changes=_what_changed(history),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    names = {place: version.name for place, version in enumerate(history.versions)}
    save_csv(history.table.assign(version=history.table.version.map(names)), folder / "history.csv")
    path = folder / "index.html"
    write_text(path, page)
    return path


def _optimizers(history: History) -> list[dict[str, Any]]:
    """By optimizer, those with flags first: its name, in a few words what `check` says, charts over all problems, and
    by problem."""
    erts = hardest(history.table)
    entries = []
    for name in dict.fromkeys(history.table.optimizer):
        changes: Any = history.changes[history.changes.optimizer == name]
        flags = [
            f"{VERDICTS[row.verdict]} at {row.version + 1}" for row in changes.itertuples() if row.verdict in MARKED
        ]
        equal = bool(len(changes)) and bool((changes.verdict == "equal").all())
        drift = ["worse at the last than at the first"] if name in history.drifted else []
        said = ", ".join(flags + drift) or ("equal, bit for bit, in all versions" if equal else "no significant change")
        charts = (
            [] if equal else [chart for measure in MEASURE_WORDS if (chart := _over_first(history, changes, measure))]
        )
        table: Any = history.table[history.table.optimizer == name]
        loops = table[table.measure == LOOPS]
        if len(loops):
            charts.append(_drawn(history, LOOPS, [_point(history, row, {}) for row in loops.itertuples()]))
        problems = [
            (cell_name(problem, int(dim)), _of_problem(history, rows, erts[erts.optimizer == name], changes))
            for (problem, dim), rows in table[table.problem != ""].groupby(["problem", "dim"], sort=False)
        ]
        facts = {"name": name, "said": said, "flagged": bool(flags or drift)}
        entries.append({**facts, "charts": charts, "problems": problems})
    return sorted(entries, key=lambda entry: not entry["flagged"])


def _over_first(history: History, changes: Any, measure: str) -> dict[str, Any] | None:
    """The chart of ratios over the first version of an optimizer."""
    rows = changes[changes[f"{measure}_first_ratio"].notna()]
    if not len(rows):
        return None
    first = int(rows.since.iloc[0])
    points = [Point(first, 1.0, np.nan, np.nan, "1", "")]
    for row in rows.to_dict("records"):
        ends = [float(row[f"{measure}_first_{end}"]) for end in ("ratio", "low", "high")]
        step = ratio(*(row[f"{measure}_{end}"] for end in ("ratio", "low", "high")))
        text = f"{ratio(*ends)}; over {history.versions[row['since']].name}: {step}"
        mark = row["verdict"] if row["verdict"] in MARKED else ""
        points.append(Point(int(row["version"]), ends[0], ends[1], ends[2], text, mark))
    return _drawn(history, f"{MEASURE_WORDS[measure]}, over {history.versions[first].name}", points)


def _of_problem(history: History, rows: Any, erts: Any, changes: Any) -> list[dict[str, Any]]:
    """The charts of one optimizer on one problem."""
    problem, dim = rows.problem.iloc[0], rows.dim.iloc[0]
    marks = {
        measure: {
            change.version: change.verdict
            for change in changes.itertuples()
            if change.verdict in MARKED and (change.verdict, problem, int(dim)) in change.problems[measure]
        }
        for measure in MEASURE_WORDS
    }
    charts = []
    of_measure = {measure: rows[rows.measure == measure] for measure in (COST, VALUE, SECONDS)}
    of_measure[ERT] = erts[(erts.problem == problem) & (erts.dim == dim)]
    for measure, flags in ((COST, marks["cost"]), (ERT, marks["cost"]), (VALUE, marks["value"]), (SECONDS, {})):
        table = of_measure[measure]
        if not table.value.notna().any():
            continue
        titles = {VALUE: f"{VALUES[rows.kind.iloc[0]]} at the budget"}
        if measure == ERT:
            titles[ERT] = f"{ERT} to {target_name(table.kind.iloc[0], table.target.iloc[0])}"
        points = [_point(history, row, flags) for row in table.itertuples() if not np.isnan(row.value)]
        charts.append(_drawn(history, titles.get(measure, measure), points))
    return charts


def _point(history: History, row: Any, flags: Any) -> Point:
    text = " ".join(filter(None, [number(row.value), interval(row.low, row.high)]))
    if row.measure == ERT:
        text += f", {reached(int(row.successes), int(row.runs))}"
    return Point(int(row.version), row.value, row.low, row.high, text, flags.get(row.version, ""))


def _drawn(history: History, title: str, points: Sequence[Point]) -> dict[str, Any]:
    """A chart: where everything stands, in its own units. Versions stand at equal distances."""
    values = np.array([point.value for point in points if isfinite(point.value)])
    ends = np.array([end for point in points for end in (point.low, point.high) if isfinite(end)])
    log = bool((values > 0).all() and (ends[np.isfinite(ends)] > 0).all())
    bottom, top = _range(values, ends, log)
    scale = (lambda value: log10(max(value, 1e-300))) if log else float

    def y(value: float) -> float:
        if value == np.inf:
            return TOP
        place = (scale(value) - bottom) / ((top - bottom) or 1.0)
        return round(HEIGHT - BOTTOM - max(0.0, min(1.0, place)) * (HEIGHT - BOTTOM - TOP), 1)

    n = len(history.versions)
    x = [round(LEFT + (place + 0.5) * (WIDTH - LEFT - RIGHT) / n, 1) for place in range(n)]
    marks = [
        {
            "x": x[point.version], "y": y(point.value), "mark": point.mark, "never": point.value == np.inf,
            "bar": None if np.isnan(point.low) else (y(point.low), y(point.high if isfinite(point.high) else np.inf)),
            "title": _title(history, point),
        }
        for point in points
    ]  # fmt: skip
    every = -(-n // MOST)
    return {
        "title": title,
        "lines": [
            " ".join(f"{mark['x']},{mark['y']}" for mark in part)
            for never, part in groupby(marks, key=lambda mark: mark["never"])
            if not never
        ],
        "points": marks,
        "y": [(y(tick), number(tick)) for tick in _ticks(bottom, top, log)],
        "x": [(x[place], str(place + 1)) for place in range(0, n, every)],
        "alt": "; ".join(mark["title"] for mark in marks),
        "left": LEFT, "right": WIDTH - RIGHT, "bottom": HEIGHT - BOTTOM, "width": WIDTH, "height": HEIGHT,
    }  # fmt: skip


def _title(history: History, point: Point) -> str:
    version = history.versions[point.version]
    about = ", ".join(filter(None, [version.name, version.commit, date_text(version.committed or version.ran)]))
    verdict = f" ({VERDICTS[point.mark]})" if point.mark else ""
    return f"{about}: {point.text}{verdict}"


def _range(values: np.ndarray, ends: np.ndarray, log: bool) -> tuple[float, float]:
    """The ends of an axis, as logarithms to base 10 where it is logarithmic: all values, and of their intervals what
    does not stretch it too much."""
    if not len(values):
        values, ends = (ends, ends[:0]) if len(ends) else (np.array([1.0, 10.0]), ends)
    at, bars = (np.log10(values), np.log10(ends)) if log else (values, ends)
    spread = max(float(np.ptp(at)), 0.1 if log else 0.1 * float(np.abs(at).max() or 1.0))
    at = np.r_[at, np.clip(bars, at.min() - BEYOND * spread, at.max() + BEYOND * spread)]
    room = max(0.05 * float(np.ptp(at)), 0.02 if log else 0.02 * float(np.abs(at).max() or 1.0))
    return float(at.min()) - room, float(at.max()) + room


def _ticks(bottom: float, top: float, log: bool) -> list[float]:
    """At most four round numbers between two ends, which are logarithms where the axis is logarithmic."""
    if log and top - bottom >= log10(3):
        steps = (1,) if top - bottom > 3 else (1, 3) if top - bottom > 1.5 else (1, 2, 5)
        powers = range(max(floor(bottom), -300), min(floor(top) + 1, 300))
        ticks = [float(f"{step}e{power}") for power in powers for step in steps]
        ticks = [tick for tick in ticks if bottom <= log10(tick) <= top]
    else:
        low, high = (10.0**bottom, 10.0**top) if log else (bottom, top)
        step = 10.0 ** floor(log10((high - low) / 2))
        step *= next(factor for factor in (5, 2, 1) if (high - low) / (factor * step) >= 2)
        ticks = [float(f"{place * step:.6g}") for place in range(ceil(low / step), floor(high / step) + 1)]
    return ticks[:: -(-len(ticks) // 4) or 1]


def _what_changed(history: History) -> list[dict[str, Any]]:
    """For each step that has a flag: versions of libraries and code that differ, and the problems by measure."""
    entries = []
    flagged: Any = history.changes[history.changes.verdict.isin(MARKED)]
    for (at, since), rows in flagged.groupby(["version", "since"]):
        base, new = history.versions[since], history.versions[at]
        names = sorted(base.libraries.keys() & new.libraries.keys())
        libraries = [(name, base.libraries[name], new.libraries[name]) for name in names]
        check = history.checks.get((since, at))
        entries.append({
            "number": at + 1, "new": new, "base": base,
            "steps": [
                {
                    "name": row.optimizer, "verdict": row.verdict, "said": VERDICTS[row.verdict],
                    "problems": [(MEASURE_WORDS[key], _named(row.problems[key], row.verdict)) for key in MEASURE_WORDS],
                }
                for row in rows.itertuples()
            ],
            "libraries": [each for each in libraries if each[1] != each[2]],
            "code": dict(check.code) if check else {},
            "sources": check is not None,
        })  # fmt: skip
    return entries


def _named(places: Sequence[tuple[str, str, int]], verdict: str) -> str:
    """The problems with this verdict, in a line."""
    return "; ".join(cell_name(problem, dim) for change, problem, dim in places if change == verdict)
