"""Bridges to NLopt: the methods that SciPy has not. All is in units of the domain's scale.

A method that returns has met its tolerance, and the run begins anew at another start. NLopt's generator is seeded for
each run.
"""

from contextlib import suppress
from typing import Any

import numpy as np

from bench.core import Oracle, optimizer

from .generators import nlopt_seeded
from .hyperparameters import Population, Step, Tolerance
from .scipy_derivative_free import HUGE
from .scipy_global import box, value
from .scripts import by_nlopt
from .units import Units

NLOPT = "Johnson 2007, https://github.com/stevengj/nlopt"


def minimize(units: Units, method: str, bounds: Any, **options: Any) -> None:
    """Ask NLopt's method of that name from the start until it returns.

    bounds: a pair a coordinate. options: for its setters, by name. What a question raises goes round NLopt, some of
    whose methods ask on after an error, and is raised at the end.
    """
    import nlopt  # pyright: ignore[reportMissingImports] # where the extra is not installed

    f = value(units)
    algorithm = nlopt.opt(getattr(nlopt, method), units.dim)
    errors: list[BaseException] = []

    def asked(u: np.ndarray, _: np.ndarray) -> float:
        if not errors:
            try:
                return f(u.copy())
            except BaseException as error:
                errors.append(error)
                algorithm.force_stop()
        return HUGE

    low, high = np.transpose(bounds)
    algorithm.set_lower_bounds(low)
    algorithm.set_upper_bounds(high)
    algorithm.set_min_objective(asked)
    for name, option in options.items():
        getattr(algorithm, f"set_{name}")(option)
    with nlopt_seeded(int(units.oracle.rng.integers(1, 2**31))), suppress(nlopt.RoundoffLimited, nlopt.ForcedStop):
        algorithm.optimize(np.clip(units.x0, low, high))
    if errors:
        raise errors[0]


@optimizer(
    order=0,
    needs=("nlopt",),
    source=f"Powell 2009, report DAMTP 2009/NA06, Cambridge (BOBYQA); {NLOPT}",
    call=by_nlopt("LN_BOBYQA"),
)
def nlopt_bobyqa(oracle: Oracle, *, radius: Step = 1.0, tol: Tolerance = 1e-8) -> None:
    """Quadratic models through 2 dim + 1 points, in a trust region that shrinks, inside hard bounds.

    radius, tol: of the trust region at first, and when it returns, in units of the domain's scale.
    """
    units = Units(oracle)
    bounds = np.transpose([units.low, units.high])
    minimize(units, "LN_BOBYQA", bounds, initial_step=radius, xtol_abs=tol)


@optimizer(
    order=0,
    needs=("nlopt",),
    source=f"Kaelo & Ali 2006, doi:10.1007/s10957-006-9101-0; {NLOPT}",
    call=by_nlopt("GN_CRS2_LM", closed=True),
)
def nlopt_crs(oracle: Oracle, *, population: Population = None) -> None:
    """Controlled random search with local mutation: simplexes of a population's points are reflected.

    It searches inside bounds, hard or soft; where one is missing, ten scales of the domain from the start.
    population: points, the start among them; None for 10 (dim + 1).
    """
    units = Units(oracle)
    minimize(units, "GN_CRS2_LM", box(units)[1], population=population or 0)


@optimizer(
    order=0,
    needs=("nlopt",),
    source=f"Runarsson & Yao 2005, doi:10.1109/TSMCC.2004.841906; {NLOPT}",
    call=by_nlopt("GN_ISRES", closed=True),
)
def nlopt_isres(oracle: Oracle, *, population: Population = None) -> None:
    """An evolution strategy with a step size for each point and coordinate, and steps between its best points.

    It searches inside bounds, hard or soft; where one is missing, ten scales of the domain from the start.
    population: points; None for 20 (dim + 1).
    """
    units = Units(oracle)
    minimize(units, "GN_ISRES", box(units)[1], population=population or 0)
