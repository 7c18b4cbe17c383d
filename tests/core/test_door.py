"""The door has no window: what a method can reach, what it may store, and which rules every answer meets."""

import copy
import pickle
from math import inf, nan

import numpy as np
import pytest
import torch

from bench.core import Composite, Domain, Objective, Oracle, Spent, Stop
from bench.core.ledger import Ledger, Prices
from bench.core.oracle import books_of
from bench.core.status import Status
from bench.runner.single import play


def sphere(x):
    return (x * x).sum(-1)


BOX = Domain(np.array([-9.0, -9.0]), 9.0)


def oracle(**options) -> Oracle:
    return Oracle(Objective(sphere, 2, BOX), 20, start=[3.0, 4.0], **options)


# what is reachable


@pytest.mark.parametrize("refused", [copy.copy, copy.deepcopy, pickle.dumps])
def test_an_oracle_cannot_be_copied(refused):
    with pytest.raises(TypeError, match=r"keeps the books of one run, and cannot be copied or pickled"):
        refused(oracle())


def data_problem() -> Objective:
    def formula(x, rows):
        return ((x - rows) ** 2).mean(-1)

    network = Composite(lambda x, inputs: inputs, lambda x, e, rows: (e, e), outputs=1)
    return Objective(formula, 1, data={"rows": np.arange(4.0)}, composite=network, arrays="numpy")


@pytest.mark.parametrize("lanes", [0, 2])
@pytest.mark.parametrize("view", ["whole", "batch", "part"])
def test_no_public_name_leads_to_the_objective_or_the_books(lanes, view):
    door = Oracle([data_problem()] * lanes or data_problem(), 20, seed=[0] * lanes or 0)
    door = {"whole": door, "batch": next(door.minibatches(2)), "part": door.within(1)}[view]
    for name in (name for name in dir(door) if not name.startswith("_")):
        fact = getattr(door, name)
        facts = fact if isinstance(fact, tuple) else (fact,)
        assert not any(isinstance(value, (Objective, Composite, Ledger, type(books_of(door)))) for value in facts), name


@pytest.mark.parametrize(
    "name", ["best", "counts", "spent", "remaining", "domain", "x0", "dim", "prices", "scored", "rows", "value"]
)
def test_facts_and_questions_are_read_only(name):
    door = oracle()
    with pytest.raises(AttributeError):
        setattr(door, name, 0.0)


def test_what_is_handed_out_is_a_copy_or_cannot_be_written_to():
    door = oracle()
    door.value(np.array([1.0, 1.0]))
    for array in (door.x0, *door.bounds):
        array[:] = 7.0
    door.counts["value"] = 0
    np.testing.assert_array_equal(door.x0, [3.0, 4.0])
    assert [bound.tolist() for bound in door.bounds] == [[-9.0, -9.0], [9.0, 9.0]]
    assert (door.counts["value"], door.spent, door.remaining, door.best) == (1, 1.0, 19.0, 2.0)
    with pytest.raises(ValueError, match=r"read-only"):
        door.domain.low[0] = -100.0
    with pytest.raises(TypeError):
        door.prices["value"] = 0.0


@pytest.mark.parametrize("again", [copy.deepcopy, lambda domain: pickle.loads(pickle.dumps(domain))])
def test_a_domain_is_read_only_wherever_it_comes_from(again):
    low = np.array([0.0, 1.0])
    domain = again(Domain(low, 5.0, scale=0.5))
    low[:] = 3.0
    assert (domain.low.tolist(), domain.high, domain.scale) == ([0.0, 1.0], 5.0, 0.5)
    with pytest.raises(ValueError, match=r"read-only"):
        domain.low[0] = 2.0


def test_scores_are_not_told_before_the_end():
    """They are noise-free and off the ledger: a method that read them would see through the noise."""
    noisy = Objective(lambda x, noise=None: sphere(x) + (0 if noise is None else noise), 2,
                      noise=lambda rng, size: rng.standard_normal(size))  # fmt: skip
    door = Oracle([noisy] * 2, 3, seed=[0, 1], order=0)
    door.recommend(np.ones((2, 2)))
    with door:
        while True:
            assert np.isnan(door.best).all()
            door.value(door.x0)
    np.testing.assert_array_equal(door.best, [min(2.0, ledger.first) for ledger in books_of(door).ledgers])


# improvements and ends, by one rule


def ledger(**options) -> Ledger:
    facts = {"prices": Prices.of({}, rows=1), "limit": 10, "target": -inf, "deadline": inf, "box": BOX}
    return Ledger(**{**facts, "best": 5.0, **options})


@pytest.mark.parametrize(
    ("f", "x", "improves"),
    [
        (4.0, [1.0, 1.0], True),
        (5.0, [1.0, 1.0], False),  # equal is no better
        (6.0, [1.0, 1.0], False),
        (4.0, [9.0, -9.0], True),  # on the bounds
        (4.0, [9.5, 0.0], False),
        (4.0, [nan, 0.0], False),
        (nan, [1.0, 1.0], False),
        (inf, [1.0, 1.0], False),
        (-inf, [1.0, 1.0], False),
    ],
)
def test_what_is_an_improvement(f, x, improves):
    book, x = ledger(), np.array(x)
    assert bool(book.improves(f, x, 5.0)) is improves
    np.testing.assert_array_equal(book.improves(np.array([f, 9.0]), np.stack([x, x]), 5.0), [improves, False])
    assert book.offer(f, x) is improves
    assert (book.best, book.best_x is not None, book.status) == (4.0 if improves else 5.0, improves, None)


def test_the_best_is_a_copy_of_the_point():
    book, x = ledger(), np.array([1.0, 1.0])
    book.offer(4.0, x)
    x[:] = 2.0
    assert book.best_x.tolist() == [1.0, 1.0]


def test_a_run_ends_once():
    book = ledger(target=4.5)
    book.offer(4.0, np.ones(2))
    book.end(Status.CRASHED)
    assert book.status == Status.TARGET


CASES = {
    "improves": (4.0, [1.0, 1.0], None, 4.0),
    "equal": (25.0, [1.0, 1.0], None, 25.0),
    "target": (0.5, [1.0, 1.0], Status.TARGET, 0.5),
    "target outside": (0.5, [10.0, 1.0], None, 25.0),
    "nan": (nan, [1.0, 1.0], None, 25.0),
    "minus infinity": (-inf, [1.0, 1.0], None, 25.0),
    "infinite at a point that is none": (inf, [inf, 1.0], Status.DIVERGED, 25.0),
    "nan at a point that is none": (nan, [nan, 1.0], Status.DIVERGED, 25.0),
    "finite at a point that is none": (3.0, [nan, 1.0], None, 25.0),
}


@pytest.mark.parametrize("way", ["point", "population", "lanes", "torch"])
@pytest.mark.parametrize("case", CASES)
def test_every_way_in_meets_one_rule(case, way):
    """The fast path for one NumPy point, populations, lanes and tensors end alike and have the same best."""
    f, x, status, best = CASES[case]

    def formula(points):
        start = (points == 3.0).all(-1)
        if isinstance(points, np.ndarray):
            return np.where(start, 25.0, f)
        return torch.where(start, torch.tensor(25.0, dtype=points.dtype), torch.tensor(f, dtype=points.dtype))

    problem = Objective(formula, 2, BOX)
    options = {"start": [3.0, 3.0], "target": 1.0, "arrays": "torch" if way == "torch" else "numpy"}
    door = Oracle([problem] * 2, 5, seed=[0, 0], **options) if way == "lanes" else Oracle(problem, 5, **options)
    x = np.array(x)
    asked = {"point": x, "population": x[None], "lanes": np.stack([x, x]), "torch": torch.tensor(x)}[way]
    if status is None:
        door.value(asked)
    else:
        with pytest.raises(Stop, match=str(status)):
            door.value(asked)
    for book in books_of(door).ledgers:
        assert (book.status, book.best, book.counts[0], book.ticks) == (status, best, 1, 1)


# a part of the budget


def test_a_part_of_the_budget_is_exact_and_the_run_goes_on():
    door = oracle()
    door.value(np.ones(2))
    with door.within(5) as part:
        assert (part.remaining, door.remaining) == (5, 19)
        part.value(np.ones((3, 2)))
        part.value(np.ones((3, 2)))  # two of them are paid
        pytest.fail("the part is spent")
    assert (door.counts["value"], door.remaining, part.remaining, books_of(door).ledgers[0].status) == (6, 14, 0, None)
    with pytest.raises(Spent):
        part.value(np.ones(2))
    door.gradient(np.ones(2))
    assert door.counts["gradient"] == 1


@pytest.mark.parametrize("lanes", [0, 3])
def test_no_more_is_told_than_a_part_pays(lanes):
    asked = []

    def formula(x):
        asked.append(x.shape[-2] if x.ndim > 1 else 1)
        return sphere(x)

    problem = Objective(formula, 2, arrays="numpy", order=0, vectorised=True)
    door = Oracle([problem] * lanes or problem, 20, seed=[0] * lanes or 0)
    asked.clear()
    with pytest.raises(Spent):
        door.within(2).value(np.ones((*door.lanes, 6, 2)))
    assert asked == [2]
    assert [book.counts[0] for book in books_of(door).ledgers] == [2] * max(lanes, 1)


def test_the_end_of_the_run_passes_through_a_part():
    door = oracle()
    with pytest.raises(Stop, match=r"budget"), door.within(50) as part:
        assert part.remaining == 20
        while True:
            part.value(np.ones(2))
    assert (door.counts["value"], books_of(door).ledgers[0].status) == (20, Status.BUDGET)


def test_a_part_of_a_part_is_no_more_than_it():
    door = oracle()
    with door.within(5) as part, part.within(100) as inner:
        while True:
            inner.value(np.ones(2))
    assert door.counts["value"] == 5
    with door.within(2) as other:
        next(other.minibatches()).value(np.ones((4, 2)))
    assert door.counts["value"] == 7


def test_a_method_that_lets_its_part_end_has_returned():
    def method(door: Oracle) -> None:
        part = door.within(3)
        while True:
            part.value(np.ones(2))

    door = oracle()
    assert play(door, method, {}, restarts=True) == ""
    assert (door.counts["value"], books_of(door).ledgers[0].status) == (3, Status.RETURNED)


def test_a_run_has_a_status_even_where_a_method_stops_itself():
    def method(door: Oracle) -> None:
        raise Stop

    door = oracle()
    assert play(door, method, {}, restarts=True) == ""
    assert books_of(door).ledgers[0].status == Status.RETURNED


def test_an_error_passes_through_a_part():
    door = oracle()
    with pytest.raises(KeyError), door.within(3):
        raise KeyError
    assert books_of(door).ledgers[0].status is None


@pytest.mark.parametrize("cost", [0, -1, nan, inf, 0.5, True, "1", None])
def test_a_part_is_a_number_that_pays_for_something(cost):
    with pytest.raises(ValueError, match=r"cost must be a number >= 1, the unit of prices, got"):
        oracle().within(cost)


def test_a_part_that_pays_for_nothing_meets_the_deadline():
    door = oracle(deadline=0.05)
    with pytest.raises(Stop, match="deadline"):
        while True:
            with door.within(1) as part:  # less than a gradient
                part.gradient(door.x0)
    assert books_of(door).ledgers[0].status == Status.DEADLINE


def test_there_is_no_part_of_a_run_that_has_ended():
    door = oracle()
    with pytest.raises(Stop):
        door.value(np.ones((30, 2)))
    with pytest.raises(Stop, match="budget"):
        door.within(1)


def test_bounds_cannot_be_made_writeable():
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        oracle().domain.low.setflags(write=True)


def test_a_metric_has_a_name_of_its_own():
    with pytest.raises(
        ValueError, match="a metric must not be called 'f': columns of every trajectory are run, value, "
    ):
        Objective(sphere, 2, metrics={"f": sphere})
