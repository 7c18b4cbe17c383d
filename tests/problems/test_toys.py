"""The toys: values from their sources or by hand, and a golf course that tells a gradient nothing."""

import numpy as np
import pytest
import torch

from bench.core.answers import Answers
from bench.core.registry import find_problem, load

load(("problems",))


def test_rosenbrock_at_its_textbook_start() -> None:
    valley = find_problem("rosenbrock").make(dim=2)
    assert valley.f([-1.2, 1.0]) == pytest.approx(24.2, rel=1e-14)  # Moré, Garbow & Hillstrom 1981
    gradient = Answers(valley, "numpy").value_and_gradient(np.array([-1.2, 1.0]))[1]
    np.testing.assert_allclose(gradient, [-215.6, -88.0], rtol=1e-13)  # by hand


def test_rosenbrock_chains_neighbours() -> None:
    valley = find_problem("rosenbrock").make(dim=4)
    assert valley.f([0.0, 0.0, 0.0, 0.0]) == 3
    assert valley.f([1.0, 2.0, 4.0, 16.0]) == 100 * 1 + 0 + 1 + 9
    assert valley.f([1.0, 1.0, 1.0, 1.0]) == 0


@pytest.mark.parametrize("instance", [1, 2, 3])
def test_rosenbrock_starts_around_the_textbooks(instance: int) -> None:
    valley = find_problem("rosenbrock").make(dim=3, instance=instance)
    starts = np.stack([valley.first_point(np.random.default_rng(seed)) for seed in range(500)])
    away = starts - (valley.x_opt - 1.0) - [-1.2, 1.0, -1.2]
    assert np.abs(away).max() <= 1
    assert np.abs(away.mean(0)).max() < 0.1


def test_rastrigin_by_hand() -> None:
    dents = find_problem("rastrigin").make(dim=3)
    assert dents.f([0.0, 0.0, 0.0]) == 0
    assert dents.f([1.0, -2.0, 0.0]) == pytest.approx(5, rel=1e-13)  # the cosines are 1
    assert dents.f([0.5, 0.0, 0.0]) == pytest.approx(0.25 + 20, rel=1e-14)
    assert dents.f([0.25, 0.25, 0.25]) == pytest.approx(3 * (0.0625 + 10), rel=1e-14)


@pytest.mark.parametrize("name", ["rosenbrock", "rastrigin"])
def test_shifted_instances_keep_their_optimum_well_inside(name: str) -> None:
    for k in range(2, 20):
        toy = find_problem(name).make(dim=5, instance=k)
        assert toy.f(toy.x_opt) == 0
        assert toy.domain.contains(toy.x_opt - 2.5)
        assert toy.domain.contains(toy.x_opt + 2.5)


def test_golf_course_falls_by_equal_steps_towards_the_hole() -> None:
    course = find_problem("golf-course").make(dim=2, radius=0.5, terraces=3, width=0.25)
    distances = np.array([0, 0.5, 0.501, 0.75, 0.751, 1.0, 1.001, 1.25, 1.251, 4.0])
    for direction in ([1, 0], [0, -1]):  # along an axis, where the rims are met exactly
        heights = course.f(course.x_opt + distances[:, None] * np.array(direction))
        np.testing.assert_array_equal(heights, np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]) / 4)
    assert course.f(course.x_opt + 0.6) == 0.5  # at distance 0.85, on the second terrace


def test_golf_course_without_terraces_is_a_needle_in_a_haystack() -> None:
    course = find_problem("golf-course").make(terraces=0, radius=0.1)
    assert set(course.f(np.random.default_rng(0).uniform(-5, 5, (100_000, 2)))) == {0.0, 1.0}


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_golf_course_has_no_slope_anywhere(arrays: str) -> None:
    course = find_problem("golf-course").make()
    rims = course.x_opt + np.array([[0.0, 0.0], [0.25, 0.0], [0.3, 0.0], [0.5, 0.0], [2.0, 0.0]])
    x = rims if arrays == "numpy" else torch.tensor(rims)
    ask = Answers(course, arrays)
    assert not np.asarray(ask.value_and_gradient(x)[1]).any()
    assert not np.asarray(ask.hessian_vector(x, x)).any()


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("rosenbrock", {"dim": 1}, "dim must be >= 2, got 1"),
        ("rastrigin", {"dim": 0}, "dim must be >= 1, got 0"),
        ("golf-course", {"radius": 0}, "radius must be positive and finite, got 0"),
        ("golf-course", {"terraces": -1}, "terraces must be >= 0, got -1"),
    ],
)
def test_bad_parameters_are_named(name: str, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_problem(name).make(**wrong)
