"""`tune`: the best setting of each optimizer."""

import shlex
import sys
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import INTERRUPTED, Imports, app, err, explained, out
from bench.cli.progress import progress
from bench.cli.terminal import tuning_table


@app.command()
def tune(
    suite: Annotated[str, typer.Argument(help="A suite's name or a TOML file.")],
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--optimizer",
            metavar="NAME[key=value,...]",
            help="May be repeated; what stands in brackets is held fixed. Else those of the suite.",
        ),
    ] = None,
    settings: Annotated[int, typer.Option(help="How many of each optimizer are tried, the default among them.")] = 30,
    seeds: Annotated[int, typer.Option(help="Runs of each setting on each problem and tuning instance.")] = 3,
    search: Annotated[str, typer.Option(help="sobol or halton: quasi-random; tpe: Optuna's, one by one.")] = "sobol",
    budget: Annotated[float | None, typer.Option(help="Cost of a run; else the suite's.")] = None,
    name: Annotated[str | None, typer.Option(help="Runs and file go to results/NAME-tuning; else the suite's.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes at once; by default one a core.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda: where learning problems are computed.")] = "auto",
    retry: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Do crashed, killed or damaged runs again.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew; earlier runs are kept under another name.")
    ] = False,
    imports: Imports = None,
) -> None:
    """Find the best setting of each optimizer for each family of problems, on instances that are never reported on."""
    with explained():
        from bench import api

        try:
            with progress() as watcher:
                tuning = api.tune(
                    suite,
                    optimizer or (),
                    settings=settings,
                    seeds=seeds,
                    search=search,
                    budget=budget,
                    name=name,
                    workers=workers,
                    device=device,
                    imports=imports or (),
                    retry=retry or (),
                    fresh=fresh,
                    watcher=watcher,
                    command=shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
                )
        except KeyboardInterrupt:
            err.print("Stopped. What was done is stored; the same command does the rest.")
            raise typer.Exit(INTERRUPTED) from None
    tuning_table(tuning)
    named = f" --name {escape(name)}" if name else ""
    out.print(f"Next: python -m bench run {escape(suite)} --tuned {escape(tuning.path)}{named}", soft_wrap=True)
