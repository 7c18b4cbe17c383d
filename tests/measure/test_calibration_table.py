"""The scenarios of tests/measure/calibration: a short form of those of intervals, and all of them (slow)."""

import numpy as np
import pandas as pd
import pytest

from tests.measure.calibration import intervals, rows, table

SHORT = 50  # experiments in a cell


@pytest.mark.parametrize("name", intervals.SCENARIOS)
def test_intervals_hold_the_truth_in_a_few_experiments(name):
    """In every row at least as often as stated, but for three standard errors of so few."""
    measured = table.measured(name, SHORT)
    assert (measured.experiments >= SHORT).all()
    least = measured.stated - 3 * np.sqrt(measured.stated * (1 - measured.stated) / measured.experiments)
    low = measured[measured.measured < least]
    assert low.empty, f"\n{low.to_string()}"


@pytest.mark.slow
@pytest.mark.parametrize("name", table.SCENARIOS)
def test_every_row_of_the_whole_grid_holds(name):
    measured = table.measured(name, table.EXPERIMENTS)
    low = measured[~measured.holds]
    assert low.empty, f"\n{low.to_string()}"


def test_rows_by_hand():
    """90 of 100 are enough of at least 90 %, 89 are not; at most 5 % are 11, by three errors of 2.2 %, and not 12."""
    hits = np.arange(100)
    assert rows.row(hits < 90, 0.9, "at least")["holds"] and not rows.row(hits < 89, 0.9, "at least")["holds"]
    assert rows.errors(hits < 11)["holds"] and not rows.errors(hits < 12)["holds"]
    row = rows.coverage(np.zeros(4), np.array([1.0, 1, 1, 0.4]), 0.5, n=5, group="few")
    assert (row["n"], row["group"], row["measured"], row["experiments"], row["holds"]) == (5, "few", 0.75, 4, False)
    assert row["standard_error"] == pytest.approx(np.sqrt(0.75 * 0.25 / 4))


def test_the_table_names_the_worst_of_each_group_and_what_does_not_hold():
    hits = np.arange(100)
    levels = {"one": 95, "two": 92, "three": 70}
    made = [rows.row(hits < n, 0.9, "at least", group=name[0], at=name) for name, n in levels.items()]
    made.append(rows.errors(hits < 8, group="t", at="four"))
    text = table.text([table.frame("some claim", made)])
    assert "| some claim | o | 1 | at least 90 % | 95.0 % ± 2.2 % | at one |" in text
    assert "| some claim | t | 2 | at least 90 % | 70.0 % ± 4.6 % | at three |" in text
    assert "| some claim | t | 1 | at most 5 % + 3 standard errors | 8.0 % ± 2.7 % | at four |" in text
    assert text.endswith("4 rows, of which 1 do not hold:\n- some claim, at three: 70.0 %")


def test_the_table_of_the_readme_is_that_of_its_rows():
    assert table.between(table.read()) in (table.REPORTS / "README.md").read_text()
    assert len(table.read()) == len(pd.read_csv(table.REPORTS / table.ROWS))


def test_rows_of_one_claim_replace_those_that_there_were(monkeypatch, tmp_path):
    monkeypatch.setattr(table, "REPORTS", tmp_path)
    monkeypatch.setattr(table, "SCENARIOS", dict.fromkeys("abc"))
    (tmp_path / "README.md").write_text(f"Before\n{table.BEGIN}old{table.END}\nAfter")
    old = [table.frame(name, [rows.errors(np.arange(100) < 3, at="old")]) for name in "ca"]
    pd.concat(old).to_csv(tmp_path / table.ROWS, index=False)
    table.store(table.frame("c", [rows.errors(np.arange(100) < 4, at="new")]))
    assert table.read()[["claim", "setting"]].to_numpy().tolist() == [["a", "at old"], ["c", "at new"]]
    text = (tmp_path / "README.md").read_text()
    assert text == f"Before\n{table.between(table.read())}\nAfter"
    assert "Not measured: b." in text
