"""The bridge to cmaes: CatCMA with margin, for real and whole numbers and categories at once."""

from typing import Any

import numpy as np

from bench.core import Oracle, optimizer

from .hyperparameters import Population, Sigma
from .scripts import by_catcma
from .units import Units

WORST = 1e100  # told in place of NaN and infinity


@optimizer(
    order=0,
    needs=("cmaes",),
    kinds=("real", "integer", "category"),
    source="Hamano et al. 2025, arXiv:2504.07884 (CatCMA with Margin)",
    call=by_catcma,
)
def cmaes_catcma(oracle: Oracle, *, sigma: Sigma = 1.0, population: Population = None) -> None:
    """CMA-ES for numbers, joined with a distribution over each category; it returns when it has converged.

    Whole numbers of two values are categories, as the library advises. It begins at the start, with all categories
    equally likely. Soft bounds are not told. sigma: the first standard deviation, in scales of the domain. population:
    points an iteration, None for 4 + floor(3 ln dim).
    """
    import cmaes  # pyright: ignore[reportMissingImports] # where the extra is not installed

    units = Units(oracle)
    domain, u, (low, high) = units.domain, units.x0, units.box
    if units.domain.hard:
        u = np.clip(u, low, high)
    real = np.broadcast_to(domain.each("real"), (oracle.dim,))
    ordered = np.broadcast_to(domain.each("integer"), (oracle.dim,)) & (high - low > 1)
    numbers, categories = [*np.flatnonzero(real), *np.flatnonzero(ordered)], np.flatnonzero(~real & ~ordered)
    spaces: dict[str, Any] = {
        "x_space": np.transpose([units.low, units.high])[real],
        "z_space": [np.arange(a, b + 1) for a, b in zip(low[ordered], high[ordered], strict=True)],
        "c_space": (high - low)[categories].astype(int) + 1,
    }
    deviations = np.where(real, 1.0, oracle.domain.scale)[numbers]
    method = cmaes.CatCMAwM(
        **{name: values for name, values in spaces.items() if len(values)},
        population_size=population,
        mean=u[numbers],
        sigma=sigma,
        cov=np.diag(deviations**2),
        seed=int(oracle.rng.integers(2**32)),
    )
    if units.noisy:
        units.recommend(u)
    while not method.should_stop():
        solutions = [method.ask() for _ in range(method.population_size)]
        points = np.empty((len(solutions), oracle.dim))
        for row, solution in zip(points, solutions, strict=True):
            parts = [part for part in (solution.x, solution.z) if part is not None]
            row[numbers] = np.concatenate(parts) if parts else []
            if solution.c is not None:
                row[categories] = low[categories] + solution.c.argmax(-1)
        f = units.value(points)
        told = np.where(np.isfinite(f), f, WORST)
        method.tell(list(zip(solutions, told.tolist(), strict=True)))
        if units.noisy:
            units.recommend(points[told.argmin()])
