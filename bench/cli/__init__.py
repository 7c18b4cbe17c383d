"""The command line: parses, calls, prints. What it imports at the top is light, so that help and lists come at once."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from bench.core.registry import Definition, WrapperDefinition
    from bench.results.stored import Results
    from bench.runner.suite import Tuning

app = typer.Typer(
    help="Compare optimizers of every order - value, gradient, curvature - on one ledger of what each answer costs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True)

MANY = 30  # definitions of one module above which a list shows their number only
FEW = 15  # problems up to which the terminal shows each
REASONS = 5  # for skips and crashes that the terminal names
BAD_USAGE, TROUBLE, INTERRUPTED = 2, 1, 130
TOO_FEW = "too few runs to tell"
RETRY_DAMAGED = "run its suite again with --retry damaged"

Imports = Annotated[
    list[str] | None, typer.Option("--import", metavar="MODULE", help="A module that registers problems or optimizers.")
]


def main() -> None:
    """The entry point of `python -m bench` and `fogbench`."""
    app(prog_name="python -m bench")


@contextmanager
def _explained() -> Iterator[None]:
    """A user's mistake ends with its message and exit status 2, never with a traceback."""
    try:
        yield
    except (ValueError, OSError) as error:
        err.print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(BAD_USAGE) from None


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
    with _explained():
        from bench import api

        if suite is None and not problem and not optimizer:
            suite = "quick"
        chosen = api.choose_suite(suite, problem or (), optimizer or (), budget, seeds, (), name, imports or (), tuned)
        try:
            with _progress() as watcher:
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
        _closing_table(results)
        _reasons(results)
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
            with err.status("writing the report") if err.is_terminal else nullcontext(), _explained():
                page = api.write_report(results, page.parent)
        out.print(f"Report: {escape(str(page))}")
    raise typer.Exit(_verdict(results))


@contextmanager
def _progress() -> Iterator[Any]:
    """A watcher that draws a bar with what is running and the time left; a silent one where nobody watches."""
    from bench.runner.campaign import Quiet

    if not err.is_terminal:
        yield Quiet()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )  # fmt: skip
    with Progress(*columns, console=err, transient=True) as bar:
        line = bar.add_task("planning", total=None)

        class Bar(Quiet):
            def planned(self, planned: int, there: int) -> None:
                bar.update(line, total=planned, completed=there)

            def began(self, spec: Any) -> None:
                bar.update(line, description=escape(f"{spec.problem} ({spec.dim}-D) with {spec.optimizer}"))

            def ended(self, record: Any) -> None:
                bar.advance(line)

        yield Bar()


def _closing_table(results: "Results") -> None:
    """Which optimizer, on the terminal: for each problem where they are few, for each family where they are many."""
    problems = len(results.runs[["problem", "dim"]].drop_duplicates())
    out.print(_by_problem(results) if problems <= FEW else _by_family(results))


def _by_problem(results: "Results") -> Table:
    from bench.measure.strata import limits_of_cells
    from bench.report.text import counted, interval, number, target_name

    table = Table(title=f"Which optimizer for which problem? ({results.name})", title_justify="left")
    for heading in ("problem", "dim", "best", "expected cost", "reached", "to", "not clearly better than"):
        table.add_column(heading, overflow="fold")
    answer: Any = results.best_optimizers()
    limits = limits_of_cells(results.runs, results.runtimes())
    if cut := int((limits.limit < inf).sum()):
        where = counted(cut, "problem")
        table.caption = f"On {where} a budget ended some optimizers before others: nobody is worse for that."
        table.caption_justify = "left"
    lowest = results.runs.groupby(["problem", "dim"]).best.min().to_dict()
    for row in answer[answer["among"] == "all"].to_dict("records"):
        where = (escape(row["problem"]), str(row["dim"] or ""))
        if not row["optimizer"]:
            table.add_row(
                *where, "none reached a target", f"best f: {number(lowest.get((row['problem'], row['dim']), nan))}"
            )
            continue
        table.add_row(
            *where,
            escape(row["optimizer"]),
            f"{number(row['ert'])} {interval(row['low'], row['high'])}",
            f"{row['successes']}/{row['runs']}",
            target_name(row["kind"], row["target"]),
            _some(row["rivals"]) if row["low"] == row["low"] or not row["rivals"] else TOO_FEW,
        )
    return table


def _by_family(results: "Results") -> Table:
    from bench.measure.statistics import duels, scores
    from bench.measure.summaries import answers
    from bench.report.data import budgets
    from bench.report.text import number

    runs, reached = results.runs, results.runtimes()
    at = budgets(runs, reached)
    scored, told = scores(runs, reached, at), duels(runs, reached, at)
    answer: Any = answers(scored, told)
    table = Table(title=f"Which optimizer for which family of problems? ({results.name})", title_justify="left")
    for heading in ("family", "problems", "within a cost of", "best", "targets reached", "not clearly better than"):
        table.add_column(heading, overflow="fold")
    table.caption, table.caption_justify = _caption(runs, scored, told), "left"
    before = None
    for row in answer[answer["among"] == "all"].to_dict("records"):
        head = ("", "") if row["family"] == before else (escape(row["family"]), str(row["problems"]))
        before = row["family"]
        if not row["optimizer"]:
            table.add_row(*head, number(row["budget"]), row["reason"])
            continue
        span = "" if row["low"] != row["low"] else f" [{row['low']:.0%}, {row['high']:.0%}]"
        share = f"{row['solved']:.0%}{span}"
        rivals = _some(row["rivals"]) if row["enough"] else TOO_FEW
        table.add_row(*head, number(row["budget"]), escape(row["optimizer"]), share, rivals)
    return table


def _caption(runs: Any, scored: Any, told: Any) -> str:
    """What the claims of the table by family rest on: n, the number of tests, and limits."""
    from bench.report.text import counted

    n = runs[runs.status != "skipped"].groupby(["problem", "dim", "optimizer"]).size()
    if n.empty:
        return ""
    text = f"n: {_span(n)}{counted(n.max(), 'run')} of an optimizer on a problem"
    tests = told[told.adjusted.notna()].groupby(["family", "budget"]).size() // 2
    if len(tests):
        text += f"; corrected for {_span(tests)}{counted(tests.max(), 'pair')} of optimizers in a row"
    if cut := scored.cut.max():
        every = counted(scored["of"].max(), "problem")
        text += f". On {cut} of {every} a budget ended some optimizers before others: nobody counts beyond"
    return f"{text}."


def _span(counts: Any) -> str:
    """`5 to `, where these counts are not all the same."""
    return f"{counts.min():,} to " if counts.min() < counts.max() else ""


def _some(rivals: str) -> str:
    """The first two of names that are joined by semicolons."""
    names = rivals.split("; ") if rivals else []
    return escape(", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else ""))


def _reasons(results: "Results") -> None:
    """Why runs were skipped or failed: each kind of reason once, by its first pair of problem and optimizer."""
    runs: Any = results.runs[results.runs.status.isin(["skipped", "crashed", "killed"])]
    found: dict[tuple[str, str], list[Any]] = {}  # status and reason without names: how many, which first, which pairs
    for row in runs.itertuples():
        reason = str(row.error).strip().rpartition("\n")[2]  # of a traceback, what it was
        names = [name.partition("[")[0].partition("+")[0] for name in (row.problem, row.optimizer)]
        like = reason.replace(names[0], "").replace(names[1], "")
        entry = found.setdefault((row.status, like), [0, reason, set()])
        entry[0] += 1
        entry[2].add((row.problem, row.optimizer))
    for (status, _), (number, reason, pairs) in list(found.items())[:REASONS]:
        more = f" (and {len(pairs) - 1} pairs like these)" if len(pairs) > 1 else ""
        out.print(f"{number} {status}: {escape(reason)}{more}", soft_wrap=True)
    if len(found) > REASONS:
        out.print(f"and {len(found) - REASONS} more reasons: see the report")


def _verdict(results: "Results") -> int:
    """Exit status: 1 where a run crashed, was killed or is damaged."""
    failed = results.runs[results.runs.status.isin(["crashed", "killed"])]
    if len(failed):
        err.print(f"[bold red]{len(failed)} runs crashed or were killed:[/] see the report, or --retry crashed")
    return max(_damaged(results), TROUBLE if len(failed) else 0)


def _damaged(results: "Results") -> int:
    """Name the runs that are damaged; exit status 1 where there are any."""
    for name in results.damaged:
        err.print(f"[bold red]Damaged, left out:[/] {escape(name)}", soft_wrap=True)
    if results.damaged:
        again = {
            "import the data again" if "imported from" in manifest.get("environment", {}) else RETRY_DAMAGED
            for part in getattr(results, "members", [results])
            for _, manifest in part.sources
            if part.damaged
        }
        err.print(f"Restore runs.db from a copy, or {' or '.join(sorted(again))}.", soft_wrap=True)
    return TROUBLE if results.damaged else 0


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
    with _explained():
        from bench import api

        try:
            with _progress() as watcher:
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
    _tuning_table(tuning)
    named = f" --name {escape(name)}" if name else ""
    out.print(f"Next: python -m bench run {escape(suite)} --tuned {escape(tuning.path)}{named}", soft_wrap=True)


def _tuning_table(tuning: "Tuning") -> None:
    """The best setting of each optimizer for each family, on the terminal."""
    from bench.report.text import number, setting_text

    table = Table(title=f"Best of {tuning.settings} settings ({tuning.suite})", title_justify="left")
    for heading in ("optimizer", "family", "tried", "best setting", "mean rank", "default's", "runs", "cost"):
        table.add_column(heading, overflow="fold")
    for item in tuning.found:
        shown = setting_text(item.setting) or "nothing to tune: its default"
        ranks = (number(item.rank), number(item.default_rank)) if item.setting else ("", "")
        cells = (item.entry.text(), item.family, str(item.tried), shown, *ranks, f"{item.runs:,}", number(item.cost))
        table.add_row(*map(escape, cells))
    out.print(table)


@app.command()
def report(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Names under results/, or folders: several give one report.")
    ],
    figure: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="Draw one figure for a paper instead: ecdf, convergence, ...")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Of the figure: a curve for each optimizer, order, family, dim or problem."
        ),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(help="Of the figure: cost, gradients, passes, differences, inside, outside or wall (seconds)."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Of the figure: a new .svg, .pdf or .png.")
    ] = None,
    published: Annotated[
        str | None, typer.Option(metavar="DATA", help="bbob-2009: published results beside ours (extra `coco`).")
    ] = None,
    no_figures: Annotated[
        bool, typer.Option("--no-figures", help="The page and its CSV alone, without figures and LaTeX for papers.")
    ] = False,
    imports: Imports = None,
) -> None:
    """Write the page, tables and figures of stored results, or draw one figure."""
    with _explained():
        from bench import api

        of_figure = {"--by": by, "--prices": prices, "--out": file}
        if figure is None and (given := [name for name, value in of_figure.items() if value is not None]):
            raise ValueError(
                f"{given[0]} is of a figure, which --figure names; the page shows all and goes to reports/"
            )
        if figure is not None and no_figures:
            raise ValueError("--no-figures is of the page, and not of a figure: leave out one of them")
        if figure is not None and published is not None:
            raise ValueError("--published is of the page, and not of a figure: leave out one of them")
        results = api.load(names, imports or ())
        if figure is None:
            page = api.write_report(results, api.REPORTS / results.name, published, figures=not no_figures)
            out.print(f"Report: {escape(str(page))}", soft_wrap=True)
        else:
            from bench.report.figures import draw

            drawn = draw(results, figure, by or "optimizer", prices, file or Path(f"{figure}.pdf"))
            out.print(f"Figure: {escape(str(drawn))}", soft_wrap=True)
    raise typer.Exit(_damaged(results))


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="problems, optimizers, wrappers or suites")],
    as_json: Annotated[bool, typer.Option("--json", help="All of them, as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the names of large families.")] = False,
    imports: Imports = None,
) -> None:
    """List what can be run."""
    with _explained():
        rows = _listed(what, imports or ())
    if as_json and what == "problems":
        rows = [{**row, **_facts(row["name"])} for row in rows]
    if as_json and what == "optimizers":
        rows = [{**row, **_ranges(row["name"])} for row in rows]
    if as_json:
        out.print_json(json.dumps(rows))
        return
    table = Table(title=what, title_justify="left")
    shown, hidden = _without_crowds(rows, everything)
    headings = [key for key in shown[0] if key not in ("module", "source")]  # `show` and --json give the source
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in shown:
        table.add_row(*(escape(str(row[heading])) for heading in headings))
    out.print(table)
    for module, number in hidden.items():
        out.print(f"and {number} of {module}: `python -m bench list {what} --all` names them")


def _listed(what: str, imports: Sequence[str]) -> list[dict[str, Any]]:
    from bench.core import registry
    from bench.runner import PACKAGES
    from bench.runner.suite import load_suite, suites

    if what == "suites":
        found = {name: load_suite(name) for name in suites()}
        return [{"name": name, "what": suite.title, "groups": len(suite.groups)} for name, suite in found.items()]
    if what not in (*PACKAGES, "wrappers"):
        raise ValueError(f"list takes problems, optimizers, wrappers or suites, got {what!r}")
    registry.load(["problems" if what == "wrappers" else what], imports)
    if what == "wrappers":
        return [
            {"name": f"+{d.name}", "parameters": _parameters(d), "source": d.source, "module": _module(d)}
            for d in registry.WRAPPERS.values()
        ]
    if what == "problems":
        return [
            {"name": d.name, "family": d.family, "parameters": _parameters(d), "source": d.source, "module": _module(d)}
            for d in registry.PROBLEMS.values()
        ]
    return [
        {
            "name": d.name,
            "order": d.order,
            "hyperparameters": _parameters(d),
            "lanes": "yes" if d.lanes else "no",
            "source": d.source,
            "module": _module(d),
        }
        for d in sorted(registry.OPTIMIZERS.values(), key=lambda d: d.order)
    ]


def _ranges(name: str) -> dict[str, Any]:
    """An optimizer's hyperparameters with defaults, what is allowed and where to tune, and what it needs."""
    from bench.core import registry

    definition = registry.find_optimizer(name)
    hyperparameters = {}
    for key, parameter in definition.parameters.items():
        found: dict[str, Any] = {"type": _kind(parameter.annotation), "default": parameter.default}
        if parameter.range is not None:
            tuned = {"low": parameter.range.low, "high": parameter.range.high, "log": parameter.range.log}
            found |= {"allowed": parameter.range.allowed(), "tuned": tuned}
        hyperparameters[key] = found
    return {
        "hyperparameters": hyperparameters,
        "needs": list(definition.needs),
        "missing": registry.missing(definition),
        "deterministic": definition.deterministic,
        "structure": definition.structure,
        "kinds": list(definition.kinds),
    }


def _facts(name: str) -> dict[str, Any]:
    """What is known of a problem at its defaults: dim, box, orders that it answers, least value."""
    from bench.core import registry

    definition = registry.find_problem(name)
    if registry.missing(definition):
        return {"needs": list(definition.needs)}
    try:
        objective = definition.make()
    except registry.Unavailable as error:
        return {"unavailable": str(error)}
    return {
        "dim": objective.dim,
        "any_dim": "dim" in definition.parameters,
        "orders": list(range(objective.order + 1)),
        "domain": {
            "kinds": sorted(objective.domain.all_kinds),
            "low": _wall(objective.domain.low),
            "high": _wall(objective.domain.high),
        },
        "f_opt": objective.f_opt,
        "data_rows": objective.rows if objective.data else 0,
        "noisy": objective.noise is not None,
        "residuals": objective.residuals is not None,
        "composite": objective.composite is not None,
    }


def _wall(wall: Any) -> Any:
    """A wall of a box for JSON: one number where all coordinates have the same, null where there is none."""
    import numpy as np

    numbers = [float(x) if np.isfinite(x) else None for x in np.atleast_1d(wall)]
    return numbers[0] if len(set(numbers)) == 1 else numbers


def _parameters(definition: "Definition | WrapperDefinition") -> str:
    return ", ".join(f"{key}={parameter.default}" for key, parameter in definition.parameters.items())


def _module(definition: "Definition | WrapperDefinition") -> str:
    return definition.function.__module__


def _without_crowds(rows: list[dict[str, Any]], everything: bool) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows of small modules, and the number of rows of each large one."""
    from collections import Counter

    sizes = Counter(row.get("module", "") for row in rows)
    crowds = {module: n for module, n in sizes.items() if n > MANY and not everything}
    return [row for row in rows if row.get("module", "") not in crowds], crowds


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="A problem, such as rosenbrock or rosenbrock\\[dim=10], an optimizer or a suite.")
    ],
    picture: Annotated[Path | None, typer.Option(help="Draw the problem into a new .png, .svg or .pdf file.")] = None,
    imports: Imports = None,
) -> None:
    """Say what a problem, an optimizer or a suite is: source, parameters, facts."""
    with _explained():
        from bench.core import registry
        from bench.runner import PACKAGES
        from bench.runner.suite import parse_entry, suites

        registry.load(PACKAGES, imports or ())
        named = parse_entry(name)
        known = {**registry.PROBLEMS, **registry.OPTIMIZERS, **suites()}
        composed = "+" in named.name
        definition = (
            registry.find_problem(named.name)
            if composed
            else registry.lookup(known, named.name, "problem or optimizer or suite")
        )
        if isinstance(definition, Path) and picture is not None:
            raise ValueError(f"only a problem has a picture, and {name} is a suite")
        if isinstance(definition, Path):
            sys.stdout.write(definition.read_text(encoding="utf-8"))
            return
        settings = named.settings()
        if len(settings) != 1:
            raise ValueError(f"{name!r} is a grid of {len(settings)} settings; show takes one")
        _show_definition(definition, settings[0])
        if picture is not None:
            out.print(f"Picture: {escape(str(_picture(definition, settings[0], picture)))}")


def _picture(definition: "Definition", settings: dict[str, Any], path: Path) -> Path:
    """Draw a problem, in two dimensions where it may have any and none is named."""
    from bench.core.registry import ProblemDefinition
    from bench.report.picture import draw

    if not isinstance(definition, ProblemDefinition):
        raise ValueError(f"only a problem has a picture, and {definition.name} is an optimizer")
    objective = definition.make(**settings)
    if "dim" in definition.parameters and "dim" not in settings and objective.domain.real:
        objective = definition.make(**settings, dim=2)
    return draw(objective, path)


def _kind(annotation: Any) -> str:
    """An annotation in a reader's words: choices one by one."""
    from typing import Literal, get_args, get_origin

    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_args(annotation) and get_origin(annotation) is not tuple:
        return " | ".join(_kind(one) for one in get_args(annotation))
    return "none" if annotation is type(None) else str(getattr(annotation, "__name__", annotation))


def _show_definition(definition: "Definition", settings: dict[str, Any]) -> None:
    import inspect

    from bench.core import registry

    out.print(f"[bold]{escape(definition.name)}[/]  {escape(_module(definition))}, version {definition.version}")
    out.print(escape(inspect.getdoc(definition.function) or ""))
    table = Table(show_header=False, box=None)
    table.add_row("source", escape(definition.source))
    lacking = registry.missing(definition)
    table.add_row(
        "needs", escape(", ".join(definition.needs) or "nothing more") + (" (not installed)" if lacking else "")
    )
    for key, parameter in definition.parameters.items():
        allowed = f", {parameter.range.allowed()}" if parameter.range is not None else ""
        table.add_row("parameter", escape(f"{key}: {_kind(parameter.annotation)} = {parameter.default}{allowed}"))
    if isinstance(definition, registry.OptimizerDefinition):
        table.add_row(
            "order", f"{definition.order} ({('values', 'gradients', 'Hessian-vector products')[definition.order]})"
        )
        table.add_row("computes with", definition.arrays + (", in lanes" if definition.lanes else ""))
        table.add_row("fixed by its seed", "yes" if definition.deterministic else "no")
    elif not lacking:
        objective = definition.make(**settings)
        table.add_row("dim", str(objective.dim))
        table.add_row("answers up to order", str(objective.order))
        table.add_row("least value", "not known" if objective.f_opt is None else f"{objective.f_opt:g}")
        table.add_row("coordinates", ", ".join(sorted(objective.domain.all_kinds)))
        if objective.composite is not None:
            table.add_row("composite", "a known network inside, an unknown cost outside")
        if objective.data:
            table.add_row("rows of data", str(objective.rows))
        if objective.noise is not None:
            table.add_row("noise", "yes: runs are judged by a noise-free score")
    out.print(table)


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="A name under results/, or a folder.")],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FORMAT", help="csv or parquet; coco: what cocopp reads; ioh: what IOHanalyzer reads."
        ),
    ],
    folder: Annotated[Path | None, typer.Option("--out", help="A new folder; results/NAME/FORMAT by default.")] = None,
    imports: Imports = None,
) -> None:
    """Write stored runs in a form for others."""
    with _explained():
        from bench import api
        from bench.interchange.export import export as write

        results = api.load(name, imports or ())
        done = write(results, to, folder or results.folder / to)
    for path in done.paths:
        out.print(escape(str(path)), soft_wrap=True)
    for reason in done.left_out:
        out.print(f"Left out: {escape(reason)}", soft_wrap=True)
    raise typer.Exit(_damaged(results))


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
    with _explained():
        from bench import api
        from bench.interchange.imported import import_runs
        from bench.report.text import counted

        if not name or name != Path(name).name:
            raise ValueError(f"--name must be a name, not a path, got {name!r}")
        command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
        done = import_runs(source, api.RESULTS / name, optimizer=optimizer, order=order, command=command)
    optimizers = ", ".join(done.optimizers[:REASONS]) + (" and more" if len(done.optimizers) > REASONS else "")
    where = counted(len(done.problems), "problem")
    out.print(f"{counted(done.runs, 'run')} of {escape(optimizers)} on {where}", soft_wrap=True)
    out.print(f"Results: {escape(str(done.folder / 'runs.db'))}", soft_wrap=True)


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and whether a run works here."""
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
