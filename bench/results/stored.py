"""The stored runs of one folder as frames, with the measures at hand."""

import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core import registry
from bench.core.coordinates import Coordinates, lost
from bench.core.ledger import EVENT, PRICES, QUESTIONS
from bench.core.shown import printable
from bench.core.status import Status
from bench.measure import (
    crossing,
    failed,
    memory,
    metrics,
    profiles,
    scaling,
    standing,
    statistics,
    summaries,
    verdicts,
    virtual,
    words,
)
from bench.measure.comparison import Comparison, View
from bench.measure.convergence import fixed_budget
from bench.measure.ecdf import ecdf
from bench.measure.ert import ert
from bench.measure.frames import CELL
from bench.measure.levels import HALVES, LATE
from bench.measure.prices import Prices, resolved
from bench.measure.runtimes import hits, runtimes
from bench.results import plans
from bench.results.labels import label, tuned_label, varied_in
from bench.runner.alone import running_in
from bench.runner.plan import plain, settled
from bench.runner.store import Store, StoreError
from bench.runner.suite import Entry
from bench.runner.trajectories import higher_of, joined, table_of, unpacked, unpacked_together

if TYPE_CHECKING:
    import pandas as pd

    from bench.results.table import Table

HELD = 128 << 20  # bytes of trajectories and points kept in memory; what is beyond is read again when used
TOGETHER, ROWS = 1 << 19, 500  # bytes of trajectories that are read at once, and runs, at most
PART = 64 << 20  # bytes of trajectories, uncompressed, that are in memory at a time: about a million events
PASSING = ("key", "counts", "restarts", "written")  # columns of a run that are not kept


def _values(described: Mapping[str, Any], find: Any = registry.find_optimizer) -> list[dict[str, Any]]:
    """All parameters at each setting of an entry of a manifest; none where it is not registered."""
    entry = Entry(described["name"], {key: tuple(values) for key, values in described["grid"].items()})
    try:
        return [plain(values) for _, values in settled([entry], find)]
    except ValueError:  # a module that registers it was not named, or it takes other values today
        return []


def _key(family: str, optimizer: str, hyperparameters: Mapping[str, Any]) -> str:
    return json.dumps([family, optimizer, dict(hyperparameters)], sort_keys=True)


def _last_metrics(row: Mapping[str, Any]) -> dict[str, str]:
    """What each metric was in the end, as text, of a row whose trajectory is unpacked."""
    if not (row["scored"] and row["trajectory"]):  # only scores come with metrics
        return {}
    table = table_of(row["trajectory"])
    return {name: repr(table[name][-1].as_py()) for name in table.column_names if name not in EVENT}


Checked = tuple[dict[str, Any], bool]  # a stored row, and whether its checksum holds


def _unpacked(rows: Iterable[Checked]) -> Iterator[tuple[dict[str, Any], bool, Any]]:
    """These rows with the streams of their trajectories, many of which are unpacked together; None where there is none,
    and where one of those beside it is damaged: then each is to be looked at by itself."""
    for group in _in_groups(rows, lambda checked: _length(checked[0]["trajectory"])):
        packed = [row for row, whole in group if whole and row["trajectory"]]
        streams = unpacked_together([row["trajectory"] for row in packed], [row["trajectory_bytes"] for row in packed])
        waiting = iter(streams or [])
        for row, whole in group:
            yield row, whole, next(waiting, None) if whole and row["trajectory"] else None


def _length(blob: Any) -> int:
    """Its bytes; 0 of what a damaged row may have in its place."""
    return len(blob) if isinstance(blob, bytes) else 0


def _in_groups(items: Iterable[Any], size: Callable[[Any], int]) -> Iterator[list[Any]]:
    """Runs whose trajectories are read together, of so many bytes each."""
    group, held = list[Any](), 0
    for item in items:
        group.append(item)
        held += size(item)
        if held >= TOGETHER or len(group) == ROWS:
            yield group
            group, held = [], 0
    if group:
        yield group


def _settings(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _table(frame: Any) -> "Table":
    """A measure that takes no argument: an attribute, which may be called, too."""
    from bench.results.table import Table

    return Table(frame)


def _at_prices(measure: Callable[[View], Any]) -> Callable[..., "pd.DataFrame"]:
    """A method that gives this measure at some prices, by default those of the suite."""

    def method(self: "Results", prices: Prices = None) -> "pd.DataFrame":
        return self.comparison.at(prices).of(measure)

    method.__doc__ = measure.__doc__
    return method


@dataclass(frozen=True)
class Best:
    """The best optimizer of a problem. optimizer: "" where none is. f, x, run: the lowest value in its runs (the
    highest, of a function that `compare` maximized), its point (dim,), or what that function takes, and the number of
    that run in `Results.runs`; NaN and None where there is none. Of a function that is noisy by itself f is the lowest
    of the means by which its runs were judged, and so somewhat low. sentence: the evidence."""

    problem: str
    dim: int
    optimizer: str
    f: float
    x: Any
    run: int | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence


class Results:
    """What was run under one name.

    What takes no argument is an attribute, a frame: runs, trajectories, failures, failed_evaluations, faults, races,
    memory.
    What can be asked in more than one way is a method: of prices, targets or budgets, as ert() or ecdf().
    runs: one row a run, skips included. trajectories: one row an event: the start, then each improvement or, on
    problems with data or noise, each score. manifest: the suite as run, command, environment. damaged: labels of
    runs whose checksum does not hold; they are left out of the frames. missing: a sentence where planned runs are
    not stored, and no status says why. running: whether a process was running into them and had runs left to do.
    notes: sentences on what these results are, as one shard of a suite.
    """

    def __init__(self, folder: str | Path):
        """Raises StoreError where the folder holds no readable results."""
        self.folder = Path(folder)
        self.name = self.folder.name
        self.damaged: list[str] = []
        self.missing: list[str] = []
        self.notes: list[str] = []
        running = running_in(self.folder)  # first: what is there when it has ended is then all
        with closing(Store(self.folder)) as store:
            store.check()
            self.manifest = store.manifest()
            self.damaged += store.damage()
            self._rows = self._read(store)
            there, planned = store.there(), len(store.planned())
            self.grids = list(store.grids())
        shards, lacking = plans.lacking(self.manifest)
        self.running = running and (there < planned or not planned)
        if self.running:
            self.notes.append(words.running(there, planned))
        elif text := words.missing(there, planned + lacking, shards, lacking):
            self.missing.append(text)
        if facts := self.manifest.get("shard"):
            self.notes.append(words.shard(facts))
        self.sources = plans.origins(self.name, self.manifest)

    def _read(self, store: Store) -> list[dict[str, Any]]:
        # many rows have the same texts: each is read once, and what it says is shared
        parsed, labels = cache(json.loads), cache(self._labels)
        titles = cache(lambda name, text: self.title(name, parsed(text)))
        kept, held = [], 0
        for row, whole, stream in _unpacked(store.rows()):
            try:
                if not whole:
                    raise ValueError("its checksum does not hold")
                if row["trajectory"] or row["trajectory_bytes"]:
                    row["trajectory"] = stream or unpacked(row["trajectory"], row["trajectory_bytes"])
                row["metrics"] = _last_metrics(row)
                row.update(dict.fromkeys(QUESTIONS, 0) | parsed(row["counts"]))
                row["status"] = Status(row["status"]).value
                row["gap"] = float(json.loads(row["key"])["target"])  # the key has its first name
                row["title"] = titles(row["problem"], row["parameters"])
                names = labels(row["family"], row["optimizer"], row["hyperparameters"])
                row["hyperparameters"] = parsed(row["hyperparameters"])
            except (ValueError, TypeError, LookupError, OSError) as error:
                where = f"{row['problem']}, dim {row['dim']}, instance {row['instance']}"
                self.damaged.append(f"{where}, with {row['optimizer']}, seed {row['seed']}: {error}")
                continue
            held += row["trajectory_bytes"] + len(row["points"] or b"")
            row["held"] = held <= HELD
            if not row["held"]:
                row["trajectory"] = row["points"] = None
            for name in PASSING:
                del row[name]
            row["versions"], row["parameters"] = map(sys.intern, (row["versions"], row["parameters"]))  # alike for many
            kept += [{**row, "label": name, "folder": self.folder} for name in names]
        return kept

    def _labels(self, family: str, optimizer: str, hyperparameters: str) -> list[str]:
        """What an optimizer is called: by its settings, or as the tuned one, or both, where the best setting is one
        that the suite names itself. Its runs then count under both names."""
        values = json.loads(hyperparameters)
        named, tuned = self._names
        tuned_names = tuned.get(_key(family, optimizer, values), [])
        if tuned_names and _key("", optimizer, values) not in named:
            return tuned_names
        return [self._label(optimizer, values), *tuned_names]

    @cached_property
    def varied(self) -> dict[str, set[str]]:
        """Which parameters the labels of each problem and optimizer always show: see `varied_in`."""
        return varied_in(self.manifest.get("suite", {}))

    def title(self, problem: str, parameters: Mapping[str, Any]) -> str:
        """What a problem is called, without its dim."""
        return label(problem, parameters, registry.PROBLEMS, leave="dim", varied=self.varied.get(problem, ()))

    def _label(self, optimizer: str, hyperparameters: Mapping[str, Any]) -> str:
        return label(optimizer, hyperparameters, registry.OPTIMIZERS, varied=self.varied.get(optimizer, ()))

    def relabelled(self, varied: Mapping[str, set[str]]) -> "Results":
        """These results, whose labels always show these parameters: so that names in several folders agree."""
        if varied == self.varied:
            return self
        other = copy(self)
        for name in [name for name in vars(self) if isinstance(getattr(type(self), name, None), cached_property)]:
            del vars(other)[name]
        other.varied = dict(varied)
        other._rows = [{**row, **other._renamed(self, row)} for row in self._rows]
        return other

    def _renamed(self, before: "Results", row: Mapping[str, Any]) -> dict[str, str]:
        """The names of a run, which had others before."""
        old, new = (each._label(row["optimizer"], row["hyperparameters"]) for each in (before, self))
        tuned = {old: new, tuned_label(old): tuned_label(new)}
        # of a tuned setting the label is that of the default
        for entry, renamed in zip(before.tuned, self.tuned, strict=True):
            tuned[tuned_label(entry["label"])] = tuned_label(renamed["label"])
        parameters = json.loads(row["parameters"])
        return {"label": tuned[row["label"]], "title": self.title(row["problem"], parameters)}

    @cached_property
    def _names(self) -> tuple[set[str], dict[str, list[str]]]:
        """The settings that the suite names itself, and the names of tuned settings, by family."""
        named: set[str] = set()
        tuned: dict[str, list[str]] = {}
        if not self.tuning:
            return named, tuned
        for group in self.manifest["suite"]["groups"]:
            for entry in group["optimizers"]:
                named |= {_key("", entry["name"], values) for values in _values(entry)}
        for entry in self.tuned:
            named.add(_key("", entry["name"], entry["values"]))
            if entry["setting"]:
                key = _key(entry["family"], entry["name"], {**entry["values"], **entry["setting"]})
                tuned.setdefault(key, []).append(tuned_label(entry["label"]))
        return named, tuned

    def sentence(self) -> str:
        """The answer over all problems within the largest budget, as the page has it; "" where no cost is known."""
        view = self.comparison.at()
        at = view.of(verdicts.budgets)
        return "".join(failed.sentence(view, at[-1], self.function.get("title", ""), self.sign)) if at else ""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """What was run and the answer, over how the runs of each optimizer ended."""
        from html import escape

        frame = summaries.endings(self.comparison.runs)
        table = frame.pivot(index=["order", "optimizer"], columns="status", values="runs").fillna(0).astype(int)
        return f"<p>{escape(str(self)).replace(chr(10), '<br>')}</p>{table.reset_index().to_html(index=False)}"

    def __str__(self) -> str:
        """What was run, the answer, and what is wrong with problems."""
        faults = [f"{words.IMPOSSIBLE}: {words.fault(row)}" for row in self.shown_faults()]
        ran = f"{self.name}: {words.counted(len(self.runs), 'run')}."
        texts = (*self.missing, *self.notes, ran, words.unfinished(self.runs), *faults, self.sentence())
        return printable("\n".join(filter(None, texts)))

    @property
    def tuning(self) -> dict[str, Any] | None:
        """Tuned settings that were run beside the defaults, and how they were found: a `bench.runner.suite.Tuning`."""
        return self.manifest.get("suite", {}).get("tuning")

    @cached_property
    def tuning_results(self) -> "Results | None":
        """The runs of the tuning; None where there are none where they were, nor beside these."""
        if not self.tuning:
            return None
        folder, beside = Path(self.tuning["path"]).parent, self.folder.parent
        for place in (folder, beside / folder.name, beside / f"{self.tuning['suite']}-tuning"):
            try:
                return Results(place)
            except StoreError:
                continue
        return None

    def setting(self, run: int) -> tuple[str, dict[str, Any]]:
        """The registered name of the optimizer of a run, and the values of all its hyperparameters."""
        return self._rows[run]["optimizer"], self._rows[run]["hyperparameters"]

    def made_by(self, run: int) -> tuple[str, dict[str, str]]:
        """The code that made a run, as hashes in JSON ("" where it was not stored), and the versions that it used."""
        return self._rows[run].get("code") or "", json.loads(self._rows[run]["versions"])

    @cached_property
    def tuned(self) -> list[dict[str, Any]]:
        """What tuning found, one an optimizer and family: label (of the default), name, values (of the default, all
        hyperparameters), family, setting (the best values of those that were tuned), tried, rank, default_rank, runs,
        cost; without optimizers that are not registered."""
        entries = []
        for entry in self.tuning["found"] if self.tuning else []:
            for values in _values(entry["entry"]):
                name = entry["entry"]["name"]
                facts = {"label": self._label(name, values), "name": name, "values": values}
                entries.append({**{key: value for key, value in entry.items() if key != "entry"}, **facts})
        return entries

    @property
    def prices(self) -> dict[str, float]:
        """The prices of the suite as run; of questions that it did not know, today's."""
        return {**PRICES, **self.manifest.get("suite", {}).get("prices", {})}

    @property
    def function(self) -> dict[str, Any]:
        """What `compare` was told of its function: title, sign, coordinates; empty of other results."""
        return self.manifest.get("function", {})

    @property
    def sign(self) -> int:
        """-1 where `compare` maximized its function f, and the problem of all frames is -f."""
        return self.function.get("sign", 1)

    @property
    def late(self) -> float:
        """The factor by which runtimes on problems with data or noise are too late at most: they are read at
        checkpoints."""
        return HALVES if self.function.get("noise") else LATE

    @cached_property
    def coordinates(self) -> Coordinates | None:
        """Those of the function of `compare`: what it takes. Warns of categories that come back as texts."""
        if not self.function:
            return None
        if texts := lost(self.function["coordinates"]):
            warnings.warn(words.categories_are_texts(texts), stacklevel=2)
        return Coordinates.restored(self.function["coordinates"])

    @property
    def imported(self) -> bool:
        """Whether others ran it: what their budgets were, and why runs ended, is not known."""
        return "imported from" in self.manifest.get("environment", {})

    @property
    def raced(self) -> bool:
        """Whether optimizers raced, and left where they were significantly worse."""
        return self.manifest.get("suite", {}).get("until", "") == "significant"

    def check_whole(self, commands: str) -> None:
        """Raise ValueError where optimizers raced. commands: who takes no race, with its verb: "check compares"."""
        if self.raced:
            raise ValueError(words.raced(self.name, commands))

    @property
    def races(self) -> "Table":
        """Who left which race when: see `bench.measure.raced.races`."""
        return _table(self.comparison.races)

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row a run: who, on what, how it ended, what it asked and gained."""
        import numpy as np
        import pandas as pd

        rows, prices = self._rows, self.prices
        names = {"problem": "title", "optimizer": "label", "order": "optimizer_order"}  # by their columns
        keys = {name: names.get(name, name) for name in RUN_COLUMNS}
        columns: dict[str, Any] = {name: [row.get(key) for row in rows] for name, key in keys.items()}
        costs = [prices[question] * np.array(columns[question], dtype=float) for question in QUESTIONS]
        columns |= {
            "run": np.arange(len(rows)),
            "scored": [bool(scored) for scored in columns["scored"]],
            "cost": sum(costs) / np.array(columns["rows"], dtype=float),
            "metrics": [json.dumps(metrics) if metrics else "" for metrics in columns["metrics"]],
            "imported": self.imported,
            "raced": self.raced,
        }
        frame = pd.DataFrame(columns, index=range(len(rows)))
        numbers = ("f_opt", "first", "best", "final", "dim", "order", "problem_order")
        measured = ("failed_values", "state_bytes", "peak_memory")
        return frame.astype(dict.fromkeys((*numbers, *measured), "float64"))  # NULL is NaN

    @cached_property
    def trajectories(self) -> "pd.DataFrame":
        """One row an event: run, counts of each question in rows of data, seconds inside and outside, value f."""
        return self.events(range(len(self.runs)))

    def events(self, runs: Sequence[int]) -> "pd.DataFrame":
        """The trajectories of some runs, given by their numbers."""
        import numpy as np
        import pandas as pd

        numbers = [run for run in runs if self._rows[run]["trajectory_bytes"]]
        if not numbers:
            return pd.DataFrame({"run": np.empty(0, dtype=np.int64), **{name: np.empty(0) for name in EVENT}})
        table, lengths = joined(list(self._streams(numbers)))
        present = [name for name in EVENT if name in table.column_names]
        columns = {name: np.zeros(len(table), dtype=np.int64) for name in EVENT if name not in present}
        for name in present:
            column = table[name]  # null where an older run knew no such question: it was not asked then
            columns[name] = (column.fill_null(0) if column.null_count else column).to_numpy()
        run = np.repeat(numbers, lengths)
        return pd.DataFrame({"run": run, **{name: columns[name] for name in EVENT}}, copy=False)

    @cached_property
    def _scores(self) -> "pd.DataFrame":
        """One row a score and metric: run, counts, seconds, metric, whether more is better, score."""
        import pandas as pd

        numbers = [n for n, row in enumerate(self._rows) if row.get("scored") and row.get("trajectory_bytes")]
        frames = []
        for run, table in zip(numbers, map(table_of, self._streams(numbers)), strict=True):
            higher = higher_of(table)
            frame = table.to_pandas().assign(run=run)
            for metric in [name for name in table.column_names if name not in EVENT]:
                kept = frame[["run", *(name for name in EVENT if name in frame and name != "f")]]
                frames.append(kept.assign(metric=metric, higher=metric in higher, score=frame[metric]))
        columns = ["run", *(name for name in EVENT if name != "f"), "metric", "higher", "score"]
        if not frames:
            return pd.DataFrame(columns=columns)
        return pd.concat(frames, ignore_index=True).reindex(columns=columns).fillna(dict.fromkeys(QUESTIONS, 0))

    def metrics(self, prices: Prices = None) -> "pd.DataFrame":
        """What runs recorded beside f, as accuracies, over cost, epochs and seconds: see `bench.measure.metrics`."""
        view = self.comparison.at(prices)
        frame: Any = metrics.metrics(self.comparison.runs, self._scores, view)
        return frame

    @property
    def final_metrics(self) -> "Table":
        """What each metric was at the end, with intervals: see `bench.measure.metrics.final_metrics`."""
        return _table(metrics.final_metrics(self.comparison.runs, self._scores))

    def metric_ert(self, targets: "metrics.Targets | None" = None, prices: Prices = None) -> "pd.DataFrame":
        """The expected cost to reach values of metrics, as {"test_accuracy": [0.9, 0.95]}; by default those of the
        suite. Raises ValueError for a metric that no run records, and for what is no number: see
        `bench.measure.metrics.metric_ert`."""
        goals = self.metric_targets if targets is None else targets
        frame: Any = metrics.metric_ert(self.comparison.at(prices), self._scores, goals)
        return frame

    @property
    def metric_targets(self) -> "metrics.Targets":
        """The values of metrics that the suite asks for, of those that runs record: by problem where its groups ask for
        others."""
        suite = self.manifest.get("suite", {})
        common, groups, recorded = suite.get("metric_targets", {}), suite.get("groups", []), set(self._scores.metric)
        if not any(group.get("metric_targets") for group in groups):
            return {name: list(levels) for name, levels in common.items() if name in recorded}
        targets: dict[str, dict[str, list[float]]] = {}
        for group in groups:
            find = registry.find_problem
            titles = [
                self.title(entry["name"], values) for entry in group["problems"] for values in _values(entry, find)
            ]
            for name, levels in {**common, **(group.get("metric_targets") or {})}.items():
                if name in recorded:
                    for title in titles:
                        targets.setdefault(name, {}).setdefault(title, []).extend(levels)
        return targets

    @property
    def memory(self) -> "Table":
        """What optimizers held and their processes took of memory: see `bench.measure.memory`."""
        return _table(memory.memory(self.comparison.runs))

    def _streams(self, runs: Sequence[int]) -> Iterator[Any]:
        """The trajectories of these runs, unpacked: from memory, or from the file."""
        with ExitStack() as stack:
            opened = cache(lambda folder: stack.enter_context(closing(Store(folder))))
            for rows in _in_groups([self._rows[run] for run in runs], lambda row: row["trajectory_bytes"]):
                read: dict[tuple[Path, str], Any] = {}
                for folder in {row["folder"] for row in rows if not row["held"]}:
                    absent = [row for row in rows if row["folder"] == folder and not row["held"]]
                    sizes = {row["hash"]: row["trajectory_bytes"] for row in absent}
                    blobs = opened(folder).trajectories(list(sizes))
                    streams = unpacked_together(blobs, list(sizes.values()))
                    streams = streams or [unpacked(*each) for each in zip(blobs, sizes.values(), strict=True)]
                    read |= {(folder, hash): stream for hash, stream in zip(sizes, streams, strict=True)}
                yield from (row["trajectory"] if row["held"] else read[row["folder"], row["hash"]] for row in rows)

    def parts(self) -> "Iterator[tuple[pd.DataFrame, pd.DataFrame]]":
        """The runs, complete, and their trajectories in parts that fit in memory; all runs on a problem and dim are in
        one."""
        runs, numbers = self.comparison.runs, self.comparison.runs.run.to_numpy()
        if sum(row["trajectory_bytes"] for row in self._rows) <= PART:
            yield runs, self.trajectories
            return
        import numpy as np

        sizes = [self._rows[number]["trajectory_bytes"] for number in numbers]
        cell = runs.groupby(CELL).ngroup().to_numpy()
        place = (np.cumsum(np.bincount(cell, sizes)) // PART)[cell]
        for number in np.unique(place):
            yield runs[place == number], self.events(numbers[place == number].tolist())

    @cached_property
    def comparison(self) -> Comparison:
        """These runs, complete, with what all measures of them share: see `bench.measure.comparison`."""
        return Comparison(self.runs, self.parts, self.prices, self._planned_races() if self.raced else None, self.late)

    def _planned_races(self) -> dict[tuple[str, int], tuple[list[tuple[int, int]], dict[str, int]]]:
        """The races that were planned, for `bench.measure.raced.races`."""
        names = ("problem", "parameters", "optimizer")
        there = {(*(row[name] for name in names), _settings(row["hyperparameters"])) for row in self._rows}
        return {
            (self.title(race["problem"], race["parameters"]), race["dim"]): (
                [(seed, instance) for seed, instance in race["rounds"]],
                {
                    self._label(name, values): order
                    for name, values, order in race["optimizers"]
                    if (race["problem"], _settings(race["parameters"]), name, _settings(values)) not in there
                },
            )
            for race in self.manifest.get("races", [])
        }

    def _view(self, prices: Prices, **targets: Any) -> View:
        """The comparison at some prices, with targets of one's own where some are named."""
        comparison = self.comparison
        if not targets:
            return comparison.at(prices)
        if unknown := sorted(set(targets) - {"gaps", "fractions", "by"}):
            raise TypeError(f"targets are named by gaps=, fractions= and by=, got {unknown[0]}=")
        (goals,) = comparison.over_parts(lambda runs, events: hits(runs, events, **targets))
        at = comparison.at(prices)
        return View(comparison, runtimes(comparison.runs, goals, at.prices), at.name, at.prices)

    def runtimes(self, prices: Prices = None, **targets: Any) -> "pd.DataFrame":
        """The cost at which each run reached each target: see `bench.measure.runtimes.runtimes`.

        prices, here and below: those of the suite where none are given; a price for each question; or a name of
        `bench.measure.prices.RULES`, as "passes" or "wall".
        targets: your own, in place of the usual ones: gaps=[...], fractions=[...], by="best" (see
        `bench.measure.targets`).
        """
        return self._view(prices, **targets).reached.copy(deep=False)

    def ert(self, prices: Prices = None, **targets: Any) -> "pd.DataFrame":
        """Expected runtimes, with successes and intervals: see `bench.measure.ert`; targets as of `runtimes`."""
        return self._view(prices, **targets).of(ert)

    def ecdf(
        self, by: str | Sequence[str] = "order", prices: Prices = None, *, restarts: bool = False, **targets: Any
    ) -> "pd.DataFrame":
        """The fraction of (run, target) pairs solved within a cost: see `bench.measure.ecdf`; targets as of
        `runtimes`."""
        columns = tuple(by) if isinstance(by, (list, tuple)) else (by,)
        return self._view(prices, **targets).of(ecdf, columns, None, restarts)

    def convergence(self, prices: Prices = None) -> "pd.DataFrame":
        """Median and quartiles of the best value over cost: see `bench.measure.convergence`."""
        return self.comparison.convergence(prices)

    def fixed_budget(self, budgets: Sequence[float], prices: Prices = None) -> "pd.DataFrame":
        """Median and quartiles of the best value at these costs: see `bench.measure.convergence.fixed_budget`."""
        prices = resolved(prices, self.prices)
        return self.comparison.over_parts(lambda runs, events: fixed_budget(runs, events, budgets, prices))[0]

    def virtual_best(self, prices: Prices = None) -> "pd.DataFrame":
        """The least ERT of all and of each order, and the gap of each optimizer to it: see `bench.measure.virtual`."""
        table: Any = virtual.virtual_best(self.ert(prices))
        return table

    def scaling(self, prices: Prices = None) -> "pd.DataFrame":
        """How the ERT grows with the dimension: see `bench.measure.scaling`."""
        table: Any = scaling.scaling(self.ert(prices))
        return table

    def scores(self, budgets: Sequence[float], prices: Prices = None) -> "pd.DataFrame":
        """The fraction of targets reached within each budget: see `bench.measure.statistics.scores`."""
        return self._view(prices).of(statistics.scores, list(budgets))

    def duels(self, budgets: Sequence[float], prices: Prices = None) -> "pd.DataFrame":
        """Who significantly reaches more than whom within each budget: see `bench.measure.statistics.duels`."""
        return self._view(prices).of(statistics.duels, list(budgets))

    performance_profile = _at_prices(profiles.performance_profile)
    data_profile = _at_prices(profiles.data_profile)
    areas = _at_prices(statistics.areas)
    pairs = _at_prices(statistics.pairs)
    bayesian = _at_prices(statistics.bayesian)
    crossings = _at_prices(crossing.crossings)
    best_optimizers = _at_prices(failed.best_optimizers)
    values_at_budget = _at_prices(standing.values_at_budget)

    def best(
        self, problem: str | None = None, dim: int | None = None, *, among: str = "all", prices: Prices = None
    ) -> "Best":
        """The best optimizer of a problem with its evidence, and the best point that it found.

        problem, dim: as in `runs`; they may be left out where there is one. among: "all", or an order, "0", "1" or
        "2". It is a row of `best_optimizers`. Raises ValueError where no problem, or more than one, is meant.
        """
        table: Any = self.best_optimizers(prices)
        table = table[table["among"] == str(among)]
        meant = table if problem is None else table[table.problem == problem]
        meant = meant if dim is None else meant[meant.dim == dim]
        if len(meant) != 1:
            names = [
                words.cell_name(row.problem, int(row.dim)) for row in (meant if len(meant) else table).itertuples()
            ]
            raise ValueError(f"best must be told one problem and dim, of {'; '.join(names) or 'none'}")
        row = next(meant.itertuples())
        title = self.function.get("title", row.problem)
        faults = [fault for fault in self.shown_faults() if (fault.problem, fault.dim) == (title, row.dim)]
        at = self.comparison.at(prices).amount(row.budget)
        sentence = "".join([words.wrong(faults), *words.best_sentence(row._replace(problem=title), at, self.sign)])
        runs: Any = self.runs[(self.runs.problem == row.problem) & (self.runs.dim == row.dim)]
        lowest: Any = runs[runs.optimizer == row.optimizer].best.dropna()
        run = None if lowest.empty else int(self.runs.run[lowest.idxmin()])
        f, x = (float("nan"), None) if run is None else (float(lowest.min()), self.best_x(run))
        return Best(row.problem, int(row.dim), row.optimizer, self.sign * f + 0.0, x, run, sentence)

    @property
    def failures(self) -> "Table":
        """Runs that ended without an answer, with reasons: see `bench.measure.summaries.failures`."""
        return _table(summaries.failures(self.comparison.runs))

    @property
    def failed_evaluations(self) -> "Table":
        """Evaluations that failed, where a problem tolerates that: see `bench.measure.failed.failed_evaluations`."""
        return _table(failed.failed_evaluations(self.comparison.runs))

    @property
    def faults(self) -> "Table":
        """Problems on which values were found below f_opt: see `bench.measure.summaries.faults`."""
        return _table(summaries.faults(self.comparison.runs))

    def shown_faults(self) -> list[Any]:
        """The rows of `faults` under the name and with the sign of the function of `compare`."""
        frame: Any = summaries.faults(self.comparison.runs)
        frame = frame.assign(lowest=self.sign * frame.lowest, f_opt=self.sign * frame.f_opt)
        return list(frame.assign(problem=self.function.get("title", frame.problem)).itertuples())

    def points(self, run: int) -> Any:
        """The points (n, 2) that a run on a two-dimensional problem asked first, as numbers, of the coordinates that
        vary; an empty array elsewhere."""
        import numpy as np

        row = self._rows[run]
        points = row["points"]
        if not row["held"]:
            with closing(Store(row["folder"])) as store:
                points = store.points(row["hash"])
        return np.frombuffer(points or b"", "<f8").reshape(-1, 2)

    def best_x(self, run: int) -> Any:
        """The best point (dim,) of a run, or what a function of `compare` takes; None where it found no finite
        value."""
        x = self.searched_x(run)
        return x if x is None or self.coordinates is None else self.coordinates.taken(x)

    def searched_x(self, run: int) -> Any:
        """The best point of a run as numbers, of the coordinates that vary."""
        import numpy as np

        blob = self._rows[run]["best_x"]
        return None if blob is None else np.frombuffer(blob, "<f8")


RUN_COLUMNS: Sequence[str] = (
    "run", "problem", "family", "dim", "instance", "problem_order", "scored", "optimizer", "order", "seed", "budget",
    "gap", "status", "error", "f_opt", "first", "best", "final", "rows", *QUESTIONS, "failed_values", "cost",
    "inside", "outside", "lanes", "device", "state_bytes", "peak_memory", "metrics", "imported", "raced",
)  # fmt: skip
