"""How often something false is said to be significant, and how often something true."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from bench.measure.comparison import Comparison, View
from bench.measure.crossing import changes
from bench.measure.progress import complete
from bench.measure.statistics import duel_tests
from bench.measure.verdicts import best
from bench.measure.words import split
from tests.measure.calibration.rows import errors, row

BUDGET = 10.0  # medians of a runtime
SIGMA = 0.4


def view_of(runtimes: np.ndarray, budget: float = BUDGET, family: np.ndarray | None = None) -> View:
    """A view of runs of runtimes (problems, optimizers, seeds, targets), which a budget ended. family (problems,)."""
    problem, name, seed = (index.ravel() for index in np.indices(runtimes.shape[:3]))
    targets = runtimes.shape[3]
    number = np.arange(len(problem))
    names = np.array([f"m{n:03d}" for n in range(runtimes.shape[1])])
    titles = np.array([f"p{n:05d}" for n in range(len(runtimes))])
    families = np.array([f"f{n:04d}" for n in (np.zeros(len(runtimes), int) if family is None else family)])
    solved = np.isfinite(runtimes).all(axis=3).ravel()
    spent = np.where(solved, np.where(solved[:, None], runtimes.reshape(len(problem), targets), 0).max(axis=1), budget)
    runs = pd.DataFrame({
        "run": number, "problem": titles[problem], "family": families[problem], "dim": 2, "instance": 1, "seed": seed,
        "optimizer": names[name], "order": 0, "scored": False, "budget": budget, "cost": spent, "gap": 0.0,
        "status": np.where(solved, "target", "budget"),
    })  # fmt: skip
    reached = pd.DataFrame({
        "run": np.repeat(number, targets), "kind": "gap", "target": np.tile(10.0 ** -np.arange(targets), len(number)),
        "runtime": runtimes.ravel(), "spent": np.repeat(spent, targets),
    })  # fmt: skip
    return View(Comparison(runs), reached)


# problem by problem


def runtimes(shape: tuple[int, int, int], kind: str, rng: np.random.Generator) -> np.ndarray:
    """Runtimes (problems, optimizers, seeds) of equal methods, of median 1."""
    times = np.exp(SIGMA * rng.standard_normal(shape))
    if kind == "tied":
        times = np.ceil(4 * times) / 4
    if kind == "censored":
        times[rng.random(shape) < 0.4] = np.inf
    if kind == "shared starts":
        times *= np.exp(2 * SIGMA * rng.standard_normal((shape[0], 1, shape[2])))
    return np.where(times > BUDGET, np.inf, times)


def told(times: np.ndarray, batch: int = 250) -> pd.DataFrame:
    """The best of each problem, of runtimes (problems, optimizers, seeds); beaten: names of whom it beats."""
    parts = np.array_split(times, max(len(times) // batch, 1))
    return with_beaten(pd.concat([view_of(part[..., None]).of(best) for part in parts]), times.shape[1])


def with_beaten(table: pd.DataFrame, optimizers: int) -> pd.DataFrame:
    """The best of all of each problem, of so many optimizers; beaten: names of whom it beats."""
    table = table[table["among"] == "all"]
    names = {f"m{n:03d}" for n in range(optimizers)}
    rest = [names - {name, *split(rivals)} for name, rivals in zip(table.optimizer, table.rivals, strict=True)]
    return table.assign(beaten=[beaten if name else set() for beaten, name in zip(rest, table.optimizer, strict=True)])


def _fewer(experiments: int, k: int) -> int:
    """A fifth, of twenty optimizers: each has many pairs. At least 200, where that is fewer."""
    return min(experiments, max(experiments // 5, 200)) if k > 5 else experiments


KINDS = ("plain", "tied", "censored", "shared starts")


def equal_on_a_problem(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Equal methods: whether any is said to be significantly worse than the best."""
    rows = []
    for k, n, kind in product((2, 5, 20), (5, 10, 15, 25), KINDS):
        table = told(runtimes((_fewer(experiments, k), k, n), kind, rng))
        rows.append(errors(table.beaten.astype(bool), group=f"k = {k}", k=k, n=n, runtimes=kind))
    return rows


def equal_beside_slower(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Some methods need twice as long, or never get there: whether one as good as the best is said to be worse."""
    rows = []
    for k, n, slower, factor in (
        (5, 10, 3, 2.0),
        (5, 15, 1, np.inf),
        (20, 15, 1, 2.0),
        (20, 15, 10, 2.0),
        (20, 10, 18, np.inf),
    ):
        times = runtimes((_fewer(experiments, k), k, n), "plain", rng)
        times[:, :slower] *= factor
        times[times > BUDGET] = np.inf
        equal = {f"m{place:03d}" for place in range(slower, k)}
        wrong = [bool(beaten & equal) for beaten in told(times).beaten]
        rows.append(errors(wrong, group=f"k = {k}", k=k, n=n, slower=slower, times=factor))
    return rows


def twice_as_slow(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """One method needs twice as long: whether it is said to be worse than the best."""
    rows = []
    for k, kind in product((2, 5, 20), ("plain", "shared starts")):
        times = runtimes((_fewer(experiments, k), k, 15), kind, rng)
        times[:, 0] *= 2
        times[times > BUDGET] = np.inf
        won = [{"m000"} <= beaten for beaten in told(times).beaten]
        rows.append(row(won, 0.8, "at least", group=kind, k=k, n=15, runtimes=kind))
    return rows


def too_few_seeds(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Five seeds of two methods, of which one needs twice as long: whether it says that these are too few."""
    times = runtimes((experiments, 2, 5), "plain", rng)
    times[:, 0] *= 2
    return [row(~told(times).enough, 1.0, "at least", group="", k=2, n=5)]


# problem by problem, where f_opt is not known


def values(shape: tuple[int, int, int], kind: str, rng: np.random.Generator) -> np.ndarray:
    """Values at the budget (problems, optimizers, seeds) of equal methods, spread by 1."""
    x = rng.standard_t(2, shape) if kind == "heavy tails" else rng.standard_normal(shape)
    if kind == "tied":
        x = np.round(x)
    if kind == "shared starts":
        x += 2 * rng.standard_normal((shape[0], 1, shape[2]))
    if kind == "unlike instances":
        x += np.where(np.arange(shape[2]) % 3, 0.0, 100.0)
    return x


def told_by_value(x: np.ndarray, kind: str, batch: int = 100) -> pd.DataFrame:
    """As `told`, of values at the budget (problems, optimizers, seeds), where f_opt is not known. Every third run is on
    another instance where these are unlike."""
    tables = []
    for values in np.array_split(x, max(len(x) // batch, 1)):
        problem, name, seed = (index.ravel() for index in np.indices(values.shape))
        runs = pd.DataFrame({
            "run": np.arange(values.size), "problem": [f"p{n:05d}" for n in problem], "family": "f", "dim": 2,
            "instance": np.where(seed % 3, 1, 2) if kind == "unlike instances" else 1, "seed": seed,
            "optimizer": [f"m{n:03d}" for n in name], "order": 0, "scored": False, "budget": 100.0, "gap": 0.0,
            "status": "budget", "error": "", "f_opt": np.nan, "first": 1000.0, "best": values.ravel(), "rows": 1,
            "value": 100, "gradient": 0, "hessian_vector": 0, "cost": 100.0, "inside": 0.0, "outside": 0.0, "lanes": 0,
            "problem_order": 0,
        })  # fmt: skip
        nothing = {"gradient": 0, "hessian_vector": 0, "inside": 0.0, "outside": 0.0}
        start, end = (
            {"run": runs.run, "value": asked, "f": f, **nothing} for asked, f in ((0, 1000.0), (50, runs.best))
        )
        events = pd.concat([pd.DataFrame(start), pd.DataFrame(end)]).sort_values(["run", "value"], ignore_index=True)
        whole = complete(runs)
        tables.append(Comparison(whole, lambda whole=whole, events=events: [(whole, events)]).at().of(best))
    return with_beaten(pd.concat(tables), x.shape[1])


def equal_by_value(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Equal methods on problems whose f_opt is not known: whether any is said to be worse than the best."""
    rows = []
    for k, n, kind in product(
        (2, 5, 20), (5, 15), ("plain", "heavy tails", "tied", "shared starts", "unlike instances")
    ):
        table = told_by_value(values((_fewer(experiments, k), k, n), kind, rng), kind)
        rows.append(errors(table.beaten.map(bool), group=f"k = {k}", k=k, n=n, values=kind))
    return rows


def lower_by_value(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """One method ends two spreads above the others: whether it is said to be worse than the best."""
    rows = []
    for k, kind in product((2, 5, 20), ("plain", "shared starts", "unlike instances")):
        x = values((_fewer(experiments, k), k, 15), kind, rng)
        x[:, 0] += 2 if kind == "plain" else 4
        won = [{"m000"} <= beaten for beaten in told_by_value(x, kind).beaten]
        rows.append(row(won, 0.8, "at least", group=kind, k=k, n=15, values=kind))
    return rows


# over many problems


def curves(shape: tuple[int, int, int], points: int, rng: np.random.Generator, **how: Any) -> np.ndarray:
    """Fractions of ten targets reached (problems, optimizers, seeds, points) within costs of 1 to 1,000.

    The targets of a problem are reached after times spread over that range, longer by e^(noise z) from run to run and
    target to target. how: noise (0.6); started, the same of all optimizers in a slot; skill, that of an optimizer from
    problem to problem; bend, by which factor the last optimizer is faster to the hardest target, and slower to the
    easiest; together, whether noise is one for all targets of a run.
    """
    problems, k, n = shape
    targets = 1 if how.get("together") else 10
    times = np.sort(rng.uniform(0, np.log(1000), (problems, 1, 1, 10)), axis=-1)
    times = times + how.get("noise", 0.6) * rng.standard_normal((*shape, targets))
    times = times + how.get("started", 0.0) * rng.standard_normal((problems, 1, n, targets))
    times = times + how.get("skill", 0.0) * rng.standard_normal((problems, k, 1, 1))
    times[:, -1] += np.log(how.get("bend", 1.0)) * np.linspace(1, -1, 10)
    costs = np.linspace(0, np.log(1000), points)
    return np.stack([(times <= cost).mean(axis=-1) for cost in costs], axis=-1)


def turns(x: np.ndarray, rng: np.random.Generator) -> bool:
    """Whether curves of x (problems, optimizers, seeds, points) are said to cross."""
    return len(changes(x, np.ones(x.shape[:3], dtype=bool), rng)) > 1


def equal_curves(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Equal methods with shared starts: whether curves are said to cross."""
    rows = []
    for points, k, problems in product((40, 150), (2, 5, 20), (20, 50)):
        wrong = [
            turns(curves((problems, k, 5), points, rng, started=0.6, noise=0.3), rng)
            for _ in range(_fewer(experiments // 2, k))
        ]
        rows.append(errors(wrong, group=f"k = {k}", k=k, problems=problems, n=5, costs=points))
    return rows


# k, seeds, factor, and how often 2.5 standard errors said so in the 200 experiments of `make calibration`
TURNS = ((2, 5, 1.5, 0.535), (5, 10, 1.4, 0.75), (20, 5, 1.6, 0.74))


def true_turns(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """One of k methods is slower to easy targets, and faster to hard ones: whether curves are said to cross, at least
    as often as where 2.5 standard errors were the rule, of the same experiments."""
    rows = []
    for k, n, bend, before in TURNS:
        won = [
            turns(curves((20, k, n), 150, rng, started=0.6, bend=bend, together=True), rng)
            for _ in range(_fewer(experiments // 5, k))
        ]
        rows.append(row(won, before, "at least", group="all", k=k, problems=20, n=n, factor=bend))
    return rows


def duel(x: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The duels of fractions x (problems, optimizers, seeds, budgets) of runs."""
    there, names = np.ones(x.shape[:3], dtype=bool), np.arange(x.shape[1])
    return duel_tests(x, there, there, names, (int(rng.integers(2**32)),))


def equal_within_budgets(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Equal methods, whose starts matter or do not, within four budgets: whether any duel is significant."""
    rows = []
    for k, problems, n, started in product((2, 5, 20), (1, 20, 50), (5, 15), (0.0, 0.6)):
        wrong = [
            duel(curves((problems, k, n), 4, rng, started=started, together=True), rng)["significant"].any()
            for _ in range(_fewer(experiments // 2, k))
        ]
        rows.append(errors(wrong, group=f"k = {k}", k=k, problems=problems, n=n, starts="shared" if started else "own"))
    return rows


def equal_on_problems_like_these(experiments: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Methods equal over all problems that there are, each better on some: whether any is better on problems like
    these, by duels within four budgets."""
    rows = []
    for k, problems, skill in product((2, 5, 20), (20, 50), (0.5, 1.5)):
        wrong = [
            duel(curves((problems, k, 5), 4, rng, skill=skill), rng)["general"].any()
            for _ in range(_fewer(experiments // 2, k))
        ]
        rows.append(errors(wrong, group=f"k = {k}", k=k, problems=problems, n=5, skill=skill))
    return rows


SCENARIOS = {
    "worse than the best of a problem, of equal optimizers": equal_on_a_problem,
    "worse than the best of a problem, beside some that are": equal_beside_slower,
    "worse than the best of a problem, twice as slow": twice_as_slow,
    "worse than the best of a problem by value, of equal optimizers": equal_by_value,
    "worse than the best of a problem by value, two spreads above": lower_by_value,
    "too few seeds": too_few_seeds,
    "crossings, of equal optimizers": equal_curves,
    "crossings, where curves do": true_turns,
    "duels, of equal optimizers": equal_within_budgets,
    "on problems like these, of equal optimizers": equal_on_problems_like_these,
}
