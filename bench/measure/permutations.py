"""What differences chance alone makes: optimizers exchanged within slots, over and over.

A slot is an instance and a seed of a problem, where all optimizers began alike. Were all equally good, any exchange of
them within slots would be as probable as what was seen, whether starts matter or not (Fisher 1935, The Design of
Experiments, section 21). The largest statistic over all that a claim chooses from is compared with its own distribution
over exchanges, so that the claim holds for all of these at once (Westfall & Young 1993, Resampling-Based Multiple
Testing).

Arrays have O optimizers and S slots. present (O, S): which runs there are. exchanged (B, O, S): whose run stands for
that of each optimizer.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256

import numpy as np

from bench.measure.ert import one_thread
from bench.measure.levels import FEWEST, LEVEL, PERMUTATIONS

AT_ONCE = 100  # exchanges, at most
MEMORY = 20_000_000  # numbers of theirs
CACHE = 100_000  # of those that are made and used at a time: what is near is read faster
ROUNDING = 1e-6  # a statistic that is less by this is as large


def generator(*names: object) -> np.random.Generator:
    """A generator that follows from what is compared, not from the order in which it was stored."""
    return np.random.default_rng(np.frombuffer(sha256("\n".join(map(str, names)).encode()).digest(), "<u4"))


def exchanges(present: np.ndarray, rng: np.random.Generator, count: int, chunk: int) -> Iterator[np.ndarray]:
    """So many exchanges of optimizers within slots, in chunks (B, O, S); who is absent stays where it is."""
    there = present.T
    place = np.maximum(there.cumsum(axis=1) - 1, 0)
    for first in range(0, count, chunk):
        keys = rng.random((min(chunk, count - first), *there.shape), dtype=np.float32)
        order = np.where(there, keys, 2.0).argsort(axis=-1)
        if not there.all():
            order = np.take_along_axis(order, np.broadcast_to(place, order.shape), axis=-1)
            order = np.where(there, order, np.arange(len(present)))
        yield order.swapaxes(1, 2)


def by_chance(
    largest: Callable[[np.ndarray], np.ndarray],
    present: np.ndarray,
    rng: np.random.Generator,
    seen: float,
    *,
    count: int = PERMUTATIONS,
    size: int = 1,
) -> np.ndarray:
    """The largest statistic after each of so many exchanges: largest gives those (B,) of exchanges (B, O, S).

    It ends early where one as large as seen cannot be significant any more. size: how many numbers a run has in memory.
    """
    chunk = int(np.clip(MEMORY // max(present.size * size, 1), 1, AT_ONCE))
    values = np.empty(0)
    piece = int(np.clip(CACHE // max(present.size, 1), 1, chunk))
    while len(values) < count:
        pieces = exchanges(present, rng, min(chunk, count - len(values)), piece)
        values = np.concatenate([values, *map(largest, pieces)])
        if (values >= seen - ROUNDING).sum() > LEVEL * (count + 1) - 1:
            break
    return values


def chances(seen: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How probable statistics as large as these (...) are by chance: p-values, at least 1 / 401. values: of
    `by_chance`."""
    return (1 + len(values) - np.searchsorted(np.sort(values), seen - ROUNDING)) / (1 + len(values))


def threshold(values: np.ndarray) -> float:
    """Above which a statistic is significant. values: of `by_chance`."""
    return np.sort(values)[-int(LEVEL * (1 + len(values)))] + ROUNDING


def identity(present: np.ndarray) -> np.ndarray:
    """The exchange (1, O, S) that leaves all as it is."""
    return np.broadcast_to(np.arange(len(present))[:, None], (1, *present.shape))


@one_thread
def rank_differences(values: np.ndarray, exchanged: np.ndarray) -> np.ndarray:
    """How far each optimizer is below each other, in standard errors: z (B, O, O) of Mann & Whitney (1947,
    doi:10.1214/aoms/1177730491), with the variance that ties leave (Lehmann 1975, Nonparametrics, section 1.4).

    values (O, S): NaN where there is none; inf is the largest, and ties with itself.
    """
    present, optimizers = ~np.isnan(values), len(values)
    distinct, code = np.unique(np.where(present, values, np.inf), return_inverse=True)
    moved = code.reshape(values.shape)[exchanged, np.arange(values.shape[1])]
    place = np.arange(len(exchanged) * optimizers).reshape(-1, optimizers, 1) * len(distinct) + moved
    place = place[np.broadcast_to(present, place.shape)]
    count = np.bincount(place, minlength=len(exchanged) * optimizers * len(distinct))
    count = count.reshape(-1, optimizers, len(distinct)).astype(np.float32)  # of each value; sums of these are exact
    wins = (count.cumsum(axis=2) - count / 2) @ count.swapaxes(1, 2)
    n = present.sum(axis=1).astype(float)
    both, product = n[:, None] + n, n[:, None] * n
    tied = count[..., count[0].sum(axis=0) > 1]
    cross, alone = tied**2 @ tied.swapaxes(1, 2), (tied**3 - tied).sum(axis=2)
    ties = alone[:, :, None] + alone[:, None] + 3 * (cross + cross.swapaxes(1, 2))  # sum of t^3 - t
    variance = product / 12 * (both + 1 - ties / np.maximum(both * (both - 1), 1))
    spread = np.sqrt(np.maximum(variance, 0))
    return np.divide(wins - product / 2, spread, out=np.zeros_like(spread), where=variance > 1e-9)


def worse_by_rank(
    values: np.ndarray, best: int, rng: np.random.Generator, late: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Who has significantly larger values (O, S) than the best of them, and of whom that could be seen: arrays (O,).

    The largest z of `rank_differences` over all pairs, against exchanges within slots. late: by what the values of the
    others are divided before. It could be seen where both have 5 values, and z is significant when all of the other are
    larger; of two optimizers in m slots, where there are exchanges enough: 2 / 2^m is at most 0.05.
    """
    present = ~np.isnan(values)
    n = present.sum(axis=1)
    separate = np.sqrt(3 * n[best] * n / (n[best] + n + 1))
    earlier = np.where(np.arange(len(values))[:, None] == best, values, values / late)
    z = rank_differences(earlier, identity(present))[0, best]
    largest = by_chance(
        lambda exchanged: rank_differences(values, exchanged).max(axis=(1, 2)), present, rng, z.max(), size=len(values)
    )
    enough = np.minimum(n, n[best]) >= FEWEST
    enough &= (n > 0).sum() > 2 or 2.0 ** (1 - (present.sum(axis=0) > 1).sum()) <= LEVEL
    return (chances(z, largest) <= LEVEL) & (z > 0) & enough, (chances(separate, largest) <= LEVEL) & enough


class Contrasts:
    """Paired differences of optimizers over many slots: z, the sum of differences over the root of the sum of their
    squares, the spread that they have where both are equally good (of few runs the one that was seen may be 0).

    x (O, S, G): a value of each run at each of G costs; present (O, S).
    """

    def __init__(self, x: np.ndarray, present: np.ndarray):
        self.x, self.present = np.ascontiguousarray(np.where(present[..., None], x, 0.0)), present
        self.there = None if present.all() else present.astype(float)

    @classmethod
    def of_cells(cls, x: np.ndarray, planned: np.ndarray) -> "Contrasts":
        """Those of values (C, O, N, G) of the runs that are planned (C, O, N), where all cells count alike."""
        slots = planned.any(axis=1)  # (C, N)
        weighted = x / np.maximum(slots.sum(axis=1), 1)[:, None, None, None]
        return cls(np.moveaxis(weighted, 1, 2)[slots].swapaxes(0, 1), np.moveaxis(planned, 1, 2)[slots].T)

    def exchanged(self, whose: np.ndarray) -> np.ndarray:
        """The values (O, S, G) after an exchange (O, S)."""
        optimizers, slots, costs = self.x.shape
        return self.x.reshape(optimizers * slots, costs).take(whose * slots + np.arange(slots), axis=0)

    def z(self, x: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """z (G, L, L) of each of these rows of x (O, S, G) against each other."""
        x = x[rows]
        if self.there is None:
            total, products = totals(x).T[..., None], _products(x)
            square = np.diagonal(products, axis1=1, axis2=2)[..., None]
        else:
            x = np.ascontiguousarray(np.moveaxis(x, -1, 0))
            total, square = x @ self.there[rows].T, x**2 @ self.there[rows].T
            products = x @ x.swapaxes(1, 2)
        square = square + square.swapaxes(1, 2)
        spread = square - 2 * products
        equal = spread <= 1e-9 * square
        return (total - total.swapaxes(1, 2)) / np.sqrt(np.where(equal, np.inf, spread))


def totals(x: np.ndarray) -> np.ndarray:
    """Sums over slots (O, G) of x (O, S, G), in less than half the time of x.sum(axis=1)."""
    return np.einsum("osg->og", x)


def _products(x: np.ndarray) -> np.ndarray:
    """Sums over slots (G, L, L) of products of each two rows of x (L, S, G). Row by row, each a stretch of memory, is
    quicker than products of matrices for few rows and many costs, and gives the bits that pair by pair would."""
    products = np.empty((x.shape[2], len(x), len(x)))
    for row in range(len(x)):
        products[:, row, row:] = products[:, row:, row] = np.einsum("sg,lsg->gl", x[row], x[row:])
    return products
