"""AdaHessian: Adam with the Hessian's diagonal, averaged over kernels, in the place of squared gradients."""

from typing import Annotated

from bench.core import Array, Oracle, Range, optimizer

from .hyperparameters import BatchSize, Decay, Epsilon, Momentum, Rate, WeightDecay
from .schedules import Schedule, scheduled

KERNEL = 4  # axes of a layer whose last two are a kernel's


@optimizer(
    order=2,
    lanes=True,
    arrays="torch",
    needs=("torch",),
    source="Yao et al. 2021, arXiv:2006.00719; Hutchinson 1990, doi:10.1080/03610919008812866",
)
def adahessian(
    oracle: Oracle,
    *,
    lr: Rate = 0.15,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    power: Annotated[float, Range(0.5, 1.0, above=0, most=1)] = 1.0,
    eps: Epsilon = 1e-4,
    weight_decay: WeightDecay = 0.0,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Steps of lr times the mean gradient over the root mean square of the Hessian's diagonal, to a power.

    The diagonal is the product with random signs z, times z; its sizes are averaged over each kernel of a layer of four
    axes (equation 10). power: 1, or less for steps nearer to the gradient. Defaults of the authors' code,
    amirgholami/adahessian. Without such layers and options `diagonal-newton` is the same.
    """
    x = oracle.x0
    m, v = x.clone().zero_(), x.clone().zero_()
    price = oracle.prices["gradient"] + oracle.prices["hessian_vector"]
    factor = scheduled(oracle, schedule, batch_size, price)
    oracle.recommend(x)
    for k, batch in enumerate(oracle.minibatches(batch_size)):
        m.mul_(beta1).add_(batch.gradient(x), alpha=1 - beta1)
        z = oracle.rng.signs(oracle.dim)
        d = averaged(oracle, z * batch.hessian_vector(x, z))
        v.mul_(beta2).addcmul_(d, d, value=1 - beta2)
        spread = (v / (1 - beta2 ** (k + 1))).sqrt().pow(power).add_(eps)
        rate = lr * factor(k)
        x.mul_(1 - rate * weight_decay).sub_(rate * (m / (1 - beta1 ** (k + 1))) / spread)


def averaged(oracle: Oracle, d: Array) -> Array:
    """The sizes of a diagonal (*lanes, dim), each kernel's replaced by their mean; d is written over."""
    d = d.abs()
    for layer in oracle.blocks(d):
        if layer.ndim - len(oracle.lanes) == KERNEL:
            layer.copy_(layer.mean((-2, -1), keepdim=True).expand(layer.shape))
    return d
