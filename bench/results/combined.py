"""Several folders of results as one, so that they stand beside each other in one report."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure import words
from bench.measure.frames import CELL
from bench.measure.prices import priced
from bench.results.plans import WITH
from bench.results.records import records
from bench.results.stored import RUN_COLUMNS, Results
from bench.runner.store import Store

if TYPE_CHECKING:
    import pandas as pd


class Combined(Results):
    """The runs of several results, with the attributes and measures of one.

    An optimizer that met a problem in more than one of them is one, and each run counts once, where nothing says
    otherwise: an unchanged baseline, or shards of a suite. Where it truly differs it has the name of its results behind
    its own, and `notes` say why: other code, other records of the same runs, another budget, device or the like,
    another release by --with, another order, or imported.
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
        self._keys: dict[int, dict[str, str]] = {}  # of runs, by the place of the member and hash; see `_settings`
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
            groups = [[place] for place, runs in enumerate(there) if len(runs)]
            why = words.OTHER_METHOD
            if merges:
                groups, why = self._groups(there)
            if len(groups) > 1 and not self._apart:
                self.notes.append(words.stands_apart(optimizer, [self.names[group[0]] for group in groups], why))
            for group in groups:
                counted: set[str] = set()
                for place in group:
                    if len(groups) > 1:
                        labels[place].iloc[there[place]] = f"{optimizer} ({self.names[group[0]]})"
                    hashes = [self.members[place]._rows[run]["hash"] for run in there[place]]
                    kept[place][there[place]] = [hash not in counted for hash in hashes]
                    counted |= set(hashes)
        return labels, kept

    def _groups(self, runs: Sequence[np.ndarray]) -> tuple[list[list[int]], str]:
        """The members by whose optimizer is the same, given its runs in each of them; and why there are several."""
        slots = [
            dict(zip([member._rows[run]["hash"] for run in numbers], numbers.tolist(), strict=True))
            for member, numbers in zip(self.members, runs, strict=True)
        ]
        groups: list[list[int]] = []
        reasons: list[str] = []
        for place in (place for place, slot in enumerate(slots) if slot):
            for group in groups:
                differs = [self._differs(before, slots[before], place, slots[place]) for before in group]
                if not any(differs):
                    group.append(place)
                    break
                reasons += filter(None, differs)
            else:
                groups.append([place])
        return groups, words.joined_by_and(list(dict.fromkeys(reasons)))

    def _differs(self, first: int, here: Mapping[str, int], second: int, there: Mapping[str, int]) -> str:
        """Why the runs of an optimizer in two members are not of one method, "" where they are: looked at is what both
        have met. here, there: the numbers of its runs, by their hashes."""
        sides = (first, here), (second, there)
        cells = [self._by_cell(*side) for side in sides]
        met = [cell for cell in cells[0] if cell in cells[1]]
        common = [hash for hash in here if hash in there]
        numbers = [[slots[hash] for hash in common] for _, slots in sides]
        code = [
            {cell: {self.members[place].made_by(run)[0] for run in of[cell]} for cell in met}
            for (place, _), of in zip(sides, cells, strict=True)
        ]
        if code[0] != code[1]:
            return "their code"
        if records(self.members[first], numbers[0]) != records(self.members[second], numbers[1]):
            return "records of the same runs"
        both = {cell for cell in met if cells[0][cell] & set(numbers[0])}
        if any(not of[cell] <= set(runs) for of, runs in zip(cells, numbers, strict=True) for cell in met):
            settings = [self._settings(place, of, met) for (place, _), of in zip(sides, cells, strict=True)]
            if differs := sorted({key for cell in met for key in _unlike(settings[0][cell], settings[1][cell])}):
                return f"their {words.joined_by_and(differs)}"
        releases = [
            {self.members[place].made_by(run)[1].get(WITH, "") for cell in met if cell not in both for run in of[cell]}
            for (place, _), of in zip(sides, cells, strict=True)
        ]
        return "" if releases[0] == releases[1] else "releases of libraries by --with"

    def _by_cell(self, place: int, slots: Mapping[str, int]) -> dict[Any, set[int]]:
        """The numbers of runs of a member by problem and dim."""
        frame = self.members[place].runs.iloc[list(slots.values())]
        cells: dict[Any, set[int]] = {}
        for cell, run in zip(frame[CELL].itertuples(index=False, name=None), slots.values(), strict=True):
            cells.setdefault(cell, set()).add(run)
        return cells

    def _settings(
        self, place: int, cells: Mapping[Any, set[int]], met: Sequence[Any]
    ) -> dict[Any, dict[str, set[str]]]:
        """By cell the values of all that determines a record, but for seed and instance, by what it is called."""
        rows = self.members[place]._rows
        if place not in self._keys:
            self._keys[place] = {}
            for folder in {row["folder"] for row in rows}:
                with closing(Store(folder)) as store:
                    self._keys[place].update(store.keys())
        settings: dict[Any, dict[str, set[str]]] = {}
        for cell in met:
            of_cell = settings.setdefault(cell, {})
            for run in cells[cell]:
                for key, value in json.loads(self._keys[place][rows[run]["hash"]]).items():
                    if key not in ("seed", "instance"):
                        name = "gap" if key == "target" else key.replace("_", " ")  # its first name
                        of_cell.setdefault(name, set()).add(json.dumps(value, sort_keys=True))
        return settings

    def _strangers(self) -> set[str]:
        """Names that are not of one method wherever they occur: of another order, or of data that others measured."""
        import pandas as pd

        members = []
        for member in self.members:
            methods = member.runs[["optimizer", "order"]].drop_duplicates()
            members.append(methods.assign(of=member.name if member.imported else ""))
        both = pd.concat(members).drop_duplicates()
        return set(both.optimizer[both.optimizer.duplicated()])


def _unlike(first: Mapping[str, set[str]], second: Mapping[str, set[str]]) -> list[str]:
    """The names whose values are not the same."""
    return [name for name in {**first, **second} if first.get(name) != second.get(name)]
