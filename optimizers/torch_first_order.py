"""First-order rules of torch.optim, element by element, so that a batch of runs advances in one tensor.

Learning rates are torch's own defaults. None of these rules knows of walls: points outside the box are answered, but
are no improvement.
"""

from typing import TYPE_CHECKING

from bench.core import Array, Oracle, optimizer
from optimizers.hyperparameters import BatchSize, Momentum, Rate

if TYPE_CHECKING:
    import torch


def descend(oracle: Oracle, x: Array, rule: "torch.optim.Optimizer", batch_size: BatchSize) -> None:
    """Step for ever by a rule that holds x (*lanes, dim), each time with the gradient on the next batch of data."""
    oracle.recommend(x)
    for batch in oracle.minibatches(batch_size):
        x.grad = batch.gradient(x)
        rule.step()


@optimizer(order=1, lanes=True, arrays="torch", needs=("torch",), source="Cauchy 1847, Comptes Rendus 25, 536-538")
def gradient_descent(oracle: Oracle, *, lr: Rate = 1e-3) -> None:
    """x - lr times the gradient, on all data."""
    import torch

    x = oracle.x0
    descend(oracle, x, torch.optim.SGD([x], lr=lr), batch_size=None)


@optimizer(
    order=1, lanes=True, arrays="torch", needs=("torch",), source="Sutskever et al. 2013, ICML, PMLR 28(3), 1139-1147"
)
def torch_sgd(oracle: Oracle, *, lr: Rate = 1e-3, momentum: Momentum = 0.9, batch_size: BatchSize = 32) -> None:
    """Stochastic gradient descent with momentum. Without data the gradient is exact; batch_size None takes all data."""
    import torch

    x = oracle.x0
    descend(oracle, x, torch.optim.SGD([x], lr=lr, momentum=momentum), batch_size)


@optimizer(order=1, lanes=True, arrays="torch", needs=("torch",), source="Kingma & Ba 2015, arXiv:1412.6980")
def torch_adam(oracle: Oracle, *, lr: Rate = 1e-3, batch_size: BatchSize = 32) -> None:
    """Adam: each coordinate's step is scaled by running moments of its gradient. batch_size None takes all data."""
    import torch

    x = oracle.x0
    descend(oracle, x, torch.optim.Adam([x], lr=lr), batch_size)
