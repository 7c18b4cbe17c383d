"""What a run takes of memory: the bytes of state that its method holds between two questions, and the process's peak.

No method counts for itself. When the oracle stops it, the frames of its functions still stand in the traceback: of each
the variables that would be read again, and all arrays and tensors that they lead to, are its state. The point itself,
gradients, single numbers and what the suite handed in (the oracle, hyperparameters) are not counted.
"""

import dis
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, lru_cache, partial
from math import prod
from types import (
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any, NamedTuple

import numpy as np

from bench.core.books import Books, Stop
from bench.core.packages import package_of

OBJECTS = 2_000  # that are looked at; a method that holds more is not measured
LEAVES = {str, bytes, int, float, complex, bool, type(None), type, ModuleType, np.random.Generator, np.float64}
ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD")
JUMPS = {*dis.hasjrel, *dis.hasjabs}
CORE = ("bench.core.", "bench.runner.")
Storage = tuple[int, int]  # where the memory of an array begins, and its bytes


class Held:
    """Absorbs the `Stop` that leaves a method, and writes into its books how many bytes of state it held by then.

    On problems whose runs are scored it looks at some checkpoints, too: a method may return, and leave nothing to see.
    """

    def __init__(self, books: Books, play: CodeType, settings: Iterable[Any], measure: bool = True):
        """measure: whether it writes anything."""
        self.books, self.play, self.settings, self.measure = books, play, list(settings), measure
        self.looked = 0

    def __enter__(self) -> None:
        self.books.watch = self.look if self.measure else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.books.watch = None
        if not isinstance(error, Stop):
            return False
        if self.measure:
            self._write(_suspended(trace))
        return True

    def look(self) -> None:
        """At a checkpoint: at the first, the second, the fourth, ..."""
        self.looked += 1
        if self.looked & (self.looked - 1) == 0:
            self._write(_running(sys._getframe(), self.play))

    def _write(self, frames: Iterator[tuple[FrameType, int]]) -> None:
        with suppress(Exception):  # whatever a library holds: it is no fault of the run
            self.books.state_bytes = state_bytes(frames, self.books, self.settings)


def _suspended(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """The frames of a traceback, with the instruction at which each was left."""
    while trace is not None:
        yield trace.tb_frame, trace.tb_lasti
        trace = trace.tb_next


def _running(frame: FrameType | None, until: CodeType) -> Iterator[tuple[FrameType, int]]:
    """The frames from this one out to that of a function, with the instruction at which each is."""
    while frame is not None and frame.f_code is not until:
        yield frame, frame.f_lasti
        frame = frame.f_back


def state_bytes(frames: Iterable[tuple[FrameType, int]], books: Books, settings: Iterable[Any]) -> int | None:
    """The bytes of distinct arrays and tensors to which the live variables of a method's frames lead, a lane; None
    where they lead to too many objects. settings: hyperparameters, which are not counted."""
    roots: list[Any] = []
    points: list[Any] = [] if books.recommended is None else [books.recommended]
    single = prod(books.x0.shape)
    for frame, instruction in frames:
        if not frame.f_globals.get("__name__", "").startswith(CORE):
            names = live(frame.f_code, instruction)
            roots += [value for name, value in frame.f_locals.items() if name in names]
        else:
            x: Any = frame.f_locals.get("x")
            points += [x] * (prod(getattr(x, "shape", ())) == single and hasattr(x, "ndim"))
    walk = _Walk()
    if not walk.over(roots):
        return None
    counted, excluded = walk.storages, {**walk.parameters, **dict(filter(None, map(storage, [*points, *settings])))}
    return sum(size for at, size in counted.items() if at not in excluded) // len(books.ledgers)


class _Walk:
    """All that objects lead to. storages: the memory of arrays; parameters: that of what rules of torch move, and of
    its gradients."""

    def __init__(self) -> None:
        self.storages: dict[int, int] = {}
        self.parameters: dict[int, int] = {}

    def over(self, roots: Iterable[Any]) -> bool:
        """Follow these; False where there is too much."""
        waiting, seen = list(roots), set()
        while waiting:
            thing = waiting.pop()
            kind = type(thing)
            if kind in LEAVES or id(thing) in seen:
                continue
            seen.add(id(thing))
            if len(seen) > OBJECTS:
                return False
            if kind is dict:
                waiting.extend(thing.values())
            elif kind is list or kind is tuple:
                waiting.extend(thing)
            elif (memory := storage(thing)) is None:
                waiting.extend(self._within(thing))
            elif thing.ndim:
                self.storages.update([memory])
        return True

    def _within(self, thing: Any) -> Iterable[Any]:
        """What an object holds, but for the keys of mappings."""
        if isinstance(thing, (ModuleType, type, np.generic)):
            return []
        if isinstance(thing, dict):
            return [*thing.values(), *_attributes(thing)]
        if isinstance(thing, (list, tuple, set, frozenset, deque)):
            return [*thing, *_attributes(thing)]
        if isinstance(thing, FunctionType):
            return [] if thing.__module__.startswith(CORE) else [_contents(cell) for cell in thing.__closure__ or ()]
        if isinstance(thing, MethodType):
            return [thing.__self__]
        if isinstance(thing, partial):
            return [thing.func, *thing.args, *thing.keywords.values()]
        if isinstance(thing, GeneratorType):
            frame: FrameType | None = thing.gi_frame
            if frame is None or frame.f_globals.get("__name__", "").startswith(CORE):
                return []
            return list(frame.f_locals.values())
        if package_of(type(thing).__module__) == "bench" or type(thing).__module__.startswith("torch._C"):
            return []
        if "torch" in sys.modules and isinstance(thing, sys.modules["torch"].optim.Optimizer):
            moved = [parameter for group in thing.param_groups for parameter in group["params"]]
            gradients = [parameter.grad for parameter in moved if parameter.grad is not None]
            self.parameters.update(filter(None, map(storage, [*moved, *gradients])))
        return _attributes(thing)


def _attributes(thing: Any) -> list[Any]:
    slots = [getattr(thing, name, None) for name in _slots(type(thing))]
    return [*getattr(thing, "__dict__", {}).values(), *slots]


@cache
def _slots(kind: type) -> tuple[str, ...]:
    """The slots of a class: descriptors of C, which no code of a library answers."""
    members = (vars(base).get(name) for base in kind.__mro__ for name in getattr(base, "__slots__", ()))
    return tuple(member.__name__ for member in members if isinstance(member, MemberDescriptorType))


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def storage(thing: Any) -> Storage | None:
    """Where the memory of an array or tensor begins, and its bytes; None for anything else."""
    while isinstance(thing, np.ndarray) and thing.base is not None and storage(thing.base) is not None:
        thing = thing.base
    if isinstance(thing, np.ndarray):
        return thing.__array_interface__["data"][0], thing.nbytes
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(thing, torch.Tensor):
        return None
    memory = thing.untyped_storage()
    return memory.data_ptr(), memory.nbytes()


@lru_cache(maxsize=10_000)
def live(code: CodeType, at: int) -> frozenset[str]:
    """The local variables of a function that it may read after the instruction at an offset, before it binds them
    anew; all that its inner functions see are among them."""
    flow = _flow(code)
    here = bisect_right(flow.offsets, at) - 1  # a call may stand at what belongs to it
    everything, alive = (1 << len(flow.names)) - 1, 0
    unbound = dict.fromkeys(flow.following[here], everything)  # since then, on some way to each instruction
    waiting = list(unbound)
    while waiting:
        n = waiting.pop()
        alive |= flow.reads[n] & unbound[n]
        still = unbound[n] & flow.keeps[n]
        for place in flow.following[n]:
            if still & ~unbound.get(place, 0) or place not in unbound:
                unbound[place] = unbound.get(place, 0) | still
                waiting.append(place)
    return frozenset(name for n, name in enumerate(flow.names) if alive >> n & 1) | {*flow.inner}


class _Flow(NamedTuple):
    """What the instructions of a function read and bind of its variables, which are bits of a number, and where each
    leads."""

    names: tuple[str, ...]
    inner: tuple[str, ...]  # variables that inner functions see
    offsets: list[int]
    reads: list[int]
    keeps: list[int]  # all but what it binds
    following: list[list[int]]


@lru_cache(maxsize=1_000)
def _flow(code: CodeType) -> _Flow:
    steps = list(dis.get_instructions(code))
    offsets = [step.offset for step in steps]
    places = {offset: n for n, offset in enumerate(offsets)}
    names = (*code.co_varnames, *code.co_cellvars, *code.co_freevars)
    bits = {name: 1 << n for n, name in enumerate(names)}
    reads, keeps, following = [0] * len(steps), [-1] * len(steps), list[list[int]]()
    for n, step in enumerate(steps):
        load, bind = "LOAD_FAST" in step.opname, "STORE_FAST" in step.opname or "DELETE_FAST" in step.opname
        if load or bind:
            pair: tuple[str, ...] = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            bound = pair[: 1 if load else 2] if bind else ()  # of two variables, one bound and one read in this order
            keeps[n] = ~sum(bits[name] for name in bound)
            reads[n] = sum(bits[name] for name in set(pair) - set(bound)) if load else 0
        after = [] if step.opname.startswith(ENDS) or n + 1 == len(steps) else [n + 1]
        targets: list[Any] = [step.argval] if step.opcode in JUMPS else []
        following.append([*after, *(places[target] for target in targets)])
    return _Flow(names, (*code.co_cellvars, *code.co_freevars), offsets, reads, keeps, following)


def peak(device: str) -> "Callable[[], int | None]":
    """Begin to watch the memory of this process, or of CUDA's allocator: what it gives, called later, is the most that
    was in use since, in bytes; None where the system does not tell."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        return lambda: torch.cuda.max_memory_allocated(device)
    try:
        with open("/proc/self/clear_refs", "wb", buffering=0) as file:
            file.write(b"5")  # proc(5): the high-water mark begins anew at what is in use now
    except OSError:
        return lambda: None
    return _high_water


def _high_water() -> int | None:
    """VmHWM of this process, in bytes."""
    with suppress(OSError), open("/proc/self/status", "rb", buffering=0) as file:
        _, found, rest = file.read().partition(b"VmHWM:")
        return int(rest.split(maxsplit=1)[0]) << 10 if found else None
    return None
