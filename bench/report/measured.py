"""What a report shows: results at each price that tells something, its tables, and the places of all in arrays."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bench.measure.comparison import View
from bench.measure.crossing import crossings
from bench.measure.ecdf import ecdf
from bench.measure.ert import ert
from bench.measure.failed import answers, best_optimizers, failed_evaluations, failed_optimizers
from bench.measure.frames import CELL, Frame
from bench.measure.prices import EVERY, RULES
from bench.measure.standing import values_at_budget
from bench.measure.statistics import duels, pairs, scores
from bench.measure.strata import ALL
from bench.measure.summaries import endings, failures
from bench.measure.verdicts import budgets, ranking
from bench.report import reference, tuned
from bench.report.memory import tables as memory_tables
from bench.report.metrics import tables as metric_tables
from bench.report.styles import optimizer_styles

if TYPE_CHECKING:
    from bench.results.stored import Results

PRICES = [name for name, rule in RULES.items() if rule.short and not rule.quick]


class Report:
    """Results as a report shows them, in the order of its page.

    views: the comparison at each price that tells something of its own, first at the prices of the suite. published:
    "bbob-2009", for those algorithms beside these. quick: whether prices in seconds are also of problems whose value
    takes less than 100 µs. cells: problem and dim of each; families, sorted; styles: of each
    optimizer, by order and name; goals: the targets of each cell, the easiest first, at a slot each.
    """

    def __init__(self, results: "Results", published: str | None = None, *, quick: bool = False):
        import pandas as pd

        self.results, self.published_name, self.comparison = results, published or "", results.comparison
        names = [f"{name}{EVERY}" if quick and RULES[name].seconds else name for name in PRICES]
        self.comparison.read(names)
        runs, hits = self.comparison.runs, self.comparison.hits
        self.runs, self.styles = runs, optimizer_styles(zip(runs.optimizer, runs.order, strict=True))
        self.views: list[View] = []
        for name in names:
            view = self.comparison.at(name)
            if not self.views or _tells(view, self.views):
                self.views.append(view)
        family = runs.assign(family=runs.family.fillna("").astype(str)).groupby(CELL).family.max()
        cells = family.reset_index().sort_values(["family", *CELL])
        self.cells = list(zip(cells.problem, cells.dim.astype(int), strict=True))
        self.families = sorted(set(cells.family))
        self.family_of_cell = cells.family.tolist()
        self.shape = (len(self.cells), len(self.styles))
        self._cells, self._optimizers = pd.MultiIndex.from_frame(cells[CELL]), pd.Index(list(self.styles))
        self._families = pd.Index(self.families).get_indexer(cells.family)
        self.cell_of_run, self.optimizer_of_run = self.cell(runs), self.optimizer(runs)
        self.run_of_hit = self.place_of_run(hits)  # of reached at the first price, too: they have the same rows
        cell = self.cell_of_run[self.run_of_hit]
        goals = hits[["kind", "target"]].assign(cell=cell)[["cell", "kind", "target"]].drop_duplicates()
        self.goals = goals.sort_values(["cell", "kind", "target"], ascending=[True, True, False])
        self._goals, self._slots = pd.MultiIndex.from_frame(self.goals), self.goals.groupby("cell").cumcount()
        self.most = int(self._slots.max()) + 1 if len(self.goals) else 0
        self.slot_of_hit = self.slot(cell, hits)

    @property
    def family_places(self) -> list[int]:
        """The place of the family of each cell."""
        return self._families.tolist()

    @cached_property
    def tables(self) -> dict[str, Frame]:
        """The tables by the names of their CSV: at the prices of the suite."""
        view = self.views[0]
        at = view.of(budgets)
        return {
            "answer": view.of(answers),
            "scores": view.of(scores, at),
            "duels": view.of(duels, at),
            "pairs": view.of(pairs),
            "crossings": view.of(crossings),
            "best": view.of(best_optimizers),
            **{f"solved-by-{name}": ecdf(view, [name]) for name in ("optimizer", "order", "family", "dim")},
            "convergence": view.convergence,
            "ert": view.of(ert),
            "values": view.of(values_at_budget),
            **metric_tables(self.results),
            **memory_tables(self.runs),
            **({"races": self.comparison.races} if len(self.comparison.races) else {}),
            "failures": failures(self.runs),
            "failed-evaluations": failed_evaluations(self.runs),
            "endings": endings(self.runs),
            **self.tuned,
            **self.published,
        }

    @cached_property
    def tuned(self) -> dict[str, Frame]:
        """See `bench.report.tuned.measured`."""
        return tuned.measured(self.results, self.runs)

    @cached_property
    def published(self) -> dict[str, Frame]:
        """Published results beside these, where they are asked for."""
        if not self.published_name:
            return {}
        from bench.interchange.published import published

        theirs, view = published(self.published_name), self.views[0]
        return {
            "published": reference.curves(view, theirs),
            "published-ert": reference.table(view.of(ert), theirs),
        }

    @cached_property
    def ranked(self) -> list[str]:
        """The optimizers, those first that solve most over all problems: see `bench.measure.verdicts.ranking`."""
        return self.views[0].of(ranking) if self.views else list(self.styles)

    @cached_property
    def failed(self) -> set[str]:
        """The optimizers of which runs crashed, were killed or diverged."""
        return set(failed_optimizers(self.runs).optimizer)

    @property
    def orders(self) -> list[int]:
        """The orders of these optimizers, rising."""
        return sorted({style.order for style in self.styles.values()})

    @property
    def among(self) -> list[str]:
        """Among whom there is a best: all, then each order."""
        return [ALL, *map(str, self.orders)]

    @property
    def sign(self) -> int:
        """By which values of f are multiplied where they are shown: -1 of a user's function that was maximized."""
        return self.results.sign

    def shown(self, problem: str) -> str:
        """What a problem is called where its values are shown in the sign of the user's function."""
        return self.results.function["title"] if self.sign < 0 else problem

    def turned(self, table: Frame) -> Frame:
        """A table with kind, median, low and high, as values are shown."""
        if self.sign > 0:
            return table
        turn = np.where(table.kind == "value", -1.0, 1.0)
        ends = np.sort(np.stack([turn * table.low, turn * table.high]).astype(float), axis=0) + 0.0
        return table.assign(median=turn * table["median"] + 0.0, low=ends[0], high=ends[1])

    def place(self, optimizer: str) -> int:
        """The place of an optimizer in the arrays."""
        return list(self.styles).index(optimizer)

    def place_of_run(self, frame: Frame) -> np.ndarray:
        """The place of the run of each row (n,)."""
        import pandas as pd

        return pd.Index(self.runs.run).get_indexer(frame.run)

    def cell(self, frame: Frame) -> np.ndarray:
        """The cell of each row (n,) of a frame with problem and dim."""
        import pandas as pd

        return self._cells.get_indexer(pd.MultiIndex.from_frame(frame[CELL]))

    def optimizer(self, frame: Frame) -> np.ndarray:
        """The optimizer of each row (n,)."""
        return self._optimizers.get_indexer(frame.optimizer)

    def family(self, frame: Frame) -> np.ndarray:
        """The family of each row (n,) of a frame with problem and dim."""
        return self._families[self.cell(frame)]

    def slot(self, cell: np.ndarray, frame: Frame) -> np.ndarray:
        """The slot of each row (n,) of a frame with kind and target: the easiest of its cell is 0."""
        import pandas as pd

        goals = frame[["kind", "target"]].assign(cell=cell)[["cell", "kind", "target"]]
        return self._slots.to_numpy()[self._goals.get_indexer(pd.MultiIndex.from_frame(goals))]


def _tells(view: View, earlier: list[View]) -> bool:
    """Whether runtimes at a price are known, and not those at an earlier one."""
    values = view.reached[["runtime", "spent"]].to_numpy()
    same = any(np.array_equal(values, each.reached[["runtime", "spent"]], equal_nan=True) for each in earlier)
    return not same and bool((values[np.isfinite(values)] > 0).any())
