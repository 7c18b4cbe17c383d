"""What a problem is: a pure formula, the constants of its instance, and the facts that are known of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import isfinite, prod
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from bench.core.arrays import constant, converted, is_tensor, undifferentiated
from bench.core.domain import Array, Domain
from bench.core.failures import Failures
from bench.core.gate import at_points, checked, own, real
from bench.core.ledger import EVENT
from bench.core.shown import as_html, as_text, written

if TYPE_CHECKING:
    import torch


STARTS = 15  # of which the scale is measured where nothing else tells it
RESERVED = ("run", *EVENT)  # columns of every trajectory: no metric has such a name
Sampling = Literal["shuffle", "same", "replacement", "sorted", "balanced", "hard"]


@dataclass(frozen=True)
class Composite:
    """A known network inside an unknown cost: the network's outputs go out into the world, which answers with costs.

    network(x, inputs, **constants): x (*points, dim), inputs (*points, steps, features) -> (*points, steps, outputs).
    play(x, e, **constants, **data): adds e (*points, steps, outputs) to the network's outputs -> the costs
        (*points, steps), whose mean over the steps is f, and the inputs (*points, steps, features) that the network
        saw. On noisy problems with one more keyword, `noise`.
    steps: of an episode; None where each row of data is one.
    outputs: how many numbers the network gives in a step.
    """

    network: Callable[..., Array]
    play: Callable[..., tuple[Array, Array]]
    outputs: int
    steps: int | None = None


@dataclass(frozen=True)
class Objective:
    """One instance of a problem: everything a run needs to know, and nothing that changes.

    formula(x, **constants, **data): x (*points, dim) -> (*points). Pure. Written against the array API it serves NumPy
        and torch (`arrays="any"`); `"torch"` or `"numpy"` name the only kind that it takes. Noisy problems take one
        more keyword, `noise`, which is None where the noise-free value is asked.
    constants: what the instance is (shift, rotation, offset): numbers and arrays. In a stack of R instances each gets
        the axes (R, 1) in front, and x is (R, points, dim): a number meets values (*points), an array (dim,) points.
    order: the highest order of a question that can be answered: 0 value, 1 gradient, 2 Hessian-vector product.
    start(rng): a first point (dim,).
    f_opt, x_opt: the minimum and a point (dim,) that has it, where known.
    data: rows (N, ...) by keyword, of which a mini-batch takes a part; f is the mean over all N.
    test: rows that only `metrics` see; metric(x, **constants, **test) -> (*points).
    higher: the names of metrics of which more is better. of_data: of those that see the rows of data in place of test.
    noise(rng, shape): the random numbers of `shape` noisy answers, an array (*shape, ...).
    score: what runs are judged by on problems with data or noise, where it is not the formula without noise.
    checkpoints: how often they are judged between start and end, from the end back at half the cost each time; None:
        ten times a decade of cost.
    gradient: closed form, same arguments as formula, -> (*points, dim); where it is None, torch differentiates.
    both: same arguments, -> (*points, 1 + dim): the value and then the gradient, where one call gives the two for less
        than formula and gradient, which stand beside it.
    residuals: for least squares, same arguments -> (*points, m); the formula is the sum of their squares.
    composite: the known part and the unknown one, where f is the cost of what a network puts out.
    sampling: how mini-batches come: in a new order each epoch ("shuffle") or always in the first ("same"), drawn with
        "replacement", "sorted" by targets, "balanced" over classes, or with the rows of highest loss first ("hard").
    remainder: whether an epoch ends with a smaller batch of the remaining rows, if these are `fewest` or more: as many
        as a mini-batch must have.
    row_losses: same arguments as formula -> (*points, rows), which order "hard" rows.
    delay: seconds that the oracle waits at each question, for each point.
    shapes: the layers of a network, in the order in which x holds them.
    dtype: "float64" for analytic problems, "float32" for learning ones.
    width(rows, device): how many points torch differentiates at once, of so many rows of data; None: all.
    vectorised: whether its functions take populations, as is said above. False: they take one vector (dim,), and are
        asked point by point; None: that is found out at the first population.
    failures: what an exception of its functions is, or a value of NaN. "raise": the exception ends the run as crashed,
        and NaN is handed on. "nan": a failed evaluation, charged and counted; the method hears inf for a value, inf and
        NaN for a gradient, and the run goes on.
    taken: x (dim,) -> what a user's function takes there, where that is not the point: as it is shown.

    Raises ValueError for what does not fit. Where the formula takes NumPy alone torch cannot differentiate it: order is
    then at most 1, and 0 without a gradient. Residuals are asked whatever the order, their Jacobian from order 1.
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
    higher: Sequence[str] = ()
    of_data: Sequence[str] = ()
    noise: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] | None = None
    score: Callable[..., Array] | None = None
    checkpoints: int | None = None
    gradient: Callable[..., Array] | None = None
    both: Callable[..., Array] | None = None
    residuals: Callable[..., Array] | None = None
    composite: Composite | None = None
    sampling: Sampling = "shuffle"
    remainder: bool = True
    fewest: int = 1
    row_losses: Callable[..., Array] | None = None
    delay: float = 0.0
    shapes: Sequence[tuple[int, ...]] = ()
    arrays: Literal["any", "numpy", "torch"] = "any"
    dtype: Literal["float64", "float32"] = "float64"
    width: Callable[[int, str], int] | None = None
    vectorised: bool | None = None
    failures: Failures = "raise"
    taken: Callable[[np.ndarray], object] | None = None
    name: str = "function"
    parameters: Mapping[str, object] = field(default_factory=dict)
    instance: int = 1
    # whether a registered problem made it just so, and not `replace` another of it
    made: bool = field(default=False, init=False, repr=False, compare=False)
    # what was found out: by role, whether a function takes populations; for "torch", whether the formula takes tensors
    learned: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.dim, bool) or not isinstance(self.dim, (int, float, np.number)) or self.dim != int(self.dim):
            raise ValueError(f"dim must be a whole number, got {self.dim!r}")
        object.__setattr__(self, "dim", int(self.dim))
        if self.f_opt is not None:
            f_opt = float(checked(self.f_opt, (), "f_opt", "numpy"))
            if isinstance(self.f_opt, (bool, np.bool_)) or not isfinite(f_opt):
                raise ValueError(f"f_opt must be a finite number, or None where it is not known, got {self.f_opt}")
            object.__setattr__(self, "f_opt", f_opt)
        if self.dim < 1:
            raise ValueError(f"dim must be >= 1, got {self.dim}")
        for name in self.metrics:
            if not isinstance(name, str) or not name or name in RESERVED:
                names = ", ".join(RESERVED)
                raise ValueError(f"a metric must not be called {name!r}: columns of every trajectory are {names}")
        for role, names in (("higher", self.higher), ("of_data", self.of_data)):
            if unknown := set(names) - set(self.metrics):
                raise ValueError(f"{role} must name metrics, of which {', '.join(sorted(unknown))} is none")
        if self.order not in (0, 1, 2):
            raise ValueError(f"order must be 0, 1 or 2, got {self.order}")
        if self.failures not in get_args(Failures):
            raise ValueError(f"failures must be one of {', '.join(get_args(Failures))}, got {self.failures!r}")
        if self.both is not None and self.gradient is None:
            raise ValueError("both must come with a gradient")
        if self.arrays == "numpy":
            highest = 0 if self.gradient is None else 1
            object.__setattr__(self, "order", min(self.order, highest))
        if self.vectorised is not None:
            metrics = [f"metric {name}" for name in self.metrics]
            roles = ("formula", "gradient", "both", "residuals", "row_losses", "score", *metrics)
            self.learned.update(dict.fromkeys(roles, bool(self.vectorised)))
        lengths = {key: len(rows) for key, rows in self.data.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"data must have the same number of rows under every key, got {lengths}")
        if self.sampling not in get_args(Sampling):
            raise ValueError(f"sampling must be one of {', '.join(get_args(Sampling))}, got {self.sampling!r}")
        targets = self.data.get("targets")
        if self.sampling in ("sorted", "balanced") and targets is None:
            raise ValueError(f"sampling must not be {self.sampling!r} where data have no targets")
        if self.sampling in ("sorted", "balanced") and (shape := np.asarray(targets).shape)[1:]:
            raise ValueError(f"sampling must not be {self.sampling!r} where a row has several targets, got {shape}")
        if self.sampling == "balanced" and not np.issubdtype(np.asarray(targets).dtype, np.integer):
            raise ValueError("sampling must not be 'balanced' where targets are no classes")
        if self.sampling == "hard" and self.row_losses is None:
            raise ValueError("sampling must not be 'hard' where rows have no losses of their own")
        if not isinstance(self.domain.kinds, str) and len(self.domain.kinds) != self.dim:
            raise ValueError(f"kinds must be one, or one for each of {self.dim} coordinates, got {self.domain.kinds}")
        domain = self.domain
        if not isinstance(domain.log, bool) and len(domain.log) != self.dim:
            raise ValueError(f"log must be one, or one for each of {self.dim} coordinates, got {domain.log}")
        for name, bound in (("low", domain.low), ("high", domain.high), ("scale", domain.scale)):
            if np.shape(bound) not in ((), (self.dim,)):
                raise ValueError(f"{name} must be a number or have shape ({self.dim},), got {np.shape(bound)}")
        if self.composite is not None and not self.scored:
            raise ValueError("composite must come with data or noise: what is asked has outputs that were changed")

    def __repr__(self) -> str:
        return as_text(*self._shown())

    def _repr_html_(self) -> str:
        return as_html(*self._shown())

    def _shown(self) -> tuple[str, dict[str, str]]:
        """What tells one objective from another, in words: of its arrays, their shapes alone."""
        values = ", ".join(f"{key}={written(value)}" for key, value in self.parameters.items())
        asked = ("values", "values, gradients", "values, gradients, Hessian-vector products")[self.order]
        facts = {
            "dim": str(self.dim),
            "answers": asked + (", residuals" if self.residuals is not None else ""),
            "coordinates": ", ".join(sorted(self.domain.all_kinds)),
            "bounds": f"{_ends(self.domain.low)} to {_ends(self.domain.high)}",
            "minimum": "not known" if self.f_opt is None else f"{self.f_opt:g}",
            "data": f"{self.rows:,} rows" if self.data else "",
            "noise": "yes" if self.noise is not None else "",
            "metrics": ", ".join(self.metrics),
            "lanes": "" if self.width is None else str(self.width),
            "constants": ", ".join(f"{key} {np.shape(value)}" for key, value in self.constants.items()),
            "computes with": {"any": "NumPy or torch", "numpy": "NumPy", "torch": "torch"}[self.arrays],
            "failures": "failed evaluations" if self.failures == "nan" else "",
        }
        title = f"Objective {self.name}" + (f"[{values}]" if values else "") + f", instance {self.instance}"
        return title, {name: fact for name, fact in facts.items() if fact}

    @property
    def rows(self) -> int:
        """Rows of data in one full evaluation; 1 without data."""
        return len(next(iter(self.data.values()))) if self.data else 1

    @property
    def scored(self) -> bool:
        """Whether runs are judged by the score of a recommended point rather than by what was asked."""
        return bool(self.data) or self.noise is not None

    @cached_property
    def box(self) -> Domain:
        """The domain with the scale of each coordinate, (dim,), see `Domain.scales`: where bounds are missing it is the
        median of |start_i| over a few starts."""
        domain, start = self.domain, None
        if domain.scale is None and not domain.bounded and self.start is not None:
            rng = np.random.default_rng(0)
            start = np.median([np.abs(self.start(rng)) for _ in range(STARTS)], axis=0)
        return self.box_around(start)

    def box_around(self, start: np.ndarray | None) -> Domain:
        """The same where it is known that runs begin at start (dim,)."""
        return replace(self.domain, scale=self.domain.scales(self.dim, start))

    def first_point(self, rng: np.random.Generator) -> np.ndarray:
        """A start (dim,): the problem's own, else uniform in its box, else normal with the domain's scale."""
        if self.start is not None:
            return np.asarray(self.start(rng), dtype=np.float64)
        if self.domain.bounded:
            return self.domain.sample(rng, (self.dim,))
        return self.domain.from_search(self.box.scale * rng.standard_normal(self.dim))

    def shown(self, z: np.ndarray) -> object:
        """A point (dim,) in which methods search, as records show it: see `Domain.to_search` and `taken`."""
        x = self.domain.from_search(z)
        return x if self.taken is None else self.taken(x)

    def blocks(self, x: Array) -> list[Array]:
        """Views of x (..., dim) by the layers of a network: arrays (..., *shape); x itself where there are none."""
        ends = np.cumsum([0, *map(prod, self.shapes)]).tolist()
        layers = zip(self.shapes, ends, ends[1:], strict=False)
        return [x[..., low:high].reshape(*x.shape[:-1], *shape) for shape, low, high in layers] or [x]

    def f(self, x: "np.ndarray | torch.Tensor | Sequence[float]") -> Array:
        """The noise-free value on all data: x (*points, dim), NumPy or torch -> (*points) of the same kind."""
        kind = "torch" if is_tensor(x) else "numpy"
        native = kind if self.arrays == "any" else self.arrays
        keywords = {**self.constants, **self.data}
        keywords = {key: constant(value, native, self.dtype) for key, value in keywords.items()}
        points = converted(real(x, "a point"), native, self.dtype)
        with undifferentiated(native):
            answers = at_points(
                lambda points, _: self.formula(points, **keywords),
                lambda index: self.formula(points[index], **keywords),
                points,
                None,
                partial(checked, who=self.name, kind=native, dtype=self.dtype),
                role="formula",
                vectorised=self.learned,
            )
        values = own(answers, kind, self.dtype, "cpu")
        return values if kind == "torch" else values[()]


def _ends(bound: Array | float) -> str:
    """Bounds of one side: one number where all coordinates have the same."""
    ends = sorted(set(np.atleast_1d(bound).tolist()))
    return f"{ends[0]:g}" if len(ends) == 1 else f"({ends[0]:g} ... {ends[-1]:g})"
