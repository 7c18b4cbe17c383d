"""Seconds as users write them."""

import re
from datetime import timedelta
from math import inf
from typing import Any

from bench.core.gate import python_number

UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PART = r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)"


def seconds(value: Any, name: str) -> float:
    """A number of seconds, a `timedelta`, or a text as `90s`, `20min`, `1.5h`, `1h 30min`; raises ValueError with the
    name for what is none, or not above 0."""
    number = value.total_seconds() if isinstance(value, timedelta) else python_number(value)
    if isinstance(number, str):
        text = number.strip().lower()
        parts = re.findall(PART, text) if re.fullmatch(rf"(?:{PART}\s*)+", text) else []
        whole = parts and all(unit in UNITS for _, unit in parts)
        number = sum(float(amount) * UNITS[unit] for amount, unit in parts) if whole else None
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 < number < inf:
        raise ValueError(f"{name} must be seconds above 0, or a text as 90s, 20min or 2h, got {value!r}")
    return float(number)
