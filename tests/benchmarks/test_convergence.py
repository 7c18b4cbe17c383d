"""How our own optimizers converge, against the figures in tests/benchmarks/baseline: `make benchmark` fails where one
got worse."""

import pytest

from bench.runner.suite import FOLDER, load_suite

SUITE = load_suite(FOLDER / "tracked.toml")
CASES = [
    pytest.param(
        entry.text(), [problem.text() for problem in group.problems], group.budget, id=f"{entry.name}-{number}"
    )
    for number, group in enumerate(SUITE.groups)
    for entry in group.optimizers
]


@pytest.mark.parametrize(("optimizer", "problems", "budget"), CASES)
def test_convergence(optimizer_benchmark, optimizer, problems, budget):
    results = optimizer_benchmark(optimizer, problems, seeds=10, budget=budget)
    assert set(results.runs.status) <= {"budget", "target", "returned", "diverged"}
