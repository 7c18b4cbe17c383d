"""What a network and its losses keep from pass to pass in plain attributes: f would depend on how often it is asked."""

import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn

from bench.core.modules.net import attributes

NEAR = 1e-3  # relative, how near a tensor of one pass must come to that of the next
KEPT = (
    "{} changes from one question to the next, and f must be a function of the parameters: make it a buffer, which "
    "begins anew at each question, or take it out"
)


def state(module: nn.Module, functions: Iterable[Callable[..., Any]]) -> dict[str, Any]:
    """What a module and functions hold now, by name: of attributes, of an object that is called, and of what a function
    closes over. Tensors as copies, all else as a hash; what Python cannot pickle is not seen, nor what is global."""
    return {name: seen for name, value in _held(module, functions) if (seen := _seen(value)) is not None}


def changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The first that is not what it was, "" where all is."""
    return next((name for name, seen in after.items() if name in before and not _same(before[name], seen)), "")


def _held(module: nn.Module, functions: Iterable[Callable[..., Any]]) -> Iterator[tuple[str, Any]]:
    yield from _of_module(module)
    for function in functions:
        while isinstance(function, partial):
            yield from ((f"{_name(function.func)}, argument {key}", each) for key, each in function.keywords.items())
            function = function.func
        target = function.__self__ if isinstance(function, MethodType) else function
        if isinstance(target, nn.Module):
            yield from _of_module(target)
        elif isinstance(target, FunctionType):
            yield from _closed_over(target)
        else:
            yield from (
                (f"{type(target).__name__}.{key}", each) for key, each in getattr(target, "__dict__", {}).items()
            )


def _of_module(module: nn.Module) -> Iterator[tuple[str, Any]]:
    for place, each in module.named_modules():
        where = f"{type(module).__name__}{'.' if place else ''}{place}"
        yield from ((f"{where}.{key}", value) for key, value in attributes(each).items())
        yield from _closed_over(type(each).forward)


def _closed_over(function: Any) -> Iterator[tuple[str, Any]]:
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(function, "__closure__", None) or (), strict=False):
        try:
            yield f"{name}, which {_name(function)} closes over,", cell.cell_contents
        except ValueError:  # not there yet
            continue


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", type(function).__name__)


def _seen(value: Any) -> Any:
    """A tensor as a copy, a generator of torch as its state, all else that Python can pickle as a hash; else None."""
    if isinstance(value, Tensor):
        return None if value.is_sparse else value.detach().clone()
    if isinstance(value, (nn.Module, type, FunctionType)):
        return None
    if isinstance(value, torch.Generator):
        value = value.get_state()
    try:
        return hashlib.sha256(pickle.dumps(value)).digest()
    except Exception:  # whatever a class of the user's raises, or what cannot be pickled
        return None


def _same(a: Any, b: Any) -> bool:
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        return type(a) is type(b) and bool(a == b)
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        return False
    if not a.is_floating_point():
        return torch.equal(a, b)
    return torch.allclose(a, b, NEAR, NEAR, equal_nan=True)
