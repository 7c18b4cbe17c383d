"""The history of many versions: their figures, their order, and the flags of `check`."""

import json
import os
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.core import registry
from bench.results.stored import Results
from bench.runner import PACKAGES
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import make_suite
from bench.track.check import check
from bench.track.figures import entries, figures, paired
from bench.track.history import COST, ERT, LOOPS, SECONDS, VALUE, _erts, _mean_cost, hardest, history
from bench.track.paired import Versions, compare

registry.load(PACKAGES)
DAY = timedelta(days=1)


def run(folder, optimizers, problems=("bbob-f14[dim=5]", "bbob-f01[dim=5]"), budget=150, seeds=6, **changes):
    suite = make_suite(list(problems), list(optimizers), budget=budget, seeds=seeds, name=folder.name)
    run_suite(replace(suite, **changes), folder, Launch(children=False, pictures=False))
    return folder


def edit(folder, **facts):
    """Change the manifest of a folder: commit, time, dirty of its repository; ran; libraries of its runs."""
    from bench.runner.store import COLUMNS, checksum

    with sqlite3.connect(folder / "runs.db") as db:
        if libraries := facts.pop("libraries", None):
            db.execute("UPDATE runs SET versions = ?", (json.dumps(libraries),))
            for number, *row in db.execute(f"SELECT id, {', '.join(COLUMNS)} FROM runs").fetchall():
                db.execute("UPDATE runs SET checksum = ? WHERE id = ?", (checksum(row), number))
        for key, value in facts.items():
            text = json.dumps(value)
            db.execute("UPDATE manifest SET value = ?, checksum = ? WHERE key = ?", (text, checksum((key, text)), key))


def dated(folder, place, ran=None):
    """As if it had been run at a commit of the given day, and on the given day."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    commit = {"commit": 40 * str(place), "time": (start + place * DAY).isoformat(), "dirty": False}
    edit(folder, repository=commit, updated=(start + (place if ran is None else ran) * DAY).isoformat())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Heavy ball with falling momentum beside one that stays, committed in the order a, b, c, run in another."""
    home = tmp_path_factory.mktemp("home")
    for place, (name, momentum) in enumerate((("a", 0.9), ("b", 0.8), ("c", 0.7))):
        run(home / "results" / name, [f"heavy-ball[lr=0.003,momentum={momentum}]", "random-search"])
        dated(home / "results" / name, place, ran=-place)
    return home


@pytest.fixture
def home(made, tmp_path, monkeypatch):
    shutil.copytree(made / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)


def call(*arguments):
    return CliRunner().invoke(app, ["history", *map(str, arguments)])


def says(done):
    return " ".join((done.output + done.stderr).split())


def verdicts(answer):
    return {(row.since, row.version, row.optimizer): row.verdict for row in answer.changes.itertuples()}


def test_flags_are_those_of_check(home):
    answer = bench.history(["c", "a", "b"])
    assert [version.name for version in answer.versions] == ["a", "b", "c"]
    assert [version.commit for version in answer.versions] == ["000000000000", "111111111111", "222222222222"]
    flags = verdicts(answer)
    for since, at in ((0, 1), (1, 2)):
        rows = check(*(bench.load(answer.versions[place].name) for place in (since, at))).optimizers
        for row in rows.to_dict("records"):
            assert flags[since, at, row["optimizer"]] == row["verdict"]
            of: dict = answer.changes[(answer.changes.version == at)].set_index("optimizer").to_dict("index")
            assert of[row["optimizer"]]["cost_ratio"] == row["cost_ratio"]
    assert flags[0, 1, "heavy-ball"] == "worse"
    assert flags[0, 1, "random-search"] == "equal"
    assert "Worse: heavy-ball at b, heavy-ball at c." in answer.sentence
    assert answer.rows()[0][-1] == "-" and answer.caption.endswith(" -: not known, or none is before it.")


def test_a_flag_names_the_problems_and_the_ratio_over_the_first(home):
    answer = bench.history(["a", "b", "c"])
    row = answer.changes[answer.changes.optimizer == "heavy-ball"].iloc[1]
    over = check(bench.load("a"), bench.load("c"))
    assert row.value_first_ratio == over.optimizers.set_index("optimizer").value_ratio["heavy-ball"]
    table = check(bench.load("b"), bench.load("c")).table
    rows = table[(table.optimizer == "heavy-ball") & (table.measure == "value") & (table.problem != "")]
    assert row.problems["value"] == [(r.change, r.problem, r.dim) for r in rows.itertuples()]
    assert ("worse", "bbob-f01", 5) in row.problems["value"]


def test_the_figures_are_those_of_the_measures(home):
    answer, results = bench.history(["a", "b", "c"]), bench.load("b")
    table = answer.table[answer.table.version == 1]
    wanted = results.ert().set_index(["problem", "optimizer", "target"])
    name = next(label for label in set(results.runs.optimizer) if label.startswith("heavy-ball"))
    for row in table[(table.measure == ERT) & (table.optimizer == "heavy-ball")].itertuples():
        same = wanted.loc[row.problem, name, row.target]
        assert (row.value, row.low, row.high) == pytest.approx((same.ert, same.low, same.high), rel=1e-5, nan_ok=True)
        assert (row.successes, row.runs) == (same.successes, same.runs)
    runs = results.runs[(results.runs.optimizer == name) & (results.runs.problem == "bbob-f14")]
    (value,) = table[
        (table.measure == VALUE) & (table.optimizer == "heavy-ball") & (table.problem == "bbob-f14")
    ].itertuples()
    assert (value.low, value.value, value.high) == tuple(np.quantile(runs.best - runs.f_opt, [0.25, 0.5, 0.75]))
    (seconds,) = table[
        (table.measure == SECONDS) & (table.optimizer == "heavy-ball") & (table.problem == "bbob-f14")
    ].itertuples()
    assert seconds.value == np.median(runs.outside)


def test_a_mean_cost_is_geometric_over_targets_and_charges_the_budget_for_what_was_not_reached():
    """Two targets that count: one was not asked for, one the start satisfies."""
    costs = np.array([[np.nan, 0.0, 10.0, np.inf], [np.nan, 0.0, 40.0, 90.0]])
    answer = _mean_cost(costs, np.array([1000.0, 1000.0]))
    assert answer["value"] == pytest.approx((10 * 1000 * 40 * 90) ** (1 / 4))
    assert np.isnan(answer["low"])  # two runs: no interval
    runs = np.array([[10.0], [20.0], [40.0], [80.0], [160.0]])
    answer = _mean_cost(runs, np.full(5, 1e3))
    error = np.std(np.log(runs), ddof=1) / np.sqrt(5)
    assert answer["value"] == pytest.approx(40)
    assert answer["low"] == pytest.approx(40 / np.exp(stats.t.ppf(0.975, 4) * error))
    assert answer["high"] == pytest.approx(40 * np.exp(stats.t.ppf(0.975, 4) * error))
    assert np.isnan(_mean_cost(np.full((5, 2), np.nan), np.ones(5))["value"])


@pytest.mark.parametrize("n", [5, 10, 25])
def test_the_interval_of_a_mean_cost_covers_it(n):
    """Runtimes of eight targets, lognormal and correlated within a run, ended by a budget that some do not meet: 1,000
    experiments, nominal 95 %, at least 90 %."""
    rng = np.random.default_rng(n)
    budget = 300.0

    def runs(m):
        steps = np.exp(rng.normal(2.5, 1.0, (m, 8))) * np.exp(rng.normal(0, 0.7, (m, 1)))
        cost = steps.cumsum(axis=1)
        return np.where(cost <= budget, cost, np.inf)

    many = runs(200_000)
    truth = np.exp(np.log(np.minimum(many, budget)).mean())
    answers = [_mean_cost(runs(n), np.full(n, budget)) for _ in range(1000)]
    covered = np.mean([answer["low"] <= truth <= answer["high"] for answer in answers])
    assert covered >= 0.9
    assert covered <= 0.985  # and no wider than need be


def test_an_expected_runtime_of_runs_that_never_reached_is_infinite():
    costs = np.full((5, 65), np.nan)
    costs[:, :2] = [[0.0, 8.0]] * 5  # gap 100 by the start; the next is no decade
    costs[:, 5] = [10, 20, np.inf, np.inf, 30]  # gap 10
    costs[:, 10] = np.inf  # gap 1
    ten, one = _erts(costs, np.full(5, 50.0), np.full(5, 50.0))
    assert (ten["target"], ten["value"], ten["successes"]) == (10.0, pytest.approx(160 / 3), 3)
    assert (one["target"], one["value"], one["successes"], one["high"]) == (1.0, np.inf, 0, np.inf)


def test_the_target_shown_is_the_same_for_all_versions(home):
    answer = bench.history(["a", "b", "c"])
    rows = hardest(answer.table)
    rows = rows[(rows.optimizer == "heavy-ball") & (rows.problem == "bbob-f01")]
    assert list(rows.version) == [0, 1, 2]
    assert rows.target.nunique() == 1
    first = rows[rows.version == 0].iloc[0]
    assert 2 * first.successes >= first.runs


# order


def test_commits_order_where_all_are_dated_else_runs(home):
    assert bench.history(["c", "a", "b"]).order == "commits"
    edit(Path("results/b"), repository=None)
    answer = bench.history(["c", "a", "b"])
    assert (answer.order, [version.name for version in answer.versions]) == ("runs", ["c", "b", "a"])
    answer = bench.history(["c", "a", "b"], order="given")
    assert [version.name for version in answer.versions] == ["c", "a", "b"]


def test_versions_of_a_library_order_where_the_commit_is_one(home):
    for name, version in (("a", "1.14.1"), ("b", "1.9.0"), ("c", "1.16.2")):
        edit(Path("results") / name, libraries={"scipy": version, "numpy": "2.3", "commit": "x"}, repository=None)
    answer = bench.history(["a", "b", "c"])
    assert (answer.order, [version.name for version in answer.versions]) == ("libraries", ["b", "a", "c"])
    assert answer.order_text == "in the order of the versions of scipy"
    assert answer.varying == ["scipy"]
    assert "scipy 1.9.0" in says(call("a", "b", "c"))


def test_what_with_asked_for_is_no_library(home):
    for name, version in (("a", "1.14.1"), ("b", "1.9.0")):
        made = {"scipy": version, "numpy": "2.3", "with": f"scipy=={version}", "commit": "x"}
        edit(Path("results") / name, libraries=made, repository=None)
    answer = bench.history(["a", "b"])
    assert (answer.order, answer.order_text) == ("libraries", "in the order of the versions of scipy")
    assert answer.varying == ["scipy"] and all("with" not in version.libraries for version in answer.versions)
    assert check(bench.load("a"), bench.load("b")).versions == [("scipy", "1.14.1", "1.9.0")]


def test_changes_that_are_not_committed_come_after_their_commit(home):
    with sqlite3.connect("results/b/runs.db") as db:
        (text,) = db.execute("SELECT value FROM manifest WHERE key = 'repository'").fetchone()
    edit(Path("results/a"), repository={**json.loads(text), "dirty": True})
    answer = bench.history(["a", "b"])
    assert [version.commit[-8:] for version in answer.versions] == ["11111111", "+changes"]


# optimizers that come and go


def test_an_optimizer_that_was_left_out_once_is_compared_with_the_last_that_has_it(tmp_path):
    for place, (name, momentum) in enumerate((("a", 0.9), ("b", None), ("c", 0.7))):
        ball = [f"heavy-ball[lr=0.003,momentum={momentum}]"] if momentum else []
        dated(run(tmp_path / name, [*ball, "random-search"]), place)
    flags = verdicts(history([tmp_path / name for name in "abc"]))
    assert flags == {
        (0, 1, "random-search"): "equal",
        (1, 2, "random-search"): "equal",
        (0, 2, "heavy-ball"): "worse",
    }


def test_a_name_is_the_same_in_all_versions(tmp_path):
    """Two settings in the first alone: the others have the one that stands in their name, too."""
    for place, settings in enumerate((["lr=0.1", "lr=0.01"], ["lr=0.1"], ["lr=0.1"])):
        dated(run(tmp_path / str(place), [f"torch-adam[{text}]" for text in settings]), place)
    answer = history([tmp_path / str(place) for place in range(3)])
    assert {"torch-adam[lr=0.1]", "torch-adam[lr=0.01]"} == set(answer.table.optimizer)
    assert verdicts(answer)[1, 2, "torch-adam[lr=0.1]"] == "equal"


def test_many_small_steps_are_seen_from_the_first(home):
    answer = bench.history(["a", "b", "c"], worse=1e4)
    assert answer.drifted == []
    steps = answer.changes[answer.changes.optimizer == "heavy-ball"]
    over = steps.value_first_ratio.iloc[1]
    limit = (max(*steps.value_ratio, *steps.cost_ratio) * over) ** 0.5 - 1  # between the steps and all of them
    answer = bench.history(["a", "b", "c"], worse=limit)
    assert answer.drifted == ["heavy-ball"]
    assert "Worse at the last than at the first, though no step is: heavy-ball." in answer.sentence


# saved benchmarks


def test_a_killed_run_is_charged_its_budget_as_check_does(home):
    from bench.runner.store import COLUMNS, checksum

    with sqlite3.connect("results/b/runs.db") as db:
        nothing = "final = NULL, trajectory = NULL, trajectory_bytes = 0"
        where = "WHERE optimizer = 'heavy-ball' AND seed < 3"
        db.execute(f"UPDATE runs SET status = 'killed', counts = '{{}}', first = NULL, best = NULL, {nothing} {where}")
        for number, *row in db.execute(f"SELECT id, {', '.join(COLUMNS)} FROM runs").fetchall():
            db.execute("UPDATE runs SET checksum = ? WHERE id = ?", (checksum(row), number))
    versions = Versions(bench.load("a"), bench.load("b"))
    base, new = versions.logarithms[(versions.pairs.status_new == "killed").to_numpy()].swapaxes(0, 1)
    assert (new > base).all()
    both = []
    for results in (versions.base, versions.new):
        names = [label.partition("[")[0] for label in results.runs.optimizer]
        runs = zip(names, entries(results), strict=True)
        both.append([{"optimizer": name, "runs": [run]} for name, run in runs])
    assert [each["runs"][0]["spent"] for each in both[1] if each["runs"][0]["status"] == "killed"] == [150] * 6
    np.testing.assert_allclose(paired(*both).logarithms, versions.logarithms, rtol=1e-12)


def saved(path, results, day, **changes):
    """A file as pytest-benchmark writes it, of the optimizers of some results."""
    optimizer = results.runs.optimizer.iloc[0]
    facts = {**figures(results, optimizer), "seconds": 0.3, "reference": 0.1}
    about = {"id": 40 * str(day), "time": datetime(2026, 1, 1 + day, tzinfo=UTC).isoformat(), "dirty": True}
    content = {
        "commit_info": about, "datetime": datetime(2026, 2, 1 + day, tzinfo=UTC).isoformat(),
        "benchmarks": [
            {"name": "test_ball", "fullname": "t.py::test_ball", "extra_info": {"fogbench": facts}},
            {"name": "test_other", "fullname": "t.py::test_other", "extra_info": {}},
        ],
    }  # fmt: skip
    path.write_text(json.dumps({**content, **changes}))
    return facts


@pytest.fixture
def benchmarks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    machine = Path(".benchmarks/Linux")
    machine.mkdir(parents=True)
    facts = []
    for place, momentum in enumerate((0.9, 0.8)):
        folder = run(tmp_path / str(place), [f"heavy-ball[lr=0.003,momentum={momentum}]"])
        facts.append(saved(machine / f"{place:04}_x.json", Results(folder), place))
    return facts


def test_saved_benchmarks_have_a_history_with_the_flags_of_their_comparison(benchmarks):
    for names in (
        [".benchmarks"],
        [".benchmarks/Linux"],
        [".benchmarks/Linux/0000_x.json", ".benchmarks/Linux/0001_x.json"],
    ):
        answer = bench.history(names)
        assert [version.commit for version in answer.versions] == ["000000000000+changes", "111111111111+changes"]
        assert verdicts(answer) == {(0, 1, "test_ball"): "worse"}
    before, after = ([{**facts, "optimizer": "test_ball"}] for facts in benchmarks)
    table = compare(paired(before, after))
    whole = table[table.problem == ""].set_index("measure")
    assert answer.changes.cost_ratio[0] == whole.ratio["cost"]
    loops = answer.table[answer.table.measure == LOOPS]
    assert list(loops.value) == pytest.approx([3.0, 3.0])
    assert len(answer.table[answer.table.measure == COST]) == 4
    assert call(".benchmarks").exit_code == 0
    assert list(Path("reports").glob("*/index.html"))


def test_the_committed_baseline_is_read(tmp_path):
    folder = Path(__file__).parents[1] / "benchmarks" / "baseline"
    (first,) = folder.glob("*/0001*.json")
    content = json.loads(first.read_text())
    content["datetime"] = "2027-01-01T00:00:00"
    later = tmp_path / "later.json"
    later.write_text(json.dumps(content))
    answer = history([first, later])
    assert set(answer.changes.verdict) == {"equal"}
    assert answer.versions[1].name == "later"


# what is written


def test_the_last_version_is_written_as_dashboards_read_it(home):
    done = call("c", "b", "a", "--json", "gab.json", "--no-report")
    assert done.exit_code == 0, done.output
    assert not Path("reports").exists()
    entries = json.loads(Path("gab.json").read_text())
    table = bench.history(["a", "b", "c"]).table
    for entry in entries:
        assert {"name", "unit", "value"} <= set(entry) <= {"name", "unit", "value", "range", "extra"}
        assert isinstance(entry["value"], float)
        assert all(isinstance(entry[key], str) for key in set(entry) - {"value"})
        assert "version: c" in entry["extra"]
    by_name = {entry["name"]: entry for entry in entries}
    assert len(by_name) == len(entries) == 2 * 2 * 3  # optimizers, problems, measures
    row = table[(table.version == 2) & (table.measure == COST) & (table.optimizer == "heavy-ball")].iloc[0]
    entry = by_name["heavy-ball on bbob-f14, dim 5: mean cost to a target"]
    assert entry["value"] == row.value
    assert entry["range"].startswith("95 % interval [")
    assert by_name["heavy-ball on bbob-f14, dim 5: median f - f_opt at the budget"]["unit"] == "f - f_opt"


# what cannot be


def unfinished(name):
    with sqlite3.connect(f"results/{name}/runs.db") as db:
        db.execute("DELETE FROM runs WHERE id = 1")


def newer(name):
    with sqlite3.connect(f"results/{name}/runs.db") as db:
        db.execute("PRAGMA user_version = 99")


BAD = {
    "one": (("a",), "a history is of two or more, got results/a alone"),
    "twice": (("a", "b", "results/a"), "results/a is given twice"),
    "nowhere": (("a", "nowhere"), "results/nowhere holds no results"),
    "unfinished": (("a", "b", "short"), "results/short is not finished: 1 of 24 planned runs are missing"),
    "newer": (("a", "b", "short"), "has schema version 99, written by a newer fogbench"),
    "stranger": (("a", "b", "stranger"), "stranger and a, b have no run in common: no optimizer of one name"),
    "budget": (("a", "b", "dear"), "not comparable: budget of random-search on bbob-f14, dim 5, is 150 in b and 90"),
    "prices": (("a", "b", "priced"), "not comparable: price of value is 1 in b and 2 in priced"),
    "gap": (("a", "b", "wide"), "not comparable: gap of random-search on bbob-f14, dim 5, is 1e-08 in b and 0.01 in"),
    "order": (("a", "b", "--order", "luck"), "order must be one of commits, libraries, runs, given, got 'luck'"),
    "same libraries": (("a", "b", "--order", "libraries"), "no library's version differs: choose another order"),
    "kinds": (("a", "some.json"), "results/a is a results folder and some.json a saved benchmark"),
    "no json": (("broken.json", "some.json"), "broken.json is no saved benchmark of pytest-benchmark"),
    "a list": (("list.json", "some.json"), "list.json is no saved benchmark of pytest-benchmark"),
    "not there": (("gone.json", "some.json"), "gone.json is no saved benchmark of pytest-benchmark (cannot be opened"),
    "a pipe": (("pipe.json", "some.json"), "pipe.json is no saved benchmark of pytest-benchmark (is a pipe, and no"),
    "not ours": (("plain.json", "some.json"), "plain.json has no figures of optimizers"),
    "other": (("other.json", "some.json"), "other.json was written by another version of fogbench, or changed"),
    "worse": (("a", "b", "--worse", "much"), "worse must be a number >= 0, as 0.1 or 10%, got 'much'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(home, case):
    arguments, sentence = BAD[case]
    shutil.copytree("results/b", "results/short")
    if case == "unfinished":
        unfinished("short")
    if case == "newer":
        newer("short")
    made = {
        "stranger": lambda folder: run(folder, ["random-search"], ["booth"]),
        "dear": lambda folder: run(folder, ["random-search"], budget=90),
        "priced": lambda folder: run(
            folder, ["random-search"], prices={"value": 2, "gradient": 3, "hessian_vector": 6, "jacobian": 1, "vjp": 2}
        ),
        "wide": lambda folder: run(
            folder, ["random-search"],
            groups=tuple(
                replace(group, gap=0.01)
                for group in make_suite(["bbob-f14[dim=5]"], ["random-search"], budget=150, seeds=6, name="wide").groups
            ),
        ),
    }  # fmt: skip
    for name in set(arguments) & set(made):
        made[name](Path("results") / name)
        dated(Path("results") / name, 9)
    facts = saved(Path("some.json"), bench.load("a"), 1)
    if case == "other":
        del facts["runs"]
        saved(Path("other.json"), bench.load("a"), 1, benchmarks=[{"name": "t", "extra_info": {"fogbench": facts}}])
    os.mkfifo("pipe.json")  # which would be waited for
    Path("broken.json").write_text("{")
    Path("list.json").write_text("[1]")
    Path("plain.json").write_text(json.dumps({"benchmarks": [{"name": "t", "extra_info": {}}]}))
    before = {path for path in Path().rglob("*") if "runs.db" not in path.name}
    done = call(*arguments, "--json", "x.json")
    assert done.exit_code == 2, done.output
    assert sentence in says(done)
    assert "Traceback" not in done.output
    assert {path for path in Path().rglob("*") if "runs.db" not in path.name} == before
