"""What to run: suites, in TOML or put together on the command line."""

import os
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import product
from math import inf, prod
from pathlib import Path
from typing import Any

from bench.core.files import Unreadable, read_text
from bench.core.gate import python_number
from bench.core.ledger import check_prices
from bench.core.registry import written as in_text

FOLDER = Path(__file__).parents[1] / "suites"
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"  # of results
SUITE_KEYS = ("title", "seed", "prices", "until", "metric_targets", "tuned", "device", "group")
UNTIL = ("", "significant")
LANES, MOST_LANES = (
    64,
    2**16,
)  # runs that go in lockstep: at most, unless it is said otherwise, and the most that may be
GROUP_KEYS = (
    "problems", "optimizers", "budget", "seeds", "instances", "gap", "deadline", "restarts", "solo", "lanes",
    "metric_targets",
)  # fmt: skip


class SuiteError(ValueError):
    """A suite that cannot be read; the message names file, line and key."""


class Notice(UserWarning):
    """Something that is done otherwise than it was written, and that the user should know."""


@dataclass(frozen=True)
class Entry:
    """A registered name and the values of its parameters; several values of one make a grid.

    where: file, line and key that it stands in; "" where it is from no file.
    """

    name: str
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    where: str = field(default="", compare=False)

    @property
    def size(self) -> int:
        """How many combinations of the values there are."""
        return prod(map(len, self.grid.values()))

    def settings(self) -> list[dict[str, Any]]:
        """Every combination of the values."""
        return [dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())]

    def setting(self) -> dict[str, Any]:
        """The one combination; raises ValueError for a grid of several."""
        settings = self.settings()
        if len(settings) != 1:
            raise ValueError(
                f"{self.text()} is a grid of {len(settings)} settings, where one is needed, e.g. {self.name}"
            )
        return settings[0]

    def text(self) -> str:
        """The entry as `parse_entry` reads it."""
        inner = ",".join(f"{key}={','.join(map(in_text, values))}" for key, values in self.grid.items())
        return f"{self.name}[{inner}]" if inner else self.name

    def at(self, setting: Mapping[str, Any]) -> "Entry":
        """The entry with these values, one of each, in place of or beside its own."""
        return replace(self, grid={**self.grid, **{key: (value,) for key, value in setting.items()}})

    @contextmanager
    def placed(self) -> Iterator[None]:
        """A ValueError within is a SuiteError that says where the entry stands, if it is from a file."""
        try:
            yield
        except ValueError as error:
            if not self.where or isinstance(error, SuiteError):
                raise
            raise SuiteError(f"{self.where}: {error}") from None


@dataclass(frozen=True)
class Tuned:
    """What tuning found for one optimizer on the problems of one family.

    entry: the optimizer, with the hyperparameters that are not tuned. setting: the best values of those that are; none
    where it has none to tune. tried: how many settings, the default among them. rank, default_rank: mean ranks of the
    best and of the default setting among those. runs, cost: what tuning took, in the prices of its suite.
    """

    family: str
    entry: Entry
    setting: Mapping[str, Any]
    tried: int
    rank: float
    default_rank: float
    runs: int
    cost: float


@dataclass(frozen=True)
class Tuning:
    """Tuned settings, and how they were found.

    path: of their file. instances: those that were tuned on. budgets: what a run of the tuning could cost, one for
    each that a group had; none where the file does not tell.
    """

    path: str
    suite: str
    search: str
    settings: int
    seeds: int
    instances: tuple[int, ...]
    found: tuple[Tuned, ...]
    budgets: tuple[float, ...] = ()


def _check_targets(targets: Any) -> None:
    """Raise ValueError for what is no mapping of metrics to lists of numbers."""
    if not isinstance(targets, Mapping):
        raise ValueError(f"metric_targets must be lists of numbers by metric, got {targets!r}")
    for metric, levels in targets.items():
        if not isinstance(levels, (list, tuple)) or not levels or not all(map(_number, levels)):
            raise ValueError(f"metric_targets must be lists of numbers by metric, got {metric} = {levels!r}")


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -inf < value < inf


@dataclass(frozen=True)
class Group:
    """Every problem with every optimizer, on the same instances and seeds, for the same budget.

    budget: cost of a run. seeds: how many, 0 to seeds - 1. gap: f - f_opt at which a run ends. deadline: seconds
    after which it ends. restarts: whether a method that returns early starts again; None: where there is
    neither data nor noise. solo: whether runs go one by one on an otherwise idle machine, not in lanes: their seconds
    are then their own, and they are equal to those in lanes but for rounding. lanes: how many go in lockstep at most,
    which changes no record, but for its seconds; `doctor --benchmark` tells what pays. With 1 they go one by one, so
    that their seconds are their own, as those of solo runs are, but on a machine that is not idle. metric_targets: of
    this group's problems, beside those of the suite, or in the place of those of the same metric.
    """

    problems: tuple[Entry, ...]
    optimizers: tuple[Entry, ...]
    budget: float
    seeds: int = 15
    instances: tuple[int, ...] = (1,)
    gap: float = 1e-8
    deadline: float = 600.0
    restarts: bool | None = None
    solo: bool = False
    lanes: int = LANES
    metric_targets: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("budget", "seeds", "gap", "deadline", "lanes"):
            object.__setattr__(self, name, python_number(getattr(self, name)))
        object.__setattr__(self, "instances", tuple(map(python_number, self.instances)))
        for name in ("budget", "seeds", "deadline"):
            if not _number(getattr(self, name)) or getattr(self, name) <= 0:
                raise ValueError(f"{name} must be a number above 0, got {getattr(self, name)!r}")
        if not isinstance(self.seeds, int):
            raise ValueError(f"seeds must be a whole number, got {self.seeds!r}")
        if not _number(self.gap) or self.gap < 0:
            raise ValueError(f"gap must be a number >= 0, got {self.gap!r}")
        if not self.instances or not all(_number(i) and isinstance(i, int) and i >= 1 for i in self.instances):
            raise ValueError(f"instances must be whole numbers >= 1, got {list(self.instances)!r}")
        if self.restarts not in (None, True, False):
            raise ValueError(f"restarts must be true or false, got {self.restarts!r}")
        if not isinstance(self.solo, bool):
            raise ValueError(f"solo must be true or false, got {self.solo!r}")
        if not _number(self.lanes) or not isinstance(self.lanes, int) or not 1 <= self.lanes <= MOST_LANES:
            raise ValueError(f"lanes must be a whole number from 1 to {MOST_LANES:,}, got {self.lanes!r}")
        _check_targets(self.metric_targets)
        for name in ("budget", "gap", "deadline"):  # one suite has the same keys, however its numbers are written
            object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("problems", "optimizers"):
            if not getattr(self, name):
                raise ValueError(f"{name} must name at least one")


@dataclass(frozen=True)
class Shard:
    """One of several parts of a suite, from 1 on: see `bench.runner.shards`. Raises ValueError for one that is none."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(
                f"shard must be one of 1/N to N/N, as 3/16, got {self.number}/{self.of}"
                + (f": the shards of {self.of} are 1 to {self.of}" if self.of else "")
            )

    def __str__(self) -> str:
        return f"shard {self.number} of {self.of}"

    @property
    def suffix(self) -> str:
        """What the results of a shard have behind the name of the suite: `-03-of-16`."""
        return f"-{self.number:0{len(str(self.of))}}-of-{self.of}"


@dataclass(frozen=True)
class Suite:
    """Groups of runs under one seed and one list of prices.

    tuned: the file of the settings that belong to the suite, "" where none do. tuning: settings that are run beside
    the defaults of their optimizers, on the problems of their families.
    device: "cuda" where it is too long for a CPU, which is said there.
    until: "significant": on each problem optimizers that are significantly worse leave, see `bench.measure.racing`.
    metric_targets: values of metrics, by name, whose expected cost is reported: {"test_accuracy": (0.9, 0.95)}.
    shard: the part that is run; None: all of it.
    """

    name: str
    groups: tuple[Group, ...]
    title: str = ""
    seed: int = 1
    prices: Mapping[str, float] = field(default_factory=lambda: check_prices({}))
    tuning: Tuning | None = None
    until: str = ""
    metric_targets: Mapping[str, Sequence[float]] = field(default_factory=dict)
    tuned: str = ""
    device: str = ""
    shard: Shard | None = None

    def __post_init__(self) -> None:
        if self.shard is not None and self.until:
            raise ValueError(
                "a race needs all runs of a problem, and a shard has some of them: shard and until exclude each other"
            )
        if self.device not in ("", "cuda"):
            raise ValueError(f"device must be cuda, or empty, got {self.device!r}")
        if not isinstance(self.tuned, str):
            raise ValueError(f"tuned must be the name of a file, got {self.tuned!r}")
        if self.until not in UNTIL:
            raise ValueError(f"until must be significant, or empty, got {self.until!r}")
        _check_targets(self.metric_targets)
        object.__setattr__(self, "seed", python_number(self.seed))
        if not isinstance(self.name, str) or not re.fullmatch(NAME, self.name):
            got = self.name if len(str(self.name)) <= 100 else f"{self.name[:20]}... of {len(self.name)} characters"
            raise ValueError(f"name must be 1 to 100 letters, digits, dots, hyphens and underscores, got {got!r}")
        if not isinstance(self.title, str):
            raise ValueError(f"title must be a text, got {self.title!r}")
        if not self.groups:
            raise ValueError("group must be given at least once")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or self.seed < 0:
            raise ValueError(f"seed must be a whole number >= 0, got {self.seed!r}")
        if self.tuning is not None:
            both = {instance for group in self.groups for instance in group.instances} & set(self.tuning.instances)
            if both:
                raise ValueError(f"instances {sorted(both)} were tuned on ({self.tuning.path}): they say nothing here")


def parse_entry(text: str) -> Entry:
    """`name[key=value,value,key=value]` -> Entry; a value without a key is another one of the key before it."""
    match = re.fullmatch(r"\s*([^\[\]]+?)\s*(?:\[(.*)\])?\s*", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} must read name or name[key=value,...]")
    grid: dict[str, list[str]] = {}
    key = ""
    for written in filter(None, (match[2] or "").replace("[", "").replace("]", "").split(",")):
        name, equals, value = written.partition("=")
        if equals:
            key = name.strip()
            if key in grid:
                raise ValueError(f"{text!r} gives {key} twice")
            grid[key] = [value.strip()]
        elif key:
            grid[key].append(written.strip())
        else:
            raise ValueError(f"{text!r}: {written!r} must read key=value")
    return Entry(match[1], {key: tuple(values) for key, values in grid.items()})


def entry(written: str | Mapping[str, Any]) -> Entry:
    """An entry from its text, or from a table with `name` and parameters, each one value or a list."""
    if isinstance(written, str):
        return parse_entry(written)
    if not isinstance(written, Mapping) or not isinstance(written.get("name"), str):
        raise ValueError(f"an entry must be a text or a table with a name, got {written!r}")
    grid = {k: tuple(v) if isinstance(v, list) else (v,) for k, v in written.items() if k != "name"}
    for key, values in grid.items():
        if not values:
            raise ValueError(f"{written['name']}: {key} must hold at least one value")
    return Entry(written["name"], grid)


def make_suite(problems: Sequence[str], optimizers: Sequence[str], budget: float, name: str, **options: Any) -> Suite:
    """One group of every problem with every optimizer, named in the notation of `parse_entry`."""
    group = Group(tuple(map(parse_entry, problems)), tuple(map(parse_entry, optimizers)), budget, **options)
    return Suite(name, (group,), title=f"{_some(problems)} with {_some(optimizers)}")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def suites() -> dict[str, Path]:
    """The suites that come with the project, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def results_name(text: str) -> str:
    """A text as a name of results: `my suite (2)` is `my-suite-2`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:80].lstrip("._-").rstrip(".-") or "suite"


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """Text and content of a TOML file; raises SuiteError where it has none, or is no file."""
    try:
        content = read_text(path)
        return content, tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise SuiteError(f"{path}: not valid TOML: {error}") from None
    except (Unreadable, RecursionError) as error:  # the message of Unreadable names the file
        raise SuiteError(str(error) if isinstance(error, Unreadable) else f"{path}: not valid TOML: too deep") from None


def suite_file(source: str | Path) -> Path:
    """The file of a suite, by its name or as a path: what ends with .toml, or has a folder. Raises SuiteError where
    there is none."""
    ours, named = suites(), str(source)
    path = ours.get(named, Path(source))
    if os.path.lexists(path) and not path.is_dir():
        return path
    if named.endswith(".toml") or any(each in named for each in ("/", os.sep)):
        raise SuiteError(f"{named} is a folder, and no TOML file" if path.is_dir() else f"there is no file {named}")
    near = get_close_matches(named, ours, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise SuiteError(f"unknown suite {named!r}: it is neither a file nor one of {', '.join(ours)}{hint}")


def load_suite(source: str | Path) -> Suite:
    """A suite by its name, or from a TOML file; raises SuiteError with file, line and key."""
    path = suite_file(source)
    text, content = read_toml(path)
    content = _with_gap(path, text, content, 0)
    common = {key: value for key, value in content.items() if key in GROUP_KEYS and key not in SUITE_KEYS}
    _known(path, text, content, SUITE_KEYS + GROUP_KEYS, 0)
    tables = content.get("group", [{}])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SuiteError(f"{path}, line {_line(text, 'group]', 0)}: group must be written as [[group]]")
    groups = []
    for number, table in enumerate(tables, 1):
        table = _with_gap(path, text, table, number)
        _known(path, text, table, GROUP_KEYS, number)
        groups.append(_group(path, text, {**common, **table}, number))
    try:
        prices = check_prices(content.get("prices", {}))
        name = path.stem if re.fullmatch(NAME, path.stem) else results_name(path.stem)
        seed, until = content.get("seed", 1), content.get("until", "")
        options: Any = {"until": until, "metric_targets": content.get("metric_targets", {})}
        options["device"] = content.get("device", "")
        if (tuned := content.get("tuned", "")) and isinstance(tuned, str):
            tuned = str(path.parent / tuned)
        return Suite(name, tuple(groups), content.get("title", ""), seed, prices, tuned=tuned, **options)
    except (ValueError, AttributeError) as error:
        key = next((key for key in SUITE_KEYS if re.search(rf"\b{key}\b", str(error))), "prices")
        raise SuiteError(f"{path}, line {_line(text, key, 0)}: {error}") from None


def _with_gap(path: Path, text: str, table: dict[str, Any], number: int) -> dict[str, Any]:
    """A table whose gap may stand under its first name, target; a notice says so."""
    if "target" not in table:
        return table
    where, gap = f"{path}, line {_line(text, 'target', number)}", table["target"]
    if "gap" in table or not _number(gap) or gap < 0:
        raise SuiteError(f"{where}: target is the first name of gap, a number >= 0: write gap alone, got {gap!r}")
    warnings.warn(f"{where}: target = {gap} is read as gap = {gap}, a distance f - f_opt", FutureWarning, stacklevel=2)
    return {**{key: value for key, value in table.items() if key != "target"}, "gap": gap}


def _group(path: Path, text: str, table: dict[str, Any], number: int) -> Group:
    where = number if "group" in text else 0
    for key in ("problems", "optimizers", "budget"):
        if key not in table:
            hint = "" if where else ": it stands in each [[group]], or above all"
            raise SuiteError(f"{path}, line {_line(text, '[[group]]', where)}: key {key} is missing{hint}")
    options = dict(table)
    for key in ("problems", "optimizers"):
        at = _line(text, key, where)
        if not isinstance(table[key], list):
            raise SuiteError(f"{path}, line {at}: {key}: must be a list, got {table[key]!r}")
        entries = []
        for written in table[key]:
            at = _entry_line(text, written, at)
            try:
                entries.append(replace(entry(written), where=f"{path}, line {at}: {key}"))
            except ValueError as error:
                raise SuiteError(f"{path}, line {at}: {key}: {error}") from None
        options[key] = tuple(entries)
    try:
        if "instances" in options:
            instances = options["instances"]
            options["instances"] = tuple(instances) if isinstance(instances, list) else (instances,)
        return Group(**options)
    except (ValueError, TypeError) as error:
        key = next((key for key in GROUP_KEYS if str(error).startswith(key)), "[[group]]")
        raise SuiteError(f"{path}, line {_line(text, key, where)}: {error}") from None


def _known(path: Path, text: str, table: Mapping[str, Any], keys: Iterable[str], number: int) -> None:
    for key in table:
        if key not in keys:
            raise SuiteError(f"{path}, line {_line(text, key, number)}: unknown key {key!r}; known: {', '.join(keys)}")


def _line(text: str, key: str, group: int) -> int:
    """The line of a key: in the group of that number, else the first in the file, else 1."""
    at = [n for n, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[*{re.escape(key)}(?![\w-])", line)]
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[group]]"]
    if group and len(starts) >= group:
        end = starts[group] if len(starts) > group else inf
        at = [n for n in at if starts[group - 1] <= n < end] or at
    return at[0] if at else 1


def _entry_line(text: str, written: Any, start: int) -> int:
    """The line, from that of its list or of the entry before it on, in which an entry begins; else that one."""
    name = written.get("name") if isinstance(written, Mapping) else written
    for n, line in enumerate(text.splitlines()[start - 1 :], start):
        if isinstance(name, str) and (f'"{name}"' in line or f"'{name}'" in line):
            return n
    return start
