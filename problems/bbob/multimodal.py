"""BBOB's multimodal functions with a global structure, f15 to f19, in the notation of Hansen, Finck, Ros & Auger 2009.

Every shape takes x (*points, dim) and has the minimum 0 at x_opt; `build` adds f_opt and the penalty. R is the
rotation drawn from the seed + 1,000,000, Q the one from the seed itself.
"""

from math import pi

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, problem

from .. import landscapes
from ..instances import transform
from . import generator
from .instance import SOURCE, build, seed_of
from .transforms import asymmetric, conditioning, oscillate

TERMS = 12  # of Weierstrass' series


@problem(family="bbob", name="bbob-f15", version=2, source=SOURCE)
def f15(dim: int = 10, instance: int = 1) -> Objective:
    """Rastrigin, rotated: of z = R Lambda^10 Q T_asy^0.2(T_osz(R (x - x_opt))), plus f_opt."""
    seed = seed_of(15, dim, instance)
    x_opt = generator.optimum(dim, seed)
    r, q = generator.rotations(dim, seed)
    constants = {"x_opt": x_opt, "rotation": r, "mixing": (r * conditioning(dim, 10.0)) @ q}
    return build(15, instance, rastrigin, x_opt, constants)


def rastrigin(x: Array, x_opt: Array, rotation: Array, mixing: Array) -> Array:
    """x (*points, dim) -> (*points); rotation is R, mixing R Lambda^10 Q."""
    return landscapes.rastrigin(transform(mixing, asymmetric(oscillate(transform(rotation, x - x_opt)), 0.2)))


@problem(family="bbob", name="bbob-f16", version=2, source=SOURCE)
def f16(dim: int = 10, instance: int = 1) -> Objective:
    """Weierstrass: 10 (mean of sum_k (1 - cos(2 pi 3^k z[i])) / 2^k)^3, plus 10 / dim f_pen + f_opt.

    z = R Lambda^(1/100) Q T_osz(R (x - x_opt)), k = 0 ... 11: rugged on a scale of 1e-6, and of no unique optimum.
    """
    seed = seed_of(16, dim, instance)
    x_opt = generator.optimum(dim, seed)
    r, q = generator.rotations(dim, seed)
    constants = {"x_opt": x_opt, "rotation": r, "mixing": (r * conditioning(dim, 1 / 100)) @ q}
    return build(16, instance, weierstrass, x_opt, constants, penalty=10 / dim)


def weierstrass(x: Array, x_opt: Array, rotation: Array, mixing: Array) -> Array:
    """x (*points, dim) -> (*points); rotation is R, mixing R Lambda^(1/100) Q.

    The definition's cos(2 pi 3^k (z + 1/2)) is -cos(2 pi 3^k z), and its f_0 the value at z = 0.
    """
    xp = array_namespace(x)
    z = transform(mixing, oscillate(transform(rotation, x - x_opt)))
    waves = xp.zeros_like(z)
    for k in range(TERMS):
        waves = waves + (1 - xp.cos(2 * pi * 3**k * z)) / 2**k
    return 10 * waves.mean(-1) ** 3


@problem(family="bbob", name="bbob-f17", version=2, source=SOURCE)
def f17(dim: int = 10, instance: int = 1) -> Objective:
    """Schaffer's F7: of z = Lambda^10 Q T_asy^0.5(R (x - x_opt)), plus 10 f_pen + f_opt."""
    return _schaffer(17, dim, instance, alpha=10.0)


@problem(family="bbob", name="bbob-f18", version=2, source=SOURCE)
def f18(dim: int = 10, instance: int = 1) -> Objective:
    """Schaffer's F7, ill-conditioned: f17 with Lambda^1000, and of f17's random numbers."""
    return _schaffer(18, dim, instance, alpha=1000.0)


def _schaffer(function: int, dim: int, instance: int, alpha: float) -> Objective:
    seed = seed_of(function, dim, instance)
    x_opt = generator.optimum(dim, seed)
    r, q = generator.rotations(dim, seed)
    constants = {"x_opt": x_opt, "rotation": r, "second": conditioning(dim, alpha)[:, None] * q}
    return build(function, instance, schaffer, x_opt, constants, penalty=10.0)


def schaffer(x: Array, x_opt: Array, rotation: Array, second: Array) -> Array:
    """Squared mean of sqrt(s) (1 + sin(50 s^0.2)^2), where s is the length of two neighbouring coordinates.

    x (*points, dim) -> (*points); rotation is R, second Lambda^alpha Q. Source of F7: Schaffer, Caruana, Eshelman &
    Das 1989, A study of control parameters affecting online performance of genetic algorithms, ICGA 3.
    """
    xp = array_namespace(x)
    z = transform(second, asymmetric(transform(rotation, x - x_opt), 0.5))
    s_squared = z[..., :-1] ** 2 + z[..., 1:] ** 2
    positive = xp.where(s_squared == 0, 1.0, s_squared)  # the slopes of both powers are infinite at 0
    ripples = positive**0.25 * (1 + xp.sin(50 * positive**0.1) ** 2)
    return xp.where(s_squared == 0, 0.0, ripples).mean(-1) ** 2


@problem(family="bbob", name="bbob-f19", version=2, source=SOURCE)
def f19(dim: int = 10, instance: int = 1) -> Objective:
    """Griewank-Rosenbrock F8F2: 10 (1 + mean of s[i] / 4000 - cos(s[i])), plus f_opt, with the optimum where z = 1.

    s[i] = 100 (z[i]^2 - z[i+1])^2 + (z[i] - 1)^2, and z = Q x + 1/2. The definition's factor max(1, sqrt(dim) / 8)
    before Q is 1 in all of BBOB's dimensions.
    """
    rotation = generator.rotation(dim, seed_of(19, dim, instance))
    x_opt = rotation.T @ np.full(dim, 0.5)
    return build(19, instance, griewank_rosenbrock, x_opt, {"rotation": rotation, "height": 10.0})


def griewank_rosenbrock(x: Array, rotation: Array, height: float) -> Array:
    """x (*points, dim) -> (*points)."""
    z = transform(rotation, x) + 0.5
    a, b = z[..., :-1], z[..., 1:]
    s = 100 * (a**2 - b) ** 2 + (a - 1) ** 2
    return height * (1 + (s / 4000 - array_namespace(x).cos(s)).mean(-1))
