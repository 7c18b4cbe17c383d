"""What `run` and `tune` share: the options that say how to run, and the bar on the terminal."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from bench.cli.app import INTERRUPTED, err
from bench.core.status import RETRIED

if TYPE_CHECKING:
    from bench.runner.launch import Launch, Watcher

Workers = Annotated[int | None, typer.Option(help="Processes at once; by default one a core.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda: where learning problems are computed.")]
Retry = Annotated[
    list[str] | None,
    typer.Option(metavar="STATUS", help=f"Run these again: {', '.join(RETRIED)}; repeatable."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew; earlier runs are kept under another name.")]


def command_line() -> str:
    """What was typed, for the manifest."""
    return shlex.join(["python", "-m", "bench", *sys.argv[1:]])


@contextmanager
def launching(**how: Any) -> "Iterator[Launch]":
    """A `Launch` of these options, with a bar where somebody watches, and everything registered.

    An interrupt ends with its own exit status, and says what to do.
    """
    from bench.runner.launch import Launch

    try:
        with _progress() as watcher:
            launch = Launch(**how, watcher=watcher, command=command_line())
            launch.load()
            yield launch
    except KeyboardInterrupt:
        err.print("Stopped. What was done is stored; the same command does the rest.")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _progress() -> "Iterator[Watcher]":
    """A watcher that draws a bar with what is running and the time left; a silent one where nobody watches."""
    from bench.runner.launch import Watcher

    if not err.is_terminal:
        yield Watcher()
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

        class Bar(Watcher):
            def planned(self, planned: int, there: int) -> None:
                bar.update(line, total=planned, completed=there)

            def began(self, spec: Any) -> None:
                bar.update(line, description=escape(f"{spec.problem} ({spec.dim}-D) with {spec.optimizer}"))

            def ended(self, record: Any) -> None:
                bar.advance(line)

        yield Bar()
