"""What `compare` prints at its end: the answer in a sentence, the medians at the budget, and the lines that run the
winner."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core.arrays import is_tensor
from bench.functions import as_box
from bench.measure import words

if TYPE_CHECKING:
    from bench.results.stored import Results

SHORT = 12  # coordinates up to which a start and bounds are written out
METHODS = {  # of scipy.optimize.minimize
    "scipy-bfgs": "BFGS",
    "scipy-cg": "CG",
    "scipy-cobyla": "COBYLA",
    "scipy-cobyqa": "COBYQA",
    "scipy-lbfgsb": "L-BFGS-B",
    "scipy-nelder-mead": "Nelder-Mead",
    "scipy-powell": "Powell",
    "scipy-slsqp": "SLSQP",
    "scipy-tnc": "TNC",
}
UNBOUNDED = ("scipy-bfgs", "scipy-cg")  # take no bounds
SLOPES = ("scipy-bfgs", "scipy-cg", "scipy-lbfgsb", "scipy-slsqp", "scipy-tnc")  # ask for gradients


def answer(results: "Results", f: Any, start: Any, bounds: Any, budget: float, pair: bool) -> str:
    """The sentence, the table and the code for results of `compare`, which was given f, start, bounds and budget; pair:
    whether f gives (value, gradient)."""
    best = results.best()
    texts = [best.sentence, medians(results)]
    if not best.optimizer:
        texts[:1] = [" ".join([best.sentence, *map(words.why_failed, results.failures.head(1).itertuples())])]
    else:
        texts += [f"To run it:\n{code(best.optimizer, f, start, bounds, budget)}"]
        if call := not pair and library_call(best.optimizer, f, start, bounds, budget):
            texts += [f"Or by its library's own call, with that one's tolerances, units and end:\n{call}"]
    return "\n\n".join(texts)


def medians(results: "Results") -> str:
    """Median and quartiles at the budget, the lowest first."""
    table: Any = results.values_at_budget().sort_values("median", kind="stable")
    if not np.isfinite(table["median"].astype(float)).any():
        return "No optimizer has a finite median at the budget."
    width = max(map(len, table.optimizer))
    kind = "f - f_opt" if (table.kind == "gap").any() else "f"
    lines = [f"Median and quartiles of {kind} at a cost of {words.number(table.budget.max())}:"]
    lines += [f"  {row.optimizer:<{width}}  {words.value_entry(row)}" for row in table.itertuples()]
    return "\n".join(filter(None, [*lines, words.lowest("*", table)]))


def code(optimizer: str, f: Any, start: Any, bounds: Any, budget: float) -> str:
    """Lines of Python that run an optimizer on a function."""
    function, start_text, bounds_text = _texts(f, start, bounds)
    box = "" if bounds is None else f", bounds={bounds_text}"
    arguments = f'{function}, "{optimizer}", start={start_text}{box}, budget={float(budget):.12g}'
    return f"  import bench\n  run = bench.minimize({arguments})\n  print(run.best, run.best_x)"


def library_call(optimizer: str, f: Any, start: Any, bounds: Any, budget: float) -> str:
    """The same by the library's own call, "" where it is no library's, or the settings are not its
    own; f: a function that gives a value, or a pair of functions."""
    if is_tensor(start):
        return ""
    dim = len(np.atleast_1d(start))
    low, high = as_box(bounds, dim)
    if (low == high).any():
        return ""
    function, start_text, bounds_text = _texts(f, start, bounds)
    slope = ""
    if isinstance(f, tuple):
        function, slope = _name(f[0], "f"), f", jac={_name(f[1], 'g')}"
    if optimizer in METHODS:
        box = "" if bounds is None or optimizer in UNBOUNDED else f", bounds={bounds_text}"
        if box and isinstance(bounds, (list, tuple)) and np.ndim(bounds[0]) == 0:
            box = f", bounds=[{bounds_text}] * {dim}"
        slope = slope if optimizer in SLOPES else ""
        call = f'scipy.optimize.minimize({function}, {start_text}, method="{METHODS[optimizer]}"{slope}{box})'
        return f"  import scipy.optimize\n  result = {call}\n  print(result.fun, result.x)"
    library, _, name = optimizer.partition("-")
    if library == "nevergrad" and "[" not in name and bounds is None:
        space = f"nevergrad.p.Array(init={start_text})"
        method = f'nevergrad.optimizers.registry["{name}"]({space}, budget={int(budget)})'
        return f"  import nevergrad\n  result = {method}.minimize({function})\n  print(result.value)"
    return ""


def _texts(f: Any, start: Any, bounds: Any) -> tuple[str, str, str]:
    function = f"({_name(f[0], 'f')}, {_name(f[1], 'g')})" if isinstance(f, tuple) else _name(f, "f")
    plain = not is_tensor(start) and np.size(start) <= SHORT
    start_text = repr(np.atleast_1d(start).tolist()) if plain else "start"
    return function, start_text, repr(bounds) if plain and isinstance(bounds, (list, tuple)) else "bounds"


def _name(function: Any, other: str) -> str:
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else other
