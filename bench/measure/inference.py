"""Tests and intervals on arrays of C cells (the strata), O optimizers and N slots (an instance and seed) a cell.

Runs in one slot began alike, so optimizers are compared by slot. first, second (P,): the pairs of optimizers.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from bench.measure.ert import RESAMPLES, one_thread
from bench.measure.levels import FEWEST, LEVEL

CHUNK = 4_000_000  # numbers in memory at a time


def holm(p: np.ndarray) -> np.ndarray:
    """P-values (..., m) adjusted for m comparisons: the k-th least is multiplied by m - k + 1 (Holm 1979,
    doi:10.2307/4615733), so that it stays below a level by chance as seldom as if it were alone. NaN is no comparison.
    """
    order = np.argsort(p, axis=-1)  # NaN last
    remaining = np.sum(~np.isnan(p), axis=-1, keepdims=True) - np.arange(p.shape[-1])
    stepped = np.minimum(np.maximum.accumulate(np.take_along_axis(p, order, -1) * remaining, axis=-1), 1.0)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, stepped, -1)
    return adjusted


def contrast(x: np.ndarray, planned: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    """The mean difference of paired values x (C, O, N, B), and how sure it is: arrays (P, B).

    difference: the mean over the cells where both were planned (C, O, N) of the mean of their paired differences.
    p: that of `sign_flip`. low, high: the 95 % t interval, from the variances within cells, with the degrees of freedom
    of Satterthwaite (1946, doi:10.2307/3002019) for unequal ones. All three are NaN with fewer than 5 pairs in a cell,
    the interval too where all differences are equal.
    problems, runs: how many cells, and pairs of runs. one_way: whether most of these pairs differ, all in one way.
    """
    from scipy.special import stdtrit

    both = planned[:, first] & planned[:, second]
    n = both.sum(axis=2)  # (C, P)
    problems, few = (n > 0).sum(axis=0), ((n > 0) & (n < FEWEST)).any(axis=0)
    size, free = np.maximum(n, 1), np.maximum(n - 1, 1)
    columns = []
    for value in np.moveaxis(x, -1, 0):
        d = np.where(both, value[:, first] - value[:, second], 0.0)
        d /= (size * np.maximum(problems, 1))[..., None]  # the difference is their sum
        within = np.where(both, d - (d.sum(axis=2) / size)[..., None], 0.0)
        v = (within**2).sum(axis=2) * size / free
        freedom = v.sum(axis=0) ** 2 / np.maximum((v**2 / free).sum(axis=0), 1e-300)
        half = stdtrit(np.maximum(freedom, 1.0), 1 - LEVEL / 2) * np.sqrt(v.sum(axis=0))
        half[v.sum(axis=0) == 0] = np.nan  # equal differences tell nothing of how far they may be off
        difference = np.round(d.sum(axis=(0, 2)), 12)  # rounding error is no difference
        p = sign_flip(np.moveaxis(d, 0, 1).reshape(len(first), d.shape[0] * d.shape[2]))
        up, down = ((sign * d > 0).sum(axis=(0, 2)) for sign in (1, -1))
        one_way = (np.minimum(up, down) == 0) & (2 * (up + down) > n.sum(axis=0))
        columns.append((difference, difference - half, difference + half, p, one_way))
    arrays = np.array(columns).reshape(x.shape[-1], 5, len(first)).transpose(1, 2, 0)
    answer: dict[str, np.ndarray] = dict(zip(("difference", "low", "high", "p", "one_way"), arrays, strict=True))
    answer["one_way"] = answer["one_way"] > 0
    answer["difference"][problems == 0] = np.nan
    for name in ("low", "high", "p"):
        answer[name][few | (problems == 0) | np.isnan(answer["difference"]).any(axis=1)] = np.nan
    counts = {"problems": problems, "runs": n.sum(axis=0)}
    return answer | {name: np.broadcast_to(count[:, None], answer["p"].shape) for name, count in counts.items()}


def sign_flip(d: np.ndarray) -> np.ndarray:
    """Two-sided p-values (m,) of the hypothesis that each of the differences d (m, n) could have had the other sign.

    The fraction of all 2^n choices of signs that make a sum as far from 0 as the one seen (Fisher 1935, The Design of
    Experiments, section 21), by the saddlepoint approximation of Lugannani & Rice (1980, doi:10.2307/1426607) with
    K(t) = sum of log cosh(t d) (Robinson 1982, doi:10.1111/j.2517-6161.1982.tb01191.x). The least difference is taken
    off the sum: where all are equal, sums move in steps of twice as much, and half a step is the usual correction. p is
    never less than 2 / 2^k, the fraction where all of k differences other than 0 have one sign.

    An adjustment for 190 pairs looks far out into the tail, and there t tests are wrong: fractions of targets are
    coarse, so a few differences are often equal by chance, and their spread 0.
    """
    from scipy.special import ndtr

    size = np.sqrt((d**2).sum(axis=1, keepdims=True))
    a = np.abs(d) / np.where(size > 0, size, 1.0)
    z = np.abs((np.sign(d) * a).sum(axis=1))
    one_sign = z > a.sum(axis=1) - 1e-9
    z = np.maximum(z - np.where(a > 0, a, np.inf).min(axis=1, initial=np.inf), 0.0)
    p = np.where(z < 0.1, 2 * ndtr(-z), 2 * np.exp(-(z**2) / 2))  # nearly normal; Hoeffding's bound
    near = (z >= 0.1) & (z < 7) & ~one_sign  # beyond, the bound is below 5e-11
    a, s = a[near], z[near]
    t, second = s.copy(), np.ones_like(s)
    for _ in range(30):  # Newton for K'(t) = s, from the left: K' is concave
        tanh = np.tanh(t[:, None] * a)
        second = (a**2 * (1 - tanh**2)).sum(axis=1)
        step = (s - (a * tanh).sum(axis=1)) / second
        if np.all(step < 1e-6 * t):
            break
        t += step
    ta = t[:, None] * a
    k = (ta + np.log1p(np.exp(-2 * ta)) - np.log(2)).sum(axis=1)
    w, u = np.sqrt(2 * (t * s - k)), t * np.sqrt(second)
    p[near] = 2 * (ndtr(-w) + np.exp(-(w**2) / 2) / np.sqrt(2 * np.pi) * (1 / u - 1 / w))
    least = np.minimum(2.0 ** (1 - (d != 0).sum(axis=1)), 1.0)
    return np.where(one_sign, least, np.clip(p, least, 1.0))


def signed_rank(difference: np.ndarray) -> np.ndarray:
    """Two-sided p-values (P,) of Wilcoxon's signed-rank test (1945, doi:10.2307/3001968) of differences (C, P), exact.

    Differences of 0 are left out; ties among the others share their mean rank, and make it conservative: the sum of
    ranks is rounded towards the middle. Equal to SciPy's `wilcoxon(method="exact")`, which takes a second to import.
    """
    import pandas as pd

    absolute: Any = pd.DataFrame(np.where(difference == 0, np.nan, np.abs(difference)))
    ranks = absolute.rank().to_numpy()
    total = np.where(difference > 0, ranks, 0.0).sum(axis=0)
    count = (difference != 0).sum(axis=0)
    p = np.ones(difference.shape[1])
    for n in np.unique(count[count > 0]):
        chance = np.ones(1)  # of each sum of the ranks that have a positive sign
        for rank in range(1, n + 1):
            chance = (np.pad(chance, (0, rank)) + np.pad(chance, (rank, 0))) / 2
        pairs = count == n
        below = np.cumsum(chance)[np.ceil(total[pairs]).astype(int)]
        above = np.cumsum(chance[::-1])[::-1][np.floor(total[pairs]).astype(int)]
        p[pairs] = np.minimum(2 * np.minimum(below, above), 1.0)
    return p


@one_thread
def superiority(
    x: np.ndarray, sizes: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A12 of each pair, and the ends of its 95 % interval: arrays (P,).

    The probability that a value of the first is larger than one of the second in the same cell, ties half (Vargha &
    Delaney 2000, doi:10.3102/10769986025002101): Mann-Whitney's U / (n m), mean over the cells where both have values.
    x (C, O, N): NaN where there is none; sizes (C,): slots in use. Intervals as of `resampled_mean`.
    """
    total, resampled, problems, few = np.zeros(len(first)), np.zeros((len(first), RESAMPLES)), 0, False
    for value, weight in zip(x, draws(tuple(sizes.tolist())), strict=True):
        n = len(weight)
        a, b = value[first, :n, None], value[second, None, :n]
        # halves and whole numbers: single precision has their sums exactly, in half the time
        wins = ((a > b) + np.float32(0.5) * (a == b)).reshape(len(first), n * n)
        there = ~np.isnan(value[:, :n])
        size, drawn = there.sum(axis=1), there @ weight
        most = size[first] * size[second]
        total += _ratio(wins.sum(axis=1), most, most > 0)
        for chunk in np.array_split(np.arange(RESAMPLES), -(-RESAMPLES * n * n // CHUNK)):
            outer = (weight[:, None, chunk] * weight[None, :, chunk]).reshape(n * n, len(chunk)).astype(np.float32)
            both = drawn[first][:, chunk] * drawn[second][:, chunk]
            mean = _ratio(wins.sum(axis=1), most, most > 0)[:, None]
            resampled[:, chunk] += np.where(both > 0, _ratio(wins @ outer, both, both > 0), mean)
        problems = problems + (most > 0)
        few = few | ((most > 0) & (np.minimum(size[first], size[second]) < FEWEST))
    with np.errstate(invalid="ignore"):
        mean, (low, high) = total / problems, _percentiles(resampled / np.reshape(problems, (-1, 1)))
    return mean, np.where(few, np.nan, low), np.where(few, np.nan, high)


@one_thread
def resampled_mean(x: np.ndarray, planned: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean over cells of the mean over runs, and the ends of its 95 % interval: arrays (O, B).

    x (C, O, N, B); planned (C, O, N): which runs there are; sizes (C,): slots in use. The percentile interval over
    resampled slots, stratified by cell (Efron 1979, doi:10.1214/aos/1176344552; Agarwal et al. 2021, arXiv:2108.13264),
    with the same resamples for all optimizers; NaN with fewer than 5 runs of an optimizer in a cell.
    """
    shape = (x.shape[1], x.shape[-1])
    total, resampled, count = np.zeros(shape), np.zeros((*shape, RESAMPLES)), planned.sum(axis=2)
    for value, there, weight in zip(x, planned, draws(tuple(sizes.tolist())), strict=True):
        there = there[:, : len(weight)]
        present = there.any(axis=1)[:, None]
        value = np.where(there[..., None], value[:, : len(weight)], 0.0).swapaxes(1, 2)  # (O, B, n)
        mean = _ratio(value.sum(axis=2), there.sum(axis=1)[:, None], present)
        total += mean
        drawn = (there @ weight)[:, None]
        # where runs are still missing a resample may hold none of an optimizer: it says nothing new
        resampled += np.where(drawn > 0, _ratio(value @ weight, drawn, drawn > 0), mean[..., None])
    problems = (count > 0).sum(axis=0)[:, None]
    few = ((count > 0) & (count < FEWEST)).any(axis=0)[:, None]
    with np.errstate(invalid="ignore"):
        mean, (low, high) = total / problems, _percentiles(resampled / problems[..., None])
    return mean, np.where(few, np.nan, low), np.where(few, np.nan, high)


@lru_cache(maxsize=64)
def draws(sizes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """How often each run of each cell is drawn: an array (size, 1000) for each of these sizes, independent.

    Of n runs n - 1 are drawn, with replacement: the mean of a stratum then varies as it should, and not by a factor of
    (n - 1) / n too little (McCarthy & Snowden 1985, Vital and Health Statistics 2(95)).
    """
    rng = np.random.default_rng(0)
    return tuple(rng.multinomial(max(n - 1, 1), np.full(n, 1 / n), RESAMPLES).T.astype(float) for n in sizes)


def _ratio(over: np.ndarray, under: np.ndarray, where: np.ndarray) -> np.ndarray:
    """over / under, 0 elsewhere: a cell in which an optimizer has no run adds nothing to it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(where, over / under, 0.0)


def _percentiles(resampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle 95 % of resamples (..., R)."""
    tail = int(RESAMPLES * LEVEL / 2)
    ordered = np.partition(resampled, (tail, RESAMPLES - 1 - tail), axis=-1)
    return ordered[..., tail], ordered[..., RESAMPLES - 1 - tail]
