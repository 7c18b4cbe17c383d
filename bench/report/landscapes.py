"""Pictures of two-dimensional problems, and the paths that optimizers took across them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.core.ledger import QUESTIONS
from bench.measure.frames import Frame
from bench.measure.levels import FLOOR
from bench.measure.prices import RULES, priced, resolved
from bench.measure.progress import joined
from bench.measure.targets import optima
from bench.measure.words import landscape
from bench.report.data import coarse

if TYPE_CHECKING:
    from bench.results.stored import Results

VIEWS = 24  # problems that are shown, of those of dimension 2
LONGEST = 150  # points of a path
MOST = 40_000  # points of all paths: one seed of each optimizer, and more seeds while there is room
NOT_A_NUMBER = 65535  # in arrays of 16 bits; the numbers go from 0 to 65534
AROUND = 4  # widths of the box, within which points outside of it keep their place
DEEP = 1e-10  # of the highest gap: the least that is drawn
BITS = 12  # of mantissa: three significant digits, and whole numbers to 8,192
DECADES = 100  # gaps that span more are drawn on a log scale


def landscapes(results: "Results", runs: Frame) -> dict[str, Any]:
    """The part of the page's data that the section on landscapes draws; empty where no grid has a path.

    landscape: views (problem, instance, low, high, kind, base, log, bottom, top, and the star: the best point that a
    run found, with its gap or value; caption), paths (view, optimizer, seed, begin and end in the arrays, asked: its
    points in all), prices (name: row of the costs), around (AROUND).
    landscape_z (views, n, n): heights from bottom to top as 0 to 65534, of log10 where log; row 0 is the lowest x2.
    landscape_x (points, 2): places as 0 to 65534, over the box and AROUND of its widths on every side.
    landscape_cost (prices, points): what had been spent. landscape_best (points,): the least gap or value so far.
    """
    import pandas as pd

    grids = _grids(results, runs)
    drawn, length = _drawn(runs, grids[:VIEWS])
    if not len(drawn):
        return {}
    events = _by_run(results.events(drawn.run.tolist()))
    paths = []
    for run in drawn.itertuples():
        points = results.points(run.run)
        if len(points) and run.run in events:
            paths.append((run, len(points), _path(run, grids[run.view]["view"], points, events[run.run], length)))
    if not paths:
        return {}
    ends = np.cumsum([len(path["run"]) for _, _, path in paths]).tolist()
    table = pd.DataFrame({name: np.concatenate([path[name] for _, _, path in paths]) for name in paths[0][-1]})
    prices, costs = _costs(table, runs.set_index("run").loc[table.run, ["rows", "dim", "lanes"]], results.prices)
    listed = [
        {"view": run.view, "optimizer": run.optimizer, "seed": int(run.seed), "asked": points_asked}
        | {"begin": end - len(path["run"]), "end": end}
        for (run, points_asked, path), end in zip(paths, ends, strict=True)
    ]
    views = [grid["view"] for grid in grids[:VIEWS]]
    views = [{**view, "caption": landscape(view, len(grids) - len(views))} for view in views]
    return {
        "landscape": {"views": views, "paths": listed, "prices": prices, "around": AROUND},
        "landscape_z": np.stack([grid["z"] for grid in grids[:VIEWS]]),
        "landscape_x": table[["x", "y"]].to_numpy(np.uint16),
        "landscape_cost": costs,
        "landscape_best": coarse(table.best.to_numpy(), BITS),
    }


def _grids(results: "Results", runs: Frame) -> list[dict[str, Any]]:
    """The first instance of each two-dimensional problem that has a grid and runs on it."""
    flat = runs[(runs.dim == 2) & (runs.value + runs.gradient > 0)]
    f_opt, known = optima(flat)
    flat = flat.assign(f_opt=f_opt.where(known))
    problems: dict[str, dict[str, Any]] = {}
    for grid in sorted(results.grids, key=lambda grid: grid["instance"]):
        name = results.title(grid["problem"], grid["parameters"])
        of_instance = flat[(flat.problem == name) & (flat.instance == grid["instance"])]
        if name not in problems and len(of_instance) and np.isfinite(grid["f"]).any():
            problems[name] = {"runs": of_instance, **_view(results, name, grid, of_instance)}
    size = len(next(iter(problems.values()))["z"]) if problems else 0  # grids of another size are of another version
    return [problem for problem in problems.values() if len(problem["z"]) == size]


def _view(results: "Results", name: str, grid: dict[str, Any], runs: Frame) -> dict[str, Any]:
    """How the landscape of one instance is drawn, and its heights."""
    f, f_opt = np.asarray(grid["f"], float), runs.f_opt.max()
    is_gap = bool(np.isfinite(f_opt))
    best = runs.best.astype(float)
    lowest = best.idxmin() if np.isfinite(best).any() else None
    base = float(f_opt) if is_gap else 0.0
    with np.errstate(invalid="ignore"):
        height = np.where(np.isfinite(f), np.maximum(f - base, FLOOR) if is_gap else f, np.nan)
    steep = is_gap and np.nanmax(height) > DECADES * np.nanquantile(height, 0.01)
    z = np.log10(np.maximum(height, DEEP * np.nanmax(height))) if steep else height
    bottom, top = float(np.nanmin(z)), float(np.nanmax(z))
    star = None if lowest is None else results.searched_x(int(runs.run[lowest]))
    return {
        "z": _packed((z - bottom) / ((top - bottom) or 1.0)),
        "view": {
            "problem": name,
            "instance": int(grid["instance"]),
            **{end: [float(value) for value in grid[end]] for end in ("low", "high")},
            "base": base,
            "kind": "gap" if is_gap else "value",
            "log": bool(steep),
            "bottom": bottom,
            "top": top,
            "star": None if star is None else [float(value) for value in star],
            "found": None if star is None else float(best[lowest] - base),
        },
    }


def _drawn(runs: Frame, grids: list[dict[str, Any]]) -> tuple[Frame, int]:
    """The runs whose paths are drawn, with the column view, and the points that a path may have: the first seed of
    every optimizer on every view, and further ones while there is room for all of a seed."""
    table = joined([grid["runs"].assign(view=view) for view, grid in enumerate(grids)], [*runs.columns, "view"])
    table = table.sort_values(["view", "order", "optimizer", "seed"], kind="stable", ignore_index=True)
    turn = table.groupby(["view", "optimizer"]).cumcount()
    length = int(np.clip(MOST // max((turn == 0).sum(), 1), 10, LONGEST))
    sizes = (table.value + table.gradient).clip(upper=length).groupby(turn).sum().cumsum()
    return table[turn <= max((sizes <= MOST).sum() - 1, 0)], length


Columns = dict[str, np.ndarray]  # arrays of one length


def _by_run(events: Frame) -> dict[int, Columns]:
    """The columns of each run, whose events stand together: arrays, as frames of so few rows take a hundred times as
    long."""
    run = events.run.to_numpy()
    columns = {name: events[name].to_numpy(float) for name in events if name != "run"}
    begins = np.flatnonzero(np.diff(run, prepend=-1))
    ends = np.append(begins[1:], len(run))
    return {
        int(run[begin]): {name: column[begin:end] for name, column in columns.items()}
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
    }


def _path(run: Any, view: dict[str, Any], points: np.ndarray, events: Columns, length: int) -> Columns:
    """One path: what had been asked when each of its points was, where it lies, and the best gap or value so far."""
    # a point was kept for each value and each gradient; other questions are asked where one of these was
    questions = events["value"] + events["gradient"]
    f = events["f"]
    best = np.minimum.accumulate(np.where(np.isfinite(f), f, np.inf))
    kept = thinned(len(points), questions, length)
    spent = {name: getattr(run, name) for name in (*QUESTIONS, "inside", "outside") if name in events}
    at = np.append(questions, max(spent["value"] + spent["gradient"], questions[-1]))
    counts = {name: np.interp(kept, at, np.append(events[name], last)) for name, last in spent.items()}
    low, high = (np.array(view[name]) for name in ("low", "high"))
    with np.errstate(invalid="ignore"):
        places = (points[kept - 1] - low) / (high - low) + AROUND
    places = _packed(np.clip(places / (1 + 2 * AROUND), 0, 1))
    reached = best[np.maximum(np.searchsorted(questions, kept, side="right") - 1, 0)] - view["base"]
    numbers = np.full(len(kept), run.run)
    return {"run": numbers, **counts, "x": places[:, 0], "y": places[:, 1], "best": reached}


def _packed(fractions: np.ndarray) -> np.ndarray:
    """Numbers from 0 to 1, or NaN, in 16 bits."""
    levels = np.round(fractions * (NOT_A_NUMBER - 1))
    return np.where(np.isnan(levels), NOT_A_NUMBER, levels).astype(np.uint16)


def thinned(points: int, improvements: np.ndarray, length: int) -> np.ndarray:
    """The numbers (from 1) of at most `length` of so many points: the first, the last, the improvements, and others at
    equal ratios; where the improvements are too many, every so manieth."""
    new = np.unique(improvements[(improvements >= 1) & (improvements <= points)]).astype(int)
    room = max(length - 2, 1)
    if points <= length:
        return np.arange(1, points + 1)
    if len(new) > 2 * room // 3:
        new = new[np.unique(np.linspace(0, len(new) - 1, 2 * room // 3).astype(int))]
    between = np.unique(np.geomspace(1, points, room - len(new) + 2).astype(int))
    return np.union1d(between, new)


def _costs(table: Frame, facts: Frame, base: Any) -> tuple[dict[str, int], np.ndarray]:
    """The cost of each point at each price that has a name, and the row of each price: equal rows are kept once."""
    rows: list[np.ndarray] = []
    row_of = {}
    for name in RULES:
        cost = coarse(priced(table, facts, resolved(name, base)), BITS)
        same = [number for number, row in enumerate(rows) if np.array_equal(row, cost, equal_nan=True)]
        row_of[name] = same[0] if same else len(rows)
        rows += [] if same else [cost]
    return row_of, np.stack(rows)
