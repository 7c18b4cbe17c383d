"""Closed-form landscapes in their textbook position, and their gradients; problems shift, rotate and register them."""

from math import pi

from array_api_compat import array_namespace

from bench.core import Array


def rosenbrock(z: Array) -> Array:
    """Curved valley with a flat floor: sum of 100 (z[i+1] - z[i]^2)^2 + (1 - z[i])^2.

    z: (..., dim), dim >= 2 -> (...). Minimum 0 at (1, ..., 1). Source: Rosenbrock 1960, doi:10.1093/comjnl/3.3.175.
    """
    a, b = z[..., :-1], z[..., 1:]
    return (100 * (b - a**2) ** 2 + (1 - a) ** 2).sum(-1)


def rosenbrock_gradient(z: Array) -> Array:
    """The gradient of `rosenbrock`: z (..., dim) -> (..., dim)."""
    a = z[..., :-1]
    slope = 200 * (z[..., 1:] - a**2)  # of each term with respect to its z[i+1]
    gradient = 2 * (z - 1)
    gradient[..., -1] = 0
    gradient[..., :-1] -= 2 * a * slope
    gradient[..., 1:] += slope
    return gradient


def rastrigin(z: Array) -> Array:
    """A bowl full of dents: sum of z[i]^2 + 10 (1 - cos(2 pi z[i])).

    z: (..., dim) -> (...). Minimum 0 at 0, and a local one near every point of whole numbers. Source: Mühlenbein,
    Schomisch & Born 1991, doi:10.1016/S0167-8191(05)80052-3, after Rastrigin 1974.
    """
    return (z**2 + 10 * (1 - array_namespace(z).cos(2 * pi * z))).sum(-1)


def rastrigin_gradient(z: Array) -> Array:
    """The gradient of `rastrigin`: z (..., dim) -> (..., dim)."""
    return 2 * z + 20 * pi * array_namespace(z).sin(2 * pi * z)
