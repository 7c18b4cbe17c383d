"""Gradients estimated from values at perturbed points, handed to torch's update rules.

An estimator is central differences along random directions u: the mean over u of
(f(x + radius u) - f(x - radius u)) / (2 radius) u. Signs give simultaneous perturbation (one direction, 1 / u = u), and
normal numbers the gradient of f smoothed by a Gaussian. All points of one estimate, and all lanes, are one question, so
that both sides of a difference see the same rows of data.

Estimates ask beside the iterate and never at it. Where what was asked is what counts, on problems without noise or
data, every tenth step ends with the value at the iterate: else the radius would set how near to the optimum the record
comes.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bench.core import Array, Oracle, optimizer
from optimizers.hyperparameters import BatchSize, Pairs, Radius, Rate, Step

if TYPE_CHECKING:
    import torch

Estimator = Callable[[Oracle, Array, int], Array]  # oracle of a batch, x (*lanes, dim), k -> gradient (*lanes, dim)

SPALL_ALPHA, SPALL_GAMMA = 0.602, 0.101  # decay of gains and of radii, Spall 1998, section III.B
CALIBRATION = 5  # estimates at the start whose mean magnitude sets the gain
EVERY = 10  # steps from one value at the iterate to the next
EXACT, NOISY = 1e-3, 0.1  # radii in units of the domain's scale, where answers are exact and where they are noisy


def chosen_radius(oracle: Oracle, name: str, given: float | None) -> float:
    """The hyperparameter of that name, in units of the domain's scale, as a length.

    Where it is None it follows Spall's guideline: small where answers are exact, large where they are noisy.
    """
    if given is None:
        given = EXACT if oracle.objective.noise is None else NOISY
    return given * oracle.domain.scale


def slopes(oracle: Oracle, x: Array, directions: Array, radius: float) -> Array:
    """Central differences of f at x (*lanes, dim) along directions (*lanes, pairs, dim), -> (*lanes, pairs)."""
    import torch

    step = radius * directions
    center = x.unsqueeze(-2)
    plus, minus = oracle.value(torch.cat([center + step, center - step], dim=-2)).chunk(2, dim=-1)
    return (plus - minus) / (2 * radius)


def simultaneous_perturbation(c: float) -> Estimator:
    """One pair along random signs, at radius c / (k + 1)^gamma (Spall 1992)."""

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        signs = oracle.rng.signs((1, oracle.dim))
        return slopes(oracle, x, signs, c / (k + 1) ** SPALL_GAMMA) * signs.squeeze(-2)

    return estimate


def gaussian_smoothing(sigma: float, pairs: int) -> Estimator:
    """Antithetic pairs along normal directions, at radius sigma (Nesterov & Spokoiny 2017; Salimans et al. 2017)."""

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        normal = oracle.rng.standard_normal((pairs, oracle.dim))
        return (slopes(oracle, x, normal, sigma).unsqueeze(-1) * normal).mean(-2)

    return estimate


def spall_gains(estimate: Estimator, batch: Oracle, x: Array, first_step: float, c: float, steps: float) -> Estimator:
    """The estimate times a_k = a / (k + 1 + A)^alpha, by the guidelines of Spall 1998, section III.B.

    A is a tenth of `steps`, those that the budget allows. a makes the first step about first_step in each coordinate,
    in units of the domain's scale: the magnitude of estimates at x is measured on the batch, for each lane.
    """
    import torch

    signs = batch.rng.signs((CALIBRATION, batch.dim))
    magnitude = slopes(batch, x, signs, c).abs().mean(-1, keepdim=True)  # (*lanes, 1)
    # where f is flat around the start no gain is known; 1 leaves the estimates as they are
    magnitude = torch.where((magnitude > 0) & magnitude.isfinite(), magnitude, torch.ones_like(magnitude))
    stability = 0.1 * steps
    a = first_step * batch.domain.scale * (stability + 1) ** SPALL_ALPHA / magnitude
    return lambda oracle, x, k: a / (k + 1 + stability) ** SPALL_ALPHA * estimate(oracle, x, k)


def descend(batches: Iterator[Oracle], x: Array, estimate: Estimator, rule: "torch.optim.Optimizer") -> None:
    """Step for ever by a rule that holds x (*lanes, dim), each time with the estimate on the next batch of data."""
    for k, batch in enumerate(batches):
        x.grad = estimate(batch, x, k)
        rule.step()
        if not batch.objective.scored and (k + 1) % EVERY == 0:
            batch.value(x)  # for the record alone


@optimizer(order=0, lanes=True, arrays="torch", needs=("torch",), source="Spall 1998, doi:10.1109/7.705889")
def spsa_sgd(oracle: Oracle, *, first_step: Step = 0.1, c: Radius = None, batch_size: BatchSize = 32) -> None:
    """Simultaneous perturbation (Spall 1992, doi:10.1109/9.119632) with Spall's decaying gains.

    first_step: about the length of the first step in each coordinate; c: the first radius, None by the noise; both in
    units of the domain's scale. batch_size: rows of data a question; None takes all.
    """
    import torch

    rows = oracle.objective.rows
    values = 2 if oracle.objective.scored else 2 + 1 / EVERY  # a step
    price = values * oracle.prices["value"] * min(batch_size or rows, rows) / rows
    x = oracle.x0
    oracle.recommend(x)
    batches = oracle.minibatches(batch_size)
    steps, first_radius = oracle.remaining / price, chosen_radius(oracle, "c", c)
    gained = spall_gains(simultaneous_perturbation(first_radius), next(batches), x, first_step, first_radius, steps)
    descend(batches, x, gained, torch.optim.SGD([x], lr=1.0))  # the gains are the learning rate


@optimizer(order=0, lanes=True, arrays="torch", needs=("torch",), source="Spall 1992, doi:10.1109/9.119632")
def spsa_adam(oracle: Oracle, *, lr: Rate = 0.01, c: Radius = None, batch_size: BatchSize = 32) -> None:
    """Simultaneous perturbation with Adam's rule (Kingma & Ba 2015, arXiv:1412.6980).

    lr: about the length of a step in each coordinate; c: the first radius, None by the noise; both in units of
    the domain's scale. batch_size: rows of data a question; None takes all.
    """
    import torch

    x = oracle.x0
    oracle.recommend(x)
    rule = torch.optim.Adam([x], lr=lr * oracle.domain.scale)
    descend(oracle.minibatches(batch_size), x, simultaneous_perturbation(chosen_radius(oracle, "c", c)), rule)


@optimizer(
    order=0,
    lanes=True,
    arrays="torch",
    needs=("torch",),
    source="Nesterov & Spokoiny 2017, doi:10.1007/s10208-015-9296-2",
)
def es_sgd(
    oracle: Oracle, *, lr: Rate = 1e-3, sigma: Radius = None, pairs: Pairs = 5, batch_size: BatchSize = 32
) -> None:
    """Antithetic Gaussian smoothing with plain gradient steps.

    lr: factor of the estimated gradient, as in gradient descent. sigma: standard deviation of the perturbations, in
    units of the domain's scale, None by the noise. pairs: antithetic pairs an estimate. batch_size: rows of data a
    question; None takes all.
    """
    import torch

    x = oracle.x0
    oracle.recommend(x)
    rule = torch.optim.SGD([x], lr=lr)
    descend(oracle.minibatches(batch_size), x, gaussian_smoothing(chosen_radius(oracle, "sigma", sigma), pairs), rule)


@optimizer(order=0, lanes=True, arrays="torch", needs=("torch",), source="Salimans et al. 2017, arXiv:1703.03864")
def es_adam(
    oracle: Oracle, *, lr: Rate = 0.05, sigma: Radius = None, pairs: Pairs = 5, batch_size: BatchSize = 32
) -> None:
    """Antithetic Gaussian smoothing with Adam's rule (Kingma & Ba 2015, arXiv:1412.6980).

    lr: about the length of a step in each coordinate; sigma: standard deviation of the perturbations, None by the
    noise; both in units of the domain's scale. pairs: antithetic pairs an estimate. batch_size: rows of data a
    question; None takes all.
    """
    import torch

    x = oracle.x0
    oracle.recommend(x)
    rule = torch.optim.Adam([x], lr=lr * oracle.domain.scale)
    descend(oracle.minibatches(batch_size), x, gaussian_smoothing(chosen_radius(oracle, "sigma", sigma), pairs), rule)
