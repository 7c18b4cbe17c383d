"""Data of others as results of ours, so that `report mine theirs` shows them side by side."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from math import inf, isfinite, isnan
from pathlib import Path

import numpy as np

from bench.core import registry
from bench.core.files import DATA, Unreadable, new_folder, opened, read_text
from bench.core.ledger import PRICES, QUESTIONS
from bench.core.objective import Objective
from bench.core.status import Status
from bench.interchange import coco, ioh
from bench.interchange.files import Damage
from bench.interchange.trajectories import FUNCTION, Trajectory, shown
from bench.measure.words import counted
from bench.runner import PACKAGES
from bench.runner.plan import RunSpec
from bench.runner.single import RunRecord
from bench.runner.store import Store
from bench.runner.suite import Entry, Group, Suite


@dataclass(frozen=True)
class Reader:
    """A format: the names of its index files in a folder, what they are in words, and the function that reads one."""

    pattern: str
    words: str
    read: Callable[[Path], Iterable[Trajectory | Damage]]


READERS = {
    ".info": Reader("*.info", "an .info of COCO", coco.read),
    ".json": Reader("IOHprofiler*.json", "a .json of IOHprofiler", ioh.read),
}


@dataclass(frozen=True)
class Imported:
    """What `import_runs` did, and in words what it left out."""

    folder: Path
    runs: int
    optimizers: list[str]
    problems: list[str]
    left_out: list[str]


def import_runs(
    source: Path, folder: Path, *, optimizer: str = "", order: int | None = None, command: str = ""
) -> Imported:
    """Read data in one of the formats of `READERS` into a new folder of results, named as the folder is.

    source: an index file (an .info of COCO, a .json of IOHprofiler), or a folder that holds such at any depth.
    optimizer: another name for the one that the data are of. order: of the optimizers, 0 where neither this nor the
    data say it. An evaluation becomes a value, at price 1. Seconds are not known, and 0. What cannot be taken, as the
    last run of an experiment that was killed, is left out, and said in the answer and the manifest. Raises ValueError,
    with file and line, where nothing can be taken, and where the folder exists; then nothing is written.
    """
    if order not in (None, 0, 1, 2):
        raise ValueError(f"order must be 0, 1 or 2, got {order}")
    logged, left_out = _read(source)
    registry.load(PACKAGES)
    names = sorted({run.optimizer for run in logged})
    if optimizer and len(names) > 1:
        raise ValueError(f"{source} holds {len(names)} algorithms, {', '.join(names[:5])}: --optimizer would name one")
    trajectories = [replace(run, optimizer=shown(optimizer) or run.optimizer) for run in _seeded(logged)]
    longest: dict[tuple[str, str, int], int] = defaultdict(int)
    for run in trajectories:
        cell = (run.optimizer, run.problem, run.dim)
        longest[cell] = max(longest[cell], run.spent)
    records = [as_record(run, float(longest[run.optimizer, run.problem, run.dim]), order) for run in trajectories]
    suite = _suite(folder.name, trajectories, max(longest.values()), f"Imported from {source.name}")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    environment = {"imported from": str(source), "seconds": "not known", "left out": left_out}
    manifest = {"suite": asdict(suite), "command": command, "created": now, "environment": environment}
    with new_folder(folder) as draft, closing(Store(draft, create=True)) as store:
        store.begin([record.spec for record in records], manifest)
        with store.transaction():  # all or none: the draft is thrown away where one fails
            for record in records:
                store.add(record, {})
    optimizers = list(dict.fromkeys(run.optimizer for run in trajectories))
    problems = list(dict.fromkeys(run.problem for run in trajectories))
    return Imported(folder, len(records), optimizers, problems, left_out)


def _read(source: Path) -> tuple[list[Trajectory], list[str]]:
    """The runs of a file or folder, and what of them is left out; raises ValueError where there are none."""
    paths, refused = index_files(source)
    logged: list[Trajectory] = []
    for path in paths:
        try:
            for run in READERS[path.suffix].read(path):
                if isinstance(run, Damage):
                    refused.append(run)
                else:
                    logged.append(replace(run, optimizer=shown(run.optimizer) or "unnamed"))
        except Unreadable as error:
            refused.append(error)
    if logged or not refused:
        refused += _unlisted(source, paths)
    if not logged:
        if len(refused) == 1:
            raise refused[0]
        more = f" ({len(refused) - 1} more like it)" if refused else ""
        raise ValueError(f"{refused[0]}{more}" if refused else f"{source} holds no runs")
    runs, copies = _distinct(logged)
    return runs, [*map(str, refused), *copies]


def index_files(source: Path) -> tuple[list[Path], list[ValueError]]:
    """The index files of all `READERS` in a folder at any depth, or the one file that is given, and symbolic links to
    such, which are not followed.

    Raises ValueError where there are none, for another kind of file and where the source is a symbolic link.
    """
    words = " or ".join(reader.words for reader in READERS.values())
    if source.is_symlink():
        raise ValueError(f"{source} is a symbolic link, and is not followed")
    if not source.is_dir():
        opened(source, DATA).close()  # is there, and a file
        if source.suffix not in READERS:
            raise ValueError(f"{source} must be {words}")
        return [source], []
    paths = sorted(path for reader in READERS.values() for path in source.rglob(reader.pattern))
    links = [path for path in paths if path.is_symlink()]
    if not paths:
        unlisted = sum(1 for _ in source.rglob("*.dat"))
        hint = f", and holds {counted(unlisted, '.dat file')} alone, as of runs that did not finish" if unlisted else ""
        raise ValueError(f"{source} must hold {words}{hint}")
    refused: list[ValueError] = [ValueError(f"{path} is a symbolic link, and is not followed") for path in links]
    return [path for path in paths if path not in links and not path.is_dir()], refused


def _unlisted(source: Path, indexes: Sequence[Path]) -> list[ValueError]:
    """The .dat files of a folder that no index file above them names."""
    names: dict[Path, set[str]] = defaultdict(set)
    for index in indexes:
        with suppress(Unreadable):
            for word in re.split(r"[\s,\"'/\\]+", read_text(index, errors="replace")):
                name, dot, suffix = word.rpartition(".")
                if dot and suffix.endswith("dat"):
                    names[index.parent].add(f"{name}.dat")
    return [
        ValueError(f"{path}: no index file names it, as of runs that did not finish")
        for path in (sorted(source.rglob("*.dat")) if source.is_dir() else ())
        if not any(path.name in names[folder] for folder in path.parents if folder in names)
    ]


def _distinct(logged: Sequence[Trajectory]) -> tuple[list[Trajectory], list[str]]:
    """The runs without those of entries whose runs are all in another entry too, as cocopp has it, and their names."""
    entries: dict[tuple[str, ...], list[Trajectory]] = defaultdict(list)
    for run in logged:
        entries[run.entry, run.optimizer, run.problem, str(run.dim)].append(run)
    first_entry: dict[tuple[object, ...], str] = {}
    runs, copies = [], []
    for (entry, *cell), of_entry in entries.items():
        content = [
            (run.instance, run.seed, run.spent, run.evaluations.tobytes(), run.values.tobytes()) for run in of_entry
        ]
        original = first_entry.setdefault((*cell, *content), entry)
        if original == entry:
            runs += of_entry
        else:
            copies.append(f"{entry}: the same {counted(len(of_entry), 'run')} as {original}")
    return runs, copies


def _seeded(trajectories: Sequence[Trajectory]) -> Iterator[Trajectory]:
    """The runs with a seed each: their own, or else their place among those on the same instance."""
    seen: dict[tuple[str, str, int, int], set[int]] = defaultdict(set)
    for run in trajectories:
        taken = seen[run.optimizer, run.problem, run.dim, run.instance]
        seed = len(taken) if run.seed is None else run.seed
        if seed in taken:
            raise ValueError(
                f"{run.problem} in {run.dim}-D, instance {run.instance}, has two runs of "
                f"{shown(run.optimizer)} with seed {seed}: import their folders one by one"
            )
        taken.add(seed)
        yield replace(run, seed=seed)


def as_record(run: Trajectory, budget: float, order: int | None) -> RunRecord:
    """A run of others as one of ours: its evaluations are values. budget: what the longest of that optimizer took
    there. It has no stopping reason: where it did not reach its gap, it counts as ended by that budget."""
    facts = _objective(run.problem, run.instance)
    f_opt = run.f_opt if facts is None or facts.f_opt is None else facts.f_opt
    base = 0.0 if isnan(f_opt) else f_opt
    free = isfinite(run.start)
    evaluations = np.r_[[0] * free, run.evaluations]
    values = base + np.r_[[run.start] * free, np.where(np.isnan(run.values), inf, run.values)]
    kept = np.r_[True, values[1:] < np.minimum.accumulate(values)[:-1]]
    events = np.zeros((int(kept.sum()), len(QUESTIONS) + 3))
    events[:, 0], events[:, -1] = evaluations[kept], values[kept]
    best = float(events[-1, -1])
    definition = registry.PROBLEMS.get(re.split(r"[\[+]", run.problem)[0])
    spec = RunSpec(
        problem=run.problem,
        parameters={"dim": run.dim},
        instance=run.instance,
        optimizer=run.optimizer,
        hyperparameters={},
        seed=run.seed or 0,
        suite_seed=0,
        budget=budget,
        prices=dict(PRICES),
        gap=run.gap,
        restarts=False,
        deadline=0.0,
        device="cpu",
        dtype="float64",
        versions=(0, 0),
        dim=run.dim,
    )
    return RunRecord(
        spec,
        Status.TARGET if not isnan(f_opt) and best <= f_opt + run.gap else Status.BUDGET,
        family=definition.family if definition else run.suite,
        problem_order=None if facts is None else facts.order,
        order=order if order is not None else run.order or 0,
        scored=facts is not None and facts.scored,
        dim=run.dim,
        f_opt=None if isnan(f_opt) else f_opt,
        counts=(run.spent, *(0,) * (len(QUESTIONS) - 1)),
        first=float(values[0]),
        best=best,
        final=best,
        trajectory=events,
    )


@cache
def _objective(problem: str, instance: int) -> Objective | None:
    """Our own instance of a function that COCO has too, in the least dim that it has; None where there is none."""
    if not FUNCTION.fullmatch(problem) or problem not in registry.PROBLEMS:
        return None
    definition = registry.find_problem(problem)
    try:
        return definition.make(instance, dim=5 if "mixint" in problem else 2)
    except ValueError:  # an instance that we do not have
        return None


def _suite(name: str, trajectories: Sequence[Trajectory], budget: float, title: str) -> Suite:
    dims: dict[str, set[int]] = {}
    for run in trajectories:
        dims.setdefault(run.problem, set()).add(run.dim)
    group = Group(
        tuple(Entry(problem, {"dim": tuple(sorted(of_problem))}) for problem, of_problem in dims.items()),
        tuple(Entry(optimizer) for optimizer in dict.fromkeys(run.optimizer for run in trajectories)),
        max(budget, 1.0),
        seeds=max(run.seed or 0 for run in trajectories) + 1,
        instances=tuple(sorted({run.instance for run in trajectories if run.instance})) or (1,),
    )
    return Suite(name, (group,), title=title)
