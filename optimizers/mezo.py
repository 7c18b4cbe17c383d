"""MeZO: simultaneous perturbation in place, with directions that are drawn again from a seed and never stored."""

from bench.core import Array, Oracle, optimizer

from .estimators import finite
from .hyperparameters import BatchSize, Rate, Step
from .schedules import Schedule, scheduled

CHUNK = 1 << 14  # coordinates of a lane's direction that are in memory at a time


@optimizer(order=0, lanes=True, arrays="torch", needs=("torch",), source="Malladi et al. 2023, arXiv:2305.17333")
def mezo(
    oracle: Oracle, *, lr: Rate = 1e-3, eps: Step = 1e-3, schedule: Schedule = "constant", batch_size: BatchSize = 32
) -> None:
    """A step along a normal direction z by the slope from two values, at x + eps z and x - eps z of the same batch.

    Beside x nothing is held: x itself is moved to either side and back, and z drawn each time from the same seed.
    Algorithm 1. eps: in scales of the coordinates. lr: the authors have 1e-7 to 1e-6 for language models that were
    trained before, and eps 1e-3; small networks from scratch take more. Values are asked beside the iterate alone.
    """
    x = oracle.x0
    answer = x.clone()  # x is away from it while the oracle may look
    oracle.recommend(answer)
    factor = scheduled(oracle, schedule, batch_size, 2 * oracle.prices["value"])
    for k, batch in enumerate(oracle.minibatches(batch_size)):
        seeds = (oracle.rng.random(1) * 2**31).long().flatten()
        move(x, seeds, eps, oracle.scale)
        f = batch.value(x)
        move(x, seeds, -2 * eps, oracle.scale)
        slope = finite((f - batch.value(x)) / (2 * eps))  # (*lanes)
        move(x, seeds, eps - lr * factor(k) * slope, oracle.scale)
        answer.copy_(x)


def move(x: Array, seeds: Array, length: float | Array, scale: Array) -> None:
    """Add length (*lanes) times scale times the normal direction of each lane's seed, of seeds (lanes,), to x
    (*lanes, dim), in place. Directions are computed where x is, and those of one lane without regard to others."""
    import torch

    from bench.core.modules.draws import uniform

    lanes, scales = x.view(-1, x.shape[-1]), scale.reshape(-1, x.shape[-1])
    lengths = torch.as_tensor(length, dtype=x.dtype, device=x.device).expand(x.shape[:-1]).reshape(-1, 1)
    for call, (part, units) in enumerate(zip(lanes.split(CHUNK, -1), scales.split(CHUNK, -1), strict=True)):
        z = torch.special.ndtri(uniform(seeds, call, tuple(part.shape[1:]))).to(x.dtype)
        part.add_(z.mul_(units).mul_(lengths))
