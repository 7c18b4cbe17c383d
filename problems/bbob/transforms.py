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
    x_hat = xp.log(xp.where(x == 0, 1.0, xp.abs(x)))
    right = xp.sin(10 * x_hat) + xp.sin(7.9 * x_hat)
    left = xp.sin(5.5 * x_hat) + xp.sin(3.1 * x_hat)
    return xp.sign(x) * xp.exp(x_hat + 0.049 * xp.where(x > 0, right, left))


def asymmetric(x: Array, beta: float) -> Array:
    """T_asy^beta: positive coordinates are stretched, x[i] -> x[i]^(1 + beta i / (dim - 1) sqrt(x[i])); dim >= 2."""
    xp = array_namespace(x)
    i = xp.arange(x.shape[-1], dtype=x.dtype, device=x.device)
    positive = xp.where(x > 0, x, 1.0)
    return xp.where(x > 0, positive ** (1 + beta * i / (x.shape[-1] - 1) * xp.sqrt(positive)), x)


def conditioning(dim: int, alpha: float) -> np.ndarray:
    """Lambda^alpha: the diagonal (dim,) from 1 to sqrt(alpha) in equal ratios; dim >= 2."""
    return np.sqrt(alpha) ** (np.arange(dim) / (dim - 1))
