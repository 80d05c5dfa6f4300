"""An end in time for one file's fetching: what waits is woken, and what is connected is cut."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from genconvit.core.closeable import Closeable


class Deadline(Closeable):
    """Ends waits and connections after a time, or when it is cut before; a connection that drips bytes is no exception.

    Args:
        seconds: time until the end.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._over = threading.Event()
        self._connections: list[socket.socket] = []
        self._changing = threading.Lock()
        self._timer = threading.Timer(seconds, self.cut)
        self._timer.daemon = True
        self._timer.start()

    @property
    def left(self) -> float:
        """Seconds that are left, 0 at the end."""
        return 0.0 if self._over.is_set() else max(0.0, self._end - time.monotonic())

    def wait(self, seconds: float) -> None:
        """Wait, at most until the end."""
        self._over.wait(min(seconds, self.left))

    def watch(self, connection: socket.socket) -> None:
        """Cut a connection at the end; whoever uses it closes it."""
        with self._changing:
            self._connections.append(connection.dup())
        if self._over.is_set():
            self.cut()

    def cut(self) -> None:
        """Be at the end now."""
        self._over.set()
        with self._changing:
            for each in self._connections:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connections."""
        self._timer.cancel()
        with self._changing:
            while self._connections:
                self._connections.pop().close()
