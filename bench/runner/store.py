"""The system of record: results/<name>/runs.db, one SQLite file, one row a run, whole or not at all."""

import hashlib
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from bench.core.ledger import EVENT, QUESTIONS
from bench.runner.plan import RunSpec
from bench.runner.single import RunRecord

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1  # PRAGMA user_version
PATIENCE = 30.0  # seconds to wait for another process that holds the file
LARGEST = 1 << 28  # bytes of one trajectory, uncompressed: more is taken for damage
TYPES = {each: each.__name__.encode() for each in (str, int, float, bytes, type(None))}  # of what SQLite stores

# counts is JSON by question, in rows of data, so that a new question is no new column. SQLite has no NaN: first,
# best and final are NULL where they are not finite, and the trajectory has the number itself. The checksum goes over
# these columns in this order.
RUNS = """
    hash TEXT NOT NULL UNIQUE, key TEXT NOT NULL,
    problem TEXT NOT NULL, parameters TEXT NOT NULL, family TEXT NOT NULL, problem_order INTEGER,
    scored INTEGER NOT NULL, dim INTEGER, instance INTEGER NOT NULL,
    optimizer TEXT NOT NULL, hyperparameters TEXT NOT NULL, optimizer_order INTEGER,
    seed INTEGER NOT NULL, budget REAL NOT NULL, device TEXT NOT NULL, status TEXT NOT NULL, error TEXT NOT NULL,
    f_opt REAL, first REAL, best REAL, final REAL,
    rows INTEGER NOT NULL, counts TEXT NOT NULL, inside REAL NOT NULL, outside REAL NOT NULL,
    lanes INTEGER NOT NULL, restarts TEXT NOT NULL,
    best_x BLOB, trajectory BLOB, trajectory_bytes INTEGER NOT NULL, points BLOB,
    versions TEXT NOT NULL, written TEXT NOT NULL
"""
COLUMNS = tuple(column.split()[0] for column in RUNS.split(","))
SCHEMA_STATEMENTS = (
    f"CREATE TABLE runs (id INTEGER PRIMARY KEY, {RUNS}, checksum TEXT NOT NULL)",
    "CREATE INDEX by_names ON runs (problem, optimizer)",
    "CREATE TABLE plan (position INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE)",
    "CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE grids (problem TEXT, parameters TEXT, instance INTEGER, low TEXT, high TEXT, f BLOB, "
    "PRIMARY KEY (problem, parameters, instance))",
    f"PRAGMA user_version={SCHEMA}",
)


class StoreError(ValueError):
    """A results folder that cannot be read or written; the message says what it is and what to do."""


def encode(record: RunRecord) -> tuple[bytes, int]:
    """The trajectory as an Arrow stream compressed by zstd, and its size before."""
    import pyarrow as pa

    sink = io.BytesIO()
    names = (*EVENT, *record.metrics)
    columns = zip(names, record.trajectory.T, strict=True)
    batch = pa.record_batch({name: column.astype(int if name in QUESTIONS else float) for name, column in columns})
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    plain = sink.getvalue()
    return pa.compress(plain, codec="zstd", asbytes=True), len(plain)


def decode(blob: bytes, size: int) -> "pa.Table":
    """The trajectory that `encode` wrote; raises ValueError where it is damaged or larger than any may be."""
    import pyarrow as pa

    return pa.ipc.open_stream(unpacked(blob, size)).read_all()


def unpacked(blob: bytes, size: int) -> "pa.Buffer":
    """The Arrow stream in a stored trajectory; raises ValueError or OSError as `decode` does, which takes longer."""
    import pyarrow as pa

    if not 0 < size <= LARGEST:
        raise ValueError(f"a trajectory of {size} bytes is larger than {LARGEST}")
    return pa.decompress(blob, size, codec="zstd")


class Store:
    """The runs of one results folder. One process writes it; any SQLite client may read."""

    def __init__(self, folder: Path, create: bool = False):
        self.folder = folder
        self.path = folder / "runs.db"
        if not create and not self.path.exists():
            raise StoreError(f"{folder} holds no results (no runs.db): run a suite with --name {folder.name} first")
        if self.path.exists() and not self.path.is_file():
            raise StoreError(f"{self.path} is not a file: move it away, or choose another --name")
        if not create and not self.path.stat().st_size:
            raise StoreError(f"{self.path} is empty: restore it from a copy, or run the suite again")
        folder.mkdir(parents=True, exist_ok=True)
        with self._explained():
            uri = f"file:{quote(str(self.path.absolute()))}?mode={'rwc' if create else 'ro'}"
            self._db = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
            self._open(create)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of SQLite, and of what it gives back, as a StoreError that says what to do."""
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError, json.JSONDecodeError) as error:
            name = getattr(error, "sqlite_errorname", "")
            if name in ("SQLITE_BUSY", "SQLITE_LOCKED"):
                what = "is in use by another process: wait for it to end"
            elif name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR")):
                what = f"cannot be opened or written ({error}): see to its folder and disk"
            else:
                what = (
                    f"is not a readable database ({error}): it is damaged or another file; move it away, "
                    "restore it from a copy, or run again with --fresh, which keeps it under another name"
                )
            raise StoreError(f"{self.path} {what}") from None

    def _open(self, create: bool) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StoreError(
                f"{self.path} has schema version {version}, written by a newer fogbench than this one, which knows "
                f"{SCHEMA}: install the newer one, or choose another --name"
            )
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables:
            raise StoreError(f"{self.path} is an SQLite file of something else: choose another --name")
        if not create:
            return
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        if version == 0:
            with self.transaction():
                for statement in SCHEMA_STATEMENTS:
                    self._db.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write what follows at once: all of it, or nothing where anything fails."""
        with self._explained(), self._db:  # commits, or rolls back
            self._db.execute("BEGIN IMMEDIATE")
            yield

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._db.close()

    # writing

    def begin(self, specs: Sequence[RunSpec], manifest: Mapping[str, Any]) -> None:
        """Write down what is planned, in place of an earlier plan; runs that are stored stay."""
        with self.transaction():
            self._db.execute("DELETE FROM plan")
            self._db.executemany("INSERT INTO plan VALUES (?, ?)", ((n, spec.hash()) for n, spec in enumerate(specs)))
            for key, value in manifest.items():
                text = json.dumps(value, sort_keys=True, allow_nan=False, default=str)
                self._db.execute("INSERT OR REPLACE INTO manifest VALUES (?, ?)", (key, text))

    def add(self, record: RunRecord, versions: Mapping[str, str]) -> bool:
        """Write one run, unless it is there; answers whether it was written."""
        row = _row(record, versions)
        marks = ", ".join("?" * (len(row) + 1))
        names = ", ".join(f'"{name}"' for name in (*COLUMNS, "checksum"))
        statement = f"INSERT INTO runs ({names}) VALUES ({marks}) ON CONFLICT (hash) DO NOTHING"
        with self._explained():
            return self._db.execute(statement, (*row, checksum(row))).rowcount > 0

    def forget(self, statuses: Sequence[str], only: Iterable[str] | None = None) -> None:
        """Remove the planned runs of some statuses (of some hashes only), so that they are tried again."""
        hashes = self.planned() if only is None else only
        with self.transaction():
            self._db.executemany("DELETE FROM runs WHERE hash = ? AND status = ?", product(hashes, statuses))

    def forget_damaged(self) -> None:
        """Remove the planned runs whose checksum does not hold, or whose trajectory cannot be read, so that they are
        done again."""
        damaged = [(row["hash"],) for row, whole in self.rows() if not (whole and _readable(row))]
        with self.transaction():
            self._db.executemany("DELETE FROM runs WHERE hash = ?", damaged)

    def add_grid(self, problem: str, parameters: str, instance: int, low: Any, high: Any, f: np.ndarray) -> None:
        """Write the values (n, n) of a two-dimensional problem between two corners, for its picture."""
        row = (problem, parameters, instance, json.dumps(list(low)), json.dumps(list(high)), f.astype("<f8").tobytes())
        self._db.execute("INSERT OR IGNORE INTO grids VALUES (?, ?, ?, ?, ?, ?)", row)

    # reading

    def hashes(self) -> set[str]:
        """The hashes of all stored runs."""
        with self._explained():
            return {row[0] for row in self._db.execute("SELECT hash FROM runs")}

    def planned(self) -> list[str]:
        """The hashes of the planned runs, in order."""
        with self._explained():
            return [row[0] for row in self._db.execute("SELECT hash FROM plan ORDER BY position")]

    def manifest(self) -> dict[str, Any]:
        """What was run, with what, when."""
        with self._explained():
            return {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM manifest")}

    def rows(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """The stored runs of the present plan, in its order, each with whether its checksum holds."""
        names = ", ".join(f'runs."{name}"' for name in (*COLUMNS, "checksum"))
        query = f"SELECT {names} FROM runs JOIN plan USING (hash) ORDER BY plan.position"
        with self._explained():
            for row in self._db.execute(query):
                yield dict(zip(COLUMNS, row, strict=False)), checksum(row[:-1]) == row[-1]

    def blob(self, hash: str, column: str) -> bytes | None:
        """The trajectory or the points of one run."""
        assert column in ("trajectory", "points")
        with self._explained():
            row = self._db.execute(f"SELECT {column} FROM runs WHERE hash = ?", (hash,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path} has changed since it was read: load it again")
        return row[0]

    def grids(self) -> Iterator[dict[str, Any]]:
        """The grids of two-dimensional problems: f (n, n) between the corners low and high, f[i, j] at (x_j, y_i)."""
        with self._explained():
            rows = self._db.execute("SELECT * FROM grids").fetchall()
        for problem, parameters, instance, low, high, blob in rows:
            n = isqrt(len(blob) // 8)
            if len(blob) != 8 * n * n:
                continue  # damaged: a picture less
            box = {"parameters": json.loads(parameters), "low": json.loads(low), "high": json.loads(high)}
            yield {"problem": problem, "instance": instance, **box, "f": np.frombuffer(blob, "<f8").reshape(n, n)}


def _readable(row: Mapping[str, Any]) -> bool:
    try:
        return not row["trajectory"] or unpacked(row["trajectory"], row["trajectory_bytes"]).size >= 0
    except (ValueError, OSError):
        return False


def checksum(row: Sequence[Any]) -> str:
    """sha256 over every column of a row, in order, with types and lengths."""
    texts = []
    for value in row:
        data = value if isinstance(value, bytes) else repr(value).encode()
        texts.append(b"%b:%d:%b" % (TYPES[type(value)], len(data), data))
    return hashlib.sha256(b"".join(texts)).hexdigest()


def _row(record: RunRecord, versions: Mapping[str, str]) -> tuple[Any, ...]:
    spec = record.spec
    blob, size = encode(record) if len(record.trajectory) else (None, 0)
    coded = {
        "hash": spec.hash(),
        "key": spec.key(),
        "parameters": json.dumps(dict(spec.parameters), sort_keys=True),
        "scored": int(record.scored),
        "hyperparameters": json.dumps(dict(spec.hyperparameters), sort_keys=True),
        "optimizer_order": record.order,
        "budget": float(spec.budget),
        "status": str(record.status),
        "error": record.error.encode("utf-8", "backslashreplace").decode(),
        **{name: _finite(getattr(record, name)) for name in ("first", "best", "final")},
        "counts": json.dumps(dict(zip(QUESTIONS, record.counts, strict=True))),
        "restarts": json.dumps(record.restarts),
        **{name: _packed(getattr(record, name)) for name in ("best_x", "points")},
        "trajectory": blob,
        "trajectory_bytes": size,
        "versions": json.dumps(dict(versions), sort_keys=True),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    values = {**vars(spec), **vars(record), **coded}  # the others are what they are called there
    return tuple(values[name] for name in COLUMNS)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _packed(array: np.ndarray | None) -> bytes | None:
    return None if array is None else array.astype("<f8").tobytes()
