"""Every statistic on frames of a few rows, with answers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.measure import ecdf as distributions
from bench.measure import ert as expected
from bench.measure import runtimes as reached
from bench.measure import words
from bench.measure.comparison import Comparison, View
from bench.measure.convergence import convergence, fixed_budget
from bench.measure.progress import complete, progress, spent
from bench.measure.summaries import endings, failures
from bench.measure.targets import FRACTIONS, GAPS, targets
from bench.measure.verdicts import answers, winners

inf, nan = np.inf, np.nan

RUN = {
    "problem": "sphere", "family": "toys", "dim": 2, "instance": 1, "problem_order": 2, "scored": False,
    "optimizer": "a", "order": 0, "seed": 0, "budget": 100.0, "gap": 0.0, "status": "budget", "error": "",
    "f_opt": 0.0, "first": 1000.0, "best": 0.0, "final": 0.0, "rows": 1, "value": 0, "gradient": 0, "hessian_vector": 0,
    "cost": 0.0, "inside": 0.0, "outside": 0.0, "lanes": 0, "device": "cpu", "metrics": "",
}  # fmt: skip
EVENT = {"value": 0, "gradient": 0, "hessian_vector": 0, "inside": 0.0, "outside": 0.0}


def make_runs(*rows: dict) -> pd.DataFrame:
    """One run a dict of what differs from RUN, numbered from 0; complete."""
    return complete(pd.DataFrame([{"run": n, **RUN, **row} for n, row in enumerate(rows)]))


def make_trajectories(*events: tuple[int, dict, float]) -> pd.DataFrame:
    """One event a (run, counts, f)."""
    rows = [{"run": run, **EVENT, **counts, "f": f} for run, counts, f in events]
    return pd.DataFrame(rows, columns=["run", *EVENT, "f"])


def descents(*paths: list[tuple[int, float]]) -> pd.DataFrame:
    """One run a path of (values asked, f)."""
    return make_trajectories(*((run, {"value": n}, f) for run, path in enumerate(paths) for n, f in path))


def at(frame: pd.DataFrame, column: str, **where: object) -> object:
    """The one value of a column in the row that has these values."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    (answer,) = frame[column]
    return answer


def runtimes(runs: pd.DataFrame, events: pd.DataFrame, prices: object = None, **choice: object) -> pd.DataFrame:
    """The runtimes of these runs, from their events."""
    runs = complete(runs)
    return reached.runtimes(runs, reached.hits(runs, events, **choice), prices)


def ert(runs: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The ERT of these runs, from their events."""
    return expected.ert(View(Comparison(runs), runtimes(runs, events)))


def ecdf(runs: pd.DataFrame, events: pd.DataFrame, gaps: object = GAPS, **options: object) -> pd.DataFrame:
    """The ECDF of these runs, from their events."""
    return distributions.ecdf(View(Comparison(runs), runtimes(runs, events, gaps=gaps)), **options)


# progress


def test_cost_is_price_times_count_over_rows():
    runs = make_runs({"rows": 10, "value": 5, "gradient": 20, "hessian_vector": 10})
    assert spent(runs)[0] == (1 * 5 + 3 * 20 + 6 * 10) / 10
    assert spent(runs, {"gradient": 1})[0] == (5 + 20 + 6 * 10) / 10


def test_killed_run_is_charged_its_budget():
    assert spent(make_runs({"status": "killed", "value": 3}))[0] == 100


def test_progress_is_the_running_minimum_of_finite_values():
    runs = make_runs({})
    events = progress(runs, descents([(0, nan), (1, 9.0), (2, inf), (3, 12.0), (4, 7.0), (5, -inf)]))
    assert list(events.best) == [inf, 9, 9, 9, 7, 7]
    assert list(events.value) == [0, 1, 2, 3, 4, 5]


def test_progress_reads_only_the_runs_asked_for():
    runs = make_runs({}, {})
    assert set(progress(runs[runs.run == 1], descents([(0, 1.0)], [(0, 2.0)])).run) == {1}


def test_dim_of_a_skipped_run_is_that_of_its_problem():
    runs = complete(make_runs({"dim": 5}, {"dim": None}, {"problem": "other", "dim": None}))
    assert list(runs.dim) == [5, 5, 0]


def test_a_frame_without_its_columns_is_refused_with_their_names():
    with pytest.raises(ValueError, match=r"a frame of runs must have run, problem, .* it lacks order, status$"):
        Comparison(make_runs({}).drop(columns=["order", "status"]))
    with pytest.raises(ValueError, match=r"a frame of runtimes must have .* it lacks spent$"):
        View(Comparison(make_runs({})), runtimes(make_runs({}), descents([(0, 9.0)])).drop(columns="spent"))


# targets


def test_targets_with_known_optimum():
    asked = targets(make_runs({"f_opt": 3.0}), descents([(0, 10.0)]))
    assert list(asked.target) == list(GAPS)
    assert set(asked.kind) == {"gap"}
    assert at(asked, "f_target", target=1e-1) == 3.1


def test_targets_without_known_optimum():
    """f_best over both optimizers is 2; from 12 a tenth of the gain is left at 3, from 22 at 4."""
    runs = make_runs(
        {"f_opt": nan, "first": 12.0},
        {"f_opt": nan, "first": 22.0, "seed": 1},
        {"f_opt": nan, "first": 12.0, "optimizer": "b"},
    )
    asked = targets(runs, descents([(0, 12.0), (1, 6.0)], [(0, 22.0)], [(0, 12.0), (9, 2.0)]))
    assert set(asked.kind) == {"fraction"}
    assert sorted(asked.target.unique(), reverse=True) == list(FRACTIONS)
    assert at(asked, "f_target", run=0, target=0.1) == 3
    assert at(asked, "f_target", run=1, target=0.1) == 4
    assert at(asked, "f_target", run=2, target=0.1) == 3


def test_no_gap_is_asked_below_the_target_at_which_a_run_ends():
    runs = make_runs({"gap": 1e-2}, {"gap": 3e-3, "optimizer": "b"}, {"gap": nan, "optimizer": "c"})
    asked = targets(runs, descents([(0, 10.0)], [(0, 10.0)], [(0, 10.0)]))
    found = asked.groupby("run").target.agg(list)
    assert found[0] == [1e2, 1e1, 1e0, 1e-1, 1e-2]
    assert found[1] == [1e2, 1e1, 1e0, 1e-1, 1e-2, 3e-3]  # its own is one of them
    assert found[2] == list(GAPS)
    assert at(asked, "f_target", run=1, target=3e-3) == 3e-3
    table = targets(runs, descents([(0, 10.0)]), gaps=[1.0, 5e-3])
    assert table.groupby("run").target.agg(list).to_dict() == {0: [1.0], 1: [1.0, 5e-3], 2: [1.0, 5e-3]}


def test_a_target_above_all_gaps_is_the_only_one():
    assert list(targets(make_runs({"gap": 500.0}), descents([(0, 1e3)])).target) == [500.0]


def test_runs_without_a_target_are_asked_for_all_gaps():
    runs = complete(make_runs({}).drop(columns="gap"))
    assert list(targets(runs, descents([(0, 10.0)])).target) == list(GAPS)


def test_gaps_count_where_one_instance_never_began():
    """Every run of instance 2 was killed: nobody knows its optimum, and it is unsolved beside the gaps of the other."""
    runs = make_runs({"value": 4}, {"instance": 2, "status": "killed", "f_opt": nan, "first": nan, "budget": 50.0})
    row = ert(runs, descents([(0, 9.0), (4, 0.5)])).query("target == 1").iloc[0]
    assert (row.kind, row.ert, row.successes, row.runs) == ("gap", 54, 1, 2)


def test_no_gaps_where_an_instance_has_no_known_optimum():
    runs = make_runs({}, {"instance": 2, "f_opt": nan})
    events = descents([(0, 9.0), (1, 1.0)], [(0, 9.0), (1, 1.0)])
    assert set(targets(runs, events).kind) == {"fraction"}
    assert set(convergence(runs, events).kind) == {"value"}


def test_no_target_where_nobody_improved():
    asked = targets(make_runs({"f_opt": nan, "first": 5.0}), descents([(0, 5.0), (1, nan)]))
    assert asked.f_target.isna().all()
    assert np.isinf(runtimes(make_runs({"f_opt": nan, "first": 5.0}), descents([(0, 5.0)])).runtime).all()


def test_skipped_run_has_the_targets_of_its_problem():
    runs = make_runs({}, {"status": "skipped", "f_opt": nan, "first": nan, "optimizer": "b"})
    assert set(targets(runs, descents([(0, 1.0)])).kind) == {"gap"}


def test_targets_by_the_best_found_though_the_optimum_is_known():
    runs = make_runs({"first": 10.0}, {"first": 10.0, "optimizer": "b"})
    table = targets(runs, descents([(0, 10.0), (1, 6.0)], [(0, 10.0), (9, 2.0)]), fractions=[0.5], by="best")
    assert list(table.kind) == ["fraction", "fraction"]
    assert list(table.f_target) == [6, 6]


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"by": "luck"}, "'known' or 'best', got 'luck'"),
        ({"gaps": [1.0, -1.0]}, "gaps must be numbers >= 0, got -1"),
        ({"gaps": [nan]}, "got nan"),
        ({"fractions": [2.0]}, "fractions must be numbers >= 0 and <= 1, got 2.0"),
    ],
)
def test_wrong_choice_of_targets_is_named(choice, words):
    with pytest.raises(ValueError, match=words):
        targets(make_runs({}), descents([(0, 1.0)]), **choice)


# runtimes


def test_runtime_is_the_first_cost_at_or_below_the_target():
    table = runtimes(make_runs({}), descents([(0, 1000.0), (1, 50.0), (4, 10.0), (6, 10.0), (9, 0.05)]))
    assert at(table, "runtime", target=1e2) == 1
    assert at(table, "runtime", target=1e1) == 4  # 10 <= 10, and the first time counts
    assert at(table, "runtime", target=1e0) == 9
    assert at(table, "runtime", target=1e-1) == 9
    assert at(table, "runtime", target=1e-2) == inf


def test_runtimes_are_repriced():
    events = make_trajectories((0, {}, 1000.0), (0, {"value": 1, "gradient": 2, "hessian_vector": 1}, 0.0))
    runs = make_runs({})
    assert at(runtimes(runs, events), "runtime", target=1.0) == 1 + 2 * 3 + 6
    assert at(runtimes(runs, events, {"value": 0.5, "gradient": 1, "hessian_vector": 1}), "runtime", target=1.0) == 3.5


def test_runtime_on_data_is_in_full_evaluations():
    table = runtimes(make_runs({"rows": 4, "scored": True}), make_trajectories((0, {}, 9.0), (0, {"gradient": 2}, 0.0)))
    assert at(table, "runtime", target=1.0) == 1.5


def test_a_score_that_rises_again_keeps_its_runtime():
    table = runtimes(make_runs({"scored": True}), descents([(0, 9.0), (1, 0.5), (2, 20.0)]))
    assert at(table, "runtime", target=1.0) == 1


def test_run_without_events_is_unsolved():
    assert np.isinf(runtimes(make_runs({}), descents()).runtime).all()


# expected runtimes

FOUR = ([(0, 1e3), (10, 0.5)], [(0, 1e3), (30, 0.5)], [(0, 1e3)], [(0, 1e3), (20, 5.0)])


def four_runs(**more: object) -> pd.DataFrame:
    return make_runs(*({"seed": seed, "value": n, **more} for seed, n in enumerate((10, 40, 100, 50))))


def test_ert_charges_unsuccessful_runs():
    table = ert(four_runs(), descents(*FOUR))
    row = table[table.target == 1.0].iloc[0]
    assert (row.successes, row.runs) == (2, 4)
    assert row.ert == (10 + 30 + 100 + 50) / 2
    assert at(table, "ert", target=10.0) == (10 + 30 + 100 + 20) / 3
    assert at(table, "ert", target=0.1) == inf
    assert table.low.isna().all()  # four runs give no interval
    assert table.high.isna().all()


def five_equal(**more: object) -> pd.DataFrame:
    """ERT of five runs that spend 10 of their 100 and reach 0.5."""
    runs = make_runs(*({"seed": seed, "value": 10, "cost": 10.0, **more} for seed in range(5)))
    return ert(runs, descents(*[[(0, 1e3), (10, 0.5)]] * 5))


def test_ert_interval_of_equal_runs():
    """Let q be the 97.5 % quantile of a Gamma(1/2) over a Gamma(5), those of one run half and five whole ones. They
    spend 10 x Gamma(5); that run spends 100 more, or nothing and succeeds."""
    q = stats.betaprime(0.5, 5).ppf(0.975)
    row = five_equal().query("target == 1").iloc[0]
    assert (row.ert, row.successes, row.runs) == (10, 5, 5)
    assert row.high == pytest.approx(10 + 100 * q, rel=0.02)
    assert row.low == pytest.approx(10 / (1 + q), rel=0.02)
    row = five_equal().query("target == 0.1").iloc[0]
    assert (row.ert, row.high) == (inf, inf)
    assert row.low == pytest.approx(10 / q, rel=0.02)  # the one success is that of the half


def test_success_probability_has_a_lower_end():
    """Of Wilson: 5 / (5 + 1.96^2) for all of five, 0 for none; and 15/15 is at least 80 %."""
    table = five_equal().set_index("target")
    assert table.success[1.0] == pytest.approx(5 / (5 + 1.96**2), rel=1e-4)
    assert table.success[0.1] == 0
    assert round(15 / (15 + 1.96**2), 2) == 0.80


def test_n_of_n_says_how_sure_success_is():
    """15 / (15 + 1.96^2) = 80 %, 5 / (5 + 1.96^2) = 57 %; none below five runs."""
    assert words.reached(15, 15) == "15/15, success ≥ 80 %"
    assert [words.reached(*k) for k in ((14, 15), (4, 4), (0, 5))] == ["14/15", "4/4", "0/5"]
    assert words.all_solved(5) == "success ≥ 57 %"
    assert words.all_solved(1000) == "success > 99 %"
    assert words.interval(350, nan) == "≥ 350" and words.interval(nan, nan) == ""


@pytest.mark.parametrize("fact", [{"imported": True}, {"status": "deadline"}])
def test_ert_interval_has_no_upper_end_where_the_budget_is_not_known(fact):
    table = five_equal(**fact).set_index("target")
    assert table.low.notna().all()
    assert np.isnan(table.high[1.0])
    assert table.high[0.1] == inf  # nothing was reached: that may take for ever, whatever the budget
    one = make_runs({"value": 10, "cost": 10.0, **fact}, *({"value": 10, "cost": 10.0, "seed": s} for s in range(1, 5)))
    assert np.isnan(ert(one, descents(*[[(0, 1e3), (10, 0.5)]] * 5)).set_index("target").high[1.0])


def test_ert_interval_has_no_upper_end_in_seconds():
    runs = make_runs(*({"seed": seed, "value": 10, "cost": 10.0, "inside": 1.0, "outside": 1.0} for seed in range(5)))
    events = make_trajectories(*((run, {"inside": x, "outside": x, "value": n}, f)
                                 for run in range(5) for n, x, f in ((0, 0.0, 1e3), (10, 1.0, 0.5))))  # fmt: skip
    for prices, unknown in ((None, False), ("passes", False), ("differences", False), ("inside", True), ("wall", True)):
        row = expected.ert(View(Comparison(runs), runtimes(runs, events, prices), prices or "cost"))
        row = row.query("target == 1").iloc[0]
        assert row.ert == {"inside": 1, "wall": 2}.get(prices, 10)
        assert np.isfinite(row.low)
        assert np.isnan(row.high) == unknown


def test_a_budget_is_priced_as_the_questions_of_its_run():
    """Ten values and ten gradients at 3 of a budget of 100 are 40 of it; at 1 each, 20, and it would buy 50."""
    runs = make_runs(*({"seed": seed, "value": 10, "gradient": 10, "cost": 40.0} for seed in range(5)))
    events = make_trajectories(*((run, {"value": n, "gradient": n}, f) for run in range(5)
                                 for n, f in ((0, 1e3), (10, 0.5))))  # fmt: skip
    q = stats.betaprime(0.5, 5).ppf(0.975)
    for prices, cost, budget in ((None, 40, 100), ("passes", 20, 50)):
        row = expected.ert(View(Comparison(runs), runtimes(runs, events, prices))).query("target == 1").iloc[0]
        assert row.ert == cost
        assert row.high == pytest.approx(cost + budget * q, rel=0.02)


def test_ert_interval_is_that_of_the_exact_weights():
    """Three of seven runs fail: against quantiles of 400,000 draws of the same ratios, by the definition."""
    rng = np.random.default_rng(1)
    cost, solved = np.array([3.0, 5, 8, 20, 100, 100, 100]), np.arange(7) < 4
    w, half = rng.exponential(size=(400_000, 7)), rng.gamma(0.5, size=400_000)
    high = np.quantile((w @ cost + half * 100) / (w @ solved), 0.975)
    low = np.quantile(w @ cost / (w @ solved + half), 0.025)
    ends = expected.intervals(cost, solved, np.array([7]), np.array([100.0]))
    assert (ends[0].item(), ends[1].item()) == pytest.approx((low, high), rel=0.1)


def test_ends_of_an_interval_are_decimals_of_six_digits():
    rng = np.random.default_rng(0)
    for scale in (1, 1e7):
        counts = [int(scale * n) for n in rng.integers(10, 99, 7)]
        runs = make_runs(*({"seed": seed, "value": n} for seed, n in enumerate(counts)))
        row = ert(runs, descents(*([(0, 1e3), (n, 0.5)] for n in counts))).query("target == 1").iloc[0]
        assert row.low < row.ert < row.high
        assert [float(f"{end:.6g}") for end in (row.low, row.high)] == [row.low, row.high]


def test_no_interval_below_five_runs_also_where_none_succeeded():
    runs = make_runs(*({"seed": seed, "value": 10} for seed in range(4)))
    row = ert(runs, descents(*[[(0, 1e3)]] * 4)).query("target == 1").iloc[0]
    assert row.ert == inf
    assert np.isnan(row.low)


def test_ert_interval_where_a_run_cost_infinitely_much():
    """In seconds a killed run does: the upper end is infinite, the lower one that of the others."""
    runs = make_runs({"status": "killed"}, *({"seed": seed} for seed in range(1, 5)))
    cost = [inf, 1.0, 2.0, 3.0, 4.0]
    times = pd.DataFrame({"run": range(5), "kind": "gap", "target": 1.0, "runtime": cost, "spent": cost})
    row = expected.ert(View(Comparison(runs), times, "wall")).iloc[0]
    assert (row.ert, row.successes, row.high) == (inf, 4, inf)
    assert 1.0 <= row.low <= 2.5


def test_ert_of_one_group_does_not_depend_on_others():
    paths = [[(0, 1e3), (n, 0.5)] for n in (1, 3, 1, 2, 9)]
    alone = ert(make_runs(*({"seed": s} for s in range(5))), descents(*paths))
    both = make_runs(*({"seed": s, "optimizer": name} for name in "ab" for s in range(5)))
    table = ert(both, descents(*paths, *paths[::-1]))
    pd.testing.assert_frame_equal(table[table.optimizer == "a"].reset_index(drop=True), alone)


def test_a_run_that_never_began_is_on_the_scored_problem_of_the_others():
    runs = make_runs({"scored": True}, {"status": "killed", "seed": 1, "f_opt": nan, "first": nan})
    table = ert(runs, descents([(0, 1e3), (10, 0.5)]))
    assert table.scored.all()
    assert set(table.runs) == {2}


def test_skipped_optimizer_has_no_ert():
    runs = make_runs({"value": 1}, {"optimizer": "b", "status": "skipped", "error": "why", "f_opt": nan, "dim": None})
    table = ert(runs, descents([(0, 1e3), (1, 0.5)]))
    skipped = table[table.optimizer == "b"]
    assert len(skipped) == len(GAPS)
    assert skipped.ert.isna().all()
    assert (skipped.runs == 0).all()


def test_crashed_run_counts_as_unsolved():
    """What it had reached before the crash counts, what it had not is unsolved."""
    runs = make_runs({"value": 8}, {"value": 2, "status": "crashed", "seed": 1})
    table = ert(runs, descents([(0, 1e3), (8, 0.5)], [(0, 1e3), (1, 5.0)])).set_index("target")
    assert tuple(table.loc[10.0, ["ert", "successes", "runs"]]) == ((8 + 1) / 2, 2, 2)
    assert tuple(table.loc[1.0, ["ert", "successes", "runs"]]) == (8 + 2, 1, 2)


# distributions of runtimes


def test_ecdf_is_the_fraction_of_solved_pairs():
    """Two runs with two targets: solved at 10, 20, 30 and never."""
    runs = make_runs({"optimizer": "a"}, {"optimizer": "b", "order": 1})
    events = descents([(0, 1e3), (10, 50.0), (20, 5.0)], [(0, 1e3), (30, 50.0)])
    table = ecdf(runs, events, by=["scored"], costs=[9, 10, 25, 30, 99], gaps=[1e2, 1e1])
    assert list(table.fraction) == [0, 0.25, 0.5, 0.75, 0.75]
    assert set(table.pairs) == {4}
    table = ecdf(runs, events, costs=[25], gaps=[1e2, 1e1])
    assert dict(zip(table.order, table.fraction, strict=True)) == {0: 1.0, 1: 0.0}


def test_ecdf_goes_by_columns_of_runs():
    runs = make_runs({})
    with pytest.raises(ValueError, match=r"columns of runs, as optimizer, order, .*, seed, got 'colour'"):
        ecdf(runs, descents(*FOUR[:1]), by=["colour"])


def test_ecdf_counts_skipped_and_crashed_runs_as_unsolved():
    runs = make_runs({}, {"status": "skipped", "f_opt": nan}, {"status": "crashed"}, {})
    events = descents([(0, 1e3), (10, 0.0)])
    assert list(ecdf(runs, events, costs=[10]).fraction) == [0.25]


def test_ecdf_tells_over_how_many_problems_it_is():
    runs = make_runs({}, {"dim": 3}, {"problem": "other", "order": 1}, {"problem": "other", "order": 1, "seed": 1})
    table = ecdf(runs, descents([(0, 1e3)], [(0, 1e3)], [(0, 1e3)]), costs=[1])
    assert dict(zip(table.order, table.problems, strict=True)) == {0: 2, 1: 1}


def test_ecdf_reads_gaps_of_ones_own():
    table = ecdf(make_runs({"gap": 0.1}), descents([(0, 1e3), (10, 5.0)]), costs=[10], gaps=[50.0, 0.5, 0.01])
    assert list(table.fraction) == [0.5]  # 50 but not 0.5; nobody asked for 0.01
    assert list(table.pairs) == [2]


def test_ecdf_grid_ends_at_the_largest_cost():
    runs = make_runs({"value": 500})
    table = ecdf(runs, descents([(0, 1e3), (10, 0.0)]))
    assert table.cost.iloc[0] == 10
    assert table.cost.iloc[-1] == 500
    assert table.cost.is_monotonic_increasing


# convergence


def test_convergence_is_median_and_quartiles_of_the_gap():
    paths = [[(0, 101.0), (1, 1.0 + gap)] for gap in (1.0, 2.0, 3.0, 4.0, 50.0)]
    runs = make_runs(*({"seed": s, "f_opt": 1.0, "value": 100} for s in range(5)))
    table = convergence(runs, descents(*paths), at=3)
    assert list(table.cost) == [1, 10, 100]
    first = table.iloc[0]
    assert (first.kind, first.low, first["median"], first.high, first.runs) == ("gap", 2, 3, 4, 5)
    assert list(table["median"]) == [3, 3, 3]  # a run that has ended keeps its best


def test_convergence_between_two_runs_is_linear():
    runs = make_runs({"f_opt": nan}, {"f_opt": nan, "seed": 1})
    table = convergence(runs, descents([(0, 9.0), (1, 1.0)], [(0, 9.0), (1, 3.0)]), at=2)
    assert (table.kind == "value").all()
    assert list(table[["low", "median", "high"]].iloc[0]) == [1.5, 2, 2.5]


def test_convergence_counts_a_run_without_value_as_infinite():
    runs = make_runs({}, {"seed": 1}, {"seed": 2, "status": "crashed"})
    table = convergence(runs, descents([(0, 9.0), (1, 1.0)], [(0, 9.0), (1, 3.0)]), at=2)
    assert list(table[["low", "median", "high"]].iloc[0]) == [2, 3, inf]
    assert not table.isna().any(axis=None)


def test_convergence_has_a_floor():
    table = convergence(make_runs({}), descents([(0, 9.0), (1, -1e-17)]), at=2)
    assert list(table["median"]) == [1e-9]


def test_convergence_is_of_the_gap_beside_a_run_that_never_began():
    runs = make_runs({}, {"seed": 1}, {"seed": 2, "status": "killed", "f_opt": nan, "first": nan})
    table = convergence(runs, descents([(0, 9.0), (1, 1.0)], [(0, 9.0), (1, 3.0)]), at=2)
    assert set(table.kind) == {"gap"}
    assert list(table[["low", "median", "high"]].iloc[0]) == [2, 3, inf]
    assert not table.isna().any(axis=None)


def test_convergence_on_scored_problems_is_of_the_last_score():
    path = [(0, 9.0), (1, 1.0), (10, 4.0), (100, nan)]
    runs = make_runs({"f_opt": nan, "value": 100, "scored": True})
    assert list(convergence(runs, descents(path), at=3)["median"]) == [1, 4, inf]
    assert list(convergence(runs.assign(f_opt=0.5), descents(path), at=3)["median"]) == [0.5, 3.5, inf]
    assert list(convergence(runs.assign(scored=False), descents(path), at=3)["median"]) == [1, 1, 1]


def test_convergence_leaves_skipped_runs_out():
    runs = make_runs({}, {"optimizer": "b", "status": "skipped"})
    assert set(convergence(runs, descents([(0, 9.0), (1, 1.0)])).optimizer) == {"a"}
    assert convergence(runs[runs.status == "skipped"], descents()).empty


def test_fixed_budget_is_what_was_reached_for_it():
    paths = [[(0, 101.0), (5, 10.0 + gap), (50, gap)] for gap in (1.0, 2.0, 3.0)]
    runs = make_runs(*({"seed": s, "value": 60} for s in range(3)))
    table = fixed_budget(runs, descents(*paths), budgets=[49, 4, 1000, 5])
    assert list(table.cost) == [4, 5, 49, 1000]
    assert list(table["median"]) == [101, 12, 12, 2]
    assert list(table.low) == [101, 11.5, 11.5, 1.5]
    doubled = fixed_budget(runs, descents(*paths), budgets=[9, 10], prices={"value": 2})
    assert list(doubled["median"]) == [101, 12]


def test_curves_in_seconds_leave_out_runs_that_were_not_alone():
    runs = make_runs({}, {"optimizer": "b", "lanes": 4})
    events = descents([(0, 9.0), (1, 1.0)], [(0, 9.0), (1, 3.0)]).assign(
        inside=[0, 2.0, 0, 2.0], outside=[0, 1.0, 0, 1]
    )
    table = fixed_budget(runs.assign(inside=2.0, outside=1.0), events, [2.9, 3.0], "wall")
    assert list(table.optimizer) == ["a", "a"]
    assert list(table["median"]) == [9, 1]


@pytest.mark.parametrize("cost", [inf, nan, 0.0])
def test_costs_that_are_asked_for_are_positive_and_finite(cost):
    runs, events = make_runs({}), descents([(0, 9.0), (1, 1.0)])
    with pytest.raises(ValueError, match="budgets must be positive and finite"):
        fixed_budget(runs, events, [10, cost])
    with pytest.raises(ValueError, match="costs must be positive and finite"):
        ecdf(runs, events, costs=[cost])


# the answer


def rows_of_ert(*rows: tuple, scored: bool = False) -> pd.DataFrame:
    """optimizer, order, target, ert, successes of 10, low, high."""
    names = ["optimizer", "order", "target", "ert", "successes", "low", "high"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(problem="p", dim=2, kind="gap", runs=10, scored=scored)


def test_best_is_the_least_ert_at_the_hardest_target_reached_by_half():
    table = rows_of_ert(
        ("a", 0, 1e0, 5.0, 10, 4.0, 6.0),
        ("a", 0, 1e-1, 90.0, 4, 50.0, 200.0),  # less than half
        ("b", 1, 1e0, 20.0, 10, 15.0, 25.0),
        ("b", 1, 1e-1, 70.0, 8, 60.0, 80.0),
        ("c", 1, 1e0, 9.0, 10, 8.0, 10.0),
        ("c", 1, 1e-1, 100.0, 7, 81.0, 140.0),
    )
    answer = winners(table).set_index("among")
    best = answer.loc["all"]
    assert (best.optimizer, best.target, best.ert, best.successes, best.runs) == ("b", 1e-1, 70, 8, 10)
    assert answer.loc["0", "optimizer"] == "a"
    assert answer.loc["0", "target"] == 1e0
    assert answer.loc["1", "optimizer"] == "b"


def test_best_falls_back_to_a_target_reached_at_all():
    answer = winners(rows_of_ert(("a", 0, 1e0, 5.0, 1, 4.0, inf), ("b", 0, 1e0, inf, 0, inf, inf))).iloc[0]
    assert (answer.optimizer, answer.target) == ("a", 1e0)


def test_nothing_reached_has_no_best():
    answer = winners(rows_of_ert(("a", 0, 1e0, inf, 0, inf, inf), ("b", 1, 1e0, 0.0, 10, 0.0, 0.0)))
    assert set(answer.optimizer) == {""}  # b stood there at its start


def share(optimizer: str, order: int, solved: float, problems: int = 4, family: str = "toys", ran: int = 60) -> dict:
    """A row of scores, over 4 problems."""
    interval = {"low": solved - 0.1, "high": solved + 0.1}
    return {"family": family, "budget": 10.0, "optimizer": optimizer, "order": order, "solved": solved, **interval,
            "standing": solved, "problems": problems, "of": 4, "cut": 0, "runs": 15 * problems, "ran": ran}  # fmt: skip


def beaten(*pairs: tuple[str, str], open_: str = "", family: str = "toys") -> pd.DataFrame:
    """Duels in which the first of each pair is significantly better; open_: a pair where it is not."""
    row = {"family": family, "budget": 10.0, "adjusted": 0.01, "enough": True, "able": True, "general": False}
    both = [*pairs, tuple(open_)] if open_ else pairs
    rows = [{**row, "optimizer": a, "rival": b, "significant": a + b != open_} for a, b in both]
    columns = [*row, "significant", "optimizer", "rival"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(("significant", "enough", "able", "general"), bool))


def test_answer_for_a_family_is_who_reached_most_and_whom_it_is_told_from():
    scores = pd.DataFrame([share("a", 0, 0.9), share("b", 1, 0.8), share("c", 1, 0.2), share("d", 2, 0.95, problems=3)])
    table = answers(scores, beaten(("a", "c"), ("b", "c"), open_="ab")).set_index("among")
    best = table.loc["all"]  # d was not planned on all problems: its fraction is of others
    assert (best.optimizer, best.solved, best.compared, best.rivals, best.significant) == ("a", 0.9, 3, "b", False)
    assert (best.problems, best.runs, best.order) == (4, 60, 0)
    assert (table.loc["1", "optimizer"], table.loc["1", "significant"], table.loc["1", "rivals"]) == ("b", True, "")
    assert best.enough
    assert answers(scores, beaten(("a", "c"), ("b", "c"))).enough[0]  # half of two are told from a
    assert not answers(scores, beaten(("b", "c"))).enough[0]  # nobody is, nor could have been
    assert not table.loc["0", "significant"]  # there is nobody else of its order
    assert tuple(table.loc["2", ["optimizer", "reason", "compared"]]) == ("", "none ran on all problems", 0)
    assert best.reason == ""


def test_an_optimizer_that_could_not_run_in_a_family_is_no_rival_there():
    scores = pd.DataFrame([share("a", 0, 0.9), share("b", 0, 0.8), share("c", 1, 0.0, ran=0), share("d", 1, 0.0)])
    table = answers(scores, beaten(("a", "b"))).set_index("among")
    assert (table.loc["all", "compared"], table.loc["all", "rivals"]) == (3, "d")  # it ran, and reached nothing
    nobody = answers(scores.assign(ran=0), beaten())
    assert not nobody.enough.any()
    assert set(nobody.optimizer) == {""}
    assert set(nobody["among"]) == {"all", "0", "1"}
    assert set(nobody.reason) == {"cannot be run"}
    assert table.loc["1", "reason"] == "no target reached"


def test_answer_where_nobody_reached_anything_is_nobody():
    table = answers(pd.DataFrame([share("a", 0, 0.0), share("b", 0, 0.0)]), beaten())
    assert list(table.optimizer) == ["", ""]
    assert set(table.reason) == {"no target reached"}
    assert not table.significant.any()


def test_answers_keep_the_order_of_families():
    scores = pd.DataFrame([share("a", 0, 0.5, family=name) for name in ("control", "toys", "all")])
    assert list(answers(scores, beaten()).family.unique()) == ["control", "toys", "all"]
    assert answers(scores.iloc[:0], beaten()).empty


# what went wrong


def test_failures_come_with_reason_and_traceback():
    trace = "Traceback (most recent call last):\n  ...\nValueError: too steep"
    runs = make_runs(
        {"status": "skipped", "error": "needs a gradient", "optimizer": "b"},
        {"status": "crashed", "error": trace},
        {"status": "crashed", "error": trace, "seed": 1},
        {"status": "budget"},
        {"status": "diverged", "error": None},
    )
    table = failures(runs)
    assert list(table.status) == ["crashed", "diverged", "skipped"]
    assert list(table.runs) == [2, 1, 1]
    assert list(table.reason) == ["ValueError: too steep", "", "needs a gradient"]
    assert table.error[0] == trace


def test_endings_count_every_run():
    table = endings(make_runs({}, {"status": "target"}, {"status": "target"}, {"status": "skipped", "optimizer": "b"}))
    assert list(table.itertuples(index=False, name=None)) == [
        ("a", 0, "budget", 1), ("a", 0, "target", 2), ("b", 0, "skipped", 1),
    ]  # fmt: skip


def test_measures_of_nothing_are_empty():
    runs, events = make_runs({}).iloc[:0], descents()
    assert runtimes(runs, events).empty
    assert ert(runs, events).empty
    assert ecdf(runs, events).empty
    assert convergence(runs, events).empty
    assert winners(ert(runs, events)).empty
    assert failures(runs).empty
