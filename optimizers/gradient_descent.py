"""Gradient descent as the textbooks have it: on all data and on one row, with momentum, and without smoothness."""

from functools import partial
from math import inf

from bench.core import Oracle, optimizer

from .hyperparameters import BatchSize, Momentum, Rate
from .schedules import Schedule, scheduled
from .torch_rules import descend

rule = partial(optimizer, order=1, lanes=True, lane_rates=True, arrays="torch", needs=("torch",))


@rule(source="Cauchy 1847, Comptes Rendus 25, 536-538")
def gradient_descent(oracle: Oracle, *, lr: Rate = 1e-3, schedule: Schedule = "constant") -> None:
    """x - lr times the gradient, on all data."""
    descend(oracle, "SGD", lr=lr, schedule=schedule)


@rule(source="Robbins & Monro 1951, doi:10.1214/aoms/1177729586")
def stochastic_gradient(
    oracle: Oracle, *, lr: Rate = 1e-3, schedule: Schedule = "constant", batch_size: BatchSize = 1
) -> None:
    """x - lr times the gradient on one row of data, or on a few. Without data the gradient is exact."""
    descend(oracle, "SGD", lr=lr, schedule=schedule, batch_size=batch_size)


@rule(source="Polyak 1964, doi:10.1016/0041-5553(64)90137-5")
def heavy_ball(oracle: Oracle, *, lr: Rate = 1e-3, momentum: Momentum = 0.9, schedule: Schedule = "constant") -> None:
    """Gradient descent on all data that adds `momentum` times its last step to the next."""
    descend(oracle, "SGD", lr=lr, schedule=schedule, momentum=momentum)


@rule(source="Nesterov 1983, Soviet Mathematics Doklady 27(2), 372-376")
def nesterov(oracle: Oracle, *, lr: Rate = 1e-3, momentum: Momentum = 0.9, schedule: Schedule = "constant") -> None:
    """Gradient descent on all data, with the gradient where momentum leads.

    The points asked are those ahead, as in the form of Sutskever et al. 2013 that torch has.
    """
    descend(oracle, "SGD", lr=lr, schedule=schedule, momentum=momentum, nesterov=momentum > 0)


@rule(source="Shor 1985, doi:10.1007/978-3-642-82118-9")
def subgradient(oracle: Oracle, *, lr: Rate = 0.01, batch_size: BatchSize = None) -> None:
    """x - lr / sqrt(t) times a subgradient, for functions with kinks: no step is sure to descend.

    Where values are exact it recommends the best point so far, else, on mini-batches or with noise, the mean of all
    points weighted by their steps (Nemirovski et al. 2009, doi:10.1137/070704277, section 2.2).
    """
    import torch

    x = oracle.x0
    exact = not oracle.noisy and (batch_size is None or batch_size >= oracle.rows)
    answer, best, total = x.clone(), torch.full_like(x[..., :1], inf), 0.0
    rates = torch.as_tensor(lr, dtype=x.dtype, device=x.device)
    factor = scheduled(oracle, "inverse-sqrt", batch_size)
    oracle.recommend(answer)
    for k, batch in enumerate(oracle.minibatches(batch_size)):
        f, gradient = batch.value_and_gradient(x)
        total += factor(k)
        if exact:
            better = f[..., None] < best
            best = torch.where(better, f[..., None], best)
            answer.copy_(torch.where(better, x, answer))
        else:
            answer.lerp_(x, factor(k) / total)
        x.sub_(gradient * (rates * factor(k)))
