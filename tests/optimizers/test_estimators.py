"""Estimators of a gradient, by hand on a linear and on a quadratic function, and what the methods make of them."""

from functools import partial

import numpy as np
import pytest
import torch

from bench.core import Array, Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.registry import settings
from bench.optimizers import estimators
from bench.optimizers.estimators import Estimator, centered_ranks
from bench.optimizers.perturbation import ESTIMATORS
from bench.runner.single import open_oracle, play

torch.set_num_threads(1)
registry.load(("bench.optimizers",))
DIM = 3
START = np.array([2.0, -1.0, 0.5])
SLOPE = np.array([3.0, -4.0, 1.0])
CURVATURES = np.array([1.0, 10.0, 4.0])


def linear(x: Array, slope: Array) -> Array:
    return (slope * x).sum(-1)


def quadratic(x: Array, curvatures: Array) -> Array:
    return 0.5 * (curvatures * x**2).sum(-1)


UNIT = Domain(scale=1.0)
PLANE = Objective(linear, DIM, UNIT, constants={"slope": SLOPE})
BOWL = Objective(quadratic, DIM, UNIT, constants={"curvatures": CURVATURES})


def oracle_for(objective: Objective, budget: float = 1e7, seed: int = 0) -> Oracle:
    return Oracle(objective, budget, seed, start=START, arrays="torch", order=0)


def estimates(estimate: Estimator, objective: Objective, count: int, seed: int = 0) -> np.ndarray:
    """So many estimates at START, (count, dim)."""
    oracle = oracle_for(objective, seed=seed)
    return np.stack([np.asarray(estimate(oracle, oracle.x0, 0)) for _ in range(count)])


def spied(oracle: Oracle) -> list[np.ndarray]:
    """The list in which all that is asked of the oracle will be."""
    asked, answer = [], oracle.value

    def spy(x: Array) -> Array:
        asked.append(np.asarray(x).copy())
        return answer(x)

    vars(oracle)["value"] = spy
    return asked


def questions(estimate: Estimator, objective: Objective = PLANE) -> list[np.ndarray]:
    """What one estimate at START asks."""
    oracle = oracle_for(objective)
    asked = spied(oracle)
    estimate(oracle, oracle.x0, 0)
    return asked


@pytest.mark.parametrize(
    "make, rows",
    [
        (estimators.forward_differences, DIM + 1),
        (estimators.central_differences, 2 * DIM),
        (partial(estimators.random_coordinates, pairs=2), 4),
        (partial(estimators.random_coordinates, pairs=9), 2 * DIM),
        (estimators.simultaneous_perturbation, 2),
        (partial(estimators.gaussian_smoothing, pairs=5), 10),
        (partial(estimators.sphere_smoothing, pairs=5), 10),
        (partial(estimators.orthogonal_directions, pairs=2), 4),
        (partial(estimators.orthogonal_directions, pairs=9), 2 * DIM),
        (partial(estimators.rank_shaping, pairs=5_000), 10_000),
    ],
)
def test_an_estimate_is_one_question(make, rows: int) -> None:
    assert [x.shape for x in questions(make(radius=0.5))] == [(rows, DIM)]


@pytest.mark.parametrize(
    "estimate",
    [
        estimators.forward_differences(0.5),
        estimators.central_differences(0.5),
        estimators.random_coordinates(0.5, pairs=DIM),
        estimators.orthogonal_directions(0.5, pairs=DIM),
    ],
)
def test_differences_in_all_directions_are_exact_on_a_linear_function(estimate: Estimator) -> None:
    np.testing.assert_allclose(estimates(estimate, PLANE, 1)[0], SLOPE, rtol=1e-12)


def test_forward_differences_err_by_half_the_curvature_and_central_ones_do_not() -> None:
    gradient = CURVATURES * START
    forward, central = (make(0.5) for make in (estimators.forward_differences, estimators.central_differences))
    np.testing.assert_allclose(estimates(forward, BOWL, 1)[0], gradient + 0.5 * CURVATURES / 2, rtol=1e-12)
    np.testing.assert_allclose(estimates(central, BOWL, 1)[0], gradient, rtol=1e-12)


def test_forward_differences_look_back_from_a_bound() -> None:
    """At the bound of the first coordinate the error has the other sign."""
    boxed = Objective(quadratic, DIM, Domain(-5.0, np.array([2.0, 5, 5]), 1.0), constants={"curvatures": CURVATURES})
    (rows,) = questions(estimators.forward_differences(0.5), boxed)
    np.testing.assert_allclose(rows, START + np.array([[0, 0, 0], [-0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]))
    wanted = CURVATURES * START + 0.25 * CURVATURES * np.array([-1, 1, 1])
    np.testing.assert_allclose(estimates(estimators.forward_differences(0.5), boxed, 1)[0], wanted)


def test_random_coordinates_are_slopes_of_drawn_ones_times_dim_by_pairs() -> None:
    all_left_out = set()
    for estimate in estimates(estimators.random_coordinates(0.5, pairs=2), BOWL, 60):
        (left_out,) = np.flatnonzero(estimate == 0)
        all_left_out.add(int(left_out))
        wanted = DIM / 2 * CURVATURES * START
        wanted[left_out] = 0
        np.testing.assert_allclose(estimate, wanted, rtol=1e-12)
    assert all_left_out == set(range(DIM))


COUNT = 1500
TOTAL = (SLOPE**2).sum()  # |s|^2 = 26


@pytest.mark.parametrize(
    "estimate, variance",
    [
        # of d u_i u . s: each random sign product is 1 or -1, and u_i^2 = 1
        (estimators.simultaneous_perturbation(0.5), TOTAL - SLOPE**2),
        # E[u_i^2 (u . s)^2] = |s|^2 + 2 s_i^2 for normal u, less s_i^2, over the pairs
        (estimators.gaussian_smoothing(0.5, pairs=2), (TOTAL + SLOPE**2) / 2),
        # on the sphere E[u_i^2 (u . s)^2] = (|s|^2 + 2 s_i^2) / (d (d + 2)), times d^2
        (
            estimators.sphere_smoothing(0.5, pairs=2),
            (DIM / (DIM + 2) * (TOTAL + 2 * SLOPE**2) - SLOPE**2) / 2,
        ),
        # the projection on two of three axes is the identity less that on a third, w, which is uniform: 3/2 (s - w w.s)
        (
            estimators.orthogonal_directions(0.5, pairs=2),
            (3 / 2) ** 2 * ((TOTAL + 2 * SLOPE**2) / 15 - SLOPE**2 / 9),
        ),
        # two of three coordinates, times 3/2: there with a chance of 2/3
        (estimators.random_coordinates(0.5, pairs=2), SLOPE**2 * (9 / 4 * 2 / 3 - 1)),
    ],
)
def test_random_estimates_are_unbiased_on_a_linear_function_with_the_variance_of_theory(
    estimate: Estimator, variance: np.ndarray
) -> None:
    """Means lie within 4 standard errors; of the variance 4 are below 31 %, as no kurtosis is above 10."""
    found = estimates(estimate, PLANE, COUNT)
    np.testing.assert_array_less(np.abs(found.mean(0) - SLOPE), 4 * np.sqrt(variance / COUNT))
    np.testing.assert_allclose(found.var(0), variance, rtol=0.31)


@pytest.mark.parametrize("name", ["rc", "spsa", "es", "sphere", "orthogonal"])
def test_random_estimates_are_unbiased_on_a_quadratic_function(name: str) -> None:
    """Central differences are exact along every direction, so that the radius adds no bias, however large."""
    pairs = {"pairs": 2} if ESTIMATORS[name].pairs else {}
    found = estimates(ESTIMATORS[name].make(3.0, **pairs), BOWL, COUNT)
    errors = found.std(0) / np.sqrt(COUNT)
    np.testing.assert_array_less(np.abs(found.mean(0) - CURVATURES * START), 4 * errors)


def test_orthogonal_directions_are_orthonormal() -> None:
    (rows,) = questions(estimators.orthogonal_directions(0.5, pairs=2))
    directions = (rows[:2] - START) / 0.5
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(rows[:2] + rows[2:], np.tile(2 * START, (2, 1)))


def test_directions_of_the_sphere_have_length_one() -> None:
    (rows,) = questions(estimators.sphere_smoothing(0.5, pairs=4))
    np.testing.assert_allclose(np.linalg.norm(rows - START, axis=-1), 0.5)


def test_centered_ranks_by_hand() -> None:
    f = torch.tensor([[3.0, -7.0, 100.0, 4.0, 5.0], [1.0, float("nan"), 1.0, float("inf"), 0.0]])
    # below: 0 is the least; the two 1 share the ranks 1 and 2, NaN and inf share 3 and 4
    np.testing.assert_allclose(centered_ranks(f), [[-0.25, -0.5, 0.5, 0, 0.25], [-0.125, 0.375, -0.125, 0.375, -0.5]])


def test_rank_shaping_does_not_see_how_high_but_only_what_is_higher() -> None:
    """exp of a linear function is ranked as the function itself."""
    steep = Objective(lambda x, slope: linear(x, slope).exp(), DIM, UNIT, constants={"slope": SLOPE}, arrays="torch")
    estimate = estimators.rank_shaping(0.5, pairs=20)
    np.testing.assert_array_equal(estimates(estimate, PLANE, 3), estimates(estimate, steep, 3))


def test_rank_shaping_points_along_the_slope_of_a_linear_function() -> None:
    """Of many points the centered rank is Phi(u . s / |s|) - 1/2, whose mean product with u is s / |s| / (2 sqrt(pi)).

    The variance of a component is below that of u_i / 2, 1/4, over the pairs.
    """
    pairs = 20_000
    (found,) = estimates(estimators.rank_shaping(0.5, pairs), PLANE, 1)
    np.testing.assert_allclose(found, SLOPE / np.sqrt(TOTAL) / (2 * np.sqrt(np.pi)), atol=4 * np.sqrt(0.25 / pairs))


def test_spsa_s_radius_decays() -> None:
    oracle = oracle_for(PLANE)
    asked = spied(oracle)
    for k in (0, 99):
        estimators.simultaneous_perturbation(0.5)(oracle, oracle.x0, k)
    np.testing.assert_allclose(np.abs(asked[0] - START), 0.5)
    np.testing.assert_allclose(np.abs(asked[1] - START), 0.5 / 100**0.101)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_says_nothing_of_the_slope(bad: float) -> None:
    """Right of the start f is bad: the first coordinate has no slope, the others theirs."""

    def cliff(x: Array, slope: Array) -> Array:
        return torch.where(x[..., 0] > START[0], bad, linear(x, slope))

    objective = Objective(cliff, DIM, UNIT, constants={"slope": SLOPE}, arrays="torch")
    for make in (estimators.forward_differences, estimators.central_differences):
        np.testing.assert_allclose(estimates(make(0.5), objective, 1)[0], [0, *SLOPE[1:]])


def test_both_sides_of_a_difference_see_the_same_rows() -> None:
    """f is x times the mean of the batch's rows, which are 1 and 1000: a difference of two batches would tell."""

    def weighted(x: Array, weight: Array) -> Array:
        return x[..., 0] * weight.mean(-1)

    objective = Objective(weighted, 1, UNIT, data={"weight": np.array([1.0, 1000.0])})
    oracle = Oracle(objective, 1e4, start=np.array([5.0]), arrays="torch", order=0)
    oracle.recommend(oracle.x0)
    for name, estimation in ESTIMATORS.items():
        if estimation.unitless:
            continue
        # in one dimension signs, the sphere and coordinates are exact; normal directions have u^2 in front
        estimate = estimation.make(0.5, **({"pairs": 1} if estimation.pairs else {}))
        batch = next(oracle.minibatches(1))
        found = float(estimate(batch, oracle.x0, 0)[0])
        if name == "es":
            assert found > 0
        else:
            assert round(found, 6) in (1, 1000)


@pytest.mark.parametrize(
    "rule, steps",
    [
        # the mean magnitude of a component is 8 / 3: with a rate of 0.8 / 3 steps are a tenth of the slope
        ("sgd", [-0.1 * SLOPE, -0.1 * SLOPE]),
        ("momentum", [-0.1 * SLOPE, -0.19 * SLOPE]),
        # of a constant gradient Adam's ratio of moments is its sign; the domain's scale is 1
        ("adam", [-0.1 * np.sign(SLOPE)] * 2),
        ("sign", [-0.1 * np.sign(SLOPE)] * 2),
        # g / sqrt(0.01 g^2), then g / sqrt(0.0199 g^2)
        ("rmsprop", [-1.0 * np.sign(SLOPE), -0.1 * np.sign(SLOPE) / np.sqrt(0.0199)]),
    ],
)
def test_every_rule_takes_its_steps_on_exact_slopes(rule: str, steps: list[np.ndarray]) -> None:
    """The first of the four rows of a forward difference is the iterate."""
    definition, calibrated = registry.find_optimizer(f"fd-{rule}"), rule in ("sgd", "momentum")
    oracle = oracle_for(PLANE, budget=12 + 4 * calibrated)
    asked = spied(oracle)
    given = {"lr": 0.8 / 3 if calibrated else 0.1, "radius": 0.5}
    assert play(oracle, definition.function, settings(definition, given), restarts=False) == ""
    iterates = [rows[0] for rows in asked[calibrated:][:3]]
    np.testing.assert_allclose(iterates, [START, START + steps[0], START + steps[0] + steps[1]], atol=1e-6)


def test_every_estimator_goes_with_every_rule() -> None:
    rules = ["sgd", "momentum", "adam", "rmsprop", "sign"]
    assert {f"{name}-{rule}" for name in ESTIMATORS for rule in rules} <= set(registry.OPTIMIZERS)
    definition = registry.find_optimizer("rc-momentum")
    assert list(definition.parameters) == ["lr", "momentum", "radius", "pairs", "walls", "batch_size"]


@pytest.mark.parametrize("name", [f"{name}-adam" for name in ESTIMATORS])
def test_each_lane_has_a_rate_of_its_own(name: str) -> None:
    """A rate of 0 moves nothing, whatever the other lane's."""
    definition = registry.find_optimizer(name)
    oracle = Oracle([PLANE, PLANE], 100, [0, 1], start=START, arrays="torch", order=0)
    recommended = []
    vars(oracle)["recommend"] = recommended.append
    given = settings(definition, {}) | {"lr": torch.tensor([[0.0], [0.1]])}
    assert play(oracle, definition.function, given, restarts=False) == ""
    ((still, moving),) = recommended
    np.testing.assert_array_equal(still, START)
    assert PLANE.f(np.asarray(moving)) < PLANE.f(START) - 0.5


@pytest.mark.parametrize("walls, wanted", [("clip", 1.0), ("reflect", 1.5), ("free", 0.5)])
def test_an_iterate_beyond_a_wall_is_moved_onto_it_or_mirrored_or_left(walls: str, wanted: float) -> None:
    """The first step goes from 2 by 1.5 down, past the bound at 1."""
    boxed = Objective(linear, 1, Domain(1.0, 9.0, scale=1.0), constants={"slope": np.array([3.0])})
    definition = registry.find_optimizer("fd-sgd")
    oracle = Oracle(boxed, 6, start=np.array([2.0]), arrays="torch", order=0)
    asked = spied(oracle)
    play(oracle, definition.function, settings(definition, {"lr": 1.5, "walls": walls}), restarts=False)
    np.testing.assert_allclose([rows[0, 0] for rows in asked[:3]], [2, 2, wanted], atol=1e-6)


@pytest.mark.parametrize("name, values", [("fd-lbfgs", DIM + 1), ("cd-lbfgs", 2 * DIM + 1)])
def test_lbfgs_asks_a_point_and_its_neighbours_at_once_and_follows_scipy(name: str, values: int) -> None:
    """Central differences are exact on a quadratic: the points are those of SciPy with its gradient."""
    from scipy.optimize import minimize

    definition = registry.find_optimizer(name)
    oracle = open_oracle(BOWL, definition, 1000, 0, gap=-np.inf, start=START)
    asked = spied(oracle)
    assert play(oracle, definition.function, settings(definition, {}), restarts=False) == ""
    assert {x.shape for x in asked} == {(values, DIM)}
    assert books_of(oracle).ledgers[0].status == "returned"
    points = []
    minimize(
        lambda x: points.append(x.copy()) or quadratic(x, CURVATURES),
        START,
        jac=lambda x: CURVATURES * x,
        method="L-BFGS-B",
        options={"ftol": 0, "gtol": 1e-5},
    )
    assert len(asked) == len(points)
    np.testing.assert_allclose([x[0] for x in asked], points, atol=1e-5)
