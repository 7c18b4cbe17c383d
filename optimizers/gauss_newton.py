"""Gauss-Newton and Levenberg-Marquardt on lanes: least squares by the residuals r and their Jacobian J.

With the singular values s of J (its columns scaled by their lengths, Moré 1978) and the residuals c along its left
vectors, both step by -c times a filter of s along the right vectors: Gauss-Newton by t / s, t being a step length, and
Levenberg-Marquardt by s / (s^2 + mu). The model's decrease of |r|^2 is the sum of c^2 (1 - (1 - s filter)^2).

Each round every lane asks for r and J at a point of its own. One that turns out higher has paid for its J in vain: what
others would have to ask next is J, and lanes in lockstep ask alike.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from array_api_compat import array_namespace

from bench.core import Array, Oracle, Range, optimizer

from .line_descent import again, dot, select

NOCEDAL_WRIGHT = "Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5"
ENOUGH = 1e-4  # of the model's decrease, at which a step is taken, as in MINPACK
RAISE = 4.0  # of mu where a step is not taken
Damping = Annotated[float, Range(1e-6, 1.0, log=True, above=0)]

# singular values (*lanes, 1, k), knob (*lanes, 1, 1) -> the filter
Filter = Callable[..., Array]
# knob, the decrease over the model's, whether the step was taken, all (*lanes, 1) -> knob
Adjust = Callable[[Array, Array, Array], Array]


def fit(oracle: Oracle, filtered: Filter, adjust: Adjust, first: float) -> None:
    """Step by a filter of the singular values for ever; a single run returns when no step promises a decrease.

    first: the knob of the filter at a new start.
    """
    x = oracle.x0[..., None, :]  # (*lanes, 1, dim): a number for each lane is then (*lanes, 1), in single runs too
    xp = array_namespace(x)
    eps = xp.finfo(x.dtype).eps
    nothing, zero = xp.zeros_like(x), xp.zeros_like(x[..., 0])
    p, predicted, f, knob, new = nothing, zero, zero + xp.inf, zero + first, zero == 0
    r = j = 0.0
    lengths = nothing  # of the columns of J, at their longest since the start
    while True:
        oracle.recommend(x[..., 0, :])
        r_t, j_t = oracle.residuals_and_jacobian(x + p)
        f_t = dot(r_t, r_t)
        finite = xp.isfinite(f_t) & xp.all(xp.isfinite((j_t**2).sum(-2)), axis=-1)
        gain = (f - f_t) / predicted
        taken = finite & (new | (gain > ENOUGH))
        knob = xp.where(new, knob, adjust(knob, gain, taken))
        x, f = select(taken, (x + p, f_t), (x, f))
        r, j = xp.where(taken[..., None], r_t, r), xp.where(taken[..., None, None], j_t, j)
        columns = (j**2).sum(-2) ** 0.5
        lengths = xp.where(new[..., None], columns, xp.maximum(lengths, columns))
        p, predicted = step(r, j, lengths, partial(filtered, knob=knob[..., None]))
        new = ~(predicted > eps * f)
        if xp.any(new):
            starts = again(oracle, new, x)
            if starts is None:
                return
            x, f, p, knob = select(new, (starts, zero + xp.inf, nothing, zero + first), (x, f, p, knob))


def step(r: Array, j: Array, lengths: Array, filtered: Filter) -> tuple[Array, Array]:
    """r (..., m), J (..., m, dim) -> the step (..., dim), and the decrease of |r|^2 that the model predicts (...)."""
    xp = array_namespace(j)
    lengths = xp.where(lengths > 0, lengths, 1.0)
    left, s, right = xp.linalg.svd(j / lengths[..., None, :], full_matrices=False)
    c = (left * r[..., None]).sum(-2)
    h = filtered(s)
    p = -(right * (h * c)[..., None]).sum(-2) / lengths
    return p, (c**2 * (1 - (1 - s * h) ** 2)).sum(-1)


@optimizer(
    order=1, lanes=True, arrays="any", structure="residuals", source=f"{NOCEDAL_WRIGHT}, section 10.3; Gauss 1809"
)
def gauss_newton(oracle: Oracle) -> None:
    """The least-squares solution of the linearised residuals, with steps halved until the residuals fall.

    A lane is over when no step promises to lower f by more than rounding. Bounds are not minded.
    """

    def inverse(s: Array, knob: Array) -> Array:
        xp = array_namespace(s)
        usable = s > s.shape[-1] * xp.finfo(s.dtype).eps * s[..., :1]
        return xp.where(usable, knob / xp.where(usable, s, 1.0), 0.0)

    def halve(t: Array, gain: Array, taken: Array) -> Array:
        return array_namespace(t).where(taken, 1.0, t / 2)

    fit(oracle, inverse, halve, first=1.0)


@optimizer(
    order=1,
    lanes=True,
    arrays="any",
    structure="residuals",
    source="Marquardt 1963, doi:10.1137/0111030; Madsen, Nielsen & Tingleff 2004, Methods for non-linear least squares",
)
def levenberg_marquardt(oracle: Oracle, *, damping: Damping = 1e-3) -> None:
    """Gauss-Newton's step damped by mu, which follows how well the linearised residuals predict the next ones.

    damping: mu at a start, relative to the squared lengths of the Jacobian's columns. A lane is over when no step
    promises to lower f by more than rounding. Bounds are not minded.
    """

    def damped(s: Array, knob: Array) -> Array:
        return s / (s**2 + knob)

    def follow(mu: Array, gain: Array, taken: Array) -> Array:
        xp = array_namespace(mu)
        less = xp.clip(1 - (2 * gain - 1) ** 3, 1 / 3, None)  # Madsen, Nielsen & Tingleff 2004, equation 2.21
        return mu * xp.where(taken, less, RAISE)

    fit(oracle, damped, follow, first=damping)
