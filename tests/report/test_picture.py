"""Pictures of problems: of what, where, and into which files."""

import numpy as np
import pytest

from bench.core import Domain, Objective
from bench.report.picture import draw, plane


def bowl(x):
    return (x * x).sum(-1)


def test_in_two_dimensions_the_picture_is_the_box():
    center, first, second, reach = plane(Objective(bowl, 2, domain=Domain(np.array([-1.0, 0.0]), np.array([3.0, 8.0]))))
    np.testing.assert_array_equal(center, [1, 4])
    np.testing.assert_array_equal([first, second], np.eye(2))
    np.testing.assert_array_equal(reach, [2, 4])


def test_in_more_it_goes_through_the_least_point():
    center, first, second, _ = plane(Objective(bowl, 5, domain=Domain(-5.0, 5.0), x_opt=np.arange(5.0)))
    np.testing.assert_array_equal(center, np.arange(5))
    assert first @ second == pytest.approx(0)


@pytest.mark.parametrize("name", ["flat.png", "line.svg", "plane.pdf"])
def test_every_kind_of_problem_has_a_picture(tmp_path, name):
    made = {
        "flat.png": Objective(lambda x: 0 * x.sum(-1), 2, domain=Domain(-1.0, 1.0)),
        "line.svg": Objective(bowl, 1, x_opt=np.zeros(1), f_opt=0.0),
        "plane.pdf": Objective(lambda x: np.where(x[..., 0] > 0, np.nan, bowl(x)), 4, domain=Domain(-1.0, 1.0)),
    }
    assert draw(made[name], tmp_path / name).stat().st_size > 1000
    with pytest.raises(ValueError, match=r"nothing is written over"):
        draw(made[name], tmp_path / name)


@pytest.mark.parametrize("kinds", ["integer", "permutation", ("integer", "real", "real", "category")])
def test_walks_away_from_the_least_point(tmp_path, monkeypatch, kinds):
    """No coordinate is changed at distance 0, and a swap changes two."""
    drawn = {}
    monkeypatch.setattr(
        "matplotlib.axes.Axes.plot", lambda self, x, y, *_, **o: drawn.setdefault(o.get("label", "*"), x)
    )
    monkeypatch.setattr("matplotlib.axes.Axes.legend", lambda *_, **__: None)
    best = np.arange(4.0)
    domain = Domain(0, 3, kinds=kinds)
    draw(Objective(lambda x: abs(x - best).sum(-1), 4, domain, order=0, x_opt=best, f_opt=0.0), tmp_path / "walk.svg")
    assert set(drawn["median"]) == ({0, 2, 3, 4} if kinds == "permutation" else {0, 1, 2, 3, 4})


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .svg, .pdf, .png"):
        draw(Objective(bowl, 2), tmp_path / "picture.gif")
