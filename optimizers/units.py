"""A problem in units of its scale, in which one length serves all coordinates: what bridges show to their library.

Multiplying a coordinate and its bounds by a number then leaves what the library is asked and told as it was, to
rounding, whatever first steps, radii and tolerances it has.
"""

from dataclasses import replace

import numpy as np

from bench.core import Oracle

from .hessian import hessian


class Units:
    """An oracle asked at u = x / scale, in NumPy: values are those at x, derivatives those by u.

    relative: whether the least scale is 1, so that where all are equal x is asked as it is: for methods with gradients,
    whose first steps and matrices follow from them (BFGS took 1.6 to 1.9 times as many on BBOB's f11 in units of 2).
    length: of a unit, in scales, where it is not relative. Numbers that are whole stay as they are.
    dim, noisy: of the oracle. domain: that of x, with the lengths of the units for scale. box: its bounds in units, two
    of (dim,), hard or soft. low, high (dim,): those that are hard, infinite where there is none.
    """

    def __init__(self, oracle: Oracle, *, relative: bool = False, length: float = 1.0):
        scale = length * oracle.domain.scale
        whole = np.logical_not(oracle.domain.each("real"))
        scale = np.where(whole, 1.0, scale / scale.min() if relative else scale)
        self.domain = replace(oracle.domain, scale=scale)
        self.oracle, self.dim, self.noisy = oracle, oracle.dim, oracle.noisy
        self.box = tuple(self.domain.to_unit(bound) for bound in oracle.bounds)
        nowhere = np.full(self.dim, np.inf)
        self.low, self.high = self.box if self.domain.hard else (-nowhere, nowhere)
        self.open = not self.domain.fenced

    @property
    def x0(self) -> np.ndarray:
        """The start (dim,), in units."""
        return self.domain.to_unit(self.oracle.x0)

    @property
    def bounds(self) -> list[tuple[float, float]] | None:
        """Hard bounds as SciPy takes them, a pair a coordinate; None where there is none, which methods treat apart."""
        return None if self.open else list(zip(self.low.tolist(), self.high.tolist(), strict=True))

    def value(self, u: np.ndarray) -> np.ndarray:
        """u (*points, dim) -> f (*points)."""
        return self.oracle.value(self.domain.from_unit(u))

    def residuals(self, u: np.ndarray) -> np.ndarray:
        """u (dim,) -> the residuals (m,)."""
        return self.oracle.residuals(self.domain.from_unit(u))

    def value_and_gradient(self, u: np.ndarray) -> tuple[float, np.ndarray]:
        """u (dim,) -> f, and its gradient by u (dim,)."""
        f, g = self.oracle.value_and_gradient(self.domain.from_unit(u))
        return f, self.domain.scale * g

    def hessian_vector(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """u (dim,), v (*points, dim) -> the Hessian by u times each v."""
        scale = self.domain.scale
        return scale * self.oracle.hessian_vector(self.domain.from_unit(u), scale * v)

    def hessian(self, u: np.ndarray) -> np.ndarray:
        """u (dim,) -> the Hessian by u (dim, dim), for the price of dim products."""
        scale = self.domain.scale
        return scale[:, None] * hessian(self.oracle, self.domain.from_unit(u)) * scale

    def recommend(self, u: np.ndarray) -> None:
        """Say that u (dim,) is the present answer."""
        self.oracle.recommend(self.domain.from_unit(u))
