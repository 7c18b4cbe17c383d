"""The first-order rules of torch.optim for dense gradients, with torch's own defaults.

Most are element by element, so that a batch of runs advances in one tensor: all but Adafactor and Muon, which look at
whole matrices and run alone. In all of them batch_size None takes all data, and without data gradients are exact.
"""

from functools import partial
from typing import Annotated, Any

from bench.core import Array, Oracle, Range, optimizer

from .hyperparameters import BatchSize, Decay, Epsilon, Momentum, Rate, StepRate, WeightDecay
from .schedules import Schedule
from .scripts import by_steps
from .torch_rules import descend, follow

alone = partial(optimizer, order=1, arrays="torch", needs=("torch",))
in_lanes = partial(alone, lanes=True)
with_rates = partial(in_lanes, lane_rates=True)


@with_rates(
    source="Sutskever et al. 2013, ICML, PMLR 28(3), 1139-1147",
    call=by_steps("torch.optim.SGD", lr="lr", momentum="momentum", nesterov="nesterov"),
)
def torch_sgd(
    oracle: Oracle,
    *,
    lr: Rate = 1e-3,
    momentum: Momentum = 0.9,
    nesterov: bool = False,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Stochastic gradient descent with momentum, heavy-ball or Nesterov's; torch's own default has none."""
    options = {"momentum": momentum, "nesterov": nesterov and momentum > 0}
    descend(oracle, "SGD", lr=lr, schedule=schedule, batch_size=batch_size, **options)


@with_rates(
    source="Kingma & Ba 2015, arXiv:1412.6980",
    call=by_steps("torch.optim.Adam", lr="lr", betas=("beta1", "beta2"), eps="eps"),
)
def torch_adam(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam: each coordinate's step is scaled by running moments of its gradient."""
    descend(oracle, "Adam", lr=lr, schedule=schedule, batch_size=batch_size, betas=(beta1, beta2), eps=eps)


@with_rates(
    source="Loshchilov & Hutter 2019, arXiv:1711.05101",
    call=by_steps("torch.optim.AdamW", lr="lr", betas=("beta1", "beta2"), eps="eps", weight_decay="weight_decay"),
)
def torch_adamw(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    weight_decay: WeightDecay = 0.01,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam with weights that decay towards 0 by lr * weight_decay a step, apart from the gradient."""
    options: Any = {"betas": (beta1, beta2), "eps": eps, "decay": weight_decay}
    descend(oracle, "Adam", lr=lr, schedule=schedule, batch_size=batch_size, **options)


@with_rates(
    source="Kingma & Ba 2015, arXiv:1412.6980, section 7.1",
    call=by_steps("torch.optim.Adamax", lr="lr", betas=("beta1", "beta2")),
)
def torch_adamax(
    oracle: Oracle,
    *,
    lr: StepRate = 2e-3,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam with a decaying maximum in the place of the second moment."""
    descend(oracle, "Adamax", lr=lr, schedule=schedule, batch_size=batch_size, betas=(beta1, beta2))


@with_rates(
    source="Dozat 2016, ICLR workshop, openreview OM0jvwB8jIp57ZJjtNEZ",
    call=by_steps("torch.optim.NAdam", lr="lr", betas=("beta1", "beta2")),
)
def torch_nadam(
    oracle: Oracle,
    *,
    lr: StepRate = 2e-3,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam with Nesterov's momentum."""
    descend(oracle, "NAdam", lr=lr, schedule=schedule, batch_size=batch_size, betas=(beta1, beta2))


@with_rates(
    source="Liu et al. 2020, arXiv:1908.03265", call=by_steps("torch.optim.RAdam", lr="lr", betas=("beta1", "beta2"))
)
def torch_radam(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    beta1: Momentum = 0.9,
    beta2: Decay = 0.999,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Adam that scales its first steps by how much is known of the second moment."""
    descend(oracle, "RAdam", lr=lr, schedule=schedule, batch_size=batch_size, betas=(beta1, beta2))


@with_rates(
    source="Tieleman & Hinton 2012, Neural Networks for Machine Learning, lecture 6.5",
    call=by_steps("torch.optim.RMSprop", lr="lr", alpha="alpha", eps="eps", momentum="momentum", centered="centered"),
)
def torch_rmsprop(
    oracle: Oracle,
    *,
    lr: StepRate = 0.01,
    alpha: Decay = 0.99,
    eps: Epsilon = 1e-8,
    momentum: Momentum = 0.0,
    centered: bool = False,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Gradients divided by the root of their running mean square.

    alpha: of that mean. centered: less the square of the mean gradient (Graves 2013, arXiv:1308.0850).
    """
    options = {"alpha": alpha, "eps": eps, "momentum": momentum, "centered": centered}
    descend(oracle, "RMSprop", lr=lr, schedule=schedule, batch_size=batch_size, **options)


@with_rates(source="Duchi, Hazan & Singer 2011, JMLR 12, 2121-2159", call=by_steps("torch.optim.Adagrad", lr="lr"))
def torch_adagrad(
    oracle: Oracle, *, lr: StepRate = 0.01, schedule: Schedule = "constant", batch_size: BatchSize = 32
) -> None:
    """Gradients divided by the root of the sum of all their squares."""
    descend(oracle, "Adagrad", lr=lr, schedule=schedule, batch_size=batch_size)


@with_rates(source="Zeiler 2012, arXiv:1212.5701", call=by_steps("torch.optim.Adadelta", lr="lr", rho="rho", eps="eps"))
def torch_adadelta(
    oracle: Oracle,
    *,
    lr: Rate = 1.0,
    rho: Decay = 0.9,
    eps: Epsilon = 1e-6,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Gradients times the ratio of two running root mean squares, of the steps and of the gradients.

    rho: of both. eps: the square root of it is the length of the first steps, from which they grow.
    """
    descend(oracle, "Adadelta", lr=lr, schedule=schedule, batch_size=batch_size, rho=rho, eps=eps)


@in_lanes(source="Polyak & Juditsky 1992, doi:10.1137/0330046")
def torch_asgd(
    oracle: Oracle,
    *,
    lr: Rate = 0.01,
    lambd: Annotated[float, Range(1e-6, 1e-2, log=True, least=0)] = 1e-4,
    alpha: Annotated[float, Range(0.5, 1.0, least=0, most=1)] = 0.75,
    t0: Annotated[float, Range(1, 1e6, log=True, least=0)] = 1e6,
    batch_size: BatchSize = 32,
) -> None:
    """Stochastic gradient descent that recommends the mean of its points.

    At step t the rate is lr / (1 + lambd lr t)^alpha, and x decays by lambd times it. t0: the step with which the mean
    begins; before, the last point stands for it (Bottou 2012, doi:10.1007/978-3-642-35289-8_25).
    """
    import torch

    x = oracle.x0
    # a GPU would be asked for each rate, and waited for, unless steps are such as can be captured
    rule = torch.optim.ASGD([x], lr=lr, lambd=lambd, alpha=alpha, t0=t0, capturable=x.is_cuda)
    oracle.recommend(x)
    for batch in oracle.minibatches(batch_size):
        x.grad = batch.gradient(x)
        rule.step()
        oracle.recommend(rule.state[x]["ax"])


@in_lanes(source="Riedmiller & Braun 1993, doi:10.1109/ICNN.1993.298623")
def torch_rprop(
    oracle: Oracle,
    *,
    lr: Rate = 0.01,
    shrink: Annotated[float, Range(0.3, 0.8, above=0, below=1)] = 0.5,
    grow: Annotated[float, Range(1.05, 1.5, above=1)] = 1.2,
    batch_size: BatchSize = None,
) -> None:
    """Steps by the gradient's sign alone: each coordinate's length grows while it keeps, and shrinks where it turns.

    lr: the first length. Signs on mini-batches are those of their noise: all data is the default.
    """
    import torch

    x = oracle.x0
    rule = torch.optim.Rprop([x], lr=lr, etas=(shrink, grow))
    oracle.recommend(x)
    for batch in oracle.minibatches(batch_size):
        x.grad = batch.gradient(x)
        rule.step()


@alone(source="Shazeer & Stern 2018, arXiv:1804.04235")
def torch_adafactor(
    oracle: Oracle, *, lr: StepRate = 0.01, schedule: Schedule = "constant", batch_size: BatchSize = 32
) -> None:
    """Adam without momentum whose second moments are, of each layer, the product of a row and a column.

    lr: of the root mean square of the layer's weights, a step moves that fraction of it at most.
    """
    import torch

    def rules(layers: list[Array]) -> list[torch.optim.Optimizer]:
        return [torch.optim.Adafactor(layers, lr=lr)]

    follow(oracle, rules, schedule=schedule, batch_size=batch_size, parameters=oracle.blocks)


@alone(source="Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/")
def torch_muon(
    oracle: Oracle,
    *,
    lr: StepRate = 1e-3,
    momentum: Momentum = 0.95,
    weight_decay: WeightDecay = 0.1,
    schedule: Schedule = "constant",
    batch_size: BatchSize = 32,
) -> None:
    """Momentum whose matrices are made orthogonal: all their singular values become about 1.

    Vectors, and with them all of x where a problem has no layers, go by AdamW; the author would send the last layer's
    matrix there, too. Steps of matrices are scaled to the size of AdamW's, so that one lr serves both (Liu et al. 2025,
    arXiv:2502.16982, section 2.2). lr and decay are torch's own.
    """
    import torch

    def rules(layers: list[Array]) -> list[torch.optim.Optimizer]:
        matrices = [layer for layer in layers if layer.ndim == 2]
        others = [layer for layer in layers if layer.ndim != 2]
        options: Any = {"lr": lr, "weight_decay": weight_decay}
        muon = partial(torch.optim.Muon, momentum=momentum, adjust_lr_fn="match_rms_adamw")
        pairs = ((muon, matrices), (torch.optim.AdamW, others))
        return [rule(some, **options) for rule, some in pairs if some]

    follow(oracle, rules, schedule=schedule, batch_size=batch_size, parameters=oracle.blocks)
