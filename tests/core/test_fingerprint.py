"""What changes the hash of a definition's code, and what does not."""

import ast
import dataclasses
import importlib
import itertools
import sys

import pytest

from bench.core import registry
from bench.core.registry import definitions
from bench.core.registry.fingerprint import _absolute, files, fingerprint
from bench.runner import PACKAGES

METHOD = '''"""A method."""

import math
from bench.core import optimizer
from mine.steps import length
from mine import rules

START = 0.5

@optimizer(order=0, name="method-of-mine", source="Nobody 1900")
def method(oracle, *, lr: float = 0.1):
    """Goes on."""
    def inner(x):
        from mine.late import correction
        return correction(x)
    return inner(START * length(math.pi) * rules.descend(lr))

def other(x):
    return x + 1
'''
STEPS = """
SCALE = 2.0
for factor, unit in [(3, 4)]:
    print_nothing = None

def length(x):
    factor = [unit for unit in range(2)][0]
    return SCALE * x

def unused(x):
    return x
"""
RULES = "def descend(lr):\n    return -lr\n\ndef climb(lr):\n    return lr\n"
LATE = "def correction(x):\n    return 1.01 * x\n"
FILES = {"__init__": "", "method": METHOD, "steps": STEPS, "rules": RULES, "late": LATE}
numbers = itertools.count()


@pytest.fixture
def hash_of(tmp_path, monkeypatch):
    """The hash of `method` in a package, a piece of whose text is replaced."""
    monkeypatch.setattr(definitions, "OPTIMIZERS", {})

    def hash_of(file="method", old="", new=""):
        forget()
        folder = tmp_path / str(next(numbers)) / "mine"
        folder.mkdir(parents=True)
        assert old in FILES[file]
        for name, text in FILES.items():
            (folder / f"{name}.py").write_text(text.replace(old, new) if name == file and old else text)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(folder.parent)
            return fingerprint(importlib.import_module("mine.method").method)  # mine.late is not imported yet

    def forget():
        for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
            del sys.modules[name]

    yield hash_of
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("method", "START = 0.5", "START = 0.6"),
        ("method", "lr: float = 0.1", "lr: float = 0.2"),
        ("method", "order=0", "order=1"),
        ("method", "return correction(x)", "return -correction(x)"),
        ("steps", "return SCALE * x", "return SCALE + x"),
        ("steps", "SCALE = 2.0", "SCALE = 3.0"),
        ("rules", "return -lr", "return -2 * lr"),
        ("late", "1.01", "1.02"),
    ],
)
def test_what_it_reaches_changes_the_hash(hash_of, file, old, new):
    assert hash_of(file, old, new) != hash_of()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("method", '"""Goes on."""', '"""Goes on, and on."""'),
        ("method", '    """Goes on."""\n', ""),
        ("method", "START = 0.5", "START  =  0.5  # of the paper"),
        ("method", "Nobody 1900", "Nobody 1901"),
        ("method", "return x + 1", "return x + 2"),
        ("steps", "def unused(x):\n    return x", "def unused(x):\n    return 2 * x"),
        ("rules", "return lr\n", "return 2 * lr\n"),
        ("steps", "[(3, 4)]", "[(5, 6)]"),  # of names that are bound again where they are read
        ("method", 'source="Nobody 1900"', 'source="Nobody 1900", call=rules.climb'),
    ],
)
def test_words_layout_and_neighbours_do_not(hash_of, file, old, new):
    assert hash_of(file, old, new) == hash_of()


def test_a_package_and_a_module_of_its_name_stay_two(tmp_path, monkeypatch):
    """Where a hash took them for one, it would not see that one of them changes."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "twofold"
    folder.mkdir()
    hashes = set()
    for step in (1, 2):
        (folder / "__init__.py").write_text(f"STEP = {step}\n")
        (folder / "twofold.py").write_text("STEP = 3\n")
        (folder / "method.py").write_text(
            "from twofold import STEP as a\nfrom twofold.twofold import STEP as b\ndef method(x):\n    return a + b\n"
        )
        for name in [name for name in sys.modules if name.partition(".")[0] == "twofold"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        hashes.add(fingerprint(importlib.import_module("twofold.method").method))
    for name in [name for name in sys.modules if name.partition(".")[0] == "twofold"]:
        monkeypatch.delitem(sys.modules, name)
    assert len(hashes) == 2


WRAPPER = """
from bench.core import optimizer

@optimizer(order=0, name="method-of-mine", source="Nobody 1900")
def method(oracle):
    from library_of_mine.search import minimise
    minimise(oracle.value)
"""


@pytest.mark.parametrize(
    ("place", "counts"),
    [("checkout", True), ("checkout/src", True), ("lib/site-packages", False), ("releases/of-with", False)],
)
def test_a_library_that_is_not_installed_counts_with_its_files(tmp_path, monkeypatch, place, counts):
    """What pip has put somewhere is known by its version instead, which is stored."""
    home = tmp_path / place
    (home / "library_of_mine").mkdir(parents=True)
    (home / "library_of_mine" / "__init__.py").write_text("")
    if "releases" in place:
        (home / "library_of_mine-1.0.dist-info").mkdir()
    (tmp_path / "wrapper_of_mine.py").write_text(WRAPPER)
    (tmp_path / "unrelated_of_mine.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(home)
    hashes = []
    for file, text in (("search", "a"), ("search", "b"), ("../../unrelated_of_mine", "X = 2")):
        (home / "library_of_mine" / f"{file}.py").resolve().write_text(f"{text} = 1\n")
        monkeypatch.setattr(definitions, "OPTIMIZERS", {})
        for name in [name for name in sys.modules if name.endswith("_of_mine")]:
            del sys.modules[name]
        files.cache_clear()
        importlib.invalidate_caches()
        hashes.append(fingerprint(importlib.import_module("wrapper_of_mine").method))
    monkeypatch.delitem(sys.modules, "wrapper_of_mine")
    assert (hashes[0] != hashes[1]) == counts
    assert hashes[1] == hashes[2]


def test_what_a_function_encloses_counts():
    def made(step):
        def method(oracle):
            return step

        return method

    assert fingerprint(made(1)) == fingerprint(made(1)) != fingerprint(made(2))
    assert fingerprint(made((1, {"a": len}))) != fingerprint(made((1, {"a": max})))


def test_a_definition_that_is_enclosed_counts_without_its_words():
    registry.load(PACKAGES)
    definition = registry.OPTIMIZERS["random-search"]

    def enclosing(definition):
        return lambda oracle: definition.function(oracle)

    hashes = [
        fingerprint(enclosing(dataclasses.replace(definition, **more)))
        for more in ({}, {"source": "Nobody 1900"}, {"call": str}, {"order": 2})
    ]
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]


def test_a_function_without_a_file_has_a_hash_of_its_own():
    functions = {}
    for number, text in enumerate(("x + 1", "x + 2", "x + 1")):
        exec(f"def f(x):\n    return {text}", {"__name__": "nowhere"}, functions)
        functions[number] = functions.pop("f")
    assert fingerprint(functions[0]) == fingerprint(functions[2]) != fingerprint(functions[1])


def test_every_definition_has_its_own():
    """Thirty estimators with each rule are made by one function: what it encloses tells them apart."""
    registry.load(PACKAGES)
    for entries in (registry.PROBLEMS, registry.OPTIMIZERS):
        hashes = {name: fingerprint(definition.function) for name, definition in entries.items()}
        assert len(set(hashes.values())) == len(hashes)


def test_a_wrapper_counts_with_its_problem():
    registry.load(PACKAGES)
    hashes = {name: fingerprint(registry.find_problem(name).function) for name in ("rosenbrock", "rosenbrock+noise")}
    assert len(set(hashes.values())) == 2


def test_the_source_shows_what_the_hash_goes_over():
    registry.load(PACKAGES)
    source = registry.source_code(registry.find_optimizer("fd-adam").function)
    assert "# optimizers.estimators." in source
    assert "def forward_differences(" in source
    source = registry.source_code(registry.find_optimizer("torch-adam").function)
    assert "def torch_adam(" in source
    assert "def torch_sgd(" not in source


def test_a_function_without_a_module_has_a_hash():
    names: dict = {}
    exec("def f(x):\n    return g(x)\n\n\ndef g(x):\n    return x\n", names)
    assert names["f"].__module__ is None or names["f"].__module__
    names["f"].__module__ = None
    assert len(fingerprint(names["f"])) == 16


def test_modules_of_ours_count_by_the_names_that_stored_hashes_have():
    """They were imported as problems and optimizers once."""
    (statement,) = ast.parse("def f():\n    from .._modules import g\n    from . import h").body
    absolute = "def f():\n    from problems._modules import g\n    from problems.learning import h"
    assert ast.unparse(_absolute(statement, "bench.problems.learning")) == absolute
    assert ast.unparse(_absolute(statement, "problems.learning")) == ast.unparse(statement), "a user's own"
    registry.load(PACKAGES)
    assert "bench." not in registry.source_code(registry.find_optimizer("fd-adam").function).partition("\n")[0]
