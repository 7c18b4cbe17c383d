"""Texts of symbols to be predicted: a random Markov source, whose entropy rate is known, the text that ships with
Python, and files that the user names."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bench.core.files import read_text

from .choices import check_choice

Texts = Literal["markov", "python", "file"]
SOURCES = (
    "Markov source: Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x; python: the topics of its own help, "
    "Python Software Foundation 2001"
)
LETTERS = 16  # of the hash of a text, in hexadecimal digits
CONCENTRATION = 0.1  # of the Dirichlet distribution of what may follow: few symbols are likely
CONTEXTS = 2**16  # of a source at most
BURN_IN = 100  # symbols that are drawn before the first
ALPHABET = 255  # characters of a file that have a symbol of their own, the most frequent; the rest share one more
HELD_OUT = 4  # one row for so many that are trained on


@dataclass(frozen=True)
class Language:
    """Rows to train on and held out, of `context` symbols each: "inputs" (N, context) of 0 ... symbols - 1; of a source
    "inputs2", the true code length of each target in nats; and "targets" (N, context), the symbol that follows each.

    order: symbols that a source looks back at; 0 where there is none.
    """

    symbols: int
    train: dict[str, np.ndarray]
    test: dict[str, np.ndarray]
    order: int = 0


def language(
    data: Texts, context: int, sequences: int, symbols: int, order: int, file: str, digest: str, instance: int
) -> Language:
    """The text of that name, as `sequences` rows to train on and a quarter as many held out, the instance's own draw.

    Raises ValueError for what does not fit, and for a text that has another hash than `digest`, where that is given.
    """
    check_choice("data", data, Texts)
    for name, number in (("context", context), ("sequences", sequences)):
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    rng = np.random.default_rng(instance)
    rows = sequences + max(1, sequences // HELD_OUT)
    if data == "markov":
        chances = source(symbols, order, rng)
        text = draw(chances, rows, context + 1, rng)
        columns = {"inputs": text[:, :-1], "inputs2": code_lengths(chances, text), "targets": text[:, 1:]}
    else:
        text, symbols = _encoded(_text(data, file))
        if digest and digest != (there := hash_of({"data": data, "file": file})):
            raise ValueError(
                f"digest must be {there}, that of the text of {file or data}, got {digest}: it has changed"
            )
        order, blocks = 0, len(text) // (context + 1)
        if blocks < rows:
            most = blocks * HELD_OUT // (HELD_OUT + 1)
            if not most:
                raise ValueError(
                    f"{file or data} has {len(text):,} symbols, too few for sequences of context {context}"
                )
            raise ValueError(f"sequences must be <= {most}, of context {context} in {file or data}, got {sequences}")
        picked = rng.permutation(blocks)[:rows]
        windows = text[: blocks * (context + 1)].reshape(blocks, context + 1)[picked]
        columns = {"inputs": windows[:, :-1], "targets": windows[:, 1:]}
    train, test = (
        {key: rows[part] for key, rows in columns.items()} for part in (slice(sequences), slice(sequences, None))
    )
    return Language(symbols, train, test, order)


def source(symbols: int, order: int, rng: np.random.Generator) -> np.ndarray:
    """The chances of what follows each context of a Markov source: an array (symbols, ..., symbols), of which the last
    axis is the symbol that follows, the one before it the latest."""
    if not 2 <= symbols <= 64:
        raise ValueError(f"symbols must be 2 to 64, got {symbols}")
    if not 1 <= order <= 3 or symbols**order > CONTEXTS:
        raise ValueError(f"order must be 1 to 3, with at most {CONTEXTS:,} contexts of {symbols} symbols, got {order}")
    return rng.dirichlet(np.full(symbols, CONCENTRATION), (symbols,) * order)


def draw(chances: np.ndarray, rows: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Texts (rows, length) of a source, begun long before."""
    order, symbols = chances.ndim - 1, chances.shape[-1]
    ends = chances.cumsum(-1)
    text = np.empty((rows, order + BURN_IN + length), dtype=np.int64)
    text[:, :order] = rng.integers(symbols, size=(rows, order))
    for at in range(order, text.shape[1]):
        u = rng.random((rows, 1))
        following = (u > ends[tuple(text[:, at - order : at].T)]).sum(-1)
        text[:, at] = np.minimum(following, symbols - 1)  # sums of chances may end below 1
    return text[:, -length:]


def code_lengths(chances: np.ndarray, text: np.ndarray) -> np.ndarray:
    """- ln of the true chance of each symbol but the first of texts (rows, length): (rows, length - 1), 0 where the
    symbols that it follows are not all in the row."""
    order = chances.ndim - 1
    lengths = np.zeros((len(text), text.shape[1] - 1))
    for at in range(order, text.shape[1]):
        lengths[:, at - 1] = -np.log(chances[tuple(text[:, at - order : at + 1].T)])
    return lengths


def entropy_rate(chances: np.ndarray) -> float:
    """The mean code length in nats a symbol: of what follows each context, in the stationary distribution of contexts
    (Shannon 1948, theorem 5)."""
    symbols, order = chances.shape[-1], chances.ndim - 1
    flat = chances.reshape(-1, symbols)
    visits = np.full(len(flat), 1 / len(flat))
    for _ in range(1000):  # of a power iteration: it forgets where it began
        moved = (visits[:, None] * flat).reshape(symbols, symbols ** (order - 1), symbols).sum(0).ravel()
        if np.abs(moved - visits).sum() < 1e-14:
            break
        visits = moved
    return float(-(visits[:, None] * flat * np.log(np.where(flat > 0, flat, 1.0))).sum())


def hash_of(parameters: Mapping[str, Any]) -> str:
    """The hash of the text that parameters name, 16 hexadecimal digits; "" of a source, which they determine."""
    if parameters["data"] == "markov":
        return ""
    text = _text(parameters["data"], parameters["file"])
    return hashlib.sha256(text.encode()).hexdigest()[:LETTERS]


def _text(data: str, file: str) -> str:
    if data == "python":
        return _topics()
    if not file:
        raise ValueError("data=file must come with file=PATH, got none")
    return read_text(Path(file).expanduser())


@cache
def _topics() -> str:
    """What `help()` says of Python's topics, one after the other."""
    from pydoc_data.topics import topics  # pyright: ignore[reportMissingModuleSource]

    return "\n\n".join(topics[name] for name in sorted(topics))


def _encoded(text: str) -> tuple[np.ndarray, int]:
    """Symbols (N,) for the characters of a text, the most frequent first, and how many there are."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    characters, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    rank = np.empty(len(characters), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(characters))
    return np.minimum(rank[inverse], ALPHABET), min(len(characters), ALPHABET + 1)
