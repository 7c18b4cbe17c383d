"""The wheel: `python -m tests.wheel` builds it into dist/, installs it with all that it requires into an environment of
its own, and tries it there, by tests/test_wheel.py."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).parents[1]
ENVIRONMENT = "FOGBENCH_WHEEL"  # environment variable: the folder of an environment in which it is tried
BUILDER = Version("77")  # of setuptools, as pyproject.toml has it
PATIENCE = 1800  # seconds of an installation


def files() -> list[str]:
    """The files of this checkout: those that git knows, or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def build(folder: Path) -> Path:
    """Build the wheel into a folder, from a copy: what was built before stays out of it."""
    with tempfile.TemporaryDirectory() as source:
        for name in files():
            (Path(source) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, Path(source) / name)
        apart = [] if Version(importlib.metadata.version("setuptools")) < BUILDER else ["--no-build-isolation"]
        pip("wheel", "--no-deps", *apart, "--wheel-dir", str(folder), source)
    (wheel,) = folder.glob("fogbench-*.whl")
    return wheel


def environment(folder: Path, wheel: Path, *, installed: bool) -> Path:
    """Make an environment with the wheel; answers the folder of its commands. installed: it sees the libraries that are
    installed here, and else gets its own, of the versions that are tested."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    if installed:
        there = Path(importlib.metadata.distribution("numpy").locate_file("")).resolve()
        place = "import sysconfig; print(sysconfig.get_path('purelib'))"
        (home,) = _output(str(commands / "python"), "-c", place).splitlines()
        (Path(home) / "installed.pth").write_text(str(there))  # whose own .pth files, of a checkout, do not count
    how = ["--no-deps", "--ignore-installed"] if installed else ["--constraint", str(ROOT / "constraints.txt")]
    pip("--python", str(commands / "python"), "install", *how, str(wheel))
    return commands


def pip(*words: str) -> None:
    """Do it quietly, or say all of it."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Build it, install it, try it; answers the exit status of the tests."""
    folder = ROOT / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    wheel = build(folder)
    print(f"{wheel.relative_to(ROOT)}: {wheel.stat().st_size:,} bytes")
    with tempfile.TemporaryDirectory(prefix="fogbench-wheel-") as fresh:
        environment(Path(fresh), wheel, installed=False)
        command = [sys.executable, "-m", "pytest", "tests/test_wheel.py", "-m", ""]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, ENVIRONMENT: fresh}).returncode


if __name__ == "__main__":
    sys.exit(main())
