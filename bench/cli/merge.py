"""`merge`: several folders of results as one."""

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import TROUBLE, app, err, explained, out
from bench.cli.launching import command_line


@app.command()
def merge(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Names under results/, or folders: shards of a suite, say.")
    ],
    into: Annotated[
        str, typer.Option("--into", metavar="NAME", help="A new name under results/, or that of an earlier merge.")
    ],
) -> None:
    """Make one folder of results of several, as of shards from several machines; nothing is written over.

    Exit status: 0 all is there; 1 runs are damaged, or planned and not there; 2 the folders do not go together.
    """
    with explained():
        from bench import api
        from bench.results.merged import merge as merge_folders
        from bench.runner.suite import NAME, results_name

        if into != Path(into).name or into in ("", ".", ".."):
            raise ValueError(f"--into must be a name, not a path, got {into!r}")
        if not re.fullmatch(NAME, into):  # else its suite could not be run under it
            raise ValueError(
                f"--into must be 1 to 100 letters, digits, dots, hyphens and underscores, as {results_name(into)}, "
                f"got {into!r}"
            )
        done = merge_folders([api.folder_of(name) for name in names], api.RESULTS / into, command_line())
    if done.missing:
        err.print(f"[bold red]Missing:[/] {escape(done.missing)}", soft_wrap=True)
    for text in done.damaged:
        err.print(f"[bold red]Damaged, left out:[/] {escape(text)}", soft_wrap=True)
    for text in done.notes:
        out.print(escape(text), soft_wrap=True)
    out.print(escape(str(done)), soft_wrap=True)
    out.print(f"Results: {escape(str(done.folder / 'runs.db'))}", soft_wrap=True)
    raise typer.Exit(TROUBLE if done.missing or done.damaged else 0)
