"""All problems at once: who is drawn strongly, where the lines run, and what a click does."""

import re

import numpy as np
import pytest

from bench.measure.failed import best_optimizers
from bench.report.figures import figure
from bench.report.measured import Report
from bench.report.panels import WEAK, drawn
from bench.report.small import HEIGHT, MARGIN, WIDTH, panels


@pytest.fixture(scope="module")
def report(make_results):
    return Report(make_results(problems=12, seeds=5, events=30, hostile=False))


@pytest.fixture(scope="module")
def table(report):
    table = report.views[0].of(best_optimizers)
    return table[(table["among"] != "all") & (table.optimizer != "")]


def points(d):
    """The ends of each piece of a path: (x, y) of all its points."""
    pieces = []
    for begin, steps in re.findall(r"M([\d ]+)l([^M]*)", d):
        numbers = np.array(re.findall(r"-?\d+", steps), dtype=int).reshape(-1, 2)
        pieces.append(np.cumsum([[int(n) for n in begin.split()], *numbers], axis=0))
    return pieces


def test_the_best_of_each_order_are_strong_and_all_others_there_but_weak(report, table):
    names = list(report.styles)
    for panel in panels(report):
        rows = table[(table.problem == panel["problem"]) & (table.dim == panel["dim"])]
        best = [line for line in panel["lines"] if line["strong"]]
        assert [names[int(line["places"])] for line in best] == rows.optimizer.tolist()
        assert [line["color"] for line in best] == [report.styles[name].color for name in rows.optimizer]
        assert all(name in panel["says"] for name in rows.optimizer)
        shown = [names[int(place)] for line in panel["lines"] for place in line["places"].split()]
        curves = report.views[0].convergence
        curves = curves[(curves.problem == panel["problem"]) & (curves.dim == panel["dim"])]
        assert sorted(shown) == sorted(curves.optimizer.unique())
        weak = [line for line in panel["lines"] if not line["strong"]]
        assert len(weak) == len({report.styles[names[int(line["places"].split()[0])]].order for line in weak})


def test_a_line_begins_and_ends_where_its_curve_does(report):
    panel = panels(report)[0]
    curves = report.views[0].convergence
    curves = curves[(curves.problem == panel["problem"]) & (curves.dim == panel["dim"])]
    median, cost = np.log(curves["median"]), np.log(curves.cost)
    for line in panel["lines"]:
        for piece, place in zip(points(line["d"]), line["places"].split(), strict=True):
            curve = curves[curves.optimizer == list(report.styles)[int(place)]]
            y = (np.log(curve["median"]) - median.min()) / (median.max() - median.min())
            x = (np.log(curve.cost) - cost.min()) / (cost.max() - cost.min())
            for end in (0, -1):
                at = MARGIN + x.iloc[end] * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - y.iloc[end] * (HEIGHT - 2 * MARGIN)
                assert piece[end] == pytest.approx(at, abs=0.51)
            assert (piece >= 0).all() and (piece <= [WIDTH, HEIGHT]).all() and (np.diff(piece[:, 0]) >= 0).all()


def test_one_problem_has_its_chart_alone(make_results):
    assert panels(Report(make_results(problems=1, optimizers=3, events=20, hostile=False))) == []


def test_the_figure_draws_the_same_ones_strongly(report, table):
    convergence = figure(report.results, "convergence")
    canvas = drawn(convergence)
    for axes, (_, frame) in zip(canvas.axes, convergence.views(), strict=True):
        rows = table[(table.problem == frame.problem.iloc[0]) & (table.dim == frame.dim.iloc[0])]
        wide = {line.get_label() for line in axes.get_lines() if line.get_linewidth() > WEAK["linewidth"]}
        assert wide == set(rows.optimizer) and len(axes.get_lines()) == frame.optimizer.nunique()
        assert sorted(frame.optimizer[frame.best].unique()) == sorted(rows.optimizer)
    (legend,) = canvas.legends
    assert {text.get_text() for text in legend.get_texts()} == set(table.optimizer)
    assert "Strong: the best of each order on that problem" in convergence.caption()


def test_of_one_problem_the_figure_names_all(make_results):
    convergence = figure(make_results(problems=1, optimizers=4, events=20, hostile=False), "convergence")
    (axes,) = drawn(convergence).axes
    assert min(line.get_linewidth() for line in axes.get_lines()) > WEAK["linewidth"]
    assert "Strong" not in convergence.caption()


def test_a_panel_opens_its_chart(page):
    selector = "document.querySelectorAll('#convergence .panels button:not([hidden])')"
    names = page.js(f"[...{selector}].map((button) => button.dataset.problem)")
    assert names == page.texts("#convergence select option")
    assert page.js(f"[...{selector}].every((button) => button.title.startsWith(button.dataset.problem + ': '))")
    pressed = "[...document.querySelectorAll('#convergence .panels [aria-pressed=true]')].map((b) => b.dataset.problem)"
    assert page.js(pressed) == names[:1]
    page.js(f"{selector}[5].focus()")
    page.keys("\ue007")  # Enter
    page.until(f"document.querySelector('#convergence select').value === '{names[5]}'")
    page.drawn()
    assert page.js(pressed) == [names[5]] and page.texts("#convergence .says")[0].startswith(names[5])
    assert page.js("document.activeElement === document.querySelector('#convergence select')")
    assert "convergence.problem" in page.js("location.hash")


def test_panels_follow_the_selection(page):
    lines = "[...document.querySelectorAll('#convergence .panels path')].filter((p) => p.checkVisibility()).length"
    buttons = "document.querySelectorAll('#convergence .panels button:not([hidden])').length"
    before = page.js(lines), page.js(buttons)
    page.click("#bar .orders button", "order 0")
    page.drawn()
    fewer = page.js(lines)
    assert 0 < fewer < before[0] and page.js(buttons) == before[1]
    page.click("#bar .families .choice:nth-child(1) .only")
    page.drawn()
    assert 0 < page.js(buttons) < before[1]
    page.click("#bar .reset")
    assert (page.js(lines), page.js(buttons)) == before
