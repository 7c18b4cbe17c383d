"""DeepOBS's quadratic: its construction, and the published figures (Schneider, Balles & Hennig 2019)."""

import numpy as np
import pytest

from bench.core import Oracle
from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from bench.problems import deepobs

load(("bench.problems",))
make = find_problem("quadratic-deep").make


def test_the_test_loss_at_the_start_is_the_published_one() -> None:
    start = make().first_point(np.random.default_rng(0))
    loss = Answers(make(), "numpy").metrics(start)["test_loss"]
    assert loss == pytest.approx(353.44676, abs=3e-5)  # computed in float32: numbers there are 3e-5 apart
    assert make().rows == 1000


def test_the_hessian_has_ninety_small_and_ten_large_eigenvalues() -> None:
    hessian = Answers(make(), "numpy").hessian_vector(np.ones((100, 100)), np.eye(100))
    spectrum = np.linalg.eigvalsh(hessian)
    drawn = np.random.RandomState(42).uniform(size=100)
    np.testing.assert_allclose(spectrum[:90], np.sort(drawn[:90]), rtol=0, atol=1e-12)
    np.testing.assert_allclose(spectrum[90:], np.sort(30 + 30 * drawn[90:]), rtol=1e-13)


@pytest.mark.parametrize("dim", [2, 3, 10])
def test_a_random_rotation_keeps_lengths_and_orientation(dim: int) -> None:
    rotation = deepobs.random_rotation(np.random.RandomState(0), dim)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(dim), atol=1e-13)
    assert np.linalg.det(rotation) == pytest.approx(1, rel=1e-12)


def test_the_loss_is_the_mean_over_the_points() -> None:
    problem = make()
    eigenvalues, axes = problem.constants["eigenvalues"], problem.constants["axes"]
    hessian, points = axes.T @ np.diag(eigenvalues) @ axes, problem.data["points"] @ axes
    x = np.random.default_rng(0).standard_normal(100)
    one_by_one = [0.5 * (x - point) @ hessian @ (x - point) for point in points]
    assert problem.f(x) == pytest.approx(np.mean(one_by_one), rel=1e-12)
    assert np.std(points) == pytest.approx(0.6, rel=0.01)
    np.testing.assert_allclose(problem.x_opt, points.mean(0), atol=1e-13)


@pytest.mark.parametrize(("sampling", "remainder"), [("same", False), ("shuffle", True)])
def test_epochs_are_as_deepobs_has_them_unless_it_is_said_otherwise(sampling: str, remainder: bool) -> None:
    chosen = {} if sampling == "same" else {"sampling": sampling, "remainder": remainder}
    oracle = Oracle(make(**chosen), budget=10, order=1)
    batches = oracle.minibatches(128)
    x = oracle.x0
    oracle.recommend(x)
    first, second = ([next(batches).value(x) for _ in range(8 if remainder else 7)] for _ in range(2))
    assert (first == second) == (sampling == "same")
    assert oracle.counts["value"] == 2 * (1000 if remainder else 896)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(deepobs.PUBLISHED))
def test_ten_seeds_end_where_the_published_ones_did(name: str) -> None:
    """Two means of ten seeds, whose batches differ, agree within three standard errors of their difference."""
    _, mean, deviation = deepobs.PUBLISHED[name]
    ours = deepobs.test_losses(name, "same")[1]
    assert abs(ours.mean() - mean) < 3 * np.hypot(ours.std(ddof=1), deviation) / np.sqrt(10)
    assert 0.4 < ours.std(ddof=1) / deviation < 2.5  # F(9, 9): the ratio squared is in (0.16, 6.3) with chance 0.99


@pytest.mark.slow
def test_shuffled_batches_end_elsewhere_with_momentum() -> None:
    _, mean, deviation = deepobs.PUBLISHED["momentum"]
    assert deepobs.test_losses("momentum", "shuffle")[1].mean() > mean + 10 * deviation
