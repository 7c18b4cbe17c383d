"""How runs end."""

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """How a run ended; the value is what is stored. A new status is one line here.

    words: what is said of several runs that ended so. trouble: 0, or the rank among what goes wrong, the worst first.
    failed: whether something broke, so that the exit status is 1. retried: whether a second try could end otherwise.
    counts: whether what was reached is a result. ran: whether anything was asked at all.
    """

    words: str
    trouble: int
    failed: bool
    retried: bool
    counts: bool
    ran: bool

    def __new__(cls, value: str, words: str, trouble: int = 0, facts: Iterable[str] = ("counts", "ran")) -> "Status":
        """A member with its facts: those named are true."""
        status = str.__new__(cls, value)
        status._value_ = value
        status.words, status.trouble = words, trouble
        for fact in ("failed", "retried", "counts", "ran"):
            setattr(status, fact, fact in facts)
        return status

    TARGET = "target", "reached the final target"
    BUDGET = "budget", "spent the budget"
    RETURNED = "returned", "returned early"
    DEADLINE = "deadline", "met the deadline", 4
    DIVERGED = "diverged", "diverged", 3, ("ran",)
    CRASHED = "crashed", "crashed", 1, ("failed", "retried", "ran")
    KILLED = "killed", "were killed", 2, ("failed", "retried", "ran")
    SKIPPED = "skipped", "were skipped", 5, ()
