"""The end of a worker that one source keeps busy for too long."""

from __future__ import annotations

import os
import signal
import threading

from genconvit.core.closeable import Closeable


class Watchdog(Closeable):
    """Kills this process where a source is still busy after some time; the run then counts a death at it.

    Args:
        seconds: seconds for which a source may keep it busy.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.restart()

    def restart(self) -> None:
        """Let a source begin."""
        self.stop()
        self._timer = threading.Timer(self._seconds, os.kill, (os.getpid(), signal.SIGKILL))
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Watch no more."""
        self.stop()

    def stop(self) -> None:
        """Let nothing count until ``restart``."""
        if self._timer is not None:
            self._timer.cancel()
