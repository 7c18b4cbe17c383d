"""How figures for papers are drawn: the kinds of panels, how they are laid out on a page, and the files."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import whole
from bench.core.status import Status
from bench.interchange.files import check_file
from bench.measure.frames import CELL, Frame
from bench.measure.words import cell_name, target_name
from bench.report.styles import DASHES, Style
from bench.report.texts import DOTS, LINES, Look, folded, height, prose, text_width

SUFFIXES = (".svg", ".pdf", ".png")
COLUMN, PAGE = 3.5, 7.0  # inches: the width of a figure of one panel, and of several
ACROSS = 1.6  # inches that a panel takes at least, beside others on a given width
UPRIGHT, HEADS, ASIDE = 0.8, 1.6, 2.4  # inches of names below an axis, above a table, beside rows: longer ones fold
PAD = 0.04  # inches around what is drawn
WEAK = {"linewidth": 0.5, "alpha": 0.5, "zorder": 1.5}  # of curves beside those that are drawn strongly
SHOWN = 3  # curves of each order that a crowded panel shows
PANELS, ROWS = 24, 48  # of a page
EXPONENTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN = Look()
MARKS = {"solid": "o", "dash": "s", "dot": "^", "dashdot": "P", "longdash": "X"}  # by the dash of a style
FAR, MOST_DRAWN = 1e290, 1e308  # a value with which the margin of an axis reaches infinity, and where such an axis ends
SCALE = "scale"  # of a frame of a table: whether its scale of colours is drawn
VALUES = {"gap": "f - f_opt", "value": "f"}  # titles of axes
STARS = {"default": ("D", 5.0), "tuned": ("*", 8.0)}  # marks of settings by role, with their sizes in points
ROLES = {"default": "the default", "tuned": "the best setting"}  # what they are called in a legend


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

    def handle(self, name: str, look: Look = PLAIN) -> dict[str, Any]:
        """The sample of an entry of the legend, with its name in full: what a Line2D takes."""
        return {"label": name}

    def size(self, frames: Sequence[Frame], columns: int, look: Look) -> tuple[float, float]:
        """The axes of each of these panels, so many beside each other: width and height in inches. Where a look has a
        width, the first is stretched or pressed to fill it."""
        if columns > 1:
            wide = (look.width or PAGE) / columns - 0.58
            return wide, 0.75 * wide
        wide = (look.width or COLUMN) - 0.6
        return wide, 0.72 * min(wide, COLUMN)

    def blocks(self, frame: Frame, look: Look) -> list[Frame]:
        """The rows of a panel in parts that stand below each other, where it is too wide for a look."""
        return [frame]

    @abstractmethod
    def draw(self, axes: Any, frame: Frame, look: Look = PLAIN) -> None:
        """Draw a panel, with its scales, ticks and titles."""


@dataclass(frozen=True)
class Curves(Panel):
    """Lines over x, one for each value of the column `curve`.

    y_title: "" for that of the kind of a panel. better: whether "low" or "high" curves are better. band: between
    columns low and high. marks: at each point, and at the upper edge where y is infinite. most: a panel with more
    curves is crowded, and shows the best of each order only. strong: a column that says which curves are drawn strongly
    and named in a crowded panel; all others are weak, without bands; "" for none. remarks: by name of curve, for the
    legend.
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
    strong: str = ""
    remarks: Mapping[str, str] = field(default_factory=dict)

    def log(self, frame: Frame) -> bool:
        """Whether the vertical axis is logarithmic: where lower is better and all values allow it."""
        return self.better == "low" and bool(
            (frame[self.y] > 0).all() and (not self.band or (frame.low.fillna(1) > 0).all())
        )

    def names(self, frame: Frame) -> list[str]:
        """The curves that are named: of a crowded panel those that are strong, or the best of each order, by their
        mean height."""
        names = set(frame[self.curve])
        if len(names) > self.most and self.strong and frame[self.strong].any():
            names = set(frame[self.curve][frame[self.strong]])
        elif len(names) > self.most:
            frame = frame[np.isfinite(frame[self.y]).groupby(frame[self.curve]).transform("any")]
            height = np.log10(frame[self.y]) if self.log(frame) else frame[self.y].astype(float)
            height = height.fillna(np.inf).clip(upper=height[np.isfinite(height)].max())
            mean = height.groupby(frame[self.curve]).mean().sort_values(ascending=self.better == "low", kind="stable")
            orders = mean.index.map(lambda name: self.styles[name].order)
            names = {name for order in set(orders) for name in mean.index[orders == order][:SHOWN]}
        return [name for name in self.styles if name in names]

    def handle(self, name: str, look: Look = PLAIN) -> dict[str, Any]:
        style, remark = self.styles[name], self.remarks.get(name, "")
        dash, width = DASHES[style.dash], (0.4 + 0.35 * style.width) * look.line
        line = {"color": style.color, "linewidth": width, "linestyle": (0, dash) if dash else "-"}
        mark = {"marker": MARKS[style.dash], "markersize": look.mark} if self.marks else {}
        return {**line, **mark, "label": name + (f" ({remark})" if remark else "")}

    def _aside(self, frame: Frame, name: str) -> float:
        """By what factor a mark of this curve stands beside its x, so that none hides another, nor comes near another
        x."""
        unsolved = [each for each in self.names(frame) if np.isinf(frame[self.y][frame[self.curve] == each]).any()]
        x = np.log(np.unique(frame[self.x].to_numpy(float)))
        room = 0.5 * float(np.diff(x).min()) if len(x) > 1 else 0.5
        step = min(0.06, room / max(len(unsolved) - 1, 1))
        return float(np.exp(step * (unsolved.index(name) - (len(unsolved) - 1) / 2)))

    def draw(self, axes: Any, frame: Frame, look: Look = PLAIN) -> None:
        curves, names = dict(list(frame.groupby(self.curve))), self.names(frame)
        names = [name for name in self.styles if name in curves] if self.strong else names
        log = self.log(frame[frame[self.curve].isin(names)])
        axes.set_xscale("log")
        if log:
            axes.set_yscale("log")
        elif self.better == "high" and frame[self.y].min() >= 0 and frame[self.y].max() <= 1:
            axes.set(ylim=(0, 1.02), yticks=(0, 0.25, 0.5, 0.75, 1), yticklabels=("0", "", "0.5", "", "1"))
        drawable = frame[[self.y, *(("low", "high") if self.band else ())]].to_numpy(float)
        drawable = drawable[np.isfinite(drawable) & ((drawable > 0) | (not log))]
        if (np.abs(drawable) > FAR).any():  # by itself the axis would end at infinity
            axes.set_ylim(drawable.min(), min(drawable.max(), MOST_DRAWN))
        for name in names:
            rows, color = curves[name], self.styles[name].color
            y = rows[self.y].where(np.isfinite(rows[self.y]))
            weak = bool(self.strong) and not rows[self.strong].any()
            line = {**self.handle(name, look), **(WEAK if weak else {})}
            axes.plot(rows[self.x], y, drawstyle="steps-post" if self.step else "default", **line)
            if self.band and not weak:
                bars = rows[np.isfinite(rows.low) & np.isfinite(rows.high)]
                if self.marks:
                    axes.vlines(bars[self.x], bars.low, bars.high, color=color, linewidth=0.7 * look.line)
                else:
                    axes.fill_between(bars[self.x], bars.low, bars.high, color=color, alpha=0.15, linewidth=0)
            if self.marks and np.isinf(rows[self.y]).any():
                never = rows[self.x][np.isinf(rows[self.y])].to_numpy(float)
                x = never * self._aside(frame, name)
                hollow = {"linestyle": "", "label": "", "markerfacecolor": "white", "clip_on": False}
                at = {**self.handle(name, look), **hollow, "transform": axes.get_xaxis_transform()}
                axes.plot(x, np.full(len(x), 0.96), **at)
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

    def legend(self) -> list[str]:
        return [*self.styles, *ROLES.values()]

    def names(self, frame: Frame) -> list[str]:
        """The optimizers of the panel, and what its marks mean."""
        roles = [name for role, name in ROLES.items() if (frame.role == role).any()]
        return [*self._optimizers(frame), *roles]

    def _optimizers(self, frame: Frame) -> list[str]:
        return [name for name in self.styles if name in set(frame.optimizer)]

    def handle(self, name: str, look: Look = PLAIN) -> dict[str, Any]:
        for role, text in ROLES.items():
            if name == text:
                mark, size = STARS[role]
                return {"color": "0.3", "linestyle": "", "marker": mark, "markersize": size, "label": name}
        style = self.styles[name]
        mark = {"color": style.color, "linestyle": "", "marker": MARKS[style.dash], "markersize": look.mark}
        return {**mark, "label": name}

    def draw(self, axes: Any, frame: Frame, look: Look = PLAIN) -> None:
        scale = frame["scale"].iloc[0]
        for name in self._optimizers(frame):
            for role, rows in frame[frame.optimizer == name].groupby("role"):
                mark, size = STARS.get(role, (MARKS[self.styles[name].dash], look.mark))
                upright = [folded(str(value), look.tick, UPRIGHT) for value in rows.value]
                x = upright if scale == "choice" else rows.value.astype(float)
                axes.plot(x, rows.reached, mark, markersize=size, color=self.styles[name].color, alpha=0.8)
        if scale == "choice":
            axes.tick_params(axis="x", labelrotation=90)
        elif scale == "log":
            axes.set_xscale("log")
            log_ticks(axes.xaxis, 4)
        else:
            axes.locator_params(axis="x", nbins=4)
        of_f = frame.kind.iloc[0] in VALUES  # a metric may be good where it is high
        if of_f and frame.reached.min() > 0 and frame.reached.max() >= 10 * frame.reached.min():
            axes.set_yscale("log")
            log_ticks(axes.yaxis, 4)
        axes.set(xlabel=str(frame.hyperparameter.iloc[0]), ylabel=VALUES.get(frame.kind.iloc[0], frame.kind.iloc[0]))


@dataclass(frozen=True)
class Table(Panel):
    """A heat map of expected runtimes: problems and dims by optimizers, the colour by the factor over the least."""

    worst: float = 3.0  # decades above the least, from which all colours are the same

    def size(self, frames: Sequence[Frame], columns: int, look: Look) -> tuple[float, float]:
        (frame,) = frames
        rows = [self._row(row, look) for row in frame.drop_duplicates(CELL).itertuples()]
        high = max(2 * look.cell / 72 + 0.04, *(height(name, look.tick) + 0.03 for name in rows))
        names = frame.optimizer.nunique()
        if look.width:
            return names * self._cell(look), high * len(rows)
        return float(np.clip(names * 0.42, 1.2, max(1.5, self._room(frame, look)))), high * len(rows)

    def blocks(self, frame: Frame, look: Look) -> list[Frame]:
        names = [name for name in self.styles if name in set(frame.optimizer)]
        most = max(1, int(self._room(frame, look) / self._cell(look))) if look.width else len(names)
        parts = np.array_split(np.array(names, dtype=object), -(-len(names) // most))
        frames = [frame[frame.optimizer.isin(part)] for part in parts]
        for above in frames[:-1]:
            above.attrs = {SCALE: False}
        return frames

    def _cell(self, look: Look) -> float:
        """The width of a cell with its longest text, in inches."""
        return max(text_width(text, look.cell) for text in ("1.2e10", Status.SKIPPED.value)) + 0.06

    def _room(self, frame: Frame, look: Look) -> float:
        """The width of all cells, between the names of rows and the scale of colours."""
        names = [self._row(row, look) for row in frame.drop_duplicates(CELL).itertuples()]
        longest = max(text_width(line, look.tick) for name in names for line in name.splitlines())
        if look.width:  # its scale stands below
            return look.width - longest - 0.15
        return PAGE - longest - 0.4 - text_width("≥ 1,000", look.tick) - look.label / 72

    def _row(self, row: Any, look: Look) -> str:
        name = f"{cell_name(row.problem, row.dim)}: {target_name(row.kind, row.target)}"
        return folded(name, look.tick, 0.36 * look.width if look.width else ASIDE)

    def draw(self, axes: Any, frame: Frame, look: Look = PLAIN) -> None:
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
        scaled = frame.attrs.get(SCALE, True)
        scale = self._scale(axes, look) if scaled else None
        # a heat map as seaborn has it, which draws all that a figure has once more for its ticks
        sns.despine(ax=axes, left=True, bottom=True)
        shades = np.ma.masked_invalid(np.clip(color, 0, self.worst))
        mesh = axes.pcolormesh(shades, vmin=0, vmax=self.worst, cmap="viridis_r", linewidths=0.5, edgecolor="white")
        axes.set(xlim=(0, len(names)), ylim=(len(color), 0))
        if scale:
            bar = axes.figure.colorbar(mesh, scale, axes, orientation="horizontal" if look.width else "vertical")
            bar.outline.set_linewidth(0)
            axis = scale.xaxis if look.width else scale.yaxis
            decades = np.arange(int(self.worst) + 1)
            axis.set_major_locator(FixedLocator(decades.tolist()))
            axis.set_ticklabels([f"{'≥ ' if n == self.worst else ''}{10**n:,}" for n in decades])
            axis.set_label_text("times the minimum")
            axis.labelpad = 2
        tones = np.where(np.isnan(color), "0.35", np.where(color > 0.55 * self.worst, "white", "black"))
        centered: Any = {"ha": "center", "va": "center", "linespacing": 0.95}
        size = look.cell if look.width else float(np.clip(width / len(names) * 15, 3, look.cell))
        axes.set_facecolor("0.97")
        for (y, x), text in np.ndenumerate(texts):
            axes.text(x + 0.5, y + 0.52, text, fontsize=size, color=tones[y, x], **centered)
        labels = [self._row(row, look) for row in frame.drop_duplicates(CELL).itertuples()]
        axes.set_yticks(np.arange(len(labels)) + 0.5, labels, rotation=0, va="center")
        axes.set_xticks(np.arange(len(names)) + 0.5, [folded(name, look.tick, HEADS) for name in names], rotation=90)
        axes.tick_params(axis="x", top=False, labeltop=True, bottom=False, labelbottom=False, pad=1)
        axes.tick_params(axis="y", left=False)
        axes.grid(False)
        axes.set(xlabel="", ylabel="")

    def _scale(self, axes: Any, look: Look) -> Any:
        """Axes for the scale of colours: beside the table, or below it where the look has a width."""
        width = _width(axes)
        if not look.width:
            return axes.inset_axes((1 + 0.12 / width, 0.0, 0.08 / width, 1.0))
        high = axes.get_position().height * axes.figure.get_figheight()
        return axes.inset_axes((0.0, -0.16 / high, max(1.0, 1.2 / width), 0.08 / high))


def _width(axes: Any) -> float:
    """In inches."""
    return axes.get_position().width * axes.figure.get_figwidth()


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

    def handle(self, name: str, look: Look = PLAIN) -> dict[str, Any]:
        hollow = name != next(iter(self.marks))
        return {
            "linestyle": "", "marker": "D" if hollow else "o", "markersize": look.mark, "label": self.marks[name],
            "markerfacecolor": "white" if hollow else None, "color": "0.3",
        }  # fmt: skip

    def size(self, frames: Sequence[Frame], columns: int, look: Look) -> tuple[float, float]:
        (frame,) = frames
        labels = [self._label(row, look) for row in frame.itertuples()]
        longest = max(text_width(line, look.tick) for label in labels for line in label.splitlines())
        high = max(0.15, *(height(label, look.tick) + 0.03 for label in labels))
        return max(1.6, (look.width or COLUMN) - longest - 0.22), high * len(frame) + 0.1

    def draw(self, axes: Any, frame: Frame, look: Look = PLAIN) -> None:
        if self.log:
            axes.set_xscale("log")
        for y, row in enumerate(frame.itertuples()):
            color = self.styles[row.optimizer].color
            at = [getattr(row, name) for name in self.marks]
            ends = [row.low, row.high] if "low" in frame else [min(at), max(at)]
            axes.plot(ends, [y, y], color=color, linewidth=1.2 * look.line)
            for name, x in zip(self.marks, at, strict=True):
                axes.plot([x], [y], **{**self.handle(name, look), "color": color})
        axes.set_yticks(range(len(frame)), [self._label(row, look) for row in frame.itertuples()])
        axes.set(ylim=(len(frame) - 0.4, -0.6), xlabel=self.x_title)
        if self.log:
            log_ticks(axes.xaxis, 6)
        else:
            axes.locator_params(axis="x", nbins=5)

    @staticmethod
    def _label(row: Any, look: Look) -> str:
        name = row.optimizer + (f", {row.remark}" if getattr(row, "remark", "") else "")
        return folded(name, look.tick, 0.5 * look.width if look.width else ASIDE)


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
        """The rule by which curves are strong, or are left out, where some are."""
        panel = self.panel
        if isinstance(panel, Curves) and panel.strong:
            return (
                f" Strong: the best of each order on that problem; of more than {panel.most} curves it alone is named."
            )
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


def new_file(path: Path, kind: str, force: bool | None = None) -> Path:
    """The path, if a figure or picture (kind) may be written there.

    force: whether what is there already may be written over; None where nobody can ask for it. Raises ValueError for a
    suffix that is not of SUFFIXES, for what is there already, and where its folder is not.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"a {kind} must end in {', '.join(SUFFIXES)}, got {str(path)!r}")
    check_file(path, kind)
    if not force and (path.exists() or path.is_symlink()):
        instead = "" if force is None else ", or write over it with --force"
        raise ValueError(f"{path} is there already, and nothing is written over: choose another name{instead}")
    return path


def save(figure: Figure, *paths: Path, look: Look = PLAIN) -> None:
    """Draw a figure once, and write it to each path as SVG (text as text), PDF or PNG by its suffix; the same bytes
    every time. What is there already stays until the new file is whole."""
    import warnings

    import matplotlib as mpl
    import seaborn as sns

    words = {"Title": figure.title}
    facts = {
        ".svg": {**words, "Description": figure.caption(), "Date": None},
        ".pdf": {**words, "Subject": figure.caption(), "CreationDate": None},
        ".png": {**words, "Description": figure.caption(), "Software": None},
    }
    settings: Any = {**sns.axes_style("whitegrid"), **look.settings, "svg.hashsalt": figure.name}
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in a script the font does not have
        canvas = drawn(figure, look)
        for path in paths:
            with whole(path) as draft:
                canvas.savefig(draft, format=path.suffix[1:], dpi=DOTS, metadata=facts[path.suffix])


def drawn(figure: Figure, look: Look = PLAIN) -> Any:
    """The matplotlib figure: panels of equal size in rows, then the names, then the facts.

    Laid out by hand, as the automatic layouts draw everything several times, seconds with many panels: each panel is
    drawn once, what stands around its axes is measured, and the axes get the room that is left.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(look.width or COLUMN, 1.0), dpi=DOTS)
    FigureCanvasAgg(canvas)
    views = [(label, block) for label, frame in figure.views() for block in figure.panel.blocks(frame, look)]
    if not views:
        canvas.text(0.5, 0.5, "no data", ha="center", va="center", color="0.4")
        return canvas
    grid = _grid(figure, views, look)
    columns = len(grid[0])
    sizes = [figure.panel.size([frame for _, frame in row], columns, look) for row in grid]
    wide = max(wide for wide, _ in sizes)
    canvas.set_size_inches(columns * wide, sum(high for _, high in sizes))
    panels = [[_panel(canvas, figure, view, size, look) for view in row] for row, size in zip(grid, sizes, strict=True)]
    _without_repeats(panels, isinstance(figure.panel, (Points, Table)))
    sides = [_around(axes) for row in panels for axes in row]
    left, right = (max(each[side] for each in sides) for side in ("left", "right"))
    if look.width:
        wide = look.width / columns - left - right
    around = [
        [
            _titled(axes, label, wide, wide + 2 * min(left, right), look)
            for axes, (label, _) in zip(row, of, strict=True)
        ]
        for row, of in zip(panels, grid, strict=True)
    ]
    width = look.width or max(columns * (left + wide + right), COLUMN)
    facts = prose(figure.facts + figure.crowded(), look.facts, width - 0.12)
    entries = {name for _, frame in views for name in figure.panel.names(frame)}
    handles = [figure.panel.handle(name, look) for name in figure.panel.legend() if name in entries]
    legend = canvas.legend(loc="lower center", **legend_of(handles, width, look)) if handles else None
    below = height(facts, look.facts) + 0.08
    lowest = below + (legend.get_window_extent().height / DOTS + 0.05 if legend else 0.0)
    rows = [
        (high, max(each["top"] for each in row), max(each["bottom"] for each in row))
        for (_, high), row in zip(sizes, around, strict=True)
    ]
    y = tall = lowest + sum(map(sum, rows))
    canvas.set_size_inches(width, tall)
    for row, (own, _), (high, top, bottom) in zip(panels, sizes, rows, strict=True):
        y -= top + high
        across = own if isinstance(figure.panel, Table) else wide  # what is right of a table may be its scale
        for place, axes in enumerate(row):
            x = place * (left + wide + right) + left
            axes.set_position(tuple(np.divide((x, y, across, high), (width, tall, width, tall))))
        y -= bottom
    canvas.align_ylabels([row[0] for row in panels])
    if legend:
        legend.set_bbox_to_anchor((0.5, below / tall), transform=canvas.transFigure)
    small: Any = {"fontsize": look.facts, "color": "0.45", "linespacing": LINES}
    canvas.text(0.06 / width, 0.03 / tall, facts, va="bottom", **small)
    return canvas


def _grid(figure: Figure, views: Sequence[tuple[str, Frame]], look: Look) -> list[Sequence[tuple[str, Frame]]]:
    """The panels in rows."""
    columns = 3 if len(views) in (3, 5, 6, 9) else min(4, len(views))
    if look.width:
        columns = min(columns, max(1, int(look.width / ACROSS)))
    if isinstance(figure.panel, (Table, Rows)):  # each as high as its rows
        columns = 1
    return [views[begin : begin + columns] for begin in range(0, len(views), columns)]


def _panel(canvas: Any, figure: Figure, view: tuple[str, Frame], size: tuple[float, float], look: Look) -> Any:
    """The axes of a panel, drawn, somewhere on a canvas."""
    wide, high = size
    across, tall = canvas.get_size_inches()
    axes = canvas.add_axes((0.0, 0.0, wide / across, high / tall))
    figure.panel.draw(axes, view[1], look)
    axes.set_ylabel(folded(axes.get_ylabel(), look.label, high + 0.1))
    axes.xaxis.label.set_visible(False)  # it takes no room beside the axes
    return axes


def _titled(axes: Any, title: str, wide: float, wider: float, look: Look) -> dict[str, float]:
    """Give a panel its title and that of its horizontal axis, which are no wider than so many inches; answers with what
    stands around it."""
    axes.set_title(folded(title, look.title, wide) if title else "")
    axes.set_xlabel(folded(axes.get_xlabel(), look.label, wider) if axes.get_xlabel() else "")
    axes.xaxis.label.set_visible(True)
    return _around(axes)


def _without_repeats(panels: Sequence[Sequence[Any]], each: bool) -> None:
    """Titles of axes only where they are not those of the panel to the left, or, unless each has its own, below."""
    for row, below in zip(panels, [*panels[1:], []], strict=True):
        titles = [axes.get_ylabel() for axes in row]
        for place, axes in enumerate(row):
            if place and titles[place] == titles[place - 1]:
                axes.set_ylabel("")
            if not each and place < len(below):
                axes.set_xlabel("")


def _around(axes: Any) -> dict[str, float]:
    """How far what is drawn reaches out of the axes on each side, in inches."""
    inner, outer = axes.get_window_extent(), axes.get_tightbbox()
    reach = {
        "left": inner.x0 - outer.x0, "right": outer.x1 - inner.x1, "top": outer.y1 - inner.y1,
        "bottom": inner.y0 - outer.y0,
    }  # fmt: skip
    return {side: max(size, 0.0) / DOTS + PAD for side, size in reach.items()}


SAMPLE = 3.4  # letters, of a line in a legend: two of the longest dashes


def legend_of(handles: Sequence[Mapping[str, Any]], width: float, look: Look) -> dict[str, Any]:
    """What the legend of a figure takes for these entries: in as many columns as their names leave room for, each in
    full."""
    from matplotlib.lines import Line2D

    letter = look.legend / 72
    room = width - (SAMPLE + 0.7) * letter - 0.12  # beside the sample
    labels = [folded(handle["label"], look.legend, room) for handle in handles]
    widest = max(text_width(line, look.legend) for label in labels for line in label.splitlines())
    columns = max(1, min(len(handles), int((width - 0.08) / (widest + (SAMPLE + 1.9) * letter))))
    samples = [Line2D([], [], **{**handle, "label": label}) for handle, label in zip(handles, labels, strict=True)]
    return {
        "handles": samples, "ncols": columns, "fontsize": look.legend, "frameon": False, "handlelength": SAMPLE,
        "columnspacing": 1.2, "handletextpad": 0.5, "borderaxespad": 0, "borderpad": 0, "labelspacing": 0.35,
    }  # fmt: skip


def log_ticks(axis: Any, most: int) -> None:
    """At most so many ticks of a logarithmic axis at whole powers of ten, or at 1, 2 and 5 where there are too few;
    labelled without mathematics, which takes ten times as long to set."""
    from matplotlib.ticker import MaxNLocator

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
        at = [x for x in at if low <= x <= high]
        if len(at) < 2:  # between two of them
            at = [x for x in MaxNLocator(min(most, 4)).tick_values(low, high) if low <= x <= high]
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
