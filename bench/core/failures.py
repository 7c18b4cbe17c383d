"""A failure of a problem's function is a failed evaluation where the problem says so: charged, counted, answered."""

from collections.abc import Mapping
from typing import Literal

Failures = Literal["raise", "nan"]
# by the index of their points, what was raised there; None where NaN was given
Failed = Mapping[tuple[int, ...], BaseException | None]


class NumpyAlone(ValueError):
    """Torch cannot ask a function that takes NumPy alone: that is no failure of the function."""


def tolerable(error: BaseException) -> bool:
    """Whether what a function raised says something of its point alone, and nothing of the program: KeyboardInterrupt
    and a lack of memory go through, of whatever library."""
    through = (MemoryError, NumpyAlone)
    lack = type(error).__name__ == "OutOfMemoryError"  # torch's is a RuntimeError
    return isinstance(error, (Exception, SystemExit)) and not isinstance(error, through) and not lack
