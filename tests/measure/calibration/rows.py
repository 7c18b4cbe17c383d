"""What a scenario gives: rows, each a setting with what is stated of it and what was measured there."""

from typing import Any

import numpy as np

from bench.measure.levels import LEVEL

COVERED = 0.9  # at least, of the experiments in which an interval of nominal 95 % is to hold the truth
FACTS = ("group", "bound", "stated", "measured", "standard_error", "experiments", "holds")


def row(wins: Any, stated: float, bound: str, *, group: str = "", **setting: Any) -> dict[str, Any]:
    """The fraction of wins, one an experiment, that is to be "at least" or "at most" what is stated: FACTS and setting.

    group: of which rows the table shows the worst. holds: an error may be three standard errors of as many experiments
    above its level; what is to be reached is reached, or not.
    """
    assert bound in ("at least", "at most")
    n, measured = np.size(wins), float(np.mean(wins))
    error = np.sqrt(measured * (1 - measured) / n)
    most = stated + 3 * np.sqrt(stated * (1 - stated) / n)
    holds = measured >= stated if bound == "at least" else measured <= most
    return {**setting, **dict(zip(FACTS, (group, bound, stated, measured, error, n, bool(holds)), strict=True))}


def coverage(low: Any, high: Any, truth: Any, **setting: Any) -> dict[str, Any]:
    """How often intervals (experiments,) hold the truth: at least 90 % are to."""
    close = 1e-9 * np.abs(truth)  # the same sum in another order
    return row((low <= truth + close) & (high >= truth - close), COVERED, "at least", **setting)


def errors(wrong: Any, **setting: Any) -> dict[str, Any]:
    """How often something false is said to be significant (experiments,): in at most 5 % and three standard errors."""
    return row(wrong, LEVEL, "at most", **setting)
