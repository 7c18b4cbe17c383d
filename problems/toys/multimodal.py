"""Many minima, one of them the least, in any dimension."""

from math import e, pi

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array

from .. import landscapes
from .toy import norm, one_to_dim, root, toy


@toy(
    source="Mühlenbein, Schomisch & Born 1991, doi:10.1016/S0167-8191(05)80052-3",
    box=(-5.12, 5.12),
    least=1,
    gradient=landscapes.rastrigin_gradient,
    reach=2.0,
    scale=2.0,
)
def rastrigin(z: Array) -> Array:
    """A bowl full of dents: a local minimum near every point of whole numbers. Minimum 0 at 0."""
    return landscapes.rastrigin(z)


@toy(source="Ackley 1987, doi:10.1007/978-1-4613-1997-9", box=(-32.768, 32.768), least=1)
def ackley(z: Array) -> Array:
    """20 (1 - exp(-rms(z) / 5)) + e - exp(mean cos(2 pi z)): a dented plain around a funnel. Minimum 0 at 0, a kink."""
    xp = array_namespace(z)
    funnel = 20 * (1 - xp.exp(-0.2 * norm(z) / z.shape[-1] ** 0.5))
    return funnel + e - xp.exp(xp.cos(2 * pi * z).mean(-1))


@toy(source="Griewank 1981, doi:10.1007/BF00933356", box=(-600.0, 600.0), least=1)
def griewank(z: Array) -> Array:
    """|z|^2 / 4000 + 1 - product of cos(z_i / sqrt(i)): ripples that fade with the dimension. Minimum 0 at 0."""
    xp = array_namespace(z)
    return (z**2).sum(-1) / 4000 + 1 - xp.prod(xp.cos(z / xp.sqrt(one_to_dim(z))), axis=-1)


@toy(
    source="Levy & Montalvo 1985, doi:10.1137/0906002; Laguna & Martí 2005, doi:10.1007/s10898-004-1936-z",
    box=(-10.0, 10.0),
    x_opt=1.0,
    least=1,
)
def levy(z: Array) -> Array:
    """With w = 1 + (z - 1) / 4: sin^2(pi w_1) + sum of (w_i - 1)^2 (1 + 10 sin^2(pi w_i + 1)) over i < dim
    + (w_dim - 1)^2 (1 + sin^2(2 pi w_dim)). Minimum 0 at (1, ..., 1).
    """
    xp = array_namespace(z)
    w = 1 + (z - 1) / 4
    inner, last = w[..., :-1], w[..., -1]
    middle = ((inner - 1) ** 2 * (1 + 10 * xp.sin(pi * inner + 1) ** 2)).sum(-1)
    return xp.sin(pi * w[..., 0]) ** 2 + middle + (last - 1) ** 2 * (1 + xp.sin(2 * pi * last) ** 2)


@toy(
    source="Schwefel 1981, Numerical Optimization of Computer Models, ISBN 978-0-471-09988-8, problem 2.26",
    box=(-500.0, 500.0),
    x_opt=420.96874635998203,
    f_opt=lambda dim: -418.98288727243371 * dim,
    least=1,
    boxed=True,
)
def schwefel(z: Array) -> Array:
    """-sum of z_i sin(sqrt(|z_i|)): the second-best valley lies at the other end of the box. Minimum -418.98 dim.

    It is at 420.97 in each coordinate, where tan(sqrt(z)) = -sqrt(z) / 2. Beyond the box the formula would go lower.
    """
    return -(z * array_namespace(z).sin(root(z))).sum(-1)


@toy(
    source="Styblinski & Tang 1990, doi:10.1016/0893-6080(90)90029-K",
    box=(-5.0, 5.0),
    x_opt=-2.9035340277711771,
    f_opt=lambda dim: -39.166165703771415 * dim,
    least=1,
)
def styblinski_tang(z: Array) -> Array:
    """Sum of (z_i^4 - 16 z_i^2 + 5 z_i) / 2: two wells in each coordinate. Minimum -39.166 dim at -2.9035, the least
    root of 4 z^3 - 32 z + 5.
    """
    return 0.5 * (z**4 - 16 * z**2 + 5 * z).sum(-1)


def michalewicz_minimum(dim: int) -> np.ndarray:
    """The minimum (dim,), coordinate by coordinate.

    sin(z) sin^20(i z^2 / pi) has a peak near each z = pi sqrt((k + 1/2) / i), k < i: Newton's method climbs all of them
    by their logarithm, whose slope is cot(z) + 40 i z / pi cot(i z^2 / pi), and the highest counts.
    """
    i, k = np.arange(1.0, dim + 1)[:, None], np.arange(dim)
    z = pi * np.sqrt((np.minimum(k, i - 1) + 0.5) / i)  # peaks beyond the last repeat it
    for _ in range(20):
        angle, rate = i * z**2 / pi, 2 * i * z / pi
        slope = 1 / np.tan(z) + 20 * rate / np.tan(angle)
        bend = -1 / np.sin(z) ** 2 + 40 * i / pi / np.tan(angle) - 20 * (rate / np.sin(angle)) ** 2
        z = z - slope / bend
    height = np.sin(z) * np.sin(i * z**2 / pi) ** 20
    return np.take_along_axis(z, height.argmax(1)[:, None], 1)[:, 0]


@toy(
    source="Michalewicz 1992, doi:10.1007/978-3-662-02830-8",
    box=(0.0, pi),
    x_opt=michalewicz_minimum,
    f_opt=lambda dim: float(michalewicz(michalewicz_minimum(dim))),
    least=1,
)
def michalewicz(z: Array) -> Array:
    """-sum of sin(z_i) sin^20(i z_i^2 / pi): narrow gorges that cross, and flat ground between them.

    Minimum -1.8013 in 2, -4.6877 in 5 and -9.6602 in 10 dimensions.
    """
    xp = array_namespace(z)
    return -(xp.sin(z) * xp.sin(one_to_dim(z) * z**2 / pi) ** 20).sum(-1)


@toy(source="Clerc 1999, doi:10.1109/CEC.1999.785513", box=(-10.0, 10.0), least=1)
def alpine_1(z: Array) -> Array:
    """Sum of |z_i sin(z_i) + z_i / 10|: valleys with kinked floors. Minimum 0 at 0, and elsewhere."""
    xp = array_namespace(z)
    return xp.abs(z * xp.sin(z) + 0.1 * z).sum(-1)


@toy(source="Salomon 1996, doi:10.1016/0303-2647(96)01621-8", box=(-100.0, 100.0), least=1)
def salomon(z: Array) -> Array:
    """1 - cos(2 pi r) + r / 10 with r = |z|: rings around the minimum, 0 at 0."""
    r = norm(z)
    return 1 - array_namespace(z).cos(2 * pi * r) + 0.1 * r


@toy(source="Schaffer, Caruana, Eshelman & Das 1989, Proc. 3rd ICGA, 51-60, f6", box=(-100.0, 100.0), least=1)
def schaffer_f6(z: Array) -> Array:
    """1/2 + (sin^2(r) - 1/2) / (1 + r^2 / 1000)^2 with r = |z|: rings that grow towards the minimum, 0 at 0."""
    r = norm(z)
    return 0.5 + (array_namespace(z).sin(r) ** 2 - 0.5) / (1 + 0.001 * r**2) ** 2


@toy(
    source="Qing 2006, doi:10.1109/TGRS.2005.859347",
    box=(-500.0, 500.0),
    x_opt=lambda dim: np.sqrt(np.arange(1.0, dim + 1)),
    least=1,
)
def qing(z: Array) -> Array:
    """Sum of (z_i^2 - i)^2: 2^dim minima, all of them 0, at z_i = +-sqrt(i)."""
    return ((z**2 - one_to_dim(z)) ** 2).sum(-1)


@toy(
    source="Forrester, Sóbester & Keane 2008, doi:10.1002/9780470770801, appendix A.1",
    box=(0.0, 1.0),
    x_opt=0.75724875784185587,
    f_opt=-6.0207400557670828,
    dim=1,
    boxed=True,
)
def forrester(z: Array) -> Array:
    """(6 z - 2)^2 sin(12 z - 4), one-dimensional: a shallow minimum before the deep one, -6.0207 at 0.7572.

    Beyond the box the formula would go lower.
    """
    a = z[..., 0]
    return (6 * a - 2) ** 2 * array_namespace(z).sin(12 * a - 4)
