"""Choice of the frames of a video that are looked at."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from genconvit.core.errors import ConfigError
from genconvit.video.base import FrameStream

DEFAULT_FRAMES = 15
"""The reference's number of frames."""

ALLOWED = "allowed are a number of 1 and above (evenly spaced), 'all' (or -1), 'keyframes', and 'fps=X' with X above 0"

_RATE = re.compile(r"fps=(\d{1,9}(?:\.\d{1,9})?)")


@dataclass(frozen=True)
class FrameChoice:
    """A rule that chooses frames.

    Attributes:
        kind: ``spaced``, ``all``, ``keyframes``, ``fps``, or ``given`` for the frames at ``indices``.
        value: number of frames for ``spaced``, of frames a second for ``fps``, else 0.
        indices: strictly increasing indices for ``given``, each at least 0; those that a stream does not have are left
            out. Else empty.
    """

    kind: Literal["spaced", "all", "keyframes", "fps", "given"]
    value: float = 0
    indices: tuple[int, ...] = ()


EVERY_FRAME = FrameChoice("all")
"""Choice of all frames."""


@dataclass(frozen=True)
class ChosenFrames:
    """Frames that a rule chose in one stream.

    Attributes:
        indices: strictly increasing, each in ``[0, frame_count)``; at least one, but for a choice of given frames.
        note: note that says what took the rule's place and why, where the stream cannot serve it; else None.
    """

    indices: Sequence[int]
    note: str | None = None


def parse_frames(frames: int | str) -> FrameChoice:
    """The rule that an option names.

    Args:
        frames: a number of evenly spaced frames, which may be text; ``"all"`` or -1; ``"keyframes"``; or ``"fps=X"``.

    Raises:
        ConfigError: it is none of these.

    Examples:
        >>> parse_frames("fps=0.5")
        FrameChoice(kind='fps', value=0.5, indices=())
    """
    text = str(frames).strip()
    if text in ("all", "-1"):
        return EVERY_FRAME
    if text == "keyframes":
        return FrameChoice("keyframes")
    if text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0:
        return FrameChoice("spaced", int(text))
    rate = _RATE.fullmatch(text)
    if rate and float(rate[1]) > 0:
        return FrameChoice("fps", float(rate[1]))
    raise ConfigError(f"frames is {frames!r:.80}; {ALLOWED}: choose one of these")


def choose_frames(stream: FrameStream, choice: FrameChoice) -> ChosenFrames:
    """Apply a rule to a stream.

    Where a stream does not know its key frames or its frames' times, the default number of evenly spaced frames takes
    the rule's place, and a note says so.
    """
    count = stream.frame_count
    if choice.kind == "all":
        return ChosenFrames(range(count))
    if choice.kind == "given":
        return ChosenFrames([index for index in choice.indices if index < count])
    if choice.kind == "spaced":
        return ChosenFrames(evenly_spaced(count, int(choice.value)))
    if choice.kind == "keyframes":
        keys = stream.keyframes
        return ChosenFrames(keys) if keys else _instead(count, "its key frames are not known")
    times = [stream.seconds(index) for index in range(count)]
    known = [seconds for seconds in times if seconds is not None]
    if len(known) < count:
        return _instead(count, "the times of its frames are not known")
    return ChosenFrames(at_rate(known, choice.value))


def evenly_spaced(frame_count: int, frames: int) -> list[int]:
    """The indices of evenly spaced frames, from the first to the last, as the reference chooses them.

    They are the integer-truncated ``numpy.linspace(0, frame_count - 1, frames)``, bit for bit. A video with fewer
    frames than asked for gives each frame once; the reference repeats frames there.

    Args:
        frame_count: number of frames of the video, at least 1.
        frames: number of frames to take, at least 1.

    Returns:
        Strictly increasing indices in ``[0, frame_count)``.

    Raises:
        ConfigError: ``frames`` is below 1.

    Examples:
        >>> evenly_spaced(100, 4)
        [0, 33, 66, 99]
        >>> evenly_spaced(3, 15)
        [0, 1, 2]
    """
    if frames < 1:
        raise ConfigError(f"frames is {frames}; {ALLOWED}: choose one of these")
    if frames == 1:
        return [0]
    if frames >= frame_count:
        return list(range(frame_count))
    return [int(index) for index in np.linspace(0, frame_count - 1, frames, dtype=np.int64)]


def at_rate(seconds: Sequence[float], rate: float) -> list[int]:
    """The indices of so many frames a second: the first one, and the first in each interval of 1/rate after it.

    An interval without a frame, as in a video of a variable rate, gives none.

    Args:
        seconds: each frame's time, increasing, at least one.
        rate: frames a second, above 0.

    Examples:
        >>> at_rate([0.0, 0.3, 0.6, 0.9, 1.2, 5.0], 2)
        [0, 2, 4, 5]
    """
    chosen: list[int] = []
    last = -1.0
    for index, time in enumerate(seconds):
        interval = math.floor((time - seconds[0]) * rate + 1e-6)
        if interval > last:
            chosen.append(index)
            last = interval
    return chosen


def _instead(count: int, why: str) -> ChosenFrames:
    indices = evenly_spaced(count, DEFAULT_FRAMES)
    return ChosenFrames(indices, f"{why}, so {len(indices)} evenly spaced frames were taken")
