"""Learning problems as a device meets them: every one that is registered, in variants that together take each of its
words and factors; for the tests on torch's `meta` device and on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, zip_longest
from typing import Any, Literal, get_args, get_origin

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.core import Objective, Oracle, Unavailable, registry
from bench.runner import PACKAGES

SMALL = 2  # what whole numbers are at most: sizes of networks and tables
MADE = ("data", "file", "digest", "scaling", "init", "label_noise")  # of rows and starts, which NumPy makes
FACTOR = 0.25  # of dropout, penalties, noise: each number that is 0 or more, and below 1


def learning() -> dict[str, registry.ProblemDefinition]:
    """Every learning problem of the registry by name."""
    registry.load(PACKAGES)
    return {name: each for name, each in sorted(registry.PROBLEMS.items()) if each.family == "learning"}


def variants(problem: registry.ProblemDefinition, limit: int = SMALL) -> Iterator[tuple[dict[str, Any], Objective]]:
    """Parameters, with instance 1 of them: sizes of at most `limit` with the defaults of the rest, and then with the
    other words of each, one of every parameter at a time; where these do not go together, each alone."""
    sizes = {n: min(p.default, limit) for n, p in problem.parameters.items() if p.annotation is int}
    others = {
        name: [word for word in get_args(parameter.annotation) if word != parameter.default]
        if get_origin(parameter.annotation) is Literal
        else [FACTOR] * (parameter.annotation is float)
        for name, parameter in problem.parameters.items()
        if name not in MADE
    }
    yield sizes, problem.make(**sizes)
    for words in zip_longest(*others.values()):
        together = {name: word for name, word in zip(others, words, strict=True) if word is not None}
        for chosen in ([together], [{name: word} for name, word in together.items()]):
            made = [(sizes | each, objective) for each in chosen if (objective := _made(problem, sizes | each))]
            yield from made
            if made:
                break


def _made(problem: registry.ProblemDefinition, parameters: dict[str, Any]) -> Objective | None:
    try:
        return problem.make(**parameters)
    except (ValueError, Unavailable):
        return None


class Copies(TorchDispatchMode):
    """What is copied to the `meta` device, and waited for, by operation."""

    def __init__(self, waited: list[str]):
        super().__init__()
        self.waited = waited

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        goes_in = any(isinstance(each, torch.Tensor) and not each.is_meta for each in tree_leaves((args, kwargs)))
        copies = func.overloadpacket in (torch.ops.aten._to_copy, torch.ops.aten.copy_)
        if copies and goes_in and _on_meta(answer) and not (kwargs or {}).get("non_blocking", False):
            self.waited.append(str(func))
        return answer


class Traffic(TorchFunctionMode):
    """What is sent to the `meta` device, and waited for: on a GPU the program would stop there."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[str] = []
        self.copies = Copies(self.waited)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        if func in (torch.tensor, torch.Tensor.new_tensor) and _on_meta(answer):  # of which dispatch hears nothing
            self.waited.append(str(func))
        return answer

    def __enter__(self) -> "Traffic":
        self.copies.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.copies.__exit__(*error)


def _on_meta(answer: Any) -> bool:
    return any(isinstance(each, torch.Tensor) and each.is_meta for each in tree_leaves(answer))


@contextmanager
def crossings() -> Iterator[list[tuple[int, ...]]]:
    """The shapes of all that leaves the `meta` device for the CPU, where `Tensor.cpu` gives ones."""
    shapes: list[tuple[int, ...]] = []
    cpu = torch.Tensor.cpu

    def ones(x: torch.Tensor) -> torch.Tensor:
        if not x.is_meta:
            return cpu(x)
        shapes.append(tuple(x.shape))
        return torch.ones(x.shape, dtype=x.dtype)

    torch.Tensor.cpu = ones  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield shapes
    finally:
        torch.Tensor.cpu = cpu


# their loops ask whether any lane is done and gets a new start, which the host draws: one bit a question at most, for
# which a GPU is waited
DECIDING = {
    "cma-es", "differential-evolution", "gauss-newton", "genetic-algorithm", "lbfgs", "levenberg-marquardt", "newton",
    "nonlinear-cg", "one-plus-one-es", "particle-swarm", "separable-cma-es", "torch-asgd",
}  # fmt: skip


def methods_of_lanes() -> list[registry.OptimizerDefinition]:
    """Every method of the registry that goes in lanes and computes with torch."""
    registry.load(PACKAGES)
    return [each for each in registry.OPTIMIZERS.values() if each.lanes and each.arrays != "numpy"]


def of_structure(structure: str | None) -> Objective:
    """A small problem that a method of this structure can be run on."""
    name = {"composite": "bandit", "residuals": "linear-regression", None: "softmax"}[structure]
    objective = learning()[name].make(data="diabetes" if structure == "residuals" else "iris")
    return replace(objective, data={key: rows[:8] for key, rows in objective.data.items()})


def ask_everything(oracle: Oracle, objective: Objective) -> None:
    """Every question that the problem answers, on mini-batches."""
    x = oracle.x0
    oracle.recommend(x)
    points = torch.stack([x, x], -2)
    for batch in islice(oracle.minibatches(2), 1):
        batch.value(points)
        if objective.order == 1:
            batch.gradient(x)
        if objective.order == 2:
            batch.hessian_vector(x, x)
        if objective.residuals is not None:
            batch.residuals_and_jacobian(x)
        if objective.composite is not None:
            e = x.new_zeros(*oracle.lanes, batch.rows, oracle.outputs)
            _, inputs = batch.play(x, e)
            batch.vjp(x, inputs, batch.network(x, inputs))
    oracle.rng.random(2)
