"""A process of its own for what a hostile file may do: how it starts, is talked with, and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, cast

from genconvit.core.errors import DecoderCrashError, SourceError, SourceLimitError
from genconvit.core.text import printable
from genconvit.isolation.confine import OUT_OF_MEMORY
from genconvit.isolation.messages import Channel, Message

START_SECONDS = 60.0
"""Seconds that a process may take until it is ready."""

_BOOT = "import sys; sys.path[:] = sys.argv[{end}:]; del sys.argv[{end}:]; from {program} import main; main()"
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 27),
}
"""No threads that a worker has no use for; and glibc keeps the memory of a frame for the next one, which saves the
kernel from clearing it each time: 1080p is read twice as fast."""

_SEND_SECONDS = 5.0
_END_SECONDS = 2.0
_MOST_PRINTED = 1 << 16


def why_no_process() -> str | None:
    """Say why this program cannot have processes of its own; None where it can."""
    if os.name != "posix" or sys.platform in ("emscripten", "wasi"):
        return f"worker processes need a POSIX system, and this one is {sys.platform!r}"
    if getattr(sys, "frozen", False):
        return "this program is frozen into one executable, which cannot start a Python interpreter"
    if not sys.executable:
        return "the path of the Python interpreter is not known, as in a program that embeds Python"
    return None


class ChildProcess:
    """A process that runs one program of this package; used by one thread at a time, but for ``kill`` and ``is_alive``.

    It imports what it needs from the same places as this process and never this process's main module. Its output is
    not seen. An interrupt from the keyboard does not reach it. It ends when this process ends, in whatever way.

    Args:
        program: module of the package whose ``main`` it runs.
        descriptors: descriptors that it inherits; their numbers are its arguments, after the connection's.
        role: name of the program in reasons, for example ``its decoder``.
        memory_limit_mb: MiB that it may use beyond its own needs, for reasons; its program holds them.

    Raises:
        OSError: the system starts no process.
    """

    def __init__(self, program: str, descriptors: Sequence[int], *, role: str, memory_limit_mb: int) -> None:
        self.memory_limit_mb = memory_limit_mb
        self._role = role
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        try:
            self._process = _start(program, [theirs.fileno(), *descriptors])
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._stderr = cast("IO[bytes]", self._process.stderr)

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            EOFError: the process has ended, or does not take messages any more.
        """
        try:
            self._channel.send(message, _SEND_SECONDS)
        except TimeoutError as error:
            raise EOFError from error

    def receive(self, seconds: float) -> Message:
        """Wait for the next message; see ``Channel.receive``."""
        return self._channel.receive(seconds)

    def end_of(self) -> tuple[type[SourceError], str]:
        """Say why the process ended after its connection did: the kind and the reason of an unreadable source."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        status = self._process.poll()
        if status is None:
            return DecoderCrashError, f"{self._role} closed the connection to this process"
        if status == OUT_OF_MEMORY:
            return SourceLimitError, f"it needs more memory than the limit of {self.memory_limit_mb} MB"
        if status == -signal.SIGKILL:
            return DecoderCrashError, f"{self._role} was killed (SIGKILL), as the system does where memory runs out"
        if status < 0:
            return DecoderCrashError, f"{self._role} crashed ({_signal_name(-status)})"
        return DecoderCrashError, f"{self._role} ended its process (exit status {status})"

    def kill(self) -> None:
        """End the process; whoever waits for its messages learns of it."""
        self._process.kill()

    def close(self) -> None:
        """End the process, wait for its end and release what is held of it; more than once is fine."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._channel.close()
        for pipe in (self._process.stdin, self._stderr):
            if pipe is not None:
                pipe.close()

    def printed(self) -> str:
        """Text that the process has printed since the last look, where nothing has silenced it."""
        os.set_blocking(self._stderr.fileno(), False)
        try:
            content = os.read(self._stderr.fileno(), _MOST_PRINTED)
        except BlockingIOError:
            content = b""
        return content.decode("utf-8", "replace")

    def last_words(self) -> str:
        """The last line that the process has printed, for an error."""
        lines = self.printed().strip().splitlines()
        return printable(lines[-1][:160]) if lines else "it says nothing"


def _start(program: str, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a process that inherits descriptors, the places to import from, and no terminal."""
    places = [place for place in sys.path if isinstance(place, str)]
    numbers = [str(descriptor) for descriptor in descriptors]
    boot = _BOOT.format(end=len(numbers) + 1, program=program)
    options = ["-I", f"-Xutf8={sys.flags.utf8_mode}"]
    return subprocess.Popen(  # noqa: S603 - no shell, and nothing of it comes from a file
        [sys.executable, *options, "-c", boot, *numbers, *places],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=descriptors,
        start_new_session=True,
        env={**_ENVIRONMENT, **os.environ},
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
