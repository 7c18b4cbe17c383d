"""Sines, signs and bounds for numbers, NumPy and torch arrays alike: the same bits from each, on every machine.

The sines of `math`, NumPy, torch and a GPU differ in their last bits, which a swinging acrobot turns into another
episode within a hundred steps. Sums and products, rounded as IEEE 754 says, never differ.
"""

from math import pi

from array_api_compat import array_namespace

from bench.core import Array

WHOLE = 1.5 * 2**52  # what is added to it loses its fraction, and is rounded to even where it lies half-way
PI_HIGH = round(pi * 2**24) / 2**24  # short, so that its multiples are exact
PI_LOW = pi - PI_HIGH + 1.2246467991473532e-16  # pi = 3.14159265358979311600 + 0.00000000000000012246...


def whole(value: Array) -> Array:
    """The nearest integer, for values within 2^51."""
    return value + WHOLE - WHOLE


def wrapped(angle: Array) -> Array:
    """The same angle within [-pi, pi]; what is there already keeps every bit."""
    return angle - 2 * pi * whole(angle / (2 * pi))


def sine(angle: Array) -> Array:
    """The sine, to 3e-16, of an angle of less than 10^6."""
    sign, rest = _reduced(angle)
    return sign * _sine(rest, rest * rest)


def sine_and_cosine(angle: Array) -> tuple[Array, Array]:
    """Both, to 3e-16, of an angle of less than 10^6."""
    sign, rest = _reduced(angle)
    square = rest * rest
    return sign * _sine(rest, square), sign * _cosine(square)


def sines(*angles: Array) -> tuple[Array, ...]:
    """The sine of each: arrays in one pass, whose calls cost more than their few numbers."""
    if isinstance(angles[0], float):
        return tuple(map(sine, angles))
    return tuple(sine(array_namespace(angles[0]).stack(angles)))


def _reduced(angle: Array) -> tuple[Array, Array]:
    """The angle as the nearest multiple k of pi and a rest within [-pi/2, pi/2] -> (-1)^k and the rest."""
    k = whole(angle / pi)
    return 1 - 2 * (k % 2), angle - k * PI_HIGH - k * PI_LOW


def _sine(r: Array, u: Array) -> Array:
    """Taylor's polynomial of r and u = r^2, whose next term is below 2e-18 for r within [-pi/2, pi/2]."""
    high = u * (1 / 355687428096000 + u * (-1 / 121645100408832000 + u * (1 / 51090942171709440000)))
    low = u * (1 / 362880 + u * (-1 / 39916800 + u * (1 / 6227020800 + u * (-1 / 1307674368000 + high))))
    return r + r * (u * (-1 / 6 + u * (1 / 120 + u * (-1 / 5040 + low))))


def _cosine(u: Array) -> Array:
    """Taylor's polynomial of u = r^2, whose next term is below 2e-17 for r within [-pi/2, pi/2]."""
    high = u * (1 / 20922789888000 + u * (-1 / 6402373705728000 + u * (1 / 2432902008176640000)))
    low = u * (1 / 40320 + u * (-1 / 3628800 + u * (1 / 479001600 + u * (-1 / 87178291200 + high))))
    return 1 + u * (-1 / 2 + u * (1 / 24 + u * (-1 / 720 + low)))


def clipped(value: Array, low: float, high: float) -> Array:
    """The value, or the nearer of low and high where it lies beyond; NaN stays NaN."""
    return max(min(value, high), low) if isinstance(value, float) else value.clip(low, high)


def direction(value: Array) -> Array:
    """1 where positive, else -1."""
    if isinstance(value, float):
        return 1.0 if value > 0 else -1.0
    return 2 * array_namespace(value).astype(value > 0, value.dtype) - 1
