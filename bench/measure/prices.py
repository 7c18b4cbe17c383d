"""What the answers of a problem cost: any prices on the raw counts, or the seconds that they took."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.core.ledger import PRICES, QUESTIONS

# A price for each kind of question, where those that are not named cost what they cost by default; or one of NAMED; or
# None, the default prices.
Prices = Mapping[str, float] | str | None

NAMED = {  # name: title of an axis
    "cost": "cost, in full evaluations",
    "gradients": "cost, in gradients",
    "passes": "questions, in passes over the data",
    "differences": "values, derivatives by differences",
    "inside": "seconds in the problem",
    "outside": "seconds in the method",
    "wall": "seconds, of runs that were alone",
}
SECONDS = ("inside", "outside", "wall")


def resolved(prices: Prices, base: Mapping[str, float] = PRICES) -> Mapping[str, float] | str:
    """Prices with what stands for those of a suite (base) written out; raises ValueError for a name or price that is
    none."""
    if prices is None or prices == "cost":
        return base
    if prices == "gradients":
        return {kind: price / base["gradient"] for kind, price in base.items()}
    if prices == "passes":
        return dict.fromkeys(QUESTIONS, 1.0)
    if isinstance(prices, str):
        if prices not in NAMED:
            raise ValueError(f"prices must be {', '.join(NAMED)}, or a price for each kind of question, got {prices!r}")
        return prices
    if unknown := sorted(set(prices) - set(QUESTIONS)):
        raise ValueError(f"prices are of {', '.join(QUESTIONS)}, got {unknown[0]!r}")
    for kind, price in prices.items():
        if not (isinstance(price, (int, float)) and 0 <= price < np.inf):
            raise ValueError(f"the price of {kind} must be a number >= 0, got {price!r}")
    return {**base, **prices}


def priced(counts: Any, facts: Any, prices: Prices = None) -> np.ndarray:
    """The cost (n,) of these raw counts and seconds.

    counts: columns of the kinds of question, in rows of data, with inside and outside where seconds are asked for.
    facts: of the run of each, row by row: rows, dim, lanes. NaN where a run has no wall clock of its own, being a lane.

    "differences" is what a black box would charge: dim + 1 values for a gradient (forward differences), the two
    gradients of a Hessian-vector product, and for a Jacobian its dim + 1 columns (Nocedal & Wright 2006, section 8.1).
    """
    prices = resolved(prices)
    if prices == "inside" or prices == "outside":
        return counts[prices].to_numpy(float)
    if prices == "wall":
        seconds = counts["inside"].to_numpy(float) + counts["outside"].to_numpy(float)
        return np.where(facts["lanes"].to_numpy() > 0, np.nan, seconds)
    rows = facts["rows"].to_numpy(float)
    asked = {kind: counts[kind].to_numpy(float) for kind in QUESTIONS if kind in counts and counts[kind].any()}
    if isinstance(prices, str):  # differences
        slope = facts["dim"].to_numpy(float) + 1
        price: Any = {"value": 1.0, "gradient": slope, "hessian_vector": 2 * slope, "jacobian": 1.0, "vjp": slope}
    else:
        price = prices
    return sum((price[kind] * count for kind, count in asked.items()), np.zeros(len(rows))) / rows
