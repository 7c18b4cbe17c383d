"""The system of record: results/<name>/runs.db, one SQLite file, one row a run, whole or not at all."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from math import isqrt
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from bench.core.ledger import QUESTIONS
from bench.runner.plan import RunSpec
from bench.runner.single import RunRecord
from bench.runner.trajectories import encode, unpacked

SCHEMA = 3  # PRAGMA user_version
PATIENCE = 30.0  # seconds to wait for another process that holds the file
TYPES = {each: each.__name__ for each in (str, int, float, bytes, type(None))}  # of what SQLite stores

# counts is JSON by question, in rows of data, so that a new question is no new column. SQLite has no NaN: first,
# best and final are NULL where they are not finite, and the trajectory has the number itself. The checksum goes over
# these columns in this order; in rows of schema 1, whose code is NULL, over those before it.
FIRST_RUNS = """
    hash TEXT NOT NULL, key TEXT NOT NULL,
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
# code: JSON, the hashes of the code of problem and optimizer; {} of imported runs. The others are NULL where nothing
# was measured: bytes of an optimizer's state and of its process at its largest, and evaluations that failed.
ADDED = "code TEXT, state_bytes INTEGER, peak_memory INTEGER, failed_values INTEGER"
FIRST_COLUMNS = tuple(column.split()[0] for column in FIRST_RUNS.split(","))
COLUMNS = (*FIRST_COLUMNS, *(column.split()[0] for column in ADDED.split(", ")))
DECLARED = [column.split()[1:] for column in (*FIRST_RUNS.split(","), *ADDED.split(","))]  # type, and NOT NULL
KINDS = {"TEXT": str, "INTEGER": int, "REAL": float, "BLOB": bytes}
ASIDE = f"CREATE TABLE aside (id INTEGER PRIMARY KEY, {FIRST_RUNS}, checksum TEXT NOT NULL, {ADDED})"
CODE = "CREATE TABLE code (hash TEXT PRIMARY KEY, source TEXT NOT NULL)"
MIGRATION = (  # from schema 1 to 2
    *(f"ALTER TABLE runs ADD COLUMN {column}" for column in ADDED.split(", ")),
    "ALTER TABLE manifest ADD COLUMN checksum TEXT",
    ASIDE,
    CODE,
)
SEALED = ("ALTER TABLE grids ADD COLUMN checksum TEXT", f"PRAGMA user_version={SCHEMA}")  # from schema 2 to 3
STORED = ", ".join(f'"{name}"' for name in (*COLUMNS, "checksum"))
MERGED = "merged"  # in the manifest: the folders that were merged, and what is lacking of their plans
PLAN, ENTRIES = "plan", "entries"  # in the manifest: the checksum of the plan, and all keys of the manifest itself
# entries of a manifest without which every cost or verdict may be another
CHANGES_NUMBERS = ("suite", "function", "races", "environment")
SCHEMA_STATEMENTS = (
    f"CREATE TABLE runs (id INTEGER PRIMARY KEY, {FIRST_RUNS}, checksum TEXT NOT NULL, {ADDED})",
    "CREATE UNIQUE INDEX by_hash ON runs (hash)",
    "CREATE INDEX by_names ON runs (problem, optimizer)",
    "CREATE TABLE plan (position INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE)",
    "CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum TEXT)",
    ASIDE,  # runs whose code has changed since: kept, and not reported
    CODE,  # the source by its hash, to be compared
    "CREATE TABLE grids (problem TEXT, parameters TEXT, instance INTEGER, low TEXT, high TEXT, f BLOB, "
    "checksum TEXT, PRIMARY KEY (problem, parameters, instance))",
    f"PRAGMA user_version={SCHEMA}",
)


class StoreError(ValueError):
    """A results folder that cannot be read or written; the message says what it is and what to do."""


class GoneError(StoreError):
    """Results that are not there, or not any more."""


class Store:
    """The runs of one results folder. One process writes it; any SQLite client may read."""

    def __init__(self, folder: Path, create: bool = False):
        self.folder = folder
        self.path = folder / "runs.db"
        if not create and not self.path.exists():
            raise GoneError(f"{folder} holds no results (no runs.db): run a suite with --name {folder.name} first")
        if self.path.exists() and not self.path.is_file():
            raise StoreError(f"{self.path} is not a file: move it away, or choose another --name")
        if not create and not self.path.stat().st_size:
            raise GoneError(self._empty)
        folder.mkdir(parents=True, exist_ok=True)
        with self._explained():
            uri = f"file:{quote(str(self.path.absolute()))}?mode={'rwc' if create else 'ro'}"
            if not (create or self._beside("wal") or os.access(folder, os.W_OK)):  # nobody writes it, nor can SQLite
                uri += "&immutable=1"
            self._db = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
            self._db.text_factory = partial(str, encoding="utf-8", errors="replace")  # the row's checksum finds it
            self._open(create)

    @property
    def _empty(self) -> str:
        return f"{self.path} is empty: restore it from a copy, or run the suite again"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of SQLite, and of what it gives back, as a StoreError that says what to do."""
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError, json.JSONDecodeError) as error:
            name = getattr(error, "sqlite_errorname", "")
            if name in ("SQLITE_BUSY", "SQLITE_LOCKED"):
                what = "is in use by another process: wait for it to end"
            elif name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")) and self._beside("wal") > self._beside("shm"):
                what = (
                    f"has its last runs in {self.path.name}-wal, left by a process that was killed, and SQLite reads "
                    "them where it may write alone: copy the folder to a place where you may, and read the copy"
                )
            elif name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR")):
                what = f"cannot be opened or written ({error}): see to its folder and disk"
            else:
                what = (
                    f"is not a readable database ({error}): it is damaged or another file; move it away, "
                    "restore it from a copy, or run again with --fresh, which keeps it under another name"
                )
            raise StoreError(f"{self.path} {what}") from None

    def _beside(self, suffix: str) -> bool:
        """Whether SQLite's file of this suffix is there."""
        return self.path.with_name(f"{self.path.name}-{suffix}").exists()

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
        if not (create or version or tables):
            raise GoneError(self._empty)
        # an older file is only read: what was added since is NULL
        self._old, self._unsealed = version == 1 and not create, version < SCHEMA and not create
        if not create:
            return
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        if version < SCHEMA:
            with self.transaction():
                for statement in (*(MIGRATION if version == 1 else ()), *SEALED) if version else SCHEMA_STATEMENTS:
                    self._db.execute(statement)
                if version:
                    self._seal()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write what follows at once: all of it, or nothing where anything fails. One within another is part of it."""
        if self._db.in_transaction:
            yield
            return
        with self._explained(), self._db:  # commits, or rolls back
            self._db.execute("BEGIN IMMEDIATE")
            yield

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._db.close()

    # writing

    def begin(self, specs: Sequence[RunSpec], manifest: Mapping[str, Any], places: Sequence[int] | None = None) -> None:
        """Write down what is planned, in place of an earlier plan; runs that are stored stay. places: those of a shard
        in the plan of its suite."""
        self.begin_hashes([spec.hash() for spec in specs], manifest, places)

    def begin_hashes(
        self, hashes: Sequence[str], manifest: Mapping[str, Any], places: Sequence[int] | None = None
    ) -> None:
        """See `begin`."""
        positions = range(len(hashes)) if places is None else places
        with self.transaction():
            self._db.execute("DELETE FROM plan")
            self._db.execute("DELETE FROM manifest")
            self._db.executemany("INSERT INTO plan VALUES (?, ?)", zip(positions, hashes, strict=True))
            for key, value in manifest.items():
                self._note(key, _json(value))
            self._seal()

    def note(self, facts: Mapping[str, Any]) -> None:
        """Write these keys of the manifest."""
        with self.transaction():
            for key, value in facts.items():
                self._note(key, _json(value))
            self._note_entries()

    def _seal(self) -> None:
        """Write the checksums of plan and manifest where there are none yet."""
        rows = self._db.execute("SELECT key, value, checksum FROM manifest").fetchall()
        for key, text, digest in rows:
            if digest is None:
                self._note(key, text)
        if not any(key == PLAN for key, *_ in rows):
            self._note(PLAN, json.dumps(plan_digest(self.planned())))
        self._note_entries()

    def _note_entries(self) -> None:
        keys = {str(key) for (key,) in self._db.execute("SELECT key FROM manifest")}
        self._note(ENTRIES, _json(sorted(keys | {ENTRIES})))

    def _note(self, key: str, text: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?)", (key, text, checksum((key, text))))

    def add(self, record: RunRecord, versions: Mapping[str, str]) -> bool:
        """Write one run, unless it is there; answers whether it was written. Within a `transaction` it stands with
        the others of it."""
        # SQLite gives -0.0 back as 0.0, and the checksum goes over what is given back
        row = tuple(value + 0.0 if isinstance(value, float) else value for value in _row(record, versions))
        marks = ", ".join("?" * (len(row) + 1))
        statement = f"INSERT INTO runs ({STORED}) VALUES ({marks}) ON CONFLICT (hash) DO NOTHING"
        with self._explained():
            return self._db.execute(statement, (*row, checksum(row))).rowcount > 0

    def copy(self, row: Mapping[str, Any], aside: bool = False) -> None:
        """Write a run of another file as it is, in place of what is there; or put it aside."""
        values = [row.get(name) for name in COLUMNS]
        digest = checksum(values[: len(FIRST_COLUMNS)] if row.get("code") is None else values)  # of schema 1, as it was
        marks = ", ".join("?" * (len(values) + 1))
        into = "INTO aside" if aside else "OR REPLACE INTO runs"
        with self._explained():
            self._db.execute(f"INSERT {into} ({STORED}) VALUES ({marks})", (*values, digest))

    def forget(self, statuses: Sequence[str], only: Iterable[str] | None = None) -> None:
        """Remove the planned runs of some statuses (of some hashes only), so that they are tried again."""
        marks = ", ".join("?" * len(statuses))
        with self._explained():
            ended = self._db.execute(f"SELECT hash FROM runs WHERE status IN ({marks})", statuses).fetchall()
        if not ended:
            return
        hashes = set(self.planned() if only is None else only)
        with self.transaction():
            self._db.executemany("DELETE FROM runs WHERE hash = ?", [row for row in ended if row[0] in hashes])

    def forget_damaged(self) -> None:
        """Remove the planned runs whose checksum does not hold, or whose trajectory cannot be read, so that they are
        done again."""
        with self.transaction():
            self._db.execute("REINDEX")  # a run whose entry in an index is damaged is not found, and not written anew
        damaged = [(row["hash"],) for row, whole in self.rows() if not (whole and _readable(row))]
        with self.transaction():
            self._db.executemany("DELETE FROM runs WHERE hash = ?", damaged)

    def add_code(self, sources: Mapping[str, str]) -> None:
        """Write the source of definitions, by its hash."""
        with self.transaction():
            self._db.executemany("INSERT OR IGNORE INTO code VALUES (?, ?)", sources.items())

    def put_aside(self, hashes: Iterable[str]) -> None:
        """Keep these runs where no report finds them: their code has changed since."""
        each = [(hash,) for hash in hashes]
        with self.transaction():
            self._db.executemany(f"INSERT INTO aside ({STORED}) SELECT {STORED} FROM runs WHERE hash = ?", each)
            self._db.executemany("DELETE FROM runs WHERE hash = ?", each)

    def take_back(self, codes: Mapping[str, str]) -> set[str]:
        """Store again what was put aside and is of the code that its hash has in `codes`; answers their hashes."""
        back = set()
        with self.transaction():
            for hash, code in codes.items():
                chosen = "FROM aside WHERE hash = ? AND code = ?"
                copied = f"INSERT INTO runs ({STORED}) SELECT {STORED} {chosen} ORDER BY id DESC LIMIT 1"
                if self._db.execute(copied, (hash, code)).rowcount > 0:
                    self._db.execute(f"DELETE {chosen}", (hash, code))
                    back.add(hash)
        return back

    def add_grid(self, problem: str, parameters: str, instance: int, low: Any, high: Any, f: np.ndarray) -> None:
        """Write the values (n, n) of a two-dimensional problem between two corners, for its picture."""
        row = (problem, parameters, instance, json.dumps(list(low)), json.dumps(list(high)), f.astype("<f8").tobytes())
        self._db.execute("INSERT OR REPLACE INTO grids VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, checksum(row)))

    # reading

    def hashes(self) -> set[str]:
        """The hashes of all stored runs."""
        with self._explained():
            return {row[0] for row in self._db.execute("SELECT hash FROM runs")}

    def made(self) -> list[tuple[str, str | None, str, float]]:
        """By what the stored runs of the present plan were made: hash, code, versions, and seconds that they took."""
        code = "NULL" if self._old else "code"
        query = f"SELECT hash, {code}, versions, inside + outside FROM runs JOIN plan USING (hash) ORDER BY position"
        with self._explained():
            return self._db.execute(query).fetchall()

    def code(self) -> dict[str, str]:
        """The source of definitions, by its hash."""
        with self._explained():
            return {} if self._old else dict(self._db.execute("SELECT hash, source FROM code"))

    def keys(self) -> dict[str, str]:
        """All that determines each stored run of the present plan, as JSON, by its hash."""
        with self._explained():
            return dict(self._db.execute("SELECT hash, key FROM runs JOIN plan USING (hash)"))

    def begun(self) -> dict[str, str]:
        """What tells one beginning of a suite from the next: entries of the manifest, as JSON."""
        with self._explained():
            keys = ("created", "updated", PLAN)
            return dict(self._db.execute("SELECT key, value FROM manifest WHERE key IN (?, ?, ?)", keys))

    def number_planned(self) -> int:
        """How many runs are planned."""
        with self._explained():
            return self._db.execute("SELECT count(*) FROM plan").fetchone()[0]

    def new_runs(self, last: int) -> list[dict[str, Any]]:
        """The runs of the present plan that were stored after the one of this id, without their arrays."""
        names = (
            "id",
            "problem",
            "parameters",
            "optimizer",
            "hyperparameters",
            "seed",
            "status",
            "error",
            "best",
            "written",
        )
        of_plan = "EXISTS (SELECT 1 FROM plan WHERE plan.hash = runs.hash)"
        query = f"SELECT {', '.join(names)} FROM runs WHERE id > ? AND {of_plan} ORDER BY id"
        with self._explained():
            return [dict(zip(names, row, strict=True)) for row in self._db.execute(query, (last,))]

    def endings(self) -> dict[str, int]:
        """How many stored runs of the present plan ended how, by status."""
        with self._explained():
            return dict(self._db.execute("SELECT status, count(*) FROM runs JOIN plan USING (hash) GROUP BY status"))

    def places(self) -> dict[str, int]:
        """The places of the planned runs by their hashes, in order: of a shard those in the plan of its suite."""
        with self._explained():
            return dict(self._db.execute("SELECT hash, position FROM plan ORDER BY position"))

    def planned(self) -> list[str]:
        """The hashes of the planned runs, in order."""
        with self._explained():
            return [row[0] for row in self._db.execute("SELECT hash FROM plan ORDER BY position")]

    def there(self) -> int:
        """How many of the planned runs are stored, as anything."""
        with self._explained():
            return self._db.execute("SELECT count(*) FROM runs JOIN plan USING (hash)").fetchone()[0]

    def manifest(self) -> dict[str, Any]:
        """What was run, with what, when; without the entries that are damaged."""
        with self._explained():
            return {
                key: json.loads(text) for key, text, whole in self._entries() if whole and key not in (PLAN, ENTRIES)
            }

    def _entries(self) -> list[tuple[str, str, bool]]:
        """Key, JSON, and whether the checksum holds, of each entry of the manifest; files of schema 1 cannot tell."""
        column = "NULL" if self._old else "checksum"
        rows = self._db.execute(f"SELECT key, value, {column} FROM manifest").fetchall()
        return [
            (key, text, self._unsealed if digest is None else checksum((key, text)) == digest)
            for key, text, digest in rows
        ]

    def damage(self) -> list[str]:
        """What is not as it was written, of plan, manifest and grids; older files cannot tell of all."""
        with self._explained():
            entries = self._entries()
            grids = [row["problem"] for row, whole in self._grids() if not whole]
        damaged = [f"the manifest's {key}: its checksum does not hold" for key, _, whole in entries if not whole]
        texts = {key: text for key, text, whole in entries if whole}
        names = {key for key, *_ in entries}
        written = json.loads(texts[ENTRIES]) if ENTRIES in texts else []
        damaged += [f"the manifest's {key}: it is missing" for key in written if key not in names]
        damaged += [f"the manifest's {key}: nothing wrote it" for key in names if written and key not in written]
        if not (self._unsealed or ENTRIES in names) and (self.hashes() or self.planned()):
            damaged.append("the manifest: it is missing")
        if PLAN in texts and json.loads(texts[PLAN]) != plan_digest(self.planned()):
            damaged.append("the plan: its checksum does not hold")
        return damaged + [f"the picture of {problem}: its checksum does not hold" for problem in grids]

    def check(self) -> None:
        """Raises StoreError where an entry of the manifest is damaged without which numbers would be others."""
        broken = [text for text in self.damage() if text.startswith("the manifest")]
        keys = {text.removeprefix("the manifest's ").partition(":")[0] for text in broken}
        if "the manifest: it is missing" in broken or keys & set(CHANGES_NUMBERS):
            raise StoreError(
                f"{self.path} is damaged: {'; '.join(broken)}. Costs and verdicts would be others: restore it from a "
                "copy, give the same command again, which writes the manifest anew and keeps the runs, or import again"
            )

    def rows(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """The stored runs of the present plan, in its order, each with whether its checksum holds, and goes over what
        its columns may hold: SQLite stores anything in any."""
        return self._checked("runs", "JOIN plan USING (hash) ORDER BY plan.position")

    def beside(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """The stored runs that are of no report, of an earlier plan or put aside, each with whether its checksum
        holds."""
        yield from self.unplanned()
        yield from self.aside()

    def unplanned(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """The stored runs of earlier plans, as of `rows`."""
        return self._checked("runs", "WHERE hash NOT IN (SELECT hash FROM plan) ORDER BY id")

    def aside(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """The runs that were put aside, as of `rows`."""
        return iter(()) if self._old else self._checked("aside", "ORDER BY id")

    def row(self, hash: str) -> dict[str, Any] | None:
        """The stored run of this hash; None where there is none."""
        return next((row for row, _ in self._checked("runs", "WHERE hash = ?", (hash,))), None)

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file itself."""
        with self._explained():
            texts = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check")]
        return [] if texts == ["ok"] else [f"the file: {text}" for text in texts]

    def _checked(self, table: str, rest: str, values_of: Sequence[Any] = ()) -> Iterator[tuple[dict[str, Any], bool]]:
        columns = (*(FIRST_COLUMNS if self._old else COLUMNS), "checksum")
        names = ", ".join(f'{table}."{name}"' for name in columns)
        with self._explained():
            for *values, digest in self._db.execute(f"SELECT {names} FROM {table} {rest}", values_of):
                row = dict(zip(COLUMNS, values, strict=False))
                first = row.get("code") is None  # a row of schema 1
                whole = checksum(values[: len(FIRST_COLUMNS)] if first else values) == digest
                yield row, whole and _as_declared(tuple(map(type, values)))

    def ends(self) -> dict[str, dict[str, Any]]:
        """How each stored run of the present plan ended, by its hash: status, scored, f_opt, first, best, final,
        counts, rows."""
        names = ("hash", "status", "scored", "f_opt", "first", "best", "final", "counts", "rows")
        with self._explained():
            rows = self._db.execute(f"SELECT {', '.join(names)} FROM runs JOIN plan USING (hash)").fetchall()
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows}

    def seconds(self) -> dict[tuple[str, str, int], float]:
        """Seconds in the problem of a question, the mean over its stored runs of the present plan, by problem,
        parameters (JSON) and instance."""
        names = "problem, parameters, instance, counts, rows, inside"
        with self._explained():
            rows = self._db.execute(f"SELECT {names} FROM runs JOIN plan USING (hash)").fetchall()
        sums: dict[tuple[str, str, int], list[float]] = {}
        for *key, counts, of_data, inside in rows:
            of_problem = sums.setdefault(tuple(key), [0.0, 0.0])
            of_problem[0] += sum(json.loads(counts).values()) / of_data
            of_problem[1] += inside
        return {key: inside / questions for key, (questions, inside) in sums.items() if questions}

    def points(self, hash: str) -> bytes | None:
        """The points of one run."""
        with self._explained():
            row = self._db.execute("SELECT points FROM runs WHERE hash = ?", (hash,)).fetchone()
        if row is None:
            raise GoneError(self._changed)
        return row[0]

    def trajectories(self, hashes: Sequence[str]) -> list[bytes]:
        """Those of some runs, in this order."""
        marks = ", ".join("?" * len(hashes))
        with self._explained():
            blobs = dict(self._db.execute(f"SELECT hash, trajectory FROM runs WHERE hash IN ({marks})", hashes))
        if not blobs.keys() >= set(hashes):
            raise GoneError(self._changed)
        return [blobs[hash] or b"" for hash in hashes]

    @property
    def _changed(self) -> str:
        return f"{self.path} has changed since it was read: load it again"

    def grids(self) -> Iterator[dict[str, Any]]:
        """The grids of two-dimensional problems: f (n, n) between the corners low and high, f[i, j] at (x_j, y_i);
        without those that are damaged."""
        with self._explained():
            grids = [grid for grid, whole in self._grids() if whole]
        for grid in grids:
            f = np.frombuffer(grid["f"], "<f8")
            n = isqrt(len(f))
            texts = {name: json.loads(grid[name]) for name in ("parameters", "low", "high")}
            yield {**grid, **texts, "f": f.reshape(n, n)}

    def _grids(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Each stored grid, with whether it is as it was written; older ones, which cannot tell, by their shape."""
        names = ("problem", "parameters", "instance", "low", "high", "f")
        column = "NULL" if self._unsealed else "checksum"
        for *values, digest in self._db.execute(f"SELECT {', '.join(names)}, {column} FROM grids").fetchall():
            size = len(values[-1]) if isinstance(values[-1], bytes) else -1
            square = size >= 0 and size == 8 * isqrt(size // 8) ** 2
            yield dict(zip(names, values, strict=True)), square and digest in (None, checksum(values))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, default=str)


def plan_digest(hashes: Sequence[str]) -> str:
    """sha256 of the hashes of a plan, in order."""
    return hashlib.sha256("".join(map(str, hashes)).encode()).hexdigest()


@lru_cache
def _as_declared(types: tuple[type, ...]) -> bool:
    """Whether the columns of a run may hold values of these types."""
    return all(
        kind is KINDS[declared] or (kind is type(None) and not rest)
        for kind, (declared, *rest) in zip(types, DECLARED, strict=False)
    )


def _readable(row: Mapping[str, Any]) -> bool:
    try:
        return not row["trajectory"] or unpacked(row["trajectory"], row["trajectory_bytes"]).size >= 0
    except (ValueError, OSError):
        return False


def checksum(row: Sequence[Any]) -> str:
    """sha256 over every column of a row, in order, with types and lengths."""
    digest, text = hashlib.sha256(), ""  # of the columns since the last bytes
    for value in row:
        if isinstance(value, bytes):
            digest.update(f"{text}bytes:{len(value)}:".encode())
            digest.update(value)
            text = ""
        else:
            data = repr(value)
            text += f"{TYPES[type(value)]}:{len(data) if data.isascii() else len(data.encode())}:{data}"
    digest.update(text.encode())
    return digest.hexdigest()


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
