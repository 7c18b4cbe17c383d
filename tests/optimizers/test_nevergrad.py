"""The bridge to Nevergrad, and the committed list of its names."""

import multiprocessing
import random
import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pytest

from bench.core import Domain, Objective, Oracle, registry
from bench.core.ledger import QUESTIONS, Ledger
from bench.core.oracle import books_of
from bench.optimizers.nevergrad import FAR, Entry, bridge, entries, point, seeded, space
from bench.runner.single import play

registry.load(("bench.problems", "bench.optimizers"))
BOX = Domain(-5, 5)


def sphere(x: np.ndarray) -> np.ndarray:
    return ((x - 1) ** 2).sum(-1)


def run(name: str, objective: Objective, budget: float, start: list[float] | None = None, seed: int = 0) -> Ledger:
    """The books of a run, during which warnings of the library are silent as in all runs."""
    oracle = Oracle(objective, budget, seed, start)
    assert play(oracle, bridge(name), {}, restarts=False) == ""
    return books_of(oracle).ledgers[0]


def test_the_file_has_the_names_of_the_registry() -> None:
    import nevergrad

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


SOFT = Domain(-5, 5, hard=False)


@pytest.mark.parametrize("domain", [BOX, SOFT, Domain(scale=5 / 3)], ids=["box", "soft", "open"])
@pytest.mark.parametrize("name, population", [("CMA", 6), ("DE", 30), ("PSO", 40)])
def test_first_populations_fill_the_box_or_lie_around_the_start(name: str, population: int, domain: Domain) -> None:
    """Six standard deviations span the box, around its middle; the start is asked first. Without a box the populations
    lie around the start. Uniform points would have the deviation 2.9."""
    start = np.array([3.0, -1.0])
    first = np.stack([run(name, Objective(sphere, 2, domain), population, [3, -1], seed).points for seed in range(10)])
    if domain.bounded:
        np.testing.assert_allclose(first[:, 0], np.broadcast_to(start, (10, 2)), atol=1e-12)
        first, middle = first[:, 1:], np.zeros(2)
    else:
        middle = start
    asked = first.reshape(-1, 2)
    np.testing.assert_allclose(asked.mean(0), middle, atol=4 * (5 / 3) / np.sqrt(len(asked)))
    if name != "CMA":  # the first step of which is a part of that, by a rule of its own
        np.testing.assert_allclose((asked - middle).std(), 5 / 3, rtol=0.15)
    assert not (asked == start).all(-1).any()


def test_soft_bounds_are_passed() -> None:
    """To a bowl whose minimum lies beyond the corner of the box, where points count."""
    for name in ("CMA", "DE", "OnePlusOne", "NGOpt"):
        far = Objective(lambda x: ((x - 7) ** 2).sum(-1), 2, SOFT)
        assert run(name, far, 200).best < 1, name


@pytest.mark.parametrize("name", ["PSO", "OnePlusOne", "DE"])
def test_far_points_of_soft_boxes_stay_on_their_side(name: str) -> None:
    """On a slope that is level beyond the box: mirrored, particles that went too far would be sent to the other end."""
    slope = Objective(lambda x: (5 - np.minimum(x, 5)).sum(-1), 5, SOFT, f_opt=0.0)
    assert run(name, slope, 400).best == 0


def test_whole_numbers_are_reached_from_any_start() -> None:
    """Four of -10 to 10. The minimum is four standard deviations from the start, and one and a half from the middle."""
    domain = Domain(-10, 10, kinds="integer")
    objective = Objective(lambda x: ((x + 5) ** 2).sum(-1), 4, domain, order=0, arrays="numpy", f_opt=0.0)
    ledgers = [run("DiscreteOnePlusOne", objective, 1500, [8.0] * 4, seed) for seed in range(2)]
    assert [ledger.best for ledger in ledgers] == [0.0] * 2


@pytest.mark.parametrize("domain", [BOX, Domain()], ids=["box", "open"])
def test_one_plus_one_asks_the_start_first(domain: Domain) -> None:
    ledger = run("OnePlusOne", Objective(sphere, 2, domain), budget=5, start=[3.0, -2.0])
    np.testing.assert_allclose(ledger.points[0], [3.0, -2.0], atol=1e-12)


def chosen(objective: Objective, budget: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Ledger, str]:
    """The books of a run of NGOpt, and the name of the method that it chose."""
    import nevergrad

    ngopt, made = nevergrad.optimizers.registry["NGOpt"], []

    def make(*arguments: object, **keywords: object) -> object:
        made.append(ngopt(*arguments, **keywords))
        return made[-1]

    with monkeypatch.context() as patch:
        patch.setitem(nevergrad.optimizers.registry, "NGOpt", make)
        ledger = run("NGOpt", objective, budget)
    return ledger, made[0].optim.name


def test_ngopt_asks_what_the_method_asks_that_it_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = Objective(sphere, 2, BOX)
    ledger, name = chosen(objective, 60, monkeypatch)
    assert name != "NGOpt"
    np.testing.assert_array_equal(ledger.points, run(name, objective, 60).points)


def test_ngopt_chooses_another_method_where_answers_are_noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = Objective(lambda x, noise=None: sphere(x) + (0 if noise is None else noise), 2, BOX)
    noisy = replace(exact, noise=lambda rng, shape: rng.standard_normal(shape))
    names = [chosen(objective, 100, monkeypatch)[1] for objective in (noisy, exact)]
    assert "Noisy" in names[0]
    assert "Noisy" not in names[1]


def test_the_seed_of_the_run_seeds_the_global_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    with seeded(5):
        drawn = np.random.random_sample(), random.random()
    assert drawn == (np.random.RandomState(5).random_sample(), random.Random(5).random())

    seeds = []

    def spy(seed: int) -> AbstractContextManager[None]:
        seeds.append(seed)
        return seeded(seed)

    monkeypatch.setattr("bench.optimizers.nevergrad.seeded", spy)
    for seed in (1, 1, 2):
        run("OnePlusOne", Objective(sphere, 2), budget=3, seed=seed)
    assert seeds[0] == seeds[1] != seeds[2]


def test_six_standard_deviations_span_a_box() -> None:
    low, high, x0 = np.array([0.0, -1.0]), np.array([3.0, 5.0]), np.array([0.5, 2.0])
    for hard, reach in ((True, 0), (False, FAR * (high - low))):
        points, start = space(x0, Domain(low, high, hard=hard))
        np.testing.assert_allclose(points.sigma.value, [0.5, 1.0])
        np.testing.assert_allclose(points.value, [1.5, 2.0])
        np.testing.assert_allclose(points.bounds, [low - reach, high + reach])
        np.testing.assert_allclose(start, x0)
    points, start = space(x0, Domain(scale=np.array([0.25, 8.0])))
    np.testing.assert_allclose(points.sigma.value, [0.25, 8.0])
    np.testing.assert_allclose(points.value, x0)
    assert start is None


def test_a_start_outside_the_box_is_moved_to_its_bound() -> None:
    np.testing.assert_allclose(space(np.array([9.0, -7.0]), BOX)[1], [5.0, -5.0])


def test_points_stay_inside_the_box() -> None:
    assert np.max(run("CMA", Objective(sphere, 2, Domain(-5, 0)), budget=60).points) <= 0


def test_recommends_where_answers_are_noisy() -> None:
    def noisy(x: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        return sphere(x) if noise is None else sphere(x) + 0.1 * noise

    objective = Objective(noisy, 2, noise=lambda rng, shape: rng.standard_normal(shape))
    ledger = run("CMA", objective, budget=200, start=[3.0, -2.0])
    assert ledger.events[-1][-1] < 1 < ledger.first


def test_methods_that_call_pycma_are_fixed_by_the_seed() -> None:
    """By itself pycma seeds NumPy's generator by the clock, and NGOpt chooses it in three to some five dimensions."""
    runs = []
    for _ in range(2):
        with Oracle(Objective(lambda x: ((x - 1) ** 2).sum(-1), 3), 150, seed=1, order=0) as oracle:
            bridge("CmaFmin2")(oracle)
        runs.append([event[len(QUESTIONS) + 2] for event in books_of(oracle).ledgers[0].events])
    assert len(runs[0]) > 5
    assert runs[0] == runs[1]


def test_whole_numbers_categories_and_orders_ask_the_start_first() -> None:
    kinds = ("real", "integer", "integer", "category", "integer")
    domain = Domain(np.zeros(5), np.array([1.0, 9.0, 9.0, 3.0, 1.0]), kinds=kinds)
    start = np.array([0.25, 7.0, 2.0, 3.0, 1.0])
    np.testing.assert_array_equal(point(space(start, domain)[1], domain), start)
    order = np.array([2.0, 0.0, 3.0, 1.0])
    permutations = Domain(0, 3, kinds="permutation")
    np.testing.assert_array_equal(point(space(order, permutations)[1], permutations), order)
    for x0, box in ((start, domain), (order, permutations)):
        objective = Objective(lambda x: x.sum(-1), len(x0), box, order=0, arrays="numpy")
        oracle = Oracle(objective, 1, 0, x0)
        assert play(oracle, bridge("OnePlusOne"), {}, restarts=False) == ""
        np.testing.assert_array_equal(books_of(oracle).ledgers[0].best_x, x0)


@pytest.mark.parametrize("name", ["OnePlusOne", "DE", "RecombiningGA"])
@pytest.mark.parametrize("problem", ["onemax", "tsp", "n-queens", "bbob-mixint-f01", "tuning"])
def test_improves_on_discrete_and_mixed_problems(problem: str, name: str) -> None:
    objective, asked = registry.find_problem(problem).make(2), []

    def spy(x: np.ndarray, **constants: Any) -> np.ndarray:
        asked.append(x)
        return objective.formula(x, **constants)

    ledger = run(name, replace(objective, formula=spy), budget=100)
    assert ledger.status in ("budget", "target")
    assert ledger.best < ledger.first
    assert all(objective.domain.contains(x).all() for x in asked)


@pytest.mark.parametrize("name", ["CMA", "DE", "PSO"])
def test_a_batch_is_one_question(name: str) -> None:
    oracle, questions = Oracle(Objective(sphere, 2, BOX), 25, order=0), []
    value = oracle.value

    def spy(x: np.ndarray) -> np.ndarray:
        questions.append(x)
        return value(x)

    vars(oracle)["value"] = spy
    assert play(oracle, registry.find_optimizer(f"nevergrad-{name}").function, {"num_workers": 10}, False) == ""
    assert [x.shape for x in questions] == [(10, 2), (10, 2), (5, 2), (2,)], "the last is the one that cannot be paid"
    assert (books_of(oracle).ledgers[0].status, oracle.counts["value"]) == ("budget", 25)


def test_batches_are_for_methods_that_take_them() -> None:
    for entry in entries():
        parameters = registry.find_optimizer(f"nevergrad-{entry.name.strip()}").parameters
        assert ("num_workers" in parameters) == entry.parallel, entry.name


def answer_of_thirty_evaluations(name: str, answer: Connection) -> None:
    """Send what two runs came to, without a box and in one, and how many evaluations they made."""
    for domain in (Domain(), BOX):
        oracle = Oracle(Objective(sphere, 5, domain), budget=30, order=0)
        error = play(oracle, bridge(name), {}, restarts=False)
        answer.send((books_of(oracle).ledgers[0].status, oracle.counts["value"], error[-500:]))


@pytest.mark.slow
@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name.strip())
def test_every_name_that_is_installed_completes_thirty_evaluations_in_5d(entry: Entry) -> None:
    """Or is listed in nevergrad.txt as one that lacks a module, and is skipped, or as one that has no end."""
    if absent := [module for module in entry.needs if find_spec(module) is None]:
        pytest.skip(f"needs {', '.join(absent)}")
    context = multiprocessing.get_context("fork")  # a spawned one would import the library anew
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=answer_of_thirty_evaluations, args=(entry.name, theirs))
    child.start()
    theirs.close()
    answers = [ours.recv() for _ in range(2) if ours.poll(120)]
    child.kill()
    child.join()
    endless = len(answers) < 2 and entry.deterministic is None  # listed as unmeasured: it waits for a thread of its own
    assert answers == 2 * [("budget", 30, "")] or endless
