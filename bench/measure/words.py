"""How numbers, names and verdicts are written: the one home of each format and sentence.

The page's scripts read the formats from `PAGE`; what is decided is in `bench.measure.verdicts`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bench.core.outcomes import HARDEST
from bench.core.registry import written
from bench.core.status import UNFINISHED, Status, alternatives, statuses
from bench.measure.inference import seeds_needed, wilson
from bench.measure.levels import COVERAGE, FEWEST, FLOOR, LEVEL, QUICK

INTERVAL, LOW_END = "[{}, {}]", "≥ {}"
NUMBER = {"digits": 3, "least": 1e-3, "grouped": 1e3, "most": 1e6, "infinite": "∞", "unknown": "-"}
MOST_DIGITS = 8
MOST_SHARDS = 8  # that are named
PERCENT = {"text": "{} %", "least": "< 1 %", "most": "> 99 %"}

# why there is no best optimizer
NOTHING_REACHED = "no target reached"
NOTHING_FINITE = "no finite value found"
ALIKE = "no target reached, and all medians are the same"
NOT_ON_ALL = "none ran on all problems"
CANNOT_RUN = "cannot be run"
METRICS = (
    "What runs recorded beside f at their ends: medians over runs, and 95 % intervals of the median by order "
    "statistics, which need 6 runs; in bold the best. Training rows and test rows beside each other show what was "
    "learned by heart."
)
MEMORY = (
    "What an optimizer keeps from one question to the next, beside the point itself: median over runs, of one run also "
    "where runs went in lanes. It is what Python sees where the oracle stopped it, not what a library in C allocates."
)
PEAK = (
    "Peak: the most that the process of a run that was alone had in use, with Python, its libraries and the problem; "
    "on a GPU what CUDA's allocator had handed out."
)
OTHER_METHOD = "order, or in who measured them"  # of optimizers of one name: how they differ
FAILED = "†"  # behind an optimizer some of whose runs failed
FAILURES = alternatives(status for status in statuses("counts", False) if Status(status).ran)
WHAT_FAILED = "what they had paid for and reached until then counts"
HEARD = "They are charged; a method hears ∞ for the value, NaN for a gradient, and goes on."  # of failed evaluations
TOO_QUICK = f"a value takes less than {QUICK * 1e6:g} µs"
SKIPPED, NOT_RUN, UNKNOWN = "skipped", "not run", "cost not known"

TOO_FEW = "too few seeds"
THESE, THIS = "on these problems", "on this problem"  # with other seeds: see `bench.measure.statistics.duels`
LIKE = "on problems like these"  # of which these are a sample
NO_SIGNIFICANCE = "this sample cannot reach significance"
NOT_BEATEN = "does not significantly beat"


def more_seeds(optimizers: int, problems: int, runs: int) -> str:
    """What helps where there are too few seeds of so many optimizers. runs: the fewest of one of them on a problem."""
    needed = seeds_needed(optimizers)
    number = f"about {needed} seeds can tell, and " if problems == 1 and runs < needed else ""
    return f'{number}a race (until="significant") takes as many as it needs'


class Name(str):
    """The name of an optimizer in a sentence, which the page sets in bold, with the dot of its curves."""


def number(value: float, digits: int = NUMBER["digits"]) -> str:
    """Three significant digits, or so many: `0.0123`, `12,300`, `1.23e+6`; ∞ where infinite and - where not known."""
    if math.isnan(value):
        return NUMBER["unknown"]
    if math.isinf(value):
        return f"{'-' if value < 0 else ''}{NUMBER['infinite']}"
    rounded = float(f"{value:.{digits}g}") + 0.0  # no -0
    if value == 0 or NUMBER["least"] <= abs(rounded) < NUMBER["grouped"]:
        return f"{rounded:.{digits}g}"
    if NUMBER["grouped"] <= abs(rounded) < NUMBER["most"]:
        return f"{rounded:,.{max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)}f}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}e{int(exponent):+}"


# what NUMBER["unknown"] stands for in a table
NO_OTHER = "no other optimizer was compared there"
NOT_KNOWN = "not known"
NONE_BEFORE = "not known, or none is before it"


def dash_note(cells: Iterable[str], means: str) -> str:
    """What `-` means, below a table in whose cells it stands; "" where it does not. means: of the three above."""
    dash = NUMBER["unknown"]
    return f"{dash}: {means}." if any(dash in cell.replace(",", " ").split() for cell in cells) else ""


def apart(values: Sequence[float]) -> int:
    """The fewest digits, 3 to 8, with which numbers that differ are written differently."""
    distinct = {float(value) for value in values if math.isfinite(value)}
    for digits in range(NUMBER["digits"], MOST_DIGITS):
        if len({number(value, digits) for value in distinct}) == len(distinct):
            return digits
    return MOST_DIGITS


def interval(low: float, high: float, digits: int = NUMBER["digits"]) -> str:
    """`[1.2, 3.4]`, `≥ 1.2` where the upper end is not known, and nothing where there is none."""
    if math.isnan(low):
        return ""
    lower, upper = number(low, digits), number(high, digits)
    return LOW_END.format(lower) if math.isnan(high) else INTERVAL.format(lower, upper)


def all_solved(n: int) -> str:
    """What n successes of n runs say of the probability of success: `success ≥ 80 %`; nothing where there is no
    interval."""
    if n < FEWEST:
        return ""
    least = percent(float(wilson(np.ones(1), np.full(1, n))[0][0]))
    return f"success {least if least == PERCENT['most'] else LOW_END.format(least)}"


def reached(successes: int, runs: int) -> str:
    """`4/5`, or `15/15, success ≥ 80 %`."""
    text = f"{successes}/{runs}"
    return ", ".join(filter(None, (text, all_solved(runs) if successes == runs else "")))


def percent(fraction: float) -> str:
    """`45 %`; `< 1 %` and `> 99 %` near the ends, which only 0 and 1 are."""
    if 0 < fraction < 0.005:
        return PERCENT["least"]
    return PERCENT["most"] if 0.995 < fraction < 1 else PERCENT["text"].format(f"{100 * fraction:.0f}")


def percents(low: float, high: float) -> str:
    """An interval in per cent, `[40, 50]`, and nothing where there is none."""
    return "" if math.isnan(low) or math.isnan(high) else INTERVAL.format(f"{100 * low:.0f}", f"{100 * high:.0f}")


def target_name(kind: str, target: float) -> str:
    """A target in short: `gap 1e-8`, `gap 2.5e-3`, `0.9 of gain left`, or `1e-3 of gain left`; inf: none."""
    if math.isinf(target):
        return NOTHING_REACHED
    if kind != "gap" and target >= 0.1:
        return f"{target:g} of gain left"
    mantissa, _, exponent = f"{target:e}".partition("e")
    power = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"gap {power}" if kind == "gap" else f"{power} of gain left"


def cell_name(problem: str, dim: int) -> str:
    """A problem with its dimension."""
    return f"{problem}, dim {dim}"


def counted(n: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def spanned(least: int, most: int, noun: str) -> str:
    """`5 runs`, or `5 to 15 runs`."""
    return (f"{least:,} to " if least < most else "") + counted(most, noun)


def listed(names: Sequence[str], most: int) -> str:
    """The first of some names: `a, b and 3 more`."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def joined_by_and(names: Sequence[str]) -> str:
    """All of some names: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def split(rivals: str) -> list[str]:
    """The names that a frame joins by semicolons."""
    return rivals.split("; ") if rivals else []


def price_list(prices: Mapping[str, float], runs: Any) -> str:
    """The prices in words; that of a Jacobian where any of these runs asked for it."""
    names = {"value": "value", "gradient": "gradient with its value", "hessian_vector": "Hessian-vector product"}
    if "jacobian" in runs and runs.jacobian.any():
        names["jacobian"] = "column of a Jacobian"
    return ", ".join(f"{name} {prices[question]:.3g}" for question, name in names.items())


def target_list(frame: Any) -> str:
    """The targets of a frame with columns kind and target in words."""
    words = {
        "gap": "f ≤ f_opt + {} where the optimum is known",
        "fraction": "f ≤ f_best + {} (f_start - f_best) elsewhere",
    }
    texts = []
    for kind, phrase in words.items():
        levels = sorted(frame.target[frame.kind == kind].unique(), reverse=True)
        if levels:
            few = f"{levels[0]:g}" if len(levels) == 1 else f"({levels[0]:g} to {levels[-1]:g}, {len(levels)} steps)"
            texts.append(phrase.format(few))
    return ", ".join(texts) or "none"


def setting_text(setting: Mapping[str, Any]) -> str:
    """Hyperparameters in a line: `lr=0.1, nesterov=True`."""
    return ", ".join(f"{key}={value_text(value)}" for key, value in setting.items())


def value_text(value: Any) -> str:
    """The value of a hyperparameter: `0.1`, `none`, `cosine`."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else written(value)


# the answer by family: row is one of `bench.measure.verdicts.answer`


def sentence(row: Any, amount: str) -> list[str]:
    """The answer over all problems, as texts and Names. amount: `a cost of 100`."""
    over = f"{'all ' if row.problems > 1 else ''}{counted(row.problems, 'problem')}"
    if not row.compared:
        return [f"No optimizer ran on {over} at a known cost."]
    within = f"Within {amount}{shorter(row)}, over {over}, "
    if not row.optimizer:
        also = ", and nothing else tells them apart" if row.compared > 1 else ""
        return [f"{within}no optimizer reached any target{also}."]
    solves = "solves most:" if row.compared > 1 else "solves"
    most = f"{solves} {percent(row.solved)} of the targets {percents(row.low, row.high)}".strip()
    if not row.solved:
        most = "comes nearest to a target, which no optimizer reached"
    return [within, Name(row.optimizer), f" {most}{_certainty(row)}.{_general(row)}{_left(row)}"]


def solved_text(row: Any) -> str:
    """`75 % [50 %, 90 %] of targets`."""
    return f"{percent(row.solved)} {percents(row.low, row.high)}".strip() + " of targets"


def shorter(row: Any) -> str:
    """Behind a budget, on how many problems budgets end before it: ` (down to 60 on 1 problem)`, or nothing."""
    return f" (down to {number(row.shortest)} on {counted(row.less, 'problem')})" if row.less else ""


def _certainty(row: Any) -> str:
    """How sure it is that the best is better than the others on these problems."""
    if row.compared < 2:
        return ""
    rivals, these = split(row.rivals), THIS if row.problems == 1 else THESE
    more = "more" if row.solved else "nearer"
    as_many = _as_many(row, rivals[: row.tied])
    if row.raced:
        return as_many + _by_race(row, these)
    if not rivals:
        return f", {these} significantly {more} than {_each(row.compared - 1)}"
    less = rivals[row.tied :]
    if not row.enough:
        helps = more_seeds(row.compared, row.problems, row.fewest)
        few = f"{counted(row.fewest, 'run')} on a problem: {NO_SIGNIFICANCE}, even if every pair agrees"
        return f"{as_many} ({few}; {helps})"
    return as_many + (f", but {these} not significantly {more} than {listed(less, 3)}" if less else "")


def _as_many(row: Any, equal: Sequence[str]) -> str:
    """Who reached as many targets as the best, and what decided between them."""
    if not equal:
        return ""
    same, behind = equal[: row.level], equal[row.level :]
    ties = f", a tie with {joined_by_and(same)}" if same else ""
    how = ", and it is ahead by the expected cost of the hardest, then by its median" if row.solved else ""
    return ties + (f", as {'many' if row.solved else 'near'} as {listed(behind, 3)}{how}" if behind else "")


RACED = (
    "Optimizers raced in rounds of paired runs: who was significantly worse left (corrected for all rounds and pairs); "
    "nobody is tested again."
)


def raced(name: str, commands: str) -> str:
    """Why these commands do not take results of a race."""
    return (
        f"{name} was raced: its runs stop where a race ended, and {commands} whole designs; run it again without "
        "until, which keeps what there is"
    )


def _by_race(row: Any, these: str) -> str:
    """What the race says of the best, as part of a sentence."""
    rivals = split(row.rivals)
    if row.raced != "race":
        return f"; who is significantly better {these} the race says of the whole budget and at its prices alone"
    if not row.enough:
        return f"; the race had too few rounds ({NO_SIGNIFICANCE})"
    if not rivals:
        return f"; {these} it alone is left of a race, significantly better than {_each(row.compared - 1)}"
    out = row.compared - 1 - len(rivals)
    worse = f", and {counted(out, 'other')} left it, significantly worse" if out else ""
    return f"; {these} the race does not tell it from {listed(rivals, 3)}{worse}"


def race_text(row: Any) -> str:
    """How an optimizer did in a race. row: of `bench.measure.raced.races`."""
    if row.left:
        return f"left after round {row.left}, significantly worse"
    return f"stays{' so far' if row.missing else ''}, {row.rounds} of {counted(row.planned, 'round')} run"


def race_note(rows: Any) -> str:
    """What a race came to, in a part of a sentence. rows: of `bench.measure.raced.races`, of one problem."""
    planned, stay = int(rows.planned.iloc[0]), int((rows.left == 0).sum())
    ran = f"{int(rows.rounds.sum()):,} of {counted(planned * len(rows), 'run')}"
    if missing := int(rows.missing.iloc[0]):
        absent = rows.optimizer[rows.rounds == 0].tolist()
        not_run = f"; no run yet of {listed(absent, 3)}" if absent else ""
        return f"{ran}; interrupted: {missing} of {counted(planned, 'round')} {_are(missing)} missing{not_run}"
    if not rows.able.all():
        return f"{ran}; {TOO_FEW}: {NO_SIGNIFICANCE}"
    return f"{ran}; {'one is left' if stay == 1 else f'{stay} stay, tied'}"


def interrupted(races: int, of: int) -> str:
    """That races did not come to their end."""
    return f"{races} of {counted(of, 'race')} {'was' if races == 1 else 'were'} interrupted: rounds are missing."


def duration(seconds: float) -> str:
    """`0.05 s`, `1.0 s`, `45 s`, `12 min`, `9.7 h`, `3.5 days`."""
    if seconds < 90:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.2g} min"
    hours = seconds / 3600
    return f"{hours:.2g} h" if hours < 48 else f"{hours / 24:.3g} days"


def size(bytes: float) -> str:
    """`512 bytes`, `45 kB`, `3.2 MB`, `1.4 GB`."""
    for unit, times in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if bytes >= 0.9995 * times:
            return f"{bytes / times:.{1 if bytes < 9.95 * times else 0}f} {unit}"
    return f"{bytes:.0f} bytes"


def time_left(seconds: float) -> str:
    """`9.7 h left`, "" where it is not known."""
    return "" if math.isnan(seconds) else f"{duration(seconds)} left"


def progress(ended: int, planned: int, seconds: float, left: float, failed: int = 0) -> str:
    """A line on runs under way: `7 of 35 runs (20 %), 1 failed, after 2.0 min, about 8 min left`."""
    percent = 100 * ended // max(planned, 1)
    trouble = f", {failed:,} failed," if failed else ""
    text = f"{ended:,} of {counted(planned, 'run')} ({percent} %){trouble} after {duration(seconds)}"
    return text if math.isnan(left) else f"{text}, about {time_left(left)}"


def unmeasured(rows: Iterable[Any]) -> str:
    """Of whose runs the memory is not known, and why, behind other sentences; "" where it is of all. rows: of
    `bench.measure.memory.unmeasured`."""
    texts = []
    for row in rows:
        status = Status(row.status)
        why = status.phrase(row.runs) if status.trouble else f"{_are(row.runs)} without a measurement"
        every = "its only run" if row.of == 1 else f"all {counted(row.of, 'run')}"
        some = f"{row.runs:,} of {counted(row.of, 'run')}" if row.runs < row.of else every
        texts.append(f"{row.optimizer} ({some} {why})")
    return f" Not measured: {joined_by_and(texts)}." if texts else ""


def without_gpu(suite: str, seconds: float, processes: int) -> str:
    """What a suite for a GPU takes where there is none. seconds: of all its runs one after the other."""
    at_once = f", {processes} at a time" if processes > 1 else ""
    return (
        f"Suite {suite} is for a GPU, and there is none here: all its runs take about {duration(seconds / processes)}"
        f"{at_once}. --within 20min, --seeds and --budget limit that."
    )


def estimate(
    methods: int, seeds: int, budget: float, value: float, processes: int, total: float, within: float, raced: bool
) -> str:
    """How long a comparison takes, before it begins: so many methods and seeds, evaluations in a run, seconds of each,
    processes at once, seconds in all, and seconds that there are (inf where there is no limit)."""
    runs = f"{counted(methods, 'method')} x {counted(seeds, 'seed')} x {counted(int(budget), 'evaluation')}"
    at_once = f", {processes} at once" if processes > 1 else ""
    text = f"{runs} at about {duration(value)}{at_once}: {'at most ' if raced else ''}{duration(total)}"
    end = f", of which there are {duration(within)}." if within < total else "."
    return text + ("; within= or a smaller budget takes less." if math.isinf(within) else end)


def unfinished(runs: Any) -> str:
    """What was not done of runs for want of time, "" where all was: the first sentence of what is said of them. Its
    numbers add up to all runs."""
    counts = {status: n for status in Status if (n := int((runs.status == status).sum()))}
    late = [status for status in UNFINISHED if status in counts]
    if not late:
        return ""
    done = sum(n for status, n in counts.items() if status.ran and status not in late)
    beside = [status for status in counts if not status.ran and status not in late]
    texts = [f"{done:,} {_are(done)} done"]
    texts += [f"{counts[status]:,} {status.phrase(counts[status])}" for status in (*late, *beside)]
    lost = runs[runs.status.isin(UNFINISHED) & (runs.status != Status.CUT)]
    why = f": {lost.error.iloc[0]}" if len(lost) else ""
    return f"Not finished: of {counted(len(runs), 'run')} {joined_by_and(texts)}{why}."


def missing(there: int, planned: int, shards: Sequence[str] = (), lacking: int = 0) -> str:
    """What is said where planned runs are not stored, and no status says why; "" where all are. shards: those that
    were not merged, as `shards 2 and 5 of 16`; lacking: their runs, which are among those planned."""
    if there >= planned:
        return ""
    rest = planned - there - lacking
    single = len(shards) == 1 and shards[0].startswith("shard ")
    reasons = [f"{joined_by_and(shards)} {'is' if single else 'are'} not here"] if shards else []
    if rest or not shards:
        reasons.append(f"nothing says why {f'{rest:,} others' if shards else 'the others'} are not there")
    return f"{there:,} of {counted(planned, 'planned run')}: {', and '.join(reasons)}."


def stands_apart(optimizer: str, names: Sequence[str], why: str) -> str:
    """That an optimizer is not one method in several folders, and why."""
    shown = joined_by_and([f"{optimizer} ({name})" for name in names])
    return f"{optimizer} is not one method in all folders and stands apart, as {shown}: they differ in {why}."


def running(there: int, planned: int) -> str:
    """What is said of results while another process runs into them."""
    return f"Running: {there:,} of {planned:,} so far."


def shard(facts: Mapping[str, Any]) -> str:
    """What is said of the results of one shard of a suite. facts: number, of, size and planned (runs)."""
    runs = counted(facts["planned"], "run")
    return (
        f"This is shard {facts['number']} of {facts['of']} of a suite: {facts['size']:,} of its {runs}. Runs and pairs "
        "of optimizers that lack here are in the other shards: `merge` joins them."
    )


def shards(numbers: Sequence[int], of: int) -> str:
    """Shards by their numbers: `shard 3 of 16`, `shards 2 and 5 of 16`."""
    names = [str(number) for number in numbers[:MOST_SHARDS]]
    more = [f"{len(numbers) - MOST_SHARDS} more"] if len(numbers) > MOST_SHARDS else []
    return f"shard{'s' if len(numbers) > 1 else ''} {joined_by_and([*names, *more])} of {of}"


def not_drawn(name: str, error: Exception) -> str:
    """What is said of a figure that fails, or of a table for LaTeX: `ert.tex`."""
    kind, done = ("table", "written") if name.endswith(".tex") else ("figure", "drawn")
    return f"The {kind} {name} could not be {done} ({type(error).__name__}: {error}); all else is here."


def runs_here(problem: str, why: str) -> str:
    """That a function is not asked in child processes."""
    return f"All runs on {problem} are made in this process, one after the other: {why}."


def set_aside(kept: object) -> str:
    """That a comparison under a name began anew, and where the runs of the earlier one are."""
    return (
        f"What was there under this name is of another function, or cannot be told from it, and is kept as {kept}: a "
        "comparison begins anew."
    )


def resumed(there: int, planned: int) -> str:
    """That a comparison under a name went on, as its function is the same."""
    return f"Of the same function {there:,} of {counted(planned, 'run')} were there under this name: they are kept."


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _each(others: int) -> str:
    return f"each of the {others} others" if others > 1 else "the other"


def _general(row: Any) -> str:
    """Whom the best beats on problems like these, in a sentence of its own."""
    if row.compared < 2:
        return ""
    unbeaten, others = split(row.unbeaten), row.compared - 1
    if not row.able:
        few = "One problem says nothing" if row.problems == 1 else f"{row.problems} problems are too few to say so"
        return f" {few} of problems like {'it' if row.problems == 1 else 'these'}."
    if not unbeaten:
        return f" {LIKE.capitalize()} it significantly beats {_each(others)}, too."
    beaten = f"{others - len(unbeaten)} of {others} others, not" if len(unbeaten) < others else "none of"
    return f" {LIKE.capitalize()} it significantly beats {beaten} {listed(unbeaten, 3)}."


def _left(row: Any) -> str:
    if not row.left:
        return ""
    return (
        f" {counted(row.left, 'other')} did not run on all of them at a known cost and {_are(row.left)} not compared."
    )


def skipped(reasons: Mapping[str, Sequence[str]]) -> str:
    """Which optimizers were skipped, and why, a sentence. reasons: their names, by the reason."""
    texts = [
        f"{joined_by_and(names)} {Status.SKIPPED.phrase(len(names))}: {reason}" for reason, names in reasons.items()
    ]
    return f"{'; '.join(texts)}."


def mark(row: Any) -> dict[str, str] | None:
    """What stands beside the best of a family: text, look ("significant" or "open") and hint, which says it in full;
    None where no other is compared with it."""
    if row.compared < 2:
        return None
    these = THIS if row.problems == 1 else THESE
    if row.raced == "no claim":
        return {"text": "raced", "look": "open", "hint": f"{_by_race(row, these)[2:].capitalize()}.{_general(row)}"}
    budgets = "at this budget" if row.problems == 1 else "at all budgets"
    adjusted = "by a race" if row.raced else f"corrected for {counted(row.tests, 'pair')} of optimizers {budgets}"
    over = f"{these} ({adjusted}).{'' if row.problems == 1 else _general(row)}"
    if row.significant:
        hint = f"Significantly better than {_each(row.compared - 1)} {over}"
        return {"text": "✓ significant", "look": "significant", "hint": hint}
    rivals = split(row.rivals)
    text = f"≈ {counted(len(rivals), 'other')}" if row.enough else TOO_FEW
    hint = NOT_BEATEN.capitalize() if row.enough else f"{TOO_FEW.capitalize()} to reach significance against"
    helps = "" if row.enough else f" {_capital(more_seeds(row.compared, row.problems, row.fewest))}."
    return {"text": text, "look": "open", "hint": f"{hint}: {listed(rivals, 12)} {over}{helps}"}


def _capital(text: str) -> str:
    """With its first letter in upper case, the others as they are."""
    return text[:1].upper() + text[1:]


def failed(row: Any) -> dict[str, str] | None:
    """What stands beside an optimizer with failed runs: text, look and hint. row: failed, runs; None where none is."""
    if not row.failed:
        return None
    text = f"{FAILED} {row.failed:,} of {counted(row.runs, 'run')} failed"
    return {"text": text, "look": "open", "hint": f"{failed_text(row)}: {WHAT_FAILED}"}


def failed_text(row: Any) -> str:
    """`2 of 15 runs diverged, crashed or were killed`. row: failed, runs."""
    return f"{row.failed:,} of {counted(row.runs, 'run')} {FAILURES}"


def failed_note(any_failed: bool) -> str:
    """What the mark means, where it stands below a table."""
    return f"{FAILED}: some of its runs {FAILURES}; {WHAT_FAILED}." if any_failed else ""


def failed_evaluations(failed: Mapping[str, int], evaluations: int, first: str) -> str:
    """`3 of 200 evaluations failed (2 %): a 2, b 1. First failure at x = ...`. failed: how many, by optimizer."""
    n = sum(failed.values())
    whose = listed([f"{optimizer} {count:,}" for optimizer, count in failed.items()], 5)
    return f"{n:,} of {counted(evaluations, 'evaluation')} failed ({percent(n / evaluations)}): {whose}. {first}"


def marked(row: Any) -> str:
    """The name of an optimizer, with the mark of failed runs where there are some. row: optimizer, failed."""
    return f"{row.optimizer}{FAILED if row.failed else ''}"


def value_entry(row: Any, digits: int = NUMBER["digits"]) -> str:
    """Median and quartiles in a table of text, the lowest with a star: `1.2 [1, 1.5] *`. row: of
    `bench.measure.standing.values_at_budget`, or None where an optimizer was not planned."""
    if row is None:
        return NOT_RUN
    if not row.runs:
        return SKIPPED
    text = f"{number(row.median, digits)}{FAILED if row.failed else ''} {interval(row.low, row.high, digits)}".strip()
    return f"{text} *" if row.least else text


def lowest(how: str, table: Any, sign: int = 1) -> str:
    """What is marked as the lowest in a table of medians, and how: `in bold`; "" where nothing is. table: some rows of
    `bench.measure.standing.values_at_budget`. sign: -1 where the table has values of a function that is maximized."""
    if not table.least.any():
        return ""
    low = "low" if sign > 0 else "high"
    tied = table.groupby(["problem", "dim"]).least.sum().max() > 1
    ends = table.end.dropna()
    text = f"{how}: the {low}est median of its problem{f', or all that are equally {low}' if tied else ''}."
    if table.settled.any():
        text += f" Values within {HARDEST:g} of the gain from the start to the best count as equal."
    if ends.empty:
        return text
    if ends.max() <= FLOOR:
        return f"{text} Gaps below {number(FLOOR)} are shown as it, and count as equal."
    one = ends.min() == ends.max()
    below = f"below {number(ends.max())}, at which runs end," if one else "at which runs end, and below,"
    return f"{text} Gaps are shown from {number(FLOOR)} up; those {below} count as equal."


def left_out(problems: int) -> str:
    """What a comparison in seconds leaves out."""
    if not problems:
        return ""
    return f"{counted(problems, 'problem')} left out, where a value takes less than {QUICK * 1e6:g} µs."


def rivals_text(row: Any, enough: bool) -> str:
    """The first rivals in a column of the terminal; `-` where nobody was compared."""
    if row.compared < 2:
        return NUMBER["unknown"]
    if row.raced == "no claim":
        return "raced: see the last line"
    return listed(split(row.rivals), 2) if enough or not row.rivals else TOO_FEW


def caption(
    runs: tuple[int, int],
    tests: tuple[int, int],
    cut: int,
    problems: int,
    ends: Sequence[float] = (),
    raced: bool = False,
) -> str:
    """What the answer rests on: the least and most runs of an optimizer on a problem, and pairs of optimizers in a row;
    on how many problems there is a limit; the costs at which budgets end on problems; whether optimizers
    raced."""
    if not runs[1]:
        return ""
    text = f"n: {spanned(*runs, 'run')} of an optimizer on a problem"
    if tests[1]:
        at = "this budget" if problems == 1 else "all budgets"
        text += f"; corrected for {spanned(*tests, 'pair')} of optimizers at {at}"
    if cut:
        text += f". On {cut} of {counted(problems, 'problem')} a budget ended some optimizers before others: "
        text += "later results are ignored for all"
    if ends and number(min(ends)) != number(max(ends)):
        text += f". Budgets end at {number(min(ends))} to {number(max(ends))}, by problem"
    return f"{text}. {RACED}" if raced else f"{text}."


def crossing(rows: Sequence[Any], amount: Any) -> list[str]:
    """Who leads below and above which budget, as texts and Names. rows: of `bench.measure.crossing.crossings`; amount:
    of a budget the words."""
    texts: list[str] = []
    for row in rows:
        texts += ["; " if texts else "It depends on the budget: ", Name(row.below), " is significantly ahead of "]
        texts += [Name(row.above), f" somewhere below {amount(row.budget)}, and significantly behind somewhere above"]
    return [*texts, ", on these problems."] if texts else []


# problem by problem: row is one of `bench.measure.verdicts.best`


def best_texts(row: Any, sign: int = 1) -> tuple[str, str, str]:
    """Expected runtime with its interval, successes out of runs, and the target: `9 [7, 20]`, `4/5`, `gap 1e-8`; where
    the value at the budget decided, median and quartiles, the runs, and what it is of. sign: -1 where f is maximized.
    """
    if math.isinf(row.target):
        turn = sign if row.kind == "value" else 1
        ends = (turn * row.lower + 0.0, turn * row.upper + 0.0)[::turn]
        value = f"{number(turn * row.median + 0.0)} {interval(*ends)}".strip()
        return value, counted(row.runs, "run"), f"median {KINDS[row.kind]} at {number(row.budget)}"
    runtime = f"{number(row.ert)} {interval(row.low, row.high)}".strip()
    return runtime, reached(row.successes, row.runs), target_name(row.kind, row.target)


def best_sentence(row: Any, amount: str, sign: int = 1) -> list[str]:
    """The best of a problem with its evidence, a sentence as texts and Names. row: of
    `bench.measure.failed.best_optimizers`. amount: up to which it was compared, `a cost of 100`. sign: -1 where f is
    maximized."""
    where = cell_name(row.problem, int(row.dim))
    if not row.optimizer:
        return [f"Within {amount}, no optimizer is best on {where}: {row.reason}."]
    equal = split(row.rivals)[: row.tied]
    if math.isinf(row.target):
        text = f" {'have' if equal else 'has'} {_median(row, where, sign)}"
    else:
        runtime, _, target = best_texts(row)
        if row.kind == "fraction":  # the hardest: see `bench.measure.verdicts.winners`
            lowest = "lowest" if sign > 0 else "highest"
            target = f"the {lowest} value of all runs, within {row.target:g} of the gain from the start,"
        text = f" tie on {where}: each reaches" if equal else f" is best on {where}: it reaches"
        text += f" {target} at an expected cost of {runtime}, in {row.successes} of {counted(row.runs, 'run')}"
        text += f" ({all_})" if row.successes == row.runs and (all_ := all_solved(row.runs)) else ""
    return [f"Within {amount}, ", *_best_names(row, equal), f"{text}{_better(row)}."]


def _best_names(row: Any, equal: Sequence[str]) -> list[str]:
    """The best and its equals, as texts and Names: `a† and b`."""
    texts: list[str] = [Name(row.optimizer), *([FAILED] if row.failed else [])]
    for n, name in enumerate(equal, start=1):
        texts += [" and " if n == len(equal) else ", ", Name(name)]
    return texts


def _median(row: Any, where: str, sign: int) -> str:
    """What decided where no target did: `the lowest median on f, dim 2: f = 1.2 [1, 1.5] in 5 runs`."""
    highest = sign < 0 and row.kind == "value"
    kind = KINDS[row.kind] if sign > 0 or highest else "f_opt \N{MINUS SIGN} f"
    turn = -1 if highest else 1
    quartiles = interval(*sorted((turn * row.lower, turn * row.upper)))
    value = f"{number(turn * row.median)} {quartiles}".strip()
    text = f"the {'highest' if highest else 'lowest'} median on {where}: {kind} = {value} in {counted(row.runs, 'run')}"
    return f"{text}, where no optimizer reached a target" if row.kind == "gap" else text


def _better(row: Any) -> str:
    """Whom the best of a problem significantly beats, as the rest of a sentence."""
    rivals = split(row.rivals)
    equal, open_ = rivals[: row.tied], rivals[row.tied :]
    if row.compared < 2:
        return "; there is no other to compare it with"
    if row.raced:
        return _by_race(row, THIS)
    if not rivals:
        return f"; {THIS} significantly better than {_each(row.compared - 1)}"
    if not open_:
        beaten = row.compared - 1 - len(equal)
        return f"; {THIS} significantly better than {counted(beaten, 'other')}" if beaten else ""
    if not row.enough:
        return f"; {NO_SIGNIFICANCE}: {TOO_FEW} ({more_seeds(row.compared, 1, row.runs)})"
    of = f", of {row.compared - 1} others" if row.compared > 2 else ""
    return f"; {THIS} it {NOT_BEATEN} {listed(open_, 3)}{of}"


def why_failed(row: Any) -> str:
    """What happened to runs without an answer, a sentence. row: of `bench.measure.summaries.failures`."""
    status = Status(row.status).phrase(row.runs)
    return f"{counted(row.runs, 'run')} of {row.optimizer} {status}{f': {row.reason}' if row.reason else ''}."


def remarks(row: Any, overall: Any) -> list[dict[str, str]]:
    """What stands below the best of a problem: text, look and hint; overall: the row of all optimizers there."""
    rivals = split(row.rivals)
    equal, open_ = rivals[: row.tied], rivals[row.tied :]
    lines = []
    if overall.optimizer and math.isfinite(row.target) and (row.kind, row.target) != (overall.kind, overall.target):
        lines.append({"text": "an easier target than that of the best", "look": "open", "hint": ""})
    if equal:
        lines.append({"text": f"tied with {counted(len(equal), 'other')}", "look": "open", "hint": ", ".join(equal)})
    if row.among != overall.among:
        return lines
    if open_:
        verb = NOT_BEATEN if row.enough else f"{TOO_FEW} to reach significance against"
        helps = "" if row.enough else f". {_capital(more_seeds(row.compared, 1, row.runs))}"
        text = f"{verb} {counted(len(open_), 'other')}"
        lines.append({"text": text, "look": "open", "hint": f"{', '.join(open_)}{helps}"})
    if row.significant:
        text = f"significantly best of {row.compared} (n = {row.runs})"
        lines.append({"text": text, "look": "significant", "hint": ""})
    return lines


def by_problem(cut: int) -> str:
    """What the verdicts of single problems rest on. cut: on how many a budget ended some optimizers first."""
    text = "Significance is that on this problem, with other seeds; corrected for all pairs of optimizers there."
    if not cut:
        return text
    return f"{text} On {counted(cut, 'problem')} a budget ended some first: later results are ignored for all."


IMPOSSIBLE = "Impossible values"


def fault(row: Any) -> str:
    """What is wrong with a problem: row is one of `bench.measure.summaries.faults`, or of `Results.shown_faults`, whose
    values may be those of a maximum."""
    down, below, minimum = ("down", "below", "minimum") if row.lowest < row.f_opt else ("up", "above", "maximum")
    who = f"{counted(row.runs, 'run')} of {listed(split(row.optimizers), 3)}"
    where = f"{cell_name(row.problem, row.dim)}, instance {row.instance}: {who} found values"
    if math.isinf(row.lowest):
        value, end = ("-∞", "minimum") if row.lowest < 0 else ("∞", "maximum")
        return (
            f"{where} of {value}, which is no real number. The problem is wrong, or has no {end}; they reach no target."
        )
    return (
        f"{where} {down} to {row.lowest:.10g}, {below} the {minimum} f_opt = {row.f_opt:.10g}. The problem or its "
        "f_opt is wrong; these values reach no target."
    )


def wrong(rows: Sequence[Any]) -> str:
    """What an answer begins with where values below f_opt were found, a sentence; "" where none was. rows: of
    `bench.measure.summaries.faults`."""
    where = list(dict.fromkeys(cell_name(row.problem, int(row.dim)) for row in rows if math.isfinite(row.lowest)))
    if where:
        below = "above" if any(row.lowest > row.f_opt for row in rows) else "below"
        return (
            f"f_opt is wrong on {listed(where, 3)}: values {below} it were found, where runs end early and reach no "
            "target, so that what follows does not hold there. "
        )
    where = list(dict.fromkeys(cell_name(row.problem, int(row.dim)) for row in rows))
    value = "∞" if any(row.lowest > 0 for row in rows) else "-∞"
    return f"f has values of {value} on {listed(where, 3)}, which reach no target. " if where else ""


# functions of users


def start_fails(reason: str, at: str) -> str:
    """That a function fails at the start, where it does not elsewhere."""
    return f"{reason}. It counts as a failed evaluation; f has a value at {at}."


def categories_are_texts(texts: Mapping[str, Sequence[str]]) -> str:
    """That a folder does not hold the categories themselves. texts: in their place, by coordinate."""
    where = "; ".join(f"of {name} {', '.join(values)}" for name, values in texts.items())
    return (
        f"categories are texts here, as JSON does not hold what they were: {where}. The results that compare itself "
        "gives have them as they are."
    )


def maybe_noisy(first: float, second: float, at: str) -> str:
    """That a function gave two values at a point, and is not said to be noisy."""
    return (
        f"f gave {first:.10g} and {second:.10g} at the same point, {at}. Where it is noisy say noise=True: the lowest "
        "of noisy values, by which runs are judged without that, is lower than f."
    )


def wrong_gradient(slope: float, difference: float) -> str:
    """That a gradient disagrees with differences."""
    return (
        f"the gradient seems to be wrong: at the start, along a random direction, it gives {slope:.6g}, and central "
        f"differences of f give {difference:.6g}"
    )


# at which runs are judged where answers have noise or are of a part of the data; True: of a user's noisy function
CHECKPOINTS = {False: "ten checkpoints a decade of cost, without noise", True: "checkpoints at halves of the budget"}


def of_function(function: Mapping[str, Any]) -> list[str]:
    """What must be known of a function of `compare` to read its results, in sentences. function: of the manifest."""
    sentences = []
    if function.get("sign", 1) < 0:
        sentences.append(
            f"{function['title']} is maximized: values of this page are its own, those of tables as CSV and of figures "
            f"as files are of minus-{function['title']}, its negative."
        )
    if noise := function.get("noise"):
        sentences.append(judged(**noise))
    return sentences


def judged(values: int, checkpoints: int) -> str:
    """How runs on a noisy function are judged. values: at each point; checkpoints: between start and end."""
    each = "one fresh value" if values == 1 else f"the mean of {values} fresh values"
    return (
        f"f is noisy: each run is judged by {each} at the point that it recommends, at its start, at "
        f"{counted(checkpoints, 'checkpoint')} and at its end, {values * (checkpoints + 2):,} in all, beside its "
        f"budget{'; of values that fail the mean is that of the others' if values > 1 else ''}."
    )


# pairs


def pairs_caption(problems: int, tests: int, few: bool) -> str:
    """What the verdicts of pairs rest on: the most problems of a pair, pairs that were tested, whether some have no
    interval."""
    if not tests:
        return "There is no test: no two optimizers ran."
    text = f"Corrected for {'all ' if tests > 1 else ''}{counted(tests, 'pair')} of this report (Holm 1979)."
    if few:
        text = f"Where there are fewer than {FEWEST} seeds, no interval is given. {text}"
    if 2 * 0.5**problems * tests > LEVEL:  # the least adjusted p of a rank test
        every = f"With {counted(problems, 'problem')} {NO_SIGNIFICANCE} among so many pairs, even if every pair agrees."
        text = f"{every} {text}"
    return text


def explains(fraction: float) -> str:
    """How much of the variance of ranks goes with a hyperparameter alone, behind the name of a curve."""
    return "" if math.isnan(fraction) else f"explains {percent(fraction)}"


def of_runs(name: str, key: str) -> str:
    """What is drawn of the values of a hyperparameter that were run."""
    return (
        f"{name} at the values of {key} that were run: the fraction of targets solved, its mean over the logarithm of "
        "cost (the area under its curve of targets solved), for each family of problems."
    )


TUNING = (
    "What each setting of the tuning reached by the end of its budget (median over tuning instances and seeds), over "
    "one of its hyperparameters; the others differ from point to point. Diamonds: the defaults; stars: the best "
    "settings."
)


def search(name: str) -> str:
    """How tuned settings were looked for."""
    if name == "rates":
        return "rows of learning rates, each with another schedule and weight decay"
    how = "the tree-structured Parzen estimator" if name == "tpe" else f"a quasi-random search ({name})"
    return f"{how} over the declared ranges"


NOT_DRAWN = "where runs failed, the value is none, or it is 0 on a logarithmic axis"


def axes(what: str, hyperparameter: str) -> str:
    """What a figure of tuning draws: `test accuracy over lr`."""
    return f"{what} over {hyperparameter}"


def of_tuning(left: int) -> str:
    """What is drawn of the settings of a tuning. left: how many are not."""
    text = f"{TUNING} Behind the names, how much of the variance of ranks goes with this hyperparameter alone."
    return f"{text} Not drawn: {counted(left, 'value')}, {NOT_DRAWN}." if left else text


ERT_INTERVAL = f"its interval of {percent(COVERAGE)} (Bayesian bootstrap with half a run more)"
ERT_ENDS = (
    "For the upper end the half run fails at the full budget, for the lower it succeeds at once. Where the budget is "
    "not known (of imported runs, of those that a deadline ended, in seconds) there is a lower end alone."
)
FRACTION_INTERVAL = f"{percent(COVERAGE)} (score intervals from the variance over the runs of each problem)"
PAIRS = {
    "verdicts": ["does not significantly differ from", "is significantly better than", "is significantly worse than"],
    "better": f" {LIKE}: a run of the first is the better one with probability {{}}. ",
    "median": "Its median is better on {} and worse on {} of {}; ",
    "tested": "p = {}, corrected for {} {}.",
    "untested": "all runs of one of them were skipped: there is no test.",
}
SCALING = {
    "fit": "∝ dim^{} ± {}",
    "unsolved": ", not reached in dim {}",
    "dims": "in {}",
    "nothing": "not reached",
    "interval": f"no interval below {FEWEST} runs",
}
COSTS = {
    "stacked": "Grey: in the problem; in colour: in the method.",
    "dots": "Open circles: in the problem; full ones: in the method.",
    "all": " All seconds over all cost{}.",
    "selected": " of the selected problems, so that the slow problems weigh most",
    "lanes": " {} ran several runs as one batch: a batch shares its seconds equally among them, which makes a run "
    "cheaper than it would be alone.",
}
EMPTY = {
    "skipped": SKIPPED,
    "cost": f"its cost is not known, or, in seconds, a value takes less than {QUICK * 1e6:g} µs",
    "not asked": "not run there, or not asked for that target",
}
KINDS = {"gap": "f \N{MINUS SIGN} f_opt", "value": "f"}  # what of f is shown


def landscape(view: Mapping[str, Any], rest: int) -> str:
    """What the map of a problem shows. view: of `bench.report.landscapes`; rest: how many problems have no map."""
    across, upwards = (f"{number(low)} to {number(high)}" for low, high in zip(view["low"], view["high"], strict=True))
    bottom, top = (number(10**z if view["log"] else z) for z in (view["bottom"], view["top"]))
    text = f"Instance {view['instance']}: x₁ from {across} to the right, x₂ from {upwards} upwards. "
    text += f"{KINDS[view['kind']]} from {bottom} (clear) to {top} (fog), lines at equal "
    text += "ratios." if view["log"] else "steps."
    if view["star"]:
        gap = "gap " if view["kind"] == "gap" else ""
        text += f" ★ is the best point of all runs here, {gap}{number(view['found'])}."
    return f"{text} {counted(rest, 'other problem')} of two dimensions: no map." if rest else text


NOT_PUBLISHED = "Nothing to show beside published results: no run on a function of BBOB in a dim that was published."

PAGE = {  # what the scripts of the page read
    "interval": INTERVAL,
    "low_end": LOW_END,
    "number": NUMBER,
    "percent": PERCENT,
    "pairs": PAIRS,
    "scaling": SCALING,
    "costs": COSTS,
    "empty": EMPTY,
    "kinds": KINDS,
    "failed": FAILED,
    "not_published": NOT_PUBLISHED,
}
