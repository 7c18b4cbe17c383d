"""Problems 20 to 35, in any dimension that they allow. Residuals take x (*points, dim) and give (*points, m).

All take `start` and `start_factor`, which `residuals.build` explains.
"""

from math import exp, sqrt

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective

from ..instances import transform
from .minima import minimum
from .residuals import Start, at_least, build, join, mgh, root

EQUAL_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 9)  # the numbers of nodes of Chebyshev's quadrature, Bernstein 1937


@mgh(name="mgh-watson")
def watson(dim: int = 6, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """20. A polynomial p of degree dim - 1 that solves p' = 1 + p^2, p(0) = 0 (Kowalik & Osborne 1968): p' - p^2 - 1 at
    1/29, 2/29 ... 1, and x1, x2 - x1^2 - 1. 2 <= dim <= 31.

    Minimum 2.28767e-3 for dim = 6, 1.39976e-6 for 9, 4.72238e-10 for 12.
    """
    if not 2 <= dim <= 31:
        raise ValueError(f"dim must be in 2 ... 31, got {dim}")
    power = np.arange(dim)
    values = (np.arange(1.0, 30.0) / 29)[:, None] ** power
    slopes = np.concatenate([np.zeros((29, 1)), power[1:] * values[:, :-1]], axis=1)
    return build(
        differential_equation,
        np.zeros(dim),
        start,
        start_factor,
        instance,
        constants={"values": values, "slopes": slopes},
        least=minimum("watson", dim),
    )


def differential_equation(x: Array, values: Array, slopes: Array) -> Array:
    x1, x2 = x[..., :1], x[..., 1:2]
    return join(transform(slopes, x) - transform(values, x) ** 2 - 1, x1, x2 - x1**2 - 1)


@mgh(name="mgh-extended-rosenbrock")
def extended_rosenbrock(
    dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """21. Problem 1 on each pair of coordinates (Spedicato 1975). dim is even. Minimum 0 at (1, ..., 1)."""
    if dim < 2 or dim % 2:
        raise ValueError(f"dim must be a positive multiple of 2, got {dim}")
    standard = np.tile([-1.2, 1.0], dim // 2)
    return build(valleys, standard, start, start_factor, instance, least=(0.0, np.ones(dim)))


def valleys(x: Array) -> Array:
    odd, even = x[..., 0::2], x[..., 1::2]
    return join(10 * (even - odd**2), 1 - odd)


@mgh(name="mgh-extended-powell-singular")
def extended_powell_singular(
    dim: int = 12, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """22. Problem 13 on each four coordinates (Spedicato 1975). dim is a multiple of 4. Minimum 0 at 0."""
    if dim < 4 or dim % 4:
        raise ValueError(f"dim must be a positive multiple of 4, got {dim}")
    standard = np.tile([3.0, -1.0, 0.0, 1.0], dim // 4)
    return build(singulars, standard, start, start_factor, instance, least=(0.0, np.zeros(dim)))


def singulars(x: Array) -> Array:
    x1, x2, x3, x4 = (x[..., k::4] for k in range(4))
    return join(x1 + 10 * x2, sqrt(5) * (x3 - x4), (x2 - 2 * x3) ** 2, sqrt(10) * (x1 - x4) ** 2)


@mgh(name="mgh-penalty-1")
def penalty_1(dim: int = 4, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """23. sqrt(10^-5) (x - 1) and |x|^2 - 1/4 (Gill, Murray & Pitfield 1972).

    Minimum 2.24997e-5 for dim = 4, 7.08765e-5 for 10. Where the gradient is 0 all coordinates are equal, to a root t of
    2 dim t^3 + (10^-5 - 1/2) t - 10^-5.
    """
    at_least("dim", dim, 1)
    roots = np.roots([2 * dim, 0, 1e-5 - 0.5, -1e-5])
    x_opt = np.full(dim, roots.real.max())  # of the real roots, the positive one
    return build(
        penalised_sphere,
        np.arange(1.0, dim + 1),
        start,
        start_factor,
        instance,
        least=(float((penalised_sphere(x_opt) ** 2).sum()), x_opt),
    )


def penalised_sphere(x: Array) -> Array:
    return join(sqrt(1e-5) * (x - 1), (x**2).sum(-1)[..., None] - 0.25)


@mgh(name="mgh-penalty-2")
def penalty_2(dim: int = 4, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """24. x1 - 1/5, sqrt(10^-5) times (e_i + e_(i-1) - y_i and e_i - exp(-1/10)), i = 2 ... dim, and the sum of
    (dim - j + 1) x_j^2, less 1 (Gill, Murray & Pitfield 1972), where e_i = exp(x_i / 10) and
    y_i = exp(i / 10) + exp((i - 1) / 10).

    Minimum 9.37629e-6 for dim = 4, 2.93660e-4 for 10.
    """
    at_least("dim", dim, 1)
    e = np.exp(np.arange(1.0, dim + 1) / 10)
    return build(
        penalised_ellipsoid,
        np.full(dim, 0.5),
        start,
        start_factor,
        instance,
        constants={"y": e[1:] + e[:-1], "weights": np.arange(float(dim), 0.0, -1.0)},
        least=minimum("penalty-2", dim),
    )


def penalised_ellipsoid(x: Array, y: Array, weights: Array) -> Array:
    e = array_namespace(x).exp(x / 10)
    return join(
        x[..., :1] - 0.2,
        sqrt(1e-5) * (e[..., 1:] + e[..., :-1] - y),
        sqrt(1e-5) * (e[..., 1:] - exp(-0.1)),
        (weights * x**2).sum(-1)[..., None] - 1,
    )


@mgh(name="mgh-variably-dimensioned")
def variably_dimensioned(
    dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """25. x - 1, s and s^2, where s is the sum of j (x_j - 1) (unpublished). Minimum 0 at (1, ..., 1)."""
    at_least("dim", dim, 1)
    j = np.arange(1.0, dim + 1)
    return build(
        distance_and_sum, 1 - j / dim, start, start_factor, instance, constants={"j": j}, least=(0.0, np.ones(dim))
    )


def distance_and_sum(x: Array, j: Array) -> Array:
    s = (j * (x - 1)).sum(-1)[..., None]
    return join(x - 1, s, s**2)


@mgh(name="mgh-trigonometric")
def trigonometric(dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """26. dim - sum of cos(x_j) + i (1 - cos(x_i)) - sin(x_i), i = 1 ... dim (Spedicato 1975).

    Minimum 0 at 0, among other points; a local one, 2.79506e-5, for dim = 10.
    """
    at_least("dim", dim, 1)
    return build(
        waves,
        np.full(dim, 1 / dim),
        start,
        start_factor,
        instance,
        constants={"i": np.arange(1.0, dim + 1)},
        least=(0.0, np.zeros(dim)),
    )


def waves(x: Array, i: Array) -> Array:
    xp = array_namespace(x)
    versine = 1 - xp.cos(x)
    return versine.sum(-1)[..., None] + i * versine - xp.sin(x)


@mgh(name="mgh-brown-almost-linear")
def brown_almost_linear(
    dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """27. x_i + sum of x - (dim + 1), i < dim, and the product of x, less 1 (Brown 1969).

    Minimum 0 at (a, ..., a, a^(1 - dim)) where dim a^dim - (dim + 1) a^(dim - 1) + 1 = 0, as for a = 1; a local one, 1,
    at (0, ..., 0, dim + 1).
    """
    at_least("dim", dim, 1)
    return build(sum_and_product, np.full(dim, 0.5), start, start_factor, instance, least=(0.0, np.ones(dim)))


def sum_and_product(x: Array) -> Array:
    xp = array_namespace(x)
    total = x.sum(-1)[..., None]
    return join(x[..., :-1] + total - (x.shape[-1] + 1), xp.prod(x, axis=-1)[..., None] - 1)


@mgh(name="mgh-discrete-boundary-value")
def discrete_boundary_value(
    dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """28. 2 x_i - x_(i-1) - x_(i+1) + h^2 (x_i + t_i + 1)^3 / 2, with 0 at both ends, h = 1 / (dim + 1), t_i = i h: a
    boundary value problem in differences (Moré & Cosnard 1979). Minimum 0."""
    at_least("dim", dim, 1)
    t = np.arange(1.0, dim + 1) / (dim + 1)
    standard = t * (t - 1)
    x_opt = root(differences, standard, t=t)
    return build(differences, standard, start, start_factor, instance, constants={"t": t}, least=(0.0, x_opt))


def differences(x: Array, t: Array) -> Array:
    h = 1 / (x.shape[-1] + 1)
    before, after = neighbours(x)
    return 2 * x - before - after + h**2 * (x + t + 1) ** 3 / 2


def neighbours(x: Array) -> tuple[Array, Array]:
    """x_(i-1) and x_(i+1) for each i, 0 beyond the ends: x (*points, dim) -> twice (*points, dim)."""
    end = array_namespace(x).zeros_like(x[..., :1])
    return join(end, x[..., :-1]), join(x[..., 1:], end)


@mgh(name="mgh-discrete-integral-equation")
def discrete_integral_equation(
    dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """29. x_i + h/2 times the sum over j of g(t_i, t_j) (x_j + t_j + 1)^3, where g(s, t) = min(s, t) (1 - max(s, t)) is
    Green's function and t_i = i h, h = 1 / (dim + 1): problem 28 as an integral equation (Moré & Cosnard 1979).
    Minimum 0."""
    at_least("dim", dim, 1)
    t = np.arange(1.0, dim + 1) / (dim + 1)
    green = np.minimum.outer(t, t) * (1 - np.maximum.outer(t, t))
    standard, constants = t * (t - 1), {"t": t, "kernel": green / (2 * (dim + 1))}
    x_opt = root(integrals, standard, **constants)
    return build(integrals, standard, start, start_factor, instance, constants=constants, least=(0.0, x_opt))


def integrals(x: Array, t: Array, kernel: Array) -> Array:
    return x + transform(kernel, (x + t + 1) ** 3)


@mgh(name="mgh-broyden-tridiagonal")
def broyden_tridiagonal(
    dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """30. (3 - 2 x_i) x_i - x_(i-1) - 2 x_(i+1) + 1, with 0 beyond the ends (Broyden 1965). Minimum 0."""
    at_least("dim", dim, 1)
    standard = np.full(dim, -1.0)
    x_opt = root(tridiagonal, standard)
    return build(tridiagonal, standard, start, start_factor, instance, least=(0.0, x_opt))


def tridiagonal(x: Array) -> Array:
    before, after = neighbours(x)
    return (3 - 2 * x) * x - before - 2 * after + 1


@mgh(name="mgh-broyden-banded")
def broyden_banded(dim: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """31. x_i (2 + 5 x_i^2) + 1 - sum of x_j (1 + x_j) over i - 5 <= j <= i + 1, j not i (Broyden 1971). Minimum 0."""
    at_least("dim", dim, 1)
    standard = np.full(dim, -1.0)
    band = np.tri(dim, k=1) - np.tri(dim, k=-6) - np.eye(dim)
    x_opt = root(banded, standard, band=band)
    return build(banded, standard, start, start_factor, instance, constants={"band": band}, least=(0.0, x_opt))


def banded(x: Array, band: Array) -> Array:
    return x * (2 + 5 * x**2) + 1 - transform(band, x * (1 + x))


@mgh(name="mgh-linear-full-rank")
def linear_full_rank(
    dim: int = 10, m: int | None = None, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """32. x_i - s - 1, i <= dim, and -s - 1 up to m, where s is 2/m times the sum of x. m >= dim, and dim unless
    given. Minimum m - dim at (-1, ..., -1)."""
    m = number_of_residuals(m, dim)
    standard = np.ones(dim)
    matrix = np.eye(m, dim) - 2 / m
    return build(
        linear,
        standard,
        start,
        start_factor,
        instance,
        constants={"matrix": matrix},
        least=(float(m - dim), -np.ones(dim)),
    )


def linear(x: Array, matrix: Array) -> Array:
    return transform(matrix, x) - 1


def number_of_residuals(m: int | None, dim: int, low: int = 1) -> int:
    """m where it is given, else dim; raises ValueError where dim is below its lower limit or m below dim."""
    at_least("dim", dim, low)
    at_least("m", dim if m is None else m, dim)
    return dim if m is None else m


@mgh(name="mgh-linear-rank-1")
def linear_rank_1(
    dim: int = 10, m: int | None = None, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """33. i s - 1, i = 1 ... m, where s is the sum of j x_j. m >= dim, and dim unless given.

    Minimum m (m - 1) / (2 (2 m + 1)) wherever s = 3 / (2 m + 1); x_opt is the point of them that is nearest to 0.
    """
    m = number_of_residuals(m, dim)
    j = np.arange(1.0, dim + 1)
    return build(
        linear,
        np.ones(dim),
        start,
        start_factor,
        instance,
        constants={"matrix": np.outer(np.arange(1.0, m + 1), j)},
        least=(m * (m - 1) / (2 * (2 * m + 1)), 3 / (2 * m + 1) * j / (j @ j)),
    )


@mgh(name="mgh-linear-rank-1-zeros")
def linear_rank_1_zeros(
    dim: int = 10, m: int | None = None, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """34. (i - 1) s - 1, i = 1 ... m - 1, and -1, where s is the sum of j x_j over 1 < j < dim: rank 1 with columns and
    rows of zeros. m >= dim >= 3, and dim unless given.

    Minimum (m^2 + 3 m - 6) / (2 (2 m - 3)) wherever s = 3 / (2 m - 3); x_opt is the point of them that is nearest to 0.
    """
    m = number_of_residuals(m, dim, low=3)
    i, j = np.arange(m), np.arange(1.0, dim + 1)
    i[-1] = j[0] = j[-1] = 0
    return build(
        linear,
        np.ones(dim),
        start,
        start_factor,
        instance,
        constants={"matrix": np.outer(i, j)},
        least=((m**2 + 3 * m - 6) / (2 * (2 * m - 3)), 3 / (2 * m - 3) * j / (j @ j)),
    )


@mgh(name="mgh-chebyquad")
def chebyquad(
    dim: int = 8, m: int | None = None, start: Start = "around", start_factor: float = 1.0, instance: int = 1
) -> Objective:
    """35. Nodes of a quadrature with equal weights on [0, 1] (Fletcher 1965): the mean of T_i over x, less the integral
    of T_i, Chebyshev's polynomial of degree i = 1 ... m, shifted to [0, 1]. m >= dim, and dim unless given.

    With m = dim the minimum is 0 for dim = 1 ... 7 and 9; 3.51687e-3 for 8; 4.77271e-3 for 10, below the 6.50395e-3 of
    the paper, which is a local minimum.
    """
    m = number_of_residuals(m, dim)
    i = np.arange(1.0, m + 1)
    exact = m == dim and dim in EQUAL_WEIGHTS
    return build(
        quadrature,
        np.arange(1.0, dim + 1) / (dim + 1),
        start,
        start_factor,
        instance,
        constants={"integrals": np.where(i % 2 == 0, -1 / (np.maximum(i, 2) ** 2 - 1), 0.0)},
        least=(0.0, equal_weight_nodes(dim)) if exact else minimum("chebyquad", dim, m),
        scale=0.1,
    )


def quadrature(x: Array, integrals: Array) -> Array:
    xp = array_namespace(x)
    z = 2 * x - 1
    before, now = xp.ones_like(z), z
    means = []
    for _ in range(integrals.shape[-1]):
        means.append(now.mean(-1))
        before, now = now, 2 * z * now - before
    return xp.stack(means, axis=-1) - integrals


def equal_weight_nodes(dim: int) -> np.ndarray:
    """The nodes (dim,) in [0, 1] over which the mean of every polynomial of degree <= dim is its integral.

    Their power sums on [-1, 1] are dim times the integrals of z^k / 2, from which Newton's identities give the
    polynomial whose roots they are; these are all real for the dimensions EQUAL_WEIGHTS alone.
    """
    sums = [dim * (k % 2 == 0) / (k + 1) for k in range(dim + 1)]
    polynomial = [1.0]
    for k in range(1, dim + 1):
        polynomial.append(-sum(polynomial[k - i] * sums[i] for i in range(1, k + 1)) / k)
    return (1 + np.sort(np.roots(polynomial).real)) / 2
