"""Functions of torch that cannot be asked for many parameter vectors at once, in plain operations: batch normalisation,
which has to know of whom it takes the statistics, and recurrent layers, which torch has no batching rule for.
"""

from collections.abc import Callable, Container, Iterator
from math import inf
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from torch import Tensor

_VF: Any = torch._VF
Statistics = list["tuple[Tensor, Tensor]"]


class Layers(TorchFunctionMode):
    """Batch normalisation and recurrent layers in plain operations, above `vmap`.

    A batch norm takes the mean and variance of the rows that it sees; after `use_seen` those of the pass before, in the
    order in which layers are met. An instance norm takes those of each row. Running statistics are neither read nor
    written: they depend on the way that was taken, while f is a function of x. Where the layer is evaluated with its
    own while the network trains it keeps them.

    frozen: the numbers of those that keep their own, in the order in which they are met; None: find out, in training.
    """

    def __init__(self, frozen: Container[int] | None = ()):
        super().__init__()
        self.learns = frozen is None
        self.frozen: Any = () if frozen is None else frozen
        self.seen: Statistics = []
        self.known: Iterator[tuple[Tensor, Tensor]] | None = None
        self.normed = 0  # norms met in this pass
        self.values = inf  # the fewest numbers of a channel of which a batch norm has taken statistics
        self.attention = False  # whether there was any

    def use_seen(self) -> None:
        """Begin another pass, with the statistics of the first one."""
        self.known, self.normed = iter(self.seen), 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is F.batch_norm:
            return self._batch_norm(*args, **kwargs)
        if func is F.embedding:
            return _embedding(*args, **kwargs)
        if func is F.instance_norm:
            return self._instance_norm(*args, **kwargs)
        if func is F.scaled_dot_product_attention or func is F.multi_head_attention_forward:
            self.attention = True
        if func is torch.randperm:  # whose batching rule draws for one lane after the other
            return torch.rand(args[0], device=kwargs.get("device")).argsort()
        if func in RECURRENT and isinstance(args[3], bool):  # else of packed sequences
            return RECURRENT[func](*args, **kwargs)
        return func(*args, **kwargs)

    def _is_frozen(self, training: bool, running_mean: "Tensor | None") -> bool:
        """Whether the norm that is met now takes statistics of its own."""
        self.normed += 1
        if self.learns and not training and running_mean is not None:
            self.frozen = {*self.frozen, self.normed}
        return self.normed in self.frozen

    def _instance_norm(
        self,
        x: "Tensor",
        running_mean: "Tensor | None" = None,
        running_var: "Tensor | None" = None,
        weight: "Tensor | None" = None,
        bias: "Tensor | None" = None,
        use_input_stats: bool = True,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> "Tensor":
        if self._is_frozen(use_input_stats, running_mean):
            return F.instance_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
        return F.instance_norm(x, weight=weight, bias=bias, eps=eps)

    def _batch_norm(
        self,
        x: "Tensor",
        running_mean: "Tensor | None",
        running_var: "Tensor | None",
        weight: "Tensor | None" = None,
        bias: "Tensor | None" = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> "Tensor":
        frozen = self._is_frozen(training, running_mean)
        shape = (1, -1, *(1,) * (x.ndim - 2))
        if frozen:
            assert running_mean is not None and running_var is not None
            mean, variance = running_mean, running_var
        elif self.known is not None:
            mean, variance = next(self.known)
        else:
            axes = (0, *range(2, x.ndim))
            self.values = min(self.values, x.numel() // x.shape[1])
            mean, variance = x.mean(axes), x.var(axes, correction=0)
            self.seen.append((mean, variance))
        x = (x - mean.reshape(shape)) * (variance + eps).rsqrt().reshape(shape)
        x = x if weight is None else x * weight.reshape(shape)
        return x if bias is None else x + bias.reshape(shape)


def _embedding(
    x: "Tensor",
    weight: "Tensor",
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> "Tensor":
    """Rows of a table, of which that for padding gets no gradient, in lanes neither, where torch forgets it."""
    rows = F.embedding(x, weight, None, max_norm, norm_type, scale_grad_by_freq, sparse)
    if padding_idx is None:
        return rows
    return torch.where((x == padding_idx % len(weight))[..., None], rows.detach(), rows)


# recurrent layers: x is (T, rows, features), or (rows, T, features) where batch_first


def _lstm_step(x: "Tensor", state: "tuple[Tensor, ...]", u: "Tensor", b: "Tensor | None", p: "Tensor | None") -> Any:
    """Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, with forget gates (Gers et al. 2000)."""
    h, c = state
    i, f, g, o = (x + F.linear(h, u, b)).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return (h if p is None else F.linear(h, p)), c


def _gru_step(x: "Tensor", state: "tuple[Tensor, ...]", u: "Tensor", b: "Tensor | None", p: None) -> Any:
    """Cho et al. 2014, arXiv:1406.1078, with the reset gate behind the product as torch has it."""
    (h,) = state
    (r, z, n), (hr, hz, hn) = x.chunk(3, -1), F.linear(h, u, b).chunk(3, -1)
    n = (n + (r + hr).sigmoid() * hn).tanh()
    z = (z + hz).sigmoid()
    return (n + z * (h - n),)


def _rnn_step(activate: "Callable[[Tensor], Tensor]") -> Callable[..., Any]:
    """Elman 1990, doi:10.1207/s15516709cog1402_1."""
    return lambda x, state, u, b, p: (activate(x + F.linear(state[0], u, b)),)


def _recurrent(step: Callable[..., Any], states: int) -> Callable[..., Any]:
    """The function of torch that runs all layers of one kind; states: how many each has."""

    def run(
        x: "Tensor",
        first: Any,
        weights: "list[Tensor]",
        has_biases: bool,
        num_layers: int,
        dropout: float,
        train: bool,
        bidirectional: bool,
        batch_first: bool,
    ) -> Any:
        first = tuple(first) if states > 1 else (first,)
        directions = 2 if bidirectional else 1
        size = len(weights) // (num_layers * directions)  # of which two are biases, and one may project
        x = x.transpose(0, 1) if batch_first else x
        last: list[tuple[Tensor, ...]] = []
        for layer in range(num_layers):
            outputs = []
            for direction in range(directions):
                at = layer * directions + direction
                w, u, *more = weights[at * size : (at + 1) * size]
                b, c = more[:2] if has_biases else (None, None)
                p = more[-1] if size == 3 + 2 * has_biases else None
                state, hs = tuple(each[at] for each in first), []
                for row in (F.linear(x, w, b).flip(0) if direction else F.linear(x, w, b)).unbind(0):
                    state = step(row, state, u, c, p)
                    hs.append(state[0])
                outputs.append(torch.stack(hs[::-1] if direction else hs))
                last.append(state)
            x = torch.cat(outputs, -1)
            if dropout and train and layer < num_layers - 1:
                x = F.dropout(x, dropout)
        ends = [torch.stack(each) for each in zip(*last, strict=True)]
        return (x.transpose(0, 1) if batch_first else x, *ends)

    return run


RECURRENT: dict[Any, Callable[..., Any]] = {
    _VF.lstm: _recurrent(_lstm_step, 2),
    _VF.gru: _recurrent(_gru_step, 1),
    _VF.rnn_tanh: _recurrent(_rnn_step(torch.tanh), 1),
    _VF.rnn_relu: _recurrent(_rnn_step(torch.relu), 1),
}
