"""The time and memory that one source may take of a worker."""

from __future__ import annotations

import os
import signal
import threading
import time

from genconvit.core.closeable import Closeable
from genconvit.core.errors import SourceLimitError
from genconvit.scale.options import ScaleOptions


class Watch(Closeable):
    """Watches a worker that goes from source to source.

    Where a source is still busy after twice its time, and so does not come to a check, the process is killed: the run
    then counts a death at this source.

    Args:
        options: limits of the run.
    """

    def __init__(self, options: ScaleOptions) -> None:
        self._options = options
        self._timer: threading.Timer | None = None
        self.restart()

    def restart(self) -> None:
        """Let a source begin."""
        self.stop()
        self._since = time.monotonic()
        self._timer = threading.Timer(2 * self._options.video_limit_seconds, os.kill, (os.getpid(), signal.SIGKILL))
        self._timer.daemon = True
        self._timer.start()

    def check(self, crop_bytes: int) -> None:
        """Make sure that a source is within its limits.

        Args:
            crop_bytes: bytes that its faces take.

        Raises:
            SourceLimitError: it is not.
        """
        options = self._options
        if time.monotonic() - self._since > options.video_limit_seconds:
            raise SourceLimitError("", f"it was not done within the time limit of {options.video_limit_seconds:g} s")
        if crop_bytes > options.crops_limit_mb << 20:
            raise SourceLimitError(
                "",
                f"its faces take more than the limit of {options.crops_limit_mb} MB; look at fewer frames, or score it "
                "with the local engine",
            )

    def close(self) -> None:
        """Watch no more."""
        self.stop()

    def stop(self) -> None:
        """Let nothing count until ``restart``."""
        if self._timer is not None:
            self._timer.cancel()
