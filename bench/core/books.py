"""The books of a run, or of R runs in lockstep: what an oracle shares with those on a part of its data or budget."""

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from bench.core.answers import Answers
from bench.core.arrays import converted, is_tensor, same, sent
from bench.core.domain import Array
from bench.core.failures import Failed, tolerable
from bench.core.foreign import foreign
from bench.core.gate import real
from bench.core.ledger import GRADIENT, QUESTIONS, VALUE, Ledger
from bench.core.objective import Objective
from bench.core.sampling import epoch, hardest
from bench.core.status import Status
from bench.core.streams import Streams, seeds
from bench.core.stretch import Stretch, is_asynchronous, waited

SLOW, TOGETHER = 0.005, 0.1  # seconds of a point from which on few are asked together, and of those
REFUSALS = 10_000  # questions refused one after the other, after which a method is left: it will not stop by itself
LARGE = 100  # coordinates of a problem from which the memory of an optimizer is of interest, and shown
MEASURED = 15  # first seeds whose runs' memory is measured, of runs alone: it hardly depends on the seed
LINGER = 10.0  # seconds after the end of its run in which a method may return; one that asks later is left


class Stop(BaseException):
    """Raised through the method when every lane has ended; the message is the status of the first."""


class Spent(Stop):
    """Raised where the part of `Oracle.within` is spent: the run goes on. A method that lets it pass has returned."""


@dataclass(slots=True, eq=False)
class Books:
    """A ledger a lane, the clock, and the point by which each lane would be judged now."""

    objectives: list[Objective]
    answers: Answers
    streams: list[Streams]
    _ledgers: list[Ledger]
    scored: bool  # whether scores of recommended points are recorded, and not the values asked
    alone: bool  # whether it is a run alone, and no lane
    x0: np.ndarray = field(init=False)  # (R, dim)
    first_seconds: float = 0.0  # of the value at the start, all lanes together
    answered_at: float = 0.0  # perf_counter() when the method last got its answer
    failure: str = ""  # the traceback where the problem itself raised
    asked: bool = False  # whether there was a question since the last start
    recommended: Array | None = None  # a reference, (*lanes, dim)
    last_gradient: Array | None = None  # the point of it, (*lanes, dim)
    abandon: Callable[[], None] | None = None  # get away from a method that never stops; it may not return
    watch: Callable[[], None] | None = None  # called at each checkpoint, while the method waits
    state_bytes: int | None = None  # that the method holds, a lane; see `bench.runner.memory` and MEASURED
    refused: tuple[int, int] = (0, -1)  # questions in a row, and the ticks spent then
    ended_at: float = 0.0  # perf_counter() when a question was first refused because all had ended
    late: float = 0.0  # seconds after its end when the method was left, because it had not returned
    first_epoch: np.ndarray | None = None  # its rows (R, N), where all epochs are alike
    questions: int = 0  # that had random numbers
    lane_seeds: Any = None  # a tensor (R,), of which those numbers are made, see `noise`
    error: BaseException | None = None  # what the problem itself raised
    nondeterministic: set[str] = field(default_factory=set)  # operations of torch that may give other bits each time
    _judged: tuple[Array, list[np.ndarray], Failed] | None = None  # the points of the last scores, and those
    _stretch: Stretch = field(default_factory=Stretch)
    _open: list[int] | None = None  # see `open_lanes`

    def start(self, point: Array | None) -> None:
        """Begin at a point (dim,), or where each lane's own stream says. The values there are off the ledger."""
        name, dim = self.objectives[0].name, self.objectives[0].dim
        lanes = zip(self.objectives, self.streams, strict=True)
        with foreign(f"{name} has no start", passing=(ValueError,)):
            self.x0 = np.stack([objective.first_point(stream.start) for objective, stream in lanes])
        if point is not None:
            start = np.array(converted(real(point, "start"), "numpy", "float64"))
            if start.shape != (dim,):
                raise ValueError(f"start must have shape ({dim},), got {start.shape}")
            if not np.isfinite(start).all():
                raise ValueError(f"start must be finite, got {start}")
            for ledger in self._ledgers:
                if ledger.box is not None and not ledger.box.contains(start):
                    raise ValueError(f"start must lie within the bounds, got {start}")
            self.x0[:] = start
        began = perf_counter()
        with foreign(f"{name} has no value at its start", passing=(ValueError,)):
            self.score(range(len(self._ledgers)), self.answers.to_caller(self.x0.copy()))
        self.first_seconds = perf_counter() - began
        for ledger in self._ledgers:
            ledger.first = ledger.events[0][len(QUESTIONS) + 2]
            ledger.checkpoint = ledger.next_checkpoint()
            ledger.points = [] if dim == 2 else None
        self.answered_at = perf_counter()

    def at_once(self) -> int:
        """How many points of a population are asked together, 0 for all: so few where each is asked alone and takes
        long that the deadline can end the run between them."""
        objective, ledger = self.objectives[0], self._ledgers[0]
        if objective.vectorised is not False or len(self._ledgers) > 1 or self.scored or ledger.deadline == inf:
            return 0
        asked = sum(ledger.counts)
        seconds = ledger.inside / asked if asked else self.first_seconds
        return 0 if seconds < SLOW else max(1, int(TOGETHER / seconds))

    @property
    def ledgers(self) -> list[Ledger]:
        """One a lane, with all that was spent."""
        self.settle()
        return self._ledgers

    def open_lanes(self) -> list[int]:
        """The lanes whose runs have not ended; all of them have spent the same."""
        if self._open is None or not self.scored:
            self._open = [lane for lane, ledger in enumerate(self._ledgers) if ledger.status is None]
        return self._open

    @property
    def over(self) -> bool:
        """Whether every lane has ended; nothing is computed, so that another thread may look."""
        return all(ledger.status is not None for ledger in self._ledgers)

    @property
    def ticks(self) -> int:
        """What each open lane has spent."""
        if lanes := self.open_lanes():
            return self._ledgers[lanes[0]].ticks + self._stretch.ticks
        return max(ledger.ticks for ledger in self._ledgers)

    # the clock

    @property
    def _timed_apart(self) -> bool:
        """Whether the device is waited for at each question: where a run is alone, its seconds being its own, and where
        values are read after each, as is always waited for."""
        return is_asynchronous(self.answers.device) and (self.alone or not self.scored)

    def _now(self) -> float:
        """perf_counter(), where seconds are taken question by question when all is done."""
        if self._timed_apart:
            waited(self.answers.device)
        return perf_counter()

    def settle(self, *, waits: bool = False) -> None:
        """Write to the ledgers of open lanes what they have spent. waits: wait for the device first, whose seconds are
        then shared by the questions since it was last waited for."""
        if waits and is_asynchronous(self.answers.device) and not self._timed_apart:
            self._stretch.wait(waited(self.answers.device))
        self._stretch.write([self._ledgers[lane] for lane in self.open_lanes()])
        self._stretch = Stretch()

    def _late(self) -> bool:
        """Whether the deadline of open lanes has passed, which have spent the same seconds."""
        if not (lanes := self.open_lanes()):
            return False
        ledger, shared = self._ledgers[lanes[0]], self._stretch.inside + self._stretch.outside
        return ledger.inside + ledger.outside + shared / len(lanes) > ledger.deadline

    # one NumPy point of a single run whose values are recorded: the shortest way

    def enter(self, price: int, limit: int) -> float:
        """Open a question: raises Stop where it cannot be paid."""
        ledger = self._ledgers[0]
        entered = perf_counter()
        ledger.outside += entered - self.answered_at
        self.answered_at = entered
        spent = ledger.ticks + price
        if ledger.status or spent > limit or spent > ledger.limit:
            self.affordable(price, limit)
        return entered

    def leave(self, question: int, entered: float, f: float, x: np.ndarray) -> None:
        """Close it: write down what was spent and gained. Raises Stop where the run has ended."""
        ledger = self._ledgers[0]
        self.answered_at = now = perf_counter()
        self.asked = True
        ledger.inside += now - entered
        ledger.charge(question, 1)
        ledger.record(f, x)
        if ledger.late:
            ledger.end(Status.DEADLINE)
        if ledger.status:
            raise Stop(ledger.status)

    def forgive(self, error: BaseException | None, f: float, x: np.ndarray) -> float:
        """What the method hears in place of f at x (dim,): inf, of which it is written down that the problem failed
        there, where it raised an error or NaN is one. Where failures are not tolerated the error ends the run, and is
        raised."""
        ledger = self._ledgers[0]
        if error is not None and not (self.answers.forgives and tolerable(error)):
            self.fail()
            raise error
        if not self.answers.forgives:
            return f
        failed = self.answers.take_failed()
        if error is not None or failed:
            ledger.fail(error or failed[()], x)
        elif f != f and np.isfinite(x).all():
            ledger.fail(None, x)
        return inf if f != f else f

    # all other questions

    def begin(self) -> float:
        """Share the method's seconds among open lanes, and score those that have reached a checkpoint."""
        entered = self._now()
        self._stretch.outside += entered - self.answered_at
        lanes = self.open_lanes()
        if self.scored and lanes and self.ticks >= self._ledgers[lanes[0]].checkpoint:
            self.settle(waits=True)
            self.score(lanes, self.answer())
            for lane in lanes:
                self._ledgers[lane].checkpoint = self._ledgers[lane].next_checkpoint()
            if self.watch is not None:
                self.watch()
            entered = perf_counter()
        self.answered_at = entered
        return entered

    def affordable(self, price: int, limit: int) -> int:
        """How many points each open lane can pay at a price in ticks. Ends those whose budget pays for none; raises
        Stop where no lane is open, and Spent where the limit, that of a part of the budget, pays for none."""
        lanes = self.open_lanes()
        if lanes and self.ticks + price > self._ledgers[lanes[0]].limit:
            self.end(Status.BUDGET)
        if not self.open_lanes():
            self.stop()
        limit = min(limit, self._ledgers[self.open_lanes()[0]].limit)  # whatever a method has put in its place
        points = (limit - self.ticks) // price
        if points < 1:
            if self._late():
                self.end(Status.DEADLINE)
            if not self.open_lanes():
                raise Stop(self._ledgers[0].status)
            raise Spent("this part of the budget is spent")
        return points

    def noise(self, points: Array) -> Array | None:
        """The random numbers of the answers at points, each lane's from its own stream; None without noise.

        Where they are `streams.seeds` the stream gives one number a lane, of which those of each question are made
        where torch computes: no lane is looked at, and a GPU is not waited for.
        """
        draw = self.objectives[0].noise
        if draw is None:
            return None
        size = tuple(points.shape[-2:-1])
        if draw is seeds and self.answers.native == "torch":
            from bench.core.modules.draws import of_question

            if self.lane_seeds is None:
                self.lane_seeds = sent(
                    np.stack([seeds(stream.noise, ()) for stream in self.streams]), self.answers.device
                )
            self.questions += 1
            counted = of_question(self.lane_seeds, self.questions, *size)
            return counted if self.answers.stacked else counted[0]
        drawn = [draw(stream.noise, size) for stream in self.streams]
        return np.stack(drawn) if self.answers.stacked else drawn[0]

    def share(self, entered: float) -> None:
        """Share the problem's seconds among open lanes."""
        self.answered_at = now = self._now()
        self._stretch.inside += now - entered

    def account(
        self,
        charges: Mapping[int, int],
        points: Array,
        values: Array,
        paid: int,
        *,
        records: bool,
        exact: bool,
        failed: Failed = MappingProxyType({}),
    ) -> None:
        """Charge each open lane the first points, as many as are paid, and write down what they gained.

        charges: rows of data of each question, for a point. records: whether values are those of f at the points.
        exact: whether they have neither noise nor mini-batches. failed: the points at which the problem failed, by
        their index among those of all lanes.
        """
        self.asked = True
        if self.scored and GRADIENT in charges and self.recommended is None:
            last = points[..., paid - 1, :]
            self.last_gradient = last.clone() if hasattr(last, "clone") else last.copy()
        recorded = records and not self.scored
        remembered = records and self.scored and VALUE in charges and self.recommended is None
        if not (recorded or remembered or failed):
            self._stretch.charge(charges, paid, self._ledgers[0].prices.ticks)
            if not self.scored:  # whose ledgers are looked at
                self.settle()
        else:
            self.settle()
            self._account_lanes(charges, points, values, paid, recorded, remembered, exact, failed)
        if self._late():
            self.end(Status.DEADLINE)
        if not self.open_lanes():
            raise Stop(self._ledgers[0].status)
        self.answered_at = perf_counter()  # the bookkeeping is neither's time

    def _account_lanes(
        self,
        charges: Mapping[int, int],
        points: Array,
        values: Array,
        paid: int,
        recorded: bool,
        remembered: bool,
        exact: bool,
        failed: Failed,
    ) -> None:
        """`account`, lane by lane. recorded: whether values are of f, and written down. remembered: whether their best
        point is kept, by which the lane is judged."""
        f, x = (self.answers.by_lane(a) for a in (values, points)) if recorded or remembered else (values, points)
        unbounded = recorded and bool((f == -inf).any())  # once, which is quick, for all lanes
        for lane in self.open_lanes():
            ledger, before = self._ledgers[lane], self._ledgers[lane].ticks
            if remembered:
                ledger.remember(f[lane, :paid], x[lane, :paid], self.x0[lane], exact)
            if unbounded:
                ledger.look(f[lane, :paid], x[lane, :paid])
            if recorded:
                ledger.record_rows(charges, f[lane, :paid], x[lane, :paid])
            else:
                ledger.charge_rows(charges, paid)
            if failed:
                charged = (ledger.ticks - before) // sum(ledger.prices.ticks[q] * rows for q, rows in charges.items())
                self._write_failed(lane, failed, points, charged)
        self._open = None

    def _write_failed(self, lane: int, failed: Failed, points: Array, charged: int) -> None:
        """Write down which of the first points of a lane, as many as were charged, failed."""
        x = self.answers.by_lane(points)[lane]
        for index, error in failed.items():
            if index[-1] < charged and index[:-1] in ((), (lane,)):
                self._ledgers[lane].fail(error, x[index[-1]])

    def ask_nothing(self) -> None:
        """A question about nothing, which is free: raises Stop where no lane is open."""
        if self._late():
            self.end(Status.DEADLINE)
        if not self.open_lanes():
            self.stop()
        self.refuse(ValueError("a question about no point"))

    # ends

    def stop(self) -> NoReturn:
        """Refuse a question because every lane has ended."""
        self.refuse(None)
        raise Stop(self._ledgers[0].status)

    def refuse(self, error: Exception | None) -> None:
        """Count a question that got no answer. A method that hears of nothing, as in a loop around a bare `except:`, is
        left after so many in a row: what is still open ends as crashed, with the last error. It is left sooner where it
        goes on for LINGER seconds after all has ended."""
        number, ticks = self.refused
        self.refused = (number + 1 if ticks == self.ticks else 1, self.ticks)
        if self.over:
            self.ended_at = self.ended_at or perf_counter()
            self.late = LINGER if perf_counter() - self.ended_at > LINGER else 0.0
        if self.refused[0] < REFUSALS and not self.late:
            return
        if self.open_lanes():
            self.failure = f"{REFUSALS:,} questions in a row were refused, the last one so: {error}"
            self.end(Status.CRASHED)
        if self.abandon is not None:
            self.abandon()

    def end(self, status: Status) -> None:
        """End all lanes that are open; where scores are recorded, with that of the present answer."""
        ending = self.open_lanes()
        self.settle(waits=status != Status.CRASHED)
        if ending and self.scored and status != Status.CRASHED:
            self.score(ending, self.answer())
        for lane in ending:
            self._ledgers[lane].end(status)
        self._open = None

    def fail(self) -> None:
        """The problem itself has failed: end what is open, so that a method that goes on is stopped."""
        self.failure, self.error = traceback.format_exc(), sys.exception()
        self.end(Status.CRASHED)

    def restart(self, lanes: np.ndarray | None) -> None:
        """Draw a new start for all lanes, or those of a mask (R,)."""
        self.asked = False
        self.settle()
        for lane in self.open_lanes():
            if lanes is None or bool(lanes[lane]):
                self.x0[lane] = self.objectives[lane].first_point(self.streams[lane].start)
                self._ledgers[lane].restarts.append(tuple(self._ledgers[lane].counts))

    # what is judged

    def answer(self) -> Array:
        """The present answer of every lane: what was recommended; else the point of the last gradient; else the point
        of the best value seen, those without noise and of all data first; else, before any question, the start."""
        if self.recommended is not None:
            return self.recommended
        if self.last_gradient is not None:
            return self.last_gradient
        best_asked = [ledger.asked_x for ledger in self.ledgers]
        if all(x is None for x in best_asked) and any(any(ledger.counts) for ledger in self.ledgers):
            raise ValueError(
                f"runs on {self.objectives[0].name} are judged by one point, and no value or gradient was asked whose "
                "point could be it: call oracle.recommend(x)"
            )
        best = [start if x is None else x for start, x in zip(self.x0, best_asked, strict=True)]
        return self.answers.to_caller(np.stack(best))

    def score(self, lanes: Sequence[int], x: Array) -> None:
        """Write down the noise-free value at x (*lanes, dim), and all metrics, for some lanes: off the ledger."""
        x = x if hasattr(x, "ndim") else np.asarray(x, dtype=np.float64)
        size, dim = len(self._ledgers), self.objectives[0].dim
        points = x.reshape((size, 1, dim) if self.answers.stacked else (1, dim))
        (values, *metrics), failed = self._scores(points)
        x = self.answers.by_lane(points)[:, 0]
        for index, error in failed.items():  # which is off the ledger, and not counted
            lane = index[0] if self.answers.stacked else 0
            if lane in lanes:
                self._ledgers[lane].keep(error, x[lane])
        for lane in lanes:
            self._ledgers[lane].write(float(values[lane]), *(float(metric[lane]) for metric in metrics))
            self._ledgers[lane].offer(float(values[lane]), x[lane])
        self._open = None  # some may have met their target

    def _scores(self, points: Array) -> tuple[list[np.ndarray], Failed]:
        """The noise-free values (R,) at points (*lanes, 1, dim), each metric likewise, and what failed. They are asked
        once of the same points, which many methods recommend for long; but for a user's function with noise of its own,
        whose scores are means of fresh values."""
        if self._judged is not None and same(points, self._judged[0]):
            return self._judged[1:]
        values = [self.answers.score(points), *self.answers.metrics(points).values()]
        scores = [self.answers.by_lane(value).reshape(len(self._ledgers)) for value in values]
        failed = self.answers.take_failed()
        if self.objectives[0].checkpoints is None:
            self._judged = points.clone() if is_tensor(points) else points.copy(), scores, failed
        return scores, failed

    def epoch(self, losses: Array | None) -> Array:
        """The rows of each lane's next epoch (R, N). losses: of each row (R, N), for "hard" alone."""
        if self.first_epoch is not None:
            return self.first_epoch
        if losses is not None:
            return hardest(losses)
        sampling = self.objectives[0].sampling
        lanes = zip(self.objectives, self.streams, strict=True)
        orders = np.stack([epoch(sampling, objective, stream.data) for objective, stream in lanes])
        if sampling == "same":
            self.first_epoch = orders
        return orders
