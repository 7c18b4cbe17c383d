"""What a few passes tell about a network: what is random, what is written, what it costs, what can be asked of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from bench.core.arrays import differentiated, undifferentiated
from bench.core.gate import described
from bench.core.modules.draws import Draws, Refused
from bench.core.modules.layers import Layers
from bench.core.modules.net import Net, plain_attention
from bench.core.modules.question import STATE, Question

ROWS = 8  # of data in a trial
ALIKE = {torch.float32: 1e-3, torch.float64: 1e-6}  # relative, how near the answer for one of many vectors must come
WEIGHTS = (3, 5)  # rows of two parts, whose means must make the mean of all


def refuse(module: nn.Module) -> None:
    """Raise ValueError for what cannot be an objective: no parameters, lazy ones, several dtypes; layers that change
    when they are asked, or whose random numbers no lane can own."""
    name = type(module).__name__
    for place, each in module.named_modules():
        where = f"{type(each).__name__} at {place!r}" if place else name
        if any(nn.parameter.is_lazy(value) for value in each.parameters(recurse=False)):
            raise ValueError(f"{where} is lazy: ask the network once, so that its parameters have shapes")
        if isinstance(each, nn.RReLU):
            raise ValueError(f"{where} cannot be asked: torch draws its slopes where no seed reaches; nn.LeakyReLU can")
        if isinstance(each, (nn.Embedding, nn.EmbeddingBag)) and each.max_norm is not None:
            raise ValueError(f"{where} has max_norm, which changes parameters when it is asked: leave it out")
    dtypes = {value.dtype for value in module.parameters() if value.requires_grad}
    if not dtypes:
        raise ValueError(f"{name} has no parameter that varies: one at least must have requires_grad")
    if len(dtypes) > 1 or not dtypes <= set(ALIKE):
        names = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in dtypes))
        raise ValueError(f"the parameters of {name} must be all float32 or all float64, got {names}")


def look(net: Net, x: Tensor, inputs: Sequence[Tensor]) -> None:
    """Write down in a network what it does when it is asked about a few rows. Raises ValueError, with shapes, where it
    fails."""
    random, written = [], set[str]()
    for train in (True, False):
        layers = Layers(None if train else net.frozen_norms)
        counted, draws = _Counted(), Draws(torch.zeros(1, dtype=torch.int64), alone=True)
        state = {name: value.clone() for name, value in net.state.items()}
        before = {name: value._version for name, value in state.items()}
        seen = ", ".join(str(tuple(each.shape)) for each in inputs)
        try:
            with undifferentiated("torch"), plain_attention(), draws, counted:
                net.forward(x, state, train, layers)(inputs)
        except Refused as error:
            raise ValueError(f"{net.name} cannot be asked: {error}") from error
        except Exception as error:
            raise ValueError(f"{net.name} fails for inputs of shape {seen}: {type(error).__name__}: {error}") from error
        random.append(draws.calls > 0)
        written |= {name for name, value in state.items() if value._version != before[name]}
        if train:
            net.frozen_norms, net.norms = frozenset(layers.frozen), bool(layers.seen)
            net.attention = layers.attention
            net.flops, net.held = counted.flops / len(inputs[0]), counted.bytes / len(inputs[0])
    net.random, net.written = (random[0], random[1]), frozenset(written)


def check(question: Question, x: Tensor, arrays: Mapping[str, Tensor], what: str) -> None:
    """Raise ValueError, with shapes, where a function does not give one number for the outputs of a network."""
    net = question.net
    state = {name.removeprefix(STATE): value for name, value in arrays.items() if name.startswith(STATE)}
    *inputs, last = [arrays[name] for name, _ in question.rows]
    inputs, targets = (inputs, [last]) if question.targets else ([*inputs, last], [])
    with undifferentiated("torch"), net.modes(torch.zeros(1, dtype=torch.int64), alone=True):
        outputs = net.forward(x, state, train=False)(inputs)
        shapes = f"outputs {described(outputs)}" + "".join(f" and targets {described(each)}" for each in targets)
        for term in question.terms:
            try:
                answer = term.function(outputs, *targets)
            except Exception as error:
                raise ValueError(f"{what} fails for {shapes}: {type(error).__name__}: {error}") from error
            if not isinstance(answer, Tensor) or answer.numel() != 1 or answer.is_complex():
                raise ValueError(f"{what} must give one number as a tensor, got {described(answer)} for {shapes}")


def is_mean(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> bool:
    """Whether the answer for all rows is the mean of those for parts of them, as far as a few rows tell."""
    if question.net.norms or question.net.random[1]:
        return False
    names = {name for name, _ in question.rows}
    first, second = (
        {name: value[rows] if name in names else value for name, value in arrays.items()}
        for rows in (slice(0, WEIGHTS[0]), slice(WEIGHTS[0], ROWS))
    )
    with undifferentiated("torch"):
        whole, first_mean, second_mean = (question(x, **rows) for rows in (arrays, first, second))
    mean = (WEIGHTS[0] * first_mean + WEIGHTS[1] * second_mean) / ROWS
    return bool(torch.allclose(whole, mean, rtol=ALIKE[x.dtype], atol=0.0))


def find_apart(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> str:
    """Why vectors cannot be answered at once: what is raised, or that the answers differ from those alone; else ""."""
    net = question.net
    two = torch.stack([x, x * 1.05 + 0.01])
    noise = torch.arange(2) if net.random[0] else None
    alone, together = replace(question), replace(question)
    with differentiated():
        values = []
        for i in range(2):
            values.append(
                _value_and_gradient(alone, two[i : i + 1], arrays, None if noise is None else noise[i : i + 1])
            )
        width, net.flops = net.flops, 0.0  # as if it were small: at once
        try:
            f, gradient = _value_and_gradient(together, two, arrays, noise)
        except Exception as error:
            return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        finally:
            net.flops = width
    for i, (f_alone, gradient_alone) in enumerate(values):
        for a, b in ((f[i], f_alone[0]), (gradient[i], gradient_alone[0])):
            if not torch.allclose(
                a, b, rtol=ALIKE[x.dtype], atol=ALIKE[x.dtype] * float(b.abs().max()), equal_nan=True
            ):
                return "its answer for one of several vectors differs from that alone"
    return ""


def find_order(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> Literal[1, 2]:
    """The highest order that torch can differentiate: 2, or 1. Raises ValueError where it cannot at all."""
    noise = torch.zeros(1, dtype=torch.int64) if question.net.random[0] else None
    with differentiated():
        point = x[None].clone().requires_grad_(True)
        f = question(point, noise=noise, **arrays)
        if not f.requires_grad:
            raise ValueError(f"the loss of {question.net.name} must be a tensor that torch can differentiate")
        try:
            (gradient,) = torch.autograd.grad(f.sum(), point, create_graph=True)
            if gradient.requires_grad:
                torch.autograd.grad(gradient.sum(), point)
        except (RuntimeError, NotImplementedError):
            return 1
    return 2


def _value_and_gradient(
    question: Question, x: Tensor, arrays: Mapping[str, Tensor], noise: Tensor | None
) -> tuple[Tensor, Tensor]:
    point = x.clone().requires_grad_(True)
    f = question(point, noise=noise, **arrays)
    (gradient,) = torch.autograd.grad(f.sum(), point)
    return f.detach(), gradient


class _Counted(TorchDispatchMode):
    """Counts operations of products and convolutions, and the bytes of all that is made."""

    def __init__(self) -> None:
        super().__init__()
        from torch.utils.flop_counter import flop_registry

        self.registry: Mapping[Any, Callable[..., int]] = flop_registry
        self.flops = self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        count = self.registry.get(func.overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=answer)
        for made in answer if isinstance(answer, (tuple, list)) else (answer,):
            if isinstance(made, Tensor) and not made._is_view():
                self.bytes += made.numel() * made.element_size()
        return answer
