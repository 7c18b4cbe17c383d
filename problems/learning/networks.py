"""Feed-forward networks whose parameters are one flat vector: many networks on many data sets are one tensor program.

P networks on the same data are x (P, dim) and inputs (N, features). R stacks of P networks, each stack on data of its
own, are x (R, P, dim) and inputs (R, 1, N, features). torch alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import torch

Activation = Literal["relu", "tanh", "sigmoid"]

CPU_CHUNK, GPU_CHUNK = 2**24, 2**30  # bytes of activations at once: on a CPU, more of them leave the cache


@dataclass(frozen=True)
class Network:
    """widths: units from the inputs to the outputs. Every layer but the last passes through the activation."""

    widths: tuple[int, ...]
    activation: Activation = "relu"

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """What x holds, one after the other: of each layer the weights (inputs, outputs), then the bias (outputs,)."""
        pairs = zip(self.widths[:-1], self.widths[1:], strict=True)
        return [shape for ins, outs in pairs for shape in ((ins, outs), (outs,))]

    @property
    def dim(self) -> int:
        """The number of parameters."""
        return sum(prod(shape) for shape in self.shapes)


def initial(rng: np.random.Generator, network: Network) -> np.ndarray:
    """A first x (dim,) whose signals keep their variance from layer to layer: normal weights, biases 0.

    The variance of a weight is 1 / inputs (LeCun et al. 1998, doi:10.1007/3-540-49430-8_2), and 2 / inputs behind a
    ReLU, which halves it (He et al. 2015, arXiv:1502.01852).
    """
    parts = []
    for layer, (ins, outs) in enumerate(network.shapes[::2]):
        gain = 2 if layer > 0 and network.activation == "relu" else 1
        parts += [rng.normal(0, sqrt(gain / ins), ins * outs), np.zeros(outs)]
    return np.concatenate(parts)


def unflatten(x: "torch.Tensor", network: Network) -> "list[torch.Tensor]":
    """x (..., dim) -> views (..., *shape), one for each of the network's shapes."""
    parts = x.split([prod(shape) for shape in network.shapes], dim=-1)
    return [part.unflatten(-1, shape) for part, shape in zip(parts, network.shapes, strict=True)]


def logits(x: "torch.Tensor", inputs: "torch.Tensor", network: Network) -> "torch.Tensor":
    """The outputs of R x P networks: x (R, P, dim), inputs (R, N, features) -> (R, P, N, classes)."""
    import torch

    activate = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[network.activation]
    layers = unflatten(x, network)
    # the P networks of a stack read the same inputs: one product, without a copy of the inputs for each
    h = torch.einsum("rni,rpio->rpno", inputs, layers[0]) + layers[1].unsqueeze(-2)
    for weights, bias in zip(layers[2::2], layers[3::2], strict=True):
        h = activate(h) @ weights + bias.unsqueeze(-2)
    return h


def cross_entropy(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Mean of -log p(target) over the rows: outputs (R, P, N, classes), targets (R, N) -> (R, P)."""
    index = targets[:, None, :, None].expand(*outputs.shape[:-1], 1)
    return (outputs.logsumexp(-1) - outputs.gather(-1, index)[..., 0]).mean(-1)


def accuracy(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Share of the rows whose greatest output is the target's: outputs (R, P, N, classes), targets (R, N) -> (R, P)."""
    return (outputs.argmax(-1) == targets[:, None]).to(outputs.dtype).mean(-1)


def judge(
    measure: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]",
    x: "torch.Tensor",
    inputs: "torch.Tensor",
    targets: "torch.Tensor",
    network: Network,
) -> "torch.Tensor":
    """A measure of each network's outputs on all rows, in either layout of the file's head: x (..., dim) -> (...)."""
    import torch

    if inputs.ndim == 4:
        nets, inputs, targets = x, inputs[:, 0], targets[:, 0]
    else:
        nets, inputs, targets = x.reshape(1, -1, x.shape[-1]), inputs[None], targets[None]
    measured = [measure(logits(part, inputs, network), targets) for part in _chunks(nets, inputs, network)]
    return torch.cat(measured, dim=1).reshape(x.shape[:-1])


def _chunks(nets: "torch.Tensor", inputs: "torch.Tensor", network: Network) -> "Iterator[torch.Tensor]":
    """Parts of nets (R, P, dim), along P, whose activations fit in a chunk; at least one network of each stack."""
    limit = CPU_CHUNK if nets.device.type == "cpu" else GPU_CHUNK
    one = inputs.shape[0] * inputs.shape[1] * sum(network.widths[1:]) * nets.element_size()
    yield from nets.split(max(1, limit // one), dim=1)
