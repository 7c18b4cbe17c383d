"""What a child process tells its coordinator, through a pipe into which a method, too, may write: each message has a
checksum, and reading waits for none that is not there in full."""

import os
import pickle
import struct
import threading
import zlib
from multiprocessing.connection import Connection
from typing import Any

HEADER = struct.Struct("!8sQI")  # what every message begins with, its length and its checksum
BEGIN = b"fogbench"
LONGEST = 1 << 34  # bytes of a message
AT_ONCE = 1 << 20  # bytes that are read together
GARBLED = "what it sent is no record: the method writes into descriptors that are not its own"


class Garbled(Exception):
    """What came through the pipe was not sent by `Sender`."""


class Sender:
    """The end of the child: messages of several threads, one after the other."""

    def __init__(self, connection: Connection):
        self._connection, self._lock = connection, threading.Lock()

    def send(self, message: Any) -> None:
        """Raises BrokenPipeError where nobody reads."""
        packed = pickle.dumps(message)
        waiting = memoryview(HEADER.pack(BEGIN, len(packed), zlib.crc32(packed)) + packed)
        with self._lock:
            while waiting:
                waiting = waiting[os.write(self._connection.fileno(), waiting) :]


class Receiver:
    """The end of the coordinator."""

    def __init__(self, connection: Connection):
        self._connection, self._read = connection, bytearray()
        os.set_blocking(connection.fileno(), False)

    def receive(self, seconds: float) -> list[Any]:
        """The messages that are there in full, after waiting for something to read. Raises EOFError where there will
        be no more, and Garbled."""
        if self._connection.poll(seconds):
            try:
                read = os.read(self._connection.fileno(), AT_ONCE)
            except BlockingIOError:
                read = None
            if read == b"":
                raise EOFError
            self._read += read or b""
        messages = []
        while len(self._read) >= HEADER.size:
            begin, length, checksum = HEADER.unpack_from(self._read)
            if begin != BEGIN or length > LONGEST:
                raise Garbled
            end = HEADER.size + length
            if len(self._read) < end:
                break
            packed = bytes(self._read[HEADER.size : end])
            if zlib.crc32(packed) != checksum:
                raise Garbled
            del self._read[:end]
            messages.append(pickle.loads(packed))
        return messages
