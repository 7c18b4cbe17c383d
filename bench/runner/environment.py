"""Where runs are made: machine, versions, commit; collected once a suite."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

LIBRARIES = (
    "fogbench",
    "numpy",
    "scipy",
    "torch",
    "nevergrad",
    "pandas",
    "scikit-learn",
    "pyarrow",
    "seaborn",
)


@cache
def versions() -> dict[str, str]:
    """The versions of the libraries on which records depend, and the commit where the code is a checkout."""
    libraries = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            libraries[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            libraries[name] = "not installed"
    return {**libraries, "commit": commit()}


@cache
def commit() -> str:
    """The commit of the checkout that this code is in, with "+changes" where files differ from it; "" elsewhere."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        name = _git(root, "rev-parse", "--short=12", "HEAD")
        return name + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


def environment() -> dict[str, Any]:
    """Machine and versions, for the manifest."""
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cores": cores(),
        "gpu": gpu(),
        "executable": Path(sys.executable).name,
        "versions": versions(),
    }


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


@cache
def gpu() -> str:
    """The name of the first CUDA device as its driver gives it, "" without one; asked in a process of its own, because
    a process that has touched CUDA cannot be forked."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.splitlines()[0].strip() if done.returncode == 0 and done.stdout.strip() else ""


@cache
def resolve_device(device: str) -> str:
    """Where to compute, cpu or cuda: "auto" takes a GPU that works. Raises ValueError for "cuda" without one."""
    if device == "cpu" or (device == "auto" and not gpu()):
        return "cpu"
    usable = subprocess.run(
        [sys.executable, "-c", "import torch; raise SystemExit(not torch.cuda.is_available())"], capture_output=True
    )
    if usable.returncode == 0:
        return "cuda"
    if device == "cuda":
        raise ValueError(
            "device cuda was asked for, but torch finds no usable GPU; `python -m bench doctor` tells more"
        )
    return "cpu"
