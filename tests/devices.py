"""Learning problems as a device meets them: every one that is registered, in variants that together take each of its
words and factors; for the tests on torch's `meta` device and on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, Literal, get_args, get_origin

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bench.core import Objective, Unavailable, registry
from bench.runner import PACKAGES

SMALL = 4  # what whole numbers are at most: sizes of networks and tables
FILES = ("data", "file", "digest")  # parameters that say what is read, not what is computed
FACTOR = 0.25  # of dropout, penalties, noise: each number that is 0 or more, and below 1


def learning() -> dict[str, registry.ProblemDefinition]:
    """Every learning problem of the registry by name."""
    registry.load(PACKAGES)
    return {name: each for name, each in sorted(registry.PROBLEMS.items()) if each.family == "learning"}


def variants(problem: registry.ProblemDefinition) -> Iterator[dict[str, Any]]:
    """Parameters: small sizes with the defaults of the rest, and then with the other words of each, one of every
    parameter at a time; where two do not go together, each alone."""
    sizes = {n: min(p.default, SMALL) for n, p in problem.parameters.items() if p.annotation is int}
    others = {
        name: [word for word in get_args(parameter.annotation) if word != parameter.default]
        if get_origin(parameter.annotation) is Literal
        else [FACTOR] * (parameter.annotation is float)
        for name, parameter in problem.parameters.items()
        if name not in FILES
    }
    yield sizes
    for words in zip_longest(*others.values()):
        together = {name: word for name, word in zip(others, words, strict=True) if word is not None}
        alone = [{name: word} for name, word in together.items()]
        for chosen in [together] if _fits(problem, sizes | together) else alone:
            if _fits(problem, sizes | chosen):
                yield sizes | chosen


def _fits(problem: registry.ProblemDefinition, parameters: dict[str, Any]) -> bool:
    try:
        problem.make(**parameters)
    except (ValueError, Unavailable):
        return False
    return True


def lanes(problem: registry.ProblemDefinition, parameters: dict[str, Any], width: int) -> list[Objective]:
    """One objective a lane, of two instances by turns."""
    two = [problem.make(instance, **parameters) for instance in (1, 2)]
    return [two[lane % 2] for lane in range(width)]


class Traffic(TorchDispatchMode):
    """What is sent to torch's `meta` device, and waited for, by operation: on a GPU the program would stop there."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        goes_in = any(isinstance(each, torch.Tensor) and not each.is_meta for each in tree_leaves((args, kwargs)))
        comes_out = any(isinstance(each, torch.Tensor) and each.is_meta for each in tree_leaves(answer))
        copies = func.overloadpacket in (torch.ops.aten._to_copy, torch.ops.aten.copy_)
        if copies and goes_in and comes_out and not (kwargs or {}).get("non_blocking", False):
            self.waited.append(str(func))
        return answer


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
