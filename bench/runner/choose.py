"""Which suite is meant: one by name, file or value, or one put together."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.registry import OPTIMIZERS, PROBLEMS
from bench.runner.suite import Notice, Shard, Suite, SuiteError, load_suite, make_suite, parse_entry, results_name

MOST_INSTANCES = 10_000  # of one range


def parse_instances(text: str) -> tuple[int, ...]:
    """`1,2,5-8` as numbers; empty for an empty text. Raises ValueError for another notation."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part)
        last = int(match[2] or match[1]) if match else 0
        if match is None or int(match[1]) > last or last - int(match[1]) > MOST_INSTANCES:
            raise ValueError(f"instances must read like 1,2,5-8, got {text!r}")
        numbers += range(int(match[1]), last + 1)
    return tuple(dict.fromkeys(numbers))


def _missing_flag(suite: str | Path | Suite | None) -> str:
    """The flag with which what was given for a suite would be right, "" where none would."""
    base = suite.partition("[")[0].partition("+")[0] if isinstance(suite, str) else ""
    return "-p" if base in PROBLEMS else "-o" if base in OPTIMIZERS else ""


def choose_suite(
    suite: str | Path | Suite | None = None,
    problems: Sequence[str] = (),
    optimizers: Sequence[str] = (),
    *,
    budget: float | None = None,
    seeds: int | None = None,
    instances: Sequence[int] = (),
    name: str | None = None,
    until: str = "",
    deadline: float | None = None,
    lanes: int | None = None,
    shard: Shard | None = None,
) -> Suite:
    """A suite by name, file or value, or every problem with every optimizer; what is None or empty stays as it is.

    shard: the part that is meant, with a name of its own: `quick-03-of-16`. Raises ValueError where both or neither of
    suite and names are there.
    """
    if name == "":
        raise ValueError("the name of results must not be empty")
    replaced = {"budget": budget, "seeds": seeds, "instances": tuple(instances) or None, "deadline": deadline}
    replaced["lanes"] = lanes
    options = {key: value for key, value in replaced.items() if value is not None}
    if suite is not None and (problems or optimizers):
        flag = _missing_flag(suite)
        hint = f": did you mean {flag} {suite}?" if flag else ""
        raise ValueError(f"give a suite, or problems and optimizers, not both{hint}")
    if suite is None and not (problems and optimizers):
        raise ValueError("give a suite, or at least one problem and one optimizer")
    if suite is None:
        names = dict.fromkeys(parse_entry(text).name for text in (*problems, *optimizers))
        options = {"budget": 1000, "name": name or results_name("-".join(names)), **options}
        return _sharded(replace(make_suite(problems, optimizers, **options), until=until), shard)
    if not isinstance(suite, Suite):
        written, text = Path(suite).stem, str(suite)
        try:
            suite = load_suite(suite)
        except SuiteError as error:
            flag = _missing_flag(text)
            if not flag or Path(text).exists():
                raise
            kind = "a problem" if flag == "-p" else "an optimizer"
            raise ValueError(f"{text} is {kind} and no suite: did you mean {flag} {text}?") from error
        if name is None and suite.name != written:
            warnings.warn(
                f"{written!r} cannot be the name of results: they are named {suite.name}", Notice, stacklevel=3
            )
    groups = tuple(replace(group, **options) for group in suite.groups)
    suite = replace(suite, name=name or suite.name, groups=groups, until=until or suite.until)
    return _sharded(suite, shard)


def _sharded(suite: Suite, shard: Shard | None) -> Suite:
    """A part of a suite, with a name of its own: parts may go into one folder side by side."""
    return suite if shard is None else replace(suite, name=f"{suite.name}{shard.suffix}", shard=shard)
