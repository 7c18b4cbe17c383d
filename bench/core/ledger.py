"""The book of one run: what was asked, what it cost, how far it got."""

from dataclasses import dataclass, field
from math import inf

import numpy as np

QUESTIONS = ("value", "gradient", "hessian_vector", "jacobian", "vjp")  # the raw counts, in the order of Ledger.counts
LATE = 1.01  # a thinned trajectory tells a runtime at most this factor late, and never early
POINTS = 1000  # asked points kept for the picture of a two-dimensional problem


@dataclass(slots=True, eq=False)
class Ledger:
    """Counts, cost and improvements of one lane.

    Costs are whole numbers of ticks, so that budgets are exact whatever the prices: a tick is the common unit of a row
    of data and of the denominators of all prices. counts are rows of data of each kind of question; of
    a Jacobian its columns.
    """

    limit: int  # ticks
    target: float  # a value at or below this ends the run
    deadline: float  # seconds
    ticks: int = 0
    counts: list[int] = field(default_factory=lambda: [0] * len(QUESTIONS))
    inside: float = 0.0  # seconds in the problem
    outside: float = 0.0  # seconds in the method
    first: float = np.nan  # the value at the start, off the ledger
    best: float = inf
    best_x: np.ndarray | None = None
    events: list[tuple[float, ...]] = field(default_factory=list)  # (*counts, inside, outside, value, *metrics)
    restarts: list[tuple[int, ...]] = field(default_factory=list)  # counts at which the method began anew
    points: list[np.ndarray] | None = None  # asked points, where they are kept
    checkpoint: int = 0  # ticks at which the recommended point is scored next
    status: str = ""  # empty while the run is open
    _until: tuple[float, float, float, float, float] = (
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
    )  # counts up to which an event may be replaced

    _last: float = inf  # the value of the last event

    def improve(self, f: float, x: np.ndarray) -> None:
        """Write down that f at x (dim,) is better than all before."""
        self.best = f
        self.best_x = x.copy()
        self.write(f)

    def write(self, f: float, *metrics: float) -> None:
        """Append an event at the present counts; it replaces the last one where that is within 1 % of every count, and
        not better (scores of recommended points may rise)."""
        values, gradients, products, columns, pulled = self.counts
        event = (values, gradients, products, columns, pulled, self.inside, self.outside, f, *metrics)
        a, b, c, d, e = self._until
        near = values <= a and gradients <= b and products <= c and columns <= d and pulled <= e
        if near and (a or b or c or d or e) and not f > self._last:
            self.events[-1] = event
        else:  # also at no cost, before the first question: LATE times nothing is nothing
            self.events.append(event)
            self._until = (LATE * values, LATE * gradients, LATE * products, LATE * columns, LATE * pulled)
        self._last = f
