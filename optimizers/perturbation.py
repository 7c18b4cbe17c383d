"""Every estimator of a gradient with every first-order rule, by name: `es-adam`, `rc-sgd`, `rank-es-momentum`.

Two tables, of estimators and of rules, are composed. Estimates ask beside the iterate and never at it. Where what was
asked is what counts, on problems without noise or data, every tenth step ends with the value at the iterate: else the
radius would set how near to the optimum the record comes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature, getdoc
from typing import Any, Literal

import numpy as np

from bench.core import Array, Oracle, optimizer

from .bounds import reflected
from .estimators import (
    Estimator,
    central_differences,
    forward_differences,
    gaussian_smoothing,
    orthogonal_directions,
    random_coordinates,
    rank_shaping,
    simultaneous_perturbation,
    slopes,
    sphere_smoothing,
)
from .hyperparameters import BatchSize, Momentum, Pairs, Radius, Rate, Step

Move = Callable[[Array], Array]  # a gradient (*lanes, dim) -> the step at a rate of 1, of the same shape
Walls = Literal["clip", "reflect", "free"]

SPALL_ALPHA = 0.602  # decay of gains, Spall 1998, section III.B
CALIBRATION = 5  # estimates at the start whose mean magnitude sets the gain
EVERY = 10  # steps from one value at the iterate to the next
EXACT, NOISY = 1e-3, 0.1  # radii in units of the domain's scale, where answers are exact and where they are noisy


@dataclass(frozen=True)
class Estimation:
    """An estimator as a part of methods.

    make: from a radius, and pairs where it has them. radius: that hyperparameter's name. pairs: at first, 0 for none.
    power: of the machine's precision, which is the radius where answers are exact; None for 1e-3.
    calm: by what the rates of rules are divided. unitless: whether its estimates are as long whatever the slope.
    """

    make: Callable[..., Estimator]
    source: str
    radius: str = "radius"
    pairs: int = 5
    power: float | None = None
    calm: int = 1
    unitless: bool = False


@dataclass(frozen=True)
class Rule:
    """A first-order rule as a part of methods.

    start: from x, and its further options, to the rule. lr: the rate by default, in units of the domain's scale.
    lengths: whether its steps are about as long as the rate; else only the first one is, the rate being a factor of
    estimates over their magnitude at the start. options: further hyperparameters, each with its annotation and default.
    """

    start: Callable[..., Move]
    text: str
    source: str
    lr: float
    lengths: bool = True
    options: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


ESTIMATORS: Mapping[str, Estimation] = {
    "fd": Estimation(
        forward_differences, "Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5, section 8.1", pairs=0, power=1 / 2
    ),
    "cd": Estimation(central_differences, "Kiefer & Wolfowitz 1952, doi:10.1214/aoms/1177729392", pairs=0, power=1 / 3),
    "rc": Estimation(random_coordinates, "Nesterov 2012, doi:10.1137/100802001", power=1 / 3),
    "spsa": Estimation(simultaneous_perturbation, "Spall 1992, doi:10.1109/9.119632", radius="c", pairs=0, calm=5),
    "es": Estimation(gaussian_smoothing, "Nesterov & Spokoiny 2017, doi:10.1007/s10208-015-9296-2", radius="sigma"),
    "sphere": Estimation(sphere_smoothing, "Shamir 2017, JMLR 18(52), arXiv:1507.08752"),
    "orthogonal": Estimation(orthogonal_directions, "Kozak et al. 2023, doi:10.1007/s10107-022-01866-9"),
    "rank-es": Estimation(
        rank_shaping,
        "Salimans et al. 2017, arXiv:1703.03864; Wierstra et al. 2014, JMLR 15, 949-980",
        radius="sigma",
        unitless=True,
    ),
}


def torch_rule(name: str) -> Callable[..., Move]:
    """A rule of torch.optim, whose step from 0 at a rate of 1 is what x is moved by."""

    def start(x: Array, **options: float) -> Move:
        import torch

        step = torch.zeros_like(x)
        method = getattr(torch.optim, name)([step], lr=1.0, **options)

        def move(gradient: Array) -> Array:
            step.zero_()
            step.grad = gradient
            method.step()
            return step

        return move

    return start


def sign_rule(x: Array) -> Move:
    """The gradient's signs."""
    return lambda gradient: -gradient.sign()


RULES: Mapping[str, Rule] = {
    "sgd": Rule(
        torch_rule("SGD"), "plain gradient steps", "Robbins & Monro 1951, doi:10.1214/aoms/1177729586", 0.3,
        lengths=False,
    ),
    "momentum": Rule(
        torch_rule("SGD"), "momentum", "Polyak 1964, doi:10.1016/0041-5553(64)90137-5", 0.03,
        lengths=False, options={"momentum": (Momentum, 0.9)},
    ),
    "adam": Rule(torch_rule("Adam"), "Adam's rule", "Kingma & Ba 2015, arXiv:1412.6980", 0.05),
    "rmsprop": Rule(torch_rule("RMSprop"), "the rule of RMSprop", "Tieleman & Hinton 2012, lecture 6.5", 0.05),
    "sign": Rule(sign_rule, "steps by the signs alone", "Bernstein et al. 2018, arXiv:1802.04434", 0.05),
}  # fmt: skip


def chosen_radius(oracle: Oracle, name: str, given: float | None) -> float:
    """The radius of the estimator of that name, in units of the domain's scale.

    Where it is None it follows Spall's guideline: small where answers are exact, large where they are noisy. Small is,
    for differences along coordinates, what balances their error and that of rounding (Nocedal & Wright 2006, section
    8.1).
    """
    power = ESTIMATORS[name].power
    small: float = EXACT if power is None else float(np.finfo(oracle.dtype).eps) ** power
    if given is None:
        given = small if not oracle.noisy else NOISY
    return given


def kept(oracle: Oracle, walls: Walls) -> Move:
    """The map of iterates (*lanes, dim) into hard bounds of each lane's own: onto them, mirrored, or not at all."""
    if walls == "free" or not oracle.domain.fenced:
        return lambda x: x
    low, high = oracle.bounds
    return (lambda x: x.clip(low, high)) if walls == "clip" else (lambda x: reflected(x, low, high))


def descend(
    batches: Iterator[Oracle], x: Array, estimate: Estimator, rule: Move, rate: float | Array, inside: Move
) -> None:
    """Step for ever from x (*lanes, dim), in place, by rate times the rule's step on the estimate of the next batch,
    in units of the domain's scale."""
    for k, batch in enumerate(batches):
        x.copy_(inside(x + batch.scale * (rate * rule(estimate(batch, x, k)))))
        if not batch.scored and (k + 1) % EVERY == 0:
            batch.value(x)  # for the record alone


def magnitude(estimate: Estimator, batch: Oracle, x: Array, count: int) -> Array:
    """The mean magnitude of a component of so many estimates at x, of each lane: (*lanes, 1). Where f is flat there,
    and no rate is known, it is 1, which leaves the estimates as they are."""
    import torch

    # one after the other: a mean over several at once would round in an order that depends on the lanes
    mean = sum((estimate(batch, x, k).abs().mean(-1, keepdim=True) for k in range(count)), torch.zeros(())) / count
    return torch.where(mean > 0, mean, torch.ones_like(mean))


def composed(name: str, estimation: Estimation, rule: Rule) -> Callable[..., None]:
    """The method of an estimator and a rule, with the hyperparameters of both."""
    calibrated = not (rule.lengths or estimation.unitless)
    counts = {"pairs": (Pairs, estimation.pairs)} if estimation.pairs else {}
    takes = {"lr": (Rate, rule.lr / estimation.calm), **rule.options, estimation.radius: (Radius, None), **counts}
    takes |= {"walls": (Walls, "clip"), "batch_size": (BatchSize, 32)}

    def method(oracle: Oracle, **given: Any) -> None:
        radius = chosen_radius(oracle, name, given[estimation.radius])
        estimate = estimation.make(radius, **{key: given[key] for key in counts})
        x = oracle.x0
        oracle.recommend(x)
        move = rule.start(x, **{key: given[key] for key in rule.options})
        batches, rate = oracle.minibatches(given["batch_size"]), given["lr"]
        if calibrated:
            rate = rate / magnitude(estimate, next(batches), x, estimation.calm)
        descend(batches, x, estimate, move, rate, kept(oracle, given["walls"]))

    keywords = [
        Parameter(key, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for key, (annotation, default) in takes.items()
    ]
    described: Any = method  # functions have no such attribute for the type checker
    described.__signature__ = Signature([Parameter("oracle", Parameter.POSITIONAL_ONLY), *keywords])
    step = "the first step" if calibrated else "a step"
    method.__doc__ = (
        f"{getdoc(estimation.make)}\n\nWith {rule.text} ({rule.source}). lr: about the length of {step} in each "
        f"coordinate, and {estimation.radius}, None by the noise: in units of the domain's scale. walls: what becomes "
        "of an iterate beyond a bound. batch_size: rows of data a question; None takes all."
    )
    return method


for _estimator, _estimation in ESTIMATORS.items():
    for _rule in RULES:
        if (_estimator, _rule) != ("spsa", "sgd"):  # has gains of its own, below
            optimizer(
                order=0,
                name=f"{_estimator}-{_rule}",
                source=f"{_estimation.source}; {RULES[_rule].source}",
                lanes=True,
                arrays="torch",
                needs=("torch",),
                lane_rates=True,
                version=3,
            )(composed(_estimator, _estimation, RULES[_rule]))


def spall_gains(estimate: Estimator, batch: Oracle, x: Array, first_step: float, c: float, steps: float) -> Estimator:
    """The estimate times a_k = a / (k + 1 + A)^alpha, by the guidelines of Spall 1998, section III.B.

    A is a tenth of `steps`, those that the budget allows. a makes the first step about first_step in each coordinate,
    in units of the domain's scale: the magnitude of slopes at x is measured on the batch, for each lane.
    """
    import torch

    signs = batch.rng.signs((CALIBRATION, batch.dim))
    magnitude = slopes(batch, x, signs, c).abs().mean(-1, keepdim=True)  # (*lanes, 1)
    # where f is flat around the start no gain is known; 1 leaves the estimates as they are
    magnitude = torch.where(magnitude > 0, magnitude, torch.ones_like(magnitude))
    stability = 0.1 * steps
    a = first_step * (stability + 1) ** SPALL_ALPHA / magnitude
    return lambda oracle, x, k: a / (k + 1 + stability) ** SPALL_ALPHA * estimate(oracle, x, k)


@optimizer(order=0, lanes=True, arrays="torch", needs=("torch",), version=3, source="Spall 1998, doi:10.1109/7.705889")
def spsa_sgd(
    oracle: Oracle,
    *,
    first_step: Step = 0.1,
    c: Radius = None,
    walls: Walls = "clip",
    batch_size: BatchSize = 32,
) -> None:
    """Simultaneous perturbation (Spall 1992, doi:10.1109/9.119632) with Spall's decaying gains.

    first_step: about the length of the first step in each coordinate; c: the first radius, None by the noise; both in
    units of the domain's scale. walls: what becomes of an iterate beyond a bound. batch_size: rows of data a question;
    None takes all.
    """
    rows = oracle.rows
    values = 2 if oracle.scored else 2 + 1 / EVERY  # a step
    price = values * oracle.prices["value"] * min(batch_size or rows, rows) / rows
    x = oracle.x0
    oracle.recommend(x)
    batches = oracle.minibatches(batch_size)
    steps, first_radius = oracle.remaining / price, chosen_radius(oracle, "spsa", c)
    gained = spall_gains(simultaneous_perturbation(first_radius), next(batches), x, first_step, first_radius, steps)
    rule, inside = RULES["sgd"].start(x), kept(oracle, walls)
    descend(batches, x, gained, rule, 1.0, inside)  # the gains are the learning rate
