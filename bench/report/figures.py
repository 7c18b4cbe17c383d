"""The figures for papers: what each shows, from which frame, drawn how."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core.books import LARGE
from bench.core.status import statuses
from bench.measure import levels, words
from bench.measure.comparison import View
from bench.measure.ecdf import ecdf
from bench.measure.ert import ert, hardest
from bench.measure.failed import best_optimizers
from bench.measure.frames import CELL, Frame
from bench.measure.inference import stratified_mean
from bench.measure.prices import RULES, Prices, in_seconds, resolved
from bench.measure.profiles import data_profile, performance_profile
from bench.measure.progress import idle
from bench.measure.scaling import scaling
from bench.measure.virtual import virtual_best
from bench.measure.words import NOT_DRAWN, TUNING, counted, left_out, percent, price_list, target_list, target_name
from bench.report import tuned
from bench.report.memory import memory_figure
from bench.report.metrics import drawings as drawn_metrics
from bench.report.metrics import metric_figure, said
from bench.report.panels import Curves, Figure, Points, Rows, Table, new_file, save
from bench.report.small import strong
from bench.report.styles import Style, optimizer_styles, order_name, order_styles
from bench.report.tables import seconds
from bench.report.texts import Look, inches, paper

if TYPE_CHECKING:
    from bench.results.stored import Results

BY = {"optimizer": ["optimizer"], "order": ["order"], "family": ["family"], "dim": ["dim"], "problem": CELL}
MOST = 12  # curves over all problems that one panel shows
NEEDED = {  # by figures that not all results have
    "memory": f": no run on {LARGE} coordinates or more measured it",
    "metric": ": no run recorded any",
    "sensitivity": ": no hyperparameter was varied",
    "scaling": ": no problem was run in several dims, with a target that was reached",
}


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
    def problems(self) -> int:
        """How many problems and dims there are."""
        return len(self.runs[CELL].drop_duplicates())

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
        if self.view.rule.seconds:
            facts.append(" ".join(filter(None, [self.view.note, left_out(len(self.view.quick)).removesuffix(".")])))
        skipped = int(runs.status.isin(statuses("ran", False)).sum())
        number = f"{counted(len(runs), 'run')} on {counted(self.problems, 'problem')}"
        facts.append(number + (f", {skipped:,} of them skipped" if skipped else ""))
        if runs.scored.any():
            late = percent(self.view.comparison.late - 1)
            facts.append(f"On problems with data or noise runtimes are read at checkpoints, up to {late} late")
        return ". ".join(facts) + "."

    def with_family(self, frame: Frame) -> Frame:
        """A frame with the family of each problem and dim, the families together."""
        families = self.runs.groupby(CELL).family.first().rename("family").reset_index()
        return frame.merge(families, on=CELL, how="left").sort_values("family", kind="stable", ignore_index=True)


def _on_fewer(counts: Any, every: int, noun: str = "") -> dict[str, str]:
    """For each curve that is not over all problems: over how many it is. counts: a Series, by curve."""
    return {name: f"{n} of {every}{noun}" for name, n in counts.items() if n < every}


def ecdf_figure(source: Source, by: str = "optimizer") -> Figure:
    """Targets solved over cost: by optimizer or order in one panel, else optimizers in a panel for each."""
    curve, panels = (by, ()) if by in ("optimizer", "order") else ("optimizer", tuple(BY[by]))
    frame = ecdf(source.view, [*panels, curve])
    styles, most, note, remarks = source.styles, 6 if panels else MOST, "", {}
    if by == "order":
        frame, styles = frame.assign(order=frame.order.map(order_name)), order_styles()
        most, note = len(styles), "All optimizers of an order together, not the best of each. "
    if not panels:
        remarks = _on_fewer(frame.groupby(curve).problems.first(), source.problems, " problems")
    if remarks:
        note += "The curves are not over the same problems, as the names say: their heights do not compare. "
    return Figure(
        name=f"ecdf-by-{by}",
        title=f"Targets solved, by {by}",
        note=f"{note}The fraction of pairs of a run and a target that were solved within a cost. What a run had not "
        "reached when it ended counts as unsolved, all of it where the run was skipped; an optimizer that was skipped "
        "on all problems is not drawn.",
        facts=source.facts(),
        frame=source.with_family(frame) if by == "problem" else frame,
        panel=Curves(styles, source.cost, "targets solved", curve=curve, step=True, most=most, remarks=remarks),
        by=panels,
    )


def convergence_figure(source: Source) -> Figure:
    """Medians of the best value over cost, a panel for each problem and dim; of several problems with the best of each
    order drawn strongly, as on the page."""
    scored = " (on problems with data or noise: of the last score)" if source.runs.scored.any() else ""
    frame = source.with_family(source.results.comparison.convergence(source.prices))
    best = strong(source.view.of(best_optimizers))
    at = zip(frame.problem, frame.dim.astype(int), frame.optimizer, strict=True)
    frame = frame.assign(best=np.array([name in best.get((problem, dim), ()) for problem, dim, name in at], dtype=bool))
    return Figure(
        name="convergence",
        title="Convergence",
        note=f"Median over runs of the best value so far{scored}, with the band between quartiles; a run that has "
        "ended keeps what it had.",
        facts=source.facts(aims=False),
        frame=frame,
        panel=Curves(
            source.styles,
            source.cost,
            y="median",
            better="low",
            band=True,
            strong="best" if source.problems > 1 else "",
        ),
        by=tuple(CELL),
    )


def performance_figure(source: Source) -> Figure:
    """Performance profiles, in one panel."""
    frame = source.view.of(performance_profile)
    optimizers = counted(frame.optimizer.nunique(), "optimizer")
    return Figure(
        name="performance-profile",
        title="Performance profile",
        note="The fraction of problems (a target on a problem and dim) on which the expected runtime is within a "
        f"factor of the least of all {optimizers}; with others among them the curves are others.",
        facts=source.facts(),
        frame=frame,
        panel=_profile(source, frame, "expected runtime, times the minimum", x="ratio"),
    )


def data_figure(source: Source) -> Figure:
    """Data profiles, in one panel."""
    frame = source.view.of(data_profile)
    return Figure(
        name="data-profile",
        title="Data profile",
        note="The fraction of problems (a target on a problem and dim) of which the expected runtime is within a cost, "
        "in units of dim + 1, what a simplex gradient costs.",
        facts=source.facts(),
        frame=frame,
        panel=_profile(source, frame, f"{source.cost}, over dim + 1"),
    )


def _profile(source: Source, frame: Frame, x_title: str, x: str = "cost") -> Curves:
    remarks = _on_fewer(frame.groupby("optimizer").problems.first(), frame.problems.max() if len(frame) else 0)
    return Curves(source.styles, x_title, "problems solved", x=x, step=True, most=MOST, remarks=remarks)


def scaling_figure(source: Source) -> Figure:
    """Expected runtimes over the dimension, a panel for each problem with several, at the hardest of the targets that
    some optimizer reached in the most dims."""
    keys = ["problem", "kind", "target"]
    table = source.view.of(ert)
    table = table[table.groupby("problem").dim.transform("nunique") > 1]
    solved = table[np.isfinite(table.ert) & (table.ert > 0)]
    targets = solved.groupby([*keys, "optimizer"]).dim.nunique().groupby(keys).max().rename("dims").reset_index()
    targets = targets.sort_values(["dims", "target"], ascending=[False, True]).drop_duplicates("problem")[keys]
    frame = table.merge(targets, on=keys)
    slopes = scaling(frame)[["problem", "optimizer", "exponent", "error"]]
    frame = frame.merge(slopes, on=["problem", "optimizer"]).sort_values(["problem", "order", "optimizer", "dim"])
    goals = [f"{row.problem}, {target_name(row.kind, row.target)}" for row in frame.itertuples()]
    return Figure(
        name="scaling",
        title="Scaling with the dimension",
        note=f"Expected runtime over the dimension, with {words.ERT_INTERVAL}, at the hardest of the targets that some "
        "optimizer reached in the most dims. White marks at the upper edge: reached by no run.",
        facts=source.facts(),
        frame=source.with_family(frame.assign(panel=goals)[frame.ert.notna()]).drop(columns="kind"),
        panel=Curves(source.styles, "dim", "expected runtime", x="dim", y="ert", better="low", band=True, marks=True),
        by=("panel",),
    )


def ert_figure(source: Source) -> Figure:
    """Expected runtimes as a heat map, at one target for each problem and dim."""
    table, keys = source.view.of(ert), [*CELL, "kind", "target"]
    best = virtual_best(table)
    counts = table[[*keys, "optimizer", "successes", "runs", "low", "high"]]
    frame = best[best["among"] == "all"].merge(hardest(table)[keys], on=keys).merge(counts, on=[*keys, "optimizer"])
    return Figure(
        name="ert",
        title="Expected runtimes",
        note="The expected runtime on each problem at the hardest target that some optimizer reached in half of its "
        "runs (else: that some run reached), with how many runs reached it where not all did. Colours: the factor over "
        "the least.",
        facts=source.facts(aims=False),
        frame=source.with_family(frame.drop(columns="among")),
        panel=Table(source.styles),
    )


def cost_figure(source: Source) -> Figure:
    """Seconds in the problem and in the method, for each unit of cost."""
    prices = resolved(None if in_seconds(source.prices) else source.prices, source.results.prices)
    frame = seconds(source.runs, prices, ["order", "optimizer"]).reset_index()
    frame = frame.assign(
        inside=frame.inside / frame.cost,
        outside=frame.outside / frame.cost,
        remark=np.where(frame.lanes, "lanes", ""),
    ).drop(columns="lanes")
    marks = {"inside": "in the problem", "outside": "in the method"}
    return Figure(
        name="cost-split",
        title="Seconds in the problem and in the method",
        note="Seconds for each unit of cost, of all runs together. Runs in lanes share the seconds of their batch.",
        facts=source.facts(aims=False),
        frame=frame,
        panel=Rows(source.styles, marks, "seconds a unit of cost", log=True),
    )


def area_figure(source: Source) -> Figure:
    """The area under each optimizer's ECDF, with its interval."""
    from bench.measure.statistics import areas

    layout = source.view.layout
    area, low, high = (
        end[:, 0]
        for end in stratified_mean(layout.spread(source.view.of(areas).area.to_numpy())[..., None], layout.planned)
    )
    frame = layout.optimizers[["order", "optimizer"]].assign(
        area=area, problems=layout.planned.any(axis=2).sum(axis=0), low=low, high=high
    )
    frame = frame[frame.optimizer.isin(source.runs.optimizer[~idle(source.runs)])]
    remarks = _on_fewer(frame.problems, source.problems, " problems")
    frame = frame.assign(remark=[remarks.get(row, "") for row in frame.index])
    return Figure(
        name="area",
        title="Area under the ECDF",
        note="The mean over problems of the area under the ECDF over the logarithm of the cost, 0 to 1, up to where a "
        f"budget ended an optimizer before others; intervals of {words.FRACTION_INTERVAL}, none "
        f"below {counted(levels.FEWEST, 'seed')}.",
        facts=source.facts(),
        frame=frame.sort_values("area", ascending=False, ignore_index=True),
        panel=Rows(source.styles, {"area": "area"}, "area under the ECDF"),
    )


def sensitivity_figure(source: Source, metric: str | None = None, over: str | None = None) -> Figure:
    """What each setting of the tuning reached over one hyperparameter, a panel for each problem and dim.

    metric: what it reached, "f" or a metric at the end of runs; by default the chief one that is recorded, else f.
    over: the hyperparameter; by default the learning rate, else that on which most depends. Raises ValueError for what
    is not recorded, or was not tuned.
    """
    metric = metric or tuned.chief_of(source.results) or "f"
    table = tuned.sensitivities(source.results, metric)
    keys = table.assign(place=tuned.places(table)).sort_values("place").hyperparameter.unique().tolist()
    if over is not None and over not in keys:
        raise ValueError(f"over must be a hyperparameter that was tuned ({', '.join(keys) or 'none'}), got {over!r}")
    key: str = over or next(iter(keys), "")
    table = table[table.hyperparameter == key]
    drawn = table.assign(at=tuned.at(table)).dropna(subset="at")
    drawn = drawn.sort_values([*CELL, "optimizer", "at"], kind="stable").drop(columns="at")
    name = "-".join(filter(None, ("sensitivity", "" if metric == "f" else metric, key))).replace("_", "-")
    return Figure(
        name=name,
        title=f"Sensitivity: {words.axes('value at the end' if metric == 'f' else said(metric), key)}",
        note=f"{TUNING} Not drawn: {counted(len(table) - len(drawn), 'value')} of {len(table)}, {NOT_DRAWN}.",
        facts=f"{counted(len(drawn), 'setting')} of {counted(drawn.optimizer.nunique(), 'optimizer')}.",
        frame=drawn,
        panel=Points(source.styles),
        by=tuple(CELL),
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
    "metric": metric_figure,
    "memory": memory_figure,
}


def figure(
    results: "Results",
    name: str,
    by: str = "optimizer",
    prices: Prices = None,
    metric: str | None = None,
    over: str | None = None,
) -> Figure:
    """A figure by its name (see FIGURES). by: of an ecdf, what there is a curve or a panel for (see BY). metric, over:
    of a metric, which one, and over what (see `bench.report.metrics.metric_figure`); of a sensitivity, see there.

    Raises ValueError for another name, and for what means nothing there.
    """
    if name not in FIGURES:
        raise ValueError(f"a figure is one of {', '.join(FIGURES)}, got {name!r}")
    if by not in BY:
        raise ValueError(f"a figure goes by {', '.join(BY)}, got {by!r}")
    if name != "ecdf" and by != "optimizer":
        raise ValueError(f"only an ecdf goes by {by}, not {name}")
    if name not in ("metric", "sensitivity") and (metric is not None or over is not None):
        raise ValueError(f"metric and over are of the figures metric and sensitivity, not of {name}")
    source = Source(results, prices)
    if name == "sensitivity":
        return sensitivity_figure(source, metric, over)
    if name == "metric":
        return metric_figure(source, metric, over or "cost")
    return ecdf_figure(source, by) if name == "ecdf" else FIGURES[name](source)


def all_figures(source: Source) -> list[Figure]:
    """Every figure that there is something for."""
    figures = [make() for _, make in drawings(source)]
    return [figure for figure in figures if len(figure.frame)]


def drawings(source: Source) -> list[tuple[str, Callable[[], Figure]]]:
    """What every figure is called, and what makes it; an ecdf by everything of which there are several."""
    several = {by for by, columns in BY.items() if len(source.runs[columns].drop_duplicates()) > 1}
    makers: list[tuple[str, Callable[[], Figure]]] = []
    makers += [
        (f"ecdf by {by}", partial(ecdf_figure, source, by)) for by in BY if by in {"optimizer", "order", *several}
    ]
    special = ("ecdf", "metric", "sensitivity")
    makers += [(name, partial(make, source)) for name, make in FIGURES.items() if name not in special]
    makers += [
        (f"sensitivity over {over}", partial(sensitivity_figure, source, metric, over))
        for metric, over in tuned.figures(source.results)
    ]
    return makers + [
        (f"{metric or 'metric'} over {over}", partial(metric_figure, source, metric, over))
        for metric, over in drawn_metrics(source)
    ]


def draw(
    results: "Results",
    name: str,
    by: str,
    prices: Prices,
    out: Path,
    *,
    width: str | float | None = None,
    force: bool = False,
    metric: str | None = None,
    over: str | None = None,
) -> Path:
    """Write one figure as SVG, PDF or PNG, by the suffix of out; answers with out.

    width: of the whole figure, as "3.3in", with letters of 7 and 8 points, as it shall be printed; see
    `bench.report.texts.inches`. force: write over what is there. Raises ValueError for an unknown figure, a width that
    is none, a file that may not be written, and where there is nothing to draw.
    """
    look = Look() if width is None else paper(inches(width))
    new_file(out, "figure", force)
    drawing = figure(results, name, by, prices, metric, over)
    if drawing.frame.empty:
        raise ValueError(f"{results.name} has nothing for a figure of {name}{NEEDED.get(name, '')}")
    save(drawing, out, look=look)
    return out
