"""Boxes, whole numbers and permutations."""

import numpy as np
import pytest

from bench.core import Domain

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
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Domain(**options)
