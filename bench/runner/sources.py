"""The caller's own modules as files, on their way to another machine: what `--import` names and installed packages do
not hold."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from bench.core.registry.fingerprint import files
from bench.core.registry.imports import SEARCHED, module_of

MOST = 100 << 20  # bytes of all files
SKIPPED = ("__pycache__",)


@dataclass(frozen=True)
class Sources:
    """imports: what is to be imported where the files are. files: their contents, by their path below one folder.
    hashes: sha256 of each, in hexadecimal. packages: installed ones, which must be there."""

    imports: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()

    @classmethod
    def of(cls, imports: Sequence[str]) -> "Sources":
        """Those of modules that are imported here, as `registry.load` takes them: a package with all its files, a
        module with what it imports of those beside it. Raises ValueError for more than MOST."""
        names = tuple(map(module_of, imports))
        tops = {name.partition(".")[0] for name in names}
        ours = sorted(top for top in tops if files(top))
        contents = {path: place.read_bytes() for top in ours for path, place in sorted(_files(sys.modules[top]))}
        if (size := sum(map(len, contents.values()))) > MOST:
            raise ValueError(
                f"the modules {', '.join(ours)} have {size / 1e6:,.0f} MB of files, of which at most "
                f"{MOST / 1e6:,.0f} travel to workers: install them there"
            )
        hashes = {path: _hash(content) for path, content in contents.items()}
        return cls(names, contents, hashes, tuple(sorted(tops - {*ours, "bench"})))

    def write(self, beside: Path) -> tuple[str, ...]:
        """Write the files into a folder of their own, and check them there; answers what to import, for
        `registry.load`. Raises ValueError for a file that is not what was sent."""
        if not self.files:
            return self.imports
        folder = beside / f"modules-{_hash(repr(sorted(self.hashes.items())).encode())[:16]}"
        for path, content in self.files.items():
            place = folder / path
            if not place.is_file() or _hash(place.read_bytes()) != self.hashes[path]:
                place.parent.mkdir(parents=True, exist_ok=True)
                new = place.with_name(f".{place.name}.{os.getpid()}")
                new.write_bytes(content)
                new.replace(place)
            if _hash(place.read_bytes()) != self.hashes[path]:
                raise ValueError(f"the file {path} of the modules {', '.join(self.imports)} is not what was sent")
        return (f"{SEARCHED}{folder}", *self.imports)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _files(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """Path below the folder that is searched for the module, and place, of each file that it needs."""
    if not hasattr(module, "__path__"):
        place = Path(module.__file__ or "").resolve()
        yield place.name, place
        yield from _beside(place.parent, module.__name__)
        return
    for place in map(Path, module.__path__):
        root = place.resolve()
        for path in root.rglob("*"):
            if path.is_file() and not {*SKIPPED} & {*path.parts}:
                yield str(path.relative_to(root.parent)), path
        yield from _beside(root.parent, module.__name__)


def _beside(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The modules of a folder that are imported already, but for the named one and those of Fogbench."""
    for module in [*sys.modules.values()]:
        dotted, path = getattr(module, "__name__", ""), Path(getattr(module, "__file__", None) or ".")
        if dotted.partition(".")[0] in (name, "bench") or path.suffix != ".py":
            continue
        places = [
            folder.joinpath(*dotted.split("."), "__init__.py"),
            folder.joinpath(*dotted.split(".")).with_suffix(".py"),
        ]
        if path.resolve() in places:
            yield str(path.resolve().relative_to(folder)), path
