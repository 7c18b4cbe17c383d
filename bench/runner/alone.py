"""One process at a time writes into a folder of results: the lock in it says who does."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.runner.store import StoreError

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

NOT_LINKED = getattr(os, "O_NOFOLLOW", 0)  # no link that came since is followed, where the system can tell
TRIES, PAUSE = 5, 0.05  # a look from outside, as of `watch`, takes less


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Be the one coordinator that writes into a folder; raises StoreError where another process is, or its lock is no
    file."""
    path = folder / "lock"
    if path.is_symlink() or (path.exists() and not path.is_file()):  # a pipe, say, which would be waited for
        raise StoreError(f"{path} is no file, where one must be that says who runs into {folder}: remove it")
    for _ in range(TRIES):
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | NOT_LINKED, 0o666)) as lock:  # nothing is emptied
            if _locked(lock.fileno()) and _is(lock.fileno(), path):  # and was not removed meanwhile
                yield
                return
        time.sleep(PAUSE)
    raise StoreError(f"another process is running into {folder}: wait for it, or choose another --name")


def running_in(folder: Path) -> bool:
    """Whether a process writes into a folder now; looks, and keeps nobody out but for less than a millisecond."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | NOT_LINKED | getattr(os, "O_NONBLOCK", 0))
    except OSError:  # nobody ran there, or it cannot be read
        return False
    try:
        _lock(descriptor, shared=True)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:  # no locks on this file system
        return False
    finally:
        os.close(descriptor)
    return False


def _locked(descriptor: int) -> bool:
    """Lock an open file, unless another process has."""
    try:
        _lock(descriptor)
    except OSError:
        return False
    return True


def _lock(descriptor: int, shared: bool = False) -> None:
    """Lock an open file until it is closed; raises OSError where another process has locked it. On Windows, where its
    first byte is locked, never shared."""
    if fcntl:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    else:
        import msvcrt

        locking: Any = msvcrt
        os.lseek(descriptor, 0, os.SEEK_SET)
        locking.locking(descriptor, locking.LK_NBLCK, 1)


def _is(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one of this path."""
    with suppress(OSError):
        there, here = path.stat(follow_symlinks=False), os.fstat(descriptor)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
    return False
