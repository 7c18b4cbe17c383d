"""Stored runs whose code has changed since: set aside and done again, never served as results of the new code."""

import json
import sqlite3

import numpy as np
import pytest

from bench.core import registry
from bench.core.registry import OptimizerDefinition, find_optimizer
from bench.results.stored import Results
from bench.runner import campaign, stale
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch, Watcher
from bench.runner.store import FIRST_COLUMNS, SCHEMA, Store, checksum
from bench.runner.suite import make_suite

MORE = ("code", "state_bytes", "peak_memory", "failed_values")


class Listener(Watcher):
    def __init__(self):
        self.sentences = []

    def changed(self, sentence):
        self.sentences.append(sentence)


def walk_by(step):
    def walk(oracle):
        x = oracle.x0
        while True:
            x = x + step * oracle.rng.standard_normal(oracle.dim)
            oracle.value(x)

    return walk


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a walk of this step length into one folder: campaign, what was said, best values."""

    def run(step, **options):
        definition = find_optimizer("odd-walk")
        walk = OptimizerDefinition(**{**vars(definition), "function": walk_by(step), "parameters": {}})
        monkeypatch.setitem(registry.OPTIMIZERS, "odd-walk", walk)
        suite = make_suite(["odd-bowl"], ["odd-walk", "odd-descent"], budget=30, name="t", seeds=3)
        listener = Listener()
        done = run_suite(suite, tmp_path / "t", Launch(children=False, watcher=listener, **options))
        runs = Results(tmp_path / "t").runs
        return done, listener.sentences, list(runs[runs.optimizer == "odd-walk"].best)

    return run


def test_what_has_changed_is_run_again_and_the_rest_stays(run, tmp_path):
    _, said, old = run(0.5)
    assert said == []
    done, said, new = run(0.001)
    assert (done.there, done.added) == (3, 3)
    assert said == [
        "odd-walk has changed since 3 stored runs (0 s of work): run again; --stale keep serves the old ones"
    ]
    assert new != old
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        assert db.execute("SELECT count(*) FROM aside WHERE optimizer = 'odd-walk'").fetchone() == (3,)


def test_the_code_of_before_finds_its_runs_again(run):
    _, _, old = run(0.5)
    run(0.001)
    done, said, again = run(0.5)
    assert (done.there, done.added) == (6, 0)
    assert again == old
    (sentence,) = said  # the others are set aside in their turn
    assert sentence.endswith("those of its present code were stored too, and stand again")
    assert run(0.001)[0].added == 0


def test_stale_keep_serves_the_old_ones_and_says_so(run):
    _, _, old = run(0.5)
    done, said, kept = run(0.001, stale="keep")
    assert (done.added, kept) == (0, old)
    assert said == ["odd-walk has changed since 3 stored runs (0 s of work): they stay, as --stale keep says"]


def test_other_versions_of_libraries_are_said_and_run_again_on_request(run, monkeypatch):
    run(0.5)
    for module in (campaign, stale):
        monkeypatch.setattr(module, "libraries", lambda problem, optimizer: {"numpy": "99.0"})
    done, said, _ = run(0.5)
    assert done.added == 0
    since = f"numpy was {np.__version__} and is 99.0 since 6 stored runs (0 s of work): "
    assert said == [since + "they stay; --stale versions runs them again"]
    done, said, _ = run(0.5, stale="versions")
    assert (done.added, said) == (6, [since + "run again"])
    assert run(0.5)[1] == []


def test_stale_takes_two_words():
    with pytest.raises(ValueError, match=r"stale must be keep or versions, got 'all'"):
        Launch(stale="all")


def as_schema_1(path):
    """Make a file as an earlier version wrote it."""
    with sqlite3.connect(path) as db:
        names = ", ".join(FIRST_COLUMNS)
        for number, *row in db.execute(f"SELECT id, {names} FROM runs").fetchall():
            db.execute("UPDATE runs SET checksum = ? WHERE id = ?", (checksum(row), number))
        for name in MORE:
            db.execute(f"ALTER TABLE runs DROP COLUMN {name}")
        db.execute("DELETE FROM manifest WHERE key IN ('plan', 'entries')")
        db.execute("ALTER TABLE grids DROP COLUMN checksum")
        db.execute("ALTER TABLE manifest DROP COLUMN checksum")
        db.execute("DROP TABLE aside")
        db.execute("DROP TABLE code")
        db.execute("PRAGMA user_version = 1")


def test_a_file_of_schema_1_is_read_as_it_is_and_migrated_when_it_is_written(run, tmp_path):
    _, _, best = run(0.5)
    as_schema_1(tmp_path / "t" / "runs.db")
    results = Results(tmp_path / "t")
    assert results.damaged == []
    assert len(results.runs) == 6
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    done, said, again = run(0.001)  # nobody knows what code made them: they are served
    assert (done.there, done.added, said, again) == (6, 0, [], best)
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        db.execute("UPDATE runs SET best = best / 2 WHERE id = 1")
    assert len(Results(tmp_path / "t").damaged) == 1


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM plan WHERE position = 2", "the plan: its checksum does not hold"),
        ("DELETE FROM manifest WHERE key = 'plan'", "the manifest's plan: it is missing"),
        ("DELETE FROM manifest WHERE key = 'created'", "the manifest's created: it is missing"),
        ("UPDATE plan SET hash = CAST(hash AS BLOB) WHERE position = 2", "the plan: its checksum does not hold"),
        (
            "UPDATE manifest SET value = '\"x\"' WHERE key = 'created'",
            "the manifest's created: its checksum does not hold",
        ),
    ],
)
def test_damage_to_plan_and_manifest_is_said(run, tmp_path, statement, what):
    run(0.5)
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        db.execute(statement)
    assert Results(tmp_path / "t").damaged == [what]


def test_a_run_holds_the_versions_of_what_it_needs(run, tmp_path):
    run(0.5)
    store = Store(tmp_path / "t")
    rows = {row["optimizer"]: json.loads(row["versions"]) for row, _ in store.rows()}
    store.close()
    assert {"numpy", "python", "commit"} <= set(rows["odd-walk"])
    assert {
        json.loads(code or "{}").keys() >= {"optimizer", "problem"} for _, code, _, _ in Store(tmp_path / "t").made()
    } == {True}
