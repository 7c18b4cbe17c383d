"""Tests and intervals on arrays of C cells (the strata), O optimizers and N slots (an instance and seed) a cell.

Runs in one slot began alike, so optimizers are compared by slot. first, second (P,): the pairs of optimizers.
"""

from collections.abc import Callable
from math import ceil, sqrt
from typing import Any

import numpy as np

from bench.measure.levels import COVERAGE, FEWEST, LEVEL, NORMAL

CHUNK = 4_000_000  # numbers in memory at a time
UNSEEN = 0.05  # of a run, beside those of a cell, at the far end: that all are equal does not mean that all would be


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


def wilson(mean: np.ndarray, n: np.ndarray, quantile: float | np.ndarray = NORMAL) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the interval of a probability of which n draws have this mean (Wilson 1927, doi:10.2307/2276774).

    mean, n: arrays of one shape, n > 0, not necessarily whole. quantile: of the normal distribution, or of Student's.
    """
    a = quantile**2 / n
    middle, half = mean + a / 2, np.sqrt(a * (mean * (1 - mean) + a / 4))
    return np.maximum((middle - half) / (1 + a), 0.0), np.minimum((middle + half) / (1 + a), 1.0)


def contrast(x: np.ndarray, planned: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    """The mean difference of paired values x (C, O, N, B), and how sure it is: arrays (P, B).

    difference: the mean over the cells where both were planned (C, O, N) of the mean of their paired differences.
    p: that of `sign_flip`. low, high: the 95 % t interval, from the variances within cells, with the degrees of freedom
    of Satterthwaite (1946, doi:10.2307/3002019) for unequal ones. All three are NaN with fewer than 5 pairs in a cell,
    the interval too where all differences are equal.
    problems, runs: how many cells, and pairs of runs. one_way: whether most of these pairs differ, all in one way.
    general: the p-value of `signed_rank` of the mean differences of cells; lead: in how many more of these the first is
    ahead than behind.
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
        of_cells = np.round(d.sum(axis=2), 12)
        general, lead = signed_rank(np.nan_to_num(of_cells)), np.sign(of_cells).sum(axis=0)
        columns.append((difference, difference - half, difference + half, p, one_way, general, lead))
    names = ("difference", "low", "high", "p", "one_way", "general", "lead")
    arrays = np.array(columns).reshape(x.shape[-1], len(names), len(first)).transpose(1, 2, 0)
    answer: dict[str, np.ndarray] = dict(zip(names, arrays, strict=True))
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
    p, chance = np.ones(difference.shape[1]), np.ones(1)  # of each sum of the ranks that have a positive sign
    for n in range(1, count.max(initial=0) + 1):
        chance = (np.pad(chance, (0, n)) + np.pad(chance, (n, 0))) / 2
        pairs = count == n
        below = np.cumsum(chance)[np.ceil(total[pairs]).astype(int)]
        above = np.cumsum(chance[::-1])[::-1][np.floor(total[pairs]).astype(int)]
        p[pairs] = np.minimum(2 * np.minimum(below, above), 1.0)
    return p


def superiority(x: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A12 of each pair, and the ends of its 95 % interval: arrays (P,).

    The probability that a value of the first is larger than one of the second in the same cell, ties half (Vargha &
    Delaney 2000, doi:10.3102/10769986025002101): Mann-Whitney's U / (n m), mean over the cells where both have values.
    x (C, O, N): NaN where there is none. The ends are as many standard errors away as a quantile of Student's t says,
    with the variance that A12 would have there (Newcombe 2006, doi:10.1002/sim.2324, method 5; the variance is that of
    Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747). That is of values that vary alike. Where those of one
    optimizer vary less, the variance seen (DeLong et al. 1988, doi:10.2307/2531595, with what is not seen as of
    `stratified_mean`), over A12 (1 - A12), is larger, and takes its place. NaN below 5 runs of either in a cell.
    """
    from scipy.special import stdtrit

    size = (~np.isnan(x)).sum(axis=2)  # (C, O)
    runs, others = np.maximum(size[:, first], 1), np.maximum(size[:, second], 1)  # (C, P)
    there = np.minimum(size[:, first], size[:, second]) > 0
    mean, moved, seen = (np.zeros(there.shape) for _ in range(3))
    for cell, pairs in enumerate(there):
        for chunk in np.array_split(np.flatnonzero(pairs), 1 + len(first) * x.shape[2] ** 2 // CHUNK):
            value, n, m = x[cell], runs[cell, chunk, None], others[cell, chunk, None]
            one, other = value[first[chunk], :, None], value[second[chunk], None, :]
            wins = (one > other) + np.float32(0.5) * (one == other)
            # of each run, the mean over those of the other optimizer
            sides = [(wins.sum(axis=2) / m, n[:, 0]), (wins.sum(axis=1) / n, m[:, 0])]
            mean[cell, chunk] = sides[0][0].sum(axis=1) / sides[0][1]
            squares = [((side**2).sum(axis=1) / count, count) for side, count in sides]
            plain = [_unseen(mean[cell, chunk], square, count, 0.0)[1] for square, count in squares]
            whole = [_unseen(mean[cell, chunk], square, count) for square, count in squares]
            moved[cell, chunk] = (whole[0][0] + whole[1][0]) / 2
            seen[cell, chunk] = np.maximum(whole[0][1] + plain[1], plain[0] + whole[1][1])
    problems, draws = there.sum(axis=0), runs * others
    each, rest = (np.where(there, weight / draws, 0.0).sum(axis=0) for weight in (1.0, (runs + others) / 2 - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        total, shifted = (value.sum(axis=0) / problems for value in (mean, moved))
        least = seen.sum(axis=0) / (shifted * (1 - shifted))
        free = seen.sum(axis=0) ** 2 / (seen**2 / np.maximum(runs + others - 2, 1)).sum(axis=0)  # as of Satterthwaite
        quantile = stdtrit(free, 1 - LEVEL / 2) / problems

    def error(t: np.ndarray) -> np.ndarray:
        usual = each + rest * ((1 - t) / (2 - t) + t / (1 + t))
        return quantile * np.sqrt(t * (1 - t) * np.maximum(usual, least))

    few = (problems == 0) | (there & (np.minimum(runs, others) < FEWEST)).any(axis=0)
    low, high = (_root(lambda t, top=top: top - t - error(t), np.zeros_like(top), top) for top in (total, 1 - total))
    return total, np.where(few, np.nan, low), np.where(few, np.nan, 1 - high)


def _unseen(
    mean: np.ndarray, square: np.ndarray, n: np.ndarray, unseen: float = UNSEEN
) -> tuple[np.ndarray, np.ndarray]:
    """The mean, and the variance of the mean, of n values between 0 and 1 and so much of one at the far end; mean,
    square: of the n values and of their squares."""
    far = np.where(mean < 0.5, 1.0, 0.0)
    whole = n + unseen
    shifted = (n * mean + unseen * far) / whole
    squares = n * (np.maximum(square - mean**2, 0.0) + (mean - shifted) ** 2) + unseen * (far - shifted) ** 2
    return shifted, squares / whole / np.maximum(whole - 1, UNSEEN)


def stratified_mean(x: np.ndarray, planned: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean over cells of the mean over runs, and the ends of its 95 % interval: arrays (O, B).

    x (C, O, N, B): between 0 and 1; planned (C, O, N): which runs there are. It is a score interval: an end is as many
    standard errors away as a quantile of Student's t says, with the variance that the mean would have were this end the
    truth, and the cells as likely to be what they are as that allows (as Miettinen & Nurminen 1985,
    doi:10.1002/sim.4780040211, have it for differences). For one cell it is Wilson's. A cell counts as so many draws of
    0 or 1 as give its mean the variance seen; a twentieth of a run at the far end is a part of that, as equal runs do
    not say that all would be equal. Degrees of freedom are those of Satterthwaite (1946, doi:10.2307/3002019). NaN
    below 5 runs in a cell.
    """
    from scipy.special import stdtrit

    count = planned.sum(axis=2)[..., None]  # (C, O, 1)
    present, n = count > 0, np.maximum(count, 1)
    value = np.where(planned[..., None], x, 0.0)
    mean = value.sum(axis=2) / n  # (C, O, B)
    shifted, variance = _unseen(mean, (value**2).sum(axis=2) / n, n)
    size = shifted * (1 - shifted) / variance
    seen = np.where(present, variance, 0.0)
    free = seen.sum(axis=0) ** 2 / np.maximum((seen**2 / np.maximum(n - 1, 1)).sum(axis=0), 1e-300)
    distance = stdtrit(np.maximum(free, 1.0), 1 - LEVEL / 2) ** 2
    problems = present.sum(axis=0)  # (O, 1)

    def end(mean: np.ndarray) -> np.ndarray:
        """The lower end: with the multiplier l of the constraint the likeliest p of a cell solves size (mean - p) =
        l p (1 - p), so that the means differ by l times the variance, and by as many errors as wanted where l^2 times
        the variance is their square."""

        def likeliest(log: np.ndarray) -> np.ndarray:
            b = np.exp(log) + size
            return 2 * size * mean / (b + np.sqrt(np.maximum(b**2 - 4 * np.exp(log) * size * mean, 0.0)))

        def excess(log: np.ndarray) -> np.ndarray:
            p = likeliest(log)
            return distance - np.exp(2 * log) * np.where(present, p * (1 - p) / size, 0.0).sum(axis=0)

        root = _root(excess, np.full_like(distance, -30.0), np.full_like(distance, 30.0))
        return np.where(present, likeliest(root), 0.0).sum(axis=0) / problems

    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.where(present, mean, 0.0).sum(axis=0) / problems
        few = (present & (count < FEWEST)).any(axis=0) | np.isnan(total)
        low, high = end(mean), 1 - end(1 - mean)
    return total, np.where(few, np.nan, np.minimum(low, total)), np.where(few, np.nan, np.maximum(high, total))


def _root(falling: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where a function, element by element, comes to 0 from above, between these ends; by bisection."""
    for _ in range(50):
        middle = (low + high) / 2
        above = falling(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


def seeds_needed(optimizers: int) -> int:
    """About how many seeds of each of so many optimizers a problem needs, so that the best can be significantly better
    there than another, all of whose runs are worse.

    As many as bring z of `bench.measure.permutations.rank_differences`, sqrt(3 n^2 / (2 n + 1)) of runs without
    overlap, to where the largest of all pairs is in 5 % of cases by chance (Tukey's studentized range over sqrt(2)); of
    two at least as many as have 40 exchanges. By simulation that is right to one seed for 2 to 20 optimizers.
    """
    from scipy.stats import studentized_range

    square = float(studentized_range.ppf(COVERAGE, optimizers, np.inf)) ** 2 / 2
    return max(FEWEST + 1, ceil((square + sqrt(square**2 + 3 * square)) / 3))
