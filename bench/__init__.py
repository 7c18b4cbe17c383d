"""Fogbench compares optimizers of every order on one ledger.

What users call is here, each imported when first used: make, minimize, Oracle, run, tune, load, compare, history, and
for those who add problems and optimizers: Objective, Composite, Domain, Range, problem, wrapper, optimizer,
Unavailable.
"""

import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"  # that of pyproject.toml

if TYPE_CHECKING:
    from bench.api import Results, compare, history, load, make, minimize, run, tune
    from bench.core import Composite, Domain, Objective, Oracle, Range, Stop, Unavailable, optimizer, problem, wrapper

# read by MKL when torch loads it: without it a matrix product may differ in its last bits with the width of a batch
os.environ.setdefault("MKL_CBWR", "AUTO")

__all__ = [
    "Composite",
    "Domain",
    "Objective",
    "Oracle",
    "Range",
    "Results",
    "Stop",
    "Unavailable",
    "compare",
    "history",
    "load",
    "make",
    "minimize",
    "optimizer",
    "problem",
    "run",
    "tune",
    "wrapper",
]

_WHERE = {
    **dict.fromkeys(("Results", "compare", "history", "load", "make", "minimize", "run", "tune"), "bench.api"),
    **dict.fromkeys(("Composite", "Domain", "Objective", "Oracle", "Range", "Stop", "Unavailable"), "bench.core"),
    **dict.fromkeys(("optimizer", "problem", "wrapper"), "bench.core"),
}


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'bench' has no attribute {name!r}; it offers {', '.join(__all__)}")
    import importlib

    return getattr(importlib.import_module(_WHERE[name]), name)
