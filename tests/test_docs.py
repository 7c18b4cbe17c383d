"""What the READMEs show runs as it stands there."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from typer.testing import CliRunner

import bench
from bench.cli import app
from bench.runner.suite import load_suite

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *(f"{folder}/README.md" for folder in ("problems", "optimizers", "reports", "results"))]
# commands that take more than a few seconds; `pytest -m slow` runs them
SLOW = {
    "run",
    "run standard",
    "run -p rosenbrock+noise[dim=5,level=0.1] -o nevergrad-CMA -o spsa-sgd --budget 2000 --name noisy",
    "report mine quick",
    "doctor",
    "tune digits",
    "run digits --tuned results/digits-tuning/tuned.toml",
}


class Block(NamedTuple):
    """A fenced block of code: the page and the line on which it begins, its language and its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, text[: fence.start()].count("\n") + 2, fence[1], fence[2]) for fence in fences]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
DEFINITIONS = [block for block in PYTHON if "\n@" in block.text]
SUITES = [block for block in BLOCKS if block.language == "toml"]


def commands_of(text: str) -> list[str]:
    """The lines of a shell that begin with `python -m bench`, without what continues them or comments on them."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [line for line in lines if line.startswith("python -m bench")]


def arguments_of(line: str) -> list[str]:
    """The words behind `python -m bench`."""
    return shlex.split(line, comments=True)[3:]


def is_slow(line: str) -> bool:
    return " ".join(arguments_of(line)) in SLOW


SHELL = {page: [line for block in BLOCKS if block.page == page for line in commands_of(block.text)] for page in PAGES}
INLINE = [
    " ".join(command.split())
    for page in PAGES
    for command in re.findall(r"(?<!`)`(python -m bench [^`]+)`", (ROOT / page).read_text(encoding="utf-8"))
]


def test_pages_have_what_is_tested_here() -> None:
    lines = [line for lines in SHELL.values() for line in lines]
    assert len(DEFINITIONS) >= 2 and len(PYTHON) - len(DEFINITIONS) >= 2 and SUITES
    assert len(lines) > 15 and len(INLINE) > 8
    assert {" ".join(arguments_of(line)) for line in lines} >= SLOW
    assert {block.language for block in BLOCKS} <= {"", "python", "toml"}


@pytest.mark.parametrize("target", re.findall(r"^make (\S+)", (ROOT / "README.md").read_text(), re.MULTILINE))
def test_targets_of_make_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("line", dict.fromkeys([line for lines in SHELL.values() for line in lines] + INLINE))
def test_commands_and_their_options_exist(line: str) -> None:
    name, *options = arguments_of(line)
    typer.main.get_command(app).commands[name].make_context(name, options)  # raises UsageError where one does not


def test_options_named_in_the_text_exist() -> None:
    known = {
        option
        for command in typer.main.get_command(app).commands.values()
        for parameter in command.params
        for option in parameter.opts
    }
    for page in PAGES:
        for code in re.findall(r"`([^`\n]+)`", (ROOT / page).read_text(encoding="utf-8")):
            if "pip " not in code and "pytest" not in code:
                assert set(re.findall(r"(?<!\S)--[a-z][a-z-]*", code)) <= known, f"{page}: {code}"


def test_pytest_lines_name_tests_that_there_are() -> None:
    for page in PAGES:
        for code in re.findall(r"pytest ([^`]+)`", (ROOT / page).read_text(encoding="utf-8")):
            words = shlex.split(code)
            path = next(ROOT / word for word in words if word.startswith("tests/"))
            assert path.exists(), f"{page}: {code}"
            if "-k" in words:
                assert words[words.index("-k") + 1] in path.read_text(encoding="utf-8"), f"{page}: {code}"


@pytest.fixture
def scratch(tmp_path, monkeypatch) -> None:
    """A folder to work in, where there is nothing but the suite of the READMEs."""
    monkeypatch.chdir(tmp_path)
    for block in SUITES:
        Path("my-suite.toml").write_text(block.text)


@pytest.fixture
def small_results(scratch) -> None:
    """Results named as those of the READMEs are, of seconds instead of minutes."""
    problems, optimizers = ["bbob-f01[dim=2]", "bbob-f08[dim=2]", "rosenbrock"], ["scipy-bfgs", "random-search"]
    bench.run(problems=problems, optimizers=optimizers, budget=500, seeds=5, name="quick", report=False)
    bench.run(problems=["rosenbrock"], optimizers=["scipy-cg"], budget=90, seeds=5, name="mine", report=False)


@pytest.mark.parametrize("block", SUITES, ids=str)
def test_suites_load(block: Block, tmp_path) -> None:
    path = tmp_path / "my-suite.toml"
    path.write_text(block.text)
    suite = load_suite(path)
    assert len(suite.groups) == len(tomllib.loads(block.text)["group"])


def call(line: str) -> None:
    done = CliRunner().invoke(app, arguments_of(line))
    assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception!r}"


@pytest.mark.parametrize("page", [page for page in PAGES if not all(map(is_slow, SHELL[page]))])
def test_commands_run(page: str, small_results) -> None:
    for line in SHELL[page]:
        if not is_slow(line):
            call(line)


@pytest.mark.slow
def test_slow_commands_run(scratch) -> None:
    for lines in SHELL.values():
        for line in lines:
            call(line)


@pytest.mark.parametrize("block", [block for block in PYTHON if block not in DEFINITIONS], ids=str)
def test_python_runs(block: Block, small_results, capsys) -> None:
    if "bayesian" in block.text:
        pytest.importorskip("baycomp")
    exec(compile(block.text, str(block), "exec"), {})
    for name in re.findall(r'name="([\w-]+)"', block.text):
        assert Path("reports", name, "index.html").is_file()


@pytest.fixture
def definitions(scratch, monkeypatch) -> str:
    """The problem and the optimizer of the READMEs in a module of one's own: its name, as `--import` takes it."""
    Path("readme_definitions.py").write_text("\n\n".join(block.text for block in DEFINITIONS))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), str(ROOT)]))
    return "readme_definitions"


def python(*words: str, cwd: Path | None = None) -> str:
    done = subprocess.run([sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_definitions_keep_the_contract(definitions) -> None:
    """They are held to what ours are held to; a docstring and instances that differ are asked of ours alone."""
    contracts = ["tests/problems/test_contract.py", "tests/optimizers/test_contract.py"]
    words = ["-m", "pytest", "-q", "-p", definitions, "-p", "no:cacheprovider", "-k", "sum-squares or one-plus-one"]
    passed = re.search(r"(\d+) passed", python(*words, *contracts, cwd=ROOT))
    assert passed and int(passed[1]) > 25


def test_definitions_are_found(definitions) -> None:
    words = ["run", "-p", "sum-squares", "-o", "one-plus-one", "--budget", "100", "--seeds", "5", "--no-report"]
    assert "5 added" in python("-m", "bench", *words, "--import", definitions)
