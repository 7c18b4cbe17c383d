"""`doctor`: what is installed, and whether a run works."""

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli.app import TROUBLE, app, out


@app.command()
def doctor() -> None:
    """Check what is installed, what is missing, and whether a run works here."""
    from bench.runner.checks import checks

    table = Table(title="doctor", title_justify="left")
    for heading in ("check", "", "finding"):
        table.add_column(heading, overflow="fold")
    sound = True
    for check in checks():
        sound = sound and check.passed
        mark = "[green]ok[/]" if check.passed else "[bold red]not ok[/]"
        table.add_row(escape(check.name), mark, escape(check.finding))
    out.print(table)
    raise typer.Exit(0 if sound else TROUBLE)
