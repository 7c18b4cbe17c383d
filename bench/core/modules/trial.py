"""What a few passes tell about a network: what is random, what is written, what it costs, what can be asked of it."""

import pickle
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from inspect import signature
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from bench.core.arrays import differentiated, undifferentiated
from bench.core.foreign import foreign
from bench.core.gate import described
from bench.core.modules.draws import Draws, Refused
from bench.core.modules.kept import KEPT, changed, state
from bench.core.modules.layers import Layers
from bench.core.modules.net import Net, plain_attention
from bench.core.modules.question import STATE, Question

ROWS = 8  # of data in a trial
ALIKE = {torch.float32: 1e-3, torch.float64: 1e-6}  # relative, how near the answer for one of many vectors must come
IGNORED = -100  # the target that torch ignores where nothing else is said: a sample has it, as the least
OTHERS = [7, 7, 6, 5, 5, 3, 1, 0]  # of these rows, those of a second lane
SAMPLE = 256  # rows, spread over all data, that tell whether a loss is a mean
FIRST = 3 / 8  # of these rows: the first of two parts, whose means must make the mean of all
MEAN = {torch.float32: 1e-5, torch.float64: 1e-10}  # relative, how near they must come
MODAL = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd)  # that training and evaluation tell apart
CHANGES = (
    "{} changes from one question to the next, and must be a function of the parameters: it draws random numbers "
    "outside of torch, or keeps something from pass to pass that is no buffer"
)


def refuse(module: nn.Module) -> None:
    """Raise ValueError for what cannot be an objective: no parameters, lazy ones, several dtypes; layers that change
    when they are asked, or whose random numbers no lane can own."""
    name = type(module).__name__
    for place, each in module.named_modules():
        where = f"{type(each).__name__} at {place!r}" if place else name
        if any(nn.parameter.is_lazy(value) for value in each.parameters(recurse=False)):
            raise ValueError(f"{where} is lazy: ask the network once, so that its parameters have shapes")
        if module.training and not each.training and isinstance(each, MODAL):
            raise ValueError(
                f"{where} is in eval mode: f asks all layers as in training, scores all as in evaluation; leave a "
                "dropout out, or put a module of your own in place of a normalisation that keeps its statistics"
            )
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


def look(net: Net, x: Tensor, rows: Mapping[str, Tensor]) -> None:
    """Write down in a network what it does when it is asked about a few rows. Raises ValueError, with shapes, where it
    fails."""
    inputs, drawn, written = list(rows.values()), [], set[str]()
    for train in (True, False):
        layers = Layers(None if train else net.frozen_norms)
        counted, draws = _Counted(), Draws(torch.zeros(1, dtype=torch.int64), alone=True)
        state = {name: value.clone() for name, value in net.state.items()}
        before = {name: value._version for name, value in state.items()}
        seen = ", ".join(str(tuple(each.shape)) for each in inputs)
        try:
            with undifferentiated("torch"), plain_attention(), _watched(net, rows), draws, counted:
                net.forward(x, state, train, layers)(inputs)
        except Refused as error:
            raise ValueError(f"{net.name} cannot be asked: {error}") from error
        except Exception as error:
            raise ValueError(f"{net.name} fails for inputs of shape {seen}: {type(error).__name__}: {error}") from error
        drawn.append(draws.calls > 0)
        written |= {name for name, value in state.items() if value._version != before[name]}
        if train:
            net.frozen_norms, net.norms = frozenset(layers.frozen), bool(layers.seen)
            net.attention = layers.attention
            net.fewest = 2 if layers.values <= len(inputs[0]) else 1
            net.flops, net.held = counted.flops / len(inputs[0]), counted.bytes / len(inputs[0])
    net.random, net.written = (drawn[0], drawn[1]), frozenset(written)


@contextmanager
def _watched(net: Net, rows: Mapping[str, Tensor]) -> Iterator[None]:
    """Write down in a network which rows of data are written here."""
    before = {name: (value._version, value.clone()) for name, value in rows.items()}
    yield
    written = {
        name
        for name, (version, copy) in before.items()
        if (each := rows[name])._version != version or _differ(each, copy)
    }
    net.overwritten |= written
    for name in written:
        rows[name].copy_(before[name][1])


def _differ(a: Tensor, b: Tensor) -> bool:
    return not torch.equal(a.nan_to_num(), b.nan_to_num()) if a.is_floating_point() else not torch.equal(a, b)


def check(question: Question, x: Tensor, arrays: Mapping[str, Tensor], what: str) -> None:
    """Raise ValueError, with shapes, where a function does not give one number for the outputs of a network. Write down
    in the network whether it is random, and whether it writes its targets."""
    net, draws = question.net, Draws(torch.zeros(1, dtype=torch.int64), alone=True)
    state = {name.removeprefix(STATE): value for name, value in arrays.items() if name.startswith(STATE)}
    *inputs, last = [arrays[name] for name, _ in question.rows]
    inputs, targets = (inputs, [last]) if question.targets else ([*inputs, last], [])
    inputs = [each.clone() for each in inputs]
    watched = _watched(net, {"targets": last} if question.targets else {})
    with undifferentiated("torch"), watched, plain_attention(), draws:
        outputs = net.forward(x, state, train=False)(inputs)
        shapes = f"outputs {described(outputs)}" + "".join(f" and targets {described(each)}" for each in targets)
        calls = draws.calls
        for term in question.terms:
            try:
                answer = term.function(outputs, *targets)
            except Exception as error:
                raise ValueError(f"{what} fails for {shapes}: {type(error).__name__}: {error}") from error
            if not isinstance(answer, Tensor) or answer.numel() != 1 or answer.is_complex():
                raise ValueError(f"{what} must give one number as a tensor, got {described(answer)} for {shapes}")
    if draws.calls > calls:
        net.random = (net.random[0] or question.trains, True)
    _refuse_changing(question, x, arrays, what)


def _refuse_changing(question: Question, x: Tensor, arrays: Mapping[str, Tensor], what: str) -> None:
    """Raise ValueError where the same question has several answers."""
    noise = torch.zeros(1, dtype=torch.int64) if question.trains and question.net.random[0] else None
    before, size = _outside(), ALIKE[x.dtype]
    question = replace(question, of_training=False)
    module = question.net.trained if noise is not None or question.trains else question.net.evaluated
    values, states = [], []
    with undifferentiated("torch"):
        for _ in range(3):
            values.append(float(question(x[None], noise=noise, **arrays)))
            states.append(state(module, (term.function for term in question.terms)))
    for earlier, later in pairwise(states):
        if name := changed(earlier, later):
            raise ValueError(KEPT.format(name))
    first, *others = values
    if _outside() != before or not np.allclose(others, first, rtol=size, atol=0.0, equal_nan=True):
        raise ValueError(CHANGES.format(what))
    if question.trains:
        _refuse_changing(replace(question, trains=False), x, arrays, what)


def refuse_sums(question: Question, x: Tensor, arrays: Mapping[str, Tensor], what: str) -> None:
    """Raise ValueError where a term of a loss grows with the number of rows, as a sum over them does, or a norm: where
    it is twice as large for twice the rows, 4 or 1.41 times, at the start and beside it."""
    names = {name for name, _ in question.rows}
    twice = {name: torch.cat([value, value]) if name in names else value for name, value in arrays.items()}
    for term in question.terms:
        alone = replace(question, terms=(term,), trains=False)
        with undifferentiated("torch"):
            pairs = [[float(alone(at[None], **rows)) for rows in (arrays, twice)] for at in (x, _beside(x))]
        for power in (1, 2, 0.5):
            if all(once and np.isclose(double, 2**power * once, 1e-4, 0.0) for once, double in pairs):
                once, double = pairs[0]
                raise ValueError(
                    f"{what} must be a mean over rows, as reduction='mean' gives, so that mini-batches and scores are "
                    f"of one size, got {once:.4g} for {len(arrays[question.rows[0][0]])} rows and {double:.4g} for "
                    "these twice"
                )


def _beside(x: Tensor) -> Tensor:
    """A point near x (dim,)."""
    return x + 0.03 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)


def _outside() -> bytes:
    """The state of the global generators that are not torch's."""
    return pickle.dumps((random.getstate(), np.random.get_state()))


def sample(data: Mapping[str, np.ndarray], limit: int) -> dict[str, np.ndarray]:
    """Rows spread over all data, at most `limit` of them and SAMPLE, and those with the least and the largest target:
    classes and padding that are rare."""
    n = len(next(iter(data.values())))
    index = np.linspace(0, n - 1, min(n, SAMPLE, max(ROWS, limit))).astype(int)
    if (targets := data.get("targets")) is not None and targets.size:
        extremes = [np.unravel_index(at, targets.shape)[0] for at in (targets.argmin(), targets.argmax())]
        index = np.unique([*index, *extremes])
    index = index if len(index) >= ROWS else np.arange(ROWS) % n
    return {key: rows[index] for key, rows in data.items()}


def is_mean(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> bool:
    """Whether the answer for all rows is the mean of those for parts of them, as far as a sample tells, at the start
    and beside it. Cross entropies that divide by weights, or by the rows that are not ignored, are no such mean."""
    if question.net.norms or question.net.random[1]:
        return False
    names, rows = {name for name, _ in question.rows}, len(arrays[question.rows[0][0]])
    cut = int(FIRST * rows)
    first, second = (
        {name: value[part] if name in names else value for name, value in arrays.items()}
        for part in (slice(0, cut), slice(cut, rows))
    )
    with undifferentiated("torch"), _Divided() as divided:
        for point in (x, _beside(x)):
            whole, first_mean, second_mean = (question(point[None], **each) for each in (arrays, first, second))
            mean = (cut * first_mean + (rows - cut) * second_mean) / rows
            if not torch.allclose(whole, mean, rtol=MEAN[x.dtype], atol=0.0, equal_nan=True):
                return False
    return not divided.met


def find_apart(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> str:
    """Why vectors cannot be answered at once: what is raised, or that the answers differ from those alone; else ""."""
    net = question.net
    two = torch.stack([x, x * 1.05 + 0.01])
    other = {name: value if name.startswith(STATE) else value[OTHERS] for name, value in arrays.items()}
    batches = {
        name: value.expand(2, 1, *value.shape) if name.startswith(STATE) else torch.stack([value, other[name]])[:, None]
        for name, value in arrays.items()
    }
    flops, net.flops = net.flops, 0.0  # as if it were small: at once
    try:
        return _differs(question, two, (arrays, arrays), arrays) or _differs(
            question, two[:, None], (arrays, other), batches
        )
    finally:
        net.flops = flops


def metric_apart(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> str:
    """As `find_apart`, of a metric, which nobody differentiates."""
    net, two = question.net, torch.stack([x, x * 1.05 + 0.01])
    question = replace(question, of_training=False)
    flops, net.flops = net.flops, 0.0
    try:
        with undifferentiated("torch"):
            together = question(two, **arrays)
            alone = torch.cat([question(each[None], **arrays) for each in two])
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    finally:
        net.flops = flops
    same = torch.allclose(together, alone, ALIKE[x.dtype], ALIKE[x.dtype], equal_nan=True)
    return "" if same else "its answer for one of several vectors differs from that alone"


def can_stack(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> bool:
    """Whether networks of unlike buffers and frozen parameters can be asked at once."""
    stacked = {name: torch.stack([value, value])[:, None] for name, value in arrays.items()}
    flops, question.net.flops = question.net.flops, 0.0
    try:
        return not _differs(question, torch.stack([x, x])[:, None], (arrays, arrays), stacked)
    finally:
        question.net.flops = flops


def _differs(
    question: Question, x: Tensor, each: tuple[Mapping[str, Tensor], ...], arrays: Mapping[str, Tensor]
) -> str:
    """Why the answers for several vectors x at once, of these arrays, are not those for each alone, of its own; or
    ""."""
    noise = torch.arange(len(x)) if question.net.random[0] else None
    with differentiated():
        try:
            f, gradient = _value_and_gradient(
                question, x, arrays, None if noise is None else noise.reshape(x.shape[:-1])
            )
        except Exception as error:
            return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        for i, own in enumerate(each):
            vector = x[i].reshape(1, -1)
            with foreign(f"the loss of {question.net.name} cannot be asked again"):
                alone = _value_and_gradient(question, vector, own, None if noise is None else noise[i : i + 1])
            for a, b in zip((f[i], gradient[i]), alone, strict=True):
                size = ALIKE[x.dtype]
                if not torch.allclose(a.reshape(b.shape), b, size, size * float(b.abs().max()), equal_nan=True):
                    return "its answer for one of several vectors differs from that alone"
    return ""


def find_order(question: Question, x: Tensor, arrays: Mapping[str, Tensor]) -> Literal[1, 2]:
    """The highest order that torch can differentiate: 2, or 1. Raises ValueError where it cannot at all."""
    noise = torch.zeros(1, dtype=torch.int64) if question.net.random[0] else None
    with differentiated():
        if question(x[None], noise=noise, **arrays).requires_grad:
            raise ValueError(
                f"the loss of {question.net.name} reads parameters that are not those of its outputs, which would stay "
                "as they are: those of the network itself (a penalty of them is the weight decay of an optimizer, or "
                "an output of its forward pass), or of a loss (then make it a part of the network)"
            )
        point = x[None].clone().requires_grad_(True)
        f = question(point, noise=noise, **arrays)
        if not f.requires_grad:
            raise ValueError(f"the loss of {question.net.name} must be a tensor that torch can differentiate")
        with foreign(f"the loss of {question.net.name} cannot be differentiated"):
            torch.autograd.grad(f.sum(), point, retain_graph=True)
        try:
            (gradient,) = torch.autograd.grad(f.sum(), point, create_graph=True)
            if gradient.requires_grad:
                torch.autograd.grad(gradient.sum(), point)
        except RuntimeError:  # torch has no second derivative of some operation: what it says of that, in many ways
            return 1
    return 2


def _value_and_gradient(
    question: Question, x: Tensor, arrays: Mapping[str, Tensor], noise: Tensor | None
) -> tuple[Tensor, Tensor]:
    point = x.clone().requires_grad_(True)
    f = question(point, noise=noise, **arrays)
    (gradient,) = torch.autograd.grad(f.sum(), point)
    return f.detach(), gradient


class _Divided(TorchFunctionMode):
    """Whether a cross entropy is met that divides by the weights of classes, or by the rows that it does not ignore."""

    met = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (F.cross_entropy, F.nll_loss):
            options = signature(func).bind(*args, **(kwargs or {})).arguments
            weighted = options.get("weight") is not None or options.get("ignore_index", IGNORED) != IGNORED
            self.met |= weighted and options.get("reduction", "mean") == "mean"
        return func(*args, **(kwargs or {}))


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
