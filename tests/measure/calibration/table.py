"""The scenarios of all modules here, and the table of what they measured.

A scenario is a function of (experiments, generator) that gives rows (see `rows`), in a table SCENARIOS of its module:
the name of the claim, as the table shows it, and the function. experiments: in a cell; where an experiment is dear, a
scenario takes fewer. It calls the functions of `bench.measure` themselves.
"""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.measure.calibration import claims, intervals, races
from tests.measure.calibration.rows import FACTS

REPORTS = Path(__file__).parents[3] / "reports"
ROWS = "calibration.csv"
EXPERIMENTS = 1000
BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"

Scenario = Callable[[int, np.random.Generator], "dict[str, Any] | list[dict[str, Any]]"]
SCENARIOS: dict[str, Scenario] = {**intervals.SCENARIOS, **claims.SCENARIOS, **races.SCENARIOS}


def measured(name: str, experiments: int) -> pd.DataFrame:
    """The rows of one scenario: columns claim, setting (in words), and FACTS. Its numbers are the same each time, and
    do not depend on the other scenarios."""
    rows = SCENARIOS[name](experiments, np.random.default_rng(zlib.crc32(name.encode())))
    return frame(name, [rows] if isinstance(rows, dict) else rows)


def frame(claim: str, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows of one claim: its columns are those of `measured`."""
    columns = pd.DataFrame([{key: row[key] for key in FACTS} for row in rows])
    columns.insert(0, "claim", claim)
    columns.insert(1, "setting", [", ".join(f"{k} {v}" for k, v in row.items() if k not in FACTS) for row in rows])
    return columns.round({"measured": 4, "standard_error": 4})


def text(tables: Sequence[pd.DataFrame]) -> str:
    """The worst row of each group in Markdown, and how many do not hold."""
    rows = pd.concat(tables, ignore_index=True)
    lines = ["| claim | of | rows | stated | the worst measured | there |", "| --- | --- | --- | --- | --- | --- |"]
    for (claim, group, bound), part in rows.groupby(["claim", "group", "bound"], sort=False):
        margin = (part.measured - part.stated) * (1 if bound == "at least" else -1)
        worst = part.loc[margin.idxmin()]
        measured = f"{worst.measured:.1%} ± {worst.standard_error:.1%}".replace("%", " %")
        stated = f"{bound} {worst.stated:.0%}".replace("%", " %") + (
            " + 3 standard errors" if bound == "at most" else ""
        )
        cells = (claim, group, len(part), stated, measured, worst.setting)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    failed = rows[~rows.holds]
    lines += ["", f"{len(rows):,} rows, of which {len(failed)} do not hold" + (":" if len(failed) else ".")]
    lines += [f"- {each.claim}, {each.setting}: {each.measured:.1%}".replace("%", " %") for each in failed.itertuples()]
    return "\n".join(lines)


def store(measured: pd.DataFrame) -> None:
    """Replace the rows of these claims in reports/calibration.csv, and the table between the markers of its README."""
    stored = read()
    rows = pd.concat([stored[~stored.claim.isin(measured.claim)], measured])
    rows = rows.sort_values("claim", key=lambda claims: claims.map(list(SCENARIOS).index), kind="stable")
    rows.to_csv(REPORTS / ROWS, index=False)
    readme = REPORTS / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    assert after, f"{readme} has no markers"
    readme.write_text(f"{before}{between(read())}{after}")


def read() -> pd.DataFrame:
    """The rows of all claims that there still are, as they were measured."""
    rows = pd.read_csv(REPORTS / ROWS, keep_default_na=False)
    return rows[rows.claim.isin(SCENARIOS)]


def between(rows: pd.DataFrame) -> str:
    """What the README has between its markers, and these; claims without rows are named."""
    lacking = [name for name in SCENARIOS if name not in set(rows.claim)]
    missing = f"\n\nNot measured: {'; '.join(lacking)}." if lacking else ""
    return f"{BEGIN}\n\n{text([rows])}{missing}\n\n{END}"
