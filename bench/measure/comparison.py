"""What is compared: complete runs, and at each price what all measures of them share, each made once."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cached_property
from typing import Any

import numpy as np

from bench.core.ledger import PRICES
from bench.core.status import statuses
from bench.measure.convergence import convergence
from bench.measure.frames import CELL, Frame, checked
from bench.measure.levels import LATE, QUICK
from bench.measure.prices import RULES, Prices, resolved, value_seconds
from bench.measure.progress import complete, joined, progress
from bench.measure.raced import Planned, races
from bench.measure.runtimes import hits, runtimes
from bench.measure.strata import Strata, ends, limits, solved, strata
from bench.measure.words import number, price_list


class Comparison:
    """Runs that are compared with each other, complete.

    parts: gives these runs and their trajectories in parts that fit in memory, all runs on a problem and dim in one.
    prices: those of the suite, which stand where none are named. late: the factor by which runtimes on problems with
    data or noise are too late at most.
    """

    def __init__(
        self,
        runs: Frame,
        parts: Callable[[], Iterable[tuple[Frame, Frame]]] = lambda: (),
        prices: Mapping[str, float] = PRICES,
        races: Planned | None = None,
        late: float = LATE,
    ):
        self._planned: Any = complete(runs)
        self.runs: Any = self._planned[~self._planned.status.isin(statuses("absent"))]
        self.parts, self.prices, self._races = parts, prices, races
        self.late = late
        self._curves: dict[Any, Any] = {}
        self._views: dict[Any, View] = {}

    @cached_property
    def layout(self) -> Strata:
        """See `bench.measure.strata.strata`."""
        return strata(self.runs)

    @cached_property
    def races(self) -> Any:
        """See `bench.measure.raced.races`."""
        return races(self._planned, self._races)

    @cached_property
    def quick(self) -> frozenset[tuple[str, int]]:
        """The problems, with dim, whose value takes less than `bench.measure.levels.QUICK` seconds."""
        table = value_seconds(self.runs)
        table = table[table.seconds < QUICK]
        return frozenset(zip(table.problem, table.dim.astype(int), strict=True))

    @cached_property
    def hits(self) -> Any:
        """See `bench.measure.runtimes.hits`."""
        return self.over_parts(hits)[0]

    def over_parts(self, *measures: Callable[[Frame, Frame], Frame]) -> list[Any]:
        """What these measures give of runs and their events, in one pass over the trajectories."""
        tables: list[list[Any]] = [[] for _ in measures]
        for runs, trajectories in self.parts():
            events = progress(runs, trajectories)  # once for all measures
            for frames, measure in zip(tables, measures, strict=True):
                frames.append(measure(runs, events))
        return [joined(frames, []) for frames in tables]

    def read(self, each: Sequence[Prices]) -> None:
        """Make hits, and the convergence at each of these prices, in one pass."""
        at = [resolved(prices, self.prices) for prices in each]
        measures = [lambda runs, events, prices=prices: convergence(runs, events, prices) for prices in at]
        self.__dict__["hits"], *curves = self.over_parts(hits, *measures)
        self._curves |= dict(zip(map(_key, at), curves, strict=True))

    def convergence(self, prices: Prices = None) -> Any:
        """See `bench.measure.convergence.convergence`."""
        at = resolved(prices, self.prices)
        if _key(at) not in self._curves:
            (self._curves[_key(at)],) = self.over_parts(lambda runs, events: convergence(runs, events, at))
        return _own(self._curves[_key(at)])

    def at(self, prices: Prices = None) -> "View":
        """These runs at some prices."""
        at, name = resolved(prices, self.prices), prices if isinstance(prices, str) else "cost"
        key = (name, _key(at))  # different rules may come to the same prices
        if key not in self._views:
            self._views[key] = View(self, runtimes(self.runs, self.hits, at), name, at)
        return self._views[key]


def _own(frame: Any) -> Any:
    """A frame that shares its numbers until either is changed; what is no frame stays what it is."""
    return frame.copy(deep=False) if hasattr(frame, "columns") else frame


def _key(prices: Mapping[str, float] | str) -> Any:
    return prices if isinstance(prices, str) else tuple(sorted(prices.items()))


class View:
    """Runs at some prices: what it cost each to reach its targets, and what follows from that.

    reached: of `bench.measure.runtimes.runtimes`. name, rule: of its prices. quick: the problems, with dim, that are
    left out, as their value takes so little that seconds say more of the caller than of the method. within: the cost up
    to which it sees; only: the problems, with dim, that it sees, where not all. A measure is a function of a view; `of`
    makes its frame once.
    """

    def __init__(
        self,
        comparison: Comparison,
        reached: Frame,
        name: str = "cost",
        prices: Prices = None,
        within: float = np.inf,
        only: Set[tuple[str, int]] | None = None,
    ):
        self.prices, self.within = prices, within
        self.comparison, self.name, self.rule = comparison, name, RULES[name]
        self.runs: Any = comparison.runs
        self.reached: Any = checked(reached, "runtimes")
        self.quick = comparison.quick if self.rule.seconds and not self.rule.quick else frozenset()
        self._whole = not self.quick and only is None
        if not self._whole:
            cells = list(zip(*(self.runs[name] for name in CELL), strict=True))
            seen = [cell not in self.quick and (only is None or cell in only) for cell in cells]
            self.runs = self.runs[np.array(seen, dtype=bool)]
            self.reached = self.reached[self.reached.run.isin(self.runs.run)].reset_index(drop=True)
        self._frames: dict[Any, Any] = {}

    @cached_property
    def layout(self) -> Strata:
        """See `bench.measure.strata.strata`."""
        return self.comparison.layout if self._whole else strata(self.runs)

    @property
    def note(self) -> str:
        """What its prices mean."""
        return self.rule.note or price_list(self.comparison.prices, self.runs)

    def amount(self, cost: float) -> str:
        """A cost in words: `a cost of 100`."""
        return self.rule.amount.format(number(cost))

    @property
    def as_raced(self) -> bool:
        """Whether it sees all that optimizers paid where they raced, at the prices of the race."""
        priced = self.prices is None or _key(self.prices) == _key(resolved(None, self.comparison.prices))
        return priced and np.isinf(self.within)

    @property
    def convergence(self) -> Any:
        """See `bench.measure.convergence.convergence`."""
        return self.comparison.convergence(self.prices)

    @cached_property
    def limits(self) -> np.ndarray:
        """The cost up to which each run is compared (runs,): see `bench.measure.strata.limits`."""
        return limits(self.runs, self.reached)

    @cached_property
    def ends(self) -> np.ndarray:
        """The cost at which budgets end on each cell (C,) of the layout, inf where none ended a run: see
        `bench.measure.strata.ends`."""
        return np.nanmin(self.layout.spread(ends(self.runs, self.reached)), axis=(1, 2), initial=np.inf)

    @cached_property
    def limits_of_cells(self) -> Any:
        """The limits by problem and dim: columns problem, dim, limit."""
        return self.runs.assign(limit=self.limits).drop_duplicates(CELL)[[*CELL, "limit"]]

    def solved(self, costs: np.ndarray) -> np.ndarray:
        """See `bench.measure.strata.solved`."""
        return solved(self.runs, self.reached, self.limits, costs)

    def of(self, measure: Callable[..., Any], *arguments: Any) -> Any:
        """What a measure gives of this view, made once; lists among its arguments are read as tuples. A frame that is
        changed stays as it was here."""
        key = (measure, *(tuple(each) if isinstance(each, list) else each for each in arguments))
        if key not in self._frames:
            self._frames[key] = measure(self, *arguments)
        return _own(self._frames[key])


def within(view: View, cost: float, *only: tuple[str, int]) -> View:
    """What a view of these problems, with dim, would be, had all runs ended at this cost; the view itself, of all
    problems, where none spent more."""
    reached = view.reached
    spent, runtime = (reached[name].to_numpy(float) for name in ("spent", "runtime"))
    if not (spent > cost).any():
        return view
    reached = reached.assign(runtime=np.where(runtime > cost, np.inf, runtime), spent=np.minimum(spent, cost))
    return View(view.comparison, reached, view.name, view.prices, cost, frozenset(only))
