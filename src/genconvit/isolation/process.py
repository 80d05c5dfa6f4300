"""One worker process that decodes, as the process sees it that started it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from genconvit.core.errors import ConfigError
from genconvit.core.types import ImageArray
from genconvit.isolation.child import START_SECONDS, ChildProcess
from genconvit.isolation.incoming import failure
from genconvit.isolation.memory import SharedFrames, create_memory
from genconvit.isolation.messages import Message, MessageError

_REMEDY = "isolate=False (--no-isolate) reads without worker processes"


class WorkerProcess(ChildProcess):
    """A process that reads sources.

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
        self.is_ready = False
        self.idle = True
        self.served = 0
        memory = create_memory()
        try:
            self._frames = SharedFrames(memory)
            program = "genconvit.isolation.worker"
            super().__init__(program, [memory], role="its decoder", memory_limit_mb=memory_limit_mb)
        except OSError as error:
            raise ConfigError(f"a worker process cannot be started ({error.strerror}); {_REMEDY}") from error
        finally:
            os.close(memory)
        self._prepare: Message = {
            "kind": "prepare",
            "decoders": list(decoders),
            "memory_limit_mb": memory_limit_mb,
            "square_pixels": square_pixels,
        }

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
            message = self.receive(START_SECONDS)
        except (EOFError, TimeoutError, MessageError) as error:
            raise ConfigError(f"a worker process does not start ({self.last_words()}); {_REMEDY}") from error
        if not self.is_ready:
            raise failure(message, "a worker process")

    def receive(self, seconds: float) -> Message:
        """Wait for the next message; see ``Channel.receive``."""
        message = super().receive(seconds)
        if message["kind"] == "ready":
            self.is_ready = True
            self._stderr.close()
        elif message["kind"] in ("end", "failed"):
            self.idle = self.is_ready
        return message

    def image(self, slot: int, height: int, width: int) -> ImageArray:
        """The image in a slot; see ``SharedFrames.view``."""
        return self._frames.view(slot, height, width)

    def close(self) -> None:
        """End the process, wait for its end and release what is held of it; more than once is fine."""
        self.idle = False
        super().close()
        self._frames.close()
