"""A function that is noisy by itself: how its runs are judged."""

import re
from time import sleep

import numpy as np
import pytest
import torch

import bench
from bench.candidates import VALUES
from bench.core import Objective, Oracle, optimizer, registry
from bench.core.oracle import books_of
from bench.functions import Function, scores
from bench.given import Given
from bench.measure import words
from bench.measure.levels import HALVES, LATE

pytestmark = pytest.mark.usefixtures("one_process")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Noisy:
    """The squared distance to 1, with noise; it fails at every so manyth call after the first. asked: its points."""

    __name__ = "noisy"

    def __init__(self, sigma=0.1, every=0, how="raise"):
        self.rng, self.sigma, self.every, self.how, self.asked = np.random.default_rng(0), sigma, every, how, []

    def __call__(self, x):
        self.asked.append(np.array(x))
        if self.every and len(self.asked) % self.every == 0:
            if self.how == "raise":
                raise RuntimeError("no mesh")
            return np.nan
        return float(((x - 1) ** 2).sum() + self.sigma * self.rng.standard_normal())


@pytest.mark.parametrize(
    ("budget", "values", "checkpoints"),
    [(300, 8, 5), (35, 1, 5), (34, 1, 4), (10, 1, 0), (3, 1, 0), (2000, 57, 5), (1e6, 100, 5), (np.float32(70), 2, 5)],
)
def test_scores_take_a_fifth_of_the_budget_at_most(budget, values, checkpoints):
    assert scores(budget) == (values, checkpoints)
    assert budget < 10 or values * (checkpoints + 2) <= budget / 5


@pytest.mark.parametrize("optimizer", ["random-search", "cma-es", "nevergrad-OnePlusOne", "scipy-nelder-mead"])
def test_runs_are_judged_at_the_start_at_checkpoints_and_at_the_end_off_the_ledger(optimizer):
    f = Noisy()
    run = bench.minimize(f, optimizer, start=[3.0, 3.0], bounds=(-5, 5), noise=True, budget=300)
    scored = 1 + run.counts["value"]
    assert run.counts["value"] <= 300
    assert 2 * 8 <= len(f.asked) - scored <= 7 * 8
    assert len(run.trajectory) <= 7
    costs = run.trajectory.value.tolist()
    assert costs[0] == 0
    if run.status == "budget":  # of those that ask for populations the first question at or after it
        assert len(costs) == 7
        assert all(300 >> k <= cost < (300 >> k) + 12 for k, cost in zip((5, 4, 3, 2, 1, 0), costs[1:], strict=True))
    repeated = [sum(np.array_equal(x, other) for other in f.asked) for x in f.asked[1:9]]
    assert min(repeated) >= 8, "the start is asked afresh"
    assert abs(run.first - 8) < 4 * 0.1 / np.sqrt(8)


def test_the_score_is_the_mean_of_fresh_values_at_the_recommended_point():
    f = Noisy(sigma=1.0)
    best_x = np.array([1.0, 2.0])

    @optimizer(order=0, source="none")
    def recommends(oracle):
        assert (oracle.noisy, oracle.scored) == (True, True)
        oracle.recommend(best_x)
        while True:
            oracle.value(np.array([3.0, 3.0]))

    try:
        run = bench.minimize(f, "recommends", start=[3.0, 3.0], noise=True, budget=2000)
    finally:
        del registry.OPTIMIZERS["recommends"]
    assert run.best_x.tolist() == best_x.tolist()
    assert len(f.asked) == 1 + 2000 + 7 * 57
    values = run.trajectory.f.iloc[1:].to_numpy()
    assert len(set(values)) == len(values) == 6, "each score has values of its own"
    assert np.abs(values - 1).max() < 4 / np.sqrt(57)
    assert run.trajectory.value.tolist() == [0, 62, 125, 250, 500, 1000, 2000]


def test_seconds_of_scores_are_nobodys(monkeypatch):
    monkeypatch.setattr(Given, "score", lambda self, x: sleep(0.3) or 1.0)
    run = bench.minimize(Noisy(), "random-search", start=[3.0, 3.0], noise=True, budget=100)
    assert len(run.trajectory) >= 6
    assert run.inside + run.outside < 1.0  # of the scores 1.8 or more


@pytest.mark.parametrize("how", ["raise", "nan"])
def test_failures_beside_noise(how):
    f = Noisy(every=5, how=how)
    results = bench.compare(
        f, [3.0, 3.0], noise=True, bounds=(-5, 5), budget=300, seeds=3, optimizers=["random-search", "cma-es"]
    )
    assert set(results.runs.status) == {"budget"}
    assert 0.1 < results.runs.failed_values.sum() / results.runs.value.sum() < 0.3
    assert np.isfinite(results.runs[["first", "best", "final"]]).all(axis=None), "the mean is of the others"


@pytest.mark.parametrize("how", ["raise", "nan"])
def test_a_score_of_which_all_fail_is_infinite(how):
    f = Noisy(every=1, how=how)
    objective = Function(Noisy(), [3.0, 3.0], noise=True).objective(300)
    user = objective.score.__self__
    object.__setattr__(user, "function", f)
    oracle = Oracle(objective, budget=300)
    assert books_of(oracle).ledgers[0].first == np.inf
    assert len(f.asked) == 8
    assert oracle.failed == 0, "it is off the ledger"
    object.__setattr__(user, "failures", "raise")
    if how == "raise":
        with pytest.raises(RuntimeError, match="no mesh"):
            user.score(np.array([3.0, 3.0]))
    else:
        assert np.isnan(user.score(np.array([3.0, 3.0])))


def test_nothing_restarts_and_candidates_are_those_for_noise():
    objective = Function(Noisy(), [3.0, 3.0], bounds=(-5, 5), noise=True).objective(300)
    results = bench.compare(Noisy(), [3.0, 3.0], noise=True, bounds=(-5, 5), budget=300, seeds=1)
    row = next(row for row in VALUES if row.problems == "noisy" and row.least == 50)
    assert set(results.runs.optimizer) == {"random-search", *row.optimizers}
    assert objective.scored
    assert results.runs.scored.all()

    @optimizer(order=0, source="none")
    def returns(oracle):
        for _ in range(5):
            oracle.value(oracle.x0)

    try:
        run = bench.minimize(Noisy(), "returns", start=[3.0, 3.0], noise=True, budget=100)
    finally:
        del registry.OPTIMIZERS["returns"]
    assert (run.status, run.counts["value"]) == ("returned", 5)


def test_it_is_said_in_print_and_on_the_page(capsys):
    names = ["random-search", "cma-es"]
    results = bench.compare(Noisy(), [3.0, 3.0], noise=True, budget=300, seeds=2, optimizers=names, name="mine")
    sentence = words.judged(8, 5)
    assert "the mean of 8 fresh values" in sentence and "at 5 checkpoints" in sentence and "56 in all" in sentence
    printed = capsys.readouterr().out
    assert printed.split("\n\n")[1] == sentence
    page = (bench.api.REPORTS / "mine/index.html").read_text()
    assert sentence in page.partition("</header>")[0]
    assert "checkpoints at halves of the budget: a runtime there is up to 100 % late" in page
    assert results.comparison.late == bench.load("mine").comparison.late == HALVES
    assert "noise=True" in printed.partition("To run it:")[2]
    found = {"noisy": Noisy()}
    exec(
        "\n".join(
            line.removeprefix("  ") for line in printed.partition("To run it:\n")[2].partition("\n\n")[0].splitlines()
        ),
        found,
    )
    plain = bench.compare(lambda x: float((x * x).sum()), [3.0], budget=20, seeds=1, optimizers=names[:1], name="other")
    assert plain.comparison.late == LATE
    assert "fresh" not in (bench.api.REPORTS / "other/index.html").read_text()
    assert bench.load(["results/mine", "results/other"]).comparison.late == HALVES


def test_a_maximum_with_noise_and_names_and_gradients():
    rng = np.random.default_rng(0)

    def f(width, height):
        return 5 - (width - 1) ** 2 - (height - 2) ** 2 + 0.01 * rng.standard_normal()

    run = bench.minimize(f, "cma-es", start={"width": 3.0, "height": 3.0}, maximize=True, noise=True, budget=500)
    assert run.best == pytest.approx(5, abs=0.02)
    assert run.best_x == pytest.approx({"width": 1, "height": 2}, abs=0.2)
    for start in (np.array([3.0, 3.0]), torch.tensor([3.0, 3.0], dtype=torch.float64)):
        noisy = lambda x: (((x - 1) ** 2).sum() + 0.01 * rng.standard_normal(), 2 * (x - 1))  # noqa: E731
        run = bench.minimize(noisy, "torch-adam[lr=0.1]", start=start, noise=True, budget=600)
        assert run.best < 0.1
        assert run.counts["gradient"] == 200
    alone = lambda x: ((x - 1) ** 2).sum() + 0.01 * rng.standard_normal()  # noqa: E731
    run = bench.minimize(alone, "torch-adam[lr=0.1]", start=torch.tensor([3.0, 3.0]), noise=True, budget=600)
    assert run.best < 0.1


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="f_opt must be None where noise=True"):
        bench.compare(Noisy(), [3.0, 3.0], noise=True, f_opt=0.0)
    with pytest.raises(ValueError, match=r"noise must be True or False, got 0\.1"):
        bench.compare(Noisy(), [3.0, 3.0], noise=0.1)
    with pytest.raises(ValueError, match="an Objective has its own"):
        bench.minimize(bench.make("rosenbrock"), "cma-es", budget=9, noise=True)
    for budget in (0, -1, float("nan"), "9"):
        with pytest.raises(ValueError, match="budget"):
            bench.compare(Noisy(), [3.0, 3.0], noise=True, budget=budget)
        with pytest.raises(ValueError, match="budget must be a finite number above 0"):
            bench.compare(Noisy(), [3.0, 3.0], budget=budget)


def test_checkpoints_of_an_objective_are_halves_of_the_budget():
    objective = Objective(
        lambda x, noise=None: (x * x).sum(-1), 2, order=0, start=lambda rng: np.ones(2), checkpoints=3,
        noise=lambda rng, shape: rng.standard_normal(shape),
    )  # fmt: skip
    oracle = Oracle(objective, budget=80)
    with oracle:
        for _ in range(100):
            oracle.value(oracle.rng.standard_normal(2))
    events = np.array(books_of(oracle).ledgers[0].events)
    assert events[:, 0].tolist() == [0, 10, 20, 40, 80]
    assert re.search("f is noisy: each run is judged by one fresh value .* 1 checkpoint and", words.judged(1, 1))
