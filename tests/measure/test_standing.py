"""What stands at the common budget: medians of f, and what decides between runs that reached as many targets."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bench.measure import words
from bench.measure.comparison import Comparison, View
from bench.measure.progress import complete
from bench.measure.standing import common_budgets, standings, values_at_budget
from bench.measure.statistics import bayesian, duels, pairs, scores
from bench.measure.verdicts import answer, best, ranking

inf, nan = np.inf, np.nan

RUN = {
    "problem": "mine", "family": "mine", "dim": 2, "instance": 1, "problem_order": 0, "scored": False,
    "optimizer": "a", "order": 0, "seed": 0, "budget": 100.0, "gap": 0.0, "status": "budget", "error": "",
    "f_opt": nan, "first": 10.0, "best": 0.0, "final": 0.0, "rows": 1, "value": 100, "gradient": 0,
    "hessian_vector": 0, "cost": 100.0, "inside": 0.0, "outside": 0.0, "lanes": 0, "device": "cpu", "metrics": "",
}  # fmt: skip
EVENT = {"gradient": 0, "hessian_vector": 0, "inside": 0.0, "outside": 0.0}


def view_of(*rows: dict, **more: object) -> View:
    """A view of runs, one a dict of what differs from RUN, with the path of each: (values asked, f) of its events."""
    runs = complete(pd.DataFrame([{"run": n, **RUN, **row, **more} for n, row in enumerate(rows)]).drop(columns="path"))
    events = [
        {"run": n, **EVENT, "value": asked, "f": f} for n, row in enumerate(rows) for asked, f in row.get("path", [])
    ]
    frame = pd.DataFrame(events, columns=["run", *EVENT, "value", "f"])
    return Comparison(runs, lambda: [(runs, frame)]).at()


def several(optimizer: str, *finals: float, **more: object) -> list[dict]:
    """One run a seed, that goes from 10 to its final value at a cost of 50."""
    paths = [[(0, 10.0), (50, final)] for final in finals]
    return [{"optimizer": optimizer, "seed": seed, "path": path, **more} for seed, path in enumerate(paths)]


def skipped(optimizer: str, seeds: int, **more: object) -> list[dict]:
    """Runs that could not begin."""
    nothing = {"status": "skipped", "value": 0, "cost": 0.0, "first": nan, "best": nan, "path": []}
    return [{"optimizer": optimizer, "seed": seed, **nothing, **more} for seed in range(seeds)]


def at(table: pd.DataFrame, **where: object) -> pd.Series:
    """The one row that has these values."""
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


BEST = several("best", *[0.0] * 5)  # f_best 0 and a gain of 10: the targets are 9, 8, ..., 1, 0.1, ..., 1e-5


@pytest.mark.parametrize(("gap", "lowest"), [(1e-8, ["a", "b", "c"]), (0.0, ["a", "b"])])
def test_gaps_below_that_at_which_runs_end_are_equally_low(gap, lowest):
    """a and b have less than is shown, c a little more."""
    rows = [*several("a", *[1e-12] * 5), *several("b", *[5e-10] * 5), *several("c", *[5e-9] * 5)]
    table = values_at_budget(view_of(*rows, *several("d", *[1.0] * 5), f_opt=0.0, gap=gap))
    assert table.optimizer[table.least].tolist() == lowest
    assert table["median"].tolist() == [1e-9, 1e-9, 5e-9, 1.0]
    assert set(table.end) == {gap}
    text = words.lowest("In bold", table)
    assert text.startswith("In bold: the lowest median of its problem, or all that are equally low. ")
    floor = "Gaps are shown from 1.00e-9 up; those below 1.00e-8, at which runs end, count as equal."
    assert text.endswith(floor if gap else "Gaps below 1.00e-9 are shown as it, and count as equal.")


def test_where_f_itself_is_shown_no_floor_is_spoken_of():
    table = values_at_budget(view_of(*several("a", 1.0, 2.0), *several("b", 3.0, 4.0)))
    assert table.end.isna().all()
    assert words.lowest("*", table) == "*: the lowest median of its problem."


def test_who_has_nothing_finite_is_not_the_lowest():
    paths = [{"optimizer": name, "path": [(50, inf)], "best": inf} for name in "ab"]
    assert not values_at_budget(view_of(*paths, first=inf)).least.any()


def test_optimizers_rank_by_what_they_solve_then_by_their_standing():
    rows = [*several("a", *[9.5] * 5), *several("b", *[0.0] * 5), *several("c", *[9.2] * 5), *skipped("d", 5)]
    assert ranking(view_of(*rows)) == ["b", "c", "a", "d"]


def test_finals_that_clearly_differ_are_told_though_both_are_far_from_the_best():
    """5.3 reached 9, 8, 7 and 6 of the 14 targets; 8.4 reached 9. From a tenth of the gain on both had nothing."""
    table = scores(view_of(*BEST, *several("good", *[5.3] * 5), *several("random", *[8.4] * 5)), [100])
    assert at(table, family="all", optimizer="good").solved == pytest.approx(4 / 14)
    assert at(table, family="all", optimizer="random").solved == pytest.approx(1 / 14)


def test_the_value_at_the_budget_decides_between_runs_that_reached_as_many_targets():
    """8.4 and 8.1 both reached 9 and not 8; the way from there is measured in logarithms."""
    view = view_of(*BEST, *several("a", *[8.4] * 5), *several("b", *[8.1] * 5))
    there = standings(view, [40.0, inf])[[5, 10]]
    assert there[:, 0] == pytest.approx([0, 0])  # before, both are at the start
    ways = np.log(9 / np.array([8.4, 8.1])) / np.log(9 / 8)
    assert there[:, 1] == pytest.approx((1 + ways) / 14)
    assert view.solved(np.array([100.0]))[[5, 10], 0] == pytest.approx(1 / 14)


def test_equal_fractions_are_no_tie_in_any_comparison():
    """Six seeds of 8.1 against 8.4, that reach 9 at the same cost."""
    view = view_of(*BEST, *several("a", *[8.4] * 8), *several("b", *[8.1] * 8))
    assert at(pairs(view), optimizer="b", rival="a").a12 == 1
    assert at(pairs(view), optimizer="b", rival="a")[["better", "worse"]].tolist() == [1, 0]
    duel = at(duels(view, [100]), family="all", optimizer="b", rival="a")
    assert duel.difference == pytest.approx(np.log(8.4 / 8.1) / np.log(9 / 8) / 14)
    assert duel.significant
    view = view_of(*several("a", *[8.4] * 8), *several("b", *[8.1] * 8), *several("c", *[8.1] * 8))
    row = view.of(answer).query("family == 'all'").iloc[-1]
    assert (row.optimizer, row.tied, row.rivals) == ("b", 1, "c")


def test_the_name_does_not_decide_between_equal_fractions():
    view = view_of(*BEST[:1], *several("a", 8.4), *several("z", 8.1), *several("m", 8.4), *several("n", 8.6))
    table = scores(view, [100]).query("family == 'all'").sort_values("standing", ascending=False)
    assert table.optimizer.tolist() == ["best", "z", "a", "m", "n"]


def test_a_gap_to_the_optimum_is_never_parted():
    """Where f_opt is known, targets alone decide, once one is reached."""
    view = view_of(*several("a", 8.4), *several("b", 8.1), *several("c", 0.9), f_opt=0.0)
    assert standings(view, [inf]).tolist() == view.solved(np.array([1e9])).tolist()


def test_who_reached_all_targets_is_equal_whatever_is_below():
    """Of a gain of 10 a millionth is 1e-5."""
    view = view_of(*several("a", 0.0), *several("b", 1e-6))
    assert standings(view, [inf]).tolist() == [[1.0], [1.0]]
    assert at(pairs(view), optimizer="a", rival="b").a12 == 0.5


def test_a_score_that_rose_again_is_no_way_to_the_next_target():
    path = [(0, 10.0), (20, 8.5), (50, 9.5)]
    view = view_of(*BEST, {"optimizer": "a", "scored": True, "path": path})
    assert standings(view, [inf])[-1, 0] == pytest.approx(1 / 14)


def test_nobody_is_compared_with_who_could_not_run():
    """Its runs solved as much as those that never improved: nothing; it is no tie."""
    rows = [*BEST, *several("stuck", *[10.0] * 5), *skipped("other", 5)]
    table = pairs(view_of(*rows))
    for row in (at(table, optimizer="other", rival="stuck"), at(table, optimizer="stuck", rival="other")):
        assert row.problems == row.better == row.worse == 0
        assert row[["a12", "low", "high", "p", "adjusted"]].isna().all()
    duel = at(duels(view_of(*rows), [100]), family="all", optimizer="other", rival="stuck")
    assert duel[["difference", "low", "high", "p", "adjusted"]].isna().all()
    pytest.importorskip("baycomp")
    assert set(bayesian(view_of(*rows), samples=100).rival) == {"stuck"}


def test_pairs_are_over_the_problems_on_which_both_could_run():
    elsewhere = {"problem": "other"}
    rows = [*several("a", 0.0, 0.0), *several("b", 5.0, 5.0), *several("a", 0.0, 0.0, **elsewhere)]
    rows += skipped("b", 2, **elsewhere)
    row = at(pairs(view_of(*rows)), optimizer="a", rival="b")
    assert (row.problems, row.better, row.a12) == (1, 1, 1.0)


# values at the budget


def test_median_and_quartiles_at_the_budget_by_hand():
    rows = [*several("a", 1.0, 2.0, 3.0, 4.0, 5.0), *several("b", 7.0, 7.0), *skipped("c", 2)]
    rows[1]["status"] = "crashed"
    table = values_at_budget(view_of(*rows))
    row = at(table, optimizer="a")
    assert row[["low", "median", "high", "runs", "failed", "least"]].tolist() == [2.0, 3.0, 4.0, 5, 1, True]
    assert (row.budget, row.kind) == (100.0, "value")
    assert at(table, optimizer="b")[["median", "failed", "least"]].tolist() == [7.0, 0, False]
    none = at(table, optimizer="c")
    assert none.runs == 0 and not none.least and none[["low", "median", "high"]].isna().all()


def test_the_value_is_that_at_the_limit_of_the_problem():
    """b went on to 1,000, where a was ended at 100."""
    longer = {"optimizer": "b", "budget": 1000.0, "value": 1000, "cost": 1000.0}
    rows = [*several("a", 3.0), {**longer, "path": [(0, 10.0), (90, 4.0), (500, 1.0)]}]
    view = view_of(*rows)
    assert common_budgets(view).budget.tolist() == pytest.approx([100.0])
    table = values_at_budget(view)
    assert at(table, optimizer="b")["median"] == 4.0
    assert at(table, optimizer="a").least


def test_gaps_are_shown_where_the_optimum_is_known_and_those_below_the_end_are_equal():
    rows = [*several("a", 2.0 + 1e-9), *several("b", 2.0 + 5e-9), *several("c", 2.5)]
    table = values_at_budget(view_of(*rows, f_opt=2.0, gap=1e-8)).set_index("optimizer")
    assert table.kind.tolist() == ["gap"] * 3
    assert table["median"].tolist() == pytest.approx([1e-9, 5e-9, 0.5], rel=1e-6)
    assert table.least.tolist() == [True, True, False]


def paths(optimizer: str, *runs: list[tuple[float, float]], **more: object) -> list[dict]:
    """Runs that begin where f is not finite, a seed each."""
    ends = [min((f for _, f in path), default=inf) for path in runs]
    return [
        {"optimizer": optimizer, "seed": n, "path": [(0, inf), *path], "first": nan, "best": end, **more}
        for n, (path, end) in enumerate(zip(runs, ends, strict=True))
    ]


def test_where_starts_are_not_finite_targets_begin_at_the_median_of_first_finite_values():
    """First finite values 4, 1e30, 10 and 8 (median 9), the best 0: 0.9 of the gain left is 8.1, 0.1 is 0.9."""
    rows = [
        *paths("a", [(3, 4.0), (50, 0.0)], [(3, 1e30), (60, 0.0)]),
        *paths("b", [(9, 10.0)], [(20, 8.0), (40, 1.0)]),
        *paths("c", [], []),
    ]
    view = view_of(*rows)
    f_target = view.reached.set_index(["run", "target"]).f_target.unstack()
    assert f_target[0.9].tolist() == pytest.approx([8.1] * 6) and f_target[0.1].tolist() == pytest.approx([0.9] * 6)
    runtime = view.reached.set_index(["run", "target"]).runtime.unstack()
    assert runtime[0.9].tolist() == [3, 60, inf, 20, inf, inf] and runtime[1e-6].tolist() == [50, 60, *[inf] * 4]
    standing = standings(view, [inf])[:, 0]
    assert standing[:2].tolist() == [1, 1] and 0 < standing[3] < 1
    assert standing[4:].tolist() == [0, 0]  # nothing finite is behind all others


def test_a_first_finite_value_is_a_gain_where_there_is_no_other():
    rows = [*paths("a", *[[(7, 0.0)]] * 5), *paths("b", *[[]] * 5)]
    row = at(view_of(*rows).of(best), among="all")
    assert (row.optimizer, row.ert, row.successes, row.target) == ("a", 7, 5, 1e-6)


def test_who_found_nothing_finite_is_not_best():
    row = at(view_of(*paths("a", *[[]] * 5), *paths("b", *[[]] * 5)).of(best), among="all")
    assert (row.optimizer, row.reason) == ("", words.NOTHING_FINITE)


def far(optimizer: str, *finals: float, **more: object) -> list[dict]:
    """Runs with f_opt 0 that go from 1e6 to a value above all targets."""
    paths = [[(0, 1e6), (50, final)] for final in finals]
    facts = {"first": 1e6, "f_opt": 0.0, "gap": 1e-8}
    return [{"optimizer": optimizer, "seed": n, "path": path, **facts, **more} for n, path in enumerate(paths)]


def test_where_nobody_reaches_a_target_the_value_at_the_budget_decides():
    """From 1e6 to the first target, 100, are four decades, a way of one of 11 targets: 1e5 is at 1 of 4, 1e3 at 3."""
    view = view_of(*far("a", *[1e5] * 8), *far("b", *[1e3] * 8))
    assert standings(view, [inf])[:, 0].reshape(2, 8) == pytest.approx(np.outer([0.25 / 11, 0.75 / 11], np.ones(8)))
    row = at(view.of(best), among="all")
    assert (row.optimizer, row.target, row.ert, row["median"], row.rivals, row.significant) == (
        "b",
        inf,
        inf,
        1e3,
        "",
        True,
    )
    text = "".join(words.best_sentence(SimpleNamespace(**row, failed=0), "a cost of 100"))
    assert text.startswith(
        f"Within a cost of 100, b has the lowest median on mine, dim 2: {words.KINDS['gap']} = 1,000 [1,000, 1,000] in "
        "8 runs, where no optimizer reached a target"
    )
    assert "significantly better than the other" in text
    table = answer(view)
    row = at(table[table.budget == table.budget.max()], among="all", family="all")
    assert (row.optimizer, row.solved, row.significant) == ("b", 0, True)
    text = "".join(words.sentence(row, "a cost of 100"))
    assert "b comes nearest to a target, which no optimizer reached, on this problem significantly nearer" in text


def test_where_somebody_reached_a_target_gaps_above_it_are_alike():
    view = view_of(*far("a", *[1e5] * 5), *far("b", *[1e3] * 5), *far("c", *[50.0] * 5))
    assert standings(view, [inf])[:, 0].tolist() == [0.0] * 10 + [pytest.approx(1 / 11)] * 5


def test_of_those_that_reached_all_the_hardest_target_is_reached_first_by_the_best():
    """All three reach all; z is quicker, and of the others m has the lower median, which is as good as that of a."""
    rows = [
        *several("a", *[1e-7] * 5), *several("m", *[0.0] * 5),
        *[{**run, "path": [(0, 10.0), (20, 1e-7)]} for run in several("z", *[1e-7] * 5)],
    ]  # fmt: skip
    view = view_of(*rows, *[{**run, "problem": "other"} for run in rows])
    row = at(view.of(best), among="all", problem="mine")
    table = answer(view)
    last = at(table[table.budget == table.budget.max()], among="all", family="all")
    assert row.optimizer == last.optimizer == "z"
    assert last.rivals == "a; m" and (last.tied, last.level) == (2, 0)
    assert "as many as a, m, and it is ahead by the expected cost of the hardest" in "".join(words.sentence(last, "9"))


def test_what_nothing_tells_apart_is_a_tie_with_all_names():
    view = view_of(*several("a", *[0.0] * 5), *several("b", *[0.0] * 5), *several("c", *[1e-7] * 5))
    row = at(view.of(best), among="all")
    assert (row.optimizer, row.tied, row.rivals) == ("a", 2, "b; c")
    text = "".join(words.best_sentence(SimpleNamespace(**row, failed=0), "9"))
    assert text.startswith("Within 9, a, b and c tie on mine, dim 2: each reaches ") and text.endswith(
        "(success ≥ 57 %)."
    )
    table = answer(view)
    last = at(table[table.budget == table.budget.max()], among="all", family="all")
    assert (last.optimizer, last.rivals, last.tied, last.level) == ("a", "b; c", 2, 2)
