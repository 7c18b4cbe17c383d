"""What users call from Python; `bench` offers these names."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf, isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core import registry
from bench.core.domain import Array, Domain
from bench.core.ledger import QUESTIONS
from bench.core.objective import Objective
from bench.core.oracle import PRICES
from bench.core.registry import PROBLEMS, ProblemDefinition
from bench.results import combined, stored
from bench.runner import PACKAGES
from bench.runner.campaign import Campaign, Quiet, run_suite
from bench.runner.environment import cores, resolve_device
from bench.runner.execute import one_thread
from bench.runner.plan import RunSpec, misfit
from bench.runner.single import open_oracle, play
from bench.runner.suite import Suite, Tuning, load_suite, make_suite, parse_entry
from bench.tune.search import tune as tune_suite
from bench.tune.settings import read_tuned, write_tuned

if TYPE_CHECKING:
    import pandas as pd

    from bench.report.plot import Plot

RESULTS = Path("results")
REPORTS = Path("reports")

# what `compare` tries on a function of each order where it is not told
CANDIDATES: Mapping[int, Sequence[str]] = {
    0: (
        "random-search",
        "scipy-nelder-mead",
        "nevergrad-CMA",
        "nevergrad-DE",
        "nevergrad-OnePlusOne",
        "spsa-adam",
        "es-adam",
    ),
    1: ("scipy-lbfgsb", "scipy-bfgs", "scipy-cg", "gradient-descent", "torch-adam[lr=0.01,0.1]"),
    2: ("scipy-newton-cg",),
}


class Results(stored.Results):
    """The runs of one folder: frames, measures and figures."""

    @property
    def plot(self) -> "Plot":
        """The figures, for a notebook: `results.plot.ecdf()` answers with an Axes of matplotlib."""
        from bench.report.plot import Plot

        return Plot(self)


class Several(combined.Combined, Results):
    """The runs of several folders beside each other."""


@dataclass(frozen=True)
class Run:
    """One run. counts: questions by kind, in rows of data. best, best_x: the least value and its point (dim,).
    trajectory: a frame, one row an event, with cumulative counts, seconds inside and outside the problem, value f."""

    status: str
    error: str
    counts: Mapping[str, int]
    first: float
    best: float
    best_x: np.ndarray | None
    inside: float
    outside: float
    trajectory: "pd.DataFrame"


def make(problem: str, *, instance: int = 1, **parameters: Any) -> Objective:
    """A registered problem: `make("rosenbrock", dim=10)`. Raises ValueError for an unknown name or parameter."""
    registry.load(PACKAGES)
    return registry.find_problem(problem).make(instance, **parameters)


def minimize(
    objective: Objective,
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
) -> Run:
    """One run of a registered optimizer, here and now: `minimize(f, "torch-adam[lr=0.1]", budget=3000)`.

    budget: cost in prices. The run ends at f_opt + gap, where f_opt is known, or at target, a value of f: whichever is
    met first. restarts: whether a method that returns early begins again; None: where there is neither data nor noise.
    Raises ValueError for what does not fit.
    """
    import pandas as pd

    registry.load(PACKAGES)
    named = parse_entry(optimizer)
    definition = registry.find_optimizer(named.name)
    settings = [registry.settings(definition, given) for given in named.settings()]
    if len(settings) != 1:
        raise ValueError(f"{optimizer!r} is a grid of {len(settings)} settings; a run takes one")
    if reason := misfit(objective, definition):
        raise ValueError(reason)
    if not 0 <= gap < inf:
        raise ValueError(f"gap must be a number >= 0, got {gap!r}")
    if target is not None and not isfinite(target):
        raise ValueError(f"target must be a finite value of f, got {target!r}")
    oracle = open_oracle(
        objective,
        definition,
        budget,
        seed,
        gap=gap,
        target=-inf if target is None else target,
        start=start,
        prices=prices,
        deadline=deadline,
        device=device,
    )
    with one_thread():
        error = play(oracle, definition.function, settings[0], not objective.scored if restarts is None else restarts)
    ledger = oracle.ledgers[0]
    columns = [*QUESTIONS, "inside", "outside", "f", *objective.metrics]
    return Run(
        status=ledger.status,
        error=error,
        counts=oracle.counts,
        first=ledger.first,
        best=ledger.best,
        best_x=ledger.best_x,
        inside=ledger.inside,
        outside=ledger.outside,
        trajectory=pd.DataFrame(ledger.events, columns=columns),
    )


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
    device: str = "auto",
    imports: Sequence[str] = (),
    retry: Sequence[str] = (),
    fresh: bool = False,
    report: bool = True,
    watcher: Quiet | None = None,
    command: str = "",
) -> Results:
    """Run a suite (its name, a TOML path or a `Suite`), or every named problem with every named optimizer.

    What is stored under results/<name> already is not run again. Writes the report to reports/<name>, and answers with
    the results.

    budget, seeds, instances: of each run, how many, which; by default those of the suite, else 1000, 15 and (1,).
    tuned: a file that `tune` wrote: its optimizers are run as they are, and as tuned for the family of each problem.
    workers: processes at once, by default one a core. device: "auto", "cpu" or "cuda". imports: modules that register
    further problems and optimizers. retry: what to do again: "killed", "crashed", "damaged". fresh: begin anew.
    Raises ValueError for what does not fit, before anything is written.
    """
    chosen = choose_suite(suite, problems, optimizers, budget, seeds, instances, name, imports, tuned)
    campaign = launch(
        chosen,
        workers=workers,
        device=device,
        imports=imports,
        retry=retry,
        fresh=fresh,
        watcher=watcher,
        command=command,
    )
    results = Results(campaign.folder)
    if report:
        write_report(results, REPORTS / chosen.name)
    return results


def choose_suite(
    suite: str | Path | Suite | None,
    problems: Sequence[str],
    optimizers: Sequence[str],
    budget: float | None,
    seeds: int | None,
    instances: Sequence[int],
    name: str | None,
    imports: Sequence[str],
    tuned: str | Path | None = None,
) -> Suite:
    """The suite that is meant: one by name, file or value, or one put together; with the tuned settings of a file."""
    registry.load(PACKAGES, imports)
    chosen = _chosen(suite, problems, optimizers, budget, seeds, instances, name)
    if tuned is None:
        return chosen
    tuning = read_tuned(tuned)
    if optimizers:  # the settings of those that are asked for
        asked = {parse_entry(text).name for text in optimizers}
        tuning = replace(tuning, found=tuple(item for item in tuning.found if item.entry.name in asked))
    families = {registry.find_problem(entry.name).family for group in chosen.groups for entry in group.problems}
    if not families & {item.family for item in tuning.found}:
        of = f" of {', '.join(optimizers)}" if optimizers else ""
        raise ValueError(f"{tuned} holds no setting{of} for problems of {', '.join(sorted(families))}")
    return replace(chosen, tuning=tuning)


def _chosen(
    suite: str | Path | Suite | None,
    problems: Sequence[str],
    optimizers: Sequence[str],
    budget: float | None,
    seeds: int | None,
    instances: Sequence[int],
    name: str | None,
) -> Suite:
    if name == "":
        raise ValueError("the name of results must not be empty")
    given = {"budget": budget, "seeds": seeds, "instances": tuple(instances) or None}
    options = {key: value for key, value in given.items() if value is not None}
    if suite is not None and (problems or optimizers):
        is_problem = isinstance(suite, str) and suite.partition("[")[0].partition("+")[0] in PROBLEMS
        hint = f": {suite} is a problem, which -p names" if is_problem else ""
        raise ValueError(f"give a suite, or problems and optimizers, not both{hint}")
    if suite is None and not (problems and optimizers):
        raise ValueError("give a suite, or at least one problem and one optimizer")
    if suite is None:
        options = {"budget": 1000, "name": name or _slug(problems, optimizers), **options}
        return make_suite(problems, optimizers, **options)
    chosen = suite if isinstance(suite, Suite) else load_suite(suite)
    groups = tuple(replace(group, **options) for group in chosen.groups)
    return replace(chosen, name=name or chosen.name, groups=groups)


def _slug(problems: Sequence[str], optimizers: Sequence[str]) -> str:
    """A name for what has none: those of its problems and optimizers."""
    names = [parse_entry(text).name for text in (*problems, *optimizers)]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(dict.fromkeys(names)))[:80].strip("-.")


def launch(
    suite: Suite,
    *,
    workers: int | None = None,
    device: str = "auto",
    imports: Sequence[str] = (),
    retry: Sequence[str] = (),
    fresh: bool = False,
    watcher: Quiet | None = None,
    command: str = "",
) -> Campaign:
    """Run what results/<name> lacks of a suite: in children, or here where the caller's script defines a part of it."""
    entries = [entry for group in suite.groups for entry in (*group.problems, *group.optimizers)]
    entries += [item.entry for item in suite.tuning.found] if suite.tuning else []
    modules = {_module(entry.name) for entry in entries}
    # what no module holds cannot travel to a child; what a module of the caller's holds, the child imports too
    at_home = "__main__" in modules
    more = sorted(module for module in modules if module and module.partition(".")[0] not in (*PACKAGES, "__main__"))
    return run_suite(
        suite,
        RESULTS / suite.name,
        workers=None if at_home else cores() if workers is None else workers,
        device=resolve_device(device),
        imports=[*imports, *(module for module in more if module not in imports)],
        retry=retry,
        fresh=fresh,
        watcher=watcher,
        command=command or f"bench.run({suite.name!r})",
    )


def _module(name: str) -> str:
    """The module that holds a definition, "" where there is none of that name."""
    found = PROBLEMS.get(name.partition("+")[0]) or registry.OPTIMIZERS.get(name)
    return "" if found is None else found.function.__module__


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
    device: str = "auto",
    imports: Sequence[str] = (),
    retry: Sequence[str] = (),
    fresh: bool = False,
    watcher: Quiet | None = None,
    command: str = "",
) -> Tuning:
    """Find the best setting of each optimizer for each family of a suite's problems, each among as many settings.

    The runs are stored in results/<name>-tuning, what is there already is not run again, and the settings go to
    tuned.toml beside them (`Tuning.path`), for `run(..., tuned=)`. How they are judged: see `bench.tune.search`.

    optimizers: names; hyperparameters in brackets are held fixed; by default those of the suite. settings: of each
    optimizer, its default one among them. seeds: runs of each setting on each problem and tuning instance. search:
    "sobol", "halton" or "tpe". The other arguments are those of `run`.
    """
    chosen = choose_suite(suite, (), (), budget, None, (), name, imports)
    named = [parse_entry(text) for text in ([optimizers] if isinstance(optimizers, str) else optimizers)]
    command = command or f"bench.tune({chosen.name!r})"
    first = True

    def launched(runs: Suite) -> Path:
        nonlocal first
        again: dict[str, Any] = {"retry": retry, "fresh": fresh} if first else {}
        first = False
        return launch(
            runs, workers=workers, device=device, imports=imports, watcher=watcher, command=command, **again
        ).folder

    everyone = named or [entry for group in chosen.groups for entry in group.optimizers]
    tuning = tune_suite(chosen, everyone, launched, settings=settings, seeds=seeds, search=search)
    write_tuned(tuning, command)
    return tuning


def write_report(results: Results, folder: Path, published: str | None = None, *, figures: bool = True) -> Path:
    """Write the page, its tables and figures; answers with the path of the page.

    published: "bbob-2009", to show those algorithms beside ours; needs the extra `coco`. figures: those for papers too.
    """
    from bench.report.page import write_report as write

    return write(results, folder, published, figures=figures)


def load(source: str | Path | Sequence[str | Path], imports: Sequence[str] = ()) -> Results:
    """The results of a folder, or of a name under results/; of several beside each other. Raises ValueError where there
    are none.

    imports: modules that registered what was run, where it is not ours: their defaults are left out of labels.
    """
    registry.load(PACKAGES, imports)
    if not isinstance(source, (str, Path)):
        found = [load(one) for one in source]
        return found[0] if len(found) == 1 else Several(found)
    path = Path(source)
    return Results(path if path.exists() or len(path.parts) > 1 else RESULTS / path)


def compare(
    f: Callable[[Any], Any] | tuple[Callable[[Any], Any], Callable[[Any], Any]],
    start: Array,
    *,
    budget: float = 2000,
    optimizers: Sequence[str] = (),
    seeds: int = 5,
    bounds: tuple[Any, Any] | None = None,
    spread: float = 0.1,
    f_opt: float | None = None,
    name: str | None = None,
    report: bool = True,
) -> Results:
    """Which optimizer for my function? Runs several on it, in this process, and answers with the results.

    f: a function of a vector (dim,) that gives a number, or a pair of such a function and its gradient (dim,).
        Where start is a torch tensor, f takes and gives tensors, and torch differentiates it.
    start: a point (dim,) near which every run begins: each seed at start + spread * scale * N(0, 1), the same points
        for all optimizers, where scale is a fifth of the box's mean width, or without bounds the largest |start|, at
        least 1. spread = 0 begins all runs at the point itself.
    budget: cost of each run: a value costs 1, a value with gradient 3, a Hessian-vector product 6.
    optimizers: names, with hyperparameters in brackets; by default a few of each order that f can answer.
    bounds: low and high, numbers or (dim,), if there are any. f_opt: the least value, if known.
    name: keeps the runs in results/<name> (those of an earlier comparison are set aside, not lost) and, with report,
        writes reports/<name>; without a name nothing is kept on disk.
    """
    if isinstance(optimizers, str):
        optimizers = [optimizers]
    objective = _objective(f, start, bounds, spread, f_opt)
    chosen = list(optimizers) or [
        one for order, names in CANDIDATES.items() if order <= objective.order for one in names
    ]
    registry.load(PACKAGES)
    with _registered(objective) as known, TemporaryDirectory() as scratch:
        suite = make_suite([known], chosen, budget, name or "comparison", seeds=seeds)
        folder = RESULTS / suite.name if name else Path(scratch) / suite.name
        command = f"bench.compare({known}, budget={budget}, seeds={seeds})"
        run_suite(suite, folder, workers=None, fresh=True, command=command, pictures=False)
        results = Results(folder)
        if report and name:
            write_report(results, REPORTS / name)
        return results


def _objective(f: Any, start: Array, bounds: tuple[Any, Any] | None, spread: float, f_opt: float | None) -> Objective:
    function, gradient = f if isinstance(f, tuple) and len(f) == 2 else (f, None)
    if not callable(function) or not (gradient is None or callable(gradient)):
        raise ValueError(f"f must be a function or a pair of function and gradient, got {f!r}")
    tensor = type(start).__module__.startswith("torch")
    point = start.detach().cpu().double().numpy() if tensor else np.asarray(start, dtype=np.float64)
    if point.ndim != 1 or not len(point) or not np.isfinite(point).all():
        raise ValueError(f"start must be a finite vector (dim,), got {point!r}")
    if not 0 <= spread < inf:
        raise ValueError(f"spread must be >= 0, got {spread}")
    domain = Domain(scale=max(1.0, float(np.abs(point).max())))
    _probe(function, gradient, start if tensor else point.copy(), tensor)
    if bounds is not None:
        if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
            raise ValueError(f"bounds must be a pair of low and high, got {bounds!r}")
        low, high = (np.broadcast_to(np.asarray(wall, dtype=np.float64), point.shape) for wall in bounds)
        domain = Domain(low, high)
        if not domain.contains(point):
            raise ValueError(f"start must lie within the bounds, got {point}")

    def begin(rng: np.random.Generator) -> np.ndarray:
        near = point + spread * domain.scale * rng.standard_normal(len(point))
        return np.clip(near, domain.low, domain.high)

    return Objective(
        formula=_each(function, tensor, ()),
        gradient=None if gradient is None else _each(gradient, tensor, (len(point),)),
        dim=len(point),
        domain=domain,
        start=begin,
        order=2 if tensor and gradient is None else 0 if gradient is None else 1,
        f_opt=f_opt,
        arrays="torch" if tensor else "numpy",
        name=re.sub(r"[^\w.]+|_+", "-", getattr(function, "__name__", "")).strip("-.") or "function",
    )


def _probe(function: Callable[[Any], Any], gradient: Callable[[Any], Any] | None, start: Any, tensor: bool) -> None:
    """Ask a user's function once at the start: raises ValueError where it does not answer as it must."""
    if tensor:
        start = start.detach().clone().requires_grad_(gradient is None)
    value = function(start)
    if tensor and gradient is None and not getattr(value, "requires_grad", False):
        raise ValueError("f must give a tensor that torch can differentiate; for values alone give start as a list")
    number = np.asarray(value.detach().cpu() if tensor and hasattr(value, "detach") else value)
    if number.size != 1 or number.dtype.kind not in "fiub":
        raise ValueError(f"f must give one real number, got {value!r}")
    slope = None if gradient is None else gradient(start)
    if slope is not None and tuple(np.shape(slope)) != tuple(start.shape):
        raise ValueError(f"the gradient must have shape {tuple(start.shape)}, got {tuple(np.shape(slope))}")


def _each(function: Callable[[Any], Any], tensor: bool, shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """A function of one vector as one of points (*points, dim)."""

    def over_points(x: Array) -> Array:
        if x.ndim == 1:
            return function(x if tensor else x.copy())  # a copy: the function may change what it gets
        rows = [function(row) for row in (x if tensor else x.copy()).reshape(-1, x.shape[-1])]
        if tensor:
            import torch

            return torch.stack([torch.as_tensor(row, dtype=x.dtype) for row in rows]).reshape(*x.shape[:-1], *shape)
        return np.asarray(rows, dtype=np.float64).reshape(*x.shape[:-1], *shape)

    return over_points


@contextmanager
def _registered(objective: Objective) -> Iterator[str]:
    """Give the user's own objective a name in the registry, for as long as it is compared."""
    name = objective.name
    while name in PROBLEMS:
        name += "-"
    PROBLEMS[name] = ProblemDefinition(name, lambda instance: objective, "yours", "its author", 1, (), {})
    try:
        yield name
    finally:
        del PROBLEMS[name]


__all__ = ["Campaign", "Run", "RunSpec", "compare", "load", "make", "minimize", "run", "tune"]
