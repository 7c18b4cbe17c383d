"""What a child process tells its coordinator, through a pipe into which a method, too, may write: each message has a
checksum, and reading waits for none that is not there in full."""

import os
import pickle
import select
import struct
import threading
import time
import zlib
from multiprocessing.connection import Connection
from typing import Any

HEADER = struct.Struct("!8sQI")  # what every message begins with, its length and its checksum
BEGIN = b"fogbench"
LONGEST = 1 << 34  # bytes of a message
AT_ONCE = 1 << 20  # bytes that are read together
FEW = 1 << 14  # bytes: a quarter of what a pipe holds
POSIX = hasattr(select, "poll")  # elsewhere a pipe is no file, and is read message by message
CHATTY, PAUSE = 8, 0.02  # reads of so little, after which so many seconds pass before the next: each takes its time
GARBLED = "what it sent is no record: the method writes into descriptors that are not its own"


class Garbled(Exception):
    """What came through the pipe was not sent by `Sender`."""


class Sender:
    """The end of the child: messages of several threads, one after the other."""

    def __init__(self, connection: Connection):
        self._connection, self._lock = connection, threading.Lock()

    def send(self, *messages: Any) -> None:
        """Send these together. Raises BrokenPipeError where nobody reads."""
        packed = pickle.dumps(messages, pickle.HIGHEST_PROTOCOL)
        waiting = memoryview(HEADER.pack(BEGIN, len(packed), zlib.crc32(packed)) + packed)
        with self._lock:
            if not POSIX:
                return self._connection.send_bytes(waiting)
            while waiting:
                waiting = waiting[os.write(self._connection.fileno(), waiting) :]


class Receiver:
    """The end of the coordinator."""

    def __init__(self, connection: Connection):
        self._connection, self._descriptor, self._read, self._over = connection, connection.fileno(), bytearray(), False
        self._chatty = 0  # reads, one soon after the other, of little each
        if POSIX:
            os.set_blocking(self._descriptor, False)
            self._waiting = select.poll()
            self._waiting.register(self._descriptor, select.POLLIN)

    def receive(self, seconds: float) -> list[Any]:
        """The messages that are there in full, after waiting for something to read. Raises EOFError where there will
        be no more, and Garbled, once all messages before that were received."""
        if self._chatty > CHATTY:
            time.sleep(PAUSE)
        if POSIX:
            self._read_some(seconds)
        else:
            self._read_messages(seconds)
        messages = []
        while len(self._read) >= HEADER.size:
            begin, length, checksum = HEADER.unpack_from(self._read)
            end = HEADER.size + length
            garbled = begin != BEGIN or length > LONGEST
            if not garbled and len(self._read) < end:
                break
            packed = bytes(self._read[HEADER.size : end])
            try:
                if garbled or zlib.crc32(packed) != checksum:
                    raise ValueError
                messages += pickle.loads(packed)
            except Exception:  # of whatever was put in the place of what is sent
                if messages:
                    break
                raise Garbled from None
            del self._read[:end]
        if self._over and not messages:
            raise EOFError
        return messages

    def _read_some(self, seconds: float) -> None:
        began = time.monotonic()
        if not self._waiting.poll(1000 * seconds):
            return
        try:
            read = os.read(self._descriptor, AT_ONCE)
        except BlockingIOError:
            read = None
        self._over = read == b""
        self._read += read or b""
        few = len(read or b"") < FEW and time.monotonic() - began < PAUSE
        self._chatty = self._chatty + 1 if few else 0

    def _read_messages(self, seconds: float) -> None:
        try:
            while self._connection.poll(seconds):
                self._read += self._connection.recv_bytes()
                seconds = 0.0
        except (EOFError, OSError):  # OSError: of what was put in the place of what is sent
            self._over = True
