"""What `run` and `tune` share: the options that say how to run, and the bar on the terminal."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from bench.cli.app import INTERRUPTED, err, out
from bench.core.status import RETRIED

if TYPE_CHECKING:
    from bench.runner.launch import Launch

Optimizers = Annotated[
    list[str] | None,
    typer.Option(
        "-o", "--optimizer", metavar="NAME[key=value,...]", help="Optimizer, e.g. torch-adam\\[lr=0.1]; repeatable."
    ),
]
Patience = Annotated[
    str,
    typer.Option(
        metavar="60s|5min",
        help="A method that asks nothing for so long is ended; or for 10 times its longest question, if that is more.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Processes at once; by default one a core, or as many as workers of a cluster do.")
]
Scheduler = Annotated[
    str,
    typer.Option(
        metavar="local|tcp://HOST:PORT",
        help="Dask's: its workers do the runs. local: one in this process; tls://HOST:PORT: with certificates.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda: where learning problems are computed.")]
Retry = Annotated[
    list[str] | None,
    typer.Option(metavar="STATUS", help=f"Run these again: {', '.join(RETRIED)}; repeatable."),
]
Stale = Annotated[
    str,
    typer.Option(
        metavar="keep|versions",
        help="Of stored runs whose code has changed: keep them. Or run those again too whose libraries have changed.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="More than a million runs are meant.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew; earlier runs are kept under another name.")]


def command_line() -> str:
    """What was typed, for the manifest."""
    return shlex.join(["python", "-m", "bench", *sys.argv[1:]])


@contextmanager
def launching(*, patience: str, yes: bool, **how: Any) -> "Iterator[Launch]":
    """A `Launch` of these options, with a bar where somebody watches, and everything registered. patience: as it was
    typed; yes: whether any number of runs is meant.

    An interrupt ends with its own exit status, and says what to do.
    """
    from bench.measure.racing import race
    from bench.runner import clock
    from bench.runner.launch import Launch
    from bench.watching import Pace, watching

    how |= {"patience": clock.seconds(patience, "patience"), **({"most": inf} if yes else {})}
    try:
        with watching(Pace(), quiet=0.0, say=lambda sentence: out.print(escape(sentence)), console=err) as watcher:
            launch = Launch(**how, watcher=watcher, command=command_line(), referee=race)
            launch.load()
            yield launch
    except KeyboardInterrupt:
        err.print("Stopped. What was done is stored; the same command does the rest.")
        raise typer.Exit(INTERRUPTED) from None
