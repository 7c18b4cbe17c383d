"""Seconds where the device is not waited for: of a clock and a device that a test moves by hand."""

import numpy as np
import pytest

from bench.core import Objective, Oracle, Stop, books
from bench.core.oracle import books_of

LAUNCH, WORK, THINK, METHOD = (
    1.0,
    10.0,
    2.0,
    30.0,
)  # seconds: to give work to the device, of that work, and the same of a method
LANES, BUDGET = 4, 8


class Device:
    """What is given to it is done when it is waited for."""

    def __init__(self, monkeypatch):
        self.now, self.queue, self.waits = 0.0, 0.0, 0
        monkeypatch.setattr(books, "perf_counter", lambda: self.now)
        monkeypatch.setattr(books, "is_asynchronous", lambda _: True)
        monkeypatch.setattr(books, "waited", self.waited)

    def give(self, launch: float, work: float) -> None:
        self.now += launch
        self.queue += work

    def waited(self, _: str) -> float:
        seconds, self.queue = self.queue, 0.0
        self.now += seconds
        self.waits += bool(seconds)
        return seconds


@pytest.fixture
def device(monkeypatch) -> Device:
    return Device(monkeypatch)


def run(device: Device, *, scored: bool, alone: bool = False, **options) -> Oracle:
    def formula(x, rows=None):
        device.give(LAUNCH, WORK)
        return (x * x).sum(-1)

    def score(x, **_):
        return (x * x).sum(-1)

    data = {"rows": np.zeros(1)} if scored else {}
    objective = Objective(formula, 2, data=data, score=score, checkpoints=1, arrays="torch", vectorised=True)
    oracle = Oracle(objective if alone else [objective] * LANES, BUDGET, arrays="torch", **options)
    device.queue = 0.0
    x = oracle.x0
    oracle.recommend(x)
    with oracle:
        while True:
            device.give(THINK, METHOD)
            oracle.value(x)
    return oracle


def test_lanes_wait_at_checkpoints_and_ends_and_share_the_seconds(device) -> None:
    oracle = run(device, scored=True)
    assert device.waits == 2, "at half of the budget, and at its end"
    ledgers = books_of(oracle).ledgers
    # before the checkpoint 4 questions, the method having given work for a fifth; then 4 more
    asked = [(4 * LAUNCH, 5 * THINK), (4 * LAUNCH, 4 * THINK)]
    waits = [4 * WORK + 5 * METHOD, 4 * WORK + 4 * METHOD]
    inside = sum(i + w * i / (i + o) for (i, o), w in zip(asked, waits, strict=True))
    outside = sum(o + w * o / (i + o) for (i, o), w in zip(asked, waits, strict=True))
    for ledger in ledgers:
        np.testing.assert_allclose([ledger.inside, ledger.outside], [inside / LANES, outside / LANES])
    total = sum(ledger.inside + ledger.outside for ledger in ledgers)
    assert total == pytest.approx(sum(waits) + 8 * LAUNCH + 9 * THINK), "none is lost"
    at_checkpoint = ledgers[0].events[-2]
    np.testing.assert_allclose(sum(at_checkpoint[5:7]) * LANES, sum(asked[0]) + waits[0])


@pytest.mark.parametrize("scored", [True, False])
def test_a_run_alone_waits_at_each_question(device, scored) -> None:
    oracle = run(device, scored=scored, alone=True)
    (ledger,) = books_of(oracle).ledgers
    np.testing.assert_allclose(ledger.inside, 8 * (LAUNCH + WORK))
    np.testing.assert_allclose(ledger.outside, 9 * (THINK + METHOD))
    assert device.waits == 17, "after each answer, and after what the method does"


def test_where_values_are_read_after_each_question_lanes_wait_there_too(device) -> None:
    oracle = run(device, scored=False)
    for ledger in books_of(oracle).ledgers:
        np.testing.assert_allclose(ledger.inside, 8 * (LAUNCH + WORK) / LANES)


def test_a_deadline_is_met_in_seconds_that_lanes_share(device) -> None:
    oracle = run(device, scored=True, deadline=3.5 * (LAUNCH + THINK) / LANES)
    ledgers = books_of(oracle).ledgers
    assert {ledger.status for ledger in ledgers} == {"deadline"}
    assert {ledger.counts[0] for ledger in ledgers} == {4}


def test_what_lanes_have_spent_is_there_whenever_it_is_asked_for(device) -> None:
    objective = Objective(lambda x, rows: (x * x).sum(-1), 2, data={"rows": np.zeros(3)}, checkpoints=0, arrays="torch")
    oracle = Oracle([objective] * LANES, 10, arrays="torch")
    oracle.recommend(oracle.x0)
    for asked in (1, 2):
        oracle.gradient(oracle.x0)
        assert (oracle.remaining, oracle.spent, oracle.counts["gradient"]) == (10 - 3 * asked, 3 * asked, 3 * asked)
    assert [ledger.counts[1] for ledger in books_of(oracle).ledgers] == [6] * LANES
    oracle.restart()
    assert books_of(oracle).ledgers[1].restarts == [(0, 6, 0, 0, 0)]
    oracle.gradient(oracle.x0)
    with pytest.raises(Stop, match="budget"):
        oracle.gradient(oracle.x0)
    assert (oracle.remaining, oracle.counts["gradient"]) == (0, 9)
