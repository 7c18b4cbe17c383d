"""The bridge to Nevergrad: each method of its registry, by the names of nevergrad.txt beside this file.

The names are read from the file, so that listing them needs no import of the library, which takes seconds. The file is
written by `python -m optimizers.nevergrad_names`.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import numpy as np

from bench.core import Domain, Kind, Oracle, Range, optimizer

if TYPE_CHECKING:
    from nevergrad.parametrization.core import Parameter

NAMES = Path(__file__).with_suffix(".txt")
SOURCE = "Rapin & Teytaud 2018, https://github.com/facebookresearch/nevergrad"
Workers = Annotated[int, Range(1, 30, log=True, least=1)]
PATIENCE = 5.0  # seconds in which a method's own thread must end


@dataclass(frozen=True)
class Entry:
    """A line of nevergrad.txt: a name in Nevergrad's spelling, and what was measured of it.

    needs: modules that must be importable. deterministic: whether the seed fixes the run (None where it could not be
    measured). parallel: whether it may be asked several points before it is told their values.
    """

    name: str
    needs: tuple[str, ...]
    deterministic: bool | None
    parallel: bool


def entries() -> list[Entry]:
    """All lines of nevergrad.txt, tab-separated, because one name ends in a space."""
    _, *lines = (line for line in NAMES.read_text().splitlines() if not line.startswith("#"))
    found = []
    for line in lines:
        name, needs, deterministic, parallel = line.split("\t")
        known = {"yes": True, "no": False, "unmeasured": None}[deterministic]
        found.append(Entry(name, () if needs == "-" else tuple(needs.split(",")), known, parallel == "yes"))
    return found


def bridge(name: str, parallel: bool = False) -> Callable[..., None]:
    """The method of that name as an optimizer: ask, evaluate, tell; where it is parallel, `num_workers` at a time.

    Nevergrad is given the oracle's x0, because its own start, 0, is the optimum of many test problems, and whether
    answers are noisy. Each method uses x0 in its own way: OnePlusOne asks it first; CMA has its first mean there; DE
    and PSO draw their first populations around it, with the standard deviation of `space`; NGOpt does as the method
    that it chooses.
    """

    def in_batches(oracle: Oracle, *, num_workers: Workers = 1) -> None:
        import nevergrad

        own_seed, global_seed = (int(number) for number in oracle.rng.integers(2**32, size=2))
        points = space(oracle.x0, oracle.domain)
        points.random_state = np.random.RandomState(own_seed)
        budget = int(oracle.remaining / oracle.prices["value"] + 1e-9)  # values that can be paid
        noisy = oracle.noisy
        points.function.deterministic = not noisy
        if noisy:
            oracle.recommend(oracle.x0)
        with seeded(global_seed), own_threads():
            # some methods divide by the budget less one
            method = nevergrad.optimizers.registry[name](points, budget=max(2, budget), num_workers=num_workers)
            for asked in range(0, budget, num_workers):
                batch = [method.ask() for _ in range(min(num_workers, budget - asked))]
                x = np.stack([point(candidate.value, oracle.domain) for candidate in batch])
                # of NaN and infinity Nevergrad itself makes a very large number
                for candidate, f in zip(batch, oracle.value(x), strict=True):
                    method.tell(candidate, float(f))
                if noisy:
                    oracle.recommend(point(method.provide_recommendation().value, oracle.domain))
        oracle.value(oracle.x0)  # nothing is left to pay it: the run ends as one that spent its budget

    def one_by_one(oracle: Oracle) -> None:
        in_batches(oracle)

    method = in_batches if parallel else one_by_one
    method.__doc__ = f"Nevergrad's {name.strip()}."
    if parallel:
        method.__doc__ += """

        num_workers: points asked before their values are told, in one question. It is a part of some methods: it
        may set their population, or which method a portfolio chooses.
        """
    return method


def space(x0: np.ndarray, domain: Domain) -> "Parameter":
    """Points around x0 (dim,) for Nevergrad; `point` reads what it answers.

    Real numbers with bounds on all sides: six standard deviations span the box, and first populations lie around x0
    rather than uniformly, as is Nevergrad's own way where a start is given. Elsewhere one is the domain's scale, and
    bounds on some sides are left to the oracle: what lies outside is no improvement. Integers are rounded real numbers,
    with a standard deviation of a step at least; a category is a choice, at x0's in most of the first draws; a
    permutation is the order of real keys (Bean 1994, doi:10.1287/ijoc.6.2.154).
    """
    from nevergrad import p

    if domain.kinds == "permutation":
        keys = p.Array(init=(x0.argsort() + 0.5) / len(x0), lower=0.0, upper=1.0)
        return keys.set_mutation(sigma=max(1 / 6, 2 / len(x0)))  # one step is to change the order
    if not domain.bounded:
        return p.Array(init=x0).set_mutation(sigma=float(np.min(domain.scale)))
    low, high = (np.broadcast_to(bound, x0.shape).astype(float) for bound in (domain.low, domain.high))
    start = np.clip(x0, low, high)
    if domain.real:
        return p.Array(init=start, lower=low, upper=high)
    kinds = np.broadcast_to(domain.kinds, x0.shape)
    widths = np.where(kinds == "integer", np.maximum(1.0, (high - low) / 6), 0)  # Nevergrad takes one for an array
    parts: list[Parameter] = []
    for (kind, width), members in groupby(range(len(x0)), key=lambda i: (kinds[i], widths[i])):
        own = list(members)
        if kind == "category":
            parts += [_choice(int(high[i]) + 1, int(start[i])) for i in own]
            continue
        part = p.Array(init=start[own], lower=low[own], upper=high[own])
        parts.append(part.set_mutation(sigma=width).set_integer_casting() if kind == "integer" else part)
    return p.Tuple(*parts)


def _choice(number: int, start: int) -> "Parameter":
    from nevergrad import p

    choice = p.Choice(range(number))
    choice.value = start
    return choice


def point(value: Any, domain: Domain) -> np.ndarray:
    """A value of `space` as x (dim,)."""
    if domain.kinds == "permutation":
        return value.argsort().astype(np.float64)
    if isinstance(value, tuple):
        return np.concatenate([np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in value])
    return value


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators that some methods draw from, and give them back as they were.

    Some methods call pycma, which by default seeds NumPy's generator by the clock; NaN tells it to leave that alone.
    """
    from cma.options_parameters import cma_default_options

    numpy_state, python_state, cma_seed = np.random.get_state(), random.getstate(), cma_default_options["seed"]
    np.random.seed(seed)
    random.seed(seed)
    cma_default_options["seed"] = float("nan")
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        cma_default_options["seed"] = cma_seed


@contextmanager
def own_threads() -> Iterator[None]:
    """End the threads that were started within.

    Methods of SciPy run in one and wait there for the next value: an interpreter would never exit while they do.
    """
    before = set(threading.enumerate())
    try:
        yield
    finally:
        for thread in set(threading.enumerate()) - before:
            if callable(stop := getattr(thread, "stop", None)):  # Nevergrad's own kind of thread
                stop()
                thread.join(PATIENCE)


for _entry in entries():
    optimizer(
        order=0,
        name=f"nevergrad-{_entry.name.strip()}",
        deterministic=_entry.deterministic is True,
        kinds=get_args(Kind),
        needs=("nevergrad", *_entry.needs),
        source=SOURCE,
    )(bridge(_entry.name, _entry.parallel))
