"""Figures for a notebook: each answers with the Axes that it drew."""

from typing import TYPE_CHECKING, Any

from bench.measure.prices import Prices
from bench.report.texts import Look, folded, inches, paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.results.stored import Results


Width = str | float | None
NOTEBOOK = Look(label=9, title=9, tick=8, legend=7, cell=6)
BESIDE = 2.4  # inches of the names beside a panel


class Plot:
    """The figures of some results, one panel each: `results.plot.ecdf(by="order")`.

    prices: as of the measures. ax: where to draw; by default a new Axes, with the names beside it. width: of a new
    figure for a paper, as "3.3in", with the names below it; see `bench.report.texts.inches`.
    """

    def __init__(self, results: "Results"):
        self.results = results

    def ecdf(
        self, by: str = "optimizer", *, prices: Prices = None, ax: "Axes | None" = None, width: Width = None
    ) -> "Axes":
        """Targets solved over cost, a curve for each optimizer or order."""
        if by not in ("optimizer", "order"):
            raise ValueError(
                f"one panel has curves by optimizer or order, got {by!r}: `report --figure` draws more panels"
            )
        return self._drawn("ecdf", prices, ax, width, by)

    def convergence(
        self,
        problem: str | None = None,
        dim: int | None = None,
        *,
        prices: Prices = None,
        ax: "Axes | None" = None,
        width: Width = None,
    ) -> "Axes":
        """Median and quartiles of the best value over cost, on one problem (which need not be named if it is alone)."""
        return self._drawn("convergence", prices, ax, width, problem=problem, dim=dim)

    def performance_profile(self, *, prices: Prices = None, ax: "Axes | None" = None, width: Width = None) -> "Axes":
        """On what fraction of targets each needs at most so many times the minimum."""
        return self._drawn("performance-profile", prices, ax, width)

    def data_profile(self, *, prices: Prices = None, ax: "Axes | None" = None, width: Width = None) -> "Axes":
        """The fraction of targets reached within so many simplex gradients."""
        return self._drawn("data-profile", prices, ax, width)

    def scaling(
        self, problem: str | None = None, *, prices: Prices = None, ax: "Axes | None" = None, width: Width = None
    ) -> "Axes":
        """Expected runtimes over the dimension of one problem."""
        return self._drawn("scaling", prices, ax, width, problem=problem)

    def area(self, *, prices: Prices = None, ax: "Axes | None" = None, width: Width = None) -> "Axes":
        """The area under the ECDF of each optimizer, with its interval."""
        return self._drawn("area", prices, ax, width)

    def _drawn(
        self, name: str, prices: Prices, ax: "Axes | None", width: Width, by: str = "optimizer", **where: Any
    ) -> "Axes":
        import matplotlib.pyplot as plt
        import seaborn as sns

        from bench.report.figures import figure
        from bench.report.panels import legend_of

        if ax is not None and width is not None:
            raise ValueError("width is of a new figure, and ax is part of one: give one of the two")
        drawing = figure(self.results, name, by, prices)
        where = {column: value for column, value in where.items() if value is not None}
        views = [view for view in drawing.views() if all(view[1][key].iloc[0] == where[key] for key in where)]
        if len(views) != 1:
            labels = ", ".join(label for label, _ in drawing.views()) or "nothing"
            wanted = ", ".join(f"{column}={value!r}" for column, value in where.items()) or "one"
            raise ValueError(f"there is {labels} to draw, of which {wanted} must be a single one")
        ((label, frame),) = views
        look = NOTEBOOK if width is None else paper(inches(width))
        settings: Any = {**sns.axes_style("whitegrid"), **look.settings}
        with plt.rc_context(settings):
            axes: Any = plt.figure(figsize=(6.4, 4.0), layout="constrained").add_subplot() if ax is None else ax
            canvas = axes.get_figure()
            if width is not None:
                canvas.set_size_inches(inches(width), drawing.panel.size([frame], 1, look)[1] + 0.6)
            drawing.panel.draw(axes, frame, look)
            across = canvas.get_figwidth()
            axes.set_title(folded(label or drawing.title, look.title, 0.8 * across))
            handles = [drawing.panel.handle(each, look) for each in drawing.panel.names(frame)]
            if handles and width is not None:
                legend = canvas.legend(loc="outside lower center", **legend_of(handles, across, look))
                canvas.set_figheight(canvas.get_figheight() + legend.get_window_extent().height / canvas.dpi)
            elif handles:
                entries = legend_of(handles, BESIDE, look) | {"ncols": 1, "borderaxespad": 0.5}
                axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), **entries)
        return axes
