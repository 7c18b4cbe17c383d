"""The plugin of pytest: figures in a benchmark's JSON, and a failure where an optimizer got worse."""

import json
import os
import re
import subprocess
import sys

import cpuinfo
import pytest

TEST = """
def test_ball(optimizer_benchmark):
    problems = ["bbob-f01[dim=5]", "levy"]
    results = optimizer_benchmark("heavy-ball[lr=0.003{}]", problems=problems, seeds=6, budget=120, rounds=1)
    assert len(results.runs) == 12


def test_net(optimizer_benchmark):
    optimizer_benchmark("heavy-ball[lr=0.1]", problems=["softmax"], seeds=5, budget=9, rounds=1)
"""


# its gradient is in closed form: no session imports torch for it
SLEEPY = """
import time

from bench import optimizer

round = 0


@optimizer(order=1, source="Nobody 1900")
def sleepy(oracle):
    global round
    round += 1
    x = oracle.x0
    while True:
        time.sleep(2e-3 if round <= ROUNDS else 0)
        x = x - 1e-4 * oracle.gradient(x)


def test_sleepy(optimizer_benchmark):
    optimizer_benchmark("sleepy", problems=["rosenbrock"], seeds=1, budget=60, rounds=2)
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """A session of pytest in a folder of its own: its exit status, and what it printed. In this process, where a new
    one would load torch each time, but for those of pytest-xdist and those that compare seconds."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PYTEST_") and name != "PYTEST_CURRENT_TEST"]:
        monkeypatch.delenv(name)  # no xdist
    processor = cpuinfo.get_cpu_info()  # by a process of its own, each time
    monkeypatch.setattr("cpuinfo.get_cpu_info", lambda: dict(processor))

    def run(more, *options, test=TEST):
        (tmp_path / "test_mine.py").write_text(test.format(more) if test is TEST else test.replace("ROUNDS", str(more)))
        arguments = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "test_mine.py", *options]
        arguments += ["-p", "no:hypothesispytest", "-p", "no:anyio"]  # which each new process would import
        if "-n" in options or test is SLEEPY:  # seconds are those of a process that does nothing else
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *arguments], capture_output=True, text=True, timeout=300
            )
            return done.returncode, done.stdout + done.stderr
        try:
            status = pytest.main(["-W", "default", *arguments])
        finally:
            sys.modules.pop("test_mine", None)
        return status, "".join(capsys.readouterr())

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
    assert re.search(r"test_ball got worse: gap at the end .*, most on bbob-f01, dim 5: ", output)
    assert "test_net got" not in output
    status, output = run(", momentum=0.8", "--benchmark-compare", "--worse=1e8", "--slower=1e9")
    assert status == 0, output


def test_a_busy_moment_is_not_taken_for_a_slower_method(run):
    """Both rounds of the session take many times as long, and none after them; then all do."""
    assert run(0, "--benchmark-autosave", test=SLEEPY)[0] == 0
    status, output = run(2, "--benchmark-compare", test=SLEEPY)
    assert status == 0, output
    status, output = run(1000, "--benchmark-compare", test=SLEEPY)
    assert status == 1
    assert re.search(r"test_sleepy got slower: \d[\d.]* times the seconds of before", output), output


def test_what_is_not_compared_is_said(run, tmp_path):
    status, output = run("", "-k", "net", "--benchmark-compare")
    assert status == 0
    assert "No optimizer was compared: no saved benchmark was found, of this version of Python" in output
    assert run("", "-k", "net", "--benchmark-autosave")[0] == 0
    (saved,) = tmp_path.glob(".benchmarks/*/*.json")
    content = json.loads(saved.read_text())
    here = content["machine_info"]["cpu"].get("brand_raw", "")
    content["machine_info"]["cpu"]["brand_raw"] = "Abacus"
    saved.write_text(json.dumps(content))
    status, output = run("", "--benchmark-compare")
    assert status == 0, output
    assert f"The saved benchmarks are of another machine (Abacus, here {here}): " in output
    assert re.search(r"Not compared, as \S+ has no figures of them: test_ball\n", output), output


def test_processes_that_measure_nothing_do_not_pass_as_compared(run):
    status, output = run(0, "-n", "1", "--benchmark-compare", test=SLEEPY)
    assert status == 1
    assert "not compared: pytest-benchmark measures nothing in processes of pytest-xdist; leave -n out" in output
    assert run(0, "-n", "1", test=SLEEPY)[0] == 0


@pytest.mark.slow
def test_planted_regressions_are_found(capsys):
    """The script of reports/regressions.md: ten minutes in a clone of the last commit."""
    from tests.track.planted import main

    assert main() == 0, capsys.readouterr().out
