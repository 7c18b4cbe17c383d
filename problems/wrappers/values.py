"""Wrappers of values: holes where there is none, and steps."""

from dataclasses import replace

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, wrapper

from .composition import flat, generator, positive, rewritten

POINTS = 1000  # from which the size of a hole is estimated
PROBES = 20  # starts that a hole is tried on
DRAWS = 100  # of a hole, and of a start beside it


@wrapper(source="Gramacy & Lee 2010, arXiv:1004.4027, on unknown constraints; a half-space, ours")
def holed(objective: Objective, *, share: float = 0.1, instance: int = 1) -> Objective:
    """f, but NaN beyond a random hyperplane of each instance, as where a simulation crashes; gradients, too.

    share: of the domain that is lost, about: of the points of its box or, where bounds are missing, of a normal cloud
    around a start, as wide as the domain's scale. Never lost are the optimum and the starts.
    """
    if not 0 < share <= 0.5:
        raise ValueError(f"share must be > 0 and <= 0.5, got {share}")
    normal, edge = hyperplane(objective, share, instance)

    def start(rng: np.random.Generator) -> np.ndarray:
        for _ in range(DRAWS):
            point = objective.first_point(rng)
            if point @ normal <= edge:
                return point
        raise ValueError(f"no start of {objective.name} lies outside its hole: share must be smaller, got {share}")

    return rewritten(
        objective,
        {"normal": normal, "edge": edge},
        values=values_holed,
        slopes=rows_holed,
        residuals=rows_holed,
        costs=rows_holed,
        start=start,
        f_opt=None if objective.x_opt is None else objective.f_opt,
    )


def hyperplane(objective: Objective, share: float, instance: int) -> tuple[np.ndarray, float]:
    """The normal (dim,) and the offset of a plane that cuts off that fraction of the domain, but neither the optimum
    nor more than half of the starts. Directions are uniform in coordinates in which all widths are about equal."""
    rng, domain = generator("holed", instance), objective.domain
    if domain.bounded:
        cloud = domain.sample(rng, (POINTS, objective.dim))
        width = np.broadcast_to(np.asarray(domain.high) - np.asarray(domain.low), objective.dim)
    else:
        cloud = objective.first_point(rng) + objective.box.scale * rng.standard_normal((POINTS, objective.dim))
        width = np.ones(objective.dim)
    starts = np.stack([objective.first_point(rng) for _ in range(PROBES)])
    for _ in range(DRAWS):
        normal = rng.standard_normal(objective.dim) / width
        edge = float(np.quantile(cloud @ normal, 1 - share))
        kept = objective.x_opt is None or objective.x_opt @ normal < edge
        if kept and (starts @ normal < edge).mean() >= 0.5:
            return normal, edge
    raise ValueError(f"share must be smaller, so that a hole leaves out the optimum and the starts, got {share}")


def hole(x: Array, normal: Array, edge: Array) -> Array:
    """NaN beyond the plane and 1 elsewhere: x (*points, dim), normal (dim,) -> (*points)."""
    xp = array_namespace(x)
    along = (x * normal).sum(-1)
    return xp.where(along > edge, xp.full_like(along, xp.nan), xp.ones_like(along))


def values_holed(f: Array, x: Array, normal: Array, edge: Array) -> Array:
    """f (*points) times `hole`: a product, so that torch's gradient of it is NaN as well."""
    return f * hole(x, normal, edge)


def rows_holed(answer: Array, x: Array, normal: Array, edge: Array) -> Array:
    """Gradients, residuals or costs (*points, n) times `hole`."""
    return answer * hole(x, normal, edge)[..., None]


@wrapper(source="De Jong 1975, PhD thesis, F3, whose values are whole numbers; formula ours")
def quantised(objective: Objective, *, height: float = 1.0, instance: int = 1) -> Objective:
    """f in steps of that height, counted from f_opt (or 0 where it is not known): plateaus. Its gradient is zero.

    All points within half a step of f_opt are optimal. It is no least-squares problem any more. All instances have the
    same steps.
    """
    positive(height=height)
    changed = rewritten(
        objective,
        {"height": np.full(1, height), "base": np.full(1, objective.f_opt or 0.0)},
        values=values_stepped,
        costs=costs_stepped,
    )
    return replace(changed, gradient=flat if objective.order >= 1 else None, residuals=None)


def values_stepped(f: Array, x: Array, height: Array, base: Array) -> Array:
    """base + height round((f - base) / height): f (*points), height and base (1,)."""
    h, b = height[..., 0], base[..., 0]
    return b + h * array_namespace(x).round((f - b) / h)


def costs_stepped(costs: Array, x: Array, height: Array, base: Array) -> Array:
    """Costs (*points, n), all raised by what their mean is rounded up."""
    mean = costs.mean(-1)
    return costs + (values_stepped(mean, x, height, base) - mean)[..., None]
