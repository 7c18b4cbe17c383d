"""Imports point one way, and heavy libraries are imported only when used."""

import ast
import json
import signal
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# the floors of the house: each part may import itself and what stands here
MAY = {
    "bench.core": set(),
    "bench.measure": {"bench.core"},
    "bench.runner": {"bench.core"},
    "bench.results": {"bench.core", "bench.measure", "bench.runner"},
    "bench.tuning": {"bench.core", "bench.measure", "bench.runner", "bench.results"},
    "bench.track": {"bench.core", "bench.measure", "bench.runner", "bench.results"},
    "bench.interchange": {"bench.core", "bench.measure", "bench.runner", "bench.results"},
    "bench.report": {
        "bench.core",
        "bench.measure",
        "bench.runner",
        "bench.results",
        "bench.track",
        "bench.interchange",
    },
    "bench.problems": {"bench.core"},
    "bench.optimizers": {"bench.core"},
}
LIBRARIES = {"nevergrad", "optuna", "nlopt", "dfols", "cmaes"}
HEAVY = LIBRARIES | {"torch", "scipy", "pandas", "sklearn", "pyarrow", "matplotlib", "seaborn", "gymnasium", "plotly"}


def imported(path: Path) -> set[str]:
    """All names that a file imports, wherever it does, types too; `from a import b` gives a and a.b."""
    names = set()
    folders = path.parent.relative_to(ROOT).parts
    package = ".".join(folders if folders[0] == "bench" else ("bench", *folders))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("part", MAY)
def test_imports_point_one_way(part):
    ours = ("bench", "problems", "optimizers")
    for path in (ROOT / part.replace(".", "/")).rglob("*.py"):
        for name in imported(path):
            if name.split(".")[0] in ours:
                allowed = {part, *MAY[part]}
                if not part.startswith("bench") and name.count(".") < 2 and name.split(".")[0] == "bench":
                    continue  # the public names, as users take them
                if any(one.startswith(f"{name}.") for one in allowed):  # the package around it
                    continue
                assert any(name == one or name.startswith(f"{one}.") for one in allowed), f"{path} imports {name}"


def modules() -> dict[str, Path]:
    """Every module of the engine by its name; packages by their own."""
    paths = (ROOT / "bench").rglob("*.py")
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    del names["bench"]  # the public names: it imports nothing until one is used
    return names


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one node (Tarjan 1972, doi:10.1137/0201010)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for neighbour in sorted(edges[node]):
            if neighbour not in index:
                visit(neighbour)
                low[node] = min(low[node], low[neighbour])
            elif neighbour in stack:
                low[node] = min(low[node], index[neighbour])
        if low[node] == index[node]:
            at = stack.index(node)
            components.append(sorted(stack[at:]))
            del stack[at:]

    for node in edges:
        if node not in index:
            visit(node)
    return [component for component in components if len(component) > 1]


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a", "c"}}) == [["b", "c"]]


def test_no_two_modules_import_each_other():
    files = modules()
    edges = {
        name: {other for other in imported(path) if other in files and other != name} for name, path in files.items()
    }
    for name, others in edges.items():  # a file of a package imports that package's own __init__ by its name alone
        edges[name] = {other for other in others if not name.startswith(f"{other}.")}
    assert circles(edges) == []


@pytest.mark.parametrize("words", [["--help"], ["list", "problems"], ["list", "optimizers"], ["list", "suites"]])
def test_lists_import_nothing_heavy(words):
    code = (
        "import sys, json\n"
        "from bench.cli import app\n"
        f"app({words!r}, standalone_mode=False)\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


def test_public_names():
    import bench

    for name in bench.__all__:
        assert getattr(bench, name) is not None
    import bench.api  # what it imports must not take the place of a public name

    assert callable(bench.tune)
    assert {name for name in bench.__all__ if not callable(getattr(bench, name))} == set()
    with pytest.raises(AttributeError, match="no attribute 'minimise'"):
        bench.minimise  # noqa: B018


def test_an_interrupt_while_the_command_line_is_imported_shows_no_traceback():
    code = """
import os, runpy, signal, sys

class Presses:
    def find_spec(self, name, *rest):
        if name == "bench.cli":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background hears of none
sys.meta_path.insert(0, Presses())
runpy.run_module("bench", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
