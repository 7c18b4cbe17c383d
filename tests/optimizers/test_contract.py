"""What every registered optimizer must do, whatever it is: a new one is tested without a change here.

One in a module of your own: `python -m pytest -p my_module tests/optimizers/test_contract.py -k my-method`.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from operator import attrgetter

import numpy as np
import pytest
import torch
from array_api_compat import array_namespace

from bench.core import PRICES, Array, Composite, Domain, Objective, registry
from bench.core.ledger import QUESTIONS, Ledger
from bench.core.oracle import books_of
from bench.core.registry import OptimizerDefinition
from bench.runner.plan import misfit
from bench.runner.single import open_oracle, play

torch.set_num_threads(1)
registry.load(("bench.optimizers",))

# Of Nevergrad's hundreds of names the curated list of bench/suites/nevergrad.toml, but for BO, which takes half a
# second an evaluation, and SPSA, whose steps of fixed length are too short to beat random search in 600 values or to
# leave a whole number; that every other name completes a run is a slow test of test_nevergrad.py.
NEVERGRAD = {
    f"nevergrad-{name}"
    for name in (
        *("OnePlusOne", "CMA", "DiagonalCMA", "DE", "TwoPointsDE", "PSO", "TBPSA", "NGOpt", "NgIohTuned"),
        *("Cobyla", "Powell", "RecombiningGA"),
    )
}
# all of pytorch_optimizer have a quicker test of their own, test_pytorch_optimizer.py
ELSEWHERE = ("nevergrad-", "pytorch-optimizer-")
ALL = sorted(
    (item for name, item in registry.OPTIMIZERS.items() if not name.startswith(ELSEWHERE) or name in NEVERGRAD),
    key=lambda item: item.name,
)


every = pytest.mark.parametrize("definition", ALL, ids=attrgetter("name"))


def pairs_of(objectives: Iterable[Objective], definitions: Iterable[OptimizerDefinition]) -> list:
    """Each optimizer with each of these problems that it can be run on."""
    return [
        pytest.param(definition, objective, id=f"{objective.name}-{definition.name}")
        for objective in objectives
        for definition in definitions
        if not misfit(objective, definition)
    ]


def each_on(*objectives: Objective) -> pytest.MarkDecorator:
    """A test of every optimizer on each of these problems that it can be run on."""
    return pytest.mark.parametrize("definition, objective", pairs_of(objectives, ALL))


OPEN = Domain()


def bowl(x: Array, curvatures: Array, center: Array) -> Array:
    return 0.5 * (curvatures * (x - center) ** 2).sum(-1)


def parts(x: Array, curvatures: Array, center: Array) -> Array:
    return (0.5 * curvatures) ** 0.5 * (x - center)


def quadratic(dim: int = 2, domain: Domain = OPEN, center: float = 0.1) -> Objective:
    constants = {"curvatures": np.geomspace(30, 100, dim), "center": np.full(dim, center)}
    return Objective(bowl, dim, domain, constants=constants, f_opt=0.0, residuals=parts, name="quadratic")


def squared_error(x: Array, inputs: Array, targets: Array) -> Array:
    return ((((x[..., None, :] * inputs).sum(-1)) - targets) ** 2).mean(-1)


def regression(seed: int = 0, rows: int = 48) -> Objective:
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((rows, 3))
    targets = inputs @ np.array([1.0, -2.0, 0.5]) + 0.1 * rng.standard_normal(rows)
    return Objective(squared_error, 3, data={"inputs": inputs, "targets": targets}, name="regression")


def noisy_bowl(x: Array, curvatures: Array, center: Array, noise: Array | None = None) -> Array:
    f = bowl(x, curvatures, center)
    return f if noise is None else f + 0.1 * noise


def noisy(dim: int = 3) -> Objective:
    constants = quadratic(dim).constants
    return Objective(
        noisy_bowl, dim, constants=constants, noise=lambda rng, shape: rng.standard_normal(shape), name="noisy"
    )


def aim(x: Array, inputs: Array) -> Array:
    return (x[..., None, :] * inputs).sum(-1)[..., None]


def fly(x: Array, e: Array, inputs: Array, targets: Array) -> tuple[Array, Array]:
    seen = inputs + 0 * x[..., None, :]
    return ((aim(x, seen) + e)[..., 0] - targets) ** 2, seen


def composite(seed: int = 0, rows: int = 48) -> Objective:
    """The squared error of a linear network, which the network itself is not told."""
    whole = regression(seed, rows)
    inside = Composite(aim, fly, outputs=1)
    return Objective(squared_error, 3, data=whole.data, order=0, composite=inside, name="composite")


def rates(definition: OptimizerDefinition) -> list[dict[str, float]]:
    """The default setting, and learning rates a decade or two from it: an author's own may be meant for longer runs
    (Lion: 1e-4) or for flatter functions (schedule-free SGD: 1, where a step above 2 / 100 diverges here)."""
    lr = definition.parameters.get("lr")
    return [{}, *({"lr": lr.default * factor} for factor in (10, 0.1, 0.01) if lr)]


# of which an evaluation takes as long as a hundred of others, or a thousand, and the values that they get; both of
# Optuna's model begin after ten
DEAR = {"optuna-gp": 12, "optuna-tpe": 30, "nevergrad-NGOpt": 41, "nevergrad-NgIohTuned": 41}


def most(definition: OptimizerDefinition, budget: float, dear: float | None = None) -> float:
    """The budget, or what those that take long for an evaluation get of it."""
    return min(budget, dear or DEAR[definition.name]) if definition.name in DEAR else budget


def finished(
    definition: OptimizerDefinition,
    objective: Objective,
    budget: float,
    seed: int = 0,
    dear: float | None = None,
    gap: float = -np.inf,
    **given: float,
) -> Ledger:
    """The books of one run at `most` of a budget, or until f is within a gap, which must not have crashed."""
    budget = most(definition, budget, dear)
    absent = registry.missing(definition)
    if absent:
        pytest.skip(f"needs {', '.join(absent)}")
    oracle = open_oracle(objective, definition, budget, seed, gap=gap)
    error = play(oracle, definition.function, registry.settings(definition, given), restarts=not objective.noise)
    if "ModuleNotFoundError" in error:  # a portfolio that takes another member at another budget
        pytest.skip(error.splitlines()[-1])
    assert error == ""
    return books_of(oracle).ledgers[0]


def cost(ledger: Ledger, rows: int = 1) -> float:
    """What the counts come to at the default prices: value 1, gradient 3, Hessian-vector product 6."""
    return sum(count * price for count, price in zip(ledger.counts, PRICES.values(), strict=True)) / rows


def without_seconds(ledger: Ledger) -> np.ndarray:
    return np.delete(np.array(ledger.events), [len(QUESTIONS), len(QUESTIONS) + 1], axis=1)


@every
def test_names_its_source(definition: OptimizerDefinition) -> None:
    assert any(word.strip("(),").isdigit() for word in definition.source.split()), "an author and a year"


def assert_spent(definition: OptimizerDefinition, ledger: Ledger, budget: float) -> None:
    """A budget is spent to the last question that it pays for."""
    dearest = (1, 3, 6)[definition.order]
    assert ledger.status == "budget"
    assert budget - dearest < cost(ledger) <= budget
    differentiates = definition.structure == "residuals" and definition.order > 0
    kind = QUESTIONS.index("jacobian") if differentiates else definition.order
    assert ledger.counts[kind] > 0 or budget == 1, "what it declared, it asks"


# those of 23 and of 97 are looked at in the runs of test_the_seed_fixes_the_run
@each_on(quadratic())
@pytest.mark.parametrize("budget", [1, pytest.param(251, marks=pytest.mark.slow)])
def test_spends_the_budget_to_the_last_question(
    definition: OptimizerDefinition, objective: Objective, budget: float
) -> None:
    budget = most(definition, budget)
    assert_spent(definition, finished(definition, objective, budget), budget)


@each_on(regression(), noisy(), composite())
def test_is_never_over_budget_on_data_and_noise(definition: OptimizerDefinition, objective: Objective) -> None:
    ledger = finished(definition, objective, 23)
    assert cost(ledger, objective.rows) <= 23
    assert sum(ledger.counts) > 0
    assert ledger.status == "budget"
    at_others = (finished(definition, objective, 23, **given) for given in rates(definition)[1:])
    assert any(run.events[-1][len(QUESTIONS) + 2] < 100 * ledger.first for run in chain([ledger], at_others))


@every
def test_the_seed_fixes_the_run(definition: OptimizerDefinition) -> None:
    objective = composite() if definition.structure == "composite" else quadratic()
    first, again = (finished(definition, objective, 97, seed=1) for _ in range(2))
    other = finished(definition, objective, 23, seed=2)
    if objective.name == "quadratic":
        for budget, ledger in ((97, first), (23, other)):
            assert_spent(definition, ledger, most(definition, budget))
    paths = [ledger.events if ledger.points is None else ledger.points for ledger in (first, other)]
    same = min(map(len, paths))
    assert not np.array_equal(*(np.array(path)[:same, -1] for path in paths))
    if definition.deterministic:
        if first.points is not None and again.points is not None:
            np.testing.assert_array_equal(first.points, again.points)
        np.testing.assert_array_equal(without_seconds(first), without_seconds(again))


def hole(x: Array, bad: float) -> Array:
    f = ((x - 1) ** 2).sum(-1)
    return array_namespace(x).where(x[..., 0] > 0, bad * f, f)


def abyss(x: Array, bad: float) -> Array:
    return bad * (1 + (x**2).sum(-1))


def not_finite(formula: Callable[..., Array], bad: float) -> Objective:
    name = f"{formula.__name__}-{bad}"
    return Objective(formula, 2, constants={"bad": bad}, start=lambda rng: -rng.random(2), name=name)


@each_on(*(not_finite(formula, bad) for formula in (hole, abyss) for bad in (np.nan, np.inf)))
def test_survives_values_that_are_not_finite(definition: OptimizerDefinition, objective: Objective) -> None:
    budget = 41 if objective.formula is abyss else 97  # nothing is to be found in an abyss, however long a run is
    ledger = finished(definition, objective, budget)
    assert cost(ledger) <= budget
    assert ledger.status in ("budget", "diverged", "returned")
    assert not np.isnan(ledger.best)


WHOLE = Domain(np.array([-1.0, 0, 0, 0, 0]), np.array([1.0, 7, 1, 1, 2]), kinds=("real", *["integer"] * 3, "category"))


def distance(x: np.ndarray) -> np.ndarray:
    return ((x - np.array([0, 3, 1, 2, 4])) ** 2).sum(-1)


def discrete(name: str, domain: Domain) -> Objective:
    return Objective(distance, 5, domain, order=0, arrays="numpy", name=name)


@each_on(
    discrete("mixed", WHOLE),
    discrete("bits", Domain(0, 1, kinds="integer")),
    discrete("order", Domain(0, 4, kinds="permutation")),
)
def test_asks_points_of_the_kinds_that_it_takes(definition: OptimizerDefinition, objective: Objective) -> None:
    asked = []

    def recorded(x: np.ndarray) -> np.ndarray:
        asked.append(x)
        return distance(x)

    ledger = finished(definition, replace(objective, formula=recorded), 60)
    assert cost(ledger) == most(definition, 60)
    assert all(objective.domain.contains(x).all() for x in asked)
    assert len({tuple(x.ravel()) for x in asked}) > 1, "it moves"


# random search without memory, where there is no box to fill, is what the others must beat; ISRES fills one of ten
# scales each way with 120 points, and 600 values are five generations
RIVALS = [item for item in ALL if item.name not in ("random-search", "quasi-random-search", "nlopt-isres")]
EASY = quadratic(5, Domain(scale=0.1))


def bests(definition: OptimizerDefinition, gap: float = -np.inf, **given: float) -> Iterator[float]:
    """The best value of each of three runs, which end where they are within a gap of the least value, 0."""
    dear = 40 if definition.name == "optuna-gp" else 600
    return (finished(definition, EASY, 600, seed, dear, gap, **given).best for seed in range(3))


@pytest.fixture(scope="module")
def by_random_search() -> float:
    return float(np.median(list(bests(registry.find_optimizer("random-search")))))


@pytest.mark.parametrize("definition", [pair.values[0] for pair in pairs_of([EASY], RIVALS)], ids=attrgetter("name"))
def test_beats_random_search(definition: OptimizerDefinition, by_random_search: float) -> None:
    """Its median of three is better: that of two that agree, whatever the third is."""

    def better(given: dict[str, float]) -> bool:
        runs = bests(definition, 0.999 * by_random_search, **given)  # what it reaches beyond does not matter
        first, second = (next(runs) < by_random_search for _ in range(2))
        return first if first == second else next(runs) < by_random_search

    assert any(better(given) for given in rates(definition))


STACKS = {
    "quadratic": [quadratic(7, center=c) for c in (0.1, 0.2, 0.3)],
    "line": [replace(quadratic(1, center=c), name="line") for c in (0.1, 0.2, 0.3)],
    "regression": [regression(seed) for seed in range(3)],
    "composite": [composite(seed) for seed in range(3)],
}
PLAIN, LINE, DATA, NETWORK = (stack[0] for stack in STACKS.values())
LANES = [definition for definition in ALL if definition.lanes]
OF_NETWORKS = [definition for definition in LANES if definition.structure == "composite"]


@pytest.mark.parametrize(
    "definition, objective, budget",
    [
        pytest.param(*pair.values, budget, id=f"{budget}-{pair.id}", marks=[pytest.mark.slow] * slow)
        for pair in pairs_of([PLAIN, LINE, DATA], LANES) + pairs_of([NETWORK], OF_NETWORKS)
        for budget, slow in ((25, pair.values[1] is PLAIN), (100, pair.values[1] is not PLAIN))
    ],
)
def test_lanes_equal_single_runs(definition: OptimizerDefinition, objective: Objective, budget: int) -> None:
    """The first and the last of three lanes, and a stack of one."""

    def books(objective: Objective | list[Objective], seed: int | list[int]) -> list[Ledger]:
        oracle = open_oracle(objective, definition, budget, seed, gap=-np.inf)
        assert play(oracle, definition.function, registry.settings(definition, {}), restarts=True) == ""
        return books_of(oracle).ledgers

    objectives, seeds = STACKS[objective.name], [4, 5, 6]
    lanes = list(zip(books(objectives, seeds), objectives, seeds, strict=True))
    for lane, objective, seed in lanes[:: len(lanes) - 1]:
        singles = [books(objective, seed)]
        if seed == seeds[0]:
            singles.append(books([objective], [seed]))  # a stack of one
        for (alone,) in singles:
            np.testing.assert_array_equal(without_seconds(lane), without_seconds(alone))
            np.testing.assert_array_equal(lane.best_x, alone.best_x)
            assert lane.counts == alone.counts
            assert lane.status == alone.status


def hollow(x: Array, lengths: Array) -> Array:
    """A tilted bowl in x over its lengths (dim,), with some curvature of higher order."""
    z = x / lengths - 0.3
    return z[..., 0] ** 2 + 2 * z[..., 1] ** 2 + z[..., 0] * z[..., 1] + 0.05 * (z**4).sum(-1)


def stretched(lengths: np.ndarray, boxed: bool) -> Objective:
    """The same problem in coordinates that are so many times as long."""
    low, high, begin = np.array([-2.0, -1.0]), np.array([3.0, 4.0]), np.array([1.3, -0.7])
    box = Domain(low * lengths, high * lengths) if boxed else OPEN
    start = None if boxed else lambda rng: (begin + 0.1 * rng.random(2)) * lengths
    name = "box" if boxed else "open"
    return Objective(hollow, 2, box, start=start, constants={"lengths": lengths}, order=0, name=name)


def asked(definition: OptimizerDefinition, lengths: np.ndarray, boxed: bool) -> np.ndarray:
    """The points of the first 100 evaluations (100, 2), over the lengths."""
    points = finished(definition, stretched(lengths, boxed), 100).points
    return np.array(points) / lengths


@functools.cache
def plain(name: str, boxed: bool) -> np.ndarray:
    """Those where each length is 1, which two tests compare with."""
    return asked(registry.find_optimizer(name), np.ones(2), boxed)


BLIND = [item for item in ALL if item.order == 0 and item.deterministic and item.structure is None]
# what amplifies the rounding of x and f until points differ: powers of two alone
CHAOTIC = ("nevergrad-", "nlopt-bobyqa", "scipy-cobyla", "scipy-cobyqa")
SCALED = [item for item in BLIND if not item.name.startswith(CHAOTIC)]
boxes = pytest.mark.parametrize("boxed", [True, False], ids=["box", "open"])


@boxes
@pytest.mark.parametrize("definition", SCALED, ids=attrgetter("name"))
def test_a_coordinate_is_searched_in_its_own_scale(definition: OptimizerDefinition, boxed: bool) -> None:
    lengths = np.array([1e5, 1e-3])
    near = 1e-4 if definition.name.startswith("optuna-gp") else 1e-6  # its model's inner search ends early, SciPy 1.15
    np.testing.assert_allclose(asked(definition, lengths, boxed), plain(definition.name, boxed), rtol=near, atol=near)


@boxes
@pytest.mark.parametrize("definition", BLIND, ids=attrgetter("name"))
def test_units_of_powers_of_two_change_no_bit(definition: OptimizerDefinition, boxed: bool) -> None:
    longer = asked(definition, np.array([2.0**20, 2.0**-9]), boxed)
    np.testing.assert_array_equal(longer, plain(definition.name, boxed))
