"""What `compare` tries by default: a table by order, kinds of coordinates, noise and budget a coordinate, and the
measurement behind it.

`python -m bench.candidates NAME...` prints how optimizers stand in each part of the table, in stored results under
results/NAME: after `python -m bench run expensive` and `run standard`, `python -m bench.candidates expensive standard`.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core import registry
from bench.core.objective import Objective
from bench.runner import PACKAGES
from bench.runner.suite import parse_entry

if TYPE_CHECKING:
    import pandas as pd

    from bench.results.stored import Results

BASELINE = "random-search"  # stands in every comparison: what does not beat it has learned nothing
BUDGETS = (5, 10, 20, 50, 100, 200)  # a coordinate, at which it is measured
SHOWN = 8  # optimizers of a part, the best first
FEWEST = 2  # problems that an optimizer must have run on, to stand in a part


@dataclass(frozen=True)
class Row:
    """A part of the table: the optimizers of order 0 on problems of some class, from a budget a coordinate on.

    problems: the class, as `class_of` says it. least: the budget, in values a coordinate. why: the evidence, in words.
    """

    problems: str
    least: float
    optimizers: tuple[str, ...]
    why: str


# of each class the row of the greatest `least` that the budget reaches
VALUES: Sequence[Row] = (
    Row(
        "real",
        0,
        (
            "nlopt-bobyqa", "scipy-cobyqa", "scipy-cobyla", "scipy-nelder-mead", "nevergrad-NGOpt", "optuna-gp",
            "optuna-tpe",
        ),
        "the first of `expensive`: linear and quadratic models at 5 and 10, with "
        "which the Gaussian process comes up at 20; `optuna-tpe`, about the tenth, is what many use",
    ),
    Row(
        "real",
        50,
        (
            "nlopt-bobyqa", "scipy-cobyqa", "scipy-powell", "scipy-nelder-mead", "scipy-dual-annealing",
            "nevergrad-NGOpt", "cma-es", "nevergrad-OnePlusOne",
        ),
        "the first of `candidates`, `cma-es` and OnePlusOne "
        "are the first of `standard`",
    ),
    Row(
        "noisy",
        0,
        ("optuna-gp", "optuna-tpe", "quasi-random-search", "scipy-cobyqa", "nlopt-bobyqa", "cma-es"),
        "the first of `expensive` on two noisy functions",
    ),
    Row(
        "noisy",
        50,
        ("cma-es", "genetic-algorithm", "particle-swarm", "differential-evolution", "nevergrad-OnePlusOne"),
        "populations average: the first of `standard` on noise and data",
    ),
    Row(
        "mixed",
        0,
        ("optuna-gp", "optuna-tpe", "nevergrad-OnePlusOne", "cmaes-catcma", "genetic-algorithm"),
        "the first of `expensive`; most methods of real numbers take no whole ones",
    ),
    Row(
        "mixed",
        50,
        (
            "genetic-algorithm", "nevergrad-TwoPointsDE", "nevergrad-OnePlusOne", "simulated-annealing",
            "cmaes-catcma",
        ),
        "all four of `standard`, and the first of `examples/simulation.py` at 100",
    ),
    Row(
        "permutation",
        0,
        ("simulated-annealing", "genetic-algorithm", "nevergrad-TwoPointsDE", "nevergrad-OnePlusOne"),
        "all four of `standard`",
    ),
)  # fmt: skip
# values of a run beyond which these are left out: models of all values so far, each question takes longer than the last
LONGEST = {"optuna-gp": 100, "optuna-tpe": 300}

# of a network, which answers gradients on mini-batches: in the place of all others
NETWORKS = Row(
    "network",
    0,
    (
        "torch-adamw[lr=0.001,0.01]", "torch-muon[lr=0.001,0.01]", "torch-sgd[lr=0.01,0.1]", "soap",
        "schedulefree-adamw", "scipy-lbfgsb",
    ),
    "`torch-muon` and `soap` are the first of `language`, where tuning found rates of 0.01 (AdamW), 0.03 (Muon) and "
    "0.3 (SGD): two rates of each; `scipy-lbfgsb` takes all rows at once",
)  # fmt: skip

# beside them, where f answers more
GRADIENTS = ("scipy-lbfgsb", "scipy-bfgs", "scipy-cg", "gradient-descent", "torch-adam[lr=0.01,0.1]")
CURVATURES = ("scipy-newton-cg",)
RESIDUALS = {0: "dfo-ls", 1: "scipy-trf"}  # of least squares, by order


def class_of(objective: Objective) -> str:
    """ "network" (layers, rows of data and gradients), "permutation", "mixed" (whole numbers or categories among the
    coordinates), "noisy" (also mini-batches) or "real"."""
    if objective.shapes and objective.data and objective.order >= 1:
        return "network"
    if objective.domain.kinds == "permutation":
        return "permutation"
    if not objective.domain.real:
        return "mixed"
    return "noisy" if objective.scored else "real"


def candidates(objective: Objective, budget: float) -> list[str]:
    """The optimizers, with their hyperparameters, that `compare` tries on an objective by default."""
    if class_of(objective) == NETWORKS.problems:
        return [BASELINE, *NETWORKS.optimizers]
    rows = [row for row in VALUES if row.problems == class_of(objective) and budget >= row.least * objective.dim]
    names = [BASELINE, *max(rows, key=lambda row: row.least).optimizers]
    names = [name for name in names if budget <= LONGEST.get(name, budget)]
    if objective.residuals is not None:
        names += [name for order, name in RESIDUALS.items() if order <= objective.order]
    if objective.order >= 1:
        names += GRADIENTS
    if objective.order >= 2:
        names += CURVATURES
    return names


def markdown() -> str:
    """The table, for the docs."""
    lines = ["| problems | values a coordinate | tried beside random search | why |", "| --- | --- | --- | --- |"]
    table = [*VALUES, NETWORKS]
    for row, following in zip(table, [*table[1:], None], strict=True):
        last = following is None or following.problems != row.problems
        until = "" if last else f" to {following.least:g}" if following else ""
        span = f"{row.least:g}{until}" if until else "any" if not row.least else f"from {row.least:g}"
        names = ", ".join(f"`{name}`" for name in row.optimizers)
        lines.append(f"| {row.problems} | {span} | {names} | {row.why} |")
    return "\n".join(lines)


def standings(results: "Iterable[Results]") -> "pd.DataFrame":
    """Mean ranks of the median value that optimizers of order 0 reached, at BUDGETS a coordinate.

    Columns problems (the class), budget (a coordinate), optimizer, rank (from 0, the best of those that ran, to 1, the
    worst; ties share), count (of problems). Runs must have had the budget.
    """
    import pandas as pd

    frames = []
    for result in results:
        runs = result.runs[(result.runs.order == 0) & (result.runs.status != "skipped")]
        kinds = {name: _class(name) for name in runs.problem.unique()}
        most = runs.groupby(["problem", "dim"]).budget.min()
        for each in BUDGETS:
            for dim, problems in runs.groupby("dim").problem:
                ran = [name for name in problems.unique() if most[name, dim] >= each * dim]
                table: Any = result.fixed_budget([each * dim]) if ran else pd.DataFrame()
                for name in ran:
                    reached = table[(table.problem == name) & (table.dim == dim) & table.optimizer.isin(runs.optimizer)]
                    ranks = reached["median"].rank(method="average")
                    relative = (ranks - 1) / max(1, len(ranks) - 1)
                    frames.append(reached[["optimizer"]].assign(rank=relative, problems=kinds[name], budget=each))
    return (
        pd.concat(frames)
        .groupby(["problems", "budget", "optimizer"])["rank"]
        .agg(rank="mean", count="size")
        .reset_index()
    )


def _class(label: str) -> str:
    """Of a problem of stored runs, by its name and parameters."""
    entry = parse_entry(label)
    return class_of(registry.find_problem(entry.name).make(**entry.setting()))


def main(names: Sequence[str]) -> None:
    """Print the standings, a line for each part."""
    from bench.results.stored import Results

    registry.load(PACKAGES)
    folders = [Path(name) if len(Path(name).parts) > 1 else Path("results") / name for name in names]
    table: Any = standings([Results(folder) for folder in folders])
    for (problems, budget), part in table.groupby(["problems", "budget"]):
        most = part["count"].max()
        enough = part[part["count"] >= min(FEWEST, most)].sort_values("rank")
        ranked = [f"{row.optimizer} {row.rank:.2f}" for row in enough.head(SHOWN).itertuples(index=False)]
        print(f"{problems:12} {budget:4g} a coordinate, {most:2} problems: {', '.join(ranked)}")


if __name__ == "__main__":
    main(sys.argv[1:])
