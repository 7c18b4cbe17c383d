"""From a name to its definition, from modules to what they register, from what is missing to how it is installed."""

import difflib
import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from bench.core.foreign import foreign
from bench.core.registry.definitions import (
    OPTIMIZERS,
    PROBLEMS,
    WRAPPERS,
    Definition,
    OptimizerDefinition,
    ProblemDefinition,
    wrapped,
)


class UnknownName(ValueError):
    """A name that no registry holds; the message gives the closest ones."""


def lookup(registry: Mapping[str, Any], name: str, what: str) -> Any:
    """What a mapping holds under that name; raises UnknownName with the closest names."""
    if name in registry:
        return registry[name]
    lower = {key.lower(): key for key in registry}
    same = [key for key in registry if name.lower() in key.lower().split("-")]  # adam: torch-adam
    same.sort(key=lambda key: not key.startswith(("torch-", "scipy-", "bbob-")))
    close = [lower[key] for key in difflib.get_close_matches(name.lower(), lower, n=4, cutoff=0.5)]
    close = list(dict.fromkeys([*same[:2], *close]))[:4]
    listed = "`, `".join(f"python -m bench list {each}s" for each in what.split(" or "))
    hint = f"did you mean {', '.join(close)}?" if close else f"`{listed}` name all"
    raise UnknownName(f"unknown {what} {name!r}: {hint} (a module of your own is loaded by --import)")


def find_problem(name: str) -> ProblemDefinition:
    """The problem of that name, or `PROBLEM+WRAPPER+...`; raises UnknownName with the closest names."""
    base, *wrappers = name.split("+")
    definition = lookup(PROBLEMS, base, "problem")
    for wrapper in wrappers:
        definition = wrapped(definition, lookup(WRAPPERS, wrapper, "wrapper"))
    return definition


def find_optimizer(name: str) -> OptimizerDefinition:
    """The optimizer of that name; raises UnknownName with the closest names."""
    return lookup(OPTIMIZERS, name, "optimizer")


def missing(definition: Definition) -> list[str]:
    """The modules that a definition needs and that are not installed."""
    return [module for module in definition.needs if importlib.util.find_spec(module.partition(".")[0]) is None]


DISTRIBUTIONS = {  # of modules named otherwise
    "ax": "ax-platform",
    "dfols": "DFO-LS",
    "pybobyqa": "Py-BOBYQA",
    "sklearn": "scikit-learn",
}


def distribution(module: str) -> str:
    """The name under which a module is installed: cma, scikit-learn for sklearn."""
    module = module.partition(".")[0]
    name = DISTRIBUTIONS.get(module, module.replace("_", "-"))
    if importlib.util.find_spec(module) is None:
        return name
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # pywt, which PyWavelets brings
        return _distributions().get(module, [name])[0]
    return name


@cache
def _distributions() -> Mapping[str, list[str]]:
    """What brings each top-level module; a quarter of a second."""
    return importlib.metadata.packages_distributions()


def how_to_install(modules: Iterable[str]) -> str:
    """The command that installs modules: an extra of ours where one brings them, in the versions that are tested."""
    requirements: list[str] = []
    with suppress(importlib.metadata.PackageNotFoundError):
        requirements = importlib.metadata.requires("fogbench") or []
    matches = (re.match(r"([\w.-]+).*extra == .(\w+)", requirement) for requirement in requirements)
    extras: dict[str, str] = {}
    for match in filter(None, matches):
        extras.setdefault(match[1], match[2])  # the first, which brings less where another has it, too
    names = [distribution(module) for module in modules]
    ours = dict.fromkeys(extras[name] for name in names if name in extras)
    others = dict.fromkeys(name for name in names if name not in extras)
    texts = [f'in the folder of Fogbench pip install -c constraints.txt -e ".[{",".join(ours)}]"'] if ours else []
    return " and ".join([*texts, *([f"pip install {' '.join(others)}"] if others else [])])


@cache
def _load_ours(packages: tuple[str, ...]) -> None:
    for package in packages:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
            if not module.name.rpartition(".")[2].startswith(
                "_"
            ):  # registers nothing, and is imported where it is used
                importlib.import_module(module.name)
    for point in importlib.metadata.entry_points(group="bench.plugins"):
        with foreign(f"plugin {point.name!r} ({point.value}) cannot be loaded"):
            point.load()


def load(packages: Iterable[str], imports: Iterable[str] = ()) -> None:
    """Import every module of the packages, the entry points of group `bench.plugins`, and the named modules, once. A
    name that ends with a slash is a folder: what follows is searched for there first.

    Raises ValueError with the name of a module or plugin that cannot be imported, whatever it raises.
    """
    _load_ours(tuple(packages))
    for name in imports:
        if name.endswith(os.sep):
            if name not in sys.path:
                sys.path.insert(0, name)
            continue
        if name.endswith(".py"):
            _load_file(name)
            continue
        with foreign(f"module {name!r} cannot be imported"):
            importlib.import_module(name)


def _load_file(name: str) -> None:
    """Import a file as the module of its name; what lies beside it can be imported by it, as when Python runs it."""
    path = Path(name).resolve()
    if not path.is_file():
        raise ValueError(f"file {name!r} cannot be imported: there is none at {path}")
    there = sys.modules.get(path.stem)
    if there is not None or importlib.util.find_spec(path.stem) is not None:
        spec = there.__spec__ if there is not None else importlib.util.find_spec(path.stem)
        if spec is None or spec.origin is None or Path(spec.origin).resolve() != path:
            raise ValueError(f"file {name!r} cannot be imported: the name {path.stem!r} is taken by another module")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    with foreign(f"file {name!r} cannot be imported"):
        importlib.import_module(path.stem)
