"""Prints what Levenberg-Marquardt needs for the least-squares problems beside MINPACK's own figures.

`python -m bench.problems.mgh` runs MINPACK's lmder, as scipy.optimize.leastsq wraps it, with MINPACK's settings,
through an oracle, from 1, 10 and 100 times the standard start. Published are the figures of MINPACK's test program
lmddrv, from examples/ref/lmddrvc.ref of cminpack 1.3.6 (Devernay 2017). Where the last bits of a sum decide, counts
differ: Meyer's from 10 times the start ends at the limit of 400 evaluations, and other commits of that file have 346 or
348 Jacobians there, and norms of 795 and 792.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.core import Oracle
from bench.core.registry import find_problem, load

TOLERANCE = float(np.sqrt(np.finfo(float).eps))  # for both f and x, as lmddrv has it


@dataclass(frozen=True)
class Fit:
    """A run of Levenberg-Marquardt: evaluations of the residuals, of their Jacobian, and the last norm of residuals."""

    nfev: int
    njev: int
    norm: float


@dataclass(frozen=True)
class Row:
    """A problem of the table, and its published runs from 1, 10 and 100 times the standard start, as far as they go."""

    problem: str
    published: tuple[Fit, ...]
    parameters: Mapping[str, int] = field(default_factory=dict)


# fmt: off
ROWS = (
    Row("linear-full-rank", (Fit(3, 2, 2.2360680),), {"dim": 5, "m": 10}),
    Row("linear-full-rank", (Fit(3, 2, 6.7082039),), {"dim": 5, "m": 50}),
    Row("linear-rank-1", (Fit(3, 2, 1.4638501),), {"dim": 5, "m": 10}),
    Row("linear-rank-1", (Fit(3, 2, 3.4826302),), {"dim": 5, "m": 50}),
    Row("linear-rank-1-zeros", (Fit(3, 2, 1.9097274),), {"dim": 5, "m": 10}),
    Row("linear-rank-1-zeros", (Fit(3, 2, 3.6917294),), {"dim": 5, "m": 50}),
    Row("rosenbrock", (Fit(21, 16, 0.0), Fit(8, 5, 0.0), Fit(6, 4, 0.0))),
    Row("helical-valley", (Fit(11, 8, 9.9365231e-17), Fit(20, 15, 1.0446789e-19), Fit(19, 16, 3.1387778e-29))),
    Row("powell-singular", (Fit(59, 58, 6.1093279e-34), Fit(72, 71, 9.1036079e-40), Fit(68, 67, 2.3305236e-35))),
    Row("freudenstein-roth", (Fit(14, 8, 6.9988752), Fit(19, 12, 6.9988752), Fit(24, 17, 6.9988752))),
    Row("bard", (Fit(6, 5, 9.0635960e-02), Fit(37, 36, 4.1747687), Fit(14, 13, 4.1747687))),
    Row("kowalik-osborne", (Fit(18, 16, 1.7535838e-02), Fit(78, 70, 3.2052193e-02), Fit(500, 380, 1.7535840e-02))),
    Row("meyer", (Fit(126, 116, 9.3779451), Fit(400, 345, 7.9940769e02))),
    Row("watson", (Fit(8, 7, 4.7829594e-02), Fit(14, 13, 4.7829594e-02), Fit(15, 14, 4.7829594e-02)), {"dim": 6}),
    Row("watson", (Fit(8, 7, 1.1831146e-03), Fit(19, 15, 1.1831146e-03), Fit(19, 16, 1.1831146e-03)), {"dim": 9}),
    Row("watson", (Fit(10, 9, 2.1731040e-05), Fit(13, 12, 2.1731040e-05), Fit(34, 28, 2.1731040e-05)), {"dim": 12}),
    Row("box-3d", (Fit(7, 6, 2.4196750e-16),)),
    Row("jennrich-sampson", (Fit(21, 12, 11.151779),)),
    Row("brown-dennis", (Fit(254, 236, 292.95429), Fit(53, 42, 292.95427), Fit(237, 221, 292.95431))),
    Row("chebyquad", (Fit(1, 1, 1.8862380), Fit(29, 28, 1.8842482), Fit(47, 46, 1.8842482)), {"dim": 1, "m": 8}),
    Row("chebyquad", (Fit(39, 20, 5.9303236e-02),), {"dim": 8}),
    Row("chebyquad", (Fit(12, 9, 1.7600835e-16),), {"dim": 9}),
    Row("chebyquad", (Fit(25, 12, 8.0647100e-02),), {"dim": 10}),
    Row("brown-almost-linear", (Fit(14, 12, 8.6625859e-15), Fit(13, 8, 5.0009355e-15), Fit(22, 20, 8.3739082e-15)),
        {"dim": 10}),
    Row("brown-almost-linear", (Fit(19, 14, 1.4827859e-13),), {"dim": 30}),
    Row("brown-almost-linear", (Fit(19, 14, 2.0245354e-13),), {"dim": 40}),
    Row("osborne-1", (Fit(18, 15, 7.3924926e-03),)),
    Row("osborne-2", (Fit(16, 12, 2.0034404e-01),)),
)
# fmt: on


def levenberg_marquardt(problem: str, parameters: Mapping[str, Any], start_factor: float) -> tuple[Fit, dict[str, int]]:
    """MINPACK's run on one problem from its standard start, and what the oracle has counted.

    leastsq asks twice more for the residuals, and once more for the Jacobian, than MINPACK does: to see their shapes.
    """
    import scipy.optimize

    objective = find_problem(f"mgh-{problem}").make(**parameters, start="standard", start_factor=start_factor)
    oracle = Oracle(objective, budget=1e6)
    answer: Any = scipy.optimize.leastsq(
        oracle.residuals,
        oracle.x0,
        Dfun=lambda x: oracle.residuals_and_jacobian(x)[1],
        full_output=True,
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=0.0,
        factor=100,
    )
    x, _, info, _, _ = answer
    return Fit(info["nfev"], info["njev"], float(np.sqrt(objective.f(x)))), oracle.counts


def main() -> None:
    """Print the table."""
    load(("bench.problems",))
    print(f"{'problem':38} {'start':>6} | {'published nfev/njev, norm':>25} | {'here':>25} |")
    for row in ROWS:
        name = row.problem + "".join(f" {key}={value}" for key, value in row.parameters.items())
        for power, published in enumerate(row.published):
            here, _ = levenberg_marquardt(row.problem, row.parameters, 10.0**power)
            same = (here.nfev, here.njev) == (published.nfev, published.njev)
            columns = " | ".join(f"{f'{fit.nfev}/{fit.njev}':>10} {fit.norm:14.7e}" for fit in (published, here))
            print(f"{name:38} {10**power:4} x0 | {columns} | {'same' if same else 'differs'}")


if __name__ == "__main__":
    main()
