"""What the answers of a problem cost: any prices on the raw counts, or the seconds that they took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.core.gate import python_number
from bench.core.ledger import PRICES, QUESTIONS
from bench.measure.frames import CELL

# A price for each question, where those that are not named cost what they cost by default; or the name of one of
# RULES; or None, the default prices.
Prices = Mapping[str, float] | str | None


@dataclass(frozen=True)
class PriceRule:
    """A way to price runs. A new one is an entry of RULES.

    quick: of seconds, whether problems whose value takes less than `levels.QUICK` seconds are compared, too.

    axis: title of an axis. prices: of each question, from those of the suite; or, by run, from facts of each run (see
    `priced`); or factors of the seconds inside and outside the problem. short, amount, note: what the report calls it,
    an amount of it, and what it means, by default the list of prices; a rule without these is not offered there.
    """

    axis: str
    prices: Callable[[Mapping[str, float], Any], Mapping[str, Any]]
    short: str = ""
    amount: str = ""
    note: str = ""
    by_run: bool = False
    seconds: bool = False
    quick: bool = False


def _differences(_: Mapping[str, float], facts: Any) -> Mapping[str, Any]:
    """What a black box would charge: dim + 1 values for a gradient (forward differences), the two gradients of a
    Hessian-vector product, and for a Jacobian its dim + 1 columns (Nocedal & Wright 2006, section 8.1)."""
    slope = facts["dim"].to_numpy(float) + 1
    return {"value": 1.0, "gradient": slope, "hessian_vector": 2 * slope, "jacobian": 1.0, "vjp": slope}


def in_lanes(facts: Any) -> np.ndarray:
    """Which runs shared the seconds of a batch with others: those in lanes, unless the only one of a batch."""
    return facts["lanes"].to_numpy() > 1


def _wall(_: Mapping[str, float], facts: Any) -> Mapping[str, Any]:
    """NaN where a run has no wall clock of its own, being a lane."""
    alone = np.where(in_lanes(facts), np.nan, 1.0)
    return {"inside": alone, "outside": alone}


EVERY = "-all"  # behind the name of a price in seconds: quick problems are compared, too
CALLERS = "the same value costs a method of NumPy some microseconds and one of torch ten times as much"
RULES = {
    "cost": PriceRule("cost, in full evaluations", lambda suite, _: suite, "cost", "a cost of {}"),
    "gradients": PriceRule(
        "cost, in gradients",
        lambda suite, _: {question: price / suite["gradient"] for question, price in suite.items()},
    ),
    "passes": PriceRule(
        "questions, in passes over the data",
        lambda suite, _: dict.fromkeys(QUESTIONS, 1.0),
        short="passes over the data",
        amount="{} passes over the data",
        note="every question counts 1, whether it asks for a value or for a derivative",
    ),
    "differences": PriceRule(
        "values, derivatives by differences",
        _differences,
        short="black box",
        amount="{} values (derivatives by differences)",
        note="what a black box would charge: dim + 1 values for a gradient, 2 (dim + 1) for a Hessian-vector product",
        by_run=True,
    ),
    **{
        side: PriceRule(
            f"seconds in the {place}",
            lambda suite, facts, side=side: {side: 1.0},
            short=f"seconds in {place}",
            amount=f"{{}} seconds in the {place}",
            note=f"runs in lanes share the seconds of their batch; {CALLERS}",
            by_run=True,
            seconds=True,
        )
        for side, place in (("inside", "problem"), ("outside", "method"))
    },
    "wall": PriceRule(
        "seconds, of runs that were alone",
        _wall,
        short="wall clock",
        amount="{} seconds",
        note=f"only of runs that were alone: those in lanes have no time of their own; {CALLERS}",
        by_run=True,
        seconds=True,
    ),
}
RULES |= {f"{name}{EVERY}": replace(rule, quick=True) for name, rule in RULES.items() if rule.seconds}


def in_seconds(prices: Prices) -> bool:
    """Whether these are seconds, and no prices of questions."""
    return isinstance(prices, str) and prices in RULES and RULES[prices].seconds


def resolved(prices: Prices, base: Mapping[str, float] = PRICES) -> Mapping[str, float] | str:
    """The price of each question, where those of a suite are base; the name of a rule that goes by run stays.

    Raises ValueError for a name or price that is none.
    """
    if prices is None or isinstance(prices, str):
        name = "cost" if prices is None else prices
        if name not in RULES:
            raise ValueError(f"prices must be {', '.join(RULES)}, or a price for each question, got {prices!r}")
        return name if RULES[name].by_run else RULES[name].prices(base, None)
    if unknown := sorted(set(prices) - set(QUESTIONS)):
        raise ValueError(f"prices are of {', '.join(QUESTIONS)}, got {unknown[0]!r}")
    prices = {question: python_number(price) for question, price in prices.items()}
    for question, price in prices.items():
        if not (isinstance(price, (int, float)) and 0 <= price < np.inf):
            raise ValueError(f"the price of {question} must be a number >= 0, got {price!r}")
    return {**base, **prices}


def priced(counts: Any, facts: Any, prices: Prices = None) -> np.ndarray:
    """The cost (n,) of these raw counts and seconds.

    counts: columns of questions, in rows of data, with inside and outside where seconds are asked for. facts: of the
    run of each, row by row: rows, dim, lanes.
    """
    each: Any = resolved(prices)
    if isinstance(each, str):
        rule = RULES[each]
        each = rule.prices(PRICES, facts)
        if rule.seconds:
            return sum((factor * counts[name].to_numpy(float) for name, factor in each.items()), np.zeros(len(counts)))
    rows = facts["rows"].to_numpy(float)
    questions = [question for question in QUESTIONS if question in counts and counts[question].any()]
    return sum((each[name] * counts[name].to_numpy(float) for name in questions), np.zeros(len(rows))) / rows


def value_seconds(runs: Any) -> Any:
    """Seconds that one value takes on each problem and dim, as these runs (complete ones) had it: columns problem, dim,
    seconds.

    Seconds in the problem over values of the whole problem, of all runs of an optimizer; the least over optimizers that
    asked for values alone, or, where none did, over all, by their cost at the default prices. Runs in lanes, which
    share the seconds of their batch, count where there are no others. NaN where seconds are not known.
    """
    columns = [question for question in QUESTIONS if question in runs and question != "value"]
    cost = priced(runs, runs)
    timed = runs.assign(cost=cost, slope=runs[columns].any(axis=1), lane=in_lanes(runs))[(runs.inside > 0) & (cost > 0)]
    for name in ("slope", "lane"):  # where there are runs without, those
        timed = timed[timed[name] == timed.groupby(CELL)[name].transform("min")]
    sums = timed.groupby([*CELL, "optimizer"])[["inside", "cost"]].sum()
    least = (sums.inside / sums.cost).groupby(CELL).min().rename("seconds").reset_index()
    return runs[CELL].drop_duplicates().merge(least, how="left", on=CELL)
