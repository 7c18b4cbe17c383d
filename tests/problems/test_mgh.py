"""Moré, Garbow & Hillstrom: MINPACK's own runs on them, the paper's minima, and values by hand."""

import re
from math import exp, log, pi, sqrt

import numpy as np
import pytest
from scipy.optimize import minimize

from bench.core import Objective, Oracle
from bench.core.registry import PROBLEMS, find_problem, load
from bench.problems.mgh.__main__ import ROWS, Fit, levenberg_marquardt, main
from bench.problems.mgh.variable import equal_weight_nodes

load(("bench.problems",))

# from 10 or 100 times the start, or in many dimensions, the last bits of a sum can decide how many steps are taken
STEADY = {"rosenbrock", "helical-valley", "freudenstein-roth", "bard", "jennrich-sampson"}
DELICATE = ({"dim": 12}, {"dim": 30}, {"dim": 40})
FITS = [
    pytest.param(row.problem, row.parameters, 10.0**power, fit, id=f"{row.problem}-{row.parameters}-{10**power}")
    for row in ROWS
    if row.parameters not in DELICATE
    for power, fit in enumerate(row.published)
    if power == 0 or row.problem in STEADY
]


def make(name: str, **parameters: object) -> Objective:
    return find_problem(f"mgh-{name}").make(**parameters)


def standard_start(objective: Objective) -> np.ndarray:
    return objective.first_point(np.random.default_rng(0))


def test_all_35_are_there_once() -> None:
    ours = [item for item in PROBLEMS.values() if item.family == "mgh"]
    numbers = [int(re.match(r"\d+", item.function.__doc__ or "")[0]) for item in ours]
    assert sorted(numbers) == list(range(1, 36))
    assert all(item.make().residuals is not None for item in ours)


@pytest.mark.parametrize(("problem", "parameters", "start_factor", "published"), FITS)
def test_levenberg_marquardt_takes_the_steps_that_minpack_took(
    problem: str, parameters: dict[str, int], start_factor: float, published: Fit
) -> None:
    here, counts = levenberg_marquardt(problem, parameters, start_factor)
    assert (here.nfev, here.njev) == (published.nfev, published.njev)
    assert here.norm == pytest.approx(published.norm, rel=1e-7, abs=1e-12)
    dim = make(problem, **parameters).dim
    jacobians = here.njev + 1  # one more, for its shape
    residuals = here.nfev + 2  # two more, for theirs
    assert counts == {
        "value": residuals + jacobians,
        "gradient": 0,
        "hessian_vector": 0,
        "jacobian": jacobians * dim,
        "vjp": 0,
    }


def test_meyer_from_ten_times_the_start_ends_at_the_limit() -> None:
    """cminpack 1.3.6, lmddrvc.ref: 400 evaluations, 345 Jacobians, 799.40769; the last bits decide about the latter."""
    (published,) = [row.published[1] for row in ROWS if row.problem == "meyer"]
    assert published == Fit(400, 345, 799.40769)
    here, _ = levenberg_marquardt("meyer", {}, 10.0)
    assert here.nfev == published.nfev
    assert here.njev == pytest.approx(published.njev, abs=8)
    assert here.norm == pytest.approx(published.norm, rel=0.02)


def test_the_table_is_printed_beside_the_published_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.problems.mgh.__main__.ROWS", [row for row in ROWS if row.problem == "rosenbrock"])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].split() for line in lines[1:]] == [
        ["21/16", "0.0000000e+00"],
        ["8/5", "0.0000000e+00"],
        ["6/4", "0.0000000e+00"],
    ]
    assert all(line.split("|")[1] == line.split("|")[2] and "same" in line for line in lines[1:])


@pytest.mark.parametrize(
    ("name", "parameters", "printed"),
    [
        ("jennrich-sampson", {}, "124.362"),
        ("bard", {}, "8.21487e-3"),
        ("gaussian", {}, "1.12793e-8"),
        ("meyer", {}, "87.9458"),
        ("kowalik-osborne", {}, "3.07505e-4"),
        ("brown-dennis", {}, "85822.2"),
        ("osborne-1", {}, "5.46489e-5"),
        ("osborne-2", {}, "4.01377e-2"),
        ("watson", {"dim": 6}, "2.28767e-3"),
        ("watson", {"dim": 9}, "1.39976e-6"),
        ("watson", {"dim": 12}, "4.72238e-10"),
        ("penalty-1", {"dim": 4}, "2.24997e-5"),
        ("penalty-1", {"dim": 10}, "7.08765e-5"),
        ("penalty-2", {"dim": 4}, "9.37629e-6"),
        ("penalty-2", {"dim": 10}, "2.93660e-4"),
        ("linear-full-rank", {"dim": 5, "m": 8}, "3.00000"),  # m - dim
        ("linear-rank-1", {"dim": 5, "m": 10}, "2.14285"),  # 10 9 / (2 21)
        ("linear-rank-1-zeros", {"dim": 5, "m": 10}, "3.64705"),  # (100 + 30 - 6) / (2 17)
        ("chebyquad", {"dim": 8}, "3.51687e-3"),
    ],
)
def test_least_values_begin_with_the_digits_of_the_paper(name: str, parameters: dict[str, int], printed: str) -> None:
    objective = make(name, **parameters)
    digits, _, power = printed.partition("e")
    last_digit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
    assert objective.f_opt is not None
    assert -1e-12 <= objective.f_opt - float(printed) < last_digit
    if objective.x_opt is not None:
        assert objective.f(objective.x_opt) == pytest.approx(objective.f_opt, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5, 6, 7, 9, 13, 40])
@pytest.mark.parametrize(
    "name",
    ["discrete-boundary-value", "discrete-integral-equation", "broyden-tridiagonal", "broyden-banded", "trigonometric"],
)
def test_square_systems_are_solved(name: str, dim: int) -> None:
    objective = make(name, dim=dim)
    assert objective.f_opt == 0
    assert objective.f(objective.x_opt) <= 1e-26


def test_chebyquads_nodes_are_those_of_equal_weights() -> None:
    np.testing.assert_allclose(equal_weight_nodes(2), [(1 - 1 / sqrt(3)) / 2, (1 + 1 / sqrt(3)) / 2], rtol=1e-14)
    np.testing.assert_allclose(equal_weight_nodes(3), [(1 - sqrt(0.5)) / 2, 0.5, (1 + sqrt(0.5)) / 2], rtol=1e-14)
    for dim in (1, 2, 3, 4, 5, 6, 7, 9):
        nodes = make("chebyquad", dim=dim)
        assert nodes.f_opt == 0
        assert nodes.f(nodes.x_opt) <= 1e-24


def test_chebyquad_in_10_dimensions_goes_below_the_local_minimum_of_the_paper() -> None:
    nodes = make("chebyquad", dim=10)
    assert levenberg_marquardt("chebyquad", {"dim": 10}, 1.0)[0].norm ** 2 == pytest.approx(6.50395e-3, rel=2e-6)
    assert nodes.f(nodes.x_opt) == pytest.approx(nodes.f_opt, rel=1e-12)
    assert nodes.f_opt < 6e-3


@pytest.mark.parametrize(
    ("name", "local"), [("biggs-exp6", 5.65565e-3), ("trigonometric", 2.79506e-5), ("freudenstein-roth", 48.9842)]
)
def test_the_standard_start_leads_to_the_local_minimum_of_the_paper(name: str, local: float) -> None:
    oracle = Oracle(make(name, start="standard"), budget=1e5)
    options = {"gtol": 1e-9, "ftol": 0.0}
    found = minimize(oracle.value_and_gradient, oracle.x0, jac=True, method="L-BFGS-B", options=options)
    assert found.fun == pytest.approx(local, rel=2e-6)


HALF_NORMAL = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521)


@pytest.mark.parametrize(
    ("name", "parameters", "x", "value"),
    [
        ("powell-badly-scaled", {}, [0, 1], 1 + (exp(-1) - 0.0001) ** 2),
        ("brown-badly-scaled", {}, [1e6, 0], (2e-6) ** 2 + 4),
        ("beale", {}, [1, 1], 1.5**2 + 2.25**2 + 2.625**2),
        ("helical-valley", {}, [-1, 0, 0], 2500),
        ("helical-valley", {}, [0, 1, 0], 625),
        ("helical-valley", {}, [0, -1, 0], 625),
        ("helical-valley", {}, [-1, -1, 6.25], 100 * (sqrt(2) - 1) ** 2 + 6.25**2),  # theta is 5/8 of a turn, not -3/8
        ("gaussian", {}, [0, 1, 0], 2 * sum(y**2 for y in HALF_NORMAL) + 0.3989**2),
        ("gulf", {}, [1 / log(2), 0, 0], 2 * sum((k / 100) ** 2 for k in range(1, 50))),  # the exponential is 1/2
        ("wood", {}, [-3, -1, -3, -1], 19192),
        ("biggs-exp6", {"m": 6}, [1, 10, 1, 5, 4, 4], sum(exp(-0.8 * i) for i in range(1, 7))),
        ("extended-rosenbrock", {"dim": 4}, [-1.2, 1, -1.2, 1], 2 * 24.2),
        ("extended-powell-singular", {"dim": 8}, [3, -1, 0, 1, 3, -1, 0, 1], 2 * 215),
        ("penalty-1", {"dim": 4}, [1, 2, 3, 4], 1e-5 * (0 + 1 + 4 + 9) + (30 - 0.25) ** 2),
        (
            "penalty-2",
            {"dim": 2},
            [1, 2],
            0.8**2 + 1e-5 * (0 + (exp(0.2) - exp(-0.1)) ** 2) + (2 + 4 - 1) ** 2,
        ),
        ("variably-dimensioned", {"dim": 2}, [0.5, 0], 0.25 + 1 + 2.5**2 + 2.5**4),
        ("trigonometric", {"dim": 2}, [pi / 2, pi], (3 + 1 - 1) ** 2 + (3 + 4 - 0) ** 2),
        ("brown-almost-linear", {"dim": 3}, [1, 2, 3], 3**2 + 4**2 + 5**2),
        ("discrete-boundary-value", {"dim": 1}, [0], (1.5**3 / 8) ** 2),
        ("discrete-boundary-value", {"dim": 2}, [1, 2], ((7 / 3) ** 3 / 18) ** 2 + (3 + (11 / 3) ** 3 / 18) ** 2),
        (
            "discrete-integral-equation",
            {"dim": 2},
            [1, 2],
            (1 + (2 * (7 / 3) ** 3 + (11 / 3) ** 3) / 54) ** 2 + (2 + ((7 / 3) ** 3 + 2 * (11 / 3) ** 3) / 54) ** 2,
        ),
        ("broyden-tridiagonal", {"dim": 10}, [-1] * 10, 21),
        ("broyden-banded", {"dim": 8}, [1] * 8, sum((8 - 2 * k) ** 2 for k in (1, 2, 3, 4, 5, 6, 6, 5))),
    ],
)
def test_values_by_hand(name: str, parameters: dict[str, int], x: list[float], value: float) -> None:
    assert make(name, **parameters).f(x) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "factor", "expected"),
    [("rosenbrock", 1, [-1.2, 1]), ("rosenbrock", 100, [-120, 100]), ("watson", 1, [0] * 6), ("watson", 10, [10] * 6)],
)
def test_every_seed_may_start_at_a_multiple_of_the_standard_start(
    name: str, factor: int, expected: list[float]
) -> None:
    there = make(name, start="standard", start_factor=factor)
    around = make(name, start_factor=factor)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        np.testing.assert_array_equal(there.first_point(rng), expected)
        away = np.abs(around.first_point(rng) - expected)
        assert (away <= 0.05 * np.maximum(np.abs(expected), np.equal(expected, 0))).all()
        assert away.all()


def test_an_instance_moves_the_start_and_the_optimum_alike() -> None:
    first, second = (make("wood", start="standard", instance=k) for k in (1, 2))
    by = standard_start(second) - standard_start(first)
    assert 0 < np.abs(by).max() <= 2
    np.testing.assert_array_equal(second.x_opt, first.x_opt + by)
    x = np.random.default_rng(0).standard_normal((20, 4))
    np.testing.assert_allclose(second.f(x + by), first.f(x), rtol=1e-11)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("jennrich-sampson", {"m": 1}, "m must be >= 2, got 1"),
        ("gulf", {"m": 101}, r"m must be in 3 ... 100, got 101"),
        ("box-3d", {"m": 2}, "m must be >= 3, got 2"),
        ("brown-dennis", {"m": 3}, "m must be >= 4, got 3"),
        ("biggs-exp6", {"m": 5}, "m must be >= 6, got 5"),
        ("watson", {"dim": 1}, r"dim must be in 2 ... 31, got 1"),
        ("watson", {"dim": 32}, r"dim must be in 2 ... 31, got 32"),
        ("extended-rosenbrock", {"dim": 3}, "dim must be a positive multiple of 2, got 3"),
        ("extended-powell-singular", {"dim": 6}, "dim must be a positive multiple of 4, got 6"),
        ("broyden-banded", {"dim": 0}, "dim must be >= 1, got 0"),
        ("linear-full-rank", {"dim": 5, "m": 4}, "m must be >= 5, got 4"),
        ("linear-rank-1-zeros", {"dim": 2}, "dim must be >= 3, got 2"),
        ("chebyquad", {"dim": 3, "m": 2}, "m must be >= 3, got 2"),
        ("bard", {"start_factor": 0}, "start_factor must be positive and finite, got 0"),
        ("bard", {"start": "elsewhere"}, "start must be one of around, standard, got 'elsewhere'"),
    ],
)
def test_sizes_that_the_paper_does_not_allow_are_refused(
    name: str, parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(name, **parameters)
