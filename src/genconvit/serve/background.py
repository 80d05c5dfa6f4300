"""A thread that does small pieces of work as they come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_AFTER_AN_ERROR_SECONDS = 10.0


class Background:
    """Calls a step again and again. An error of a step is logged, and the next one comes a while later.

    Args:
        name: name of the thread.
        step: does a piece of work, and gives the seconds until the next one, which ``call`` cuts short.
    """

    def __init__(self, name: str, step: Callable[[], float]) -> None:
        self._name = name
        self._step = step
        self._called = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"genconvit-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def call(self) -> None:
        """Say that there may be work."""
        self._called.set()

    def stop(self) -> None:
        """End after the step that is under way; ``join`` waits for it."""
        self._stopping.set()
        self._called.set()

    def join(self, seconds: float) -> None:
        """Wait for the end, so long at most."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._called.clear()
            try:
                seconds = self._step()
            except Exception:
                _LOG.exception("a step of %s failed", self._name)
                seconds = _AFTER_AN_ERROR_SECONDS
            if not self._stopping.is_set():
                self._called.wait(seconds)
