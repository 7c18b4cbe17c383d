"""Wrappers of points: f is asked elsewhere. Bounds, starts and optima are where the changed f has them."""

from dataclasses import replace

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, wrapper

from ..instances import random_rotation, random_shift, transform
from .composition import flat, generator, needs_real, positive, rewritten

BBOB = "Hansen, Finck, Ros & Auger 2009, hal:inria-00362633"


@wrapper(source=f"{BBOB}, on shifted optima")
def shifted(objective: Objective, *, reach: float = 1.0, instance: int = 1) -> Objective:
    """f(x - shift): bounds, starts and optimum move along, so that the problem is the same but for where 0 is.

    reach: the shift is uniform in [-reach, reach]^dim, drawn for each instance. Real coordinates alone.
    """
    needs_real(objective, "shifted")
    positive(reach=reach)
    shift = reach * random_shift(generator("shifted", instance), objective.dim, reach=1.0)
    domain = objective.domain
    return rewritten(
        objective,
        {"shift": shift},
        before=behind,
        domain=replace(objective.box, low=domain.low + shift, high=domain.high + shift),
        start=lambda rng: objective.first_point(rng) + shift,
        x_opt=None if objective.x_opt is None else objective.x_opt + shift,
    )


def behind(x: Array, shift: Array) -> Array:
    """x - shift: x (*points, dim), shift (dim,)."""
    return x - shift


@wrapper(source=f"Salomon 1996, doi:10.1016/0303-2647(96)01621-8; {BBOB}")
def rotated(objective: Objective, *, least_everywhere: bool = False, instance: int = 1) -> Objective:
    """f(Q x), Q a random rotation or reflection of each instance: what was separable is no longer.

    On a box with centre c and half-widths w it is f(c + w Q ((x - c) / w)), and the bounds stay. Its corners then lead
    to points beyond f's old bounds, where f may be lower than its f_opt: no minimum is known, unless
    `least_everywhere` says that f_opt is the least in all of space (it is for the toys and BBOB's functions), and the
    optimum has not left the box. Starts are turned likewise, those that leave the box going to its nearest point;
    uniform ones stay uniform.
    Real coordinates alone, with all bounds or none. Takes dim^2 numbers, and the views of a network's layers are lost.
    """
    needs_real(objective, "rotated")
    domain, dim = objective.domain, objective.dim
    matrix = random_rotation(generator("rotated", instance), dim)
    x_opt, f_opt, start = objective.x_opt, objective.f_opt, objective.start
    if domain.open:
        scale = objective.box.scale
        scale = scale if np.ptp(scale) == 0 else (scale**2 @ matrix**2) ** 0.5
        return rewritten(
            objective,
            {"matrix": matrix},
            before=turned,
            slopes=slopes_turned,
            domain=replace(domain, scale=scale),
            start=lambda rng: objective.first_point(rng) @ matrix,
            x_opt=None if x_opt is None else x_opt @ matrix,
            shapes=(),
        )
    if not domain.bounded:
        raise ValueError(f"rotated takes problems with all bounds or none; {objective.name} has some")
    low, high = np.broadcast_to(domain.low, dim), np.broadcast_to(domain.high, dim)
    centre, half = (low + high) / 2, (high - low) / 2

    def back(z: np.ndarray) -> np.ndarray:
        return centre + half * (((z - centre) / half) @ matrix)

    found = None if x_opt is None else back(x_opt)
    known = least_everywhere and found is not None and bool(domain.contains(found))
    return rewritten(
        objective,
        {"matrix": matrix, "centre": centre, "half": half},
        before=turned_in_box,
        slopes=slopes_turned_in_box,
        start=None if start is None else lambda rng: np.clip(back(start(rng)), low, high),
        f_opt=f_opt if known else None,
        x_opt=found if known else None,
        shapes=(),
    )


def turned(x: Array, matrix: Array) -> Array:
    """Q x: x (*points, dim), matrix (dim, dim)."""
    return transform(matrix, x)


def slopes_turned(gradient: Array, x: Array, matrix: Array) -> Array:
    """Q^T times the gradient at Q x."""
    return transform(matrix.mT, gradient)


def turned_in_box(x: Array, matrix: Array, centre: Array, half: Array) -> Array:
    """c + w Q ((x - c) / w): x (*points, dim), matrix (dim, dim), centre and half (dim,)."""
    return centre + half * transform(matrix, (x - centre) / half)


def slopes_turned_in_box(gradient: Array, x: Array, matrix: Array, centre: Array, half: Array) -> Array:
    """The transposed Jacobian of `turned_in_box` times the gradient there."""
    return transform(matrix.mT, gradient * half) / half


@wrapper(version=2, source=f"Nocedal & Wright 2006, section 2.2, doi:10.1007/978-0-387-40065-5, on scaling; {BBOB}")
def scaled(
    objective: Objective, *, stretch: float = 1.0, spread: float = 1.0, factor: float = 1.0, instance: int = 1
) -> Objective:
    """factor f(x / s): the coordinates are s_i times as long, and values factor times as high.

    stretch: the geometric mean of the s_i. spread: the greatest s_i over the least; they rise in equal ratios from the
    first coordinate to the last. Real coordinates alone. Metrics keep their units. All instances are scaled alike.
    """
    needs_real(objective, "scaled")
    positive(stretch=stretch, factor=factor)
    if not 1 <= spread < np.inf:
        raise ValueError(f"spread must be >= 1 and finite, got {spread}")
    lengths = stretch * np.geomspace(spread**-0.5, spread**0.5, objective.dim)
    if not (lengths.min() > 0 and np.all(lengths * np.maximum(1.0, objective.box.scale) < np.inf)):
        raise ValueError(f"stretch and spread must leave lengths finite, got stretch={stretch}, spread={spread}")
    domain = objective.domain
    return rewritten(
        objective,
        {"lengths": lengths, "factor": np.full(1, factor)},
        before=shortened,
        values=values_raised,
        slopes=slopes_scaled,
        residuals=residuals_raised,
        costs=costs_raised,
        domain=replace(
            domain, low=domain.low * lengths, high=domain.high * lengths, scale=objective.box.scale * lengths
        ),
        start=lambda rng: objective.first_point(rng) * lengths,
        f_opt=None if objective.f_opt is None else objective.f_opt * factor,
        x_opt=None if objective.x_opt is None else objective.x_opt * lengths,
    )


def shortened(x: Array, lengths: Array, factor: Array) -> Array:
    """x / s: x (*points, dim), lengths (dim,)."""
    return x / lengths


def values_raised(f: Array, x: Array, lengths: Array, factor: Array) -> Array:
    """Values (*points) times the factor (1,)."""
    return f * factor[..., 0]


def costs_raised(costs: Array, x: Array, lengths: Array, factor: Array) -> Array:
    """Costs of steps or rows (*points, n) times the factor (1,)."""
    return costs * factor


def slopes_scaled(gradient: Array, x: Array, lengths: Array, factor: Array) -> Array:
    """The gradient at x / s times the factor, over s."""
    return gradient * factor / lengths


def residuals_raised(r: Array, x: Array, lengths: Array, factor: Array) -> Array:
    """Residuals (*points, m), whose squares are factor times as high."""
    return r * factor**0.5


@wrapper(
    source="De Jong 1975, PhD thesis, F3, a step function; Hansen, Finck, Ros & Auger 2009, hal:inria-00362633, f7"
)
def rounded(objective: Objective, *, step: float = 0.1, instance: int = 1) -> Objective:
    """f at the nearest point of a grid through 0: a staircase, with a gradient of zero wherever there is one.

    step: the grid's width. The minimum is known where the optimum lies on the grid and no bound is rounded outwards:
    beyond f may be lower. Real coordinates alone. All instances have the same grid.
    """
    needs_real(objective, "rounded")
    positive(step=step)
    domain, grid = objective.domain, np.full(1, step)
    inside = bool(np.all(nearest(domain.low, grid) >= domain.low) and np.all(nearest(domain.high, grid) <= domain.high))
    x_opt = objective.x_opt
    known = x_opt is not None and inside and np.array_equal(nearest(x_opt, grid), x_opt)
    changed = rewritten(
        objective,
        {"step": grid},
        before=nearest,
        f_opt=objective.f_opt if known else None,
        x_opt=x_opt if known else None,
    )
    return replace(changed, gradient=flat if objective.order >= 1 else None)


def nearest(x: Array, step: Array) -> Array:
    """The nearest multiples of the step (1,): x (*points, dim)."""
    return step * array_namespace(step).round(x / step)


@wrapper(source="Elhara et al. 2019, arXiv:1903.06396, on permuted variables")
def permuted(objective: Objective, *, instance: int = 1) -> Objective:
    """f of the variables in another order, drawn for each instance: who goes by neighbouring variables has no help.

    Problems over permutations keep their positions, and the items get other numbers. Every fact moves along, but the
    views of a network's layers are lost.
    """
    dim, domain = objective.dim, objective.domain
    order = generator("permuted", instance).permutation(dim)
    inverse = np.argsort(order)
    x_opt = objective.x_opt
    if domain.kinds == "permutation":
        numbers = inverse.astype(np.float64)  # of the items whose number was 0, 1, ...
        return rewritten(
            objective,
            {"items": order.astype(np.float64)},
            before=relabelled,
            start=lambda rng: numbers[objective.first_point(rng).astype(int)],
            x_opt=None if x_opt is None else numbers[x_opt.astype(int)],
            shapes=(),
        )
    log = domain.log if isinstance(domain.log, bool) else tuple(domain.log[i] for i in inverse)
    low, high = (bound if np.ndim(bound) == 0 else np.asarray(bound)[inverse] for bound in (domain.low, domain.high))
    kinds = domain.kinds if isinstance(domain.kinds, str) else tuple(domain.kinds[i] for i in inverse)
    return rewritten(
        objective,
        {"order": order, "inverse": inverse},
        before=reordered,
        slopes=slopes_reordered,
        domain=replace(domain, low=low, high=high, scale=objective.box.scale[inverse], kinds=kinds, log=log),
        start=lambda rng: objective.first_point(rng)[inverse],
        x_opt=None if x_opt is None else x_opt[inverse],
        shapes=(),
    )


def reordered(x: Array, order: Array, inverse: Array) -> Array:
    """x_order[0], x_order[1], ...: x (*points, dim), order (dim,)."""
    xp = array_namespace(x)
    return xp.take_along_axis(x, xp.broadcast_to(order, x.shape), axis=-1)


def slopes_reordered(gradient: Array, x: Array, order: Array, inverse: Array) -> Array:
    """The gradient at the reordered point, in x's own order."""
    return reordered(gradient, inverse, order)


def relabelled(x: Array, items: Array) -> Array:
    """items[x_0], items[x_1], ...: permutations x (*points, dim), items (dim,).

    What is no permutation is taken for the ranks of its numbers; NaN stays what it is.
    """
    xp = array_namespace(x)
    ranks = xp.argsort(xp.argsort(x, axis=-1), axis=-1)
    return xp.where(xp.isnan(x), x, xp.take_along_axis(xp.broadcast_to(items, x.shape), ranks, axis=-1))
