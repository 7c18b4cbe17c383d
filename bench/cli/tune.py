"""`tune`: the best setting of each optimizer."""

from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import Imports, app, explained, out
from bench.cli.launching import Device, Fresh, Optimizers, Patience, Retry, Scheduler, Stale, Workers, Yes, launching
from bench.cli.terminal import tuning_table


@app.command()
def tune(
    suite: Annotated[str, typer.Argument(help="A suite's name or a TOML file.")],
    optimizer: Optimizers = None,
    settings: Annotated[int, typer.Option(help="Settings tried of each optimizer, the default among them.")] = 30,
    seeds: Annotated[int, typer.Option(help="Runs of each setting on each problem and tuning instance.")] = 3,
    search: Annotated[
        str, typer.Option(help="sobol, halton: quasi-random; tpe: Optuna's; rates: for networks.")
    ] = "sobol",
    budget: Annotated[float | None, typer.Option(help="Cost of a run; else the suite's.")] = None,
    name: Annotated[str | None, typer.Option(help="Runs and file go to results/NAME-tuning; else the suite's.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = "",
    device: Device = "auto",
    retry: Retry = None,
    stale: Stale = "",
    fresh: Fresh = False,
    patience: Patience = "60s",
    yes: Yes = False,
    imports: Imports = None,
) -> None:
    """Find the best setting of each optimizer for each family of problems, on instances that are never reported on.

    Optimizers are by default those of the suite; values in brackets are held fixed, of several one is chosen.
    """
    with explained():
        from bench import api
        from bench.runner.choose import choose_suite
        from bench.tuning.search import tune as tune_suite

        with launching(
            workers=workers,
            scheduler=scheduler,
            device=device,
            imports=imports or (),
            retry=retry or (),
            fresh=fresh,
            stale=stale,
            yes=yes,
            patience=patience,
        ) as launch:
            planned = choose_suite(suite, budget=budget, name=name)
            tuning = tune_suite(
                planned, optimizer or (), api.RESULTS, launch, settings=settings, seeds=seeds, search=search
            )
    tuning_table(tuning)
    named = f" --name {escape(name)}" if name else ""
    out.print(f"Next: python -m bench run {escape(suite)} --tuned {escape(tuning.path)}{named}", soft_wrap=True)
