"""The protocol between problems and optimizers; imports none of our other packages."""

from bench.core.domain import Array, Domain
from bench.core.objective import Objective
from bench.core.oracle import KINDS, PRICES, Oracle, OrderError, Stop
from bench.core.registry import optimizer, problem

__all__ = ["KINDS", "PRICES", "Array", "Domain", "Objective", "Oracle", "OrderError", "Stop", "optimizer", "problem"]
