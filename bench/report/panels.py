"""How figures for papers are drawn: the kinds of panels, how they are laid out on a page, and the files."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from bench.core.status import Status
from bench.measure.frames import CELL, Frame
from bench.measure.words import cell_name, target_name
from bench.report.styles import DASHES, Style

SUFFIXES = (".svg", ".pdf", ".png")
COLUMN, PAGE = 3.5, 7.0  # inches: the width of a column, and of a page of two
LINE, SMALL = 0.127, 0.087  # the height of a line of the legend, and of the facts below it, in inches
LETTER = 0.049  # the width of one of 6.5 points, in inches
DOTS = 300  # an inch, of PNG
SHOWN = 3  # curves of each order that a crowded panel shows
PANELS, ROWS = 24, 48  # of a page
EXPONENTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOOK = {
    "font.size": 7, "axes.titlesize": 6.5, "axes.labelsize": 7, "xtick.labelsize": 6, "ytick.labelsize": 6,
    "axes.linewidth": 0.6, "grid.linewidth": 0.5, "grid.color": "0.92", "axes.edgecolor": "0.6", "axes.titlepad": 3,
    "axes.titley": 1.0, "xtick.major.pad": 2, "ytick.major.pad": 2, "svg.fonttype": "none", "pdf.fonttype": 42,
}  # fmt: skip
MARKS = {"solid": "o", "dash": "s", "dot": "^", "dashdot": "P", "longdash": "X"}  # by the dash of a style
VALUES = {"gap": "f - f_opt", "value": "f"}  # titles of axes
STARS = {"default": ("D", 5.0), "tuned": ("*", 8.0)}  # marks of settings, with their sizes in points


@dataclass(frozen=True)
class Box:
    """The axes of a panel and the room around them, in inches."""

    wide: float
    high: float
    left: float = 0.5
    right: float = 0.1
    top: float = 0.2
    bottom: float = 0.36


def plain(name: str) -> str:
    """A name as matplotlib shall print it: no mathematics, no control characters, no underscore that hides a label."""
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name).replace("$", r"\$")
    return f" {printable}" if printable.startswith("_") else printable


def short(name: str, most: int = 40) -> str:
    """A name as matplotlib shall print it, its middle left out where it is longer than that."""
    ends = most * 2 // 3, most - most * 2 // 3 - 1
    return plain(name if len(name) <= most else f"{name[: ends[0]]}…{name[-ends[1] :]}")


@dataclass(frozen=True)
class Panel(ABC):
    """How a panel is drawn: with which curves, on how much room."""

    styles: Mapping[str, Style]

    def legend(self) -> list[str]:
        """All entries that the legend may have, in their order."""
        return list(self.styles)

    def names(self, frame: Frame) -> list[str]:
        """The entries of the legend that a panel with these rows needs."""
        return []

    def handle(self, name: str) -> dict[str, Any]:
        """The sample of an entry of the legend: what a Line2D takes."""
        return {"label": short(name)}

    def box(self, frames: Sequence[Frame], columns: int) -> Box:
        """The room of each of these panels, so many beside each other."""
        if columns == 1:
            return Box(COLUMN - 0.6, 2.1, top=0.08)
        wide = PAGE / columns - 0.58
        return Box(wide, 0.75 * wide, left=0.47, right=0.11, bottom=0.2)

    @abstractmethod
    def draw(self, axes: Any, frame: Frame) -> None:
        """Draw a panel, with its scales, ticks and titles."""


@dataclass(frozen=True)
class Curves(Panel):
    """Lines over x, one for each value of the column `curve`.

    y_title: "" for that of the kind of a panel. better: whether "low" or "high" curves are better. band: between
    columns low and high. marks: at each point, and at the upper edge where y is infinite. most: a panel with more
    curves is crowded, and shows the best of each order only. remarks: by name of curve, for the legend.
    """

    x_title: str
    y_title: str = ""
    curve: str = "optimizer"
    x: str = "cost"
    y: str = "fraction"
    better: str = "high"
    step: bool = False
    band: bool = False
    marks: bool = False
    most: int = 2 * SHOWN
    remarks: Mapping[str, str] = field(default_factory=dict)

    def log(self, frame: Frame) -> bool:
        """Whether the vertical axis is logarithmic: where lower is better and all values allow it."""
        return self.better == "low" and bool(
            (frame[self.y] > 0).all() and (not self.band or (frame.low.fillna(1) > 0).all())
        )

    def names(self, frame: Frame) -> list[str]:
        """The curves that are shown: of a crowded panel the best of each order, by their mean height."""
        names = set(frame[self.curve])
        if len(names) > self.most:
            frame = frame[np.isfinite(frame[self.y]).groupby(frame[self.curve]).transform("any")]
            height = np.log10(frame[self.y]) if self.log(frame) else frame[self.y].astype(float)
            height = height.fillna(np.inf).clip(upper=height[np.isfinite(height)].max())
            mean = height.groupby(frame[self.curve]).mean().sort_values(ascending=self.better == "low", kind="stable")
            orders = mean.index.map(lambda name: self.styles[name].order)
            names = {name for order in set(orders) for name in mean.index[orders == order][:SHOWN]}
        return [name for name in self.styles if name in names]

    def handle(self, name: str) -> dict[str, Any]:
        style, remark = self.styles[name], self.remarks.get(name, "")
        dash = DASHES[style.dash]
        look = {"color": style.color, "linewidth": 0.4 + 0.35 * style.width, "linestyle": (0, dash) if dash else "-"}
        mark = {"marker": MARKS[style.dash], "markersize": 3} if self.marks else {}
        return {**look, **mark, "label": short(name) + (f" ({remark})" if remark else "")}

    def _aside(self, frame: Frame, name: str) -> float:
        """By what factor a mark of this curve stands beside its x, so that none hides another, nor comes near another
        x."""
        unsolved = [each for each in self.names(frame) if np.isinf(frame[self.y][frame[self.curve] == each]).any()]
        x = np.log(np.unique(frame[self.x].to_numpy(float)))
        room = 0.5 * float(np.diff(x).min()) if len(x) > 1 else 0.5
        step = min(0.06, room / max(len(unsolved) - 1, 1))
        return float(np.exp(step * (unsolved.index(name) - (len(unsolved) - 1) / 2)))

    def draw(self, axes: Any, frame: Frame) -> None:
        curves, names = dict(list(frame.groupby(self.curve))), self.names(frame)
        log = self.log(frame[frame[self.curve].isin(names)])
        axes.set_xscale("log")
        if log:
            axes.set_yscale("log")
        elif self.better == "high":
            axes.set(ylim=(0, 1.02), yticks=(0, 0.25, 0.5, 0.75, 1), yticklabels=("0", "", "0.5", "", "1"))
        for name in names:
            rows, color = curves[name], self.styles[name].color
            y = rows[self.y].where(np.isfinite(rows[self.y]))
            axes.plot(rows[self.x], y, drawstyle="steps-post" if self.step else "default", **self.handle(name))
            if self.band:
                bars = rows[np.isfinite(rows.low) & np.isfinite(rows.high)]
                if self.marks:
                    axes.vlines(bars[self.x], bars.low, bars.high, color=color, linewidth=0.7)
                else:
                    axes.fill_between(bars[self.x], bars.low, bars.high, color=color, alpha=0.15, linewidth=0)
            if self.marks and np.isinf(rows[self.y]).any():
                never = rows[self.x][np.isinf(rows[self.y])].to_numpy(float)
                x = never * self._aside(frame, name)
                look = {**self.handle(name), "linestyle": "", "label": "", "markerfacecolor": "white", "clip_on": False}
                axes.plot(x, np.full(len(x), 0.96), transform=axes.get_xaxis_transform(), **look)
        axes.margins(x=0.04 if self.marks else 0.0)
        small = _width(axes) < 2
        if self.marks:
            value_ticks(axes.xaxis, frame[self.x].unique(), 5)
        else:
            log_ticks(axes.xaxis, 3 if small else 7)
        if log:
            log_ticks(axes.yaxis, 4 if small else 6)
        axes.set(xlabel=self.x_title, ylabel=self.y_title or VALUES[frame.kind.iloc[0]])


@dataclass(frozen=True)
class Points(Panel):
    """What each setting reached (column reached) over one hyperparameter (column value), on the scale that the column
    scale says; the column role tells defaults and tuned settings."""

    def names(self, frame: Frame) -> list[str]:
        """The optimizers of the panel."""
        return [name for name in self.styles if name in set(frame.optimizer)]

    def handle(self, name: str) -> dict[str, Any]:
        style = self.styles[name]
        look = {"color": style.color, "linestyle": "", "marker": MARKS[style.dash], "markersize": 3}
        return {**look, "label": short(name)}

    def box(self, frames: Sequence[Frame], columns: int) -> Box:
        choices = [str(value) for frame in frames for value in frame["value"][frame["scale"] == "choice"]]
        longest = max((min(len(value), 16) for value in choices), default=0)  # names of choices stand upright
        return replace(super().box(frames, columns), bottom=0.32 + LETTER * longest)

    def draw(self, axes: Any, frame: Frame) -> None:
        scale = frame["scale"].iloc[0]
        for name in self.names(frame):
            for role, rows in frame[frame.optimizer == name].groupby("role"):
                mark, size = STARS.get(role, (MARKS[self.styles[name].dash], 3.0))
                x = [short(str(value), 16) for value in rows.value] if scale == "choice" else rows.value.astype(float)
                axes.plot(x, rows.reached, mark, markersize=size, color=self.styles[name].color, alpha=0.8)
        if scale == "choice":
            axes.tick_params(axis="x", labelrotation=90)
        elif scale == "log":
            axes.set_xscale("log")
            log_ticks(axes.xaxis, 4)
        else:
            axes.locator_params(axis="x", nbins=4)
        if frame.reached.min() > 0 and frame.reached.max() >= 10 * frame.reached.min():
            axes.set_yscale("log")
            log_ticks(axes.yaxis, 4)
        axes.set(xlabel=short(str(frame.hyperparameter.iloc[0]), 24), ylabel=VALUES[frame.kind.iloc[0]])


@dataclass(frozen=True)
class Table(Panel):
    """A heat map of expected runtimes: problems and dims by optimizers, the colour by the factor over the least."""

    worst: float = 3.0  # decades above the least, from which all colours are the same

    def box(self, frames: Sequence[Frame], columns: int) -> Box:
        (frame,) = frames
        names, rows = frame.optimizer.unique(), frame[CELL].drop_duplicates()
        longest = max(len(_row_name(row)) for row in frame.drop_duplicates(CELL).itertuples())
        head = 0.92 * LETTER * max(min(len(name), 30) for name in names)
        margin = 0.12 + 0.95 * LETTER * longest
        wide = float(np.clip(len(names) * 0.42, 1.2, max(1.5, PAGE - margin - 0.85)))
        return Box(wide, 0.2 * len(rows), margin, right=0.85, top=0.1 + head, bottom=0.1)

    def draw(self, axes: Any, frame: Frame) -> None:
        import seaborn as sns
        from matplotlib.ticker import FixedLocator

        names = [name for name in self.styles if name in set(frame.optimizer)]
        row = frame.groupby(CELL, sort=False).ngroup().to_numpy()
        column = frame.optimizer.map({name: n for n, name in enumerate(names)}).to_numpy()
        color = np.full((row.max() + 1, len(names)), np.nan)
        texts = np.full(color.shape, "", dtype=object)
        with np.errstate(divide="ignore"):
            color[row, column] = np.log10(frame.gap.where(np.isfinite(frame.ert)))
        texts[row, column] = [_entry(row) for row in frame.itertuples()]
        width = _width(axes)
        beside = axes.inset_axes((1 + 0.12 / width, 0.0, 0.08 / width, 1.0))
        sns.heatmap(
            np.clip(color, 0, self.worst), vmin=0, vmax=self.worst, cmap="viridis_r", linewidths=0.5, ax=axes,
            cbar_ax=beside,
        )  # fmt: skip
        tones = np.where(np.isnan(color), "0.35", np.where(color > 0.55 * self.worst, "white", "black"))
        look = {"ha": "center", "va": "center", "linespacing": 0.95}
        size = float(np.clip(width / len(names) * 15, 3, 5.5))
        axes.set_facecolor("0.97")
        for (y, x), text in np.ndenumerate(texts):
            axes.text(x + 0.5, y + 0.52, text, fontsize=size, color=tones[y, x], **look)
        labels = [plain(_row_name(row)) for row in frame.drop_duplicates(CELL).itertuples()]
        axes.set_yticks(np.arange(len(labels)) + 0.5, labels, rotation=0)
        axes.set_xticks(np.arange(len(names)) + 0.5, [short(name, 30) for name in names], rotation=90)
        axes.tick_params(axis="x", top=False, labeltop=True, bottom=False, labelbottom=False, pad=1)
        axes.tick_params(axis="y", left=False)
        axes.grid(False)
        axes.set(xlabel="", ylabel="")
        decades = np.arange(int(self.worst) + 1)
        beside.yaxis.set_major_locator(FixedLocator(decades.tolist()))
        beside.set_yticklabels([f"{'≥ ' if n == self.worst else ''}{10**n:,}" for n in decades])
        beside.set_ylabel("times the minimum", labelpad=2)


def _width(axes: Any) -> float:
    """In inches."""
    return axes.get_position().width * axes.figure.get_figwidth()


def _row_name(row: Any) -> str:
    name = row.problem if len(row.problem) <= 24 else f"{row.problem[:16]}…{row.problem[-7:]}"
    return f"{cell_name(name, row.dim)}: {target_name(row.kind, row.target)}"


def _entry(row: Any) -> str:
    """The ERT of a cell with two digits, and k/n below where not all runs reached the target."""
    if row.runs == 0:
        return Status.SKIPPED.value
    solved = "" if row.successes == row.runs else f"{row.successes}/{row.runs}"
    value = f"{float(f'{row.ert:.2g}'):g}" if row.ert < 1e4 else f"{row.ert:.1e}".replace("e+0", "e")
    return "\n".join(text for text in (value if row.successes else "", solved) if text)


@dataclass(frozen=True)
class Rows(Panel):
    """One row for each optimizer: marks at the columns `marks` (name of column: its words for the legend), the first
    with a line between columns low and high where there are such."""

    marks: Mapping[str, str]
    x_title: str
    log: bool = False

    def legend(self) -> list[str]:
        return list(self.marks)

    def names(self, frame: Frame) -> list[str]:
        """The marks, where there are several."""
        return list(self.marks) if len(self.marks) > 1 else []

    def handle(self, name: str) -> dict[str, Any]:
        hollow = name != next(iter(self.marks))
        return {
            "linestyle": "", "marker": "D" if hollow else "o", "markersize": 3, "label": self.marks[name],
            "markerfacecolor": "white" if hollow else None, "color": "0.3",
        }  # fmt: skip

    def box(self, frames: Sequence[Frame], columns: int) -> Box:
        (frame,) = frames
        margin = 0.12 + LETTER * max(min(len(self._label(row)), 40) for row in frame.itertuples())
        return Box(max(1.6, COLUMN - margin - 0.1), 0.15 * len(frame) + 0.1, margin, top=0.08)

    def draw(self, axes: Any, frame: Frame) -> None:
        if self.log:
            axes.set_xscale("log")
        for y, row in enumerate(frame.itertuples()):
            color = self.styles[row.optimizer].color
            at = [getattr(row, name) for name in self.marks]
            ends = [row.low, row.high] if "low" in frame else at
            axes.plot(ends, [y, y], color=color, linewidth=1.2)
            for name, x in zip(self.marks, at, strict=True):
                axes.plot([x], [y], **{**self.handle(name), "color": color})
        axes.set_yticks(range(len(frame)), [short(self._label(row)) for row in frame.itertuples()])
        axes.set(ylim=(len(frame) - 0.4, -0.6), xlabel=self.x_title)
        if self.log:
            log_ticks(axes.xaxis, 6)
        else:
            axes.locator_params(axis="x", nbins=5)

    @staticmethod
    def _label(row: Any) -> str:
        return row.optimizer + (f", {row.remark}" if getattr(row, "remark", "") else "")


@dataclass(frozen=True)
class Figure:
    """One figure of a paper: a panel for each value of the columns `by`, or one.

    frame: what is drawn, and its CSV; with a column family where it may be cut into pages. note: what it shows, in
    words; facts: targets, prices and numbers, printed below it.
    """

    name: str
    title: str
    note: str
    facts: str
    frame: Frame
    panel: Panel
    by: tuple[str, ...] = ()

    def views(self) -> list[tuple[str, Frame]]:
        """Each panel's label and rows; a figure without panels has one, labelled ""."""
        if not self.by:
            return [("", self.frame)] if len(self.frame) else []
        label = self.by if not isinstance(self.panel, Points) else CELL  # the axis tells the hyperparameter
        panels = [frame for _, frame in self.frame.groupby(list(self.by), sort=False)]
        return [(_title({name: frame[name].iloc[0] for name in label}), frame) for frame in panels]

    def pages(self) -> "list[Figure]":
        """This figure, or, where it has more panels (a table: rows) than fit a page, one for each family, or for each
        family and dim, which their names tell."""
        unit, most = (list(self.by), PANELS) if self.by else (CELL, ROWS)
        if not self.by and not isinstance(self.panel, Table):
            return [self]
        cuts = [cut for cut in (["family"], ["family", "dim"]) if set(cut) <= set(self.frame.columns)]
        pages = [((), self.frame)]
        while cuts and max(len(frame[unit].drop_duplicates()) for _, frame in pages) > most:
            pages = list(self.frame.groupby(cuts.pop(0), sort=False))
        if len(pages) == 1:
            return [self]
        endings = [re.sub("[^a-z0-9]+", "-", "-dim-".join(map(str, key)).lower())[:40].strip("-") for key, _ in pages]
        if len({*endings} - {""}) < len(pages):
            endings = [f"{n:02}" for n in range(1, len(pages) + 1)]
        return [
            replace(self, name=f"{self.name}-{end}", frame=frame)
            for end, (_, frame) in zip(endings, pages, strict=True)
        ]

    def crowded(self) -> str:
        """The rule by which curves are left out, where some are."""
        panel = self.panel
        if isinstance(panel, Curves) and any(len(panel.names(p)) < p[panel.curve].nunique() for _, p in self.views()):
            return f" Where there are more than {panel.most} curves: the {SHOWN} best of each order."
        return ""

    def caption(self) -> str:
        """What a reader has to know: the note, and which curves are left out."""
        return self.note + self.crowded()


def _title(named: Mapping[str, Any]) -> str:
    """A panel's label: `ellipsoid, dim 10`, `dim 10`, `toys`."""
    texts = [str(value) for column, value in named.items() if column not in CELL]
    if "problem" in named:
        texts.append(cell_name(named["problem"], named["dim"]) if "dim" in named else str(named["problem"]))
    elif "dim" in named:
        texts.append(f"dim {named['dim']}")
    return ": ".join(texts)


def new_file(path: Path, kind: str) -> Path:
    """The path, if a figure or picture (kind) may be written there.

    Raises ValueError for a suffix that is not of SUFFIXES, for what is there already, and where its folder is not.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"a {kind} must end in {', '.join(SUFFIXES)}, got {str(path)!r}")
    if path.exists() or path.is_symlink():
        raise ValueError(f"{path} is there already, and nothing is written over: choose another name")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}, where the {kind} should go, is not a folder: make it first")
    return path


def save(figure: Figure, *paths: Path) -> None:
    """Draw a figure once, and write it to each path as SVG (text as text), PDF or PNG by its suffix; the same bytes
    every time."""
    import warnings

    import matplotlib as mpl
    import seaborn as sns

    words = {"Title": figure.title}
    facts = {
        ".svg": {**words, "Description": figure.caption(), "Date": None},
        ".pdf": {**words, "Subject": figure.caption(), "CreationDate": None},
        ".png": {**words, "Description": figure.caption(), "Software": None},
    }
    look: Any = {**sns.axes_style("whitegrid"), **LOOK, "svg.hashsalt": figure.name}
    with mpl.rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in a script the font does not have
        canvas = drawn(figure)
        for path in paths:
            canvas.savefig(path, format=path.suffix[1:], dpi=DOTS, metadata=facts[path.suffix])


def drawn(figure: Figure) -> Any:
    """The matplotlib figure: panels of equal size in rows, then the names, then the facts.

    Laid out by hand, because the automatic layouts draw everything several times: seconds with many panels.
    """
    from matplotlib.figure import Figure as Canvas
    from matplotlib.lines import Line2D

    views = figure.views()
    if not views:
        canvas = Canvas(figsize=(COLUMN, 1.0))
        canvas.text(0.5, 0.5, "no data", ha="center", va="center", color="0.4")
        return canvas
    columns = 3 if len(views) in (3, 5, 6, 9) else min(4, len(views))
    rows = [[frame for _, frame in views[begin : begin + columns]] for begin in range(0, len(views), columns)]
    boxes = [figure.panel.box(row, columns) for row in rows]
    tops = np.cumsum([0.0, *(box.top + box.high + box.bottom for box in boxes)])
    step = max(box.left + box.wide + box.right for box in boxes)
    width = max(columns * step, COLUMN)
    entries = {name for _, frame in views for name in figure.panel.names(frame)}
    names = [name for name in figure.panel.legend() if name in entries]
    handles = [figure.panel.handle(name) for name in names]
    beside = max(1, int(width / (0.37 + LETTER * max((len(look["label"]) for look in handles), default=1))))
    facts = wrap(figure.facts + figure.crowded(), int(width / 0.037))
    titles = 0.16 if len(views) > 1 else 0.0  # of the lowest axes
    below = LINE * -(-len(names) // beside) + SMALL * len(facts) + 0.1
    height = tops[-1] + titles + below
    canvas = Canvas(figsize=(width, height))
    previous = ""
    for number_, (label, frame) in enumerate(views):
        box, x, top = boxes[number_ // columns], (number_ % columns) * step, height - tops[number_ // columns]
        place = (x + box.left, top - box.top - box.high, box.wide, box.high)
        axes = canvas.add_axes(tuple(np.divide(place, (width, height, width, height))))
        figure.panel.draw(axes, frame)
        title = axes.get_ylabel()
        if number_ % columns and title == previous:
            axes.set_ylabel("")
        previous = title
        if columns > 1:
            axes.set_title(short(label, int((box.wide + 0.2) / LETTER)))
            if number_ + columns < len(views) and not isinstance(figure.panel, Points):
                axes.set_xlabel("")
        if not isinstance(figure.panel, (Table, Rows)):
            axes.yaxis.set_label_coords(-0.36 / box.wide, 0.5)
    if names:
        canvas.legend(
            handles=[Line2D([], [], **look) for look in handles], loc="lower center", ncols=beside,
            bbox_to_anchor=(0.5, (SMALL * len(facts) + 0.07) / height), fontsize=6.5, frameon=False, handlelength=2.2,
            columnspacing=1.2, handletextpad=0.5, borderaxespad=0, borderpad=0, labelspacing=0.35,
        )  # fmt: skip
    small: Any = {"fontsize": 4.8, "color": "0.45", "linespacing": 1.25}
    canvas.text(0.06 / width, 0.03 / height, "\n".join(facts), va="bottom", **small)
    return canvas


def log_ticks(axis: Any, most: int) -> None:
    """At most so many ticks of a logarithmic axis at whole powers of ten, or at 1, 2 and 5 where there are too few;
    labelled without mathematics, which takes ten times as long to set."""
    low, high = sorted(axis.get_view_interval())
    first, last = (int(n) for n in (np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(high) + 1e-9)))
    if last - first >= 1:
        powers = range(first, last + 1, -(-(last - first + 1) // most))
        at = [10.0**n for n in powers]
        labels = [f"{10.0**n:g}" for n in powers]
        if first < -2 or last > 3:
            labels = ["10" + str(n).translate(EXPONENTS) for n in powers]
    else:
        at = [m * 10.0**n for n in range(first - 1, last + 2) for m in (1, 2, 5)]
        at = [x for x in at if low <= x <= high] or [float(np.sqrt(low * high))]
        at = at[:: -(-len(at) // min(most, 4))]
        labels = [_brief(x) for x in at]
    _set_ticks(axis, at, labels)


def _brief(x: float) -> str:
    """A number in few letters: `0.5`, `200`, `2·10⁵`."""
    if 1e-2 <= x < 1e4:
        return f"{x:g}"
    exponent = int(np.floor(np.log10(x) + 1e-9))
    return f"{x / 10**exponent:.2g}·10{str(exponent).translate(EXPONENTS)}"


def value_ticks(axis: Any, values: Sequence[float], most: int) -> None:
    """At most so many ticks of a logarithmic axis, at these values, the last among them."""
    kept = sorted(values)[:: -max(1, -(-len(values) // most))]
    _set_ticks(axis, kept, [f"{value:g}" for value in kept])


def _set_ticks(axis: Any, at: Sequence[float], labels: Sequence[str]) -> None:
    """These ticks alone, within the limits that the axis has."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axis.set_major_locator(FixedLocator(at))
    axis.set_minor_locator(NullLocator())
    axis.set_ticklabels(labels)
