"""`history`: the figures of many versions, in their order."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import Imports, app, explained, headed, out
from bench.core.files import write_text


@app.command()
def history(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Names under results/, or folders; or saved benchmarks of pytest-benchmark: JSON files, or folders.",
        ),
    ],
    order: Annotated[
        str | None,
        typer.Option(metavar="BY", help="commits, libraries, runs or given; by default the first that tells them."),
    ] = None,
    worse: Annotated[str, typer.Option(metavar="PERCENT", help="What ratio is worth a flag, beyond 1.")] = "10%",
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the last version for github-action-benchmark: customSmallerIsBetter."),
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no page.")] = False,
    imports: Imports = None,
) -> None:
    """The figures of many versions, in their order, with those at which `check` finds a change; writes a page."""
    with explained():
        from bench import api
        from bench.interchange.files import check_file, check_writable
        from bench.track.check import fraction
        from bench.track.history import HEADINGS

        if json is not None:
            check_file(json, "JSON")
        if not no_report:
            check_writable(api.REPORTS)
        answer = api.history(names, worse=fraction(worse), order=order, imports=imports or ())
        table = headed(escape(answer.sentence), *HEADINGS)
        for row in answer.rows():
            table.add_row(*map(escape, row))
        out.print(table)
        out.print(escape(answer.caption))
        if json is not None:
            write_text(json, answer.to_json())
        if not no_report:
            from bench.report.versions import write_history

            first, last = (answer.versions[place].path for place in (0, -1))
            page = write_history(answer, api.REPORTS / f"history-{first.stem}-to-{last.stem}")
            out.print(f"Report: {escape(str(page))}", soft_wrap=True)
