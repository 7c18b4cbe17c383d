"""An instance of a BBOB function as an `Objective`: its shape, raised to f_opt and fenced by a penalty."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Literal

import numpy as np

from bench.core import Array, Domain, Objective

from . import generator
from .transforms import outside

SOURCE = "Hansen, Finck, Ros & Auger 2009, hal:inria-00362633"
BOX = Domain(-5.0, 5.0, scale=2.0, hard=False)  # as COCO has it, points outside count

Shape = Callable[..., Array]


def build(
    function: int,
    instance: int,
    shape: Shape,
    x_opt: np.ndarray,
    constants: Mapping[str, Array],
    *,
    penalty: float = 0.0,
    gradient: Shape | None = None,
    order: Literal[0, 1, 2] = 2,
) -> Objective:
    """The objective shape(x, **constants) + penalty f_pen(x) + f_opt in BBOB's box.

    shape: x (*points, dim) -> (*points), with minimum 0 at x_opt. gradient: that of a shape without penalty.
    """
    dim, f_opt = len(x_opt), generator.offset(function, instance)
    return Objective(
        formula=raised(shape, penalty),
        gradient=None if gradient is None else without_offset(gradient),
        constants={"f_opt": f_opt, **constants},
        dim=dim,
        order=order,
        domain=BOX,
        start=lambda rng: rng.uniform(-4.0, 4.0, dim),
        f_opt=f_opt,
        x_opt=x_opt,
    )


@cache  # so that all instances of a function have one and the same formula
def raised(shape: Shape, penalty: float) -> Shape:
    """x, f_opt, constants -> shape(x) + penalty f_pen(x) + f_opt."""
    if penalty:
        return lambda x, f_opt, **constants: shape(x, **constants) + penalty * outside(x) + f_opt
    return lambda x, f_opt, **constants: shape(x, **constants) + f_opt


@cache
def without_offset(gradient: Shape) -> Shape:
    """x, f_opt, constants -> gradient(x): an offset has no slope."""
    return lambda x, f_opt, **constants: gradient(x, **constants)


def seed_of(function: int, dim: int, instance: int) -> int:
    """The seed of an instance; raises ValueError where BBOB has no such dimension or instance."""
    if not 2 <= dim <= generator.MAX_DIM:
        raise ValueError(f"dim must be in 2 ... {generator.MAX_DIM}, got {dim}")
    return generator.instance_seed(function, instance)
