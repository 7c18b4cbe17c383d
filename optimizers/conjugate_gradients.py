"""Conjugate gradients on lanes: linear, on Hessian-vector products, and nonlinear, with a line search."""

from collections.abc import Iterator

from array_api_compat import array_namespace

from bench.core import Array, Oracle, optimizer

from .hyperparameters import Tolerance
from .line_descent import Memory, again, descend, dot, modest, select

CURVATURE = 0.1  # c2 of the Wolfe conditions, Nocedal & Wright 2006, section 3.1


def solve(oracle: Oracle, x: Array, g: Array, products: int) -> Iterator[Array]:
    """Conjugate gradients for H p = -g, H being the Hessian at x: each p, after each of `products` products.

    x, g, p: (*lanes, 1, dim). A lane whose residual is zero, or that meets a direction without positive curvature,
    keeps its p; its products are charged on, because lanes in lockstep ask alike.
    """
    xp = array_namespace(x)
    p, r, v = xp.zeros_like(g), g, -g
    for _ in range(products):
        h_v = oracle.hessian_vector(x, v)
        curvature, r_r = dot(v, h_v), dot(r, r)
        convex = curvature > 0
        alpha = xp.where(convex, r_r / xp.where(convex, curvature, 1.0), 0.0)[..., None]
        p, r = p + alpha * v, r + alpha * h_v
        beta = dot(r, r) / xp.where(r_r > 0, r_r, 1.0)
        v = xp.where(convex[..., None], beta[..., None] * v - r, xp.zeros_like(v))
        yield p


@optimizer(order=2, lanes=True, arrays="any", source="Hestenes & Stiefel 1952, doi:10.6028/jres.049.044")
def linear_cg(oracle: Oracle) -> None:
    """Conjugate gradients on Hessian-vector products: exact on a quadratic after dim of them.

    A cycle is the gradient at x, and dim times a product and the value at the new iterate. The next begins at its best
    one. On what is not quadratic that is Newton's method without a safeguard. A lane is over when a cycle lowers f no
    more. Bounds are not minded.

    Exact but for rounding, by which directions lose their conjugacy: on `quadratic[dim=20,condition=1e3]` (instance 1,
    seed 0) 20 products leave a gap of 0.09, in textbook CG as well, and a gap of 1e-8 takes 62.
    """
    x = oracle.x0[..., None, :]
    xp = array_namespace(x)
    while True:
        oracle.recommend(x[..., 0, :])
        f, g = oracle.value_and_gradient(x)
        best, f_best = x, f
        for p in solve(oracle, x, g, oracle.dim):
            f_p = oracle.value(x + p)
            best, f_best = select(f_p < f_best, (x + p, f_p), (best, f_best))
        over = ~(f_best < f)
        x = best
        if xp.any(over):
            starts = again(oracle, over, x)
            if starts is None:
                return
            x = starts


@optimizer(
    order=1,
    lanes=True,
    arrays="any",
    source="Polak & Ribiere 1969, doi:10.1051/m2an/196903R100351; Gilbert & Nocedal 1992, doi:10.1137/0802003",
)
def nonlinear_cg(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Polak-Ribiere+ conjugate gradients, with a strong Wolfe search for each lane (Nocedal & Wright 2006, 5.2).

    A lane is over when the gradient's largest component is below gtol, or the steepest descent no longer lowers f.
    Bounds are not minded: points outside the box are answered, but are no improvement.
    """
    x = oracle.x0[..., None, :]
    xp = array_namespace(x)
    scale = oracle.scale[..., None, :]

    def direction(last: Memory, x: Array, g: Array, step: Array, change: Array) -> tuple[Memory, Array, Array]:
        d, g_last = last
        norm = dot(g_last, g_last)
        known = norm > 0
        beta = xp.where(known, dot(g, g - g_last) / xp.where(known, norm, 1.0), 0.0)
        d = xp.clip(beta, 0.0, None)[..., None] * d - g  # (5.45)
        # f may be expected to fall, to first order, as much as on the last step
        t = xp.where(known, dot(g_last, step) / dot(g, d), modest(g, scale))
        return (d, g), d, t

    descend(oracle, direction, (xp.zeros_like(x), xp.zeros_like(x)), curvature=CURVATURE, gtol=gtol)
