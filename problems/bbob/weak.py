"""BBOB's multimodal functions of weak global structure, f20 to f24, in the notation of Hansen, Finck, Ros & Auger 2009.

Every shape takes x (*points, dim) and has the minimum 0 at x_opt; `build` adds f_opt and the penalty. R is the
rotation drawn from the seed + 1,000,000, Q the one from the seed itself.
"""

from math import pi, sqrt

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, problem

from ..instances import transform
from . import generator
from .instance import SOURCE, build, seed_of
from .transforms import conditioning, oscillate, outside, root

SCHWEFEL_OPTIMUM = 4.2096874637  # a hundredth of where x sin(sqrt(x)) is greatest in [-500, 500] ...
SCHWEFEL_HEIGHT = 4.189828872724339  # ... and of what it is there
HALVINGS = 32  # terms of Katsuura's sum
MU_0 = 2.5  # Lunacek's better funnel


@problem(family="bbob", name="bbob-f20", version=2, source=SOURCE)
def f20(dim: int = 10, instance: int = 1) -> Objective:
    """Schwefel: 4.1898 - mean of z[i] sin(sqrt|z[i]|) / 100, plus 100 f_pen(z / 100) + f_opt.

    z = 100 (Lambda^10 (y - 2 |x_opt|) + 2 |x_opt|), where y is x with the signs of x_opt, doubled, and every
    y[i+1] has a quarter of what y[i] is off its optimum added. |x_opt[i]| = 2.1048 for all i.
    """
    signs = np.where(generator.uniform(dim, seed_of(20, dim, instance))[0] < 0.5, -1.0, 1.0)
    x_opt = SCHWEFEL_OPTIMUM / 2 * signs
    return build(20, instance, schwefel, x_opt, {"signs": signs, "scales": conditioning(dim, 10.0)})


def schwefel(x: Array, signs: Array, scales: Array) -> Array:
    """x (*points, dim) -> (*points), with the penalty, which is one of z and not of x."""
    xp = array_namespace(x)
    off = 2 * signs * x - SCHWEFEL_OPTIMUM
    off = xp.concat([off[..., :1], off[..., 1:] + 0.25 * off[..., :-1]], axis=-1)
    z = 100 * (scales * off + SCHWEFEL_OPTIMUM)
    return SCHWEFEL_HEIGHT - (z * xp.sin(root(xp.abs(z)))).mean(-1) / 100 + 100 * outside(z / 100)


@problem(family="bbob", name="bbob-f21", version=2, source=SOURCE)
def f21(dim: int = 10, instance: int = 1) -> Objective:
    """Gallagher's 101 Gaussian peaks: T_osz(10 - the highest of them at x)^2, plus f_pen + f_opt."""
    return _gallagher(21, dim, instance, peaks=101, reach=5.0, first_condition=sqrt(1000))


@problem(family="bbob", name="bbob-f22", version=2, source=SOURCE)
def f22(dim: int = 10, instance: int = 1) -> Objective:
    """Gallagher's 21 Gaussian peaks, of which the highest is ill-conditioned: as f21, plus f_pen + f_opt."""
    return _gallagher(22, dim, instance, peaks=21, reach=4.9, first_condition=1000.0)


def _gallagher(function: int, dim: int, instance: int, peaks: int, reach: float, first_condition: float) -> Objective:
    """The peaks of an instance: the first is the optimum; the others have heights from 1.1 to 9.1, a condition from 1
    to 1000 in random order, and all of them random axes (of the rotated coordinates) and centres."""
    seed = seed_of(function, dim, instance)
    order = np.argsort(generator.uniform(peaks - 1, seed)[0])
    conditions = np.concatenate([[first_condition], np.geomspace(1, 1000, peaks - 1)[order]])
    exponents = np.linspace(-0.5, 0.5, dim)
    axes = np.argsort(generator.uniform(dim, *(seed + 1000 * peak for peak in range(peaks))))
    places = reach * (2 * generator.uniform(peaks * dim, seed).reshape(peaks, dim) - 1)
    places[0] *= 0.8  # not too near the bounds
    rotation = generator.rotation(dim, seed)
    constants = {
        "rotation": rotation,
        "centres": transform(rotation, places),
        "scales": conditions[:, None] ** exponents[axes],
        "heights": np.concatenate([[10.0], np.linspace(1.1, 9.1, peaks - 1)])[:, None],
    }
    return build(function, instance, gallagher, places[0], constants, penalty=1.0)


def gallagher(x: Array, rotation: Array, centres: Array, scales: Array, heights: Array) -> Array:
    """T_osz(10 - max_k heights[k] exp(-1 / (2 dim) sum_i scales[k, i] (z[i] - centres[k, i])^2))^2 with z = Q x.

    x (*points, dim) -> (*points); centres and scales (peaks, dim), heights (peaks, 1). The highest peak is found by the
    expanded squares, two matrix products for all points, and then computed from the differences, without cancellation.
    Source: Gallagher & Yuan 2006, A general-purpose tunable landscape generator, IEEE Trans. Evol. Comput. 10:590-603.
    """
    xp = array_namespace(x)
    z = transform(rotation, x)
    squares = transform(scales, z**2) - 2 * transform(scales * centres, z) + (scales * centres**2).sum(-1)
    highest = xp.argmax(xp.log(heights[..., 0]) - squares / (2 * x.shape[-1]), axis=-1)
    height, scale, centre = (_of_peak(table, highest) for table in (heights, scales, centres))
    peak = height[..., 0] * xp.exp(-(scale * (z - centre) ** 2).sum(-1) / (2 * x.shape[-1]))
    return oscillate(10 - peak) ** 2


def _of_peak(table: Array, index: Array) -> Array:
    """Rows of a table: (peaks, n) and (*points) -> (*points, n), or (R, 1, peaks, n) and (R, points)."""
    if table.ndim == 2:
        return table[index]
    return array_namespace(table).take_along_axis(table[:, 0], index[..., None], axis=1)


@problem(family="bbob", name="bbob-f23", version=2, source=SOURCE)
def f23(dim: int = 10, instance: int = 1) -> Objective:
    """Katsuura: 10 / dim^2 (prod_i (1 + i sum_j |2^j z[i] - round(2^j z[i])| / 2^j)^(10 / dim^1.2) - 1).

    z = R Lambda^100 Q (x - x_opt), i = 1 ... dim, j = 1 ... 32; plus f_pen + f_opt. Continuous; but the slope changes
    its sign on a scale of 1e-10 and says nothing of the function on any other: values are all that is answered.
    """
    seed = seed_of(23, dim, instance)
    x_opt = generator.optimum(dim, seed)
    r, q = generator.rotations(dim, seed)
    constants = {"x_opt": x_opt, "mixing": (r * conditioning(dim, 100.0)) @ q}
    return build(23, instance, katsuura, x_opt, constants, penalty=1.0, order=0)


def katsuura(x: Array, x_opt: Array, mixing: Array) -> Array:
    """x (*points, dim) -> (*points); mixing is R Lambda^100 Q."""
    xp, dim = array_namespace(x), x.shape[-1]
    z = transform(mixing, x - x_opt)
    i = xp.arange(1, dim + 1, dtype=x.dtype, device=x.device)
    rough = xp.zeros_like(z)
    for j in range(1, HALVINGS + 1):
        rough = rough + xp.abs(2**j * z - xp.round(2**j * z)) / 2**j
    return 10 / dim**2 * (xp.prod(1 + i * rough, axis=-1) ** (10 / dim**1.2) - 1)


@problem(family="bbob", name="bbob-f24", version=2, source=SOURCE)
def f24(dim: int = 10, instance: int = 1) -> Objective:
    """Lunacek's bi-Rastrigin: two funnels, of which the worse is wider, plus 10^4 f_pen + f_opt."""
    seed = seed_of(24, dim, instance)
    signs = np.where(generator.normal(dim, seed)[0] < 0, -1.0, 1.0)
    r, q = generator.rotations(dim, seed)
    constants = {"signs": signs, "mixing": (r * conditioning(dim, 100.0)) @ q}
    return build(24, instance, lunacek, MU_0 / 2 * signs, constants, penalty=1e4)


def lunacek(x: Array, signs: Array, mixing: Array) -> Array:
    """min(|y - mu_0|^2, d dim + s |y - mu_1|^2) + 10 sum of (1 - cos(2 pi z[i])), z = R Lambda^100 Q (y - mu_0).

    y is x with the signs of x_opt, doubled; x (*points, dim) -> (*points). Source: Lunacek, Whitley & Sutton 2008,
    doi:10.1007/978-3-540-87700-4_50.
    """
    xp, dim = array_namespace(x), x.shape[-1]
    d, s = 1, 1 - 1 / (2 * sqrt(dim + 20) - 8.2)
    mu_1 = -sqrt((MU_0**2 - d) / s)
    y = 2 * signs * x
    funnels = xp.minimum(((y - MU_0) ** 2).sum(-1), d * dim + s * ((y - mu_1) ** 2).sum(-1))
    return funnels + 10 * (1 - xp.cos(2 * pi * transform(mixing, y - MU_0))).sum(-1)
