"""Landscapes and paths: what of a run is kept, where and when its points were asked, what it had reached by then."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bench.core.ledger import PRICES, QUESTIONS
from bench.report.landscapes import AROUND, LONGEST, NOT_A_NUMBER, landscapes, thinned

COUNTS = dict.fromkeys((*QUESTIONS, "inside", "outside"), 0)
RUN = {
    "problem": "bowl", "dim": 2, "instance": 1, "optimizer": "a", "order": 1, "seed": 0, "f_opt": 1.0, "first": 9.0,
    "best": 2.0, "rows": 1, "lanes": 0, **COUNTS, "gradient": 3, "inside": 0.3, "outside": 0.6,
}  # fmt: skip
POINTS = np.array([[0.0, 0.0], [4.0, 8.0], [np.nan, 100.0]])


def grid(**changes):
    """f = 1 + 10^j at x_j, the same for all y."""
    f = 1 + 10.0 ** np.tile(np.arange(3.0), (3, 1))
    one = {"problem": "bowl", "parameters": {}, "instance": 1, "low": [0.0, 0.0], "high": [4.0, 4.0], "f": f}
    return {**one, **changes}


def make(runs, grids, points=POINTS):
    """Results of runs that asked three gradients: f is 9 at the start, 3 at the first point, NaN at the second."""
    frame = pd.DataFrame([{"run": n, **RUN, **row} for n, row in enumerate(runs)])
    table = pd.DataFrame([{**COUNTS, "gradient": n, "f": f} for n, f in enumerate([9.0, 3.0, np.nan])])
    return frame, SimpleNamespace(
        title=lambda problem, parameters: problem,
        grids=grids,
        prices=PRICES,
        points=lambda run: points,
        searched_x=lambda run: np.array([1.0, 2.0]),
        events=lambda some: pd.concat([table.assign(run=run) for run in some]),
    )


def test_heights_places_costs_and_what_was_reached():
    runs, results = make([{}], [grid()])
    data = landscapes(results, runs)
    view = data["landscape"]["views"][0]
    assert (view["problem"], view["kind"], view["base"], view["log"]) == ("bowl", "gap", 1.0, False)
    assert (view["bottom"], view["top"], view["star"], view["found"]) == (1.0, 100.0, [1.0, 2.0], 1.0)
    np.testing.assert_array_equal(data["landscape_z"][0], np.tile([0, round(9 / 99 * 65534), 65534], (3, 1)))
    places = data["landscape_x"] / 65534 * (1 + 2 * AROUND) - AROUND
    np.testing.assert_allclose(places[:2], [[0, 0], [1, 2]], atol=1e-4)
    assert data["landscape_x"][2].tolist() == [NOT_A_NUMBER, NOT_A_NUMBER - 1]  # NaN, and beyond all that is kept
    prices = data["landscape"]["prices"]
    np.testing.assert_array_equal(data["landscape_cost"][prices["cost"]], [3, 6, 9])
    np.testing.assert_array_equal(data["landscape_cost"][prices["gradients"]], [1, 2, 3])
    assert prices["passes"] == prices["gradients"]  # equal rows are there once
    np.testing.assert_allclose(data["landscape_cost"][prices["inside"]], [0, 0, 0.3], rtol=1e-3)  # known at the end
    np.testing.assert_array_equal(data["landscape_best"], [2, 2, 2])
    assert data["landscape"]["paths"] == [
        {"view": 0, "optimizer": "a", "seed": 0, "asked": 3, "begin": 0, "end": 3},
    ]


def test_a_gap_of_many_decades_is_drawn_on_a_log_scale():
    f = 1 + 10.0 ** np.tile([-6.0, -3.0, 0.0], (3, 1))
    runs, results = make([{}], [grid(f=f)])
    data = landscapes(results, runs)
    view = data["landscape"]["views"][0]
    assert view["log"] and (view["bottom"], view["top"]) == (pytest.approx(-6), 0)
    np.testing.assert_array_equal(data["landscape_z"][0, 0], [0, 32767, 65534])


def test_without_an_optimum_the_values_are_drawn():
    runs, results = make([{"f_opt": np.nan, "best": np.nan}], [grid(f=np.array([[np.nan, -2.0], [np.inf, 5.0]]))])
    data = landscapes(results, runs)
    view = data["landscape"]["views"][0]
    assert (view["kind"], view["bottom"], view["top"], view["star"]) == ("value", -2.0, 5.0, None)
    assert data["landscape_z"].tolist() == [[[NOT_A_NUMBER, 0], [NOT_A_NUMBER, 65534]]]
    np.testing.assert_array_equal(data["landscape_best"], [3, 3, 3])


def test_the_clock_of_a_lane_is_not_known():
    runs, results = make([{}, {"optimizer": "b", "lanes": 8}], [grid()])
    data = landscapes(results, runs)
    wall = data["landscape_cost"][data["landscape"]["prices"]["wall"]]
    assert np.isfinite(wall[:3]).all() and np.isnan(wall[3:]).all()


@pytest.mark.parametrize(
    ("runs", "grids"),
    [
        ([{}], []),
        ([{"dim": 3}], [grid()]),
        ([{"instance": 2}], [grid()]),
        ([{"gradient": 0}], [grid()]),  # never asked: skipped, say
        ([{}], [grid(f=np.full((3, 3), np.nan))]),
    ],
)
def test_nothing_to_draw(runs, grids):
    frame, results = make(runs, grids)
    assert landscapes(results, frame) == {}


def test_runs_without_points_have_no_path():
    frame, results = make([{}], [grid()], points=np.empty((0, 2)))
    assert landscapes(results, frame) == {}


def test_all_first_seeds_then_further_ones_while_there_is_room(monkeypatch):
    monkeypatch.setattr("bench.report.landscapes.MOST", 20)
    runs, results = make([{"optimizer": name, "seed": seed} for name in "ab" for seed in (7, 5, 6, 9)], [grid()])
    paths = landscapes(results, runs)["landscape"]["paths"]  # 3 points each: 6 a seed, so three seeds
    assert [(path["optimizer"], path["seed"]) for path in paths] == [
        (name, seed) for name in "ab" for seed in (5, 6, 7)
    ]


def test_the_first_instance_of_each_problem_and_no_more_views_than_are_shown(monkeypatch):
    monkeypatch.setattr("bench.report.landscapes.VIEWS", 2)
    names = ["bowl", "cup", "dish"]
    runs, results = make(
        [{"problem": name, "instance": instance} for name in names for instance in (3, 2)],
        [grid(problem=name, instance=instance) for name in names for instance in (3, 2)],
    )
    data = landscapes(results, runs)["landscape"]
    assert [(view["problem"], view["instance"]) for view in data["views"]] == [("bowl", 2), ("cup", 2)]
    assert data["views"][0]["caption"].endswith(" 1 other problem of two dimensions: no map.")


def test_a_long_path_keeps_its_first_and_last_point_and_its_improvements():
    kept = thinned(1000, np.array([0, 1, 40, 41, 997]), LONGEST)
    assert {1, 40, 41, 997, 1000} <= set(kept) and len(kept) <= LONGEST
    assert (np.diff(kept) > 0).all()
    assert thinned(5, np.array([0, 1, 2]), LONGEST).tolist() == [1, 2, 3, 4, 5]


def test_improvements_without_end_are_thinned_too():
    kept = thinned(1000, np.arange(1001), 30)
    assert len(kept) <= 30 and {1, 1000} <= set(kept)
