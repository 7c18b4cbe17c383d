"""The bar on the terminal while runs are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.markup import escape

from bench.cli.app import err


@contextmanager
def progress() -> Iterator[Any]:
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
