"""The tables of a report: as CSV, and as the page shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.core.status import statuses
from bench.measure.frames import CELL, Frame
from bench.measure.prices import Prices, in_lanes
from bench.measure.progress import spent
from bench.measure.words import (
    FAILED,
    KINDS,
    NOT_RUN,
    SKIPPED,
    cell_name,
    interval,
    number,
    race_note,
    race_text,
    value_text,
)

Report = Any  # `bench.report.measured.Report`, which imports this
MOST = 200  # kinds of failure that the page shows


def seconds(runs: Frame, prices: Prices, keys: list[str]) -> Frame:
    """What runs that paid for something took, by these columns: seconds inside (in the problem) and outside (in the
    method), cost, runs, and lanes: whether some ran as lanes of a batch, which share its seconds."""
    cost = spent(runs, prices)
    timed = runs.inside + runs.outside > 0  # imported runs are not
    paid = runs.assign(cost=cost, lanes=in_lanes(runs))[(cost > 0) & timed & runs.status.isin(statuses("recorded"))]
    groups = paid.groupby(keys)
    return groups[["inside", "outside", "cost"]].sum().assign(runs=groups.size(), lanes=groups.lanes.any())


def setting_rows(tuned: Sequence[Mapping[str, Any]], sensitivity: Frame | None) -> list[dict[str, Any]]:
    """Each optimizer and family for the page: the best setting beside the default, on what it depends, what it took.

    sensitivity: of `bench.measure.tuning`; fractions are means over the problems that the optimizer was tuned on.
    """
    rows = []
    for entry in tuned:
        depends: dict[str, float] = {}
        if sensitivity is not None:
            of_f = sensitivity[sensitivity.kind.isin(["gap", "value"])]
            tried = of_f[(of_f.optimizer == entry["label"]) & (of_f.family == entry["family"])]
            depends = tried.groupby("hyperparameter").fraction.mean().dropna().to_dict()
        values = [
            {
                "name": key,
                "best": value_text(value),
                "default": value_text(entry["values"][key]),
                "fraction": f"{depends[key]:.0%}" if key in depends else "",
            }
            for key, value in entry["setting"].items()
        ]
        values.sort(key=lambda value: -depends.get(value["name"], 0.0))  # the most telling first
        rows.append({**entry, "values": values})
    return rows


def value_rows(report: Report) -> list[dict[str, Any]]:
    """What was reached at the budget for the page, one row a problem and dim in the order of cells, with the place of
    its family: the texts of a cell for each of the ranked optimizers."""
    table = report.turned(report.tables["values"])
    rows = {key: frame.set_index("optimizer") for key, frame in table.groupby(CELL)}
    answer = []
    for cell, family in zip(report.cells, report.family_places, strict=True):
        if cell not in rows:
            continue
        frame = rows[cell]
        entries = [_value_cell(frame.loc[each]) if each in frame.index else _empty(NOT_RUN) for each in report.ranked]
        head = {"problem": report.shown(cell[0]), "dim": cell[1], "kind": KINDS[frame.kind.iloc[0]], "family": family}
        answer.append({**head, "budget": number(frame.budget.iloc[0]), "cells": entries})
    return answer


def _empty(why: str) -> dict[str, str]:
    return {"look": "none", "text": why, "interval": "", "mark": ""}


def _value_cell(row: Any) -> dict[str, str]:
    if not row.runs:
        return _empty(SKIPPED)
    texts = {
        "text": number(row["median"]),
        "interval": interval(row.low, row.high),
        "mark": FAILED if row.failed else "",
    }
    return {"look": "value least" if row.least else "value", **texts}


def failure_rows(failed: Frame) -> dict[str, Any]:
    """Failures for the page, those of the same status, optimizer and cause together; without skips.

    failed: of `failures`, with place and family: where the optimizer and the family stand in the lists of the page.
    rows: at most 200, with place and families for the selection; left: how many there are beyond these.
    """
    failed = failed[failed.status.isin(statuses("ran"))]
    groups = list(failed.groupby(["status", "optimizer", "error"], sort=False))
    rows = [
        {
            "status": status,
            "optimizer": optimizer,
            "place": failures.place.iloc[0],
            "families": sorted(set(failures.family)),
            "where": [cell_name(row.problem, row.dim) for row in failures.itertuples()],
            "runs": int(failures.runs.sum()),
            "reason": _cut(failures.reason.iloc[0], 500),
            "error": _cut(error, 6000) if "\n" in error.strip() else "",
        }
        for (status, optimizer, error), failures in groups[:MOST]
    ]
    return {"rows": rows, "left": len(groups) - len(rows)}


def evaluation_rows(failed: Frame) -> list[dict[str, Any]]:
    """Evaluations that failed for the page, at most 200 rows, the most first. failed: of `failed_evaluations`, with
    place and family as in `failure_rows`."""
    return [
        {
            **{
                name: getattr(row, name)
                for name in ("optimizer", "place", "family", "failed", "evaluations", "fraction")
            },
            "where": cell_name(row.problem, row.dim),
            "reason": _cut(row.reason, 500),
            "error": _cut(row.error, 6000),
        }
        for row in failed.sort_values("failed", ascending=False, kind="stable").head(MOST).itertuples()
    ]


def _cut(text: str, most: int) -> str:
    """A text without its middle where it is long: a traceback begins with where and ends with why."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n[{len(text) - most:,} characters]\n{text[-most // 2 :]}"


def skip_rows(failed: Frame) -> list[dict[str, Any]]:
    """Skips for the page: on each problem who was skipped, and why. failed: as of `failure_rows`."""
    skipped = failed[failed.status.isin(statuses("ran", False))]
    return [
        {
            "where": cell_name(problem, dim),
            "family": rows.family.iloc[0],
            "runs": int(rows.runs.sum()),
            "reasons": rows[["place", "optimizer", "reason"]].to_numpy().tolist(),
        }
        for (problem, dim), rows in skipped.groupby(CELL, sort=False)
    ]


def race_rows(
    table: Frame | None, styles: Mapping[str, Any], cells: Sequence[tuple[str, int]], families: Sequence[int]
) -> list[dict[str, Any]]:
    """The races for the page, one a problem and dim in the order of cells: problem, dim, family (its place), planned,
    note, and rows of those who stay, then of those who left, the last first. table: of `bench.measure.raced.races`."""
    if table is None:
        return []
    races = {key: frame for key, frame in table.groupby(CELL)}
    names, answer = list(styles), []
    for cell, family in zip(cells, families, strict=True):
        if cell not in races:
            continue
        frame = races[cell].assign(out=lambda each: each.left > 0)
        planned = int(frame.planned.iloc[0])
        rows = [
            {
                "optimizer": row.optimizer,
                "place": names.index(row.optimizer),
                "style": styles[row.optimizer],
                "left": row.left,
                "rounds": row.rounds,
                "percent": round(100 * row.rounds / planned, 1),
                "text": race_text(row),
            }
            for row in frame.sort_values(["out", "left"], ascending=[True, False], kind="stable").itertuples()
            if row.optimizer in styles
        ]
        head = {"problem": cell[0], "dim": cell[1], "family": family, "planned": planned}
        answer.append({**head, "note": race_note(frame), "rows": rows})
    return answer
