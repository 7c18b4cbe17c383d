"""What `compare` tries by default, and the measurement behind it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bench
from bench import candidates
from bench.core import Domain, Objective, registry
from bench.runner.plan import misfit
from bench.runner.suite import parse_entry

registry.load(("bench.problems", "bench.optimizers"))
ROOT = Path(__file__).parents[1]


def bowl(x, noise=None):
    f = (x**2).sum(-1)
    return f if noise is None else f + noise


CLASSES = {
    "real": Objective(bowl, 4, Domain(-1, 1), order=0, arrays="numpy"),
    "noisy": Objective(bowl, 4, order=0, arrays="numpy", noise=lambda rng, shape: rng.normal(size=shape)),
    "mixed": Objective(bowl, 2, Domain(0, 3, kinds=("integer", "category")), order=0, arrays="numpy"),
    "permutation": Objective(bowl, 4, Domain(0, 3, kinds="permutation"), order=0, arrays="numpy"),
}


WIDE = Objective(bowl, 30, Domain(-1, 1), order=0, arrays="numpy")


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_those_of_the_table(name):
    assert candidates.class_of(CLASSES[name]) == name
    assert {row.problems for row in candidates.VALUES} == set(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("budget", [1, 60, 400, 1e6])
def test_every_candidate_takes_the_problem_and_the_baseline_stands_first(name, budget):
    names = candidates.candidates(CLASSES[name], budget)
    assert names[0] == "random-search" and len(names) == len(set(names)) >= 4
    for text in names:
        assert misfit(CLASSES[name], registry.find_optimizer(parse_entry(text).name)) == ""


def test_a_longer_budget_has_other_candidates_than_a_short_one():
    few, more, many = (set(candidates.candidates(WIDE, budget)) for budget in (100, 300, 1000))
    models = {"optuna-gp", "optuna-tpe"}
    assert (few & models, more & models, many & models) == (models, {"optuna-tpe"}, set())


def test_what_f_answers_brings_more():
    free = Objective(bowl, 4, order=0)
    slope = Objective(bowl, 4, order=1)
    whole = Objective(bowl, 4, order=2, residuals=lambda x: x)
    assert set(candidates.GRADIENTS) <= set(candidates.candidates(slope, 500))
    assert not set(candidates.GRADIENTS) & set(candidates.candidates(free, 500))
    assert {"scipy-newton-cg", "dfo-ls", "scipy-trf"} <= set(candidates.candidates(whole, 500))
    black_box = Objective(bowl, 4, order=0, residuals=lambda x: x)
    assert "dfo-ls" in candidates.candidates(black_box, 500)
    assert "scipy-trf" not in candidates.candidates(black_box, 500)


def test_a_network_is_trained_by_what_trains_networks():
    """On mini-batches and on all rows, without methods of matrices dim x dim; the names of no other class change."""
    objective = bench.make("mlp[data=iris]")
    names = candidates.candidates(objective, 60)
    assert candidates.class_of(objective) == "network"
    assert names == ["random-search", *candidates.NETWORKS.optimizers] and "scipy-bfgs" not in names
    for text in names:
        entry = parse_entry(text)
        assert misfit(objective, registry.find_optimizer(entry.name)) == ""
        for setting in entry.settings():
            registry.settings(registry.find_optimizer(entry.name), setting)  # raises where it does not fit
    assert candidates.class_of(bench.make("quadratic")) == "real"


def test_the_docs_have_the_table():
    assert candidates.markdown() in (ROOT / "optimizers/README.md").read_text(encoding="utf-8")


def test_compare_tries_them():
    """A budget of 4 a coordinate."""
    results = bench.compare(bowl, start=[0.5, 0.1], bounds=(-1.0, 1.0), budget=8, seeds=1)
    names = {parse_entry(label).name for label in results.runs.optimizer}
    assert names == {parse_entry(text).name for text in candidates.candidates(CLASSES["real"], 16)}


class Stored:
    """Stored runs of two optimizers on one problem: a reaches 1 and then 0, b always 2."""

    runs = pd.DataFrame(
        {
            "problem": ["branin"] * 2,
            "dim": 2,
            "optimizer": ["a", "b"],
            "order": 0,
            "status": "budget",
            "budget": 20.0,
        }
    )

    def fixed_budget(self, budgets):
        a = 1.0 if budgets[0] < 20 else 3.0
        return pd.DataFrame({"problem": "branin", "dim": 2, "optimizer": ["a", "b"], "median": [a, 2.0]})


def test_standings_by_hand():
    """At 5 a coordinate a is the best, at 10 the worst; nobody had the budget for more."""
    table = candidates.standings([Stored()])
    assert table.budget.unique().tolist() == [5, 10]
    assert set(table.problems) == {"real"}
    ranks = table.set_index(["budget", "optimizer"])["rank"]
    np.testing.assert_array_equal(ranks.loc[5].to_numpy(), [0, 1])
    np.testing.assert_array_equal(ranks.loc[10].to_numpy(), [1, 0])
