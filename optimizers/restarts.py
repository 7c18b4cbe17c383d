"""Wrappers of methods: restarts, restarts with growing populations, and a search that hands over to a descent.

They ask the one oracle that they are given, and make methods of methods.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from itertools import repeat
from math import inf, log
from typing import Annotated, Any, Literal

import numpy as np

from bench.core import Array, Oracle, Range, optimizer

from .cma_es import cma_es
from .differential_evolution import differential_evolution
from .hyperparameters import Memory, Population, Sigma, Tolerance
from .random_search import random_search
from .scipy_minimize import ENDLESS, descend

Method = Callable[..., None]

SEARCHES: dict[str, Method] = {
    "cma-es": cma_es,
    "differential-evolution": differential_evolution,
    "random-search": random_search,
}


def restarted(method: Method) -> Method:
    """The method again and again, each time from a new start, as long as it asks anything at all."""

    @wraps(method)
    def loop(oracle: Oracle, **hyperparameters: Any) -> None:
        method(oracle, **hyperparameters)
        while oracle.asked:
            oracle.restart()
            method(oracle, **hyperparameters)

    return loop


def growing(method: Method, population: int, factor: float) -> Method:
    """The method with a population that is larger by a factor at every call: for `restarted`."""
    size = float(population)

    def larger(oracle: Oracle, **hyperparameters: Any) -> None:
        nonlocal size
        now, size = int(size), factor * size
        method(oracle, population=now, **hyperparameters)

    return larger


@optimizer(order=0, source="Auger & Hansen 2005, doi:10.1109/CEC.2005.1554902")
def ipop_cma_es(
    oracle: Oracle,
    *,
    population: Population = None,
    growth: Annotated[float, Range(1.5, 3.0, least=1)] = 2.0,
    sigma: Sigma = 1.0,
) -> None:
    """CMA-ES with a population that grows by a factor, `growth`, at every restart.

    population: points a generation at first, None for 4 + 3 ln n. sigma: first standard deviation, in units of the
    domain's scale.
    """
    first = population or 4 + int(3 * log(oracle.dim))
    restarted(growing(cma_es, first, growth))(oracle, sigma=sigma)


class Handover(Exception):
    """Raised through a search when its part of the budget is spent."""


@optimizer(
    order=1,
    needs=("scipy.optimize",),
    version=2,
    source="Byrd, Lu, Nocedal & Zhu 1995, doi:10.1137/0916069: the descent",
)
def hybrid(
    oracle: Oracle,
    *,
    search: Literal["cma-es", "differential-evolution", "random-search"] = "cma-es",
    share: Annotated[float, Range(0.05, 0.95, above=0, below=1)] = 0.5,
    memory: Memory = 10,
    gtol: Tolerance = 1e-10,
) -> None:
    """A search by values alone, whose best point starts SciPy's L-BFGS-B.

    search: the method of that name, with its defaults. share: of what is left of the budget, for the search. memory:
    steps that L-BFGS-B remembers; it returns when the projected gradient is below gtol, or the line search fails.
    """
    best = best_by(SEARCHES[search], oracle, until=(1 - share) * oracle.remaining)
    oracle.recommend(best)
    options = {"maxcor": memory, "ftol": 0.0, "gtol": gtol, "maxiter": ENDLESS, "maxfun": ENDLESS}
    descend(oracle, "L-BFGS-B", best, bounds=True, **options)


class Watched:
    """An oracle that keeps the best point asked in the box, and hands over where no more than `until` is left.

    All but values is the oracle's own.
    """

    def __init__(self, oracle: Oracle, until: float):
        self.best, self.lowest = oracle.x0, inf
        self._oracle, self._until = oracle, until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle, name)

    def minibatches(self, size: int | None = None) -> Iterator["Watched"]:
        """Itself, for ever: a search asks about all data."""
        return repeat(self)

    def value(self, x: Array) -> Array:
        """The oracle's answer."""
        if self._oracle.remaining <= self._until:
            raise Handover
        f = self._oracle.value(x)
        points, values = np.reshape(x, (-1, self._oracle.dim)), np.ravel(f)
        values = np.where(np.isfinite(values) & self._oracle.domain.contains(points), values, inf)
        if values.min() < self.lowest:
            self.best, self.lowest = points[values.argmin()].copy(), values.min()
        return f


def best_by(method: Method, oracle: Oracle, until: float) -> np.ndarray:
    """The best point (dim,) in the box that a method of order 0 has asked by the time that no more than `until` is left
    of the budget; the start, where it has found none."""
    search = Watched(oracle, until)
    with suppress(Handover):
        restarted(method)(search)
    return search.best
