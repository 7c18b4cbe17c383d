"""The plugin of pytest: figures in a benchmark's JSON, and a failure where an optimizer got worse."""

import json
import os
import subprocess
import sys

import pytest

TEST = """
def test_ball(optimizer_benchmark):
    problems = ["bbob-f01[dim=5]", "levy"]
    results = optimizer_benchmark("heavy-ball[lr=0.003{}]", problems=problems, seeds=6, budget=120, rounds=1)
    assert len(results.runs) == 12


def test_net(optimizer_benchmark):
    optimizer_benchmark("heavy-ball[lr=0.1]", problems=["softmax"], seeds=5, budget=9, rounds=1)
"""


@pytest.fixture
def run(tmp_path):
    """A session of pytest in a folder of its own: its exit status, and what it printed."""

    def run(more, *options):
        (tmp_path / "test_mine.py").write_text(TEST.format(more))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py", *options]
        alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # no xdist
        done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_weaker_momentum_fails_the_session_and_the_same_one_does_not(run, tmp_path):
    status, output = run("", "--benchmark-autosave")
    assert status == 0, output
    (saved,) = tmp_path.glob(".benchmarks/*/*.json")
    ball, net = (each["extra_info"]["fogbench"] for each in json.loads(saved.read_text())["benchmarks"])
    if ball["optimizer"] != "heavy-ball[lr=0.003]":
        ball, net = net, ball
    first = ball["runs"][0]
    assert first["counts"] == {"gradient": 40}
    assert float.fromhex(first["best"]) < float.fromhex(first["first"])
    assert {"costs", "record", "status", "spent"} <= set(first)
    assert "events" in net["runs"][0]  # its optimum is not known
    assert set(json.loads(ball["code"])) == {"optimizer", "problem"}
    assert "torch" in ball["versions"]
    status, output = run("", "--benchmark-compare")
    assert status == 0, output
    status, output = run(", momentum=0.8", "--benchmark-compare")
    assert status == 1
    assert "test_ball got worse: " in output
    assert "test_net got" not in output
    status, output = run(", momentum=0.8", "--benchmark-compare", "--worse=1e8", "--slower=1e9")
    assert status == 0, output


@pytest.mark.slow
def test_planted_regressions_are_found(capsys):
    """The script of reports/regressions.md: ten minutes in a clone of the last commit."""
    from tests.track.planted import main

    assert main() == 0, capsys.readouterr().out
