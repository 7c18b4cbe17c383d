"""What the answers of a problem take on this machine, as callers of NumPy and of torch have them."""

import importlib
from collections.abc import Callable
from typing import Any, Literal

from bench.core import registry
from bench.core.objective import Objective
from bench.core.oracle import Oracle, books_of
from bench.runner.execute import one_thread

ROUNDS = 3  # the least counts: what else the machine does only adds
SECONDS = 0.02  # of a round, at most, but for one answer
MOST = 1000  # answers in a round
BUDGET = 1e9  # that no measurement spends

Caller = Literal["numpy", "torch"]


def measured_prices(objective: Objective) -> dict[str, dict[str, float | None]]:
    """Seconds in the problem of one value, one gradient with its value and one Hessian-vector product at the start, by
    caller ("numpy", "torch") and question; None for what the problem does not answer. One thread, this machine, now."""
    importlib.import_module("torch")  # whose import is no part of an answer
    with one_thread():
        return {caller: _by_question(objective, caller) for caller in ("numpy", "torch")}


def _by_question(objective: Objective, caller: Caller) -> dict[str, float | None]:
    questions: dict[str, tuple[int, Callable[[Oracle, Any], Any]]] = {
        "value": (0, lambda oracle, x: oracle.value(x)),
        "gradient": (1, lambda oracle, x: oracle.value_and_gradient(x)),
        "hessian_vector": (2, lambda oracle, x: oracle.hessian_vector(x, x)),
    }
    answers: dict[str, float | None] = {}
    for name, (order, ask) in questions.items():
        try:
            answers[name] = _seconds(objective, caller, ask) if order <= objective.order else None
        except registry.Unavailable:  # of this caller
            answers[name] = None
    return answers


def _seconds(objective: Objective, caller: Caller, ask: Callable[[Oracle, Any], Any]) -> float:
    """The least seconds in the problem of an answer, over ROUNDS."""
    oracle = Oracle(objective, BUDGET, arrays=caller)
    ledger, x = books_of(oracle).ledgers[0], oracle.x0
    oracle.recommend(x)  # what is scored, off the clock, on data and noise

    def taken(times: int) -> float:
        before = ledger.inside
        for _ in range(times):
            ask(oracle, x)
        return (ledger.inside - before) / times

    taken(1)  # torch prepares what it will use again
    times = int(min(max(SECONDS / max(taken(1), 1e-9), 1), MOST))
    return min(taken(times) for _ in range(ROUNDS))
