"""What a definition's code is: one hash over the syntax that it reaches within its own package.

Comments, docstrings and formatting do not count, nor does what else its file holds; nor, in the registration, its
source, family, version and call. A stored run whose code had another hash was made by another method.

Of other packages, what is installed is known by its version. One that lies elsewhere, as a checkout, a module beside it
or an editable install, may change without one: there, all of its files count, byte by byte.

Modules count by their names within their package, so that a file is the same code alone and as a part of its folder.
"""

import ast
import functools
import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from bench.core.packages import PACKAGES, is_ours, package_of, short
from bench.core.registry.definitions import ProblemDefinition, WrapperDefinition

LETTERS = 16  # of the hash, in hexadecimal digits
WORDS = {"source", "family", "version", "call"}  # of a registration, that say nothing of what is computed
HARNESS = "bench"  # which asks and records: what it computes itself is no part of a method
INSTALLED = ("site-packages", "dist-packages")
Place = tuple[str, str]  # a module, and a name that it binds; "*" for all of them


@dataclass(frozen=True)
class _Binding:
    """What binds a name in a module: its syntax as text, the places that it refers to, and its source."""

    syntax: str
    reaches: tuple[Place, ...]
    source: str


@cache
def fingerprint(function: Callable[..., Any]) -> str:
    """The hash of a function's code, 16 hexadecimal digits: of its syntax, of the values that it encloses, and of
    every module-level name of its own package that these reach, however many steps away.

    Python's own functions and those of installed packages count by their names alone; of a package that is not
    installed but lies in a folder of its own, each file counts.
    """
    values, bindings, others = _reached(function)
    texts = [values, *(f"{place}\t{bindings[place].syntax}" for place in sorted(bindings)), *_checkouts(others)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:LETTERS]


def source_code(function: Callable[..., Any]) -> str:
    """The source that `fingerprint` goes over, to be read and compared: each binding under the name of its place."""
    values, bindings, others = _reached(function)
    texts = [f"# {place}\n{bindings[place].source}" for place in sorted(bindings) if bindings[place].source]
    return "\n\n".join([f"# {values}", *(f"# {line}" for line in _checkouts(others)), *texts]) + "\n"


def _checkouts(packages: Iterable[str]) -> list[str]:
    """Of the packages that are not installed, the name and the hash of all files."""
    return [f"files of {name}: {hash}" for name in sorted(packages) if (hash := files(name))]


@cache
def files(package: str) -> str:
    """A hash over the files of a package, or of a module, that is not installed; "" of any other."""
    if package in sys.stdlib_module_names or package in ("", "__main__", HARNESS):
        return ""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return ""
    if spec is None or not (spec.submodule_search_locations or spec.has_location):
        return ""
    places = [Path(place) for place in spec.submodule_search_locations or [spec.origin or ""]]
    if package in PACKAGES:
        places = [Path(place) for place in importlib.import_module(package).__path__]
    around = [folder for place in places for folder in place.parents[: 1 + package.count(".")]]
    if any(folder.name in INSTALLED or any(folder.glob("*.dist-info")) for folder in around):
        return ""  # of pip, `run --with` included: versions say what it is
    kinds = (".py", *EXTENSION_SUFFIXES)
    texts = [
        f"{path.relative_to(place.parent)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for place in places
        for path in sorted([place] if place.is_file() else place.rglob("*"))
        if path.name.endswith(kinds) and path.is_file()
    ]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:LETTERS]


def _reached(function: Callable[..., Any]) -> tuple[str, dict[str, _Binding], set[str]]:
    """The values that a function encloses, as text, what binds each place that it reaches, and the other packages of
    which it uses anything."""
    package = package_of(getattr(function, "__module__", ""))
    reached: dict[str, _Binding] = {}
    others: set[str] = set()
    todo: list[Place] = []
    values = "".join(_value(function, package, todo, {}))
    while todo:
        module, name = todo.pop()
        if package_of(module) != package:
            others.add(package_of(module))
            continue
        place = f"{_within(module, package)}.{name}"
        if place in reached:
            continue
        bindings = _bindings(module)
        binding = _all(bindings) if name == "*" else bindings.get(name, _Binding("", (), ""))
        reached[place] = binding
        todo += binding.reaches
    return values, reached, others


def _within(module: str | None, package: str) -> str | None:
    """A module's name as hashes have it: of the package itself, what stands behind the package's name."""
    if not module or package in (*PACKAGES, HARNESS) or package_of(module) != package:
        return short(module)
    inner = module.partition(".")[2]
    return inner or ("__init__" if hasattr(sys.modules.get(module), "__path__") else module)


def _value(value: Any, package: str, todo: list[Place], seen: dict[int, Any]) -> Iterator[str]:
    """A value as text; where its code lies in the package goes onto `todo`."""
    if isinstance(value, (str, bytes, int, float, complex, bool, type(None))):
        yield repr(value)
    elif id(value) in seen:
        yield "..."
    elif isinstance(value, (tuple, list, set, frozenset, Mapping)):
        seen[id(value)] = value
        items = value.items() if isinstance(value, Mapping) else value
        texts = ["".join(_value(item, package, todo, seen)) for item in items]
        yield f"{type(value).__name__}({', '.join(sorted(texts) if isinstance(value, (set, frozenset)) else texts)})"
    elif isinstance(value, functools.partial):
        yield "".join(_value((value.func, value.args, value.keywords), package, todo, seen))
    elif isinstance(value, (FunctionType, type)):
        seen[id(value)] = value
        yield f"{_within(value.__module__, package)}.{value.__qualname__}"
        if isinstance(value, FunctionType):
            yield from _enclosed(value, package, todo, seen)
        if package_of(value.__module__) == package:
            name = value.__qualname__.partition(".")[0]
            if name in _bindings(value.__module__):
                todo.append((value.__module__, name))
            elif isinstance(value, FunctionType):  # a lambda, or typed into a prompt
                yield _code(value.__code__)
        else:
            todo.append((value.__module__, value.__qualname__))
    elif isinstance(value, ModuleType):
        if package_of(value.__name__) != package:
            todo.append((value.__name__, "*"))
        yield f"{_within(value.__name__, package)}"
    elif isinstance(value, (ProblemDefinition, WrapperDefinition)):  # what a wrapper encloses, of whatever package
        yield fingerprint(value.function)
    elif is_dataclass(value):
        seen[id(value)] = value
        values = [getattr(value, field.name) for field in fields(value) if field.name not in WORDS]
        yield type(value).__qualname__ + "".join(_value(values, package, todo, seen))
    else:
        if package_of(type(value).__module__) != package:
            todo.append((type(value).__module__, type(value).__qualname__))
        name = f"{_within(type(value).__module__, package)}.{type(value).__qualname__}"
        yield f"{name} {getattr(value, '__qualname__', '')}"


def _enclosed(function: FunctionType, package: str, todo: list[Place], seen: dict[int, Any]) -> Iterator[str]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            contents = cell.cell_contents
        except ValueError:  # not bound yet
            continue
        yield f" {name}={''.join(_value(contents, package, todo, seen))}"


def _code(code: Any) -> str:
    constants = [_code(each) if inspect.iscode(each) else repr(each) for each in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {constants}"


def _all(bindings: Mapping[str, _Binding]) -> _Binding:
    names = sorted(bindings)
    reaches = tuple(place for name in names for place in bindings[name].reaches)
    return _Binding("\n".join(bindings[name].syntax for name in names), reaches, "")


def _bindings(module: str | None) -> dict[str, _Binding]:
    """What binds each module-level name of a module; empty where it has no source, or is none, as of `exec`."""
    return _parsed(sys.modules.get(module, module)) if module else {}


@cache
def _parsed(source: ModuleType | str) -> dict[str, _Binding]:
    """source: a module, or the name of one that is not imported yet."""
    try:
        if isinstance(source, str):
            spec = importlib.util.find_spec(source)
            text = getattr(spec.loader, "get_source", lambda _: "")(source) if spec else ""
            module, is_package = source, bool(spec and spec.submodule_search_locations)
        else:
            module, is_package, text = source.__name__, hasattr(source, "__path__"), inspect.getsource(source)
        tree = ast.parse(text or "")
    except (ImportError, OSError, SyntaxError, TypeError, ValueError):
        return {}
    parent = module if is_package else module.rpartition(".")[0]
    imports = dict(_imports(tree.body, parent))
    statements: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in _bound(statement):
            statements.setdefault(name, []).append(statement)
    return {
        name: replace(
            _binding(module, parent, binding, {**imports, **dict(_imports(binding, parent))}, statements.keys()),
            source="\n".join(_source(text, statement) for statement in binding),
        )
        for name, binding in statements.items()
    }


def _source(text: str, statement: ast.stmt) -> str:
    begin = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
    return "\n".join(text.splitlines()[begin - 1 : statement.end_lineno])


def _bound(statement: ast.stmt) -> set[str]:
    """The module-level names that a statement binds; imports, which are followed instead, apart."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return set()
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    inner = (child for child in ast.walk(statement) if isinstance(child, (ast.FunctionDef, ast.ClassDef)))
    return names | {child.name for child in inner}


def _imports(body: list[ast.stmt], parent: str) -> Iterator[tuple[str, Place]]:
    """What imports anywhere in the statements bind: a name, and the place where it comes from."""
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], (alias.name, "*")
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                origin = importlib.util.resolve_name("." * node.level + origin, parent)
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                place = (inner, "*") if _is_module(inner, parent) else (origin, alias.name)
                yield alias.asname or alias.name, place


def _is_module(name: str, parent: str) -> bool:
    if package_of(name) != package_of(parent):
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _binding(
    module: str, parent: str, statements: list[ast.stmt], imported: Mapping[str, Place], names: Iterable[str]
) -> _Binding:
    reaches, syntax = set(), []
    for statement in map(_without_call, statements):
        syntax.append(_syntax(_absolute(statement, parent)))
        free = _free(statement)
        whole = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
        for node in ast.walk(statement):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in imported.keys() & free
            ):
                origin, name = imported[node.value.id]
                reaches.add((origin, node.attr) if name == "*" else (origin, name))
            elif isinstance(node, ast.Name) and node.id in imported and node.id in free:
                if id(node) not in whole:
                    reaches.add(imported[node.id])
            elif isinstance(node, ast.Name) and node.id in names and node.id in free:
                reaches.add((module, node.id))
    package = package_of(module)
    places = {name: f"{_within(origin, package)}.{bound}" for name, (origin, bound) in imported.items()}
    used = sorted(f"{name} from {place}" for name, place in places.items() if any(name in s for s in syntax))
    return _Binding("\n".join([*syntax, *used]), tuple(sorted(reaches)), "")


def _free(node: ast.AST) -> set[str]:
    """The names that a piece of syntax reads and does not bind in a scope of its own."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    names = {name for child in ast.iter_child_nodes(node) for name in _free(child)}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        outside = [node.args, *getattr(node, "decorator_list", []), *filter(None, [getattr(node, "returns", None)])]
        body = node.body if isinstance(node.body, list) else [node.body]
        inside = {name for child in body for name in _free(child)}
        bound = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
        bound |= {name for child in body for name in _stored(child)}
        return {name for child in outside for name in _free(child)} | (inside - bound)
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return names - {name for loop in node.generators for name in _stored(loop.target)}
    return names


def _stored(node: ast.AST) -> set[str]:
    """The names that a piece of syntax binds in the scope that it stands in."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return set()
    return {name for child in ast.iter_child_nodes(node) for name in _stored(child)}


def _syntax(node: Any) -> str:
    """A syntax tree as text: without positions, docstrings, what a registration says in words, and empty fields, which
    differ from one version of Python to the next."""
    if isinstance(node, list):
        return f"[{', '.join(map(_syntax, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    values = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
    if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
        values["body"] = node.body[1:]
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        values["decorator_list"] = [_registration(decorator) for decorator in node.decorator_list]
    values.pop("ctx", None)
    return f"{type(node).__name__}({', '.join(f'{name}={_syntax(value)}' for name, value in values.items())})"


def _absolute(statement: ast.stmt, parent: str) -> ast.stmt:
    """A statement of ours with the imports within it by the names that hashes of old results have."""
    if not is_ours(parent) or not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(statement)):
        return statement
    statement = deepcopy(statement)
    for node in ast.walk(statement):
        if isinstance(node, ast.ImportFrom) and node.level:
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), parent)
            node.module, node.level = short(origin), 0
    return statement


def _without_call(statement: ast.stmt) -> ast.stmt:
    """A statement whose registration does not say, nor reach, by which call a library runs the method itself."""
    if not isinstance(statement, ast.FunctionDef):
        return statement
    bare = copy(statement)
    bare.decorator_list = [
        ast.Call(each.func, each.args, [keyword for keyword in each.keywords if keyword.arg != "call"])
        if isinstance(each, ast.Call)
        else each
        for each in statement.decorator_list
    ]
    return bare


def _registration(decorator: ast.expr) -> ast.expr:
    if not isinstance(decorator, ast.Call):
        return decorator
    return ast.Call(decorator.func, decorator.args, [each for each in decorator.keywords if each.arg not in WORDS])
