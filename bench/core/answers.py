"""Objectives bound to an array kind: the bare answers, with nothing counted.

Arrays come in one of two layouts. A single objective takes x (*points, dim). A stack of R objectives, one a lane, takes
x (R, points, dim); its constants and data have the axes (R, 1) in front, so that one formula serves both.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Literal

import numpy as np

from bench.core.domain import Array
from bench.core.objective import Objective

Rows = Mapping[str, Array]


def stack(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """R mappings of equal keys and shapes -> one of arrays (R, 1, *shape). What is neither a number nor an array (a
    word, a flag) must be the same in all, and stays what it is; raises ValueError where it is not."""
    return {key: _stacked(key, [item[key] for item in items]) for key in items[0]}


def _stacked(key: str, values: list[Any]) -> Any:
    if isinstance(values[0], (int, float, np.number, np.ndarray)) and not isinstance(values[0], bool):
        if len(values) > 1 and all(value is values[0] for value in values):  # shared by all lanes, and no copy for each
            one = np.asarray(values[0])
            return np.broadcast_to(one, (len(values), 1, *one.shape))
        return np.stack([np.asarray(value) for value in values])[:, None]
    if any(value is not values[0] and value != values[0] for value in values):
        raise ValueError(f"constant {key} must be a number, an array, or the same in all instances of a stack")
    return values[0]


class Answers:
    """Values, gradients and Hessian-vector products of one objective, or of a stack of R of them.

    objective: one, for x (*points, dim), or a sequence of R of the same problem and shape, for x (R, points, dim).
    arrays: the kind of x and of every answer, "numpy" or "torch". device: where torch computes ("cpu", "cuda", ...).
    """

    def __init__(
        self, objective: Objective | Sequence[Objective], arrays: Literal["numpy", "torch"], device: str = "cpu"
    ):
        many = [objective] if isinstance(objective, Objective) else list(objective)
        self._stacked = not isinstance(objective, Objective)
        if any((item.name, item.dim, item.rows) != (many[0].name, many[0].dim, many[0].rows) for item in many):
            raise ValueError("a stack must hold instances of one problem, of equal dimension and rows of data")
        # a formula that was defined anew for each instance may hold what differs between them: each answers for itself
        alike = all(item.formula is many[0].formula for item in many)
        self._each = None if alike else [Answers([item], arrays, device) for item in many]
        self.objective = many[0]
        self.arrays = arrays
        self.device = device
        self.native = arrays if self.objective.arrays == "any" else self.objective.arrays
        self._rules = {
            part: stack([getattr(item, part) for item in many])
            if self._stacked and alike
            else dict(getattr(many[0], part))
            for part in ("constants", "data", "test")
        }
        self._bound: dict[str, dict[str, Rows]] = {}

    def pick(self, picked: np.ndarray) -> Rows:
        """The rows of a mini-batch: picked (R, size) -> arrays (R, 1, size, ...) where stacked, else (size, ...)."""
        if self._each is not None:
            chosen = [one.pick(picked[lane : lane + 1]) for lane, one in enumerate(self._each)]
            return {key: self._joined([rows[key] for rows in chosen]) for key in chosen[0]}
        index: tuple[Any, ...] = (np.arange(len(picked))[:, None], 0, picked) if self._stacked else (picked[0],)
        if self.native == "torch":
            import torch

            index = tuple(torch.as_tensor(part, device=self.device) for part in index)
        chosen = {key: rows[index] for key, rows in self._of(self.native)["data"].items()}
        return {key: rows[:, None] for key, rows in chosen.items()} if self._stacked else chosen

    def _lanes(self, ask: str, x: Array, *more: Array, rows: Rows | None, noise: Array | None) -> list[Any]:
        """A question to each objective of a stack whose formulas differ, about its own lane."""
        assert self._each is not None
        answers = []
        for lane, one in enumerate(self._each):
            own = slice(lane, lane + 1)
            its_rows = None if rows is None else {key: value[own] for key, value in rows.items()}
            its_noise = None if noise is None else noise[own]
            answers.append(getattr(one, ask)(x[own], *(item[own] for item in more), its_rows, its_noise))
        return answers

    @staticmethod
    def _joined(parts: list[Any]) -> Any:
        """Arrays (1, ...) of either kind, or tuples or mappings of them, as one (R, ...)."""
        if isinstance(parts[0], tuple):
            return tuple(Answers._joined(list(item)) for item in zip(*parts, strict=True))
        if isinstance(parts[0], dict):
            return {key: Answers._joined([part[key] for part in parts]) for key in parts[0]}
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        import torch

        return torch.cat(parts)

    def _of(self, kind: str) -> dict[str, Rows]:
        if kind not in self._bound:
            convert = self._tensor if kind == "torch" else lambda value: value
            self._bound[kind] = {
                part: {key: convert(value) for key, value in values.items()} for part, values in self._rules.items()
            }
        return self._bound[kind]

    def _tensor(self, value: Any) -> Any:
        """A torch copy of an array of numbers: real ones in the objective's dtype. Plain numbers stay what they are."""
        if not isinstance(value, np.ndarray):
            return value
        import torch

        if value.ndim > 1 and value.shape[0] > 1 and value.strides[0] == 0:  # shared by all lanes, see `stack`
            return self._tensor(value[:1].copy()).expand(value.shape)
        tensor = torch.as_tensor(value, device=self.device)
        return tensor.to(getattr(torch, self.objective.dtype)) if tensor.is_floating_point() else tensor

    def to_caller(self, answer: Array) -> Array:
        """An array of either kind as one of the caller's kind."""
        if self.arrays == "torch":
            return answer if hasattr(answer, "detach") else self._to(answer, "torch")
        return self._to(answer, "numpy") if hasattr(answer, "detach") else answer

    def _to(self, x: Array, kind: str) -> Array:
        if kind == "numpy":
            return x.detach().cpu().double().numpy() if hasattr(x, "detach") else np.asarray(x, dtype=np.float64)
        import torch

        if not isinstance(x, torch.Tensor):
            # a copy, because torch warns of arrays that cannot be written to
            x = torch.tensor(np.asarray(x), device=self.device)
        return x.detach().to(device=self.device, dtype=getattr(torch, self.objective.dtype))

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
        convert = self._tensor if kind == "torch" else lambda value: value
        data = bound["data"] if rows is None else {key: convert(value) for key, value in rows.items()}
        more = {} if noise is None else {"noise": convert(noise)}
        return partial(function, **bound["constants"], **data, **more)

    def value(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> Array:
        """x -> f(x) without its last axis; without noise, unless its random numbers are given."""
        if self._each is not None:
            return self._joined(self._lanes("value", x, rows=rows, noise=noise))
        with self._bare():
            return self.to_caller(self.formula(rows, noise)(self._to(x, self.native)))

    def score(self, x: Array) -> Array:
        """x -> the noise-free value on all data by which runs are judged."""
        if self._each is not None:
            return self._joined([one.score(x[lane : lane + 1]) for lane, one in enumerate(self._each)])
        return self._judge(self.objective.score or self.objective.formula, "data", x)

    def metrics(self, x: Array) -> dict[str, Array]:
        """x -> each further metric by name, on the rows held out for it."""
        if self._each is not None:
            return self._joined([one.metrics(x[lane : lane + 1]) for lane, one in enumerate(self._each)])
        return {name: self._judge(metric, "test", x) for name, metric in self.objective.metrics.items()}

    def _judge(self, function: Callable, part: str, x: Array) -> Array:
        bound = self._of(self.native)
        call = partial(function, **bound["constants"], **bound[part])
        with self._bare():
            return self.to_caller(call(self._to(x, self.native)))

    def value_and_gradient(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array]:
        """x -> f(x) and its gradient, of the shape of x: in closed form where there is one, else by torch."""
        if self._each is not None:
            return self._joined(self._lanes("value_and_gradient", x, rows=rows, noise=noise))
        if self.objective.gradient is None:
            f, gradient = self._differentiate(x, rows, noise)
        else:
            native = self._to(x, self.native)
            f = self.formula(rows, noise)(native)
            gradient = self._bind(self.objective.gradient, self.native, rows, noise)(native)
        return self.to_caller(f), self.to_caller(gradient)

    def _differentiate(self, x: Array, rows: Rows | None, noise: Array | None) -> tuple[Array, Array]:
        import torch

        point = self._to(x, "torch").clone().requires_grad_(True)
        f = self._bind(self.objective.formula, "torch", rows, noise)(point)
        if not f.requires_grad:  # constant, for torch: no operation depends on x
            return f, torch.zeros_like(point)
        (gradient,) = torch.autograd.grad(f.sum(), point)  # points are independent: the sum separates
        return f.detach(), gradient

    def value_and_residuals(
        self, x: Array, rows: Rows | None = None, noise: Array | None = None
    ) -> tuple[Array, Array]:
        """x -> f(x) and the residuals, with one more axis (m,)."""
        if self._each is not None:
            return self._joined(self._lanes("value_and_residuals", x, rows=rows, noise=noise))
        r = self.to_caller(self._residuals(self.native, rows, noise)(self._to(x, self.native)))
        return (r * r).sum(-1), r

    def _residuals(self, kind: str, rows: Rows | None, noise: Array | None) -> Callable[[Array], Array]:
        if self.objective.residuals is None:
            raise ValueError(f"{self.objective.name} has no residuals")
        return self._bind(self.objective.residuals, kind, rows, noise)

    def jacobian(self, x: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array, Array]:
        """x -> f(x), the residuals (m,) and their Jacobian (m, dim), by one backward pass a residual."""
        if self._each is not None:
            return self._joined(self._lanes("jacobian", x, rows=rows, noise=noise))
        import torch

        point = self._to(x, "torch").clone().requires_grad_(True)
        r = self._residuals("torch", rows, noise)(point)
        # points are independent: the gradient of a sum over them holds a row of each one's Jacobian
        rows_of = [_gradient(r[..., i].sum(), point) for i in range(r.shape[-1])]
        residuals, jacobian = r.detach(), torch.stack(rows_of, dim=-2)
        f = (residuals * residuals).sum(-1)
        return self.to_caller(f), self.to_caller(residuals), self.to_caller(jacobian)

    def hessian_vector(self, x: Array, v: Array, rows: Rows | None = None, noise: Array | None = None) -> Array:
        """x, v -> the Hessian at x times v, by two backward passes."""
        if self._each is not None:
            return self._joined(self._lanes("hessian_vector", x, v, rows=rows, noise=noise))
        import torch

        point = self._to(x, "torch").clone().requires_grad_(True)
        f = self._bind(self.objective.formula, "torch", rows, noise)(point)
        if not f.requires_grad:
            return self.to_caller(torch.zeros_like(point))
        (gradient,) = torch.autograd.grad(f.sum(), point, create_graph=True)
        if not gradient.requires_grad:  # linear
            return self.to_caller(torch.zeros_like(point))
        (product,) = torch.autograd.grad(gradient, point, grad_outputs=self._to(v, "torch").expand_as(point))
        return self.to_caller(product.clone())  # torch may give a zero without memory, which NumPy cannot read

    def network(self, x: Array, inputs: Array) -> Array:
        """x (*points, dim), inputs (*points, steps, features) -> what the known network of a composite problem puts
        out, (*points, steps, outputs)."""
        if self._each is not None:
            return self._joined(self._each_lane("network", x, inputs))
        with self._bare():
            return self.to_caller(self._network(self.native, self._to(x, self.native), self._to(inputs, self.native)))

    def _network(self, kind: str, x: Array, inputs: Array) -> Array:
        assert self.objective.composite is not None
        return self.objective.composite.network(x, inputs, **self._of(kind)["constants"])

    def _each_lane(self, ask: str, x: Array, *more: Array) -> list[Any]:
        assert self._each is not None
        items = [slice(lane, lane + 1) for lane in range(len(self._each))]
        return [getattr(one, ask)(x[own], *(m[own] for m in more)) for own, one in zip(items, self._each, strict=True)]

    def play(self, x: Array, e: Array, rows: Rows | None = None, noise: Array | None = None) -> tuple[Array, Array]:
        """x (*points, dim), e (*points, steps, outputs) -> the costs (*points, steps) of the network with e added to
        its outputs, and the inputs (*points, steps, features) that it saw."""
        if self._each is not None:
            return self._joined(self._lanes("play", x, e, rows=rows, noise=noise))
        assert self.objective.composite is not None
        play: Callable[..., Any] = self._bind(self.objective.composite.play, self.native, rows, noise)
        with self._bare():
            costs, inputs = play(self._to(x, self.native), self._to(e, self.native))
        return self.to_caller(costs), self.to_caller(inputs)

    def vjp(self, x: Array, inputs: Array, v: Array) -> Array:
        """x (*points, dim), inputs (*points, steps, features), v (*points, steps, outputs) -> the gradient of the sum
        of v times the network's outputs, of the shape of x."""
        if self._each is not None:
            return self._joined(self._each_lane("vjp", x, inputs, v))
        point = self._to(x, "torch").clone().requires_grad_(True)
        pulled = (self._to(v, "torch") * self._network("torch", point, self._to(inputs, "torch"))).sum()
        return self.to_caller(_gradient(pulled, point))

    def row_losses(self, x: Array) -> Array:
        """x (*points, dim) -> the loss of each row of data (*points, rows)."""
        if self._each is not None:
            return self._joined(self._each_lane("row_losses", x))
        assert self.objective.row_losses is not None
        losses = self._bind(self.objective.row_losses, self.native, None, None)
        with self._bare():
            return self.to_caller(losses(self._to(x, self.native)))

    def _bare(self) -> AbstractContextManager[Any]:
        """Where nothing is differentiated."""
        if self.native != "torch":
            return nullcontext()
        import torch

        return torch.no_grad()


def _gradient(f: Array, point: Array) -> Array:
    """The gradient of a number of torch at a point, zero where it does not depend on it."""
    import torch

    if not f.requires_grad:
        return torch.zeros_like(point)
    (gradient,) = torch.autograd.grad(f, point, retain_graph=True, allow_unused=True)
    return torch.zeros_like(point) if gradient is None else gradient
