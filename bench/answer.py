"""What `compare` prints at its end: the answer in a sentence, the medians at the budget, and the lines that run the
winner."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.calls import minimize_call, name_of
from bench.core import registry
from bench.core.arrays import is_tensor
from bench.core.objective import Objective
from bench.core.script import SHORT, Script
from bench.functions import Function
from bench.measure import words
from bench.measure.failed import skips
from bench.runner.suite import parse_entry

if TYPE_CHECKING:
    from bench.results.stored import Results


def answer(results: "Results", of: Function | Objective, budget: float, pair: bool) -> str:
    """The sentence, the table and the code for results of `compare`, which was given f and a budget; pair:
    whether f gives (value, gradient)."""
    best = results.best()
    noise = results.function.get("noise")
    texts = [best.sentence, *([words.judged(**noise)] if noise else []), medians(results), *skipped(results)]
    if not best.optimizer:
        texts[:1] = [" ".join([best.sentence, *map(words.why_failed, results.failures.head(1).itertuples())])]
    else:
        texts += [f"To run it:\n{code(best.optimizer, of, budget)}"]
        call = "" if isinstance(of, Objective) else library_call(best.optimizer, of, budget, pair)
        if call:
            raises = "" if results.failed_evaluations.empty else " (where f fails, it does)"
            texts += [f"Or by its library's own call, with that one's tolerances, units and end{raises}:\n{call}"]
    return "\n\n".join(texts)


def medians(results: "Results") -> str:
    """Median and quartiles at the budget, the best first, in the sign of the function."""
    table: Any = results.values_at_budget().sort_values("median", kind="stable")
    if not np.isfinite(table["median"].astype(float)).any():
        return "No optimizer has a finite median at the budget."
    width, sign, digits = max(map(len, table.optimizer)), results.sign, words.apart(table["median"])
    kind = ("f - f_opt" if sign > 0 else "f_opt - f") if (is_gap := (table.kind == "gap").any()) else "f"
    sign = 1 if is_gap else sign
    lines = [f"Median and quartiles of {kind} at a cost of {words.number(table.budget.max())}:"]
    for row in table.itertuples():
        ends = sorted((sign * row.low + 0.0, sign * row.high + 0.0))  # and no -0
        row = row._replace(median=sign * row.median + 0.0, low=ends[0], high=ends[1])
        lines += [f"  {row.optimizer:<{width}}  {words.value_entry(row, digits)}"]
    return "\n".join(filter(None, [*lines, words.lowest("*", table, sign)]))


def skipped(results: "Results") -> list[str]:
    """A line that says which optimizers could not be run, and why; none where all could."""
    texts = [f"{', '.join(names)} ({reason})" for reason, names in skips(results.runs).items()]
    return [f"Not run: {'; '.join(texts)}."] if texts else []


def code(optimizer: str, of: Function | Objective, budget: float) -> str:
    """Lines of Python that run an optimizer on a function, or on an objective."""
    run = minimize_call(of, optimizer, budget)
    modules = "import bench, torch" if "torch.tensor(" in run else "import bench"
    return f"{modules}\nrun = {run}\nprint(run.best, run.best_x)"


def library_call(optimizer: str, of: Function, budget: float, pair: bool = False) -> str:
    """The same by the library's own call, "" where it is no library's, it is not told these settings, or it would take
    another function. pair: whether f gives (value, gradient)."""
    coordinates = of.coordinates
    plain = coordinates.numbers and coordinates.free.all() and not (coordinates.names or any(coordinates.log))
    entry = parse_entry(optimizer)
    definition = registry.OPTIMIZERS.get(entry.name)
    if not plain or of.maximize or of.noise or definition is None or definition.call is None:
        return ""
    values = registry.settings(definition, entry.setting())
    defaults = registry.settings(definition, {})
    function, slope = name_of(of.f, "f"), ""
    if isinstance(of.f, tuple):
        function, slope = name_of(of.f[0], "f"), name_of(of.f[1], "g")
    low, high, start = coordinates.low, coordinates.high, coordinates.start
    script = Script(
        f=f"(lambda x: {function}(x)[0])" if pair else function,
        slope=f"(lambda x: {function}(x)[1])" if pair else slope,
        both=function if pair else "",
        start="start" if is_tensor(of.start) or len(start) > SHORT else repr(start.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        scale=tuple(coordinates.domain.scales(len(start), start).tolist()),
        budget=int(budget),
        tensors=is_tensor(of.start),
        pairs="bounds" if isinstance(of.bounds, (list, tuple)) and np.ndim(of.bounds[0]) else "",
        values=values,
        changed=frozenset(name for name, value in values.items() if value != defaults[name]),
    )
    return definition.call(script)
