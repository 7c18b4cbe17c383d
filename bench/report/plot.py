"""Figures for a notebook: each answers with the Axes that it drew."""

from typing import TYPE_CHECKING, Any

from bench.measure.prices import Prices

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bench.results.stored import Results


class Plot:
    """The figures of some results, one panel each: `results.plot.ecdf(by="order")`.

    prices: as of the measures. ax: where to draw; by default a new Axes. The names stand beside the panel.
    """

    def __init__(self, results: "Results"):
        self.results = results

    def ecdf(self, by: str = "optimizer", *, prices: Prices = None, ax: "Axes | None" = None) -> "Axes":
        """Targets solved over cost, a curve for each optimizer or order."""
        if by not in ("optimizer", "order"):
            raise ValueError(
                f"one panel has curves by optimizer or order, got {by!r}: `report --figure` draws more panels"
            )
        return self._drawn("ecdf", prices, ax, by)

    def convergence(
        self, problem: str | None = None, dim: int | None = None, *, prices: Prices = None, ax: "Axes | None" = None
    ) -> "Axes":
        """Median and quartiles of the best value over cost, on one problem (which need not be named if it is alone)."""
        return self._drawn("convergence", prices, ax, problem=problem, dim=dim)

    def performance_profile(self, *, prices: Prices = None, ax: "Axes | None" = None) -> "Axes":
        """On what fraction of targets each needs at most so many times the minimum."""
        return self._drawn("performance-profile", prices, ax)

    def data_profile(self, *, prices: Prices = None, ax: "Axes | None" = None) -> "Axes":
        """The fraction of targets reached within so many simplex gradients."""
        return self._drawn("data-profile", prices, ax)

    def scaling(self, problem: str | None = None, *, prices: Prices = None, ax: "Axes | None" = None) -> "Axes":
        """Expected runtimes over the dimension of one problem."""
        return self._drawn("scaling", prices, ax, problem=problem)

    def area(self, *, prices: Prices = None, ax: "Axes | None" = None) -> "Axes":
        """The area under the ECDF of each optimizer, with its interval."""
        return self._drawn("area", prices, ax)

    def _drawn(self, name: str, prices: Prices, ax: "Axes | None", by: str = "optimizer", **where: Any) -> "Axes":
        import matplotlib.pyplot as plt
        import seaborn as sns
        from matplotlib.lines import Line2D

        from bench.report.figures import figure
        from bench.report.panels import LOOK, short

        drawing = figure(self.results, name, by, prices)
        where = {column: value for column, value in where.items() if value is not None}
        views = [view for view in drawing.views() if all(view[1][key].iloc[0] == where[key] for key in where)]
        if len(views) != 1:
            labels = ", ".join(label for label, _ in drawing.views()) or "nothing"
            wanted = ", ".join(f"{column}={value!r}" for column, value in where.items()) or "one"
            raise ValueError(f"there is {labels} to draw, of which {wanted} must be a single one")
        ((label, frame),) = views
        look: Any = {**sns.axes_style("whitegrid"), **LOOK, "font.size": 9}
        with plt.rc_context(look):
            axes = plt.figure(figsize=(6.4, 4.0), layout="constrained").add_subplot() if ax is None else ax
            drawing.panel.draw(axes, frame)
            axes.set_title(short(label or drawing.title, 60))
            if names := drawing.panel.names(frame):
                handles = [Line2D([], [], **drawing.panel.handle(each)) for each in names]
                axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=7)
        return axes
