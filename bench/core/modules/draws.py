"""Random operations of torch, answered from the stream of each lane: a number depends on seed, call and position alone,
whatever the device, and whoever is computed beside it."""

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from torch import Tensor

aten: Any = torch.ops.aten
GOLDEN = -0x61C8864680B583EB  # 2^64 over the golden ratio, as a signed number
FIRST, SECOND = -0x40A7B892E31B1A47, -0x6B2FB644ECCEEE15  # the multipliers of the finalizer


class Refused(ValueError):
    """A random operation that cannot be answered from a lane's stream."""


def mixed(z: "Tensor") -> "Tensor":
    """The finalizer of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195), of int64 that wrap."""
    z = (z ^ _shifted(z, 30)) * FIRST
    z = (z ^ _shifted(z, 27)) * SECOND
    return z ^ _shifted(z, 31)


def _shifted(z: "Tensor", bits: int) -> "Tensor":
    """z >> bits without its sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def of_call(seeds: "Tensor", call: int) -> "Tensor":
    """Seeds (...) of int64 for the call of that number, of seeds (...)."""
    number = torch.full((), call, dtype=torch.int64, device=seeds.device)  # `torch.tensor` would wait for a GPU
    return mixed(mixed(seeds) + mixed(number))


def of_question(seeds: "Tensor", question: int, points: int) -> "Tensor":
    """The seeds (R, P) of P answers of each of R lanes to the question of that number, of the seeds (R,) of lanes: what
    `streams.seeds` would draw, counted by lane and question, and computed where the seeds of lanes are."""
    positions = torch.arange(1, points + 1, device=seeds.device) * GOLDEN
    return mixed(of_call(seeds, question)[:, None] + positions)


def uniform(seeds: "Tensor", call: int, shape: tuple[int, ...]) -> "Tensor":
    """Numbers in (0, 1): seeds (L,) of int64 -> (L, *shape) in float64, those of one seed without regard to others."""
    keys = of_call(seeds, call)
    positions = torch.arange(1, prod(shape) + 1, device=seeds.device) * GOLDEN
    numbers = (_shifted(mixed(keys[:, None] + positions), 11) + 0.5) * 2.0**-53
    return numbers.reshape(len(seeds), *shape)


class Numbers:
    """The random numbers of answers, from seeds (...) of int64: those of one do not depend on the others."""

    def __init__(self, seeds: "Tensor"):
        self.seeds, self.calls = seeds, 0

    def uniform(self, shape: tuple[int, ...]) -> "Tensor":
        """The next ones, in (0, 1): (..., *shape) in float64."""
        self.calls += 1
        return uniform(self.seeds.reshape(-1), self.calls, shape).reshape(*self.seeds.shape, *shape)


class Draws(TorchDispatchMode):
    """Answers random operations below `vmap`, and counts them.

    seeds: (L,) of int64, one a lane, where the tensors below have the axis of lanes in front; (1,) and no such axis
    with alone=True. Raises Refused for an operation that it does not know.
    """

    def __init__(self, seeds: "Tensor", alone: bool):
        super().__init__()
        self.numbers, self.alone = Numbers(seeds), alone

    @property
    def calls(self) -> int:
        """How many random operations were answered."""
        return self.numbers.calls

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        answer = ANSWERS.get(func.overloadpacket)
        if answer is None:
            raise Refused(f"the random operation {func} cannot be answered from the stream of a lane")
        return answer(self, func, *args, **kwargs)

    def like(self, shape: "torch.Size | list[int] | tuple[int, ...]") -> "Tensor":
        """The next uniform numbers, of a shape as operations see it."""
        shape, lanes = tuple(shape), len(self.numbers.seeds)
        if self.alone:
            return self.numbers.uniform(shape)[0]
        if not shape or shape[0] != lanes:
            raise Refused(f"a random operation of shape {shape} has no axis of {lanes} lanes in front")
        return self.numbers.uniform(shape[1:])


def _normal(u: "Tensor", _: Any = None) -> "Tensor":
    return torch.special.ndtri(u)


def _below_one(u: "Tensor", dtype: torch.dtype) -> "Tensor":
    """Numbers that are below 1 in this type, too, as torch's are."""
    return u.clamp(max=1 - torch.finfo(dtype).eps / 2)


def _made(change: Callable[["Tensor", torch.dtype], "Tensor"]) -> Callable[..., "Tensor"]:
    """An operation that makes numbers of a size, or like a tensor."""

    def answer(draws: Draws, func: Any, first: Any, *_: Any, dtype: Any = None, **__: Any) -> "Tensor":
        tensor = isinstance(first, torch.Tensor)
        dtype = dtype or (first.dtype if tensor else torch.get_default_dtype())
        if not dtype.is_floating_point:
            raise Refused(f"the random operation {func} of {dtype} cannot be answered from the stream of a lane")
        return change(draws.like(first.shape if tensor else first), dtype).to(dtype)

    return answer


def _whole(draws: Draws, func: Any, first: Any, *ends: Any, dtype: Any = None, **options: Any) -> "Tensor":
    """Whole numbers from low to high, high left out, of a size or like a tensor."""
    if isinstance(first, torch.Tensor):  # randint_like(x, high), (x, low, high)
        shape, limits, dtype = first.shape, list(ends), dtype or first.dtype
    else:  # randint(high, size), (low, high, size)
        *limits, shape = (first, *ends)
    limits += [options[name] for name in ("low", "high") if name in options]
    low, high = (0, limits[0]) if len(limits) == 1 else limits
    return (low + (draws.like(shape) * (high - low)).floor()).to(dtype or torch.int64)


def _coin(draws: Draws, func: Any, x: "Tensor", p: Any = None, *_: Any, **__: Any) -> "Tensor":
    """1 with probability p, or x where there is no p, else 0. In place x is not read, and p left out is 0.5."""
    in_place = func._schema.name.endswith("_")
    chance = p if p is not None else 0.5 if in_place else x
    ones = (draws.like(x.shape) < chance).to(x.dtype)
    return x.copy_(ones) if in_place else ones


def _filled(change: Callable[..., "Tensor"]) -> Callable[..., "Tensor"]:
    """An operation that fills a tensor with numbers of a distribution."""

    def answer(draws: Draws, func: Any, x: "Tensor", *parameters: float, generator: Any = None) -> "Tensor":
        return x.copy_(change(_below_one(draws.like(x.shape), x.dtype), *parameters))

    return answer


def _dropout(draws: Draws, func: Any, x: "Tensor", p: float, train: bool | None) -> "tuple[Tensor, Tensor]":
    if train is False or p == 0:
        return x.clone(), torch.ones_like(x, dtype=torch.bool)
    kept = draws.like(x.shape) >= p
    return x * kept * (0.0 if p == 1 else 1 / (1 - p)), kept


def _normals(draws: Draws, func: Any, mean: Any, std: Any = 1.0, size: Any = None, **_: Any) -> "Tensor":
    """Normal numbers about means, with deviations, either of them a tensor or both a number."""
    tensor = mean if isinstance(mean, torch.Tensor) else std if isinstance(std, torch.Tensor) else None
    shape = (
        tuple(size)
        if tensor is None
        else torch.broadcast_shapes(*(v.shape for v in (mean, std) if hasattr(v, "shape")))
    )
    dtype = torch.get_default_dtype() if tensor is None else tensor.dtype
    return (mean + std * _normal(draws.like(shape))).to(dtype)


ANSWERS: dict[Any, Callable[..., Any]] = {
    aten.rand: _made(_below_one),
    aten.rand_like: _made(_below_one),
    aten.randn: _made(_normal),
    aten.randn_like: _made(_normal),
    aten.randint: _whole,
    aten.randint_like: _whole,
    aten.bernoulli: _coin,
    aten.bernoulli_: _coin,
    aten.native_dropout: _dropout,
    aten.normal: _normals,
    aten.uniform_: _filled(lambda u, low=0.0, high=1.0: low + (high - low) * u),
    aten.normal_: _filled(lambda u, mean=0.0, std=1.0: mean + std * _normal(u)),
    aten.exponential_: _filled(lambda u, rate=1.0: -u.log() / rate),
    aten.log_normal_: _filled(lambda u, mean=1.0, std=2.0: (mean + std * _normal(u)).exp()),
    aten.cauchy_: _filled(lambda u, median=0.0, sigma=1.0: median + sigma * (torch.pi * (u - 0.5)).tan()),
}
