"""Two versions of the same optimizers, run by run: the same problem, instance and seed, so the same start and draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bench.core.packages import is_ours
from bench.core.registry import OPTIMIZERS
from bench.core.status import Status
from bench.measure.frames import CELL, Frame
from bench.measure.inference import contrast, holm
from bench.measure.levels import LEVEL
from bench.measure.runtimes import hits, runtimes
from bench.measure.targets import optima
from bench.results.combined import Combined
from bench.results.labels import label
from bench.results.records import records
from bench.results.stored import Results

SIDES = ("base", "new")
SLOT = ["instance", "seed"]
GAPS = tuple(float(f"{10.0**k:.3g}") for k in np.arange(2, -8.01, -0.2))  # five targets a decade
MEASURES = ("cost", "value")
LEAST_GAIN = 0.01  # fraction of the best gain, where no optimum is known: values that are closer count as equal
SAME_DIGITS = 1e-6  # natural logarithms of costs and gaps that differ by less differ in their last digits alone
TIMED = (Status.DEADLINE, Status.CUT, Status.KILLED)  # ends that seconds decide


@dataclass(frozen=True)
class Pairs:
    """Pairs of runs as `compare` reads them: pairs, same and logarithms, see `Versions`."""

    pairs: Any
    logarithms: np.ndarray
    same: np.ndarray


class Versions:
    """The runs of two results in pairs. pairs: a frame, one row a pair: problem, dim, optimizer, instance, seed, and
    run_base, run_new, their numbers in the two. left: the optimizers that only base has, and only new.

    An optimizer is that of one registered name. Where one result has it in several settings on one problem, the
    hyperparameters in which they differ are part of its name: any other may have changed with its default.
    """

    def __init__(self, base: Results, new: Results, names: Sequence[Sequence[str]] | None = None):
        """names: what the optimizer of each run is called, for each of the two. Raises ValueError where they have no
        run in common."""
        self.base, self.new = base, new
        on = [*CELL, "optimizer", *SLOT]
        names = names or run_names(base, new)
        runs = [_named(results.runs, of_runs) for results, of_runs in zip((base, new), names, strict=True)]
        self.pairs: Any = runs[0][[*on, "run", "status"]].merge(
            runs[1][[*on, "run", "status"]], on=on, suffixes=("_base", "_new")
        )
        paired = set(self.pairs.optimizer)
        self.left = [sorted(set(each.optimizer) - paired) for each in runs]
        if not len(self.pairs):
            raise ValueError(
                f"{base.name} and {new.name} have no run in common: no optimizer of one name on the same problem, "
                "dim, instance and seed"
            )

    @cached_property
    def same(self) -> np.ndarray:
        """Whether the two records of each pair (N,) are equal bit for bit, seconds apart."""
        base, new = (records(results, self.pairs[f"run_{side}"]) for results, side in self._sides())
        return np.array([one == other for one, other in zip(base, new, strict=True)], dtype=bool)

    @cached_property
    def explained(self) -> np.ndarray:
        """Whether there is a reason (N,) for two records to differ: another code, setting, version or machine, a method
        that its seed does not determine, an end that seconds decided, or another state of the repository where the
        optimizer is of others: its hash does not reach into the package that it stands for."""
        machines = [_machine(results) for results, _ in self._sides()]
        made = [[_made(results, run) for run in self.pairs[f"run_{side}"]] for results, side in self._sides()]
        settings = [[results.setting(run) for run in self.pairs[f"run_{side}"]] for results, side in self._sides()]
        free = [
            one != other or (one[0] in OPTIMIZERS and not OPTIMIZERS[one[0]].deterministic)
            for one, other in zip(*settings, strict=True)
        ]
        timed = self.pairs.status_base.isin(TIMED) | self.pairs.status_new.isin(TIMED)
        unequal = [one != other or not one[0] for one, other in zip(*made, strict=True)]
        states = [results.manifest.get("repository") or {"dirty": True} for results, _ in self._sides()]
        moved = states[0] != states[1] or any(state["dirty"] for state in states)
        theirs = np.array([moved and _of_others(name) for name, _ in settings[0]])
        return np.array(unequal) | np.array(free) | timed.to_numpy() | theirs | (machines[0] != machines[1])

    @cached_property
    def logarithms(self) -> np.ndarray:
        """Natural logarithms (N, 2, 2): of base and new, and of two measures.

        cost: the mean, over the targets that either run of the pair reached, of the logarithm of the cost to reach it;
        where the other run never did, of what the longer of the two spent. 0 for both where neither reached any.
        value: the gap to the optimum at the end, but at least the gap at which runs end; where no optimum is known, to
        the best value of both results, and at least a hundredth of what the run could gain.
        """
        both = Combined([self.base, self.new], SIDES, apart=True)
        number = np.stack([self.pairs.run_base, self.pairs.run_new + len(self.base.runs)], axis=1)
        runtime, spent = _runtimes(both)
        return np.stack([log_costs(runtime[number], spent[number]), log_gaps(both.comparison.runs)[number]], axis=-1)

    def _sides(self) -> Sequence[tuple[Results, str]]:
        return (self.base, "base"), (self.new, "new")


def run_names(*both: Results) -> list[list[str]]:
    """What the optimizer of each run is called, for each of the results."""
    settings = [[results.setting(run) for run in range(len(results.runs))] for results in both]
    varied: dict[str, set[str]] = {}
    for results, each in zip(both, settings, strict=True):
        seen: dict[tuple[Any, ...], dict[str, Any]] = {}
        slots: Any = results.runs[[*CELL, *SLOT]].itertuples(index=False, name=None)
        for slot, (name, values) in zip(slots, each, strict=True):
            other = seen.setdefault((name, *slot), values)
            differs = {key for key in values if values[key] != other.get(key, values[key])}
            varied.setdefault(name, set()).update(differs)
    return [
        [label(name, {key: values[key] for key in sorted(varied[name]) if key in values}, {}) for name, values in each]
        for each in settings
    ]


def _named(runs: Any, names: Sequence[str]) -> Any:
    """The runs that were made, under these names, each once: a setting may stand under two labels."""
    runs = runs.assign(optimizer=names)[runs.status != Status.SKIPPED]
    return runs.drop_duplicates([*CELL, "optimizer", *SLOT])


def _of_others(optimizer: str) -> bool:
    """Whether an optimizer is registered by no package of this project."""
    return optimizer in OPTIMIZERS and not is_ours(OPTIMIZERS[optimizer].function.__module__)


def _machine(results: Results) -> tuple[Any, ...]:
    environment = results.manifest.get("environment", {})
    return tuple(environment.get(name) for name in ("platform", "machine", "cpu", "gpu"))


def _made(results: Results, run: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    code, versions = results.made_by(run)
    return code, tuple(sorted((name, version) for name, version in versions.items() if name != "commit"))


def _runtimes(both: Combined) -> tuple[np.ndarray, np.ndarray]:
    """The cost at which each run reached each target (runs, targets), inf where it never did, NaN where it was not
    asked; and what each run spent (runs,)."""
    (goals,) = both.comparison.over_parts(lambda runs, events: hits(runs, events, gaps=GAPS))
    times: Any = runtimes(both.comparison.runs, goals, both.prices)
    times["goal"] = times.kind + times.target.astype(str)
    everyone = range(len(both.runs))
    wide = times.pivot(index="run", columns="goal", values="runtime").reindex(everyone).to_numpy(float)
    return wide, times.groupby("run").spent.first().reindex(everyone).to_numpy(float)


def log_costs(runtime: np.ndarray, spent: np.ndarray) -> np.ndarray:
    """The measure cost (N, 2) of pairs: from the costs of their targets (N, 2, targets) and of the runs (N, 2)."""
    reached, apart = np.isfinite(runtime).any(axis=1), (np.nan_to_num(runtime, posinf=1.0) > 0).all(axis=1)
    counts = np.logical_and(reached, apart)[:, None]  # what both starts satisfy tells nothing
    longest = np.nan_to_num(spent, nan=1.0).max(axis=1)[:, None, None]
    cost = np.where(counts, np.where(np.isfinite(runtime), runtime, longest), 1.0)
    return np.where(counts, np.log(cost), 0.0).sum(axis=-1) / np.maximum(counts.sum(axis=-1), 1)


def log_gaps(runs: Frame) -> np.ndarray:
    """The measure value of all runs of both versions (complete ones). A run that left no record, because it was killed,
    is still at its start, which is that of the other of its pair."""
    f_opt, has_optimum = optima(runs)
    first = runs["first"].astype(float)
    first = first.fillna(first.groupby([runs[name] for name in (*CELL, *SLOT)]).transform("max"))
    best = runs["best"].astype(float).fillna(first)
    lowest = best.groupby([runs[name] for name in (*CELL, "instance")]).transform("min")
    low = np.where(has_optimum, f_opt, lowest)
    least = np.where(has_optimum, runs.gap.astype(float), LEAST_GAIN * (first - low))
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.log(np.maximum(best - low, least))
    return np.where(np.isfinite(logarithm), logarithm, 0.0)


def compare(versions: Versions | Pairs, worse: float = 0.10) -> Frame:
    """Whether each optimizer got worse: one row an optimizer and measure, and a problem ("" for all of them).

    Columns optimizer, measure, problem, dim, ratio (new over base, geometric mean over problems of that over their
    pairs), low, high (its 95 % t interval), p (a sign-flip test: under no change the two of a pair could be exchanged),
    adjusted (by Holm, over all optimizers and both measures), problems, runs, same (how many pairs are equal bit for
    bit), change: "worse" and "better" where the interval excludes 1, the ratio is beyond 1 + worse, or its inverse, and
    adjusted is below 5 %; "equal" where all pairs are; "digits" where no cost differs, and values but in their last
    digits; "few" below 5 seeds; else "open". Rows of a problem have no p.
    """
    import pandas as pd

    rows = []
    for optimizer, members in versions.pairs.groupby("optimizer", sort=False):
        index = members.index.to_numpy()
        cells = members.groupby(CELL, sort=False, dropna=False).ngroup().to_numpy()
        names = members[CELL].drop_duplicates()
        x, planned = _arrays(versions.logarithms[index], cells)
        for measure, name in enumerate(MEASURES):
            rows += [_row(x, planned, versions.same[index], measure) | {"optimizer": optimizer, "measure": name}]
            for cell, (problem, dim) in enumerate(names.itertuples(index=False)):
                one = _row(x[cell : cell + 1], planned[cell : cell + 1], versions.same[index][cells == cell], measure)
                rows.append(
                    {**one, "optimizer": optimizer, "measure": name, "problem": problem, "dim": dim, "p": np.nan}
                )
    table: Any = pd.DataFrame(rows).assign(adjusted=np.nan)
    whole = table.problem == ""
    table.loc[whole, "adjusted"] = holm(table.p[whole].to_numpy())
    table["change"] = [_change(row, worse) for row in table.itertuples()]
    return table[[
        "optimizer", "measure", "problem", "dim", "ratio", "low", "high", "p", "adjusted", "problems", "runs", "same",
        "change",
    ]]  # fmt: skip


def _arrays(logarithms: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (N, 2, measures) by cell: x (C, 2, slots, measures), and which of them there are (C, 2, slots)."""
    place = np.array([np.sum(cells[:at] == cell) for at, cell in enumerate(cells)])
    x = np.zeros((cells.max() + 1, 2, place.max() + 1, logarithms.shape[-1]))
    planned = np.zeros(x.shape[:3], dtype=bool)
    x[cells, :, place], planned[cells, :, place] = logarithms, True
    return x, planned


def _row(x: np.ndarray, planned: np.ndarray, same: np.ndarray, measure: int) -> dict[str, Any]:
    new, base = np.array([1]), np.array([0])
    mean = {name: values[0, 0] for name, values in contrast(x[..., measure : measure + 1], planned, new, base).items()}
    low, high = (mean[end] if np.isfinite(mean[end]) else mean["difference"] for end in ("low", "high"))
    return {
        "problem": "", "dim": np.nan, "ratio": np.exp(mean["difference"]), "low": np.exp(low), "high": np.exp(high),
        "p": mean["p"], "problems": mean["problems"], "runs": mean["runs"], "same": int(same.sum()),
    }  # fmt: skip


def _change(row: Any, worse: float) -> str:
    if row.same == row.runs:
        return "equal"
    if abs(np.log(row.low)) < SAME_DIGITS and abs(np.log(row.high)) < SAME_DIGITS:
        return "digits"
    if row.problem == "" and np.isnan(row.p):
        return "few"
    beyond = row.low > 1 or row.high < 1
    sure = row.problem != "" or row.adjusted < LEVEL
    if beyond and sure and max(row.ratio, 1 / row.ratio) > 1 + worse:
        return "worse" if row.ratio > 1 else "better"
    return "open"
