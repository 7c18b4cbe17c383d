"""On one problem and within one budget there is one best optimizer, whoever is asked: the sentence, the answer by
family, the medians, the table problem by problem."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bench.measure import words
from bench.measure.comparison import Comparison, View, within
from bench.measure.failed import best_optimizers, of_one_problem, sentence
from bench.measure.standing import at_budget, values_at_budget
from bench.measure.statistics import duels
from bench.measure.verdicts import answer, best, budgets, ranking
from tests.measure.test_standing import at, several, view_of

inf, nan = np.inf, np.nan


def noisy(seed: int, optimizers: int = 5, seeds: int = 5, **facts: object) -> list[dict]:
    """Runs that fall from 10 in three steps to values that differ by chance, and by a little from method to method."""
    rng = np.random.default_rng(seed)
    rows = []
    for name in "abcdefgh"[:optimizers]:
        for n in range(seeds):
            steps = 10.0 ** np.sort(rng.uniform(-3.0, 0.9, 3) - 0.3 * rng.random())[::-1]
            costs = np.sort(rng.choice(np.arange(2, 1000), 3, replace=False))
            path = [(0, 10.0), *((int(cost), float(f)) for cost, f in zip(costs, steps, strict=True))]
            ends = {"best": path[-1][1], "value": 1000, "cost": 1000.0, "budget": 1000.0}
            rows.append({"optimizer": name, "seed": n, "path": path, **ends, **facts})
    return rows


def cut(rows: list[dict], cost: float) -> list[dict]:
    """The same runs, had a smaller budget ended them."""
    kept = [[event for event in row["path"] if event[0] <= cost] for row in rows]
    return [
        {**row, "path": path, "value": int(cost), "cost": cost, "budget": cost, "best": path[-1][1]}
        for row, path in zip(rows, kept, strict=True)
    ]


def named(view: View, budget: float) -> list[tuple]:
    """Of all and of each order: the best and whom it does not beat, by the answer, and problem by problem."""
    table = view.of(answer)
    table = table[(table.family == "all") & (table.budget == budget)]
    return [(row.among, row.optimizer, row.rivals, row.significant, row.enough) for row in table.itertuples()]


FEW = [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 8))]


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("seed", FEW)
def test_all_name_the_same_best_and_the_same_rivals(seed, known):
    view = view_of(*noisy(seed, f_opt=0.0 if known else nan))
    last = view.of(budgets)[-1]
    row = at(view.of(best_optimizers), among="all")
    assert named(view, last)[0] == ("all", row.optimizer, row.rivals, row.significant, row.enough)
    assert f" {row.optimizer} " in "".join(sentence(view, last))
    assert ranking(view)[0] == row.optimizer
    if np.isnan(view.runs.f_opt).all():
        starred = at(view.of(values_at_budget), least=True)
        assert row.optimizer == starred.optimizer and row["median"] == starred["median"]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize("known", [False, True])
def test_within_a_budget_the_best_is_that_of_runs_that_end_there(seed, known):
    """But for targets where f_opt is not known, which are parts of the best gain of the whole runs."""
    rows = noisy(seed, f_opt=0.0 if known else nan)
    view = view_of(*rows)
    for budget in {150.0, 400.0, *view.of(budgets)[::3]}:
        columns = ["among", "optimizer", "target", "ert", "median", "rivals", "significant", "enough", "budget"]
        shorter = view_of(*cut(rows, budget)).of(best)[columns]
        pd.testing.assert_frame_equal(within(view, budget, ("mine", 2)).of(best)[columns], shorter)


def test_at_each_budget_the_answer_is_the_best_within_it():
    view = view_of(*noisy(0))
    assert len(view.of(budgets)) > 1
    for budget in view.of(budgets):
        evidence = view.of(of_one_problem, budget)["all", "all"]
        row = SimpleNamespace(**at(within(view, budget, ("mine", 2)).of(best), among="all"))
        assert named(view, budget)[0] == ("all", row.optimizer, row.rivals, row.significant, row.enough)
        assert (evidence.optimizer, evidence.median, evidence.budget) == (row.optimizer, row.median, budget)
        assert "".join(sentence(view, budget)).startswith(f"Within {view.amount(budget)}, ")


def test_a_lucky_run_does_not_win_all_targets():
    """One run of a is the best of all, and its others are the worst: targets, which are parts of the best gain, were
    once its own, and it was named; b has the lowest median."""
    rows = [*several("a", 0.0, 6.0, 6.1, 6.2, 6.3), *several("b", 2.0, 2.1, 2.2, 2.3, 2.4), *several("c", *[4.0] * 5)]
    view = view_of(*rows)
    row = at(view.of(best), among="all")
    assert (row.optimizer, row.target, row["median"], row.lower, row.upper) == ("b", inf, 2.2, 2.1, 2.3)
    assert named(view, view.of(budgets)[-1])[0][1] == "b"


def test_a_quicker_one_does_not_win_by_a_target_that_all_reach():
    """Both reach a tenth of the gain, a sooner; b ends lower. By that target, the hardest that either reached in half
    of its runs, a was once the best."""
    sooner = [{**run, "path": [(0, 10.0), (5, 0.9)], "best": 0.9} for run in several("a", *[0.9] * 8)]
    view = view_of(*sooner, *several("b", 0.0, *[0.5] * 7))
    row = at(view.of(best), among="all")
    assert (row.optimizer, row.target, row.rivals) == ("b", inf, "")


def test_who_is_as_low_as_the_best_is_told_by_its_cost():
    """a, b and c end within 1e-6 of the gain of each other, c a little farther; b is the quickest: rounding errors
    decide nothing."""
    quick = [{**run, "path": [(0, 10.0), (20, 1e-9)]} for run in several("b", *[1e-9] * 5)]
    view = view_of(*several("a", *[0.0] * 5), *quick, *several("c", *[1e-4] * 5))
    row = at(view.of(best), among="all")
    assert (row.optimizer, row.kind, row.target, row.ert) == ("b", "fraction", 1e-6, 20)
    table = view.of(values_at_budget)
    assert table.optimizer[table.least].tolist() == ["a", "b"]
    assert "Values within 1e-06 of the gain from the start to the best count as equal." in words.lowest("*", table)


def test_two_of_four_runs_are_not_most():
    """The median of a is above the target that half of its runs reached."""
    view = view_of(*several("a", 0.0, 0.0, 3.0, 3.0), *several("b", *[1.0] * 4))
    assert at(view.of(best), among="all").optimizer == at(view.of(values_at_budget), least=True).optimizer == "b"


def test_instances_of_unlike_heights_are_compared_within_themselves():
    """Of ten instances, which differ by 100, b is lower than a by 5 on eight and higher by 0.5 on two. Ranks of all
    values would be of neighbours, and count eight of ten signs, which chance alone gives in 11 %. c is the lowest on
    four of them, so that the value decides."""
    rows = []
    for n in range(10):
        for name, final in (("a", 5.0), ("b", 0.0 if n < 8 else 5.5), ("c", 5.3 if n > 7 else -0.1 if n % 2 else 0.3)):
            path = [(0, 1000.0), (50, 100.0 * n + final)]
            rows.append({"optimizer": name, "instance": n, "path": path, "first": 1000.0, "best": path[-1][1]})
    row = at(view_of(*rows).of(best), among="all")
    assert (row.optimizer, row.target, row.rivals) == ("b", inf, "c")


def test_of_several_problems_targets_decide_and_each_family_of_one_problem_is_judged_as_it_is():
    lucky = [*several("a", 0.0, 6.0, 6.1, 6.2, 6.3), *several("b", 2.0, 2.1, 2.2, 2.3, 2.4)]
    other = [
        {**row, "problem": "other", "family": "others"} for row in several("a", *[0.0] * 5) + several("b", *[5.0] * 5)
    ]
    view = view_of(*lucky, *other)
    table = view.of(answer)
    table = table[(table.budget == table.budget.max()) & (table["among"] == "all")].set_index("family")
    assert table.optimizer.to_dict() == {"mine": "b", "others": "a", "all": "a"}
    assert table.problems.to_dict() == {"mine": 1, "others": 1, "all": 2}
    assert list(view.of(answer).family.unique()) == ["mine", "others", "all"]


def test_the_sentence_has_quartiles_runs_and_the_sign_of_a_maximum():
    view = view_of(*several("a", 1.0, 2.0, 3.0, 4.0, 5.0), *several("b", *[7.0] * 5))
    row = SimpleNamespace(**at(view.of(best_optimizers), among="all"))
    text = "".join(words.best_sentence(row, "a cost of 100"))
    assert text.startswith("Within a cost of 100, a has the lowest median on mine, dim 2: f = 3 [2, 4] in 5 runs")
    text = "".join(words.best_sentence(row, "a cost of 100", -1))
    assert "a has the highest median on mine, dim 2: f = -3 [-4, -2] in 5 runs" in text


def test_medians_that_differ_are_written_with_the_digits_that_tell_them_apart():
    assert words.apart([1.0, 2.0, inf, nan]) == 3
    assert words.apart([0.397887, 0.397888, 0.5]) == 6
    assert words.apart([1.0, 1.0 + 1e-12]) == 8
    assert [words.number(x, 6) for x in (0.397887, 0.5, 12345.678)] == ["0.397887", "0.5", "12,345.7"]


def test_a_view_within_a_cost_that_nobody_passed_is_the_view():
    view = view_of(*several("a", 1.0, 2.0))
    assert view.of(budgets)[-1] >= 100 and isinstance(view.comparison, Comparison)
    assert within(view, 100.0) is view and within(view, 60.0, ("mine", 2)) is not view


def test_what_is_found_just_behind_a_budget_is_not_within_it():
    rows = [{**run, "path": [(0, 10.0), (50, 5.0), (60.5, 1.0)]} for run in several("a", 1.0, 1.0)]
    shorter = within(view_of(*rows), 60.0, ("mine", 2))
    assert at_budget(shorter).tolist() == [5.0, 5.0] and shorter.of(values_at_budget)["median"].tolist() == [5.0]


def test_the_only_family_and_all_problems_have_the_same_rivals():
    """Once chance was drawn anew for each, and a rival on the border was one of them alone."""
    values = np.random.default_rng(3).normal(size=(6, 2, 6)) + np.arange(6)[:, None, None] / 2
    rows = [
        run
        for name, of_problem in zip("abcdef", values + 5, strict=True)
        for problem, finals in zip(("p", "q"), of_problem, strict=True)
        for run in several(name, *finals, problem=problem)
    ]
    view = view_of(*rows)
    names = ["budget", "optimizer", "rival", "p", "adjusted", "significant", "general_p"]
    first, last = (
        table[names].reset_index(drop=True) for _, table in view.of(duels, view.of(budgets)).groupby("family")
    )
    pd.testing.assert_frame_equal(first, last)
    assert first.adjusted.between(0.01, 0.99).any()
