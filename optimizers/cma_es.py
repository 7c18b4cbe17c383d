"""CMA-ES, an evolution strategy that learns the covariance of its steps, and its separable variant.

Equation numbers are those of Hansen's tutorial (2016, arXiv:1604.00772, version of 2023). The normal distribution
itself knows no bounds: of a point beyond one, f is that of the nearest point inside plus a penalty (tutorial B.5).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import ceil, inf, log, nan, sqrt

import numpy as np
from array_api_compat import array_namespace, is_torch_array

from bench.core import Array, Oracle, optimizer

from .bounds import clipping
from .hyperparameters import BatchSize, Population, Sigma
from .populations import gave_up, masked, rows, usable

TOL_FUN = 1e-12  # tutorial B.3, as are the next three
TOL_X = 1e-12  # in units of the first sigma
TOL_X_UP = 1e4
CONDITION = 1e14


@dataclass(frozen=True)
class Strategy:
    """The default parameters, table 1, for dim n and a population of lambda points.

    diagonal: learning the n variances alone is faster by (n + 2) / 3 (Ros & Hansen 2008).
    """

    n: int
    population: int
    weights: np.ndarray  # (lambda,), best point first
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float

    @classmethod
    def of(cls, n: int, population: int | None, diagonal: bool) -> "Strategy":
        lam = population or 4 + int(3 * log(n))  # (48)
        w = log((lam + 1) / 2) - np.log(np.arange(1, lam + 1))  # (49)
        good, bad = w[: lam // 2], w[lam // 2 :]
        mu_eff, mu_eff_minus = (float(part.sum() ** 2 / (part**2).sum()) for part in (good, bad))
        c_sigma = (mu_eff + 2) / (n + mu_eff + 5)  # (55)
        d_sigma = 1 + 2 * max(0, sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma  # (55)
        c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)  # (56)
        faster = (n + 2) / 3 if diagonal else 1
        c_1 = min(1, faster * 2 / ((n + 1.3) ** 2 + mu_eff))  # (57)
        c_mu = min(1 - c_1, faster * 2 * (1 / 4 + mu_eff + 1 / mu_eff - 2) / ((n + 2) ** 2 + mu_eff))  # (58)
        alpha = min(  # of the negative weights
            1 + c_1 / c_mu,  # (50)
            1 + 2 * mu_eff_minus / (mu_eff + 2),  # (51)
            (1 - c_1 - c_mu) / (n * c_mu),  # (52)
        )
        w = np.where(w >= 0, w / good.sum(), w * alpha / -bad.sum())  # (53)
        return cls(n, lam, w, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu)

    @property
    def length(self) -> float:
        """About the mean length of a standard normal vector."""
        return sqrt(self.n) * (1 - 1 / (4 * self.n) + 1 / (21 * self.n**2))

    @property
    def every(self) -> int:
        """Generations from one decomposition to the next: tutorial B.2."""
        return max(1, int(1 / (10 * self.n * (self.c_1 + self.c_mu))))


@dataclass
class State:
    """What evolves, of each lane. The covariance is C = B D^2 B^T; a diagonal one has C (*lanes, n) and needs no B."""

    generation: Array  # (*lanes, 1)
    m: Array  # (*lanes, n)
    sigma: Array  # (*lanes, 1)
    p_sigma: Array  # (*lanes, n)
    p_c: Array  # (*lanes, n)
    C: Array  # (*lanes, n, n), or its diagonal (*lanes, n)
    B: Array  # (*lanes, n, n)
    D: Array  # (*lanes, n)
    best: Array  # (*lanes, generations), the best value of each of the last ones

    @classmethod
    def at(cls, m: Array, sigma: Array, strategy: Strategy, convert: Callable[[np.ndarray], Array], diagonal: bool):
        lanes, n = tuple(m.shape[:-1]), strategy.n
        zero, one = convert(np.zeros((*lanes, n))), convert(np.ones((*lanes, n)))
        axes = one if diagonal else convert(np.broadcast_to(np.eye(n), (*lanes, n, n)).copy())
        kept = 10 + ceil(30 * n / strategy.population)
        known = convert(np.full((*lanes, kept), nan))
        first = sigma * one[..., :1]  # sigma (*lanes, 1)
        return cls(zero[..., :1], m, first, zero, zero, axes, axes, one, known)

    def renewed(self, lanes: Array, fresh: "State") -> "State":
        """This state with the lanes of a mask begun anew."""
        pairs = ((getattr(fresh, item.name), getattr(self, item.name)) for item in fields(self))
        return State(*(masked(lanes, *pair) for pair in pairs))

    def stuck(self, values: Array, sigma_0: Array) -> Array:
        """Which lanes will gain nothing more, by the values of this generation: tutorial B.3."""
        xp = array_namespace(self.m)
        seen = xp.concat([self.best, values], axis=-1)
        lowest, highest = xp.min(seen, axis=-1), xp.max(seen, axis=-1)  # NaN until enough generations have passed
        deviations = self.C**0.5 if self.C.ndim == self.m.ndim else xp.linalg.diagonal(self.C) ** 0.5
        longest, shortest = xp.max(self.D, axis=-1), xp.min(self.D, axis=-1)
        sigma, steps = self.sigma[..., 0] / sigma_0[..., 0], xp.maximum(xp.abs(self.p_c), deviations)
        return (
            ((highest - lowest <= TOL_FUN) | (highest == lowest))
            | (sigma * xp.max(steps, axis=-1) < TOL_X)
            | (sigma * longest > TOL_X_UP)
            | (longest**2 > CONDITION * shortest**2)
        )


def decomposed(C: Array) -> tuple[Array, Array]:
    """B and D of C = B D^2 B^T, one matrix after the other, whatever the number of lanes."""
    xp = array_namespace(C)
    squares, B = xp.linalg.eigh(C)
    return B, root(squares)


def root(squares: Array) -> Array:
    """The square root of variances, of which rounding may have made one negative."""
    xp = array_namespace(squares)
    least = xp.finfo(squares.dtype).tiny
    return xp.where(squares > least, squares, least) ** 0.5


def penalty(f: Array, beyond: Array, now: State) -> Array:
    """What is added to values f (*lanes, points) for the way beyond the bounds (*lanes, points, n), in units of ratio:
    as much as the values differ by, where that way is as long as a typical step."""
    xp = array_namespace(f)
    highest = xp.max(xp.where(xp.isfinite(f), f, -inf), axis=-1, keepdims=True)
    lowest = xp.min(f, axis=-1, keepdims=True)
    spread = xp.where(highest > lowest, highest - lowest, 0.0)
    return spread * xp.sum(beyond**2, axis=-1) / (now.sigma**2 * xp.sum(now.D**2, axis=-1, keepdims=True))


def product(a: Array, b: Array) -> Array:
    """The matrix product a b of each lane, bit for bit the same whatever the number of lanes."""
    if is_torch_array(a) and a.ndim > 2:  # a batched product may add in another order
        import torch

        return torch.stack([one @ other for one, other in zip(a, b, strict=True)])
    return a @ b


def evolve(
    oracle: Oracle, population: int | None, sigma: float, batch_size: int | None, *, diagonal: bool = False
) -> None:
    """CMA-ES until it is stuck; then a batch gives the lane a new start, and a single run returns."""
    s = Strategy.of(oracle.dim, population, diagonal)
    w = oracle.array(s.weights[:, None])  # (lambda, 1)
    chosen, total = oracle.array(s.weights[: s.population // 2, None]), float(s.weights.sum())
    # sigma is a length of the first coordinate, and `ratio` what the others are long beside it
    sigma_0, ratio = sigma * oracle.scale[..., :1], oracle.scale / oracle.scale[..., :1]
    inside = clipping(oracle)
    now = State.at(oracle.x0, sigma_0, s, oracle.array, diagonal)
    xp = array_namespace(now.m)
    for batch in oracle.minibatches(batch_size):
        if oracle.scored:
            oracle.recommend(inside(now.m[..., None, :])[..., 0, :])
        z = oracle.rng.standard_normal((s.population, s.n))  # (38)
        y = z * now.D[..., None, :]
        if not diagonal:
            y = product(y, xp.matrix_transpose(now.B))  # (39)
        x = now.m[..., None, :] + (now.sigma * ratio)[..., None, :] * y  # (40)
        nearest = inside(x)
        f = usable(batch.value(nearest))
        if nearest is not x:
            f = f + penalty(f, (x - nearest) / ratio[..., None, :], now)
        ranks = xp.argsort(f, axis=-1, stable=True)
        y, z = rows(y, ranks), rows(z, ranks)
        mean_y, mean_z = (xp.sum(chosen * part[..., : len(chosen), :], axis=-2) for part in (y, z))  # (41)
        now.m = now.m + now.sigma * ratio * mean_y  # (42), c_m = 1

        # step-size control; C^(-1/2) y = B z
        white = mean_z if diagonal else xp.sum(now.B * mean_z[..., None, :], axis=-1)
        now.p_sigma = (1 - s.c_sigma) * now.p_sigma + sqrt(s.c_sigma * (2 - s.c_sigma) * s.mu_eff) * white  # (43)
        length = xp.sum(now.p_sigma**2, axis=-1, keepdims=True) ** 0.5
        growth = s.c_sigma / s.d_sigma * (length / s.length - 1)
        now.sigma = now.sigma * xp.exp(xp.where(growth < 1, growth, 1.0))  # (44), by e at most

        # covariance matrix adaptation
        now.generation = now.generation + 1
        usual = (1.4 + 2 / (s.n + 1)) * s.length * (1 - (1 - s.c_sigma) ** (2 * now.generation)) ** 0.5
        h = xp.astype(length < usual, z.dtype)  # stalls p_c while sigma grows fast
        now.p_c = (1 - s.c_c) * now.p_c + h * sqrt(s.c_c * (2 - s.c_c) * s.mu_eff) * mean_y  # (45)
        kept = 1 + s.c_1 * (1 - h) * s.c_c * (2 - s.c_c) - s.c_1 - s.c_mu * total
        w_o = xp.where(w >= 0, w, w * s.n / xp.sum(z**2, axis=-1, keepdims=True))  # (46)
        if diagonal:  # (47)
            now.C = kept * now.C + s.c_1 * now.p_c**2 + s.c_mu * xp.sum(w_o * y**2, axis=-2)
            now.D = root(now.C)
        else:
            rank_one = now.p_c[..., :, None] * now.p_c[..., None, :]
            now.C = kept[..., None] * now.C + s.c_1 * rank_one + s.c_mu * product(xp.matrix_transpose(w_o * y), y)
            due = now.generation[..., 0] % s.every == 0
            if s.every == 1 or xp.any(due):
                B, D = decomposed(now.C)
                now.B, now.D = masked(due, B, now.B), masked(due, D, now.D)

        best = xp.min(f, axis=-1, keepdims=True)
        now.best = xp.concat([now.best[..., 1:], best], axis=-1)
        stuck = now.stuck(f, sigma_0)
        if gave_up(oracle, stuck):
            if not oracle.lanes:
                return
            oracle.restart(stuck)
            now = now.renewed(stuck, State.at(oracle.x0, sigma_0, s, oracle.array, diagonal))


@optimizer(order=0, lanes=True, arrays="any", source="Hansen 2016, arXiv:1604.00772")
def cma_es(oracle: Oracle, *, population: Population = None, sigma: Sigma = 1.0, batch_size: BatchSize = None) -> None:
    """CMA-ES: steps are normal, and their mean, length and covariance follow the better half of the points.

    population: points a generation, None for 4 + 3 ln n. sigma: first standard deviation, in units of the domain's
    scale. batch_size: rows of data a generation; None takes all. It needs memory of n^2 numbers and time of n^3.
    """
    evolve(oracle, population, sigma, batch_size)


@optimizer(
    order=0,
    lanes=True,
    arrays="any",
    source="Ros & Hansen 2008, doi:10.1007/978-3-540-87700-4_30",
)
def separable_cma_es(
    oracle: Oracle, *, population: Population = None, sigma: Sigma = 1.0, batch_size: BatchSize = None
) -> None:
    """CMA-ES with a diagonal covariance, which is learnt faster, in linear time and memory.

    population: points a generation, None for 4 + 3 ln n. sigma: first standard deviation, in units of the domain's
    scale. batch_size: rows of data a generation; None takes all.
    """
    evolve(oracle, population, sigma, batch_size, diagonal=True)
