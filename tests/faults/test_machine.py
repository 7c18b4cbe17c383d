"""A folder of results, whatever is done to it in whatever order, holds what a dictionary says: no run is lost, doubled
or altered, what is damaged is named, and nothing else."""

import json
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bench.core.ledger import QUESTIONS
from bench.core.status import Status
from bench.measure import words
from bench.results.folders import remove
from bench.results.merged import merge
from bench.results.stored import Results
from bench.results.verify import verify
from bench.runner.plan import plan
from bench.runner.single import RunRecord
from bench.runner.stale import put_stale_aside
from bench.runner.store import Store
from bench.runner.suite import make_suite

RUNS = 8
STATUSES = ("budget", "target", "crashed", "killed")
DAMAGE = {  # by column, what is put there
    "best": "best + 1", "trajectory": "x'00'", "error": "CAST(x'ff' AS TEXT)", "counts": "'{'", "written": "'then'",
    "versions": "'{}'", "status": "'glorious'", "checksum": "'none'",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What the model has of a run."""

    value: float
    status: str
    code: str
    damaged: bool = False


def record(spec, value, status):
    trajectory = np.zeros((2, len(QUESTIONS) + 3))
    trajectory[:, -1] = value + 1, value
    trajectory[1, 0] = 3
    return RunRecord(
        spec, status, family="odd", problem_order=2, order=0, dim=2, f_opt=0.0,
        counts=(3, *(0,) * (len(QUESTIONS) - 1)), first=value + 1, best=value, final=value,
        best_x=np.ones(2), trajectory=trajectory,
    )  # fmt: skip


numbers = st.integers(0, RUNS - 1)
values = st.sampled_from((0.0, 0.5, 2.0))


class Folder(RuleBasedStateMachine):
    """The rules are what `run`, `--retry`, `--fresh`, `merge`, `results --remove` and bad disks do to a folder."""

    @initialize()
    def begin(self):
        self.home = Path(tempfile.mkdtemp(dir=self.base))
        self.folder = self.home / "t"
        self.suite = make_suite(["odd-bowl"], ["odd-walk"], budget=9, name="t", seeds=RUNS)
        self.specs = [replace(spec, code=json.dumps({"optimizer": "a", "problem": "p"})) for spec in plan(self.suite)]
        self.runs: dict[str, Row] = {}
        self.aside: list[tuple[str, Row]] = []
        self.planned: list[int] = []
        self.store = Store(self.folder, create=True)
        self.plan(frozenset(range(RUNS)))

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.home)

    def hash(self, number):
        return self.specs[number].hash()

    @rule(chosen=st.frozensets(numbers, min_size=1))
    def plan(self, chosen):
        self.planned = sorted(chosen)
        self.store.begin([self.specs[number] for number in self.planned], {"suite": asdict(self.suite)})

    @rule(number=numbers, value=values, status=st.sampled_from(STATUSES))
    def put(self, number, value, status):
        spec = self.specs[number]
        assert self.store.add(record(spec, value, status), {}) == (spec.hash() not in self.runs)
        self.runs.setdefault(spec.hash(), Row(value, status, spec.code))

    @rule(group=st.lists(st.tuples(numbers, values), min_size=1, max_size=4), fails=st.booleans())
    def put_together(self, group, fails):
        """All of a group, or nothing where the disk is full."""
        before = dict(self.runs)
        with suppress(OSError), self.store.transaction():
            for number, value in group:
                self.store.add(record(self.specs[number], value, "budget"), {})
                self.runs.setdefault(self.hash(number), Row(value, "budget", self.specs[number].code))
            if fails:
                raise OSError("no space")
        self.runs = before if fails else self.runs

    @rule(code=st.sampled_from("ab"), keep=st.booleans())
    def definition_changes(self, code, keep):
        """Or changes back, and is run again: without --stale keep its runs are put aside, or taken back."""
        self.specs = [replace(spec, code=json.dumps({"optimizer": code, "problem": "p"})) for spec in self.specs]
        put_stale_aside(self.store, [self.specs[number] for number in self.planned], "keep" if keep else "")
        if keep:
            return
        for number in self.planned:
            hash, wanted = self.hash(number), self.specs[number].code
            if hash not in self.runs or self.runs[hash].code == wanted:
                continue
            self.aside.append((hash, self.runs.pop(hash)))
            back = [row for name, row in self.aside if name == hash and row.code == wanted]
            if back:
                self.runs[hash] = back[-1]
                self.aside = [(name, row) for name, row in self.aside if (name, row.code) != (hash, wanted)]

    @rule(status=st.sampled_from(("crashed", "killed")))
    def retry(self, status):
        self.store.forget([status])
        for number in self.planned:
            row = self.runs.get(self.hash(number))
            if row and row.status == status:
                del self.runs[self.hash(number)]

    @rule(number=numbers, column=st.sampled_from(sorted(DAMAGE)))
    def damage(self, number, column):
        hash = self.hash(number)
        if hash not in self.runs or self.runs[hash].damaged:
            return
        with closing(sqlite3.connect(self.folder / "runs.db")) as db, db:
            db.execute(f"UPDATE runs SET {column} = {DAMAGE[column]} WHERE hash = ?", (hash,))
        row = self.runs[hash]
        self.runs[hash] = Row(
            row.value + (column == "best"), "glorious" if column == "status" else row.status, row.code, True
        )

    @rule()
    def retry_damaged(self):
        self.store.forget_damaged()
        for number in self.planned:
            if self.runs.get(self.hash(number), Row(0, "", "")).damaged:
                del self.runs[self.hash(number)]

    @rule(closed=st.booleans())
    def resume(self, closed):
        """Another process opens it, after the first has ended or was killed."""
        if closed:
            self.store.close()
        self.store = Store(self.folder, create=True)

    @precondition(lambda self: not self.aside)
    @rule()
    def remove(self):
        """`results --remove`, and another run under that name."""
        self.store.close()
        remove(self.folder)
        assert not self.folder.exists()
        self.runs, self.store = {}, Store(self.folder, create=True)
        self.plan(frozenset(self.planned))

    @rule(others=st.dictionaries(numbers, values, min_size=1), beside=st.booleans())
    def merge(self, others, beside):
        """With a folder that holds other runs, and some of the same."""
        second, third = self.home / "second", self.home / "third"
        with closing(Store(second, create=True)) as store:
            store.begin([self.specs[number] for number in sorted(others)], {"suite": asdict(self.suite)})
            for number, value in others.items():
                store.add(record(self.specs[number], value, "budget"), {})
        theirs = {self.hash(number): Row(value, "budget", self.specs[number].code) for number, value in others.items()}
        mine = {self.hash(n): self.runs[self.hash(n)] for n in self.planned if self.hash(n) in self.runs}
        mine = {hash: row for hash, row in mine.items() if not row.damaged}
        both = mine.keys() & theirs.keys()
        of_code = {hash: row for hash, row in self.runs.items() if not row.damaged and (hash in mine or hash in theirs)}
        conflict = any((mine[hash].value, mine[hash].status) != (theirs[hash].value, "budget") for hash in both)
        codes = {row.code for row in (*mine.values(), *theirs.values())}
        try:
            merged = merge([self.folder, second], third)
        except ValueError as error:
            # a run of an earlier plan here may be one of the other folder's, and then counts as if it was planned
            assert conflict or len(codes | {row.code for row in of_code.values()}) > 1, error
            assert not third.exists()
        else:
            assert not conflict and len(codes) <= 1
            results = Results(third)
            there = dict(zip([row["hash"] for row in results._rows], results.runs.best, strict=True))
            assert there == {hash: row.value for hash, row in {**mine, **theirs}.items()}
            assert not results.damaged
            assert merged.there == len(there)
            with closing(Store(third)) as store:
                aside = {(row["hash"], row["best"]) for row, _ in store.aside()}
                kept = store.hashes() | {hash for hash, _ in aside}
            assert kept >= {hash for hash, row in self.runs.items() if not row.damaged}
            assert aside >= {(hash, row.value) for hash, row in self.aside if not row.damaged}
            shutil.rmtree(third)
        shutil.rmtree(second)

    @invariant()
    def no_run_is_lost_doubled_or_altered(self):
        if not hasattr(self, "store"):
            return
        with closing(sqlite3.connect(self.folder / "runs.db")) as db:
            db.text_factory = lambda data: data.decode("utf-8", "replace")
            rows = {table: db.execute(f"SELECT hash, best, status, code FROM {table}").fetchall() for table in TABLES}
        assert sorted(rows["runs"]) == sorted((hash, *facts(row)) for hash, row in self.runs.items())
        assert sorted(rows["aside"]) == sorted((hash, *facts(row)) for hash, row in self.aside)

    @invariant()
    def what_is_read_is_what_is_there(self):
        if not hasattr(self, "store"):
            return
        results = Results(self.folder)
        there = {self.hash(n): self.runs[self.hash(n)] for n in self.planned if self.hash(n) in self.runs}
        sound = {hash: row for hash, row in there.items() if not row.damaged}
        assert dict(zip([row["hash"] for row in results._rows], results.runs.best, strict=True)) == {
            hash: row.value for hash, row in sound.items()
        }
        assert results.runs.status.value_counts().to_dict() == counted(row.status for row in sound.values())
        assert len(results.damaged) == len(there) - len(sound)
        lacking = words.missing(len(there), len(self.planned))
        assert results.missing == ([lacking] if lacking else [])
        seeds = {spec.hash(): spec.seed for spec in self.specs}
        planned = [self.hash(number) for number in self.planned]
        expected = {place(seeds[hash], "") for hash, row in self.runs.items() if row.damaged and hash in planned}
        more = [hash for hash, row in self.runs.items() if row.damaged and hash not in planned]
        more += [hash for hash, row in self.aside if row.damaged]
        faults = verify(self.folder).faults
        assert sorted(faults) == sorted(
            [*results.missing, *expected, *(place(seeds[hash], ", of no report") for hash in more)]
        )


WALK = (
    ("put", 0, 0.5, "budget"), ("put", 0, 2.0, "target"), ("put", 1, 0.5, "crashed"), ("put", 2, 0.0, "killed"),
    ("put", 3, 0.5, "crashed"), ("put_together", [(4, 0.5), (5, 2.0)], True),
    ("put_together", [(4, 0.5), (5, 2.0)], False),
    # some are of an earlier plan
    ("plan", {0, 1, 2, 4}), ("retry", "crashed"), ("damage", 3, "checksum"), ("damage", 4, "best"), ("retry_damaged",),
    ("resume", True),
    # of two codes, those of the first put aside twice
    ("definition_changes", "b", True), ("put", 1, 2.0, "budget"), ("definition_changes", "a", False),
    ("put", 1, 0.5, "budget"), ("definition_changes", "b", False), ("definition_changes", "a", True),
    ("put", 0, 2.0, "budget"), ("definition_changes", "b", False), ("put", 0, 0.0, "budget"),
    ("definition_changes", "a", False), ("put", 2, 0.0, "killed"),
    # with an equal run, with another, and of other code
    ("merge", {0: 2.0, 6: 0.5}, False), ("merge", {0: 0.5, 6: 0.5}, False), ("damage", 1, "counts"),
    ("merge", {6: 0.5}, False), ("definition_changes", "b", True), ("merge", {6: 0.5}, False),
    ("retry", "killed"), ("retry_damaged",),
)  # fmt: skip


def test_each_rule_does_what_the_model_says(tmp_path):
    """A walk on which each of them has something to do, and something that it must leave."""
    machine = type("Machine", (Folder,), {"base": tmp_path})()
    machine.begin()
    for name, *values in WALK:
        getattr(machine, name)(*values)
        machine.no_run_is_lost_doubled_or_altered()
        machine.what_is_read_is_what_is_there()
    machine.teardown()


TABLES = ("runs", "aside")


def facts(row):
    return row.value, row.status, row.code


def counted(statuses):
    names = list(statuses)
    return {name: names.count(name) for name in names}


def place(seed, more):
    return f"odd-bowl, dim 2, instance 1, with odd-walk, seed {seed}{more}: its checksum does not hold"


@pytest.mark.parametrize("examples", [8, pytest.param(300, marks=pytest.mark.slow)])
def test_a_folder_is_what_was_done_to_it(tmp_path, examples):
    Machine = type("Machine", (Folder,), {"base": tmp_path})
    assert {*STATUSES} <= {*map(str, Status)}
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
