"""A suite in parts: disjoint, everything together, and the records of the whole suite."""

import json
from contextlib import closing
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.core import registry
from bench.measure import failed
from bench.results.merged import differences
from bench.results.stored import Results
from bench.runner import PACKAGES
from bench.runner.campaign import run_suite
from bench.runner.choose import choose_suite
from bench.runner.launch import Launch
from bench.runner.plan import jobs, plan
from bench.runner.shards import parse_shard, places
from bench.runner.store import Store
from bench.runner.suite import Shard, make_suite

# lanes, runs alone, and some that cannot be run
PROBLEMS = ["rosenbrock[dim=2,5]", "onemax[dim=8]"]
OPTIMIZERS = ["torch-adam", "gradient-descent", "scipy-bfgs", "random-search"]


@pytest.fixture(autouse=True, scope="module")
def all_registered():
    registry.load(PACKAGES)


def small(**options):
    return make_suite(PROBLEMS, OPTIMIZERS, **{"budget": 30, "name": "t", "seeds": 5, "lanes": 2, **options})


def stored(folder):
    with closing(Store(folder)) as store:
        return {row["hash"]: row for row, _ in store.rows()}


def run(folder, shard=None, suite=None, **how):
    return run_suite(replace(suite or small(), shard=shard), folder, Launch(children=False, pictures=False, **how))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The whole suite, and its three shards."""
    home = tmp_path_factory.mktemp("home")
    run(home / "whole")
    for number in (1, 2, 3):
        run(home / f"s{number}", Shard(number, 3))
    return home / "whole", [home / f"s{number}" for number in (1, 2, 3)]


def test_shards_are_disjoint_and_together_everything_with_equal_records(folders):
    whole, shards = folders
    runs = [stored(folder) for folder in shards]
    together = {hash: row for of_shard in runs for hash, row in of_shard.items()}
    assert len(together) == sum(map(len, runs)) and min(map(len, runs)) > 0
    expected = stored(whole)
    assert together.keys() == expected.keys()
    for hash, row in expected.items():
        assert differences(together[hash], row) == []
        assert together[hash]["lanes"] == row["lanes"], "a batch stays together"


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_job_of_a_suite_is_of_one_shard_at_its_full_width(of):
    specs = plan(small())
    lockstep = {tuple(spec.hash() for spec in job.specs) for job in jobs(specs, lambda spec: False) if job.lanes}
    of_shards, seen = set(), []
    for number in range(1, of + 1):
        of_shard = [specs[place] for place in places(specs, Shard(number, of))]
        seen += [spec.hash() for spec in of_shard]
        of_shards |= {
            tuple(spec.hash() for spec in job.specs) for job in jobs(of_shard, lambda spec: False) if job.lanes
        }
    assert sorted(seen) == sorted(spec.hash() for spec in specs)
    assert of_shards == lockstep and lockstep


def test_what_one_machine_lacks_changes_no_shard():
    specs = plan(small())
    lacking = [replace(spec, skip="not installed") if spec.optimizer == "torch-adam" else spec for spec in specs]
    for number in (1, 2, 3):
        assert places(specs, Shard(number, 3)) == places(lacking, Shard(number, 3))


def test_no_shard_has_one_optimizer_on_all_problems():
    """Four batches in lockstep a problem, four shards: by their number alone each machine would have one optimizer."""
    names = ["torch-adam", "torch-sgd", "gradient-descent", "heavy-ball"]
    specs = plan(make_suite(["rosenbrock[dim=2,3,4,5]"], names, budget=9, name="t", seeds=5))
    for number in (1, 2, 3, 4):
        assert {specs[place].optimizer for place in places(specs, Shard(number, 4))} == set(names)


def test_the_report_of_a_shard_says_what_it_is_and_lacks_nothing(folders, tmp_path, capsys):
    whole, shards = folders
    for number, folder in enumerate(shards, 1):
        results = Results(folder)
        text = (
            f"This is shard {number} of 3 of a suite: {len(results.runs)} of its {len(stored(whole))} runs. Runs and "
            "pairs of optimizers that lack here are in the other shards: `merge` joins them."
        )
        assert results.missing == [] and results.notes == [text]
        assert str(results).startswith(text)
        assert results.sentence()  # who has few runs, and who has none there, is said, and is no crash
        results.comparison.at().of(failed.answers)
    assert Results(whole).notes == []


def test_of_an_order_of_which_nobody_was_asked_on_a_problem_nothing_is_said(folders):
    """A shard may have only such optimizers on a problem as cannot be run there."""
    results = Results(folders[0])
    results._rows = [row for row in results._rows if (row["problem"], row["optimizer"]) != ("onemax", "random-search")]
    answers = results.comparison.at().of(failed.answers)
    family = results.runs.family[results.runs.problem == "onemax"].iloc[0]
    assert set(answers.reason[answers.family == family]) == {"skipped", "cannot be run"}
    assert results.sentence()


def test_a_shard_is_resumed_and_begun_anew_and_done_again_by_its_own_plan(tmp_path):
    first = run(tmp_path / "s", Shard(2, 3))
    again = run(tmp_path / "s", Shard(2, 3))
    assert (again.planned, again.there, again.added, again.changed) == (first.planned, first.planned, 0, False)
    anew = run(tmp_path / "s", Shard(2, 3), fresh=True)
    assert (anew.planned, anew.added) == (first.planned, first.planned)
    assert len(list((tmp_path / "s").glob("runs-*.db"))) == 1
    everything = run(tmp_path / "s")
    assert everything.changed and everything.there == first.planned
    assert everything.added == everything.planned - first.planned
    assert Results(tmp_path / "s").notes == [], "it is no shard any more"


def test_retry_does_those_of_the_shard_again(tmp_path, odd):
    suite = make_suite(["odd-bowl"], ["odd-crash"], budget=9, name="t", seeds=6)
    run(tmp_path / "s", Shard(1, 2), suite)
    again = run(tmp_path / "s", Shard(1, 2), suite, retry=["crashed"])
    assert (again.planned, again.there, again.added) == (3, 0, 3)


def test_the_manifest_of_a_shard_tells_its_suite(folders):
    whole, shards = folders
    facts = [Results(folder).manifest["shard"] for folder in shards]
    assert [each["number"] for each in facts] == [1, 2, 3]
    assert {each["planned"] for each in facts} == {sum(each["size"] for each in facts)} == {len(stored(whole))}
    assert len({each["plan"] for each in facts}) == 1
    planned = Results(shards[0]).manifest["planned"]
    assert sum(n for *_, n in planned["optimizers"]) == sum(n for *_, n in planned["problems"]) == facts[0]["size"]
    assert json.loads(planned["problems"][0][1])["dim"] == 2


@pytest.mark.parametrize("text", ["17/16", "0/4", "3/0", "a/b", "3", "3/16/2", "-1/4", "1.5/4", 3, "/", "1/"])
def test_what_is_no_shard_is_a_sentence(text):
    with pytest.raises(ValueError, match=r"shard must .*as 3/16, got"):
        parse_shard(text)


def test_an_empty_shard_on_the_command_line_is_not_the_whole_suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["run", "quick", "--shard", "", "--seeds", "1", "--within", "1s"])
    assert done.exit_code == 2 and "shard must read K/N, as 3/16, got ''" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_shard_has_a_name_of_its_own_and_no_race(folders):
    assert parse_shard(" 3 / 16 ") == Shard(3, 16)
    assert parse_shard("") is None and parse_shard(None) is None
    assert choose_suite("quick", shard=Shard(3, 16)).name == "quick-03-of-16"
    assert choose_suite("quick", name="mine", shard=Shard(3, 9)).name == "mine-3-of-9"
    with pytest.raises(ValueError, match="a race needs all runs of a problem"):
        choose_suite("quick", shard=Shard(1, 2), until="significant")


def test_more_shards_than_jobs_are_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"the suite has 42 jobs.*shard 43 of 60 has none"):
        run(tmp_path / "s", Shard(43, 60))
    assert not (tmp_path / "s").exists()
