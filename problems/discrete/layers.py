"""The layers of the W-model: what can be laid between the bits and a function of how many of them are 1.

Source: Weise & Wu 2018, doi:10.1145/3205651.3208240, with the numbers and in the variants of Doerr et al. 2020,
doi:10.1016/j.asoc.2019.106027, as IOHexperimenter has them.
"""

from functools import lru_cache
from typing import Literal

import numpy as np

from ..bbob.generator import MODULUS, MULTIPLIER, SLOT_WIDTH, SLOTS, WARM_UP

Layer = Literal["none", "dummy1", "dummy2", "neutrality", "epistasis", "ruggedness1", "ruggedness2", "ruggedness3"]

DUMMY_SEED = 10_000
MAJORITY, PARITY, VALLEY = 3, 4, 5  # lengths of the blocks of neutrality, epistasis and the third ruggedness


def seen(z: np.ndarray, layer: Layer) -> np.ndarray:
    """The bits that count: z (*points, dim) -> (*points, n), n <= dim.

    dummy1, dummy2: half, nine tenths of them. neutrality: the majority of each block of three; what is left over is
    dropped. epistasis: of each block of four, or what is left over, a bit becomes the parity of all but its successor.
    """
    dim = z.shape[-1]
    if layer in ("dummy1", "dummy2"):
        return z[..., _kept(dim, 0.5 if layer == "dummy1" else 0.9)]
    if layer == "neutrality":
        blocks = z[..., : dim - dim % MAJORITY]
        return (blocks.reshape(*z.shape[:-1], -1, MAJORITY).sum(-1) > MAJORITY / 2).astype(np.float64)
    if layer == "epistasis":
        filled = np.concatenate([z, np.zeros((*z.shape[:-1], -dim % PARITY))], axis=-1)
        blocks = filled.reshape(*z.shape[:-1], -1, PARITY)
        successors = np.concatenate([blocks[..., 1:], np.zeros_like(blocks[..., :1])], axis=-1)
        return ((blocks.sum(-1, keepdims=True) + successors) % 2).reshape(filled.shape)[..., :dim]
    return z


def height(count: np.ndarray, n: int, layer: Layer) -> np.ndarray:
    """What a count in 0 ... n is worth: greatest at n, and on the way there rugged.

    ruggedness1: two counts share a height. ruggedness2: neighbours change places. ruggedness3: blocks of five counts
    are turned round, so that each of them leads away from the next.
    """
    if layer == "ruggedness1":
        return (count + n % 2) // 2 + 1
    if layer == "ruggedness2":
        swapped = np.where((n - count) % 2 == 0, count + 1, np.maximum(count - 1, 0))
        return np.where(count == n, n, swapped)
    if layer == "ruggedness3":
        top = n - 1 - (n - 1 - count) // VALLEY * VALLEY
        return np.where(count == n, n, top + np.maximum(top - VALLEY + 1, 0) - count)
    return count


def all_seen(dim: int, layer: Layer) -> np.ndarray:
    """Bits (dim,) of which every one that counts is 1."""
    return (np.arange(dim) % PARITY == 0).astype(np.float64) if layer == "epistasis" else np.ones(dim)


@lru_cache(maxsize=256)
def _kept(dim: int, share: float) -> np.ndarray:
    """The places of the bits that count, in ascending order: an incomplete shuffle by IOHexperimenter's numbers."""
    places, size = list(range(dim)), int(dim * share)
    for i, u in enumerate(draws(size, DUMMY_SEED)):
        other = int(u * dim)
        places[i], places[other] = places[other], places[i]
    return np.array(sorted(places[:size]))


def draws(n: int, seed: int) -> list[float]:
    """n numbers in (0, 1) as IOHexperimenter draws them for its pseudo-Boolean functions.

    Park & Miller's congruence read through a table that shuffles, as BBOB's, but for one thing: the number read, and
    not the one made last, is what the next is made of.
    """
    states = [seed * pow(MULTIPLIER, k, MODULUS) % MODULUS for k in range(WARM_UP + 1, WARM_UP + SLOTS + 1)]
    table, state, numbers = states[::-1], states[-1], []
    for _ in range(n):
        slot = state // SLOT_WIDTH
        state, table[slot] = table[slot], MULTIPLIER * state % MODULUS
        numbers.append(state / MODULUS)
    return numbers
