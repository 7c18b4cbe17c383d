"""`doctor`: what is installed, and whether a run works."""

import typer
from rich.markup import escape

from bench.cli.app import TROUBLE, app, headed, out


@app.command()
def doctor() -> None:
    """Check what is installed, what is missing, and whether a run works here."""
    from bench.runner.checks import checks

    table = headed("doctor", "check", "", "finding")
    findings = list(checks())
    for check in findings:
        mark = "[green]ok[/]" if check.passed else "[bold red]not ok[/]"
        table.add_row(escape(check.name), mark, escape(check.finding))
    out.print(table)
    raise typer.Exit(0 if all(check.passed for check in findings) else TROUBLE)
