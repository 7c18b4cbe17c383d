"""Several folders of results as one, so that they stand beside each other in one report."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure.prices import priced
from bench.measure.progress import CELL
from bench.results.stored import RUN_COLUMNS, Results

if TYPE_CHECKING:
    import pandas as pd


class Combined(Results):
    """The runs of several results, with the attributes and measures of one.

    An optimizer that met a problem in more than one of them, or that is not the same method in all (of another order,
    or imported), has the name of its results behind its own.
    Costs are in the prices of the first, and so are budgets, but of runs without an answer. Targets by the best found
    refer to the best of all.
    """

    def __init__(self, parts: Sequence[Results]):
        """Raises ValueError for fewer than two results, and for one twice."""
        names = [part.name for part in parts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if len(parts) < 2 or twice:
            raise ValueError(f"give two or more results of different names, got {', '.join(names) or 'none'}")
        self.members = list(parts)
        self.folder = parts[0].folder
        self.name = "+".join(names)
        self.damaged = [f"{part.name}: {one}" for part in parts for one in part.damaged]
        self.sources = [source for part in parts for source in part.sources]
        self.manifest = {**parts[0].manifest, "suite": self._suite(), "command": ""}
        self.grids = _different(grid for part in parts for grid in part.grids)
        self._begin = np.cumsum([0, *(len(part.runs) for part in parts)])

    def _suite(self) -> dict[str, Any]:
        titles = [part.manifest.get("suite", {}).get("title") or part.name for part in self.members]
        if len(set(titles)) < len(titles):
            titles = [f"{part.name} ({title})" for part, title in zip(self.members, titles, strict=True)]
        suite = dict(self.members[0].manifest.get("suite", {}))
        groups = [group for part in self.members for group in part.manifest.get("suite", {}).get("groups", [])]
        return {**suite, "title": " and ".join(dict.fromkeys(titles)), "groups": groups, "tuning": None}

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row a run, those of the first results first."""
        import pandas as pd

        seen = pd.concat([part.runs[[*CELL, "optimizer"]].drop_duplicates() for part in self.members])
        twice = set(seen.optimizer[seen.duplicated()]) | self._strangers()
        frames = []
        for part, begin in zip(self.members, self._begin, strict=False):
            own = part.runs.optimizer
            renamed = own.where(~own.isin(twice), own + f" ({part.name})")
            frames.append(part.runs.assign(run=part.runs.run + begin, optimizer=renamed))
        joined: Any = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
        cost = priced(joined, joined, self.prices)
        ratio = np.divide(cost, joined.cost, out=np.ones(len(joined)), where=(joined.cost > 0).to_numpy())
        return joined.assign(cost=cost, budget=joined.budget * ratio)[list(RUN_COLUMNS)]

    def _strangers(self) -> set[str]:
        """Names that are not of one method wherever they occur: of another order, or of data that others measured."""
        import pandas as pd

        parts = []
        for part in self.members:
            foreign = "imported from" in part.manifest.get("environment", {})
            known = part.runs[["optimizer", "order"]].drop_duplicates()
            parts.append(known.assign(of=part.name if foreign else ""))
        both = pd.concat(parts).drop_duplicates()
        return set(both.optimizer[both.optimizer.duplicated()])

    def events(self, runs: Sequence[int]) -> "pd.DataFrame":
        """The trajectories of some runs, given by their numbers."""
        import pandas as pd

        numbers = np.sort(np.asarray(runs, dtype=int))
        frames = []
        for part, begin, end in zip(self.members, self._begin, self._begin[1:], strict=False):
            own = part.events(numbers[(numbers >= begin) & (numbers < end)] - begin)
            frames.append(own.assign(run=own.run + begin))
        return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)

    def _sizes(self) -> list[int]:
        return [size for part in self.members for size in part._sizes()]

    def _owner(self, run: int) -> tuple[Results, int]:
        place = int(np.searchsorted(self._begin, run, side="right")) - 1
        return self.members[place], int(run - self._begin[place])

    def setting(self, run: int) -> tuple[str, dict[str, Any]]:
        """The registered name of the optimizer of a run, and the values of all its hyperparameters."""
        part, number = self._owner(run)
        return part.setting(number)

    def points(self, run: int) -> Any:
        """The points (n, 2) that a run on a two-dimensional problem asked first; an empty array elsewhere."""
        part, number = self._owner(run)
        return part.points(number)

    def best_x(self, run: int) -> Any:
        """The best point (dim,) of a run, None where it found no finite value."""
        part, number = self._owner(run)
        return part.best_x(number)


def _different(grids: Any) -> list[Mapping[str, Any]]:
    """Each grid once, by problem, parameters and instance."""
    return list({(grid["problem"], repr(grid["parameters"]), grid["instance"]): grid for grid in grids}.values())
