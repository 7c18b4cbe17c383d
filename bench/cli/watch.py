"""`watch`: a suite while it runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bench.cli.app import INTERRUPTED, TROUBLE, Imports, app, err, explained, out

if TYPE_CHECKING:
    from bench.results.underway import Line, Progress

PAUSE = 1.0  # seconds between two looks, at least
SHARE = 10.0  # times as long as a look took, where that is more
BESIDE = 9  # lines of the terminal beside the tables
WIDE = 110  # columns from which on the tables stand beside each other


@app.command()
def watch(
    name: Annotated[str, typer.Argument(help="A name under results/, or a folder.")],
    imports: Imports = None,
) -> None:
    """Watch a suite that another process runs: how far it is, what failed, the best so far; ends when it is done.

    Without a terminal a line every few per cent. Exit status: 0 done; 1 nobody runs it, and runs are missing; 2 a
    mistake; 130 stopped by Ctrl-C, while the runs go on.
    """
    with explained():
        from bench import api
        from bench.core import registry
        from bench.results.underway import Underway
        from bench.runner import PACKAGES

        registry.load(PACKAGES, imports or ())
        underway = Underway(api.folder_of(name))
        try:
            with _shown() as show:
                progress = _followed(underway.look, show)
        except KeyboardInterrupt:
            err.print("Stopped watching: the runs go on.")
            raise typer.Exit(INTERRUPTED) from None
    for text in progress.failures:
        out.print(f"Failed: {escape(text)}", soft_wrap=True)
    ended = f"{progress.ended:,} of {progress.planned:,} runs" + f", {progress.failed:,} failed" * bool(progress.failed)
    if not progress.done:
        why = progress.missing or f"{ended}. Nobody runs it: the same command does the rest."
        err.print(f"{escape(progress.name)}: {escape(why)}", soft_wrap=True)
        raise typer.Exit(TROUBLE)
    out.print(f"{escape(progress.name)} is done: {ended}.", soft_wrap=True, highlight=False)


def _followed(look: "Callable[[], Progress]", show: "Callable[[Progress], None]") -> "Progress":
    """Look and show, until all is done or nobody works on it any more; answers with the last look."""
    while True:
        began = time.monotonic()
        progress = look()
        show(progress)
        if progress.done or not progress.running:
            return progress
        time.sleep(max(PAUSE, SHARE * (time.monotonic() - began)))


@contextmanager
def _shown() -> "Iterator[Callable[[Progress], None]]":
    """What shows progress: tables that are drawn anew in a terminal, and else lines."""
    if not out.is_terminal:
        yield _lines()
        return
    from rich.live import Live

    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:
        yield lambda progress: live.update(view(progress, out.width, out.height), refresh=True)


def _lines() -> "Callable[[Progress], None]":
    """A line first, and one at each twentieth."""
    from bench.measure import words
    from bench.watching import STEPS

    said: list[int] = []

    def show(progress: "Progress") -> None:
        step = STEPS * progress.ended // max(progress.planned, 1)
        if not progress.running or progress.done or (said and step <= said[-1]):
            return
        said.append(step)
        counts = (progress.ended, progress.planned, progress.seconds, progress.left, progress.failed)
        out.print(escape(words.progress(*counts)), soft_wrap=True)

    return show


def view(progress: "Progress", width: int, height: int) -> RenderableType:
    """All of it, for a terminal of so many columns and lines."""
    from rich.progress_bar import ProgressBar

    from bench.measure import words

    counts = (progress.ended, progress.planned, progress.seconds, progress.left, progress.failed)
    lines, beside = height - BESIDE - len(progress.failures), width >= WIDE
    most = max(2, lines if beside else lines // 2 - 1)
    tables = _table("optimizer", progress.optimizers, most), _table("problem", progress.problems, most)
    grid = Table.grid(padding=(0, 3))
    for row in [tables] if beside else [[table] for table in tables]:
        grid.add_row(*row)
    failures: list[Any] = [Text(f"Failed: {text}") for text in progress.failures]
    return Group(
        Text(f"{progress.name}: {words.progress(*counts)}", style="bold"),
        ProgressBar(total=progress.planned or None, completed=progress.ended, width=60),
        grid,
        *failures,
    )


def _table(what: str, lines: "list[Line]", most: int) -> Table:
    """Those that are not done first, as many as fit."""
    from bench.measure import words

    table = Table(what, "runs", "failed", *(["best f", "of"] if what == "problem" else []), box=None, pad_edge=False)
    ordered = sorted(lines, key=lambda line: 0 < line.planned <= line.ended)
    for line in ordered[:most]:
        runs = f"{line.ended:,} of {line.planned:,}" if line.planned else f"{line.ended:,}"
        best = ["" if line.best != line.best else words.number(line.best), line.by] if what == "problem" else []
        table.add_row(*map(escape, (line.name, runs, f"{line.failed:,}" if line.failed else "", *best)))
    if len(ordered) > most:
        table.add_row(f"and {len(ordered) - most} more")
    return table
