"""A suite at another revision: checked out into a worktree of git that is gone afterwards."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.runner.suite import FOLDER

RESULTS = Path("results")


def versions_of(suite: str, revision: str, workers: int | None, imports: Sequence[str]) -> tuple[str, str]:
    """Run a suite at a revision of the repository that this folder belongs to, and as its files stand here; answers
    the names of both results.

    What is stored of the revision is not run again; what stands here always is, as any part of it may have changed.
    Raises ValueError for a revision that does not exist, and where a run of
    the suite cannot be made there.
    """
    path = Path(suite) if suite.endswith(".toml") else FOLDER / f"{suite}.toml"
    if not path.is_file():
        raise ValueError(f"{suite} is not a suite: name one that `list suites` shows, or a TOML file")
    commit = revision_of(revision)
    base, new = f"{path.stem}-{commit[:12]}", f"{path.stem}-here"
    options = [f"--workers={workers}"] if workers else []
    options += [f"--import={module}" for module in imports]
    with checked_out(commit) as tree:
        _run(path, base, options, tree)
    shutil.rmtree(RESULTS / new, ignore_errors=True)
    _run(path, new, options, None)
    return base, new


def revision_of(name: str) -> str:
    """The commit of a revision of the repository around this folder. Raises ValueError where there is none."""
    if not _git("rev-parse", "--is-inside-work-tree"):
        raise ValueError(f"{Path.cwd()} is in no repository of git, of which --at {name} would be a revision")
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not commit:
        raise ValueError(f"the repository has no revision {name!r}")
    return commit


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit, for a while."""
    folder = Path(tempfile.mkdtemp(prefix="fogbench-"))
    tree = folder / "tree"
    try:
        done = subprocess.run(["git", "worktree", "add", "--detach", str(tree), commit], capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"{commit[:12]} cannot be checked out: {done.stderr.strip()}")
        yield tree
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(tree)], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["git", "worktree", "prune"], capture_output=True)


def _run(suite: Path, name: str, options: Sequence[str], tree: Path | None) -> None:
    """Run a suite into results/name, with the modules of a tree in place of those here."""
    path = [str(tree), str(tree / "src")] if tree else [os.getcwd()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "bench", "run", str(suite.resolve()), "--name", name, "--no-report", *options]
    where = tree or Path.cwd()
    if tree and (RESULTS / name).is_dir():
        shutil.copytree(RESULTS / name, tree / RESULTS / name, dirs_exist_ok=True)
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ValueError(f"the suite cannot be run {'at that revision' if tree else 'here'}: {''.join(reason)}")
    if tree:
        shutil.rmtree(RESULTS / name, ignore_errors=True)
        shutil.copytree(tree / RESULTS / name, RESULTS / name)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
