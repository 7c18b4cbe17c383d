"""Tuning with equal budgets: every optimizer gets as many settings, on instances that are never reported on.

How a setting is judged. Runs of one problem and instance are put in order (see `bench.core.outcomes`). A setting
has on each problem and instance the median of its seeds (`bench.core.outcomes.median`), and the rank of that median
among all settings of the optimizer; the best has the least mean rank over the problems and instances of a family, the
first of equal ones, of which the default is the very first. Ranks ask nothing of the scales of the problems, and one
failure on one problem costs no more than the last place there.
"""

import hashlib
import importlib.util
import json
import types
import typing
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from math import ceil, exp, floor, inf, lcm, log, log2, log10
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bench.core import registry
from bench.core.gate import python_number
from bench.core.outcomes import FAILED, Outcome, median, outcome
from bench.core.registry import Parameter, Range
from bench.core.status import Status
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.plan import check_number, plain, settled
from bench.runner.store import Store, StoreError
from bench.runner.suite import Entry, Group, Suite, Tuned, Tuning, parse_entry
from bench.tuning.settings import one_setting, write_tuned

SEARCHES = ("sobol", "halton", "tpe", "rates")
RATES = 3  # learning rates in a row with the same other values: they go as lanes of one batch
# what rows of learning rates vary beside them, in turns: of each the next value, so that all pairs come
VARIED: Mapping[str, tuple[Any, ...]] = {
    "schedule": ("warm-up-cosine", "cosine", "warm-up", "linear"),
    "weight_decay": (0.1, 0.0, 0.01),
}
FIRST = 10  # settings that TPE begins with, of the quasi-random search
DIGITS = 4  # significant, of a value that is tuned
BESIDE = 1 / 4  # fraction of the settings that have one of the values beside a range
LAST = 1 - 1e-9  # place of the last value of an axis
TURNS = 20  # times the number of settings asked for, after which no new ones are looked for in a small space

Setting = dict[str, Any]
Cell = tuple[str, str, int]  # problem, parameters, instance


@dataclass(frozen=True)
class Axis:
    """The values of one hyperparameter: numbers of a range and some beside it, or choices."""

    range: Range | None = None
    whole: bool = False
    choices: tuple[Any, ...] = ()
    beside: tuple[Any, ...] = ()

    def at(self, u: float) -> Any:
        """The value at u in [0, 1): equal shares for choices and whole numbers, equal ratios where the range is log.

        Values beside the range come first, in equal shares of BESIDE.
        """
        u = min(u, LAST)
        if self.range is None:
            return self.choices[floor(u * len(self.choices))]
        if self.beside and u < BESIDE:
            return self.beside[floor(u / BESIDE * len(self.beside))]
        if self.beside:
            u = (u - BESIDE) / (1 - BESIDE)
        low, high = self.range.low, self.range.high
        if self.whole and not self.range.log:
            return floor(low + u * (high - low + 1))
        value = exp(log(low) + u * (log(high) - log(low))) if self.range.log else low + u * (high - low)
        rounded = round(value) if self.whole else _digits(value)
        return min(max(rounded, low), high)

    def place(self, value: Any) -> float:
        """A u in [0, 1) at which `at` gives this number, or this value beside the range."""
        assert self.range is not None
        if value in self.beside:
            return BESIDE * (self.beside.index(value) + 0.5) / len(self.beside)
        low, high = self.range.low, self.range.high
        if self.whole and not self.range.log:
            u = (value - low + 0.5) / (high - low + 1)
        else:
            u = log(value / low) / log(high / low) if self.range.log else (value - low) / (high - low)
        return min(BESIDE + (1 - BESIDE) * u if self.beside else u, LAST)


def axes(entry: Entry, data: bool = True) -> dict[str, Axis]:
    """What can be tuned of an optimizer: the hyperparameters of which the entry names several values, and those that it
    leaves open and that have a range or choices. The others stay as they are, and so does batch_size where there are no
    data."""
    parameters = registry.find_optimizer(entry.name).parameters
    fixed = {*entry.grid, *(() if data else ("batch_size",))}
    tunable = {key: _axis(parameter) for key, parameter in parameters.items() if key not in fixed}
    tunable |= {key: Axis(choices=values) for key, values in named(entry).items()}
    return {key: axis for key in parameters if (axis := tunable.get(key)) is not None}


def named(entry: Entry) -> dict[str, tuple[Any, ...]]:
    """The hyperparameters of which an entry names several values, as their annotations have them: to choose among."""
    definition = registry.find_optimizer(entry.name)
    return {
        key: tuple(dict.fromkeys(registry.settings(definition, {key: value})[key] for value in values))
        for key, values in entry.grid.items()
        if len(values) > 1
    }


def held(entry: Entry) -> Entry:
    """The entry with the values that it holds fixed alone."""
    return replace(entry, grid={key: values for key, values in entry.grid.items() if len(values) == 1})


def _axis(parameter: Parameter) -> Axis | None:
    union = typing.get_origin(parameter.annotation) in (types.UnionType, typing.Union)
    options = typing.get_args(parameter.annotation) if union else (parameter.annotation,)
    if parameter.range is not None:
        default, number = parameter.default, isinstance(parameter.default, (int, float))
        beside = [None] if type(None) in options else []
        if default not in beside and not (number and parameter.range.low <= default <= parameter.range.high):
            beside.append(default)
        return Axis(parameter.range, whole=int in options and float not in options, beside=tuple(beside))
    choices: list[Any] = []
    for option in options:
        if option is bool:
            choices += [False, True]
        elif typing.get_origin(option) is Literal:
            choices += typing.get_args(option)
        elif option is type(None):
            choices.append(None)
        else:
            return None
    return Axis(choices=tuple(choices))


def spread(entry: Entry, settings: int, suite_seed: int, search: str = "sobol", data: bool = True) -> list[Setting]:
    """So many different settings, the default first, then those of a scrambled quasi-random sequence over the ranges.

    Sobol' 1967, doi:10.1016/0041-5553(67)90144-9, or Halton 1960, doi:10.1007/BF01386213, scrambled by Owen 1998,
    doi:10.1006/jcom.1998.0487. With more settings the first ones stay. Fewer where the space has no more. Where
    learning rates can be lanes, RATES settings in a row share all else.
    """
    space, parameters = axes(entry, data), registry.find_optimizer(entry.name).parameters
    distinct = [{key: parameters[key].default for key in space}]
    if not space:
        return distinct
    for setting in _sequence(entry, space, TURNS * settings, suite_seed, search):
        if len(distinct) >= settings:
            break
        if setting not in distinct:
            distinct.append(setting)
    return distinct


def first_rates(entry: Entry, settings: int) -> list[Setting]:
    """The default, and it with other learning rates: those that the entry names, else every tenth of the upper end of
    their range. At most so many settings; all but the rate stay as they are."""
    space, parameters = axes(entry), registry.find_optimizer(entry.name).parameters
    default = {key: parameters[key].default for key in space if key == "lr" or key in VARIED or key in named(entry)}
    axis = space["lr"]
    rates = axis.choices
    if axis.range is not None:
        low, high = axis.range.low, axis.range.high
        rates = tuple(_digits(high / 10**k) for k in range(floor(log10(high / low) + 1e-9), -1, -1))
    return _distinct([default, *({**default, "lr": rate} for rate in rates)])[:settings]


def next_rates(contest: "Contest", ranks: Sequence[float], number: int, settings: int) -> None:
    """Add the next row of learning rates: those that the entry names, else around that of the best setting so far, in
    ratios of the square root of ten.

    number: of the row, from 1 on. The first has the other values of the best setting, each further one the next of
    VARIED, or of those that the entry names; when all have come, they come again with the root of those ratios.
    """
    if not np.isfinite(ranks).all():  # no problem that fits
        return
    best = contest.settings[ranks.index(min(ranks))]
    space = axes(contest.entry)
    beside = {key: VARIED.get(key, ()) for key in best if key != "lr"} | named(contest.entry)
    beside.pop("lr", None)
    turn = max(number - 2, 0)
    values = {key: choices[turn % len(choices)] for key, choices in beside.items()} if number > 1 else {}
    rates = space["lr"].choices
    if (range_ := space["lr"].range) is not None:
        power = 1 / 2 ** (1 + turn // lcm(*map(len, beside.values())))
        rates = beside_rate(best["lr"], range_, power)
    row = [{**best, **values, "lr": rate} for rate in rates]
    contest.settings[:] = _distinct([*contest.settings, *row])[: max(settings, len(contest.settings))]


def beside_rate(rate: float, range_: Range, power: float) -> tuple[float, ...]:
    """A learning rate between two others, a factor 10^power below and above it, within the range.

    A rate of the grid that begins at the upper end of the range stays on it, however often it is rounded: 0.01 has
    0.03162 beside it, and that has 0.01.
    """
    place = log10(range_.high / rate) / power  # steps of the grid below its upper end
    place = round(place) if _digits(range_.high / 10 ** (power * round(place))) == rate else place
    around = (range_.high / 10 ** (power * (place + step)) for step in (1, 0, -1))
    return tuple(_digits(min(max(each, range_.low), range_.high)) for each in around)


def _digits(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _distinct(settings: Sequence[Setting]) -> list[Setting]:
    """Each setting once, in their order."""
    return [setting for place, setting in enumerate(settings) if setting not in settings[:place]]


def _sequence(entry: Entry, space: Mapping[str, Axis], length: int, suite_seed: int, search: str) -> Iterator[Setting]:
    from scipy.stats import qmc

    rng = np.random.default_rng(_entropy(suite_seed, entry))
    power = ceil(log2(length))
    points = (
        qmc.Sobol(len(space), rng=rng).random_base2(power)
        if search == "sobol"
        else qmc.Halton(len(space), rng=rng).random(2**power)
    )
    in_rows = registry.find_optimizer(entry.name).lane_rates and "lr" in space
    for number, point in enumerate(points):
        shared = points[number // RATES] if in_rows else point
        yield {
            key: axis.at(float(point[k] if key == "lr" else shared[k])) for k, (key, axis) in enumerate(space.items())
        }


def _entropy(suite_seed: int, entry: Entry, *more: Any) -> list[int]:
    """What a generator of its own for each optimizer begins with."""
    digest = hashlib.sha256(json.dumps([entry.text(), *more]).encode()).digest()
    return [suite_seed, int.from_bytes(digest[:8])]


@dataclass
class Standing:
    """What the stored runs of one setting on the problems of one family came to."""

    outcomes: dict[Cell, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    runs: int = 0
    cost: float = 0.0


def mean_ranks(standings: Sequence[Standing]) -> list[float]:
    """The mean rank of each setting over problems and instances, 1 for the best; ties share their ranks.

    A setting that was not run where others were has failed there.
    """
    cells = sorted({cell for standing in standings for cell in standing.outcomes})
    rows = [[median(standing.outcomes.get(cell) or [FAILED]) for standing in standings] for cell in cells]
    ranks = [[sum(other < value for other in row) + (row.count(value) + 1) / 2 for value in row] for row in rows]
    return np.mean(ranks, axis=0).tolist() if ranks else [inf] * len(standings)


@dataclass(frozen=True)
class Contest:
    """One optimizer on the problems of one family, with the settings tried so far. data: whether any of them has."""

    entry: Entry
    family: str
    settings: list[Setting]
    data: bool = True

    def standings(self, standings: Mapping[str, Standing]) -> list[Standing]:
        """Those that `read_standings` has of its settings; empty ones where nothing could be run."""
        entries = [self.entry.at(setting) for setting in self.settings]
        keys = [_key(self.family, self.entry.name, plain(v)) for _, v in settled(entries, registry.find_optimizer)]
        return [standings.get(key, Standing()) for key in keys]


def _key(family: str, optimizer: str, hyperparameters: Mapping[str, Any]) -> str:
    return json.dumps([family, optimizer, dict(hyperparameters)], sort_keys=True)


def read_standings(folder: Path) -> dict[str, Standing]:
    """Each setting's standing, from the stored runs; skipped ones do not count."""
    standings: dict[str, Standing] = defaultdict(Standing)
    with closing(Store(folder)) as store:
        for row, whole in store.rows():
            if not whole:
                raise StoreError(f"{folder}: a run of {row['optimizer']} is damaged: tune again with --fresh")
            status = Status(row["status"])
            if not status.ran:
                continue
            prices, counts = json.loads(row["key"])["prices"], json.loads(row["counts"])
            cost = sum(prices[question] * n for question, n in counts.items()) / row["rows"]
            standing = standings[_key(row["family"], row["optimizer"], json.loads(row["hyperparameters"]))]
            standing.outcomes[row["problem"], row["parameters"], row["instance"]].append(outcome(row, cost))
            standing.runs += 1
            standing.cost += cost if status.recorded else row["budget"]
    return dict(standings)


def tuning_suite(suite: Suite, contests: Sequence[Contest], seeds: int) -> Suite:
    """The suite of the tuning runs: each problem with the settings for its family, on tuning instances.

    Those are the suite's plus a multiple of 1000 that is as large as its largest, so that no instance is both. Starts,
    data splits, shifts and noise all follow from the instance (see `bench.core.streams`).
    """
    shift = 1000 * ceil(max(max(group.instances) for group in suite.groups) / 1000)
    groups: list[Group] = []
    for group in suite.groups:
        for family, problems in _by_family(group).items():
            entries = tuple(
                contest.entry.at(setting)
                for contest in contests
                if contest.family == family
                for setting in contest.settings
            )
            instances = tuple(shift + instance for instance in group.instances)
            options: Any = {"instances": instances, "seeds": seeds, "solo": False}  # nobody reads their seconds
            groups.append(replace(group, problems=problems, optimizers=entries, **options))
    title = f"Tuning for {suite.title or suite.name}"
    return replace(suite, name=f"{suite.name}-tuning", title=title, groups=tuple(groups), tuned="", tuning=None)


def _by_family(group: Group) -> dict[str, tuple[Entry, ...]]:
    families: dict[str, tuple[Entry, ...]] = {}
    for entry in group.problems:
        family = registry.find_problem(entry.name).family
        families[family] = (*families.get(family, ()), entry)
    return families


def with_data(suite: Suite) -> set[str]:
    """The families of which a problem of the suite has data."""
    families: set[str] = set()
    for group in suite.groups:
        for definition, parameters in settled(group.problems, registry.find_problem):
            if definition.family not in families and not registry.missing(definition):
                with suppress(registry.Unavailable):
                    if definition.make(group.instances[0], **parameters).data:
                        families.add(definition.family)
    return families


def tune(
    suite: Suite,
    optimizers: Sequence[str],
    results: Path,
    launch: Launch,
    *,
    settings: int = 30,
    seeds: int = 3,
    search: str = "sobol",
) -> Tuning:
    """The best setting of each optimizer for each family of a suite's problems, each among as many settings.

    optimizers: those of the suite where empty; of a hyperparameter with several values one of these is chosen.
    results: the folder in which NAME-tuning takes runs and settings.
    search: "sobol", "halton", or "tpe", which begins with FIRST quasi-random settings and then chooses each by the
    ranks of those before; or "rates", for networks: rows of learning rates, which go as lanes where they can, each row
    with another schedule and weight decay, around the best rate of the rows before (see `next_rates`); an optimizer
    without a learning rate goes by "sobol". The answer follows from the suite and these arguments alone: a second call
    repeats it from the stored runs.
    Raises ValueError for what does not fit, before anything is run.
    """
    settings, seeds = python_number(settings), python_number(seeds)
    if not isinstance(settings, int) or settings < 1:
        raise ValueError(f"settings must be >= 1, got {settings}")
    if search not in SEARCHES:
        raise ValueError(f"search must be {', '.join(SEARCHES[:-1])} or {SEARCHES[-1]}, got {search!r}")
    if search == "tpe" and importlib.util.find_spec("optuna") is None:
        raise ValueError(f"search tpe needs optuna, which is not installed: {registry.how_to_install(['optuna'])}")
    launch = replace(launch, command=launch.command or f"bench.tune({suite.name!r})")
    listed = list(map(parse_entry, optimizers)) or [entry for group in suite.groups for entry in group.optimizers]
    problems = sum(entry.size for group in suite.groups for entry in group.problems)
    runs = settings * problems * len(listed) * (seeds if isinstance(seeds, int) else 1)  # else it is refused below
    check_number(max(runs, *(entry.size for entry in listed)), launch.most)
    entries = {entry.text(): entry for entry in listed}
    for entry in listed:
        for setting in entry.settings():
            one_setting(entry.at(setting))
    families = dict.fromkeys(family for group in suite.groups for family in _by_family(group))
    data = with_data(suite)
    first = settings if search != "tpe" else min(FIRST, settings)
    quasi_random = "halton" if search == "halton" else "sobol"
    contests = []
    for entry in entries.values():
        for family in families:
            if search == "rates" and "lr" in axes(entry):
                begun = first_rates(entry, settings)
            else:
                begun = spread(entry, first, suite.seed, quasi_random, family in data)
            contests.append(Contest(entry, family, begun, family in data))
    runs = tuning_suite(suite, contests, seeds)
    folder = results / runs.name
    run_suite(runs, folder, launch)
    again = replace(launch, retry=(), fresh=False)
    for number in {"tpe": range(first, settings), "rates": range(1, settings)}.get(search, ()):
        standings, tried = read_standings(folder), sum(len(contest.settings) for contest in contests)
        for contest in contests:
            ranks = mean_ranks(contest.standings(standings))
            if search == "tpe":
                propose(contest, ranks, suite.seed, number)
            elif "lr" in axes(contest.entry):
                next_rates(contest, ranks, number, settings)
        if sum(len(contest.settings) for contest in contests) > tried:
            run_suite(tuning_suite(suite, contests, seeds), folder, again)
    standings = read_standings(folder)
    tuning = Tuning(
        path=str(folder / "tuned.toml"),
        suite=suite.name,
        search=search,
        settings=settings,
        seeds=seeds,
        instances=tuple(sorted({instance for group in runs.groups for instance in group.instances})),
        found=tuple(filter(None, (_winner(contest, contest.standings(standings)) for contest in contests))),
        budgets=tuple(sorted({group.budget for group in suite.groups})),
    )
    write_tuned(tuning, launch.command)
    return tuning


def _winner(contest: Contest, standings: Sequence[Standing]) -> Tuned | None:
    """The best setting of a contest; None where the optimizer could be run on no problem of the family."""
    runs = sum(standing.runs for standing in standings)
    if not runs:
        return None
    ranks = mean_ranks(standings)
    best = ranks.index(min(ranks))
    return Tuned(
        family=contest.family,
        entry=held(contest.entry),
        setting=contest.settings[best],
        tried=len(contest.settings),
        rank=ranks[best],
        default_rank=ranks[0],
        runs=runs,
        cost=float(sum(standing.cost for standing in standings)),
    )


def propose(contest: Contest, ranks: Sequence[float], suite_seed: int, number: int) -> None:
    """Add the setting that the tree-structured Parzen estimator takes next (Bergstra et al. 2011, NeurIPS 24;
    Optuna's), or where that was tried, the next of the quasi-random search that was not, if there is one.

    All settings tried so far are reported anew, with their present ranks: a rank depends on who else was tried.
    Numbers go by their places in [0, 1), so that one estimate covers a range and the values beside it. number: of the
    round.
    """
    import optuna

    space = axes(contest.entry, contest.data)
    if not space or not np.isfinite(ranks).all():  # nothing to tune, or no problem that fits
        return
    (seed,) = np.random.SeedSequence(_entropy(suite_seed, contest.entry, contest.family, number)).generate_state(1)
    distributions: dict[str, Any] = {
        key: optuna.distributions.FloatDistribution(0.0, LAST)
        if axis.range
        else optuna.distributions.CategoricalDistribution(axis.choices)
        for key, axis in space.items()
    }
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=int(seed), n_startup_trials=1))
        for setting, rank in zip(contest.settings, ranks, strict=True):
            if any(not axis.range and setting[key] not in axis.choices for key, axis in space.items()):
                continue  # a default that is none of the values to choose among
            place = {key: axis.place(setting[key]) if axis.range else setting[key] for key, axis in space.items()}
            study.add_trial(optuna.trial.create_trial(params=place, distributions=distributions, value=rank))
        proposal = study.ask(distributions).params
    finally:
        optuna.logging.set_verbosity(verbosity)
    first = {key: axis.at(proposal[key]) if axis.range else proposal[key] for key, axis in space.items()}
    quasi_random = _sequence(contest.entry, space, TURNS * (number + 1), suite_seed, "sobol")
    new = next((setting for setting in chain([first], quasi_random) if setting not in contest.settings), None)
    if new is not None:
        contest.settings.append(new)
