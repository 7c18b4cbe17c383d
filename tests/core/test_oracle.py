"""The oracle counts, prices, bounds and records; expected figures come from hand or from SciPy's own documentation."""

import time

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.core import Domain, Objective, Oracle, OrderError, Stop
from bench.core.arrays import converted, same
from bench.core.ledger import LATE, QUESTIONS
from bench.core.oracle import books_of
from bench.core.status import Status


def sphere(x):
    return (x * x).sum(-1)


def rosenbrock(x):
    a, b = x[..., :-1], x[..., 1:]
    return (100 * (b - a**2) ** 2 + (1 - a) ** 2).sum(-1)


def least_squares(x, inputs, targets):
    return (((inputs @ x[..., None])[..., 0] - targets) ** 2).mean(-1)


def data_problem(n=100, instance=1):
    rng = np.random.default_rng(instance)
    inputs = rng.standard_normal((n, 3))
    return Objective(
        least_squares, 3, data={"inputs": inputs, "targets": inputs @ np.ones(3)}, arrays="torch", instance=instance
    )


def noisy_problem():
    def formula(x, noise=None):
        return sphere(x) if noise is None else sphere(x) + noise

    return Objective(formula, 2, noise=lambda rng, shape: rng.standard_normal(shape))


F = len(QUESTIONS) + 2  # where an event has its value
START = (1.3, 0.7, 0.8, 1.9, 1.2)  # of SciPy's tutorial


@pytest.mark.parametrize(
    ("method", "options", "kind", "count"),
    [
        ("Nelder-Mead", {}, "value", 243),
        ("Nelder-Mead", {"xatol": 1e-8}, "value", 571),  # the tutorial's figure
        ("BFGS", {}, "gradient", 30),
        ("CG", {}, "gradient", 97),
        ("L-BFGS-B", {}, "gradient", 26),
    ],
)
def test_counts_what_scipy_1_17_asks(method, options, kind, count):
    with Oracle(
        Objective(rosenbrock, 5, gradient=lambda x: scipy.optimize.rosen_der(x)), 10_000, start=START
    ) as oracle:
        if kind == "value":
            scipy.optimize.minimize(oracle.value, oracle.x0, method=method, options=options)
        else:
            scipy.optimize.minimize(oracle.value_and_gradient, oracle.x0, jac=True, method=method)
    assert oracle.counts[kind] == count
    assert sum(oracle.counts.values()) == count
    assert books_of(oracle).ledgers[0].status == "returned"


@given(budget=st.integers(1, 40), price=st.sampled_from([1, 2, 0.1, 2.5]), points=st.integers(1, 7))
def test_budget_is_exact(budget, price, points):
    """As many rows as the budget pays, whatever the population: never one more, never one less."""
    oracle = Oracle(Objective(sphere, 2), budget, prices={"value": price})
    with oracle:
        while True:
            oracle.value(np.ones((points, 2)))
    affordable = round(budget * 10) // round(price * 10)
    assert oracle.counts["value"] == affordable
    assert books_of(oracle).ledgers[0].status == "budget"


def test_budget_below_the_price_is_no_evaluation():
    oracle = Oracle(Objective(sphere, 2), 1)
    with pytest.raises(Stop):
        oracle.gradient(oracle.x0)
    assert oracle.counts == {"value": 0, "gradient": 0, "hessian_vector": 0, "jacobian": 0, "vjp": 0}
    assert np.isfinite(books_of(oracle).ledgers[0].first)


def test_mixed_prices_by_hand():
    """Budget 20: a gradient (3), a Hessian-vector product (6), then values (1) until 20."""
    oracle = Oracle(Objective(sphere, 2), 20)
    with oracle:
        oracle.gradient(oracle.x0)
        np.testing.assert_allclose(oracle.hessian_vector(oracle.x0, np.array([1.0, 0.0])), [2.0, 0.0])
        while True:
            oracle.value(oracle.x0)
    assert oracle.counts == {"value": 11, "gradient": 1, "hessian_vector": 1, "jacobian": 0, "vjp": 0}


def test_rows_of_data_are_counted_and_batches_cover_an_epoch():
    oracle = Oracle(data_problem(100), 2, seed=3, prices={"gradient": 1}, arrays="torch")
    sizes = []
    oracle.recommend(torch.zeros(3))
    with oracle:
        for batch in oracle.minibatches(32):
            batch.gradient(torch.zeros(3))
            sizes.append(batch.rows)
    assert sizes == [32, 32, 32, 4] * 2
    assert oracle.counts["gradient"] == 200


def test_orders_are_enforced():
    with pytest.raises(OrderError, match=r"order 0"):
        Oracle(Objective(sphere, 2), 10, order=0).gradient(np.zeros(2))
    with pytest.raises(OrderError, match=r"order 1"):
        Oracle(Objective(sphere, 2), 10, order=1).hessian_vector(np.zeros(2), np.ones(2))
    with pytest.raises(OrderError, match=r"has order 0"):
        Oracle(Objective(sphere, 2, order=0), 10).gradient(np.zeros(2))


def test_target_is_charged_up_to_its_row():
    oracle = Oracle(Objective(sphere, 1), 100, start=[5.0], target=1.0)
    population = np.array([[4.0], [3.0], [1.0], [0.0]])
    with pytest.raises(Stop, match=r"target"):
        oracle.value(population)
    ledger = books_of(oracle).ledgers[0]
    assert (ledger.status, ledger.counts[0], ledger.best) == ("target", 3, 1.0)
    assert [event[F] for event in ledger.events] == [25.0, 16.0, 9.0, 1.0]


def test_outside_the_domain_nothing_is_an_improvement():
    oracle = Oracle(Objective(sphere, 1, domain=Domain(1.0, 9.0)), 10, start=[5.0])
    assert oracle.value(np.array([0.0])) == 0.0
    np.testing.assert_array_equal(oracle.value(np.array([[0.0], [2.0], [0.5]])), [0, 4, 0.25])
    ledger = books_of(oracle).ledgers[0]
    assert (ledger.best, ledger.counts[0]) == (4.0, 4)


def test_outside_bounds_that_are_not_hard_points_count():
    domain = Domain(1.0, 9.0, hard=False)
    oracle = Oracle(Objective(sphere, 1, domain=domain), 10, start=[5.0])
    oracle.value(np.array([[0.5], [2.0]]))
    oracle.value(np.array([0.25]))
    assert books_of(oracle).ledgers[0].best == 0.0625
    assert (domain.fenced, Domain(1.0, 9.0).fenced, Domain().fenced) == (False, True, False)
    start = Objective(sphere, 1, domain=domain).first_point(np.random.default_rng(0))
    assert 1 <= start[0] <= 9, "the box is where runs start"


def test_nan_is_passed_on_and_never_an_improvement():
    oracle = Oracle(Objective(lambda x: np.where(x[..., 0] > 0, np.nan, sphere(x)), 2, order=0), 20, start=[-1.0, 0.0])
    assert np.isnan(oracle.value(np.array([1.0, 0.0])))
    values = oracle.value(np.array([[1.0, 0.0], [-0.5, 0.0]]))
    assert np.isnan(values[0])
    assert values[1] == books_of(oracle).ledgers[0].best == 0.25
    with pytest.raises(Stop, match=r"diverged"):
        oracle.value(np.array([np.nan, 0.0]))


def test_deadline_ends_a_run():
    def slow(x):
        time.sleep(0.02)
        return sphere(x)

    oracle = Oracle(Objective(slow, 2, order=0), 1000, deadline=0.05)
    with oracle:
        while True:
            oracle.value(oracle.x0)
    assert books_of(oracle).ledgers[0].status == "deadline"
    assert 2 <= oracle.counts["value"] <= 4


@pytest.mark.parametrize(("budget", "status"), [(2, "budget"), (3, "deadline")])
@pytest.mark.parametrize("shape", [(2,), (2, 2)])  # one point after the other, and both in one question
def test_a_budget_that_is_spent_whole_is_done_also_after_the_deadline(budget, status, shape):
    oracle = Oracle(Objective(sphere, 2, order=0), budget, deadline=0.02 if len(shape) == 1 else 1e-9)
    with pytest.raises(Stop):
        oracle.value(np.ones(shape))
        time.sleep(0.03)
        oracle.value(np.ones(shape))
    assert books_of(oracle).ledgers[0].status == status


def refused_beyond_two(x):
    if (abs(x) > 2).any():
        raise ArithmeticError("too far")
    return sphere(x)


@pytest.mark.parametrize("vectorised", [None, False])
@pytest.mark.parametrize("target", [-np.inf, 0.05])
@pytest.mark.parametrize(
    "formula",
    [
        sphere,
        refused_beyond_two,
        lambda x: np.log(sphere(x) - 1),  # NaN close to the optimum
        lambda x: np.where(x[..., 0] > 1.8, -np.inf, sphere(x)),
    ],
)
def test_a_population_of_one_is_counted_as_any_population(formula, target, vectorised):
    nearer = sorted(np.random.default_rng(0).normal(size=(20, 1, 2)), key=lambda x: -sphere(x)[0])
    points = [*nearer, np.array([[-2.5, 0.0]]), np.full((1, 2), np.inf)]

    def asked(shortest):
        domain = Domain(-2.0, 2.0)
        oracle = Oracle(
            Objective(formula, 2, order=0, domain=domain, vectorised=vectorised, arrays="numpy"), 25, order=0,
            target=target, start=np.array([1.5, 1.5]),
        )  # fmt: skip
        oracle = oracle if shortest else oracle._view(_row=None)
        answers = []
        try:
            with np.errstate(all="ignore"), oracle.within(9) as part:
                for x in points:
                    answers.append(part.value(x))
            answers.append("within")
            for x in points:
                with np.errstate(all="ignore"):
                    answers.append(oracle.value(x))
        except (Stop, Exception) as error:
            answers.append((type(error), str(error)))
        ledger = books_of(oracle).ledgers[0]
        events = [(*event[: len(QUESTIONS)], *event[len(QUESTIONS) + 2 :]) for event in ledger.events]
        facts = (ledger.status, ledger.counts, ledger.best, ledger.unbounded, events, np.array(ledger.points))
        return [*answers, *facts, books_of(oracle).failure[-80:]]

    for mine, its in zip(asked(True), asked(False), strict=True):
        np.testing.assert_equal(mine, its)


def test_scores_stand_at_ten_checkpoints_a_decade():
    oracle = Oracle(noisy_problem(), 1000, order=0)
    oracle.recommend(np.array([3.0, 4.0]))
    with oracle:
        while True:
            oracle.value(oracle.x0)
    costs = [event[0] for event in books_of(oracle).ledgers[0].events]
    by_hand = [0, 1, 2, 3, 4, 6, 7, 8, 10, 13, 16, 20, 26, 32, 40, 51, 64, 80, 100]
    assert costs[: len(by_hand)] == by_hand
    assert len(costs) == len(by_hand) + 10  # one more decade
    assert {event[F] for event in books_of(oracle).ledgers[0].events[1:]} == {25.0}


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("checkpoints", [None, 3])
def test_a_point_that_stays_is_scored_once_but_for_fresh_values(kind, checkpoints):
    scored = []

    def score(x):
        scored.append(converted(x, "numpy", "float64").ravel())
        return sphere(x)

    noisy = Objective(
        lambda x, noise=0.0: sphere(x), 2, order=0, arrays=kind, noise=lambda rng, shape: np.zeros(shape), score=score,
        checkpoints=checkpoints,
    )  # fmt: skip
    oracle = Oracle(noisy, 30, order=0, arrays=kind)
    x = oracle.array(np.array([3.0, 4.0]))
    oracle.recommend(x)
    with oracle:
        while True:
            oracle.value(x)
            if books_of(oracle).ticks == books_of(oracle).ledgers[0].limit - 1:
                x[0] = 0.0
    events = [event[F] for event in books_of(oracle).ledgers[0].events[1:]]
    assert events == [25.0] * (len(events) - 1) + [16.0]
    assert len(scored) == (3 if checkpoints is None else 1 + len(events))
    assert list(scored[-1]) == [0.0, 4.0]


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_a_point_stays_no_longer_where_a_zero_changes_its_sign(kind):
    a, b = (Oracle(Objective(sphere, 2), 9, arrays=kind).array(np.array([sign * 0.0, 1.0])) for sign in (1, -1))
    assert same(a, a * 1.0) and not same(a, b)


def test_recommendation_is_a_reference():
    oracle = Oracle(noisy_problem(), 100)
    x = np.array([2.0, 0.0])
    oracle.recommend(x)
    oracle.value(x)
    x[0] = 1.0
    oracle.value(x)
    assert books_of(oracle).ledgers[0].events[-1][F] == 1.0


def test_without_a_recommendation_the_best_value_seen_stands():
    """Also with noise and on mini-batches; a value of all data without noise stands before those that have either."""
    numbers = iter([0.0, 5.0, -5.0, 9.0])
    noisy = Objective(
        lambda x, noise=None: sphere(x) if noise is None else sphere(x) + noise, 2, order=0, arrays="numpy",
        noise=lambda rng, shape: np.array([next(numbers) for _ in range(shape[0])]), vectorised=True,
    )  # fmt: skip
    oracle = Oracle(noisy, 4)
    with oracle:
        for radius in (3.0, 1.0, 2.0, 0.0):  # seen: 9, 6, -1, 9
            oracle.value(np.array([radius, 0.0]))
        oracle.value(oracle.x0)
    assert books_of(oracle).ledgers[0].events[-1][F] == 4.0

    data = Oracle(data_problem(100), 3, order=0, prices={"value": 1})
    exact = np.full(3, 0.5)
    data.value(exact)
    with data:
        for batch in data.minibatches(10):
            batch.value(np.ones(3))  # the minimum, but of a part only
    assert books_of(data).ledgers[0].events[-1][F] == pytest.approx(float(data_problem(100).f(exact)))
    parts = Oracle(data_problem(100), 1, order=0)
    with parts:
        for number, batch in enumerate(parts.minibatches(10)):
            batch.value(np.ones(3) if number == 4 else np.zeros(3))
    assert books_of(parts).ledgers[0].events[-1][F] == pytest.approx(0.0)


def test_products_alone_have_no_point_that_could_be_judged():
    oracle = Oracle(data_problem(), 100, arrays="torch")
    oracle.hessian_vector(oracle.x0, oracle.x0)
    message = r"judged by one point, and no value or gradient was asked whose point could be it: call oracle.recommend"
    with pytest.raises(ValueError, match=message):
        oracle.hessian_vector(oracle.x0, oracle.x0)


def test_default_recommendation_is_the_point_of_the_last_gradient():
    oracle = Oracle(data_problem(), 100, arrays="torch")
    oracle.gradient(torch.ones(3, dtype=torch.float64))
    oracle.value(torch.zeros(3, dtype=torch.float64))
    books_of(oracle).end(Status.RETURNED)
    assert books_of(oracle).ledgers[0].events[-1][F] == pytest.approx(0.0)


def test_trajectory_is_thinned_by_at_most_one_percent():
    """f falls at every question: the runtime read from the record is never early and at most 1 % late."""
    values = iter(range(10_001, 0, -1))
    falling = Objective(lambda x: np.float64(next(values)) if x.ndim == 1 else np.full(x.shape[:-1], 2e4), 1, order=0)
    oracle = Oracle(falling, 10_000)
    with oracle:
        while True:
            oracle.value(np.zeros(1))
    events = np.array(books_of(oracle).ledgers[0].events)[1:]
    assert len(events) < 800
    asked = 10_002 - events[:, F]  # the question that gave this value
    np.testing.assert_array_equal(events[:, 0], asked)
    late = events[1:, 0] / (events[:-1, 0] + 1)  # a value just below an event is known at the next event only
    assert late.max() <= LATE


def test_first_value_is_off_the_ledger():
    calls = []

    def f(x):
        calls.append(x)
        return sphere(x)

    oracle = Oracle(Objective(f, 2, order=0), 10, start=[3.0, 4.0])
    assert books_of(oracle).ledgers[0].first == 25.0
    assert oracle.counts["value"] == 0
    assert len(calls) == 1


def test_lanes_are_charged_and_finished_one_by_one():
    """Three lanes, targets met at different steps: a finished lane is neither charged nor recorded."""
    oracle = Oracle([Objective(sphere, 1)] * 3, 10, seed=[0, 1, 2], start=[10.0], target=[50.0, 20.0, -1.0])
    with oracle:
        for radius in (8.0, 7.0, 5.0, 4.0, 3.0):
            oracle.value(np.full((3, 1), radius))
    assert [ledger.counts[0] for ledger in books_of(oracle).ledgers] == [2, 4, 5]
    assert [ledger.status for ledger in books_of(oracle).ledgers] == ["target", "target", "returned"]


def test_stop_comes_when_all_lanes_have_ended_and_passes_a_bare_exception_handler():
    oracle = Oracle([Objective(sphere, 2)] * 2, 3, seed=[0, 1])
    with pytest.raises(Stop):
        while True:
            try:
                oracle.value(oracle.x0)
            except Exception as error:  # what a library may do
                pytest.fail(f"swallowed {error}")
    assert oracle.remaining == 0


def test_restart_draws_from_the_lane_s_own_stream():
    lanes = Oracle([Objective(sphere, 2)] * 3, 10, seed=[0, 1, 2])
    solo = Oracle(Objective(sphere, 2), 10, seed=1)
    np.testing.assert_array_equal(lanes.x0[1], solo.x0)
    before = lanes.x0
    lanes.restart(np.array([False, True, False]))
    solo.restart()
    np.testing.assert_array_equal(lanes.x0[1], solo.x0)
    np.testing.assert_array_equal(lanes.x0[[0, 2]], before[[0, 2]])
    assert len(books_of(lanes).ledgers[1].restarts) == 1


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_draws_of_a_lane_do_not_depend_on_its_neighbours(arrays):
    lanes = Oracle([Objective(sphere, 2)] * 3, 10, seed=[0, 1, 2], arrays=arrays)
    alone = Oracle([Objective(sphere, 2)], 10, seed=[1], arrays=arrays)
    for draw in ("standard_normal", "random", "signs"):
        for size in (5, (2, 3), 5000):
            np.testing.assert_array_equal(getattr(lanes.rng, draw)(size)[1], getattr(alone.rng, draw)(size)[0])


def test_stacked_instances_answer_each_with_its_own_constants():
    shifted = [
        Objective(lambda x, shift: ((x - shift) ** 2).sum(-1), 2, constants={"shift": np.full(2, float(s))}, instance=s)
        for s in (1, 2, 3)
    ]
    one = shifted[0].formula
    same = [Objective(one, 2, constants=item.constants, instance=item.instance) for item in shifted]
    for arrays, zeros in (("numpy", np.zeros), ("torch", lambda shape: torch.zeros(shape, dtype=torch.float64))):
        oracle = Oracle(same, 100, seed=[0, 0, 0], arrays=arrays)
        np.testing.assert_allclose(oracle.value(zeros((3, 2))), [2.0, 8.0, 18.0])
        np.testing.assert_allclose(oracle.value(zeros((3, 4, 2)))[:, 3], [2.0, 8.0, 18.0])
        np.testing.assert_allclose(oracle.gradient(zeros((3, 2)))[:, 0], [-2.0, -4.0, -6.0])


def test_seconds_inside_and_outside():
    import time

    def slow(x):
        time.sleep(0.01)
        return sphere(x)

    oracle = Oracle(Objective(slow, 2, order=0), 5)
    with oracle:
        while True:
            time.sleep(0.03)
            oracle.value(oracle.x0)
    ledger = books_of(oracle).ledgers[0]
    assert 0.05 <= ledger.inside < 0.1 < 0.15 <= ledger.outside < 0.3


def test_both_array_kinds_answer_alike():
    objective = Objective(rosenbrock, 5)
    x = np.random.default_rng(0).standard_normal((7, 5))
    by_numpy, by_torch = Oracle(objective, 100), Oracle(objective, 100, arrays="torch")
    np.testing.assert_allclose(by_numpy.value(x), by_torch.value(torch.tensor(x)), rtol=1e-12)
    for row in x:
        np.testing.assert_allclose(by_numpy.gradient(row), scipy.optimize.rosen_der(row), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(
            by_torch.gradient(torch.tensor(row)), scipy.optimize.rosen_der(row), rtol=1e-9, atol=1e-9
        )
        product = by_numpy.hessian_vector(row, np.ones(5))
        np.testing.assert_allclose(product, scipy.optimize.rosen_hess_prod(row, np.ones(5)), rtol=1e-9)


def test_blocks_are_views_by_layer():
    oracle = Oracle(Objective(sphere, 8, shapes=((2, 3), (2,))), 10)
    x = np.arange(8.0)
    weight, bias = oracle.blocks(x)
    assert weight.shape == (2, 3)
    bias[:] = 0
    assert x[6:].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Oracle(Objective(sphere, 2), 0), "budget must be positive"),
        (lambda: Oracle(Objective(sphere, 2), 10, prices={"value": -1}), "price of a value must be a positive number"),
        (lambda: Oracle(Objective(sphere, 2), 10, prices={"hessian": 1}), "no question 'hessian'"),
        (lambda: Oracle(Objective(sphere, 2), 10, start=[1.0]), r"start must have shape \(2,\)"),
        (lambda: Oracle(Objective(sphere, 2), 10, seed=-1), "seeds must be >= 0"),
        (lambda: Oracle(Objective(sphere, 2), 10).value(np.zeros(3)), "a point must have shape"),
        (lambda: Oracle(data_problem(), 10).value(np.array(1.0)), "a point must have shape"),
        (lambda: Oracle(Objective(sphere, 2), 10).recommend(np.zeros(3)), "must have shape"),
        (lambda: next(Oracle(data_problem(), 10).minibatches(0)), "size must be >= 1"),
        (lambda: Objective(sphere, 0), "dim must be >= 1"),
        (lambda: Domain(1.0, 0.0), "low must be below high"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def two_residuals(x):
    """Rosenbrock's as least squares."""
    a, b = x[..., 0], x[..., 1]
    stack = np.stack if isinstance(x, np.ndarray) else torch.stack
    return stack([10 * (b - a * a), 1 - a], -1)


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_residuals_and_jacobian_by_hand(arrays):
    objective = Objective(lambda x: (two_residuals(x) ** 2).sum(-1), 2, residuals=two_residuals)
    oracle = Oracle(objective, 100, start=[-1.2, 1.0], arrays=arrays, order=1)
    x = np.array([2.0, 3.0]) if arrays == "numpy" else torch.tensor([2.0, 3.0], dtype=torch.float64)
    np.testing.assert_allclose(oracle.residuals(x), [-10, -1])
    r, jacobian = oracle.residuals_and_jacobian(x)
    np.testing.assert_allclose(r, [-10, -1])
    np.testing.assert_allclose(jacobian, [[-40, 10], [-1, 0]])
    assert oracle.counts == {"value": 2, "gradient": 0, "hessian_vector": 0, "jacobian": 2, "vjp": 0}
    assert oracle.remaining == 100 - 1 - 3
    assert books_of(oracle).ledgers[0].first == pytest.approx(24.2)


def test_residuals_are_refused_where_there_are_none():
    with pytest.raises(OrderError, match=r"not a least-squares problem"):
        Oracle(Objective(sphere, 2), 10).residuals(np.zeros(2))
    with pytest.raises(OrderError, match=r"a method of order 0"):
        Oracle(Objective(sphere, 2, residuals=two_residuals), 10, order=0).jacobian(np.zeros(2))


@pytest.mark.parametrize("problem_order", [0, 2])
def test_residuals_are_a_question_of_order_0(problem_order):
    """They cost a value, and nothing is differentiated: a method of values may ask them, of a black box too."""
    objective = Objective(
        lambda x: (two_residuals(x) ** 2).sum(-1), 2, residuals=two_residuals, order=problem_order, arrays="numpy"
    )
    oracle = Oracle(objective, 10, start=[-1.2, 1.0], order=0)
    np.testing.assert_allclose(oracle.residuals(oracle.x0), two_residuals(np.array([-1.2, 1.0])))
    assert oracle.spent == 1 and oracle.counts["jacobian"] == 0
    with pytest.raises(OrderError, match=r"jacobian of order 1"):
        oracle.jacobian(oracle.x0)


def test_minus_infinity_is_no_improvement():
    oracle = Oracle(Objective(lambda x: np.where(x[..., 0] > 1, -np.inf, 1.0), 1, order=0), 10, start=[0.0])
    assert oracle.value(np.array([2.0])) == -np.inf
    oracle.value(np.array([[2.0], [0.0]]))
    assert (books_of(oracle).ledgers[0].best, books_of(oracle).ledgers[0].status) == (1.0, None)


def test_formulas_that_are_made_anew_answer_each_for_its_lane():
    """A problem whose formula is defined inside its function, as a closure."""

    def shifted(by):
        return Objective(lambda x: ((x - by) ** 2).sum(-1), 2, name="shifted")

    many = [shifted(by) for by in (1.0, 2.0, 3.0)]
    for arrays, zeros in (("numpy", np.zeros), ("torch", lambda shape: torch.zeros(shape, dtype=torch.float64))):
        oracle = Oracle(many, 100, seed=[0, 0, 0], arrays=arrays)
        np.testing.assert_allclose(oracle.value(zeros((3, 2))), [2.0, 8.0, 18.0])
        np.testing.assert_allclose(oracle.gradient(zeros((3, 2)))[:, 1], [-2.0, -4.0, -6.0])
        v = zeros((3, 2)) + 1
        np.testing.assert_allclose(oracle.hessian_vector(zeros((3, 2)), v), 2 * np.ones((3, 2)))


def test_constants_of_every_numeric_kind_differ_between_lanes():
    formula = lambda x, k: x.sum(-1) * k + 1  # noqa: E731
    for kind in (int, float, np.int64, np.float32):
        many = [Objective(formula, 2, constants={"k": kind(k)}, start=lambda rng: np.ones(2)) for k in (1, 5)]
        assert [ledger.first for ledger in books_of(Oracle(many, 10, seed=[0, 1])).ledgers] == [3.0, 11.0]
    words = [Objective(lambda x, k: x.sum(-1), 2, constants={"k": k}) for k in ("one", "other")]
    same = [Objective(words[0].formula, 2, constants=item.constants) for item in words]
    with pytest.raises(ValueError, match=r"constant k must be a number, an array, or the same"):
        Oracle(same, 10, seed=[0, 1])


def test_a_formula_of_the_wrong_shape_is_named():
    with pytest.raises(ValueError, match=r"function must give one real number, got float64 of shape \(2,\)"):
        Oracle(Objective(lambda x: x, 2), 10)
    with pytest.raises(ValueError, match=r"must give real numbers of shape \(1,\), got float64 of shape \(1, 2\)"):
        Oracle(Objective(lambda x: x, 2, vectorised=True), 10)


@pytest.mark.parametrize("points", [1, 2])
def test_a_problem_that_raises_ends_the_run_even_where_the_method_catches_it(points):
    def fails_far_out(x):
        if (x > 1).any():
            raise RuntimeError("too far")
        return sphere(x)

    oracle = Oracle(Objective(fails_far_out, 2, order=0, arrays="numpy"), 10, start=[0.0, 0.0])
    x = np.full(2, 5.0) if points == 1 else np.full((points, 2), 5.0)
    with pytest.raises(RuntimeError, match=r"too far"):
        oracle.value(x)
    assert books_of(oracle).ledgers[0].status == "crashed"
    assert "too far" in books_of(oracle).failure
    with pytest.raises(Stop, match=r"crashed"):
        oracle.value(np.zeros(2))


@pytest.mark.parametrize("lanes", [0, 2])
def test_rows_that_are_not_paid_leave_no_trace(lanes):
    """Budget 5, a population of 7 whose last row is the best: the answer is the best of the first five."""
    problem = Objective(lambda x, rows: sphere(x), 1, data={"rows": np.ones((1, 1))})
    population = np.array([[6.0], [5.0], [4.0], [3.0], [2.0], [1.0], [0.0]])
    asked = np.stack([population] * lanes) if lanes else population
    oracle = Oracle([problem] * lanes if lanes else problem, 5, seed=list(range(lanes)) if lanes else 0, order=0)
    with pytest.raises(Stop):
        oracle.value(asked)
    assert [ledger.events[-1][F] for ledger in books_of(oracle).ledgers] == [4.0] * max(lanes, 1)


def test_a_worse_score_never_replaces_a_better_one():
    oracle = Oracle(noisy_problem(), 1005, order=0)
    x = np.array([0.1, 0.0])
    oracle.recommend(x)
    with oracle:
        for _ in range(1001):
            oracle.value(oracle.x0)
        x[0] = 7.0
        while True:
            oracle.value(oracle.x0)
    ledger = books_of(oracle).ledgers[0]
    assert ledger.best == pytest.approx(0.01)
    assert min(event[F] for event in ledger.events) == ledger.best
    assert ledger.events[-1][F] == 49.0


def test_mini_batches_are_scored_from_a_tenth_of_an_epoch_on():
    oracle = Oracle(data_problem(1000), 1, prices={"gradient": 1}, arrays="torch")
    oracle.recommend(torch.zeros(3))
    with oracle:
        for batch in oracle.minibatches(10):
            batch.gradient(torch.zeros(3))
    assert [event[1] for event in books_of(oracle).ledgers[0].events] == [
        0,
        100,
        130,
        160,
        200,
        260,
        320,
        400,
        510,
        640,
        800,
        1000,
    ]


def test_best_asked_on_data_keeps_to_the_box():
    problem = Objective(
        lambda x, rows: ((x - 0 * rows[..., :1]) ** 2).sum(-1),
        1,
        data={"rows": np.ones((1, 1))},
        domain=Domain(1.0, 9.0),
    )
    oracle = Oracle(problem, 3, start=[5.0], order=0)
    with oracle:
        for at in (0.0, 2.0, 3.0, 4.0):
            oracle.value(np.array([at]))
    assert books_of(oracle).ledgers[0].best == 4.0


@pytest.mark.parametrize("problem", ["cartpole", "rosenbrock+noise", "softmax"])
@pytest.mark.parametrize("recommends", [True, False])
def test_the_readme_s_method_runs_where_answers_are_noisy(problem, recommends):
    """Its one_plus_one, with and without the line that recommends."""
    from pathlib import Path

    import bench
    from bench.runner.single import play

    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    code = "def one_plus_one" + readme.partition("def one_plus_one")[2].partition("```")[0]
    lines = [line for line in code.splitlines() if recommends or "oracle.recommend" not in line]
    scope: dict = {}
    exec("\n".join(lines), scope)
    oracle = Oracle(bench.make(problem), 60, seed=3, order=0)
    assert play(oracle, scope["one_plus_one"], {}, restarts=False) == ""
    ledger = books_of(oracle).ledgers[0]
    assert ledger.status in ("budget", "target")
    assert len(ledger.events) > 10
    assert ledger.best <= ledger.first
