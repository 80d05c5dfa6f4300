"""Landmarks of faces in crops that have none, found once by the face detector that needs no model file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from pydantic import ValidationError

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import SourceError
from genconvit.core.progress import ShowProgress
from genconvit.core.types import Box, DetectedFace, ImageArray, on_host
from genconvit.crops.record import CropRecord, Point
from genconvit.faces.reduce import reduced, reduced_size
from genconvit.train.face_mask import has_outline
from genconvit.train.state_files import write_text
from genconvit.video.images import read_image

if TYPE_CHECKING:
    from genconvit.faces.base import FaceDetector

FILE = "landmarks.json"

_SIDE_PX = 112
"""The longer side in which a crop is searched: its face fills it."""

_AROUND = 4
"""Ratio of the side to the border that is put around: detectors know faces with something around them."""

_AT_ONCE = 64


class FoundLandmarks(FrozenConfig):
    """Landmarks that were found, as they are kept."""

    fingerprint: str
    """Fingerprint of the data that it belongs to."""

    found: dict[str, tuple[Point, ...]]
    """Landmarks of each crop that was looked at: x and y of five points in its pixels, as ``CropRecord`` has them; none
    where there is no face."""


def landmarks_of(
    root: Path,
    records: Sequence[CropRecord],
    kept: Path,
    fingerprint: str,
    *,
    device: torch.device,
    progress: ShowProgress,
) -> dict[str, tuple[Point, ...]]:
    """The landmarks of crops: read where an earlier run of the same training kept them, else found and kept.

    Args:
        root: the folder that the records' paths start from.
        records: the crops.
        kept: the file that they are kept in; its folder must be there.
        fingerprint: fingerprint of the training's data.
        device: device that the face detector runs on.
        progress: shows progress.

    Returns:
        By the crop's path, five points each, or none where no face was found or the image cannot be read.

    Raises:
        ConfigError: the face detector cannot run.
        OSError: the file cannot be written.
    """
    crops = [record.crop for record in records]
    known = _read(kept)
    if known is None or known.fingerprint != fingerprint or not known.found.keys() >= set(crops):
        from genconvit.faces.mtcnn import MTCNNDetector

        groups = [crops[start : start + _AT_ONCE] for start in range(0, len(crops), _AT_ONCE)]
        detector = MTCNNDetector(None, device)
        found: dict[str, tuple[Point, ...]] = dict.fromkeys(crops, ())
        for group in progress(groups, len(groups), f"finding landmarks of {len(crops)} crops"):
            images = {crop: image for crop in group if (image := _image(root / crop)) is not None}
            found.update(zip(images, find_landmarks(list(images.values()), detector), strict=True))
        known = FoundLandmarks(fingerprint=fingerprint, found=found)
        write_text(kept, known.model_dump_json())
    return {crop: known.found[crop] for crop in crops}


def find_landmarks(crops: Sequence[ImageArray], detector: FaceDetector) -> list[tuple[Point, ...]]:
    """The landmarks of the largest face of each crop, in its pixels; none where there is no face with an outline.

    Args:
        crops: RGB uint8 [height, width, 3] each, which a face fills.
        detector: gives five landmarks a face.
    """
    searched = [_prepared(crop) for crop in crops]
    faces = detector.search([each.image for each in searched])
    return [_largest(found, each) for found, each in zip(faces, searched, strict=True)]


def with_landmarks(records: Sequence[CropRecord], found: Mapping[str, tuple[Point, ...]]) -> list[CropRecord]:
    """The records, with what was found."""
    return [
        record.model_copy(update={"landmarks": found[record.crop]}) if found.get(record.crop) else record
        for record in records
    ]


def lacking(records: Sequence[CropRecord]) -> Iterator[CropRecord]:
    """The real crops whose landmarks make no outline of a face."""
    return (record for record in records if record.label == "REAL" and not has_outline(record.landmarks))


class _Searched(NamedTuple):
    """A crop as it is searched: reduced, with a border.

    Attributes:
        image: RGB uint8 [height, width, 3].
        border: pixels of it on each side.
        scale: scale of its pixels to one of the crop, across and down.
    """

    image: ImageArray
    border: int
    scale: tuple[float, float]


def _prepared(crop: ImageArray) -> _Searched:
    height, width = crop.shape[:2]
    wide, high = reduced_size(width, height, _SIDE_PX / max(width, height))
    border = max(wide, high) // _AROUND
    image = np.pad(on_host(reduced(crop, wide, high)), ((border, border), (border, border), (0, 0)), mode="edge")
    return _Searched(image, border, (wide / width, high / height))


def _largest(faces: Sequence[DetectedFace], searched: _Searched) -> tuple[Point, ...]:
    known = [face for face in faces if face.landmarks is not None]
    if not known:
        return ()
    points = max(known, key=lambda face: _area(face.box)).landmarks
    across, down = searched.scale
    found = tuple(
        (round((float(x) - searched.border) / across, 2), round((float(y) - searched.border) / down, 2))
        for x, y in (() if points is None else points)
    )
    return found if has_outline(found) else ()


def _area(box: Box) -> float:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def _image(path: Path) -> ImageArray | None:
    try:
        return read_image(path)
    except SourceError:
        return None


def _read(path: Path) -> FoundLandmarks | None:
    """Read what is kept; None where there is nothing, or nothing that can be read."""
    try:
        return FoundLandmarks.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
