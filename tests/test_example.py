"""The documented example: a simulation that is slow, noisy, fails and is of mixed kinds, with a truth planted in it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import bench

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "examples"))
import simulation  # noqa: E402

sys.path.remove(str(ROOT / "examples"))
GOOD = 2.5  # noise-free; random points cost from 3 to 15, the start 8.7, the optimum 2


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_truth_is_where_it_is_planted():
    assert simulation.truth(**simulation.OPTIMUM) == simulation.MINIMUM
    assert simulation.truth(**simulation.START) > 8
    for name, (low, high) in simulation.BOUNDS.items():
        for end in (low, high):
            assert simulation.truth(**{**simulation.OPTIMUM, name: end}) > simulation.MINIMUM + 0.01
    for nozzle in set(simulation.NOZZLES) - {"cone"}:
        assert simulation.truth(**{**simulation.OPTIMUM, "nozzle": nozzle}) > simulation.MINIMUM + 0.1


def test_the_answer_agrees_with_the_truth(capsys):
    names = ["random-search", "genetic-algorithm", "nevergrad-OnePlusOne"]
    results = simulation.compared(0.0, optimizers=names, seeds=4, name="simulation")
    runs = results.runs
    assert set(runs.status) == {"budget"}
    assert set(runs.value) == {300}
    assert 0.01 < runs.failed_values.sum() / runs.value.sum() < 0.06
    truth = runs.assign(truth=[simulation.truth(**results.best_x(run)) for run in runs.run])
    assert abs(truth.truth - truth.best).max() < 5 * simulation.NOISE / 8**0.5, (
        "runs are judged by the mean of 8 values"
    )
    medians = truth.groupby("optimizer").truth.median()
    assert medians["genetic-algorithm"] < medians["random-search"] > medians["nevergrad-OnePlusOne"]
    best = results.best()
    assert best.optimizer != "random-search"
    assert simulation.truth(**best.x) < GOOD
    assert (type(best.x["valves"]), type(best.x["angle"])) == (int, float)
    page = (bench.api.REPORTS / "simulation/index.html").read_text()
    printed = capsys.readouterr().out
    assert "the mean of 8 fresh values" in printed
    assert "the mean of 8 fresh values" in page.partition("</header>")[0]
    assert "evaluations failed" in page.partition('<section id="answer"')[2].partition("</section>")[0]


@pytest.mark.slow
def test_the_example_as_it_is_documented(tmp_path):
    began = time.perf_counter()
    command = [sys.executable, str(ROOT / "examples/simulation.py")]
    options = {"env": {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, "cwd": tmp_path}
    done = subprocess.run(command, capture_output=True, text=True, check=True, **options)
    seconds = time.perf_counter() - began
    results = bench.load(tmp_path / "results/simulation")
    asked = results.runs.value.sum()
    assert seconds < 0.9 * (asked + 56 * len(results.runs)) * 0.05 + results.runs.outside.sum(), "two at a time"
    assert simulation.truth(**results.best().x) < GOOD
    assert "Without noise it costs 2." in done.stdout
