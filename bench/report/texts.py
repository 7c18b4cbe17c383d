"""Texts in figures for papers: their styles, how wide they are, and how long ones are folded."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

DOTS = 300  # an inch, of PNG and of measures
LONGEST = 200  # letters of a name; the middle of longer ones is left out
UNITS = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}  # inches; points are TeX's
NARROWEST, WIDEST = 2.0, 20.0  # inches
LINES = 1.25  # the distance of lines, in sizes of their letters


@dataclass(frozen=True)
class Look:
    """How a figure looks: its width in inches (None: what its panels take), the sizes of its letters in points, the
    width of its lines over the usual one, the size of its marks in points."""

    width: float | None = None
    label: float = 7.0
    title: float = 6.5
    tick: float = 6.0
    legend: float = 6.5
    facts: float = 4.8
    cell: float = 5.5
    line: float = 1.0
    mark: float = 3.0

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of matplotlib."""
        return {
            "font.size": self.label, "axes.labelsize": self.label, "axes.titlesize": self.title,
            "xtick.labelsize": self.tick, "ytick.labelsize": self.tick, "legend.fontsize": self.legend,
            "axes.linewidth": 0.6 * self.line, "grid.linewidth": 0.5 * self.line, "grid.color": "0.92",
            "axes.edgecolor": "0.6", "axes.titlepad": 3, "axes.titley": 1.0, "axes.labelpad": 2,
            "xtick.major.pad": 2, "ytick.major.pad": 2, "svg.fonttype": "none", "pdf.fonttype": 42,
        }  # fmt: skip


def paper(width: float) -> Look:
    """The look of a figure of this width in inches, printed as large as it is: letters of 7 and 8 points."""
    return Look(width, label=8, title=7.5, tick=7, legend=7, facts=7, cell=7, line=1.2, mark=3.5)


def inches(width: str | float) -> float:
    """A width such as "3.3in", "84mm", "8.4cm" or "240pt" (TeX's, 72.27 an inch) in inches; a number is in inches.

    Raises ValueError for anything else, and for one that is not from 2 to 20 inches.
    """
    match = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(in|cm|mm|pt)\s*", width) if isinstance(width, str) else None
    if isinstance(width, (int, float)) and not isinstance(width, bool):
        size = float(width)
    elif match:
        size = float(match[1]) * UNITS[match[2]]
    else:
        raise ValueError(f"width must be a length such as 3.3in, 8.4cm, 84mm or 240pt, got {width!r}")
    if not NARROWEST <= size <= WIDEST:
        raise ValueError(f"width must be from {NARROWEST:g} to {WIDEST:g} inches, got {width!r}")
    return size


@lru_cache(maxsize=1)
def _renderer() -> Any:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(8, 8, DOTS)


@lru_cache(maxsize=4096)
def text_width(text: str, points: float) -> float:
    """How wide a line is, in inches."""
    import warnings

    from matplotlib.font_manager import FontProperties

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        return _renderer().get_text_width_height_descent(text, FontProperties(size=points), False)[0] / DOTS


def plain(name: str) -> str:
    """A name as matplotlib shall print it: no mathematics, no control characters, no underscore that hides a label."""
    printable = _printable(name).replace("$", r"\$")
    return f" {printable}" if printable.startswith("_") else printable


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def folded(name: str, points: float, width: float) -> str:
    """A name as matplotlib shall print it, in lines that are no wider than so many inches: broken behind marks and
    spaces, before brackets, and within a word where that is too wide."""
    end = LONGEST // 3
    name = _printable(name if len(name) <= LONGEST else f"{name[: LONGEST - end - 1]}…{name[-end:]}")
    lines = [""]
    for word in re.split(r"(?<=[,\s:;/])|(?<=-)(?!\d)|(?=[\[+])", name):
        while word:
            if text_width((lines[-1] + word).strip(), points) <= width:
                lines[-1] += word
                break
            if lines[-1]:
                lines.append("")
                continue
            fits = next((n for n in range(len(word) - 1, 1, -1) if text_width(word[:n], points) <= width), 1)
            lines[-1], word = word[:fits], word[fits:]
    return "\n".join(plain(line.strip()) for line in lines if line.strip()) or " "


def prose(text: str, points: float, width: float) -> str:
    """Sentences in lines that are no wider than so many inches."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, points) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(map(plain, lines))


def height(text: str, points: float) -> float:
    """How high the lines of a text are together, in inches."""
    return LINES * points / 72 * (text.count("\n") + 1)
