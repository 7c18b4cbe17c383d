"""Files that come from others, or go to them: nothing outside a folder, nothing over another, nothing half done."""

import os
from collections.abc import Callable
from math import inf
from pathlib import Path, PurePosixPath
from typing import TypeVar

Number = TypeVar("Number", int, float)


class Damage(ValueError):
    """A file of others that cannot be read; the message names file and line."""

    def __init__(self, path: Path, line: int, message: str):
        super().__init__(f"{path}, line {line}: {message}")


def check_output(path: Path, what: str) -> Path:
    """The path, if what a user wants there (a file, "figure", a folder of an "export") can be written.

    Raises ValueError or OSError, before any work is done: its folder must be there, as a name that is mistyped is no
    folder to make.
    """
    if not path.parent.exists():
        raise ValueError(f"{path.parent}, where the {what} should go, does not exist: make it first")
    check_writable(path.parent)
    return path


def check_writable(folder: Path) -> None:
    """Raise OSError where a folder cannot be written, or made."""
    nearest = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(f"{nearest} is a file, where a folder should be")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"{nearest} cannot be written: there is no permission")


def check_file(path: Path, what: str) -> Path:
    """The path, if it can be written as a file: see `check_output`."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder: choose another name")
    return check_output(path, what)


def inside(index: Path, line: int, name: str, suffix: str = "") -> Path:
    """A file that an index file names, below its folder. Raises Damage for a path that leaves it, for a symbolic link
    and where there is no such file. suffix: the one that is meant, whichever of the run's files is named."""
    try:
        relative = PurePosixPath(name).with_suffix(suffix) if suffix else PurePosixPath(name)
    except ValueError:  # no name of a file
        relative = PurePosixPath("..")
    if relative.is_absolute() or ".." in relative.parts or "\0" in name:
        raise Damage(index, line, f"{name[:200]!r} leaves the folder")
    path = index.parent / relative
    try:
        linked = any(path.is_symlink() for path in [path, *path.parents][: len(relative.parts)])
        there = path.exists()
    except (OSError, ValueError):  # a name longer than any file's, or of characters that no file's has
        linked = there = False
    if linked:
        raise Damage(index, line, f"{name[:200]!r} is or passes a symbolic link")
    if not there:
        raise Damage(index, line, f"{name[:200]!r} is missing")
    return path


def number(
    path: Path,
    line: int,
    text: object,
    convert: Callable[[str], Number],
    low: float = -inf,
    high: float = inf,
) -> Number:
    """A number of a file; raises Damage for what is none, for NaN and outside [low, high]."""
    written = str(text)
    try:
        if "_" in written:  # Python's own: 1_000
            raise ValueError
        value = convert(written)
    except ValueError:
        kind = "whole number" if convert is int else "number"
        raise Damage(path, line, f"{written[:80]!r} is not a {kind}") from None
    if not low <= value <= high:
        raise Damage(path, line, f"a number from {low} to {high} was expected, got {written[:80]}")
    return value
