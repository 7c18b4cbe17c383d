"""The bridge to Nevergrad, and the committed list of its names."""

import random
import threading

import nevergrad
import numpy as np
import pytest

from bench.core import Domain, Objective, Oracle, registry
from bench.core.ledger import Ledger
from bench.runner.single import play
from optimizers.nevergrad import bridge, entries, space

registry.load(("optimizers",))


def sphere(x: np.ndarray) -> np.ndarray:
    return ((x - 1) ** 2).sum(-1)


def run(name: str, objective: Objective, budget: float, start: list[float] | None = None) -> Ledger:
    """The books of a run, during which warnings of the library are silent as in all runs."""
    oracle = Oracle(objective, budget, start=start)
    assert play(oracle, bridge(name), {}, restarts=False) == ""
    return oracle.ledgers[0]


def test_the_file_has_the_names_of_the_registry() -> None:
    listed = {entry.name: entry for entry in entries()}
    assert set(listed) == set(nevergrad.optimizers.registry)
    for name, method in nevergrad.optimizers.registry.items():
        assert listed[name].parallel == (not method.no_parallelization), name


def test_every_name_is_registered_in_its_own_spelling() -> None:
    for entry in entries():
        definition = registry.find_optimizer(f"nevergrad-{entry.name.strip()}")
        assert (definition.order, definition.arrays, definition.lanes) == (0, "numpy", False)
        assert definition.needs[0] == "nevergrad"


@pytest.mark.parametrize("name", ["CMA", "DE", "PSO", "OnePlusOne", "NGOpt"])
def test_the_five_of_the_main_suite_are_measured_deterministic(name: str) -> None:
    (entry,) = (entry for entry in entries() if entry.name == name)
    assert entry.deterministic
    assert entry.needs == ()


@pytest.mark.parametrize("name", ["Cobyla", "Powell"])
def test_threads_end_with_the_run(name: str) -> None:
    before = threading.active_count()
    assert run(name, Objective(sphere, 2), budget=9).status == "budget"
    assert threading.active_count() == before


def test_global_generators_are_given_back() -> None:
    np.random.seed(3)
    random.seed(3)
    expected = np.random.RandomState(3).random_sample(), random.Random(3).random()
    run("DiscreteLenglerOnePlusOne", Objective(sphere, 2), budget=20)
    assert (np.random.random_sample(), random.random()) == expected


def test_begins_at_the_start_of_the_run() -> None:
    ledger = run("OnePlusOne", Objective(sphere, 2, Domain(-5, 5)), budget=5, start=[3.0, -2.0])
    np.testing.assert_allclose(ledger.points[0], [3.0, -2.0], atol=1e-12)


def test_six_standard_deviations_span_a_box() -> None:
    boxed = space(np.array([0.5, 2.0]), Domain(np.array([0.0, -1.0]), np.array([3.0, 5.0])))
    np.testing.assert_allclose(boxed.sigma.value, [0.5, 1.0])
    np.testing.assert_allclose(boxed.value, [0.5, 2.0])
    np.testing.assert_allclose(space(np.zeros(2), Domain(scale=0.25)).sigma.value, 0.25)


def test_points_stay_inside_the_box() -> None:
    assert np.max(run("CMA", Objective(sphere, 2, Domain(-5, 0)), budget=60).points) <= 0


def test_recommends_where_answers_are_noisy() -> None:
    def noisy(x: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        return sphere(x) if noise is None else sphere(x) + 0.1 * noise

    objective = Objective(noisy, 2, noise=lambda rng, shape: rng.standard_normal(shape))
    ledger = run("CMA", objective, budget=200, start=[3.0, -2.0])
    assert ledger.events[-1][-1] < 1 < ledger.first
