"""`check` finds what got worse, and says nothing of what did not."""

import json
import os
import shutil
import signal as signals
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.core import registry
from bench.core.registry import find_optimizer
from bench.runner import PACKAGES
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import load_suite, make_suite
from bench.track.check import check, told_apart
from bench.track.paired import Pairs, Versions, compare
from tests.track import calibration

registry.load(PACKAGES)


@pytest.fixture(scope="module")
def weaker(tmp_path_factory):
    """Momentum 0.9 and 0.8 on all problems but those of learning, 30 seeds."""
    home = tmp_path_factory.mktemp("home")
    runs = [calibration.run(calibration.heavy_ball(30, m, calibration.LEARNING), home / str(m)) for m in (0.9, 0.8)]
    return Versions(*runs)


def test_a_weaker_momentum_is_found_in_all_sets_of_ten_seeds(weaker):
    assert calibration.found(weaker) == [True] * 3


def test_equal_versions_are_flagged_as_seldom_as_said(weaker):
    """The same method with other seeds: 200 experiments here, at most 5 % and three standard errors of flags."""
    flagged, significant = calibration.relabelled(weaker, 200)
    assert flagged / 200 <= calibration.most(200)
    assert 0 < significant / 200 <= calibration.most(200)  # the test is no stricter than it says


@pytest.mark.slow
def test_the_whole_calibration_holds(tmp_path):
    """Learning problems too: the table of reports/regressions.md, some minutes."""
    rows = calibration.measure(tmp_path)
    assert all(row[-1] for row in rows), calibration.table(rows)


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
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # what others make elsewhere is not ours


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


def test_pairs_are_of_one_start_and_tell_a_change_that_is_small_beside_their_spread(home):
    logarithms = Versions(bench.load("a"), bench.load("b")).logarithms
    np.testing.assert_array_equal(logarithms[:, 0], logarithms[:, 1])
    rng, seeds = np.random.default_rng(1), np.arange(10)
    pairs = pd.DataFrame({"optimizer": "o", "problem": "a", "dim": 2, "instance": 1, "seed": seeds})
    logarithms = np.repeat(rng.normal(0, 3, (10, 1, 1)), 2, axis=1).repeat(2, axis=2)
    logarithms[:, 1] += np.log(1.2) + rng.normal(0, 0.01, (10, 2))
    versions = Pairs(pairs, logarithms, np.zeros(10, dtype=bool))
    assert changes(compare(versions)) == ["worse", "worse"]
    assert changes(compare(versions, worse=0.3)) == ["open", "open"]
    apart = logarithms.copy()
    apart[:, 1] = np.roll(apart[:, 1], 1, axis=0)
    assert changes(compare(Pairs(pairs, apart, versions.same))) == ["open", "open"]


def test_holm_is_over_all_optimizers():
    """Nine of ten pairs go one way, p = 0.02 or so: of one optimizer among twenty that is nothing."""
    log = np.zeros((10, 2, 2))
    log[:, 1] = np.log(1.5) + np.linspace(0, 0.1, 10)[:, None]
    log[0, 1] = -0.1
    tables = []
    for others in (0, 19):
        pairs = pd.concat(
            pd.DataFrame({"optimizer": f"o{k}", "problem": "a", "dim": 2, "instance": 1, "seed": range(10)})
            for k in range(1 + others)
        ).reset_index(drop=True)
        still = np.zeros((10 * others, 2, 2))
        still[::2, 1] = 0.1
        still[1::2, 1] = -0.1
        logarithms = np.concatenate([log, still])
        tables.append(compare(Pairs(pairs, logarithms, np.zeros(len(pairs), dtype=bool))))
    assert changes(tables[0]) == ["worse", "worse"]
    assert changes(tables[1])[:2] == ["open", "open"]


def changes(table):
    return list(table[table.problem == ""].change)


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


def test_where_a_library_of_others_may_have_changed_a_record_may_differ(home, monkeypatch):
    edit("best", "best * 1.0000001")
    monkeypatch.setattr("bench.track.paired.is_ours", lambda module: False)
    states = [{"commit": commit, "time": "", "dirty": False} for commit in "12"]
    verdicts = []
    for one, other in ((0, 1), (0, 0)):
        a, b = bench.load("a"), bench.load("b")
        a.manifest["repository"], b.manifest["repository"] = states[one], states[other]
        verdicts.append(check(a, b).optimizers.set_index("optimizer").verdict["torch-adam"])
    assert verdicts == ["digits", "unrepeatable"]


def test_a_ratio_is_the_geometric_mean_over_problems_of_that_over_pairs():
    """Two problems of five pairs: costs double on one and stay on the other; gaps are equal."""
    versions = SimpleNamespace()
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
    leave = ("quadratic", "bbob-f01", "bbob-f14", "bbob-f08", "rosenbrock", "styblinski-tang", *calibration.LEARNING)
    both = [calibration.run(calibration.heavy_ball(3, m, leave), tmp_path / str(m)) for m in (0.9, 0.8)]
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
        (
            ("a", "nearer"),
            "not comparable: gap of random-search on himmelblau, dim 2, is 1e-08 in a and 0.001",
        ),
        (("a", "elsewhere"), "not comparable: seed of the suite is 1 in a and 7 in elsewhere"),
        (
            ("a", "b", "--time"),
            "--time runs both versions in turns, which stored results cannot: give a suite",
        ),
        (("a", "b", "--markdown", "results/a/runs.db/x.md"), "runs.db is a file, where a folder should be"),
        (("a", "b", "--json", "locked/x.json"), "locked cannot be written: there is no permission"),
        (("a", "b", "--json", "results"), "results is a folder: choose another name"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(home, arguments, message, monkeypatch):
    if "locked/x.json" in arguments:
        Path("locked").mkdir()  # the superuser, who may run this, writes everywhere
        monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "locked")
    for name, options in (("nearer", {"gap": 1e-3}), ("elsewhere", {})):
        if name in arguments:
            suite = make_suite(["himmelblau"], ["random-search"], budget=60, seeds=5, name=name, **options)
            suite = replace(suite, seed=7) if name == "elsewhere" else suite
            run_suite(suite, Path("results") / name, Launch(children=False, pictures=False))
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
        suite = make_suite(["himmelblau"], ["random-search"], budget=60, seeds=5, name="priced")
        suite = replace(suite, prices={**suite.prices, "value": 2})
        run_suite(suite, Path("results/priced"), Launch(children=False, pictures=False))
    before, handler = things(), signals.getsignal(signals.SIGTERM)
    done = call("check", *arguments)
    assert done.exit_code == 2
    assert signals.getsignal(signals.SIGTERM) == handler  # whoever called it is stopped as before
    assert message in " ".join((done.output + done.stderr).split())
    assert "Traceback" not in done.output
    assert things() == before


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("check", "a", "b", "--markdown", "no/such/x.md"), "Markdown"),
        (("check", "a", "b", "--json", "no/such/x.json"), "JSON"),
        (("history", "a", "b", "--json", "no/such/x.json"), "JSON"),
        (("report", "a", "--figure", "ecdf", "--out", "no/such/x.pdf"), "figure"),
        (("show", "himmelblau", "--picture", "no/such/x.png"), "picture"),
        (("export", "a", "--to", "csv", "--out", "no/such/x"), "export"),
    ],
    ids=lambda value: "-".join(value[:1]) if isinstance(value, tuple) else value,
)
def test_a_folder_that_is_not_there_is_one_sentence_and_is_not_made(home, arguments, what):
    before = things()
    done = call(*arguments)
    sentence = f"Error: no/such, where the {what} should go, does not exist: make it first"
    assert (done.exit_code, " ".join(done.stderr.split())) == (2, sentence)
    assert things() == before


def test_a_crash_is_a_sentence_and_no_regression(home, monkeypatch):
    def crashed(*_, **__):
        raise IndexError("index 9 is out\nof bounds")

    monkeypatch.setattr("bench.track.check.compare", crashed)
    done = call("check", "a", "b")
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit)
    text = " ".join(done.stderr.split())
    assert text.startswith("Error: IndexError: index 9 is out of bounds") and "Traceback" not in text
    monkeypatch.setenv("FOGBENCH_TRACEBACK", "1")
    done = call("check", "a", "b")
    assert done.exit_code == 2 and "Traceback" in done.stderr and "in crashed" in done.stderr


def test_a_race_is_refused_before_anything_is_run(home, monkeypatch):
    Path("mine.toml").write_text(
        'until = "significant"\nproblems = ["sphere"]\noptimizers = ["random-search"]\nbudget = 9\n'
    )
    monkeypatch.setattr("bench.track.revision.revision_of", lambda name: pytest.fail("it went on"))
    done = call("check", "mine.toml", "--at", "HEAD")
    assert done.exit_code == 2 and "mine.toml says until, and check compares whole designs" in done.stderr


def test_markdown_and_json_say_what_the_terminal_says(home):
    edit("best", "best * 1.5")
    edit("code", '\'{"optimizer": "another", "problem": "another"}\'')
    edit("versions", '\'{"numpy": "1.0"}\'')
    done = call("check", "a", "b", "--markdown", "x.md", "--json", "x.json")
    text, facts = Path("x.md").read_text(), json.loads(Path("x.json").read_text())
    assert f"numpy {np.__version__} -> 1.0" in text
    assert facts["sentence"] in text
    assert facts["sentence"] in " ".join(done.output.split())
    assert [row["optimizer"] for row in facts["optimizers"]][:1] == ["torch-adam"]


def test_the_suite_tracked_is_that_of_the_calibration():
    suite = load_suite(calibration.SUITE)
    assert sum(len(group.problems) for group in suite.groups) == 11
    assert {group.seeds for group in suite.groups} == {calibration.SEEDS} == {10}
    assert all(any(entry.name == "heavy-ball" for entry in group.optimizers) for group in suite.groups)
    assert find_optimizer("heavy-ball").parameters["momentum"].default == 0.9


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (("results/a", "results/b"), ["a", "b"]),
        (("/x/results/a", "/y/results/a"), ["x/results/a", "y/results/a"]),
        (("/long/path/old/a", "/long/path/new/a", "/long/path/new/b"), ["old/a", "new/a", "b"]),
        (("/a", "/b/a"), ["/a", "b/a"]),
    ],
)
def test_results_of_one_name_are_told_apart_in_few_words(paths, names):
    assert told_apart([Path(path) for path in paths]) == names


def test_what_only_one_has_is_left_out_and_said(home):
    suite = make_suite(["himmelblau"], ["random-search", "cma-es"], budget=60, seeds=5, name="more")
    run_suite(suite, Path("results/more"), Launch(children=False, pictures=False))
    result = check(bench.load("a"), bench.load("more"))
    assert list(result.optimizers.optimizer) == ["random-search"]
    assert result.left == {"a": ["scipy-lbfgsb", "torch-adam"], "more": ["cma-es"]}
    done = call("check", "a", "more", "--no-report")
    assert "Only in more: cma-es." in done.output
    assert "Only in a: scipy-lbfgsb, torch-adam." in result.to_markdown()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A package of one optimizer, in a folder of a repository of git; its order is 0, for which no process imports
    torch."""
    folder = tmp_path / "repository" / "python"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    text = """
        from bench import optimizer

        @optimizer(order=0, source="Nobody 1900")
        def NAME(oracle):
            while True:
                oracle.value(oracle.x0)
    """
    module = f"mine_{tmp_path.name[-8:].replace('-', '_')}"
    Path(f"{module}.py").write_text(dedent(text.replace("NAME", module)))
    Path("mine.toml").write_text(
        f"[[group]]\nproblems = ['himmelblau', 'booth']\noptimizers = ['{module.replace('_', '-')}']\n"
        "budget = 60\nseeds = 6\n"
    )
    git("init", "-q", "..")
    git("add", ".")
    git("commit", "-qm", "one")
    return Path(f"{module}.py")


def git(*arguments):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def left_behind(before):
    """What is there now, and was not before: files here, temporary folders, worktrees."""
    return (things() - before) | set(git("worktree", "list").splitlines()[1:])


def things():
    others = ("__pycache__", ".git", "runs.db-wal", "runs.db-shm")  # those of Python, git and SQLite
    here = {str(path) for path in Path().rglob("*") if not set(path.parts) & set(others)}
    return here | {str(path) for path in Path(tempfile.gettempdir()).glob("fogbench-*")}


@pytest.mark.parametrize("side", ["at HEAD~1, with the libraries that are installed here", "here"])
def test_a_suite_that_cannot_be_run_leaves_nothing(repository, monkeypatch, tmp_path, side):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    text = repository.read_text()
    repository.write_text("import a_library_of_nobody\n" + text)
    git("commit", "-qam", "needs what is not there")
    repository.write_text(text)
    git("commit", "-qam", "no more")
    if side == "here":
        repository.write_text("import a_library_of_nobody\n" + text)
    before = things()
    done = call("check", "mine.toml", "--at", "HEAD" if side == "here" else "HEAD~1", "--import", repository.stem)
    output = " ".join((done.output + done.stderr).split())
    assert done.exit_code == 2, output
    assert f"the suite cannot be run {side}: " in output
    assert "a_library_of_nobody" in output
    assert left_behind(before) == set()


@pytest.mark.parametrize(("signal", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_who_stops_it_finds_nothing_left(repository, monkeypatch, tmp_path, signal, status):
    repository.write_text(repository.read_text().replace("while True:", "while not __import__('time').sleep(1):"))
    git("commit", "-qam", "slow")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    paths = f"{Path.cwd()}:{os.environ.get('PYTHONPATH', '')}"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": paths}
    before = things()
    command = [sys.executable, "-m", "bench", "check", "mine.toml", "--at", "HEAD", "--import", repository.stem]
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # a job in the background hears of no SIGINT, one under nohup of no SIGHUP
        preexec_fn=lambda: [signals.signal(each, signals.SIG_DFL) for each in (signals.SIGINT, signals.SIGHUP)],
    )
    try:
        begun, deadline = tmp_path.glob, time.monotonic() + 120
        while not list(begun("fogbench-*/tree/python/results/mine-*/runs.db")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        assert len(git("worktree", "list").splitlines()) == 2
        process.send_signal(getattr(signals, signal))
        output, _ = process.communicate(timeout=60)
        assert process.returncode == status, output
        assert "Stopped: nothing was compared, and nothing is left." in output
        assert left_behind(before) == set()
    finally:
        process.kill()


def test_a_revision_is_checked_out_and_gone_afterwards(tmp_path, monkeypatch):
    """A package of one optimizer in a repository: its step was halved in the working tree."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "mine_tracked.py"
    module.write_text(
        "from bench import optimizer\n\n"
        "@optimizer(order=0, source='Nobody 1900')\n"
        "def mine_tracked(oracle):\n"
        "    x, f = oracle.x0, oracle.value(oracle.x0)\n"
        "    while True:\n"
        "        y = x + 0.3 * oracle.rng.standard_normal(x.shape)\n"
        "        if (g := oracle.value(y)) < f:\n"
        "            x, f = y, g\n"
    )
    Path("mine.toml").write_text(
        "[[group]]\nproblems = ['himmelblau', 'booth']\noptimizers = ['mine-tracked']\nbudget = 60\nseeds = 6\n"
    )
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for command in (["init", "-q"], ["add", "mine_tracked.py", "mine.toml"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    module.write_text(module.read_text().replace("0.3", "0.002"))
    done = call("check", "mine.toml", "--at", "HEAD", "--import", "mine_tracked", "--workers", "1")
    assert done.exit_code == 1, done.output
    assert "mine-tracked" in done.output
    assert "The code of mine-tracked has changed." in done.output
    trees = subprocess.run(["git", "worktree", "list"], capture_output=True, text=True, check=True).stdout
    assert len(trees.splitlines()) == 1
    bad = call("check", "mine.toml", "--at", "nowhere")
    assert bad.exit_code == 2
    assert "the repository has no revision 'nowhere'" in " ".join((bad.output + bad.stderr).split())
