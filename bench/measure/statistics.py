"""Which optimizer is better, and how sure that is.

Runs are compared within a cell (a problem and dim) only, where those of one instance and seed began alike; problems
count alike, however many targets and runs they have. A run that crashed, was killed or diverged has what it had paid
for and reached until then. Where f_opt is not known, or no run reached a target beyond its start, the value at the
common budget decides between runs that reached as many targets (see `bench.measure.standing.standings`). Who could not
run is compared with nobody. Where a budget ended an optimizer before others, later results are ignored for all: see
`bench.measure.strata.limits`. Where n is below 5 runs of an optimizer in a cell, there is no interval.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from bench.core.status import statuses
from bench.measure.comparison import View
from bench.measure.frames import CELL, COLUMNS, Frame
from bench.measure.inference import contrast, holm, signed_rank, stratified_mean, superiority
from bench.measure.levels import LEVEL
from bench.measure.permutations import Contrasts, by_chance, chances, generator
from bench.measure.progress import finite_costs, joined
from bench.measure.raced import in_race
from bench.measure.standing import standings
from bench.measure.strata import Strata

TIE = 1e-9  # areas that differ by less are equal


def areas(view: View) -> Frame:
    """The area under the distribution of runtimes of each run, over the logarithm of the cost: columns run, area.

    The mean over the targets of a run of 1 - log(runtime / low) / log(high / low), between 0 and 1; 0 for a target that
    it never reached. low: the least positive runtime in the cell; high: the most that any run spent there, or the limit
    of the cell, which is less where budgets differ (see `bench.measure.strata.limits`). So 1 is: at once,
    0: never, and between is the expected fraction of targets reached within a budget drawn log-uniformly from low to
    high (the anytime view of Hansen et al. 2022, doi:10.1109/TEVC.2022.3210897). NaN where the cost is not known.
    """
    import pandas as pd

    runs, reached = view.runs, view.reached
    row = pd.Index(runs.run).get_indexer(reached.run)
    cell = runs.groupby(CELL).ngroup().to_numpy()[row]
    runtime, spent = (reached[name].to_numpy(float) for name in ("runtime", "spent"))
    limit = view.limits[row]
    runtime, spent = np.where(runtime > limit, np.inf, runtime), np.minimum(spent, limit)
    positive = np.where(np.isfinite(runtime) & (runtime > 0), runtime, np.nan)
    low = pd.Series(positive).groupby(cell).transform("min").to_numpy()
    spent = np.where(np.isfinite(spent), spent, np.nan)
    high = pd.Series(np.fmax(positive, spent)).groupby(cell).transform("max").to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.clip(1 - np.log(runtime / low) / np.log(high / low), 0.0, 1.0)
    fraction = np.where(high > low, fraction, runtime < np.inf)  # no room between: reached at once, or never
    fraction = np.where(np.isnan(runtime), np.nan, fraction)
    with np.errstate(invalid="ignore"):
        area = np.bincount(row, fraction, len(runs)) / np.bincount(row, minlength=len(runs))
    return pd.DataFrame({"run": runs.run.to_numpy(), "area": area})


def scores(view: View, budgets: Sequence[float]) -> Frame:
    """The fraction of targets that each optimizer reached within each budget, by problem family and over "all".

    solved: the mean over the cells of a family of the mean over runs of the fraction of targets reached. low, high: its
    95 % score interval, from the variance over runs within each cell (see `bench.measure.inference.stratified_mean`).
    standing: the same mean of `bench.measure.standing.standings`, which decides between equal fractions. problems: the
    cells in which the optimizer was planned, of so many; where they are fewer, it does not compare with the others.
    cut: the cells with a limit, beyond which results are ignored. runs: over all these cells; ran: those that were not
    skipped. NaN where a cost is not known. raced: whether optimizers raced there: "race", where that says who is
    significantly worse (all have ended within this budget, at the prices of the race), "no claim" where it does not;
    gone: whether it left all of these races.

    Columns family, budget, optimizer, order, solved, low, high, standing, problems, of, cut, runs, ran, raced, gone: a
    row for each family ("all" the last), budget (rising) and optimizer (by order and name), in this order.
    """
    layout, costs, x = view.of(_fractions, list(budgets))
    standing = layout.spread(view.of(standings, costs.tolist()))
    limit = np.nanmin(layout.spread(view.limits), axis=(1, 2), initial=np.inf)  # (C,)
    count, begun = layout.planned.sum(axis=2), ran(view).sum(axis=2)  # (C, O)
    columns = []
    for cells in layout.member:
        mean, low, high = stratified_mean(x[cells], layout.planned[cells])
        counts = {"problems": (count[cells] > 0).sum(axis=0), "of": cells.sum(), "cut": (limit[cells] < np.inf).sum()}
        counts |= {"runs": count[cells].sum(axis=0), "ran": begun[cells].sum(axis=0)}
        counts["standing"] = _mean(standing[cells], layout.planned[cells]).T
        columns.append({"solved": mean.T, "low": low.T, "high": high.T, **counts})
    names = layout.optimizers
    optimizers = {"optimizer": names.optimizer.to_numpy(), "order": names.order.to_numpy()}
    for each, (raced, left) in zip(columns, _raced(view, costs), strict=True):
        each |= {"raced": raced[:, None], "gone": left.all(axis=0)}
    return _table(layout, costs, columns, optimizers)


def duels(view: View, budgets: Sequence[float]) -> Frame:
    """Each optimizer against each other within each budget, by problem family and over "all".

    difference: in the fraction of targets reached, with the way to the next target where values decide (see
    `bench.measure.standing.standings`), by instance and seed; mean over seeds, then over the cells in which both were
    planned. low, high: its 95 % interval; p: that of `contrast`. All are NaN where all runs of either were skipped in
    that family; one that could run on some of its problems has reached nothing on the others, as in `scores`.

    significant: the difference is positive, and more than chance makes on *these* problems, from seed to seed: adjusted
    is at most 0.05, the p-value for all pairs of optimizers and all these budgets at once (see `_adjusted`). enough:
    whether so many pairs of runs could reach significance at all, were all differences of one sign; not where most of
    them are, and are still too few.

    general: the difference is also more than chance makes on problems *like these*, of which these are a sample:
    general_p is at most 0.05, the p-value of Wilcoxon's signed-rank test of the differences of cells, by Holm over all
    pairs and all these budgets. able: whether so many cells could show it, if one pair differed alike on all.

    Where optimizers raced, significant is what the race says, and p and adjusted are NaN: see `_judged`.

    problems, runs: how many cells, and pairs of runs.
    Columns family, budget, optimizer, rival, difference, low, high, p, adjusted, significant, enough, general_p,
    general, able, problems, runs: a row for each family, budget, optimizer and rival in the order of `scores`; each
    pair stands there both ways.
    """
    layout, costs, _ = view.of(_fractions, list(budgets))
    x = layout.spread(view.of(standings, costs.tolist()))
    first, second, mirrored = _both_ways(len(layout.optimizers))
    names = layout.optimizers.optimizer.to_numpy()
    begun = ran(view)
    tables = []
    for family, cells in zip(layout.first_alike, layout.member, strict=True):
        tests = duel_tests(x[cells], layout.planned[cells], begun[cells], names, ("duels", family, *costs))
        back = {"difference": -tests["difference"], "low": -tests["high"], "high": -tests["low"]}
        tables.append({key: mirrored(tests[key], back.get(key, tests[key])).T for key in tests})
    ends = [mirrored(names[a], names[b]) for a, b in ((first, second), (second, first))]
    table = _table(layout, costs, tables, {"optimizer": ends[0], "rival": ends[1]})
    ahead = table.difference > 0
    table = table.assign(significant=table.significant & ahead, general=table.general & ahead)
    return _judged(view, costs, table)[list(COLUMNS["duels"])]


def _raced(view: View, costs: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each family, what its races say within each of these costs (B,), see `scores`; and who left which (C, O)."""
    layout, races = view.layout, view.comparison.races
    if races.empty:
        nothing = (np.full(len(costs), ""), np.zeros((1, len(layout.optimizers)), dtype=bool))
        return [nothing] * len(layout.families)
    left = races.set_index([*CELL, "optimizer"]).left
    cells = list(zip(layout.cells.problem, layout.cells.dim, strict=True))
    gone = np.array([[left.get((*cell, name), 0) > 0 for name in layout.optimizers.optimizer] for cell in cells])
    raced = in_race(layout.cells, races)
    spent = view.reached.spent.to_numpy(float)
    ended = np.asarray(costs) * (1 + TIE) >= spent[np.isfinite(spent)].max(initial=0.0)
    answer = []
    for member in layout.member:
        says = np.where(ended & view.as_raced & raced[member].all(), "race", "no claim")
        answer.append((says if raced[member].any() else np.full(len(costs), ""), gone[member]))
    return answer


def _judged(view: View, costs: np.ndarray, table: Frame) -> Frame:
    """The duels, where optimizers raced by what the race says: who stays on all problems of a family is significantly
    better than who left on all of them. Nothing is tested there once more, and differences are of paired rounds."""
    races, names = view.comparison.races, view.layout.optimizers.optimizer.to_numpy()
    if races.empty or table.empty:
        return table
    says, better, known = np.full(len(table), "", dtype=object), *np.zeros((2, len(table)), dtype=bool)
    for family, member, (raced, left) in zip(
        view.layout.families, view.layout.member, _raced(view, costs), strict=True
    ):
        rows = (table.family == family).to_numpy()
        out, stays = set(names[left.all(axis=0)]), set(names[~left.any(axis=0)])
        says[rows] = table.budget[rows].map(dict(zip(costs, raced, strict=True)))
        better[rows] = (table.optimizer.isin(stays) & table.rival.isin(out)).to_numpy()[rows]
        of_family = races.merge(view.layout.cells[member][CELL], on=CELL)
        known[rows] = bool(of_family.able.all())
    raced, better = says != "", better & (says == "race")
    return table.assign(
        significant=np.where(raced, better, table.significant).astype(bool),
        enough=np.where(raced, better | known, table.enough).astype(bool),
        **{name: table[name].where(~raced) for name in ("p", "adjusted")},
    )


def duel_tests(
    x: np.ndarray, planned: np.ndarray, begun: np.ndarray, names: np.ndarray, key: tuple[object, ...]
) -> dict[str, np.ndarray]:
    """The columns of `duels` for values x (C, O, N, B) of the runs that are planned, and begun (C, O, N): arrays
    (pairs, B), significant and general whichever way. From names, of the optimizers, and key, of what is compared,
    follow the exchanges."""
    first, second = np.triu_indices(len(names), 1)
    tests = contrast(x, planned, first, second)
    began: np.ndarray = np.any(begun, axis=(0, 2))
    both = (began[first] & began[second])[:, None]
    for name in ("difference", "low", "high", "p"):
        tests[name] = np.where(both, tests[name], np.nan)
    tests["adjusted"], possible = _adjusted(x, planned, names, tests, key)
    tests["significant"] = tests["adjusted"] <= LEVEL
    tests["enough"] = tests["significant"] | possible & ~tests.pop("one_way")
    tests["general_p"] = holm(np.where(both, tests.pop("general"), np.nan).ravel()).reshape(tests["p"].shape)
    tests["general"] = (tests["general_p"] <= LEVEL) & (tests.pop("lead") * tests["difference"] > 0)
    tests["able"] = np.exp2(1.0 - tests["problems"]) * (~np.isnan(tests["general_p"])).sum() <= LEVEL
    return tests


def _adjusted(
    x: np.ndarray, planned: np.ndarray, names: np.ndarray, tests: Mapping[str, np.ndarray], key: tuple[object, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """P-values (pairs, B) of differences of x (C, O, N, B), and whether so many runs could make them significant.

    The largest paired difference in standard errors over all pairs and budgets, against exchanges of optimizers within
    slots (see `bench.measure.permutations`), of the pairs that were tested: p is not NaN. With n runs it is at most
    the root of n. It is never less than p, that of the pair alone, which is at least 2 / 2^n.
    """
    p, possible = np.full(tests["p"].shape, np.nan), np.zeros(tests["p"].shape, dtype=bool)
    compared = ~np.isnan(tests["p"]).any(axis=1)
    if not compared.any():
        return p, possible
    ends = np.stack(np.triu_indices(len(names), 1))[:, compared]
    entrants, places = np.unique(ends, return_inverse=True)
    a, b = places.reshape(ends.shape)
    x = x[:, entrants]
    contrasts = Contrasts.of_cells(x, planned[:, entrants] & ~np.isnan(x).any(axis=-1))

    def z(x: np.ndarray) -> np.ndarray:
        return contrasts.z(x)[:, a, b].T

    seen = z(contrasts.x)
    seen = np.where(seen * tests["difference"][compared] > 0, np.abs(seen), 0.0)
    largest = by_chance(
        lambda exchanged: np.array([np.abs(z(contrasts.exchanged(whose))).max(initial=0.0) for whose in exchanged]),
        contrasts.present,
        generator(*key, *names[entrants]),
        seen.max(initial=0.0),
    )
    p[compared] = np.maximum(chances(seen, largest), tests["p"][compared])
    runs = tests["runs"][compared]
    possible[compared] = np.maximum(chances(np.sqrt(runs), largest), np.exp2(1.0 - runs)) <= LEVEL
    return p, possible


def pairs(view: View) -> Frame:
    """Each optimizer against each other over all problems, by the areas of their runs (see `areas`).

    Problems are those on which both could run. better, worse: cells in which its median area is larger, smaller than
    that of the rival; equal ones are told by the value at the common budget where values decide. p: of Wilcoxon's
    signed-rank test of the differences of medians, one a problem and dim: n is the number of problems, never of runs.
    adjusted: p by Holm over all pairs; significant: at most 0.05. a12: the probability that a run of the optimizer has
    a larger area than one of the rival on the same problem, 0.5 where they are alike (see `superiority`); low, high:
    its 95 % interval.

    Columns optimizer, rival, problems, better, worse, a12, low, high, p, adjusted, significant: by order and name; each
    pair stands there both ways. Problems on which a cost of either is not known, or all runs of either were skipped,
    are left out; where there is no other, all but the counts is NaN.
    """
    import pandas as pd

    layout, x, medians, values = _medians(view)
    first, second, mirrored = _both_ways(len(layout.optimizers))
    difference = medians[:, first] - medians[:, second]
    equal = np.abs(difference) < TIE
    difference = np.where(equal, TIE * (values[:, first] - values[:, second]), difference)
    p = signed_rank(np.nan_to_num(difference))
    better, worse, problems = (which.sum(axis=0) for which in (difference > 0, difference < 0, ~np.isnan(difference)))
    p[problems == 0] = np.nan
    a12, low, high = superiority(x, first, second)
    names = layout.optimizers.optimizer.to_numpy()
    columns = {
        "optimizer": (names[first], names[second]),
        "rival": (names[second], names[first]),
        "problems": (problems, problems),
        "better": (better, worse),
        "worse": (worse, better),
        "a12": (a12, 1 - a12),
        "low": (low, 1 - high),
        "high": (high, 1 - low),
        "p": (p, p),
    }
    table = pd.DataFrame({name: mirrored(*both) for name, both in columns.items()})
    table = table.assign(adjusted=mirrored(*[holm(p)] * 2))
    return table.assign(significant=table.adjusted <= LEVEL)


def bayesian(view: View, rope: float = 0.01, samples: int = 10_000) -> Frame:
    """How probable it is that an optimizer is better than another on a new problem: the Bayesian signed-rank test of
    median areas (Benavoli et al. 2017, jmlr.org/papers/v18/16-305.html).

    rope: areas that differ by less count as the same. better, same, worse: three probabilities that sum to 1, after so
    many samples of the posterior. They need no adjustment for the number of pairs.
    Columns optimizer, rival, problems, better, same, worse: each pair once that could run on the same problem.
    Raises ValueError for a rope below 0, ModuleNotFoundError where baycomp is not installed.
    """
    import pandas as pd

    if not 0 <= rope < 1:
        raise ValueError(f"rope must be >= 0 and < 1, got {rope}")
    try:
        test = import_module("baycomp").SignedRankTest
    except ModuleNotFoundError as error:
        from bench.core.registry import install_extras

        raise ModuleNotFoundError(f"the Bayesian test needs baycomp: {install_extras(['bayes'])}") from error
    layout, _, medians, _ = _medians(view)
    names = layout.optimizers.optimizer
    rows = []
    for a, b in zip(*np.triu_indices(len(names), 1), strict=True):
        both = ~np.isnan(medians[:, a] - medians[:, b])
        if not both.any():
            continue
        posterior = test(*medians[both][:, [a, b]].T, rope, nsamples=samples, random_state=0)
        rows.append((names[a], names[b], both.sum(), *posterior.probs()))
    return pd.DataFrame(rows, columns=["optimizer", "rival", "problems", "better", "same", "worse"])


def _fractions(view: View, budgets: Sequence[float]) -> tuple[Strata, np.ndarray, np.ndarray]:
    """The layout, the budgets rising, and the fraction of targets (C, O, N, B) that each run reached within each."""
    costs = np.unique(finite_costs(budgets))
    return view.layout, costs, view.layout.spread(view.solved(costs))


def _mean(x: np.ndarray, planned: np.ndarray) -> np.ndarray:
    """The mean over cells of the mean over planned runs (O, B) of values (C, O, N, B)."""
    count = planned.sum(axis=2)
    mean = np.where(planned[..., None], x, 0.0).sum(axis=2) / np.maximum(count, 1)[..., None]
    return mean.sum(axis=0) / np.maximum((count > 0).sum(axis=0), 1)[:, None]


def ran(view: View) -> np.ndarray:
    """Which runs there are that were not skipped (C, O, N)."""
    return view.layout.spread(view.runs.status.isin(statuses("ran")).to_numpy(float)) == 1


def _medians(view: View) -> tuple[Strata, np.ndarray, np.ndarray, np.ndarray]:
    """The layout; the place of each run (C, O, N) among all, by its area, and by its standing at the common budget
    where areas are equal; medians of areas, and of standings (C, O). NaN where a run was skipped, and in cells where
    some area is not known."""
    layout = view.layout
    area, standing = view.of(areas).area.to_numpy(), view.of(standings, [np.inf])[:, 0]
    keys = np.stack([np.round(area / TIE), standing])
    place = np.where(np.isnan(area), np.nan, np.unique(keys, axis=1, return_inverse=True)[1].ravel())
    begun = ran(view)
    spread = [np.where(begun, layout.spread(each), np.nan) for each in (place, area, standing)]
    whole = (np.isnan(spread[1]) != begun).all(axis=2) & begun.any(axis=2)
    x, *pair = (np.where(whole[..., None], each, np.nan) for each in spread)
    n = np.maximum(begun.sum(axis=2), 1)[..., None]
    medians = []
    for values in pair:
        ordered = np.sort(values, axis=2)
        middle = [np.take_along_axis(ordered, at, axis=2)[..., 0] for at in ((n - 1) // 2, n // 2)]
        medians.append((middle[0] + middle[1]) / 2)
    return layout, x, *medians


def _both_ways(size: int) -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    """All pairs of so many, as two arrays of indices; and what puts values (pairs, ...) of theirs and of the mirrored
    pairs in the order of first, then second."""
    first, second = np.triu_indices(size, 1)
    order = np.lexsort((np.r_[second, first], np.r_[first, second]))
    return first, second, lambda there, back: np.concatenate([there, back])[order]


def _table(
    layout: Strata, costs: np.ndarray, by_family: Sequence[Mapping[str, Any]], names: Mapping[str, np.ndarray]
) -> Frame:
    """A row for each family, budget and name. by_family: of each family, the columns (costs, names) or (names,)."""
    import pandas as pd

    shape = (len(costs), len(next(iter(names.values()))))
    frames = []
    for family, columns in zip(layout.families, by_family, strict=True):
        columns = {"budget": costs[:, None], **names, **columns}
        columns = {name: np.broadcast_to(column, shape).ravel() for name, column in columns.items()}
        frames.append(pd.DataFrame({"family": family, **columns}))
    return joined(frames, [])
