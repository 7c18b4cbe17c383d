"""IOHprofiler's data format of version 0.3.22, as ioh's Analyzer writes it: one JSON a function, one .dat a dim.

Source: de Nobel, Ye, Vermetten, Wang, Doerr & Bäck 2024, doi:10.1162/evco_a_00342.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from math import inf, isfinite, isnan, nan
from operator import attrgetter
from pathlib import Path
from typing import Any

from bench.interchange.files import Damage, inside, number
from bench.interchange.trajectories import LARGE, Trajectory, runs_of, safe_names, series, shown

VERSION = "0.3.22"
COLUMNS = ("evaluations", "raw_y")
NAMES = (
    "Sphere", "Ellipsoid", "Rastrigin", "BuecheRastrigin", "LinearSlope", "AttractiveSector", "StepEllipsoid",
    "Rosenbrock", "RosenbrockRotated", "EllipsoidRotated", "Discus", "BentCigar", "SharpRidge", "DifferentPowers",
    "RastriginRotated", "Weierstrass", "Schaffers10", "Schaffers1000", "GriewankRosenbrock", "Schwefel",
    "Gallagher101", "Gallagher21", "Katsuura", "LunacekBiRastrigin",
)  # fmt: skip
"""What ioh calls BBOB's functions 1 to 24."""


# writing


def write(trajectories: Sequence[Trajectory], folder: Path, prices: str) -> list[Path]:
    """Write runs as folder/OPTIMIZER/IOHprofiler_f*.json; answers with these folders.

    raw_y is f - f_opt where f_opt is known, and else f. prices: in words, what an evaluation stands for; with the order
    and the target it is an attribute of the experiment, and the value at the start, f_opt and the seed are attributes
    of each run.
    """
    files = safe_names(run.optimizer for run in trajectories)
    functions = safe_names(map(_name, trajectories))
    written = []
    runs_in_order = sorted(trajectories, key=attrgetter("optimizer", "suite", "function", "dim"))
    for optimizer, of_optimizer in groupby(runs_in_order, key=attrgetter("optimizer")):
        at = folder / files[optimizer]
        at.mkdir(parents=True)
        written.append(at)
        for (_, function), runs in groupby(of_optimizer, key=attrgetter("suite", "function")):
            runs = list(runs)
            stem = f"f{function}_{functions[_name(runs[0])]}"
            (at / f"data_{stem}").mkdir()
            scenarios = []
            for dim, of_dim in groupby(runs, key=attrgetter("dim")):
                path = f"data_{stem}/IOHprofiler_f{function}_DIM{dim}.dat"
                of_dim = list(of_dim)
                (at / path).write_text("".join(map(_lines, of_dim)), encoding="utf-8")
                scenarios.append({"dimension": dim, "path": path, "runs": [_run(run) for run in of_dim]})
            index = {**_facts(runs[0], prices), "scenarios": scenarios}
            text = json.dumps(index, indent="\t", allow_nan=False)
            (at / f"IOHprofiler_{stem}.json").write_text(text + "\n", encoding="utf-8")
    return written


def _name(run: Trajectory) -> str:
    return NAMES[run.function - 1] if run.suite == "bbob" else run.problem


def _facts(run: Trajectory, prices: str) -> dict[str, Any]:
    noted = {"prices": prices, "order": str(run.order), "target": repr(run.gap)}
    return {
        "version": VERSION,
        "suite": "BBOB" if run.suite == "bbob" else run.suite,
        "function_id": run.function,
        "function_name": _name(run),
        "maximization": False,
        "algorithm": {"name": run.optimizer, "info": "fogbench"},
        "experiment_attributes": [{key: value} for key, value in noted.items()],
        "run_attributes": ["seed", "f_opt", "start_y"],
        "attributes": list(COLUMNS),
    }


def _run(run: Trajectory) -> dict[str, Any]:
    best = {"evals": int(run.evaluations[-1]), "y": float(run.values[-1]), "x": list(run.best_x)}
    return {
        "instance": run.instance,
        "evals": run.spent,
        "best": best,
        "seed": run.seed,
        "f_opt": None if isnan(run.f_opt) else run.f_opt,
        "start_y": run.start if isfinite(run.start) else None,
    }


def _lines(run: Trajectory) -> str:
    evaluations, values = run.evaluations.tolist(), run.values.tolist()
    if evaluations[-1] < run.spent:
        evaluations, values = [*evaluations, run.spent], [*values, values[-1]]
    rows = zip(evaluations, values, strict=True)
    return " ".join(COLUMNS) + "\n" + "".join(f"{n} {value!r}\n" for n, value in rows)


# reading


def read(path: Path) -> Iterator[Trajectory]:
    """The runs of a JSON and the .dat files that it names, written by ioh's Analyzer or by `write`.

    Raises Damage, with file and line, for what cannot be read. raw_y of BBOB's functions is f - f_opt (without the
    penalty outside the box that some have), of others f; where it is maximized, -f is minimized here.
    """
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or thousands of digits or brackets
        raise Damage(path, getattr(error, "lineno", 1), f"it is no valid JSON ({error})") from None
    algorithm = _get(path, index, "algorithm", dict)
    ours = algorithm.get("info") == "fogbench"
    function = number(path, 1, _get(path, index, "function_id", int), int, 0, 2**31)
    name, suite = (shown(_get(path, index, key, str)) for key in ("function_name", "suite"))
    bbob = 1 <= function <= len(NAMES) and name == NAMES[function - 1] and suite in ("BBOB", "unknown_suite")
    suite = "bbob" if bbob else "ioh" if suite == "unknown_suite" else suite
    problem = f"bbob-f{function:02d}" if bbob else name if ours else f"{suite}-f{function}-{name}"
    attributes = _get(path, index, "experiment_attributes", list) if ours else []
    noted = {key: value for notes in attributes if isinstance(notes, dict) for key, value in notes.items()}
    gap = number(path, 1, noted.get("target", 1e-8), float, 0.0, LARGE)
    order = int(noted["order"]) if noted.get("order") in ("0", "1", "2") else None
    trajectory = partial(Trajectory, _get(path, algorithm, "name", str), problem, suite, function, gap=gap, order=order)
    sign = -1.0 if index.get("maximization") is True else 1.0
    for scenario in _get(path, index, "scenarios", list):
        dim = number(path, 1, _get(path, scenario, "dimension", int), int, 1, 10**6)
        runs = _get(path, scenario, "runs", list)
        file = inside(path, 1, _get(path, scenario, "path", str))
        blocks = list(runs_of(file, lambda line: line.split()[0].strip('"') == COLUMNS[0]))
        if len(blocks) != len(runs):
            raise Damage(path, 1, f"{len(runs)} runs of {dim}-D are listed, and {file.name} holds {len(blocks)}")
        for run, (head, rows) in zip(runs, blocks, strict=True):
            instance = number(path, 1, _get(path, run, "instance", int), int, 0, 2**31)
            spent = number(path, 1, _get(path, run, "evals", int), int, 0, 2**53)
            evaluations, values = series(file, rows, _column(file, head, rows[0]), -inf)
            f_opt, start, seed = (run.get(key) for key in ("f_opt", "start_y", "seed"))
            yield trajectory(
                dim,
                instance,
                evaluations,
                sign * values,
                max(spent, int(evaluations[-1])),
                (0.0 if bbob else nan) if f_opt is None else number(path, 1, f_opt, float, -LARGE, LARGE),
                start=nan if start is None else number(path, 1, start, float, -inf, inf),
                seed=None if seed is None or not ours else number(path, 1, seed, int, 0, 2**31),
            )


def _get(path: Path, place: Any, key: str, expected: type) -> Any:
    value = place.get(key) if isinstance(place, dict) else None
    if not isinstance(value, expected) or isinstance(value, bool):
        words = {int: "a whole number", str: "a text", list: "a list", dict: "a table"}
        raise Damage(path, 1, f"{key} must be {words[expected]}, got {str(value)[:80]}")
    return value


def _column(file: Path, head: Sequence[tuple[int, str]], first: tuple[int, str]) -> int:
    """Which column of a run, below the line of their names, is raw_y."""
    if not head:
        raise Damage(file, first[0], f"a run begins with the names of its columns, got {first[1][:80]!r}")
    at, line = head[-1]
    names = line.replace('"', "").split()
    if COLUMNS[1] not in names:
        raise Damage(file, at, f"there must be a column {COLUMNS[1]}, got {' '.join(names)[:80]}")
    return names.index(COLUMNS[1])
