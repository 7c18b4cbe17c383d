"""The protocol between problems and optimizers; imports none of our other packages."""

from bench.core.domain import Array, Domain, Kind
from bench.core.ledger import PRICES, QUESTIONS
from bench.core.objective import Composite, Objective, Sampling
from bench.core.oracle import Oracle, OrderError, Spent, Stop
from bench.core.registry import Derived, Range, Unavailable, optimizer, problem, wrapper
from bench.core.streams import seeds
