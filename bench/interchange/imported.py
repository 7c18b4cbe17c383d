"""Data of others as results of ours, so that `report mine theirs` shows them side by side."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from math import inf, isfinite, isnan
from pathlib import Path

import numpy as np

from bench.core import registry
from bench.core.ledger import QUESTIONS
from bench.core.objective import Objective
from bench.core.oracle import PRICES
from bench.interchange import coco, ioh
from bench.interchange.files import new_folder
from bench.interchange.trajectories import FUNCTION, Course, shown
from bench.runner import PACKAGES
from bench.runner.plan import RunSpec
from bench.runner.single import RunRecord
from bench.runner.store import Store
from bench.runner.suite import Entry, Group, Suite

READERS = {".info": coco.read, ".json": ioh.read}


@dataclass(frozen=True)
class Imported:
    """What `import_runs` did."""

    folder: Path
    runs: int
    optimizers: list[str]
    problems: list[str]


def import_runs(
    source: Path, folder: Path, *, optimizer: str = "", order: int | None = None, command: str = ""
) -> Imported:
    """Read data in COCO's or IOHprofiler's format into a new folder of results, named as the folder is.

    source: an .info of COCO or a JSON of IOHprofiler, or a folder that holds such at any depth. optimizer: another name
    for the one that the data are of. order: of the optimizers, 0 where neither this nor the data say it.
    An evaluation becomes a value, at price 1. Seconds are not known, and 0. Raises ValueError, with file and line, for
    data that are damaged, and where the folder exists; then nothing is written.
    """
    registry.load(PACKAGES)
    if order not in (None, 0, 1, 2):
        raise ValueError(f"order must be 0, 1 or 2, got {order}")
    read = [course for path in index_files(source) for course in READERS[path.suffix](path)]
    if not read:
        raise ValueError(f"{source} holds no runs")
    read = [replace(course, optimizer=shown(course.optimizer) or "unnamed") for course in read]
    names = sorted({course.optimizer for course in read})
    if optimizer and len(names) > 1:
        raise ValueError(f"{source} holds {len(names)} algorithms, {', '.join(names[:5])}: --optimizer would name one")
    courses = [replace(course, optimizer=shown(optimizer) or course.optimizer) for course in _seeded(read)]
    longest: dict[tuple[str, str, int], int] = defaultdict(int)
    for course in courses:
        cell = (course.optimizer, course.problem, course.dim)
        longest[cell] = max(longest[cell], course.spent)
    records = [
        record(course, float(longest[course.optimizer, course.problem, course.dim]), order) for course in courses
    ]
    suite = _suite(folder.name, courses, max(longest.values()), f"Imported from {source.name}")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known = {"imported from": str(source), "seconds": "not known"}
    manifest = {"suite": suite.describe(), "command": command, "created": now, "environment": known}
    with new_folder(folder) as draft:
        store = Store(draft, create=True)
        try:
            store.begin([item.spec for item in records], manifest)
            with store.transaction():  # all or none: the draft is thrown away where one fails
                for item in records:
                    store.add(item, {})
        finally:
            store.close()
    optimizers = list(dict.fromkeys(course.optimizer for course in courses))
    return Imported(folder, len(records), optimizers, list(dict.fromkeys(course.problem for course in courses)))


def index_files(source: Path) -> list[Path]:
    """The .info and IOHprofiler*.json files of a folder at any depth, or the one file that is given.

    Raises ValueError where there is none, for another kind of file and for symbolic links.
    """
    if source.is_symlink():
        raise ValueError(f"{source} is a symbolic link: give the file or folder itself")
    if source.is_dir():
        found = sorted([*source.rglob("*.info"), *source.rglob("IOHprofiler*.json")])
    elif source.is_file():
        found = [source]
    else:
        raise ValueError(f"{source} is neither a file nor a folder")
    for path in found:
        if path.is_symlink():
            raise ValueError(f"{path} is a symbolic link, and is not followed")
        if path.suffix not in READERS:
            raise ValueError(f"{path} must be an .info of COCO or a .json of IOHprofiler")
    if not found:
        raise ValueError(f"{source} holds neither an .info of COCO nor an IOHprofiler*.json")
    return found


def _seeded(courses: Sequence[Course]) -> Iterator[Course]:
    """The runs with a seed each: their own, or else their place among those on the same instance."""
    seen: dict[tuple[str, str, int, int], set[int]] = defaultdict(set)
    for course in courses:
        taken = seen[course.optimizer, course.problem, course.dim, course.instance]
        seed = len(taken) if course.seed is None else course.seed
        if seed in taken:
            raise ValueError(
                f"{course.problem} in {course.dim}-D, instance {course.instance}, has two runs of "
                f"{shown(course.optimizer)} with seed {seed}: import their folders one by one"
            )
        taken.add(seed)
        yield replace(course, seed=seed)


def record(course: Course, budget: float, order: int | None) -> RunRecord:
    """A run of others as one of ours: its evaluations are values. budget: what the longest of that optimizer took
    there. Why it ended is not known: where it did not reach its gap, it counts as ended by that budget."""
    facts = _objective(course.problem, course.instance)
    f_opt = course.f_opt if facts is None or facts.f_opt is None else facts.f_opt
    base = 0.0 if isnan(f_opt) else f_opt
    free = isfinite(course.start)
    evaluations = np.r_[[0] * free, course.evaluations]
    values = base + np.r_[[course.start] * free, np.where(np.isnan(course.values), inf, course.values)]
    kept = np.r_[True, values[1:] < np.minimum.accumulate(values)[:-1]]
    trajectory = np.zeros((int(kept.sum()), len(QUESTIONS) + 3))
    trajectory[:, 0], trajectory[:, -1] = evaluations[kept], values[kept]
    best = float(trajectory[-1, -1])
    name, _, _ = course.problem.partition("[")
    definition = registry.PROBLEMS.get(name.partition("+")[0])
    spec = RunSpec(
        problem=course.problem,
        parameters={"dim": course.dim},
        instance=course.instance,
        optimizer=course.optimizer,
        hyperparameters={},
        seed=course.seed or 0,
        suite_seed=0,
        budget=budget,
        prices=dict(PRICES),
        gap=course.gap,
        restarts=False,
        deadline=0.0,
        device="cpu",
        dtype="float64",
        versions=(0, 0),
        dim=course.dim,
    )
    return RunRecord(
        spec,
        "target" if not isnan(f_opt) and best <= f_opt + course.gap else "budget",
        family=definition.family if definition else course.suite,
        problem_order=None if facts is None else facts.order,
        order=order if order is not None else course.order or 0,
        scored=facts is not None and facts.scored,
        dim=course.dim,
        f_opt=None if isnan(f_opt) else f_opt,
        counts=(course.spent, *(0,) * (len(QUESTIONS) - 1)),
        first=float(values[0]),
        best=best,
        final=best,
        trajectory=trajectory,
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


def _suite(name: str, courses: Sequence[Course], budget: float, title: str) -> Suite:
    dims: dict[str, list[int]] = {}
    for course in courses:
        own = dims.setdefault(course.problem, [])
        if course.dim not in own:
            own.append(course.dim)
    group = Group(
        tuple(Entry(problem, {"dim": tuple(sorted(found))}) for problem, found in dims.items()),
        tuple(Entry(optimizer) for optimizer in dict.fromkeys(course.optimizer for course in courses)),
        max(budget, 1.0),
        seeds=max(course.seed or 0 for course in courses) + 1,
        instances=tuple(sorted({course.instance for course in courses if course.instance})) or (1,),
    )
    return Suite(name, (group,), title=title)
