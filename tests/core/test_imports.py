"""Modules of the caller's own, whatever they are called and however they are named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOAD = """
import sys
from bench.core import registry
packages = ["bench.optimizers"] if "--ours" in sys.argv else []
try:
    registry.load(packages, [name for name in sys.argv[1:] if not name.startswith("--")])
    if "--hash" in sys.argv:
        print(registry.fingerprint(registry.OPTIMIZERS["a"].function), end=" ")
    print(*(name for name in registry.OPTIMIZERS if name in ("a", "b", "random-search")))
except ValueError as error:
    print(error)
"""


def walk(name):
    return f"from bench import optimizer\n@optimizer(order=0, source='me 2026')\ndef {name}(oracle):\n    pass\n"


@pytest.fixture
def load(tmp_path):
    """Import what is named, in a process that begins in a folder of the user's; its script lies elsewhere."""
    script = tmp_path / "bin" / "script.py"
    script.parent.mkdir()
    script.write_text(LOAD)

    def load(files, *names, path=()):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, str(ROOT)])}
        command = [sys.executable, str(script), *names]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        return done.stdout.strip() + done.stderr

    return load


@pytest.mark.parametrize(
    ("named", "files", "names"),
    [
        ("optimizers", {"optimizers.py": walk("a")}, "a"),
        ("optimizers.py", {"optimizers.py": walk("a")}, "a"),
        ("deep/problems.py", {"deep/problems.py": walk("a")}, "a"),
        ("problems.walks", {"problems/__init__.py": walk("b"), "problems/walks.py": walk("a")}, "b a"),
        ("optimizers", {"optimizers/__init__.py": walk("a"), "optimizers/b.py": walk("b")}, "a"),
        # of a folder that says nothing itself, all modules
        ("optimizers", {"optimizers/a.py": walk("a"), "optimizers/b.py": walk("b")}, "a b"),
        ("deep/optimizers/", {"deep/optimizers/a.py": walk("a"), "deep/optimizers/b.py": walk("b")}, "a b"),
        ("mine", {"mine/__init__.py": "\n", "mine/a.py": walk("a"), "mine/b.py": walk("b")}, "a b"),
    ],
)
def test_a_module_may_have_the_name_of_ours(load, named, files, names):
    assert load(files, named) == names


MOVES = f"from {{}}steps import step\n{walk('a')}    step(oracle)\n"
STEPS = "def step(oracle):\n    return 2\n"


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"mine/a.py": walk("a")}, ["mine/a.py", "mine/", "mine/.", "mine", "mine.a", "mine/a.py mine"]),
        ({"mine/a.py": MOVES.format(""), "mine/steps.py": STEPS}, ["mine/a.py", "mine/", "mine"]),
        ({"mine/a.py": MOVES.format("mine."), "mine/steps.py": STEPS, "mine/__init__.py": ""}, ["mine/a.py", "mine/"]),
        ({"mine/a.py": MOVES.format("."), "mine/steps.py": STEPS, "mine/__init__.py": ""}, ["mine/a.py", "mine"]),
    ],
)
def test_code_is_the_same_however_it_is_named(load, files, names):
    """Its hash, too: else its stored runs would be made again."""
    hashes = {load(files, *name.split(), "--hash") for name in names}
    assert len(hashes) == 1
    assert hashes.pop().endswith(" a")


def test_a_folder_may_be_the_current_one(load):
    assert load({"walk_of_mine.py": walk("a")}, ".") == "a"


def test_ours_are_there_beside_them(load):
    files = {"optimizers/a.py": walk("a"), "problems.py": walk("b")}
    assert load(files, "optimizers", "problems", "--ours") == "random-search a b"


def test_a_module_beside_a_script_goes_before_one_of_the_current_folder(load):
    assert load({"mine.py": walk("a"), "bin/mine.py": walk("b")}, "mine") == "b"


def test_a_module_of_the_current_folder_goes_before_others(load, tmp_path):
    files = {"mine.py": walk("a"), "installed/mine.py": walk("b")}
    assert load(files, "mine", path=[str(tmp_path / "installed")]) == "a"


@pytest.mark.parametrize(
    ("named", "files", "why"),
    [
        ("json.py", {"json.py": ""}, "file 'json.py' cannot be imported: the name 'json' is taken by another module"),
        ("mine/", {"mine.py": ""}, "folder 'mine/' cannot be imported: there is none at"),
        ("mine.py", {"mine/a.py": ""}, "file 'mine.py' cannot be imported: there is none at"),
        ("m.1/", {"m.1/a.py": ""}, "folder 'm.1/' cannot be imported: no module is called 'm.1', with a dot"),
        ("m.1.py", {"m.1.py": ""}, "file 'm.1.py' cannot be imported: no module is called 'm.1.py', with a dot"),
        ("mine", {"mine/a.py": "1 / 0"}, "module 'mine' cannot be imported: ZeroDivisionError: division by zero"),
        ("mine", {}, "module 'mine' cannot be imported: ModuleNotFoundError: No module named 'mine'"),
    ],
)
def test_what_cannot_be_imported_is_said(load, named, files, why):
    assert load(files, named).startswith(why)


def test_ours_are_not_imported_under_another_name(load):
    sentence = "the optimizers of Fogbench are imported as bench.optimizers"
    assert sentence in load({"mine.py": "import optimizers.bounds"}, "mine")
