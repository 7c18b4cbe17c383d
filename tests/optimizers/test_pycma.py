"""The bridge to pycma: its own runs, its schemes of restarts, and the published figures of BIPOP-CMA-ES."""

import gzip
import pickle
import random
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bench.core import Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.registry import settings
from bench.core.streams import streams
from bench.optimizers import pycma
from bench.runner.single import open_oracle, play

registry.load(("bench.problems", "bench.optimizers"))
NAMES = ("pycma", "pycma-ipop", "pycma-bipop")
START = np.array([2.0, -1.0])


def sphere(x: np.ndarray) -> np.ndarray:
    return ((x - 1) ** 2).sum(-1)


def questions(name: str, objective: Objective, budget: float, seed: int = 3) -> list[np.ndarray]:
    """The populations of a run from START."""
    oracle, asked = Oracle(objective, budget, seed, START, order=0), []
    value = oracle.value

    def spy(x: np.ndarray) -> np.ndarray:
        asked.append(x)
        return value(x)

    vars(oracle)["value"] = spy
    definition = registry.find_optimizer(name)
    assert play(oracle, definition.function, settings(definition, {}), restarts=True) == ""
    return asked


def test_asks_what_pycma_asks_alone() -> None:
    import cma

    objective = Objective(sphere, 2, Domain(scale=0.5))
    rng = streams(objective, 3).method
    options = {"seed": np.nan, "verbose": -9, "randn": lambda *shape: rng.standard_normal(shape)}
    method = cma.CMAEvolutionStrategy(START, 0.5, options)
    for population in questions("pycma", objective, 120)[:-1]:
        alone = method.ask()
        np.testing.assert_array_equal(population, alone)
        method.tell(alone, [sphere(x) for x in alone])


@pytest.mark.parametrize("dim, population", [(2, 6), (5, 8), (10, 10), (40, 15)])
def test_the_default_population_is_that_of_the_tutorial(dim: int, population: int) -> None:
    """4 + floor(3 ln dim): ln 2 = 0.69, ln 5 = 1.61, ln 10 = 2.30, ln 40 = 3.69."""
    assert pycma.default_population(dim) == population


def runs_of(name: str, used: list[int], monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int, float]]:
    """(sigma, population, iterations) of the runs that a scheme starts, if they take so many evaluations."""
    started = []

    def descend(oracle: Oracle, sigma: float, population: int, iterations: float = np.inf) -> int:
        if len(started) == len(used):
            oracle.value(np.zeros((10**6, oracle.dim)))
        started.append((sigma, population, iterations))
        return used[len(started) - 1]

    monkeypatch.setattr(pycma, "descend", descend)
    oracle = Oracle(Objective(sphere, 10, Domain(scale=2.0)), 1000, order=0)
    assert play(oracle, registry.find_optimizer(name).function, {}, restarts=False) == ""
    assert len(books_of(oracle).ledgers[0].restarts) == len(used)
    return started


def test_ipop_doubles_the_population(monkeypatch: pytest.MonkeyPatch) -> None:
    assert runs_of("pycma-ipop", [1] * 4, monkeypatch) == [(1.0, size, np.inf) for size in (10, 20, 40, 80)]


def test_bipop_gives_large_and_small_populations_equal_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """First, large: 600 evaluations. Small: 300, 200, 200 (700 together); large: 900 (1500 in all); small."""
    started = runs_of("pycma-bipop", [500, 600, 300, 200, 200, 900, 100], monkeypatch)
    large = [started[i] for i in (0, 1, 5)]
    assert large == [(1.0, 10, np.inf), (1.0, 20, np.inf), (1.0, 40, np.inf)]
    for at, most, last in ((2, 10, 600), (3, 10, 600), (4, 10, 600), (6, 20, 900)):
        sigma, population, iterations = started[at]
        assert 0.01 <= sigma <= 1
        assert 10 <= population <= most
        assert iterations == last // (2 * population)
    assert len({sigma for sigma, _, _ in started}) == 5, "the small ones are drawn"


def test_each_run_begins_at_a_new_start() -> None:
    """With one step a thousandth as long, the first points tell where a run begins."""
    objective = Objective(sphere, 2, Domain(-5.0, 5.0), start=lambda rng: rng.uniform(-4, 4, 2))
    oracle = Oracle(objective, 6000, order=0)
    assert play(oracle, pycma.pycma_ipop, {"sigma": 1e-3}, restarts=False) == ""
    points, at = (
        np.array(books_of(oracle).ledgers[0].points),
        [counts[0] for counts in books_of(oracle).ledgers[0].restarts],
    )
    starts = streams(objective, 0).start
    expected = [objective.first_point(starts) for _ in range(2)]
    np.testing.assert_allclose(points[:6].mean(0), expected[0], atol=0.02)
    np.testing.assert_allclose(points[at[0] : at[0] + 12].mean(0), expected[1], atol=0.02)


def test_hard_bounds_are_the_librarys_own_option() -> None:
    import cma

    low, high = np.array([-5.0, -3.0]), np.array([3.0, 0.5])
    objective = Objective(sphere, 2, Domain(low, high, scale=0.5))
    rng = streams(objective, 3).method
    options = {
        "bounds": [(low / 0.5).tolist(), (high / 0.5).tolist()], "seed": np.nan, "verbose": -9,
        "randn": lambda *shape: rng.standard_normal(shape),
    }  # fmt: skip
    method = cma.CMAEvolutionStrategy(np.clip(START, low, high) / 0.5, 1.0, options)
    for population in questions("pycma", objective, 300)[:-1]:
        alone = method.ask()
        np.testing.assert_array_equal(population, 0.5 * np.array(alone))
        assert ((population >= low) & (population <= high)).all()
        method.tell(alone, [sphere(0.5 * u) for u in alone])


def test_bounds_on_some_sides() -> None:
    asked = np.concatenate(questions("pycma", Objective(sphere, 2, Domain(-np.inf, np.array([np.inf, 0.5]))), 400))
    assert (asked[:, 1] <= 0.5).all()
    assert (asked[:, 0] < 1).any()
    assert sphere(asked).min() < 0.25 + 1e-3, "the minimum is at the bound"


@pytest.mark.parametrize("hard, least", [(True, 8.0), (False, 0.0)])
def test_points_outside_are_asked_where_bounds_are_soft(hard: bool, least: float) -> None:
    """The minimum of this bowl lies 2 and 2 beyond the corner."""
    objective = Objective(lambda x: ((x - 7) ** 2).sum(-1), 2, Domain(-5.0, 5.0, hard=hard))
    asked = np.concatenate(questions("pycma", objective, 1500))
    assert (asked > 5).any() != hard
    assert ((asked - 7) ** 2).sum(-1).min() == pytest.approx(least, abs=1e-2)


def test_recommends_its_mean_where_answers_are_noisy() -> None:
    def noisy(x: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        return sphere(x) if noise is None else sphere(x) + 0.1 * noise

    objective = Objective(noisy, 2, noise=lambda rng, shape: rng.standard_normal(shape))
    oracle = Oracle(objective, 400, 0, START, order=0)
    assert play(oracle, pycma.pycma, {}, restarts=False) == ""
    assert books_of(oracle).ledgers[0].events[-1][-1] < 0.1 < books_of(oracle).ledgers[0].first


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_leaves_no_trace(name: str, bad: float, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where values are not finite, or all equal, pycma has much to say."""
    np.random.seed(3)
    random.seed(3)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(tmp_path)
        warnings.simplefilter("ignore")
        questions(name, Objective(lambda x: bad * (1 + sphere(x)), 2, Domain(-5.0, 5.0)), 300)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    assert np.random.random_sample() == np.random.RandomState(3).random_sample()
    assert random.random() == random.Random(3).random()


def expected_running_time(evaluations: np.ndarray, solved: np.ndarray) -> float:
    """Evaluations of all runs for each that was solved."""
    return evaluations.sum() / solved.sum()


def published(f: int) -> float:
    """Of BIPOP-CMA-ES to 1e-8 in 10-D at BBOB-2009 (Hansen 2009), as cocopp brings it."""
    package = find_spec("cocopp")
    if package is None or package.origin is None:
        pytest.skip("needs cocopp")
    with gzip.open(Path(package.origin).with_name("pprldistr2009_1e-8.pickle.gz")) as file:
        (_, *runtimes), spent = pickle.load(file, encoding="latin1")["BIPOP-CMA-ES"][f][10]
    solved = np.isfinite(runtimes)
    return expected_running_time(np.where(solved, runtimes, spent), solved)


@pytest.mark.slow
@pytest.mark.parametrize("f", [1, 5, 8, 9])
def test_restarts_solve_bbob_as_fast_as_published(f: int) -> None:
    """BIPOP-CMA-ES of 2009 had no active adaptation and no bounds: within a factor of 2."""
    definition, evaluations, solved = registry.find_optimizer("pycma-bipop"), [], []
    for instance in range(1, 16):
        objective = registry.find_problem(f"bbob-f{f:02}").make(instance, dim=10)
        oracle = open_oracle(objective, definition, 100_000, 0, gap=1e-8)
        assert play(oracle, definition.function, settings(definition, {}), restarts=True) == ""
        evaluations.append(oracle.counts["value"])
        solved.append(books_of(oracle).ledgers[0].status == "target")
    ours, theirs = expected_running_time(np.array(evaluations), np.array(solved)), published(f)
    print(
        f"f{f} in 10-D, {sum(solved)} of 15 solved: ERT {ours:.0f}, published {theirs:.0f}, ratio {ours / theirs:.2f}"
    )
    assert 0.5 < ours / theirs < 2
