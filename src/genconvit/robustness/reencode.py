"""Frames encoded anew as H.264 and decoded again, in short runs around the frames that are looked at.

A compressed frame depends on its neighbours, so frames are not encoded alone. Nor is the whole video, which may be
hours long: each chosen frame is encoded amid the ``AROUND`` frames before it and after it, and read back by its place
with the library's own decoder. Only such files, which this process has just written, are decoded in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import av
import numpy as np

from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.processor import processor_flags
from genconvit.core.text import first_line
from genconvit.core.types import ImageArray, on_host
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.reading import Event, SourceOpened

ENCODER = "libx264"
PRESET = "medium"
"""FFmpeg's default, with which FaceForensics++ was made: what a CRF means depends on it."""

AROUND = 8
"""Number of frames before and after a chosen one that are encoded with it, where the video has them."""

MOST_RUN_FRAMES = 24
MOST_RUN_BYTES = 256_000_000
"""Limits of a run, whichever is less: its frames are in memory."""

_RATE = 25
_THREADS = "4"
"""Number of threads of the encoder, on any machine: what it writes depends on it."""

_SAME_EACH_TIME = "asm=avx2"
"""Instructions of the encoder where the processor has AVX-512, with which x264 does not always write the same."""


@dataclass(frozen=True)
class Run:
    """Frames that are encoded together.

    Attributes:
        start: the first one's index in the video.
        stop: one beyond the last one's.
        chosen: the indices of those that are looked at, increasing, at least one.
    """

    start: int
    stop: int
    chosen: tuple[int, ...]


@dataclass
class Gathered:
    """Frames in memory.

    Attributes:
        frames: index and picture, RGB uint8 [height, width, 3], with the indices increasing.
        chosen: the indices of those that are looked at; not all of them need be there.
    """

    frames: list[tuple[int, ImageArray]] = field(default_factory=list)
    chosen: frozenset[int] = frozenset()

    def add(self, index: int, image: ImageArray) -> None:
        """Take a frame that lies behind the others."""
        self.frames.append((index, image))

    def cut(self, run: Run) -> Gathered:
        """The frames of a run."""
        inside = [(index, image) for index, image in self.frames if run.start <= index < run.stop]
        return Gathered(inside, frozenset(run.chosen))

    def forget_before(self, index: int) -> None:
        """Let go of the frames before this one."""
        self.frames = [each for each in self.frames if each[0] >= index]


def check_encoder() -> None:
    """Make sure, before the work begins, that there is an encoder.

    Raises:
        ConfigError: PyAV's FFmpeg has no libx264.
    """
    try:
        av.codec.Codec(ENCODER, "w")
    except ValueError as error:
        raise ConfigError(
            f"h264 needs FFmpeg's encoder {ENCODER}, which this PyAV lacks; install PyAV's own wheel "
            "(pip install --force-reinstall av), or name other degradations (--degrade jpeg)"
        ) from error


def plan_runs(chosen: Sequence[int], most_frames: int = MOST_RUN_FRAMES) -> list[Run]:
    """The runs to encode: chosen frames share one where they lie so close that their neighbours overlap.

    Args:
        chosen: increasing indices of frames.
        most_frames: most frames in a run.

    Examples:
        >>> [(run.start, run.stop, run.chosen) for run in plan_runs([0, 5, 60])]
        [(0, 14, (0, 5)), (52, 69, (60,))]
    """
    around = min(AROUND, max((most_frames - 1) // 2, 0))
    runs: list[Run] = []
    for index in chosen:
        start, stop = max(index - around, 0), index + around + 1
        last = runs[-1] if runs else None
        if last and start < last.stop and stop - last.start <= most_frames:
            runs[-1] = Run(last.start, stop, (*last.chosen, index))
        else:
            runs.append(Run(start, stop, (index,)))
    return runs


def frames_of_a_run(frame_bytes: int) -> int:
    """Give the number of frames so large that a run may have, at least 1."""
    return max(min(MOST_RUN_FRAMES, MOST_RUN_BYTES // frame_bytes), 1)


def gather(events: Iterable[Event], runs: Sequence[Run], most_bytes: int) -> Generator[Gathered, None, None]:
    """The frames of each run, one run in memory at a time; what lies between runs is passed over.

    Args:
        events: events of a reading of all frames. Where it begins anew, runs that were handed out stay as they were.
        runs: runs from ``plan_runs``.
        most_bytes: largest size of a frame in bytes. Larger ones are passed over: no file may fill the memory with what
            it hides between the frames that are looked at.
    """
    waiting = deque(runs)
    held = Gathered()
    for event in events:
        if isinstance(event, SourceOpened):
            held = Gathered()
            continue
        while waiting and event.index >= waiting[0].stop:
            yield held.cut(waiting.popleft())
            held.forget_before(waiting[0].start if waiting else event.index)
        if not waiting:
            return
        if event.index >= waiting[0].start and event.image.nbytes <= most_bytes:
            held.add(event.index, np.array(on_host(event.image)))
    for run in waiting:
        yield held.cut(run)


def encoded_anew(name: str, gathered: Gathered, crf: float, path: Path) -> Iterator[tuple[int, ImageArray]]:
    """The chosen frames of a run after H.264.

    Where the frames' size changes, another video begins.

    Args:
        name: name of the source, for the error.
        gathered: a run's frames.
        crf: the encoder's constant rate factor, from 0 (the best) to 51. FaceForensics++ calls 23 ``c23``, its high
            quality, and 40 ``c40``, its low one.
        path: path of a temporary file, which is written and removed.

    Yields:
        The index of each chosen frame that is there, and its picture, RGB uint8 [height, width, 3].

    Raises:
        SourceError: the frames cannot be encoded, or not as many are read back.
    """
    for _, group in groupby(gathered.frames, key=lambda each: each[1].shape):
        frames = list(group)
        positions = [place for place, (index, _) in enumerate(frames) if index in gathered.chosen]
        if not positions:
            continue
        images = _encoded(name, [image for _, image in frames], crf, path, positions)
        yield from zip((frames[place][0] for place in positions), images, strict=True)


def _encoded(
    name: str, images: Sequence[ImageArray], crf: float, path: Path, positions: Sequence[int]
) -> list[ImageArray]:
    height, width = images[0].shape[:2]
    try:
        _write(images, crf, path)
        with PyAVDecoder().open(path) as stream:
            read = [on_host(frame.image)[:height, :width] for frame in stream.read(positions)]
    except (av.FFmpegError, ValueError, SourceError) as error:
        reason = error.reason if isinstance(error, SourceError) else first_line(error)
        raise SourceError(name, f"its frames of {width} x {height} cannot be encoded as H.264: {reason}") from error
    finally:
        path.unlink(missing_ok=True)
    if len(read) != len(positions):
        raise SourceError(name, f"{len(read)} of {len(positions)} frames were read back from H.264")
    return read


def _write(images: Sequence[ImageArray], crf: float, path: Path) -> None:
    height, width = images[0].shape[:2]
    padding = ((0, height % 2), (0, width % 2), (0, 0))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(ENCODER, rate=_RATE, options=_options(crf))
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.pad(image, padding, mode="edge"), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _options(crf: float) -> dict[str, str]:
    options = {"crf": f"{crf:g}", "preset": PRESET, "threads": _THREADS}
    if "avx512bw" in (processor_flags() or ()):
        options["x264-params"] = _SAME_EACH_TIME
    return options
