"""Classifiers of handwritten digits: softmax regression, which is convex, and a multilayer perceptron, which is not."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bench.core import Domain, Objective, problem
from problems.learning import digits
from problems.learning.networks import Activation, Network, accuracy, cross_entropy, initial, judge

if TYPE_CHECKING:
    import torch


@problem(
    family="learning",
    source=f"Bishop 2006, section 4.3.4, ISBN 978-0-387-31073-2; {digits.SOURCE}",
    needs=("torch", "sklearn"),
)
def softmax(l2: float = 1e-4, instance: int = 1) -> Objective:
    """Softmax regression: mean cross entropy of a linear classifier of the digits, plus l2 / 2 |x|^2. Convex.

    Starts are normal, 0.01 wide. The instance is the random split into 1,437 rows to train on and 360 held out.
    """
    network = Network((digits.FEATURES, digits.CLASSES))
    return classifier(network, l2, instance, start=lambda rng: 0.01 * rng.standard_normal(network.dim))


@problem(
    family="learning",
    source=f"Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; {digits.SOURCE}",
    needs=("torch", "sklearn"),
)
def mlp(
    widths: tuple[int, ...] = (32,), activation: Activation = "relu", l2: float = 0.0, instance: int = 1
) -> Objective:
    """A multilayer perceptron on the digits: mean cross entropy, plus l2 / 2 |x|^2. Not convex.

    widths: units of each hidden layer, one layer at least. Starts follow He or LeCun: see `networks.initial`.
    The instance is the random split into 1,437 rows to train on and 360 held out.
    """
    if not widths or min(widths) < 1:
        raise ValueError(f"widths must be one or more numbers >= 1, got {widths}")
    network = Network((digits.FEATURES, *widths, digits.CLASSES), activation)
    return classifier(network, l2, instance, start=lambda rng: initial(rng, network))


def classifier(
    network: Network, l2: float, instance: int, start: Callable[[np.random.Generator], np.ndarray]
) -> Objective:
    """The network on an instance's split of the digits."""
    if not 0 <= l2 < np.inf:
        raise ValueError(f"l2 must be >= 0 and finite, got {l2}")
    train, held_out = digits.split(instance)
    return Objective(
        formula=training_loss,
        constants={"network": network, "l2": l2},
        dim=network.dim,
        domain=Domain(scale=0.1),
        start=start,
        data=train,
        test=held_out,
        metrics={"test_loss": mean_loss, "test_accuracy": mean_accuracy},
        shapes=network.shapes,
        arrays="torch",
        dtype="float32",
    )


def training_loss(
    x: "torch.Tensor", inputs: "torch.Tensor", targets: "torch.Tensor", network: Network, l2: "float | torch.Tensor"
) -> "torch.Tensor":
    """Mean cross entropy over the rows, plus l2 / 2 |x|^2: x (*points, dim) -> (*points)."""
    return judge(cross_entropy, x, inputs, targets, network) + 0.5 * l2 * (x**2).sum(-1)


def mean_loss(
    x: "torch.Tensor", inputs: "torch.Tensor", targets: "torch.Tensor", network: Network, **_: object
) -> "torch.Tensor":
    """Mean cross entropy alone: x (*points, dim) -> (*points)."""
    return judge(cross_entropy, x, inputs, targets, network)


def mean_accuracy(
    x: "torch.Tensor", inputs: "torch.Tensor", targets: "torch.Tensor", network: Network, **_: object
) -> "torch.Tensor":
    """Share of the rows that are classified right: x (*points, dim) -> (*points)."""
    return judge(accuracy, x, inputs, targets, network)
