"""What runs recorded beside f: accuracies and losses of training and test rows, over cost, epochs and seconds."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from bench.core.status import statuses
from bench.measure.frames import CELL, Frame
from bench.measure.metrics import curves
from bench.measure.prices import in_lanes
from bench.measure.words import cell_name, interval, joined_by_and, number, reached
from bench.report.panels import Curves, Figure, drawn
from bench.report.styles import Style

if TYPE_CHECKING:
    from bench.results.stored import Results

Source = Any  # `bench.report.figures.Source`, and `bench.report.measured.Report`, which import this
Report = Any

OVER = ("cost", "epochs", "seconds")
TITLES = {"epochs": "passes over the data", "seconds": "seconds, of runs that were alone"}
TEST, TRAIN, BESIDE = "test_", "train_", ", training rows"
MOST = 6  # problems of which the page has pictures
WIDTH = 3.8  # inches of a picture of the page, which has a telephone's width, and two beside each other elsewhere
LEADING = 6  # optimizers that a panel shows


def chief(names: Sequence[str]) -> str:
    """The metric that is drawn where none is named: test accuracy, else another of test rows but the loss, else the
    first."""
    of_test = [name for name in names if name.startswith(TEST)]
    other = [name for name in of_test if name != "test_loss"]
    for choice in (["test_accuracy"] if "test_accuracy" in names else [], other, of_test, list(names)):
        if choice:
            return choice[0]
    return ""


class Beside(Curves):
    """Curves of test rows, named in the legend, and thinner beside each that of training rows."""

    def legend(self) -> list[str]:
        return [name for name in self.styles if not name.endswith(BESIDE)]


def metric_figure(source: Source, metric: str | None = None, over: str = "cost") -> Figure:
    """Medians and quartiles of a metric, a panel for each problem and dim: over cost, epochs or seconds. Beside one of
    test rows, thinner, the same of training rows. A panel shows the LEADING optimizers whose median is best at the end.

    Raises ValueError for a metric that no run records.
    """
    table: Any = source.results.metrics(source.prices)
    names = sorted(set(table.metric))
    if over not in OVER:
        raise ValueError(f"over must be one of {', '.join(OVER)}, got {over!r}")
    if metric is not None and metric not in names:
        raise ValueError(f"metric must be one that runs record ({', '.join(names) or 'none'}), got {metric!r}")
    metric = chief(names) if metric is None else metric
    beside = metric.replace(TEST, TRAIN, 1) if metric.startswith(TEST) else ""
    frame: Any = curves(table[table.metric.isin([metric, beside])], over)
    every = frame.optimizer.nunique()
    frame = _leading(frame, metric)
    styles = dict(source.styles)
    if beside in set(frame.metric):
        thin = {f"{name}{BESIDE}": replace(style, dash="dot", width=1) for name, style in styles.items()}
        of_test = frame.metric == metric  # bands of both would hide each other
        frame = frame.assign(curve=frame.optimizer.where(of_test, frame.optimizer + BESIDE))
        frame = frame.assign(low=frame.low.where(of_test), high=frame.high.where(of_test))
        styles |= thin
    else:
        frame = frame.assign(curve=frame.optimizer)
    frame = source.with_family(frame)
    better = "high" if len(frame) and bool(frame.higher.iloc[0]) else "low"
    dotted = " Dotted: of training rows." if beside in set(frame.metric) else ""
    few = f" Of {every} optimizers, on each problem the {LEADING} best at the end." if every > LEADING else ""
    left_out = _left_out(source.runs, over)
    return Figure(
        name=f"metric-{metric}-over-{over}".replace("_", "-"),
        title=f"{said(metric).capitalize()} over {over}",
        note=f"Median over runs of {said(metric)}, with the band between quartiles; a run that has ended keeps what it "
        f"had.{dotted}{few}{left_out}",
        facts=f"{source.facts(aims=False)}{dotted}{left_out}",
        frame=frame,
        panel=_panel(styles, source.cost if over == "cost" else TITLES[over], metric, over, better),
        by=tuple(CELL),
    )


def drawings(source: Source) -> list[tuple[str | None, str]]:
    """What there is a figure for, as arguments of `metric_figure`: the chief metric over everything, and over cost each
    other one of which the suite names targets."""
    names = sorted(set(source.results.metrics(source.prices).metric))
    aimed = [name for name in source.results.metric_targets if name != chief(names)]
    return [*((None, over) for over in OVER), *((name, "cost") for name in aimed)]


def _leading(frame: Any, metric: str) -> Any:
    """The curves of the optimizers that have the best medians of a metric at the end, of each problem and dim."""
    last = frame[frame.metric == metric].groupby([*CELL, "optimizer"], sort=False).tail(1)
    height = last["median"].where(~last.higher.astype(bool), -last["median"])
    last = last.assign(height=height).sort_values("height", kind="stable")
    return frame.merge(last.groupby(CELL, sort=False).head(LEADING)[[*CELL, "optimizer"]], on=[*CELL, "optimizer"])


def said(metric: str) -> str:
    """A metric in words: `test accuracy`."""
    return metric.replace("_", " ")


def _panel(styles: dict[str, Style], title: str, metric: str, over: str, better: str) -> Curves:
    options: Any = {"curve": "curve", "x": over, "y": "median", "better": better, "band": True}
    return Beside(styles, title, said(metric), most=2 * LEADING, **options)


def _left_out(runs: Any, over: str) -> str:
    """Who has no curve over seconds, and why."""
    if over != "seconds":
        return ""
    ran = runs[runs.status.isin(statuses("ran")) & runs.scored]
    lanes = ran.assign(shared=in_lanes(ran)).groupby("optimizer").shared.all()
    names = sorted(lanes.index[lanes])
    if not names:
        return ""
    return (
        f" Not drawn: {joined_by_and(names)}, whose runs went in lanes, and have no time of their own: "
        "`solo = true` in a suite gives them one."
    )


def shown(report: Report) -> dict[str, Any]:
    """What the page has of metrics; nothing where no run recorded any.

    problems: name, family (its place), metrics (in words), rows of style, optimizer, place, runs, and cells of text,
    interval and whether it is the best. goals: the same of expected costs to the suite's targets of metrics, with how
    many runs reached each.
    """
    table: Any = report.results.metrics()
    if table.empty:
        return {}
    finals: Any = report.results.final_metrics
    tables = [
        {
            "name": cell_name(problem, dim),
            "family": family,
            "metrics": [said(name) for name in sorted(set(finals.metric[_of(finals, problem, dim)]), key=_rank)],
            "rows": _rows(report, finals[_of(finals, problem, dim)]),
        }
        for (problem, dim), family in zip(report.cells, report.family_places, strict=True)
        if _of(table, problem, dim).any()
    ]
    return {"problems": tables, "goals": _goals(report)}


def _of(table: Any, problem: str, dim: int) -> Any:
    return (table.problem == problem) & (table.dim == dim)


def _rank(metric: str) -> tuple[int, str]:
    """f first, then each metric of training rows beside that of test rows."""
    return (0, "") if metric == "f" else (1, metric.split("_", 1)[-1] + metric)


def _rows(report: Report, finals: Any) -> list[dict[str, Any]]:
    metrics = sorted(set(finals.metric), key=_rank)
    best = {}
    for metric in metrics:
        of_metric = finals[finals.metric == metric]
        medians = of_metric["median"]
        best[metric] = medians.max() if bool(of_metric.higher.iloc[0]) else medians.min()
    rows = []
    for name, style in report.styles.items():
        of_name = finals[finals.optimizer == name].set_index("metric")
        if of_name.empty:
            continue
        cells = []
        for metric in metrics:
            row = of_name.loc[metric]
            missing = f"{int(row.missing)} missing" if row.missing else ""
            cells.append(
                {
                    "text": number(row["median"]),
                    "interval": ", ".join(filter(None, [interval(row.low, row.high), missing])),
                    "best": row["median"] == best[metric],
                }
            )
        runs = int(of_name.runs.max())
        rows.append({"optimizer": name, "style": style, "place": report.place(name), "cells": cells, "runs": runs})
    return rows


def _goals(report: Report) -> list[dict[str, Any]]:
    """The expected cost to each target of a metric that the suite asks for: a table for each problem and dim."""
    if not report.results.metric_targets:
        return []
    table: Any = report.results.metric_ert()
    places = dict(zip(report.cells, report.family_places, strict=True))
    tables = []
    for (problem, dim), of_cell in table.groupby(CELL, sort=False):
        aims = [(row.kind, row.target) for row in of_cell.drop_duplicates(["kind", "target"]).itertuples()]
        least = of_cell.groupby(["kind", "target"]).ert.min()
        rows = []
        for name, style in report.styles.items():
            of_name = of_cell[of_cell.optimizer == name].set_index(["kind", "target"])
            if len(of_name):
                cells = [_goal(of_name.loc[aim], least[aim]) for aim in aims]
                rows.append({"optimizer": name, "style": style, "place": report.place(name), "cells": cells})
        names = [f"{said(kind)} {number(target)}" for kind, target in aims]
        head = {"name": cell_name(problem, int(dim)), "family": places[problem, int(dim)], "targets": names}
        tables.append({**head, "rows": rows})
    return tables


def _goal(row: Any, least: float) -> dict[str, Any]:
    """An expected cost in words, and whether it is the least."""
    solved = reached(int(row.successes), int(row.runs))
    ends = interval(row.low, row.high)
    return {"text": number(row.ert), "interval": ends, "reached": solved, "best": row.ert == least < float("inf")}


def pictures(report: Report, figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """Each figure of a metric, with its title, its note and its panels, of a few problems: name, family (its place) and
    the text of an SVG of each; without empty ones."""
    families = dict(zip(report.cells, report.family_places, strict=True))
    answers = []
    for figure in figures:
        panels = [
            {"name": cell_name(*cell), "family": families[cell], "svg": _svg(replace(figure, frame=frame, facts=""))}
            for cell, frame in list(figure.frame.groupby(CELL, sort=False))[:MOST]
        ]
        if panels:
            answers.append({"title": figure.title, "note": figure.note, "panels": panels})
    return answers


def _svg(figure: Figure) -> str:
    """A figure as SVG in base64."""
    from base64 import b64encode

    import matplotlib as mpl
    import seaborn as sns

    from bench.report.texts import paper

    look = paper(WIDTH)
    settings: Any = {**sns.axes_style("whitegrid"), **look.settings, "svg.hashsalt": figure.name}
    file = BytesIO()
    with mpl.rc_context(settings):
        drawn(figure, look).savefig(file, format="svg", metadata={"Date": None})
    return b64encode(file.getvalue()).decode()


def tables(results: "Results") -> dict[str, Frame]:
    """The tables of a report that are of metrics, by the names of their CSV."""
    finals: Any = results.final_metrics
    frames: dict[str, Frame] = {"metrics": finals} if (finals.metric != "f").any() else {}
    if frames and results.metric_targets:
        frames["metric-ert"] = results.metric_ert()
    return frames
