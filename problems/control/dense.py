"""Networks of dense layers with tanh between them, whose parameters are one flat vector: NumPy and torch alike."""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array


@dataclass(frozen=True)
class Dense:
    """widths: units from the inputs to the outputs, each at least 1; a linear network where there are two."""

    widths: tuple[int, ...]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """What x holds: of each layer the weights (inputs, outputs) and the offsets."""
        return [shape for ins, outs in pairwise(self.widths) for shape in ((ins, outs), (outs,))]

    @property
    def dim(self) -> int:
        """The number of parameters."""
        return sum(map(prod, self.shapes))

    def initial(self, rng: np.random.Generator) -> np.ndarray:
        """A first x (dim,): normal weights of variance 1 / inputs (LeCun et al. 1998, doi:10.1007/3-540-49430-8_2),
        offsets 0."""
        layers = pairwise(self.widths)
        return np.concatenate([np.r_[rng.normal(0, ins**-0.5, ins * outs), np.zeros(outs)] for ins, outs in layers])

    def unflatten(self, x: Array) -> list[Array]:
        """x (*points, dim) -> its weights and offsets, (*points, ins, outs) and (*points, 1, outs) by turns."""
        parts, at = [], 0
        for ins, outs in pairwise(self.widths):
            for rows in (ins, 1):
                parts.append(x[..., at : at + rows * outs].reshape((*x.shape[:-1], rows, outs)))
                at += rows * outs
        return parts

    def outputs(self, x: Array, inputs: Array) -> Array:
        """x (*points, dim), inputs (rows, ins) or (*points, rows, ins) -> (*points, rows, outs)."""
        return forward(self.unflatten(x), inputs)


def forward(parts: list[Array], inputs: Array) -> Array:
    """The outputs (*points, rows, outs) of networks that are unflattened."""
    h = inputs @ parts[0] + parts[1]
    for weights, offsets in zip(parts[2::2], parts[3::2], strict=True):
        h = array_namespace(h).tanh(h) @ weights + offsets
    return h
