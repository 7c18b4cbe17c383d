"""What toys share: a decorator turns a textbook formula into a problem with a box, an optimum and shifted instances."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Domain, Objective, problem

from ..instances import GRID

Point = float | Sequence[float] | np.ndarray  # one number serves all coordinates
Box = tuple[Point, Point]
Start = Callable[[np.random.Generator], np.ndarray]


def toy(
    *,
    source: str,
    box: Box | Callable[[int], Box],
    x_opt: Point | Callable[[int], Point] = 0.0,
    f_opt: float | Callable[[int], float] = 0.0,
    dim: int = 2,
    least: int | None = None,
    multiple: int = 1,
    constants: Mapping[str, np.ndarray] | None = None,
    gradient: Callable[[Array], Array] | None = None,
    start: Callable[..., np.ndarray] | None = None,
    boxed: bool = False,
    reach: float | None = None,
    scale: float | None = None,
    version: int = 1,
) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """Register landscape(z, **constants), z (*points, dim) -> (*points), in its textbook position.

    dim: the only one; where `least` is given, the default of the parameter `dim`, which takes all numbers from there
    that are a multiple of `multiple`. box, x_opt, f_opt: what holds in dim dimensions, or functions of dim.
    version: of the problem. The other arguments are those of `placed`; start(rng, dim) is in the textbook position.
    """

    def register(landscape: Callable[..., Array]) -> Callable[..., Array]:
        formula = penalised_outside(landscape) if boxed else moved(landscape)
        slope = None if gradient is None else moved(gradient)

        def build(size: int, instance: int) -> Objective:
            if size < (least or 1) or size % multiple:
                raise ValueError(f"dim must be {f'a multiple of {multiple}, ' * (multiple > 1)}>= {least}, got {size}")
            return placed(
                formula,
                dim=size,
                instance=instance,
                box=box(size) if callable(box) else box,
                x_opt=x_opt(size) if callable(x_opt) else x_opt,
                f_opt=f_opt(size) if callable(f_opt) else f_opt,
                constants=constants or {},
                gradient=slope,
                start=None if start is None else partial(start, dim=size),
                boxed=boxed,
                reach=reach,
                scale=scale,
            )

        def of_any_size(dim: int = dim, instance: int = 1) -> Objective:
            return build(dim, instance)

        def of_one_size(instance: int = 1) -> Objective:
            return build(dim, instance)

        make = of_one_size if least is None else of_any_size
        make.__name__, make.__doc__, make.__module__ = landscape.__name__, landscape.__doc__, landscape.__module__
        problem(family="toys", source=source, version=version)(make)
        return landscape

    return register


def placed(
    formula: Callable[..., Array],
    *,
    dim: int,
    instance: int,
    box: Box,
    x_opt: Point,
    f_opt: float = 0.0,
    constants: Mapping[str, Any] | None = None,
    gradient: Callable[..., Array] | None = None,
    start: Start | None = None,
    boxed: bool = False,
    reach: float | None = None,
    scale: float | None = None,
) -> Objective:
    """An instance of formula(x, shift, **constants): instance 1 in its textbook position, the others shifted.

    The box stays where it is: a coordinate is shifted by at most `reach` (a quarter of the box's width), and never so
    far that the optimum leaves the box. x_opt, f_opt, start(rng): in the textbook position.
    boxed: that the function has its minimum only within the box, and the formula comes from `penalised_outside`.
    scale: of the domain; a fifth of each of the box's widths.
    """
    low, high, best = (np.array(np.broadcast_to(point, dim), dtype=np.float64) for point in (*box, x_opt))
    width = high - low
    shift = _shift(instance, low - best, high - best, width / 4 if reach is None else reach)
    return Objective(
        formula=formula,
        gradient=gradient,
        constants={"shift": shift, **({"low": low, "high": high} if boxed else {}), **(constants or {})},
        dim=dim,
        domain=Domain(low, high, scale=scale),
        start=None if start is None else lambda rng: shift + start(rng),
        f_opt=f_opt,
        x_opt=best + shift,
    )


def _shift(instance: int, down: np.ndarray, up: np.ndarray, reach: float | np.ndarray) -> np.ndarray:
    """None for instance 1; else one (dim,) within reach and from down to up, drawn on the grid of `random_shift`."""
    if instance == 1:
        return np.zeros(len(up))
    least, most = np.ceil(GRID * np.maximum(-reach, down)), np.floor(GRID * np.minimum(reach, up))
    return np.round(np.random.default_rng(instance).uniform(least, most)) / GRID


def moved(landscape: Callable[..., Array]) -> Callable[..., Array]:
    """x, shift -> landscape(x - shift)."""

    def formula(x: Array, shift: Array, **constants: Array) -> Array:
        return landscape(x - shift, **constants)

    return formula


def penalised_outside(landscape: Callable[..., Array]) -> Callable[..., Array]:
    """x, shift -> landscape(x - shift) within its textbook box [low, high]; beyond, the value at the nearest point of
    the box plus the distance to it in the 1-norm, so that no lower value comes into reach when the function is shifted.
    """

    def formula(x: Array, shift: Array, low: Array, high: Array, **constants: Array) -> Array:
        xp = array_namespace(x)
        z = x - shift
        nearest = xp.where(z > high, high, xp.where(z < low, low, z))
        return landscape(nearest, **constants) + xp.abs(z - nearest).sum(-1)

    return formula


def positive(**lengths: float) -> None:
    """Raise ValueError for a parameter that is not a positive, finite number."""
    for name, value in lengths.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {value}")


def one_to_dim(z: Array) -> Array:
    """The coordinates' numbers 1 ... dim, an array (dim,) like z (..., dim)."""
    return array_namespace(z).arange(1, z.shape[-1] + 1, dtype=z.dtype, device=z.device)


def norm(z: Array) -> Array:
    """The Euclidean length of z (..., dim) -> (...). Its gradient at 0, where there is none, counts as 0."""
    return array_namespace(z).linalg.vector_norm(z, axis=-1)


def root(u: Array) -> Array:
    """The square root of |u|, element by element. Its derivative at 0, where there is none, counts as 0."""
    xp = array_namespace(u)
    return xp.where(u == 0, xp.zeros_like(u), xp.sqrt(xp.abs(xp.where(u == 0, xp.ones_like(u), u))))
