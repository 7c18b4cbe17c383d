"""The global generators of random numbers, for libraries that draw from them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's and Python's global generators, and give them back as they were. seed: 0 to 2**32 - 1."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


@contextmanager
def nlopt_seeded(seed: int) -> Iterator[None]:
    """Seed NLopt's global generator. It cannot be read, and is given back as it begins: seeded by the clock."""
    import nlopt  # pyright: ignore[reportMissingImports] # where the extra is not installed

    nlopt.srand(seed)
    try:
        yield
    finally:
        nlopt.srand_time()
