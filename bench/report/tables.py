"""The tables of a report: as CSV, and as the page shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure.progress import CELL, Frame
from bench.report.styles import Style
from bench.report.text import cell_name, interval, number, target_name, value_text

FORMULA = r"^[=+\-@\t\r]"  # a spreadsheet would run such a cell


def save_csv(frame: Frame, path: Path) -> None:
    """Write a frame; text that a spreadsheet would take for a formula gets a leading quote, numbers stay."""
    texts = frame.select_dtypes(include=["object", "string"]).columns
    quoted = {
        name: frame[name].where(
            ~frame[name].astype("string").str.match(FORMULA).fillna(False), "'" + frame[name].astype(str)
        )
        for name in texts
    }
    frame.assign(**quoted).to_csv(path, index=False, lineterminator="\n")


def answer_rows(best: Frame, styles: Mapping[str, Style], orders: list[int]) -> list[dict[str, Any]]:
    """One row a problem and dim, for the page: the best of all and of each order, each with how sure that is."""
    scopes = ["all", *map(str, orders)]
    rows = []
    for (problem, dim), part in best.groupby(CELL, sort=False):
        found = {row.among: row for row in part.itertuples()}
        rows.append({"problem": problem, "dim": dim, "cells": [_answer(found.get(scope), styles) for scope in scopes]})
    return rows


def _answer(row: Any, styles: Mapping[str, Style]) -> dict[str, Any]:
    if row is None:
        return {"optimizer": "", "none": "not run"}
    if row.compared == 0:
        return {"optimizer": "", "none": "skipped"}
    if not row.optimizer:
        return {"optimizer": "", "none": "no target reached"}
    rivals = row.rivals.split("; ") if row.rivals else []
    return {
        "optimizer": row.optimizer,
        "style": styles[row.optimizer],
        "target": target_name(row.kind, row.target),
        "ert": number(row.ert),
        "interval": interval(row.low, row.high),
        "solved": f"{row.successes}/{row.runs}",
        "runs": row.runs,
        "tied": rivals[: row.tied],
        "rivals": rivals[row.tied :],
        "sure": row.clear,
        "compared": row.compared,
        "few": bool(np.isnan(row.low)),
    }


def ert_matrix(table: Frame, best: Frame, styles: Mapping[str, Style]) -> dict[str, Any]:
    """The ERT table for the page: problems by optimizers, at each target and at the target of the answer.

    cells: by target, by row, by column: [ERT, k/n, interval, share of the best ERT on a log scale in 0 to 1].
    """
    cells = list(dict.fromkeys(zip(table.problem, table.dim, strict=True)))
    columns = list(styles)
    answers = best[(best.among == "all") & (best.optimizer != "")]
    reference = {(row.problem, row.dim): (row.kind, row.target) for row in answers.itertuples()}
    at: dict[str, dict[int, dict[int, list[Any]]]] = {}
    least = table[np.isfinite(table.ert)].groupby([*CELL, "kind", "target"]).ert.min().to_dict()
    for row in table.itertuples():
        goal = (row.kind, row.target)
        cell = (row.problem, row.dim)
        entry = _ert_cell(row, least.get((*cell, *goal), np.nan))
        names = [target_name(*goal), *(["answer"] if reference.get(cell) == goal else [])]
        for name in names:
            at.setdefault(name, {}).setdefault(cells.index(cell), {})[columns.index(row.optimizer)] = entry
    goals = dict.fromkeys(target_name(*goal) for goal in zip(table.kind, table.target, strict=True))
    return {
        "rows": [[problem, int(dim)] for problem, dim in cells],
        "columns": [[name, style.order, style.color] for name, style in styles.items()],
        "goals": [["answer", "that of the answer above"]] * ("answer" in at) + [[name, name] for name in goals],
        "cells": at,
    }


def _ert_cell(row: Any, least: float) -> list[Any]:
    if row.runs == 0:
        return ["skipped", "", "", 0]
    strength, span = 0.0, ""
    if np.isfinite(row.ert):
        span = interval(row.low, row.high)
        ratio = row.ert / least if least > 0 else 1.0 if row.ert == 0 else np.inf
        strength = float(np.clip(1 - np.log10(ratio) / 2, 0, 1))
    return [number(row.ert), f"{row.successes}/{row.runs}", span, round(strength, 2)]


def tuned_rows(table: Frame, styles: Mapping[str, Style]) -> list[dict[str, Any]]:
    """Each optimizer on each problem for the page, at its default and as tuned."""
    return [
        {
            "where": (row.problem, row.dim),
            "optimizer": row.optimizer,
            "style": styles[row.optimizer],
            "kind": row.kind,
            "default": (number(row.default), interval(row.default_low, row.default_high)),
            "tuned": (number(row.tuned), interval(row.tuned_low, row.tuned_high)),
            "lead": "tuned" if row.better > row.worse else "default" if row.worse > row.better else "",
            "better": row.better,
            "worse": row.worse,
            "pairs": row.pairs,
        }
        for row in table.itertuples()
    ]


def setting_rows(
    tuned: Sequence[Mapping[str, Any]], shares: Frame | None, styles: Mapping[str, Style]
) -> list[dict[str, Any]]:
    """Each optimizer and family for the page: the best setting beside the default, on what it depends, what it took.

    shares: of `sensitivity`; the mean over the problems that the optimizer was tuned on.
    """
    rows = []
    for item in tuned:
        depends: dict[str, float] = {}
        if shares is not None:
            own = shares[(shares.optimizer == item["label"]) & (shares.family == item["family"])]
            depends = own.groupby("hyperparameter").share.mean().to_dict()
        values = [
            {
                "name": key,
                "best": value_text(value),
                "default": value_text(item["values"][key]),
                "share": "" if np.isnan(depends.get(key, np.nan)) else f"{depends[key]:.0%}",
            }
            for key, value in item["setting"].items()
        ]
        values.sort(key=lambda one: -np.nan_to_num(depends.get(one["name"], 0.0)))  # the most telling first
        rows.append(
            {
                **{key: item[key] for key in ("family", "tried", "runs", "cost")},
                "optimizer": item["label"],
                "style": styles.get(item["label"]),
                "values": values,
                "ranks": (number(item["rank"]), number(item["default_rank"])),
            }
        )
    return rows


def failure_rows(failed: Frame) -> list[dict[str, Any]]:
    """Failures for the page, those of the same status, optimizer and cause together; without skips."""
    rows = []
    failed = failed[failed.status != "skipped"]
    for (status, optimizer, error), part in failed.groupby(["status", "optimizer", "error"], sort=False):
        rows.append(
            {
                "status": status,
                "optimizer": optimizer,
                "where": [cell_name(row.problem, row.dim) for row in part.itertuples()],
                "runs": int(part.runs.sum()),
                "reason": part.reason.iloc[0],
                "error": error if "\n" in error.strip() else "",
            }
        )
    return rows


def skip_rows(failed: Frame) -> list[dict[str, Any]]:
    """Skips for the page: on each problem who was skipped, and why."""
    skipped = failed[failed.status == "skipped"]
    return [
        {
            "where": cell_name(problem, dim),
            "runs": int(part.runs.sum()),
            "reasons": [(row.optimizer, row.reason) for row in part.itertuples()],
        }
        for (problem, dim), part in skipped.groupby(CELL, sort=False)
    ]
