"""How often our statistics are wrong, measured on runs where the truth is known: run with -s to see the table.

The runs of one method under several names differ by chance only. A pool of them stands for all the runs that there
could be: an experiment draws from it, without replacement where names are compared (disjoint seeds), with replacement
where an interval is to hold what the pool has.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import bench
from bench.core import registry
from bench.core.oracle import books_of
from bench.measure.comparison import Comparison, View
from bench.measure.crossing import changes
from bench.measure.ert import ert
from bench.measure.inference import holm, signed_rank, superiority
from bench.measure.levels import LEVEL
from bench.measure.permutations import generator
from bench.measure.statistics import areas, duel_tests, duels, pairs, scores
from bench.runner import PACKAGES
from bench.runner.single import open_oracle, play

METHOD, BUDGET, SEEDS = "cma-es", 400, 120
# 20 of the functions of BBOB, in as many dimensions as make some runs reach the hardest targets within the budget
PROBLEMS = {1: 2, 2: 2, 3: 2, 5: 2, 6: 2, 7: 2, 8: 2, 9: 2, 10: 2, 11: 3, 12: 3, 13: 3, 14: 3, 15: 2, 16: 2, 17: 2,
            20: 2, 21: 2, 22: 2, 24: 2}  # fmt: skip
GAPS = 10.0 ** np.arange(2, -9, -1)
EXPERIMENTS = 400
FEW = EXPERIMENTS // 20  # for power, of which no more is asked than that it is above 80 %
LEAST = 0.9  # of a nominal 95 %
COSTS = np.geomspace(1, BUDGET, 60)
AT = 45  # the place among them, 97 evaluations, where fractions of targets are compared
FACTORS = (1.0, 1.25, 1.5, 2.0)  # how many times slower


@dataclass(frozen=True)
class Pool:
    """runtimes (problems, FACTORS, seeds, targets), area (problems, FACTORS, seeds), share (.., seeds, COSTS)."""

    runtimes: np.ndarray
    area: np.ndarray
    share: np.ndarray


def first_costs(number: int, dim: int) -> list[np.ndarray]:
    """The runtimes (targets,) of each seed on one problem, all seeds in lockstep."""
    method, objective = registry.find_optimizer(METHOD), bench.make(f"bbob-f{number:02d}", dim=dim)
    oracle = open_oracle([objective] * SEEDS, method, BUDGET, list(range(SEEDS)), gap=GAPS[-1])
    assert play(oracle, method.function, registry.settings(method, {}), restarts=True) == ""
    found = []
    for ledger in books_of(oracle).ledgers:
        events = np.array(ledger.events)
        gap = np.minimum.accumulate(events[:, -1]) - objective.f_opt
        found.append(np.append(events[:, 0], np.inf)[(gap[:, None] > GAPS).sum(axis=0)])
    return found


def view_of(runtimes: np.ndarray) -> View:
    """A view of runs of runtimes (problems, names, seeds, targets)."""
    problem, name, seed = (index.ravel() for index in np.indices(runtimes.shape[:3]))
    runs = pd.DataFrame({"problem": problem, "optimizer": name, "seed": seed}).assign(
        run=np.arange(len(problem)), dim=2, instance=1, family="bbob", scored=False, order=0, budget=BUDGET
    )
    runs = runs.assign(problem=runs.problem.map("{:02d}".format), optimizer=runs.optimizer.map("m{:03d}".format))
    targets = runtimes.shape[3]
    reached = pd.DataFrame({"run": np.repeat(runs.run, targets), "target": np.tile(GAPS, len(runs)), "kind": "gap"})
    whole = np.isfinite(runtimes).all(axis=3).ravel()
    spent = np.where(whole, runtimes.max(axis=3).ravel(), BUDGET)
    runs = runs.assign(status=np.where(whole, "target", "budget"), cost=spent)
    return View(Comparison(runs), reached.assign(runtime=runtimes.ravel(), spent=np.repeat(spent, targets)))


@pytest.fixture(scope="module")
def pool() -> Pool:
    """All the runs that there are, and those of methods that need so many times the cost, within the same budget."""
    registry.load(PACKAGES)
    once = np.array([first_costs(number, dim) for number, dim in PROBLEMS.items()])
    runtimes = np.stack([once * factor for factor in FACTORS], axis=1)
    runtimes[runtimes > BUDGET] = np.inf
    return Pool(runtimes, *measured(runtimes))


def measured(runtimes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Areas (problems, names, seeds), and fractions of targets reached within COSTS (.., COSTS)."""
    view = view_of(runtimes)
    shape = runtimes.shape[:3]
    return areas(view).area.to_numpy().reshape(shape), view.solved(COSTS).reshape(*shape, -1)


def disjoint(rng: np.random.Generator, names: int, seeds: int) -> np.ndarray:
    """Which of the pool (problems, names, seeds) each name has; none twice."""
    order = rng.permuted(np.tile(np.arange(SEEDS), (len(PROBLEMS), 1)), axis=1)
    return order[:, : names * seeds].reshape(len(PROBLEMS), names, seeds)


def drawn(values: np.ndarray, which: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """Those of the pool (problems, FACTORS, seeds, ...), as (problems, names, seeds, ...)."""
    return values[np.arange(len(which))[:, None, None], FACTORS.index(factor), which]


def compared(area: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Adjusted p-values of `pairs` and of `duels` at one budget, of arrays."""
    first, second = np.triu_indices(area.shape[1], 1)
    middle = np.median(area, axis=2)
    planned = np.ones(area.shape, dtype=bool)
    names = np.array([f"m{n:03d}" for n in range(area.shape[1])])
    duel = duel_tests(share[..., AT : AT + 1], planned, planned, names, ("duels", "bbob", COSTS[AT]))["adjusted"][:, 0]
    return holm(signed_rank(middle[:, first] - middle[:, second])), duel


def crossed(share: np.ndarray) -> bool:
    """Whether curves cross."""
    return len(changes(share, np.ones(share.shape[:3], dtype=bool), generator(*share[0, :, 0, AT]))) > 1


def test_arrays_and_frames_agree(pool):
    which = disjoint(np.random.default_rng(0), 4, 6)
    runtimes = drawn(pool.runtimes, which)
    runtimes[:, 1] = drawn(pool.runtimes, which, 1.5)[:, 1]
    area, share = compared(*measured(runtimes))
    view = view_of(runtimes)
    table = pairs(view)
    assert table[table.optimizer < table.rival].adjusted.to_numpy() == pytest.approx(area)
    table = duels(view, [COSTS[AT]])
    table = table[(table.family == "all") & (table.optimizer < table.rival)]
    assert table.adjusted.to_numpy() == pytest.approx(share)


SLOW = [pytest.param(*sizes, EXPERIMENTS, marks=pytest.mark.slow) for sizes in ((5, 10), (20, 5))]


@pytest.mark.parametrize(("names", "seeds", "experiments"), [(5, 10, EXPERIMENTS // 4), *SLOW])
def test_equal_methods_are_seldom_told_apart(pool, names, seeds, experiments):
    most = LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / experiments)  # three standard errors above: 8.3 % of 400
    rng = np.random.default_rng(1)
    wrong = np.zeros(3)
    for _ in range(experiments):
        which = disjoint(rng, names, seeds)
        shares = drawn(pool.share, which)
        area, share = compared(drawn(pool.area, which), shares)
        wrong += (area <= LEVEL).any(), (share <= LEVEL).any(), crossed(shares)
    wrong /= experiments
    print(f"\n{METHOD} under {names} names, {seeds} disjoint seeds, {len(PROBLEMS)} problems: any difference found in")
    for name, rate in zip(("pairs", "duels", "crossings"), wrong, strict=True):
        print(f"  {name:10} {rate:6.1%} of {experiments} (nominal 5 %, at most {most:.1%})")
    assert (wrong <= most).all()


@pytest.mark.slow
def test_intervals_hold_the_truth(pool):
    """15 seeds; the experiments are the optimizers of one frame. A short form is in test_calibration_table.py."""
    rng = np.random.default_rng(2)
    which = rng.integers(SEEDS, size=(len(PROBLEMS), EXPERIMENTS, 15))
    view = view_of(drawn(pool.runtimes, which))
    once = pool.runtimes[:, 0]
    success = np.isfinite(once).mean(axis=1)
    with np.errstate(divide="ignore"):
        truth = np.minimum(once, BUDGET).mean(axis=1) / success
    table = ert(view).sort_values(["problem", "target", "optimizer"], ascending=[True, False, True])
    low, high = (table[end].to_numpy().reshape(*truth.shape, EXPERIMENTS) for end in ("low", "high"))
    close = 1 + 1e-9  # the same sum in another order
    held = ((low <= close * truth[..., None]) & (close * high >= truth[..., None])).mean(axis=2)
    coverage = {"ERT, all targets that a fifth or more reach": held[success >= 0.2].mean()}
    least = LEAST - 3 * np.sqrt(LEAST * (1 - LEAST) / EXPERIMENTS)
    assert held[success >= 0.2].min() >= least  # each of them

    table = scores(view, [COSTS[AT]])
    share = pool.share[:, 0, :, AT].mean()
    table = table[table.family == "all"]
    coverage["fraction of targets"] = ((table.low <= share) & (table.high >= share)).mean()

    first = np.arange(EXPERIMENTS)
    for factor in (1.0, 1.5):
        truth = superiority(pool.area[:, [0, FACTORS.index(factor)]], *np.array([[0], [1]]))
        rivals = drawn(pool.area, rng.integers(SEEDS, size=which.shape), factor)
        x = np.concatenate([drawn(pool.area, which), rivals], axis=1)
        _, low, high = superiority(x, first, first + EXPERIMENTS)
        coverage[f"A12, rival {factor} times slower"] = ((low <= truth[0]) & (high >= truth[0])).mean()

    print(f"\ncoverage of nominal 95 % intervals at 15 seeds, {EXPERIMENTS} experiments (at least {LEAST:.0%})")
    for name, rate in coverage.items():
        print(f"  {name:36} {rate:6.1%}")
    assert min(coverage.values()) >= LEAST


def test_power(pool):
    """How often a method that is slower than four equal ones is found to be."""
    rng = np.random.default_rng(3)
    print(f"\none of 5 names is slower, 10 seeds on {len(PROBLEMS)} problems, {FEW} experiments: found so, beside")
    found = {}
    for factor in FACTORS[1:]:
        wins = np.zeros(2)
        for _ in range(FEW):
            which = disjoint(rng, 5, 10)
            area, share = drawn(pool.area, which), drawn(pool.share, which)
            area[:, 0], share[:, 0] = (drawn(x, which, factor)[:, 0] for x in (pool.area, pool.share))
            by_area, by_share = compared(area, share)
            wins += (by_area[:4] <= LEVEL).mean(), (by_share[:4] <= LEVEL).mean()  # of the first name and each other
        found[factor] = wins / FEW
        print(f"  another, {factor:4} times slower: pairs {found[factor][0]:6.1%}, duels {found[factor][1]:6.1%}")
    assert (found[2.0] > found[1.25]).all()
    assert (found[2.0] > 0.8).all()
