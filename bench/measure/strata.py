"""The layout of a comparison: runs that began alike stand side by side, and cells are strata."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.core.status import Status, statuses
from bench.measure.frames import CELL, Frame

ALL = "all"  # the family of all problems
ROUNDING = 1e-9  # costs that differ by this fraction are the same


@dataclass(frozen=True)
class Strata:
    """Who was run on what, of C cells (a problem and dim), O optimizers, and N slots (an instance and seed) a cell.

    cells: problem, dim, family of each. optimizers: optimizer, order of each. families: their names (F,), ALL the last.
    member (F, C): which cells a family has. place (C, O, N): the row of runs, -1 where none was planned.
    """

    cells: Frame
    optimizers: Frame
    families: list[str]
    member: np.ndarray
    place: np.ndarray

    @property
    def planned(self) -> np.ndarray:
        """Which runs there are (C, O, N)."""
        return self.place >= 0

    @property
    def sizes(self) -> np.ndarray:
        """How many slots each cell has (C,); those beyond are empty."""
        return self.planned.any(axis=1).sum(axis=1)

    @property
    def slots(self) -> np.ndarray:
        """The slot of each run (runs,), by which they are told whatever the order in which they were stored."""
        slot = np.empty(self.planned.sum(), dtype=np.int64)
        slot[self.place[self.planned]] = self.planned.nonzero()[2]
        return slot

    @property
    def first_alike(self) -> list[str]:
        """Of each family the first that has the same problems: chance is drawn by its name, so that what is said of the
        only family is said of all problems."""
        return [self.families[int((self.member == cells).all(axis=1).argmax())] for cells in self.member]

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values (runs, ...) of each run as (C, O, N, ...); NaN where none was planned."""
        return np.concatenate([values, np.full_like(values[:1], np.nan, shape=(1, *values.shape[1:]))])[self.place]


def strata(runs: Frame) -> Strata:
    """The layout of these runs (complete ones); optimizers by order and name, families by name."""
    runs = runs.reset_index(drop=True)
    runs = runs.assign(cell=runs.groupby(CELL).ngroup(), entrant=runs.groupby(["order", "optimizer"]).ngroup())
    # the family of a run that never began may not be known
    runs = runs.assign(family=runs.family.fillna("").astype(str).groupby(runs.cell).transform("max"))
    known = [name for name in ("budget", "cost") if name in runs]  # those of one start are under several budgets
    ordered = runs.sort_values(known, kind="stable") if known else runs  # and not as they were stored
    runs = runs.assign(copy=ordered.groupby(["cell", "entrant", "instance", "seed"]).cumcount())
    # first those starts that most optimizers of a cell share (all, or the later rounds of a race), at last the other
    # runs of each by instance and seed, which are independent draws, and may stand beside any others
    start = ["cell", "instance", "seed", "copy"]
    ranked = runs.assign(late=-runs.groupby(start).entrant.transform("size")).sort_values(
        ["late", *start[1:]], kind="stable"
    )
    slot = ranked.groupby(["cell", "entrant"]).cumcount().reindex(runs.index)
    cells = runs.drop_duplicates("cell").sort_values("cell", ignore_index=True)[[*CELL, "family"]]
    heads = runs.drop_duplicates("entrant").sort_values("entrant", ignore_index=True)[["optimizer", "order"]]
    place = np.full((len(cells), len(heads), slot.max() + 1 if len(runs) else 0), -1)
    place[runs.cell, runs.entrant, slot] = np.arange(len(runs))
    names = sorted(cells.family.unique())
    member = np.array([*((cells.family == name).to_numpy() for name in names), np.full(len(cells), True)], dtype=bool)
    return Strata(cells, heads, [*names, ALL], member.reshape(len(names) + 1, len(cells)), place)


def ends(runs: Frame, reached: Frame) -> np.ndarray:
    """The cost at which budgets end on the problem and dim of each run (runs,); NaN where none ended a run.

    It is the most that a run of an optimizer would have cost, had it spent the whole of the budget that ended it; the
    least over optimizers, and over budgets where one had several. A run that had reached all its targets has no end.
    runs: complete ones.
    """
    import pandas as pd

    row = pd.Index(runs.run).get_indexer(reached.run)
    spent, unsolved = np.full(len(runs), np.nan), np.full(len(runs), False)
    spent[row] = reached.spent
    unsolved[row[np.isinf(reached.runtime.to_numpy(float))]] = True
    ended = (runs.status == Status.BUDGET).to_numpy() & unsolved & (spent > 0) & (runs.cost > 0).to_numpy()
    whole = spent * np.divide(runs.budget, runs.cost, where=ended, out=np.full(len(runs), np.nan))
    cell = runs.groupby(CELL).ngroup().to_numpy()
    most: Any = pd.Series(whole).groupby([cell, runs.optimizer.to_numpy(), runs.budget.to_numpy()]).max()
    return most.groupby(level=0).min().reindex(cell).to_numpy() * (1 + ROUNDING)


def limits(runs: Frame, reached: Frame) -> np.ndarray:
    """The cost up to which each run is compared with others on its problem and dim (runs,): that at which budgets end
    there, see `ends`; inf where none spent more.

    Where budgets differ, or prices are not those of the suite, a budget ends some methods long before others, and what
    these reached later says nothing of what those would have.
    """
    import pandas as pd

    least, spent = ends(runs, reached), np.full(len(runs), np.nan)
    spent[pd.Index(runs.run).get_indexer(reached.run)] = reached.spent
    cell = runs.groupby(CELL).ngroup().to_numpy()
    paid: Any = pd.Series(np.where(runs.status.isin(statuses("recorded")), spent, np.nan))
    return np.where(paid.groupby(cell).transform("max").to_numpy() > least, least, np.inf)


def solved(runs: Frame, reached: Frame, limit: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """The fraction of its targets that each run reached within these rising costs (runs, costs), and before its limit
    (runs,), see `limits`; every planned run counts.

    NaN where the cost of a run is not known, and where it has no target.
    """
    import pandas as pd

    row = pd.Index(runs.run).get_indexer(reached.run)
    runtime = reached.runtime.to_numpy(float)
    runtime = np.where(runtime > limit[row], np.inf, runtime)
    within = np.searchsorted(costs, runtime)  # that of NaN is the last
    size = len(costs) + 1
    count = np.bincount(row * size + within, minlength=len(runs) * size).reshape(-1, size)
    with np.errstate(invalid="ignore"):
        fraction = count.cumsum(axis=1)[:, :-1] / count.sum(axis=1)[:, None]
    fraction[row[np.isnan(runtime)]] = np.nan
    return fraction
