"""In which order rows of data come."""

from itertools import islice

import numpy as np
import pytest

from bench.core import Objective, Oracle

TARGETS = np.array([0, 1, 0, 2, 0, 1, 0, 0, 0, 2])


def mean_of_bits(x, bits, targets):
    return bits.mean(-1) + 0 * x[..., 0]


def losses(x, bits, targets):
    return (targets - x[..., :1]) ** 2


def problem(**options) -> Objective:
    """f sums 2^row over the rows, so that an answer tells which ones it is about."""
    data = {"bits": 2.0 ** np.arange(10), "targets": TARGETS}
    return Objective(mean_of_bits, 1, data=data, row_losses=losses, **options)


def seen(oracle: Oracle, size: int, batches: int) -> list[int]:
    """Which rows each batch held, as the sum of 2^row."""
    oracle.recommend(np.zeros(1))
    return [round(batch.value(np.zeros(1)) * batch.rows) for batch in islice(oracle.minibatches(size), batches)]


def rows(number: int) -> list[int]:
    return [row for row in range(10) if number >> row & 1]


def test_every_epoch_has_an_order_of_its_own_and_visits_every_row_once():
    first, second, third, fourth, *_ = seen(Oracle(problem(), 100), 5, 6)
    assert first | second == third | fourth == 2**10 - 1
    assert first != third


def test_same_repeats_the_first_epoch():
    batches = seen(Oracle(problem(sampling="same"), 100), 5, 6)
    assert batches[:2] == batches[2:4] == batches[4:]
    assert batches[0] | batches[1] == 2**10 - 1
    assert seen(Oracle(problem(sampling="same"), 100, seed=1), 5, 2) != batches[:2]


@pytest.mark.parametrize("sampling", ["same", "shuffle"])
def test_without_the_remainder_all_batches_are_full(sampling):
    batches = seen(Oracle(problem(sampling=sampling, remainder=False), 100), 4, 6)
    assert all(len(rows(batch)) == 4 for batch in batches)
    assert all((batches[at] | batches[at + 1]).bit_count() == 8 for at in (0, 2, 4))
    assert seen(Oracle(problem(remainder=False), 100), 10, 1) == [2**10 - 1]


def test_with_replacement_rows_come_by_chance():
    def multiset(x, bits, targets):
        return (32**bits).sum(-1) + 0 * x[..., 0]  # a digit in base 32 for each row: how often it came

    data = {"bits": np.arange(10.0), "targets": TARGETS}
    oracle = Oracle(Objective(multiset, 1, data=data, sampling="replacement"), 10_000)
    oracle.recommend(np.zeros(1))
    counts = np.zeros(10)
    for batch in islice(oracle.minibatches(5), 2_000):
        counts += [int(batch.value(np.zeros(1))) // 32**row % 32 for row in range(10)]
    assert counts.sum() == 10_000
    assert (abs(counts - 1_000) < 5 * np.sqrt(10_000 * 0.1 * 0.9)).all()
    assert len(set(counts)) > 1  # an epoch without replacement would give each row 1,000 times


def test_sorted_goes_through_the_classes_in_turn():
    assert [rows(batch) for batch in seen(Oracle(problem(sampling="sorted"), 100), 6, 4)] == [
        [0, 2, 4, 6, 7, 8],
        [1, 3, 5, 9],
    ] * 2


def test_balanced_batches_hold_as_many_of_each_class():
    for batch in seen(Oracle(problem(sampling="balanced"), 100), 3, 12):
        found = rows(batch)
        assert len(found) == 1 or sorted(TARGETS[found]) == [0, 1, 2]  # the last of an epoch is what is left


def test_hard_rows_come_first_and_are_told_by_a_full_evaluation():
    oracle = Oracle(problem(sampling="hard"), 100)
    assert [rows(batch) for batch in seen(oracle, 4, 3)] == [[1, 3, 5, 9], [0, 2, 4, 6], [7, 8]]
    assert oracle.counts["value"] == 10 + 10
    # from x = 1 the middle class is the easy one
    oracle.recommend(np.ones(1))
    batch = next(islice(oracle.minibatches(8), 1))
    assert rows(round(batch.value(np.ones(1)) * 8)) == [0, 2, 3, 4, 6, 7, 8, 9]


@pytest.mark.parametrize("sampling", ["shuffle", "same", "replacement", "sorted", "balanced", "hard"])
def test_lanes_see_what_single_runs_see(sampling):
    def asked(problems, seeds):
        oracle = Oracle(problems, 50, seeds, arrays="torch")
        x = 0 * oracle.x0
        oracle.recommend(x)
        return [batch.value(x).flatten().tolist() for batch in islice(oracle.minibatches(3), 9)]

    together = asked([problem(sampling=sampling)] * 3, [0, 1, 2])
    alone = [asked(problem(sampling=sampling), seed) for seed in range(3)]
    assert together == [[values[at][0] for values in alone] for at in range(9)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling": "first"}, "sampling must be one of shuffle, .*got 'first'"),
        ({"sampling": "hard"}, "must not be 'hard' where rows have no losses"),
        ({"sampling": "sorted"}, "must not be 'sorted' where data have no targets"),
        ({"sampling": "balanced", "data": {"targets": np.ones(3)}}, "must not be 'balanced' where targets are no cl"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Objective(lambda x, **_: x.sum(-1), 1, **{"data": {"rows": np.ones(3)}, **options})
