"""Bowls: one minimum and no other, with sides that are steep, flat, skew or kinked."""

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array

from .toy import one_to_dim, toy

SCHWEFEL = "Schwefel 1981, Numerical Optimization of Computer Models, ISBN 978-0-471-09988-8, problem"
YAO = "Yao, Liu & Lin 1999, doi:10.1109/4235.771163"


def sphere_gradient(z: Array) -> Array:
    """2 z."""
    return 2 * z


@toy(
    source="De Jong 1975, An analysis of the behavior of a class of genetic adaptive systems, F1",
    box=(-5.12, 5.12),
    least=1,
    gradient=sphere_gradient,
)
def sphere(z: Array) -> Array:
    """Sum of z_i^2: the roundest bowl. `bbob-f01` is the same one, placed as in BBOB. Minimum 0 at 0."""
    return (z**2).sum(-1)


@toy(source=f"{SCHWEFEL} 1.2; {YAO}, f3", box=(-100.0, 100.0), least=1)
def schwefel_1_2(z: Array) -> Array:
    """Sum over i of (z_1 + ... + z_i)^2: a quadratic bowl, skew and ill-conditioned. Minimum 0 at 0."""
    return (array_namespace(z).cumulative_sum(z, axis=-1) ** 2).sum(-1)


@toy(source=f"{SCHWEFEL} 2.21; {YAO}, f4", box=(-100.0, 100.0), least=1)
def schwefel_2_21(z: Array) -> Array:
    """The largest |z_i|: kinked, and a gradient of one coordinate at a time. Minimum 0 at 0."""
    xp = array_namespace(z)
    both = xp.concat([z, -z], axis=-1)  # not |z|: torch's second derivative of that alone is a tensor without numbers
    return xp.max(both, axis=-1)


@toy(source=f"{SCHWEFEL} 2.22; {YAO}, f2", box=(-10.0, 10.0), least=1)
def schwefel_2_22(z: Array) -> Array:
    """The sum of |z_i| plus their product: kinked where a coordinate is 0. Minimum 0 at 0."""
    xp = array_namespace(z)
    return xp.abs(z).sum(-1) + xp.prod(xp.abs(z), axis=-1)


@toy(source="Molga & Smutnicki 2005, Test functions for optimization needs", box=(-1.0, 1.0), least=1)
def sum_of_different_powers(z: Array) -> Array:
    """Sum of |z_i|^(i + 1): flatter from coordinate to coordinate. Minimum 0 at 0."""
    return (array_namespace(z).abs(z) ** (one_to_dim(z) + 1)).sum(-1)


@toy(source="Rahnamayan, Tizhoosh & Salama 2007, doi:10.1016/j.camwa.2006.07.013", box=(-5.0, 10.0), least=1)
def zakharov(z: Array) -> Array:
    """|z|^2 + s^2 + s^4 with s = sum of i z_i / 2: a bowl crossed by a steep gorge. Minimum 0 at 0."""
    s = 0.5 * (one_to_dim(z) * z).sum(-1)
    return (z**2).sum(-1) + s**2 + s**4


def trid_minimum(dim: int) -> np.ndarray:
    """z_i = i (dim + 1 - i)."""
    i = np.arange(1.0, dim + 1)
    return i * (dim + 1 - i)


@toy(
    source="Neumaier; Ali, Khompatraporn & Zabinsky 2005, doi:10.1007/s10898-004-9972-2, Neumaier 3",
    box=lambda dim: (-float(dim**2), float(dim**2)),
    x_opt=trid_minimum,
    f_opt=lambda dim: -dim * (dim + 4) * (dim - 1) / 6,
    least=2,
)
def trid(z: Array) -> Array:
    """Sum of (z_i - 1)^2 less the sum of z_i z_{i-1}: a quadratic whose Hessian is tridiagonal.

    Minimum -dim (dim + 4)(dim - 1) / 6 at z_i = i (dim + 1 - i).
    """
    return ((z - 1) ** 2).sum(-1) - (z[..., 1:] * z[..., :-1]).sum(-1)


@toy(source="Rahnamayan, Tizhoosh & Salama 2007, doi:10.1016/j.asoc.2007.07.010", box=(-1.0, 1.0), f_opt=-1.0, least=1)
def exponential(z: Array) -> Array:
    """-exp(-|z|^2 / 2): a round hole in a plain. Minimum -1 at 0."""
    return -array_namespace(z).exp(-0.5 * (z**2).sum(-1))
