"""Checks of what the library relies on of a video decoder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.types import on_host
from genconvit.data.sample import write_clip
from genconvit.testing.check import Check, SkippedError, Subject, require
from genconvit.video.base import FrameStream, VideoDecoder

FRAMES = 12


def video_decoder_checks(name: str, cls: type[VideoDecoder]) -> list[Check]:
    """The checks of one decoder, on a clip that is made for them."""
    subject = _Subject(name, cls)
    return [
        Check(name, "says its name", subject.says_its_name),
        Check(name, "counts the frames of a clip", subject.counts),
        Check(name, "gives all frames in order, upright RGB", subject.gives_frames),
        Check(name, "gives the frames that are asked for", subject.gives_some_frames),
        Check(name, "gives the same frames again", subject.is_repeatable),
        Check(name, "refuses what is no video", subject.refuses_noise),
    ]


class _Subject(Subject[VideoDecoder]):
    @contextmanager
    def opened(self) -> Iterator[FrameStream]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "clip.mp4")
            write_clip(path, frames=FRAMES, width=112, height=96)
            try:
                stream = self.cls.for_device(torch.device("cpu")).open(path)
            except ConfigError as error:
                raise SkippedError(f"it cannot be used here: {error}") from error
            except SourceError as error:
                raise SkippedError(f"it reads no H.264 in MP4, which the clip is: {error.reason}") from error
            with stream:
                yield stream

    def frames(self, indices: Sequence[int]) -> dict[int, np.ndarray]:
        with self.opened() as stream:
            read = list(stream.read(indices))
        for frame in read:
            image = on_host(frame.image)
            right = image.dtype == np.uint8 and image.shape == (96, 112, 3)
            require(right, f"a frame is {image.dtype} {image.shape}, not uint8 (96, 112, 3)")
        found = [frame.index for frame in read]
        require(found == list(indices), f"asked for the frames {list(indices)}, it gives {found}")
        return {frame.index: on_host(frame.image).copy() for frame in read}

    def says_its_name(self) -> None:
        self.require_name(self.cls.name)

    def counts(self) -> None:
        with self.opened() as stream:
            require(stream.frame_count == FRAMES, f"it counts {stream.frame_count} of {FRAMES} frames")

    def gives_frames(self) -> None:
        read = self.frames(range(FRAMES))
        other = [index for index in range(1, FRAMES) if np.array_equal(read[index], read[index - 1])]
        require(not other, f"the clip moves, and the frames {other} are like those before them")

    def gives_some_frames(self) -> None:
        every, some = self.frames(range(FRAMES)), self.frames((1, FRAMES // 2, FRAMES - 1))
        other = [index for index, image in some.items() if not np.array_equal(image, every[index])]
        require(not other, f"the frames {other} are others where they are asked for alone")

    def is_repeatable(self) -> None:
        first, second = self.frames((0, 3)), self.frames((0, 3))
        require(all(np.array_equal(first[index], second[index]) for index in first), "frames differ the second time")

    def refuses_noise(self) -> None:
        with self.opened():  # it can be used here
            pass
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "noise.mp4")
            path.write_bytes(np.random.default_rng(0).bytes(5000))
            try:
                self.cls.for_device(torch.device("cpu")).open(path).close()
            except SourceError:
                return
        raise AssertionError("random bytes are opened as a video; a SourceError is expected")
