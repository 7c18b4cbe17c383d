"""Failed evaluations: charged, counted and answered where the problem tolerates them."""

from math import inf

import numpy as np
import pytest
import torch

from bench.core import Composite, Domain, Objective, Oracle, Stop
from bench.core.oracle import books_of

EDGE = 1.0  # beyond it, in the first coordinate, the functions here fail


def fragile(x):
    """The squared length of one vector."""
    if x[0] > EDGE:
        raise RuntimeError("the solver did not converge")
    return (x * x).sum()


def slope(x):
    return 2 * x


def many(x):
    """The same of a population."""
    if (x[..., 0] > EDGE).any():
        raise RuntimeError("the solver did not converge")
    return (x * x).sum(-1)


def tolerant(formula=fragile, dim=2, **options):
    options = {"order": 0, "arrays": "numpy", "failures": "nan", "start": lambda rng: np.full(dim, 0.5), **options}
    return Objective(formula, dim, **options)


GOOD, BAD = np.array([0.25, 0.25]), np.array([2.0, 0.5])


def ledger_of(oracle, lane=0):
    return books_of(oracle).ledgers[lane]


@pytest.mark.parametrize("gives_nan", [False, True])
@pytest.mark.parametrize("lockstep", [False, True])
def test_a_failure_is_charged_counted_and_answered_inf(gives_nan, lockstep):
    formula = (lambda x: np.nan if x[0] > EDGE else (x * x).sum()) if gives_nan else fragile
    oracle = Oracle(tolerant(formula), 10, lockstep=lockstep)
    assert (oracle.value(BAD), oracle.value(GOOD), oracle.value(2 * BAD)) == (inf, 0.125, inf)
    assert (oracle.failed, oracle.spent, oracle.counts["value"]) == (2, 3, 3)
    ledger = ledger_of(oracle)
    assert (ledger.best, ledger.status) == (0.125, None)
    np.testing.assert_array_equal(ledger.failed_at, BAD)
    if gives_nan:
        assert ledger.failure == "its value was NaN"
    else:
        assert ledger.failure.strip().endswith("RuntimeError: the solver did not converge")
        assert "in fragile" in ledger.failure


def test_without_tolerance_nan_is_handed_on_and_not_counted():
    oracle = Oracle(tolerant(lambda x: np.nan if x[0] > EDGE else 1.0, failures="raise"), 10)
    assert np.isnan(oracle.value(BAD))
    assert oracle.failed == 0


def test_a_wrong_answer_is_a_failure():
    answers = iter([1.0, None, "text", np.zeros(3), 2.0])  # the first at the start
    oracle = Oracle(tolerant(lambda x: next(answers)), 10)
    assert [oracle.value(GOOD) for _ in range(4)] == [inf, inf, inf, 2.0]
    assert oracle.failed == 3
    assert "must give one real number, got None" in ledger_of(oracle).failure


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("vectorised", [False, None, True])
def test_in_lanes_one_point_fails_alone(arrays, alike, vectorised):
    formula = fragile if vectorised is False else many
    lanes = [
        tolerant(formula if alike else lambda x: formula(x), arrays="any", order=2, vectorised=vectorised)
        for _ in range(3)
    ]
    oracle = Oracle(lanes, 10, seed=[0, 1, 2], arrays=arrays)
    x = np.stack([GOOD, BAD, GOOD])
    x = torch.tensor(x) if arrays == "torch" else x
    np.testing.assert_array_equal(oracle.value(x), [0.125, inf, 0.125])
    f, gradient = oracle.value_and_gradient(x)
    np.testing.assert_array_equal(f, [0.125, inf, 0.125])
    np.testing.assert_array_equal(gradient, [[0.5, 0.5], [np.nan, np.nan], [0.5, 0.5]])
    ledgers = [ledger_of(oracle, lane) for lane in range(3)]
    assert [ledger.failed for ledger in ledgers] == [0, 2, 0]
    assert [ledger.spent for ledger in ledgers] == [4, 4, 4]
    np.testing.assert_array_equal(ledgers[1].failed_at, BAD)


def test_a_population_that_fails_is_asked_point_by_point_from_then_on_and_charged_once():
    shapes = []

    def formula(x):
        shapes.append(x.shape)
        return many(x)

    oracle = Oracle(tolerant(formula, vectorised=True), 100)
    shapes.clear()
    population = np.stack([GOOD, BAD, GOOD])
    np.testing.assert_array_equal(oracle.value(population), [0.125, inf, 0.125])
    np.testing.assert_array_equal(oracle.value(population), [0.125, inf, 0.125])
    assert shapes == [(3, 2), *[(2,)] * 6]
    assert (oracle.failed, oracle.spent) == (2, 6)


def test_nothing_is_learned_where_every_point_fails():
    oracle = Oracle(tolerant(lambda x: many(x[:, :])), 100, lockstep=True)  # it takes populations alone
    assert list(oracle.value(np.stack([BAD, BAD]))) == [inf, inf]
    assert list(oracle.value(np.stack([GOOD, GOOD]))) == [0.125, 0.125]


def test_what_lies_behind_the_target_or_the_budget_is_not_counted():
    population = np.stack([BAD, GOOD, BAD, BAD])
    oracle = Oracle(tolerant(), 100, target=0.2)
    with pytest.raises(Stop):
        oracle.value(population)
    assert (oracle.failed, oracle.spent, ledger_of(oracle).status) == (1, 2, "target")
    oracle = Oracle(tolerant(), 3)
    with pytest.raises(Stop):
        oracle.value(population)
    assert (oracle.failed, oracle.spent, ledger_of(oracle).status) == (2, 3, "budget")


def fails_at_zero(x):
    if x[0] == 0:
        raise RuntimeError("no slope")
    return 2 * x


@pytest.mark.parametrize("lockstep", [False, True])
def test_where_the_gradient_fails_the_evaluation_has(lockstep):
    oracle = Oracle(tolerant(gradient=fails_at_zero, order=1), 100, lockstep=lockstep)
    for x in (np.zeros(2), BAD):
        f, gradient = oracle.value_and_gradient(x)
        assert f == inf
        assert np.isnan(gradient).all()
    f, gradient = oracle.value_and_gradient(GOOD)
    assert f == 0.125
    np.testing.assert_array_equal(gradient, 2 * GOOD)
    assert (oracle.failed, oracle.spent, ledger_of(oracle).best) == (2, 9, 0.125)


@pytest.mark.parametrize("lockstep", [False, True])
def test_value_and_gradient_at_once_are_asked_once(lockstep):
    asked = []

    def both(x):
        asked.append(x.copy())
        return np.concatenate([[fragile(x)], 2 * x])

    oracle = Oracle(tolerant(gradient=slope, both=both, order=1, vectorised=False), 100, lockstep=lockstep)
    f, gradient = oracle.value_and_gradient(GOOD)
    assert f == 0.125
    np.testing.assert_array_equal(gradient, 2 * GOOD)
    assert oracle.value_and_gradient(BAD)[0] == inf
    assert (len(asked), oracle.failed, oracle.spent) == (2, 1, 6)
    with pytest.raises(ValueError, match="both must come with a gradient"):
        Objective(fragile, 2, both=both)


class Breaks(torch.autograd.Function):
    """The identity, whose slope fails where the first coordinate is beyond the edge."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        if (x[..., 0] > EDGE).any():
            raise RuntimeError("no slope")
        return g


@pytest.mark.parametrize("vectorised", [False, None, True])
@pytest.mark.parametrize("lanes", [0, 3])
def test_where_torch_cannot_differentiate_one_point_that_one_fails_alone(vectorised, lanes):
    def formula(x):
        return (Breaks.apply(x) ** 2).sum(-1)

    problem = tolerant(formula, arrays="torch", order=2, vectorised=vectorised)
    oracle = Oracle([problem] * lanes if lanes else problem, 100, seed=list(range(lanes)) or 0, arrays="torch")
    x = torch.tensor(np.stack([GOOD, BAD, GOOD]))
    f, gradient = oracle.value_and_gradient(x)
    np.testing.assert_array_equal(f, [0.125, inf, 0.125])
    np.testing.assert_array_equal(gradient, [[0.5, 0.5], [np.nan, np.nan], [0.5, 0.5]])
    assert [ledger_of(oracle, lane).failed for lane in range(max(lanes, 1))] == ([0, 1, 0] if lanes else [1])
    if not lanes:
        assert torch.isnan(oracle.hessian_vector(torch.tensor(BAD), torch.tensor(GOOD))).all()
        np.testing.assert_allclose(oracle.hessian_vector(torch.tensor(GOOD), torch.tensor(GOOD)), 2 * GOOD)
        assert oracle.failed == 2


def residuals_of(x):
    if (x[..., 0] > EDGE).any():
        raise RuntimeError("the solver did not converge")
    return x - 0.1


@pytest.mark.parametrize("points", [(), (3,)])
def test_residuals_and_their_jacobian(points):
    options = {"residuals": residuals_of, "arrays": "any", "order": 1}
    oracle = Oracle(tolerant(lambda x: (residuals_of(x) ** 2).sum(-1), **options), 100)
    oracle.residuals_and_jacobian(GOOD)  # tells how many there are
    x = np.tile(GOOD, (*points, 1))
    x[(1,) if points else ()] = BAD
    bad = (1,) if points else ()
    assert (oracle.residuals(x)[bad] == inf).all()
    residuals, jacobian = oracle.residuals_and_jacobian(x)
    assert (residuals[bad] == inf).all()
    assert np.isnan(jacobian[bad]).all()
    assert np.isnan(oracle.jacobian(x)[bad]).all()
    assert oracle.failed == 3
    if points:
        np.testing.assert_allclose(residuals[0], GOOD - 0.1)
        np.testing.assert_allclose(jacobian[2], np.eye(2))


def test_residuals_that_were_never_seen_end_the_run():
    options = {"residuals": residuals_of, "arrays": "any", "order": 1}
    oracle = Oracle(tolerant(lambda x: (x * x).sum(-1), **options), 100)
    with pytest.raises(RuntimeError, match="did not converge"):
        oracle.residuals(BAD)
    assert ledger_of(oracle).status == "crashed"


def test_scores_and_metrics_that_fail_are_off_the_ledger_and_the_run_goes_on():
    def metric(x, scale):
        return fragile(x) * scale[0]

    problem = tolerant(
        lambda x, rows: fragile(x) + 0 * rows.sum(),
        data={"rows": np.ones(4)},
        test={"scale": np.full(1, 10.0)},
        metrics={"tenfold": metric},
        vectorised=False,
    )
    oracle = Oracle(problem, 10)
    for x in (BAD, BAD, GOOD, GOOD, GOOD):
        oracle.value(x)
        oracle.recommend(x)
    ledger = ledger_of(oracle)
    assert ledger.failed == 2
    *_, scores, metrics = np.array(ledger.events).T
    assert (ledger.events[0][-2], scores[1], scores[-1]) == (0.5, inf, 0.125)
    assert (metrics[0], metrics[-1]) == (5.0, 1.25)
    assert np.isnan(metrics[1])


def test_a_start_that_fails_has_the_value_inf():
    oracle = Oracle(tolerant(start=lambda rng: BAD), 5)
    ledger = ledger_of(oracle)
    assert (ledger.first, oracle.failed, ledger.events[0][-1]) == (inf, 0, inf)  # it is off the ledger
    assert "did not converge" in ledger.failure
    assert (oracle.value(oracle.x0), oracle.value(GOOD), oracle.failed) == (inf, 0.125, 1)


def test_where_every_evaluation_fails_the_run_spends_its_budget():
    oracle = Oracle(tolerant(start=lambda rng: BAD), 5)
    with oracle:
        while True:
            oracle.value(BAD)
    ledger = ledger_of(oracle)
    assert (ledger.failed, ledger.status, ledger.best, ledger.best_x) == (5, "budget", inf, None)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, type("OutOfMemoryError", (RuntimeError,), {})])
@pytest.mark.parametrize("points", [1, 3])
@pytest.mark.parametrize("order", [0, 1])
def test_what_says_nothing_of_the_point_goes_through(error, points, order):
    failing = []

    def formula(x):
        if failing:
            raise error
        return (x * x).sum()

    oracle = Oracle(tolerant(formula, gradient=slope, order=1), 99)
    failing.append(1)
    with pytest.raises(error):
        (oracle.value, oracle.gradient)[order](GOOD if points == 1 else np.stack([GOOD] * points))
    assert (oracle.failed, ledger_of(oracle).status) == (0, "crashed")


@pytest.mark.parametrize("points", [1, 3])
def test_a_solver_that_exits_has_failed(points):
    def formula(x):
        if x[0] > EDGE:
            raise SystemExit(1)
        return (x * x).sum()

    oracle = Oracle(tolerant(formula), 99)
    x = BAD if points == 1 else np.stack([GOOD, BAD, GOOD])
    assert np.max(oracle.value(x)) == inf
    assert oracle.failed == 1


@pytest.mark.parametrize("lockstep", [False, True])
@pytest.mark.parametrize("order", [0, 1])
def test_nan_at_a_point_that_is_not_finite_is_the_methods_fault(lockstep, order):
    oracle = Oracle(tolerant(lambda x: (x * x).sum(), gradient=slope, order=1), 99, lockstep=lockstep)
    with pytest.raises(Stop):
        (oracle.value, oracle.gradient)[order](np.full(2, np.nan))
    assert (oracle.failed, ledger_of(oracle).status) == (0, "diverged")


def test_infinity_is_an_answer_and_no_failure():
    oracle = Oracle(tolerant(lambda x: inf, gradient=slope, order=1), 99)
    assert oracle.value(GOOD) == inf
    np.testing.assert_array_equal(oracle.gradient(GOOD), 2 * GOOD)
    assert oracle.failed == 0


def test_a_formula_of_numpy_alone_is_asked_there_and_not_counted_as_failing():
    problem = tolerant(lambda x: fragile(x.astype(np.float64)), arrays="any", order=1)
    oracle = Oracle(problem, 100, arrays="torch")
    assert oracle.value(torch.tensor(GOOD)) == 0.125
    assert oracle.value(torch.tensor(BAD)) == inf
    assert oracle.failed == 1
    with pytest.raises(ValueError, match="takes NumPy alone, so that torch cannot differentiate it"):
        oracle.gradient(torch.tensor(GOOD))
    assert ledger_of(oracle).status == "crashed"


def test_a_formula_of_torch_that_failed_is_not_taken_for_one_of_numpy():
    calls = []

    def flaky(x):
        calls.append(1)
        if len(calls) % 5 == 0:
            raise RuntimeError("at random")
        return (x * x).sum(-1)

    oracle = Oracle(tolerant(flaky, arrays="any", order=1, vectorised=False), 1000, arrays="torch")
    values = [float(oracle.value_and_gradient(torch.tensor(GOOD))[0]) for _ in range(40)]
    assert oracle.failed == values.count(inf) == 8


def test_noise_and_population_fail_point_by_point():
    problem = tolerant(
        lambda x, noise: fragile(x) + (0 if noise is None else noise),
        noise=lambda rng, shape: rng.standard_normal(shape),
        vectorised=False,
    )
    oracle = Oracle(problem, 100)
    values = oracle.value(np.stack([GOOD, BAD, GOOD]))
    assert values[1] == inf
    assert np.isfinite(values[[0, 2]]).all()
    assert oracle.failed == 1


def test_an_episode_that_fails():
    def network(x, inputs):
        return (inputs * x[..., None, :]).sum(-1, keepdims=True)

    def play(x, e):
        if (x[..., 0] > EDGE).any():
            raise RuntimeError("it fell")
        inputs = np.ones((*e.shape[:-1], 2))
        return ((network(x, inputs) + e) ** 2)[..., 0], inputs

    problem = Objective(
        lambda x, noise=None: play(x, np.zeros((*x.shape[:-1], 3, 1)))[0].mean(-1),
        2,
        arrays="numpy",
        failures="nan",
        start=lambda rng: GOOD,
        noise=lambda rng, shape: np.zeros(shape),
        composite=Composite(network, lambda x, e, noise=None: play(x, e), outputs=1, steps=3),
    )
    oracle = Oracle(problem, 100)
    oracle.recommend(GOOD)
    e = np.zeros((2, 3, 1))
    costs, inputs = oracle.play(np.stack([GOOD, GOOD]), e)
    costs, inputs = oracle.play(np.stack([GOOD, BAD]), e)
    assert np.isfinite(costs[0]).all()
    assert (costs[1] == inf).all()
    assert np.isnan(inputs[1]).all()
    assert (oracle.failed, oracle.spent) == (1, 4)


def test_logarithmic_coordinates_and_their_first_failure():
    problem = tolerant(domain=Domain(0.1, 10.0, log=True), start=lambda rng: GOOD)
    oracle = Oracle(problem, 100)
    assert oracle.value(np.log(BAD)) == inf
    np.testing.assert_allclose(ledger_of(oracle).failed_at, np.log(BAD))


def test_failures_must_be_one_of_two():
    with pytest.raises(ValueError, match="failures must be one of raise, nan, got 'ignore'"):
        Objective(fragile, 2, failures="ignore")
