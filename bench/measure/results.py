"""The stored runs of one folder as frames, with the measures at hand."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core import registry
from bench.core.ledger import KINDS
from bench.core.oracle import PRICES
from bench.measure import profiles, summaries
from bench.runner.plan import plain, settled
from bench.runner.store import Store, StoreError, decode
from bench.runner.suite import Entry

if TYPE_CHECKING:
    import pandas as pd

TUNED = " (tuned)"  # behind the label of an optimizer at the setting that tuning found
EVENT = (*KINDS, "inside", "outside", "f")  # the columns of every trajectory


def label(name: str, values: Mapping[str, Any], registered: Mapping[str, registry.Definition], leave: str = "") -> str:
    """A name with those parameters that are not at their defaults: `torch-adam[lr=0.1]`."""
    base, *wrappers = name.split("+")
    whole = base in registered and all(item in registry.WRAPPERS for item in wrappers)
    definition = registry.find_problem(name) if wrappers and whole else registered.get(name)
    defaults = {key: parameter.default for key, parameter in definition.parameters.items()} if definition else {}
    shown = [f"{key}={_short(v)}" for key, v in values.items() if key != leave and _plain(defaults.get(key)) != v]
    return f"{name}[{','.join(shown)}]" if shown else name


def tuned_label(name: str) -> str:
    """What the tuned one of an optimizer is called."""
    return name + TUNED


def _values(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All hyperparameters at each setting of an entry of a manifest; none where the optimizer is not registered."""
    entry = Entry(item["name"], {key: tuple(values) for key, values in item["grid"].items()})
    try:
        return [plain(values) for _, values in settled([entry], registry.find_optimizer)]
    except ValueError:  # a module that registers it was not named, or it takes other values today
        return []


def _key(family: str, optimizer: str, hyperparameters: Mapping[str, Any]) -> str:
    return json.dumps([family, optimizer, dict(hyperparameters)], sort_keys=True)


def _extra(table: Any) -> list[str]:
    """The names of the metrics, beside the columns that every trajectory has."""
    return [name for name in table.column_names if name not in EVENT]


def _column(table: Any, name: str) -> Any:
    """A column of a trajectory; zeros for a kind of question that was not known when it was written."""
    import numpy as np

    return table[name].to_numpy() if name in table.column_names else np.zeros(table.num_rows, dtype=np.int64)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "x".join(map(str, value))
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)


class Results:
    """What was run under one name.

    runs: one row a run, skips included. trajectories: one row an event: the start, then each improvement or, on
    problems with data or noise, each score. manifest: the suite as run, command, environment. damaged: labels of
    runs whose checksum does not hold; they are left out of the frames.
    """

    def __init__(self, folder: str | Path):
        """Raises StoreError where the folder holds no readable results."""
        self.folder = Path(folder)
        self.name = self.folder.name
        self.damaged: list[str] = []
        store = Store(self.folder)
        try:
            self.manifest = store.manifest()
            self._rows = self._read(store)
            self.grids = list(store.grids())
        finally:
            store.close()

    def _read(self, store: Store) -> list[dict[str, Any]]:
        kept = []
        for row, whole in store.rows():
            try:
                if not whole:
                    raise ValueError("its checksum does not hold")
                row["table"] = decode(row["trajectory"], row["trajectory_bytes"]) if row["trajectory"] else None
                row["parameters"] = json.loads(row["parameters"])
                row.update(dict.fromkeys(KINDS, 0) | json.loads(row["counts"]))
                row["hyperparameters"] = json.loads(row["hyperparameters"])
                kept += [{**row, "label": name} for name in self._labels(row)]
            except (ValueError, TypeError, OSError) as error:
                self.damaged.append(f"{row['problem']} with {row['optimizer']}, seed {row['seed']}: {error}")
        return kept

    def _labels(self, row: Mapping[str, Any]) -> list[str]:
        """What an optimizer is called: by its settings, or as the tuned one, or both, where the best setting is one
        that the suite names itself. Its runs then count under both names."""
        own, tuned = self._names
        found = tuned.get(_key(row["family"], row["optimizer"], row["hyperparameters"]), [])
        if found and _key("", row["optimizer"], row["hyperparameters"]) not in own:
            return found
        return [label(row["optimizer"], row["hyperparameters"], registry.OPTIMIZERS), *found]

    @cached_property
    def _names(self) -> tuple[set[str], dict[str, list[str]]]:
        """The settings that the suite names itself, and the names of tuned settings, by family."""
        own: set[str] = set()
        tuned: dict[str, list[str]] = {}
        if not self.tuning:
            return own, tuned
        for group in self.manifest["suite"]["groups"]:
            for item in group["optimizers"]:
                own |= {_key("", item["name"], values) for values in _values(item)}
        for item in self.tuned:
            own.add(_key("", item["name"], item["values"]))
            if item["setting"]:
                key = _key(item["family"], item["name"], {**item["values"], **item["setting"]})
                tuned.setdefault(key, []).append(tuned_label(item["label"]))
        return own, tuned

    @property
    def tuning(self) -> dict[str, Any] | None:
        """Tuned settings that were run beside the defaults, and how they were found: a `bench.runner.suite.Tuning`."""
        return self.manifest.get("suite", {}).get("tuning")

    @cached_property
    def tuning_results(self) -> "Results | None":
        """The runs of the tuning; None where there are none where they were, nor beside these."""
        if not self.tuning:
            return None
        folder = Path(self.tuning["path"]).parent
        for place in (folder, self.folder.parent / folder.name):
            try:
                return Results(place)
            except StoreError:
                continue
        return None

    def setting(self, run: int) -> tuple[str, dict[str, Any]]:
        """The registered name of the optimizer of a run, and the values of all its hyperparameters."""
        return self._rows[run]["optimizer"], self._rows[run]["hyperparameters"]

    @cached_property
    def tuned(self) -> list[dict[str, Any]]:
        """What tuning found, one an optimizer and family: label (of the default), name, values (of the default, all
        hyperparameters), family, setting (the best values of those that were tuned), tried, rank, default_rank, runs,
        cost; without optimizers that are not registered."""
        found = []
        for item in self.tuning["found"] if self.tuning else []:
            for values in _values(item["entry"]):
                name = item["entry"]["name"]
                facts = {"label": label(name, values, registry.OPTIMIZERS), "name": name, "values": values}
                found.append({**{key: value for key, value in item.items() if key != "entry"}, **facts})
        return found

    @property
    def prices(self) -> dict[str, float]:
        """The prices of the suite as run; of kinds that it did not know, today's."""
        return {**PRICES, **self.manifest.get("suite", {}).get("prices", {})}

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row a run: who, on what, how it ended, what it asked and gained."""
        import pandas as pd

        frame = pd.DataFrame(
            [self._run(number, row) for number, row in enumerate(self._rows)], columns=list(RUN_COLUMNS)
        )
        numbers = ("f_opt", "first", "best", "final", "dim", "order", "problem_order")  # NULL is NaN
        return frame.astype(dict.fromkeys(numbers, "float64"))

    def _run(self, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
        cost = sum(self.prices[kind] * row[kind] for kind in KINDS) / row["rows"]
        table: Any = row["table"]
        metrics = {} if table is None else {name: repr(table[name][-1].as_py()) for name in _extra(table)}
        return {
            **{name: row[name] for name in RUN_COLUMNS if name in row},
            "run": number,
            "problem": label(row["problem"], row["parameters"], registry.PROBLEMS, leave="dim"),
            "optimizer": row["label"],
            "order": row["optimizer_order"],
            "scored": bool(row["scored"]),
            "target": float(json.loads(row["key"])["target"]),
            "cost": cost,
            "metrics": json.dumps(metrics) if metrics else "",
        }

    @cached_property
    def trajectories(self) -> "pd.DataFrame":
        """One row an event: run, counts of each kind so far in rows of data, seconds inside and outside, value f."""
        import numpy as np
        import pandas as pd

        tables: list[tuple[int, Any]] = [
            (n, row["table"]) for n, row in enumerate(self._rows) if row["table"] is not None
        ]
        columns: dict[str, list[Any]] = {name: [_column(table, name) for _, table in tables] for name in EVENT}
        lengths = [table.num_rows for _, table in tables]
        run = np.repeat(np.array([n for n, _ in tables], dtype=np.int64), lengths)
        joined = {name: np.concatenate(parts) if parts else np.empty(0) for name, parts in columns.items()}
        return pd.DataFrame({"run": run, **joined})

    def ert(self, prices: Mapping[str, float] | None = None) -> "pd.DataFrame":
        """Expected runtimes, with successes and intervals: see `bench.measure.profiles.ert`."""
        return profiles.ert(self.runs, self.trajectories, prices or self.prices)

    def ecdf(self, by: Sequence[str] = ("order",), prices: Mapping[str, float] | None = None) -> "pd.DataFrame":
        """The fraction of (run, target) pairs solved within a cost: see `bench.measure.profiles.ecdf`."""
        return profiles.ecdf(self.runs, self.trajectories, by, prices or self.prices)

    def convergence(self, prices: Mapping[str, float] | None = None) -> "pd.DataFrame":
        """Median and quartiles of the best value over cost: see `bench.measure.profiles.convergence`."""
        return profiles.convergence(self.runs, self.trajectories, prices or self.prices)

    def best_optimizers(self, prices: Mapping[str, float] | None = None) -> "pd.DataFrame":
        """Which optimizer for which problem: see `bench.measure.summaries.best_optimizers`."""
        return summaries.best_optimizers(self.ert(prices))

    def failures(self) -> "pd.DataFrame":
        """Runs that ended without an answer, with reasons: see `bench.measure.summaries.failures`."""
        return summaries.failures(self.runs)

    def points(self, run: int) -> Any:
        """The points (n, 2) that a run on a two-dimensional problem asked first; an empty array elsewhere."""
        import numpy as np

        return np.frombuffer(self._rows[run]["points"] or b"", "<f8").reshape(-1, 2)

    def best_x(self, run: int) -> Any:
        """The best point (dim,) of a run, None where it found no finite value."""
        import numpy as np

        blob = self._rows[run]["best_x"]
        return None if blob is None else np.frombuffer(blob, "<f8")


RUN_COLUMNS: Sequence[str] = (
    "run", "problem", "family", "dim", "instance", "problem_order", "scored", "optimizer", "order", "seed", "budget",
    "target", "status", "error", "f_opt", "first", "best", "final", "rows", *KINDS, "cost", "inside", "outside",
    "lanes", "device", "metrics",
)  # fmt: skip
