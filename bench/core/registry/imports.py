"""The caller's own modules, as `--import` names them: a module, a file or a folder, of whatever name."""

import importlib
import importlib.util
import os
import pkgutil
import sys
from importlib.machinery import ModuleSpec
from itertools import takewhile
from pathlib import Path

from bench.core.foreign import foreign
from bench.core.packages import FOLDERS

SEARCHED = "search:"  # and a folder: what is named after it is looked for there first


def load_named(name: str) -> None:
    """Import a module, a file that ends with `.py`, or a folder: any other path, once. Of a folder that says nothing
    itself, in an `__init__.py`, all modules are imported, and find each other there, too.

    Raises ValueError with the name of what cannot be imported, whatever it raises.
    """
    if name.startswith(SEARCHED):
        if (folder := name.removeprefix(SEARCHED)) not in sys.path:
            sys.path.insert(0, folder)
        return
    module = module_of(name)
    if is_place(name):
        _find(name, module)
    else:
        _find_here(module.partition(".")[0])
    with foreign(f"{_kind(name)} {name!r} cannot be imported"):
        package = importlib.import_module(module)
        if hasattr(package, "__path__") and _says_nothing(package.__file__):
            _search_last(*package.__path__)
            for each in pkgutil.iter_modules(package.__path__, f"{module}."):
                importlib.import_module(each.name)


def is_place(name: str) -> bool:
    """Whether what is named is a file or a folder, and no module."""
    return name.endswith(".py") or name in (".", "..") or any(each in name for each in ("/", os.sep))


def module_of(name: str) -> str:
    """The module that something named is imported as: what lies in a package is a part of it."""
    if not is_place(name):
        return name
    path = Path(name).resolve()
    return ".".join([*(each.name for each in reversed(_packages(path))), path.name.removesuffix(".py")])


def _packages(path: Path) -> list[Path]:
    """The folders around a file or a folder that say in an `__init__.py` that they are packages, the innermost
    first."""
    return list(takewhile(lambda folder: (folder / "__init__.py").is_file(), path.parents))


def _kind(name: str) -> str:
    return ("file" if name.endswith(".py") else "folder") if is_place(name) else "module"


def _says_nothing(file: str | None) -> bool:
    return file is None or (file.endswith("__init__.py") and not Path(file).read_bytes().strip())


def _find(name: str, module: str) -> None:
    """Let a file or a folder be found as a module, and by it what lies beside it, as when Python runs it. Raises
    ValueError where there is none, and where another module has its name."""
    path = Path(name).resolve()
    beside = path.parent
    if not (path.is_dir() if _kind(name) == "folder" else path.is_file()):
        raise ValueError(f"{_kind(name)} {name!r} cannot be imported: there is none at {path}")
    if dotted := [each.name for each in (path, *_packages(path)) if "." in each.name.removesuffix(".py")]:
        raise ValueError(f"{_kind(name)} {name!r} cannot be imported: no module is called {dotted[0]!r}, with a dot")
    path, module = [path, *_packages(path)][-1], module.partition(".")[0]
    there = sys.modules.get(module)
    places = _places(there.__spec__ if there else importlib.util.find_spec(module))
    if (there or places) and path not in places:
        if there or not FOLDERS & places:
            raise ValueError(
                f"{_kind(name)} {name!r} cannot be imported: the name {module!r} is taken by another module"
            )
        _put_before(path, module, 0)
    _search_last(path.parent, beside)


def _search_last(*folders: Path | str) -> None:
    """Look for modules in these folders, after all others."""
    sys.path += [folder for folder in map(str, folders) if folder not in sys.path]


def _find_here(module: str) -> None:
    """Let a module of the current folder be found, as by `python -m bench`, also by the command `fogbench`: after those
    beside a script that runs, and before installed ones."""
    here = Path.cwd()
    paths = [path for path in (here / module, here / f"{module}.py") if path.exists()]
    if paths and module not in sys.modules:
        _put_before(paths[0], module, 1)


def _put_before(path: Path, module: str, place: int) -> None:
    """Let a file or a folder be found as a module at this place of what is searched; a mere folder, too, where there is
    a checkout of ours, whose packages would come first."""
    if str(path.parent) not in map(os.path.abspath, sys.path[: place + 1]):
        sys.path.insert(place, str(path.parent))
    if path not in FOLDERS and FOLDERS & _places(importlib.util.find_spec(module)):
        spec = ModuleSpec(module, None, is_package=True)
        spec.submodule_search_locations = [str(path)]
        sys.modules[module] = importlib.util.module_from_spec(spec)


def _places(spec: ModuleSpec | None) -> set[Path]:
    """The file and the folders of a module."""
    places = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
    return {Path(place).resolve() for place in places if place}
