"""`show`: one problem, optimizer or suite."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli.app import Imports, app, explained, out
from bench.cli.facts import type_text
from bench.core.packages import short

if TYPE_CHECKING:
    from bench.core.registry import Definition


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Problem, e.g. rosenbrock\\[dim=10]; optimizer; or suite.")],
    picture: Annotated[Path | None, typer.Option(help="Draw the problem into a new .png, .svg or .pdf file.")] = None,
    imports: Imports = None,
) -> None:
    """Show a problem, an optimizer or a suite: source, parameters, facts."""
    with explained():
        from bench.core import registry
        from bench.runner import PACKAGES
        from bench.runner.suite import parse_entry, suites

        registry.load(PACKAGES, imports or ())
        named = parse_entry(name)
        names = {**registry.PROBLEMS, **registry.OPTIMIZERS, **suites()}
        if "+" in named.name:
            definition = registry.find_problem(named.name)
        else:
            definition = registry.lookup(names, named.name, "problem or optimizer or suite")
        if picture is not None and named.name not in registry.PROBLEMS and "+" not in named.name:
            kind = "a suite" if isinstance(definition, Path) else "an optimizer"
            raise ValueError(f"only a problem has a picture, and {name} is {kind}")
        if isinstance(definition, Path):
            sys.stdout.write(definition.read_text(encoding="utf-8"))
            return
        setting = named.setting()
        _show_definition(definition, setting)
        if picture is not None:
            from bench.report.picture import draw

            objective = definition.make(**setting)
            if "dim" in definition.parameters and "dim" not in setting and objective.domain.real:
                objective = definition.make(**setting, dim=2)  # two dimensions where it may have any
            out.print(f"Picture: {escape(str(draw(objective, picture)))}")


def _show_definition(definition: "Definition", setting: dict[str, Any]) -> None:
    import inspect

    from bench.core import registry

    module = escape(str(short(definition.function.__module__)))
    out.print(f"[bold]{escape(definition.name)}[/]  {module}, version {definition.version}")
    out.print(escape(inspect.getdoc(definition.function) or ""))
    table = Table(show_header=False, box=None)
    table.add_row("source", escape(definition.source))
    lacking = registry.missing(definition)
    table.add_row(
        "needs", escape(", ".join(definition.needs) or "nothing more") + (" (not installed)" if lacking else "")
    )
    for key, parameter in definition.parameters.items():
        allowed = f", {parameter.range.allowed()}" if parameter.range is not None else ""
        default = registry.written(parameter.default)
        value = f"{registry.written(setting[key])}, by default {default}" if key in setting else default
        table.add_row("parameter", escape(f"{key}: {type_text(parameter.annotation)} = {value}{allowed}"))
    if isinstance(definition, registry.OptimizerDefinition):
        table.add_row(
            "order", f"{definition.order} ({('values', 'gradients', 'Hessian-vector products')[definition.order]})"
        )
        table.add_row("computes with", definition.arrays + (", in lanes" if definition.lanes else ""))
        table.add_row("fixed by its seed", "yes" if definition.deterministic else "no")
    elif not lacking:
        objective = definition.make(**setting)
        table.add_row("dim", str(objective.dim))
        table.add_row("answers up to order", str(objective.order))
        table.add_row("minimum", "not known" if objective.f_opt is None else f"{objective.f_opt:g}")
        table.add_row("coordinates", ", ".join(sorted(objective.domain.all_kinds)))
        if objective.composite is not None:
            table.add_row("composite", "a known network inside, an unknown cost outside")
        if objective.data:
            table.add_row("rows of data", str(objective.rows))
        if objective.metrics:
            table.add_row("metrics", escape(", ".join(objective.metrics)))
        if objective.width is not None:
            table.add_row("lanes", escape(str(objective.width)))
        if objective.noise is not None:
            table.add_row("noise", "yes: runs are judged by a noise-free score")
    out.print(table)
