"""SciPy's methods of values alone: local and global ones ask through the oracle what they ask by themselves."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

from bench.core import Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.registry import settings
from bench.core.streams import streams
from bench.optimizers.scipy_global import box
from bench.optimizers.units import Units
from bench.runner.single import play

registry.load(("bench.problems", "bench.optimizers"))
LOCAL = ("scipy-powell", "scipy-cobyla", "scipy-cobyqa")
GLOBAL = ("scipy-differential-evolution", "scipy-dual-annealing", "scipy-basinhopping", "scipy-shgo", "scipy-direct")
BOUNDS = [(-2.0, 3.0), (-1.0, 4.0)]
BOX = Domain(*(np.array(bound) for bound in zip(*BOUNDS, strict=True)), scale=0.5)
START = np.array([-1.2, 1.0])
UNITS = [(low / 0.5, high / 0.5) for low, high in BOUNDS]  # what SciPy sees: lengths are in scales of the domain
FROM = START / 0.5
HALVES = [(low / 0.25, high / 0.25) for low, high in BOUNDS]  # global methods see halves of them
FROM_HALVES = START / 0.25


def rosenbrock(x: np.ndarray) -> np.ndarray:
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


def rastrigin(x: np.ndarray) -> np.ndarray:
    """Its least value is 0, at (0.7, ..., 0.7); the next best is 0.995, a distance of 1 away."""
    return (10 + (x - 0.7) ** 2 - 10 * np.cos(2 * np.pi * (x - 0.7))).sum(-1)


def run(name: str, objective: Objective, budget: float, restarts: bool = False, **hyperparameters: Any) -> Oracle:
    """The oracle after a run from START, or from the problem's own start in other dimensions."""
    start = START if objective.dim == 2 else None
    oracle = Oracle(objective, budget, 3, start, order=0)
    definition = registry.find_optimizer(name)
    assert play(oracle, definition.function, settings(definition, hyperparameters), restarts) == ""
    return oracle


class Enough(Exception):
    """Ends SciPy at the budget."""


def alone(name: str, budget: int) -> np.ndarray:
    """The points that SciPy asks of Rosenbrock's function by itself, in units, with the generator of run 3."""
    unit = 0.25 if name in GLOBAL else 0.5
    points: list[np.ndarray] = []

    def f(u: np.ndarray) -> Any:
        points.append(unit * u)
        if len(points) >= budget:
            raise Enough
        return rosenbrock(unit * u)

    try:
        DRIVERS[name](f, streams(Objective(rosenbrock, 2, BOX), 3).method)
    except Enough:
        return np.array(points[:budget])
    return np.array(points)


def powell(f: Any, rng: np.random.Generator) -> None:
    """At hard bounds a second search, with finer line searches, goes on from the first."""
    u = FROM
    for xtol in (1e-4, 1e-12):
        u = scipy.optimize.minimize(f, u, method="Powell", bounds=UNITS, options={"xtol": xtol, "ftol": 1e-12}).x


DRIVERS: dict[str, Callable[[Any, np.random.Generator], object]] = {
    "scipy-powell": powell,
    "scipy-cobyla": lambda f, rng: scipy.optimize.minimize(
        f, FROM, method="COBYLA", bounds=UNITS, options={"rhobeg": 0.5, "tol": 1e-8}
    ),
    "scipy-cobyqa": lambda f, rng: scipy.optimize.minimize(
        f, FROM, method="COBYQA", bounds=UNITS, options={"initial_tr_radius": 0.5, "final_tr_radius": 1e-8}
    ),
    "scipy-differential-evolution": lambda f, rng: scipy.optimize.differential_evolution(
        f, HALVES, x0=FROM_HALVES, tol=0, polish=False, rng=rng
    ),
    "scipy-dual-annealing": lambda f, rng: scipy.optimize.dual_annealing(f, HALVES, x0=FROM_HALVES, rng=rng),
    "scipy-basinhopping": lambda f, rng: scipy.optimize.basinhopping(
        f, FROM_HALVES, stepsize=0.5, minimizer_kwargs={"method": "L-BFGS-B", "bounds": HALVES}, rng=rng
    ),
    "scipy-shgo": lambda f, rng: scipy.optimize.shgo(
        f,
        HALVES,
        n=64,
        sampling_method="sobol",
        minimizer_kwargs={"method": "SLSQP", "options": {"ftol": 1e-12}},
        options={"maxfev": 10**9},
    ),
    "scipy-direct": lambda f, rng: scipy.optimize.direct(f, HALVES, len_tol=0, vol_tol=0),
}


@pytest.mark.parametrize("name", DRIVERS)
def test_asks_the_points_that_scipy_asks_alone(name: str) -> None:
    theirs = alone(name, 400)
    oracle = run(name, Objective(rosenbrock, 2, BOX), 400)
    assert len(theirs) > 30
    np.testing.assert_array_equal(books_of(oracle).ledgers[0].points, theirs)
    assert books_of(oracle).ledgers[0].status == ("budget" if len(theirs) == 400 else "returned")


@pytest.mark.parametrize("name", DRIVERS)
def test_stays_inside_the_box(name: str) -> None:
    points = np.array(
        books_of(run(name, Objective(rosenbrock, 2, Domain(np.array([-1.5, 0.5]), 2.0)), 300)).ledgers[0].points
    )
    assert (points >= [-1.5, 0.5]).all()
    assert (points <= 2).all()


@pytest.mark.parametrize("name", GLOBAL)
def test_finds_the_least_of_many_minima(name: str) -> None:
    hops = {"step": 1.0} if name == "scipy-basinhopping" else {}  # from one minimum to the next
    assert (
        books_of(run(name, Objective(rastrigin, 2, Domain(-4.0, 5.0, scale=1.0)), 1000, **hops)).ledgers[0].best < 0.5
    )


@pytest.mark.parametrize("local", ["L-BFGS-B", "SLSQP", "COBYLA", "Nelder-Mead", "Powell"])
@pytest.mark.parametrize("name", ["scipy-dual-annealing", "scipy-basinhopping", "scipy-shgo"])
def test_searches_locally_as_asked(name: str, local: str) -> None:
    """On a bowl a local search converges: without one, 500 points come no nearer than some 1e-2."""
    bowl = Objective(lambda x: ((x - 0.3) ** 2).sum(-1), 2, Domain(-5.0, 5.0))
    assert books_of(run(name, bowl, 500, local=local)).ledgers[0].best < 1e-6


def test_annealing_can_do_without_a_local_search() -> None:
    oracles = {
        local: run("scipy-dual-annealing", Objective(rosenbrock, 2, BOX), 60, local=local)
        for local in ("none", "L-BFGS-B")
    }
    points = {local: books_of(oracle).ledgers[0].points for local, oracle in oracles.items()}
    asked = np.array(points["none"])
    assert np.abs(np.diff(asked, axis=0)).sum(-1).min() > 1e-6, "no differences are taken"
    assert not np.array_equal(asked, points["L-BFGS-B"])


def test_bounds_are_those_of_the_domain_else_ten_scales_from_the_start() -> None:
    domain = Domain(np.array([-np.inf, 0.0, -1.0]), np.array([5.0, np.inf, 1.0]), scale=0.5)
    oracle = Oracle(Objective(rosenbrock, 3, domain), 9, start=np.array([1.0, 2.0, 0.5]))
    start, bounds = box(Units(oracle, length=0.5))
    np.testing.assert_array_equal(start, [4.0, 8.0, 2.0])
    assert bounds == [(-16.0, 20.0), (0.0, 28.0), (-4.0, 4.0)]


def test_the_first_generation_is_normal_around_the_start_without_bounds() -> None:
    def first(scale: float) -> np.ndarray:
        oracle = run("scipy-differential-evolution", Objective(rosenbrock, 2, Domain(scale=scale)), 30)
        return (np.array(books_of(oracle).ledgers[0].points) - START) / scale

    steps = np.concatenate([first(scale) for scale in (0.1, 0.2, 0.4)])
    np.testing.assert_allclose(steps[::30], 0, atol=1e-12)
    assert np.abs(steps).max() < 5
    np.testing.assert_allclose(steps.std(), 1, atol=4 / np.sqrt(2 * steps.size))


def test_powell_comes_to_a_corner_whose_bounds_are_hard() -> None:
    """Line searches of xtol 1e-4 end a hundredth from it, where the slope leaves 1e-2."""
    ramp = Objective(lambda x: x.sum(-1), 2, Domain(-5.0, 5.0), start=lambda rng: rng.uniform(-4, 4, 2))
    assert books_of(run("scipy-powell", ramp, 1000)).ledgers[0].best < -10 + 1e-8


@pytest.mark.parametrize("name", ["scipy-nelder-mead", *LOCAL])
def test_soft_bounds_are_none(name: str) -> None:
    """Outside the box, where the minimum of this bowl is, points count."""
    bowl = Objective(lambda x: ((x - 7) ** 2).sum(-1), 2, Domain(-5.0, 5.0, hard=False))
    assert books_of(run(name, bowl, 1000)).ledgers[0].best < 1e-8


def test_direct_returns_for_good_where_it_would_ask_the_same_again() -> None:
    bowl = Objective(lambda x: ((x - 0.1) ** 2).sum(-1), 1, Domain(-1.0, 1.5), start=lambda rng: rng.random(1))
    boxed = run("scipy-direct", bowl, 20_000, restarts=True, locally_biased=False)
    assert books_of(boxed).ledgers[0].status == "returned"
    assert 1000 < boxed.counts["value"] < 20_000
    free = Objective(bowl.formula, 1, start=bowl.start)
    moved = run("scipy-direct", free, 20_000, restarts=True, locally_biased=False)
    assert books_of(moved).ledgers[0].status == "budget"


def test_shgo_searches_to_the_finest_targets() -> None:
    """With the tolerance that SciPy gives SLSQP by default, it stops at 1e-6."""
    assert books_of(run("scipy-shgo", Objective(rosenbrock, 2, BOX), 400)).ledgers[0].best < 1e-10


@pytest.mark.parametrize("dim, same", [(5, "sobol"), (6, "simplicial")])
def test_shgo_samples_by_dimension(dim: int, same: str) -> None:
    bowl = Objective(lambda x: ((x - 0.3) ** 2).sum(-1), dim, Domain(-5.0, 5.0), f_opt=0.0)
    points = [books_of(run("scipy-shgo", bowl, 70, **more)).ledgers[0].best for more in ({}, {"sampling": same})]
    assert points[0] == points[1]
    other = {"sobol": "simplicial", "simplicial": "sobol"}[same]
    assert points[0] != books_of(run("scipy-shgo", bowl, 70, sampling=other)).ledgers[0].best


def test_shgo_refuses_boxes_with_too_many_corners() -> None:
    oracle = Oracle(Objective(rosenbrock, 13), 10, order=0)
    with pytest.raises(ValueError, match=r"dim must be at most 12 for SHGO, got 13"):
        registry.find_optimizer("scipy-shgo").function(oracle)


@pytest.mark.parametrize("name", DRIVERS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_goes_on_where_no_value_is_finite(name: str, bad: float) -> None:
    budget = 1200 if name == "scipy-dual-annealing" else 200  # it alone gives up, after a thousand by itself
    oracle = run(name, Objective(lambda x: bad + 0 * x.sum(-1), 2, BOX), budget, restarts=True)
    assert books_of(oracle).ledgers[0].status == "budget"


@pytest.mark.parametrize("name", DRIVERS)
def test_recommends_where_answers_are_noisy(name: str) -> None:
    def noisy(x: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        f = ((x - 0.3) ** 2).sum(-1)
        return f if noise is None else f + 0.1 * noise

    objective = Objective(noisy, 2, Domain(-5.0, 5.0), noise=lambda rng, shape: rng.standard_normal(shape))
    ledger = books_of(run(name, objective, 300)).ledgers[0]
    assert ledger.events[-1][-1] < 0.5 * ledger.first


@pytest.mark.parametrize("name", DRIVERS)
def test_leaves_no_trace(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    np.random.seed(3)
    random.seed(3)
    run(name, Objective(rosenbrock, 2, BOX), 200)
    assert capfd.readouterr() == ("", "")
    assert np.random.random_sample() == np.random.RandomState(3).random_sample()
    assert random.random() == random.Random(3).random()


def test_limits_that_fortran_counts_are_integers_of_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """COBYLA was Fortran before SciPy 1.16, and refused a limit beyond 32 bits: OverflowError in all runs."""
    limits: list[int] = []
    minimize = scipy.optimize.minimize

    def watched(*args: Any, **keywords: Any) -> Any:
        limits.append(keywords["options"]["maxiter"])
        return minimize(*args, **keywords)

    monkeypatch.setattr(scipy.optimize, "minimize", watched)
    run("scipy-cobyla", Objective(rosenbrock, 2, BOX), 50)
    assert limits and max(limits) <= np.iinfo(np.intc).max


def test_what_direct_wraps_around_the_end_of_the_budget_is_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before SciPy 1.17 what f raises comes out of its C as the cause of a SystemError: that of a run that crashed."""
    direct = scipy.optimize.direct

    def wrapped(*args: Any, **keywords: Any) -> Any:
        try:
            return direct(*args, **keywords)
        except BaseException as error:
            raise SystemError("returned a result with an exception set") from error

    monkeypatch.setattr(scipy.optimize, "direct", wrapped)
    assert books_of(run("scipy-direct", Objective(rosenbrock, 2, BOX), 97)).ledgers[0].status == "budget"
