"""What a problem is: a pure formula, the constants of its instance, and the facts that are known of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from bench.core.domain import Array, Domain

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Objective:
    """One instance of a problem: everything a run needs to know, and nothing that changes.

    formula(x, **constants, **data): x (*points, dim) -> (*points). Pure. Written against the array API it serves NumPy
        and torch (`arrays="any"`); `"torch"` or `"numpy"` name the only kind that it takes. Noisy problems take one
        more keyword, `noise`, which is None where the noise-free value is asked.
    constants: what the instance is (shift, rotation, offset): numbers and arrays. In a stack of R instances each gets
        the axes (R, 1) in front, and x is (R, points, dim): a number meets values (*points), an array (dim,) points.
    order: the highest order that can be answered: 0 value, 1 gradient, 2 Hessian-vector product.
    start(rng): a first point (dim,).
    f_opt, x_opt: the least value and a point (dim,) that has it, where known.
    data: rows (N, ...) by keyword, of which a mini-batch takes a part; f is the mean over all N.
    test: rows that only `metrics` see; metric(x, **constants, **test) -> (*points).
    noise(rng, shape): the random numbers of `shape` noisy answers, an array (*shape, ...).
    score: what runs are judged by on problems with data or noise, where it is not the formula without noise.
    gradient: closed form, same arguments as formula, -> (*points, dim); where it is None, torch differentiates.
    residuals: for least squares, same arguments -> (*points, m); the formula is the sum of their squares.
    shapes: the layers of a network, in the order in which x holds them.
    dtype: "float64" for analytic problems, "float32" for learning ones.
    """

    formula: Callable[..., Array]
    dim: int
    domain: Domain = field(default_factory=Domain)
    start: Callable[[np.random.Generator], np.ndarray] | None = None
    constants: Mapping[str, Array] = field(default_factory=dict)
    order: Literal[0, 1, 2] = 2
    f_opt: float | None = None
    x_opt: np.ndarray | None = None
    data: Mapping[str, np.ndarray] = field(default_factory=dict)
    test: Mapping[str, np.ndarray] = field(default_factory=dict)
    metrics: Mapping[str, Callable[..., Array]] = field(default_factory=dict)
    noise: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] | None = None
    score: Callable[..., Array] | None = None
    gradient: Callable[..., Array] | None = None
    residuals: Callable[..., Array] | None = None
    shapes: Sequence[tuple[int, ...]] = ()
    arrays: Literal["any", "numpy", "torch"] = "any"
    dtype: Literal["float64", "float32"] = "float64"
    name: str = "function"
    parameters: Mapping[str, object] = field(default_factory=dict)
    instance: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", int(self.dim))
        if self.f_opt is not None:
            object.__setattr__(self, "f_opt", float(self.f_opt))
        if self.dim < 1:
            raise ValueError(f"dim must be >= 1, got {self.dim}")
        if self.order not in (0, 1, 2):
            raise ValueError(f"order must be 0, 1 or 2, got {self.order}")
        lengths = {key: len(rows) for key, rows in self.data.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"data must have the same number of rows under every key, got {lengths}")

    @property
    def rows(self) -> int:
        """Rows of data in one full evaluation; 1 without data."""
        return len(next(iter(self.data.values()))) if self.data else 1

    @property
    def scored(self) -> bool:
        """Whether runs are judged by the score of a recommended point rather than by what was asked."""
        return bool(self.data) or self.noise is not None

    def first_point(self, rng: np.random.Generator) -> np.ndarray:
        """A start (dim,): the problem's own, else uniform in its box, else normal with the domain's scale."""
        if self.start is not None:
            return np.asarray(self.start(rng), dtype=np.float64)
        if self.domain.bounded:
            return self.domain.sample(rng, (self.dim,))
        return self.domain.scale * rng.standard_normal(self.dim)

    def f(self, x: "np.ndarray | torch.Tensor | Sequence[float]") -> Array:
        """The noise-free value on all data: x (*points, dim), NumPy or torch -> (*points) of the same kind."""
        from bench.core.answers import Answers

        kind = "torch" if type(x).__module__.startswith("torch") else "numpy"
        return Answers(self, arrays=kind).value(x if kind == "torch" else np.asarray(x, dtype=np.float64))
