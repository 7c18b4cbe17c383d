"""What the lanes of a batch spend between two looks at their ledgers, and when a device is waited for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from bench.core.ledger import QUESTIONS, Ledger


@dataclass(slots=True)
class Stretch:
    """What every open lane has spent, and the seconds of all of them together, since it was last written to ledgers.

    Where scores are recorded nothing of a lane is looked at before the next checkpoint: what all have spent is counted
    once, however many they are.
    """

    counts: list[int] = field(default_factory=lambda: [0] * len(QUESTIONS))
    ticks: int = 0
    inside: float = 0.0  # seconds in the problem
    outside: float = 0.0  # seconds in the method

    def charge(self, charges: Mapping[int, int], points: int, ticks: tuple[int, ...]) -> None:
        """Count a number of points, each with so many rows of data of each question. ticks: of a row."""
        for question, rows in charges.items():
            self.counts[question] += rows * points
            self.ticks += rows * points * ticks[question]

    def wait(self, seconds: float) -> None:
        """Share seconds in which a device was waited for between problem and method, as those were in which they
        gave it work."""
        busy = self.inside + self.outside
        inside = seconds * (self.inside / busy if busy else 1.0)
        self.inside += inside
        self.outside += seconds - inside

    def write(self, ledgers: list[Ledger]) -> None:
        """Write what was spent to those of open lanes, which share the seconds."""
        for ledger in ledgers:
            ledger.inside += self.inside / len(ledgers)
            ledger.outside += self.outside / len(ledgers)
            ledger.ticks += self.ticks
            ledger.counts = [a + b for a, b in zip(ledger.counts, self.counts, strict=True)]


def is_asynchronous(device: str) -> bool:
    """Whether torch goes on before what it computes there is done."""
    return device.partition(":")[0] == "cuda"


def waited(device: str) -> float:
    """Wait until all is done that a device was given; answers the seconds that took."""
    import torch

    began = perf_counter()
    torch.cuda.synchronize(device)
    return perf_counter() - began
