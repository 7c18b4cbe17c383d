"""What a model's outputs cost against the targets, row by row: outputs (R, P, N, K), targets (R, N) -> (R, P, N).

The losses of classes take one output a class.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Loss = Literal["cross-entropy", "squared", "hinge", "ranking"]


def cross_entropy(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """-log p(target), where p is the softmax of the outputs."""
    return outputs.logsumexp(-1) - outputs.gather(-1, _index(outputs, targets))[..., 0]


def squared(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """The squared distance to the target: a real number, or 1 at the target's class and 0 at the others."""
    if targets.is_floating_point():
        return (outputs[..., 0] - targets[:, None]) ** 2
    from torch.nn.functional import one_hot

    return ((outputs - one_hot(targets, outputs.shape[-1])[:, None]) ** 2).sum(-1)


def hinge(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """max(0, 1 + the greatest wrong output - the target's): the loss of support vector machines.

    Source: Crammer & Singer 2001, Journal of Machine Learning Research 2:265-292.
    """
    return _hinge().apply(outputs, _index(outputs, targets))


def ranking(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Sum over the wrong classes of max(0, 1 + its output - the target's): each should be ranked below, by 1 at least.

    Source: Weston & Watkins 1999, "Support vector machines for multi-class pattern recognition".
    """
    right = outputs.gather(-1, _index(outputs, targets))
    return (1 + outputs - right).relu().sum(-1) - 1  # the target's own term is 1


def hit(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """1 where the greatest output is the target's, else 0: its mean is the accuracy."""
    return (outputs.argmax(-1) == targets[:, None]).to(outputs.dtype)


LOSSES: dict[str, "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"] = {
    "cross-entropy": cross_entropy,
    "squared": squared,
    "hinge": hinge,
    "ranking": ranking,
}


def _index(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """targets (R, N) -> the index (R, P, N, 1) of the target's output."""
    return targets[:, None, :, None].expand(*outputs.shape[:-1], 1)


@cache
def _hinge() -> Any:
    """The hinge with its own backward, which keeps two indices and a bit a row in place of all outputs."""
    import torch

    class Hinge(torch.autograd.Function):
        """The subgradient is +1 at the greatest wrong output and -1 at the target's where the margin is below 1."""

        @staticmethod
        def forward(ctx: Any, outputs: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
            rival, place = outputs.scatter(-1, index, -torch.inf).max(-1, keepdim=True)
            missing = 1 + rival - outputs.gather(-1, index)
            ctx.save_for_backward(index, place, missing > 0)
            ctx.classes = outputs.shape[-1]
            return missing.relu()[..., 0]

        @staticmethod
        def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
            index, place, active = ctx.saved_tensors
            slope = gradients[0].unsqueeze(-1) * active
            zero = slope.new_zeros(*slope.shape[:-1], ctx.classes)
            return zero.scatter_add(-1, place, slope).scatter_add(-1, index, -slope), None

    return Hinge
