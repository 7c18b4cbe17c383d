"""Several folders as one: equal runs are one, what does not go together is refused, and nothing is lost."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest

import bench
from bench import api
from bench.core import registry
from bench.results.merged import merge
from bench.results.stored import Results
from bench.results.verify import verify
from bench.runner import PACKAGES
from bench.runner.alone import alone_in
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.store import COLUMNS, FIRST_COLUMNS, Store, StoreError, checksum
from bench.runner.suite import Shard, make_suite

PROBLEMS, OPTIMIZERS = ["rosenbrock[dim=2,3]"], ["torch-adam", "scipy-bfgs"]


@pytest.fixture(autouse=True, scope="module")
def all_registered():
    registry.load(PACKAGES)


def run(folder, optimizers=OPTIMIZERS, shard=None, **options):
    """A small suite, or a shard of it."""
    how = {"retry": options.pop("retry", ()), "stale": options.pop("stale", "")}
    suite = make_suite(PROBLEMS, optimizers, **{"budget": 20, "name": "t", "seeds": 3, "lanes": 2, **options})
    return run_suite(replace(suite, shard=shard), folder, Launch(children=False, pictures=True, **how))


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The whole suite, its three shards, and each optimizer by itself."""
    home = tmp_path_factory.mktemp("originals")
    run(home / "whole")
    for number in (1, 2, 3):
        run(home / f"s{number}", shard=Shard(number, 3))
    run(home / "adam", ["torch-adam"])
    run(home / "bfgs", ["scipy-bfgs"])
    return home


@pytest.fixture
def home(originals, tmp_path):
    """Copies of them that a test may change."""
    shutil.copytree(originals, tmp_path / "home")
    return tmp_path / "home"


def change(folder, statement, *values, sealed=False):
    """Edit the file; sealed: with checksums that hold."""
    with closing(sqlite3.connect(folder / "runs.db")) as db, db:
        db.execute(statement, values)
        if sealed:
            for id, *row in db.execute(f"SELECT id, {', '.join(COLUMNS)} FROM runs").fetchall():
                db.execute("UPDATE runs SET checksum = ? WHERE id = ?", (checksum(row), id))


def rows(folder):
    with closing(Store(folder)) as store:
        return {row["hash"]: row for row, whole in store.rows() if whole}


def hashes(folder):
    with closing(Store(folder)) as store:
        return store.hashes()


def plan_of(folder):
    with closing(Store(folder)) as store:
        return store.planned()


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".db"}


def test_shards_become_the_whole_suite_and_running_it_again_does_nothing(home):
    done = merge([home / "s3", home / "s1", home / "s2"], home / "all")
    assert (done.planned, done.there, done.added, done.missing, done.damaged) == (12, 12, 12, "", [])
    assert plan_of(home / "all") == plan_of(home / "whole"), "in the order of the suite"
    names = ["status", "first", "best", "final", "value", "gradient", "seed", "optimizer", "problem", "dim"]
    merged, whole = Results(home / "all"), Results(home / "whole")
    pd.testing.assert_frame_equal(merged.runs[names], whole.runs[names])
    events = [results.trajectories.drop(columns=["inside", "outside"]) for results in (merged, whole)]
    pd.testing.assert_frame_equal(*events)
    assert len(merged.grids) == len(whole.grids) == 1
    assert verify(home / "all").faults == []
    again = run(home / "all")
    assert (again.planned, again.there, again.added, again.changed) == (12, 12, 0, False)


def test_shards_that_are_not_there_are_said_first_and_can_be_merged_later_or_run(home):
    done = merge([home / "s1", home / "s3"], home / "all")
    there = len(plan_of(home / "s1")) + len(plan_of(home / "s3"))
    text = f"{there} of 12 planned runs: shard 2 of 3 is not here."
    assert done.missing == text
    results = Results(home / "all")
    assert results.missing == [text] and str(results).startswith(text)
    assert verify(home / "all").faults == [text]
    shutil.copytree(home / "all", home / "other")
    later = merge([home / "s2", home / "s1"], home / "all")
    assert (later.there, later.added, later.missing) == (12, 12 - there, "")
    assert plan_of(home / "all") == plan_of(home / "whole")
    assert len(Results(home / "all").manifest["merged"]["sources"]) == 3, "each once"
    assert merge([home / "s2", home / "s1"], home / "all").added == 0
    ran = run(home / "other")
    assert (ran.there, ran.added) == (there, 12 - there)
    assert Results(home / "other").missing == []
    assert [name for name, _ in Results(home / "other").sources] == ["other", "s1, s3"], "where all were made"


@pytest.mark.parametrize("steps", [["s1 s2 s3"], ["s1", "s2 s3"], ["s2", "s3", "s1"], ["whole"], ["s3 whole"]])
def test_a_shard_is_not_asked_for_whose_runs_are_there_as_those_of_more_seeds(home, steps):
    for number in (1, 2):
        run(home / f"few{number}", seeds=2, shard=Shard(number, 3))
    assert merge([home / "few1", home / "few2"], home / "all").missing
    for step in steps:
        done = merge([home / name for name in step.split()], home / "all")
    assert (done.planned, done.there, done.missing) == (12, 12, "")
    assert hashes(home / "all") == hashes(home / "whole")
    assert Results(home / "all").missing == verify(home / "all").faults == []
    run(home / "few3", seeds=2, shard=Shard(3, 3))
    assert merge([home / "few3"], home / "all").added == 0


def test_a_shard_is_asked_for_where_only_some_of_its_runs_are_there(home):
    run(home / "more1", seeds=4, shard=Shard(1, 3))
    assert merge([home / "more1", home / "whole"], home / "all").missing
    run(home / "few1", ["torch-adam", "scipy-cg"], seeds=2, shard=Shard(1, 3))
    done = merge([home / "few1", home / "s1"], home / "two")
    assert "shard" in done.missing and done.missing.count(" (of ") == 2, "which of two plans"


def test_merges_of_merges(home):
    merge([home / "s1", home / "s2"], home / "first")
    merge([home / "s2", home / "s3"], home / "second")
    done = merge([home / "first", home / "second", home / "whole"], home / "all")
    assert (done.there, done.missing) == (12, "")
    both = merge([home / "first", home / "second"], home / "both")
    assert (both.there, both.missing) == (12, "")
    assert plan_of(home / "both") == plan_of(home / "all") == plan_of(home / "whole")


def test_optimizers_of_two_folders_are_one_comparison(home):
    done = merge([home / "adam", home / "bfgs"], home / "both")
    assert (done.planned, done.there) == (12, 12)
    both = Results(home / "both")
    assert set(both.runs.optimizer) == {"torch-adam", "scipy-bfgs"}
    assert rows(home / "both").keys() == rows(home / "whole").keys()
    groups = both.manifest["suite"]["groups"]
    assert [[each["name"] for each in group["optimizers"]] for group in groups] == [["torch-adam"], ["scipy-bfgs"]]
    assert run(home / "both").added == 0  # the suite of both
    assert [name for name, _ in both.sources] == ["adam", "bfgs"]
    assert {manifest["command"] for _, manifest in both.sources} == {"bench.run('t')"}


def test_equal_runs_are_one_whatever_their_seconds(home):
    run(home / "again")
    done = merge([home / "whole", home / "again"], home / "all")
    assert (done.planned, done.there) == (12, 12)
    assert [name for name, _ in Results(home / "all").sources] == ["whole, again"]


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE runs SET best = -1.5 WHERE seed = 1 AND optimizer = 'scipy-bfgs' AND dim = 3", "best is .* and -1.5"),
        ("UPDATE runs SET status = 'crashed' WHERE seed = 1 AND optimizer = 'scipy-bfgs' AND dim = 3", "status is "),
        ("UPDATE runs SET counts = '{}' WHERE seed = 1 AND optimizer = 'scipy-bfgs' AND dim = 3", "counts is "),
        (
            "UPDATE runs SET (trajectory, trajectory_bytes) = (SELECT trajectory, trajectory_bytes FROM runs WHERE "
            "seed = 2 AND optimizer = 'scipy-bfgs' AND dim = 3) "
            "WHERE seed = 1 AND optimizer = 'scipy-bfgs' AND dim = 3",
            "its trajectory differs",
        ),
        (
            "UPDATE runs SET best_x = x'0000000000000000' WHERE seed = 1 AND optimizer = 'scipy-bfgs' AND dim = 3",
            "best_x",
        ),
    ],
)
def test_runs_in_conflict_are_refused_by_name_and_nothing_is_written(home, statement, what):
    change(home / "whole", statement, sealed=True)
    with pytest.raises(ValueError, match=f"1 run in conflict, nothing was written: rosenbrock, dim 3.*seed 1.*{what}"):
        merge([home / "bfgs", home / "whole"], home / "all")
    assert not (home / "all").exists() and not list(home.glob(".*"))
    merge([home / "adam", home / "s1"], home / "all")
    before = files(home / "all")
    with pytest.raises(ValueError, match="in conflict"):
        merge([home / "bfgs", home / "whole"], home / "all")
    assert rows(home / "all").keys() <= rows(home / "whole").keys() and files(home / "all") == before


def test_one_run_in_two_ways_is_refused(home):
    run(home / "longer", budget=30)
    with pytest.raises(ValueError, match=r"is of two ways: budget 20\.0 in whole and 30.0 in longer"):
        merge([home / "whole", home / "longer"], home / "all")
    assert not (home / "all").exists()


@pytest.mark.parametrize("kind", ["optimizer", "problem"])
def test_other_code_of_one_name_is_refused_though_no_run_is_in_both(home, kind):
    """A shard of another checkout: its runs are others' than those of the name."""
    change(home / "s2", f"UPDATE runs SET code = json_replace(code, '$.{kind}', 'another')", sealed=True)
    with pytest.raises(ValueError, match=f"the {kind} .* has other code in s2 than in s1"):
        merge([home / "s1", home / "s2"], home / "all")


def test_what_one_folder_has_not_finished_or_skipped_is_that_of_the_other(home):
    change(
        home / "whole", "UPDATE runs SET status = 'skipped', best = NULL WHERE optimizer = 'scipy-bfgs'", sealed=True
    )
    change(home / "adam", "UPDATE runs SET status = 'unbegun', best = NULL WHERE seed = 2", sealed=True)
    for order in (["whole", "adam", "bfgs"], ["bfgs", "adam", "whole"]):
        done = merge([home / name for name in order], home / "-".join(order))
        assert set(Results(done.folder).runs.status) <= {"budget", "target"}
        assert sum("had skipped or not finished" in note for note in done.notes) == 2


def test_damaged_runs_are_left_out_and_named_unless_another_folder_has_them(home):
    change(home / "s1", "UPDATE runs SET best = 7 WHERE seed = 0")
    lost = len(plan_of(home / "s1")) - len(rows(home / "s1"))
    done = merge([home / "s1", home / "s2", home / "s3"], home / "all")
    assert len(done.damaged) == lost > 0
    assert done.damaged[0].startswith("s1: rosenbrock, dim ") and "its checksum does not hold" in done.damaged[0]
    assert done.missing == f"{12 - lost} of 12 planned runs: nothing says why the others are not there."
    healed = merge([home / "s1", home / "whole"], home / "healed")
    assert (healed.missing, len(healed.damaged)) == ("", lost)


@pytest.mark.parametrize("key", ["shard", "merged", "entries"])
def test_a_manifest_that_does_not_tell_which_shards_lack_is_refused(home, key):
    """Else a shard of three is taken for a whole suite, and nothing lacks."""
    merge([home / "s1", home / "s2"], home / "first")
    folder = home / ("first" if key == "merged" else "s1")
    change(folder, "UPDATE manifest SET value = replace(value, '3', '1') WHERE key = ?", key)
    change(folder, "UPDATE manifest SET value = replace(value, 'shard', 'shar') WHERE key = ?", key)
    with pytest.raises(StoreError, match=f"is damaged: the manifest's {key}: its checksum does not hold"):
        merge([folder, home / "s3"], home / "all")
    assert not (home / "all").exists()


def test_links_in_a_circle_hold_no_results(home):
    (home / "circle").symlink_to("circle")
    with pytest.raises(ValueError, match="circle holds no results"):
        merge([home / "s1", home / "circle"], home / "all")


def test_one_folder_is_added_to_an_earlier_merge(home):
    with pytest.raises(ValueError, match=r"two or more folders, got .*s1; one is enough into an earlier merge"):
        merge([home / "s1"], home / "all")
    merge([home / "s1", home / "s2"], home / "all")
    done = merge([home / "s3"], home / "all")
    assert (done.planned, done.there, done.missing) == (12, 12, "")


def test_a_damaged_plan_is_refused(home):
    change(
        home / "s1", "UPDATE plan SET hash = 'f' || substr(hash, 2) WHERE position = (SELECT max(position) FROM plan)"
    )
    with pytest.raises(StoreError, match="s1 is damaged: the plan"):
        merge([home / "s1", home / "s2"], home / "all")


def test_versions_and_machines_that_differ_are_said_and_kept(home):
    change(
        home / "s2",
        "UPDATE runs SET versions = json_replace(versions, '$.numpy', '1.0', '$.scipy', '9.9')",
        sealed=True,
    )
    with closing(Store(home / "s2", create=True)) as store:
        store.note({"environment": {**store.manifest()["environment"], "cpu": "another"}})
    done = merge([home / "s1", home / "s2", home / "s3"], home / "all")
    assert any(note.startswith("numpy is ") and "1.0 in s2" in note for note in done.notes)
    assert any(note.startswith("Seconds are of several machines") and "another" in note for note in done.notes)
    sources = Results(home / "all").sources
    assert [name for name, _ in sources] == ["s1, s3", "s2"]
    assert sources[1][1]["environment"]["cpu"] == "another"
    change(home / "s3", "UPDATE runs SET versions = json_insert(versions, '$.with', 'scipy==1.0')", sealed=True)
    with pytest.raises(ValueError, match=r"other releases by --with.*s3 with scipy==1\.0"):
        merge([home / "s1", home / "s3"], home / "other")


def test_what_was_put_aside_and_runs_of_earlier_plans_come_along(home):
    with closing(Store(home / "s1", create=True)) as store:
        (first, *_) = store.planned()
        copied = store.row(first)
        store.put_aside([first])
        store.copy(copied)
    run(home / "adam", ["torch-sgd"])  # whose runs of torch-adam are of an earlier plan now
    done = merge([home / "s1", home / "s2", home / "s3", home / "adam"], home / "all")
    assert (done.planned, done.missing) == (18, "")
    with closing(Store(home / "all")) as store:
        assert [row["hash"] for row, _ in store.aside()] == [first]
        assert list(store.unplanned()) == [], "they are planned by the shards"
        assert {"optimizer", "problem"} and len(store.code()) == 4
    alone = merge([home / "adam", home / "bfgs"], home / "alone")
    with closing(Store(alone.folder)) as store:
        assert {row["optimizer"] for row, _ in store.unplanned()} == {"torch-adam"}


def test_folders_of_older_schemas_are_merged_as_they_are(home):
    with closing(sqlite3.connect(home / "adam" / "runs.db")) as db, db:
        for id, *row in db.execute(f"SELECT id, {', '.join(FIRST_COLUMNS)} FROM runs").fetchall():
            db.execute("UPDATE runs SET code = NULL, checksum = ? WHERE id = ?", (checksum(row), id))
        for table in ("code", "aside"):
            db.execute(f"DROP TABLE {table}")
        db.execute("CREATE TABLE old AS SELECT key, value FROM manifest WHERE key NOT IN ('plan', 'entries')")
        db.execute("DROP TABLE manifest")
        db.execute("ALTER TABLE old RENAME TO manifest")
        db.execute("PRAGMA user_version=1")
    done = merge([home / "adam", home / "bfgs", home / "whole"], home / "all")
    assert (done.planned, done.there, done.damaged) == (12, 12, [])
    assert verify(home / "all").faults == []


def test_what_does_not_go_together_is_a_sentence(home):
    run(home / "seeded", ["torch-sgd"])
    for key, value, message in (
        ("prices", {"value": 1.0, "gradient": 5.0}, "another prices of the suite"),
        ("seed", 2, "another seed of the suite"),
        ("until", "significant", "seeded was raced"),
    ):
        shutil.copytree(home / "seeded", home / key / "seeded")
        with closing(Store(home / key / "seeded", create=True)) as store:
            store.note({"suite": {**store.manifest()["suite"], key: value}})
        with pytest.raises(ValueError, match=message):
            merge([home / "whole", home / key / "seeded"], home / "all")
    with closing(Store(home / "seeded", create=True)) as store:
        store.note({"environment": {**store.manifest()["environment"], "imported from": "elsewhere"}})
    with pytest.raises(ValueError, match="one was imported, one was run"):
        merge([home / "whole", home / "seeded"], home / "all")
    assert not (home / "all").exists()


def test_shards_of_two_plans_or_two_numbers_are_a_sentence(home):
    with closing(Store(home / "s2", create=True)) as store:
        store.note({"shard": {**store.manifest()["shard"], "plan": "another"}})
    with pytest.raises(ValueError, match="s1 and s2 are shards of one suite, but of two plans"):
        merge([home / "s1", home / "s2"], home / "all")
    run(home / "s4", shard=Shard(1, 4))
    with pytest.raises(ValueError, match="s1 has shards of 3, and s4 shards of 4 of one suite"):
        merge([home / "s1", home / "s4"], home / "all")


def test_folders_are_named_once_and_nothing_is_written_over(home):
    for sources, into, message in (
        (["s1"], "all", "two or more folders"),
        (["s1", "s1"], "all", "each folder once"),
        (["s1", "s2"], "s2", "is one of the folders"),
        (["s1", "s2"], "whole", "holds results that are not of a merge"),
        (["s1", "nowhere"], "all", "holds no results"),
    ):
        with pytest.raises(ValueError, match=message):
            merge([home / source for source in sources], home / into)
    (home / "notes").mkdir()
    (home / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="is there already, and nothing is written over"):
        merge([home / "s1", home / "s2"], home / "notes")
    with alone_in(home / "s1"), pytest.raises(StoreError, match=r"another process is running into .*s1: wait for it"):
        merge([home / "s1", home / "s2"], home / "all")
    assert not (home / "all").exists()


def test_merge_from_python(home, monkeypatch):
    monkeypatch.setattr(api, "RESULTS", home)
    results = bench.merge(["s1", "s2", "s3"], "all")
    assert len(results.runs) == 12 and results.folder == home / "all"
    change(home / "s1", "UPDATE runs SET best = 7 WHERE seed = 0")
    with pytest.warns(UserWarning, match="its checksum does not hold"):
        bench.merge(["s1", "s2"], "some")


@pytest.mark.parametrize("what", [KeyboardInterrupt, OSError("no space")])
def test_a_merge_that_ends_half_way_leaves_nothing_or_what_was_there(home, monkeypatch, what):
    copy, copied = Store.copy, []

    def ends(self, row, aside=False):
        if len(copied) == 2:
            raise what
        copied.append(row)
        copy(self, row, aside)

    monkeypatch.setattr(Store, "copy", ends)
    with pytest.raises((KeyboardInterrupt, OSError)):
        merge([home / "s1", home / "s2"], home / "all")
    assert not (home / "all").exists() and not list(home.glob(".*"))
    monkeypatch.setattr(Store, "copy", copy)
    merge([home / "s1", home / "s2"], home / "all")
    before, planned, stored = rows(home / "all"), plan_of(home / "all"), hashes(home / "all")
    monkeypatch.setattr(Store, "copy", ends)
    copied.clear()
    with pytest.raises((KeyboardInterrupt, OSError)):
        merge([home / "whole", home / "s3"], home / "all")
    assert rows(home / "all") == before and before.keys() < rows(home / "whole").keys()
    assert plan_of(home / "all") == planned
    assert hashes(home / "all") == stored, "nor is a run there that no plan names"
    monkeypatch.setattr(Store, "copy", copy)
    assert merge([home / "whole", home / "s3"], home / "all").missing == ""
