"""The toys: values from their sources or by hand, optima that are published, and pictures that show what they say."""

from math import cos, e, exp, pi, sin, sqrt

import numpy as np
import pytest
import torch

from bench.core import Objective
from bench.core.answers import Answers
from bench.core.registry import PROBLEMS, find_problem, load
from bench.problems.toys.plane import goldstein_price

load(("bench.problems",))
TOYS = sorted(name for name, definition in PROBLEMS.items() if definition.family == "toys")
BOXED = ["schwefel", "forrester", "mccormick", "eggholder", "hoelder-table"]
KINKED_AT_THE_OPTIMUM = [
    *("ackley", "schwefel-2-21", "schwefel-2-22", "alpine-1", "salomon", "bukin-6", "bartels-conn", "kinked-valley"),
    *("eggholder",),  # on a edge
]


def toy(name: str, **parameters: object) -> Objective:
    return find_problem(name).make(**parameters)


@pytest.mark.parametrize(
    ("name", "point", "value"),
    [
        ("rosenbrock", (-1.2, 1), 24.2),  # Moré, Garbow & Hillstrom 1981, as the next three
        ("powell-singular", (3, -1, 0, 1), 215),
        ("colville", (-3, -1, -3, -1), 19192),
        ("beale", (1, 1), 14.203125),
        ("dixon-price", (0, 0), 1),
        ("dixon-price", (1, 1, 1), 2 + 3),
        ("perm", (1, 1), (12 * 0.5) ** 2 + (12 * 0.75) ** 2),
        ("schwefel-1-2", (1, 2, 3), 1 + 9 + 36),
        ("schwefel-2-21", (1, -3), 3),
        ("schwefel-2-22", (1, -3, 2), 6 + 6),
        ("sum-of-different-powers", (0.5, -0.5), 0.25 + 0.125),
        ("zakharov", (1, 1), 2 + 1.5**2 + 1.5**4),
        ("trid", (0, 0), 2),
        ("trid", (1, 2, 3), 0 + 1 + 4 - 2 - 6),
        ("exponential", (1, 1), -exp(-1)),
        ("ackley", (1, 1), 20 * (1 - exp(-0.2))),
        ("ackley", (0.5, 0.5), 20 * (1 - exp(-0.1)) + e - exp(-1)),
        ("griewank", (2 * pi, 0), 4 * pi**2 / 4000),
        ("griewank", (pi, 0), pi**2 / 4000 + 2),
        ("levy", (5, 1), 1 + 10 * sin(2 * pi + 1) ** 2),
        ("levy", (1, 5), 1),
        ("schwefel", (0, 0), 0),
        ("schwefel", (pi**2 / 4, 0), -(pi**2) / 4),
        ("styblinski-tang", (1, 1), -10),
        ("michalewicz", (pi / 2, pi / 2), -(sin(pi / 4) ** 20) - 1),
        ("alpine-1", (pi / 2, -pi / 2), 1.1 * pi / 2 + 0.9 * pi / 2),
        ("salomon", (0.6, 0.8), 0.1),
        ("salomon", (0.5, 0), 2.05),
        ("schaffer-f6", (0, pi), 0.5 - 0.5 / (1 + 0.001 * pi**2) ** 2),
        ("qing", (0, 0), 5),
        ("forrester", (0,), 4 * sin(-4)),
        ("himmelblau", (0, 0), 170),
        ("branin", (0, 6), 20 - 10 / (8 * pi)),
        ("six-hump-camel", (1, 1), 4 - 2.1 + 1 / 3 + 1),
        ("three-hump-camel", (1, -1), 2 - 1.05 + 1 / 6),
        ("goldstein-price", (0, 0), 600),
        ("goldstein-price", (1, 1), 28 * 67),
        ("booth", (0, 0), 74),
        ("matyas", (1, 1), 0.04),
        ("mccormick", (0, 0), 1),
        ("mccormick", (1, 2), sin(3) + 1 - 1.5 + 5 + 1),
        ("easom", (0, 0), -exp(-2 * pi**2)),
        ("drop-wave", (0, pi / 6), -2 / (pi**2 / 72 + 2)),
        ("shubert", (0, 0), sum(j * cos(j) for j in range(1, 6)) ** 2),
        ("bohachevsky", (1, 1), 3.6),
        ("schaffer-2", (2, 2), 0.5 - 0.5 / 1.008**2),
        ("egg-crate", (pi, pi / 2), pi**2 * 1.25 + 25),
        ("levy-13", (0, 1), 1),
        ("levy-13", (1, 0), 1),
        ("trefethen", (0, 0), 1 + sin(60)),
        ("eggholder", (0, 0), -25.460337185286313),  # published at (0, 0)
        ("bukin-6", (-5, 0.25), 0.05),
        ("bukin-6", (-10, 0), 100),
        ("cross-in-tray", (0, 0), -1e-4),
        ("hoelder-table", (pi / 2, 0), -exp(0.5)),
        ("bartels-conn", (pi, 0), pi**2 + 1),
        ("bartels-conn", (pi / 2, -pi / 2), pi**2 / 4 + 1),
        ("foxholes", (0, 0), 12.670505812885985),  # published as the value at the centre
        ("ravine", (3, 3), sqrt(19) - 1),
        ("ravine", (1, -1), 100),
        ("double-well", (0,), 1),
        ("double-well", (-1,), -0.3),
        ("double-well-around", (0, 1), 0),
        ("double-well-around", (1, 1), 1.3),
        ("saddle", (1, 0), 0.75),
        ("saddle", (0, 2), 2.25),
        ("monkey-saddle", (1, 0), 1.75),
        ("monkey-saddle", (0.5, sqrt(0.75)), -0.25),
        ("kinked-valley", (-1, 1), 1),
        ("kinked-valley", (0, 1, 0), 0.25 + 2 + 1),
        ("plateau", (3, 4), 1 - exp(-12.5)),
        ("staircase", (0.4, -0.6), 1),
        ("staircase", (2.5, -1.4), 9 + 1),
    ],
)
def test_values_by_hand(name: str, point: tuple[float, ...], value: float) -> None:
    sized = "dim" in find_problem(name).parameters
    f = toy(name, **({"dim": len(point)} if sized else {})).f(point)
    assert f == pytest.approx(value, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize(
    ("name", "parameters", "x_opt", "f_opt"),
    [
        ("styblinski-tang", {"dim": 3}, [-2.903534] * 3, -39.16599 * 3),
        ("michalewicz", {}, [2.20, 1.57], -1.8013),
        ("michalewicz", {"dim": 5}, None, -4.687658),
        ("michalewicz", {"dim": 10}, None, -9.66015),
        ("schwefel", {"dim": 2}, [420.9687] * 2, -837.9658),
        ("trid", {"dim": 6}, [6, 10, 12, 12, 10, 6], -50),
        ("trid", {"dim": 10}, None, -210),
        ("dixon-price", {"dim": 3}, [1, 2**-0.5, 2**-0.75], 0),
        ("branin", {}, [pi, 2.275], 0.397887),
        ("six-hump-camel", {}, [0.0898, -0.7126], -1.0316),
        ("mccormick", {}, [-0.54719, -1.54719], -1.91322),
        ("cross-in-tray", {}, [1.3491, 1.3491], -2.06261),
        ("hoelder-table", {}, [8.05502, 9.66459], -19.2085),
        ("eggholder", {}, [512, 404.2319], -959.6407),
        ("shubert", {}, None, -186.7309),
        ("hartmann-3", {}, [0.114614, 0.555649, 0.852547], -3.86278),
        ("hartmann-6", {}, [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573], -3.32237),
        ("shekel", {"holes": 5}, [4, 4, 4, 4], -10.1532),
        ("shekel", {"holes": 7}, [4, 4, 4, 4], -10.4029),
        ("shekel", {"holes": 10}, [4, 4, 4, 4], -10.5364),
        ("langermann", {}, [2.00299219, 1.006096], -5.1621259),
        ("trefethen", {}, [-0.024403, 0.210612], -3.306868647475237),
        ("foxholes", {}, [-31.97833, -31.97833], 0.998003838),
        ("forrester", {}, [0.7572], -6.0207),
    ],
)
def test_optima_are_the_published_ones(
    name: str, parameters: dict[str, object], x_opt: list[float] | None, f_opt: float
) -> None:
    """To the digits that Surjanovic & Bingham 2013, Jamil & Yang 2013 and the sources print."""
    found = toy(name, **parameters)
    assert found.f_opt == pytest.approx(f_opt, rel=2e-5, abs=5e-5)
    if x_opt is not None:
        np.testing.assert_allclose(found.x_opt, x_opt, rtol=0, atol=7e-3 if name in ("michalewicz", "shekel") else 5e-4)


@pytest.mark.parametrize("name", [name for name in TOYS if name not in KINKED_AT_THE_OPTIMUM])
def test_optima_are_stationary_to_the_last_digits(name: str) -> None:
    """The gradient there is what the rounding of x_opt leaves: 1e-12 of the slopes around, or 1e-10."""
    found = toy(name, instance=2)
    ask = Answers(found, "numpy")
    around = ask.value_and_gradient(found.domain.sample(np.random.default_rng(0), (200, found.dim)))[1]
    assert np.abs(ask.value_and_gradient(found.x_opt)[1]).max() <= 1e-12 * max(1e2, np.abs(around).max())


@pytest.mark.parametrize("name", TOYS)
def test_shifted_instances_keep_their_optimum_in_the_box(name: str) -> None:
    for k in range(2, 8):
        found = toy(name, instance=k)
        rounding = 1e-12 * max(1, abs(found.f_opt))
        assert found.domain.contains(found.x_opt)
        assert found.f(found.x_opt) == pytest.approx(found.f_opt, rel=0, abs=rounding)
        points = found.domain.sample(np.random.default_rng(k), (2000, found.dim))
        assert found.f(points).min() >= found.f_opt - rounding
        assert np.abs(found.x_opt - toy(name).x_opt).max() > 1e-3


@pytest.mark.parametrize("name", BOXED)
def test_beyond_its_bounds_a_function_rises(name: str) -> None:
    """Also where the formula, continued, would go lower: shifted instances have such points in their box."""
    for k in (1, 2, 3):
        found = toy(name, instance=k)
        width = found.domain.high - found.domain.low
        box = (found.domain.low - 2 * width, found.domain.high + 2 * width)
        assert found.f(np.random.default_rng(k).uniform(*box, (50_000, found.dim))).min() >= found.f_opt
    edge = np.full(found.dim, found.domain.high) + found.constants["shift"]
    assert found.f(edge + 3.0) == pytest.approx(found.f(edge) + 3.0 * found.dim, rel=1e-12)


@pytest.mark.parametrize("name", ["rosenbrock", "rastrigin"])
def test_these_are_shifted_by_at_most_2(name: str) -> None:
    shifts = np.stack([toy(name, dim=5, instance=k).constants["shift"] for k in range(2, 40)])
    assert 1.8 < np.abs(shifts).max() <= 2
    assert not (1024 * shifts % 1).any()


def test_an_optimum_on_the_wall_is_only_shifted_inwards() -> None:
    shifts = np.stack([toy("eggholder", instance=k).constants["shift"] for k in range(2, 40)])
    assert -256 <= shifts[:, 0].min() < shifts[:, 0].max() <= 0
    assert 50 < shifts[:, 1].max() <= 512 - 404


def test_rosenbrock_has_its_gradient_in_closed_form() -> None:
    gradient = Answers(toy("rosenbrock"), "numpy").value_and_gradient(np.array([-1.2, 1.0]))[1]
    np.testing.assert_allclose(gradient, [-215.6, -88.0], rtol=1e-13)  # by hand


def test_rosenbrock_chains_neighbours() -> None:
    valley = toy("rosenbrock", dim=4)
    assert valley.f([0.0, 0.0, 0.0, 0.0]) == 3
    assert valley.f([1.0, 2.0, 4.0, 16.0]) == 100 * 1 + 0 + 1 + 9
    assert valley.f([1.0, 1.0, 1.0, 1.0]) == 0


@pytest.mark.parametrize("instance", [1, 2, 3])
def test_rosenbrock_starts_around_the_textbooks(instance: int) -> None:
    valley = toy("rosenbrock", dim=3, instance=instance)
    starts = np.stack([valley.first_point(np.random.default_rng(seed)) for seed in range(500)])
    away = starts - (valley.x_opt - 1.0) - [-1.2, 1.0, -1.2]
    assert np.abs(away).max() <= 1
    assert np.abs(away.mean(0)).max() < 0.1


def test_rastrigin_by_hand() -> None:
    dents = toy("rastrigin", dim=3)
    assert dents.f([0.0, 0.0, 0.0]) == 0
    assert dents.f([1.0, -2.0, 0.0]) == pytest.approx(5, rel=1e-13)  # the cosines are 1
    assert dents.f([0.5, 0.0, 0.0]) == pytest.approx(0.25 + 20, rel=1e-14)
    assert dents.f([0.25, 0.25, 0.25]) == pytest.approx(3 * (0.0625 + 10), rel=1e-14)


def test_goldstein_price_is_the_polynomial_as_printed() -> None:
    a, b = np.random.default_rng(0).uniform(-2, 2, (2, 100))
    first = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    second = 30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2)
    np.testing.assert_allclose(goldstein_price(np.stack([a, b], -1)), first * second, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "minima"),
    [
        ("himmelblau", [(-2.805118086952745, 3.131312518250573), (-3.779310253377747, -3.283185991286170)]),
        ("branin", [(-pi, 12.275), (3 * pi, 2.475)]),
        ("six-hump-camel", [(-0.08984201310031806, 0.7126564030207396)]),
        ("qing", [(1, -sqrt(2)), (-1, sqrt(2)), (-1, -sqrt(2))]),
        ("monkey-saddle", [(0.5, sqrt(0.75)), (0.5, -sqrt(0.75))]),
        ("saddle", [(0, -1)]),
        ("shubert", [(-7.708313735499348, -7.083506407651560), (5.482864206707843, 4.858056878859826)]),
    ],
)
def test_the_other_minima_are_as_deep(name: str, minima: list[tuple[float, float]]) -> None:
    np.testing.assert_allclose(toy(name).f(minima), toy(name).f_opt, rtol=1e-9, atol=1e-9)


def test_no_point_of_a_fine_grid_lies_below_michalewiczs_minimum() -> None:
    """The function is a sum over coordinates: each can be searched on its own."""
    z, i = np.linspace(0, pi, 400_001)[:, None], np.arange(1, 11)
    least = -(np.sin(z) * np.sin(i * z**2 / pi) ** 20).max(0)
    found = toy("michalewicz", dim=10)
    each = -np.sin(found.x_opt) * np.sin(i * found.x_opt**2 / pi) ** 20
    assert (each <= least).all()
    np.testing.assert_allclose(each, least, atol=1e-8)


def descend(found: Objective, x: np.ndarray, rate: float, steps: int) -> np.ndarray:
    ask = Answers(found, "numpy")
    for _ in range(steps):
        x = x - rate * ask.value_and_gradient(x)[1]
    return x


def test_a_second_parameter_leads_around_the_hill() -> None:
    line, plane = toy("double-well"), toy("double-well-around")
    a = np.linspace(-2, 2, 41)
    np.testing.assert_allclose(plane.f(np.stack([a, 0 * a], -1)), line.f(a[:, None]), rtol=1e-14)
    start = plane.first_point(np.random.default_rng(0))
    stuck, around = descend(line, start[:1], 0.02, 3000), descend(plane, start, 0.02, 3000)
    assert stuck[0] > 0.9
    assert line.f(stuck) > line.f_opt + 0.5
    assert plane.f(around) == pytest.approx(plane.f_opt, abs=1e-9)


@pytest.mark.parametrize("tilt", [0.0, 0.3, 1.5])
def test_the_deeper_well_is_where_the_derivative_vanishes(tilt: float) -> None:
    """4 z^3 - 4 z + tilt = 0 has three roots: the least is the deeper well, the largest the other."""
    roots = np.sort(np.roots([4, 0, -4, tilt]).real)
    well = toy("double-well", tilt=tilt)
    assert well.x_opt[0] == pytest.approx(roots[0], rel=1e-12)
    assert well.f(roots[-1:]) >= well.f_opt - 1e-15


def test_gradient_descent_is_held_up_at_the_saddle() -> None:
    found = toy("saddle", dim=4, down=2)
    x = found.first_point(np.random.default_rng(0))
    early, late = descend(found, x, 0.1, 15), descend(found, x, 0.1, 300)
    assert found.f(early) > 0.45 * 2 * 0.5  # the saddle's height is 1/4 for each coordinate that leads down
    assert found.f(late) == pytest.approx(0, abs=1e-9)
    hessian = Answers(found, "numpy").hessian_vector(np.zeros((4, 4)), np.eye(4))
    np.testing.assert_array_equal(hessian, np.diag([1, 1, -1, -1]))


def test_at_the_monkey_saddle_slope_and_curvature_vanish() -> None:
    ask = Answers(toy("monkey-saddle"), "numpy")
    assert not ask.value_and_gradient(np.zeros(2))[1].any()
    assert not ask.hessian_vector(np.zeros((2, 2)), np.eye(2)).any()


def test_the_ravines_floor_is_flat_where_its_walls_are_steep() -> None:
    hessian = Answers(toy("ravine", steepness=1000), "numpy").hessian_vector(np.zeros((2, 2)), np.eye(2))
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian), [1, 1000], rtol=1e-12)


def test_a_kinked_floor_answers_with_a_subgradient() -> None:
    """At (0, -1), on the floor, subgradients are (-1/2, s) with |s| <= 1, as the kink's slope in z_1 is 0 there."""
    slope = Answers(toy("kinked-valley"), "numpy").value_and_gradient(np.array([0.0, -1.0]))[1]
    assert slope[0] == -0.5
    assert abs(slope[1]) <= 1


def test_the_plateaus_slope_dies_out() -> None:
    found = toy("plateau", dim=1, width=0.5)
    slopes = Answers(found, "numpy").value_and_gradient(np.array([[1.0], [4.0]]))[1]
    np.testing.assert_allclose(slopes[:, 0], [4 * exp(-2), 16 * exp(-32)], rtol=1e-12)


def test_a_staircase_has_steps_of_the_width_that_was_asked() -> None:
    found = toy("staircase", dim=1, tread=0.5)
    np.testing.assert_array_equal(
        found.f(np.array([[-0.25], [0.2], [0.25], [0.74], [0.75], [-0.26]])), [0, 0, 1, 1, 4, 1]
    )


def test_golf_course_falls_by_equal_steps_towards_the_hole() -> None:
    course = toy("golf-course", dim=2, radius=0.5, terraces=3, width=0.25)
    distances = np.array([0, 0.5, 0.501, 0.75, 0.751, 1.0, 1.001, 1.25, 1.251, 4.0])
    for direction in ([1, 0], [0, -1]):  # along an axis, where the rims are met exactly
        heights = course.f(course.x_opt + distances[:, None] * np.array(direction))
        np.testing.assert_array_equal(heights, np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]) / 4)
    assert course.f(course.x_opt + 0.6) == 0.5  # at distance 0.85, on the second terrace


def test_golf_course_without_terraces_is_a_needle_in_a_haystack() -> None:
    course = toy("golf-course", terraces=0, radius=0.1)
    assert set(course.f(np.random.default_rng(0).uniform(-5, 5, (100_000, 2)))) == {0.0, 1.0}


@pytest.mark.parametrize("name", ["golf-course", "staircase"])
@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_steps_have_no_slope_anywhere(arrays: str, name: str) -> None:
    found = toy(name)
    rims = found.x_opt + np.array([[0.0, 0.0], [0.25, 0.0], [0.3, 0.0], [0.5, 0.0], [2.0, 0.0]])
    x = rims if arrays == "numpy" else torch.tensor(rims)
    ask = Answers(found, arrays)
    assert not np.asarray(ask.value_and_gradient(x)[1]).any()
    assert not np.asarray(ask.hessian_vector(x, x)).any()


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("rosenbrock", {"dim": 1}, "dim must be >= 2, got 1"),
        ("rastrigin", {"dim": 0}, "dim must be >= 1, got 0"),
        ("powell-singular", {"dim": 6}, "dim must be a multiple of 4, >= 4, got 6"),
        ("branin", {"dim": 3}, "branin has no parameter 'dim'"),
        ("shekel", {"holes": 6}, "holes must be one of 5, 7, 10, got 6"),
        ("ravine", {"steepness": 0}, "steepness must be positive and finite, got 0"),
        ("double-well", {"tilt": 1.6}, r"tilt must be >= 0 and below 8 / sqrt\(27\) = 1.5396, got 1.6"),
        ("saddle", {"down": 3}, "down must be >= 1 and <= 2, got 3"),
        ("plateau", {"width": float("inf")}, "width must be positive and finite, got inf"),
        ("staircase", {"tread": float("nan")}, "tread must be positive and finite, got nan"),
        ("golf-course", {"radius": 0}, "radius must be positive and finite, got 0"),
        ("golf-course", {"terraces": -1}, "terraces must be >= 0, got -1"),
    ],
)
def test_bad_parameters_are_named(name: str, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        toy(name, **wrong)
