"""How runs end."""

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """How a run ended; the value is what is stored. A new status is one line here.

    words: what is said of several runs that ended so. trouble: 0, or the rank among what goes wrong, the worst first.
    ran: whether anything was asked at all. recorded: whether it is known what was asked, and so what it cost.
    counts: whether what was reached is a result. failed: whether something broke, so that the exit status is 1.
    retried: whether a second try could end otherwise. absent: whether it is no part of any comparison, as it
    never ran, or nothing is left of it.
    """

    words: str
    trouble: int
    ran: bool
    recorded: bool
    counts: bool
    failed: bool
    retried: bool
    absent: bool

    def __new__(cls, value: str, words: str, facts: str = "ran recorded counts", trouble: int = 0) -> "Status":
        """A member with its facts: those named are true."""
        status = str.__new__(cls, value)
        status._value_ = value
        status.words, status.trouble = words, trouble
        for fact in ("ran", "recorded", "counts", "failed", "retried", "absent"):
            setattr(status, fact, fact in facts.split())
        return status

    TARGET = "target", "reached the final target"
    BUDGET = "budget", "spent the budget"
    RETURNED = "returned", "returned early"
    DEADLINE = "deadline", "met the deadline", "ran recorded counts", 4
    DIVERGED = "diverged", "diverged", "ran recorded", 3
    CRASHED = "crashed", "crashed", "ran recorded failed retried", 1
    KILLED = "killed", "were killed", "ran failed retried", 2
    SKIPPED = "skipped", "were skipped", "recorded", 5
    LEFT = "left", "were left out by a race", "recorded absent"
    # where all runs together have had their time, or were interrupted; they are done when the same is run again
    CUT = "cut", "were cut short", "ran recorded counts", 6
    INTERRUPTED = "interrupted", "were lost under way", "absent", 7
    UNBEGUN = "unbegun", "did not begin", "recorded absent", 8

    def phrase(self, n: int) -> str:
        """What is said of n runs that ended so: `was killed` of one."""
        return self.words.replace("were ", "was ") if n == 1 else self.words


def statuses(fact: str, holds: bool = True) -> list[str]:
    """The statuses of which a fact holds, or does not; those in trouble, the worst first, for "trouble"."""
    members = sorted(Status, key=lambda status: status.trouble) if fact == "trouble" else Status
    return [status.value for status in members if bool(getattr(status, fact)) == holds]


def alternatives(members: Iterable[str], n: int = 2) -> str:
    """What is said of n runs that ended in one of these ways: `crashed or were killed`."""
    *phrases, last = (Status(status).phrase(n) for status in members)
    return f"{', '.join(phrases)} or {last}" if phrases else last


# what is said of a run whose problem gave -inf, and how its records are told
UNBOUNDED = "a value of -inf is no real number, and no improvement: the problem is wrong, or has no minimum"
# what is said of runs whose lanes were too many at once
HALVED = "{} lanes did not fit into memory ({}): {} went at once"
NOT_REPEATABLE = "its bits may differ when it is run again: torch has no deterministic {} on this device"
SILENT = "the method returned without a question"
DAMAGED = "damaged"  # no status: a stored run that cannot be read; it can be done again as well
UNFINISHED = (Status.CUT, Status.INTERRUPTED, Status.UNBEGUN)  # for want of time: the same command does them
RETRIED = (*statuses("retried"), DAMAGED)  # what a second try could change
