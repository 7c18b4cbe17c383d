"""Discrete and mixed problems: equal to IOHexperimenter's and COCO's programs, to published optima, and to all others
that a search through all points finds."""

from itertools import permutations, product
from math import log10

import numpy as np
import pytest

from bench.core import Objective
from bench.core.registry import find_problem, load
from bench.problems.discrete.graphs import LABS
from bench.problems.discrete.knapsack import best_load
from bench.problems.discrete.layers import draws
from bench.problems.discrete.nk import contribution, landscape
from bench.problems.discrete.queens import peaceful
from bench.problems.discrete.tsp import burma, shortest

load(("bench.problems",))

LAYERS = ("dummy1", "dummy2", "neutrality", "epistasis", "ruggedness1", "ruggedness2", "ruggedness3")

# the number of IOH's function, and ours
PBO = {
    1: ("onemax", {}),
    2: ("leading-ones", {}),
    3: ("linear-bits", {}),
    **{4 + i: ("onemax", {"layer": layer}) for i, layer in enumerate(LAYERS)},
    **{11 + i: ("leading-ones", {"layer": layer}) for i, layer in enumerate(LAYERS)},
    19: ("ising", {"lattice": "ring"}),
    20: ("ising", {"lattice": "torus"}),
    21: ("ising", {"lattice": "triangular"}),
    22: ("independent-set", {}),
    23: ("queens-board", {}),
    24: ("concatenated-trap", {}),
}
SIZES = {20: (16, 64), 21: (16, 64), 22: (4, 18, 32), 23: (16, 25, 64), 24: (5, 20, 60)}


def make(name: str, **parameters: object) -> Objective:
    return find_problem(name).make(**parameters)


def strings(dim: int, count: int = 200) -> np.ndarray:
    """Random bits (count, dim) of all shares of ones, and some runs of leading ones."""
    rng = np.random.default_rng(dim)
    runs = np.tri(dim + 1, dim, -1)
    return np.concatenate([rng.random((count, dim)) < rng.random((count, 1)), runs, 1 - runs]).astype(float)


def all_bits(dim: int) -> np.ndarray:
    return np.array(list(product((0.0, 1.0), repeat=dim)))


def reference(function: int, dim: int):
    ioh = pytest.importorskip("ioh")
    return ioh.get_problem(function, instance=1, dimension=dim, problem_class=ioh.ProblemClass.PBO)


@pytest.mark.parametrize("function", PBO)
def test_functions_of_bits_equal_those_of_iohexperimenter(function: int) -> None:
    """f is what IOH's value lacks of the value of our optimum, which is IOH's greatest."""
    name, parameters = PBO[function]
    for dim in SIZES.get(function, (4, 5, 10, 11, 16, 33, 64)):
        theirs, ours = reference(function, dim), make(name, dim=dim, **parameters)
        assert ours.x_opt is not None
        best = theirs(ours.x_opt.astype(int).tolist())
        assert best == theirs.optimum.y
        x = strings(dim)
        values = np.array([theirs(row) for row in x.astype(int).tolist()])
        # IOH adds tenths one by one
        np.testing.assert_allclose(ours.f(x), best - values, rtol=0, atol=1e-12 if function == 24 else 0)


@pytest.mark.parametrize("dim", [4, 11, 24, 40])
def test_labs_has_iohs_merit_factor(dim: int) -> None:
    x, theirs = strings(dim), reference(18, dim)
    merits = [theirs(row) for row in x.astype(int).tolist()]
    np.testing.assert_allclose(dim**2 / 2 / make("labs", dim=dim).f(x), merits, rtol=1e-14)


def test_labs_by_hand_and_by_search() -> None:
    """Barker's 13: + + + + + - - + + - + - +, all autocorrelations 0 or 1."""
    assert make("labs", dim=13).f([1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1]) == 6 == LABS[13 - 3]
    for dim in range(3, 13):
        assert make("labs", dim=dim).f(all_bits(dim)).min() == make("labs", dim=dim).f_opt
    assert len(LABS) == 64
    assert make("labs", dim=66).f_opt == 257
    assert make("labs", dim=67).f_opt is None


@pytest.mark.parametrize("dim", [4, 16, 50])
def test_nk_landscape_equals_that_of_iohexperimenter(dim: int) -> None:
    """Its tables and neighbours, k = 1, are drawn from seeds that count up; a bit may be its own neighbour."""
    theirs, x = reference(25, dim), strings(dim)
    others = np.array([[int(draws(1, i + 1)[0] * dim)] for i in range(dim)])
    tables = np.array([draws(4, 2 * (i + 1)) for i in range(dim)])
    values = np.array([theirs(row) for row in x.astype(int).tolist()])
    ours = contribution(x, flip=np.zeros(dim), **landscape(tables, others))
    np.testing.assert_allclose(ours, -values, rtol=1e-14)


@pytest.mark.parametrize(("dim", "k"), [(2, 0), (2, 1), (5, 4), (9, 0), (9, 1), (9, 3), (10, 5)])
def test_nk_landscape_finds_its_optimum(dim: int, k: int) -> None:
    for instance in (1, 2, 3):
        ours = make("nk-landscape", dim=dim, k=k, instance=instance)
        assert ours.f_opt == ours.f(all_bits(dim)).min()
    assert make("nk-landscape", dim=dim, k=k, neighbours="random").f_opt is None
    assert make("nk-landscape", dim=14, k=9).f_opt is None


def test_nk_landscape_by_hand() -> None:
    """Three bits, k = 1: at (1, 0, 1) the windows are (1, 0), (0, 1) and, around the corner, (1, 1)."""
    ours = make("nk-landscape", dim=3, k=1)
    tables = np.random.default_rng(1).random((3, 4))
    assert ours.f([1, 0, 1]) == pytest.approx((tables[0, 1] + tables[1, 2] + tables[2, 3]) / 3, rel=1e-15)


def test_jump_by_hand() -> None:
    """Droste, Jansen & Wegener, n = 6 and a gap of 3: 0 zeros are best; 1 and 2 are worse than 3 and more."""
    x = 1 - np.tri(7, 6, -1)
    np.testing.assert_array_equal(make("jump", dim=6).f(x), [0, 8, 7, 3, 4, 5, 6])
    np.testing.assert_array_equal(make("jump", dim=6, gap=1).f(x), range(7))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [(name, parameters) for name, parameters in PBO.values() if name not in ("queens-board", "concatenated-trap")],
)
def test_instances_only_flip_bits(name: str, parameters: dict[str, str]) -> None:
    """Every instance takes the same values, each as often, and its optimum is where it says."""
    first, other = (make(name, dim=16 if name != "independent-set" else 10, instance=k, **parameters) for k in (1, 5))
    x = all_bits(first.dim)
    np.testing.assert_array_equal(np.sort(first.f(x)), np.sort(other.f(x)))
    assert first.f(x).min() == 0 == other.f(other.x_opt)


def test_formula_has_a_hidden_solution_and_its_complement() -> None:
    for instance in range(1, 6):
        ours = make("max-sat", dim=12, instance=instance)
        clauses = ours.constants["clauses"]
        assert clauses.shape == (51, 12)
        assert (np.abs(clauses).sum(-1) == 3).all()
        assert ours.f(ours.x_opt) == ours.f(1 - ours.x_opt) == 0
        x = strings(12, 20)
        for point, value in zip(x, ours.f(x), strict=True):
            true = [any(point[i] == (sign > 0) for i, sign in enumerate(clause) if sign) for clause in clauses]
            assert value == true.count(False)
    many = make("max-sat", dim=100, ratio=20.0)  # a random point fails one of eight clauses, but for what is hidden
    share = many.f(many.domain.sample(np.random.default_rng(0), (400, 100))).mean() / 2000
    assert share == pytest.approx(1 / 8, abs=0.005)


@pytest.mark.parametrize("correlation", ["none", "weak", "strong"])
def test_knapsack_is_packed_best(correlation: str) -> None:
    for instance in (1, 2, 3):
        ours = make("knapsack", dim=12, correlation=correlation, instance=instance)
        weights, values, capacity = (ours.constants[key] for key in ("weights", "values", "capacity"))
        x = all_bits(12)
        fits = x @ weights <= capacity
        assert ours.f_opt == -(x @ values)[fits].max()
        np.testing.assert_array_equal(ours.f(x)[fits], -(x @ values)[fits])
        np.testing.assert_array_equal(ours.f(x)[~fits], (x @ weights)[~fits] - capacity)
        assert (ours.f(x)[~fits] > 0).all()


def test_knapsack_by_hand() -> None:
    """The most valuable thing is too heavy, and the best pair leaves room."""
    np.testing.assert_array_equal(best_load(np.array([9, 4, 3, 2]), np.array([50, 9, 8, 3]), 8), [0, 1, 1, 0])


def test_queens_by_hand() -> None:
    ours = make("n-queens", dim=4)
    assert ours.f([0, 1, 2, 3]) == 6
    assert ours.f([1, 3, 0, 2]) == 0
    assert ours.f([0, 2, 1, 3]) == 2  # the corners, and the two in the middle
    counts = {
        n: (make("n-queens", dim=n).f(np.array(list(permutations(range(n))), float)) == 0).sum() for n in (4, 5, 6, 7)
    }
    assert counts == {4: 2, 5: 10, 6: 4, 7: 40}  # OEIS A000170


def test_queens_are_at_peace_on_every_board() -> None:
    for n in range(4, 80):
        rows, columns = peaceful(n), np.arange(n)
        for line in (rows, rows + columns, rows - columns):
            assert len(set(line.tolist())) == n
        assert sorted(rows) == list(columns)


def test_salesmans_tours() -> None:
    for instance in (1, 2, 3):
        ours = make("tsp", dim=7, instance=instance)
        everything = ours.f(np.array(list(permutations(range(7))), dtype=float))
        assert ours.f_opt == pytest.approx(everything.min(), rel=1e-14)
    assert make("tsp", dim=13).f_opt is None
    square = make("tsp", dim=4, cities="circle", instance=3)
    assert square.f_opt == pytest.approx(4 * np.sqrt(0.5), rel=1e-14)  # the square in a circle of diameter 1
    crossed = square.x_opt[[0, 2, 1, 3]]
    assert square.f(crossed) == pytest.approx(2 + 2 * np.sqrt(0.5), rel=1e-14)
    round_trip = make("tsp", dim=11, cities="circle", instance=4)
    distances = round_trip.constants["distances"].reshape(11, 11)
    assert round_trip.f(shortest(distances).astype(float)) == pytest.approx(round_trip.f_opt, rel=1e-14)
    assert round_trip.f_opt == pytest.approx(11 * np.sin(np.pi / 11), rel=1e-14)


def test_burma14_has_its_published_optimum() -> None:
    ours = make("tsp-burma14")
    assert ours.f(shortest(burma()).astype(float)) == 3323 == ours.f(ours.x_opt)
    assert burma()[0, 1] == 153  # 1 degree 26 minutes of the parallel at 16 degrees 47 minutes, rounded up
    other = make("tsp-burma14", instance=9)
    assert not np.array_equal(ours.x_opt, other.x_opt)


def test_assignments() -> None:
    """nug12's optimum is published; small ones are searched; hidden ones cannot be beaten."""
    nugent = make("qap-nug12")
    assert nugent.f_opt == 578 == make("qap-nug12", instance=4).f_opt
    everything = np.array(list(permutations(range(6))), dtype=float)
    for flows in ("planted", "random"):
        for instance in (1, 2):
            ours = make("qap", dim=6, flows=flows, instance=instance)
            assert ours.f_opt == ours.f(everything).min()
    assert make("qap", dim=8, flows="random").f_opt is None


def test_assignment_by_hand() -> None:
    ours = make("qap", dim=4, flows="random")  # on the corners of a square, which are 1 apart but for the diagonals
    flow = ours.constants["flow"].reshape(4, 4)
    assert ours.f([0, 1, 2, 3]) == flow.sum() + 2 * (flow[0, 3] + flow[1, 2])
    assert ours.f([0, 3, 2, 1]) == flow.sum() + 2 * (flow[0, 1] + flow[2, 3])
    np.testing.assert_array_equal(flow, flow.T)


TOLERANCES = {12: 1e-11, 16: 1e-10, 19: 1e-10, 23: 1e-10}  # as of the functions of real numbers


@pytest.mark.parametrize("function", range(1, 25))
def test_mixed_functions_equal_those_of_coco(function: int) -> None:
    cocoex = pytest.importorskip("cocoex")
    compared = 0
    where = f"dimensions: 5,10,20,40 function_indices: {function}"
    for theirs in cocoex.Suite("bbob-mixint", "instances: 1,2,3,8,15", where):
        ours = make(f"bbob-mixint-f{function:02d}", dim=theirs.dimension, instance=theirs.id_instance)
        np.testing.assert_array_equal(ours.domain.low, theirs.lower_bounds)
        np.testing.assert_array_equal(ours.domain.high, theirs.upper_bounds)
        assert ours.domain.kinds.count("integer") == theirs.number_of_integer_variables
        rng = np.random.default_rng(function)
        x = ours.domain.sample(rng, (20, ours.dim))
        x = np.concatenate([x, x[:5] + 3 * rng.standard_normal((5, ours.dim)), ours.x_opt[None]])
        expected = np.array([theirs(point) for point in x])
        size = np.maximum(np.abs(expected), np.abs(expected - ours.f_opt) + abs(ours.f_opt))
        assert (np.abs(ours.f(x) - expected) / size).max() <= TOLERANCES.get(function, 1e-12)
        compared += 1
    assert compared == 20


def test_classifier_by_scikit_learn() -> None:
    """Its own cross-validation, with the rows of each fold that the problem takes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    from bench.problems.discrete.tuning import rows

    inputs, targets = rows(2)
    assert inputs.shape == (150, 30)
    ours = make("tuning", instance=2)
    folds = PredefinedSplit(np.arange(150) % 3)
    for x, classifier in (
        ([0, 0, 0, 9, 0, 5], KNeighborsClassifier(9)),
        ([0, 0, 0, 9, 1, 5], KNeighborsClassifier(9, weights="distance")),
        ([1, 1, log10(0.02), 9, 0, 5], SVC(C=10, gamma=0.02)),
        ([2, -2, 0, 9, 0, 5], LogisticRegression(C=0.01, solver="liblinear")),
        ([3, 0, 0, 9, 0, 2], DecisionTreeClassifier(max_depth=2, random_state=0)),
    ):
        accuracy = cross_val_score(make_pipeline(StandardScaler(), classifier), inputs, targets, cv=folds).mean()
        assert ours.f(x) == pytest.approx(1 - accuracy, abs=1e-12)


def test_settings_of_other_classifiers_do_not_matter() -> None:
    ours, rng = make("tuning"), np.random.default_rng(0)
    for which, own in enumerate(([3, 4], [1, 2], [1], [5])):
        x = ours.domain.sample(rng, (6, 6))
        x[:, 0] = which
        x[:, own] = x[0, own]
        assert len(set(ours.f(x))) == 1


def test_points_that_are_not_whole_are_answered() -> None:
    """Bits and whole numbers are rounded and taken into their range; of other numbers the ranks are the permutation."""
    rng = np.random.default_rng(0)
    for name in ("onemax", "labs", "max-sat", "bbob-mixint-f03"):
        ours = make(name)
        x = ours.domain.sample(rng, (20, ours.dim))
        near = np.where(ours.domain.each("integer"), x + rng.uniform(-0.4, 0.4, x.shape), x)
        assert not ours.domain.contains(near).any()
        np.testing.assert_array_equal(ours.f(near), ours.f(x))
    for name in ("tsp", "qap", "n-queens"):
        ours = make(name)
        x = ours.domain.sample(rng, (20, ours.dim))
        np.testing.assert_array_equal(ours.f(np.exp(x / 3) - 5), ours.f(x))
        assert np.isfinite(ours.f(np.zeros(ours.dim)))
    assert make("onemax", dim=4).f([7.0, -3.0, np.inf, 1.0]) == 1
    assert np.isnan(make("onemax", dim=4).f([1.0, np.nan, 1.0, 1.0]))


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("onemax", {"dim": 2}, "dim must be >= 3, got 2"),
        ("onemax", {"layer": "fog"}, "layer must be one of none, dummy1, .*, got 'fog'"),
        ("jump", {"gap": 65}, "gap must be >= 1 and <= dim = 64, got 65"),
        ("concatenated-trap", {"dim": 12}, "dim must be a multiple of 5 and >= 5, got 12"),
        ("ising", {"dim": 12}, "dim must be >= 3, and a square unless lattice is ring, got 12"),
        ("independent-set", {"dim": 7}, "dim must be even and >= 4, got 7"),
        ("queens-board", {"dim": 9}, "dim must be a square >= 16, got 9"),
        ("n-queens", {"dim": 3}, "dim must be >= 4, got 3"),
        ("max-sat", {"ratio": 0}, "ratio must be positive and finite, got 0"),
        ("nk-landscape", {"dim": 5, "k": 5}, "k must be >= 0, <= 12 and < dim = 5, got 5"),
        ("knapsack", {"dim": 1001}, "dim must be >= 2 and <= 1000, got 1001"),
        ("bbob-mixint-f01", {"dim": 45}, "dim must be a multiple of 5 and >= 5 and <= 40, got 45"),
        ("bbob-mixint-f01", {"dim": 12}, "dim must be a multiple of 5 and >= 5 and <= 40, got 12"),
        ("tuning", {"folds": 1}, "folds must be >= 2 and <= 30, got 1"),
    ],
)
def test_bad_parameters_are_named(name: str, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(name, **wrong)
