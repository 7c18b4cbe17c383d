"""Bridges for small budgets: Optuna, NLopt, DFO-LS and cmaes ask through the oracle what they ask by themselves."""

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bench.core import Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.registry import settings
from bench.core.streams import streams
from bench.runner.plan import misfit
from bench.runner.single import play

registry.load(("bench.problems", "bench.optimizers"))
LOW, HIGH, SCALE = np.array([-2.0, -1.0]), np.array([3.0, 4.0]), 0.5
BOX = Domain(LOW, HIGH, scale=SCALE)
START = np.array([-1.2, 1.0])
NAMES = ("optuna-tpe", "optuna-gp", "nlopt-bobyqa", "nlopt-crs", "nlopt-isres", "dfo-ls", "cmaes-catcma")
SEED = 3


def parts(x: np.ndarray) -> np.ndarray:
    return np.stack([10 * (x[..., 1] - x[..., 0] ** 2), 1 - x[..., 0]], axis=-1)


def rosenbrock(x: np.ndarray) -> np.ndarray:
    return (parts(x) ** 2).sum(-1)


VALLEY = Objective(rosenbrock, 2, BOX, order=0, arrays="numpy", residuals=parts, name="valley")


def run(name: str, objective: Objective = VALLEY, budget: float = 20, **hyperparameters: Any) -> Oracle:
    """The oracle after a run from START, or from the problem's own start in other dimensions; one descent."""
    definition = registry.find_optimizer(name)
    for module in definition.needs:
        pytest.importorskip(module)
    oracle = Oracle(objective, budget, SEED, START if objective.dim == 2 else None, order=0)
    assert play(oracle, definition.function, settings(definition, hyperparameters), restarts=False) == ""
    return oracle


def points(oracle: Oracle) -> np.ndarray:
    return np.array(books_of(oracle).ledgers[0].points)


def rng() -> np.random.Generator:
    """The generator of the run's own method."""
    return streams(VALLEY, SEED).method


class Enough(Exception):
    """Ends a library at the budget."""


def alone(ask: Callable[[Callable[[np.ndarray], float]], object], budget: int = 20) -> np.ndarray:
    """The points x (budget, 2) that a library asks by itself, told u in scales of the domain."""
    asked: list[np.ndarray] = []

    def f(u: np.ndarray) -> float:
        asked.append(SCALE * u)
        if len(asked) >= budget:
            raise Enough
        return float(rosenbrock(SCALE * u))

    with pytest.raises(Enough):
        ask(f)
    return np.array(asked)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(
    ("name", "sampler", "options"),
    [("optuna-tpe", "TPESampler", {}), ("optuna-gp", "GPSampler", {"deterministic_objective": True})],
)
def test_optuna_asks_the_start_and_then_what_its_sampler_asks(name: str, sampler: str, options: dict) -> None:
    optuna = pytest.importorskip("optuna")

    def ask(f: Callable[[np.ndarray], float]) -> None:
        study = optuna.create_study(
            sampler=getattr(optuna.samplers, sampler)(seed=int(rng().integers(2**31)), **options)
        )
        study.enqueue_trial({"a": START[0] / SCALE, "b": START[1] / SCALE})
        while True:
            trial = study.ask()
            u = [
                trial.suggest_float(k, low, high) for k, low, high in zip("ab", LOW / SCALE, HIGH / SCALE, strict=True)
            ]
            study.tell(trial, f(np.array(u)))

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    budget = 13 if name == "optuna-gp" else 20  # their models begin after ten
    expected = alone(ask, budget)
    optuna.logging.set_verbosity(verbosity)
    asked = points(run(name, budget=budget))
    np.testing.assert_array_equal(asked[0], START)
    np.testing.assert_allclose(asked, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "method", "given"),
    [
        ("nlopt-bobyqa", "LN_BOBYQA", {"initial_step": 1.0}),
        ("nlopt-crs", "GN_CRS2_LM", {"population": 7}),
        ("nlopt-isres", "GN_ISRES", {"population": 9}),
    ],
)
def test_nlopt_asks_what_it_asks_alone(name: str, method: str, given: dict) -> None:
    nlopt = pytest.importorskip("nlopt")

    def ask(f: Callable[[np.ndarray], float]) -> None:
        nlopt.srand(int(rng().integers(1, 2**31)))
        algorithm = nlopt.opt(getattr(nlopt, method), 2)
        algorithm.set_lower_bounds(LOW / SCALE)
        algorithm.set_upper_bounds(HIGH / SCALE)
        for key, value in given.items():
            getattr(algorithm, f"set_{key}")(value)
        algorithm.set_min_objective(lambda u, _: f(u.copy()))
        algorithm.optimize(START / SCALE)

    population = {key: value for key, value in given.items() if key == "population"}
    np.testing.assert_array_equal(points(run(name, **population)), alone(ask))


def test_dfo_ls_asks_what_it_asks_alone() -> None:
    dfols = pytest.importorskip("dfols")
    asked: list[np.ndarray] = []

    def residuals(u: np.ndarray) -> np.ndarray:
        asked.append(SCALE * u)
        return parts(SCALE * u)

    dfols.solve(residuals, START / SCALE, bounds=(LOW / SCALE, HIGH / SCALE), rhobeg=0.1, maxfun=21, do_logging=False)
    through = points(run("dfo-ls"))
    np.testing.assert_array_equal(through, np.array(asked)[: len(through)])
    assert len(through) == 20


def test_dfo_ls_needs_no_derivative_and_no_jacobian() -> None:
    """Residuals in NumPy alone are what a simulation has: order 0 fits them, order 1 is a named skip."""
    oracle = run("dfo-ls", budget=60)
    assert oracle.counts["value"] == oracle.spent <= 60
    assert oracle.counts["jacobian"] == 0
    assert oracle.best < 1e-16, "the valley's end in 60 values"
    assert misfit(VALLEY, registry.find_optimizer("scipy-lm")) == (
        "valley answers up to values (order 0), scipy-lm needs gradients (order 1)"
    )
    no_residuals = Objective(rosenbrock, 2, BOX, name="plain")
    assert "not a least-squares problem" in misfit(no_residuals, registry.find_optimizer("dfo-ls"))


MIXED = Domain(np.array([-1.0, 0, 0, 0]), np.array([1.0, 9, 1, 2]), kinds=("real", "integer", "integer", "category"))
SECRET = np.array([0.3, 7, 1, 2])


def to_secret(x: np.ndarray) -> np.ndarray:
    """The distance to a point, squared, where a category is right or wrong."""
    d = x - SECRET
    return d[..., 0] ** 2 + (d[..., 1] / 3) ** 2 + d[..., 2] ** 2 + (d[..., 3] != 0)


@pytest.mark.parametrize("name", ["optuna-tpe", "cmaes-catcma"])
def test_kinds_are_told_and_come_back(name: str) -> None:
    """A real number, ten whole ones, a flag and a category: all asked in their kind, and the best is found."""
    asked: list[np.ndarray] = []

    def recorded(x: np.ndarray) -> np.ndarray:
        asked.extend(np.atleast_2d(x))
        return to_secret(x)

    oracle = run(name, Objective(recorded, 4, MIXED, order=0, arrays="numpy", name="mixed"), 300)
    assert MIXED.contains(np.array(asked)).all()
    assert {tuple(x[1:]) for x in np.array(asked)} >= {tuple(SECRET[1:])}
    assert oracle.best < 0.05


def noisy(x: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    return rosenbrock(x) + (0 if noise is None else noise)


NOISY = Objective(noisy, 2, BOX, order=0, arrays="numpy", noise=lambda rng, shape: rng.normal(size=shape), name="noisy")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dfo-ls"])
def test_the_luckiest_point_is_recommended_where_answers_are_noisy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recommended: list[np.ndarray] = []
    told = Oracle.recommend
    monkeypatch.setattr(Oracle, "recommend", lambda self, x: (recommended.append(np.array(x)), told(self, x))[1])
    run(
        name,
        NOISY,
        13 if name == "optuna-gp" else 30,
        **({"population": 6} if name in ("nlopt-crs", "nlopt-isres") else {}),
    )
    assert len(recommended) > 1
    np.testing.assert_array_equal(recommended[0], START)
    assert not np.array_equal(recommended[-1], START)
    assert BOX.contains(np.array(recommended)).all()


@pytest.mark.parametrize("name", NAMES)
def test_global_generators_are_given_back(name: str) -> None:
    """By the bridge itself: `play` would, too."""
    definition = registry.find_optimizer(name)
    for module in definition.needs:
        pytest.importorskip(module)
    np.random.seed(11)
    random.seed(11)
    expected = np.random.random(), random.random()
    np.random.seed(11)
    random.seed(11)
    with Oracle(VALLEY, 14, SEED, START, order=0) as oracle, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        definition.function(oracle)
    assert (np.random.random(), random.random()) == expected


def test_optuna_is_silent_and_gets_its_verbosity_back(capfd: pytest.CaptureFixture) -> None:
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        run("optuna-tpe", budget=14)
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["nlopt-bobyqa", "nlopt-crs", "nlopt-isres"])
@pytest.mark.parametrize("budget", [1, 5])
def test_an_error_goes_round_nlopt_and_ends_the_run(name: str, budget: int) -> None:
    """CRS asks on after an error at its first points: SWIG made another error of the oracle's `Stop`."""
    oracle = run(name, budget=budget)
    assert books_of(oracle).ledgers[0].status == "budget"

    def broken(x: np.ndarray) -> float:
        raise ZeroDivisionError("mine")

    definition = registry.find_optimizer(name)
    whole = Oracle(VALLEY, 9, SEED, START, order=0)
    object.__setattr__(whole, "value", broken)
    with pytest.raises(ZeroDivisionError, match="mine"):
        definition.function(whole)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dfo-ls"])
def test_bounds_are_kept(name: str) -> None:
    hyperparameters = {"population": 6} if name in ("nlopt-crs", "nlopt-isres") else {}
    asked = points(run(name, budget=40 if name != "optuna-gp" else 15, **hyperparameters))
    assert BOX.contains(asked).all()
    assert len(asked) >= 15
