"""Links the faces of one source into tracks: the same place and size in one frame and the next. Boxes alone decide.

The assignment within a frame is the optimal one, as in SORT (Bewley et al., "Simple Online and Realtime Tracking",
ICIP 2016). Two things differ, since the frames that were looked at may be a second apart. Faces are compared by the
distance of their centres and by their sizes, because boxes that have stopped overlapping would all be equally far
apart by their IoU. And motion is predicted for frames that lie close together only.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveInt

from genconvit.core.config import FrozenConfig
from genconvit.core.types import Box

FEWEST_FRAMES = 3
"""Fewest searched frames with which a face that is seen once beside a longer track is likely no person of the video."""

_OVERDUE = 0.25
"""Misfit of a track that missed a frame: where someone was hidden, the one in front keeps a number."""

_Places = npt.NDArray[np.float64]
"""Places of n boxes, [n, 3]: the centre's x and y in pixels, and the logarithm of the size."""


class Sighting(NamedTuple):
    """One face of one frame.

    Attributes:
        frame_index: the frame's index in its source.
        pts_seconds: presentation time of that frame in seconds; None where the source has no clock.
        box: left, top, right, bottom in pixels of the frame.
    """

    frame_index: int
    pts_seconds: float | None
    box: Box


class TrackingRule(FrozenConfig):
    """Rule by which two faces of different frames are one person's. The size of a box is the root of its area.

    A move by ``reach`` with an equal size, or a ``scale`` times larger face in the same place, is just too much, and
    both together add up as the sides of a right triangle. Boxes with an IoU of one half or more always pass.
    """

    reach: float = Field(default=1.0, gt=0)
    """Distance of the centres, in sizes. Heads side by side are at least 1.1 sizes apart. From one to the next of
    15 frames, people who sit or stand moved by up to 0.2, and one who walked by 0.6."""

    scale: float = Field(default=1.75, gt=1)
    """Ratio of the sizes. In the same frames it stayed below 1.1; cuts between shots mostly exceed it."""

    gap_frames: int = Field(default=2, ge=0)
    """Most searched frames without its face after which a track goes on."""

    gap_seconds: float = Field(default=2.0, ge=0)
    """Most seconds after which a track goes on too. A turned or covered head is mostly back by then; after a longer
    time its place says little about who is there."""

    steady_seconds: float = Field(default=0.2, ge=0)
    """Seconds for which a head keeps its speed. Where frames are closer together, the place is predicted so far ahead,
    which tells people apart who pass each other."""

    open_tracks: PositiveInt = 1000
    """Most tracks that wait for their next face; those that were not seen for longest end first."""


DEFAULT_RULE = TrackingRule()


def link_faces(faces: Iterable[Sighting], frame_indices: Sequence[int], rule: TrackingRule = DEFAULT_RULE) -> list[int]:
    """The track of each face.

    Args:
        faces: faces in the order of the frames.
        frame_indices: indices of the frames that were searched, in their order, with and without a face.
        rule: rule by which two faces are one person's.

    Returns:
        A number for each face: 0, 1, ... in the order in which the tracks begin.

    Raises:
        ValueError: a face lies in a frame that was not searched.

    Examples:
        >>> left, right = (0, 0, 10, 10), (50, 0, 60, 10)
        >>> link_faces(
        ...     [
        ...         Sighting(0, 0.0, left),
        ...         Sighting(1, 0.5, right),
        ...         Sighting(1, 0.5, left),
        ...     ],
        ...     [0, 1],
        ... )
        [0, 1, 0]
    """
    turns = {index: turn for turn, index in enumerate(frame_indices)}
    linker, numbers = FaceLinker(rule), list[int]()
    for frame_index, group in itertools.groupby(faces, key=lambda face: face.frame_index):
        if frame_index not in turns:
            raise ValueError(f"a face lies in frame {frame_index}, which is not among the frames that were searched")
        seen = list(group)
        numbers += linker.link(turns[frame_index], seen[0].pts_seconds, [face.box for face in seen])
    return numbers


class FaceLinker:
    """Links the faces of one source frame by frame, as ``link_faces`` does.

    Args:
        rule: rule by which two faces are one person's.
    """

    def __init__(self, rule: TrackingRule = DEFAULT_RULE) -> None:
        self._rule = rule
        self._open: list[_Track] = []
        self._count = 0

    @property
    def open_tracks(self) -> frozenset[int]:
        """The tracks that may go on."""
        return frozenset(track.number for track in self._open)

    def link(self, turn: int, pts_seconds: float | None, boxes: Sequence[Box]) -> list[int]:
        """The track of each face of the next frame that has one.

        Args:
            turn: place of the frame among those that were searched, from 0.
            pts_seconds: presentation time of the frame in seconds; None where the source has no clock.
            boxes: boxes of the frame's faces, at least one.
        """
        waiting = (track for track in self._open if track.goes_on(turn, pts_seconds, self._rule))
        self._open = sorted(waiting, key=lambda track: track.turn)[-self._rule.open_tracks :]
        places = _places(boxes)
        overdue = np.array([_OVERDUE * (turn - track.turn > 1) for track in self._open])
        matches = _matches(_expected(self._open, pts_seconds, self._rule), overdue, places, self._rule)
        return [self._add(matches.get(row), turn, pts_seconds, place) for row, place in enumerate(places)]

    def _add(self, match: int | None, turn: int, pts_seconds: float | None, place: _Places) -> int:
        if match is None:
            match = len(self._open)
            self._open.append(_Track(self._count))
            self._count += 1
        track = self._open[match]
        track.add(turn, pts_seconds, place, self._rule)
        return track.number


def one_off_tracks(tracks: Sequence[int], frame_count: int) -> frozenset[int]:
    """The tracks that hold a single face, where at least 3 frames were searched and another track is longer.

    Most of them are no person: a detector took something else for a face, once.

    Args:
        tracks: the track of each face.
        frame_count: number of frames that were searched.

    Examples:
        >>> one_off_tracks([0, 1, 0, 0], frame_count=3)
        frozenset({1})
        >>> one_off_tracks([0, 1, 2], frame_count=3)
        frozenset()
    """
    lengths = Counter(tracks)
    if frame_count < FEWEST_FRAMES or max(lengths.values(), default=0) < 2:
        return frozenset()
    return frozenset(track for track, length in lengths.items() if length == 1)


class _Track:
    """A track that may go on, with the last place and time of its face."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.turn = 0
        self.place: _Places = np.zeros(3)
        self._recent: list[tuple[float, _Places]] = []

    def goes_on(self, turn: int, pts_seconds: float | None, rule: TrackingRule) -> bool:
        """Tell whether a face at that turn may still be this track's."""
        if turn - self.turn - 1 <= rule.gap_frames:
            return True
        return pts_seconds is not None and bool(self._recent) and pts_seconds - self._recent[-1][0] <= rule.gap_seconds

    def expected(self, pts_seconds: float | None, rule: TrackingRule) -> _Places:
        """Expected place of the face at a time: its last, moved on if it was seen twice shortly before."""
        if pts_seconds is None or not self._recent:
            return self.place
        (begin, first), (end, last) = self._recent[0], self._recent[-1]
        if end <= begin:
            return self.place
        ahead = min(max(pts_seconds - end, 0), rule.steady_seconds) / (end - begin)
        return last + (last - first) * (ahead, ahead, 0)

    def add(self, turn: int, pts_seconds: float | None, place: _Places, rule: TrackingRule) -> None:
        self.turn, self.place = turn, place
        if pts_seconds is None:
            self._recent = []
        else:
            steady = [entry for entry in self._recent if 0 < pts_seconds - entry[0] <= rule.steady_seconds]
            self._recent = [*steady, (pts_seconds, place)]


def _places(boxes: Sequence[Box]) -> _Places:
    left, top, right, bottom = np.asarray(boxes, np.float64).T
    log_size = (np.log(right - left) + np.log(bottom - top)) / 2
    return np.stack([(left + right) / 2, (top + bottom) / 2, log_size], axis=1)


def _expected(tracks: Sequence[_Track], pts_seconds: float | None, rule: TrackingRule) -> _Places:
    return np.reshape([track.expected(pts_seconds, rule) for track in tracks], (-1, 3))


def _matches(tracks: _Places, overdue: npt.NDArray[np.float64], faces: _Places, rule: TrackingRule) -> dict[int, int]:
    """The row of the track for the row of each face that has one; overdue is a share of misfit [tracks].

    A pair that does not fit costs as much as one that just does not, so leaving a track alone costs no more than a
    poor match: when one of three people in a row leaves, the others do not all move up by one.
    """
    apart_px = np.hypot(*np.moveaxis(tracks[:, None, :2] - faces[None, :, :2], -1, 0))
    size_px = np.exp((tracks[:, None, 2] + faces[None, :, 2]) / 2)
    resized = (tracks[:, None, 2] - faces[None, :, 2]) / math.log(rule.scale)
    misfit = np.hypot(np.hypot(apart_px / (size_px * rule.reach), resized), overdue[:, None])
    misfit = np.fmin(misfit, 1)
    return {face: track for track, face in _pairs(misfit) if misfit[track, face] < 1}


def _pairs(misfit: npt.NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Row and column of each pair of the optimal assignment, but for some of those that do not fit.

    Where the nearest of each is nobody else's nearest, that is the optimum, and SciPy, which takes a second to import,
    is not asked.
    """
    if not misfit.size:
        return
    across = misfit.shape[0] > misfit.shape[1]
    fewer = misfit.T if across else misfit
    rows = np.flatnonzero(fewer.min(axis=1) < 1)
    nearest = fewer[rows].argmin(axis=1)
    if len(np.unique(nearest)) == len(rows):
        pairs = zip(rows.tolist(), nearest.tolist(), strict=True)
        yield from ((track, face) for face, track in pairs) if across else pairs
        return
    from scipy.optimize import linear_sum_assignment

    yield from zip(*(each.tolist() for each in linear_sum_assignment(misfit)), strict=True)
