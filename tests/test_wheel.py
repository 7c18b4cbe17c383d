"""The wheel, installed, away from its checkout: it has all that it needs, and finds its own whatever lies beside it."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from bench.core import registry
from bench.runner import PACKAGES
from tests.wheel import ENVIRONMENT, ROOT, build, environment, files

PROBLEM = """
from bench import Domain, Objective, problem

@problem(family="toys", source="Dixon & Price 1971")
def sum_squares(dim: int = 2, instance: int = 1) -> Objective:
    return Objective(lambda x: (x**2).sum(-1), dim=dim, domain=Domain(-10.0, 10.0), f_opt=0.0)
"""
OPTIMIZER = """
from bench import optimizer

@optimizer(order=0, source="me 2026")
def my_walk(oracle, *, step: float = 0.1):
    x = oracle.x0
    while True:
        oracle.value(x)
        x = x + step * oracle.rng.standard_normal(oracle.dim)
"""
SCRIPT = """
{imports}
if __name__ == "__main__":
    how = dict(optimizers=["random-search"], budget=9, seeds=1, workers=1, report=False)
    runs = bench.run(problems=["sum-squares", "rosenbrock"], name="s", **how).runs
    print(problems.__file__, *runs.status)
"""
# what makes a wheel, and no part of what is installed
ELSEWHERE = {"bench/report/types", "bench/problems/README.md", "bench/optimizers/README.md"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def commands(wheel, tmp_path_factory):
    """Those of an environment with the wheel: of `make wheel`, or with the libraries that are installed here."""
    if fresh := os.environ.get(ENVIRONMENT):
        return Path(fresh) / "bin"
    return environment(tmp_path_factory.mktemp("environment"), wheel, installed=True)


@pytest.fixture
def call(commands, tmp_path, monkeypatch):
    """Do a command of that environment in a folder of the user's; answers what it has printed."""
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        monkeypatch.delenv(name, raising=False)

    def call(*words, status=0):
        command = [str(commands / words[0]), *words[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


def run(*words):
    return ("fogbench", "run", *words, "--budget", "20", "--seeds", "2", "--workers", "1", "--name", "t")


def test_it_has_every_file_that_it_needs_and_no_other(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    inner = [name for name in files() if name.startswith(("bench/", "problems/", "optimizers/"))]
    inner = {name if name.startswith("bench/") else f"bench/{name}" for name in inner}
    assert names == {name for name in inner if not any(name.startswith(each) for each in ELSEWHERE)}


def test_hashes_of_code_are_those_of_the_checkout(call):
    """And with them what is stored is met again."""
    program = (
        "import json, bench.core.packages as packages\n"
        "from bench.core import registry\n"
        "registry.load(packages.PACKAGES)\n"
        "kinds = registry.PROBLEMS, registry.OPTIMIZERS\n"
        "hashes = [{name: registry.fingerprint(each.function) for name, each in kind.items()} for kind in kinds]\n"
        "print(json.dumps([str(packages.ROOT), packages.CHECKOUT, hashes]))\n"
    )
    root, checkout, hashes = json.loads(call("python", "-c", program))
    assert Path(root) != ROOT and not checkout
    registry.load(PACKAGES)
    for kind, theirs in zip((registry.PROBLEMS, registry.OPTIMIZERS), hashes, strict=True):
        ours = {name: registry.fingerprint(kind[name].function) for name in theirs}
        assert ours == theirs and len(ours) > 200


def test_it_runs_and_reports_beside_what_has_its_names(call, tmp_path):
    (tmp_path / "problems.py").write_text(PROBLEM)
    (tmp_path / "optimizers").mkdir()
    (tmp_path / "optimizers" / "walks.py").write_text(OPTIMIZER)
    (tmp_path / "bench.py").write_text("raise RuntimeError('a bench of the user')\n")
    said = call(*run("-p", "rosenbrock", "-o", "random-search", "--no-report"))
    assert "2 planned, 0 there already, 2 added" in said
    words = ["-p", "sum-squares", "-p", "rosenbrock", "-o", "my-walk", "-o", "random-search"]
    said = call(*run(*words, "--import", "problems", "--import", "optimizers"))
    assert "8 planned, 2 there already, 6 added, 6 budget" in said
    assert (tmp_path / "reports" / "t" / "index.html").stat().st_size > 100_000
    shutil.copytree(tmp_path / "results" / "t", tmp_path / "results" / "u")
    assert "2 equal, bit for bit" in call("fogbench", "check", "t", "u", "--no-report", "--import", "problems.py")


@pytest.mark.parametrize(
    "imports", ["import problems, bench", "import bench\nbench.make('rosenbrock')\nimport problems"]
)
def test_a_script_may_have_a_module_problems_of_its_own(call, tmp_path, imports):
    (tmp_path / "problems.py").write_text(PROBLEM)
    (tmp_path / "script.py").write_text(SCRIPT.format(imports=imports))
    assert call("python", "script.py").split()[-3:] == [str(tmp_path / "problems.py"), "budget", "budget"]


def test_a_new_interpreter_finds_bench_beside_a_bench_of_the_user(call, tmp_path, monkeypatch):
    monkeypatch.setenv("FOGBENCH_START", "spawn")
    (tmp_path / "problems.py").write_text(PROBLEM)
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__init__.py").write_text("raise RuntimeError('a bench of the user')\n")
    words = ["-p", "sum-squares", "-p", "rosenbrock", "-o", "random-search", "--no-report"]
    assert "4 planned, 0 there already, 4 added, 4 budget" in call(*run(*words, "--import", "problems"))


def test_in_an_empty_folder_it_is_called_by_python_too(call):
    assert "542 of optimizers.nevergrad" in call("python", "-m", "bench", "list", "optimizers")


@pytest.mark.slow  # where hashes are the same, they do
def test_stored_results_go_on(call, tmp_path):
    shutil.copytree(ROOT / "tests" / "data" / "old", tmp_path / "results" / "old")
    suite = tmp_path / "results" / "old" / "old.toml"
    said = call("fogbench", "run", str(suite), "--tuned", str(suite.with_name("tuned.toml")), "--no-report")
    # of the others the version of the problem or the optimizer was raised since
    assert "36 planned, 20 there already, 16 added" in said
