"""BBOB's 24 functions of whole and real numbers, as COCO's suite bbob-mixint defines them.

Source: Tušar, Brockhoff & Hansen 2019, doi:10.1145/3321707.3321868. Of each fifth of the coordinates there are 2, 4, 8
and 16 whole values; the last fifth is real. The whole values stand for equidistant points in (-4, 4), which are shifted
so that the optimum of the function is one of them.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from bench.core import Array, Domain, Objective, problem

from ..bbob import ill_conditioned, moderate, multimodal, separable, weak
from ..bbob.generator import MAX_DIM

SOURCE = "Tušar, Brockhoff & Hansen 2019, doi:10.1145/3321707.3321868"
VALUES = (2, 4, 8, 16)  # of the coordinates in the first, second, third and fourth fifth
REACH = 4.0  # whole values stand for points between -4 and 4
F20 = 4.2096874633  # twice |x_opt| of f20 as COCO aligns it; the function itself has 4.2096874637

# BBOB's groups, the number of each one's first function, and by what values are multiplied, so that equal targets are
# about equally hard
GROUPS = (
    (separable, 1, (1, 1e-3, 1e-1, 1e-1, 1)),
    (moderate, 6, (1e-2, 1, 1e-2, 1e-2)),
    (ill_conditioned, 10, (1e-3, 1e-2, 1e-4, 1e-1, 1)),
    (multimodal, 15, (1e-1, 1, 10, 1, 10)),
    (weak, 20, (1e-1, 1, 1, 10, 1e-1)),
)


def mixed(function: Callable[..., Objective], factor: float, dim: int, instance: int) -> Objective:
    """An instance of one of BBOB's functions with four fifths of its coordinates whole."""
    if dim % 5 or not 5 <= dim <= MAX_DIM:
        raise ValueError(f"dim must be a multiple of 5 and >= 5 and <= {MAX_DIM}, got {dim}")
    real = function(dim=dim, instance=instance)
    assert real.x_opt is not None and real.f_opt is not None
    values = np.repeat((*VALUES, 0), dim // 5)  # 0 for real coordinates
    whole = values > 0
    gap = 2 * REACH / (values + 1)
    first, width, last = -REACH + gap, 2 * (REACH - gap), np.where(whole, values - 1.0, 1.0)
    best = F20 / weak.SCHWEFEL_OPTIMUM * real.x_opt if function is weak.f20 else real.x_opt
    x_opt = np.where(whole, np.clip(np.floor(last * (best - first) / width + 1e-7 + 0.5), 0, last), real.x_opt)
    shift = np.where(whole, first + width * x_opt / last - best, 0)
    constants = {"whole": whole, "first": first, "width": width, "last": last, "shift": shift, "factor": float(factor)}
    return Objective(
        formula=of_whole(real.formula),
        constants={**constants, **{f"inner_{key}": value for key, value in real.constants.items()}},
        dim=dim,
        domain=Domain(
            np.where(whole, 0.0, -5.0),
            np.where(whole, last, 5.0),
            kinds=("integer",) * (dim // 5 * 4) + ("real",) * (dim // 5),
        ),
        order=0,
        f_opt=factor * real.f_opt,
        x_opt=x_opt,
        arrays="numpy",
    )


@cache  # so that all instances of a function have one and the same formula
def of_whole(formula: Callable[..., Array]) -> Callable[..., Array]:
    """x -> factor formula(y), where y is x but for whole coordinates, which are rounded into their range and placed."""

    def rounded(
        x: Array, whole: Array, first: Array, width: Array, last: Array, shift: Array, factor: Array, **inner: Array
    ) -> Array:
        k = np.clip(np.floor(x + 0.5), 0, last)
        y = np.where(whole, first + width * k / last - shift, x)
        return factor * formula(y, **{key.removeprefix("inner_"): value for key, value in inner.items()})

    return rounded


def register(number: int, factor: float, function: Callable[..., Objective]) -> None:
    """Register the mixed-integer version of one of BBOB's functions."""

    def make(dim: int = 10, instance: int = 1) -> Objective:
        return mixed(function, factor, dim, instance)

    make.__doc__ = f"{factor:g} times f{number} of BBOB, with four fifths of its coordinates whole. {function.__doc__}"
    make.__module__ = __name__
    problem(family="mixed", name=f"bbob-mixint-f{number:02d}", version=2, source=SOURCE)(make)


for _group, _first, _factors in GROUPS:
    for _number, _factor in enumerate(_factors, start=_first):
        register(_number, _factor, getattr(_group, f"f{_number:02d}"))
