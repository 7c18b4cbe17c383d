"""How often `check` finds a weaker momentum, and flags what did not change: `python -m tests.track.calibration`.

Heavy ball on the suite `tracked`: its problems, budgets and rates. Writes the table of reports/regressions.md, between
its two marks.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.core import registry
from bench.measure.levels import LEVEL
from bench.results.stored import Results
from bench.runner import PACKAGES
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import Suite, load_suite
from bench.track.paired import Versions, compare

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "reports" / "regressions.md"
MARKS = ("<!-- calibration: begin -->", "<!-- calibration: end -->")
SUITE = ROOT / "bench" / "suites" / "tracked.toml"
SEEDS, SETS, RERUNS, EXPERIMENTS = 10, 10, 10, 400
LEARNING = ("softmax", "mlp")


def heavy_ball(seeds: int, momentum: float = 0.9, leave: Sequence[str] = ()) -> Suite:
    """The suite with heavy ball alone, at this momentum and as many seeds; leave: without these problems."""
    groups = []
    for group in load_suite(SUITE).groups:
        problems = tuple(entry for entry in group.problems if entry.name not in leave)
        balls = tuple(entry.at({"momentum": momentum}) for entry in group.optimizers if entry.name == "heavy-ball")
        if problems:
            groups.append(replace(group, problems=problems, optimizers=balls, seeds=seeds))
    return replace(load_suite(SUITE), groups=tuple(groups))


def run(suite: Suite, folder: Path) -> Results:
    """The results of a suite, run in this process."""
    run_suite(suite, folder, Launch(children=False, pictures=False))
    return Results(folder)


class Part:
    """Some of the pairs of two versions, as `compare` reads them."""

    def __init__(self, versions: Versions, base: np.ndarray, new: np.ndarray | None = None):
        """base: places of pairs; new: those whose base runs are taken for the new version, in place of their own."""
        self.pairs: Any = versions.pairs.iloc[base].reset_index(drop=True)
        logs = versions.logarithms
        self.logarithms = logs[base] if new is None else np.stack([logs[base, 0], logs[new, 0]], axis=1)
        self.same = np.zeros(len(base), dtype=bool)


def flags(part: Any) -> list[str]:
    """What is said of each optimizer and measure."""
    table: Any = compare(part)
    return list(table[table.problem == ""].change)


def found(versions: Versions, seeds: int = SEEDS) -> list[bool]:
    """Whether each set of so many seeds finds that the new version is worse."""
    seed = versions.pairs.seed.to_numpy()
    return [
        "worse" in flags(Part(versions, np.flatnonzero((seed >= first) & (seed < first + seeds))))
        for first in range(0, seed.max() + 2 - seeds, seeds)
    ]


def relabelled(versions: Versions, experiments: int, seeds: int = SEEDS) -> tuple[int, int]:
    """Of experiments in which both versions are the base with seeds drawn apart: how many are flagged, and in how many
    a test is significant."""
    rng = np.random.default_rng(1)
    seed, cell = versions.pairs.seed.to_numpy(), versions.pairs.groupby(["problem", "dim"]).ngroup().to_numpy()
    place = np.empty((cell.max() + 1, seed.max() + 1), dtype=int)
    place[cell, seed] = np.arange(len(seed))
    flagged = significant = 0
    for _ in range(experiments):
        drawn = rng.permutation(place.shape[1])
        part: Any = Part(versions, place[:, drawn[:seeds]].ravel(), place[:, drawn[seeds : 2 * seeds]].ravel())
        table: Any = compare(part)
        whole = table[table.problem == ""]
        flagged += bool(whole.change.isin(["worse", "better"]).any())
        significant += bool((whole.adjusted < LEVEL).any())
    return flagged, significant


def most(experiments: int) -> float:
    """The fraction that calibration allows: 5 %, and three standard errors."""
    return LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / experiments)


def measure(folder: Path) -> list[tuple[str, str, str, bool]]:
    """The rows of the table: what was done, what is asked, what came out, and whether that holds."""
    weaker = Versions(*(run(heavy_ball(SEEDS * SETS, m), folder / f"{m}") for m in (0.9, 0.8)))
    powers = found(weaker)
    base = run(heavy_ball(SEEDS), folder / "base")
    reruns = [flags(Versions(base, run(heavy_ball(SEEDS), folder / f"rerun-{k}"))) for k in range(RERUNS)]
    changed = sum(any(change != "equal" for change in each) for each in reruns)
    flagged, significant = relabelled(weaker, EXPERIMENTS)
    problems = weaker.pairs[["problem", "dim"]].drop_duplicates()
    what = f"heavy ball, {len(problems)} problems, {SEEDS} seeds"
    limit = f"at most {100 * most(EXPERIMENTS):.1f} %"
    return [
        (f"{what}: momentum 0.9 to 0.8", f"worse in 9 of {SETS} sets of seeds", f"{sum(powers)} of {len(powers)}",
         sum(powers) >= 9),
        (f"{what}: unchanged code, run again", f"none of {RERUNS} flagged or unequal", f"{changed} of {RERUNS}",
         changed == 0),
        (f"{what}: unchanged code with other seeds, flagged", limit, f"{flagged} of {EXPERIMENTS}",
         flagged / EXPERIMENTS <= most(EXPERIMENTS)),
        (f"{what}: the same, significant before `--worse`", limit, f"{significant} of {EXPERIMENTS}",
         significant / EXPERIMENTS <= most(EXPERIMENTS)),
    ]  # fmt: skip


def table(rows: Iterable[tuple[str, str, str, bool]]) -> str:
    """As Markdown."""
    lines = ["| experiment | asked | measured | holds |", "| --- | --- | --- | --- |"]
    return "\n".join(
        [*lines, *(f"| {what} | {asked} | {got} | {'yes' if ok else 'no'} |" for what, asked, got, ok in rows)]
    )


def main() -> int:
    """Measure, write, and answer 1 where something does not hold."""
    registry.load(PACKAGES)
    with TemporaryDirectory(prefix="fogbench-") as folder:
        rows = measure(Path(folder))
    text = PAGE.read_text(encoding="utf-8")
    written = f"{MARKS[0]}\n{table(rows)}\n{MARKS[1]}"
    PAGE.write_text(re.sub(f"{MARKS[0]}.*{MARKS[1]}", lambda _: written, text, flags=re.DOTALL), encoding="utf-8")
    print(table(rows))
    return 0 if all(row[-1] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
