"""The report of results: one HTML file that needs no network, with CSV of its tables and figures for papers."""

import base64
import hashlib
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core.files import read_text, write_text
from bench.core.status import Status, alternatives, statuses
from bench.interchange.csv import save_csv
from bench.measure import levels, words
from bench.measure.ert import ert
from bench.measure.failed import failed_evaluations_text, telling
from bench.measure.frames import CELL, Frame
from bench.measure.raced import in_race
from bench.measure.summaries import faults
from bench.measure.words import counted, interval, not_drawn, number, percent, price_list, target_list
from bench.report import memory, metrics, tuned
from bench.report.data import encoded, page_data
from bench.report.measured import Report
from bench.report.sections import SECTIONS
from bench.report.small import panels
from bench.report.styles import DASHES
from bench.report.tables import evaluation_rows, failure_rows, race_rows, skip_rows, value_rows
from bench.runner.suite import Notice

if TYPE_CHECKING:
    from bench.results.stored import Results

TEMPLATES = Path(__file__).parent / "templates"
PLOTLY = Path(__file__).parent / "vendor" / "plotly-basic.min.js"

SCRIPTS = (  # of all sections, and then of those that have one
    *("core", "legend", "hint", "bar"),
    *(name for name in SECTIONS if (TEMPLATES / f"{name}.js").is_file()),
    "problems",
)
STYLES = ("page", "sections")
LATEX = "Tables for LaTeX"
RENEWED = re.compile(r'<meta http-equiv="refresh" content="[0-9]+">\n')  # of a page that loads itself again


def write_report(
    results: "Results",
    folder: Path,
    published: str | None = None,
    *,
    figures: bool = True,
    quick: bool = False,
    renewed: float = 0.0,
) -> Path:
    """Write folder/index.html, folder/tables/*.csv and folder/figures/*; answers with the path of the page.

    published: "bbob-2009", to show those algorithms beside these; needs the extra `coco`. figures: those for papers.
    quick: whether prices in seconds are also of problems whose value takes less than 100 µs. renewed: seconds after
    which the page loads itself again, as it will have been written anew; 0: it does not. Raises ValueError where there
    is no run to report.
    """
    import pandas as pd

    with pd.option_context("mode.string_storage", "python"):  # of frames as small as these Arrow's takes a third longer
        return _written(results, folder, published, figures=figures, quick=quick, renewed=renewed)


def _written(
    results: "Results", folder: Path, published: str | None, *, figures: bool, quick: bool, renewed: float
) -> Path:
    """See `write_report`."""
    if not len(results.runs):
        why = " ".join([*results.notes, *results.missing]) or "all that are stored are damaged."
        raise ValueError(f"{results.name} has no run yet that can be reported: {why}")
    report = Report(results, published, quick=quick)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, frame in report.tables.items():
        save_csv(frame, folder / "tables" / f"{name}.csv")
    failed: list[str] = []
    drawn = _for_papers(report, folder, failed) if figures else {}
    page = folder / "index.html"
    write_text(page, html(report, drawn, failed, renewed))
    for sentence in dict.fromkeys(failed):
        warnings.warn(Notice(sentence), stacklevel=3)
    return page


@contextmanager
def _spared(name: str, failed: list[str], *files: Path) -> Iterator[None]:
    """The report goes on where a figure or a table for papers fails, and says which. files: of it, those of an earlier
    report, which then go."""
    try:
        yield
    except Exception as error:  # of any library that draws
        failed.append(not_drawn(name, error))
        for path in files:
            path.unlink(missing_ok=True)


def _for_papers(report: Report, folder: Path, failed: list[str]) -> dict[str, list[str]]:
    """Write the tables, without those that are curves, as LaTeX, and all figures as SVG, each with its CSV; answers
    with the names of the files of each figure, by its title, and under LATEX those of the tables. failed: takes a
    sentence for each that cannot be drawn or written."""
    from bench.report.figures import Source, drawings
    from bench.report.latex import PAPERS, save_latex
    from bench.report.panels import save

    files: dict[str, list[str]] = {}
    for name, frame in report.tables.items():
        path = folder / "tables" / f"{name}.tex"
        with _spared(path.name, failed, path):
            if name in PAPERS:
                write_text(path, PAPERS[name](report.tables))
            elif "cost" not in frame:
                save_latex(frame, path)
            else:
                continue
            files.setdefault(LATEX, []).append(name)
    (folder / "figures").mkdir(exist_ok=True)
    for name, make in drawings(Source(report.results)):
        with _spared(name, failed, *(folder / "figures" / f"{name}.{kind}" for kind in ("csv", "svg"))):
            figure = make()
            if figure.frame.empty:
                continue
            save_csv(figure.frame, folder / "figures" / f"{figure.name}.csv")
            files[figure.title] = [f"{figure.name}.csv"]
            for page in figure.pages():
                save(page, folder / "figures" / f"{page.name}.svg")
                files[figure.title].append(f"{page.name}.svg")
    return files


def summary(runs: Frame) -> str:
    """One sentence: how many problems, optimizers and runs, and how they ended."""
    problems = len(runs[CELL].drop_duplicates())
    counts = runs.status.value_counts()
    ends = [f"{counts[status]:,} {status.phrase(counts[status])}" for status in Status if status in counts]
    optimizers = counted(runs.optimizer.nunique(), "optimizer")
    return f"{counted(problems, 'problem')}, {optimizers}, {counted(len(runs), 'run')}: {', '.join(ends)}."


def settle(page: Path) -> None:
    """Let a page that loads itself again stay as it is."""
    write_text(page, RENEWED.sub("", read_text(page), count=1))


def html(
    report: Report,
    drawn: Mapping[str, Sequence[str]] | None = None,
    undrawn: list[str] | None = None,
    renewed: float = 0.0,
) -> str:
    """The page as one text. Whatever comes from results is escaped, and only our own scripts may run.

    undrawn: a sentence for each figure that could not be drawn; takes those of the page itself. renewed: as of
    `write_report`."""
    from markupsafe import Markup

    drawn, undrawn = drawn or {}, [] if undrawn is None else undrawn
    scripts = [PLOTLY.read_text(encoding="utf-8"), page_script()]
    results, runs, view = report.results, report.runs, report.views[0]
    suite = results.manifest.get("suite", {})
    data, contents = page_data(report), {}
    for name, section in SECTIONS.items():
        if not section.shown(report):
            continue
        more = section.data(report) if section.data else {}
        if more or not section.data:
            contents[name] = section.title
        data |= {key: encoded(value) if isinstance(value, np.ndarray) else value for key, value in more.items()}
    functions = [manifest.get("function", {}) for _, manifest in results.sources]
    failed = report.tables["failures"]
    failed = failed.assign(place=report.optimizer(failed), family=report.family(failed))
    unanswered = report.tables["failed-evaluations"]
    unanswered = unanswered.assign(place=report.optimizer(unanswered), family=report.family(unanswered))
    loader = _loader()
    return loader.get_template("page.html").render(
        policy=content_policy(scripts),
        style=Markup("".join((TEMPLATES / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)),
        scripts=[Markup(script) for script in scripts],
        data=Markup(script_json(data)),
        contents=contents,
        renewed=ceil(renewed),
        title=suite.get("title") or results.name,
        name=results.name,
        summary=" ".join(
            filter(None, (*results.missing, *results.notes, words.unfinished(results.runs), summary(runs)))
        ),
        functions=dict.fromkeys(sentence for function in functions for sentence in words.of_function(function)),
        has_runs=bool(len(runs)),
        few=bool(len(view.of(ert)) and view.of(ert).low.isna().all()),
        styles=report.styles,
        values=value_rows(report),
        ranked=report.ranked,
        place={name: place for place, name in enumerate(report.styles)},
        panels=panels(report),
        metrics=_metrics(report, undrawn) if "metrics" in contents else {},
        memory=memory.shown(report) if "memory" in contents else [],
        unmeasured=memory.left_out(runs),
        dashes=DASHES,
        lowest=words.lowest("In bold", report.tables["values"], report.sign),
        races=race_rows(report.tables.get("races"), report.styles, report.cells, report.family_places),
        one_problem=len(report.cells) == 1,
        all_raced=bool(report.cells) and bool(in_race(view.layout.cells, results.comparison.races).all()),
        failed_mark=words.FAILED,
        quick=words.left_out(len({cell for each in report.views for cell in each.quick})),
        failed_mark_shown=bool((report.tables["values"].failed > 0).any()),
        failures=failure_rows(failed),
        skips=skip_rows(failed),
        evaluations={
            "text": failed_evaluations_text(runs),
            "telling": telling(runs),
            "rows": evaluation_rows(unanswered),
        },
        damaged=results.damaged,
        faults=[words.fault(row) for row in faults(runs).itertuples()],
        faulty=words.IMPOSSIBLE,
        endings=_endings(report),
        tuning=tuned.shown(results, runs, report.tuned, report.styles),
        published=list(report.published["published-ert"].itertuples()) if report.published else [],
        prices=price_list(results.prices, runs),
        targets=target_list(view.of(ert)),
        scored=bool(runs.scored.any()),
        late=percent(view.comparison.late - 1),
        checkpoints=words.CHECKPOINTS[any(function.get("noise") for function in functions)],
        drawn={title: files for title, files in drawn.items() if title != LATEX},
        failed_figures=list(dict.fromkeys(undrawn)),
        latex=drawn.get(LATEX, ()),
        sources=[_source(name, manifest) for name, manifest in results.sources],
    )


@cache
def _loader() -> Any:
    """What reads the templates of the page, once for all pages."""
    import jinja2

    loader = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.filters |= {"number": number, "percent": percent}
    loader.globals |= {"interval": interval, "levels": levels, "words": words}
    return loader


def _metrics(report: Report, failed: list[str]) -> dict[str, Any]:
    """What the page has of metrics, with pictures of those that are drawn. failed: takes a
    sentence for each that cannot be drawn."""
    from bench.report.figures import Source

    source, pictures = Source(report.results), []
    for metric, over in metrics.drawings(source):
        with _spared(f"{metric or 'metric'} over {over}", failed):
            pictures += metrics.pictures(report, [metrics.metric_figure(source, metric, over)])
    return {**metrics.shown(report), "pictures": pictures}


def page_script() -> str:
    """The scripts of the page as one; each in a block of its own, so that their names are apart."""
    core, *scripts = ((TEMPLATES / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    return "\n".join(['"use strict";', core, *(f"{{\n{text}}}" for text in scripts), "page.start();\n"])


def _source(name: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What repeats the runs of one folder."""
    environment = dict(manifest.get("environment", {}))
    return {
        "name": name,
        "command": manifest.get("command", ""),
        "created": manifest.get("created", ""),
        "suite": json.dumps(manifest.get("suite", {}), indent=2, ensure_ascii=False, default=str),
        "versions": environment.pop("versions", {}),
        "environment": {key: value for key, value in environment.items() if value not in ("", None)},
    }


def _endings(report: Report) -> dict[str, Any]:
    """How the runs of each optimizer ended, as a table of the statuses that occur."""
    table = report.tables["endings"].pivot_table("runs", "optimizer", "status", fill_value=0, aggfunc="sum").astype(int)
    ended = [status.value for status in Status if status in table]
    rows = [(name, style, table.loc[name, ended].tolist()) for name, style in report.styles.items()]
    trouble = [status for status in map(Status, statuses("trouble")) if status.ran]
    void = [status for status in trouble if not status.counts]
    return {"statuses": ended, "rows": rows, "trouble": alternatives(trouble, 1), "void": alternatives(void)}


def script_json(data: Any) -> str:
    """JSON that is safe between script tags: no <, > or & and nothing that is not a number of JSON."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def content_policy(scripts: list[str]) -> str:
    """A content security policy under which these scripts run, nothing else does and nothing is fetched."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
