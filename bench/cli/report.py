"""`report`: the page of stored results, or one figure."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from bench.cli.app import INTERRUPTED, Imports, app, err, explained, out
from bench.cli.terminal import damaged, missing, notes
from bench.measure.prices import EVERY, RULES

if TYPE_CHECKING:
    from bench.results.stored import Results

TRIES, PAUSE = 20, 0.1  # looks for results that are not there yet, and seconds between them
LONGEST = 1e8  # seconds that a pause may take: the system's clock knows no much longer ones


@app.command()
def report(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Names under results/, or folders; several share one report.")
    ],
    figure: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="Draw one figure for a paper instead: ecdf, convergence, ...")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="With --figure: one curve for each optimizer, order, family, dim or problem."
        ),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(help=f"With --figure: {', '.join(RULES)}."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="With --figure: a new .svg, .pdf or .png file.")
    ] = None,
    width: Annotated[
        str | None,
        typer.Option(help="With --figure: its width as printed, e.g. 3.3in, 84mm or 240pt; letters of 7 and 8 points."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="With --figure: write over a file that is there.")] = False,
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --figure metric or sensitivity: which, e.g. test_accuracy.")
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT", help="With --figure metric: over cost, epochs or seconds; sensitivity: over lr, ..."
        ),
    ] = None,
    published: Annotated[
        str | None, typer.Option(metavar="DATA", help="bbob-2009: published results beside ours (extra `coco`).")
    ] = None,
    no_figures: Annotated[
        bool, typer.Option("--no-figures", help="Write the page and its CSV, without figures and LaTeX for papers.")
    ] = False,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick-problems", help="In seconds, compare also on problems whose value takes less than 100 µs."
        ),
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="30s|5min",
            help="While the suite runs, write the page so often; open, it renews itself. Figures for papers come last.",
        ),
    ] = None,
    imports: Imports = None,
) -> None:
    """Write the page, tables and figures of stored results, or draw one figure."""
    with explained():
        from bench import api

        for option, value in (
            ("--by", by),
            ("--prices", prices),
            ("--out", file),
            ("--width", width),
            ("--metric", metric),
            ("--over", over),
            ("--force", force or None),
        ):
            if figure is None and value is not None:
                raise ValueError(f"{option} needs --figure NAME; the page shows everything and goes to reports/")
        for option, value in (("--no-figures", no_figures or None), ("--published", published), ("--every", every)):
            if figure is not None and value is not None:
                raise ValueError(f"{option} and --figure exclude each other: --figure draws one figure and no page")
        results = api.load(names, imports or ()) if every is None else _loaded(names, imports or ())
        if every is not None:
            from bench.runner import clock

            results = _renewed(results, names, imports or (), clock.seconds(every, "every"), published, quick)
        notes(results)
        lacking = missing(results)
        if figure is None:
            page = api.write_report(results, api.REPORTS / results.name, published, figures=not no_figures, quick=quick)
            out.print(f"Report: {escape(str(page))}", soft_wrap=True)
            if published and (note := not_published(results, published)):
                out.print(note, soft_wrap=True)
        else:
            from bench.report.figures import draw

            at = f"{prices}{EVERY}" if quick and prices in RULES and RULES[prices].seconds else prices
            path = file or Path(f"{figure}.pdf")
            options = {"width": width, "force": force, "metric": metric, "over": over}
            drawn = draw(results, figure, by or "optimizer", at, path, **options)
            out.print(f"Figure: {escape(str(drawn))}", soft_wrap=True)
    raise typer.Exit(max(lacking, damaged(results)))


def _renewed(
    results: "Results", names: list[str], imports: Sequence[str], seconds: float, published: str | None, quick: bool
) -> "Results":
    """Write the page of results again and again while their suite runs; answers with the last ones, whose page is to be
    written. Who stops it keeps the page as it is."""
    from bench import api
    from bench.report.page import settle
    from bench.runner.store import GoneError

    page = None
    try:
        while results.running:
            place = ""
            if len(results.runs):  # else there is none yet
                with suppress(GoneError):  # its suite begins anew, by --fresh
                    page = api.write_report(
                        results, api.REPORTS / results.name, published, figures=False, quick=quick, renewed=seconds
                    )
                    place = f" Report: {page}"
            out.print(escape(" ".join(results.notes) + place), soft_wrap=True)
            time.sleep(min(seconds, LONGEST))
            results = _loaded(names, imports)
    except KeyboardInterrupt:
        if page is not None and page.is_file():
            settle(page)
        err.print("Stopped: the page stays as it is, and the runs go on.")
        raise typer.Exit(INTERRUPTED) from None
    return results


def _loaded(names: Sequence[str], imports: Sequence[str]) -> "Results":
    """Results that a process runs into: where it begins anew, by --fresh, there are none for a moment."""
    from bench import api
    from bench.runner.alone import running_in
    from bench.runner.store import GoneError

    for _ in range(TRIES):
        try:
            return api.load(names, imports)
        except GoneError:
            if not any(running_in(api.folder_of(name)) for name in names):
                break
            time.sleep(PAUSE)
    return api.load(names, imports)


def not_published(results: "Results", name: str) -> str:
    """A sentence where there is nothing beside published results; "" where there is."""
    from bench.interchange.published import published
    from bench.report.reference import says

    return says(results.comparison.runs, published(name))
