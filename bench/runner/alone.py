"""One process at a time writes into a folder of results: the lock in it says who does."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.runner.store import StoreError

TRIES, PAUSE = 5, 0.05  # a look from outside, as of `watch`, takes less


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Be the one coordinator that writes into a folder; raises StoreError where another process is, or its lock is no
    file."""
    path = folder / "lock"
    if path.is_symlink() or (path.exists() and not path.is_file()):  # a pipe, say, which would be waited for
        raise StoreError(f"{path} is no file, where one must be that says who runs into {folder}: remove it")
    for _ in range(TRIES):
        # no link that came since is followed, and nothing is emptied
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)) as lock:
            if _locked(lock.fileno()) and _is(lock.fileno(), path):  # and was not removed meanwhile
                yield
                return
        time.sleep(PAUSE)
    raise StoreError(f"another process is running into {folder}: wait for it, or choose another --name")


def running_in(folder: Path) -> bool:
    """Whether a process writes into a folder now; looks, and keeps nobody out but for less than a millisecond."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # nobody ran there, or it cannot be read
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no locks on this file system
        return False
    finally:
        os.close(descriptor)
    return False


def _locked(descriptor: int) -> bool:
    """Lock an open file, unless another process has."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one of this path."""
    with suppress(OSError):
        there, here = path.stat(follow_symlinks=False), os.fstat(descriptor)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
    return False
