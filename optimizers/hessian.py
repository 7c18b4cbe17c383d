"""The full Hessian, from one product with each unit vector."""

from array_api_compat import array_namespace, device

from bench.core import Array, Oracle

ROWS = 64  # asked at once, so that a budget that ends is noticed before the matrix fills the memory


def hessian(oracle: Oracle, x: Array) -> Array:
    """x (*lanes, dim) -> the Hessian there (*lanes, dim, dim), for the price of dim products."""
    xp = array_namespace(x)
    dim = x.shape[-1]
    columns = xp.arange(dim, device=device(x))
    parts = []
    for at in range(0, dim, ROWS):
        units = xp.where(columns[at : at + ROWS, None] == columns, xp.ones_like(x[..., None, :]), 0.0)
        parts.append(oracle.hessian_vector(x, units))
    h = xp.concat(parts, axis=-2)
    return (h + xp.matrix_transpose(h)) / 2
