"""What `compare` does with an Objective: a registered problem, or a network of one's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import bench
from bench.core.registry import PROBLEMS

NAMES = ["random-search", "scipy-nelder-mead"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def code_in(printed):
    return printed[printed.index("To run it:") :].split("\n\n")[0].partition("\n")[2]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_registered_problem_gives_the_records_of_run(workers, capsys):
    """With its parameters and its instance, and the answer at the end; also from processes of their own."""
    objective = bench.make("rosenbrock+noise", dim=3, level=0.2, instance=2)
    results = bench.compare(objective, budget=60, seeds=2, optimizers=NAMES, workers=workers)
    printed = capsys.readouterr().out
    run = bench.run(
        problems=["rosenbrock+noise[dim=3,level=0.2]"], optimizers=NAMES, budget=60, seeds=2, instances=[2],
        report=False, name="t", workers=1,
    )  # fmt: skip
    names = ["problem", "dim", "instance", "optimizer", "seed", "first", "best", "final"]
    assert results.runs[names].to_records(index=False).tolist() == run.runs[names].to_records(index=False).tolist()
    assert results.best().optimizer in NAMES and "Median and quartiles of f" in printed
    code = code_in(printed)
    assert "bench.make('rosenbrock+noise', dim=3, level=0.2, instance=2)" in code
    exec(code, {})
    assert "f is noisy" not in printed and results.function == {}


def test_a_network_of_ones_own_is_compared(capsys):
    x = torch.randn(60, 4, generator=torch.Generator().manual_seed(1))
    rows = (x, (x[:, 0] > 0).long())
    accuracy = bench.Metric(lambda outputs, targets: (outputs.argmax(1) == targets).float().mean(), higher=True)
    objective = bench.from_module(
        lambda: nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)),
        nn.functional.cross_entropy,
        rows,
        metrics={"accuracy": accuracy},
    )
    results = bench.compare(
        objective, budget=40, seeds=2, optimizers=["torch-adam[lr=0.1]", "random-search"], name="net"
    )
    printed = capsys.readouterr().out
    assert results.best().optimizer == "torch-adam[lr=0.1]" and 'bench.minimize(objective, "torch-adam' in printed
    assert len(results.metrics()) and not [each for each in PROBLEMS.values() if each.family == "yours"]
    run = bench.minimize(objective, "torch-adam[lr=0.1]", budget=40)
    assert run.call == 'bench.minimize(objective, "torch-adam[lr=0.1]", budget=40, seed=0)'
    assert bench.load("net").best().optimizer == "torch-adam[lr=0.1]"


def test_an_objective_that_was_changed_is_another_problem():
    shifted = replace(
        bench.make("rosenbrock"), f_opt=None, formula=lambda x, **_: ((x - 1) ** 2).sum(-1), gradient=None
    )
    results = bench.compare(shifted, budget=300, seeds=2, optimizers=["scipy-nelder-mead"])
    assert results.runs.problem.unique().tolist() == ["rosenbrock-"]
    np.testing.assert_allclose(results.best().x, [1, 1], atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": [1.0, 1.0]}, "^start goes with a function: an Objective has its own"),
        ({"bounds": (0, 1), "maximize": True}, "^bounds and maximize go with a function"),
        ({"spread": 0.5, "f_opt": 0.0}, "^spread and f_opt go with a function"),
        ({"log": [0], "noise": True, "failures": "raise"}, "^log, noise and failures go with a function"),
        ({"budget": "many"}, "budget must be a finite number above 0, got 'many'"),
    ],
)
def test_arguments_that_describe_a_function_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        bench.compare(bench.make("rosenbrock"), **{"budget": 9, "optimizers": NAMES, **arguments})


def test_a_text_is_answered_with_what_makes_an_objective_of_it():
    with pytest.raises(ValueError, match=r"or an Objective as bench.make\('rosenbrock'\) gives one"):
        bench.compare("rosenbrock", budget=9)


def test_all_lanes_of_a_batch_that_is_interrupted_are_lost_under_way(capsys):
    def formula(x):
        if x.shape == (3, 2, 2):  # two points of each lane; the first optimizer has none
            raise KeyboardInterrupt
        return (x * x).sum(-1)

    objective = bench.Objective(formula, 2, domain=bench.Domain(-5.0, 5.0), order=0, vectorised=True)
    bench.compare(objective, budget=20, seeds=3, optimizers=["scipy-nelder-mead", "spsa-sgd"], workers=1)
    told = "of 6 runs 1 is done, 3 were lost under way and 2 did not begin: it was interrupted."
    assert told in capsys.readouterr().out
