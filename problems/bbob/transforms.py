"""The transformations from which BBOB builds its functions: x (..., dim) -> (..., dim), NumPy or torch.

Source: Hansen, Finck, Ros & Auger 2009, hal:inria-00362633, section 0.2. Each is smooth enough for torch to give a
finite gradient everywhere: what is undefined at 0 is kept away from 0 before a `where` leaves it out.
"""

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array


def oscillate(x: Array) -> Array:
    """T_osz: small smooth ripples that break the regularity of a function, different on either side of 0."""
    xp = array_namespace(x)
    slow, fast = _phases(x)
    return x * xp.exp(0.049 * (xp.sin(fast) + xp.sin(slow)))


def oscillate_slope(x: Array) -> Array:
    """The derivative of `oscillate`, coordinate by coordinate; at 0, where there is none, a finite number."""
    xp = array_namespace(x)
    slow, fast = _phases(x)
    right, left = 10 * xp.cos(fast) + 7.9 * xp.cos(slow), 5.5 * xp.cos(fast) + 3.1 * xp.cos(slow)
    return xp.exp(0.049 * (xp.sin(fast) + xp.sin(slow))) * (1 + 0.049 * xp.where(x > 0, right, left))


def _phases(x: Array) -> tuple[Array, Array]:
    """c_2 log|x| and c_1 log|x|, where (c_1, c_2) is (10, 7.9) right of 0 and (5.5, 3.1) left of it; at 0, zeros.

    The multiples are selected, not the constants: of two plain numbers torch's `where` makes float32.
    """
    xp = array_namespace(x)
    x_hat = xp.log(xp.where(x == 0, 1.0, xp.abs(x)))
    return xp.where(x > 0, 7.9 * x_hat, 3.1 * x_hat), xp.where(x > 0, 10 * x_hat, 5.5 * x_hat)


def asymmetric(x: Array, beta: float) -> Array:
    """T_asy^beta: positive coordinates are stretched, x[i] -> x[i]^(1 + beta i / (dim - 1) sqrt(x[i])); dim >= 2."""
    xp = array_namespace(x)
    i = xp.arange(x.shape[-1], dtype=x.dtype, device=x.device)
    positive = xp.where(x > 0, x, 1.0)
    return xp.where(x > 0, positive ** (1 + beta * i / (x.shape[-1] - 1) * xp.sqrt(positive)), x)


def outside(x: Array) -> Array:
    """f_pen: the squared distance from the box [-5, 5]^dim, x (..., dim) -> (...)."""
    xp = array_namespace(x)
    return (xp.clip(xp.abs(x) - 5, 0, None) ** 2).sum(-1)


def root(x: Array) -> Array:
    """The square root of what is not negative, with slope 0 at 0 instead of an infinite one."""
    xp = array_namespace(x)
    return xp.where(x == 0, 0.0, xp.sqrt(xp.where(x == 0, 1.0, x)))


def conditioning(dim: int, alpha: float) -> np.ndarray:
    """Lambda^alpha: the diagonal (dim,) from 1 to sqrt(alpha) in equal ratios; dim >= 2."""
    return np.sqrt(alpha) ** (np.arange(dim) / (dim - 1))
