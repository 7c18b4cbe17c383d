"""Toys: functions with one difficulty each, that a reader can picture."""

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Domain, Objective, problem
from problems import landscapes
from problems.instances import random_shift


@problem(family="toys", source="Rosenbrock 1960, doi:10.1093/comjnl/3.3.175")
def rosenbrock(dim: int = 2, instance: int = 1) -> Objective:
    """A curved valley with a flat floor, in two dimensions at least. Minimum 0 at (1, ..., 1) + shift.

    Starts are uniform within 1 of the textbook's, (-1.2, 1, -1.2, 1, ...) + shift, in each coordinate. Instance 1 has
    no shift.
    """
    if dim < 2:
        raise ValueError(f"dim must be >= 2, got {dim}")
    shift = _shift(dim, instance)
    textbook = shift + np.where(np.arange(dim) % 2 == 0, -1.2, 1.0)
    return Objective(
        formula=shifted_rosenbrock,
        gradient=shifted_rosenbrock_gradient,
        constants={"shift": shift},
        dim=dim,
        domain=Domain(-5.0, 10.0),
        start=lambda rng: textbook + rng.uniform(-1.0, 1.0, dim),
        f_opt=0.0,
        x_opt=shift + 1.0,
    )


@problem(family="toys", source="Mühlenbein, Schomisch & Born 1991, doi:10.1016/S0167-8191(05)80052-3")
def rastrigin(dim: int = 2, instance: int = 1) -> Objective:
    """A bowl full of dents: a local minimum near every point of whole numbers. Minimum 0 at the instance's shift."""
    if dim < 1:
        raise ValueError(f"dim must be >= 1, got {dim}")
    shift = _shift(dim, instance)
    return Objective(
        formula=shifted_rastrigin,
        gradient=shifted_rastrigin_gradient,
        constants={"shift": shift},
        dim=dim,
        domain=Domain(-5.12, 5.12, scale=2.0),
        f_opt=0.0,
        x_opt=shift,
    )


def _shift(dim: int, instance: int) -> np.ndarray:
    """No shift for instance 1, the textbook's function; for the others a random one of at most 2 a coordinate."""
    return np.zeros(dim) if instance == 1 else random_shift(np.random.default_rng(instance), dim, reach=2.0)


def shifted_rosenbrock(x: Array, shift: Array) -> Array:
    """Rosenbrock's function of x - shift."""
    return landscapes.rosenbrock(x - shift)


def shifted_rosenbrock_gradient(x: Array, shift: Array) -> Array:
    """The gradient of `shifted_rosenbrock`."""
    return landscapes.rosenbrock_gradient(x - shift)


def shifted_rastrigin(x: Array, shift: Array) -> Array:
    """Rastrigin's function of x - shift."""
    return landscapes.rastrigin(x - shift)


def shifted_rastrigin_gradient(x: Array, shift: Array) -> Array:
    """The gradient of `shifted_rastrigin`."""
    return landscapes.rastrigin_gradient(x - shift)


@problem(
    family="toys", source="a needle in a haystack, as Hinton & Nowlan 1987, Complex Systems 1:495-502; terraces ours"
)
def golf_course(
    dim: int = 2, radius: float = 0.25, terraces: int = 4, width: float = 0.25, instance: int = 1
) -> Objective:
    """A flat green of height 1, a hole of height 0, and around the hole some terraces that lead down to it.

    With r = |x - hole|: f = 0 where r <= radius; k / (terraces + 1) on terrace k = 1 ... terraces, where r is above
    radius + (k - 1) width and at most radius + k width; 1 beyond. The gradient is zero wherever there is one.
    Every instance draws its hole in [-4, 4]^dim: in the middle of the box it would be found by methods that look there.
    """
    for name, value, low in (("dim", dim, 1), ("terraces", terraces, 0)):
        if value < low:
            raise ValueError(f"{name} must be >= {low}, got {value}")
    for name, length in (("radius", radius), ("width", width)):
        if not 0 < length < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {length}")
    hole = random_shift(np.random.default_rng(instance), dim, reach=4.0)
    return Objective(
        formula=course,
        gradient=course_gradient,
        constants={"hole": hole, "rims": radius + width * np.arange(terraces + 1)},
        dim=dim,
        domain=Domain(-5.0, 5.0, scale=2.0),
        f_opt=0.0,
        x_opt=hole,
    )


def course(x: Array, hole: Array, rims: Array) -> Array:
    """The share of the rims (terraces + 1,) that x has not passed on its way in: x (*points, dim) -> (*points)."""
    xp = array_namespace(x)
    passed = ((x - hole) ** 2).sum(-1)[..., None] <= rims**2
    return xp.astype(~passed, x.dtype).mean(-1)


def course_gradient(x: Array, hole: Array, rims: Array) -> Array:
    """Zero: x (*points, dim) -> (*points, dim)."""
    return array_namespace(x).zeros_like(x)
