"""Objectives bound to an array kind: the bare answers, with nothing counted.

Arrays come in one of two layouts. A single objective takes x (*points, dim). A stack of R objectives, one a lane, takes
x (R, points, dim); its constants and data have the axes (R, 1) in front, so that one formula serves both.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial, wraps
from inspect import signature
from math import prod
from typing import Any, Literal, TypeVar, cast

import numpy as np

from bench.core.arrays import constant, converted, differentiated, is_tensor, of_kind, sent, undifferentiated
from bench.core.domain import Array
from bench.core.failures import NumpyAlone, tolerable
from bench.core.gate import at_points, checked, own
from bench.core.objective import Objective

Rows = Mapping[str, Array]
Q = TypeVar("Q", bound=Callable[..., Any])


def stack(mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """R mappings of equal keys and shapes -> one of arrays (R, 1, *shape). What is neither a number nor an array (a
    word, a flag) must be the same in all, and stays what it is; raises ValueError where it is not."""
    return {key: _stacked(key, [mapping[key] for mapping in mappings]) for key in mappings[0]}


def _stacked(key: str, values: list[Any]) -> Any:
    if isinstance(values[0], (int, float, np.number, np.ndarray)) and not isinstance(values[0], bool):
        if len(values) > 1 and all(value is values[0] for value in values):  # shared by all lanes, and no copy for each
            shared = np.asarray(values[0])
            return np.broadcast_to(shared, (len(values), 1, *shared.shape))
        return np.stack([np.asarray(value) for value in values])[:, None]
    if any(value is not values[0] and value != values[0] for value in values):
        raise ValueError(f"constant {key} must be a number, an array, or the same in all instances of a stack")
    return values[0]


def _each_lane(question: Q) -> Q:
    """Where the formulas of a stack differ, each objective answers about its own lane: of arrays (R, ...), of mappings
    of them, and of None, which stays None."""

    @wraps(question)
    def ask(self: "Answers", *arrays: Any, **named: Any) -> Any:
        if self._lanes is None:
            return question(self, *arrays, **named)
        answers = []
        for i, lane in enumerate(self._lanes):
            one = slice(i, i + 1)
            answers.append(
                getattr(lane, question.__name__)(*(_lanes(array, one) for array in arrays), **_lanes(named, one))
            )
            self.failed.update({(i, *index[1:]): error for index, error in lane.take_failed().items()})
        return joined(answers)

    return cast(Q, ask)


def _functions(objective: Objective) -> tuple[Any, ...]:
    """All that an objective computes with. Those of networks are equal where they differ in arrays alone."""
    roles = ("formula", "gradient", "both", "residuals", "row_losses", "score", "metrics")
    return tuple(getattr(objective, role) for role in roles)


def _in_parts(question: Q) -> Q:
    """Where torch differentiates not all lanes at once, as the objective's `width` says, they are asked part by part:
    of arrays (R, ...), of mappings of them, and of None."""

    @wraps(question)
    def ask(self: "Answers", *arrays: Any, **named: Any) -> Any:
        width = len(self._objectives)
        if self.stacked and self.objective.width is not None:
            rows = next((each for each in (*arrays, *named.values()) if isinstance(each, Mapping)), None)
            n = self.objective.rows if rows is None else next(iter(rows.values())).shape[2]
            width = self.objective.width(n, self.device)
        if width >= len(self._objectives):
            return question(self, *arrays, **named)
        answers = []
        for at in range(0, len(self._objectives), width):
            lanes = slice(at, min(at + width, len(self._objectives)))
            part = self._part(lanes)
            answers.append(question(part, *(_lanes(array, lanes) for array in arrays), **_lanes(named, lanes)))
            self.failed.update({(at + index[0], *index[1:]): error for index, error in part.take_failed().items()})
        return joined(answers)

    return cast(Q, ask)


def _forgiving(*fills: float) -> Callable[[Q], Q]:
    """A question about a problem whose failures are tolerated: at points that fail, these are its answers. Where the
    first is inf it is a value, and NaN there a failure, too, unless the point is not finite either.

    Where it raises for several points it is asked anew about each alone.
    """

    def forgiving(question: Q) -> Q:
        parameters = signature(question)

        @wraps(question)
        def ask(self: "Answers", x: Array, *arrays: Any, **named: Any) -> Any:
            if named:
                bound = parameters.bind(self, x, *arrays, **named)
                bound.apply_defaults()
                arrays = bound.args[2:]
            if not self.forgives:
                return question(self, x, *arrays)
            points = tuple(x.shape[:-1])
            try:
                answers = question(self, x, *arrays)
            except BaseException as error:
                if not tolerable(error):
                    raise
                answers = self._one_by_one(question.__name__, error, x, arrays)
            answers = answers if isinstance(answers, tuple) else (answers,)
            self._learn(question.__name__, [tuple(answer.shape[len(points) :]) for answer in answers])
            not_a_number = self._not_a_number(answers[0], x) if fills[0] == np.inf else []
            for index in {*self.failed, *not_a_number}:
                for answer, fill in zip(answers, fills, strict=True):
                    answer[index] = fill
            return answers if len(fills) > 1 else answers[0]

        return cast(Q, ask)

    return forgiving


def _lanes(array: Any, lanes: slice) -> Any:
    if isinstance(array, Mapping):
        return {key: _lanes(value, lanes) for key, value in array.items()}
    return None if array is None else array[lanes]


def _of_point(array: Any, index: tuple[int, ...]) -> Any:
    """What belongs to one point, with its axes: of an array (*points, ...), or of the rows of each lane (R, ...)."""
    if isinstance(array, Mapping):
        return {key: value[index[0] : index[0] + 1] if len(index) > 1 else value for key, value in array.items()}
    return None if array is None else array[tuple(slice(i, i + 1) for i in index)]


def joined(answers: Sequence[Any]) -> Any:
    """Arrays (1, ...) of either kind, or tuples or mappings of them, as one (R, ...)."""
    if isinstance(answers[0], tuple):
        return tuple(map(joined, zip(*answers, strict=True)))
    if isinstance(answers[0], dict):
        return {key: joined([answer[key] for answer in answers]) for key in answers[0]}
    if isinstance(answers[0], np.ndarray):
        return np.concatenate(answers)
    import torch

    return torch.cat(list(answers))


class Answers:
    """Values, gradients and Hessian-vector products of one objective, or of a stack of R of them.

    objective: one, for x (*points, dim), or a sequence of R of the same problem and shape, for x (R, points, dim).
    arrays: the kind of x and of every answer, "numpy" or "torch". device: where torch computes ("cpu", "cuda", ...).
    """

    def __init__(
        self, objective: Objective | Sequence[Objective], arrays: Literal["numpy", "torch"], device: str = "cpu"
    ):
        objectives = [objective] if isinstance(objective, Objective) else list(objective)
        first = objectives[0]
        self.stacked = not isinstance(objective, Objective)
        if any((lane.name, lane.dim, lane.rows) != (first.name, first.dim, first.rows) for lane in objectives):
            raise ValueError("a stack must hold instances of one problem, of equal dimension and rows of data")
        # a formula that was defined anew for each instance may hold what differs between them: each answers for itself
        alike = all(lane is first or _functions(lane) == _functions(first) for lane in objectives)
        self._lanes = None if alike else [Answers([lane], arrays, device) for lane in objectives]
        self.objective = first
        self.arrays: Literal["numpy", "torch"] = arrays
        self.device = device
        self.native = arrays if first.arrays == "any" and first.learned.get("torch", True) else first.arrays
        self.native = "numpy" if self.native == "any" else self.native
        self._objectives = objectives if alike else objectives[:1]
        self._keywords = {
            group: stack([getattr(lane, group) for lane in objectives])
            if self.stacked and alike
            else dict(getattr(first, group))
            for group in ("constants", "data", "test")
        }
        self._bound: dict[Any, dict[str, Rows]] = {}  # by kind, and by kind and lane of a stack
        self.forgives = first.failures == "nan"
        self.failed: dict[tuple[int, ...], BaseException | None] = {}  # of the present question: see `Failed`
        # by question, the axes of each of its answers behind those of points
        self._tails: dict[str, list[tuple[int, ...]]] = {}
        dim = (first.dim,)
        self._tails |= {"value": [()], "score": [()], "value_and_gradient": [(), dim], "hessian_vector": [dim]}
        self._alone: list[Answers] = []  # one a lane: see `_one_by_one`

    # failures

    def take_failed(self) -> dict[tuple[int, ...], BaseException | None]:
        """What has failed since it was last taken."""
        failed = dict(self.failed)
        self.failed.clear()
        return failed

    def _learn(self, name: str, tails: list[tuple[int, ...]]) -> None:
        """Keep the shapes of the answers to a question; two of them tell how many residuals there are."""
        if name in self._tails:
            return
        self._tails[name] = tails
        if name in ("value_and_residuals", "jacobian"):
            m, dim = tails[1][0], self.objective.dim
            self._tails |= {"value_and_residuals": [(), (m,)], "jacobian": [(), (m,), (m, dim)]}

    def _one_by_one(self, name: str, error: BaseException, x: Array, arrays: Sequence[Any]) -> tuple[Array, ...]:
        """The answers to a question that raised this error for all points: about each alone, NaN where that fails."""
        points = tuple(x.shape[:-1])
        tails = self._tails.get(name)
        if prod(points) == 1:
            if tails is None:  # what the answer would have looked like was never seen
                raise error
            self.failed[(0,) * len(points)] = error
            return tuple(self.to_caller(np.full((*points, *tail), np.nan)) for tail in tails)
        if not self._alone:
            each = [[lane] for lane in self._objectives] if self.stacked else [self.objective]
            self._alone = [Answers(lane, self.arrays, self.device) for lane in each]
        self.failed.clear()
        answers = []
        for index in np.ndindex(*points):
            alone = self._alone[index[0] if self.stacked else 0]
            alone._tails = self._tails
            answer = getattr(alone, name)(_of_point(x, index), *(_of_point(array, index) for array in arrays))
            answers.append(answer if isinstance(answer, tuple) else (answer,))
            for reason in alone.take_failed().values():
                self.failed[index] = reason
        whole = [joined(each) for each in zip(*answers, strict=True)]
        first = len(points)
        return tuple(each.reshape((*points, *each.shape[first:])) for each in whole)

    def _not_a_number(self, values: Array, x: Array) -> list[tuple[int, ...]]:
        """The indices of points with a value of NaN; those that are finite themselves have failed."""
        if not bool((values != values).any()):
            return []
        points = tuple(x.shape[:-1])
        nan, x = (array.detach().cpu().numpy() if is_tensor(array) else array for array in (values != values, x))
        nan, finite = nan.reshape(*points, -1).any(-1), np.isfinite(x).all(-1)
        for index in zip(*np.nonzero(nan & finite), strict=True):
            self.failed.setdefault(tuple(map(int, index)), None)
        return [tuple(map(int, index)) for index in zip(*np.nonzero(nan), strict=True)]

    def _is_sure(self) -> bool:
        """Whether what fails in the native kind is no sign that the function does not take that kind."""
        return self.native == "numpy" or self.objective.arrays == "torch" or self.objective.learned.get("torch", False)

    @_each_lane
    def pick(self, picked: Array) -> Rows:
        """The rows of a mini-batch: picked (R, size) -> arrays (R, 1, size, ...) where stacked, else (size, ...)."""
        picked = self.order(picked)
        if self.native == "torch":
            import torch

            lanes: Any = torch.arange(len(picked), device=self.device)
        else:
            lanes = np.arange(len(picked))
        index = (lanes[:, None], picked) if self.stacked else (picked[0],)
        with undifferentiated(self.native):
            data = self._of(self.native)["data"]
            if not self.stacked:
                return {key: values[index] for key, values in data.items()}
            return {key: values[:, 0][index][:, None] for key, values in data.items()}

    def order(self, rows: Array) -> Array:
        """The numbers of rows of data, in the kind and where their mini-batches are picked."""
        return rows if self.native == "numpy" or is_tensor(rows) else sent(rows, self.device)

    def _of(self, kind: str, lane: int | None = None) -> dict[str, Rows]:
        """Constants, data and test rows in one kind; with a lane, those of its objective alone, unstacked."""
        key = (kind, lane)
        if key not in self._bound:
            groups: Any = self._keywords
            if lane is not None and self.stacked:
                groups = {group: getattr(self._objectives[lane], group) for group in self._keywords}
            with undifferentiated(kind):
                self._bound[key] = {
                    group: {name: self._constant(value, kind) for name, value in values.items()}
                    for group, values in groups.items()
                }
        return self._bound[key]

    def _part(self, lanes: slice) -> "Answers":
        """The answers of some lanes of this stack, with views of its arrays."""
        part = copy(self)
        part._objectives, part.failed, part._alone = self._objectives[lanes], {}, []
        part._bound = {
            (kind, None): {
                group: {name: value[lanes] if hasattr(value, "ndim") else value for name, value in values.items()}
                for group, values in self._of(kind).items()
            }
            for kind in {self.native, "torch"}
        }
        return part

    def _constant(self, value: Any, kind: str) -> Any:
        if kind == "numpy" and is_tensor(value):
            return converted(value, kind, self.objective.dtype)
        return constant(value, kind, self.objective.dtype, self.device)

    def to_caller(self, answer: Array) -> Array:
        """An array of either kind as one of the caller's kind."""
        return of_kind(answer, self.arrays, self.objective.dtype, self.device)

    def by_lane(self, x: Array) -> np.ndarray:
        """Answers or points of either kind as NumPy (R, points, ...), also those of a single objective."""
        array = x.detach().cpu().numpy() if is_tensor(x) else np.asarray(x)
        return array if self.stacked else array[None]

    def _to(self, x: Array, kind: str) -> Array:
        return converted(x, kind, self.objective.dtype, self.device)

    def closed_form(self) -> Callable[[Array], tuple[float, Array]]:
        """x (dim,) -> f(x) and the gradient, on the shortest way for one NumPy point."""
        if self.objective.gradient is None:
            return self._one_gradient
        f, gradient, name = self.formula(), self._bind(self.objective.gradient, self.native), self.objective.name
        shape, who = (self.objective.dim,), f"the gradient of {self.objective.name}"
        if self.objective.both is None:
            return lambda x: (self.one(f(x)), checked(gradient(x), shape, who, "numpy"))
        both, packed = self._bind(self.objective.both, self.native), (1 + self.objective.dim,)

        def at_once(x: Array) -> tuple[float, Array]:
            answer = checked(both(x), packed, f"both of {name}", "numpy")
            return float(answer[0]), answer[1:]

        return at_once

    def _one_gradient(self, x: Array) -> tuple[float, Array]:
        f, gradient = self.value_and_gradient(x)
        return float(f), gradient

    def one(self, answer: Any) -> float:
        """What the formula gave at one NumPy point, as a float."""
        return float(answer) if isinstance(answer, float) else float(checked(answer, (), self.objective.name, "numpy"))

    def formula(self) -> Callable[[Array], Any]:
        """The formula as a function of x alone, in the objective's own kind."""
        return self._bind(self.objective.formula, self.native)

    def _bind(self, function: Callable, kind: str) -> Callable[..., Any]:
        bound = self._of(kind)
        return partial(function, **bound["constants"], **bound["data"])

    def _at(
        self,
        role: str,
        kind: str,
        x: Array,
        rows: Rows | None = None,
        noise: Array | None = None,
        *,
        group: str = "data",
        tail: tuple[int | None, ...] = (),
        strict: bool = True,
    ) -> Array:
        """What a function of the problem gives at x (*points, dim) of that kind: (*points, *tail), with its graph.

        role: its name, or `metric NAME`. group: which rows it sees, unless those of a mini-batch are given. strict:
        whether a failure is raised, and not NaN of its point, even where it is tolerated.
        """
        objective = self.objective
        metric = role.removeprefix("metric ") if role.startswith("metric ") else ""
        function: Any = objective.metrics[metric] if metric else getattr(objective, role)
        who = objective.name if role in ("formula", "score") else f"the {role.replace('_', ' ')} of {objective.name}"
        bound, batch = self._of(kind), None
        if rows is not None:
            batch = {key: self._constant(value, kind) for key, value in rows.items()}
        noise = None if noise is None else self._constant(noise, kind)

        def call(points: Array, drawn: Array | None) -> Any:
            noisy = {} if drawn is None else {"noise": drawn}
            return function(points, **bound["constants"], **(bound[group] if batch is None else batch), **noisy)

        def single(index: tuple[int, ...]) -> Any:
            lane = index[0] if self.stacked else None
            alone = self._of(kind, lane)
            one = batch if lane is None or batch is None else {key: value[lane, 0] for key, value in batch.items()}
            noisy = {} if noise is None else {"noise": noise[index]}
            return function(x[index], **alone["constants"], **(alone[group] if one is None else one), **noisy)

        gate = partial(checked, who=who, kind=kind, dtype=objective.dtype, device=self.device)
        failed = self.failed if self.forgives and not strict else None
        return at_points(
            call, single, x, noise, gate, tail=tail, role=role, vectorised=objective.learned, failed=failed
        )

    @_each_lane
    @_forgiving(np.inf)
    def value(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> Array:
        """x -> f(x) without its last axis; without noise, unless its random numbers are given."""
        return self._values("formula", x, rows, noise)

    def _values(self, role: str, x: Array, rows: Rows | None = None, noise: Array | None = None, **options: Any) -> Any:
        """`_at` in the objective's own kind, as the caller's, without a graph."""

        def values(strict: bool) -> Array:
            with undifferentiated(self.native):
                native = self._to(x, self.native)
                return self._own(self._at(role, self.native, native, rows, noise, strict=strict, **options))

        sure = self._is_sure()
        try:
            answers = values(strict=not sure)
        except Exception:
            if self.native == "numpy" or not self._takes_numpy_alone(x, rows, noise):
                if sure or not self.forgives:
                    raise
                return values(strict=False)
        else:
            if self.forgives and not sure:
                self.objective.learned["torch"] = True
            return answers
        self.native, self.objective.learned["torch"] = "numpy", False  # from now on it is asked there
        return self._values(role, x, rows, noise, **options)

    def _takes_numpy_alone(self, x: Array, rows: Rows | None, noise: Array | None) -> bool:
        """Whether the formula, which has failed in torch, answers in NumPy."""
        if self.objective.arrays == "torch" or (self.forgives and self.objective.learned.get("torch")):
            return False
        try:
            self._at("formula", "numpy", self._to(x, "numpy"), rows, noise)
        except Exception:
            return False
        return True

    def _own(self, array: Array) -> Array:
        return own(array, self.arrays, self.objective.dtype, self.device)

    def _answered(self, what: str, function: Callable, *arrays: Array, axes: Sequence[int]) -> Any:
        """What a function in the objective's own kind gives, an array or several, in the caller's without a graph.

        arrays: x (*points, dim) and what comes with it. axes: of each answer, those behind the points.
        """
        points = tuple(arrays[0].shape[:-1])
        with undifferentiated(self.native):
            answers = function(*(self._to(array, self.native) for array in arrays))
            answers = answers if isinstance(answers, tuple) else (answers,)
            who = f"the {what} of {self.objective.name}"
            gate = partial(checked, who=who, kind=self.native, dtype=self.objective.dtype, device=self.device)
            shapes = [(*points, *[None] * n) for n in axes]
            own = [self._own(gate(answer, shape)) for answer, shape in zip(answers, shapes, strict=True)]
        return tuple(own) if len(own) > 1 else own[0]

    @_each_lane
    @_forgiving(np.inf)
    def score(self, x: Array) -> Array:
        """x -> the noise-free value on all data by which runs are judged."""
        return self._values("score" if self.objective.score else "formula", x)

    @_each_lane
    def metrics(self, x: Array) -> dict[str, Array]:
        """x -> each further metric by name, on the rows held out for it."""
        of_data = self.objective.of_data
        return {
            name: self._values(f"metric {name}", x, group="data" if name in of_data else "test")
            for name in self.objective.metrics
        }

    @_each_lane
    @_in_parts
    @_forgiving(np.inf, np.nan)
    def value_and_gradient(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array]:
        """x -> f(x) and its gradient, of the shape of x: in closed form where there is one, else by torch."""
        if self.objective.gradient is not None:
            tail = (self.objective.dim,)
            with undifferentiated(self.native):
                native, sure = self._to(x, self.native), self._is_sure()
                asked = partial(self._at, kind=self.native, x=native, rows=rows, noise=noise, strict=not sure)
                if self.objective.both is not None:
                    both = self._own(asked("both", tail=(1 + self.objective.dim,)))
                    return both[..., 0], both[..., 1:]
                return self._own(asked("formula")), self._own(asked("gradient", tail=tail))
        with differentiated():
            point, f = self._graph("formula", x, rows, noise)
            return self._own(f), self._own(_gradient(f.sum(), point))  # points are independent: the sum separates

    def _graph(
        self, role: str, x: Array, rows: Rows | None, noise: Array | None, **options: Any
    ) -> tuple[Array, Array]:
        """A leaf of torch at x, and what a function gives there, with its graph. Raises ValueError where torch cannot
        ask it."""
        point = self._to(x, "torch").clone().requires_grad_(True)
        sure = self.objective.arrays == "torch" or self.objective.learned.get("torch", False)
        try:
            answers = self._at(role, "torch", point, rows, noise, strict=not sure, **options)
            if self.forgives:
                self.objective.learned["torch"] = True
            return point, answers
        except Exception as error:
            if self._takes_numpy_alone(x, rows, noise):
                raise NumpyAlone(
                    f"{self.objective.name} takes NumPy alone, so that torch cannot differentiate it: give its "
                    f"gradient=, or declare order=0 ({type(error).__name__}: {error})"
                ) from error
            raise

    @_each_lane
    @_forgiving(np.inf, np.inf)
    def value_and_residuals(
        self, x: Array, rows: Rows | None = None, noise: Array | None = None
    ) -> tuple[Array, Array]:
        """x -> f(x) and the residuals, with one more axis (m,)."""
        self._check_residuals()
        r = self._values("residuals", x, rows, noise, tail=(None,))
        return (r * r).sum(-1), r

    def _check_residuals(self) -> None:
        if self.objective.residuals is None:
            raise ValueError(f"{self.objective.name} has no residuals")

    @_each_lane
    @_forgiving(np.inf, np.inf, np.nan)
    def jacobian(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array, Array]:
        """x -> f(x), the residuals (m,) and their Jacobian (m, dim), by one backward pass a residual."""
        import torch

        self._check_residuals()
        with differentiated():
            point, r = self._graph("residuals", x, rows, noise, tail=(None,))
            # points are independent: the gradient of a sum over them holds a row of each one's Jacobian
            rows_of = [_gradient(r[..., i].sum(), point, retain_graph=True) for i in range(r.shape[-1])]
            residuals, jacobian = r.detach(), torch.stack(rows_of, dim=-2)
            f = (residuals * residuals).sum(-1)
        return self._own(f), self._own(residuals), self._own(jacobian)

    @_each_lane
    @_in_parts
    @_forgiving(np.nan)
    def hessian_vector(self, x: Array, v: Array, rows: Rows | None = None, noise: Array | None = None) -> Array:
        """x, v -> the Hessian at x times v, by two backward passes."""
        with differentiated():
            point, f = self._graph("formula", x, rows, noise)
            gradient = _gradient(f.sum(), point, create_graph=True)
            product = _gradient(gradient, point, self._to(v, "torch").expand_as(point))
            return self._own(product.clone())  # torch may give a zero without memory, which NumPy cannot read

    @_each_lane
    def network(self, x: Array, inputs: Array) -> Array:
        """x (*points, dim), inputs (*points, steps, features) -> what the known network of a composite problem puts
        out, (*points, steps, outputs)."""
        return self._answered("network", partial(self._network, self.native), x, inputs, axes=[2])

    def _network(self, kind: str, x: Array, inputs: Array) -> Array:
        assert self.objective.composite is not None
        return self.objective.composite.network(x, inputs, **self._of(kind)["constants"])

    @_each_lane
    @_forgiving(np.inf, np.nan)
    def play(self, x: Array, e: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array]:
        """x (*points, dim), e (*points, steps, outputs) -> the costs (*points, steps) of the network with e added to
        its outputs, and the inputs (*points, steps, features) that it saw."""
        assert self.objective.composite is not None
        bound = self._of(self.native)
        keywords = {**bound["constants"], **(bound["data"] if rows is None else rows)}
        if noise is not None:
            keywords["noise"] = self._constant(noise, self.native)
        return self._answered("play", partial(self.objective.composite.play, **keywords), x, e, axes=[1, 2])

    @_each_lane
    def vjp(self, x: Array, inputs: Array, v: Array) -> Array:
        """x (*points, dim), inputs (*points, steps, features), v (*points, steps, outputs) -> the gradient of the sum
        of v times the network's outputs, of the shape of x."""
        with differentiated():
            point = self._to(x, "torch").clone().requires_grad_(True)
            weights, seen = (self._to(array, "torch").clone() for array in (v, inputs))  # may be of inference mode
            pulled = (weights * self._network("torch", point, seen)).sum()
            return self._own(_gradient(pulled, point))

    @_each_lane
    def row_losses(self, x: Array) -> Array:
        """x (*points, dim) -> the loss of each row of data (*points, rows)."""
        assert self.objective.row_losses is not None
        return self._values("row_losses", x, tail=(None,))


def _gradient(f: Array, point: Array, v: Array | None = None, **options: bool) -> Array:
    """The gradient at a point of a number of torch, or of an array times v; zero where it does not depend on it."""
    import torch

    if not f.requires_grad:
        return torch.zeros_like(point)
    (gradient,) = torch.autograd.grad(f, point, v, allow_unused=True, **options)
    return torch.zeros_like(point) if gradient is None else gradient
