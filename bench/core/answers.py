"""Objectives bound to an array kind: the bare answers, with nothing counted.

Arrays come in one of two layouts. A single objective takes x (*points, dim). A stack of R objectives, one a lane, takes
x (R, points, dim); its constants and data have the axes (R, 1) in front, so that one formula serves both.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Literal, TypeVar, cast

import numpy as np

from bench.core.arrays import constant, converted, is_tensor, of_kind, undifferentiated
from bench.core.domain import Array
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
            answers.append(getattr(lane, question.__name__)(*(_lane(array, i) for array in arrays), **_lane(named, i)))
        return _joined(answers)

    return cast(Q, ask)


def _lane(array: Any, i: int) -> Any:
    if isinstance(array, Mapping):
        return {key: _lane(value, i) for key, value in array.items()}
    return None if array is None else array[i : i + 1]


def _joined(answers: Sequence[Any]) -> Any:
    """Arrays (1, ...) of either kind, or tuples or mappings of them, as one (R, ...)."""
    if isinstance(answers[0], tuple):
        return tuple(map(_joined, zip(*answers, strict=True)))
    if isinstance(answers[0], dict):
        return {key: _joined([answer[key] for answer in answers]) for key in answers[0]}
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
        alike = all(lane.formula is first.formula for lane in objectives)
        self._lanes = None if alike else [Answers([lane], arrays, device) for lane in objectives]
        self.objective = first
        self.arrays = arrays
        self.device = device
        self.native = arrays if self.objective.arrays == "any" else self.objective.arrays
        self._keywords = {
            group: stack([getattr(lane, group) for lane in objectives])
            if self.stacked and alike
            else dict(getattr(first, group))
            for group in ("constants", "data", "test")
        }
        self._bound: dict[str, dict[str, Rows]] = {}

    @_each_lane
    def pick(self, picked: np.ndarray) -> Rows:
        """The rows of a mini-batch: picked (R, size) -> arrays (R, 1, size, ...) where stacked, else (size, ...)."""
        index: tuple[Any, ...] = (np.arange(len(picked))[:, None], 0, picked) if self.stacked else (picked[0],)
        if self.native == "torch":
            import torch

            index = tuple(torch.as_tensor(axis, device=self.device) for axis in index)
        rows = {key: values[index] for key, values in self._of(self.native)["data"].items()}
        return {key: values[:, None] for key, values in rows.items()} if self.stacked else rows

    def _of(self, kind: str) -> dict[str, Rows]:
        if kind not in self._bound:
            self._bound[kind] = {
                group: {key: self._constant(value, kind) for key, value in values.items()}
                for group, values in self._keywords.items()
            }
        return self._bound[kind]

    def _constant(self, value: Any, kind: str) -> Any:
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
        f, gradient = self.formula(), self._bind(self.objective.gradient, self.native, None, None)
        return lambda x: (float(f(x)), gradient(x))

    def _one_gradient(self, x: Array) -> tuple[float, Array]:
        f, gradient = self.value_and_gradient(x)
        return float(f), gradient

    def formula(self, rows: Rows | None = None, noise: Array | None = None) -> Callable[[Array], Array]:
        """The formula as a function of x alone, in the objective's own kind."""
        return self._bind(self.objective.formula, self.native, rows, noise)

    def _bind(self, function: Callable, kind: str, rows: Rows | None, noise: Array | None) -> Callable[..., Array]:
        bound = self._of(kind)
        data = bound["data"] if rows is None else {key: self._constant(value, kind) for key, value in rows.items()}
        drawn = {} if noise is None else {"noise": self._constant(noise, kind)}
        return partial(function, **bound["constants"], **data, **drawn)

    @_each_lane
    def value(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> Array:
        """x -> f(x) without its last axis; without noise, unless its random numbers are given."""
        return self._answered(self.formula(rows, noise), x)

    def _answered(self, function: Callable, *arrays: Array) -> Any:
        """What a function in the objective's own kind gives, an array or several, in the caller's without a graph."""
        with undifferentiated(self.native):
            answer = function(*(self._to(array, self.native) for array in arrays))
        return tuple(map(self.to_caller, answer)) if isinstance(answer, tuple) else self.to_caller(answer)

    @_each_lane
    def score(self, x: Array) -> Array:
        """x -> the noise-free value on all data by which runs are judged."""
        return self._judge(self.objective.score or self.objective.formula, "data", x)

    @_each_lane
    def metrics(self, x: Array) -> dict[str, Array]:
        """x -> each further metric by name, on the rows held out for it."""
        return {name: self._judge(metric, "test", x) for name, metric in self.objective.metrics.items()}

    def _judge(self, function: Callable, group: str, x: Array) -> Array:
        bound = self._of(self.native)
        return self._answered(partial(function, **bound["constants"], **bound[group]), x)

    @_each_lane
    def value_and_gradient(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array]:
        """x -> f(x) and its gradient, of the shape of x: in closed form where there is one, else by torch."""
        if self.objective.gradient is None:
            point = self._to(x, "torch").clone().requires_grad_(True)
            values = self._bind(self.objective.formula, "torch", rows, noise)(point)
            f, gradient = values.detach(), _gradient(values.sum(), point)  # points are independent: the sum separates
        else:
            native = self._to(x, self.native)
            f = self.formula(rows, noise)(native)
            gradient = self._bind(self.objective.gradient, self.native, rows, noise)(native)
        return self.to_caller(f), self.to_caller(gradient)

    @_each_lane
    def value_and_residuals(
        self, x: Array, rows: Rows | None = None, noise: Array | None = None
    ) -> tuple[Array, Array]:
        """x -> f(x) and the residuals, with one more axis (m,)."""
        r = self._answered(self._residuals(self.native, rows, noise), x)
        return (r * r).sum(-1), r

    def _residuals(self, kind: str, rows: Rows | None, noise: Array | None) -> Callable[[Array], Array]:
        if self.objective.residuals is None:
            raise ValueError(f"{self.objective.name} has no residuals")
        return self._bind(self.objective.residuals, kind, rows, noise)

    @_each_lane
    def jacobian(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array, Array]:
        """x -> f(x), the residuals (m,) and their Jacobian (m, dim), by one backward pass a residual."""
        import torch

        point = self._to(x, "torch").clone().requires_grad_(True)
        r = self._residuals("torch", rows, noise)(point)
        # points are independent: the gradient of a sum over them holds a row of each one's Jacobian
        rows_of = [_gradient(r[..., i].sum(), point, retain_graph=True) for i in range(r.shape[-1])]
        residuals, jacobian = r.detach(), torch.stack(rows_of, dim=-2)
        f = (residuals * residuals).sum(-1)
        return self.to_caller(f), self.to_caller(residuals), self.to_caller(jacobian)

    @_each_lane
    def hessian_vector(self, x: Array, v: Array, rows: Rows | None = None, noise: Array | None = None) -> Array:
        """x, v -> the Hessian at x times v, by two backward passes."""
        point = self._to(x, "torch").clone().requires_grad_(True)
        f = self._bind(self.objective.formula, "torch", rows, noise)(point)
        gradient = _gradient(f.sum(), point, create_graph=True)
        product = _gradient(gradient, point, self._to(v, "torch").expand_as(point))
        return self.to_caller(product.clone())  # torch may give a zero without memory, which NumPy cannot read

    @_each_lane
    def network(self, x: Array, inputs: Array) -> Array:
        """x (*points, dim), inputs (*points, steps, features) -> what the known network of a composite problem puts
        out, (*points, steps, outputs)."""
        return self._answered(partial(self._network, self.native), x, inputs)

    def _network(self, kind: str, x: Array, inputs: Array) -> Array:
        assert self.objective.composite is not None
        return self.objective.composite.network(x, inputs, **self._of(kind)["constants"])

    @_each_lane
    def play(self, x: Array, e: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array]:
        """x (*points, dim), e (*points, steps, outputs) -> the costs (*points, steps) of the network with e added to
        its outputs, and the inputs (*points, steps, features) that it saw."""
        assert self.objective.composite is not None
        return self._answered(self._bind(self.objective.composite.play, self.native, rows, noise), x, e)

    @_each_lane
    def vjp(self, x: Array, inputs: Array, v: Array) -> Array:
        """x (*points, dim), inputs (*points, steps, features), v (*points, steps, outputs) -> the gradient of the sum
        of v times the network's outputs, of the shape of x."""
        point = self._to(x, "torch").clone().requires_grad_(True)
        pulled = (self._to(v, "torch") * self._network("torch", point, self._to(inputs, "torch"))).sum()
        return self.to_caller(_gradient(pulled, point))

    @_each_lane
    def row_losses(self, x: Array) -> Array:
        """x (*points, dim) -> the loss of each row of data (*points, rows)."""
        assert self.objective.row_losses is not None
        return self._answered(self._bind(self.objective.row_losses, self.native, None, None), x)


def _gradient(f: Array, point: Array, v: Array | None = None, **options: bool) -> Array:
    """The gradient at a point of a number of torch, or of an array times v; zero where it does not depend on it."""
    import torch

    if not f.requires_grad:
        return torch.zeros_like(point)
    (gradient,) = torch.autograd.grad(f, point, v, allow_unused=True, **options)
    return torch.zeros_like(point) if gradient is None else gradient
