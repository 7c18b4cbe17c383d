"""What all commands share: the application, where it prints, how a mistake is explained, exit statuses, options."""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

import bench
from bench.core.shown import printable


class Terminal(Console):
    """A console on which no text, of a run's error say, steers the terminal: rich's own colours alone do."""

    def render(self, renderable: Any, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed, without control characters in their texts."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
out = Terminal(width=None if sys.stdout.isatty() else 120)
err = Terminal(stderr=True)

TRACEBACK = "FOGBENCH_TRACEBACK"  # environment variable: where it is set, a crash prints its traceback
BAD_USAGE, TROUBLE, INTERRUPTED = 2, 1, 130

Imports = Annotated[
    list[str] | None,
    typer.Option(
        "--import",
        metavar="MODULE|FILE.py|FOLDER/",
        help="Module, file or folder that registers problems or optimizers; repeatable.",
    ),
]


def _version(asked: bool) -> None:
    if asked:
        print(f"fogbench {bench.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Compare optimizers of every order - value, gradient, curvature - on one ledger of what each answer costs."""


def headed(title: str, *headings: str) -> Table:
    """An empty table; texts too long for their column are folded."""
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


@contextmanager
def explained() -> Iterator[None]:
    """A user's mistake ends with its message and exit status 2, never with a traceback."""
    try:
        yield
    except (ValueError, OSError) as error:
        err.print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(BAD_USAGE) from None


@contextmanager
def uncrashed() -> Iterator[None]:
    """A crash is a sentence and exit status 2, for commands whose status 1 is an answer."""
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        text = " ".join(str(error).split())
        err.print(
            f"[bold red]Error:[/] {type(error).__name__}{escape(f': {text}' if text else '')} "
            f"(a fault of fogbench: {TRACEBACK}=1 shows where)",
            soft_wrap=True,
        )
        raise typer.Exit(BAD_USAGE) from None
