"""The store: what is written comes back, bit for bit, or is named as damaged."""

import hashlib
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime

import numpy as np
import pytest

from bench.results.stored import Results
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.plan import plan
from bench.runner.single import RunRecord
from bench.runner.store import COLUMNS, SCHEMA, Store, StoreError, checksum
from bench.runner.suite import make_suite
from bench.runner.trajectories import decode, encode


def run(folder, optimizers=("odd-walk", "odd-descent"), **options):
    suite = make_suite(["odd-bowl"], list(optimizers), **{"budget": 30, "name": "t", "seeds": 3, **options})
    return run_suite(suite, folder, Launch(children=False))


def test_every_planned_run_has_a_row_and_a_second_time_adds_nothing(tmp_path):
    first = run(tmp_path / "t", ("odd-walk", "odd-descent", "odd-crash"))
    assert (first.planned, first.there, first.added) == (9, 0, 9)
    again = run(tmp_path / "t", ("odd-walk", "odd-descent", "odd-crash"))
    assert (again.planned, again.there, again.added, again.changed) == (9, 9, 0, False)
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        assert db.execute("SELECT count(*), count(DISTINCT hash) FROM runs").fetchone() == (9, 9)
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def test_what_is_committed_is_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", sqlite3.connect.func)  # not that of all tests, which does not wait for it
    with closing(Store(tmp_path / "t", create=True)) as store:
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_more_seeds_are_added_to_what_is_there(tmp_path):
    run(tmp_path / "t", seeds=2)
    before = {row["hash"]: row["trajectory"] for row, _ in Store(tmp_path / "t").rows()}
    more = run(tmp_path / "t", seeds=4)
    assert (more.there, more.added, more.changed) == (4, 4, True)
    after = {row["hash"]: row["trajectory"] for row, _ in Store(tmp_path / "t").rows()}
    assert before.items() <= after.items()
    fewer = run(tmp_path / "t", seeds=1)
    assert fewer.added == 0
    assert len(Results(tmp_path / "t").runs) == 2  # the results are those of the last plan; the others stay stored
    assert len(Store(tmp_path / "t").hashes()) == 8


def test_the_manifest_names_the_commit_at_which_runs_were_added(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    (tmp_path / "a").write_text("1")
    for command in (["init", "-q"], ["add", "a"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    run(tmp_path / "t", seeds=2)
    first = Results(tmp_path / "t").manifest
    assert first["repository"] == {"commit": head, "time": first["repository"]["time"], "dirty": False}
    assert datetime.fromisoformat(first["repository"]["time"]) <= datetime.fromisoformat(first["updated"])
    (tmp_path / "a").write_text("2")
    run(tmp_path / "t", seeds=2)  # adds nothing: those runs are of the commit before
    assert not Results(tmp_path / "t").manifest["repository"]["dirty"]
    run(tmp_path / "t", seeds=3)
    assert Results(tmp_path / "t").manifest["repository"] == {**first["repository"], "dirty": True}
    assert Store(tmp_path / "t").damage() == []


def test_trajectory_comes_back_as_it_was(tmp_path):
    run(tmp_path / "t", ["odd-walk"])
    frame = Results(tmp_path / "t").trajectories
    first = frame[frame.run == 0]
    assert first.iloc[0][["value", "gradient", "hessian_vector", "jacobian", "vjp", "inside", "outside"]].eq(0).all()
    assert first.f.is_monotonic_decreasing
    assert first.value.is_monotonic_increasing
    assert first.value.dtype == np.int64


def test_nan_and_infinity_survive():
    (spec,) = plan(make_suite(["odd-bowl"], ["odd-walk"], budget=30, name="t", seeds=1))
    trajectory = np.array(
        [[0, 0, 0, 0, 0, 0.0, 0.0, np.nan], [1, 0, 0, 0, 0, 0.1, 0.2, np.inf], [2, 0, 0, 0, 0, 0.1, 0.2, -1.5]]
    )
    table = decode(*encode(RunRecord(spec, "budget", trajectory=trajectory)))
    np.testing.assert_array_equal(table["f"].to_numpy(), trajectory[:, -1])


def test_the_checksum_goes_over_values_types_and_lengths():
    spelled = b"str:4:'\xc3\xa9'int:1:1float:3:1.0NoneType:4:Nonebytes:2:ab"
    assert checksum(("é", 1, 1.0, None, b"ab")) == hashlib.sha256(spelled).hexdigest()


def test_one_flipped_bit_anywhere_is_found(tmp_path):
    run(tmp_path / "t", seeds=1)
    path = tmp_path / "t" / "runs.db"
    rng = np.random.default_rng(0)
    with sqlite3.connect(path) as db:
        (blob,) = db.execute("SELECT trajectory FROM runs WHERE optimizer = 'odd-walk'").fetchone()
    for bit in rng.choice(8 * len(blob), 50, replace=False):
        bad = bytearray(blob)
        bad[bit // 8] ^= 1 << (bit % 8)
        with sqlite3.connect(path) as db:
            db.execute("UPDATE runs SET trajectory = ? WHERE optimizer = 'odd-walk'", (bytes(bad),))
        results = Results(tmp_path / "t")
        assert results.damaged == ["odd-bowl, dim 2, instance 1, with odd-walk, seed 0: its checksum does not hold"]
        assert list(results.runs.optimizer) == ["odd-descent"]
    with sqlite3.connect(path) as db:
        db.execute("UPDATE runs SET trajectory = ?, best = best / 2 WHERE optimizer = 'odd-walk'", (blob,))
    assert len(Results(tmp_path / "t").damaged) == 1
    db.close()


def test_a_trajectory_that_cannot_be_read_is_damage_even_under_a_checksum_that_holds(tmp_path):
    suite = make_suite(["odd-bowl"], ["odd-walk", "odd-descent"], budget=30, name="t", seeds=1)
    run_suite(suite, tmp_path / "t", Launch(children=False))
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        db.execute("UPDATE runs SET trajectory = x'00112233' WHERE optimizer = 'odd-walk'")
        row = db.execute(f"SELECT {columns} FROM runs WHERE optimizer = 'odd-walk'").fetchone()
        db.execute("UPDATE runs SET checksum = ? WHERE optimizer = 'odd-walk'", (checksum(row),))
    db.close()
    results = Results(tmp_path / "t")
    assert [one.partition(":")[0] for one in results.damaged] == ["odd-bowl, dim 2, instance 1, with odd-walk, seed 0"]
    assert list(results.runs.optimizer) == ["odd-descent"]
    assert run_suite(suite, tmp_path / "t", Launch(children=False, retry=["damaged"])).added == 1
    assert not Results(tmp_path / "t").damaged


def test_damaged_runs_are_done_again(tmp_path):
    suite = make_suite(["odd-bowl"], ["odd-walk", "odd-descent"], budget=30, name="t", seeds=2)
    run_suite(suite, tmp_path / "t", Launch(children=False))
    whole = Results(tmp_path / "t").runs
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        db.execute("UPDATE runs SET best = -1 WHERE optimizer = 'odd-walk' AND seed = 1")
    db.close()
    assert run_suite(suite, tmp_path / "t", Launch(children=False)).added == 0
    assert len(Results(tmp_path / "t").damaged) == 1
    assert run_suite(suite, tmp_path / "t", Launch(children=False, retry=["damaged"])).added == 1
    mended = Results(tmp_path / "t")
    assert not mended.damaged
    assert mended.runs.best.tolist() == whole.best.tolist()


def test_sizes_are_capped():
    with pytest.raises(ValueError, match=r"larger than"):
        decode(b"x", 1 << 40)


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    run(tmp_path / "t", seeds=1)
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    db.close()
    before = (tmp_path / "t" / "runs.db").read_bytes()
    with pytest.raises(StoreError, match=f"schema version {SCHEMA + 1}, written by a newer fogbench"):
        run(tmp_path / "t", seeds=1)
    assert (tmp_path / "t" / "runs.db").read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"this is no database, but longer than its header of a hundred bytes " * 3, b"\0" * 5000]
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "t" / "runs.db"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"not a readable database"):
        run(tmp_path / "t")
    assert path.read_bytes() == content


def test_another_sqlite_file_is_refused(tmp_path):
    path = tmp_path / "t" / "runs.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE birds (name TEXT)")
    db.close()
    with pytest.raises(StoreError, match=r"SQLite file of something else"):
        run(tmp_path / "t")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere holds no results"):
        Results(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_fresh_sets_the_earlier_file_aside(tmp_path):
    run(tmp_path / "t", seeds=1)
    suite = make_suite(["odd-bowl"], ["odd-walk"], budget=30, name="t", seeds=1)
    campaign = run_suite(suite, tmp_path / "t", Launch(children=False, fresh=True))
    assert campaign.added == 1
    assert len(list((tmp_path / "t").glob("runs-*.db"))) == 1


def test_only_what_a_second_try_could_change_is_retried(tmp_path):
    suite = make_suite(["odd-bowl"], ["odd-crash", "odd-walk"], budget=30, name="t", seeds=2)
    run_suite(suite, tmp_path / "t", Launch(children=False))
    again = run_suite(suite, tmp_path / "t", Launch(children=False, retry=["crashed"]))
    assert (again.there, again.added, dict(again.statuses)) == (2, 2, {"crashed": 2})
    with pytest.raises(ValueError, match=r"retry takes crashed, killed, damaged, got 'budget'"):
        run_suite(suite, tmp_path / "t", Launch(children=False, retry=["budget"]))


def test_a_two_dimensional_problem_keeps_its_picture(tmp_path):
    suite = make_suite(["odd-bowl"], ["odd-walk"], budget=30, name="t", seeds=1)
    run_suite(suite, tmp_path / "t", Launch(workers=1, imports=["odd_methods"], preload=()))
    results = Results(tmp_path / "t")
    (grid,) = results.grids
    assert (grid["low"], grid["high"], grid["f"].shape) == ([-5, -5], [5, 5], (81, 81))
    assert grid["f"][0, 40] == 25.0  # at x = 0, y = -5
    assert results.points(0).shape == (30, 2)


def test_damage_behind_the_header_is_named(tmp_path):
    run(tmp_path / "t")
    path = tmp_path / "t" / "runs.db"
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"not a readable database"):
        Results(tmp_path / "t")
    with pytest.raises(StoreError, match=r"not a readable database"):
        run(tmp_path / "t")


def test_reading_writes_nothing(tmp_path):
    path = tmp_path / "t" / "runs.db"
    path.parent.mkdir()
    path.touch()
    with pytest.raises(StoreError, match=r"is empty"):
        Results(tmp_path / "t")
    assert path.stat().st_size == 0
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match=r"is not a file"):
        Results(tmp_path / "t")


def test_a_folder_has_one_writer_and_a_locked_file_is_not_called_damaged(tmp_path, monkeypatch):
    from bench.runner.campaign import alone_in

    run(tmp_path / "t")
    with alone_in(tmp_path / "t"), pytest.raises(StoreError, match=r"another process is running into"):
        run(tmp_path / "t")
    monkeypatch.setattr("bench.runner.store.PATIENCE", 0.1)
    with sqlite3.connect(tmp_path / "t" / "runs.db") as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"is in use by another process"):
            run(tmp_path / "t", seeds=5)
    other.close()


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "t").write_text("no folder")
    with pytest.raises(StoreError, match=r"is a file, where the folder of the results should be"):
        run(tmp_path / "t")


def test_a_skip_for_want_of_a_library_is_tried_again_when_it_is_there(tmp_path, monkeypatch):
    from dataclasses import replace

    from bench.core import registry

    walk = registry.find_optimizer("odd-walk")
    monkeypatch.setitem(registry.OPTIMIZERS, "odd-walk", replace(walk, needs=("a_module_that_is_not_there",)))
    first = run(tmp_path / "t", ["odd-walk"])
    assert dict(first.statuses) == {"skipped": 3}
    assert run(tmp_path / "t", ["odd-walk"]).added == 0
    monkeypatch.setitem(registry.OPTIMIZERS, "odd-walk", walk)
    assert dict(run(tmp_path / "t", ["odd-walk"]).statuses) == {"budget": 3}


def test_results_from_before_a_kind_of_question_was_known_can_be_read(tmp_path):
    run(tmp_path / "t", ["odd-descent"], seeds=1)
    store = Store(tmp_path / "t", create=True)
    manifest = store.manifest()
    del manifest["suite"]["prices"]["jacobian"]
    store.note({"suite": manifest["suite"]})
    store.close()
    results = Results(tmp_path / "t")
    assert results.runs.cost.tolist() == [30.0]
    assert results.runs.jacobian.tolist() == [0]


def test_trajectories_come_in_the_order_asked_for_and_a_run_that_is_gone_is_said(tmp_path):
    run(tmp_path / "t", ["odd-walk"], seeds=3)
    with closing(Store(tmp_path / "t")) as store:
        blobs = {row["hash"]: row["trajectory"] for row, _ in store.rows()}
        last, *_, first = blobs
        assert store.trajectories([first, last]) == [blobs[first], blobs[last]]
        with pytest.raises(StoreError, match="has changed since it was read"):
            store.trajectories([first, "0" * 64])
