"""What the READMEs and CONTRIBUTING show runs as it stands there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.core import registry
from bench.runner import PACKAGES
from bench.runner.suite import load_suite

ROOT = Path(__file__).parents[1]
FOLDERS = ("problems", "optimizers", "reports", "results")
PAGES = ["README.md", "CONTRIBUTING.md", *(f"{folder}/README.md" for folder in FOLDERS), "reports/regressions.md"]
PAGES += ["SYSTEMS.md", "examples/cluster/README.md"]
# commands that take more than a few seconds; `pytest -m slow` runs them
SLOW = {
    "run",
    "run standard",
    "run expensive",
    "run candidates",
    "run -p rosenbrock+noise[dim=5,level=0.1] -o nevergrad-CMA -o spsa-sgd --budget 2000 --name noisy",
    "report mine quick",
    "doctor",
    "run language",
    "tune language --search rates --settings 17 --seeds 1",
    "tune digits",
    "run digits --tuned results/digits-tuning/tuned.toml",
    "run quick --scheduler local",
}
# commands that need a repository of git, a registry of packages or a cluster: tests/track and tests/runner run such
ELSEWHERE = {
    "check tracked --at main",
    "check tracked --at main --time",
    "run tracked --with scipy==1.15.3 --name s1153",
    "run tracked --name today",
    "run standard --scheduler tcp://127.0.0.1:8786",
    "tune digits --scheduler tls://scheduler.example:8786",
}
OF_OTHERS = ("pip ", "pytest", "gh ", "dask ", "tests.benchmarks")  # programs that take options of their own
OF_PYTEST = {"--slower", "--benchmark-compare"}


class Block(NamedTuple):
    """A fenced block of code: the page and the line on which it begins, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str) -> list[Block]:
    fences = re.finditer(r"^```(\w*)\n(.*?)^```$", TEXTS[page], re.MULTILINE | re.DOTALL)
    return [Block(page, TEXTS[page][: fence.start()].count("\n") + 2, fence[1], fence[2]) for fence in fences]


TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
# of problems and optimizers, which run nothing themselves
DEFINITIONS = [
    block for block in PYTHON if "\n@" in block.text and not re.search("^(run|results) = ", block.text, re.M)
]
SUITES = [block for block in BLOCKS if block.language == "toml"]


def lines_of(program: str) -> list[tuple[str, str]]:
    """The page and text of each line in its blocks that begins so, with what continues it."""
    blocks = [block for block in BLOCKS if not block.language]
    lines = [(block.page, line) for block in blocks for line in re.sub(r"\\\n", " ", block.text).splitlines()]
    return [(page, line) for page, line in lines if line.startswith(program)]


def arguments_of(line: str) -> list[str]:
    """The words behind `python -m bench`."""
    return shlex.split(line, comments=True)[3:]


SHELL = lines_of("python -m bench ")
FAST = [
    (page, line)
    for page, line in SHELL
    if " ".join(arguments_of(line)) not in SLOW | ELSEWHERE and "my_module" not in line
]
INLINE = [command for text in TEXTS.values() for command in re.findall(r"(?<!`)`(python -m bench [^`]+)`", text)]


def test_pages_have_what_is_tested_here() -> None:
    assert len(DEFINITIONS) >= 2 and len(PYTHON) - len(DEFINITIONS) >= 2 and SUITES
    assert len(FAST) > 10 and len(INLINE) > 8
    assert {" ".join(arguments_of(line)) for _, line in SHELL} >= SLOW | ELSEWHERE
    assert {block.language for block in BLOCKS} <= {"", "python", "toml", "yaml", "diff"}


@pytest.mark.parametrize("target", sorted({line.split()[1] for _, line in lines_of("make ")}))
def test_targets_of_make_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("line", dict.fromkeys([*(line for _, line in SHELL), *INLINE]))
def test_commands_and_their_options_exist(line: str) -> None:
    name, *options = arguments_of(line)
    typer.main.get_command(app).commands[name].make_context(name, options)  # raises UsageError where one does not


def test_options_named_in_the_text_exist() -> None:
    commands = typer.main.get_command(app).commands.values()
    options = {option for command in commands for parameter in command.params for option in parameter.opts} | OF_PYTEST
    for page, text in TEXTS.items():
        for code in re.findall(r"`([^`\n]+)`", text):
            if not any(program in code for program in OF_OTHERS):
                assert set(re.findall(r"(?<!\S)--[a-z][a-z-]*", code)) <= options, f"{page}: {code}"


def test_pytest_commands_in_the_text_name_tests_that_there_are() -> None:
    for page, text in TEXTS.items():
        for code in re.findall(r"`(?:python -m )?pytest ([^`]+)`", text):
            words = shlex.split(code)
            paths = [ROOT / word for word in words if word.startswith("tests/")]
            assert all(path.exists() for path in paths), f"{page}: {code}"
            if "-k" in words:
                (path,) = paths
                assert words[words.index("-k") + 1] in path.read_text(encoding="utf-8"), f"{page}: {code}"


def test_the_citation_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> None:
    """A folder to work in, where there is nothing but the suite of the READMEs."""
    monkeypatch.chdir(tmp_path)
    for block in SUITES:
        Path("my-suite.toml").write_text(block.text)


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory) -> Path:
    """Results named as those of the READMEs are, of seconds instead of minutes."""
    problems, optimizers = ["bbob-f01[dim=2]", "bbob-f08[dim=2]", "rosenbrock"], ["scipy-bfgs", "random-search"]
    folder = tmp_path_factory.mktemp("small")
    with chdir(folder):
        bench.run(problems=problems, optimizers=optimizers, budget=500, seeds=5, name="quick", report=False)
        bench.run(problems=["rosenbrock"], optimizers=["scipy-cg"], budget=90, seeds=5, name="mine", report=False)
        bench.run(problems=["softmax"], optimizers=["torch-sgd"], budget=3, seeds=5, name="digits", report=False)
    for name in ("BASE", "NEW", "v1", "v2", "v3", "s1153", "today"):
        shutil.copytree(folder / "results/mine", folder / "results" / name)
    shutil.copytree(ROOT / "tests" / "benchmarks" / "baseline", folder / ".benchmarks")
    (saved,) = (folder / ".benchmarks").glob("*/0001_*.json")
    shutil.copy(saved, saved.with_name("0002_today.json"))
    return folder


@pytest.fixture
def small_results(scratch, small_folder) -> None:
    shutil.copytree(small_folder, ".", dirs_exist_ok=True)


@pytest.mark.parametrize("block", SUITES, ids=str)
def test_suites_load(block: Block, tmp_path) -> None:
    path = tmp_path / "my-suite.toml"
    path.write_text(block.text)
    suite = load_suite(path)
    assert len(suite.groups) == len(tomllib.loads(block.text)["group"])


def call(line: str) -> None:
    done = CliRunner().invoke(app, arguments_of(line))
    assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception!r}"


@pytest.mark.parametrize("page", sorted({page for page, _ in FAST}))
def test_commands_run(page: str, small_results) -> None:
    """But for the figures of their pages, which test_slow_commands_run and test_cli.py have drawn."""
    for line in [line for of_page, line in FAST if of_page == page]:
        call(line)


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(SLOW))
def test_slow_commands_run(command: str, request, figures, prices) -> None:
    """Each by itself, in its folder: `run standard` alone takes nine minutes."""
    request.getfixturevalue("small_results" if command.startswith("report") else "scratch")
    for words in [*(["tune digits"] if "--tuned" in command else []), command]:
        call(f"python -m bench {words}")


RUNNABLE = pytest.mark.parametrize("block", [block for block in PYTHON if block not in DEFINITIONS], ids=str)


def execute(block: Block, text: str) -> None:
    if "bayesian" in text:
        pytest.importorskip("baycomp")
    registry.load(PACKAGES)
    before = [{**names} for names in (registry.PROBLEMS, registry.OPTIMIZERS)]
    try:
        exec(compile(text, str(block), "exec"), {})
    finally:  # what it has registered is of no other test
        for names, those in zip((registry.PROBLEMS, registry.OPTIMIZERS), before, strict=True):
            for name in names.keys() - those.keys():
                del names[name]
    for name in re.findall(r'name="([\w-]+)"', text):
        assert Path("reports", name, "index.html").is_file()


@RUNNABLE
def test_python_runs(block: Block, small_results, capsys) -> None:
    """With a tenth of its budget, ten at most, before models of all values so far begin to take long; with two seeds,
    and pages without figures."""
    text = re.sub(r"\bbudget=(\d+)0\b", lambda match: f"budget={min(int(match[1]), 10)}", block.text)
    text = re.sub(r"\bseeds=\d+", "seeds=2", text)
    # by default there are five
    execute(block, re.sub(r"(?m)(\bbench\.(?:compare|run)\((?!.*\bseeds=).*\bbudget=\d+)", r"\1, seeds=2", text))


@pytest.mark.slow
@RUNNABLE
def test_python_runs_as_it_stands(block: Block, small_results, figures, prices, capsys) -> None:
    execute(block, block.text)


@pytest.mark.parametrize("line", [line for _, line in lines_of("python -m ") if "my_module" in line])
def test_definitions_in_a_module_of_ones_own_keep_the_contract(line: str, scratch, monkeypatch) -> None:
    """The READMEs' problem and optimizer are held to what ours are held to."""
    Path("my_module.py").write_text("\n\n".join(block.text for block in DEFINITIONS))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), str(ROOT)]))
    words, in_pytest = shlex.split(line)[1:], "pytest" in line
    words += ["-p", "no:cacheprovider"] if in_pytest else ["--budget", "100", "--seeds", "5", "--no-report"]
    done = subprocess.run([sys.executable, *words], cwd=ROOT if in_pytest else None, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    count = re.search(r"(\d+) passed" if in_pytest else r"(\d+) added", done.stdout)
    assert count and int(count[1]) >= (9 if in_pytest else 5)
