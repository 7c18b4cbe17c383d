"""BBOB's functions f1, f8 and f15, each a short formula in the notation of Hansen, Finck, Ros & Auger 2009."""

from collections.abc import Callable, Mapping

import numpy as np

from bench.core import Array, Domain, Objective, problem
from problems import landscapes
from problems.bbob import generator
from problems.bbob.transforms import asymmetric, conditioning, oscillate
from problems.instances import transform

SOURCE = "Hansen, Finck, Ros & Auger 2009, hal:inria-00362633"


def build(
    function: int,
    formula: Callable[..., Array],
    x_opt: np.ndarray,
    instance: int,
    constants: Mapping[str, np.ndarray] | None = None,
    gradient: Callable[..., Array] | None = None,
) -> Objective:
    """An instance in BBOB's box; x_opt and f_opt are constants of every formula."""
    f_opt = generator.offset(function, instance)
    return Objective(
        formula=formula,
        gradient=gradient,
        constants={"x_opt": x_opt, "f_opt": f_opt, **(constants or {})},
        dim=len(x_opt),
        domain=Domain(-5.0, 5.0, scale=2.0),
        start=lambda rng: rng.uniform(-4.0, 4.0, len(x_opt)),
        f_opt=f_opt,
        x_opt=x_opt,
    )


def seed_of(function: int, dim: int, instance: int) -> int:
    """The seed of an instance; raises ValueError where BBOB has no such dimension or instance."""
    if not 2 <= dim <= generator.MAX_DIM:
        raise ValueError(f"dim must be in 2 ... {generator.MAX_DIM}, got {dim}")
    return generator.instance_seed(function, instance)


@problem(family="bbob", name="bbob-f01", source=SOURCE)
def f01(dim: int = 10, instance: int = 1) -> Objective:
    """Sphere: |x - x_opt|^2 + f_opt."""
    x_opt = generator.optimum(dim, seed_of(1, dim, instance))
    return build(1, sphere, x_opt, instance, gradient=sphere_gradient)


def sphere(x: Array, x_opt: Array, f_opt: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return ((x - x_opt) ** 2).sum(-1) + f_opt


def sphere_gradient(x: Array, x_opt: Array, f_opt: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    return 2 * (x - x_opt)


@problem(family="bbob", name="bbob-f08", source=SOURCE)
def f08(dim: int = 10, instance: int = 1) -> Objective:
    """Rosenbrock, original: of z = x - x_opt + 1, plus f_opt, with x_opt in [-3, 3]^dim.

    The definition's factor max(1, sqrt(dim) / 8) before x is 1 in all of BBOB's dimensions.
    """
    x_opt = 0.75 * generator.optimum(dim, seed_of(8, dim, instance))
    return build(8, rosenbrock, x_opt, instance, gradient=rosenbrock_gradient)


def rosenbrock(x: Array, x_opt: Array, f_opt: Array) -> Array:
    """x (*points, dim) -> (*points)."""
    return landscapes.rosenbrock(x - x_opt + 1) + f_opt


def rosenbrock_gradient(x: Array, x_opt: Array, f_opt: Array) -> Array:
    """x (*points, dim) -> (*points, dim)."""
    return landscapes.rosenbrock_gradient(x - x_opt + 1)


@problem(family="bbob", name="bbob-f15", source=SOURCE)
def f15(dim: int = 10, instance: int = 1) -> Objective:
    """Rastrigin, rotated: of z = R Lambda^10 Q T_asy^0.2(T_osz(R (x - x_opt))), plus f_opt."""
    seed = seed_of(15, dim, instance)
    rotation = generator.rotation(dim, seed + generator.SECOND)
    mixing = rotation @ np.diag(conditioning(dim, 10.0)) @ generator.rotation(dim, seed)
    return build(
        15, rastrigin, generator.optimum(dim, seed), instance, constants={"rotation": rotation, "mixing": mixing}
    )


def rastrigin(x: Array, x_opt: Array, f_opt: Array, rotation: Array, mixing: Array) -> Array:
    """x (*points, dim) -> (*points); rotation is R, mixing R Lambda^10 Q."""
    z = transform(mixing, asymmetric(oscillate(transform(rotation, x - x_opt)), 0.2))
    return landscapes.rastrigin(z) + f_opt
