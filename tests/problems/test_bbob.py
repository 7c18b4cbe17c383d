"""BBOB: equal to COCO's own programs, and its parts to their definitions."""

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from bench.core.answers import Answers
from bench.core.registry import PROBLEMS, find_problem, load
from bench.problems.bbob import generator
from bench.problems.bbob.transforms import asymmetric, conditioning, oscillate, outside

load(("bench.problems",))


# where COCO's own C code and its legacy formulas differ by more than 1e-12
TOLERANCES = {12: 1e-11, 16: 1e-10, 19: 1e-10, 20: 1e-10, 23: 1e-10}


@pytest.mark.parametrize("function", range(1, 25))
def test_functions_equal_those_of_coco(function: int) -> None:
    cocoex = pytest.importorskip("cocoex")
    where = f"dimensions: 2,3,5,10,20,40 function_indices: {function}"
    compared = 0
    for reference in cocoex.Suite("bbob", "instances: 1,5,41,71,99,110", where):
        dim, instance = reference.dimension, reference.id_instance
        ours = find_problem(f"bbob-f{function:02d}").make(dim=dim, instance=instance)
        rng = np.random.default_rng(instance)
        x = np.concatenate(
            [
                rng.uniform(-5, 5, (8, dim)),
                rng.uniform(-15, 15, (4, dim)),
                ours.x_opt + 1e-3 * rng.standard_normal((4, dim)),
                rng.integers(-5, 6, (4, dim)),
            ]
        )
        expected = np.array([reference(point) for point in x])
        size = np.maximum(np.abs(expected), np.abs(expected - ours.f_opt) + abs(ours.f_opt))
        for actual in (ours.f(x), ours.f(torch.tensor(x)).numpy()):
            assert (np.abs(actual - expected) / size).max() <= TOLERANCES.get(function, 1e-12)
        rounding = 1e-14 if function == 20 else 0  # f20's x_opt has ten digits
        assert abs(ours.f(ours.x_opt) - ours.f_opt) <= rounding
        assert abs(reference(ours.x_opt) - ours.f_opt) <= rounding
        compared += 1
    assert compared == 36


@pytest.mark.parametrize("number", range(101, 131))
def test_noisy_functions_equal_those_of_pycma(number: int) -> None:
    """Exactly without noise, point by point; with it in distribution, by Kolmogorov and Smirnov's test of two samples
    at a point far from the optimum and at one near it."""
    benchmarks = pytest.importorskip("cma.bbobbenchmarks")
    dim, instance, draws = 5, 3, 1000
    theirs = getattr(benchmarks, f"F{number}")(instance)
    ours = find_problem(f"bbob-noisy-f{number}").make(dim=dim, instance=instance)
    rng = np.random.default_rng(number)
    x = np.concatenate([rng.uniform(-6, 6, (10, dim)), ours.x_opt + 0.1 * rng.standard_normal((2, dim))])
    quiet = np.array([theirs._evalfull(point)[1] for point in x])
    np.testing.assert_allclose(ours.f(x), quiet, rtol=1e-11, atol=1e-11)
    assert ours.f(ours.x_opt) == ours.f_opt == theirs.fopt

    ask, state = Answers(ours, "numpy"), np.random.get_state()
    try:
        np.random.seed(number)  # the reference draws from NumPy's global stream
        for point in x[[0, -1]]:
            expected = [float(theirs.evaluate(point)) for _ in range(draws)]
            many = np.tile(point, (draws, 1))
            actual = ask.value(many, noise=ours.noise(rng, (draws,)))
            # most Cauchy numbers are 0: the same value many times, up to its last bits
            assert ks_2samp(actual.round(6), np.round(expected, 6), method="asymp").pvalue > 1e-4
    finally:
        np.random.set_state(state)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_noise_by_hand(kind: int) -> None:
    """The sphere at a distance of 3 from its optimum, in two dimensions, where alpha = 0.99 for uniform noise."""
    ours = find_problem(f"bbob-noisy-f{107 + kind}").make(dim=2)
    x = ours.x_opt + np.where(ours.x_opt > 0, -3.0, 3.0) * [1.0, 0.0]
    numbers, expected = [
        (np.array(-2.0), 9 * np.exp(-2)),
        (np.array([0.25, 0.5]), 9 * 0.25 * (1e9 / 9) ** (0.99 * 0.5)),
        (np.array(-400.0), 9 + 600),
    ][kind]
    ask = Answers(ours, "numpy")
    assert ask.value(x, noise=numbers) - ours.f_opt == pytest.approx(expected + 1.01e-8, rel=1e-12)
    near = ours.x_opt + 1e-5
    assert ask.value(near, noise=numbers) == ours.f(near)  # below 1e-8 there is no noise
    outside = np.array([8.0, 0.0])
    disturbed = ask.value(outside, noise=np.zeros_like(numbers)) - 100 * 9 - ours.f_opt
    value = ((outside - ours.x_opt) ** 2).sum()
    assert disturbed == pytest.approx([value, 0, value + 1000][kind] + 1.01e-8, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("number", "chance"), [(103, 0.05), (106, 0.05), (109, 0.2), (130, 0.2)])
def test_cauchy_noise_comes_now_and_then(number: int, chance: float) -> None:
    draw = find_problem(f"bbob-noisy-f{number}").make().noise
    share = (draw(np.random.default_rng(0), (100_000,)) != 0).mean()
    assert abs(share - chance) <= 5 * np.sqrt(chance * (1 - chance) / 100_000)


def test_offsets_are_those_of_the_published_instance_1() -> None:
    published = [79.48, -209.88, -462.09, -462.09, -9.21, 35.9, 92.94, 149.15, 123.83, -54.94, 76.27, -621.11]
    published += [29.97, -52.35, 1000.0, 71.35, -16.94, -16.94, -102.55, -546.5, 40.78, -1000.0, 6.87, 102.61]
    assert [generator.offset(function, 1) for function in range(1, 25)] == published


def test_congruence_is_park_and_millers() -> None:
    """Their check: 10,000 steps from 1 lead to 1043618065. The shuffle only reorders what the congruence gives."""
    assert pow(generator.MULTIPLIER, 10_000, generator.MODULUS) == 1043618065
    states = {pow(generator.MULTIPLIER, k, generator.MODULUS) for k in range(1, 10_041)}
    numbers = np.rint(generator.uniform(10_000, 1)[0] * generator.MODULUS).astype(int)
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
    np.testing.assert_allclose(outside(np.array([[5.0, -5.0, 0.0], [6.0, -8.0, 1.0]])), [0, 1 + 9])
    np.testing.assert_allclose(conditioning(3, 100.0), [1, np.sqrt(10), 10], rtol=1e-14)


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name.startswith("bbob-f") and name != "bbob-f23"])
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
