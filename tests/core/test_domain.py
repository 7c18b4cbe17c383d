"""Boxes, whole numbers and permutations."""

import numpy as np
import pytest

from bench.core import Domain, Objective, Oracle

MIXED = Domain(np.array([-1.0, 0.0, 0.0]), np.array([1.0, 4.0, 2.0]), kinds=("real", "integer", "category"))


def test_whole_coordinates_are_whole():
    assert MIXED.contains(np.array([0.5, 4.0, 0.0]))
    for outside in ([1.5, 4.0, 0.0], [0.5, 3.5, 0.0], [0.5, 4.0, 3.0], [0.5, np.nan, 0.0]):
        assert not MIXED.contains(np.array(outside))
    assert MIXED.all_kinds == {"real", "integer", "category"}
    assert (MIXED.real, Domain().real, Domain(0, 1, kinds=("real", "real")).real) == (False, True, True)


def test_samples_are_uniform_with_both_ends():
    x = MIXED.sample(np.random.default_rng(0), (5000, 3))
    assert MIXED.contains(x).all()
    shares = [np.unique(column, return_counts=True)[1] / 5000 for column in x.T]
    assert len(shares[0]) == 5000
    for share, number in zip(shares[1:], (5, 3), strict=True):
        assert len(share) == number
        assert (abs(share - 1 / number) < 5 * np.sqrt(1 / number / 5000)).all()


def test_scales_are_given_or_a_fifth_of_the_width_or_as_far_as_the_start():
    some = Domain(np.array([0.0, 1e5, -np.inf, 0.0]), np.array([1.0, 2e6, 3.0, np.inf]))
    start = np.array([0.5, 1e6, -7.0, 0.0])
    np.testing.assert_array_equal(some.scales(4, start), [0.2, 1.9e6 / 5, 7.0, 1.0])
    np.testing.assert_array_equal(some.scales(4), [0.2, 1.9e6 / 5, 1.0, 1.0])
    np.testing.assert_array_equal(Domain(0.0, 1.0, 0.5).scales(2), [0.5, 0.5])
    np.testing.assert_array_equal(Domain(scale=np.array([1.0, 9.0])).scales(2, start[:2]), [1.0, 9.0])


def test_an_oracle_tells_the_scale_of_each_coordinate():
    def f(x):
        return (x**2).sum(-1)

    given, begins = np.array([3.0, -1e6]), lambda rng: np.array([3.0, -1e6])
    assert Oracle(Objective(f, 2), 9).domain.scale.tolist() == [1.0, 1.0], "starts are drawn with it"
    for oracle in (Oracle(Objective(f, 2), 9, start=given), Oracle(Objective(f, 2, start=begins), 9)):
        assert oracle.domain.scale.tolist() == [3.0, 1e6]
    boxes = [Domain(0.0, np.array([5.0, 50.0])), Domain(0.0, np.array([5.0, 10.0]))]
    lanes = Oracle([Objective(f, 2, box) for box in boxes], 9, [0, 1], arrays="torch")
    assert np.asarray(lanes.scale).tolist() == [[1.0, 10.0], [1.0, 2.0]]
    with pytest.raises(ValueError, match=r"scale must be a number or have shape \(2,\)"):
        Objective(f, 2, Domain(scale=np.ones(3)))


def test_units_are_those_of_the_scale_and_bounds_stay_bounds():
    low, high = np.array([-0.7, 1e5]), np.array([0.3, 2e6])
    box = Objective(np.sum, 2, Domain(low, high, np.array([0.1, 7e4]))).box
    for bound in (low, high):
        assert box.contains(box.from_unit(box.to_unit(bound)))
    np.testing.assert_allclose(box.to_unit(np.array([0.2, 1.4e6])), [2.0, 20.0])
    np.testing.assert_allclose(box.from_unit(np.array([[9.0, 20.0]])), [[0.9, 1.4e6]])


def test_permutations():
    domain = Domain(0, 3, kinds="permutation")
    x = domain.sample(np.random.default_rng(0), (2400, 4))
    assert domain.contains(x).all()
    _, counts = np.unique(x, axis=0, return_counts=True)
    assert len(counts) == 24
    assert (abs(counts - 100) < 50).all()
    assert not domain.contains(np.array([0.0, 1.0, 1.0, 3.0]))
    assert not domain.contains(np.array([0.0, 1.0, 2.5, 3.0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": "bit"}, "kinds must be one of real, .*got 'bit'"),
        ({"low": 0, "high": 1, "kinds": ("real", "permutation")}, "one of the first three a coordinate"),
        ({"kinds": "integer"}, "low and high must be finite where numbers are whole"),
        ({"low": 1, "high": 0}, "low must be below high"),
        ({"low": 0, "high": 1, "kinds": "integer", "hard": False}, "hard must be True where numbers are whole"),
        ({"low": "0", "high": 1}, "low must be a number or an array of numbers, got '0'"),
        ({"low": None, "high": 1}, "low must be a number or an array of numbers, got None"),
        ({"low": 0, "high": 1j}, "high must be a number or an array of numbers, got 1j"),
        ({"scale": True}, "scale must be a number or an array of numbers, got True"),
        ({"hard": "no"}, "hard must be True or False, got 'no'"),
        ({"low": 1, "high": 2, "log": "no"}, "log must be True or False, or one of them a coordinate, got 'no'"),
        ({"low": 1, "high": 2, "log": (1, 0)}, "log must be True or False, or one of them a coordinate"),
        ({"low": -1e308, "high": 1e308}, "high - low must be a finite number"),
        ({"low": np.array([0.0, -1e308]), "high": np.array([np.inf, 1e308])}, "high - low must be a finite number"),
        ({"scale": 0.0}, "scale must be positive and finite"),
        ({"scale": np.array([1.0, np.inf])}, "scale must be positive and finite"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Domain(**options)


@pytest.mark.parametrize("log", [[True, False], np.array([True, False]), (np.True_, np.False_)])
def test_flags_of_coordinates_are_read_only_whatever_they_came_in(log):
    domain = Domain([1.0, 0.0], [2.0, 1.0], log=log, kinds=["real", "real"])
    assert domain.log == (True, False)
    assert domain.kinds == ("real", "real")
    assert Domain(1.0, 2.0, log=np.True_).log is True


@pytest.mark.parametrize("dim", [2.5, True, "2", None])
def test_a_dimension_is_a_whole_number(dim):
    with pytest.raises(ValueError, match="dim must be a whole number, got"):
        Objective(lambda x: x.sum(-1), dim)


def test_a_wide_box_whose_width_is_a_number_is_taken():
    domain = Domain(np.array([0.0, -np.inf]), np.array([1e308, 1e308]))
    assert domain.scales(2).tolist() == [2e307, 1.0]


def test_whole_numbers_that_floats_skip_are_refused():
    with pytest.raises(ValueError, match=r"high must be within 2\^53 where numbers are whole"):
        Domain(0.0, np.array([4.0, 2.0**53]), kinds=("real", "integer"))
    assert Domain(0.0, np.array([2.0**60, 2.0**53 - 1]), kinds=("real", "integer")).bounded
