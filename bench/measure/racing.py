"""A race: rounds of paired runs, after each of which optimizers that are significantly worse leave.

A round is one run of each optimizer, all of which began alike. Within a round results are ranked, and a rank counts as
the normal score that it has (the mean of so large a value among so many draws of a normal distribution; equal results
share theirs), so that neither scales nor outliers matter. Of two optimizers z is the mean paired difference of these
scores in standard errors, by the variance within all optimizers of the race. Some results spread more than others:
where the variance of this pair is larger, z is less by their ratio once more, as so few rounds do not tell it well.

The bounds hold at all rounds at once. Were all equally good, any exchange of optimizers within rounds would be as
probable as what was seen. Up to round r of R the largest z of all pairs has left its bounds in at most a fraction
`spending` of EXCHANGES such exchanges, of which each is followed from round to round (a group-sequential test with an
error-spending function: Lan & DeMets 1983, doi:10.1093/biomet/70.3.659; by permutation as of Westfall & Young 1993).
So equal optimizers all stay in at least 95 % of races, whenever one looks, however their results are distributed. Where
they spread unequally they are no longer exchangeable, and `RACE_LEVEL` is lower than 5 % to allow for that: what is
then measured stands in reports/README.md. Who leaves is no longer compared: those that remain are ranked anew among
themselves, from the first round on, and have the bounds of so few (step down, as of Holm).
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from bench.measure.levels import EXCHANGES, FEWEST, RACE_LEVEL

STAYS = 0  # in place of the round in which it left
SPENT_BY = 0.86  # of the rounds, when the whole error is spent
POWER = 3  # of the fraction of rounds: little is spent before there is much to see
ROUNDING = 1e-6  # a statistic that is larger by less is not
TINY = 1e-4  # what sums of single precision may differ by


@dataclass(frozen=True)
class Race:
    """How a race stands. left (k,): the round after which each optimizer left, 0 where it stays. rounds: how many were
    looked at. over: whether no further round can change anything: one is left, or all error is spent. look: at which
    round somebody may leave next, at the earliest."""

    left: np.ndarray
    rounds: int
    over: bool
    look: int

    @property
    def stays(self) -> np.ndarray:
        """Who is not significantly worse (k,)."""
        return self.left == STAYS


def spending(rounds: np.ndarray | int, planned: int) -> np.ndarray:
    """The error that may be made up to each of these rounds: none at the start, all of it before the last of those that
    are planned; none below 5 rounds."""
    level = RACE_LEVEL if planned >= FEWEST else 0.0
    return level * np.minimum(np.asarray(rounds) / (SPENT_BY * planned), 1.0) ** POWER


def race(results: np.ndarray, planned: int, ties: np.ndarray | None = None) -> Race:
    """How the race of results (k, rounds) stands, of which less is better and NaN is not yet run.

    inf is the worst, and ties with itself. planned: how many rounds there may be in all. ties (k, rounds): the lowest
    result with which each still ties, where that is the best of its round; by default itself. It follows from the
    rounds that all who stay have, in their order: what is run later does not change who left before.
    """
    results = np.asarray(results, dtype=float)
    left = np.full(len(results), STAYS)
    r = 0
    while True:
        stays = np.flatnonzero(left == STAYS)
        if r and len(stays) < 2:
            return Race(left, r, over=True, look=r)
        missing: np.ndarray = np.any(np.isnan(results[stays, :planned]), axis=0)
        ready = int(missing.argmax()) if missing.any() else len(missing)
        if not able(len(stays), planned):  # nothing can be told: all of it is run
            return Race(left, ready, over=ready >= planned, look=planned)
        values = results[stays, :ready]
        if ties is not None:
            best = values.min(axis=0)
            values = np.where(ties[stays, :ready] <= best, best, values)
        scores = normal_scores(values.T)
        z = statistics(scores, *np.triu_indices(len(stays), 1))
        bound = bounds(scores, planned)
        crossed = (np.abs(z) > bound[:ready, None]).any(axis=1) & (np.arange(1, ready + 1) >= max(r, 1))
        if not crossed.any():
            later = np.flatnonzero(np.isfinite(plain_bounds(len(stays), planned)[ready:]))
            return Race(left, ready, over=not len(later), look=ready + int(later[0]) + 1 if len(later) else ready)
        r = int(crossed.argmax()) + 1
        first, second = np.triu_indices(len(stays), 1)
        significant = np.abs(z[r - 1]) > bound[r - 1]
        worse = np.where(z[r - 1] > 0, first, second)[significant]
        left[stays[np.unique(worse)]] = r


def able(optimizers: int, planned: int) -> bool:
    """Whether so many rounds could tell anybody apart, even if all agreed."""
    return optimizers > 1 and bool(np.isfinite(plain_bounds(optimizers, planned)).any())


@cache
def expected_scores(k: int) -> np.ndarray:
    """The expected order statistics of k draws of a normal distribution (k,), rising (Blom 1958, Statistical Estimates
    and Transformed Beta-Variables: his approximation)."""
    from scipy.special import ndtri

    return ndtri((np.arange(1, k + 1) - 0.375) / (k + 0.25))


def normal_scores(results: np.ndarray) -> np.ndarray:
    """The normal score of each result within its round (rounds, k); equal results share their mean."""
    k = results.shape[1]
    below = (results[:, None, :] < results[:, :, None]).sum(axis=2)
    upto = (results[:, None, :] <= results[:, :, None]).sum(axis=2)
    total = np.r_[0.0, np.cumsum(expected_scores(k))]
    return (total[upto] - total[below]) / (upto - below)


def statistics(scores: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """z (rounds, pairs) after each round, of scores (rounds, k): positive where the first is worse."""
    differences = scores[:, first] - scores[:, second]
    r = np.arange(1.0, len(scores) + 1)
    centred = (scores - scores.mean(axis=1, keepdims=True)).cumsum(axis=0)
    within = (scores**2).sum(axis=1).cumsum() - (centred**2).sum(axis=1) / r
    totals, squares = differences.cumsum(axis=0), (differences**2).cumsum(axis=0)
    z = _standardised(totals, squares, within[:, None], r[:, None], scores.shape[1])
    return np.sqrt(z) * np.sign(totals)


def _standardised(totals: np.ndarray, squares: np.ndarray, within: np.ndarray, r: Any, k: int) -> np.ndarray:
    """z squared of sums of paired differences: infinite where nothing varies from round to round, and they differ.

    totals, squares: of differences and of their squares, over r rounds. within: the sum of squares within k
    optimizers.
    """
    free = np.maximum(r - 1, 1)
    pooled = 2 * within / (free * (k - 1))
    own = (squares - totals**2 / r) / free
    variance = np.maximum(pooled, own**2 / np.maximum(pooled, TINY)) * r
    with np.errstate(divide="ignore", invalid="ignore"):
        z = totals**2 / np.where(variance > TINY, variance, 0.0)
    return np.where((r < 2) | (np.abs(totals) < TINY), 0.0, z)


def bounds(scores: np.ndarray, planned: int) -> np.ndarray:
    """The bound of |z| at each round, of scores (rounds, k); infinite where nothing can be told yet."""
    rows = np.sort(scores, axis=1)
    k = rows.shape[1]
    if np.allclose(rows, expected_scores(k)):
        return plain_bounds(k, planned)
    return _bounds(np.round(rows, 6).tobytes(), k, planned)


@cache
def plain_bounds(k: int, planned: int) -> np.ndarray:
    """The bounds of k optimizers whose results never tie (planned,): the same in all such races."""
    return _bounds(np.tile(np.round(expected_scores(k), 6), (planned, 1)).tobytes(), k, planned)


@lru_cache(maxsize=64)
def _bounds(rows: bytes, k: int, planned: int) -> np.ndarray:
    first, second = np.triu_indices(k, 1)
    rng = np.random.default_rng(k)  # the same exchanges in each race: the answer follows from the results alone
    totals, squares = np.zeros((2, EXCHANGES, len(first)), dtype=np.float32)
    sums, within = np.zeros((EXCHANGES, k), dtype=np.float32), 0.0
    inside, out = np.ones(EXCHANGES, dtype=bool), []
    for number, row in enumerate(np.frombuffer(rows).reshape(-1, k), 1):
        moved = row.astype(np.float32)[rng.random((EXCHANGES, k), dtype=np.float32).argsort(axis=1)]
        difference = moved[:, first] - moved[:, second]
        totals += difference
        squares += difference**2
        sums += moved - np.float32(row.mean())
        within += float((row**2).sum())
        between = (sums**2).sum(axis=1, keepdims=True) / number
        largest = _standardised(totals, squares, within - between, np.float32(number), k).max(axis=1)
        allowed = int(spending(number, planned) * EXCHANGES) - int((~inside).sum())
        bound = np.sort(largest[inside])[-(allowed + 1)] if allowed > 0 and number > 1 else np.inf
        bound *= 1 + ROUNDING
        inside &= ~(largest > bound)
        out.append(np.sqrt(bound))
    return np.array(out, dtype=float)
