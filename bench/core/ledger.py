"""The book of one run: what a question costs, what counts as an improvement, when the run ends and how."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, isfinite, lcm
from types import MappingProxyType
from typing import Any

import numpy as np

from bench.core.domain import Domain
from bench.core.gate import python_number
from bench.core.status import Status

QUESTIONS = ("value", "gradient", "hessian_vector", "jacobian", "vjp")  # the raw counts, in the order of Ledger.counts
EVENT = (*QUESTIONS, "inside", "outside", "f")  # the columns of every trajectory, before those of metrics
VALUE, GRADIENT, HESSIAN_VECTOR, JACOBIAN, VJP = range(len(QUESTIONS))
ORDERS = (0, 1, 2, 1, 0)  # of each question; what lies inside a composite problem is known, whatever the order
# a forward pass 1, a backward pass 2; of a Jacobian, beside the value, 1 for each column
PRICES: Mapping[str, float] = {"value": 1, "gradient": 3, "hessian_vector": 6, "jacobian": 1, "vjp": 2}
CHECKPOINTS = 10  # scores a decade of cost, on problems with data or noise
BELOW = 1e-9  # times 1 + |f_opt|: how far rounding may take a value below f_opt
LATE = 1.01  # a thinned trajectory tells a runtime at most this factor late, and never early
POINTS = 1000  # asked points kept for the picture of a two-dimensional problem


def check_prices(prices: Mapping[str, float]) -> dict[str, float]:
    """All prices by question, the defaults where there is none; raises ValueError for one that is not positive."""
    if not isinstance(prices, Mapping):
        raise ValueError(f"prices must be a table of numbers by question, got {prices!r}")
    prices = {question: python_number(price) for question, price in prices.items()}
    for question, price in prices.items():
        if question not in QUESTIONS:
            raise ValueError(f"prices has no question {question!r}; it takes: {', '.join(QUESTIONS)}")
        if isinstance(price, bool) or not isinstance(price, (int, float)) or not 0 < price < inf:
            raise ValueError(f"the price of a {question} must be a positive number, got {price!r}")
    return {question: float(price) for question, price in {**PRICES, **prices}.items()}


@dataclass(frozen=True)
class Prices:
    """Prices in whole numbers, so that budgets are exact: a tick is the common unit of a row of data and of the
    denominators of all prices."""

    costs: Mapping[str, float]  # by question about all data, read-only
    ticks: tuple[int, ...]  # of one row of data, for each question
    unit: int  # ticks in a cost of 1

    @classmethod
    def of(cls, prices: Mapping[str, float], rows: int) -> "Prices":
        """Those of a problem with so many rows of data; raises ValueError as `check_prices` does."""
        costs = check_prices(prices)
        exact = [Fraction(str(costs[question])) for question in QUESTIONS]
        scale = lcm(*(price.denominator for price in exact))
        return cls(MappingProxyType(costs), tuple(int(price * scale) for price in exact), scale * rows)

    def in_ticks(self, cost: float) -> int:
        """The ticks in a cost, rounded down."""
        return int(Fraction(str(cost)) * self.unit)


def diverged(f: Any, x: np.ndarray) -> bool:
    """Whether neither a value f (...) nor a point x (..., dim) is finite."""
    return not np.isfinite(f).any() and not np.isfinite(x).all(-1).any()


def impossible(f: Any, f_opt: Any) -> Any:
    """Whether values f (...) lie below a minimum f_opt by more than rounding: then one of the two is wrong. NaN, for a
    minimum that is not known, is above nothing."""
    return f < f_opt - BELOW * (1 + abs(f_opt))


@dataclass(slots=True, eq=False)
class Ledger:
    """Counts, cost and improvements of one lane. Counts are rows of data of each question; of a Jacobian, columns."""

    prices: Prices
    limit: int  # ticks
    target: float  # a value at or below this ends the run
    deadline: float  # seconds
    box: Domain | None  # outside which nothing is an improvement; None where no bounds are hard
    checkpoints: int | None = None  # between start and end, see `Objective`
    ticks: int = 0
    counts: list[int] = field(default_factory=lambda: [0] * len(QUESTIONS))
    inside: float = 0.0  # seconds in the problem
    outside: float = 0.0  # seconds in the method
    first: float = np.nan  # the value at the start, off the ledger
    best: float = inf
    best_x: np.ndarray | None = None
    asked_best: float = inf  # where scores are recorded: the best of the values asked
    asked_x: np.ndarray | None = None
    asked_exact: bool = False  # whether it has neither noise nor mini-batches
    events: list[tuple[float, ...]] = field(default_factory=list)  # (*counts, inside, outside, value, *metrics)
    restarts: list[tuple[int, ...]] = field(default_factory=list)  # counts at which the method began anew
    points: list[np.ndarray] | None = None  # asked points, where they are kept
    checkpoint: int = 0  # ticks at which the recommended point is scored next
    failed: int = 0  # evaluations
    failure: str = ""  # of the first one, the traceback, or that it was NaN
    failed_at: np.ndarray | None = None  # and its point
    status: Status | None = None  # None while the run is open
    unbounded: bool = False  # whether f was -inf where it could have been an improvement
    _until: tuple[float, ...] = (0.0,) * len(QUESTIONS)  # counts up to which an event may be replaced
    _last: float = inf  # the value of the last event

    # cost

    @property
    def spent(self) -> float:
        """The cost of all questions."""
        return self.ticks / self.prices.unit

    def charge(self, question: int, rows: int) -> None:
        """Count and price rows of a question."""
        self.counts[question] += rows
        self.ticks += rows * self.prices.ticks[question]

    def next_checkpoint(self) -> int:
        """The smallest cost beyond the present one at which there is a score, in ticks: 10^(k / 10) evaluations, or
        those of a number of checkpoints."""
        if self.checkpoints is not None:
            return next(
                (at for k in range(self.checkpoints, 0, -1) if (at := self.limit >> k) > self.ticks), self.limit + 1
            )
        spent = max(self.spent, 0.09)  # the first score is at a tenth of an evaluation
        k = int(np.floor(CHECKPOINTS * np.log10(spent) + 1e-9)) + 1
        return int(np.ceil(self.prices.unit * 10.0 ** (k / CHECKPOINTS)))

    # improvements

    def improves(self, f: Any, x: np.ndarray, best: float) -> Any:
        """Whether values f (...) at x (..., dim) are improvements: finite numbers below the best, inside
        a box that is hard."""
        better = (f < best) & (f > -inf)
        if self.box is None or not (better if isinstance(better, bool) else better.any()):
            return better
        return better & self.box.contains(x)

    def offer(self, f: float, x: np.ndarray) -> bool:
        """Take f at x (dim,) for the best where it is an improvement, and say so. Ends the run at the target, and where
        neither f nor x is finite."""
        if self.improves(f, x, self.best):
            self.best, self.best_x = f, np.array(x, dtype=np.float64)
            if f <= self.target:
                self.end(Status.TARGET)
            return True
        if not isfinite(f):  # which is quick
            self.look(f, x)
            if diverged(f, x):
                self.end(Status.DIVERGED)
        return False

    def look(self, f: Any, x: np.ndarray) -> None:
        """Note where one of the values f (...) at x (..., dim) is -inf, but for those outside a box that is hard."""
        below = np.isneginf(f)
        if below.any():
            self.unbounded |= bool((below & (self.box is None or self.box.contains(x))).any())

    def record(self, f: float, x: np.ndarray) -> None:
        """Write down that f at x (dim,) was asked."""
        if self.points is not None and len(self.points) < POINTS:
            self.points.append(x.copy())
        if self.offer(f, x):
            self.write(f)

    def record_rows(self, charges: Mapping[int, int], f: np.ndarray, x: np.ndarray) -> None:
        """Charge f (P,) at x (P, dim), and write it down, row after row up to one that is the target. charges: rows of
        data of each question, for a point."""
        if self.points is not None and len(self.points) < POINTS:
            self.points.extend(x[: POINTS - len(self.points)].copy())
        f = np.asarray(f, dtype=np.float64)
        candidates = np.where(self.improves(f, x, self.best), f, inf)
        lowest = np.minimum.accumulate(np.concatenate([[self.best], candidates]))
        charged = 0
        for row in np.flatnonzero(lowest[1:] < lowest[:-1]).tolist():
            self.charge_rows(charges, row + 1 - charged)
            charged = row + 1
            if self.offer(float(f[row]), x[row]):
                self.write(float(f[row]))
            if self.status:
                return
        self.charge_rows(charges, len(f) - charged)
        if diverged(f, x):
            self.end(Status.DIVERGED)

    def charge_rows(self, charges: Mapping[int, int], points: int) -> None:
        """Charge a number of points, each with so many rows of data of each question."""
        for question, rows in charges.items():
            self.charge(question, rows * points)

    def remember(self, f: np.ndarray, x: np.ndarray, start: np.ndarray, exact: bool) -> None:
        """Keep the point of the best value asked, f (P,) at x (P, dim), the start before all: it is the answer of a
        method that recommends none. exact: whether these values have neither noise nor mini-batches: they
        stand before those that have."""
        if self.asked_x is None or exact > self.asked_exact:
            self.asked_best, self.asked_x, self.asked_exact = inf, start.copy(), exact
        if exact < self.asked_exact:
            return
        improves = self.improves(f, x, self.asked_best)
        if improves.any():
            row = int(np.where(improves, f, inf).argmin())
            self.asked_best, self.asked_x = float(f[row]), x[row].copy()

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

    # failed evaluations

    def fail(self, error: BaseException | None, x: np.ndarray) -> None:
        """Count that the problem failed at x (dim,), and keep what it was that failed first."""
        self.failed += 1
        self.keep(error, x)

    def keep(self, error: BaseException | None, x: np.ndarray) -> None:
        """Keep a failure at x (dim,) where it is the first."""
        if self.failed_at is None:
            self.failure = "its value was NaN" if error is None else "".join(traceback.format_exception(error))
            self.failed_at = np.array(x, dtype=np.float64)

    # the end

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.inside + self.outside > self.deadline

    def end(self, status: Status) -> None:
        """End the run; a run that has ended stays as it is. What has spent its budget whole at its last answer is done,
        though the deadline may have passed meanwhile."""
        if status == Status.DEADLINE and self.ticks >= self.limit:
            status = Status.BUDGET
        self.status = self.status or status
