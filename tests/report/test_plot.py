"""Figures in a notebook."""

import matplotlib as mpl
import pytest

import bench

mpl.use("Agg")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("home"))
        chosen = {"problems": ["quadratic[dim=2,3,4]", "rastrigin"], "optimizers": ["lbfgs", "newton"]}
        return bench.run(**chosen, budget=60, seeds=5, name="p", report=False)


@pytest.fixture(autouse=True)
def closed():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_every_figure_answers_with_its_axes(results):
    for axes, label in (
        (results.plot.ecdf(), "targets solved"),
        (results.plot.ecdf(by="order", prices="passes"), "targets solved"),
        (results.plot.convergence("quadratic", 3), "f - f_opt"),
        (results.plot.performance_profile(), "problems solved"),
        (results.plot.data_profile(), "problems solved"),
        (results.plot.scaling("quadratic"), "expected runtime"),
    ):
        assert axes.get_ylabel() == label
        assert len(axes.lines) >= 2
        assert [text.get_text().split(" (")[0] for text in axes.get_legend().texts]
    assert results.plot.area().get_xlabel() == "area under the ECDF"


def test_an_axes_of_the_reader_is_drawn_into(results):
    import matplotlib.pyplot as plt

    _, axes = plt.subplots()
    assert results.plot.ecdf(ax=axes) is axes
    assert len(axes.lines) == 2


def test_what_is_no_single_panel_is_refused(results):
    with pytest.raises(ValueError, match="by optimizer or order, got 'family'"):
        results.plot.ecdf(by="family")
    with pytest.raises(ValueError, match=r"quadratic, dim 2, .* must be a single one"):
        results.plot.convergence()
    with pytest.raises(ValueError, match="problem='nowhere' must be a single one"):
        results.plot.convergence("nowhere")


def test_a_width_makes_a_figure_for_a_paper(results):
    axes = results.plot.ecdf(width="3.3in")
    canvas = axes.get_figure()
    canvas.draw_without_rendering()
    assert canvas.get_figwidth() == pytest.approx(3.3)
    assert axes.get_legend() is None
    (legend,) = canvas.legends
    box, below = axes.get_tightbbox(), legend.get_window_extent()
    assert below.y1 <= box.y0 + 1
    assert below.x0 >= 0 and below.x1 <= canvas.bbox.width
    assert {text.get_fontsize() for text in (*legend.texts, *axes.get_xticklabels(), axes.xaxis.label)} <= {7.0, 8.0}
    assert results.plot.area(width=7).get_figure().get_figwidth() == 7
    with pytest.raises(ValueError, match="width must be a length such as"):
        results.plot.ecdf(width="wide")
    with pytest.raises(ValueError, match="give one of the two"):
        results.plot.ecdf(width="3.3in", ax=axes)
