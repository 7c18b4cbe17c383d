"""The bridge to Optuna: its samplers, which learn a model of all values so far before each question.

They are made for budgets of some tens to hundreds of values: each question takes longer than the last one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, get_args

import numpy as np

from bench.core import Kind, Oracle, Range, optimizer

from .scipy_global import box
from .scripts import by_optuna
from .units import Units

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

Startup = Annotated[int, Range(2, 50, log=True, least=1, most=10_000)]

MODELS = "Optuna: Akiba et al. 2019, doi:10.1145/3292500.3330701"


def study(oracle: Oracle, sampler: "Callable[[int], BaseSampler]") -> None:
    """Ask, evaluate, tell, for ever. sampler: what makes one from a seed.

    The start is the first question. Optuna needs bounds on all sides, hard or soft: where one is missing it is put ten
    scales of the domain from the start. Real numbers are in units of the scale; a category is one without an order; a
    permutation is the order of real keys (Bean 1994, doi:10.1287/ijoc.6.2.154). What is not finite is told as infinite.
    Where answers are noisy the luckiest point is recommended.
    """
    import optuna

    units, seed, best = Units(oracle), int(oracle.rng.integers(2**31)), np.inf
    distributions, first = space(units)
    if units.noisy:
        oracle.recommend(oracle.x0)
    with quiet():
        trials = optuna.create_study(sampler=sampler(seed))
        trials.enqueue_trial(first)
        while True:
            trial = trials.ask(distributions)
            x = point(units, np.array([trial.params[name] for name in distributions], dtype=np.float64))
            f = oracle.value(x)
            trials.tell(trial, f if np.isfinite(f) else np.inf)
            if units.noisy and f < best:
                best = f
                oracle.recommend(x)


def space(units: Units) -> "tuple[dict[str, BaseDistribution], dict[str, float]]":
    """The domain for Optuna, and the start as a value of it, by the number of each coordinate."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    names = [str(i) for i in range(units.dim)]
    if units.domain.kinds == "permutation":
        keys = (units.oracle.x0.argsort() + 0.5) / units.dim
        return {name: FloatDistribution(0.0, 1.0) for name in names}, dict(zip(names, keys.tolist(), strict=True))
    start, bounds = box(units)
    distributions: dict[str, BaseDistribution] = {}
    first: dict[str, float] = {}
    kinds = np.broadcast_to(units.domain.kinds, (units.dim,))
    for name, kind, (low, high), u in zip(names, kinds, bounds, start.tolist(), strict=True):
        if kind == "category":
            distributions[name] = CategoricalDistribution(range(int(high) + 1))
        elif kind == "integer":
            distributions[name] = IntDistribution(int(low), int(high))
        else:
            distributions[name] = FloatDistribution(low, high)
        first[name] = u if kind == "real" else int(u)
    return distributions, first


def point(units: Units, value: np.ndarray) -> np.ndarray:
    """A value of `space` (dim,) as x (dim,)."""
    if units.domain.kinds == "permutation":
        return value.argsort().astype(np.float64)
    return units.domain.from_unit(value)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from saying what it does, and give its verbosity back."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)


@optimizer(
    order=0,
    needs=("optuna",),
    kinds=get_args(Kind),
    source=f"Bergstra et al. 2011, https://inria.hal.science/hal-00642998; {MODELS}",
    call=by_optuna("TPESampler"),
)
def optuna_tpe(oracle: Oracle, *, startup: Startup = 10) -> None:
    """Tree of Parzen estimators: the next point is likely among the better points so far, and unlikely among others.

    startup: points before there is a model: the start, the others at random.
    """
    import optuna

    study(oracle, lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup))


@optimizer(
    order=0,
    needs=("optuna", "torch"),
    kinds=get_args(Kind),
    source=f"Jones, Schonlau & Welch 1998, doi:10.1023/A:1008306431147; Ament et al. 2023, arXiv:2310.20708; {MODELS}",
    call=by_optuna("GPSampler"),
)
def optuna_gp(oracle: Oracle, *, startup: Startup = 10) -> None:
    """Bayesian optimisation: a Gaussian process with a Matérn kernel of 5/2, and the greatest expected improvement.

    startup: points before there is a model: the start, the others at random. It is told whether answers are noisy.
    """
    import optuna

    exact = not oracle.noisy
    study(
        oracle,
        lambda seed: optuna.samplers.GPSampler(seed=seed, n_startup_trials=startup, deterministic_objective=exact),
    )
