"""Networks that predict the next symbol of a text: a transformer, and recurrent ones."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from bench.core import Derived, Objective, problem

from .choices import check_choice
from .languages import SOURCES, Language, Texts, hash_of, language

if TYPE_CHECKING:
    from torch import nn

Cell = Literal["lstm", "gru", "elman"]
Digest = Annotated[str, Derived(hash_of)]


@problem(
    family="learning",
    source=f"Vaswani et al. 2017, arXiv:1706.03762; Radford et al. 2019 (GPT-2); {SOURCES}",
    version=2,
    needs=("torch",),
)
def transformer(
    data: Texts = "markov",
    width: int = 32,
    depth: int = 2,
    heads: int = 4,
    context: int = 32,
    sequences: int = 512,
    dropout: float = 0.0,
    symbols: int = 16,
    order: int = 2,
    file: str = "",
    digest: Digest = "",
    instance: int = 1,
) -> Objective:
    """A transformer that predicts the next symbol: mean cross entropy in nats a symbol. 27,000 parameters unless
    given: 12 depth width^2 and what the symbols and places take. Not convex.

    data: "markov", a random source of so many symbols, each by the `order` before it; "python", the characters of what
    Python's help says of its topics; "file", those of the text file that is named. `digest` is the hash of the text,
    and need not be given: a text that has changed is another problem. sequences: rows of `context` symbols to train on;
    a quarter as many are held out. heads: of attention, which must divide the width. dropout: fraction that a noisy
    answer sets to 0.
    Of a source the true code length of each symbol is known: train_gap and test_gap are the cross entropy less it, of
    symbols whose whole context is in the row. f itself falls below the entropy rate where rows are learned by heart,
    so that its minimum is not known. The instance is the source, and the draw of its rows; or the choice of rows.
    """
    for name, number in (("width", width), ("depth", depth), ("heads", heads)):
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    if width % heads:
        raise ValueError(f"heads must divide width, got heads={heads}, width={width}")
    text = language(data, context, sequences, symbols, order, file, digest, instance)

    def net() -> "nn.Module":
        from ._modules import Transformer

        return Transformer(text.symbols, context, width, depth, heads, dropout)

    return _predictor(net, text, dropout)


@problem(
    family="learning",
    source=(
        "lstm: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; gru: Cho et al. 2014, arXiv:1406.1078; "
        f"elman: Elman 1990, doi:10.1207/s15516709cog1402_1; {SOURCES}"
    ),
    version=2,
    needs=("torch",),
)
def rnn(
    cell: Cell = "lstm",
    data: Texts = "markov",
    width: int = 32,
    depth: int = 1,
    context: int = 16,
    sequences: int = 512,
    dropout: float = 0.0,
    symbols: int = 16,
    order: int = 2,
    file: str = "",
    digest: Digest = "",
    instance: int = 1,
) -> Objective:
    """A recurrent network that predicts the next symbol: mean cross entropy in nats a symbol. Not convex.

    cell: "lstm" or "gru", which have gates, or "elman", which has none. The other factors, the metrics and the instance
    are those of `transformer`.
    """
    check_choice("cell", cell, Cell)
    for name, number in (("width", width), ("depth", depth)):
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    text = language(data, context, sequences, symbols, order, file, digest, instance)

    def net() -> "nn.Module":
        from ._modules import Recurrent

        return Recurrent(cell, text.symbols, width, depth, dropout)

    return _predictor(net, text, dropout)


def _predictor(net: "Callable[[], nn.Module]", text: Language, dropout: float) -> Objective:
    """A network on a text. Raises ValueError for a dropout out of range."""
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be >= 0 and below 1, got {dropout}")
    from bench.core.modules.module import Metric, from_module

    from ._modules import excess, following, following_right

    metrics: dict[str, Any] = {"accuracy": Metric(following_right, higher=True)}
    if text.order:
        metrics["gap"] = excess
    return from_module(net, following, tuple(text.train.values()), tuple(text.test.values()), metrics=metrics)
