"""What is drawn equals the frames, by Plotly and by seaborn."""

import warnings
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from bench.report.figures import _drawn, plotly_figure, rounded, save_svg
from bench.report.page import figures, measure
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
