"""A user's functions, asked as problems are."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from bench.core.arrays import converted, differentiated, is_tensor
from bench.core.coordinates import Coordinates
from bench.core.domain import Array
from bench.core.failures import Failures, tolerable
from bench.core.gate import checked


@dataclass(frozen=True, eq=False)
class Given:
    """A user's functions, as functions of the coordinates that vary (free,); each call gets a copy of its own.

    function: gives a value, or a pair of value and gradient. gradient: where it stands apart. sign: -1 where the
    function is maximized. start: of all coordinates, of this kind and dtype. fresh: values whose mean is a score.
    `noise=`, which all take as formulas do, is nothing to them: a user's function draws its own.
    """

    function: Callable[..., Any]
    gradient: Callable[..., Any] | None
    coordinates: Coordinates
    sign: int
    failures: Failures
    start: Array
    kind: Literal["numpy", "torch"]
    dtype: Literal["float64", "float32"]
    fresh: int = 1

    def value(self, x: Array, noise: object = None) -> Any:
        """What the function gives, or its negative."""
        answer = self.asked(x)
        return answer if self.sign > 0 else self.checked_value(answer)

    def slopes(self, x: Array, noise: object = None) -> Array:
        """The gradient, (free,)."""
        assert self.gradient is not None
        return self._free_part(self._asked(self.gradient, x))

    def value_of_pair(self, x: Array, noise: object = None) -> Any:
        """The value, of the pair that the function gives."""
        return self.checked_value(self.asked(x)[0])

    def gradient_of_pair(self, x: Array, noise: object = None) -> Array:
        """The gradient, of the pair that the function gives."""
        return self._free_part(self.asked(x)[1])

    def both(self, x: Array, noise: object = None) -> Array:
        """The value and then the gradient, (1 + free,)."""
        value, gradient = self.pair(self.asked(x))
        if self.kind == "numpy":
            return np.concatenate([value[None], gradient])
        import torch

        return torch.cat([value[None], gradient])

    def score(self, x: Array) -> float:
        """The mean of fresh values at x, of those that did not fail; NaN where all did, or what was raised last."""
        values, failure = [], None
        for _ in range(self.fresh):
            try:
                answer = self.asked(x)
                answer = answer[0] if self.is_pair(answer) else answer
                values.append(float(converted(self.checked_value(answer), "numpy", "float64")))
            except BaseException as error:
                if self.failures == "raise" or not tolerable(error):
                    raise
                failure = error
        if self.failures == "nan":
            values = [value for value in values if value == value]
        if not values and failure is not None:
            raise failure
        return float(np.mean(values)) if values else np.nan

    def asked(self, x: Array) -> Any:
        """What the function itself gives."""
        return self._asked(self.function, x)

    def checked_value(self, answer: Any) -> Array:
        """A value as it is minimized. Raises ValueError for what is no number."""
        value = checked(answer, (), "f", self.kind, self.dtype)
        return value if self.sign > 0 else -value

    def pair(self, answer: Any) -> tuple[Array, Array]:
        """Value and gradient as they are minimized. Raises ValueError for what is none."""
        value, gradient = answer
        return self.checked_value(value), self._free_part(gradient)

    def is_pair(self, answer: Any) -> bool:
        """Whether the function gave (value, gradient), as for SciPy's jac=True."""
        dim = len(self.coordinates.free)
        if self.gradient is not None or not isinstance(answer, (tuple, list)) or len(answer) != 2:
            return False
        if isinstance(answer[1], Mapping):
            return len(answer[1]) == dim
        try:
            value, gradient = (np.asarray(each.detach().cpu() if is_tensor(each) else each) for each in answer)
        except (TypeError, ValueError):  # of unequal rows
            return False
        return value.size == 1 and gradient.ndim > 0 and gradient.size == dim

    @cached_property
    def _where(self) -> Any:
        """The mask of coordinates that vary where others are fixed, else None."""
        free = self.coordinates.free
        if free.all():
            return None
        if self.kind == "numpy":
            return free
        import torch

        return torch.as_tensor(free)

    def _asked(self, function: Callable[..., Any], x: Array) -> Any:
        where = self._where
        if self.kind == "numpy":
            whole = x.copy() if where is None else self.coordinates.whole(x)
            return self._called(function, whole)
        # whatever torch's switches say outside: the function itself may differentiate something
        with differentiated():
            return self._called(function, x.clone() if where is None else self.start.masked_scatter(where, x))

    def _called(self, function: Callable[..., Any], whole: Array) -> Any:
        x = self.coordinates.given(whole)
        answer = function(**x) if isinstance(x, dict) else function(x)
        if inspect.iscoroutine(answer):
            answer.close()  # else Python warns that nobody awaited it
            raise TypeError("f gave a coroutine, which nobody awaits: it must be a plain function")
        return answer

    def _free_part(self, gradient: Any) -> Array:
        if isinstance(gradient, Mapping) and self.coordinates.names:
            gradient = [gradient[name] for name in self.coordinates.names]
        gradient = checked(gradient, (len(self.coordinates.free),), "the gradient", self.kind, self.dtype)
        gradient = gradient if self.sign > 0 else -gradient
        return gradient if self._where is None else gradient[self._where]
