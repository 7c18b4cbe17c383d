"""Ask the library, and write pytorch_optimizer.txt: `python -m bench.optimizers.pytorch_optimizer_names`.

For each name of its registry the ways of the bridge are tried in turn, on a quadratic over a matrix, a vector and a
kernel, at the default rate and at two around it; the first that lowers it is taken. A class that takes a model, and
one that no way drives, is listed with the reason.
"""

import importlib.metadata
import inspect
import warnings
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from bench.core import Array, Objective, Oracle
from bench.core.oracle import books_of
from bench.core.registry.parameters import parameters_of

from .pytorch_optimizer import NAMES, WAYS, Entry, bridge

STEPS = 200  # Ranger ascends in its first ones
ROWS = 1000  # of data, which some divide by
FACTORS = (1.0, 10.0, 0.1)
SHAPES = ((4, 3), (4,), (2, 2, 3, 1))
MATRICES = ((4, 3), (3, 4), (2, 2))
DIM = 28  # of either
HEADER = "name\tway\trate\tdecay\treason"
REASONS = {  # where the library's own words, or none, would not say it
    "BSAM": "it leaves the noise that it draws in the weights, and lowers no quadratic",
    "DeMo": "it exchanges momentum among processes, and needs einops",
    "DistributedMuon": "it needs processes of torch.distributed",
    "LoRARite": "it steps pairs of factors of low rank",
    "SaRA": "it trains only the weights below its threshold, of a trained model",
}


def quadratic(matrices: bool) -> Objective:
    """The sum of squares around 0.1, over layers of several kinds or matrices alone, for each of many rows of data."""

    def bowl(x: Array, rows: Array) -> Array:
        return ((x - 0.1) ** 2).sum(-1) + rows.mean(-1)

    shapes = MATRICES if matrices else SHAPES
    return Objective(bowl, DIM, data={"rows": np.zeros(ROWS)}, shapes=shapes, name="quadratic")


def reached(entry: Entry, factor: float) -> tuple[float, str]:
    """The best value at so many times its rate, and "" where that is below the start, else why it is not."""
    method = bridge(entry)
    defaults = {name: parameter.default for name, parameter in parameters_of(method, skip=1).items()}
    defaults["batch_size"] = None
    if "lr" in defaults:
        defaults["lr"] *= factor
    objective = quadratic(matrices=entry.way == "matrices")
    oracle = Oracle(objective, 3.0 * STEPS, order=2 if entry.way == "hessian" else 1, arrays="torch")
    (ledger,) = books_of(oracle).ledgers
    try:
        with oracle, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            method(oracle, **defaults)
    except Exception as error:
        return ledger.best, f"{type(error).__name__}: {error}".splitlines()[0]
    return ledger.best, "" if ledger.best < ledger.first else "no step lowers a quadratic"


def measured(name: str, kind: Any) -> list[str]:
    """A line of the file."""
    parameters = inspect.signature(kind).parameters
    numbers = []
    for key in ("lr", "weight_decay"):
        default = parameters[key].default if key in parameters else None
        numbers.append(f"{default:g}" if isinstance(default, (int, float)) and not isinstance(default, bool) else "-")
    if "model" in parameters:
        return [name, "-", *numbers, "it takes a model, not parameters"]
    rate, decay = (None if text == "-" else float(text) for text in numbers)
    why = ""
    # without what it asks for, a method of the Hessian would step by none
    ways = (
        ["hessian"]
        if "hessian" in inspect.signature(kind.step).parameters
        else [way for way in WAYS if way != "hessian"]
    )
    for way, factor in product(ways, FACTORS):
        entry = Entry(name, way, "", rate, "library", decay, "")
        reason = reached(entry, factor)[1]
        if not reason:
            if way == "gradient" and uses_values(entry):
                way = "asks"
            return [name, way, *numbers, ""]
        why = why or reason
    return [name, "-", *numbers, REASONS.get(name, why)]


def uses_values(entry: Entry) -> bool:
    """Whether it comes to other points when it asks for its gradients, with which come the values."""
    alone, asking = (reached(replace(entry, way=way), 10.0) for way in ("gradient", "asks"))
    return alone != asking and not asking[1]


def main() -> None:
    """Write the file, and print what is not run."""
    from pytorch_optimizer.optimizer import OPTIMIZERS

    lines = []
    for kind in sorted(OPTIMIZERS.values(), key=lambda kind: kind.__name__.lower()):
        line = measured(kind.__name__, kind)
        lines.append("\t".join(line))
        if line[1] == "-":
            print(*line, flush=True)
    version = importlib.metadata.version("pytorch_optimizer")
    header = [f"# pytorch_optimizer {version}, by python -m bench.optimizers.pytorch_optimizer_names", HEADER]
    NAMES.write_text("\n".join([*header, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
