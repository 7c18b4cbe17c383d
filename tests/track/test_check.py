"""`check` finds what got worse, and says nothing of what did not."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.core import registry
from bench.core.registry import find_optimizer
from bench.results.stored import Results
from bench.runner import PACKAGES
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import load_suite, make_suite
from bench.track.check import check
from bench.track.paired import Versions, compare

registry.load(PACKAGES)

RATES = [  # the problems of the suite `tracked`, budgets and rates
    (["quadratic[condition=1e2]", "bbob-f01[dim=5]", "bbob-f14[dim=5]"], 0.003, 300),
    (["rosenbrock[dim=2]"], 0.001, 300),
    (["quadratic[condition=1e4]", "rosenbrock[dim=10]", "bbob-f08[dim=5]", "styblinski-tang", "himmelblau"], 1e-4, 300),
    (["softmax", "mlp"], 0.1, 60),
]


def tracked(folder, momentum, seeds, rates=RATES):
    """Heavy ball with this momentum on the problems of the suite `tracked`."""
    from dataclasses import replace

    groups = []
    for problems, lr, budget in rates:
        optimizer = f"heavy-ball[lr={lr},momentum={momentum}]"
        groups += make_suite(problems, [optimizer], budget=budget, seeds=seeds, name="t").groups
    suite = replace(make_suite(["himmelblau"], ["heavy-ball"], budget=1, seeds=1, name="t"), groups=tuple(groups))
    run_suite(suite, folder, Launch(children=False, pictures=False))
    return Results(folder)


class Part:
    """Some of the pairs of two versions, as `compare` reads them."""

    def __init__(self, versions, base, new=None):
        """base, new: places of pairs, whose base runs are taken for base and new where `new` is given."""
        self.pairs = versions.pairs.iloc[base].reset_index(drop=True)
        logarithms = versions.logarithms
        self.logarithms = (
            logarithms[base] if new is None else np.stack([logarithms[base, 0], logarithms[new, 0]], axis=1)
        )
        self.same = np.zeros(len(base), dtype=bool)


def flags(versions):
    table = compare(versions)
    return list(table[table.problem == ""].change)


@pytest.fixture(scope="module")
def weaker(tmp_path_factory):
    """Momentum 0.9 and 0.8 on all problems but those of learning, 60 seeds."""
    home = tmp_path_factory.mktemp("home")
    return Versions(*(tracked(home / str(momentum), momentum, 60, RATES[:3]) for momentum in (0.9, 0.8)))


def test_a_weaker_momentum_is_found_in_all_sets_of_ten_seeds(weaker):
    seed = weaker.pairs.seed.to_numpy()
    for first in range(0, 60, 10):
        assert "worse" in flags(Part(weaker, np.flatnonzero((seed >= first) & (seed < first + 10))))


def test_equal_versions_are_flagged_as_seldom_as_said(weaker):
    """The same method with other seeds: 200 experiments here, at most 5 % and three standard errors of flags."""
    rng = np.random.default_rng(1)
    seed, cell = weaker.pairs.seed.to_numpy(), weaker.pairs.groupby(["problem", "dim"]).ngroup().to_numpy()
    place = np.empty((cell.max() + 1, 60), dtype=int)
    place[cell, seed] = np.arange(len(seed))
    experiments = 200
    flagged = significant = 0
    for _ in range(experiments):
        seeds = rng.permutation(60)
        table = compare(Part(weaker, place[:, seeds[:10]].ravel(), place[:, seeds[10:20]].ravel()))
        whole = table[table.problem == ""]
        flagged += whole.change.isin(["worse", "better"]).any()
        significant += (whole.adjusted < 0.05).any()
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / experiments)
    assert flagged / experiments <= most
    assert significant / experiments <= most
    assert significant > 0  # the test is no stricter than it says


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One suite in two folders, run twice from scratch; a third with another budget."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        names = ["torch-adam[lr=0.1]", "scipy-lbfgsb", "random-search"]
        for name, budget in (("a", 60), ("b", 60), ("other", 90)):
            suite = make_suite(["himmelblau", "rosenbrock[dim=2]"], names, budget=budget, seeds=5, name=name)
            run_suite(suite, Path("results") / name, Launch(children=False, pictures=False))
        yield home


@pytest.fixture
def home(folders, tmp_path, monkeypatch):
    shutil.copytree(folders / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_unchanged_code_gives_equal_records(home):
    result = check(bench.load("a"), bench.load("b"))
    assert list(result.optimizers.verdict) == ["equal"] * 3
    assert list(result.optimizers.same) == [10] * 3
    assert not result.worse
    done = call("check", "a", "b")
    assert done.exit_code == 0, done.output
    assert "of 3 optimizers on 2 problems, 3 equal, bit for bit." in done.output


def edit(column, value, where="optimizer = 'torch-adam'", folder="b"):
    """Change a column of stored runs, with its checksum."""
    from bench.runner.store import COLUMNS, checksum

    with sqlite3.connect(f"results/{folder}/runs.db") as db:
        db.execute(f"UPDATE runs SET {column} = {value} WHERE {where}")
        for number, *row in db.execute(f"SELECT id, {', '.join(COLUMNS)} FROM runs").fetchall():
            db.execute("UPDATE runs SET checksum = ? WHERE id = ?", (checksum(row), number))


def test_records_that_differ_though_nothing_changed_are_flagged(home):
    edit("best", "best * 1.0000001")
    result = check(bench.load("a"), bench.load("b"))
    rows = result.optimizers.set_index("optimizer")
    assert rows.verdict["torch-adam"] == "unrepeatable"
    assert rows.unexplained["torch-adam"] == 10
    assert result.worse
    edit("code", '\'{"optimizer": "another", "problem": "another"}\'')
    result = check(bench.load("a"), bench.load("b"))
    assert result.optimizers.set_index("optimizer").verdict["torch-adam"] == "digits"
    assert not result.worse
    assert set(result.code) == {"torch-adam", "himmelblau", "rosenbrock"}


def test_a_ratio_is_the_geometric_mean_over_problems_of_that_over_pairs():
    """Two problems of five pairs: costs double on one and stay on the other; gaps are equal."""
    versions = Part.__new__(Part)
    problems = ["a"] * 5 + ["b"] * 5
    versions.pairs = pd.DataFrame(
        {"optimizer": "o", "problem": problems, "dim": 2.0, "instance": 1, "seed": [*range(5)] * 2}
    )
    versions.same = np.zeros(10, dtype=bool)
    versions.logarithms = np.zeros((10, 2, 2))
    versions.logarithms[:5, 1, 0] = np.log(2)
    table = compare(versions).set_index(["measure", "problem"])
    assert table.ratio["cost", ""] == pytest.approx(np.sqrt(2))
    assert table.ratio["cost", "a"] == pytest.approx(2)
    assert table.ratio["cost", "b"] == pytest.approx(1)
    assert table.p["cost", ""] == pytest.approx(2 / 2**5)  # all five differences one way
    assert table.change["cost", "a"] == "worse"  # no spread at all: the interval is the ratio
    assert table.change["value", ""] == "digits"


def test_few_seeds_are_said_to_be_few(tmp_path):
    both = [tracked(tmp_path / str(m), m, 3, [(["himmelblau"], 1e-4, 90)]) for m in (0.9, 0.8)]
    assert list(check(*both).optimizers.verdict) == ["few"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "a"), "is given twice: name two results"),
        (("a", "nothing"), "nothing holds no results"),
        (("a", "other"), "not comparable: budget of torch-adam on himmelblau, dim 2, is 60 in a and 90 in other"),
        (("a",), "give two results, BASE and NEW, or a suite and --at REV"),
        (("a", "b", "--worse", "much"), "worse must be a number >= 0, as 0.1 or 10%, got 'much'"),
        (("quick", "--at", "HEAD"), "is in no repository of git"),
        (("a", "unfinished"), "unfinished is not finished: 1 of 30 planned runs are missing; run it again"),
        (("a", "stranger"), "a and stranger have no run in common"),
        (("a", "priced"), "not comparable: price of value is 1 in a and 2 in priced"),
        (("a", "newer"), "has schema version 99, written by a newer fogbench"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(home, arguments, message):
    if "unfinished" in arguments:
        shutil.copytree("results/b", "results/unfinished")
        with sqlite3.connect("results/unfinished/runs.db") as db:
            db.execute("DELETE FROM runs WHERE id = 1")
    if "newer" in arguments:
        shutil.copytree("results/b", "results/newer")
        with sqlite3.connect("results/newer/runs.db") as db:
            db.execute("PRAGMA user_version = 99")
    if "stranger" in arguments:
        suite = make_suite(["booth"], ["random-search"], budget=60, seeds=5, name="stranger")
        run_suite(suite, Path("results/stranger"), Launch(children=False, pictures=False))
    if "priced" in arguments:
        from dataclasses import replace

        suite = make_suite(["himmelblau"], ["random-search"], budget=60, seeds=5, name="priced")
        suite = replace(suite, prices={**suite.prices, "value": 2})
        run_suite(suite, Path("results/priced"), Launch(children=False, pictures=False))
    done = call("check", *arguments)
    assert done.exit_code == 2
    assert message in " ".join((done.output + done.stderr).split())
    assert "Traceback" not in done.output


def test_markdown_and_json_say_what_the_terminal_says(home):
    edit("best", "best * 1.5")
    edit("code", '\'{"optimizer": "another", "problem": "another"}\'')
    edit("versions", '\'{"numpy": "1.0"}\'')
    done = call("check", "a", "b", "--markdown", "out/x.md", "--json", "out/x.json")
    text, facts = Path("out/x.md").read_text(), json.loads(Path("out/x.json").read_text())
    assert f"numpy {np.__version__} -> 1.0" in text
    assert facts["sentence"] in text
    assert facts["sentence"] in " ".join(done.output.split())
    assert [row["optimizer"] for row in facts["optimizers"]][:1] == ["torch-adam"]


def test_the_suite_tracked_has_the_problems_of_the_calibration():
    (suite,) = [load_suite(Path(bench.__file__).parent / "suites" / "tracked.toml")]
    named = [(entry.text(), group.budget) for group in suite.groups for entry in group.problems]
    assert sorted(named) == sorted((text, budget) for problems, _, budget in RATES for text in problems)
    assert {group.seeds for group in suite.groups} == {10}
    assert find_optimizer("heavy-ball").parameters["momentum"].default == 0.9


def test_a_revision_is_checked_out_and_gone_afterwards(tmp_path, monkeypatch):
    """A package of one optimizer in a repository: its step was halved in the working tree."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "mine_tracked.py"
    module.write_text(
        "from bench import optimizer\n\n"
        "@optimizer(order=1, source='Nobody 1900')\n"
        "def mine_tracked(oracle):\n"
        "    x = oracle.x0\n"
        "    while True:\n"
        "        x = x - 0.01 * oracle.gradient(x)\n"
    )
    Path("mine.toml").write_text(
        "[[group]]\nproblems = ['himmelblau', 'booth']\noptimizers = ['mine-tracked']\nbudget = 60\nseeds = 6\n"
    )
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for command in (["init", "-q"], ["add", "mine_tracked.py", "mine.toml"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    module.write_text(module.read_text().replace("0.01", "0.002"))
    done = call("check", "mine.toml", "--at", "HEAD", "--import", "mine_tracked", "--workers", "1")
    assert done.exit_code == 1, done.output
    assert "mine-tracked" in done.output
    assert "The code of mine-tracked has changed." in done.output
    trees = subprocess.run(["git", "worktree", "list"], capture_output=True, text=True, check=True).stdout
    assert len(trees.splitlines()) == 1
    bad = call("check", "mine.toml", "--at", "nowhere")
    assert bad.exit_code == 2
    assert "the repository has no revision 'nowhere'" in " ".join((bad.output + bad.stderr).split())
