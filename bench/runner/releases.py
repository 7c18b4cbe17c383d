"""Other releases of libraries: each in a folder of its own, which goes before the rest on the path of a new process."""

import importlib.metadata
import json
import os
import pkgutil
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.core import registry
from bench.runner.environment import WITH, installed, modules
from bench.runner.suite import Suite

# imports modules as the processes of runs do
PROBE = """
import importlib, sys
import bench.runner.preload
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


@dataclass(frozen=True)
class Release:
    """One release of a library. folder: where it is installed. new: whether this command has put it there."""

    name: str
    version: str
    folder: str
    new: bool

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def cache() -> Path:
    """The folder that keeps releases: `fogbench/releases` among the user's caches."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fogbench" / "releases"


def enter(texts: Sequence[str]) -> list[Release]:
    """Be a process that imports these releases, NAME==VERSION each: install what is not there, and begin this command
    anew with their folders first on the path; answers the releases in the process that has them.

    Raises ValueError for a requirement that is anything else, or that cannot be installed.
    """
    requirements = _parsed(texts)
    there = [Release(**each) for each in json.loads(os.environ.get(WITH, "[]"))]
    if [(release.name, release.version) for release in there] == requirements:
        return there
    releases = [_installed(name, version) for name, version in requirements]
    # the folder in which Python was started, or a script lies, comes after the releases: a checkout of the library
    # that is being compared may be there
    first = [] if sys.flags.safe_path else sys.path[:1]
    path = [*(release.folder for release in releases), *first, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    changes = {
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "PYTHONSAFEPATH": "1",
        WITH: json.dumps([asdict(release) for release in releases]),
    }
    sys.stdout.flush()
    sys.stderr.flush()
    command, variables = [sys.executable, *sys.orig_argv[1:]], {**os.environ, **changes}
    if os.name == "nt":  # where a process cannot become another one
        raise SystemExit(subprocess.run(command, env=variables).returncode)
    os.execve(sys.executable, command, variables)


@contextmanager
def removed_on_error(releases: Iterable[Release]) -> Iterator[None]:
    """Where the command is refused, what it has installed is removed."""
    try:
        yield
    except ValueError:
        for release in releases:
            if release.new:
                shutil.rmtree(release.folder, ignore_errors=True)
        _tidy()
        raise


def verify(releases: Sequence[Release], suite: Suite) -> list[str]:
    """Import what the suite needs of these releases; answers what they ask for and do not get, a sentence each.

    Raises ValueError for a release that nothing in the suite is computed with, and where it is not what is imported, or
    cannot be.
    """
    if not releases:
        return []
    needed = needs(suite)
    reached = _with_requirements(map(registry.distribution, needed))
    names: list[str] = []
    for release in releases:
        if _canonical(release.name) not in reached:
            raise ValueError(f"nothing in {suite.name} is computed with {release.name}, so --with {release} is in vain")
        packages = [module.name for module in pkgutil.iter_modules([release.folder])]
        for package in packages:
            spec = find_spec(package)
            place = Path(spec.origin if spec and spec.origin else "").resolve()
            if not place.is_relative_to(Path(release.folder).resolve()):
                raise ValueError(f"{package} would be imported from {place}, and not from the release {release}")
        names += [name for name in needed if name.partition(".")[0] in packages] or packages
    unmet = [sentence for release in releases for sentence in _unmet(release)]
    done = subprocess.run([sys.executable, "-c", PROBE, *names], capture_output=True, text=True)
    if done.returncode:
        errors = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        all_releases = ", ".join(map(str, releases))
        raise ValueError(
            "; ".join([f"with {all_releases} not all that runs need can be imported: {errors[-1]}", *unmet])
        )
    return unmet


def needs(suite: Suite) -> list[str]:
    """The modules that the problems and optimizers of a suite are computed with."""
    problems = {entry.name for group in suite.groups for entry in group.problems}
    optimizers = {entry.name for group in suite.groups for entry in group.optimizers}
    definitions = [*map(registry.find_problem, problems), *map(registry.find_optimizer, optimizers)]
    return sorted({module for definition in definitions for module in modules(definition)})


def _with_requirements(names: Iterable[str]) -> set[str]:
    """Distributions and all that they require, directly or not."""
    reached: set[str] = set()
    waiting = [*names]
    while waiting:
        name = _canonical(waiting.pop())
        if name not in reached:
            reached.add(name)
            waiting += [requirement.name for requirement in _requirements(name)]
    return reached


def _requirements(name: str) -> list:
    """What an installed distribution requires here, without extras."""
    from packaging.requirements import Requirement

    with suppress(importlib.metadata.PackageNotFoundError):
        requirements = map(Requirement, importlib.metadata.requires(name) or ())
        return [each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]
    return []


def _unmet(release: Release) -> list[str]:
    return [
        f"{release} asks for {requirement}, and {f'{version} is' if version else 'none is'} installed"
        for requirement in _requirements(release.name)
        if not (version := installed(requirement.name)) or not requirement.specifier.contains(version, prereleases=True)
    ]


def _parsed(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Name and version of each requirement."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion, Version

    parsed: list[tuple[str, str]] = []
    for text in texts:
        with suppress(InvalidRequirement, InvalidVersion):
            requirement = Requirement(text)
            pins = [pin for pin in requirement.specifier if pin.operator == "=="]
            if len(pins) == len(requirement.specifier) == 1 and not (
                requirement.extras or requirement.marker or requirement.url
            ):
                parsed.append((_canonical(requirement.name), str(Version(pins[0].version))))
                continue
        raise ValueError(f"--with takes one release of a library, as scipy==1.15.3, got {text!r}")
    names = [name for name, _ in parsed]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"--with names {twice[0]} twice: one release of it can be imported")
    return parsed


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(name: str, version: str) -> Release:
    """A release in its folder, installed there unless it is."""
    folder = cache() / f"{name}-{version}-{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    if any(each.version for each in importlib.metadata.distributions(name=name, path=[str(folder)])):
        return Release(name, version, str(folder), new=False)
    if find_spec("pip") is None:
        raise ValueError("--with installs by pip, which is missing here: `python -m ensurepip` brings it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as beside:
        target = Path(beside) / "release"  # under its name once it is whole
        options = ("--quiet", "--no-input", "--no-deps", "--only-binary=:all:", "--retries=1", f"--target={target}")
        command = [sys.executable, "-P", "-m", "pip", "install", *options, f"{name}=={version}"]
        done = subprocess.run(command, capture_output=True, text=True)
        if not done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # another command was quicker
                target.rename(folder)
    if done.returncode:
        _tidy()
        raise ValueError(f"{name}=={version} cannot be installed: {_reason(done.stderr)}")
    return Release(name, version, str(folder), new=True)


def _reason(errors: str) -> str:
    """Why pip could not install a release."""
    if offers := re.search(r"\(from versions: (.*)\)", errors):
        here = f"Python {platform.python_version()} on {sysconfig.get_platform()}"
        if offers[1] != "none":
            return f"no wheel of it is for {here}; there are {', '.join(offers[1].split(', ')[-5:])}, and earlier ones"
        unreachable = "no package index can be reached, and " if "connection broken" in errors else ""
        return f"{unreachable}no wheel of any version is there for {here}"
    lines = [line.removeprefix("ERROR: ") for line in errors.splitlines() if line.startswith("ERROR: ")]
    return (lines or errors.splitlines() or ["pip says nothing of why"])[-1]


def _tidy() -> None:
    """Remove the folder of releases where nothing is in it."""
    for folder in (cache(), cache().parent):
        with suppress(OSError):
            folder.rmdir()
