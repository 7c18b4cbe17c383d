"""What the 35 problems share: the way from a vector of residuals and a standard start to an objective."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Literal, get_args

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Domain, Objective, problem

from ..instances import random_shift

Start = Literal["around", "standard"]
NEAR = 0.05  # how far "around" reaches, as a part of each coordinate

mgh = partial(problem, family="mgh", source="Moré, Garbow & Hillstrom 1981, doi:10.1145/355934.355936")


def build(
    residuals: Callable[..., Array],
    standard: list[float] | np.ndarray,
    start: Start,
    start_factor: float,
    instance: int,
    *,
    least: tuple[float | None, list[float] | np.ndarray | None],
    constants: Mapping[str, np.ndarray] | None = None,
    scale: float | list[float] | None = 1.0,
) -> Objective:
    """The sum of squares of residuals(x - shift, **constants): x (*points, dim) -> (*points, m).

    standard: the paper's start (dim,), without the shift.
    least: the minimum and a point (dim,) that has it, without the shift; None for what is not known.
    start: "standard" is start_factor times the paper's start for every seed; "around" moves each of its coordinates by
        at most 5 % of itself, or by 0.05 where it is 0. The paper takes the factors 1, 10 and 100; where its start is
        0, as MINPACK does, it is a vector of start_factor throughout unless that is 1.
    instance: 1 has no shift; the others draw one of at most 2 a coordinate, which moves starts and optima alike.
    scale: of the domain; None for the size of each coordinate of the paper's start, 1 where that is 0.
    """
    if start not in get_args(Start):
        raise ValueError(f"start must be one of {', '.join(get_args(Start))}, got {start!r}")
    if not 0 < start_factor < np.inf:
        raise ValueError(f"start_factor must be positive and finite, got {start_factor}")
    textbook = start_factor * np.array(standard, dtype=np.float64)
    if start_factor != 1 and not textbook.any():
        textbook += start_factor
    dim = len(textbook)
    shift = np.zeros(dim) if instance == 1 else random_shift(np.random.default_rng(instance), dim, reach=2.0)
    reach = NEAR * np.where(textbook == 0, 1.0, np.abs(textbook)) if start == "around" else np.zeros(dim)
    moved = shifted(residuals)
    f_opt, x_opt = least
    return Objective(
        formula=sum_of_squares(moved),
        residuals=moved,
        constants={"shift": shift, **(constants or {})},
        dim=dim,
        domain=Domain(scale=Domain().scales(dim, np.asarray(standard)) if scale is None else scale),
        start=lambda rng: shift + textbook + reach * rng.uniform(-1.0, 1.0, dim),
        f_opt=f_opt,
        x_opt=None if x_opt is None else shift + np.asarray(x_opt, dtype=np.float64),
    )


@cache
def shifted(residuals: Callable[..., Array]) -> Callable[..., Array]:
    """The residuals of x - shift; always the same function for the same residuals, as a stack of instances needs."""
    return lambda x, shift, **constants: residuals(x - shift, **constants)


@cache
def sum_of_squares(residuals: Callable[..., Array]) -> Callable[..., Array]:
    """The formula of a least-squares problem: x (*points, dim) -> (*points)."""
    return lambda x, **constants: (residuals(x, **constants) ** 2).sum(-1)


def coordinates(x: Array) -> list[Array]:
    """x (*points, dim) -> its dim coordinates, each (*points, 1), so that they meet constants (m,)."""
    return [x[..., i : i + 1] for i in range(x.shape[-1])]


def join(*parts: Array) -> Array:
    """Residuals (*points, m_1), (*points, m_2), ... as one vector (*points, m_1 + m_2 + ...)."""
    return array_namespace(*parts).concat(parts, axis=-1)


def at_least(name: str, value: int, low: int) -> None:
    """Raises ValueError where a parameter is below its lower limit."""
    if value < low:
        raise ValueError(f"{name} must be >= {low}, got {value}")


def root(residuals: Callable[..., Array], standard: np.ndarray, **constants: np.ndarray) -> np.ndarray:
    """A point (dim,) where dim residuals that are polynomials vanish: Newton's method from the standard start.

    The Jacobian is exact: the imaginary part of the residuals at x + i h e_j, for an h whose square vanishes beside 1.
    Source: Squire & Trapp 1998, doi:10.1137/S003614459631241X.
    """
    x, h, step = np.array(standard), 1e-30, np.full(len(standard), np.inf)
    for _ in range(50):
        if np.abs(step).max() <= 1e-8 * np.abs(x).max():  # the next would be about its square
            return x
        jacobian = residuals(x + 1j * h * np.eye(len(x)), **constants).imag.T / h
        step = np.linalg.solve(jacobian, residuals(x, **constants))
        x = x - step
    raise ArithmeticError(f"no root found: the last step is {np.abs(step).max()}")
