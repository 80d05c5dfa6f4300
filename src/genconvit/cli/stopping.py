"""The signals that ask a program to end: each ends a command as Ctrl-C does."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_PATIENCE_SECONDS = 10.0


class Stopped(KeyboardInterrupt):
    """A signal asks the program to end; whatever knows Ctrl-C knows it."""


class StopSignals:
    """Turns the signals that ask for the end into ``Stopped``, raised in the main thread, while its block runs.

    A signal that was ignored before stays ignored, as ``nohup`` and a shell's background jobs want it. For ten seconds
    after one, others do nothing: a terminal that closes sends several, and what is finished is put in its place in
    peace.

    Attributes:
        number: number of the first signal that came; None while there was none.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._until = 0.0
        self._before = {}
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            every = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
            self._before = {number: signal.getsignal(number) for number in every}

    def __enter__(self) -> StopSignals:
        for number, handler in self._before.items():
            if handler not in (signal.SIG_IGN, None):
                signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            if handler is not None:
                signal.signal(number, handler)

    @property
    def exit_status(self) -> int:
        """Exit status that a shell gives a program that a signal ended; 0 while there was none."""
        return 0 if self.number is None else 128 + self.number

    @property
    def told(self) -> str:
        """One line that says what happened."""
        if self.number in (None, signal.SIGINT):
            return "interrupted"
        return f"interrupted by {signal.Signals(self.number).name}"

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        if time.monotonic() < self._until:
            return
        self._until = time.monotonic() + _PATIENCE_SECONDS
        self.number = self.number or number
        raise Stopped
