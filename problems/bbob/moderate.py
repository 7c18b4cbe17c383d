"""BBOB's functions with low or moderate conditioning, f6 to f9, in the notation of Hansen, Finck, Ros & Auger 2009.

Every shape takes x (*points, dim) and has the minimum 0 at x_opt; `build` adds f_opt and the penalty. R is the
rotation drawn from the seed + 1,000,000, Q the one from the seed itself.
"""

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, problem

from .. import landscapes
from ..instances import transform
from . import generator
from .instance import SOURCE, build, seed_of
from .transforms import conditioning, oscillate


@problem(family="bbob", name="bbob-f06", version=2, source=SOURCE)
def f06(dim: int = 10, instance: int = 1) -> Objective:
    """Attractive sector: T_osz(sum of (s[i] z[i])^2)^0.9 with z = R Lambda^10 Q (x - x_opt), plus f_opt.

    s[i] is 100 where z[i] and x_opt[i] have the same sign, else 1.
    """
    seed = seed_of(6, dim, instance)
    x_opt = generator.optimum(dim, seed)
    r, q = generator.rotations(dim, seed)
    constants = {"x_opt": x_opt, "mixing": (r * conditioning(dim, 10.0)) @ q}
    return build(6, instance, attractive_sector, x_opt, constants)


def attractive_sector(x: Array, x_opt: Array, mixing: Array) -> Array:
    """x (*points, dim) -> (*points); mixing is R Lambda^10 Q."""
    xp = array_namespace(x)
    z = transform(mixing, x - x_opt)
    total = (xp.where(z * x_opt > 0, 100 * z, z) ** 2).sum(-1)
    positive = xp.where(total == 0, 1.0, total)  # the slope of a power below 1 is infinite at 0
    return xp.where(total == 0, 0.0, oscillate(positive) ** 0.9)


@problem(family="bbob", name="bbob-f07", version=2, source=SOURCE)
def f07(dim: int = 10, instance: int = 1) -> Objective:
    """Step ellipsoid: 0.1 max(|y[0]| / 10^4, sum of 10^(2 i / (dim - 1)) z[i]^2), plus f_pen + f_opt.

    y = Lambda^10 Q (x - x_opt); z = R y~, where y~ is y rounded to whole numbers, or to tenths where |y[i]| <= 0.5.
    """
    seed = seed_of(7, dim, instance)
    x_opt = generator.optimum(dim, seed)
    r, q = generator.rotations(dim, seed)
    constants = {
        "x_opt": x_opt,
        "first": conditioning(dim, 10.0)[:, None] * q,
        "second": r,
        "weights": conditioning(dim, 100.0) ** 2,
    }
    return build(7, instance, step_ellipsoid, x_opt, constants, penalty=1.0)


def step_ellipsoid(x: Array, x_opt: Array, first: Array, second: Array, weights: Array) -> Array:
    """x (*points, dim) -> (*points); first is Lambda^10 Q, second is R."""
    xp = array_namespace(x)
    y = transform(first, x - x_opt)
    steps = xp.where(xp.abs(y) > 0.5, xp.floor(y + 0.5), xp.floor(10 * y + 0.5) / 10)
    z = transform(second, steps)
    return 0.1 * xp.maximum(xp.abs(y[..., 0]) / 1e4, (weights * z**2).sum(-1))


@problem(family="bbob", name="bbob-f08", version=2, source=SOURCE)
def f08(dim: int = 10, instance: int = 1) -> Objective:
    """Rosenbrock, original: of z = x - x_opt + 1, plus f_opt, with x_opt in [-3, 3]^dim.

    The definition's factor max(1, sqrt(dim) / 8) before x is 1 in all of BBOB's dimensions.
    """
    x_opt = 0.75 * generator.optimum(dim, seed_of(8, dim, instance))
    return build(8, instance, rosenbrock, x_opt, {"x_opt": x_opt}, gradient=rosenbrock_gradient)


def rosenbrock(x: Array, x_opt: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return landscapes.rosenbrock(x - x_opt + 1)


def rosenbrock_gradient(x: Array, x_opt: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    return landscapes.rosenbrock_gradient(x - x_opt + 1)


@problem(family="bbob", name="bbob-f09", version=2, source=SOURCE)
def f09(dim: int = 10, instance: int = 1) -> Objective:
    """Rosenbrock, rotated: of z = Q x + 1/2, plus f_opt, with the optimum where z = 1.

    The definition's factor max(1, sqrt(dim) / 8) before Q is 1 in all of BBOB's dimensions.
    """
    rotation = generator.rotation(dim, seed_of(9, dim, instance))
    x_opt = rotation.T @ np.full(dim, 0.5)
    return build(9, instance, rotated_rosenbrock, x_opt, {"rotation": rotation}, gradient=rotated_rosenbrock_gradient)


def rotated_rosenbrock(x: Array, rotation: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return landscapes.rosenbrock(transform(rotation, x) + 0.5)


def rotated_rosenbrock_gradient(x: Array, rotation: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    return transform(rotation.mT, landscapes.rosenbrock_gradient(transform(rotation, x) + 0.5))
