"""Heat maps for all faces of a result: the faces are cut out of its source again, as the networks saw them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from genconvit.core.errors import ConfigError
from genconvit.core.types import FloatArray, Frame, ImageArray, on_host
from genconvit.detector import Detector
from genconvit.faces.crop import crop_face
from genconvit.isolation.reader import MOST_GIVEN
from genconvit.render.frames import SourceFrames
from genconvit.results.heat_maps import ResultHeatMaps
from genconvit.results.result import VideoResult

if TYPE_CHECKING:
    from genconvit.explain.heat_map import HeatMap, Target

NEVER_TRAINED = "the weights were never trained, and their maps would look as good as any"

_AT_ONCE = 32


def grad_cam_maps(
    result: VideoResult,
    detector: Detector,
    frames: SourceFrames,
    *,
    target: Target = "fake",
    watch: Callable[[Iterable[Frame]], Iterable[Frame]] = iter,
) -> ResultHeatMaps:
    """Make the Grad-CAM of each face of a result, the mean over the branches.

    Args:
        result: answer for a video.
        detector: detector with the weights that scored it.
        frames: reader of the video's frames.
        target: class whose logits are explained, ``"fake"`` or ``"real"``.
        watch: gives the frames on as they are taken, for a bar of progress.

    Raises:
        ConfigError: the detector's weights are others or untrained, or its networks see clips or turned faces.
        SourceError: the source has changed, or cannot be read.
    """
    why = why_no_heat_maps(result, detector)
    if why is not None:
        raise ConfigError(f"there are no heat maps of {result.source!r}: {why}; leave them out")
    maps: dict[int, FloatArray] = {}
    branches: tuple[str, ...] = ()
    for numbers, crops in _batches(_crops(result, frames, watch)):
        for number, each in zip(numbers, detector.heat_maps(np.stack(crops), target=target), strict=True):
            branches = tuple(each.grad_cam)
            maps[number] = mean_map(each.grad_cam)
    return ResultHeatMaps(f"Grad-CAM for {target}, {_of(branches)}", "logit", maps)


def why_no_heat_maps(result: VideoResult, detector: Detector) -> str | None:
    """Say why a detector cannot explain the faces of a result; None where it can.

    Args:
        result: answer for any source.
        detector: any detector.
    """
    provenance, spec = result.provenance, result.provenance.input_spec
    if not provenance.weights.trained:
        return NEVER_TRAINED
    if detector.weights.sha256 != provenance.weights.sha256 or not provenance.weights.sha256:
        return "the detector at hand has other weights than those that scored the faces"
    if spec is None:
        return "the result does not say what its networks saw"
    if spec.frames > 1:
        return "the networks see clips of several faces, which are not put together again"
    if spec.aligned:
        return "the networks see turned faces, and the result does not say by how much"
    return None


def mean_map(maps: Mapping[str, HeatMap]) -> FloatArray:
    """The mean of maps of one face in one unit, at the finest of their resolutions, float32 [h, w].

    Args:
        maps: maps of a single face, by branch; at least one.
    """
    height, width = max(each.grid for each in maps.values())
    resized = [
        np.asarray(Image.fromarray(each.raw).resize((width, height), Image.Resampling.BILINEAR))
        for each in maps.values()
    ]
    mean: FloatArray = np.mean(resized, axis=0, dtype=np.float32)
    return mean


def _of(branches: Sequence[str]) -> str:
    return f"branch {branches[0]}" if len(branches) == 1 else f"mean of {' and '.join(branches)}"


def _crops(
    result: VideoResult, frames: SourceFrames, watch: Callable[[Iterable[Frame]], Iterable[Frame]]
) -> Iterator[tuple[int, ImageArray]]:
    spec = result.provenance.input_spec
    wanted: dict[int, list[int]] = {}
    for number, face in enumerate(result.faces):
        wanted.setdefault(face.frame_index, []).append(number)
    if not wanted or spec is None:
        return
    indices = sorted(wanted) if len(wanted) <= MOST_GIVEN else None
    with closing(frames.read(result, indices)) as reading:
        for frame in watch(reading):
            for number in wanted.get(frame.index, ()):
                yield number, crop_face(on_host(frame.image), result.faces[number].crop, spec.size)[0]


def _batches(crops: Iterable[tuple[int, ImageArray]]) -> Iterator[tuple[list[int], list[ImageArray]]]:
    numbers: list[int] = []
    images: list[ImageArray] = []
    for number, image in crops:
        numbers.append(number)
        images.append(image)
        if len(numbers) == _AT_ONCE:
            yield numbers, images
            numbers, images = [], []
    if numbers:
        yield numbers, images
