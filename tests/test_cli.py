"""The command line: what it prints, its exit statuses, and its answers to mistakes."""

import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.cli.facts import LINE
from bench.cli.terminal import by_family, by_problem
from bench.core.packages import is_ours
from bench.core.registry import PROBLEMS, ProblemDefinition, cast, written
from bench.measure.words import setting_text
from bench.results.labels import label
from bench.runner.suite import Entry, parse_entry

ROOT = Path(__file__).parents[1]

SMALL = ["-p", "rosenbrock[dim=2,10]", "-o", "torch-adam[lr=0.01,0.1]", "-o", "scipy-bfgs", "--budget", "90"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def problems() -> list[dict]:
    """Those of `list problems --json`, which builds each."""
    return json.loads(call("list", "problems", "--json").output)


@pytest.fixture(scope="module")
def optimizers() -> list[dict]:
    return json.loads(call("list", "optimizers", "--json").output)


def test_run_report_export(tmp_path, figures):
    done = call("run", *SMALL, "--seeds", 5, "--name", "mine")
    assert done.exit_code == 0, done.output
    assert "Which optimizer for which problem? (mine)" in done.output
    assert "Runs: 30 planned, 0 there already, 30 added" in done.output
    assert done.output.rstrip().endswith("reports/mine/index.html")
    assert (tmp_path / "reports/mine/index.html").is_file()
    assert (tmp_path / "reports/mine/figures/ecdf-by-optimizer.svg").is_file()
    assert (tmp_path / "reports/mine/tables/ert.tex").is_file()

    again = call("run", *SMALL, "--seeds", 5, "--name", "mine", "--no-report")
    assert again.exit_code == 0
    assert "Runs: 30 planned, 30 there already, 0 added" in again.output

    exported = call("export", "mine", "--to", "csv")
    assert exported.exit_code == 0
    runs = (tmp_path / "results/mine/csv/runs.csv").read_text().splitlines()
    assert len(runs) == 31
    refused = call("export", "mine", "--to", "csv")
    assert refused.exit_code == 2
    assert "nothing is written over" in refused.output
    assert call("export", "mine", "--to", "xml").exit_code == 2

    (tmp_path / "reports/mine/index.html").unlink()
    assert call("report", "mine", "--no-figures").exit_code == 0
    assert (tmp_path / "reports/mine/index.html").is_file()


def test_several_folders_in_one_report(tmp_path):
    for name, optimizer in (("mine", "scipy-bfgs"), ("yours", "scipy-cg")):
        call("run", "-p", "rosenbrock", "-o", optimizer, "--budget", 30, "--seeds", 2, "--name", name, "--no-report")
    done = call("report", "mine", "yours", "--no-figures")
    assert done.exit_code == 0, done.output
    page = tmp_path / "reports/mine+yours/index.html"
    assert done.output.split() == ["Report:", "reports/mine+yours/index.html"]
    assert "scipy-bfgs" in page.read_text() and "scipy-cg" in page.read_text()
    assert not (page.parent / "figures").exists()
    assert "different names, got mine, mine" in " ".join(call("report", "mine", "mine").output.split())


def test_one_figure_for_a_paper(tmp_path):
    call("run", *SMALL, "--seeds", 1, "--name", "mine", "--no-report")
    drawn = call("report", "mine", "--figure", "ecdf", "--by", "dim", "--out", "fig.pdf")
    assert drawn.exit_code == 0, drawn.output
    assert (tmp_path / "fig.pdf").read_bytes().startswith(b"%PDF")
    assert not (tmp_path / "reports").exists()
    again = call("report", "mine", "--figure", "area", "--width", "3.3in", "--out", "fig.pdf", "--force")
    assert again.exit_code == 0, again.output
    for words, reason in (
        (["--figure", "ecdf", "--by", "dim", "--out", "fig.pdf"], "nothing is written over"),
        (["--figure", "ecdf", "--out", "fig.gif"], ".svg, .pdf, .png"),
        (["--figure", "pie", "--out", "p.pdf"], "got 'pie'"),
        (["--figure", "ecdf", "--by", "luck", "--out", "p.pdf"], "got 'luck'"),
        (["--figure", "ecdf", "--prices", "dollars", "--out", "p.pdf"], "got 'dollars'"),
        (["--figure", "ecdf", "--width", "wide", "--out", "p.pdf"], "a length such as 3.3in, 8.4cm, 84mm or 240pt"),
        (["--out", "p.pdf"], "--out needs --figure NAME"),
        (["--width", "3in"], "--width needs --figure NAME"),
        (["--force"], "--force needs --figure NAME"),
    ):
        refused = call("report", "mine", *words)
        assert refused.exit_code == 2, words
        assert reason in " ".join(refused.output.split())
    assert not (tmp_path / "p.pdf").exists()


def test_published_results_stand_beside_ours(tmp_path):
    pytest.importorskip("cocopp")
    call("run", "-p", "bbob-f01[dim=5]", "-o", "scipy-bfgs", "--budget", 60, "--seeds", 3, "--name", "b", "--no-report")
    done = call("report", "b", "--published", "bbob-2009", "--no-figures")
    assert done.exit_code == 0, done.output
    rows = (tmp_path / "reports/b/tables/published-ert.csv").read_text().splitlines()
    assert rows[1].startswith("bbob-f01,5,scipy-bfgs,")
    assert call("report", "b", "--published", "bbob-1999").exit_code == 2
    assert "Nothing to show beside" not in done.output
    call("run", "-p", "sphere[dim=2]", "-o", "random-search", "--budget", 9, "--seeds", 1, "--name", "s", "--no-report")
    done = call("report", "s", "--published", "bbob-2009", "--no-figures")
    assert "no run on a function of BBOB in a dim that was published." in done.output


def test_data_of_others_are_imported(tmp_path):
    call("run", "-p", "bbob-f01[dim=2]", "-o", "scipy-bfgs", "--budget", 60, "--seeds", 2, "--name", "b", "--no-report")
    assert call("export", "b", "--to", "ioh").exit_code == 0
    done = call("import", "results/b/ioh", "--name", "back")
    assert done.exit_code == 0, done.output
    assert "2 runs of scipy-bfgs on 1 problem" in done.output
    with sqlite3.connect(tmp_path / "results/back/runs.db") as db:
        db.execute("UPDATE runs SET best = -1 WHERE id = 1")
    db.close()
    damaged = call("report", "back").output
    assert "or import the data again." in damaged
    assert "--retry damaged" not in damaged
    both = call("report", "b", "back").output
    assert "or import the data again." in both  # only of the part that is damaged
    with sqlite3.connect(tmp_path / "results/back/runs.db") as db:
        db.execute("DELETE FROM runs WHERE id = 1")
    db.close()
    lacking = call("report", "back", "--no-figures")
    assert lacking.exit_code == 1
    said = "Missing: 1 of 2 planned runs: nothing says why the others are not there."
    assert lacking.output.startswith(f"{said} Restore runs.db from a copy, or import the data again.")
    assert call("import", "results/b/ioh", "--name", "back").exit_code == 2
    assert call("import", "nowhere", "--name", "new").exit_code == 2
    assert call("import", "results/b/ioh", "--name", "../out").exit_code == 2
    assert not (tmp_path / "results/new").exists()


def test_many_problems_are_answeredby_family(tmp_path):
    problems = [
        word for name in ("quadratic[dim=2,3,4,5,6,7,8,9]", "rosenbrock[dim=2,3,4,5,6,7,8,9]") for word in ("-p", name)
    ]
    done = call("run", *problems, "-o", "lbfgs", "--budget", 60, "--seeds", 1, "--name", "many", "--no-report")
    assert done.exit_code == 0, done.output
    assert "Which optimizer for which family of problems? (many)" in done.output
    assert "quadratic" in done.output and "lbfgs" in done.output
    assert "n: 1 run of an optimizer on a problem" in " ".join(done.output.split())
    assert "later results are ignored" not in done.output

    # of the same runs those of another optimizer, whose budget is a fifth, and of one that cannot run
    more = ("-o", "random-search", "--budget", 12, "--seeds", 1, "--name", "few", "--no-report")
    assert call("run", *problems, *more).exit_code == 0
    both = by_family(bench.load(["many", "few"]))
    assert both.caption == (
        "n: 1 run of an optimizer on a problem. On 16 of 16 problems a budget ended some optimizers before others: "
        "later results are ignored for all."
    )
    few = by_problem(bench.load(["many", "few"]))
    assert str(few.caption).endswith(" On 16 problems a budget ended some first: later results are ignored for all.")
    done = call(
        "run",
        *problems,
        "-p",
        "onemax[dim=4]",
        "-o",
        "lbfgs",
        "--budget",
        60,
        "--seeds",
        1,
        "--name",
        "odd",
        "--no-report",
    )
    assert "skipped" in done.output.partition("Results:")[0]
    assert "none ran on all problems" not in done.output
    odd = [word for dim in range(4, 20) for word in ("-p", f"onemax[dim={dim}]")]
    done = call("run", *odd, "-o", "lbfgs", "-o", "scipy-cg", "--seeds", 1, "--name", "skips", "--no-report")
    assert "nan" not in done.output


def test_few_runs_are_said_to_be_few(tmp_path):
    both = ("-p", "quadratic[dim=2]", "-o", "lbfgs", "-o", "gradient-descent", "--budget", 60, "--no-report")
    assert "too few seeds" in call("run", *both, "--seeds", 2, "--name", "few").output
    more = call("run", *both, "--seeds", 6, "--name", "more").output
    assert "too few seeds" not in more and "-: " not in more
    alone = call("run", *both[:4], "--budget", 60, "--seeds", 1, "--name", "alone", "--no-report").output
    assert " - " in alone and "-: no other optimizer was compared there." in " ".join(alone.split())


def test_a_suite_file_and_its_name(tmp_path):
    (tmp_path / "two.toml").write_text(
        'seeds = 2\nbudget = 20\n[[group]]\nproblems = ["rastrigin", "cartpole"]\noptimizers = ["scipy-cg"]\n'
    )
    done = call("run", "two.toml", "--no-report")
    assert done.exit_code == 0, done.output
    assert "2 skipped" in done.output
    with sqlite3.connect(tmp_path / "results/two/runs.db") as db:
        rows = db.execute("SELECT status, error FROM runs WHERE problem = 'cartpole'").fetchall()
    db.close()
    reason = "cartpole answers up to values (order 0), scipy-cg needs gradients (order 1)"
    assert rows == [("skipped", reason)] * 2
    assert not (tmp_path / "reports").exists()


def test_a_crash_gives_exit_status_1_and_the_others_go_on(tmp_path, monkeypatch):
    (tmp_path / "stumbling.py").write_text(
        "from bench import optimizer\n\n"
        "@optimizer(order=0, source='Nobody 1900')\n"
        "def stumbling(oracle):\n"
        "    oracle.value(oracle.x0)\n"
        "    raise RuntimeError('lost')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    done = call(
        "run", "-p", "rastrigin", "-o", "stumbling", "-o", "random-search", "--import", "stumbling",
        "--budget", 20, "--seeds", 2, "--name", "c",
    )  # fmt: skip
    assert done.exit_code == 1, done.output
    assert "2 runs crashed or were killed" in done.output
    assert "2 budget, 2 crashed" in done.output
    assert "lost" in (tmp_path / "reports/c/index.html").read_text()


def test_tune_and_run_tuned(tmp_path, figures):
    (tmp_path / "small.toml").write_text(
        'seeds = 2\nbudget = 30\nproblems = ["rosenbrock", "quadratic"]\noptimizers = ["random-search", "scipy-bfgs"]\n'
    )
    words = ["tune", "small.toml", "-o", "torch-adam[beta2=0.99]", "-o", "random-search", "--settings", 4, "--seeds", 1]
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert "Best of 4 settings (small)" in done.output
    assert "nothing to tune" in done.output
    assert "Next: python -m bench run small.toml --tuned results/small-tuning/tuned.toml" in done.output
    path = tmp_path / "results/small-tuning/tuned.toml"
    text = path.read_text()
    assert call(*words).exit_code == 0
    assert path.read_text() == text

    done = call("run", "small.toml", "--tuned", path)
    assert done.exit_code == 0, done.output
    assert "Runs: 16 planned" in done.output  # random search, BFGS, Adam and tuned Adam
    page = (tmp_path / "reports/small/index.html").read_text()
    assert "Tuned and default" in page
    assert "torch-adam[beta2=0.99] (tuned)" in page
    assert "it has no hyperparameter with a range: its default only" in page
    assert (tmp_path / "reports/small/tables/tuned.csv").read_text().count("torch-adam[beta2=0.99]") == 2
    assert (tmp_path / "reports/small/figures/sensitivity-lr.svg").is_file()
    done = call("report", "small", "--figure", "sensitivity", "--over", "beta1", "--metric", "f", "--out", "beta.svg")
    assert done.exit_code == 0, done.output
    assert "beta1" in (tmp_path / "beta.svg").read_text()
    done = call("report", "small", "--figure", "sensitivity", "--over", "beta2", "--out", "no.svg")
    assert "over must be a hyperparameter that was tuned (lr, " in " ".join(done.output.split())

    path.with_name("runs.db").unlink()
    assert call("report", "small", "--no-figures").exit_code == 0
    assert "no sensitivity is shown" in (tmp_path / "reports/small/index.html").read_text()

    path.write_text(text.replace("lr = ", "lr = -"))
    refused = call("run", "small.toml", "--tuned", path, "--name", "other")
    assert refused.exit_code == 2
    assert "key setting.lr: torch-adam: lr must be > 0, got -" in " ".join(refused.output.split())
    assert not (tmp_path / "results/other").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tune", "quik"], "unknown suite 'quik'"),
        (["tune", "quick", "-o", "torch-adm"], "did you mean torch-adam"),
        (["tune", "quick", "-o", "torch-adam", "--settings", "0"], "settings must be >= 1, got 0"),
        (["tune", "quick", "-o", "torch-adam", "--seeds", "0"], "seeds must be a number above 0, got 0"),
        (
            ["tune", "quick", "-o", "torch-adam", "--search", "grid"],
            "search must be sobol, halton, tpe or rates, got 'grid'",
        ),
        (["tune", "quick", "-o", "torch-adam[lr=0]"], "torch-adam: lr must be > 0, got 0"),
        (["run", "quick", "--tuned", "nowhere.toml"], "nowhere.toml is not there: `python -m bench tune` writes one"),
        (["run", "quik"], "did you mean quick?)"),
        (["run", "-p", "rosenbrok", "-o", "scipy-bfgs"], "did you mean rosenbrock"),
        (["run", "-p", "zzz", "-o", "scipy-bfgs"], "`python -m bench list problems` name all (a module of your own is"),
        (
            ["show", "zzz"],
            "list optimizers`, `python -m bench list suites` name all",
        ),
        (["run", "-p", "rosenbrock", "-o", "scipy-bgfs"], "did you mean scipy-bfgs"),
        (
            ["run", "-p", "rosenbrock[dims=3]", "-o", "scipy-bfgs"],
            "rosenbrock has no parameter 'dims'; it takes: dim=2",
        ),
        (["run", "-p", "rosenbrock[dim=1]", "-o", "scipy-bfgs"], "rosenbrock: dim must be >= 2, got 1"),
        (["run", "-p", "rosenbrock[dim=two]", "-o", "scipy-bfgs"], "rosenbrock: dim must be int, got 'two'"),
        (["run", "-p", "rosenbrock"], "at least one problem and one optimizer"),
        (["run", "quick", "-p", "rosenbrock"], "not both"),
        (["run", *SMALL, "--seeds", "0"], "seeds must be a number above 0, got 0"),
        (["run", *SMALL, "--lanes", "0"], "lanes must be a whole number from 1 to 65,536, got 0"),
        (["run", *SMALL, "--name", "../up"], "name must be 1 to 100 letters"),
        (["run", *SMALL, "--name", "x" * 10_000], "got 'xxxxxxxxxxxxxxxxxxxx... of 10000 characters'"),
        (["run", *SMALL, "--name", ""], "the name of results must not be empty"),
        (["run", *SMALL, "--workers", "0"], "workers must be a whole number >= 1, got 0"),
        (["run", *SMALL, "--device", "tpu"], "device must be auto, cpu or cuda, got 'tpu'"),
        (["run", *SMALL, "--retry", "budget"], "retry takes crashed, killed, damaged"),
        (["run", *SMALL, "--import", "no_such_module"], "no_such_module"),
        (["report", "nowhere"], "nowhere holds no results"),
        (["report", "nowhere", "--by", "dim"], "--by needs --figure NAME"),
        (["report", "nowhere", "--prices", "wall"], "--prices needs --figure NAME"),
        (["report", "nowhere", "--out", "a.pdf"], "--out needs --figure NAME"),
        (["report", "nowhere", "--figure", "ecdf", "--published", "bbob-2009"], "--published and --figure exclude"),
        (["report", "nowhere", "--figure", "ecdf", "--no-figures"], "--no-figures and --figure exclude each other"),
        (["show", "quick", "--picture", "a.png"], "only a problem has a picture, and quick is a suite"),
        (["export", "nowhere", "--to", "csv"], "nowhere holds no results"),
        (["list", "birds"], "list takes problems, optimizers, wrappers or suites, got 'birds'"),
        (["show", "torch-adm"], "did you mean torch-adam"),
        (["run", "--bugdet", "3"], "No such option"),
        (["run", "quick", "--shard", "17/16"], "shard must be one of 1/N to N/N, as 3/16, got 17/16"),
        (["run", "quick", "--shard", "a/b"], "shard must read K/N, as 3/16, got 'a/b'"),
        (["run", "quick", "--shard", "1/2", "--until", "significant"], "shard and until exclude each other"),
        (["merge", "a", "--into", "b"], "merge takes two or more folders, got results/a"),
        (["merge", "a", "b", "--into", "../c"], "--into must be a name, not a path"),
        (["merge", "a", "b", "--into", "a *"], "underscores, as a, got 'a *'"),
        (["watch", "a"], "results/a holds no results"),
    ],
)
def test_mistakes_are_explained_and_nothing_is_written(tmp_path, words, message):
    done = call(*words)
    assert done.exit_code == 2, done.output
    assert message in " ".join(done.output.replace("│", " ").split())
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_broken_suite_is_answered_with_its_line(tmp_path):
    (tmp_path / "broken.toml").write_text("seeds = 2\nbudget = 20\n[[group]\n")
    done = call("run", "broken.toml")
    assert done.exit_code == 2
    assert "broken.toml: not valid TOML" in done.output
    assert "line 3" in done.output


def test_damaged_and_newer_results_are_explained(tmp_path):
    assert call("run", *SMALL, "--seeds", 1, "--name", "d", "--no-report").exit_code == 0
    path = tmp_path / "results/d/runs.db"
    with sqlite3.connect(path) as db:
        db.execute("UPDATE runs SET best = -1 WHERE id = 1")
    db.close()
    damaged = call("report", "d")
    assert damaged.exit_code == 1
    assert "Damaged, left out" in damaged.output
    assert "--retry damaged" in damaged.output
    checked = call("verify", "d")
    assert (checked.exit_code, "d: 6 of 6 planned runs: 1 fault." in checked.output) == (1, True)
    exported = call("export", "d", "--to", "csv", "--out", "csv")
    assert (exported.exit_code, "Damaged, left out" in exported.output) == (1, True)
    assert (tmp_path / "csv/runs.csv").is_file()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    newer = call("run", *SMALL, "--seeds", 1, "--name", "d")
    assert newer.exit_code == 2
    assert "schema version 99" in newer.output
    for part in path.parent.iterdir():
        part.unlink()
    path.write_bytes(b"not a database " * 20)
    other = call("report", "d")
    assert other.exit_code == 2
    assert "not a readable database" in other.output


def test_hyperparameters_are_listed_with_their_ranges(optimizers):
    found = {row["name"]: row for row in optimizers}
    assert len(found) >= 620
    momentum = found["torch-sgd"]["hyperparameters"]["momentum"]
    assert momentum == {
        "type": "float", "default": 0.9, "allowed": ">= 0 and < 1", "tuned": {"low": 0.0, "high": 0.99, "log": False}
    }  # fmt: skip
    assert "cosine" in found["torch-sgd"]["hyperparameters"]["schedule"]["type"]
    assert "schedule: constant | warm-up" in " ".join(call("show", "torch-sgd").output.split())


def test_reasons_of_skips_are_printed():
    shown = call("run", "-p", "onemax[dim=8]", "-o", "scipy-bfgs", "--seeds", "2", "--name", "x", "--no-report").output
    assert "2 skipped: onemax has coordinates of kind integer, scipy-bfgs takes real" in shown


def test_a_common_name_leads_to_the_library_that_has_it():
    assert "did you mean torch-adam" in call("show", "adam").output
    assert "did you mean -p rosenbrock?" in call("run", "rosenbrock", "-o", "torch-adam").output


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("rosenbrock", "rosenbrock is a problem and no suite: did you mean -p rosenbrock?"),
        ("rosenbrock[dim=3]", "did you mean -p rosenbrock[dim=3]?"),
        ("rosenbrock+noise", "did you mean -p rosenbrock+noise?"),
        ("scipy-bfgs", "scipy-bfgs is an optimizer and no suite: did you mean -o scipy-bfgs?"),
        ("rosenbroc", "unknown suite 'rosenbroc'"),
    ],
)
def test_a_problem_for_a_suite_leads_to_its_flag(word, message):
    done = call("run", word)
    assert done.exit_code == 2
    assert message in done.output


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert bench.__version__ == project["version"]
    done = call("--version")
    assert done.exit_code == 0
    assert done.output.split() == ["fogbench", project["version"]]


def test_the_shell_can_complete():
    assert "--install-completion" in call("--help").output


def test_instances_are_named_as_numbers_and_ranges():
    words = ("run", "-p", "bbob-f01[dim=2]", "-o", "random-search", "--budget", 5, "--seeds", 1, "--no-report")
    assert call(*words, "--name", "some", "--instances", "7,2-4").exit_code == 0
    assert sorted(bench.load("some").runs.instance) == [2, 3, 4, 7]
    for wrong in ("4-2", "a", "1;2", "0"):
        done = call(*words, "--instances", wrong)
        assert done.exit_code == 2
        assert "Error: instances must" in done.output


def test_a_file_is_imported_by_its_path(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "beside_mine.py").write_text("LOW = -2.0\n")
    (tmp_path / "deep" / "mine_in_a_file.py").write_text(
        "from beside_mine import LOW\n"
        "from bench import Domain, Objective, problem\n\n"
        "@problem(family='toys', source='Nobody 1900')\n"
        "def filed(dim: int = 2, instance: int = 1) -> Objective:\n"
        "    return Objective(lambda x: (x**2).sum(-1), dim, domain=Domain(LOW, 2.0))\n"
    )
    words = ["-p", "filed", "-o", "random-search", "--budget", "9", "--seeds", "2", "--no-report", "--workers", "2"]
    command = [sys.executable, "-m", "bench", "run", *words, "--import", "deep/mine_in_a_file.py"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert "2 budget" in done.stdout
    for name, message in (("deep/none.py", "there is none at"), ("json.py", "there is none at")):
        assert message in call("run", *words, "--import", name).output
    (tmp_path / "json.py").write_text("")
    assert "the name 'json' is taken by another module" in call("run", *words, "--import", "json.py").output


def test_each_problem_is_said_in_one_line_of_words(problems):
    rows = {row["name"]: row["what"] for row in problems}
    assert rows["rosenbrock"] == "A curved valley with a flat floor, in two dimensions at least"
    assert rows["mgh-rosenbrock"] == "1. A curved valley (Rosenbrock 1960): 10 (x2 - x1^2), 1 - x1"
    # other tests may have left problems of their own in the registry
    ours = {name: rows[name] for name, problem in PROBLEMS.items() if is_ours(problem.function.__module__)}
    assert len(ours) > 200
    assert all(0 < len(words) <= LINE and "\n" not in words for words in ours.values())
    lines = call("list", "problems", "--all").output.splitlines()
    assert all(any(name in line and rows[name] in line for line in lines) for name in rows)


def test_tuples_have_one_spelling(problems):
    listed = {row["name"]: row["parameters"] for row in problems}
    assert "widths=8" in listed["ballistics"] and "hidden=()" in listed["cartpole-swing-up"]
    assert "= 8" in call("show", "ballistics").output and "(8,)" not in call("show", "ballistics").output
    assert parse_entry("ballistics[widths=4x2,()]").settings() == [{"widths": "4x2"}, {"widths": "()"}]
    for value, text in (((4, 2), "4x2"), ((8,), "8"), ((), "()")):
        assert written(value) == written(list(value)) == text
        assert cast(text, tuple[int, ...], "widths") == value
        assert Entry("ballistics", {"widths": (value,)}).text() == f"ballistics[widths={text}]"
        shown = "ballistics" if value == (8,) else f"ballistics[widths={text}]"
        assert label("ballistics", {"widths": list(value)}, PROBLEMS) == shown
        assert setting_text({"widths": value}) == f"widths={text}"
    with pytest.raises(ValueError, match=r"it takes: .*widths=8"):
        bench.make("ballistics", width=3)


def test_list_and_show(problems, optimizers):
    assert {"rosenbrock", "bbob-f15", "mlp", "cartpole"} <= {row["name"] for row in problems}
    assert len(problems) >= 150
    by_name = {row["name"]: row for row in problems}
    assert by_name["rosenbrock"]["domain"] == {"kinds": ["real"], "low": -5.0, "high": 10.0}
    assert by_name["cartpole"]["orders"] == [0]
    assert by_name["mgh-bard"]["domain"] == {"kinds": ["real"], "low": None, "high": None}
    assert {row["order"] for row in optimizers} == {0, 1, 2}
    output = call("list", "optimizers").output
    assert "542 of optimizers.nevergrad" in output and "128 of optimizers.pytorch_optimizer" in output
    assert "quick" in call("list", "suites").output
    shown = call("show", "rosenbrock").output
    assert "Rosenbrock 1960" in shown
    assert "dim: int = 2" in shown
    assert "Hessian-vector" in call("show", "scipy-newton-cg").output
    assert "[[group]]" in call("show", "quick").output


def test_show_draws_a_picture(tmp_path):
    done = call("show", "rastrigin", "--picture", "r.png")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.png").read_bytes()[:4] == b"\x89PNG"
    assert call("show", "rastrigin", "--picture", "r.png").exit_code == 2
    assert call("show", "torch-adam", "--picture", "a.png").exit_code == 2


def test_doctor_tries_a_run():
    done = call("doctor")
    assert "rosenbrock with random-search: budget after 100 values" in done.output
    assert done.exit_code == 0, done.output


def test_python_m_bench_is_the_same(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "list", "suites"], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.returncode == 0
    assert "quick" in done.stdout


def test_a_problem_that_cannot_be_built_is_named_and_the_others_are_listed(monkeypatch):
    def closed(instance=1):
        return bench.Objective(lambda x: x.sum(-1), 2, bench.core.Domain(1.0, 1.0))

    def leaving(instance=1):
        raise SystemExit(3)

    for name, function in (("closed", closed), ("forgetful", lambda instance=1: None), ("leaving", leaving)):
        problem = ProblemDefinition(name, function, "odd", "fogbench's own tests 2026", 1, (), {})
        monkeypatch.setitem(PROBLEMS, name, problem)
    listed = call("list", "problems", "--json")
    assert listed.exit_code == 1
    facts = {entry["name"]: entry for entry in json.loads(listed.stdout)}
    assert facts["closed"]["error"] == "closed: low must be below high, got low=1.0, high=1.0"
    assert facts["forgetful"]["error"] == "forgetful: its function must give an Objective, got None"
    assert facts["leaving"]["error"] == "leaving: cannot be built: SystemExit: 3"
    assert facts["rosenbrock"]["dim"] == 2
    assert "Cannot be built: closed: low must be below high" in listed.stderr
    assert call("list", "problems").exit_code == 0
    for words in (["show", "leaving"], ["run", "-p", "leaving", "-p", "sphere", "-o", "random-search"]):
        done = call(*words)
        assert done.exit_code == 2
        assert "Error: leaving: cannot be built: SystemExit: 3" in done.stderr


@pytest.mark.parametrize("words", [["list", "problems", "--json"], ["show", "sphere"], ["run", "quick"]])
def test_a_module_that_leaves_is_one_sentence(tmp_path, monkeypatch, words):
    (tmp_path / "leaving_module.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    done = call(*words, "--import", "leaving_module")
    assert done.exit_code == 2
    assert "Error: module 'leaving_module' cannot be imported: SystemExit: 0" in done.stderr


def test_a_picture_of_a_problem_that_leaves_is_one_sentence(tmp_path, monkeypatch):
    def leave(x):
        raise SystemExit(3)

    def made(instance=1):
        return bench.Objective(leave, 2, bench.core.Domain(0.0, 1.0))

    monkeypatch.setitem(PROBLEMS, "leaving", ProblemDefinition("leaving", made, "odd", "nobody", 1, (), {}))
    done = call("show", "leaving", "--picture", tmp_path / "p.png")
    assert done.exit_code == 2
    assert "Error: leaving cannot be drawn: SystemExit: 3" in done.stderr


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_lock_that_is_no_file_is_one_sentence(tmp_path, kind):
    folder = tmp_path / "results" / "t"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "lock") if kind == "pipe" else (folder / "lock").mkdir()
    done = call("run", "-p", "sphere", "-o", "random-search", "--name", "t")
    assert done.exit_code == 2
    assert "lock is no file" in done.stderr
