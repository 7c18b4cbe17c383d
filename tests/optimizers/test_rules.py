"""The rules by hand, on few steps, and SciPy's drivers against their own figures."""

import numpy as np
import pytest
import torch

from bench.core import Array, Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.registry import settings
from bench.optimizers.estimators import gaussian_smoothing
from bench.runner.single import play

torch.set_num_threads(1)
registry.load(("bench.problems", "bench.optimizers"))
START = np.array([2.0, -1.0])
SLOPE = np.array([3.0, -4.0])


def linear(x: Array, slope: Array) -> Array:
    return (slope * x).sum(-1)


def bowl(x: Array) -> Array:
    return 0.5 * (x**2).sum(-1)


def oracle_for(name: str, objective: Objective, budget: float) -> Oracle:
    """An oracle at START, of the order and the arrays that the optimizer takes."""
    definition = registry.find_optimizer(name)
    return Oracle(
        objective,
        budget,
        start=START,
        order=definition.order,
        arrays="torch" if definition.arrays == "torch" else "numpy",
    )


def asked(name: str, objective: Objective, budget: float, **hyperparameters: object) -> np.ndarray:
    """The points of a run from START."""
    definition, oracle = registry.find_optimizer(name), oracle_for(name, objective, budget)
    assert play(oracle, definition.function, settings(definition, hyperparameters), restarts=False) == ""
    return np.array(books_of(oracle).ledgers[0].points)


def test_gradient_descent_on_a_bowl_shrinks_by_one_minus_lr() -> None:
    points = asked("gradient-descent", Objective(bowl, 2), budget=9, lr=0.25)
    np.testing.assert_allclose(points, [START, 0.75 * START, 0.75**2 * START])


def test_momentum_adds_nine_tenths_of_the_last_step() -> None:
    points = asked("torch-sgd", Objective(linear, 2, constants={"slope": SLOPE}), budget=9, lr=0.1, momentum=0.9)
    np.testing.assert_allclose(points, [START, START - 0.1 * SLOPE, START - 0.1 * SLOPE - 0.19 * SLOPE])


def test_adam_steps_by_lr_against_the_sign_of_a_constant_gradient() -> None:
    points = asked("torch-adam", Objective(linear, 2, constants={"slope": SLOPE}), budget=9, lr=0.1)
    np.testing.assert_allclose(points, [START - 0.1 * k * np.sign(SLOPE) for k in range(3)], rtol=1e-6)


def test_torch_lbfgs_returns_at_a_stationary_point() -> None:
    oracle = Oracle(Objective(bowl, 2), 99, start=np.zeros(2), arrays="torch")
    play(oracle, registry.find_optimizer("torch-lbfgs").function, {}, restarts=False)
    assert (oracle.counts["gradient"], books_of(oracle).ledgers[0].status) == (1, "returned")


def test_torch_lbfgs_solves_a_bowl_in_two_gradients() -> None:
    # the first step of torch is min(1, 1 / |g|_1) g, which the line search extends to g
    assert np.abs(asked("torch-lbfgs", Objective(bowl, 2), budget=99)[-1]).max() < 1e-12


def test_torch_lbfgs_remembers_as_many_steps_as_asked() -> None:
    short, long = (asked("torch-lbfgs", Objective(rosenbrock, 2), budget=90, memory=memory) for memory in (1, 10))
    np.testing.assert_array_equal(short[:3], long[:3])
    assert not np.array_equal(short, long)


def test_torch_lbfgs_restarts_from_local_minima_rather_than_ask_one_point_for_ever() -> None:
    """At the limit of rounding a bracket of the line search can be halved as often as there are floating numbers."""
    objective = registry.find_problem("rastrigin").make(2)
    oracle = Oracle(objective, 3000, order=1, arrays="torch")
    assert play(oracle, registry.find_optimizer("torch-lbfgs").function, {"memory": 10}, restarts=True) == ""
    (ledger,) = books_of(oracle).ledgers
    assert np.unique(ledger.points, axis=0, return_counts=True)[1].max() <= 30
    gradients = [counts[1] for counts in ledger.restarts]
    assert np.diff([0, *gradients, 1000]).max() < 100


def weighted_rosenbrock(x: Array, weights: Array) -> Array:
    """Rosenbrock's function as a mean of squares over the rows (10, 0) and (0, 1) of weights, halved."""
    valley, floor = x[..., 1] - x[..., 0] ** 2, 1 - x[..., 0]
    return ((weights[..., 0] * valley[..., None] + weights[..., 1] * floor[..., None]) ** 2).mean(-1)


@pytest.mark.parametrize("name", ["scipy-lbfgsb", "scipy-bfgs", "scipy-cg", "scipy-newton-cg", "torch-lbfgs"])
def test_recommends_iterates_and_not_probes(name: str) -> None:
    """With a line search f falls from each iterate to the next, while some of its probes are higher."""
    objective = Objective(weighted_rosenbrock, 2, data={"weights": np.diag([10.0, 1.0])})
    oracle = oracle_for(name, objective, budget=90)
    question, recommend = oracle.value_and_gradient, oracle.recommend
    probes, iterates = [objective.f(START)], []

    def spy_on_questions(x: Array) -> tuple[Array, Array]:
        probes.append(objective.f(np.array(x)))
        return question(x)

    def spy_on_recommendations(x: Array) -> None:
        iterates.append(objective.f(np.array(x)))
        recommend(x)

    vars(oracle).update(value_and_gradient=spy_on_questions, recommend=spy_on_recommendations)
    definition = registry.find_optimizer(name)
    assert play(oracle, definition.function, settings(definition, {}), restarts=False) == ""
    assert np.diff(probes).max() > 0
    assert len(iterates) >= 5
    assert np.diff(iterates).max() < 0
    assert books_of(oracle).ledgers[0].events[-1][-1] == iterates[-1], "what was recommended last is scored"


def test_central_differences_are_exact_on_a_linear_function() -> None:
    """SPSA asks x0 +- c (+-1, +-1), and its estimate times gain moves both coordinates by the same length."""
    objective = Objective(linear, 2, Domain(scale=2.0), constants={"slope": SLOPE})
    points = asked("spsa-adam", objective, budget=2, c=0.1)
    np.testing.assert_allclose(np.abs(points - START), 0.2)
    np.testing.assert_allclose(points.mean(0), START)


def test_spsa_takes_its_first_step_as_long_as_asked() -> None:
    """In one dimension every estimate of a slope is exact: the first step is first_step times the scale."""
    objective = Objective(linear, 1, Domain(scale=2.0), constants={"slope": np.array([7.0])})
    oracle = Oracle(objective, 14, start=np.array([1.0]), arrays="torch", order=0)
    definition = registry.find_optimizer("spsa-sgd")
    play(oracle, definition.function, settings(definition, {"first_step": 0.1, "c": 1e-3}), restarts=False)
    # 10 values set the gain, 4 make two estimates; the best is asked a radius of 0.002 / 2^0.101 below x1 = 1 - 0.1 * 2
    np.testing.assert_allclose(books_of(oracle).ledgers[0].best_x, 0.8 - 0.002 / 2**0.101, rtol=1e-12)


def test_spsa_has_the_gains_and_radii_of_spall() -> None:
    """On a slope of 7 along the first coordinate alone, every estimate has 7 there, and the gains can be read off.

    a_k = a / (k + 1 + A)^0.602 and c_k = c / (k + 1)^0.101, A being a tenth of the steps, and a_0 times the slope the
    first step asked for (Spall 1998, section III.B). Ten values calibrate; then ten steps and one value at the iterate
    take 21.
    """
    objective = Objective(linear, 2, Domain(scale=2.0), constants={"slope": np.array([7.0, 0.0])})
    tens = 12
    points = asked("spsa-sgd", objective, budget=10 + 21 * tens, first_step=0.1, c=0.01)[10:].reshape(tens, 21, 2)
    pairs, iterates = points[:, :20].reshape(-1, 2, 2), points[:, 20]
    centers = pairs.mean(1)
    k = np.array([0, 10, 100])
    stability = 0.1 * (10 + 21 * tens) / 2.1
    steps = 0.1 * 2 * ((1 + stability) / (k + 1 + stability)) ** 0.602
    np.testing.assert_allclose(centers[k, 0] - centers[k + 1, 0], steps, rtol=1e-9)
    radii = 0.01 * 2 / (k + 1) ** 0.101
    np.testing.assert_allclose(np.abs(pairs[k] - centers[k, None]), np.tile(radii[:, None, None], (1, 2, 2)))
    np.testing.assert_allclose(iterates[:-1], centers[10::10])


def test_smoothing_estimates_the_slope_of_a_linear_function() -> None:
    pairs = 20_000
    oracle = Oracle(
        Objective(linear, 2, Domain(scale=1.0), constants={"slope": SLOPE}), 2 * pairs + 1, start=START, arrays="torch"
    )
    estimate = gaussian_smoothing(radius=0.5, pairs=pairs)(oracle, oracle.x0, 0)
    # the variance of a coordinate of u u^T s, u being normal, is |s|^2 + s_i^2: at most 41
    np.testing.assert_allclose(estimate, SLOPE, atol=4 * np.sqrt(41 / pairs))


@pytest.mark.parametrize("name", ["spsa-adam", "spsa-sgd"])
def test_radii_are_large_where_answers_are_noisy(name: str) -> None:
    def noisy(x: Array, noise: Array | None = None) -> Array:
        return bowl(x) if noise is None else bowl(x) + noise

    exact = Objective(bowl, 2, Domain(scale=2.0))
    uncertain = Objective(noisy, 2, Domain(scale=2.0), noise=lambda rng, shape: rng.standard_normal(shape))
    for objective, radius in ((exact, 0.002), (uncertain, 0.2)):
        oracle, questions = oracle_for(name, objective, budget=2), []
        question = oracle.value

        def spy(x: Array, question=question, questions=questions) -> Array:
            questions.append(np.array(x))
            return question(x)

        vars(oracle)["value"] = spy
        definition = registry.find_optimizer(name)
        assert play(oracle, definition.function, settings(definition, {}), restarts=False) == ""
        np.testing.assert_allclose(np.abs(questions[0] - START), radius)


@pytest.mark.parametrize(
    "name, hyperparameters", [("spsa-sgd", {}), ("spsa-adam", {}), ("es-sgd", {"lr": 0.5}), ("es-adam", {})]
)
def test_the_radius_is_no_floor_of_the_record_where_answers_are_exact(
    name: str, hyperparameters: dict[str, float]
) -> None:
    """Around the optimum f is about 0.01 at the points of an estimate: the best of the run is far below."""
    given = {"c" if name.startswith("spsa") else "sigma": 0.1, **hyperparameters}
    definition, oracle = registry.find_optimizer(name), oracle_for(name, Objective(bowl, 2), budget=4000)
    assert play(oracle, definition.function, settings(definition, given), restarts=False) == ""
    assert books_of(oracle).ledgers[0].best < 1e-8


@pytest.mark.parametrize("pairs", [1, 4])
def test_smoothing_asks_antithetic_pairs(pairs: int) -> None:
    points = asked("es-sgd", Objective(bowl, 2), budget=2 * pairs, pairs=pairs, sigma=0.5)
    np.testing.assert_allclose(points[:pairs] + points[pairs:], np.tile(2 * START, (pairs, 1)))
    assert len(np.unique(points, axis=0)) == 2 * pairs


def test_random_search_is_uniform_in_a_box_and_else_normal_around_the_start() -> None:
    inside = asked("random-search", Objective(bowl, 2, Domain(-3, 3)), budget=1000)
    assert np.abs(inside).max() <= 3
    np.testing.assert_allclose(inside.std(0), 6 / np.sqrt(12), rtol=0.1)
    around = asked("random-search", Objective(bowl, 2, Domain(scale=0.5)), budget=1000)
    np.testing.assert_allclose(around.mean(0), START, atol=0.1)
    np.testing.assert_allclose(around.std(0), 0.5, rtol=0.1)


def rosenbrock(x: Array) -> Array:
    return (100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(-1)


def rosenbrock_gradient(x: np.ndarray) -> np.ndarray:
    from scipy.optimize import rosen_der

    return rosen_der(x[0])[None] if x.ndim == 2 else rosen_der(x)


@pytest.mark.parametrize(
    "name, hyperparameters, kind, count",
    [
        # the drivers' own defaults on SciPy 1.17.1; Nelder-Mead's simplex is ours, of the domain's scale
        ("scipy-bfgs", {"gtol": 1e-5}, "gradient", 30),
        ("scipy-cg", {"gtol": 1e-5}, "gradient", 97),
        ("scipy-lbfgsb", {"ftol": 2.220446049250313e-09, "gtol": 1e-5}, "gradient", 26),
    ],
)
def test_scipy_takes_as_many_questions_as_called_alone(
    name: str, hyperparameters: dict[str, float], kind: str, count: int
) -> None:
    definition = registry.find_optimizer(name)
    objective = Objective(rosenbrock, 5, Domain(scale=1.0), gradient=rosenbrock_gradient)
    oracle = Oracle(objective, 10_000, start=np.array([1.3, 0.7, 0.8, 1.9, 1.2]), order=definition.order)
    assert play(oracle, definition.function, settings(definition, hyperparameters), restarts=False) == ""
    assert oracle.counts[kind] == count
    assert books_of(oracle).ledgers[0].status == "returned"


@pytest.mark.parametrize("name", ["scipy-nelder-mead", "scipy-lbfgsb"])
def test_scipy_stays_inside_the_box_where_it_can(name: str) -> None:
    assert asked(name, Objective(bowl, 2, Domain(np.array([0.5, -2.0]), 5.0)), budget=200)[:, 0].min() >= 0.5


@pytest.mark.parametrize(
    "name, hyperparameters",
    [
        ("gradient-descent", {"lr": 0}),
        ("torch-adam", {"lr": float("nan")}),
        ("torch-sgd", {"momentum": 1}),
        ("torch-sgd", {"batch_size": 0}),
        ("torch-lbfgs", {"memory": 0}),
        ("spsa-sgd", {"first_step": -1}),
        ("spsa-adam", {"c": 0}),
        ("es-sgd", {"pairs": 0}),
        ("es-adam", {"sigma": float("inf")}),
        ("scipy-lbfgsb", {"memory": 0}),
        ("scipy-bfgs", {"gtol": -1}),
        ("scipy-newton-cg", {"xtol": -1}),
    ],
)
def test_senseless_hyperparameters_are_refused(name: str, hyperparameters: dict[str, float]) -> None:
    definition = registry.find_optimizer(name)
    data = {"target": np.zeros(3)}
    objective = Objective(lambda x, target: ((x[..., None, :] - target[..., None]) ** 2).mean((-1, -2)), 2, data=data)
    oracle = Oracle(objective, 5, arrays=definition.arrays)
    (key,) = hyperparameters
    what = "size" if key == "batch_size" else key  # said by the oracle
    with pytest.raises(ValueError, match=rf"{what} must be .*got"):
        definition.function(oracle, **settings(definition, hyperparameters))
    assert oracle.counts == {"value": 0, "gradient": 0, "hessian_vector": 0, "jacobian": 0, "vjp": 0}
