"""Who is significantly worse, ahead or behind: against SciPy, by hand, and a short form of the calibration."""

import numpy as np
import pytest
from scipy import stats

from bench.measure.comparison import Comparison, View
from bench.measure.crossing import changes
from bench.measure.levels import LEVEL
from bench.measure.permutations import (
    Contrasts,
    chances,
    exchanges,
    generator,
    identity,
    rank_differences,
    threshold,
    worse_by_rank,
)
from bench.measure.verdicts import best
from tests.measure.calibration.claims import KINDS, curves, duel, runtimes, told, turns, view_of

inf, nan = np.inf, np.nan


def most(experiments: int) -> float:
    """5 % and three standard errors."""
    return LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / experiments)


def test_ranks_are_those_of_mann_and_whitney_in_scipy():
    values = np.random.default_rng(0).integers(1, 9, (4, 12)).astype(float)
    values[values > 6] = inf
    values[1, 9:] = nan
    z = rank_differences(values, identity(~np.isnan(values)))[0]
    for a, b in ((0, 1), (2, 3), (1, 3)):
        x, y = (row[~np.isnan(row)] for row in values[[a, b]])
        test = stats.mannwhitneyu(np.minimum(x, 9), np.minimum(y, 9), method="asymptotic", use_continuity=False)
        assert 2 * stats.norm.sf(abs(z[a, b])) == pytest.approx(test.pvalue)
        assert np.sign(z[a, b]) == np.sign(len(x) * len(y) / 2 - test.statistic)
        assert z[a, b] == pytest.approx(-z[b, a])


def test_an_exchange_keeps_slots_together_and_leaves_who_is_absent():
    present = np.ones((4, 6), dtype=bool)
    present[1, 2:], present[3, :1] = False, False
    (exchanged,) = exchanges(present, np.random.default_rng(0), count=50, chunk=50)
    assert exchanged.shape == (50, 4, 6)
    for slot in range(6):
        here = np.flatnonzero(present[:, slot])
        assert (np.sort(exchanged[:, here, slot], axis=1) == here).all()
    assert (exchanged[:, ~present] == np.nonzero(~present)[0]).all()
    assert exchanged[:, 0].std(axis=0).min() > 0


def test_p_values_and_thresholds_agree():
    values = np.random.default_rng(0).random(400)
    least = threshold(values)
    assert chances(np.array([2.0]), values) == 1 / 401
    assert chances(np.array([least + 1e-5]), values) <= LEVEL < chances(np.array([least - 1e-5]), values)


def test_contrasts_are_sums_over_roots_of_sums_of_squares():
    x = np.random.default_rng(0).integers(0, 4, (3, 2, 7, 2)).astype(float)
    planned = np.ones(x.shape[:3], dtype=bool)
    planned[1, 0, 5:] = False
    contrasts = Contrasts.of_cells(x, planned)
    d = np.where(planned.all(axis=1)[..., None], (x[:, 0] - x[:, 1]) / 7, 0.0)
    z = contrasts.z(contrasts.x)
    assert z[:, 0, 1] == pytest.approx(d.sum(axis=(0, 1)) / np.sqrt((d**2).sum(axis=(0, 1))))
    same = Contrasts(np.ones((2, 5, 1)), np.ones((2, 5), dtype=bool))
    assert (same.z(same.x) == 0).all()


@pytest.mark.parametrize(("n", "often"), [(4, 0), (5, 0), (7, 20)])
def test_five_seeds_of_two_are_never_enough(n, often):
    """The least p of two is 2 / 2^n."""
    tests = [worse_by_rank(np.array([[1.0] * n, [2.0] * n]), 0, generator(name)) for name in range(20)]
    assert sum(significant[1] for significant, _ in tests) == sum(possible[1] for _, possible in tests) == often


def made(*methods: list[float], budget: float = 10.0, **facts: object) -> View:
    """Runs of methods on one problem, of these runtimes by seed."""
    view = view_of(np.array(methods)[None, :, :, None], budget)
    return View(Comparison(view.runs.assign(**facts)), view.reached)


def rivals(view: View) -> str:
    """Whom the best of all does not significantly beat."""
    return view.of(best).set_index("among").loc["all", "rivals"]


def test_whoever_is_slower_in_each_seed_is_beaten_and_who_is_not_is_a_rival():
    view = made([1.0] * 15, [0.9] * 7 + [1.2] * 8, list(np.linspace(2, 3, 15)), [inf] * 15)
    row = view.of(best).set_index("among").loc["all"]
    assert (row.optimizer, row.rivals, row.compared, row.tied, row.significant) == ("m000", "m001", 4, 0, False)
    assert row.enough


def test_where_ranks_and_ert_disagree_nobody_is_beaten():
    """m000 is faster in 13 of 15 seeds, and fails twice, at a high price."""
    view = made([1.0] * 13 + [inf] * 2, [1.2] * 15, budget=100.0)
    row = view.of(best).set_index("among").loc["all"]
    assert (row.optimizer, row.rivals) == ("m001", "m000")


def test_failures_are_the_last_ranks():
    assert rivals(made([5.0] * 10, [1.0] * 2 + [inf] * 8)) == ""
    assert rivals(made([5.0] * 10, [1.0] * 8 + [inf] * 2, budget=100.0)) == "m001"


def test_ties_in_ert_are_rivals_and_named_first():
    row = made([1.0] * 10, [1.1] * 10, [1.0] * 10).of(best).set_index("among").loc["all"]
    assert (row.optimizer, row.rivals, row.tied) == ("m000", "m002", 1)


def test_few_seeds_are_said_to_be_few():
    row = made([1.0] * 5, [2.0] * 5).of(best).set_index("among").loc["all"]
    assert (row.rivals, row.enough, row.significant) == ("m001", False, False)
    assert made([1.0] * 7, [2.0] * 7).of(best).significant.any()


def test_what_came_after_a_budget_had_ended_another_counts_for_nobody():
    """m001 had 3 to spend; that m000 got there at 5 says nothing of it."""
    view = view_of(np.array([[5.0] * 10, [inf] * 10])[None, :, :, None], 10.0)
    runs, late = view.runs, view.runs.optimizer == "m001"
    runs = runs.assign(budget=np.where(late, 3.0, 10.0), cost=np.where(late, 3.0, 5.0))
    reached = view.reached.assign(spent=np.where(late, 3.0, 5.0))
    assert rivals(View(Comparison(runs), reached)) == "m001"
    assert rivals(view) == ""


def test_late_runtimes_of_others_count_as_earlier():
    times = [1.0] * 10, [1.2] * 10, [1.3] * 10
    assert rivals(made(*times)) == ""
    assert rivals(made(*times, scored=True)) == "m001"


def test_the_verdict_does_not_depend_on_the_order_of_runs():
    times = runtimes((6, 8, 10), "censored", np.random.default_rng(1)) * np.linspace(1, 2, 8)[:, None]
    view = view_of(times[..., None])
    shuffled = view.runs.sample(frac=1, random_state=0)
    other = View(Comparison(shuffled.reset_index(drop=True)), view.reached.sample(frac=1, random_state=1))
    table = view.of(best)
    assert table.rivals.str.len().nunique() > 1
    columns = ["problem", "optimizer", "target", "compared", "enough", "tied", "rivals"]
    assert table[columns].equals(other.of(best)[columns])


def test_equal_methods_are_not_worse_than_the_best_of_a_problem():
    rng = np.random.default_rng(0)
    for k, n, problems, kind in [*((5, 10, 60, kind) for kind in KINDS), (20, 10, 30, "plain")]:
        beaten = told(runtimes((problems, k, n), kind, rng)).beaten.astype(bool)
        assert beaten.mean() <= most(problems), (k, n, kind)


def test_twice_as_slow_is_worse_than_the_best_of_a_problem():
    times = runtimes((20, 20, 15), "plain", np.random.default_rng(0))
    times[:, 0] *= 2
    assert np.mean(["m000" in beaten for beaten in told(times).beaten]) >= 0.8


def test_equal_curves_do_not_cross_however_fine_the_costs():
    """With 2.5 standard errors as the rule a quarter of these do."""
    rng = np.random.default_rng(3)
    wrong = [turns(curves((10, 10, 5), 120, rng, started=0.6, noise=0.3), rng) for _ in range(40)]
    assert np.mean(wrong) <= most(40)


def test_curves_that_cross_are_said_to():
    rng = np.random.default_rng(0)
    x = curves((20, 3, 8), 60, rng, bend=3.0)
    assert [leader for leader, _ in changes(x, np.ones(x.shape[:3], dtype=bool), rng)][-1] == 2


def test_duels_of_equal_methods_are_adjusted_for_all_budgets():
    """Independent at ten budgets: of tests of one budget at a time a third of experiments would have some."""
    rng = np.random.default_rng(0)
    wrong = [duel(rng.integers(0, 11, (20, 3, 5, 10)) / 10, rng)["significant"].any() for _ in range(60)]
    assert np.mean(wrong) <= most(60)


def test_duels_are_of_these_problems_and_general_of_problems_like_these():
    """Each is better on half of the problems that there are: on these one is significantly better, in general none."""
    rng = np.random.default_rng(0)
    tests = [duel(curves((20, 3, 15), 4, rng, skill=1.5), rng) for _ in range(30)]
    assert np.mean([each["significant"].any() for each in tests]) > 0.5
    assert np.mean([each["general"].any() for each in tests]) <= most(30)
    x = curves((20, 2, 5), 4, rng)
    x[:, 0] = np.minimum(x[:, 0] + 0.3, 1)
    assert duel(x, rng)["general"].all(axis=1)[0]
    assert not duel(x[:4], rng)["able"].any()
