"""The list of results, and their removal: what is removed, what never is."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.interchange.export import export
from bench.measure.words import size
from bench.results.folders import folders
from bench.results.merged import merge
from bench.results.stored import Results
from bench.runner.alone import alone_in


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        how = {"optimizers": ["scipy-bfgs"], "budget": 20, "seeds": 3, "report": False, "workers": 1}
        bench.run(problems=["bbob-f01[dim=2]"], **how, name="mine")
        bench.run(problems=["rosenbrock"], **how, name="yours", shard="2/3")
    return home


@pytest.fixture
def home(original, tmp_path, monkeypatch):
    shutil.copytree(original, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    return Path("results")


def call(*words):
    return CliRunner().invoke(app, ["results", *words])


def spoken(done):
    return " ".join(done.output.split())


def test_folders_are_listed_with_runs_size_and_age(home):
    (home / "reference").mkdir()
    (home / "file").write_text("no folder")
    (home / "broken").mkdir()
    (home / "broken" / "runs.db").write_text("no database, and longer than a header of SQLite " * 9)
    os.utime(home / "mine" / "runs.db", 2 * (time.time() - 10 * 86400,))
    for name in ("runs.db-wal", "runs.db-shm"):
        (home / "mine" / name).unlink(missing_ok=True)
    with closing(sqlite3.connect(home / "yours-2-of-3" / "runs.db")) as db, db:
        db.execute("UPDATE runs SET status = 'crashed' WHERE id = 1")
    bytes_of_mine = sum(file.stat().st_size for file in (home / "mine").iterdir())  # reading adds files of SQLite's
    looks = {folder.name: folder for folder in folders(home)}
    assert list(looks)[-1] == "mine" and set(looks) == {"broken", "mine", "yours-2-of-3"}
    mine = looks["mine"]
    assert (mine.planned, mine.there, mine.failed, mine.state) == (3, 3, 0, "")
    assert mine.size == bytes_of_mine
    assert mine.age == pytest.approx(10 * 86400, rel=1e-3) and mine.suite == "bbob-f01[dim=2] with scipy-bfgs"
    assert (looks["yours-2-of-3"].planned, looks["yours-2-of-3"].failed, looks["yours-2-of-3"].state) == (
        1,
        1,
        "shard 2 of 3",
    )
    assert looks["broken"].state == "cannot be read" and "is not a readable database" in looks["broken"].error
    done = call()
    assert done.exit_code == 0
    for text in ("3 of 3", "1 of 1", "shard 2 of 3", " kB", "10 days", "is not a readable database"):
        assert text in spoken(done), text


def test_a_suite_that_runs_is_said_to(home):
    with closing(sqlite3.connect(home / "mine" / "runs.db")) as db, db:
        db.execute("DELETE FROM runs WHERE id = 2")
    with alone_in(home / "mine"):
        assert {folder.name: folder.state for folder in folders(home)}["mine"] == "running"
        refused = call("--remove", "mine", "--yes")
        assert refused.exit_code == 2 and "another process is running into" in spoken(refused)
    assert len(Results(home / "mine").runs) == 2


def test_there_may_be_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "There are no results in results." in call().output


def test_what_fogbench_wrote_is_removed_and_nothing_else(home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data.csv").write_text("mine")
    results = Results(home / "mine")
    for form in ("csv", "parquet", "coco", "ioh"):
        export(results, form, home / "mine" / form)
    shutil.copy(home / "mine" / "runs.db", home / "mine" / "runs-20260101-000000-000000.db")
    (home / "mine" / "tuned.toml").write_text("")
    names = ("csv/a.csv", "csv/deep/runs.csv", "parquet/a.parquet", "coco/a.info", "coco/a/a/a.dat", "ioh/a.json")
    theirs = dict.fromkeys(names, "mine")  # beside the exports
    theirs |= {"notes.txt": "mine", "csv/notes.txt": "mine", "runs-of-mine.db": "mine", "deep/runs.db": "mine"}
    for name, text in theirs.items():
        (home / "mine" / name).parent.mkdir(exist_ok=True, parents=True)
        (home / "mine" / name).write_text(text)
    (home / "mine" / "csv" / "link.csv").symlink_to(outside / "data.csv")
    (home / "mine" / "coco" / "link").symlink_to(outside)
    Path("reports/mine").mkdir(parents=True)
    done = call("--remove", "mine", "--yes")
    assert done.exit_code == 0, done.output
    paths = [path for path in (home / "mine").rglob("*") if path.is_symlink() or not path.is_dir()]
    assert {str(path.relative_to(home / "mine")) for path in paths} == {*theirs, "csv/link.csv", "coco/link"}
    assert (outside / "data.csv").read_text() == "mine" and Path("reports/mine").is_dir()
    assert "Not of Fogbench, and still there: coco/a.info, coco/a/a/a.dat, coco/link, csv/a.csv" in spoken(done)
    assert "Its report stays: reports/mine." in done.output
    assert "Removed results/mine: " in done.output


def test_a_folder_that_is_empty_then_is_gone(home):
    assert call("--remove", "mine", "--remove", "yours-2-of-3", "--yes").exit_code == 0
    assert list(home.iterdir()) == []


def test_links_are_not_followed(home, tmp_path):
    real = tmp_path / "real"
    shutil.move(home / "mine", real)
    (home / "mine").symlink_to(real)
    refused = call("--remove", "mine", "--yes")
    assert refused.exit_code == 2 and "is a link, and nothing behind it is removed" in spoken(refused)
    (home / "mine").unlink()
    (home / "mine").mkdir()
    (home / "mine" / "runs.db").symlink_to(real / "runs.db")
    assert call("--remove", "mine", "--yes").exit_code == 2
    assert (real / "runs.db").stat().st_size and (home / "mine" / "runs.db").is_symlink()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--remove", "nothing", "--yes"], "holds no results; there are"),
        (["--remove", "../home", "--yes"], "not a path"),
        (["--remove", ".", "--yes"], "not a path"),
        (["--remove", "", "--yes"], "not a path"),
        (["--remove", "mine"], "there is no terminal: say --yes"),
        (["--yes"], "--yes goes with --remove NAME"),
    ],
)
def test_mistakes_are_sentences_and_nothing_is_removed(home, words, message):
    done = call(*words)
    assert done.exit_code == 2 and message in spoken(done)
    assert len(Results(home / "mine").runs) == 3


def test_a_file_of_something_else_stays(home):
    with closing(sqlite3.connect(home / "mine" / "other.db")) as db, db:
        db.execute("CREATE TABLE letters (text)")
    for name in ("runs.db-wal", "runs.db-shm"):
        (home / "mine" / name).unlink(missing_ok=True)
    (home / "mine" / "other.db").replace(home / "mine" / "runs.db")
    refused = call("--remove", "mine", "--yes")
    assert refused.exit_code == 2 and "an SQLite file of something else" in spoken(refused)
    assert (home / "mine" / "runs.db").is_file()


def test_what_a_merge_writes_is_not_removed_and_what_it_left_is_said(home, monkeypatch):
    draft = home / ".0123456789abcdef.part"
    shutil.copytree(home / "mine", draft)
    assert {folder.name: folder.state for folder in folders(home)}[draft.name] == "left by a merge that was killed"
    shutil.rmtree(draft)

    def during(folder, command):
        [path] = home.glob(".*.part")
        refused.append(call("--remove", path.name, "--yes"))
        raise ValueError("no further")

    refused = []
    monkeypatch.setattr("bench.results.merged._Merge.write", lambda self, folder, command: during(folder, command))
    with pytest.raises(ValueError, match="no further"):
        merge([home / "mine", home / "yours-2-of-3"], home / "ours")
    assert refused[0].exit_code == 2 and "another process is running into" in spoken(refused[0])


def test_what_is_no_file_is_refused(home):
    (home / "pipe").mkdir()
    os.mkfifo(home / "pipe" / "runs.db")
    (home / "pipe" / "lock").write_text("")
    refused = call("--remove", "pipe", "--yes")
    assert refused.exit_code == 2 and "is not a file" in spoken(refused)
    assert (home / "pipe" / "lock").is_file()


@pytest.mark.parametrize(("answer", "there"), [("y", False), ("n", True), ("", True)])
def test_it_asks(home, monkeypatch, answer, there):
    monkeypatch.setattr("bench.cli.results.asks", lambda: True)
    done = CliRunner().invoke(app, ["results", "--remove", "mine"], input=f"{answer}\n")
    assert "Remove results/mine: 3 runs, " in done.output and (home / "mine").exists() == there
    assert ("stays" in done.output) == there


@pytest.mark.parametrize(
    ("bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (45e3, "45 kB"),
        (3.21e6, "3.2 MB"),
        (1.44e9, "1.4 GB"),
        (999_999, "1.0 MB"),
    ],
)
def test_sizes(bytes, text):
    assert size(bytes) == text
