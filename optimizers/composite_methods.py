"""Between the orders: methods for a known network inside an unknown cost.

The cost answers with numbers alone, but of the network everything is known. These methods perturb what the network puts
out, of which there are few numbers, estimate the gradient of the cost there, and let the network carry it back to its
many parameters: v, the estimate for every step, becomes a gradient of x by one product with the network's Jacobian. For
perturbations of the parameters themselves see `optimizers.perturbation`.

What is charged for a step is in the docstrings, at the prices of a value and of a product. With data every row is a
step of its own, whose cost follows from its own output. In an episode steps are time, and an output is to blame for all
costs from its own step on, but for none before. Episodes of one question start where the world says, each elsewhere.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from bench.core import Array, Oracle, Range, optimizer

from .estimators import finite
from .hyperparameters import BatchSize, Pairs, Rate
from .perturbation import RULES

Exploration = Annotated[float, Range(0.01, 3.0, log=True, above=0)]  # in units of what the network puts out
Draws = Annotated[int, Range(2, 50, log=True, least=2)]
Distribution = Literal["normal", "gumbel"]

TINY = 1e-30  # what a uniform number is at least, for its logarithm


def noise(oracle: Oracle, count: int, distribution: Distribution) -> tuple[Array, Array]:
    """Random numbers z (*lanes, count, steps, outputs) and the derivative of their log density by their location."""
    size = (count, oracle.steps, oracle.outputs)
    if distribution == "normal":
        z = oracle.rng.standard_normal(size)
        return z, z
    exponential = -oracle.rng.random(size).clamp(min=TINY).log()  # Gumbel numbers are minus its logarithm
    return -exponential.log(), 1 - exponential


def blame(oracle: Oracle, costs: Array) -> Array:
    """What each step's output may have caused: the cost of its row of data, or all costs of an episode from then on."""
    return costs.flip(-1).cumsum(-1).flip(-1) if oracle.episodic else costs


def others(costs: Array) -> Array:
    """The mean over the other points of costs (*lanes, points, steps), step by step, of the same shape."""
    n = costs.shape[-2]
    return (costs.sum(-2, keepdim=True) - costs) / (n - 1)


def pulled_back(oracle: Oracle, x: Array, inputs: Array, v: Array) -> Array:
    """The gradient at x (*lanes, dim) of v (*lanes, points, steps, outputs), that of the costs: the mean over points.

    Rows of data are the same for every point, so that one product carries their mean. Episodes see inputs of their own.
    """
    v = v / oracle.steps  # f is the mean over the steps
    if not oracle.episodic:
        return oracle.vjp(x, inputs.select(-3, 0), v.mean(-3))
    return oracle.vjp(x.unsqueeze(-2).expand(*inputs.shape[:-2], oracle.dim), inputs, v).mean(-2)


def play(oracle: Oracle, x: Array, e: Array) -> tuple[Array, Array]:
    """One answer for each e (*lanes, points, steps, outputs), all at x (*lanes, dim)."""
    return oracle.play(x.unsqueeze(-2).expand(*e.shape[:-2], oracle.dim), e)


@optimizer(
    order=0,
    lanes=True,
    arrays="torch",
    needs=("torch",),
    structure="composite",
    lane_rates=True,
    version=2,
    source="Spall 1992, doi:10.1109/9.119632; Werfel, Xie & Seung 2005, doi:10.1162/089976605774320539",
)
def output_perturbation_adam(
    oracle: Oracle, *, lr: Rate = 0.1, sigma: Exploration = 1.0, pairs: Pairs = 2, batch_size: BatchSize = 32
) -> None:
    """Central differences of the costs along random directions of the network's outputs, pulled back; with Adam's rule.

    The estimate at the outputs is the mean over antithetic pairs of (c(e) - c(-e)) / (2 sigma^2) e, e normal, for each
    step: the gradient of the costs smoothed by a Gaussian. Where the two sides of a pair see other inputs, as in
    episodes, it is carried back through both. A step takes 2 pairs values and 1 product; in episodes 2 pairs products.

    lr: about the length of a step in each coordinate, in units of the domain's scale. sigma: standard deviation of e,
    in units of what the network puts out: where costs are piecewise constant in it, it must be large enough for them to
    change. batch_size: rows of data a question; None takes all.
    """
    import torch

    def estimate(batch: Oracle, x: Array) -> Array:
        z, _ = noise(batch, pairs, "normal")
        e = sigma * z
        costs, inputs = play(batch, x, torch.cat([e, -e], dim=-3))
        plus, minus = blame(batch, costs).chunk(2, dim=-2)
        v = ((plus - minus) / (2 * sigma)).unsqueeze(-1) * z
        return pulled_back(batch, x, inputs, torch.cat([v, v], dim=-3))

    descend(oracle, estimate, lr, batch_size)


@optimizer(
    order=0,
    lanes=True,
    arrays="torch",
    needs=("torch",),
    structure="composite",
    lane_rates=True,
    version=2,
    source="Williams 1992, doi:10.1007/BF00992696",
)
def reinforce_adam(
    oracle: Oracle,
    *,
    lr: Rate = 0.1,
    sigma: Exploration = 1.0,
    draws: Draws = 4,
    exploration: Distribution = "normal",
    batch_size: BatchSize = 32,
) -> None:
    """The policy gradient REINFORCE, with a baseline and, in episodes, the cost to go; with Adam's rule.

    Outputs are drawn around what the network puts out, and each step's (c - b) d log p / d output is pulled back. The
    mean is the gradient of the expected cost, whatever the world does with outputs. b is the mean cost to go of the
    other draws in the same step, so that it adds no bias. A step takes as many values as draws, and 1 product; in
    episodes as many as draws.

    lr: about the length of a step in each coordinate, in units of the domain's scale. sigma: of the exploration, in
    units of what the network puts out. draws: of each row of data, or episodes. exploration: "normal", or "gumbel",
    with which a world that acts by the greatest output draws from the softmax of outputs / sigma. batch_size: rows of
    data a question; None takes all.
    """

    def estimate(batch: Oracle, x: Array) -> Array:
        z, score = noise(batch, draws, exploration)
        costs, inputs = play(batch, x, sigma * z)
        caused = blame(batch, costs)
        v = (caused - others(caused)).unsqueeze(-1) * score / sigma
        return pulled_back(batch, x, inputs, v)

    descend(oracle, estimate, lr, batch_size)


def descend(
    oracle: Oracle, estimate: Callable[[Oracle, Array], Array], lr: float | Array, batch_size: int | None
) -> None:
    """Adam's steps for ever, on the estimate of the next batch; what is not finite says nothing, and counts as 0."""
    x = oracle.x0
    oracle.recommend(x)
    move = RULES["adam"].start(x)
    for batch in oracle.minibatches(batch_size):
        x.add_(oracle.scale * (lr * move(oracle.scale * finite(estimate(batch, x)))))
