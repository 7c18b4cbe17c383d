"""BBOB's unimodal functions with high conditioning, f10 to f14, in the notation of Hansen, Finck, Ros & Auger 2009.

Every shape takes x (*points, dim) and has the minimum 0 at x_opt; `build` adds f_opt. R is the rotation drawn from the
seed + 1,000,000, Q the one from the seed itself.
"""

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, problem

from ..instances import transform
from . import generator
from .generator import SECOND
from .instance import SOURCE, build, seed_of
from .transforms import asymmetric, conditioning, oscillate, oscillate_slope, root


@problem(family="bbob", name="bbob-f10", version=2, source=SOURCE)
def f10(dim: int = 10, instance: int = 1) -> Objective:
    """Ellipsoid, rotated: sum of 10^(6 i / (dim - 1)) z[i]^2 with z = T_osz(R (x - x_opt)), plus f_opt."""
    seed = seed_of(10, dim, instance)
    x_opt = generator.optimum(dim, seed)
    constants = {
        "x_opt": x_opt,
        "rotation": generator.rotation(dim, seed + SECOND),
        "weights": conditioning(dim, 1e6) ** 2,
    }
    return build(10, instance, ellipsoid, x_opt, constants, gradient=ellipsoid_gradient)


@problem(family="bbob", name="bbob-f11", version=2, source=SOURCE)
def f11(dim: int = 10, instance: int = 1) -> Objective:
    """Discus: 10^6 z[0]^2 + the sum of all other z[i]^2 with z = T_osz(R (x - x_opt)), plus f_opt."""
    seed = seed_of(11, dim, instance)
    x_opt = generator.optimum(dim, seed)
    constants = {
        "x_opt": x_opt,
        "rotation": generator.rotation(dim, seed + SECOND),
        "weights": np.where(np.arange(dim) == 0, 1e6, 1.0),
    }
    return build(11, instance, ellipsoid, x_opt, constants, gradient=ellipsoid_gradient)


def ellipsoid(x: Array, x_opt: Array, rotation: Array, weights: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return (weights * oscillate(transform(rotation, x - x_opt)) ** 2).sum(-1)


def ellipsoid_gradient(x: Array, x_opt: Array, rotation: Array, weights: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    y = transform(rotation, x - x_opt)
    return transform(rotation.mT, 2 * weights * oscillate(y) * oscillate_slope(y))


@problem(family="bbob", name="bbob-f12", version=2, source=SOURCE)
def f12(dim: int = 10, instance: int = 1) -> Objective:
    """Bent cigar: z[0]^2 + 10^6 times the sum of all other z[i]^2 with z = R T_asy^0.5(R (x - x_opt)), plus f_opt.

    x_opt is drawn from the seed of R, not from that of the other functions' optima.
    """
    seed = seed_of(12, dim, instance) + SECOND
    x_opt = generator.optimum(dim, seed)
    return build(12, instance, bent_cigar, x_opt, {"x_opt": x_opt, "rotation": generator.rotation(dim, seed)})


def bent_cigar(x: Array, x_opt: Array, rotation: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    z = transform(rotation, asymmetric(transform(rotation, x - x_opt), 0.5))
    return z[..., 0] ** 2 + 1e6 * (z[..., 1:] ** 2).sum(-1)


@problem(family="bbob", name="bbob-f13", version=2, source=SOURCE)
def f13(dim: int = 10, instance: int = 1) -> Objective:
    """Sharp ridge: z[0]^2 + 100 |z[1:]| with z = R Lambda^10 Q (x - x_opt), plus f_opt."""
    seed = seed_of(13, dim, instance)
    x_opt = generator.optimum(dim, seed)
    r, q = generator.rotations(dim, seed)
    return build(13, instance, sharp_ridge, x_opt, {"x_opt": x_opt, "mixing": (r * conditioning(dim, 10.0)) @ q})


def sharp_ridge(x: Array, x_opt: Array, mixing: Array) -> Array:
    """x (*points, dim) -> (*points); mixing is R Lambda^10 Q."""
    z = transform(mixing, x - x_opt)
    return z[..., 0] ** 2 + 100 * root((z[..., 1:] ** 2).sum(-1))


@problem(family="bbob", name="bbob-f14", version=2, source=SOURCE)
def f14(dim: int = 10, instance: int = 1) -> Objective:
    """Different powers: root of the sum of |z[i]|^(2 + 4 i / (dim - 1)) with z = R (x - x_opt), plus f_opt."""
    seed = seed_of(14, dim, instance)
    x_opt = generator.optimum(dim, seed)
    constants = {"x_opt": x_opt, "rotation": generator.rotation(dim, seed + SECOND), "powers": np.linspace(2, 6, dim)}
    return build(14, instance, different_powers, x_opt, constants, gradient=different_powers_gradient)


def different_powers(x: Array, x_opt: Array, rotation: Array, powers: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    z = transform(rotation, x - x_opt)
    return root((array_namespace(x).abs(z) ** powers).sum(-1))


def different_powers_gradient(x: Array, x_opt: Array, rotation: Array, powers: Array) -> Array:
    """x (*points, dim) -> (*points, dim); 0 at x_opt, where there is a kink."""
    xp = array_namespace(x)
    z = transform(rotation, x - x_opt)
    size = xp.abs(z)
    height = xp.sqrt((size**powers).sum(-1))[..., None]
    slope = powers * size ** (powers - 1) * xp.sign(z) / (2 * xp.where(height == 0, 1.0, height))
    return transform(rotation.mT, slope)
