"""Seconds of both versions: a doubled time is found on a busy machine, and unchanged code is not flagged."""

import os
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from bench.measure.levels import LEVEL
from bench.track.seconds import ROUNDS, _Stopwatch, compare_seconds, rounds, side

OPTIMIZERS, PROBLEMS = 5, 5


def simulated(rng, factors=(1.0,) * OPTIMIZERS):
    """Seconds (rounds, 2, pairs) on a busy machine: a pace that wanders, which neighbours in time share, each
    measurement up to a third longer, one in five up to ten times as long; those of new times a factor by optimizer."""
    pairs = OPTIMIZERS * PROBLEMS
    wander = np.cumsum(rng.normal(0, 0.05, (ROUNDS, pairs)).ravel()).reshape(ROUNDS, 1, pairs)
    noise = rng.exponential(0.1, (ROUNDS, 2, pairs))
    noise += np.where(rng.random(noise.shape) < 0.2, rng.uniform(0, np.log(10), noise.shape), 0.0)
    new = np.repeat(factors, PROBLEMS)
    return 1e-5 * np.exp(wander + noise) * np.stack([np.ones(pairs), new])


def pairs_of(optimizers=OPTIMIZERS, problems=PROBLEMS):
    return pd.DataFrame(
        {"optimizer": np.repeat([f"o{k}" for k in range(optimizers)], problems),
         "problem": [f"p{k}" for k in range(problems)] * optimizers, "dim": 2.0}
    )  # fmt: skip


def whole(seconds, worse=0.1):
    table = compare_seconds(pairs_of(), seconds, worse)
    return table[table.problem == ""].set_index("optimizer")


def test_unchanged_code_is_not_flagged_though_the_machine_is_busy():
    rng, experiments = np.random.default_rng(1), 80
    tables = [whole(simulated(rng)) for _ in range(experiments)]
    most = LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / experiments)
    assert np.mean([(table.adjusted < LEVEL).any() for table in tables]) <= most
    assert np.mean([table.change.ne("open").any() for table in tables]) <= most


def test_a_doubled_time_is_found_though_the_machine_is_busy():
    rng, experiments = np.random.default_rng(2), 20
    changes = [whole(simulated(rng, (2, 1, 1, 1, 1))).change for _ in range(experiments)]
    assert np.mean([change["o0"] == "worse" for change in changes]) >= 0.9
    faster = [whole(simulated(rng, (0.5, 1, 1, 1, 1))).change["o0"] for _ in range(experiments)]
    assert np.mean([change == "better" for change in faster]) >= 0.9


def test_ratios_by_hand():
    """Ratios of ten rounds are 1.1, 1.2 .. 2.0 on one problem, and 1 on the other; base takes 1 s, in one round 0.5."""
    seconds = np.ones((10, 2, 2))
    seconds[:, 1, 0] = np.arange(1.1, 2.05, 0.1)
    seconds[9, :, 0] /= 2
    table = compare_seconds(pairs_of(1, 2), seconds, 0.1).set_index("problem")
    assert table.ratio["p0"] == pytest.approx(np.exp((np.log(1.5) + np.log(1.6)) / 2))
    assert (table.low["p0"], table.high["p0"]) == pytest.approx((1.2, 1.9))  # 1 - 2 * 11 / 1024 of samples
    assert table.least["p0"] == pytest.approx(1.0 / 0.5)
    assert table.ratio["p1"] == table.low["p1"] == table.high["p1"] == 1
    assert table.ratio[""] == pytest.approx(np.sqrt(table.ratio["p0"]))
    assert table.p[""] == pytest.approx(2 / 2**10)
    assert table.change.to_dict() == {"": "worse", "p0": "worse", "p1": "open"}
    seconds[:, 1, 0] = seconds[:, 1, 0].max() * np.arange(10, 0, -1)  # the least seconds are as they were
    seconds[0, 1, 0] = 0.5
    assert compare_seconds(pairs_of(1, 2), seconds, 0.1).set_index("problem").change[""] == "open"


METHODS = """
import time

from bench import optimizer


def descent(oracle, pause):
    x = oracle.x0
    while True:
        pause()
        x = x - 0.003 * oracle.gradient(x)


def busy():
    end = time.process_time() + 2e-3
    while time.process_time() < end:
        pass


@optimizer(order=1, source="Nobody 1900")
def waiting(oracle):
    descent(oracle, lambda: time.sleep(2e-3))


@optimizer(order=1, source="Nobody 1900")
def working(oracle):
    descent(oracle, busy)
"""


def test_seconds_are_those_in_which_the_method_has_the_processor(tmp_path, monkeypatch):
    """As on a busy machine, where another process has it for a while: what is waited is not counted."""
    (tmp_path / "waits.py").write_text(METHODS)
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    run = {"problem": "levy", "parameters": {}, "instance": 1, "seed": 0, "budget": 30, "gap": 1e-8}
    run["prices"] = {"value": 1, "gradient": 3}
    with closing(_Stopwatch(side(tmp_path), ["waits"])) as watch:
        waiting, working = (watch.seconds({**run, "optimizer": name}) for name in ("waiting", "working"))
    assert 2e-3 / 3 < working < 4e-3 / 3  # a gradient costs 3
    assert waiting < 1e-3 / 3


def test_what_was_not_timed_has_no_row():
    seconds = np.ones((10, 2, 4))
    seconds[:, :, 2:] = np.nan  # asked nothing
    table = compare_seconds(pairs_of(2, 2), seconds, 0.1)
    assert set(table.optimizer) == {"o0"}


def test_rounds_are_enough_for_many_optimizers():
    assert rounds(1) == ROUNDS
    for optimizers in (6, 50, 300):
        assert optimizers * 8 / 2 ** rounds(optimizers) <= LEVEL
