"""`verify`: whether stored results are as they were written."""

from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import TROUBLE, app, err, explained, out


@app.command()
def verify(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names under results/, or folders.")],
) -> None:
    """Check stored results: runs against the plan, checksums, trajectories; exit status 1 where something is wrong."""
    with explained():
        from bench import api
        from bench.results.verify import verify as look

        checked = [look(api.folder_of(name)) for name in names]
    for each in checked:
        for fault in each.faults:
            err.print(f"[bold red]{escape(each.name)}:[/] {escape(fault)}", soft_wrap=True)
        out.print(escape(str(each)), soft_wrap=True)
    raise typer.Exit(TROUBLE if any(each.faults for each in checked) else 0)
