"""For all tests: one thread, and the same products whatever the width of a batch."""

import os

import pytest

import bench  # noqa: F401  # sets MKL_CBWR before torch is loaded

os.environ.setdefault("MPLBACKEND", "Agg")
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Models here are small: more threads are slower, and disturb each other."""
    import torch

    torch.set_num_threads(1)
