"""What the answers of a problem take on this machine, as callers of NumPy and of torch have them."""

import importlib
from collections.abc import Callable, Sequence
from itertools import groupby
from math import log10
from time import perf_counter
from typing import Any, Literal

from bench.core import registry
from bench.core.objective import Objective
from bench.core.oracle import Oracle, books_of
from bench.runner.execute import one_thread
from bench.runner.plan import RunSpec

ROUNDS = 3  # the least counts: what else the machine does only adds
SECONDS = 0.02  # of a round, at most, but for one answer
MOST = 1000  # answers in a round
BUDGET = 1e9  # that no measurement spends
BATCH = 32  # rows of data of a question that stands for all

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


def estimated_seconds(specs: Sequence[RunSpec]) -> float:
    """What runs on problems with gradients take in this thread of this machine, without the methods' own time: of each
    problem one gradient on BATCH rows is timed, and a value for its checkpoints, which take as long as values of all
    rows and a quarter more. Others, and runs that are skipped, count nothing."""
    total = 0.0
    runs = sorted((spec for spec in specs if not spec.skip), key=_asked)
    for _, of_problem in groupby(runs, key=_asked):
        first, *rest = of_problem
        objective = registry.find_problem(first.problem).make(first.instance, **first.parameters)
        if objective.order:
            total += (1 + len(rest)) * _run_seconds(objective, first)
    return total


def _asked(spec: RunSpec) -> str:
    return f"{spec.problem} {sorted(spec.parameters.items())!r} {spec.budget}"


def _run_seconds(objective: Objective, spec: RunSpec) -> float:
    oracle = Oracle(objective, BUDGET, arrays="torch")
    x, rows = oracle.x0, objective.rows
    oracle.recommend(x)
    size = min(BATCH, rows)
    batch = next(oracle.minibatches(size))
    gradient = min(_time(lambda: batch.value_and_gradient(x)) for _ in range(2))
    value = min(_time(lambda: batch.value(x)) for _ in range(2))
    steps = spec.budget / spec.prices["gradient"] * rows / size
    checkpoints = 2 + spec.checkpoints * max(log10(10 * spec.budget), 0.0) if objective.scored else 0.0
    return steps * gradient + checkpoints * 1.25 * value * rows / size


def _time(ask: Callable[[], Any]) -> float:
    began = perf_counter()
    ask()
    return perf_counter() - began
