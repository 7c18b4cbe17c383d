"""Trajectories: many that are read at once are those that are read one by one."""

import io
import sqlite3

import numpy as np
import pyarrow as pa
import pytest

from bench.core.ledger import EVENT, QUESTIONS
from bench.results import stored
from bench.results.stored import Results
from bench.runner import trajectories
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.plan import plan
from bench.runner.single import RunRecord
from bench.runner.store import COLUMNS, checksum
from bench.runner.suite import make_suite
from bench.runner.trajectories import decode, encode, joined, table_of, unpacked, unpacked_together

pytestmark = pytest.mark.usefixtures("odd")


@pytest.fixture
def spec(odd):
    return plan(make_suite(["odd-bowl"], ["odd-walk"], budget=30, name="t", seeds=1))[0]


def record(spec, events, metrics=(), seed=0):
    rng = np.random.default_rng(seed)
    trajectory = rng.integers(0, 99, (events, len(QUESTIONS) + 3 + len(metrics))).astype(float)
    trajectory[:, len(QUESTIONS) :] = rng.normal(size=(events, 3 + len(metrics)))
    return RunRecord(spec, "budget", trajectory=trajectory, metrics=metrics, higher=metrics[:1])


def stream(*batches):
    """An Arrow stream of these batches, as Arrow writes it."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return pa.py_buffer(sink.getvalue())


@pytest.mark.parametrize("metrics", [(), ("accuracy", "loss")])
def test_what_is_stored_is_the_stream_that_arrow_writes(spec, metrics):
    blob, size = encode(record(spec, 20, metrics))
    plain = unpacked(blob, size)
    (batch,) = table_of(plain).to_batches()
    assert plain.equals(stream(batch))
    assert table_of(plain).column_names == [*EVENT, *metrics]


def test_many_are_unpacked_as_each_is(spec):
    packed = [encode(record(spec, events, seed=events)) for events in (1, 50, 2, 0, 7)]
    blobs, sizes = zip(*packed, strict=True)
    together = unpacked_together(blobs, sizes)
    assert together is not None
    assert all(a.equals(unpacked(*b)) for a, b in zip(together, packed, strict=True))


@pytest.mark.parametrize(
    ("blob", "more"), [(lambda blob: blob[:-1], 0), (lambda blob: b"\0\x11" + blob, 0), (lambda blob: blob, 8)]
)
def test_none_are_unpacked_together_where_any_is_damaged(spec, blob, more):
    first, second = (encode(record(spec, events)) for events in (5, 9))
    assert unpacked_together([first[0], blob(second[0])], [first[1], second[1] + more]) is None
    # of which the sum is right
    assert not more or unpacked_together([first[0], second[0]], [first[1] - more, second[1] + more]) is None


def test_nothing_and_too_much_are_not_unpacked_together(spec):
    blob, size = encode(record(spec, 5))
    assert unpacked_together([], []) is None
    assert unpacked_together([blob, blob], [size, 0]) is None
    assert unpacked_together([blob, blob], [size, 1 << 40]) is None


def test_joined_are_all_one_after_the_other_and_read_at_once(spec, monkeypatch):
    packed = [encode(record(spec, events, seed=events)) for events in (3, 0, 8)]
    read = []
    monkeypatch.setattr(trajectories, "table_of", lambda stream: read.append(stream) or table_of(stream))
    table, lengths = joined([unpacked(*each) for each in packed])
    assert lengths == [3, 0, 8]
    assert len(read) == 2  # the first, for its columns
    assert table.to_pydict() == pa.concat_tables([decode(*each) for each in packed]).to_pydict()


def test_joined_streams_may_be_of_several_batches_and_of_other_columns():
    few, many = pa.record_batch({"value": [1, 2], "f": [2.0, 1.0]}), pa.record_batch({"value": [3], "f": [0.5]})
    table, lengths = joined([stream(few, many), stream(many), stream(few)])
    assert lengths == [3, 1, 2]
    assert table["value"].to_pylist() == [1, 2, 3, 3, 1, 2]
    newer = pa.record_batch({"value": [4], "gradient": [5], "f": [0.1]})
    table, lengths = joined([stream(few), stream(newer)])
    assert lengths == [2, 1]
    assert table["gradient"].to_pylist() == [None, None, 5]


def test_the_events_of_one_run_are_never_those_of_another():
    """Where there are as many batches as runs, but not one of each."""
    few, many = pa.record_batch({"value": [1, 2], "f": [2.0, 1.0]}), pa.record_batch({"value": [3], "f": [0.5]})
    none = few.slice(0, 0)
    empty = pa.py_buffer(none.schema.serialize().to_pybytes() + trajectories.END)  # of no batch
    two, cut = stream(few, many), pa.py_buffer(stream(few).to_pybytes() + stream(many).to_pybytes())
    for streams, right in (
        ([empty, two], [0, 3]), ([two, empty], [3, 0]), ([stream(none), two, empty], [0, 3, 0]), ([cut, empty], [2, 0]),
        ([pa.py_buffer(stream(few, many)[:-8].to_pybytes() + trajectories.END * 2), stream(many)], [3, 1]),
    ):  # fmt: skip
        table, lengths = joined(streams)
        assert lengths == right
        assert table.to_pydict() == pa.concat_tables(map(table_of, streams)).to_pydict()


def test_a_damaged_run_among_others_costs_no_other(tmp_path, monkeypatch):
    suite = make_suite(["odd-bowl"], ["odd-walk", "odd-descent"], budget=30, name="t", seeds=5)
    run_suite(suite, tmp_path / "t", Launch(children=False))
    columns, chosen = ", ".join(f'"{name}"' for name in COLUMNS), "WHERE optimizer = 'odd-walk' AND seed = 2"
    with sqlite3.connect(tmp_path / "t" / "runs.db") as db:
        db.execute(f"UPDATE runs SET trajectory = x'00112233' {chosen}")
        row = db.execute(f"SELECT {columns} FROM runs {chosen}").fetchone()
        db.execute(f"UPDATE runs SET checksum = ? {chosen}", (checksum(row),))
    db.close()
    seen = []
    for together in (stored.TOGETHER, 1):  # in one go, and one by one
        monkeypatch.setattr(stored, "TOGETHER", together)
        results = Results(tmp_path / "t")
        assert len(results.damaged) == 1
        assert len(results.runs) == 9
        seen.append((results.runs, results.trajectories))
    assert all(one.equals(other) for one, other in zip(*seen, strict=True))


def test_damaged_runs_are_not_all_kept_until_the_last_is_read(monkeypatch):
    monkeypatch.setattr(stored, "TOGETHER", 100)
    read, most = 0, 0

    def rows():
        nonlocal read
        for _ in range(50):
            read += 1
            yield {"trajectory": bytes(60), "trajectory_bytes": 1}, False

    for done, _ in enumerate(stored._unpacked(rows())):
        most = max(most, read - done)
    assert (read, most) == (50, 2)
