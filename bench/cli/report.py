"""`report`: the page of stored results, or one figure."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import Imports, app, explained, out
from bench.cli.terminal import damaged


@app.command()
def report(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Names under results/, or folders: several give one report.")
    ],
    figure: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="Draw one figure for a paper instead: ecdf, convergence, ...")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Of the figure: a curve for each optimizer, order, family, dim or problem."
        ),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(help="Of the figure: cost, gradients, passes, differences, inside, outside or wall (seconds)."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Of the figure: a new .svg, .pdf or .png.")
    ] = None,
    published: Annotated[
        str | None, typer.Option(metavar="DATA", help="bbob-2009: published results beside ours (extra `coco`).")
    ] = None,
    no_figures: Annotated[
        bool, typer.Option("--no-figures", help="The page and its CSV alone, without figures and LaTeX for papers.")
    ] = False,
    imports: Imports = None,
) -> None:
    """Write the page, tables and figures of stored results, or draw one figure."""
    with explained():
        from bench import api

        of_figure = {"--by": by, "--prices": prices, "--out": file}
        if figure is None and (given := [name for name, value in of_figure.items() if value is not None]):
            raise ValueError(
                f"{given[0]} is of a figure, which --figure names; the page shows all and goes to reports/"
            )
        if figure is not None and no_figures:
            raise ValueError("--no-figures is of the page, and not of a figure: leave out one of them")
        if figure is not None and published is not None:
            raise ValueError("--published is of the page, and not of a figure: leave out one of them")
        results = api.load(names, imports or ())
        if figure is None:
            page = api.write_report(results, api.REPORTS / results.name, published, figures=not no_figures)
            out.print(f"Report: {escape(str(page))}", soft_wrap=True)
        else:
            from bench.report.figures import draw

            drawn = draw(results, figure, by or "optimizer", prices, file or Path(f"{figure}.pdf"))
            out.print(f"Figure: {escape(str(drawn))}", soft_wrap=True)
    raise typer.Exit(damaged(results))
