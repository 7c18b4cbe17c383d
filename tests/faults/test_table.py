"""Each fault a few times; and the table of many, as `make faults` wrote it, is the documented one."""

import zlib

import numpy as np
import pytest

from tests.faults import table
from tests.faults.injected import Outcome
from tests.faults.table import FAULTS, documented


@pytest.mark.parametrize("name", FAULTS)
def test_a_few_faults_do_no_harm(tmp_path, name, evil_methods):
    fault = FAULTS[name]
    outcome = fault.inject(tmp_path, fault.small, np.random.default_rng(zlib.crc32(name.encode()) + 1))
    assert outcome.clean, outcome
    assert outcome.injected or not outcome.notes


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_many_faults_do_no_harm(tmp_path, name, evil_methods):
    fault = FAULTS[name]
    outcome = fault.inject(tmp_path, fault.large, np.random.default_rng(zlib.crc32(name.encode())))
    assert outcome.clean, outcome


def test_the_documented_table_has_every_fault_and_no_harm():
    rows = documented()
    assert [cells[0] for cells in rows] == list(FAULTS)
    for cells in rows:
        assert cells[2:6] == ["0"] * 4, cells
        assert int(cells[1].replace(",", "")) > 0


def test_a_row_takes_the_place_of_the_earlier_one(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "README", tmp_path / "README.md")
    table.README.write_text(f"before\n{table.BEGIN}\n{table.END}\nafter")
    first, second = list(FAULTS)[:2]
    for name, outcome in ((second, Outcome(1)), (first, Outcome(1200, lost=2, seconds=3.25)), (second, Outcome(7))):
        table.store(table.row(name, outcome))
    assert documented() == [
        [first, "1,200", "2", "0", "0", "0", "3.2"],
        [second, "7", "0", "0", "0", "0", "0.0"],
    ]
    text = table.README.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter") and text.count(table.HEAD) == 1
