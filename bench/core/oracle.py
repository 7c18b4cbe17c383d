"""The only door to a problem: every question passes here, is priced, bounded, timed and recorded."""

import copy
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, lcm, prod
from time import perf_counter, sleep
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from bench.core.answers import Answers, Rows
from bench.core.domain import Array, Domain
from bench.core.ledger import POINTS, QUESTIONS, Ledger
from bench.core.objective import Composite, Objective
from bench.core.sampling import epoch
from bench.core.streams import LaneGenerator, Streams, streams

# a forward pass 1, a backward pass 2; of a Jacobian, beside the value, 1 for each column
PRICES: Mapping[str, float] = {"value": 1, "gradient": 3, "hessian_vector": 6, "jacobian": 1, "vjp": 2}
VALUE, GRADIENT, HESSIAN_VECTOR, JACOBIAN, VJP = range(len(QUESTIONS))
ORDERS = (0, 1, 2, 1, 0)  # of each kind; what lies inside a composite problem is known, whatever the order
CHECKPOINTS = 10  # scores a decade of cost, on problems with data or noise


class Stop(BaseException):
    """Raised through the method when every lane has ended; the message is the status of the first."""


class OrderError(ValueError):
    """A question of a higher order than the method declared or the problem can answer."""


@dataclass(slots=True)
class Books:
    """What an oracle and its mini-batches share."""

    ledgers: list[Ledger]
    streams: list[Streams]
    x0: np.ndarray  # (R, dim)
    left: float = 0.0  # perf_counter() when the method last got its answer
    failure: str = ""  # the traceback where the problem itself raised
    asked: bool = False  # whether there was a question since the last start
    recommended: Array | None = None  # a reference, (*lanes, dim)
    default: Array | None = None  # recommended otherwise: the point of the last gradient, (*lanes, dim)
    same: np.ndarray | None = None  # the rows of the first epoch (R, N), where all epochs are alike
    best_asked: list[tuple[float, np.ndarray]] | None = None  # of each lane, by noise-free values on all data


def check_prices(prices: Mapping[str, float]) -> dict[str, float]:
    """All prices by kind, those not given at their defaults; raises ValueError for one that is not positive."""
    if not isinstance(prices, Mapping):
        raise ValueError(f"prices must be a table of numbers by kind, got {prices!r}")
    for kind, price in prices.items():
        if kind not in QUESTIONS:
            raise ValueError(f"prices has no kind {kind!r}; it takes: {', '.join(QUESTIONS)}")
        if isinstance(price, bool) or not isinstance(price, (int, float)) or not 0 < price < inf:
            raise ValueError(f"the price of a {kind} must be a positive number, got {price!r}")
    return {kind: float(price) for kind, price in {**PRICES, **prices}.items()}


class Oracle:
    """Answers questions about an objective, and keeps the books.

    objective: one, for a single run; a sequence of R instances of one problem for R runs in lockstep (lanes).
    budget: cost that may be spent, in prices; a question that would exceed it ends the run.
    seed: of the run; one a lane. start: the first point (dim,), the same for all; None draws it from the seed.
    order: the highest order that may be asked. prices: of a value, a value with gradient, a Hessian-vector product.
    target: a value at or below which the run ends; one for all or one a lane. deadline: seconds after which it ends.
    arrays, device: the kind of x and of the answers, and where torch computes.
    lockstep: whether a single run computes and draws as a lane does, so that it equals one bit by bit; with torch it
        always does. `rng` is then a LaneGenerator, else NumPy's.

    Points are x (*lanes, *points, dim), where lanes is () for a single run and (R,) for R of them. All questions raise
    `Stop` when every run has ended, and ValueError for a point of another shape. `with Oracle(...) as oracle:` absorbs
    the `Stop`.
    """

    def __init__(
        self,
        objective: Objective | Sequence[Objective],
        budget: float,
        seed: int | Sequence[int] = 0,
        start: Array | None = None,
        *,
        order: Literal[0, 1, 2] = 2,
        prices: Mapping[str, float] = PRICES,
        target: float | Sequence[float] = -inf,
        deadline: float = inf,
        arrays: Literal["numpy", "torch"] = "numpy",
        device: str = "cpu",
        suite_seed: int = 0,
        lockstep: bool = False,
    ):
        solo = isinstance(objective, Objective)
        self.objectives = [objective] if isinstance(objective, Objective) else list(objective)
        self.objective = self.objectives[0]
        self.lanes = () if solo else (len(self.objectives),)
        self.order = order
        self.prices = check_prices(prices)
        seeds = [int(seed)] * len(self.objectives) if isinstance(seed, (int, np.integer)) else list(map(int, seed))
        if len(seeds) != len(self.objectives):
            raise ValueError(f"seed must hold one number a lane, got {len(seeds)} for {len(self.objectives)} lanes")
        if not (isfinite(budget) and budget > 0):
            raise ValueError(f"budget must be positive and finite, got {budget}")

        # NumPy serves a single run unstacked; torch always sees (R, points, dim): solo and lanes agree bit by bit
        self._stacked = not solo or arrays == "torch" or lockstep
        self._answers = Answers(self.objectives if self._stacked else self.objective, arrays, device)
        scale = lcm(*(Fraction(str(price)).denominator for price in self.prices.values()))
        self._tick = [int(Fraction(str(self.prices[kind])) * scale) for kind in QUESTIONS]  # of one row of each kind
        self._unit = scale * self.objective.rows  # ticks in a cost of 1
        self._rows: Rows | None = None  # of a mini-batch; None for all data
        self._count = self.objective.rows  # rows of data in one question
        targets = list(target) if isinstance(target, Sequence) else [target] * len(seeds)
        limit = int(Fraction(str(budget)) * self._unit)
        drawn = [streams(item, number, suite_seed) for item, number in zip(self.objectives, seeds, strict=True)]
        self._books = Books(
            ledgers=[Ledger(limit, goal, deadline) for goal in targets],
            streams=drawn,
            x0=np.stack([item.first_point(s.start) for item, s in zip(self.objectives, drawn, strict=True)]),
        )
        if start is not None:
            self._books.x0[:] = self._check_start(start)
        methods = [s.method for s in drawn]
        self.rng: Any = LaneGenerator(methods, self.lanes, self.array) if self._stacked else methods[0]
        self._boxes = [None if item.domain.open else item.domain for item in self.objectives]
        self._first_values()

        # the shortest way, for one NumPy point of a single run
        fast = not self._stacked and not self.objective.scored and self._answers.native == "numpy"
        fast = fast and not self.objective.delay
        self._shape = (self.dim,) if fast else ()
        self._f = self._answers.formula()
        self._f_and_gradient = self._answers.closed_form()
        self._books.left = perf_counter()

    def _check_start(self, start: Array) -> np.ndarray:
        point = np.asarray(start, dtype=np.float64)
        if point.shape != (self.dim,):
            raise ValueError(f"start must have shape ({self.dim},), got {point.shape}")
        if not np.isfinite(point).all():
            raise ValueError(f"start must be finite, got {point}")
        return point

    def _first_values(self) -> None:
        """Take the value at each start, off the ledger."""
        self._score(range(len(self.ledgers)), self._caller_shape(self._books.x0.copy()))
        for ledger in self.ledgers:
            ledger.first = ledger.events[0][len(QUESTIONS) + 2]
            ledger.checkpoint = self._next_checkpoint(0)
            ledger.points = [] if self.dim == 2 else None

    # facts

    @property
    def dim(self) -> int:
        """The number of coordinates."""
        return self.objective.dim

    @property
    def domain(self) -> Domain:
        """Where the problem may be asked; in lanes the first one's: `walls` are each one's own."""
        return self.objective.domain

    @property
    def walls(self) -> tuple[Array, Array]:
        """The lowest and the highest x, each (*lanes, dim), infinite where there is no wall."""
        boxes = [item.domain for item in self.objectives]
        low, high = (
            np.stack([np.broadcast_to(np.asarray(wall, dtype=np.float64), self.dim) for wall in walls])
            for walls in ([box.low for box in boxes], [box.high for box in boxes])
        )
        return self._caller_shape(low), self._caller_shape(high)

    @property
    def x0(self) -> Array:
        """A copy of the starting points (*lanes, dim)."""
        return self._caller_shape(self._books.x0.copy())

    @property
    def remaining(self) -> float:
        """The cost that may still be spent: of the open lane that has most of it."""
        return (
            max((ledger.limit - ledger.ticks for ledger in self.ledgers if not ledger.status), default=0) / self._unit
        )

    @property
    def ledgers(self) -> list[Ledger]:
        """The books, one ledger a lane."""
        return self._books.ledgers

    @property
    def counts(self) -> dict[str, int]:
        """The raw counts of a single run (of the first lane), in rows of data."""
        return dict(zip(QUESTIONS, self.ledgers[0].counts, strict=True))

    @property
    def asked(self) -> bool:
        """Whether there was a question since the last start."""
        return self._books.asked

    @property
    def failure(self) -> str:
        """The traceback where the problem itself raised, or ""."""
        return self._books.failure

    @property
    def finished(self) -> bool:
        """Whether every lane has ended."""
        return all(ledger.status for ledger in self.ledgers)

    def blocks(self, x: Array) -> list[Array]:
        """Views of x (..., dim) by the problem's layers: arrays (..., *shape); x itself where there are none."""
        if not self.objective.shapes:
            return [x]
        views, at = [], 0
        for shape in self.objective.shapes:
            views.append(x[..., at : at + prod(shape)].reshape(*x.shape[:-1], *shape))
            at += prod(shape)
        return views

    # questions

    def value(self, x: Array) -> Array:
        """x (*lanes, *points, dim) -> f(x) (*lanes, *points). A population is cut at the last affordable row."""
        if type(x) is np.ndarray and x.shape == self._shape:
            entered = self._enter(VALUE)
            try:
                f = float(self._f(x))
            except Exception:
                self._fail()
                raise
            self._leave(VALUE, entered, x, f)
            return f
        x = self._as_array(x)
        return self._ask({VALUE: 1}, x, lambda points, rows, noise: (self._answers.value(points, rows, noise),))[0]

    def gradient(self, x: Array) -> Array:
        """x (*lanes, *points, dim) -> the gradient, of the same shape. Its price includes the value."""
        return self.value_and_gradient(x)[1]

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        """x (*lanes, *points, dim) -> f(x) (*lanes, *points) and the gradient, of the shape of x."""
        if type(x) is np.ndarray and x.shape == self._shape and self.order >= 1 <= self.objective.order:
            entered = self._enter(GRADIENT)
            try:
                f, gradient = self._f_and_gradient(x)
            except Exception:
                self._fail()
                raise
            self._leave(GRADIENT, entered, x, f)
            return f, gradient
        f, gradient = self._ask({GRADIENT: 1}, self._as_array(x), self._answers.value_and_gradient)
        return f, gradient

    def hessian_vector(self, x: Array, v: Array) -> Array:
        """x (*lanes, dim), v (*lanes, *points, dim) -> the Hessian at x times each v, of the shape of v."""
        v = self._as_array(v)
        x = self._as_array(x)
        if v.ndim > x.ndim:
            x = x.reshape(*x.shape[:-1], *(1,) * (v.ndim - x.ndim), self.dim)
        layout = self._layout(v)
        x = np.broadcast_to(x, v.shape) if isinstance(x, np.ndarray) else x.expand(v.shape)

        def product(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array, Array]:
            vectors = v.reshape(layout)[..., : points.shape[-2], :]
            return points[..., 0], self._answers.hessian_vector(points, vectors, rows, noise)

        return self._ask({HESSIAN_VECTOR: 1}, x, product, records=False)[1]

    def residuals(self, x: Array) -> Array:
        """x (*lanes, *points, dim) -> the residuals (*lanes, *points, m) of a least-squares problem, for the price of a
        value: f is the sum of their squares."""
        return self._ask({VALUE: 1}, self._as_array(x), self._answers.value_and_residuals, least_squares=True)[1]

    def residuals_and_jacobian(self, x: Array) -> tuple[Array, Array]:
        """x (*lanes, *points, dim) -> the residuals (*lanes, *points, m) and their Jacobian (*lanes, *points, m, dim).

        Counted as a value and as dim columns.
        """
        charges = {VALUE: 1, JACOBIAN: self.dim}
        _, residuals, jacobian = self._ask(charges, self._as_array(x), self._answers.jacobian, least_squares=True)
        return residuals, jacobian

    def network(self, x: Array, inputs: Array) -> Array:
        """x (*lanes, *points, dim), inputs (*lanes, *points, steps, features) -> what the known network of a composite
        problem puts out, (*lanes, *points, steps, outputs). Free: it is no question to the world."""
        self._composite()
        x, layout = self._as_array(x), self._layout(x)
        entered = self._begin()
        answer = self._answers.network(x.reshape(layout), inputs.reshape(*layout[:-1], *inputs.shape[-2:]))
        self._share(entered)
        return answer.reshape(*x.shape[:-1], *answer.shape[-2:])

    def play(self, x: Array, e: Array) -> tuple[Array, Array]:
        """x (*lanes, *points, dim), e (*lanes, *points, steps, outputs), added to the network's outputs -> the costs
        (*lanes, *points, steps) and the inputs (*lanes, *points, steps, features) that the network saw.

        Counted as a value. f is the mean cost where e is 0; what is asked is never an improvement: recommend(x).
        """
        self._composite()

        def answer(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array, Array, Array]:
            costs, inputs = self._answers.play(points, self._beside(points, x, e), rows, noise)
            return points[..., 0], costs, inputs

        _, costs, inputs = self._ask({VALUE: 1}, self._as_array(x), answer, records=False)
        return costs, inputs

    def vjp(self, x: Array, inputs: Array, v: Array) -> Array:
        """x (*lanes, *points, dim), inputs (*lanes, *points, steps, features), v (*lanes, *points, steps, outputs) ->
        the gradient of the sum of v times the network's outputs, of the shape of x.

        Counted once for as many steps as one answer has, or fewer.
        """
        answers = -(-inputs.shape[-2] // self.steps)

        def answer(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array, Array]:
            seen, pull = (self._beside(points, x, item) for item in (inputs, v))
            return points[..., 0], self._answers.vjp(points, seen, pull)

        return self._ask({VJP: answers}, self._as_array(x), answer, records=False)[1]

    def _composite(self) -> Composite:
        if self.objective.composite is None:
            raise OrderError(f"{self.objective.name} is not a composite problem: it has no network inside")
        return self.objective.composite

    def _beside(self, points: Array, x: Array, given: Array) -> Array:
        """What was given for each point, (*lanes, *points, a, b), in the layout of the points that are paid."""
        if tuple(given.shape[:-2]) != tuple(x.shape[:-1]):
            raise ValueError(
                f"what goes with points {tuple(x.shape)} must have shape (*{tuple(x.shape[:-1])}, steps, "
                f"numbers), got {tuple(given.shape)}"
            )
        front = self._layout(self._as_array(x))[:-1]
        return given.reshape(*front, *given.shape[-2:])[..., : points.shape[-2], :, :]

    @property
    def steps(self) -> int:
        """The steps of one answer of a composite problem: of an episode, or the rows of data."""
        return self._composite().steps or self._count

    @property
    def outputs(self) -> int:
        """How many numbers the network of a composite problem puts out in a step."""
        return self._composite().outputs

    def recommend(self, x: Array) -> None:
        """Say that x (*lanes, dim) is the present answer: a reference, read at each checkpoint."""
        if tuple(np.shape(x)) != (*self.lanes, self.dim):
            raise ValueError(f"a recommended point must have shape {(*self.lanes, self.dim)}, got {tuple(np.shape(x))}")
        self._books.recommended = x

    def restart(self, lanes: np.ndarray | None = None) -> None:
        """Draw a new start, from each lane's own stream, for all lanes or those of a mask (R,); x0 holds it."""
        books = self._books
        books.asked = False
        for lane, ledger in enumerate(self.ledgers):
            if (lanes is None or bool(lanes[lane])) and not ledger.status:
                books.x0[lane] = self.objectives[lane].first_point(books.streams[lane].start)
                ledger.restarts.append(tuple(ledger.counts))

    def minibatches(self, size: int | None = None) -> Iterator["Oracle"]:
        """Oracles over parts of the data, for ever, on the same ledgers.

        size: rows a batch, at most all of them; None, and every problem without data, gives the oracle itself. An epoch
        is as many rows as there are, each lane's in an order of its own, as the problem's `sampling` says; the last
        batch is smaller where size does not divide them, if the problem keeps this `remainder`. Where rows of high loss
        come first, an epoch begins with a full evaluation at the recommended point, which is charged.
        """
        n = self.objective.rows
        if size is not None and size < 1:
            raise ValueError(f"size must be >= 1, got {size}")
        if size is None or not self.objective.data or size >= n:
            while True:
                yield self
        while True:
            orders = self._orders()
            for at in range(0, n if self.objective.remainder else n - size + 1, size):
                yield self._part(orders[:, at : at + size])

    def _orders(self) -> np.ndarray:
        """The rows of each lane's next epoch (R, N)."""
        sampling = self.objective.sampling
        if sampling == "same":
            if self._books.same is None:
                drawn = zip(self.objectives, self._books.streams, strict=True)
                self._books.same = np.stack([epoch(sampling, item, s.data, None) for item, s in drawn])
            return self._books.same
        losses = self._row_losses() if sampling == "hard" else [None] * len(self.objectives)
        drawn = zip(self.objectives, self._books.streams, losses, strict=True)
        return np.stack([epoch(sampling, item, s.data, loss) for item, s, loss in drawn])

    def _row_losses(self) -> np.ndarray:
        """Of each lane's present answer, (R, N), for the price of a value."""

        def answer(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array, Array]:
            return points[..., 0], self._answers.row_losses(points)

        losses = self._ask({VALUE: 1}, self._as_array(self._answer()), answer, records=False)[1]
        return np.asarray(losses.cpu() if hasattr(losses, "cpu") else losses).reshape(len(self.ledgers), -1)

    def _part(self, picked: np.ndarray) -> "Oracle":
        """The oracle over the rows picked (R, size) of each lane."""
        batch = copy.copy(self)
        batch._count = picked.shape[1]
        batch._rows = self._answers.pick(picked)
        return batch

    # the books

    def _as_array(self, x: Array) -> Array:
        return x if hasattr(x, "ndim") else np.asarray(x, dtype=np.float64)

    def array(self, x: np.ndarray) -> Array:
        """A NumPy array as one of the kind of x."""
        return self._answers.to_caller(x)

    def _caller_shape(self, x: np.ndarray) -> Array:
        """(R, ...) in NumPy -> (*lanes, ...) of the caller's kind."""
        return self.array(x if self.lanes else x[0])

    def _layout(self, x: Array) -> tuple[int, ...]:
        """The shape in which Answers takes x: (points, dim), or (R, points, dim) where stacked."""
        given = tuple(x.shape)
        if given[: len(self.lanes)] != self.lanes or given[-1:] != (self.dim,) or len(given) <= len(self.lanes):
            raise ValueError(f"a point must have shape (*{self.lanes}, *points, {self.dim}), got {given}")
        points = prod(given[len(self.lanes) : -1])
        return (len(self.ledgers), points, self.dim) if self._stacked else (points, self.dim)

    def _enter(self, kind: int) -> float:
        """Open a question about one point of a single run: raises Stop where it cannot be paid."""
        books = self._books
        ledger = books.ledgers[0]
        entered = perf_counter()
        ledger.outside += entered - books.left
        books.left = entered
        if ledger.status or ledger.ticks + self._tick[kind] > ledger.limit:
            self._end([0], "budget")
            raise Stop(ledger.status)
        return entered

    def _fail(self) -> None:
        """The problem itself has failed: end what is open, so that a method that goes on is stopped."""
        self._books.failure = traceback.format_exc()
        self.close("crashed")

    def _leave(self, kind: int, entered: float, x: np.ndarray, f: float) -> None:
        """Close it: write down what was spent and gained, and raise Stop at the target or the deadline."""
        books = self._books
        ledger = books.ledgers[0]
        books.left = now = perf_counter()
        books.asked = True
        ledger.inside += now - entered
        ledger.ticks += self._tick[kind]
        ledger.counts[kind] += 1
        if ledger.points is not None and len(ledger.points) < POINTS:
            ledger.points.append(x.copy())
        if -inf < f < ledger.best:
            if self._boxes[0] is None or self._boxes[0].contains(x):
                ledger.improve(f, x)
                if f <= ledger.target:
                    self._end([0], "target")
                    raise Stop("target")
        elif not isfinite(f) and not np.isfinite(x).all():
            self._end([0], "diverged")
            raise Stop("diverged")
        if ledger.inside + ledger.outside > ledger.deadline:
            self._end([0], "deadline")
            raise Stop("deadline")

    def _ask(
        self,
        charges: Mapping[int, int],
        x: Array,
        answer: Callable[..., tuple[Array, ...]],
        *,
        least_squares: bool = False,
        records: bool = True,
    ) -> tuple[Array, ...]:
        """Any question: answer(points, rows, noise) gives the values and more, all with the axes of points in front.

        charges: how much of each kind a point is counted as. records: whether the values are those of f at the points;
        otherwise they only stand for them.
        """
        for kind in charges:
            order = max(ORDERS[kind], int(least_squares))
            if order > self.order:
                raise OrderError(f"a method of order {self.order} may not ask for a {QUESTIONS[kind]} of order {order}")
            if order > self.objective.order:
                raise OrderError(
                    f"{self.objective.name} has order {self.objective.order}: it cannot give a {QUESTIONS[kind]}"
                )
        if least_squares and self.objective.residuals is None:
            raise OrderError(f"{self.objective.name} is not a least-squares problem: it has no residuals")
        layout = self._layout(x)
        entered = self._begin()
        price = sum(self._tick[kind] * amount for kind, amount in charges.items()) * self._count
        affordable = [0 if ledger.status else (ledger.limit - ledger.ticks) // price for ledger in self.ledgers]
        self._end([lane for lane, rows in enumerate(affordable) if rows < 1], "budget")
        self._stop_if_finished()
        points = x.reshape(layout)[..., : max(affordable), :]
        noise = self._noise(points)
        try:
            answers = answer(points, self._rows, noise)
            if tuple(answers[0].shape) != tuple(points.shape[:-1]):
                wanted, got = tuple(points.shape[:-1]), tuple(answers[0].shape)
                raise ValueError(f"{self.objective.name} must give one value a point, shape {wanted}, got {got}")
        except Exception:
            self._fail()
            raise
        self._books.asked = True
        if self.objective.delay:
            going = (lane for lane, ledger in enumerate(self.ledgers) if not ledger.status)
            sleep(self.objective.delay * sum(min(layout[-2], affordable[lane]) for lane in going))
        paid = {lane: min(layout[-2], affordable[lane]) for lane in self._share(entered)}
        self._account(charges, paid, points, answers[0], records, noise is None)
        self._end([lane for lane, rows in paid.items() if rows < layout[-2]], "budget")
        self._stop_if_finished()
        self._books.left = perf_counter()  # the bookkeeping is neither's time
        # where a population was cut for all, Stop has been raised: the shapes below are those of x
        front = x.shape[:-1]
        return tuple(self._shaped(item, front, layout[:-1]) for item in answers)

    @staticmethod
    def _shaped(answer: Array, front: tuple[int, ...], layout: tuple[int, ...]) -> Array:
        shaped = answer.reshape((*front, *answer.shape[len(layout) :]))
        return float(shaped) if isinstance(shaped, np.ndarray) and shaped.ndim == 0 else shaped

    def _begin(self) -> float:
        """Share the method's seconds among open lanes, and score those that have reached a checkpoint."""
        books = self._books
        entered = perf_counter()
        open_lanes = [lane for lane, ledger in enumerate(books.ledgers) if not ledger.status]
        for lane in open_lanes:
            books.ledgers[lane].outside += (entered - books.left) / len(open_lanes)
        if self.objective.scored:
            due = [lane for lane in open_lanes if books.ledgers[lane].ticks >= books.ledgers[lane].checkpoint]
            if due:
                self._score(due, self._answer())
                for lane in due:
                    books.ledgers[lane].checkpoint = self._next_checkpoint(books.ledgers[lane].ticks)
                entered = perf_counter()
        books.left = entered
        return entered

    def _share(self, entered: float) -> list[int]:
        """Share the problem's seconds among open lanes; answers with them."""
        self._books.left = now = perf_counter()
        open_lanes = [lane for lane, ledger in enumerate(self.ledgers) if not ledger.status]
        for lane in open_lanes:
            self.ledgers[lane].inside += (now - entered) / len(open_lanes)
        return open_lanes

    def _noise(self, points: Array) -> np.ndarray | None:
        """The random numbers of these answers, each lane's from its own stream; None on a problem without noise."""
        draw = self.objective.noise
        if draw is None:
            return None
        front = tuple(points.shape[-2:-1])
        drawn = [draw(s.noise, front) for s in self._books.streams]
        return np.stack(drawn) if self._stacked else drawn[0]

    def _account(
        self,
        charges: Mapping[int, int],
        paid: Mapping[int, int],
        points: Array,
        values: Array,
        records: bool,
        noise_free: bool,
    ) -> None:
        """Charge each open lane for the rows that it pays, and write down what they gained."""
        scored = self.objective.scored
        if scored and GRADIENT in charges:
            ends = [paid.get(lane, 1) - 1 for lane in range(len(self.ledgers))]  # the last row that was paid
            last = points[range(len(ends)), ends] if self._stacked else points[ends[0]]
            self._books.default = last.clone() if hasattr(last, "clone") else last.copy()
        exact = records and noise_free and self._rows is None
        if scored and VALUE in charges and exact and self._books.recommended is None:
            self._keep_best_asked(self._numpy(values), self._numpy(points), paid)
        asked = not scored and records  # where values that are asked are what is recorded
        f, x = (self._numpy(values), self._numpy(points)) if asked else (values, points)
        for lane, rows in paid.items():
            ledger = self.ledgers[lane]
            if asked:
                self._gain(lane, charges, f[lane, :rows], x[lane, :rows])
            else:
                self._charge(ledger, charges, rows)
        late = [
            lane
            for lane in paid
            if self.ledgers[lane].inside + self.ledgers[lane].outside > self.ledgers[lane].deadline
        ]
        self._end(late, "deadline")

    def _numpy(self, x: Array) -> np.ndarray:
        """An answer or points as NumPy (R, points, ...), whatever their kind and layout."""
        given = x.detach().cpu().numpy() if hasattr(x, "detach") else np.asarray(x)
        return given if self._stacked else given[None]

    def _charge(self, ledger: Ledger, charges: Mapping[int, int], rows: int) -> None:
        for kind, amount in charges.items():
            ledger.counts[kind] += amount * rows * self._count
            ledger.ticks += amount * rows * self._count * self._tick[kind]

    def _gain(self, lane: int, charges: Mapping[int, int], f: np.ndarray, x: np.ndarray) -> None:
        """Charge a lane the rows f (P,) at x (P, dim) one after the other, up to one that is the target."""
        ledger, box = self.ledgers[lane], self._boxes[lane]
        if ledger.points is not None and len(ledger.points) < POINTS:
            ledger.points.extend(x[: POINTS - len(ledger.points)].copy())
        if not np.isfinite(f).any() and not np.isfinite(x).all(-1).any():
            self._end([lane], "diverged")
        f = np.where(f == -inf, inf, f)  # like NaN, no improvement
        if box is not None and (f < ledger.best).any():
            f = np.where(box.contains(x), f, inf)  # nor is anything outside the box
        lowest = np.fmin.accumulate(np.concatenate([[ledger.best], f]))
        charged = 0
        for row in np.flatnonzero(f < lowest[:-1]):
            self._charge(ledger, charges, int(row) + 1 - charged)
            charged = int(row) + 1
            ledger.improve(float(f[row]), x[row])
            if f[row] <= ledger.target:
                return self._end([lane], "target")
        return self._charge(ledger, charges, len(f) - charged)

    # ends, and scores of recommended points

    def _end(self, lanes: Sequence[int], status: str) -> None:
        """Close lanes, once; where runs are judged by scores, with that of the point recommended last."""
        open_lanes = [lane for lane in lanes if not self.ledgers[lane].status]
        if open_lanes and self.objective.scored and status != "crashed":
            self._score(open_lanes, self._answer())
        for lane in open_lanes:
            self.ledgers[lane].status = self.ledgers[lane].status or status

    def _stop_if_finished(self) -> None:
        if self.finished:
            raise Stop(self.ledgers[0].status)

    def close(self, status: str) -> None:
        """End all open lanes with a status: the method has returned, or failed."""
        self._end(range(len(self.ledgers)), status)

    def _answer(self) -> Array:
        """The present answer of every lane: what was recommended; else the point of the last gradient; else the best
        point asked, where answers have neither noise nor mini-batches; else, before any question, the start."""
        books = self._books
        if books.recommended is not None:
            return books.recommended
        if books.default is not None:
            return books.default
        if books.best_asked is not None:
            return self.array(np.stack([x for _, x in books.best_asked]))
        if any(any(ledger.counts) for ledger in self.ledgers):
            raise ValueError(f"{self.objective.name} answers with noise or on part of its data: recommend(x) is needed")
        return self.array(books.x0)

    def _keep_best_asked(self, f: np.ndarray, x: np.ndarray, paid: Mapping[int, int]) -> None:
        """f (R, points), x (R, points, dim), of which each open lane pays the first."""
        best = self._books.best_asked or [(inf, start) for start in self._books.x0.copy()]
        for lane, rows in paid.items():
            box = self._boxes[lane]
            usable = np.isfinite(f[lane]) if box is None else np.isfinite(f[lane]) & box.contains(x[lane])
            values = np.where(usable, f[lane], inf)[:rows]
            row = int(values.argmin())
            if values[row] < best[lane][0]:
                best[lane] = (float(values[row]), x[lane, row].copy())
        self._books.best_asked = best

    def _score(self, lanes: Sequence[int], x: Array) -> None:
        """Write down the noise-free value at x (*lanes, dim), and all metrics, for some lanes: off the ledger."""
        x = self._as_array(x)
        one = x.reshape((len(self.ledgers), 1, self.dim) if self._stacked else (1, self.dim))
        values = self._numpy(self._answers.score(one)).reshape(len(self.ledgers), 1)[:, 0]
        metrics = [self._numpy(metric)[:, 0] for metric in self._answers.metrics(one).values()]
        points = self._numpy(one)[:, 0]
        for lane in lanes:
            ledger = self.ledgers[lane]
            f, point = float(values[lane]), points[lane]
            ledger.write(f, *(float(metric[lane]) for metric in metrics))
            box = self._boxes[lane]
            if -inf < f < ledger.best and (box is None or box.contains(point)):
                ledger.best, ledger.best_x = f, np.array(point, dtype=np.float64)
                if not ledger.status and f <= ledger.target:
                    ledger.status = "target"
            if not ledger.status and not isfinite(f) and not np.isfinite(point).all():
                ledger.status = "diverged"

    def _next_checkpoint(self, ticks: int) -> int:
        """The least cost beyond ticks at which there is a score: 10^(k / 10) evaluations."""
        spent = max(ticks / self._unit, 0.09)  # the first score is at a tenth of an evaluation
        k = int(np.floor(CHECKPOINTS * np.log10(spent) + 1e-9)) + 1
        return int(np.ceil(self._unit * 10.0 ** (k / CHECKPOINTS)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.close("returned" if kind in (None, Stop) else "crashed")
        return kind is Stop
