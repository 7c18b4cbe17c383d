"""What users call from Python; `bench` offers these names."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from inspect import signature
from math import inf, isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.answer import answer
from bench.calls import compare_call, minimize_call
from bench.candidates import candidates
from bench.core import registry
from bench.core.domain import Array
from bench.core.failures import Failures
from bench.core.ledger import EVENT, PRICES
from bench.core.objective import Objective
from bench.core.oracle import books_of
from bench.core.shown import as_html, as_text, printable
from bench.core.status import RETRIED, statuses
from bench.functions import Function, check_budget, is_default, registered, scores
from bench.measure import words
from bench.measure.failed import failed_evaluations_text
from bench.measure.inference import seeds_needed
from bench.measure.racing import race
from bench.report.page import write_report
from bench.report.plot import Plot
from bench.results import combined, stored
from bench.results.merged import merge as merge_folders
from bench.runner import PACKAGES, clock
from bench.runner.campaign import run_suite
from bench.runner.choose import choose_suite
from bench.runner.devices import on_device
from bench.runner.environment import resolve_device
from bench.runner.execute import one_thread
from bench.runner.launch import PATIENCE, Launch
from bench.runner.plan import MOST, misfit, plan
from bench.runner.shards import parse_shard, places
from bench.runner.single import fault, first_failure, open_oracle, play
from bench.runner.store import Store, StoreError
from bench.runner.suite import Suite, Tuning, make_suite, parse_entry
from bench.runner.timing import estimated_seconds
from bench.runner.trial import SLOW, Expected, Trial, placed, prepare, tried
from bench.tuning.search import tune as tune_suite
from bench.tuning.settings import with_tuned
from bench.watching import QUIET, Pace, watching

if TYPE_CHECKING:
    import pandas as pd

    from bench.track.history import History

RESULTS = Path("results")
REPORTS = Path("reports")
SEEDS, ROUNDS = 5, 25  # of `compare`, by default: of one optimizer, and at most of several
TOLD = 10.0  # seconds of a comparison, from which on it is said before it begins how long it takes


class Results(stored.Results):
    """The runs of one folder: frames, measures and figures."""

    @property
    def plot(self) -> Plot:
        """The figures, for a notebook: `results.plot.ecdf()` answers with an Axes of matplotlib."""
        return Plot(self)


class Several(combined.Combined, Results):
    """The runs of several folders beside each other."""


@dataclass(frozen=True)
class Run:
    """One run. error: what failed first, and why it ended. counts: of each question, in rows of data. best, best_x: the
    lowest value (of a function that is maximized the highest) and its point (dim,), or what a function takes.
    trajectory: a frame, one row an event, with cumulative counts, seconds inside and outside the problem, value f.
    failed_values: evaluations that failed, where failures are tolerated. optimizer, seed: as they were given. call: the
    line of Python that makes the run again, with the names of what no line can hold."""

    status: str
    error: str
    counts: Mapping[str, int]
    first: float
    best: float
    best_x: Any
    inside: float
    outside: float
    trajectory: "pd.DataFrame"
    failed_values: int = 0
    optimizer: str = ""
    seed: int = 0
    call: str = ""

    def __repr__(self) -> str:
        return as_text(*self._shown())

    def _repr_html_(self) -> str:
        return as_html(*self._shown())

    def _shown(self) -> tuple[str, dict[str, str]]:
        with np.printoptions(threshold=20, edgeitems=5, linewidth=10**6):
            best_x = str(self.best_x)
        asked = ", ".join(f"{n:,} {question.replace('_', ' ')}" for question, n in self.counts.items() if n)
        facts = {
            "best": f"{self.best:.6g}, from {self.first:.6g}",
            "best_x": best_x,
            "asked": asked or "nothing",
            "failed": f"{self.failed_values:,} evaluations" if self.failed_values else "",
            "seconds": f"{self.inside:.3g} inside the problem, {self.outside:.3g} outside",
            "trajectory": f"{words.counted(len(self.trajectory), 'event')}",
            "error": self.error.strip().rpartition("\n")[2],
            "again": self.call,
        }
        title = f"Run of {self.optimizer}, seed {self.seed}, that ended with status {self.status}"
        return title, {name: fact for name, fact in facts.items() if fact}


def make(problem: str, *, instance: int = 1, **parameters: Any) -> Objective:
    """A registered problem: `make("rosenbrock", dim=10)`, or as the command line has it `make("rosenbrock[dim=10]")`.
    Raises ValueError for an unknown name or parameter, and for one that is there twice or has several values."""
    registry.load(PACKAGES)
    entry = parse_entry(problem)
    if "instance" in entry.grid:
        raise ValueError(f"instance must be an argument, as in make({entry.name!r}, instance=2), got {problem!r}")
    if both := sorted(set(entry.grid) & set(parameters)):
        raise ValueError(f"{both[0]} must be given once, got {problem!r} and {both[0]}={parameters[both[0]]!r}")
    return registry.find_problem(entry.name).make(instance, **entry.setting(), **parameters)


def minimize(
    objective: Objective | Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]],
    optimizer: str,
    *,
    budget: float,
    seed: int = 0,
    start: Array | None = None,
    prices: Mapping[str, float] = PRICES,
    gap: float = 1e-8,
    target: float | None = None,
    deadline: float = inf,
    restarts: bool | None = None,
    device: str = "cpu",
    bounds: Any = None,
    names: Sequence[str] = (),
    integers: Any = (),
    categories: Mapping[Any, Sequence[Any]] | None = None,
    log: Any = (),
    maximize: bool = False,
    noise: bool = False,
    failures: Failures = "nan",
) -> Run:
    """One run of a registered optimizer, here and now: `minimize(f, "torch-adam[lr=0.1]", budget=3000)`.

    budget: cost in prices. The run ends at f_opt + gap, where f_opt is known, or at target, a value of f: whichever is
    met first. restarts: whether a method that returns early begins again; None: where there is neither data nor noise.
    A function, or a pair of function and gradient, goes with a start: f, start, bounds, names, integers, categories,
    log, maximize, noise and failures are as of `compare`; best_x is what f takes, all values have f's own sign, and of
    noisy ones they are means of fresh values. Raises ValueError for what does not fit.
    """
    import pandas as pd

    described = {
        "bounds": bounds, "names": names, "integers": integers, "categories": categories, "log": log,
        "maximize": maximize, "noise": noise, "failures": failures,
    }  # fmt: skip
    of: Function | Objective
    if isinstance(objective, Objective):
        _refuse_described(minimize, described)
        of, arguments = objective, {"start": start}
    elif start is None or not (callable(objective) or isinstance(objective, tuple)):
        raise ValueError(f"minimize takes an Objective of bench.make, or a function with start=; got {objective!r}")
    else:
        of, arguments = Function(objective, start, **described), {}
        objective, start = of.objective(budget), None
    numbers = {"gap": gap, "target": 0.0 if target is None else target, "budget": budget, "deadline": deadline}
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, (int, float, np.number)):
            raise ValueError(f"{name} must be a number, got {number!r}")
    if restarts not in (True, False, None):
        raise ValueError(f"restarts must be True, False or None, got {restarts!r}")
    if not deadline > 0:
        raise ValueError(f"deadline must be > 0 seconds, got {deadline!r}")
    registry.load(PACKAGES)
    entry = parse_entry(optimizer)
    definition = registry.find_optimizer(entry.name)
    hyperparameters = registry.settings(definition, entry.setting())
    if reason := misfit(objective, definition):
        raise ValueError(reason)
    if not 0 <= gap < inf:
        raise ValueError(f"gap must be a number >= 0, got {gap!r}")
    if target is not None and not isfinite(target):
        raise ValueError(f"target must be a finite value of f, got {target!r}")
    sign, as_given = -1 if maximize else 1, (target, restarts)
    target = -inf if target is None else sign * target
    options = {"start": start, "prices": prices, "deadline": deadline}
    options["device"] = resolve_device(Launch(device=device).device)
    restarts = not objective.scored if restarts is None else restarts
    with one_thread(), on_device(options["device"]):
        oracle = open_oracle(objective, definition, budget, seed, gap=gap, target=target, **options)
        error = play(oracle, definition.function, hyperparameters, restarts)
    ledger = books_of(oracle).ledgers[0]
    error = "\n".join(filter(None, (first_failure(ledger, objective), error or fault(ledger, objective))))
    columns = [*EVENT, *objective.metrics]
    trajectory = pd.DataFrame(ledger.events, columns=columns)
    trajectory["f"] *= sign
    best_x: Any = None if ledger.best_x is None else objective.shown(ledger.best_x)
    ends = (sign * ledger.first + 0.0, sign * ledger.best + 0.0, best_x, ledger.inside, ledger.outside)
    arguments |= {
        "prices": prices, "gap": gap, "target": as_given[0], "deadline": deadline, "restarts": as_given[1],
        "device": device,
    }  # fmt: skip
    call = minimize_call(of, optimizer, budget, seed=seed, **_unusual(minimize, arguments))
    return Run(str(ledger.status), error, oracle.counts, *ends, trajectory, ledger.failed, optimizer, seed, call)


def _unusual(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those arguments of a function that are not its defaults."""
    defaults = {name: parameter.default for name, parameter in signature(function).parameters.items()}
    return {name: value for name, value in arguments.items() if not is_default(value, defaults[name])}


def _refuse_described(function: Callable[..., Any], described: Mapping[str, Any]) -> None:
    """Raise ValueError for arguments that say what a user's function is, beside an Objective."""
    if names := [*_unusual(function, described)]:
        verb = "goes" if len(names) == 1 else "go"
        raise ValueError(f"{words.joined_by_and(names)} {verb} with a function: an Objective has its own")


def run(
    suite: str | Path | Suite | None = None,
    *,
    problems: Sequence[str] = (),
    optimizers: Sequence[str] = (),
    budget: float | None = None,
    seeds: int | None = None,
    instances: Sequence[int] = (),
    name: str | None = None,
    tuned: str | Path | None = None,
    workers: int | None = None,
    scheduler: str = "",
    device: str = "auto",
    imports: Sequence[str] = (),
    retry: Sequence[str] = (),
    fresh: bool = False,
    stale: str = "",
    until: str = "",
    deadline: float | None = None,
    within: Any = None,
    lanes: int | None = None,
    patience: Any = PATIENCE,
    most_runs: float = MOST,
    shard: str | None = None,
    report: bool = True,
) -> Results:
    """Run a suite (its name, a TOML path or a `Suite`), or every named problem with every named optimizer.

    What is stored under results/<name> already is not run again. Writes the report to reports/<name>, and answers with
    the results. Warns of problems with impossible values, see `Results.faults`.

    budget, seeds, instances: of each run, how many, which; by default those of the suite, else 1000, 15 and (1,).
    tuned: a file that `tune` wrote: its optimizers are run as they are, and as tuned for the family of each problem; by
    default that of the suite, if it names one.
    workers: processes at once, by default one a core. scheduler: of a cluster of Dask whose workers do the runs,
    tcp://HOST:PORT, or tls://HOST:PORT with certificates; "local" for one in this process; workers are then the runs at
    once, by default all that they can do. device: "auto", "cpu" or "cuda"; on a cluster, GPUs of workers that offer
    them. imports: modules that register further problems and optimizers. retry: what to do again, see
    `bench.core.status.RETRIED`. fresh: begin anew.
    stale: stored runs whose code has changed are done again, unless "keep"; "versions": those of other libraries too.
    until: "significant": seeds are the rounds of a race, in which optimizers that are significantly worse on a problem
    leave (see `bench.measure.racing`); what it leaves out is stored with status "left".
    lanes: how many runs go in lockstep at most, which changes no record, but for its seconds; by default those of the
    suite, else 64. `python -m bench doctor --benchmark` tells how many pay on a machine.
    deadline, within, patience: as of `compare`; by default a run has the suite's deadline. What within= left no time is
    stored as cut or unbegun, and done by the same call again. most_runs: more are refused, before they are planned.
    shard: "3/16": the third of 16 parts, for one of several machines; its results have the name quick-03-of-16, and
    `merge` makes one folder of all.
    Raises ValueError for what does not fit, before anything is written.
    """
    end = inf if within is None else monotonic() + clock.seconds(within, "within")
    patience = clock.seconds(patience, "patience")
    limits = {"end": end, "patience": patience, "most": most_runs, "scheduler": scheduler}
    launch = Launch(workers, device, imports, retry, fresh, stale, referee=race, **limits)
    launch.load()
    deadline = deadline if deadline is None else clock.seconds(deadline, "deadline")
    suite = choose_suite(
        suite, problems, optimizers, budget=budget, seeds=seeds, instances=instances, name=name, until=until,
        deadline=deadline, lanes=lanes, shard=parse_shard(shard),
    )  # fmt: skip
    suite = with_tuned(suite, tuned, optimizers)
    say_how_long(suite, launch)
    results = Results(run_suite(suite, RESULTS / suite.name, launch).folder)
    _warn_of_faults(results)
    _say_what_failed(results)
    if report:
        write_report(results, REPORTS / suite.name)
    return results


def say_how_long(suite: Suite, launch: Launch) -> None:
    """Say what the runs of a suite for a GPU take where there is none."""
    if suite.device == "cuda" and not launch.scheduler and resolve_device(launch.device) == "cpu":
        with one_thread():
            specs = plan(suite, most=launch.most)
            seconds = estimated_seconds([specs[place] for place in places(specs, suite.shard)])
        launch.watcher.changed(words.without_gpu(suite.name, seconds, launch.processes))


def _warn_of_faults(results: Results) -> None:
    """Warn the caller of each problem that gave values below its f_opt, or -inf."""
    for row in results.shown_faults():
        warnings.warn(f"{words.IMPOSSIBLE}: {words.fault(row)}", stacklevel=3)


def _say_what_failed(results: Results) -> None:
    """Print how many evaluations failed, where any did."""
    if text := failed_evaluations_text(results.comparison.runs):
        print(printable(text))


def tune(
    suite: str | Path | Suite,
    optimizers: Sequence[str] = (),
    *,
    settings: int = 30,
    seeds: int = 3,
    search: str = "sobol",
    budget: float | None = None,
    name: str | None = None,
    workers: int | None = None,
    scheduler: str = "",
    device: str = "auto",
    imports: Sequence[str] = (),
    retry: Sequence[str] = (),
    fresh: bool = False,
    stale: str = "",
) -> Tuning:
    """Find the best setting of each optimizer for each family of a suite's problems, each among as many settings.

    The runs are stored in results/<name>-tuning, what is there already is not run again, and the settings go to
    tuned.toml beside them (`Tuning.path`), for `run(..., tuned=)`. How they are judged: see `bench.tuning.search`.

    optimizers: names; hyperparameters in brackets are held fixed, of several values one is chosen; by default those of
    the suite. settings: of each optimizer, its default one among them. seeds: runs of each setting on each problem and
    tuning instance. search: "sobol", "halton", "tpe" or, for networks, "rates". The other arguments are those of `run`.
    """
    launch = Launch(workers, device, imports, retry, fresh, stale, scheduler=scheduler)
    launch.load()
    suite = choose_suite(suite, budget=budget, name=name)
    optimizers = [optimizers] if isinstance(optimizers, str) else optimizers
    return tune_suite(suite, optimizers, RESULTS, launch, settings=settings, seeds=seeds, search=search)


def history(
    sources: Sequence[str | Path], *, worse: float = 0.1, order: str | None = None, imports: Sequence[str] = ()
) -> "History":
    """What optimizers reached over many stored versions: folders, or names under results/; or JSON files that
    pytest-benchmark saved, or folders of them. See `bench.track.history`, which says what the arguments are.

    Raises ValueError for what cannot be compared.
    """
    from bench.track.history import history, saved_benchmarks

    registry.load(PACKAGES, imports)
    places = [Path(source) if saved_benchmarks(Path(source)) else load(source, imports) for source in sources]
    return history(places, worse, order)


def load(source: str | Path | Sequence[str | Path], imports: Sequence[str] = ()) -> Results:
    """The results of a folder, or of a name under results/; of several beside each other. Raises ValueError where there
    are none.

    imports: modules that registered what was run, where it is not ours: their defaults are left out of labels.
    """
    registry.load(PACKAGES, imports)
    if not isinstance(source, (str, Path)):
        members = [load(folder) for folder in source]
        return members[0] if len(members) == 1 else Several(members)
    return Results(folder_of(source))


def merge(sources: Sequence[str | Path], into: str | Path, imports: Sequence[str] = ()) -> Results:
    """Make one folder of results of several, as of the shards of a suite from several machines, and load it.

    sources: folders, or names under results/. into: the name of a new one, or of an earlier merge, which then takes
    part. Warns of damaged runs, which are left out, and of versions that differ. Raises ValueError, and writes nothing,
    for what does not go together: see `bench.results.merged.merge`.
    """
    done = merge_folders(
        [folder_of(source) for source in sources], RESULTS / into if len(Path(into).parts) < 2 else Path(into)
    )
    for sentence in (*done.damaged, *done.notes):
        warnings.warn(sentence, stacklevel=2)
    return load(done.folder, imports)


def folder_of(source: str | Path) -> Path:
    """The folder of a name under results/, or the one that is named."""
    path = Path(source)
    return path if path.exists() or len(path.parts) > 1 else RESULTS / path


def compare(
    f: Objective | Callable[..., Any] | tuple[Callable[..., Any], Callable[..., Any]],
    start: Array | None = None,
    *,
    budget: float = 2000,
    optimizers: Sequence[str] = (),
    seeds: int | None = None,
    bounds: Any = None,
    names: Sequence[str] = (),
    integers: Any = (),
    categories: Mapping[Any, Sequence[Any]] | None = None,
    log: Any = (),
    maximize: bool = False,
    noise: bool = False,
    spread: float = 0.1,
    f_opt: float | None = None,
    failures: Failures = "nan",
    until: str | None = None,
    name: str | None = None,
    workers: int | None = None,
    deadline: Any = None,
    within: Any = None,
    patience: Any = PATIENCE,
    report: bool = True,
) -> Results:
    """Which optimizer for my function? Runs several on it, prints the answer with its evidence, the medians at the
    budget and the lines that run the winner, and answers with the results.

    f: a function of a vector (dim,) that gives a number; or the pair of that and the gradient (dim,), as for SciPy's
        jac=True; or a pair of two functions, one for each. Where start is a torch tensor, f takes and gives tensors,
        and torch differentiates it. Or an Objective, of `bench.make` or `bench.from_module`, which has its own start,
        bounds, kinds, noise, f_opt and failures: these arguments are then refused.
    start: a point (dim,) near which every run begins: each seed at start + spread * scale * N(0, 1), the same points
        for all optimizers, where scale is a fifth of a coordinate's width, or without bounds |start_i|, 1 where
        that is 0. spread = 0 begins all runs at the point itself.
    budget: cost of each run: a value costs 1, a value with gradient 3, a Hessian-vector product 6.
    optimizers: names, with hyperparameters in brackets; by default those of `bench.candidates`, by the orders
        that f can answer and the budget a coordinate.
    bounds: pairs [(low, high), ...], one a coordinate, None for an open end; two numbers for all;
        `scipy.optimize.Bounds`; or a mapping by number or name. Where low == high the coordinate is fixed: f sees it,
        while optimizers have the others alone.
    names: of all coordinates: f takes them as keywords. start may then be a mapping, whose names they are.
    integers, log: coordinates, by number or name, that are whole numbers, which need bounds, or are searched in their
        logarithm, for which start and bounds are > 0. categories: by coordinate the values that it takes, which may be
        anything; start has one of them. f hears whole numbers in the array, and the category itself, in an array of
        objects; as keywords whole numbers are int. Beside whole numbers and categories no gradients are asked.
    maximize: whether f is maximized. What is printed, `results.best()` and f_opt have the sign of f; the problem of the
        page and of all frames is -f, and is called minus-NAME. f_opt: the minimum (the maximum), if known; a value
        below it, or of -inf, is warned of.
    noise: whether f gives other values each time. Each run is then judged by the mean of fresh values at the point that
        its optimizer recommends: at its start, at 5 checkpoints (at halves of the budget) and at its end, beside the
        budget and its clock, in all a fifth of it (`bench.functions.scores`). Of fresh values that fail the mean is
        that of the others; where all fail it is inf. Seeds pair the starts, not the noise, which f draws itself.
    failures: what an exception of f is, or NaN. "nan": a failed evaluation, charged and counted; the optimizer hears
        inf for the value and NaN for a gradient, the run goes on, and at the end it is said how many failed. "raise":
        an exception ends the run as crashed.
    seeds: runs of each; by default the fewest with which the best of so many optimizers can be significantly better
        than another (6 of up to 6 optimizers, 9 of 20; 5 of one), and 25 at most in a race. until: "significant": a
        race, in which who is significantly worse leaves (see `run`), until one is left or nothing more can be told.
    workers: processes at once; 1: everything in this one. By default 2, on as many cores, where f takes over 5 ms,
        else 1. In a process of its own a function prints nothing, and what it changes outside of itself is not seen
        here. A function travels there by cloudpickle; where it cannot, or gives another value there, all runs are made
        here, and it is said why. The records are the same, seconds aside.
    deadline, within: seconds of a run, and of all together; or a text as "90s", "20min", "2h". A run that meets either
        keeps what it has; how many had no time within= is said. By default a run has 600 s, or, where its values take
        over 200, a multiple of that which is three times as long. How long all takes is said before it begins, where
        that is over 10 s; with within= it is a race, where there is more than one optimizer, unless until="" says
        otherwise. Interrupting (Ctrl-C) ends as within= does, but runs under way are lost.
    patience: seconds, or such a text, between two questions after which an optimizer in a process of its own is ended
        as killed; or 10 times its longest question, where that is more.
    name: keeps the runs in results/<name> and, with report, writes reports/<name>; without a name nothing is kept on
        disk. Runs of an earlier comparison under the name that are of the same f (its code, what it encloses, and all
        that is said of it here; or a registered problem) are kept, so that more seeds or optimizers run what is
        missing, and another budget beside them; those of another are set aside, not lost. It is said which.
    """
    began, span = monotonic(), inf if within is None else clock.seconds(within, "within")
    deadline = deadline if deadline is None else clock.seconds(deadline, "deadline")
    patience = clock.seconds(patience, "patience")
    end = began + span
    how = Launch(workers, fresh=True, pictures=False, referee=race, end=end, interruptible=True, patience=patience)
    described = {
        "bounds": bounds, "names": names, "integers": integers, "categories": categories, "log": log,
        "maximize": maximize, "noise": noise, "failures": failures,
    }  # fmt: skip
    of: Function | Objective
    trial: Trial | None = None
    check_budget(budget)
    if isinstance(f, Objective):
        _refuse_described(compare, {"start": start, "spread": spread, "f_opt": f_opt, **described})
        of = objective = f
        trial = tried(objective)
        took = max(trial.value, trial.gradient)
    else:
        of = Function(f, start, **described)
        before = monotonic()
        objective = of.objective(budget, spread, f_opt)
        took = monotonic() - before
    optimizers = [optimizers] if isinstance(optimizers, str) else optimizers
    if not optimizers:
        optimizers = candidates(objective, budget)
    registry.load(PACKAGES)
    with registered(objective) as entry, TemporaryDirectory() as scratch:
        problem = entry.name
        suite = make_suite([problem], optimizers, budget, name or "comparison", seeds=1)
        group = replace(suite.groups[0], problems=(entry,), instances=(objective.instance if objective.made else 1,))
        suite = replace(suite, groups=(group,))
        methods = [spec for spec in plan(suite) if not spec.skip]
        until = until if until is not None else "significant" if within is not None and len(methods) > 1 else ""
        if seeds is None:
            alone = len(methods) < 2
            seeds = ROUNDS if until else SEEDS if alone else min(seeds_needed(len(methods)), ROUNDS)
        suite = replace(suite, until=until, groups=(replace(suite.groups[0], seeds=seeds),))
        evaluations = len(methods) * seeds * budget
        slow = took > SLOW or took * evaluations > QUIET or how.workers not in (None, 1)
        if took > SLOW:
            prepare(how, objective, suite)
        fresh, checkpoints = scores(budget) if noise else (0, 0)
        trial = trial or (tried(objective) if slow else Trial(value=took))
        expected = Expected(trial, fresh * (checkpoints + 2))
        deadline = deadline or expected.deadline(methods, suite.groups[0].deadline)
        suite = replace(suite, groups=(replace(suite.groups[0], deadline=deadline),))
        options = {"optimizers": list(optimizers), "seeds": seeds, "until": until, "f_opt": f_opt, "name": name}
        command = compare_call(of, budget, **{key: value for key, value in options.items() if value not in (None, "")})
        identity = "" if isinstance(of, Objective) else of.identity(spread, f_opt)
        facts = {} if isinstance(of, Objective) else {"function": {**of.described(budget), "identity": identity}}
        folder = RESULTS / suite.name if name else Path(scratch) / suite.name
        resumes = _is_of(folder, identity, objective)
        how = replace(how, command=command, facts=facts, fresh=not resumes, retry=RETRIED if resumes else ())
        launch, why_here = placed(how, objective, problem, suite, trial, fresh)
        if why_here:
            print(words.runs_here(problem, why_here))
        specs = plan(suite)
        if (total := expected.total(specs, launch.processes)) > TOLD:
            times = (expected.trial.value, launch.processes, total, span)
            print(words.estimate(len(methods), seeds, budget, *times, raced=bool(until)))
        with watching(Pace.of(specs, expected, launch.processes, launch.end)) as watcher:
            earlier = set(folder.glob("runs-*.db"))
            campaign = run_suite(suite, folder, replace(launch, watcher=watcher))
        for kept in sorted(set(folder.glob("runs-*.db")) - earlier):
            print(words.set_aside(kept))
        if resumes and campaign.there:
            print(words.resumed(campaign.there, campaign.planned))
        results = Results(folder)
        if not isinstance(of, Objective):
            results.coordinates = of.coordinates  # categories as themselves
        ran = bool(results.runs.status.isin(statuses("ran")).any())
        if campaign.interrupted and not ran:
            raise KeyboardInterrupt
        if unfinished := words.unfinished(results.runs):
            print(printable(unfinished))
        _warn_of_faults(results)
        _say_what_failed(results)
        if ran or not unfinished:
            print(printable(answer(results, of, budget, objective.both is not None)))
        if report and name:
            print(f"\nReport: {write_report(results, REPORTS / name)}")
        return results


def _is_of(folder: Path, identity: str, objective: Objective) -> bool:
    """Whether what a folder holds is of this function, by `Function.identity`, or of this registered problem."""
    try:
        with closing(Store(folder)) as store:
            manifest = store.manifest()
    except StoreError:
        return False
    function, groups = manifest.get("function", {}), manifest.get("suite", {}).get("groups", [])
    if function or not objective.made:
        return bool(identity) and function.get("identity") == identity
    return {entry["name"] for group in groups for entry in group["problems"]} == {objective.name}
