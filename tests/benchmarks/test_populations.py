"""What the methods with populations cost themselves, beside Nevergrad's and pycma's: seconds outside the oracle.

`pytest tests/benchmarks/test_populations.py -s` prints the table. Seconds are those of the processor, so that what else
the machine does is not counted, and the least of some runs.
"""

from collections.abc import Callable
from time import process_time

import numpy as np
import pytest

from bench.core import Array, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.runner.single import open_oracle, play

registry.load(("bench.problems", "bench.optimizers"))
DIM, GENERATIONS, REPEATS = 10, 40, 5
ALONE, IN_LANES, LANES = 50e-6, 10e-6, 15  # seconds an evaluation, at most
METHODS = [
    "cma-es", "separable-cma-es", "differential-evolution", "particle-swarm", "genetic-algorithm", "one-plus-one-es",
    "simulated-annealing", "random-search", "quasi-random-search",
]  # fmt: skip
OTHERS = ["nevergrad-CMA", "nevergrad-DE", "nevergrad-PSO"]


def seconds_outside(open_one: Callable[[], Oracle], method: Callable[[Oracle], None]) -> float:
    """Of the processor, for an evaluation, of a method in a run that it begins and the budget ends."""
    oracle = open_one()
    value, inside = oracle.value, 0.0

    def timed(x: Array) -> Array:
        nonlocal inside
        entered = process_time()
        try:
            return value(x)
        finally:
            inside += process_time() - entered

    vars(oracle)["value"] = timed
    began = process_time()
    assert play(oracle, method, {}, restarts=True) == ""
    return (process_time() - began - inside) / sum(ledger.counts[0] for ledger in books_of(oracle).ledgers)


def least_outside(name: str, lanes: int, evaluations: int, repeats: int) -> float:
    """The least of some runs on f8, one by one where lanes is 0."""
    definition = registry.find_optimizer(name)
    f8 = registry.find_problem("bbob-f08")
    objectives = [f8.make(instance=k + 1, dim=DIM) for k in range(max(1, lanes))]

    def open_one() -> Oracle:
        given: tuple = (objectives, list(range(lanes))) if lanes else (objectives[0], 0)
        return open_oracle(given[0], definition, evaluations, given[1], gap=-np.inf)

    settings = registry.settings(definition, {})
    return min(seconds_outside(open_one, lambda o: definition.function(o, **settings)) for _ in range(repeats))


@pytest.mark.parametrize("name", METHODS)
def test_overhead_of_a_population(benchmark, name: str) -> None:
    alone = least_outside(name, 0, 50 * GENERATIONS, REPEATS)
    together = least_outside(name, LANES, 10 * GENERATIONS, REPEATS)
    print(f"\n{name}: {1e6 * alone:.1f} us an evaluation alone, {1e6 * together:.1f} us in {LANES} lanes")
    benchmark.extra_info.update(alone_us=round(1e6 * alone, 2), lanes_us=round(1e6 * together, 2))
    benchmark.pedantic(least_outside, (name, 0, 10 * GENERATIONS, 1))
    assert alone <= ALONE
    assert together <= IN_LANES


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_overhead_of_nevergrad(benchmark, name: str) -> None:
    alone = least_outside(name, 0, 500, 2)
    print(f"\n{name}: {1e6 * alone:.1f} us an evaluation")
    benchmark.extra_info["alone_us"] = round(1e6 * alone, 2)
    benchmark.pedantic(least_outside, (name, 0, 100, 1))


@pytest.mark.filterwarnings("ignore")
def test_overhead_of_pycma(benchmark) -> None:
    import cma

    def pycma(oracle: Oracle) -> None:
        method = cma.CMAEvolutionStrategy(oracle.x0, oracle.domain.scale[0], {"seed": 1, "verbose": -9})
        while not method.stop():
            points = method.ask()
            method.tell(points, list(oracle.value(np.array(points))))

    def open_one() -> Oracle:
        return Oracle(objective, 50 * GENERATIONS, 0, order=0)

    objective: Objective = registry.find_problem("bbob-f08").make(instance=1, dim=DIM)
    alone = min(seconds_outside(open_one, pycma) for _ in range(2))
    print(f"\npycma: {1e6 * alone:.1f} us an evaluation")
    benchmark.extra_info["alone_us"] = round(1e6 * alone, 2)
    benchmark.pedantic(seconds_outside, (open_one, pycma))
