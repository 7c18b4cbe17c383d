"""Bridges to the global methods of scipy.optimize.

They search inside bounds, hard or soft: the domain's own, and where one is missing, ten scales of the domain from x0.
All is in units of half the scale, in which a box is ten wide, as BBOB's is and most for which their first steps and
differences were chosen. They draw from the oracle's generator. Limits of iterations are lifted; a driver that
returns has converged, and the run begins anew.
Local searches within them that need a gradient take forward differences of values, which are counted as such.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np

from bench.core import Oracle, Range, Unavailable, optimizer

from .hyperparameters import Step, Tolerance
from .scipy_derivative_free import HUGE
from .scipy_minimize import ENDLESS
from .scripts import by_basinhopping, by_global
from .units import Units

LENGTH = 0.5  # of a unit, in scales
REACH = 10.0 / LENGTH  # units from x0 to where a bound is put: ten scales
PRECISION = 1e-12  # of SHGO's local searches, its own default; SciPy drops it where a method of them is named
FLAT = 5  # dimensions up to which SHGO triangulates Sobol points: later rounds took seconds each in 6-D, minutes in 8-D
CORNERS = 2**12  # of a box that SHGO may have to triangulate, all of them before its first question

Local = Literal["L-BFGS-B", "SLSQP", "COBYLA", "Nelder-Mead", "Powell"]


def box(units: Units) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """The start (dim,), and bounds on all sides of it, a pair a coordinate, in units."""
    low, high = units.box
    start = np.clip(units.x0, low, high)
    low = np.where(np.isfinite(low), low, start - REACH)
    high = np.where(np.isfinite(high), high, start + REACH)
    return start, list(zip(low.tolist(), high.tolist(), strict=True))


def value(units: Units) -> Callable[[np.ndarray], float]:
    """The value at one point, with a number for every answer; where answers are noisy the luckiest is recommended."""
    noisy, best = units.noisy, np.inf
    if noisy:
        units.recommend(units.x0)

    def told(u: np.ndarray) -> float:
        nonlocal best
        f = float(units.value(u))
        f = f if -np.inf < f < np.inf else HUGE
        if noisy and f < best:
            best = f
            units.recommend(u)
        return f

    return told


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Storn & Price 1997, doi:10.1023/A:1008202821328",
    call=by_global("differential_evolution", "x0={start}, maxiter={generations}"),
)
def scipy_differential_evolution(
    oracle: Oracle,
    *,
    popsize: Annotated[int, Range(2, 30, log=True, least=1, most=1_000)] = 15,
    recombination: Annotated[float, Range(0.1, 1.0, least=0, most=1)] = 0.7,
    strategy: Literal["best1bin", "rand1bin", "currenttobest1bin", "best2bin", "rand2bin"] = "best1bin",
    tol: Tolerance = 0.0,
) -> None:
    """Each point against one made of the differences of others.

    popsize: points a coordinate. In a box the first are a Latin hypercube and x0; elsewhere they are normal around x0
    with the domain's scale. It returns when the standard deviation of their values is below tol times their mean:
    SciPy's own 0.01 would end it wherever f_opt is far from 0. A better point serves at once (immediate updating,
    SciPy's own; whole generations took a quarter more on BBOB's f1). There is no polish by L-BFGS-B at the end.
    """
    from scipy.optimize import differential_evolution

    units = Units(oracle, length=LENGTH)
    start, bounds = box(units)
    if oracle.domain.bounded:
        first = {"init": "latinhypercube", "x0": start}
    else:
        around = oracle.rng.standard_normal((max(5, popsize * oracle.dim), oracle.dim)) / LENGTH
        around[0] = 0
        first = {"init": np.clip(start + around, *np.transpose(bounds))}
    differential_evolution(
        value(units),
        bounds,
        strategy=strategy,
        maxiter=ENDLESS,
        popsize=popsize,
        recombination=recombination,
        tol=tol,
        rng=oracle.rng,
        polish=False,
        **first,
    )


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Xiang, Sun, Fan & Gong 1997, doi:10.1016/S0375-9601(97)00474-X",
    call=by_global("dual_annealing", "x0={start}, maxfun={budget}"),
)
def scipy_dual_annealing(
    oracle: Oracle,
    *,
    initial_temp: Annotated[float, Range(1.0, 5e4, log=True, above=0.01, most=5e4)] = 5230.0,
    visit: Annotated[float, Range(1.1, 2.9, above=1, most=3)] = 2.62,
    accept: Annotated[float, Range(-1e4, -5.0, above=-1e4, most=-5)] = -5.0,
    local: Local | None = "L-BFGS-B",
) -> None:
    """Generalised simulated annealing, with a local search from what it finds (none: annealing alone).

    initial_temp: how high barriers it climbs at first, in units of f. visit, accept: q_v and q_a of the paper, the
    tails of its steps and of its acceptance of worse points.
    """
    from scipy.optimize import dual_annealing

    units = Units(oracle, length=LENGTH)
    start, bounds = box(units)
    dual_annealing(
        value(units),
        bounds,
        x0=start,
        maxiter=ENDLESS,
        maxfun=ENDLESS,
        minimizer_kwargs=None if local is None else {"method": local, "bounds": bounds},
        initial_temp=initial_temp,
        visit=visit,
        accept=accept,
        rng=oracle.rng,
        no_local_search=local is None,
    )


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Wales & Doye 1997, doi:10.1021/jp970984n",
    call=by_basinhopping,
)
def scipy_basinhopping(
    oracle: Oracle,
    *,
    step: Step = 0.25,
    temperature: Annotated[float, Range(1e-3, 1e3, log=True, least=0)] = 1.0,
    local: Local | None = None,
) -> None:
    """Random steps from local minimum to local minimum, accepted as in annealing at one temperature.

    step: at first, in units of the domain's scale; it is adapted until half of the steps are accepted.
    temperature: in units of f, of the differences between local minima. local: the search from each; none for SciPy's
    own, BFGS, which takes no bounds, and L-BFGS-B where some are hard.
    """
    from scipy.optimize import basinhopping

    units = Units(oracle, length=LENGTH)
    start, bounds = box(units)
    search: dict[str, Any] = {"method": local or "L-BFGS-B", "bounds": bounds}
    if local is None and units.open:
        search = {"method": "BFGS"}
    basinhopping(
        value(units),
        start,
        niter=ENDLESS,
        T=temperature,
        stepsize=step / LENGTH,
        minimizer_kwargs=search,
        rng=oracle.rng,
    )


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Endres, Sandrock & Focke 2018, doi:10.1007/s10898-018-0645-y",
    call=by_global("shgo", 'n=64, sampling_method="sobol", options={{"maxfev": {budget}}}'),
)
def scipy_shgo(
    oracle: Oracle,
    *,
    points: Annotated[int, Range(10, 1000, log=True, least=1, most=100_000)] = 64,
    sampling: Literal["sobol", "simplicial"] | None = None,
    local: Local = "SLSQP",
) -> None:
    """Simplicial homology: points on a triangulation of the box, and a local search from each that is a local minimum
    among its neighbours.

    points: new ones a round. sampling: a Sobol sequence and its Delaunay triangulation, or the corners of the box and
    refinements between them; none for the first in up to five dimensions, and for the second in more, where Delaunay
    triangulations are too large. On BBOB's f10 in 5-D the first needed a sixth of the second's evaluations.
    Nothing in it is random: in a box all runs are the same. Raises Unavailable in more dimensions than 12, where the
    corners of the box are too many.
    """
    from scipy.optimize import shgo

    if 2**oracle.dim > CORNERS:
        raise Unavailable(f"dim must be at most {CORNERS.bit_length() - 1} for SHGO, got {oracle.dim}")
    units = Units(oracle, length=LENGTH)
    _, bounds = box(units)
    shgo(
        value(units),
        bounds,
        n=points,
        sampling_method=sampling or ("sobol" if oracle.dim <= FLAT else "simplicial"),
        minimizer_kwargs={"method": local, "options": {"ftol": PRECISION}},
        options={"maxfev": ENDLESS},
    )


@optimizer(
    order=0,
    needs=("scipy.optimize",),
    version=2,
    source="Jones, Perttunen & Stuckman 1993, doi:10.1007/BF00941892",
    call=by_global("direct", "maxfun={budget}"),
)
def scipy_direct(
    oracle: Oracle, *, eps: Annotated[float, Range(1e-6, 1e-1, log=True, least=0)] = 1e-4, locally_biased: bool = True
) -> None:
    """Dividing rectangles: those are trisected that hold the lowest value for some bound on the slope of f.

    eps: how much less than the best value a rectangle must promise, relative. locally_biased: the variant of
    Gablonsky & Kelley 2001, doi:10.1023/A:1017930332101.
    Nothing in it is random: in a box all runs are the same, and one that returns, since its rectangles have become too
    small to tell apart, is not begun anew.
    """
    from scipy.optimize import direct

    if oracle.domain.bounded and any(oracle.counts.values()):
        return  # it would ask the same points again
    units = Units(oracle, length=LENGTH)
    _, bounds = box(units)
    most = int(oracle.remaining / oracle.prices["value"]) + 1  # memory is reserved for as many
    try:
        direct(
            value(units),
            bounds,
            eps=eps,
            maxfun=most,
            maxiter=most,
            locally_biased=locally_biased,
            vol_tol=0.0,
            len_tol=0.0,
        )
    except SystemError as error:  # before SciPy 1.17 what f raises, as at the end of the budget, comes wrapped
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        raise cause from None
