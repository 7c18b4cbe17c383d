"""Problems 1 to 19, whose dimension is fixed. Residuals take x (*points, dim) and give (*points, m).

All take `start` and `start_factor`, which `residuals.build` explains.
"""

from math import pi, sqrt

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective

from . import data
from .minima import minimum
from .residuals import Start, at_least, build, coordinates, join, mgh


@mgh(name="mgh-rosenbrock")
def rosenbrock(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """1. A curved valley (Rosenbrock 1960): 10 (x2 - x1^2), 1 - x1. Minimum 0 at (1, 1)."""
    return build(valley, [-1.2, 1.0], start, start_factor, instance, least=(0.0, [1.0, 1.0]))


def valley(x: Array) -> Array:
    x1, x2 = coordinates(x)
    return join(10 * (x2 - x1**2), 1 - x1)


@mgh(name="mgh-freudenstein-roth")
def freudenstein_roth(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """2. Two cubics (Freudenstein & Roth 1963). Minimum 0 at (5, 4); a local one, 48.9842, at (11.41, -0.8968) lies
    near the standard start."""
    return build(cubics, [0.5, -2.0], start, start_factor, instance, least=(0.0, [5.0, 4.0]))


def cubics(x: Array) -> Array:
    x1, x2 = coordinates(x)
    return join(-13 + x1 + ((5 - x2) * x2 - 2) * x2, -29 + x1 + ((x2 + 1) * x2 - 14) * x2)


@mgh(name="mgh-powell-badly-scaled")
def powell_badly_scaled(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """3. 10^4 x1 x2 - 1, exp(-x1) + exp(-x2) - 1.0001 (Powell 1970). Minimum 0 at (1.098e-5, 9.106)."""
    return build(hyperbola, [0.0, 1.0], start, start_factor, instance, least=minimum("powell-badly-scaled"))


def hyperbola(x: Array) -> Array:
    exp = array_namespace(x).exp
    x1, x2 = coordinates(x)
    return join(1e4 * x1 * x2 - 1, exp(-x1) + exp(-x2) - 1.0001)


@mgh(name="mgh-brown-badly-scaled")
def brown_badly_scaled(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """4. x1 - 10^6, x2 - 2 10^-6, x1 x2 - 2 (Brown, unpublished). Minimum 0 at (10^6, 2 10^-6).

    The scale 10^3 lies between the ways that x1 and x2 must go.
    """
    return build(far_and_near, [1.0, 1.0], start, start_factor, instance, least=(0.0, [1e6, 2e-6]), scale=1e3)


def far_and_near(x: Array) -> Array:
    x1, x2 = coordinates(x)
    return join(x1 - 1e6, x2 - 2e-6, x1 * x2 - 2)


@mgh(name="mgh-beale")
def beale(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """5. y_i - x1 (1 - x2^i), i = 1 ... 3 (Beale 1958). Minimum 0 at (3, 0.5)."""
    return build(powers, [1.0, 1.0], start, start_factor, instance, least=(0.0, [3.0, 0.5]))


def powers(x: Array) -> Array:
    x1, x2 = coordinates(x)
    return join(1.5 - x1 * (1 - x2), 2.25 - x1 * (1 - x2**2), 2.625 - x1 * (1 - x2**3))


@mgh(name="mgh-jennrich-sampson")
def jennrich_sampson(m: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """6. 2 + 2 i - (exp(i x1) + exp(i x2)), i = 1 ... m, m >= 2 (Jennrich & Sampson 1968).

    Minimum 124.362 at (0.2578, 0.2578) for m = 10.
    """
    at_least("m", m, 2)
    return build(
        two_exponentials,
        [0.3, 0.4],
        start,
        start_factor,
        instance,
        constants={"i": np.arange(1.0, m + 1)},
        least=minimum("jennrich-sampson", m),
        scale=0.1,
    )


def two_exponentials(x: Array, i: Array) -> Array:
    exp = array_namespace(x).exp
    x1, x2 = coordinates(x)
    return 2 + 2 * i - (exp(i * x1) + exp(i * x2))


@mgh(name="mgh-helical-valley")
def helical_valley(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """7. A valley that winds around the third axis (Fletcher & Powell 1963): 10 (x3 - 10 theta), 10 (r - 1), x3.

    r and theta are the polar coordinates of (x1, x2), theta in turns from -1/4 to 3/4. Minimum 0 at (1, 0, 0).
    """
    return build(helix, [-1.0, 0.0, 0.0], start, start_factor, instance, least=(0.0, [1.0, 0.0, 0.0]))


def helix(x: Array) -> Array:
    xp = array_namespace(x)
    x1, x2, x3 = coordinates(x)
    theta = 0.25 - xp.atan2(x1, x2) / (2 * pi)  # the angle from the second axis, whose cut lies at x1 = 0, x2 < 0
    r = xp.linalg.vector_norm(x[..., :2], axis=-1, keepdims=True)
    return join(10 * (x3 - 10 * theta), 10 * (r - 1), x3)


@mgh(name="mgh-bard")
def bard(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """8. y - (x1 + u / (v x2 + w x3)), u = 1 ... 15, v = 16 - u, w = min(u, v) (Bard 1970).

    Minimum 8.21487e-3; f tends to 17.4286 as x goes to (0.8406, -inf, -inf).
    """
    u = np.arange(1.0, 16.0)
    constants = {"u": u, "v": 16 - u, "w": np.minimum(u, 16 - u), "y": data.BARD}
    return build(
        ratio, [1.0, 1.0, 1.0], start, start_factor, instance, constants=constants, least=minimum("bard"), scale=0.1
    )


def ratio(x: Array, u: Array, v: Array, w: Array, y: Array) -> Array:
    x1, x2, x3 = coordinates(x)
    return y - (x1 + u / (v * x2 + w * x3))


@mgh(name="mgh-gaussian")
def gaussian(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """9. x1 exp(-x2 (t - x3)^2 / 2) - y, t = 3.5, 3 ... -3.5. Minimum 1.12793e-8."""
    constants = {"t": (8 - np.arange(1.0, 16.0)) / 2, "y": data.GAUSSIAN}
    return build(
        bell, [0.4, 1.0, 0.0], start, start_factor, instance, constants=constants, least=minimum("gaussian"), scale=0.1
    )


def bell(x: Array, t: Array, y: Array) -> Array:
    x1, x2, x3 = coordinates(x)
    return x1 * array_namespace(x).exp(-x2 * (t - x3) ** 2 / 2) - y


@mgh(name="mgh-meyer", version=2)
def meyer(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """10. x1 exp(x2 / (t + x3)) - y, t = 50, 55 ... 125, a thermistor's resistance (Meyer 1970). Minimum 87.9458."""
    constants = {"t": 45 + 5 * np.arange(1.0, 17.0), "y": data.MEYER}
    return build(
        thermistor,
        [0.02, 4000.0, 250.0],
        start,
        start_factor,
        instance,
        constants=constants,
        least=minimum("meyer"),
        scale=[0.002, 400.0, 25.0],  # a tenth of the start: at x3 = -t the formula has a pole
    )


def thermistor(x: Array, t: Array, y: Array) -> Array:
    x1, x2, x3 = coordinates(x)
    return x1 * array_namespace(x).exp(x2 / (t + x3)) - y


@mgh(name="mgh-gulf", version=2)
def gulf(m: int = 99, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """11. Gulf Research and Development (Cox 1969): exp(-|y - x2|^x3 / x1) - t, t = i / 100, i = 1 ... m,
    y = 25 + (-50 ln t)^(2/3), 3 <= m <= 100. Minimum 0 at (50, 25, 1.5).

    The paper prints |y m i x2|, where the letters m and i are a misprint for the minus sign.
    """
    if not 3 <= m <= 100:
        raise ValueError(f"m must be in 3 ... 100, got {m}")
    t = np.arange(1.0, m + 1) / 100
    return build(
        weibull,
        [5.0, 2.5, 0.15],
        start,
        start_factor,
        instance,
        constants={"t": t, "y": 25 + (-50 * np.log(t)) ** (2 / 3)},
        least=(0.0, [50.0, 25.0, 1.5]),
        scale=None,
    )


def weibull(x: Array, t: Array, y: Array) -> Array:
    xp = array_namespace(x)
    x1, x2, x3 = coordinates(x)
    return xp.exp(-(xp.abs(y - x2) ** x3) / x1) - t


@mgh(name="mgh-box-3d", version=2)
def box_3d(m: int = 10, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """12. exp(-t x1) - exp(-t x2) - x3 (exp(-t) - exp(-10 t)), t = 0.1 ... 0.1 m, m >= 3 (Box 1966).

    Minimum 0 at (1, 10, 1), at (10, 1, -1) and wherever x1 = x2 and x3 = 0.
    """
    at_least("m", m, 3)
    return build(
        difference_of_exponentials,
        [0.0, 10.0, 20.0],
        start,
        start_factor,
        instance,
        constants={"t": np.arange(1.0, m + 1) / 10},
        least=(0.0, [1.0, 10.0, 1.0]),
        scale=None,
    )


def difference_of_exponentials(x: Array, t: Array) -> Array:
    exp = array_namespace(x).exp
    x1, x2, x3 = coordinates(x)
    return exp(-t * x1) - exp(-t * x2) - x3 * (exp(-t) - exp(-10 * t))


@mgh(name="mgh-powell-singular")
def powell_singular(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """13. x1 + 10 x2, sqrt(5) (x3 - x4), (x2 - 2 x3)^2, sqrt(10) (x1 - x4)^2 (Powell 1962).

    Minimum 0 at 0, where the Jacobian has rank 2.
    """
    return build(singular, [3.0, -1.0, 0.0, 1.0], start, start_factor, instance, least=(0.0, np.zeros(4)))


def singular(x: Array) -> Array:
    x1, x2, x3, x4 = coordinates(x)
    return join(x1 + 10 * x2, sqrt(5) * (x3 - x4), (x2 - 2 * x3) ** 2, sqrt(10) * (x1 - x4) ** 2)


@mgh(name="mgh-wood")
def wood(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """14. Two curved valleys, coupled (Colville 1968). Minimum 0 at (1, 1, 1, 1)."""
    return build(coupled_valleys, [-3.0, -1.0, -3.0, -1.0], start, start_factor, instance, least=(0.0, np.ones(4)))


def coupled_valleys(x: Array) -> Array:
    x1, x2, x3, x4 = coordinates(x)
    return join(
        10 * (x2 - x1**2),
        1 - x1,
        sqrt(90) * (x4 - x3**2),
        1 - x3,
        sqrt(10) * (x2 + x4 - 2),
        (x2 - x4) / sqrt(10),
    )


@mgh(name="mgh-kowalik-osborne")
def kowalik_osborne(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """15. y - x1 (u^2 + u x2) / (u^2 + u x3 + x4), an enzyme's kinetics (Kowalik & Osborne 1968).

    Minimum 3.07505e-4; f tends to 1.02734e-3 as x goes to (inf, -14.07, -inf, -inf).
    """
    return build(
        enzyme,
        [0.25, 0.39, 0.415, 0.39],
        start,
        start_factor,
        instance,
        constants={"u": data.KOWALIK_OSBORNE_AT, "y": data.KOWALIK_OSBORNE},
        least=minimum("kowalik-osborne"),
        scale=0.1,
    )


def enzyme(x: Array, u: Array, y: Array) -> Array:
    x1, x2, x3, x4 = coordinates(x)
    return y - x1 * (u * (u + x2)) / (u * (u + x3) + x4)


@mgh(name="mgh-brown-dennis")
def brown_dennis(m: int = 20, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """16. (x1 + t x2 - exp(t))^2 + (x3 + x4 sin(t) - cos(t))^2, t = 0.2 ... 0.2 m, m >= 4 (Brown & Dennis 1971).

    Minimum 85822.2 for m = 20.
    """
    at_least("m", m, 4)
    return build(
        two_squares,
        [25.0, 5.0, -5.0, -1.0],
        start,
        start_factor,
        instance,
        constants={"t": np.arange(1.0, m + 1) / 5},
        least=minimum("brown-dennis", m),
    )


def two_squares(x: Array, t: Array) -> Array:
    xp = array_namespace(x)
    x1, x2, x3, x4 = coordinates(x)
    return (x1 + t * x2 - xp.exp(t)) ** 2 + (x3 + xp.sin(t) * x4 - xp.cos(t)) ** 2


@mgh(name="mgh-osborne-1", version=2)
def osborne_1(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """17. y - (x1 + x2 exp(-t x4) + x3 exp(-t x5)), t = 0, 10 ... 320 (Osborne 1972). Minimum 5.46489e-5."""
    return build(
        two_decays,
        [0.5, 1.5, -1.0, 0.01, 0.02],
        start,
        start_factor,
        instance,
        constants={"t": 10 * np.arange(33.0), "y": data.OSBORNE_1},
        least=minimum("osborne-1"),
        scale=None,
    )


def two_decays(x: Array, t: Array, y: Array) -> Array:
    exp = array_namespace(x).exp
    x1, x2, x3, x4, x5 = coordinates(x)
    return y - (x1 + x2 * exp(-x4 * t) + x3 * exp(-x5 * t))


@mgh(name="mgh-biggs-exp6")
def biggs_exp6(m: int = 13, start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """18. x3 exp(-t x1) - x4 exp(-t x2) + x6 exp(-t x5) - y, t = 0.1 ... 0.1 m, m >= 6 (Biggs 1971), where
    y = exp(-t) - 5 exp(-10 t) + 3 exp(-4 t).

    Minimum 0 at (1, 10, 1, 5, 4, 3); a local one, 5.65565e-3, for m = 13.
    """
    at_least("m", m, 6)
    t = np.arange(1.0, m + 1) / 10
    return build(
        three_exponentials,
        [1.0, 2.0, 1.0, 1.0, 1.0, 1.0],
        start,
        start_factor,
        instance,
        constants={"t": t, "y": np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)},
        least=(0.0, [1.0, 10.0, 1.0, 5.0, 4.0, 3.0]),
    )


def three_exponentials(x: Array, t: Array, y: Array) -> Array:
    exp = array_namespace(x).exp
    x1, x2, x3, x4, x5, x6 = coordinates(x)
    return x3 * exp(-t * x1) - x4 * exp(-t * x2) + x6 * exp(-t * x5) - y


@mgh(name="mgh-osborne-2")
def osborne_2(start: Start = "around", start_factor: float = 1.0, instance: int = 1) -> Objective:
    """19. y less a decay and three bells, x1 exp(-t x5) + sum of x_k exp(-(t - x_(k+7))^2 x_(k+4)) over k = 2 ... 4,
    t = 0, 0.1 ... 6.4 (Osborne 1972). Minimum 4.01377e-2."""
    return build(
        decay_and_bells,
        [1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5],
        start,
        start_factor,
        instance,
        constants={"t": np.arange(65.0) / 10, "y": data.OSBORNE_2},
        least=minimum("osborne-2"),
        scale=0.1,
    )


def decay_and_bells(x: Array, t: Array, y: Array) -> Array:
    exp = array_namespace(x).exp
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 = coordinates(x)
    decay = x1 * exp(-t * x5)
    bells = [
        height * exp(-((t - middle) ** 2) * steepness)
        for height, steepness, middle in ((x2, x6, x9), (x3, x7, x10), (x4, x8, x11))
    ]
    return y - (decay + bells[0] + bells[1] + bells[2])
