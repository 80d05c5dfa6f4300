"""One face crop on disk, and what a manifest says of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt

from genconvit.core.config import FrozenConfig
from genconvit.core.types import Box
from genconvit.results.result import Label

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
"""Splits, as the reference's folders are called."""

CLASSES: dict[Label, str] = {"FAKE": "fake", "REAL": "real"}
"""The folder of each label."""

ORIGINAL = "original"
"""The group that names the video that a fake was made from, as the real's record names it."""

Point = tuple[float, float]


class CropRecord(FrozenConfig):
    """A face crop and where it is from; one row of a manifest."""

    crop: str
    """The image's path below the folder of the manifest, with forward slashes."""

    label: Label
    """Label of its video."""

    split: Split
    """Split that the crop belongs to."""

    video: str
    """The name of its video in its data set; crops of one video never lie in two splits."""

    frame_index: NonNegativeInt | None = None
    """Counted from 0; None where it is not known."""

    track: NonNegativeInt | None = None
    """The number of its person in the video; None where it is not known."""

    box: Box | None = None
    """The face detector's box in pixels of the frame; None where it is not known."""

    square: Box | None = None
    """The square that was cut, in the same terms; None where it is not known."""

    landmarks: tuple[Point, ...] = ()
    """X and y of points of the face in pixels of the crop: the eyes, the nose and the mouth's corners, the image's left
    one first in each pair; empty where they are not known."""

    confidence: float | None = Field(default=None, ge=0, le=1)
    """The face detector's own, in [0, 1]; None where it is not known."""

    groups: dict[str, str] = Field(default_factory=dict)
    """Groups as in ``genconvit.data.base.LabelledSource``, and ``ORIGINAL``."""
