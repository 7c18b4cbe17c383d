"""Step-size schedules: factors of the learning rate over the steps that a budget allows.

Each has the shape of the schedule of torch.optim.lr_scheduler that its line names, which the tests compare it with. Not
here are those that need more than the number of the step: ReduceLROnPlateau follows values, and ConstantLR, LambdaLR
and ChainedScheduler are ways to build others.
"""

from collections.abc import Callable, Mapping
from math import ceil, cos, pi, sqrt
from typing import Literal

from bench.core import Oracle

Schedule = Literal[
    "constant",
    "warm-up",
    "step",
    "multi-step",
    "exponential",
    "linear",
    "polynomial",
    "cosine",
    "warm-up-cosine",
    "one-cycle",
    "warm-restarts",
    "cyclic",
    "inverse-sqrt",
]


def warm_up(step: int, steps: int) -> float:
    """LinearLR: up in equal steps over the first tenth, then 1 (Goyal et al. 2017, arXiv:1706.02677, section 2.2)."""
    return min(1.0, (step + 1) / ceil(steps / 10))


def thirds(step: int, steps: int) -> float:
    """StepLR: a tenth after each third."""
    return 0.1 ** (step // ceil(steps / 3))


def multi_step(step: int, steps: int) -> float:
    """MultiStepLR: a tenth at a half and at three quarters (He et al. 2016, arXiv:1512.03385, section 4.2)."""
    return 0.1 ** ((step >= ceil(steps / 2)) + (step >= ceil(3 * steps / 4)))


def exponential(step: int, steps: int) -> float:
    """ExponentialLR: in equal ratios down to a hundredth."""
    return 0.01 ** (step / steps)


def linear(step: int, steps: int) -> float:
    """LinearLR from 1 to 0."""
    return 1 - step / steps


def polynomial(step: int, steps: int) -> float:
    """PolynomialLR of power 2."""
    return (1 - step / steps) ** 2


def cosine(step: int, steps: int) -> float:
    """CosineAnnealingLR to 0 (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5)."""
    return (1 + cos(pi * step / steps)) / 2


def warm_up_cosine(step: int, steps: int) -> float:
    """SequentialLR of a warm-up over the first tenth and of the cosine over the rest."""
    rise = ceil(steps / 10)
    return warm_up(step, steps) if step < rise else cosine(step - rise, max(1, steps - rise))


def one_cycle(step: int, steps: int) -> float:
    """OneCycleLR: a cosine from 1/25 up to 1 over 0.3 of the steps, then one down to 1/250,000 (Smith & Topin 2018,
    arXiv:1708.07120). The momentum stays as it is."""
    top = max(0.3 * steps - 1, 1e-9)
    share = min(1.0, (step - top) / max(steps - 1 - top, 1e-9))
    return _wave(step / top, 1 / 25, 1) if step <= top else _wave(share, 1, 1 / 250_000)


def _wave(share: float, start: float, end: float) -> float:
    """From start to end by half a cosine; share: of the way, in [0, 1]."""
    return end + (start - end) * (1 + cos(pi * share)) / 2


def warm_restarts(step: int, steps: int) -> float:
    """CosineAnnealingWarmRestarts, each period twice as long as the last: three of them, 1/7, 2/7 and 4/7 of the steps
    (Loshchilov & Hutter 2017, arXiv:1608.03983)."""
    start, period = 0, ceil(steps / 7)
    while step >= start + period:
        start, period = start + period, 2 * period
    return cosine(step - start, period)


def cyclic(step: int, steps: int) -> float:
    """CyclicLR, triangular: from 1/4 to 1 and back in each fifth of the steps (Smith 2017, arXiv:1506.01186; the range
    is that of its section 3.3)."""
    half = max(1, steps // 10)
    return 1 / 4 + 3 / 4 * (1 - abs(step / half % 2 - 1))


def inverse_sqrt(step: int, steps: int) -> float:
    """1 / sqrt(t), as the theory of subgradients asks (Shor 1985, doi:10.1007/978-3-642-82118-9)."""
    return 1 / sqrt(step + 1)


FACTORS: Mapping[str, Callable[[int, int], float]] = {
    "constant": lambda step, steps: 1.0,
    "warm-up": warm_up,
    "step": thirds,
    "multi-step": multi_step,
    "exponential": exponential,
    "linear": linear,
    "polynomial": polynomial,
    "cosine": cosine,
    "warm-up-cosine": warm_up_cosine,
    "one-cycle": one_cycle,
    "warm-restarts": warm_restarts,
    "cyclic": cyclic,
    "inverse-sqrt": inverse_sqrt,
}


def factor(name: str, step: int, steps: int) -> float:
    """Of the learning rate at a step, the first being 0, of as many as steps >= 1; past the last it stays."""
    return FACTORS[name](min(step, steps), steps)


def gradients(oracle: Oracle, batch_size: int | None, price: float | None = None) -> int:
    """How many steps on mini-batches what is left of the budget pays for; one at least.

    price: of a step on all data; None for that of a gradient.
    """
    n = oracle.rows
    size = min(batch_size or n, n)
    rows = int(oracle.remaining / (price or oracle.prices["gradient"]) * n + 1e-6)
    epochs, rest = divmod(rows, n)  # an epoch ends with a smaller batch, if the problem keeps it
    whole = epochs * ceil(n / size) + rest // size if oracle.keeps_rest(size) else rows // size
    return max(1, whole)


def scheduled(
    oracle: Oracle, name: Schedule, batch_size: int | None, price: float | None = None
) -> Callable[[int], float]:
    """step -> the factor of the learning rate, over the steps that the budget allows. price: see `gradients`."""
    steps = gradients(oracle, batch_size, price)
    return lambda step: factor(name, step, steps)
