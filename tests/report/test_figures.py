"""Figures for papers: what they show, which files they write, and that nothing in results breaks them."""

import numpy as np
import pandas as pd
import pytest

from bench.report.figures import FIGURES, Source, all_figures, draw, figure
from bench.report.latex import escaped, save_latex
from bench.report.panels import SUFFIXES, drawn, save

HOSTILE = [
    "$x_1^{2$",
    "_under",
    "\u202eright to left \u05d0",
    "a\nb\x07",
    "n" * 10_000,
    "</svg><script>alert(1)</script>",
]
PDF = (
    "ecdf-by-optimizer",
    "ert",
    "convergence",
)  # of which hostile names are written as that, too: all that hold names


@pytest.fixture(scope="module")
def results(make_results):
    """One problem in two dims, and one of each family."""
    made = make_results(problems=11, optimizers=14, seeds=5, events=30, hostile=False)
    made.runs = made.runs[made.runs.problem.isin(["quadratic", "rosenbrock", "bbob-f08", "mlp", "cartpole"])]
    return made


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "sensitivity"])
def test_each_figure_is_drawn_from_its_frame(results, name, tmp_path):
    found = figure(results, name)
    paths = [tmp_path / f"{name}{suffix}" for suffix in SUFFIXES]
    save(found, *paths)
    assert paths[0].read_text().startswith("<?xml")
    assert paths[1].read_bytes().startswith(b"%PDF")
    assert paths[2].read_bytes().startswith(b"\x89PNG")
    panels = len(found.frame.groupby(list(found.by))) if found.by else 1
    assert len(found.views()) == panels
    assert len(drawn(found).axes) == panels


def test_an_ecdf_has_the_curves_of_the_measure(results):
    found = figure(results, "ecdf", "order")
    wanted = results.ecdf("order")
    assert found.frame.fraction.tolist() == wanted.fraction.tolist()
    (axes,) = drawn(found).axes
    heights = sorted(float(line.get_ydata()[-1]) for line in axes.lines)
    assert heights == pytest.approx(sorted(wanted.groupby("order").fraction.last()))


@pytest.mark.parametrize("by", ["optimizer", "order", "family", "dim", "problem"])
def test_an_ecdf_goes_by_what_is_asked(results, by):
    views = figure(results, "ecdf", by).views()
    runs = results.runs
    expected = {
        "family": runs.family.nunique(),
        "dim": runs.dim.nunique(),
        "problem": len(runs.groupby(["problem", "dim"])),
    }
    assert len(views) == expected.get(by, 1)


def test_costs_are_in_the_price_that_is_asked(results):
    cost, passes = (figure(results, "ecdf", "order", prices) for prices in (None, "passes"))
    slope = [found.frame[found.frame.order == "order 1, slope"] for found in (cost, passes)]
    half = [part[part.fraction > 0.5].cost.min() for part in slope]
    assert 2.5 < half[0] / half[1] < 3.5  # a gradient costs 3, and is one pass
    assert "passes over the data" in drawn(passes).axes[0].get_xlabel()
    assert figure(results, "cost-split", prices={"gradient": 1}).frame.cost.sum() > 0


def test_a_crowded_panel_shows_the_best_of_each_order_and_says_so(results):
    found = figure(results, "ecdf", "problem")
    _, part = found.views()[0]
    assert part.optimizer.nunique() > 6
    orders = [found.panel.styles[name].order for name in found.panel.names(part)]
    assert max(orders.count(order) for order in (0, 1, 2)) == 3
    assert "the 3 best of each order" in found.caption()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_bytes_every_time(results, suffix, tmp_path):
    for name in ("a", "b"):
        save(figure(results, "performance-profile"), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_many_panels_are_cut_into_pages(make_results):
    many = make_results(problems=60, optimizers=3, seeds=1, events=5, hostile=False)
    runs = many.runs
    many.runs = runs.assign(family=np.where(runs.dim < 5, "low", "high"))
    pages = figure(many, "convergence").pages()
    assert len(pages) > 1 and len({page.name for page in pages}) == len(pages)
    assert sum(len(page.frame) for page in pages) == len(figure(many, "convergence").frame)


@pytest.mark.parametrize(
    "change",
    [
        lambda runs: runs.iloc[:0],
        lambda runs: runs.iloc[:1],
        lambda runs: runs[runs.optimizer == runs.optimizer.iloc[0]],
        lambda runs: runs[runs.problem == runs.problem.iloc[0]],
        lambda runs: runs[runs.seed == 0],
        lambda runs: runs[runs.status == "skipped"],
        lambda runs: runs.assign(f_opt=np.nan),
        lambda runs: runs.assign(f_opt=np.nan, first=np.nan, best=np.nan, final=np.nan),
    ],
    ids=[
        "no runs",
        "one run",
        "one optimizer",
        "one problem",
        "one seed",
        "only skips",
        "no optimum",
        "NaN everywhere",
    ],
)
def test_whatever_there_is_can_be_drawn(make_results, change, tmp_path):
    made = make_results(problems=10, optimizers=14, seeds=2, events=8, hostile=False)
    kinds = ["quadratic", "golf", "bbob-f15", "mlp", "cartpole"]  # solved, crashed, diverged, scored, skipped
    names = made.runs.optimizer.unique()[[0, 2, 4, 7, 9, 10, 12, 13]]  # of each order; more than a panel names
    made.runs = change(made.runs[made.runs.problem.isin(kinds) & made.runs.optimizer.isin(names)])
    made.trajectories = made.trajectories[made.trajectories.run.isin(made.runs.run)]
    if (
        change(pd.DataFrame({"f_opt": [0.0], "optimizer": "", "problem": "", "seed": 0, "status": ""}))
        .f_opt.isna()
        .all()
    ):
        made.trajectories = made.trajectories.assign(f=np.nan)
    for found in all_figures(Source(made)):
        for page in found.pages():
            save(page, tmp_path / f"{page.name}.svg")
    save(figure(made, "convergence"), tmp_path / "c.svg")
    assert ("no data" in (tmp_path / "c.svg").read_text()) == made.convergence().empty


def test_hostile_names_are_text(make_results, tmp_path):
    made = make_results(problems=len(HOSTILE), optimizers=len(HOSTILE), seeds=1, events=5, hostile=False)
    runs = made.runs
    made.runs = runs.assign(
        problem=runs.problem.map(dict(zip(runs.problem.unique(), HOSTILE, strict=True))),
        optimizer=runs.optimizer.map(dict(zip(runs.optimizer.unique(), HOSTILE, strict=True))),
    )
    for found in all_figures(Source(made)):
        kinds = (".svg", ".pdf") if found.name in PDF else (".svg",)
        save(found, *(tmp_path / f"{found.name}{kind}" for kind in kinds))
        assert "<script" not in (tmp_path / f"{found.name}.svg").read_text()


def test_refusals(results, tmp_path):
    (tmp_path / "there.svg").write_text("mine")
    (tmp_path / "link.svg").symlink_to(tmp_path / "elsewhere.svg")
    for name, by, file, words in (
        ("pie", "optimizer", "a.svg", "got 'pie'"),
        ("ecdf", "luck", "a.svg", "got 'luck'"),
        ("convergence", "family", "a.svg", "only an ecdf goes by family"),
        ("ecdf", "optimizer", "a.gif", ".svg, .pdf, .png"),
        ("ecdf", "optimizer", "there.svg", "nothing is written over"),
        ("ecdf", "optimizer", "link.svg", "nothing is written over"),
    ):
        with pytest.raises(ValueError, match=words):
            draw(results, name, by, None, tmp_path / file)
    with pytest.raises(ValueError, match="has nothing for a figure of sensitivity: no hyperparameter was varied"):
        draw(results, "sensitivity", "optimizer", None, tmp_path / "a.svg")
    assert (tmp_path / "there.svg").read_text() == "mine"
    assert not (tmp_path / "a.svg").exists()
    assert not (tmp_path / "elsewhere.svg").exists()


# tables


def test_a_table_in_latex_is_what_one_would_write_by_hand(tmp_path):
    frame = pd.DataFrame(
        {
            "optimizer": ["a_b", "50% & $"],
            "ert": [12345.6, np.inf],
            "low": [np.nan, 0.01234],
            "runs": [5, 0],
            "sure": [True, False],
        }
    )
    save_latex(frame, tmp_path / "t.tex")
    assert (tmp_path / "t.tex").read_text() == (
        "\\begin{tabular}{lrrrl}\n\\toprule\noptimizer & ert & low & runs & sure \\\\\n\\midrule\n"
        "{}a\\_b & 12,300 & -- & 5 & yes \\\\\n{}50\\% \\& \\$ & $\\infty$ & 0.0123 & 0 & no \\\\\n"
        "\\bottomrule\n\\end{tabular}\n"
    )


def test_long_tables_break_and_very_long_ones_say_what_is_left_out(tmp_path):
    save_latex(pd.DataFrame({"x": range(50)}), tmp_path / "long.tex")
    assert (tmp_path / "long.tex").read_text().startswith("\\begin{longtable}{r}")
    assert "\\endhead" in (tmp_path / "long.tex").read_text()
    save_latex(pd.DataFrame({"x": [1e7] * 3000}), tmp_path / "longer.tex")
    text = (tmp_path / "longer.tex").read_text()
    assert "2,000 of 3,000 rows" in text and text.count("$1.00 \\cdot 10^{7}$") == 2000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\\input{x}", "\\textbackslash{}input\\{x\\}"),
        ("a~b^c#d", "a\\textasciitilde{}b\\textasciicircum{}c\\#d"),
        ("two\nlines\ttabs", "two lines tabs"),
        ("bell\x07", "bell\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_nothing_in_a_text_is_a_command_of_latex(text, shown):
    assert escaped(text) == shown
