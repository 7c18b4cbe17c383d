"""Whether optimizers got worse from one stored version to the next, and what has changed between the two."""

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.status import UNFINISHED
from bench.measure.frames import Frame
from bench.measure.words import counted, interval, number, value_text
from bench.results.stored import Results
from bench.runner.store import Store
from bench.track import WITH
from bench.track.paired import MEASURES, Versions, compare
from bench.track.seconds import compare_seconds

Timing = Callable[[Versions], tuple[Any, np.ndarray]]  # see `bench.track.seconds.timed`
WORSE = 0.10  # a ratio beyond 1 + this is worth a flag
TIME_VERDICTS = {"worse": "slower", "better": "faster"}
WORST = 5  # problems that are named of an optimizer that got worse
REGRESSIONS = ("worse", "slower", "unrepeatable")  # verdicts that end with exit status 1
VERDICTS = {  # of an optimizer, in the order in which a table lists them
    "worse": "worse",
    "slower": "slower",
    "unrepeatable": "differs, though nothing changed",
    "better": "better",
    "faster": "faster",
    "open": "no significant change",
    "few": "too few seeds",
    "digits": "equal but for last digits",
    "equal": "equal, bit for bit",
}


@dataclass(frozen=True)
class Check:
    """What `check` found.

    table: of `bench.track.paired.compare`, and of `bench.track.seconds.compare_seconds` where that was asked.
    optimizers: one row each, columns optimizer, verdict (a key of VERDICTS),
    pairs, same, unexplained (pairs that differ though neither code, versions nor machine did), and ratio, low, high of
    each measure, as cost_ratio. versions: libraries that differ, as (name, base, new). code: names whose code differs,
    with the difference of their source, a unified diff, "" where the sources were not stored. left: by base and new,
    the optimizers that only it has.
    """

    base: str
    new: str
    worse_by: float
    table: Frame
    optimizers: Frame
    versions: Sequence[tuple[str, str, str]]
    code: Mapping[str, str]
    left: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def worse(self) -> bool:
        """Whether any optimizer got worse or slower, or gave other records though nothing had changed."""
        return bool(self.optimizers.verdict.isin(REGRESSIONS).any())

    @property
    def measures(self) -> list[str]:
        """What was compared: keys of TIMED_WORDS."""
        return [measure for measure in TIMED_WORDS if measure in set(self.table.measure)]

    @property
    def headings(self) -> list[str]:
        """Of the columns of `rows`, behind the optimizer."""
        return ["pairs", "equal", *(f"ratio of {MEASURE_NOUNS[measure]}" for measure in self.measures), "verdict"]

    @property
    def caption(self) -> str:
        """What the columns mean."""
        return f"{CAPTION} {TIME_CAPTION}" if "time" in self.measures else CAPTION

    @property
    def regressions(self) -> Frame:
        """The rows of the optimizers that got worse or slower."""
        rows: Any = self.optimizers[self.optimizers.verdict.isin(("worse", "slower"))]
        return rows

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        counts = self.optimizers.verdict.value_counts()
        parts = [f"{counts[key]} {words}" for key, words in VERDICTS.items() if key in counts]
        problems = self.table[self.table.problem != ""][["problem", "dim"]].drop_duplicates()
        return (
            f"{self.new} over {self.base}: of {counted(len(self.optimizers), 'optimizer')} on "
            f"{counted(len(problems), 'problem')}, {', '.join(parts)}."
        )

    @property
    def left_sentences(self) -> list[str]:
        """What only one of the two has, which is not compared."""
        return [f"Only in {name}: {', '.join(names)}." for name, names in self.left.items() if names]

    def problems(self, optimizer: str) -> Frame:
        """The problems on which an optimizer got worse, the worst first."""
        rows: Any = self.table[(self.table.optimizer == optimizer) & (self.table.problem != "")]
        return rows[rows.change == "worse"].sort_values("low", ascending=False)

    def to_json(self) -> str:
        """All of it as JSON, numbers that are not finite as null."""
        facts = {
            "base": self.base, "new": self.new, "worse": self.worse, "worse_by": self.worse_by,
            "sentence": self.sentence, "optimizers": _plain(self.optimizers), "ratios": _plain(self.table),
            "versions": [dict(zip(("name", "base", "new"), each, strict=True)) for each in self.versions],
            "code": dict(self.code), "left": {name: list(names) for name, names in self.left.items()},
        }  # fmt: skip
        return json.dumps(facts, indent=1, allow_nan=False)

    def to_markdown(self) -> str:
        """The table, what got worse and what has changed, for a pull request."""
        lines = [f"### {'Worse' if self.worse else 'Not worse'}: {self.new} over {self.base}", "", self.sentence, ""]
        lines += _markdown(["optimizer", *self.headings], [[f"`{row[0]}`", *row[1:]] for row in self.rows()])
        for row in self.regressions.itertuples():
            lines += ["", f"`{row.optimizer}` got {row.verdict} on:", ""]
            problems = self.problems(row.optimizer).head(WORST).itertuples()
            lines += _markdown(
                ["problem", "dim", "measure", "ratio"],
                [[p.problem, f"{p.dim:g}", TIMED_WORDS[p.measure], ratio(p.ratio, p.low, p.high)] for p in problems],
            )
        lines += [text for sentence in self.left_sentences for text in ("", sentence)]
        if self.versions:
            lines += ["", "Versions: " + ", ".join(f"{name} {old} -> {now}" for name, old, now in self.versions) + "."]
        for name, text in self.code.items():
            lines += ["", f"<details><summary>The code of <code>{name}</code> has changed</summary>", ""]
            lines += ["```diff", text.rstrip() or "its source was not stored", "```", "", "</details>"]
        return "\n".join([*lines, "", self.caption, ""])

    def rows(self) -> list[list[str]]:
        """The table as text: a row an optimizer, columns optimizer and those of `headings`."""
        return [
            [
                row["optimizer"], str(row["pairs"]), str(row["same"]),
                *(ratio(*(row[f"{measure}_{end}"] for end in ("ratio", "low", "high"))) for measure in self.measures),
                VERDICTS[row["verdict"]],
            ]
            for row in self.optimizers.to_dict("records")
        ]  # fmt: skip


MEASURE_WORDS = {"cost": "cost to reach the targets", "value": "gap at the end"}
TIMED_WORDS = {**MEASURE_WORDS, "time": "seconds in the method"}  # where seconds are compared too
MEASURE_NOUNS = {"cost": "costs", "value": "gaps", "time": "seconds"}
CAPTION = (
    "Ratios are new over base, so above 1 is worse: the geometric mean over problems, of these problems, with its 95 % "
    "interval. A pair is one problem, instance and seed; equal pairs are so bit for bit, seconds apart. Worse: the "
    "interval excludes 1, the ratio is beyond the limit, and a sign-flip test of the pairs is significant after Holm's "
    "adjustment over all optimizers and both measures."
)
COLOUR = (  # of the problems of an optimizer
    "In colour: of this problem alone the interval excludes 1 and the ratio is beyond the limit. This is not adjusted "
    "for the number of problems and optimizers, so where nothing changed some may be coloured all the same: whether an "
    "optimizer got worse, its verdict says."
)
TIME_CAPTION = (
    "Seconds are those of the processor in the method, for a unit of cost, in fresh processes of both that took turns: "
    "the median ratio of rounds, with its 95 % interval. Slower: the interval excludes 1, the median and the ratio of "
    "the least seconds are beyond the limit, and a signed-rank test of rounds is significant after Holm's adjustment "
    "over all optimizers."
)


def check(
    base: Results,
    new: Results,
    worse: float = WORSE,
    names: Sequence[Sequence[str]] | None = None,
    timing: Timing | None = None,
) -> Check:
    """Compare two versions, run by run. Raises ValueError for what cannot be compared, and says what differs.

    names: of the optimizers, see `Versions`. timing: what times some of the pairs, where seconds are compared too.
    """
    import pandas as pd

    if not 0 <= worse < np.inf:
        raise ValueError(f"worse must be a number >= 0, as 0.1 or 10%, got {worse!r}")
    if base.folder.resolve() == new.folder.resolve():
        raise ValueError(f"{base.folder} is given twice: name two results")
    for results in (base, new):
        results.check_whole("check compares")
        _check_finished(results)
    versions = Versions(base, new, names)
    _check_comparable(versions)
    table: Any = compare(versions, worse)
    if timing is not None:
        seconds: Any = compare_seconds(*timing(versions), worse)
        table = pd.concat([table, seconds], ignore_index=True)
    unexplained = ~versions.same & ~versions.explained
    odd = versions.pairs.assign(odd=unexplained).groupby("optimizer").odd.sum()
    rows = []
    for optimizer, each in table[table.problem == ""].groupby("optimizer", sort=False):
        records = each[each.measure.isin(MEASURES)]
        verdicts = {*records.change, *(TIME_VERDICTS.get(change, "") for change in each.change[each.measure == "time"])}
        verdicts |= {"unrepeatable"} if odd[optimizer] else set()
        facts = {
            "optimizer": optimizer,
            "verdict": next(verdict for verdict in VERDICTS if verdict in verdicts),
            "pairs": int(records.runs.max()),
            "same": int(records.same.max()),
        }
        for row in each.itertuples():
            facts |= {f"{row.measure}_{end}": getattr(row, end) for end in ("ratio", "low", "high")}
        rows.append({**facts, "unexplained": int(odd[optimizer])})
    optimizers = pd.DataFrame(rows)
    optimizers["place"] = optimizers.verdict.map(list(VERDICTS).index)
    optimizers = optimizers.sort_values(["place", "cost_ratio"], ascending=[True, False], ignore_index=True)
    names = told_apart([base.folder, new.folder])
    return Check(
        names[0], names[1], worse, table, optimizers.drop(columns="place"), _versions(versions), _code(versions),
        dict(zip(names, versions.left, strict=True)),
    )  # fmt: skip


def ratio(middle: float, low: float, high: float) -> str:
    """A ratio with its interval, as text; an empty text where there is none."""
    if not np.isfinite(middle):
        return ""
    return f"{number(middle)} {interval(low, high)}"


def told_apart(paths: Sequence[Path]) -> list[str]:
    """The name of each of these paths, with as many of the folders around it as tell it from the others."""
    parts = [path.absolute().parts for path in paths]
    names = []
    for path in parts:
        unique = (n for n in range(1, len(path)) if [other[-n:] for other in parts].count(path[-n:]) == 1)
        names.append(str(Path(*path[-next(unique, len(path)) :])))
    return names


def fraction(text: str) -> float:
    """ "10%" or "0.1" as a number; raises ValueError for anything else."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < np.inf:
        raise ValueError(f"worse must be a number >= 0, as 0.1 or 10%, got {text!r}")
    return value


def _check_finished(results: Results) -> None:
    with closing(Store(results.folder)) as store:
        planned, ends = store.planned(), store.ends()
    if missing := sum(each not in ends or ends[each]["status"] in UNFINISHED for each in planned):
        raise ValueError(
            f"{results.folder} is not finished: {missing} of {len(planned)} planned runs are missing; run it again"
        )


def _check_comparable(versions: Versions) -> None:
    """Raise ValueError, with the first line that differs, where two results were not run alike."""
    base, new = versions.base, versions.new
    names = told_apart([base.folder, new.folder])
    seeds = [results.manifest.get("suite", {}).get("seed") for results in (base, new)]
    settings = [("seed of the suite", *seeds)]
    settings += [(f"price of {name}", base.prices[name], new.prices.get(name)) for name in base.prices]
    for what, one, other in settings:
        if one != other:
            raise ValueError(f"not comparable: {what} is {one:g} in {names[0]} and {other:g} in {names[1]}")
    pairs = versions.pairs
    frames: Any = [base.runs.iloc[pairs.run_base], new.runs.iloc[pairs.run_new]]
    for what in ("budget", "gap", "device"):
        one, other = (frame[what].to_numpy() for frame in frames)
        for place in np.flatnonzero(one != other)[:1]:
            row, values = pairs.iloc[place], (value_text(one[place]), value_text(other[place]))
            raise ValueError(
                f"not comparable: {what} of {row.optimizer} on {row.problem}, dim {row.dim:g}, is {values[0]} in "
                f"{names[0]} and {values[1]} in {names[1]}"
            )


def _versions(versions: Versions) -> list[tuple[str, str, str]]:
    """The libraries, and the commit, that differ between any two runs of a pair."""
    changes: dict[tuple[str, str, str], None] = {}
    seen = set()
    for one, other in zip(versions.pairs.run_base, versions.pairs.run_new, strict=True):
        made = versions.base.made_by(one)[1], versions.new.made_by(other)[1]
        key = tuple(map(repr, made))
        if key in seen:
            continue
        seen.add(key)
        for name in sorted((made[0].keys() & made[1].keys()) - {WITH}):
            if made[0][name] != made[1][name]:
                changes[name, made[0][name], made[1][name]] = None
    return list(changes)


def _code(versions: Versions) -> dict[str, str]:
    """The problems and optimizers whose code differs, with the difference of their source."""
    sources = []
    for results in (versions.base, versions.new):
        with closing(Store(results.folder)) as store:
            sources.append(store.code())
    changes: dict[str, str] = {}
    for row in versions.pairs.itertuples():
        codes = [
            json.loads(results.made_by(run)[0] or "{}")
            for results, run in ((versions.base, row.run_base), (versions.new, row.run_new))
        ]
        for part, name in (("optimizer", row.optimizer), ("problem", row.problem)):
            old, now = (code.get(part) for code in codes)
            if old and now and old != now and name not in changes:
                one, other = sources[0].get(old, "").splitlines(True), sources[1].get(now, "").splitlines(True)
                changes[name] = "".join(difflib.unified_diff(one, other, "base", "new", n=2)) if one and other else ""
    return changes


def _plain(frame: Frame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [list(headings), ["---"] * len(headings), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
