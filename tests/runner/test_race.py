"""Races through the runner: what they leave out, and that nothing else depends on how they were run."""

import dataclasses

import pandas as pd
import pytest
from typer.testing import CliRunner

import bench
from bench import api
from bench.cli import app
from bench.core.status import Status
from bench.measure.failed import answers, sentence
from bench.measure.racing import race
from bench.measure.verdicts import budgets
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch, Watcher
from bench.runner.plan import plan
from bench.runner.suite import SuiteError, load_suite, make_suite

OPTIMIZERS = ("random-search", "scipy-nelder-mead", "nevergrad-OnePlusOne", "spsa-adam")
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
        assert row.raced and row.optimizer in stay
        assert {row.optimizer, *filter(None, row.rivals.split("; "))} == stay
        assert row.significant == (len(stay) == 1)


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
    assert other.raced.all() and not other[other.rivals == ""].significant.any()
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


def test_workers_change_nothing(raced, tmp_path):
    launched(tmp_path / "two", suite(name="two"), children=True, workers=2)
    pd.testing.assert_frame_equal(runs(tmp_path / "two"), runs(raced[0]))


def test_without_a_race_the_rest_is_run(raced, tmp_path):
    folder = tmp_path / "more"
    launched(folder, suite(name="more"))
    campaign = launched(folder, suite(until="", name="more"))
    assert campaign.added and not (api.Results(folder).runs.status == Status.LEFT).any()
    assert not api.Results(folder).raced and api.Results(folder).races().empty
    launched(folder, suite(name="more"))  # and raced after all: nothing is run, and who leaves is the same
    facts = ["problem", "optimizer", "left"]
    pd.testing.assert_frame_equal(api.Results(folder).races()[facts], api.Results(raced[0]).races()[facts])


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


def test_one_optimizer_races_nobody(tmp_path):
    made = make_suite(["sphere[dim=2]"], OPTIMIZERS[:1], budget=20, name="one", seeds=6)
    launched(tmp_path / "one", dataclasses.replace(made, until="significant"))
    assert (api.Results(tmp_path / "one").runs.status != Status.LEFT).all()


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
