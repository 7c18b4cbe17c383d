"""A caller's own function before it is compared: what its answers take, and whether child processes give the same."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil, nan
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

import numpy as np

from bench.core.foreign import foreign, said
from bench.core.objective import Objective
from bench.core.oracle import Oracle, books_of
from bench.core.packages import is_ours
from bench.core.registry import OptimizerDefinition, ProblemDefinition, find_optimizer, find_problem, load
from bench.runner import PACKAGES
from bench.runner.environment import cores
from bench.runner.execute import one_thread
from bench.runner.launch import Launch
from bench.runner.luggage import pack, unpack
from bench.runner.plan import RunSpec
from bench.runner.processes import end, serve, start
from bench.runner.suite import Suite

SLOW = 0.005  # seconds of an answer, beyond which runs are made in
WORKERS = 2  # processes at once
AGAIN = 0.1  # seconds of a first answer, below which it is asked for twice more
SLACK = 3  # times what the values of a run take: its deadline is no earlier
BUDGET = 1e9  # that no trial spends
PATIENCE = 60.0  # seconds until a child must have its modules, and
TIMES = 10  # times what the answer takes here
POPULATION = 100  # answers that a run may ask at once, where no deadline comes between
CARRIED = (
    "its noise comes from a generator that it carries, which would begin anew in every process: "
    "draw from numpy.random.default_rng() made inside the function, or from numpy.random itself"
)


@dataclass(frozen=True)
class Trial:
    """Answers at the first start of all: f there, NaN where it failed, and seconds of a value and of a gradient."""

    f: float = nan
    value: float = 0.0
    gradient: float = 0.0


def tried(objective: Objective) -> Trial:
    """Ask a function at the start of the first seed: one value, and a gradient where it gives one."""
    asked: list[
        float
    ] = []  # seconds of each value: of the function itself, as an oracle imports things when it is made

    def formula(*arrays: Any, **keywords: Any) -> Any:
        began = perf_counter()
        try:
            return objective.formula(*arrays, **keywords)
        finally:
            asked.append(perf_counter() - began)

    timed = replace(objective, formula=formula, noise=None, score=None)  # a score may be the mean of many values
    arrays: Any = "numpy" if objective.arrays == "any" else objective.arrays
    f, gradient = nan, 0.0
    with one_thread(), suppress(ValueError), foreign("no value at the start"):
        oracle = Oracle(timed, BUDGET, arrays=arrays)  # which asks for the value at the start
        ledger = books_of(oracle).ledgers[0]
        f = float(ledger.first)
        if asked and asked[0] < AGAIN:  # one may have been held up, by a first import or by other processes
            oracle.value(oracle.x0)
            oracle.value(oracle.x0)
        if objective.order:
            before = ledger.inside
            oracle.value_and_gradient(oracle.x0)
            gradient = ledger.inside - before
    return Trial(f, min(asked, default=0.0), gradient)


@dataclass(frozen=True)
class Expected:
    """The seconds that runs spend in a problem, as a trial has it; those of methods are not known. fresh: the values
    that a run asks off its ledger."""

    trial: Trial
    fresh: int = 0

    def __call__(self, spec: RunSpec) -> float:
        """Of one run."""
        gradients = bool(find_optimizer(spec.optimizer).order and self.trial.gradient)
        question, seconds = ("gradient", self.trial.gradient) if gradients else ("value", self.trial.value)
        return spec.budget / spec.prices[question] * seconds + self.fresh * self.trial.value

    def longest(self, specs: Iterable[RunSpec]) -> float:
        """Of the longest run, skips apart; 0 where there is none."""
        return max((self(spec) for spec in specs if not spec.skip), default=0.0)

    def total(self, specs: Sequence[RunSpec], processes: int) -> float:
        """Of all runs, so many at once."""
        return max(sum(self(spec) for spec in specs if not spec.skip) / processes, self.longest(specs))

    def deadline(self, specs: Iterable[RunSpec], usual: float) -> float:
        """One that no run meets which takes little longer: the usual one, or so many times that as is needed."""
        return usual * max(1, ceil(SLACK * self.longest(specs) / usual))


def prepare(launch: Launch, objective: Objective, suite: Suite) -> None:
    """Let the server of children begin, while other things are done, where there will be any."""
    if (launch.workers or min(WORKERS, cores())) > 1:
        serve(_preload(objective, suite))


def placed(
    launch: Launch, objective: Objective, problem: str, suite: Suite, trial: Trial, fresh: int = 0
) -> tuple[Launch, str]:
    """Where the runs on a caller's own function are made: in child processes, with all that they need, or here; and why
    here, where there should be several processes.

    problem: its name. fresh: the values of a score, where the function is noisy. Without a number of workers there are
    several where an answer takes more than SLOW.
    """
    answer = max(trial.value, trial.gradient)
    workers = launch.workers or (min(WORKERS, cores()) if answer > SLOW else 1)
    here = replace(launch, children=False)
    if workers == 1:
        return here, ""
    scripts = [each for each in _optimizers(suite) if each.function.__module__ == "__main__"]
    definition = find_problem(problem)
    grace = launch.grace + answer * (TIMES + (POPULATION + fresh if fresh else 0))
    preload = _preload(objective, suite)
    try:
        luggage = pack([definition, *scripts])
    except ValueError as error:
        return here, str(error)
    launch = replace(launch, workers=workers, luggage=luggage, preload=preload, grace=grace)
    launch = launch.fitted(suite)
    why = differs_in_child(definition, trial, launch, objective)
    return (here, why) if why else (launch, "")


def _optimizers(suite: Suite) -> list[OptimizerDefinition]:
    names = dict.fromkeys(entry.name for group in suite.groups for entry in group.optimizers)
    return [find_optimizer(name) for name in names]


def _preload(objective: Objective, suite: Suite) -> list[str]:
    """What children need, so that each finds it there, and nothing else: the less it is the sooner they begin."""
    optimizers = [each for each in _optimizers(suite) if is_ours(each.function.__module__)]
    needs = {module for each in optimizers for module in each.needs} - {"torch"}
    if any(each.arrays == "torch" for each in optimizers):
        needs.add("torch._dynamo")  # which torch.optim imports when first used
    elif objective.arrays == "torch" or any("torch" in each.needs for each in optimizers):
        needs.add("torch")
    return sorted(needs)


def differs_in_child(definition: ProblemDefinition, here: Trial, launch: Launch, objective: Objective) -> str:
    """Why a problem that was packed cannot be asked in child processes, "" where it can. objective: what it makes."""
    serve(launch.preload)
    setting = {"instance": objective.instance, **objective.parameters} if objective.made else {}
    process, connection = start(_try, definition.name, setting, here.f, launch.imports, launch.luggage)
    patience = PATIENCE + TIMES * (here.value + here.gradient)
    try:
        if not connection.poll(patience):
            return f"a process of its own gave no answer within {patience:.0f} s"
        return connection.recv()
    except (EOFError, ConnectionError):
        process.join(1)
        return f"a process of its own ended with exit status {process.exitcode} when it was asked"
    finally:
        end(process)
        connection.close()


def _try(
    connection: Connection, name: str, setting: Mapping[str, Any], f: float, imports: Sequence[str], luggage: bytes
) -> None:
    """In a child: send why the problem cannot be asked here."""
    try:
        load(PACKAGES, imports)
        connection.send(_difference(name, setting, f, luggage))
    except BaseException as error:
        connection.send(said(error))
    os._exit(0)


def _difference(name: str, setting: Mapping[str, Any], f: float, luggage: bytes) -> str:
    unpack(luggage)
    objective = find_problem(name).make(**setting)
    first = tried(objective).f
    if np.array_equal(first, f, equal_nan=True):
        return ""
    second = tried(objective).f
    unpack(luggage)
    anew = tried(find_problem(name).make(**setting)).f
    if np.array_equal(first, second, equal_nan=True):
        return f"it gives {first:.10g} in a process of its own and {f:.10g} here, at the same point"
    return CARRIED if first == anew else ""
