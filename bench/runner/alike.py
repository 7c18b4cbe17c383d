"""What must be alike where runs of one folder are made on several machines: code, and versions of libraries."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from bench.core.packages import PACKAGES, short
from bench.runner.environment import installed, processor, versions

CODE = ("bench.core", "bench.runner", *PACKAGES)  # packages on which records depend
KINDS = (".py", ".txt")  # of files that are code there, or read by it
LINK = ("distributed", "dask", "cloudpickle", "msgpack", "tornado")  # libraries by which machines talk
OF_SCHEDULER = ("python", *LINK)  # what a scheduler, which computes nothing, must have as well


def facts(names: Iterable[str] = ()) -> dict[str, str]:
    """What records depend on in this process: versions of Python and of libraries, those that are named among them, and
    a hash of the code in each folder of Fogbench."""
    libraries = {name: _installed(name) or "not installed" for name in sorted({*names, *LINK})}
    here = {name: version for name, version in versions().items() if name not in ("commit", "with")}
    return {**libraries, **here, **_code()}


@cache
def kernels() -> dict[str, str]:
    """What libraries choose how to round by: the processor, and the kernels of BLAS that are in use on it, or that
    OPENBLAS_CORETYPE names."""
    import scipy.linalg  # noqa: F401  # it brings a BLAS of its own
    from threadpoolctl import threadpool_info

    places = [(Path(each["filepath"]).parent.name.removesuffix(".libs"), each) for each in threadpool_info()]
    used = {f"{each['internal_api']} of {place}": each.get("architecture", "") for place, each in places}
    return {"processor": processor(), **{name: architecture for name, architecture in used.items() if architecture}}


_installed = cache(installed)  # of a worker that serves many campaigns


@cache
def _code() -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for package in CODE:
        (root,) = map(Path, import_module(package).__path__)
        name = Path(*str(short(package)).split("."))
        for path in sorted(root.rglob("*")):
            if path.suffix in KINDS and path.is_file():
                folder = (name / path.parent.relative_to(root)).as_posix()
                texts.setdefault(folder, []).append(f"{path.name} {_hash(path)}")
    return {f"code of {folder}": hashlib.sha256("\n".join(of).encode()).hexdigest() for folder, of in texts.items()}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def difference(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """How what is there differs from what is here, as the end of a sentence; "" where it does not."""
    versions = [
        f"{name} {there.get(name, 'not installed')} (here {here[name]})"
        for name in here
        if not name.startswith("code of ") and there.get(name) != here[name]
    ]
    names = sorted(
        name for name in {*there, *here} if name.startswith("code of ") and there.get(name) != here.get(name)
    )
    code = [f"other {name.replace('code of', 'code in', 1)}" for name in names]
    return "; ".join([*versions, *code])
