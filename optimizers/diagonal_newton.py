"""Steps by the diagonal of the Hessian, estimated from products with random signs."""

from typing import Annotated

from bench.core import Oracle, Range, optimizer

from .hyperparameters import BatchSize, Momentum, Rate

EPSILON = 1e-4  # added to the curvatures, by which steps are divided


@optimizer(
    order=2,
    lanes=True,
    arrays="any",
    lane_rates=True,
    source="Yao et al. 2021, arXiv:2006.00719; Bekas, Kokiopoulou & Saad 2007, doi:10.1016/j.apnum.2007.01.003",
)
def diagonal_newton(
    oracle: Oracle,
    *,
    lr: Rate = 0.15,
    momentum: Momentum = 0.9,
    decay: Annotated[float, Range(0.9, 0.9999, least=0, below=1)] = 0.999,
    batch_size: BatchSize = 32,
) -> None:
    """AdaHessian: lr times the mean gradient over the root mean square of the Hessian's diagonal.

    A product with random signs z, times z, has the diagonal as its mean. momentum, decay: of the running means of the
    gradient and of the squared diagonal. batch_size: rows of data a question; None takes all.
    """
    x = oracle.x0
    m = v = 0 * x
    for k, batch in enumerate(oracle.minibatches(batch_size), start=1):
        oracle.recommend(x)
        g, z = batch.gradient(x), batch.rng.signs(oracle.dim)
        d = z * batch.hessian_vector(x, z)
        m = momentum * m + (1 - momentum) * g
        v = decay * v + (1 - decay) * d**2
        x = x - lr * (m / (1 - momentum**k)) / ((v / (1 - decay**k)) ** 0.5 + EPSILON)
