"""IOHprofiler's data format of version 0.3.22, as ioh's Analyzer writes it: one JSON a function, one .dat a dim.

Source: de Nobel, Ye, Vermetten, Wang, Doerr & Bäck 2024, doi:10.1162/evco_a_00342.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from math import isfinite, isnan, nan
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import read_text
from bench.interchange.files import Damage, inside, number
from bench.interchange.trajectories import LARGE, Block, Trajectory, blocks, safe_names, shown, unequal

VERSION = "0.3.22"
COLUMNS = ("evaluations", "raw_y")
NAMES = (
    "Sphere", "Ellipsoid", "Rastrigin", "BuecheRastrigin", "LinearSlope", "AttractiveSector", "StepEllipsoid",
    "Rosenbrock", "RosenbrockRotated", "EllipsoidRotated", "Discus", "BentCigar", "SharpRidge", "DifferentPowers",
    "RastriginRotated", "Weierstrass", "Schaffers10", "Schaffers1000", "GriewankRosenbrock", "Schwefel",
    "Gallagher101", "Gallagher21", "Katsuura", "LunacekBiRastrigin",
)  # fmt: skip
"""What ioh calls BBOB's functions 1 to 24."""
PBO = (
    "OneMax", "LeadingOnes", "Linear", "OneMaxDummy1", "OneMaxDummy2", "OneMaxNeutrality", "OneMaxEpistasis",
    "OneMaxRuggedness1", "OneMaxRuggedness2", "OneMaxRuggedness3", "LeadingOnesDummy1", "LeadingOnesDummy2",
    "LeadingOnesNeutrality", "LeadingOnesEpistasis", "LeadingOnesRuggedness1", "LeadingOnesRuggedness2",
    "LeadingOnesRuggedness3", "LABS", "IsingRing", "IsingTorus", "IsingTriangular", "MIS", "NQueens",
    "ConcatenatedTrap", "NKLandscapes",
)  # fmt: skip
"""What ioh calls PBO's functions 1 to 25."""
UNNAMED = ("unknown_suite", "No suite", "", "Real", "Integer")  # what ioh writes where no suite of one class was run
OLDER_COLUMN = "best-so-far f(x)"
# of BBOB: dims in which an instance is made to compare values, and runs that are compared
LARGEST_DIM, COMPARED = 100, 5


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


def read(path: Path) -> Iterator[Trajectory | Damage]:
    """The runs of a JSON and the .dat files that it names, written by ioh's Analyzer or by `write`, and what of them
    cannot be taken: Damage, with file and line.

    raw_y of BBOB's functions is f - f_opt (without the penalty outside the box that some have), of others f; where it
    is maximized, -f is minimized here. A file that names no suite, as of `ioh.get_problem`, is of BBOB where our
    own instances have the values that it logged: the functions of SBOX have the same names and numbers. (Seven of them,
    f5, f9, f19 to f22 and f24, are the same inside the box.)
    """
    content = read_text(path)
    try:
        try:
            index = json.loads(content)
        except json.JSONDecodeError:  # ioh writes inf and nan as C++ does
            index = json.loads(re.sub(r"([:\[,]\s*)(-?)(inf|nan)(?=\s*[,}\]])", _json_number, content))
    except (ValueError, RecursionError) as error:  # no JSON, or thousands of digits or brackets
        yield Damage(path, getattr(error, "lineno", 1), f"it is no valid JSON ({error})")
        return
    try:
        yield from _scenarios(path, index)
    except Damage as damage:
        yield damage


def _json_number(match: re.Match[str]) -> str:
    return match[1] + ("NaN" if match[3] == "nan" else f"{match[2]}Infinity")


def _scenarios(path: Path, index: Any) -> Iterator[Trajectory | Damage]:
    """The runs of the scenarios, a dim each, of a JSON."""
    algorithm = _get(path, index, "algorithm", dict)
    ours = algorithm.get("info") == "fogbench"
    function = number(path, 1, _get(path, index, "function_id", int), int, 0, 2**31)
    name, suite = (shown(_get(path, index, key, str)) for key in ("function_name", "suite"))
    scenarios = _get(path, index, "scenarios", list)
    bbob = 1 <= function <= len(NAMES) and name == NAMES[function - 1]
    bbob = bbob and (suite == "BBOB" or (suite in UNNAMED and _is_ours(function, scenarios)))
    suite, problem = ("bbob", f"bbob-f{function:02d}") if bbob else _problem(suite, str(function), name)
    attributes = _get(path, index, "experiment_attributes", list) if ours else []
    noted = {key: value for notes in attributes if isinstance(notes, dict) for key, value in notes.items()}
    gap = number(path, 1, noted.get("target", 1e-8), float, 0.0, LARGE)
    order = int(noted["order"]) if noted.get("order") in ("0", "1", "2") else None
    optimizer, problem = _get(path, algorithm, "name", str), name if ours and not bbob else problem
    trajectory = partial(Trajectory, optimizer, problem, suite, function, gap=gap, order=order)
    sign = {True: -1.0, False: 1.0}.get(index.get("maximization"))
    if sign is None:
        raise Damage(path, 1, f"maximization must be true or false, got {str(index.get('maximization'))[:80]}")
    for scenario in scenarios:
        try:
            dim = number(path, 1, _get(path, scenario, "dimension", int), int, 1, 10**6)
            runs = _get(path, scenario, "runs", list)
            file = inside(path, 1, _get(path, scenario, "path", str))
            logged = list(
                blocks(file, lambda line: line.split(None, 1)[0].strip('"') == COLUMNS[0], _column(file), sign)
            )
        except Damage as damage:
            yield damage
            continue
        yield from unequal(path, 1, file, logged, len(runs))
        for block, run in zip(logged, runs, strict=False):
            try:
                instance = number(path, 1, _get(path, run, "instance", int), int, 0, 2**31)
                spent = number(path, 1, _get(path, run, "evals", int), int, 0, 2**53)
                _check_run(file, block, run, spent, sign, bbob, len(logged) == len(runs))
                f_opt, start, seed = (run.get(key) for key in ("f_opt", "start_y", "seed"))
                yield trajectory(
                    dim,
                    instance,
                    block.evaluations,
                    block.values,
                    max(spent, block.last),
                    (0.0 if bbob else nan) if f_opt is None else number(path, 1, f_opt, float, -LARGE, LARGE),
                    start=nan if start is None else number(path, 1, start, float),
                    seed=None if seed is None or not ours else number(path, 1, seed, int, 0, 2**31),
                    entry=f"{path}, {dim}-D",
                )
            except Damage as damage:
                yield damage


def _check_run(
    file: Path, block: Block, run: Mapping[str, Any], spent: int, sign: float, bbob: bool, all_listed: bool
) -> None:
    """Raises Damage for a run that is none, has values that cannot be, ends before its best value, or is another one.

    all_listed: whether the JSON lists as many runs as the .dat has, so that no other can be meant.
    """
    if block.damage is not None:
        raise block.damage
    value = block.values[-1]
    if bbob and value < -1e-8:
        raise Damage(file, block.at, f"f - f_opt must not be below 0, got {value:g}")
    best = run.get("best")
    y = best.get("y") if isinstance(best, dict) else None
    if not isinstance(y, (int, float)) or not isfinite(y):
        return
    slack = 1e-6 * max(1.0, abs(y))
    ends_early = block.last < spent and value > sign * y + slack
    if ends_early or (not all_listed and (abs(value - sign * y) > slack or block.last > spent)):
        raise Damage(
            file,
            block.at,
            f"the run ends at evaluation {block.last} with {sign * value:g}, "
            f"and its JSON says {spent} with {y:g}: it is cut off or another one",
        )


def _is_ours(function: int, scenarios: Sequence[Any]) -> bool:
    """Whether BBOB's function has, by our own instances, the values that were logged as the best of some runs."""
    from bench.core.registry import find_problem, load
    from bench.runner import PACKAGES

    load(PACKAGES)
    compared = 0
    for scenario in scenarios:
        for run in scenario.get("runs", []) if isinstance(scenario, dict) else []:
            try:
                x = np.array(run["best"]["x"], dtype=float)
                y = float(run["best"]["y"])
                if x.shape != (scenario["dimension"],) or len(x) > LARGEST_DIM or not (abs(x) < 5).all():
                    continue  # outside the box, raw_y lacks the penalty
                objective = find_problem(f"bbob-f{function:02d}").make(int(run["instance"]), dim=len(x))
                gap = float(objective.f(x)) - (objective.f_opt or 0.0)
            except (KeyError, TypeError, ValueError, OverflowError):  # no such run, or no such instance
                continue
            if not abs(gap - y) <= 1e-6 * max(1.0, abs(y)):
                return False
            compared += 1
            if compared == COMPARED:
                return True
    return compared > 0


def _problem(suite: str, function: str, name: str) -> tuple[str, str]:
    """The suite of a problem, and the problem's name; where no suite is named, that of ioh's class of problems."""
    if not name and suite == "PBO" and function.isdecimal() and 1 <= int(function) <= len(PBO):
        name = PBO[int(function) - 1]
    if suite in UNNAMED:
        place = PBO.index(name) + 1 if name in PBO else 0
        classes = {"CEC2013": name.startswith("CEC2013"), "CEC2022": name.startswith("CEC2022")}
        classes["PBO"] = str(place) == function
        suite = next((suite for suite, matches in classes.items() if matches), "ioh")
    return suite, "-".join(filter(None, (suite, f"f{function}", name)))


def _get(path: Path, place: Any, key: str, expected: type) -> Any:
    value = place.get(key) if isinstance(place, dict) else None
    if not isinstance(value, expected) or isinstance(value, bool):
        words = {int: "a whole number", str: "a text", list: "a list", dict: "a table"}
        raise Damage(path, 1, f"{key} must be {words[expected]}, got {str(value)[:80]}")
    return value


def _column(file: Path) -> Callable[[Sequence[tuple[int, str]]], int]:
    """Which column of a run, below the line of their names, is raw_y."""

    def column(head: Sequence[tuple[int, str]]) -> int:
        at, line = head[-1]
        names = line.replace('"', "").split()
        if COLUMNS[1] not in names:
            raise Damage(file, at, f"there must be a column {COLUMNS[1]}, got {' '.join(names)[:80]}")
        return names.index(COLUMNS[1])

    return column


# the format of versions before 0.3.3, an .info beside each .dat


def is_older(facts: Mapping[str, str]) -> bool:
    """Whether the first line of an entry of an .info is IOHprofiler's, and not COCO's."""
    return any(key in facts for key in ("algInfo", "funcName", "maximization"))


def older(
    path: Path, at: int, facts: Mapping[str, str], file: Path, ends: Sequence[tuple[int, int, float]]
) -> Iterator[Trajectory | Damage]:
    """The runs of a .dat that an entry of IOHprofiler's older .info names, and what of them cannot be taken.

    ends: instance of each run, and the evaluations and best value that the .info says, NaN where it does not. A value
    is the best f so far, of the problem before an instance's change of scale; of BBOB it is not taken for f - f_opt.
    What the .info says is a step too, where the .dat lacks it.
    """
    for key in ("funcId", "DIM", "algId"):
        if not facts.get(key):
            raise Damage(path, at, f"{key} is missing")
    dim = number(path, at, facts["DIM"], int, 1, 10**6)
    suite, function = shown(facts.get("suite", "")), shown(facts["funcId"])
    direction = facts.get("maximization", {"PBO": "T", "BBOB": "F"}.get(suite, "")).upper()
    if direction not in ("T", "TRUE", "F", "FALSE"):
        raise Damage(path, at, f"maximization must be T or F, got {direction!r}")
    suite, problem = _problem(suite, function, shown(facts.get("funcName", "")))
    place = int(function) if re.fullmatch(r"[0-9]{1,9}", function) else 0
    sign = -1.0 if direction.startswith("T") else 1.0
    logged = list(blocks(file, lambda line: line.startswith('"'), _older_column(file), sign))
    yield from unequal(path, at, file, logged, len(ends))
    for block, (instance, evaluations, value) in zip(logged, ends, strict=False):
        if block.damage is not None:
            yield block.damage
        elif not evaluations:
            yield Damage(path, at, f"instance {instance} has no evaluations, as a run that did not finish")
        elif not block.complete:
            yield Damage(file, block.at, f"the run ends within a row after evaluation {block.last}: it is cut off")
        else:
            steps = block.evaluations, block.values
            if evaluations > block.last and sign * value < block.values[-1]:  # by then it was reached
                steps = np.append(steps[0], evaluations), np.append(steps[1], sign * value)
            spent = max(evaluations, block.last)
            entry = f"{path}, line {at}"
            yield Trajectory(facts["algId"], problem, suite, place, dim, instance, *steps, spent, entry=entry)


def _older_column(file: Path) -> Callable[[Sequence[tuple[int, str]]], int]:
    def column(head: Sequence[tuple[int, str]]) -> int:
        at, line = head[-1]
        names = re.findall(r'"([^"]*)"', line)
        if OLDER_COLUMN not in names:
            raise Damage(file, at, f"there must be a column {OLDER_COLUMN}, got {', '.join(names)[:80]}")
        return names.index(OLDER_COLUMN)

    return column
