"""Gradients estimated from values at perturbed points.

Most are central differences along directions u: the mean over u of (f(x + radius u) - f(x - radius u)) / (2 radius) u,
times what makes the mean of u u^T the identity. All points of one estimate, and all lanes, are one question: both sides
of a difference see the same mini-batch, which are its common random numbers. Noise of the problem itself is drawn anew
for every answer, and no method can share it: there the differences need larger radii, or more of them.

All lengths are in scales of the coordinates (`oracle.scale`): radii, and the x by which an estimate is a derivative.

A difference that is not finite says nothing of the slope, and counts as 0.
"""

from collections.abc import Callable

from bench.core import Array, Oracle

Estimator = Callable[
    [Oracle, Array, int], Array
]  # oracle of a batch, x (*lanes, dim), k -> gradient by x / scale (*lanes, dim)

SPALL_GAMMA = 0.101  # decay of radii, Spall 1998, section III.B


def finite(differences: Array) -> Array:
    """Differences, 0 where they are not finite."""
    import torch

    return torch.where(differences.isfinite(), differences, torch.zeros_like(differences))


def both_sides(oracle: Oracle, x: Array, step: Array) -> tuple[Array, Array]:
    """f at x + scale step and at x - scale step: x (*lanes, dim), step (*lanes, pairs, dim) -> (*lanes, pairs) each."""
    import torch

    center, step = x.unsqueeze(-2), oracle.scale.unsqueeze(-2) * step
    plus, minus = oracle.value(torch.cat([center + step, center - step], dim=-2)).chunk(2, dim=-1)
    return plus, minus


def slopes(oracle: Oracle, x: Array, directions: Array, radius: float) -> Array:
    """Central differences of f at x (*lanes, dim) along directions (*lanes, pairs, dim), -> (*lanes, pairs)."""
    plus, minus = both_sides(oracle, x, radius * directions)
    return finite((plus - minus) / (2 * radius))


def along(oracle: Oracle, x: Array, directions: Array, radius: float) -> Array:
    """The mean over directions (*lanes, pairs, dim) of the slope times the direction, -> (*lanes, dim)."""
    return (slopes(oracle, x, directions, radius).unsqueeze(-1) * directions).mean(-2)


def axes(x: Array) -> Array:
    """The unit vectors of all coordinates, for each lane: x (*lanes, dim) -> (*lanes, dim, dim)."""
    import torch

    return torch.eye(x.shape[-1], dtype=x.dtype, device=x.device).expand(*x.shape, -1)


def forward_differences(radius: float) -> Estimator:
    """Every coordinate's slope from f(x) and one value beside it: dim + 1 values (Nocedal & Wright 2006, section 8.1).

    Its error is the radius times half the curvature. Where x + radius lies beyond a bound it looks back.
    """
    import torch

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        beyond = x + radius * oracle.scale > oracle.bounds[1]  # (*lanes, dim)
        step = radius * (1 - 2 * beyond.to(x.dtype))
        beside = x.unsqueeze(-2) + (oracle.scale * step).unsqueeze(-1) * axes(x)
        f = oracle.value(torch.cat([x.unsqueeze(-2), beside], dim=-2))
        return finite((f[..., 1:] - f[..., :1]) / step)

    return estimate


def central_differences(radius: float) -> Estimator:
    """Every coordinate's slope from a value on either side: 2 dim values (Kiefer & Wolfowitz 1952).

    Exact on quadratics; its error is the radius squared times a sixth of the third derivative.
    """
    return lambda oracle, x, k: slopes(oracle, x, axes(x), radius)


def random_coordinates(radius: float, pairs: int) -> Estimator:
    """Central differences of that many coordinates, drawn anew each time, times dim / pairs (Nesterov 2012).

    Without bias; of all coordinates where pairs are as many or more.
    """
    import torch

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        keys = oracle.rng.random((oracle.dim,))
        drawn = keys.argsort(-1)[..., : min(pairs, oracle.dim)]
        directions = torch.nn.functional.one_hot(drawn, oracle.dim).to(x.dtype)
        return oracle.dim * along(oracle, x, directions, radius)

    return estimate


def simultaneous_perturbation(radius: float) -> Estimator:
    """One pair along random signs, at radius / (k + 1)^0.101 (Spall 1992): u u^T has the identity as its mean."""

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        return along(oracle, x, oracle.rng.signs((1, oracle.dim)), radius / (k + 1) ** SPALL_GAMMA)

    return estimate


def gaussian_smoothing(radius: float, pairs: int) -> Estimator:
    """Antithetic pairs along normal directions: the gradient of f convolved with a Gaussian (Nesterov & Spokoiny 2017).

    On a linear function of slope s a coordinate's variance is (|s|^2 + s_i^2) / pairs.
    """
    return lambda oracle, x, k: along(oracle, x, oracle.rng.standard_normal((pairs, oracle.dim)), radius)


def sphere_smoothing(radius: float, pairs: int) -> Estimator:
    """Antithetic pairs along directions uniform on the unit sphere, times dim: the gradient of f averaged over a ball
    (Flaxman, Kalai & McMahan 2005; Shamir 2017)."""

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        normal = oracle.rng.standard_normal((pairs, oracle.dim))
        unit = normal / (normal**2).sum(-1, keepdim=True).sqrt()
        return oracle.dim * along(oracle, x, unit, radius)

    return estimate


def orthogonal_directions(radius: float, pairs: int) -> Estimator:
    """Central differences along random orthonormal directions, dim at most, times dim / pairs (Kozak et al. 2023).

    No direction is looked along twice: with dim pairs a linear slope is exact, in whatever basis. A decomposition takes
    time of dim pairs^2.
    """
    import torch

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        normal = oracle.rng.standard_normal((min(pairs, oracle.dim), oracle.dim))
        # the signs of Q, which LAPACK chooses, do not matter: u and -u give the same
        orthonormal = torch.linalg.qr(normal.mT).Q.mT
        return oracle.dim * along(oracle, x, orthonormal, radius)

    return estimate


def centered_ranks(f: Array) -> Array:
    """Ranks of values (*lanes, n) as numbers from -1/2, the least, to 1/2; equal ones share theirs, NaN is as inf."""
    import torch

    f = torch.where(f.isnan(), torch.inf, f)
    ordered = f.sort(-1).values
    below, upto = (torch.searchsorted(ordered, f.contiguous(), right=right) for right in (False, True))
    return ((below + upto - 1) / (2 * (f.shape[-1] - 1)) - 0.5).to(f.dtype)


def rank_shaping(radius: float, pairs: int) -> Estimator:
    """Antithetic normal perturbations weighted by the centered ranks of their values (Salimans et al. 2017, section 2;
    utilities of Wierstra et al. 2014).

    The same for every increasing function of f. Its length does not depend on that of the slope: none of its components
    is much above 1/2.
    """

    def estimate(oracle: Oracle, x: Array, k: int) -> Array:
        import torch

        normal = oracle.rng.standard_normal((pairs, oracle.dim))
        plus, minus = centered_ranks(torch.cat(both_sides(oracle, x, radius * normal), dim=-1)).chunk(2, dim=-1)
        return 0.5 * ((plus - minus).unsqueeze(-1) * normal).mean(-2)

    return estimate
