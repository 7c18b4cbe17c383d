"""The only door to a problem: every question passes here; what a run is stands in its `Ledger`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, wraps
from math import inf, isfinite, nan, prod
from time import sleep
from types import TracebackType
from typing import Any, Literal, NoReturn, Self, SupportsIndex, TypeVar, cast

import numpy as np

from bench.core.answers import Answers, Rows, joined
from bench.core.books import Books, Spent, Stop
from bench.core.domain import Array
from bench.core.gate import DOUBLE, real
from bench.core.ledger import GRADIENT, HESSIAN_VECTOR, JACOBIAN, ORDERS, PRICES, QUESTIONS, VALUE, VJP, Ledger, Prices
from bench.core.logarithms import searched
from bench.core.objective import Composite, Objective
from bench.core.status import Status
from bench.core.streams import LaneGenerator, streams


class OrderError(ValueError):
    """A question of a higher order than the method declared or the problem can answer."""


Q = TypeVar("Q", bound=Callable[..., Any])


def _question(ask: Q) -> Q:
    """A question of which it is counted how often in a row it was refused."""

    @wraps(ask)
    def counted(self: "Oracle", *arguments: Any, **options: Any) -> Any:
        try:
            return ask(self, *arguments, **options)
        except Exception as error:
            self._books.refuse(error)
            raise

    return cast(Q, counted)


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
    `Stop` when every run has ended, and ValueError for a point of another shape or of complex numbers. An empty
    population has an empty answer, which costs nothing. `with Oracle(...) as oracle:` absorbs
    the `Stop`. The objective stays inside: facts are read-only, arrays are copies, and an oracle cannot be copied.

    Facts: lanes; dim; domain, whose scale is an array (dim,) of NumPy's (in lanes the first one's, while `bounds` and
    `scale` are each one's own, of the kind of x; where it says log, x is ln x throughout, but in records and `start`);
    rows of data in a question
    (all, or those of the mini-batch; 1 without data); dtype, in which torch computes; noisy, whether answers have
    noise; scored, whether runs are judged by a recommended point rather than by what was asked; remainder, whether an
    epoch of mini-batches ends with a smaller one; prices by question; rng, the method's own random numbers.
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
        problems = [objective] if isinstance(objective, Objective) else list(objective)
        objectives = [searched(problem) for problem in problems]
        seeds = [int(seed)] * len(objectives) if isinstance(seed, (int, np.integer)) else list(map(int, seed))
        if len(seeds) != len(objectives):
            raise ValueError(f"seed must hold one number a lane, got {len(seeds)} for {len(objectives)} lanes")
        if not (isfinite(budget) and budget > 0):
            raise ValueError(f"budget must be positive and finite, got {budget}")
        first = self._objective = objectives[0]
        self.lanes, self.dim = () if solo else (len(objectives),), first.dim
        self.rows, self.dtype, self.remainder = first.rows, first.dtype, first.remainder
        self.noisy, self.scored = first.noise is not None, first.scored
        in_ticks = Prices.of(prices, first.rows)
        self.prices, self._ticks, self._in_ticks = in_ticks.costs, in_ticks.ticks, in_ticks.in_ticks
        self._limit = self._in_ticks(budget)
        self._is_part = False  # of the budget, see `within`
        self._batch: Rows | None = None  # the rows of a mini-batch; None for all data
        self._order = order

        # NumPy serves a single run unstacked; torch always sees (R, points, dim): solo and lanes agree bit by bit
        stacked = not solo or arrays == "torch" or lockstep
        self._answers = Answers(objectives if stacked else first, arrays, device)
        drawn = [streams(lane, number, suite_seed) for lane, number in zip(objectives, seeds, strict=True)]
        targets = list(target) if isinstance(target, Sequence) else [target] * len(seeds)
        ledgers = [
            Ledger(in_ticks, self._limit, goal, deadline, lane.domain if lane.domain.fenced else None, lane.checkpoints)
            for lane, goal in zip(objectives, targets, strict=True)
        ]
        self._books = Books(objectives, self._answers, drawn, ledgers, self.scored, alone=solo)
        generators = [stream.method for stream in drawn]
        self.rng: Any = LaneGenerator(generators, self.lanes, self.array) if stacked else generators[0]

        # the shortest way, for one NumPy point of a single run
        fast = not (stacked or self.scored or first.delay) and self._answers.native == "numpy"
        self._shape = (self.dim,) if fast else None
        self._row = (1, self.dim) if fast and not self._answers.forgives else None
        self._f = self._answers.formula()
        self._f_and_gradient = self._answers.closed_form()
        raw = problems[0].domain
        self._books.start(raw.to_search(start) if start is not None and np.any(raw.log) else start)
        begins = zip(objectives, self._books.x0, strict=True)
        self._boxes = [lane.box if start is None else lane.box_around(x0) for lane, x0 in begins]
        self.domain = self._boxes[0]
        self._sealed = True

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(self, "_sealed"):
            raise AttributeError(f"{name} of an oracle is read-only")
        object.__setattr__(self, name, value)

    # more facts

    @property
    def bounds(self) -> tuple[Array, Array]:
        """The lowest and the highest x of the box, each (*lanes, dim), infinite where there is no bound. Where they are
        not hard (`domain.fenced`), points outside count, too."""
        low = np.stack([np.full(self.dim, box.low, dtype=np.float64) for box in self._boxes])
        high = np.stack([np.full(self.dim, box.high, dtype=np.float64) for box in self._boxes])
        return self._caller_shape(low), self._caller_shape(high)

    @cached_property
    def scale(self) -> Array:
        """The length in which steps are measured, of each coordinate: (*lanes, dim), see `Domain.scales`."""
        return self._caller_shape(np.stack([box.scale for box in self._boxes]))

    @property
    def x0(self) -> Array:
        """A copy of the starting points (*lanes, dim)."""
        return self._caller_shape(self._books.x0.copy())

    @property
    def episodic(self) -> bool:
        """Whether the steps of a composite problem are time; otherwise each row of data is one."""
        return self._composite().steps is not None

    @property
    def steps(self) -> int:
        """The steps of one answer of a composite problem: of an episode, or the rows of data."""
        return self._composite().steps or self.rows

    @property
    def outputs(self) -> int:
        """How many numbers the network of a composite problem puts out in a step."""
        return self._composite().outputs

    @property
    def counts(self) -> dict[str, int]:
        """The raw counts of a single run (of the first lane), in rows of data."""
        return dict(zip(QUESTIONS, self._books.ledgers[0].counts, strict=True))

    @property
    def failed(self) -> int:
        """How many evaluations of a single run (of the first lane) failed, where failures are tolerated."""
        return self._books.ledgers[0].failed

    @property
    def spent(self) -> float:
        """The cost of all questions of a single run (of the first lane)."""
        return self._books.ledgers[0].spent

    @property
    def remaining(self) -> float:
        """The cost that each open lane may still spend; 0 when all have ended."""
        return max(0, self._limit - self._books.ticks) / self._in_ticks(1) if self._books.open_lanes() else 0.0

    @property
    def best(self) -> Array:
        """The best value so far, the start's included, (*lanes). Scores, which are noise-free and off the ledger, are
        not told before all runs have ended: nan."""
        hidden = self.scored and self._books.open_lanes()
        best = np.array([np.nan if hidden else ledger.best for ledger in self._books.ledgers])
        return best if self.lanes else float(best[0])

    @property
    def asked(self) -> bool:
        """Whether there was a question since the last start."""
        return self._books.asked

    def blocks(self, x: Array) -> list[Array]:
        """Views of x (..., dim) by the problem's layers: arrays (..., *shape); x itself where there are none."""
        return self._objective.blocks(x)

    # questions

    def value(self, x: Array) -> Array:
        """x (*lanes, *points, dim) -> f(x) (*lanes, *points). A population is cut at the last affordable row."""
        if type(x) is np.ndarray and x.shape == self._shape and x.dtype is DOUBLE:
            entered = self._books.enter(self._ticks[VALUE], self._limit)
            try:
                answer = self._f(x)
                f = float(answer) if isinstance(answer, float) else self._answers.one(answer)
            except BaseException as error:  # also what would end the program
                f = self._books.forgive(error, inf, x)
            if f != f:
                f = self._books.forgive(None, f, x)
            self._books.leave(VALUE, entered, f, x)
            return f
        if type(x) is np.ndarray and x.shape == self._row and x.dtype is DOUBLE:
            return self._value_of_row(x)
        if (n := self._books.at_once()) and np.shape(x)[-1:] == (self.dim,) and prod(x.shape[:-1]) > n:
            points = x.reshape(-1, self.dim)
            return joined([self.value(points[i : i + n]) for i in range(0, len(points), n)]).reshape(x.shape[:-1])
        return self._ask({VALUE: 1}, x, lambda points, rows, noise: (self._answers.value(points, rows, noise),))[0]

    def _value_of_row(self, x: np.ndarray) -> np.ndarray:
        """A population of one, as ask-and-tell libraries send them; the shortest way."""
        entered = self._books.enter(self._ticks[VALUE], self._limit)
        try:
            answer = self._answers.value(x)
        except BaseException:
            self._books.fail()
            raise
        self._books.leave(VALUE, entered, float(answer[0]), x[0])
        return answer

    def gradient(self, x: Array) -> Array:
        """x (*lanes, *points, dim) -> the gradient, of the same shape. Its price includes the value."""
        return self.value_and_gradient(x)[1]

    def value_and_gradient(self, x: Array) -> tuple[Array, Array]:
        """x (*lanes, *points, dim) -> f(x) (*lanes, *points) and the gradient, of the shape of x."""
        fast = type(x) is np.ndarray and x.shape == self._shape and x.dtype is DOUBLE
        if fast and self._order >= 1 <= self._objective.order:
            entered = self._books.enter(self._ticks[GRADIENT], self._limit)
            try:
                f, gradient = self._f_and_gradient(x)
            except BaseException as error:  # also what would end the program
                f, gradient = self._books.forgive(error, inf, x), np.full(self.dim, nan)
            if not f < inf:  # also NaN
                answer, f = f, self._books.forgive(None, f, x)
                gradient = gradient if answer == f or f != f else np.full(self.dim, nan)
            self._books.leave(GRADIENT, entered, f, x)
            return f, gradient
        answers = self._ask({GRADIENT: 1}, x, self._answers.value_and_gradient)
        return answers[0], answers[1]

    @_question
    def hessian_vector(self, x: Array, v: Array) -> Array:
        """x (*lanes, dim), v (*lanes, *points, dim) -> the Hessian at x times each v, of the shape of v."""
        x, v = real(x, "a point"), real(v, "a vector")
        if v.ndim > x.ndim:
            x = x.reshape(*x.shape[:-1], *(1,) * (v.ndim - x.ndim), self.dim)
        vectors = v.reshape(self._layout(v))
        x = np.broadcast_to(x, v.shape) if isinstance(x, np.ndarray) else x.expand(v.shape)

        def product(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array]:
            return (self._answers.hessian_vector(points, vectors[..., : points.shape[-2], :], rows, noise),)

        return self._ask({HESSIAN_VECTOR: 1}, x, product, records=False)[0]

    @_question
    def residuals(self, x: Array) -> Array:
        """x (*lanes, *points, dim) -> the residuals (*lanes, *points, m) of a least-squares problem, for the price of a
        value: f is the sum of their squares. It is no question of higher order: nothing is differentiated."""
        return self._ask({VALUE: 1}, x, self._answers.value_and_residuals, least_squares=True)[1]

    @_question
    def residuals_and_jacobian(self, x: Array) -> tuple[Array, Array]:
        """x (*lanes, *points, dim) -> the residuals (*lanes, *points, m) and their Jacobian (*lanes, *points, m, dim).

        Counted as a value and as dim columns.
        """
        answers = self._ask({VALUE: 1, JACOBIAN: self.dim}, x, self._answers.jacobian, least_squares=True)
        return answers[1], answers[2]

    @_question
    def jacobian(self, x: Array) -> Array:
        """x (*lanes, *points, dim) -> the Jacobian (*lanes, *points, m, dim) of the residuals, where they were asked.

        Counted as dim columns: at the point where a method has just paid for the residuals it pays for no value again.
        """

        def answer(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array]:
            return (self._answers.jacobian(points, rows, noise)[2],)

        return self._ask({JACOBIAN: self.dim}, x, answer, least_squares=True, records=False)[0]

    @_question
    def network(self, x: Array, inputs: Array) -> Array:
        """x (*lanes, *points, dim), inputs (*lanes, *points, steps, features) -> what the known network of a composite
        problem puts out, (*lanes, *points, steps, outputs). Free: it is no question to the world."""
        self._composite()
        x, inputs = real(x, "a point"), real(inputs, "inputs")
        layout = self._layout(x)
        entered = self._books.begin()
        answer = self._answers.network(x.reshape(layout), inputs.reshape(*layout[:-1], *inputs.shape[-2:]))
        self._books.share(entered)
        return answer.reshape(*x.shape[:-1], *answer.shape[-2:])

    @_question
    def play(self, x: Array, e: Array) -> tuple[Array, Array]:
        """x (*lanes, *points, dim), e (*lanes, *points, steps, outputs), added to the network's outputs -> the costs
        (*lanes, *points, steps) and the inputs (*lanes, *points, steps, features) that the network saw.

        Counted as a value. f is the mean cost where e is 0; what is asked is never an improvement: recommend(x).
        """
        self._composite()
        x, e = real(x, "a point"), real(e, "e")

        def answer(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array, Array]:
            return self._answers.play(points, self._beside(points, x, e), rows, noise)

        costs, inputs = self._ask({VALUE: 1}, x, answer, records=False)
        return costs, inputs

    @_question
    def vjp(self, x: Array, inputs: Array, v: Array) -> Array:
        """x (*lanes, *points, dim), inputs (*lanes, *points, steps, features), v (*lanes, *points, steps, outputs) ->
        the gradient of the sum of v times the network's outputs, of the shape of x.

        Counted once for as many steps as one answer has, or fewer.
        """
        x, inputs, v = real(x, "a point"), real(inputs, "inputs"), real(v, "v")

        def answer(points: Array, rows: Rows | None, noise: Array | None) -> tuple[Array]:
            return (self._answers.vjp(points, *(self._beside(points, x, array) for array in (inputs, v))),)

        return self._ask({VJP: -(-inputs.shape[-2] // self.steps)}, x, answer, records=False)[0]

    def recommend(self, x: Array) -> None:
        """Say that x (*lanes, dim) is the present answer: a reference, read at each checkpoint."""
        got, wanted = tuple(np.shape(real(x, "a recommended point"))), (*self.lanes, self.dim)
        if got != wanted:
            raise ValueError(f"a recommended point must have shape {wanted}, got {got}")
        self._books.recommended = x

    def restart(self, lanes: np.ndarray | None = None) -> None:
        """Draw a new start, from each lane's own stream, for all lanes or those of a mask (R,); x0 holds it."""
        self._books.restart(lanes)

    # on part of the data, or of the budget

    def minibatches(self, size: int | None = None) -> Iterator["Oracle"]:
        """Oracles over parts of the data, for ever, on the same ledgers.

        size: rows a batch, at most all of them; None, and every problem without data, gives the oracle itself. An epoch
        is as many rows as there are, each lane's in an order of its own, as the problem's `sampling` says; the last
        batch is smaller where size does not divide them, if the problem keeps this `remainder`. Where rows of high loss
        come first, an epoch begins with a full evaluation at the recommended point, which is charged.
        """
        n, fewest = self._objective.rows, min(self._objective.fewest, self._objective.rows)
        if size is not None and size < fewest:
            why = "" if fewest == 1 else ": batch norms take the statistics of a mini-batch"
            raise ValueError(f"size must be >= {fewest}, got {size}{why}")
        if size is None or not self._objective.data or size >= n:
            while True:
                yield self
        while True:
            losses = self._row_losses() if self._objective.sampling == "hard" else None
            orders = self._answers.order(self._books.epoch(losses))
            for at in range(0, n if self.keeps_rest(size) else n - size + 1, size):
                picked = orders[:, at : at + size]
                yield self._view(rows=picked.shape[1], _batch=self._answers.pick(picked))

    def keeps_rest(self, size: int) -> bool:
        """Whether an epoch of mini-batches of this size ends with a smaller one, where it does not divide the rows."""
        return self.remainder and self._objective.rows % size >= self._objective.fewest

    def _row_losses(self) -> Array:
        """Of each lane's present answer, (R, N), for the price of a value."""
        answers = self._ask(
            {VALUE: 1}, self._books.answer(), lambda x, *_: (self._answers.row_losses(x),), records=False
        )
        return answers[0].reshape(len(self._books.streams), -1)

    def within(self, cost: float) -> "Oracle":
        """An oracle on the same books that asks for at most this cost, a part of what remains.

        When that is spent it raises `Spent`, a `Stop` after which this oracle still answers, and cuts populations as at
        the end of the budget. `with oracle.within(cost) as part:` absorbs it, and leaves the run open.
        """
        if not self._books.open_lanes():
            self._books.stop()
        number = isinstance(cost, (int, float, np.number)) and not isinstance(cost, bool)
        if not (number and isfinite(cost) and self._in_ticks(float(cost)) > 0):
            raise ValueError(f"cost must be a number >= {1 / self._in_ticks(1):g}, the unit of prices, got {cost!r}")
        cost = float(cost)
        limit = self._books.ticks + self._in_ticks(cost)
        return self._view(_is_part=True, _limit=min(limit, self._limit))

    def _view(self, **changes: Any) -> "Oracle":
        """This oracle but for some of its attributes, on the same books."""
        view = object.__new__(Oracle)
        view.__dict__.update(self.__dict__ | changes)
        return view

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Refuse `copy` and `pickle`."""
        raise TypeError(
            "an oracle keeps the books of one run, and cannot be copied or pickled: hand on the oracle itself, or take "
            "oracle.minibatches(size) for part of the data and oracle.within(cost) for part of the budget"
        )

    # shapes

    def array(self, x: np.ndarray) -> Array:
        """A NumPy array as one of the kind of x."""
        return self._answers.to_caller(x)

    def _caller_shape(self, x: np.ndarray) -> Array:
        """(R, ...) in NumPy -> (*lanes, ...) of the caller's kind."""
        return self.array(x if self.lanes else x[0])

    def _layout(self, x: Array) -> tuple[int, ...]:
        """The shape in which Answers takes x: (points, dim), or (R, points, dim) where stacked."""
        shape, lanes = tuple(x.shape), self.lanes
        if shape[: len(lanes)] != lanes or shape[-1:] != (self.dim,) or len(shape) <= len(lanes):
            raise ValueError(f"a point must have shape (*{lanes}, *points, {self.dim}), got {shape}")
        points = prod(shape[len(lanes) : -1])
        return (len(self._books.streams), points, self.dim) if self._answers.stacked else (points, self.dim)

    def _beside(self, points: Array, x: Array, array: Array) -> Array:
        """What comes with each point, (*lanes, *points, a, b), in the layout of the points that are paid."""
        front = tuple(x.shape[:-1])
        if tuple(array.shape[:-2]) != front:
            got = tuple(array.shape)
            raise ValueError(f"what goes with points {tuple(x.shape)} must have shape (*{front}, a, b), got {got}")
        return array.reshape(*self._layout(x)[:-1], *array.shape[-2:])[..., : points.shape[-2], :, :]

    # the way of every question

    def _composite(self) -> Composite:
        if self._objective.composite is None:
            raise OrderError(f"{self._objective.name} is not a composite problem: it has no network inside")
        return self._objective.composite

    def _check_order(self, question: int, least_squares: bool) -> None:
        """Raise OrderError where the method may not ask this, or the problem cannot answer."""
        order, name, word = ORDERS[question], self._objective.name, QUESTIONS[question]
        if order > self._order:
            raise OrderError(f"a method of order {self._order} may not ask for a {word} of order {order}")
        if order > self._objective.order:
            raise OrderError(f"{name} has order {self._objective.order}: it cannot give a {word}")
        if least_squares and self._objective.residuals is None:
            raise OrderError(f"{name} is not a least-squares problem: it has no residuals")

    @_question
    def _ask(
        self,
        amounts: Mapping[int, int],
        x: Array,
        answer: Callable[..., tuple[Array, ...]],
        *,
        least_squares: bool = False,
        records: bool = True,
    ) -> tuple[Array, ...]:
        """Any question: answer(points, rows, noise) gives arrays, all with the axes of points in front.

        amounts: how much of each question a point is counted as. records: whether the first are the values of f.
        """
        for question in amounts:
            self._check_order(question, least_squares)
        x, books = real(x, "a point"), self._books
        layout = self._layout(x)
        entered = books.begin()
        charges = {question: amount * self.rows for question, amount in amounts.items()}
        price = sum(self._ticks[question] * rows for question, rows in charges.items())
        if not layout[-2] * price:
            return self._nothing(charges, x, known=not least_squares and (records or VALUE not in charges))
        paid = min(layout[-2], books.affordable(price, self._limit))
        points = x.reshape(layout)[..., :paid, :]
        noise = books.noise(points)
        try:
            answers = answer(points, self._batch, noise)
        except BaseException:
            books.fail()
            raise
        failed = self._answers.take_failed() if self._answers.failed else {}
        values = answers[0] if records else points[..., 0]  # stand for what is not known
        if self._objective.delay:
            sleep(self._objective.delay * len(books.open_lanes()) * paid)
        books.share(entered)
        exact = noise is None and self._batch is None
        books.account(charges, points, values, paid, records=records, exact=exact, failed=failed)
        if paid < layout[-2]:
            books.affordable(price, self._limit)  # raises Stop or Spent: nothing is
        return tuple(_shaped(array, x.shape[:-1], layout[:-1]) for array in answers)

    def _nothing(self, charges: Mapping[int, int], x: Array, known: bool) -> tuple[Array, ...]:
        """The answer to a question about no points, or no steps: as empty as it, and for nothing. known: whether its
        shape is known."""
        if not known:
            raise ValueError(f"this question must be about one point at least, got shape {tuple(x.shape)}")
        self._books.ask_nothing()
        zeros = self.array(np.zeros(tuple(x.shape)))
        return (zeros[..., 0], zeros) if VALUE in charges or GRADIENT in charges else (zeros,)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if self._is_part:  # the run goes on
            return isinstance(error, Spent)
        stopped = isinstance(error, Stop)
        self._books.end(Status.RETURNED if error is None or stopped else Status.CRASHED)
        return stopped


def books_of(oracle: Oracle) -> Books:
    """The books of an oracle, for what runs methods and keeps records; methods have no use for them."""
    return oracle._books


def _shaped(answer: Array, front: tuple[int, ...], layout: tuple[int, ...]) -> Array:
    """An answer (*layout, ...) as (*front, ...); one number of NumPy as a float."""
    shaped = answer.reshape((*front, *answer.shape[len(layout) :]))
    return float(shaped) if isinstance(shaped, np.ndarray) and shaped.ndim == 0 else shaped
