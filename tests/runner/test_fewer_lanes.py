"""Lanes that do not fit into memory at once are fewer, and their records the same."""

import numpy as np
import pytest
import torch

from bench.core.failures import out_of_memory, tolerable
from bench.results.stored import Results
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import make_suite

SEEDS = 5


def run(folder, parameters: str, *, children: bool = False, lanes: int = 64, optimizer: str = "gradient-descent"):
    suite = make_suite(
        [f"odd-hungry[{parameters}]"], [optimizer], budget=60, name=folder.name, seeds=SEEDS, lanes=lanes
    )
    run_suite(suite, folder, Launch(workers=1, imports=["odd_methods"], children=children, pictures=False))
    return Results(folder)


RECORD = ["status", "gradient", "value", "first", "best", "final"]


@pytest.mark.parametrize(
    "parameters",
    [
        "width=2,kind=gpu",
        "width=2,kind=cpu,late=true",
        "width=2,kind=python,late=true",
        "width=2,kind=gpu,data=true,late=true",
    ],
)
def test_lanes_are_halved_until_they_fit_and_rows_say_so(tmp_path, parameters) -> None:
    halved, whole = run(tmp_path / "halved", parameters), run(tmp_path / "whole", parameters.replace("=2", "=9", 1))
    assert halved.runs.status.tolist() == ["budget"] * SEEDS
    assert sorted(halved.runs.lanes) == [1, 2, 2, 2, 2]
    assert whole.runs.lanes.tolist() == [SEEDS] * SEEDS
    for row in halved.runs.itertuples():
        assert row.error.startswith("5 lanes did not fit into memory (")
        assert row.error.endswith(f"): {row.lanes} went at once")
    assert (whole.runs.error == "").all()
    for name in RECORD:
        np.testing.assert_array_equal(halved.runs[name], whole.runs[name])
    moved = ["run", "inside", "outside"]
    np.testing.assert_array_equal(halved.trajectories.drop(columns=moved), whole.trajectories.drop(columns=moved))


def test_children_halve_them_too(tmp_path) -> None:
    runs = run(tmp_path / "t", "width=3", children=True).runs
    assert runs.status.tolist() == ["budget"] * SEEDS
    assert sorted(runs.lanes) == [2, 2, 3, 3, 3]


def test_a_lane_that_does_not_fit_alone_has_crashed_and_the_others_go_on(tmp_path) -> None:
    runs = run(tmp_path / "t", "width=0,late=true").runs
    assert runs.status.tolist() == ["crashed"] * SEEDS
    assert runs.error.str.contains("CUDA out of memory").all()
    assert runs.lanes.tolist() == [1] * SEEDS


def test_a_method_that_swallows_the_error_has_fewer_lanes_as_well(tmp_path) -> None:
    runs = run(tmp_path / "t", "width=2,late=true", optimizer="odd-stubborn-descent").runs
    assert runs.status.tolist() == ["budget"] * SEEDS
    assert runs.lanes.max() == 2


def test_the_width_of_lanes_is_a_key(tmp_path) -> None:
    runs = run(tmp_path / "t", "width=9", lanes=2).runs
    assert sorted(runs.lanes) == [1, 2, 2, 2, 2]
    assert (runs.error == "").all()


@pytest.mark.parametrize(
    ("error", "lacks"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("The size of tensor a (3) must match"), False),
        (ValueError("can't allocate memory"), False),
    ],
)
def test_what_a_lack_of_memory_is(error, lacks) -> None:
    assert out_of_memory(error) == lacks
    assert tolerable(error) == (not lacks)
    wrapped = ValueError("no value at its start")
    wrapped.__cause__ = error
    assert out_of_memory(wrapped) == lacks
