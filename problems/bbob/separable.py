"""BBOB's separable functions, f1 to f5, in the notation of Hansen, Finck, Ros & Auger 2009.

Every shape takes x (*points, dim) and has the minimum 0 at x_opt; `build` adds f_opt and the penalty.
"""

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, problem

from .. import landscapes
from . import generator
from .instance import SOURCE, build, seed_of
from .transforms import asymmetric, conditioning, oscillate, oscillate_slope


@problem(family="bbob", name="bbob-f01", version=2, source=SOURCE)
def f01(dim: int = 10, instance: int = 1) -> Objective:
    """Sphere: |x - x_opt|^2, plus f_opt."""
    x_opt = generator.optimum(dim, seed_of(1, dim, instance))
    return build(1, instance, sphere, x_opt, {"x_opt": x_opt}, gradient=sphere_gradient)


def sphere(x: Array, x_opt: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return ((x - x_opt) ** 2).sum(-1)


def sphere_gradient(x: Array, x_opt: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    return 2 * (x - x_opt)


@problem(family="bbob", name="bbob-f02", version=2, source=SOURCE)
def f02(dim: int = 10, instance: int = 1) -> Objective:
    """Ellipsoid, separable: sum of 10^(6 i / (dim - 1)) z[i]^2 with z = T_osz(x - x_opt), plus f_opt."""
    x_opt = generator.optimum(dim, seed_of(2, dim, instance))
    constants = {"x_opt": x_opt, "weights": conditioning(dim, 1e6) ** 2}
    return build(2, instance, separable_ellipsoid, x_opt, constants, gradient=separable_ellipsoid_gradient)


def separable_ellipsoid(x: Array, x_opt: Array, weights: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return (weights * oscillate(x - x_opt) ** 2).sum(-1)


def separable_ellipsoid_gradient(x: Array, x_opt: Array, weights: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    y = x - x_opt
    return 2 * weights * oscillate(y) * oscillate_slope(y)


@problem(family="bbob", name="bbob-f03", version=2, source=SOURCE)
def f03(dim: int = 10, instance: int = 1) -> Objective:
    """Rastrigin, separable: of z = Lambda^10 T_asy^0.2(T_osz(x - x_opt)), plus f_opt."""
    x_opt = generator.optimum(dim, seed_of(3, dim, instance))
    return build(3, instance, separable_rastrigin, x_opt, {"x_opt": x_opt, "scales": conditioning(dim, 10.0)})


def separable_rastrigin(x: Array, x_opt: Array, scales: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return landscapes.rastrigin(scales * asymmetric(oscillate(x - x_opt), 0.2))


@problem(family="bbob", name="bbob-f04", version=2, source=SOURCE)
def f04(dim: int = 10, instance: int = 1) -> Objective:
    """Büche-Rastrigin: of z = Lambda^10 s T_osz(x - x_opt), plus 100 f_pen + f_opt.

    The skew s is 10 for positive coordinates of even index (counted from 0), where x_opt is positive too, else 1.
    """
    x_opt = generator.optimum(dim, seed_of(4, dim, instance))
    x_opt[::2] = np.abs(x_opt[::2])
    constants = {
        "x_opt": x_opt,
        "scales": conditioning(dim, 10.0),
        "skew": np.where(np.arange(dim) % 2 == 0, 10.0, 1.0),
    }
    return build(4, instance, bueche_rastrigin, x_opt, constants, penalty=100.0)


def bueche_rastrigin(x: Array, x_opt: Array, scales: Array, skew: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    z = oscillate(x - x_opt)
    return landscapes.rastrigin(scales * array_namespace(x).where(z > 0, skew * z, z))


@problem(family="bbob", name="bbob-f05", version=2, source=SOURCE)
def f05(dim: int = 10, instance: int = 1) -> Objective:
    """Linear slope: sum of s[i] (x_opt[i] - x[i]), plus f_opt, flat beyond x_opt, a corner of the box.

    s[i] = sign(x_opt[i]) 10^(i / (dim - 1)).
    """
    x_opt = 5 * np.sign(generator.optimum(dim, seed_of(5, dim, instance)))
    constants = {"x_opt": x_opt, "slope": np.sign(x_opt) * conditioning(dim, 100.0)}
    return build(5, instance, linear_slope, x_opt, constants, gradient=linear_slope_gradient)


def linear_slope(x: Array, x_opt: Array, slope: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    z = array_namespace(x).where(x * x_opt >= 25, x_opt, x)
    return (slope * (x_opt - z)).sum(-1)


def linear_slope_gradient(x: Array, x_opt: Array, slope: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    return array_namespace(x).where(x * x_opt >= 25, 0.0, -slope)
