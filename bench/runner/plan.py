"""From a suite to run specifications: the grid, paired starts, skips with their reasons, and jobs."""

import difflib
import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from math import ceil, isfinite
from operator import attrgetter
from typing import Any

from bench.core import registry
from bench.core.ledger import CHECKPOINTS
from bench.core.objective import Objective
from bench.core.registry import OptimizerDefinition, ProblemDefinition
from bench.runner.suite import LANES, Entry, Group, Notice, Suite

CHUNK = 1_000  # single runs that share a child process at most: it gives back what it has no time for

MOST = 1_000_000  # runs of a suite, where nobody says that more are meant
STORED, PLANNED = 2_400, 1_200  # bytes of a run of ten values in results/NAME, and of one in memory while it is planned
CANONICAL = json.JSONEncoder(sort_keys=True, allow_nan=False).encode
BESIDE = ("skip", "dim", "dtype", "code", "pointwise", "lanes")  # facts of a specification that are no part of its key


@dataclass(frozen=True)
class RunSpec:
    """One run, wholly determined: two equal specifications give the same record, seconds aside."""

    problem: str
    parameters: Mapping[str, Any]
    instance: int
    optimizer: str
    hyperparameters: Mapping[str, Any]
    seed: int
    suite_seed: int
    budget: float
    prices: Mapping[str, float]
    gap: float  # f - f_opt at which the run ends
    restarts: bool
    deadline: float
    device: str
    dtype: str
    versions: tuple[int, int]  # of the definitions of problem and optimizer
    checkpoints: int = CHECKPOINTS
    solo: bool = False  # whether it is alone, and not a lane
    skip: str = field(default="", compare=False)  # the reason, where the run is not possible
    dim: int | None = field(default=None, compare=False)  # of the problem, where it could be built
    code: str = field(default="{}", compare=False)  # JSON, the hashes of the code of problem and optimizer
    pointwise: bool = field(default=False, compare=False)  # whether the problem is asked point by point
    lanes: int = field(default=LANES, compare=False)  # how many go in lockstep at most

    def key(self) -> str:
        """Canonical JSON of all that determines the record."""
        # dim and dtype follow from the problem, and are not known where it could not be built
        facts = {name: getattr(self, name) for name in OF_KEY}
        facts["target"] = facts.pop("gap")  # its first name, so that older results are resumed
        if not self.solo:  # as older ones had it
            del facts["solo"]
        return CANONICAL(facts)

    def hash(self) -> str:
        """sha256 of the key, in hexadecimal; computed once."""
        return self._hash

    @cached_property
    def _hash(self) -> str:
        return hashlib.sha256(self.key().encode()).hexdigest()

    def batch(self) -> str:
        """What runs of one lockstep batch have in common: all but instance, seed and, where it may, learning rate."""
        facts = {name: getattr(self, name) for name in FIELDS if name not in ("instance", "seed")}
        if registry.find_optimizer(self.optimizer).lane_rates:
            facts["hyperparameters"] = {key: v for key, v in self.hyperparameters.items() if key != "lr"}
        return json.dumps(facts, sort_keys=True)


FIELDS = tuple(each.name for each in fields(RunSpec))
OF_KEY = tuple(name for name in FIELDS if name not in BESIDE)
SHARED = ("parameters", "hyperparameters", "prices")  # mappings, each one object for many runs
plain_facts = attrgetter(*(name for name in FIELDS if name not in (*SHARED, "instance", "seed")))


def batches_of(specs: Sequence[RunSpec]) -> Iterator[str]:
    """`RunSpec.batch` of each, which is made once for runs that share all of it."""
    texts: dict[Any, str] = {}
    for spec in specs:
        facts = (plain_facts(spec), id(spec.parameters), id(spec.hyperparameters), id(spec.prices))
        if facts not in texts:
            texts[facts] = spec.batch()
        yield texts[facts]


@dataclass(frozen=True)
class Job:
    """Runs that belong together: the lanes of one batch, or a chunk of single runs; done one after the other."""

    specs: tuple[RunSpec, ...]
    lanes: bool


def number_of_runs(suite: Suite) -> int:
    """How many runs a suite plans, but for those at tuned settings and those that are named twice: nothing is planned
    for it."""
    return sum(
        sum(entry.size for entry in group.problems)
        * sum(entry.size for entry in group.optimizers)
        * len(group.instances)
        * group.seeds
        for group in suite.groups
    )


def check_number(runs: int, most: float = MOST) -> None:
    """Raise ValueError for more runs than that, with what they take."""
    if runs > most:
        raise ValueError(
            f"{runs:,} runs are planned, which take at least {runs * STORED / 1e9:,.3g} GB on disk and "
            f"{runs * PLANNED / 1e9:,.3g} GB of memory: more than {most:,} must be meant, say so by --yes "
            "(bench.run: most_runs=)"
        )


def plan(suite: Suite, device: str = "cpu", most: float = MOST) -> list[RunSpec]:
    """Every run of a suite, each once, in its order. device: "cpu", or "cuda" for the learning problems.

    Raises UnknownName for a name, and ValueError for a parameter, that the registries do not hold, for more runs than
    `most`, before any is planned, and for targets of a metric that no problem records.
    """
    check_number(number_of_runs(suite), most)
    specs: dict[str, RunSpec] = {}
    of_groups: list[tuple[Group, Mapping[str, Sequence[str] | None]]] = []
    for group in suite.groups:
        recorded: dict[str, Sequence[str] | None] = {}  # metrics by problem; None where it cannot be built here
        problems = [
            (entry, *setting) for entry in group.problems for setting in settled([entry], registry.find_problem)
        ]
        optimizers = settled(group.optimizers, registry.find_optimizer)
        for problem, definition, parameters in problems:
            tuned = [each for each in suite.tuning.found if each.family == definition.family] if suite.tuning else []
            entries = [entry for each in tuned for entry in (each.entry, each.entry.at(each.setting))]
            methods = [
                *optimizers,
                *settled(entries, registry.find_optimizer),
            ]  # as before tuning, and as it found best
            with problem.placed():
                made, _ = built = _objective(definition, group.instances[0], parameters)
                recorded[problem.text()] = None if made is None else list(made.metrics)
                for spec in _problem_specs(suite, group, definition, parameters, methods, device, built):
                    specs.setdefault(spec.hash(), spec)
        of_groups.append((group, recorded))
    _check_targets(suite, of_groups)
    _check_once(specs.values())
    return list(specs.values())


def _objective(
    problem: ProblemDefinition, instance: int, parameters: Mapping[str, Any]
) -> tuple[Objective | None, str]:
    """A problem, or None and why it cannot be built here."""
    if lacking := _lacks(problem):
        return None, lacking
    try:
        return problem.make(instance, **parameters), ""
    except registry.Unavailable as error:
        return None, str(error)


def _check_targets(suite: Suite, groups: Sequence[tuple[Group, Mapping[str, Sequence[str] | None]]]) -> None:
    """Raise ValueError for targets of a metric that no problem records; give notice of problems that do not record what
    others do. groups: each with the metrics of its problems, None where these cannot be built here."""
    of_suite = {name: metrics for _, recorded in groups for name, metrics in recorded.items()}
    for targets, recorded in ((suite.metric_targets, of_suite), *((group.metric_targets, of) for group, of in groups)):
        for target in targets:
            without = [name for name, metrics in recorded.items() if metrics is not None and target not in metrics]
            if len(without) == len(recorded):
                names = {metric for metrics in recorded.values() for metric in metrics or ()}
                near = difflib.get_close_matches(target, names, n=1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                there = [f"{name} records {', '.join(recorded[name] or ()) or 'none'}" for name in without]
                what = "metric_targets must be of metrics that a problem records"
                raise ValueError(f"{what}, got {target!r}{hint}: {'; '.join(there)}")
            if without:
                text = f"metric_targets: {target} has no target on {', '.join(without)}, where it is not recorded"
                warnings.warn(text, Notice, stacklevel=3)


def _check_once(specs: Iterable[RunSpec]) -> None:
    """Raise ValueError where one run is planned in two ways: its seeds would be counted twice."""
    texts: dict[int, str] = {}  # of values that many runs share, by their identity
    ways: dict[tuple[Any, ...], RunSpec] = {}
    for spec in specs:
        for values in (spec.parameters, spec.hyperparameters):
            if id(values) not in texts:
                texts[id(values)] = json.dumps(values, sort_keys=True)
        parameters, hyperparameters = texts[id(spec.parameters)], texts[id(spec.hyperparameters)]
        identity = (spec.problem, parameters, spec.instance, spec.optimizer, hyperparameters, spec.seed)
        other = ways.setdefault(identity, spec)
        if other is not spec:
            differs = [name for name in FIELDS if getattr(spec, name) != getattr(other, name)]
            raise ValueError(
                f"{spec.problem} with {spec.optimizer}, seed {spec.seed}, is planned twice, with another "
                f"{', '.join(differs)}: name the suites apart"
            )


def settled(entries: Iterable[Entry], find: Callable[[str], Any]) -> list[tuple[Any, dict[str, Any]]]:
    """Each definition with each setting of its grid, complete and cast."""
    grid = []
    for entry in entries:
        with entry.placed():
            definition = find(entry.name)
            for setting in entry.settings():
                settings = registry.settings(definition, setting)
                for key, value in settings.items():
                    if isinstance(value, float) and not isfinite(value):
                        raise ValueError(f"{definition.name}: {key} must be finite, got {value}")
                grid.append((definition, settings))
    return grid


def _problem_specs(
    suite: Suite,
    group: Group,
    problem: ProblemDefinition,
    parameters: Mapping[str, Any],
    optimizers: Sequence[tuple[OptimizerDefinition, Mapping[str, Any]]],
    device: str,
    built: tuple[Objective | None, str],
) -> Iterable[RunSpec]:
    """built: the problem, or None and why it cannot be built here."""
    objective, unavailable = built
    # one value for all runs that share it: they are many
    parameters, prices = plain(parameters), dict(suite.prices)
    restarts = group.restarts if group.restarts is not None else objective is not None and not objective.scored
    for optimizer, hyperparameters in optimizers:
        hyperparameters = plain(hyperparameters)
        hashes = {
            "optimizer": registry.fingerprint(optimizer.function),
            "problem": registry.fingerprint(problem.function),
        }
        code = json.dumps(hashes)
        reason = unavailable or _lacks(optimizer) or (misfit(objective, optimizer) if objective else "")
        for instance in group.instances:
            for seed in range(group.seeds):
                yield RunSpec(
                    problem=problem.name,
                    parameters=parameters,
                    instance=instance,
                    optimizer=optimizer.name,
                    hyperparameters=hyperparameters,
                    seed=seed,
                    suite_seed=suite.seed,
                    budget=group.budget,
                    prices=prices,
                    gap=group.gap,
                    restarts=restarts,
                    deadline=group.deadline,
                    # what pays on a GPU is learning; the rest is faster beside the method
                    device=device if objective is not None and objective.arrays == "torch" else "cpu",
                    dtype=objective.dtype if objective is not None else "float64",
                    versions=(problem.version, optimizer.version),
                    skip=reason,
                    solo=group.solo,
                    dim=None if objective is None else objective.dim,
                    code=code,
                    pointwise=objective is not None and objective.vectorised is False,
                    lanes=group.lanes,
                )


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON would give it back: tuples are lists."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _lacks(definition: registry.Definition) -> str:
    """What is not installed, or ""."""
    lacking = registry.missing(definition)
    how = registry.how_to_install(lacking) if lacking else ""
    return f"{definition.name} needs {', '.join(lacking)}, which is not installed: {how}" if lacking else ""


def misfit(objective: Objective, optimizer: OptimizerDefinition) -> str:
    """Why the optimizer cannot be run on the problem, or ""."""
    if alien := objective.domain.all_kinds - set(optimizer.kinds):
        has, takes = ", ".join(sorted(alien)), ", ".join(optimizer.kinds)
        return f"{objective.name} has coordinates of kind {has}, {optimizer.name} takes {takes}"
    if optimizer.structure == "residuals" and objective.residuals is None:
        return f"{objective.name} is not a least-squares problem, {optimizer.name} asks for residuals"
    if optimizer.structure == "composite" and objective.composite is None:
        return f"{objective.name} has no known network inside, {optimizer.name} needs one"
    if optimizer.order > objective.order:
        asks = ("values", "gradients", "Hessian-vector products")
        return (
            f"{objective.name} answers up to {asks[objective.order]} (order {objective.order}), "
            f"{optimizer.name} needs {asks[optimizer.order]} (order {optimizer.order})"
        )
    return ""


def jobs(specs: Sequence[RunSpec], done: Callable[[RunSpec], bool], workers: int = 1) -> list[Job]:
    """The work that is left: lockstep batches at full width where any of their runs is missing, chunks of the others,
    which are no larger than leaves work for all workers.

    Batches follow from the specs alone, never from what is missing, so that a resumed run gives the same records.
    Where a problem is asked point by point no seconds are saved in lockstep: there each run is alone, which gives the
    same record, but for its width.
    """
    missing = {spec.hash() for spec in specs if not (spec.skip or done(spec))}
    if not missing:
        return []
    chunk = min(CHUNK, max(1, ceil(len(missing) / workers)))
    batches: dict[str, list[tuple[int, RunSpec]]] = {}
    for number, (spec, batch) in enumerate(zip(specs, batches_of(specs), strict=True)):
        if not spec.skip:
            batches.setdefault(batch, []).append((number, spec))
    work: list[tuple[int, Job]] = []  # by the number of the first run
    for batch in batches.values():
        first = batch[0][1]
        lanes = registry.find_optimizer(first.optimizer).lanes and not (first.pointwise or first.solo)
        runs = batch if lanes else [run for run in batch if run[1].hash() in missing]
        size = first.lanes if lanes else chunk
        for group in (runs[at : at + size] for at in range(0, len(runs), size)):
            specs_of_group = tuple(spec for _, spec in group)
            if any(spec.hash() in missing for spec in specs_of_group):
                work.append((group[0][0], Job(specs_of_group, lanes)))
    return [job for _, job in sorted(work, key=lambda numbered: numbered[0])]
