"""Races through the runner: what they leave out, and that nothing else depends on how they were run."""

import dataclasses
from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner

import bench
from bench import api
from bench.cli import app
from bench.core.status import Status
from bench.measure import words
from bench.measure.failed import answers, sentence
from bench.measure.racing import race
from bench.measure.verdicts import budgets
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch, Watcher
from bench.runner.plan import plan
from bench.runner.suite import SuiteError, load_suite, make_suite

OPTIMIZERS = ("random-search", "scipy-nelder-mead", "one-plus-one-es", "spsa-adam")
MANN_WHITNEY = "Mann and Whitney's z"
FACTS = ["problem", "optimizer", "instance", "seed", "status", "best", "value", "cost"]


def suite(seeds=8, until="significant", problems=("sphere[dim=2]", "rosenbrock[dim=2]"), name="raced"):
    made = make_suite(problems, OPTIMIZERS, budget=120, name=name, seeds=seeds)
    return dataclasses.replace(made, until=until)


def runs(folder):
    frame = api.Results(folder).runs
    return frame[FACTS].sort_values(FACTS[:4], ignore_index=True)


def launched(folder, made, **how):
    how = {"children": False, "pictures": False, "referee": race, **how}
    return run_suite(made, folder, Launch(**how))


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "raced"
    campaign = launched(folder, suite())
    return folder, campaign


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "whole"
    launched(folder, suite(until="", name="whole"))
    return folder


def test_what_a_race_leaves_out_is_a_status(raced):
    folder, campaign = raced
    frame = api.Results(folder).runs
    assert len(frame) == campaign.planned == len(plan(suite()))  # nothing is missing
    out = frame[frame.status == Status.LEFT]
    assert len(out) and not out[["value", "gradient"]].any(axis=None)
    assert out.error.str.contains("significantly worse after|the race was over after").all()
    assert not Status.LEFT.ran and not Status.LEFT.failed


def test_runs_of_a_race_are_those_of_the_whole_design(raced, whole):
    part, every = runs(raced[0]), runs(whole)
    ran = (part.status != Status.LEFT).to_numpy()
    pd.testing.assert_frame_equal(part[ran], every[ran])


def test_verdicts_follow_again_from_what_is_stored(raced):
    folder, _ = raced
    results = api.Results(folder)
    table = results.races()
    assert len(table) == 8 and (table.left > 0).any()
    ran = results.runs[results.runs.status != Status.LEFT].groupby(["problem", "optimizer"]).size()
    for row in table.itertuples():
        assert ran[row.problem, row.optimizer] == row.rounds <= row.planned == 8
        assert not row.left or row.rounds >= row.left
    best = results.best_optimizers()
    for row in best[best["among"] == "all"].itertuples():
        of = table[table.problem == row.problem]
        stay = set(of.optimizer[of.left == 0])
        assert row.raced == "race" and row.optimizer in stay
        assert {row.optimizer, *filter(None, row.rivals.split("; "))} == stay
        assert row.significant == (len(stay) == 1)


def test_the_page_of_a_race_describes_no_test_that_was_not_made(raced, whole, tmp_path):
    pages = {folder: api.write_report(api.Results(folder), tmp_path / folder.name) for folder in (raced[0], whole)}
    texts = {folder.name: page.read_text() for folder, page in pages.items()}
    for test in (MANN_WHITNEY, "the largest difference of all pairs at all budgets here"):
        assert test in texts["whole"] and test not in texts["raced"]
    assert "it alone is left of its race" in texts["raced"] and "it alone is left of its race" not in texts["whole"]


def test_a_race_says_who_reached_as_many():
    facts = {"optimizer": "a", "solved": 0.5, "low": 0.4, "high": 0.6, "less": 0, "problems": 1, "compared": 3}
    facts |= {"raced": "race", "enough": True, "rivals": "b; c", "tied": 1, "level": 0, "unbeaten": "", "able": False}
    text = "".join(words.sentence(SimpleNamespace(**facts, left=0), "a cost of 9"))
    assert "[40, 60], as many as b, and it is ahead by the expected cost of the hardest, then by its median; on" in text
    assert "; on this problem the race does not tell it from b, c" in text


def test_nobody_is_tested_again(raced):
    results = api.Results(raced[0])
    view = results.comparison.at()
    duels = results.duels(view.of(budgets))
    assert duels.p.isna().all() and duels.adjusted.isna().all()
    table = results.races()
    everywhere = table.assign(out=table.left > 0).groupby("optimizer").out
    out, stays = everywhere.all(), ~everywhere.any()
    last = duels[duels.budget == duels.budget.max()]
    for row in last[last.family == "all"].itertuples():
        assert row.significant == (stays[row.optimizer] and out[row.rival])
    assert not duels[duels.budget < duels.budget.max()].significant.any()
    assert results.crossings().empty
    # at other prices the race says nothing
    other = results.best_optimizers({"value": 1, "gradient": 10})
    assert (other.raced == "no claim").all() and not other[other.rivals == ""].significant.any()
    text = "".join(sentence(view, max(view.of(budgets))))
    assert "race" in text and set(view.of(answers).raced) == {"race", "no claim"}


class Interrupt(Watcher):
    def __init__(self, after):
        self.left = after

    def ended(self, record):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_an_interrupted_race_goes_on_without_loss(raced, tmp_path):
    folder = tmp_path / "again"
    made = suite(name="again")
    for after in (3, 17, 9):
        with pytest.raises(KeyboardInterrupt):
            launched(folder, made, watcher=Interrupt(after))
    launched(folder, made)
    pd.testing.assert_frame_equal(runs(folder), runs(raced[0]))
    campaign = launched(folder, made)
    assert campaign.added == 0 and campaign.there == campaign.planned


@pytest.mark.parametrize(("after", "missing", "absent"), [(3, 8, 3), (9, 7, 0), (18, 4, 0)])
def test_an_interrupted_race_says_so_and_claims_nothing_of_its_end(tmp_path, after, missing, absent):
    folder = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        launched(folder, suite(problems=("rosenbrock[dim=2]",), name="cut"), watcher=Interrupt(after))
    results = api.Results(folder)
    table = results.races()
    assert set(table.planned) == {8} and set(table.optimizer) == set(OPTIMIZERS)
    assert set(table.missing) == {missing} and (table.rounds == 0).sum() == absent
    text = api.write_report(results, tmp_path / "page").read_text()
    assert f"interrupted: {missing} of 8 rounds are missing" in text and "1 of 1 race was interrupted" in text
    assert ("missing; no run yet of " in text) == bool(absent) and "stay, tied" not in text
    best = results.best_optimizers()
    assert not (best.significant & (best["among"] == "all")).any()


def test_workers_change_nothing(raced, tmp_path):
    launched(tmp_path / "two", suite(name="two"), children=True, workers=2)
    pd.testing.assert_frame_equal(runs(tmp_path / "two"), runs(raced[0]))


def test_without_a_race_the_rest_is_run(raced, tmp_path):
    folder = tmp_path / "more"
    launched(folder, suite(name="more"))
    campaign = launched(folder, suite(until="", name="more"))
    assert campaign.added and not (api.Results(folder).runs.status == Status.LEFT).any()
    results = api.Results(folder)
    assert not results.raced and results.races().empty
    said = Said()
    assert not launched(folder, suite(name="more"), watcher=said).added  # nothing is left to race for
    assert said.sentences == ["There is no race: all runs are stored already, and are compared as a whole."]
    again = api.Results(folder)
    assert not again.raced and again.races().empty and again.sentence() == results.sentence()
    launched(folder, suite(seeds=9, name="more"), watcher=said)
    assert api.Results(folder).raced  # more of them: who is significantly worse leaves


def test_a_race_that_is_over_stays_one(raced):
    """Also where everyone has run to its end: it was looked at in between."""
    folder, _ = raced
    assert not launched(folder, suite()).added and api.Results(folder).raced


def test_too_few_seeds_are_all_run_and_said_to_be_too_few(tmp_path):
    made = make_suite(["sphere[dim=2]"], OPTIMIZERS[:2], budget=60, name="few", seeds=5)
    launched(tmp_path / "few", dataclasses.replace(made, until="significant"))
    results = api.Results(tmp_path / "few")
    assert not (results.runs.status == Status.LEFT).any()
    (row,) = results.best_optimizers().query("among == 'all'").itertuples()
    assert not row.enough and not row.significant and row.rivals
    assert "too few rounds" in "".join(sentence(results.comparison.at(), max(results.comparison.at().of(budgets))))


@pytest.mark.parametrize(
    ("command", "says"), [("check", "check compares"), ("history", "history compares"), ("report", "in one report are")]
)
@pytest.mark.parametrize("names", [("whole", "raced"), ("raced", "whole")])
def test_a_race_is_not_set_beside_other_results(raced, whole, tmp_path, monkeypatch, command, says, names):
    monkeypatch.chdir(tmp_path)
    folders = {"raced": raced[0], "whole": whole}
    done = CliRunner().invoke(app, [command, *(str(folders[name]) for name in names)])
    text = " ".join(done.stderr.split())
    assert done.exit_code == 2 and text.startswith("Error: raced was raced: its runs stop") and says in text
    assert text.count(". ") == 0 and not list(tmp_path.iterdir())


class Said(Watcher):
    def __init__(self):
        self.sentences = []

    def changed(self, sentence):
        self.sentences.append(sentence)


@pytest.mark.parametrize("others", [[], ["scipy-nelder-mead"]])
def test_one_optimizer_races_nobody(tmp_path, others):
    """Named alone, or beside one that cannot be run there."""
    made = make_suite(["onemax[dim=8]"], ["random-search", *others], budget=20, name="one", seeds=25)
    said = Said()
    launched(tmp_path / "one", dataclasses.replace(made, until="significant"), watcher=said)
    assert said.sentences == ["There is no race: on no problem can more than one optimizer be run."]
    results = api.Results(tmp_path / "one")
    assert set(results.runs.status) - {Status.SKIPPED} <= {Status.BUDGET, Status.TARGET}
    assert (results.runs.status == Status.SKIPPED).sum() == 25 * len(others)
    assert not results.raced and results.races().empty and (results.best_optimizers().raced == "").all()
    assert "race" not in results.sentence().lower()


def test_where_one_of_two_problems_has_a_race_the_other_claims_none(tmp_path):
    made = make_suite(["sphere[dim=2]", "onemax[dim=8]"], OPTIMIZERS[:2], budget=60, name="two", seeds=8)
    launched(tmp_path / "two", dataclasses.replace(made, until="significant"))
    results = api.Results(tmp_path / "two")
    assert set(results.races().problem) == {"sphere"}
    best = results.best_optimizers()
    assert (
        set(best.problem[best.raced == "race"]) == {"sphere"} and not best[best.problem == "onemax"].significant.any()
    )
    assert MANN_WHITNEY in api.write_report(results, tmp_path / "page").read_text()  # not all was raced


def test_compare_until_significant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def f(x):
        return float((x**2).sum())

    results = bench.compare(f, [3.0, 2.0], budget=60, optimizers=OPTIMIZERS, until="significant", name="mine")
    table = results.races()
    assert set(table.planned) == {25} and (table.left > 0).any() and table.rounds.sum() < 100
    page = (tmp_path / "reports" / "mine" / "index.html").read_text()
    assert "left after round" in page and 'id="race"' in page
    stay = int((table.left == 0).sum())
    assert ("one is left" if stay == 1 else f"{stay} stay, tied") in page
    assert pd.read_csv(tmp_path / "reports" / "mine" / "tables" / "races.csv").left.tolist() == table.left.tolist()


def test_a_suite_may_say_so(tmp_path):
    text = 'problems = ["sphere"]\noptimizers = ["random-search"]\nbudget = 10\n'
    (tmp_path / "a.toml").write_text(f'until = "significant"\n{text}')
    (tmp_path / "b.toml").write_text(f'until = "dawn"\n{text}')
    assert load_suite(tmp_path / "a.toml").until == "significant"
    with pytest.raises(SuiteError, match="line 1: until must be significant"):
        load_suite(tmp_path / "b.toml")
