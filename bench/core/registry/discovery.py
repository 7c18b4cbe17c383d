"""From a name to its definition, from modules to what they register, from what is missing to how it is installed."""

import difflib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from bench.core.foreign import foreign
from bench.core.packages import CHECKOUT
from bench.core.registry.definitions import (
    OPTIMIZERS,
    PROBLEMS,
    WRAPPERS,
    Definition,
    OptimizerDefinition,
    ProblemDefinition,
    wrapped,
)
from bench.core.registry.imports import load_named


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
    """The command that installs modules: an extra of ours where one brings them."""
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
    texts = [install_extras(ours)] if ours else []
    return " and ".join([*texts, *([f"pip install {' '.join(others)}"] if others else [])])


def install_extras(extras: Iterable[str]) -> str:
    """The command that installs extras of ours: in a checkout with the versions that are tested."""
    names = ",".join(extras)
    if CHECKOUT:
        return f'in the folder of Fogbench pip install -c constraints.txt -e ".[{names}]"'
    return f'pip install "fogbench[{names}]"'


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
    """Import every module of the packages, the entry points of group `bench.plugins`, and what is named, see
    `load_named`, once.

    Raises ValueError with the name of a module or plugin that cannot be imported, whatever it raises.
    """
    _load_ours(tuple(packages))
    for name in imports:
        load_named(name)
