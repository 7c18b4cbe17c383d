"""A classifier that is only told good or bad: the right class of a wrong answer is never shown.

Layouts are those of `training`; e and the network's outputs are (*points, rows, classes). torch alone.
"""

from typing import TYPE_CHECKING

from bench.core import Composite, Domain, Objective, problem

from .classification import NEEDS
from .datasets import SOURCES, Tables
from .networks import Activation, Network, initial, outputs
from .preparation import Scaling, prepared
from .training import by_chunks, judge, mean_accuracy

if TYPE_CHECKING:
    import torch


@problem(
    family="learning",
    source="Langford & Zhang 2007, Advances in Neural Information Processing Systems 20; "
    f"Beygelzimer & Langford 2009, doi:10.1145/1557019.1557040, arXiv:0812.4044; {SOURCES}",
    needs=NEEDS,
)
def bandit(
    widths: tuple[int, ...] = (32,),
    activation: Activation = "tanh",
    data: Tables = "digits",
    scaling: Scaling = "standardised",
    instance: int = 1,
) -> Objective:
    """A contextual bandit: a network sees a row and names a class, that of its greatest output, and is told 0 for good
    or 1 for bad. f is the fraction of the training rows that it names wrongly: piecewise constant, without a gradient.

    As a composite problem, e moves the outputs from which the class is taken: where e has the distribution of Gumbel,
    the class is drawn from the softmax of the outputs. widths: units of each hidden layer; 0 for none, which is a
    linear classifier. scaling: of the inputs.
    The instance is the random split of the data, or their draw: 1,437 digits to train on and 360 held out.
    """
    if widths != (0,) and (not widths or min(widths) < 1):
        raise ValueError(f"widths must be 0, or one or more numbers >= 1, got {widths}")
    rows = prepared(data, instance, scaling=scaling)
    network = Network((rows.features, *(units for units in widths if units), rows.classes), activation)
    return Objective(
        formula=mean_error,
        composite=Composite(network=answers, play=play, outputs=rows.classes),
        constants={"network": network},
        dim=network.dim,
        order=0,
        domain=Domain(scale=0.1),
        start=lambda rng: initial(rng, network),
        data=rows.train,
        test=rows.test,
        metrics={"test_error": mean_error, "test_accuracy": mean_accuracy},
        higher=("test_accuracy",),
        shapes=network.shapes,
        arrays="torch",
        dtype="float32",
    )


def miss(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """1 where the greatest output is not the target's, else 0; NaN where an output is: outputs (R, P, N, K), targets
    (R, N) -> (R, P, N)."""
    bad = (outputs.argmax(-1) != targets[:, None]).to(outputs.dtype)
    return bad.masked_fill(outputs.isnan().any(-1), float("nan"))


def mean_error(x: "torch.Tensor", inputs: "torch.Tensor", targets: "torch.Tensor", network: Network) -> "torch.Tensor":
    """Fraction of the rows whose class is named wrongly: x (*points, dim) -> (*points)."""
    return judge(miss, x, inputs, targets, network)


def answers(x: "torch.Tensor", inputs: "torch.Tensor", network: Network) -> "torch.Tensor":
    """What the network puts out: x (*points, dim), inputs (*points, rows, features) -> (*points, rows, classes)."""
    nets, seen = x.reshape(1, -1, x.shape[-1]), inputs.reshape(1, -1, *inputs.shape[-2:])
    held = inputs.shape[-2] * network.activations
    put_out = by_chunks(lambda _, some: outputs(nets[:, some], seen[:, some], network), nets, held)
    return put_out.reshape((*x.shape[:-1], *put_out.shape[-2:]))


def play(
    x: "torch.Tensor", e: "torch.Tensor", inputs: "torch.Tensor", targets: "torch.Tensor", network: Network
) -> "tuple[torch.Tensor, torch.Tensor]":
    """0 or 1 for the class of the greatest of outputs + e, row by row: x (*points, dim), e (*points, rows, classes) ->
    the costs (*points, rows) and the inputs (*points, rows, features)."""
    seen = inputs.expand(*x.shape[:-1], *inputs.shape[-2:])
    moved = (answers(x, seen, network) + e).reshape(-1, *e.shape[-2:])
    costs = miss(moved[:, None], targets.expand(*x.shape[:-1], -1).reshape(len(moved), -1))
    return costs.reshape(e.shape[:-1]), seen
