"""BBOB: equal to COCO's own programs, and its parts to their definitions."""

import numpy as np
import pytest
import torch

from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from problems.bbob import generator
from problems.bbob.transforms import asymmetric, conditioning, oscillate

load(("problems",))


@pytest.mark.parametrize("dim", [2, 5, 10, 40])
@pytest.mark.parametrize("function", [1, 8, 15])
def test_functions_equal_those_of_coco(function: int, dim: int) -> None:
    cocoex = pytest.importorskip("cocoex")
    suite = cocoex.Suite("bbob", "instances: 1-5, 71", f"dimensions: {dim} function_indices: {function}")
    for reference in suite:
        ours = find_problem(f"bbob-f{function:02d}").make(dim=dim, instance=reference.id_instance)
        rng = np.random.default_rng(reference.id_instance)
        x = np.concatenate(
            [
                rng.uniform(-5, 5, (50, dim)),
                rng.uniform(-15, 15, (20, dim)),  # outside, COCO answers by the same formula
                ours.x_opt + 1e-3 * rng.standard_normal((20, dim)),
                rng.integers(-5, 6, (10, dim)),
            ]
        )
        expected = np.array([reference(point) for point in x])
        size = np.maximum(np.abs(expected), np.abs(expected - ours.f_opt) + abs(ours.f_opt))
        for actual in (ours.f(x), ours.f(torch.tensor(x)).numpy()):
            assert (np.abs(actual - expected) / size).max() <= 1e-12
        assert ours.f(ours.x_opt) == ours.f_opt == reference(ours.x_opt)


def test_offsets_are_those_of_the_published_instance_1() -> None:
    published = [79.48, -209.88, -462.09, -462.09, -9.21, 35.9, 92.94, 149.15, 123.83, -54.94, 76.27, -621.11]
    published += [29.97, -52.35, 1000.0, 71.35, -16.94, -16.94, -102.55, -546.5, 40.78, -1000.0, 6.87, 102.61]
    assert [generator.offset(function, 1) for function in range(1, 25)] == published


def test_congruence_is_park_and_millers() -> None:
    """Their check: 10,000 steps from 1 lead to 1043618065. The shuffle only reorders what the congruence gives."""
    assert pow(generator.MULTIPLIER, 10_000, generator.MODULUS) == 1043618065
    states = {pow(generator.MULTIPLIER, k, generator.MODULUS) for k in range(1, 10_041)}
    numbers = np.rint(generator.uniform(10_000, seed=1) * generator.MODULUS).astype(int)
    assert len(set(numbers)) == 10_000
    assert set(numbers.tolist()) <= states


@pytest.mark.parametrize("dim", [2, 10, 40])
def test_rotations_are_orthogonal(dim: int) -> None:
    matrix = generator.rotation(dim, generator.instance_seed(15, 3))
    # the columns follow from one another, so that errors grow with the condition of the Gaussian matrix
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(dim), atol=1e-11)


def test_transformations_by_hand() -> None:
    np.testing.assert_allclose(oscillate(np.array([0.0, 1.0, -1.0])), [0, 1, -1])  # log 1 = 0: no ripple
    logarithms = np.array([1.0, -2.0])
    x = np.exp(logarithms)
    ripples = 0.049 * (np.sin([10.0, -20.0]) + np.sin([7.9, -15.8]))
    np.testing.assert_allclose(oscillate(x), np.exp(logarithms + ripples), rtol=1e-14)
    ripples = 0.049 * (np.sin([5.5, -11.0]) + np.sin([3.1, -6.2]))
    np.testing.assert_allclose(oscillate(-x), -np.exp(logarithms + ripples), rtol=1e-14)

    # exponents 1, 1 + 0.2 / 2 sqrt(4), 1 + 0.2 sqrt(9); what is not positive stays
    np.testing.assert_allclose(asymmetric(np.array([4.0, 4.0, 9.0]), 0.2), [4, 4**1.2, 9**1.6], rtol=1e-14)
    np.testing.assert_array_equal(asymmetric(np.array([-4.0, -4.0, 0.0]), 0.2), [-4, -4, 0])
    np.testing.assert_allclose(conditioning(3, 100.0), [1, np.sqrt(10), 10], rtol=1e-14)


@pytest.mark.parametrize("name", ["bbob-f01", "bbob-f08", "bbob-f15"])
def test_gradients_are_finite_where_logarithms_and_roots_are_not(name: str) -> None:
    objective = find_problem(name).make(dim=4)
    x = np.stack([objective.x_opt, objective.x_opt, np.zeros(4)])
    x[1, 2] += 1.0  # some coordinates of x - x_opt are 0 and some are not
    assert np.isfinite(Answers(objective, "numpy").value_and_gradient(x)[1]).all()
    assert np.isfinite(Answers(objective, "numpy").hessian_vector(x, np.ones_like(x))).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dim": 1}, r"dim must be in 2 \.\.\. 40, got 1"),
        ({"dim": 41}, r"dim must be in 2 \.\.\. 40, got 41"),
        ({"instance": 10**9}, r"instance must be in 1 \.\.\. \d+, got 1000000000"),
    ],
)
def test_bad_parameters_are_named(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_problem("bbob-f01").make(**wrong)
