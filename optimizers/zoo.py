"""Rules from their authors' packages, or from pytorch_optimizer where those are none: the extra `zoo`.

Learning rates are those of the authors, cited one by one: one rate for all would be unfair. Rules that are element by
element go in lanes; Prodigy, which has one step size for all of x, and those of matrices run alone, the latter on the
layers of a network; what has no layers is one vector. In all of them batch_size None takes all data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

import numpy as np

from bench.core import Array, Oracle, Range, optimizer

from .hyperparameters import BatchSize, Decay, Momentum, Rate, SignRate, StepRate, WeightDecay
from .schedules import Schedule, scheduled
from .scripts import by_steps
from .torch_rules import follow

Inner = Annotated[float, Range(0.5, 0.99, above=0, below=1)]  # the fraction of the mean in the points that are asked

ours = partial(optimizer, order=1, arrays="torch")
from_schedulefree = partial(ours, lanes=True, needs=("torch", "schedulefree"))
from_zoo = partial(ours, needs=("torch", "pytorch_optimizer"))


def average(oracle: Oracle, rule: str, batch_size: int | None, inner: float, **options: Any) -> None:
    """Step for ever by a rule of schedulefree, and recommend the mean of its points.

    Gradients are asked at y = (1 - inner) z + inner x, z being the iterate and x the mean; the rule holds y and z, so
    that x = y + (1 - 1 / inner) (z - y), which is what its own eval mode would swap in and out.
    """
    import schedulefree
    import torch

    y = oracle.x0
    mean = y.clone()
    method = getattr(schedulefree, rule)([y], **options)
    method.train()
    oracle.recommend(mean)
    for batch in oracle.minibatches(batch_size):
        y.grad = batch.gradient(y)
        method.step()
        torch.lerp(y, method.state[y]["z"], 1 - 1 / inner, out=mean)


@from_schedulefree(
    source="Defazio et al. 2024, arXiv:2405.15682",
    call=by_steps("schedulefree.SGDScheduleFree", averages=True, lr="lr", momentum="momentum"),
)
def schedulefree_sgd(oracle: Oracle, *, lr: Rate = 1.0, momentum: Inner = 0.9, batch_size: BatchSize = 32) -> None:
    """SGD whose mean takes the place of a schedule. lr: the default of its package."""
    average(oracle, "SGDScheduleFree", batch_size, momentum, lr=lr, momentum=momentum)


@from_schedulefree(
    source="Defazio et al. 2024, arXiv:2405.15682",
    call=by_steps(
        "schedulefree.AdamWScheduleFree",
        averages=True,
        lr="lr",
        betas=("beta1", "beta2"),
        weight_decay="weight_decay",
    ),
)
def schedulefree_adamw(
    oracle: Oracle,
    *,
    lr: StepRate = 2.5e-3,
    beta1: Inner = 0.9,
    beta2: Decay = 0.999,
    weight_decay: WeightDecay = 0.0,
    batch_size: BatchSize = 32,
) -> None:
    """AdamW whose mean takes the place of momentum and of a schedule. lr: the default of its package."""
    options: Any = {"lr": lr, "betas": (beta1, beta2), "weight_decay": weight_decay}
    average(oracle, "AdamWScheduleFree", batch_size, beta1, **options)


@ours(
    needs=("torch", "prodigyopt"),
    source="Mishchenko & Defazio 2024, arXiv:2306.06101",
    call=by_steps("prodigyopt.Prodigy", lr="lr", betas=("beta1", "beta2")),
)
def prodigy(
    oracle: Oracle,
    *,
    lr: Rate = 1.0,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam that estimates its step size from how far it has come. lr: a factor of it; the authors say to leave it 1."""
    import prodigyopt

    def rules(x: list[Array]) -> list:
        return [prodigyopt.Prodigy(x, lr=lr, betas=(beta1, beta2))]

    follow(oracle, rules, schedule=schedule, batch_size=batch_size)


def follow_zoo(
    oracle: Oracle, rule: str, schedule: Schedule, batch_size: int | None, matrices: bool = False, **options: Any
) -> None:
    """Step for ever by a rule of pytorch_optimizer: its class, and arguments. matrices: whether it sees the layers."""
    import pytorch_optimizer

    kind = getattr(pytorch_optimizer, rule)
    more: Any = {"parameters": oracle.blocks} if matrices else {}
    follow(oracle, lambda x: [kind(x, **options)], schedule=schedule, batch_size=batch_size, **more)


@from_zoo(
    lanes=True,
    source="Chen et al. 2023, arXiv:2302.06675",
    call=by_steps("pytorch_optimizer.Lion", lr="lr", betas=("beta1", "beta2"), weight_decay="weight_decay"),
)
def lion(
    oracle: Oracle,
    *,
    lr: SignRate = 1e-4,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.99,
    weight_decay: WeightDecay = 0.0,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Steps by the sign of a mean of gradients, found by symbolic search. lr: of the authors' code, google/automl."""
    options: Any = {"lr": lr, "betas": (beta1, beta2), "weight_decay": weight_decay}
    follow_zoo(oracle, "Lion", schedule, batch_size, **options)


@from_zoo(
    lanes=True,
    source="Pagliardini, Ablin & Grangier 2025, arXiv:2409.03137",
    call=by_steps("pytorch_optimizer.AdEMAMix", lr="lr", betas=("beta1", "beta2", "beta3"), alpha="alpha"),
)
def ademamix(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    beta3: Decay = 0.9999,
    alpha: Annotated[float, Range(1.0, 10.0, log=True, least=0)] = 2.0,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam with a second, slower mean of gradients, of decay beta3 and weight alpha.

    lr, betas and alpha: of the authors' code, apple/ml-ademamix.
    """
    follow_zoo(oracle, "AdEMAMix", schedule, batch_size, lr=lr, betas=(beta1, beta2, beta3), alpha=alpha)


@from_zoo(
    lanes=True,
    source="Xie et al. 2024, arXiv:2208.06677",
    call=by_steps("pytorch_optimizer.Adan", lr="lr", betas=("beta1", "beta2", "beta3")),
)
def adan(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Decay = 0.98,
    beta2: Momentum = 0.92,
    beta3: Decay = 0.99,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam with Nesterov's momentum by differences of gradients. lr and betas: of the authors' code, sail-sg/Adan."""
    follow_zoo(oracle, "Adan", schedule, batch_size, lr=lr, betas=(beta1, beta2, beta3))


@from_zoo(
    lanes=True,
    source="Taniguchi et al. 2024, arXiv:2411.02853",
    call=by_steps("pytorch_optimizer.ADOPT", lr="lr", betas=("beta1", "beta2")),
)
def adopt(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.9999,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam that divides a gradient by the moments of those before, and converges for any beta2.

    lr and betas: of the authors' code, iShohei220/adopt.
    """
    follow_zoo(oracle, "ADOPT", schedule, batch_size, lr=lr, betas=(beta1, beta2))


@from_zoo(
    source="Gupta, Koren & Singer 2018, arXiv:1802.09568",
    call=by_steps("pytorch_optimizer.Shampoo", fixed={"matrix_eps": 1e-4}, lr="lr", momentum="momentum"),
)
def shampoo(
    oracle: Oracle,
    *,
    lr: Rate = 1.0,
    momentum: Momentum = 0.0,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Gradients of a layer between two matrices: inverse roots of the sums of their products, over rows and columns.

    lr, and 1e-4 on the diagonals: of the authors' code, contrib.opt.ShampooOptimizer of TensorFlow 1.15.
    """
    follow_zoo(oracle, "Shampoo", schedule, batch_size, matrices=True, lr=lr, momentum=momentum, matrix_eps=1e-4)


@from_zoo(
    source="Vyas et al. 2025, arXiv:2409.11321",
    call=by_steps("pytorch_optimizer.SOAP", lr="lr", betas=("beta1", "beta2"), weight_decay="weight_decay"),
)
def soap(
    oracle: Oracle,
    *,
    lr: StepRate = 3e-3,
    beta1: Momentum = 0.95,
    beta2: Decay = 0.95,
    weight_decay: WeightDecay = 0.01,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam in the eigenbasis of Shampoo's matrices, which it renews every 10 steps.

    lr, betas and decay: of the authors' code, nikhilvyas/SOAP. A vector goes by Adam.
    """
    options: Any = {"lr": lr, "betas": (beta1, beta2), "weight_decay": weight_decay}
    follow_zoo(oracle, "SOAP", schedule, batch_size, matrices=True, **options)


@from_zoo(
    source="Li 2018, arXiv:1512.04202",
    call=by_steps("pytorch_optimizer.Kron", lr="lr", momentum="momentum", weight_decay="weight_decay"),
)
def kron(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    momentum: Momentum = 0.9,
    weight_decay: WeightDecay = 0.0,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """PSGD with a Kronecker product of triangular matrices as preconditioner, fitted to the gradients.

    lr: of the code that it is taken from, evanatyourservice/kron_torch. A vector has a diagonal preconditioner.
    """
    options: Any = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
    with seeded(int(oracle.rng.random(1) * 2**31), oracle.x0):
        follow_zoo(oracle, "Kron", schedule, batch_size, matrices=True, **options)


@contextmanager
def seeded(seed: int, x: Array) -> Iterator[None]:
    """Seed the global generators of NumPy and of torch where x is, and give them back as they were."""
    import torch

    state = np.random.get_state()
    with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
        np.random.seed(seed)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            np.random.set_state(state)


@from_zoo(order=2, lanes=True, source="Liu et al. 2024, arXiv:2305.14342")
def sophia(
    oracle: Oracle,
    *,
    lr: SignRate = 1e-4,
    beta1: Momentum = 0.96,
    beta2: Decay = 0.99,
    gamma: Annotated[float, Range(1e-3, 1.0, log=True, above=0)] = 0.01,
    every: Annotated[int, Range(1, 100, log=True, least=1)] = 10,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Sophia-H: a mean of gradients divided by gamma times a mean of the Hessian's diagonal, and cut at 1.

    lr: the longest step of a coordinate; of the authors' code, Liuhong99/Sophia. every: steps from one estimate of the
    diagonal to the next, u times the Hessian times u, u being random signs (Hutchinson 1990,
    doi:10.1080/03610919008812866).
    """
    import pytorch_optimizer

    x, rate = oracle.x0, lr / gamma  # the package cuts at gamma what is not divided by it
    rule = pytorch_optimizer.SophiaH([x], lr=rate, betas=(beta1, beta2), p=gamma, update_period=every)
    price = oracle.prices["gradient"] + oracle.prices["hessian_vector"] / every
    factor = scheduled(oracle, schedule, batch_size, price)
    oracle.recommend(x)
    for k, batch in enumerate(oracle.minibatches(batch_size)):
        x.grad = batch.gradient(x)
        diagonal = None
        if k % every == 0:
            signs = oracle.rng.signs(oracle.dim)
            diagonal = [signs * batch.hessian_vector(x, signs)]
        rule.param_groups[0]["lr"] = rate * factor(k)
        rule.step(hessian=diagonal)
