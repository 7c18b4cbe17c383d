"""Pages, tables and figures are whole or not written, through no link, and a figure that fails is named."""

import os
import sys

import numpy as np
import pytest

import bench
from bench.core.files import whole, write_text
from bench.report.figures import FIGURES
from bench.report.latex import PAPERS
from bench.report.page import write_report
from bench.runner.suite import Notice


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("before")
    with pytest.raises(OSError, match="full"), whole(path) as draft:
        draft.write_text("ha")
        raise OSError("the disk is full")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["page.html"]
    write_text(path, "after")
    assert path.read_text() == "after"


def test_a_page_is_not_written_through_a_link(make_results, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    folder = tmp_path / "report"
    (folder / "tables").mkdir(parents=True)
    for name in ("index.html", "tables/ert.csv"):
        (folder / name).symlink_to(mine)
    write_report(make_results(1, 2, 2, 5), folder, figures=False)
    assert mine.read_text() == "mine"
    assert "<html" in (folder / "index.html").read_text()
    assert (folder / "tables" / "ert.csv").read_text().startswith("problem,")


def test_a_figure_that_fails_is_named_and_all_else_is_there(make_results, tmp_path, monkeypatch):
    def broken(source):
        raise OverflowError("too <large>")

    for name in FIGURES.keys() - {"ert", "area"}:
        monkeypatch.delitem(FIGURES, name)
    monkeypatch.setitem(FIGURES, "ert", broken)
    with pytest.warns(Notice, match=r"The figure ert could not be drawn \(OverflowError: too <large>\)"):
        page = write_report(make_results(1, 2, 2, 5), tmp_path)
    assert "could not be drawn (OverflowError: too &lt;large&gt;)" in page.read_text()
    assert (tmp_path / "figures" / "area.svg").is_file()
    assert not (tmp_path / "figures" / "ert.svg").exists()


@pytest.mark.parametrize("name", ["ert", "endings"])
def test_a_table_for_latex_that_fails_is_named_and_all_else_is_there(make_results, tmp_path, monkeypatch, name):
    """One that is laid out by itself, and one of any columns."""

    def broken(*_):
        raise OverflowError("too <large>")

    def save(frame, path):
        broken() if path.stem == name else path.write_text("")

    monkeypatch.setitem(PAPERS, "ert", broken if name == "ert" else PAPERS["ert"])
    monkeypatch.setattr("bench.report.latex.save_latex", save)
    monkeypatch.setattr("bench.report.figures.drawings", lambda source: [])
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / f"{name}.tex").write_text("of an earlier report")
    with pytest.warns(Notice, match=rf"The table {name}.tex could not be written \(OverflowError: too <large>\)"):
        page = write_report(make_results(1, 2, 2, 5), tmp_path).read_text()
    assert "could not be written (OverflowError: too &lt;large&gt;)" in page
    assert f"tables/{name}.tex" not in page and "tables/best.tex" in page
    assert not (tmp_path / "tables" / f"{name}.tex").exists()


@pytest.mark.parametrize("penalty", [sys.float_info.max, pytest.param(1.7e308, marks=pytest.mark.slow)])
def test_penalties_as_large_as_floats_are_drawn(tmp_path, monkeypatch, penalty):
    monkeypatch.chdir(tmp_path)

    def bowl(x):
        return penalty if x[0] > 0.9 else float(np.sum(x**2))

    methods = ["scipy-nelder-mead", "cma-es"]
    bench.compare(bowl, [1.0, 2.0], budget=60, seeds=2, optimizers=methods, name="p", f_opt=0.0)
    assert (tmp_path / "reports/p/figures/convergence.svg").is_file()  # a figure that fails would warn
    assert (tmp_path / "reports/p/index.html").is_file()
