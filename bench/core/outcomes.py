"""How a run is judged beside others of its problem: the order of results, not their scale.

Runs that reached the final target are ordered by what they cost, then the others by the value they had at the end of
the budget (on problems with data or noise the last score, as in the report, else the best value), then those that
crashed, were killed or diverged, all alike, and with them those that found values below f_opt, which are wrong.
"""

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any

import numpy as np

from bench.core.ledger import impossible
from bench.core.status import Status

Ended = tuple[Mapping[str, Any], float]  # the row of a stored run, and its cost
Outcome = tuple[int, float]  # less is better: (0, cost) target reached, (1, value) not, (2, 0) failed
FAILED: Outcome = (2, 0.0)
REACHED, VALUE = 0, 1
HARDEST = 1e-6  # of the gain from the start to the best: what is nearer to the best is as good


def outcome(row: Mapping[str, Any], cost: float) -> Outcome:
    """How a run is judged. row: status, scored, best and final of a stored run, and f_opt where it is known; a value is
    None or NaN where it is not finite."""
    if not Status(row["status"]).counts:
        return FAILED
    best, f_opt = row["best"], row.get("f_opt")
    if best is not None and f_opt is not None and impossible(best, f_opt):
        return FAILED
    if row["status"] == Status.TARGET:
        return REACHED, float(cost)
    value = row["final"] if row["scored"] else best
    return FAILED if value is None or value != value else (VALUE, float(value))


def median(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome in the middle; of an even number the mean of the two there, or where they are of unlike kinds the
    worse. So what failed counts as infinite, and the median of values is that of `bench.measure.convergence.quantile`.
    """
    ordered = sorted(outcomes)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return high if low[0] != high[0] or low == high else (low[0], low[1] + (high[1] - low[1]) / 2)


def places(rounds: Sequence[Sequence[Ended | None]]) -> tuple[np.ndarray, np.ndarray]:
    """Results (optimizers, rounds) as their places among all outcomes, less being better, NaN where there is none; and
    to each the lowest place with which it still ties, if that is the best of its round.

    rounds: a row and a cost of each run, see `outcome`, with first, its value at the start. Where f_opt is not known, a
    value ties with a best one f from which it is no farther than the hardest target, HARDEST (f_0 - f): nobody is asked
    for more. f_0: the value at the start; where that is not finite the largest result of the first round, which is of
    all optimizers.
    """
    outcomes = [[each and outcome(*each) for each in ended] for ended in rounds]
    begun = [each[1] for row in outcomes for each in row[:1] if each and each[0] == VALUE and isfinite(each[1])]
    largest = max(begun, default=inf)
    down = [
        [each and run and _ties(each, run[0], largest) for each, run in zip(*both, strict=True)]
        for both in zip(outcomes, rounds, strict=True)
    ]
    order = {
        each: float(n)
        for n, each in enumerate(sorted({each for table in (outcomes, down) for row in table for each in row if each}))
    }
    results, ties = (
        np.array([[order[each] if each else np.nan for each in row] for row in table], dtype=float)
        for table in (outcomes, down)
    )
    return results, ties


def _ties(result: Outcome, row: Mapping[str, Any], largest: float) -> Outcome:
    """The lowest f for which this value is at most f + HARDEST (f_0 - f)."""
    kind, value = result
    first, has_optimum = row["first"], _number(row.get("f_opt"))
    start = first if _number(first) and isfinite(first) else largest
    if kind != VALUE or has_optimum or not value < start < inf:
        return result
    return kind, (value - HARDEST * start) / (1 - HARDEST)


def _number(value: float | None) -> bool:
    return value is not None and value == value
