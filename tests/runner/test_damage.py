"""What is missing is said, what is damaged is one row, and no number changes in silence."""

import sqlite3

import pytest

from bench.results.stored import Results
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.store import StoreError
from bench.runner.suite import make_suite


def again(folder):
    suite = make_suite(["odd-bowl"], ["odd-walk", "odd-descent"], budget=30, name="t", seeds=3)
    return run_suite(suite, folder, Launch(children=False, pictures=True))


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
