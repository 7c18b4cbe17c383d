"""What lies under results/: a look at each folder, and the removal of one."""

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.core.status import statuses
from bench.measure import words
from bench.results import plans
from bench.runner.alone import alone_in, running_in
from bench.runner.store import Store, StoreError

DATABASE = "runs.db"
# what is written into a folder of results, by its path in it
OURS = re.compile(r"(runs(-\d{8}-\d{6}-\d{6})?\.db(-wal|-shm|-journal)?|lock|tuned\.toml(\.part)?)")
DRAFT = re.compile(r"\.[0-9a-f]{16}\.part")  # a folder that `merge` has not ended, see `bench.core.files.new_folder`
EXPORTS = {  # folders that `export` writes there by default, and what is in them; another file is somebody's
    "csv": re.compile(r"(runs|trajectories|ert)\.csv"),
    "parquet": re.compile(r"(runs|trajectories|ert)\.parquet"),
    "coco": re.compile(r"[^/]+/[^/]+/(bbobexp_f\d+\.info|data_f\d+/bbobexp_f\d+_DIM\d+\.t?dat)"),
    "ioh": re.compile(r"[^/]+/(IOHprofiler_f[^/]+\.json|data_f[^/]+/IOHprofiler_f\d+_DIM\d+\.dat)"),
}


@dataclass(frozen=True)
class Folder:
    """One folder of results. size: bytes of all that is in it. planned, there, failed: runs. age: seconds since it was
    written last. suite: its title, or else its name. state: what else is to be said of it, "" where nothing is. error:
    why it cannot be read."""

    name: str
    size: int
    planned: int
    there: int
    failed: int
    age: float
    suite: str
    state: str
    error: str = ""


def folders(results: Path) -> list[Folder]:
    """The folders of results in a folder, those that were written last first; one that cannot be read says why."""
    places = [path for path in results.iterdir() if os.path.lexists(path / DATABASE)] if results.is_dir() else []
    return sorted(map(_look, places), key=lambda folder: folder.age)


def _look(path: Path) -> Folder:
    facts = [file.stat() for name in (DATABASE, f"{DATABASE}-wal") if (file := path / name).is_file()]
    written = [fact.st_mtime for fact in facts if fact.st_size]  # a reader leaves an empty -wal
    age = max(0.0, time.time() - max(written, default=path.lstat().st_mtime))
    size = sum(file.lstat().st_size for file in _files(path))
    running = running_in(path)
    killed = ["left by a merge that was killed"] * (bool(DRAFT.fullmatch(path.name)) and not running)
    try:
        with closing(Store(path)) as store:
            manifest, counts, planned = store.manifest(), Counter(store.endings()), len(store.places())
            damaged = store.damage()
    except StoreError as error:
        return Folder(path.name, size, 0, 0, 0, age, "", "running" if running else "cannot be read", str(error))
    suite, there = manifest.get("suite", {}), sum(counts.values())
    failed = sum(counts[status] for status in statuses("failed"))
    shards, lacking = plans.lacking(manifest)
    states = (
        ["running"] * running
        + killed
        + [f"{text} not here" for text in shards]
        + ["damaged: see `verify`"] * bool(damaged)
    )
    if shard := manifest.get("shard"):
        states.append(words.shards([shard["number"]], shard["of"]))
    title = suite.get("title") or suite.get("name", "")
    return Folder(path.name, size, planned + lacking, there, failed, age, title, ", ".join(states))


def _files(path: Path) -> Iterator[Path]:
    """All files of a folder at any depth, and links, which are not followed below it."""
    with suppress(OSError):
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield Path(entry.path)


def check_removable(results: Path, name: str) -> Path:
    """The folder of a name under results/ that `remove` may take; raises ValueError, with the reason, for another."""
    path = results / name
    if name != Path(name).name or name in ("", ".", ".."):
        raise ValueError(f"a name under {results} is needed, not a path, got {name!r}")
    if path.is_symlink():
        raise ValueError(f"{path} is a link, and nothing behind it is removed: remove the link itself")
    if not os.path.lexists(path / DATABASE):
        names = [folder.name for folder in folders(results)]
        raise ValueError(f"{path} holds no results; there are {words.listed(names, 20) or 'none'}")
    if (path / DATABASE).is_symlink():
        raise ValueError(f"{path / DATABASE} is a link, and nothing behind it is removed: remove it yourself")
    if running_in(path):
        raise StoreError(f"another process is running into {path}: wait for it, or stop it, before it is removed")
    if (path / DATABASE).stat().st_size or not (path / DATABASE).is_file():  # an empty one: killed before it wrote
        Store(path).close()  # raises StoreError for a file of something else
    return path


def remove(path: Path) -> tuple[int, int, list[str]]:
    """Remove what Fogbench wrote into a folder of results, and the folder, where it is then empty.

    Answers with the number of files and of bytes that were removed, and the names of what stays: files of others, and
    links, which are neither followed nor removed. Raises StoreError where a process runs into it.
    """
    with alone_in(path):
        ours = sorted(_ours(path), key=lambda file: file.name == "lock")  # the last: who waits for it begins anew
        size = sum(file.lstat().st_size for file in ours)
        for file in ours:
            file.unlink()
    for name in EXPORTS:
        _remove_empty(path / name)
    _remove_empty(path)
    kept = sorted(str(file.relative_to(path)) for file in _files(path))
    return len(ours), size, kept


def _ours(path: Path) -> list[Path]:
    """The files of a folder that Fogbench wrote; no links."""
    files = []
    for file in _files(path):
        first, *inner = file.relative_to(path).parts
        pattern, name = (EXPORTS.get(first), "/".join(inner)) if inner else (OURS, first)
        if pattern and pattern.fullmatch(name) and not file.is_symlink() and file.is_file():
            files.append(file)
    return files


def _remove_empty(path: Path) -> None:
    """Remove a folder in which there are only empty ones."""
    if path.is_symlink() or not path.is_dir():
        return
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            _remove_empty(Path(entry.path))
    with suppress(OSError):  # it is not empty
        path.rmdir()
