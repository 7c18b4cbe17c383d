"""`export`: stored runs in another format."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import Imports, app, explained, out
from bench.cli.terminal import damaged, missing, notes
from bench.interchange.export import FORMATS
from bench.interchange.export import export as write


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="A name under results/, or a folder.")],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FORMAT", help="; ".join(f"{form}: {FORMATS[form].words}" for form in FORMATS) + "."
        ),
    ],
    folder: Annotated[Path | None, typer.Option("--out", help="A new folder; results/NAME/FORMAT by default.")] = None,
    imports: Imports = None,
) -> None:
    """Write stored runs in another format."""
    with explained():
        from bench import api

        results = api.load(name, imports or ())
        notes(results)
        lacking = missing(results)
        done = write(results, to, folder or results.folder / to)
    for path in done.paths:
        out.print(escape(str(path)), soft_wrap=True)
    for reason in done.left_out:
        out.print(f"Left out: {escape(reason)}", soft_wrap=True)
    raise typer.Exit(max(lacking, damaged(results)))
