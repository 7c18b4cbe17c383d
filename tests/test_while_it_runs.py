"""A suite that another process runs: `watch`, a report that says so, and a page that renews itself."""

import io
import re
import shutil
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

import bench
import bench.cli.watch as command
from bench import api
from bench.cli import app
from bench.results.stored import Results
from bench.results.underway import Underway
from bench.results.verify import verify
from bench.runner.alone import alone_in, running_in
from bench.runner.campaign import set_aside
from bench.runner.store import Store

REFRESH = '<meta http-equiv="refresh"'


@pytest.fixture(scope="module")
def original(tmp_path_factory, odd):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        how = {"problems": ["odd-bowl", "rosenbrock"], "optimizers": ["scipy-bfgs", "odd-crash", "random-search"]}
        bench.run(**how, budget=30, seeds=5, name="t", report=False, workers=1, imports=["odd_methods"])
    return home


class Runner:
    """One that has the lock of results/t, and stores the rest of its runs bit by bit."""

    def __init__(self, folder, there):
        self.folder = folder
        with closing(Store(folder)) as store:
            rows = [row for row, _ in store.rows()]
        self.rest = rows[there:]
        with closing(sqlite3.connect(folder / "runs.db")) as db, db:
            for row in self.rest:
                db.execute("DELETE FROM runs WHERE hash = ?", (row["hash"],))
        self._lock = ExitStack()
        self._lock.enter_context(alone_in(folder))

    def store(self, runs):
        with closing(Store(self.folder, create=True)) as store:
            for row in self.rest[:runs]:
                store.copy(row)
        self.rest = self.rest[runs:]

    def end(self):
        self._lock.close()


@pytest.fixture
def runner(original, tmp_path, monkeypatch):
    shutil.copytree(original, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    runner = Runner(Path("results/t"), 12)
    yield runner
    runner.end()


def call(*words):
    return CliRunner().invoke(app, [*words, "--import", "odd_methods"])


def sleeps(monkeypatch, module, each):
    """Something happens whenever a command sleeps."""
    steps = iter(each)
    monkeypatch.setattr(module, "sleep", lambda seconds: next(steps)())


def test_a_lock_is_looked_at_and_not_taken(runner):
    folder = runner.folder
    assert running_in(folder) and not running_in(folder.parent)
    runner.end()
    assert not running_in(folder)
    with alone_in(folder):
        assert running_in(folder)
    with (folder / "lock").open() as file:  # a look from outside, at the moment at which a runner begins
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH)
        import threading

        threading.Timer(0.08, lambda: fcntl.flock(file, fcntl.LOCK_UN)).start()
        with alone_in(folder):
            pass


def test_a_report_says_that_the_suite_runs_and_is_no_trouble(runner):
    results = Results(runner.folder)
    assert (results.running, results.missing, results.notes) == (True, [], ["Running: 12 of 30 so far."])
    assert str(results).startswith("Running: 12 of 30 so far.")
    done = call("report", "t", "--no-figures")
    assert done.exit_code == 0 and done.output.startswith("Running: 12 of 30 so far.")
    page = Path("reports/t/index.html").read_text()
    assert "Running: 12 of 30 so far." in page and REFRESH not in page
    checked = verify(runner.folder)
    assert (str(checked), checked.faults) == ("t: 12 of 30 planned runs, and it is running: all as written.", [])
    exported = call("export", "t", "--to", "csv")
    assert exported.exit_code == 0 and exported.output.startswith("Running: 12 of 30 so far.")
    runner.end()
    lost = call("report", "t", "--no-figures")
    assert lost.exit_code == 1 and lost.output.startswith("Missing: 12 of 30 planned runs")
    assert "Running" not in Path("reports/t/index.html").read_text()


def test_a_page_renews_itself_until_all_runs_are_there(runner, monkeypatch):
    pages = []

    def step(runs):
        pages.append(Path("reports/t/index.html").read_text())
        runner.store(runs)

    sleeps(monkeypatch, time, [lambda: step(8), lambda: step(10)])
    done = call("report", "t", "--every", "0.2s", "--no-figures")
    assert done.exit_code == 0, done.output
    assert [line.partition(" Report")[0] for line in done.output.splitlines()] == [
        "Running: 12 of 30 so far.", "Running: 20 of 30 so far.", "Report: reports/t/index.html",
    ]  # fmt: skip
    for page in pages:
        assert re.search(f'{REFRESH} content="1">', page), "whole seconds, and never 0"
        assert page.index(REFRESH) < page.index("<body>") and "://" not in re.findall(r"<meta[^>]*>", page)[2]
    last = Path("reports/t/index.html").read_text()
    assert REFRESH not in last and "Running" not in last


def test_before_the_first_run_there_is_no_page_yet(runner, monkeypatch):
    runner.rest = runner.rest[:0]
    with closing(Store(runner.folder)) as store:
        rows = [row for row, _ in store.rows()]
    with closing(sqlite3.connect(runner.folder / "runs.db")) as db, db:
        db.execute("DELETE FROM runs")
    done = call("report", "t", "--no-figures")
    assert done.exit_code == 2 and "t has no run yet that can be reported: Running: 0 of 30 so far." in done.output

    def step():
        runner.rest = rows
        runner.store(12)
        runner.end()

    sleeps(monkeypatch, time, [step])
    done = call("report", "t", "--every", "99999999999999999999", "--no-figures")
    assert done.output.splitlines()[0] == "Running: 0 of 30 so far." and "Missing: 12 of 30" in done.output
    assert done.exit_code == 1 and Path("reports/t/index.html").is_file()


@pytest.mark.parametrize("kind", ["none", "empty", "no table"])
def test_a_suite_that_begins_anew_is_waited_for(runner, monkeypatch, kind):
    """As by `run --fresh`, which gives the earlier file another name."""
    database = runner.folder / "runs.db"

    def aside():
        set_aside(runner.folder)
        if kind != "none":
            database.touch()
        if kind == "no table":
            with closing(sqlite3.connect(database)) as db:
                db.execute("PRAGMA journal_mode=WAL")
        assert str(Underway(runner.folder).look().ended) == "0"

    def anew():
        (earlier,) = runner.folder.glob("runs-*.db")
        shutil.copy(earlier, database)
        runner.store(18)

    sleeps(monkeypatch, time, [aside, anew])
    done = call("report", "t", "--every", "0.2s", "--no-figures")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "Running: 12 of 30 so far. Report: reports/t/index.html", "Report: reports/t/index.html"
    ]  # fmt: skip


def test_a_suite_that_begins_anew_while_its_page_is_written_is_read_again(runner, monkeypatch):
    """What large results do not hold in memory is read when it is used."""
    write = api.write_report

    def anew_meanwhile(*words, **options):
        monkeypatch.setattr(api, "write_report", write)
        with closing(sqlite3.connect(runner.folder / "runs.db")) as db, db:
            db.execute("DELETE FROM runs")
        return write(*words, **options)

    monkeypatch.setattr("bench.results.stored.HELD", 0)
    monkeypatch.setattr(api, "write_report", anew_meanwhile)
    sleeps(monkeypatch, time, [lambda: runner.store(12), runner.end])
    done = call("report", "t", "--every", "0.2s", "--no-figures")
    assert [line.partition(" Report")[0] for line in done.output.splitlines()[:2]] == [
        "Running: 12 of 30 so far.", "Running: 12 of 30 so far.",
    ]  # fmt: skip
    assert "Missing: 12 of 30" in done.output and Path("reports/t/index.html").is_file()


def test_a_merged_folder_that_lacks_a_shard_is_not_done(runner):
    runner.end()
    for number in (1, 2):
        how = {"problems": ["odd-bowl"], "optimizers": ["scipy-bfgs", "random-search"], "budget": 5, "seeds": 2}
        bench.run(**how, name="u", report=False, workers=1, imports=["odd_methods"], shard=f"{number}/3")
    bench.merge(["u-1-of-3", "u-2-of-3"], "u")
    done = call("watch", "u")
    assert done.exit_code == 1, done.output
    assert "u: 2 of 4 planned runs: shard 3 of 3 is not here." in done.output


def test_a_shard_whose_manifest_is_damaged_is_not_done(runner):
    how = {"problems": ["odd-bowl"], "optimizers": ["random-search"], "budget": 30, "seeds": 2}
    bench.run(**how, name="u", report=False, workers=1, imports=["odd_methods"], shard="1/2")
    with closing(sqlite3.connect("results/u-1-of-2/runs.db")) as database, database:
        database.execute("UPDATE manifest SET value = replace(value, '2', '1') WHERE key = 'shard'")
    done = call("watch", "u-1-of-2")
    assert done.exit_code == 2
    assert "u-1-of-2 is damaged: the manifest's shard: its checksum does not hold." in " ".join(done.output.split())


def test_who_stops_renewing_leaves_a_page_that_stays(runner, monkeypatch):
    def stop():
        assert REFRESH in Path("reports/t/index.html").read_text()
        raise KeyboardInterrupt

    sleeps(monkeypatch, time, [stop])
    done = call("report", "t", "--every", "30", "--no-figures")
    assert done.exit_code == 130 and "the page stays as it is" in done.output
    page = Path("reports/t/index.html").read_text()
    assert REFRESH not in page and page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")


def test_a_runner_that_dies_ends_the_renewal(runner, monkeypatch):
    sleeps(monkeypatch, time, [runner.end])
    done = call("report", "t", "--every", "30", "--no-figures")
    assert done.exit_code == 1 and "Missing: 12 of 30 planned runs" in done.output
    assert REFRESH not in Path("reports/t/index.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--every", "soon"], "every must be seconds"), (["--every", "9", "--figure", "ecdf"], "exclude each other")],
)
def test_mistakes_of_every_are_sentences(runner, words, message):
    done = call("report", "t", *words)
    assert done.exit_code == 2 and message in " ".join(done.output.split())


def test_progress_is_that_of_the_stored_runs(runner):
    underway = Underway(runner.folder)
    first = underway.look()
    assert (first.running, first.planned, first.ended, first.done) == (True, 30, 12, False)
    runner.store(10)
    second = underway.look()
    assert (second.ended, second.failed) == (22, sum(line.failed for line in second.optimizers))
    assert second.left > 0 and second.seconds > 0
    runner.store(8)
    runner.end()
    last = underway.look()
    assert last.done and not last.running
    lines = {line.name: (line.planned, line.ended, line.failed) for line in last.optimizers}
    assert lines == {"scipy-bfgs": (10, 10, 0), "odd-crash": (10, 10, 10), "random-search": (10, 10, 0)}
    assert {line.name: (line.planned, line.ended) for line in last.problems} == {
        "odd-bowl": (15, 15),
        "rosenbrock": (15, 15),
    }
    runs = Results(runner.folder).runs
    for line in last.problems:
        of_problem = runs[runs.problem == line.name]
        assert line.best == of_problem.best.min()
        assert line.by == of_problem.optimizer[of_problem.best.idxmin()]
    assert last.failed == 10 and len(last.failures) == 3 and "with odd-crash, seed 4: crashed" in last.failures[-1]


def test_a_look_reads_what_is_new_and_anew_where_a_suite_begins_again(runner, monkeypatch):
    underway = Underway(runner.folder)
    assert underway.look().ended == 12
    taken = []
    new_runs = Store.new_runs
    monkeypatch.setattr(
        Store, "new_runs", lambda self, last: [taken.append(row) or row for row in new_runs(self, last)]
    )
    runner.store(5)
    assert underway.look().ended == 17 and len(taken) == 5
    with closing(Store(runner.folder, create=True)) as store:
        store.forget(["crashed"])
        store.note({"updated": "2026-11-27T00:00:00+00:00"})
    assert underway.look().ended == len(Results(runner.folder).runs)


def test_watch_prints_a_line_every_few_per_cent_and_ends_with_the_suite(runner, monkeypatch):
    sleeps(monkeypatch, command.time, [lambda: runner.store(0), lambda: runner.store(9), lambda: runner.store(9)])
    done = call("watch", "t")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert re.match(r"12 of 30 runs \(40 %\)", lines[0]) and re.match(r"21 of 30 runs \(70 %\)", lines[1])
    assert sum(" of 30 runs (" in line for line in lines) == 2, "no line where nothing has changed"
    assert lines[-1] == "t is done: 30 of 30 runs, 10 failed."
    assert sum(line.startswith("Failed: ") for line in lines) == 3


def test_watch_says_where_nobody_runs_and_stops_on_ctrl_c(runner, monkeypatch):
    def stop():
        raise KeyboardInterrupt

    sleeps(monkeypatch, command.time, [stop])
    done = call("watch", "t")
    assert done.exit_code == 130 and "Stopped watching: the runs go on." in done.output
    assert running_in(runner.folder)
    runner.end()
    idle = call("watch", "t")
    assert idle.exit_code == 1 and "t: 12 of 30 runs" in idle.output and "Nobody runs it" in idle.output
    nowhere = call("watch", "nowhere")
    assert nowhere.exit_code == 2 and "holds no results" in " ".join(nowhere.output.split())


def test_watch_waits_for_a_suite_that_begins(tmp_path):
    (tmp_path / "new").mkdir()
    with alone_in(tmp_path / "new"):
        progress = Underway(tmp_path / "new").look()
        assert progress.running and not progress.done and progress.planned == 0
        with closing(Store(tmp_path / "new", create=True)):
            assert not Underway(tmp_path / "new").look().done


@pytest.mark.parametrize("height", [14, 40])
@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_it_all_as_far_as_it_is_high(runner, width, height):
    runner.store(10)
    progress = Underway(runner.folder).look()
    progress.failures = ["\x1b[2Jodd [red]"]
    progress.problems *= 30
    text = io.StringIO()
    Console(file=text, width=width, force_terminal=False).print(command.view(progress, width, height))
    lines = text.getvalue().splitlines()
    assert len(lines) <= height and lines[0].startswith("t: 22 of 30 runs (73 %)")
    for part in ("scipy-bfgs", "rosenbrock", "best f", "more", "Failed: ", "[red]"):
        assert part in text.getvalue(), part
