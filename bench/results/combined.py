"""Several folders of results as one, so that they stand beside each other in one report."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure.frames import CELL
from bench.measure.prices import priced
from bench.results.records import records
from bench.results.stored import RUN_COLUMNS, Results

if TYPE_CHECKING:
    import pandas as pd


class Combined(Results):
    """The runs of several results, with the attributes and measures of one.

    An optimizer that met a problem in more than one of them, or that is not the same method in all (of another order,
    or imported), has the name of its results behind its own. Where its runs in two of them are the same ones, made by
    the same code and equal bit for bit, it is one optimizer, and each run counts once: an unchanged baseline.
    Costs are in the prices of the first, and so are budgets, but of runs without an answer. Targets by the best found
    refer to the best of all.
    """

    def __init__(self, members: Sequence[Results], names: Sequence[str] | None = None, *, apart: bool = False):
        """names: of the members; by default their own. apart: keep equal runs of two members apart. Raises ValueError
        for fewer than two results, for one name twice, and where optimizers raced: a race is of its own runs alone."""
        self.names = names = list(names or [member.name for member in members])
        twice = sorted({name for name in names if names.count(name) > 1})
        if len(members) < 2 or twice:
            raise ValueError(f"give two or more results of different names, got {', '.join(names) or 'none'}")
        for member in members:
            member.check_whole("several folders in one report are")
        varied: dict[str, set[str]] = {}
        for member in members:
            for name, keys in member.varied.items():
                varied[name] = varied.get(name, set()) | keys
        members = [member.relabelled(varied) for member in members]
        self.varied = varied
        self.members = members
        self.folder = members[0].folder
        self.name = "+".join(names)
        self.damaged = [
            f"{name}: {text}" for name, member in zip(names, members, strict=True) for text in member.damaged
        ]
        self.missing = [
            f"{name}: {text}" for name, member in zip(names, members, strict=True) for text in member.missing
        ]
        self.notes = [f"{name}: {text}" for name, member in zip(names, members, strict=True) for text in member.notes]
        self.running = any(member.running for member in members)
        self.sources = [source for member in members for source in member.sources]
        self.manifest = {**members[0].manifest, "suite": self._suite(), "command": ""}
        grids = [grid for member in members for grid in member.grids]  # each once, by problem, parameters and instance
        self.grids = list(
            {(grid["problem"], repr(grid["parameters"]), grid["instance"]): grid for grid in grids}.values()
        )
        self._apart = apart
        self._kept = [np.flatnonzero(kept) for kept in self._names_of_runs[1]]
        self._rows = [member._rows[run] for member, kept in zip(members, self._kept, strict=True) for run in kept]

    def relabelled(self, varied: Mapping[str, set[str]]) -> "Results":
        """See `Results.relabelled`."""
        members = [member.relabelled(varied) for member in self.members]
        return self if varied == self.varied else type(self)(members, self.names, apart=self._apart)

    @property
    def function(self) -> dict[str, Any]:
        """What `compare` was told of its function, where that is the same for all."""
        functions = [member.function for member in self.members]
        return functions[0] if all(function == functions[0] for function in functions) else {}

    @property
    def late(self) -> float:
        """See `Results.late`."""
        return max(member.late for member in self.members)

    def best_x(self, run: int) -> Any:
        """See `Results.best_x`."""
        before = np.cumsum([0, *map(len, self._kept)])
        place = int(np.searchsorted(before, run, side="right")) - 1
        return self.members[place].best_x(int(self._kept[place][run - before[place]]))

    def _suite(self) -> dict[str, Any]:
        suite = dict(self.members[0].manifest.get("suite", {}))
        groups = [group for member in self.members for group in member.manifest.get("suite", {}).get("groups", [])]
        return {**suite, "title": " and ".join(self.names), "groups": groups, "tuning": None}

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row a run, those of the first results first."""
        import pandas as pd

        frames = [
            member.runs.assign(optimizer=labels).iloc[kept]
            for member, labels, kept in zip(self.members, self._names_of_runs[0], self._kept, strict=True)
        ]
        joined: Any = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
        joined = joined.assign(run=range(len(joined)))
        cost = priced(joined, joined, self.prices)
        ratio = np.divide(cost, joined.cost, out=np.ones(len(joined)), where=(joined.cost > 0).to_numpy())
        return joined.assign(cost=cost, budget=joined.budget * ratio)[list(RUN_COLUMNS)]

    @cached_property
    def _names_of_runs(self) -> tuple[list[Any], list[np.ndarray]]:
        """For each member, what the optimizers of its runs are called, and which of its runs count."""
        import pandas as pd

        seen = pd.concat([member.runs[[*CELL, "optimizer"]].drop_duplicates() for member in self.members])
        strangers = self._strangers()
        labels: list[Any] = [member.runs.optimizer.copy() for member in self.members]
        kept = [np.ones(len(member.runs), dtype=bool) for member in self.members]
        for optimizer in set(seen.optimizer[seen.duplicated()]) | strangers:
            there = [np.flatnonzero(member.runs.optimizer == optimizer) for member in self.members]
            merges = not self._apart and optimizer not in strangers
            groups = self._groups(there) if merges else [[place] for place, runs in enumerate(there) if len(runs)]
            for group in groups:
                counted: set[str] = set()
                for place in group:
                    if len(groups) > 1:
                        labels[place].iloc[there[place]] = f"{optimizer} ({self.names[group[0]]})"
                    hashes = [self.members[place]._rows[run]["hash"] for run in there[place]]
                    kept[place][there[place]] = [hash not in counted for hash in hashes]
                    counted |= set(hashes)
        return labels, kept

    def _groups(self, runs: Sequence[np.ndarray]) -> list[list[int]]:
        """The members by whose optimizer is the same, given its runs in each of them."""
        slots = [
            dict(zip([member._rows[run]["hash"] for run in numbers], numbers.tolist(), strict=True))
            for member, numbers in zip(self.members, runs, strict=True)
        ]
        groups: list[list[int]] = []
        for place in (place for place, slot in enumerate(slots) if slot):
            for group in groups:
                if self._same(group[0], slots[group[0]], place, slots[place]):
                    group.append(place)
                    break
            else:
                groups.append([place])
        return groups

    def _same(self, first: int, slots: Mapping[str, int], second: int, others: Mapping[str, int]) -> bool:
        """Whether the runs of an optimizer in two members are the same wherever both have met a problem."""
        one, other = self.members[first], self.members[second]
        common = [hash for hash in slots if hash in others]
        here, there = [slots[hash] for hash in common], [others[hash] for hash in common]
        cells = [
            set(member.runs.iloc[list(runs.values())][CELL].itertuples(index=False, name=None))
            for member, runs in ((one, slots), (other, others))
        ]
        shared = set(one.runs.iloc[here][CELL].itertuples(index=False, name=None))
        return (
            bool(common)
            and shared == cells[0] & cells[1]
            and [one.made_by(run)[0] for run in here] == [other.made_by(run)[0] for run in there]
            and records(one, here) == records(other, there)
        )

    def _strangers(self) -> set[str]:
        """Names that are not of one method wherever they occur: of another order, or of data that others measured."""
        import pandas as pd

        members = []
        for member in self.members:
            methods = member.runs[["optimizer", "order"]].drop_duplicates()
            members.append(methods.assign(of=member.name if member.imported else ""))
        both = pd.concat(members).drop_duplicates()
        return set(both.optimizer[both.optimizer.duplicated()])
