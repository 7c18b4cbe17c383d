"""The section and the figure of memory."""

import re
from dataclasses import replace

import pandas as pd
import pytest

import bench
from bench.report.figures import draw, figure
from bench.report.measured import Report
from bench.report.memory import shown, size
from bench.report.page import html
from bench.report.panels import save


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("memory"))
        return bench.run(
            problems=["quadratic[dim=200]", "quadratic[dim=2]"],
            optimizers=["torch-adam", "gradient-descent", "torch-rmsprop"],
            budget=60,
            seeds=2,
            name="memory",
            report=False,
            workers=1,
        )


def test_the_page_and_the_figure_have_the_bytes_of_large_problems_with_the_least_first(results, tmp_path):
    report = Report(results)
    (problem,) = shown(report)
    assert problem["name"].startswith("quadratic") and "200" in problem["name"]
    rows = [(row["optimizer"], row["state"], row["a_coordinate"]) for row in problem["rows"]]
    assert rows == [("gradient-descent", "0 B", "0"), ("torch-rmsprop", "1.6 kB", "8"), ("torch-adam", "3.2 kB", "16")]
    text = html(report)
    section = re.search(r'<section id="memory">.*?</section>', text, re.DOTALL)
    assert section and "3.2 kB" in section[0] and "memory.csv" in section[0]
    drawing = figure(results, "memory")
    assert drawing.frame.dim.unique().tolist() == [200]
    assert drawing.frame.bytes_a_coordinate.tolist() == [0, 8, 16]
    drawing = replace(drawing, frame=pd.concat([drawing.frame, drawing.frame.assign(dim=300)]))
    save(drawing, tmp_path / "memory.svg")  # of several problems, one below the other
    assert all(f"dim {dim}" in (tmp_path / "memory.svg").read_text() for dim in (200, 300))
    assert results.memory.dim.nunique() == 2 and report.tables["memory"].equals(results.memory)


def test_without_a_large_problem_there_is_no_section(results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = bench.run(problems=["sphere"], optimizers=["scipy-bfgs"], budget=30, seeds=2, name="x", report=False)
    assert '<section id="memory">' not in html(Report(other))
    with pytest.raises(ValueError, match="x has nothing for a figure of memory: no run on 100 coordinates or more"):
        draw(other, "memory", "optimizer", None, tmp_path / "a.svg")


def test_bytes_are_written_with_three_digits():
    assert [size(n) for n in (0, 999, 1000, 4.12e6, 3e9, float("nan"))] == [
        "0 B",
        "999 B",
        "1 kB",
        "4.12 MB",
        "3 GB",
        "",
    ]
