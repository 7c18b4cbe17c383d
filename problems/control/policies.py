"""Policies whose parameters are one flat vector: a linear one, or a network with hidden layers of tanh."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array

from .dense import Dense, forward

Layers = Any  # what `Policy.output` takes: a sequence of numbers, or of arrays with n policies in front


@dataclass(frozen=True)
class Policy:
    """One output from some features. Without hidden layers it is their inner product with x, else that of a network
    with biases, and tanh behind each hidden layer.

    features: how many there are. hidden: units of each hidden layer, at least 1.
    """

    features: int
    hidden: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(units < 1 for units in self.hidden):
            raise ValueError(f"hidden must be numbers >= 1, got {self.hidden}")

    @property
    def dense(self) -> Dense:
        """The network; a linear policy goes without its bias."""
        return Dense((self.features, *self.hidden, 1))

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """What x holds: of each layer the weights (inputs, outputs) and the biases; the weights alone where linear."""
        return self.dense.shapes if self.hidden else [(self.features, 1)]

    @property
    def dim(self) -> int:
        """The number of parameters."""
        return self.dense.dim if self.hidden else self.features

    def initial(self, rng: np.random.Generator) -> np.ndarray:
        """A first x (dim,): normal weights of variance 1 where linear, else as of any `Dense` network."""
        return self.dense.initial(rng) if self.hidden else rng.standard_normal(self.features)

    def lifted(self, weights: np.ndarray) -> np.ndarray:
        """The x (dim,) whose output has the sign of weights . features: one unit a layer carries it through tanh."""
        if not self.hidden:
            return weights
        layers = [np.zeros(shape) for shape in self.shapes]
        layers[0][:, 0] = weights
        for layer in layers[2::2]:
            layer[0, 0] = 1
        return np.concatenate([layer.ravel() for layer in layers])

    def network(self, x: Array, inputs: Array) -> Array:
        """Outputs in many steps: x (*points, dim), inputs (*points, steps, features) -> (*points, steps, 1)."""
        return self.dense.outputs(x, inputs) if self.hidden else inputs @ x[..., None]

    def laid_out(self, x: Array) -> Layers:
        """n policies x (n, dim) as `output` takes them."""
        if self.hidden:
            return self.dense.unflatten(x)
        return [array_namespace(x).asarray(x[:, i : i + 1], copy=True) for i in range(self.dim)]

    def output(self, layers: Layers, features: tuple[Array, ...]) -> Array:
        """Outputs in one step: n policies laid out, features (n, episodes) each -> (n, episodes).

        A linear policy takes numbers as well, and adds up in one order, so that arrays give the same bits.
        """
        if self.hidden:
            return forward(layers, array_namespace(features[0]).stack(features, -1))[..., 0]
        total = layers[0] * features[0]
        for i in range(1, self.features):
            total = total + layers[i] * features[i]
        return total
