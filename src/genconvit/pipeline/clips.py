"""Inputs of a network that are made of a source's faces: each face by itself, or clips of one person's face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genconvit.core.types import AnyImage
from genconvit.faces.batch import stacked
from genconvit.pipeline.outcome import Cropped
from genconvit.pipeline.tracks import FaceLinker

if TYPE_CHECKING:
    from torch import Tensor

MOST_WAITING = 2048
"""The most crops that wait for their clip; where more would, the person who was not seen for longest gets the last."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One input of a network.

    Attributes:
        images: crops in the order of time, RGB uint8 [size, size, 3] each; one for a network of single faces.
        rows: rows of the faces that the input's scores belong to.
    """

    images: tuple[AnyImage, ...]
    rows: tuple[int, ...]


class ClipMaker(ABC):
    """Makes clips of one source's faces, which come in the order of its frames."""

    @abstractmethod
    def add(self, face: Cropped, row: int) -> Iterable[Clip]:
        """Take a face, and return the clips that it completes."""

    def finish(self) -> Iterable[Clip]:
        """The clips that are left when no more faces come."""
        return ()

    def notes(self) -> list[str]:
        """Notes for the result."""
        return []


def clip_maker(frames: int) -> ClipMaker:
    """A maker of clips of so many faces each."""
    return SingleFaces() if frames == 1 else PersonClips(frames)


class SingleFaces(ClipMaker):
    """Each face by itself."""

    def add(self, face: Cropped, row: int) -> Iterable[Clip]:
        """Return the face."""
        return [Clip((face.crop.image,), (row,))]


@dataclass
class _Person:
    """A person's last faces.

    Attributes:
        images: crops of the last faces, at most as many as a clip has.
        rows: rows of the last faces that are in no clip yet.
    """

    images: deque[AnyImage]
    rows: list[int] = field(default_factory=list)


class PersonClips(ClipMaker):
    """Clips of one person's face, cut from that person's track without a gap.

    Where a clip has 8 faces, a track of 20 gives clips of its faces 1 to 8, 9 to 16 and 13 to 20; the scores of the
    last count for the four faces that no other has. A track that is shorter than a clip is filled up by its last face.

    Args:
        frames: number of faces in a clip.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._linker = FaceLinker()
        self._seen: list[tuple[Cropped, int]] = []
        self._people: dict[int, _Person] = {}
        """By track, the one that was seen last at the end."""
        self._clips = 0
        self._filled_up = 0

    def add(self, face: Cropped, row: int) -> Iterable[Clip]:
        """Take a face; where it begins a frame, the clips are returned that the frame before completed."""
        done = self._link() if self._seen and self._seen[0][0].turn != face.turn else []
        self._seen.append((face, row))
        return done

    def finish(self) -> Iterable[Clip]:
        """The clips that are left."""
        done = self._link() if self._seen else []
        return [*done, *self._last(self._people)]

    def notes(self) -> list[str]:
        """Say how many clips were filled up, where any were."""
        if not self._filled_up:
            return []
        return [
            f"{self._filled_up} of {self._clips} clips of {self._frames} faces were filled up by their last face, "
            "since the person was seen in fewer frames"
        ]

    def _link(self) -> list[Clip]:
        """Give the faces of the last frame to their tracks; tracks that ended give their last clip."""
        first, _ = self._seen[0]
        boxes = [face.crop.face.box for face, _ in self._seen]
        numbers = self._linker.link(first.turn, first.crop.pts_seconds, boxes)
        done = []
        for number, (face, row) in zip(numbers, self._seen, strict=True):
            person = self._people.pop(number, None) or _Person(deque(maxlen=self._frames))
            self._people[number] = person
            person.images.append(face.crop.image)
            person.rows.append(row)
            if len(person.rows) == self._frames:
                done.append(self._clip(person))
        self._seen = []
        ended = self._people.keys() - self._linker.open_tracks
        crowd = list(self._people)[: -max(MOST_WAITING // self._frames, 1)]
        return [*done, *self._last(ended.union(crowd))]

    def _last(self, numbers: Iterable[int]) -> list[Clip]:
        """The last clips of people who are not waited for any more, in the order of their tracks."""
        people = [self._people.pop(number) for number in sorted(numbers)]
        return [self._clip(person) for person in people if person.rows]

    def _clip(self, person: _Person) -> Clip:
        images, rows = list(person.images), tuple(person.rows)
        lacking = self._frames - len(images)
        self._clips += 1
        self._filled_up += lacking > 0
        person.rows.clear()
        return Clip((*images, *[images[-1]] * lacking), rows)


def batch_of(clips: Sequence[Clip]) -> npt.NDArray[np.uint8] | Tensor:
    """Clips, at least one, as one batch: uint8 [N, size, size, 3] for single faces, else [N, frames, size, size, 3]."""
    if len(clips[0].images) == 1:
        return stacked([clip.images[0] for clip in clips])
    return stacked([stacked(clip.images) for clip in clips])
