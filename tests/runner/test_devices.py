"""What is set where runs on a GPU begin, and given back where they end: on a GPU that a test puts in its place."""

import os
import random

import numpy as np
import pytest
import torch

from bench.core import Objective, Oracle
from bench.runner.devices import WORKSPACE, on_device
from bench.runner.given_back import UNSEEDED, given_back, lend_generator
from bench.runner.single import play


class Gpu:
    """The generators of two GPUs, on the CPU."""

    def __init__(self, monkeypatch, ready: bool):
        self.ready, self.generators = ready, [torch.Generator(), torch.Generator()]
        monkeypatch.setattr(torch.cuda, "init", self.init)
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda: self.ready)
        monkeypatch.setattr(torch.cuda, "get_rng_state_all", self.states)
        monkeypatch.setattr(torch.cuda, "set_rng_state_all", self.set_states)
        monkeypatch.setattr(torch.cuda, "manual_seed_all", self.seed)
        self.seed(UNSEEDED)

    def init(self) -> None:
        self.ready = True

    def states(self) -> list[torch.Tensor]:
        assert self.ready
        return [each.get_state() for each in self.generators]

    def set_states(self, states: list[torch.Tensor]) -> None:
        for each, state in zip(self.generators, states, strict=True):
            each.set_state(state)

    def seed(self, seed: int) -> None:
        for each in self.generators:
            each.manual_seed(seed)

    def draw(self) -> list[float]:
        return [float(torch.rand((), generator=each)) for each in self.generators]


@pytest.mark.parametrize("ready", [True, False])
def test_generators_of_gpus_are_given_back_as_the_cpus_is(monkeypatch, ready) -> None:
    gpu = Gpu(monkeypatch, ready)
    torch.manual_seed(0), random.seed(0)
    first = [float(torch.rand(())), random.random()]
    torch.manual_seed(0), random.seed(0)
    gpu.seed(7 if ready else UNSEEDED)
    kept = [float(torch.rand((), generator=torch.Generator().manual_seed(7)))] * 2
    with given_back():
        gpu.init()
        gpu.draw(), torch.rand(3), random.random(), gpu.seed(5)
    assert gpu.draw() == (kept if ready else gpu_of_a_new_process())
    assert [float(torch.rand(())), random.random()] == first


def gpu_of_a_new_process() -> list[float]:
    return [float(torch.rand((), generator=torch.Generator().manual_seed(UNSEEDED))) for _ in range(2)]


def test_a_run_seeds_the_generators_of_gpus_too(monkeypatch) -> None:
    gpu = Gpu(monkeypatch, ready=True)
    drawn = []
    for name in ("one run", "another", "one run"):
        with given_back(name):
            drawn.append(gpu.draw())
    assert drawn[0] == drawn[2] != drawn[1]


def test_a_run_draws_the_same_from_a_generator_that_stands_in_for_that_of_the_process(monkeypatch) -> None:
    def drawn() -> float:
        with given_back("a run"), given_back():  # as of the method in it
            return np.random.rand()

    np.random.seed(3), np.random.rand()
    held, state = np.random.get_bit_generator(), np.random.get_state()[1:3]
    first = drawn()
    monkeypatch.setattr("bench.runner.given_back._spare", None)
    lend_generator()
    assert drawn() == first == drawn()
    assert np.random.get_bit_generator() is held
    for value, before in zip(np.random.get_state()[1:3], state, strict=True):
        assert np.array_equal(value, before)
    with given_back():  # where nothing is seeded the process's own is used, and given back
        np.random.rand()
    assert np.array_equal(np.random.get_state()[2], state[1])


def switches() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    return (
        torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled(),
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, torch.get_float32_matmul_precision(),
    )  # fmt: skip


def test_runs_on_a_gpu_are_deterministic_and_what_is_set_for_that_is_given_back(monkeypatch) -> None:
    gpu = Gpu(monkeypatch, ready=False)
    monkeypatch.delenv(WORKSPACE[0], raising=False)
    before = switches()
    torch.backends.cudnn.benchmark = True
    with on_device("cuda:0"):
        assert switches() == (True, True, True, False, False, "highest")
        assert os.environ[WORKSPACE[0]] == ":4096:8"
        assert gpu.ready, "so that its generators can be given back"
        gpu.seed(3)
    assert torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before[3]
    assert switches() == before
    assert gpu.draw() == gpu_of_a_new_process()
    with on_device("cpu"):
        assert switches() == before


def test_operations_that_are_not_deterministic_are_named_and_nothing_else_is_warned_of() -> None:
    objective = Objective(lambda x: (x * x).sum(-1), 2, arrays="torch")
    from bench.core.oracle import books_of

    def method(oracle):
        np.float64(1.0) / np.float64(0.0)
        torch.zeros(4).put_(torch.tensor([0]), torch.tensor([1.0]))
        oracle.value(oracle.x0)

    oracle = Oracle(objective, 3, arrays="torch")
    with given_back():
        torch.use_deterministic_algorithms(True, warn_only=True)
        assert play(oracle, method, {}, restarts=True) == ""
    assert books_of(oracle).nondeterministic == {"put_"}


def test_records_say_what_may_differ(tmp_path, monkeypatch) -> None:
    from bench.core.registry import find_optimizer
    from bench.runner import single
    from bench.runner.plan import plan
    from bench.runner.suite import make_suite

    [spec] = plan(make_suite(["odd-bowl"], ["odd-walk"], budget=3, name="t", seeds=1))
    objective = Objective(lambda x: (x * x).sum(-1), 2, name="odd-bowl")
    monkeypatch.setattr(single, "play", lambda oracle, *_: books_say(oracle))
    [record] = single.run_specs([spec], [objective], find_optimizer("odd-walk"), lanes=False)
    assert record.error.splitlines()[0] == (
        "its bits may differ when it is run again: torch has no deterministic put_ on this device"
    )


def books_say(oracle) -> str:
    from bench.core.oracle import books_of

    books_of(oracle).nondeterministic = {"put_"}
    return ""
