"""Objectives from a network and a split: f is the mean loss over the training rows, and what penalties add.

P networks on the same data are x (*points, dim) and inputs (N, features). R stacks of P networks, each stack on data of
its own, are x (R, P, dim) and inputs (R, 1, N, features). torch alone.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from bench.core import Domain, Objective, Sampling, seeds

from .choices import check_choice
from .datasets import Split
from .images import SHIFTS, shifted
from .losses import LOSSES, Loss, hit
from .networks import Init, Network, initial, outputs

if TYPE_CHECKING:
    import torch

Augmentation = Literal["none", "shift"]

CPU_CHUNK, GPU_CHUNK = 2**24, 2**30  # bytes of activations at once: on a CPU, more of them leave the cache


def learner(
    rows: Split,
    network: Network,
    *,
    loss: str = "cross-entropy",
    init: Init = "kaiming",
    l1: float = 0.0,
    l2: float = 0.0,
    augmentation: Augmentation = "none",
    sampling: Sampling = "shuffle",
) -> Objective:
    """The network on the split. Answers are noisy with dropout or augmentation; the score never is.

    augmentation: "shift" moves every image by one pixel or none, in a direction of its own (Simard et al. 2003,
    doi:10.1109/ICDAR.2003.1227801). sampling: how mini-batches come, see `Objective`; "hard" goes by the loss alone.
    """
    check_penalties(l1, l2)
    check_choice("loss", loss, Loss)
    check_choice("init", init, Init)
    check_choice("augmentation", augmentation, Augmentation)
    check_sampling(sampling, rows)
    if not rows.classes and loss != "squared":
        raise ValueError(f"loss must be squared where targets are real numbers, got {loss!r}")
    if augmentation != "none" and not any(rows.image):
        raise ValueError(f"augmentation must be none where inputs are not images in [0, 1], got {augmentation!r}")
    constants = {"network": network, "loss": loss, "l2": l2}
    if l1:
        constants["l1"] = l1
    if augmentation != "none":
        constants["image"] = rows.image
    known = {"known": rows.train["inputs"]} if network.norm == "batch" else {}
    return Objective(
        formula=training_loss,
        constants=constants,
        dim=network.dim,
        domain=Domain(scale=0.1),
        start=lambda rng: initial(rng, network, init),
        data=rows.train,
        test={**rows.test, **known},
        metrics={"test_loss": mean_loss, **({"test_accuracy": mean_accuracy} if rows.classes else {})},
        higher=("test_accuracy",) if rows.classes else (),
        noise=seeds if network.dropout or augmentation != "none" else None,
        sampling=sampling,
        row_losses=row_losses,
        shapes=network.shapes,
        arrays="torch",
        dtype="float32",
    )


def check_penalties(l1: float, l2: float) -> None:
    """Raises ValueError for a weight of a penalty that is out of range."""
    for name, weight in (("l1", l1), ("l2", l2)):
        if not 0 <= weight < np.inf:
            raise ValueError(f"{name} must be >= 0 and finite, got {weight}")


def check_sampling(sampling: Sampling, rows: Split) -> None:
    """Raises ValueError for an order of mini-batches that these rows cannot have."""
    if sampling == "balanced" and not rows.classes:
        raise ValueError(f"sampling must not be balanced where targets are real numbers, got {sampling!r}")


def training_loss(
    x: "torch.Tensor",
    inputs: "torch.Tensor",
    targets: "torch.Tensor",
    network: Network,
    loss: str,
    l2: "float | torch.Tensor",
    l1: "float | torch.Tensor | None" = None,
    image: tuple[int, int] | None = None,
    noise: "torch.Tensor | np.integer | None" = None,
) -> "torch.Tensor":
    """Mean loss over the rows, plus l2 / 2 |x|^2 + l1 sum |x_i|: x (*points, dim) -> (*points)."""
    f = judge(LOSSES[loss], x, inputs, targets, network, noise=noise, image=image) + 0.5 * l2 * (x**2).sum(-1)
    return f if l1 is None else f + l1 * x.abs().sum(-1)


def mean_loss(
    x: "torch.Tensor",
    inputs: "torch.Tensor",
    targets: "torch.Tensor",
    network: Network,
    loss: str,
    known: "torch.Tensor | None" = None,
    **_: object,
) -> "torch.Tensor":
    """Mean loss alone: x (*points, dim) -> (*points). known: the training rows, where a batch norm needs them."""
    return judge(LOSSES[loss], x, inputs, targets, network, known=known)


def row_losses(
    x: "torch.Tensor",
    inputs: "torch.Tensor",
    targets: "torch.Tensor",
    network: Network,
    loss: str,
    **_: object,
) -> "torch.Tensor":
    """The loss of each row, without penalties or noise: x (*points, dim) -> (*points, N)."""
    return judge(LOSSES[loss], x, inputs, targets, network, each=True)


def mean_accuracy(
    x: "torch.Tensor",
    inputs: "torch.Tensor",
    targets: "torch.Tensor",
    network: Network,
    known: "torch.Tensor | None" = None,
    **_: object,
) -> "torch.Tensor":
    """Fraction of the rows that are classified right: x (*points, dim) -> (*points)."""
    return judge(hit, x, inputs, targets, network, known=known)


def judge(
    measure: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]",
    x: "torch.Tensor",
    inputs: "torch.Tensor",
    targets: "torch.Tensor",
    network: Network,
    *,
    noise: "torch.Tensor | np.integer | None" = None,
    image: tuple[int, int] | None = None,
    known: "torch.Tensor | None" = None,
    each: bool = False,
) -> "torch.Tensor":
    """The mean of a measure over all rows, in either layout of the file's head: x (..., dim) -> (...).

    noise: seeds (...), one an answer. image: the size of images that noise shifts. known: inputs of the rows whose mean
    and variance a batch norm takes; None for the rows themselves. each: the measure of each row (..., N), not the mean.
    """
    import torch

    from bench.core.modules.draws import Numbers

    if inputs.ndim == 4:
        nets, inputs, targets, known = x, inputs[:, 0], targets[:, 0], None if known is None else known[:, 0]
    else:
        nets, inputs, targets = x.reshape(1, -1, x.shape[-1]), inputs[None], targets[None]
        known = None if known is None else known[None]
    numbers = None if noise is None else torch.as_tensor(noise, device=x.device).reshape(nets.shape[:-1])
    count = 0 if known is None else known.shape[1]
    inputs = inputs if known is None else torch.cat([known, inputs], 1)

    def part(lanes: slice, points: slice) -> torch.Tensor:
        draws = None if numbers is None else Numbers(numbers[lanes, points])
        seen = inputs[lanes]
        if draws is not None and image is not None:
            seen = shifted(seen, (SHIFTS * draws.uniform((seen.shape[1],))).long(), image)
        answers = outputs(nets[lanes, points], seen, network, draws, count or None)
        measured = measure(answers[:, :, count:], targets[lanes])
        return measured if each else measured.mean(-1)

    judged = by_chunks(part, nets, inputs.shape[1] * network.activations)
    return judged.reshape((*x.shape[:-1], *judged.shape[2:]))


def by_chunks(part: "Callable[[slice, slice], torch.Tensor]", nets: "torch.Tensor", held: int) -> "torch.Tensor":
    """What part(lanes, points) gives for nets (R, P, dim), put together: (R, P, ...).

    held: numbers that one network holds; as many networks go at once as fit in a chunk, one at least.
    """
    import torch

    limit = (CPU_CHUNK if nets.device.type == "cpu" else GPU_CHUNK) // (held * nets.element_size())
    lanes, points = nets.shape[:2]
    across = min(max(limit, 1), lanes)
    rows = [
        torch.cat([part(block, few) for few in slices(points, max(limit // across, 1))], dim=1)
        for block in slices(lanes, across)
    ]
    return torch.cat(rows)


def slices(count: int, size: int) -> Iterator[slice]:
    """range(count) in slices of `size`, the last being smaller where size does not divide it."""
    return (slice(at, at + size) for at in range(0, count, size))
