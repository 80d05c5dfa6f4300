"""Program of a worker process: it reads one source after another for the process that started it.

It must start fast, so it imports neither torch nor pydantic.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

import numpy as np

from genconvit.core.errors import SOURCE_ERRORS, ConfigError, PluginError, SourceError, SourceLimitError
from genconvit.core.text import first_line
from genconvit.core.types import Frame, on_host
from genconvit.isolation.confine import limit_memory, silence
from genconvit.isolation.decoders import load_decoder
from genconvit.isolation.incoming import MAX_NOTES, MAX_TEXT
from genconvit.isolation.memory import SLOT_PIXELS, SharedFrames
from genconvit.isolation.messages import Channel, Message
from genconvit.isolation.program import run
from genconvit.video.base import VideoDecoder
from genconvit.video.names import source_name
from genconvit.video.readers import FRAMES_AHEAD
from genconvit.video.reading import SourceOpened, read_source
from genconvit.video.sampling import FrameChoice
from genconvit.video.size_limits import too_large

_LOOK_SECONDS = 5.0
_MEMORY_MESSAGES = re.compile(r"bad_alloc|[Cc]annot allocate memory|\(-12 vs\. ")


def main() -> None:
    """Run the program; its descriptor is that of the shared memory."""
    run(_serve)


def _serve(channel: Channel, descriptors: Sequence[int]) -> None:
    (memory,) = descriptors
    frames = SharedFrames(memory, writable=True)
    os.close(memory)
    _Worker(channel, frames).serve()


class _StoppedError(Exception):
    """The other process wants no more of this source."""


class _Worker:
    def __init__(self, channel: Channel, frames: SharedFrames) -> None:
        self._channel = channel
        self._frames = frames
        self._free: list[int] = []
        self._parent = os.getppid()
        self._square_pixels = True

    def serve(self) -> None:
        """Load the decoders, and read what is asked for."""
        order = self._next_message()
        try:
            decoders = [load_decoder(name) for name in order["decoders"]]
        except PluginError as error:
            self._fail("plugin", str(error))
            return
        self._square_pixels = order["square_pixels"]
        limit_memory(order["memory_limit_mb"])
        self._channel.send({"kind": "ready"})
        silence()
        while True:
            order = self._next_message()
            if order["kind"] == "free":  # of the frames of a source that has ended
                self._free.append(order["slot"])
                if len(self._free) == FRAMES_AHEAD:
                    self._frames.trim()
            elif order["kind"] == "read":
                self._frames.trim()
                kind, value, indices = order["choice"]
                self._read(order["path"], order["folder"], decoders, FrameChoice(kind, value, tuple(indices)))

    def _read(self, path: str, folder: str | None, decoders: Sequence[VideoDecoder], choice: FrameChoice) -> None:
        self._free = list(range(FRAMES_AHEAD))
        try:
            if folder is not None:
                os.chdir(folder)
            self._send_events(path, decoders, choice)
        except (EOFError, MemoryError):
            raise
        except _StoppedError:
            self._end()
        except (Exception, SystemExit) as error:
            if _is_out_of_memory(error):
                raise MemoryError from error
            self._fail(*_told(error))
        else:
            self._end()

    def _send_events(self, path: str, decoders: Sequence[VideoDecoder], choice: FrameChoice) -> None:
        with closing(read_source(path, decoders, choice, square_pixels=self._square_pixels)) as events:
            for event in events:
                if isinstance(event, SourceOpened):
                    self._send_opened(event)
                else:
                    self._send_frame(path, event)

    def _send_opened(self, event: SourceOpened) -> None:
        self._channel.send(
            {
                "kind": "opened",
                "decoder": event.decoder[:MAX_TEXT],
                "frame_count": int(event.frame_count),
                "chosen_count": int(event.chosen_count),
                "notes": [note[:MAX_TEXT] for note in event.notes[:MAX_NOTES]],
                "duration_seconds": _number(event.duration_seconds),
            }
        )

    def _send_frame(self, path: str, frame: Frame) -> None:
        image = on_host(frame.image)
        height, width = image.shape[:2]
        reason = too_large("a frame", width, height, SLOT_PIXELS)
        if reason:
            raise SourceLimitError(source_name(path), reason)
        slot = self._free_slot()
        np.copyto(self._frames.view(slot, height, width), image)
        self._channel.send(
            {
                "kind": "frame",
                "index": int(frame.index),
                "pts_seconds": _number(frame.pts_seconds),
                "slot": slot,
                "height": height,
                "width": width,
            }
        )

    def _free_slot(self) -> int:
        for message in self._pending():
            if message["kind"] == "stop":
                raise _StoppedError
            if message["kind"] == "free":
                self._free.append(message["slot"])
        return self._free.pop()

    def _pending(self) -> Iterator[Message]:
        """The messages that are there; where no slot is free, it waits for one."""
        with suppress(TimeoutError):
            while True:
                yield self._channel.receive(0) if self._free else self._next_message()

    def _next_message(self) -> Message:
        """Wait for a message, and look now and then whether the other process is still there.

        The connection does not say so while a copy of that process, made by a fork, holds it open.
        """
        while True:
            with suppress(TimeoutError):
                return self._channel.receive(_LOOK_SECONDS)
            if os.getppid() != self._parent:
                raise EOFError

    def _end(self) -> None:
        self._channel.send({"kind": "end"})

    def _fail(self, error: str, reason: str) -> None:
        self._channel.send({"kind": "failed", "error": error, "reason": reason[:MAX_TEXT]})


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _told(error: BaseException) -> tuple[str, str]:
    """The kind of an error and its reason; what a decoder should not raise is the file's failure all the same."""
    if isinstance(error, SourceError):
        known = error.code if error.code in SOURCE_ERRORS else SourceError.code  # a plugin may have a kind of its own
        return known, error.reason
    if isinstance(error, ConfigError):
        return "config", str(error)
    if isinstance(error, PluginError):
        return "plugin", str(error)
    return SourceError.code, f"its decoder failed ({type(error).__name__}: {first_line(error)})"


def _is_out_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError) or _MEMORY_MESSAGES.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
