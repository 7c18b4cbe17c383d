"""How often intervals hold the truth."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from bench.measure.ert import intervals
from bench.measure.inference import stratified_mean, superiority, wilson
from tests.measure.calibration.rows import coverage

SEEDS = (5, 10, 15, 25)
PROBLEMS = (1, 2, 5, 20)
FINE = (np.arange(200_000) + 0.5) / 200_000  # quantiles, over which a truth is summed
TARGETS = 11
MOST = 0.97  # of A12
FAR = 100.0


def expected_runtimes(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """A run finds its way with probability success, after a runtime of median 1; it ends at the budget, in vain where
    it does not, or where its runtime is longer."""
    tails = {
        **{f"lognormal {sigma}": _lognormal(sigma) for sigma in (0.4, 0.8, 1.2, 1.5)},
        **{f"Pareto {index}": _pareto(index) for index in (1.3, 1.05)},
    }
    rows = []
    chances, budgets = (0.2, 0.35, 0.5, 0.8, 0.9, 0.95, 1.0), (10.0, 100.0)
    for n, (name, quantile), success, budget in product(SEEDS, tails.items(), chances, budgets):
        times = quantile(FINE)
        reached = success * (times <= budget).mean()
        truth = (success * np.minimum(times, budget).mean() + (1 - success) * budget) / reached
        time = np.where(rng.random((experiments, n)) < success, quantile(rng.random((experiments, n))), np.inf)
        ends = np.full(experiments, budget)
        low, high = intervals(np.minimum(time, budget).ravel(), time.ravel() <= budget, np.full(experiments, n), ends)
        rows.append(coverage(low, high, truth, group=f"n = {n}", runtimes=name, success=success, budget=budget))
    return rows


def _lognormal(sigma: float) -> Callable[[np.ndarray], np.ndarray]:
    from scipy.special import ndtri

    return lambda u: np.exp(sigma * ndtri(u))


def _pareto(index: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda u: (2 * (1 - u)) ** (-1 / index)


def success_probabilities(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """The lower end that stands beside k of n."""
    rows = []
    for n, success in product(SEEDS, (0.2, 0.5, 0.8, 0.9, 0.95, 0.98)):
        low, _ = wilson(rng.binomial(n, success, experiments) / n, np.full(experiments, n))
        rows.append(coverage(low, np.ones(experiments), success, group=f"n = {n}", success=success))
    return rows


def fractions(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Alike: each problem has the same mean. Unlike: one of them has it, the others are always solved or never."""
    rows = []
    for n, problems, fraction in product(SEEDS, PROBLEMS, (0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95)):
        shape = (problems, experiments, n)
        setting = {"group": f"n = {n}", "problems": problems, "fraction": fraction}
        for name, drawn in ALIKE.items():
            x, truth = drawn(fraction, shape, rng)
            rows.append(_held(x, truth, targets=name, **setting))
        for ends in ("never", "always", "either") if problems > 1 else ():
            mean = np.full(problems, {"never": 0.0, "always": 1.0, "either": 0.5}[ends])
            mean[1::2], mean[2::2] = (0.0, 1.0) if ends == "either" else (mean[1::2], mean[2::2])
            mean[0] = fraction
            x = (rng.random(shape) < mean[:, None, None]).astype(float)
            rows.append(_held(x, mean.mean(), targets="all or none", others=ends, **setting))
    return rows


def _held(x: np.ndarray, truth: float, **setting: Any) -> dict[str, Any]:
    """x (problems, experiments, n): the experiments are the optimizers of one frame."""
    _, low, high = stratified_mean(x[..., None], np.ones(x.shape, dtype=bool))
    return coverage(low[:, 0], high[:, 0], truth, **setting)


def _all_or_none(mean: float, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, float]:
    return (rng.random(shape) < mean).astype(float), mean


def _correlated(mean: float, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Each run has a chance of its own to reach any target: the targets of a run correlate by 2/3."""
    return rng.binomial(TARGETS, rng.beta(mean / 2, (1 - mean) / 2, shape)) / TARGETS, mean


def _ordered(mean: float, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Each run reaches all targets up to one: the harder ones seldom."""
    from scipy.special import ndtr, ndtri

    limits = ndtri(mean) + np.linspace(-1, 1, TARGETS)
    return (rng.standard_normal(shape)[..., None] < limits).mean(axis=-1), float(ndtr(limits).mean())


def _independent(mean: float, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, float]:
    return rng.binomial(TARGETS, mean, shape) / TARGETS, mean


ALIKE = {
    "all or none": _all_or_none, "correlated": _correlated, "ordered": _ordered, "independent": _independent,
}  # fmt: skip


def superiorities(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Alike: A12 is the same on each problem. Unlike: on the others the first has all the larger values, or none."""
    rows = []
    first = np.arange(experiments)
    for n, problems, a12 in product(SEEDS, PROBLEMS, (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97)):
        setting = {"group": f"n = {n}", "problems": problems}
        for (name, drawn), others in product(PAIRED.items(), ("alike", "unlike") if problems > 1 else ("alike",)):
            a, b = drawn(a12, (problems, experiments, n), rng)
            truth = a12 if others == "alike" else (a12 + problems // 2) / problems
            if truth > MOST:
                continue
            if others == "unlike":
                a[1::2] += FAR
                a[2::2] -= FAR
            _, low, high = superiority(np.concatenate([a, b], axis=1), first, first + experiments)
            rows.append(coverage(low, high, truth, values=name, others=others, a12=a12, **setting))
    return rows


def _shifted(first: float = 1.0, second: float = 1.0, shared: float = 0.0) -> Callable[..., Any]:
    """Normal values with these standard deviations; shared: the correlation of those of one slot, as of runs from one
    start."""
    from scipy.special import ndtri

    def drawn(a12: float, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        start = np.sqrt(shared) * rng.standard_normal(shape)
        a, b = (start + np.sqrt(1 - shared) * rng.standard_normal(shape) for _ in range(2))
        return first * a + np.hypot(first, second) * ndtri(a12), second * b

    return drawn


def _exponential(a12: float, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """As the runtimes of two methods of which one is slower by a factor."""
    return -rng.exponential(size=shape), -rng.exponential(a12 / (1 - a12), shape)


def _tied(a12: float, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """0 or 1: as the fractions of runs that solve all or nothing. Ties count half, so that A12 is the difference of
    their probabilities over 2, and 1/2."""
    return (rng.random(shape) < a12).astype(float), (rng.random(shape) < 1 - a12).astype(float)


PAIRED = {
    "normal": _shifted(), "first varies a third as much": _shifted(first=1 / 3), "first all equal": _shifted(first=0.0),
    "shared starts": _shifted(shared=0.8), "exponential": _exponential, "tied": _tied,
}  # fmt: skip

SCENARIOS = {
    "interval of the ERT": expected_runtimes,
    "success at least": success_probabilities,
    "interval of a fraction of targets": fractions,
    "interval of A12": superiorities,
}
