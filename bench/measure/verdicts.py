"""What is decided of a comparison: the best optimizer of each problem and family, its rivals, and at which costs.

The words for it are in `bench.measure.words`, the thresholds in `bench.measure.levels`.
"""

from typing import Any

import numpy as np

from bench.core.status import statuses
from bench.measure import words
from bench.measure.comparison import View, within
from bench.measure.ecdf import default_costs
from bench.measure.ert import ert
from bench.measure.frames import CELL, COLUMNS, Column, Frame, checked
from bench.measure.permutations import generator, worse_by_rank
from bench.measure.progress import joined
from bench.measure.raced import gone, in_race
from bench.measure.standing import at_budget, common_budgets, values_at_budget
from bench.measure.statistics import duels, ran, scores
from bench.measure.strata import ALL, ROUNDING
from bench.measure.summaries import unheard
from bench.measure.words import ALIKE, CANNOT_RUN, NOT_ON_ALL, NOTHING_FINITE, NOTHING_REACHED, SKIPPED, UNKNOWN

SCOPE = [*CELL, "among"]  # what a best optimizer is of
BUDGETS = 4  # at most, for which the answer is given


def budgets(view: View) -> list[float]:
    """At most four costs at which the answer is given: decades within the data, and the last, the most that counts on
    some problem: what the longest run spent there, or its limit (see `bench.measure.strata.limits`)."""
    import pandas as pd

    reached = view.reached
    limit = pd.Series(view.limits, index=view.runs.run).reindex(reached.run).to_numpy()
    low = float(default_costs(reached, 2)[0])
    spent = reached.spent.to_numpy(float)
    high = float(np.minimum(spent, limit)[spent < np.inf].max(initial=0.0))
    if not high > 0:
        return []
    last = _two_digits(high)
    decades = 10.0 ** np.arange(np.ceil(np.log10(low) + 0.3), np.log10(last / 1.99))
    costs = [float(f"{cost:.3g}") for cost in (*decades, last)]
    return [costs[int(place)] for place in np.unique(np.linspace(0, len(costs) - 1, BUDGETS).round())]


def _two_digits(cost: float) -> float:
    """The next number of two digits."""
    unit = 10.0 ** (np.floor(np.log10(cost)) - 1)
    return float(f"{np.ceil(cost / unit * (1 - 10 * ROUNDING)) * unit:.3g}")


def shorter(view: View, budget: float) -> Frame:
    """On how many problems of each family nobody could spend so much, as budgets end before: columns family, less, and
    shortest, the least of these ends, NaN where there is none."""
    import pandas as pd

    short = np.array([_two_digits(end) < budget if 0 < end < np.inf else False for end in view.ends], dtype=bool)
    members = [short & cells for cells in view.layout.member]
    least = [view.ends[cells].min() if cells.any() else np.nan for cells in members]
    return pd.DataFrame(
        {"family": view.layout.families, "less": [int(cells.sum()) for cells in members], "shortest": least}
    )


def best(view: View) -> Frame:
    """The best optimizer of each problem and dim, of all and of each order (see `winners`), and whom it significantly
    beats there, on *this* problem.

    That is by ranks of the runtimes to its target, where failures are the largest: see `permutations.worse_by_rank`,
    adjusted for all pairs of optimizers (of its order, where it is the best of an order) that were asked for it. Where
    the ranks or the ERT say otherwise, nobody is beaten. Runtimes beyond the limit of a cell count as failures (see
    `strata.limits`). On scored problems, where runtimes are late, those of the others count as 26 % earlier.

    Columns problem, dim, among, optimizer, order, kind, target, ert, low, high, successes, runs, success, as of
    `winners`; median, lower and upper (quartiles), at the budget, of the `common_budgets`; compared (optimizers that
    were asked for that target; without one, that ran), significant (others were compared, and it significantly beats
    them all), enough (it beats half of them, or could have beaten half of its rivals with so many seeds), tied (how
    many of the rivals, from the first, have the same ERT and median), rivals (whom it does not significantly beat,
    joined by "; ", best first), reason (why there is none, where there is none), raced ("" where optimizers did not
    race; "race" where they did: then those are beaten that left, where the best stays; "no claim" at other prices than
    the suite's, and before all have ended).

    Where no target decides, the best has the lowest median, and beats others by ranks of these values, less the median
    of their instance; nobody is best where all medians are the same.
    """
    races = view.comparison.races
    asked = view.of(judged)
    answer, table = winners(asked.assign(gone=np.nan_to_num(gone(asked, races)) > 0)), _among(asked)
    entrants = table[table.runs > 0]
    began = _among(view.runs).assign(began=lambda runs: runs.status.isin(statuses("ran"))).groupby(SCOPE).began.any()
    present = entrants.groupby(SCOPE).optimizer.nunique().rename("present")
    for facts in (began, present, _compared(view, entrants, answer)):
        answer = answer.merge(facts.reset_index(), how="left", on=SCOPE)
    answer = answer.drop(columns="budget").merge(common_budgets(view), how="left", on=CELL)
    answer = answer.fillna({"present": 0, "rivals": "", "tied": 0, "enough": False})
    answer = answer.assign(compared=answer.compared.fillna(answer.present))
    answer = answer.astype({"compared": int, "tied": int, "enough": bool})
    reason = np.where(answer["median"] == np.inf, NOTHING_FINITE, np.where(answer.compared > 1, ALIKE, NOTHING_REACHED))
    reason = np.where(~answer.began, SKIPPED, np.where(answer.compared == 0, UNKNOWN, reason))
    none = answer.optimizer == ""
    answer = answer.assign(
        reason=np.where(none, reason, ""), significant=~none & (answer.compared > 1) & (answer.rivals == "")
    )
    says = "race" if view.as_raced else "no claim"
    return answer.assign(raced=np.where(in_race(answer, races), says, ""))[list(COLUMNS["best"])]


def ranking(view: View) -> list[str]:
    """The optimizers, in the order of the fraction of all targets that they reach within the largest of the `budgets`,
    and of their standing (see `bench.measure.statistics.scores`), on one problem its best before them; where that is
    not known, by order and name."""
    names, at = view.layout.optimizers.optimizer.tolist(), view.of(budgets)
    if not at:
        return names
    table = view.of(scores, at)
    table = table[(table.family == ALL) & (table.budget == at[-1])]
    table = table.assign(best=False)
    if ALL in alone(view):
        of_all = view.of(best)
        table = table.assign(best=table.optimizer.isin(of_all.optimizer[of_all["among"] == ALL]))
    return table.sort_values(["best", "solved", "standing"], ascending=False, kind="stable").optimizer.tolist()


def answer(view: View) -> Frame:
    """See `answers`, at each of the `budgets`; with fewest, the least runs of an optimizer on a problem, and what
    `shorter` says: on how many of the problems budgets end before (less), the least of them (shortest)."""
    at = view.of(budgets)
    counts = ran(view).sum(axis=2)  # (C, O)
    members = zip(view.layout.families, view.layout.member, strict=True)
    fewest = {family: _ends(counts[cells])[0] for family, cells in members}
    table = answers(view.of(scores, at), view.of(duels, at), view.of(breaks))
    short = joined([view.of(shorter, budget).assign(budget=budget) for budget in at], ["family", "budget"])
    names = ["family", "budget"]
    both = table[names].merge(short, how="left", on=names) if at else table[names].assign(less=0, shortest=np.nan)
    ends = {name: both[name].to_numpy() for name in ("less", "shortest")}
    return _of_one_problem(view, table.assign(fewest=table.family.map(fewest), **ends))


def alone(view: View) -> dict[str, tuple[str, int]]:
    """The families of a single problem and dim, with these: `best` says who is best there, within each budget."""
    cells = list(zip(view.layout.cells.problem, view.layout.cells.dim.astype(int), strict=True))
    families = zip(view.layout.families, view.layout.member, strict=True)
    return {family: cells[int(np.flatnonzero(member)[0])] for family, member in families if member.sum() == 1}


def _of_one_problem(view: View, table: Frame) -> Frame:
    """The answers, those for a family of one problem by what is said of that problem: there is one best optimizer."""
    import pandas as pd

    single = alone(view)
    if not single or table.empty:
        return table
    decided = ["optimizer", "reason", "order", "compared", "significant", "enough", "rivals", "tied", "raced"]
    cells = pd.DataFrame([(family, *cell) for family, cell in single.items()], columns=["family", *CELL])
    verdicts = [
        cells.merge(view.of(within, budget, *single.values()).of(best), on=CELL).assign(budget=budget)
        for budget in table.budget.unique()
    ]
    verdict = joined([each[["family", "budget", "among", *decided]] for each in verdicts], [])
    pairs = verdict.compared * (verdict.compared - 1) // 2
    nothing = {"general": False, "able": False, "unbeaten": ""}
    verdict = verdict.assign(level=verdict.tied, tests=np.where(verdict.raced == "", pairs, 0), **nothing)
    solved = view.of(scores, view.of(budgets))[["family", "budget", "optimizer", "solved", "low", "high", "runs"]]
    verdict = verdict.merge(solved, how="left", on=["family", "budget", "optimizer"])
    names = ["family", "budget", "among"]
    # of an order of which nobody was asked there nothing is decided
    of_one = table[names].merge(verdict[names].assign(decided=True), how="left", on=names).decided.notna().to_numpy()
    rest = [name for name in table.columns if name in names or name not in verdict]
    decided_alone = table[of_one][rest].merge(verdict, how="left", on=names)[list(table.columns)]
    return _in_order(joined([table[~of_one], decided_alone.astype(table.dtypes.to_dict())], []), table.family)


def _ends(counts: np.ndarray) -> tuple[int, int]:
    """The least and the most of those counts that are not 0; 0 where there are none."""
    positive = counts[counts > 0]
    return (int(positive.min()), int(positive.max())) if positive.size else (0, 0)


def caption(view: View) -> str:
    """What the answer by family rests on: see `bench.measure.words.caption`."""
    table = view.of(answer)
    limited = view.limits_of_cells.limit < np.inf
    tests, counts = _ends(table.tests.to_numpy(int)), _ends(ran(view).sum(axis=2))
    ends, raced = view.ends[view.ends < np.inf].tolist(), bool(len(view.comparison.races))
    return words.caption(counts, tests, limited.sum(), len(limited), ends, raced)


def _among(table: Frame) -> Frame:
    """The rows of a frame twice: among all, and among those of their order."""
    return joined([table.assign(among=ALL), table.assign(among=table.order.astype(int).astype(str))], [])


def judged(view: View) -> Frame:
    """The frame of `ert` by which optimizers are judged, with the columns median, lower and upper (quartiles), and
    budget, of `values_at_budget`; and a row of each optimizer that asked anything for these values, with target inf,
    which nobody reaches."""
    asked, values = view.of(ert), view.of(values_at_budget)
    names = [*CELL, "optimizer", "order"]
    low = values["median"].astype(float).clip(lower=values.end.fillna(-np.inf))  # what is below is the same
    lowest = low.groupby([values[name] for name in CELL]).transform("min")
    low = low.where(~(values.settled & values.least), lowest)  # and so is what is as good as the best
    medians = values[[*names, "kind", "budget"]].assign(median=low, lower=values.low, upper=values.high)
    heads = asked.drop_duplicates(names).drop(columns="kind").merge(medians, on=names)
    heads = heads.merge(view.runs[~unheard(view.runs)][names].drop_duplicates(), on=names)
    none = dict.fromkeys(("success", "low", "high"), np.nan)
    heads = heads.assign(target=np.inf, ert=np.inf, successes=0, **none)
    asked = asked.merge(medians.drop(columns="kind"), how="left", on=names)
    return joined([asked, heads], list(asked.columns))


def winners(table: Frame) -> Frame:
    """The best optimizer on each problem and dim, of all and of each order. table: of `ert`, with the column median,
    where there is one.

    Rule, where f_opt is known: take the hardest target that some optimizer reached in at least half of its runs (where
    there is none: in any run), beyond what the start reached already; the best is the one of those with the least ERT,
    and of those with the same the one with the lowest median. Where f_opt is not known, targets are parts of the best
    gain of these very runs, and one lucky run moves them all: the hardest alone counts, and of those who reached it in
    most of their runs, as their medians did. Who is gone, having left a race, is so only where all are. Where no target
    decides, the best has the lowest finite median among rows of target inf, unless all are the same.
    Columns problem, dim, among ("all", "0", "1", "2"), optimizer ("" where there is none), order, kind, target, ert,
    low, high, successes, runs, success (see `bench.measure.ert`), median, lower, upper, budget.
    """
    table = checked(table, "ert")
    hardest = table.target == table[table.kind == "fraction"].groupby(CELL).target.transform("min").reindex(table.index)
    lucky = (table.kind == "fraction") & ~(hardest & (table.successes * 2 > table.runs))
    table = _among(table.assign(lucky=lucky))
    table = table.assign(gone=table.get("gone", False), median=table.get("median", np.nan))
    reached = table[(table.runs > 0) & (table.successes > 0) & (table.ert > 0) & ~table.lucky]
    values = table[(table.runs > 0) & (table.target == np.inf)]
    lowest = values.groupby(SCOPE)["median"]
    apart = (lowest.transform("size") == 1) | (lowest.transform("min") < lowest.transform("max"))
    nearest = values[apart & np.isfinite(values["median"])]
    ranked = joined([reached.assign(rare=reached.successes * 2 < reached.runs), nearest.assign(rare=True)], [])
    ranked = ranked.sort_values(["gone", "rare", "target", "ert", "median", "optimizer"])
    names = [name for name in COLUMNS["best"] if name in table]
    answer = table.groupby(SCOPE)["median"].min().rename("least").reset_index()
    answer = answer.merge(ranked.drop_duplicates(SCOPE)[names], how="left", on=SCOPE)
    answer = answer.assign(median=answer["median"].fillna(answer.least)).drop(columns="least")
    answer = answer.fillna({"optimizer": "", "kind": "", "successes": 0, "runs": 0})
    return answer.astype({"order": "Int64", "successes": int, "runs": int}).reset_index(drop=True)


def _compared(view: View, entrants: Frame, best: Frame) -> Frame:
    """With how many each winner was compared at its target, and whom it does not significantly beat: by problem, dim
    and among, the columns compared, enough, tied, rivals."""
    import pandas as pd

    names = {"optimizer": "winner", "ert": "least", "median": "lowest"}
    goal = [*SCOPE, "kind", "target"]
    asked = entrants.merge(best[[*goal, *names]].rename(columns=names), on=goal)
    asked = asked.assign(won=asked.optimizer == asked.winner, tie=asked.ert == asked.least)
    asked = asked.assign(equal=asked.tie & (asked["median"].fillna(np.inf) == asked.lowest.fillna(np.inf)))
    asked = asked.assign(tie=np.where(asked.target == np.inf, asked.equal, asked.tie))
    worse, possible = np.zeros((2, len(asked)), dtype=bool)
    layout = view.layout
    cell = pd.MultiIndex.from_frame(layout.cells[CELL]).get_indexer(pd.MultiIndex.from_frame(asked[CELL]))
    which = ["optimizer", "order"]
    optimizer = pd.MultiIndex.from_frame(layout.optimizers[which]).get_indexer(pd.MultiIndex.from_frame(asked[which]))
    late = np.where(asked.scored & (asked.target < np.inf), view.comparison.late, 1.0)
    for (kind, target), at_goal in asked.groupby(["kind", "target"]):
        results = view.layout.spread(_runtimes(view, kind, target) if target < np.inf else _levelled(view))
        for key, rows in at_goal.groupby(SCOPE).indices.items():
            rows = at_goal.index[rows].to_numpy()
            values = results[cell[rows[0]], optimizer[rows]]
            first = int(np.flatnonzero(asked.won.to_numpy()[rows])[0])
            rng = generator(*key, kind, target)
            worse[rows], possible[rows] = worse_by_rank(values, first, rng, float(late[rows[0]]))
    races = view.comparison.races
    left = gone(asked, races)
    if (raced := ~np.isnan(left)).any():  # they are judged by their race alone
        winner = gone(asked.assign(optimizer=asked.winner), races)
        worse = np.where(raced, view.as_raced & (left > 0) & (winner == 0), worse)
        able = asked[CELL].merge(races[[*CELL, "able"]].drop_duplicates(CELL), how="left", on=CELL).able
        possible = np.where(raced, able.eq(True), possible)
    asked = asked.assign(beaten=worse & ~asked.tie, possible=possible.astype(bool))
    others = asked[~asked.won]
    close = others[~others.beaten].sort_values(["ert", "median", "optimizer"]).groupby(SCOPE)
    table = close.agg(
        rivals=("optimizer", "; ".join), tied=("equal", "sum"), open=("won", "size"), able=("possible", "sum")
    )
    table = asked.groupby(SCOPE).optimizer.nunique().rename("compared").to_frame().join(table)
    open_ = table.open.fillna(0)
    return table.assign(enough=(2 * open_ <= table.compared - 1) | (2 * table.able >= open_))


def _levelled(view: View) -> np.ndarray:
    """What each run had when the common budget was spent (runs,), less the median of all optimizers on its instance:
    instances may be of unlike heights (aligned ranks, Hodges & Lehmann 1962, doi:10.1214/aoms/1177704575). It moves all
    runs of an instance alike, so that exchanges within instances are as probable as before."""
    import pandas as pd

    values = pd.Series(at_budget(view))
    level = values.where(np.isfinite(values)).groupby([view.runs[name].to_numpy() for name in (*CELL, "instance")])
    return (values - level.transform("median").fillna(0.0)).to_numpy()


def _runtimes(view: View, kind: str, target: float) -> np.ndarray:
    """The runtimes to a target (runs,): inf where it was not reached before the limit of the cell, NaN where there
    was no run, or its cost is not known."""
    import pandas as pd

    reached = view.reached[(view.reached.kind == kind) & (view.reached.target == target)]
    row = pd.Index(view.runs.run).get_indexer(reached.run)
    runtime = reached.runtime.to_numpy(float)
    runtime = np.where(runtime > view.limits[row], np.inf, runtime)
    known = ~np.isnan(reached.spent.to_numpy(float)) & view.runs.status.isin(statuses("ran")).to_numpy()[row]
    values = np.full(len(view.runs), np.nan)
    values[row[known]] = runtime[known]
    return values


def breaks(view: View) -> Frame:
    """What decides where optimizers reached as many targets, by family: columns family, optimizer, slower (the
    mean over problems of the logarithm of its ERT over that of the best, at the target of the best: see `winners`) and
    above (the mean over problems of the number of optimizers whose median at the common budget is lower)."""
    table, layout = view.of(judged), view.layout
    first = winners(table)
    first = first[(first["among"] == ALL) & (first.optimizer != "")]
    goals = table.merge(
        first[[*CELL, "kind", "target", "ert"]].rename(columns={"ert": "least"}), on=[*CELL, "kind", "target"]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        goals = goals.assign(slower=np.where(goals.target < np.inf, np.log(goals.ert / goals.least), 0.0))
    heads = table[table.target == np.inf]
    above = heads.groupby(CELL)["median"].rank(method="min") - 1
    cells = heads.assign(above=above).merge(goals[[*CELL, "optimizer", "slower"]], how="left", on=[*CELL, "optimizer"])
    of_families = [
        cells.merge(layout.cells[member][CELL], on=CELL)
        .groupby("optimizer")[["slower", "above"]]
        .mean()
        .assign(family=name)
        for name, member in zip(layout.families, layout.member, strict=True)
    ]
    table = joined([each.reset_index() for each in of_families], [])
    return table[["family", "optimizer", "slower", "above"]]


def answers(scores: Frame, duels: Frame, breaks: Frame | None = None) -> Frame:
    """The answer for whole families of problems: for each family and budget the optimizer that reached most targets, of
    all and of each order. scores, duels: of `bench.measure.statistics`.

    Of equal fractions the one with the larger standing (see `bench.measure.statistics.scores`) is the best; of equal
    standings who is less slow, then who has fewer medians below its own (breaks: of `breaks`), then by name: a tie.
    Compared are those that were planned on every problem of the family, could run on some of them, and whose cost is
    known. The rivals of the best are all that it does not significantly beat on *these* problems (adjusted for all
    pairs of that family at all budgets), best first. enough: whether it significantly beats at least half of those
    compared, or could have beaten half of its rivals with so many runs. unbeaten: whom it does not significantly beat
    on problems *like these*, of which these are a sample, best first; general: others were compared, and there is
    nobody that it does not beat; able: whether so many problems could show that.
    Columns family, budget, among ("all", "0", "1", "2"), optimizer ("" where there is none), reason (then: see
    `bench.measure.words`), order, solved, low, high, runs, problems, cut (of them, those with a limit: see `scores`),
    compared, significant (others were compared, and none is a rival), enough, rivals (joined by "; "), tied (how many
    of the rivals, from the first, reached as many), level (how many of these differ in nothing), left
    (optimizers that are not compared), tests (pairs of the adjustment), general, able, unbeaten (joined by "; "), raced
    (as of `scores`).
    """
    import pandas as pd

    scores = scores.assign(raced=scores.get("raced", ""), gone=scores.get("gone", False))
    both = ["family", "optimizer"]
    last = (
        scores[both].merge(breaks, how="left", on=both) if breaks is not None else scores.assign(slower=0.0, above=0.0)
    )
    scores = scores.assign(slower=last.slower.to_numpy(float), above=last.above.to_numpy(float))
    scores = scores.assign(whole=(scores.problems == scores.of) & (scores.ran > 0) & scores.solved.notna())
    beaten, enough, general, able = (_rivals(duels, name) for name in ("significant", "enough", "general", "able"))
    tests = duels[duels.adjusted.notna()].groupby(["family", "budget"]).size() // 2  # each pair stands there both ways
    order = {"gone": True, "solved": False, "standing": False, "slower": True, "above": True, "optimizer": True}
    ranked = scores.reset_index(drop=True).sort_values(list(order), ascending=list(order.values())).index
    records: list[Any] = list(scores.itertuples(index=False))  # thousands of small frames would take seconds
    table = []
    for among in (ALL, *sorted(scores.order.dropna().unique())):
        groups: dict[tuple[str, float], list[Any]] = {}
        for each in records:
            if among == ALL or each.order == among:
                groups.setdefault((each.family, each.budget), []).append(each)
        entrants: dict[tuple[str, float], list[Any]] = {key: [] for key in groups}
        for each in (records[place] for place in ranked):
            if each.whole and (among == ALL or each.order == among):
                entrants[each.family, each.budget].append(each)
        for (family, budget), rows in groups.items():
            first, whole = rows[0], entrants[family, budget]
            row = {"family": family, "budget": budget, "among": str(among), "problems": first.of, "cut": first.cut}
            row |= {"compared": len(whole), "left": len(rows) - len(whole), "reason": "", "raced": first.raced}
            row["tests"] = tests.get((family, budget), 0)
            if not any(each.standing > 0 for each in whole):
                ran = any(each.ran > 0 for each in rows)
                reason = NOTHING_REACHED if whole else NOT_ON_ALL if ran else CANNOT_RUN
                none = dict.fromkeys(("significant", "enough", "general", "able"), False)
                none |= {"optimizer": "", "rivals": "", "tied": 0, "level": 0, "unbeaten": ""}
                table.append({**row, **none, "reason": reason})
                continue
            best, *others = whole
            key = (family, budget, best.optimizer)
            rivals = [each for each in others if each.optimizer not in beaten.get(key, ())]
            beatable = sum(each.optimizer in enough.get(key, ()) for each in rivals)
            row["enough"] = 2 * len(rivals) <= len(others) or 2 * beatable >= len(rivals)
            row |= {name: getattr(best, name) for name in ("optimizer", "order", "solved", "low", "high", "runs")}
            tied = [each for each in rivals if each.standing == best.standing]
            level = sum(each.slower == best.slower and each.above == best.above for each in tied)
            row |= {"rivals": "; ".join(each.optimizer for each in rivals), "tied": len(tied), "level": level}
            unbeaten = [each.optimizer for each in others if each.optimizer not in general.get(key, ())]
            row |= {"unbeaten": "; ".join(unbeaten), "able": len(able.get(key, ())) > 0}
            compared = len(others) > 0
            table.append({**row, "significant": compared and not rivals, "general": compared and not unbeaten})
    frame = pd.DataFrame(table, columns=list(COLUMNS["answers"])).astype({"order": "Int64", "runs": "Int64"})
    return _in_order(frame, scores.family)


def _rivals(duels: Frame, name: str) -> dict[tuple[str, float, str], set[str]]:
    """The rivals of each family, budget and optimizer in those rows of duels where this column is true."""
    rivals: dict[tuple[str, float, str], set[str]] = {}
    rows = duels[duels[name]]
    for *key, rival in zip(rows.family, rows.budget, rows.optimizer, rows.rival, strict=True):
        rivals.setdefault(tuple(key), set()).add(rival)
    return rivals


def _in_order(answers: Frame, families: Column) -> Frame:
    """Answers by family, in the order of these, by budget, and among all before each order."""
    place = {name: n for n, name in enumerate(dict.fromkeys(families))}
    return answers.sort_values(
        ["family", "budget", "among"],
        key=lambda column: column.map(place) if column.name == "family" else column,
        ascending=[True, True, False],
        ignore_index=True,
    )
