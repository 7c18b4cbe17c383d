"""Whether methods got slower: both versions timed side by side, in fresh processes that take turns.

Seconds that were stored at two times say little: what else a shared machine does moves them by more than most changes
of code. What is compared is a ratio of neighbours in time, each the least of several runs, in seconds of the processor:
those in which another process had it are not counted, nor are those in which a method waits.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.core import registry
from bench.measure.frames import CELL, Frame
from bench.measure.inference import holm, signed_rank
from bench.measure.levels import LEVEL
from bench.runner import ONE_THREAD
from bench.runner.suite import Entry, parse_entry
from bench.track.paired import SLOT, Versions

ROUNDS = 10  # the fewest; more where Holm's adjustment over many optimizers asks for more
PROBLEMS = 5  # of an optimizer that are timed, at most
LONGEST = 10.0  # times as long as the quickest run of an optimizer: slower ones are not timed
STOPWATCH = Path(__file__).with_name("stopwatch.py")


@dataclass(frozen=True)
class Side:
    """A version of the code: the folder where it stands, and the environment in which Python finds it first."""

    folder: Path
    environment: Mapping[str, str]


class _Stopwatch:
    """A fresh process that times runs of one side."""

    def __init__(self, side: Side, imports: Sequence[str]):
        self.folder = side.folder
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # `close` ends it
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(STOPWATCH)], cwd=side.folder, env={**side.environment, **ONE_THREAD}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
        )  # fmt: skip
        self._tell(list(imports))

    def seconds(self, run: Mapping[str, Any]) -> float:
        """Of a run, for a unit of cost; NaN where nothing was asked. Raises ValueError where it ends without an
        answer."""
        self._tell(run)
        assert self.process.stdout is not None
        if line := self.process.stdout.readline():
            return np.nan if (answer := json.loads(line)) is None else answer
        self.process.wait()
        self.errors.seek(0)
        reason = self.errors.read().strip().splitlines()[-1:]
        raise ValueError(f"the code in {self.folder} cannot be timed: {''.join(reason)}")

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def _tell(self, words: Any) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # then there is no answer either
            self.process.stdin.write(json.dumps(words) + "\n")
            self.process.stdin.flush()


def side(folder: Path) -> Side:
    """The code in a folder, or in its `src`, in place of what is installed."""
    paths = [str(folder), str(folder / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return Side(folder, {**os.environ, "PYTHONPATH": os.pathsep.join(paths)})


def timed(versions: Versions, sides: Sequence[Side], imports: Sequence[str] = ()) -> tuple[Any, np.ndarray]:
    """The pairs that were timed, and their seconds (rounds, 2, pairs) for a unit of cost, of base and new.

    One run of each optimizer on some of its problems. In each round a fresh process of base and one of new take turns,
    run by run: one and then the other, and the next time in the other order, so that a drift of the machine's pace
    cancels. sides: base, new.
    """
    chosen = _chosen(versions)
    work = [_runs(versions, chosen, side) for side in ("base", "new")]
    seconds = np.full((rounds(chosen.optimizer.nunique()), 2, len(chosen)), np.nan)
    for turn in range(len(seconds)):
        with ExitStack() as stack:
            watches = [stack.enter_context(closing(_Stopwatch(side, imports))) for side in sides]
            for place in range(len(chosen)):
                for which in (0, 1) if (turn + place) % 2 == 0 else (1, 0):
                    seconds[turn, which, place] = watches[which].seconds(work[which][place])
    return chosen, seconds


def rounds(optimizers: int) -> int:
    """How many rounds show a change of one among so many optimizers, though a round or two go the other way a little:
    p is 8 / 2^rounds there, before Holm's adjustment."""
    return max(ROUNDS, int(np.ceil(np.log2(8 * max(optimizers, 1) / LEVEL))))


def compare_seconds(pairs: Any, seconds: np.ndarray, worse: float) -> Frame:
    """Whether each optimizer got slower, as a table like that of `bench.track.paired.compare`, of the measure "time".

    ratio: the median over rounds of new over base, the geometric mean over problems of each round; low, high: its 95 %
    interval, between two of the ordered ratios (Thompson 1936, doi:10.1214/aoms/1177732502); least: the ratio of the
    least seconds of all rounds. p: that of `signed_rank`, of the logarithms of rounds; adjusted: by Holm over the
    optimizers. runs: rounds. change: as there, and only where `least` says so too.
    """
    import pandas as pd

    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.log(seconds)
        ratios = logarithm[:, 1] - logarithm[:, 0]  # (rounds, pairs)
        least = np.diff(logarithm.min(axis=0), axis=0)[0]
    entries = []
    for optimizer, members in pairs.reset_index(drop=True).groupby("optimizer", sort=False):
        index = members.index[np.isfinite(ratios[:, members.index]).all(axis=0)].to_numpy()
        cells = [("", np.nan, index)] if len(index) else []
        cells += [(pairs.problem.iloc[place], pairs.dim.iloc[place], np.array([place])) for place in index]
        entries += [(optimizer, *cell) for cell in cells]
    rows = [
        {"optimizer": optimizer, "measure": "time", "problem": problem, "dim": dim,
         **_summary(ratios[:, index].mean(axis=1), least[index].mean()), "problems": len(index),
         "runs": len(seconds), "same": 0}
        for optimizer, problem, dim, index in entries
    ]  # fmt: skip
    table: Any = pd.DataFrame(rows, columns=COLUMNS).assign(adjusted=np.nan)
    whole = table.problem == ""
    table.loc[~whole, "p"] = np.nan
    table.loc[whole, "adjusted"] = holm(table.p[whole].to_numpy(float))
    table["change"] = [_change(row, worse) for row in table.itertuples()]
    return table


COLUMNS = [
    "optimizer", "measure", "problem", "dim", "ratio", "low", "high", "least", "p", "adjusted", "problems", "runs",
    "same",
]  # fmt: skip


def _summary(logarithms: np.ndarray, least: float) -> dict[str, float]:
    """Of the logarithms of ratios (rounds,)."""
    ordered = np.sort(logarithms)
    first = _order(len(ordered))
    ends = np.exp([float(np.median(ordered)), ordered[first], ordered[-1 - first], least])
    p = float(signed_rank(logarithms[:, None])[0])
    return {**dict(zip(("ratio", "low", "high", "least"), ends.tolist(), strict=True)), "p": p}


@cache
def _order(n: int) -> int:
    """How many of n ordered values stand below the lower end of the interval of their median."""
    from scipy.stats import binom

    return max(int(binom.ppf(LEVEL / 2, n, 0.5)) - 1, 0)


def _change(row: Any, worse: float) -> str:
    if row.problem == "" and row.adjusted >= LEVEL:
        return "open"
    for name, beyond in (("worse", (row.low, row.ratio, row.least)), ("better", (row.high, row.ratio, row.least))):
        end, middle, least = beyond if name == "worse" else (1 / value for value in beyond)
        if end > 1 and min(middle, least) > 1 + worse:
            return name
    return "open"


def _chosen(versions: Versions) -> Any:
    """One pair of each optimizer on each of some problems: of quick ones, spread from the quickest to the slowest."""
    pairs = versions.pairs.drop_duplicates(["optimizer", *CELL])
    took = versions.base.runs.iloc[pairs.run_base]
    pairs = pairs.assign(took=(took.inside + took.outside).to_numpy()).sort_values(["optimizer", "took"])
    chosen = []
    for _, members in pairs.groupby("optimizer", sort=False):
        quick = (members.took <= LONGEST * members.took.iloc[0]).sum()
        places = np.unique(np.linspace(0, quick - 1, min(quick, PROBLEMS)).round().astype(int))
        chosen += members.index[places].tolist()
    return versions.pairs.loc[sorted(chosen)].reset_index(drop=True)


def _runs(versions: Versions, pairs: Any, side: str) -> list[dict[str, Any]]:
    """What the stopwatch is told of these pairs."""
    results = versions.base if side == "base" else versions.new
    runs = []
    for row in pairs.itertuples():
        number = getattr(row, f"run_{side}")
        run, (optimizer, values) = results.runs.iloc[number], results.setting(number)
        entry = parse_entry(row.problem)
        dim = {"dim": int(row.dim)} if "dim" in registry.find_problem(entry.name).parameters else {}
        asked = {name: value for name, value in values.items() if value is not None}
        runs.append({
            "optimizer": Entry(optimizer).at(asked).text(), "problem": entry.name,
            "parameters": {**entry.setting(), **dim}, "budget": float(run.budget), "gap": float(run.gap),
            **{name: int(getattr(row, name)) for name in SLOT}, "prices": versions.base.prices,
        })  # fmt: skip
    return runs
