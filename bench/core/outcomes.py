"""How a run is judged beside others of its problem: the order of results, not their scale.

Runs that reached the final target are ordered by what they cost, then the others by the value they had at the end of
the budget (on problems with data or noise the last score, as in the report, else the best value), then those that
crashed, were killed or diverged, all alike.
"""

from collections.abc import Mapping
from typing import Any

from bench.core.status import Status

Outcome = tuple[int, float]  # less is better: (0, cost) target reached, (1, value) not, (2, 0) failed
FAILED: Outcome = (2, 0.0)


def outcome(row: Mapping[str, Any], cost: float) -> Outcome:
    """How a run is judged. row: status, scored, best and final of a stored run; a value is None or NaN where it is not
    finite."""
    if not Status(row["status"]).counts:
        return FAILED
    if row["status"] == Status.TARGET:
        return 0, float(cost)
    value = row["final"] if row["scored"] else row["best"]
    return FAILED if value is None or value != value else (1, float(value))
