"""The file of tuned settings: `tune` writes it, `run --tuned` takes it."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite
from pathlib import Path
from typing import Any

from bench.core import registry
from bench.core.files import write_text
from bench.runner.suite import Entry, Suite, SuiteError, Tuned, Tuning, parse_entry, read_toml

HEAD = {"suite": str, "search": str, "settings": int, "seeds": int, "instances": list, "budgets": list}
ENTRY = {
    "optimizer": str, "family": str, "tried": int, "rank": float, "default_rank": float, "runs": int, "cost": float,
    "setting": dict,
}  # fmt: skip


def write_tuned(tuning: Tuning, command: str) -> None:
    """Write the file at tuning.path, whole or not at all."""
    lines = [
        f"# Written by `{' '.join(command.split())}`; `python -m bench run` takes it with the same suite and --tuned."
    ]
    lines += [_line(key, getattr(tuning, key)) for key in HEAD]
    for tuned in tuning.found:
        lines += ["", "[[tuned]]", _line("optimizer", tuned.entry.text())]
        lines += [_line(key, getattr(tuned, key)) for key in ENTRY if key not in ("optimizer", "setting")]
        lines += ["[tuned.setting]", *(_line(key, value) for key, value in tuned.setting.items())]
    write_text(Path(tuning.path), "\n".join(lines) + "\n")


def _line(key: str, value: Any) -> str:
    """TOML has no None: it is written as a word, which the annotation of the hyperparameter turns back."""
    return f"{key} = {json.dumps('none' if value is None else value, allow_nan=False)}"


def read_tuned(source: str | Path) -> Tuning:
    """The settings of a file; raises SuiteError, with file and key, for what is damaged, unknown or out of range."""
    path = Path(source)
    if not os.path.lexists(path):
        raise SuiteError(f"{path} is not there: `python -m bench tune` writes one, and says where")
    text, content = read_toml(path)
    tables = content.pop("tuned", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SuiteError(f"{path}: tuned must be written as [[tuned]]")
    head = _checked({"budgets": [], **content}, HEAD, str(path))  # older files have no budgets
    if not all(isinstance(instance, int) and instance >= 1 for instance in head["instances"]):
        raise SuiteError(f"{path}: instances must be whole numbers >= 1, got {head['instances']}")
    if not all(type(budget) in (int, float) and 0 < budget < inf for budget in head["budgets"]):
        raise SuiteError(f"{path}: budgets must be numbers above 0, got {head['budgets']}")
    head |= {"instances": tuple(head["instances"]), "budgets": tuple(map(float, head["budgets"]))}
    lines = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*tuned\s*\]\]", line)]
    places = [f", line {n}" for n in lines] if len(lines) == len(tables) else [""] * len(tables)
    best = tuple(
        _tuned(table, f"{path}{place}, [[tuned]] number {number}")
        for number, (table, place) in enumerate(zip(tables, places, strict=True), 1)
    )
    return Tuning(path=str(path), found=best, **head)


def with_tuned(suite: Suite, source: str | Path | None = None, optimizers: Sequence[str] = ()) -> Suite:
    """A suite with the tuned settings of a file beside its optimizers; of these optimizers, or of all. Without a file,
    those that belong to the suite, if any do.

    Raises ValueError where the file has none for the families of the suite's problems.
    """
    source = source or suite.tuned
    if not source:
        return suite
    tuning = read_tuned(source)
    if optimizers:
        names = {parse_entry(text).name for text in optimizers}
        tuning = replace(tuning, found=tuple(tuned for tuned in tuning.found if tuned.entry.name in names))
    families = {registry.find_problem(entry.name).family for group in suite.groups for entry in group.problems}
    if not families & {tuned.family for tuned in tuning.found}:
        of = f" of {', '.join(optimizers)}" if optimizers else ""
        raise ValueError(f"{source} holds no setting{of} for problems of {', '.join(sorted(families))}")
    return replace(suite, tuning=tuning)


def _tuned(table: Mapping[str, Any], where: str) -> Tuned:
    values = _checked(table, ENTRY, where)
    text = values.pop("optimizer")
    where = f"{where} ({text}, {values['family']})"
    families = {definition.family for definition in registry.PROBLEMS.values()}
    if values["family"] not in families:
        raise SuiteError(f"{where}: key family must be one of {', '.join(sorted(families))}, got {values['family']!r}")
    try:
        tuned = Tuned(entry=one_setting(parse_entry(text)), **values)
    except ValueError as error:
        raise SuiteError(f"{where}: key optimizer: {error}") from None
    definition, typed = registry.find_optimizer(tuned.entry.name), {}
    for key, value in tuned.setting.items():
        try:
            if key in tuned.entry.grid:
                raise ValueError(f"{text} holds {key} fixed")
            typed[key] = registry.settings(definition, {key: value})[key]
        except ValueError as error:
            raise SuiteError(f"{where}: key setting.{key}: {error}") from None
    return replace(tuned, setting=typed)


def _checked(table: Mapping[str, Any], keys: Mapping[str, type], where: str) -> dict[str, Any]:
    """The values of a table that must have these keys, of these types, and no others."""
    for key in table:
        if key not in keys:
            raise SuiteError(f"{where}: unknown key {key!r}; known: {', '.join(keys)}")
    for key, kind in keys.items():
        if key not in table:
            raise SuiteError(f"{where}: key {key} is missing")
        allowed = (int, float) if kind is float else (kind,)
        value = table[key]
        if not isinstance(value, allowed) or isinstance(value, bool) or (kind is float and not isfinite(value)):
            raise SuiteError(f"{where}: key {key} must be {kind.__name__}, got {value!r}")
    return dict(table)


def one_setting(entry: Entry) -> Entry:
    """The entry, if it names a registered optimizer and at most one allowed value of each hyperparameter.

    Raises ValueError otherwise.
    """
    registry.settings(registry.find_optimizer(entry.name), entry.setting())
    return entry
