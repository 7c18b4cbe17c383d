"""Which suite is meant: one by name, file or value, or one put together."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.registry import PROBLEMS
from bench.runner.suite import Notice, Suite, load_suite, make_suite, parse_entry, results_name


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
) -> Suite:
    """A suite by name, file or value, or every problem with every optimizer; what is None or empty stays as it is.

    Raises ValueError where both or neither are there.
    """
    if name == "":
        raise ValueError("the name of results must not be empty")
    replaced = {"budget": budget, "seeds": seeds, "instances": tuple(instances) or None}
    options = {key: value for key, value in replaced.items() if value is not None}
    if suite is not None and (problems or optimizers):
        is_problem = isinstance(suite, str) and suite.partition("[")[0].partition("+")[0] in PROBLEMS
        hint = f": {suite} is a problem, to be named with -p" if is_problem else ""
        raise ValueError(f"give a suite, or problems and optimizers, not both{hint}")
    if suite is None and not (problems and optimizers):
        raise ValueError("give a suite, or at least one problem and one optimizer")
    if suite is None:
        names = dict.fromkeys(parse_entry(text).name for text in (*problems, *optimizers))
        options = {"budget": 1000, "name": name or results_name("-".join(names)), **options}
        return replace(make_suite(problems, optimizers, **options), until=until)
    if not isinstance(suite, Suite):
        written, suite = Path(suite).stem, load_suite(suite)
        if name is None and suite.name != written:
            warnings.warn(
                f"{written!r} cannot be the name of results: they are named {suite.name}", Notice, stacklevel=3
            )
    groups = tuple(replace(group, **options) for group in suite.groups)
    return replace(suite, name=name or suite.name, groups=groups, until=until or suite.until)
