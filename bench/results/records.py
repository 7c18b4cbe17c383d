"""What a run did, apart from seconds: to be compared bit for bit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.core.ledger import QUESTIONS
from bench.results.stored import Results

PART = 2_000  # runs whose events are in memory at a time


def records(results: Results, runs: Sequence[int]) -> list[bytes]:
    """All of each run that does not depend on a clock: how it ended, and its events."""
    numbers = [int(run) for run in runs]
    ends: Any = results.runs[["status", "first", "best", "final", *QUESTIONS, "metrics"]]
    records = [repr(tuple(row)).encode() for row in ends.iloc[numbers].itertuples(index=False)]
    for at in range(0, len(numbers), PART):
        events: Any = results.events(sorted(set(numbers[at : at + PART])))
        values = np.ascontiguousarray(events[[*QUESTIONS, "f"]].to_numpy(dtype=np.float64))
        run = events.run.to_numpy()
        for place in range(at, min(at + PART, len(numbers))):
            low, high = np.searchsorted(run, [numbers[place], numbers[place] + 1])
            records[place] += values[low:high].tobytes()
    return records
