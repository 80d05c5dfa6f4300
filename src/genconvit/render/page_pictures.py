"""Pictures of a page: faces and their frames, read again from the source, and as addresses that hold their data."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from genconvit.core.errors import SourceAccessError, SourceChangedError, SourceError
from genconvit.core.types import Frame, ImageArray, on_host
from genconvit.faces.crop import crop_face
from genconvit.render.draw import draw_marks
from genconvit.render.frames import SourceFrames, check_unchanged
from genconvit.render.marks import FaceMark
from genconvit.render.overlays import Overlays
from genconvit.results.result import FaceResult, VideoResult
from genconvit.settings import DetectorConfig

_LONGER_SIDE_PX = 280
_USUAL_CROP_PX = 160
_QUALITY = 72
_NO_HASH = (
    "the source has no SHA-256, as folders and frames in memory, so that nothing tells whether its frames are still "
    "those that were scored"
)


@dataclass(frozen=True, eq=False)
class FacePicture:
    """Pictures of one face.

    Attributes:
        crop: face as the networks saw it, but for a turn, RGB uint8 [size, size, 3].
        place: the whole frame, small, with a box around this face, RGB uint8.
    """

    crop: ImageArray
    place: ImageArray


@dataclass(frozen=True)
class Pictures:
    """Pictures of the faces that a page shows.

    Attributes:
        faces: pictures by the face's number in the result; not all of them where the source could not be read to its
            end.
        missing: reason why some or all are missing, a clause without a full stop; None where all are there.
    """

    faces: dict[int, FacePicture]
    missing: str | None


def read_pictures(
    result: VideoResult,
    numbers: Sequence[int],
    source: str | Path | None,
    config: DetectorConfig | None,
    frames: SourceFrames | None = None,
) -> Pictures:
    """Read the frames of these faces again, and cut the faces out.

    Args:
        result: answer for the source.
        numbers: numbers of faces, counted from 0 in the result.
        source: path of the source, or None or an empty text; see ``Pictured.to_html``.
        config: config with the limits and the decoders.
        frames: reads the frames, in place of a reader by the config that is closed again.

    Raises:
        SourceError: a source that is given cannot be read, or has changed.
    """
    if source is not None and not source:
        return Pictures({}, "the page was asked for without pictures")
    if result.provenance.source_sha256 is None:
        return Pictures({}, _NO_HASH)
    here = result if source is None else result.model_copy(update={"source": str(source)})
    found: dict[int, FacePicture] = {}
    try:
        if numbers:
            with nullcontext(frames) if frames else SourceFrames(config) as reader:
                found |= _read(here, numbers, reader)
        else:
            check_unchanged(here)
    except SourceError as error:
        if source is not None and isinstance(error, (SourceChangedError, SourceAccessError)):
            raise
        return Pictures(found, _why(error))
    return Pictures(found, None if len(found) == len(numbers) else "some frames were not decoded again")


def _why(error: SourceError) -> str:
    if isinstance(error, SourceChangedError):
        return "the file has changed since it was scored"
    if isinstance(error, SourceAccessError):
        return f"the file is not at hand ({error.reason})"
    return f"the file could not be read again ({error.reason})"


def _read(result: VideoResult, numbers: Sequence[int], frames: SourceFrames) -> Iterator[tuple[int, FacePicture]]:
    wanted: dict[int, list[int]] = {}
    for number in numbers:
        wanted.setdefault(result.faces[number].frame_index, []).append(number)
    with closing(frames.read(result, sorted(wanted))) as reading:
        for frame in reading:
            yield from _pictures_of(frame, wanted.get(frame.index, ()), result)


def _pictures_of(frame: Frame, numbers: Sequence[int], result: VideoResult) -> Iterator[tuple[int, FacePicture]]:
    spec = result.provenance.input_spec
    whole = on_host(frame.image)
    for number in numbers:
        face = result.faces[number]
        crop, _ = crop_face(whole, face.crop, spec.size if spec else _USUAL_CROP_PX)
        yield number, FacePicture(crop, _place(whole, face))


def _place(whole: ImageArray, face: FaceResult) -> ImageArray:
    height, width = whole.shape[:2]
    share = min(1.0, _LONGER_SIDE_PX / max(height, width))
    size = max(1, round(width * share)), max(1, round(height * share))
    small = Image.fromarray(whole).resize(size, Image.Resampling.BOX if share < 1 else Image.Resampling.NEAREST)
    left, top, right, bottom = (edge * share for edge in face.box)
    mark = FaceMark((left, top, right, bottom), face.track, None, interpolated=False)
    return draw_marks(np.asarray(small), [mark], overlays=Overlays.named(["boxes"]))


def data_address(image: ImageArray) -> str:
    """An address that holds a picture as JPEG.

    Args:
        image: RGB uint8 [height, width, 3].
    """
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
