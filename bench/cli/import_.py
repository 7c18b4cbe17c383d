"""`import`: runs of others as results."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import app, explained, out
from bench.cli.terminal import REASONS


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(help="A folder with data in COCO's or IOHprofiler's format, or one .info or .json of it.")
    ],
    name: Annotated[str, typer.Option(help="Results go to results/NAME, which must be new.")],
    optimizer: Annotated[str, typer.Option(metavar="LABEL", help="What the optimizer is called in reports.")] = "",
    order: Annotated[
        int | None, typer.Option(help="0, 1 or 2: what it asks for; else what the data say, or 0.")
    ] = None,
) -> None:
    """Read runs of others as results, to stand beside ours in a report."""
    with explained():
        from bench import api
        from bench.interchange.imported import import_runs
        from bench.measure.words import counted

        if not name or name != Path(name).name:
            raise ValueError(f"--name must be a name, not a path, got {name!r}")
        command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
        done = import_runs(source, api.RESULTS / name, optimizer=optimizer, order=order, command=command)
    optimizers = ", ".join(done.optimizers[:REASONS]) + (" and more" if len(done.optimizers) > REASONS else "")
    where = counted(len(done.problems), "problem")
    out.print(f"{counted(done.runs, 'run')} of {escape(optimizers)} on {where}", soft_wrap=True)
    out.print(f"Results: {escape(str(done.folder / 'runs.db'))}", soft_wrap=True)
