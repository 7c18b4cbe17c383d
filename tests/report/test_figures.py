"""What is drawn equals the frames, by Plotly and by seaborn."""

import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from bench.report.figures import PARTLY, _drawn, plotly_figure, rounded, save_svg
from bench.report.page import figures, measure, sensitivity_figure
from bench.report.styles import DASHES, SHADES, optimizer_styles


@pytest.fixture(scope="module")
def drawn(made):
    return {figure.name: figure for figure in figures(measure(made), made.prices)}


@pytest.mark.parametrize("name", ["ecdf-by-order", "ecdf-by-optimizer", "ecdf-by-problem", "convergence"])
def test_plotly_draws_the_frame(drawn, name):
    figure = drawn[name]
    views = plotly_figure(figure)["views"]
    assert [view["label"] for view in views] == [label for label, _ in figure.views()]
    for view, (_, part) in zip(views, figure.views(), strict=True):
        assert {trace["name"] for trace in view["data"]} == set(part[figure.curve])
        for trace in view["data"]:
            rows = part[part[figure.curve] == trace["name"]]
            np.testing.assert_allclose(trace["x"], rows.cost, rtol=1e-4)
            np.testing.assert_allclose(trace["y"], rows[figure.y], rtol=1e-4)
            if figure.band:
                np.testing.assert_allclose(trace["customdata"], rows[["low", "high"]], rtol=1e-4)
    assert sum(len(trace["x"]) for view in views for trace in view["data"]) == len(figure.frame)


@pytest.mark.parametrize("name", ["ecdf-by-order", "ecdf-by-problem", "convergence"])
def test_seaborn_draws_what_plotly_shows_at_first(drawn, name):
    figure = drawn[name]
    canvas = _drawn(figure)
    views = plotly_figure(figure)["views"]
    assert len(canvas.axes) == len(views)
    for axes, view in zip(canvas.axes, views, strict=True):
        shown = [trace for trace in view["data"] if trace["visible"]]
        assert len(axes.lines) == len(shown)
        for line, trace in zip(axes.lines, shown, strict=True):
            np.testing.assert_allclose(line.get_xdata(), trace["x"], rtol=1e-4)
            np.testing.assert_allclose(line.get_ydata(), trace["y"], rtol=1e-4)
            assert to_hex(line.get_color()) == trace["line"]["color"]
        assert axes.get_yscale() == view["layout"]["yaxis"].get("type", "linear")
        assert axes.get_ylabel() == view["layout"]["yaxis"]["title"]["text"]


def test_seaborn_draws_the_bands(drawn):
    figure = drawn["convergence"]
    for axes, (_, part) in zip(_drawn(figure).axes, figure.views(), strict=True):
        names = [name for name in figure.styles if name in figure.shown(part)]
        assert len(axes.collections) == len(names) > 0
        for filled, name in zip(axes.collections, names, strict=True):
            rows = part[(part.optimizer == name) & np.isfinite(part.high)]
            ends = [(row.cost, y) for row in rows.itertuples() for y in (row.low, row.high)]
            corners = filled.get_paths()[0].vertices
            np.testing.assert_array_equal(np.unique(corners, axis=0), np.unique(ends, axis=0))
            assert to_hex(filled.get_facecolor()[0]) == figure.styles[name].color
            assert 0 < filled.get_alpha() < 0.5


def test_svg_holds_the_bands(drawn, written):
    """A filled path of every shown curve, in its colour and translucent."""
    figure = drawn["convergence"]
    fills = [element.get("style", "") for element in ET.parse(written / "figures/convergence.svg").iter()]
    for name, style in figure.styles.items():
        panels = sum(name in figure.shown(part) for _, part in figure.views())
        found = sum(f"fill: {style.color}; fill-opacity: 0.15" in fill for fill in fills)
        assert found >= panels, name  # two curves may share a colour


def test_convergence_has_log_axes_where_values_allow_it(drawn):
    views = {view["label"]: view["layout"]["yaxis"] for view in plotly_figure(drawn["convergence"])["views"]}
    assert views["rosenbrock, dim 2"]["type"] == "log"
    assert views["rosenbrock, dim 2"]["title"]["text"] == "f - f_opt"
    assert views["mlp, dim 2"]["title"]["text"] == "f"
    assert "type" not in views["cartpole, dim 2"]  # rewards with their sign turned are below zero


def test_crowded_panels_show_the_best_of_each_order(drawn):
    figure = drawn["convergence"]
    part = next(part for label, part in figure.views() if label == "rosenbrock, dim 2")
    shown = figure.shown(part)
    assert sorted(figure.styles[name].order for name in shown) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    height = np.log10(part["median"]).groupby(part.optimizer).mean()
    for order in (0, 1, 2):
        members = [name for name in height.index if figure.styles[name].order == order]
        assert set(height[members].nsmallest(3).index) <= shown


@pytest.mark.parametrize(("optimizers", "crowded"), [(24, False), (25, True)])
def test_ecdf_of_many_optimizers_shows_the_best_of_each_order(make_results, optimizers, crowded):
    results = make_results(1, 5, 5, 5, hostile=False)
    number = np.arange(len(results.runs))
    results.runs = results.runs.assign(optimizer=[f"m{n % optimizers:02}" for n in number], order=number % 3 % 2)
    results.runs = results.runs.assign(order=results.runs.optimizer.str[1:].astype(int) % 3)
    (figure,) = (each for each in figures(measure(results), results.prices) if each.name == "ecdf-by-optimizer")
    ((_, part),) = figure.views()
    shown = figure.shown(part)
    assert part.optimizer.nunique() == optimizers
    assert sorted(figure.styles[name].order for name in shown) == (
        [0, 0, 0, 1, 1, 1, 2, 2, 2] if crowded else sorted(n % 3 for n in range(24))
    )
    assert (PARTLY in figure.caption()) == crowded


def test_caption_tells_of_hidden_curves_only_where_there_are(drawn, make_results):
    assert [PARTLY in drawn[name].caption() for name in drawn] == [False, False, True, True]
    few = make_results(2, 6, 1, 5)
    assert not any("three best" in figure.caption() for figure in figures(measure(few), few.prices))


def test_curves_over_fewer_problems_say_so(drawn, make_results):
    """Order 1 runs on one of two problems."""
    results = make_results(2, 8, 1, 5, hostile=False)
    runs = results.runs
    results.runs = runs[(runs.order == 0) | (runs.problem == "quadratic")]
    by_order, by_optimizer, by_problem, _ = figures(measure(results), results.prices)
    assert by_order.remarks == {"order 1, slope": "over 1 of 2 problems"}
    assert by_optimizer.remarks == {"gradient-descent": "over 1 of 2 problems"}
    assert by_problem.remarks == {}
    (view,) = plotly_figure(by_order)["views"]
    assert ["over 1 of 2 problems" in trace["hovertemplate"] for trace in view["data"]] == [False, True]
    assert [trace["meta"]["remark"] for trace in view["data"]] == ["", "over 1 of 2 problems"]
    (legend,) = _drawn(by_order).legends
    assert [text.get_text() for text in legend.get_texts()][1] == "order 1, slope (over 1 of 2 problems)"
    assert "not over the same problems" in by_order.note
    assert not any(figure.remarks for figure in drawn.values())
    assert not any("not over the same problems" in figure.note for figure in drawn.values())


def test_csv_of_a_figure_is_its_frame(drawn, written):
    table = pd.read_csv(written / "tables/convergence.csv")
    assert list(table.columns) == list(drawn["convergence"].frame.columns)
    np.testing.assert_allclose(table["median"], drawn["convergence"].frame["median"])


def test_svg_holds_names_as_text(written):
    for path in (written / "figures").glob("*.svg"):
        tags = {element.tag.split("}")[1] for element in ET.parse(path).iter()}
        assert tags.isdisjoint({"script", "image", "img", "foreignObject"}), path
    text = "".join(ET.parse(written / "figures/ecdf-by-problem.svg").getroot().itertext())
    assert "</script><img src=x onerror=alert(1)>, dim 2" in text
    assert "<b>bold</b> $x_1$" in text


def test_svg_takes_any_name(make_results, tmp_path):
    results = make_results(1, 6, 1, 5, hostile=False)
    names = ["_hidden", "$\\frac{$", "$", "優化器 \U0001f32b", "line\nbreak\x00", "a;b", "%{x}"]
    results.runs = results.runs.assign(optimizer=[names[n % len(names)] for n in range(len(results.runs))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in figures(measure(results), results.prices):
            save_svg(figure, tmp_path / f"{figure.name}.svg")
    text = "".join(ET.parse(tmp_path / "ecdf-by-optimizer.svg").getroot().itertext())
    assert "_hidden" in text
    assert "$\\frac{$" in text
    assert "優化器" in text


def test_styles_keep_order_and_differ():
    pairs = [(f"method-{n}", n % 3) for n in range(60)]
    styles = optimizer_styles(pairs)
    assert len({(style.color, style.dash) for style in styles.values()}) == 60
    for name, order in pairs:
        assert styles[name].order == order
        assert styles[name].color in SHADES[order]
        assert styles[name].dash in DASHES
    assert optimizer_styles(reversed(pairs)) == styles


def test_what_is_not_finite_is_not_drawn():
    assert rounded(pd.Series([1.234567, np.inf, np.nan, -np.inf, 0.0])) == [1.2346, None, None, None, 0.0]


def test_a_tuned_optimizer_looks_like_its_default_but_wider():
    styles = optimizer_styles([("a", 1), ("a (tuned)", 1), ("a[lr=1]", 1), ("a[lr=1] (tuned)", 1), ("b (tuned)", 1)])
    for name in ("a", "a[lr=1]"):
        default, tuned = styles[name], styles[f"{name} (tuned)"]
        assert (tuned.color, tuned.dash, tuned.order) == (default.color, default.dash, default.order)
        assert tuned.width > default.width
    assert len({(styles[name].color, styles[name].dash) for name in ("a", "a[lr=1]", "b (tuned)")}) == 3


def test_sensitivity_is_points_over_each_hyperparameter(tmp_path):
    rows = [
        ("lr", "log", 0.1, 2.0, "default", 0.5), ("lr", "log", 1.0, np.inf, "", 0.5),
        ("lr", "log", 0.01, 1.0, "tuned", 0.5),
        ("rule", "choice", "x", 2.0, "default", 0.9), ("rule", "choice", "y", 1.0, "tuned", 0.9),
        ("size", "linear", None, 2.0, "default", np.nan), ("size", "linear", 8, 1.0, "tuned", np.nan),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["hyperparameter", "scale", "value", "reached", "role", "share"])
    table = table.assign(problem="bowl", dim=2, family="toys", optimizer="a", order=1, kind="gap", runs=3)
    figure = sensitivity_figure(table, optimizer_styles([("a", 1)]))
    views = plotly_figure(figure)["views"]
    assert [view["label"] for view in views] == ["rule: bowl, dim 2", "lr: bowl, dim 2", "size: bowl, dim 2"]
    traces = [view["data"][0] for view in views]
    assert [(trace["x"], trace["y"]) for trace in traces] == [
        (["x", "y"], [2.0, 1.0]),
        ([0.01, 0.1], [1.0, 2.0]),
        ([8.0], [1.0]),
    ]
    assert traces[1]["marker"]["symbol"] == ["star", "diamond"]
    assert [view["layout"]["xaxis"].get("type") for view in views] == ["category", "log", None]
    assert "Not drawn: 2 values of 7" in figure.caption()
    save_svg(figure, tmp_path / "s.svg")
    text = (tmp_path / "s.svg").read_text()
    assert "rule: bowl, dim 2" in text
    (axes,) = [one for one in _drawn(figure).axes if one.get_xlabel() == "lr"]
    drawn_points = sorted(tuple(point) for marks in axes.collections for point in marks.get_offsets().data)
    assert drawn_points == [(0.01, 1.0), (0.1, 2.0)]
