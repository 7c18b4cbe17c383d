"""Noise on values: what a method is told is not what is. Runs are judged by the noise-free value.

Gradients are as noisy as values: additive noise adds level N / s to each slope, where s is the domain's scale, so that
over a step of that length a slope tells as little as a value; multiplicative noise has the same factor in both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import Any, Literal

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, wrapper

from ..learning.choices import check_choice
from .composition import composed, of_the_first, own_keys, remembered

Law = Literal["gaussian", "uniform", "cauchy"]
Kind = Literal["additive", "multiplicative"]
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
Change = Callable[..., Any]  # (answer, x, numbers (*points, k), level, base, steepness) -> the noisy answer

LAWS: Mapping[str, Draw] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "uniform": lambda rng, shape: rng.uniform(-sqrt(3), sqrt(3), shape),
    "cauchy": lambda rng, shape: rng.standard_cauchy(shape),
}


@wrapper(
    source="Arnold & Beyer 2006, IEEE Transactions on Evolutionary Computation 10:380-391, and the Gaussian noise of "
    "Hansen, Finck, Ros & Auger 2009, hal:inria-00369466"
)
def noise(
    objective: Objective, *, law: Law = "gaussian", level: float = 0.1, kind: Kind = "additive", instance: int = 1
) -> Objective:
    """f + level N ("additive"), or f_opt + (f - f_opt) exp(level N) ("multiplicative", with 0 for an unknown f_opt).

    Additive noise adds level N / scale to each slope of a gradient, scale being the coordinate's. Hessians stay exact.
    law: of N: standard normal; uniform with variance 1; Cauchy with quartiles -1 and 1, additive alone, because
    exp(level N) would have no mean at any level. A problem with noise of its own has both. With noise it is no
    least-squares problem, and metrics and the score stay exact.
    """
    check_choice("law", law, Law)
    check_choice("kind", kind, Kind)
    if not 0 <= level < np.inf:
        raise ValueError(f"level must be >= 0 and finite, got {level}")
    if kind == "multiplicative" and law == "cauchy":
        raise ValueError(f"law must be gaussian or uniform where noise is multiplicative, got {law!r}")
    constants = {
        "level": np.full(1, level),
        "base": np.full(1, objective.f_opt or 0.0),
        "steepness": level / objective.box.scale,
    }
    keys = own_keys(objective, constants)
    additive = kind == "additive"
    values, rows, slopes = (
        (values_added, rows_added, slopes_added) if additive else (values_grown, rows_grown, slopes_grown)
    )
    numbers = 1 + objective.dim if additive and objective.order else 1  # of an answer
    draw = remembered_draw(law, numbers)
    both = None if objective.noise is None else Both.of(objective.noise, numbers)

    def exact(function: Callable[..., Any] | None) -> Any:
        return None if function is None else composed(function, keys, None, None)

    def loud(function: Callable[..., Any] | None, change: Change | None) -> Any:
        return None if function is None else disturbed(function, keys, change, both)

    composite = objective.composite
    if composite is not None:
        composite = replace(composite, network=exact(composite.network), play=loud(composite.play, of_the_first(rows)))
    return replace(
        objective,
        constants={**objective.constants, **dict(zip(keys, constants.values(), strict=True))},
        formula=loud(objective.formula, values),
        gradient=loud(objective.gradient, slopes),
        residuals=None,
        score=exact(objective.score),
        row_losses=exact(objective.row_losses),
        metrics={name: exact(metric) for name, metric in objective.metrics.items()},
        composite=composite,
        noise=draw if both is None else both.draw(objective.noise, draw),
    )


@remembered
def remembered_draw(law: str, numbers: int) -> Draw:
    """Draws of `numbers` an answer: (*shape, numbers)."""
    return lambda rng, shape: LAWS[law](rng, (*shape, numbers))


@remembered
def disturbed(
    function: Callable[..., Any], keys: tuple[str, ...], change: Change | None, both: "Both | None"
) -> Callable[..., Any]:
    """x, *more, noise, constants -> change(function(x, *more, its own noise, constants), x, numbers, *own)."""

    def noisy(x: Array, *more: Array, noise: Array | None = None, **constants: Any) -> Any:
        own = [constants.pop(key) for key in keys]
        if noise is None:
            return function(x, *more, **constants)
        numbers, inner = (noise, {}) if both is None else both.split(noise, x)
        answer = function(x, *more, **constants, **inner)
        return answer if change is None else change(answer, x, numbers, *own)

    return noisy


def values_added(f: Array, x: Array, n: Array, level: Array, base: Array, steepness: Array) -> Array:
    """f + level N: f (*points), n (*points, 1 or more). Torch finds `slopes_added` as its gradient."""
    noisy = f + level[..., 0] * n[..., 0]
    if getattr(x, "requires_grad", False):
        noisy = noisy + (steepness * n[..., 1:] * (x - x.detach())).sum(-1)
    return noisy


def slopes_added(gradient: Array, x: Array, n: Array, level: Array, base: Array, steepness: Array) -> Array:
    """A number of its own on each slope: gradient (*points, dim), n (*points, 1 + dim)."""
    return gradient + steepness * n[..., 1:]


def rows_added(costs: Array, x: Array, n: Array, level: Array, base: Array, steepness: Array) -> Array:
    """The same number on each cost of an answer: costs (*points, steps), n (*points, 1 or more)."""
    return costs + level * n[..., :1]


def growth(n: Array, level: Array) -> Array:
    """exp(level N): n (*points, 1), level (1,) -> (*points)."""
    return array_namespace(level).exp(level[..., 0] * n[..., 0])


def values_grown(f: Array, x: Array, n: Array, level: Array, base: Array, steepness: Array) -> Array:
    """base + (f - base) exp(level N): f (*points), n (*points, 1)."""
    return base[..., 0] + (f - base[..., 0]) * growth(n, level)


def rows_grown(costs: Array, x: Array, n: Array, level: Array, base: Array, steepness: Array) -> Array:
    """The same factor on each cost of an answer, above base: costs (*points, steps), n (*points, 1)."""
    return base + (costs - base) * growth(n, level)[..., None]


def slopes_grown(gradient: Array, x: Array, n: Array, level: Array, base: Array, steepness: Array) -> Array:
    """The gradient (*points, dim) of `values_grown`."""
    return gradient * growth(n, level)[..., None]


@dataclass(frozen=True)
class Both:
    """Two noises in one array (*shape, outer + k) of 64-bit words: the bits of our numbers, then those of the problem's
    own noise (*shape, *inner), be it numbers or the whole numbers of seeds, which no floating-point array could hold.
    """

    outer: int
    inner: tuple[int, ...]
    floating: bool

    @classmethod
    def of(cls, own: Draw, outer: int) -> "Both":
        """The layout for a problem's own noise, beside `outer` numbers an answer."""
        sample = np.asarray(own(np.random.default_rng(0), (1,)))
        return cls(outer, sample.shape[1:], np.issubdtype(sample.dtype, np.floating))

    def draw(self, own: Draw | None, law: Draw) -> Draw:
        """Draws both noises, the problem's own first."""
        assert own is not None

        def words(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
            numbers = np.asarray(own(rng, shape)).astype(np.float64 if self.floating else np.int64)
            bits = np.ascontiguousarray(numbers).view(np.int64).reshape(*shape, prod(self.inner))
            return np.concatenate([law(rng, shape).view(np.int64), bits], axis=-1)

        return words

    def split(self, words: Array, x: Array) -> tuple[Array, dict[str, Array]]:
        """words (*points, outer + k) -> our numbers (*points, outer), and the problem's own noise by keyword."""
        own = words[..., self.outer :].reshape((*words.shape[:-1], *self.inner))
        numbers = as_floats(words[..., : self.outer], x)
        return numbers, {"noise": as_floats(own, x) if self.floating else own}


def as_floats(bits: Array, x: Array) -> Array:
    """64-bit words (...) as the floating-point numbers whose bits they are, in the precision of x."""
    if hasattr(bits, "detach"):
        import torch

        return bits.view(torch.float64).to(x.dtype)
    return bits.view(np.float64)
