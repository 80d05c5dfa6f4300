"""Faces on disk between the search and the networks, so that several detectors see the same ones."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Container, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from genconvit.core.closeable import Closeable
from genconvit.core.cut import Cut
from genconvit.core.errors import GenConViTError
from genconvit.core.files import FULL
from genconvit.core.types import DetectedFace, FaceCrop, ImageArray, on_host
from genconvit.pipeline.outcome import Cropped, FoundFace, Outcome, SourceScores
from genconvit.video.given import GivenSource
from genconvit.video.names import Source, source_name

LEAST_FREE_BYTES = 1 << 28
"""Bytes that a disk must keep free while faces are written."""

_FACES_BETWEEN_LOOKS = 64


@dataclass(frozen=True)
class _Kept:
    """A face without its pixels, the row of the files where these lie, and where its scores would have gone.

    Attributes:
        row: row of the files that holds the face.
        faces: the face in each cut.
        scores: scores of its source.
        turn: place of its frame among those that were searched.
    """

    row: int
    faces: tuple[FoundFace, ...]
    scores: SourceScores
    turn: int


class FaceSpool(Closeable):
    """The crops of many sources in temporary files, in each cut that is asked for.

    A face takes size x size x 3 bytes: 150 kB at 224 pixels, so that 1000 videos of 15 faces take 2.3 GB. They lie in
    the folder for temporary files (``TMPDIR``).

    Args:
        cuts: ways in which the faces are cut, without repetition.
    """

    def __init__(self, cuts: Sequence[Cut]) -> None:
        self.cuts = tuple(cuts)
        self._sources: list[tuple[Outcome, list[_Kept]]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="genconvit-faces-")
        self._rows = 0

    def fill(self, found: Generator[Cropped | Outcome, None, None]) -> Iterator[Outcome]:
        """Keep what ``find_faces`` yields; each source's outcome comes out as soon as its faces are kept.

        Raises:
            GenConViTError: the disk is full.
        """
        faces: list[_Kept] = []
        try:
            with ExitStack() as stack:
                files = [stack.enter_context(self._path(cut).open("ab")) for cut in self.cuts]
                for item in found:
                    if isinstance(item, Cropped):
                        faces.append(self._keep(item, files))
                        continue
                    # Where a decoder started over, what it gave before does not count.
                    faces = [face for face in faces if face.scores is item.scores]
                    item.source = _let_go(item.source)
                    self._sources.append((item, faces))
                    yield item
                    faces = []
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise self._no_room() from error

    def replay(self, cut: Cut, names: Container[str] | None = None) -> Generator[Cropped | Outcome, None, None]:
        """Yield what was kept, as ``find_faces`` did, with crops of this cut; any number of times.

        Args:
            cut: one of the ways in which the faces are cut.
            names: names of the sources that it is yielded of; None is all.
        """
        place, size = self.cuts.index(cut), cut.size
        with self._path(cut).open("rb") as file:
            for kept, faces in self._sources:
                if names is not None and source_name(kept.source) not in names:
                    continue
                outcome = Outcome(kept.source, copy.deepcopy(kept.scores), kept.error, kept.sha256)
                if outcome.scores is not None:
                    for each in faces:
                        file.seek(each.row * _bytes(size))
                        image = np.fromfile(file, np.uint8, _bytes(size)).reshape(size, size, 3)
                        face = each.faces[place]
                        yield Cropped((_crop(face, image),), outcome.scores, outcome, each.turn, face.quality)
                yield outcome

    def close(self) -> None:
        """Delete the files."""
        self._folder.cleanup()

    def _keep(self, item: Cropped, files: Sequence[BinaryIO]) -> _Kept:
        row = self._rows
        if row % _FACES_BETWEEN_LOOKS == 0 and shutil.disk_usage(self._folder.name).free < LEAST_FREE_BYTES:
            raise self._no_room()
        for crop, file in zip(item.crops, files, strict=True):
            file.write(on_host(crop.image).tobytes())
        self._rows += 1
        faces = tuple(FoundFace.of(crop, item.quality) for crop in item.crops)
        return _Kept(row, faces, item.scores, item.turn)

    def _path(self, cut: Cut) -> Path:
        return Path(self._folder.name, f"faces-{self.cuts.index(cut)}.rgb")

    def _no_room(self) -> GenConViTError:
        megabytes = self._rows * sum(_bytes(cut.size) for cut in self.cuts) / 1e6
        return GenConViTError(
            f"there is no room left for faces in {tempfile.gettempdir()}, after {self._rows} of them with "
            f"{megabytes:.0f} MB; set TMPDIR to a folder on a larger disk, or look at fewer frames (--frames)"
        )


def _bytes(size: int) -> int:
    return size * size * 3


def _crop(face: FoundFace, image: ImageArray) -> FaceCrop:
    return FaceCrop(face.frame_index, face.pts_seconds, DetectedFace(face.box, face.confidence), face.square, image)


def _let_go(source: Source) -> Source:
    """The source without its lease: its faces are here, and its file is not read again."""
    return replace(source, lease=None) if isinstance(source, GivenSource) else source
