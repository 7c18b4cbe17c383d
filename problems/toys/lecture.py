"""The lecture's pictures: one difficulty of optimization each, as bare as it can be."""

from math import acos, cos, sqrt

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Domain, Objective, problem

from ..instances import random_shift
from .toy import placed, positive, toy


@problem(
    family="toys", source="the ravines of Gelfand & Tsetlin 1961, Dokl. Akad. Nauk SSSR 137, 295-298; formula ours"
)
def ravine(dim: int = 2, steepness: float = 100.0, instance: int = 1) -> Objective:
    """A long narrow valley along the diagonal, whose floor falls with a slope of almost 1. Minimum 0 at 0.

    sqrt(1 + along^2) - 1 + steepness / 2 across^2, where `along` is the coordinate on the diagonal and `across` the
    distance from it. Steps that the bounds allow are too short for the floor.
    """
    if dim < 2:
        raise ValueError(f"dim must be >= 2, got {dim}")
    positive(steepness=steepness)
    constants = {"steepness": steepness}
    return placed(gorge, dim=dim, instance=instance, box=(-5.0, 5.0), x_opt=0.0, constants=constants)


def gorge(x: Array, shift: Array, steepness: Array) -> Array:
    """The ravine: x (*points, dim) -> (*points)."""
    z = x - shift
    middle = z.mean(-1)
    across = ((z - middle[..., None]) ** 2).sum(-1)
    return array_namespace(x).sqrt(1 + z.shape[-1] * middle**2) - 1 + 0.5 * steepness * across


@problem(family="toys", source="the quartic of Duffing 1918, Erzwungene Schwingungen bei veränderlicher Eigenfrequenz")
def double_well(tilt: float = 0.3, instance: int = 1) -> Objective:
    """(z^2 - 1)^2 + tilt z, one-dimensional: two wells with a hill between them, the left one deeper.

    Starts are in the right one, within 0.3 of z = 1. tilt: at least 0, and below 8 / sqrt(27), where that well ends.
    """
    return wells(1, tilt, instance)


@problem(family="toys", source="the bottle of Goldstone 1961, doi:10.1007/BF02812722; with the tilt of a double well")
def double_well_around(tilt: float = 0.3, instance: int = 1) -> Objective:
    """(|z|^2 - 1)^2 + tilt z_1: on the line z_2 = 0 it is `double-well`; a second parameter leads around the hill.

    The right well is a saddle here: beside the line a ring-shaped valley descends to the left one, the only minimum.
    """
    return wells(2, tilt, instance)


def wells(dim: int, tilt: float, instance: int) -> Objective:
    """`bottle` in dim dimensions; its least z_1 is the least root of z^3 - z + tilt / 4."""
    if not 0 <= tilt < 8 / sqrt(27):
        raise ValueError(f"tilt must be >= 0 and below 8 / sqrt(27) = {8 / sqrt(27):.4f}, got {tilt}")
    deepest = -2 / sqrt(3) * cos(acos(sqrt(27) * tilt / 8) / 3)
    right = np.eye(dim)[0]
    return placed(
        bottle,
        dim=dim,
        instance=instance,
        box=(-2.0, 2.0),
        x_opt=deepest * right,
        f_opt=(deepest**2 - 1) ** 2 + tilt * deepest,
        constants={"tilt": tilt},
        start=lambda rng: right + rng.uniform(-0.3, 0.3, dim),
        reach=0.5,
    )


def bottle(x: Array, shift: Array, tilt: Array) -> Array:
    """(|z|^2 - 1)^2 + tilt z_1 of z = x - shift: x (*points, dim) -> (*points)."""
    z = x - shift
    return ((z**2).sum(-1) - 1) ** 2 + tilt * z[..., 0]


@problem(family="toys", source="Dauphin et al. 2014, arXiv:1406.2572, on saddles; formula ours")
def saddle(dim: int = 2, down: int = 1, instance: int = 1) -> Objective:
    """A saddle at 0 that is bounded below: sum of z_i^2 / 2 over the coordinates that lead up, plus the sum of
    (z_i^2 - 1)^2 / 4 over those that lead down. Minimum 0 where the latter are +-1 and the former 0.

    down: how many coordinates, the last ones, lead down. Curvatures at the saddle are 1 and -1. Starts are between 0.5
    and 1.5 on the coordinates that lead up, and about 0.01 from 0 on the others: the gradient points to the saddle.
    """
    for name, value, most in (("dim", dim, np.inf), ("down", down, dim)):
        if not 1 <= value <= most:
            raise ValueError(f"{name} must be >= 1 and <= {most}, got {value}")
    bends = np.where(np.arange(dim) >= dim - down, 1.0, 0.0)
    return placed(
        pass_over,
        dim=dim,
        instance=instance,
        box=(-2.0, 2.0),
        x_opt=bends,
        constants={"bends": bends},
        start=lambda rng: np.where(bends == 1, 0.01 * rng.standard_normal(dim), rng.uniform(0.5, 1.5, dim)),
        reach=0.5,
    )


def pass_over(x: Array, shift: Array, bends: Array) -> Array:
    """The saddle: x (*points, dim), bends (dim,), 1 for a coordinate that leads down and 0 for one that leads up."""
    z = x - shift
    return ((1 - bends) * z**2 / 2 + bends * (z**2 - 1) ** 2 / 4).sum(-1)


@toy(
    source="the monkey saddle of Hilbert & Cohn-Vossen 1932, Anschauliche Geometrie; bounds ours",
    box=(-2.0, 2.0),
    x_opt=(-1.0, 0.0),
    f_opt=-0.25,
    start=lambda rng, dim: rng.uniform(-0.1, 0.1, dim),
    reach=0.5,
)
def monkey_saddle(z: Array) -> Array:
    """a^3 - 3 a b^2 + 3/4 |z|^4: at 0 gradient and Hessian vanish, three ways lead up and three down.

    Three minima, all of them -1/4, at distance 1, one at (-1, 0). Starts are within 0.1 of the saddle.
    """
    a, b = z[..., 0], z[..., 1]
    return a**3 - 3 * a * b**2 + 0.75 * (a**2 + b**2) ** 2


@toy(
    source="Nesterov's; Gürbüzbalaban & Overton 2012, doi:10.1016/j.na.2011.07.062, eq. 2",
    box=(-2.0, 2.0),
    x_opt=1.0,
    least=2,
    reach=0.5,
)
def kinked_valley(z: Array) -> Array:
    """(z_1 - 1)^2 / 4 + sum of |z_{i+1} - 2 z_i^2 + 1|: a curved valley with a kinked floor. Minimum 0 at (1, ..., 1).

    On the floor, where there is no gradient, the answer is a subgradient: the sum's terms that are 0 count as flat.
    """
    kinks = array_namespace(z).abs(z[..., 1:] - 2 * z[..., :-1] ** 2 + 1)
    return (z[..., 0] - 1) ** 2 / 4 + kinks.sum(-1)


@problem(family="toys", source="Fukumizu & Amari 2000, doi:10.1016/S0893-6080(00)00009-5, on plateaus; formula ours")
def plateau(dim: int = 2, width: float = 1.0, instance: int = 1) -> Objective:
    """1 - exp(-|z|^2 / (2 width^2)): a hole in a plain whose slope dies out with the distance. Minimum 0 at 0."""
    if dim < 1:
        raise ValueError(f"dim must be >= 1, got {dim}")
    positive(width=width)
    return placed(hole_in_plain, dim=dim, instance=instance, box=(-5.0, 5.0), x_opt=0.0, constants={"width": width})


def hole_in_plain(x: Array, shift: Array, width: Array) -> Array:
    """The plateau: x (*points, dim) -> (*points)."""
    return 1 - array_namespace(x).exp(-((x - shift) ** 2).sum(-1) / (2 * width**2))


@problem(family="toys", source="De Jong 1975, PhD thesis, F3; Yao, Liu & Lin 1999, doi:10.1109/4235.771163, f6")
def staircase(dim: int = 2, tread: float = 1.0, instance: int = 1) -> Objective:
    """Sum of floor(z_i / tread + 1/2)^2: a bowl of steps. Minimum 0 where all |z_i| < tread / 2.

    tread: the width of a step. The gradient is zero wherever there is one.
    """
    if dim < 1:
        raise ValueError(f"dim must be >= 1, got {dim}")
    positive(tread=tread)
    return placed(
        stairs,
        dim=dim,
        instance=instance,
        box=(-10.0, 10.0),
        x_opt=0.0,
        constants={"tread": np.full(1, tread)},
        gradient=no_slope,
    )


def stairs(x: Array, shift: Array, tread: Array) -> Array:
    """The staircase: x (*points, dim), tread (1,) -> (*points)."""
    return (array_namespace(x).floor((x - shift) / tread + 0.5) ** 2).sum(-1)


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
    positive(radius=radius, width=width)
    hole = random_shift(np.random.default_rng(instance), dim, reach=4.0)
    return Objective(
        formula=course,
        gradient=no_slope,
        constants={"hole": hole, "rims": radius + width * np.arange(terraces + 1)},
        dim=dim,
        domain=Domain(-5.0, 5.0, scale=2.0),
        f_opt=0.0,
        x_opt=hole,
    )


def course(x: Array, hole: Array, rims: Array) -> Array:
    """The fraction of the rims (terraces + 1,) that x has not passed on its way in: x (*points, dim) -> (*points)."""
    xp = array_namespace(x)
    passed = ((x - hole) ** 2).sum(-1)[..., None] <= rims**2
    return xp.astype(~passed, x.dtype).mean(-1)


def no_slope(x: Array, **_: Array) -> Array:
    """Zero: x (*points, dim) -> (*points, dim)."""
    return array_namespace(x).zeros_like(x)
