"""The methods with populations: steps by hand, pycma and textbooks beside them, restarts in lanes, bounds, torch."""

from dataclasses import replace
from math import exp, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bench.core import Array, Domain, Objective, Oracle, registry
from bench.core.ledger import QUESTIONS
from bench.core.oracle import books_of
from bench.optimizers.bounds import reflected
from bench.optimizers.cma_es import Strategy
from bench.optimizers.differential_evolution import others
from bench.optimizers.genetic_algorithm import order_crossover
from bench.optimizers.moves import reversed_slice
from bench.optimizers.particle_swarm import leaders
from bench.runner.single import open_oracle, play

torch.set_num_threads(1)
registry.load(("bench.problems", "bench.optimizers"))
SEARCHES = ["random-search", "quasi-random-search", "simulated-annealing"]
EVOLVING = [
    "cma-es", "separable-cma-es", "one-plus-one-es", "differential-evolution", "particle-swarm", "genetic-algorithm"
]  # fmt: skip


def bowl(x: Array) -> Array:
    return (x**2).sum(-1)


def slope(x: Array, sign: float) -> Array:
    return sign * x.sum(-1)


def ripples(x: Array, center: Array) -> Array:
    """Rastrigin's function."""
    y, cos = x - center, torch.cos if isinstance(x, torch.Tensor) else np.cos
    return (y**2 + 10 - 10 * cos(2 * np.pi * y)).sum(-1)


def run(name: str, objective: Any, budget: float, seed: Any = 0, gap: float = -np.inf, **hyperparameters: Any):
    """The oracle of a run, or of a batch, that has ended without a crash."""
    definition = registry.find_optimizer(name)
    oracle = open_oracle(objective, definition, budget, seed, gap=gap)
    assert play(oracle, definition.function, registry.settings(definition, hyperparameters), restarts=True) == ""
    return oracle


def with_constants(name: str, objective: Objective, budget: float, start: list[float], number: float, **given: Any):
    """The points asked where every random number is the same one."""

    def draw(size: int | tuple[int, ...]) -> np.ndarray:
        return np.full(size, number)

    definition = registry.find_optimizer(name)
    oracle = Oracle(objective, budget, start=start, order=0, lockstep=True)
    vars(oracle)["rng"] = SimpleNamespace(random=draw, standard_normal=draw)
    asked, value = [], oracle.value
    vars(oracle)["value"] = lambda x: (asked.extend(x.reshape(-1, oracle.dim).copy()), value(x))[1]
    assert play(oracle, definition.function, registry.settings(definition, given), restarts=False) == ""
    return np.array(asked[: int(budget)])


# what each one does


@pytest.mark.parametrize("dim, population", [(5, None), (10, None), (40, None), (10, 50)])
def test_the_parameters_of_cma_are_those_of_pycma(dim: int, population: int | None) -> None:
    import cma

    options = {"verbose": -9, "seed": 1, **({"popsize": population} if population else {})}
    theirs = cma.CMAEvolutionStrategy(dim * [0.0], 1.0, options)
    ours = Strategy.of(dim, population, diagonal=False)
    assert ours.population == theirs.popsize
    np.testing.assert_allclose(ours.mu_eff, theirs.sp.weights.mueff)
    np.testing.assert_allclose([ours.c_1, ours.c_mu, ours.c_c], [theirs.sp.c1, theirs.sp.cmu, theirs.sp.cc], rtol=1e-12)
    np.testing.assert_allclose(ours.weights, np.asarray(theirs.sp.weights), rtol=1e-12, atol=1e-15)


def test_the_separable_cma_is_faster_where_coordinates_are_independent() -> None:
    """f2 is a separable ellipsoid with condition 10^6 (Ros & Hansen 2008, figure 1: by about 3 in 10-D)."""
    f2 = [registry.find_problem("bbob-f02").make(instance=k, dim=10) for k in range(1, 6)]
    counts = {}
    for name in ("cma-es", "separable-cma-es"):
        ledgers = books_of(run(name, f2, 20_000, list(range(5)), gap=1e-8)).ledgers
        assert [ledger.status for ledger in ledgers] == 5 * ["target"]
        counts[name] = np.mean([ledger.counts[0] for ledger in ledgers])
    assert counts["separable-cma-es"] < counts["cma-es"] / 1.5


@pytest.mark.parametrize("sign, steps", [(1.0, -0.25), (-1.0, 1.0)])
def test_the_fifth_rule_multiplies_sigma_by_alpha_or_by_its_fourth_root(sign: float, steps: float) -> None:
    """Uphill every child fails and is measured from the start; downhill each is the next parent."""
    objective = Objective(slope, 1, Domain(scale=2.0), constants={"sign": sign})
    x = with_constants("one-plus-one-es", objective, 5, [3.0], 1.0, sigma=0.5)[:, 0]
    lengths = (x[1:] - 3) if sign > 0 else np.diff(x)
    np.testing.assert_allclose(lengths, exp(0.8 / sqrt(2)) ** (steps * np.arange(4)))


def test_ties_are_no_successes_and_end_a_descent() -> None:
    """f21 has 101 peaks, and f_opt 40.78: at the bottom of a local one all values are equal to rounding."""
    f21 = registry.find_problem("bbob-f21").make(dim=2)
    assert f21.f_opt not in (None, 0.0)
    ledgers = books_of(run("one-plus-one-es", [f21] * 3, 20_000, list(range(3)), gap=1e-8)).ledgers
    assert [ledger.status for ledger in ledgers] == 3 * ["target"]
    assert any(ledger.restarts for ledger in ledgers)


@pytest.mark.parametrize(
    "name",
    [
        "cma-es",
        "differential-evolution",
        "genetic-algorithm",
        "one-plus-one-es",
        "particle-swarm",
        "simulated-annealing",
    ],
)
def test_a_corner_of_hard_bounds_is_met(name: str) -> None:
    """f5 is linear, and least at a corner of its box; beyond it counts for nothing where bounds are hard."""
    f5 = registry.find_problem("bbob-f05").make(dim=5)
    boxed = replace(f5, domain=replace(f5.domain, hard=True))
    ledgers = books_of(run(name, [boxed] * 15, 4_000, list(range(15)), gap=1e-8)).ledgers
    assert [ledger.status for ledger in ledgers] == 15 * ["target"]
    free = books_of(run(name, [f5] * 15, 4_000, list(range(15)), gap=1e-8)).ledgers
    assert [ledger.status for ledger in free] == 15 * ["target"]
    beyond = [np.abs(ledger.best_x).max() for ledger in free if ledger.best_x is not None]
    assert max(beyond) > 5, "where they are not, points outside of the box are found"


def test_differential_evolution_picks_every_triple_of_others_equally_often() -> None:
    size = 5
    cells = np.stack(np.meshgrid(*[(np.arange(12) + 0.5) / 12] * 3), axis=-1).reshape(-1, 1, 3)
    for own in range(size):
        a, b, c = (row[:, 0] for row in others(cells, np.array([float(own)]), size))
        triples, counts = np.unique(np.stack([a, b, c], axis=-1), axis=0, return_counts=True)
        assert len(triples) == 4 * 3 * 2
        assert set(counts) == {12**3 // 24}
        assert all(len({own, *triple}) == 4 for triple in triples.tolist())


def test_the_swarm_moves_by_constriction() -> None:
    """Every random number being 1/2, the particles begin at the start, 2, with speed (0 - 2) / 2, and at 0, at rest."""
    x = with_constants("particle-swarm", Objective(bowl, 1, Domain(-4, 4)), 6, [2.0], 0.5, population=2)[:, 0]
    speed = 0.7298 * (-1 + 1.025 * (0 - 2))
    second = 2 + speed
    third = second + 0.7298 * (speed + 1.025 * (0 - second))
    np.testing.assert_allclose(x, [2, 0, second, 0, third, 0], atol=1e-15)


def test_the_swarm_turns_back_at_a_bound() -> None:
    """Downhill the leader slows by 0.7298 a step; at the bound, -1, it stops, and flies back at half its speed."""
    objective = Objective(slope, 1, Domain(-1, 1), constants={"sign": 1.0})
    x = with_constants("particle-swarm", objective, 10, [0.9], 0.5, population=2)[::2, 0]
    speeds = (-0.45 - 1.025 * 0.9) * 0.7298 ** np.arange(1, 4)  # a random point and the first leader are at 0
    free = 0.9 + np.cumsum(speeds)
    assert free[1] > -1 > free[2]
    np.testing.assert_allclose(x, [0.9, *free[:2], -1, -1 - 0.5 * 0.7298 * speeds[2]])


def test_a_ring_sees_its_two_neighbours_alone() -> None:
    f = np.array([[5.0, 4.0, 3.0, 9.0, 9.5, 1.0]])
    assert leaders(f, "ring").tolist() == [[5, 2, 2, 2, 5, 5]]
    assert leaders(f, "all").tolist() == [[5]]


def test_order_crossover_gives_the_children_of_the_textbook() -> None:
    """Michalewicz 1996, Genetic Algorithms + Data Structures = Evolution Programs, section 10.2; elements less 1."""
    one, other = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9.0]), np.array([4, 5, 2, 1, 8, 7, 6, 9, 3.0])
    ends = np.array([3.5 / 9, 3.5 / 8])  # from the fourth place on, four of them
    assert (order_crossover(one - 1, other - 1, ends) + 1).tolist() == [2, 1, 8, 4, 5, 6, 7, 9, 3]
    assert (order_crossover(other - 1, one - 1, ends) + 1).tolist() == [3, 4, 5, 1, 8, 7, 6, 9, 2]


def test_a_slice_is_reversed_between_two_places() -> None:
    x = np.arange(6.0)
    assert reversed_slice(x, np.array([1.5 / 6, 2.5 / 5])).tolist() == [0, 4, 3, 2, 1, 5]  # places 1 and 1 + 3
    assert reversed_slice(x, np.array([4.5 / 6, 2.5 / 5])).tolist() == [0, 4, 3, 2, 1, 5]  # 4 and 4 + 3 - 6


def test_the_first_temperature_accepts_four_fifths_of_what_was_measured() -> None:
    """On a slope every normal number 1 makes a step of sigma: heights are 0.5, and exp(-0.5 / T) = 0.8."""
    objective = Objective(slope, 1, Domain(scale=1.0), constants={"sign": 1.0})
    for chance, accepted in ((0.79, True), (0.81, False)):
        oracle = Oracle(objective, 13, start=[0.0], order=0, lockstep=True)
        vars(oracle)["rng"] = SimpleNamespace(
            random=lambda size, chance=chance: np.full(size, chance), standard_normal=lambda size: np.full(size, 1.0)
        )
        asked, value = [], oracle.value
        vars(oracle)["value"] = lambda x, value=value, asked=asked: (asked.append(x.copy()), value(x))[1]
        definition = registry.find_optimizer("simulated-annealing")
        play(oracle, definition.function, registry.settings(definition, {"sigma": 0.5}), restarts=False)
        first, second = asked[1][0, 0], asked[2][0, 0]
        assert first == 0.5
        start, length = (0.5, exp(0.5)) if accepted else (0.0, exp(-0.5))
        np.testing.assert_allclose(second, start + 0.5 * length)


def test_quasi_random_points_are_one_in_each_cell() -> None:
    """The first 64 of Sobol's points are a net: one in each of 8 x 8 squares, and of 64 x 1 stripes."""
    points = np.array(books_of(run("quasi-random-search", Objective(bowl, 2, Domain(-4, 4)), 64)).ledgers[0].points)
    for cells in ((8, 8), (64, 1), (2, 32)):
        assert len(np.unique(np.floor((points + 4) / 8 * cells), axis=0)) == 64
    other = np.array(
        books_of(run("quasi-random-search", Objective(bowl, 2, Domain(-4, 4)), 64, seed=1)).ledgers[0].points
    )
    assert not np.isin(points, other).any()


@pytest.mark.parametrize("name", ["genetic-algorithm", "simulated-annealing"])
def test_searches_bits_and_orders(name: str) -> None:
    """Chance would take 2^24 and 10! / 20 points."""
    bits = Objective(lambda x: (1 - x).sum(-1), 24, Domain(0, 1, kinds="integer"), order=0, arrays="numpy")
    assert books_of(run(name, bits, 3000)).ledgers[0].best == 0
    places = np.exp(2j * np.pi * np.arange(10) / 10)[[3, 7, 1, 9, 0, 4, 8, 2, 6, 5]]

    def tour(x: np.ndarray) -> np.ndarray:
        there = places[x.astype(int)]
        return np.abs(there - np.roll(there, 1, axis=-1)).sum(-1)

    shortest = 10 * 2 * np.sin(np.pi / 10)
    best = run(name, Objective(tour, 10, Domain(0, 9, kinds="permutation"), order=0, arrays="numpy"), 3000)
    assert books_of(best).ledgers[0].best == pytest.approx(shortest)


# what all of them do


def test_reflects_once_and_then_stops_at_the_bound() -> None:
    low, high = np.array([0.0, -np.inf, -np.inf]), np.array([2.0, 1.0, np.inf])
    x = np.array([[-0.5, 3.0, 7.0], [2.5, -9.0, -7.0], [9.0, 1.0, 0.0]])
    assert reflected(x, low, high).tolist() == [[0.5, -1.0, 7.0], [1.5, -9.0, -7.0], [0.0, 1.0, 0.0]]


@pytest.mark.parametrize("name", [*EVOLVING, *SEARCHES])
def test_stays_inside_the_box_and_finds_an_optimum_on_its_bound(name: str) -> None:
    """The optimum is the corner (1, -1), with f = 2; points of chance come within 0.2 of it, where f is below 2.5."""
    domain = Domain(np.array([1.0, -2.0]), np.array([3.0, -1.0]))
    ledger = books_of(run(name, Objective(bowl, 2, domain), 900)).ledgers[0]
    assert ledger.points is not None
    assert domain.contains(np.array(ledger.points)).all()
    assert ledger.best < (2.5 if "random" in name else 2.1)


@pytest.mark.parametrize("name", EVOLVING)
@pytest.mark.parametrize("arrays", ["any", "torch"])
def test_lanes_equal_single_runs_through_restarts(name: str, arrays: Any) -> None:
    seeds = [4, 5, 6]
    objectives = [
        Objective(ripples, 2, Domain(-5, 5), constants={"center": np.array([0.1 * k, 1.0])}, arrays=arrays, name="r")
        for k in range(len(seeds))
    ]
    small = {"differential-evolution": 6, "particle-swarm": 5, "genetic-algorithm": 10}
    soon = {"differential-evolution": 600, "one-plus-one-es": 600, "separable-cma-es": 800, "cma-es": 1000}
    budget, given = soon.get(name, 1500), {"population": small[name]} if name in small else {}
    together = books_of(run(name, objectives, budget, seeds, **given)).ledgers
    assert len({tuple(ledger.restarts) for ledger in together}) > 1, "some begin anew while others go on"
    for lane, objective, seed in list(zip(together, objectives, seeds, strict=True))[::2]:
        alone = books_of(run(name, objective, budget, seed, **given)).ledgers[0]
        assert lane.restarts == alone.restarts
        drop = [len(QUESTIONS), len(QUESTIONS) + 1]
        np.testing.assert_array_equal(np.delete(lane.events, drop, axis=1), np.delete(alone.events, drop, axis=1))


@pytest.mark.parametrize("name", [*EVOLVING, *SEARCHES])
def test_computes_in_single_precision_with_torch(name: str) -> None:
    objective = Objective(bowl, 3, Domain(scale=0.5), arrays="torch", dtype="float32")
    ledgers = books_of(run(name, [objective] * 2, 1500, [1, 2])).ledgers
    assert max(ledger.best for ledger in ledgers) < 0.1
    asked = open_oracle(objective, registry.find_optimizer(name), 10, 0, gap=0).x0
    assert asked.dtype == torch.float32


@pytest.mark.parametrize("name", ["cma-es", "separable-cma-es"])
def test_recommends_the_mean_where_answers_are_noisy(name: str) -> None:
    """Noise of 1 hides differences of f below about 1 at single points: the mean of many is closer."""

    def noisy(x: Array, noise: Array | None = None) -> Array:
        return bowl(x) if noise is None else bowl(x) + noise

    objective = Objective(noisy, 5, Domain(scale=1.0), noise=lambda rng, shape: rng.standard_normal(shape))
    finals = [books_of(run(name, objective, 3000, seed)).ledgers[0].events[-1][len(QUESTIONS) + 2] for seed in range(5)]
    assert np.median(finals) < 0.5


# beside pycma


def expected_running_time(counts: list[int], solved: list[bool]) -> float:
    return sum(counts) / sum(solved)


def pycma_runs(objectives: list[Objective], budget: int) -> tuple[list[int], list[bool]]:
    """pycma with its own defaults and restarts, from the same starts and first sigma as ours."""
    import cma

    counts, solved = [], []
    for number, objective in enumerate(objectives):
        assert objective.f_opt is not None
        with Oracle(objective, budget, number, order=0, target=objective.f_opt + 1e-8) as oracle:
            for restart in range(1, 100):
                options = {"seed": 1000 * number + restart, "verbose": -9}
                method = cma.CMAEvolutionStrategy(oracle.x0, oracle.domain.scale[0], options)
                while not method.stop():
                    points = method.ask()
                    method.tell(points, list(oracle.value(np.array(points))))
                oracle.restart()
        counts.append(oracle.counts["value"])
        solved.append(books_of(oracle).ledgers[0].status == "target")
    return counts, solved


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of pycma
@pytest.mark.parametrize("dim", [5, 10])
@pytest.mark.parametrize("problem", ["bbob-f01", "bbob-f08", "bbob-f10"])
def test_needs_as_many_evaluations_as_pycma(problem: str, dim: int) -> None:
    """Expected running time to 1e-8 on 15 instances; `pytest -m slow -s -k as_many_evaluations` shows the table."""
    objectives = [registry.find_problem(problem).make(instance=k, dim=dim) for k in range(1, 16)]
    ledgers = books_of(run("cma-es", objectives, 20_000, list(range(15)), gap=1e-8)).ledgers
    counts, solved = [ledger.counts[0] for ledger in ledgers], [ledger.status == "target" for ledger in ledgers]
    ours = expected_running_time(counts, solved)
    theirs = expected_running_time(*pycma_runs(objectives, 20_000))
    print(
        f"\n{problem} in {dim}-D: cma-es {ours:.0f} ({sum(solved)}/15), pycma {theirs:.0f}, ratio {ours / theirs:.2f}"
    )
    assert sum(solved) == 15
    assert ours <= 1.3 * theirs
