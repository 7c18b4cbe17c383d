"""The bridge to pytorch_optimizer: every optimizer of its registry, by the names of pytorch_optimizer.txt.

That file is what the library itself says and does, written by `python -m bench.optimizers.pytorch_optimizer_names`, so
that listing the names needs no import of the library, which takes seconds. pytorch_optimizer_papers.txt has the rates
of the authors and their papers; where there is none the library's own default stands. What cannot be run here is
listed, too, and its runs are skipped with the reason. Layers are those of the problem; all methods run alone, one run
at a time.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from bench.core import Array, Oracle, Range, optimizer
from bench.core.registry import Unavailable

from .hyperparameters import BatchSize, WeightDecay
from .schedules import Schedule, gradients, scheduled
from .zoo import seeded

if TYPE_CHECKING:
    import torch

NAMES = Path(__file__).with_suffix(".txt")
PAPERS = Path(__file__).with_name("pytorch_optimizer_papers.txt")
LIBRARY = "https://github.com/kozistr/pytorch_optimizer 2026"
KEEPS_GRADIENTS = ("SCIONLight",)  # whose momentum is what it leaves of a gradient, to which the next one is added
WAYS = {
    "gradient": "by gradients alone",
    "asks": "asking itself for gradients and the values that come with them",
    "asks more": "by a gradient, and asking itself for more in a step",
    "muon": "matrices by orthogonal steps, the rest by AdamW at the library's rate for it",
    "matrices": "matrices by its own rule, the rest by AdamW at the same rate",
    "hessian": "by gradients and products of the Hessian with random signs, whose mean is its diagonal "
    "(Hutchinson 1990, doi:10.1080/03610919008812866)",
}


@dataclass(frozen=True)
class Entry:
    """A line of pytorch_optimizer.txt, with the line of the papers: a name in the library's spelling, how it is driven.

    way: one of WAYS, or "" where it cannot be run, and reason says why. rate: the default learning rate, None where
    there is none; given_by: "paper", "code" of the authors, or "library". decay: the library's default weight decay,
    None where it takes none.
    """

    name: str
    way: str
    reason: str
    rate: float | None
    given_by: str
    decay: float | None
    source: str


def entries() -> list[Entry]:
    """All lines of pytorch_optimizer.txt: name, way or - with its reason, the library's rate and weight decay."""
    papers = {name: rest for name, *rest in table(PAPERS)}
    listed = []
    for name, way, default, decay, reason in table(NAMES):
        rate, given_by, source = papers.get(name, ("-", "library", LIBRARY))
        rate = default if rate == "-" else rate
        numbers = [None if text == "-" else float(text) for text in (rate, decay)]
        listed.append(Entry(name, "" if way == "-" else way, reason, numbers[0], given_by, numbers[1], source))
    return listed


def table(path: Path) -> list[list[str]]:
    """The rows of a tab-separated file below its header; lines that begin with # are comments."""
    _, *lines = (line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return [line.split("\t") for line in lines]


def bridge(entry: Entry) -> Callable[..., None]:
    """The optimizer of an entry: its class over the problem's layers, and a step for each gradient.

    What it draws is fixed by the seed. Where the library has a mode for evaluation (schedule-free, SPlus), the point of
    that mode is recommended.
    """

    def method(oracle: Oracle, *, schedule: Schedule, batch_size: int | None, **options: float) -> None:
        if entry.reason:
            raise Unavailable(f"pytorch_optimizer's {entry.name} is not run here: {entry.reason}")
        x = oracle.x0
        with seeded(int(oracle.rng.random(1) * 2**31), x):
            drive(oracle, x, entry, schedule, batch_size, options)

    parameters: dict[str, tuple[Any, Any]] = {"schedule": (Schedule, "constant"), "batch_size": (BatchSize, 32)}
    if entry.decay is not None:
        parameters = {"weight_decay": (WeightDecay, entry.decay), **parameters}
    if entry.rate is not None:
        near = Range(entry.rate / 100, min(entry.rate * 100, 10.0), log=True, above=0)
        parameters = {"lr": (Annotated[float, near], entry.rate), **parameters}
    keywords = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in parameters.items()
    ]
    oracle = inspect.Parameter("oracle", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Oracle)
    method.__signature__ = inspect.Signature([oracle, *keywords])  # pyright: ignore[reportFunctionMemberAccess]
    method.__doc__ = described(entry)
    return method


def described(entry: Entry) -> str:
    """What `show` says of an entry."""
    if entry.reason:
        return f"pytorch_optimizer's {entry.name}, which is not run here: {entry.reason}."
    rate = {"paper": "of the paper", "code": "of the authors' code", "library": "the library's default"}
    lr = f"\n\nlr: {rate[entry.given_by]}." if entry.rate is not None else ""
    return f"pytorch_optimizer's {entry.name}, {WAYS[entry.way]}.{lr}"


def drive(
    oracle: Oracle, x: Array, entry: Entry, schedule: Schedule, batch_size: int | None, options: dict[str, float]
) -> None:
    """Step for ever from x (dim,), in place. It returns where a step fails at numbers that are not finite."""
    layers = oracle.blocks(x)
    methods = made(oracle, entry, layers, batch_size, options)
    method = methods[0]
    every = getattr(method, "update_period", 1)
    price = oracle.prices["gradient"] + oracle.prices["hessian_vector"] / every if entry.way == "hessian" else None
    follow = rates(methods, schedule, scheduled(oracle, schedule, batch_size, price))
    averaged = hasattr(method, "eval")
    answer = x.clone() if averaged else x
    oracle.recommend(answer)
    keep = entry.name in KEEPS_GRADIENTS
    for k, batch in enumerate(oracle.minibatches(batch_size)):

        def ask(batch: Oracle = batch) -> Any:
            f, slope = batch.value_and_gradient(x)
            for layer, part in zip(layers, oracle.blocks(slope), strict=True):
                layer.grad = layer.grad.add_(part) if keep and layer.grad is not None else part
            return f

        next(follow)
        if entry.way != "asks":
            ask()
        arguments: dict[str, Any] = {}
        if entry.way in ("asks", "asks more"):
            arguments["closure"] = ask
        elif entry.way == "hessian" and k % every == 0:
            signs = oracle.rng.signs(oracle.dim)
            arguments["hessian"] = oracle.blocks(signs * batch.hessian_vector(x, signs))
        try:
            for rule in methods:
                rule.step(**arguments)
        except Exception:
            if all(layer.isfinite().all() and layer.grad.isfinite().all() for layer in layers):
                raise
            return
        if averaged:
            _evaluate(method, x, answer)


def made(
    oracle: Oracle, entry: Entry, layers: list[Array], batch_size: int | None, options: dict[str, float]
) -> list[Any]:
    """The class of an entry over layers, and AdamW behind it over those that it does not take, if there are some."""
    import torch
    from pytorch_optimizer.optimizer import OPTIMIZERS

    kind: Any = OPTIMIZERS[entry.name.lower()]
    facts: dict[str, Callable[[], Any]] = {
        "num_iterations": lambda: gradients(oracle, batch_size),
        "num_data": lambda: oracle.rows,
    }
    parameters = inspect.signature(kind).parameters
    more = {name: facts[name]() for name in parameters if name in facts}
    # of FAdam, which mixes no types
    more |= {name: layers[0].dtype for name, parameter in parameters.items() if parameter.default is torch.float32}
    matrices = [layer for layer in layers if layer.ndim >= 2]
    vectors = [layer for layer in layers if layer.ndim < 2]
    if entry.way == "muon":
        groups = [{"params": some, "use_muon": some is matrices} for some in (matrices, vectors) if some]
        return [kind(groups, **options, **more)]
    if entry.way == "matrices":
        matrices = [layer for layer in layers if layer.ndim == 2]
        unlike = [layer for layer in layers if layer.ndim != 2]
        rules: list[tuple[Any, list[Array]]] = [(kind, matrices), (torch.optim.AdamW, unlike)]
        return [rule(some, **options) for rule, some in rules if some]
    method = kind(layers, **options, **more)
    if hasattr(method, "train"):
        method.train()
    return [method]


def rates(methods: "list[torch.optim.Optimizer]", schedule: Schedule, factor: Callable[[int], float]) -> Iterator[None]:
    """Before each step set the rates by the schedule, as long as the methods leave them as they are: some set their
    own."""
    groups = [group for method in methods for group in method.param_groups if "lr" in group]
    initial = [group["lr"] for group in groups]
    written = list(initial)
    k = 0
    while True:
        for i, group in enumerate(groups):
            if schedule != "constant" and group["lr"] == written[i]:
                group["lr"] = written[i] = initial[i] * factor(k)
        k += 1
        yield


def _evaluate(method: Any, x: Array, answer: Array) -> None:
    """Write the point of a method's mode for evaluation into answer, and leave x (dim,) to the bit as it is."""
    asked = x.clone()
    method.eval()
    answer.copy_(x)
    method.train()
    x.copy_(asked)


for _entry in entries():
    optimizer(
        order=2 if _entry.way == "hessian" else 1,
        name=f"pytorch-optimizer-{_entry.name}",
        arrays="torch",
        needs=("torch", "pytorch_optimizer"),
        source=_entry.source,
    )(bridge(_entry))
