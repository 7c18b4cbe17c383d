"""Tuning: spaces, settings, how they are judged, the file, and a search from end to end."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest

from bench import api
from bench.core import Objective, Range, optimizer, problem, registry
from bench.core.outcomes import FAILED, median
from bench.measure.convergence import quantile
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.plan import jobs, plan
from bench.runner.suite import SuiteError, load_suite, make_suite, parse_entry
from bench.tuning.search import (
    RATES,
    Axis,
    Contest,
    Standing,
    axes,
    beside_rate,
    first_rates,
    held,
    mean_ranks,
    next_rates,
    outcome,
    propose,
    spread,
    tune,
    tuning_suite,
)
from bench.tuning.settings import read_tuned, with_tuned, write_tuned

CELLS = [("a", "{}", 1001), ("b", "{}", 1001)]


@pytest.fixture(autouse=True)
def knobs(odd):
    """Methods with every kind of hyperparameter."""

    @optimizer(order=0, source="fogbench's own tests 2026")
    def odd_knobs(
        oracle,
        *,
        step: Annotated[float, Range(1e-2, 1e2, log=True, above=0)] = 1.0,
        share: Annotated[float, Range(0.25, 0.75, least=0)] = 0.5,
        size: Annotated[int | None, Range(2, 5, least=1)] = None,
        rule: Literal["a", "b"] = "a",
        proud: bool = False,
        name: str = "x",
        untold: float = 3.0,
    ):
        x = oracle.x0
        while True:
            oracle.value(x + step * oracle.rng.standard_normal(oracle.dim))

    @optimizer(order=1, lanes=True, arrays="torch", lane_rates=True, source="fogbench's own tests 2026")
    def odd_rates(
        oracle, *, lr: Annotated[float, Range(1e-4, 10, log=True, above=0)] = 1e-3, flip: Literal["n", "y"] = "n"
    ):
        x = oracle.x0
        while True:
            x -= lr * oracle.gradient(x)

    @optimizer(order=0, source="fogbench's own tests 2026")
    def odd_trap(oracle, *, at: Annotated[float, Range(0.0, 1.0)] = 0.9):
        """Good at a half, and fails from 0.95 on."""
        if at > 0.95:
            raise RuntimeError("too far")
        while True:
            oracle.value(oracle.x0 * abs(at - 0.5))

    @optimizer(order=0, source="fogbench's own tests 2026")
    def odd_beside(
        oracle,
        *,
        size: Annotated[int | None, Range(8, 256, log=True, least=1)] = 1,
        few: Annotated[int | None, Range(2, 4, least=1)] = 3,
        tol: Annotated[float, Range(1e-12, 1e-2, log=True, least=0)] = 0.0,
        share: Annotated[float, Range(0.0, 1.0)] = 0.5,
    ):
        while True:
            oracle.value(oracle.x0)

    @optimizer(order=0, source="fogbench's own tests 2026")
    def odd_batch(oracle, *, batch_size: Annotated[int | None, Range(8, 256, log=True, least=1)] = 32):
        for batch in oracle.minibatches(batch_size):
            batch.value(oracle.x0)

    @problem(family="toys", source="fogbench's own tests 2026")
    def odd_rows(instance: int = 1) -> Objective:
        return Objective(
            lambda x, a: ((x[..., None, :] - a) ** 2).mean((-2, -1)), 2, data={"a": np.ones((40, 2))}, order=0
        )

    yield
    del registry.PROBLEMS["odd-rows"]
    for key in ("odd-knobs", "odd-rates", "odd-trap", "odd-beside", "odd-batch"):
        del registry.OPTIMIZERS[key]


def suite_of(*optimizers, **options):
    return make_suite(["odd-bowl"], list(optimizers), **{"budget": 20, "name": "t", "seeds": 4, **options})


def tuned(tmp_path, monkeypatch, suite, **options):
    monkeypatch.chdir(tmp_path)
    launched = []

    def run(*words):
        launched.append(run_suite(*words))

    monkeypatch.setattr("bench.tuning.search.run_suite", run)
    return tune(suite, (), tmp_path / "results", Launch(children=False), **options), launched


def test_a_space_is_ranges_and_choices_that_the_entry_leaves_open():
    assert list(axes(parse_entry("odd-knobs"))) == ["step", "share", "size", "rule", "proud"]
    assert list(axes(parse_entry("odd-knobs[step=2,proud=true]"))) == ["share", "size", "rule"]
    assert axes(parse_entry("random-search")) == {}


def test_values_along_an_axis():
    log = Axis(Range(1e-2, 1e2, log=True))
    assert [log.at(u) for u in (0, 0.25, 0.5, 0.75)] == [0.01, 0.1, 1.0, 10.0]
    assert [Axis(Range(0.25, 0.75)).at(u) for u in (0, 0.5)] == [0.25, 0.5]
    whole = Axis(Range(2, 5), whole=True)
    assert [whole.at(u) for u in (0, 0.24, 0.26, 0.5, 0.76, 0.999)] == [2, 2, 3, 4, 5, 5]
    assert [Axis(choices=("a", "b", "c")).at(u) for u in (0, 0.34, 0.99)] == ["a", "b", "c"]
    assert Axis(Range(0.9, 0.9999)).at(0.99999) == 0.9999  # rounding stays within the range


def test_values_beside_a_range_have_a_quarter_and_every_value_its_place():
    found = axes(parse_entry("odd-beside"))
    assert {key: axis.beside for key, axis in found.items()} == {
        "size": (None, 1),
        "few": (None,),
        "tol": (0.0,),
        "share": (),
    }
    assert [found["size"].at(u) for u in (0, 0.12, 0.13, 0.24, 0.25, 0.999999)] == [None, None, 1, 1, 8, 256]
    assert [found["few"].at(u) for u in (0.24, 0.26, 0.49, 0.51, 0.74, 0.76)] == [None, 2, 2, 3, 3, 4]
    assert [found["tol"].at(u) for u in (0.24, 0.25, 0.625)] == [0.0, 1e-12, 1e-7]  # 0.625: half the range
    for key, values in {
        "size": (None, 1, 8, 13, 256),
        "few": (None, 2, 3, 4),
        "tol": (0.0, 1e-12, 3e-9, 1e-2),
        "share": (0.0, 0.25, 1.0),
    }.items():
        places = [found[key].place(value) for value in values]
        assert places == sorted(places)
        assert 0 <= places[0] < places[-1] < 1
        assert [found[key].at(u) for u in places] == list(values)


def test_settings_are_different_in_range_repeatable_and_begin_with_the_default():
    for text in ("odd-knobs", "torch-adam", "cma-es"):
        entry = parse_entry(text)
        definition = registry.find_optimizer(text)
        for search in ("sobol", "halton"):
            found = spread(entry, 30, 1, search)
            assert found[0] == {key: definition.parameters[key].default for key in axes(entry)}
            assert len({json.dumps(setting) for setting in found}) == 30
            for setting in found:
                registry.settings(definition, setting)
            assert found == spread(entry, 30, 1, search)
            assert found[:7] == spread(entry, 7, 1, search)
            assert found != spread(entry, 30, 2, search)


def test_a_quasi_random_search_covers_every_axis():
    entry = parse_entry("odd-knobs")
    found = spread(entry, 33, 1)[1:]
    assert all(sum(lo <= s["step"] < 10 * lo for s in found) in (7, 8, 9) for lo in (0.01, 0.1, 1.0, 10.0))
    assert sum(s["proud"] for s in found) in (15, 16, 17)
    assert {s["size"] for s in found} == {None, 2, 3, 4, 5}
    assert sum(s["size"] is None for s in found) in (7, 8, 9)


def test_a_small_space_gives_what_it_has():
    found = spread(parse_entry("odd-knobs[step=1,share=0.5,size=2]"), 30, 1)
    assert sorted(setting["rule"] + str(setting["proud"]) for setting in found) == [
        "aFalse",
        "aTrue",
        "bFalse",
        "bTrue",
    ]
    assert spread(parse_entry("random-search"), 30, 1) == [{}]


def test_learning_rates_go_as_lanes():
    entry = parse_entry("odd-rates")
    found = spread(entry, 1 + 4 * RATES, 1)[1:]
    rows = [found[at : at + RATES] for at in range(0, len(found), RATES)]
    assert all(len({s["flip"] for s in row}) == 1 and len({s["lr"] for s in row}) == RATES for row in rows)
    contest = Contest(entry, "odd", [*spread(entry, 1, 1), *found])
    work = jobs(plan(tuning_suite(suite_of("odd-rates"), [contest], 3)), lambda spec: False)
    assert len(work) == 2  # one batch a value of flip
    assert sum(len(job.specs) for job in work) == 3 * (1 + 4 * RATES)


def rows_of(text, rows, settings=100, best=None):
    """The settings of a search by rates after so many rows, where the one in place `best` is always the best."""
    contest = Contest(parse_entry(text), "odd", first_rates(parse_entry(text), settings))
    for number in range(1, rows + 1):
        ranks = [2.0] * len(contest.settings)
        ranks[best if best is not None else 0] = 1.0
        next_rates(contest, ranks, number, settings)
    return contest.settings


def test_rows_of_rates_begin_with_decades_and_go_on_around_the_best():
    first = rows_of("torch-adamw", 0)
    assert first[0] == {"lr": 1e-3, "weight_decay": 0.01, "schedule": "constant"}
    assert sorted(setting["lr"] for setting in first) == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert {(setting["weight_decay"], setting["schedule"]) for setting in first} == {(0.01, "constant")}
    place = [setting["lr"] for setting in first].index(1e-2)
    rows = rows_of("torch-adamw", 4, best=place)[6:]
    assert [setting["lr"] for setting in rows] == [0.003162, 0.03162] + 3 * [0.003162, 0.01, 0.03162]
    others = [(setting["schedule"], setting["weight_decay"]) for setting in rows[2::3]]
    assert others == [("warm-up-cosine", 0.1), ("cosine", 0.0), ("warm-up", 0.01)]
    many = rows_of("torch-adamw", 14, best=place)
    assert len({(setting["schedule"], setting["weight_decay"]) for setting in many}) == 1 + 12  # all pairs
    assert rows_of("torch-adamw", 14, settings=10, best=place) == many[:10]
    assert rows_of("torch-adamw", 0, settings=3) == first[:3]


def test_rows_take_the_rates_and_values_that_are_named():
    text = "torch-adamw[lr=0.002,0.02,weight_decay=0.3,schedule=cosine,linear,beta1=0.5]"
    rows = rows_of(text, 3)
    assert rows[0] == {"lr": 1e-3, "schedule": "constant"}
    assert [(setting["lr"], setting["schedule"]) for setting in rows[1:]] == [
        *((lr, "constant") for lr in (0.002, 0.02)),
        *((lr, schedule) for schedule in ("cosine", "linear") for lr in (0.002, 0.02)),
    ]
    assert held(parse_entry(text)).text() == "torch-adamw[weight_decay=0.3,beta1=0.5]"


def test_rows_of_a_method_with_nothing_beside_its_rate_come_closer():
    rates = sorted(setting["lr"] for setting in rows_of("torch-rprop", 3))
    assert rates == [1e-4, 1e-3, 3.162e-3, 5.623e-3, 1e-2, 1.778e-2, 3.162e-2, 0.1, 1.0, 10.0]


def test_a_row_of_rates_is_one_batch_of_lanes():
    contest = Contest(parse_entry("odd-rates"), "odd", rows_of("odd-rates", 0))
    suite = replace(suite_of("odd-rates"), groups=(replace(suite_of("odd-rates").groups[0], solo=True),))
    (job,) = jobs(plan(tuning_suite(suite, [contest], 3)), lambda spec: False)
    assert job.lanes
    assert len(job.specs) == 3 * len(contest.settings)


def test_of_several_values_one_is_chosen():
    found = axes(parse_entry("odd-knobs[step=1,2.0,share=0.5,rule=b,a]"))
    assert found["step"].choices == (1.0, 2.0)
    assert found["rule"].choices == ("b", "a")
    assert list(found) == ["step", "size", "rule", "proud"]


def test_outcomes_are_in_order():
    def row(status, final=None, best=None, scored=0):
        return {"status": status, "final": final, "best": best, "scored": scored}

    in_order = [
        outcome(row("target", best=9.0), 5.0),
        outcome(row("target", best=1.0), 6.0),
        outcome(row("budget", best=1.0, final=8.0), 3.0),
        outcome(row("deadline", best=0.5, final=2.0, scored=1), 3.0),
        outcome(row("crashed", best=0.0), 3.0),
    ]
    assert in_order == sorted(in_order)
    assert len(set(in_order)) == 5
    failed = [row("killed"), row("diverged", best=0.0), row("budget"), row("budget", best=1.0, scored=1)]
    assert {outcome(one, 1.0) for one in failed} == {in_order[-1]}


def test_mean_ranks_by_hand():
    def standing(first, second):
        return Standing(outcomes={CELLS[0]: [(1, v) for v in first], CELLS[1]: [(1, v) for v in second]})

    # medians on a: 1.5 (of four the mean of the middle two), 1, 2, on b: 1e6, 2e6, 3e6: ranks 2, 1, 3 and 1, 2, 3
    standings = [standing([1, 2, 9, 1], [1e6]), standing([1, 0, 5], [2e6]), standing([2, 2, 2], [3e6])]
    assert mean_ranks(standings) == [1.5, 1.5, 3.0]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([(1, 3.0)], (1, 3.0)),
        ([(1, 1.0), (1, 4.0)], (1, 2.5)),
        ([(0, 5.0), (0, 7.0), (1, 1.0), (2, 0.0)], (1, 1.0)),  # of unlike kinds the worse
        ([(1, 1.0), FAILED], FAILED),
        ([(1, 1.0), (1, inf)], (1, inf)),
        ([(1, inf), (1, inf)], (1, inf)),
        ([(0, 1.0), (0, 2.0), (0, 4.0), FAILED], (0, 3.0)),
    ],
)
def test_the_median_of_outcomes(outcomes, expected):
    """The mean of the two in the middle, as of the values that the report has, where a failure is infinite."""
    assert median(outcomes) == median(outcomes[::-1]) == expected
    if {kind for kind, _ in outcomes} <= {1, 2}:
        ordered = np.sort([inf if kind == 2 else value for kind, value in outcomes])[None, :, None]
        value = quantile(ordered, np.array([len(outcomes)]), 0.5)[0, 0]
        assert value == (inf if expected == FAILED else expected[1])


def test_rates_stay_on_their_grid():
    """However often they are rounded; one beside the grid is the middle of its own."""
    high = registry.find_optimizer("torch-sgd").parameters["lr"].range
    rate, seen = 0.01, []
    for power, steps in ((0.5, 4), (0.25, 4)):
        for _ in range(steps):
            around = beside_rate(rate, high, power)
            seen += around
            rate = around[2]
        rate = 0.01
    grid = {float(f"{high.high / 10 ** (k / 4):.4g}") for k in range(60)}
    assert set(seen) <= grid and {0.01, 0.03162, 0.1, 0.3162, 0.01778} <= set(seen)
    assert beside_rate(0.02, high, 0.5) == (0.006325, 0.02, 0.06325)
    assert beside_rate(high.high, high, 0.5)[1:] == (high.high, high.high)


def test_a_setting_that_was_not_run_where_others_were_has_failed_there():
    whole = Standing(outcomes={CELLS[0]: [(1, 5.0)], CELLS[1]: [(1, 5.0)]})
    part = Standing(outcomes={CELLS[0]: [(1, 4.0)]})
    assert mean_ranks([whole, part, Standing()]) == [1.5, 1.75, 2.75]  # on a: 2, 1, 3, on b: 1, 2.5, 2.5
    assert mean_ranks([Standing(), Standing()]) == [inf, inf]


def test_tuning_instances_are_never_those_of_the_suite():
    for instances in ((1,), (1, 15), (999, 1000), (1001, 2500)):
        suite = suite_of("odd-knobs", instances=instances)
        contest = Contest(parse_entry("odd-knobs"), "odd", [{}])
        theirs = {one for group in tuning_suite(suite, [contest], 2).groups for one in group.instances}
        assert len(theirs) == len(instances)
        assert not theirs & set(instances)
    assert tuning_suite(suite_of("odd-knobs"), [contest], 2).groups[0].instances == (1001,)


@pytest.mark.parametrize("search", ["sobol", "halton", "tpe"])
def test_the_best_setting_is_found_and_found_again(tmp_path, monkeypatch, search):
    if search == "tpe":
        pytest.importorskip("optuna")
    suite = suite_of("odd-trap", "random-search", budget=5)
    first, launched = tuned(tmp_path, monkeypatch, suite, settings=14, seeds=2, search=search)
    trap, free = first.found
    assert trap.tried == 14
    assert trap.runs == 28
    assert trap.cost == 5 * (28 - sum(campaign.statuses["crashed"] for campaign in launched))
    assert abs(trap.setting["at"] - 0.5) < 0.1
    assert trap.rank == 1.0
    assert trap.default_rank > 5
    assert (free.setting, free.tried, free.runs) == ({}, 1, 2)
    again, repeated = tuned(tmp_path, monkeypatch, suite, settings=14, seeds=2, search=search)
    assert again == first
    assert sum(campaign.added for campaign in repeated) == 0
    more, _ = tuned(tmp_path, monkeypatch, suite, settings=15, seeds=2, search=search)
    assert more.found[0].rank == 1.0


def test_a_search_by_rates_finds_the_rate(tmp_path, monkeypatch):
    """Of x - lr 2 x on a bowl the best rate of a decade is 0.1 or 1, between which its next row finds a better one;
    what has no rate goes by the quasi-random search."""
    suite = suite_of("odd-rates[flip=n]", "odd-trap", budget=30)
    first, _ = tuned(tmp_path, monkeypatch, suite, settings=9, seeds=2, search="rates")
    rates, trap = first.found
    assert rates.setting["lr"] == 0.3162
    assert (rates.tried, trap.tried) == (9, 9)
    again, repeated = tuned(tmp_path, monkeypatch, suite, settings=9, seeds=2, search="rates")
    assert again == first
    assert sum(campaign.added for campaign in repeated) == 0


def test_several_values_are_written_as_what_was_chosen(tmp_path, monkeypatch):
    if importlib.util.find_spec("optuna") is None:
        pytest.skip("optuna is not installed")
    suite = suite_of("odd-trap[at=0.1,0.4,0.6]", budget=5)
    for search in ("sobol", "tpe"):
        found, _ = tuned(tmp_path, monkeypatch, suite, settings=9, seeds=1, search=search)
        write_tuned(found, "a command")
        assert read_tuned(found.path) == found
        assert (found.found[0].entry.text(), found.found[0].tried) == ("odd-trap", 4)
        assert found.found[0].setting["at"] in (0.4, 0.6)


def test_tpe_tries_as_many_settings_as_there_are():
    pytest.importorskip("optuna")
    for text, many in (("odd-knobs[step=1,share=0.5]", 16), ("odd-knobs[step=1,share=0.5,rule=a,proud=true]", 5)):
        contest = Contest(parse_entry(text), "odd", spread(parse_entry(text), 1, 1))
        for number in range(1, 16):  # the default is best: its neighbours are proposed again and again
            propose(contest, [1.0, *[2.0] * (len(contest.settings) - 1)], 1, number)
        assert len({json.dumps(setting) for setting in contest.settings}) == len(contest.settings) == many


def test_optuna_logs_as_before():
    logging = pytest.importorskip("optuna").logging
    contest = Contest(parse_entry("odd-trap"), "odd", [{"at": 0.9}])
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        propose(contest, [1.0], 1, 1)
        assert logging.get_verbosity() == logging.ERROR
    finally:
        logging.set_verbosity(before)


def test_batch_sizes_are_tuned_where_there_are_data(tmp_path, monkeypatch):
    suite = make_suite(["odd-bowl", "odd-elsewhere", "odd-rows"], ["odd-batch"], 20, "t")
    found, _ = tuned(tmp_path, monkeypatch, suite, settings=4, seeds=1)
    without, with_rows = found.found
    assert (without.family, dict(without.setting), without.tried) == ("odd", {}, 1)
    assert (with_rows.family, list(with_rows.setting), with_rows.tried) == ("toys", ["batch_size"], 4)


def test_a_failure_is_the_worst(tmp_path, monkeypatch):
    suite = suite_of("odd-trap", budget=5)
    found, launched = tuned(tmp_path, monkeypatch, suite, settings=40, seeds=1)
    assert launched[0].statuses["crashed"] > 0
    assert found.found[0].setting["at"] <= 0.95


def test_what_cannot_be_run_is_not_tuned(tmp_path, monkeypatch):
    suite = make_suite(["odd-black-box"], ["odd-rates"], 20, "t", seeds=2)
    found, _ = tuned(tmp_path, monkeypatch, suite, settings=3)
    assert found.found == ()


def test_tuned_settings_are_run_beside_the_defaults(tmp_path, monkeypatch):
    suite = suite_of("odd-trap", "random-search", "odd-walk", budget=5)
    tuning, _ = tuned(tmp_path, monkeypatch, suite, settings=6, seeds=1)
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    for name in (tuning.path, f"{tuning.path}.part"):  # nothing is written through a link
        Path(name).unlink(missing_ok=True)
        Path(name).symlink_to(mine)
    write_tuned(tuning, "a command")
    assert mine.read_text() == "mine"
    assert read_tuned(tuning.path) == tuning
    assert tuning.budgets == (5.0,)
    best = tuning.found[0].setting["at"]
    both = replace(suite, tuning=read_tuned(tuning.path))
    specs = plan(both)
    assert {s.hyperparameters["at"] for s in specs if s.optimizer == "odd-trap"} == {0.9, best}
    assert len(specs) == 4 * 4  # two of the trap, one each of the others, 4 seeds
    run_suite(both, tmp_path / "results/t", Launch(children=False))
    results = api.load(tmp_path / "results/t")
    assert set(results.runs.optimizer) == {"odd-trap", "odd-trap (tuned)", "random-search", "odd-walk"}
    assert results.tuning_results is not None
    assert len(results.tuning_results.runs) == 6 + 1 + 1


def test_a_suite_may_name_its_settings(tmp_path, monkeypatch):
    suite = suite_of("odd-trap", budget=5)
    tuning, _ = tuned(tmp_path, monkeypatch, suite, settings=6, seeds=1)
    (tmp_path / "beside").mkdir()
    text = 'budget = 5\ntuned = "beside/t.toml"\nproblems = ["odd-bowl"]\noptimizers = ["odd-trap"]'
    (tmp_path / "t.toml").write_text(text)
    written = replace(tuning, path=str(tmp_path / "beside/t.toml"))
    write_tuned(written, "a command")
    monkeypatch.chdir("/")
    named = load_suite(tmp_path / "t.toml")
    assert named.tuned == written.path
    assert with_tuned(named).tuning == written
    assert with_tuned(named, tuning.path).tuning == tuning
    assert with_tuned(suite).tuning is None
    contest = Contest(parse_entry("odd-trap"), "odd", [{}])
    assert tuning_suite(with_tuned(named), [contest], 1).tuning is None


def test_a_default_that_is_best_counts_under_both_names(tmp_path):
    suite = suite_of("odd-trap", budget=5)
    text = (
        'suite = "t"\nsearch = "sobol"\nsettings = 2\nseeds = 1\ninstances = [1001]\n[[tuned]]\noptimizer = "odd-trap"'
        '\nfamily = "odd"\ntried = 2\nrank = 1\ndefault_rank = 1\nruns = 2\ncost = 10\n[tuned.setting]\nat = 0.9\n'
    )
    (tmp_path / "tuned.toml").write_text(text)
    both = replace(suite, tuning=read_tuned(tmp_path / "tuned.toml"))
    assert len(plan(both)) == 4
    run_suite(both, tmp_path / "t", Launch(children=False))
    results = api.load(tmp_path / "t")
    assert results.runs.optimizer.value_counts().to_dict() == {"odd-trap": 4, "odd-trap (tuned)": 4}
    assert results.trajectories.run.nunique() == 8


GOOD = (
    'suite = "t"\nsearch = "sobol"\nsettings = 2\nseeds = 1\ninstances = [1001]\n[[tuned]]\n'
    'optimizer = "odd-knobs[proud=true]"\nfamily = "odd"\ntried = 2\nrank = 1\n'
    'default_rank = 1.5\nruns = 2\ncost = 10.0\n[tuned.setting]\nstep = 2\nsize = "none"\n'
)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds = 1", "seeds =", r"tuned.toml: not valid TOML"),
        ("seeds = 1\n", "", r"tuned.toml: key seeds is missing"),
        ("seeds", "sedes", r"unknown key 'sedes'"),
        ("seeds = 1", "seeds = true", r"key seeds must be int, got True"),
        ("[1001]", "[0]", r"instances must be whole numbers >= 1, got \[0\]"),
        ("[1001]\n", "[1001]\nbudgets = [60, 0]\n", r"budgets must be numbers above 0, got \[60, 0\]"),
        ("rank = 1\n", "rank = nan\n", r"tuned\.toml, line 6, \[\[tuned\]\] number 1: key rank must be float, got nan"),
        ("odd-knobs", "odd-nobs", r"key optimizer: unknown optimizer 'odd-nobs': did you mean odd-knobs"),
        ("proud=true", "proud=true,false", r"is a grid of 2 settings, where one is needed"),
        ('"odd"', '"add"', r"key family must be one of .*, got 'add'"),
        ("step = 2", "step = -2", r"key setting.step: odd-knobs: step must be > 0, got -2"),
        ("step = 2", "stop = 2", r"key setting.stop: odd-knobs has no parameter 'stop'"),
        ("step = 2", "proud = false", r"key setting.proud: odd-knobs\[proud=true\] holds proud fixed"),
        ("[[tuned]]", "[tuned]", r"tuned must be written as \[\[tuned\]\]"),
    ],
)
def test_a_wrong_file_is_answered_with_its_key(tmp_path, old, new, message):
    path = tmp_path / "tuned.toml"
    path.write_text(GOOD)
    assert read_tuned(path).found[0].setting == {"step": 2.0, "size": None}
    assert read_tuned(path).budgets == ()  # of a file that does not tell
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SuiteError, match=message) as raised:
        read_tuned(path)
    assert str(path) in str(raised.value)


def test_mistakes_are_told_before_anything_is_run(tmp_path, monkeypatch):
    for options, message in (
        ({"settings": 0}, "settings must be >= 1, got 0"),
        ({"search": "grid"}, "search must be sobol, halton, tpe or rates, got 'grid'"),
        ({"seeds": 0}, "seeds must be a number above 0, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            tuned(tmp_path, monkeypatch, suite_of("odd-trap"), **options)
    with pytest.raises(ValueError, match="odd-trap: at must be float, got 'high'"):
        tuned(tmp_path, monkeypatch, suite_of("odd-trap[at=0.1,high]"))
    with pytest.raises(ValueError, match="odd-trap has no parameter 'to'"):
        tuned(tmp_path, monkeypatch, suite_of("odd-trap[to=0.1]"))
    assert not (tmp_path / "results").exists()
    (tmp_path / "tuned.toml").write_text(GOOD)
    tuning = read_tuned(tmp_path / "tuned.toml")
    with pytest.raises(ValueError, match=r"instances \[1001\] were tuned on"):
        replace(suite_of("odd-trap", instances=(1, 1001)), tuning=tuning)


def test_without_optuna_its_extra_is_named():
    code = (
        "import sys; sys.modules['optuna'] = None; import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'optuna' else found(name, *more)\n"
        "from bench.api import tune\n"
        "try: tune('quick', search='tpe')\nexcept ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    how = 'in the folder of Fogbench pip install -c constraints.txt -e ".[tune]"'
    assert done.stdout.strip() == f"search tpe needs optuna, which is not installed: {how}"


def test_the_suite_of_the_tuned_report_has_an_optimizer_at_one_setting_each():
    suite = load_suite("digits")
    (group,) = suite.groups
    assert group.seeds == 15
    assert all(len(entry.settings()) == 1 for entry in group.optimizers)
