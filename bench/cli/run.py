"""`run`: a suite, or problems with optimizers."""

from contextlib import nullcontext
from math import inf
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import Imports, app, err, explained, out
from bench.cli.launching import Device, Fresh, Optimizers, Patience, Retry, Scheduler, Stale, Workers, Yes, launching
from bench.cli.terminal import closing_table, failed_evaluations, reasons, verdict


@app.command()
def run(
    suite: Annotated[str | None, typer.Argument(help="A suite's name or a TOML file; by default `quick`.")] = None,
    problem: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--problem", metavar="NAME[key=value,...]", help="Problem, e.g. rosenbrock\\[dim=2]; repeatable."
        ),
    ] = None,
    optimizer: Optimizers = None,
    budget: Annotated[
        float | None, typer.Option(help="Cost of a run, one value costing 1; else the suite's or 1000.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs of each optimizer on each problem; else the suite's or 15.")
    ] = None,
    instances: Annotated[
        str | None, typer.Option(metavar="1,2,5-8", help="Instances of each problem; else the suite's or 1.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Results go to results/NAME, the report to reports/NAME.")] = None,
    tuned: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings that `tune` wrote, run beside the defaults of all or of -o."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME==VERSION",
            help="Run with this release of a library, e.g. scipy==1.15.3; repeatable.",
        ),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = "",
    device: Device = "auto",
    retry: Retry = None,
    stale: Stale = "",
    fresh: Fresh = False,
    until: Annotated[
        str, typer.Option(metavar="significant", help="Race: who is significantly worse on a problem leaves it.")
    ] = "",
    deadline: Annotated[
        str | None, typer.Option(metavar="90s|20min|2h", help="Time of each run; else the suite's or 600 s.")
    ] = None,
    lanes: Annotated[
        int | None, typer.Option(help="Runs in lockstep at most; else the suite's or 64: see `doctor --benchmark`.")
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(metavar="90s|20min|2h", help="Time of all runs; the same command does what it left out."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="K/N", help="This part of the suite alone, e.g. 3/16, to results/NAME-03-of-16; then `merge`."
        ),
    ] = None,
    patience: Patience = "60s",
    yes: Yes = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Store the runs and write no report.")] = False,
    imports: Imports = None,
) -> None:
    """Run a suite, or every -p with every -o; what is stored already is not run again."""
    with explained():
        from bench import api
        from bench.runner import clock
        from bench.runner.campaign import run_suite
        from bench.runner.choose import choose_suite, parse_instances
        from bench.runner.releases import enter, removed_on_error, verify
        from bench.runner.shards import parse_shard
        from bench.tuning.settings import with_tuned

        if shard == "":  # of a variable that is not set, say: the whole suite is not what was meant
            raise ValueError("shard must read K/N, as 3/16, got ''")
        problems, optimizers = problem or (), optimizer or ()
        releases = enter(with_ or ())
        with (
            removed_on_error(releases),
            launching(
                workers=workers,
                scheduler=scheduler,
                device=device,
                imports=imports or (),
                retry=retry or (),
                fresh=fresh,
                stale=stale,
                yes=yes,
                patience=patience,
                end=inf if within is None else monotonic() + clock.seconds(within, "within"),
            ) as launch,
        ):
            named = suite or (None if problems or optimizers else "quick")
            planned = choose_suite(
                named, problems, optimizers, budget=budget, seeds=seeds, instances=parse_instances(instances or ""),
                name=name, until=until, deadline=None if deadline is None else clock.seconds(deadline, "deadline"),
                lanes=lanes, shard=parse_shard(shard),
            )  # fmt: skip
            planned = with_tuned(planned, tuned, optimizers)
            api.say_how_long(planned, launch)
            for sentence in verify(releases, planned):
                out.print(escape(sentence))
            campaign = run_suite(planned, api.RESULTS / planned.name, launch)
        results = api.load(campaign.folder)
        closing_table(results)
        reasons(results)
        failed_evaluations(results)
    out.print(
        f"Runs: {campaign.planned} planned, {campaign.there} there already, {campaign.added} added"
        + "".join(f", {n} {status}" for status, n in sorted(campaign.statuses.items()) if n)
    )
    if campaign.beside:
        out.print(f"{campaign.beside} runs of earlier commands under this name stay stored, and are not reported.")
    out.print(f"Results: {escape(str(campaign.folder / 'runs.db'))}")
    if not no_report:
        page = api.REPORTS / planned.name / "index.html"
        if campaign.added or campaign.changed or results.damaged or not page.is_file():
            with err.status("writing the report") if err.is_terminal else nullcontext(), explained():
                page = api.write_report(results, page.parent)
        out.print(f"Report: {escape(str(page))}")
    raise typer.Exit(verdict(results))
