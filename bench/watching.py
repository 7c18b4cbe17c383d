"""Progress with time left: a bar in a terminal and in a notebook, elsewhere a line every few per cent."""

import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from bench.core.status import Status
from bench.measure import words
from bench.runner.launch import Watcher
from bench.runner.plan import RunSpec
from bench.runner.single import RunRecord

if TYPE_CHECKING:
    from rich.console import Console

QUIET = 2.0  # seconds in all, below which nothing is shown
APART = 1.0  # seconds between two lines, at least
STEPS = 20  # lines of all runs


@dataclass
class Pace:
    """How far runs are, and how long the others still take.

    rest: what is expected of those that have not ended: seconds, each as `expected` has it; or their number, where no
    seconds are known before the first has ended. processes: at once. end: `time.monotonic()` when their time is over.
    """

    rest: float = 0.0
    expected: Callable[[RunSpec], float] | None = None
    processes: int = 1
    end: float = inf
    began: float = field(default_factory=lambda: monotonic())  # as tests have it
    planned: int = 0
    ended: int = 0
    failed: int = 0
    done: float = 0.0  # of rest, by those that ran
    passed: float = 0.0  # seconds until the last of them ended

    @classmethod
    def of(cls, specs: Iterable[RunSpec], expected: Callable[[RunSpec], float], processes: int, end: float) -> "Pace":
        """That of runs whose seconds are known."""
        return cls(sum(expected(spec) for spec in specs if not spec.skip), expected, processes, end)

    @property
    def seconds(self) -> float:
        """The seconds that passed."""
        return monotonic() - self.began

    def take(self, record: RunRecord) -> None:
        """A run has ended."""
        self.ended += 1
        self.failed += Status(record.status).failed
        weight = 1.0 if self.expected is None else 0.0 if record.spec.skip else self.expected(record.spec)
        self.rest -= weight
        if Status(record.status).ran:
            self.done, self.passed = self.done + weight, self.seconds

    @property
    def left(self) -> float:
        """The seconds that the others still take, NaN where that is not known."""
        if self.done:
            left = self.passed / self.done * self.rest - (self.seconds - self.passed)
        elif self.expected:
            left = self.rest / self.processes - self.seconds
        else:
            return float("nan")
        return max(0.0, min(left, self.end - monotonic()))


class Shown(Watcher):
    """Shows how far runs are. quiet: seconds before anything is shown, unless more are expected. say: takes sentences,
    a warning by default."""

    def __init__(self, show: "Bar | Lines", pace: Pace, quiet: float, say: Callable[[str], None] | None):
        self.show, self.pace, self.quiet, self.say = show, pace, quiet, say

    def planned(self, planned: int, there: int) -> None:
        """See `Watcher`."""
        self.pace.planned, self.pace.ended = planned, there
        if self.pace.expected is None:
            self.pace.rest = planned - there
        self._update("")

    def changed(self, sentence: str) -> None:
        """See `Watcher`."""
        if self.say is None:
            super().changed(sentence)
        else:
            self.say(sentence)

    def began(self, spec: RunSpec) -> None:
        """See `Watcher`."""
        self._update(f"{spec.problem} ({spec.dim}-D) with {spec.optimizer}")

    def ended(self, record: RunRecord) -> None:
        """See `Watcher`."""
        self.pace.take(record)
        if Status(record.status).ran:
            self._update("")

    def _update(self, text: str) -> None:
        left = self.pace.left
        if self.pace.seconds + (left if left == left else 0.0) > self.quiet:
            self.show.update(text)


class Bar:
    """One of rich's, with the time left."""

    def __init__(self, console: "Console", pace: Pace, stack: ExitStack):
        from rich import progress
        from rich.text import Text

        class Left(progress.ProgressColumn):
            def render(self, task: Any) -> Text:
                return Text(words.time_left(pace.left))

        columns = (
            progress.BarColumn(), progress.MofNCompleteColumn(), progress.TimeElapsedColumn(), Left(),
            progress.TextColumn("{task.description}"),
        )  # fmt: skip
        self._pace, self._stack, self._begun = pace, stack, False
        self._bar = progress.Progress(*columns, console=console, transient=True)
        self._line = self._bar.add_task("planning", total=None)

    def update(self, text: str) -> None:
        """Show how far runs are, and what is under way."""
        from rich.markup import escape

        if not self._begun:
            self._begun = True
            self._stack.enter_context(self._bar)
        pace = self._pace
        self._bar.update(
            self._line, total=pace.planned or None, completed=pace.ended, description=escape(text) if text else None
        )


class Lines:
    """A line at each twentieth, to the standard error; of those that come within a second the first alone."""

    def __init__(self, pace: Pace):
        self._pace, self._steps, self._last = pace, 0, -inf

    def update(self, text: str) -> None:
        """Print a line where another twentieth has ended."""
        pace = self._pace
        steps = STEPS * pace.ended // max(pace.planned, 1)
        if steps > self._steps and pace.ended < pace.planned and pace.seconds >= self._last + APART:
            self._steps, self._last = steps, pace.seconds
            text = words.progress(pace.ended, pace.planned, pace.seconds, pace.left, pace.failed)
            print(text, file=sys.stderr, flush=True)


@contextmanager
def watching(
    pace: Pace,
    *,
    quiet: float = QUIET,
    say: Callable[[str], None] | None = None,
    console: "Console | None" = None,
) -> Iterator[Watcher]:
    """A watcher that shows progress while runs are made: see `Shown`. quiet = 0 shows a bar at once."""
    from rich.console import Console

    console = console or Console(stderr=True)
    notebook = console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None  # without it rich shows none
    with ExitStack() as stack:
        bar = console.is_terminal or notebook
        show = Bar(console, pace, stack) if bar else Lines(pace)
        if bar and not quiet:
            show.update("planning")
        yield Shown(show, pace, quiet if bar else QUIET, say)
