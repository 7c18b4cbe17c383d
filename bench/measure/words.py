"""Numbers and names as people read them."""

import math
from collections.abc import Mapping
from typing import Any


def number(value: float) -> str:
    """Three significant digits: `0.0123`, `12,300`, `1.23e+06`; ∞ where infinite and - where not known."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0 or 1e-3 <= abs(value) < 1000:
        return f"{value:.3g}"
    if 1000 <= abs(value) < 1e6:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.2e}"


def interval(low: float, high: float) -> str:
    """`[1.2, 3.4]`, and nothing where there is none."""
    return "" if math.isnan(low) else f"[{number(low)}, {number(high)}]"


def target_name(kind: str, target: float) -> str:
    """A target in short: `gap 1e-8`, `gap 2.5e-3`, or `1e-3 of gain`."""
    mantissa, _, exponent = f"{target:e}".partition("e")
    power = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"gap {power}" if kind == "gap" else f"{power} of gain"


def cell_name(problem: str, dim: int) -> str:
    """A problem with its dimension."""
    return f"{problem}, dim {dim}"


def counted(n: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def price_list(prices: Mapping[str, float], runs: Any) -> str:
    """The prices in words; that of a Jacobian where any of these runs asked for it."""
    names = {"value": "value", "gradient": "gradient with its value", "hessian_vector": "Hessian-vector product"}
    if "jacobian" in runs and runs.jacobian.any():
        names["jacobian"] = "column of a Jacobian"
    return ", ".join(f"{name} {prices[kind]:.3g}" for kind, name in names.items())


def target_list(frame: Any) -> str:
    """The targets of a frame with columns kind and target in words."""
    words = {
        "gap": "f ≤ f_opt + {} where the optimum is known",
        "share": "f ≤ f_best + {} (f_start - f_best) elsewhere",
    }
    found = []
    for kind, phrase in words.items():
        levels = sorted(frame.target[frame.kind == kind].unique(), reverse=True)
        if levels:
            some = f"{levels[0]:g}" if len(levels) == 1 else f"({levels[0]:g} to {levels[-1]:g}, {len(levels)} steps)"
            found.append(phrase.format(some))
    return ", ".join(found) or "none"


def setting_text(setting: Mapping[str, Any]) -> str:
    """Hyperparameters in a line: `lr=0.1, nesterov=True`."""
    return ", ".join(f"{key}={value_text(value)}" for key, value in setting.items())


def value_text(value: Any) -> str:
    """The value of a hyperparameter: `0.1`, `none`, `cosine`."""
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
