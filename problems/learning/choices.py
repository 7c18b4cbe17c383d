"""Parameters that are one of a few words."""

from typing import Any, get_args


def check_choice(name: str, value: str, options: Any) -> None:
    """Raises ValueError where the value is none of a Literal's words."""
    if value not in get_args(options):
        raise ValueError(f"{name} must be one of {', '.join(get_args(options))}, got {value!r}")
