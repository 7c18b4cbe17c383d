"""The quadratic bowl: the model of every smooth function near its minimum."""

from typing import Literal

import numpy as np

from bench.core import Array, Domain, Objective, problem

from .instances import random_rotation, random_shift, transform


@problem(family="quadratic", source="Nocedal & Wright 2006, section 3.3, doi:10.1007/978-0-387-40065-5")
def quadratic(
    dim: int = 10,
    condition: float = 100.0,
    spectrum: Literal["geometric", "linear", "two-level"] = "geometric",
    rotated: bool = False,
    instance: int = 1,
) -> Objective:
    """Half of (x - x_opt)^T H (x - x_opt), where the eigenvalues of H go from 1 to `condition`. Minimum 0 at x_opt.

    spectrum: how the eigenvalues lie between: in equal ratios, in equal steps, or half of them at either end.
    rotated: whether the axes of the bowl are random directions rather than the coordinates.
    Instance 1 has x_opt = 0; the others draw x_opt in [-4, 4]^dim. Each instance has a rotation of its own.
    """
    spread = eigenvalues(dim, condition, spectrum)
    rng = np.random.default_rng(instance)
    shift = random_shift(rng, dim, reach=4.0)
    x_opt = np.zeros(dim) if instance == 1 else shift
    constants = {"x_opt": x_opt, "eigenvalues": spread}
    if rotated:
        constants["axes"] = random_rotation(rng, dim)
    return Objective(
        formula=rotated_bowl if rotated else bowl,
        gradient=rotated_bowl_gradient if rotated else bowl_gradient,
        constants=constants,
        dim=dim,
        domain=Domain(-5.0, 5.0, scale=2.0),
        f_opt=0.0,
        x_opt=x_opt,
    )


def eigenvalues(dim: int, condition: float, spectrum: str) -> np.ndarray:
    """The spectrum (dim,), ascending from 1 to `condition`; with dim = 1 it is 1."""
    if dim < 1:
        raise ValueError(f"dim must be >= 1, got {dim}")
    if not 1 <= condition < np.inf:
        raise ValueError(f"condition must be >= 1 and finite, got {condition}")
    if spectrum == "geometric":
        return np.geomspace(1, condition, dim)
    if spectrum == "linear":
        return np.linspace(1, condition, dim)
    if spectrum == "two-level":
        return np.where(np.arange(dim) < (dim + 1) // 2, 1.0, condition)
    raise ValueError(f"spectrum must be geometric, linear or two-level, got {spectrum!r}")


def bowl(x: Array, x_opt: Array, eigenvalues: Array) -> Array:
    """1/2 sum of eigenvalues (x - x_opt)^2: x (*points, dim) -> (*points)."""
    return 0.5 * (eigenvalues * (x - x_opt) ** 2).sum(-1)


def bowl_gradient(x: Array, x_opt: Array, eigenvalues: Array) -> Array:
    """The gradient of `bowl`: x (*points, dim) -> (*points, dim)."""
    return eigenvalues * (x - x_opt)


def rotated_bowl(x: Array, x_opt: Array, eigenvalues: Array, axes: Array) -> Array:
    """The bowl in the coordinates axes^T (x - x_opt), whose columns are the eigenvectors of H."""
    return 0.5 * (eigenvalues * transform(axes.mT, x - x_opt) ** 2).sum(-1)


def rotated_bowl_gradient(x: Array, x_opt: Array, eigenvalues: Array, axes: Array) -> Array:
    """The gradient of `rotated_bowl`: x (*points, dim) -> (*points, dim)."""
    return transform(axes, eigenvalues * transform(axes.mT, x - x_opt))
