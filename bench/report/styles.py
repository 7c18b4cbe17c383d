"""How a curve looks: a hue for each order, shades and dashes for its optimizers; the same in every figure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.results.labels import TUNED

# Hues that colour-blind readers tell apart, of middle lightness for light and dark pages; four shades and five dashes
# have no common divisor, so that 20 optimizers of an order differ in one or the other.
SHADES = {
    0: ("#d55e00", "#e69f00", "#b85c1e", "#f0814a"),
    1: ("#2171c7", "#56b4e9", "#7169d8", "#8aa4f0"),
    2: ("#00805a", "#4cb782", "#6b9a1e", "#9ccc65"),
}
DASHES: dict[str, tuple[float, ...]] = {  # Plotly's name: matplotlib's pattern
    "solid": (),
    "dash": (5, 2),
    "dot": (1, 1.2),
    "dashdot": (5, 2, 1, 2),
    "longdash": (9, 2),
}
WIDE = 4
FEELS = {0: "height", 1: "slope", 2: "curvature"}


@dataclass(frozen=True)
class Style:
    """Colour (hexadecimal) and dash (a key of DASHES) of a curve, its order, and its width."""

    color: str
    dash: str
    order: int
    width: float = 2


def optimizer_styles(pairs: Iterable[tuple[str, int]]) -> dict[str, Style]:
    """A style for each (optimizer, order), by its place among the names of its order; a tuned one looks like its
    default, only wider."""
    styles: dict[str, Style] = {}
    seen: dict[int, int] = {}
    for name, order in sorted(set(pairs), key=lambda pair: (pair[1], pair[0])):
        default = styles.get(name.removesuffix(TUNED))
        if default is not None:
            styles[name] = replace(default, width=WIDE)
            continue
        place = seen[order] = seen.get(order, -1) + 1
        shades = SHADES[order]
        styles[name] = Style(shades[place % len(shades)], list(DASHES)[place % len(DASHES)], order)
    return styles


def order_name(order: int) -> str:
    """An order and what its methods feel: `order 1, slope`."""
    return f"order {order}, {FEELS[order]}"


def order_styles() -> dict[str, Style]:
    """A style for each order, by its name."""
    return {order_name(order): Style(shades[0], "solid", order) for order, shades in SHADES.items()}
