"""How things are shown in a Python prompt and in a notebook: a title over a table of names and facts."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

# what would steer a terminal (but for line breaks and tabs) or turn its writing round, and halves of characters
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text for a terminal: each control character is a question mark."""
    return STEERING.sub("?", text)


def written(value: Any) -> str:
    """A value as `bench.core.registry.cast` reads it from a text: 64x32 for a tuple or list, () for an empty one."""
    return "x".join(map(written, value)) or "()" if isinstance(value, (tuple, list)) else str(value)


def as_text(title: str, facts: Mapping[str, str]) -> str:
    """The title, and a line for each fact, indented, with the names in one column."""
    width = max(map(len, facts), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {fact}" for name, fact in facts.items())])


def as_html(title: str, facts: Mapping[str, str]) -> str:
    """The same as a table of HTML."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(fact)}</td></tr>"
        for name, fact in facts.items()
    )
    return f"<table><caption style='text-align:left'>{escape(title)}</caption>{rows}</table>"
