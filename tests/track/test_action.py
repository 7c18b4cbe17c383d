"""The GitHub Action: its steps run as a runner would run them, in a shallow clone of a stranger's repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PAGE = (ROOT / "reports" / "regressions.md").read_text(encoding="utf-8")
MODULE = """
from bench import optimizer

@optimizer(order=0, source="Nobody 1900")
def their_climber(oracle):
    x, f = oracle.x0, oracle.value(oracle.x0)
    while True:
        y = x + 0.3 * oracle.rng.standard_normal(x.shape)
        if (g := oracle.value(y)) < f:
            x, f = y, g
"""
SUITE = """
[[group]]
problems = ["himmelblau", "booth"]
optimizers = ["their-climber"]
budget = 60
seeds = 6
"""


class Job(NamedTuple):
    """What a runner knows after an action: whether it failed, its outputs, the summary, and what was printed."""

    failed: bool
    outputs: dict[str, str]
    summary: str
    printed: str


def filled(text: str, values: dict[str, str]) -> str:
    """A text with its expressions replaced; one of an unknown name is an error, as in a workflow that is checked."""
    return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda match: values[match[1]], text)


def act(clone: Path, scratch: Path, inputs: dict[str, str], **variables: str) -> Job:
    """Run the steps of the action in a clone."""
    scratch.mkdir()
    files = {name: scratch / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    values = {f"inputs.{name}": str(facts.get("default", "")) for name, facts in ACTION["inputs"].items()}
    values |= {f"inputs.{name}": value for name, value in inputs.items()}
    files["GITHUB_STEP_SUMMARY"].touch()
    surroundings = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_BASE_REF": "",
        "GITHUB_WORKSPACE": str(clone),
        "RUNNER_TEMP": str(scratch),
        **{name: str(file) for name, file in files.items()},
        **variables,
    }
    failed, printed = False, ""
    for number, step in enumerate(ACTION["runs"]["steps"]):
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "what a stranger may choose reaches the shell as a variable, never as code"
        script = scratch / f"step-{number}.sh"
        script.write_text(step["run"])
        files["GITHUB_OUTPUT"].write_text("")
        own = {name: filled(text, values) for name, text in step.get("env", {}).items()}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(command, cwd=clone, env={**surroundings, **own}, capture_output=True, text=True)
        printed += done.stdout + done.stderr
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            values[f"steps.{step['id']}.outputs.{name}"] = value
        if failed := done.returncode != 0:
            break
    outputs = {name: filled(facts["value"], values) for name, facts in ACTION["outputs"].items()}
    return Job(failed, outputs, files["GITHUB_STEP_SUMMARY"].read_text(), printed)


def git(*words: str, at: Path) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=at, check=True, capture_output=True
    )


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A function that gives the shallow clone of a pull request in which the step is another one."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def cloned(step: float) -> Path:
        there = tmp_path / "origin"
        there.mkdir()
        (there / "theirs.py").write_text(MODULE)
        (there / "tracked.toml").write_text(SUITE)
        git("init", "-q", "-b", "main", at=there)
        git("add", ".", at=there)
        git("commit", "-qm", "first", at=there)
        git("switch", "-qc", "pull-request", at=there)
        (there / "theirs.py").write_text(MODULE.replace("0.3", str(step)))
        git("commit", "-qam", "another step", "--allow-empty", at=there)
        git("clone", "-q", "--depth=1", "--branch=pull-request", f"file://{there}", "clone", at=tmp_path)
        return tmp_path / "clone"

    return cloned


INPUTS = {"suite": "tracked.toml", "imports": "theirs"}


def test_a_pull_request_that_makes_an_optimizer_worse_fails_and_says_so(clone, tmp_path):
    at = clone(0.002)
    job = act(at, tmp_path / "runner", {**INPUTS, "markdown": "out/check.md"}, GITHUB_BASE_REF="main")
    assert job.failed, job.printed
    assert job.outputs == {"markdown": "out/check.md", "verdict": "worse"}
    assert job.summary == (at / "out" / "check.md").read_text()
    assert job.summary.startswith("### Worse: tracked-here over tracked-")
    assert "`their-climber` got worse on:" in job.summary
    assert "-        y = x + 0.3 * oracle.rng.standard_normal(x.shape)" in job.summary


@pytest.mark.slow
def test_a_pull_request_that_changes_nothing_passes(clone, tmp_path):
    job = act(clone(0.3), tmp_path / "runner", INPUTS, GITHUB_BASE_REF="main")
    assert not job.failed, job.printed
    assert job.outputs == {"markdown": "fogbench-check.md", "verdict": "same"}
    assert job.summary.startswith("### Not worse: ")
    pushed = act(tmp_path / "clone", tmp_path / "again", INPUTS)  # the commit before, which the clone lacked
    assert pushed.outputs["verdict"] == "same", pushed.printed


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"suite": "none.toml"}, "there is no file none.toml"),
        ({"base": "nowhere"}, "the repository has no revision 'nowhere'"),
    ],
)
def test_what_cannot_be_compared_fails_with_a_sentence(clone, tmp_path, inputs, sentence):
    job = act(clone(0.3), tmp_path / "runner", {**INPUTS, **inputs}, GITHUB_BASE_REF="main")
    assert job.failed
    assert job.outputs["verdict"] == "unknown"
    assert job.summary.startswith("### Not compared: ")
    assert sentence in job.summary


@pytest.mark.slow
def test_it_installs_itself_where_it_is_not(clone, tmp_path, monkeypatch):
    """Into an environment that has all that Fogbench requires, and not Fogbench."""
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.setenv("PIP_NO_DEPS", "1")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    place = "import sysconfig; print(sysconfig.get_path('purelib'))"
    python = tmp_path / "venv" / "bin" / "python"
    there = subprocess.run([python, "-c", place], capture_output=True, text=True, check=True).stdout.strip()
    (Path(there) / "beside.pth").write_text(os.path.dirname(os.path.dirname(yaml.__file__)))
    monkeypatch.setattr(sys, "executable", str(python))
    assert subprocess.run([python, "-c", "import bench.track"], capture_output=True, cwd=tmp_path).returncode
    source = tmp_path / "source"  # building leaves files beside the sources
    source.mkdir()
    for name in ("bench", "optimizers", "problems"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    inputs = {"suite": "none.toml"}
    job = act(clone(0.3), tmp_path / "runner", inputs, GITHUB_BASE_REF="main", GITHUB_ACTION_PATH=str(source))
    assert "there is no file none.toml" in job.summary, job.printed
    assert not subprocess.run([python, "-c", "import bench.track"], capture_output=True, cwd=tmp_path).returncode


def test_the_workflow_in_the_docs_uses_what_the_action_takes():
    workflows: list[dict[str, Any]] = [
        yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    ]
    (steps,) = [workflow["jobs"]["check"]["steps"] for workflow in workflows if "jobs" in workflow]
    (used,) = [step for step in steps if "fogbench" in step.get("uses", "")]
    assert used["with"].keys() <= ACTION["inputs"].keys()
    required = {name for name, facts in ACTION["inputs"].items() if facts.get("required")}
    assert required <= used["with"].keys()
