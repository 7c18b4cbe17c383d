"""Limited-memory BFGS on lanes."""

from array_api_compat import array_namespace

from bench.core import Array, Oracle, optimizer

from .hyperparameters import Memory as Pairs
from .hyperparameters import Tolerance
from .line_descent import Memory, descend, dot, modest


@optimizer(
    order=1,
    lanes=True,
    arrays="any",
    source="Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5, algorithms 7.4 and 7.5",
)
def lbfgs(oracle: Oracle, *, memory: Pairs = 10, gtol: Tolerance = 1e-10) -> None:
    """Quasi-Newton from the last `memory` steps, with a strong Wolfe search for each lane.

    A lane is over when the gradient's largest component is below gtol, or the steepest descent no longer lowers f.
    Bounds are not minded: points outside the box are answered, but are no improvement.
    """
    x = oracle.x0[..., None, :]
    xp = array_namespace(x)
    scale = oracle.scale[..., None, :]

    def direction(pairs: Memory, x: Array, g: Array, step: Array, change: Array) -> tuple[Memory, Array, Array]:
        useful = dot(step, change) > 0  # which a step by the Wolfe conditions always is
        s, y = (
            xp.where(useful[..., None], xp.concat([old[..., 1:, :], new], axis=-2), old)
            for old, new in zip(pairs, (step, change), strict=True)
        )
        return (s, y), -two_loops(s, y, g, modest(g, scale)), xp.ones_like(x[..., 0])

    nothing = xp.concat([xp.zeros_like(x)] * memory, axis=-2)
    descend(oracle, direction, (nothing, nothing), curvature=0.9, gtol=gtol)


def two_loops(s: Array, y: Array, g: Array, first: Array) -> Array:
    """The inverse Hessian's estimate times g (*lanes, 1, dim): algorithm 7.4.

    s, y: the last steps, and the changes of the gradient on them, (*lanes, memory, dim), the newest last; zeros are
    pairs that are not there yet. first (*lanes, 1): the estimate before any pair.
    """
    xp = array_namespace(g)
    curvatures = dot(s, y)  # (*lanes, memory)
    there = curvatures > 0
    rho = xp.where(there, 1 / xp.where(there, curvatures, 1.0), 0.0)
    alphas = [None] * s.shape[-2]
    q = g
    for i in reversed(range(s.shape[-2])):
        alphas[i] = (rho[..., i] * dot(s[..., i, :], q[..., 0, :]))[..., None, None]
        q = q - alphas[i] * y[..., i : i + 1, :]
    gamma = xp.where(there[..., -1:], curvatures[..., -1:] / dot(y, y)[..., -1:], first)  # (7.20)
    r = gamma[..., None] * q
    for i in range(s.shape[-2]):
        beta = (rho[..., i] * dot(y[..., i, :], r[..., 0, :]))[..., None, None]
        r = r + s[..., i : i + 1, :] * (alphas[i] - beta)
    return r
