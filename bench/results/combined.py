"""Several folders of results as one, so that they stand beside each other in one report."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure.frames import CELL
from bench.measure.prices import priced
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

    def __init__(self, members: Sequence[Results], names: Sequence[str] | None = None):
        """names: of the members; by default their own. Raises ValueError for fewer than two
        results, and for one name twice."""
        self.names = names = list(names or [member.name for member in members])
        twice = sorted({name for name in names if names.count(name) > 1})
        if len(members) < 2 or twice:
            raise ValueError(f"give two or more results of different names, got {', '.join(names) or 'none'}")
        self.members = list(members)
        self.folder = members[0].folder
        self.name = "+".join(names)
        self.damaged = [
            f"{name}: {text}" for name, member in zip(names, members, strict=True) for text in member.damaged
        ]
        self.sources = [source for member in members for source in member.sources]
        self.manifest = {**members[0].manifest, "suite": self._suite(), "command": ""}
        grids = [grid for member in members for grid in member.grids]  # each once, by problem, parameters and instance
        self.grids = list(
            {(grid["problem"], repr(grid["parameters"]), grid["instance"]): grid for grid in grids}.values()
        )
        self._rows = [row for member in members for row in member._rows]

    def _suite(self) -> dict[str, Any]:
        titles = [
            member.manifest.get("suite", {}).get("title") or name
            for name, member in zip(self.names, self.members, strict=True)
        ]
        if len(set(titles)) < len(titles):
            titles = [f"{name} ({title})" for name, title in zip(self.names, titles, strict=True)]
        suite = dict(self.members[0].manifest.get("suite", {}))
        groups = [group for member in self.members for group in member.manifest.get("suite", {}).get("groups", [])]
        return {**suite, "title": " and ".join(dict.fromkeys(titles)), "groups": groups, "tuning": None}

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row a run, those of the first results first."""
        import pandas as pd

        seen = pd.concat([member.runs[[*CELL, "optimizer"]].drop_duplicates() for member in self.members])
        twice = set(seen.optimizer[seen.duplicated()]) | self._strangers()
        frames = []
        for name, member in zip(self.names, self.members, strict=True):
            labels = member.runs.optimizer
            renamed = labels.where(~labels.isin(twice), labels + f" ({name})")
            frames.append(member.runs.assign(optimizer=renamed))
        joined: Any = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
        joined = joined.assign(run=range(len(joined)))
        cost = priced(joined, joined, self.prices)
        ratio = np.divide(cost, joined.cost, out=np.ones(len(joined)), where=(joined.cost > 0).to_numpy())
        return joined.assign(cost=cost, budget=joined.budget * ratio)[list(RUN_COLUMNS)]

    def _strangers(self) -> set[str]:
        """Names that are not of one method wherever they occur: of another order, or of data that others measured."""
        import pandas as pd

        members = []
        for member in self.members:
            methods = member.runs[["optimizer", "order"]].drop_duplicates()
            members.append(methods.assign(of=member.name if member.imported else ""))
        both = pd.concat(members).drop_duplicates()
        return set(both.optimizer[both.optimizer.duplicated()])
