"""Which package a module belongs to. Our problems and optimizers are packages in `bench`: elsewhere anybody may have a
module `problems`, or a folder `optimizers`."""

from pathlib import Path

PACKAGES = ("bench.problems", "bench.optimizers")
ROOT = Path(__file__).resolve().parents[2]  # the folder that `bench` lies in: a checkout, or that of installed packages
FOLDERS = {ROOT / name for name in ("problems", "optimizers")}  # of a checkout
CHECKOUT = all(folder.is_dir() for folder in FOLDERS) and (ROOT / "pyproject.toml").is_file()


def package_of(module: str | None) -> str:
    """The package of a module: bench.problems of bench.problems.toys.rosenbrock, numpy of numpy.linalg."""
    name = module or ""
    return next((ours for ours in PACKAGES if f"{name}.".startswith(f"{ours}.")), name.partition(".")[0])


def is_ours(module: str | None) -> bool:
    """Whether a module is one of our problems or optimizers."""
    return package_of(module) in PACKAGES


def short(module: str | None) -> str | None:
    """A module's name as it is shown, and as fingerprints have it: problems.toys.rosenbrock."""
    return module.removeprefix("bench.") if module and is_ours(module) else module
