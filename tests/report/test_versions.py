"""The page of a history."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.report.versions import Point, _drawn, _ticks, write_history
from bench.track.history import COLUMNS, COST, ERT, SECONDS, VALUE, History, Version

DAY = datetime(2026, 1, 2, tzinfo=UTC)


def made(name: str = "walk", n: int = 3) -> History:
    """An optimizer of this name that got worse at the second of so many versions, on one of two problems."""
    libraries = [{"scipy": f"1.{14 + place}", "numpy": "2"} for place in range(n)]
    versions = [
        Version(f"v{place}", Path(f"v{place}"), f"abc{place}", DAY, DAY, libraries[place], [], {}) for place in range(n)
    ]
    rows = [
        {"version": place, "optimizer": name, "problem": problem, "dim": 2, "measure": measure, "kind": "gap",
         "target": 0.1, "value": value, "low": value / 2, "high": value * 2, "successes": 3, "runs": 5}
        for place in range(n)
        for problem in ("hill", "dale")
        for measure, value in ((COST, 10.0 + place), (ERT, np.inf if place else 20.0), (VALUE, 0.1), (SECONDS, 0.2))
    ]  # fmt: skip
    ratios = {
        f"{measure}_{end}": value
        for measure in ("cost", "value", "cost_first", "value_first")
        for end, value in (("ratio", 2.0), ("low", 1.5), ("high", 2.5))
    }
    changes = [
        {"version": place, "since": place - 1, "optimizer": name, **ratios,
         "verdict": "worse" if place == 1 else "open",
         "problems": {"cost": [("worse", "hill", 2), ("open", "dale", 2)], "value": []}}
        for place in range(1, n)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return History(versions, "commits", "in their order", 0.1, table, pd.DataFrame(changes), {}, [])


def test_the_page_marks_what_is_flagged_and_says_what_changed(tmp_path):
    text = write_history(made(), tmp_path / "page").read_text()
    assert "3 versions of 1 optimizer on 2 problems, in their order. Worse: walk at v1." in text
    charts = dict(re.findall(r"<figcaption>([^<]*)</figcaption>(<svg.*?</svg>)", text, re.DOTALL)[:2])
    assert list(charts) == ["cost to reach the targets, over v0", "gap at the end, over v0"]
    by_problem = [re.findall(r'<g class="([a-z ]*)"', part) for part in re.split("<h4>", text)[1:]]
    assert [marks.count("worse") + marks.count("worse never") for marks in by_problem] == [2, 0]  # COST and ERT of hill
    assert [sum("never" in mark for mark in marks) for marks in by_problem] == [2, 2]
    assert "v1, abc1, 2026-01-02 00:00: 11 [5.5, 22] (worse)" in text
    assert "v2, abc2, 2026-01-02 00:00: ∞ [" in text
    assert "scipy: 1.14 → 1.15" in text
    assert "cost to reach the targets on hill, dim 2" in text
    csv = (tmp_path / "page" / "history.csv").read_text().splitlines()
    assert csv[0] == ",".join(COLUMNS)
    assert csv[1].startswith("v0,walk,hill,2,mean cost to a target,gap,")


def test_the_page_asks_for_nothing_and_names_are_text(tmp_path):
    text = write_history(made("<img src=x onerror=alert(1)>"), tmp_path).read_text()
    assert "<img" not in text
    assert "<script" not in text
    assert "http" not in text.split("<body>")[1]
    assert "default-src 'none'" in text
    parser = HTMLParser()
    parser.feed(text)


def test_a_chart_stands_where_its_numbers_are():
    history = made(n=4)
    values = [1.0, 10.0, 100.0, np.inf]
    points = [Point(place, value, np.nan, np.nan, "", "") for place, value in enumerate(values)]
    chart = _drawn(history, "title", points)
    x, y = (np.array([point[axis] for point in chart["points"]]) for axis in "xy")
    assert np.ptp(np.diff(x)) < 0.2  # equal distances
    assert y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.2)  # equal ratios
    assert y[0] - y[1] > 20
    assert y[3] <= y[2]  # never: at the upper edge
    assert chart["points"][3]["never"]
    assert chart["lines"] == [" ".join(f"{a},{b}" for a, b in zip(x[:3], y[:3], strict=True))]
    ticks = {text: at for at, text in chart["y"]}
    assert ticks["1"] == y[0] and ticks["100"] == y[2]
    assert x.max() < chart["right"] and y.max() < chart["bottom"]


def test_an_interval_does_not_flatten_the_values_and_stays_within_the_chart():
    points = [Point(0, 10.0, 9.0, 11.0, "", ""), Point(1, 12.0, 1e-9, np.inf, "", "")]
    chart = _drawn(made(n=2), "title", points)
    assert abs(chart["points"][0]["y"] - chart["points"][1]["y"]) > 5
    for point in chart["points"]:
        top, bottom = sorted(point["bar"])
        assert 10 <= top <= point["y"] <= bottom <= chart["bottom"]


def test_values_that_are_0_negative_or_all_the_same_are_drawn():
    for values in ([0.0, 0.0], [-3.0, 5.0], [7.0, 7.0], [np.inf, np.inf], [1e-300, 1e300]):
        points = [Point(place, value, np.nan, np.nan, "", "") for place, value in enumerate(values)]
        chart = _drawn(made(n=2), "title", points)
        assert all(0 <= point["y"] <= chart["bottom"] for point in chart["points"])


def test_ticks_are_round_and_few():
    for low, high, ticks in (
        (0.9, 110.0, [1, 10, 100]),
        (3.0, 90.0, [5, 10, 20, 50]),
        (3.0, 200.0, [3, 10, 30, 100]),
        (8.0, 60.0, [10, 20, 50]),
        (200.0, 240.0, [200, 220, 240]),
        (1.0, 1.1, [1, 1.05, 1.1]),
        (1e-8, 1e8, [1e-8, 1e-3, 1e2, 1e7]),
    ):
        assert _ticks(np.log10(low) - 1e-9, np.log10(high) + 1e-9, True) == pytest.approx(ticks)
    assert _ticks(-1.0, 1.0, False) == [-1.0, 0.0, 1.0]
