"""Evaluations a second of lanes: what is measured, and which width pays."""

from math import inf

import pytest
import torch
from typer.testing import CliRunner

from bench.cli import app
from bench.core import registry
from bench.runner import PACKAGES, throughput
from bench.runner.throughput import Rate, light, operations, paying, rate, rates

registry.load(PACKAGES)
MLP = registry.find_problem("mlp")


def test_the_smallest_width_that_nearly_reaches_the_highest_rate_pays() -> None:
    measured = [
        Rate("a", width, evaluations, 1, inf) for width, evaluations in [(0, 999), (1, 10), (16, 91), (64, 100)]
    ]
    measured += [Rate("b", 0, 10, 1, inf), Rate("b", 1, 9, 1, inf), Rate("b", 16, 8, 1, inf)]
    assert dict(paying(measured)) == {"a": 16, "b": 1}


def test_operations_are_those_of_the_matrix_products() -> None:
    """Forward 2 x rows x weights; backward as much for the weights, and for the inputs of all layers but the first."""
    small = light(MLP.make(widths=(8,), data="iris", scaling="standardised"))
    first, second = 2 * 32 * 4 * 8, 2 * 32 * 8 * 3
    assert operations(small) == 2 * first + 3 * second
    assert Rate("a", 4, 50.0, 10.0, 2000.0).share == 0.25


def test_a_rate_counts_the_evaluations_of_all_lanes(monkeypatch) -> None:
    """With a clock that goes on by a second at each look, and one question more each time: 3, and then until 5 s."""
    now = iter(range(10**6))
    monkeypatch.setattr(throughput, "perf_counter", lambda: 2.0 * next(now))
    small = light(MLP.make(widths=(2,), data="iris"))
    assert rate(small, 4, "cpu", seconds=1.0) == pytest.approx(4 * 3 / 2)
    assert rate(small, 0, "cpu", seconds=1.0) == pytest.approx(3 / 2)


def test_widths_that_do_not_fit_are_left_out(monkeypatch) -> None:
    def measured(objective, width, device, seconds):
        if width > 16:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 10.0 * max(width, 1)

    monkeypatch.setattr(throughput, "rate", measured)
    monkeypatch.setattr(throughput, "peak", lambda device: 1e9)
    assert [each.width for each in rates("cpu", problems={"mlp": {}})] == [0, 1, 4, 16]


def test_doctor_prints_the_rates_and_the_width_to_use(monkeypatch) -> None:
    measured = [Rate("mlp", 0, 500, 1e5, 1e9), Rate("mlp", 64, 5000, 1e5, 1e9)]
    monkeypatch.setattr(throughput, "rates", lambda device: measured)
    done = CliRunner().invoke(app, ["doctor", "--benchmark", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert "one by one" in done.output and "5,000" in done.output
    assert "mlp: use lanes = 64 in a suite, or --lanes 64." in done.output
    wrong = CliRunner().invoke(app, ["doctor", "--benchmark", "--device", "tpu"])
    assert wrong.exit_code == 2 and "device must be auto, cpu or cuda, got 'tpu'" in " ".join(wrong.output.split())
