"""`check`: whether optimizers got worse from one version to the next."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import TROUBLE, Imports, app, explained, headed, out
from bench.cli.launching import Workers


@app.command()
def check(
    base: Annotated[str, typer.Argument(metavar="BASE|SUITE", help="Results to compare with; with --at, a suite.")],
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="Results of the new version.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="REV", help="Run the suite at this revision of git, and as it stands here.")
    ] = None,
    worse: Annotated[str, typer.Option(metavar="PERCENT", help="What ratio is worth a flag, beyond 1.")] = "10%",
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it for a pull request.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it for programs.")] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no page.")] = False,
    workers: Workers = None,
    imports: Imports = None,
) -> None:
    """Did any optimizer get worse? Exit status: 0 no; 1 yes; 2 the two cannot be compared."""
    with explained():
        from bench import api
        from bench.track.check import CAPTION, HEADINGS, MEASURE_WORDS, WORST, check, fraction, ratio
        from bench.track.revision import versions_of

        limit = fraction(worse)
        if (at is None) == (new is None):
            raise ValueError("give two results, BASE and NEW, or a suite and --at REV")
        if at is not None:
            base, new = versions_of(base, at, workers, imports or ())
        result = check(api.load(base, imports or ()), api.load(new or "", imports or ()), limit)
        table = headed(escape(result.sentence), "optimizer", *HEADINGS)
        for row in result.rows():
            table.add_row(*map(escape, row))
        out.print(table)
        for optimizer in result.optimizers[result.optimizers.verdict == "worse"].optimizer:
            for row in result.problems(optimizer).head(WORST).itertuples():
                values = ratio(row.ratio, row.low, row.high)
                where = f"{optimizer} on {row.problem}, dim {row.dim:g}"
                out.print(escape(f"{where}: {MEASURE_WORDS[row.measure]} {values}"))
        for name, old, now in result.versions:
            out.print(escape(f"{name}: {old} -> {now}"))
        for name in result.code:
            out.print(escape(f"The code of {name} has changed."))
        out.print(escape(CAPTION))
        for file, text in ((markdown, result.to_markdown), (json, result.to_json)):
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text(), encoding="utf-8")
        if not no_report:
            from bench.report.regressions import write_check

            page = write_check(result, api.REPORTS / f"{Path(new or '').name}-over-{Path(base).name}")
            out.print(f"Report: {escape(str(page))}", soft_wrap=True)
    raise typer.Exit(TROUBLE if result.worse else 0)
