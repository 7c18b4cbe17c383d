"""How the events of a run are stored: an Arrow stream of one batch, compressed by zstd.

What takes time is not the numbers, but to begin and end a stream, and what zstd sets up: many are read as one.
Frames of zstd may follow one another (RFC 8878, section 3), and so may the batches of an Arrow stream of one schema.
"""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from bench.core.ledger import EVENT, QUESTIONS
from bench.runner.single import RunRecord

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 1 << 28  # bytes of one trajectory, uncompressed: more is taken for damage
ACCURACIES = ("test_accuracy", "train_accuracy")
HIGHER = "higher"  # in the schema of a trajectory: the metrics of which more is better
# what each message of an Arrow stream begins with, and what ends it: a message without a length
MARK = b"\xff\xff\xff\xff"
END = MARK + bytes(4)


def encode(record: RunRecord) -> tuple[bytes, int]:
    """The trajectory as it is stored, and its size before it was compressed."""
    import pyarrow as pa

    schema, header = _schema(record.metrics, record.higher)
    length, columns, types = len(record.trajectory), [], schema.types
    for at, column in enumerate(record.trajectory.T):
        buffer = pa.py_buffer(np.ascontiguousarray(column, dtype="<i8" if at < len(QUESTIONS) else "<f8"))
        columns.append(pa.Array.from_buffers(types[at], length, [None, buffer]))  # pa.array imports pandas
    batch = pa.RecordBatch.from_arrays(columns, schema=schema)
    plain = b"".join((header, batch.serialize(), END))
    return pa.compress(plain, codec="zstd", asbytes=True), len(plain)


@cache
def _schema(metrics: tuple[str, ...], higher: tuple[str, ...]) -> tuple["pa.Schema", bytes]:
    """Of a trajectory with these metrics, of which more is better of these; and how its stream begins."""
    import pyarrow as pa

    fields = [(name, pa.int64() if name in QUESTIONS else pa.float64()) for name in (*EVENT, *metrics)]
    schema = pa.schema(fields, metadata={HIGHER: ",".join(higher)} if higher else None)
    return schema, bytes(schema.serialize())


def decode(blob: bytes, size: int) -> "pa.Table":
    """The trajectory that `encode` wrote; raises ValueError or OSError where it is damaged or too large."""
    return table_of(unpacked(blob, size))


def table_of(stream: "pa.Buffer") -> "pa.Table":
    """The trajectory in an Arrow stream that is `unpacked`."""
    import pyarrow as pa

    return pa.ipc.open_stream(stream).read_all()


def joined(streams: Sequence["pa.Buffer"]) -> tuple["pa.Table", list[int]]:
    """The trajectories in these streams, which are `unpacked`, one after the other; and the events of each. A column
    that one of them lacks is null there."""
    import pyarrow as pa

    first = table_of(streams[0])
    header = bytes(first.schema.serialize())
    begin, views = len(header), [memoryview(stream).cast("B") for stream in streams]
    if all(view[:begin] == header and view[-len(END) :] == END for view in views):
        table = table_of(pa.py_buffer(b"".join([header, *(view[begin : -len(END)] for view in views), END])))
        lengths = [len(chunk) for chunk in table.column(0).iterchunks()]
        # that the sum is right is not enough: one may be of two batches, and another of none
        if len(lengths) == len(streams) and all(_of_one_batch(stream, begin) for stream in streams):
            return table, lengths
    tables = [first, *map(table_of, streams[1:])]
    alike = all(table.schema == first.schema for table in tables)
    return pa.concat_tables(tables, promote_options="none" if alike else "default"), list(map(len, tables))


def _of_one_batch(stream: "pa.Buffer", begin: int) -> bool:
    """Whether a stream, whose schema ends at this byte, has one batch after it and nothing else."""
    import pyarrow as pa

    try:
        message = pa.ipc.read_message(stream[begin:])
    except (ValueError, OSError, EOFError):
        return False
    return begin + len(END) + message.metadata.size + message.body.size + len(END) == stream.size


def higher_of(table: "pa.Table") -> frozenset[str]:
    """The metrics of a trajectory of which more is better. Of older ones, which do not say it, accuracies."""
    text = (table.schema.metadata or {}).get(HIGHER.encode(), b"").decode()
    return frozenset(filter(None, text.split(","))) or frozenset(n for n in table.column_names if n in ACCURACIES)


def unpacked(blob: bytes, size: int) -> "pa.Buffer":
    """The Arrow stream in a stored trajectory, of so many bytes; raises ValueError or OSError where it is damaged or
    larger than any may be."""
    import pyarrow as pa

    if not 0 < size <= LARGEST:
        raise ValueError(f"a trajectory of {size} bytes is larger than {LARGEST}")
    return pa.decompress(blob, size, codec="zstd")


def unpacked_together(blobs: Sequence[bytes], sizes: Sequence[int]) -> "list[pa.Buffer] | None":
    """What `unpacked` gives of each, which takes a sixth of its time; None where any of them is not as it was written,
    or all are too much at once: then each is to be looked at by itself."""
    if not sizes or min(sizes) <= 0:
        return None
    try:
        whole = unpacked(b"".join(blobs), sum(sizes))
    except (ValueError, OSError):
        return None
    ends = list(accumulate(sizes, initial=0))
    view = memoryview(whole).cast("B")  # Arrow has signed ones
    if any(view[at : at + len(MARK)] != MARK or view[end - len(END) : end] != END for at, end in pairwise(ends)):
        return None
    return [whole.slice(at, size) for at, size in zip(ends, sizes, strict=False)]
