"""Ctrl-C, a request to end and a closed terminal end a command alike: what is under way is given up, what was done is
kept, and the exit status says which it was."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # those of them that the system has
PATIENCE = 10.0  # seconds that cleaning up may take: another signal changes nothing before, and ends the process after


def stoppable(command: Callable[[], None]) -> None:
    """Do a command. A signal that asks this process to end is raised in it as KeyboardInterrupt, and however the
    command ends then, the exit status is 128 + the signal's number. What the caller ignores, as under nohup, stays so.
    """
    terminals = [descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)]
    stopped: list[tuple[int, float]] = []  # the first signal, and when it came

    def stop(number: int, frame: FrameType | None) -> None:
        if not stopped:
            stopped.append((number, time.monotonic()))
            _leave_closed(terminals)
            raise KeyboardInterrupt
        if time.monotonic() - stopped[0][1] > PATIENCE:
            os._exit(128 + stopped[0][0])

    for name in SIGNALS:
        if hasattr(signal, name) and signal.getsignal(number := getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(number, stop)  # until this process is gone: a second signal may come at any time
    try:
        command()
    except (SystemExit, KeyboardInterrupt, OSError):
        if not stopped:
            raise
    if stopped:
        raise SystemExit(128 + stopped[0][0])


def _leave_closed(terminals: list[int]) -> None:
    """What is written to a terminal that was closed meanwhile goes nowhere, and is no error."""
    for descriptor in terminals:
        if not os.isatty(descriptor):
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
