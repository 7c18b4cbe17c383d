"""Runs in the terms of other suites: whole evaluations, and the best value by then."""

import hashlib
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, groupby
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.core.files import DATA, opened
from bench.core.status import statuses
from bench.interchange.files import Damage, number
from bench.measure.frames import Frame
from bench.measure.prices import priced
from bench.measure.progress import complete, progress, spent
from bench.measure.targets import optima

if TYPE_CHECKING:
    from bench.results.stored import Results

LARGE = 1e300  # stands for a value that is not finite, which others cannot read
LONGEST = 200  # characters of a name
LONGEST_LINE = 2**20  # bytes of a line
# a value that is no number: in C, in MSVC's library, and as ioh writes an infinite one
NO_NUMBER = re.compile(r"[-+]?nan(\([\w ]*\))?|-?1\.#\w+|None", re.IGNORECASE)
FUNCTION = re.compile(r"(bbob|bbob-noisy|bbob-mixint)-f(\d{2,3})")  # problems that COCO has too


@dataclass(frozen=True)
class Trajectory:
    """One run as others write it.

    suite, function: COCO's or IOHprofiler's name and number of the problem. evaluations: (n,) whole numbers that never
    fall. values: (n,) f - f_opt, or, where f_opt is NaN, f itself. spent: evaluations of the whole run. start: the
    value at the start where it was free, as it is here; NaN: it was the first evaluation. seed: None where not told.
    entry: where an index file lists it with the other runs of the same problem and dim.
    """

    optimizer: str
    problem: str
    suite: str
    function: int
    dim: int
    instance: int
    evaluations: np.ndarray
    values: np.ndarray
    spent: int
    f_opt: float = nan
    gap: float = 1e-8
    start: float = nan
    seed: int | None = None
    order: int | None = None
    best_x: tuple[float, ...] = ()
    entry: str = ""


def trajectories(results: "Results") -> tuple[list[Trajectory], list[str]]:
    """The runs of results that began, by optimizer, problem, dim, instance and seed, and in words what is left out.

    An evaluation is a cost of 1 in the prices of the suite, rounded up, and at least 1: what the start reaches, free
    here, takes one there. A killed run, of which nothing is known, reaches nothing and is charged its budget.
    """
    runs = complete(results.runs)
    f_opt, has_optimum = optima(runs)
    runs = runs.assign(f_opt=f_opt.where(has_optimum), spent=whole(spent(runs, results.prices)))
    skipped = Counter(runs.problem[runs.status.isin(statuses("ran", False))])
    left_out = [f"{n} runs on {problem}, which were skipped" for problem, n in skipped.items()]
    runs = runs[runs.status.isin(statuses("ran"))]
    steps, starts = _steps(runs, results)
    nothing = (np.array([1]), np.array([LARGE]))
    numbers = _numbers(runs.problem.unique())
    began = []
    for row in runs.sort_values(["optimizer", "problem", "dim", "instance", "seed", "run"]).itertuples():
        evaluations, values = steps.get(row.run, nothing)
        point = results.searched_x(row.run)
        began.append(
            Trajectory(
                row.optimizer,
                row.problem,
                *numbers[row.problem],
                row.dim,
                row.instance,
                evaluations,
                values,
                int(max(row.spent, evaluations[-1])),
                row.f_opt,
                row.gap,
                starts.get(row.run, nan),
                row.seed,
                row.order,
                () if point is None else tuple(point.tolist()),
            )
        )
    return began, left_out


@dataclass(frozen=True)
class Block:
    """One run of a .dat: the lines above its rows, its improvements, and what its last row says.

    at: line of its first row. head: (line, text), the last few above it. evaluations, values: (n,) of rows that
    improve, the first among them. last: evaluations of the last row. damage: why it is no run; None where it is one.
    complete: whether its last row is, and is in it.
    """

    at: int
    head: Sequence[tuple[int, str]]
    evaluations: np.ndarray
    values: np.ndarray
    last: int
    damage: Damage | None = None
    complete: bool = True


def blocks(
    path: Path,
    is_head: Callable[[str], bool],
    column: Callable[[Sequence[tuple[int, str]]], int],
    sign: float = 1.0,
) -> Iterator[Block]:
    """The runs of a .dat, each below the lines of its head; a run that is damaged is one too, and says so.

    is_head: of a line. column: of the values, by the head; it raises Damage for a head that is none. sign: -1 for
    values that are maximized. Values that are no number, or from LARGE on, are inf. Raises Damage where the file
    cannot be read, and Unreadable as `opened` does.
    """
    head: Sequence[tuple[int, str]] = ()
    for of_head, rows in groupby(_lines(path), key=lambda row: is_head(row[1])):
        if of_head:
            head = tuple((at, line) for at, line, _ in deque(rows, maxlen=10))
            continue
        first = next(rows)
        evaluations, values, last, damage, ended = [], [], 0, None, True
        try:
            values_at = column(head) if head else -1
            if values_at < 0:
                raise Damage(path, first[0], f"a run begins with the names of its columns, got {first[1][:80]!r}")
            for at, line, ended in chain([first], rows):
                if not ended:  # its last number may lack digits
                    break
                n, value = _row(path, at, line, values_at)
                if n < last:
                    raise Damage(path, at, f"evaluations must not fall, got {n} after {last}")
                last, value = n, value * sign
                value = value if abs(value) < LARGE else inf  # not NaN either
                if not values or value < values[-1]:
                    evaluations.append(n)
                    values.append(value)
            if not values:
                raise Damage(path, first[0], "the file ends within the first row of a run")
        except Damage as error:
            damage = error
        steps = np.array(evaluations, dtype=np.int64), np.array(values, dtype=float)
        yield Block(first[0], head, *steps, last, damage, ended)


def unequal(index: Path, at: int, file: Path, logged: Sequence[Block], listed: int) -> Iterator[Damage]:
    """What to say where a .dat has fewer or more runs than its index lists: the last ones did not finish."""
    if len(logged) < listed:
        yield Damage(index, at, f"{listed} runs are listed, and {file.name} holds {len(logged)}")
    for block in logged[listed:]:
        yield Damage(file, block.at, f"{index.name} does not list this run, as one that did not finish")


def _lines(path: Path) -> Iterator[tuple[int, str, bool]]:
    """The number and text of each line that is not empty, and whether it ends as a line does."""
    with opened(path, DATA) as file:
        at = 0
        while line := file.readline(LONGEST_LINE):
            at += 1
            if len(line) == LONGEST_LINE:
                raise Damage(path, at, f"a line has {LONGEST_LINE:,} characters or more")
            text = line.decode("utf-8", "replace").strip()
            if text:
                yield at, text, line.endswith(b"\n")


def _row(path: Path, at: int, line: str, column: int) -> tuple[int, float]:
    """The evaluations and the value of a row; what loggers write for a value that is no number is NaN."""
    words = line.split()
    if len(words) <= column:
        raise Damage(path, at, f"a value is missing: {column + 1} columns or more were expected, got {line[:80]!r}")
    n, value = number(path, at, words[0], int, 1, 2**53), words[column]
    return n, nan if NO_NUMBER.fullmatch(value) else number(path, at, value, float)


def in_words(prices: Mapping[str, float]) -> str:
    """What an evaluation stands for: the price of each question."""
    return ", ".join(f"{question} {price:g}" for question, price in prices.items())


def whole(cost: np.ndarray) -> np.ndarray:
    """Costs as evaluations: rounded up, at least 1; what floating-point sums add is not."""
    return np.maximum(np.ceil(np.round(np.asarray(cost, dtype=float), 9)), 1).astype(np.int64)


def _steps(runs: Frame, results: "Results") -> tuple[dict[int, tuple[np.ndarray, np.ndarray]], Mapping[int, float]]:
    """At which evaluations each run improved, beginning with 1, and to what value; and its value before any cost."""
    events = progress(runs, results.trajectories)
    facts = runs.set_index("run").reindex(events.run)
    cost = priced(events, facts, results.prices)
    f_opt = facts.f_opt.fillna(0.0).to_numpy()
    table = events[["run"]].assign(cost=cost, n=whole(cost), value=np.minimum(events.best.to_numpy() - f_opt, LARGE))
    starts = table[(table.cost == 0) & (table.value < LARGE)].groupby("run").value.last()
    table = table.drop_duplicates(["run", "n"], keep="last")
    table = table[table.value < table.groupby("run").value.shift(fill_value=np.inf)]
    run, n, value = (table[name].to_numpy() for name in ("run", "n", "value"))
    steps = {}
    for rows in np.split(np.arange(len(run)), np.flatnonzero(run[1:] != run[:-1]) + 1):
        if len(rows):
            late = int(n[rows[0]] > 1)  # what the first evaluation gave is not known: it reaches nothing
            steps[int(run[rows[0]])] = (np.insert(n[rows], 0, [1] * late), np.insert(value[rows], 0, [LARGE] * late))
    return steps, starts.to_dict()


def _numbers(problems: Iterable[str]) -> Mapping[str, tuple[str, int]]:
    """Suite and number of each problem: COCO's own where it has it, else a number from 1001 by name."""
    matches = {problem: FUNCTION.fullmatch(problem) for problem in sorted(problems)}
    numbers = count(1001)
    return {
        problem: (match[1], int(match[2])) if match else ("fogbench", next(numbers))
        for problem, match in matches.items()
    }


def safe_names(labels: Iterable[str]) -> dict[str, str]:
    """A file name for each label: ASCII letters, digits and . _ = + - of it; where that is no name, another one's too
    or not all of it, with a hash behind."""
    names = {}
    for label in dict.fromkeys(labels):
        name = re.sub(r"[^A-Za-z0-9._=+-]+", "-", label).strip("-.")
        names[label] = name if len(name) <= 60 else name[:60].rstrip("-.")
    taken = Counter(name.lower() for name in names.values())
    return {
        label: name if name and taken[name.lower()] == 1 and len(label) <= 60 else f"{name or 'name'}-{digest(label)}"
        for label, name in names.items()
    }


def shown(label: str) -> str:
    """A label that can be shown in one line: control and direction characters are ?, and what is too long is cut."""
    text = "".join(c if c.isprintable() else "?" for c in label).strip()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 10]}... {digest(label)}"


def digest(text: str) -> str:
    """Eight hexadecimal digits that tell a text from others."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
