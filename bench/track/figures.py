"""The convergence of an optimizer as figures that a benchmark's JSON can hold, and two of them as pairs of runs."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.measure.frames import CELL
from bench.measure.prices import priced
from bench.measure.progress import progress, spent
from bench.measure.targets import FRACTIONS
from bench.measure.words import cell_name
from bench.results.records import records
from bench.results.stored import Results
from bench.track.paired import GAPS, SLOT, Pairs, log_costs, log_gaps

Figures = dict[str, Any]  # of one optimizer on some problems: see `figures`


def figures(results: Results, optimizer: str) -> Figures:
    """What an optimizer reached on the problems of some results, seconds apart.

    runs: one each, with problem, dim, instance, seed, budget, status, counts of each question, spent (as
    `bench.measure.progress.spent` has it); first, best, f_opt (None where it is not known) and gap (at which a run
    ends) as hexadecimal floats, exact; costs: that of each of `bench.track.paired.GAPS` that the run was asked for,
    with "-" where it never reached it; where f_opt is not known, events: cost:value at each improvement; record: a hash
    of all of it, bit for bit. code, versions: what made it.
    """
    code, versions = results.made_by(0)
    return {"optimizer": optimizer, "runs": entries(results), "code": code, "versions": versions}


def entries(results: Results) -> list[Figures]:
    """The runs of `figures`, in the order of those of the results."""
    runs: Any = results.comparison.runs
    events: Any = progress(runs, results.trajectories)
    facts = runs.set_index("run")[["rows", "dim", "lanes"]].reindex(events.run)
    cost, best, run = priced(events, facts, results.prices), events.best.to_numpy(float), events.run.to_numpy()
    rows = runs.assign(spent=spent(runs, results.prices)).to_dict("records")
    facts_of_runs = []
    for row, record in zip(rows, records(results, runs.run), strict=True):
        low, high = np.searchsorted(run, [row["run"], row["run"] + 1])
        if math.isnan(row["f_opt"]):
            points = zip(cost[low:high].tolist(), best[low:high].tolist(), strict=True)
            goals = {"events": " ".join(f"{at:.15g}:{f.hex()}" for at, f in points)}
        else:
            costs = _costs(cost[low:high], best[low:high], row["f_opt"] + _gaps(row["gap"]))
            goals = {"costs": " ".join("-" if at is None else f"{at:.15g}" for at in costs)}
        facts_of_runs.append({
            **{name: row[name] for name in (*CELL, *SLOT, "budget", "status")},
            "counts": {name: int(row[name]) for name in results.prices if row[name]}, "spent": float(row["spent"]),
            **{name: _hex(row[name]) for name in ("first", "best", "f_opt", "gap")},
            **goals, "record": hashlib.sha256(record).hexdigest()[:16],
        })  # fmt: skip
    return facts_of_runs


def paired(base: Sequence[Figures], new: Sequence[Figures], names: tuple[str, str] = ("the base", "this one")) -> Pairs:
    """The runs that both versions (of these names) have. Raises ValueError where they were not run alike."""
    import pandas as pd

    keys = ("optimizer", *CELL, *SLOT)
    sides = [
        {
            tuple({**run, "optimizer": each["optimizer"]}[key] for key in keys): run
            for each in side
            for run in each["runs"]
        }
        for side in (base, new)
    ]
    common = [key for key in sides[0] if key in sides[1]]
    if not common:
        raise ValueError("no run in common: no problem, dim, instance and seed that both have")
    for key in common:
        for what in ("budget", "gap"):
            one, other = (side[key][what] for side in sides)
            if one != other:
                texts = [f"{as_number(each) if what == 'gap' else each:g}" for each in (one, other)]
                raise ValueError(
                    f"not comparable: {what} of {key[0]} on {cell_name(key[1], key[2])} is {texts[0]} in {names[0]} "
                    f"and {texts[1]} in {names[1]}"
                )
    runs = [side[key] for side in sides for key in common]  # those of base, then those of new
    frame: Any = pd.DataFrame([{name: run[name] for name in (*CELL, *SLOT)} for run in runs], columns=[*CELL, *SLOT])
    for name in ("first", "best", "f_opt", "gap"):
        frame[name] = np.array([as_number(run[name]) for run in runs], dtype=float)
    number = np.arange(2 * len(common)).reshape(2, -1).T
    runtime = np.array([reached(run, low) for run, low in zip(runs, lowest(frame), strict=True)])
    spent = np.array([run["spent"] for run in runs])
    logarithms = np.stack([log_costs(runtime[number], spent[number]), log_gaps(frame)[number]], axis=-1)
    same = np.array([sides[0][key]["record"] == sides[1][key]["record"] for key in common], dtype=bool)
    return Pairs(pd.DataFrame(common, columns=list(keys)), logarithms, same)


def lowest(frame: Any) -> np.ndarray:
    """The best value of all runs on the problem, dim and instance of each (runs,)."""
    best = frame.best.fillna(frame["first"])
    return best.groupby([frame[name] for name in (*CELL, "instance")]).transform("min").to_numpy(float)


def reached(run: Mapping[str, Any], lowest: float) -> np.ndarray:
    """The cost of each target of a run: of gaps, then of fractions of what it could gain."""
    costs = np.full(len(GAPS) + len(FRACTIONS), np.nan)
    if "costs" in run:
        texts = run["costs"].split()
        costs[: len(texts)] = [math.inf if text == "-" else float(text) for text in texts]
        return costs
    points = [point.split(":") for point in run["events"].split()]
    cost, best = np.array([float(at) for at, _ in points]), np.array([float.fromhex(f) for _, f in points])
    targets = lowest + np.array(FRACTIONS) * (as_number(run["first"]) - lowest)
    costs[len(GAPS) :] = [math.inf if at is None else at for at in _costs(cost, best, targets)]
    return costs


def _gaps(gap: float) -> np.ndarray:
    return np.array([each for each in GAPS if each >= gap])


def _costs(cost: np.ndarray, best: np.ndarray, targets: np.ndarray) -> list[float | None]:
    """The cost at which values that never rise first come to each target; None where they do not."""
    place = np.searchsorted(-best, -targets, side="left")
    return [float(cost[at]) if at < len(cost) else None for at in place]


def _hex(value: float) -> str | None:
    return None if value is None or math.isnan(value) else float(value).hex()


def as_number(text: str | None) -> float:
    """A hexadecimal float; NaN for None."""
    return math.nan if text is None else float.fromhex(text)
