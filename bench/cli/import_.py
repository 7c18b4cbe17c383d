"""`import`: data of other benchmarks as results."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import app, explained, out
from bench.cli.launching import command_line
from bench.cli.terminal import REASONS

LEFT_OUT = 20  # reasons that the terminal names


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(help="Folder in COCO's or IOHprofiler's format, or one .info or .json file of it.")
    ],
    name: Annotated[str, typer.Option(help="Results go to results/NAME, which must be new.")],
    optimizer: Annotated[str, typer.Option(metavar="LABEL", help="Name of the optimizer in reports.")] = "",
    order: Annotated[
        int | None, typer.Option(help="Order of the optimizer: 0, 1 or 2; else as the data say, or 0.")
    ] = None,
) -> None:
    """Import data of other benchmarks as results, to report beside ours.

    Runs that did not finish, or are damaged, are named and left out; exit status 2 where no run is left.
    """
    with explained():
        from bench import api
        from bench.interchange.imported import import_runs
        from bench.measure.words import counted

        if not name or name != Path(name).name:
            raise ValueError(f"--name must be a name, not a path, got {name!r}")
        done = import_runs(source, api.RESULTS / name, optimizer=optimizer, order=order, command=command_line())
    optimizers = ", ".join(done.optimizers[:REASONS]) + (" and more" if len(done.optimizers) > REASONS else "")
    where = counted(len(done.problems), "problem")
    out.print(f"{counted(done.runs, 'run')} of {escape(optimizers)} on {where}", soft_wrap=True)
    for reason in done.left_out[:LEFT_OUT]:
        out.print(f"Left out: {escape(reason)}", soft_wrap=True)
    if len(done.left_out) > LEFT_OUT:
        out.print(f"and {len(done.left_out) - LEFT_OUT} more, which the manifest names", soft_wrap=True)
    out.print(f"Results: {escape(str(done.folder / 'runs.db'))}", soft_wrap=True)
