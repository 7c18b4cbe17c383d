"""The picture of one problem: its landscape over a plane, its profile over a line, or walks away from its optimum."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core.files import whole
from bench.core.foreign import foreign
from bench.core.objective import Objective
from bench.report.panels import new_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS, COARSE = 121, 41  # a side, and where an evaluation goes through data
ASKED = 1000  # points of random walks, or of a sample


def plane(objective: Objective, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A center (dim,), two orthonormal directions (dim,) and the reach (2,) of the picture in units of them.

    In two dimensions it is the box itself; in more the plane through the least point, or the start where that is not
    known, along the first two coordinates, or along two random directions where the coordinates are the weights of a
    network (Li et al. 2018, arXiv:1712.09913).
    """
    rng = np.random.default_rng(seed)
    start = objective.first_point(rng)
    center = start if objective.x_opt is None else np.asarray(objective.x_opt, dtype=np.float64)
    directions = np.eye(objective.dim)[:2]
    if objective.data and objective.dim > 2:
        directions = np.linalg.qr(rng.standard_normal((objective.dim, 2)))[0].T
    if objective.domain.bounded:
        low, high = (np.broadcast_to(bound, objective.dim) for bound in (objective.domain.low, objective.domain.high))
        if objective.dim <= 2:
            center = (low + high) / 2
        reach = ((high - low) / 2)[:2]
    else:
        scale = objective.box.scale.max() * np.sqrt(objective.dim if objective.data else 1)
        reach = max(1.5 * np.linalg.norm(start - center), 3 * scale)
    return center, directions[0], directions[-1], np.broadcast_to(reach, 2)


def draw(objective: Objective, path: Path) -> Path:
    """Write the picture of a problem as PNG, SVG or PDF, by the ending of the path; answers with the path.

    Raises ValueError for a file that may not be written, and where the problem itself fails.
    """
    new_file(path, "picture")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes: Any = figure.add_subplot()
    picture = _walks if not objective.domain.real else _profile if objective.dim == 1 else _landscape
    with foreign(f"{objective.name} cannot be drawn"):
        picture(objective, axes)
    axes.set_title(f"{objective.name}, dim {objective.dim}, instance {objective.instance}")
    with whole(path) as draft:
        figure.savefig(draft, dpi=150)
    return path


def _walks(objective: Objective, axes: "Axes", seed: int = 0) -> None:
    """f over the distance from the optimum, on random walks that begin there and change one coordinate a step.

    Without a plane, this is how rugged a landscape is, and how well values tell the way (Jones & Forrest 1995, "Fitness
    distance correlation as a measure of problem difficulty for genetic algorithms").
    """
    rng, domain, dim = np.random.default_rng(seed), objective.domain, objective.dim
    center, name = objective.x_opt, "the least point"
    if center is None:
        sample = domain.sample(rng, (ASKED // 2, dim))
        center, name = sample[np.nanargmin(objective.f(sample))], "the best of a sample"
    x = np.repeat(np.asarray(center, dtype=np.float64)[None], max(4, ASKED // (2 * dim)), axis=0)
    walks, distances, values = np.arange(len(x)), [], []
    for _ in range(2 * dim):
        i, j = rng.integers(dim, size=(2, len(x)))
        if domain.kinds == "permutation":
            x[walks, i], x[walks, j] = x[walks, j], x[walks, i]
        else:
            x[walks, i] = domain.sample(rng, x.shape)[walks, i]
        distances.append((x != center).sum(-1))
        values.append(np.asarray(objective.f(x)))
    distance, f = np.concatenate(distances), np.concatenate(values)
    axes.plot(distance + rng.uniform(-0.3, 0.3, len(f)), f, ".", color="#0b6fa4", alpha=0.25, markersize=4)
    distances = np.unique(distance)
    axes.plot(distances, [np.median(f[distance == d]) for d in distances], color="black", label="median")
    axes.plot(0, objective.f(center), "*", color="#d55e00", markersize=12, clip_on=False)
    axes.set(xlabel=f"coordinates that differ from {name}", ylabel="f", xlim=(-0.5, dim + 0.5))
    axes.legend(frameon=False)


def _profile(objective: Objective, axes: "Axes") -> None:
    center, direction, _, reach = plane(objective)
    t = np.linspace(-reach[0], reach[0], 10 * POINTS)
    x = center + t[:, None] * direction
    axes.plot(x[:, 0], np.asarray(objective.f(x)), color="#0b6fa4")
    if objective.x_opt is not None:
        axes.plot(objective.x_opt[0], objective.f(objective.x_opt), "*", color="#d55e00", markersize=12)
    axes.set(xlabel="x", ylabel="f")


def _landscape(objective: Objective, axes: Any) -> None:
    center, first, second, reach = plane(objective)
    side = POINTS if not objective.data else COARSE
    s, t = (np.linspace(-r, r, side) for r in reach)
    x = center + s[None, :, None] * first + t[:, None, None] * second
    f = np.asarray(objective.f(x.reshape(-1, objective.dim))).reshape(side, side)
    in_plane = objective.dim == 2
    at = center if in_plane else np.zeros(2)
    levels, heights, name = _levels(f, objective.f_opt)
    filled = axes.contourf(at[0] + s, at[1] + t, heights, levels=levels, cmap="viridis_r")
    axes.contour(at[0] + s, at[1] + t, heights, levels=levels, colors="k", linewidths=0.3, alpha=0.5)
    axes.figure.colorbar(filled, ax=axes, label=name)
    if objective.x_opt is not None:
        best = objective.x_opt if in_plane else np.zeros(2)
        axes.plot(best[0], best[1], "*", color="#d55e00", markersize=14, markeredgecolor="white")
    names = ("x1", "x2") if in_plane else ("along one direction", "along another")
    axes.set(xlabel=names[0], ylabel=names[1])


def _levels(f: np.ndarray, f_opt: float | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Levels, what is shown, and its name: log10 of the gap where values span more than a hundred to one."""
    finite = f[np.isfinite(f)]
    least = float(finite.min()) if f_opt is None else f_opt
    gap = np.where(np.isfinite(f), f - least, np.nan)
    positive = gap[gap > 0]
    if not len(positive):  # flat
        return np.linspace(least - 0.5, least + 0.5, 3), f, "f"
    low, middle, high = np.percentile(positive, [1, 50, 100])
    high = min(high, 1e6 * middle)  # where a pole is near, it would take all colours
    if high > 100 * low:
        heights = np.log10(np.clip(gap, low, high))
        return np.linspace(np.log10(low), np.log10(high), 25), heights, "log10 of f over its least"
    return np.linspace(least, least + high, 25), f, "f"
