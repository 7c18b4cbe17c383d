"""Random streams: four a lane, so that optimizers meet the same starts, data and noise, and draw on their own."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.core.domain import Array
from bench.core.objective import Objective

BLOCK = 4096  # numbers drawn at once for each lane


@dataclass(frozen=True)
class Streams:
    """The generators of one lane: start, data and noise are shared by all optimizers, method is the optimizer's own."""

    start: np.random.Generator
    data: np.random.Generator
    noise: np.random.Generator
    method: np.random.Generator


def streams(objective: Objective, seed: int, suite_seed: int = 0) -> Streams:
    """The streams of a seed on one problem and instance: the same whatever the optimizer, the lanes and the workers."""
    if seed < 0 or suite_seed < 0:
        raise ValueError(f"seeds must be >= 0, got seed={seed}, suite seed={suite_seed}")
    # parameters and wrappers are left out: the levels of a factor meet the same starts, as far as their shapes allow
    base = objective.name.partition("+")[0]
    digest = int.from_bytes(hashlib.sha256(base.encode()).digest()[:16])
    root = np.random.SeedSequence([suite_seed, digest, objective.instance, seed])
    return Streams(*(np.random.default_rng(child) for child in root.spawn(4)))


def seeds(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The noise of `shape` answers: a seed for each, from which all its random numbers are drawn, see `modules.draws`.

    An objective whose noise this is gets them by lane and question, computed where it is asked: see `Books.noise`.
    """
    return rng.integers(2**63, size=shape)


class LaneGenerator:
    """Draws for all lanes at once, each from a generator of its own: arrays (*lanes, *size).

    Numbers are drawn in blocks of equal size for every lane, so that what a lane gets does not depend on the others.
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], lanes: tuple[int, ...], convert: Callable[[np.ndarray], Array]
    ):
        self._generators = list(generators)
        self._lanes = lanes
        self._convert = convert
        self._blocks: dict[str, np.ndarray] = {}

    def standard_normal(self, size: int | tuple[int, ...] = ()) -> Array:
        """Standard normal numbers (*lanes, *size)."""
        return self._convert(self._draw("standard_normal", size))

    def random(self, size: int | tuple[int, ...] = ()) -> Array:
        """Uniform numbers of [0, 1), (*lanes, *size)."""
        return self._convert(self._draw("random", size))

    def signs(self, size: int | tuple[int, ...] = ()) -> Array:
        """-1 or +1 with equal chance, (*lanes, *size)."""
        return self._convert(np.where(self._draw("random", size) < 0.5, -1.0, 1.0))

    def _draw(self, what: str, size: int | tuple[int, ...]) -> np.ndarray:
        size = (size,) if isinstance(size, int) else tuple(size)
        n = int(np.prod(size))
        block = self._blocks.get(what)
        if block is None or block.shape[1] < n:
            block = np.stack([getattr(rng, what)(max(n, BLOCK)) for rng in self._generators])
        numbers, self._blocks[what] = block[:, :n], block[:, n:]
        return numbers.reshape((*self._lanes, *size))
