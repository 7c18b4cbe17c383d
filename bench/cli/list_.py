"""`list`: what can be run."""

import json
from collections import Counter
from functools import partial
from typing import Annotated, Any

import typer
from rich.markup import escape

from bench.cli.app import TROUBLE, Imports, app, err, explained, headed, out
from bench.cli.facts import definition_parameters, hyperparameter_facts, in_words, problem_facts
from bench.core.packages import short
from bench.measure.words import joined_by_and

KINDS = ("problems", "optimizers", "wrappers", "suites")
MANY = 30  # definitions of one module above which a list shows their number only


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="problems, optimizers, wrappers or suites")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the names of large modules.")] = False,
    measured: Annotated[
        bool,
        typer.Option(
            "--measured", help="With `problems --json`: seconds of each answer here, of NumPy and torch callers."
        ),
    ] = False,
    imports: Imports = None,
) -> None:
    """List what can be run; with --json, exit status 1 where a problem cannot be built at its defaults."""
    with explained():
        from bench.core import registry

        if what not in KINDS:
            raise ValueError(f"list takes problems, optimizers, wrappers or suites, got {what!r}")
        if measured and not (as_json and what == "problems"):
            raise ValueError("--measured goes with `list problems --json`")
        if what != "suites":
            registry.load(["bench.problems" if what == "wrappers" else f"bench.{what}"], imports or ())
        rows = _rows(what)
    if as_json:
        problems = partial(problem_facts, measured=measured)
        facts = {"problems": problems, "optimizers": hyperparameter_facts}.get(what, lambda name: {})
        entries = [{**row, **facts(row["name"])} for row in rows]
        out.print_json(json.dumps(entries))
        broken = [entry["error"] for entry in entries if "error" in entry]
        for error in broken:
            err.print(f"[bold red]Cannot be built{' or measured' * measured}:[/] {escape(error)}", soft_wrap=True)
        raise typer.Exit(TROUBLE if broken else 0)
    # `show` and --json give the others
    left = ("module", "source", "parameters") if what == "problems" else ("module", "source")
    headings = [key for key in rows[0] if key not in left]
    table = headed(what, *headings)
    if what == "problems":
        table.columns[-1].no_wrap, table.columns[-1].overflow = True, "ellipsis"  # a line each
    sizes = Counter(row.get("module") for row in rows)
    hidden = {} if everything else {module: number for module, number in sizes.items() if module and number > MANY}
    for row in rows:
        if row.get("module") not in hidden:
            table.add_row(*(escape(str(row[heading])) for heading in headings))
    out.print(table)
    if everything:
        counts = [f"{number} of {module}" for module, number in sizes.items() if module and number > MANY]
        out.print(f"{len(rows)} {what}" + (f", {joined_by_and(counts)} among them" if counts else ""))
    for module, number in hidden.items():
        out.print(f"and {number} of {module}: `python -m bench list {what} --all` names them")


def _rows(what: str) -> list[dict[str, Any]]:
    from bench.core import registry
    from bench.runner.suite import load_suite, suites

    if what == "suites":
        loaded = {name: load_suite(name) for name in suites()}
        return [{"name": name, "what": suite.title, "groups": len(suite.groups)} for name, suite in loaded.items()]
    definitions = getattr(registry, what.upper()).values()
    return [_row(what, definition) for definition in sorted(definitions, key=lambda d: getattr(d, "order", 0))]


def _row(what: str, definition: Any) -> dict[str, Any]:
    parameters = definition_parameters(definition)
    if what == "optimizers":
        lanes = "yes" if definition.lanes else "no"
        facts = {"order": definition.order, "hyperparameters": parameters, "lanes": lanes}
    elif what == "problems":
        facts = {"family": definition.family, "parameters": parameters, "what": in_words(definition.function)}
    else:
        facts = {"parameters": parameters}
    name = f"+{definition.name}" if what == "wrappers" else definition.name
    return {"name": name, **facts, "source": definition.source, "module": short(definition.function.__module__)}
