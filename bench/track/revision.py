"""A suite at another revision: checked out into a worktree of git that is gone afterwards."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.runner.suite import load_suite, suite_file
from bench.track.seconds import Side, side

RESULTS = Path("results")


@contextmanager
def versions_of(
    suite: str, revision: str, workers: int | None, imports: Sequence[str], say: Callable[[str], None] = print
) -> Iterator[tuple[tuple[str, str], tuple[Side, Side]]]:
    """Run a suite at a revision of the repository that this folder belongs to, and as its files stand here; gives the
    names of both results, and for a while the code of both.

    Both run with the Python and the libraries that are installed here: of the revision, its files alone are taken, from
    its top folder or `src`. What is stored of it is not run again; what stands here always is, as any part may have
    changed. Raises ValueError for a revision that does not exist, and where the suite cannot be run there. What was
    begun and did not come to its end is removed, Ctrl-C included.
    """
    path = suite_file(suite)
    if load_suite(path).until:
        raise ValueError(f"{suite} says until, and check compares whole designs, not races: leave that line out")
    commit = revision_of(revision)
    base, new = f"{path.stem}-{commit[:12]}", f"{path.stem}-here"
    options = [f"--workers={workers}"] if workers else []
    options += [f"--import={module}" for module in imports]
    with checked_out(commit) as tree, _all_or_nothing(RESULTS, RESULTS / base, RESULTS / new) as aside:
        there = tree / _git("rev-parse", "--show-prefix")
        if not there.is_dir():
            raise ValueError(f"{revision} has no folder {there.relative_to(tree)}, which this one is")
        sides = side(there), side(Path.cwd())
        stored = (RESULTS / base).is_dir()
        if stored:
            shutil.copytree(RESULTS / base, there / RESULTS / base, dirs_exist_ok=True)
        say(f"{'What is missing' if stored else 'All'} of {path.stem} is run at {commit[:12]}.")
        _run(path, base, options, sides[0], f"at {revision}, with the libraries that are installed here")
        RESULTS.mkdir(exist_ok=True)
        for name in (base, new):
            if (RESULTS / name).exists():
                shutil.move(RESULTS / name, aside / name)
        shutil.copytree(there / RESULTS / base, RESULTS / base)
        say(f"All of {path.stem} is run as it stands here.")
        _run(path, new, options, sides[1], "here")
        yield (base, new), sides


def revision_of(name: str) -> str:
    """The commit of a revision of the repository around this folder. Raises ValueError where there is none."""
    if not _git("rev-parse", "--is-inside-work-tree"):
        raise ValueError(f"{Path.cwd()} is in no repository of git, of which --at {name} would be a revision")
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not commit:
        shallow = _git("rev-parse", "--is-shallow-repository") == "true"
        more = ", but it is a shallow clone: `git fetch --unshallow` brings the rest" if shallow else ""
        raise ValueError(f"the repository has no revision {name!r}{more}")
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


@contextmanager
def _all_or_nothing(*paths: Path) -> Iterator[Path]:
    """Where what is done within fails or is stopped, these are as they were before; gives a folder, where one that was
    there before may be put under its name meanwhile."""
    new = [path for path in paths if not path.exists()]
    with tempfile.TemporaryDirectory(prefix="fogbench-") as folder:
        aside = Path(folder)
        try:
            yield aside
        except BaseException:
            for path in paths[1:]:
                if path in new or (aside / path.name).exists():
                    shutil.rmtree(path, ignore_errors=True)
                if (aside / path.name).exists():
                    shutil.move(aside / path.name, path)
            if paths[0] in new:
                with suppress(OSError):
                    paths[0].rmdir()
            raise


def _run(suite: Path, name: str, options: Sequence[str], code: Side, where: str) -> None:
    """Run a suite into results/name of a folder, with the code there."""
    command = [sys.executable, "-m", "bench", "run", str(suite.resolve()), "--name", name, "--no-report", *options]
    done = subprocess.run(command, cwd=code.folder, env=code.environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        reason = lines[-1].removeprefix("Error: ") if lines else f"it ended with status {done.returncode}"
        raise ValueError(f"the suite cannot be run {where}: {reason}")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
