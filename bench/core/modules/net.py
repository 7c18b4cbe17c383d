"""A network as a function of one flat vector of parameters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from bench.core.modules.draws import Draws
from bench.core.modules.layers import Layers

FLOPS = 1e7  # of a forward pass, above which lanes go one by one on a CPU: measured, they are slower together
CPU_CHUNK, GPU_CHUNK = 2**24, 2**30  # bytes of activations at once: on a CPU, more of them leave the cache
MODULE = frozenset(vars(nn.Module()))  # attributes that every module has


class Width:
    """How many vectors a network answers at once: a function of the rows of data of a question, and the device."""

    def __init__(self, net: "Net"):
        self.net = net

    def __call__(self, rows: int, device: str) -> int:
        on_cpu = torch.device(device).type == "cpu"
        if self.net.apart or (on_cpu and self.net.flops * rows > FLOPS):
            return 1
        return max(1, int((CPU_CHUNK if on_cpu else GPU_CHUNK) / max(self.net.held * rows, 1.0)))

    def __str__(self) -> str:
        if self.net.apart:
            return f"one by one, since together it fails: {self.net.apart}"
        rows = int(FLOPS / max(self.net.flops, 1.0))
        return f"together; on a CPU up to {rows:,} rows a question, one by one beyond (10 MFLOP a forward pass)"


Forward = Callable[[Sequence[Tensor]], Any]  # of inputs (rows, ...)


class Net:
    """A module, as it is trained and as it is evaluated, and the layout of x.

    names, shapes: of the parameters that vary, in the order in which x holds them; tied ones stand once.
    state: the frozen parameters and the buffers, by name. What follows is found out by a trial, see `trial.tried`.
    written: the buffers that a forward pass writes: they begin anew at each question, so that f is a function of x.
    overwritten: the rows of data, by name, that a forward pass or a loss writes: they are given copies.
    random: whether there are random operations in training, and in evaluation. norms: whether batch norms take the
    statistics of rows. frozen_norms: which have their own, see `Layers`. fewest: rows that a question
    must have, 2 where a batch norm sees one number of each. attention: whether there is any.
    flops, held: operations of a forward pass, and bytes of what it makes, a row.
    apart: why many vectors cannot be answered at once, or "". stacks: whether networks of unlike state can.
    """

    def __init__(self, module: nn.Module):
        self.trained, self.evaluated = _copy(module).train(), _copy(module).eval()
        free = {name: value for name, value in module.named_parameters() if value.requires_grad}
        fixed = {name: value for name, value in module.named_parameters() if not value.requires_grad}
        self.names, self.shapes = list(free), [tuple(value.shape) for value in free.values()]
        state = fixed | dict(module.named_buffers())
        self.state = {name: plain(value).clone() for name, value in state.items()}
        self.written: frozenset[str] = frozenset()
        self.overwritten: frozenset[str] = frozenset()
        self.random: tuple[bool, bool] = (False, False)
        self.norms, self.attention = False, False
        self.fewest = 1
        self.frozen_norms: frozenset[int] = frozenset()
        self.flops = self.held = 0.0
        self.apart, self.stacks = "", True
        self.width = Width(self)

    def __eq__(self, other: object) -> bool:
        """Whether the other differs in nothing but the values of its parameters and buffers, as far as can be told."""
        if not isinstance(other, Net) or not (self.stacks and other.stacks):
            return self is other
        return self._layout == other._layout and _alike(self.trained, other.trained)

    def __hash__(self) -> int:
        return hash(self._layout)

    @property
    def _layout(self) -> tuple[Any, ...]:
        return repr(self.trained), tuple(self.names), tuple(self.shapes)

    @property
    def name(self) -> str:
        """What the module's class is called."""
        return type(self.trained).__name__

    @property
    def dim(self) -> int:
        """The number of parameters that vary."""
        return sum(map(prod, self.shapes))

    @property
    def dtype(self) -> torch.dtype:
        """That of the parameters."""
        return next(value.dtype for value in self.trained.parameters() if value.requires_grad)

    def flat(self, module: nn.Module) -> Tensor:
        """The parameters of a module of this kind as x (dim,)."""
        parameters = dict(module.named_parameters())
        return torch.cat([plain(parameters[name]).reshape(-1) for name in self.names])

    def forward(self, x: Tensor, state: Mapping[str, Tensor], train: bool, layers: Layers | None = None) -> Forward:
        """The network with parameters x (dim,), as a function of inputs. Its batch norms take the statistics of the
        rows of the first call for all calls."""
        layers = Layers(self.frozen_norms) if layers is None else layers
        blocks = x.split([prod(shape) for shape in self.shapes])
        views = {name: block.view(shape) for name, block, shape in zip(self.names, blocks, self.shapes, strict=True)}
        module = self.trained if train else self.evaluated

        def forward(inputs: Sequence[Tensor]) -> Any:
            fresh = {name: value.clone() if name in self.written else value for name, value in state.items()}
            with layers:
                answer = functional_call(module, {**fresh, **views}, tuple(inputs))
            layers.use_seen()
            return answer

        return forward

    @contextmanager
    def modes(self, seeds: Tensor | None, alone: bool) -> Iterator[None]:
        """Where the network is asked. seeds, alone: of `Draws`; None where nothing random is expected."""
        with ExitStack() as stack:
            if self.attention:
                stack.enter_context(plain_attention())
            if seeds is not None:
                stack.enter_context(Draws(seeds, alone))
            yield


def plain(value: Tensor) -> Tensor:
    """A tensor as NumPy takes it: on the CPU, without its graph; bfloat16 as float32. Raises ValueError where it is
    sparse."""
    if value.layout is not torch.strided:
        raise ValueError(f"tensors must be dense, got {value.layout} of shape {tuple(value.shape)}: use .to_dense()")
    if value.is_meta:
        raise ValueError(f"tensors must have values, got one of shape {tuple(value.shape)} on the device meta")
    value = value.detach().cpu()
    return value.float() if value.dtype is torch.bfloat16 else value


def _copy(module: nn.Module) -> nn.Module:
    """A copy whose embeddings have dense gradients. Tensors that hooks compute anew at each pass (of weight norms, of
    pruning) are copied without their graph, which torch does not copy."""
    computed = [value for each in module.modules() for value in vars(each).values() if isinstance(value, Tensor)]
    copy = deepcopy(module, {id(value): value.detach().clone() for value in computed if not value.is_leaf})
    for each in copy.modules():
        if isinstance(each, (nn.Embedding, nn.EmbeddingBag)):
            each.sparse = False
    return copy


def _alike(a: nn.Module, b: nn.Module) -> bool:
    """Whether two modules of one structure hold the same in all other attributes, and have the same hooks."""
    pairs = list(zip(a.modules(), b.modules(), strict=True))
    return all(
        type(x) is type(y) and equal(attributes(x), attributes(y)) and equal(_hooks(x), _hooks(y)) for x, y in pairs
    )


def _hooks(module: nn.Module) -> dict[str, list[Any]]:
    """What is called before and after a module, by kind, without the numbers under which torch keeps it."""
    return {key: list(value.values()) for key, value in vars(module).items() if "hooks" in key and value}


def attributes(module: nn.Module) -> dict[str, Any]:
    """What a module holds beside parameters, buffers and modules; of torch's own, what is not private."""
    torchs = type(module).__module__.startswith("torch.")
    return {key: value for key, value in vars(module).items() if key not in MODULE and not (torchs and key[0] == "_")}


def equal(a: Any, b: Any) -> bool:
    """Whether two values are the same, as far as can be told: tensors entry by entry, functions by their code where
    they close over nothing, modules by their structure and attributes, what says that it is equal by its attributes,
    too."""
    try:
        return a is b or (type(a) is type(b) and _equal(a, b))
    except Exception:  # arrays, and what does not say
        return False


def _equal(a: Any, b: Any) -> bool:
    """The same of two values of one type."""
    if isinstance(a, Tensor):
        return a.dtype is b.dtype and a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, nn.Module):
        return repr(a) == repr(b) and equal(_tensors(a), _tensors(b)) and _alike(a, b)
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    if hasattr(a, "__code__") and a.__closure__ is None is b.__closure__:
        same = a.__code__ == b.__code__ and a.__globals__ is b.__globals__
        return same and equal((a.__defaults__, a.__kwdefaults__, vars(a)), (b.__defaults__, b.__kwdefaults__, vars(b)))
    return bool(a == b) and equal(getattr(a, "__dict__", None), getattr(b, "__dict__", None))


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers of a module by name, those too that it does not save."""
    return dict(module.named_parameters(remove_duplicate=False)) | dict(module.named_buffers(remove_duplicate=False))


@contextmanager
def plain_attention() -> Iterator[None]:
    """Where attention is computed by operations that can be differentiated twice and mapped over lanes."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
