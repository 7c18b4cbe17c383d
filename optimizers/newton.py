"""Newton's method on lanes, with the full Hessian or without one.

Lanes in lockstep ask alike: each round is one value with gradient, and the products at the present iterate. Where a
line search takes more than one round, the products are asked again: most searches of Newton's method take one.
"""

from typing import Annotated

from array_api_compat import array_namespace, device

from bench.core import Array, Oracle, Range, optimizer

from .conjugate_gradients import solve
from .hessian import hessian
from .hyperparameters import Tolerance
from .line_descent import Memory, descend, dot

NOCEDAL_WRIGHT = "Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5"
Products = Annotated[int, Range(2, 100, log=True, least=1)]


@optimizer(order=2, lanes=True, arrays="any", source=f"{NOCEDAL_WRIGHT}, algorithm 3.2")
def newton(oracle: Oracle, *, gtol: Tolerance = 1e-10) -> None:
    """Newton's method with the full Hessian, dim products an iteration, and a strong Wolfe search.

    Where the Hessian is not positive definite, its eigenvalues are replaced by their absolute values, and by small
    ones where they are zero (section 3.4). A lane is over when the gradient's largest component is below gtol, or the
    steepest descent no longer lowers f. Bounds are not minded.
    """
    x = oracle.x0[..., None, :]
    xp = array_namespace(x)

    def direction(memory: Memory, x: Array, g: Array, step: Array, change: Array) -> tuple[Memory, Array, Array]:
        return (), -positive_inverse(hessian(oracle, x[..., 0, :]), g), xp.ones_like(x[..., 0])

    descend(oracle, direction, (), curvature=0.9, gtol=gtol)


def positive_inverse(h: Array, g: Array) -> Array:
    """|H|^-1 g, |H| being H (*lanes, dim, dim) with the absolute values of its eigenvalues: (*lanes, 1, dim).

    Those below the machine's precision, relative to the largest, are raised to it. Where H is not finite
    it is the identity.
    """
    xp = array_namespace(h)
    finite = xp.all(xp.isfinite(h), axis=(-1, -2))[..., None, None]
    values, vectors = xp.linalg.eigh(xp.where(finite, h, xp.eye(h.shape[-1], dtype=h.dtype, device=device(h))))
    sizes = xp.abs(values)
    largest = xp.max(sizes, axis=-1, keepdims=True)
    least = xp.where(largest > 0, xp.finfo(h.dtype).eps * largest, 1.0)
    along = (vectors * xp.matrix_transpose(g)).sum(-2)  # V^T g
    return dot(vectors, (along / xp.maximum(sizes, least))[..., None, :])[..., None, :]


@optimizer(order=2, lanes=True, arrays="any", source=f"{NOCEDAL_WRIGHT}, algorithm 7.1")
def newton_cg(oracle: Oracle, *, products: Products = 10, gtol: Tolerance = 1e-10) -> None:
    """Newton's method without a matrix: its direction by conjugate gradients on Hessian-vector products.

    products: of an iteration, dim at most. They end early only at negative curvature, for lanes pay for all of them.
    A lane is over when the gradient's largest component is below gtol, or the steepest descent no longer lowers f.
    Bounds are not minded.
    """
    xp = array_namespace(oracle.x0)

    def direction(memory: Memory, x: Array, g: Array, step: Array, change: Array) -> tuple[Memory, Array, Array]:
        *_, p = solve(oracle, x, g, min(products, oracle.dim))
        return (), p, xp.ones_like(x[..., 0])  # zero where the first curvature is negative: then -g is taken

    descend(oracle, direction, (), curvature=0.9, gtol=gtol)
