"""What takes longest begins first: see tests/conftest.py."""

from pathlib import Path

from tests.conftest import LONGEST


def test_what_begins_first_is_there():
    assert [path for path in LONGEST if not (Path(__file__).parents[1] / path).exists()] == []
