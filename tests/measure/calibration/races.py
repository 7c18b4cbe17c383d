"""How often a race throws out who is as good as the best, and what it saves where one is better."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from bench.measure.racing import Race, plain_bounds, race
from tests.measure.calibration.rows import errors, row

SEEDS = 25  # of the full design
SIGMA = 0.5  # of the logarithm of a runtime
MEDIANS = np.array([1, 1.3, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50.0])
TWICE = np.array([0.5, *np.ones(11)])
KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # results (k, rounds) of equal methods, of normal draws
    "lognormal": lambda z: np.exp(SIGMA * z),
    "tied": lambda z: np.ceil(4 * np.exp(SIGMA * z)),
    "censored": lambda z: np.where(np.exp(SIGMA * z) > 1.14, np.inf, np.exp(SIGMA * z)),  # two fifths
    "rarely solved": lambda z: np.where(z > -1.28, np.inf, np.exp(SIGMA * z)),  # nine tenths
    "spread 0.25 to 1": lambda z: np.exp(np.linspace(0.25, 1, len(z))[:, None] * z),
    "one spread four times as much": lambda z: np.exp(np.where(np.arange(len(z)) > 0, 0.25, 1.0)[:, None] * z),
}


TIES = ("tied", "censored", "rarely solved")  # each such race has exchanges of its own, which take long


def fewer(experiments: int, kind: str, k: int) -> int:
    """A fifth where results tie, at least 200, where that is fewer; half for two optimizers."""
    if kind not in TIES:
        return experiments
    return min(experiments, max(experiments // (2 if k == 2 else 5), 200))


def taken(results: np.ndarray, planned: int) -> tuple[Race, np.ndarray]:
    """The race of complete results (k, rounds), run from look to look as a campaign runs it, and how many rounds each
    took (k,)."""
    standing = Race(np.zeros(len(results), dtype=int), 0, over=False, look=0)
    rounds = np.zeros(len(results), dtype=int)
    while not standing.over:
        look = max(standing.look, 1)
        rounds[standing.stays] = look
        known = np.where(np.arange(results.shape[1]) < rounds[:, None], results, np.nan)
        standing = race(known, planned)
    return standing, rounds


def equal_in_a_race(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Equal methods, whose results never tie: whether any leaves."""
    return equal_rows([kind for kind in KINDS if kind not in TIES], experiments, rng)


def equal_and_tied(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Equal methods, many of whose results tie: whether any leaves."""
    return equal_rows(TIES, experiments, rng)


def equal_rows(kinds: Sequence[str], experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """How often any leaves, by kind of results, number of optimizers and seeds."""
    rows = []
    for kind, k, seeds in product(kinds, (2, 5, 12), (10, SEEDS)):
        draws = rng.standard_normal((fewer(experiments, kind, k), k, seeds))
        wrong = [bool((~race(KINDS[kind](z), seeds).stays).any()) for z in draws]
        rows.append(errors(wrong, group=kind, results=kind, k=k, n=seeds))
    return rows


def equal_beside_slower_in_a_race(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Some of twelve need longer: whether one as good as the best leaves."""
    rows = []
    for slower, factor in product((1, 6, 10), (2.0, 10.0)):
        draws = rng.standard_normal((experiments, 12, SEEDS))
        times = np.exp(SIGMA * draws) * np.where(np.arange(12) < slower, factor, 1.0)[:, None]
        wrong = [bool((~race(each, SEEDS).stays[slower:]).any()) for each in times]
        rows.append(errors(wrong, group=f"{slower} slower", k=12, n=SEEDS, slower=slower, times=factor))
    return rows


def planted(medians: np.ndarray, experiments: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Races of lognormal runtimes of these medians. stays: whether the best does; alone: whether it alone does; cost:
    the sum of the runtimes of the race, over that of 25 seeds of each; runs: the same where all runs cost alike."""
    draws = rng.standard_normal((experiments, len(medians), SEEDS))
    facts: dict[str, list[float]] = {name: [] for name in ("stays", "alone", "cost", "runs")}
    for times in np.exp(SIGMA * draws) * medians[:, None]:
        standing, rounds = taken(times, SEEDS)
        best = standing.stays[medians.argmin()]
        spent = times[np.arange(SEEDS) < rounds[:, None]].sum() / times.sum()
        values = (best, best and standing.stays.sum() == 1, spent, rounds.mean() / SEEDS)
        for name, value in zip(facts, values, strict=True):
            facts[name].append(float(value))
    return {name: np.array(values) for name, values in facts.items()}


def planted_rows(
    medians: np.ndarray, least: dict[str, float], most: float, experiments: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """The rows of one planted race: how often the best stays, and alone, at least; and what fraction of the full
    design it takes, at most; where all runs cost alike, reported beside it and not promised (100 %)."""
    facts = planted(medians, experiments, rng)
    rows = [row(facts[fact], level, "at least", group=f"best {fact}", best=fact) for fact, level in least.items()]
    rows.append(row(facts["cost"], most, "at most", group="of the sum of runtimes", cost="sum of runtimes"))
    rows.append(row(facts["runs"], 1.0, "at most", group="of the number of runs", cost="number of runs"))
    for fact, which in zip(("cost", "runs"), rows[-2:], strict=True):  # a mean of fractions, not a frequency
        which["standard_error"] = facts[fact].std(ddof=1) / np.sqrt(experiments)
        which["holds"] = bool(facts[fact].mean() <= which["stated"])
    return rows


def planted_medians(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Twelve with medians of 1 to 50 times the best."""
    return planted_rows(MEDIANS, {"stays": 0.99}, 0.25, experiments, rng)


def planted_twice(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """One twice as fast as eleven equals."""
    least = {"stays": 0.99, "alone": 0.5}
    return planted_rows(TWICE, least, 0.7, experiments, rng)


def too_few_rounds(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Two methods and five seeds, one ten times as slow: nobody leaves, as these are too few."""
    times = np.exp(SIGMA * rng.standard_normal((experiments, 2, 5))) * np.array([1, 10.0])[:, None]
    few = [not np.isfinite(plain_bounds(2, 5)).any() and race(each, 5).stays.all() for each in times]
    return [row(few, 1.0, "at least", k=2, n=5)]


SCENARIOS = {
    "race: any leaves, of equal optimizers": equal_in_a_race,
    "race: any leaves, of equal optimizers whose results tie": equal_and_tied,
    "race: one as good as the best leaves, beside slower ones": equal_beside_slower_in_a_race,
    "race: medians of 1 to 50 times the best": planted_medians,
    "race: one twice as fast as eleven equals": planted_twice,
    "race: too few seeds": too_few_rounds,
}
