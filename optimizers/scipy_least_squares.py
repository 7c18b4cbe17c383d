"""Bridges to scipy.optimize.least_squares, for problems with residuals.

SciPy asks for residuals and for their Jacobian apart, and for some of them twice at one point: what was asked last is
remembered, so that it is paid once. An iterate's residuals were paid when it was tried, and its Jacobian is asked
alone. Iterates, where the Jacobian is asked, are recommended.
"""

from contextlib import suppress
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np

from bench.core import Oracle, Range, optimizer

from .bounds import hard_bounds

ENDLESS = int(np.iinfo(np.int32).max)  # MINPACK counts in 32 bits
EPS = float(np.finfo(float).eps)
Tolerance = Annotated[float, Range(1e-15, 1e-2, log=True, least=EPS)]  # SciPy takes none below the machine's


class Memo:
    """The oracle's residuals (m,) and Jacobian (m, dim), with the last of each at hand."""

    def __init__(self, oracle: Oracle):
        self._oracle = oracle
        self._residuals: tuple[Any, Any] = (None, None)  # x, r
        self._jacobian: tuple[Any, Any] = (None, None)  # x, J

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """x (dim,) -> (m,)."""
        if not np.array_equal(x, self._residuals[0]):
            self._residuals = x.copy(), self._oracle.residuals(x)
        return self._residuals[1].copy()

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """x (dim,) -> (m, dim); raises LinAlgError where it is not finite."""
        if not np.array_equal(x, self._jacobian[0]):
            j = self._oracle.jacobian(x)
            if not np.isfinite(j).all():
                raise np.linalg.LinAlgError("the Jacobian is not finite")
            self._jacobian = x.copy(), j
            self._oracle.recommend(x.copy())
        return self._jacobian[1].copy()


def fit(oracle: Oracle, method: Literal["lm", "trf", "dogbox"], ftol: float, xtol: float, gtol: float) -> None:
    """One descent by SciPy, inside the domain's bounds where the method takes bounds."""
    from scipy.optimize import least_squares

    memo, x0, bounds = Memo(oracle), oracle.x0, (-np.inf, np.inf)
    scale: Any = "jac"  # the columns of the Jacobian, as MINPACK by itself; SciPy has it by default since 1.16 alone
    if method != "lm":
        scale = oracle.domain.scale / oracle.domain.scale.min()
        bounds = hard_bounds(oracle)
        x0 = np.clip(x0, *bounds)
    if not np.isfinite(memo.residuals(x0)).all():
        return
    jacobian: Any = memo.jacobian
    tolerances: dict[str, Any] = {"ftol": ftol, "xtol": xtol, "gtol": gtol, "max_nfev": ENDLESS}
    with suppress(np.linalg.LinAlgError):
        least_squares(memo.residuals, x0, jacobian, bounds, method, x_scale=scale, **tolerances)


registered = partial(optimizer, order=1, structure="residuals", needs=("scipy.optimize",), version=2)


@registered(source="Levenberg 1944, doi:10.1090/qam/10666; Moré 1978, doi:10.1007/BFb0067700")
def scipy_lm(oracle: Oracle, *, ftol: Tolerance = 1e-15, xtol: Tolerance = 1e-15, gtol: Tolerance = 1e-15) -> None:
    """Levenberg-Marquardt of MINPACK. It takes no bounds: points outside the box are answered, but are no improvement.

    It returns when f or x changes by less than ftol or xtol, relative, or when the residuals have a cosine below gtol
    with every column of the Jacobian. SciPy's own 1e-8 would end it before the finest targets. SciPy asks for the
    Jacobian at the end, which MINPACK does not.
    """
    fit(oracle, "lm", ftol, xtol, gtol)


@registered(source="Branch, Coleman & Li 1999, doi:10.1137/S1064827595289108")
def scipy_trf(oracle: Oracle, *, ftol: Tolerance = 1e-15, xtol: Tolerance = 1e-15, gtol: Tolerance = 1e-15) -> None:
    """Trust region reflective, inside the box.

    It returns when f or x changes by less than ftol or xtol, relative, or the largest component of the gradient,
    scaled by the distance to the bounds, is below gtol. SciPy's own 1e-8 would end it before the finest targets.
    """
    fit(oracle, "trf", ftol, xtol, gtol)


@registered(source="Voglis & Lagaris 2004, WSEAS International Conference on Applied Mathematics")
def scipy_dogbox(oracle: Oracle, *, ftol: Tolerance = 1e-15, xtol: Tolerance = 1e-15, gtol: Tolerance = 1e-15) -> None:
    """Powell's dogleg in a rectangular trust region, inside the box.

    It returns when f or x changes by less than ftol or xtol, relative, or the largest component of the gradient that
    no bound stops is below gtol. SciPy's own 1e-8 would end it before the finest targets.
    """
    fit(oracle, "dogbox", ftol, xtol, gtol)
