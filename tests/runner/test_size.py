"""More runs than anybody means are refused before they are planned, unless it is said that they are meant."""

import resource
import time
from math import inf

import pytest
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import make_suite

GRID = ",".join(str(1 / n) for n in range(1, 301))


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        (["run", "-p", "odd-bowl", "-o", "odd-walk", "--seeds", 10**9], "1,000,000,000"),
        (["run", "quick", "--seeds", 10**9], ",000,000,000"),
        (["run", "-p", "odd-bowl", "-o", f"torch-adam[lr={GRID},beta1={GRID},beta2={GRID}]"], "405,000,000"),
        (["run", "-p", "odd-bowl", "-o", "odd-walk", "--seeds", 1001, "--instances", "1-1000"], "1,001,000"),
        (["tune", "quick", "--settings", 10**9], ",000,000,000"),
        (["tune", "quick", "-o", f"torch-adam[lr={GRID},beta1={GRID},beta2={GRID}]"], "27,000,000"),
    ],
)
def test_more_than_a_million_runs_are_refused_with_what_they_take(tmp_path, monkeypatch, command, runs):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.runner.plan.RunSpec", None)  # none is made
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = call(*command)
    output = " ".join((done.output + done.stderr).split())
    assert done.exit_code == 2, output
    assert f"{runs} runs are planned, which take at least" in output
    assert "GB on disk and" in output and "--yes" in output
    assert time.process_time() - began < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10  # KiB
    assert not (tmp_path / "results").exists()


def test_more_runs_are_made_where_they_are_meant(tmp_path):
    suite = make_suite(["odd-bowl"], ["odd-walk"], budget=5, name="t", seeds=6)
    with pytest.raises(ValueError, match="6 runs are planned"):
        run_suite(suite, tmp_path / "t", Launch(children=False, pictures=False, most=5))
    assert run_suite(suite, tmp_path / "t", Launch(children=False, pictures=False, most=6)).added == 6


@pytest.mark.parametrize("yes", [True, False])
def test_yes_lifts_the_limit(tmp_path, monkeypatch, yes):
    asked = []

    def plan(suite, device, most):
        asked.append(most)
        raise ValueError("enough")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.runner.campaign.plan", plan)
    call("run", "-p", "odd-bowl", "-o", "odd-walk", *(["--yes"] if yes else []))
    with pytest.raises(ValueError, match="enough"):
        bench.run(problems=["odd-bowl"], optimizers=["odd-walk"], most_runs=7)
    assert asked == [inf if yes else 1_000_000, 7]
