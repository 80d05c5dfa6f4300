"""One face crop on disk, and what a manifest says of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt

from genconvit.core.config import FrozenConfig
from genconvit.core.types import Box
from genconvit.results.result import Label

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
"""As the reference's folders are called."""

CLASSES: dict[Label, str] = {"FAKE": "fake", "REAL": "real"}
"""The folder of each label."""

ORIGINAL = "original"
"""The group that names the video that a fake was made from, as the real's record names it."""

Point = tuple[float, float]


class CropRecord(FrozenConfig):
    """A face crop and where it is from; one row of a manifest.

    Attributes:
        crop: the image's path below the folder of the manifest, with forward slashes.
        label: of its video.
        split: which part it belongs to.
        video: the name of its video in its data set; crops of one video never lie in two splits.
        frame_index: counted from 0; None where it is not known.
        track: the number of its person in the video; None where it is not known.
        box: the face detector's box in pixels of the frame; None where it is not known.
        square: the square that was cut, in the same terms; None where it is not known.
        landmarks: x and y of points of the face in pixels of the crop: the eyes, the nose and the mouth's corners, the
            image's left one first in each pair; empty where they are not known.
        confidence: the face detector's own, in [0, 1]; None where it is not known.
        groups: as in ``genconvit.data.base.LabelledSource``, and ``ORIGINAL``.
    """

    crop: str
    label: Label
    split: Split
    video: str
    frame_index: NonNegativeInt | None = None
    track: NonNegativeInt | None = None
    box: Box | None = None
    square: Box | None = None
    landmarks: tuple[Point, ...] = ()
    confidence: float | None = Field(default=None, ge=0, le=1)
    groups: dict[str, str] = Field(default_factory=dict)
