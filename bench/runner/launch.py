"""How runs are made, and not which: one value, made once by the command line or `bench.run`, down to the children."""

import ast
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from time import monotonic
from typing import Any

import numpy as np

from bench.core import registry
from bench.core.gate import python_number
from bench.core.packages import is_ours
from bench.core.registry import Definition, OptimizerDefinition, ProblemDefinition, WrapperDefinition
from bench.core.status import RETRIED
from bench.runner import PACKAGES
from bench.runner.environment import cores
from bench.runner.luggage import pack
from bench.runner.plan import MOST, RunSpec
from bench.runner.single import Message, RunRecord
from bench.runner.suite import Suite

STALE = ("", "keep", "versions")
HEAVY = ("nevergrad", "scipy.optimize", "sklearn.datasets", "torch._dynamo")  # take seconds to import
PATIENCE = 60.0  # seconds, see `Launch`
DEVICES = ("auto", "cpu", "cuda")
ADDRESS = r"(tcp|tls)://([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}"  # of a scheduler
HERE = "__main__"  # the module of a script, or of a notebook
LOCAL = "local"  # the scheduler of a cluster in this process


class Watcher:
    """Who hears of runs as they happen, in the thread that launched them; this one warns, and does nothing else."""

    def planned(self, planned: int, there: int) -> None:
        """So many runs are planned, and so many of them are stored already."""

    def changed(self, sentence: str) -> None:
        """Code or libraries of stored runs have changed, and this is what is done about it."""
        warnings.warn(sentence, stacklevel=2)

    def heard(self, messages: Sequence[Message]) -> None:
        """Runs have begun and ended, in this order."""
        for spec, record in messages:
            if record is None:
                self.began(spec)
            else:
                self.ended(record)

    def began(self, spec: RunSpec) -> None:
        """A run, or a batch of which this is the first, has begun."""

    def ended(self, record: RunRecord) -> None:
        """A run has ended, whatever its status."""


@dataclass(frozen=True)
class Launch:
    """How to run a suite; a value that is not allowed is a ValueError.

    workers: child processes at once, one a core where None. device: "auto", "cpu" or "cuda". imports: modules that
    register further problems and optimizers. retry: what to do again, of RETRIED. fresh: set the file of an earlier run
    aside and begin anew. stale: stored runs whose code has changed are done again; "keep": they are not; "versions":
    those are too that were computed with other versions of libraries. command: what the manifest says. memory, grace:
    bytes that a child may grow by, and seconds that a run may take beyond its deadline. patience: seconds between two
    questions after which a method is ended, or ten times its longest question, where that is more. children: whether
    runs are made in supervised child processes, or else in this one. pictures: whether two-dimensional problems are
    stored on a grid. referee: how a race stands, of results (k, rounds), the rounds planned and ties (see
    `bench.measure.racing.race`): without one a suite with `until` is run whole. facts: what else the manifest says.
    preload: modules that are imported once for all children, by default what a suite needs, see `needed`. luggage:
    definitions that children register beside `imports`, see `bench.runner.luggage`. end: `time.monotonic()` when the
    time of all runs is over: those under way are cut short, the others do not begin. interruptible: whether a Ctrl-C
    ends the runs as that does, and is not raised. most: runs that may be planned. scheduler: where a cluster of Dask is
    reached, tcp://HOST:PORT or, with certificates, tls://HOST:PORT; "local" for one in this process; "" for none.
    """

    workers: int | None = None
    device: str = "cpu"
    imports: Sequence[str] = ()
    retry: Sequence[str] = ()
    fresh: bool = False
    stale: str = ""
    watcher: Watcher = field(default_factory=Watcher)
    command: str = ""
    memory: int = 4 << 30
    grace: float = 30.0
    children: bool = True
    pictures: bool = True
    referee: Callable[[np.ndarray, int, np.ndarray], Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    preload: Sequence[str] = HEAVY
    luggage: bytes = b""
    end: float = inf
    interruptible: bool = False
    patience: float = PATIENCE
    most: float = MOST
    scheduler: str = ""

    def __post_init__(self) -> None:
        for name in ("imports", "retry"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a list of names, got {getattr(self, name)!r}")
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "workers", python_number(self.workers))
        if self.workers is not None and (type(self.workers) is not int or self.workers < 1):
            raise ValueError(f"workers must be a whole number >= 1, got {self.workers!r}")
        if self.device not in DEVICES:
            raise ValueError(f"device must be auto, cpu or cuda, got {self.device!r}")
        if self.stale not in STALE:
            raise ValueError(f"stale must be keep or versions, got {self.stale!r}")
        object.__setattr__(self, "patience", python_number(self.patience))
        if not (isinstance(self.patience, (int, float)) and self.patience > 0):
            raise ValueError(f"patience must be seconds above 0, got {self.patience!r}")
        if self.scheduler not in ("", LOCAL) and not re.fullmatch(ADDRESS, str(self.scheduler)):
            raise ValueError(
                f"scheduler must be {LOCAL}, tcp://HOST:PORT or, with certificates, tls://HOST:PORT, "
                f"got {self.scheduler!r}"
            )
        for status in self.retry:
            if status not in RETRIED:
                raise ValueError(f"retry takes {', '.join(RETRIED)}, got {status!r}: the others would end as they did")

    @property
    def processes(self) -> int:
        """How many runs are made at once."""
        return (self.workers or cores()) if self.children else 1

    @property
    def over(self) -> bool:
        """Whether the time of all runs is over."""
        return monotonic() >= self.end

    def load(self) -> None:
        """Register all problems and optimizers: ours, and those of `imports`."""
        registry.load(PACKAGES, self.imports)

    def fitted(self, suite: Suite) -> "Launch":
        """This launch, so that every run of the suite finds its problem and optimizer.

        What the caller's script itself defines travels to a child as luggage; what a module of the caller's defines, a
        child imports too. Where it cannot travel all runs are made here, and the watcher hears why.
        """
        entries = [entry for group in suite.groups for entry in (*group.problems, *group.optimizers)]
        entries += [tuned.entry for tuned in suite.tuning.found] if suite.tuning else []
        definitions = {each.name: each for entry in entries for each in _definitions(entry.name)}
        modules = {_module(each) for each in definitions.values()} - {HERE, *self.imports}
        more = sorted(name for name in modules if name.partition(".")[0] != "bench")
        preload = needed(definitions.values()) if self.preload is HEAVY else self.preload
        launch = replace(self, imports=(*self.imports, *more), preload=preload)
        of_script = [each for each in definitions.values() if _module(each) == HERE]
        if not of_script or not self.children or self.luggage:
            return launch
        try:
            return replace(launch, luggage=pack(of_script))
        except ValueError as error:
            names = ", ".join(each.name for each in of_script)
            if self.scheduler:
                raise ValueError(f"{names} cannot go to the workers of a cluster: {error}") from None
            self.watcher.changed(f"All runs with {names} are made in this process, one after the other: {error}.")
            return replace(launch, children=False)


def needed(definitions: Iterable[Definition | WrapperDefinition]) -> list[str]:
    """The modules that runs with these import, which takes seconds: what they say that they need, torch where gradients
    may be asked, and of others than our own what `_heavy` finds."""
    modules: set[str] = set()
    for each in definitions:
        needs = {*each.needs} if isinstance(each, (OptimizerDefinition, ProblemDefinition)) else set[str]()
        modules |= needs if is_ours(_module(each)) else needs | _heavy(_module(each), needs)
        if isinstance(each, OptimizerDefinition) and each.arrays == "torch":
            modules.add("torch._dynamo")  # which torch.optim imports when first used
        elif isinstance(each, OptimizerDefinition) and each.order:
            modules.add("torch")  # where a problem has no gradient in closed form
    if "sklearn" in modules:
        modules.add("sklearn.datasets")
    return sorted(modules)


def _heavy(module: str, needs: set[str]) -> set[str]:
    """Those of HEAVY that runs with a module of others may import: what is imported already, and what its text imports
    anywhere; all of them, where it has no text, or imports later what nobody knows and what is not said in needs."""
    try:
        statements = [*ast.walk(ast.parse(inspect.getsource(sys.modules[module])))]
    except (KeyError, OSError, SyntaxError, TypeError):
        return {*HEAVY}
    names = [alias.name for each in statements if isinstance(each, ast.Import) for alias in each.names]
    names += [each.module or "bench" for each in statements if isinstance(each, ast.ImportFrom)]
    packages = {name.partition(".")[0]: name for name in HEAVY}
    imports = {name.partition(".")[0] for name in names}
    if any(map(is_ours, names)) or imports - {*packages, *needs, *sys.stdlib_module_names, *sys.modules}:
        return {*HEAVY}
    return {name for package, name in packages.items() if package in imports or package in sys.modules}


def _definitions(name: str) -> list[Definition | WrapperDefinition]:
    """What is registered under the name of an entry: an optimizer, or a problem and the wrappers around it."""
    base, *wrappers = name.split("+")
    places = [(registry.PROBLEMS, base), (registry.OPTIMIZERS, name), *((registry.WRAPPERS, each) for each in wrappers)]
    return [held[key] for held, key in places if key in held]


def _module(definition: Definition | WrapperDefinition) -> str:
    """The module that holds a definition. What `exec` defined is in none that a child could import, as what the
    caller's script itself defines."""
    return definition.function.__module__ or HERE
