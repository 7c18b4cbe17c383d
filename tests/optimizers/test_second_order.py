"""The methods of second order and those with a line search: by hand, against SciPy, and against published figures."""

from math import inf
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
import torch
from scipy.optimize import rosen, rosen_hess

from bench.core import Array, Domain, Objective, Oracle, registry
from bench.core.ledger import Ledger
from bench.core.oracle import books_of
from bench.interchange.published import RUNTIMES, cocopp_data
from bench.optimizers.conjugate_gradients import solve
from bench.optimizers.hessian import hessian
from bench.optimizers.lbfgs import two_loops
from bench.optimizers.line_search import PATIENCE, SUFFICIENT, advance, begin, cubic
from bench.optimizers.newton import positive_inverse
from bench.runner.single import open_oracle, play

torch.set_num_threads(1)
registry.load(("bench.problems", "bench.optimizers"))
MORE = sorted(name for name in registry.PROBLEMS if name.startswith("mgh-"))
GAP = 1e-8  # to the least value, at which a problem counts as solved


@pytest.fixture(autouse=True)
def quiet():
    """As in all runs: what overflows or is not a number is data."""
    with np.errstate(all="ignore"):
        yield


def run(name: str, objective: Objective, budget: float, gap: float = -inf, **settings: object) -> Oracle:
    """The oracle after one descent."""
    definition = registry.find_optimizer(name)
    oracle = open_oracle(objective, definition, budget, 0, gap=gap)
    assert play(oracle, definition.function, registry.settings(definition, settings), restarts=False) == ""
    return oracle


# the line search


def parabola(x: Array) -> Array:
    return ((x - 1) ** 2).sum(-1)


def test_the_cubic_through_two_probes_has_its_minimum_where_it_should() -> None:
    """t^3 - 3 t has its minimum at 1; probes at 0 and 3 are (0, 0, -3) and (3, 18, 24)."""
    probes = np.array([[0.0], [0.0], [-3.0]]), np.array([[3.0], [18.0], [24.0]])
    np.testing.assert_allclose(cubic(*probes), 1.0)


# functions of Moré & Thuente 1994, doi:10.1145/192115.192132, and one that is not finite beyond 1


def steep(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(5.1) with beta = 2."""
    return -t / (t**2 + 2), (t**2 - 2) / (t**2 + 2) ** 2


def flat(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(5.2) with beta = 0.004."""
    u = t + 0.004
    return u**5 - 2 * u**4, 5 * u**4 - 8 * u**3


def kinked(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(5.4) with beta_1 = 0.001, beta_2 = 0.01."""
    gamma = [(1 + b**2) ** 0.5 - b for b in (0.001, 0.01)]
    left, right = ((1 - t) ** 2 + 0.01**2) ** 0.5, (t**2 + 0.001**2) ** 0.5
    return gamma[0] * left + gamma[1] * right, -gamma[0] * (1 - t) / left + gamma[1] * t / right


def cliff(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.where(t < 1, (t - 0.9) ** 2, np.nan), np.where(t < 1, 2 * (t - 0.9), np.nan)


@pytest.mark.parametrize("first", [1e-3, 1e-1, 1e1, 1e3])
@pytest.mark.parametrize(
    "line, curvature",  # of `flat` the slope at 0 is 5e-7: a tenth of it is found by luck
    [(steep, 0.1), (steep, 0.9), (flat, 0.9), (kinked, 0.1), (kinked, 0.9), (cliff, 0.1), (cliff, 0.9)],
)
def test_steps_fulfil_the_strong_wolfe_conditions(line, first: float, curvature: float) -> None:
    f_0, slope_0 = line(np.zeros(1))
    search = begin(f_0, slope_0, np.full(1, first))
    for _ in range(PATIENCE):
        f, slope = line(search.t)
        search, verdict = advance(search, f, slope, curvature)
        assert not verdict.failed
        if verdict.done:
            break
    t = search.lo[0]
    f, slope = line(t)
    np.testing.assert_array_equal(search.lo, [t, f, slope])
    assert t > 0
    assert f <= f_0 + SUFFICIENT * t * slope_0
    assert np.abs(slope) <= curvature * np.abs(slope_0)


def test_lanes_search_each_on_its_own() -> None:
    """One accepts its first step, while the other still narrows its interval: each as it does alone."""
    alone = []
    for first in (1.0, 30.0):
        search = begin(np.array([1.0]), np.array([-2.0]), np.array([first]))
        for _ in range(3):
            asked = search.t
            search, verdict = advance(search, (asked - 1) ** 2, 2 * (asked - 1), 0.1)
        alone.append((search, verdict))
    together = begin(np.ones((2, 1)), np.full((2, 1), -2.0), np.array([[1.0], [30.0]]))
    for _ in range(3):
        asked = together.t
        together, verdicts = advance(together, (asked - 1) ** 2, 2 * (asked - 1), 0.1)
    for lane, (search, verdict) in enumerate(alone):
        np.testing.assert_array_equal(together.lo[:, lane], search.lo)
        np.testing.assert_array_equal(together.t[lane], search.t)
        np.testing.assert_array_equal(verdicts.done[lane], verdict.done)


# directions


def test_two_loops_are_the_product_with_the_inverse_of_bfgs() -> None:
    """H <- (I - rho s y^T) H (I - rho y s^T) + rho s s^T, from gamma I: Nocedal & Wright 2006, (7.16) and (7.20)."""
    rng = np.random.default_rng(1)
    a = rng.standard_normal((4, 4))
    s = rng.standard_normal((3, 4))
    y = s @ (a @ a.T + np.eye(4))
    s[0] = y[0] = 0  # a pair that is not there yet
    inverse = (s[2] @ y[2]) / (y[2] @ y[2]) * np.eye(4)
    for u, v in zip(s[1:], y[1:], strict=True):
        rho = 1 / (u @ v)
        left = np.eye(4) - rho * np.outer(u, v)
        inverse = left @ inverse @ left.T + rho * np.outer(u, u)
    g = rng.standard_normal((1, 4))
    np.testing.assert_allclose(two_loops(s, y, g, np.ones(1)), g @ inverse, rtol=1e-10)
    np.testing.assert_allclose(two_loops(0 * s, 0 * y, g, np.full(1, 0.25)), 0.25 * g)


def test_newtons_step_takes_absolute_values_of_eigenvalues() -> None:
    """In the basis (3, 4) / 5, (4, -3) / 5 the Hessian is diag(2, -4), and g = (2, 4): the step is (1, 1)."""
    basis = np.array([[3.0, 4.0], [4.0, -3.0]]) / 5
    step = positive_inverse(basis @ np.diag([2.0, -4.0]) @ basis, np.array([[2.0, 4.0]]) @ basis)
    np.testing.assert_allclose(step, np.array([[1.0, 1.0]]) @ basis)
    np.testing.assert_allclose(positive_inverse(np.full((2, 2), np.nan), np.array([[2.0, 4.0]])), [[2.0, 4.0]])


def rosenbrock(x: Array) -> Array:
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


@pytest.mark.parametrize("dim", [2, 70])
def test_the_hessian_is_that_of_the_formula(dim: int) -> None:
    x = np.linspace(-1, 1, dim)
    oracle = Oracle(Objective(rosenbrock, dim), 6 * dim, start=x)
    np.testing.assert_allclose(hessian(oracle, oracle.x0), rosen_hess(x), rtol=1e-12, atol=1e-10)
    assert oracle.counts["hessian_vector"] == dim


def quadratic(eigenvalues: list[float], start: float = 1.0) -> Objective:
    return Objective(
        lambda x, h: 0.5 * (h * x**2).sum(-1),
        len(eigenvalues),
        constants={"h": np.array(eigenvalues)},
        start=lambda rng: start * rng.uniform(0.5, 1, len(eigenvalues)),
        f_opt=0.0,
    )


def test_conjugate_gradients_solve_newtons_equation() -> None:
    objective = quadratic([1.0, 3.0, 7.0, 20.0])
    oracle = Oracle(objective, 1000)
    g = np.array([[1.0, -2.0, 3.0, 4.0]])
    *_, p = solve(oracle, oracle.x0[None], g, 4)
    np.testing.assert_allclose(p, -g / [1.0, 3.0, 7.0, 20.0], rtol=1e-10)


def test_conjugate_gradients_stop_at_negative_curvature() -> None:
    """Along -g = -(1, 0) the curvature is 2, and p = -(1/2, 0) solves it; along -(0, 1) it is -1 at once."""
    oracle = Oracle(quadratic([2.0, -1.0]), 1000)
    for g, expected in (([1.0, 0.0], [-0.5, 0.0]), ([0.0, 1.0], [0.0, 0.0])):
        *_, p = solve(oracle, oracle.x0[None], np.array([g]), 2)
        np.testing.assert_array_equal(p, [expected])


def test_linear_cg_is_exact_on_a_quadratic_after_as_many_products_as_eigenvalues() -> None:
    oracle = run("linear-cg", quadratic([1.0, 10.0, 10.0, 10.0, 500.0, 500.0]), budget=1000, gap=1e-20)
    assert books_of(oracle).ledgers[0].status == "target"
    assert oracle.counts["hessian_vector"] == 3
    assert (oracle.counts["gradient"], oracle.counts["value"]) == (1, 3)


@pytest.mark.parametrize("name", ["newton", "newton-cg"])
def test_newton_solves_a_quadratic_in_one_step(name: str) -> None:
    oracle = run(name, quadratic([1.0, 10.0, 500.0]), budget=1000, gap=1e-15)
    assert (oracle.counts["gradient"], oracle.counts["hessian_vector"]) == (2, 3)


def test_diagonal_newton_steps_by_the_gradient_over_the_diagonal() -> None:
    """Without momentum, and with exact diagonals, x shrinks by 1 - lr h / (h + 1e-4) a step."""
    h = np.array([1.0, 50.0])
    oracle = Oracle(quadratic(list(h)), 27, start=np.ones(2), lockstep=True)
    definition = registry.find_optimizer("diagonal-newton")
    settings = registry.settings(definition, {"lr": 0.25, "momentum": 0.0})
    assert play(oracle, definition.function, settings, restarts=False) == ""
    points = np.array(books_of(oracle).ledgers[0].points)
    np.testing.assert_allclose(points, (1 - 0.25 * h / (h + 1e-4)) ** np.arange(3)[:, None], rtol=1e-12)


# lanes

ON_LANES = ["lbfgs", "nonlinear-cg", "linear-cg", "newton", "newton-cg"]


@pytest.mark.parametrize("name", ON_LANES)
def test_a_lane_that_has_converged_begins_anew_while_others_go_on(name: str) -> None:
    easy = quadratic([1.0] * 6)
    hard = Objective(rosenbrock, 6, start=lambda rng: rng.uniform(0.7, 0.9, 6))
    definition = registry.find_optimizer(name)
    oracle = open_oracle([easy, hard], definition, 110, [0, 1], gap=-inf)
    assert play(oracle, definition.function, registry.settings(definition, {}), restarts=True) == ""
    first, second = books_of(oracle).ledgers
    assert first.restarts
    assert not second.restarts or first.restarts[0] < second.restarts[0]
    assert first.counts == second.counts


@pytest.mark.parametrize("name", ON_LANES)
@pytest.mark.parametrize("problem", ["softmax", "bbob-f08"])
def test_lanes_of_torch_equal_single_runs(name: str, problem: str) -> None:
    """Also with sums over hundreds of coordinates, in single precision."""
    objectives = [registry.find_problem(problem).make(k) for k in (1, 2)]
    definition = registry.find_optimizer(name)

    def books(objective: Objective | list[Objective], seed: int | list[int]) -> list[Ledger]:
        oracle = open_oracle(objective, definition, 100, seed, gap=-inf, arrays="torch")
        assert play(oracle, definition.function, registry.settings(definition, {}), restarts=True) == ""
        return books_of(oracle).ledgers

    for lane, objective, seed in zip(books(objectives, [4, 5]), objectives, (4, 5), strict=True):
        (alone,) = books(objective, seed)
        assert lane.counts == alone.counts
        np.testing.assert_array_equal(lane.best_x, alone.best_x)


def test_what_is_judged_by_a_score_stays_where_it_has_converged() -> None:
    rng = np.random.default_rng(0)
    inputs, x_opt = rng.standard_normal((20, 3)), np.array([1.0, -2.0, 3.0])
    objective = Objective(
        lambda x, inputs, targets: ((((x[..., None, :] * inputs).sum(-1)) - targets) ** 2).mean(-1),
        3,
        data={"inputs": inputs, "targets": inputs @ x_opt},
    )
    for name in ON_LANES:
        ledger = books_of(run(name, objective, budget=400)).ledgers[0]
        assert ledger.status == "budget"
        assert ledger.events[-1][-1] < 1e-20, name


# against SciPy, from the standard starts of Moré, Garbow & Hillstrom 1981


def questions(problem: str, name: str, kind: str, gradients: int) -> float:
    """How many of a kind a method asks until f is within 1e-8 of the least value; infinite where it is not within what
    so many gradients cost.

    Of least squares: the evaluations of residuals, and the columns of Jacobians.
    """
    objective = registry.find_problem(problem).make(start="standard")
    oracle = run(name, objective, 3 * gradients, GAP)
    count = oracle.counts["value"] + oracle.counts["jacobian"] if kind == "least squares" else oracle.counts[kind]
    return count if books_of(oracle).ledgers[0].status == "target" else inf


@pytest.mark.parametrize(
    "ours, theirs, kind",
    [
        ("lbfgs", "scipy-lbfgsb", "gradient"),
        ("nonlinear-cg", "scipy-cg", "gradient"),
        ("newton", "scipy-trust-exact", "gradient"),
        pytest.param("newton-cg", "scipy-newton-cg", "gradient", marks=pytest.mark.slow),
        ("levenberg-marquardt", "scipy-lm", "least squares"),
    ],
)
@pytest.mark.parametrize("gradients", [300, pytest.param(1000, marks=pytest.mark.slow)])
def test_asks_about_as_much_as_scipy_on_the_more_set(ours: str, theirs: str, kind: str, gradients: int) -> None:
    """At their defaults: median and total over what both solve; `pytest -s` prints the table."""
    table = [(problem, *(questions(problem, name, kind, gradients) for name in (ours, theirs))) for problem in MORE]
    print(f"\n{kind} questions until f - f_opt <= {GAP:g}: {ours}, {theirs}")
    print(*(f"{problem:36} {a:6g} {b:6g}" for problem, a, b in table), sep="\n")
    counts = np.array([row[1:] for row in table])
    solved = np.isfinite(counts)
    a, b = counts[solved.all(1)].T
    print(f"solved {solved.sum(0)} of {len(MORE)}, total {a.sum():g} {b.sum():g}, median ratio {np.median(a / b):.2f}")
    assert len(a) >= 20
    assert solved[:, 0].sum() >= solved[:, 1].sum() - 2
    assert np.median(a / b) <= 1.5
    assert a.sum() <= 1.5 * b.sum()


@pytest.mark.parametrize(
    "name, method, settings",
    [
        ("scipy-tnc", "TNC", {"gtol": 1e-3, "ftol": 1e-8, "xtol": 1e-8}),
        ("scipy-slsqp", "SLSQP", {"ftol": 1e-6}),
        ("scipy-trust-ncg", "trust-ncg", {"gtol": 1e-4}),
        ("scipy-trust-krylov", "trust-krylov", {"gtol": 1e-4}),
        ("scipy-trust-exact", "trust-exact", {"gtol": 1e-4}),
        ("scipy-dogleg", "dogleg", {"gtol": 1e-4}),
    ],
)
def test_scipy_takes_as_many_gradients_as_called_alone(name: str, method: str, settings: dict[str, float]) -> None:
    x0 = np.array([1.3, 0.7])
    objective = Objective(rosenbrock, 2, Domain(scale=1.0), start=lambda rng: x0)
    oracle = run(name, objective, budget=1e5, **settings)
    more = {}
    if method != "SLSQP" and method != "TNC":
        more = (
            {"hessp": lambda x, v: rosen_hess(x) @ v} if "g" in method[6:9] or "k" in method else {"hess": rosen_hess}
        )
    asked = SimpleNamespace(n=0)

    def f(x: np.ndarray) -> tuple[float, np.ndarray]:
        asked.n += 1
        return rosen(x), scipy.optimize.rosen_der(x)

    found = scipy.optimize.minimize(f, x0, jac=True, method=method, options=settings, **more)
    assert books_of(oracle).ledgers[0].status == "returned"
    assert oracle.counts["gradient"] == asked.n
    assert books_of(oracle).ledgers[0].best == pytest.approx(found.fun, abs=1e-6)


def test_tnc_steps_in_the_soft_box_as_scipy_does_in_bounds_that_it_never_meets() -> None:
    """Told bounds, SciPy measures x in widths from the middle; told none, its first steps are other ones."""
    low, high, x0 = np.array([-10.0, -8.0]), np.array([10.0, 12.0]), np.array([1.3, 0.7])
    objective = Objective(rosenbrock, 2, Domain(low, high, hard=False), start=lambda rng: x0)
    ours = run("scipy-tnc", objective, budget=400)
    asked: list[np.ndarray] = []

    def f(x: np.ndarray) -> tuple[float, np.ndarray]:
        asked.append(x.copy())
        return rosen(x), scipy.optimize.rosen_der(x)

    options = {"ftol": 0.0, "xtol": 0.0, "gtol": 1e-10, "maxfun": 100}
    scipy.optimize.minimize(f, x0, jac=True, method="TNC", bounds=list(zip(low, high, strict=True)), options=options)
    points = np.array(books_of(ours).ledgers[0].points)
    same = min(len(points), len(asked))
    assert same >= 20
    np.testing.assert_allclose(points[:same], asked[:same], rtol=1e-4)  # curvatures by differences amplify rounding


@pytest.mark.parametrize("name", ["scipy-tnc", "scipy-slsqp"])
def test_scipy_stays_inside_the_box(name: str) -> None:
    objective = Objective(parabola, 2, Domain(np.array([1.5, -2.0]), 5.0))
    points = np.array(books_of(run(name, objective, budget=200)).ledgers[0].points)
    assert points[:, 0].min() >= 1.5
    np.testing.assert_allclose(points[-1], [1.5, 1.0], atol=1e-6)


# against COCO


def published(algorithm: str, function: int, dim: int) -> np.ndarray:
    """Evaluations to the target 1e-8 on the 15 instances of BBOB-2009, by the data in cocopp's wheel."""
    try:
        (target, *evaluations), _ = cocopp_data(RUNTIMES)[algorithm][function][dim]
    except registry.Unavailable as error:
        pytest.skip(str(error))
    assert target == 1e-8
    return np.array(evaluations)


def test_scipy_bfgs_needs_what_bfgs_needed_on_rosenbrock_in_2009() -> None:
    """ERT in evaluations on 15 instances, with a gradient counted as dim + 1: BFGS took forward differences then."""
    dim, definition = 10, registry.find_optimizer("scipy-bfgs")
    ledgers = []
    for instance in range(1, 16):
        objective = registry.find_problem("bbob-f08").make(dim=dim, instance=instance)
        oracle = open_oracle(objective, definition, 1e5, 0, gap=GAP, prices={"gradient": dim + 1})
        assert play(oracle, definition.function, registry.settings(definition, {}), restarts=True) == ""
        ledgers += books_of(oracle).ledgers
    assert all(ledger.status == "target" for ledger in ledgers)
    ours = np.mean([(dim + 1) * ledger.counts[1] for ledger in ledgers])
    theirs = published("BFGS", 8, dim).mean()
    print(f"\nBFGS on f8 in 10-D: ERT {ours:.0f} here, {theirs:.0f} published")
    assert round(theirs) == 1652
    assert theirs / 1.3 <= ours <= 1.3 * theirs
