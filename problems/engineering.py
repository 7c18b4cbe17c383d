"""Problems of engineers that Nevergrad models: layers of glass, a year of fishing, power plants.

Source: Rapin & Teytaud 2018, https://github.com/facebookresearch/nevergrad, whose own code answers.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.core import Domain, Objective, problem

NEVERGRAD = "Rapin & Teytaud 2018, https://github.com/facebookresearch/nevergrad"
LAYERS = f"Aliou Barry et al. 2018, arXiv:1808.04689; {NEVERGRAD}"
THICKNESS = (30.0, 180.0)  # nm


def each(f: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """f of one vector (dim,) as a function of x (*points, dim) -> (*points); NaN where x is."""

    def formula(x: np.ndarray) -> np.ndarray:
        rows = x.reshape(-1, x.shape[-1])
        values = [np.nan if np.isnan(row).any() else float(f(row)) for row in rows]
        return np.array(values, dtype=np.float64).reshape(x.shape[:-1])[()]

    return formula


def built(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of Nevergrad builds, which warns of narrow bounds in a space that is not used here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def even(dim: int) -> None:
    if dim < 2 or dim % 2:
        raise ValueError(f"dim must be even and >= 2, got {dim}")


@problem(family="engineering", source=LAYERS, needs=("nevergrad",))
def bragg_mirror(dim: int = 10, instance: int = 1) -> Objective:
    """The light of 600 nm that a stack of glass layers lets through, from 0 to 1: a mirror reflects all.

    x: the squared refractive index of each of dim / 2 layers, from 2 to 3, then its thickness in nm, from 30 to 180.
    All instances are the same. Minimum not known.
    """
    from nevergrad.functions.photonics import Photonics

    even(dim)
    half = dim // 2
    low, high = (np.repeat(ends, half) for ends in ((2.0, THICKNESS[0]), (3.0, THICKNESS[1])))
    return Objective(each(built(Photonics, "bragg", dim)), dim, Domain(low, high), order=0, arrays="numpy")


@problem(family="engineering", source=LAYERS, needs=("nevergrad",))
def chirped_mirror(dim: int = 8, instance: int = 1) -> Objective:
    """The light of 500 to 800 nm that a stack of two alternating glasses lets through, from 0 to 1.

    x: the thickness of each layer in nm, from 30 to 180. All instances are the same. Minimum not known.
    """
    from nevergrad.functions.photonics import Photonics

    even(dim)
    return Objective(each(built(Photonics, "chirped", dim)), dim, Domain(*THICKNESS), order=0, arrays="numpy")


@problem(family="engineering", source=NEVERGRAD, needs=("nevergrad",))
def fishing(dim: int = 12, days: int = 365, instance: int = 1) -> Objective:
    """The dogfish caught in a year, with a minus: too much effort early leaves none (Lotka & Volterra's equations).

    x: the effort, from 0 to 2, in each of dim periods of the days, which are as equal as they can be; Nevergrad's own
    has one a day. All instances are the same. Minimum not known.
    """
    from nevergrad.functions.fishing import OptimizeFish

    if days < 1:
        raise ValueError(f"days must be >= 1, got {days}")
    if not 1 <= dim <= days:
        raise ValueError(f"dim must be >= 1 and <= {days}, the days, got {dim}")
    period, year = np.arange(days) * dim // days, built(OptimizeFish, days)
    return Objective(each(lambda x: year(x[period])), dim, Domain(0.0, 2.0), order=0, arrays="numpy")


@problem(
    family="engineering",
    source=f"Kantor, https://jckantor.github.io/ND-Pyomo-Cookbook; {NEVERGRAD}",
    needs=("nevergrad",),
)
def unit_commitment(hours: int = 2, generators: int = 3, instance: int = 1) -> Objective:
    """The cost of power plants that must meet a demand, each off or between 60 and 100 % of its power.

    x: the output of each plant in each hour, then whether it is on in each (0 or 1): dim is 2 hours generators. What is
    missed of demand and of limits costs 10,000 a unit. The instance draws demands and costs. Minimum not known.
    """
    from nevergrad.functions.unitcommitment import UnitCommitmentProblem

    for name, number in (("hours", hours), ("generators", generators)):
        if number < 1:
            raise ValueError(f"{name} must be >= 1, got {number}")
    state = np.random.get_state()  # it draws from NumPy's global generator
    np.random.seed(instance)
    try:
        plants = built(UnitCommitmentProblem, "semi-continuous", hours, generators)
    finally:
        np.random.set_state(state)
    n = hours * generators

    def cost(x: np.ndarray) -> float:
        output = x[:n].reshape(generators, hours)
        return plants(operational_output=output, operational_states=np.rint(x[n:]).astype(int))

    domain = Domain(0.0, np.repeat([plants.p_max, 1.0], n), kinds=("real",) * n + ("integer",) * n)
    return Objective(each(cost), 2 * n, domain, order=0, arrays="numpy")
