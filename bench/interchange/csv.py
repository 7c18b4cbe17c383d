"""Frames as CSV that a spreadsheet may open: no text of theirs is run as a formula."""

import re
from pathlib import Path
from typing import Any

from bench.core.files import whole

FORMULA = r"\s*[=+\-@]|[\t\r]"  # a spreadsheet would run such a cell


def save_csv(frame: Any, path: Path) -> None:
    """Write a frame; text that a spreadsheet would take for a formula gets a leading quote, numbers stay."""
    texts = frame.select_dtypes(include=["object", "string"]).columns
    plain = frame.assign(**{name: frame[name].map(_quoted) for name in texts})
    with whole(path) as draft:
        plain.to_csv(draft, index=False, lineterminator="\n")


def _quoted(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and re.match(FORMULA, value) else value
