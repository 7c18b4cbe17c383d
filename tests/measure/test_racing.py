"""Races: by hand, and in the short form of their calibration."""

import numpy as np
import pytest

from bench.core.outcomes import places
from bench.measure.levels import RACE_LEVEL
from bench.measure.racing import able, expected_scores, normal_scores, plain_bounds, race, spending, statistics
from tests.measure.calibration import races
from tests.measure.calibration.rows import errors

RNG = 16


def lognormal(medians, seeds=25, seed=RNG):
    draws = np.random.default_rng(seed).standard_normal((len(medians), seeds))
    return np.exp(0.5 * draws) * np.asarray(medians, dtype=float)[:, None]


def test_scores_follow_ranks_alone():
    results = np.array([[3.0, 1.0, 2.0], [np.inf, 5.0, 5.0], [7.0, 7.0, 7.0]])
    a = expected_scores(3)[2]  # of the largest of three: 0.85 (Blom's approximation)
    assert normal_scores(results) == pytest.approx(np.array([[a, -a, 0], [a, -a / 2, -a / 2], [0, 0, 0]]))
    assert a == pytest.approx(0.846, abs=0.03)


def test_z_by_hand():
    # two optimizers: scores are +-a, differences +-2a; three wins of four: mean a, own variance 4 a^2, which is pooled
    scores = normal_scores(np.array([[1.0, 2.0]] * 3 + [[2.0, 1.0]]))
    z = statistics(scores, np.array([0]), np.array([1]))[:, 0]
    assert z[0] == 0  # one round tells nothing
    assert z[1:3].tolist() == [-np.inf] * 2  # nothing varies
    assert z[3] == pytest.approx(-1.0)


def test_error_is_spent_from_round_to_round_and_no_more():
    spent = spending(np.arange(26), 25)
    assert spent[0] == 0 and (np.diff(spent) >= 0).all() and spent[-1] == RACE_LEVEL


def test_a_round_that_is_not_run_yet_says_where_the_race_stands():
    times = lognormal([1, 1, 100, 100])
    times[:, 12:] = np.nan
    standing = race(times, 25)
    assert standing.stays.tolist() == [True, True, False, False]
    assert not standing.over and standing.rounds == 12 and standing.look > 12
    assert race(times[:, :0], 25).look == np.flatnonzero(np.isfinite(plain_bounds(4, 25)))[0] + 1


def test_what_is_run_later_changes_nothing_before():
    times = lognormal([1, 1.1, 2, 8, 30])
    whole = race(times, 25)
    for rounds in range(26):
        known = np.where(np.arange(25) < rounds, times, np.nan)
        left = race(known, 25).left
        assert left.tolist() == np.where(whole.left <= rounds, whole.left, 0).tolist()


def test_rounds_of_who_left_are_not_needed_and_not_read():
    times = lognormal([1, 1.1, 2, 8, 30])
    whole = race(times, 25)
    gone = np.where((whole.left > 0)[:, None] & (np.arange(25) >= whole.left[:, None]), np.nan, times)
    other = np.where(np.isnan(gone), 1e-9, gone)  # it would win all of these
    assert race(gone, 25).left.tolist() == whole.left.tolist() == race(other, 25).left.tolist()


def test_the_order_of_optimizers_and_the_scale_do_not_matter():
    times = lognormal([1, 1, 2, 8, 30])
    order = np.array([3, 1, 4, 0, 2])
    assert race(times[order], 25).left.tolist() == race(times, 25).left[order].tolist()
    assert race(np.log(times), 25).left.tolist() == race(times, 25).left.tolist()


def test_one_is_left_and_the_race_is_over():
    standing = race(lognormal([1, 40, 50]), 25)
    assert standing.over and standing.stays.tolist() == [True, False, False] and standing.rounds < 25


def test_ties_stay_ties():
    results = np.full((6, 25), np.inf)
    standing = race(results, 25)
    assert standing.stays.all() and standing.over


def test_too_few_seeds_can_tell_nothing():
    assert not able(2, 5) and able(2, 8) and able(12, 5) and not able(12, 4)
    assert race(lognormal([1, 1000], 5), 5).stays.all()
    assert not able(1, 25)


@pytest.mark.parametrize("kind", races.KINDS)
def test_equal_optimizers_stay(kind):
    rng = np.random.default_rng(RNG)
    shape = (40, 3, 15) if kind in races.TIES else (300, 5, 25)
    wrong = [bool((~race(races.KINDS[kind](z), shape[2]).stays).any()) for z in rng.standard_normal(shape)]
    assert errors(wrong)["holds"]


@pytest.mark.parametrize(
    "name", ["race: medians of 1 to 50 times the best", "race: one twice as fast as eleven equals"]
)
def test_planted_races_in_short(name):
    rows = races.SCENARIOS[name](60, np.random.default_rng(RNG))
    for each in rows:
        slack = 3 * each["standard_error"] * (1 if each["bound"] == "at most" else -1)
        near = each["stated"] + slack
        assert each["measured"] <= near if each["bound"] == "at most" else each["measured"] >= near


def test_bounds_hold_at_all_rounds_at_once():
    rng = np.random.default_rng(RNG)
    crossed = np.zeros((2000, 25), dtype=bool)
    first, second = np.triu_indices(4, 1)
    for n, draws in enumerate(rng.standard_normal((2000, 25, 4))):
        z = statistics(normal_scores(draws), first, second)
        crossed[n] = np.abs(z).max(axis=1) > plain_bounds(4, 25)
    error = np.logical_or.accumulate(crossed, axis=1).mean(axis=0)
    spent = spending(np.arange(1, 26), 25)
    assert (error <= spent + 3 * np.sqrt(spent / 2000)).all()
    assert error[-1] > spent[-1] / 2  # and it is spent


def test_a_pair_that_spreads_more_has_a_smaller_z():
    scores = np.array([[1.0, -1, 0], [1, 0, -1], [1, -1, 0], [-1, 1, 0], [1, 0, -1], [1, -1, 0]])
    d = scores[:, 0] - scores[:, 1]
    pooled = 2 * 6 * scores.var(axis=0).sum() / (5 * 2)
    own = d.var(ddof=1)
    assert own > pooled
    z = statistics(scores, np.array([0]), np.array([1]))[-1, 0]
    assert z == pytest.approx(d.mean() * np.sqrt(6 * pooled) / own)


def ended(best, cost=100.0, **more):
    return {"status": "budget", "scored": False, "first": 10.0, "best": best, "final": best, **more}, cost


def left(*optimizers):
    results, ties = places(optimizers)
    return race(results, len(results[0]), ties).left.tolist()


def test_values_below_the_hardest_target_tie():
    """Targets of 10 and 0 end at 1e-5: 1e-8 is no worse than 1e-18, as nobody is asked for it, and 1e-4 is."""
    deep, enough, short = ([ended(best)] * 25 for best in (1e-18, 1e-8, 1e-4))
    assert left(deep, enough) == [0, 0]
    worse = left(deep, enough, short)
    assert worse[:2] == [0, 0] and worse[2] > 0
    assert left([ended(1e-7, f_opt=0.0)] * 25, [ended(9e-6, f_opt=0.0)] * 25)[1] > 0  # runs end at gaps: no tie above
    reached = [[ended(best, cost, status="target", f_opt=0.0)] * 25 for best, cost in ((1e-9, 50.0), (1e-18, 90.0))]
    assert left(*reached)[0] == 0 < left(*reached)[1]  # by what it cost alone


def test_a_tie_is_with_the_best_that_stays_and_no_chain_of_them():
    results, ties = places([[ended(f)] for f in (0.0, 8e-6, 16e-6)])
    assert results[:, 0].argsort().tolist() == [0, 1, 2]
    assert (ties[:, 0] <= results[0, 0]).tolist() == [True, True, False]
    assert (ties[:, 0] <= results[1, 0]).tolist() == [True, True, True]  # were the first not there


def test_where_starts_are_not_finite_the_first_round_says_the_scale():
    runs = [[ended(f, first=None) for f in row] for row in ([0.0, 0.0], [1e-7, 1e-7], [5.0, 5e-4])]
    results, ties = places(runs)
    assert (ties <= results.min(axis=0)).tolist() == [[True, True], [True, True], [False, False]]


def test_values_below_f_opt_have_failed():
    wrong = [ended(-1.0, 5.0, status="target", f_opt=0.0)] * 25
    assert left(wrong, [ended(3.0, f_opt=0.0)] * 25)[0] > 0
