"""What takes longest begins first: see tests/conftest.py."""

from pathlib import Path

from tests.conftest import BROWSER, IN_BROWSER, LONGEST


def test_what_begins_first_is_there():
    paths = [path for path in LONGEST if path != BROWSER] + [*IN_BROWSER]
    assert [path for path in paths if not (Path(__file__).parents[1] / path).exists()] == []
