"""Feed-forward networks whose parameters are one flat vector: many networks on many data sets are one tensor program.

R stacks of P networks are x (R, P, dim), each stack with inputs (R, N, features) of its own. torch alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod, sqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .choices import check_choice
from .images import PATCH, halved, patches

if TYPE_CHECKING:
    import torch

    from bench.core.modules.draws import Numbers

Activation = Literal["relu", "tanh", "sigmoid"]
Init = Literal["zero", "small", "large", "kaiming", "xavier"]
Norm = Literal["none", "batch", "layer"]

WIDTHS = {"zero": 0.0, "small": 0.01, "large": 1.0}  # of starts that do not look at the layer
EPSILON = 1e-5  # added to the variances that are divided by


@dataclass(frozen=True)
class Network:
    """Convolutions, if any, and then dense layers; all but the last pass through norm, activation and dropout.

    widths: units from the inputs of the dense layers to the outputs.
    channels: of each convolution; they take 3 x 3 pixels with stride 2, so that height and width are halved.
    image: height and width of the inputs, where they are images.
    dropout: the fraction of a layer's outputs that is set to 0 in a noisy answer.
    """

    widths: tuple[int, ...]
    activation: Activation = "relu"
    norm: Norm = "none"
    dropout: float = 0.0
    channels: tuple[int, ...] = ()
    image: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        check_choice("activation", self.activation, Activation)
        check_choice("norm", self.norm, Norm)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be >= 0 and below 1, got {self.dropout}")

    @property
    def layers(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each layer; those of a convolution are the pixels of a patch, and its channels."""
        convolutions = [(PATCH * ins, outs) for ins, outs in pairwise((1, *self.channels))]
        return [*convolutions, *pairwise(self.widths)]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """What x holds: of each layer the weights (inputs, outputs), the gain where it is normalised, and the bias."""
        shapes: list[tuple[int, ...]] = []
        for ins, outs in self.layers:
            shapes += [(ins, outs), *([] if self.norm == "none" else [(outs,)]), (outs,)]
        if self.norm != "none":
            del shapes[-2]  # the outputs are not normalised
        return shapes

    @property
    def dim(self) -> int:
        """The number of parameters."""
        return sum(prod(shape) for shape in self.shapes)

    @property
    def activations(self) -> int:
        """How many numbers are held for each row: the outputs of all layers, and the patches of inner convolutions."""
        held, image, seen = sum(self.widths[1:]), self.image, 0
        for channels in self.channels:
            image = halved(image)
            held, seen = held + prod(image) * (channels + PATCH * seen), channels
        return held


def convolutional(image: tuple[int, int], channels: tuple[int, ...], classes: int, **options: Any) -> Network:
    """Convolutions and one dense layer behind them."""
    last = image
    for _ in channels:
        last = halved(last)
    return Network((prod(last) * channels[-1], classes), channels=channels, image=image, **options)


def initial(rng: np.random.Generator, network: Network, init: Init = "kaiming") -> np.ndarray:
    """A first x (dim,): normal weights and biases 0, unless it is said otherwise; gains of a norm are 1.

    zero: all is 0. small, large: weights and biases of standard deviation 0.01, and 1. kaiming: signals keep their
    variance from layer to layer where that of a weight is 1 / inputs (LeCun et al. 1998,
    doi:10.1007/3-540-49430-8_2), and 2 / inputs behind a ReLU, which halves it (He et al. 2015, arXiv:1502.01852).
    xavier: 2 / (inputs + outputs), a compromise with the gradients on their way back (Glorot & Bengio 2010).
    """
    check_choice("init", init, Init)
    parts = []
    for layer, (ins, outs) in enumerate(network.layers):
        width = WIDTHS.get(init, sqrt(1 / ins))
        if init == "kaiming" and layer > 0 and network.activation == "relu":
            width = sqrt(2 / ins)
        elif init == "xavier":
            width = sqrt(2 / (ins + outs))
        parts.append(rng.normal(0, width, ins * outs))
        if network.norm != "none" and layer < len(network.layers) - 1:
            parts.append(np.ones(outs))
        parts.append(rng.normal(0, width, outs) if init in WIDTHS else np.zeros(outs))
    return np.concatenate(parts)


def unflatten(x: "torch.Tensor", network: Network) -> "list[torch.Tensor]":
    """x (..., dim) -> views (..., *shape), one for each of the network's shapes."""
    parts = x.split([prod(shape) for shape in network.shapes], dim=-1)
    return [part.unflatten(-1, shape) for part, shape in zip(parts, network.shapes, strict=True)]


def outputs(
    x: "torch.Tensor",
    inputs: "torch.Tensor",
    network: Network,
    draws: "Numbers | None" = None,
    known: int | None = None,
) -> "torch.Tensor":
    """The outputs of R x P networks: x (R, P, dim), inputs (R, N, features) -> (R, P, N, outputs).

    Inputs (R, P, N, features) are each network's own. draws: for dropout; without, there is none. known: how many rows,
    the first ones, give the mean and variance of a batch norm; None for all.
    """
    import torch

    activate = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[network.activation]
    rows, image, h = inputs.shape[-2], network.image, inputs
    parts: Iterator[torch.Tensor] = iter(unflatten(x, network))
    for layer in range(len(network.layers)):
        convolution, hidden = layer < len(network.channels), layer < len(network.layers) - 1
        if convolution:
            h, image = patches(h, image), halved(image)
        h = _product(h, next(parts))
        if hidden and network.norm != "none":
            h = normalised(h.unflatten(-2, (rows, -1)), network.norm, known) * next(parts)[:, :, None, None]
            h = h.flatten(-3, -2)
        h = h + next(parts).unsqueeze(-2)
        if hidden:
            h = activate(h)
        if convolution:
            h = h.unflatten(-2, (rows, -1)).flatten(-2)
        if hidden and draws is not None and network.dropout:
            kept = draws.uniform(tuple(h.shape[2:])) >= network.dropout
            h = h * kept / (1 - network.dropout)  # so that the mean over all draws is h
    return h


def _product(h: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
    """h (R, P, rows, inputs), or (R, rows, inputs) for all P, times weights (R, P, inputs, units)."""
    import torch

    # the P networks of a stack read the same inputs: one product, without a copy of the inputs for each
    return h @ weights if h.ndim == 4 else torch.einsum("rni,rpio->rpno", h, weights)


def normalised(h: "torch.Tensor", norm: str, known: int | None) -> "torch.Tensor":
    """Mean 0 and variance 1: of each unit over rows and positions ("batch", Ioffe & Szegedy 2015, arXiv:1502.03167),
    or of each row over units and positions ("layer", Ba et al. 2016, arXiv:1607.06450).

    h: (R, P, N, positions, units). known: how many rows give the statistics of "batch".
    """
    seen, axes = (h[:, :, :known], (-3, -2)) if norm == "batch" else (h, (-2, -1))
    variance, mean = seen.var(axes, correction=0, keepdim=True), seen.mean(axes, keepdim=True)
    return (h - mean) / (variance + EPSILON).sqrt()
