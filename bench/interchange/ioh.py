"""IOHprofiler's data format of version 0.3.22, as ioh's Analyzer writes it: one JSON a function, one .dat a dim.

Source: de Nobel, Ye, Vermetten, Wang, Doerr & Bäck 2024, doi:10.1162/evco_a_00342.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import inf, isfinite, isnan, nan
from pathlib import Path
from typing import Any

import numpy as np

from bench.interchange.files import Damage, inside, number
from bench.interchange.trajectories import LARGE, Trajectory, safe_names, shown

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
    for optimizer, of_optimizer in groupby(sorted(trajectories, key=_place), key=lambda run: run.optimizer):
        at = folder / files[optimizer]
        at.mkdir(parents=True)
        written.append(at)
        for (_, function), runs in groupby(of_optimizer, key=lambda run: (run.suite, run.function)):
            runs = list(runs)
            stem = f"f{function}_{functions[_name(runs[0])]}"
            (at / f"data_{stem}").mkdir()
            scenarios = []
            for dim, of_dim in groupby(runs, key=lambda run: run.dim):
                path = f"data_{stem}/IOHprofiler_f{function}_DIM{dim}.dat"
                of_dim = list(of_dim)
                (at / path).write_text("".join(map(_lines, of_dim)), encoding="utf-8")
                scenarios.append({"dimension": dim, "path": path, "runs": [_run(run) for run in of_dim]})
            index = {**_facts(runs[0], prices), "scenarios": scenarios}
            text = json.dumps(index, indent="\t", allow_nan=False)
            (at / f"IOHprofiler_{stem}.json").write_text(text + "\n", encoding="utf-8")
    return written


def _place(run: Trajectory) -> tuple[str, str, int, int, int, int]:
    return run.optimizer, run.suite, run.function, run.dim, run.instance, run.seed or 0


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
        text = path.read_text(encoding="utf-8")
        index = json.loads(text)
    except UnicodeDecodeError as error:
        raise Damage(path, 1, f"it is no text in UTF-8 ({error.reason})") from None
    except json.JSONDecodeError as error:
        raise Damage(path, error.lineno, f"it is no valid JSON ({error.msg})") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        raise Damage(path, 1, f"it is no JSON of IOHprofiler ({error})") from None
    common = _common(path, index)
    sign = -1.0 if index.get("maximization") is True else 1.0
    scenarios = _get(path, index, "scenarios", list)
    for scenario in scenarios:
        dim = number(path, 1, _get(path, scenario, "dimension", int), int, 1, 10**6)
        runs = _get(path, scenario, "runs", list)
        file = inside(path, 1, _get(path, scenario, "path", str))
        blocks = list(_blocks(file))
        if len(blocks) != len(runs):
            raise Damage(path, 1, f"{len(runs)} runs of {dim}-D are listed, and {file.name} holds {len(blocks)}")
        for run, (evaluations, values) in zip(runs, blocks, strict=True):
            spent = number(path, 1, _get(path, run, "evals", int), int, 0, 2**53)
            f_opt = common.f_opt if run.get("f_opt") is None else number(path, 1, run["f_opt"], float, -LARGE, LARGE)
            seed = run.get("seed") if _ours(index) else None
            yield replace(
                common,
                dim=dim,
                instance=number(path, 1, _get(path, run, "instance", int), int, 0, 2**31),
                evaluations=evaluations,
                values=sign * values,
                spent=max(spent, int(evaluations[-1])),
                f_opt=f_opt,
                start=nan if run.get("start_y") is None else number(path, 1, run["start_y"], float, -inf, inf),
                seed=None if seed is None else number(path, 1, seed, int, 0, 2**31),
            )


def _ours(index: Mapping[str, Any]) -> bool:
    return index["algorithm"].get("info") == "fogbench"


def _common(path: Path, index: Any) -> Trajectory:
    algorithm = _get(path, index, "algorithm", dict)
    function = number(path, 1, _get(path, index, "function_id", int), int, 0, 2**31)
    name, suite = (shown(_get(path, index, key, str)) for key in ("function_name", "suite"))
    attributes = _get(path, index, "experiment_attributes", list) if _ours(index) else []
    noted = {key: value for notes in attributes if isinstance(notes, dict) for key, value in notes.items()}
    bbob = 1 <= function <= len(NAMES) and name == NAMES[function - 1] and suite in ("BBOB", "unknown_suite")
    suite = suite if suite != "unknown_suite" else "ioh"
    return Trajectory(
        _get(path, algorithm, "name", str),
        f"bbob-f{function:02d}" if bbob else name if _ours(index) else f"{suite}-f{function}-{name}",
        "bbob" if bbob else suite,
        function,
        dim=1,
        instance=1,
        evaluations=np.empty(0, dtype=np.int64),
        values=np.empty(0),
        spent=0,
        f_opt=0.0 if bbob else nan,
        gap=number(path, 1, noted.get("target", 1e-8), float, 0.0, LARGE),
        order=int(noted["order"]) if noted.get("order") in ("0", "1", "2") else None,
    )


def _get(path: Path, place: Any, key: str, expected: type) -> Any:
    value = place.get(key) if isinstance(place, dict) else None
    if not isinstance(value, expected) or isinstance(value, bool):
        words = {int: "a whole number", str: "a text", list: "a list", dict: "a table"}
        raise Damage(path, 1, f"{key} must be {words[expected]}, got {str(value)[:80]}")
    return value


def _blocks(path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Evaluations (n,) and best values (n,) of each run of a .dat: a line of names, and below it a line an event."""
    evaluations: list[int] = []
    values: list[float] = []
    columns: tuple[int, int] | None = None
    with path.open(encoding="utf-8", errors="replace") as lines:
        for at, line in enumerate(lines, 1):
            words = line.split()
            if not words:
                continue
            if words[0].strip('"') == COLUMNS[0]:
                if evaluations:
                    yield np.array(evaluations, dtype=np.int64), np.array(values)
                    evaluations, values = [], []
                names = [word.strip('"') for word in words]
                if COLUMNS[1] not in names:
                    raise Damage(path, at, f"there must be a column {COLUMNS[1]}, got {' '.join(names)[:80]}")
                columns = (0, names.index(COLUMNS[1]))
                continue
            if columns is None:
                raise Damage(path, at, f"a run begins with the names of its columns, got {line.strip()[:80]!r}")
            if len(words) <= columns[1]:
                raise Damage(path, at, f"a value is missing, got {line.strip()[:80]!r}")
            n = number(path, at, words[0], int, 0, 2**53)
            if evaluations and n < evaluations[-1]:
                raise Damage(path, at, f"evaluations must not fall, got {n} after {evaluations[-1]}")
            value = number(path, at, words[columns[1]], float, -inf, inf)
            evaluations.append(n)
            values.append(value if abs(value) < LARGE else inf)
    if evaluations:
        yield np.array(evaluations, dtype=np.int64), np.array(values)
