"""The figures of a report: one description each, drawn twice, by Plotly for the page and by seaborn for papers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure.progress import Column, Frame
from bench.report.styles import DASHES, Style
from bench.report.text import cell_name, plain

SHOWN = 3  # curves of each order that a crowded panel shows at first
PARTLY = "Shown at first: the three best of each order; the names below add and remove curves."
DIGITS = 5  # significant, of what Plotly draws
# how points are marked, by the dash that the optimizer's curves have: Plotly's symbol and matplotlib's
MARKS = {
    "solid": ("circle", "o"),
    "dash": ("square", "s"),
    "dot": ("triangle-up", "^"),
    "dashdot": ("cross", "P"),
    "longdash": ("x", "X"),
}
ROLES = {"": 7, "default": 12, "tuned": 16}  # sizes
STARS = {"default": ("diamond", "D"), "tuned": ("star", "*")}


@dataclass(frozen=True)
class Figure:
    """Curves over cost, or points over something else, in one panel or one for each problem and dim.

    frame: what is drawn, and its CSV: columns `x`, the curve's name, `y`, low and high where there are bands, problem
    and dim where there are panels, kind where the panels differ in it, role where points are marked.
    curve: the column that names the curves. y: the column of their heights. y_titles: by kind, "" where there is none.
    styles: by name of curve. better: whether lower ("low") or higher ("high") curves are better. most: a panel with
    more curves is crowded, and shows the best of each order only, at first. remarks: by name of curve, for the legend.
    points: marks instead of lines, over a column x whose scale ("log", "linear" or "choice") is in the column scale,
    with its own panel for each value of the column `split`, which names the horizontal axis.
    """

    name: str
    title: str
    note: str
    frame: Frame
    curve: str
    y: str
    y_titles: Mapping[str, str]
    styles: Mapping[str, Style]
    better: str
    panels: bool = True
    step: bool = False
    band: bool = False
    most: int = 2 * SHOWN
    remarks: Mapping[str, str] = field(default_factory=dict)
    x: str = "cost"
    points: bool = False
    split: str = ""

    def views(self) -> list[tuple[str, Frame]]:
        """Each panel's label and rows; a figure without panels has one, labelled ""."""
        if not self.panels:
            return [("", self.frame)] if len(self.frame) else []
        if self.split:
            keys = [self.split, "problem", "dim"]
            panels = self.frame.groupby(keys, sort=False)
            return [(f"{name}: {cell_name(problem, dim)}", part) for (name, problem, dim), part in panels]
        return [(cell_name(*key), part) for key, part in self.frame.groupby(["problem", "dim"], sort=False)]

    def x_title(self, part: Frame, short: bool = False) -> str:
        """The title of the horizontal axis of a panel."""
        return part[self.split].iloc[0] if self.split else "cost" if short else "cost, in full evaluations"

    def x_scale(self, part: Frame) -> str:
        """That of the horizontal axis of a panel: "log", "linear" or "choice"."""
        return part["scale"].iloc[0] if "scale" in part else "log"

    def y_title(self, part: Frame) -> str:
        """The title of the vertical axis of a panel."""
        return self.y_titles[part.kind.iloc[0] if "kind" in part else ""]

    def log(self, part: Frame) -> bool:
        """Whether the vertical axis of a panel is logarithmic: where lower is better and all values allow it."""
        y = part[self.y]
        if self.points and y.max() < 10 * y.min():  # less than a decade: the axis would have no number
            return False
        return self.better == "low" and bool((y > 0).all() and (not self.band or (part.low > 0).all()))

    def shown(self, part: Frame) -> set[str]:
        """The curves of a panel that are shown at first: the best of each order, by their mean height."""
        names = set(part[self.curve])
        if len(names) <= self.most:
            return names
        height = np.log10(part[self.y]) if self.log(part) else part[self.y]
        mean = height.groupby(part[self.curve]).mean().sort_values(ascending=self.better == "low", kind="stable")
        orders = mean.index.map(lambda name: self.styles[name].order)
        return {name for order in set(orders) for name in mean.index[orders == order][:SHOWN]}

    def caption(self) -> str:
        """The note, and how to see the curves that are hidden at first, where some are."""
        hides = any(len(self.shown(part)) < part[self.curve].nunique() for _, part in self.views())
        return f"{self.note} {PARTLY}" if hides else self.note


def plotly_figure(figure: Figure) -> dict[str, Any]:
    """The figure as plain data for Plotly: a view a panel, each with its data and layout.

    A trace's customdata holds the quartiles, from which the page draws the band; None stands for what is not finite.
    """
    views = [_plotly_view(figure, label, part) for label, part in figure.views()]
    return {"name": figure.name, "choose": "Hyperparameter" if figure.split else "Problem", "views": views}


def _plotly_view(figure: Figure, label: str, part: Frame) -> dict[str, Any]:
    shown = figure.shown(part)
    value = "%{y:.3~g}" if figure.better == "low" else "%{y:.1%}"
    if figure.band:
        value += "<br>quartiles %{customdata[0]:.3~g} to %{customdata[1]:.3~g}"
    data = []
    curves = dict(list(part.groupby(figure.curve)))
    for name in sorted(curves, key=list(figure.styles).index):
        rows, style, remark = curves[name], figure.styles[name], figure.remarks.get(name, "")
        head = f"%{{fullData.name}}</b><br>{remark}" if remark else "%{fullData.name}</b>"
        choice = figure.x_scale(part) == "choice"
        at = "%{x}" if figure.points else "cost %{x:.3~s}"
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "markers" if figure.points else "lines",
            "name": name,
            "meta": {"order": style.order, "remark": remark},
            "x": rows[figure.x].astype(str).tolist() if choice else rounded(rows[figure.x]),
            "y": rounded(rows[figure.y]),
            "line": {
                "color": style.color,
                "dash": style.dash,
                "width": style.width,
                "shape": "hv" if figure.step else "linear",
            },
            "visible": name in shown,
            "hovertemplate": f"<b>{head}<br>{at}<br>{value}<extra></extra>",
        }
        if figure.points:
            symbols = [STARS.get(role, MARKS[style.dash])[0] for role in rows.role]
            sizes = [ROLES[role] for role in rows.role]
            trace["marker"] = {"color": style.color, "symbol": symbols, "size": sizes, "opacity": 0.85}
            trace["meta"]["mark"] = MARKS[style.dash][0]
        if figure.band:
            trace["customdata"] = [list(pair) for pair in zip(rounded(rows.low), rounded(rows.high), strict=True)]
        data.append(trace)
    y_axis: dict[str, Any] = {"title": {"text": figure.y_title(part)}}
    if figure.log(part):
        y_axis |= {"type": "log", "exponentformat": "power"}
    elif figure.better == "high":
        y_axis |= {"range": [0, 1.02], "tickformat": ".0%"}
    x_axis: dict[str, Any] = {"title": {"text": figure.x_title(part)}}
    kinds = {"log": {"type": "log", "exponentformat": "power"}, "linear": {}, "choice": {"type": "category"}}
    x_axis |= kinds[figure.x_scale(part)]
    return {"label": label, "data": data, "layout": {"xaxis": x_axis, "yaxis": y_axis}}


def rounded(values: Column) -> list[float | None]:
    """Numbers for JSON, of five significant digits; None where not finite."""
    return [float(f"{value:.{DIGITS}g}") if isfinite(value) else None for value in values.astype(float).tolist()]


def save_svg(figure: Figure, path: Path) -> None:
    """Draw the same curves with seaborn and write them as SVG, text as text, the same bytes every time.

    Of crowded panels it shows the curves that the page shows at first.
    """
    import warnings

    import matplotlib as mpl
    import seaborn as sns

    look: Any = {
        **sns.axes_style("whitegrid", {"grid.color": "0.92", "axes.edgecolor": "0.6"}),
        **{"svg.fonttype": "none", "svg.hashsalt": figure.name, "axes.titlesize": 9, "font.size": 8},
    }
    with mpl.rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in a script the font does not have
        _drawn(figure).savefig(path, format="svg", metadata={"Date": None})


def _drawn(figure: Figure) -> Any:
    """The matplotlib figure: panels of equal size in rows of four, the names below; sizes in inches.

    Laid out by hand, because the automatic layouts draw everything several times: seconds with many panels.
    """
    from matplotlib.figure import Figure as Canvas

    views = figure.views()
    columns = min(4, max(1, len(views)))
    rows = max(1, -(-len(views) // columns))
    wide, high = (6.4, 3.8) if columns == 1 else (3.1, 2.4)
    under = 1.0 if figure.points else 0.5  # room for names of choices
    high += under - 0.5
    names = [name for name in figure.styles if any(name in figure.shown(part) for _, part in views)]
    longest = max((min(len(_legend(figure, name)), 40) for name in names), default=1)
    beside = max(1, int(columns * wide / (0.7 + 0.065 * longest)))  # names in a line
    below = 0.25 + 0.17 * -(-len(names) // beside)
    width, height = columns * wide, rows * high + below
    canvas = Canvas(figsize=(width, height))
    for number, (label, part) in enumerate(views):
        left, top = (number % columns) * wide, height - (number // columns) * high
        box = (left + 0.75, top - high + under, wide - 0.9, high - under - 0.3)
        axes = canvas.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
        _panel(figure, axes, label, part)
    if views:
        canvas.legend(
            handles=_handles(figure, names), loc="lower center", ncols=beside, fontsize=8, frameon=False, handlelength=3
        )
    else:
        canvas.text(0.5, 0.5, "no data", ha="center", va="center")
    return canvas


def _panel(figure: Figure, axes: Any, label: str, part: Frame) -> None:
    """The shown curves of one panel, with their bands."""
    import seaborn as sns
    from matplotlib.ticker import NullLocator

    kept = part[part[figure.curve].isin(figure.shown(part)) & np.isfinite(part[figure.y])]
    names = [name for name in figure.styles if name in set(kept[figure.curve])]
    if figure.points:
        _scattered(figure, axes, kept, names)
    elif names:  # seaborn warns of nothing to draw
        sns.lineplot(
            kept,
            x="cost",
            y=figure.y,
            hue=figure.curve,
            hue_order=names,
            palette={name: figure.styles[name].color for name in names},
            estimator=None,
            legend=False,
            linewidth=1.3,
            drawstyle="steps-post" if figure.step else "default",
            ax=axes,
        )
    for line, name in zip(axes.lines, names if not figure.points else [], strict=True):
        line.set_linewidth(0.65 * figure.styles[name].width)
        line.set_linestyle((0, DASHES[figure.styles[name].dash]) if DASHES[figure.styles[name].dash] else "-")
        if figure.band:
            rows = kept[(kept[figure.curve] == name) & np.isfinite(kept.high)]
            axes.fill_between(rows.cost, rows.low, rows.high, color=figure.styles[name].color, alpha=0.15, linewidth=0)
    if figure.x_scale(part) == "log":
        axes.set_xscale("log")
    if figure.log(part):
        axes.set_yscale("log")
    elif figure.better == "high":
        axes.set_ylim(0, 1.02)
    if figure.x_scale(part) == "choice":
        axes.tick_params(axis="x", labelrotation=90, labelsize=6)
    else:
        axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(title=plain(label), xlabel=figure.x_title(part, short=True), ylabel=figure.y_title(part))


def _scattered(figure: Figure, axes: Any, part: Frame, names: list[str]) -> None:
    """The points of one panel."""
    for name in names:
        for role, rows in part[part[figure.curve] == name].groupby("role"):
            mark, size = STARS.get(role, MARKS[figure.styles[name].dash])[1], ROLES[role]
            x = rows[figure.x].astype(str) if figure.x_scale(part) == "choice" else rows[figure.x].astype(float)
            axes.scatter(x, rows[figure.y], s=size**2 / 4, marker=mark, color=figure.styles[name].color, alpha=0.85)


def _handles(figure: Figure, names: list[str]) -> list[Any]:
    """The samples of line for the legend."""
    from matplotlib.lines import Line2D

    found = []
    for name in names:
        style = figure.styles[name]
        dash = DASHES[style.dash]
        look: dict[str, Any] = {"linestyle": (0, dash) if dash else "-", "linewidth": 0.65 * style.width}
        if figure.points:
            look = {"linestyle": "", "marker": MARKS[style.dash][1]}
        found.append(Line2D([], [], color=style.color, label=_legend(figure, name), **look))
    return found


def _legend(figure: Figure, name: str) -> str:
    remark = figure.remarks.get(name, "")
    return plain(f"{name} ({remark})" if remark else name)
