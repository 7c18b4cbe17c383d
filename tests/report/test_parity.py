"""What the page computes itself, from packed arrays, equals what Python computes from the runs.

A float32 is right within 2^-24, one of `coarse`, which keeps BITS bits of its mantissa, within 2^-(BITS + 1), and a
quotient of two of these within twice that. Counts, and their quotients, are exact.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.measure.comparison import Comparison
from bench.measure.comparison import View as Comparing
from bench.measure.ecdf import ecdf
from bench.measure.failed import failed_optimizers
from bench.measure.profiles import data_profile, performance_profile
from bench.measure.progress import complete, spent
from bench.measure.words import cell_name, number, target_name
from bench.report.data import BITS
from bench.report.page import write_report
from bench.results.stored import Results

FLOAT, COARSE, QUOTIENT = 2.0**-24, 2.0 ** -(BITS + 1) + 2.0**-24, 2.0**-BITS + 2.0**-23
SOME = ("nevergrad-DE", "nevergrad-PSO", "torch-lbfgs", "scipy-cg", "trust-region", "gauss-newton")
FAMILIES = ("bbob", "learning", "control")
VIEWS = {  # page, price, optimizers and families, all of them where none are named
    "all": ("plain", "cost", (), ()),
    "selection": ("plain", "differences", SOME, FAMILIES),
    "uneven": ("uneven", "cost", (), ()),
    "wall": ("uneven", "wall", (), ()),
}


@dataclass(frozen=True)
class View:
    """A page opened at a price and selection, and the results that it shows."""

    browser: Any  # of the fixture
    results: Results
    price: str
    runs: pd.DataFrame  # the selected ones

    def selected(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a measure that are of the selection."""
        frame = frame[frame.optimizer.isin(self.runs.optimizer)]
        return frame[frame.problem.isin(self.runs.problem)] if "problem" in frame else frame

    def of_selected(self) -> Comparing:
        """The view of the selected runs, at targets that do not depend on who is selected."""
        reached = self.results.runtimes(self.price)
        return Comparing(Comparison(self.runs), reached[reached.run.isin(self.runs.run)])

    def choose(self, section: str, label: str, value: str) -> None:
        """Choose a value of the list of this label."""
        lists = self.browser.texts(f"#{section} .controls label")
        place = [text.startswith(label) for text in lists].index(True) + 1
        self.browser.choose(f"#{section} .controls label:nth-child({place}) select", value)

    def options(self, section: str, label: str) -> list[str]:
        """The values of the list of this label."""
        lists = f"[...document.querySelectorAll('#{section} .controls label')]"
        own = f"{lists}.find((node) => node.textContent.startsWith(arguments[0]))"
        return self.browser.js(f"[...{own}.querySelectorAll('option')].map((option) => option.value)", label)

    def drawn(self, section: str) -> list[dict]:
        """The traces of a chart with all its curves: name, and x and y as arrays, NaN where there is none."""
        every = f"#{section} .legend .group[title='show all']"
        while self.browser.js("Boolean(document.querySelector(arguments[0]))", every):
            self.browser.click(every)
        data = f"document.querySelector('#{section} .js-plotly-plot').data"
        traces = self.browser.js(f"{data}.map(({{name, x, y}}) => ({{name, x: Array.from(x), y: Array.from(y)}}))")
        return [{**trace, **{axis: np.array(trace[axis], float) for axis in "xy"}} for trace in traces]

    def curves(self, section: str) -> dict[str, dict]:
        """The traces that have a name, by it; of those that share one the first."""
        return {trace["name"]: trace for trace in reversed(self.drawn(section)) if trace["name"]}


@pytest.fixture(scope="session")
def uneven(make_results, tmp_path_factory) -> tuple[Results, Path]:
    """Results in three dims; not all optimizers met all problems, were asked all targets, or have a wall clock."""
    results = make_results(problems=23, events=40, hostile=False)
    runs = results.runs
    runs = runs[~runs.optimizer.isin(["nevergrad-PSO", "torch-lbfgs", "=cmd|' /C calc'!A1", "spsa"])]
    runs = runs[~((runs.optimizer == "scipy-cg") & (runs.family == "bbob"))]
    runs = runs[~((runs.optimizer == "trust-region") & (runs.seed > 1))]
    runs.loc[runs.optimizer == "gauss-newton", "gap"] = 2.5e-3  # not among those of the others, who go on to 1e-8
    runs.loc[runs.optimizer == "nevergrad-DE", "lanes"] = 8
    killed = (runs.optimizer == "trust-region") & (runs.problem == "rosenbrock") & (runs.seed == 0)
    lost = {"status": "killed", "first": np.nan, "best": np.nan, "final": np.nan, "hessian_vector": 0}
    runs.loc[killed, list(lost)] = list(lost.values())
    events = results.trajectories
    results.trajectories = events[events.run.isin(runs.run[~killed])]
    results.runs = runs.reset_index(drop=True)
    return results, write_report(results, tmp_path_factory.mktemp("uneven"), figures=False)


@pytest.fixture(scope="module", params=VIEWS)
def view(request, scripts) -> View:
    page, price, optimizers, families = VIEWS[request.param]
    results, path = request.getfixturevalue(page)
    chosen = {"optimizers": optimizers, "families": families}
    address = "&".join(f"{key}={','.join(names)}" for key, names in chosen.items() if names)
    scripts.open(path, f"#&price={price}&{address}")
    runs = results.runs
    runs = runs[runs.optimizer.isin(optimizers or runs.optimizer) & runs.family.isin(families or runs.family)]
    return View(scripts, results, price, runs)


LINES = {"optimizer": str, "order": "order {}".format, "family": str, "dim": "dim {}".format}


@pytest.mark.parametrize("by", LINES)
def test_targets_solved(view, by):
    costs = view.results.ecdf("optimizer", view.price).cost.unique()
    table = ecdf(view.of_selected(), [by], costs)
    view.choose("solved", "Lines", by)
    curves = {name.split(", ")[0]: curve for name, curve in view.curves("solved").items()}
    assert set(curves) == {LINES[by](key) for key in table[by]}
    for key, part in table.groupby(by):
        curve = curves[LINES[by](key)]
        assert curve["x"][: len(part)] == pytest.approx(part.cost, rel=FLOAT)
        assert curve["y"][: len(part)].tolist() == part.fraction.tolist()


def test_convergence(view):
    table = view.selected(view.results.convergence(view.price))
    cells = view.options("convergence", "Problem")
    known = table[np.isfinite(table["median"])]
    assert set(cells) >= {cell_name(*key) for key, _ in known.groupby(["problem", "dim"])}
    for (problem, dim), of_cell in list(known.groupby(["problem", "dim"]))[::3]:
        view.choose("convergence", "Problem", cell_name(problem, dim))
        traces = view.drawn("convergence")
        bands, curves = traces[: len(traces) // 2], traces[len(traces) // 2 :]
        assert {curve["name"] for curve in curves} == set(of_cell.optimizer)
        for band, curve in zip(bands, curves, strict=True):
            part = of_cell[of_cell.optimizer == curve["name"]]
            assert curve["x"] == pytest.approx(part.cost, rel=COARSE)
            assert curve["y"] == pytest.approx(part["median"], rel=COARSE)
            part = part[np.isfinite(part.high)]
            assert band["x"] == pytest.approx([*part.cost, *part.cost[::-1]], rel=COARSE)
            assert band["y"] == pytest.approx([*part.high, *part.low[::-1]], rel=COARSE)


PROFILES = {"performance": (performance_profile, "ratio"), "data": (data_profile, "cost")}


@pytest.mark.parametrize("kind", PROFILES)
def test_profiles(view, kind):
    """The page draws a step at each ratio, Python reads at a grid of them: where a step is nearer to the point of the
    grid than it is known, either side is right."""
    measure, over = PROFILES[kind]
    table = measure(view.of_selected())
    view.choose("profiles", "Profile", kind)
    curves = view.curves("profiles")
    assert set(curves) == set(table.optimizer)
    unsure = 0
    for name, part in table.groupby("optimizer"):
        x, y = curves[name]["x"], np.r_[0.0, curves[name]["y"]]
        at = part[over].to_numpy()
        low, high = (y[np.searchsorted(x, where, side="right")] for where in (at * (1 - QUOTIENT), at * (1 + QUOTIENT)))
        low = np.where(at * (1 - QUOTIENT) < x[0], y[1], low)
        assert (low <= part.fraction).all()
        assert (part.fraction <= high).all()
        assert y[-1] == part.fraction.iloc[-1]
        unsure += (low < high).sum()
    assert unsure < 0.02 * len(table)
    goals = view.selected(view.results.ert(view.price)).groupby(["problem", "dim", "kind", "target"]).ert.min()
    if kind == "data":  # all targets that somebody was asked for, at a known cost
        goals = goals[goals.index.isin(_asked(view))]
        says = f"{len(goals)} targets of {len(goals.groupby(['problem', 'dim']))} problems (each dim counts)"
        none = goals.isna().sum() + np.isinf(goals).sum()
        assert view.browser.texts("#profiles .says") == [says + (f"; {none} of them none reached." if none else ".")]


def _asked(view: View) -> pd.MultiIndex:
    """Problem, dim, kind, and target of those runs whose cost is known."""
    reached = view.of_selected().reached.dropna(subset=["runtime"])
    cell = complete(view.runs).set_index("run")[["problem", "dim"]].reindex(reached.run).reset_index(drop=True)
    return pd.MultiIndex.from_frame(cell.join(reached[["kind", "target"]].reset_index(drop=True)))


def test_empty_cells_of_the_table(view):
    """Skipped: all runs were. A dash: not run there, not asked for that target, or of unknown cost."""
    table, ran = (view.selected(view.results.ert(price)) for price in (view.price, "cost"))
    table = table.assign(ran=ran.runs)
    for kind, target in (("gap", 1e-8), ("fraction", 1e-3), ("gap", 1.0)):
        own = table[(table.kind == kind) & np.isclose(table.target, target)]
        if own.empty:
            continue
        view.choose("ert", "Target", target_name(kind, target))
        names = [name.strip() for name in view.browser.texts("#ert thead th")[1:]]
        cells = view.browser.js(
            """[...document.querySelectorAll('#ert tbody tr')].flatMap((row) => [...row.cells].slice(1).map((cell, i) =>
                [row.cells[0].textContent, i, cell.classList.contains('none') ? cell.textContent : 'there']))"""
        )
        shown = {}
        for head, i, text in cells:
            problem, dim = re.match(r"(.+) dim (\d+) ·", head).groups()
            shown[problem, int(dim), names[i]] = text
        known = own.set_index(["problem", "dim", "optimizer"])
        assert known.index.isin(list(shown)).all()
        for key, text in shown.items():
            row = known.loc[key] if key in known.index else None
            empty = "skipped" if row is not None and not row.ran else "-"
            assert text == ("there" if row is not None and not np.isnan(row.ert) else empty), key


def test_scaling(view):
    """Exponents and errors as written, with two digits behind the point; a line through the points drawn is exact to
    what packing leaves of the logarithms of three runtimes."""
    table = view.selected(view.results.scaling(view.price))
    table = table.assign(goal=[target_name(*key) for key in zip(table.kind, table.target, strict=True)])
    table = table[(table.used != "") | (table.unsolved != "")]
    fits = 0
    dims = table.groupby("problem").dims.max().sort_values(ascending=False, kind="stable")
    for problem in dims.index[::5]:  # of most dims, where there is an exponent, and of fewer
        view.choose("scaling", "Problem", problem)
        goals = table[table.problem == problem].groupby("goal")
        assert set(view.options("scaling", "Target")) >= set(goals.groups)
        for goal, rows in goals:
            view.choose("scaling", "Target", goal)
            curves = view.curves("scaling")
            assert set(curves) == set(rows.optimizer)
            said = dict(
                zip(*(view.browser.texts(f"#scaling .legend {node}") for node in (".name", "small")), strict=True)
            )
            for row in rows.itertuples():
                there = ~np.isnan(curves[row.optimizer]["y"])
                x, y = (curves[row.optimizer][axis][there] for axis in "xy")
                assert ", ".join(f"{dim:g}" for dim in x) == row.used
                remark = said[row.optimizer]
                assert (f"not reached in dim {row.unsolved}" in remark) == (row.unsolved != "" and row.used != "")
                numbers = re.match(r"∝ dim\^(\S+) ± (\S+?)(,|$)", remark)
                assert bool(numbers) == (row.dims >= 3)
                if numbers:
                    fits += 1
                    assert [float(text) for text in numbers.groups()[:2]] == pytest.approx(
                        [row.exponent, row.error], abs=0.0051
                    )
                    assert np.polyfit(np.log(x), np.log(y), 1) == pytest.approx(
                        [row.exponent, np.log(row.factor)], abs=1e-3
                    )
    assert fits > 20 or view.runs.dim.nunique() < 3


TOLD = re.compile(
    r" (?P<verdict>is significantly better|is significantly worse|does not).* with probability (?P<a12>[\d.]+)"
    r"( \[(?P<low>\S+), (?P<high>\S+)\])?\. "
    r"Its median is better on (?P<better>\d+) and worse on (?P<worse>\d+) of (?P<problems>\d+) problems?; "
    r"(all runs of one of them were skipped: there is no test|"
    r"p = (?P<p>\S+), corrected for (?P<tested>\d+) pairs? (?P<adjusted>\S+))\.( .+: .+\.)*$"
)


def test_pairs(view):
    """At the prices of the suite and over all problems, whatever is selected; numbers as written: two digits behind the
    point, p-values in three digits."""
    table = view.results.pairs()
    tested = table.p.notna().sum() / 2
    table = table[table.optimizer.isin(view.runs.optimizer) & table.rival.isin(view.runs.optimizer)]
    table = table[table.a12.notna()].set_index(["optimizer", "rival"])
    mean = table.a12.groupby("optimizer").mean()
    rows, columns = (view.browser.texts(f"#pairs {part} th span") for part in ("tbody", "thead"))
    assert rows == columns
    failed = {row.optimizer for row in failed_optimizers(complete(view.results.runs)).itertuples()}
    assert {name for name in rows if name.endswith("†")} == {f"{name}†" for name in failed & set(mean.index)}
    rows = [name.removesuffix("†") for name in rows]
    assert set(rows) == set(mean.index)
    assert (np.diff(mean[rows]) < COARSE).all()  # the best first
    cells = view.browser.js(
        """[...document.querySelectorAll('#pairs tbody tr')].map((row) => [...row.querySelectorAll('td')].map((td) => {
            const button = td.querySelector('button');
            button?.dispatchEvent(new Event('pointerenter'));
            return button && [button.textContent, document.querySelector('#pairs .detail').textContent];
        }))"""
    )
    shown = {
        (a, b): cell for a, line in zip(rows, cells, strict=True) for b, cell in zip(rows, line, strict=True) if cell
    }
    assert set(shown) == set(table.index)
    for (optimizer, rival), (text, detail) in shown.items():
        row, told = table.loc[(optimizer, rival)], TOLD.search(detail)
        assert detail.startswith(optimizer)
        assert float(text) == pytest.approx(row.a12, abs=0.00501)
        verdict = "does not" if not row.significant else f"is significantly {'better' if row.a12 > 0.5 else 'worse'}"
        assert told["verdict"] == verdict
        assert [int(told[name]) for name in ("problems", "better", "worse")] == [row.problems, row.better, row.worse]
        for names, error in ((("a12", "low", "high"), {"abs": 0.00501}), (("p", "adjusted"), {"rel": 0.00501})):
            found = [float(told[name] or "nan") for name in names]
            assert found == pytest.approx(row[list(names)].tolist(), nan_ok=True, **error)
        assert told["tested"] in (None, f"{tested:.0f}")


def test_costs(view):
    """Seconds over cost of the runs that paid, at the prices of the suite, the slowest last."""
    runs = complete(view.runs)
    paid = runs[(spent(runs, view.results.prices) > 0) & (runs.status != "killed")].assign(
        cost=spent(runs, view.results.prices)
    )
    cell = paid.problem.iloc[0], int(paid.dim.iloc[0])
    for name, own in (("all", paid), (cell_name(*cell), paid[(paid.problem == cell[0]) & (paid.dim == cell[1])])):
        sums = own.groupby("optimizer")[["inside", "outside", "cost"]].sum()
        table = pd.DataFrame({key: sums[key] / sums.cost for key in ("inside", "outside")})
        view.choose("costs", "Problem", name)
        layout = view.browser.js("document.querySelector('#costs .js-plotly-plot').layout.yaxis.ticktext")
        inside, outside = view.drawn("costs")[-2:]
        assert set(layout) == set(table.index)
        table = table.loc[layout]
        assert inside["x"] == pytest.approx(table.inside, rel=QUOTIENT)
        assert outside["x"] == pytest.approx(table.outside, rel=QUOTIENT)
        assert (np.diff(table.sum(axis=1)) < 1e-9).all()


def test_sensitivity_of_runs(scripts, make_results, tmp_path):
    """The mean of the curves of targets solved over their grid, over the values of a hyperparameter."""
    results = make_results(10, 12, 3, 20, hostile=False)
    names = {"torch-sgd[momentum=0.9]": 0.9, "torch-adam[lr=0.1]": 0.1, "torch-lbfgs": 0.5}
    labels = {run: name for run, name in zip(results.runs.run, results.runs.optimizer, strict=True)}
    results.setting = lambda run: ("rule", {"rate": names[labels[run]]}) if labels[run] in names else (labels[run], {})
    scripts.open(write_report(results, tmp_path, figures=False))
    view = View(scripts, results, "cost", results.runs)
    curves = view.curves("sensitivity")
    families = sorted(results.runs.family.unique())
    assert set(curves) == {"all selected families", *families}
    whole = results.comparison.at("cost")
    costs = results.ecdf("optimizer").cost.unique()
    for family in families:
        runs = results.runs[results.runs.family == family]
        part = Comparing(Comparison(runs), whole.reached[whole.reached.run.isin(runs.run)])
        means = ecdf(part, ["optimizer"], costs).groupby("optimizer").fraction.mean()
        order = sorted((value, name) for name, value in names.items())
        assert curves[family]["x"].tolist() == [value for value, _ in order]
        assert curves[family]["y"] == pytest.approx([means.get(name, 0.0) for _, name in order], rel=1e-12)


def test_sensitivity_of_tuning(scripts, make_results, monkeypatch, tmp_path):
    """Each setting where it was tried, what it reached, and how much of the variance goes with it."""
    rows = [("spsa", 0.1 * 10**n, 10.0**-n, role) for n, role in enumerate(["", "default", "tuned"])]
    table = pd.DataFrame(rows, columns=["optimizer", "value", "reached", "role"])
    table = table.assign(problem="golf", dim=2, hyperparameter="lr", fraction=0.25, scale="log", kind="gap")
    noted = table.assign(kind="test accuracy", reached=[0.5, 0.7, 0.9])
    decay = table.assign(hyperparameter="weight_decay", fraction=0.9)
    table = pd.concat([decay, table, noted, table.assign(problem="bowl", reached=5.0), noted.assign(problem="bowl")])
    monkeypatch.setattr("bench.report.tuned.measured", lambda *_: {"sensitivity": table})
    results = make_results(5, 6, 2, 10, hostile=False)
    scripts.open(write_report(results, tmp_path, figures=False))
    (curve,) = View(scripts, results, "cost", results.runs).drawn("sensitivity")
    assert (curve["name"], curve["x"].tolist(), curve["y"].tolist()) == ("spsa", [0.1, 1.0, 10.0], [0.5, 0.7, 0.9])
    axes = ["test accuracy over lr", "value at the end over lr", "value at the end over weight_decay"]
    assert scripts.texts("#sensitivity option") == [*axes, "golf, dim 2", "bowl, dim 2"]
    trace = "document.querySelector('#sensitivity .js-plotly-plot').data[0]"
    assert scripts.js(f"{trace}.customdata") == [["tried"], ["default"], ["tuned"]]
    assert scripts.texts("#sensitivity .legend small") == ["explains 25 %"]


def test_landscapes(scripts, plain, grid):
    """At each cost of the slider the best of what was asked by then; under the pointer the height of f."""
    results, path = plain
    scripts.open(path, "#&families=toys")
    runs = results.runs[(results.runs.problem == "rosenbrock") & (results.runs.dim == 2) & (results.runs.seed == 0)]
    paths = {}
    for run in runs[runs.value + runs.gradient > 0].itertuples():
        events = results.events([run.run])
        events = events.assign(asked=events.value + events.gradient)
        asked = np.arange(1, len(results.points(run.run)) + 1)
        cost = np.interp(asked, events.asked, sum(price * events[name] for name, price in results.prices.items()))
        f = events.f.cummin().to_numpy()[np.searchsorted(events.asked, asked, side="right") - 1]
        paths[run.optimizer] = asked, cost, f - run.f_opt
    ends = np.concatenate([cost[[0, -1]] for _, cost, _ in paths.values()])
    for fraction in (1.0, 0.7, 0.3, 0.0):
        slide = f"((slider) => {{ slider.value = {1000 * fraction}; slider.oninput(); }})"
        scripts.js(f"{slide}(document.querySelector('#landscape input'))")
        now = ends.min() * (ends.max() / ends.min()) ** fraction
        buttons = "#landscape .legend button[data-key^=o]"
        shown = dict(zip(scripts.texts(f"{buttons} .name"), scripts.texts(f"{buttons} small"), strict=True))
        assert set(shown) == set(paths)
        for name, (_, cost, best) in paths.items():
            counts = [np.searchsorted(cost, now * factor, side="right") for factor in (0.998, 1.002)]
            texts = [number(best[count - 1]) if count else "\N{EN DASH}" for count in range(counts[0], counts[1] + 1)]
            assert shown[name] in texts or float(shown[name]) == pytest.approx(float(texts[0]), rel=2e-3), name
    for x, y in ((0.1, 0.2), (0.5, 0.9), (0.75, 0.5)):
        point = "((canvas) => canvas.onpointermove({offsetX: arguments[0], offsetY: arguments[1]}))"
        scripts.js(f"{point}(document.querySelector('#landscape canvas'))", 400 * x, 400 * y)
        (text,) = scripts.texts("#landscape .tip")
        if " ≈ " in text:
            height = grid["f"][round((1 - y) * 80), round(x * 80)] - 1
            assert float(text.split(" ≈ ")[1].split(" ")[0].replace(",", "")) == pytest.approx(height, rel=1e-2)
