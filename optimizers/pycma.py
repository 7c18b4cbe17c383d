"""The bridge to pycma: CMA-ES by its author's library, alone and with two schemes of restarts.

A population is one question. All is in units of the domain's scale, so that steps begin with it in every coordinate.
Each start beyond the first is drawn as the problem's own are. Hard bounds are pycma's own option `bounds`, with its
default way (BoundTransform); soft ones, of a box where methods begin and outside which points count, are not told, as
the library's users call it on BBOB.
"""

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from bench.core import Oracle, optimizer

from .hyperparameters import Population, Sigma
from .scripts import by_cma
from .units import Units

if TYPE_CHECKING:
    from cma import CMAEvolutionStrategy

HANSEN = "Hansen 2016, arXiv:1604.00772"
SILENT = {"verbose": -9, "verb_log": 0, "verb_disp": 0, "signals_filename": None}  # it reads and writes no files
WORST = 1e100  # told in place of NaN and infinity


def default_population(dim: int) -> int:
    """4 + floor(3 ln dim) points (Hansen 2016, eq. 48)."""
    return 4 + int(3 * np.log(dim))


def descend(oracle: Oracle, sigma: float, population: int, iterations: float = inf) -> int:
    """Run CMA-ES from x0 until one of pycma's own criteria stops it; answers with the evaluations that it took.

    sigma: the first standard deviation, in scales. Its mean is recommended where answers are noisy.
    """
    import cma

    units = Units(oracle)
    options = {
        **SILENT,
        "popsize": population,
        "seed": float("nan"),  # else it seeds NumPy's generator
        "randn": lambda *shape: oracle.rng.standard_normal(shape),
    }
    u = units.x0
    if not units.open:
        options["bounds"] = [units.low.tolist(), units.high.tolist()]
        u = np.clip(u, units.low, units.high)
    if iterations < inf:
        options["maxiter"] = iterations
    method: CMAEvolutionStrategy = cma.CMAEvolutionStrategy(u, sigma, options)
    while not method.stop():
        points = method.ask()
        f = units.value(np.array(points))
        method.tell(points, np.where(np.isfinite(f), f, WORST))
        if units.noisy:
            units.recommend(method.result.xfavorite)
    return method.countevals


@optimizer(order=0, needs=("cma",), version=2, source=HANSEN, call=by_cma())
def pycma(oracle: Oracle, *, sigma: Sigma = 1.0, population: Population = None) -> None:
    """CMA-ES with active adaptation; it returns when one of its own criteria says that it has converged.

    sigma: the first standard deviation, in scales of the domain. population: points an iteration, None for
    4 + floor(3 ln dim).
    """
    descend(oracle, sigma, population or default_population(oracle.dim))


@optimizer(
    order=0,
    needs=("cma",),
    version=2,
    source=f"Auger & Hansen 2005, doi:10.1109/CEC.2005.1554902; {HANSEN}",
    call=by_cma(", restarts=9"),
)
def pycma_ipop(oracle: Oracle, *, sigma: Sigma = 1.0, population: Population = None) -> None:
    """CMA-ES, restarted at a new start with twice the population whenever it has converged.

    sigma: the first standard deviation, in scales of the domain. population: points an iteration at first, None for
    4 + floor(3 ln dim).
    """
    population = population or default_population(oracle.dim)
    while True:
        descend(oracle, sigma, population)
        population *= 2
        oracle.restart()


@optimizer(
    order=0,
    needs=("cma",),
    version=2,
    source=f"Hansen 2009, doi:10.1145/1570256.1570333; {HANSEN}",
    call=by_cma(", restarts=9, bipop=True"),
)
def pycma_bipop(oracle: Oracle, *, sigma: Sigma = 1.0, population: Population = None) -> None:
    """CMA-ES, restarted with large or small populations, whichever have used less of the budget.

    The first run counts for neither. Large populations double. Small ones are drawn between the first and half of the
    last large one, with a first standard deviation drawn down to a hundredth of sigma, and end at half the evaluations
    of the last large run (Hansen 2009, section 2).

    sigma: the first standard deviation, in scales of the domain. population: points an iteration at first, None for
    4 + floor(3 ln dim).
    """
    first = large = population or default_population(oracle.dim)
    used_by_large = used_by_small = last = 0
    descend(oracle, sigma, first)
    while True:
        oracle.restart()
        if used_by_large <= used_by_small:
            large *= 2
            last = descend(oracle, sigma, large)
            used_by_large += last
        else:
            u, v = oracle.rng.random(2)
            small = int(first * (0.5 * large / first) ** (u**2))
            used_by_small += descend(oracle, sigma * 10 ** (-2 * v), small, iterations=last // (2 * small))
