"""Imports point one way, and heavy libraries are imported only when used."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# each part may import itself and what stands here
MAY = {
    "bench.core": set(),
    "bench.runner": {"bench.core"},
    "bench.measure": {"bench.core", "bench.runner"},
    "bench.report": {"bench.core", "bench.runner", "bench.measure"},
    "problems": {"bench.core"},
    "optimizers": {"bench.core"},
}
HEAVY = {"torch", "nevergrad", "scipy", "pandas", "sklearn", "pyarrow", "matplotlib", "seaborn", "gymnasium", "plotly"}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("part", MAY)
def test_imports_point_one_way(part):
    ours = ("bench", "problems", "optimizers")
    for path in (ROOT / part.replace(".", "/")).rglob("*.py"):
        for name in imported(path):
            if name.split(".")[0] in ours:
                allowed = {part, *MAY[part]}
                if not part.startswith("bench") and name == "bench":  # the public names, as users take them
                    continue
                assert any(name == one or name.startswith(f"{one}.") for one in allowed), f"{path} imports {name}"


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
    with pytest.raises(AttributeError, match="no attribute 'minimise'"):
        bench.minimise  # noqa: B018
