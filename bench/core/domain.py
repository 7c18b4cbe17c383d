"""Where a problem may be asked: a box, possibly without walls."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any  # a NumPy array or a torch tensor


@dataclass(frozen=True)
class Domain:
    """The box low <= x <= high.

    low, high: numbers or arrays (dim,); infinite where there is no wall.
    scale: a typical length of the problem, from which a method may derive its first step: a positive number; 0 stands
        for a fifth of the box's mean width, or for 1 where a wall is missing.
    """

    low: float | np.ndarray = -np.inf
    high: float | np.ndarray = np.inf
    scale: float = 0.0

    def __post_init__(self) -> None:
        if not np.all(np.asarray(self.low) < np.asarray(self.high)):
            raise ValueError(f"low must be below high, got low={self.low}, high={self.high}")
        if self.scale == 0:
            width = float(np.mean(np.asarray(self.high) - np.asarray(self.low))) / 5 if self.bounded else 1.0
            object.__setattr__(self, "scale", width)
        if not 0 < self.scale < np.inf:
            raise ValueError(f"scale must be positive and finite, got {self.scale}")

    @property
    def bounded(self) -> bool:
        """Whether every coordinate has two finite walls."""
        return bool(np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high)))

    @property
    def open(self) -> bool:
        """Whether there is no wall at all."""
        return bool(np.all(np.isneginf(self.low)) and np.all(np.isposinf(self.high)))

    def contains(self, x: np.ndarray) -> Any:
        """x (..., dim) -> booleans (...): inside the box, walls included; NaN is outside."""
        return np.logical_and(x >= self.low, x <= self.high).all(-1)

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Uniform points (*shape), the last axis being dim. The box must be bounded."""
        if not self.bounded:
            raise ValueError("a domain without walls has no uniform sample")
        return rng.uniform(self.low, self.high, shape)
