"""Each bridge beside its library called bare, and the table of both: `python tests/optimizers/bridges.py`.

Bare: the formula itself with a counter, no oracle, the library called as its documentation has it. Where there is more
than one sensible way (with bounds or without, the library's own first step or one of the domain's scale), all are run,
and the better one counts. Both sides have the same instances, starts, restarts, random numbers, budgets and prices.

The command prints two tables, and writes them between the markers of optimizers/README.md: the ratios of expected
runtimes, through the door to bare, and our methods beside four of BBOB-2009. Its exit status is 1 where a ratio is
above its bound. Each cell is kept in results/bridges.jsonl as soon as it is measured, and a command that was
interrupted goes on behind it; bridges named behind the command are measured anew. Delete the file to begin anew.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from bench.core import PRICES, Domain, Objective, registry
from bench.core.ledger import QUESTIONS
from bench.core.oracle import books_of
from bench.core.streams import streams
from bench.runner.single import open_oracle, play

FUNCTIONS, DIMS, SEEDS = (1, 5, 8, 10, 11), (5, 10), 15
GAPS = 10.0 ** np.arange(2, -9, -1)
MOST = 1.5  # ratio of expected runtimes, unless the lower end of its interval is at most 1
RELIABLE = 0.8  # fraction of runs in which bare must reach the target of a cell
RESAMPLES = 2000


class Enough(BaseException):
    """Ends a library at the budget, or at the last target."""


class Bare:
    """An objective's formula with a counter: what the library alone would be given.

    x0 (dim,), low and high (dim,) of its box, scale (dim,), rng: as an oracle of that seed would give them. reached:
    the cost at which each of GAPS was reached, infinite where it was not.
    """

    def __init__(self, objective: Objective, budget: float, seed: int):
        drawn = streams(objective, seed)
        self.objective, self.budget, self.dim, self.rng = objective, budget, objective.dim, drawn.method
        self._starts = drawn.start
        self.x0 = objective.first_point(self._starts)
        domain = objective.domain
        self.low, self.high, self.scale = (
            np.full(self.dim, number) for number in (domain.low, domain.high, domain.scales(self.dim))
        )
        self.spent, self.best, self.reached = 0.0, inf, np.full(len(GAPS), inf)
        self._note(self._value(self.x0))

    def restart(self) -> np.ndarray:
        """A new start (dim,): the one that a run through the door has at its restart."""
        self.x0 = self.objective.first_point(self._starts)
        return self.x0

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """A pair a coordinate."""
        return list(zip(self.low.tolist(), self.high.tolist(), strict=True))

    def _value(self, x: np.ndarray) -> Any:
        return self.objective.formula(x, **self.objective.constants)

    def _note(self, f: float) -> None:
        if f < self.best:
            self.best = f
            self.reached[(f - self.objective.f_opt <= GAPS) & np.isinf(self.reached)] = self.spent

    def _pay(self, price: float) -> None:
        if self.spent + price > self.budget or self.reached[-1] < inf:
            raise Enough
        self.spent += price

    def value(self, x: np.ndarray) -> float:
        """f at x (dim,)."""
        self._pay(PRICES["value"])
        f = float(self._value(np.asarray(x, dtype=float)))
        self._note(f)
        return f

    def values(self, x: np.ndarray) -> np.ndarray:
        """f (points,) at x (points, dim)."""
        return np.array([self.value(point) for point in x])

    def value_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and its gradient at x (dim,)."""
        self._pay(PRICES["gradient"])
        assert self.objective.gradient is not None
        f = float(self._value(x))
        self._note(f)
        return f, self.objective.gradient(x, **self.objective.constants)

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The Hessian at x (dim,) times v (dim,)."""
        import torch

        self._pay(PRICES["hessian_vector"])
        constants = {key: torch.as_tensor(value) for key, value in self.objective.constants.items()}
        point = torch.tensor(x, requires_grad=True)
        (slope,) = torch.autograd.grad(self.objective.formula(point, **constants), point, create_graph=True)
        if not slope.requires_grad:
            return np.zeros(self.dim)
        (product,) = torch.autograd.grad(slope @ torch.as_tensor(v), point, allow_unused=True)
        return np.zeros(self.dim) if product is None else product.numpy()

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """The residuals (m,) at x (dim,), for the price of a value."""
        self._pay(PRICES["value"])
        assert self.objective.residuals is not None
        r = self.objective.residuals(x, **self.objective.constants)
        self._note(float((r**2).sum()))
        return r

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """The Jacobian (m, dim) of the residuals at x (dim,)."""
        import torch

        self._pay(self.dim * PRICES["jacobian"])
        constants = {key: torch.as_tensor(value) for key, value in self.objective.constants.items()}
        residuals = partial(self.objective.residuals, **constants)
        return torch.autograd.functional.jacobian(residuals, torch.tensor(x)).numpy()

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """The Hessian (dim, dim) at x (dim,), for dim products."""
        rows = np.array([self.hessian_vector(x, e) for e in np.eye(self.dim)])
        return (rows + rows.T) / 2


Call = Callable[[Bare], object]


def scipy_minimize(method: str, **options: Any) -> Call:
    """One descent of `scipy.optimize.minimize`; options may be functions of the problem. `bounds`, `jac`: whether."""

    def call(f: Bare) -> None:
        from scipy.optimize import minimize

        told = {key: value(f) if callable(value) else value for key, value in options.items()}
        bounds, gradient = told.pop("bounds", False), told.pop("jac", False)
        curvature = {key: told.pop(key) for key in ("hess", "hessp") if key in told}
        minimize(
            f.value_and_gradient if gradient else f.value,
            f.x0,
            jac=gradient or None,
            method=method,
            bounds=f.bounds if bounds else None,
            options=told,
            **{key: getattr(f, name) for key, name in curvature.items()},
        )

    return call


FINE = 1e-12  # of tolerances, below what a target of 1e-8 needs
ENDLESS = 10**9


def scale_of(f: Bare) -> float:
    return float(f.scale[0])


def simplex(f: Bare) -> np.ndarray:
    """The start, and a step of the domain's scale along each axis: (dim + 1, dim)."""
    return np.concatenate([f.x0[None], f.x0 + np.diag(f.scale)])


NELDER_MEAD = {"maxiter": ENDLESS, "maxfev": ENDLESS, "xatol": 1e-8, "fatol": 1e-8}


def differential_evolution(f: Bare) -> None:
    from scipy.optimize import differential_evolution

    differential_evolution(f.value, f.bounds, rng=f.rng, maxiter=ENDLESS, tol=0, polish=False, x0=f.x0)


def dual_annealing(f: Bare) -> None:
    from scipy.optimize import dual_annealing

    dual_annealing(f.value, f.bounds, rng=f.rng, maxiter=ENDLESS, maxfun=ENDLESS, x0=f.x0)


def basinhopping(f: Bare) -> None:
    from scipy.optimize import basinhopping

    basinhopping(f.value, f.x0, niter=ENDLESS, rng=f.rng)


def shgo(f: Bare, **options: Any) -> None:
    from scipy.optimize import shgo

    shgo(f.value, f.bounds, **options)


def direct(f: Bare, **options: Any) -> None:
    from scipy.optimize import direct

    direct(f.value, f.bounds, maxfun=int(f.budget) + 1, maxiter=int(f.budget) + 1, **options)


def pycma_options(f: Bare) -> dict[str, Any]:
    silent = {"verbose": -9, "verb_log": 0, "verb_disp": 0, "signals_filename": None}
    return {**silent, "seed": np.nan, "randn": lambda *shape: f.rng.standard_normal(shape)}


def cma(f: Bare) -> None:
    import cma

    cma.fmin2(f.value, f.x0, scale_of(f), pycma_options(f))


def cma_restarted(f: Bare, bipop: bool) -> None:
    """The library's own restarts, at the starts that a run through the door has."""
    import cma

    first = [f.x0]
    cma.fmin2(
        f.value, lambda: first.pop() if first else f.restart(), scale_of(f), pycma_options(f), restarts=9, bipop=bipop
    )


def nevergrad(f: Bare, name: str, space: str) -> None:
    """The whole budget is one run. space: an Array of the box, with the start as a suggestion ("box"), or one that
    begins at the start, in the box ("start") or without bounds and with the domain's scale for its standard deviation
    ("open")."""
    import random

    import nevergrad as ng

    own, shared = (int(number) for number in f.rng.integers(2**32, size=2))
    low, high = f.low, f.high
    points = {
        "box": lambda: ng.p.Array(shape=(f.dim,), lower=low, upper=high),
        "start": lambda: ng.p.Array(init=f.x0, lower=low, upper=high),
        "open": lambda: ng.p.Array(init=f.x0).set_mutation(sigma=scale_of(f)),
    }[space]()
    if f.objective.domain.kinds == "integer":
        points = points.set_integer_casting()
    points.random_state = np.random.RandomState(own)
    np.random.seed(shared)
    random.seed(shared)
    method = ng.optimizers.registry[name](points, budget=int(f.budget), num_workers=1)
    if space == "box":
        method.suggest(f.x0)
    while True:
        candidate = method.ask()
        method.tell(candidate, f.value(candidate.value))


def torch_lbfgs(f: Bare) -> None:
    import torch

    x = torch.tensor(f.x0)
    rule = torch.optim.LBFGS(
        [x], max_iter=ENDLESS, max_eval=ENDLESS, tolerance_grad=0, tolerance_change=1e-15, history_size=10,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure() -> float:
        value, slope = f.value_and_gradient(x.numpy())
        x.grad = torch.as_tensor(slope)
        return value

    rule.step(closure)


def least_squares(f: Bare, method: Any, **options: Any) -> None:
    from scipy.optimize import least_squares

    least_squares(f.residuals, f.x0, f.jacobian, method=method, max_nfev=10**6, **options)


def nlopt(f: Bare, method: str, box: bool, step: Callable[[Bare], float] | None = None, **options: float) -> None:
    """step: the first, the library's own if None. options: for its setters."""
    import nlopt

    nlopt.srand(int(f.rng.integers(1, 2**31)))
    algorithm = nlopt.opt(getattr(nlopt, method), f.dim)
    if box:
        algorithm.set_lower_bounds(f.low)
        algorithm.set_upper_bounds(f.high)
    if step is not None:
        algorithm.set_initial_step(step(f))
    for name, value in options.items():
        getattr(algorithm, f"set_{name}")(value)
    errors: list[BaseException] = []  # some of its methods ask on after one

    def told(x: np.ndarray, _: np.ndarray) -> float:
        if not errors:
            try:
                return f.value(x.copy())
            except Enough as error:
                errors.append(error)
                algorithm.force_stop()
        return inf

    algorithm.set_min_objective(told)
    with suppress(nlopt.RoundoffLimited, nlopt.ForcedStop):
        algorithm.optimize(f.x0)
    if errors:
        raise errors[0]


def optuna(f: Bare, first: bool) -> None:
    """Tree of Parzen estimators in the box. first: whether the start is its first question."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=int(f.rng.integers(2**31))))
    if first:
        study.enqueue_trial({str(i): x for i, x in enumerate(f.x0.tolist())})
    while True:
        trial = study.ask()
        x = [trial.suggest_float(str(i), low, high) for i, (low, high) in enumerate(f.bounds)]
        study.tell(trial, f.value(np.array(x)))


def dfo_ls(f: Bare, **options: float) -> None:
    import dfols

    np.random.seed(int(f.rng.integers(2**32)))
    limits = {"maxfun": int(f.budget) + 1, "user_params": {"model.abs_tol": 0.0, "model.rel_tol": 0.0}}
    dfols.solve(f.residuals, f.x0, do_logging=False, **limits, **options)


def catcma(f: Bare, space: str) -> None:
    """space: the box, begun at its middle with the library's own deviations ("box"), or no bounds, begun at the start
    with the domain's scale ("open")."""
    import cmaes

    seed = int(f.rng.integers(2**32))
    method = {
        "box": lambda: cmaes.CatCMAwM(x_space=np.array(f.bounds), seed=seed),
        "open": lambda: cmaes.CatCMAwM(
            x_space=np.array([[-inf, inf]] * f.dim), mean=f.x0.copy(), cov=np.diag(f.scale**2), seed=seed
        ),
    }[space]()
    while not method.should_stop():
        solutions = [method.ask() for _ in range(method.population_size)]
        method.tell([(solution, f.value(solution.x)) for solution in solutions])


@dataclass(frozen=True)
class Cell:
    """A problem of the table; instances are 1 to 5, as at BBOB-2009."""

    label: str
    problem: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def make(self, seed: int) -> Objective:
        """The instance that goes with a seed."""
        if self.problem == "integers":
            return integers(seed)
        return registry.find_problem(self.problem).make(1 + seed % 5, **self.parameters)


def integers(seed: int) -> Objective:
    """The distance, squared, to a point of four whole numbers from -10 to 10, drawn from the seed."""
    x_opt = np.random.default_rng(seed).integers(-10, 11, 4).astype(float)
    domain = Domain(-10, 10, kinds="integer")
    return Objective(
        distance, 4, domain, constants={"x_opt": x_opt}, order=0, arrays="numpy", f_opt=0.0, name="integers"
    )


def distance(x: np.ndarray, x_opt: np.ndarray) -> np.ndarray:
    return ((x - x_opt) ** 2).sum(-1)


BBOB = tuple(Cell(f"f{k} {dim}-D", f"bbob-f{k:02}", {"dim": dim}) for dim in DIMS for k in FUNCTIONS)
MORE = ("rosenbrock", "helical-valley", "powell-singular", "wood", "box-3d")
INTEGERS = (Cell("integers 4-D", "integers"),)
LEAST_SQUARES = tuple(Cell(name, f"mgh-{name}") for name in MORE)


@dataclass(frozen=True)
class Bridge:
    """A curated bridge, and the ways in which its library is called bare. budget: cost a coordinate. seeds: runs."""

    name: str
    ways: Mapping[str, Call]
    budget: float = 1000
    cells: tuple[Cell, ...] = BBOB
    seeds: int = SEEDS


def local(method: str, variants: Mapping[str, Mapping[str, Any]], **options: Any) -> dict[str, Call]:
    return {name: scipy_minimize(method, **{**options, **more}) for name, more in variants.items()}


EITHER = {"open": {}, "box": {"bounds": True}}
TIGHT = {"gtol": 1e-10, "maxiter": ENDLESS}
REGION = {**TIGHT, "jac": True}
REGION_OF_SCALE = {"scale": {"initial_trust_radius": scale_of, "max_trust_radius": lambda f: 1000 * scale_of(f)}}
LEAST = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


def nevergrad_ways(name: str, *spaces: str) -> dict[str, Call]:
    return {space: partial(nevergrad, name=name, space=space) for space in spaces}


BRIDGES = (
    Bridge(
        "scipy-nelder-mead",
        local("Nelder-Mead", {"5 %": {}, "scale": {"initial_simplex": simplex}}, **NELDER_MEAD),
        400,
    ),
    Bridge("scipy-powell", local("Powell", {"default": {}}, ftol=FINE, maxiter=ENDLESS, maxfev=ENDLESS), 400),
    Bridge("scipy-cobyla", local("COBYLA", {"default": {}}, tol=1e-10, maxiter=10**8), 25),
    Bridge("scipy-cobyqa", local("COBYQA", {"default": {}}, final_tr_radius=1e-10, maxfev=10**8, maxiter=10**8), 20),
    Bridge("scipy-differential-evolution", {"default": differential_evolution}, 400),
    Bridge("scipy-dual-annealing", {"default": dual_annealing}, 150),
    Bridge("scipy-basinhopping", {"default": basinhopping}, 150),
    # in 5-D alone: it triangulates all 1,024 corners of a box in 10-D before it asks
    Bridge(
        "scipy-shgo", {"simplicial": shgo, "sobol": partial(shgo, sampling_method="sobol")}, 100, BBOB[: len(FUNCTIONS)]
    ),
    Bridge("scipy-direct", {"default": direct, "endless": partial(direct, vol_tol=0.0, len_tol=0.0)}, 100),
    Bridge("pycma", {"open": cma}, 600),
    *(
        Bridge(f"pycma-{kind}", {"open": partial(cma_restarted, bipop=kind == "bipop")}, 600)
        for kind in ("ipop", "bipop")
    ),
    Bridge(
        "nlopt-bobyqa",
        {
            "open": partial(nlopt, method="LN_BOBYQA", box=False, xtol_abs=FINE),
            "scale": partial(nlopt, method="LN_BOBYQA", box=False, step=scale_of, xtol_abs=FINE),
        },
        25,
    ),
    *(
        Bridge(f"nlopt-{name}", {"box": partial(nlopt, method=method, box=True)}, 400)
        for name, method in (("crs", "GN_CRS2_LM"), ("isres", "GN_ISRES"))
    ),
    # the Gaussian process takes too long for a table
    Bridge("optuna-tpe", {"box": partial(optuna, first=False), "start": partial(optuna, first=True)}, 20),
    Bridge("cmaes-catcma", {space: partial(catcma, space=space) for space in ("box", "open")}, 400),
    Bridge("nevergrad-CMA", nevergrad_ways("CMA", "box", "open"), 60),
    Bridge("nevergrad-OnePlusOne", nevergrad_ways("OnePlusOne", "box", "open"), 60, seeds=60),
    Bridge("nevergrad-DE", nevergrad_ways("DE", "box", "open"), 60),
    Bridge("nevergrad-TwoPointsDE", nevergrad_ways("TwoPointsDE", "box", "open"), 60),
    Bridge("nevergrad-PSO", nevergrad_ways("PSO", "box", "open"), 60),
    Bridge("nevergrad-NGOpt", nevergrad_ways("NGOpt", "box", "open"), 30),
    Bridge("nevergrad-DiscreteOnePlusOne", nevergrad_ways("DiscreteOnePlusOne", "box", "start"), 300, INTEGERS),
    Bridge("scipy-lbfgsb", local("L-BFGS-B", EITHER, jac=True, ftol=0, gtol=1e-10, maxiter=10**8, maxfun=10**8), 400),
    Bridge("scipy-bfgs", local("BFGS", {"default": {}}, jac=True, **TIGHT), 400),
    Bridge("scipy-cg", local("CG", {"default": {}}, jac=True, **TIGHT), 400),
    Bridge("scipy-tnc", local("TNC", EITHER, jac=True, ftol=0, gtol=1e-10, xtol=0, maxfun=10**8), 400),
    Bridge("scipy-slsqp", local("SLSQP", EITHER, jac=True, ftol=1e-15, maxiter=10**8), 400),
    Bridge("torch-lbfgs", {"default": torch_lbfgs}, 400),
    Bridge(
        "scipy-newton-cg",
        local("Newton-CG", {"default": {}}, jac=True, hessp="hessian_vector", xtol=1e-10, maxiter=10**8),
        120,
    ),
    *(
        Bridge(f"scipy-{method}", local(method, REGION_OF_SCALE, **REGION, **{word: question}), 120)
        for method, word, question in (
            ("trust-ncg", "hessp", "hessian_vector"),
            ("trust-krylov", "hessp", "hessian_vector"),
            ("trust-exact", "hess", "hessian"),
            ("dogleg", "hess", "hessian"),
        )
    ),
    Bridge("dfo-ls", {"default": dfo_ls, "tight": partial(dfo_ls, rhoend=FINE)}, 100, LEAST_SQUARES),
    *(
        Bridge(f"scipy-{method}", {"default": partial(least_squares, method=method, **LEAST)}, 500, LEAST_SQUARES)
        for method in ("lm", "trf", "dogbox")
    ),
)


def bare(way: Call, objective: Objective, budget: float, seed: int) -> np.ndarray:
    """The cost at which each of GAPS was reached, (11,), by a library that is begun anew wherever it returns."""
    import warnings

    f = Bare(objective, budget, seed)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            while True:
                before = f.spent
                way(f)
                if f.spent == before:
                    break
                f.restart()
        except Enough:
            pass
    return f.reached


def through(
    name: str, objective: Objective, budget: float, seed: int, prices: Mapping[str, float] = PRICES
) -> np.ndarray:
    """The same of an optimizer of ours, through the oracle."""
    definition = registry.find_optimizer(name)
    oracle = open_oracle(objective, definition, budget, seed, gap=GAPS[-1], prices=prices)
    error = play(oracle, definition.function, registry.settings(definition, {}), restarts=True)
    assert error == "", error
    events = np.array(books_of(oracle).ledgers[0].events)
    costs = np.array([oracle.prices[question] for question in QUESTIONS])
    cost, gap = events[:, : len(QUESTIONS)] @ costs, events[:, len(QUESTIONS) + 2] - objective.f_opt
    return np.array([cost[gap <= target][0] if (gap <= target).any() else inf for target in GAPS])


@dataclass(frozen=True)
class Comparison:
    """A bridge beside its library on a cell: expected runtimes to f_opt + gap.

    way: the better one of bare, by its runtime there. bare, through: expected runtimes. low, high: the 95 % interval of
    their ratio, through to bare: a bootstrap over seeds, which both sides have. runs: of each side. ways: the expected
    runtime in each way of calling bare.
    """

    bridge: str
    cell: str
    way: str
    gap: float
    bare: float
    through: float
    low: float
    high: float
    runs: int = SEEDS
    ways: Mapping[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Through the door to bare."""
        return self.through / self.bare

    @property
    def holds(self) -> bool:
        """Whether the bridge is within its bound."""
        return self.ratio <= MOST or self.low <= 1


def expected_runtime(costs: np.ndarray, budget: float) -> Any:
    """What all runs spent for each that reached the target: costs (..., runs), infinite where it was not -> (...)."""
    reached = np.isfinite(costs)
    with np.errstate(divide="ignore"):
        return np.where(reached, costs, budget).sum(-1) / reached.sum(-1)


def compare(bridge: Bridge, cell: Cell, seeds: int = 0) -> Comparison:
    """Run both sides, with the bridge's number of seeds unless another is given. The target is the finest of GAPS that
    bare reaches in 4 of 5 runs, in one way at least.
    """
    seeds = seeds or bridge.seeds
    objectives = [cell.make(seed) for seed in range(seeds)]
    budget = bridge.budget * objectives[0].dim
    costs = {
        name: np.array([bare(way, objective, budget, seed) for seed, objective in enumerate(objectives)])
        for name, way in bridge.ways.items()
    }
    ours = np.array([through(bridge.name, objective, budget, seed) for seed, objective in enumerate(objectives)])
    reliable = np.flatnonzero(
        [any(np.isfinite(c[:, k]).mean() >= RELIABLE for c in costs.values()) for k in range(len(GAPS))]
    )
    k = reliable[-1] if len(reliable) else 0
    runtimes = {name: float(expected_runtime(c[:, k], budget)) for name, c in costs.items()}
    best = min(runtimes, key=runtimes.__getitem__)
    drawn = np.random.default_rng(0).integers(seeds, size=(RESAMPLES, seeds))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = expected_runtime(ours[drawn, k], budget) / expected_runtime(costs[best][drawn, k], budget)
    low, high = np.quantile(np.where(np.isnan(ratios), 1, ratios), [0.025, 0.975], method="inverted_cdf")
    at_door = float(expected_runtime(ours[:, k], budget))
    bounds = float(low), float(high)
    return Comparison(bridge.name, cell.label, best, float(GAPS[k]), runtimes[best], at_door, *bounds, seeds, runtimes)


# Beside BBOB-2009

PUBLISHED = {
    "scipy-nelder-mead": "NELDER",
    "scipy-bfgs": "BFGS",
    "pycma-bipop": "BIPOP-CMA-ES",
    "one-plus-one-es": "ONEFIFTH",
}


def published(algorithm: str, function: int, dim: int) -> float:
    """The expected runtime to 1e-8 at BBOB-2009, in evaluations; infinite where no run reached it."""
    frame = bbob_2009()
    runs = frame[(frame.algorithm == algorithm) & (frame.function == function) & (frame.dim == dim)]
    reached = np.isfinite(runs.evaluations)
    return float(np.where(reached, runs.evaluations, runs.spent).sum() / reached.sum()) if reached.any() else inf


@cache
def bbob_2009() -> Any:
    """The frame of published runs."""
    from bench.interchange.published import published

    return published("bbob-2009").runtimes


def beside_2009(name: str, cell: Cell) -> tuple[float, float]:
    """Our expected runtime to 1e-8 and the published one, in evaluations. A gradient counts dim + 1, because in 2009
    gradients were taken by forward differences."""
    objectives = [cell.make(seed) for seed in range(SEEDS)]
    dim = objectives[0].dim
    budget = 2000.0 * dim
    costs = np.array([through(name, f, budget, seed, {"gradient": dim + 1}) for seed, f in enumerate(objectives)])
    function = int(cell.problem.removeprefix("bbob-f"))
    return float(expected_runtime(costs[:, -1], budget)), published(PUBLISHED[name], function, dim)


# Tables


def number(value: float) -> str:
    """Three digits; infinity as the field writes it."""
    return "∞" if np.isinf(value) else f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def entry(row: Comparison) -> str:
    """The ratio; its interval where it decides; the target where it is not 1e-8."""
    if np.isinf(row.bare):
        return "-"
    text = "∞" if np.isinf(row.ratio) else f"{row.ratio:.2f}"
    if row.ratio > MOST:
        text += f" [{row.low:.2f}, {number(row.high)}]" if row.holds else " **above**"
    return text if row.gap == GAPS[-1] else f"{text} at {row.gap:.0e}".replace("e+0", "e").replace("e-0", "e-")


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is left-aligned."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def said(row: Comparison) -> str:
    """A line of the log."""
    mark = "" if row.holds else " ABOVE"
    return (
        f"{row.bridge:32} {row.cell:16} to {row.gap:.0e}: {number(row.through):>7} through the door, "
        f"{number(row.bare):>7} bare ({row.way}), ratio {row.ratio:.2f} [{row.low:.2f}, {number(row.high)}]{mark}"
    )


def table_of_bridges(comparisons: Sequence[Sequence[Comparison]]) -> str:
    """Ratios, a row a bridge: a table for each set of cells."""
    tables: dict[tuple[str, ...], list[list[str]]] = {}
    for rows in comparisons:
        entries = [f"`{rows[0].bridge}`", str(rows[0].runs), *map(entry, rows)]
        tables.setdefault(tuple(row.cell for row in rows), []).append(entries)
    return "\n\n".join(markdown(["", "n", *cells], entries) for cells, entries in tables.items())


def table_of_2009(runtimes: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Ours and theirs, in evaluations to 1e-8."""
    rows = [
        [f"`{name}` / {PUBLISHED[name]}", *(f"{number(ours)} / {number(theirs)}" for ours, theirs in cells)]
        for name, cells in runtimes.items()
    ]
    return markdown(["", *(cell.label for cell in BBOB)], rows)


ROOT = Path(__file__).parents[2]
README, STORE = ROOT / "optimizers" / "README.md", ROOT / "results" / "bridges.jsonl"
BESIDE_2009 = "beside BBOB-2009"
Task = tuple[str, str, str]  # what is measured (a bridge's ratio, or a method's runtime of 2009), name, cell


def write(marker: str, text: str) -> None:
    """Put text between two markers of the README."""
    begin, end = f"<!-- {marker} -->", f"<!-- end of {marker} -->"
    page = README.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    assert after, f"{README} must have {begin} and {end}"
    README.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def tasks() -> list[Task]:
    """All cells of both tables, the dear ones of Nevergrad last."""
    ratios = [("bridge", bridge.name, cell.label) for bridge in BRIDGES for cell in bridge.cells]
    runtimes = [(BESIDE_2009, name, cell.label) for name in PUBLISHED for cell in BBOB]
    return sorted(ratios + runtimes, key=lambda task: (task[1].startswith("nevergrad"), "NGOpt" in task[1]))


def measure(task: Task) -> Any:
    """A cell of a table, as JSON has it."""
    kind, name, label = task
    if kind == BESIDE_2009:
        return beside_2009(name, next(cell for cell in BBOB if cell.label == label))
    bridge = next(bridge for bridge in BRIDGES if bridge.name == name)
    return asdict(compare(bridge, next(cell for cell in bridge.cells if cell.label == label)))


def stored() -> dict[Task, Any]:
    """What was measured before; of one cell, the last."""
    if not STORE.exists():
        return {}
    return {tuple(task): found for task, found in map(json.loads, STORE.read_text(encoding="utf-8").splitlines())}


def ready() -> None:
    """In each process: one thread, and the registries."""
    import torch

    torch.set_num_threads(1)
    registry.load(("bench.problems", "bench.optimizers"))


def main(names: Sequence[str]) -> int:
    """Measure what is missing or named, print both tables, and write them where they are whole; the exit status."""
    known = stored()
    wanted = [task for task in tasks() if (task[1] in names if names else task not in known)]
    STORE.parent.mkdir(exist_ok=True)
    with (
        ProcessPoolExecutor(int(os.environ.get("PROCESSES", os.cpu_count() or 1)), initializer=ready) as processes,
        STORE.open("a", encoding="utf-8") as lines,
    ):
        for task, found in zip(wanted, processes.map(measure, wanted), strict=True):
            known[task] = found
            print(json.dumps([task, found]), file=lines, flush=True)
            print(said(Comparison(**found)) if task[0] == "bridge" else f"{task}: {found}", flush=True)
    comparisons = [
        [Comparison(**known[task]) for cell in bridge.cells if (task := ("bridge", bridge.name, cell.label)) in known]
        for bridge in BRIDGES
    ]
    whole = all(task in known for task in tasks())
    bridges = table_of_bridges([rows for rows in comparisons if rows])
    print(f"\n{bridges}")
    if whole:
        beside = table_of_2009({name: [known[BESIDE_2009, name, cell.label] for cell in BBOB] for name in PUBLISHED})
        print(f"\n{beside}")
        write("bridges", bridges)
        write("BBOB-2009", beside)
    return int(not all(row.holds for rows in comparisons for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
