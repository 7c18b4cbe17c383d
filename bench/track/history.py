"""The figures of optimizers over many stored versions, and where `check` finds that one got worse or better."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import Unreadable, read_text
from bench.core.status import Status
from bench.measure.ert import intervals
from bench.measure.frames import CELL, Frame
from bench.measure.levels import FEWEST, LEVEL
from bench.measure.targets import FRACTIONS, optima
from bench.measure.targets import GAPS as DECADES
from bench.measure.words import NONE_BEFORE, NUMBER, cell_name, counted, dash_note, interval
from bench.results.stored import Results
from bench.track import KEY, WITH
from bench.track.check import MEASURE_WORDS, VERDICTS, WORSE, Check, check, ratio, told_apart
from bench.track.figures import as_number, entries, lowest, paired, reached
from bench.track.paired import GAPS, MEASURES, SLOT, compare, run_names

ORDERS = {
    "commits": "in the order of their commits' dates",
    "libraries": "in the order of the versions of {}",
    "runs": "in the order in which they were run",
    "given": "in the order given",
}
COST, ERT, VALUE, SECONDS = "mean cost to a target", "expected runtime", "value at the budget", "seconds in the method"
LOOPS = "seconds in the method, over those of a reference loop"  # of whole benchmarks
COLUMNS = ("version", "optimizer", *CELL, "measure", "kind", "target", "value", "low", "high", "successes", "runs")
ENDS = ("ratio", "low", "high")
HEADINGS = ("version", "commit", "commit's date", "run at", "libraries", "flags")
CAPTION = (
    "Flags are those of check, between a version and the last before it that ran the same: the ratio, new over old, of "
    "the cost to reach the targets or of the gap at the end, is beyond the limit, its 95 % interval excludes "
    "1, and the test is significant after Holm's adjustment over the optimizers of these two versions."
)
UNKNOWN = NUMBER["unknown"]
MARKED = ("worse", "unrepeatable", "better")  # verdicts of `check` that stand out


@dataclass(frozen=True)
class Version:
    """One results folder, or one saved benchmark.

    commit: 12 digits, with "+changes" where files differed from it, "" where it is not known; committed: its date, None
    where that is not known; ran: when runs were added last; libraries: their versions. runs: entries of
    `bench.track.figures`, with optimizer, and seconds in the method where they are known by run. seconds: of whole
    benchmarks, by optimizer, in runs of a reference loop. results: of a folder, else None; labels: the
    optimizer of each of its runs.
    """

    name: str
    path: Path
    commit: str
    committed: datetime | None
    ran: datetime
    libraries: Mapping[str, str]
    runs: Sequence[Mapping[str, Any]]
    seconds: Mapping[str, float]
    results: Results | None = None
    labels: Sequence[str] = ()

    @property
    def optimizers(self) -> list[str]:
        """Their names, each once."""
        return list(dict.fromkeys(run["optimizer"] for run in self.runs))

    def slots(self, optimizer: str) -> set[tuple[Any, ...]]:
        """What an optimizer was run on: problem, dim, instance, seed."""
        return {tuple(run[key] for key in (*CELL, *SLOT)) for run in self.runs if run["optimizer"] == optimizer}


@dataclass(frozen=True)
class History:
    """Versions in their order, what each reached, and what `check` says of neighbours.

    order: a key of ORDERS, and that in words. table: one row a version (its place), optimizer, problem, dim, measure
    (COST, ERT, VALUE, SECONDS; LOOPS, with the problem "") and target (of ERT: with kind and successes), with low and
    high: ends of a 95 % interval, of VALUE and SECONDS the quartiles. changes: one row a
    version and optimizer that an earlier version has, too: columns version, since, optimizer, verdict of `check`, and
    for each measure of `check`, as cost, its ratio over `since` and over the first (cost_ratio, cost_low, cost_high,
    cost_first_ratio, ...), and problems: by measure, (change, problem, dim). checks: those of folders, by (since,
    version). drifted: optimizers that are worse at the last than at the first,
    though no step between is.
    """

    versions: Sequence[Version]
    order: str
    order_text: str
    worse_by: float
    table: Frame
    changes: Frame
    checks: Mapping[tuple[int, int], Check]
    drifted: Sequence[str]

    @property
    def sentence(self) -> str:
        """What was found, in a sentence or two."""
        optimizers = self.table.optimizer.unique()
        problems = self.table[self.table.problem != ""][CELL].drop_duplicates()
        texts = [
            f"{counted(len(self.versions), 'version')} of {counted(len(optimizers), 'optimizer')} on "
            f"{counted(len(problems), 'problem')}, {self.order_text}."
        ]
        for verdict in MARKED:
            rows = self.changes[self.changes.verdict == verdict]
            steps = [f"{row.optimizer} at {self.versions[row.version].name}" for row in rows.itertuples()]
            if steps:
                texts.append(f"{VERDICTS[verdict].capitalize()}: {', '.join(steps)}.")
        if len(texts) == 1:
            texts.append("No step is significantly worse or better.")
        if self.drifted:
            texts.append(f"Worse at the last than at the first, though no step is: {', '.join(self.drifted)}.")
        return " ".join(texts)

    @property
    def caption(self) -> str:
        """What the columns mean, and a `-` in them."""
        return f"{CAPTION} {dash_note((cell for row in self.rows() for cell in row), NONE_BEFORE)}".strip()

    def rows(self) -> list[list[str]]:
        """The versions as text: a row each, columns those of HEADINGS."""
        return [
            [
                version.name, version.commit or UNKNOWN, date_text(version.committed), date_text(version.ran),
                ", ".join(f"{name} {version.libraries.get(name, UNKNOWN)}" for name in self.varying) or "the same",
                "; ".join(self.steps_at(place)) or ("none" if place else UNKNOWN),
            ]
            for place, version in enumerate(self.versions)
        ]  # fmt: skip

    def steps_at(self, place: int) -> list[str]:
        """What `check` flags at a version, an optimizer each: `heavy-ball worse: cost to reach the targets 1.3 [1.2,
        1.4]`."""
        rows = self.changes[(self.changes.version == place) & self.changes.verdict.isin(MARKED)]
        texts = []
        for row in rows.to_dict("records"):
            since = "" if row["since"] == place - 1 else f" than {self.versions[row['since']].name}"
            ratios = [
                f"{words} {ratio(*(row[f'{measure}_{end}'] for end in ENDS))}"
                for measure, words in MEASURE_WORDS.items()
            ]
            texts.append(f"{row['optimizer']} {VERDICTS[row['verdict']]}{since}: {', '.join(ratios)}")
        return texts

    @cached_property
    def varying(self) -> list[str]:
        """The libraries whose versions differ between these."""
        names = dict.fromkeys(name for version in self.versions for name in version.libraries)
        return [name for name in names if len({version.libraries.get(name, "") for version in self.versions}) > 1]

    def to_json(self) -> str:
        """The last version as github-action-benchmark reads it with `tool: customSmallerIsBetter`: a list of objects
        with name, unit, value, range and extra (https://github.com/benchmark-action/github-action-benchmark)."""
        last = len(self.versions) - 1
        version = self.versions[last]
        rows: Any = self.table[(self.table.version == last) & (self.table.measure != ERT) & self.table.value.notna()]
        extra = "\n".join(
            [f"version: {version.name}", f"commit: {version.commit or 'not known'}", f"ran: {version.ran.isoformat()}"]
        )
        units = {COST: "evaluations", SECONDS: "s", LOOPS: "times"}
        facts = [
            {
                "name": f"{row.optimizer}{f' on {cell_name(row.problem, int(row.dim))}' if row.problem else ''}: "
                f"{measure_name(row.measure, row.kind)}",
                "unit": units.get(row.measure) or VALUES[row.kind],
                "value": float(row.value),
                **({"range": range_text(row)} if range_text(row) else {}),
                "extra": f"{extra}\nruns: {row.runs}",
            }
            for row in rows[np.isfinite(rows.value)].itertuples()
        ]  # fmt: skip
        return json.dumps(facts, indent=1, allow_nan=False)


def date_text(date: datetime | None) -> str:
    """`2026-11-26 18:09`, in its own time zone, and - where it is not known."""
    return UNKNOWN if date is None else f"{date:%Y-%m-%d %H:%M}"


VALUES = {"gap": "f - f_opt", "value": "f"}


def measure_name(measure: str, kind: str) -> str:
    """A measure in words, of a problem of this kind."""
    return f"median {VALUES[kind]} at the budget" if measure == VALUE else measure


def range_text(row: Any) -> str:
    """What stands beside the value of a row of the table: its interval, or its quartiles."""
    ends = interval(row.low, row.high)
    return f"{'quartiles' if row.measure in (VALUE, SECONDS) else '95 % interval'} {ends}" if ends else ""


def history(sources: Sequence[str | Path | Results], worse: float = WORSE, order: str | None = None) -> History:
    """The history of results folders (or `Results`), or of saved benchmarks: JSON files of pytest-benchmark, or folders
    of them.

    order: a key of ORDERS; by default "commits", where they differ and the dates of all are known; else "libraries",
    where the versions of one library differ, else "runs". worse: what ratio is worth a flag, beyond 1: see `check`.
    Raises ValueError for fewer than two, for what cannot be compared, and says what differs.
    """
    if order is not None and order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, got {order!r}")
    versions, order, text = _ordered(_read(sources), order)
    pairs = _Pairs(versions, worse)
    changes, drifted = _changes(versions, pairs)
    return History(versions, order, text, worse, _table(versions), changes, pairs.checks, drifted)


# reading


def _read(sources: Sequence[str | Path | Results]) -> list[Version]:
    """The versions, named by their folders and files. Raises ValueError for what is no such."""
    results: list[Results] = []
    files: list[Path] = []
    for source in sources:
        if isinstance(source, Results):
            results.append(source)
        elif saved := saved_benchmarks(Path(source)):
            files += saved
        else:
            results.append(Results(source))
    if results and files:
        raise ValueError(
            f"{results[0].folder} is a results folder and {files[0]} a saved benchmark: a history is of one kind"
        )
    paths = [each.folder for each in results] or files
    if len(paths) < 2:
        raise ValueError(f"a history is of two or more, got {paths[0] if paths else 'none'} alone")
    places = [path.resolve() for path in paths]
    for path, place in zip(paths, places, strict=True):
        if places.count(place) > 1:
            raise ValueError(f"{path} is given twice")
    names = told_apart([path.with_suffix("") for path in paths] if files else paths)
    for each in results:
        each.check_whole("history compares")
    if files:
        return [_benchmark(path, name) for path, name in zip(files, names, strict=True)]
    labels = run_names(*results)
    return [_folder(each, name, of_runs) for each, name, of_runs in zip(results, names, labels, strict=True)]


def saved_benchmarks(path: Path) -> list[Path]:
    """The JSON files that a path stands for: itself, or those in a folder of pytest-benchmark's."""
    if path.suffix == ".json":
        return [path]
    if not path.is_dir() or (path / "runs.db").exists():
        return []
    return sorted(path.glob("*.json")) or sorted(path.glob("*/*.json"))


def _folder(results: Results, name: str, labels: Sequence[str]) -> Version:
    if not len(results.runs):
        raise ValueError(f"{results.folder} has no runs")
    manifest = results.manifest
    repository = manifest.get("repository") or {}
    made: dict[str, dict[str, None]] = {}
    for run in range(len(results.runs)):
        for library, version in results.made_by(run)[1].items():
            made.setdefault(library, {})[version] = None
    libraries = {library: " and ".join(each) for library, each in made.items() if library != WITH}
    commit = libraries.pop("commit", "")
    if repository:
        commit = repository["commit"][:12] + ("+changes" if repository["dirty"] else "")
    runs = [
        {**entry, "optimizer": label, "seconds": float(seconds)}
        for entry, label, seconds in zip(entries(results), labels, results.runs.outside, strict=True)
        if entry["status"] != Status.SKIPPED
    ]
    once: dict[Any, Mapping[str, Any]] = {}  # a setting may stand under two labels
    for run in runs:
        once.setdefault(tuple(run[key] for key in ("optimizer", *CELL, *SLOT)), run)
    ran = _date(manifest.get("updated")) or _date(manifest.get("created")) or datetime.fromtimestamp(0, UTC)
    return Version(
        name,
        results.folder,
        commit,
        _date(repository.get("time")),
        ran,
        libraries,
        list(once.values()),
        {},
        results,
        labels,
    )


def _benchmark(path: Path, name: str) -> Version:
    """A saved benchmark. Its optimizers go by the names of their tests, as for `--benchmark-compare`."""
    try:
        saved = json.loads(read_text(path))
        ours = [each for each in saved["benchmarks"] if KEY in each.get("extra_info", {})]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        unreadable = isinstance(error, Unreadable)
        what = str(error).removeprefix(f"{path} ") if unreadable else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path} is no saved benchmark of pytest-benchmark ({what})") from None
    if not ours:
        raise ValueError(f"{path} has no figures of optimizers: its benchmarks do not use optimizer_benchmark")
    try:
        runs = [{**run, "optimizer": each["name"]} for each in ours for run in each["extra_info"][KEY]["runs"]]
        libraries: dict[str, dict[str, None]] = {}
        for each in ours:
            for library, version in each["extra_info"][KEY]["versions"].items():
                libraries.setdefault(library, {})[version] = None
        seconds = {
            each["name"]: each["extra_info"][KEY]["seconds"] / each["extra_info"][KEY]["reference"] for each in ours
        }
        for run in runs:
            reached(run, 0.0)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(
            f"{path} was written by another version of fogbench, or changed: {type(error).__name__}: {error}"
        ) from None
    about = saved.get("commit_info") or {}
    commit = str(about.get("id") or "")[:12]
    texts = {library: " and ".join(each) for library, each in libraries.items() if library not in ("commit", WITH)}
    return Version(
        name, path, commit + ("+changes" if commit and about.get("dirty") else ""), _date(about.get("time")),
        _date(saved.get("datetime")) or datetime.fromtimestamp(0, UTC), texts, runs, seconds,
    )  # fmt: skip


def _date(text: Any) -> datetime | None:
    try:
        date = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _ordered(versions: list[Version], order: str | None) -> tuple[list[Version], str, str]:
    """The versions in an order, its key and its words."""
    dated = [version.committed for version in versions]
    libraries = dict.fromkeys(name for version in versions for name in version.libraries)
    differ = [name for name in libraries if len({version.libraries.get(name) for version in versions}) > 1]
    if order is None:
        several = len({version.commit for version in versions}) > 1
        order = "commits" if several and None not in dated else "libraries" if len(differ) == 1 else "runs"
    if order == "commits" and None in dated:
        name = versions[dated.index(None)].name
        raise ValueError(f"the date of the commit of {name} is not known: choose another order")
    if order == "libraries" and not differ:
        raise ValueError("no library's version differs: choose another order")
    keys: dict[str, Callable[[Version], Any]] = {
        "commits": lambda version: (version.committed, version.commit.endswith("+changes"), version.ran),
        "libraries": lambda version: ([_parts(version.libraries.get(name, "")) for name in differ], version.ran),
        "runs": lambda version: version.ran,
        "given": versions.index,
    }
    return sorted(versions, key=keys[order]), order, ORDERS[order].format(" and ".join(differ))


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", version))


# what neighbours say of each other


def _steps(versions: Sequence[Version]) -> Iterator[tuple[int, int, str]]:
    """(since, version, optimizer): each version of each optimizer, and the last before it that ran on any of the same.

    Raises ValueError for a version that has no run in common with those before it.
    """
    slots = [{name: version.slots(name) for name in version.optimizers} for version in versions]
    for at in range(1, len(versions)):
        before = [
            (next((b for b in range(at - 1, -1, -1) if slots[b].get(name, set()) & slots[at][name]), None), name)
            for name in slots[at]
        ]
        steps = [(since, at, name) for since, name in before if since is not None]
        if not steps:
            raise ValueError(
                f"{versions[at].name} and {', '.join(version.name for version in versions[:at])} have no run in "
                "common: no optimizer of one name on the same problem, dim, instance and seed"
            )
        yield from steps


class _Pairs:
    """What `check` says of two versions, each pair once. checks: of folders, by (since, version)."""

    def __init__(self, versions: Sequence[Version], worse: float):
        self.versions, self.worse = versions, worse
        self.checks: dict[tuple[int, int], Check] = {}
        self._answers: dict[tuple[int, int], tuple[Any, dict[str, str]]] = {}

    def answer(self, since: int, at: int) -> tuple[Any, dict[str, str]]:
        """The table of `compare`, and the verdict on each optimizer."""
        if (since, at) not in self._answers:
            self._answers[since, at] = self._compared(since, at)
        return self._answers[since, at]

    def _compared(self, since: int, at: int) -> tuple[Any, dict[str, str]]:
        base, new = self.versions[since], self.versions[at]
        if base.results is not None and new.results is not None:
            result = check(base.results, new.results, self.worse, (base.labels, new.labels))
            self.checks[since, at] = result
            return result.table, dict(zip(result.optimizers.optimizer, result.optimizers.verdict, strict=True))
        figures = [
            [{"optimizer": name, "runs": list(runs)} for name, runs in groupby(version.runs, itemgetter("optimizer"))]
            for version in (base, new)
        ]
        table: Any = compare(paired(figures[0], figures[1], (base.name, new.name)), self.worse)
        changes = table[table.problem == ""].groupby("optimizer").change.agg(set)
        return table, {name: next(key for key in VERDICTS if key in each) for name, each in changes.items()}

    def change(self, since: int, at: int, optimizer: str) -> tuple[str, Any, dict[str, Any]]:
        """The verdict, the rows over all problems by measure, and the problems that changed so, by measure."""
        table, verdicts = self.answer(since, at)
        rows = table[table.optimizer == optimizer]
        whole, by_problem = rows[rows.problem == ""].set_index("measure"), rows[rows.problem != ""]
        problems = {
            measure: [
                (row.change, row.problem, int(row.dim))
                for row in by_problem[by_problem.measure == measure].itertuples()
            ]
            for measure in MEASURES
        }
        return verdicts[optimizer], whole, problems


def _changes(versions: Sequence[Version], pairs: _Pairs) -> tuple[Frame, list[str]]:
    """See `History`: changes, and drifted."""
    import pandas as pd

    steps = list(_steps(versions))
    first = {}
    rows = []
    for since, at, optimizer in steps:
        begin = first.setdefault(optimizer, since)
        verdict, whole, problems = pairs.change(since, at, optimizer)
        row = {"version": at, "since": since, "optimizer": optimizer, "verdict": verdict, "problems": problems}
        for measure in MEASURES:
            row |= {f"{measure}_{end}": whole[end][measure] for end in ENDS}
        if versions[begin].slots(optimizer) & versions[at].slots(optimizer):
            _, whole, _ = pairs.change(begin, at, optimizer)
            for measure in MEASURES:
                row |= {f"{measure}_first_{end}": whole[end][measure] for end in ENDS}
        rows.append(row)
    changes: Any = pd.DataFrame(rows)
    drifted = []
    for optimizer, of in changes.groupby("optimizer", sort=False):
        since, last = first[optimizer], int(of.version.max())
        common = versions[since].slots(optimizer) & versions[last].slots(optimizer)
        if len(of) > 1 and common and not (of.verdict == "worse").any():
            drifted += [optimizer] if pairs.change(since, last, optimizer)[0] == "worse" else []
    return changes, drifted


# what each reached


def _runs(versions: Sequence[Version]) -> tuple[Any, np.ndarray]:
    """All runs, one row each, and the cost of each target (runs, targets): of GAPS, then of FRACTIONS of what the best
    of all versions gained; inf where it was not reached, NaN where it was not asked for."""
    import pandas as pd

    runs = [(place, run) for place, version in enumerate(versions) for run in version.runs]
    frame: Any = pd.DataFrame(
        [
            {"version": place, "seconds": np.nan}
            | {name: run[name] for name in ("optimizer", *CELL, *SLOT, "budget", "status", "spent")}
            | {name: as_number(run[name]) for name in ("first", "best", "f_opt", "gap")}
            | ({"seconds": run["seconds"]} if "seconds" in run else {})
            for place, run in runs
        ]
    )
    frame["dim"] = frame.dim.astype(float).fillna(0).astype(int)
    costs = [reached(run, low) for (_, run), low in zip(runs, lowest(frame), strict=True)]
    return frame, np.array(costs)


def _table(versions: Sequence[Version]) -> Frame:
    """See `History`."""
    import pandas as pd

    frame, costs = _runs(versions)
    spent = frame.spent.to_numpy(float)
    whole = np.where(np.isfinite(frame.budget), frame.budget, spent)  # what a run costs that reaches nothing
    f_opt, has_optimum = optima(frame)
    kinds = np.where(has_optimum, "gap", "value")
    end = frame.best.fillna(frame["first"])
    value = (end - f_opt).where(has_optimum, end).to_numpy(float)
    rows = []
    keys = ["version", "optimizer", *CELL]
    for key, members in frame.groupby(keys, sort=False):
        index = members.index.to_numpy()
        common = {**dict(zip(keys, key, strict=True)), "kind": kinds[index[0]], "runs": len(index)}
        rows.append({**common, "measure": COST, **_mean_cost(costs[index], whole[index])})
        erts = _erts(costs[index], spent[index], members.budget.to_numpy(float))
        rows += [{**common, "measure": ERT, **row} for row in erts]
        rows.append({**common, "measure": VALUE, **_quartiles(value[index])})
        if members.seconds.notna().any():
            rows.append({**common, "measure": SECONDS, **_quartiles(members.seconds.to_numpy(float))})
    for place, version in enumerate(versions):
        rows += [
            {"version": place, "optimizer": name, "problem": "", "measure": LOOPS, "kind": "", "value": seconds}
            for name, seconds in version.seconds.items()
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).reset_index(drop=True)


def _mean_cost(costs: np.ndarray, whole: np.ndarray) -> dict[str, float]:
    """The geometric mean, over runs and the targets that their starts do not satisfy, of the cost to reach a target,
    which is its whole budget where a run did not (costs (runs, targets), whole (runs,)); with the 95 % t interval of
    the mean over runs of logarithms, where there are 5 that differ.

    On a logarithmic scale of cost it is the area over the ECDF of runtimes (Hansen et al. 2022,
    doi:10.1109/TEVC.2022.3210897).
    """
    from scipy.stats import t

    asked = ~np.isnan(costs) & (costs > 0)
    charged = np.where(np.isfinite(costs), costs, whole[:, None])
    ran = asked.any(axis=1) & (whole > 0)
    if not ran.any():
        return {"value": np.nan}
    logarithms = np.log(np.where(asked, charged, 1.0)[ran]).sum(axis=1) / asked[ran].sum(axis=1)
    mean, n = logarithms.mean(), len(logarithms)
    error = logarithms.std(ddof=1) / np.sqrt(n) if n >= FEWEST else 0.0
    half = t.ppf(1 - LEVEL / 2, n - 1) * error if error > 0 else np.nan
    return {"value": np.exp(mean), "low": np.exp(mean - half), "high": np.exp(mean + half)}


def _erts(costs: np.ndarray, spent: np.ndarray, budget: np.ndarray) -> Iterator[dict[str, Any]]:
    """The expected runtime to each target of `bench.measure.targets` that these runs were asked for and no start
    satisfies, the easiest first."""
    targets = [("gap", gap) for gap in GAPS] + [("fraction", fraction) for fraction in FRACTIONS]
    for place, (kind, target) in enumerate(targets):
        cost = costs[:, place]
        if kind == "gap" and not np.isclose(DECADES, target, rtol=1e-6, atol=0).any():
            continue
        if np.isnan(cost).any() or (cost == 0).all():
            continue
        solved = np.isfinite(cost)
        paid = np.where(solved, cost, spent)
        whole = np.array([budget.max() if np.isfinite(budget).all() else np.nan])
        low, high = intervals(paid, solved, np.array([len(cost)]), whole)
        successes = int(solved.sum())
        value = float(paid.sum() / successes) if successes else np.inf
        yield {
            "kind": kind, "target": target, "value": value, "low": low[0], "high": high[0], "successes": successes,
        }  # fmt: skip


def _quartiles(values: np.ndarray) -> dict[str, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {"value": np.nan}
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75])
    return {"value": middle, "low": low, "high": high}


def hardest(table: Frame) -> Frame:
    """Of the rows of ERT, by optimizer, problem and dim: those of the hardest target that some version reached in half
    of its runs; else that some run reached; else of the easiest."""
    rows: Any = table[table.measure == ERT]
    keys = ["optimizer", *CELL]
    rank = np.select([2 * rows.successes >= rows.runs, rows.successes > 0], [0, 1], 2)
    level = np.where(rank < 2, rows.target, -rows.target)
    best = rows.assign(rank=rank, level=level).sort_values([*keys, "rank", "level"]).drop_duplicates(keys)
    return rows.merge(best[[*keys, "kind", "target"]], on=[*keys, "kind", "target"])
