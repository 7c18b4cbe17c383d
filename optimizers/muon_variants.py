"""Muon with second moments: NorMuon, one a row; AdaMuon, one an entry. Steps of matrices are orthogonal before.

Layers of two axes take these steps, all others, and all of x where a problem has no layers, AdamW at the same rate, as
`torch-muon` has it: each step of a matrix is scaled to a root mean square of 0.2, about that of AdamW's (Liu et al.
2025, arXiv:2502.16982, section 2.2), so that one lr serves both. The authors would send the first and the last matrix
of a network to AdamW, too. MuonClip (Kimi Team 2025, arXiv:2507.20534) is not here: it scales queries and keys by the
largest attention logits, and no oracle tells what happens inside a network.
"""

from collections.abc import Callable
from functools import partial

from bench.core import Array, Oracle, optimizer

from .hyperparameters import BatchSize, Decay, Momentum, StepRate, WeightDecay
from .schedules import Schedule, scheduled

Turn = Callable[[Array], Array]  # the gradient of a matrix -> its step at a rate of 1, which is subtracted

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/
STEPS = 5
RMS = 0.2
EPS = 1e-8

alone = partial(optimizer, order=1, arrays="torch", needs=("torch",))


@alone(source="Li et al. 2025, arXiv:2510.05491")
def normuon(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Momentum = 0.95,
    beta2: Decay = 0.95,
    weight_decay: WeightDecay = 0.1,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Muon whose rows, the neurons of a layer, are divided by the root of a mean of their squares.

    Algorithm 1. lr, weight_decay: those of `torch-muon`, as its steps are as long.
    """

    def turn(matrix: Array) -> Turn:
        m, v = matrix.clone().zero_(), matrix[:, :1].clone().zero_()

        def step(g: Array) -> Array:
            m.lerp_(g, 1 - beta1)
            o = orthogonal(m)
            v.lerp_((o * o).mean(-1, keepdim=True), 1 - beta2)
            return scaled(o / (v.sqrt() + EPS))

        return step

    descend(oracle, turn, lr=lr, weight_decay=weight_decay, schedule=schedule, batch_size=batch_size)


@alone(source="Si, Zhang & Shen 2025, arXiv:2507.11005")
def adamuon(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Momentum = 0.95,
    beta2: Decay = 0.95,
    signs: bool = True,
    weight_decay: WeightDecay = 0.1,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Muon whose entries are divided by the root of a mean of their squares.

    signs: whether the signs of the momentum are made orthogonal, in place of itself, which the first version of the
    paper did. lr, weight_decay: those of `torch-muon`, as its steps are as long.
    """

    def turn(matrix: Array) -> Turn:
        m, v = matrix.clone().zero_(), matrix.clone().zero_()

        def step(g: Array) -> Array:
            m.lerp_(g, 1 - beta1)
            o = orthogonal(m.sign() if signs else m)
            v.lerp_(o * o, 1 - beta2)
            return scaled(o / (v.sqrt() + EPS))

        return step

    descend(oracle, turn, lr=lr, weight_decay=weight_decay, schedule=schedule, batch_size=batch_size)


def descend(
    oracle: Oracle,
    turn: Callable[[Array], Turn],
    *,
    lr: float,
    weight_decay: float,
    schedule: Schedule,
    batch_size: int | None,
) -> None:
    """Step for ever: matrices by what `turn` makes for each, the other layers by AdamW, both with decoupled decay."""
    import torch

    x = oracle.x0
    layers = oracle.blocks(x)
    turns = [turn(layer) if layer.ndim == 2 else None for layer in layers]
    rest = [layer for layer in layers if layer.ndim != 2]
    adam = torch.optim.AdamW(rest, lr=lr, weight_decay=weight_decay) if rest else None
    factor = scheduled(oracle, schedule, batch_size)
    oracle.recommend(x)
    for k, batch in enumerate(oracle.minibatches(batch_size)):
        slopes = oracle.blocks(batch.gradient(x))
        rate = lr * factor(k)
        for layer, step, slope in zip(layers, turns, slopes, strict=True):
            if step is None:
                layer.grad = slope
            else:
                layer.mul_(1 - rate * weight_decay).sub_(rate * step(slope))
        if adam is not None:
            adam.param_groups[0]["lr"] = rate
            adam.step()


def orthogonal(m: Array) -> Array:
    """The nearest matrix to m (rows, columns) with singular values of about 1: five steps of Newton and Schulz, in the
    precision of m."""
    a, b, c = COEFFICIENTS
    wide = m.shape[0] <= m.shape[1]
    y = m if wide else m.mT
    y = y / (y.norm() + 1e-7)
    for _ in range(STEPS):
        s = y @ y.mT
        y = a * y + (b * s + c * s @ s) @ y
    return y if wide else y.mT


def scaled(o: Array) -> Array:
    """A matrix at a root mean square of 0.2."""
    return o * (RMS * o.numel() ** 0.5 / (o.norm() + EPS))
