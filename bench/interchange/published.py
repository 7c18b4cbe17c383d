"""Published results of BBOB-2009, from the data in cocopp's wheel, as reference curves.

Source: Hansen, Auger, Ros, Finck & Pošík 2010, doi:10.1145/1830761.1830790 (31 algorithms on BBOB-2009).
"""

import gzip
import importlib.util
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from bench.core import registry
from bench.core.files import opened
from bench.measure.frames import Frame
from bench.measure.progress import joined

RUNTIMES = "pprldistr2009_1e-8.pickle.gz"  # algorithm -> function -> dim -> evaluations to the target 1e-8
BEST = "bestalgentries2009.pickle.gz"  # (dim, function) -> the best of the 31 at each target
TARGET = 1e-8


class Entry:
    """Stands for a class of cocopp: it has what was stored of it, and does nothing."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.state = dict(state)


ALLOWED: Mapping[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("bbob_pproc.bestalg", "BestAlgSet"): Entry,
}


class NumbersOnly(pickle.Unpickler):
    """Reads numbers, texts, lists, dicts and NumPy arrays, and nothing that could run."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """What stands for a global of the pickle; raises UnpicklingError for all but a few harmless ones."""
        if (module_name, global_name) not in ALLOWED:
            wanted = f"{module_name}.{global_name}"
            raise pickle.UnpicklingError(f"only numbers, texts, lists, dicts and arrays are read, and not {wanted}")
        return ALLOWED[module_name, global_name]


def load_numbers(file: IO[bytes] | gzip.GzipFile) -> Any:
    """What a pickle of numbers holds, of Python 2 too; raises UnpicklingError for any other."""
    return NumbersOnly(file, encoding="latin1").load()


def cocopp_data(name: str) -> Any:
    """A gzipped pickle of cocopp's wheel; raises Unavailable where cocopp is not installed. cocopp is not imported."""
    spec = importlib.util.find_spec("cocopp")
    if spec is None or spec.origin is None:
        how = registry.install_extras(["coco"])
        raise registry.Unavailable(f"published data need cocopp, which is not installed: {how}")
    with opened(Path(spec.origin).with_name(name)) as packed, gzip.open(packed) as file:
        return load_numbers(file)


@dataclass(frozen=True)
class Published:
    """Runtimes of algorithms as they were published.

    runtimes: one row a run to f_opt + 1e-8, the one target that is told: algorithm, function, dim, evaluations (inf
    where it did not reach it), spent (of the whole run). best: the least expected runtime of any of them, and of
    IPOP-SEP-CMA-ES, which runtimes lack, to each of five targets a decade, down to 1e-13 and less: problem, function,
    dim, target, ert, algorithm. Functions from 101 on are the noisy ones, all that SNOBFIT has.
    """

    name: str
    runtimes: Frame
    best: Frame


@cache
def published(name: str) -> Published:
    """What was published under a name; "bbob-2009" is all there is. Raises ValueError for another, and Unavailable
    without cocopp."""
    if name != "bbob-2009":
        raise ValueError(f"published data are there of bbob-2009, got {name!r}")
    return Published(name, _runtimes(), _best())


def problem_name(function: int) -> str:
    """Our name of a function of BBOB."""
    return f"bbob-f{function:02d}" if function <= 24 else f"bbob-noisy-f{function}"


def _runtimes() -> Frame:
    import pandas as pd

    rows = [
        (algorithm, function, dim, evaluations, whole)
        for algorithm, functions in cocopp_data(RUNTIMES).items()
        for function, dims in functions.items()
        for dim, (reached, spent) in dims.items()
        for evaluations, whole in zip(np.where(np.isfinite(reached[1:]), reached[1:], np.inf), spent, strict=True)
    ]
    return pd.DataFrame(rows, columns=["algorithm", "function", "dim", "evaluations", "spent"])


def _best() -> Frame:
    import pandas as pd

    names = ["problem", "function", "dim", "target", "ert", "algorithm"]
    frames = []
    for (dim, function), entry in sorted(cocopp_data(BEST).items()):
        facts = (problem_name(function), function, dim, *(entry.state[name] for name in ("target", "ert", "algs")))
        frames.append(pd.DataFrame(dict(zip(names, facts, strict=True))))
    return joined(frames, names)
