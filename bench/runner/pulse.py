"""Whether a run is alive, as its own process sees it: what it does, and since when."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

from bench.core import oracle
from bench.core.books import Books

EVERY, BEATS = 1.0, 5  # seconds between two at most, and how many there are at least while patience lasts


@dataclass(frozen=True)
class Pulse:
    """asking: whether a question is under way, and since: seconds that this, or the method's own work, has taken.
    longest: seconds of the longest question so far, of the values at the start among them."""

    asking: bool
    since: float
    longest: float


_felt: tuple[Books, CodeType] | None = None
_tell: Callable[[Pulse], None] | None = None


@contextmanager
def felt(books: Books, play: CodeType) -> Iterator[None]:
    """Let `beat` tell of these books. play: the code of the function that calls the method."""
    global _felt
    before, _felt = _felt, (books, play)
    if _tell is not None:  # at once: where a method holds the interpreter, no other thread comes to it
        _tell(Pulse(False, 0.0, books.first_seconds))
    try:
        yield
    finally:
        _felt = before


def beat(tell: Callable[[Pulse], None], patience: float) -> None:
    """Tell how each run does, when its method begins, and then in a thread of its own, again and again. patience: of
    who hears of it, in seconds."""
    global _tell
    _tell = tell
    longest: tuple[Books | None, float] = None, 0.0

    def go_on() -> None:
        nonlocal longest
        while True:
            time.sleep(min(EVERY, patience / BEATS))
            if (held := _felt) is None:
                continue
            books, play = held
            since = time.perf_counter() - books.answered_at
            if books is not longest[0]:
                longest = books, books.first_seconds
            if asking := _asks(play):
                longest = books, max(longest[1], since)
            try:
                tell(Pulse(asking, since, longest[1]))
            except OSError:  # nobody listens any more
                return

    threading.Thread(target=go_on, daemon=True).start()


def _asks(play: CodeType) -> bool:
    """Whether any thread is in a question, or where no method is at work."""
    at_work = False
    for thread, frame in sys._current_frames().items():
        while frame is not None and thread != threading.get_ident():
            if frame.f_globals.get("__name__") == oracle.__name__:
                return True
            at_work = at_work or frame.f_code is play
            frame = frame.f_back
    return not at_work
