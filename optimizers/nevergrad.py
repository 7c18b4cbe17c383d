"""The bridge to Nevergrad: each method of its registry, by the names of nevergrad.txt beside this file.

The names are read from the file, so that listing them needs no import of the library, which takes seconds. The file is
written by `python -m bench.optimizers.nevergrad_names`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import numpy as np

from bench.core import Domain, Kind, Oracle, Range, optimizer

from . import generators
from .scripts import by_nevergrad

if TYPE_CHECKING:
    from nevergrad.parametrization.core import Parameter

NAMES = Path(__file__).with_suffix(".txt")
SOURCE = "Rapin & Teytaud 2018, https://github.com/facebookresearch/nevergrad"
Workers = Annotated[int, Range(1, 30, log=True, least=1)]
FAR = 10.0  # widths of a box by which soft bounds are moved out
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

    Nevergrad is given the box, and the start as a suggestion, which it asks first: begun at the start instead, with
    the standard deviation that it derives from a box, first populations would leave most of the box out, and methods
    of whole numbers, which draw them anew around where they began, would not reach the rest. Where there is no box it
    is begun at the start, because its own, 0, is the optimum of many test problems. It is told whether answers are
    noisy.
    """

    def in_batches(oracle: Oracle, *, num_workers: Workers = 1) -> None:
        import nevergrad

        own_seed, global_seed = (int(number) for number in oracle.rng.integers(2**32, size=2))
        points, start = space(oracle.x0, oracle.domain)
        points.random_state = np.random.RandomState(own_seed)
        budget = int(oracle.remaining / oracle.prices["value"] + 1e-9)  # values that can be paid
        noisy = oracle.noisy
        points.function.deterministic = not noisy
        if noisy:
            oracle.recommend(oracle.x0)
        with seeded(global_seed), own_threads():
            # some methods divide by the budget less one
            method = nevergrad.optimizers.registry[name](points, budget=max(2, budget), num_workers=num_workers)
            if start is not None:
                method.suggest(start)
            for asked in range(0, budget, num_workers):
                batch = [method.ask() for _ in range(min(num_workers, budget - asked))]
                x = np.stack([point(candidate.value, oracle.domain) for candidate in batch])
                # of NaN and infinity Nevergrad itself makes a very large number
                for candidate, f in zip(batch, oracle.value(x), strict=True):
                    # some have no use for a point that they did not choose
                    with suppress(nevergrad.errors.TellNotAskedNotSupportedError):
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


def space(x0: np.ndarray, domain: Domain) -> "tuple[Parameter, Any]":
    """The domain for Nevergrad, and the start x0 (dim,) as a value of it; `point` reads what it answers.

    Where there are bounds on all sides it begins at the middle of the box, which six standard deviations span, as
    Nevergrad has it. Soft bounds are told FAR out, with the same standard deviations: some methods choose their steps
    by whether there are bounds, and none comes to a corner. What lies beyond them is put on them: by default Nevergrad
    mirrors it, which sends a far particle of PSO to the opposite corner. Elsewhere it begins at the start, which
    is then no value to suggest (None), with the domain's scale for standard deviations; bounds on some sides are left
    to the oracle: what lies outside is no improvement. Integers are rounded real numbers, with a standard deviation of
    a step at least; a category is a choice; a permutation is the order of real keys (Bean 1994,
    doi:10.1287/ijoc.6.2.154).
    """
    from nevergrad import p

    def deviating(points: p.Array, deviations: Any) -> p.Array:
        return points.set_mutation(sigma=deviations)  # the library takes arrays, and is typed for numbers

    dim = len(x0)
    if domain.kinds == "permutation":
        keys = p.Array(shape=(dim,), lower=0.0, upper=1.0)
        return keys.set_mutation(sigma=max(1 / 6, 2 / dim)), (x0.argsort() + 0.5) / dim  # one step is to change it
    if not domain.bounded:
        return deviating(p.Array(init=x0), domain.scales(dim, x0)), None
    low, high = (np.full(dim, bound, dtype=np.float64) for bound in (domain.low, domain.high))
    deviations, start = (high - low) / 6, np.clip(x0, low, high)
    if domain.real:
        if domain.hard:
            points = p.Array(shape=(dim,), lower=low, upper=high)  # first populations are uniform in it
        else:
            reach = FAR * (high - low)
            points = p.Array(init=(low + high) / 2)
            points.set_bounds(low - reach, high + reach, method="clipping", full_range_sampling=False)
        return deviating(points, deviations), start
    kinds = np.broadcast_to(domain.kinds, x0.shape)
    deviations = np.where(kinds == "integer", np.maximum(1.0, deviations), deviations)
    parts: list[Parameter] = []
    values: list[Any] = []
    for kind, members in groupby(range(dim), key=lambda i: kinds[i]):
        at = list(members)
        if kind == "category":
            parts += [p.Choice(range(int(high[i]) + 1)) for i in at]
            values += [int(start[i]) for i in at]
            continue
        part = deviating(p.Array(shape=(len(at),), lower=low[at], upper=high[at]), deviations[at])
        parts.append(part.set_integer_casting() if kind == "integer" else part)
        values.append(start[at])
    return p.Tuple(*parts), tuple(values)


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
    NLopt has a generator in each thread, which no other one can seed, and Nevergrad runs it in one of its own.
    """
    from cma.options_parameters import cma_default_options

    cma_seed = cma_default_options["seed"]
    with generators.seeded(seed):
        cma_default_options["seed"] = float("nan")
        try:
            yield
        finally:
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
        version=2,
        source=SOURCE,
        call=by_nevergrad(_entry.name),
    )(bridge(_entry.name, _entry.parallel))
