"""A failure of a problem's function is a failed evaluation where the problem says so: charged, counted, answered."""

from collections.abc import Mapping
from typing import Literal

Failures = Literal["raise", "nan"]
# by the index of their points, what was raised there; None where NaN was given
Failed = Mapping[tuple[int, ...], BaseException | None]


class NumpyAlone(ValueError):
    """Torch cannot ask a function that takes NumPy alone: that is no failure of the function."""


# how torch, or a library of a GPU, says that it has no memory where it has no exception of its own for that
NO_MEMORY = ("can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")


def out_of_memory(error: BaseException | None) -> bool:
    """Whether memory was lacking, of a CPU or a GPU: that is what was raised, or why."""
    while error is not None:
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's is a RuntimeError
            return True
        if isinstance(error, RuntimeError) and any(sign in str(error) for sign in NO_MEMORY):
            return True
        error = error.__cause__
    return False


def tolerable(error: BaseException) -> bool:
    """Whether what a function raised says something of its point alone, and nothing of the program: KeyboardInterrupt
    and a lack of memory go through, of whatever library."""
    through = isinstance(error, NumpyAlone) or out_of_memory(error)
    return isinstance(error, (Exception, SystemExit)) and not through
