"""What is missing is said, what is damaged is one row, and no number changes in silence."""

import io
import sqlite3
from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.results.stored import Results
from bench.results.verify import JSON, verify
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.store import COLUMNS, Store, StoreError, checksum
from bench.runner.suite import make_suite


def again(folder, **how):
    suite = make_suite(["odd-bowl"], ["odd-walk", "odd-descent"], budget=30, name="t", seeds=3)
    return run_suite(suite, folder, Launch(children=False, pictures=True, **how))


@pytest.fixture
def folder(tmp_path):
    again(tmp_path / "t")
    return tmp_path / "t"


def change(folder, statement, *values):
    db = sqlite3.connect(folder / "runs.db")
    with db:
        db.execute(statement, values)
    db.close()


def test_runs_that_are_planned_and_not_there_are_said_and_done_again(folder):
    assert Results(folder).missing == []
    change(folder, "DELETE FROM runs WHERE seed = 1")
    results = Results(folder)
    assert results.missing == ["4 of 6 planned runs: nothing says why the others are not there."]
    assert str(results).startswith("4 of 6 planned runs")
    assert results.damaged == []
    assert again(folder).added == 2
    assert Results(folder).missing == []


@pytest.mark.parametrize("table", ["by_hash", "runs"])
def test_a_run_whose_hash_is_damaged_is_said_and_there_again_after_retry(folder, table):
    db = sqlite3.connect(folder / "runs.db")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ((hash,),) = db.execute("SELECT hash FROM runs WHERE id = 2").fetchall()
    pages = db.execute("SELECT pgoffset, pgsize FROM dbstat WHERE name = ?", (table,)).fetchall()
    db.close()
    content = bytearray((folder / "runs.db").read_bytes())
    for begin, size in pages:
        place = begin
        while (place := content.find(hash.encode(), place, begin + size)) >= 0:  # copies in free space, too
            content[place + 5] ^= 1
    (folder / "runs.db").write_bytes(content)
    results = Results(folder)  # SQLite answers with the hash that its index holds
    assert (len(results.runs), len(results.missing)) == ((5, 1) if table == "by_hash" else (6, 0))
    assert verify(folder).faults
    again(folder, retry=["damaged"])
    assert (Results(folder).missing, Results(folder).damaged) == ([], [])
    assert len(Results(folder).runs) == 6


@pytest.mark.parametrize("column", ["problem", "optimizer", "parameters", "status", "error", "counts", "key", "code"])
@pytest.mark.parametrize("bad", ["x'ff'", "CAST(x'c328' AS TEXT)", "NULL", "1.5"])
def test_a_bad_value_in_a_column_condemns_its_row(folder, column, bad):
    if bad == "NULL" and column != "code":
        bad = "-7"
    change(folder, f"UPDATE runs SET {column} = {bad} WHERE id = 2")
    results = Results(folder)
    assert len(results.damaged) == 1
    assert len(results.runs) == 5


@pytest.mark.parametrize("key", ["suite", "environment"])
def test_a_manifest_by_which_numbers_would_be_others_is_refused_and_written_anew(folder, key):
    change(folder, "UPDATE manifest SET value = replace(value, '1', '3') WHERE key = ?", key)
    with pytest.raises(StoreError, match=f"the manifest's {key}: its checksum does not hold.*the same command"):
        Results(folder)
    assert again(folder).added == 0
    assert Results(folder).damaged == []


def test_a_manifest_that_is_gone_is_refused_and_written_anew(folder):
    change(folder, "DELETE FROM manifest")
    with pytest.raises(StoreError, match="the manifest: it is missing"):
        Results(folder)
    assert again(folder).added == 0
    assert Results(folder).damaged == []


def test_a_plan_that_is_gone_is_named_and_written_anew(folder):
    change(folder, "DELETE FROM plan")
    assert Results(folder).damaged == ["the plan: its checksum does not hold"]
    assert again(folder).added == 0
    assert len(Results(folder).runs) == 6


def test_a_picture_that_is_not_as_it_was_written_is_named_left_out_and_drawn_anew(folder):
    change(folder, "UPDATE grids SET f = zeroblob(8 * 81 * 81)")
    results = Results(folder)
    assert results.damaged == ["the picture of odd-bowl: its checksum does not hold"]
    assert results.grids == []
    again(folder)
    assert Results(folder).damaged == []
    assert len(Results(folder).grids) == 1


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        ("SELECT 1", []),
        ("DELETE FROM runs WHERE id = 2", ["5 of 6 planned runs: nothing says why the others are not there."]),
        ("UPDATE runs SET best = 1.5 WHERE id = 2", ["RUN: its checksum does not hold"]),
        ("UPDATE plan SET position = position + 9 WHERE position = 1", ["the plan: its checksum does not hold"]),
        ("UPDATE manifest SET value = '2' WHERE key = 'suite'", ["the manifest's suite: its checksum does not hold"]),
        ("DELETE FROM grids", []),
        ("UPDATE grids SET low = '[0, 0]'", ["the picture of odd-bowl: its checksum does not hold"]),
    ],
)
def test_verify_says_what_is_wrong(folder, statement, faults):
    change(folder, statement)
    run = "odd-bowl, dim 2, instance 1, with odd-descent, seed 0"
    assert verify(folder).faults == [fault.replace("RUN", run) for fault in faults]


def stream(**columns):
    """A trajectory of these columns, as `encode` packs it, and its size."""
    sink = io.BytesIO()
    batch = pa.record_batch(columns)
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    plain = sink.getvalue()
    return pa.compress(plain, codec="zstd", asbytes=True), len(plain)


def no_text():
    """A column of text that is none, which only a look at each value tells."""
    offsets, data = pa.py_buffer(np.array([0, 2], "<i4").tobytes()), pa.py_buffer(b"\xff\xfe")
    return pa.StringArray.from_buffers(1, offsets, data)


EVENTS = dict.fromkeys(("value", "inside", "outside", "f"), pa.array([1.0]))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"trajectory": b"\x00\x11"}, "its trajectory cannot be read"),
        ({"trajectory_bytes": 7}, "its trajectory cannot be read"),
        (dict(zip(("trajectory", "trajectory_bytes"), stream(**EVENTS), strict=True)), ""),
        (
            dict(zip(("trajectory", "trajectory_bytes"), stream(**EVENTS, more=no_text()), strict=True)),
            "its trajectory cannot be read",
        ),
        (
            dict(zip(("trajectory", "trajectory_bytes"), stream(value=pa.array([1])), strict=True)),
            "its trajectory lacks f, inside, outside",
        ),
        ({"status": "glorious"}, "its status 'glorious' is none"),
        ({"best_x": b"1234567"}, "its best_x is cut short"),
        ({"points": b"1234567"}, "its points is cut short"),
        ({"key": "{}"}, "its hash is not that of its key"),
        *(({name: "{"}, f"its {name} cannot be read") for name in JSON if name != "key"),
    ],
)
def test_verify_reads_what_a_checksum_covers(folder, changes, fault):
    for column, value in changes.items():
        change(folder, f"UPDATE runs SET {column} = ? WHERE id = 2", value)
    seal(folder, "runs")
    verified = verify(folder)
    assert [fault in text for text in verified.faults] == [True] * bool(fault)
    assert str(verified).endswith(f"6 of 6 planned runs: {'1 fault' if fault else 'all as written'}.")


@pytest.mark.parametrize(
    "changes",
    [
        {"trajectory": "text"}, {"trajectory": 5}, {"trajectory": None}, {"trajectory": b""}, {"points": 1.5},
        {"trajectory_bytes": "text"}, {"trajectory_bytes": 1.5}, {"key": b"{}"}, {"counts": b"{}"}, {"rows": "text"},
        {"dim": "text"}, {"versions": b"{}"}, {"best": "text"}, {"best_x": 5}, {"counts": "[]"},
        dict(zip(("scored", "trajectory", "trajectory_bytes"), (1, *stream(accuracy=pa.array([], "f8"))), strict=True)),
    ],
)  # fmt: skip
def test_a_run_of_other_types_than_its_columns_is_one_damaged_run(folder, changes):
    for column, value in changes.items():
        change(folder, f"UPDATE runs SET {column} = ? WHERE id = 2", value)
    seal(folder, "runs")
    results = Results(folder)
    assert len(results.damaged) == 1
    assert (len(results.runs), results.trajectories.run.nunique()) == (5, 5)
    verify(folder)
    again(folder, retry=["damaged"])


def seal(folder, table):
    """Give a run a checksum that holds, after it was changed."""
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    db = sqlite3.connect(folder / "runs.db")
    row = db.execute(f"SELECT {names} FROM {table} WHERE id = 2").fetchone()
    db.close()
    change(folder, f"UPDATE {table} SET checksum = ? WHERE id = 2", checksum(row))


def test_verify_sees_what_was_put_aside(folder):
    with closing(Store(folder, create=True)) as store:
        store.put_aside(store.planned()[:1])
    assert len(verify(folder).faults) == 1  # it is planned, and not there
    change(folder, "UPDATE aside SET best = 1.5")
    run = "odd-bowl, dim 2, instance 1, with odd-walk, seed 0, of no report: its checksum does not hold"
    assert verify(folder).faults[1:] == [run]


def test_verify_sees_what_sqlite_finds(folder):
    """An index that lacks what its table has."""
    change(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    db = sqlite3.connect(folder / "runs.db")
    ((page, size),) = db.execute("SELECT pgoffset, pgsize FROM dbstat WHERE name = 'by_names'").fetchall()
    db.close()
    content = bytearray((folder / "runs.db").read_bytes())
    content[page : page + size] = content[page : page + size].replace(b"odd-walk", b"odd-talk")
    (folder / "runs.db").write_bytes(content)
    faults = verify(folder).faults
    assert faults and all(fault.startswith("the file: ") for fault in faults)


@pytest.mark.parametrize("sound", [True, False])
def test_verify_ends_with_1_where_something_is_wrong(folder, sound):
    if not sound:
        change(folder, "UPDATE runs SET best = 1.5 WHERE id = 2")
    done = CliRunner().invoke(app, ["verify", str(folder)])
    assert done.exit_code == (not sound)
    assert ("its checksum does not hold" in done.output + done.stderr) == (not sound)


def test_verify_sees_runs_of_earlier_plans(folder):
    suite = make_suite(["odd-bowl"], ["odd-walk"], budget=30, name="t", seeds=1)
    run_suite(suite, folder, Launch(children=False, pictures=True))
    assert str(verify(folder)) == "t: 1 of 1 planned run, 5 runs beside: all as written."
    change(folder, "UPDATE runs SET best = 1.5 WHERE seed = 2 AND optimizer = 'odd-walk'")
    assert verify(folder).faults == [
        "odd-bowl, dim 2, instance 1, with odd-walk, seed 2, of no report: its checksum does not hold"
    ]
