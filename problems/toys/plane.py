"""Functions of two numbers a and b, the coordinates of z (*points, 2)."""

from math import pi, sqrt

from array_api_compat import array_namespace

from bench.core import Array

from .toy import norm, root, toy

JAMIL = "Jamil & Yang 2013, arXiv:1308.4008"
MISHRA = "Mishra 2006, doi:10.2139/ssrn.926132"
DIXON = "Dixon & Szegö 1978, Towards Global Optimisation 2, ISBN 978-0-444-85171-0"

# smooth, with few minima


@toy(source="Himmelblau 1972, Applied Nonlinear Programming, ISBN 978-0-07-028921-5", box=(-5.0, 5.0), x_opt=(3.0, 2.0))
def himmelblau(z: Array) -> Array:
    """(a^2 + b - 11)^2 + (a + b^2 - 7)^2: four minima, all of them 0, one at (3, 2)."""
    a, b = z[..., 0], z[..., 1]
    return (a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2


@toy(
    source="Beale 1958; Moré, Garbow & Hillstrom 1981, doi:10.1145/355934.355936, 5", box=(-4.5, 4.5), x_opt=(3.0, 0.5)
)
def beale(z: Array) -> Array:
    """(1.5 - a (1 - b))^2 + (2.25 - a (1 - b^2))^2 + (2.625 - a (1 - b^3))^2: flat, with peaks at the corners.

    Minimum 0 at (3, 1/2).
    """
    a, b = z[..., 0], z[..., 1]
    return (1.5 - a * (1 - b)) ** 2 + (2.25 - a * (1 - b**2)) ** 2 + (2.625 - a * (1 - b**3)) ** 2


@toy(
    source="Branin 1972, doi:10.1147/rd.165.0504",
    box=((-5.0, 0.0), (10.0, 15.0)),
    x_opt=(pi, 2.275),
    f_opt=5 / (4 * pi),
)
def branin(z: Array) -> Array:
    """(b - 5.1 a^2 / (4 pi^2) + 5 a / pi - 6)^2 + 10 (1 - 1 / (8 pi)) cos(a) + 10.

    Three minima, all of them 5 / (4 pi), where cos(a) = -1 and the square is 0; one at (pi, 2.275).
    """
    a, b = z[..., 0], z[..., 1]
    valley = b - 5.1 / (4 * pi**2) * a**2 + 5 / pi * a - 6
    return valley**2 + 10 * (1 - 1 / (8 * pi)) * array_namespace(z).cos(a) + 10


@toy(
    source=f"Branin 1972, doi:10.1147/rd.165.0504; {DIXON}",
    box=((-3.0, -2.0), (3.0, 2.0)),
    version=2,
    x_opt=(0.089842013100318062, -0.71265640302073963),
    f_opt=-1.0316284534898774,
)
def six_hump_camel(z: Array) -> Array:
    """(4 - 2.1 a^2 + a^4 / 3) a^2 + a b + 4 (b^2 - 1) b^2: six minima, the least -1.0316 at (0.0898, -0.7127) and at
    its mirror image.
    """
    a, b = z[..., 0], z[..., 1]
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + 4 * (b**2 - 1) * b**2


@toy(source=f"{JAMIL}, after Branin 1972", box=(-5.0, 5.0))
def three_hump_camel(z: Array) -> Array:
    """2 a^2 - 1.05 a^4 + a^6 / 6 + a b + b^2: three minima in a row, the middle one 0 at 0."""
    a, b = z[..., 0], z[..., 1]
    return 2 * a**2 - 1.05 * a**4 + a**6 / 6 + a * b + b**2


@toy(
    source="Goldstein & Price 1971, doi:10.1090/S0025-5718-1971-0312365-X",
    box=(-2.0, 2.0),
    x_opt=(0.0, -1.0),
    f_opt=3.0,
)
def goldstein_price(z: Array) -> Array:
    """(1 + (s + 1)^2 (3 s^2 - 14 s + 19)) (30 + t^2 (3 t^2 - 16 t + 18)) with s = a + b and t = 2 a - 3 b.

    Values from 3 to a million. The factors are at least 1 and 3: the minimum is 3, at s = -1 and t = 3, in (0, -1).
    """
    a, b = z[..., 0], z[..., 1]
    s, t = a + b, 2 * a - 3 * b
    return (1 + (s + 1) ** 2 * (3 * s**2 - 14 * s + 19)) * (30 + t**2 * (3 * t**2 - 16 * t + 18))


@toy(source=JAMIL, box=(-10.0, 10.0), x_opt=(1.0, 3.0))
def booth(z: Array) -> Array:
    """(a + 2 b - 7)^2 + (2 a + b - 5)^2: a quadratic bowl. Minimum 0 at (1, 3)."""
    a, b = z[..., 0], z[..., 1]
    return (a + 2 * b - 7) ** 2 + (2 * a + b - 5) ** 2


@toy(source=f"Matyas 1965, Automation and Remote Control 26, 246-253; {JAMIL}", box=(-10.0, 10.0))
def matyas(z: Array) -> Array:
    """0.26 (a^2 + b^2) - 0.48 a b: a shallow quadratic valley. Minimum 0 at 0."""
    a, b = z[..., 0], z[..., 1]
    return 0.26 * (a**2 + b**2) - 0.48 * a * b


@toy(
    source=f"McCormick 1976, doi:10.1007/BF01580665; {JAMIL}",
    box=((-1.5, -3.0), (4.0, 4.0)),
    version=2,
    x_opt=(0.5 - pi / 3, -0.5 - pi / 3),
    f_opt=-sqrt(3) / 2 - pi / 3,
    boxed=True,
)
def mccormick(z: Array) -> Array:
    """sin(a + b) + (a - b)^2 - 1.5 a + 2.5 b + 1: with s = a + b and d = a - b it is sin(s) + s / 2 + (d - 1)^2.

    A wave that descends without end beyond the box; in it the minimum is -sqrt(3) / 2 - pi / 3 at s = -2 pi / 3, d = 1.
    """
    a, b = z[..., 0], z[..., 1]
    return array_namespace(z).sin(a + b) + (a - b) ** 2 - 1.5 * a + 2.5 * b + 1


# many minima


@toy(source="Easom 1990, MEng thesis, University of Louisville", box=(-100.0, 100.0), x_opt=pi, f_opt=-1.0)
def easom(z: Array) -> Array:
    """-cos(a) cos(b) exp(-(a - pi)^2 - (b - pi)^2): a needle's eye in a plain. Minimum -1 at (pi, pi)."""
    xp = array_namespace(z)
    return -xp.prod(xp.cos(z), axis=-1) * xp.exp(-((z - pi) ** 2).sum(-1))


@toy(source="Molga & Smutnicki 2005, Test functions for optimization needs", box=(-5.12, 5.12), f_opt=-1.0)
def drop_wave(z: Array) -> Array:
    """-(1 + cos(12 r)) / (r^2 / 2 + 2) with r = |z|: ripples around a drop. Minimum -1 at 0."""
    r = norm(z)
    return -(1 + array_namespace(z).cos(12 * r)) / (0.5 * r**2 + 2)


@toy(
    source="Shubert 1972, doi:10.1137/0709036",
    box=(-10.0, 10.0),
    x_opt=(-1.4251284283197610, -0.80032110047197312),
    f_opt=-186.73090883102384,
)
def shubert(z: Array) -> Array:
    """The product over both coordinates of the sum of j cos((j + 1) z + j), j = 1 ... 5.

    In the box 760 minima, 18 of them the least, -186.7309.
    """
    xp = array_namespace(z)
    j = xp.arange(1, 6, dtype=z.dtype, device=z.device)
    waves = (j * xp.cos((j + 1) * z[..., None] + j)).sum(-1)
    return waves[..., 0] * waves[..., 1]


@toy(source="Bohachevsky, Johnson & Stein 1986, doi:10.1080/00401706.1986.10488128", box=(-100.0, 100.0))
def bohachevsky(z: Array) -> Array:
    """a^2 + 2 b^2 + 0.3 (1 - cos(3 pi a)) + 0.4 (1 - cos(4 pi b)): a bowl with small dents. Minimum 0 at 0."""
    cos = array_namespace(z).cos
    a, b = z[..., 0], z[..., 1]
    return a**2 + 2 * b**2 + 0.3 * (1 - cos(3 * pi * a)) + 0.4 * (1 - cos(4 * pi * b))


@toy(source=f"after Schaffer et al. 1989; {JAMIL}", box=(-100.0, 100.0))
def schaffer_2(z: Array) -> Array:
    """1/2 + (sin^2(a^2 - b^2) - 1/2) / (1 + (a^2 + b^2) / 1000)^2: crossed ripples. Minimum 0 at 0."""
    a, b = z[..., 0] ** 2, z[..., 1] ** 2
    return 0.5 + (array_namespace(z).sin(a - b) ** 2 - 0.5) / (1 + 0.001 * (a + b)) ** 2


@toy(source=JAMIL, box=(-5.0, 5.0))
def egg_crate(z: Array) -> Array:
    """|z|^2 + 25 (sin^2(a) + sin^2(b)): a crate that sags towards the middle. Minimum 0 at 0."""
    return (z**2 + 25 * array_namespace(z).sin(z) ** 2).sum(-1)


@toy(source=f"{MISHRA}; Surjanovic & Bingham 2013, Levy function N. 13", box=(-10.0, 10.0), x_opt=1.0)
def levy_13(z: Array) -> Array:
    """sin^2(3 pi a) + (a - 1)^2 (1 + sin^2(3 pi b)) + (b - 1)^2 (1 + sin^2(2 pi b)). Minimum 0 at (1, 1)."""
    sin = array_namespace(z).sin
    a, b = z[..., 0], z[..., 1]
    return sin(3 * pi * a) ** 2 + (a - 1) ** 2 * (1 + sin(3 * pi * b) ** 2) + (b - 1) ** 2 * (1 + sin(2 * pi * b) ** 2)


@toy(
    source="Trefethen 2002, SIAM News 35(1); Bornemann et al. 2004, doi:10.1137/1.9780898717969, chapter 4",
    box=(-1.0, 1.0),
    x_opt=(-0.024403079694375172, 0.21061242715535577),
    f_opt=-3.3068686474752372,
)
def trefethen(z: Array) -> Array:
    """exp(sin(50 a)) + sin(60 e^b) + sin(70 sin(a)) + sin(sin(80 b)) - sin(10 (a + b)) + (a^2 + b^2) / 4.

    The fourth of the hundred-digit challenge: hundreds of minima in the box, the least -3.306868647475237.
    """
    xp = array_namespace(z)
    a, b = z[..., 0], z[..., 1]
    fast = xp.exp(xp.sin(50 * a)) + xp.sin(60 * xp.exp(b)) + xp.sin(70 * xp.sin(a)) + xp.sin(xp.sin(80 * b))
    return fast - xp.sin(10 * (a + b)) + (a**2 + b**2) / 4


@toy(
    source="Whitley, Rana, Dzubera & Mathias 1996, doi:10.1016/0004-3702(95)00124-7",
    box=(-512.0, 512.0),
    x_opt=(512.0, 404.23180511375781),
    f_opt=-959.6406627208508,
    boxed=True,
)
def eggholder(z: Array) -> Array:
    """-c sin(sqrt(|c + a / 2|)) - a sin(sqrt(|a - c|)) with c = b + 47: deep holes that grow towards the bounds.

    Minimum -959.6407 on the bound a = 512; instances are shifted only away from it. Beyond the formula would go lower.
    """
    sin = array_namespace(z).sin
    a, c = z[..., 0], z[..., 1] + 47
    return -c * sin(root(c + a / 2)) - a * sin(root(a - c))


# kinked


@toy(
    source=f"Bukin 1997, Budker Institute preprint 97-79; {JAMIL}",
    box=((-15.0, -3.0), (-5.0, 3.0)),
    x_opt=(-10, 1),
    version=2,
)
def bukin_6(z: Array) -> Array:
    """100 sqrt(|b - a^2 / 100|) + |a + 10| / 100: a curved valley as sharp as a crack. Minimum 0 at (-10, 1)."""
    a, b = z[..., 0], z[..., 1]
    return 100 * root(b - a**2 / 100) + 0.01 * array_namespace(z).abs(a + 10)


@toy(source=MISHRA, box=(-10.0, 10.0), x_opt=1.3494066171539108, f_opt=-2.0626118708227369)
def cross_in_tray(z: Array) -> Array:
    """-(|sin(a) sin(b) exp(|100 - r / pi|)| + 1)^0.1 / 10000 with r = |z|: a tray with a raised cross.

    Four minima, all of them -2.0626, where |a| = |b| and 2 cot(a) = sqrt(2) / pi.
    """
    xp = array_namespace(z)
    swell = xp.exp(xp.abs(100 - norm(z) / pi))
    return -1e-4 * (xp.abs(xp.prod(xp.sin(z), axis=-1) * swell) + 1) ** 0.1


@toy(
    source=MISHRA,
    box=(-10.0, 10.0),
    x_opt=(8.0550234757365634, 9.6645900192412729),
    f_opt=-19.208502567886732,
    boxed=True,
)
def hoelder_table(z: Array) -> Array:
    """-|sin(a) cos(b) exp(|1 - r / pi|)| with r = |z|: a table on four legs, one in each corner of the box.

    Four minima, all of them -19.2085. Beyond the box the formula would go lower.
    """
    xp = array_namespace(z)
    return -xp.abs(xp.sin(z[..., 0]) * xp.cos(z[..., 1]) * xp.exp(xp.abs(1 - norm(z) / pi)))


@toy(source=JAMIL, box=(-500.0, 500.0), f_opt=1.0)
def bartels_conn(z: Array) -> Array:
    """|a^2 + b^2 + a b| + |sin(a)| + |cos(b)|: a bowl with kinks. Minimum 1 at 0."""
    xp = array_namespace(z)
    a, b = z[..., 0], z[..., 1]
    return xp.abs(a**2 + b**2 + a * b) + xp.abs(xp.sin(a)) + xp.abs(xp.cos(b))
