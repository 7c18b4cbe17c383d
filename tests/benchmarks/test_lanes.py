"""64 seeds of Adam on the digits, as lanes and one by one: the same results, at least ten times sooner."""

from time import process_time

import numpy as np
import pytest
import torch

from bench.core import Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.runner.single import open_oracle, play
from tests.benchmarks.lanes import table

registry.load(("bench.problems", "bench.optimizers"))
SEEDS = range(64)
EPOCHS = 2


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def unscored(objective: Objective | list[Objective], seed: int | list[int]) -> tuple[Oracle]:
    """The oracle of a run of a few epochs without checkpoints."""
    definition = registry.find_optimizer("torch-adam")
    oracle = open_oracle(objective, definition, 3 * EPOCHS, seed, gap=-np.inf)
    for ledger in books_of(oracle).ledgers:
        ledger.checkpoint = ledger.limit + 1
    return (oracle,)


def adam(oracle: Oracle) -> Oracle:
    """A run to the end of its budget."""
    definition = registry.find_optimizer("torch-adam")
    assert play(oracle, definition.function, registry.settings(definition, {"batch_size": 32}), restarts=False) == ""
    return oracle


def test_lanes_are_ten_times_faster_than_one_by_one(benchmark) -> None:
    objective = registry.find_problem("mlp").make()
    adam(*unscored(objective, 0))
    alone, seconds = [], 0.0
    for seed in SEEDS:
        (oracle,) = unscored(objective, seed)
        begun = process_time()
        alone.append(books_of(adam(oracle)).ledgers[0])
        seconds += process_time() - begun
    took = []

    def lockstep(oracle: Oracle) -> Oracle:
        begun = process_time()  # not the wall clock: others may use the processor, too
        adam(oracle)
        took.append(process_time() - begun)
        return oracle

    lanes = books_of(
        benchmark.pedantic(
            lockstep, setup=lambda: (unscored([objective] * len(SEEDS), list(SEEDS)), {}), rounds=5, warmup_rounds=1
        )
    ).ledgers
    for lane, single in zip(lanes, alone, strict=True):
        assert lane.counts == single.counts
        np.testing.assert_allclose(lane.best_x, single.best_x, rtol=1e-4, atol=1e-5)
    faster = seconds / np.median(took)
    benchmark.extra_info["times_faster"] = faster
    print(f"\n{len(SEEDS)} lanes are {faster:.1f} times faster than one by one")
    assert faster >= 10


def test_the_table_of_networks_has_every_way(monkeypatch):
    """Of two seeds, one network of a user's own; how many times sooner is for the table, on a quiet machine."""
    monkeypatch.setattr("tests.benchmarks.lanes.STEPS", 2)
    without, scored = table(range(2), 1, ["MLP"])
    assert without["scores"] == 0 < scored["scores"] and without["parameters"] == 64 * 32 + 32 + 320 + 10
    assert all(row[way] > 0 for row in (without, scored) for way in ("plain", "lanes", "single"))
