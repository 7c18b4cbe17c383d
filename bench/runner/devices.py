"""Where torch computes: what is set so that equal runs are equal bit for bit, and what is done when memory ends."""

import gc
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.core.stretch import is_asynchronous
from bench.runner.given_back import given_back

WORKSPACE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # with which products of a GPU give the same bits
NONDETERMINISTIC = (
    "does not have a deterministic implementation"  # what torch then says of an operation, its name before it
)


@contextmanager
def on_device(device: str, name: str = "") -> Iterator[None]:
    """Where runs on a device begin and end: what they change for the whole process is given back. name: that by which
    its generators are seeded, where they are.

    On a GPU operations are those that give the same bits each time, and float32 is not rounded to fewer digits on the
    way (TF32), as a CPU does not. Where torch has no such operation the run goes on, and its record says so, see
    `nondeterminism`.
    """
    if not is_asynchronous(device):
        with given_back(name):
            yield
        return
    import torch

    os.environ.setdefault(*WORKSPACE)
    torch.cuda.init()  # so that its generators are there to be given back
    with given_back(name):
        torch.use_deterministic_algorithms(True, warn_only=True)
        deterministic: Any = torch.utils.deterministic
        deterministic.fill_uninitialized_memory = False  # which nothing reads
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
        torch.backends.cudnn.allow_tf32 = False
        torch.set_float32_matmul_precision("highest")
        yield


@contextmanager
def nondeterminism() -> Iterator[set[str]]:
    """The operations that torch says here are not deterministic, while all other warnings are ignored."""
    names: set[str] = set()

    def show(message: Warning | str, *_: Any) -> None:
        if name := re.match(rf"(\S+) {NONDETERMINISTIC}", str(message)):
            names.add(name[1])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("default", f".*{NONDETERMINISTIC}")
        warnings.showwarning = show
        yield names


def free_memory() -> None:
    """Give back to a GPU what is held of it, and used no more."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
