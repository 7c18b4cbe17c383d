"""Where runs are made: machine, versions, commit; collected once a suite."""

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from bench.core import registry

WITH = "FOGBENCH_WITH"  # environment variable: the releases of `run --with`, as bench.runner.releases writes them
LIBRARIES = ("fogbench", "numpy", "scipy", "torch", "nevergrad", "pandas", "scikit-learn", "pyarrow", "seaborn")


@cache
def versions() -> dict[str, str]:
    """The versions of the libraries on which records depend, and the commit where the code is a checkout."""
    libraries = {name: installed(name) or "not installed" for name in LIBRARIES}
    requested = {"with": " ".join(f"{name}=={version}" for name, version in releases().items())} if releases() else {}
    return {"python": platform.python_version(), **libraries, **releases(), **requested, "commit": commit()}


@cache
def releases() -> dict[str, str]:
    """The releases of libraries, by name, that `run --with` has put before the rest."""
    return {release["name"]: release["version"] for release in json.loads(os.environ.get(WITH, "[]"))}


@cache
def libraries(problem: str, optimizer: str) -> dict[str, str]:
    """The versions of the libraries that a problem and an optimizer are computed with."""
    needed = {*modules(registry.find_problem(problem)), *modules(registry.find_optimizer(optimizer))}
    return {name: installed(name) or "not installed" for name in sorted(map(registry.distribution, needed))}


def modules(definition: registry.Definition) -> set[str]:
    """The modules that a problem or an optimizer is computed with: what it needs, and NumPy or torch."""
    arrays = getattr(definition, "arrays", "")
    return {*definition.needs, *({"torch", "numpy"} if arrays == "any" else {arrays} - {""})}


@cache
def installed(library: str) -> str | None:
    """The version of an installed library; None where it is not there. It is read once, which takes milliseconds."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(library)
    return None


@cache
def commit() -> str:
    """The commit of the checkout that this code is in, with "+changes" where files differ from it; "" elsewhere."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        name = _output("git", "rev-parse", "--short=12", "HEAD", cwd=root)
        changes = _output("git", "status", "--porcelain", "--untracked-files=no", cwd=root)
        return name + ("+changes" if changes else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def repository() -> dict[str, Any] | None:
    """The commit that is checked out around this folder, else around this code: commit (40 digits), time (of the
    commit, in ISO 8601), dirty (whether tracked files differ from it); None where there is no repository of git."""
    root = Path(__file__).parents[2]
    for folder in (Path.cwd(), *([root] if (root / ".git").exists() else [])):
        with suppress(OSError, subprocess.SubprocessError, ValueError):
            name, time = _output("git", "show", "--no-patch", "--format=%H %cI", "HEAD", cwd=folder).split()
            changes = _output("git", "status", "--porcelain", "--untracked-files=no", cwd=folder)
            return {"commit": name, "time": time, "dirty": bool(changes)}
    return None


def _output(*command: str, timeout: int = 10, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=True)
    return done.stdout.strip()


def environment() -> dict[str, Any]:
    """Machine and versions, for the manifest."""
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": processor(),
        "cores": cores(),
        "gpu": gpu(),
        "executable": Path(sys.executable).name,
        "versions": versions(),
    }


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The model of the processor, as far as the system names it."""
    info = Path("/proc/cpuinfo")
    model = re.search(r"^model name\s*:(.*)", info.read_text(encoding="utf-8") if info.exists() else "", re.MULTILINE)
    return model[1].strip() if model else platform.processor()


@cache
def gpu() -> str:
    """The name of the first CUDA device as its driver gives it, "" without one; asked in a process of its own, because
    a process that has touched CUDA cannot be forked."""
    with suppress(OSError, subprocess.SubprocessError):
        return _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader", timeout=20).partition("\n")[0].strip()
    return ""


@cache
def resolve_device(device: str) -> str:
    """Where to compute, cpu or cuda: "auto" takes a GPU that works. Raises ValueError for "cuda" without one."""
    if device == "cpu" or (device == "auto" and not gpu()):
        return "cpu"
    program = "import torch; raise SystemExit(not torch.cuda.is_available())"
    usable = subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0
    if device == "cuda" and not usable:
        raise ValueError(
            "device cuda was asked for, but torch finds no usable GPU; `python -m bench doctor` tells more"
        )
    return "cuda" if usable else "cpu"
