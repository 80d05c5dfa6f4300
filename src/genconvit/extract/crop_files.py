"""Crops as files: what they are called, which are there, and how they get and go there."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Literal

from PIL import Image

from genconvit.core.closeable import Closeable
from genconvit.core.text import printable
from genconvit.core.types import ImageArray
from genconvit.crops.record import CLASSES, ORIGINAL, SPLITS, CropRecord
from genconvit.extract.journal import KeptFace, VideoEntry

ImageFormat = Literal["png", "jpeg"]
SUFFIXES: dict[ImageFormat, Literal[".png", ".jpg"]] = {"png": ".png", "jpeg": ".jpg"}

_JPEG_QUALITY = 95
_WRITERS = 4
_MOST_WAITING = 64
_LONGEST_SLUG = 60
_NAME = re.compile(r"(?P<video>.+)_frame\d+_\d+\.(?:png|jpg)")


def file_stem(dataset: str, name: str) -> str:
    """The beginning of the file names of a video's crops: its bare name, safe on any disk, and no other video's.

    Examples:
        >>> file_stem("folder", "real/My clip (1).mp4")
        'My-clip-1-46f4443302'
    """
    slug = re.sub(r"[^A-Za-z0-9]+", "-", PurePosixPath(name).stem)[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(f"{dataset}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{slug}-{digest}" if slug else digest


def crop_path(entry: VideoEntry, face: KeptFace) -> str:
    """Give the path of a crop, below the folder."""
    return f"{_folder(entry)}/{file_stem(*entry.key)}_frame{face.frame_index:06d}_{face.number}{entry.suffix}"


def records_of(entry: VideoEntry) -> Iterator[CropRecord]:
    """A record for each crop of a video; names in it are safe for a terminal, and its original is a group."""
    video = _video(entry.dataset, entry.name)
    groups = {printable(key): printable(value) for key, value in entry.groups.items()}
    if entry.original is not None:
        groups[ORIGINAL] = _video(entry.dataset, entry.original)
    for face in entry.faces:
        yield CropRecord(
            crop=crop_path(entry, face),
            label=entry.label,
            split=entry.split,
            video=video,
            frame_index=face.frame_index,
            track=face.track,
            box=face.box,
            square=face.square,
            landmarks=face.landmarks,
            confidence=face.confidence,
            groups=groups,
        )


class CropFiles(Closeable):
    """The crops below a folder.

    Args:
        root: the folder; folders in it are made.

    Raises:
        OSError: the folders cannot be made or listed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._there: dict[str, set[str]] = defaultdict(set)
        for folder in (f"{split}/{name}" for split in SPLITS for name in CLASSES.values()):
            (root / folder).mkdir(parents=True, exist_ok=True)
            for file in os.listdir(root / folder):  # noqa: PTH208 - names, not paths
                match = _NAME.fullmatch(file)
                if match:
                    self._there[match["video"]].add(f"{folder}/{file}")
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="genconvit-crops")
        self._waiting: deque[Future[None]] = deque()

    def has_all(self, entry: VideoEntry) -> bool:
        """Tell whether each crop of a video is there."""
        return self._there[file_stem(*entry.key)].issuperset(crop_path(entry, face) for face in entry.faces)

    def clear(self, dataset: str, name: str) -> None:
        """Delete each crop of a video, those of a run that was killed among them."""
        for path in self._there.pop(file_stem(dataset, name), ()):
            (self._root / path).unlink(missing_ok=True)

    def write(self, entry: VideoEntry, face: KeptFace, image: ImageArray) -> None:
        """Begin to write a crop; it is there after ``settle``.

        Args:
            entry: entry of its video.
            face: face that it shows.
            image: RGB uint8 [size, size, 3].

        Raises:
            OSError: this or an earlier one cannot be written.
        """
        path = crop_path(entry, face)
        self._there[file_stem(*entry.key)].add(path)
        self._waiting.append(self._writers.submit(_save, self._root / path, image))
        if len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft().result()

    def settle(self) -> None:
        """Wait until all crops are written.

        Raises:
            OSError: one of them cannot be.
        """
        while self._waiting:
            self._waiting.popleft().result()

    def keep_only(self, entry: VideoEntry) -> None:
        """Delete what lies there of a video and is none of its crops."""
        there = self._there[file_stem(*entry.key)]
        for path in there - {crop_path(entry, face) for face in entry.faces}:
            (self._root / path).unlink(missing_ok=True)
            there.remove(path)

    def move(self, before: VideoEntry, after: VideoEntry) -> None:
        """Take a video's crops to another split."""
        there = self._there[file_stem(*before.key)]
        for face in before.faces:
            old, new = crop_path(before, face), crop_path(after, face)
            (self._root / old).replace(self._root / new)
            there.remove(old)
            there.add(new)

    def close(self) -> None:
        """End the writers; what waits is not written."""
        self._writers.shutdown(cancel_futures=True)


def _video(dataset: str, name: str) -> str:
    """Give the name of a video in a manifest."""
    return printable(f"{dataset}/{name}")


def _folder(entry: VideoEntry) -> str:
    return f"{entry.split}/{CLASSES[entry.label]}"


def _save(path: Path, image: ImageArray) -> None:
    picture = Image.fromarray(image)
    if path.suffix == ".jpg":
        picture.save(path, quality=_JPEG_QUALITY, subsampling=0)
    else:
        picture.save(path)
