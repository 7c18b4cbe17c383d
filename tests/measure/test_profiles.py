"""Profiles, the virtual best, scaling and simulated restarts on frames of a few rows, with answers by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.measure.comparison import Comparison, View
from bench.measure.ecdf import ecdf
from bench.measure.ert import ert
from bench.measure.profiles import data_profile, performance_profile
from bench.measure.restarts import restarted
from bench.measure.scaling import scaling
from bench.measure.virtual import virtual_best

inf, nan = np.inf, np.nan
NO_RUNS = [
    "run",
    "problem",
    "family",
    "dim",
    "instance",
    "seed",
    "optimizer",
    "order",
    "scored",
    "status",
    "budget",
    "cost",
]
NO_RUNTIMES = ["run", "kind", "target", "runtime", "spent"]


def results(*rows: tuple) -> View:
    """A view of runs and runtimes of one target each: (problem, dim, optimizer, order, runtime, spent)."""
    frame = pd.DataFrame(rows, columns=["problem", "dim", "optimizer", "order", "runtime", "spent"])
    frame = frame.assign(
        run=range(len(rows)),
        family="toys",
        instance=1,
        seed=range(len(rows)),
        scored=False,
        status="budget",
        kind="gap",
        target=1.0,
    )
    frame = frame.assign(budget=frame.spent, cost=frame.spent)
    return View(Comparison(frame[NO_RUNS]), frame[NO_RUNTIMES])


def table(*rows: tuple) -> pd.DataFrame:
    """A table of ERT: (problem, dim, optimizer, order, ert)."""
    frame = pd.DataFrame(rows, columns=["problem", "dim", "optimizer", "order", "ert"])
    return frame.assign(kind="gap", target=1.0, successes=np.isfinite(frame.ert.to_numpy(float)).astype(int))


def height(curves: pd.DataFrame, optimizer: str, at: str, x: float) -> float:
    """The last fraction of a curve at or before x."""
    return curves[(curves.optimizer == optimizer) & (curves[at] <= x)].fraction.iloc[-1]


THREE = (
    ("p", 2, "a", 0, 10.0, 10.0), ("q", 2, "a", 0, inf, 50.0), ("r", 5, "a", 0, 60.0, 60.0),
    ("p", 2, "b", 1, 40.0, 40.0), ("q", 2, "b", 1, 30.0, 30.0), ("r", 5, "b", 1, 60.0, 60.0),
)  # fmt: skip


# performance profiles


def test_performance_profile_by_hand():
    """Ratios of a: 1, unsolved, 1; of b: 4, 1, 1."""
    curves = performance_profile(results(*THREE))
    assert list(curves.columns) == ["optimizer", "order", "ratio", "fraction", "problems", "among"]
    assert [height(curves, "a", "ratio", x) for x in (1, 4)] == [2 / 3, 2 / 3]
    assert [height(curves, "b", "ratio", x) for x in (1, 3.9, 4)] == [2 / 3, 2 / 3, 1]
    assert set(curves.problems) == {3}
    assert set(curves.among) == {"a; b"}
    assert curves.ratio.min() == 1
    assert curves.ratio.max() == 4


def test_performance_profile_depends_on_who_is_there():
    """Without b, a is the best wherever it solves anything; q is solved by nobody, and stays unsolved."""
    curves = performance_profile(results(*THREE[:3]))
    assert set(curves.fraction) == {2 / 3}
    assert set(curves.ratio) == {1}


def test_performance_profile_counts_skips_as_unsolved():
    view = results(*THREE)
    view.runs.loc[4, "status"] = "skipped"  # b on q
    view.reached.loc[4, ["runtime", "spent"]] = inf, 0.0
    curves = performance_profile(view)
    assert height(curves, "b", "ratio", 4) == 2 / 3
    assert set(curves.problems) == {3}


def test_performance_profile_leaves_out_what_the_start_reached():
    curves = performance_profile(results(*THREE, ("s", 2, "a", 0, 0.0, 5.0), ("s", 2, "b", 1, 0.0, 5.0)))
    assert set(curves.problems) == {3}


def test_profiles_leave_out_what_has_no_known_cost():
    view = results(*THREE)
    view.reached.loc[4, ["runtime", "spent"]] = nan  # b on q: nobody known has solved it
    for profile in (performance_profile, data_profile):
        curves = profile(view)
        assert dict(zip(curves.optimizer, curves.problems, strict=True)) == {"a": 3, "b": 2}
        assert curves[curves.optimizer == "b"].fraction.iloc[-1] == 1


def test_a_problem_is_a_target_and_its_cost_the_ert():
    """Two runs of a, one of which fails after 30: an ERT of 40 against b's 20, the ratio is 2."""
    rows = [("p", 2, "a", 0, 10.0, 10.0), ("p", 2, "a", 0, inf, 30.0), ("p", 2, "b", 0, 20.0, 20.0)]
    curves = performance_profile(results(*rows))
    assert curves[(curves.optimizer == "a") & (curves.fraction == 1)].ratio.min() == pytest.approx(2)
    assert set(curves.problems) == {1}


# data profiles


def test_data_profile_by_hand():
    """ERT over dim + 1: of a 10 / 3, unsolved, 60 / 6; of b 40 / 3, 30 / 3, 60 / 6."""
    curves = data_profile(results(*THREE))
    assert list(curves.columns) == ["optimizer", "order", "cost", "fraction", "problems"]
    assert [height(curves, "a", "cost", x) for x in (10 / 3, 9.9, 14)] == [1 / 3, 1 / 3, 2 / 3]
    assert height(curves, "b", "cost", 9.9) == 0
    assert curves[(curves.optimizer == "b") & (curves.fraction >= 2 / 3)].cost.min() == pytest.approx(10, rel=0.02)
    assert height(curves, "b", "cost", 14) == 1
    assert curves.cost.max() == pytest.approx(40 / 3)


def test_data_profile_does_not_depend_on_who_is_there():
    alone, both = data_profile(results(*THREE[:3])), data_profile(results(*THREE))
    for x in (10 / 3, 10):
        assert height(alone, "a", "cost", x * 1.02) == height(both, "a", "cost", x * 1.02)


@pytest.mark.parametrize("profile", [performance_profile, data_profile])
def test_profiles_of_nothing(profile):
    nothing = profile(results())
    assert len(nothing) == 0
    assert {"optimizer", "order", "fraction", "problems"} <= set(nothing.columns)
    unsolved = profile(results(("p", 2, "a", 0, inf, 10.0)))
    assert set(unsolved.fraction) == {0}


# the virtual best


def test_virtual_best_by_hand():
    best = virtual_best(
        table(("p", 2, "a", 0, 30.0), ("p", 2, "b", 0, 10.0), ("p", 2, "c", 1, 20.0), ("p", 2, "d", 1, inf))
    )
    answer = {(row.among, row.optimizer): (row.best, row.by, row.gap) for row in best.itertuples()}
    assert answer == {
        ("all", "a"): (10, "b", 3),
        ("all", "b"): (10, "b", 1),
        ("all", "c"): (10, "b", 2),
        ("all", "d"): (10, "b", inf),
        ("0", "a"): (10, "b", 3),
        ("0", "b"): (10, "b", 1),
        ("1", "c"): (20, "c", 1),
        ("1", "d"): (20, "c", inf),
    }


def test_virtual_best_where_nobody_or_the_start_reached_the_target():
    best = virtual_best(
        table(("p", 2, "a", 0, inf), ("p", 2, "b", 0, nan), ("q", 2, "b", 0, 0.0), ("q", 2, "a", 0, 0.0))
    )
    best = best[best.among == "all"].set_index(["problem", "optimizer"])
    assert (best.loc[("p", "a"), "best"], best.loc[("p", "a"), "by"]) == (inf, "")
    assert np.isnan(best.loc["p", "gap"].astype(float)).all()
    assert (best.loc[("q", "b"), "best"], best.loc[("q", "b"), "by"]) == (0, "a")
    assert list(best.loc["q", "gap"]) == [1, 1]


def test_virtual_best_where_an_ert_is_not_known():
    best = virtual_best(table(("p", 2, "a", 0, nan), ("p", 2, "b", 0, 5.0)))
    best = best[best.among == "all"].set_index("optimizer")
    assert best.loc["b", "gap"] == 1
    assert np.isnan(best.loc["a", "gap"])
    assert len(virtual_best(table())) == 0


# scaling


def test_scaling_recovers_a_power():
    """ERT = 7 dim^1.5."""
    rows = [("p", dim, "a", 0, 7 * dim**1.5) for dim in (2, 4, 8, 16)]
    (row,) = scaling(table(*rows)).itertuples()
    assert row.exponent == pytest.approx(1.5)
    assert row.factor == pytest.approx(7)
    assert row.error == pytest.approx(0, abs=1e-9)
    assert (row.dims, row.used, row.unsolved) == (4, "2, 4, 8, 16", "")


def test_scaling_equals_scipy():
    rng = np.random.default_rng(1)
    dims, groups = (2, 3, 5, 10, 20), [("p", "a"), ("p", "b"), ("q", "a")]
    rows = [(p, dim, o, 0, float(dim ** rng.uniform(0, 3))) for p, o in groups for dim in dims]
    found = scaling(table(*rows)).set_index(["problem", "optimizer"])
    for p, o in groups:
        y = [np.log(ert) for q, _, r, _, ert in rows if (q, r) == (p, o)]
        fit = stats.linregress(np.log(dims), y)
        assert found.loc[(p, o), "exponent"] == pytest.approx(fit.slope)
        assert found.loc[(p, o), "error"] == pytest.approx(fit.stderr)
        assert found.loc[(p, o), "factor"] == pytest.approx(np.exp(fit.intercept))


def test_scaling_names_the_dims_that_it_does_not_use():
    rows = [("p", 2, "a", 0, 4.0), ("p", 3, "a", 0, 0.0), ("p", 10, "a", 0, nan), ("p", 20, "a", 0, inf)]
    (row,) = scaling(table(*rows, ("p", 40, "a", 0, inf), ("q", 2, "a", 0, 1.0))).itertuples()
    assert (row.problem, row.dims, row.used, row.unsolved) == ("p", 1, "2", "20, 40")
    assert np.isnan([row.exponent, row.error, row.factor]).all()


def test_scaling_gives_no_exponent_below_three_dims():
    (row,) = scaling(table(("p", 2, "a", 0, 4.0), ("p", 3, "a", 0, 9.0))).itertuples()
    assert row.dims == 2
    assert np.isnan(row.exponent)
    assert len(scaling(table())) == 0


def test_a_killed_run_does_not_make_a_dim_unsolved():
    """In seconds its cost is endless, and so is the ERT, though others reached the target."""
    killed = table(("p", 2, "a", 0, 4.0), ("p", 3, "a", 0, inf), ("p", 5, "a", 0, inf)).assign(successes=[5, 4, 0])
    (row,) = scaling(killed).itertuples()
    assert (row.used, row.unsolved) == ("2", "5")


# simulated restarts


def test_restarts_sum_what_was_spent_until_one_succeeds():
    """A run that succeeds after 3 and one that fails after 100: runtimes are 3, 103, 203, ... with halving shares."""
    view = results(("p", 2, "a", 0, 3.0, 3.0), ("p", 2, "a", 0, inf, 100.0))
    drawn = restarted(view, samples=20_000)
    assert list(drawn.columns) == NO_RUNTIMES
    failures = (drawn.runtime - 3) / 100
    assert (failures == failures.round()).all()
    for k in range(4):
        assert (failures == k).mean() == pytest.approx(0.5 ** (k + 1), abs=4 * np.sqrt(0.25 / 20_000))
    np.testing.assert_array_equal(drawn.run == 0, failures == 0)  # the first that was drawn


def test_the_mean_of_restarts_is_the_ert():
    view = results(*(("p", 2, "a", 0, *pair) for pair in ((5.0, 5.0), (9.0, 9.0), (inf, 20.0), (inf, 31.0))))
    drawn = restarted(view, samples=20_000).runtime
    (expected,) = ert(view).ert  # (5 + 9 + 20 + 31) / 2
    assert expected == 32.5
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(20_000))


def test_restarts_without_a_success_stay_unsolved_and_runs_that_all_succeed_are_themselves():
    view = results(("p", 2, "a", 0, inf, 9.0), ("p", 2, "b", 0, 4.0, 7.0), ("p", 2, "b", 0, 6.0, 7.0))
    drawn = restarted(view, samples=50)
    of_a = drawn.run == 0
    assert of_a.sum() == (~of_a).sum() == 50
    assert set(drawn.runtime[of_a]) == {inf}
    assert set(zip(drawn.run[~of_a], drawn.runtime[~of_a], strict=True)) == {(1, 4), (2, 6)}


def test_restarts_do_not_draw_skipped_runs_or_unknown_costs():
    view = results(*[("p", 2, "a", 0, 5.0, 5.0)] * 2, ("p", 2, "a", 0, nan, nan), ("q", 2, "a", 0, inf, 0.0))
    view.runs.loc[[1, 3], "status"] = "skipped"
    view.reached.loc[1, ["runtime", "spent"]] = inf, 0.0
    drawn = restarted(view, samples=50)
    assert set(drawn.run) == {0, 3}  # q has no others: unsolved, not left out
    assert set(drawn.runtime[drawn.run == 3]) == {inf}
    assert set(drawn.runtime[drawn.run == 0]) == {5}


def test_restarts_do_not_depend_on_neighbours_or_order():
    rows = [
        ("p", 2, "a", 0, 3.0, 3.0),
        ("p", 2, "a", 0, inf, 10.0),
        ("q", 2, "b", 0, inf, 9.0),
        ("q", 2, "b", 0, 4.0, 4.0),
    ]
    view = results(*rows)
    both = restarted(view)
    alone = restarted(View(Comparison(view.runs[:2]), view.reached[:2]))
    pd.testing.assert_frame_equal(both[both.run < 2], alone)
    pd.testing.assert_frame_equal(restarted(View(view.comparison, view.reached[::-1])), both)
    assert not restarted(view, seed=1).runtime.equals(both.runtime)
    with pytest.raises(ValueError, match="samples must be >= 1, got 0"):
        restarted(view, samples=0)
    assert len(restarted(results())) == 0


def test_ecdf_with_restarts():
    """Half the runs of a solve p, none solves q: with restarts all of p in the end, and still none of q."""
    rows = [("p", 2, "a", 0, 3.0, 3.0), ("p", 2, "a", 0, inf, 100.0), ("q", 2, "a", 0, inf, 100.0)]
    view = results(*rows)
    assert ecdf(view, ["problem"]).groupby("problem").fraction.max().to_dict() == {"p": 0.5, "q": 0}
    curves = ecdf(view, ["problem"], restarts=True)
    assert curves.groupby("problem").fraction.max().to_dict() == {"p": 1, "q": 0}
    assert curves.cost.max() > 100
