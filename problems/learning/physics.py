"""Networks that are told a differential equation in place of data: physics-informed ones."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from bench.core import Objective, problem

from .choices import check_choice

if TYPE_CHECKING:
    from torch import nn

Equation = Literal["poisson", "burgers"]
VISCOSITY = 0.01 / np.pi
GRID = 21  # points an axis at which the solution is tested
NODES = 100  # of a quadrature; with half as many the solution is the same to 1e-7


@problem(
    family="learning",
    source=(
        "Raissi, Perdikaris & Karniadakis 2019, doi:10.1016/j.jcp.2018.10.045; boundaries: Lagaris, Likas & Fotiadis "
        "1998, doi:10.1109/72.712178; Burgers: Basdevant et al. 1986, doi:10.1016/0045-7930(86)90036-8"
    ),
    needs=("torch",),
)
def physics_informed(
    equation: Equation = "poisson",
    width: int = 16,
    depth: int = 2,
    points: int = 200,
    waves: int = 1,
    instance: int = 1,
) -> Objective:
    """A network as the solution of a differential equation: the mean squared residual at random points. Not convex, ill
    conditioned, in float64. No values of the solution are given; train_error and test_error are the distance from the
    true one, relative to its norm, at those points and on a grid of 21 x 21.

    equation: "poisson", - u_xx - u_yy = g in the unit square with u = 0 around it, where g is such that u is
    sin(waves pi x) sin(waves pi y); or "burgers", u_t + u u_x = 0.01 / pi u_xx for x in [-1, 1] and t in [0, 1], with
    u = - sin(pi x) at t = 0 and 0 at both ends, which grows a front. What holds at the boundaries holds for every x.
    width, depth: of the hidden layers, of tanh. points: how many. Starts follow Glorot & Bengio 2010.
    The instance is the draw of the points.
    """
    check_choice("equation", equation, Equation)
    for name, number in (("width", width), ("depth", depth), ("points", points), ("waves", waves)):
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    low, high = ((-1.0, 0.0), (1.0, 1.0)) if equation == "burgers" else ((0.0, 0.0), (1.0, 1.0))
    inside = np.random.default_rng(instance).uniform(low, high, (points, 2))
    axes = [np.linspace(*ends, GRID) for ends in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)

    def net() -> "nn.Module":
        from ._modules import Burgers, Poisson

        layers = (2, *(width,) * depth, 1)
        return (Burgers(layers, VISCOSITY) if equation == "burgers" else Poisson(layers, waves)).double()

    from bench.core.modules.module import from_module

    from ._modules import mean_residual, relative_error

    train, test = ((x, solution(equation, x, waves)) for x in (inside, grid))
    return from_module(net, mean_residual, train, test, metrics={"error": relative_error})


def solution(equation: Equation, x: np.ndarray, waves: int = 1) -> np.ndarray:
    """The true solution at points (N, 2) -> (N,)."""
    if equation == "poisson":
        return np.sin(waves * np.pi * x).prod(-1)
    return burgers(x[:, 0], x[:, 1])


def burgers(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The solution of Burgers' equation at x (N,), t (N,) -> (N,), by the transform of Cole 1951 and Hopf 1950: a ratio
    of two integrals, here by the rule of Gauss and Hermite (Basdevant et al. 1986, equation 2.5)."""
    nodes, weights = np.polynomial.hermite.hermgauss(NODES)
    shifted = x[:, None] - np.sqrt(4 * VISCOSITY * t)[:, None] * nodes
    exponents = -np.cos(np.pi * shifted) / (2 * np.pi * VISCOSITY)
    kernel = weights * np.exp(exponents - exponents.max(-1, keepdims=True))  # the largest cancels
    u = -(kernel * np.sin(np.pi * shifted)).sum(-1) / kernel.sum(-1)
    return np.where(t > 0, u, -np.sin(np.pi * x))
