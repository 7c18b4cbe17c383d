"""The figures for papers: what each shows, from which frame, drawn how."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.ecdf import ecdf
from bench.measure.ert import ert
from bench.measure.frames import CELL, Frame
from bench.measure.levels import FEWEST
from bench.measure.prices import RULES, Prices, in_seconds, resolved
from bench.measure.profiles import data_profile, performance_profile
from bench.measure.progress import spent
from bench.measure.scaling import scaling
from bench.measure.tuning import sensitivity
from bench.measure.virtual import virtual_best
from bench.measure.words import counted, price_list, target_list, target_name
from bench.report.panels import SUFFIXES, Curves, Figure, Points, Rows, Table, save
from bench.report.styles import Style, optimizer_styles, order_name, order_styles

if TYPE_CHECKING:
    from bench.results.stored import Results

BY = {"optimizer": ["optimizer"], "order": ["order"], "family": ["family"], "dim": ["dim"], "problem": CELL}
MOST = 12  # curves over all problems that one panel shows
VALUES = {"gap": "f - f_opt", "value": "f"}
NEEDED = {  # by figures that not all results have
    "sensitivity": ": no hyperparameter was varied",
    "scaling": ": no problem was run in several dims, with a target that was reached",
}
NORMAL = 1.96  # standard errors, of an interval of 95 %


@dataclass(frozen=True)
class Source:
    """Results at some prices, with the measures that figures are made of, each made once."""

    results: "Results"
    prices: Prices = None

    @property
    def runs(self) -> Frame:
        """The runs, complete."""
        return self.view.runs

    @property
    def view(self) -> View:
        """The comparison at these prices."""
        return self.results.comparison.at(self.prices)

    @property
    def table(self) -> Frame:
        """See `bench.measure.ert.ert`."""
        return self.view.of(ert)

    @cached_property
    def styles(self) -> dict[str, Style]:
        """How the curve of each optimizer looks, in every figure."""
        return optimizer_styles(zip(self.runs.optimizer, self.runs.order, strict=True))

    @property
    def cost(self) -> str:
        """The title of an axis of costs."""
        return RULES[self.prices if isinstance(self.prices, str) else "cost"].axis

    def facts(self, aims: bool = True) -> str:
        """Targets, where it is about some, prices and numbers, in a line."""
        runs = self.runs
        facts = [f"Targets: {target_list(self.view.reached)}"] if aims else []
        prices = resolved(self.prices, self.results.prices)
        if not isinstance(prices, str):
            facts.append(f"Price of a {price_list(prices, runs)}")
        skipped = int(runs.status.isin(statuses("ran", False)).sum())
        number = f"{counted(len(runs), 'run')} on {counted(len(runs[CELL].drop_duplicates()), 'problem')}"
        facts.append(number + (f", {skipped:,} of them skipped" if skipped else ""))
        if runs.scored.any():
            facts.append("On problems with data or noise runtimes are read at checkpoints, up to 26 % late")
        return ". ".join(facts) + "."

    def with_family(self, frame: Frame) -> Frame:
        """A frame with the family of each problem and dim, the families together."""
        families = self.runs.groupby(CELL).family.first().rename("family").reset_index()
        return frame.merge(families, on=CELL, how="left").sort_values("family", kind="stable", ignore_index=True)


def _remarks(table: Frame, curve: str, runs: Frame) -> dict[str, str]:
    """For each curve that is not over all problems and dims of these runs: over how many it is."""
    every = len(runs[CELL].drop_duplicates())
    counts = table.groupby(curve).problems.first()
    return {name: f"{n} of {every} problems" for name, n in counts.items() if n < every}


def ecdf_figure(source: Source, by: str = "optimizer") -> Figure:
    """Targets solved over cost: by optimizer or order in one panel, else optimizers in a panel for each."""
    panels = tuple(BY[by]) if by in ("family", "dim", "problem") else ()
    frame = ecdf(source.view, [*panels, "order" if by == "order" else "optimizer"])
    styles, remarks = source.styles, {}
    if by == "order":
        frame, styles = frame.assign(order=frame.order.map(order_name)), order_styles()
    if not panels:
        remarks = _remarks(frame, by, source.runs)
    uneven = "The curves are not over the same problems, as the names say: their heights do not compare. "
    return Figure(
        name=f"ecdf-by-{by}",
        title=f"Targets solved, by {by}",
        note=("All optimizers of an order together, not the best of each. " if by == "order" else "")
        + (uneven if remarks else "")
        + "The fraction of pairs of a run and a target that were solved within a cost. What a run had not reached when "
        "it ended counts as unsolved, all of it where the run was skipped.",
        facts=source.facts(),
        frame=source.with_family(frame) if by == "problem" else frame,
        panel=Curves(
            curve="order" if by == "order" else "optimizer",
            x="cost",
            y="fraction",
            x_title=source.cost,
            y_titles={"": "targets solved"},
            styles=styles,
            step=True,
            most=len(styles) if by == "order" else 6 if panels else MOST,
            remarks=remarks,
        ),
        by=panels,
    )


def convergence_figure(source: Source) -> Figure:
    """Medians of the best value over cost, a panel for each problem and dim."""
    scored = " (on problems with data or noise: of the last score)" if source.runs.scored.any() else ""
    return Figure(
        name="convergence",
        title="Convergence",
        note=f"Median over runs of the best value so far{scored}, with the band between quartiles; a run that "
        "has ended "
        "keeps what it had.",
        facts=source.facts(aims=False),
        frame=source.with_family(source.results.comparison.convergence(source.prices)),
        panel=Curves(
            curve="optimizer",
            x="cost",
            y="median",
            x_title=source.cost,
            y_titles=VALUES,
            styles=source.styles,
            better="low",
            band=True,
        ),
        by=tuple(CELL),
    )


def performance_figure(source: Source) -> Figure:
    """Performance profiles, in one panel."""
    frame = source.view.of(performance_profile)
    return _profile(
        source,
        frame,
        "performance-profile",
        "Performance profile",
        "The fraction of problems (a target on a problem and dim) on which the expected runtime is within a "
        "factor of the "
        f"least of all {counted(frame.optimizer.nunique(), 'optimizer')}; with others among them the curves "
        "are others.",
        "ratio",
        "expected runtime, times the minimum",
    )


def data_figure(source: Source) -> Figure:
    """Data profiles, in one panel."""
    note = (
        "The fraction of problems (a target on a problem and dim) of which the expected runtime is within a "
        "cost, in units "
        "of dim + 1, what a simplex gradient costs."
    )
    frame = source.view.of(data_profile)
    return _profile(source, frame, "data-profile", "Data profile", note, "cost", f"{source.cost}, over dim + 1")


def _profile(source: Source, frame: Frame, name: str, title: str, note: str, x: str, x_title: str) -> Figure:
    most = frame.problems.max() if len(frame) else 0
    counts = frame.groupby("optimizer").problems.first()
    kind = Curves(
        curve="optimizer",
        x=x,
        y="fraction",
        x_title=x_title,
        y_titles={"": "problems solved"},
        styles=source.styles,
        step=True,
        most=MOST,
        remarks={name: f"{n} of {most}" for name, n in counts.items() if n < most},
    )
    return Figure(name, title, note, source.facts(), frame, kind)


def scaling_figure(source: Source) -> Figure:
    """Expected runtimes over the dimension, a panel for each problem with several."""
    table = source.table[source.table.groupby("problem").dim.transform("nunique") > 1]
    levels = _common_targets(table)
    frame = table.merge(levels, on=["problem", "kind", "target"])
    slopes = scaling(frame)[["problem", "optimizer", "exponent", "error"]]
    frame = frame.merge(slopes, on=["problem", "optimizer"]).sort_values(["problem", "order", "optimizer", "dim"])
    goals = [f"{row.problem}, {target_name(row.kind, row.target)}" for row in frame.itertuples()]
    frame = source.with_family(frame.assign(panel=goals)[frame.ert.notna()]).drop(columns="kind")
    return Figure(
        name="scaling",
        title="Scaling with the dimension",
        note="Expected runtime over the dimension, with its bootstrap interval, at the hardest of the targets "
        "that some "
        "optimizer reached in the most dims. White marks at the upper edge: reached by no run.",
        facts=source.facts(),
        frame=frame,
        panel=Curves(
            curve="optimizer",
            x="dim",
            y="ert",
            x_title="dim",
            y_titles={"": "expected runtime"},
            styles=source.styles,
            better="low",
            band=True,
            marks=True,
        ),
        by=("panel",),
    )


def _common_targets(table: Frame) -> Frame:
    """For each problem the hardest of the targets that some optimizer reached in the most dims."""
    keys = ["problem", "kind", "target"]
    solved = table[np.isfinite(table.ert) & (table.ert > 0)]
    counts = solved.groupby([*keys, "optimizer"]).dim.nunique().groupby(keys).max().rename("dims").reset_index()
    counts = counts.sort_values(["dims", "target"], ascending=[False, True])
    return counts.drop_duplicates("problem")[keys]


def ert_figure(source: Source) -> Figure:
    """Expected runtimes as a heat map, at one target for each problem and dim."""
    best = virtual_best(source.table)
    best = best[best["among"] == "all"]
    keys = [*CELL, "kind", "target"]
    table = source.table
    # the hardest that some optimizer reached in half its runs; else that some run reached; else the easiest
    reached, beyond = table.successes > 0, ~(table.ert <= 0)  # not by the start already
    half = reached & beyond & (2 * table.successes >= table.runs)
    rank = table.assign(rank=np.select([half, reached & beyond], [0, 1], 2))
    rank = rank.assign(level=rank.target.where(rank["rank"] < 2, -rank.target))
    hardest = rank.sort_values([*CELL, "rank", "level"], kind="stable").drop_duplicates(CELL)[keys]
    counts = source.table[[*keys, "optimizer", "successes", "runs", "low", "high"]]
    frame = best.merge(hardest, on=keys).merge(counts, on=[*keys, "optimizer"]).drop(columns="among")
    return Figure(
        name="ert",
        title="Expected runtimes",
        note="The expected runtime on each problem at the hardest target that some optimizer reached in half of its "
        "runs (else: that some run reached), with how many runs reached it where not all did. Colours: the factor over "
        "the least.",
        facts=source.facts(aims=False),
        frame=source.with_family(frame),
        panel=Table(source.styles),
    )


def cost_figure(source: Source) -> Figure:
    """Seconds in the problem and in the method, for each unit of cost."""
    prices = None if in_seconds(source.prices) else source.prices
    cost = spent(source.runs, resolved(prices, source.results.prices))
    timed = source.runs.inside + source.runs.outside > 0  # imported runs are not
    paid = source.runs.assign(cost=cost)[(cost > 0) & timed & source.runs.status.isin(statuses("recorded"))]
    groups = paid.groupby(["order", "optimizer"])
    frame = groups[["inside", "outside", "cost"]].sum().reset_index()
    frame = frame.assign(
        inside=frame.inside / frame.cost,
        outside=frame.outside / frame.cost,
        runs=groups.size().to_numpy(),
        remark=np.where(groups.lanes.max().to_numpy() > 0, "lanes", ""),
    )
    return Figure(
        name="cost-split",
        title="Seconds in the problem and in the method",
        note="Seconds for each unit of cost, of all runs together. Runs in lanes share the seconds of their batch.",
        facts=source.facts(aims=False),
        frame=frame,
        panel=Rows(
            source.styles, {"inside": "in the problem", "outside": "in the method"}, "seconds a unit of cost", log=True
        ),
    )


def area_figure(source: Source) -> Figure:
    """The area under each optimizer's ECDF, with its interval."""
    from bench.measure.statistics import areas

    runs = source.runs
    table = source.view.of(areas).merge(runs[["run", *CELL, "order", "optimizer"]], on="run")
    cells = table.groupby(["order", "optimizer", *CELL]).area.agg(["mean", "var", "size"]).reset_index()
    cells = cells.assign(error=cells["var"].where(cells["size"] >= FEWEST) / cells["size"])
    groups = cells.groupby(["order", "optimizer"])
    half = NORMAL * np.sqrt(groups.error.agg(lambda x: x.sum(skipna=False))) / groups.size()
    frame = groups.agg(area=("mean", "mean"), problems=("mean", "size"))
    frame = frame.assign(low=frame.area - half, high=frame.area + half).reset_index()
    every = len(runs[CELL].drop_duplicates())
    frame = frame.assign(remark=[f"{n} of {every} problems" if n < every else "" for n in frame.problems])
    return Figure(
        name="area",
        title="Area under the ECDF",
        note="The mean over problems of the area under the ECDF over the logarithm of the cost, 0 to 1, up to where a "
        "budget ended an optimizer before others; intervals of 95 % from the variance over seeds within each problem, "
        "none below 5 seeds.",
        facts=source.facts(),
        frame=frame.sort_values("area", ascending=False, ignore_index=True),
        panel=Rows(source.styles, {"area": "area"}, "area under the ECDF"),
    )


def sensitivity_figure(source: Source) -> Figure:
    """What each setting of the tuning reached, over each hyperparameter, the most telling first."""
    import pandas as pd

    tuning = source.results.tuning_results if source.results.tuned else None
    settings = [] if tuning is None else list(map(tuning.setting, tuning.runs.run))
    table = sensitivity(
        source.runs[:0] if tuning is None else tuning.comparison.runs,
        settings,
        source.results.tuned if settings else [],
    )
    number: Any = pd.to_numeric(table["value"].where(table["scale"] != "choice"), errors="coerce")
    number = number.where((table["scale"] != "log") | (number > 0))
    drawn = table.assign(at=number.fillna(0))[
        np.isfinite(table.reached.astype(float)) & (number.notna() | (table["scale"] == "choice"))
    ]
    total = drawn.groupby([*CELL, "optimizer", "hyperparameter"]).share.first().groupby("hyperparameter").sum()
    drawn = drawn.assign(place=drawn.hyperparameter.map(total.rank(ascending=False, method="first")))
    drawn = drawn.sort_values(["place", *CELL, "optimizer", "at"], kind="stable").drop(columns=["place", "at"])
    return Figure(
        name="sensitivity",
        title="Sensitivity",
        note="What each setting of the tuning reached by the end of its budget (median over tuning instances "
        "and seeds), "
        "over one of its hyperparameters; the others differ from point to point. Diamonds: the defaults; "
        "stars: the best "
        f"settings. Not drawn: {counted(len(table) - len(drawn), 'value')} of {len(table)}, where runs failed, "
        "the value "
        "is none, or it is 0 on a logarithmic axis.",
        facts=f"{counted(len(drawn), 'setting')} of {counted(drawn.optimizer.nunique(), 'optimizer')}.",
        frame=drawn,
        panel=Points(source.styles, VALUES),
        by=("hyperparameter", *CELL),
    )


FIGURES: dict[str, Callable[[Source], Figure]] = {
    "ecdf": ecdf_figure,
    "convergence": convergence_figure,
    "performance-profile": performance_figure,
    "data-profile": data_figure,
    "scaling": scaling_figure,
    "ert": ert_figure,
    "area": area_figure,
    "cost-split": cost_figure,
    "sensitivity": sensitivity_figure,
}


def figure(results: "Results", name: str, by: str = "optimizer", prices: Prices = None) -> Figure:
    """A figure by its name (see FIGURES). by: of an ecdf, what there is a curve or a panel for (see BY).

    Raises ValueError for another name, and for `by` where it means nothing.
    """
    if name not in FIGURES:
        raise ValueError(f"a figure is one of {', '.join(FIGURES)}, got {name!r}")
    if by not in BY:
        raise ValueError(f"a figure goes by {', '.join(BY)}, got {by!r}")
    source = Source(results, prices)
    if name == "ecdf":
        return ecdf_figure(source, by)
    if by != "optimizer":
        raise ValueError(f"only an ecdf goes by {by}, not {name}")
    return FIGURES[name](source)


def all_figures(source: Source) -> list[Figure]:
    """Every figure that there is something for; an ecdf by everything of which there are several."""
    several = [
        by
        for by, columns in BY.items()
        if by in ("optimizer", "order") or len(source.runs[columns].drop_duplicates()) > 1
    ]
    drawings = [ecdf_figure(source, by) for by in several]
    drawings += [make(source) for name, make in FIGURES.items() if name != "ecdf"]
    return [drawing for drawing in drawings if len(drawing.frame)]


def draw(results: "Results", name: str, by: str, prices: Prices, out: Path) -> Path:
    """Write one figure as SVG, PDF or PNG, by the suffix of out; answers with out.

    Raises ValueError for an unknown figure, another suffix, a file that is there already, and where there is nothing to
    draw.
    """
    if out.suffix not in SUFFIXES:
        raise ValueError(f"a figure must end in {', '.join(SUFFIXES)}, got {out.name!r}")
    if out.exists() or out.is_symlink():
        raise ValueError(f"{out} is there already, and nothing is written over: choose another name with --out")
    if not out.parent.is_dir():
        raise ValueError(f"{out.parent}, where the figure should go, is not a folder: make it first")
    drawing = figure(results, name, by, prices)
    if drawing.frame.empty:
        raise ValueError(f"{results.name} has nothing for a figure of {name}{NEEDED.get(name, '')}")
    save(drawing, out)
    return out
