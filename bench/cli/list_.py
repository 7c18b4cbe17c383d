"""`list`: what can be run."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli.app import Imports, app, explained, out
from bench.cli.facts import hyperparameter_facts, module_of, problem_facts

if TYPE_CHECKING:
    from bench.core.registry import Definition, WrapperDefinition


MANY = 30  # definitions of one module above which a list shows their number only


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="problems, optimizers, wrappers or suites")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the names of large modules.")] = False,
    imports: Imports = None,
) -> None:
    """List what can be run."""
    with explained():
        from bench.core import registry
        from bench.runner import PACKAGES

        if what not in (*PACKAGES, "wrappers", "suites"):
            raise ValueError(f"list takes problems, optimizers, wrappers or suites, got {what!r}")
        if what != "suites":
            registry.load(["problems" if what == "wrappers" else what], imports or ())
        rows = _rows(what)
    if as_json and what == "problems":
        rows = [{**row, **problem_facts(row["name"])} for row in rows]
    if as_json and what == "optimizers":
        rows = [{**row, **hyperparameter_facts(row["name"])} for row in rows]
    if as_json:
        out.print_json(json.dumps(rows))
        return
    table = Table(title=what, title_justify="left")
    visible, hidden = _without_crowds(rows, everything)
    headings = [key for key in visible[0] if key not in ("module", "source")]  # `show` and --json give the source
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in visible:
        table.add_row(*(escape(str(row[heading])) for heading in headings))
    out.print(table)
    for module, number in hidden.items():
        out.print(f"and {number} of {module}: `python -m bench list {what} --all` names them")


def _rows(what: str) -> list[dict[str, Any]]:
    from bench.core import registry
    from bench.runner.suite import load_suite, suites

    if what == "suites":
        loaded = {name: load_suite(name) for name in suites()}
        return [{"name": name, "what": suite.title, "groups": len(suite.groups)} for name, suite in loaded.items()]
    if what == "wrappers":
        return [
            {"name": f"+{d.name}", "parameters": _parameters(d), "source": d.source, "module": module_of(d)}
            for d in registry.WRAPPERS.values()
        ]
    if what == "problems":
        return [
            {
                "name": d.name,
                "family": d.family,
                "parameters": _parameters(d),
                "source": d.source,
                "module": module_of(d),
            }
            for d in registry.PROBLEMS.values()
        ]
    return [
        {
            "name": d.name,
            "order": d.order,
            "hyperparameters": _parameters(d),
            "lanes": "yes" if d.lanes else "no",
            "source": d.source,
            "module": module_of(d),
        }
        for d in sorted(registry.OPTIMIZERS.values(), key=lambda d: d.order)
    ]


def _parameters(definition: "Definition | WrapperDefinition") -> str:
    return ", ".join(f"{key}={parameter.default}" for key, parameter in definition.parameters.items())


def _without_crowds(rows: list[dict[str, Any]], everything: bool) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The rows of small modules, and the number of rows of each large one."""
    from collections import Counter

    sizes = Counter(row.get("module", "") for row in rows)
    crowds = {module: n for module, n in sizes.items() if n > MANY and not everything}
    return [row for row in rows if row.get("module", "") not in crowds], crowds
