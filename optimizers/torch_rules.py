"""The loops that step by a rule of torch, each time with the gradient on the next batch of data.

None of these rules knows of bounds: points outside the box are answered, but are no improvement.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bench.core import Array, Oracle

from .schedules import Schedule, scheduled

if TYPE_CHECKING:
    import torch


def descend(
    oracle: Oracle,
    rule: str,
    *,
    lr: float | Array,
    schedule: Schedule = "constant",
    batch_size: int | None = None,
    decay: float = 0.0,
    **options: Any,
) -> None:
    """Step for ever by a rule of torch.optim whose step is lr times what does not depend on x.

    rule, options: the name of its class, and arguments. lr: a number, or one a lane (R, 1): torch takes no rate per
    row, so that the rule itself steps from 0 with a rate of 1, and x moves by lr times where it gets. Single runs take
    the same way, and equal lanes bit by bit. decay: of the weights, decoupled: before each step x is multiplied by
    1 - lr * decay (Loshchilov & Hutter 2019, arXiv:1711.05101).
    """
    import torch

    x = oracle.x0
    step = torch.zeros_like(x)
    method = getattr(torch.optim, rule)([step], lr=1.0, **options)
    rates = torch.as_tensor(lr, dtype=x.dtype, device=x.device)
    factor = scheduled(oracle, schedule, batch_size)
    oracle.recommend(x)
    for k, batch in enumerate(oracle.minibatches(batch_size)):
        step.grad = batch.gradient(x)
        step.zero_()
        method.step()
        rate = rates * factor(k)
        if decay:
            x.mul_(1 - rate * decay)
        x.add_(step.mul_(rate))


def whole(x: Array) -> list[Array]:
    """x itself, as the only parameter."""
    return [x]


def follow(
    oracle: Oracle,
    rules: "Callable[[list[Array]], Sequence[torch.optim.Optimizer]]",
    *,
    schedule: Schedule = "constant",
    batch_size: int | None = None,
    parameters: Callable[[Array], list[Array]] = whole,
) -> None:
    """Step for ever by rules that hold parameters of x and move them in place.

    rules: from the parameters to one optimizer or more, whose learning rates follow the schedule. parameters: of x,
    views; `oracle.blocks` for its layers. It returns where a decomposition of a matrix that is not finite fails.
    """
    import torch

    x = oracle.x0
    views = parameters(x)
    methods = rules(views)
    groups = [(group, group["lr"]) for method in methods for group in method.param_groups]
    factor = scheduled(oracle, schedule, batch_size)
    oracle.recommend(x)
    for k, batch in enumerate(oracle.minibatches(batch_size)):
        for view, slope in zip(views, parameters(batch.gradient(x)), strict=True):
            view.grad = slope
        for group, lr in groups:
            group["lr"] = lr * factor(k)
        try:
            for method in methods:
                method.step()
        except torch.linalg.LinAlgError:  # pyright: ignore[reportPrivateImportUsage] -- documented, not exported
            return
