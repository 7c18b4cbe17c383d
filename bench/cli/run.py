"""`run`: a suite, or problems with optimizers."""

import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import INTERRUPTED, Imports, app, err, explained, out
from bench.cli.progress import progress
from bench.cli.terminal import closing_table, reasons, verdict


@app.command()
def run(
    suite: Annotated[
        str | None, typer.Argument(help="A suite's name or a TOML file; `quick` if nothing is named.")
    ] = None,
    problem: Annotated[
        list[str] | None, typer.Option("-p", "--problem", metavar="NAME[key=value,...]", help="May be repeated.")
    ] = None,
    optimizer: Annotated[
        list[str] | None, typer.Option("-o", "--optimizer", metavar="NAME[key=value,...]", help="May be repeated.")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(help="Cost of a run, a value being 1; else the suite's or 1000."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Runs of each on each problem; else the suite's or 15.")] = None,
    name: Annotated[str | None, typer.Option(help="Results go to results/NAME, the report to reports/NAME.")] = None,
    tuned: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Settings that `tune` found, to run beside the defaults: of those of -o, or of all."
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes at once; by default one a core.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda: where learning problems are computed.")] = "auto",
    retry: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Do crashed, killed or damaged runs again.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew; earlier runs are kept under another name.")
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Store the runs and write no report.")] = False,
    imports: Imports = None,
) -> None:
    """Run a suite, or every -p with every -o; what is stored already is not run again."""
    with explained():
        from bench import api

        if suite is None and not problem and not optimizer:
            suite = "quick"
        chosen = api.choose_suite(suite, problem or (), optimizer or (), budget, seeds, (), name, imports or (), tuned)
        try:
            with progress() as watcher:
                campaign = api.launch(
                    chosen,
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
        results = api.load(campaign.folder)
        closing_table(results)
        reasons(results)
    out.print(
        f"Runs: {campaign.planned} planned, {campaign.there} there already, {campaign.added} added"
        + "".join(f", {n} {status}" for status, n in sorted(campaign.statuses.items()) if n)
    )
    if campaign.beside:
        out.print(f"{campaign.beside} runs of earlier commands under this name stay stored, and are not reported.")
    out.print(f"Results: {escape(str(campaign.folder / 'runs.db'))}")
    if not no_report:
        page = api.REPORTS / chosen.name / "index.html"
        if campaign.added or campaign.changed or results.damaged or not page.is_file():
            with err.status("writing the report") if err.is_terminal else nullcontext(), explained():
                page = api.write_report(results, page.parent)
        out.print(f"Report: {escape(str(page))}")
    raise typer.Exit(verdict(results))
