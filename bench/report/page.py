"""The report of one folder of results: an HTML file that needs no network, CSV of its tables, SVG of its figures."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure.profiles import convergence, ecdf, ert
from bench.measure.progress import CELL, Frame, complete, spent
from bench.measure.results import tuned_label
from bench.measure.summaries import best_optimizers, endings, failures
from bench.measure.tuning import sensitivity, side_by_side
from bench.report.figures import Figure, plotly_figure, save_svg
from bench.report.styles import FEELS, Style, optimizer_styles, order_name, order_styles
from bench.report.tables import answer_rows, ert_matrix, failure_rows, save_csv, setting_rows, skip_rows, tuned_rows
from bench.report.text import counted, number, script_json

if TYPE_CHECKING:
    from bench.measure.results import Results

TEMPLATES = Path(__file__).parent / "templates"
MOST = 24  # curves over all problems that one panel shows
ENDS = {
    "target": "reached the final target",
    "budget": "spent the budget",
    "returned": "returned early",
    "deadline": "met the deadline",
    "diverged": "diverged",
    "crashed": "crashed",
    "killed": "were killed",
    "skipped": "were skipped",
}


@dataclass(frozen=True)
class Frames:
    """All measures of one report, from which its tables and figures are made."""

    runs: Frame
    styles: dict[str, Style]
    best: Frame
    ert: Frame
    by_order: Frame
    by_optimizer: Frame
    by_problem: Frame
    convergence: Frame
    failures: Frame
    endings: Frame
    tuned: Frame | None = None  # these two where tuned settings were run
    sensitivity: Frame | None = None

    def tables(self) -> dict[str, Frame]:
        """The tables by the names of their CSV."""
        tables = {"best": self.best, "ert": self.ert, "failures": self.failures, "endings": self.endings}
        return tables if self.tuned is None else {**tables, "tuned": self.tuned}


def write_report(results: "Results", folder: Path) -> Path:
    """Write folder/index.html, folder/tables/*.csv and folder/figures/*.svg; answers with the path of the page."""
    frames = measure(results)
    drawn = figures(frames, results.prices)
    for part in ("tables", "figures"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name, frame in frames.tables().items():
        save_csv(frame, folder / "tables" / f"{name}.csv")
    for figure in drawn:
        save_csv(figure.frame, folder / "tables" / f"{figure.name}.csv")
        save_svg(figure, folder / "figures" / f"{figure.name}.svg")
    page = folder / "index.html"
    page.write_text(html(results, frames, drawn), encoding="utf-8")
    return page


def measure(results: "Results") -> Frames:
    """Every frame of the report, at the prices of the suite."""
    runs, events, prices = complete(results.runs), results.trajectories, results.prices
    table = ert(runs, events, prices)
    by_order = ecdf(runs, events, ["order"], prices)
    return Frames(
        runs=runs,
        styles=optimizer_styles(zip(runs.optimizer, runs.order, strict=True)),
        best=best_optimizers(table),
        ert=table,
        by_order=by_order.assign(order=by_order.order.map(order_name)),
        by_optimizer=ecdf(runs, events, ["optimizer"], prices),
        by_problem=ecdf(runs, events, ["problem", "dim", "optimizer"], prices),
        convergence=convergence(runs, events, prices),
        failures=failures(runs),
        endings=endings(runs),
        **_tuned(results, runs),
    )


def _tuned(results: "Results", runs: Frame) -> dict[str, Frame]:
    """The frames of tuning; none where nothing was tuned."""
    if not results.tuned:
        return {}
    pairs = [(item["family"], item["label"], tuned_label(item["label"])) for item in results.tuned if item["setting"]]
    frames = {"tuned": side_by_side(runs, pairs, results.prices)}
    if (source := results.tuning_results) is not None:
        frames["sensitivity"] = sensitivity(source.runs, list(map(source.setting, source.runs.run)), results.tuned)
    return frames


def figures(frames: Frames, prices: dict[str, float]) -> list[Figure]:
    """The figures of the page, in its order."""
    runs, styles = frames.runs, frames.styles
    skipped = (runs.status == "skipped").sum()
    tail = f"Prices: {price_list(prices, runs)}. {counted(len(runs), 'run')}, {skipped} of them skipped."
    scores = ""
    if runs.scored.any():
        tail += " On problems with data or noise runtimes are read at checkpoints, up to 26 % late."
        scores = " (on problems with data or noise: of the last score)"
    unsolved = "What a run had not reached when it ended counts as unsolved, all of it where the run was skipped."
    aims = f"Targets: {target_list(frames.ert)}. {unsolved} {tail}"
    solved = {"curve": "optimizer", "y": "fraction", "y_titles": {"": "targets solved"}, "better": "high", "step": True}
    pooled = {**solved, "panels": False, "most": MOST}
    by_order, by_optimizer = remarks(frames.by_order, "order", runs), remarks(frames.by_optimizer, "optimizer", runs)
    found = [
        Figure(
            name="ecdf-by-order",
            title="Targets solved, by order",
            note=f"All optimizers of an order together, {pooled_of(runs)}: what those invited reach on average, not "
            f"what the best of an order does. {uneven(by_order)}{aims}",
            frame=frames.by_order,
            styles=order_styles(),
            remarks=by_order,
            **{**pooled, "curve": "order"},
        ),
        Figure(
            name="ecdf-by-optimizer",
            title="Targets solved, by optimizer",
            note=f"All problems together. {uneven(by_optimizer)}{aims}",
            frame=frames.by_optimizer,
            styles=styles,
            remarks=by_optimizer,
            **pooled,
        ),
        Figure(
            name="ecdf-by-problem",
            title="Targets solved, by problem",
            note=aims,
            frame=frames.by_problem,
            styles=styles,
            **solved,
        ),
        Figure(
            name="convergence",
            title="Convergence",
            note=f"Median over runs of the best value so far{scores}, with the band between quartiles; a run that has "
            f"ended keeps what it had. {tail}",
            frame=frames.convergence,
            curve="optimizer",
            y="median",
            y_titles={"gap": "f - f_opt", "value": "f"},
            styles=styles,
            better="low",
            band=True,
        ),
    ]
    if frames.sensitivity is not None:
        found.append(sensitivity_figure(frames.sensitivity, styles))
    return found


def sensitivity_figure(table: Frame, styles: dict[str, Style]) -> Figure:
    """What each setting of the tuning reached, over each hyperparameter."""
    number = numbers(table)
    drawn = table[np.isfinite(table.reached) & (number.notna() | (table["scale"] == "choice"))]
    left = len(table) - len(drawn)
    total = drawn.groupby([*CELL, "optimizer", "hyperparameter"]).share.first().groupby("hyperparameter").sum()
    place = drawn.hyperparameter.map(total.rank(ascending=False, method="first"))  # the most telling first
    order = drawn.assign(place=place, at=number.fillna(0))
    order = order.sort_values(["place", *CELL, "optimizer", "at"], kind="stable")
    return Figure(
        name="sensitivity",
        title="Sensitivity",
        note="What each setting of the tuning reached by the end of its budget (median over tuning instances and "
        "seeds), over one of its hyperparameters; the others differ from point to point. Diamonds: the defaults; "
        f"stars: the best settings. Not drawn: {counted(left, 'value')} of {len(table)}, where runs failed, the "
        "value is none, or it is 0 on a logarithmic axis.",
        frame=order.drop(columns=["place", "at"]),
        curve="optimizer",
        y="reached",
        y_titles={"gap": "f - f_opt", "value": "f"},
        styles=styles,
        better="low",
        x="value",
        points=True,
        split="hyperparameter",
        most=len(styles),
    )


def numbers(table: Frame) -> Frame:
    """The values of a table of sensitivity as numbers: NaN for choices, None, and zeros on a logarithmic axis."""
    import pandas as pd

    found: Any = pd.to_numeric(table["value"].where(table["scale"] != "choice"), errors="coerce")
    return found.where((table["scale"] != "log") | (found > 0))


def remarks(table: Frame, curve: str, runs: Frame) -> dict[str, str]:
    """For each curve of an ECDF that is not over all problems and dims of these runs: over how many it is."""
    every = len(runs[CELL].drop_duplicates())
    counts = table.groupby(curve).problems.first()
    return {name: f"over {n} of {every} problems" for name, n in counts.items() if n < every}


def pooled_of(runs: Frame) -> str:
    """How many optimizers of each order these runs are of."""
    counts = runs.groupby("order").optimizer.nunique()
    return ", ".join(f"{n} of order {int(order)}" for order, n in counts.items())


def uneven(found: dict[str, str]) -> str:
    """What to make of curves with such remarks; nothing where there are none."""
    if not found:
        return ""
    return "The curves are not over the same problems, as the names say: their heights do not compare. "


def price_list(prices: dict[str, float], runs: Frame) -> str:
    """The prices in words; that of a Jacobian where any was asked for."""
    names = {"value": "value", "gradient": "gradient with its value", "hessian_vector": "Hessian-vector product"}
    if "jacobian" in runs and runs.jacobian.any():
        names["jacobian"] = "column of a Jacobian"
    return ", ".join(f"{name} {prices[kind]:g}" for kind, name in names.items())


def target_list(table: Frame) -> str:
    """The targets of a table of ERT in words."""
    words = {
        "gap": "f ≤ f_opt + {} where the optimum is known",
        "share": "f ≤ f_best + {} (f_start - f_best) elsewhere",
    }
    found = []
    for kind, phrase in words.items():
        levels = sorted(set(table.target[table.kind == kind]), reverse=True)
        if levels:
            some = f"{levels[0]:g}" if len(levels) == 1 else f"({levels[0]:g} to {levels[-1]:g}, {len(levels)} steps)"
            found.append(phrase.format(some))
    return ", ".join(found) or "none"


def summary(runs: Frame) -> str:
    """One sentence: how many problems, optimizers and runs, and how they ended."""
    if runs.empty:
        return "There are no runs yet."
    problems = len(runs[CELL].drop_duplicates())
    counts = runs.status.value_counts()
    ends = [f"{counts[name]:,} {_agreed(words, counts[name])}" for name, words in ENDS.items() if name in counts]
    ends += [f"{n:,} ended as {name}" for name, n in counts.items() if name not in ENDS]
    optimizers = counted(runs.optimizer.nunique(), "optimizer")
    return f"{counted(problems, 'problem')}, {optimizers}, {counted(len(runs), 'run')}: {', '.join(ends)}."


def _agreed(words: str, n: int) -> str:
    return words.replace("were ", "was ") if n == 1 else words


def html(results: "Results", frames: Frames, drawn: list[Figure]) -> str:
    """The page as one text. Whatever comes from results is escaped, and only our own scripts may run."""
    import jinja2
    from markupsafe import Markup

    scripts = [_plotly_source(), (TEMPLATES / "page.js").read_text(encoding="utf-8")]
    suite = results.manifest.get("suite", {})
    environment = dict(results.manifest.get("environment", {}))
    orders = sorted({style.order for style in frames.styles.values()})
    loader = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.filters["number"] = number
    return loader.get_template("page.html").render(
        policy=content_policy(scripts),
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        scripts=[Markup(script) for script in scripts],
        title=suite.get("title") or results.name,
        name=results.name,
        summary=summary(frames.runs),
        solved_none=bool(len(frames.best) and (frames.best.optimizer == "").all()),
        few=bool(len(frames.ert) and frames.ert.low.isna().all()),
        answers=answer_rows(frames.best, frames.styles, orders),
        orders=[(order, FEELS[order]) for order in orders],
        figures=[(figure, Markup(script_json(plotly_figure(figure)))) for figure in drawn],
        ert=Markup(script_json(ert_matrix(frames.ert, frames.best, frames.styles))),
        failures=failure_rows(frames.failures),
        skips=skip_rows(frames.failures),
        damaged=results.damaged,
        endings=_endings(frames),
        tuning=_tuning(results, frames),
        prices=price_list(results.prices, frames.runs),
        targets=target_list(frames.ert),
        scored=bool(frames.runs.scored.any()),
        command=results.manifest.get("command", ""),
        created=results.manifest.get("created", ""),
        suite=json.dumps(suite, indent=2, ensure_ascii=False, default=str),
        versions=environment.pop("versions", {}),
        environment={key: value for key, value in environment.items() if value not in ("", None)},
    )


def _tuning(results: "Results", frames: Frames) -> dict[str, Any] | None:
    """The section on tuning: both side by side, settings, and what tuning took; None where nothing was tuned."""
    if frames.tuned is None or results.tuning is None:
        return None
    source = results.tuning_results
    cost = sum(item["cost"] for item in results.tuned)
    ours = spent(frames.runs, results.prices).sum()
    budgets = results.tuning.get("budgets", ())  # older ones do not tell
    ran = {group["budget"] for group in results.manifest["suite"]["groups"]}
    return {
        **results.tuning,
        "rows": tuned_rows(frames.tuned, frames.styles),
        "found": setting_rows(results.tuned, frames.sensitivity, frames.styles),
        "cost": cost,
        "runs": sum(item["runs"] for item in results.tuned),
        "times": cost / ours if ours else float("inf"),
        "minutes": None if source is None else (source.runs.inside.sum() + source.runs.outside.sum()) / 60,
        "name": Path(results.tuning["path"]).parent.name,
        "other_budgets": budgets if ran - set(budgets) else (),
    }


def _endings(frames: Frames) -> dict[str, Any]:
    """How the runs of each optimizer ended, as a table of the statuses that occur."""
    table = frames.endings.pivot_table(index="optimizer", columns="status", values="runs", fill_value=0, aggfunc="sum")
    statuses = [status for status in ENDS if status in table] + [status for status in table if status not in ENDS]
    rows = [
        (name, style, [int(table.loc[name, status]) for status in statuses])
        for name, style in frames.styles.items()
        if name in table.index
    ]
    return {"statuses": statuses, "rows": rows}


def _plotly_source() -> str:
    """plotly.js from the installed package."""
    import importlib.resources

    return (importlib.resources.files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def content_policy(scripts: list[str]) -> str:
    """A content security policy under which these scripts run, nothing else does and nothing is fetched."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
