"""A network of the user's own as an objective."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.core.arrays import constant
from bench.core.domain import Domain
from bench.core.foreign import foreign
from bench.core.gate import described
from bench.core.modules.net import CPU_CHUNK, Net, plain
from bench.core.modules.question import KNOWN, STATE, Question, Term, share
from bench.core.modules.rows import MEMORY, as_rows
from bench.core.modules.scan import Ask, scan
from bench.core.modules.trial import (
    ROWS,
    can_stack,
    check,
    find_apart,
    find_order,
    is_mean,
    look,
    metric_apart,
    refuse,
    refuse_sums,
    sample,
)
from bench.core.objective import Objective, Sampling
from bench.core.streams import seeds

TARGETS = "targets"


@dataclass(frozen=True)
class Metric:
    """A number that tells how good a network is: function(outputs, targets) gives it as a tensor, or of data without
    targets function(outputs). higher: whether more is better."""

    function: Callable[..., Tensor]
    higher: bool = False


def from_module(
    net: nn.Module | Callable[[], nn.Module],
    loss: Callable[..., Tensor] | Mapping[str, Callable[..., Tensor] | tuple[float, Callable[..., Tensor]]],
    train: Any,
    test: Any = None,
    *,
    metrics: Mapping[str, Metric | Callable[..., Tensor]] | None = None,
    instance: int = 1,
    name: str = "",
    sampling: Sampling = "shuffle",
    memory: int = MEMORY,
) -> Objective:
    """Any `torch.nn.Module` as an objective: f(x) is the mean loss over the training rows of the network whose
    parameters are the flat vector x.

    net: a module, whose parameters are where all runs begin; or a function without arguments that makes one: each seed
        begins at parameters of its own. Parameters without requires_grad stay what they are.
    loss: of what the network gives and the targets, one number, as `torch.nn.functional.cross_entropy`; or several by
        name, each with its weight or 1, whose sum is f: {"task": f, "penalty": (0.1, g)}. Of data without targets: of
        what the network gives alone.
    train, test: (inputs, targets), tensors or arrays (rows, ...); more inputs, or no targets, as (x1, x2, y) or
        ((x1, x2), y), and x; a Dataset or a DataLoader of such, which is read once. Rows that are dicts are taken in
        their order, the targets last. Beyond `memory` bytes it is read from a temporary file.
    metrics: functions as `loss`, or `Metric`s, which say in which direction they are good. Of each the runs record
        train_NAME, and test_NAME where there are test rows, besides test_loss, and train_TERM of several losses.

    Random operations of the forward pass (dropout, noise) are drawn anew at each question, for each lane from its own
    stream; scores and metrics are taken of the network as it is evaluated. Batch norms take the statistics of the rows
    of a question, and in metrics those of all training rows, instance norms those of each row: f is a function of x,
    and has no running statistics. Where torch refuses a batch of one row in training, as a batch norm would see one
    number of each channel, a rest of one row is left out of an epoch, as `drop_last` of a DataLoader does it, and
    batch_size=1 is refused. Other buffers that a forward pass writes begin anew at each question; rows of data
    that it writes are copied. What cannot be asked like that is refused: one that gives another f when it is asked
    again, since it draws random numbers outside of torch, or keeps something that is no buffer: attributes of modules
    and losses, and what losses close over, that are other after each pass are named. Not seen is a state that is
    global, in a file, a clock or a running generator, or that Python cannot pickle, unless f changes in three passes.
    All rows are looked at: where the loss fails or is not finite for one that holds NaN, an infinite number, or the
    least or largest whole numbers, that row is named. A loss that grows with the rows, as a sum or a norm, is refused.
    Raises ValueError for what does not fit, with shapes.
    """
    module = net if isinstance(net, nn.Module) else _made(net, 0)
    refuse(module)
    network, terms = Net(module), _terms(loss)
    data = _named(as_rows(train, "train", memory))
    held_out = {} if test is None else _named(as_rows(test, "test", memory))
    _check_shapes(data, held_out)
    dtype = "float64" if network.dtype is torch.float64 else "float32"
    constants = {STATE + key: plain(value).numpy() for key, value in network.state.items()}
    few = {key: constant(value, "torch", dtype) for key, value in {**constants, **_first(data)}.items()}
    x = network.flat(module)
    for rows, what in ((data, "train"), (held_out, "test")):
        if rows:
            scan(rows, _on_rows(network, terms, x, rows, constants, dtype), what)
    look(network, x, {key: few[key] for key in data if key != TARGETS})
    if len(next(iter(data.values()))) < network.fewest:
        raise ValueError("train must hold at least 2 rows, of which batch norms take statistics, got 1")
    spread = sample(data, int(CPU_CHUNK / max(network.held, 1.0)))
    more = few | {key: constant(value, "torch", dtype) for key, value in spread.items()}

    def question(what: str, *terms: Term, **options: Any) -> Question:
        rows = tuple((key, each.ndim) for key, each in data.items())
        asks = Question(network, terms, rows, targets=TARGETS in data, **options)
        check(asks, x, few, what)
        if what == "loss":
            refuse_sums(asks, x, few, what)
        return replace(asks, means=is_mean(asks, x, more))

    f = question("loss", *terms.values(), trains=True)
    if not isfinite(value := float(f(x[None], **few).detach())):
        shapes = ", ".join(str(rows.shape) for rows in data.values())
        raise ValueError(f"loss is {value} at the start, for inputs of shape {shapes}")
    order = find_order(f, x, few)
    network.apart = find_apart(f, x, few)
    network.stacks = not network.state or bool(network.apart) or can_stack(f, x, few)
    wanted = {key: each if isinstance(each, Metric) else Metric(each) for key, each in (metrics or {}).items()}
    measured, higher, of_data = _metrics(question, terms, wanted, bool(held_out))
    for key in (*of_data, *["test_loss"] * bool(held_out)):  # the others of the test rows are the same functions
        if not network.apart and (why := metric_apart(measured[key], x, few)):
            network.apart = f"{key}: {why}"
    score, *questions = share({"": replace(f, trains=False), **measured}).values()
    training_rows = (
        {KNOWN + key: rows for key, rows in data.items() if key != TARGETS} if network.norms and held_out else {}
    )
    return Objective(
        formula=f,
        score=score,
        constants=constants,
        dim=network.dim,
        domain=Domain(scale=0.1),
        start=_start(net, network, x),
        order=order,
        data=data,
        test={**held_out, **training_rows},
        metrics=dict(zip(measured, questions, strict=True)),
        higher=higher,
        of_data=of_data,
        arrays="torch",
        dtype=dtype,
        vectorised=True,
        sampling=sampling,
        fewest=network.fewest,
        noise=seeds if network.random[0] else None,
        shapes=network.shapes,
        width=network.width,
        name=name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", network.name).lower(),
        instance=instance,
    )


def _made(make: Any, seed: int) -> nn.Module:
    """What a function makes where torch draws with this seed; its own generator goes on as if nothing had been."""
    if not callable(make):
        raise ValueError(f"net must be a torch.nn.Module or a function that makes one, got {make!r}")
    with torch.random.fork_rng(devices=[]), foreign("net() fails"):
        torch.manual_seed(seed)
        module = make()
    if not isinstance(module, nn.Module):
        raise ValueError(f"net() must make a torch.nn.Module, got {described(module)}")
    return module


def _start(net: Any, network: Net, x: Tensor) -> Callable[[np.random.Generator], np.ndarray]:
    """The parameters of the module that was given, or those of one that is made with the seed of the run."""
    if isinstance(net, nn.Module):
        first = x.double().numpy()
        return lambda rng: first.copy()

    def start(rng: np.random.Generator) -> np.ndarray:
        module = _made(net, int(rng.integers(2**63)))
        shapes = [tuple(p.shape) for p in module.parameters() if p.requires_grad]
        if shapes != network.shapes:
            raise ValueError(f"net() must make the same parameters each time, got shapes {shapes} and {network.shapes}")
        return network.flat(module).double().numpy()

    return start


def _terms(loss: Any) -> dict[str, Term]:
    """The terms of f by name; "" is that of one loss alone."""
    if not isinstance(loss, Mapping):
        loss = {"": loss}
    terms = {}
    for key, each in loss.items():
        weight, function = each if isinstance(each, tuple) and len(each) == 2 else (1.0, each)
        if not callable(function) or isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise ValueError(f"loss must be a function, or functions by name with a weight or without, got {loss!r}")
        terms[key] = Term(function, float(weight))
    if not terms:
        raise ValueError("loss must have at least one function, got none")
    return terms


def _named(arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Inputs and, where there is more than one array, targets by name."""
    inputs = arrays[:-1] if len(arrays) > 1 else arrays
    names = ["inputs", *(f"inputs{i}" for i in range(2, len(inputs) + 1)), TARGETS]
    return dict(zip(names, arrays, strict=True)) if len(arrays) > 1 else {"inputs": arrays[0]}


def _first(data: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """As many rows as a trial takes: where there are fewer, some again."""
    index = np.arange(ROWS) % len(next(iter(data.values())))
    return {key: rows[index] for key, rows in data.items()}


def _on_rows(
    network: Net,
    terms: Mapping[str, Term],
    x: Tensor,
    data: Mapping[str, np.ndarray],
    constants: Mapping[str, np.ndarray],
    dtype: Any,
) -> Ask:
    """The loss at x on some rows of data, as the network is evaluated."""
    axes = tuple((key, each.ndim) for key, each in data.items())
    asks = Question(network, tuple(terms.values()), axes, targets=TARGETS in data)

    def ask(rows: np.ndarray) -> float:
        arrays = {**constants, **{key: each[rows] for key, each in data.items()}}
        with torch.no_grad():
            return float(asks(x[None], **{key: constant(value, "torch", dtype) for key, value in arrays.items()}))

    return ask


def _check_shapes(train: Mapping[str, np.ndarray], test: Mapping[str, np.ndarray]) -> None:
    if test and {key: rows.shape[1:] for key, rows in train.items()} != {
        key: rows.shape[1:] for key, rows in test.items()
    }:
        shapes = " and ".join(", ".join(str(rows.shape) for rows in data.values()) for data in (train, test))
        raise ValueError(f"train and test must hold rows of the same shapes, got {shapes}")


def _metrics(
    question: Callable[..., Question], terms: Mapping[str, Term], wanted: Mapping[str, Metric], held_out: bool
) -> tuple[dict[str, Question], list[str], list[str]]:
    """What runs record beside f, by name; which of it is good where it is high, and which is of the training rows."""
    functions = {key: (Term(metric.function),) for key, metric in wanted.items()}
    if len(terms) > 1:
        if both := sorted(set(functions) & set(terms)):
            raise ValueError(f"a metric must not be named as a term of the loss, which is recorded, got {both[0]!r}")
        functions |= {key: (replace(term, weight=1.0),) for key, term in terms.items()}
    for key in functions:
        if not isinstance(key, str) or not key.isidentifier() or key == "loss":
            raise ValueError(f"a metric must have a name of letters, digits and _, and not `loss`, got {key!r}")
    measured = {f"train_{key}": question(f"metric {key}", *each) for key, each in functions.items()}
    of_data = list(measured)
    if held_out:  # of the same functions, of which nothing else is to be found out
        measured["test_loss"] = question("metric loss", *terms.values(), of_training=True)
        measured |= {f"test_{key}": replace(measured[f"train_{key}"], of_training=True) for key in functions}
    higher = [key for key in measured if key.partition("_")[2] in {k for k, m in wanted.items() if m.higher}]
    return measured, higher, of_data
