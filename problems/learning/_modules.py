"""Networks of the learning problems that are modules of torch. They are imported where one is built, as
torch is slow to be; hence the name, which discovery passes over."""

from itertools import pairwise
from math import pi, sqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 0.02  # of the first weights (Radford et al. 2019)


class Attention(nn.Module):
    """Causal self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.mixed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, h: Tensor) -> Tensor:
        """h (rows, places, width) -> the same shape."""
        queries, keys, values = self.mixed(h).unflatten(-1, (3, self.heads, -1)).movedim(-3, 0).transpose(-3, -2)
        seen = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return self.out(seen.transpose(-3, -2).flatten(-2))


class Block(nn.Module):
    """Attention and two dense layers, each behind a layer norm and around a shortcut."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.first_norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.second_norm = nn.LayerNorm(width)
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor) -> Tensor:
        """h (rows, places, width) -> the same shape."""
        h = h + self.dropout(self.attention(self.first_norm(h)))
        return h + self.dropout(self.dense(self.second_norm(h)))


class Transformer(nn.Module):
    """A decoder as of GPT-2 (Radford et al. 2019, "Language models are unsupervised multitask learners"): norms before,
    places that are learned, and the weights of the embedding for the outputs, too; weights begin normal, 0.02 wide, and
    those before a shortcut's sum sqrt(2 depth) narrower."""

    def __init__(self, symbols: int, context: int, width: int, depth: int, heads: int, dropout: float):
        super().__init__()
        self.symbols, self.places = nn.Embedding(symbols, width), nn.Embedding(context, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(Block(width, heads, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                ends = name.endswith(("attention.out.weight", "dense.2.weight"))
                nn.init.normal_(p, 0.0, WIDTH / (sqrt(2 * depth) if ends else 1.0))
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, symbols: Tensor, *lengths: Tensor) -> tuple[Tensor, ...]:
        """symbols (rows, places) -> the logits of what follows (rows, places, symbols), and what else came along."""
        h = self.dropout(self.symbols(symbols) + self.places.weight[: symbols.shape[-1]])
        return (F.linear(self.norm(self.blocks(h)), self.symbols.weight), *lengths)


class Recurrent(nn.Module):
    """A recurrent network over symbols, with a dense layer behind it."""

    def __init__(self, cell: str, symbols: int, width: int, depth: int, dropout: float):
        super().__init__()
        cells = {"lstm": nn.LSTM, "gru": nn.GRU, "elman": nn.RNN}[cell]
        self.symbols = nn.Embedding(symbols, width)
        self.cells = cells(width, width, depth, batch_first=True, dropout=dropout if depth > 1 else 0.0)
        self.dropout, self.last = nn.Dropout(dropout), nn.Linear(width, symbols)

    def forward(self, symbols: Tensor, *lengths: Tensor) -> tuple[Tensor, ...]:
        """symbols (rows, places) -> the logits of what follows (rows, places, symbols), and what else came along."""
        h = self.cells(self.symbols(symbols))[0]
        return (self.last(self.dropout(h)), *lengths)


class Residual(nn.Module):
    """Two convolutions of 3 x 3 around a shortcut, each with batch normalisation (He et al. 2016, arXiv:1512.03385);
    where the image is halved the shortcut is a convolution of 1 x 1."""

    def __init__(self, ins: int, outs: int, stride: int):
        super().__init__()
        self.first, self.first_norm = nn.Conv2d(ins, outs, 3, stride, 1, bias=False), nn.BatchNorm2d(outs)
        self.second, self.second_norm = nn.Conv2d(outs, outs, 3, 1, 1, bias=False), nn.BatchNorm2d(outs)
        same = ins == outs and stride == 1
        self.shortcut = (
            nn.Identity() if same else nn.Sequential(nn.Conv2d(ins, outs, 1, stride, bias=False), nn.BatchNorm2d(outs))
        )

    def forward(self, x: Tensor) -> Tensor:
        """x (rows, ins, height, width) -> (rows, outs, ...)."""
        h = self.second_norm(self.second(F.relu(self.first_norm(self.first(x)))))
        return F.relu(h + self.shortcut(x))


class ResNet(nn.Module):
    """A convolution, residual blocks of which each stage but the first halves the image, the mean over pixels, and a
    dense layer."""

    def __init__(self, image: tuple[int, int], channels: tuple[int, ...], blocks: int, classes: int):
        super().__init__()
        self.image = image
        self.first, self.norm = nn.Conv2d(1, channels[0], 3, 1, 1, bias=False), nn.BatchNorm2d(channels[0])
        stages, ins = [], channels[0]
        for stage, outs in enumerate(channels):
            for block in range(blocks):
                stages.append(Residual(ins, outs, 2 if stage and not block else 1))
                ins = outs
        self.stages, self.last = nn.Sequential(*stages), nn.Linear(ins, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        """pixels (rows, height * width) -> the logits (rows, classes)."""
        h = F.relu(self.norm(self.first(pixels.unflatten(-1, (1, *self.image)))))
        return self.last(self.stages(h).mean((-2, -1)))


class Autoencoder(nn.Module):
    """Dense layers to a code and back, mirrored; all but the code and the last pass through an activation."""

    def __init__(self, widths: tuple[int, ...], activation: str):
        super().__init__()
        activate = {"linear": nn.Identity, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "relu": nn.ReLU}[activation]
        layers: list[nn.Module] = []
        ends = [*widths, *widths[-2::-1]]
        for i, (ins, outs) in enumerate(pairwise(ends)):
            layers += [nn.Linear(ins, outs), *([] if i in (len(widths) - 2, len(ends) - 2) else [activate()])]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """x (rows, features) -> the same shape."""
        return self.layers(x)


class Tabular(nn.Module):
    """A residual network on tables (Gorishniy et al. 2021, arXiv:2106.11959, section 3.2): blocks of batch norm, dense
    layer, ReLU, dropout, dense layer, dropout around a shortcut."""

    def __init__(self, features: int, width: int, blocks: int, dropout: float, outputs: int):
        super().__init__()
        self.first = nn.Linear(features, width)

        def block() -> nn.Module:
            return nn.Sequential(
                nn.BatchNorm1d(width), nn.Linear(width, 2 * width), nn.ReLU(), nn.Dropout(dropout),
                nn.Linear(2 * width, width), nn.Dropout(dropout),
            )  # fmt: skip

        self.blocks = nn.ModuleList(block() for _ in range(blocks))
        self.last = nn.Sequential(nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """x (rows, features) -> (rows, outputs)."""
        h = self.first(x)
        for block in self.blocks:
            h = h + block(h)
        return self.last(h)


class Derived(nn.Module):
    """Dense layers of tanh that give a number and its derivatives by each input, first and second: each layer carries
    them on by the chain rule. Weights begin as Glorot & Bengio 2010 have it, biases at 0."""

    def __init__(self, widths: tuple[int, ...]):
        super().__init__()
        layers = [nn.Linear(ins, outs) for ins, outs in pairwise(widths)]
        for layer in layers:
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.layers = nn.ModuleList(layers)

    def derivatives(self, x: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """x (rows, inputs) -> the number (rows,), its first and its second derivatives by each input (rows,)."""
        h, inputs = x, x.shape[-1]
        axes = torch.arange(inputs, device=x.device)
        first = [(axes == i).to(x.dtype).expand_as(x) for i in range(inputs)]
        second = [x.new_zeros(()).expand_as(x)] * inputs
        for number, layer in enumerate(self.layers):
            h = layer(h)
            weight: Any = layer.weight
            first, second = ([F.linear(d, weight) for d in each] for each in (first, second))
            if number < len(self.layers) - 1:
                h = h.tanh()
                slope = 1 - h**2
                second = [slope * (b - 2 * h * a**2) for a, b in zip(first, second, strict=True)]
                first = [slope * a for a in first]
        return h[..., 0], [d[..., 0] for d in first], [d[..., 0] for d in second]


class Poisson(Derived):
    """u = x (1 - x) y (1 - y) times the network, and the residual of Poisson's equation."""

    def __init__(self, widths: tuple[int, ...], waves: int):
        super().__init__(widths)
        self.waves = waves

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (rows, 2) -> u and the residual (rows,)."""
        n, first, second = self.derivatives(x)
        parts = x * (1 - x)
        slopes = 1 - 2 * x
        curved = 0.0
        for i, other in ((0, 1), (1, 0)):
            inner = -2 * n + 2 * slopes[..., i] * first[i] + parts[..., i] * second[i]
            curved = curved + parts[..., other] * inner
        given = 2 * (self.waves * pi) ** 2 * (self.waves * pi * x).sin().prod(-1)
        return parts.prod(-1) * n, -curved - given


class Burgers(Derived):
    """u = - sin(pi x) + t (1 - x^2) times the network, and the residual of Burgers' equation."""

    def __init__(self, widths: tuple[int, ...], viscosity: float):
        super().__init__(widths)
        self.viscosity = viscosity

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """points (rows, 2), x and t -> u and the residual (rows,)."""
        n, (by_x, by_t), (by_xx, _) = self.derivatives(points)
        x, t = points[..., 0], points[..., 1]
        inner = 1 - x**2
        u = -(pi * x).sin() + t * inner * n
        u_t = inner * (n + t * by_t)
        u_x = -pi * (pi * x).cos() + t * (inner * by_x - 2 * x * n)
        u_xx = pi**2 * (pi * x).sin() + t * (inner * by_xx - 4 * x * by_x - 2 * n)
        return u, u_t + u * u_x - self.viscosity * u_xx


# losses and metrics of what these give


def following(outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
    """The mean cross entropy of what follows, in nats a symbol."""
    return F.cross_entropy(outputs[0].flatten(0, -2), targets.flatten())


def following_right(outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
    """The fraction of symbols that were expected most."""
    return (outputs[0].argmax(-1) == targets).to(outputs[0].dtype).mean()


def excess(outputs: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
    """By how much the cross entropy exceeds the true code length of the same symbols, in nats a symbol: of those whose
    whole context is in the row, which have a length."""
    logits, lengths = outputs
    there = (lengths > 0).to(logits.dtype)
    asked = F.cross_entropy(logits.flatten(0, -2), targets.flatten(), reduction="none").unflatten(0, targets.shape)
    return ((asked - lengths) * there).sum() / there.sum()


def right(outputs: Tensor, targets: Tensor) -> Tensor:
    """The fraction of rows whose class was expected most."""
    return (outputs.argmax(-1) == targets).to(outputs.dtype).mean()


def distance(outputs: Tensor, targets: Tensor) -> Tensor:
    """The mean squared distance of one output a row."""
    return F.mse_loss(outputs[..., 0], targets)


def mean_residual(outputs: tuple[Tensor, Tensor], _: Tensor) -> Tensor:
    """The mean squared residual of a differential equation."""
    return outputs[1].square().mean()


def relative_error(outputs: tuple[Tensor, Tensor], targets: Tensor) -> Tensor:
    """The distance of a solution from the true one, by the norm of that."""
    return (outputs[0] - targets).norm() / targets.norm()
