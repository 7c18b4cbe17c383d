"""BBOB's 30 noisy functions, f101 to f130: ten of the noise-free shapes, each under three kinds of noise.

Source: Hansen, Finck, Ros & Auger 2009, hal:inria-00369466. Noise works on the shape, which is at least 0; f_opt and a
penalty, here always 100 f_pen, are added after it. Below 1e-8 there is no noise, and above it noisy values are raised
by 1.01e-8, so that no luck looks like the optimum. Gradients are those of an answer whose random numbers stand still.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, problem

from .ill_conditioned import different_powers, ellipsoid, f10, f14
from .instance import Shape
from .moderate import f07, f08, rosenbrock, step_ellipsoid
from .multimodal import f17, f19, griewank_rosenbrock, schaffer
from .separable import f01, sphere
from .transforms import conditioning, outside
from .weak import f21, gallagher

SOURCE = "Hansen, Finck, Ros & Auger 2009, hal:inria-00369466"
PENALTY = 100.0
QUIET = 1e-8  # below it there is no noise


@dataclass(frozen=True)
class Noise:
    """A kind of noise: disturb(f, numbers, strength, dim) with f (*points), and draw(rng, shape, severe) -> numbers."""

    name: str
    disturb: Callable[[Array, Array, float, int], Array]
    draw: Callable[..., np.ndarray]


def gaussian(f: Array, n: Array, strength: float, dim: int) -> Array:
    """f exp(strength N): f and n (*points), N standard normal."""
    return f * array_namespace(f).exp(strength * n)


def draw_gaussian(rng: np.random.Generator, shape: tuple[int, ...], severe: bool) -> np.ndarray:
    """Standard normal numbers (*shape)."""
    return rng.standard_normal(shape)


def uniform(f: Array, uv: Array, strength: float, dim: int) -> Array:
    """f U^strength max(1, (10^9 / f)^(alpha V)) with alpha = strength (0.49 + 1 / dim), U and V uniform in [0, 1).

    f (*points), uv (*points, 2). U lowers a value; V raises it, the more the smaller it is.
    """
    alpha = strength * (0.49 + 1 / dim)
    return f * uv[..., 0] ** strength * array_namespace(f).clip((1e9 / f) ** (alpha * uv[..., 1]), 1, None)


def draw_uniform(rng: np.random.Generator, shape: tuple[int, ...], severe: bool) -> np.ndarray:
    """Pairs of uniform numbers (*shape, 2)."""
    return rng.random((*shape, 2))


def cauchy(f: Array, c: Array, strength: float, dim: int) -> Array:
    """f + strength max(0, 1000 + C): f and c (*points), C a Cauchy number now and then and else 0."""
    return f + strength * array_namespace(f).clip(1000 + c, 0, None)


def draw_cauchy(rng: np.random.Generator, shape: tuple[int, ...], severe: bool) -> np.ndarray:
    """Standard Cauchy numbers (*shape) with a chance of 0.2, or 0.05 where noise is moderate; the others are 0."""
    return np.where(rng.random(shape) < (0.2 if severe else 0.05), rng.standard_cauchy(shape), 0.0)


QUESTIONS = (
    Noise("Gaussian", gaussian, draw_gaussian),
    Noise("uniform", uniform, draw_uniform),
    Noise("Cauchy", cauchy, draw_cauchy),
)


@dataclass(frozen=True)
class Disturbed:
    """A noise-free function that has the numbers `first`, `first + 1` and `first + 2` under the three kinds of noise.

    constants: those that differ from the noise-free function's, for a dimension.
    """

    first: int
    name: str
    function: Callable[[int, int], Objective]
    shape: Shape
    severe: bool = True
    constants: Callable[[int], dict[str, Array]] = lambda dim: {}


FUNCTIONS = (
    Disturbed(101, "Sphere", f01, sphere, severe=False),
    Disturbed(104, "Rosenbrock, original,", f08, rosenbrock, severe=False),
    Disturbed(107, "Sphere", f01, sphere),
    Disturbed(110, "Rosenbrock, original,", f08, rosenbrock),
    Disturbed(113, "Step ellipsoid", f07, step_ellipsoid),
    Disturbed(116, "Ellipsoid of condition 10^4, rotated,", f10, ellipsoid,
              constants=lambda dim: {"weights": conditioning(dim, 1e4) ** 2}),
    Disturbed(119, "Different powers", f14, different_powers),
    Disturbed(122, "Schaffer's F7", f17, schaffer),
    Disturbed(125, "Griewank-Rosenbrock F8F2, a tenth as high as f19,", f19, griewank_rosenbrock,
              constants=lambda dim: {"height": 1.0}),
    Disturbed(128, "Gallagher's 101 Gaussian peaks", f21, gallagher),
)  # fmt: skip


def register(row: Disturbed, number: int, kind: Noise) -> None:
    """Enter one function under one kind of noise in the registry."""

    def noisy(dim: int = 10, instance: int = 1) -> Objective:
        quiet = row.function(dim, instance)
        return replace(
            quiet,
            formula=disturbed(row.shape, kind.disturb),
            gradient=None,
            constants={**quiet.constants, **row.constants(dim), "strength": 1.0 if row.severe else 0.01},
            noise=partial(kind.draw, severe=row.severe),
        )

    severity = "severe" if row.severe else "moderate"
    noisy.__doc__ = f"{row.name} under {severity} {kind.name} noise, plus 100 f_pen + f_opt."
    problem(family="bbob-noisy", name=f"bbob-noisy-f{number}", version=2, source=SOURCE)(noisy)


@cache  # so that all instances of a function have one and the same formula
def disturbed(shape: Shape, disturb: Callable[[Array, Array, float, int], Array]) -> Shape:
    """x, f_opt, strength, noise, constants -> the shape at x, disturbed where there is noise, + 100 f_pen + f_opt."""

    def formula(x: Array, f_opt: float, strength: float, noise: Array | None = None, **constants: Array) -> Array:
        f = shape(x, **constants)
        if noise is not None:
            xp = array_namespace(x)
            loud = xp.where(f < QUIET, 1.0, f)
            f = xp.where(f < QUIET, f, disturb(loud, noise, strength, x.shape[-1]) + 1.01 * QUIET)
        return f + PENALTY * outside(x) + f_opt

    return formula


for _row in FUNCTIONS:
    for _offset, _kind in enumerate(QUESTIONS):
        register(_row, _row.first + _offset, _kind)
