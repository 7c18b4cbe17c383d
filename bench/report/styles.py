"""How a curve looks: colours and dashes for the optimizers of each order; the same in every figure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.results.labels import TUNED

# Warm colours for order 0, blue to purple for 1, green for 2. Those of an order, and those of one place, differ for
# colour-blind readers, too: under normal sight, protanopia, deuteranopia and tritanopia (Machado et al. 2009,
# doi:10.1109/TVCG.2009.113) they are at least 0.08 apart in Oklab (Ottosson 2020), where black and white are 1 apart.
# They have a contrast of 2 on light and on dark pages. Four of them and five dashes have no common divisor, so that 20
# optimizers of an order differ in one or the other, and the first four in both.
SHADES = {
    0: ("#dd7210", "#e498ad", "#874c19", "#cd315a"),
    1: ("#1b86e5", "#84538d", "#4436dd", "#afa4e8"),
    2: ("#168571", "#4a5c08", "#36c3b4", "#53a527"),
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
