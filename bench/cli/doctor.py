"""`doctor`: what is installed, and whether a run works; and how fast lanes are here."""

from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import TROUBLE, app, err, explained, headed, out
from bench.cli.launching import Device


@app.command()
def doctor(
    benchmark: Annotated[
        bool, typer.Option("--benchmark", help="Measure evaluations a second of lanes here, and how many pay.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Check what is installed, what is missing, and whether a run works here; or measure how many lanes pay."""
    if benchmark:
        return _lanes(device)
    from bench.runner.checks import checks
    from bench.runner.systems import differences, system

    table = headed("doctor", "check", "", "finding")
    findings = list(checks())
    for check in findings:
        mark = "[green]ok[/]" if check.passed else "[bold red]not ok[/]"
        table.add_row(escape(check.name), mark, escape(check.finding))
    out.print(table)
    for sentence in differences():
        out.print(f"{system()}: {escape(sentence)}")
    raise typer.Exit(0 if all(check.passed for check in findings) else TROUBLE)


def _lanes(device: str) -> None:
    """Evaluations a second by the width of lanes, and the width to use."""
    with explained():
        from bench.runner.environment import environment, gpu, resolve_device
        from bench.runner.launch import Launch
        from bench.runner.throughput import BATCH, paying, rates

        launch = Launch(device=device)
        launch.load()
        device = resolve_device(launch.device)
        card = gpu() if device != "cpu" else f"one core of {environment()['cpu']}"
        with err.status("measuring"):
            measured = rates(device)
    table = headed(
        f"Gradients on {BATCH} rows a second, on {card}", "problem", "lanes", "a second", "times", "of the peak"
    )
    alone = {each.problem: each.evaluations for each in measured if not each.width}
    for each in measured:
        table.add_row(
            each.problem, str(each.width or "one by one"), f"{each.evaluations:,.0f}",
            f"{each.evaluations / alone[each.problem]:.3g}", f"{each.share:.2g}",
        )  # fmt: skip
    table.caption = f"The peak is that of one large matrix product here: {measured[0].peak:.3g} operations a second."
    table.caption_justify = "left"
    out.print(table)
    for name, width in paying(measured):
        out.print(f"{name}: use lanes = {width} in a suite, or --lanes {width}.")
