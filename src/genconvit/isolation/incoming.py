"""A worker's messages, turned into events after a check of every value: a hostile file may have taken it over."""

from __future__ import annotations

import math
from collections.abc import Callable

from genconvit.core.errors import SOURCE_ERRORS, ConfigError, GenConViTError, PluginError
from genconvit.core.types import Frame, ImageArray
from genconvit.isolation.messages import Message, MessageError
from genconvit.video.reading import Event, SourceOpened

MAX_TEXT = 2000
"""The most characters of a name, a note or a reason."""

MAX_NOTES = 16

_MOST = 1 << 32


class Incoming:
    """Checks the events of one source.

    Args:
        name: name of the source in errors.
        openings: number of times that it may be opened, which is once for each decoder.
        view: the image in a slot, by the slot's number, height and width; a ValueError where there is none.
    """

    def __init__(self, name: str, openings: int, view: Callable[[int, int, int], ImageArray]) -> None:
        self._name = name
        self._openings = openings
        self._view = view
        self._frame_count = 0
        self._left = 0
        self._last = -1

    def event(self, message: Message) -> Event | None:
        """The event that a message tells; None for the end.

        Raises:
            SourceError: the message says that the source cannot be read.
            ConfigError: it says that an option is not allowed.
            PluginError: it says that a decoder is broken.
            MessageError: it is none that may come now.
        """
        kind = message["kind"]
        if kind == "opened":
            return self._opened(message)
        if kind == "frame":
            return self._frame(message)
        if kind == "failed":
            raise failure(message, self._name)
        if kind != "end":
            raise MessageError(f"a message of kind {kind!r:.40}")
        return None

    def _opened(self, message: Message) -> SourceOpened:
        self._openings -= 1
        if self._openings < 0:
            raise MessageError("it was opened more often than there are decoders")
        notes = message.get("notes")
        if not isinstance(notes, list) or len(notes) > MAX_NOTES:
            raise MessageError("notes are no short list")
        self._frame_count = _whole(message.get("frame_count"), 1, _MOST)
        self._left = _whole(message.get("chosen_count"), 1, self._frame_count)
        self._last = -1
        decoder, duration = _text(message.get("decoder")), _seconds(message.get("duration_seconds"))
        if duration is not None and duration < 0:
            raise MessageError("a duration is negative")
        return SourceOpened(decoder, self._frame_count, self._left, tuple(map(_text, notes)), duration)

    def _frame(self, message: Message) -> Frame:
        if not self._left:
            raise MessageError("a frame that was not announced")
        self._left -= 1
        self._last = _whole(message.get("index"), self._last + 1, self._frame_count - 1)
        seconds = _seconds(message.get("pts_seconds"))
        slot, height, width = (_whole(message.get(key), 0, _MOST) for key in ("slot", "height", "width"))
        try:
            image = self._view(slot, height, width)
        except ValueError as error:
            raise MessageError(str(error)) from error
        return Frame(self._last, seconds, image)


def failure(message: Message, name: str) -> GenConViTError:
    """The error that a message of the kind ``failed`` tells.

    Args:
        message: message that a worker sent.
        name: the source it was about.

    Raises:
        MessageError: the message tells no error.
    """
    reason, error = _text(message.get("reason")), message.get("error")
    if isinstance(error, str) and error in SOURCE_ERRORS:
        return SOURCE_ERRORS[error](name, reason)
    if error == "config":
        return ConfigError(reason)
    if error == "plugin":
        return PluginError(reason)
    raise MessageError(f"an error of kind {error!r:.40}")


def _whole(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise MessageError(f"{value!r:.40} is no whole number from {least} to {most}")
    return value


def _seconds(value: object) -> float | None:
    if value is not None and not (isinstance(value, float) and math.isfinite(value)):
        raise MessageError("a time is no number")
    return value


def _text(value: object) -> str:
    """A text, always valid Unicode."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise MessageError("what should be a text is none, or too long")
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
