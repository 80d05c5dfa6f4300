"""One worker process, as the process sees it that started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, cast

from genconvit.core.errors import ConfigError, DecoderCrashError, SourceError, SourceLimitError
from genconvit.core.text import printable
from genconvit.core.types import ImageArray
from genconvit.isolation.confine import OUT_OF_MEMORY
from genconvit.isolation.incoming import failure
from genconvit.isolation.memory import SharedFrames, create_memory
from genconvit.isolation.messages import Channel, Message, MessageError

_BOOT = "import sys; sys.path[:] = sys.argv[3:]; from genconvit.isolation.worker import main; main()"
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 27),
}
"""No threads that a worker has no use for; and glibc keeps the memory of a frame for the next one, which saves the
kernel from clearing it each time: 1080p is read twice as fast."""

_START_SECONDS = 60.0
_SEND_SECONDS = 5.0
_END_SECONDS = 2.0
_MOST_PRINTED = 1 << 16
_REMEDY = "isolate=False (--no-isolate) reads without worker processes"


class WorkerProcess:
    """A process that reads sources; used by one thread at a time, but for ``kill`` and ``is_alive``.

    It imports what it needs from the same places as this process and never this process's main module. Its output is
    not seen. An interrupt from the keyboard does not reach it. It ends when this process ends, in whatever way.

    Args:
        decoders: the importable names of the decoders' classes.
        memory_limit_mb: MiB that it may use beyond its own needs.
        square_pixels: stretch frames whose pixels are not square.

    Attributes:
        is_ready: true once it has said that it is ready.
        idle: true while it waits for a source.
        served: number of sources it was given.

    Raises:
        ConfigError: the system starts no process.
    """

    def __init__(self, decoders: Sequence[str], memory_limit_mb: int, *, square_pixels: bool) -> None:
        self.memory_limit_mb = memory_limit_mb
        self.is_ready = False
        self.idle = True
        self.served = 0
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        memory = create_memory()
        try:
            self._frames = SharedFrames(memory)
            self._process = _start(theirs.fileno(), memory)
        except OSError as error:
            ours.close()
            raise ConfigError(f"a worker process cannot be started ({error.strerror}); {_REMEDY}") from error
        finally:
            theirs.close()
            os.close(memory)
        self._stderr = cast("IO[bytes]", self._process.stderr)
        self._prepare: Message = {
            "kind": "prepare",
            "decoders": list(decoders),
            "memory_limit_mb": memory_limit_mb,
            "square_pixels": square_pixels,
        }

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def read(self, order: Message) -> None:
        """Ask for a source's events.

        Raises:
            EOFError: the process has ended.
        """
        self.idle = False
        self.served += 1
        if self.served == 1:
            self.send(self._prepare)
        self.send(order)

    def await_start(self) -> None:
        """Wait until the process is ready.

        Raises:
            PluginError: it cannot load a decoder.
            ConfigError: it does not start.
        """
        try:
            message = self.receive(_START_SECONDS)
        except (EOFError, TimeoutError, MessageError) as error:
            raise ConfigError(f"a worker process does not start ({self._last_words()}); {_REMEDY}") from error
        if not self.is_ready:
            raise failure(message, "a worker process")

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
        message = self._channel.receive(seconds)
        if message["kind"] == "ready":
            self.is_ready = True
            self._stderr.close()
        elif message["kind"] in ("end", "failed"):
            self.idle = self.is_ready
        return message

    def image(self, slot: int, height: int, width: int) -> ImageArray:
        """The image in a slot; see ``SharedFrames.view``."""
        return self._frames.view(slot, height, width)

    def end_of(self) -> tuple[type[SourceError], str]:
        """Say why the process ended after its connection did: the kind and the reason of an unreadable source."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        status = self._process.poll()
        if status is None:
            return DecoderCrashError, "its decoder closed the connection to this process"
        if status == OUT_OF_MEMORY:
            return SourceLimitError, f"it needs more memory than the limit of {self.memory_limit_mb} MB"
        if status == -signal.SIGKILL:
            return DecoderCrashError, "its decoder was killed (SIGKILL), as the system does where memory runs out"
        if status < 0:
            return DecoderCrashError, f"its decoder crashed ({_signal_name(-status)})"
        return DecoderCrashError, f"its decoder ended its process (exit status {status})"

    def kill(self) -> None:
        """End the process; whoever waits for its messages learns of it."""
        self._process.kill()

    def close(self) -> None:
        """End the process, wait for its end and release what is held of it; more than once is fine."""
        self.idle = False
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._channel.close()
        self._frames.close()
        for pipe in (self._process.stdin, self._stderr):
            if pipe is not None:
                pipe.close()

    def _last_words(self) -> str:
        """The last line that a process which does not start has printed."""
        os.set_blocking(self._stderr.fileno(), False)
        try:
            printed = os.read(self._stderr.fileno(), _MOST_PRINTED)
        except BlockingIOError:
            printed = b""
        lines = printed.decode("utf-8", "replace").strip().splitlines()
        return printable(lines[-1][:160]) if lines else "it says nothing"


def _start(connection: int, memory: int) -> subprocess.Popen[bytes]:
    """Start a process that inherits two descriptors, the places to import from, and no terminal."""
    places = [place for place in sys.path if isinstance(place, str)]
    options = ["-I", f"-Xutf8={sys.flags.utf8_mode}"]
    return subprocess.Popen(  # noqa: S603 - no shell, and nothing of it comes from a file
        [sys.executable, *options, "-c", _BOOT, str(connection), str(memory), *places],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=(connection, memory),
        start_new_session=True,
        env={**_ENVIRONMENT, **os.environ},
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
