"""Fogbench compares optimizers of every order on one ledger.

What users call is here, each imported when first used: make, minimize, Oracle, run, tune, load, merge, compare,
history, from_module, Metric, and for those who add problems and optimizers: Objective, Composite, Domain, Range,
problem, wrapper, optimizer, Unavailable.
"""

import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"  # that of pyproject.toml

if TYPE_CHECKING:
    from bench.api import Results, compare, history, load, make, merge, minimize, run, tune
    from bench.core import Composite, Domain, Objective, Oracle, Range, Stop, Unavailable, optimizer, problem, wrapper
    from bench.core.modules.module import Metric, from_module

# read by MKL when torch loads it: without it a matrix product may differ in its last bits with the width of a batch
os.environ.setdefault("MKL_CBWR", "AUTO")

__all__ = [
    "Composite",
    "Domain",
    "Metric",
    "Objective",
    "Oracle",
    "Range",
    "Results",
    "Stop",
    "Unavailable",
    "compare",
    "from_module",
    "history",
    "load",
    "make",
    "merge",
    "minimize",
    "optimizer",
    "problem",
    "run",
    "tune",
    "wrapper",
]

_WHERE = {
    **dict.fromkeys(("Results", "compare", "history", "load", "make", "merge", "minimize", "run", "tune"), "bench.api"),
    **dict.fromkeys(("Composite", "Domain", "Objective", "Oracle", "Range", "Stop", "Unavailable"), "bench.core"),
    **dict.fromkeys(("optimizer", "problem", "wrapper"), "bench.core"),
    **dict.fromkeys(("Metric", "from_module"), "bench.core.modules.module"),
}


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'bench' has no attribute {name!r}; it offers {', '.join(__all__)}")
    import importlib

    return getattr(importlib.import_module(_WHERE[name]), name)
