"""Reads damaged files in worker processes and counts what becomes of them."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from genconvit.core.errors import SourceError
from genconvit.core.types import Frame
from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.reader import IsolatedReader
from genconvit.video.base import VideoDecoder
from genconvit.video.readers import Reader
from genconvit.video.sampling import parse_frames
from mutations import damaged
from support import make_video

_B_FRAMES = {"bf": "2", "threads": "1"}
_VIDEOS: dict[str, dict[str, Any]] = {
    "h264.mp4": {"options": _B_FRAMES},
    "h264-index-in-front.mp4": {"options": _B_FRAMES, "container_options": {"movflags": "faststart"}},
    "h264-in-fragments.mp4": {"options": _B_FRAMES, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"bf": "2"}},
    "h264.mkv": {"options": _B_FRAMES},
    "mpeg4.mkv": {"codec": "mpeg4", "options": {"bf": "2"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "h264.avi": {},
    "vp8.webm": {"codec": "libvpx", "options": {"cpu-used": "8"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8"}},
}
_IMAGES = ("a.png", "a.jpg", "a.webp", "a.tiff", "a.bmp", "a.avif")
_ANIMATED = ("animated.png", "animated.webp", "animated.avif")
PICTURES = (".png", ".jpg", ".webp", ".tiff", ".bmp", ".avif", ".pgm", ".heic")
"""The suffixes of all pictures; HEIC are made where pillow-heif is installed."""

_CRASHES = ("its decoder crashed", "its decoder was killed", "its decoder ended", "its decoder closed")
_NUMBERS = re.compile(r"\d[\d.]*")
_INNER = re.compile(r" \(.*\)")


@dataclass(frozen=True)
class Case:
    """Outcome of one damaged file.

    Attributes:
        number: number of the case; with the seed it gives the same file again.
        frames: number of frames that were read.
        reason: reason why it cannot be read; None where it was.
        seconds: seconds that it took.
        error: an exception that no file may cause; None where there was none.
    """

    number: int
    frames: int
    reason: str | None
    seconds: float
    error: str | None = None

    @property
    def is_wrong(self) -> bool:
        """True where the library, not the file, is to blame."""
        return self.error is not None or (self.reason or "").startswith(("its decoder failed", "its decoder's process"))

    @property
    def is_costly(self) -> bool:
        """True where it cost a worker: a crash, or a limit that was met."""
        return bool(self.reason) and str(self.reason).startswith(("its decoder", "it needs more memory"))


@dataclass(frozen=True)
class Figures:
    """Outcome of many damaged files.

    Attributes:
        cases: number of damaged files.
        read: number of files that gave at least one frame.
        frames: number of frames that they gave.
        crashes: number of files that crashed their worker.
        time_limit_hits: number of files that took too long.
        memory_limit_hits: number of files that needed too much memory.
        wrong: number of files that ended in another way than in frames or a SourceError.
        slowest_seconds: seconds that the slowest case took.
        slowest: number of the slowest case.
        unreadable: number of files that could not be read, by the kind of reason, most frequent first.
    """

    cases: int
    read: int
    frames: int
    crashes: int
    time_limit_hits: int
    memory_limit_hits: int
    wrong: int
    slowest_seconds: float
    slowest: int
    unreadable: dict[str, int]

    @classmethod
    def of(cls, cases: Sequence[Case]) -> Figures:
        """The figures of some cases, at least one."""
        reasons = [case.reason for case in cases if case.reason is not None]
        slowest = max(cases, key=lambda case: case.seconds)
        return cls(
            cases=len(cases),
            read=sum(case.frames > 0 and case.reason is None and case.error is None for case in cases),
            frames=sum(case.frames for case in cases),
            crashes=sum(each.startswith(_CRASHES) for each in reasons),
            time_limit_hits=sum("within the time limit" in each for each in reasons),
            memory_limit_hits=sum(each.startswith("it needs more memory") for each in reasons),
            wrong=sum(case.is_wrong for case in cases),
            slowest_seconds=slowest.seconds,
            slowest=slowest.number,
            unreadable=dict(Counter(map(_kind, reasons)).most_common()),
        )


def make_sound_files(folder: Path) -> dict[str, list[bytes]]:
    """Small files of many formats, as their contents by suffix."""
    pictures = np.random.default_rng(0).integers(0, 255, (24, 12, 16, 3), np.uint8).repeat(4, 1).repeat(4, 2)
    contents: dict[str, list[bytes]] = {}
    for name, options in _VIDEOS.items():
        path = make_video(folder / name, list(pictures), **options)
        contents.setdefault(path.suffix, []).append(path.read_bytes())
    for path in _make_pictures(folder, pictures):
        contents.setdefault(path.suffix, []).append(path.read_bytes())
    return contents


def _make_pictures(folder: Path, pictures: npt.NDArray[np.uint8]) -> Iterator[Path]:
    """Still and animated pictures of 8 bits, grey ones of 16 and of floats, and tiles."""
    first, *others = map(Image.fromarray, pictures)
    for name in _IMAGES:
        first.save(folder / name)
        yield folder / name
    for name in _ANIMATED:
        first.save(folder / name, save_all=True, append_images=others)
        yield folder / name
    grey = pictures[0, ..., 0]
    deep: dict[str, npt.NDArray[Any]] = {
        "deep.tiff": grey.astype(np.uint16) * 257,
        "deep.pgm": grey.astype(np.uint16) * 257,
        "deep.png": grey.astype(np.uint16) * 257,
        "float.tiff": grey.astype(np.float32) / 255,
    }
    for name, values in deep.items():
        Image.fromarray(values).save(folder / name)
        yield folder / name
    if find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.from_pillow(first).save(folder / "tiled.heic", tile_size=32)
        yield folder / "tiled.heic"


def fuzz(
    decoders: Sequence[VideoDecoder],
    sound: Mapping[str, Sequence[bytes]],
    folder: Path,
    numbers: Sequence[int],
    *,
    seed: int,
    limits: IsolationLimits,
    frames: int | str = 15,
    keep: Path | None = None,
) -> list[Case]:
    """Damage and read files, one after another, in one worker.

    Args:
        decoders: tried in turn for a video.
        sound: contents by suffix.
        folder: folder of each file while it is read.
        numbers: numbers of the cases.
        seed: seed of all cases.
        limits: limits of the worker.
        frames: choice of the frames of each file.
        keep: folder for files that cost a worker, or for which the library is to blame.
    """
    cases = []
    with closing(IsolatedReader(decoders, parse_frames(frames), limits, 1)) as reader:
        for number in numbers:
            path = write_case(sound, folder, seed, number)
            case = _read(reader, path, number)
            cases.append(case)
            if keep is not None and (case.is_wrong or case.is_costly):
                path.rename(keep / path.name)
            path.unlink(missing_ok=True)
    return cases


def write_case(sound: Mapping[str, Sequence[bytes]], folder: Path, seed: int, number: int) -> Path:
    """Write the damaged file of that number."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - nothing secret
    suffixes = sorted(sound)
    suffix = chance.choices(suffixes, [len(sound[each]) for each in suffixes])[0]
    contents = sound[suffix] if chance.random() < 0.9 else [each for group in sound.values() for each in group]
    path = folder / f"{number}{suffix}"
    path.write_bytes(damaged(contents, chance))
    return path


def _read(reader: Reader, path: Path, number: int) -> Case:
    frames, reason, error = 0, None, None
    start = time.perf_counter()
    try:
        with reader.start(path) as reading:
            for event in reading:
                frames += isinstance(event, Frame)
    except SourceError as failed:
        reason = failed.reason
    except Exception as failed:
        error = repr(failed)
    return Case(number, frames, reason, time.perf_counter() - start, error)


def _kind(reason: str) -> str:
    return _NUMBERS.sub("N", _INNER.sub("", reason))[:100]
