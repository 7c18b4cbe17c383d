"""Which is better: on frames of a few rows by hand, and against SciPy, statsmodels and baycomp."""

import sys
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.measure import failed, inference, verdicts, words
from bench.measure.comparison import Comparison, View
from bench.measure.crossing import crossings, reigns
from bench.measure.inference import (
    contrast,
    holm,
    seeds_needed,
    sign_flip,
    signed_rank,
    stratified_mean,
    superiority,
    wilson,
)
from bench.measure.permutations import worse_by_rank
from bench.measure.statistics import areas, bayesian, duels, pairs, scores

inf, nan = np.inf, np.nan

RUN = {
    "problem": "sphere", "family": "toys", "dim": 2, "instance": 1, "scored": False, "optimizer": "a", "order": 0,
    "seed": 0, "status": "budget", "gap": 0.0, "spent": 100.0, "budget": 100.0, "cost": 100.0,
}  # fmt: skip


def made(*rows: dict) -> View:
    """A view of runs and runtimes: one run a dict of what differs from RUN, with the runtimes of its targets."""
    runs = pd.DataFrame([{"run": n, **RUN, **row} for n, row in enumerate(rows)])
    reached = [
        {"run": n, "kind": "gap", "target": 10.0**-k, "runtime": float(runtime), "spent": runs.spent[n]}
        for n, row in enumerate(rows)
        for k, runtime in enumerate(row["runtimes"])
    ]
    columns = ["run", "kind", "target", "runtime", "spent"]
    runs = runs.drop(columns=["runtimes", "spent"])
    return View(Comparison(runs), pd.DataFrame(reached, columns=columns))


def several(optimizer: str, runtimes: list[list[float]], **more: object) -> list[dict]:
    """One run a seed."""
    return [{"optimizer": optimizer, "seed": seed, "runtimes": item, **more} for seed, item in enumerate(runtimes)]


def at(table: pd.DataFrame, **where: object) -> pd.Series:
    """The one row that has these values."""
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


# areas


def test_area_is_the_mean_over_targets_of_the_free_part_of_the_logarithm_of_the_cost():
    """From 1 to 100: reached at 1, at 10 and never is (1 + 1/2 + 0) / 3."""
    frames = made({"runtimes": [1, 10, inf]}, {"seed": 1, "runtimes": [0, 100, 10]})
    assert areas(frames).area.tolist() == pytest.approx([1 / 2, (1 + 0 + 1 / 2) / 3])


def test_area_is_measured_within_a_cell():
    frames = made({"runtimes": [1]}, {"seed": 1, "runtimes": [10]}, {"dim": 3, "runtimes": [10]})
    assert areas(frames).area.tolist() == pytest.approx([1, 1 / 2, 1])


def test_area_of_skipped_crashed_and_unknown_runs():
    frames = made(
        {"runtimes": [1, 10]},
        {"status": "skipped", "optimizer": "b", "spent": 0.0, "runtimes": [inf, inf]},
        {"status": "crashed", "optimizer": "c", "spent": 10.0, "runtimes": [10, inf]},
        {"optimizer": "d", "spent": nan, "runtimes": [nan, nan]},
        {"optimizer": "e", "runtimes": []},
    )
    assert areas(frames).area.tolist() == pytest.approx([3 / 4, 0, 1 / 4, nan, nan], nan_ok=True)


def test_area_where_there_is_no_room():
    """Reached with the first evaluation, at the start, never; and in a cell where nobody reached anything."""
    cell = [{"optimizer": name, "spent": 1.0, "runtimes": [x]} for name, x in zip("abc", (1, 0, inf), strict=True)]
    assert areas(made(*cell, {"problem": "other", "runtimes": [inf]})).area.tolist() == [1, 1, 0, 0]


def test_few_runs_cannot_be_significant():
    """The least p of n pairs of runs is 2 / 2^n."""
    for n, optimizers, enough in ((6, 2, True), (5, 2, False), (5, 3, False), (6, 3, True), (4, 2, False)):
        names = "abc"[:optimizers]
        rows = [run for k, name in enumerate(names) for run in several(name, [[1.0 if k == 0 else inf]] * n)]
        table = duels(made(*rows), [10])
        ends = table[(table.optimizer == "a") & (table.rival == "b")]
        assert ends.enough.all() == ends.significant.all() == enough
    same = duels(made(*several("a", [[1.0]] * 9), *several("b", [[inf]] * 3 + [[1.0]] * 6)), [10])
    assert same.enough.all()  # that six of nine are alike is no want of runs
    most = duels(made(*several("a", [[1.0]] * 9), *several("b", [[inf]] * 5 + [[1.0]] * 4)), [10])
    assert not most.significant.any()
    assert not most.enough.any()  # five of nine differ, all in one direction: more such runs would be sure
    assert not same.significant.any()


def test_one_that_could_not_run_takes_no_power_from_the_others():
    """Three pairs of those that ran are tested, not six: who exchanges with nobody changes nothing."""
    rows = [*several("a", [[1.0]] * 6), *several("b", [[inf]] * 6), *several("c", [[1.0]] * 3 + [[inf]] * 3)]
    without = duels(made(*rows), [10])
    skipped = several("d", [[inf]] * 6, status="skipped", spent=0.0)
    both = duels(made(*rows, *skipped), [10])
    mine = both[(both.family == "all") & (both.optimizer == "a")].set_index("rival")
    assert np.isnan(mine.p["d"]) and np.isnan(mine.adjusted["d"]) and not mine.significant["d"]
    assert mine[["difference", "low", "high"]].loc["d"].isna().all()
    assert mine.adjusted["b"] == at(without, family="all", optimizer="a", rival="b").adjusted
    assert at(scores(made(*rows, *skipped), [10]), family="all", optimizer="d").ran == 0
    assert at(scores(made(*rows, *skipped), [10]), family="all", optimizer="b").ran == 6


# scores


def test_score_is_the_mean_over_cells_of_the_mean_over_runs():
    """On the first problem 2 of 2 and 0 of 2 targets, on the second, of four runs, 1 of 1 in one."""
    frames = made(
        *several("a", [[1, 10], [20, inf]]),
        *several("a", [[10], [inf], [inf], [11]], problem="other", family="bbob"),
    )
    table = scores(frames, [5, 10])
    assert list(table.family.unique()) == ["bbob", "toys", "all"]
    assert at(table, family="toys", budget=10).solved == 1 / 2
    assert at(table, family="bbob", budget=10).solved == 1 / 4
    row = at(table, family="all", budget=10)
    assert row.solved == 3 / 8
    assert (row.problems, row.of, row.runs) == (2, 2, 6)
    assert at(table, family="all", budget=5).solved == (1 / 4 + 0) / 2
    assert table.low.isna().all()  # two and four runs give no interval


def test_score_counts_every_planned_run():
    skipped = {"status": "skipped", "optimizer": "b", "family": "", "spent": 0.0, "runtimes": [inf]}
    table = scores(made({"runtimes": [1]}, {"seed": 1, "status": "crashed", "runtimes": [inf]}, skipped), [10])
    assert set(table.family) == {"toys", "all"}
    assert at(table, family="all", optimizer="a").solved == 1 / 2
    assert at(table, family="all", optimizer="b").solved == 0


def test_optimizer_that_was_not_planned_everywhere_says_so():
    rows = [*several("a", [[1]]), *several("b", [[1]]), *several("a", [[inf]], problem="other", family="bbob")]
    table = scores(made(*rows), [10])
    row = at(table, family="all", optimizer="b")
    assert (row.solved, row.problems, row.of) == (1, 1, 2)
    row = at(table, family="bbob", optimizer="b")
    assert (row.problems, row.of, row.runs) == (0, 1, 0)
    assert np.isnan(row.solved)
    assert len(table) == 3 * 2


def test_score_is_unknown_where_a_cost_is():
    rows = [*several("a", [[1]] * 5), *several("b", [[1]] * 4), {"optimizer": "b", "seed": 4, "runtimes": [nan]}]
    table = scores(made(*rows), [10])
    assert at(table, family="all", optimizer="a").solved == 1
    assert table[table.optimizer == "b"][["solved", "low", "high"]].isna().all(axis=None)


def test_wilson_is_that_of_scipy():
    for k, n in ((0, 5), (3, 10), (15, 15), (40, 50)):
        wanted = stats.binomtest(k, n).proportion_ci(method="wilson")
        assert np.array(wilson(np.array(k / n), np.array(n))) == pytest.approx((wanted.low, wanted.high), abs=1e-6)


@pytest.mark.parametrize("solved", [0, 3, 10, 15])
def test_score_interval_of_one_problem_is_wilson(solved):
    """All or nothing: 15 runs count as 14 draws, as in a variance, and 0.05 of a run that was not seen; the quantile is
    that of Student's t with 14 degrees of freedom."""
    row = at(scores(made(*several("a", [[1]] * solved + [[inf]] * (15 - solved))), [10]), family="all")
    wanted = wilson(np.array(solved / 15), np.array(14.05), stats.t(14).ppf(0.975))
    assert (row.low, row.high) == pytest.approx(wanted, abs=1e-6)
    assert row.solved == solved / 15


def test_score_interval_of_two_problems_by_hand():
    """All 15 runs solve the first, none the second: p of the first at the lower end is that of a likelihood with 14.05
    draws and the multiplier l, p = 14.05 / l, so that l^2 times its variance is l - 14.05 = t^2; and so for the upper
    end. The degrees of freedom are 14 twice."""
    square = stats.t(28).ppf(0.975) ** 2
    x = np.array([1.0, 0.0])[:, None, None, None] * np.ones((2, 1, 15, 1))
    mean, low, high = stratified_mean(x, np.ones((2, 1, 15), dtype=bool))
    assert mean.item() == 0.5
    assert low.item() == pytest.approx(14.05 / (14.05 + square) / 2)
    assert high.item() == pytest.approx(1 - low.item())


def test_score_interval_is_that_of_the_constrained_likelihood():
    """Three problems with 10 runs each, against SciPy's minimizer: the likeliest probabilities with this mean."""
    from scipy.optimize import minimize

    solved = np.array([2, 7, 9])
    x = (np.arange(10) < solved[:, None]).astype(float)[:, None, :, None]
    mean, low, high = (z.item() for z in stratified_mean(x, np.ones((3, 1, 10), dtype=bool)))
    draws, v = 9.05, solved / 10 * (1 - solved / 10) / 9.05
    free = v.sum() ** 2 / (v**2 / 9).sum()
    for end in (low, high):
        free_of = minimize(
            lambda p: -(solved / 10 * np.log(p) + (1 - solved / 10) * np.log(1 - p)).sum() * draws, [0.5] * 3,
            bounds=[(1e-6, 1 - 1e-6)] * 3, constraints={"type": "eq", "fun": lambda p, end=end: p.mean() - end},
        )  # fmt: skip
        error = np.sqrt((free_of.x * (1 - free_of.x) / draws).sum()) / 3
        assert abs(mean - end) / error == pytest.approx(stats.t(free).ppf(0.975), rel=0.02)


def test_score_interval_of_equal_runs_is_narrow():
    row = at(scores(made(*several("a", [[1, inf]] * 15)), [10]), family="all")
    assert 0.5 - 0.03 < row.low < row.solved == 0.5 < row.high < 0.5 + 0.03


def test_score_interval_does_not_depend_on_neighbours():
    x = np.random.default_rng(0).random((3, 4, 8, 2))
    planned = np.ones((3, 4, 8), dtype=bool)
    planned[0, 1, 6:], planned[:, 3] = False, False
    whole = stratified_mean(x, planned)
    for o in range(4):
        alone = stratified_mean(x[:, o : o + 1], planned[:, o : o + 1])
        assert np.array_equal(np.array(whole)[:, o : o + 1], np.array(alone), equal_nan=True)
    assert np.isnan(np.array(whole)[:, 3]).all()
    padded = np.pad(x, ((0, 0), (0, 0), (0, 3), (0, 0)), constant_values=nan)
    more = stratified_mean(padded, np.pad(planned, ((0, 0), (0, 0), (0, 3))))
    assert np.array(more)[:, :3] == pytest.approx(np.array(whole)[:, :3])


# duels


def test_difference_is_paired_by_instance_and_seed():
    """The rows of b come in another order; by seed a solves 1 target more than b in 4 of 5 runs."""
    a = several("a", [[1, 1], [1, 1], [1, 1], [1, 1], [inf, inf]])
    b = several("b", [[1, inf], [1, inf], [1, inf], [1, inf], [inf, inf]])[::-1]
    table = duels(made(*a, *b), [10])
    row = at(table, family="all", optimizer="a")
    assert row.difference == pytest.approx(0.4)
    assert (row.problems, row.runs) == (1, 5)
    assert row.p == 2 / 2**4  # all four differences have one sign
    expected = stats.ttest_1samp([0.5] * 4 + [0], 0).confidence_interval()
    assert (row.low, row.high) == pytest.approx(expected)
    back = at(table, family="all", optimizer="b")
    assert (back.difference, back.low, back.high, back.p) == pytest.approx((-0.4, -row.high, -row.low, row.p))


def test_sure_is_adjusted_for_all_pairs_and_one_way():
    rows = [run for name, x in zip("abc", (1, inf, inf), strict=True) for run in several(name, [[x]] * 8)]
    table = duels(made(*rows), [10])
    row = at(table, family="toys", optimizer="a", rival="b")
    assert row.p == 2 / 2**8
    assert row.adjusted == pytest.approx(3 / 3**8, abs=0.01)  # one of three has all eight
    assert row.significant
    assert not at(table, family="toys", optimizer="b", rival="a").significant
    assert at(table, family="toys", optimizer="b", rival="c").adjusted == 1
    assert len(table) == 2 * 3 * 2


def test_no_duel_below_five_pairs():
    rows = [*several("a", [[1]] * 5), *several("b", [[inf]] * 4)]
    row = at(duels(made(*rows), [10]), family="all", optimizer="a")
    assert np.isnan([row.p, row.low, row.high, row.adjusted]).all()
    assert not row.significant
    assert (row.difference, row.runs) == (1, 4)


def test_duel_interval_is_that_of_welch_on_two_cells():
    """The mean of two means of differences is half the difference of one sample and the negative of the other."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 2, 9, 1))
    planned = np.ones((2, 2, 9), dtype=bool)
    planned[1, 0, 5:8] = False  # 9 and 6 pairs
    first, second = (x[c, 0, planned[c, 0], 0] - x[c, 1, planned[c, 0], 0] for c in (0, 1))
    welch = stats.ttest_ind(first, -second, equal_var=False).confidence_interval()
    found = contrast(np.where(planned[..., None], x, nan), planned, np.array([0]), np.array([1]))
    assert (found["low"].item(), found["high"].item()) == pytest.approx((welch.low / 2, welch.high / 2))
    assert (found["problems"].item(), found["runs"].item()) == (2, 15)


# tests on arrays


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.6])
def test_sign_flip_is_the_exact_permutation_test(shift):
    d = np.random.default_rng(2).normal(shift, size=(20, 12))
    exact = [stats.permutation_test((row,), np.sum, permutation_type="samples", n_resamples=inf).pvalue for row in d]
    assert sign_flip(d) == pytest.approx(exact, rel=0.25)


@pytest.mark.parametrize(("up", "n", "error"), [(24, 40, 0.02), (30, 40, 0.05), (38, 40, 0.35), (13, 15, 0.15)])
def test_sign_flip_of_equal_differences_is_the_sign_test(up, n, error):
    d = np.array([[1.0] * up + [-1.0] * (n - up)])
    assert sign_flip(d).item() == pytest.approx(stats.binomtest(up, n).pvalue, rel=error)


def test_sign_flip_at_its_ends():
    assert sign_flip(np.zeros((1, 5))) == 1
    assert sign_flip(np.array([[1.0, -1.0]])) == 1
    assert sign_flip(np.array([[1.0, 2.0, 3.0, 0.0, 0.5]])) == 2 / 2**4
    assert np.isnan(sign_flip(np.array([[1.0, nan]]))).all()


def test_holm_by_hand():
    """0.01 x 4, 0.02 x 3, then 0.03 x 2 is as much, then 0.2."""
    assert holm(np.array([0.03, 0.2, nan, 0.01, 0.02])) == pytest.approx([0.06, 0.2, nan, 0.04, 0.06], nan_ok=True)
    assert holm(np.array([[0.6, 0.7]])) == pytest.approx(np.array([[1.0, 1.0]]))
    assert holm(np.empty((3, 0))).shape == (3, 0)


def test_holm_is_that_of_statsmodels(monkeypatch):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    monkeypatch.setattr("gc.collect", lambda: 0)  # it collects each time, 0.3 s with all that tests have loaded
    for p in np.random.default_rng(0).random((20, 15)) ** 3:
        assert holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1])


def test_signed_rank_is_that_of_scipy():
    rng = np.random.default_rng(0)
    d = np.where(rng.random((18, 30)) < 0.3, 0.0, rng.normal(0.5, size=(18, 30)))
    assert signed_rank(d) == pytest.approx([stats.wilcoxon(column[column != 0]).pvalue for column in d.T])
    assert signed_rank(np.ones((6, 1)) * np.arange(1, 7)[:, None]) == 2 / 2**6
    assert signed_rank(np.zeros((6, 1))) == 1
    coarse = np.random.default_rng(1).integers(-3, 4, (25, 40)).astype(float)  # with ties, and zeros
    coarse[:, 0] = 0.0
    wanted = stats.wilcoxon(coarse, method="exact", axis=0).pvalue
    assert signed_rank(coarse[:, 1:]) == pytest.approx(wanted[1:], rel=1e-10)


def test_superiority_is_mann_whitney_over_its_largest():
    rng = np.random.default_rng(0)
    x = np.full((2, 2, 9), nan)
    x[0], x[1, 0, :6], x[1, 1, 2:9] = rng.integers(6, size=(2, 9)), rng.integers(6, size=6), rng.integers(4, size=7)
    expected = [
        stats.mannwhitneyu(x[0, 0], x[0, 1]).statistic / 81,
        stats.mannwhitneyu(x[1, 0, :6], x[1, 1, 2:]).statistic / 42,
    ]
    a12, low, high = superiority(x, np.array([0]), np.array([1]))
    assert a12.item() == pytest.approx(np.mean(expected))
    assert low.item() < a12.item() < high.item()
    back, least, most = superiority(x, np.array([1]), np.array([0]))
    assert (back.item(), least.item(), most.item()) == pytest.approx((1 - a12.item(), 1 - high.item(), 1 - low.item()))


def test_superiority_ends_where_the_variance_of_hanley_and_mcneil_says():
    """(A - t)^2 = c^2 V(t), c = 2.0484, the quantile of Student's t with 28 degrees of freedom; of two problems, 56.
    12 and 3 of 15 solve, so that A = (1 + 12/15 - 3/15) / 2 = 0.8."""
    x = np.stack([[np.arange(15) < 12, np.arange(15) < 3]] * 2).astype(float)
    for cells, free in ((1, 28), (2, 56)):
        a12, *ends = (z.item() for z in superiority(x[:cells], np.array([0]), np.array([1])))
        assert a12 == pytest.approx(0.8)
        for t in ends:
            v = t * (1 - t) * (1 + 14 * (1 - t) / (2 - t) + 14 * t / (1 + t)) / 15**2 / cells
            assert abs(a12 - t) / np.sqrt(v) == pytest.approx(stats.t(free).ppf(0.975), rel=0.01)


def test_superiority_of_the_images_of_hanley_and_mcneil():
    """Ratings 1 to 5 of 58 normal and 51 abnormal images (1982, table I): area 0.893, standard error 0.032."""
    normal, abnormal = np.repeat(range(1, 6), [33, 6, 6, 11, 2]), np.repeat(range(1, 6), [3, 2, 2, 11, 33])
    x = np.full((1, 2, 58), nan)
    x[0, 0, :51], x[0, 1] = abnormal, normal
    a12, low, high = (z.item() for z in superiority(x, np.array([0]), np.array([1])))
    assert a12 == pytest.approx(0.893, abs=5e-4)
    assert (high - low) / 2 / 1.98 == pytest.approx(0.032, rel=0.05)
    assert a12 - low > high - a12


def test_superiority_of_values_that_never_vary():
    """All of one are equal, and above 12 of 15 of the other: that is a fraction of 15 draws, and Wilson's interval with
    the variance seen, of which a twentieth of a run is a part."""
    x = np.stack([np.full(15, 11.5), np.arange(15.0)])[None]
    a12, low, high = (z.item() for z in superiority(x, np.array([0]), np.array([1])))
    assert a12 == pytest.approx(0.8)
    assert (low, high) == pytest.approx(wilson(np.array(0.8), np.array(14.05), stats.t(28).ppf(0.975)), abs=0.01)


def test_superiority_does_not_depend_on_the_size_of_a_chunk(monkeypatch):
    x = np.random.default_rng(0).normal(size=(2, 3, 7))
    arguments = x, np.array([0, 0, 1]), np.array([1, 2, 2])
    whole = superiority(*arguments)
    monkeypatch.setattr(inference, "CHUNK", 100)
    assert np.array_equal(np.array(superiority(*arguments)), np.array(whole))


# pairs


def two_on_six(seeds: int) -> list[dict]:
    """Optimizer a ten times as fast as b on five problems, and as fast on the sixth."""
    rows = []
    for problem, better in zip("pqrstu", [10.0, 20.0, 30.0, 40.0, 50.0, 1.0], strict=True):
        rows += several("a", [[1]] * seeds, problem=problem)
        rows += several("b", [[better]] * seeds, problem=problem)
    return rows


@pytest.mark.parametrize("seeds", [1, 5, 20])
def test_problems_are_counted_never_runs(seeds):
    row = at(pairs(made(*two_on_six(seeds))), optimizer="a")
    assert (row.problems, row.better, row.worse) == (6, 5, 0)
    assert row.p == row.adjusted == 2 / 2**5
    assert row.a12 == pytest.approx((5 * 1 + 1 / 2) / 6)
    assert np.isnan(row.low) == (seeds < 5)


def test_pairs_stand_there_both_ways():
    table = pairs(made(*two_on_six(5), *several("c", [[2]] * 5, problem="p", order=1)))
    assert list(zip(table.optimizer, table.rival, strict=True)) == [p for p in product("abc", "abc") if p[0] != p[1]]
    there, back = at(table, optimizer="a", rival="b"), at(table, optimizer="b", rival="a")
    assert (back.better, back.worse, back.p, back.adjusted) == (0, 5, there.p, there.adjusted)
    assert (back.a12, back.low, back.high) == pytest.approx((1 - there.a12, 1 - there.high, 1 - there.low))
    assert at(table, optimizer="c", rival="a").problems == 1
    assert there.adjusted == pytest.approx(3 * 2 / 2**5)


def test_pairs_leave_out_problems_with_unknown_costs():
    rows = [dict(row, runtimes=[nan]) if (row["problem"], row["seed"]) == ("p", 3) else row for row in two_on_six(5)]
    row = at(pairs(made(*rows)), optimizer="a")
    assert (row.problems, row.better) == (5, 4)
    alone = pairs(made(*several("a", [[1]]), *several("b", [[1]], problem="other")))
    assert set(alone.problems) == {0}
    assert alone[["a12", "p", "adjusted"]].isna().all(axis=None)


def test_one_optimizer_has_no_rival():
    frames = made(*several("a", [[1]] * 5))
    assert len(pairs(frames)) == len(duels(frames, [10])) == len(crossings(frames)) == 0
    assert len(bayesian_or_skip(frames)) == 0


def test_nothing_to_compare():
    view = made(*several("a", [[1]] * 5), *several("b", [[1]] * 5))
    assert len(scores(view, [])) == len(duels(view, [])) == 0
    none = View(Comparison(view.runs[:0]), view.reached[:0])
    assert len(areas(none)) == len(scores(none, [10])) == len(duels(none, [10])) == 0
    assert len(pairs(none)) == len(crossings(none)) == 0


def test_only_skips():
    rows = [run for name in "ab" for run in several(name, [[inf]] * 5, status="skipped", spent=0.0)]
    frames = made(*(dict(row, dim=None) for row in rows))
    assert set(scores(frames, [10]).solved) == {0}
    assert not duels(frames, [10]).significant.any()
    assert pairs(frames).p.isna().all()
    assert not len(crossings(frames))


# the Bayesian test


def bayesian_or_skip(*arguments: object, **options: object) -> pd.DataFrame:
    """`bayesian`, where baycomp is installed."""
    pytest.importorskip("baycomp")
    return bayesian(*arguments, **options)


def test_bayesian_probabilities():
    """a is better by far on five of six problems; within a rope of 1 nothing differs."""
    row = bayesian_or_skip(made(*two_on_six(1)), samples=2000).iloc[0]
    assert (row.optimizer, row.rival, row.problems) == ("a", "b", 6)
    assert row.better > 0.95
    assert row.better + row.same + row.worse == pytest.approx(1)
    assert bayesian_or_skip(made(*two_on_six(1)), rope=0.99, samples=2000).iloc[0].same == 1
    row = bayesian_or_skip(made(*two_on_six(1)), rope=0.0, samples=2000).iloc[0]
    assert row.same == 0


def test_bayesian_says_what_is_missing_or_wrong(monkeypatch):
    frames = made(*two_on_six(1))
    with pytest.raises(ValueError, match="rope"):
        bayesian(frames, rope=-1)
    monkeypatch.setitem(sys.modules, "baycomp", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install .*\[bayes\]"):
        bayesian(frames)


# crossings


def test_crossing_is_where_the_second_gets_ahead():
    """a solves one of two targets at 10, b both at 100; c is never ahead."""
    solves = {"a": [10, inf], "b": [100, 100], "c": [inf, inf]}
    frames = made(*(run for name, x in solves.items() for run in several(name, [x] * 10, spent=1000.0)))
    table = crossings(frames)
    assert list(table.family) == ["toys", "all"]
    assert set(zip(table.below, table.above, strict=True)) == {("a", "b")}
    assert table.budget.to_numpy() == pytest.approx(100, rel=0.04)  # a point of the grid
    assert (table.budget >= 100).all()


def test_no_crossing_with_few_runs_or_where_not_all_problems_were_met():
    solves = {"a": [10, inf], "b": [100, 100]}
    assert not len(crossings(made(*(run for name, x in solves.items() for run in several(name, [x] * 4)))))
    rows = [run for name, x in solves.items() for run in several(name, [x] * 10)]
    table = crossings(made(*rows, *several("a", [[1]] * 10, problem="other", family="bbob")))
    assert set(table.family) == {"toys"}


def test_small_leads_are_no_crossings():
    """b leads at 10 by one run of ten, a from 20 by nine."""
    a = several("a", [[20]] * 10)
    b = several("b", [[10]] + [[inf]] * 9)
    assert not len(crossings(made(*a, *b)))


def test_reigns_by_hand():
    """0 leads surely, then 1 for a moment without being sure, then 2 surely, then 0 again."""
    value = np.array([[1.0, 2.0, 2.0, 2.0, 9.0], [0.0, 0.0, 2.1, 2.1, 2.1], [0.0, 0.0, 0.0, 5.0, 5.0]])
    sure = value[:, None] - value > 0.5
    assert reigns(value, sure) == [(0, 0), (2, 3), (0, 4)]
    assert reigns(value[:2], sure[:2, :2]) == [(0, 0)]
    # the first was not surely ahead of its successor
    assert reigns(
        np.array([[0.1, 0.1, 0.1], [0.0, 0.0, 3.0]]), np.array([[[0] * 3] * 2, [[0, 0, 1], [0] * 3]]) > 0
    ) == [(1, 2)]


def test_a_reign_is_sure_against_who_stands_before_it():
    """The second was never sure, and is dropped; the third, surely ahead of it, is not surely ahead of the first."""
    value = np.array([[5.0, 3.0, 4.9], [0.0, 6.0, 1.0], [0.0, 1.0, 5.0]])
    sure = np.zeros((3, 3, 3), dtype=bool)
    sure[0, 1, 0] = sure[0, 2, 0] = sure[1, 0, 1] = sure[2, 1, 2] = True
    assert reigns(value, sure) == [(0, 0), (1, 1)]


def test_runs_that_did_not_begin_alike_are_compared_as_independent_ones():
    """Ours: one instance, ten seeds. Theirs: ten instances, one seed each, as data of others come."""
    ours = several("ours", [[1]] * 10)
    theirs = [{"optimizer": "theirs", "instance": n, "seed": 99, "runtimes": [inf]} for n in range(1, 11)]
    row = at(duels(made(*ours, *theirs), [10]), family="all", optimizer="ours", rival="theirs")
    assert (row.runs, row.problems, row.difference) == (10, 1, 1)
    assert row.p == pytest.approx(2 / 2**10)
    assert row.significant


def test_problems_without_common_seeds_count_too():
    """a wins where the seeds are shared, b on nine problems where they are not: b is ahead."""
    rows = [*several("a", [[1]] * 5), *several("b", [[inf]] * 5)]
    for n in range(9):
        rows += several("a", [[inf]] * 5, problem=f"p{n}")
        rows += [{**row, "seed": row["seed"] + 100} for row in several("b", [[1]] * 5, problem=f"p{n}")]
    row = at(duels(made(*rows), [10]), family="all", optimizer="b", rival="a")
    assert (row.problems, row.runs) == (10, 50)
    assert row.difference == pytest.approx(0.8)
    assert row.significant


def test_runs_that_began_alike_stay_paired_beside_others():
    """Six shared seeds of which each differs by a little, whatever the others did."""
    a = several("a", [[1, inf]] * 3 + [[1, 1]] * 3)
    b = several("b", [[inf, inf]] * 3 + [[1, inf]] * 3)
    row = at(duels(made(*a, *b, *several("c", [[1, 1]] * 2)), [10]), family="all", optimizer="a", rival="b")
    assert row.difference == 0.5
    assert row.p == pytest.approx(2 / 2**6)


@pytest.mark.parametrize("budget", [inf, nan, 0, -1])
def test_budgets_are_positive_and_finite(budget):
    frames = made({"runtimes": [1]})
    for measure in (scores, duels):
        with pytest.raises(ValueError, match="budgets must be positive and finite, got"):
            measure(frames, [10, budget])


def test_area_with_a_killed_run_in_seconds():
    frames = made({"runtimes": [1, 100]}, {"seed": 1, "status": "killed", "spent": inf, "runtimes": [inf, inf]})
    assert areas(frames).area.tolist() == pytest.approx([1 / 2, 0])


# limits


def test_nobody_is_compared_beyond_the_cost_at_which_a_budget_ended_another():
    """a was ended at 100 of its 100; b at 950 of 1,000, as the rest bought nothing; c returned, d was killed."""
    ended = {"optimizer": "a", "runtimes": [10, inf]}
    longer = {"optimizer": "b", "budget": 1000.0, "cost": 950.0, "spent": 950.0, "runtimes": [10, 900]}
    returned = {"optimizer": "c", "status": "returned", "spent": 20.0, "cost": 20.0, "runtimes": [5, inf]}
    killed = {"optimizer": "d", "status": "killed", "spent": inf, "runtimes": [inf, inf]}
    other = {"problem": "other", "family": "others"}
    elsewhere = [{**longer, **other}, {**longer, **other, "optimizer": "e", "spent": 1000.0}]
    frames = made(ended, longer, returned, killed, *elsewhere)
    assert frames.limits == pytest.approx([100] * 4 + [inf] * 2)
    table = scores(frames, [1000])
    assert at(table, family="all", optimizer="b").solved == (1 / 2 + 1) / 2
    assert table.groupby("family").cut.unique().to_dict() == {"all": [1], "others": [0], "toys": [1]}
    first, second, *_ = areas(frames).area
    assert first == second == pytest.approx(np.log(10) / np.log(100 / 5) / 2)
    assert frames.limits_of_cells.set_index("problem").limit.to_dict() == pytest.approx({"sphere": 100, "other": inf})


def test_who_has_done_all_or_spent_nothing_limits_nobody():
    longer = {"optimizer": "b", "budget": 1000.0, "spent": 1000.0, "cost": 1000.0, "runtimes": [10, inf]}
    done = {"optimizer": "a", "runtimes": [10, 50]}  # all its targets; it went on until the budget
    assert made(done, longer).limits.tolist() == [inf, inf]
    free = {"optimizer": "a", "spent": 0.0, "runtimes": [10, inf]}  # at these prices its questions cost nothing
    assert made(free, longer).limits.tolist() == [inf, inf]
    killed = {**longer, "status": "killed"}  # it is charged its budget, and did not go so far
    assert made({"optimizer": "a", "runtimes": [10, inf]}, killed).limits.tolist() == [inf, inf]


def test_repeats_of_one_optimizer_do_not_limit_it_unless_their_budgets_differ():
    """In seconds runs of one budget end at unlike costs: the most that one of them spent limits the others."""
    slow = [{"optimizer": "a", "seed": seed, "spent": spent, "runtimes": [inf]} for seed, spent in enumerate((5, 7, 6))]
    assert made(*slow).limits.tolist() == [inf] * 3
    other = {"optimizer": "b", "spent": 9.0, "runtimes": [inf]}
    assert made(*slow, other).limits == pytest.approx([7] * 4)
    again = {"optimizer": "b", "spent": 4.0, "budget": 50.0, "cost": 50.0, "runtimes": [inf]}
    assert made(*slow, other, again).limits == pytest.approx([4] * 5)


def test_what_a_budget_left_over_limits_nobody():
    """At the prices of the suite budgets are equal, though a gradient may not fit into what is left of one."""
    short = {"optimizer": "a", "spent": 98.0, "cost": 98.0, "runtimes": [inf]}
    assert made(short, {"optimizer": "b", "runtimes": [100]}).limits.tolist() == [inf, inf]
    broke = {"optimizer": "a", "spent": 0.0, "cost": 0.0, "runtimes": [inf]}
    assert made(broke, {"optimizer": "b", "runtimes": [100]}).limits.tolist() == [inf, inf]


def test_a_budget_is_priced_as_what_was_bought_with_it():
    """a spent 99 of 100 on gradients at 3, which are 33 passes: its budget would have bought 33 1/3."""
    dear = {"optimizer": "a", "cost": 99.0, "spent": 33.0, "runtimes": [inf]}
    frames = made(dear, {"optimizer": "b", "runtimes": [33.2]}, {"optimizer": "c", "runtimes": [33.5]})
    assert frames.limits == pytest.approx([100 / 3] * 3)
    solved = scores(frames, [100]).query("family == 'all'").set_index("optimizer").solved
    assert solved.to_dict() == {"a": 0, "b": 1, "c": 0}


def test_the_answer_says_on_which_problems_budgets_end_before():
    """Two problems: nobody could spend more than 100 on the first, whoever ran there; 500 on the other."""
    short = [row for name in "ab" for row in several(name, [[10.0, inf]] * 5)]
    other = {"problem": "other", "family": "others", "budget": 500.0, "spent": 500.0, "cost": 500.0}
    long = [row for name in "ab" for row in several(name, [[400.0, inf]] * 5, **other)]
    frames = made(*short, *long)
    assert frames.limits.tolist() == [inf] * 20  # nobody was ended before another
    at = frames.of(verdicts.budgets)
    assert at[-1] == 500
    table = frames.of(verdicts.answer)
    table = table[(table["among"] == "all") & (table.budget == 500)].set_index("family")
    assert table.less.to_dict() == {"all": 1, "others": 0, "toys": 1}
    assert table.shortest.to_dict() == pytest.approx({"all": 100, "others": nan, "toys": 100}, nan_ok=True)
    text = "".join(failed.sentence(frames, 500.0))
    assert text.startswith("Within a cost of 500 (down to 100 on 1 problem), over all 2 problems, ")
    assert "Budgets end at 100 to 500, by problem." in frames.of(verdicts.caption)
    assert "down to" not in "".join(failed.sentence(frames, at[0]))
    alone = made(*long)
    assert "(down to" not in "".join(failed.sentence(alone, 500.0))
    assert "Budgets end" not in alone.of(verdicts.caption)


def test_a_longer_budget_is_no_merit():
    """Two folders, the second with a hundred times the budget: what it reached later does not make it better."""
    short = several("a", [[50.0, inf, inf]] * 9)
    long = several("b", [[50.0, 5e3, 9e3]] * 9, budget=1e4, spent=1e4, cost=1e4)
    frames = made(*short, *long)
    assert not duels(frames, [100, 1e4]).significant.any()
    assert not crossings(frames).size
    assert at(pairs(frames), optimizer="a", rival="b").a12 == 0.5


def test_who_could_not_run_takes_no_power_from_pairs():
    rows = [
        {"optimizer": name, "problem": f"p{n}", "runtimes": [1.0 if name == "a" else 10.0 + n]}
        for n in range(8)
        for name in "abc"
    ]
    without = at(pairs(made(*rows)), optimizer="a", rival="b")
    skipped = [{"optimizer": "d", "problem": f"p{n}", "status": "skipped", "runtimes": [inf]} for n in range(8)]
    table = pairs(made(*rows, *skipped))
    assert at(table, optimizer="a", rival="b").adjusted == without.adjusted
    assert at(table, optimizer="a", rival="d")[["p", "adjusted"]].isna().all()
    assert at(table, optimizer="a", rival="d").problems == 0
    assert at(table, optimizer="a", rival="d")[["a12", "low", "high"]].isna().all()
    found = bayesian_or_skip(made(*rows, *skipped), samples=100)
    assert set(found.optimizer) | set(found.rival) == set("abc")


@pytest.mark.parametrize("optimizers", [2, 4, 9, 15])
def test_so_many_seeds_can_tell(optimizers):
    """The number that is advised, against the test itself: one more is enough, two fewer are not."""
    needed = seeds_needed(optimizers)

    def able(seeds):
        draws = [np.random.default_rng(k).normal(size=(optimizers, seeds)) for k in range(5)]
        return np.mean([worse_by_rank(values, 0, np.random.default_rng(1))[1][1:].all() for values in draws])

    assert able(needed + 1) == 1.0 and able(needed - 2) <= 0.2
    assert seeds_needed(2) == 6  # the fewest with 40 exchanges


def test_too_few_seeds_come_with_the_number_that_would_do():
    few = 'about 8 seeds can tell, and a race (until="significant") takes as many as it needs'
    assert words.more_seeds(12, 1, 5) == few
    for problems, runs in ((2, 5), (1, 8)):  # where the number is another question, or not the reason
        assert words.more_seeds(12, problems, runs) == 'a race (until="significant") takes as many as it needs'
    open_ = {"rivals": "b; c", "tied": 0, "compared": 3, "raced": "", "enough": False, "runs": 2}
    sentence = words._better(SimpleNamespace(**open_))
    assert sentence.endswith(
        ': too few seeds (about 6 seeds can tell, and a race (until="significant") takes as many as it needs)'
    )
