"""Whether a run is alive, as its own process sees it: what it does, and since when."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

from bench.core import oracle
from bench.core.books import LINGER, Books

EVERY, BEATS = 1.0, 5  # seconds between two at most, and how many there are at least while patience lasts


@dataclass(frozen=True)
class Pulse:
    """asking: whether a question is under way, and since: seconds that this, or the method's own work, has taken.
    longest: seconds of the longest question that was answered so far, of the values at the start among them."""

    asking: bool
    since: float
    longest: float


_felt: tuple[Books, CodeType] | None = None
_tell: Callable[[Pulse], None] | None = None
_leaving = threading.Lock()  # held while a run is left, and when one ends


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
        with _leaving:
            _felt = before


def beat(tell: Callable[[Pulse], None], patience: float) -> None:
    """Tell how each run does, when its method begins, and then in a thread of its own, again and again; and leave a
    method that has not returned LINGER seconds after its run ended, or patience. patience: of who hears of it, in
    seconds, which such a method does not try."""
    global _tell
    _tell = tell
    linger = min(LINGER, patience)
    watched: Books | None = None
    longest, under_way, ended_at = 0.0, (0.0, 0.0), 0.0  # of it: when the question began, and how long that is ago

    def go_on() -> None:
        nonlocal watched, longest, under_way, ended_at
        while True:
            time.sleep(min(EVERY, patience / BEATS))
            if (held := _felt) is None:
                continue
            books, play = held
            began = books.answered_at
            if books is not watched:
                watched, longest, under_way, ended_at = books, books.first_seconds, (began, 0.0), 0.0
            if under_way[0] != began:  # it was answered
                longest, under_way = max(longest, under_way[1]), (began, 0.0)
            if books.over:
                ended_at = ended_at or time.perf_counter()
                if time.perf_counter() - ended_at > linger:
                    _leave(books, linger)
                    continue
            since = time.perf_counter() - began
            if asking := not ended_at and _asks(play):
                under_way = began, since
            asking, since = (True, 0.0) if ended_at else (asking, since)
            try:
                tell(Pulse(asking, since, longest))
            except OSError:  # nobody listens any more
                return

    threading.Thread(target=go_on, daemon=True).start()


def _leave(books: Books, seconds: float) -> None:
    """End this process with the records of a run that is over, and whose method has not returned even now."""
    with _leaving:
        if _felt is not None and _felt[0] is books and books.abandon is not None:
            books.late = seconds
            books.abandon()


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
